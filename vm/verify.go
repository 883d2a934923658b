package vm

import (
	"slices"
	"sync"

	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// Bounds of what a frame is made of, so that a program cannot ask for memory by declaring it.
const (
	maxCursors  = 1024 // a fragment
	maxBuilders = 1024 // a fragment
	maxVectors  = 8192 // vector registers of a fragment
	maxPushes   = 255  // sel.push open at one time
	maxWeight   = 4 << 20
)

// Verify checks everything about a program that can be checked without a catalog: that its pools are sound, that each
// instruction has operands that it takes, that registers, cursors and builders are used in an order that makes sense on every path,
// that statements do what their kind allows, and that the manifest says what the code does. A program that was verified
// cannot harm the machine. It takes time in proportion to the program.
//
// docs/bytecode.md numbers the rules.
func Verify(p *Program) error {
	v := verifiers.Get().(*verifier)
	defer func() {
		*v = verifier{owners: v.owners, opens: v.opens, used: v.used, uses: v.uses, state: v.state}
		if cap(v.state.facts)+cap(v.used) < 1<<16 {
			verifiers.Put(v)
		}
	}()
	v.p = p
	if err := v.pools(); err != nil {
		return err
	}
	for i := range p.Fragments {
		if err := v.fragment(i); err != nil {
			return err
		}
	}
	calls := callsOf(p)
	if err := v.statements(calls); err != nil {
		return err
	}
	if !sameManifest(p.Manifest, manifest(p, calls)) {
		return ops.Errorf(ops.CodeBadProgram, "the manifest is not what the code does")
	}
	return nil
}

func sameManifest(a, b Manifest) bool {
	sameFields := func(a, b TableFields) bool { return a.Table == b.Table && slices.Equal(a.Fields, b.Fields) }
	return slices.EqualFunc(a.Reads, b.Reads, sameFields) && slices.EqualFunc(a.Writes, b.Writes, sameFields) &&
		slices.Equal(a.Functions, b.Functions) && slices.Equal(a.Capabilities, b.Capabilities) && a.Defines == b.Defines && a.Cost == b.Cost
}

// verifiers are kept for the memory that they have.
var verifiers = sync.Pool{New: func() any { return new(verifier) }}

// verifier checks one program.
type verifier struct {
	p      *Program
	owners []owner // by builder
	// weight is how many registers and names instructions refer to: one of eight bytes may refer to many.
	weight int

	// Of the fragment at hand:
	n      int // its number
	f      *Fragment
	opens  []int                // by cursor: the instruction that opens it, -1 without
	limits [ops.NumOperands]int // by class of operand: what it points into has so many entries
	state  flow
	// The instruction at hand, and the registers that it reads and writes.
	pc     int
	in     *Instr
	shape  *opShape
	reads  []uint16
	writes []uint16
	// Those of every instruction of the fragment, and where the instruction's are: the flow looks at them again.
	used []uint16
	uses []usedBy
}

// usedBy is the place of an instruction's registers: those read up to mid, those written up to end.
type usedBy struct{ from, mid, end uint32 }

// owner is the fragment that uses a builder.
type owner struct {
	fragment int   // its number plus one
	slot     int   // the builder's number in the fragment, in the order of first use
	use      uint8 // of a set: what for
}

// wrong makes an error about the instruction at hand.
func (v *verifier) wrong(format string, args ...any) error {
	e := ops.Errorf(ops.CodeBadProgram, format, args...)
	e.Message = ops.Errorf("", "fragment %d, instruction %d (%s): %s", v.n, v.pc, ops.Table[v.in.Op].Name, e.Message).Message
	return e
}

var slotNames = [3]string{"A", "B", "C"}

func (v *verifier) operand(i int) uint16 { return v.in.operand(i) }

// fragment checks one fragment: declarations, instructions by themselves, the flow between them.
func (v *verifier) fragment(n int) error {
	v.n, v.f = n, &v.p.Fragments[n]
	if err := v.declarations(); err != nil {
		return err
	}
	if err := v.cursors(); err != nil {
		return err
	}
	v.counts()
	f := &v.state
	f.v, f.slots, f.queues, f.numbers = v, 0, f.queues[:0], sized(f.numbers, len(v.f.Code))
	v.used, v.uses = v.used[:0], v.uses[:0]
	for pc := range v.f.Code {
		v.at(pc)
		if err := v.instruction(); err != nil {
			return err
		}
		if v.shape.label >= 0 || v.shape.ends {
			f.leads()
		}
	}
	return v.flow()
}

func (v *verifier) at(pc int) {
	v.pc, v.in = pc, &v.f.Code[pc]
	v.shape = &opShapes[v.in.Op]
}

func (v *verifier) declarations() error {
	f := v.f
	bad := func(format string, args ...any) error {
		e := ops.Errorf(ops.CodeBadProgram, format, args...)
		e.Message = ops.Errorf("", "fragment %d: %s", v.n, e.Message).Message
		return e
	}
	switch {
	case len(f.Code) == 0:
		return bad("it has no code")
	case len(f.Code) > MaxInstructions || len(f.Registers) > MaxInstructions:
		return bad("%d instructions and %d registers, at most %d of each are possible", len(f.Code), len(f.Registers), MaxInstructions)
	case len(f.Cursors) > maxCursors:
		return bad("%d cursors, at most %d are possible", len(f.Cursors), maxCursors)
	case len(f.Spans) != len(f.Code):
		return bad("%d instructions and %d spans", len(f.Code), len(f.Spans))
	case f.Shape < -1 || f.Shape >= len(v.p.Shapes):
		return bad("it emits shape %d of %d", f.Shape, len(v.p.Shapes))
	}
	vectors := 0
	for i, r := range f.Registers {
		if int(r.Kind) >= ops.NumKinds {
			return bad("register %d has kind %d", i, r.Kind)
		}
		if r.Vector {
			vectors++
			if int(r.Batch) >= len(f.Cursors) {
				return bad("register %d is of batch %d, there are %d cursors", i, r.Batch, len(f.Cursors))
			}
		}
	}
	if vectors > maxVectors {
		return bad("%d vector registers, at most %d are possible", vectors, maxVectors)
	}
	for i, c := range f.Cursors {
		if int(c.Parent) > i {
			return bad("cursor %d has parent %d, which is not before it", i, c.Parent-1)
		}
	}
	source := v.p.Source
	if f.Function != "" {
		source = f.Text
	} else if f.Text != "" {
		return bad("it has the text of a function, and no function's name")
	}
	for pc, s := range f.Spans {
		if s.Start < 0 || s.End < s.Start || source != "" && s.End > len(source) {
			return bad("instruction %d is of source %d to %d, which is not in the text", pc, s.Start, s.End)
		}
	}
	last := 0
	for i := range f.Places {
		switch p := &f.Places[i]; {
		case p.PC < last || p.PC >= len(f.Code) || !isWrite(f.Code[p.PC].Op):
			return bad("place %d is of instruction %d, which is no write, or not behind that of the one before", i, p.PC)
		case len(p.Path) == 0:
			return bad("place %d has no path", i)
		case p.Span.Start < 0 || p.Span.End < p.Span.Start || source != "" && p.Span.End > len(source):
			return bad("place %d is source %d to %d, which is not in the text", i, p.Span.Start, p.Span.End)
		default:
			last = p.PC
		}
	}
	return nil
}

// cursors finds the one instruction that opens each cursor, and checks the opcodes.
func (v *verifier) cursors() error {
	v.opens = sized(v.opens, len(v.f.Cursors))
	for i := range v.opens {
		v.opens[i] = -1
	}
	for pc := range v.f.Code {
		in := &v.f.Code[pc]
		if int(in.Op) >= len(ops.Table) {
			return ops.Errorf(ops.CodeBadProgram, "fragment %d, instruction %d: there is no opcode %d", v.n, pc, in.Op)
		}
		if !opensCursor(in.Op) || int(in.A) >= len(v.opens) {
			continue
		}
		v.at(pc)
		if at := v.opens[in.A]; at >= 0 {
			return v.wrong("cursor %d is opened by instruction %d too", in.A, at)
		}
		v.opens[in.A] = pc
	}
	return nil
}

func opensCursor(op uint16) bool { return opShapes[op].opens }

// stepsCursor reports whether an instruction goes on to the next rows of a cursor, and closes it at the end.
func stepsCursor(op uint16) bool { return op == opcodes.Next || op == opcodes.Each }

// ---- statements

func (v *verifier) statements(graph callGraph) error {
	if err := graph.bounded(); err != nil {
		return err
	}
	does := make([]effects, len(v.p.Fragments))
	for i := range v.p.Fragments {
		does[i] = v.effectsOf(&v.p.Fragments[i])
	}
	graph.spread(does)
	used := make([]bool, len(v.p.Fragments))
	for i := range v.p.Statements {
		if err := v.statement(i, used, does); err != nil {
			return err
		}
	}
	graph.reach(used)
	if i := slices.Index(used, false); i >= 0 {
		return ops.Errorf(ops.CodeBadProgram, "fragment %d is not part of any statement", i)
	}
	return nil
}

// effects are what a fragment does to the database.
type effects struct{ writes, defines, uses bool }

// effectsOf returns what a fragment does itself.
func (v *verifier) effectsOf(f *Fragment) (does effects) {
	for i := range f.Code {
		in := &f.Code[i]
		switch in.Op {
		case opcodes.Create, opcodes.Update, opcodes.Delete, opcodes.Relate:
			does.writes = true
		case opcodes.DefineSecret:
			does.defines = true
		case opcodes.Define:
			if isUse(v.p, in.A) {
				does.uses = true
			} else {
				does.defines = true
			}
		}
	}
	return does
}

func (v *verifier) statement(i int, used []bool, does []effects) error {
	s := &v.p.Statements[i]
	bad := func(what string) error {
		return ops.Errorf(ops.CodeBadProgram, "statement %d (%s): %s", i, s.Kind, what)
	}
	switch {
	case int(s.Kind) >= len(statementNames):
		return bad("there is no such kind of statement")
	case s.Explain > 2:
		return bad("there is no such way to explain it")
	case s.Span.Start < 0 || s.Span.End < s.Span.Start || v.p.Source != "" && s.Span.End > len(v.p.Source):
		return bad("its span is not in the text")
	}
	for j, n := range s.Needs {
		if int(n) >= len(v.p.Objects) || j > 0 && n <= s.Needs[j-1] {
			return bad("the objects it needs are not there, or not in order")
		}
	}
	if s.Kind >= StatementBegin {
		if s.Fragment != -1 {
			return bad("it has a fragment, and needs none")
		}
		return nil
	}
	if s.Fragment < 0 || s.Fragment >= len(v.p.Fragments) {
		return bad("it has no fragment")
	}
	used[s.Fragment] = true
	if len(v.p.Fragments[s.Fragment].Inputs) > 0 {
		return bad("its fragment has inputs, and nobody to give them")
	}
	e := does[s.Fragment]
	switch {
	case e.writes && s.Kind != StatementWrite:
		return bad("it writes records")
	case e.defines && s.Kind != StatementDefine:
		return bad("it changes definitions")
	case e.uses && s.Kind != StatementUse:
		return bad("it changes the database in use")
	}
	return nil
}

func isWrite(op uint16) bool { return int(op) < len(ops.Table) && ops.Table[op].Form == ops.FormWrite }
