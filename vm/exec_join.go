package vm

import (
	"context"
	"errors"

	"github.com/zerodb/zerodb/ops"
)

// joinCursor gives the rows of a left side with those of the right side that have the same keys: in the order of the left
// side, and for one left row in the order in which the right side came. Where the right side did not fit in memory, both sides
// are divided by their keys, and the rows come in the order of the partitions.
type joinCursor struct {
	emptyCursor
	fr    *frame
	own   *cursorState // whose source this is
	left  *cursorState // the rows of the left side
	b     *joiner
	round uint64
	mode  JoinMode
	keys  int

	// The left batch at hand.
	cols []*ops.Vector
	sel  ops.Selection
	n    int
	at   []int32 // by row: its key's number, -1 without
	j    int     // the selected row that comes next
	row  int32   // the row that is being joined
	pair int32   // the right row that it is joined with next; -1 when there are no more
	lone bool    // behind its pairs comes a row without a right side
	hit  int32   // the row that paired found a pair of last

	// The rows of the batch that was given last: rows of the left batch, and right rows or -1.
	parents, rows []int32

	// Where both sides ascend by their keys: the left and the right one, and the group of the left row met last.
	merged, other mergeSide
	was           int32
	only          [1]int32

	// What follows where the right side did not fit.
	apart bool
	parts partJoin
}

// partJoin is the work on one partition of a join.
type partJoin struct {
	cols  []ops.Vector
	shown []*ops.Vector
	// base is the number of the batch's first row in the probe side. Where the right side is joined piece by piece, hits are
	// the rows that had a pair in some piece, and ending is set while those that had none are given.
	base, count int64
	pieces      bool
	more        bool
	ending      bool
	hits        []uint64
}

func doOpenJoin(fr *frame, in *Instr) signal {
	cs, b := &fr.cursors[in.A], fr.builder(in.B)
	j := &b.join
	c := &cs.join
	c.fr, c.own, c.left, c.b, c.round = fr, cs, &fr.cursors[in.C], j, j.round
	c.mode, c.keys = b.decl.Join, b.decl.Keys
	c.apart, c.merged.cs, c.other.cs, c.was = j.aside.used(), nil, nil, -1
	c.parts = partJoin{cols: c.parts.cols, shown: c.parts.shown, hits: c.parts.hits[:0]}
	c.begin(nil, nil, 0)
	width := len(c.left.shape(fr).Names) - c.keys + b.decl.Columns - b.decl.Keys
	if c.mode == JoinChecked {
		width++
	}
	cs.open(c, nil, width)
	return goOn
}

// shape is of the rows of the fragment that a cursor is over.
func (cs *cursorState) shape(fr *frame) *Shape {
	return &fr.run.linked.Program.Shapes[cs.child.frag.Shape]
}

// Close implements Cursor: the sides go with the join.
func (c *joinCursor) Close() error {
	err := c.left.close(c.fr)
	if c.other.cs != nil {
		err = errors.Join(err, c.other.cs.close(c.fr))
	}
	c.fr, c.left, c.b, c.merged.cs, c.other.cs = nil, nil, nil, nil, nil
	return err
}

// begin makes a batch the left one.
func (c *joinCursor) begin(cols []*ops.Vector, sel ops.Selection, n int) {
	c.cols, c.sel, c.n = cols, sel, n
	c.j, c.row, c.pair, c.lone, c.hit = 0, -1, -1, false, -1
}

// Next implements Cursor.
func (c *joinCursor) Next(_ context.Context, out *Batch) error {
	out.N, out.Parent = 0, nil
	if c.b.round != c.round {
		return nil
	}
	for {
		c.fill(out.Room())
		if len(c.rows) > 0 {
			c.show(out)
			return nil
		}
		more, err := c.advance()
		if err != nil || !more {
			return err
		}
	}
}

// count is how many rows of the left batch are selected.
func (c *joinCursor) count() int {
	if c.sel == nil {
		return c.n
	}
	return len(c.sel)
}

// fill makes pairs of the left batch, at most room.
func (c *joinCursor) fill(room int) {
	c.parents, c.rows = c.parents[:0], c.rows[:0]
	if c.mode == JoinInner && c.b.unique() {
		c.fillUnique(room)
		return
	}
	outer := c.mode != JoinInner && !c.parts.pieces
	for len(c.rows) < room {
		switch {
		case c.pair >= 0:
			c.emit(c.row, c.pair)
			c.pair = c.b.next[c.pair]
			if c.pair < 0 && c.mode == JoinLeft {
				c.met(c.row)
			}
			continue
		case c.lone:
			c.lone = false
			c.emit(c.row, -1)
			continue
		case c.j == c.count():
			return
		}
		c.row = int32(c.j)
		if c.sel != nil {
			c.row = c.sel[c.j]
		}
		c.j++
		k := c.at[c.row]
		if k >= 0 {
			c.pair = c.b.first[k]
		}
		c.lone = outer && (k < 0 || c.mode == JoinChecked)
		if c.parts.ending {
			c.lone = !c.hadPair(c.row)
		}
	}
}

