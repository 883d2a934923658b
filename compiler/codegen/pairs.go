package codegen

import (
	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// pairSet fills a set with the pairs of vertices of the batch at hand.
func (g *gen) pairSet(i int, s *plan.Pairs) {
	g.preload(i - 1)
	b := g.builder(vm.Builder{Kind: vm.BuildSet, Columns: 2})
	g.emit(opcodes.New, b, 0, 0)
	for _, w := range s.Ways {
		g.skipped(func() {
			g.inside(w, func() { g.put(b, append([]sema.Expr{s.Pair.From}, itemsOf(w)...)) })
		})
	}
	if g.pairSets == nil {
		g.pairSets = map[*sema.Pair]uint16{}
	}
	g.pairSets[s.Pair] = b
}

// paired asks for a pair of vertices.
func (g *gen) paired(e *sema.Paired, dst int) uint16 {
	b, ok := g.pairSets[e.Pair]
	if !ok {
		panic(fault("pairs that nothing has found"))
	}
	base := g.exprs([]sema.Expr{e.From, e.To})
	d := g.result(dst, ops.KindBool, base, base+1)
	g.emit(opcodes.Has, d, b, base)
	return d
}
