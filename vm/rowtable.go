package vm

import (
	"github.com/zerodb/zerodb/ops"
)

// rowTable numbers distinct rows of one or more columns in the order in which they are first seen. It is an open hash
// table over copies in an arena: nothing is allocated for a row.
type rowTable struct {
	width  int
	slots  []int32  // number + 1; 0 is free
	hashes []uint64 // by number
	keys   []ops.Value
	arena  arena

	h  []uint64 // of the batch, by row
	at []int32  // of the batch, by row
}

const (
	firstSlots = 64
	// keptRows is how large a table may be that is kept for the next run.
	keptRows = 2 * ops.BatchSize
)

func (t *rowTable) empty(width int) {
	t.width = width
	clear(t.slots)
	t.hashes, t.keys = t.hashes[:0], t.keys[:0]
	t.arena.reset()
}

// count is how many rows there are.
func (t *rowTable) count() int { return len(t.hashes) }

// size is how many bytes the table holds, about.
func (t *rowTable) size() int64 {
	return int64(cap(t.slots))*4 + int64(cap(t.hashes))*8 + int64(cap(t.keys))*valueSize + t.arena.size
}

// hash hashes the selected rows of a batch into t.h, with the key of the run.
func (t *rowTable) hash(r *Rows, cols []*ops.Vector, sel ops.Selection, n int) {
	if cap(t.h) < n {
		t.h = make([]uint64, max(n, ops.BatchSize))
		t.at = make([]int32, max(n, ops.BatchSize))
	}
	t.h, t.at = t.h[:n], t.at[:n]
	if len(cols) == 0 {
		clear(t.h)
		return
	}
	cols[0].Hash(t.h, sel, r.o.HashKey)
	for _, c := range cols[1:] {
		c.HashMore(t.h, sel, r.o.HashKey)
	}
}

// reserve makes room for n more rows.
func (t *rowTable) reserve(n int) {
	need := 2 * (t.count() + n)
	if need <= len(t.slots) {
		return
	}
	size := max(firstSlots, len(t.slots))
	for size < need {
		size *= 2
	}
	t.slots = make([]int32, size)
	mask := uint64(size - 1)
	for g, h := range t.hashes {
		i := h & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = int32(g) + 1
	}
}

// find numbers the selected rows of a hashed batch that are there: t.at has the numbers by row, -1 for the others.
func (t *rowTable) find(cols []*ops.Vector, sel ops.Selection, n int) []int32 {
	if len(t.slots) == 0 {
		t.reserve(1)
	}
	if sel == nil {
		for i := range n {
			t.at[i], _ = t.probe(cols, i)
		}
		return t.at
	}
	for _, i := range sel {
		t.at[i], _ = t.probe(cols, int(i))
	}
	return t.at
}

// probe looks for row i of a hashed batch: its number, or -1 and the slot where it would be.
func (t *rowTable) probe(cols []*ops.Vector, i int) (number int32, slot uint64) {
	h := t.h[i]
	mask := uint64(len(t.slots) - 1)
	for s := h & mask; ; s = (s + 1) & mask {
		g := t.slots[s]
		if g == 0 {
			return -1, s
		}
		if t.hashes[g-1] == h && t.equal(cols, i, int(g-1)) {
			return g - 1, s
		}
	}
}

// equal compares row i of a batch with a row of the table.
func (t *rowTable) equal(cols []*ops.Vector, i, g int) bool {
	keys := t.keys[g*t.width : (g+1)*t.width]
	for c, col := range cols {
		k := keys[c]
		if col.Valid == nil || col.Valid.Get(i) {
			switch {
			case col.Kind == ops.KindString && k.Kind() == ops.KindString:
				if col.Strs[i] != k.AsString() {
					return false
				}
				continue
			case col.Kind == ops.KindInt && k.Kind() == ops.KindInt:
				if col.Ints[i] != k.AsInt() {
					return false
				}
				continue
			}
		}
		if !ops.Equal(col.At(i), k) {
			return false
		}
	}
	return true
}

// add puts row i of a hashed batch, which is not there, into the slot that probe found.
func (t *rowTable) add(cols []*ops.Vector, i int, slot uint64) int32 {
	g := int32(len(t.hashes))
	t.slots[slot] = g + 1
	t.hashes = append(t.hashes, t.h[i])
	for _, c := range cols {
		t.keys = append(t.keys, t.arena.copy(c.At(i)))
	}
	return g
}

// key returns a key column of a row.
func (t *rowTable) key(g, c int) ops.Value { return t.keys[g*t.width+c] }
