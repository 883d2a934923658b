package codegen

import (
	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// code is a run of instructions with their spans.
type code struct {
	instrs []vm.Instr
	spans  []ops.Span
}

// gen writes one fragment. Its code has two parts: the prologue, run once, where constants, parameters, builders and
// uncorrelated subqueries are made ready; and the body with the loops.
type gen struct {
	*module
	plan     *plan.Plan
	pipeline *plan.Pipeline
	regs     []vm.Register
	cursors  []vm.CursorDecl
	prologue code
	body     code
	places   []vm.Place // of what writes in the body give values to
	into     *code      // which of the two is being written
	labels   []target
	span     ops.Span // of the expression being compiled
	inputs   []sema.Expr
	// routine is the routine that the fragment is of, or is part of; block what only the routine's own fragment has.
	routine  *sema.Routine
	block    *block
	dead     bool                  // no way leads to the code at hand
	pairSets map[*sema.Pair]uint16 // the sets of pairs that are filled
	// ready are expressions whose value the prologue has put into a register.
	ready []have
	frame *frame
}

// label is a place in the code that may not be known yet.
type label int

const noLabel label = -1

type target struct {
	in   *code
	at   int
	used bool // something jumps to it
}

func (m *module) gen(p *plan.Plan, pl *plan.Pipeline) *gen {
	g := &gen{module: m, plan: p, pipeline: pl}
	g.into = &g.body
	return g
}

func (g *gen) emit(op uint16, a, b, c uint16) {
	if g.dead && g.into == &g.body {
		return
	}
	for i, class := range ops.Table[op].Operands {
		if class == ops.Label {
			g.labels[[3]uint16{a, b, c}[i]].used = true
		}
	}
	g.into.instrs = append(g.into.instrs, vm.Instr{Op: op, A: a, B: b, C: c})
	g.into.spans = append(g.into.spans, g.span)
}

// at compiles f as the code of a place in the source.
func (g *gen) at(s ops.Span, f func()) {
	outer := g.span
	if !s.IsZero() {
		g.span = s
	}
	f()
	g.span = outer
}

func (g *gen) label() label {
	g.labels = append(g.labels, target{})
	return label(len(g.labels) - 1)
}

// bind says that a label is here.
func (g *gen) bind(l label) {
	t := &g.labels[l]
	t.in, t.at = g.into, len(g.into.instrs)
	if t.used {
		g.dead = false
	}
}

func (g *gen) here() label {
	l := g.label()
	g.bind(l)
	return l
}

func (g *gen) jump(l label) { g.emit(opcodes.Jump, uint16(l), 0, 0) }

// once writes code into the prologue. Nothing of the loops around is visible to it.
func (g *gen) once(f func()) {
	into, fr := g.into, g.frame
	g.into, g.frame = &g.prologue, &frame{cursor: scalars}
	f()
	g.into, g.frame = into, fr
}

// newReg adds a register whose declaration comes with what writes it.
func (g *gen) newReg() uint16 {
	g.regs = append(g.regs, vm.Register{Kind: ops.KindAny})
	return uint16(len(g.regs) - 1)
}

// newRegs adds n registers in a row.
func (g *gen) newRegs(n int) uint16 {
	first := uint16(len(g.regs))
	for range n {
		g.newReg()
	}
	return first
}

const none = -1 // no register asked for

// result declares the register that an operation of some sources writes: a vector if one of them is.
func (g *gen) result(dst int, kind ops.Kind, sources ...uint16) uint16 {
	r := vm.Register{Kind: kind}
	for _, s := range sources {
		if g.regs[s].Vector {
			r.Vector, r.Batch = true, g.regs[s].Batch
		}
	}
	return g.declare(dst, r)
}

func (g *gen) declare(dst int, r vm.Register) uint16 {
	if dst == none {
		dst = int(g.newReg())
	}
	g.regs[dst] = r
	return uint16(dst)
}

// kindOf is the kind a register may rely on. Fields declared as float or decimal may hold an int.
func kindOf(t ops.Type) ops.Kind {
	switch t.Kind {
	case ops.KindWide, ops.KindFloat, ops.KindDecimal, ops.KindNone, ops.KindSet, ops.KindTuple:
		return ops.KindAny
	}
	return t.Kind
}

// finish ends the fragment and adds it to the program.
func (g *gen) finish(shape int) int {
	g.emit(opcodes.End, 0, 0, 0)
	return g.add(g.fragment(shape))
}

// fragment is the code as a fragment.
func (g *gen) fragment(shape int) vm.Fragment {
	f := vm.Fragment{Shape: shape, Registers: g.regs, Cursors: g.cursors}
	for range g.inputs {
		f.Inputs = append(f.Inputs, ops.Any)
	}
	f.Code = append(g.prologue.instrs, g.body.instrs...)
	f.Spans = append(g.prologue.spans, g.body.spans...)
	if g.routine != nil && g.routine.Name != "" {
		f.Function, f.Text = g.routine.Name, g.routine.Text
	}
	for i, s := range f.Spans {
		switch {
		case f.Function == "":
			f.Spans[i] = g.origin(s)
		case s.End > len(f.Text): // of a view that the function reads
			f.Spans[i] = ops.Span{}
		}
	}
	offset := len(g.prologue.instrs)
	for _, p := range g.places {
		p.PC += offset
		f.Places = append(f.Places, p)
	}
	for i := range f.Code {
		g.patch(&f.Code[i], offset)
	}
	return f
}

func (m *module) add(f vm.Fragment) int {
	m.out.Fragments = append(m.out.Fragments, f)
	return len(m.out.Fragments) - 1
}

// patch puts places for labels.
func (g *gen) patch(in *vm.Instr, offset int) {
	for i, slot := range []*uint16{&in.A, &in.B, &in.C} {
		if ops.Table[in.Op].Operands[i] != ops.Label {
			continue
		}
		t := g.labels[*slot]
		if t.in == &g.body {
			*slot = uint16(t.at + offset)
		} else {
			*slot = uint16(t.at)
		}
	}
}
