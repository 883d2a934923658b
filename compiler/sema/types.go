package sema

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

func typeOfValue(v ops.Value) ops.Type {
	t := ops.TypeOf(v.Kind())
	switch v.Kind() {
	case ops.KindNone:
		t.Optional = true
	case ops.KindRecord:
		t.Name = v.RecordTable()
	}
	return t
}

func newParam(name string) vm.Param { return vm.Param{Name: name, Type: ops.Any} }

// resultType applies an operator's type rule to operands that it takes.
func resultType(op uint16, a, b ops.Type) ops.Type {
	row := &ops.Table[op]
	unary := row.Form == ops.FormUnary
	optional := a.Optional || !unary && b.Optional
	kind := ops.KindAny
	switch row.Type {
	case ops.ResultSame:
		kind = a.Kind
		if !unary && integer(kind) { // the bits of integers; sets and lists are as the left one is
			kind = integers(a.Kind, b.Kind, false)
		}
	case ops.ResultBool:
		return ops.TypeOf(ops.KindBool)
	case ops.ResultBool3:
		// Comparing different kinds gives none, so it is never certain there is a value.
		return ops.Type{Kind: ops.KindBool, Optional: optional || a.Kind != b.Kind}
	case ops.ResultInt:
		kind = integers(a.Kind, b.Kind, unary)
	case ops.ResultFloat:
		kind = ops.KindFloat
	case ops.ResultNumeric, ops.ResultAdd:
		kind = arithmetic(op, a.Kind, b.Kind)
	case ops.ResultOfSources:
		return union(a, b)
	}
	return ops.Type{Kind: kind, Optional: optional || kind == ops.KindAny}
}

func arithmetic(op uint16, a, b ops.Kind) ops.Kind {
	switch {
	case integer(a) && integer(b) && op == opcodes.Pow:
		return ops.KindAny // a float for a negative exponent
	case a.IsNumber() && b.IsNumber():
		return max(a, b) // int < wide < float < decimal
	case a == ops.KindTime && b == ops.KindTime && op == opcodes.Sub:
		return ops.KindDuration
	case a == ops.KindTime && b == ops.KindDuration:
		return ops.KindTime
	case a == ops.KindDuration && b == ops.KindTime:
		return ops.KindTime
	case a == b && a != ops.KindDuration && op == opcodes.Add:
		return a
	case a == ops.KindDuration && b == ops.KindDuration && (op == opcodes.Add || op == opcodes.Sub):
		return ops.KindDuration
	}
	return ops.KindAny
}

func integer(k ops.Kind) bool { return k == ops.KindInt || k == ops.KindWide }

// integers is the kind of what an operator on integers gives: it depends on the operands also where they are not known.
func integers(a, b ops.Kind, unary bool) ops.Kind {
	switch {
	case !integer(a) || !unary && !integer(b):
		return ops.KindAny
	case unary:
		return a
	}
	return max(a, b)
}

// union is the type of what is of one or the other type.
func union(a, b ops.Type) ops.Type {
	switch {
	case a.Kind == ops.KindNone:
		b.Optional = true
		return b
	case b.Kind == ops.KindNone:
		a.Optional = true
		return a
	case a.Kind != b.Kind:
		return ops.Any
	}
	return ops.Type{Kind: a.Kind, Optional: a.Optional || b.Optional}
}

