package ops_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/optest"
)

// TestLiteralsReadBack holds AppendZQL to the language's own parser. Sets read back as lists.
func TestLiteralsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := ops.DrawValue(t, 3)
		text := string(ops.AppendZQL(nil, v))
		x, errs := parse.Expr(text)
		if len(errs) > 0 {
			t.Fatalf("%s: %v", text, errs[0])
		}
		got, err := evaluated(t, testEnv(), x)
		if err != nil || !ops.Equal(got, v) || string(ops.AppendZQL(nil, got)) != text {
			t.Fatalf("%s comes back as %s, %v", text, ops.AppendZQL(nil, got), err)
		}
	})
}

// TestTypesReadBack holds Type.String to the language's own parser, by way of ParseType.
func TestTypesReadBack(t *testing.T) {
	for _, s := range []string{"int", "u8", "[string]", "[string 3]", "[[int?]]", "set[int]", "map[any]", "(int, string)", "person", "person?", "record", "object", "any"} {
		typ, err := ops.ParseType(s)
		if err != nil {
			t.Fatal(err)
		}
		script, errs := parse.Parse("DEFINE TABLE t FIELDS f TYPE " + typ.String())
		if len(errs) > 0 || len(script.Statements) != 1 {
			t.Errorf("%s: %v", s, errs)
			continue
		}
		if _, ok := script.Statements[0].(*ast.Define); !ok {
			t.Errorf("%s is taken for something else", s)
		}
	}
}

func TestVectorsHoldWhatIsPutIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, want := new(ops.Vector), []ops.Value{}
		for range rapid.IntRange(1, 3).Draw(t, "uses") {
			v.Reset(rapid.SampledFrom([]ops.Kind{ops.KindNone, ops.KindInt, ops.KindString}).Draw(t, "kind"), 0)
			want = want[:0]
			for range rapid.IntRange(0, 70).Draw(t, "rows") {
				x := ops.None
				if rapid.IntRange(0, 3).Draw(t, "none") > 0 {
					x = optest.Draw(t, rapid.SampledFrom([]ops.Kind{ops.KindInt, ops.KindInt, ops.KindAny}).Draw(t, "kind"))
				}
				if n := len(want); n > 0 && rapid.IntRange(0, 4).Draw(t, "overwrite") == 0 {
					i := rapid.IntRange(0, n-1).Draw(t, "row")
					v.SetAt(i, x)
					want[i] = x
				} else {
					v.Append(x)
					want = append(want, x)
				}
			}
		}
		holds(t, v, want)
		checkDerived(t, v, want)
	})
}

// checkDerived checks copies, gathered rows and masks of a vector.
func checkDerived(t *rapid.T, v *ops.Vector, want []ops.Value) {
	sel := optest.Selection(t, len(want))
	masked := make([]ops.Value, len(want))
	for i := range want {
		if sel == nil {
			masked[i] = want[i]
		}
	}
	rows := make([]int32, 0, len(sel)+1)
	for _, i := range sel {
		masked[i] = want[i]
		rows = append(rows, i)
	}
	rows = append(rows, -1)
	dst, _ := optest.Vector(t, 5)
	dst.CopyFrom(v, sel)
	holds(t, dst, masked)
	dst.Gather(v, rows)
	gathered := make([]ops.Value, len(rows))
	for i, r := range rows[:len(rows)-1] {
		gathered[i] = want[r]
	}
	holds(t, dst, gathered)
	v.Tidy()
	holds(t, v, want)
	hashes := make([]uint64, len(want))
	v.Hash(hashes, nil, 7)
	again := make([]uint64, len(want))
	dst.Fill(ops.None, 0)
	for _, x := range want {
		dst.Append(x)
	}
	dst.Promote()
	dst.Hash(again, nil, 7)
	for i := range hashes {
		if hashes[i] != again[i] {
			t.Fatalf("row %d hashes differently in a tagged vector", i)
		}
	}
	v.Mask(sel)
	holds(t, v, masked)
}

func holds(t *rapid.T, v *ops.Vector, want []ops.Value) {
	t.Helper()
	if v.Len() != len(want) {
		t.Fatalf("%d rows, want %d", v.Len(), len(want))
	}
	none := false
	for i, w := range want {
		if got := v.At(i); !optest.Same(got, w) || v.IsNone(i) != w.IsNone() {
			t.Fatalf("row %d is %s, want %s", i, ops.AppendZQL(nil, got), ops.AppendZQL(nil, w))
		}
		none = none || w.IsNone()
	}
	if v.HasNone() != none {
		t.Fatalf("HasNone is %v", !none)
	}
}
