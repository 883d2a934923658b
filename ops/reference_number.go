package ops

import (
	"errors"
	"math"
	"math/bits"
	"time"

	"github.com/cockroachdb/apd/v3"
)

func finite(f float64) (Value, error) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return None, errInfinite
	}
	return Float(f), nil
}

// AddInts adds; ok is false on overflow.
func AddInts(a, b int64) (sum int64, ok bool) {
	sum = a + b
	return sum, (sum^a)&(sum^b) >= 0
}

// SubInts subtracts; ok is false on overflow.
func SubInts(a, b int64) (difference int64, ok bool) {
	difference = a - b
	return difference, (a^b)&(a^difference) >= 0
}

// MulInts multiplies; ok is false on overflow.
func MulInts(a, b int64) (product int64, ok bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	// The high word of the signed product must be the sign of the low one.
	high := int64(hi) - a>>63&b - b>>63&a
	return int64(lo), high == int64(lo)>>63
}

func asFloat64(v Value) float64 {
	switch v.kind {
	case KindInt:
		return float64(v.AsInt())
	case KindWide:
		return v.AsWide().float()
	}
	return v.AsFloat()
}

// wideResult is what an operator on wides gives.
func wideResult(w Wide, ok bool) (Value, error) {
	if !ok {
		return None, errTooWide
	}
	return WideOf(w), nil
}

// arithmetic chooses among the ways of an operator by the wider of two numbers.
func arithmetic(a, b Value, ints func(a, b int64) (Value, error), wides func(a, b Wide) (Value, error), floats func(a, b float64) (Value, error), decimals func(d, a, b *apd.Decimal) (apd.Condition, error)) (Value, error) {
	switch {
	case a.kind == KindDecimal || b.kind == KindDecimal:
		d := new(apd.Decimal)
		condition, err := decimals(d, nearDecimal(a), nearDecimal(b))
		return decimalResult(d, condition, err)
	case a.kind == KindFloat || b.kind == KindFloat:
		return floats(asFloat64(a), asFloat64(b))
	case a.kind == KindWide || b.kind == KindWide:
		return wides(a.AsWide(), b.AsWide())
	}
	return ints(a.AsInt(), b.AsInt())
}

func decimalResult(d *apd.Decimal, condition apd.Condition, err error) (Value, error) {
	switch {
	case errors.Is(err, errManyDigits):
		return None, err
	case condition.DivisionByZero() || condition.DivisionUndefined():
		return None, errZero
	case condition.InvalidOperation():
		return None, errNoNumber
	case err != nil || condition.Overflow() || d.Form != apd.Finite:
		var f *failure
		if errors.As(err, &f) {
			return None, f
		}
		return None, &failure{CodeOverflow, "leaves the range of decimal"}
	}
	return Decimal(d), nil
}

// timed applies an exact operation to the nanoseconds of times and durations.
func timed(k Kind, ns int64, ok bool) (Value, error) {
	if !ok {
		return None, errLongTime
	}
	return Value{kind: k, bits: uint64(ns)}, nil
}

func negate(a Value) (Value, error) {
	switch a.kind {
	case KindInt:
		if a.AsInt() == math.MinInt64 {
			return None, errOverflow
		}
		return Int(-a.AsInt()), nil
	case KindWide:
		return wideResult(a.AsWide().neg())
	case KindFloat:
		return Float(-a.AsFloat()), nil
	case KindDuration:
		return timed(KindDuration, -a.AsInt(), a.AsInt() != math.MinInt64)
	}
	return Decimal(new(apd.Decimal).Neg(a.AsDecimal())), nil
}

func add(a, b Value) (Value, error) {
	switch {
	case a.kind.IsNumber() && b.kind.IsNumber():
		return arithmetic(a, b, func(a, b int64) (Value, error) {
			sum, ok := AddInts(a, b)
			if !ok {
				return None, errOverflow
			}
			return Int(sum), nil
		}, func(a, b Wide) (Value, error) { return wideResult(a.add(b)) }, func(a, b float64) (Value, error) { return finite(a + b) }, exactSum)
	case a.kind == KindTime && b.kind == KindDuration, a.kind == KindDuration && b.kind == KindTime:
		sum, ok := AddInts(a.AsInt(), b.AsInt())
		return timed(KindTime, sum, ok)
	case a.kind == KindDuration && b.kind == KindDuration:
		sum, ok := AddInts(a.AsInt(), b.AsInt())
		return timed(KindDuration, sum, ok)
	}
	return join(a, b)
}

