package storage

import (
	"context"
	"math/rand"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// testClock is a clock that a test moves.
type testClock struct{ now time.Time }

func newTestClock() *testClock { return &testClock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

func testOptions(fs vfs.FS) Options {
	c := newTestClock()
	return Options{FS: fs, Dir: "db", Clock: func() time.Time { return c.now }, Random: rand.New(rand.NewSource(1)),
		MemTableBytes: 4 << 20, CacheBytes: 8 << 20}
}

func openTest(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func memStore(t testing.TB) *Store {
	s := openTest(t, testOptions(vfs.NewMem()))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var ctx = context.Background()

func begin(t testing.TB, s *Store, write bool) *Txn {
	t.Helper()
	txn, err := s.Begin(ctx, TxnOptions{Namespace: "main", Database: "main", Write: write})
	if err != nil {
		t.Fatal(err)
	}
	return txn
}

func commit(t testing.TB, txn *Txn) {
	t.Helper()
	if _, err := txn.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

// update runs f in a transaction and commits it.
func update(t testing.TB, s *Store, f func(*Txn)) {
	t.Helper()
	txn := begin(t, s, true)
	f(txn)
	commit(t, txn)
}

func read(t testing.TB, s *Store, f func(*Txn)) {
	t.Helper()
	txn := begin(t, s, false)
	defer txn.Cancel()
	f(txn)
}

func ensure(t testing.TB, txn *Txn, name string, edge bool) *schema.Table {
	t.Helper()
	desc, err := txn.EnsureTable(ctx, name, edge)
	if err != nil {
		t.Fatal(err)
	}
	return desc
}

func create(t testing.TB, txn *Txn, table string, key ops.Value, members ...any) ops.Value {
	t.Helper()
	id, created, err := txn.Create(ctx, ensure(t, txn, table, false), key, object(members...), false)
	if err != nil || !created {
		t.Fatal(created, err)
	}
	return id
}

func relate(t testing.TB, txn *Txn, table string, key, in, out ops.Value, members ...any) ops.Value {
	t.Helper()
	obj := object(append([]any{"in", in, "out", out}, members...)...)
	id, _, err := txn.Create(ctx, ensure(t, txn, table, true), key, obj, false)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// object makes an object of names and values by turns.
func object(members ...any) ops.Value {
	var ms []ops.Member
	for i := 0; i < len(members); i += 2 {
		ms = append(ms, ops.Member{Name: members[i].(string), Value: value(members[i+1])})
	}
	return ops.Object(ms)
}

func value(v any) ops.Value {
	switch v := v.(type) {
	case nil:
		return ops.None
	case ops.Value:
		return v
	case int:
		return ops.Int(int64(v))
	case float64:
		return ops.Float(v)
	case string:
		return ops.String(v)
	case bool:
		return ops.Bool(v)
	}
	panic(v)
}

func field(path ...string) vm.Column { return vm.Column{Kind: vm.ColumnField, Path: path} }

var (
	colID     = vm.Column{Kind: vm.ColumnID}
	colRecord = vm.Column{Kind: vm.ColumnRecord}
	colVertex = vm.Column{Kind: vm.ColumnVertex}
)

// drain reads all rows of a cursor; each row as its columns.
func drain(t testing.TB, c vm.Cursor, err error, columns int) (rows [][]ops.Value) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	var b vm.Batch
	for {
		if err := c.Next(ctx, &b); err != nil {
			t.Fatal(err)
		}
		if b.N == 0 {
			return rows
		}
		for r := range b.N {
			row := make([]ops.Value, columns)
			for i := range row {
				row[i] = copyValue(b.Cols[i].At(r))
			}
			rows = append(rows, row)
		}
	}
}

// copyValue copies a value out of a batch.
func copyValue(v ops.Value) ops.Value {
	switch v.Kind() {
	case ops.KindString:
		return ops.String(string([]byte(v.AsString())))
	case ops.KindRecord:
		return ops.Record(string([]byte(v.RecordTable())), copyValue(v.RecordKey()))
	case ops.KindList:
		var vs []ops.Value
		for _, e := range v.AsList() {
			vs = append(vs, copyValue(e))
		}
		return ops.List(vs)
	case ops.KindObject:
		var ms []ops.Member
		for _, m := range v.AsObject() {
			ms = append(ms, ops.Member{Name: m.Name, Value: copyValue(m.Value)})
		}
		return ops.Object(ms)
	}
	return v
}
