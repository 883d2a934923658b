package ops

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"unsafe"

	"github.com/cockroachdb/apd/v3"
)

// Wide is an integer of the kind wide: what u64, u128 and i128 hold. It lies from -2^127 to 2^128-1, as sign and magnitude;
// there is no negative zero.
type Wide struct {
	Negative bool
	Hi, Lo   uint64
}

// subNegative marks a negative wide. Its magnitude is bits, or what ref points to where that does not hold it.
const subNegative = 2

type wideMagnitude struct{ hi, lo uint64 }

// WideOf makes a wide. The caller has checked that w is in range.
func WideOf(w Wide) Value {
	v := Value{kind: KindWide, bits: w.Lo}
	if w.Negative {
		v.sub = subNegative
	}
	if w.Hi != 0 {
		v.ref = unsafe.Pointer(&wideMagnitude{w.Hi, w.Lo})
	}
	return v
}

// Uint makes an int, or a wide where the number is beyond int.
func Uint(u uint64) Value {
	if u > math.MaxInt64 {
		return Value{kind: KindWide, bits: u}
	}
	return Int(int64(u))
}

// AsWide returns a wide, or an int as one.
func (v Value) AsWide() Wide {
	if v.kind == KindInt {
		return wideOfInt(int64(v.bits))
	}
	w := Wide{Negative: v.sub == subNegative, Lo: v.bits}
	if v.ref != nil {
		w.Hi = (*wideMagnitude)(v.ref).hi
	}
	return w
}

// Narrowed returns an int where v is a wide that fits one, else v.
func Narrowed(v Value) Value {
	if v.kind == KindWide {
		if i, ok := v.AsWide().Int(); ok {
			return Int(i)
		}
	}
	return v
}

func wideOfInt(i int64) Wide {
	if i < 0 {
		return Wide{Negative: true, Lo: -uint64(i)}
	}
	return Wide{Lo: uint64(i)}
}

// Int returns w as an int if it fits.
func (w Wide) Int() (int64, bool) {
	switch {
	case w.Hi != 0 || w.Lo > 1<<63 || w.Lo == 1<<63 && !w.Negative:
		return 0, false
	case w.Negative:
		return int64(-w.Lo), true
	}
	return int64(w.Lo), true
}

// Uint returns w as an unsigned integer of 64 bits if it fits.
func (w Wide) Uint() (uint64, bool) { return w.Lo, w.Hi == 0 && !w.Negative }

// Big returns w as a big.Int.
func (w Wide) Big() *big.Int {
	b := new(big.Int).SetUint64(w.Hi)
	b.Or(b.Lsh(b, 64), new(big.Int).SetUint64(w.Lo))
	if w.Negative {
		b.Neg(b)
	}
	return b
}

// WideOfBig returns a big.Int as a wide if it fits.
func WideOfBig(b *big.Int) (Wide, bool) {
	if b.BitLen() > 128 {
		return Wide{}, false
	}
	var room [16]byte
	b.FillBytes(room[:])
	w := Wide{Negative: b.Sign() < 0}
	for i := range 8 {
		w.Hi, w.Lo = w.Hi<<8|uint64(room[i]), w.Lo<<8|uint64(room[8+i])
	}
	return w, w.inRange()
}

// Valid reports whether w is in the range of the kind, and no negative zero.
func (w Wide) Valid() bool { return w.inRange() && w == w.normal() }

func (w Wide) isZero() bool { return w.Hi|w.Lo == 0 }

// inRange reports whether a wide that was computed is one.
func (w Wide) inRange() bool {
	return !w.Negative || w.Hi < 1<<63 || w.Hi == 1<<63 && w.Lo == 0
}

// bitLen is the length of the magnitude.
func (w Wide) bitLen() int {
	if w.Hi != 0 {
		return 64 + bits.Len64(w.Hi)
	}
	return bits.Len64(w.Lo)
}

func (w Wide) cmpMagnitude(x Wide) int {
	return cmp.Or(cmp.Compare(w.Hi, x.Hi), cmp.Compare(w.Lo, x.Lo))
}

func (w Wide) compare(x Wide) int {
	switch {
	case w.Negative != x.Negative:
		if w.Negative {
			return -1
		}
		return 1
	case w.Negative:
		return -w.cmpMagnitude(x)
	}
	return w.cmpMagnitude(x)
}

// normal takes the sign off zero.
func (w Wide) normal() Wide {
	w.Negative = w.Negative && !w.isZero()
	return w
}

func (w Wide) neg() (Wide, bool) {
	w.Negative = !w.Negative
	w = w.normal()
	return w, w.inRange()
}

