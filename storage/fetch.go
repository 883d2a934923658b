package storage

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
	"github.com/zerodb/zerodb/vm"
)

// wanted is a record to be read: its whole key, and the row that it is for.
type wanted struct {
	key []byte
	row int32
}

// fetcher reads many records by key, in sorted seeks of one iterator, each distinct key once.
type fetcher struct {
	txn   *Txn
	mark  kv.Mark
	it    *kv.Iter
	at    keys.Prefix // the object that it is over
	valid bool        // whether it is at a key, the first at or behind the one sought last
	// number is the key sought last where that is an int, not less than 0; else -1.
	number int64
	old    *table // the table it is over, where that may have records older than a redefinition
	want   []wanted
	bytes  int64
	seeks  int64
}

// read finds every wanted record and calls found for its rows. value is valid during the call.
func (f *fetcher) read(found func(row int32, value []byte) error) error {
	byKey := func(a, b wanted) int { return bytes.Compare(a.key, b.key) }
	if !slices.IsSortedFunc(f.want, byKey) {
		slices.SortFunc(f.want, byKey)
	}
	var value []byte
	for i, w := range f.want {
		if i == 0 || !bytes.Equal(w.key, f.want[i-1].key) {
			var err error
			if value, err = f.seek(w.key); err != nil {
				return wrap(err)
			}
		}
		if value == nil {
			continue
		}
		if err := found(w.row, value); err != nil {
			return err
		}
	}
	return nil
}

// seek returns the value of a key, not nil, or nil where there is none.
func (f *fetcher) seek(key []byte) ([]byte, error) {
	if f.it == nil || keys.Prefix(key[:keys.PrefixLen]) != f.at {
		if err := f.open(key[:keys.PrefixLen]); err != nil {
			return nil, err
		}
	}
	if f.txn.kv.Writable() {
		f.txn.kv.ReadKey(key)
	}
	f.seeks++
	if !f.near(key) {
		f.valid = f.it.SeekGE(key)
	}
	if !f.valid || !bytes.Equal(f.it.Key(), key) {
		return nil, f.it.Error()
	}
	v, err := f.it.Value()
	f.bytes += int64(len(v))
	if f.old != nil && err == nil {
		v, err = f.reshaped(v)
	}
	if v == nil {
		v = []byte{}
	}
	return v, err
}

// fewSteps is how many steps cost less than a seek.
const fewSteps = 4

// near moves the iterator to the first key at or behind key where that is likely to take few steps: records that were made one
// after the other, as the edges of a vertex often are, lie side by side and have numbers in a row. It reports whether it did.
func (f *fetcher) near(key []byte) bool {
	before := f.number
	f.number = -1
	if id, rest, err := decodeKey(key[keys.PrefixLen:]); err == nil && len(rest) == 0 && id.Kind() == ops.KindInt {
		f.number = id.AsInt()
	}
	if !f.valid || before < 0 || f.number < before || f.number-before > fewSteps {
		return false
	}
	for range f.number - before {
		if bytes.Compare(f.it.Key(), key) >= 0 {
			return true // the one before is missing
		}
		if f.valid = f.it.Next(); !f.valid {
			return true
		}
	}
	return bytes.Compare(f.it.Key(), key) >= 0
}

// reshaped is the record that the iterator is at as its table is now.
func (f *fetcher) reshaped(value []byte) ([]byte, error) {
	at, err := f.it.Time()
	if err != nil {
		return nil, err
	}
	return f.txn.reshape(f.old, value, at)
}

// open moves to the object whose keys begin with prefix.
func (f *fetcher) open(prefix []byte) error {
	if err := f.close(); err != nil {
		return err
	}
	f.at = keys.Prefix(prefix)
	it, err := f.txn.kv.NewIter(f.at[:], keys.AppendEnd(nil, prefix), f.mark)
	if err != nil {
		return err
	}
	f.it, f.valid, f.number, f.old = it, false, -1, nil
	if tab := f.txn.cat.tables[f.at.Object()]; tab != nil && f.txn.reshapes(tab) {
		f.old = tab
	}
	return nil
}

func (f *fetcher) close() error {
	if f.it == nil {
		return nil
	}
	err := f.it.Close()
	f.it = nil
	return err
}

