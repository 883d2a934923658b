package ops

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"

	"github.com/cockroachdb/apd/v3"
)

// compareNumbers compares numbers of any kinds by exact value.
func compareNumbers(a, b Value) int {
	switch {
	case a.kind == KindInt && b.kind == KindInt:
		return cmp.Compare(int64(a.bits), int64(b.bits))
	case a.kind == KindFloat && b.kind == KindFloat:
		return compareFloats(a.AsFloat(), b.AsFloat())
	case a.kind == KindInt && b.kind == KindFloat:
		return CompareIntFloat(int64(a.bits), b.AsFloat())
	case a.kind == KindFloat && b.kind == KindInt:
		return -CompareIntFloat(int64(b.bits), a.AsFloat())
	case a.kind <= KindWide && b.kind <= KindWide:
		return a.AsWide().compare(b.AsWide())
	case a.kind == KindWide && b.kind == KindFloat:
		return compareWideFloat(a.AsWide(), b.AsFloat())
	case a.kind == KindFloat && b.kind == KindWide:
		return -compareWideFloat(b.AsWide(), a.AsFloat())
	}
	return exactDecimal(a).Cmp(exactDecimal(b))
}

// compareFloats is cmp.Compare without its care for NaN.
func compareFloats(x, y float64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// maxExact is the largest int up to which every int is a float.
const maxExact = 1 << 53

// CompareIntFloat compares an int with a float by exact value.
func CompareIntFloat(i int64, f float64) int {
	if -maxExact <= i && i <= maxExact {
		return compareFloats(float64(i), f)
	}
	switch {
	case f >= 1<<63:
		return -1
	case f < -(1 << 63):
		return 1
	}
	whole := int64(f)
	if i != whole {
		return cmp.Compare(i, whole)
	}
	return compareFloats(0, f-float64(whole))
}

// exactDecimal returns the number as a decimal of exactly its value.
func exactDecimal(v Value) *apd.Decimal {
	switch v.kind {
	case KindInt:
		return apd.New(int64(v.bits), 0)
	case KindFloat:
		return exactDecimalOfFloat(v.AsFloat())
	case KindWide:
		return v.AsWide().decimal()
	}
	return v.AsDecimal()
}

// exactDecimalOfFloat writes f = mantissa × 2^exp as a decimal. A negative power of two is a power of five over one of ten.
func exactDecimalOfFloat(f float64) *apd.Decimal {
	b := math.Float64bits(f)
	mantissa, exp := b&(1<<52-1), int(b>>52&0x7ff)
	if exp == 0 {
		exp = 1
	} else {
		mantissa |= 1 << 52
	}
	exp -= 1075
	if mantissa == 0 {
		return apd.New(0, 0)
	}
	shift := bits.TrailingZeros64(mantissa)
	mantissa >>= shift
	exp += shift
	coeff := new(big.Int).SetUint64(mantissa)
	d := new(apd.Decimal)
	if exp >= 0 {
		coeff.Lsh(coeff, uint(exp))
	} else {
		five := new(big.Int).Exp(big.NewInt(5), big.NewInt(int64(-exp)), nil)
		coeff.Mul(coeff, five)
		d.Exponent = int32(exp)
	}
	d.Coeff.SetMathBigInt(coeff)
	d.Negative = f < 0
	return d
}

// nearDecimal returns the number as the shortest decimal that reads back as it: what 0.1 means to people.
func nearDecimal(v Value) *apd.Decimal {
	if v.kind == KindFloat {
		d, err := new(apd.Decimal).SetFloat64(v.AsFloat())
		if err != nil { // it is finite, so this cannot be
			return exactDecimalOfFloat(v.AsFloat())
		}
		return d
	}
	return exactDecimal(v)
}

// intOfDecimal returns a decimal's value as an int if it is a whole number in range.
func intOfDecimal(d *apd.Decimal) (int64, bool) {
	if d.Form != apd.Finite {
		return 0, false
	}
	if d.IsZero() {
		return 0, true
	}
	if n := d.NumDigits() + int64(d.Exponent); n < 1 || n > 19 {
		return 0, false
	}
	if d.Exponent < 0 {
		reduced, _ := new(apd.Decimal).Reduce(d)
		if reduced.Exponent < 0 {
			return 0, false
		}
		d = reduced
	}
	i, err := d.Int64()
	return i, err == nil
}

// floatOfDecimal returns the float nearest to a decimal, and whether it is exactly its value.
func floatOfDecimal(d *apd.Decimal) (f float64, exact bool) {
	f, err := d.Float64()
	if err != nil {
		if d.NumDigits()+int64(d.Exponent) > 0 { // beyond the largest float
			f = math.Inf(1)
			if d.Negative {
				f = math.Inf(-1)
			}
		}
		return f, false
	}
	if math.IsInf(f, 0) {
		return f, false
	}
	return f, exactDecimalOfFloat(f).Cmp(d) == 0
}

// wholeFloat returns a float's value as an int if it is a whole number in range.
func wholeFloat(f float64) (int64, bool) {
	if f >= -(1<<63) && f < 1<<63 {
		if i := int64(f); float64(i) == f {
			return i, true
		}
	}
	return 0, false
}
