package ops

import (
	"math"
	"slices"

	"github.com/cockroachdb/apd/v3"
)

func mathFuncs() []Func {
	return slices.Concat(mathConstants(), mathRounding(), mathFloats(), mathInts(), mathLists())
}

func mathConstants() []Func {
	constant := func(name string, f float64, doc, result string) Func {
		row := fn("math::"+name, []string{"-> float"}, doc, "math::"+name+"()", result,
			func(*Env, []Value) (Value, error) { return Float(f), nil })
		row.Cost = CostConst
		return row
	}
	return []Func{
		constant("pi", math.Pi, "The ratio of a circle's circumference to its diameter.", "3.141592653589793"),
		constant("tau", 2*math.Pi, "The ratio of a circle's circumference to its radius.", "6.283185307179586"),
		constant("e", math.E, "The base of the natural logarithm.", "2.718281828459045"),
	}
}

// rounding makes a function that rounds floats and decimals and leaves ints as they are.
func rounding(name, doc, example, result string, float func(float64) float64, decimal apd.Rounder) Func {
	return fn("math::"+name, []string{"x: number -> number"}, doc, example, result, func(_ *Env, a []Value) (Value, error) {
		switch a[0].kind {
		case KindFloat:
			return Float(float(a[0].AsFloat())), nil
		case KindDecimal:
			return quantized(a[0].AsDecimal(), 0, decimal)
		}
		return a[0], nil
	})
}

// quantized rounds a decimal to so many places behind the point.
func quantized(d *apd.Decimal, places int32, how apd.Rounder) (Value, error) {
	if d.Exponent >= -places {
		return Decimal(d), nil
	}
	c := apd.BaseContext.WithPrecision(uint32(max(1, d.NumDigits()+1)))
	c.Rounding = how
	out := new(apd.Decimal)
	_, err := c.Quantize(out, d, -places)
	return decimalOf(out, err)
}

func mathRounding() []Func {
	return []Func{
		rounding("floor", "The greatest whole number that is not above x, of x's kind.", "math::floor(-1.5)", "-2.0", math.Floor, apd.RoundFloor),
		rounding("ceil", "The least whole number that is not below x, of x's kind.", "math::ceil(1.2)", "2.0", math.Ceil, apd.RoundCeiling),
		rounding("trunc", "x without what stands behind the point.", "math::trunc(-1.7)", "-1.0", math.Trunc, apd.RoundDown),
		fn("math::round", []string{"x: number, places?: int -> number"},
			"x rounded to so many places behind the point (0, and up to 15 either way), halves away from zero.",
			"math::round(2.5)", "3.0", mathRound),
		fn("math::fixed", []string{"x: number, places: int -> number"},
			"x rounded to so many places behind the point: SurrealQL's name for round with places.",
			"math::fixed(3.14159, 2)", "3.14", mathRound),
		fn("math::abs", []string{"x: number -> number", "x: duration -> duration"},
			"The size of a number without its sign.", "math::abs(-7)", "7", mathAbs),
		fn("math::sign", []string{"x: number -> int"}, "1, 0 or -1 as x is positive, zero or negative.",
			"math::sign(-2.5)", "-1", func(_ *Env, a []Value) (Value, error) { return Int(int64(Compare(a[0], Int(0)))), nil }),
		fn("math::clamp", []string{"x: number, low: number, high: number -> number"},
			"x, or the bound it lies beyond.", "math::clamp(12, 0, 10)", "10", func(_ *Env, a []Value) (Value, error) {
				switch {
				case Compare(a[1], a[2]) > 0:
					return None, fault(1, "lies above the other bound")
				case Compare(a[0], a[1]) < 0:
					return a[1], nil
				case Compare(a[0], a[2]) > 0:
					return a[2], nil
				}
				return a[0], nil
			}),
	}
}

func mathRound(_ *Env, a []Value) (Value, error) {
	places := intOr(a, 1, 0)
	if places < -15 || places > 15 {
		return None, fault(1, "must be from -15 to 15")
	}
	switch a[0].kind {
	case KindDecimal:
		return quantized(a[0].AsDecimal(), int32(places), apd.RoundHalfUp)
	case KindFloat:
		return finiteFloat(roundFloat(a[0].AsFloat(), places))
	}
	if places >= 0 {
		return a[0], nil
	}
	if a[0].kind == KindWide {
		return roundWide(a[0].AsWide(), uint64(-places))
	}
	unit := int64(math.Pow10(int(-places)))
	x := a[0].AsInt()
	rest := x % unit
	x -= rest
	switch {
	case rest >= unit-unit/2 && x > math.MaxInt64-unit, rest <= -(unit-unit/2) && x < math.MinInt64+unit:
		return None, overflow()
	case rest >= unit-unit/2:
		x += unit
	case rest <= -(unit - unit/2):
		x -= unit
	}
	return Int(x), nil
}

