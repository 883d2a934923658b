package storage

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
	"github.com/zerodb/zerodb/vm"
)

// ScanIndex implements vm.Txn.
func (t *Txn) ScanIndex(ctx context.Context, desc *schema.Table, ix *schema.Index, equal []ops.Value, r vm.Range, indexOnly bool, cols []vm.Column) (vm.Cursor, error) {
	tab, err := t.indexed(ctx, desc, ix, len(equal))
	if err != nil {
		return nil, err
	}
	p := tab.index(ix.ID)
	prefix := p[:]
	for _, v := range equal {
		prefix = appendKey(prefix, v)
	}
	lo, hi := bounds(prefix, r, false)
	if r.After != nil {
		if len(r.After) != len(ix.Fields)-len(equal)+1 {
			return nil, ops.Errorf(ops.CodeInternal, "a position in index %s has %d values behind %d equal ones, not %d", ix.Name, len(ix.Fields)-len(equal)+1, len(equal), len(r.After))
		}
		if lo, hi = from(lo, hi, positionIn(ix, prefix, equal, r), r.Reverse); bytes.Compare(lo, hi) > 0 {
			hi = bytes.Clone(lo)
		}
	}
	c := &indexCursor{}
	if err := c.init(ctx, t, tab, ix, lo, hi, indexOnly, cols); err != nil {
		return nil, err
	}
	c.reverse = r.Reverse
	return c, nil
}

// indexed is the table of an index that can be read by so many leading values.
func (t *Txn) indexed(ctx context.Context, desc *schema.Table, ix *schema.Index, equal int) (*table, error) {
	if err := t.alive(ctx); err != nil {
		return nil, err
	}
	tab, err := t.table(desc)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(tab.desc.Indexes, func(i *schema.Index) bool { return i.ID == ix.ID })
	if at < 0 || !tab.desc.Indexes[at].Ready {
		return nil, ops.Errorf(ops.CodeRecompile, "index %s of %s was removed or is being built", ix.Name, desc.Name)
	}
	if equal > len(ix.Fields) {
		return nil, ops.Errorf(ops.CodeInternal, "index %s has %d fields, not %d", ix.Name, len(ix.Fields), equal)
	}
	return tab, nil
}

// init opens the cursor over a piece of the index.
func (c *indexCursor) init(ctx context.Context, t *Txn, tab *table, ix *schema.Index, lo, hi []byte, indexOnly bool, cols []vm.Column) error {
	mark := t.kv.Mark()
	var it *kv.Iter
	var err error
	if t.kv.AsOf() && t.kv.Snapshot() < tab.since {
		it, err = t.entriesThen(ctx, tab, ix, lo, hi)
	} else {
		it, err = t.kv.NewIter(lo, hi, mark)
	}
	if err != nil {
		return wrap(err)
	}
	c.walk = walk{txn: t, it: it, lo: lo, hi: hi}
	c.ix, c.fields = ix, make([]int, len(cols))
	c.rows.init(t.layoutOf(tab, cols))
	c.fetch = fetcher{txn: t, mark: mark}
	for i, col := range cols {
		c.fields[i] = -1
		if indexOnly && c.rows.cols[i].from == fromField {
			c.fields[i] = slices.IndexFunc(ix.Fields, func(p []string) bool { return slices.Equal(p, col.Path) })
			if c.fields[i] < 0 {
				return errors.Join(ops.Errorf(ops.CodeInternal, "index %s does not hold %v", ix.Name, col.Path), c.close())
			}
			c.fromEntry = true
		}
	}
	if !indexOnly {
		c.values, c.lateValues = c.rows.values, c.rows.lateValues
	}
	return nil
}

// positionIn is where a position lies in an index. The entries of a unique index do not have the record's key unless a field is
// none: the row at the position is the only one of its values then, and backwards the entry itself is where to stop.
func positionIn(ix *schema.Index, prefix []byte, equal []ops.Value, r vm.Range) []byte {
	at, unique := bytes.Clone(prefix), ix.Unique && !slices.ContainsFunc(equal, ops.Value.IsNone)
	last := len(r.After) - 1
	for _, v := range r.After[:last] {
		at = appendKey(at, v)
		unique = unique && !v.IsNone()
	}
	if unique && r.Reverse {
		return at
	}
	return appendKey(at, r.After[last])
}

// indexCursor reads records in the order of an index.
type indexCursor struct {
	walk
	ix        *schema.Index
	rows      rows
	fetch     fetcher
	fields    []int // by column: the index field that holds it, or -1
	fromEntry bool
	// whether any early or late column is read from the record
	values, lateValues bool
	entries            [][]byte // each row's entry behind the prefix, where columns come from it
	notes              [][]byte // the notes of its fields
	keys               [][]byte // encoded record keys
	vals               [][]byte // records; nil for those not read yet
}

