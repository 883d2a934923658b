package vm

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/zerodb/zerodb/ops"
)

// Grouping by one column of text is so common that it has a way of its own: short texts are hashed from two words, and the
// slot that is met first mostly holds the row's number.

// hashText hashes a text; tables of one column use it for every text, whatever kind of vector it stands in.
func hashText(s string) uint64 {
	n := len(s)
	if n > 16 {
		return ops.HashString(s)
	}
	b := unsafe.Slice(unsafe.StringData(s), n)
	var lo, hi uint64
	switch {
	case n >= 8:
		lo, hi = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:])
	case n >= 4:
		lo, hi = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[n-4:]))
	case n > 0:
		lo = uint64(b[0]) | uint64(b[n/2])<<8 | uint64(b[n-1])<<16
	}
	h, l := bits.Mul64(lo^0xa0761d6478bd642f^uint64(n), hi^0xe7037ed1a0b428db)
	return h ^ l
}

// hashOne hashes the selected rows of one column into t.h: a value has one hash, whatever vector it stands in.
func (t *rowTable) hashOne(c *ops.Vector, sel ops.Selection, n int) {
	if c.Kind == ops.KindString && c.Valid == nil && sel == nil {
		h := t.h[:n]
		for i, s := range c.Strs[:len(h)] {
			h[i] = hashText(s)
		}
		return
	}
	if c.Kind == ops.KindInt && c.Valid == nil && sel == nil {
		h := t.h[:n]
		for i, x := range c.Ints[:len(h)] {
			h[i] = ops.HashInt(x)
		}
		return
	}
	for i := range selectedRows(sel, n) {
		if v := c.At(i); v.Kind() == ops.KindString {
			t.h[i] = hashText(v.AsString())
		} else {
			t.h[i] = ops.Hash(v)
		}
	}
}

// numberTexts finds or adds every row of a hashed column of texts.
func (t *rowTable) numberTexts(cols []*ops.Vector, n int) {
	mask := uint64(len(t.slots) - 1)
	strs, h, at := cols[0].Strs[:n], t.h[:n], t.at[:n]
	for i, s := range strs {
		if g := t.slots[h[i]&mask] - 1; g >= 0 && t.hashes[g] == h[i] {
			if k := t.keys[g]; k.Kind() == ops.KindString && k.AsString() == s {
				at[i] = g
				continue
			}
		}
		g, slot := t.probe(cols, i)
		if g < 0 {
			g = t.add(cols, i, slot)
		}
		at[i] = g
	}
}

// findTexts numbers every row of a hashed column of texts: -1 where the table does not have it.
func (t *rowTable) findTexts(cols []*ops.Vector, n int) []int32 {
	mask := uint64(len(t.slots) - 1)
	strs, h, at := cols[0].Strs[:n], t.h[:n], t.at[:n]
	for i, s := range strs {
		g := t.slots[h[i]&mask] - 1
		if g >= 0 && t.hashes[g] == h[i] {
			if k := t.keys[g]; k.Kind() == ops.KindString && k.AsString() == s {
				at[i] = g
				continue
			}
		}
		if g >= 0 {
			g, _ = t.probe(cols, i)
		}
		at[i] = g
	}
	return t.at
}

// findInts is findTexts for a column of ints.
func (t *rowTable) findInts(cols []*ops.Vector, n int) []int32 {
	mask := uint64(len(t.slots) - 1)
	ints, h, at := cols[0].Ints[:n], t.h[:n], t.at[:n]
	for i, x := range ints {
		g := t.slots[h[i]&mask] - 1
		if g >= 0 && t.hashes[g] == h[i] {
			if k := t.keys[g]; k.Kind() == ops.KindInt && k.AsInt() == x {
				at[i] = g
				continue
			}
		}
		if g >= 0 {
			g, _ = t.probe(cols, i)
		}
		at[i] = g
	}
	return t.at
}
