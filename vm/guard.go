package vm

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// Compile compiles an expression, in which definitions of a catalog may be named: a program of one query that yields one
// value, with the parameters in the order given.
type Compile func(c schema.Catalog, src string, params ...string) (*Program, []*ops.Error)

// Guard holds what a table asks of its records. It is made of the catalog's descriptor, never of a program, so that no
// program can leave it out: defaults, types, READONLY, ASSERT, and for schemafull tables that no other field is there.
// It is immutable.
type Guard struct {
	table  *schema.Table
	fields []guardField
	// names are the first steps of the fields' paths, for schemafull tables; nil where every name goes.
	known map[string]bool
	// nested has the paths of objects whose members are all declared.
	nested []Path
}

type guardField struct {
	*schema.Field
	path     string
	each     bool    // its path goes through the elements of a list or map
	fallback *Linked // of VALUE; nil where there is none
	asserts  []*Linked
}

var emptyGuard = &Guard{}

// NewGuard makes the guard of a table. Its expressions were checked when the table was defined; an error here means that they
// no longer compile.
func NewGuard(t *schema.Table, c schema.Catalog, compile Compile) (*Guard, error) {
	if len(t.Fields) == 0 && !t.Schemafull {
		return emptyGuard, nil
	}
	g := &Guard{table: t}
	if t.Schemafull {
		g.known = map[string]bool{"id": true}
		if t.Edge {
			g.known["in"], g.known["out"] = true, true
		}
	}
	for i := range t.Fields {
		f := guardField{Field: &t.Fields[i], path: strings.Join(t.Fields[i].Path, "."), each: slices.Contains(t.Fields[i].Path, eachElement)}
		if g.known != nil && !f.each {
			g.know(f.Path)
		}
		var err error
		if f.Default != "" {
			if f.fallback, err = compileGuard(t, f.path, f.Default, c, compile, "this"); err != nil {
				return nil, err
			}
		}
		for _, src := range f.Asserts {
			a, err := compileGuard(t, f.path, src, c, compile, "value", "this")
			if err != nil {
				return nil, err
			}
			f.asserts = append(f.asserts, a)
		}
		g.fields = append(g.fields, f)
	}
	return g, nil
}

// know makes a path one that a record may hold. Of declared paths of several steps the outer ones are objects.
func (g *Guard) know(path Path) {
	for i := range path {
		p := strings.Join(path[:i+1], ".")
		if i > 0 && !slices.ContainsFunc(g.nested, func(n Path) bool { return slices.Equal(n, path[:i]) }) {
			g.nested = append(g.nested, path[:i])
		}
		g.known[p] = true
	}
}

func compileGuard(t *schema.Table, field, src string, c schema.Catalog, compile Compile, params ...string) (*Linked, error) {
	if compile == nil {
		return nil, ops.Errorf(ops.CodeInternal, "table %s has rules, and nobody to compile them", t.Name)
	}
	p, errs := compile(c, src, params...)
	if len(errs) > 0 {
		return nil, ops.Errorf(ops.CodeOf(errs[0]), "the rule `%s` of %s.%s: %s", src, t.Name, field, errs[0].Message)
	}
	return Link(p, 0, c, LinkOptions{})
}

// evaluate runs a guard's expression.
func evaluate(r *Rows, l *Linked, params ...ops.Value) (ops.Value, error) {
	rows, err := Run(r.ctx, l, r.txn, Options{Params: params, Env: r.o.Env, Memory: r.o.Memory})
	if err != nil {
		return ops.None, err
	}
	defer func() { _ = rows.Close() }()
	b, err := rows.Next(r.ctx)
	if err != nil || b == nil {
		return ops.None, err
	}
	return cloneValue(b.Value(0, 0)), nil
}

// apply makes a record to be stored of the object that a statement gives: missing fields of a new record get their defaults,
// values are brought to their types, and what the table forbids is an error. before is none for a new record.
func (g *Guard) apply(r *Rows, id, object, before ops.Value) (ops.Value, error) {
	if g.table == nil {
		return object, nil
	}
	var err error
	if g.known != nil {
		if err := g.unknown(object); err != nil {
			return object, err
		}
	}
	for i := range g.fields {
		fit := g.fields[i].fit
		if g.fields[i].each {
			fit = g.fields[i].fitEach
		}
		if object, err = fit(r, g.table, id, object, before); err != nil {
			return object, g.fields[i].refused(err)
		}
	}
	this := ops.None
	for i := range g.fields {
		f := &g.fields[i]
		if len(f.asserts) == 0 {
			continue
		}
		if f.each {
			if err := f.assertEach(r, g.table, object); err != nil {
				return object, f.refused(err)
			}
			continue
		}
		v := memberAt(object, f.Path)
		if v.IsNone() {
			continue
		}
		if this.IsNone() {
			this = stored(id, object)
		}
		if err := f.assert(r, g.table, v, f.this(object, this)); err != nil {
			return object, f.refused(err)
		}
	}
	return object, nil
}

