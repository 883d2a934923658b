package ast

import "reflect"

// Inspect calls f for n and every node below it, parents first and in the order of the text; f says whether to go below. Like
// Equal it is for tools, not for hot paths.
func Inspect(n Node, f func(Node) bool) {
	if n != nil {
		inspect(reflect.ValueOf(n), f)
	}
}

func inspect(v reflect.Value, f func(Node) bool) {
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			inspect(v.Elem(), f)
		}
	case reflect.Pointer:
		if !v.IsNil() && below(v, f) {
			inspectFields(v.Elem(), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			inspect(v.Index(i), f)
		}
	case reflect.Struct:
		if below(v, f) {
			inspectFields(v, f)
		}
	}
}

// below asks f about a node; what is none is gone through.
func below(v reflect.Value, f func(Node) bool) bool {
	if v.Type() == atType || v.Type() == spanType || v.Type() == valueType {
		return false
	}
	n, ok := v.Interface().(Node)
	return !ok || f(n)
}

func inspectFields(v reflect.Value, f func(Node) bool) {
	for i := range v.NumField() {
		inspect(v.Field(i), f)
	}
}
