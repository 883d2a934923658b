package ops

import (
	"math"
	"slices"
)

// Vectors are lists of numbers; the functions work on them as floats.

func vectorFuncs() []Func {
	return slices.Concat(vectorArithmetic(), vectorMeasures())
}

// vectorPair returns two vector arguments, which are of one length.
func vectorPair(a []Value) (x, y []float64, err error) {
	if x, err = floats(a, 0); err != nil {
		return nil, nil, err
	}
	if y, err = floats(a, 1); err != nil {
		return nil, nil, err
	}
	if len(x) != len(y) {
		return nil, nil, fault(1, "has %d elements, the first vector has %d", len(y), len(x))
	}
	return x, y, nil
}

// vectorOf makes a list of floats, which are finite.
func vectorOf(fs []float64) (Value, error) {
	vs := make([]Value, len(fs))
	for i, f := range fs {
		v, err := finiteFloat(f)
		if err != nil {
			return None, err
		}
		vs[i] = v
	}
	return List(vs), nil
}

func vectorArithmetic() []Func {
	each := func(name, doc, example, result string, f func(x, y float64) float64) Func {
		return fn("vector::"+name, []string{"a: [number], b: [number] -> [float]"}, doc, example, result,
			func(_ *Env, a []Value) (Value, error) {
				x, y, err := vectorPair(a)
				if err != nil {
					return None, err
				}
				for i := range x {
					x[i] = f(x[i], y[i])
				}
				return vectorOf(x)
			})
	}
	one := func(name, result, doc, example, gives string, f func(x []float64) (Value, error)) Func {
		return fn("vector::"+name, []string{"a: [number] -> " + result}, doc, example, gives,
			func(_ *Env, a []Value) (Value, error) {
				x, err := floats(a, 0)
				if err != nil {
					return None, err
				}
				return f(x)
			})
	}
	return []Func{
		each("add", "The sum, element by element.", "vector::add([1, 2], [3, 4])", "[4.0, 6.0]", func(x, y float64) float64 { return x + y }),
		each("subtract", "The difference, element by element.", "vector::subtract([4, 5], [3, 2])", "[1.0, 3.0]", func(x, y float64) float64 { return x - y }),
		each("multiply", "The product, element by element.", "vector::multiply([1, 2], [3, 4])", "[3.0, 8.0]", func(x, y float64) float64 { return x * y }),
		each("divide", "The quotient, element by element.", "vector::divide([6, 8], [3, 2])", "[2.0, 4.0]", func(x, y float64) float64 { return x / y }),
		fn("vector::scale", []string{"a: [number], by: float -> [float]"}, "The vector with each element multiplied by a number.",
			"vector::scale([1, 2], 2)", "[2.0, 4.0]", func(_ *Env, a []Value) (Value, error) {
				x, err := floats(a, 0)
				if err != nil {
					return None, err
				}
				by, err := float(a, 1)
				if err != nil {
					return None, err
				}
				return vectorOf(vectorTimes(x, by))
			}),
		one("magnitude", "float", "The length of the vector.", "vector::magnitude([3, 4])", "5.0",
			func(x []float64) (Value, error) { return finiteFloat(magnitude(x)) }),
		one("normalize", "[float]", "The vector of length 1 in the same direction; a vector of zeroes as it is.", "vector::normalize([3, 4])", "[0.6, 0.8]",
			func(x []float64) (Value, error) { return vectorOf(unit(x)) }),
		fn("vector::dot", []string{"a: [number], b: [number] -> float"}, "The dot product.", "vector::dot([1, 2], [3, 4])", "11.0", vectorMeasure(dot)),
		fn("vector::angle", []string{"a: [number], b: [number] -> float"}, "The angle between two vectors in radians.",
			"math::round(vector::angle([1, 0], [0, 1]), 6)", "1.570796",
			vectorMeasure(func(x, y []float64) float64 { return math.Acos(max(-1, min(1, cosine(x, y)))) })),
		fn("vector::cross", []string{"a: [number], b: [number] -> [float]"}, "The cross product of two vectors of three elements.",
			"vector::cross([1, 0, 0], [0, 1, 0])", "[0.0, 0.0, 1.0]", func(_ *Env, a []Value) (Value, error) {
				x, y, err := vectorPair(a)
				if err != nil {
					return None, err
				}
				if len(x) != 3 {
					return None, fault(0, "must have three elements")
				}
				return vectorOf([]float64{x[1]*y[2] - x[2]*y[1], x[2]*y[0] - x[0]*y[2], x[0]*y[1] - x[1]*y[0]})
			}),
		fn("vector::project", []string{"a: [number], b: [number] -> [float]"}, "The projection of a on b.", "vector::project([1, 2], [2, 0])", "[1.0, 0.0]",
			func(_ *Env, a []Value) (Value, error) {
				x, y, err := vectorPair(a)
				if err != nil {
					return None, err
				}
				return vectorOf(vectorTimes(y, dot(x, y)/dot(y, y)))
			}),
	}
}

