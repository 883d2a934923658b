package vm

import "github.com/zerodb/zerodb/ops"

// Grouping by one column of text is so common that it has a way of its own: the slot that is met first mostly holds the row's number.

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
