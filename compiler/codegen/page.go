package codegen

import (
	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

func (g *gen) pageFormat() uint16 {
	p := g.pipeline.Page
	return g.constant(vm.PageFormat(p.Print, len(p.Keys), p.Whole))
}

// position gives a value of the position that AFTER gives; the token is taken apart once.
func (g *gen) position(e *sema.Position) uint16 {
	p := g.pipeline.Page
	var base uint16
	g.once(func() {
		token := g.expr(p.After)
		base = g.newRegs(2 + len(p.Keys))
		for i := range 2 + len(p.Keys) {
			at := sema.PositionOf(i - 2)
			g.declare(int(base)+i, vm.Register{Kind: kindOf(at.Type)})
			g.ready = append(g.ready, have{at, base + uint16(i)})
		}
		g.at(p.After.At().Span, func() { g.emit(opcodes.After, base, g.pageFormat(), token) })
	})
	return base + uint16(e.Index+2)
}

// behind keeps the rows behind the position that AFTER gives.
func (g *gen) behind(s *plan.Behind) {
	if len(s.Keys) == 0 { // every row is at the position
		return
	}
	operands, directions := []sema.Expr{sema.PositionOf(sema.PositionGiven)}, ""
	for _, k := range s.Keys {
		operands = append(operands, k.X)
		if k.Desc {
			directions += "d"
		} else {
			directions += "a"
		}
	}
	for i := range s.Keys {
		operands = append(operands, sema.PositionOf(i))
	}
	if s.Inclusive {
		directions += "+"
	}
	base := g.exprs(operands)
	batch := uint16(g.frame.cursor)
	is := g.declare(none, vm.Register{Vector: true, Batch: batch, Kind: ops.KindBool})
	g.emit(opcodes.Behind, is, base, g.constant(ops.String(directions)))
	g.emit(opcodes.Filter, batch, is, 0)
	g.unlessEmpty()
}

// notePage notes what a page token of the rows at hand would say.
func (g *gen) notePage() {
	if g.pipeline == nil || g.pipeline.Page == nil || g.frame.cursor == scalars {
		return
	}
	p := g.pipeline.Page
	operands := []sema.Expr{orNone(p.Limit)}
	for _, k := range p.Keys {
		operands = append(operands, k.X)
	}
	g.emit(opcodes.Page, g.exprs(operands), uint16(g.frame.cursor), g.pageFormat())
}
