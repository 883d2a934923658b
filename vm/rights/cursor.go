package rights

import (
	"context"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// cursor gives the rows of another that may be seen, and of them what may be. All its columns are early.
type cursor struct {
	txn     *Txn
	inner   vm.Cursor
	cols    []vm.Column
	batch   vm.Batch
	rows    []int32 // of the batch that are shown
	tables  []*table
	shapes  []*shape // of those rows
	parents []int32
	seen    int64
}

// Next implements vm.Cursor.
func (c *cursor) Next(ctx context.Context, b *vm.Batch) error {
	for len(c.batch.Cols) < len(c.cols)+1 {
		c.batch.Cols = append(c.batch.Cols, ops.Vector{})
	}
	for {
		c.batch.Want = b.Want
		if err := c.inner.Next(ctx, &c.batch); err != nil {
			return err
		}
		b.N, b.Parent = 0, nil
		if c.batch.N == 0 {
			return nil
		}
		if err := c.choose(ctx); err != nil {
			return err
		}
		if len(c.rows) > 0 {
			c.give(b)
			return nil
		}
	}
}

// choose finds the rows that are shown.
func (c *cursor) choose(ctx context.Context) error {
	c.rows, c.shapes, c.tables = c.rows[:0], c.shapes[:0], c.tables[:0]
	records := &c.batch.Cols[len(c.cols)]
	for row := range c.batch.N {
		tab, s, err := c.txn.shown(ctx, records.At(row))
		if err != nil {
			return err
		}
		if s != nil {
			c.rows, c.shapes, c.tables = append(c.rows, int32(row)), append(c.shapes, s), append(c.tables, tab)
		}
	}
	return nil
}

// give fills a batch with them.
func (c *cursor) give(b *vm.Batch) {
	b.N = len(c.rows)
	c.seen += int64(b.N)
	for i := range c.cols {
		b.Cols[i].Gather(&c.batch.Cols[i], c.rows)
		for row, s := range c.shapes {
			if !s.whole {
				b.Cols[i].SetAt(row, show(b.Cols[i].At(row), &c.cols[i], s, c.tables[row].edge))
			}
		}
	}
	if c.batch.Parent != nil {
		c.parents = c.parents[:0]
		for _, row := range c.rows {
			c.parents = append(c.parents, c.batch.Parent[row])
		}
		b.Parent = c.parents
	}
}

// Late implements vm.Cursor: no column is.
func (c *cursor) Late(context.Context, *vm.Batch, int, ops.Selection) error { return nil }

// Examined implements vm.Cursor. How many rows were looked at would tell how many are hidden.
func (c *cursor) Examined() (rows, bytes int64) { return c.seen, 0 }

// Close implements vm.Cursor.
func (c *cursor) Close() error { return c.inner.Close() }

// degrees counts the edges of each vertex that may be seen. The cursor below it gives every vertex.
type degrees struct {
	cursor
	table     *schema.Table
	direction vm.Direction
	counts    []int64
	edges     vm.Batch
}

var edgeColumn = []vm.Column{{Kind: vm.ColumnEdge}}

// Next implements vm.Cursor.
func (d *degrees) Next(ctx context.Context, b *vm.Batch) error {
	for len(d.batch.Cols) < 2 {
		d.batch.Cols = append(d.batch.Cols, ops.Vector{})
	}
	for {
		d.batch.Want = b.Want
		if err := d.inner.Next(ctx, &d.batch); err != nil {
			return err
		}
		b.N, b.Parent = 0, nil
		if d.batch.N == 0 {
			return nil
		}
		if err := d.count(ctx); err != nil {
			return err
		}
		b.Cols[0].Reset(ops.KindNone, 0)
		b.Cols[1].Reset(ops.KindNone, 0)
		for row, n := range d.counts {
			if n > 0 {
				b.Cols[0].Append(d.batch.Cols[0].At(row))
				b.Cols[1].Append(ops.Int(n))
			}
		}
		if b.N = b.Cols[0].N; b.N > 0 {
			d.seen += int64(b.N)
			return nil
		}
	}
}

// count counts the edges of the vertices at hand.
func (d *degrees) count(ctx context.Context) error {
	d.counts = append(d.counts[:0], make([]int64, d.batch.N)...)
	c, err := d.txn.Expand(ctx, d.table, d.direction, &d.batch.Cols[0], nil, edgeColumn)
	if err != nil {
		return err
	}
	if len(d.edges.Cols) == 0 {
		d.edges.Cols = make([]ops.Vector, 1)
	}
	for {
		if err = c.Next(ctx, &d.edges); err != nil || d.edges.N == 0 {
			break
		}
		for _, p := range d.edges.Parent {
			d.counts[p]++
		}
	}
	if e := c.Close(); err == nil {
		err = e
	}
	return err
}

// lookup answers rows by an index. The rows of which every answer is hidden, or that had none, come last, as none, where that is asked for.
type lookup struct {
	cursor
	asked    vm.Lookup
	answered []bool
	ended    bool
	next     int
}

// Next implements vm.Cursor.
func (l *lookup) Next(ctx context.Context, b *vm.Batch) error {
	if !l.ended {
		if err := l.cursor.Next(ctx, b); err != nil {
			return err
		}
		for _, p := range b.Parent[:b.N] {
			l.answered[p] = true
		}
		if l.ended = b.N == 0; !l.ended || !l.asked.Outer {
			return nil
		}
	}
	rows := l.asked.N
	if l.asked.Sel != nil {
		rows = len(l.asked.Sel)
	}
	l.parents = l.parents[:0]
	for ; l.next < rows && len(l.parents) < b.Room(); l.next++ {
		row := int32(l.next)
		if l.asked.Sel != nil {
			row = l.asked.Sel[l.next]
		}
		if !l.answered[row] {
			l.parents = append(l.parents, row)
		}
	}
	b.N, b.Parent = len(l.parents), l.parents
	for i := range l.cols {
		b.Cols[i].Reset(ops.KindNone, b.N)
	}
	return nil
}
