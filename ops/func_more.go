package ops

import (
	"encoding/base32"
	"encoding/base64"
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// arrayMore are functions of lists that are read as bools, and sums over lists.
func arrayMore() []Func {
	pairwise := func(name, doc, result string, f func(a, b bool) bool) Func {
		return fn("array::boolean_"+name, []string{"a: list, b: list -> [bool]"}, doc, "array::boolean_"+name+"([true, false], [true, true])", result,
			func(_ *Env, a []Value) (Value, error) {
				x, y := a[0].AsList(), a[1].AsList()
				out := make([]Value, max(len(x), len(y)))
				at := func(vs []Value, i int) bool { return i < len(vs) && isSet(vs[i]) }
				for i := range out {
					out[i] = Bool(f(at(x, i), at(y, i)))
				}
				return List(out), nil
			})
	}
	return []Func{
		pairwise("and", "For each place whether both lists have something that counts as true there: all but none, false, 0 and what is empty does.", "[true, false]", func(a, b bool) bool { return a && b }),
		pairwise("or", "For each place whether one of the lists has something there that counts as true.", "[true, true]", func(a, b bool) bool { return a || b }),
		pairwise("xor", "For each place whether just one of the lists has something there that counts as true.", "[false, true]", func(a, b bool) bool { return a != b }),
		fn("array::boolean_not", []string{"list: list -> [bool]"}, "For each element whether it does not count as true.", "array::boolean_not([0, 1])", "[true, false]", func(_ *Env, a []Value) (Value, error) {
			out := make([]Value, len(a[0].AsList()))
			for i, v := range a[0].AsList() {
				out[i] = Bool(!isSet(v))
			}
			return List(out), nil
		}),
		fn("array::filter_index", []string{"list: list, value: any -> [int]"}, "The indexes at which a value is.", "array::filter_index([1, 2, 1], 1)", "[0, 2]", func(_ *Env, a []Value) (Value, error) {
			var out []Value
			for i, v := range a[0].AsList() {
				if Equal(v, a[1]) {
					out = append(out, Int(int64(i)))
				}
			}
			return List(out), nil
		}),
		fn("array::rotate", []string{"list: [T], steps: int -> [T]"}, "The list with so many elements taken from its beginning to its end; the other way round where negative.", "array::rotate([1, 2, 3], 1)", "[2, 3, 1]",
			func(_ *Env, a []Value) (Value, error) {
				vs := a[0].AsList()
				if len(vs) == 0 {
					return List(nil), nil
				}
				k := int((a[1].AsInt()%int64(len(vs)) + int64(len(vs))) % int64(len(vs)))
				return List(slices.Concat(vs[k:], vs[:k])), nil
			}),
		fn("array::sum", []string{numberList + " -> number"}, "The sum of the numbers: DuckDB users look for it here.", "array::sum([1, 2])", "3",
			func(_ *Env, a []Value) (Value, error) { return folded(&sumOrZero{}, a[0].AsList()) }),
		fn("array::avg", []string{numberList + " -> any"}, "The mean of the numbers.", "array::avg([1, 2])", "1.5",
			func(_ *Env, a []Value) (Value, error) { return folded(&sumState{mean: true}, a[0].AsList()) }),
		fn("array::cumulative_sum", []string{numberList + " -> [number]"}, "For each place the sum of the numbers up to there.", "array::cumulative_sum([1, 2, 3])", "[1, 3, 6]", arrayCumulative),
	}
}

// isSet reports whether a value counts as true where lists of anything are read as bools.
func isSet(v Value) bool {
	switch v.kind {
	case KindNone:
		return false
	case KindBool:
		return v.AsBool()
	case KindString, KindBytes, KindList, KindTuple, KindSet, KindObject:
		return v.bits != 0
	}
	return !v.kind.IsNumber() || Compare(v, Int(0)) != 0
}

func arrayCumulative(_ *Env, a []Value) (Value, error) {
	sum := Int(0)
	out := make([]Value, len(a[0].AsList()))
	for i, v := range a[0].AsList() {
		if v.IsNone() {
			out[i] = sum
			continue
		}
		if !v.kind.IsNumber() {
			return None, fault(0, "has %s where a number is wanted", shown(v))
		}
		var err error
		if sum, err = add(sum, v); err != nil {
			return None, overflow()
		}
		out[i] = sum
	}
	return List(out), nil
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

func timeMore() []Func {
	name := func(name, doc, result string, f func(t time.Time) string) Func {
		return fn("time::"+name, []string{"t: time -> string"}, doc, "time::"+name+`(t"2026-11-24")`, result,
			func(_ *Env, a []Value) (Value, error) { return String(f(a[0].AsTime())), nil })
	}
	set := func(part, example, result string, lo, hi int64, f func(t time.Time, n int) time.Time) Func {
		return fn("time::set_"+part, []string{"t: time, " + part + ": int -> time"}, "The time with another "+part+"; what the month then lacks runs over into the next.",
			"time::set_"+part+`(t"2026-11-24T10:20:30Z", `+example+`)`, result, func(_ *Env, a []Value) (Value, error) {
				n, err := intIn(a, 1, lo, hi)
				if err != nil {
					return None, err
				}
				return timeFrom(f(a[0].AsTime(), n))
			})
	}
	date := func(t time.Time, y int, m time.Month, d, h, min, s int) time.Time {
		return time.Date(y, m, d, h, min, s, t.Nanosecond(), time.UTC)
	}
	at := func(name, result string, ns int64, doc string) Func {
		row := fn("time::"+name, []string{"-> time"}, doc, "time::"+name+"()", result, func(*Env, []Value) (Value, error) { return Time(ns), nil })
		row.Cost = CostConst
		return row
	}
	return []Func{
		name("weekday_name", "The day of the week, in English.", `"Tuesday"`, func(t time.Time) string { return t.Weekday().String() }),
		name("month_name", "The month, in English.", `"November"`, func(t time.Time) string { return t.Month().String() }),
		fn("time::diff", []string{"from: time, to: time, unit: string -> int"}, "How many whole years, quarters, months, weeks, days, hours, minutes or seconds lie between two times.",
			`time::diff(t"2026-01-31", t"2026-03-01", "month")`, "1", timeDiff),
		fn("time::last_day", []string{"t: time -> time"}, "The last day of the month that t is in.", `time::last_day(t"2028-02-10")`, `t"2028-02-29"`, func(_ *Env, a []Value) (Value, error) {
			t := a[0].AsTime()
			return timeFrom(time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC))
		}),
		fn("time::is_weekend", []string{"t: time -> bool"}, "Whether t is on a Saturday or Sunday.", `time::is_weekend(t"2026-11-22")`, "true", func(_ *Env, a []Value) (Value, error) {
			d := a[0].AsTime().Weekday()
			return Bool(d == time.Saturday || d == time.Sunday), nil
		}),
		set("year", "2030", `t"2030-11-24T10:20:30Z"`, 1678, 2262, func(t time.Time, n int) time.Time {
			return date(t, n, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second())
		}),
		set("month", "5", `t"2026-05-24T10:20:30Z"`, 1, 12, func(t time.Time, n int) time.Time {
			return date(t, t.Year(), time.Month(n), t.Day(), t.Hour(), t.Minute(), t.Second())
		}),
		set("day", "5", `t"2026-11-05T10:20:30Z"`, 1, 31, func(t time.Time, n int) time.Time {
			return date(t, t.Year(), t.Month(), n, t.Hour(), t.Minute(), t.Second())
		}),
		set("hour", "5", `t"2026-11-24T05:20:30Z"`, 0, 23, func(t time.Time, n int) time.Time {
			return date(t, t.Year(), t.Month(), t.Day(), n, t.Minute(), t.Second())
		}),
		set("minute", "5", `t"2026-11-24T10:05:30Z"`, 0, 59, func(t time.Time, n int) time.Time {
			return date(t, t.Year(), t.Month(), t.Day(), t.Hour(), n, t.Second())
		}),
		set("second", "5", `t"2026-11-24T10:20:05Z"`, 0, 59, func(t time.Time, n int) time.Time {
			return date(t, t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), n)
		}),
		at("epoch", `t"1970-01-01"`, 0, "Where times are counted from."),
		at("minimum", `t"1677-09-21T00:12:43.145224192Z"`, math.MinInt64, "The earliest time there is."),
		at("maximum", `t"2262-04-11T23:47:16.854775807Z"`, math.MaxInt64, "The latest time there is."),
	}
}

