package storage

import (
	"bytes"
	"context"

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
	value, raw, ok, err := t.kv.Get(t.key)
	if err != nil || !ok {
		return false, wrap(err)
	}
	if len(tab.desc.Shapes) > 0 {
		if value, err = t.reshape(tab, value, timeOf(raw)); err != nil {
			return false, corruptRecord(tab.desc.Name, key, err)
		}
	}
	return true, t.columns(t.layoutOf(tab, cols), key, value, dst)
}

// getMemory is how much memory of its own a transaction fills with what Get gives before it leaves that to the collector.
const getMemory = 256 << 10

// columns decodes the columns of one record into dst.
func (t *Txn) columns(l *layout, key ops.Value, value []byte, dst []ops.Value) error {
	mem := t.mem
	if t.keepsGets {
		mem = nil
	} else if mem != nil && mem.Size() > getMemory {
		t.mem, mem = nil, nil
	}
	var v record.View
	var err error
	if l.values || l.lateValues {
		if v, err = record.Parse(value); err != nil {
			return corruptRecord(*l.tab.name, key, err)
		}
	}
	for i := range l.cols {
		if dst[i], err = l.get(&l.cols[i], key, value, &v, mem); err != nil {
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
	if r.After != nil && whole {
		lo, hi = from(lo, hi, appendKey(bytes.Clone(prefix), r.After[0]), r.Reverse)
	}
	if bytes.Compare(lo, hi) > 0 {
		hi = bytes.Clone(lo)
	}
	return lo, hi
}

// from cuts off what lies before key at, and at itself, in the direction of a scan.
func from(lo, hi, at []byte, reverse bool) ([]byte, []byte) {
	if reverse {
		if bytes.Compare(at, hi) < 0 {
			hi = at
		}
	} else if at = append(at, 0); bytes.Compare(at, lo) > 0 {
		lo = at
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
	mark := t.kv.Mark()
	it, err := t.kv.NewIter(lo, hi, mark)
	if err != nil {
		return nil, wrap(err)
	}
	c := &scanCursor{walk: walk{txn: t, it: it, lo: lo, hi: hi, reverse: r.Reverse}, table: tab, fetch: fetcher{txn: t, mark: mark}}
	c.rows.init(t.layoutOf(tab, cols))
	c.reshapes = t.reshapes(tab)
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

// scanCursor reads records in the order of their keys.
type scanCursor struct {
	walk
	rows  rows
	table *table
	fetch fetcher // reads again what late columns want of records that were not kept
	// The team that reads on, the batch of it that was given out last, and to whom; how many batches are read before the next
	// try to make one.
	team   *scanTeam
	lent   *scanBatch
	lentTo *vm.Batch
	retry  int
	// How many rows the last batch had, and of how many of them late columns were wanted.
	last, wanted int
	apart        bool // whether the next batch keeps no records for late columns
	reshapes     bool // whether records may be older than a redefinition of their table
}

// Next implements vm.Cursor.
func (c *scanCursor) Next(ctx context.Context, b *vm.Batch) error {
	if err := c.txn.alive(ctx); err != nil {
		return err
	}
	c.begin()
	c.decide()
	if !c.reshapes && c.startsTeam(b) {
		if err := c.startTeam(); err != nil {
			return err
		}
	}
	if c.team != nil {
		done, err := c.fromTeam(ctx, b)
		if done || err != nil {
			return err
		}
	}
	c.rows.apart = c.apart && c.it.Plain() != nil && !c.reverse && !c.reshapes
	c.rows.start(b)
	if err := c.fill(b); err != nil {
		return err
	}
	c.given(b)
	c.record()
	if !c.ok {
		return wrap(c.it.Error())
	}
	return nil
}

// given counts what a batch holds.
func (c *scanCursor) given(b *vm.Batch) {
	c.count += int64(b.N)
	c.last, c.wanted = b.N, 0
}

// apartShare is how many times as dear it is to read a record again as to keep it.
const apartShare = 32

// decide chooses what is done with the records of the next batch: where late columns were wanted of few of the last one,
// as a top-k does, none is kept.
func (c *scanCursor) decide() {
	c.apart = c.rows.lateValues && c.last > 0 && c.wanted*apartShare <= c.last
}

func (c *scanCursor) fill(b *vm.Batch) error {
	r := &c.rows
	if it := c.it.Plain(); it != nil && !c.reverse && !c.reshapes {
		if !c.ok {
			return nil
		}
		ok, read, err := r.take(b, it, b.Room())
		c.ok, c.bytes = ok, c.bytes+read
		return err
	}
	values := r.needValues()
	if !r.needKeys && !values {
		for most := b.Room(); c.ok && b.N < most; c.next() {
			b.N++
		}
		r.nones(b.N)
		return nil
	}
	for most, until := b.Room(), c.bytes+batchBytes; c.ok && b.N < most && c.bytes < until; c.next() {
		var value []byte
		if values {
			var err error
			if value, err = c.value(); err != nil {
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

// value returns the record that the iterator is at.
func (c *scanCursor) value() ([]byte, error) {
	value, err := c.it.Value()
	if !c.reshapes || err != nil {
		return value, err
	}
	at, err := c.it.Time()
	if err != nil {
		return nil, err
	}
	return c.txn.reshape(c.table, value, at)
}

// Late implements vm.Cursor.
func (c *scanCursor) Late(_ context.Context, b *vm.Batch, i int, sel ops.Selection) error {
	r := &c.rows
	if c.lent != nil {
		r = &c.lent.rows
	}
	n := b.N
	if sel != nil {
		n = len(sel)
	}
	c.wanted = max(c.wanted, n)
	if r.apart && r.cols[i].needsValue() {
		if err := c.readAgain(r, b.N, sel); err != nil {
			return err
		}
	}
	return r.late(b, i, sel)
}

// readAgain reads the selected records that were not kept.
func (c *scanCursor) readAgain(r *rows, n int, sel ops.Selection) error {
	for len(r.vals) < n {
		r.vals = append(r.vals, nil)
	}
	f := &c.fetch
	f.want = f.want[:0]
	eachRow(n, sel, func(row int32) {
		if r.vals[row] == nil {
			f.want = append(f.want, wanted{r.mem.Join(c.table.records[:], r.keyAt(int(row))), row})
		}
	})
	missing := len(f.want)
	err := f.read(func(row int32, value []byte) error {
		r.vals[row] = r.mem.Clone(value)
		missing--
		return nil
	})
	if err == nil && missing > 0 {
		err = ops.Errorf(ops.CodeCorrupt, "%d records of %s are not found by their keys", missing, *r.tab.name).WithHint("run zerodb check")
	}
	return err
}

// Examined implements vm.Cursor. A record that is read again counts with its bytes only.
func (c *scanCursor) Examined() (rows, bytes int64) { return c.count, c.bytes + c.fetch.bytes }

// Close implements vm.Cursor.
func (c *scanCursor) Close() error {
	c.stopTeam()
	c.rows.release()
	err := wrap(c.fetch.close())
	if e := c.close(); err == nil {
		err = e
	}
	return err
}
