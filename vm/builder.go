package vm

import (
	"context"

	"github.com/zerodb/zerodb/ops"
)

// builder is something that rows are put into: of one of the kinds, as its declaration says.
type builder struct {
	decl  *linkedBuilder
	sort  sorter
	group grouping
	set   rowSet
	limit limiter
	join  joiner
	queue queue
	tally tally
}

// limiter lets rows through.
type limiter struct {
	start int64
	count int64 // -1: without end
}

func (fr *frame) builder(i uint16) *builder {
	return &fr.builders[fr.frag.slots[i]]
}

// width is how many columns come out.
func (b *builder) width() int {
	if b.decl.Kind == BuildGroup {
		return b.decl.Keys + len(b.decl.Aggregates)
	}
	return b.decl.Columns
}

// empty makes the builder ready for rows; params are the values that `new` has for it.
func (b *builder) empty(r *Rows, params []ops.Value) error {
	switch b.decl.Kind {
	case BuildSort:
		b.sort.empty(r, b.decl)
	case BuildGroup:
		return b.group.empty(r, b.decl, params)
	case BuildSet:
		b.set.empty(r, b.decl)
	case BuildJoin:
		b.join.empty(r, b.decl)
	case BuildQueue:
		b.queue.empty(r, b.decl)
	case BuildTally:
		b.tally.empty(r)
	}
	return nil
}

// release gives back all memory and files.
func (b *builder) release(r *Rows) {
	switch b.decl.Kind {
	case BuildSort:
		b.sort.release(r)
	case BuildGroup:
		b.group.release(r)
	case BuildSet:
		b.set.release(r)
	case BuildJoin:
		b.join.release(r)
	case BuildQueue:
		b.queue.release(r)
	case BuildTally:
		b.tally.release(r)
	}
}

// put adds the selected rows of n.
func (b *builder) put(r *Rows, cols []*ops.Vector, sel ops.Selection, n int) error {
	switch b.decl.Kind {
	case BuildSort:
		return b.sort.put(r, cols, sel, n)
	case BuildGroup:
		return b.group.put(r, cols, sel, n)
	case BuildSet:
		return b.set.put(r, cols, sel, n)
	case BuildJoin:
		return b.join.put(r, cols, sel, n)
	case BuildTally:
		return b.tally.put(r, cols, sel, n)
	}
	return nil
}

// finish ends the filling.
func (b *builder) finish(r *Rows) error {
	switch b.decl.Kind {
	case BuildSort:
		return b.sort.finish(r)
	case BuildSet:
		return b.set.finish(r)
	case BuildGroup:
		return b.group.settle(r)
	}
	return nil
}

// builtCursor reads what a sort or grouping has made.
type builtCursor struct {
	emptyCursor
	run   *Rows
	b     *builder
	round uint64 // of the builder when the cursor was opened: a builder that is emptied ends its cursors
	rows  int64
}

func (c *builtCursor) start(r *Rows, b *builder) {
	c.run, c.b, c.round, c.rows = r, b, b.rounds(), 0
}

// rounds counts how often the builder was emptied.
func (b *builder) rounds() uint64 {
	switch b.decl.Kind {
	case BuildSort:
		return b.sort.round
	case BuildSet:
		return b.set.round
	}
	return b.group.round
}

// Next implements Cursor.
func (c *builtCursor) Next(_ context.Context, out *Batch) error {
	out.N, out.Parent = 0, nil
	if c.b.rounds() != c.round {
		return nil
	}
	switch c.b.decl.Kind {
	case BuildSort:
		return c.b.sort.next(c.run, out)
	case BuildSet:
		return c.b.set.next(out)
	}
	return c.b.group.next(c.run, out)
}

func doNew(fr *frame, in *Instr) signal {
	b := fr.builder(in.A)
	var params []ops.Value
	if b.decl.Kind == BuildGroup {
		params = fr.scalars[in.B : int(in.B)+b.decl.params()]
	}
	if err := b.empty(fr.run, params); err != nil {
		return fr.fail(err)
	}
	switch {
	case b.decl.Kind == BuildLimit:
		start, err := bound(fr.scalars[in.B], 0)
		if err != nil {
			return fr.fail(err)
		}
		count, err := bound(fr.scalars[in.B+1], -1)
		if err != nil {
			return fr.fail(err)
		}
		b.limit = limiter{start, count}
	case b.decl.Kind == BuildSort && b.decl.Limited:
		most, err := bound(fr.scalars[in.B], -1)
		if err != nil {
			return fr.fail(err)
		}
		b.sort.limit(most)
	}
	return goOn
}

// bound reads a START or LIMIT; none is without.
func bound(v ops.Value, without int64) (int64, error) {
	switch v = ops.Narrowed(v); {
	case v.IsNone():
		return without, nil
	case v.Kind() != ops.KindInt || v.AsInt() < 0:
		return 0, ops.Errorf(ops.CodeType, "START and LIMIT are ints from 0 on, not %s", ops.Format(v))
	}
	return v.AsInt(), nil
}

// columnsFrom shows n registers from first on as columns of rows rows. Scalars are the same in every row; a register
// that skip names is not looked at, and has a nil column.
func (fr *frame) columnsFrom(first uint16, n, rows int, skip []bool) []*ops.Vector {
	fr.columns = fr.columns[:0]
	for len(fr.wide) < n {
		fr.wide = append(fr.wide, ops.Vector{})
	}
	for i := range n {
		r := first + uint16(i)
		switch {
		case skip != nil && skip[i]:
			fr.columns = append(fr.columns, nil)
		case fr.isVector(r):
			fr.columns = append(fr.columns, fr.vectors[r])
		default:
			fr.wide[i].Fill(fr.scalars[r], rows)
			fr.columns = append(fr.columns, &fr.wide[i])
		}
	}
	return fr.columns
}

func doPut(fr *frame, in *Instr) signal {
	b := fr.builder(in.A)
	if b.decl.Kind == BuildQueue {
		if err := fr.putQueue(b, in); err != nil {
			return fr.fail(err)
		}
		return goOn
	}
	var sel ops.Selection
	n := 1
	if in.C > 0 {
		cs := &fr.cursors[in.C-1]
		sel, n = cs.sel, cs.n
	}
	if n == 0 || sel != nil && len(sel) == 0 {
		return goOn
	}
	if err := b.put(fr.run, fr.columnsFrom(in.B, b.decl.Columns, n, b.decl.skip), sel, n); err != nil {
		return fr.fail(err)
	}
	return goOn
}

// doHas asks whether a row is in a set.
func doHas(fr *frame, in *Instr) signal {
	b := fr.builder(in.B)
	if !fr.isVector(in.A) {
		at, err := b.set.find(fr.run, fr.columnsFrom(in.C, b.decl.Columns, 1, nil), nil, 1)
		if err != nil {
			return fr.fail(err)
		}
		fr.scalars[in.A] = ops.Bool(at[0] >= 0)
		return goOn
	}
	cs, dst := fr.batchOf(in.A), fr.target(in.A)
	at, err := b.set.find(fr.run, fr.columnsFrom(in.C, b.decl.Columns, cs.n, nil), cs.sel, cs.n)
	if err != nil {
		return fr.fail(err)
	}
	dst.Reset(ops.KindBool, cs.n)
	for i, g := range at {
		dst.Bools[i] = g >= 0
	}
	dst.Mask(cs.sel)
	fr.settle(in.A, dst)
	return goOn
}