func timeFrom(t time.Time) (Value, error) {
	if t.Before(firstTime) || t.After(lastTime) {
		return None, faultOf(CodeOverflow, -1, "leads outside the years 1677 to 2262")
	}
	return Time(t.UnixNano()), nil
}

var diffUnits = map[string]time.Duration{"week": 7 * 24 * time.Hour, "day": 24 * time.Hour, "hour": time.Hour, "minute": time.Minute, "second": time.Second}

func timeDiff(_ *Env, a []Value) (Value, error) {
	from, to, unit := a[0].AsTime(), a[1].AsTime(), a[2].AsString()
	if size, ok := diffUnits[unit]; ok {
		// The difference in nanoseconds may leave the range, in seconds it does not.
		seconds := to.Unix() - from.Unix()
		nanos := int64(to.Nanosecond() - from.Nanosecond())
		if seconds > 0 && nanos < 0 {
			seconds--
		} else if seconds < 0 && nanos > 0 {
			seconds++
		}
		return Int(seconds / int64(size/time.Second)), nil
	}
	months, ok := map[string]int64{"year": 12, "quarter": 3, "month": 1}[unit]
	if !ok {
		return None, fault(2, "is no unit: those are year, quarter, month, week, day, hour, minute and second")
	}
	sign := int64(1)
	if to.Before(from) {
		from, to, sign = to, from, -1
	}
	n := int64(to.Year()-from.Year())*12 + int64(to.Month()-from.Month())
	for n > 0 {
		v, err := addMonths(from, n)
		if err == nil && !v.AsTime().After(to) {
			break
		}
		n--
	}
	return Int(sign * (n / months)), nil
}

