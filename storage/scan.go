package storage

import (
	"bytes"
	"context"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
	"github.com/zerodb/zerodb/vm"
)

// Get implements vm.Txn.
func (t *Txn) Get(ctx context.Context, desc *schema.Table, key ops.Value, cols []vm.Column, dst []ops.Value) (bool, error) {
	if err := t.alive(ctx); err != nil {
		return false, err
	}
	tab, err := t.table(desc)
	if err != nil {
		return false, err
	}
	t.key = recordKey(t.key[:0], tab.records, key)
	value, _, ok, err := t.kv.Get(t.key)
	if err != nil || !ok {
		return false, wrap(err)
	}
	return true, t.columns(t.layoutOf(tab, cols), key, value, dst)
}

// getMemory is how much memory of its own a transaction fills with what Get gives before it leaves that to the collector.
const getMemory = 256 << 10

// columns decodes the columns of one record into dst.
func (t *Txn) columns(l *layout, key ops.Value, value []byte, dst []ops.Value) error {
	if t.mem != nil && t.mem.Size() > getMemory {
		t.mem = nil
	}
	var v record.View
	var err error
	if l.values || l.lateValues {
		if v, err = record.Parse(value); err != nil {
			return corruptRecord(*l.tab.name, key, err)
		}
	}
	for i := range l.cols {
		if dst[i], err = l.get(&l.cols[i], key, value, &v, t.mem); err != nil {
			return corruptRecord(*l.tab.name, key, err)
		}
	}
	return nil
}

// bounds turns a range over what follows prefix into key bounds. whole says that a bound is all that follows the
// prefix, as a record key is; otherwise more follows it, as in an index entry.
func bounds(prefix []byte, r vm.Range, whole bool) (lo, hi []byte) {
	lo = bytes.Clone(prefix)
	switch r.LoBound {
	case vm.Inclusive:
		lo = appendKey(lo, r.Lo)
	case vm.Exclusive:
		lo = behind(appendKey(lo, r.Lo), whole)
	}
	switch r.HiBound {
	case vm.Inclusive:
		hi = behind(appendKey(bytes.Clone(prefix), r.Hi), whole)
	case vm.Exclusive:
		hi = appendKey(bytes.Clone(prefix), r.Hi)
	default:
		hi = keys.AppendEnd(nil, prefix)
	}
	if bytes.Compare(lo, hi) > 0 {
		hi = bytes.Clone(lo)
	}
	return lo, hi
}

// behind returns the first key behind k, or behind all that start with k.
func behind(k []byte, whole bool) []byte {
	if whole {
		return append(k, 0)
	}
	return keys.AppendEnd(nil, k)
}

// Scan implements vm.Txn.
func (t *Txn) Scan(ctx context.Context, desc *schema.Table, r vm.Range, cols []vm.Column) (vm.Cursor, error) {
	if err := t.alive(ctx); err != nil {
		return nil, err
	}
	tab, err := t.table(desc)
	if err != nil {
		return nil, err
	}
	lo, hi := bounds(tab.records[:], r, true)
	it, err := t.kv.NewIter(lo, hi, t.kv.Mark())
	if err != nil {
		return nil, wrap(err)
	}
	c := &scanCursor{walk: walk{txn: t, it: it, lo: lo, hi: hi, reverse: r.Reverse}}
	c.rows.init(t.layoutOf(tab, cols))
	return c, nil
}

// walk moves an iterator over a range in one direction and records what it has read.
type walk struct {
	txn     *Txn
	it      *kv.Iter
	lo, hi  []byte // what has not been recorded as read
	reverse bool
	started bool
	ok      bool // whether the iterator is at a key that has not been used
	bytes   int64
	count   int64
}

// begin places the iterator when it is first used.
func (w *walk) begin() {
	if w.started {
		return
	}
	w.started = true
	if w.reverse {
		w.ok = w.it.Last()
	} else {
		w.ok = w.it.First()
	}
}

func (w *walk) next() {
	if w.reverse {
		w.ok = w.it.Prev()
	} else {
		w.ok = w.it.Next()
	}
}