// roundWide rounds to so many places before the point.
func roundWide(w Wide, places uint64) (Value, error) {
	unit, _ := Wide{Lo: 10}.pow(places)
	_, rest, _ := w.divide(unit)
	down, _ := w.sub(rest)
	if rest.cmpMagnitude(Wide{Lo: unit.Lo / 2}) < 0 {
		return WideOf(down), nil
	}
	unit.Negative = w.Negative
	up, ok := down.add(unit)
	if !ok {
		return None, overflow()
	}
	return WideOf(up), nil
}

// roundFloat rounds the shortest decimal that reads back as f, so that 1.005 to 2 places is 1.01 as it is written.
func roundFloat(f float64, places int64) float64 {
	if places == 0 {
		return math.Round(f)
	}
	d := nearDecimal(Float(f))
	v, err := quantized(d, int32(places), apd.RoundHalfUp)
	if err != nil {
		return f
	}
	out, _ := floatOfDecimal(v.AsDecimal())
	return out
}

func mathAbs(_ *Env, a []Value) (Value, error) {
	switch x := a[0]; x.kind {
	case KindFloat:
		return Float(math.Abs(x.AsFloat())), nil
	case KindDecimal:
		return Decimal(new(apd.Decimal).Abs(x.AsDecimal())), nil
	case KindWide:
		w := x.AsWide()
		w.Negative = false
		return WideOf(w), nil
	default:
		if x.AsInt() == math.MinInt64 {
			return None, overflow()
		}
		if x.AsInt() < 0 {
			return Value{kind: x.kind, bits: -x.bits}, nil
		}
		return x, nil
	}
}

// float1 makes a function of one float.
func float1(name, doc, example, result string, f func(float64) float64) Func {
	return fn("math::"+name, []string{"x: float -> float"}, doc, example, result, func(_ *Env, a []Value) (Value, error) {
		x, err := float(a, 0)
		if err != nil {
			return None, err
		}
		return finiteFloat(f(x))
	})
}

func float2(name, params, doc, example, result string, f func(x, y float64) float64) Func {
	return fn("math::"+name, []string{params + " -> float"}, doc, example, result, func(_ *Env, a []Value) (Value, error) {
		x, err := float(a, 0)
		if err != nil {
			return None, err
		}
		y, err := float(a, 1)
		if err != nil {
			return None, err
		}
		return finiteFloat(f(x, y))
	})
}

func mathFloats() []Func {
	return []Func{
		float1("sqrt", "The square root.", "math::sqrt(2.25)", "1.5", math.Sqrt),
		float1("cbrt", "The cube root.", "math::cbrt(27)", "3.0", math.Cbrt),
		float1("exp", "e to the power of x.", "math::exp(0)", "1.0", math.Exp),
		float1("ln", "The natural logarithm.", "math::ln(1)", "0.0", math.Log),
		float1("log2", "The logarithm to base 2.", "math::log2(8)", "3.0", math.Log2),
		float1("log10", "The logarithm to base 10.", "math::log10(1000)", "3.0", log10),
		float2("log", "x: float, base: float", "The logarithm to a base.", "math::log(8, 2)", "3.0", logTo),
		float1("sin", "The sine of an angle in radians.", "math::sin(0)", "0.0", math.Sin),
		float1("cos", "The cosine of an angle in radians.", "math::cos(0)", "1.0", math.Cos),
		float1("tan", "The tangent of an angle in radians.", "math::tan(0)", "0.0", math.Tan),
		float1("cot", "The cotangent of an angle in radians.", "math::round(math::cot(0.7853981633974483), 9)", "1.0",
			func(x float64) float64 { return 1 / math.Tan(x) }),
		float1("asin", "The angle in radians whose sine is x.", "math::asin(0)", "0.0", math.Asin),
		float1("acos", "The angle in radians whose cosine is x.", "math::acos(1)", "0.0", math.Acos),
		float1("atan", "The angle in radians whose tangent is x.", "math::atan(0)", "0.0", math.Atan),
		float1("acot", "The angle in radians whose cotangent is x.", "math::acot(1)", "0.7853981633974483",
			func(x float64) float64 { return math.Atan(1 / x) }),
		float2("atan2", "y: float, x: float", "The angle in radians of the point (x, y).", "math::atan2(0, 1)", "0.0", math.Atan2),
		float1("sinh", "The hyperbolic sine.", "math::sinh(0)", "0.0", math.Sinh),
		float1("cosh", "The hyperbolic cosine.", "math::cosh(0)", "1.0", math.Cosh),
		float1("tanh", "The hyperbolic tangent.", "math::tanh(0)", "0.0", math.Tanh),
		float2("hypot", "x: float, y: float", "The length of the hypotenuse over two sides.", "math::hypot(3, 4)", "5.0", math.Hypot),
		float1("deg2rad", "An angle in degrees as radians.", "math::deg2rad(180)", "3.141592653589793",
			func(x float64) float64 { return x / 180 * math.Pi }),
		float1("rad2deg", "An angle in radians as degrees.", "math::rad2deg(math::pi())", "180.0",
			func(x float64) float64 { return x / math.Pi * 180 }),
		fn("math::lerp", []string{"from: float, to: float, part: float -> float"},
			"The number so far on the way from one to another: 0 is the first, 1 the second.",
			"math::lerp(0, 10, 0.5)", "5.0", func(_ *Env, a []Value) (Value, error) {
				fs, err := floats([]Value{List(a)}, 0)
				if err != nil {
					return None, err
				}
				return finiteFloat(fs[0]*(1-fs[2]) + fs[1]*fs[2])
			}),
		fn("math::pow", []string{"x: int, y: int -> any", "x: wide, y: wide -> any", "x: decimal, y: int -> decimal", "x: float, y: float -> float"},
			"x to the power of y: an int where both are and y is not negative.", "math::pow(2, 10)", "1024", mathPow),
	}
}