func durationMore() []Func {
	step := func(name, doc, result string, f func(t, d int64) (int64, bool)) Func {
		return fn("duration::"+name, []string{"d: duration, step: duration -> duration"}, doc, "duration::"+name+"(1h40m, 1h)", result, func(_ *Env, a []Value) (Value, error) {
			if a[1].AsInt() <= 0 {
				return None, fault(1, "must be more than 0")
			}
			ns, ok := f(a[0].AsInt(), a[1].AsInt())
			if !ok {
				return None, faultOf(CodeOverflow, 0, "gives a duration out of range")
			}
			return Duration(time.Duration(ns)), nil
		})
	}
	return []Func{
		step("floor", "The last multiple of a step that is not longer.", "1h", floorTo),
		step("ceil", "The first multiple of a step that is not shorter.", "2h", ceilTo),
		step("round", "The multiple of a step that is nearest; of two the longer.", "2h", func(t, d int64) (int64, bool) {
			if rest := restOf(t, d); rest < d-rest {
				return floorTo(t, d)
			}
			return ceilTo(t, d)
		}),
		fn("duration::max", []string{"-> duration"}, "The longest duration there is.", "duration::max()", "15250w1d23h47m16s854ms775us807ns",
			func(*Env, []Value) (Value, error) { return Duration(math.MaxInt64), nil }),
	}
}

