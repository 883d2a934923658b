package kernel

import "github.com/zerodb/zerodb/ops"

// Distance is the operator distance of a vector of lists from one constant list of numbers, which is unpacked once.
// It declines what is not all ints and floats, and lists of other lengths.
func Distance(dst, a, b *ops.Vector, f Form, sel ops.Selection, n int) bool {
	if f != VS || a.Kind != ops.KindList && a.Kind != ops.KindAny || !isList(b.At(0)) {
		return false
	}
	list := b.At(0).AsList()
	q := make([]float64, len(list))
	yy := 0.0
	for i, v := range list {
		x, ok := number(v)
		if !ok {
			return false
		}
		q[i] = x
		yy += x * x
	}
	dst.Reset(ops.KindFloat, n)
	var room Room
	valid := room.Cleared(n)
	one := func(i int) bool {
		v := a.At(i)
		if v.IsNone() {
			return true
		}
		if !isList(v) || len(v.AsList()) != len(q) {
			return false
		}
		dot, xx, ok := products(v.AsList(), q)
		if !ok {
			return false
		}
		d, err := ops.Cosine(dot, xx, yy)
		if err != nil {
			return false
		}
		dst.Floats[i] = d.AsFloat()
		valid.Set(i)
		return true
	}
	if !every(sel, n, one) {
		return false
	}
	dst.SetBitmap(valid)
	dst.Tidy()
	return true
}

func isList(v ops.Value) bool {
	return v.Kind() == ops.KindList || v.Kind() == ops.KindTuple || v.Kind() == ops.KindSet
}

// every calls do for the selected rows until it declines one.
func every(sel ops.Selection, n int, do func(i int) bool) bool {
	if sel == nil {
		for i := range n {
			if !do(i) {
				return false
			}
		}
		return true
	}
	for _, i := range sel {
		if !do(int(i)) {
			return false
		}
	}
	return true
}

func products(vs []ops.Value, q []float64) (dot, xx float64, ok bool) {
	q = q[:len(vs)]
	for j := range vs {
		p, ok := number(vs[j])
		if !ok {
			return 0, 0, false
		}
		dot += p * q[j]
		xx += p * p
	}
	return dot, xx, true
}

func number(v ops.Value) (float64, bool) {
	switch v.Kind() {
	case ops.KindFloat:
		return v.AsFloat(), true
	case ops.KindInt:
		return float64(v.AsInt()), true
	}
	return 0, false
}
