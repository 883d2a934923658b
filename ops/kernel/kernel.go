// Package kernel runs the generated loops over batches (gen/kernels): it chooses the loop by the operands' kinds, works
// out which rows are none, finds the row that fails, and evaluates row by row what no loop is made for.
// What the operators mean is said by the reference evaluator in package ops.
package kernel

import (
	"sync"

	"github.com/zerodb/zerodb/ops"
)

// Form says which operands are vectors and which are scalars, given as vectors of one row.
type Form uint8

const (
	VV Form = iota // vector op vector
	VS             // vector op scalar
	SV             // scalar op vector
)

// Lane is a place in the tables of loops: a kind that has loops made for it.
type Lane uint8

const (
	LaneBool Lane = iota
	LaneInt
	LaneFloat
	LaneString
	LaneTime
	LaneDuration
	NumLanes
)

// laneOf maps kinds to lanes, NumLanes where there is none.
var laneOf = func() (ls [ops.NumKinds]Lane) {
	for i := range ls {
		ls[i] = NumLanes
	}
	ls[ops.KindBool], ls[ops.KindInt], ls[ops.KindFloat] = LaneBool, LaneInt, LaneFloat
	ls[ops.KindString], ls[ops.KindTime], ls[ops.KindDuration] = LaneString, LaneTime, LaneDuration
	return ls
}()

// UnaryLoop is a loop over the selected rows of a, for one kind of it. It writes a dst of kind k, and reports whether some
// row may have failed; rows that are none are computed too, and may be why.
type UnaryLoop struct {
	Run  func(dst, a *ops.Vector, k ops.Kind, sel ops.Selection, n int) (failed bool)
	Kind ops.Kind
}

// BinaryLoop is the same of two operands.
type BinaryLoop struct {
	Run  func(dst, a, b *ops.Vector, f Form, k ops.Kind, sel ops.Selection, n int) (failed bool)
	Kind ops.Kind
}

// UnaryOp is a unary operator: its loops by lane, and its way for a single value.
type UnaryOp struct {
	Loops  [NumLanes]UnaryLoop
	Scalar func(a ops.Value) (ops.Value, error)
	// Bool says that the result is a bool or none.
	Bool bool
	// Whole, if set, does a whole batch instead of all else, or declines.
	Whole func(dst, a *ops.Vector, sel ops.Selection, n int) (done bool)
}

// Nones says what an operator makes of none.
type Nones uint8

const (
	NoneStays    Nones = iota // the result is none where an operand is
	NoneIsValue               // Scalar and Whole see none as a value like others
	NoneIsEqual               // eq: none equals only none
	NoneIsUneven              // ne
)

// BinaryOp is a binary operator: its loops by the lanes of its operands.
type BinaryOp struct {
	Loops  [NumLanes][NumLanes]BinaryLoop
	Scalar func(a, b ops.Value) (ops.Value, error)
	Bool   bool
	Nones  Nones
	// Orders says that operands of different families give none in every row.
	Orders bool
	Whole  func(dst, a, b *ops.Vector, f Form, sel ops.Selection, n int) (done bool)
}

// Unary writes op a into dst for the selected rows of a batch of n; the other rows of dst are none. It returns the first
// row that fails, with the error. dst may be a.
func Unary(op *UnaryOp, dst, a *ops.Vector, sel ops.Selection, n int) (row int, err error) {
	if dst == a {
		spare := spares.Get().(*ops.Vector)
		defer spares.Put(spare)
		*spare, *dst = *dst, *spare
		a = spare
	}
	if op.Whole != nil && op.Whole(dst, a, sel, n) {
		return -1, nil
	}
	if lane := laneOf[a.Kind]; lane < NumLanes && op.Loops[lane].Run != nil {
		loop := &op.Loops[lane]
		var room Room
		valid := validRows(&room, a.Valid, nil, sel, n)
		if loop.Run(dst, a, loop.Kind, sel, n) {
			if row, err = failing1(op, a, sel, n); err != nil {
				return row, err
			}
		}
		setValid(dst, valid)
		return -1, nil
	}
	if a.Kind == ops.KindNone {
		dst.Reset(ops.KindNone, n)
		return -1, nil
	}
	return rows(dst, sel, n, op.Bool, func(i int) (ops.Value, error) { return op.Scalar(a.At(i)) })
}

