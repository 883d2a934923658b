package vm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// mergeProgram is joinProgram with sides that ascend by k.
func mergeProgram(mode string) string {
	text := joinProgram(mode, 1)
	from := strings.Index(text, "  open.fragment c0, F1")
	to := strings.Index(text, "  next c2")
	text = text[:from] + "  open.fragment c0, F0, r0\n  open.fragment c1, F1, r0\n  open.merge c2, b0, c0\n" + text[to:]
	end := 9
	if mode == "checked" {
		end = 14
	}
	text = text[:strings.Index(text, "  next c2")] + fmt.Sprintf("  next c2, @%d\n", end) + text[strings.Index(text, "  column r2, c2"):]
	return strings.Replace(text, "  jump @9\n  end\nstatement", "  jump @4\n  end\nstatement", 1)
}

// TestMergeIsANestedLoop compares merge joins of small tables with two loops, in batches of any size.
func TestMergeIsANestedLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.OneOf(joinKey, rapid.Map(rapid.Int64Range(0, 9), ops.Int))
		if rapid.Bool().Draw(t, "ints") {
			keys = rapid.Map(rapid.Int64Range(0, 9), ops.Int)
		}
		left, right := rapid.SliceOfN(keys, 0, 30).Draw(t, "left"), rapid.SliceOfN(keys, 0, 30).Draw(t, "right")
		slices.SortStableFunc(left, ops.Compare)
		slices.SortStableFunc(right, ops.Compare)
		mode := rapid.SampledFrom([]string{"inner", "left", "checked"}).Draw(t, "mode")
		o := vm.Options{Memory: vm.NewBudget(0), Batch: rapid.SampledFrom([]int{1, 2, 3, 1024}).Draw(t, "batch")}
		got, _, err := queryIn(t, twoTables(t, left, right), mergeProgram(mode), o)
		if err != nil {
			t.Fatal(err)
		}
		if want := nestedLoop(mode, 1, left, right); !slices.Equal(got, want) {
			t.Fatalf("%s\ngot  %v\nwant %v", mode, got, want)
		}
	})
}

// TestMergeSpillsToTheSameRows: the rows of one key that do not fit in memory are put aside, with the left rows of that key and of the
// batch around them; before and behind them the merge goes on.
func TestMergeSpillsToTheSameRows(t *testing.T) {
	key := func(n int) ops.Value { return ops.String(fmt.Sprintf("key %06d of some length", n)) }
	var left, right []ops.Value
	for i := range 3000 {
		left = append(left, key(i))
		if i%3 > 0 {
			right = append(right, key(i))
		}
		if i == 1500 {
			left = append(left, key(i), key(i))
			right = append(right, slices.Repeat([]ops.Value{key(i)}, 4000)...)
		}
	}
	for _, mode := range []string{"inner", "left", "checked"} {
		for _, batch := range []int{3, 1024} {
			store := twoTables(t, left, right)
			want, files, err := query(t, store, mergeProgram(mode), 0)
			if err != nil || files > 0 {
				t.Fatal(err, files)
			}
			got, files, err := queryIn(t, store, mergeProgram(mode), vm.Options{Memory: vm.NewBudget(120_000), Batch: batch})
			if err != nil {
				t.Fatalf("%s: %v", mode, err)
			}
			if files == 0 {
				t.Fatalf("%s: nothing was spilled", mode)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("%s, %d: %d rows, want %d", mode, batch, len(got), len(want))
			}
			slices.Sort(want)
		}
	}
}

// TestMergeOfOneKeyAlone: left rows of the spilled key come in many batches.
func TestMergeOfOneKeyAlone(t *testing.T) {
	one := ops.String("the one key that there is")
	left, right := slices.Repeat([]ops.Value{one}, 5), slices.Repeat([]ops.Value{one}, 5000)
	store := twoTables(t, left, right)
	got, files, err := queryIn(t, store, mergeProgram("left"), vm.Options{Memory: vm.NewBudget(60_000), Batch: 1})
	if err != nil || files == 0 {
		t.Fatal(err, files)
	}
	want := nestedLoop("left", 1, left, right)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
}

// TestMergeRefusesDisorder: a program whose sides do not ascend gets an error, not fewer rows.
func TestMergeRefusesDisorder(t *testing.T) {
	up, down := []ops.Value{ops.Int(1), ops.Int(2), ops.Int(3)}, []ops.Value{ops.Int(3), ops.Int(1)}
	for _, batch := range []int{1, 1024} {
		for _, sides := range [][2][]ops.Value{{up, down}, {down, up}} {
			_, _, err := queryIn(t, twoTables(t, sides[0], sides[1]), mergeProgram("left"), vm.Options{Memory: vm.NewBudget(0), Batch: batch})
			if ops.CodeOf(err) != ops.CodeBadProgram {
				t.Fatalf("batches of %d: %v", batch, err)
			}
		}
	}
}
