package ops

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
	"unsafe"

	"github.com/cockroachdb/apd/v3"
)

func numberAggregates() []Aggregate {
	return []Aggregate{
		{Name: "count", Result: func(Type) Type { return TypeOf(KindInt) },
			Doc: "The number of rows; with an argument, of rows where it is not none.",
			New: func() GroupState { return &countState{} }},
		{Name: "sum", Arg: true, Takes: numbers | KindsOf(KindDuration), Result: sumType,
			Doc: "The sum of numbers or durations: exact for integers and decimal, compensated for float.",
			New: func() GroupState { return &sumState{} }},
		{Name: "avg", Arg: true, Takes: numbers | KindsOf(KindDuration), Result: avgType,
			Doc: "The arithmetic mean of numbers or durations: a decimal if one is among them, else a float.",
			New: func() GroupState { return &sumState{mean: true} }},
	}
}

func sumType(t Type) Type {
	switch t.Kind {
	case KindInt, KindWide, KindFloat, KindDecimal, KindDuration:
		return Type{Kind: t.Kind, Optional: true}
	}
	return Any
}

func avgType(t Type) Type {
	switch t.Kind {
	case KindInt, KindWide, KindFloat:
		return Type{Kind: KindFloat, Optional: true}
	}
	return sumType(t)
}

// countState counts rows.
type countState struct {
	rowLister
	n []int64
}

func (s *countState) Grow(groups int) { s.n = grown(s.n, groups) }

func (s *countState) Add(groups []int32, v *Vector, sel Selection, n int) error {
	rows, of := s.list(groups, v, sel, n)
	if v != nil && v.Kind == KindAny {
		for _, i := range rows {
			if v.Vals[i].kind != KindNone {
				s.n[of[i]]++
			}
		}
		return nil
	}
	if groups == nil {
		s.n[0] += int64(len(rows))
		return nil
	}
	for _, i := range rows {
		s.n[of[i]]++
	}
	return nil
}

func (s *countState) Merge(from GroupState, mapping []int32) error {
	for g, n := range from.(*countState).n {
		s.n[mapped(mapping, g)] += n
	}
	return nil
}

func (s *countState) Result(g int) (Value, error) { return Int(s.n[g]), nil }
func (s *countState) Size() int64                 { return int64(cap(s.n)) * 8 }

func (s *countState) Encode(dst []byte, g int) []byte {
	return binary.AppendUvarint(dst, uint64(s.n[g]))
}

func (s *countState) Decode(g int, src []byte) error {
	n, used := binary.Uvarint(src)
	if used != len(src) || n > math.MaxInt64 {
		return corruptState("count")
	}
	s.n[g] = int64(n)
	return nil
}

// sumState adds numbers. Ints are added in 128 bits, so that only the sum itself can overflow and the order of rows does
// not matter; floats with the error of each addition kept beside; decimals, and wides that are no ints, exactly.
type sumState struct {
	rowLister
	mean bool
	accs []sumAcc
	decs []*apd.Decimal // by group, shorter than accs where no decimal was met and no wide that is no int
}

// sumAcc is the sum of one group; see is which kinds it has met.
type sumAcc struct {
	lo       uint64 // of the sum of ints or durations
	hi       int64
	n        int64
	sum, err float64 // of floats
	see      uint8
}

const (
	seenInt uint8 = 1 << iota
	seenFloat
	seenDecimal
	seenDuration
	seenWide
	seenBig // a wide that is no int
	seenEnd // no flag

	hasDecimal = seenDecimal | seenBig
)

func (a *sumAcc) addInt(x int64) {
	var carry uint64
	a.lo, carry = bits.Add64(a.lo, uint64(x), 0)
	a.hi += x>>63 + int64(carry)
}

// addFloat is Knuth's two-sum: err gathers exactly what rounding lost.
func (a *sumAcc) addFloat(x float64) {
	s := a.sum + x
	b := s - a.sum
	a.err += (a.sum - (s - b)) + (x - b)
	a.sum = s
}

func (s *sumState) name() string {
	if s.mean {
		return "avg"
	}
	return "sum"
}

func (s *sumState) Grow(groups int) { s.accs = grown(s.accs, groups) }

func (s *sumState) Add(groups []int32, v *Vector, sel Selection, n int) error {
	rows, of := s.list(groups, v, sel, n)
	switch v.Kind {
	case KindNone:
		return nil
	case KindInt:
		s.addInts(rows, of, v.Ints, groups == nil, seenInt)
	case KindDuration:
		s.addInts(rows, of, v.Ints, groups == nil, seenDuration)
	case KindFloat:
		s.addFloats(rows, of, v.Floats, groups == nil)
	case KindAny, KindWide, KindDecimal:
		for _, i := range rows {
			if err := s.addValue(int(of[i]), v.Vals[i]); err != nil {
				return err
			}
		}
	default:
		if len(rows) > 0 {
			return s.refuse(v.Kind)
		}
	}
	return nil
}