// spares are vectors to compute from where dst is an operand.
var spares = sync.Pool{New: func() any { return new(ops.Vector) }}

// Binary writes a op b into dst for the selected rows of a batch of n; the other rows of dst are none. An operand that is
// constant is a vector of one row. It returns the first row that fails, with the error. dst may be a or b.
func Binary(op *BinaryOp, code uint16, dst, a, b *ops.Vector, aConst, bConst bool, sel ops.Selection, n int) (row int, err error) {
	if dst == a || dst == b {
		return inPlace(op, code, dst, a, b, aConst, bConst, sel, n)
	}
	f := VV
	switch {
	case aConst && bConst:
		return constant(op, dst, a, b, sel, n)
	case aConst:
		f = SV
	case bConst:
		f = VS
	}
	if op.Whole != nil && op.Whole(dst, a, b, f, sel, n) {
		return -1, nil
	}
	la, lb := laneOf[a.Kind], laneOf[b.Kind]
	if la < NumLanes && lb < NumLanes && op.Loops[la][lb].Run != nil && !(aConst && a.IsNone(0)) && !(bConst && b.IsNone(0)) {
		return typed(op, &op.Loops[la][lb], dst, a, b, f, sel, n)
	}
	if op.Nones == NoneStays && allNone(op, code, a, b, la, lb, aConst, bConst) {
		dst.Reset(ops.KindNone, n)
		return -1, nil
	}
	return eachRow(op, dst, a, b, f, sel, n)
}

func inPlace(op *BinaryOp, code uint16, dst, a, b *ops.Vector, aConst, bConst bool, sel ops.Selection, n int) (int, error) {
	spare := spares.Get().(*ops.Vector)
	defer spares.Put(spare)
	*spare, *dst = *dst, *spare
	if a == dst {
		a = spare
	}
	if b == dst {
		b = spare
	}
	return Binary(op, code, dst, a, b, aConst, bConst, sel, n)
}

// constant evaluates two scalars once.
func constant(op *BinaryOp, dst, a, b *ops.Vector, sel ops.Selection, n int) (int, error) {
	if sel != nil && len(sel) == 0 {
		dst.Reset(ops.KindNone, n)
		return -1, nil
	}
	v, err := op.Scalar(a.At(0), b.At(0))
	if err != nil {
		if sel != nil {
			return int(sel[0]), err
		}
		return 0, err
	}
	dst.Fill(v, n)
	dst.Mask(sel)
	return -1, nil
}

// typed runs a loop and works out the rows that are none.
func typed(op *BinaryOp, loop *BinaryLoop, dst, a, b *ops.Vector, f Form, sel ops.Selection, n int) (int, error) {
	av, bv := a.Valid, b.Valid
	switch f {
	case VS:
		bv = nil
	case SV:
		av = nil
	}
	var room Room
	if op.Nones == NoneStays {
		valid := validRows(&room, av, bv, sel, n)
		if loop.Run(dst, a, b, f, loop.Kind, sel, n) {
			if row, err := failing2(op, a, b, f, sel, n); err != nil {
				return row, err
			}
		}
		setValid(dst, valid)
		return -1, nil
	}
	loop.Run(dst, a, b, f, loop.Kind, sel, n)
	if av != nil || bv != nil {
		evenRows(dst.Bools[:n], av, bv, op.Nones == NoneIsEqual)
	}
	setValid(dst, validRows(&room, nil, nil, sel, n))
	return -1, nil
}

// evenRows corrects an (in)equality where an operand is none.
func evenRows(out []bool, av, bv ops.Bitmap, even bool) {
	for i := range out {
		aNone, bNone := av != nil && !av.Get(i), bv != nil && !bv.Get(i)
		if aNone || bNone {
			out[i] = (aNone == bNone) == even
		}
	}
}

// allNone reports whether no row can be anything but none, nor an error.
func allNone(op *BinaryOp, code uint16, a, b *ops.Vector, la, lb Lane, aConst, bConst bool) bool {
	accepts := &ops.Table[code].Accepts
	fits := func(v *ops.Vector, k ops.Kinds) bool {
		return v.Kind == ops.KindNone || v.Kind != ops.KindAny && (k == 0 || k.Has(v.Kind))
	}
	if !fits(a, accepts[0]) || !fits(b, accepts[1]) {
		return false
	}
	if a.Kind == ops.KindNone || b.Kind == ops.KindNone || aConst && a.IsNone(0) || bConst && b.IsNone(0) {
		return true
	}
	return op.Orders && !ops.SameFamily(a.Kind, b.Kind)
}

