package sema

import (
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// SetKind is how the rows of several queries are put together.
type SetKind uint8

const (
	SetUnion     SetKind = iota // all of them, or with All unset each once
	SetIntersect                // those of the first that all others have, each once
	SetExcept                   // those of the first that no other has, each once
)

func (k SetKind) String() string { return [...]string{"union", "intersect", "except"}[k] }

// SetSource is the rows of several queries of one form, put together. Rel is the result: its columns have the names of the first.
type SetSource struct {
	Rel   *Relation
	Kind  SetKind
	All   bool
	Parts []*Query
	Span  ops.Span
}

func (s *SetSource) rels() []*Relation { return []*Relation{s.Rel} }

func (s *SetSource) exprs() []Expr { return nil }

// rowsQuery resolves a SELECT or a set operation.
func (c *checker) rowsQuery(e ast.Expr) *Query {
	switch e := e.(type) {
	case *ast.Select:
		return c.query(e)
	case *ast.SetOp:
		return c.setOp(e)
	}
	// A bare source is SELECT * FROM it.
	at := ast.At{Span: e.Pos()}
	return c.query(&ast.Select{At: at, Items: []ast.SelectItem{{At: at, X: &ast.Wild{At: at}}}, From: []ast.Source{{At: at, X: e}}})
}

// setOp resolves UNION, INTERSECT and EXCEPT. What orders and cuts the whole is a query of its own around them.
func (c *checker) setOp(e *ast.SetOp) *Query {
	if e.All && e.Kind != ast.Union {
		c.fail(ops.Errorf(ops.CodeSyntax, "ALL belongs to UNION").WithHint("INTERSECT and EXCEPT give each row once"), e.Right.Pos())
	}
	errs := len(c.errs)
	s := &SetSource{Kind: map[ast.SetOpKind]SetKind{ast.Intersect: SetIntersect, ast.Except: SetExcept}[e.Kind], All: e.All, Span: e.Span}
	for _, x := range flattened(e, nil) {
		q := c.rowsQuery(x)
		s.Parts = append(s.Parts, q)
		if len(q.Items) > 0 {
			c.conform(q, s.Parts[0], x.Pos())
		}
	}
	q := &Query{Span: e.Span}
	c.push(q)
	defer c.pop()
	if len(c.errs) > errs {
		return q // its columns cannot be known
	}
	s.Rel = c.relation(&Relation{Kind: RelRows, Query: rowsLike(s.Parts)}, nil, e.Span)
	q.From = []Source{s}
	q.selectAll(s.Rel)
	p := e.Page
	if p.OrderBy == nil && p.Start == nil && p.Limit == nil && p.After == nil && p.Version == nil {
		return q
	}
	return c.pageOf(q, e)
}

// pageOf is the query that orders and cuts the rows of a set operation.
func (c *checker) pageOf(set *Query, e *ast.SetOp) *Query {
	outer := c.scope
	c.scope = outer.outer // beside the operation, not inside it
	defer func() { c.scope = outer }()
	q := &Query{Span: e.Span}
	c.push(q)
	defer c.pop()
	r := c.relation(&Relation{Kind: RelRows, Query: set}, nil, e.Span)
	q.From = []Source{&QuerySource{Rel: r, Query: set, Span: e.Span}}
	q.selectAll(r)
	c.scope.main = r
	c.paging(q, e, &e.Page)
	return q
}

// flattened lists the operands of a set operation and of those inside it that are the same operation: `a UNION b UNION c` is one
// of three parts.
func flattened(e *ast.SetOp, parts []ast.Expr) []ast.Expr {
	parts = operands(e, e.Left, parts)
	if e.Kind == ast.Except { // a EXCEPT (b EXCEPT c) is another set
		return append(parts, e.Right)
	}
	return operands(e, e.Right, parts)
}

func operands(outer *ast.SetOp, x ast.Expr, parts []ast.Expr) []ast.Expr {
	e, ok := x.(*ast.SetOp)
	p := ast.Page{}
	if ok {
		p = e.Page
	}
	if !ok || e.Kind != outer.Kind || outer.All && !e.All || p.OrderBy != nil || p.Start != nil || p.Limit != nil || p.After != nil || p.Version != nil {
		return append(parts, x)
	}
	return flattened(e, parts)
}

// conform gives the rows of a part the form of the first part's.
func (c *checker) conform(q, first *Query, at ops.Span) {
	switch {
	case q == first || len(first.Items) == 0:
	case first.Form == vm.RowColumns && q.Form != vm.RowObject && len(q.Items) == len(first.Items):
		q.Form = vm.RowColumns
	case first.Form == vm.RowColumns && q.Form == vm.RowObject:
		c.fail(ops.Errorf(ops.CodeType, "the columns of * are not known here, the first query has %d", len(first.Items)).WithHint("name the columns"), at)
	case first.Form == vm.RowColumns:
		c.failf(ops.CodeType, at, "the queries have %d and %d columns", len(first.Items), len(q.Items))
	case first.Form == vm.RowValue && q.Form == vm.RowColumns && len(q.Items) == 1:
		q.Form = vm.RowValue
	case first.Form == vm.RowValue && q.Form == vm.RowColumns:
		c.failf(ops.CodeType, at, "the first query gives bare values, this one has %d columns", len(q.Items))
	case q.Form == vm.RowColumns: // objects like those of the first
		q.Items = []Item{{"*", mergeItems(q.Items, at)}}
		q.Form = vm.RowObject
	}
}

// rowsLike stands for a query whose rows may be those of any of the parts.
func rowsLike(parts []*Query) *Query {
	like := &Query{Form: parts[0].Form}
	for i, item := range parts[0].Items {
		t := item.X.At().Type
		for _, p := range parts[1:] {
			t = union(t, p.Items[i].X.At().Type)
		}
		like.Items = append(like.Items, Item{item.Name, &Const{leaf: leaf{Info{Type: t}}}})
	}
	return like
}

// selectAll makes the rows of a relation the query's own.
func (q *Query) selectAll(r *Relation) {
	q.Form = r.Query.Form
	for _, i := range r.Query.Items {
		x := &Column{leaf{Info{q.Span, i.X.At().Type}}, r, []string{i.Name}}
		if q.Form != vm.RowColumns {
			x = wholeOf(r, q.Span)
		}
		q.Items = append(q.Items, Item{i.Name, x})
	}
}
