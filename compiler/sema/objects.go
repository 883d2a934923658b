package sema

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// Definitions that are kept as their text: what a name stands for is read out of the text again where it is used.

// object looks a definition up. The statement that asks needs it from then on, and so does the definition it makes.
func (c *checker) object(kind schema.ObjectKind, name string) *schema.Object {
	objects := schema.Catalog(c.catalog)
	if c.catalog == nil {
		if objects = c.opt.Objects; objects == nil {
			return nil
		}
	}
	o := objects.Object(kind, name)
	if o != nil {
		c.needs = append(c.needs, o)
	}
	return o
}

// required are the definitions that were looked up since there were so many, as what a definition requires.
func (c *checker) required(since int) (refs []schema.Ref) {
	for _, o := range c.needs[since:] {
		refs = append(refs, schema.RefTo(o.Kind, o.Name))
	}
	return refs
}

// reading is a definition that is read again: its tree, and the checker that its spans mean something to.
type reading struct {
	*checker
	def *ast.Define
}

// read parses a definition's text. A text that does not parse came with a program from outside.
func (c *checker) read(o *schema.Object) *reading {
	if r := c.readings[o.Fingerprint]; r != nil {
		return r
	}
	if c.opt.Parse == nil {
		return nil
	}
	script, errs := c.opt.Parse(o.Text)
	if len(errs) > 0 || len(script.Statements) != 1 {
		return nil
	}
	d, ok := script.Statements[0].(*ast.Define)
	if !ok {
		return nil
	}
	r := &reading{newChecker(o.Text, Options{Objects: c.opt.Objects, Parse: c.opt.Parse}), d}
	r.catalog, r.guard = c.catalog, true
	if c.readings == nil {
		c.readings = map[[16]byte]*reading{}
	}
	c.readings[o.Fingerprint] = r
	return r
}

// damaged reports a definition whose text is none.
func (c *checker) damaged(o *schema.Object, at ops.Span) {
	c.failf(ops.CodeCorrupt, at, "the definition of %s %s cannot be read", o.Kind, o.Name)
}

// ---- types

// shape is what a type's definition says: the type, and its members with their clauses, as fields of an object of it.
type shape struct {
	typ    ops.Type
	fields []schema.Field
}

// maxTypeFields bounds what the types in types of a definition add up to.
const maxTypeFields = 4096

// checkType checks DEFINE TYPE.
func (c *checker) checkType(d *ast.Define) []schema.Ref {
	since, name := len(c.needs), d.Name[0]
	c.freeTypeName(name, schema.ObjectEnum)
	if len(d.Fields) == 0 {
		c.fail(ops.Errorf(ops.CodeSyntax, "a type needs FIELDS").WithHint("DEFINE TYPE %s FIELDS x TYPE float, …", name.Text), d.Span)
		return nil
	}
	c.typeShape(name.Text, d.Fields, true)
	return c.required(since)
}

// freeTypeName refuses the name of a type or enum that means something else where a type is written.
func (c *checker) freeTypeName(name ast.Name, other schema.ObjectKind) {
	lower := strings.ToLower(name.Text)
	if _, ok := namedTypes[lower]; ok || slices.Contains([]string{"option", "set", "map", "none"}, lower) {
		c.failf(ops.CodeAlreadyExists, name.Span, "%s is a type of the language", name.Text)
	}
	if c.catalog != nil && c.catalog.Object(other, name.Text) != nil {
		c.failf(ops.CodeAlreadyExists, name.Span, "%s %s exists, and types and enums share their names", other, name.Text)
	}
}

// typeShape resolves the members of a type. Where it is being defined its expressions are checked too.
func (c *checker) typeShape(name string, fields []ast.FieldDef, checked bool) shape {
	s := shape{typ: ops.Type{Kind: ops.KindObject, Name: name, Fields: []ops.FieldType{}}}
	for i := range fields {
		f := &fields[i]
		if checked && f.Unique {
			c.fail(ops.Errorf(ops.CodeSyntax, "UNIQUE is for fields of tables").WithHint("DEFINE INDEX … UNIQUE on the field of this type"), f.Span)
		}
		if checked && f.Type != nil && slices.Contains(namesIn(f.Type), name) {
			c.fail(ops.Errorf(ops.CodeSyntax, "type %s cannot hold values of itself", name).WithHint("link records of a table, or leave the member's type to be object"), f.Type.Span)
			continue
		}
		field := c.fieldOf(f, checked)
		if len(field.Path) == 0 {
			continue
		}
		if slices.ContainsFunc(s.fields, func(o schema.Field) bool { return slices.Equal(o.Path, field.Path) }) {
			c.failf(ops.CodeAlreadyExists, f.Name.Span, "member %s is defined twice", strings.Join(field.Path, "."))
			continue
		}
		known := field.Type
		known.Optional = known.Optional || field.Default != "" || known.Kind == ops.KindAny
		s.typ.Fields = withMember(s.typ.Fields, field.Path, known)
		s.fields = append(append(s.fields, field), c.membersOf(field)...)
	}
	if len(s.fields) > maxTypeFields {
		c.failf(ops.CodeTooComplex, fields[0].Span, "type %s has, with the types in it, more than %d members", name, maxTypeFields)
	}
	return s
}

