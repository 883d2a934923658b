package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/gen/kernels"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/optest"
)

func unaryOp(op uint16) bool { return ops.Table[op].Form == ops.FormUnary }

// TestOutputIsCommitted proves, without ANTLR, that what lies in gen/ and docs/ is what the tables make.
func TestOutputIsCommitted(t *testing.T) {
	for _, o := range outputs() {
		want, err := o.make()
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("../..", o.path))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what opgen makes (%v): run make generate", o.path, err)
		}
	}
}

// TestKernelsMeetTheTable runs each case as single values, and in the middle of batches with every way of giving the operands.
func TestKernelsMeetTheTable(t *testing.T) {
	for _, c := range optest.Cases() {
		if unaryOp(c.Op) {
			if err := c.Check(kernels.Scalar1(c.Op, c.A)); err != nil {
				t.Error("scalar:", err)
			}
			for _, sel := range []ops.Selection{nil, {1}} {
				a, dst := batchOf(c.A), new(ops.Vector)
				row, err := kernels.Unary(c.Op, dst, a, sel, 3)
				check(t, &c, dst, row, err, sel)
			}
			continue
		}
		if err := c.Check(kernels.Scalar2(c.Op, c.A, c.B)); err != nil {
			t.Error("scalar:", err)
		}
		for form := range 4 {
			aConst, bConst := form&1 != 0, form&2 != 0
			for _, sel := range []ops.Selection{nil, {1}} {
				a, b, dst := batchOf(c.A), batchOf(c.B), new(ops.Vector)
				if aConst {
					a = scalar(c.A)
				}
				if bConst {
					b = scalar(c.B)
				}
				row, err := kernels.Binary(c.Op, dst, a, b, aConst, bConst, sel, 3)
				check(t, &c, dst, row, err, sel)
			}
		}
	}
}

// batchOf is a batch of three rows of v.
func batchOf(v ops.Value) *ops.Vector {
	x := new(ops.Vector)
	for range 3 {
		x.Append(v)
	}
	return x
}

func check(t *testing.T, c *optest.Case, dst *ops.Vector, row int, err error, sel ops.Selection) {
	t.Helper()
	if err != nil {
		if wrong := c.Check(ops.None, err); wrong != nil {
			t.Error(wrong)
		}
		if want := len(sel); row != want { // row 0 of all, row 1 if only that is selected
			t.Errorf("operators.txt:%d: row %d failed, want %d", c.Line, row, want)
		}
		return
	}
	if wrong := c.Check(dst.At(1), nil); wrong != nil {
		t.Errorf("sel %v: %v", sel, wrong)
	}
	if sel != nil && !dst.At(0).IsNone() {
		t.Errorf("operators.txt:%d: a row that is not selected is not none", c.Line)
	}
}

// TestKernelsAreTheReference compares batches of random values with the reference, row by row.
func TestKernelsAreTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		op := uint16(rapid.IntRange(int(opcodes.Neg), int(opcodes.Index)).Draw(t, "op"))
		n := rapid.SampledFrom([]int{1, 5, 64, 70}).Draw(t, "rows")
		aConst := !unaryOp(op) && rapid.IntRange(0, 4).Draw(t, "aConst") == 0
		bConst := rapid.IntRange(0, 2).Draw(t, "bConst") == 0
		a, as := operand(t, n, aConst)
		b, bs := operand(t, n, bConst)
		sel := optest.Selection(t, n)
		dst := new(ops.Vector)
		if rapid.Bool().Draw(t, "used before") {
			dst, _ = optest.Vector(t, n)
		}
		switch {
		case !aConst && rapid.IntRange(0, 3).Draw(t, "in a") == 0:
			dst = a
		case !bConst && rapid.IntRange(0, 3).Draw(t, "in b") == 0:
			dst = b
		}
		wants, wantRow, wantErr := reference(op, as, bs, sel)
		var row int
		var err error
		if unaryOp(op) {
			if dst == b {
				dst = a
			}
			row, err = kernels.Unary(op, dst, a, sel, n)
		} else {
			row, err = kernels.Binary(op, dst, a, b, aConst, bConst, sel, n)
		}
		if fmt.Sprint(err) != fmt.Sprint(wantErr) || err != nil && row != wantRow {
			t.Fatalf("%s: row %d, %v, want row %d, %v", ops.Table[op].Name, row, err, wantRow, wantErr)
		}
		if err != nil {
			return
		}
		if dst.N != n {
			t.Fatalf("%d rows, want %d", dst.N, n)
		}
		for i, want := range wants {
			if got := dst.At(i); !optest.Same(got, want) {
				t.Fatalf("%s, row %d: %s, want %s", ops.Table[op].Name, i, ops.AppendZQL(nil, got), ops.AppendZQL(nil, want))
			}
			if dst.IsNone(i) != want.IsNone() {
				t.Fatalf("row %d: IsNone is %v", i, dst.IsNone(i))
			}
		}
	})
}