func (c *joinCursor) emit(row, pair int32) {
	c.parents, c.rows = append(c.parents, row), append(c.rows, pair)
}

// fillUnique is fill where a left row has one pair at most.
func (c *joinCursor) fillUnique(room int) {
	n := min(c.count()-c.j, room)
	if cap(c.rows) < n {
		c.parents, c.rows = make([]int32, 0, max(n, ops.BatchSize)), make([]int32, 0, max(n, ops.BatchSize))
	}
	parents, rows, k := c.parents[:n], c.rows[:n], 0
	for i := range n {
		row := int32(c.j + i)
		if c.sel != nil {
			row = c.sel[c.j+i]
		}
		key := c.at[row]
		parents[k], rows[k] = row, key
		if key >= 0 {
			k++
		}
	}
	c.j += n
	c.parents, c.rows = parents[:k], rows[:k]
	if k == 0 && c.j < c.count() {
		c.fillUnique(room)
	}
}

// show makes the columns of the batch. Where each row of the left batch has one pair, its columns are the batch's.
func (c *joinCursor) show(out *Batch) {
	n := len(c.rows)
	out.N = n
	left := c.cols[c.keys:]
	same := n == c.n && c.sel == nil && c.parents[0] == 0 && c.parents[n-1] == int32(n-1)
	for i := 0; same && i < n; i++ {
		same = c.parents[i] == int32(i)
	}
	for i, v := range left {
		c.own.cols[i] = &out.Cols[i]
		if same {
			c.own.cols[i] = v
		} else {
			out.Cols[i].Gather(v, c.parents)
		}
	}
	for i := range c.b.cols {
		out.Cols[len(left)+i].Gather(&c.b.cols[i], c.rows)
	}
	if c.mode == JoinChecked {
		v := &out.Cols[len(left)+len(c.b.cols)]
		v.Reset(ops.KindBool, n)
		for i, r := range c.rows {
			v.Bools[i] = r >= 0
		}
	}
}

// advance goes to the next left batch.
func (c *joinCursor) advance() (bool, error) {
	switch {
	case c.merged.cs != nil:
		return c.advanceMerge()
	case c.apart:
		return c.advanceApart()
	}
	more, err := c.pull()
	if err != nil || !more {
		return false, err
	}
	c.find()
	return true, nil
}

// pull makes the next batch of the left cursor the batch at hand.
func (c *joinCursor) pull() (bool, error) {
	l := c.left
	l.sel, l.depth, l.n = nil, 0, 0
	if err := c.fr.run.step(); err != nil {
		return false, err
	}
	if err := l.advance(c.fr); err != nil || l.n == 0 {
		return false, err
	}
	c.begin(l.cols, l.sel, l.n)
	return true, nil
}

// find looks the keys of the left batch up.
func (c *joinCursor) find() {
	t := &c.b.table
	keys := c.cols[:c.keys]
	t.hash(c.fr.run, keys, c.sel, c.n)
	if c.sel == nil && len(keys) == 1 && keys[0].Valid == nil && len(t.slots) > 0 {
		switch keys[0].Kind {
		case ops.KindString:
			c.at = t.findTexts(keys, c.n)
			return
		case ops.KindInt:
			c.at = t.findInts(keys, c.n)
			return
		}
	}
	c.at = t.find(keys, c.sel, c.n)
}

// ---- a right side that did not fit

// advanceApart puts the whole left side aside too, and joins partition by partition.
func (c *joinCursor) advanceApart() (bool, error) {
	aside := &c.b.aside
	for aside.used() {
		more, err := c.pull()
		if err != nil {
			return false, err
		}
		if !more {
			return c.nextPartition()
		}
		if err := c.putAside(); err != nil {
			return false, err
		}
	}
	for {
		n, err := aside.read(c.fr.run, overflowProbe, c.probe())
		if err != nil {
			return false, err
		}
		if n > 0 {
			c.parts.base, c.parts.count = c.parts.count, c.parts.count+int64(n)
			c.begin(showAll(&c.parts.shown, c.probe()), nil, n)
			c.findOrEnd()
			return true, nil
		}
		if again, err := c.nextPiece(); err != nil {
			return false, err
		} else if !again {
			return c.nextPartition()
		}
	}
}

