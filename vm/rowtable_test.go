package vm

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
)

// TestRowTableNumbersDistinctRows compares the table with a search through all rows, for vectors of one kind and of many.
func TestRowTableNumbersDistinctRows(t *testing.T) {
	value := rapid.OneOf(rapid.Map(rapid.StringMatching(`[ab]{0,20}`), ops.String), rapid.Map(rapid.Int64Range(0, 5), ops.Int),
		rapid.Map(rapid.IntRange(0, 5), func(i int) ops.Value { return ops.Float(float64(i)) }), rapid.Just(ops.None))
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 2).Draw(t, "width")
		var table rowTable
		table.empty(width)
		var rows [][]ops.Value
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			n := rapid.IntRange(1, 20).Draw(t, "rows")
			one := rapid.SampledFrom([]*rapid.Generator[ops.Value]{value, rapid.Map(rapid.StringMatching(`[ab]{0,3}`), ops.String), rapid.Map(rapid.Int64Range(0, 5), ops.Int)}).Draw(t, "kind")
			var cols []*ops.Vector
			for range width {
				v := new(ops.Vector)
				for range n {
					v.Append(one.Draw(t, "value"))
				}
				cols = append(cols, v)
			}
			g := &grouping{decl: &linkedBuilder{Builder: &Builder{Kind: BuildGroup, Keys: width, Columns: width}}, table: table}
			at, _, err := g.number(&Rows{}, cols, nil, n)
			if err != nil {
				t.Fatal(err)
			}
			table = g.table
			for i := range n {
				row := make([]ops.Value, width)
				for c := range cols {
					row[c] = cols[c].At(i)
				}
				want := -1
				for k, r := range rows {
					same := true
					for c := range r {
						same = same && ops.Equal(r[c], row[c])
					}
					if same {
						want = k
					}
				}
				if want < 0 {
					want = len(rows)
					rows = append(rows, row)
				}
				if int(at[i]) != want {
					t.Fatalf("row %v has number %d, want %d", row, at[i], want)
				}
			}
		}
	})
}
