package sema

import (
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// maxChain bounds the hops of `[n]` that are written out one behind the other; more of them are a walk.
const maxChain = 8

// chainLength returns how many hops `[n]` over one table stands for, where they can be written out.
func (c *checker) chainLength(a *arm) (int64, bool) {
	n, ok := a.walk.hops.(*ast.Literal)
	if !ok || n.Value.Kind() != ops.KindInt || n.Value.AsInt() < 0 || n.Value.AsInt() >= maxChain || len(a.conds) > 0 {
		return 0, false
	}
	if a.as != nil && n.Value.AsInt() > 0 { // it is the list of the edges
		return 0, false
	}
	s := hopShape{}
	steps := c.arms(&s, a.walk.step, vm.Out, a.parts)
	return n.Value.AsInt() + 1, len(steps) == 1 && steps[0].walk == nil && !steps[0].self && len(steps[0].conds) == 0
}

// chain writes `[n]` out: n vertices lie between.
func (c *checker) chain(q *Query, from Expr, h *ast.Hop, a *arm, times int64) Expr {
	way, _, _ := c.directions(h)
	s := hopShape{direction: way}
	s.arms = c.arms(&s, a.walk.step, way, a.parts)
	step := &s.arms[0]
	for ; times > 1; times-- {
		hop := c.edges(from, way, step)
		hop.aside = c.scope.aside > 0
		c.relation(hop.Edge, nil, hop.Span)
		c.edgeConditions(hop, step)
		c.relation(hop.Vertex, nil, h.Span)
		q.From = append(q.From, hop)
		from = idOf(hop.Vertex, h.Span)
	}
	step.as = a.as
	return c.behind(q, c.plainHop(q, from, way, step, func() *endPart { return c.endPart(h) }))
}

// walk resolves `edges[lo..hi]`.
func (c *checker) walk(from Expr, way vm.Direction, a *arm) *WalkSource {
	link := ops.TypeOf(ops.KindRecord)
	list := ops.Type{Kind: ops.KindList, Elem: &link}
	w := &WalkSource{From: from, Span: a.at, At: c.hidden(&Relation{Kind: RelRecords}, a.at),
		Level: c.hidden(&Relation{Kind: RelValues, Type: ops.TypeOf(ops.KindInt)}, a.at),
		Edges: c.hidden(&Relation{Kind: RelValues, Type: list}, a.at), Between: c.hidden(&Relation{Kind: RelValues, Type: list}, a.at)}
	c.bounds(w, a.walk.hops)
	s := &hopShape{direction: way}
	s.arms = c.arms(s, a.walk.step, way, a.parts)
	if s.optional {
		c.failf(ops.CodeSyntax, a.at, "a step of several hops cannot be optional; ? stands behind their number")
	}
	b := &BranchSource{From: idOf(w.At, a.at), Span: a.at, Lists: true, Distinct: overlap(s.arms),
		Edge: c.hidden(&Relation{Kind: RelValues, Type: list}, a.at), Vertex: c.hidden(&Relation{Kind: RelRecords}, a.at),
		Between: c.hidden(&Relation{Kind: RelValues, Type: list}, a.at), Which: c.hidden(&Relation{Kind: RelValues, Type: ops.TypeOf(ops.KindInt)}, a.at)}
	for i := range s.arms {
		b.Ways = append(b.Ways, c.way(b, s, &s.arms[i], nil))
	}
	if len(b.Ways) == 1 {
		w.Step = b.Ways[0]
		return w
	}
	w.Step = Way{Sources: []Source{b}, Edge: wholeOf(b.Edge, a.at), Vertex: idOf(b.Vertex, a.at), Between: wholeOf(b.Between, a.at)}
	return w
}

// bounds resolves how many hops there may be: `[n]` vertices between are n + 1 steps.
func (c *checker) bounds(w *WalkSource, e ast.Expr) {
	at := e.Pos()
	if r, ok := e.(*ast.Range); ok {
		w.Min = c.steps1(r.Lo, at)
		if r.Hi == nil {
			return
		}
		if r.Inclusive {
			w.Max = c.steps1(r.Hi, at)
		} else {
			w.Max = c.hopNumber(r.Hi)
		}
		return
	}
	w.Min = c.steps1(e, at)
	w.Max = w.Min
}

// steps1 is a number of vertices between as a number of steps; nil is 0 vertices.
func (c *checker) steps1(e ast.Expr, at ops.Span) Expr {
	if e == nil {
		return constant(ops.Int(1), at)
	}
	x := c.hopNumber(e)
	if k, ok := x.(*Const); ok && k.Value.Kind() == ops.KindInt {
		return constant(ops.Int(k.Value.AsInt()+1), at)
	}
	return &Binary{Info: Info{at, ops.TypeOf(ops.KindInt)}, Op: opcodes.Add, Left: x, Right: constant(ops.Int(1), at)}
}

// maxHops bounds the numbers in `[a..b]`; it is far beyond what any memory holds.
const maxHops = 1 << 40

// hopNumber resolves a number of hops: an int that is the same for the whole query.
func (c *checker) hopNumber(e ast.Expr) Expr {
	x := c.expr(e)
	if k, ok := x.(*Const); ok {
		if k.Value.Kind() != ops.KindInt || k.Value.AsInt() < 0 || k.Value.AsInt() > maxHops {
			return c.fail(ops.Errorf(ops.CodeNumberOutOfRange, "a number of hops is an int from 0 on, not %s", ops.Format(k.Value)).
				WithHint("[n] is n vertices between, [a..b] from a to less than b, [..] any number"), e.Pos())
		}
		return x
	}
	if !IsScalar(x) {
		return c.failf(ops.CodeType, e.Pos(), "a number of hops is the same for the whole query; it cannot read rows")
	}
	return &Cast{Info: Info{e.Pos(), ops.TypeOf(ops.KindInt)}, X: x, To: ops.TypeOf(ops.KindInt), Check: true}
}
