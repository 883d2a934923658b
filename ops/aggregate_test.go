package ops_test

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
)

// tester is testing.T, testing.F and rapid.T.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

func noError(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

func hasCode(t tester, want ops.Code, err error) {
	t.Helper()
	if err == nil || ops.CodeOf(err) != want {
		t.Fatalf("want a %s error, got %v", want, err)
	}
}

func equal[T comparable](t tester, want, got T) {
	t.Helper()
	if want != got {
		t.Fatalf("want %v, got %v", want, got)
	}
}

// batch is what one call of Add gets, in the words of the model: every row's value and group, and the selected rows.
type batch struct {
	values []ops.Value
	groups []int32
	sel    ops.Selection
}

func (b batch) vector() *ops.Vector {
	v := new(ops.Vector)
	for _, x := range b.values {
		v.Append(x)
	}
	return v
}

func (b batch) selected() ops.Selection {
	if b.sel != nil {
		return b.sel
	}
	all := make(ops.Selection, len(b.values))
	for i := range all {
		all[i] = int32(i)
	}
	return all
}

func (b batch) addTo(s ops.GroupState) error {
	return s.Add(b.groups, b.vector(), b.sel, len(b.values))
}

// values that the model and the states are tried with, by what aggregates take them.
var (
	numberGens = []*rapid.Generator[ops.Value]{
		rapid.Map(rapid.Int64Range(-50, 50), ops.Int),
		rapid.Map(rapid.Float64Range(-100, 100), ops.Float),
		rapid.Map(rapid.Int64Range(-500, 500), func(i int64) ops.Value { return ops.Decimal(apd.New(i, -2)) }),
	}
	otherGens = []*rapid.Generator[ops.Value]{
		rapid.Map(rapid.StringMatching("[a-f]{0,3}"), ops.String),
		rapid.Map(rapid.Bool(), ops.Bool),
		rapid.Map(rapid.Int64Range(0, 9), ops.Time),
		rapid.Map(rapid.Int64Range(0, 9), func(i int64) ops.Value { return ops.Record("person", ops.Int(i)) }),
		rapid.Map(rapid.SliceOfN(rapid.Int64Range(0, 3), 0, 3), func(is []int64) ops.Value {
			vs := []ops.Value{ops.None}
			for _, i := range is {
				vs = append(vs, ops.Int(i))
			}
			return ops.List(vs)
		}),
		rapid.Map(rapid.StringMatching("[ab]{0,2}"), func(s string) ops.Value {
			return ops.Object([]ops.Member{{Name: "s", Value: ops.String(s)}, {Name: "b", Value: ops.Bytes([]byte(s))}})
		}),
	}
)

func drawBatch(t *rapid.T, gens []*rapid.Generator[ops.Value], groups int) batch {
	gen := rapid.SampledFrom(gens).Draw(t, "kind")
	if rapid.IntRange(0, 3).Draw(t, "mixed") == 0 {
		gen = rapid.OneOf(gens...)
	}
	if rapid.Bool().Draw(t, "holes") {
		gen = rapid.OneOf(gen, rapid.Just(ops.None))
	}
	b := batch{values: rapid.SliceOfN(gen, 0, 40).Draw(t, "values")}
	if groups > 1 {
		b.groups = rapid.SliceOfN(rapid.Int32Range(0, int32(groups-1)), len(b.values), len(b.values)).Draw(t, "groups")
	}
	if rapid.Bool().Draw(t, "selection") {
		b.sel = ops.Selection{}
		for i := range b.values {
			if rapid.Bool().Draw(t, "selected") {
				b.sel = append(b.sel, int32(i))
			}
		}
	}
	return b
}

// naive is what an aggregate gives for the values of one group that are not none.
func naive(name string, vs []ops.Value) ops.Value {
	switch name {
	case "count":
		return ops.Int(int64(len(vs)))
	case "approx_distinct":
		return ops.Int(int64(len(distinct(vs))))
	case "collect":
		return ops.List(vs)
	case "distinct":
		return ops.List(distinct(vs))
	case "group":
		var flat []ops.Value
		for _, v := range vs {
			if v.Kind() == ops.KindList {
				flat = append(flat, present(v.AsList())...)
			} else {
				flat = append(flat, v)
			}
		}
		return ops.List(distinct(flat))
	}
	if len(vs) == 0 {
		return ops.None
	}
	switch name {
	case "first":
		return vs[0]
	case "last":
		return vs[len(vs)-1]
	case "min":
		return slices.MinFunc(vs, ops.Compare)
	case "max":
		return slices.MaxFunc(vs, ops.Compare)
	}
	return ops.Float(naiveNumber(name, vs))
}

func naiveNumber(name string, vs []ops.Value) float64 {
	sum := new(big.Rat)
	xs := make([]float64, len(vs))
	for i, v := range vs {
		r := rat(v)
		sum.Add(sum, r)
		xs[i], _ = r.Float64()
	}
	total, _ := sum.Float64()
	mean := total / float64(len(vs))
	slices.Sort(xs)
	switch name {
	case "sum":
		return total
	case "avg":
		return mean
	case "median", "percentile":
		return (xs[(len(xs)-1)/2] + xs[len(xs)/2]) / 2
	}
	m2 := 0.0
	for _, x := range xs {
		m2 += (x - mean) * (x - mean)
	}
	variance := m2 / float64(max(len(xs)-1, 1))
	if name == "stddev" {
		return math.Sqrt(variance)
	}
	return variance
}

func rat(v ops.Value) *big.Rat {
	switch v.Kind() {
	case ops.KindInt:
		return new(big.Rat).SetInt64(v.AsInt())
	case ops.KindFloat:
		return new(big.Rat).SetFloat64(v.AsFloat())
	}
	r, _ := new(big.Rat).SetString(v.AsDecimal().Text('f'))
	return r
}

func distinct(vs []ops.Value) (out []ops.Value) {
	for _, v := range vs {
		if !slices.ContainsFunc(out, func(o ops.Value) bool { return ops.Equal(o, v) }) {
			out = append(out, v)
		}
	}
	return out
}

func present(vs []ops.Value) []ops.Value {
	return slices.DeleteFunc(slices.Clone(vs), ops.Value.IsNone)
}

// byGroup sorts the selected values of batches that are not none by group.
func byGroup(batches []batch, groups int) [][]ops.Value {
	vs := make([][]ops.Value, groups)
	for _, b := range batches {
		for _, i := range b.selected() {
			g := int32(0)
			if b.groups != nil {
				g = b.groups[i]
			}
			if !b.values[i].IsNone() {
				vs[g] = append(vs[g], b.values[i])
			}
		}
	}
	return vs
}

func takesOnlyNumbers(name string) bool {
	return slices.Contains([]string{"sum", "avg", "variance", "stddev", "median", "percentile"}, name)
}

func same(t tester, want, got ops.Value, what string) {
	if want.Kind() == ops.KindFloat && got.Kind().IsNumber() {
		f, _ := rat(got).Float64()
		if math.Abs(want.AsFloat()-f) > 1e-6*(1+math.Abs(want.AsFloat())) {
			t.Fatalf("%s: want %v, got %v", what, want.AsFloat(), f)
		}
		return
	}
	if !ops.Equal(want, got) {
		t.Fatalf("%s: want %s, got %s", what, ops.Format(want), ops.Format(got))
	}
}

// Every aggregate gives what the naive one gives: added at once, added to two states that are merged, and written and
// read in between.
func TestAggregatesAreTheNaiveOnes(t *testing.T) {
	for i := range ops.Aggregates {
		a := &ops.Aggregates[i]
		for _, once := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/once=%v", a.Name, once), func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) { checkAggregate(t, a, once) })
			})
		}
	}
}

