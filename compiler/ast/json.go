package ast

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zerodb/zerodb/ops"
)

// JSON writes a tree for other programs. A node is an object: "node" is its type, "span" its place as [start, end) in
// bytes, and the rest its parts under the names they have in this package, in small letters with underscores. Parts that
// are not there are left out. Operators and kinds are written as the language writes them, constants as
// {"kind": …, "text": …} with the literal's text.
func JSON(n Node) ([]byte, error) {
	var e jsonEncoder
	e.encode(reflect.ValueOf(n))
	var out bytes.Buffer
	if err := json.Indent(&out, e.b.Bytes(), "", "  "); err != nil {
		return nil, fmt.Errorf("ast: %T makes no JSON: %w", n, err)
	}
	return out.Bytes(), nil
}

// jsonEncoder walks a tree by reflection: it is for tools, and every field of every node is to be seen.
type jsonEncoder struct{ b bytes.Buffer }

func (e *jsonEncoder) encode(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		e.encode(v.Elem())
	case reflect.Slice:
		e.list(v)
	case reflect.Struct:
		e.structure(v)
	default:
		e.scalar(v)
	}
}

func (e *jsonEncoder) list(v reflect.Value) {
	e.b.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			e.b.WriteByte(',')
		}
		e.encode(v.Index(i))
	}
	e.b.WriteByte(']')
}

func (e *jsonEncoder) structure(v reflect.Value) {
	switch x := v.Interface().(type) {
	case ops.Value:
		var p printer
		p.value(x)
		fmt.Fprintf(&e.b, `{"kind":%s,"text":%s}`, jsonString(x.Kind().String()), jsonString(p.b.String()))
		return
	case ops.Span:
		fmt.Fprintf(&e.b, "[%d,%d]", x.Start, x.End)
		return
	}
	fmt.Fprintf(&e.b, `{"node":%s`, jsonString(v.Type().Name()))
	e.fields(v)
	e.b.WriteByte('}')
}

// fields writes the parts of a struct, those of embedded ones among them.
func (e *jsonEncoder) fields(v reflect.Value) {
	for i := range v.NumField() {
		field, x := v.Type().Field(i), v.Field(i)
		switch {
		case field.Anonymous:
			e.fields(x)
		case v.Type() == scriptType && field.Name == "Source": // the reader has it
		case x.IsZero() && !isEnum(x) && x.Type() != valueType && field.Name != "Span":
		default:
			fmt.Fprintf(&e.b, ",%s:", jsonString(snake(field.Name)))
			e.encode(x)
		}
	}
}

// isEnum reports whether a field is one of the package's kinds, whose zero says something too.
func isEnum(v reflect.Value) bool {
	_, ok := v.Interface().(fmt.Stringer)
	return ok && v.Kind() == reflect.Uint8
}

func (e *jsonEncoder) scalar(v reflect.Value) {
	if s, ok := v.Interface().(fmt.Stringer); ok {
		e.b.Write(jsonString(s.String()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		e.b.Write(jsonString(v.String()))
	case reflect.Bool:
		fmt.Fprint(&e.b, v.Bool())
	default:
		fmt.Fprint(&e.b, v.Interface())
	}
}

func jsonString(s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a valid string always encodes
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// snake turns OrderBy into order_by, ID into id.
func snake(name string) string {
	var b strings.Builder
	before := 'A'
	for _, r := range name {
		if unicode.IsUpper(r) && !unicode.IsUpper(before) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
		before = r
	}
	return b.String()
}

// ---- the names of kinds

func (k TransactionKind) String() string { return [...]string{"BEGIN", "COMMIT", "CANCEL"}[k] }

func (m SchemaMode) String() string { return [...]string{"unsaid", "SCHEMAFULL", "SCHEMALESS"}[m] }

func (k TypeKind) String() string { return [...]string{"name", "list", "tuple"}[k] }

// String returns the operator as it is written.
func (o AssignOp) String() string { return strings.TrimSpace(assignOps[o]) }

func (k ReturnKind) String() string { return [...]string{"NONE", "BEFORE", "AFTER", "expressions"}[k] }

// String returns the operator as it is written.
func (k SetOpKind) String() string { return strings.TrimSpace(setOps[k]) }

// String returns the arrow as it is written.
func (a Arrow) String() string { return arrows[a] }

// String returns the operator as it is written.
func (o UnaryOp) String() string { return [...]string{"-", "+", "NOT", "~"}[o] }

// String returns the operator as it is written.
func (o BinaryOp) String() string { return strings.TrimSpace(binaries[o].text) }