// putAside adds the left batch at hand to the partitions.
func (c *joinCursor) putAside() error {
	c.b.table.hash(c.fr.run, c.cols[:c.keys], c.sel, c.n)
	for i := range selectedRows(c.sel, c.n) {
		if err := c.b.aside.add(c.fr.run, joinName, overflowProbe, c.b.table.h[i], c.cols, i); err != nil {
			return err
		}
	}
	c.begin(nil, nil, 0)
	return nil
}

// probe is room for the columns of the left side.
func (c *joinCursor) probe() []ops.Vector {
	width := c.keys + len(c.own.cols) - len(c.b.cols)
	if c.mode == JoinChecked {
		width--
	}
	for len(c.parts.cols) < width {
		c.parts.cols = append(c.parts.cols, ops.Vector{})
	}
	return c.parts.cols[:width]
}

// findOrEnd looks the batch's keys up; at the end, when all pieces are through, there is nothing to be found.
func (c *joinCursor) findOrEnd() {
	if !c.parts.ending {
		c.find()
		return
	}
	if cap(c.at) < c.n {
		c.at = make([]int32, ops.BatchSize)
	}
	c.at = c.at[:c.n]
	for i := range c.at {
		c.at[i] = -1
	}
}

// nextPartition goes to the next partition that has rows to give.
func (c *joinCursor) nextPartition() (bool, error) {
	for {
		more, err := c.b.aside.next()
		if err != nil || !more {
			return false, err
		}
		p := &c.parts
		p.base, p.count, p.pieces, p.ending, p.hits = 0, 0, false, false, p.hits[:0]
		if p.more, err = c.b.load(c.fr.run); err != nil {
			return false, err
		}
		if p.more && c.b.divisible() {
			if err := c.divide(); err != nil {
				return false, err
			}
			continue
		}
		p.pieces = p.more
		return c.advanceApart()
	}
}

// divide puts both sides of the partition at hand into partitions of their own.
func (c *joinCursor) divide() error {
	r, b := c.fr.run, c.b
	b.restart(r)
	sides := []struct{ side, width int }{{overflowBuild, b.decl.Columns}, {overflowProbe, len(c.probe())}}
	for _, s := range sides {
		cols := c.probe()
		if s.side == overflowBuild {
			cols = b.other[:s.width]
		}
		b.aside.rewind(s.side)
		for {
			n, err := b.aside.read(r, s.side, cols)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
			shown := showAll(&c.parts.shown, cols)
			b.table.hash(r, shown[:c.keys], nil, n)
			for i := range n {
				if err := b.aside.add(r, joinName, s.side, b.table.h[i], shown, i); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// nextPiece loads more of the right side and goes through the left side again; behind the last piece once more for the left rows
// that had no pair.
func (c *joinCursor) nextPiece() (bool, error) {
	p := &c.parts
	switch {
	case !p.pieces || p.ending:
		return false, nil
	case p.more:
		var err error
		if p.more, err = c.b.load(c.fr.run); err != nil {
			return false, err
		}
	case c.mode == JoinInner:
		return false, nil
	default:
		p.ending = true
		c.b.restart(c.fr.run)
	}
	p.base, p.count = 0, 0
	c.b.aside.rewind(overflowProbe)
	return true, nil
}

// met notes that a row of the left batch has a pair.
func (c *joinCursor) met(row int32) {
	c.hit = row
	if !c.parts.pieces {
		return
	}
	i := c.parts.base + int64(row)
	for int64(len(c.parts.hits)) <= i>>6 {
		c.parts.hits = append(c.parts.hits, 0)
	}
	c.parts.hits[i>>6] |= 1 << (i & 63)
}

func (c *joinCursor) hadPair(row int32) bool {
	i := c.parts.base + int64(row)
	return int64(len(c.parts.hits)) > i>>6 && c.parts.hits[i>>6]>>(i&63)&1 != 0
}

// doPaired keeps the pairs of a checked join that are ones, and the rows behind them that have none.
func doPaired(fr *frame, in *Instr) signal {
	cs, v := &fr.cursors[in.A], fr.vectors[in.B]
	c := &cs.join
	rows, k := cs.room(), 0
	for j := range cs.selected() {
		i := cs.row(j)
		keep := c.hit != c.parents[i]
		if c.rows[i] >= 0 {
			x := v.At(i)
			yes, ok := satisfies(x, ifTrue)
			if !ok {
				return fr.fail(notBool(x))
			}
			if keep = yes; yes {
				c.met(c.parents[i])
			}
		}
		rows[k] = int32(i)
		if keep {
			k++
		}
	}
	cs.choose(rows, k)
	return goOn
}
