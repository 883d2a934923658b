package sema

import (
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
)

// sources resolves FROM, from left to right.
func (c *checker) sources(q *Query, from []ast.Source) {
	for _, s := range from {
		c.oneSource(q, s.X, s.As)
		for i := range s.Joins {
			c.join(q, &s.Joins[i])
		}
	}
	if len(c.scope.sources) == 1 {
		c.scope.main = c.scope.sources[0]
	}
}

// oneSource resolves a source and notes what stands for it in `*`: of a pattern the vertex at its end.
func (c *checker) oneSource(q *Query, x ast.Expr, as *ast.Name) {
	before := len(q.From)
	c.source(q, x, as)
	if r := c.mainRelation(q); r != nil && len(q.From) > before {
		c.scope.sources = append(c.scope.sources, r)
	}
}

// join resolves JOIN and LEFT JOIN. The condition of JOIN is one of WHERE; that of LEFT JOIN decides which rows of the right side
// a row has, and behind it they may be missing.
func (c *checker) join(q *Query, j *ast.Join) {
	if !j.Left {
		c.oneSource(q, j.X, j.As)
		c.on(q, j)
		return
	}
	first, where := len(q.From), q.Where
	q.Where = nil
	c.oneSource(q, j.X, j.As)
	c.on(q, j)
	s := &LeftSource{From: append([]Source{}, q.From[first:]...), On: q.Where, Span: j.Span}
	q.From, q.Where = append(q.From[:first], s), where
	if len(s.From) == 0 {
		q.From = q.From[:first]
	}
	for _, r := range s.rels() {
		r.Optional = true
	}
}

func (c *checker) on(q *Query, j *ast.Join) {
	x := c.condition(j.On)
	if HasAggregate(x) {
		c.failf(ops.CodeType, j.On.Pos(), "ON looks at rows before they are grouped; it cannot hold FOLD")
	}
	q.And(x)
}

// mainRelation is the relation of the only source, or the end vertex of the only pattern.
func (c *checker) mainRelation(q *Query) *Relation {
	switch s := c.scope; {
	case len(q.From) == 0:
		return nil
	case s != nil && s.query == q && s.end != nil && s.ended == len(q.From):
		return s.end
	}
	rels := q.From[len(q.From)-1].rels()
	return rels[len(rels)-1]
}

// source resolves one source and adds it to the query.
func (c *checker) source(q *Query, e ast.Expr, as *ast.Name) {
	at := e.Pos()
	switch x := e.(type) {
	case *ast.Ident:
		c.tableSource(q, x.Name, as, at)
	case *ast.RecordExpr:
		if _, all := x.Key.(*ast.Wild); all {
			c.tableSource(q, x.Table.Text, as, at)
			return
		}
		r := c.records(x.Table.Text, x.Table.Span)
		key := c.expr(x)
		q.From = append(q.From, &KeySource{Rel: c.relation(r, as, at), Key: key, Span: at})
	case *ast.RecordRange:
		c.rangeSource(q, x, as)
	case *ast.List:
		c.listSource(q, x, as)
	case *ast.Select, *ast.SetOp:
		before := len(c.errs)
		sub := c.rowsQuery(x)
		if len(sub.Items) == 0 && len(c.errs) > before {
			return // its columns cannot be known
		}
		r := c.relation(&Relation{Kind: RelRows, Query: sub}, as, at)
		q.From = append(q.From, &QuerySource{Rel: r, Query: sub, Span: at})
	case *ast.Pattern:
		if as != nil {
			c.unsupported(as.Span, "an alias of a whole pattern")
		}
		c.pattern(q, x)
	case *ast.Aliased:
		c.aliasedSource(q, x, as)
	case *ast.Wild:
		r := c.relation(&Relation{Kind: RelRecords}, as, at)
		q.From = append(q.From, &AllSource{Rel: r, Span: at})
	case *ast.PathExpr:
		c.virtualSource(q, x, as)
	default:
		c.itemSource(q, c.expr(e), as, at)
	}
}

func (c *checker) records(table string, at ops.Span) *Relation {
	r := &Relation{Name: table, Kind: RelRecords, Table: table, Desc: c.table(table, at)}
	if r.Desc != nil && r.Desc.Edge {
		r.Kind = RelEdges
	}
	return r
}

func (c *checker) tableSource(q *Query, table string, as *ast.Name, at ops.Span) {
	if o := c.viewNamed(table); o != nil {
		c.viewSource(q, o, as, at)
		return
	}
	r := c.relation(c.records(table, at), as, at)
	q.From = append(q.From, &TableSource{Rel: r, Span: at})
}

func (c *checker) rangeSource(q *Query, e *ast.RecordRange, as *ast.Name) {
	s := &RangeSource{Inclusive: e.Inclusive, Span: e.Span}
	if e.Lo != nil {
		s.Lo = c.expr(e.Lo)
	}
	if e.Hi != nil {
		s.Hi = c.expr(e.Hi)
	}
	s.Rel = c.relation(c.records(e.Table.Text, e.Table.Span), as, e.Span)
	q.From = append(q.From, s)
}

// listSource: a list of record ids is those records, any other list its elements.
func (c *checker) listSource(q *Query, e *ast.List, as *ast.Name) {
	table, records := "", len(e.Items) > 0
	for i, x := range e.Items {
		r, ok := x.(*ast.RecordExpr)
		if !ok {
			records = false
			break
		}
		if i == 0 {
			table = r.Table.Text
		}
		if r.Table.Text != table {
			table = ""
		}
	}
	x := c.expr(e)
	if !records {
		c.itemSource(q, x, as, e.Span)
		return
	}
	r := &Relation{Kind: RelRecords}
	if table != "" {
		r = c.records(table, e.Span)
	}
	q.From = append(q.From, &KeySource{Rel: c.relation(r, as, e.Span), Key: x, List: true, Span: e.Span})
}

func (c *checker) itemSource(q *Query, x Expr, as *ast.Name, at ops.Span) {
	t := ops.Any
	if s, ok := x.(*Sequence); ok && len(s.Items) > 0 {
		t = s.Items[0].At().Type
		for _, i := range s.Items[1:] {
			t = union(t, i.At().Type)
		}
	}
	if e := x.At().Type.Elem; e != nil {
		t = *e
	}
	r := c.relation(&Relation{Kind: RelValues, Type: t}, as, at)
	q.From = append(q.From, &ItemSource{Rel: r, X: x, Span: at})
}

// aliasedSource is `(source AS name WHERE c)`.
func (c *checker) aliasedSource(q *Query, e *ast.Aliased, as *ast.Name) {
	if as == nil {
		as = e.As
	}
	c.source(q, e.X, as)
	if main := c.mainRelation(q); e.Where != nil && main != nil {
		old := c.scope.main
		c.scope.main = main
		c.where(q, e.Where)
		c.scope.main = old
	}
}