// record records the piece of the range that has been walked.
func (w *walk) record() {
	if !w.txn.kv.Writable() || bytes.Compare(w.lo, w.hi) >= 0 {
		return
	}
	switch {
	case !w.ok:
		w.txn.kv.ReadSpan(w.lo, w.hi)
		w.lo = w.hi
	case w.reverse:
		from := append(bytes.Clone(w.it.Key()), 0)
		w.txn.kv.ReadSpan(from, w.hi)
		w.hi = from
	default:
		to := bytes.Clone(w.it.Key())
		w.txn.kv.ReadSpan(w.lo, to)
		w.lo = to
	}
}

func (w *walk) close() error {
	if w.it == nil {
		return nil
	}
	err := w.it.Close()
	w.it = nil
	return wrap(err)
}

// rows holds what the late columns of a batch need.
type rows struct {
	*layout
	mem      *record.Mem // pooled; nil once the cursor is closed
	out      []record.Column
	hints    []hint
	shape    record.Shape
	eager    []int    // the columns that are not late
	first    []uint16 // the first steps of the early fields' paths
	keys     [][]byte // encoded record keys, where a late column is an id or a record
	vals     [][]byte
	keepKeys bool
	needKeys bool
}

// memPool has the memory of cursors that were closed.
var memPool = sync.Pool{New: func() any { return new(record.Mem) }}

// keepMemory is how much memory a closed cursor leaves for the next.
const keepMemory = 4 << 20

// release gives the memory back; the values in it go with it.
func (r *rows) release() {
	if r.mem != nil && r.mem.Held() <= keepMemory {
		r.mem.Reset()
		memPool.Put(r.mem)
	}
	r.mem = nil
}

func (r *rows) init(l *layout) {
	r.layout = l
	if r.mem == nil {
		r.mem = memPool.Get().(*record.Mem)
	}
	r.out, r.hints = make([]record.Column, len(l.cols)), make([]hint, len(l.cols))
	r.eager, r.first = r.eager[:0], r.first[:0]
	for i := range l.cols {
		c := &l.cols[i]
		if c.late && (c.from == fromID || c.from == fromRecord) {
			r.keepKeys = true
		}
		if !c.late {
			r.eager = append(r.eager, i)
		}
		if !c.late && c.from == fromField {
			r.first = append(r.first, c.path[0])
		}
		r.needKeys = r.needKeys || c.from != fromField && c.from != fromNone
	}
}

// start empties the batch.
func (r *rows) start(b *vm.Batch) {
	for len(b.Cols) < len(r.cols) {
		b.Cols = append(b.Cols, ops.Vector{})
	}
	r.mem.Reset()
	r.keys, r.vals = r.keys[:0], r.vals[:0]
	b.N, b.Parent = 0, nil
	for i := range r.cols {
		r.out[i].Start(&b.Cols[i])
	}
}

// add appends one record to the batch.
func (r *rows) add(key, value []byte) error {
	if len(r.first) > 0 && !r.shape.Fits(value) {
		if err := r.shape.Fit(value, r.first); err != nil {
			return err
		}
	}
	n := 0
	for _, i := range r.eager {
		c, err := &r.cols[i], error(nil)
		switch {
		case c.from != fromField:
			err = r.appendWhole(&r.out[i], c, key, value, r.mem)
		case len(c.path) == 1:
			err = r.shape.Append(value, n, &r.out[i], r.dict, r.mem)
			n++
		default:
			err = r.addNested(i, n, value)
			n++
		}
		if err != nil {
			return err
		}
	}
	if r.lateValues {
		r.vals = append(r.vals, r.mem.Clone(value))
	}
	if r.keepKeys {
		r.keys = append(r.keys, r.mem.Clone(key))
	}
	return nil
}

// addNested appends a field of a field; the outer one is the n-th that the shape knows.
func (r *rows) addNested(i, n int, value []byte) error {
	raw, err := r.shape.Field(value, n)
	if raw != nil && err == nil {
		raw, err = r.cols[i].deeper(raw, &r.hints[i])
	}
	switch {
	case err != nil:
		return err
	case raw == nil:
		r.out[i].None()
		return nil
	}
	return r.out[i].Raw(raw, r.dict, r.mem)
}