func checkAggregate(t *rapid.T, a *ops.Aggregate, once bool) {
	gens := numberGens
	if !takesOnlyNumbers(a.Name) {
		gens = slices.Concat(numberGens, otherGens)
	}
	groups := rapid.IntRange(1, 4).Draw(t, "groups")
	fresh := func() ops.GroupState {
		s := a.New()
		if once {
			s = a.NewDistinct()
		}
		s.Grow(groups)
		return s
	}
	batches := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) batch { return drawBatch(t, gens, groups) }), 0, 5).Draw(t, "batches")
	cut := rapid.IntRange(0, len(batches)).Draw(t, "cut")
	whole, front, back := fresh(), fresh(), fresh()
	for i, b := range batches {
		noError(t, b.addTo(whole))
		if i < cut {
			noError(t, b.addTo(front))
		} else {
			noError(t, b.addTo(back))
		}
	}
	mapping := rapid.Permutation([]int32{0, 1, 2, 3}[:groups]).Draw(t, "mapping")
	merged, read := fresh(), fresh()
	for g := range groups {
		noError(t, merged.Decode(int(mapping[g]), front.Encode(nil, g)))
	}
	noError(t, merged.Merge(back, mapping))
	for g := range groups {
		noError(t, read.Decode(g, whole.Encode(nil, g)))
		equal(t, string(whole.Encode(nil, g)), string(read.Encode(nil, g)))
	}
	for g, vs := range byGroup(batches, groups) {
		if once {
			vs = distinct(vs)
		}
		want := naive(a.Name, vs)
		for how, s := range map[string]ops.GroupState{"added": whole, "read": read} {
			got, err := s.Result(g)
			noError(t, err)
			same(t, want, got, how)
		}
		got, err := merged.Result(int(mapping[g]))
		noError(t, err)
		same(t, want, got, "merged")
	}
	if whole.Size() <= 0 {
		t.Fatalf("a state without a size")
	}
}

