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
	from := c.start(q, p)
	for i := range p.Hops {
		if from == nil {
			return
		}
		from = c.hop(q, from, &p.Hops[i])
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
			return c.startAt(q, idOf(r, at), &Relation{Name: x.Name, Kind: RelRecords, Table: r.Table, Desc: r.Desc}, nil, at)
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
	case *ast.RecordRange:
	default:
		c.unsupported(at, "a pattern that starts at "+c.text(at))
		return nil
	}
	c.source(q, e, as)
	return idOf(c.mainRelation(q), at)
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

func (c *checker) startList(q *Query, e *ast.List, as *ast.Name) Expr {
	for _, x := range e.Items {
		if r, ok := x.(*ast.RecordExpr); ok {
			if _, all := r.Key.(*ast.Wild); !all {
				continue
			}
		}
		c.unsupported(x.Pos(), "a pattern that starts at a list of anything but records")
		return nil
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

// pathObject is `path` in a query over a pattern: the vertices and edges that a row has come by. It is nil where the source
// is no pattern.
func pathObject(q *Query, at ops.Span) Expr {
	list := Info{at, ops.TypeOf(ops.KindList)}
	vertices, edges := &Sequence{Info: list}, &Sequence{Info: list}
	for _, s := range q.From {
		h, ok := s.(*HopSource)
		if !ok {
			continue
		}
		if len(edges.Items) == 0 {
			vertices.Items = append(vertices.Items, h.From)
		}
		vertices.Items, edges.Items = append(vertices.Items, idOf(h.Vertex, at)), append(edges.Items, idOf(h.Edge, at))
	}
	if len(edges.Items) == 0 {
		return nil
	}
	return &Object{Info: Info{at, ops.TypeOf(ops.KindObject)}, Names: []string{"vertices", "edges", "length"},
		Values: []Expr{vertices, edges, constant(ops.Int(int64(len(edges.Items))), at)}}
}

// ---- hops

// hop adds the sources of one hop and returns the vertex it leads to. `[n]` is written out: n vertices lie between.
func (c *checker) hop(q *Query, from Expr, h *ast.Hop) Expr {
	direction, ok := direction(h)
	if !ok {
		c.unsupported(h.Span, "a hop with the arrows "+c.arrows(h))
		return nil
	}
	e, times := c.edgePart(h)
	if e == nil {
		return nil
	}
	for ; times > 1; times-- {
		s := c.hopSource(q, from, direction, e)
		c.relation(s.Vertex, nil, h.Span)
		from = idOf(s.Vertex, h.Span)
	}
	s := c.hopSource(q, from, direction, e)
	return c.endVertex(q, s, h.Vertex, nil)
}

func direction(h *ast.Hop) (vm.Direction, bool) {
	switch {
	case h.Left == ast.ArrowOut && h.Right == ast.ArrowOut:
		return vm.Out, true
	case h.Left == ast.ArrowIn && h.Right == ast.ArrowIn:
		return vm.In, true
	case h.Left == ast.ArrowBoth && h.Right == ast.ArrowBoth:
		return vm.Both, true
	}
	return 0, false
}

func (c *checker) arrows(h *ast.Hop) string {
	signs := map[ast.Arrow]string{ast.ArrowOut: "->", ast.ArrowIn: "<-", ast.ArrowBoth: "<->", ast.ArrowOut2: "->>", ast.ArrowIn2: "<<-"}
	return signs[h.Left] + " and " + signs[h.Right]
}

// edgePart is what one hop may go over.
type edgePart struct {
	x     ast.Expr // Ident, RecordExpr or Wild
	as    *ast.Name
	where ast.Expr
}

// edgePart takes the middle of a hop apart and says how many hops it stands for.
func (c *checker) edgePart(h *ast.Hop) (*edgePart, int64) {
	p := &edgePart{}
	edges, hops, optional := h.Edges, ast.Expr(nil), false
	if g, ok := edges.(*ast.EdgeGroup); ok {
		p.as, p.where, hops, optional, edges = g.As, g.Where, g.Hops, g.Optional, g.X
	}
	t, ok := edges.(*ast.EdgeTable)
	if !ok {
		c.unsupported(edges.Pos(), "AND, OR and NOT of edges")
		return nil, 0
	}
	if hops == nil {
		hops = t.Hops
	}
	if optional || t.Optional {
		c.unsupported(edges.Pos(), "an optional hop")
		return nil, 0
	}
	p.x = t.X
	times := c.hopCount(hops)
	if times > 1 && p.as != nil {
		c.unsupported(p.as.Span, "an alias of an edge that stands for several hops")
	}
	return p, times
}

// maxHops bounds `[n]`, which is written out.
const maxHops = 64

// hopCount is how many edges `[n]` stands for; none written is one.
func (c *checker) hopCount(e ast.Expr) int64 {
	switch x := e.(type) {
	case nil:
		return 1
	case *ast.Literal:
		if n := x.Value; n.Kind() == ops.KindInt && n.AsInt() >= 0 && n.AsInt() < maxHops {
			return n.AsInt() + 1
		}
	}
	c.unsupported(e.Pos(), "a number of hops that varies or is over 63")
	return 1
}

func (c *checker) hopSource(q *Query, from Expr, direction vm.Direction, p *edgePart) *HopSource {
	s := &HopSource{From: from, Direction: direction, Span: p.x.Pos(), Edge: &Relation{Kind: RelEdges}, Vertex: &Relation{Kind: RelRecords}}
	switch x := p.x.(type) {
	case *ast.Ident:
		c.edgeTable(s, x.Name, x.Span)
	case *ast.RecordExpr:
		c.edgeTable(s, x.Table.Text, x.Table.Span)
		s.EdgeKey = c.expr(x)
	case *ast.Wild:
	default:
		c.unsupported(p.x.Pos(), "a range of edges")
	}
	c.relation(s.Edge, p.as, s.Span)
	q.From = append(q.From, s)
	if p.where != nil {
		old := c.scope.main
		c.scope.main = s.Edge
		s.Where = append(s.Where, c.condition(p.where))
		c.scope.main = old
	}
	return s
}

func (c *checker) edgeTable(s *HopSource, name string, at ops.Span) {
	t := c.table(name, at)
	if t != nil && !t.Edge {
		c.fail(ops.Errorf(ops.CodeType, "%s is a table of records, not of edges", name).WithHint("the middle of a hop is an edge table"), at)
	}
	s.EdgeTable, s.Edge.Name, s.Edge.Table, s.Edge.Desc = name, name, name, t
}

// endVertex resolves the vertex that a hop leads to.
func (c *checker) endVertex(q *Query, s *HopSource, e ast.Expr, as *ast.Name) Expr {
	at := e.Pos()
	switch x := e.(type) {
	case *ast.Wild:
	case *ast.Ident:
		if r := c.alias(x.Name); r != nil && r.IsRecord() && r.Alias {
			s.Bound = idOf(r, at)
			break
		}
		c.vertexTable(s, x.Name, at)
	case *ast.RecordExpr:
		c.vertexTable(s, x.Table.Text, x.Table.Span)
		if _, all := x.Key.(*ast.Wild); !all {
			s.Bound = c.expr(x)
			s.Tables = nil
		}
	case *ast.Variable:
		s.Bound = c.expr(x)
	case *ast.List:
		c.vertexList(s, x)
	case *ast.Aliased:
		if as == nil {
			as = x.As
		}
		end := c.endVertex(q, s, x.X, as)
		c.vertexCondition(s, x.Where)
		return end
	default:
		c.unsupported(at, "a vertex like "+c.text(at))
	}
	c.relation(s.Vertex, as, at)
	return idOf(s.Vertex, at)
}

func (c *checker) vertexTable(s *HopSource, name string, at ops.Span) {
	s.Tables = []string{name}
	s.Vertex.Name, s.Vertex.Table, s.Vertex.Desc = name, name, c.table(name, at)
}

// vertexList is `[game, toy]`: a vertex of any of the tables.
func (c *checker) vertexList(s *HopSource, e *ast.List) {
	for _, x := range e.Items {
		id, ok := x.(*ast.Ident)
		if !ok {
			c.unsupported(x.Pos(), "a vertex that is a list of anything but tables")
			return
		}
		c.table(id.Name, id.Span)
		s.Tables = append(s.Tables, id.Name)
	}
}

func (c *checker) vertexCondition(s *HopSource, e ast.Expr) {
	if e == nil {
		return
	}
	old := c.scope.main
	c.scope.main = s.Vertex
	s.Where = append(s.Where, c.condition(e))
	c.scope.main = old
}
