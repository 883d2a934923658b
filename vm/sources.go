package vm

import (
	"context"
	"slices"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// emptyCursor is a cursor over a table that does not exist.
type emptyCursor struct{}

func (emptyCursor) Next(_ context.Context, b *Batch) error                 { b.N = 0; return nil }
func (emptyCursor) Late(context.Context, *Batch, int, ops.Selection) error { return nil }
func (emptyCursor) Examined() (rows, bytes int64)                          { return 0, 0 }
func (emptyCursor) Close() error                                           { return nil }

// everyCursor scans every table, one after the other by name.
type everyCursor struct {
	run         *Rows
	access      *linkedAccess
	tables      []*schema.Table
	now         Cursor // nil before the first and behind the last
	rows, bytes int64  // of the tables before
}

// Next implements Cursor.
func (c *everyCursor) Next(ctx context.Context, b *Batch) error {
	b.N = 0
	for {
		if c.now != nil {
			if err := c.now.Next(ctx, b); err != nil || b.N > 0 {
				return err
			}
			if err := c.Close(); err != nil {
				return err
			}
		}
		if len(c.tables) == 0 {
			return nil
		}
		var err error
		if c.now, err = c.run.txn.Scan(ctx, c.tables[0], Range{}, c.access.Columns); err != nil {
			c.now = nil
			return err
		}
		c.tables = c.tables[1:]
	}
}

// Late implements Cursor.
func (c *everyCursor) Late(ctx context.Context, b *Batch, i int, sel ops.Selection) error {
	return c.now.Late(ctx, b, i, sel)
}

// Examined implements Cursor.
func (c *everyCursor) Examined() (rows, bytes int64) {
	if c.now == nil {
		return c.rows, c.bytes
	}
	rows, bytes = c.now.Examined()
	return c.rows + rows, c.bytes + bytes
}

// Close implements Cursor.
func (c *everyCursor) Close() error {
	if c.now == nil {
		return nil
	}
	c.rows, c.bytes = c.Examined()
	err := c.now.Close()
	c.now = nil
	return err
}

// itemCursor is the cursor of open.items.
type itemCursor struct {
	emptyCursor
	vector *ops.Vector // nil for a scalar
	sel    ops.Selection
	row    int // of the vector, or of sel; a scalar is row 0
	rows   int

	list []ops.Value // what is left of the row's elements
	one  [1]ops.Value
	// What is left of a range of ints.
	from, to int64
	counting bool
	at       int32 // the row that they are of
	parents  []int32
}

func (c *itemCursor) startVector(v *ops.Vector, sel ops.Selection) {
	c.vector, c.sel, c.row, c.rows = v, sel, 0, v.N
	if sel != nil {
		c.rows = len(sel)
	}
	c.list, c.counting = nil, false
}

func (c *itemCursor) startScalar(v ops.Value) {
	c.vector, c.sel, c.row, c.rows = nil, nil, 0, 1
	c.list, c.counting = nil, false
	c.one[0] = v
}

// Next implements Cursor.
func (c *itemCursor) Next(_ context.Context, b *Batch) error {
	out := &b.Cols[0]
	out.Reset(ops.KindNone, 0)
	c.parents = c.parents[:0]
	for out.N < b.Room() {
		switch {
		case len(c.list) > 0:
			out.Append(c.list[0])
			c.list = c.list[1:]
		case c.counting:
			out.Append(ops.Int(c.from))
			c.counting = c.from != c.to
			c.from++
		case c.row < c.rows:
			if err := c.enter(); err != nil {
				return err
			}
			continue
		default:
			b.N, b.Parent = out.N, c.parents
			return nil
		}
		c.parents = append(c.parents, c.at)
	}
	b.N, b.Parent = out.N, c.parents
	return nil
}

// enter goes to the next row.
func (c *itemCursor) enter() error {
	v := c.one[0]
	if c.vector != nil {
		c.at = int32(c.row)
		if c.sel != nil {
			c.at = c.sel[c.row]
		}
		v = c.vector.At(int(c.at))
	}
	c.row++
	switch v.Kind() {
	case ops.KindNone:
	case ops.KindList, ops.KindTuple, ops.KindSet:
		c.list = v.AsList()
	case ops.KindRange:
		var err error
		c.from, c.to, c.counting, err = countRange(v)
		return err
	default:
		c.one[0] = v
		c.list = c.one[:]
	}
	return nil
}

// countRange returns the first and last int of a range; ok is false for an empty one.
func countRange(v ops.Value) (from, to int64, ok bool, err error) {
	r := v.AsRange()
	lo, hi := ops.Narrowed(r.Lo), ops.Narrowed(r.Hi)
	if lo.Kind() != ops.KindInt || hi.Kind() != ops.KindInt {
		return 0, 0, false, ops.Errorf(ops.CodeType, "the range %s cannot be counted through: both ends must be ints", ops.Format(v))
	}
	from, to = lo.AsInt(), hi.AsInt()
	if !r.Inclusive {
		if to <= from {
			return 0, 0, false, nil
		}
		to--
	}
	return from, to, from <= to, nil
}

// keyCursor is the cursor of open.keys: it fetches batches of ids. Ids without a record stay rows of the batch,
// exists says which they are.
type keyCursor struct {
	emptyCursor
	run    *Rows
	ids    []ops.Value
	cols   []Column // of the access, and the id
	batch  ops.Vector
	exists ops.Vector
	dst    []*ops.Vector
}

func (c *keyCursor) start(r *Rows, a *linkedAccess, list ops.Value) error {
	c.run, c.ids = r, c.ids[:0]
	c.cols = a.keyed
	switch list.Kind() {
	case ops.KindNone:
		return nil
	case ops.KindList, ops.KindTuple, ops.KindSet:
		for _, v := range list.AsList() {
			if id := a.id(v); !id.IsNone() {
				c.ids = append(c.ids, id)
			}
		}
	default:
		if id := a.id(list); !id.IsNone() {
			c.ids = append(c.ids, id)
		}
	}
	if !a.InOrder {
		slices.SortFunc(c.ids, ops.Compare)
		c.ids = slices.CompactFunc(c.ids, ops.Equal)
		if a.Reverse {
			slices.Reverse(c.ids)
		}
	}
	return nil
}

// Next implements Cursor. A batch of ids of which no record exists is passed over.
func (c *keyCursor) Next(ctx context.Context, b *Batch) error {
	b.Parent = nil
	for {
		n := min(len(c.ids), b.Room())
		b.N = n
		if n == 0 {
			return nil
		}
		c.batch.Reset(ops.KindRecord, n)
		copy(c.batch.Vals, c.ids[:n])
		c.ids = c.ids[n:]
		c.dst = c.dst[:0]
		for i := range b.Cols[:len(c.cols)-1] {
			c.dst = append(c.dst, &b.Cols[i])
		}
		c.dst = append(c.dst, &c.exists)
		if err := c.run.txn.Fetch(ctx, &c.batch, nil, c.cols, c.dst); err != nil {
			return err
		}
		c.run.work.Seeks += int64(n)
		if c.exists.Kind != ops.KindNone {
			return nil
		}
	}
}

// locate finds the table and key of what get and the writes are given, a key or an id; a nil table means that there can
// be no such record.
func (a *linkedAccess) locate(r *Rows, v ops.Value) (*schema.Table, ops.Value) {
	if a.Kind == AccessRecord {
		if v.Kind() != ops.KindRecord {
			return nil, v
		}
		return r.txn.Table(v.RecordTable()), v.RecordKey()
	}
	if v.Kind() == ops.KindRecord {
		if v.RecordTable() != a.name {
			return nil, v
		}
		v = v.RecordKey()
	}
	if !isKey(v) {
		return nil, v
	}
	return a.present(r), v
}

// id makes an id of a key or an id; none where it can name no record of the access.
func (a *linkedAccess) id(v ops.Value) ops.Value {
	switch {
	case v.Kind() == ops.KindRecord && (a.Kind == AccessRecord || v.RecordTable() == a.name):
		return v
	case a.Kind == AccessRecord || !isKey(v):
		return ops.None
	case v.Kind() == ops.KindInt:
		return ops.RecordInt(&a.name, v.AsInt()) // a wide that is one becomes one
	}
	return ops.Record(a.name, v)
}

// isKey reports whether v can be the key of a record.
func isKey(v ops.Value) bool {
	switch v.Kind() {
	case ops.KindInt, ops.KindWide, ops.KindString, ops.KindUUID:
		return true
	case ops.KindList, ops.KindTuple:
		return len(v.AsList()) > 0
	}
	return false
}
