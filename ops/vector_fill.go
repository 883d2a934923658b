package ops

import (
	"slices"
	"time"
)

// words is how many words a bitmap of n rows has.
func words(n int) int { return (n + 63) >> 6 }

// boxed reports whether a vector of the kind keeps its rows in Vals.
func (k Kind) boxed() bool {
	return k > KindString && k != KindTime && k != KindDuration || k == KindDecimal || k == KindWide
}

// Reset makes v a vector of n rows of a kind. No row is none, unless the kind is KindNone; what the rows hold is
// undefined until they are written. Memory is kept from use to use.
func (v *Vector) Reset(k Kind, n int) {
	v.keepBitmap()
	v.Kind, v.N, v.Valid = k, n, nil
	switch k {
	case KindNone:
	case KindBool:
		v.Bools = resize(v.Bools, n)
	case KindInt, KindTime, KindDuration:
		v.Ints = resize(v.Ints, n)
	case KindFloat:
		v.Floats = resize(v.Floats, n)
	case KindString:
		v.Strs = resize(v.Strs, n)
	default:
		v.Vals = resize(v.Vals, n)
	}
}

func resize[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]T, n, max(n, min(BatchSize, 2*cap(s))))
}

func (v *Vector) keepBitmap() {
	if cap(v.Valid) > cap(v.spare) {
		v.spare = v.Valid
	}
}

// Bitmap gives v a validity bitmap of its own if it has none, in which every row is set, and returns it.
func (v *Vector) Bitmap() Bitmap {
	if v.Valid == nil {
		v.blankBitmap()
		for i := range v.Valid {
			v.Valid[i] = ^uint64(0)
		}
	}
	return v.Valid
}

// blankBitmap gives v a bitmap whose bits are undefined.
func (v *Vector) blankBitmap() {
	v.keepBitmap()
	if w := words(v.N); cap(v.spare) >= w {
		v.spare = v.spare[:w]
	} else {
		v.spare = make(Bitmap, w, max(w, words(BatchSize)))
	}
	v.Valid = v.spare
}

// SetBitmap copies a validity bitmap of v.N rows.
func (v *Vector) SetBitmap(b Bitmap) {
	v.blankBitmap()
	copy(v.Valid, b)
}

// Len returns the number of rows.
func (v *Vector) Len() int { return v.N }

// IsNone reports whether row i is none.
func (v *Vector) IsNone(i int) bool {
	switch {
	case v.Valid != nil && !v.Valid.Get(i), v.Kind == KindNone:
		return true
	case v.Kind == KindAny:
		return v.Vals[i].IsNone()
	}
	return false
}

// HasNone reports whether some row is none.
func (v *Vector) HasNone() bool {
	if v.Kind == KindNone {
		return v.N > 0
	}
	if v.Kind == KindAny && slices.ContainsFunc(v.Vals[:v.N], Value.IsNone) {
		return true
	}
	return v.Valid != nil && !v.Valid.Full(v.N)
}

// SetRows sets the bits of the selected rows. It gathers a word before it stores it: changing memory bit by bit would wait
// for the store before.
func (b Bitmap) SetRows(sel Selection) {
	at, word := 0, uint64(0)
	for _, i := range sel {
		if int(i>>6) != at {
			b[at] |= word
			at, word = int(i>>6), 0
		}
		word |= 1 << (uint(i) & 63)
	}
	if len(sel) > 0 {
		b[at] |= word
	}
}

// Full reports whether the first n bits are set.
func (b Bitmap) Full(n int) bool {
	for _, w := range b[:n>>6] {
		if w != ^uint64(0) {
			return false
		}
	}
	rest := uint64(1)<<(uint(n)&63) - 1
	return rest == 0 || b[n>>6]&rest == rest
}

