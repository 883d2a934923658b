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
	"github.com/zerodb/zerodb/vm"
	"github.com/zerodb/zerodb/vm/memstore"
)

// query runs a program with a memory budget and returns its rows as text, and how many temporary files it made.
func query(t rapid.TB, store *memstore.Store, program string, memory int64, params ...ops.Value) ([]string, int, error) {
	t.Helper()
	return queryIn(t, store, program, vm.Options{Params: params, Memory: vm.NewBudget(memory)})
}

// queryIn is query with options of one's own.
func queryIn(t rapid.TB, store *memstore.Store, program string, o vm.Options) ([]string, int, error) {
	t.Helper()
	p, err := vm.Assemble(program)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Tables {
		if table := store.Catalog().Table(p.Tables[i].Name); table != nil {
			p.Tables[i].Print = table.Fingerprint
		}
	}
	if err := vm.Verify(p); err != nil {
		t.Fatal(err)
	}
	l, err := vm.Link(p, 0, store.Catalog(), vm.LinkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	spill, budget := &memorySpill{}, o.Memory
	o.Spill = spill
	rows, err := vm.Run(context.Background(), l, store, o)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for {
		out, e := rows.Next(context.Background())
		if e != nil || out == nil {
			err = e
			break
		}
		for r := range out.N {
			var cells []string
			for c := range out.Shape.Names {
				cells = append(cells, ops.Format(out.Value(r, c)))
			}
			all = append(all, strings.Join(cells, " "))
		}
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	if spill.open != 0 || budget.Used() != 0 {
		t.Fatalf("%d temporary files are open, %d bytes charged", spill.open, budget.Used())
	}
	return all, spill.made, err
}

// items is a store whose table t has a record { k: one of keys, n: number, s: text } for each of n.
func items(n, keys int) *memstore.Store {
	store := memstore.New(schema.NewMemory("main", "main"))
	ctx := context.Background()
	table, _ := store.EnsureTable(ctx, "t", false)
	x := uint64(42)
	for i := range n {
		x = x*6364136223846793005 + 1442695040888963407
		o := []ops.Member{{Name: "n", Value: ops.Int(int64(x >> 40 % 1000))}, {Name: "s", Value: ops.String(fmt.Sprintf("text %d of some length", x>>50))}}
		if x>>33%50 != 0 {
			o = append(o, ops.Member{Name: "k", Value: ops.String(fmt.Sprint("key ", x>>35%uint64(keys)))})
		}
		_, _, _ = store.Create(ctx, table, ops.Int(int64(i)), ops.Object(o), false)
	}
	return store
}

const sortAll = `param p0 $limit any
shape s0 columns k any, n any, s any
table t0 t
access a0 table t0 [.k, .n, .s]
builder b0 sort 3 desc asc limited
fragment F0 emits s0
  cursor c0
  cursor c1
  register r0 any of c0
  register r1 any of c0
  register r2 any of c0
  register r3 any of c1
  register r4 any of c1
  register r5 any of c1
  register r6 any
  param r6, p0
  new b0, r6
  open.table c0, a0
  next c0, @10
  column r0, c0, 0
  topk c0, b0, r0
  column r1, c0, 1
  column r2, c0, 2
  put b0, r0, 1
  jump @3
  open.built c1, b0
  next c1, @17
  column r3, c1, 0
  column r4, c1, 1
  column r5, c1, 2
  emit s0, r3, c1
  jump @11
  end
statement 0 query F0
`

const groupAll = `shape s0 columns k any, n any, s any, c any, d any
table t0 t
access a0 table t0 [.s, .n, .k]
builder b0 group 6 keys 2 sum count(*) count/distinct min
fragment F0 emits s0
  cursor c0
  cursor c1
  register r0 any of c0
  register r1 any of c0
  register r2 any of c0
  register r3 any
  register r4 any of c0
  register r5 any of c0
  register r6 any of c1
  register r7 any of c1
  register r8 any of c1
  register r9 any of c1
  register r10 any of c1
  new b0, r0
  open.table c0, a0
  next c0, @10
  column r0, c0, 2
  column r1, c0, 0
  column r2, c0, 1
  move r4, r2
  move r5, r1
  put b0, r0, 1
  jump @2
  open.built c1, b0
  next c1, @18
  column r6, c1, 0
  column r7, c1, 1
  column r8, c1, 2
  column r9, c1, 3
  column r10, c1, 4
  jump @19
  end
  emit s0, r6, c1
  jump @11
statement 0 query F0
`

func TestSortSpillsToTheSameRows(t *testing.T) {
	store := items(30_000, 40)
	for _, limit := range []ops.Value{ops.None, ops.Int(20_000), ops.Int(100), ops.Int(0)} {
		want, _, err := query(t, store, sortAll, 0, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, memory := range []int64{400_000, 1_000_000} {
			got, files, err := query(t, store, sortAll, memory, limit)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("limit %v, %d bytes: %d rows, want %d", limit, memory, len(got), len(want))
			}
			if heap := limit.Kind() == ops.KindInt && limit.AsInt() <= 100; (files == 0) != heap {
				t.Errorf("limit %v, %d bytes: %d temporary files", limit, memory, files)
			}
		}
	}
}

func TestSortOfTooManyRunsMergesThem(t *testing.T) {
	store := items(120_000, 1000)
	want, _, _ := query(t, store, sortAll, 0, ops.None)
	got, files, err := query(t, store, sortAll, 150_000, ops.None)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) || files < 2 {
		t.Fatalf("%d rows of %d, %d temporary files", len(got), len(want), files)
	}
}

func TestGroupingSpillsToTheSameGroups(t *testing.T) {
	store := items(30_000, 200)
	want, _, err := query(t, store, groupAll, 0)
	if err != nil {
		t.Fatal(err)
	}
	got, files, err := query(t, store, groupAll, 2_000_000)
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("nothing was spilled")
	}
	if len(want) != len(got) {
		t.Fatalf("%d groups, want %d", len(got), len(want))
	}
	again, _, _ := query(t, store, groupAll, 2_000_000)
	if !slices.Equal(got, again) {
		t.Fatal("the order of groups differs from run to run")
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		for i := range want {
			if want[i] != got[i] {
				t.Fatalf("group %d is %s, want %s", i, got[i], want[i])
			}
		}
	}
}