// log10 is exact for powers of ten, which math.Log10 is not on every machine.
func log10(x float64) float64 {
	f := math.Log10(x)
	if whole := math.Round(f); math.Abs(f-whole) < 1e-9 && math.Abs(whole) < 300 && math.Pow10(int(whole)) == x {
		return whole
	}
	return f
}

func logTo(x, base float64) float64 {
	switch base {
	case 2:
		return math.Log2(x)
	case 10:
		return log10(x)
	}
	return math.Log(x) / math.Log(base)
}

func mathPow(_ *Env, a []Value) (Value, error) {
	x, y := a[0], a[1]
	switch {
	case isInteger(x.kind) && isInteger(y.kind) && (x.kind == KindWide || y.kind == KindWide):
		v, err := powerWides(x.AsWide(), y.AsWide())
		if err != nil {
			return None, overflow()
		}
		return v, nil
	case x.kind == KindInt && y.kind == KindInt && y.AsInt() >= 0:
		i, ok := PowInts(x.AsInt(), y.AsInt())
		if !ok {
			return None, overflow()
		}
		return Int(i), nil
	case x.kind == KindDecimal && y.kind == KindInt:
		if y.AsInt() < -1000 || y.AsInt() > 1000 {
			return None, fault(1, "must be from -1000 to 1000 where the base is a decimal")
		}
		d := new(apd.Decimal)
		_, err := decimalContext.Pow(d, x.AsDecimal(), apd.New(y.AsInt(), 0))
		return decimalOf(d, err)
	}
	f, err := float(a, 0)
	if err != nil {
		return None, err
	}
	g, err := float(a, 1)
	if err != nil {
		return None, err
	}
	return finiteFloat(math.Pow(f, g))
}

func mathInts() []Func {
	return []Func{
		fn("math::gcd", []string{"x: int, y: int -> int"}, "The greatest common divisor.", "math::gcd(12, 18)", "6",
			func(_ *Env, a []Value) (Value, error) {
				g := gcd(a[0].AsInt(), a[1].AsInt())
				if g > math.MaxInt64 {
					return None, overflow()
				}
				return Int(int64(g)), nil
			}),
		fn("math::lcm", []string{"x: int, y: int -> int"}, "The least common multiple.", "math::lcm(4, 6)", "12",
			func(_ *Env, a []Value) (Value, error) {
				x, y := size(a[0].AsInt()), size(a[1].AsInt())
				if x == 0 || y == 0 {
					return Int(0), nil
				}
				x /= gcd(a[0].AsInt(), a[1].AsInt())
				if x > math.MaxInt64/y {
					return None, overflow()
				}
				return Int(int64(x * y)), nil
			}),
	}
}

func size(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

func gcd(x, y int64) uint64 {
	a, b := size(x), size(y)
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
