package storage

import (
	"bytes"
	"context"
	"slices"

	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/vm"
)

// Lookup implements vm.Txn.
func (t *Txn) Lookup(ctx context.Context, desc *schema.Table, ix *schema.Index, l vm.Lookup, indexOnly bool, cols []vm.Column) (vm.Cursor, error) {
	tab, err := t.indexed(ctx, desc, ix, len(l.Values))
	if err != nil {
		return nil, err
	}
	c := &lookupCursor{outer: l.Outer}
	p := tab.index(ix.ID)
	c.collect(p[:], &l)
	if err := c.init(ctx, t, tab, ix, bytes.Clone(p[:]), keys.AppendEnd(nil, p[:]), indexOnly, cols); err != nil {
		return nil, err
	}
	return c, nil
}

// lookupCursor finds what an index has for each of some rows: in one pass over the index, by the sorted values of the rows.
type lookupCursor struct {
	indexCursor
	outer  bool
	asked  []asked
	at     int    // the row of asked that is being answered
	inside bool   // the iterator is at an entry of it
	found  bool   // it has an answer
	first  int    // the row of this batch that its answers begin at; -1 where they began in an earlier one
	end    []byte // behind its entries
	parent []int32
}

// asked is a row and the beginning of the entries that it asks for.
type asked struct {
	prefix []byte
	row    int32
}

// collect sorts the selected rows by what they ask for.
func (c *lookupCursor) collect(index []byte, l *vm.Lookup) {
	eachRow(l.N, l.Sel, func(row int32) {
		from := len(c.end)
		c.end = append(c.end, index...)
		for _, v := range l.Values {
			c.end = appendKey(c.end, v.At(int(row)))
		}
		c.asked = append(c.asked, asked{c.end[from:len(c.end):len(c.end)], row})
	})
	c.end, c.at = nil, -1
	order := func(a, b asked) int { return bytes.Compare(a.prefix, b.prefix) }
	if !slices.IsSortedFunc(c.asked, order) {
		slices.SortStableFunc(c.asked, order)
	}
}

// Next implements vm.Cursor.
func (c *lookupCursor) Next(ctx context.Context, b *vm.Batch) error {
	if err := c.txn.alive(ctx); err != nil {
		return err
	}
	c.rows.start(b)
	c.entries, c.notes, c.keys, c.vals, c.parent = c.entries[:0], c.notes[:0], c.keys[:0], c.vals[:0], c.parent[:0]
	c.first = -1
	for most := b.Room(); len(c.keys) < most; {
		if !c.inside {
			if c.at >= 0 && c.at < len(c.asked) && c.outer && !c.found {
				c.missing()
				continue
			}
			if !c.ask(most) {
				break
			}
			continue
		}
		if err := c.entry(); err != nil {
			return err
		}
		c.found = true
		c.parent = append(c.parent, c.asked[c.at].row)
		c.count++
		c.ok = c.it.Next()
		c.inside = c.ok && bytes.Compare(c.it.Key(), c.end) < 0
	}
	if err := c.it.Error(); err != nil {
		return wrap(err)
	}
	b.N, b.Parent = len(c.keys), c.parent
	return c.finish(b)
}

// missing adds the row of none that an outer lookup has for a row without an answer.
func (c *lookupCursor) missing() {
	c.found = true
	c.parent = append(c.parent, c.asked[c.at].row)
	c.keys = append(c.keys, nil)
	if c.fromEntry {
		c.entries, c.notes = append(c.entries, nil), append(c.notes, nil)
	}
}

// ask goes on to the next row. One that asks for the same as the row before it gets the same, which is there already if it is all
// in this batch and there is room for it once more. At the end it returns false.
func (c *lookupCursor) ask(most int) bool {
	before := c.at
	if c.at++; c.at >= len(c.asked) {
		c.at = len(c.asked)
		return false
	}
	q := &c.asked[c.at]
	if before >= 0 && bytes.Equal(c.asked[before].prefix, q.prefix) {
		if n := len(c.keys) - c.first; c.first >= 0 && len(c.keys)+n <= most {
			c.again(n, q.row)
			return true
		}
	}
	c.found, c.first = false, len(c.keys)
	c.end = keys.AppendEnd(c.end[:0], q.prefix)
	if c.txn.kv.Writable() {
		c.txn.kv.ReadSpan(q.prefix, c.end)
	}
	forward := before >= 0 && bytes.Compare(c.asked[before].prefix, q.prefix) < 0
	if !forward || c.ok && bytes.Compare(c.it.Key(), q.prefix) < 0 {
		c.ok = c.it.SeekGE(q.prefix)
	}
	c.inside = c.ok && bytes.Compare(c.it.Key(), c.end) < 0
	return true
}

// again gives another row the last n rows of the batch.
func (c *lookupCursor) again(n int, row int32) {
	from := c.first
	c.first = len(c.keys)
	for i := from; i < from+n; i++ {
		c.keys, c.parent = append(c.keys, c.keys[i]), append(c.parent, row)
		if c.fromEntry {
			c.entries, c.notes = append(c.entries, c.entries[i]), append(c.notes, c.notes[i])
		}
	}
}
