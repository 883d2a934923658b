package memstore

import (
	"context"
	"slices"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// cursor gives rows that were chosen when it was opened.
type cursor struct {
	store  *Store
	cols   []vm.Column
	rows   []found
	next   int
	batch  []found
	edges  bool
	closed bool
}

// found is one row of a cursor: a record, and for edges the far vertex and the row of the near one.
type found struct {
	id     ops.Value
	row    row
	vertex ops.Value
	parent int32
}

// Next implements vm.Cursor.
func (c *cursor) Next(ctx context.Context, b *vm.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n := min(len(c.rows)-c.next, b.Room())
	c.batch = c.rows[c.next : c.next+n]
	c.next += n
	c.store.Rows += int64(n)
	b.N, b.Parent = n, b.Parent[:0]
	for i, col := range c.cols {
		if !col.Late {
			c.fill(&b.Cols[i], col, nil)
		}
	}
	if c.edges {
		for _, f := range c.batch {
			b.Parent = append(b.Parent, f.parent)
		}
	} else {
		b.Parent = nil
	}
	return nil
}

// Late implements vm.Cursor.
func (c *cursor) Late(_ context.Context, b *vm.Batch, i int, sel ops.Selection) error {
	c.fill(&b.Cols[i], c.cols[i], sel)
	return nil
}

func (c *cursor) fill(v *ops.Vector, col vm.Column, sel ops.Selection) {
	v.Reset(ops.KindNone, len(c.batch))
	for i := range rowsOf(sel, len(c.batch)) {
		f := &c.batch[i]
		switch {
		case col.Kind == vm.ColumnVertex:
			v.SetAt(i, f.vertex)
		case f.id.IsNone(): // a row of a lookup that found nothing
			v.SetAt(i, ops.None)
		default:
			v.SetAt(i, column(f.id, f.row, col))
		}
	}
}

// Examined implements vm.Cursor.
func (c *cursor) Examined() (rows, bytes int64) { return int64(c.next), 0 }

// Close implements vm.Cursor.
func (c *cursor) Close() error {
	c.closed = true
	return nil
}

// within reports whether v lies in r.
func within(v ops.Value, r *vm.Range) bool {
	switch r.LoBound {
	case vm.Inclusive:
		if ops.Compare(v, r.Lo) < 0 {
			return false
		}
	case vm.Exclusive:
		if ops.Compare(v, r.Lo) <= 0 {
			return false
		}
	}
	switch r.HiBound {
	case vm.Inclusive:
		return ops.Compare(v, r.Hi) <= 0
	case vm.Exclusive:
		return ops.Compare(v, r.Hi) < 0
	}
	return true
}

// comesAfter reports whether a row lies behind a position, in the direction of a scan.
func comesAfter(at []ops.Value, r *vm.Range) bool {
	if r.After == nil {
		return true
	}
	c := slices.CompareFunc(at, r.After, ops.Compare)
	return c > 0 && !r.Reverse || c < 0 && r.Reverse
}

// Scan implements vm.Txn.
func (s *Store) Scan(_ context.Context, t *schema.Table, r vm.Range, cols []vm.Column) (vm.Cursor, error) {
	c := &cursor{store: s, cols: cols}
	for _, row := range s.of(t).rows {
		if within(row.key, &r) && comesAfter([]ops.Value{row.key}, &r) {
			c.rows = append(c.rows, found{id: ops.Record(t.Name, row.key), row: row})
		}
	}
	if r.Reverse {
		slices.Reverse(c.rows)
	}
	return c, nil
}

// ScanIndex implements vm.Txn. An index has an entry for every record; a field that a record lacks is none there.
func (s *Store) ScanIndex(_ context.Context, t *schema.Table, ix *schema.Index, equal []ops.Value, r vm.Range, _ bool, cols []vm.Column) (vm.Cursor, error) {
	c := &cursor{store: s, cols: cols}
	keys := map[int][]ops.Value{}
	var order []int
	rows := s.of(t).rows
	for i, row := range rows {
		key := make([]ops.Value, len(ix.Fields))
		for f, path := range ix.Fields {
			key[f] = column(ops.None, row, vm.Column{Kind: vm.ColumnField, Path: path})
		}
		if !slices.EqualFunc(key[:len(equal)], equal, ops.Equal) {
			continue
		}
		if len(equal) < len(key) && !within(key[len(equal)], &r) || !comesAfter(append(slices.Clone(key[len(equal):]), row.key), &r) {
			continue
		}
		keys[i] = key
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return slices.CompareFunc(keys[a], keys[b], ops.Compare) })
	if r.Reverse {
		slices.Reverse(order)
	}
	for _, i := range order {
		c.rows = append(c.rows, found{id: ops.Record(t.Name, rows[i].key), row: rows[i]})
	}
	return c, nil
}