func (w Wide) add(x Wide) (Wide, bool) {
	if w.Negative == x.Negative {
		lo, carry := bits.Add64(w.Lo, x.Lo, 0)
		hi, carry := bits.Add64(w.Hi, x.Hi, carry)
		w.Hi, w.Lo = hi, lo
		return w, carry == 0 && w.inRange()
	}
	if w.cmpMagnitude(x) < 0 {
		w, x = x, w
	}
	lo, borrow := bits.Sub64(w.Lo, x.Lo, 0)
	hi, _ := bits.Sub64(w.Hi, x.Hi, borrow)
	w.Hi, w.Lo = hi, lo
	w = w.normal()
	return w, w.inRange()
}

func (w Wide) sub(x Wide) (Wide, bool) {
	x.Negative = !x.Negative
	return w.add(x.normal())
}

func (w Wide) mul(x Wide) (Wide, bool) {
	if w.Hi != 0 && x.Hi != 0 {
		return Wide{}, false
	}
	if w.Hi == 0 {
		w, x = x, w
	}
	hi, lo := bits.Mul64(w.Lo, x.Lo)
	over, high := bits.Mul64(w.Hi, x.Lo)
	hi, carry := bits.Add64(hi, high, 0)
	p := Wide{w.Negative != x.Negative, hi, lo}.normal()
	return p, over == 0 && carry == 0 && p.inRange()
}

// divide divides toward zero by what is not zero; the remainder has the sign of w.
func (w Wide) divide(x Wide) (quotient, rest Wide, ok bool) {
	q, r := magnitudeQuotient(w, x)
	q.Negative = w.Negative != x.Negative
	r.Negative = w.Negative
	q = q.normal()
	return q, r.normal(), q.inRange()
}

// magnitudeQuotient divides magnitudes. A divisor of more than 64 bits gives a quotient of less: it is estimated by the
// divisor's upper bits, which is at most one too much.
func magnitudeQuotient(w, x Wide) (q, r Wide) {
	if x.Hi == 0 {
		q.Hi, r.Lo = w.Hi/x.Lo, w.Hi%x.Lo
		q.Lo, r.Lo = bits.Div64(r.Lo, w.Lo, x.Lo)
		return q, r
	}
	shift := uint(bits.LeadingZeros64(x.Hi))
	top := x.Hi<<shift | x.Lo>>1>>(63-shift)
	guess, _ := bits.Div64(w.Hi>>1, w.Hi<<63|w.Lo>>1, top)
	if guess >>= 63 - shift; guess > 0 {
		guess--
	}
	product, _ := Wide{Hi: x.Hi, Lo: x.Lo}.mul(Wide{Lo: guess})
	r, _ = Wide{Hi: w.Hi, Lo: w.Lo}.sub(product)
	if divisor := (Wide{Hi: x.Hi, Lo: x.Lo}); r.cmpMagnitude(divisor) >= 0 {
		guess++
		r, _ = r.sub(divisor)
	}
	return Wide{Lo: guess}, r
}

// pow raises to a power that is not negative.
func (w Wide) pow(n uint64) (Wide, bool) {
	result := Wide{Lo: 1}
	for square, fits := w, true; ; {
		if n&1 != 0 {
			product, ok := result.mul(square)
			if !fits || !ok {
				return Wide{}, false
			}
			result = product
		}
		if n >>= 1; n == 0 {
			return result, true
		}
		if fits {
			square, fits = square.mul(square)
		}
	}
}

// shl shifts by 0 to 127; ok is false where bits are lost.
func (w Wide) shl(n uint) (Wide, bool) {
	if w.bitLen()+int(n) > 128 && !w.isZero() {
		return Wide{}, false
	}
	switch {
	case n >= 64:
		w.Hi, w.Lo = w.Lo<<(n-64), 0
	case n > 0:
		w.Hi, w.Lo = w.Hi<<n|w.Lo>>(64-n), w.Lo<<n
	}
	return w, w.inRange()
}

// shr shifts by 0 to 127 and rounds down, as it does for ints.
func (w Wide) shr(n uint) Wide {
	lost := false
	switch {
	case n >= 64:
		lost = w.Lo != 0 || w.Hi<<(128-n) != 0
		w.Hi, w.Lo = 0, w.Hi>>(n-64)
	case n > 0:
		lost = w.Lo<<(64-n) != 0
		w.Hi, w.Lo = w.Hi>>n, w.Lo>>n|w.Hi<<(64-n)
	}
	if w.Negative && lost {
		lo, carry := bits.Add64(w.Lo, 1, 0)
		w.Lo, w.Hi = lo, w.Hi+carry
	}
	return w.normal()
}

// ---- bits, in two's complement of 192 bits, which holds the whole range

type wideBits [3]uint64

func (w Wide) bits() wideBits {
	b := wideBits{w.Lo, w.Hi, 0}
	if w.Negative {
		b.negate()
	}
	return b
}