// late decodes a late column.
func (r *rows) late(b *vm.Batch, i int, sel ops.Selection) error {
	c, out := &r.cols[i], &r.out[i]
	out.Start(&b.Cols[i])
	var key, value []byte
	at := 0
	for row := range b.N {
		if sel != nil {
			if at >= len(sel) || int(sel[at]) != row {
				out.None()
				continue
			}
			at++
		}
		if r.lateValues {
			value = r.vals[row]
		}
		if r.keepKeys {
			key = r.keys[row]
		}
		if err := r.appendTo(out, c, &r.hints[i], key, value, r.mem); err != nil {
			return r.damaged(key, err)
		}
	}
	return nil
}

// damaged names the record that could not be decoded, as far as is known.
func (r *rows) damaged(key []byte, err error) error {
	if !record.Corrupt(err) {
		return wrap(err)
	}
	if k, _, e := decodeKey(key); e == nil && len(key) > 0 {
		return corruptRecord(*r.tab.name, k, err)
	}
	return &ops.Error{Code: ops.CodeCorrupt, Message: "a record of " + *r.tab.name + " is damaged", Err: err, Hint: "run zerodb check"}
}

// scanCursor reads records in the order of their keys.
type scanCursor struct {
	walk
	rows rows
}

// Next implements vm.Cursor.
func (c *scanCursor) Next(ctx context.Context, b *vm.Batch) error {
	if err := c.txn.alive(ctx); err != nil {
		return err
	}
	c.begin()
	c.rows.start(b)
	if err := c.fill(b); err != nil {
		return err
	}
	c.count += int64(b.N)
	c.record()
	if !c.ok {
		return wrap(c.it.Error())
	}
	return nil
}

func (c *scanCursor) fill(b *vm.Batch) error {
	r := &c.rows
	needValue := r.values || r.lateValues
	if !r.needKeys && !needValue {
		return c.countRows(b)
	}
	if it := c.it.Plain(); it != nil && needValue && !c.reverse {
		return c.fillPlain(b, it)
	}
	for most := b.Room(); c.ok && b.N < most; c.next() {
		var value []byte
		if needValue {
			var err error
			if value, err = c.it.Value(); err != nil {
				return wrap(err)
			}
			c.bytes += int64(len(value))
		}
		key := c.it.Key()[keys.PrefixLen:]
		if err := r.add(key, value); err != nil {
			return r.damaged(key, err)
		}
		b.N++
	}
	return nil
}

// fillPlain is fill over nothing but what Pebble's iterator shows, forward: the loop that most of a scan's time is spent in.
func (c *scanCursor) fillPlain(b *vm.Batch, it *pebble.Iterator) error {
	r := &c.rows
	for most := b.Room(); c.ok && b.N < most; {
		raw, err := it.ValueAndErr()
		if err != nil {
			return wrap(err)
		}
		if len(raw) < kv.HeaderLen {
			return wrap(kv.ErrHeader)
		}
		var key []byte
		if r.needKeys {
			key = it.Key()[keys.PrefixLen:]
		}
		if err := r.add(key, raw[kv.HeaderLen:]); err != nil {
			return r.damaged(it.Key()[keys.PrefixLen:], err)
		}
		c.bytes += int64(len(raw) - kv.HeaderLen)
		b.N++
		c.ok = it.Next()
	}
	return nil
}

// countRows walks over records of which nothing is wanted but that they are there, or values that are always none.
func (c *scanCursor) countRows(b *vm.Batch) error {
	most := b.Room()
	if it := c.it.Plain(); it != nil && !c.reverse {
		for ; c.ok && b.N < most; b.N++ {
			c.ok = it.Next()
		}
	}
	for ; c.ok && b.N < most; c.next() {
		b.N++
	}
	for i := range c.rows.cols {
		for range b.N {
			c.rows.out[i].None()
		}
	}
	return nil
}

// Late implements vm.Cursor.
func (c *scanCursor) Late(_ context.Context, b *vm.Batch, i int, sel ops.Selection) error {
	return c.rows.late(b, i, sel)
}

// Examined implements vm.Cursor.
func (c *scanCursor) Examined() (rows, bytes int64) { return c.count, c.bytes }

// Close implements vm.Cursor.
func (c *scanCursor) Close() error {
	c.rows.release()
	return c.close()
}
