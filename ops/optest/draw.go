package optest

import (
	"math"
	"time"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
)

var (
	edgeInts   = []int64{0, 1, -1, 2, 3, 7, 62, 63, 64, 1 << 31, 1 << 53, 1<<53 + 1, 3037000500, math.MaxInt64, math.MinInt64, math.MinInt64 + 1}
	edgeFloats = []float64{0, 1, -1, 0.5, 1 << 53, 1<<53 + 2, 9.3e18, -9.3e18, 1e-10, 1e200, math.MaxFloat64, math.SmallestNonzeroFloat64}
	edgeWides  = []string{"w9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775809",
		"340282366920938463463374607431768211455", "170141183460469231731687303715884105728", "-170141183460469231731687303715884105728", "1000000000000000000000"}
	edgeTexts  = []string{"", "a", "b", "ab", "hello", "Zürich", "fox"}
	edgeLists  = []string{"[]", "[1, 2, 3]", "[2.0, none]", `["a", 1]`, `["a", "b"]`, "(1, 2)", "set[1, 2]", "[person:1]"}
	edgeOthers = []string{`d"1.5"`, `d"2"`, `d"0"`, `b"ab"`, `u"550e8400-e29b-41d4-a716-446655440000"`, "person:1", "person:bob", "{ a: 1 }", "{ b: 2, a: 3 }", "1..3",
		`"a".."c"`, "-2..", "//a//", "//^b//i"}
)

// Kinds are those that vectors are drawn of: all that have loops, and one for each other way of being held.
var Kinds = []ops.Kind{ops.KindBool, ops.KindInt, ops.KindFloat, ops.KindString, ops.KindTime, ops.KindDuration, ops.KindDecimal, ops.KindWide,
	ops.KindList}

// Draw draws a value of a kind; of KindAny it draws one of any kind.
func Draw(t *rapid.T, k ops.Kind) ops.Value {
	ints := rapid.OneOf(rapid.SampledFrom(edgeInts), rapid.Int64Range(-9, 9))
	switch k {
	case ops.KindBool:
		return ops.Bool(rapid.Bool().Draw(t, "bool"))
	case ops.KindInt:
		return ops.Int(ints.Draw(t, "int"))
	case ops.KindWide:
		return Parse(rapid.OneOf(rapid.SampledFrom(edgeWides), rapid.SampledFrom([]string{"w0", "w1", "w-1", "w2", "w3", "w64", "w7"})).Draw(t, "wide"))
	case ops.KindFloat:
		return ops.Float(rapid.OneOf(rapid.SampledFrom(edgeFloats), rapid.Float64Range(-9, 9)).Draw(t, "float"))
	case ops.KindString:
		return ops.String(rapid.SampledFrom(edgeTexts).Draw(t, "string"))
	case ops.KindTime:
		return ops.Time(ints.Draw(t, "time"))
	case ops.KindDuration:
		return ops.Duration(time.Duration(ints.Draw(t, "duration")))
	case ops.KindDecimal:
		return ops.Decimal(apd.New(rapid.Int64Range(-300, 300).Draw(t, "decimal"), -2))
	case ops.KindList:
		return Parse(rapid.SampledFrom(edgeLists).Draw(t, "list"))
	case ops.KindAny:
		if rapid.IntRange(0, 3).Draw(t, "other") == 0 {
			return Parse(rapid.SampledFrom(edgeOthers).Draw(t, "value"))
		}
		return Draw(t, rapid.SampledFrom(Kinds).Draw(t, "kind"))
	}
	return ops.None
}

// Vector draws a vector of n rows: of one kind, of one or two mixed, or of any; with and without rows that are none.
// The same values are returned one by one.
func Vector(t *rapid.T, n int) (*ops.Vector, []ops.Value) {
	kinds := rapid.SampledFrom([][]ops.Kind{{ops.KindNone}, {ops.KindInt, ops.KindFloat}, {ops.KindInt}, {ops.KindAny},
		{rapid.SampledFrom(Kinds).Draw(t, "kind")}}).Draw(t, "kinds")
	holes := rapid.SampledFrom([]int{0, 0, 30, 90}).Draw(t, "holes")
	v, vals := new(ops.Vector), make([]ops.Value, n)
	for i := range vals {
		if rapid.IntRange(0, 99).Draw(t, "hole") >= holes {
			vals[i] = Draw(t, rapid.SampledFrom(kinds).Draw(t, "kind"))
		}
		v.Append(vals[i])
	}
	return v, vals
}

// Selection draws the rows that are selected; nil means all.
func Selection(t *rapid.T, n int) ops.Selection {
	if rapid.Bool().Draw(t, "all") {
		return nil
	}
	sel := make(ops.Selection, 0, n)
	for i := range n {
		if rapid.Bool().Draw(t, "selected") {
			sel = append(sel, int32(i))
		}
	}
	return sel
}
