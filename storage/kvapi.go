package storage

import (
	"context"
	"sync/atomic"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
	"github.com/zerodb/zerodb/vm"
)

// Map is a table used as a plain key-value store beside the language. A value is the bytes field `value` of the record, so
// that ZeroQL sees it as kv:key.value. A Map is safe for use by many goroutines.
type Map struct {
	store *Store
	place place
	name  string
	cats  *atomic.Pointer[catalog]
	seen  atomic.Pointer[mapState]
}

// mapState is what a Map knows of one version of the catalog.
type mapState struct {
	cat   *catalog
	tab   *table // nil where the table does not exist
	dict  *record.Dict
	field uint16
	known bool // whether any record has the field
}

const mapField = "value"

// Map returns a table of a database as a key-value store. The table need not exist.
func (s *Store) Map(namespace, database, table string) (*Map, error) {
	p := place{namespace, database}
	ref, err := s.catalogRef(p)
	if err != nil {
		return nil, wrap(err)
	}
	return &Map{store: s, place: p, name: table, cats: ref}, nil
}

func (m *Map) state() *mapState {
	cat := m.cats.Load()
	if s := m.seen.Load(); s != nil && s.cat == cat && (s.tab == nil || s.dict == s.tab.dict.Load()) {
		return s
	}
	s := &mapState{cat: cat, tab: cat.byName[m.name]}
	if s.tab != nil {
		s.dict = s.tab.dict.Load()
		s.field, s.known = s.dict.ID(mapField)
	}
	m.seen.Store(s)
	return s
}

// Get appends the value of a key to dst.
func (m *Map) Get(ctx context.Context, key ops.Value, dst []byte) ([]byte, bool, error) {
	if m.store.closed.Load() {
		return dst, false, closedError()
	}
	s := m.state()
	if s.tab == nil {
		return dst, false, nil
	}
	var room [64]byte
	found, err := m.store.db.Get(recordKey(room[:0], s.tab.records, key), func(value []byte, at kv.Time) error {
		b, err := m.bytes(s, value, at)
		dst = append(dst, b...)
		return err
	})
	if err != nil {
		return dst, false, wrap(err)
	}
	return dst, found, nil
}

// bytes finds the value in a record.
func (m *Map) bytes(s *mapState, value []byte, at kv.Time) ([]byte, error) {
	if !s.known {
		// The name may be newer than what is known here; the record is never older than the table's dictionary.
		if id, ok := s.tab.dict.Load().ID(mapField); ok {
			s = &mapState{tab: s.tab, field: id, known: true}
		}
	}
	if s.tab.older(at) {
		return m.olderBytes(s, value, at)
	}
	v, err := record.Parse(value)
	if err != nil {
		return nil, err
	}
	if at := v.Find(s.field, 0); at >= 0 && s.known {
		raw, err := v.Field(at)
		if err != nil {
			return nil, err
		}
		if b, ok := record.Text(raw); ok {
			return b, nil
		}
	}
	return nil, m.noBytes()
}

func (m *Map) noBytes() error {
	return ops.Errorf(ops.CodeType, "a record of %s holds no bytes as %s", m.name, mapField).WithHint("read it with a query")
}

// olderBytes finds the value in a record that is older than a redefinition of its table.
func (m *Map) olderBytes(s *mapState, value []byte, at kv.Time) ([]byte, error) {
	obj, err := s.tab.present(value, at, s.tab.dict.Load(), false)
	if err != nil {
		return nil, err
	}
	switch v, _ := obj.Member(mapField); v.Kind() {
	case ops.KindBytes:
		return v.AsBytes(), nil
	case ops.KindString:
		return []byte(v.AsString()), nil
	}
	return nil, m.noBytes()
}

// Record returns the record of a key as an object.
func (m *Map) Record(ctx context.Context, key ops.Value) (ops.Value, bool, error) {
	t, err := m.begin(ctx, false)
	if err != nil {
		return ops.None, false, err
	}
	defer t.Cancel()
	desc := t.cat.Table(m.name)
	if desc == nil {
		return ops.None, false, nil
	}
	var dst [1]ops.Value
	ok, err := t.Get(ctx, desc, key, wholeRecord, dst[:])
	return dst[0], ok, err
}

var wholeRecord = []vm.Column{{Kind: vm.ColumnRecord}}

func (m *Map) begin(ctx context.Context, write bool) (*Txn, error) {
	return m.store.Begin(ctx, TxnOptions{Namespace: m.place.namespace, Database: m.place.database, Write: write})
}

// Put writes the value of a key.
func (m *Map) Put(ctx context.Context, key ops.Value, value []byte) error {
	obj := ops.Object([]ops.Member{{Name: mapField, Value: ops.Bytes(value)}})
	return m.update(ctx, func(t *Txn) error {
		desc, err := t.EnsureTable(ctx, m.name, false)
		if err != nil {
			return err
		}
		if err := m.free(desc); err != nil {
			return err
		}
		return t.Replace(ctx, desc, key, obj, true)
	})
}

// free refuses tables whose rules only the language keeps.
func (m *Map) free(desc *schema.Table) error {
	if desc.Edge || desc.Schemafull || len(desc.Fields) > 0 {
		return ops.Errorf(ops.CodeType, "table %s has declared fields and cannot be written as a key-value store", m.name)
	}
	return nil
}

// Delete removes a key and reports whether it was there.
func (m *Map) Delete(ctx context.Context, key ops.Value) (found bool, err error) {
	err = m.update(ctx, func(t *Txn) error {
		desc := t.cat.Table(m.name)
		if found = false; desc == nil {
			return nil
		}
		var err error
		found, err = t.Delete(ctx, desc, key)
		return err
	})
	return found, err
}

// mapTries bounds how often a write that meets others is run again.
const mapTries = 100

func (m *Map) update(ctx context.Context, f func(t *Txn) error) error {
	for try := 1; ; try++ {
		t, err := m.begin(ctx, true)
		if err != nil {
			return err
		}
		if err = f(t); err != nil {
			t.Cancel()
			return err
		}
		_, err = t.Commit(ctx)
		t.Release()
		if err == nil || ops.CodeOf(err) != ops.CodeConflict || try == mapTries {
			return err
		}
	}
}

// Scan calls use for the keys in r in their order, until it returns false. value is valid during the call.
func (m *Map) Scan(ctx context.Context, r vm.Range, use func(key ops.Value, value []byte) bool) error {
	t, err := m.begin(ctx, false)
	if err != nil {
		return err
	}
	defer t.Cancel()
	s := m.state()
	if s.tab == nil {
		return nil
	}
	lo, hi := bounds(s.tab.records[:], r, true)
	it, err := t.kv.NewIter(lo, hi, t.kv.Mark())
	if err != nil {
		return wrap(err)
	}
	w := walk{txn: t, it: it, lo: lo, hi: hi, reverse: r.Reverse}
	err = m.each(ctx, s, &w, use)
	if e := w.close(); err == nil {
		err = e
	}
	return wrap(err)
}

func (m *Map) each(ctx context.Context, s *mapState, w *walk, use func(key ops.Value, value []byte) bool) error {
	for w.begin(); w.ok; w.next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		raw, err := w.it.Value()
		if err != nil {
			return err
		}
		at, err := w.it.Time()
		if err != nil {
			return err
		}
		key, rest, err := decodeKey(w.it.Key()[keys.PrefixLen:])
		if err != nil || len(rest) > 0 {
			return errKey
		}
		b, err := m.bytes(s, raw, at)
		if err != nil {
			return err
		}
		if !use(key, b) {
			return nil
		}
	}
	return nil
}
