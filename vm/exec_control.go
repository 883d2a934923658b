package vm

import (
	"github.com/zerodb/zerodb/ops"
)

func doJump(fr *frame, in *Instr) signal {
	return fr.jump(in.A)
}

// jump goes to an instruction; backwards it is a place where a run can be stopped.
func (fr *frame) jump(to uint16) signal {
	if int(to) < fr.pc {
		if err := fr.run.turn(); err != nil {
			return fr.fail(err)
		}
	}
	fr.pc = int(to)
	return goOn
}

// Modes of jump.if and sel.push.
const (
	ifTrue uint16 = iota
	ifNotTrue
	ifFalse
	ifNotFalse
	ifNone
	ifNotNone
	numModes
)

// satisfies reports whether v satisfies a mode; ok is false where it is neither bool nor none and the mode asks for one.
func satisfies(v ops.Value, mode uint16) (yes, ok bool) {
	switch mode {
	case ifNone:
		return v.IsNone(), true
	case ifNotNone:
		return !v.IsNone(), true
	}
	k := v.Kind()
	if k != ops.KindBool && k != ops.KindNone {
		return false, false
	}
	isTrue := k == ops.KindBool && v.AsBool()
	isFalse := k == ops.KindBool && !v.AsBool()
	switch mode {
	case ifTrue:
		return isTrue, true
	case ifNotTrue:
		return !isTrue, true
	case ifFalse:
		return isFalse, true
	}
	return !isFalse, true
}

func notBool(v ops.Value) error {
	return ops.Errorf(ops.CodeType, "a condition is a bool or none, this one is %s %s", article(v.Kind()), ops.Format(v))
}

func article(k ops.Kind) string {
	switch k.String()[0] {
	case 'a', 'e', 'i', 'o':
		return "an " + k.String()
	}
	return "a " + k.String()
}

func doJumpIf(fr *frame, in *Instr) signal {
	v := fr.scalars[in.A]
	yes, ok := satisfies(v, in.B)
	if !ok {
		return fr.fail(notBool(v))
	}
	if yes {
		return fr.jump(in.C)
	}
	return goOn
}

func doFail(fr *frame, in *Instr) signal {
	c := fr.run.linked.Program.Consts[in.A]
	code, _ := c.Member("code")
	message, _ := c.Member("message")
	text := message.AsString()
	if v := fr.scalars[in.B]; !v.IsNone() {
		text += ": " + ops.Format(v)
	}
	return fr.fail(&ops.Error{Code: ops.Code(code.AsString()), Message: text})
}

func doEnd(*frame, *Instr) signal { return ended }

// doEmit hands out the selected rows of a batch without copying them.
func doEmit(fr *frame, in *Instr) signal {
	cs := &fr.cursors[in.C]
	shape := &fr.run.linked.Program.Shapes[in.A]
	out := &fr.out
	out.Shape, out.sel, out.N = shape, cs.sel, cs.selected()
	if out.N == 0 {
		return goOn
	}
	n := len(shape.Names)
	out.row = fr.scalars[in.B : int(in.B)+n]
	out.columns = append(out.columns[:0], fr.vectors[in.B:int(in.B)+n]...)
	return emitted
}

func doEmitRow(fr *frame, in *Instr) signal {
	shape := &fr.run.linked.Program.Shapes[in.A]
	out := &fr.out
	out.Shape, out.N, out.sel, out.columns = shape, 1, nil, out.columns[:0]
	out.row = fr.scalars[in.B : int(in.B)+len(shape.Names)]
	return emitted
}
