package vm

import (
	"github.com/zerodb/zerodb/gen/kernels"
	"github.com/zerodb/zerodb/ops"
)

func doConst(fr *frame, in *Instr) signal {
	fr.scalars[in.A] = fr.run.linked.Program.Consts[in.B]
	return goOn
}

func doParam(fr *frame, in *Instr) signal {
	fr.scalars[in.A] = fr.run.o.Params[in.B]
	return goOn
}

func doVarGet(fr *frame, in *Instr) signal {
	fr.scalars[in.A] = fr.run.o.Vars[in.B]
	return goOn
}

// doVarSet keeps a copy: variables outlive the statement and its transaction.
func doVarSet(fr *frame, in *Instr) signal {
	fr.run.o.Vars[in.A] = cloneValue(fr.scalars[in.B])
	return goOn
}

func doMove(fr *frame, in *Instr) signal {
	if !fr.isVector(in.A) {
		fr.scalars[in.A] = fr.scalars[in.B]
		return goOn
	}
	dst := fr.target(in.A)
	dst.CopyFrom(fr.vectors[in.B], fr.batchOf(in.A).sel)
	fr.settle(in.A, dst)
	return goOn
}

func doInput(fr *frame, in *Instr) signal {
	fr.scalars[in.A] = fr.inputs[in.B]
	return goOn
}

func doUnary(fr *frame, in *Instr) signal {
	if !fr.isVector(in.A) {
		v, err := kernels.Scalar1(in.Op, fr.scalars[in.B])
		if err != nil {
			return fr.fail(err)
		}
		fr.scalars[in.A] = v
		return goOn
	}
	cs, dst := fr.batchOf(in.A), fr.target(in.A)
	if _, err := kernels.Unary(in.Op, dst, fr.vectors[in.B], cs.sel, cs.n); err != nil {
		return fr.fail(err)
	}
	fr.settle(in.A, dst)
	return goOn
}

func doBinary(fr *frame, in *Instr) signal {
	if !fr.isVector(in.A) {
		v, err := kernels.Scalar2(in.Op, fr.scalars[in.B], fr.scalars[in.C])
		if err == nil && grows(in.Op) {
			err = fr.made(in.A, v)
		}
		if err != nil {
			return fr.fail(err)
		}
		fr.scalars[in.A] = v
		return goOn
	}
	cs, dst := fr.batchOf(in.A), fr.target(in.A)
	a, aConst := fr.operand(in.B, 0)
	b, bConst := fr.operand(in.C, 1)
	if _, err := kernels.Binary(in.Op, dst, a, b, aConst, bConst, cs.sel, cs.n); err != nil {
		return fr.fail(err)
	}
	if grows(in.Op) {
		if err := fr.charge(in.A, dst); err != nil {
			return fr.fail(err)
		}
	}
	fr.settle(in.A, dst)
	return goOn
}

// made bounds and counts a scalar that has been made.
func (fr *frame) made(r uint16, v ops.Value) error {
	if err := bounded(v); err != nil {
		return err
	}
	return fr.hold(r, shallow(v))
}

// operand shows a register to a kernel: a scalar as a vector of one row.
func (fr *frame) operand(r uint16, slot int) (v *ops.Vector, lone bool) {
	if fr.isVector(r) {
		return fr.vectors[r], false
	}
	v = &fr.lone[slot]
	v.Fill(fr.scalars[r], 1)
	return v, true
}
