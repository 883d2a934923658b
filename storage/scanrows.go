package storage

import (
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
	"github.com/zerodb/zerodb/vm"
)

// keyStart is where the record's own key begins in a key.
const keyStart = keys.PrefixLen

// rows holds what the late columns of a batch need.
type rows struct {
	*layout
	mem      *record.Mem // pooled; nil once the cursor is closed
	out      []record.Column
	hints    []hint
	shape    record.Shape
	eager    []int    // the columns that are not late
	first    []uint16 // the first steps of the early fields' paths
	needKeys bool     // whether a column comes from the record key
	// What late columns are decoded from, by row: the encoded record keys one behind the other and where each ends, and the
	// records. With apart the records have not been kept but are read again by key where they are wanted: nil until then.
	keyBytes []byte
	keyEnds  []int
	vals     [][]byte
	keepKeys bool
	apart    bool
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
	r.out = append(r.out[:0], make([]record.Column, len(l.cols))...)
	r.hints = append(r.hints[:0], make([]hint, len(l.cols))...)
	r.eager, r.first = r.eager[:0], r.first[:0]
	r.keepKeys, r.needKeys, r.apart = false, false, false
	r.shape.Forget()
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
	r.keyBytes, r.keyEnds, r.vals = r.keyBytes[:0], r.keyEnds[:0], r.vals[:0]
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
	if r.lateValues && !r.apart {
		r.vals = append(r.vals, r.mem.Clone(value))
	}
	if r.keepKeys || r.apart {
		r.keyBytes = append(r.keyBytes, key...)
		r.keyEnds = append(r.keyEnds, len(r.keyBytes))
	}
	return nil
}

// keyAt returns the record key of a row, where those are kept.
func (r *rows) keyAt(row int) []byte {
	if len(r.keyEnds) == 0 {
		return nil
	}
	start := 0
	if row > 0 {
		start = r.keyEnds[row-1]
	}
	return r.keyBytes[start:r.keyEnds[row]]
}

// batchBytes is how many bytes of records a batch reads before it ends early, so that large records take no more memory
// than they must.
const batchBytes = 1 << 20

// take fills the batch, at most most rows, from an iterator that is at a record and shows all that there is. It is the loop that
// most of a scan's time is spent in. It reports whether the iterator is at another record.
func (r *rows) take(b *vm.Batch, it *pebble.Iterator, most int) (ok bool, read int64, err error) {
	ok = true
	if !r.needValues() && !r.needKeys {
		for ; ok && b.N < most; b.N++ {
			ok = it.Next()
		}
		r.nones(b.N)
		return ok, 0, it.Error()
	}
	keys := r.needKeys || r.apart
	for ok && b.N < most && read < batchBytes {
		raw, err := it.ValueAndErr()
		if err != nil {
			return false, read, wrap(err)
		}
		if len(raw) < kv.HeaderLen {
			return false, read, wrap(kv.ErrHeader)
		}
		var key []byte
		if keys {
			key = it.Key()[keyStart:]
		}
		if err := r.add(key, raw[kv.HeaderLen:]); err != nil {
			return false, read, r.damaged(it.Key()[keyStart:], err)
		}
		read += int64(len(raw) - kv.HeaderLen)
		b.N++
		ok = it.Next()
	}
	return ok, read, wrap(it.Error())
}

// needValues reports whether any column comes from the record's value.
func (r *rows) needValues() bool { return r.values || r.lateValues }

// nones gives every column n nones.
func (r *rows) nones(n int) {
	for i := range r.cols {
		for range n {
			r.out[i].None()
		}
	}
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
		if row < len(r.vals) {
			value = r.vals[row]
		}
		key = r.keyAt(row)
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
