package ops

import (
	"math"
	"math/bits"
	"slices"

	"github.com/cockroachdb/apd/v3"
)

// numberList is the parameter of the functions over lists of numbers. Elements that are none are skipped.
const numberList = "list: [number]"

// ofNumbers makes a function that folds a list of numbers with an aggregate.
func ofNumbers(name, result, doc, example, gives string, state func() GroupState) Func {
	return fn("math::"+name, []string{numberList + " -> " + result}, doc, example, gives,
		func(_ *Env, a []Value) (Value, error) { return folded(state(), a[0].AsList()) })
}

// ofSorted makes a function of the sorted floats of a list; of an empty one it is none.
func ofSorted(name, doc, example, gives string, f func(sorted []float64) float64) Func {
	return fn("math::"+name, []string{numberList + " -> float?"}, doc, example, gives,
		func(_ *Env, a []Value) (Value, error) {
			fs, err := sortedNumbers(a, 0)
			if err != nil || len(fs) == 0 {
				return None, err
			}
			return finiteFloat(f(fs))
		})
}

func sortedNumbers(a []Value, i int) ([]float64, error) {
	fs, err := floats([]Value{List(withoutNone(a[i].AsList()))}, 0)
	if err != nil {
		return nil, fault(i, "has an element that is not a number")
	}
	slices.Sort(fs)
	return fs, nil
}

func withoutNone(vs []Value) []Value {
	if !slices.ContainsFunc(vs, Value.IsNone) {
		return vs
	}
	return slices.DeleteFunc(slices.Clone(vs), Value.IsNone)
}

func mathLists() []Func {
	quartiles := func(xs []float64) (float64, float64) { return rankOf(xs, 25), rankOf(xs, 75) }
	return slices.Concat(mathExtremes(), []Func{
		ofNumbers("sum", "number", "The sum of a list of numbers: 0 of none, exact for int and decimal.", "math::sum([1, 2, 3.5])", "6.5",
			func() GroupState { return &sumOrZero{} }),
		ofNumbers("mean", "any", "The arithmetic mean: a decimal if one is among the numbers, else a float.", "math::mean([1, 2])", "1.5",
			func() GroupState { return &sumState{mean: true} }),
		ofNumbers("median", "float?", "The middle number, or the mean of the two in the middle.", "math::median([3, 1, 2])", "2.0",
			func() GroupState { return &rankState{name: "median", percent: 50} }),
		ofNumbers("variance", "float?", "The sample variance; 0 for a single number.", "math::variance([1, 2, 3])", "1.0",
			func() GroupState { return &spreadState{} }),
		ofNumbers("stddev", "float?", "The sample standard deviation; 0 for a single number.", "math::stddev([1, 2, 3])", "1.0",
			func() GroupState { return &spreadState{root: true} }),
		ofSorted("spread", "The difference of the greatest and the least number.", "math::spread([5, 1, 3])", "4.0",
			func(xs []float64) float64 { return xs[len(xs)-1] - xs[0] }),
		ofSorted("interquartile", "The difference of the upper and the lower quartile.", "math::interquartile([1, 2, 3, 4, 5])", "2.0",
			func(xs []float64) float64 { lo, hi := quartiles(xs); return hi - lo }),
		ofSorted("midhinge", "The mean of the lower and the upper quartile.", "math::midhinge([1, 2, 3, 4, 5])", "3.0",
			func(xs []float64) float64 { lo, hi := quartiles(xs); return lo/2 + hi/2 }),
		ofSorted("trimean", "The mean of the median and the midhinge.", "math::trimean([1, 2, 3, 4, 5])", "3.0",
			func(xs []float64) float64 { lo, hi := quartiles(xs); return lo/4 + rankOf(xs, 50)/2 + hi/4 }),
		fn("math::percentile", []string{numberList + ", percent: float -> float?"},
			"The number below which so many percent (0 to 100) of the numbers lie, between two of them in proportion.",
			"math::percentile([1, 2, 3, 4, 5], 75)", "4.0", mathPercentile(rankOf)),
		fn("math::nearestrank", []string{numberList + ", percent: float -> float?"},
			"As percentile, but always one of the numbers: the nearest that is not below.",
			"math::nearestrank([1, 2, 3, 4], 60)", "3.0", mathPercentile(func(xs []float64, percent float64) float64 {
				rank := int(math.Ceil(percent / 100 * float64(len(xs))))
				return xs[max(rank, 1)-1]
			})),
		fn("math::product", []string{numberList + " -> number"}, "The product of a list of numbers; 1 of none.",
			"math::product([2, 3, 4])", "24", mathProduct),
		fn("math::mode", []string{numberList + " -> number?"}, "The number that is there most often; of several the greatest.",
			"math::mode([1, 2, 2, 3])", "2", mathMode),
	})
}

