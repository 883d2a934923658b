package vm

import (
	"cmp"
	"slices"
	"strings"

	"github.com/zerodb/zerodb/ops"
)

// mergeSide is a side of a merge join: a cursor whose rows begin with the keys and ascend by them.
type mergeSide struct {
	cs    *cursorState // nil where the join is none of this kind
	ended bool
	at    int         // the selected row that comes next
	again bool        // whether the batch's first row has the keys of the row before it
	last  []ops.Value // the keys of the batch's last row
	mem   arena

	rows    []int32
	pending ops.Selection // rows of the batch that wait until what was put aside is joined
	waits   bool
}

func (s *mergeSide) open(cs *cursorState) {
	*s = mergeSide{cs: cs, last: s.last[:0], rows: s.rows[:0]}
}

func doOpenMerge(fr *frame, in *Instr) signal {
	b := fr.builder(in.B)
	b.join.empty(fr.run, b.decl)
	sig := doOpenJoin(fr, in)
	c := &fr.cursors[in.A].join
	c.merged.open(c.left)
	c.other.open(&fr.cursors[in.C+1])
	return sig
}

// pull brings the next batch that has rows, and makes sure that they ascend.
func (s *mergeSide) pull(fr *frame, keys int) (bool, error) {
	cs := s.cs
	for !s.ended {
		cs.sel, cs.depth, cs.n = nil, 0, 0
		if err := fr.run.step(); err != nil {
			return false, err
		}
		if err := cs.advance(fr); err != nil {
			return false, err
		}
		if s.ended = cs.n == 0; cs.selected() > 0 {
			return true, s.check(cs.cols[:keys])
		}
	}
	return false, nil
}

// check makes sure that the rows of a batch ascend, and are not below those of the batch before.
func (s *mergeSide) check(keys []*ops.Vector) error {
	s.at, s.again = 0, false
	if len(s.last) > 0 {
		d := 0
		for c := 0; c < len(keys) && d == 0; c++ {
			d = ops.Compare(keys[c].At(s.cs.row(0)), s.last[c])
		}
		if s.again = d == 0; d < 0 {
			return notAscending()
		}
	}
	if !ascends(keys, s.cs.sel, s.cs.n) {
		return notAscending()
	}
	s.mem.reset()
	s.last = s.last[:0]
	for _, c := range keys {
		s.last = append(s.last, s.mem.copy(c.At(s.cs.row(s.cs.selected()-1))))
	}
	return nil
}

func notAscending() error {
	return ops.Errorf(ops.CodeBadProgram, "a merge join was given rows that do not ascend by its keys")
}

// ascends reports whether the selected rows ascend by some columns.
func ascends(cols []*ops.Vector, sel ops.Selection, n int) bool {
	if len(cols) == 1 && sel == nil && cols[0].Valid == nil {
		switch v := cols[0]; v.Kind {
		case ops.KindInt, ops.KindTime, ops.KindDuration:
			return slices.IsSorted(v.Ints[:n])
		case ops.KindString:
			return slices.IsSorted(v.Strs[:n])
		}
	}
	before := -1
	for i := range selectedRows(sel, n) {
		if before >= 0 && compareRows(cols, before, cols, i) > 0 {
			return false
		}
		before = i
	}
	return true
}

// compareRows orders a row of some columns and a row of others.
func compareRows(a []*ops.Vector, i int, b []*ops.Vector, j int) int {
	for c, x := range a {
		if d := compareAt(x, i, b[c], j); d != 0 {
			return d
		}
	}
	return 0
}

func compareAt(a *ops.Vector, i int, b *ops.Vector, j int) int {
	if a.Kind == b.Kind && a.Valid == nil && b.Valid == nil {
		switch a.Kind {
		case ops.KindInt:
			return cmp.Compare(a.Ints[i], b.Ints[j])
		case ops.KindString:
			return strings.Compare(a.Strs[i], b.Strs[j])
		}
	}
	return ops.Compare(a.At(i), b.At(j))
}

// here makes sure that the right side is at a row, if there is one.
func (c *joinCursor) here() (bool, error) {
	s := &c.other
	for s.at >= s.cs.selected() {
		if more, err := s.pull(c.fr, c.keys); !more || err != nil {
			return false, err
		}
	}
	return true, nil
}

// advanceMerge goes to the next left batch, and finds the right rows of its keys. A right side that has so many of them that they do
// not fit in memory is put aside with the left rows of those keys, and joined from there before the merge goes on.
func (c *joinCursor) advanceMerge() (bool, error) {
	for {
		if c.apart {
			if more, err := c.advanceApart(); more || err != nil {
				return more, err
			}
			c.together()
		}
		if more, err := c.pullMerged(); !more || err != nil {
			return false, err
		}
		if err := c.match(); err != nil {
			return false, err
		}
		if !c.b.aside.used() {
			return true, nil
		}
		if err := c.part(); err != nil {
			return false, err
		}
		c.apart = true
		if more, err := c.nextPartition(); more || err != nil {
			return more, err
		}
		c.together()
	}
}