func encodingMore() []Func {
	pair := func(name, doc, example string, encode func([]byte) string, decode func(string) ([]byte, error)) []Func {
		return []Func{
			fn("encoding::"+name+"_encode", textOrBytes, "Bytes, or the UTF-8 of a string, as "+doc+".", `encoding::`+name+`_encode("zero?>")`, example,
				func(_ *Env, a []Value) (Value, error) { return textOf(encode(octets(a, 0))) }),
			fn("encoding::"+name+"_decode", []string{"text: string -> bytes"}, "The bytes that "+doc+" writes.", `encoding::`+name+`_decode(`+example+`)`, `b"zero?>"`,
				func(_ *Env, a []Value) (Value, error) {
					b, err := decode(a[0].AsString())
					if err != nil {
						return None, faultOf(CodeCast, 0, "is not %s", doc)
					}
					return Bytes(b), nil
				}),
		}
	}
	return slices.Concat(
		pair("base64url", "base64 for addresses, without padding", `"emVybz8-"`, base64.RawURLEncoding.EncodeToString, base64.RawURLEncoding.DecodeString),
		pair("base32", "base32", `"PJSXE3Z7HY======"`, base32.StdEncoding.EncodeToString, base32.StdEncoding.DecodeString),
		[]Func{
			fn("bytes::slice", []string{"data: bytes, from: int, to?: int -> bytes"}, "The bytes from one index to before another; negative ones count from the end.", `bytes::slice(b"abcd", 1, -1)`, `b"bc"`,
				func(_ *Env, a []Value) (Value, error) {
					b := a[0].AsBytes()
					i, j := position(a[1].AsInt(), len(b)), position(intOr(a, 2, int64(len(b))), len(b))
					return Bytes(b[min(i, j):j]), nil
				}),
			fn("bytes::concat", []string{"parts...: bytes -> bytes"}, "The bytes one behind another.", `bytes::concat(b"a", b"b")`, `b"ab"`, func(_ *Env, a []Value) (Value, error) {
				var out []byte
				for i, v := range a {
					if len(out)+len(v.AsBytes()) > maxText {
						return None, tooLarge(i, maxText, "bytes")
					}
					out = append(out, v.AsBytes()...)
				}
				return Bytes(out), nil
			}),
			fn("bytes::reverse", []string{"data: bytes -> bytes"}, "The bytes from the last to the first.", `bytes::reverse(b"ab")`, `b"ba"`, func(_ *Env, a []Value) (Value, error) {
				b := slices.Clone(a[0].AsBytes())
				slices.Reverse(b)
				return Bytes(b), nil
			}),
		})
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

func randMore() []Func {
	return []Func{
		needs(CapabilityRandom, fn("rand::bytes", []string{"count: int -> bytes"}, "So many random bytes (up to 65,536).", "bytes::len(rand::bytes(8))", "8", func(env *Env, a []Value) (Value, error) {
			n, err := intIn(a, 0, 0, 1<<16)
			if err != nil {
				return None, err
			}
			b := make([]byte, n)
			return Bytes(b), env.random(b)
		})),
		needs(CapabilityRandom, fn("rand::sample", []string{"list: [T], count: int -> [T]"}, "So many elements of a list, each at most once, in random order; all of a shorter one.", "array::len(rand::sample([1, 2, 3], 2))", "2", randSample)),
		needs(CapabilityRandom, fn("rand::normal", []string{"mean: float, deviation: float -> float"}, "A random number of the normal distribution.", "rand::normal(5, 0)", "5.0", randNormal)),
	}
}

func randSample(env *Env, a []Value) (Value, error) {
	n, err := intIn(a, 1, 0, math.MaxInt64)
	if err != nil {
		return None, err
	}
	vs := slices.Clone(a[0].AsList())
	n = min(n, len(vs))
	for i := range n {
		j, err := env.below(uint64(len(vs) - i))
		if err != nil {
			return None, err
		}
		k := i + int(j)
		vs[i], vs[k] = vs[k], vs[i]
	}
	return List(vs[:n:n]), nil
}

// randNormal is the method of Box and Muller.
func randNormal(env *Env, a []Value) (Value, error) {
	mean, err := float(a, 0)
	if err != nil {
		return None, err
	}
	deviation, err := float(a, 1)
	switch {
	case err != nil:
		return None, err
	case deviation < 0:
		return None, fault(1, "must not be negative")
	}
	u, err := env.word()
	if err != nil {
		return None, err
	}
	w, err := env.word()
	if err != nil {
		return None, err
	}
	x, y := (float64(u>>11)+1)/(1<<53), float64(w>>11)/(1<<53)
	return finiteFloat(mean + deviation*math.Sqrt(-2*math.Log(x))*math.Cos(2*math.Pi*y))
}

func regexMore() []Func {
	return []Func{
		fn("regex::count", []string{"text: string, pattern: regex -> int"}, "How often the expression matches, without overlap.", "regex::count(\"banana\", //an//)", "2", func(_ *Env, a []Value) (Value, error) {
			return Int(int64(len(a[1].AsRegex().Compiled.FindAllStringIndex(a[0].AsString(), -1)))), nil
		}),
		fn("regex::is_valid", []string{"pattern: string -> bool"}, "Whether a text is a regular expression.", `regex::is_valid("(")`, "false", func(_ *Env, a []Value) (Value, error) {
			_, err := NewRegex(a[0].AsString(), "")
			return Bool(err == nil), nil
		}),
		fn("regex::groups", []string{"text: string, pattern: regex -> object?"}, "The named groups of the first match, as an object.", `regex::groups("k=v", //(?P<key>\w)=(?P<value>\w)//)`, `{ key: "k", value: "v" }`, regexGroups),
	}
}

func regexGroups(_ *Env, a []Value) (Value, error) {
	re := a[1].AsRegex().Compiled
	match := re.FindStringSubmatch(a[0].AsString())
	if match == nil {
		return None, nil
	}
	var ms []Member
	for i, name := range re.SubexpNames() {
		if name != "" && !slices.ContainsFunc(ms, func(m Member) bool { return m.Name == name }) {
			ms = append(ms, Member{name, String(match[i])})
		}
	}
	return Object(ms), nil
}
