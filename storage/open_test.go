package storage

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openError(t *testing.T, o Options) *ops.Error {
	t.Helper()
	s, err := Open(o)
	if err == nil {
		s.Close()
		t.Fatal("it opened")
	}
	e, ok := err.(*ops.Error)
	if !ok {
		t.Fatalf("%T %v", err, err)
	}
	t.Log(e)
	return e
}

func TestOpenRefuses(t *testing.T) {
	t.Run("twice", func(t *testing.T) {
		o := testOptions(vfs.NewMem())
		s := openTest(t, o)
		defer s.Close()
		if e := openError(t, o); e.Code != ops.CodeLocked {
			t.Fatal(e)
		}
	})
	t.Run("twice on disk", func(t *testing.T) {
		o := testOptions(vfs.Default)
		o.Dir = t.TempDir()
		s := openTest(t, o)
		defer s.Close()
		if e := openError(t, o); e.Code != ops.CodeLocked {
			t.Fatal(e)
		}
	})
	t.Run("foreign", func(t *testing.T) {
		o := testOptions(vfs.NewMem())
		if err := writeFile(o.FS, o.Dir, "notes.txt", "hello"); err != nil {
			t.Fatal(err)
		}
		if e := openError(t, o); e.Code != ops.CodeNotADatabase {
			t.Fatal(e)
		}
	})
	t.Run("a bare Pebble store", func(t *testing.T) {
		o := testOptions(vfs.NewMem())
		db, err := pebble.Open(o.Dir, &pebble.Options{FS: o.FS, Logger: pebbleLogger{}})
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
		if e := openError(t, o); e.Code != ops.CodeNotADatabase {
			t.Fatal(e)
		}
	})
	t.Run("newer", func(t *testing.T) {
		o := testOptions(vfs.NewMem())
		if err := writeFile(o.FS, o.Dir, identityFile, "zerodb database\nformat 99\nid 00\n"); err != nil {
			t.Fatal(err)
		}
		if e := openError(t, o); e.Code != ops.CodeVersion {
			t.Fatal(e)
		}
	})
	t.Run("read-only of nothing", func(t *testing.T) {
		o := testOptions(vfs.NewMem())
		o.ReadOnly = true
		if e := openError(t, o); e.Code != ops.CodeNotADatabase {
			t.Fatal(e)
		}
	})
	t.Run("newest format", func(t *testing.T) {
		s := memStore(t)
		if v := s.pebble.FormatMajorVersion(); v != pebble.FormatNewest {
			t.Fatal(v)
		}
	})
}

func TestReadOnly(t *testing.T) {
	o := testOptions(vfs.NewMem())
	s := openTest(t, o)
	fill(t, s, 10)
	id := s.ID()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o.ReadOnly = true
	s = openTest(t, o)
	defer s.Close()
	if s.ID() != id {
		t.Fatal("identity")
	}
	read(t, s, func(txn *Txn) {
		c, err := txn.Scan(ctx, txn.Catalog().Table("p"), vm.Range{}, nil)
		if n := len(drain(t, c, err, 0)); n != 10 {
			t.Fatal(n)
		}
		if _, err := txn.Delete(ctx, txn.Catalog().Table("p"), ops.Int(1)); ops.CodeOf(err) != ops.CodeReadOnlyTransaction {
			t.Fatal(err)
		}
	})
	if _, err := s.Begin(ctx, TxnOptions{Namespace: "main", Database: "main", Write: true}); ops.CodeOf(err) != ops.CodeReadOnlyTransaction {
		t.Fatal(err)
	}
}

func TestCloseRefusesWhileTransactionsRun(t *testing.T) {
	s := openTest(t, testOptions(vfs.NewMem()))
	txn := begin(t, s, false)
	if err := s.Close(); ops.CodeOf(err) != ops.CodeTransaction {
		t.Fatal(err)
	}
	txn.Cancel()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(ctx, TxnOptions{}); ops.CodeOf(err) != ops.CodeClosed {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal("closing again", err)
	}
}

