package codegen

import (
	"slices"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// block is what the fragment of a routine has beside that of a query: its variables stand in registers, and its statements
// run in the order of the text, so that nothing is computed ahead but what never changes.
type block struct {
	vars  map[*sema.Variable]uint16
	slots map[int]uint16 // of the program's variables that the routine sets
	shape int
	loops []loop
	// copies says that the expression at hand holds statements: what it has read of a variable must be kept from them.
	copies bool
}

// loop is where BREAK and CONTINUE go, and the cursor that BREAK closes.
type loop struct {
	end, again label
	cursor     int
}

// statements writes the fragment of a routine.
func (g *gen) statements(r *sema.Routine) vm.Fragment {
	g.routine = r
	g.block = &block{vars: map[*sema.Variable]uint16{}, slots: map[int]uint16{}, shape: none}
	if r.Returns {
		g.block.shape = int(g.shape(shapeOf(r)))
	}
	for _, p := range r.Params {
		g.block.vars[p] = g.declare(none, vm.Register{Kind: kindOf(p.Type)})
		g.emit(opcodes.Input, g.block.vars[p], uint16(len(g.inputs)), 0)
		g.inputs = append(g.inputs, &sema.Local{Var: p})
	}
	for _, slot := range r.Assigned {
		g.block.slots[slot] = g.newReg()
		g.emit(opcodes.VarGet, g.block.slots[slot], uint16(slot), 0)
	}
	g.steps(r.Block)
	g.setVariables()
	g.emit(opcodes.End, 0, 0, 0)
	return g.fragment(g.block.shape)
}

func shapeOf(r *sema.Routine) vm.Shape {
	s := vm.Shape{Form: vm.RowValue, Names: []string{"value"}, Types: []ops.Type{r.Result}}
	if r.Column != "" {
		s.Form, s.Names = vm.RowColumns, []string{r.Column}
	}
	return s
}

// setVariables hands the program's variables back, at a place where the routine ends.
func (g *gen) setVariables() {
	for _, slot := range g.routine.Assigned {
		g.emit(opcodes.VarSet, uint16(slot), g.block.slots[slot], 0)
	}
}

// steps writes the statements of a block.
func (g *gen) steps(b *sema.Block) {
	if b == nil {
		return
	}
	for _, s := range b.Steps {
		g.step(s)
	}
}

// alone runs f with nothing known of what was computed before.
func (g *gen) alone(es []sema.Expr, f func()) {
	outer, copies := g.frame, g.block.copies
	g.frame = &frame{cursor: scalars}
	for _, e := range es {
		sema.Walk(e, func(x sema.Expr) bool {
			_, do := x.(*sema.Do)
			g.block.copies = g.block.copies || do
			return true
		})
	}
	f()
	g.frame, g.block.copies = outer, copies
}

func (g *gen) step(s sema.BlockStep) {
	switch s := s.(type) {
	case *sema.Eval:
		g.alone([]sema.Expr{s.X}, func() { g.expr(s.X) })
	case *sema.Store:
		g.store(s)
	case *sema.Branch:
		g.ifStep(s)
	case *sema.While:
		g.while(s)
	case *sema.Loop:
		g.each(s)
	case *sema.Leave:
		l := g.block.loops[len(g.block.loops)-1]
		to := l.end
		if s.Again {
			to = l.again
		} else if l.cursor != none {
			g.emit(opcodes.Close, uint16(l.cursor), 0, 0)
		}
		g.jump(to)
		g.dead = true
	case *sema.Give:
		g.give(s)
	}
}

func (g *gen) store(s *sema.Store) {
	g.alone([]sema.Expr{s.X}, func() {
		if s.Var == nil {
			g.assign(s.X, g.block.slots[s.Slot])
			return
		}
		g.assign(s.X, g.register(s.Var))
	})
}

// register is where a variable stands.
func (g *gen) register(v *sema.Variable) uint16 {
	r, ok := g.block.vars[v]
	if !ok {
		r = g.newReg()
		g.block.vars[v] = r
	}
	return r
}

// assign computes x into the register of a variable, which x may read. What writes its result before it has read all operands,
// and what is loaded ahead, is computed elsewhere first.
func (g *gen) assign(x sema.Expr, r uint16) {
	direct := true
	switch x := x.(type) {
	case *sema.Const, *sema.Param, *sema.Var, *sema.Local, *sema.If, *sema.Do:
		direct = false
	case *sema.Binary:
		_, short := guards[x.Op]
		direct = !short
	}
	if direct {
		g.exprTo(x, int(r))
	} else {
		g.at(x.At().Span, func() { g.moveTo(r, g.expr(x)) })
	}
	g.regs[r].Kind = ops.KindAny // another assignment may be of another kind
}

func (g *gen) ifStep(s *sema.Branch) {
	other := g.label()
	g.alone([]sema.Expr{s.Cond}, func() {
		c := g.expr(s.Cond)
		g.at(s.Cond.At().Span, func() { g.emit(opcodes.JumpIf, c, ifNotTrue, uint16(other)) })
	})
	g.steps(s.Then)
	if s.Else == nil {
		g.bind(other)
		return
	}
	end := g.label()
	g.jump(end)
	g.bind(other)
	g.steps(s.Else)
	g.bind(end)
}

// while tests the condition behind the body, so that a round takes one jump.
func (g *gen) while(s *sema.While) {
	test, end := g.label(), g.label()
	g.at(s.Span, func() {
		g.jump(test)
		top := g.here()
		g.within(loop{end, test, none}, s.Body)
		g.bind(test)
		g.alone([]sema.Expr{s.Cond}, func() {
			c := g.expr(s.Cond)
			g.at(s.Cond.At().Span, func() { g.emit(opcodes.JumpIf, c, ifTrue, uint16(top)) })
		})
		g.bind(end)
	})
}

// within writes the body of a loop.
func (g *gen) within(l loop, body *sema.Block) {
	g.block.loops = append(g.block.loops, l)
	g.steps(body)
	g.block.loops = g.block.loops[:len(g.block.loops)-1]
}

// each is FOR: the rows of a query as they come, or the elements of a value.
func (g *gen) each(s *sema.Loop) {
	c := 0
	g.alone([]sema.Expr{s.In}, func() {
		if q, ok := s.In.(*sema.Subquery); ok && q.Write == nil && q.Use == sema.UseList {
			c = g.openFragment(g.fragmentOf(g.plan.Subqueries[q.Query]))
			return
		}
		x := g.expr(s.In)
		c = g.cursor(0)
		g.at(s.In.At().Span, func() { g.emit(opcodes.OpenItems, uint16(c), x, 0) })
	})
	end := g.label()
	g.at(s.Span, func() {
		again := g.here()
		g.at(s.In.At().Span, func() { g.emit(opcodes.Each, uint16(c), g.register(s.Var), uint16(end)) })
		g.within(loop{end, again, c}, s.Body)
		g.jump(again)
		g.bind(end)
	})
}

func (g *gen) give(s *sema.Give) {
	g.alone([]sema.Expr{s.X}, func() {
		r := g.expr(s.X)
		g.at(s.Span, func() {
			g.setVariables()
			g.emit(opcodes.EmitRow, uint16(g.block.shape), r, 0)
			g.emit(opcodes.End, 0, 0, 0)
		})
	})
	g.dead = true
}

// ---- in expressions

// variable is a variable of the program. One that the routine sets stands in a register of it.
func (g *gen) variable(e *sema.Var, dst int) uint16 {
	if g.block != nil {
		if r, ok := g.block.slots[e.Slot]; ok {
			return g.copied(r)
		}
	} else if g.routine != nil && slices.Contains(g.routine.Assigned, e.Slot) {
		return g.given(e)
	}
	return g.scalar(e, opcodes.VarGet, uint16(e.Slot), dst)
}

// local is a variable of a block.
func (g *gen) local(e *sema.Local) uint16 {
	if g.block != nil {
		return g.copied(g.register(e.Var))
	}
	return g.given(e)
}

// given is what a block hands to the queries in it.
func (g *gen) given(e sema.Expr) uint16 {
	if r, ok := find(g.ready, e); ok {
		return r
	}
	return g.input(e)
}

// copied is a variable's value for the expression at hand.
func (g *gen) copied(r uint16) uint16 {
	if !g.block.copies {
		return r
	}
	d := g.declare(none, vm.Register{Kind: g.regs[r].Kind})
	g.moveTo(d, r)
	return d
}

// do runs statements in the middle of an expression. What was computed before them may no longer hold.
func (g *gen) do(e *sema.Do) uint16 {
	if g.block == nil {
		panic(fault("statements in a query"))
	}
	r := g.register(e.Result)
	g.moveTo(r, g.expr(&sema.Const{}))
	g.steps(e.Block)
	g.frame.have = nil
	return r
}

// run runs a routine.
func (g *gen) run(e *sema.Run, dst int) uint16 {
	f := g.callee(e.Routine)
	base := uint16(0)
	if len(e.Args) > 0 {
		base = g.exprs(e.Args)
	}
	if len(e.Args) == 1 {
		base = g.perRow(e, base, base)
	}
	d := g.result(dst, kindOf(e.Type), sources(base, len(e.Args))...)
	g.emit(opcodes.Run, d, uint16(f), base)
	return d
}

// callee is the fragment of a routine. It has its number before it is written, for it may run itself.
func (g *gen) callee(r *sema.Routine) int {
	if i, ok := g.routines[r]; ok {
		return i
	}
	i := g.add(vm.Fragment{})
	g.routines[r] = i
	g.out.Fragments[i] = g.module.gen(g.plan.Routines[r], nil).statements(r)
	return i
}
