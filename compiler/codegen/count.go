package codegen

import (
	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

var reverse = map[vm.Direction]vm.Direction{vm.Out: vm.In, vm.In: vm.Out}

// pathCounts writes two loops: over the vertices that the first hop leads to, of which each counts its edges times the paths that lead
// on from it, and over the vertices that the first hop leaves without being records of the start's table, whose paths are taken off.
func (g *gen) pathCounts(s *plan.PathCounts, consume func()) {
	first := s.Hops[0]
	var on, starts uint16
	g.once(func() {
		on = g.onward(s.Hops[1:])
		starts = g.builder(vm.Builder{Kind: vm.BuildSet, Columns: 1})
		g.emit(opcodes.New, starts, 0, 0)
		c := g.cursor(0)
		id := sema.IDOf(s.Start.Rel, ops.Span{})
		a := vm.Access{Kind: vm.AccessTable, Table: g.table(s.Start.Rel.Table, s.Start.Rel.Desc), Columns: []vm.Column{{Kind: vm.ColumnID}}}
		g.emit(opcodes.OpenTable, uint16(c), g.access(a), 0)
		g.loop(c, []column{{id, 0}}, func() { g.put(starts, []sema.Expr{id}) })
	})
	n := sema.WholeOf(s.N, ops.Span{})
	outer := g.frame
	g.frame = &frame{cursor: scalars}
	defer func() { g.frame = outer }()
	g.degrees(first, reverse[first.Direction], func(vertex, edges uint16) {
		weight := g.weigh(on, vertex)
		d := g.result(none, ops.KindInt, edges, weight)
		g.emit(opcodes.Mul, d, edges, weight)
		g.frame.keep(n, d)
		consume()
	})
	g.degrees(first, first.Direction, func(vertex, _ uint16) {
		found := g.result(none, ops.KindBool, vertex)
		g.emit(opcodes.Has, found, starts, vertex)
		missing := g.result(none, ops.KindBool, found)
		g.emit(opcodes.Not, missing, found, 0)
		g.emit(opcodes.Filter, uint16(g.frame.cursor), missing, 0)
		g.unlessEmpty()
		g.farVertices(first, vertex, func(far uint16) {
			weight := g.weigh(on, far)
			d := g.result(none, ops.KindInt, weight)
			g.emit(opcodes.Neg, d, weight, 0)
			g.frame.keep(n, d)
			consume()
		})
	})
}

// onward fills a tally of how many paths over the hops lead on from each vertex.
func (g *gen) onward(hops []*plan.Expand) uint16 {
	var next uint16
	if len(hops) > 1 {
		next = g.onward(hops[1:])
	}
	b := g.builder(vm.Builder{Kind: vm.BuildTally, Columns: 2})
	g.emit(opcodes.New, b, 0, 0)
	hop := hops[0]
	g.degrees(hop, hop.Direction, func(vertex, edges uint16) {
		if len(hops) == 1 {
			g.emit(opcodes.Put, b, g.inARow(vertex, edges), uint16(g.frame.cursor)+1)
			return
		}
		g.farVertices(hop, vertex, func(far uint16) {
			near := g.declare(none, vm.Register{Vector: true, Batch: uint16(g.frame.cursor), Kind: ops.KindRecord})
			g.emit(opcodes.Gather, near, vertex, uint16(g.frame.cursor))
			g.emit(opcodes.Put, b, g.inARow(near, g.weigh(next, far)), uint16(g.frame.cursor)+1)
		})
	})
	return b
}

// inARow is two registers as neighbours.
func (g *gen) inARow(a, b uint16) uint16 {
	if b == a+1 {
		return a
	}
	base := g.newRegs(2)
	for i, r := range []uint16{a, b} {
		g.result(int(base)+i, g.regs[r].Kind, r)
		g.emit(opcodes.Move, base+uint16(i), r, 0)
	}
	return base
}

func (g *gen) weigh(tally, vertex uint16) uint16 {
	d := g.result(none, ops.KindInt, vertex)
	g.emit(opcodes.Weigh, d, tally, vertex)
	return d
}

// degrees loops over the vertices of a hop's edge table, with the number of their edges.
func (g *gen) degrees(hop *plan.Expand, way vm.Direction, consume func(vertex, edges uint16)) {
	a := vm.Access{Kind: vm.AccessEdges, Table: g.table(hop.Table, hop.Edge.Desc), Direction: way, Columns: []vm.Column{{Kind: vm.ColumnVertex}}}
	c := g.cursor(0)
	g.open(hop.Edge, opcodes.OpenDegrees, c, g.access(a), 0)
	g.loop(c, nil, func() {
		base := g.newRegs(2)
		for i, kind := range []ops.Kind{ops.KindRecord, ops.KindInt} {
			r := g.declare(int(base)+i, vm.Register{Vector: true, Batch: uint16(c), Kind: kind})
			g.emit(opcodes.Column, r, uint16(c), uint16(i))
		}
		consume(base, base+1)
	})
}

// farVertices loops over the far ends of the vertices' edges.
func (g *gen) farVertices(hop *plan.Expand, vertex uint16, consume func(far uint16)) {
	a := vm.Access{Kind: vm.AccessEdges, Table: g.table(hop.Table, hop.Edge.Desc), Direction: hop.Direction, Columns: []vm.Column{{Kind: vm.ColumnVertex}}}
	c := g.cursor(g.regs[vertex].Batch + 1)
	g.open(hop.Edge, opcodes.OpenEdges, c, g.access(a), vertex)
	g.loop(c, nil, func() {
		r := g.declare(none, vm.Register{Vector: true, Batch: uint16(c), Kind: ops.KindRecord})
		g.emit(opcodes.Column, r, uint16(c), 0)
		consume(r)
	})
}