func (s *sumState) refuse(k Kind) error {
	return Errorf(CodeType, "%s takes numbers or durations, not %s", s.name(), k)
}

func (s *sumState) addInts(rows Selection, of []int32, xs []int64, one bool, see uint8) {
	if one {
		a := s.accs[0]
		for _, i := range rows {
			a.addInt(xs[i])
		}
		if len(rows) > 0 {
			a.see |= see
			a.n += int64(len(rows))
		}
		s.accs[0] = a
		return
	}
	for _, i := range rows {
		a := &s.accs[of[i]]
		a.addInt(xs[i])
		a.see |= see
		a.n++
	}
}

func (s *sumState) addFloats(rows Selection, of []int32, xs []float64, one bool) {
	if one {
		a := s.accs[0]
		for _, i := range rows {
			a.addFloat(xs[i])
		}
		if len(rows) > 0 {
			a.see |= seenFloat
			a.n += int64(len(rows))
		}
		s.accs[0] = a
		return
	}
	for _, i := range rows {
		a := &s.accs[of[i]]
		a.addFloat(xs[i])
		a.see |= seenFloat
		a.n++
	}
}

func (s *sumState) addValue(g int, v Value) error {
	a := &s.accs[g]
	switch v.kind {
	case KindNone:
		return nil
	case KindInt:
		a.addInt(v.AsInt())
		a.see |= seenInt
	case KindDuration:
		a.addInt(v.AsInt())
		a.see |= seenDuration
	case KindFloat:
		a.addFloat(v.AsFloat())
		a.see |= seenFloat
	case KindWide:
		a.see |= seenWide
		w := v.AsWide()
		if i, ok := w.Int(); ok {
			a.addInt(i)
			break
		}
		a.see |= seenBig
		if err := s.addDecimal(g, w.decimal()); err != nil {
			return err
		}
	case KindDecimal:
		a.see |= seenDecimal
		if err := s.addDecimal(g, v.AsDecimal()); err != nil {
			return err
		}
	default:
		return s.refuse(v.kind)
	}
	a.n++
	return nil
}

func (s *sumState) addDecimal(g int, d *apd.Decimal) error {
	s.decs = grown(s.decs, g+1)
	if s.decs[g] == nil {
		s.decs[g] = new(apd.Decimal)
	}
	return addExact(s.decs[g], s.decs[g], d)
}

// addExact sets sum to a + b without rounding.
func addExact(sum, a, b *apd.Decimal) error {
	if _, err := exactSum(sum, a, b); err != nil {
		return Errorf(CodeNumberOutOfRange, "a decimal sum needs more than %d digits", maxDigits)
	}
	return nil
}

func (s *sumState) Merge(from GroupState, mapping []int32) error {
	o := from.(*sumState)
	for g := range o.accs {
		b := &o.accs[g]
		to := mapped(mapping, g)
		a := &s.accs[to]
		var carry uint64
		a.lo, carry = bits.Add64(a.lo, b.lo, 0)
		a.hi += b.hi + int64(carry)
		a.addFloat(b.sum)
		a.err += b.err
		a.n += b.n
		a.see |= b.see
		if g < len(o.decs) && o.decs[g] != nil {
			if err := s.addDecimal(to, o.decs[g]); err != nil {
				return err
			}
		}
	}
	return nil
}

// big returns the sum of the ints.
func (a *sumAcc) big() *big.Int {
	i := new(big.Int).Lsh(big.NewInt(a.hi), 64)
	return i.Add(i, new(big.Int).SetUint64(a.lo))
}

// int returns the sum of the ints if it fits.
func (a *sumAcc) int() (int64, bool) {
	return int64(a.lo), a.hi == int64(a.lo)>>63
}

func (a *sumAcc) float() float64 {
	f := a.sum + a.err
	if i, ok := a.int(); ok {
		return f + float64(i)
	}
	i, _ := new(big.Float).SetInt(a.big()).Float64()
	return f + i
}

func (s *sumState) Result(g int) (Value, error) {
	a := &s.accs[g]
	switch {
	case a.see == 0:
		return None, nil
	case a.see&seenDuration != 0:
		return s.durationResult(a)
	case a.see&seenDecimal != 0:
		return s.decimalResult(g, a)
	case a.see&seenFloat == 0 && !s.mean:
		return s.integerResult(g, a)
	}
	f := a.float()
	if a.see&seenBig != 0 {
		big, _ := floatOfDecimal(s.decs[g])
		f += big
	}
	if s.mean {
		f /= float64(a.n)
	}
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return None, Errorf(CodeNotFinite, "%s: the sum of the floats is not finite", s.name())
	}
	return Float(f), nil
}