// TestWholeStoreInABubble opens, writes, crashes and reopens where time stands still and every goroutine is accounted for.
func TestWholeStoreInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := vfs.NewCrashableMem()
		o := testOptions(fs)
		o.Clock = time.Now // the bubble's
		o.MemTableBytes = 256 << 10
		s := openTest(t, o)
		w := &workload{writers: 3, txns: 50}
		if err := w.prepare(s); err != nil {
			t.Fatal(err)
		}
		if err := w.run(s); err != nil {
			t.Fatal(err)
		}
		after := fs.CrashClone(vfs.CrashCloneCfg{})
		time.Sleep(time.Hour)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := w.verify(after, w.acked); err != nil {
			t.Fatal(err)
		}
	})
}

func TestNamespacesAndDatabasesAreApart(t *testing.T) {
	s := memStore(t)
	in := func(ns, db string, write bool, f func(*Txn)) {
		t.Helper()
		txn, err := s.Begin(ctx, TxnOptions{Namespace: ns, Database: db, Write: write})
		if err != nil {
			t.Fatal(err)
		}
		f(txn)
		commit(t, txn)
	}
	names := [][2]string{{"a", "x"}, {"a", "y"}, {"b", "x"}}
	for i, n := range names {
		in(n[0], n[1], true, func(txn *Txn) { create(t, txn, "t", ops.Int(1), "n", i) })
	}
	value := func(n [2]string) (v ops.Value) {
		in(n[0], n[1], false, func(txn *Txn) {
			desc := txn.Catalog().Table("t")
			if desc == nil {
				return
			}
			dst := make([]ops.Value, 1)
			if _, err := txn.Get(ctx, desc, ops.Int(1), []vm.Column{field("n")}, dst); err != nil {
				t.Fatal(err)
			}
			v = dst[0]
		})
		return v
	}
	for i, n := range names {
		if v := value(n); v.AsInt() != int64(i) {
			t.Fatal(n, v)
		}
	}
	in("a", "x", true, func(txn *Txn) {
		if err := txn.Apply(ctx, &schema.Change{Kind: schema.RemoveNamespace, Name: "a"}); err != nil {
			t.Fatal(err)
		}
	})
	for i, n := range names {
		if v := value(n); v.IsNone() != (i < 2) {
			t.Fatal(n, v)
		}
	}
	in("a", "x", true, func(txn *Txn) { create(t, txn, "t", ops.Int(2)) })
	if v := value([2]string{"a", "x"}); !v.IsNone() {
		t.Fatal("what was removed is back")
	}
	sound(t, s)
}

// sound fails the test if Check finds anything.
func sound(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Check(ctx, func(p Problem) { t.Error(p) }); err != nil {
		t.Fatal(err)
	}
}

func TestRemoveTableTakesItsEdgesAlong(t *testing.T) {
	s := memStore(t)
	update(t, s, func(txn *Txn) {
		create(t, txn, "a", ops.Int(1))
		create(t, txn, "b", ops.Int(1))
		relate(t, txn, "e", ops.Int(1), ops.Record("a", ops.Int(1)), ops.Record("b", ops.Int(1)))
		relate(t, txn, "e", ops.Int(2), ops.Record("b", ops.Int(1)), ops.Record("b", ops.Int(1)))
	})
	update(t, s, func(txn *Txn) {
		if err := txn.Apply(ctx, &schema.Change{Kind: schema.RemoveTable, Name: "a"}); err != nil {
			t.Fatal(err)
		}
	})
	read(t, s, func(txn *Txn) {
		c, err := txn.Scan(ctx, txn.Catalog().Table("e"), vm.Range{}, []vm.Column{colID})
		if rows := drain(t, c, err, 1); len(rows) != 1 || rows[0][0].RecordKey().AsInt() != 2 {
			t.Fatal(rows)
		}
	})
	sound(t, s)
}