func subtract(a, b Value) (Value, error) {
	switch {
	case a.kind.IsNumber() && b.kind.IsNumber():
		return arithmetic(a, b, func(a, b int64) (Value, error) {
			difference, ok := SubInts(a, b)
			if !ok {
				return None, errOverflow
			}
			return Int(difference), nil
		}, func(a, b Wide) (Value, error) { return wideResult(a.sub(b)) }, func(a, b float64) (Value, error) { return finite(a - b) }, exactDifference)
	case a.kind == KindTime && b.kind == KindTime, a.kind == KindDuration && b.kind == KindDuration:
		difference, ok := SubInts(a.AsInt(), b.AsInt())
		return timed(KindDuration, difference, ok)
	case a.kind == KindTime && b.kind == KindDuration:
		difference, ok := SubInts(a.AsInt(), b.AsInt())
		return timed(KindTime, difference, ok)
	case (a.kind == KindSet || a.kind == KindList) && sequenceKind(b.kind):
		return withoutElements(a, b), nil
	}
	return None, errPair
}

func multiply(a, b Value) (Value, error) {
	switch {
	case a.kind == KindDuration && b.kind == KindDuration:
		return None, errPair
	case a.kind == KindDuration:
		return scaled(a, b)
	case b.kind == KindDuration:
		return scaled(b, a)
	}
	return arithmetic(a, b, func(a, b int64) (Value, error) {
		product, ok := MulInts(a, b)
		if !ok {
			return None, errOverflow
		}
		return Int(product), nil
	}, func(a, b Wide) (Value, error) { return wideResult(a.mul(b)) }, func(a, b float64) (Value, error) { return finite(a * b) }, exactProduct)
}

// scaled multiplies a duration by a number.
func scaled(d, by Value) (Value, error) {
	switch by = Narrowed(by); by.kind {
	case KindInt:
		product, ok := MulInts(d.AsInt(), by.AsInt())
		return timed(KindDuration, product, ok)
	case KindFloat:
		return nanoseconds(float64(d.AsInt()) * by.AsFloat())
	}
	product := new(apd.Decimal)
	if _, err := decimalContext.Mul(product, apd.New(d.AsInt(), 0), exactDecimal(by)); err != nil {
		return None, errLongTime
	}
	return wholeNanoseconds(product)
}

// nanoseconds rounds a duration that was computed as a float.
func nanoseconds(ns float64) (Value, error) {
	ns = math.RoundToEven(ns)
	return timed(KindDuration, int64(ns), ns >= -(1<<63) && ns < 1<<63)
}

func wholeNanoseconds(d *apd.Decimal) (Value, error) {
	if _, err := decimalContext.RoundToIntegralValue(d, d); err != nil {
		return None, errLongTime
	}
	ns, ok := intOfDecimal(d)
	return timed(KindDuration, ns, ok)
}

func divide(a, b Value) (Value, error) {
	switch {
	case a.kind == KindDuration && b.kind == KindDuration:
		if b.AsInt() == 0 {
			return None, errZero
		}
		return finite(float64(a.AsInt()) / float64(b.AsInt()))
	case a.kind == KindDuration:
		return shortened(a, b)
	case b.kind == KindDuration:
		return None, errPair
	}
	return arithmetic(a, b, func(a, b int64) (Value, error) {
		switch {
		case b == 0:
			return None, errZero
		case a == math.MinInt64 && b == -1:
			return None, errOverflow
		}
		return Int(a / b), nil
	}, func(a, b Wide) (Value, error) {
		if b.isZero() {
			return None, errZero
		}
		quotient, _, ok := a.divide(b)
		return wideResult(quotient, ok)
	}, func(a, b float64) (Value, error) {
		if b == 0 {
			return None, errZero
		}
		return finite(a / b)
	}, decimalQuotient)
}

// shortened divides a duration by a number.
func shortened(d, by Value) (Value, error) {
	switch by = Narrowed(by); by.kind {
	case KindWide: // it is more nanoseconds than there are in any duration
		if d.AsInt() == math.MinInt64 && Equal(by, Uint(1<<63)) {
			return Duration(-1), nil
		}
		return Duration(0), nil
	case KindInt:
		switch n := by.AsInt(); {
		case n == 0:
			return None, errZero
		case n == -1:
			return timed(KindDuration, -d.AsInt(), d.AsInt() != math.MinInt64)
		default:
			return Duration(d.AsDuration() / time.Duration(n)), nil
		}
	case KindFloat:
		if by.AsFloat() == 0 {
			return None, errZero
		}
		return nanoseconds(float64(d.AsInt()) / by.AsFloat())
	}
	if by.AsDecimal().IsZero() {
		return None, errZero
	}
	quotient := new(apd.Decimal)
	if _, err := decimalContext.Quo(quotient, apd.New(d.AsInt(), 0), by.AsDecimal()); err != nil {
		return None, errLongTime
	}
	return wholeNanoseconds(quotient)
}

