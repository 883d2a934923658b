package sema

import (
	"strings"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// The edges of a hop are a formula over edge tables. It is taken apart into arms, of which each is a way to go on by itself:
// a OR b has those of both; a AND b goes over the edges of a (the first part that is no NOT) where there is one of b too,
// between the same vertices; NOT a over any edge where there is none of a.

// arm is one way to go on, as it is written.
type arm struct {
	at    ops.Span
	x     ast.Expr  // Ident, RecordExpr or Wild: the edge table
	as    *ast.Name // its own alias
	parts []edgeCondition
	conds []betweenCondition
	self  bool     // staying where one is
	walk  *walkArm // several steps
}

// edgeCondition is the WHERE of an edge part, in which its alias is the edge.
type edgeCondition struct {
	as    *ast.Name
	where ast.Expr
}

// betweenCondition asks whether there is such an edge between the same two vertices, or with not that there is none.
type betweenCondition struct {
	edges ast.EdgeExpr
	way   vm.Direction
	not   bool
}

// walkArm is `edges[lo..hi]`.
type walkArm struct {
	step ast.EdgeExpr
	hops ast.Expr
}

// hopShape is a hop as it is written.
type hopShape struct {
	direction vm.Direction
	arms      []arm
	as        *ast.Name // of all edges in brackets
	optional  bool
}

// shapeOf takes a hop apart.
func (c *checker) shapeOf(h *ast.Hop) (s hopShape, ok bool) {
	var back vm.Direction
	if s.direction, back, ok = c.directions(h); !ok {
		return s, false
	}
	s.arms = c.arms(&s, h.Edges, s.direction, nil)
	if len(s.arms) > 1 {
		if g, is := h.Edges.(*ast.EdgeGroup); is && g.Hops == nil {
			s.as = g.As
		}
	}
	if back != s.direction { // mutual
		for i := range s.arms {
			s.arms[i].conds = append(s.arms[i].conds, betweenCondition{edges: h.Edges, way: back})
		}
	}
	return s, len(s.arms) > 0
}

// directions returns the way of a hop, and the way of the edges that must be there as well: another one in a mutual hop.
func (c *checker) directions(h *ast.Hop) (there, back vm.Direction, ok bool) {
	left, right := arrowWays[h.Left], arrowWays[h.Right]
	if (h.Left >= ast.ArrowOut2) != (h.Right >= ast.ArrowOut2) || left != right && (left == vm.Both || right == vm.Both) {
		c.fail(ops.Errorf(ops.CodeSyntax, "the arrows %s do not make a hop", c.arrows(h)).
			WithHint("-> e -> follows edges, <- e <- follows them backwards, <-> e <-> either way, -> e <- is for edges both ways, ->> e ->> for tables"), h.Span)
		return 0, 0, false
	}
	return left, right, true
}

var arrowWays = map[ast.Arrow]vm.Direction{ast.ArrowOut: vm.Out, ast.ArrowIn: vm.In, ast.ArrowBoth: vm.Both, ast.ArrowOut2: vm.Out, ast.ArrowIn2: vm.In}

// betweenTables reports whether a hop is one of ->>, which relate tables and not their records.
func betweenTables(h *ast.Hop) bool { return h.Left >= ast.ArrowOut2 }

func (c *checker) arrows(h *ast.Hop) string {
	signs := map[ast.Arrow]string{ast.ArrowOut: "->", ast.ArrowIn: "<-", ast.ArrowBoth: "<->", ast.ArrowOut2: "->>", ast.ArrowIn2: "<<-"}
	return signs[h.Left] + " and " + signs[h.Right]
}

// arms are the ways that edges stand for; parts are the brackets around them.
func (c *checker) arms(s *hopShape, e ast.EdgeExpr, way vm.Direction, parts []edgeCondition) []arm {
	switch e := e.(type) {
	case *ast.EdgeTable:
		s.optional = s.optional || e.Optional
		return c.tableArm(e, parts)
	case *ast.EdgeGroup:
		s.optional = s.optional || e.Optional
		if e.Hops != nil {
			step := *e
			step.Hops, step.Optional = nil, false
			return []arm{{at: e.Span, as: e.As, parts: parts, walk: &walkArm{&step, e.Hops}}}
		}
		arms := c.arms(s, e.X, way, append(parts[:len(parts):len(parts)], edgeCondition{e.As, e.Where}))
		if len(arms) == 1 && arms[0].as == nil {
			arms[0].as = e.As
		}
		return arms
	case *ast.EdgeNot:
		return []arm{{at: e.Span, x: &ast.Wild{At: e.At}, parts: parts, conds: []betweenCondition{{e.X, way, true}}}}
	case *ast.EdgeBool:
		if e.Or {
			return append(c.arms(s, e.Left, way, parts), c.arms(s, e.Right, way, parts)...)
		}
		return c.bothArms(s, e, way, parts)
	}
	return nil
}

func (c *checker) tableArm(e *ast.EdgeTable, parts []edgeCondition) []arm {
	if e.Hops != nil {
		step := *e
		step.Hops, step.Optional = nil, false
		return []arm{{at: e.Span, parts: parts, walk: &walkArm{&step, e.Hops}}}
	}
	id, ok := e.X.(*ast.Ident)
	return []arm{{at: e.Span, x: e.X, parts: parts, self: ok && strings.EqualFold(id.Name, "self")}}
}

// bothArms are those of a AND b.
func (c *checker) bothArms(s *hopShape, e *ast.EdgeBool, way vm.Direction, parts []edgeCondition) []arm {
	operands := conjunction(e, nil)
	main := -1
	conds := make([]betweenCondition, 0, len(operands))
	for i, x := range operands {
		if not, ok := x.(*ast.EdgeNot); ok {
			conds = append(conds, betweenCondition{not.X, way, true})
		} else if main < 0 {
			main = i
		} else {
			conds = append(conds, betweenCondition{x, way, false})
		}
	}
	arms := []arm{{at: e.Span, x: &ast.Wild{At: e.At}, parts: parts}}
	if main >= 0 {
		arms = c.arms(s, operands[main], way, parts)
	}
	for i := range arms {
		arms[i].conds = append(arms[i].conds, conds...)
	}
	return arms
}

// conjunction lists what ANDs join.
func conjunction(e ast.EdgeExpr, list []ast.EdgeExpr) []ast.EdgeExpr {
	if b, ok := e.(*ast.EdgeBool); ok && !b.Or {
		return conjunction(b.Right, conjunction(b.Left, list))
	}
	return append(list, e)
}

// ---- ways

// hop adds the sources of one hop and returns the vertex it leads to.
func (c *checker) hop(q *Query, from Expr, h *ast.Hop) Expr {
	s, ok := c.shapeOf(h)
	if !ok {
		return nil
	}
	if a := &s.arms[0]; len(s.arms) == 1 && !s.optional && a.walk != nil {
		if n, ok := c.chainLength(a); ok {
			return c.chain(q, from, h, a, n)
		}
	}
	end := func() *endPart { return c.endPart(h) }
	return c.behind(q, c.hopTo(q, from, &s, end, h.Edges.Pos()))
}

// hopTo adds the source of one hop; end resolves its vertex part, of which the names come after those of its edges.
func (c *checker) hopTo(q *Query, from Expr, s *hopShape, end func() *endPart, at ops.Span) *endPart {
	if a := &s.arms[0]; len(s.arms) == 1 && !s.optional && !a.self && a.walk == nil {
		return c.plainHop(q, from, s.direction, a, end)
	}
	return c.branch(q, from, s, end(), at)
}

// plainHop is a hop over the edges of one table.
func (c *checker) plainHop(q *Query, from Expr, way vm.Direction, a *arm, part func() *endPart) *endPart {
	hop := c.edges(from, way, a)
	hop.aside = c.scope.aside > 0
	c.relation(hop.Edge, a.as, hop.Span)
	q.From = append(q.From, hop)
	c.edgeConditions(hop, a)
	end := part()
	hop.Vertex = end.rel
	c.relation(end.rel, end.as, end.at)
	hop.Bound, hop.Tables = end.bound, end.tables
	hop.Where = append(hop.Where, c.between(from, hop.Vertex, a)...)
	hop.Where = append(hop.Where, c.endConditions(end, end.rel)...)
	return end
}

// edges is a hop over the edges of an arm's table.
func (c *checker) edges(from Expr, way vm.Direction, a *arm) *HopSource {
	s := &HopSource{From: from, Direction: way, Span: a.x.Pos(), Edge: &Relation{Kind: RelEdges}, Vertex: &Relation{Kind: RelRecords}}
	switch x := a.x.(type) {
	case *ast.Ident:
		c.edgeTable(s, x.Name, x.Span)
	case *ast.RecordExpr:
		c.edgeTable(s, x.Table.Text, x.Table.Span)
		if _, all := x.Key.(*ast.Wild); !all {
			s.EdgeKey = c.expr(x)
		}
	case *ast.RecordRange:
		c.edgeTable(s, x.Table.Text, x.Table.Span)
		s.Where = c.inRange(s.Edge, x)
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

// inRange are the conditions that a range of keys puts on records of a relation.
func (c *checker) inRange(r *Relation, e *ast.RecordRange) (conds []Expr) {
	bound := func(key ast.Expr, op uint16) {
		if key == nil {
			return
		}
		x := c.expr(&ast.RecordExpr{At: e.At, Table: e.Table, Key: key})
		conds = append(conds, &Binary{Info: Info{e.Span, ops.TypeOf(ops.KindBool)}, Op: op, Left: idOf(r, e.Span), Right: x})
	}
	bound(e.Lo, opcodes.Ge)
	if e.Inclusive {
		bound(e.Hi, opcodes.Le)
	} else {
		bound(e.Hi, opcodes.Lt)
	}
	return conds
}

// edgeConditions resolves what the brackets around an arm ask of its edge.
func (c *checker) edgeConditions(s *HopSource, a *arm) {
	for _, p := range a.parts {
		if p.where != nil {
			s.Where = append(s.Where, c.conditionOn(p.where, s.Edge, p.as, a.as))
		}
	}
}

// conditionOn resolves a condition in which bare names are of r, and so are the aliases.
func (c *checker) conditionOn(e ast.Expr, r *Relation, aliases ...*ast.Name) Expr {
	s := c.scope
	main, stand := s.main, s.stand
	s.main = r
	s.stand = map[string]*Relation{}
	for name, x := range stand {
		s.stand[name] = x
	}
	for _, as := range aliases {
		if as != nil {
			s.stand[as.Text] = r
		}
	}
	if r.Table != "" && s.stand[r.Table] == nil && s.find(r.Table) == nil {
		s.stand[r.Table] = r
	}
	x := c.condition(e)
	s.main, s.stand = main, stand
	return x
}

// between resolves what an arm asks of other edges between two vertices.
func (c *checker) between(from Expr, to *Relation, a *arm) (conds []Expr) {
	for _, b := range a.conds {
		conds = append(conds, c.related(from, idOf(to, a.at), b, a.at))
	}
	return conds
}

// related is whether edges lead from one vertex to another.
func (c *checker) related(from, to Expr, b betweenCondition, at ops.Span) Expr {
	errs := len(c.errs)
	q := &Query{Span: at, Form: vm.RowValue}
	c.push(q)
	defer c.pop()
	start := c.startAt(q, from, &Relation{Kind: RelRecords}, nil, at)
	s := &hopShape{direction: b.way}
	s.arms = c.arms(s, b.edges, b.way, nil)
	s.optional = false
	c.hopTo(q, start, s, func() *endPart { return &endPart{rel: &Relation{Kind: RelRecords}, bound: to, at: at} }, at)
	q.Items = []Item{{"exists", constant(ops.Bool(true), at)}}
	exists := &Subquery{Info: Info{at, ops.TypeOf(ops.KindBool)}, Query: q, Use: UseExists}
	if len(c.errs) == errs && !hasWalk(s.arms) {
		exists.Pair = c.pair(from, to, s, at)
	}
	var x Expr = exists
	if b.not {
		x = &Unary{Info: Info{at, ops.TypeOf(ops.KindBool)}, Op: opcodes.Not, X: x}
	}
	return x
}

// pair resolves the ways of a condition once more, for the query around it, where they are followed for many rows at once.
func (c *checker) pair(from, to Expr, s *hopShape, at ops.Span) *Pair {
	inner := c.scope
	c.scope = inner.outer
	defer func() { c.scope = inner }()
	b := &BranchSource{From: from, Span: at}
	for i := range s.arms {
		b.Ways = append(b.Ways, c.way(b, s, &s.arms[i], nil))
	}
	return &Pair{From: from, To: to, Ways: b.Ways}
}

// ---- several ways

// branch adds a hop of several ways, or one that is optional.
func (c *checker) branch(q *Query, from Expr, s *hopShape, end *endPart, at ops.Span) *endPart {
	b := &BranchSource{From: from, Optional: s.optional, Span: at, Lists: hasWalk(s.arms), aside: c.scope.aside > 0,
		Vertex: end.rel, Between: &Relation{Kind: RelValues}, Which: &Relation{Kind: RelValues, Type: ops.TypeOf(ops.KindInt)}}
	c.hidden(b.Between, at)
	c.hidden(b.Which, at)
	b.Edge = c.edgeOf(b, s)
	end.rel.Optional = end.rel.Optional || s.optional
	for i := range s.arms {
		b.Ways = append(b.Ways, c.way(b, s, &s.arms[i], end))
	}
	b.Distinct = overlap(s.arms)
	c.relation(b.Vertex, end.as, end.at)
	if !s.optional {
		b.Where = c.endTests(end, end.rel)
	}
	q.From = append(q.From, b)
	return end
}

// hidden makes r a relation of the query that no name stands for.
func (c *checker) hidden(r *Relation, at ops.Span) *Relation {
	r.query, r.Span = c.scope.query.number, at
	return r
}

func hasWalk(arms []arm) bool {
	for i := range arms {
		if arms[i].walk != nil {
			return true
		}
	}
	return false
}

// overlap reports whether two arms may go over the same edges.
func overlap(arms []arm) bool {
	seen := map[string]bool{}
	for i := range arms {
		a := &arms[i]
		if a.self { // over none
			if seen["self"] {
				return true
			}
			seen["self"] = true
			continue
		}
		names := map[string]bool{}
		if a.walk != nil {
			tablesOf(a.walk.step, names)
		} else {
			names[a.name()] = true
		}
		for name := range names {
			if seen[name] || len(seen) > 0 && name == "" || seen[""] {
				return true
			}
		}
		for name := range names {
			seen[name] = true
		}
	}
	return false
}

// tablesOf notes the tables that edges may be of; "" is any.
func tablesOf(e ast.EdgeExpr, names map[string]bool) {
	switch e := e.(type) {
	case *ast.EdgeTable:
		a := arm{x: e.X}
		names[a.name()] = true
	case *ast.EdgeGroup:
		tablesOf(e.X, names)
	case *ast.EdgeNot:
		names[""] = true
	case *ast.EdgeBool:
		tablesOf(e.Left, names)
		tablesOf(e.Right, names)
	}
}

// edgeOf makes the relation of a branch's edges and names it: by the alias of the brackets around them, of the only arm, or by
// its table. Of several arms without a common alias each name stands for the edge where it came by that arm.
func (c *checker) edgeOf(b *BranchSource, s *hopShape) *Relation {
	r := &Relation{Kind: RelEdges, Optional: s.optional}
	link := ops.TypeOf(ops.KindRecord)
	if b.Lists {
		r.Kind, r.Type = RelValues, ops.Type{Kind: ops.KindList, Elem: &link, Optional: s.optional}
	}
	if len(s.arms) == 1 || s.as != nil {
		as := s.as
		if as == nil {
			as = s.arms[0].as
			c.nameArm(r, &s.arms[0])
		}
		return c.relation(r, as, b.Span)
	}
	for i := range s.arms {
		r.Optional = r.Optional || s.arms[i].self
	}
	c.hidden(r, b.Span)
	for i := range s.arms {
		c.nameView(b, r, i, &s.arms[i])
	}
	return r
}

// nameArm names a relation by the table of an arm.
func (c *checker) nameArm(r *Relation, a *arm) {
	r.Name = a.name()
	if r.Kind == RelEdges && r.Name != "" && c.catalog != nil {
		r.Table, r.Desc = r.Name, c.catalog.Table(r.Name)
	}
}

func (a *arm) name() string {
	switch {
	case a.walk != nil:
		if t, ok := a.walk.step.(*ast.EdgeTable); ok {
			if id, ok := t.X.(*ast.Ident); ok {
				return id.Name
			}
		}
	case a.self:
	default:
		switch x := a.x.(type) {
		case *ast.Ident:
			return x.Name
		case *ast.RecordExpr:
			return x.Table.Text
		}
	}
	return ""
}

// nameView lets the name of one of several arms stand for the edge where it came by that arm.
func (c *checker) nameView(b *BranchSource, r *Relation, i int, a *arm) {
	name := a.name()
	if a.as != nil {
		name = a.as.Text
		if c.scope.find(name) != nil || c.scope.views[name] != nil {
			c.failf(ops.CodeAlreadyExists, a.as.Span, "the alias %s stands for another part of this query", name)
		}
	}
	if name == "" {
		return
	}
	name = distinctName(name, func(name string) bool { return c.scope.find(name) != nil || c.scope.views[name] != nil })
	if c.scope.views == nil {
		c.scope.views = map[string]Expr{}
	}
	is := &Binary{Info: Info{a.at, ops.TypeOf(ops.KindBool)}, Op: opcodes.Eq, Left: wholeOf(b.Which, a.at), Right: constant(ops.Int(int64(i)), a.at)}
	c.scope.views[name] = &If{Info: Info{a.at, ops.Type{Kind: rowOf(r, a.at).At().Type.Kind, Optional: true}}, Cond: is, Then: rowOf(r, a.at), Else: constant(ops.None, a.at)}
}

// way resolves one arm of a branch.
func (c *checker) way(b *BranchSource, s *hopShape, a *arm, end *endPart) Way {
	var w Way
	var vertex *Relation
	switch {
	case a.walk != nil:
		walk := c.walk(b.From, s.direction, a)
		vertex = walk.At
		w.Sources = []Source{walk}
		w.Edge, w.Between = wholeOf(walk.Edges, a.at), wholeOf(walk.Between, a.at)
	case a.self:
		vertex = c.hidden(&Relation{Kind: RelRecords}, a.at)
		w.Sources = []Source{&ItemSource{Rel: vertex, X: b.From, Span: a.at}}
		w.Edge, w.Between = constant(ops.None, a.at), constant(ops.None, a.at)
		if b.Lists {
			w.Edge, w.Between = listOf(a.at), listOf(a.at)
		}
	default:
		hop := c.edges(b.From, s.direction, a)
		vertex = c.hidden(hop.Vertex, a.at)
		c.hidden(hop.Edge, a.at)
		c.edgeConditions(hop, a)
		w.Sources = []Source{hop}
		w.Edge, w.Between = idOf(hop.Edge, a.at), listOf(a.at, idOf(vertex, a.at))
		if b.Lists {
			w.Edge = listOf(a.at, idOf(hop.Edge, a.at))
		}
	}
	w.Vertex = idOf(vertex, a.at)
	w.Where = c.between(b.From, vertex, a)
	if b.Optional {
		vertex.Table, vertex.Desc = end.rel.Table, end.rel.Desc
		w.Where = append(w.Where, c.endTests(end, vertex)...)
	}
	return w
}

func listOf(at ops.Span, items ...Expr) Expr {
	return &Sequence{Info: Info{at, ops.TypeOf(ops.KindList)}, Items: items}
}