// TestLongVectors goes beyond the size of a batch, which nothing does today but nothing forbids.
func TestLongVectors(t *testing.T) {
	const n = 3*ops.BatchSize + 5
	a, b := new(ops.Vector), new(ops.Vector)
	for i := range n {
		a.Append(optest.Parse([]string{"1", "none", "3"}[i%3]))
		b.Append(optest.Parse([]string{`"a"`, `"b"`, "none", "none"}[i%4]))
	}
	sel := make(ops.Selection, 0, n)
	for i := 0; i < n; i += 5 {
		sel = append(sel, int32(i))
	}
	for _, c := range []struct {
		op   uint16
		a, b *ops.Vector
	}{{opcodes.Add, a, a}, {opcodes.Add, b, b}, {opcodes.Eq, a, b}, {opcodes.Lt, a, a}, {opcodes.Coalesce, a, b}} {
		for _, s := range []ops.Selection{nil, sel} {
			dst := new(ops.Vector)
			if _, err := kernels.Binary(c.op, dst, c.a, c.b, false, false, s, n); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				want := ops.None
				if s == nil || i%5 == 0 {
					want, _ = ops.Eval2(c.op, c.a.At(i), c.b.At(i))
				}
				if got := dst.At(i); !optest.Same(got, want) {
					t.Fatalf("%s, row %d: %s, want %s", ops.Table[c.op].Name, i, ops.Format(got), ops.Format(want))
				}
			}
		}
	}
}

// operand draws a vector and its rows; a constant is a vector of one row, and its rows are all that one.
func operand(t *rapid.T, n int, constant bool) (*ops.Vector, []ops.Value) {
	if !constant {
		return optest.Vector(t, n)
	}
	v, one := optest.Vector(t, 1)
	all := make([]ops.Value, n)
	for i := range all {
		all[i] = one[0]
	}
	return v, all
}

// reference evaluates the selected rows up to the first that fails; the others are none.
func reference(op uint16, as, bs []ops.Value, sel ops.Selection) (out []ops.Value, row int, err error) {
	out = make([]ops.Value, len(as))
	if sel == nil {
		for i := range as {
			sel = append(sel, int32(i))
		}
	}
	for _, i := range sel {
		b := bs[i]
		if unaryOp(op) {
			b = ops.None
		}
		if out[i], err = ops.Eval(op, as[i], b); err != nil {
			return nil, int(i), err
		}
	}
	return out, -1, nil
}

func TestScalarsAreTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		op := uint16(rapid.IntRange(int(opcodes.Neg), int(opcodes.Index)).Draw(t, "op"))
		a, b := optest.Draw(t, ops.KindAny), optest.Draw(t, ops.KindAny)
		var got ops.Value
		var err error
		if unaryOp(op) {
			b = ops.None
			got, err = kernels.Scalar1(op, a)
		} else {
			got, err = kernels.Scalar2(op, a, b)
		}
		want, wantErr := ops.Eval(op, a, b)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) || !optest.Same(got, want) {
			t.Fatalf("%s, %v, want %s, %v", ops.AppendZQL(nil, got), err, ops.AppendZQL(nil, want), wantErr)
		}
	})
}

// TestKernelsAllocateNothing holds the loops to their promise: no memory per row, nor per batch.
func TestKernelsAllocateNothing(t *testing.T) {
	ints, others, floats, strs, mixed, dst := benchVectors(ops.BatchSize)
	sel := ops.Selection{1, 5, 9}
	for _, c := range []struct {
		op   uint16
		a, b *ops.Vector
	}{{opcodes.Add, ints, others}, {opcodes.Gt, ints, floats}, {opcodes.Eq, strs, strs}, {opcodes.And, new(ops.Vector), new(ops.Vector)}, {opcodes.Mul, mixed, floats}} {
		n := c.a.N
		run := func() {
			for _, s := range []ops.Selection{nil, sel[:min(n, len(sel))]} {
				if _, err := kernels.Binary(c.op, dst, c.a, c.b, false, false, s, n); err != nil {
					t.Fatal(err)
				}
			}
		}
		run()
		if got := testing.AllocsPerRun(10, run); got > 0 {
			t.Errorf("%s allocates %v times", ops.Table[c.op].Name, got)
		}
	}
}
