package sema

import (
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// write resolves a writing statement. Its rows come from a query of sources and condition alone, in whose scope the
// values written are.
func (c *checker) write(e ast.Expr) Body {
	w := &Write{Span: e.Pos(), From: &Query{Span: e.Pos()}}
	c.push(w.From).write = true
	defer c.pop()
	switch e := e.(type) {
	case *ast.Create:
		w.Kind, w.IfNotExists = WriteCreate, e.IfNotExists
		c.create(w, e)
		c.returning(w, e.Return, ast.ReturnAfter)
	case *ast.Update:
		w.Kind = WriteUpdate
		if e.Upsert {
			w.Kind = WriteUpsert
		}
		c.update(w, e)
		c.returning(w, e.Return, ast.ReturnAfter)
	case *ast.Delete:
		w.Kind = WriteDelete
		c.delete(w, e)
		c.returning(w, e.Return, ast.ReturnNone)
	case *ast.Relate:
		w.Kind, w.IfNotExists = WriteRelate, e.IfNotExists
		c.relate(w, e)
		c.returning(w, e.Return, ast.ReturnAfter)
	}
	return w
}

// into says which table is written.
func (c *checker) into(w *Write, table string, at ops.Span) {
	w.Table, w.Desc = table, c.tableToWrite(table, at)
	w.Edge = w.Desc != nil && w.Desc.Edge
}

// ---- CREATE

func (c *checker) create(w *Write, e *ast.Create) {
	switch t := e.Target.(type) {
	case *ast.Ident:
		c.into(w, t.Name, t.Span)
	case *ast.RecordExpr:
		c.into(w, t.Table.Text, t.Table.Span)
		if _, generated := t.Key.(*ast.Wild); !generated {
			w.Key = c.expr(t)
		}
	default:
		c.unsupported(e.Target.Pos(), "CREATE of what is not written as table or table:key")
		return
	}
	if w.Edge {
		c.fail(ops.Errorf(ops.CodeType, "%s is an edge table", w.Table).WithHint("RELATE a -> %s -> b makes edges", w.Table), e.Target.Pos())
	}
	c.content(w, e.Data)
}

// content resolves what CREATE, UPSERT of a table and RELATE store: w.New, and w.Key where the data name it.
func (c *checker) content(w *Write, d *ast.Data) {
	switch {
	case d == nil:
		w.New = &Object{Info: Info{w.Span, ops.TypeOf(ops.KindObject)}}
	case d.Set != nil:
		w.New = c.assignments(w, d, &Object{Info: Info{d.Span, ops.TypeOf(ops.KindObject)}})
	case d.Object != nil:
		c.contentValue(w, c.expr(d.Object))
	case d.Columns != nil:
		c.contentRows(w, c.valueRows(w, d), d.Span)
	default:
		c.contentValue(w, c.expr(d.Content))
	}
}

// contentValue stores an object, or each element of what may be a list.
func (c *checker) contentValue(w *Write, x Expr) {
	if o, ok := x.(*Object); ok {
		c.contentObject(w, o)
		return
	}
	if k := x.At().Type.Kind; k != ops.KindList && k != ops.KindAny && k != ops.KindObject && k != ops.KindNone {
		c.failf(ops.CodeType, x.At().Span, "CONTENT takes an object or a list of them, not %s", aKind(k))
	}
	c.contentRows(w, x, x.At().Span)
}

// contentObject stores an object whose members are known; `id` among them is the key.
func (c *checker) contentObject(w *Write, o *Object) {
	rest := &Object{Info: o.Info}
	for i, name := range o.Names {
		if name == "id" {
			c.keyFrom(w, o.Values[i])
			continue
		}
		c.checkWritten(w, []string{name}, o.Values[i], o.Values[i].At().Span)
		rest.Names, rest.Values = append(rest.Names, name), append(rest.Values, o.Values[i])
	}
	w.New = rest
}

func (c *checker) keyFrom(w *Write, x Expr) {
	if w.Key != nil && !Same(w.Key, x) {
		c.failf(ops.CodeReadOnly, x.At().Span, "the statement names the record's key twice")
		return
	}
	w.Key = c.recordOf(w.Table, x, x.At().Span)
}

// contentRows stores each element of a list: an id in it is the key.
func (c *checker) contentRows(w *Write, x Expr, at ops.Span) {
	if w.Key != nil {
		c.contentOne(w, x)
		return
	}
	r := c.relation(&Relation{Kind: RelValues, Type: ops.Any}, nil, at)
	w.From.From = append(w.From.From, c.rowsOf(x, r, at))
	row := wholeOf(r, at)
	w.Key = &Field{Info: Info{at, ops.Any}, X: row, Path: []string{"id"}}
	w.New = &Omit{Info: Info{at, ops.TypeOf(ops.KindObject)}, X: row, Paths: []string{"id"}}
}

// rowsOf makes a source of x: a subquery's rows stream, anything else is a value.
func (c *checker) rowsOf(x Expr, r *Relation, at ops.Span) Source {
	if s, ok := x.(*Subquery); ok && s.Use == UseList {
		if s.Query.Form == vm.RowColumns {
			s.Query.Items = []Item{{"*", mergeItems(s.Query.Items, at)}}
			s.Query.Form = vm.RowObject
		}
		r.Kind, r.Query = RelRows, s.Query
		return &QuerySource{Rel: r, Query: s.Query, Span: at}
	}
	return &ItemSource{Rel: r, X: x, Span: at}
}

// contentOne stores a value, which must turn out to be an object, under a key that the statement names.
func (c *checker) contentOne(w *Write, x Expr) {
	w.New = &Omit{Info: Info{x.At().Span, ops.TypeOf(ops.KindObject)}, X: x, Paths: []string{"id"}}
}

// valueRows makes the list of objects that SET (a, b) VALUES (…), (…) stands for.
func (c *checker) valueRows(w *Write, d *ast.Data) Expr {
	list := &Sequence{Info: Info{d.Span, ops.TypeOf(ops.KindList)}}
	for _, name := range d.Columns {
		w.place(c.steps(name), name.Span)
	}
	for _, row := range d.Rows {
		o := Expr(&Object{Info: Info{d.Span, ops.TypeOf(ops.KindObject)}})
		for i, value := range row {
			if i >= len(d.Columns) {
				break
			}
			path := c.steps(d.Columns[i])
			o = c.assign(o, path, c.expr(value), value.Pos())
		}
		list.Items = append(list.Items, o)
	}
	return list
}