func resultOf(t *testing.T, name string, vs ...ops.Value) (ops.Value, error) {
	t.Helper()
	s := ops.LookupAggregate(name).New()
	s.Grow(1)
	if err := (batch{values: vs}).addTo(s); err != nil {
		return ops.None, err
	}
	return s.Result(0)
}

func TestSumIsExact(t *testing.T) {
	most := ops.Int(math.MaxInt64)
	v, err := resultOf(t, "sum", most, most, ops.Int(-math.MaxInt64))
	noError(t, err)
	equal(t, most.AsInt(), v.AsInt())

	_, err = resultOf(t, "sum", most, ops.Int(1))
	hasCode(t, ops.CodeOverflow, err)

	v, err = resultOf(t, "avg", most, most)
	noError(t, err)
	equal(t, float64(math.MaxInt64), v.AsFloat())

	v, err = resultOf(t, "sum", ops.Float(1e100), ops.Float(1), ops.Float(-1e100))
	noError(t, err)
	equal(t, 1.0, v.AsFloat()) // what rounding lost is kept beside

	_, err = resultOf(t, "sum", ops.Float(math.MaxFloat64), ops.Float(math.MaxFloat64))
	hasCode(t, ops.CodeNotFinite, err)

	v, err = resultOf(t, "sum", ops.Decimal(apd.New(1, 20)), ops.Decimal(apd.New(1, -20)), ops.Int(1))
	noError(t, err)
	equal(t, "100000000000000000001.00000000000000000001", v.AsDecimal().Text('f'))

	_, err = resultOf(t, "sum", ops.Decimal(apd.New(1, 5000)), ops.Decimal(apd.New(1, -5000)))
	hasCode(t, ops.CodeNumberOutOfRange, err)

	v, err = resultOf(t, "avg", ops.Duration(time.Second), ops.Duration(2*time.Second))
	noError(t, err)
	equal(t, 1500*time.Millisecond, v.AsDuration())

	_, err = resultOf(t, "sum", ops.String("1"))
	hasCode(t, ops.CodeType, err)
	_, err = resultOf(t, "sum", ops.Duration(1), ops.Int(1))
	hasCode(t, ops.CodeType, err)
}

