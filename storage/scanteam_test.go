package storage

import (
	"bytes"
	"context"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// teamKeys make keys of tables that are large enough for a team, spread in different ways.
var teamKeys = map[string]func(r *rand.Rand, i int) ops.Value{
	"dense":  func(_ *rand.Rand, i int) ops.Value { return ops.Int(int64(i)) },
	"skewed": func(_ *rand.Rand, i int) ops.Value { return ops.Int(int64(i/100)<<uint(i%100/2) ^ int64(i)) },
	"text":   func(_ *rand.Rand, i int) ops.Value { return ops.String(fmt.Sprint("person ", i)) },
	"none":   func(*rand.Rand, int) ops.Value { return ops.None }, // generated
	"mixed": func(r *rand.Rand, i int) ops.Value {
		switch i % 3 {
		case 0:
			return ops.Int(int64(i))
		case 1:
			return ops.String(fmt.Sprint(r.Int()))
		}
		return ops.Tuple([]ops.Value{ops.String("a"), ops.Int(int64(i))})
	},
}

const teamTestRows = 22_000

// teamStore has a table for each way of spreading keys.
func teamStore(t testing.TB, workers int, tables ...string) *Store {
	o := testOptions(vfs.NewMem())
	o.ScanWorkers = workers
	s := openTest(t, o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, name := range tables {
		r := rand.New(rand.NewSource(7))
		for at := 0; at < teamTestRows; {
			update(t, s, func(txn *Txn) {
				tab := ensure(t, txn, name, false)
				for range 2000 {
					obj := object("a", i64(at%1000), "s", ops.String(fmt.Sprint("text ", at)))
					if at%7 == 0 {
						obj = object("s", ops.Int(int64(at)), "deep", object("x", i64(at)))
					}
					if _, _, err := txn.Create(ctx, tab, teamKeys[name](r, at), obj, true); err != nil {
						t.Fatal(err)
					}
					at++
				}
			})
		}
	}
	return s
}

// noLeaks fails the test where goroutines are left behind, once everything that is made after it has been closed.
func noLeaks(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

func i64(i int) ops.Value { return ops.Int(int64(i)) }

// rendered reads a scan to its end: each row as text, with late columns where chosen says so.
func rendered(t testing.TB, c vm.Cursor, err error, cols []vm.Column) (rows []string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var b vm.Batch
	for {
		if err := c.Next(ctx, &b); err != nil {
			t.Fatal(err)
		}
		if b.N == 0 {
			break
		}
		sel := ops.Selection{}
		for row := range b.N {
			if chosen(len(rows) + row) {
				sel = append(sel, int32(row))
			}
		}
		for i := range cols {
			if cols[i].Late && len(sel) > 0 {
				if err := c.Late(ctx, &b, i, sel); err != nil {
					t.Fatal(err)
				}
			}
		}
		for row := range b.N {
			text := ""
			for i := range cols {
				if !cols[i].Late || slices.Contains(sel, int32(row)) {
					text += ops.Format(b.Cols[i].At(row)) + " "
				}
			}
			rows = append(rows, text)
		}
	}
	if n, _ := c.Examined(); n < int64(len(rows)) {
		t.Errorf("%d rows examined, %d given", n, len(rows))
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// chosen are few rows of most batches, and all of some.
func chosen(row int) bool { return row%400 == 3 || row > 12_000 && row < 14_500 }

var teamColumns = []vm.Column{{Kind: vm.ColumnID}, field("a"), field("deep", "x"), {Kind: vm.ColumnField, Path: []string{"s"}, Late: true},
	{Kind: vm.ColumnRecord, Late: true}}

// A scan that workers read gives the rows of one that reads alone, in the same order.
func TestTeamReadsAsOne(t *testing.T) {
	noLeaks(t)
	for name := range teamKeys {
		if name == "dense" {
			continue // the other tests have it
		}
		t.Run(name, func(t *testing.T) {
			s := teamStore(t, 3, name)
			for _, cols := range [][]vm.Column{teamColumns, {field("a")}, {{Kind: vm.ColumnID, Late: true}, field("a")}, nil, {field("nothing")}, teamColumns} {
				read(t, s, func(txn *Txn) {
					tab := txn.Catalog().Table(name)
					all := vm.Range{}
					var want, got []string
					s.opts.ScanWorkers = 1
					c, err := txn.Scan(ctx, tab, all, cols)
					want = rendered(t, c, err, cols)
					s.opts.ScanWorkers = 3
					c, err = txn.Scan(ctx, tab, all, cols)
					got = rendered(t, c, err, cols)
					if len(want) != len(got) {
						t.Fatalf("%d rows, %d are wanted", len(got), len(want))
					}
					for i := range want {
						if want[i] != got[i] {
							t.Fatalf("row %d is %s, %s is wanted", i, got[i], want[i])
						}
					}
				})
			}
			if n := s.scanners.Load(); n != 0 {
				t.Errorf("%d workers were not given back", n)
			}
		})
	}
}

// teamOf reads until the cursor has a team.
func teamOf(t *testing.T, txn *Txn, tab *schema.Table, cols []vm.Column, b *vm.Batch) (c *scanCursor, rows int) {
	t.Helper()
	cursor, err := txn.Scan(ctx, tab, vm.Range{}, cols)
	if err != nil {
		t.Fatal(err)
	}
	c = cursor.(*scanCursor)
	for c.team == nil {
		if err := c.Next(ctx, b); err != nil || b.N == 0 {
			t.Fatalf("%d rows without a team: %v", rows, err)
		}
		rows += b.N
	}
	return c, rows
}

// A team ends with its cursor, wherever that is, and with a context.
func TestTeamEnds(t *testing.T) {
	noLeaks(t)
	s := teamStore(t, 2, "dense")
	cols := []vm.Column{field("a"), {Kind: vm.ColumnField, Path: []string{"s"}, Late: true}}
	read(t, s, func(txn *Txn) {
		tab := txn.Catalog().Table("dense")
		for more := range 8 {
			var b vm.Batch
			c, _ := teamOf(t, txn, tab, cols, &b)
			for range more {
				if err := c.Next(ctx, &b); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			if n := s.scanners.Load(); n != 0 {
				t.Fatalf("%d workers were not given back", n)
			}
		}
		var b vm.Batch
		c, _ := teamOf(t, txn, tab, cols, &b)
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if err := c.Next(ended, &b); ops.CodeOf(err) != ops.CodeCancelled {
			t.Errorf("after its context ended: %v", err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// Who wants less than a batch gets it: the cursor reads on alone, from the right place.
func TestTeamGivesWay(t *testing.T) {
	s := teamStore(t, 2, "text")
	cols := []vm.Column{{Kind: vm.ColumnID}}
	read(t, s, func(txn *Txn) {
		tab := txn.Catalog().Table("text")
		c, err := txn.Scan(ctx, tab, vm.Range{}, cols)
		all := drain(t, c, err, 1)
		var b vm.Batch
		sc, at := teamOf(t, txn, tab, cols, &b)
		for want := 100; ; want = 100 + at%300 {
			b.Want = want
			if err := sc.Next(ctx, &b); err != nil {
				t.Fatal(err)
			}
			if b.N == 0 {
				break
			}
			if b.N > want {
				t.Fatalf("%d rows, at most %d were wanted", b.N, want)
			}
			for i := range b.N {
				if !ops.Equal(b.Cols[0].At(i), all[at][0]) {
					t.Fatalf("row %d is %s", at, ops.Format(b.Cols[0].At(i)))
				}
				at++
			}
		}
		if at != len(all) {
			t.Errorf("%d rows of %d", at, len(all))
		}
		if err := sc.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// Workers are shared: who finds none reads alone.
func TestTeamsShareWorkers(t *testing.T) {
	s := teamStore(t, 3, "dense")
	read(t, s, func(txn *Txn) {
		tab := txn.Catalog().Table("dense")
		var b, other vm.Batch
		first, _ := teamOf(t, txn, tab, nil, &b)
		c, err := txn.Scan(ctx, tab, vm.Range{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 12 {
			if err := c.Next(ctx, &other); err != nil {
				t.Fatal(err)
			}
		}
		if c.(*scanCursor).team != nil {
			t.Error("there are more workers than the store has")
		}
		for _, c := range []vm.Cursor{first, c} {
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// The pieces of a range follow one another and lie in it.
func TestSplitterStaysInRange(t *testing.T) {
	s := teamStore(t, 1, "mixed")
	read(t, s, func(txn *Txn) {
		tab := txn.cat.byName["mixed"]
		it, err := txn.kv.NewIter(tab.records[:], nil, txn.kv.Mark())
		if err != nil {
			t.Fatal(err)
		}
		defer it.Close()
		rapid.Check(t, func(t *rapid.T) {
			part := rapid.SliceOfN(rapid.Byte(), 1, 12)
			a, b := append(tab.records[:], part.Draw(t, "a")...), append(tab.records[:], part.Draw(t, "b")...)
			if bytes.Compare(a, b) > 0 {
				a, b = b, a
			}
			s := newSplitter(it.Plain(), a, b, rapid.IntRange(1, 50).Draw(t, "pieces"))
			for i := 1; i < s.pieces; i++ {
				k := s.start(i)
				if !bytes.HasPrefix(k, tab.records[:]) {
					t.Fatalf("piece %d begins at %x, outside the table", i, k)
				}
				if i > 1 && bytes.Compare(s.start(i-1), k) > 0 {
					t.Fatalf("piece %d begins at %x, the one before at %x", i, k, s.start(i-1))
				}
			}
		})
	})
}