// aKind names a kind in a sentence.
func aKind(k ops.Kind) string {
	name := k.String()
	if k == ops.KindNone {
		return name
	}
	if strings.ContainsRune("aeio", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

func joinOr(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// ---- written types

var namedTypes = map[string]ops.Type{
	"bool": ops.TypeOf(ops.KindBool), "string": ops.TypeOf(ops.KindString), "bytes": ops.TypeOf(ops.KindBytes),
	"time": ops.TypeOf(ops.KindTime), "duration": ops.TypeOf(ops.KindDuration), "uuid": ops.TypeOf(ops.KindUUID),
	"decimal": ops.TypeOf(ops.KindDecimal), "regex": ops.TypeOf(ops.KindRegex), "object": ops.TypeOf(ops.KindObject),
	"record": ops.TypeOf(ops.KindRecord), "any": ops.Any, "list": ops.TypeOf(ops.KindList), "tuple": ops.TypeOf(ops.KindTuple),
	"int": ops.TypeOf(ops.KindInt), "float": ops.TypeOf(ops.KindFloat),
	"i8": {Kind: ops.KindInt, Width: ops.WidthI8}, "i16": {Kind: ops.KindInt, Width: ops.WidthI16},
	"i32": {Kind: ops.KindInt, Width: ops.WidthI32}, "i64": {Kind: ops.KindInt, Width: ops.WidthI64},
	"u8": {Kind: ops.KindInt, Width: ops.WidthU8}, "u16": {Kind: ops.KindInt, Width: ops.WidthU16},
	"u32": {Kind: ops.KindInt, Width: ops.WidthU32}, "u64": {Kind: ops.KindWide, Width: ops.WidthU64},
	"u128": {Kind: ops.KindWide, Width: ops.WidthU128}, "i128": {Kind: ops.KindWide, Width: ops.WidthI128},
	"wide": ops.TypeOf(ops.KindWide),
	"f32":  {Kind: ops.KindFloat, Width: ops.WidthF32}, "f64": {Kind: ops.KindFloat, Width: ops.WidthF64},
}

// typ resolves a written type. A name that is no type is a link to the table of that name, which may be defined later.
func (c *checker) typ(t *ast.Type) ops.Type {
	out := c.simpleType(t)
	out.Optional = out.Optional || t.Optional
	return out
}

func (c *checker) simpleType(t *ast.Type) ops.Type {
	switch t.Kind {
	case ast.TypeList:
		elem := c.typ(t.Args[0])
		return ops.Type{Kind: ops.KindList, Elem: &elem, Len: int(max(t.Len, 0))}
	case ast.TypeTuple:
		out := ops.Type{Kind: ops.KindTuple, Elems: []ops.Type{}}
		for _, a := range t.Args {
			out.Elems = append(out.Elems, c.typ(a))
		}
		return out
	}
	name := t.Name[len(t.Name)-1].Text
	if len(t.Name) > 1 {
		c.unsupported(t.Span, "the type "+c.text(t.Span))
		return ops.Any
	}
	return c.namedType(strings.ToLower(name), name, t)
}

func (c *checker) namedType(lower, name string, t *ast.Type) ops.Type {
	elem := func(kind ops.Kind) ops.Type {
		if len(t.Args) != 1 {
			c.failf(ops.CodeArgument, t.Span, "%s takes the type of its elements, as in %s[int]", lower, lower)
			return ops.TypeOf(kind)
		}
		e := c.typ(t.Args[0])
		return ops.Type{Kind: kind, Elem: &e}
	}
	switch lower {
	case "option":
		e := elem(ops.KindAny)
		if e.Elem != nil {
			e = *e.Elem
		}
		e.Optional = true
		return e
	case "set":
		if len(t.Args) == 0 {
			return ops.TypeOf(ops.KindSet)
		}
		return elem(ops.KindSet)
	case "map":
		return elem(ops.KindObject)
	}
	if known, ok := namedTypes[lower]; ok {
		if len(t.Args) > 0 {
			c.failf(ops.CodeArgument, t.Span, "the type %s takes no arguments", lower)
		}
		return known
	}
	if defined, ok := c.definedType(name, t.Span); ok {
		if len(t.Args) > 0 {
			c.failf(ops.CodeArgument, t.Span, "the type %s takes no arguments", name)
		}
		return defined
	}
	c.doubtLink(name, t.Span)
	return ops.Type{Kind: ops.KindRecord, Name: name}
}

// doubtLink looks at a name that is no type, and so a link to a table. One that is not there may come later; but where a type or a
// table of nearly that name is there, it is likelier a slip.
func (c *checker) doubtLink(name string, at ops.Span) {
	if c.catalog != nil && c.catalog.Table(name) != nil || c.fromWrites[name] {
		return
	}
	names := slices.Clone(longTypes)
	var tables []string
	objects := c.opt.Objects
	if c.catalog != nil {
		objects = c.catalog
		for _, t := range c.catalog.Tables() {
			tables = append(tables, t.Name)
		}
	}
	if objects != nil {
		for _, o := range objects.Objects() {
			if o.Kind == schema.ObjectType || o.Kind == schema.ObjectEnum {
				names = append(names, o.Name)
			}
		}
	}
	err := ops.Errorf(ops.CodeUnknownName, "there is no type %s, nor a table of that name", name)
	if meant := diag.Closest(name, names); meant != "" && name != meant+"s" {
		c.fail(err.WithHint("did you mean %s?", meant), at)
	} else if meant := diag.Closest(name, tables); meant != "" && len(name) > 3 {
		c.warn(err.WithHint("did you mean %s?", meant), at)
	}
}

// longTypes are the names of types that are long enough for a slip to be told from a table that is defined later.
var longTypes = []string{"string", "bytes", "duration", "decimal", "regex", "object", "float"}