func vectorTimes(x []float64, by float64) []float64 {
	for i := range x {
		x[i] *= by
	}
	return x
}

func vectorMeasure(f func(x, y []float64) float64) func(*Env, []Value) (Value, error) {
	return func(_ *Env, a []Value) (Value, error) {
		x, y, err := vectorPair(a)
		if err != nil {
			return None, err
		}
		return finiteFloat(f(x, y))
	}
}

func dot(x, y []float64) (sum float64) {
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

// magnitude is the Euclidean length; it does not overflow where the length itself fits.
func magnitude(x []float64) float64 {
	if m := math.Sqrt(dot(x, x)); m > 0 && !math.IsInf(m, 0) {
		return m
	}
	m := 0.0
	for _, f := range x {
		m = math.Hypot(m, f)
	}
	return m
}

// cosine is exactly 1 of equal vectors in most cases, by the first way; the second does not overflow. With a vector of
// zeroes it is 0.
func cosine(x, y []float64) float64 {
	if squares := dot(x, x) * dot(y, y); squares > 0 && !math.IsInf(squares, 0) {
		return dot(x, y) / math.Sqrt(squares)
	}
	return dot(unit(slices.Clone(x)), unit(slices.Clone(y)))
}

// unit makes the length of a vector 1, unless it is 0.
func unit(x []float64) []float64 {
	if m := magnitude(x); m != 0 {
		for i := range x {
			x[i] /= m
		}
	}
	return x
}

func vectorMeasures() []Func {
	measure := func(name, doc, example, result string, f func(x, y []float64) float64) Func {
		return fn("vector::"+name, []string{"a: [number], b: [number] -> float"}, doc, example, result, vectorMeasure(f))
	}
	return []Func{
		measure("distance::euclidean", "The length of the straight way.", "vector::distance::euclidean([0, 0], [3, 4])", "5.0", euclidean),
		measure("distance::manhattan", "The length of the way along the axes.", "vector::distance::manhattan([0, 0], [3, 4])", "7.0",
			func(x, y []float64) float64 { return minkowski(x, y, 1) }),
		measure("distance::chebyshev", "The greatest difference of two elements.", "vector::distance::chebyshev([0, 0], [3, 4])", "4.0",
			func(x, y []float64) (most float64) {
				for i := range x {
					most = max(most, math.Abs(x[i]-y[i]))
				}
				return most
			}),
		measure("distance::hamming", "At how many places the elements differ.", "vector::distance::hamming([1, 2], [1, 3])", "1.0",
			func(x, y []float64) (n float64) {
				for i := range x {
					if x[i] != y[i] {
						n++
					}
				}
				return n
			}),
		fn("vector::distance::cosine", []string{"a: [number], b: [number] -> float"},
			"1 less the cosine of the angle, 1 with a vector of zeroes: what <> gives where no index says otherwise.",
			"vector::distance::cosine([1, 0], [0, 1])", "1.0", func(_ *Env, a []Value) (Value, error) {
				x, y, err := vectorPair(a)
				if err != nil {
					return None, err
				}
				d, err := Cosine(dot(x, y), dot(x, x), dot(y, y))
				if err != nil {
					return finiteFloat(1 - cosine(x, y))
				}
				return d, nil
			}),
		fn("vector::distance::minkowski", []string{"a: [number], b: [number], p: float -> float"}, "The Minkowski distance of order p: 1 is manhattan, 2 euclidean.",
			"vector::distance::minkowski([0, 0], [3, 4], 1)", "7.0", func(_ *Env, a []Value) (Value, error) {
				p, err := float(a, 2)
				if err != nil || p < 1 {
					return None, fault(2, "must be 1 or more")
				}
				return vectorMeasure(func(x, y []float64) float64 { return minkowski(x, y, p) })(nil, a[:2])
			}),
		measure("similarity::cosine", "The cosine of the angle, from -1 to 1.", "vector::similarity::cosine([1, 2], [1, 2])", "1.0",
			func(x, y []float64) float64 { return max(-1, min(1, cosine(x, y))) }),
		measure("similarity::jaccard", "How many distinct elements are in both, over how many there are.",
			"vector::similarity::jaccard([1, 2], [2, 3])", "0.3333333333333333", jaccard),
		measure("similarity::spearman", "The correlation of the elements' ranks, from -1 to 1.", "vector::similarity::spearman([1, 2, 3], [2, 4, 9])", "1.0",
			func(x, y []float64) float64 {
				x, y = ranks(x), ranks(y)
				center(x)
				center(y)
				return max(-1, min(1, cosine(x, y)))
			}),
		measure("similarity::pearson", "The correlation of the elements, from -1 to 1.", "vector::similarity::pearson([1, 2, 3], [2, 4, 6])", "1.0",
			func(x, y []float64) float64 {
				center(x)
				center(y)
				return max(-1, min(1, cosine(x, y)))
			}),
	}
}

func euclidean(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += (x[i] - y[i]) * (x[i] - y[i])
	}
	return math.Sqrt(sum)
}

