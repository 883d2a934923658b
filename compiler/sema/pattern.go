package sema

import (
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// patternValue is a pattern in an expression: the list of its end vertices, or whether there is one.
func (c *checker) patternValue(p *ast.Pattern, use SubqueryUse) Expr {
	return c.shared(p.Span, use, func() Expr { return c.followed(p, use) })
}

func (c *checker) followed(p *ast.Pattern, use SubqueryUse) Expr {
	q := &Query{Span: p.Span, Form: vm.RowValue}
	c.push(q)
	defer c.pop()
	c.pattern(q, p)
	end := c.mainRelation(q)
	if end == nil {
		return constant(ops.None, p.Span)
	}
	q.Items = []Item{{"vertex", idOf(end, p.Span)}}
	t := ops.TypeOf(ops.KindList)
	if use == UseExists {
		t = ops.TypeOf(ops.KindBool)
	}
	return &Subquery{Info: Info{p.Span, t}, Query: q, Use: use}
}

// pattern resolves a pattern into its start and a source for each hop.
func (c *checker) pattern(q *Query, p *ast.Pattern) {
	if p.Start != nil && len(p.Hops) > 0 && betweenTables(&p.Hops[0]) {
		c.hops(q, c.startTable(q, p.Start, nil), p.Hops)
		return
	}
	from := c.start(q, p)
	c.hops(q, from, p.Hops)
}

// hops resolves the hops of a pattern from a vertex on; from is nil after an error.
func (c *checker) hops(q *Query, from Expr, hops []ast.Hop) {
	for i := range hops {
		if from == nil {
			return
		}
		from = c.hop(q, from, &hops[i])
	}
}

// start adds the source that a pattern begins with and returns the vertex that its first hop leaves.
func (c *checker) start(q *Query, p *ast.Pattern) Expr {
	if p.Start == nil {
		if outer := c.scope.outer; outer != nil && outer.main != nil && outer.main.IsRecord() {
			return c.startAt(q, idOf(outer.main, p.Span), &Relation{Kind: RelRecords, Table: outer.main.Table, Desc: outer.main.Desc}, nil, p.Span)
		}
		return c.noStart(p.Span)
	}
	return c.startVertex(q, p.Start, nil)
}

func (c *checker) noStart(at ops.Span) Expr {
	c.fail(ops.Errorf(ops.CodeUnknownName, "this pattern begins with an arrow, but there is no record that it could start at").
		WithHint("write the vertex it starts at before the arrow"), at)
	return nil
}

func (c *checker) startVertex(q *Query, e ast.Expr, as *ast.Name) Expr {
	at := e.Pos()
	switch x := e.(type) {
	case *ast.Ident:
		if r := c.alias(x.Name); r != nil && r.IsRecord() && r.Alias && as == nil {
			if q.Owns(r) {
				return idOf(r, at)
			}
			return c.startAt(q, idOf(r, at), &Relation{Name: x.Name, Alias: true, Kind: RelRecords, Table: r.Table, Desc: r.Desc}, nil, at)
		}
		if link := c.outerField(x); link != nil {
			return c.startAt(q, link, &Relation{Name: x.Name, Kind: RelRecords}, as, at)
		}
	case *ast.Field:
		return c.startAt(q, c.expr(x), &Relation{Name: x.Name.Text, Kind: RelRecords}, as, at)
	case *ast.RecordExpr:
		if _, all := x.Key.(*ast.Wild); !all {
			return c.startAt(q, c.expr(x), c.records(x.Table.Text, x.Table.Span), as, at)
		}
	case *ast.Variable:
		return c.startAt(q, c.expr(x), &Relation{Name: x.Name, Kind: RelRecords}, as, at)
	case *ast.List:
		return c.startList(q, x, as)
	case *ast.Aliased:
		if as == nil {
			as = x.As
		}
		start := c.startVertex(q, x.X, as)
		c.partCondition(q, x.Where)
		return start
	case *ast.Pattern:
		return c.startPattern(q, x, as)
	case *ast.RecordRange, *ast.Wild:
	default:
		return c.startAt(q, c.expr(x), &Relation{Kind: RelRecords}, as, at)
	}
	c.source(q, e, as)
	r := c.mainRelation(q)
	if r != nil && r.Kind == RelRows && !r.defines("id") {
		return c.fail(ops.Errorf(ops.CodeType, "view %s has no column id, and a pattern begins at records", r.View).
			WithHint("let the view select id as well"), at)
	}
	return idOf(r, at)
}

// outerField is the field of the outer query's row that a pattern's start names: `WHERE id -> likes -> person`. Any other
// name is a table's; a field that no schema declares is reached through the alias of its row.
func (c *checker) outerField(x *ast.Ident) Expr {
	outer := c.scope.outer
	if outer == nil || outer.main == nil || !outer.main.IsRecord() {
		return nil
	}
	if x.Name != "id" && !outer.main.defines(x.Name) {
		return nil
	}
	return c.member(outer.main, x.Name, x.Span)
}

// startAt begins a pattern at ids that are known: the records themselves are read only where their fields are asked for.
func (c *checker) startAt(q *Query, ids Expr, r *Relation, as *ast.Name, at ops.Span) Expr {
	c.relation(r, as, at)
	q.From = append(q.From, &ItemSource{Rel: r, X: ids, Span: at})
	return idOf(r, at)
}

// startPattern begins at a pattern in brackets, which stands for the vertex that it begins with: `(* -> is_a -> person)` is
// whatever is a person.
func (c *checker) startPattern(q *Query, p *ast.Pattern, as *ast.Name) Expr {
	if p.Start == nil {
		return c.noStart(p.Span)
	}
	from := c.startVertex(q, p.Start, as)
	main := c.mainRelation(q)
	c.scope.aside++
	c.hops(q, from, p.Hops)
	c.scope.aside--
	c.scope.end, c.scope.ended = main, len(q.From)
	return from
}

// startUnion begins a pattern at what a list has, tables among it: `[person, animal:rex]` are all persons and one animal.
func (c *checker) startUnion(q *Query, e *ast.List, as *ast.Name) Expr {
	s := &SetSource{Kind: SetUnion, All: true, Span: e.Span}
	for _, x := range e.Items {
		part := &Query{Span: x.Pos(), Form: vm.RowValue}
		c.push(part)
		if c.startVertex(part, x, nil) != nil {
			part.Items = []Item{{"id", idOf(c.mainRelation(part), x.Pos())}}
			s.Parts = append(s.Parts, part)
		}
		c.pop()
	}
	if len(s.Parts) == 0 {
		return nil
	}
	s.Rel = c.hidden(&Relation{Kind: RelRows, Query: rowsLike(s.Parts)}, e.Span)
	q.From = append(q.From, s)
	return c.startAt(q, wholeOf(s.Rel, e.Span), &Relation{Kind: RelRecords}, as, e.Span)
}

func (c *checker) startList(q *Query, e *ast.List, as *ast.Name) Expr {
	for _, x := range e.Items {
		if r, ok := x.(*ast.RecordExpr); ok {
			if _, all := r.Key.(*ast.Wild); !all {
				continue
			}
		}
		return c.startUnion(q, e, as)
	}
	r := &Relation{Kind: RelRecords}
	if len(e.Items) > 0 {
		first := e.Items[0].(*ast.RecordExpr)
		r = c.records(first.Table.Text, first.Span)
		for _, x := range e.Items[1:] {
			if x.(*ast.RecordExpr).Table.Text != r.Table {
				r = &Relation{Kind: RelRecords}
			}
		}
	}
	return c.startAt(q, c.expr(e), r, as, e.Span)
}

// partCondition is the WHERE of a part of a pattern; bare names in it are of that part.
func (c *checker) partCondition(q *Query, e ast.Expr) {
	if e == nil {
		return
	}
	old := c.scope.main
	c.scope.main = c.mainRelation(q)
	c.where(q, e)
	c.scope.main = old
}
