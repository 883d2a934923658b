package vm

import (
	"github.com/zerodb/zerodb/ops"
)

// joiner holds the right side of a join: its rows, found again by their keys. Rows of one key are chained in the order in
// which they came. When memory grows tight all rows go to an overflow, and so will those of the left side.
type joiner struct {
	decl  *linkedBuilder
	round uint64

	table rowTable // the distinct keys
	first []int32  // by key: its first row
	last  []int32
	next  []int32 // by row: the next row of the key, -1 behind the last
	cols  []ops.Vector
	arena arena
	held  int64

	aside  overflow
	keys   []ops.Vector // of rows that are put aside
	other  []ops.Vector
	shown  []*ops.Vector
	number []int32
}

const joinName = "a join"

func (j *joiner) empty(r *Rows, decl *linkedBuilder) {
	j.release(r)
	j.decl = decl
	j.round++
	j.restart(r)
}

// restart forgets the rows in memory.
func (j *joiner) restart(r *Rows) {
	j.table.empty(j.decl.Keys)
	j.first, j.last, j.next = j.first[:0], j.last[:0], j.next[:0]
	width := j.decl.Columns - j.decl.Keys
	for len(j.cols) < width {
		j.cols = append(j.cols, ops.Vector{})
	}
	j.cols = j.cols[:width]
	for i := range j.cols {
		j.cols[i].Reset(ops.KindNone, 0)
	}
	j.arena.reset()
	j.charge(r)
}

func (j *joiner) release(r *Rows) {
	r.o.Memory.take(-j.held)
	j.held = 0
	if cap(j.next) > ops.BatchSize {
		*j = joiner{round: j.round, aside: j.aside}
	}
	for i := range j.cols {
		j.cols[i].Clear()
	}
	j.table.empty(0)
	j.arena.reset()
	j.aside.release()
}

// charge brings the budget up to what the join holds.
func (j *joiner) charge(r *Rows) {
	size := j.table.size() + j.arena.size + int64(cap(j.first)+cap(j.last)+cap(j.next))*4
	for i := range j.cols {
		size += j.cols[i].Bytes()
	}
	r.o.Memory.take(size - j.held)
	j.held = size
}

// rows is how many rows are in memory.
func (j *joiner) rows() int { return len(j.next) }

// unique reports whether no key has two rows; row and key have the same number then.
func (j *joiner) unique() bool { return len(j.next) == len(j.first) }

func (j *joiner) put(r *Rows, cols []*ops.Vector, sel ops.Selection, n int) error {
	j.table.hash(r, cols[:j.decl.Keys], sel, n)
	if j.aside.used() {
		return j.putAside(r, cols, sel, n)
	}
	j.add(cols, sel, n)
	j.charge(r)
	if r.o.Spill != nil && j.rows() >= chunkRows && r.o.Memory.tight() {
		return j.spill(r)
	}
	return r.o.Memory.over(joinName)
}

// add takes the selected rows of a hashed batch into memory.
func (j *joiner) add(cols []*ops.Vector, sel ops.Selection, n int) {
	t, keys := &j.table, cols[:j.decl.Keys]
	count := n
	if sel != nil {
		count = len(sel)
	}
	t.reserve(count)
	for i := range selectedRows(sel, n) {
		row := int32(len(j.next))
		j.next = append(j.next, -1)
		k, slot := t.probe(keys, i)
		if k < 0 {
			t.add(keys, i, slot)
			j.first, j.last = append(j.first, row), append(j.last, row)
		} else {
			j.next[j.last[k]] = row
			j.last[k] = row
		}
		for c := range j.cols {
			j.cols[c].Append(j.arena.copy(cols[j.decl.Keys+c].At(i)))
		}
	}
}

// newGroup begins a group of rows with the keys of row i of some columns, for a join that meets its rows in the order of their keys.
// Its number is that of a key, though the table cannot find it.
func (j *joiner) newGroup(keys []*ops.Vector, i int) int32 {
	for _, c := range keys {
		j.table.keys = append(j.table.keys, j.arena.copy(c.At(i)))
	}
	j.first, j.last = append(j.first, -1), append(j.last, -1)
	return int32(len(j.first) - 1)
}

// grow adds a row of the right side to the last group.
func (j *joiner) grow(cols []*ops.Vector, i int) {
	row, g := int32(len(j.next)), len(j.first)-1
	j.next = append(j.next, -1)
	if j.first[g] < 0 {
		j.first[g] = row
	} else {
		j.next[row-1] = row
	}
	j.last[g] = row
	for c := range j.cols {
		j.cols[c].Append(j.arena.copy(cols[j.decl.Keys+c].At(i)))
	}
}

