package ops

import (
	"math"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// maxElements is the most elements of a list, and maxText the most bytes of a string, that a function makes: a call of a
// few bytes must not ask for all memory.
const (
	maxElements = 1 << 20
	maxText     = 16 << 20
)

// The functions below read arguments whose kinds Eval has checked.

// float returns argument i, a number, as the nearest float.
func float(a []Value, i int) (float64, error) {
	f, ok := asFloat(a[i])
	if !ok {
		return 0, faultOf(CodeNotFinite, i, "does not fit float")
	}
	return f, nil
}

// floats returns the elements of list argument i as floats.
func floats(a []Value, i int) ([]float64, error) {
	vs := a[i].AsList()
	fs := make([]float64, len(vs))
	for j, v := range vs {
		f, ok := asFloat(v)
		if !ok {
			return nil, fault(i, "has %s where a number is wanted", shown(v))
		}
		fs[j] = f
	}
	return fs, nil
}

// intOr returns argument i, or what is to be if it was left out.
func intOr(a []Value, i int, otherwise int64) int64 {
	if i < len(a) {
		return a[i].AsInt()
	}
	return otherwise
}

func stringOr(a []Value, i int, otherwise string) string {
	if i < len(a) {
		return a[i].AsString()
	}
	return otherwise
}

// intIn returns argument i if it lies from lo to hi.
func intIn(a []Value, i int, lo, hi int64) (int, error) {
	x := a[i].AsInt()
	if x < lo || x > hi {
		return 0, fault(i, "must be from %d to %d", lo, hi)
	}
	return int(x), nil
}

// finiteFloat makes a float of a result that may not be one.
func finiteFloat(f float64) (Value, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return None, faultOf(CodeNotFinite, 0, "gives no finite number")
	}
	return Float(f), nil
}

func overflow() error { return faultOf(CodeOverflow, 0, "gives an int out of range") }

func tooLarge(i int, limit int, of string) error {
	return faultOf(CodeTooLarge, i, "asks for more than %d %s", limit, of)
}

// position turns an index, from the end if it is negative, into a place from 0 to n; what lies outside is cut to the ends.
func position(i int64, n int) int {
	if i < 0 {
		i += int64(n)
	}
	return int(max(0, min(i, int64(n))))
}

// indexIn turns an index, from the end if it is negative, into that of an element; ok is false if there is none.
func indexIn(i int64, n int) (at int, ok bool) {
	if i < 0 {
		i += int64(n)
	}
	return int(i), i >= 0 && i < int64(n)
}

func decimalOf(d *apd.Decimal, err error) (Value, error) {
	if err != nil || d.Form != apd.Finite {
		return None, faultOf(CodeNumberOutOfRange, 0, "gives a decimal out of range")
	}
	return Decimal(d), nil
}

// shown is a value in an error message, cut where it is long.
func shown(v Value) string {
	const most = 60
	if v.kind == KindString && len(v.AsString()) > most {
		v = String(strings.ToValidUTF8(v.AsString()[:most], ""))
		return Format(v) + "…"
	}
	if v.kind >= KindBytes && outsideSize(v) > 16*most {
		return "a " + v.kind.String()
	}
	return Format(v)
}

// listOf makes a list of values, sharing vs.
func listOf(vs []Value) (Value, error) {
	if len(vs) > maxElements {
		return None, tooLarge(0, maxElements, "elements")
	}
	return List(vs), nil
}

func stringsOf(ss []string) Value {
	vs := make([]Value, len(ss))
	for i, s := range ss {
		vs[i] = String(s)
	}
	return List(vs)
}

// folded runs an aggregate over the elements of a list.
func folded(s GroupState, vs []Value) (Value, error) {
	s.Grow(1)
	v := Vector{Kind: KindAny, N: len(vs), Vals: vs}
	if err := s.Add(nil, &v, nil, len(vs)); err != nil {
		return None, err
	}
	return s.Result(0)
}