// sumOrZero is sum, but 0 of no numbers.
type sumOrZero struct{ sumState }

func (s *sumOrZero) Result(g int) (Value, error) {
	v, err := s.sumState.Result(g)
	if v.IsNone() && err == nil {
		v = Int(0)
	}
	return v, err
}

func mathPercentile(rank func([]float64, float64) float64) func(*Env, []Value) (Value, error) {
	return func(_ *Env, a []Value) (Value, error) {
		p, err := float(a, 1)
		if err != nil || p < 0 || p > 100 {
			return None, fault(1, "must be from 0 to 100")
		}
		xs, err := sortedNumbers(a, 0)
		if err != nil || len(xs) == 0 {
			return None, err
		}
		return finiteFloat(rank(xs, p))
	}
}

func mathExtremes() []Func {
	extreme := func(name, doc, example, result string, how picking) Func {
		signatures := []string{numberList + " -> number?", "x: number, y: number, others?...: number -> number"}
		return fn("math::"+name, signatures, doc, example, result, func(_ *Env, a []Value) (Value, error) {
			vs := a
			if !a[0].kind.IsNumber() {
				vs = a[0].AsList()
				for _, v := range vs {
					if !v.kind.IsNumber() && v.kind != KindNone {
						return None, fault(0, "has %s where a number is wanted", shown(v))
					}
				}
			}
			return folded(&pickState{how: how}, vs)
		})
	}
	some := func(name, doc, example, result string, sign int) Func {
		return fn("math::"+name, []string{numberList + ", count: int -> [number]"}, doc, example, result, func(_ *Env, a []Value) (Value, error) {
			n, err := intIn(a, 1, 0, maxElements)
			if err != nil {
				return None, err
			}
			if _, err := sortedNumbers(a, 0); err != nil {
				return None, err
			}
			vs := slices.Clone(withoutNone(a[0].AsList()))
			slices.SortStableFunc(vs, func(x, y Value) int { return sign * Compare(x, y) })
			return List(vs[:min(n, len(vs))]), nil
		})
	}
	return []Func{
		extreme("min", "The least of a list of numbers, or of numbers given one by one.", "math::min([3, 1, 2])", "1", pickMin),
		extreme("max", "The greatest of a list of numbers, or of numbers given one by one.", "math::max(3, 1.5, 2)", "3", pickMax),
		some("top", "The greatest numbers of a list, so many, from the greatest down.", "math::top([1, 3, 2], 2)", "[3, 2]", -1),
		some("bottom", "The least numbers of a list, so many, from the least up.", "math::bottom([1, 3, 2], 2)", "[1, 2]", 1),
	}
}

func mathProduct(_ *Env, a []Value) (Value, error) {
	kind, vs := KindInt, withoutNone(a[0].AsList())
	for _, v := range vs {
		if !v.kind.IsNumber() {
			return None, fault(0, "has %s where a number is wanted", shown(v))
		}
		kind = max(kind, v.kind)
	}
	switch kind {
	case KindInt:
		p := int64(1)
		for _, v := range vs {
			q, ok := MulInts(p, v.AsInt())
			if !ok {
				return None, overflow()
			}
			p = q
		}
		return Int(p), nil
	case KindWide:
		p := Wide{Lo: 1}
		for _, v := range vs {
			q, ok := p.mul(v.AsWide())
			if !ok {
				return None, overflow()
			}
			p = q
		}
		return WideOf(p), nil
	case KindFloat:
		p := 1.0
		for _, v := range vs {
			f, _ := asFloat(v)
			p *= f
		}
		return finiteFloat(p)
	}
	p := apd.New(1, 0)
	for _, v := range vs {
		if _, err := decimalContext.Mul(p, p, nearDecimal(v)); err != nil {
			return decimalOf(p, err)
		}
	}
	return Decimal(p), nil
}

