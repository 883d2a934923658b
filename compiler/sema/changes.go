package sema

import (
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// target resolves what UPDATE and DELETE change: the rows of a source. For a pattern those are its last edges.
func (c *checker) target(w *Write, e ast.Expr, where ast.Expr) *Relation {
	q := w.From
	if x := c.recordsOf(e); x != nil {
		r := &Relation{Kind: RelRecords}
		if name := x.At().Type.Name; name != "" {
			r = c.records(name, e.Pos())
		}
		c.relation(r, nil, e.Pos())
		q.From = append(q.From, &KeySource{Rel: r, Key: x, List: x.At().Type.Kind == ops.KindList, Span: e.Pos()})
	} else {
		c.source(q, e, nil)
	}
	r := c.mainRelation(q)
	if r != nil && r.View != "" {
		c.notView(r.View, e.Pos(), "nothing can be written to it")
		return nil
	}
	if hop, ok := last(q.From).(*HopSource); ok {
		r = hop.Edge
	}
	if r == nil {
		return nil
	}
	c.scope.main = r
	c.where(q, where)
	if !r.IsRecord() {
		c.fail(ops.Errorf(ops.CodeType, "%s is no record", c.text(e.Pos())).
			WithHint("a table, a record, a list of records or a variable that holds one is changed"), e.Pos())
		return nil
	}
	if r.Table != "" {
		c.into(w, r.Table, e.Pos())
	}
	w.Key = idOf(r, e.Pos())
	w.Old = wholeOf(r, e.Pos())
	return r
}

// recordsOf resolves a target that is a value: a variable or what it holds, or the values of a query. Where its type says that it is a record of one table, it
// has that table's fields; else it is a record or a list of records of any table, which is seen when the statement runs. nil for every
// other target.
func (c *checker) recordsOf(e ast.Expr) Expr {
	base := e
	for {
		switch x := base.(type) {
		case *ast.Field:
			base = x.X
			continue
		case *ast.Index:
			base = x.X
			continue
		}
		break
	}
	var x Expr
	switch base.(type) {
	case *ast.Variable:
		x = c.expr(e)
	case *ast.Select, *ast.SetOp:
		x = c.subquery(e, UseList)
	default:
		return nil
	}
	at, t := e.Pos(), x.At().Type
	if t.Kind == ops.KindRecord && t.Name != "" {
		return x
	}
	link := ops.Type{Kind: ops.KindRecord, Optional: true}
	links := ops.Type{Kind: ops.KindList, Elem: &link}
	def, signature, err := ops.Resolve("array::flatten", []ops.Type{ops.TypeOf(ops.KindList)})
	if err != nil {
		return c.fail(asError(err), at)
	}
	list := &Sequence{Info: Info{at, ops.TypeOf(ops.KindList)}, Items: []Expr{x}}
	flat := &Call{Info: Info{at, ops.TypeOf(ops.KindList)}, Func: Function{def, signature}, Args: []Expr{list}}
	return &Cast{Info: Info{at, links}, X: flat, To: links, Check: true}
}

func last(s []Source) Source {
	if len(s) == 0 {
		return nil
	}
	return s[len(s)-1]
}

func (c *checker) update(w *Write, e *ast.Update) {
	if e.Upsert && c.upsertNew(w, e) {
		return
	}
	r := c.target(w, e.Target, e.Where)
	if r == nil {
		return
	}
	d, base := e.Data, w.Old
	if e.Upsert { // assignments to a record that does not exist yet begin with an empty object
		at := w.Old.At().Span
		empty := &Object{Info: Info{at, ops.TypeOf(ops.KindObject)}}
		base = &Binary{Info: Info{at, ops.TypeOf(ops.KindObject)}, Op: opcodes.Coalesce, Left: w.Old, Right: empty}
	}
	switch {
	case d == nil:
		w.New = w.Old
	case d.Set != nil:
		w.New = c.assignments(w, d, base)
	case d.Object != nil:
		w.New = &Binary{Info: Info{d.Span, ops.TypeOf(ops.KindObject)}, Op: opcodes.Add, Left: base, Right: c.changed(w, d.Object)}
	case d.Columns != nil:
		w.New = c.assignColumns(w, d, base)
	default:
		w.New = c.replaced(w, d)
	}
}

// changed resolves the object of UPDATE … SET { … }: it is merged into the record.
func (c *checker) changed(w *Write, e ast.Expr) Expr {
	x := c.expr(e)
	o, ok := x.(*Object)
	if !ok {
		return x
	}
	for i, name := range o.Names {
		if name == "id" {
			c.failf(ops.CodeReadOnly, o.Values[i].At().Span, "id is the record's key and cannot be changed")
		}
		c.checkWritten(w, []string{name}, o.Values[i], o.Values[i].At().Span)
	}
	return o
}

func (c *checker) assignColumns(w *Write, d *ast.Data, out Expr) Expr {
	if len(d.Rows) != 1 {
		return c.failf(ops.CodeSyntax, d.Span, "an update takes one row of values, this has %d", len(d.Rows))
	}
	for i, value := range d.Rows[0] {
		if i < len(d.Columns) {
			path := c.steps(d.Columns[i])
			x := c.expr(value)
			c.checkWritten(w, path, x, x.At().Span)
			out = c.assign(out, path, x, x.At().Span)
		}
	}
	return out
}

// replaced resolves UPDATE … CONTENT: the whole record but its id, and the ends of an edge.
func (c *checker) replaced(w *Write, d *ast.Data) Expr {
	x := c.expr(d.Content)
	if k := x.At().Type.Kind; k != ops.KindObject && k != ops.KindAny {
		c.failf(ops.CodeType, x.At().Span, "CONTENT takes an object, not %s", aKind(k))
	}
	if o, ok := x.(*Object); ok {
		for i, name := range o.Names {
			c.checkWritten(w, []string{name}, o.Values[i], o.Values[i].At().Span)
		}
	}
	x = &Omit{Info: Info{d.Span, ops.TypeOf(ops.KindObject)}, X: x, Paths: []string{"id"}}
	if !w.Edge {
		return x
	}
	r := c.scope.main
	ends := &Object{Info: Info{d.Span, ops.TypeOf(ops.KindObject)}, Names: []string{"in", "out"},
		Values: []Expr{c.member(r, "in", d.Span), c.member(r, "out", d.Span)}}
	return &Binary{Info: Info{d.Span, ops.TypeOf(ops.KindObject)}, Op: opcodes.Add, Left: ends, Right: x}
}

// upsertNew resolves an UPSERT that need not find its records first: those that CONTENT names by their ids.
func (c *checker) upsertNew(w *Write, e *ast.Update) bool {
	t, ok := e.Target.(*ast.Ident)
	if !ok || e.Data == nil || e.Where != nil || e.Data.Set != nil {
		return false
	}
	c.into(w, t.Name, t.Span)
	c.content(w, e.Data)
	if w.Key == nil {
		return true
	}
	at := w.Key.At().Span
	w.Key = c.recordOf(w.Table, w.Key, at)
	w.Old = &Field{Info: Info{at, ops.Type{Kind: ops.KindObject, Optional: true}}, X: w.Key}
	return true
}

func (c *checker) delete(w *Write, e *ast.Delete) {
	if t, ok := e.Target.(*ast.Ident); ok && c.catalog != nil && c.catalog.Table(t.Name) == nil {
		c.table(t.Name, t.Span)
	}
	c.target(w, e.Target, e.Where)
}

// ---- RELATE

func (c *checker) relate(w *Write, e *ast.Relate) {
	p, ok := e.Pattern.(*ast.Pattern)
	if !ok || len(p.Hops) != 1 || p.Start == nil {
		c.fail(ops.Errorf(ops.CodeSyntax, "RELATE takes one hop").WithHint("RELATE person:alice -> buys -> product:apple"), e.Pattern.Pos())
		return
	}
	hop := &p.Hops[0]
	d := arrowWays[hop.Left]
	if hop.Left != hop.Right || d == vm.Both {
		c.fail(ops.Errorf(ops.CodeSyntax, "RELATE makes an edge one way, not with the arrows %s", c.arrows(hop)).
			WithHint("RELATE a -> e -> b, and one more for the way back"), hop.Span)
		return
	}
	edge, ok := hop.Edges.(*ast.EdgeTable)
	if !ok || edge.Hops != nil || edge.Optional {
		c.failf(ops.CodeSyntax, hop.Edges.Pos(), "RELATE takes one edge table, or the id of the edge")
		return
	}
	w.Edge = true
	switch x := edge.X.(type) {
	case *ast.Ident:
		c.into(w, x.Name, x.Span)
	case *ast.RecordExpr:
		c.into(w, x.Table.Text, x.Table.Span)
		w.Key = c.expr(x)
	default:
		c.failf(ops.CodeSyntax, edge.Span, "RELATE takes one edge table, or the id of the edge")
		return
	}
	if w.Desc != nil && !w.Desc.Edge {
		c.fail(ops.Errorf(ops.CodeType, "%s is a table of records, not of edges", w.Table).WithHint("DEFINE EDGE defines edge tables"), edge.Span)
	}
	w.Edge = true
	end := c.end
	if betweenTables(hop) {
		end = c.tableEnd
	}
	w.In, w.Out = end(w, p.Start), end(w, hop.Vertex)
	if d == vm.In {
		w.In, w.Out = w.Out, w.In
	}
	c.where(w.From, e.Where)
	c.content(w, e.Data)
}

// end resolves one end of RELATE: a record, or each of a list's.
func (c *checker) end(w *Write, e ast.Expr) Expr {
	at := e.Pos()
	switch x := e.(type) {
	case *ast.RecordExpr:
		c.table(x.Table.Text, x.Table.Span)
		return c.expr(x)
	case *ast.List:
		return c.eachOf(w, c.expr(x), at)
	case *ast.Variable, *ast.Field, *ast.Index, *ast.Call:
		return c.eachOf(w, c.expr(x), at)
	case *ast.Select, *ast.SetOp:
		return c.eachOf(w, c.subquery(x, UseList), at)
	}
	return c.fail(ops.Errorf(ops.CodeUnsupported, "RELATE joins records, lists of records and variables, not %s", c.text(at)).
		WithHint("LET $all = (SELECT VALUE id FROM …), then RELATE $all -> …"), at)
}

// tableEnd resolves one end of a relation between tables: a table, each of a list's, or what a variable or query gives.
func (c *checker) tableEnd(w *Write, e ast.Expr) Expr {
	at := e.Pos()
	switch x := e.(type) {
	case *ast.Ident:
		c.table(x.Name, at)
		return TableVertex(x.Name, at)
	case *ast.List:
		return c.eachOf(w, c.tableList(x), at)
	case *ast.Variable, *ast.Field, *ast.Index, *ast.Call, *ast.Select, *ast.SetOp, *ast.RecordExpr:
		return c.end(w, e)
	}
	return c.fail(ops.Errorf(ops.CodeSyntax, "%s is no table; ->> relates tables", c.text(at)).WithHint("RELATE car ->> is_a ->> thing"), at)
}

// eachOf makes a source of the records of x and returns the id of its row.
func (c *checker) eachOf(w *Write, x Expr, at ops.Span) Expr {
	r := c.relation(&Relation{Kind: RelValues, Type: ops.Any}, nil, at)
	w.From.From = append(w.From.From, &ItemSource{Rel: r, X: x, Span: at})
	return wholeOf(r, at)
}

// ---- RETURN

// returning resolves RETURN. The record as stored is what its expressions see; of a deleted one, the record as it was.
func (c *checker) returning(w *Write, r *ast.Returning, standard ast.ReturnKind) {
	if w.New == nil && w.Old == nil {
		return // an error was reported
	}
	at := w.Span
	w.After = c.relation(&Relation{Kind: RelStored, Table: w.Table, Desc: w.Desc}, nil, w.Span)
	kind := standard
	if r != nil {
		kind, at = r.Kind, r.Span
	}
	after := Expr(wholeOf(w.After, at))
	switch kind {
	case ast.ReturnNone:
	case ast.ReturnBefore:
		w.Form, w.Items = vm.RowObject, []Item{{"*", w.before(at)}}
	case ast.ReturnAfter:
		if w.Kind == WriteDelete {
			after = constant(ops.None, at)
		}
		w.Form, w.Items = vm.RowObject, []Item{{"*", after}}
	case ast.ReturnExprs:
		if w.Kind != WriteDelete {
			c.scope.main = w.After
		}
		q := &Query{}
		c.items(q, &ast.Select{At: ast.At{Span: at}, Items: r.Items})
		w.Form, w.Items = q.Form, q.Items
	}
}

func (w *Write) before(at ops.Span) Expr {
	if w.Old == nil {
		return constant(ops.None, at)
	}
	return w.Old
}
