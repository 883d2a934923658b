package codegen

import (
	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// Modes of jump.if and sel.push, see ops.Table.
const (
	ifTrue uint16 = iota
	ifNotTrue
	ifFalse
	ifNotFalse
	ifNone
	ifNotNone
)

// A guard says where the right operand of a short-circuit operator is wanted, and where a scalar's left side decides.
var guards = map[uint16]struct{ wanted, decided uint16 }{
	opcodes.And:      {ifNotFalse, ifFalse},
	opcodes.Or:       {ifNotTrue, ifTrue},
	opcodes.Coalesce: {ifNone, ifNotNone},
}

// shortCircuit computes AND, OR and ?:. The right operand is computed only for rows where the left one leaves it open, unless
// computing it cannot fail anyway.
func (g *gen) shortCircuit(e *sema.Binary, dst int) uint16 {
	kind := kindOf(e.Type)
	if plan.Infallible(e.Right) && (e.Op == opcodes.Coalesce || e.Right.At().Type.Kind == ops.KindBool) {
		l, r := g.unsure(e.Op, 0, g.expr(e.Left)), g.unsure(e.Op, 1, g.expr(e.Right))
		d := g.result(dst, kind, l, r)
		g.emit(e.Op, d, l, r)
		return d
	}
	left := g.expr(e.Left)
	if !g.regs[left].Vector && !g.isVector(e.Right) && !g.mustFill() {
		return g.scalarCircuit(e, left, dst)
	}
	left = g.fill(left)
	var right uint16
	g.selected(left, guards[e.Op].wanted, func() { right = g.expr(e.Right) })
	left, right = g.unsure(e.Op, 0, left), g.unsure(e.Op, 1, right)
	d := g.result(dst, kind, left, right)
	g.emit(e.Op, d, left, right)
	return d
}

// mustFill: under a guard of a batch, what may fail is computed per row.
func (g *gen) mustFill() bool { return g.frame.guards > 0 && g.frame.cursor != scalars }

// selected runs f with the batch narrowed to the rows where r satisfies a mode.
func (g *gen) selected(r uint16, mode uint16, f func()) {
	batch := g.regs[r].Batch
	g.emit(opcodes.SelPush, batch, r, mode)
	g.guarded(f)
	g.emit(opcodes.SelPop, batch, 0, 0)
}

func (g *gen) scalarCircuit(e *sema.Binary, left uint16, dst int) uint16 {
	d := g.declare(dst, vm.Register{Kind: ops.KindAny})
	decided := g.label()
	g.emit(opcodes.Move, d, left, 0)
	g.emit(opcodes.JumpIf, left, guards[e.Op].decided, uint16(decided))
	g.skipped(func() {
		right := g.unsure(e.Op, 1, g.expr(e.Right))
		g.emit(e.Op, d, g.unsure(e.Op, 0, left), right)
	})
	g.bind(decided)
	return d
}

// ifElse computes IF: each arm only for the rows that take it.
func (g *gen) ifElse(e *sema.If, dst int) uint16 {
	cond := g.expr(e.Cond)
	if !g.regs[cond].Vector && !g.isVector(e.Then) && !g.isVector(e.Else) && !g.mustFill() {
		return g.scalarIf(e, cond, dst)
	}
	cond = g.fill(cond)
	arms := g.newRegs(2)
	for i, arm := range []sema.Expr{e.Then, e.Else} {
		if plan.Infallible(arm) {
			g.exprTo(arm, int(arms)+i)
			continue
		}
		g.selected(cond, []uint16{ifTrue, ifNotTrue}[i], func() { g.exprTo(arm, int(arms)+i) })
	}
	cond = g.unsure(opcodes.Select, 0, cond)
	d := g.result(dst, kindOf(e.Type), cond, arms, arms+1)
	g.emit(opcodes.Select, d, cond, arms)
	return d
}

func (g *gen) scalarIf(e *sema.If, cond uint16, dst int) uint16 {
	d := g.declare(dst, vm.Register{Kind: ops.KindAny})
	other, end := g.label(), g.label()
	g.emit(opcodes.JumpIf, cond, ifNotTrue, uint16(other))
	g.skipped(func() { g.moveTo(d, g.expr(e.Then)) })
	g.jump(end)
	g.bind(other)
	g.skipped(func() { g.moveTo(d, g.expr(e.Else)) })
	g.bind(end)
	return d
}

func (g *gen) moveTo(d, r uint16) { g.emit(opcodes.Move, d, r, 0) }
