package ops

import "github.com/cockroachdb/apd/v3"

// The arithmetic of decimals. Sums, differences, products and remainders are exact; what would need more than maxDigits
// digits is an error, so that 1e1000 + 1e-1000 cannot ask for all between. A quotient that does not end, and a power, are
// rounded half to even to decimalDigits digits, or to as many as the operands have.

// decimalDigits is the precision of what cannot be exact: that of IEEE's decimal128 and a little more.
const decimalDigits = 38

// maxDigits bounds the digits of an exact result.
const maxDigits = 1000

var decimalContext = apd.Context{
	Precision:   decimalDigits,
	MaxExponent: apd.MaxExponent,
	MinExponent: apd.MinExponent,
	Traps:       apd.DefaultTraps &^ (apd.Subnormal | apd.Underflow),
	Rounding:    apd.RoundHalfEven,
}

// exactContext does not round.
var exactContext = apd.Context{MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent, Traps: apd.DefaultTraps, Rounding: apd.RoundHalfEven}

var errManyDigits = &failure{CodeNumberOutOfRange, "needs more than 1000 digits"}

// spanDigits is how many digits a sum of two decimals may have, less a carry.
func spanDigits(a, b *apd.Decimal) int64 {
	switch {
	case a.IsZero() || b.IsZero():
		return 0
	case a.Exponent == b.Exponent:
		return max(a.NumDigits(), b.NumDigits())
	}
	top := max(int64(a.Exponent)+a.NumDigits(), int64(b.Exponent)+b.NumDigits())
	return top - int64(min(a.Exponent, b.Exponent))
}

func exactSum(d, a, b *apd.Decimal) (apd.Condition, error) {
	switch {
	case b.IsZero() && b.Exponent > a.Exponent:
		d.Set(a)
		return 0, nil
	case a.IsZero() && a.Exponent > b.Exponent:
		d.Set(b)
		return 0, nil
	case spanDigits(a, b) > maxDigits:
		return 0, errManyDigits
	}
	return exactContext.Add(d, a, b)
}

func exactDifference(d, a, b *apd.Decimal) (apd.Condition, error) {
	minus := *b
	minus.Negative = !b.Negative && !b.IsZero()
	return exactSum(d, a, &minus)
}

func exactProduct(d, a, b *apd.Decimal) (apd.Condition, error) {
	if a.NumDigits()+b.NumDigits() > maxDigits+1 {
		return 0, errManyDigits
	}
	return exactContext.Mul(d, a, b)
}

// quotientContext has the digits for a quotient of a and b.
func quotientContext(a, b *apd.Decimal) *apd.Context {
	c := decimalContext
	c.Precision = uint32(max(decimalDigits, a.NumDigits(), b.NumDigits()))
	return &c
}

// decimalQuotient divides decimals. An exact quotient has no more digits than it needs: 10 / 4 is 2.5.
func decimalQuotient(d, a, b *apd.Decimal) (apd.Condition, error) {
	c := quotientContext(a, b)
	ideal := a.Exponent - b.Exponent
	cond, err := c.Quo(d, a, b)
	if err != nil || cond.Inexact() || d.Form != apd.Finite || d.Exponent >= ideal {
		return cond, err
	}
	d.Reduce(d)
	if d.Exponent > ideal {
		return c.Quantize(d, d, ideal)
	}
	return cond, nil
}

// decimalRest is the remainder of a division toward zero by what is not zero.
func decimalRest(d, a, b *apd.Decimal) (apd.Condition, error) {
	if a.IsZero() {
		d.Set(a)
		return 0, nil
	}
	if spanDigits(a, b) > maxDigits {
		if a.NumDigits()+int64(a.Exponent) < b.NumDigits()+int64(b.Exponent) { // it is smaller than what divides it
			d.Set(a)
			return 0, nil
		}
		return 0, errManyDigits
	}
	c := decimalContext
	c.Precision = 2 * maxDigits
	return c.Rem(d, a, b)
}
