package zerodb_test

import (
	"slices"
	"time"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// anyValue generates values of the kinds that a record may hold and that Go has a value for; lists and objects nest so deep.
func anyValue(depth int) *rapid.Generator[zerodb.Value] {
	kinds := []*rapid.Generator[zerodb.Value]{
		rapid.Just(zerodb.None),
		rapid.Map(rapid.Bool(), zerodb.Bool),
		rapid.Map(rapid.Int64(), zerodb.Int),
		rapid.Map(rapid.Float64Range(-1e300, 1e300), zerodb.Float),
		rapid.Map(rapid.String(), zerodb.String),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 20), zerodb.Bytes),
		rapid.Map(rapid.Int64(), func(ns int64) zerodb.Value { return zerodb.Time(time.Unix(0, ns)) }),
		rapid.Map(rapid.Int64(), func(d int64) zerodb.Value { return zerodb.Duration(time.Duration(d)) }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) zerodb.Value { return zerodb.UUID([16]byte(b)) }),
		rapid.Map(rapid.Int64(), func(i int64) zerodb.Value { return zerodb.Decimal(apd.New(i, -2)) }),
		rapid.Map(anyKey(), func(k zerodb.Value) zerodb.Value { return zerodb.Record("person", k) }),
	}
	if depth > 0 {
		kinds = append(kinds,
			rapid.Map(rapid.SliceOfN(rapid.Deferred(func() *rapid.Generator[zerodb.Value] { return anyValue(depth - 1) }), 0, 4),
				func(vs []zerodb.Value) zerodb.Value { return zerodb.List(vs...) }),
			anyObject(depth-1))
	}
	return rapid.OneOf(kinds...)
}

// anyObject generates objects whose members are not none: a stored record does not tell none from missing.
func anyObject(depth int) *rapid.Generator[zerodb.Value] {
	return rapid.Custom(func(t *rapid.T) zerodb.Value {
		names := rapid.SliceOfNDistinct(memberName(), 0, 5, rapid.ID[string]).Draw(t, "names")
		slices.Sort(names)
		var ms []zerodb.Member
		for _, n := range names {
			v := anyValue(depth).Filter(func(v zerodb.Value) bool { return !v.IsNone() }).Draw(t, n)
			ms = append(ms, zerodb.Member{Name: n, Value: v})
		}
		return ops.Object(ms)
	})
}

func memberName() *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringMatching(`[a-z][a-z0-9_]{0,6}`), rapid.SampledFrom([]string{"select", "value", "$zql", "a b", "é", "end", "in."}))
}

// anyKey generates keys of records.
func anyKey() *rapid.Generator[zerodb.Value] {
	return rapid.OneOf(
		rapid.Map(rapid.Int64(), zerodb.Int),
		rapid.Map(rapid.StringMatching(`[a-zA-Z0-9 _:"-]{1,8}`), zerodb.String),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) zerodb.Value { return zerodb.UUID([16]byte(b)) }),
		rapid.Map(rapid.SliceOfN(rapid.Int64Range(0, 9), 1, 3), func(is []int64) zerodb.Value {
			var vs []zerodb.Value
			for _, i := range is {
				vs = append(vs, zerodb.Int(i))
			}
			return zerodb.List(vs...)
		}),
	)
}