// together goes back to merging when what was put aside is joined.
func (c *joinCursor) together() {
	c.apart = false
	c.parts = partJoin{cols: c.parts.cols, shown: c.parts.shown, hits: c.parts.hits[:0]}
	c.b.aside.release()
	c.b.restart(c.fr.run)
}

// pullMerged makes the next left batch the one at hand, or what is left of one that waits. Where the right side has ended
// and nobody asks for left rows alone, only rows with the last keys can still have a pair.
func (c *joinCursor) pullMerged() (bool, error) {
	s := &c.merged
	if s.waits {
		s.waits, s.again = false, false
		c.begin(s.cs.cols, s.pending, s.cs.n)
		return true, nil
	}
	if more, err := s.pull(c.fr, c.keys); !more || err != nil {
		return false, err
	}
	if c.other.ended && c.mode == JoinInner && !s.again {
		return false, nil
	}
	c.begin(s.cs.cols, s.cs.sel, s.cs.n)
	return true, nil
}

// match finds for each left row the group of right rows that has its keys.
func (c *joinCursor) match() error {
	if cap(c.at) < c.n {
		c.at = make([]int32, max(c.n, ops.BatchSize))
	}
	c.at = c.at[:c.n]
	g := int32(-1)
	if c.merged.again {
		g = c.was
	}
	g = c.b.keepGroup(g)
	keys, before, again := c.cols[:c.keys], -1, c.merged.again
	for i := range selectedRows(c.sel, c.n) {
		if before < 0 && !again || before >= 0 && compareRows(keys, before, keys, i) != 0 {
			var err error
			if g, err = c.groupOf(i); err != nil {
				return err
			}
		}
		c.at[i], before = g, i
	}
	c.was = g
	return c.weigh()
}

// weigh charges the right rows in memory, and puts them aside where they are too many.
func (c *joinCursor) weigh() error {
	r, b := c.fr.run, c.b
	b.charge(r)
	if r.o.Spill != nil && b.rows() > 0 && (b.rows() >= chunkRows && r.o.Memory.tight() || r.o.Memory.spent()) {
		return b.spill(r)
	}
	return r.o.Memory.over(joinName)
}

// groupOf takes the right rows with the keys of left row i into memory: the number of their group, or -1 where there are none.
func (c *joinCursor) groupOf(i int) (int32, error) {
	s, keys := &c.other, c.cols[:c.keys]
	for {
		if more, err := c.here(); !more || err != nil {
			return -1, err
		}
		d := compareRows(s.cs.cols[:c.keys], s.cs.row(s.at), keys, i)
		if d > 0 {
			return -1, nil
		}
		if d == 0 {
			break
		}
		s.at++
	}
	g := c.b.newGroup(keys, i)
	for {
		if err := c.take(i); err != nil {
			return -1, err
		}
		s.at++
		more, err := c.here()
		if err != nil {
			return -1, err
		}
		if !more || compareRows(s.cs.cols[:c.keys], s.cs.row(s.at), keys, i) != 0 {
			return g, nil
		}
	}
}

// take adds the right row at hand to the last group, or to what is put aside.
func (c *joinCursor) take(i int) error {
	r, b, s := c.fr.run, c.b, &c.other
	row := s.cs.row(s.at)
	if b.aside.used() {
		return b.aside.add(r, joinName, overflowBuild, c.hashOf(i), s.cs.cols, row)
	}
	b.grow(s.cs.cols, row)
	if b.rows()%chunkRows != 0 {
		return nil
	}
	return c.weigh()
}

// hashOf is the hash of left row i's keys, and of those of right rows that are equal to them.
func (c *joinCursor) hashOf(i int) uint64 {
	c.only[0] = int32(i)
	c.b.table.hash(c.fr.run, c.cols[:c.keys], c.only[:], c.n)
	return c.b.table.h[i]
}

// part puts the left rows aside whose right rows are: those of the batch at hand, and of the batches behind it with the same last
// keys. What follows them waits.
func (c *joinCursor) part() error {
	s := &c.merged
	for {
		if err := c.putAside(); err != nil {
			return err
		}
		if s.waits {
			return nil
		}
		more, err := s.pull(c.fr, c.keys)
		if !more || err != nil {
			return err
		}
		front := s.split(c.keys)
		if len(front) == 0 {
			return nil
		}
		c.begin(s.cs.cols, front, s.cs.n)
	}
}

// split divides the batch at hand into the rows that have the keys of the row before it, and those that wait.
func (s *mergeSide) split(keys int) (front ops.Selection) {
	s.rows = s.rows[:0]
	for i := range selectedRows(s.cs.sel, s.cs.n) {
		s.rows = append(s.rows, int32(i))
	}
	n := 0
	if cols := s.cs.cols[:keys]; s.again {
		for n < len(s.rows) && compareRows(cols, int(s.rows[n]), cols, int(s.rows[0])) == 0 {
			n++
		}
	}
	s.pending, s.waits = s.rows[n:], n < len(s.rows)
	return s.rows[:n]
}