// valueAt returns a row of a vector.
func valueAt(v *ops.Vector, i int) ops.Value {
	if v.Valid != nil && !v.Valid.Get(i) {
		return ops.None
	}
	switch v.Kind {
	case ops.KindNone:
		return ops.None
	case ops.KindBool:
		return ops.Bool(v.Bools[i])
	case ops.KindInt:
		return ops.Int(v.Ints[i])
	case ops.KindTime:
		return ops.Time(v.Ints[i])
	case ops.KindFloat:
		return ops.Float(v.Floats[i])
	case ops.KindString:
		return ops.String(v.Strs[i])
	case ops.KindDuration:
		return ops.None // not needed: no duration is a record id
	}
	return v.Vals[i]
}

// eachRow calls f for the selected rows of n.
func eachRow(n int, sel ops.Selection, f func(row int32)) {
	if sel == nil {
		for i := range n {
			f(int32(i))
		}
		return
	}
	for _, i := range sel {
		f(i)
	}
}

// Fetch implements vm.Txn.
func (t *Txn) Fetch(ctx context.Context, ids *ops.Vector, sel ops.Selection, cols []vm.Column, dst []*ops.Vector) error {
	if err := t.alive(ctx); err != nil {
		return err
	}
	room := fetchPool.Get().(*fetchRoom)
	defer room.release()
	f := fetcher{txn: t, mark: t.kv.Mark(), want: room.want[:0]}
	layouts := make([]*layout, 0, 1)
	var hints [][]hint
	rowLayout, vals := room.rows(ids.N)
	eachRow(ids.N, sel, func(row int32) {
		v := valueAt(ids, int(row))
		if v.Kind() != ops.KindRecord {
			return
		}
		name := v.RecordTable()
		n := slices.IndexFunc(layouts, func(l *layout) bool { return *l.tab.name == name })
		if n < 0 {
			if t.Table(name) == nil {
				return
			}
			n = len(layouts)
			layouts = append(layouts, t.layoutOf(t.cat.byName[name], cols))
			hints = append(hints, make([]hint, len(cols)))
		}
		rowLayout[row] = uint16(n)
		t.key = recordKey(t.key[:0], layouts[n].tab.records, v.RecordKey())
		f.want = append(f.want, wanted{room.mem.Clone(t.key), row})
	})
	room.want = f.want
	err := f.read(func(row int32, value []byte) error {
		vals[row] = room.mem.Clone(value)
		return nil
	})
	if e := f.close(); err == nil {
		err = wrap(e)
	}
	if err != nil {
		return err
	}
	mem := &record.Mem{} // of what lives on
	for i := range cols {
		var out record.Column
		out.Start(dst[i])
		for row := range ids.N {
			if vals[row] == nil {
				out.None()
				continue
			}
			l := layouts[rowLayout[row]]
			if err := l.appendFetched(&out, &l.cols[i], &hints[rowLayout[row]][i], valueAt(ids, row), vals[row], mem); err != nil {
				return err
			}
		}
	}
	return nil
}

// fetchRoom is what a fetch needs while it reads.
type fetchRoom struct {
	want   []wanted
	layout []uint16
	values [][]byte
	mem    record.Mem
}

var fetchPool = sync.Pool{New: func() any { return new(fetchRoom) }}

// rows returns a layout and a value, neither of them known, for each of n rows.
func (r *fetchRoom) rows(n int) ([]uint16, [][]byte) {
	if cap(r.values) < n {
		r.layout, r.values = make([]uint16, n), make([][]byte, n)
	}
	r.layout, r.values = r.layout[:n], r.values[:n]
	return r.layout, r.values
}

// release gives the room to the pool, with nothing of what was read.
func (r *fetchRoom) release() {
	clear(r.want)
	clear(r.values)
	if r.mem.Held() > keepMemory {
		r.mem = record.Mem{}
	}
	r.mem.Reset()
	fetchPool.Put(r)
}

// appendFetched appends a column of a record whose id is known.
func (l *layout) appendFetched(out *record.Column, c *column, h *hint, id ops.Value, value []byte, mem *record.Mem) error {
	var v ops.Value
	var err error
	switch c.from {
	case fromField:
		err = l.appendTo(out, c, h, nil, value, mem)
		if err != nil {
			return corruptRecord(*l.tab.name, id.RecordKey(), err)
		}
		return nil
	case fromID:
		v = id
	case fromRecord:
		v, err = record.Object(mem.Clone(value), id, l.dict, mem)
	}
	if err != nil {
		return corruptRecord(*l.tab.name, id.RecordKey(), err)
	}
	out.Value(v)
	return nil
}
