package vm_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm/memstore"
)

// joinProgram joins l and r by k; of each row n is given. A checked join keeps the pairs whose numbers differ.
func joinProgram(mode string, keys int) string {
	shape, columns, check := "k any, n any", 2, ""
	next := 14
	if keys == 0 {
		shape, columns = "n any, n any", 2
	}
	if mode == "checked" {
		next = 19
		check = `  column r4, c2, COLUMN
  sel.push c2, r4, 0
  ne r5, r2, r3
  sel.pop c2
  paired c2, r5
`
	}
	text := fmt.Sprintf(`shape s0 columns %s
shape s1 columns l any, r any
table t0 l
table t1 r
access a0 table t0 [FIELDS]
access a1 table t1 [FIELDS]
builder b0 join %d keys %d %s
fragment F0 emits s0
  cursor c0
  register r0 any of c0
  register r1 any of c0
  open.table c0, a0
  next c0, @6
  column r0, c0, 0
  column r1, c0, 1
  emit s0, r0, c0
  jump @1
  end
fragment F1 emits s0
  cursor c0
  register r0 any of c0
  register r1 any of c0
  open.table c0, a1
  next c0, @6
  column r0, c0, 0
  column r1, c0, 1
  emit s0, r0, c0
  jump @1
  end
fragment F2 emits s1
  cursor c0
  cursor c1
  cursor c2
  register r0 any of c0
  register r1 any of c0
  register r2 any of c2
  register r3 any of c2
  register r4 bool of c2
  register r5 bool of c2
  new b0, r0
  open.fragment c0, F1, r0
  next c0, @7
  column r0, c0, 0
  column r1, c0, 1
  put b0, r0, 1
  jump @2
  open.fragment c1, F0, r0
  open.join c2, b0, c1
  next c2, @%d
  column r2, c2, 0
  column r3, c2, RIGHT
%s  emit s1, r2, c2
  jump @9
  end
statement 0 query F2
`, shape, columns, keys, mode, next, check)
	right, column := "1", "2"
	fields := ".k, .n"
	if keys == 0 {
		right, column, fields = "2", "4", ".n, .n"
	}
	return strings.NewReplacer("FIELDS", fields, "RIGHT", right, "COLUMN", column).Replace(text)
}

// twoTables has records { k, n } in l and r, with n counting up from 0.
func twoTables(t rapid.TB, left, right []ops.Value) *memstore.Store {
	store := memstore.New(schema.NewMemory("main", "main"))
	for name, keys := range map[string][]ops.Value{"l": left, "r": right} {
		table, err := store.EnsureTable(context.Background(), name, false)
		if err != nil {
			t.Fatal(err)
		}
		for i, k := range keys {
			o := ops.Object([]ops.Member{{Name: "k", Value: k}, {Name: "n", Value: ops.Int(int64(i))}})
			if _, _, err := store.Create(context.Background(), table, ops.Int(int64(i)), o, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	return store
}

// nestedLoop is what joinProgram gives, in order.
func nestedLoop(mode string, keys int, left, right []ops.Value) (rows []string) {
	for i, a := range left {
		found := false
		for j, b := range right {
			if (keys == 0 || ops.Equal(a, b)) && (mode != "checked" || i != j) {
				rows = append(rows, fmt.Sprint(i, " ", j))
				found = true
			}
		}
		if !found && mode != "inner" {
			rows = append(rows, fmt.Sprint(i, " none"))
		}
	}
	return rows
}

var joinKey = rapid.OneOf(rapid.Map(rapid.Int64Range(0, 6), ops.Int), rapid.Just(ops.Float(2)), rapid.Just(ops.Float(2.5)), rapid.Just(ops.None),
	rapid.Map(rapid.StringMatching(`[ab]{0,2}`), ops.String), rapid.Map(rapid.Int64Range(0, 3), func(n int64) ops.Value { return ops.Record("l", ops.Int(n)) }))

// TestJoinIsANestedLoop compares joins of small tables with two loops.
func TestJoinIsANestedLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.OneOf(joinKey, rapid.Map(rapid.Int64Range(0, 9), ops.Int))
		if rapid.Bool().Draw(t, "ints") {
			keys = rapid.Map(rapid.Int64Range(0, 9), ops.Int)
		}
		left, right := rapid.SliceOfN(keys, 0, 20).Draw(t, "left"), rapid.SliceOfN(keys, 0, 20).Draw(t, "right")
		mode := rapid.SampledFrom([]string{"inner", "left", "checked"}).Draw(t, "mode")
		n := rapid.IntRange(0, 1).Draw(t, "keys")
		got, _, err := query(t, twoTables(t, left, right), joinProgram(mode, n), 0)
		if err != nil {
			t.Fatal(err)
		}
		if want := nestedLoop(mode, n, left, right); !slices.Equal(got, want) {
			t.Fatalf("%s of %d keys\ngot  %v\nwant %v", mode, n, got, want)
		}
	})
}

// TestJoinSpillsToTheSameRows: with little memory both sides go to temporary files, whatever the keys are: many of them, one alone,
// none at all.
func TestJoinSpillsToTheSameRows(t *testing.T) {
	many := func(n, keys int) (vs []ops.Value) {
		for i := range n {
			vs = append(vs, ops.String(fmt.Sprintf("key %d of some length", i*7919%keys)))
		}
		return vs
	}
	for _, c := range []struct {
		name        string
		keys        int
		left, right []ops.Value
		memory      int64
	}{
		{"many", 1, many(6000, 5000), many(12_000, 4000), 600_000},
		{"one", 1, many(6, 2), many(5000, 1), 50_000},
		{"without", 0, many(6, 2), many(5000, 1), 50_000},
	} {
		for _, mode := range []string{"inner", "left", "checked"} {
			store := twoTables(t, c.left, c.right)
			want, files, err := query(t, store, joinProgram(mode, c.keys), 0)
			if err != nil || files > 0 {
				t.Fatal(err, files)
			}
			if whole := nestedLoop(mode, c.keys, c.left, c.right); c.name != "many" && !slices.Equal(want, whole) {
				t.Fatalf("%s, %s: %d rows, want %d", c.name, mode, len(want), len(whole))
			}
			got, files, err := query(t, store, joinProgram(mode, c.keys), c.memory)
			if err != nil {
				t.Fatalf("%s, %s: %v", c.name, mode, err)
			}
			if files == 0 {
				t.Fatalf("%s, %s: nothing was spilled", c.name, mode)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("%s, %s: %d rows, want %d", c.name, mode, len(got), len(want))
			}
		}
	}
}
