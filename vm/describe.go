package vm

import (
	"strings"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// describe shows a definition as an object.
func describe(txn Txn, d *schema.Change) (ops.Value, error) {
	c := txn.Catalog()
	switch d.Kind {
	case schema.DefineNamespace:
		if d.Name != "" && d.Name != c.Namespace() {
			return elsewhere("namespace", d.Name)
		}
		return object("namespace", ops.String(c.Namespace())), nil
	case schema.DefineDatabase:
		if d.Name != "" && d.Name != c.Database() || d.Namespace != "" && d.Namespace != c.Namespace() {
			return elsewhere("database", d.Name)
		}
		return describeDatabase(c), nil
	}
	if d.Namespace != "" && d.Namespace != c.Namespace() || d.Database != "" && d.Database != c.Database() {
		return elsewhere("database", d.Database)
	}
	switch d.Kind {
	case schema.DefineTable:
		if t := c.Table(d.Name); t != nil {
			return describeTable(c, t), nil
		}
		return missing(d, "table", d.Name)
	case schema.DefineIndex:
		t := c.Table(d.Index.Table)
		if t == nil {
			return missing(d, "table", d.Index.Table)
		}
		if ix := t.Index(d.Name); ix != nil {
			return describeIndex(ix), nil
		}
		return missing(d, "index", d.Name)
	case schema.DefineObject:
		if o := txn.Object(d.Object.Kind, d.Name); o != nil {
			return describeObject(c, o), nil
		}
		return missing(d, d.Object.Kind.String(), d.Name)
	}
	return ops.None, ops.Errorf(ops.CodeUnsupported, "describing that is not supported yet")
}

func elsewhere(kind, name string) (ops.Value, error) {
	return ops.None, ops.Errorf(ops.CodeUnsupported, "%s %s is not the one in use", kind, name).WithHint("USE it first")
}

func missing(d *schema.Change, kind, name string) (ops.Value, error) {
	if d.IfExists {
		return ops.None, nil
	}
	return ops.None, ops.Errorf(ops.CodeNotFound, "there is no %s %s", kind, name)
}

// object makes an object of names and values in turn; members that are none are left out.
func object(parts ...any) ops.Value {
	var ms []ops.Member
	for i := 0; i < len(parts); i += 2 {
		if v := parts[i+1].(ops.Value); !v.IsNone() {
			ms = append(ms, ops.Member{Name: parts[i].(string), Value: v})
		}
	}
	return ops.Object(ms)
}

func describeDatabase(c schema.Catalog) ops.Value {
	var tables []ops.Value
	for _, t := range c.Tables() {
		rows := ops.None
		if n := c.Rows(t.Name); n >= 0 {
			rows = ops.Int(n)
		}
		tables = append(tables, object("name", ops.String(t.Name), "kind", kindOf(t), "fields", ops.Int(int64(len(t.Fields))),
			"indexes", ops.Int(int64(len(t.Indexes))), "rows", rows))
	}
	objects := ops.None
	if all := c.Objects(); len(all) > 0 {
		var vs []ops.Value
		for _, o := range all {
			vs = append(vs, object("name", ops.String(o.Name), "kind", ops.String(o.Kind.String())))
		}
		objects = ops.List(vs)
	}
	return object("namespace", ops.String(c.Namespace()), "database", ops.String(c.Database()), "strict", ops.Bool(c.Strict()),
		"tables", ops.List(tables), "definitions", objects, "jobs", describeJobs(c, ""))
}

func describeObject(c schema.Catalog, o *schema.Object) ops.Value {
	var requires []string
	for _, r := range o.Requires {
		requires = append(requires, r.String())
	}
	password := ops.None
	if o.Kind == schema.ObjectUser {
		password = ops.Bool(o.Secret != "")
	}
	return object("name", ops.String(o.Name), "kind", ops.String(o.Kind.String()), "definition", text(o.Text), "requires", texts(requires),
		"namespace", text(o.Namespace), "database", text(o.Database), "password", password,
		"needed_by", texts(schema.Dependents(c, schema.RefTo(o.Kind, o.Name))))
}

func kindOf(t *schema.Table) ops.Value {
	if t.Edge {
		return ops.String("edge")
	}
	return ops.String("table")
}

func text(s string) ops.Value {
	if s == "" {
		return ops.None
	}
	return ops.String(s)
}

func describeTable(c schema.Catalog, t *schema.Table) ops.Value {
	var fields, indexes []ops.Value
	for i := range t.Fields {
		f := &t.Fields[i]
		var asserts []ops.Value
		for _, a := range f.Asserts {
			asserts = append(asserts, ops.String(a))
		}
		rules := ops.None
		if asserts != nil {
			rules = ops.List(asserts)
		}
		readOnly := ops.None
		if f.ReadOnly {
			readOnly = ops.Bool(true)
		}
		fields = append(fields, object("name", ops.String(strings.Join(f.Path, ".")), "type", ops.String(f.Type.String()),
			"value", text(f.Default), "asserts", rules, "readonly", readOnly))
	}
	for _, ix := range t.Indexes {
		indexes = append(indexes, describeIndex(ix))
	}
	return object("name", ops.String(t.Name), "kind", kindOf(t), "from", text(t.From), "to", text(t.To),
		"schemafull", ops.Bool(t.Schemafull), "fields", ops.List(fields), "indexes", ops.List(indexes),
		"needed_by", texts(schema.Dependents(c, schema.Ref{Kind: schema.RefTable, Name: t.Name})), "jobs", describeJobs(c, t.Name))
}

// texts makes a list, or none where it would be empty.
func texts(all []string) ops.Value {
	if len(all) == 0 {
		return ops.None
	}
	vs := make([]ops.Value, len(all))
	for i, s := range all {
		vs[i] = ops.String(s)
	}
	return ops.List(vs)
}

// describeJobs shows what is being done to the records of a table, or with the name "" of all; none where nothing is.
func describeJobs(c schema.Catalog, table string) ops.Value {
	w, ok := c.(schema.Working)
	if !ok {
		return ops.None
	}
	var all []ops.Value
	for _, j := range w.Jobs(table) {
		named := ops.None
		if table == "" {
			named = ops.String(j.Table)
		}
		all = append(all, object("kind", ops.String(j.Kind), "table", named, "of", text(j.Of), "state", ops.String(j.State), "done", ops.Int(j.Done), "total", ops.Int(j.Total)))
	}
	if all == nil {
		return ops.None
	}
	return ops.List(all)
}

func describeIndex(ix *schema.Index) ops.Value {
	var fields []ops.Value
	for _, f := range ix.Fields {
		fields = append(fields, ops.String(strings.Join(f, ".")))
	}
	return object("name", ops.String(ix.Name), "table", ops.String(ix.Table), "fields", ops.List(fields),
		"unique", ops.Bool(ix.Unique), "ready", ops.Bool(ix.Ready))
}