func modulo(a, b Value) (Value, error) {
	switch {
	case a.kind == KindDuration && b.kind == KindDuration:
		switch b.AsInt() {
		case 0:
			return None, errZero
		case -1:
			return Duration(0), nil
		}
		return Duration(a.AsDuration() % b.AsDuration()), nil
	case a.kind == KindDuration || b.kind == KindDuration:
		return None, errPair
	}
	return arithmetic(a, b, func(a, b int64) (Value, error) {
		switch b {
		case 0:
			return None, errZero
		case -1: // the machine's own division would overflow
			return Int(0), nil
		}
		return Int(a % b), nil
	}, func(a, b Wide) (Value, error) {
		if b.isZero() {
			return None, errZero
		}
		_, rest, _ := a.divide(b)
		return WideOf(rest), nil
	}, func(a, b float64) (Value, error) {
		if b == 0 {
			return None, errZero
		}
		return finite(math.Mod(a, b))
	}, func(d, a, b *apd.Decimal) (apd.Condition, error) {
		if b.IsZero() {
			return 0, errZero
		}
		return decimalRest(d, a, b)
	})
}

func power(a, b Value) (Value, error) {
	return arithmetic(a, b, powerInts, powerWides, powerFloats, func(d, a, b *apd.Decimal) (apd.Condition, error) {
		if a.IsZero() && b.Sign() < 0 {
			return 0, errZero
		}
		return decimalContext.Pow(d, a, b)
	})
}

func powerInts(a, b int64) (Value, error) {
	if b < 0 {
		return powerFloats(float64(a), float64(b))
	}
	result, ok := PowInts(a, b)
	if !ok {
		return None, errOverflow
	}
	return Int(result), nil
}

func powerWides(a, b Wide) (Value, error) {
	if b.Negative {
		return powerFloats(a.float(), b.float())
	}
	n := b.Lo
	if b.Hi != 0 { // only -1, 0 and 1 have such a power
		n = math.MaxUint64 - 1 + b.Lo&1
	}
	return wideResult(a.pow(n))
}

// PowInts raises a to the power of b, which is not negative.
func PowInts(a, b int64) (result int64, ok bool) {
	switch a {
	case 0, 1:
		if b == 0 {
			return 1, true
		}
		return a, true
	case -1:
		return 1 - 2*(b&1), true
	}
	if b > 63 {
		return 0, false
	}
	result = 1
	for range b {
		if result, ok = MulInts(result, a); !ok {
			return 0, false
		}
	}
	return result, true
}

func powerFloats(a, b float64) (Value, error) {
	if a == 0 && b < 0 {
		return None, errZero
	}
	return finite(math.Pow(a, b))
}

// ---- bits

func shiftLeft(a, b Value) (Value, error) {
	if a.kind == KindWide || b.kind == KindWide {
		n, ok := shiftCount(b)
		if !ok {
			return None, errWideCount
		}
		return wideResult(a.AsWide().shl(n))
	}
	result, ok := ShiftLeft(a.AsInt(), b.AsInt())
	switch {
	case ok:
		return Int(result), nil
	case uint64(b.AsInt()) > 63:
		return None, errCount
	}
	return None, errOverflow
}

var (
	errCount     = &failure{CodeOverflow, "shifts by what is not 0 to 63"}
	errWideCount = &failure{CodeOverflow, "shifts by what is not 0 to 127"}
)

func shiftCount(b Value) (uint, bool) {
	w := b.AsWide()
	return uint(w.Lo), w.Hi == 0 && w.Lo < 128 && !w.Negative
}

// ShiftLeft shifts; ok is false where bits are lost or the count is not 0 to 63.
func ShiftLeft(a, count int64) (result int64, ok bool) {
	if uint64(count) > 63 {
		return 0, false
	}
	result = a << uint(count)
	return result, result>>uint(count) == a
}

func shiftRight(a, b Value) (Value, error) {
	if a.kind == KindWide || b.kind == KindWide {
		n, ok := shiftCount(b)
		if !ok {
			return None, errWideCount
		}
		return WideOf(a.AsWide().shr(n)), nil
	}
	if uint64(b.AsInt()) > 63 {
		return None, errCount
	}
	return Int(a.AsInt() >> uint(b.AsInt())), nil
}

// bitwise applies an operator to the bits of two integers in two's complement.
func bitwise(a, b Value, op func(x, y uint64) uint64) (Value, error) {
	if a.kind == KindInt && b.kind == KindInt {
		return Int(int64(op(uint64(a.AsInt()), uint64(b.AsInt())))), nil
	}
	return wideResult(wideBitwise(a.AsWide(), b.AsWide(), op))
}

func bitXor(a, b Value) (Value, error) {
	return bitwise(a, b, func(x, y uint64) uint64 { return x ^ y })
}

func bitNot(a Value) (Value, error) {
	if a.kind == KindInt {
		return Int(^a.AsInt()), nil
	}
	return bitwise(a, Int(-1), func(x, y uint64) uint64 { return x ^ y })
}
