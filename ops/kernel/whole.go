package kernel

import (
	"math"

	"github.com/zerodb/zerodb/ops"
)

// The functions of this file do whole batches of operators whose way with none or with memory is their own.

// IsNone is the operator is.none.
func IsNone(dst, a *ops.Vector, sel ops.Selection, n int) bool {
	dst.Reset(ops.KindBool, n)
	out := dst.Bools[:n]
	switch {
	case a.Kind == ops.KindNone:
		for i := range out {
			out[i] = true
		}
	case a.Kind == ops.KindAny:
		for i := range out {
			out[i] = a.IsNone(i)
		}
	case a.Valid == nil:
		clear(out)
	default:
		for i := range out {
			out[i] = !a.Valid.Get(i)
		}
	}
	maskBools(dst, sel, n)
	return true
}

func maskBools(dst *ops.Vector, sel ops.Selection, n int) {
	var room Room
	setValid(dst, validRows(&room, nil, nil, sel, n))
}

// And and Or are three-valued logic over vectors of bool and none.
func And(dst, a, b *ops.Vector, f Form, sel ops.Selection, n int) bool {
	return logic(dst, a, b, f, sel, n, false)
}

// Or is the operator or.
func Or(dst, a, b *ops.Vector, f Form, sel ops.Selection, n int) bool {
	return logic(dst, a, b, f, sel, n, true)
}

// logic gives decisive where an operand is that, else none where one is none, else the other truth value.
func logic(dst, a, b *ops.Vector, f Form, sel ops.Selection, n int, decisive bool) bool {
	x, xv, ok := truths(a, f == SV)
	y, yv, ok2 := truths(b, f == VS)
	if !ok || !ok2 {
		return false
	}
	dst.Reset(ops.KindBool, n)
	out := dst.Bools[:n]
	if xv == nil && yv == nil && f == VV && x != nil && y != nil {
		x, y = x[:n], y[:n]
		for i := range out {
			if decisive {
				out[i] = x[i] || y[i]
			} else {
				out[i] = x[i] && y[i]
			}
		}
		maskBools(dst, sel, n)
		return true
	}
	var selected, room Room
	wanted := validRows(&selected, nil, nil, sel, n)
	valid := room.Cleared(n)
	for i := range out {
		p, pNone := truth(x, xv, at(i, f == SV))
		q, qNone := truth(y, yv, at(i, f == VS))
		switch {
		case !pNone && p == decisive || !qNone && q == decisive:
			out[i] = decisive
		case pNone || qNone:
			continue
		default:
			out[i] = !decisive
		}
		valid.Set(i)
	}
	for i := range wanted {
		valid[i] &= wanted[i]
	}
	dst.SetBitmap(valid)
	dst.Tidy()
	return true
}

// truths returns the bools of a vector and their validity; nil bools where every row is none. ok is false for other kinds.
func truths(v *ops.Vector, constant bool) (bools []bool, valid ops.Bitmap, ok bool) {
	switch v.Kind {
	case ops.KindBool:
		if constant && v.IsNone(0) {
			return nil, nil, true
		}
		return v.Bools, v.Valid, true
	case ops.KindNone:
		return nil, nil, true
	}
	return nil, nil, false
}

func truth(bools []bool, valid ops.Bitmap, i int) (is, none bool) {
	if bools == nil || valid != nil && !valid.Get(i) {
		return false, true
	}
	return bools[i], false
}

// Coalesce is the operator coalesce where nothing is to be replaced or everything is; it declines else.
func Coalesce(dst, a, b *ops.Vector, f Form, sel ops.Selection, n int) bool {
	switch {
	case f != SV && a.Kind == ops.KindNone && f == VV:
		dst.CopyFrom(b, sel)
	case f != SV && a.Kind == ops.KindNone:
		dst.Fill(b.At(0), n)
		dst.Mask(sel)
	case f != SV && !a.HasNone():
		dst.CopyFrom(a, sel)
	case f == SV && a.IsNone(0):
		dst.CopyFrom(b, sel)
	case f == SV:
		dst.Fill(a.At(0), n)
		dst.Mask(sel)
	default:
		return false
	}
	return true
}