func mathMode(_ *Env, a []Value) (Value, error) {
	if _, err := sortedNumbers(a, 0); err != nil {
		return None, err
	}
	vs := slices.Clone(withoutNone(a[0].AsList()))
	slices.SortStableFunc(vs, Compare)
	best, most := None, 0
	for i := 0; i < len(vs); {
		j := i + 1
		for j < len(vs) && Equal(vs[i], vs[j]) {
			j++
		}
		if j-i >= most {
			best, most = vs[i], j-i
		}
		i = j
	}
	return best, nil
}

func mathMore() []Func {
	whole := func(name, doc, example, result string, quotient bool) Func {
		return fn("math::"+name, []string{"x: int, y: int -> int"}, doc, "math::"+name+example, result, func(_ *Env, a []Value) (Value, error) {
			x, y := a[0].AsInt(), a[1].AsInt()
			switch {
			case y == 0:
				return None, faultOf(CodeDivisionByZero, 1, "divides by zero")
			case y == -1 && quotient:
				if x == math.MinInt64 {
					return None, overflow()
				}
				return Int(-x), nil
			case y == -1:
				return Int(0), nil
			}
			q, r := x/y, x%y
			if r != 0 && (r < 0) != (y < 0) {
				q, r = q-1, r+y
			}
			if quotient {
				return Int(q), nil
			}
			return Int(r), nil
		})
	}
	constant := func(name string, f float64, doc, result string) Func {
		row := fn("math::"+name, []string{"-> float"}, doc, "math::"+name+"()", result, func(*Env, []Value) (Value, error) { return Float(f), nil })
		row.Cost = CostConst
		return row
	}
	return []Func{
		whole("floor_div", "The quotient of ints, rounded down: what / rounds toward zero.", "(-7, 2)", "-4", true),
		whole("floor_mod", "The remainder that floor_div leaves; it has the sign of the divisor.", "(-7, 2)", "1", false),
		fn("math::factorial", []string{"n: int -> decimal"}, "The product of the ints from 1 to n (at most 400), as a decimal.", "math::factorial(20)", `d"2432902008176640000"`, mathFactorial),
		fn("math::bit_count", []string{"x: wide -> int"}, "How many bits of an integer are set; of a negative one, how many are not.", "math::bit_count(255)", "8", func(_ *Env, a []Value) (Value, error) {
			w := a[0].AsWide().bits()
			n := bits.OnesCount64(w[0]) + bits.OnesCount64(w[1]) + bits.OnesCount64(w[2])
			if w[2]>>63 != 0 {
				n = 192 - n
			}
			return Int(int64(n)), nil
		}),
		float1("asinh", "The number whose hyperbolic sine is x.", "math::asinh(0)", "0.0", math.Asinh),
		float1("acosh", "The number whose hyperbolic cosine is x.", "math::acosh(1)", "0.0", math.Acosh),
		float1("atanh", "The number whose hyperbolic tangent is x.", "math::atanh(0)", "0.0", math.Atanh),
		float1("log1p", "The natural logarithm of 1 + x, exact for small x.", "math::log1p(0)", "0.0", math.Log1p),
		float1("expm1", "e to the power of x, less 1, exact for small x.", "math::expm1(0)", "0.0", math.Expm1),
		constant("sqrt_2", math.Sqrt2, "The square root of 2.", "1.4142135623730951"),
		constant("ln_2", math.Ln2, "The natural logarithm of 2.", "0.6931471805599453"),
		constant("ln_10", math.Ln10, "The natural logarithm of 10.", "2.302585092994046"),
	}
}

func mathFactorial(_ *Env, a []Value) (Value, error) {
	n, err := intIn(a, 0, 0, 400)
	if err != nil {
		return None, err
	}
	p := apd.New(1, 0)
	for i := 2; i <= n; i++ {
		if _, err := exactProduct(p, p, apd.New(int64(i), 0)); err != nil {
			return None, overflow()
		}
	}
	return Decimal(p), nil
}