// refused says which field an error is about.
func (f *guardField) refused(err error) error {
	return asError(err, ops.Span{}).(*ops.Error).About(f.Path)
}

// fit brings one field of a record to what its declaration says.
func (f *guardField) fit(r *Rows, t *schema.Table, id, object, before ops.Value) (ops.Value, error) {
	old, v := memberAt(before, f.Path), memberAt(object, f.Path)
	given := v
	if v.IsNone() && f.fallback != nil && f.isNew(object, before) {
		var err error
		if v, err = evaluate(r, f.fallback, f.this(object, stored(id, object))); err != nil {
			return object, inField(err, "the default of %s.%s", t.Name, f.path)
		}
	}
	if v.IsNone() {
		if !f.Type.Optional && f.Type.Kind != ops.KindAny && hasParent(object, f.Path) {
			return object, ops.Errorf(ops.CodeType, "field %s.%s must have a value of type %s", t.Name, f.path, f.Type.String())
		}
	} else {
		var err error
		if v, err = ops.Check(v, f.Type); err != nil {
			return object, inField(err, "field %s.%s", t.Name, f.path)
		}
	}
	if f.ReadOnly && f.stays(object, before) && !ops.Equal(old, v) {
		return object, ops.Errorf(ops.CodeReadOnly, "field %s.%s is READONLY: it cannot be changed from %s to %s", t.Name, f.path, ops.Format(old), ops.Format(v))
	}
	if given.IsNone() && v.IsNone() || same(given, v) {
		return object, nil
	}
	return assignPath(object, f.Path, v)
}

// same reports whether a value went through Check as it was.
func same(a, b ops.Value) bool { return a == b }

// hasParent reports whether the object that a field would be in is there; the members of an object that is left out need not be.
func hasParent(object ops.Value, path Path) bool {
	return len(path) == 1 || memberAt(object, path[:len(path)-1]).Kind() == ops.KindObject
}

func (f *guardField) assert(r *Rows, t *schema.Table, v, this ops.Value) error {
	for i, a := range f.asserts {
		ok, err := evaluate(r, a, v, this)
		if err != nil {
			return inField(err, "the rule `%s` of %s.%s", f.Asserts[i], t.Name, f.path)
		}
		if !ok.IsTrue() {
			return ops.Errorf(ops.CodeAssert, "field %s.%s: %s breaks the rule `%s`", t.Name, f.path, ops.Format(v), f.Asserts[i])
		}
	}
	return nil
}

// inField says of an error where it happened. A span inside a rule means nothing to the statement.
func inField(err error, format string, args ...any) error {
	e := *asError(err, ops.Span{}).(*ops.Error)
	e.Span = ops.Span{}
	where := ops.Errorf("", format, args...).Message
	e.Message = where + ": " + e.Message
	return &e
}

// unknown returns the error for a field that a schemafull table does not have.
func (g *Guard) unknown(object ops.Value) error {
	for _, m := range object.AsObject() {
		if !g.known[m.Name] && !m.Value.IsNone() {
			return g.unknownField(Path{m.Name})
		}
	}
	for _, at := range g.nested {
		o := memberAt(object, at)
		if o.Kind() != ops.KindObject {
			continue
		}
		for _, m := range o.AsObject() {
			if path := append(at[:len(at):len(at)], m.Name); !g.known[strings.Join(path, ".")] && !m.Value.IsNone() {
				return g.unknownField(path)
			}
		}
	}
	return nil
}

func (g *Guard) unknownField(path Path) error {
	var fields []string
	for i := range g.fields {
		fields = append(fields, g.fields[i].path)
	}
	return ops.Errorf(ops.CodeUnknownField, "table %s is schemafull and has no field %s", g.table.Name, strings.Join(path, ".")).
		WithHint("its fields are %s", strings.Join(fields, ", ")).About(path)
}

// memberAt returns what is at a path of objects, or none.
func memberAt(v ops.Value, path Path) ops.Value {
	for _, step := range path {
		if v.Kind() != ops.KindObject {
			return ops.None
		}
		v, _ = v.Member(step)
	}
	return v
}
