package sema

import (
	"strings"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// redefine checks REDEFINE TABLE. What it makes of the table is worked out where the change is applied, here and in the store alike.
func (c *checker) redefine(r *ast.Redefine) {
	if r.Kind == ast.DefType {
		c.unsupported(r.Span, "REDEFINE TYPE")
		return
	}
	s := schema.Change{Kind: schema.RedefineTable, Name: r.Name.Text, IfExists: r.IfExists}
	s.Namespace, s.Database, _ = c.location(r.On, ast.DefDatabase)
	var t *schema.Table
	if s.Namespace == "" && s.Database == "" {
		if c.notView(r.Name.Text, r.Name.Span, "remove it and define it anew") {
			return
		}
		if t = c.redefined(r); t == nil && !(r.IfExists && c.catalog != nil) {
			return
		}
	}
	d := &schema.Redefinition{Mode: map[ast.SchemaMode]schema.Mode{ast.Schemafull: schema.ModeSchemafull, ast.Schemaless: schema.ModeSchemaless}[r.Schema]}
	if r.As != nil && r.As.Text != r.Name.Text {
		d.To = r.As.Text
	}
	since, errs := len(c.needs), len(c.errs)
	for i := range r.Fields {
		d.Fields = append(d.Fields, c.fieldChange(t, &r.Fields[i]))
	}
	if len(c.errs) > errs {
		return
	}
	d.Requires = schema.Refs(c.required(since))
	s.Redefinition = d
	delete(c.fromWrites, s.Name)
	c.change(s, r.Span)
}

// redefined looks up the table; IF EXISTS makes it no error that there is none.
func (c *checker) redefined(r *ast.Redefine) *schema.Table {
	switch {
	case c.catalog == nil:
		c.fail(ops.Errorf(ops.CodeUnknownTable, "what table %s is must be known to redefine it", r.Name.Text).
			WithHint("compile with a schema, or DEFINE TABLE %s above", r.Name.Text), r.Name.Span)
		return nil
	case r.IfExists:
		return c.catalog.Table(r.Name.Text)
	}
	return c.indexed(&r.Name)
}

// fieldChange reads what is said of one field.
func (c *checker) fieldChange(t *schema.Table, f *ast.FieldDef) schema.FieldChange {
	change := schema.FieldChange{Drop: f.Drop, Unique: f.Unique, Field: c.fieldOf(f, true)}
	if len(change.Path) == 0 {
		change.Path = []string{""}
		return change
	}
	path := strings.Join(change.Path, ".")
	for _, said := range []struct {
		clause bool
		bit    schema.Said
	}{{f.Type != nil, schema.SaidType}, {f.Value != nil, schema.SaidDefault}, {f.Asserts != nil, schema.SaidAsserts}, {f.ReadOnly, schema.SaidReadOnly}} {
		if said.clause {
			change.Said |= said.bit
		}
	}
	if f.Drop && (change.Said != 0 || f.Unique) {
		c.failf(ops.CodeSyntax, f.Span, "field %s is taken away, and what else is said of it has no meaning", path)
	}
	if f.As != nil {
		change.As = f.As.Text
		if f.As.Text == change.Path[len(change.Path)-1] {
			change.As = ""
		}
	}
	if f.Type != nil {
		change.Members = c.membersOf(change.Field)
	}
	if t != nil && t.Schemafull && (f.Drop || change.As != "" || change.Said&schema.SaidType == 0) && !declares(t, change.Path) {
		var names []string
		for i := range t.Fields {
			names = append(names, strings.Join(t.Fields[i].Path, "."))
		}
		e := closest(ops.Errorf(ops.CodeUnknownField, "table %s has no field %s", t.Name, path), path, names)
		if e.Hint == "" {
			e = e.WithHint("%s TYPE t adds it", path)
		}
		c.fail(e, f.Name.Span)
	}
	if f.Value != nil {
		c.alone(f.Value, path)
	}
	return change
}

// declares reports whether a table has a field of that path, or one below it.
func declares(t *schema.Table, path []string) bool {
	for i := range t.Fields {
		if p := t.Fields[i].Path; len(p) >= len(path) && strings.Join(p[:len(path)], "\x00") == strings.Join(path, "\x00") {
			return true
		}
	}
	return false
}

// alone refuses a default that reads the record: it is computed once, for all the records that lack the field.
func (c *checker) alone(e ast.Expr, path string) {
	ast.Inspect(e, func(n ast.Node) bool {
		var name string
		switch n := n.(type) {
		case *ast.Ident:
			name = n.Name
		case *ast.Variable:
			name = n.Name
		default:
			return true
		}
		if v, ok := n.(*ast.Variable); !ok || v.Name == "this" {
			c.fail(ops.Errorf(ops.CodeParameter, "the VALUE of %s reads %s, but it is computed once, for all records that have no %s", path, name, path).
				WithHint("make the field optional, and UPDATE the records"), n.Pos())
		}
		return false
	})
}