// integerResult is the sum of ints, or of ints and wides, which is a wide.
func (s *sumState) integerResult(g int, a *sumAcc) (Value, error) {
	if a.see == seenInt {
		i, ok := a.int()
		if !ok {
			return None, Errorf(CodeOverflow, "sum: %s does not fit int", a.big())
		}
		return Int(i), nil
	}
	total := a.big()
	if a.see&seenBig != 0 {
		d, _ := new(apd.Decimal).Reduce(s.decs[g])
		whole := d.Coeff.MathBigInt()
		whole.Mul(whole, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.Exponent)), nil))
		if d.Negative {
			whole.Neg(whole)
		}
		total.Add(total, whole)
	}
	w, ok := WideOfBig(total)
	if !ok {
		return None, Errorf(CodeOverflow, "sum: %s does not fit 128 bits", total)
	}
	return WideOf(w), nil
}

func (s *sumState) durationResult(a *sumAcc) (Value, error) {
	if a.see != seenDuration {
		return None, Errorf(CodeType, "%s: durations and numbers do not add up", s.name())
	}
	total := a.big()
	if s.mean {
		total.Quo(total, big.NewInt(a.n))
	}
	if !total.IsInt64() {
		return None, Errorf(CodeOverflow, "%s: the sum of the durations is out of range", s.name())
	}
	return Value{kind: KindDuration, bits: uint64(total.Int64())}, nil
}

func (s *sumState) decimalResult(g int, a *sumAcc) (Value, error) {
	total := new(apd.Decimal)
	if g < len(s.decs) && s.decs[g] != nil {
		total.Set(s.decs[g])
	}
	ints := new(apd.BigInt).SetMathBigInt(a.big())
	if err := addExact(total, total, apd.NewWithBigInt(ints, 0)); err != nil {
		return None, err
	}
	if a.see&seenFloat != 0 {
		f := new(apd.Decimal)
		if _, err := f.SetFloat64(a.sum + a.err); err != nil || f.Form != apd.Finite {
			return None, Errorf(CodeNotFinite, "%s: the sum of the floats is not finite", s.name())
		}
		if err := addExact(total, total, f); err != nil {
			return None, err
		}
	}
	if s.mean {
		c := apd.BaseContext.WithPrecision(uint32(max(38, total.NumDigits())))
		if _, err := c.Quo(total, total, apd.New(a.n, 0)); err != nil {
			return None, Errorf(CodeNumberOutOfRange, "avg: %s", err)
		}
		total.Reduce(total)
	}
	return Decimal(total), nil
}

func (s *sumState) Size() int64 {
	size := int64(cap(s.accs))*int64(unsafe.Sizeof(sumAcc{})) + int64(cap(s.decs))*8
	for _, d := range s.decs {
		if d != nil {
			size += int64(d.Size())
		}
	}
	return size
}

func (s *sumState) Encode(dst []byte, g int) []byte {
	a := &s.accs[g]
	dst = append(dst, a.see)
	dst = binary.AppendUvarint(dst, uint64(a.n))
	for _, u := range [...]uint64{a.lo, uint64(a.hi), floatBits(a.sum), floatBits(a.err)} {
		dst = binary.LittleEndian.AppendUint64(dst, u)
	}
	if a.see&hasDecimal != 0 {
		dst = s.decs[g].Append(dst, 'E')
	}
	return dst
}

func (s *sumState) Decode(g int, src []byte) error {
	bad := corruptState(s.name())
	if len(src) == 0 || src[0] >= seenEnd {
		return bad
	}
	a := sumAcc{see: src[0]}
	n, used := binary.Uvarint(src[1:])
	if used <= 0 || n > math.MaxInt64 || (n == 0) != (a.see == 0) || len(src) < 1+used+32 {
		return bad
	}
	src = src[1+used:]
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(src[8*i:]) }
	a.n, a.lo, a.hi, a.sum, a.err = int64(n), word(0), int64(word(1)), floatFrom(word(2)), floatFrom(word(3))
	src = src[32:]
	if a.see&hasDecimal == 0 {
		if len(src) > 0 {
			return bad
		}
		s.accs[g] = a
		return nil
	}
	if len(src) > maxDigits+32 {
		return bad
	}
	d, _, err := apd.NewFromString(string(src))
	if err == nil && a.see&seenDecimal == 0 {
		if r, _ := new(apd.Decimal).Reduce(d); r.Exponent < 0 {
			return bad
		}
	}
	if err != nil || d.Form != apd.Finite || d.Exponent > 1<<16 || d.Exponent < -1<<16 {
		return bad
	}
	s.accs[g] = a
	s.decs = grown(s.decs, g+1)
	s.decs[g] = d
	return nil
}
