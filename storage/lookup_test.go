package storage

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// TestLookupIsAScanForEachRow: what a lookup finds for each of its rows is what a scan of the index by the row's values gives, in
// batches of any size, of records committed and of the transaction's own.
func TestLookupIsAScanForEachRow(t *testing.T) {
	s := memStore(t)
	keys := []ops.Value{ops.None, ops.Int(1), ops.Int(2), ops.Float(2), ops.String("x"), ops.String("xy"), ops.Record("p", ops.Int(3))}
	record := func(txn *Txn, i int) {
		o := []any{"n", i}
		if k := keys[i%len(keys)]; !k.IsNone() {
			o = append(o, "k", k)
		}
		create(t, txn, "p", ops.Int(int64(i)), append(o, "m", i%3)...)
	}
	update(t, s, func(txn *Txn) {
		for i := range 90 {
			record(txn, i)
		}
	})
	if err := defineIndex(t, s, "p", "by_k", false, []string{"k"}, []string{"m"}); err != nil {
		t.Fatal(err)
	}
	if err := defineIndex(t, s, "p", "by_n", true, []string{"n"}); err != nil {
		t.Fatal(err)
	}
	update(t, s, func(txn *Txn) {
		for i := 90; i < 100; i++ {
			record(txn, i)
		}
		desc := txn.Catalog().Table("p")
		rapid.Check(t, func(t *rapid.T) {
			ix, fields := desc.Index("by_k"), 1
			value := rapid.SampledFrom(append(keys, ops.String("y"), ops.Int(9)))
			switch rapid.IntRange(0, 2).Draw(t, "index") {
			case 1:
				fields = 2
			case 2:
				ix, value = desc.Index("by_n"), rapid.Map(rapid.Int64Range(-1, 110), ops.Int)
			}
			l := vm.Lookup{N: rapid.IntRange(0, 40).Draw(t, "rows"), Outer: rapid.Bool().Draw(t, "outer")}
			for range fields {
				v := new(ops.Vector)
				for range l.N {
					v.Append(value.Draw(t, "value"))
				}
				l.Values, value = append(l.Values, v), rapid.Map(rapid.Int64Range(0, 3), ops.Int)
			}
			if rapid.Bool().Draw(t, "selected") {
				l.Sel = ops.Selection{}
				for i := range l.N {
					if rapid.Bool().Draw(t, "row") {
						l.Sel = append(l.Sel, int32(i))
					}
				}
			}
			only := rapid.Bool().Draw(t, "only")
			cols := []vm.Column{colID, field(ix.Fields[0]...)}
			if !only {
				cols = append(cols, field("n"))
			}
			c, err := txn.Lookup(ctx, desc, ix, l, only, cols)
			got := answers(t, c, err, cols, rapid.SampledFrom([]int{1, 2, 7, 1024}).Draw(t, "room"))
			if want := scansOf(t, txn, l, "p", ix.Name, only, cols); !slices.Equal(got, want) {
				t.Fatalf("got  %v\nwant %v", got, want)
			}
		})
	})
}

type fataler interface {
	Helper()
	Fatal(...any)
}

// answers lists the rows of a lookup by the rows they are for.
func answers(t fataler, c vm.Cursor, err error, cols []vm.Column, room int) (lines []string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	b := vm.Batch{Cols: make([]ops.Vector, len(cols)), Want: room}
	for {
		if err := c.Next(ctx, &b); err != nil {
			t.Fatal(err)
		}
		if b.N == 0 {
			break
		}
		if b.N > room {
			t.Fatal("a batch of", b.N, "rows, there is room for", room)
		}
		for i := range b.N {
			line := fmt.Sprint(b.Parent[i], ":")
			for c := range b.Cols {
				line += " " + ops.Format(b.Cols[c].At(i))
			}
			lines = append(lines, line)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

// scansOf answers a lookup by a scan for each of its rows.
func scansOf(t *rapid.T, txn *Txn, l vm.Lookup, table, index string, only bool, cols []vm.Column) (lines []string) {
	desc := txn.Catalog().Table(table)
	eachRow(l.N, l.Sel, func(row int32) {
		var equal []ops.Value
		for _, v := range l.Values {
			equal = append(equal, v.At(int(row)))
		}
		c, err := txn.ScanIndex(ctx, desc, desc.Index(index), equal, vm.Range{}, only, cols)
		if err != nil {
			t.Fatal(err)
		}
		b, found := vm.Batch{Cols: make([]ops.Vector, len(cols))}, false
		for {
			if err := c.Next(ctx, &b); err != nil {
				t.Fatal(err)
			}
			if b.N == 0 {
				break
			}
			found = true
			for i := range b.N {
				line := fmt.Sprint(row, ":")
				for c := range b.Cols {
					line += " " + ops.Format(b.Cols[c].At(i))
				}
				lines = append(lines, line)
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if l.Outer && !found {
			line := fmt.Sprint(row, ":")
			for range cols {
				line += " none"
			}
			lines = append(lines, line)
		}
	})
	slices.Sort(lines)
	return lines
}
