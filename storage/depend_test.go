package storage

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

func defineTable(name string) *schema.Change {
	return &schema.Change{Kind: schema.DefineTable, Name: name, Table: &schema.Table{}}
}

func indexOn(table, name string) *schema.Change {
	return &schema.Change{Kind: schema.DefineIndex, Name: name, Index: &schema.Index{Table: table, Fields: [][]string{{"n"}}}}
}

func defineView(name, over string) *schema.Change {
	o := schema.NewObject(schema.ObjectView, name, "DEFINE TABLE "+name+" AS SELECT * FROM "+over, []schema.Ref{{Kind: schema.RefTable, Name: over}})
	return &schema.Change{Kind: schema.DefineObject, Name: name, Object: o}
}

func apply(t testing.TB, txn *Txn, c *schema.Change) {
	t.Helper()
	if err := txn.Apply(ctx, c); err != nil {
		t.Fatal(err)
	}
}

// step is what a transaction does in the tests below.
type step func(t testing.TB, txn *Txn)

func creates(table string, key int) step {
	return func(t testing.TB, txn *Txn) { create(t, txn, table, ops.Int(int64(key)), "n", key) }
}

func applies(c *schema.Change) step {
	return func(t testing.TB, txn *Txn) { apply(t, txn, c) }
}

func looksUp(table string) step { return func(_ testing.TB, txn *Txn) { txn.Table(table) } }

func scans(table string) step {
	return func(t testing.TB, txn *Txn) {
		if desc := txn.Table(table); desc != nil {
			c, err := txn.Scan(ctx, desc, vm.Range{}, []vm.Column{colID})
			drain(t, c, err, 1)
		}
	}
}

func deletes(table string, key int) step {
	return func(t testing.TB, txn *Txn) {
		if _, err := txn.Delete(ctx, txn.Table(table), ops.Int(int64(key))); err != nil && ops.CodeOf(err) != ops.CodeConflict {
			t.Fatal(err)
		}
	}
}

func relates(key int) step {
	return func(t testing.TB, txn *Txn) {
		relate(t, txn, "follows", ops.Int(int64(key)), ops.Record("a", ops.Int(1)), ops.Record("a", ops.Int(2)))
	}
}

func all(steps ...step) step {
	return func(t testing.TB, txn *Txn) {
		for _, s := range steps {
			s(t, txn)
		}
	}
}

// A transaction is begun and does its first part; another one commits; the first does the rest and must, or must not, conflict.
func TestDefinitionsThatMatter(t *testing.T) {
	removeTable := func(name string) *schema.Change { return &schema.Change{Kind: schema.RemoveTable, Name: name} }
	for _, c := range []struct {
		name                 string
		before, other, after step
		conflict             bool
	}{
		{"the first write to another table", creates("a", 10), creates("new", 1), creates("a", 11), false},
		{"two new tables", creates("new1", 10), creates("new2", 1), creates("new1", 11), false},
		{"the same new table", creates("new", 10), creates("new", 1), creates("new", 11), true},
		{"an index of another table", creates("a", 10), applies(indexOn("b", "i")), creates("a", 11), false},
		{"an index of the table", creates("a", 10), applies(indexOn("a", "i")), creates("a", 11), true},
		{"an index of the table, before it is used", all(), applies(indexOn("a", "i")), creates("a", 11), true},
		{"an index of a table that is read", scans("a"), applies(indexOn("a", "i")), creates("b", 11), true},
		{"an index, looked up before, scanned after", looksUp("a"), applies(indexOn("a", "i")), all(scans("a"), creates("a", 11)), true},
		{"an index of an unused table", scans("b"), applies(indexOn("a", "i")), creates("b", 11), false},
		{"a table that was not there", looksUp("new"), creates("new", 1), creates("a", 11), true},
		{"a table that was not there, after the fact", all(), creates("new", 1), all(looksUp("new"), creates("a", 11)), true},
		{"removal of the table", creates("a", 10), applies(removeTable("a")), creates("b", 11), true},
		{"removal of another table", creates("a", 10), applies(removeTable("b")), creates("a", 11), false},
		{"two definitions", applies(indexOn("a", "i")), applies(indexOn("b", "j")), all(), false},
		{"two definitions of one table", applies(indexOn("a", "i")), applies(indexOn("a", "j")), all(), true},
		{"an edge table, when a vertex goes", all(), relates(1), deletes("a", 1), true},
		{"an edge table, when a vertex has gone", deletes("a", 1), relates(1), all(), true},
		{"an edge table, when no vertex goes", creates("a", 10), relates(1), creates("a", 11), false},
		{"a view of a table that is removed", applies(removeTable("a")), applies(defineView("v", "a")), all(), true},
		{"removal of a table that a view is of", applies(defineView("v", "a")), applies(removeTable("a")), all(), true},
		{"a view of the name of a table", creates("new", 1), applies(defineView("new", "a")), all(), true},
		{"a table of the name of a view", applies(defineView("new", "a")), creates("new", 1), all(), true},
		{"removal of the database", creates("new", 1), applies(&schema.Change{Kind: schema.RemoveDatabase, Name: "main"}), all(), true},
		{"a table in the database that is removed", applies(&schema.Change{Kind: schema.RemoveDatabase, Name: "main"}), creates("new", 1), all(), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := memStore(t)
			update(t, s, all2(creates("a", 1), creates("a", 2), creates("b", 1)))
			txn := begin(t, s, true)
			c.before(t, txn)
			update(t, s, all2(c.other))
			func() {
				defer txn.Cancel()
				err := afterwards(t, txn, c.after)
				if err == nil {
					_, err = txn.Commit(ctx)
				}
				if (err != nil) != c.conflict || err != nil && ops.CodeOf(err) != ops.CodeConflict {
					t.Errorf("%v, conflict wanted: %v", err, c.conflict)
				}
			}()
			check(t, s)
		})
	}
}