// namesIn lists the names that a written type is made of.
func namesIn(t *ast.Type) (names []string) {
	if len(t.Name) == 1 {
		names = append(names, t.Name[0].Text)
	}
	for _, a := range t.Args {
		names = append(names, namesIn(a)...)
	}
	return names
}

// withMember adds a member at a path to the members of an object; of a path of several steps the outer ones are objects.
func withMember(fs []ops.FieldType, path []string, t ops.Type) []ops.FieldType {
	i := slices.IndexFunc(fs, func(f ops.FieldType) bool { return f.Name == path[0] })
	if i < 0 {
		fs = append(fs, ops.FieldType{Name: path[0], Type: ops.Type{Kind: ops.KindObject, Fields: []ops.FieldType{}, Optional: true}})
		i = len(fs) - 1
	}
	if len(path) == 1 {
		if fs[i].Type.Kind != ops.KindObject || len(fs[i].Type.Fields) == 0 {
			fs[i].Type = t
		}
		return fs
	}
	fs[i].Type.Fields = withMember(fs[i].Type.Fields, path[1:], t)
	return fs
}

// membersOf are the fields that a field of a defined type, or of a list or map of one, brings with it.
func (c *checker) membersOf(f schema.Field) (fields []schema.Field) {
	path, t := f.Path, f.Type
	for t.Elem != nil && t.Name == "" {
		path, t = append(slices.Clone(path), "*"), *t.Elem
	}
	if t.Kind != ops.KindObject || t.Name == "" {
		return nil
	}
	o := c.object(schema.ObjectType, t.Name)
	if o == nil {
		return nil
	}
	s, ok := c.shape(o)
	if !ok {
		return nil
	}
	for _, m := range s.fields {
		m.Path = slices.Concat(path, m.Path)
		m.Base += len(path)
		plain := m.Default == "" && len(m.Asserts) == 0 && !m.ReadOnly
		if plain && slices.Contains(m.Path, "*") {
			continue // the type of the list says it all
		}
		fields = append(fields, m)
	}
	return fields
}

// shape reads what a type's definition says.
func (c *checker) shape(o *schema.Object) (shape, bool) {
	r := c.read(o)
	if r == nil || c.depth > maxTypeDepth {
		return shape{}, false
	}
	r.depth = c.depth + 1
	s := r.typeShape(o.Name, r.def.Fields, false)
	return s, len(r.errs) == 0
}

// maxTypeDepth bounds how deep types nest in types.
const maxTypeDepth = 32

// fieldOf resolves one field definition, of a table or a type.
func (c *checker) fieldOf(f *ast.FieldDef, checked bool) schema.Field {
	field := schema.Field{Path: c.steps(f.Name), Type: ops.Any, ReadOnly: f.ReadOnly}
	if f.Type != nil {
		field.Type = c.typ(f.Type)
	}
	if !checked {
		if f.Value != nil {
			field.Default = c.text(f.Value.Pos())
		}
		for _, a := range f.Asserts {
			field.Asserts = append(field.Asserts, c.text(a.Pos()))
		}
		return field
	}
	if f.Value != nil {
		field.Default = c.stored(f.Value, (*checker).expr, func(x Expr) {
			if v, ok := x.(*Const); ok && !v.Value.IsNone() {
				if _, err := ops.Check(v.Value, field.Type); err != nil {
					c.failf(ops.CodeType, f.Value.Pos(), "the value of field %s does not fit it: %s", strings.Join(field.Path, "."), asError(err).Message)
				}
			}
		}, vm.Param{Name: "this", Type: ops.Any})
	}
	for _, a := range f.Asserts {
		field.Asserts = append(field.Asserts, c.stored(a, (*checker).condition, nil, vm.Param{Name: "value", Type: field.Type}, vm.Param{Name: "this", Type: ops.Any}))
	}
	return field
}

// definedType resolves the name of a type or enum that somebody has defined.
func (c *checker) definedType(name string, at ops.Span) (ops.Type, bool) {
	if o := c.object(schema.ObjectType, name); o != nil {
		s, ok := c.shape(o)
		if !ok {
			c.damaged(o, at)
		}
		return s.typ, true
	}
	if o := c.object(schema.ObjectEnum, name); o != nil {
		return c.enumType(o, at), true
	}
	return ops.Type{}, false
}

