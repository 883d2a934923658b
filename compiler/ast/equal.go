package ast

import (
	"reflect"

	"github.com/zerodb/zerodb/ops"
)

// Equal reports whether two trees are the same, spans and a script's source aside. It is for tests and for the
// formatter's check on itself, not for hot paths.
func Equal(a, b Node) bool {
	return equal(reflect.ValueOf(a), reflect.ValueOf(b))
}

var (
	atType     = reflect.TypeFor[At]()
	spanType   = reflect.TypeFor[ops.Span]()
	valueType  = reflect.TypeFor[ops.Value]()
	scriptType = reflect.TypeFor[Script]()
)

func equal(a, b reflect.Value) bool {
	if a.IsValid() != b.IsValid() {
		return false
	}
	if !a.IsValid() {
		return true
	}
	if a.Type() != b.Type() {
		return false
	}
	switch a.Kind() {
	case reflect.Interface, reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return equal(a.Elem(), b.Elem())
	case reflect.Slice:
		return equalSlices(a, b)
	case reflect.Struct:
		return equalStructs(a, b)
	}
	return a.Equal(b)
}

// equalSlices takes a list that is not there and an empty one for different: an ELSE without statements is an ELSE.
func equalSlices(a, b reflect.Value) bool {
	if a.Len() != b.Len() || a.IsNil() != b.IsNil() {
		return false
	}
	for i := range a.Len() {
		if !equal(a.Index(i), b.Index(i)) {
			return false
		}
	}
	return true
}

func equalStructs(a, b reflect.Value) bool {
	switch a.Type() {
	case atType, spanType:
		return true
	case valueType:
		// Values hold pointers; what they print as is what they are.
		return printedValue(a.Interface().(ops.Value)) == printedValue(b.Interface().(ops.Value))
	}
	for i := range a.NumField() {
		if a.Type() == scriptType && a.Type().Field(i).Name == "Source" {
			continue
		}
		if !equal(a.Field(i), b.Field(i)) {
			return false
		}
	}
	return true
}

func printedValue(v ops.Value) string {
	var p printer
	p.value(v)
	return v.Kind().String() + p.b.String()
}
