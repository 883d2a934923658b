package storage

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// fillStats creates n records of t: a is unique, b one of 10, c there in every fourth record only, d.e nested and one of 100.
func fillStats(t *testing.T, s *Store, n int) {
	t.Helper()
	for from := 0; from < n; from += 1000 {
		update(t, s, func(txn *Txn) {
			for i := from; i < min(from+1000, n); i++ {
				ms := []any{"a", i, "b", fmt.Sprint("b", i%10), "d", object("e", i%100)}
				if i%4 == 0 {
					ms = append(ms, "c", i%1000)
				}
				create(t, txn, "t", ops.Int(int64(i)), ms...)
			}
		})
	}
}

func statsOf(t *testing.T, s *Store) *schema.Stats {
	t.Helper()
	cat, err := s.Catalog("main", "main")
	if err != nil {
		t.Fatal(err)
	}
	st := cat.Stats("t")
	if st == nil {
		t.Fatal("no statistics")
	}
	return st
}

func near(t *testing.T, what string, got, want, off float64) {
	t.Helper()
	if math.Abs(got-want) > off*want+1e-9 {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func checkStats(t *testing.T, st *schema.Stats, n, off float64) {
	t.Helper()
	near(t, "rows", float64(st.Rows), n, 0)
	for _, f := range []struct {
		path     []string
		distinct float64
		none     float64
	}{{[]string{"a"}, n, 0}, {[]string{"b"}, 10, 0}, {[]string{"c"}, min(n/4, 250), 0.75}, {[]string{"d", "e"}, 100, 0}} {
		fs := st.Field(f.path)
		if fs == nil {
			t.Errorf("nothing is known of %v", f.path)
			continue
		}
		near(t, fmt.Sprint("distinct ", f.path), float64(fs.Distinct), f.distinct, off)
		near(t, fmt.Sprint("none ", f.path), fs.None, f.none, off)
		if !slices.IsSortedFunc(fs.Bounds, ops.Compare) || len(fs.Bounds) > schema.MaxBounds || len(fs.Bounds) < 2 {
			t.Errorf("bounds of %v: %d", f.path, len(fs.Bounds))
		}
	}
	near(t, "the lower half of a", st.Field([]string{"a"}).Below(ops.Int(int64(n/2))), 0.5, 4*off)
}

func TestStatisticsFollowWrites(t *testing.T) {
	for _, n := range []int{100, 20_000} {
		mem := vfs.NewMem()
		s := openTest(t, testOptions(mem))
		fillStats(t, s, n)
		off := 0.1
		if n == 100 {
			off = 0.02 // all of it is in the sample
		}
		checkStats(t, statsOf(t, s), float64(n), off)
		before := statsOf(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openTest(t, testOptions(mem))
		for i, f := range statsOf(t, s).Fields {
			if b := before.Fields[i]; !slices.Equal(f.Path, b.Path) || f.Distinct != b.Distinct || f.None != b.None || !slices.EqualFunc(f.Bounds, b.Bounds, ops.Equal) {
				t.Errorf("%v: %+v after opening, %+v before", f.Path, f, b)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStatisticsFollowDeletesAndUpdates(t *testing.T) {
	s := memStore(t)
	fillStats(t, s, 8000)
	update(t, s, func(txn *Txn) {
		desc := txn.Catalog().Table("t")
		for i := range 8000 {
			if i >= 6000 {
				if _, err := txn.Delete(ctx, desc, ops.Int(int64(i))); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if err := txn.Replace(ctx, desc, ops.Int(int64(i)), object("a", i, "b", "one"), false); err != nil {
				t.Fatal(err)
			}
		}
	})
	st := statsOf(t, s)
	near(t, "rows", float64(st.Rows), 6000, 0)
	if f := st.Field([]string{"c"}); f != nil {
		t.Errorf("c is gone, and yet %+v", f)
	}
	if f := st.Field([]string{"b"}); f == nil || f.Distinct != 1 || f.Bounds[0].AsString() != "one" || !ops.Equal(f.Bounds[0], f.Bounds[len(f.Bounds)-1]) {
		t.Errorf("b: %+v", f)
	}
	near(t, "the lower half of a", st.Field([]string{"a"}).Below(ops.Int(3000)), 0.5, 0.3)
}

func TestStatisticsTakeNothingBack(t *testing.T) {
	s := memStore(t)
	fillStats(t, s, 10)
	txn := begin(t, s, true)
	create(t, txn, "t", ops.Int(100), "x", 1)
	sp := txn.Savepoint()
	create(t, txn, "t", ops.Int(101), "y", 1)
	txn.RollbackTo(sp)
	commit(t, txn)
	txn = begin(t, s, true)
	create(t, txn, "t", ops.Int(102), "z", 1)
	txn.Cancel()
	st := statsOf(t, s)
	if st.Rows != 11 || st.Field([]string{"x"}) == nil || st.Field([]string{"y"}) != nil || st.Field([]string{"z"}) != nil {
		t.Errorf("%+v", st)
	}
}

func TestAnalyze(t *testing.T) {
	mem := vfs.NewMem()
	s := openTest(t, testOptions(mem))
	fillStats(t, s, 20_000)
	cat, err := s.Catalog("main", "main")
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(txn *Txn) {
		if err := txn.Apply(ctx, &schema.Change{Kind: schema.AnalyzeTable, Name: "t"}); err != nil {
			t.Fatal(err)
		}
		if err := txn.Apply(ctx, &schema.Change{Kind: schema.AnalyzeTable, Name: "nobody"}); ops.CodeOf(err) != ops.CodeUnknownTable {
			t.Errorf("an unknown table: %v", err)
		}
	})
	if now, err := s.Catalog("main", "main"); err != nil || now.Version() != cat.Version() {
		t.Fatal("the catalog's version is another", err)
	}
	for range 2 {
		st := statsOf(t, s)
		for _, f := range []struct {
			path     []string
			distinct int64
			none     float64
		}{{[]string{"a"}, 20_000, 0}, {[]string{"b"}, 10, 0}, {[]string{"c"}, 250, 0.75}} {
			if fs := st.Field(f.path); fs == nil || fs.Distinct != f.distinct || fs.None != f.none {
				t.Errorf("%v: %+v", f.path, fs)
			}
		}
		a := st.Field([]string{"a"}).Bounds
		if st.Rows != 20_000 || a[0].AsInt() != 0 || a[len(a)-1].AsInt() != 19_999 {
			t.Errorf("%d rows, a from %s to %s", st.Rows, ops.Format(a[0]), ops.Format(a[len(a)-1]))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openTest(t, testOptions(mem))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAnalyzeSeesItsOwnTransaction(t *testing.T) {
	s := memStore(t)
	fillStats(t, s, 100)
	update(t, s, func(txn *Txn) {
		create(t, txn, "t", ops.Int(100), "a", 100)
		if err := txn.Apply(ctx, &schema.Change{Kind: schema.AnalyzeTable, Name: "t"}); err != nil {
			t.Fatal(err)
		}
	})
	if st := statsOf(t, s); st.Rows != 101 || st.Field([]string{"a"}).Distinct != 101 {
		t.Errorf("%d rows, %d values", st.Rows, st.Field([]string{"a"}).Distinct)
	}
}

func FuzzReadAnalysis(f *testing.F) {
	f.Add(appendAnalysis(nil, &analysis{stats: &schema.Stats{Rows: 3, Fields: []schema.FieldStats{
		{Path: []string{"a"}, Distinct: 2, None: 0.5, Bounds: []ops.Value{ops.Int(1), ops.String("x")}}, {Path: []string{"a", "b"}}}},
		counts: map[string]int64{"a": 2}}))
	f.Add([]byte{0, 0, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if a := readAnalysis(b); a != nil {
			if again := readAnalysis(appendAnalysis(nil, a)); again == nil || len(again.stats.Fields) != len(a.stats.Fields) {
				t.Fatal("what was read cannot be read again")
			}
		}
	})
}