// Concat is add of two vectors of strings: the results share one piece of memory. It declines else.
func Concat(dst, a, b *ops.Vector, f Form, sel ops.Selection, n int) bool {
	if a.Kind != ops.KindString || b.Kind != ops.KindString || f == SV && a.IsNone(0) || f == VS && b.IsNone(0) {
		return false
	}
	if sel == nil {
		sel = everyRow[:min(n, len(everyRow))]
		if len(sel) < n {
			return false
		}
	}
	av, bv := a.Valid, b.Valid
	switch f {
	case VS:
		bv = nil
	case SV:
		av = nil
	}
	var room Room
	valid := validRows(&room, av, bv, sel, n)
	size := 0
	for _, i := range sel {
		if valid == nil || valid.Get(int(i)) {
			one := len(a.Strs[at(int(i), f == SV)]) + len(b.Strs[at(int(i), f == VS)])
			if size += one; one > ops.MaxText || size > math.MaxInt32 {
				return false
			}
		}
	}
	dst.Reset(ops.KindString, n)
	text := make([]byte, 0, size)
	for _, i := range sel {
		if valid != nil && !valid.Get(int(i)) {
			continue
		}
		from := len(text)
		text = append(text, a.Strs[at(int(i), f == SV)]...)
		text = append(text, b.Strs[at(int(i), f == VS)]...)
		dst.Strs[i] = asString(text[from:])
	}
	setValid(dst, valid)
	return true
}

// everyRow selects all rows of a full batch.
var everyRow = func() ops.Selection {
	sel := make(ops.Selection, ops.BatchSize)
	for i := range sel {
		sel[i] = int32(i)
	}
	return sel
}()

// In is the operator in where a vector of ints or strings is looked up in a constant list. It declines else.
func In(dst, a, b *ops.Vector, f Form, sel ops.Selection, n int) bool {
	if f != VS {
		return false
	}
	list := b.At(0)
	switch list.Kind() {
	case ops.KindList, ops.KindTuple, ops.KindSet:
	default:
		return false
	}
	vs := list.AsList()
	none := false
	for _, v := range vs {
		none = none || v.IsNone()
	}
	switch a.Kind {
	case ops.KindInt:
		lookUp(dst, a.Ints, wholeNumbers(vs), sel, n)
	case ops.KindString:
		lookUp(dst, a.Strs, texts(vs), sel, n)
	default:
		return false
	}
	if a.Valid != nil {
		for i := range n {
			if !a.Valid.Get(i) {
				dst.Bools[i] = none
			}
		}
	}
	maskBools(dst, sel, n)
	return true
}

func wholeNumbers(vs []ops.Value) (out []int64) {
	for _, v := range vs {
		if !v.Kind().IsNumber() {
			continue
		}
		if i, err := ops.Check(v, ops.TypeOf(ops.KindInt)); err == nil {
			out = append(out, i.AsInt())
		}
	}
	return out
}

func texts(vs []ops.Value) (out []string) {
	for _, v := range vs {
		if v.Kind() == ops.KindString {
			out = append(out, v.AsString())
		}
	}
	return out
}

func lookUp[T comparable](dst *ops.Vector, xs, list []T, sel ops.Selection, n int) {
	const few = 8
	has := func(x T) bool {
		for _, y := range list {
			if x == y {
				return true
			}
		}
		return false
	}
	if len(list) > few {
		set := make(map[T]struct{}, len(list))
		for _, y := range list {
			set[y] = struct{}{}
		}
		has = func(x T) bool {
			_, ok := set[x]
			return ok
		}
	}
	dst.Reset(ops.KindBool, n)
	out := dst.Bools
	if sel != nil {
		for _, i := range sel {
			out[i] = has(xs[i])
		}
		return
	}
	for i, x := range xs[:n] {
		out[i] = has(x)
	}
}