// ---- enums

// checkEnum checks DEFINE ENUM.
func (c *checker) checkEnum(d *ast.Define) []schema.Ref {
	name := d.Name[0]
	c.freeTypeName(name, schema.ObjectType)
	if len(d.Variants) == 0 {
		c.fail(ops.Errorf(ops.CodeSyntax, "an enum needs VARIANTS").WithHint("DEFINE ENUM %s VARIANTS red, green", name.Text), d.Span)
	}
	if hasModule(name.Text) {
		c.failf(ops.CodeAlreadyExists, name.Span, "%s is a module of the language", name.Text)
	}
	for i, v := range d.Variants {
		if slices.ContainsFunc(d.Variants[:i], func(o ast.Name) bool { return o.Text == v.Text }) {
			c.failf(ops.CodeAlreadyExists, v.Span, "variant %s is there twice", v.Text)
		}
	}
	return nil
}

func (c *checker) enumType(o *schema.Object, at ops.Span) ops.Type {
	t := ops.Type{Kind: ops.KindString, Name: o.Name, Variants: []string{}}
	r := c.read(o)
	if r == nil {
		c.damaged(o, at)
		return t
	}
	for _, v := range r.def.Variants {
		t.Variants = append(t.Variants, v.Text)
	}
	return t
}

// pathExpr resolves a name of several parts that is no call: the variant of an enum.
func (c *checker) pathExpr(e *ast.PathExpr) Expr {
	if len(e.Path) == 2 {
		enum, variant := e.Path[0].Text, e.Path[1]
		if o := c.object(schema.ObjectEnum, enum); o != nil {
			t := c.enumType(o, e.Span)
			if !slices.Contains(t.Variants, variant.Text) {
				err := ops.Errorf(ops.CodeUnknownName, "enum %s has no variant %s", enum, variant.Text)
				if meant := diag.Closest(variant.Text, t.Variants); meant != "" {
					err = err.WithHint("did you mean %s::%s?", enum, meant)
				} else {
					err = err.WithHint("its variants are %s", strings.Join(t.Variants, ", "))
				}
				return c.fail(err, variant.Span)
			}
			return &Const{leaf{Info{e.Span, t}}, ops.String(variant.Text)}
		}
	}
	return c.fail(ops.Errorf(ops.CodeUnknownName, "nothing is called %s", c.text(e.Span)).WithHint("enum::variant is a value, module::function(…) a call"), e.Span)
}

const (
	enumPosition = "position"
	enumVariants = "variants"
)

// definedCall resolves what a defined type or enum can be asked for: type::point(x), colour::position(x), colour::variants().
func (c *checker) definedCall(e *ast.Call) (Expr, bool) {
	if len(e.Func) != 2 {
		return nil, false
	}
	module, name := e.Func[0].Text, e.Func[1].Text
	if module == "type" && ops.LookupFunc("type::"+name) == nil {
		return c.castCall(e, name)
	}
	if ops.LookupFunc(module+"::"+name) != nil {
		return nil, false
	}
	o := c.object(schema.ObjectEnum, module)
	if o == nil {
		return nil, false
	}
	t := c.enumType(o, e.Span)
	names := make([]ops.Value, len(t.Variants))
	for i, v := range t.Variants {
		names[i] = ops.String(v)
	}
	all := &Const{leaf{Info{e.Span, ops.Type{Kind: ops.KindList, Elem: &t}}}, ops.List(names)}
	switch {
	case name == enumVariants && len(e.Args) == 0:
		return all, true
	case name == enumPosition && len(e.Args) == 1:
		args := []Expr{all, c.expr(e.Args[0].X)}
		def, signature, err := ops.Resolve("array::index_of", []ops.Type{all.Type, args[1].At().Type})
		if err != nil {
			return c.badCall(e, "array::index_of", err), true
		}
		return &Call{Info: Info{e.Span, ops.Type{Kind: ops.KindInt, Optional: true}}, Func: Function{def, signature}, Args: args}, true
	}
	return c.fail(ops.Errorf(ops.CodeUnknownName, "enum %s has no function %s of %d arguments", module, name, len(e.Args)).
		WithHint("it has %s::position(x) and %s::variants()", module, module), e.Span), true
}

func (c *checker) castCall(e *ast.Call, name string) (Expr, bool) {
	t, ok := c.definedType(name, e.Span)
	if !ok {
		return nil, false
	}
	if len(e.Args) != 1 {
		return c.failf(ops.CodeArgument, e.Span, "type::%s takes one argument", name), true
	}
	x := c.expr(e.Args[0].X)
	t.Optional = x.At().Type.Optional
	return &Cast{Info: Info{e.Span, t}, X: x, To: t}, true
}