// Lookup implements vm.Txn.
func (s *Store) Lookup(ctx context.Context, t *schema.Table, ix *schema.Index, l vm.Lookup, indexOnly bool, cols []vm.Column) (vm.Cursor, error) {
	c := &cursor{store: s, cols: cols, edges: true}
	for i := range rowsOf(l.Sel, l.N) {
		var equal []ops.Value
		for _, v := range l.Values {
			equal = append(equal, v.At(i))
		}
		s.Seeks++
		of, err := s.ScanIndex(ctx, t, ix, equal, vm.Range{}, indexOnly, cols)
		if err != nil {
			return nil, err
		}
		rows := of.(*cursor).rows
		for _, f := range rows {
			f.parent = int32(i)
			c.rows = append(c.rows, f)
		}
		if l.Outer && len(rows) == 0 {
			c.rows = append(c.rows, found{parent: int32(i)})
		}
	}
	return c, nil
}

// Expand implements vm.Txn.
func (s *Store) Expand(_ context.Context, t *schema.Table, dir vm.Direction, vertices *ops.Vector, sel ops.Selection, cols []vm.Column) (vm.Cursor, error) {
	tables := []*schema.Table{t}
	if t == nil {
		tables = slices.DeleteFunc(slices.Clone(s.catalog.Tables()), func(t *schema.Table) bool { return !t.Edge })
	}
	c := &cursor{store: s, cols: cols, edges: true}
	for i := range rowsOf(sel, vertices.N) {
		v := vertices.At(i)
		if v.Kind() != ops.KindRecord {
			continue
		}
		s.Seeks++
		for _, t := range tables {
			for _, r := range s.of(t).rows {
				c.edge(t, r, v, dir, int32(i))
			}
		}
	}
	return c, nil
}

// edge adds a row for each way in which an edge joins v to another vertex; a loop counts once for Both.
func (c *cursor) edge(t *schema.Table, r row, v ops.Value, dir vm.Direction, parent int32) {
	from, _ := r.object.Member("in")
	to, _ := r.object.Member("out")
	id := ops.Record(t.Name, r.key)
	out := dir != vm.In && ops.Equal(from, v)
	if out {
		c.rows = append(c.rows, found{id, r, to, parent})
	}
	if dir != vm.Out && ops.Equal(to, v) && !(out && ops.Equal(from, to)) {
		c.rows = append(c.rows, found{id, r, from, parent})
	}
}

// degreeCursor gives vertices and how many edges they have.
type degreeCursor struct {
	vertices, counts ops.Vector
	given            bool
}

// Degrees implements vm.Txn.
func (s *Store) Degrees(_ context.Context, t *schema.Table, dir vm.Direction) (vm.Cursor, error) {
	c := &degreeCursor{}
	end := map[vm.Direction]string{vm.Out: "in", vm.In: "out"}[dir]
	for _, r := range s.of(t).rows {
		v := column(ops.None, r, vm.Column{Kind: vm.ColumnField, Path: vm.Path{end}})
		at := -1
		for i := range c.vertices.N {
			if ops.Equal(c.vertices.At(i), v) {
				at = i
			}
		}
		if at < 0 {
			c.vertices.Append(v)
			c.counts.Append(ops.Int(1))
			continue
		}
		c.counts.SetAt(at, ops.Int(c.counts.At(at).AsInt()+1))
	}
	return c, nil
}

// Next implements vm.Cursor.
func (c *degreeCursor) Next(_ context.Context, b *vm.Batch) error {
	b.N, b.Parent = 0, nil
	if c.given {
		return nil
	}
	c.given = true
	b.Cols[0].CopyFrom(&c.vertices, nil)
	b.Cols[1].CopyFrom(&c.counts, nil)
	b.N = c.vertices.N
	return nil
}

// Late implements vm.Cursor.
func (c *degreeCursor) Late(context.Context, *vm.Batch, int, ops.Selection) error { return nil }

// Examined implements vm.Cursor.
func (c *degreeCursor) Examined() (rows, bytes int64) { return int64(c.vertices.N), 0 }

// Close implements vm.Cursor.
func (c *degreeCursor) Close() error { return nil }
