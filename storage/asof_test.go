package storage

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// stateThen is a copy of what a store held at a time.
type stateThen struct {
	at    time.Time
	rows  map[int]int
	edges map[int]bool // from record 1 to record n
}

// read gives the state as a transaction sees it: by scan, by key, by index where there is one, and along edges.
func stateOf(tb testing.TB, txn vm.Txn) (got [4]string) {
	desc, edge := txn.Catalog().Table("t"), txn.Catalog().Table("e")
	show := func(rows [][]ops.Value) string {
		var all []string
		for _, r := range rows {
			all = append(all, fmt.Sprintf("%s=%s", ops.Format(r[0]), ops.Format(r[1])))
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	c, err := txn.Scan(ctx, desc, vm.Range{}, []vm.Column{colID, field("n")})
	got[0] = show(drain(tb, c, err, 2))
	var gets [][]ops.Value
	for k := range 8 {
		row := make([]ops.Value, 2)
		found, err := txn.Get(ctx, desc, ops.Int(int64(k)), []vm.Column{colID, field("n")}, row)
		if err != nil {
			tb.Fatal(err)
		}
		if found {
			gets = append(gets, row)
		}
	}
	got[1] = show(gets)
	got[2] = got[1]
	if ix := desc.Index("by_n"); ix != nil {
		c, err := txn.ScanIndex(ctx, desc, ix, nil, vm.Range{Reverse: true}, false, []vm.Column{colID, field("n")})
		got[2] = show(drain(tb, c, err, 2))
	}
	var from ops.Vector
	from.Reset(ops.KindRecord, 1)
	from.Vals[0] = ops.Record("t", ops.Int(1))
	c, err = txn.Expand(ctx, edge, vm.Out, &from, nil, []vm.Column{colVertex})
	var ends []string
	for _, r := range drain(tb, c, err, 1) {
		ends = append(ends, ops.Format(r[0]))
	}
	slices.Sort(ends)
	got[3] = strings.Join(ends, " ")
	return got
}

func (s *stateThen) want() (want [4]string) {
	var rows, ends []string
	for k, n := range s.rows {
		rows = append(rows, fmt.Sprintf("t:%d=%d", k, n))
	}
	for k := range s.edges {
		ends = append(ends, fmt.Sprintf("t:%d", k))
	}
	slices.Sort(rows)
	slices.Sort(ends)
	r := strings.Join(rows, " ")
	return [4]string{r, r, r, strings.Join(ends, " ")}
}

// Every state that was ever committed can be read again, as long as it is kept.
func TestVersionsAreTheStatesThatWere(t *testing.T) {
	tb := panicking{TB: t}
	rapid.Check(t, func(t *rapid.T) {
		clock := newTestClock()
		o := testOptions(vfs.NewMem())
		o.Clock = func() time.Time { return clock.now }
		o.Retention = time.Hour
		s := openTest(tb, o)
		defer func() { _ = s.Close() }()
		update(tb, s, func(txn *Txn) {
			ensure(tb, txn, "t", false)
			ensure(tb, txn, "e", true)
		})
		now := stateThen{clock.now, map[int]int{}, map[int]bool{}}
		var states []stateThen
		for range rapid.IntRange(1, 25).Draw(t, "commits") {
			clock.now = clock.now.Add(time.Duration(rapid.SampledFrom([]int{1, 1000, 70_000}).Draw(t, "ms")) * time.Millisecond)
			now = stateThen{clock.now, maps.Clone(now.rows), maps.Clone(now.edges)}
			update(tb, s, func(txn *Txn) {
				for range rapid.IntRange(1, 4).Draw(t, "writes") {
					k := rapid.IntRange(0, 7).Draw(t, "key")
					key := ops.Int(int64(k))
					var err error
					switch rapid.IntRange(0, 4).Draw(t, "write") {
					case 0:
						_, err = txn.Delete(ctx, txn.Table("t"), key)
						if _, there := now.rows[k]; there { // edges of what is no record stay
							delete(now.rows, k)
							delete(now.edges, k)
							if k == 1 {
								clear(now.edges)
							}
						}
					case 1:
						if !now.edges[k] {
							relate(tb, txn, "e", key, ops.Record("t", ops.Int(1)), ops.Record("t", key))
							now.edges[k] = true
						}
					case 2:
						if txn.Table("t").Index("by_n") == nil && rapid.IntRange(0, 4).Draw(t, "define") == 0 {
							err = txn.Apply(ctx, &schema.Change{Kind: schema.DefineIndex, Name: "by_n", Index: &schema.Index{Table: "t", Fields: [][]string{{"n"}}}})
						}
					default:
						n := rapid.IntRange(0, 3).Draw(t, "n")
						err = txn.Replace(ctx, txn.Table("t"), key, object("n", n), true)
						now.rows[k] = n
					}
					if err != nil {
						t.Fatal(err)
					}
				}
			})
			states = append(states, now)
		}
		if rapid.Bool().Draw(t, "reopen") {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openTest(tb, o)
		}
		write := rapid.Bool().Draw(t, "write")
		txn := begin(tb, s, write)
		defer txn.Cancel()
		for _, st := range states {
			then, err := txn.At(ctx, st.at)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := stateOf(tb, then), st.want(); got != want {
				t.Fatalf("at %s: %q, want %q", st.at, got, want)
			}
		}
	})
}

func TestVersionsThatAreNotKept(t *testing.T) {
	clock := newTestClock()
	mem := vfs.NewMem()
	o := testOptions(mem)
	o.Clock = func() time.Time { return clock.now }
	o.Retention = time.Hour
	s := openTest(t, o)
	start := clock.now
	for range 7 {
		update(t, s, func(txn *Txn) {
			if err := txn.Replace(ctx, ensure(t, txn, "t", false), ops.Int(1), object("n", 1), true); err != nil {
				t.Fatal(err)
			}
		})
		clock.now = clock.now.Add(20 * time.Minute)
	}
	for range 2 {
		read(t, s, func(txn *Txn) {
			if _, err := txn.At(ctx, start.Add(time.Minute)); ops.CodeOf(err) != ops.CodeNotKept {
				t.Errorf("a time that is not kept: %v", err)
			}
			if _, err := txn.At(ctx, start.Add(75*time.Minute)); err != nil {
				t.Errorf("a time that is kept: %v", err)
			}
		})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openTest(t, o)
	}
	// Nothing is dropped while nothing is old: an idle store keeps its past.
	other := openTest(t, Options{FS: vfs.NewMem(), Dir: "db", Clock: o.Clock, Random: o.Random, Retention: time.Hour})
	then := clock.now
	update(t, other, func(txn *Txn) { create(t, txn, "t", ops.Int(1)) })
	clock.now = clock.now.Add(100 * time.Hour)
	update(t, other, func(txn *Txn) { create(t, txn, "t", ops.Int(2)) })
	read(t, other, func(txn *Txn) {
		v, err := txn.At(ctx, then)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := v.Create(ctx, txn.Table("t"), ops.Int(3), object(), false); ops.CodeOf(err) != ops.CodeReadOnlyTransaction {
			t.Errorf("a write into the past: %v", err)
		}
	})
	for _, s := range []*Store{s, other} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
