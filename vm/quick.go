package vm

import (
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// Loops of a program's own are made of a few instructions over scalars, most of them ints, so the linker gives these a
// handler that looks for ints and bools first and leaves everything else to the handler of all kinds.

// quickHandlers are by opcode, for instructions whose result is a scalar.
var quickHandlers = map[uint16]handler{
	opcodes.Add: addScalars, opcodes.Sub: subScalars, opcodes.Mul: mulScalars,
	opcodes.AddTo: addScalars, opcodes.TakeFrom: subScalars,
	opcodes.Lt: ltScalars, opcodes.Le: leScalars, opcodes.Gt: gtScalars, opcodes.Ge: geScalars,
	opcodes.Eq: eqScalars, opcodes.Ne: neScalars, opcodes.Mod: modScalars, opcodes.Move: moveScalar,
}

// findHandlers chooses the handler of each instruction.
func (f *linkedFragment) findHandlers() {
	f.handlers = make([]handler, len(f.Code))
	for pc := range f.Code {
		in := &f.Code[pc]
		f.handlers[pc] = dispatch[in.Op]
		switch q := quickHandlers[in.Op]; {
		case q != nil && !f.Registers[in.A].Vector:
			f.handlers[pc] = q
		case in.Op == opcodes.JumpIf && in.B == ifTrue:
			f.handlers[pc] = jumpIfTrue
		case in.Op == opcodes.JumpIf && in.B == ifNotTrue:
			f.handlers[pc] = jumpIfNotTrue
		}
	}
}

// ints returns the operands of a binary operator if both are ints.
func (fr *frame) ints(in *Instr) (a, b int64, ok bool) {
	x, y := &fr.scalars[in.B], &fr.scalars[in.C]
	if x.Kind() != ops.KindInt || y.Kind() != ops.KindInt {
		return 0, 0, false
	}
	return x.AsInt(), y.AsInt(), true
}

func addScalars(fr *frame, in *Instr) signal {
	if a, b, ok := fr.ints(in); ok {
		if c := a + b; (c^a)&(c^b) >= 0 {
			fr.scalars[in.A].SetInt(c)
			return goOn
		}
	}
	return doBinary(fr, in)
}

func subScalars(fr *frame, in *Instr) signal {
	if a, b, ok := fr.ints(in); ok {
		if c := a - b; (a^b)&(c^a) >= 0 {
			fr.scalars[in.A].SetInt(c)
			return goOn
		}
	}
	return doBinary(fr, in)
}

// mulScalars takes factors whose product cannot leave the range.
func mulScalars(fr *frame, in *Instr) signal {
	if a, b, ok := fr.ints(in); ok && int64(int32(a)) == a && int64(int32(b)) == b {
		fr.scalars[in.A].SetInt(a * b)
		return goOn
	}
	return doBinary(fr, in)
}

func modScalars(fr *frame, in *Instr) signal {
	if a, b, ok := fr.ints(in); ok && b > 0 {
		fr.scalars[in.A].SetInt(a % b)
		return goOn
	}
	return doBinary(fr, in)
}

func ltScalars(fr *frame, in *Instr) signal {
	if a, b, ok := fr.ints(in); ok {
		fr.scalars[in.A].SetBool(a < b)
		return goOn
	}
	return doBinary(fr, in)
}

func leScalars(fr *frame, in *Instr) signal {
	if a, b, ok := fr.ints(in); ok {
		fr.scalars[in.A].SetBool(a <= b)
		return goOn
	}
	return doBinary(fr, in)
}

func gtScalars(fr *frame, in *Instr) signal {
	if a, b, ok := fr.ints(in); ok {
		fr.scalars[in.A].SetBool(a > b)
		return goOn
	}
	return doBinary(fr, in)
}

func geScalars(fr *frame, in *Instr) signal {
	if a, b, ok := fr.ints(in); ok {
		fr.scalars[in.A].SetBool(a >= b)
		return goOn
	}
	return doBinary(fr, in)
}

func eqScalars(fr *frame, in *Instr) signal {
	if a, b, ok := fr.ints(in); ok {
		fr.scalars[in.A].SetBool(a == b)
		return goOn
	}
	return doBinary(fr, in)
}

func neScalars(fr *frame, in *Instr) signal {
	if a, b, ok := fr.ints(in); ok {
		fr.scalars[in.A].SetBool(a != b)
		return goOn
	}
	return doBinary(fr, in)
}

func moveScalar(fr *frame, in *Instr) signal {
	fr.scalars[in.A] = fr.scalars[in.B]
	return goOn
}

func jumpIfTrue(fr *frame, in *Instr) signal {
	v := &fr.scalars[in.A]
	if v.Kind() != ops.KindBool {
		return doJumpIf(fr, in)
	}
	if v.AsBool() {
		return fr.jump(in.C)
	}
	return goOn
}

func jumpIfNotTrue(fr *frame, in *Instr) signal {
	v := &fr.scalars[in.A]
	if v.Kind() != ops.KindBool {
		return doJumpIf(fr, in)
	}
	if !v.AsBool() {
		return fr.jump(in.C)
	}
	return goOn
}