// A state that is written and read has every kind of value as it was.
func TestStatesKeepEveryKind(t *testing.T) {
	b := batch{}
	for _, text := range nastyValues {
		v, err := evaluate(t, text)
		noError(t, err)
		b.values = append(b.values, v)
	}
	b.values = append(b.values, ops.List(b.values))
	for _, name := range []string{"collect", "distinct", "last"} {
		a := ops.LookupAggregate(name)
		s, back := a.New(), a.New()
		s.Grow(1)
		back.Grow(1)
		noError(t, b.addTo(s))
		noError(t, back.Decode(0, s.Encode(nil, 0)))
		want, _ := s.Result(0)
		got, _ := back.Result(0)
		equal(t, ops.Format(want), ops.Format(got))
	}
}

// What a state keeps must not change when the batch it came from is used again.
func TestStatesCopyWhatTheyKeep(t *testing.T) {
	for i := range ops.Aggregates {
		a := &ops.Aggregates[i]
		if takesOnlyNumbers(a.Name) {
			continue
		}
		raw := []byte{1, 2}
		v := new(ops.Vector)
		for _, x := range []ops.Value{ops.Bytes(raw), ops.List([]ops.Value{ops.Bytes(raw)})} {
			v.Append(x)
		}
		s := a.New()
		s.Grow(1)
		noError(t, s.Add(nil, v, nil, v.N))
		want := ops.Format(result(t, s))
		raw[0] = 9
		equal(t, want, ops.Format(result(t, s)))
	}
}

func result(t tester, s ops.GroupState) ops.Value {
	t.Helper()
	v, err := s.Result(0)
	noError(t, err)
	return v
}

// A result is of the type that the table promises for the type of the values.
func TestAggregateTypes(t *testing.T) {
	equal(t, len(ops.AggregateNames()), len(ops.Aggregates))
	for _, gen := range slices.Concat(numberGens, otherGens) {
		for _, v := range []ops.Value{ops.None, gen.Example(1)} {
			for i := range ops.Aggregates {
				a := &ops.Aggregates[i]
				if takesOnlyNumbers(a.Name) && !v.IsNone() && !v.Kind().IsNumber() {
					continue
				}
				got, err := resultOf(t, a.Name, v)
				noError(t, err)
				want := a.Result(typeOf(v))
				if _, err := ops.Check(got, want); err != nil {
					t.Errorf("%s of %s gives %s, not %s", a.Name, ops.Format(v), ops.Format(got), want)
				}
			}
		}
	}
}

func TestCountOfRows(t *testing.T) {
	s := ops.LookupAggregate("count").New()
	s.Grow(2)
	noError(t, s.Add([]int32{0, 1, 1, 1}, nil, ops.Selection{0, 1, 3}, 4))
	noError(t, s.Add(nil, nil, nil, 1000))
	zero, _ := s.Result(0)
	one, _ := s.Result(1)
	equal(t, int64(1001), zero.AsInt())
	equal(t, int64(2), one.AsInt())
}

func TestApproxDistinctIsNear(t *testing.T) {
	for _, n := range []int{50, 100, 101, 1000, 10_000, 100_000} {
		s := ops.LookupAggregate("approx_distinct").New()
		s.Grow(1)
		for start := 0; start < 2*n; start += 500 {
			v := new(ops.Vector)
			for i := range 500 {
				v.Append(ops.Int(int64((start + i) % n)))
			}
			noError(t, s.Add(nil, v, nil, v.N))
		}
		got, _ := s.Result(0)
		if off := math.Abs(float64(got.AsInt())/float64(n) - 1); off > 0.06 {
			t.Errorf("%d of %d", got.AsInt(), n)
		}
		half, other := ops.LookupAggregate("approx_distinct").New(), ops.LookupAggregate("approx_distinct").New()
		half.Grow(1)
		other.Grow(1)
		for start := 0; start < n; start += 500 {
			v := new(ops.Vector)
			for i := start; i < min(n, start+500); i++ {
				v.Append(ops.Int(int64(i)))
			}
			to := half
			if start >= n/2 {
				to = other
			}
			noError(t, to.Add(nil, v, nil, v.N))
		}
		read := ops.LookupAggregate("approx_distinct").New()
		read.Grow(1)
		noError(t, read.Decode(0, half.Encode(nil, 0)))
		noError(t, read.Merge(other, nil))
		equal(t, got.AsInt(), result(t, read).AsInt())
		if n <= 100 {
			equal(t, int64(n), got.AsInt())
		}
	}
}