func (b *wideBits) negate() {
	carry := uint64(1)
	for i := range b {
		b[i], carry = bits.Add64(^b[i], 0, carry)
	}
}

// wide is the number of two's complement bits; ok is false where it is out of range.
func (b wideBits) wide() (w Wide, ok bool) {
	if w.Negative = b[2]>>63 != 0; w.Negative {
		b.negate()
	}
	w.Lo, w.Hi = b[0], b[1]
	return w, b[2] == 0 && w.inRange()
}

func wideBitwise(a, b Wide, op func(x, y uint64) uint64) (Wide, bool) {
	x, y := a.bits(), b.bits()
	for i := range x {
		x[i] = op(x[i], y[i])
	}
	return x.wide()
}

// ---- other numbers

// float returns the float nearest to w.
func (w Wide) float() float64 {
	f := float64(w.Lo)
	if w.Hi != 0 {
		// The upper 64 bits, in whose lowest one the rest is summed up, round as the whole number does.
		shift := uint(bits.Len64(w.Hi))
		top := w.Hi<<(64-shift) | w.Lo>>shift
		if w.Lo<<(64-shift) != 0 {
			top |= 1
		}
		f = math.Ldexp(float64(top), int(shift))
	}
	if w.Negative {
		return -f
	}
	return f
}

// wideOfFloat returns a float's value as a wide if it is a whole number in range.
func wideOfFloat(f float64) (w Wide, ok bool) {
	if f != math.Trunc(f) || f >= 1<<128 || f < -(1<<127) {
		return w, false
	}
	fraction, exp := math.Frexp(math.Abs(f))
	w.Lo = uint64(math.Ldexp(fraction, 53))
	w.Negative = f < 0
	if exp <= 53 {
		w.Lo >>= uint(53 - exp)
		return w.normal(), true
	}
	return w.shl(uint(exp - 53))
}

// decimal returns w as a decimal.
func (w Wide) decimal() *apd.Decimal {
	d := new(apd.Decimal)
	if w.Hi == 0 && w.Lo <= math.MaxInt64 {
		d.SetInt64(int64(w.Lo))
	} else {
		d.Coeff.SetMathBigInt(Wide{Hi: w.Hi, Lo: w.Lo}.Big())
	}
	d.Negative = w.Negative
	return d
}

// wideOfDecimal returns a decimal's value as a wide if it is a whole number in range.
func wideOfDecimal(d *apd.Decimal) (Wide, bool) {
	if i, ok := intOfDecimal(d); ok {
		return wideOfInt(i), true
	}
	if d.Form != apd.Finite || d.NumDigits()+int64(d.Exponent) > 39 {
		return Wide{}, false
	}
	if d.Exponent < 0 {
		if d, _ = new(apd.Decimal).Reduce(d); d.Exponent < 0 {
			return Wide{}, false
		}
	}
	b := d.Coeff.MathBigInt()
	b.Mul(b, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.Exponent)), nil))
	if d.Negative {
		b.Neg(b)
	}
	return WideOfBig(b)
}

// compareWideFloat compares by exact value.
func compareWideFloat(w Wide, f float64) int {
	whole := math.Trunc(f)
	x, ok := wideOfFloat(whole)
	switch {
	case !ok && f > 0:
		return -1
	case !ok:
		return 1
	}
	return cmp.Or(w.compare(x), compareFloats(0, f-whole))
}

// ---- text

// AppendDecimal appends the number in decimal digits.
func (w Wide) AppendDecimal(dst []byte) []byte {
	if w.Negative {
		dst = append(dst, '-')
	}
	if w.Hi == 0 {
		return strconv.AppendUint(dst, w.Lo, 10)
	}
	const part = 1e19 // the largest power of ten below 2^64
	q, r := magnitudeQuotient(w, Wide{Lo: part})
	dst = Wide{Hi: q.Hi, Lo: q.Lo}.AppendDecimal(dst)
	from := len(dst)
	dst = append(dst, "0000000000000000000"...)
	for i := len(dst) - 1; i >= from; i-- {
		dst[i] = byte('0' + r.Lo%10)
		r.Lo /= 10
	}
	return dst
}

func (w Wide) String() string { return string(w.AppendDecimal(nil)) }

// ParseInteger reads digits of a base from 2 to 16, with a sign before them or without: as an int where it fits, else as a
// wide. ok is false where the number is out of range or the digits are none.
func ParseInteger(digits string, base int) (v Value, ok bool) {
	if i, err := strconv.ParseInt(digits, base, 64); err == nil {
		return Int(i), true
	}
	if len(digits) > 130 {
		return None, false
	}
	b, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return None, false
	}
	w, ok := WideOfBig(b)
	if !ok {
		return None, false
	}
	return WideOf(w), true
}