// At returns row i as a value. Its strings and the insides of its values live as long as those of the vector.
func (v *Vector) At(i int) Value {
	if v.Valid != nil && !v.Valid.Get(i) {
		return None
	}
	switch v.Kind {
	case KindNone:
		return None
	case KindBool:
		return Bool(v.Bools[i])
	case KindInt:
		return Int(v.Ints[i])
	case KindTime:
		return Time(v.Ints[i])
	case KindDuration:
		return Duration(time.Duration(v.Ints[i]))
	case KindFloat:
		return Float(v.Floats[i])
	case KindString:
		return String(v.Strs[i])
	}
	return v.Vals[i]
}

// SetNone makes row i none.
func (v *Vector) SetNone(i int) {
	if v.Kind == KindNone {
		return
	}
	if v.Kind.boxed() {
		v.Vals[i] = None
	}
	v.Bitmap().Clear(i)
}

// SetAt writes row i. A vector of none alone takes the value's kind; a value of another kind makes the vector tagged.
func (v *Vector) SetAt(i int, x Value) {
	if x.kind == KindNone {
		v.SetNone(i)
		return
	}
	if x.kind != v.Kind && v.Kind != KindAny {
		if v.Kind == KindNone {
			v.adopt(x.kind)
		} else {
			v.Promote()
		}
	}
	if v.Valid != nil {
		v.Valid.Set(i)
	}
	v.put(i, x)
}

// put writes a value of the vector's kind, whose bit is set already.
func (v *Vector) put(i int, x Value) {
	switch v.Kind {
	case KindBool:
		v.Bools[i] = x.bits != 0
	case KindInt, KindTime, KindDuration:
		v.Ints[i] = int64(x.bits)
	case KindFloat:
		v.Floats[i] = x.AsFloat()
	case KindString:
		v.Strs[i] = x.AsString()
	default:
		v.Vals[i] = x
	}
}

// adopt makes a vector of none one of kind k, whose rows are still none.
func (v *Vector) adopt(k Kind) {
	v.Reset(k, v.N)
	if v.N == 0 {
		return
	}
	v.blankBitmap()
	clear(v.Valid)
	if k.boxed() {
		clear(v.Vals) // no stale pointers
	}
}

// Promote makes the vector tagged.
func (v *Vector) Promote() {
	switch v.Kind {
	case KindAny:
		return
	case KindNone, KindBool, KindInt, KindTime, KindDuration, KindFloat, KindString:
		vals := resize(v.Vals, v.N)
		for i := range vals {
			vals[i] = v.At(i)
		}
		v.Vals = vals
		if v.Kind == KindNone && v.N > 0 {
			v.blankBitmap()
			clear(v.Valid)
		}
	}
	v.Kind = KindAny
}

// Append adds a row. Kinds adapt as in SetAt.
func (v *Vector) Append(x Value) {
	i := v.N
	v.grow(1)
	if x.kind == KindNone {
		if v.Kind != KindNone {
			v.SetNone(i)
		}
		return
	}
	if v.Kind == KindNone && i == 0 {
		v.Reset(x.kind, 1)
	}
	v.SetAt(i, x)
}

// grow adds n rows, which are not none and hold nothing defined.
func (v *Vector) grow(n int) {
	old := v.N
	v.N += n
	switch v.Kind {
	case KindNone:
	case KindBool:
		v.Bools = extend(v.Bools, old, n)
	case KindInt, KindTime, KindDuration:
		v.Ints = extend(v.Ints, old, n)
	case KindFloat:
		v.Floats = extend(v.Floats, old, n)
	case KindString:
		v.Strs = extend(v.Strs, old, n)
	default:
		v.Vals = extend(v.Vals, old, n)
	}
	if v.Valid == nil {
		return
	}
	for len(v.Valid) < words(v.N) {
		v.Valid = append(v.Valid, 0)
	}
	for i := old; i < v.N; i++ {
		v.Valid.Set(i)
	}
}

func extend[T any](s []T, from, n int) []T {
	s = slices.Grow(s[:from], n)
	return s[:from+n]
}