func TestWithoutSpillTheBudgetHolds(t *testing.T) {
	store := items(30_000, 200)
	p, err := vm.Assemble(groupAll)
	if err != nil {
		t.Fatal(err)
	}
	p.Tables[0].Print = store.Catalog().Table("t").Fingerprint
	l, err := vm.Link(p, 0, store.Catalog(), vm.LinkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := vm.Run(context.Background(), l, store, vm.Options{Memory: vm.NewBudget(300_000)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(context.Background()); ops.CodeOf(err) != ops.CodeMemoryBudget {
		t.Fatalf("%v", err)
	}
	_ = rows.Close()
}

// TestSortIsAStableSort compares sorts of random keys with slices.SortStableFunc.
func TestSortIsAStableSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.OneOf(
			rapid.Map(rapid.Int64Range(-3, 3), ops.Int), rapid.Map(rapid.Float64Range(-2, 2), ops.Float),
			rapid.Map(rapid.StringMatching(`[ab]{0,9}`), ops.String), rapid.Just(ops.None), rapid.Map(rapid.Bool(), ops.Bool)), 0, 40).Draw(t, "keys")
		if rapid.Bool().Draw(t, "uniform") {
			for i := range keys {
				keys[i] = ops.Float(float64(i%5) - 2.5)
			}
		}
		limit := ops.None
		most := len(keys)
		if rapid.Bool().Draw(t, "limited") {
			most = rapid.IntRange(0, 10).Draw(t, "limit")
			limit = ops.Int(int64(most))
		}
		store := memstore.New(schema.NewMemory("main", "main"))
		table, _ := store.EnsureTable(context.Background(), "t", false)
		order := make([]int, len(keys))
		for i, k := range keys {
			order[i] = i
			o := ops.Object([]ops.Member{{Name: "k", Value: k}, {Name: "n", Value: ops.Int(int64(i % 2))}, {Name: "s", Value: ops.Int(int64(i))}})
			_, _, _ = store.Create(context.Background(), table, ops.Int(int64(i)), o, false)
		}
		slices.SortStableFunc(order, func(a, b int) int {
			if c := ops.Compare(keys[b], keys[a]); c != 0 {
				return c
			}
			return a%2 - b%2
		})
		var want []string
		for _, i := range order[:min(most, len(order))] {
			want = append(want, fmt.Sprintf("%s %d %d", ops.Format(keys[i]), i%2, i))
		}
		got, _, err := query(t, store, sortAll, 0, limit)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}
