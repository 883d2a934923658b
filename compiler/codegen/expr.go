package codegen

import (
	"fmt"

	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// fault is a fault of the compiler itself. Generate recovers it.
type faultError struct{ text string }

func fault(format string, args ...any) faultError { return faultError{fmt.Sprintf(format, args...)} }

// expr computes an expression into any register.
func (g *gen) expr(e sema.Expr) uint16 { return g.exprTo(e, none) }

// exprTo computes an expression into register dst, or with none into any.
func (g *gen) exprTo(e sema.Expr, dst int) uint16 {
	outer := g.span
	if s := e.At().Span; !s.IsZero() {
		g.span = s
	}
	r, found := uint16(0), false
	if dst == none || !isLoad(e) {
		r, found = g.lookup(e, dst)
	}
	if !found {
		r = g.compute(e, dst)
		g.remember(e, r)
	}
	if dst != none && r != uint16(dst) {
		d := g.result(dst, g.regs[r].Kind, r)
		g.emit(opcodes.Move, d, r, 0)
		r = d
	}
	g.span = outer
	return r
}

// isLoad reports whether e is loaded in the prologue; into a register that is asked for it is loaded once more, which is
// cheaper than a move for each batch.
func isLoad(e sema.Expr) bool {
	switch e.(type) {
	case *sema.Const, *sema.Param, *sema.Var:
		return true
	}
	return false
}

// remember keeps what is dear to compute and likely to be asked for again.
func (g *gen) remember(e sema.Expr, r uint16) {
	switch x := e.(type) {
	case *sema.Field, *sema.Call, *sema.Aggregate, *sema.InTable, *sema.Once:
		g.frame.keep(e, r)
	case *sema.Subquery:
		if x.Write == nil {
			g.frame.keep(e, r)
		}
	case *sema.Column:
		if _, ready := find(g.ready, e); !ready {
			g.frame.keep(e, r)
		}
	}
}

// exprs computes expressions into registers in a row; where they are in such already, those are taken.
func (g *gen) exprs(es []sema.Expr) uint16 {
	if len(es) == 1 {
		return g.expr(es[0])
	}
	if base, ok := g.inRow(es); ok {
		return base
	}
	base := g.newRegs(len(es))
	for i, e := range es {
		g.exprTo(e, int(base)+i)
	}
	return base
}

// inRow finds expressions that stand in registers in a row.
func (g *gen) inRow(es []sema.Expr) (base uint16, ok bool) {
	for i, e := range es {
		r, found := find(g.frame.have, e)
		if i == 0 {
			base = r
		}
		if !found || r != base+uint16(i) {
			return 0, false
		}
	}
	return base, len(es) > 0
}

func (g *gen) compute(e sema.Expr, dst int) uint16 {
	switch e := e.(type) {
	case *sema.Const:
		return g.scalar(e, opcodes.Const, g.constant(e.Value), dst)
	case *sema.Virtual:
		return g.scalar(e, opcodes.Virtual, g.constant(ops.String(e.Name)), dst)
	case *sema.Param:
		return g.scalar(e, opcodes.Param, uint16(e.Index), dst)
	case *sema.Var:
		return g.variable(e, dst)
	case *sema.Local:
		return g.local(e)
	case *sema.Do:
		return g.do(e)
	case *sema.Run:
		return g.run(e, dst)
	case *sema.Once:
		return g.expr(e.X)
	case *sema.After:
		for _, x := range e.First {
			g.expr(x)
		}
		return g.exprTo(e.X, dst)
	case *sema.Position:
		return g.position(e)
	case *sema.Column:
		return g.column(e, dst)
	case *sema.Unary:
		return g.operate(e, e.Op, dst, e.X)
	case *sema.Binary:
		switch e.Op {
		case opcodes.And, opcodes.Or, opcodes.Coalesce:
			return g.shortCircuit(e, dst)
		}
		return g.operate(e, e.Op, dst, e.Left, e.Right)
	case *sema.If:
		return g.ifElse(e, dst)
	case *sema.Subquery:
		return g.subquery(e, dst)
	case *sema.Aggregate:
		panic(fault("FOLD %s outside a group", e.Name))
	}
	return g.compose(e, dst)
}

// scalar loads what is the same for the whole run, once; into a register of its own where one is asked for.
func (g *gen) scalar(e sema.Expr, op, from uint16, dst int) uint16 {
	var r uint16
	g.once(func() {
		kind := kindOf(e.At().Type)
		if op == opcodes.VarGet {
			kind = ops.KindAny
		}
		r = g.declare(dst, vm.Register{Kind: kind})
		g.emit(op, r, from, 0)
	})
	g.ready = append(g.ready, have{e, r})
	return r
}

// operate emits an operator over operands.
func (g *gen) operate(e sema.Expr, op uint16, dst int, operands ...sema.Expr) uint16 {
	rs := make([]uint16, len(operands), 2)
	for i, x := range operands {
		rs[i] = g.unsure(op, i, g.expr(x))
	}
	rs[0] = g.perRow(e, rs[0], rs...)
	d := g.result(dst, kindOf(e.At().Type), rs...)
	g.emit(op, d, rs[0], append(rs, 0)[1])
	return d
}

// unsure hides the kind of a register from an operator that does not take it. Only folding can show that an operand is of
// such a kind; it stays an error of the rows that are selected.
func (g *gen) unsure(op uint16, operand int, r uint16) uint16 {
	kinds := ops.Table[op].Accepts[min(operand, 1)]
	k := g.regs[r].Kind
	if kinds == 0 || k == ops.KindAny || k == ops.KindNone || kinds.Has(k) {
		return r
	}
	d := g.result(none, ops.KindAny, r)
	g.emit(opcodes.Move, d, r, 0)
	return d
}

// perRow makes a vector of scalar r where an operation over scalars could fail under a guard: it must fail only if a
// row is selected, and a scalar operation runs in any case.
func (g *gen) perRow(e sema.Expr, r uint16, sources ...uint16) uint16 {
	if g.frame.guards == 0 || g.frame.cursor == scalars || plan.Infallible(e) {
		return r
	}
	for _, s := range sources {
		if g.regs[s].Vector {
			return r
		}
	}
	return g.fill(r)
}

// fill makes a vector of the batch at hand of a scalar.
func (g *gen) fill(r uint16) uint16 {
	if g.regs[r].Vector || g.frame.cursor == scalars {
		return r
	}
	d := g.declare(none, vm.Register{Vector: true, Batch: uint16(g.frame.cursor), Kind: g.regs[r].Kind})
	g.emit(opcodes.Fill, d, r, uint16(g.frame.cursor))
	return d
}

// compose computes what the machine puts together or takes apart.
func (g *gen) compose(e sema.Expr, dst int) uint16 {
	kind := kindOf(e.At().Type)
	switch e := e.(type) {
	case *sema.Field:
		return g.below(g.perRow1(e, e.X), e.Path, kind, dst)
	case *sema.InTable:
		return g.one(opcodes.InTable, dst, ops.KindRecord, g.expr(e.X), g.constant(ops.String(e.Table)))
	case *sema.Elements:
		return g.one(opcodes.Elements, dst, ops.KindList, g.perRow1(e, e.X), 0)
	case *sema.Omit:
		return g.one(opcodes.Omit, dst, kind, g.perRow1(e, e.X), g.names(e.Paths))
	case *sema.Record:
		return g.one(opcodes.Record, dst, ops.KindRecord, g.perRow1(e, e.Key), g.constant(ops.String(e.Table)))
	case *sema.Cast:
		op := opcodes.Cast
		if e.Check {
			op = opcodes.Check
		}
		return g.one(op, dst, kind, g.perRow1(e, e.X), g.typ(e.To))
	case *sema.Sequence:
		op := opcodes.List
		if e.Tuple {
			op = opcodes.Tuple
		}
		return g.many(op, dst, kindOf(e.Type), e.Items, uint16(len(e.Items)))
	case *sema.Object:
		return g.many(opcodes.Object, dst, ops.KindObject, e.Values, g.names(e.Names))
	case *sema.Range:
		return g.many(opcodes.Range, dst, ops.KindRange, []sema.Expr{e.Lo, e.Hi}, boolMode(e.Inclusive))
	case *sema.Assign:
		return g.many(opcodes.Assign, dst, ops.KindObject, []sema.Expr{e.X, e.Value}, g.path(e.Path))
	case *sema.AssignAt:
		return g.many(opcodes.AssignAt, dst, ops.KindAny, append([]sema.Expr{e.X, e.Value}, e.Indexes...), g.path(e.Path))
	case *sema.Paired:
		return g.paired(e, dst)
	case *sema.Call:
		return g.call(e, dst)
	}
	panic(fault("no code for %T", e))
}

func boolMode(b bool) uint16 {
	if b {
		return 1
	}
	return 0
}

func (g *gen) perRow1(e, x sema.Expr) uint16 {
	r := g.expr(x)
	return g.perRow(e, r, r)
}

// one emits an instruction of one register and a pool entry.
func (g *gen) one(op uint16, dst int, kind ops.Kind, r, entry uint16) uint16 {
	r = g.unsure(op, 0, r)
	d := g.result(dst, kind, r)
	g.emit(op, d, r, entry)
	return d
}

// many emits an instruction of several registers in a row.
func (g *gen) many(op uint16, dst int, kind ops.Kind, es []sema.Expr, c uint16) uint16 {
	base := g.exprs(es)
	d := g.result(dst, kind, sources(base, len(es))...)
	g.emit(op, d, base, c)
	return d
}

// sources lists n registers in a row.
func sources(base uint16, n int) []uint16 {
	rs := make([]uint16, n)
	for i := range rs {
		rs[i] = base + uint16(i)
	}
	return rs
}

func (g *gen) call(e *sema.Call, dst int) uint16 {
	base := g.exprs(e.Args)
	if len(e.Args) == 1 {
		base = g.perRow(e, base, base)
	}
	d := g.result(dst, kindOf(e.Type), sources(base, len(e.Args))...)
	g.emit(opcodes.Call, d, g.function(e.Func, len(e.Args), e.Reads), base)
	return d
}