func minkowski(x, y []float64, p float64) float64 {
	sum := 0.0
	for i := range x {
		sum += math.Pow(math.Abs(x[i]-y[i]), p)
	}
	return math.Pow(sum, 1/p)
}

func jaccard(x, y []float64) float64 {
	in := map[float64]int{}
	for _, f := range x {
		in[f] |= 1
	}
	for _, f := range y {
		in[f] |= 2
	}
	both := 0
	for _, where := range in {
		if where == 3 {
			both++
		}
	}
	return float64(both) / float64(len(in))
}

func center(x []float64) {
	mean := 0.0
	for _, f := range x {
		mean += f / float64(len(x))
	}
	for i := range x {
		x[i] -= mean
	}
}

func vectorMore() []Func {
	return []Func{
		fn("vector::negate", []string{numberList + " -> [float]"}, "The vector that points the other way.", "vector::negate([1, -2])", "[-1.0, 2.0]", func(_ *Env, a []Value) (Value, error) {
			xs, err := floats(a, 0)
			if err != nil {
				return None, err
			}
			out := make([]Value, len(xs))
			for i, x := range xs {
				out[i] = Float(0 - x)
			}
			return List(out), nil
		}),
	}
}

// ranks are the places of numbers in order, equal ones sharing the mean of theirs.
func ranks(xs []float64) []float64 {
	order := make([]int, len(xs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return compareFloats(xs[i], xs[j]) })
	out := make([]float64, len(xs))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && xs[order[j]] == xs[order[i]] {
			j++
		}
		for _, k := range order[i:j] {
			out[k] = float64(i+j+1) / 2
		}
		i = j
	}
	return out
}
