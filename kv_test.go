package zerodb_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

var ctx = context.Background()

// memory opens a database in memory with a session, for the time of a test.
func memory(t testing.TB) (*zerodb.DB, *zerodb.Session) {
	t.Helper()
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, session(t, db)
}

func session(t testing.TB, db *zerodb.DB) *zerodb.Session {
	t.Helper()
	s, err := db.Session(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fails checks an error's code.
func fails(t testing.TB, err error, code zerodb.Code) {
	t.Helper()
	if err == nil || zerodb.CodeOf(err) != code {
		t.Errorf("got error %v, want %s", err, code)
	}
}

func keysOf(t testing.TB, s *zerodb.Session, table string, r zerodb.KeyRange) string {
	t.Helper()
	out := ""
	for p, err := range s.Scan(ctx, table, r) {
		must(t, err)
		out += zql(p.Key) + " "
	}
	return out
}

func TestKeyValue(t *testing.T) {
	_, s := memory(t)
	_, found, err := s.Get(ctx, "kv", zerodb.String("a"))
	if err != nil || found {
		t.Fatalf("a table that is not there: found %t, %v", found, err)
	}
	must(t, s.Put(ctx, "kv", zerodb.String("a"), zerodb.Int(1)))
	must(t, s.Put(ctx, "kv", zerodb.String("a"), zerodb.Bytes([]byte("two"))))
	v, found, err := s.GetField(ctx, "kv", zerodb.String("a"), "value")
	if err != nil || !found || string(v.AsBytes()) != "two" {
		t.Fatalf("value is %s, found %t, %v", zql(v), found, err)
	}
	record, found, err := s.Get(ctx, "kv", zerodb.String("a"))
	if err != nil || !found || zql(record) != `{ id: kv:a, value: b"two" }` {
		t.Errorf("record is %s, found %t, %v", zql(record), found, err)
	}
	_, err = s.Insert(ctx, "kv", zerodb.String("a"), zerodb.Int(3))
	fails(t, err, ops.CodeAlreadyExists)
	id, err := s.Insert(ctx, "kv", zerodb.None, zerodb.Int(3))
	if err != nil || id.Kind() != ops.KindRecord || len(id.RecordKey().AsString()) != 26 {
		t.Errorf("generated id is %s, %v", zql(id), err)
	}
	found, err = s.Delete(ctx, "kv", zerodb.String("a"))
	if err != nil || !found {
		t.Errorf("deleted %t, %v", found, err)
	}
	found, err = s.Delete(ctx, "kv", zerodb.String("a"))
	if err != nil || found {
		t.Errorf("deleted again %t, %v", found, err)
	}
}

func TestBytes(t *testing.T) {
	_, s := memory(t)
	kv := s.KV("kv")
	check := func(key int64, want string) {
		t.Helper()
		v, found, err := kv.Get(ctx, zerodb.Int(key), []byte("+"))
		must(t, err)
		if string(v) != "+"+want || found != (want != "") {
			t.Errorf("value of %d is %s, found %t", key, v, found)
		}
	}
	all := func(want string) {
		t.Helper()
		got := ""
		must(t, kv.Scan(ctx, zerodb.KeyRange{From: zerodb.Int(1)}, func(key zerodb.Value, value []byte) bool {
			got += fmt.Sprintf("%s=%s ", zql(key), value)
			return true
		}))
		if got != want {
			t.Errorf("there is %s, want %s", got, want)
		}
	}
	check(1, "")
	must(t, kv.Put(ctx, zerodb.Int(1), []byte("one")))
	check(1, "one")
	must(t, s.Begin(ctx, nil))
	must(t, kv.Put(ctx, zerodb.Int(2), []byte("two")))
	check(1, "one")
	check(2, "two")
	all("1=one 2=two ")
	must(t, s.Cancel())
	check(2, "")
	all("1=one ")
	must(t, s.Put(ctx, "kv", zerodb.Int(3), zerodb.Int(0)))
	_, _, err := kv.Get(ctx, zerodb.Int(3), nil)
	fails(t, err, ops.CodeType)
	found, err := kv.Delete(ctx, zerodb.Int(1))
	if err != nil || !found {
		t.Errorf("deleted %t, %v", found, err)
	}
	check(1, "")
}

func TestScanRanges(t *testing.T) {
	_, s := memory(t)
	for i := range 5 {
		must(t, s.Put(ctx, "t", zerodb.Int(int64(i)), zerodb.Int(int64(i*i))))
	}
	must(t, s.Put(ctx, "t", zerodb.String("x"), zerodb.None))
	for _, c := range []struct {
		r    zerodb.KeyRange
		want string
	}{
		{zerodb.KeyRange{}, `0 1 2 3 4 "x" `},
		{zerodb.KeyRange{From: zerodb.Int(1), To: zerodb.Int(3)}, "1 2 "},
		{zerodb.KeyRange{From: zerodb.Int(1), To: zerodb.Int(3), Inclusive: true}, "1 2 3 "},
		{zerodb.KeyRange{From: zerodb.Int(3)}, `3 4 "x" `},
		{zerodb.KeyRange{To: zerodb.Int(2), Reverse: true}, "1 0 "},
		{zerodb.KeyRange{From: zerodb.Int(9), To: zerodb.Int(10)}, ""},
	} {
		if got := keysOf(t, s, "t", c.r); got != c.want {
			t.Errorf("%+v has %s, want %s", c.r, got, c.want)
		}
	}
	if got := keysOf(t, s, "nothing", zerodb.KeyRange{}); got != "" {
		t.Errorf("a table that is not there has %s", got)
	}
}

// TestScanKeepsItsSnapshot writes while it scans: what comes later is not seen, rows given out stay as they were.
func TestScanKeepsItsSnapshot(t *testing.T) {
	_, s := memory(t)
	const n = 3000 // several batches
	must(t, s.Begin(ctx, nil))
	for i := range n {
		must(t, s.Put(ctx, "t", zerodb.Int(int64(i)), zerodb.String(fmt.Sprint("text ", i))))
	}
	must(t, s.Commit(ctx))
	var kept []zerodb.Pair
	for p, err := range s.Scan(ctx, "t", zerodb.KeyRange{}) {
		must(t, err)
		kept = append(kept, p)
		if len(kept)%1000 == 1 {
			must(t, s.Put(ctx, "t", zerodb.Int(int64(n+len(kept))), zerodb.Int(0)))
			_, err := s.Delete(ctx, "t", zerodb.Int(n-1))
			must(t, err)
		}
	}
	if len(kept) != n {
		t.Fatalf("%d records, want %d", len(kept), n)
	}
	for i, p := range kept {
		want := fmt.Sprintf(`{ id: t:%d, value: "text %d" }`, i, i)
		if got := zql(p.Record); got != want {
			t.Fatalf("record %d is %s, want %s", i, got, want)
		}
	}
}

func TestTransactions(t *testing.T) {
	db, s := memory(t)
	other := session(t, db)
	one, two := zerodb.Int(1), zerodb.Int(2)
	seen := func(s *zerodb.Session, key zerodb.Value) bool {
		_, found, err := s.Get(ctx, "t", key)
		must(t, err)
		return found
	}

	must(t, s.Begin(ctx, nil))
	fails(t, s.Begin(ctx, nil), ops.CodeTransaction)
	must(t, s.Put(ctx, "t", one, one))
	_, err := s.Insert(ctx, "t", one, two)
	fails(t, err, ops.CodeAlreadyExists)
	if !seen(s, one) || seen(other, one) {
		t.Error("a transaction sees its own writes, nobody else does")
	}
	must(t, s.Commit(ctx))
	if !seen(other, one) {
		t.Error("what is committed is seen")
	}
	fails(t, s.Commit(ctx), ops.CodeTransaction)

	must(t, s.Begin(ctx, nil))
	must(t, s.Put(ctx, "t", two, two))
	must(t, s.Cancel())
	must(t, s.Cancel())
	if seen(s, two) {
		t.Error("what is cancelled is gone")
	}

	must(t, s.Begin(ctx, &zerodb.TxOptions{ReadOnly: true}))
	fails(t, s.Put(ctx, "t", two, two), ops.CodeReadOnlyTransaction)
	must(t, other.Put(ctx, "t", two, two))
	if seen(s, two) {
		t.Error("a read-only transaction keeps its snapshot")
	}
	must(t, s.Commit(ctx))
}

// TestConflict lets two transactions read what the other writes.
func TestConflict(t *testing.T) {
	db, a := memory(t)
	b := session(t, db)
	key := zerodb.Int(1)
	must(t, a.Put(ctx, "t", key, zerodb.Int(0)))
	must(t, a.Begin(ctx, nil))
	must(t, b.Begin(ctx, nil))
	for _, s := range []*zerodb.Session{a, b} {
		v, _, err := s.GetField(ctx, "t", key, "value")
		must(t, err)
		must(t, s.Put(ctx, "t", key, zerodb.Int(v.AsInt()+1)))
	}
	must(t, a.Commit(ctx))
	err := b.Commit(ctx)
	fails(t, err, ops.CodeConflict)
	fails(t, b.Commit(ctx), ops.CodeTransaction)
}

func TestClosed(t *testing.T) {
	db, err := zerodb.OpenMemory(nil)
	must(t, err)
	s := session(t, db)
	must(t, s.Put(ctx, "t", zerodb.Int(1), zerodb.None))
	must(t, s.Begin(ctx, nil))
	must(t, db.Close())
	must(t, db.Close())
	fails(t, s.Put(ctx, "t", zerodb.Int(1), zerodb.None), ops.CodeClosed)
	_, _, err = s.Get(ctx, "t", zerodb.Int(1))
	fails(t, err, ops.CodeClosed)
	fails(t, s.Commit(ctx), ops.CodeClosed)
	_, err = db.Session(ctx, nil)
	fails(t, err, ops.CodeClosed)
	must(t, s.Close())
}

// zql is a value as ZeroQL writes it.
func zql(v zerodb.Value) string { return string(ops.AppendZQL(nil, v)) }