// ---- rows that are none

// Room is where a bitmap of a batch fits.
type Room [ops.BatchSize / 64]uint64

// Cleared returns a bitmap of n rows without a set bit, in the room if that is enough.
func (r *Room) Cleared(n int) ops.Bitmap {
	if w := (n + 63) / 64; w <= len(r) {
		b := ops.Bitmap(r[:w])
		clear(b)
		return b
	}
	return make(ops.Bitmap, (n+63)/64)
}

// validRows returns the rows that are selected and valid in both bitmaps; nil if all are.
func validRows(room *Room, a, b ops.Bitmap, sel ops.Selection, n int) ops.Bitmap {
	whole := sel == nil || len(sel) == n
	if whole && a == nil && b == nil {
		return nil
	}
	valid := room.Cleared(n)
	if whole {
		for i := range valid {
			valid[i] = ^uint64(0)
		}
	} else {
		valid.SetRows(sel)
	}
	if a != nil {
		a = a[:len(valid)]
		for i := range valid {
			valid[i] &= a[i]
		}
	}
	if b != nil {
		b = b[:len(valid)]
		for i := range valid {
			valid[i] &= b[i]
		}
	}
	return valid
}

func setValid(dst *ops.Vector, valid ops.Bitmap) {
	if valid != nil {
		dst.SetBitmap(valid)
	}
}

// ---- row by row

func failing1(op *UnaryOp, a *ops.Vector, sel ops.Selection, n int) (int, error) {
	return firstError(sel, n, func(i int) error {
		_, err := op.Scalar(a.At(i))
		return err
	})
}

func failing2(op *BinaryOp, a, b *ops.Vector, f Form, sel ops.Selection, n int) (int, error) {
	return firstError(sel, n, func(i int) error {
		_, err := op.Scalar(a.At(at(i, f == SV)), b.At(at(i, f == VS)))
		return err
	})
}

func at(i int, constant bool) int {
	if constant {
		return 0
	}
	return i
}

func firstError(sel ops.Selection, n int, try func(i int) error) (int, error) {
	if sel != nil {
		for _, i := range sel {
			if err := try(int(i)); err != nil {
				return int(i), err
			}
		}
		return -1, nil
	}
	for i := range n {
		if err := try(i); err != nil {
			return i, err
		}
	}
	return -1, nil
}

// eachRow evaluates a binary operator value by value.
func eachRow(op *BinaryOp, dst, a, b *ops.Vector, f Form, sel ops.Selection, n int) (int, error) {
	switch f {
	case VS:
		y := b.At(0)
		return rows(dst, sel, n, op.Bool, func(i int) (ops.Value, error) { return op.Scalar(a.At(i), y) })
	case SV:
		x := a.At(0)
		return rows(dst, sel, n, op.Bool, func(i int) (ops.Value, error) { return op.Scalar(x, b.At(i)) })
	}
	return rows(dst, sel, n, op.Bool, func(i int) (ops.Value, error) { return op.Scalar(a.At(i), b.At(i)) })
}

// rows writes what eval gives for each selected row.
func rows(dst *ops.Vector, sel ops.Selection, n int, isBool bool, eval func(i int) (ops.Value, error)) (int, error) {
	if isBool {
		return boolRows(dst, sel, n, eval)
	}
	dst.Reset(ops.KindNone, n)
	row, err := firstError(sel, n, func(i int) error {
		v, err := eval(i)
		if err == nil && !v.IsNone() {
			dst.SetAt(i, v)
		}
		return err
	})
	dst.Tidy()
	return row, err
}

func boolRows(dst *ops.Vector, sel ops.Selection, n int, eval func(i int) (ops.Value, error)) (int, error) {
	dst.Reset(ops.KindBool, n)
	var room Room
	valid := room.Cleared(n)
	out := dst.Bools
	row, err := firstError(sel, n, func(i int) error {
		v, err := eval(i)
		out[i] = v.IsTrue()
		if !v.IsNone() {
			valid.Set(i)
		}
		return err
	})
	dst.SetBitmap(valid)
	dst.Tidy()
	return row, err
}
