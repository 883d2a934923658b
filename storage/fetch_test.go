package storage

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// Fetch gives what Get gives, of records side by side, with gaps, written by the transaction itself, missing, or asked for twice;
// and it lives on when the next fetch reads.
func TestFetchGivesWhatGetGives(t *testing.T) {
	s := memStore(t)
	update(t, s, func(txn *Txn) {
		for i := range 700 {
			if i%7 != 0 && i%31 > 5 {
				create(t, txn, "near", i64(i), "n", i64(i), "s", ops.String(fmt.Sprint("text ", i)))
			}
		}
	})
	txn := begin(t, s, true)
	defer txn.Cancel()
	for i := 0; i < 700; i += 14 {
		create(t, txn, "near", i64(i), "n", i64(-i))
	}
	tab := txn.Table("near")
	for i := 1; i < 700; i += 53 {
		if _, err := txn.Delete(ctx, tab, i64(i)); err != nil {
			t.Fatal(err)
		}
	}
	cols := []vm.Column{field("n"), field("s"), {Kind: vm.ColumnRecord}}
	rapid.Check(t, func(r *rapid.T) {
		var kept [][]ops.Value
		var text []string
		for range 2 {
			rows, shown := fetched(r, txn, cols)
			kept, text = append(kept, rows...), append(text, shown...)
		}
		for i, row := range kept {
			if now := formatted(row); now != text[i] {
				r.Fatalf("it was %s, and is %s", text[i], now)
			}
		}
	})
}

// fetched fetches rows near one another, and compares them with those that Get gives.
func fetched(r *rapid.T, txn *Txn, cols []vm.Column) (rows [][]ops.Value, shown []string) {
	at := rapid.IntRange(0, 600).Draw(r, "from")
	var ids ops.Vector
	var keys []int
	for range rapid.IntRange(1, 60).Draw(r, "rows") {
		at += rapid.IntRange(-2, 6).Draw(r, "step")
		keys = append(keys, at)
		ids.Append(ops.Record("near", i64(at)))
	}
	vectors := make([]ops.Vector, len(cols))
	dst := make([]*ops.Vector, len(cols))
	for i := range dst {
		dst[i] = &vectors[i]
	}
	if err := txn.Fetch(ctx, &ids, nil, cols, dst); err != nil {
		r.Fatal(err)
	}
	for row, key := range keys {
		want := make([]ops.Value, len(cols))
		found, err := txn.Get(ctx, txn.Table("near"), i64(key), cols, want)
		if err != nil {
			r.Fatal(err)
		}
		if !found {
			clear(want)
		}
		got := make([]ops.Value, len(cols))
		for i := range dst {
			got[i] = dst[i].At(row)
		}
		if formatted(got) != formatted(want) {
			r.Fatalf("record %d: fetched %s, got %s", key, formatted(got), formatted(want))
		}
		rows, shown = append(rows, got), append(shown, formatted(got))
	}
	return rows, shown
}

func formatted(values []ops.Value) (s string) {
	for _, v := range values {
		s += ops.Format(v) + " "
	}
	return s
}