// Fill makes v a vector of n rows that are all x.
func (v *Vector) Fill(x Value, n int) {
	v.Reset(x.kind, n)
	switch x.kind {
	case KindNone:
	case KindBool:
		fill(v.Bools, x.bits != 0)
	case KindInt, KindTime, KindDuration:
		fill(v.Ints, int64(x.bits))
	case KindFloat:
		fill(v.Floats, x.AsFloat())
	case KindString:
		fill(v.Strs, x.AsString())
	default:
		fill(v.Vals, x)
	}
}

func fill[T any](s []T, x T) {
	for i := range s {
		s[i] = x
	}
}

// CopyFrom makes v a copy of src. With a selection the other rows of v are none; v may be src then.
func (v *Vector) CopyFrom(src *Vector, sel Selection) {
	if v != src {
		valid := src.Valid
		v.Reset(src.Kind, src.N)
		n := src.N
		switch src.Kind {
		case KindNone:
		case KindBool:
			copy(v.Bools, src.Bools[:n])
		case KindInt, KindTime, KindDuration:
			copy(v.Ints, src.Ints[:n])
		case KindFloat:
			copy(v.Floats, src.Floats[:n])
		case KindString:
			copy(v.Strs, src.Strs[:n])
		default:
			copy(v.Vals, src.Vals[:n])
		}
		if valid != nil {
			v.SetBitmap(valid)
		}
	}
	v.Mask(sel)
}

// Mask makes every row none that is not selected.
func (v *Vector) Mask(sel Selection) {
	if sel == nil || v.Kind == KindNone || len(sel) == v.N {
		return
	}
	var room [BatchSize / 64]uint64
	keep := bitmapRoom(&room, v.N)
	keep.SetRows(sel)
	if v.Valid == nil {
		v.SetBitmap(keep)
	} else {
		for i := range keep {
			v.Valid[i] &= keep[i]
		}
	}
	if v.Kind == KindAny {
		for i := range v.N {
			if !keep.Get(i) {
				v.Vals[i] = None
			}
		}
	}
}

// bitmapRoom returns a cleared bitmap for n rows, in room if it is enough.
func bitmapRoom(room *[BatchSize / 64]uint64, n int) Bitmap {
	if w := words(n); w <= len(room) {
		return room[:w]
	}
	return make(Bitmap, words(n))
}

// Tidy drops a bitmap that says that no row is none.
func (v *Vector) Tidy() {
	if v.Valid != nil && v.Kind != KindNone && v.Valid.Full(v.N) {
		v.keepBitmap()
		v.Valid = nil
	}
}

// Gather makes row i of v the row rows[i] of src, which is another vector. A negative row is none.
func (v *Vector) Gather(src *Vector, rows []int32) {
	v.Reset(src.Kind, len(rows))
	switch src.Kind {
	case KindNone:
		return
	case KindBool:
		gather(v.Bools, src.Bools, rows)
	case KindInt, KindTime, KindDuration:
		gather(v.Ints, src.Ints, rows)
	case KindFloat:
		gather(v.Floats, src.Floats, rows)
	case KindString:
		gather(v.Strs, src.Strs, rows)
	default:
		gather(v.Vals, src.Vals, rows)
	}
	for i, r := range rows {
		if r < 0 || src.Valid != nil && !src.Valid.Get(int(r)) {
			v.SetNone(i)
		}
	}
}

func gather[T any](dst, src []T, rows []int32) {
	dst = dst[:len(rows)]
	for i, r := range rows {
		if r >= 0 {
			dst[i] = src[r]
		}
	}
}

// Clear forgets every reference the vector holds, so that what its rows point to can be freed; its memory is kept.
func (v *Vector) Clear() {
	clear(v.Strs[:cap(v.Strs)])
	clear(v.Vals[:cap(v.Vals)])
	v.Reset(KindNone, 0)
}

// Bytes estimates how much memory the vector holds, without what its strings and values point to.
func (v *Vector) Bytes() int64 {
	return int64(cap(v.Bools) + 8*cap(v.Ints) + 8*cap(v.Floats) + 16*cap(v.Strs) + 24*cap(v.Vals) + 8*cap(v.Valid))
}