func TestPercentile(t *testing.T) {
	a := ops.LookupAggregate("percentile")
	s, err := a.NewWith([]ops.Value{ops.Int(90)})
	noError(t, err)
	s.Grow(1)
	v := new(ops.Vector)
	for i := range 11 {
		v.Append(ops.Int(int64(10 - i)))
	}
	noError(t, s.Add(nil, v, nil, v.N))
	got, err := s.Result(0)
	noError(t, err)
	equal(t, 9.0, got.AsFloat())
	for _, bad := range [][]ops.Value{nil, {ops.Int(101)}, {ops.String("x")}} {
		_, err := a.NewWith(bad)
		hasCode(t, ops.CodeArgument, err)
	}
}

// Batches cost no allocation once the state has its size.
func TestAddAllocatesNothing(t *testing.T) {
	groups := make([]int32, ops.BatchSize)
	ints, strs := new(ops.Vector), new(ops.Vector)
	for i := range groups {
		groups[i] = int32(i % 7)
		ints.Append(ops.Int(int64(i % 100)))
		strs.Append(ops.String(fmt.Sprint("s", i%100)))
	}
	for _, name := range []string{"count", "sum", "avg", "min", "max", "first", "distinct", "variance", "approx_distinct"} {
		s := ops.LookupAggregate(name).New()
		s.Grow(7)
		for _, v := range []*ops.Vector{ints, strs} {
			if v == strs && takesOnlyNumbers(name) {
				continue
			}
			noError(t, s.Add(groups, v, nil, v.N))
			n := testing.AllocsPerRun(10, func() { _ = s.Add(groups, v, nil, v.N) })
			if n != 0 {
				t.Errorf("%s of %s: %v allocations a batch", name, v.Kind, n)
			}
		}
	}
}

func FuzzAggregateDecode(f *testing.F) {
	for i := range ops.Aggregates {
		s := ops.Aggregates[i].New()
		s.Grow(1)
		b := batch{values: []ops.Value{ops.Int(3), ops.Float(1.5), ops.Decimal(apd.New(5, -1))}}
		noError(f, b.addTo(s))
		f.Add(uint8(i), s.Encode(nil, 0))
	}
	f.Fuzz(func(t *testing.T, which uint8, src []byte) {
		a := &ops.Aggregates[int(which)%len(ops.Aggregates)]
		for _, s := range []ops.GroupState{a.New(), a.NewDistinct()} {
			s.Grow(1)
			if s.Decode(0, src) != nil {
				continue
			}
			_, _ = s.Result(0)
			again := a.New()
			again.Grow(1)
			_ = again.Decode(0, s.Encode(nil, 0))
		}
	})
}

func BenchmarkAggregates(b *testing.B) {
	groups := make([]int32, ops.BatchSize)
	ints, floats := new(ops.Vector), new(ops.Vector)
	for i := range groups {
		groups[i] = int32(i * 7919 % 100)
		ints.Append(ops.Int(int64(i)))
		floats.Append(ops.Float(float64(i)))
	}
	for _, name := range []string{"count", "sum", "avg", "min", "stddev", "distinct"} {
		for kind, v := range map[string]*ops.Vector{"int": ints, "float": floats} {
			for how, of := range map[string][]int32{"grouped": groups, "whole": nil} {
				b.Run(name+"/"+kind+"/"+how, func(b *testing.B) {
					s := ops.LookupAggregate(name).New()
					s.Grow(100)
					for b.Loop() {
						if err := s.Add(of, v, nil, v.N); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(v.N), "ns/row")
				})
			}
		}
	}
}
