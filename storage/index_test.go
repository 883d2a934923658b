package storage

import (
	"fmt"
	"sync"
	"testing"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

func defineIndex(t testing.TB, s *Store, table, name string, unique bool, paths ...[]string) error {
	t.Helper()
	txn := begin(t, s, true)
	err := txn.Apply(ctx, &schema.Change{Kind: schema.DefineIndex, Name: name,
		Index: &schema.Index{Name: name, Table: table, Fields: paths, Unique: unique}})
	if err != nil {
		txn.Cancel()
		return err
	}
	_, err = txn.Commit(ctx)
	return err
}

func scanIndex(t testing.TB, txn *Txn, table, index string, equal []ops.Value, r vm.Range, only bool, cols ...vm.Column) [][]ops.Value {
	t.Helper()
	desc := txn.Catalog().Table(table)
	c, err := txn.ScanIndex(ctx, desc, desc.Index(index), equal, r, only, cols)
	return drain(t, c, err, len(cols))
}

func fill(t testing.TB, s *Store, n int) {
	update(t, s, func(txn *Txn) {
		for i := range n {
			create(t, txn, "p", ops.Int(int64(i)), "age", i%100, "name", fmt.Sprint("n", i))
		}
	})
}

func TestIndexIsBuiltAndMaintained(t *testing.T) {
	for _, n := range []int{10, 5000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := memStore(t)
			fill(t, s, n)
			if err := defineIndex(t, s, "p", "age", false, []string{"age"}); err != nil {
				t.Fatal(err)
			}
			if err := defineIndex(t, s, "p", "name", true, []string{"name"}); err != nil {
				t.Fatal(err)
			}
			read(t, s, func(txn *Txn) {
				rows := scanIndex(t, txn, "p", "age", []ops.Value{ops.Float(7)}, vm.Range{}, false, colID, field("age"), field("name"))
				if len(rows) != (n+92)/100 || n > 100 && rows[1][0].RecordKey().AsInt() != 107 || rows[0][2].AsString() != "n7" {
					t.Fatal(len(rows), rows)
				}
				rows = scanIndex(t, txn, "p", "name", nil, vm.Range{Lo: ops.String("n5"), LoBound: vm.Inclusive, Hi: ops.String("n6"), HiBound: vm.Exclusive}, true, field("name"), colID)
				if n == 10 && (len(rows) != 1 || rows[0][0].AsString() != "n5" || rows[0][1].RecordKey().AsInt() != 5) {
					t.Fatal(rows)
				}
				rows = scanIndex(t, txn, "p", "age", nil, vm.Range{Reverse: true}, true, field("age"))
				if len(rows) != n || rows[0][0].AsInt() != int64(min(n-1, 99)) {
					t.Fatal(len(rows), rows[0])
				}
			})
			update(t, s, func(txn *Txn) {
				desc := txn.Catalog().Table("p")
				_, _, err := txn.Create(ctx, desc, ops.None, object("name", "n3"), false)
				if ops.CodeOf(err) != ops.CodeUnique {
					t.Fatal(err)
				}
				t.Log(err)
				if err := txn.Replace(ctx, desc, ops.Int(3), object("name", "x", "age", 3.0), false); err != nil {
					t.Fatal(err)
				}
				create(t, txn, "p", ops.None, "name", "n3")
				create(t, txn, "p", ops.None)
				create(t, txn, "p", ops.None)
				if rows := scanIndex(t, txn, "p", "name", []ops.Value{ops.None}, vm.Range{}, false, colID); len(rows) != 2 {
					t.Fatal(rows)
				}
				if rows := scanIndex(t, txn, "p", "age", []ops.Value{ops.Int(3)}, vm.Range{}, true, field("age"), colID); rows[0][0].Kind() != ops.KindFloat {
					t.Fatal(rows)
				}
			})
		})
	}
}

func TestUniqueIndexOverDuplicatesIsRefused(t *testing.T) {
	for _, n := range []int{150, 5000} {
		s := memStore(t)
		fill(t, s, n)
		if err := defineIndex(t, s, "p", "age", true, []string{"age"}); ops.CodeOf(err) != ops.CodeUnique {
			t.Fatal(err)
		}
		cat, _ := s.Catalog("main", "main")
		if len(cat.Table("p").Indexes) != 0 {
			t.Fatal("the index is still there")
		}
	}
}

func TestIndexBuildWhileTableIsWritten(t *testing.T) {
	s := memStore(t)
	fill(t, s, 20000)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	var wrote int
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			txn := begin(t, s, true)
			desc := txn.Catalog().Table("p")
			err := txn.Replace(ctx, desc, ops.Int(int64(i*7919%20000)), object("age", i), true)
			if err == nil {
				_, err = txn.Commit(ctx)
			} else {
				txn.Cancel()
			}
			switch {
			case err == nil:
				wrote++
			case ops.CodeOf(err) != ops.CodeConflict:
				t.Error(err)
				return
			}
		}
	})
	if err := defineIndex(t, s, "p", "age", false, []string{"age"}); err != nil {
		t.Error(err)
	}
	close(stop)
	wg.Wait()
	t.Log("writes meanwhile:", wrote)
	read(t, s, func(txn *Txn) {
		if rows := scanIndex(t, txn, "p", "age", nil, vm.Range{}, false, field("age"), colID); len(rows) != 20000 {
			t.Fatal(len(rows))
		}
	})
}

// TestUniqueIndexBuildKeepsTheEntryOfATwin deletes the twin of a record whose entry a build has made already.
func TestUniqueIndexBuildKeepsTheEntryOfATwin(t *testing.T) {
	s := memStore(t)
	update(t, s, func(txn *Txn) {
		for i := range 3 {
			create(t, txn, "p", ops.Int(int64(i)), "a", 1)
		}
	})
	tab := s.tables[tableID(t, s, "p")]
	update(t, s, func(txn *Txn) {
		ix := &schema.Index{ID: 1 << 20, Name: "u", Table: "p", Fields: [][]string{{"a"}}, Unique: true}
		must(t, txn.putIndexes(txn.cat, tab, []*schema.Index{ix}))
	})
	b := build{place{"main", "main"}, tab.id, 1 << 20}
	var next []byte
	step := func(most int) {
		t.Helper()
		must(t, s.inBuild(ctx, b, func(txn *Txn, tab *table, ix *schema.Index) error {
			f := filler{txn: txn, tab: tab, ix: ix, most: most}
			err := f.run(ctx, next)
			next = f.next
			return err
		}))
	}
	step(1)
	update(t, s, func(txn *Txn) {
		desc := txn.Catalog().Table("p")
		if _, err := txn.Delete(ctx, desc, ops.Int(1)); err != nil {
			t.Fatal(err)
		}
		must(t, txn.Replace(ctx, desc, ops.Int(2), object("a", 2), false))
	})
	step(10)
	must(t, s.inBuild(ctx, b, func(txn *Txn, tab *table, ix *schema.Index) error {
		ready := *ix
		ready.Ready = true
		return txn.putIndexes(txn.cat, tab, []*schema.Index{&ready})
	}))
	sound(t, s)
}
