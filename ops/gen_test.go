package ops

import (
	"math"
	"slices"
	"time"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"
)

// someInts and someFloats are where arithmetic and order go wrong.
var (
	someInts = []int64{0, 1, -1, 2, 3, 7, -7, 10, 63, 64, 100, 1 << 31, 1<<53 - 1, 1 << 53, 1<<53 + 1, -(1<<53 + 1), 1<<62 + 1,
		math.MaxInt64, math.MaxInt64 - 1, math.MinInt64, math.MinInt64 + 1}
	someFloats = []float64{0, 1, -1, 2, 0.1, 0.5, -0.5, 1.5, 1 << 53, 1<<53 + 2, 1 << 62, 1 << 63, -(1 << 63), 1e19, 1e100, -1e100,
		math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, math.Copysign(0, -1), 1e-300}
	someDecimals = []string{"0", "0.00", "1", "1.0", "1.50", "0.1", "-0.1", "2", "2e3", "2000", "9223372036854775807",
		"9223372036854775808", "9223372036854775807.5", "-9223372036854775808", "9007199254740993", "9007199254740992.5",
		"0.1000000000000000055511151231257827021181583404541015625", "1e400", "-1e400", "1e-400", "1e100", "18446744073709551615", "18446744073709551616", "340282366920938463463374607431768211455",
		"340282366920938463463374607431768211456", "-170141183460469231731687303715884105728.5", "123456789012345678901234567890"}
	someStrings = []string{"", "a", "b", "ab", "a\x00", "a\x00b", "\x00", "\x00\x01", "Zürich", "é", "日本語", "0", "true", "a b"}
)

func drawInt(t *rapid.T) int64 {
	return rapid.OneOf(rapid.SampledFrom(someInts), rapid.Int64Range(-20, 20), rapid.Int64()).Draw(t, "int")
}

func drawFloat(t *rapid.T) float64 {
	return rapid.OneOf(rapid.SampledFrom(someFloats), rapid.Float64Range(-20, 20), rapid.Float64()).Draw(t, "float")
}

func drawDecimal(t *rapid.T) *apd.Decimal {
	if rapid.Bool().Draw(t, "known") {
		return mustDecimal(rapid.SampledFrom(someDecimals).Draw(t, "decimal"))
	}
	return apd.New(drawInt(t), rapid.Int32Range(-30, 30).Draw(t, "exponent"))
}

func mustDecimal(s string) *apd.Decimal {
	d, _, err := apd.NewFromString(s)
	if err != nil {
		panic(err)
	}
	return d
}

func drawString(t *rapid.T) string {
	return rapid.OneOf(rapid.SampledFrom(someStrings), rapid.StringN(0, 6, -1)).Draw(t, "string")
}

// drawKind draws a value of one kind; those made of others nest up to depth.
func drawKind(t *rapid.T, k Kind, depth int) Value {
	switch k {
	case KindBool:
		return Bool(rapid.Bool().Draw(t, "bool"))
	case KindInt:
		return Int(drawInt(t))
	case KindWide:
		return WideOf(drawWide(t, "wide"))
	case KindFloat:
		return Float(drawFloat(t))
	case KindDecimal:
		return Decimal(drawDecimal(t))
	case KindString:
		return String(drawString(t))
	case KindBytes:
		return Bytes(rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "bytes"))
	case KindTime:
		return Time(drawInt(t))
	case KindDuration:
		return Duration(time.Duration(drawInt(t)))
	case KindUUID:
		return UUID([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid")))
	}
	return drawNested(t, k, depth)
}

func drawNested(t *rapid.T, k Kind, depth int) Value {
	switch k {
	case KindRecord:
		key := drawKind(t, rapid.SampledFrom([]Kind{KindInt, KindWide, KindString, KindUUID}).Draw(t, "key"), 0)
		return Record(rapid.SampledFrom([]string{"person", "city"}).Draw(t, "table"), key)
	case KindList, KindTuple, KindSet:
		vs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Value { return drawValue(t, depth-1) }), 0, 4).Draw(t, "elements")
		switch k {
		case KindTuple:
			return Tuple(vs)
		case KindSet:
			slices.SortFunc(vs, Compare)
			return SetOfSorted(slices.CompactFunc(vs, Equal))
		}
		return List(vs)
	case KindObject:
		names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "id"}), 0, 3, rapid.ID).Draw(t, "names")
		ms := make([]Member, len(names))
		for i, n := range names {
			ms[i] = Member{n, drawValue(t, depth-1)}
		}
		return Object(ms)
	case KindRange:
		return Range(&RangeValue{drawValue(t, 0), drawValue(t, 0), rapid.Bool().Draw(t, "inclusive")})
	case KindRegex:
		v, err := NewRegex(rapid.SampledFrom([]string{"a", "^b.*", "[0-9]+"}).Draw(t, "regex"), rapid.SampledFrom([]string{"", "i"}).Draw(t, "flags"))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	return None
}

// drawValue draws a value of any kind.
func drawValue(t *rapid.T, depth int) Value {
	top := KindRecord
	if depth > 0 {
		top = KindRegex
	}
	return drawKind(t, Kind(rapid.IntRange(0, int(top)).Draw(t, "kind")), depth)
}