func all2(steps ...step) func(*Txn) { return func(txn *Txn) { all(steps...)(panicking{}, txn) } }

// afterwards runs a step that may meet the conflict already.
func afterwards(t *testing.T, txn *Txn, s step) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error:
			err = r
		default:
			panic(r)
		}
	}()
	s(panicking{TB: t}, txn)
	return nil
}

// panicking is a test whose Fatal panics with the error that it is given.
type panicking struct{ testing.TB }

func (panicking) Helper() {}
func (panicking) Fatal(args ...any) {
	for _, a := range args {
		if err, ok := a.(error); ok {
			panic(err)
		}
	}
	panic(fmt.Sprint(args...))
}

func check(t testing.TB, s *Store) {
	t.Helper()
	var problems []string
	if err := s.Check(ctx, func(p Problem) { problems = append(problems, p.String()) }); err != nil {
		t.Fatal(err)
	}
	if len(problems) > 0 {
		t.Fatal(strings.Join(problems, "\n"))
	}
}

func TestDefinitionsOfTwoTransactionsAreKept(t *testing.T) {
	mem := vfs.NewMem()
	s := openTest(t, testOptions(mem))
	update(t, s, func(txn *Txn) { create(t, txn, "a", ops.Int(1)) })
	one, two := begin(t, s, true), begin(t, s, true)
	create(t, one, "b", ops.Int(1))
	create(t, two, "c", ops.Int(1))
	apply(t, two, defineView("v", "a"))
	commit(t, one)
	commit(t, two)
	versions := map[uint64]bool{}
	for range 2 {
		cat, err := s.Catalog("main", "main")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, d := range cat.Tables() {
			names = append(names, d.Name)
		}
		if !slices.Equal(names, []string{"a", "b", "c"}) || cat.Object(schema.ObjectView, "v") == nil || cat.Rows("b") != 1 {
			t.Errorf("tables %v, %d objects", names, len(cat.Objects()))
		}
		versions[cat.Version()] = true
		check(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openTest(t, testOptions(mem))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestConflictsOverDefinitions interleaves transactions that write and define. Whatever commits leaves a sound store, in which every
// index has every record of its table; and a transaction is refused only where another has touched a table that it touched.
func TestConflictsOverDefinitions(t *testing.T) {
	refused, committed := 0, 0
	tb := panicking{TB: t}
	rapid.Check(t, func(t *rapid.T) {
		s := openTest(tb, testOptions(vfs.NewMem()))
		update(tb, s, func(txn *Txn) { create(tb, txn, "z", ops.Int(1)) })
		defer func() { _ = s.Close() }()
		type running struct {
			txn     *Txn
			touched map[string]bool
			others  map[string]bool // what others have touched that committed since it began
		}
		var open [3]*running
		end := func(i int) {
			r := open[i]
			open[i] = nil
			_, err := r.txn.Commit(ctx)
			if err == nil {
				committed++
				for _, o := range open {
					if o != nil {
						for name := range r.touched {
							o.others[name] = true
						}
					}
				}
				return
			}
			refused++
			for name := range r.touched {
				if r.others[name] {
					if ops.CodeOf(err) != ops.CodeConflict {
						t.Fatal(err)
					}
					return
				}
			}
			t.Fatalf("touched %v, others %v: %v", r.touched, r.others, err)
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			i := rapid.IntRange(0, 2).Draw(t, "transaction")
			if open[i] == nil {
				open[i] = &running{begin(tb, s, true), map[string]bool{}, map[string]bool{}}
				continue
			}
			r, table := open[i], rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "table")
			var err error
			switch op := rapid.IntRange(0, 7).Draw(t, "operation"); op {
			case 0:
				end(i)
				continue
			case 1:
				err = r.txn.Apply(ctx, indexOn(table, fmt.Sprint("i", rapid.IntRange(0, 1).Draw(t, "index"))))
			case 2:
				err = r.txn.Apply(ctx, &schema.Change{Kind: schema.RemoveIndex, Name: "i0", Index: &schema.Index{Table: table}})
				r.touched["a"], r.touched["b"], r.touched["c"] = true, true, true // for the sake of what may need it
			case 3:
				err = r.txn.Apply(ctx, defineTable(table))
			case 4:
				err = r.txn.Apply(ctx, &schema.Change{Kind: schema.RemoveTable, Name: table})
				r.touched["a"], r.touched["b"], r.touched["c"] = true, true, true
			default:
				var desc *schema.Table
				if desc, err = r.txn.EnsureTable(ctx, table, false); err == nil {
					key := ops.Int(int64(rapid.IntRange(0, 5).Draw(t, "key")))
					if op == 5 {
						_, err = r.txn.Delete(ctx, desc, key)
					} else {
						err = r.txn.Replace(ctx, desc, key, object("n", rapid.IntRange(0, 3).Draw(t, "n")), true)
					}
				}
			}
			r.touched[table] = true
			var e *ops.Error
			switch {
			case errors.As(err, &e) && e.Code == ops.CodeConflict:
				open[i] = nil
				r.txn.Cancel()
			case err != nil && e == nil:
				t.Fatal(err)
			}
		}
		for i := range open {
			if open[i] != nil {
				end(i)
			}
		}
		check(tb, s)
	})
	t.Logf("%d committed, %d refused", committed, refused)
}

// Writers and definers run at the same time; at the end every index is whole.
func TestTortureOfDefinitions(t *testing.T) {
	s := memStore(t)
	update(t, s, func(txn *Txn) {
		for i := range 300 { // more than are indexed at once
			create(t, txn, "a", ops.Int(int64(i)), "n", i)
		}
	})
	again := func(f func(*Txn) error) {
		for {
			txn, err := s.Begin(ctx, TxnOptions{Namespace: "main", Database: "main", Write: true})
			if err != nil {
				t.Error(err)
				return
			}
			if err = f(txn); err == nil {
				_, err = txn.Commit(ctx)
			}
			txn.Cancel()
			if err == nil || ops.CodeOf(err) != ops.CodeConflict {
				if err != nil && ops.CodeOf(err) != ops.CodeAlreadyExists && ops.CodeOf(err) != ops.CodeUnknownIndex {
					t.Error(err)
				}
				return
			}
		}
	}
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := range 150 {
				again(func(txn *Txn) error {
					desc := txn.Table("a")
					return txn.Replace(ctx, desc, ops.Int(int64((i*7+w*31)%400)), object("n", i, "m", w), true)
				})
			}
		})
	}
	wg.Go(func() {
		for i := range 12 {
			name := fmt.Sprint("i", i%3)
			again(func(txn *Txn) error { return txn.Apply(ctx, indexOn("a", name)) })
			if i%2 == 1 {
				again(func(txn *Txn) error {
					return txn.Apply(ctx, &schema.Change{Kind: schema.RemoveIndex, Name: name, Index: &schema.Index{Table: "a"}})
				})
			}
		}
	})
	wg.Go(func() {
		for i := range 40 {
			again(func(txn *Txn) error { return txn.Apply(ctx, defineTable(fmt.Sprint("other", i))) })
		}
	})
	wg.Wait()
	check(t, s)
}