// keepGroup forgets all groups but the last one, whose number is given and comes back; -1 forgets that as well. Where little stands
// before it, it stays in its place.
func (j *joiner) keepGroup(g int32) int32 {
	if g >= 0 {
		if j.first[g] >= ops.BatchSize {
			j.moveUp(int(g))
			g = 0
		}
		return g
	}
	j.first, j.last, j.next, j.table.keys = j.first[:0], j.last[:0], j.next[:0], j.table.keys[:0]
	for c := range j.cols {
		j.cols[c].Reset(ops.KindNone, 0)
	}
	if j.arena.size > lastChunk {
		j.arena.reset()
	}
	return -1
}

// moveUp makes the last group the only one.
func (j *joiner) moveUp(g int) {
	from, width := int(j.first[g]), j.decl.Keys
	n := len(j.next) - from
	mem := arena{}
	for c := range j.cols {
		var v ops.Vector
		for i := range n {
			v.Append(mem.copy(j.cols[c].At(from + i)))
		}
		j.cols[c] = v
	}
	for c := range width {
		j.table.keys[c] = mem.copy(j.table.keys[g*width+c])
	}
	j.arena, j.table.keys, j.next = mem, j.table.keys[:width], j.next[:n]
	for i := range j.next {
		j.next[i] = int32(i) + 1
	}
	j.next[n-1] = -1
	j.first, j.last = append(j.first[:0], 0), append(j.last[:0], int32(n-1))
}

func (j *joiner) putAside(r *Rows, cols []*ops.Vector, sel ops.Selection, n int) error {
	for i := range selectedRows(sel, n) {
		if err := j.aside.add(r, joinName, overflowBuild, j.table.h[i], cols, i); err != nil {
			return err
		}
	}
	return nil
}

// spill puts the rows in memory aside.
func (j *joiner) spill(r *Rows) error {
	j.number = append(j.number[:0], make([]int32, j.rows())...)
	for k, row := range j.first {
		for ; row >= 0; row = j.next[row] {
			j.number[row] = int32(k)
		}
	}
	for from := 0; from < j.rows(); from += ops.BatchSize {
		n := min(j.rows()-from, ops.BatchSize)
		cols := j.window(from, n)
		j.table.hash(r, cols[:j.decl.Keys], nil, n)
		for i := range n {
			if err := j.aside.add(r, joinName, overflowBuild, j.table.h[i], cols, i); err != nil {
				return err
			}
		}
	}
	j.number = j.number[:0]
	j.restart(r)
	return nil
}

// window shows n rows from one on as columns: the keys, then the others.
func (j *joiner) window(from, n int) []*ops.Vector {
	for len(j.keys) < j.decl.Keys {
		j.keys = append(j.keys, ops.Vector{})
	}
	for len(j.other) < len(j.cols) {
		j.other = append(j.other, ops.Vector{})
	}
	j.shown = j.shown[:0]
	for c := range j.decl.Keys {
		v := &j.keys[c]
		v.Reset(ops.KindNone, n)
		for i := range n {
			v.SetAt(i, j.table.key(int(j.number[from+i]), c))
		}
		j.shown = append(j.shown, v)
	}
	for c := range j.cols {
		v := &j.other[c]
		v.Reset(ops.KindNone, n)
		for i := range n {
			v.SetAt(i, j.cols[c].At(from+i))
		}
		j.shown = append(j.shown, v)
	}
	return j.shown
}

// load reads rows of the partition at hand into memory until there is no room for more. It reports whether there are more.
func (j *joiner) load(r *Rows) (more bool, err error) {
	j.restart(r)
	for len(j.other) < j.decl.Columns {
		j.other = append(j.other, ops.Vector{})
	}
	for j.rows() < chunkRows || !r.o.Memory.tight() {
		n, err := j.aside.read(r, overflowBuild, j.other[:j.decl.Columns])
		if err != nil || n == 0 {
			return false, err
		}
		cols := showAll(&j.shown, j.other[:j.decl.Columns])
		j.table.hash(r, cols[:j.decl.Keys], nil, n)
		j.add(cols, nil, n)
		j.charge(r)
	}
	return true, nil
}

// divisible reports whether the rows in memory would not all go to one partition again.
func (j *joiner) divisible() bool {
	return j.aside.level < maxLevel && j.table.count() > 1
}

// showAll lists vectors by pointer.
func showAll(shown *[]*ops.Vector, cols []ops.Vector) []*ops.Vector {
	*shown = (*shown)[:0]
	for i := range cols {
		*shown = append(*shown, &cols[i])
	}
	return *shown
}