// Next implements vm.Cursor.
func (c *indexCursor) Next(ctx context.Context, b *vm.Batch) error {
	if err := c.txn.alive(ctx); err != nil {
		return err
	}
	c.begin()
	c.rows.start(b)
	c.entries, c.notes, c.keys, c.vals = c.entries[:0], c.notes[:0], c.keys[:0], c.vals[:0]
	for most := b.Room(); c.ok && len(c.keys) < most; c.next() {
		if err := c.entry(); err != nil {
			return err
		}
	}
	b.N = len(c.keys)
	c.count += int64(b.N)
	c.record()
	if !c.ok {
		if err := c.it.Error(); err != nil {
			return wrap(err)
		}
	}
	return c.finish(b)
}

// finish reads and decodes what is wanted of a batch at once.
func (c *indexCursor) finish(b *vm.Batch) error {
	if c.values {
		if err := c.read(b.N, nil); err != nil {
			return err
		}
	}
	for i := range c.rows.cols {
		if !c.rows.cols[i].late {
			if err := c.column(b, i, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// entry takes the entry that the iterator is at.
func (c *indexCursor) entry() error {
	e := c.rows.mem.Clone(c.it.Key()[keys.PrefixLen:])
	rest := e
	for range c.ix.Fields {
		_, r, err := decodeKey(rest)
		if err != nil {
			return errKey
		}
		rest = r
	}
	c.bytes += int64(len(e))
	var notes []byte
	if len(rest) == 0 || c.fromEntry {
		v, err := c.it.Value()
		if err != nil {
			return wrap(err)
		}
		notes = c.rows.mem.Clone(v)
	}
	if len(rest) == 0 {
		var err error
		rest = notes
		if _, notes, err = decodeKey(rest); err != nil {
			return errKey
		}
		rest = rest[:len(rest)-len(notes)]
	}
	c.keys = append(c.keys, rest)
	if c.fromEntry {
		c.entries = append(c.entries, e)
		c.notes = append(c.notes, notes)
	}
	return nil
}

// read reads the records of the selected rows that have not been read.
func (c *indexCursor) read(n int, sel ops.Selection) error {
	for len(c.vals) < n {
		c.vals = append(c.vals, nil)
	}
	f, p := &c.fetch, c.rows.tab.records
	f.want = f.want[:0]
	eachRow(n, sel, func(row int32) {
		if c.vals[row] == nil && c.keys[row] != nil {
			f.want = append(f.want, wanted{c.rows.mem.Join(p[:], c.keys[row]), row})
		}
	})
	missing := len(f.want)
	err := f.read(func(row int32, value []byte) error {
		c.vals[row] = c.rows.mem.Clone(value)
		missing--
		return nil
	})
	if err == nil && missing > 0 {
		err = ops.Errorf(ops.CodeCorrupt, "index %s of %s has entries without a record", c.ix.Name, *c.rows.tab.name).WithHint("run zerodb check")
	}
	return err
}

// column fills in one column.
func (c *indexCursor) column(b *vm.Batch, i int, sel ops.Selection) error {
	col, out := &c.rows.cols[i], &c.rows.out[i]
	out.Start(&b.Cols[i])
	at := 0
	for row := range b.N {
		if sel != nil {
			if at >= len(sel) || int(sel[at]) != row {
				out.None()
				continue
			}
			at++
		}
		if c.keys[row] == nil { // a row of a lookup that found nothing
			out.None()
			continue
		}
		if f := c.fields[i]; f >= 0 {
			v, err := fieldOf(c.entries[row], c.notes[row], f, c.rows.mem)
			if err != nil {
				return err
			}
			out.Value(v)
			continue
		}
		var value []byte
		if row < len(c.vals) {
			value = c.vals[row]
		}
		if err := c.rows.appendTo(out, col, &c.rows.hints[i], c.keys[row], value, c.rows.mem); err != nil {
			return c.rows.damaged(c.keys[row], err)
		}
	}
	return nil
}

// fieldOf decodes the n-th field of an entry.
func fieldOf(e, notes []byte, n int, mem *record.Mem) (ops.Value, error) {
	for {
		v, rest, err := ops.DecodeOrder(e, mem.Room())
		if err != nil {
			return ops.None, errKey
		}
		if v, notes, err = ops.DecodeNotes(v, notes); err != nil {
			return ops.None, errKey
		}
		if n == 0 {
			return v, nil
		}
		e, n = rest, n-1
	}
}

// Late implements vm.Cursor.
func (c *indexCursor) Late(_ context.Context, b *vm.Batch, i int, sel ops.Selection) error {
	if c.lateValues && c.rows.cols[i].needsValue() {
		if err := c.read(b.N, sel); err != nil {
			return err
		}
	}
	return c.column(b, i, sel)
}

// Examined implements vm.Cursor.
func (c *indexCursor) Examined() (rows, bytes int64) { return c.count, c.bytes + c.fetch.bytes }

// Close implements vm.Cursor.
func (c *indexCursor) Close() error {
	c.rows.release()
	err := c.close()
	if e := c.fetch.close(); err == nil {
		err = wrap(e)
	}
	return err
}
