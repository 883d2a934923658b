package ops

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Keys are byte strings that compare as the values they are made of do.
//
//	key  = order notes
//	order: what decides the order. Values that are Equal have the same, whatever their kinds: 2, 2.0 and d"2".
//	notes: what kinds the numbers and sequences in it were, so that the value comes back as it was.
//
// An order begins with a tag, in the order of Compare. A descending key has every byte inverted; its tag shows it. No key
// begins with 0x00, 0x01, 0xfe or 0xff, and none is the beginning of another, so keys can be put one after another.
//
//	none 02 · false 03 · true 04
//	number: 05 negative, its magnitude inverted · 06 zero · 07 positive, its magnitude
//	string 08 · bytes 09: each 00 as 00 ff, then the end 00 01
//	time 0a · duration 0b: 8 bytes, sign inverted · uuid 0c: 16 bytes
//	record 0d: table as a string without tag, order of the key
//	sequence 0e: orders of the elements, end 00
//	object 0f: for each member that is not none, by name: name as a string, order of the value; end 00
//	range 10: order of the low end, of the high end or 3e where it is open, 01 if that is included, else 00
//	regex 11: source and flags as strings without tag
//
// A magnitude is the largest float not above it: its bits (without the sign) in groups of seven, highest first, each
// in the upper bits of a byte whose lowest bit says that something not zero follows. Where all nine groups have the bit set,
// the number is more than the float, and its decimal digits follow: the place of the decimal point in 4 bytes, then two
// digits a byte, increased by one, end 00. So small ints take 2 to 5 bytes, and ints, floats and decimals are in one order.
//
// Notes are one byte 00 if every number is an int where its value is one, else a wide, else a float, else a decimal,
// and if every sequence is a list. Otherwise they are 01 and a note for each number and sequence in their order.
const (
	keyEnd      = 0x00
	keyNone     = 0x02
	keyFalse    = 0x03
	keyTrue     = 0x04
	keyNegative = 0x05
	keyZero     = 0x06
	keyPositive = 0x07
	keyString   = 0x08
	keyBytes    = 0x09
	keyTime     = 0x0a
	keyDuration = 0x0b
	keyUUID     = 0x0c
	keyRecord   = 0x0d
	keySequence = 0x0e
	keyObject   = 0x0f
	keyRange    = 0x10
	keyRegex    = 0x11
	keyInfinite = 0x3e

	keyEscaped    = 0xff // behind a 00 that is part of a string
	keyTerminator = 0x01 // behind a 00 that ends it
)

// Notes, behind the order.
const (
	notesPlain = 0x00
	notesSome  = 0x01

	notePlain   = 0x00
	noteFloat   = 0x01 // a float whose value is an int or wide
	noteDecimal = 0x02 // a decimal whose value is of another kind too, or that ends in zeroes; how many (at most 255) follows
	noteTuple   = 0x03
	noteSet     = 0x04
	noteWide    = 0x05 // a wide whose value is an int
)

// MaxDepth is how deep a value may nest that is read from a key or from JSON.
const MaxDepth = 200

// AppendKey appends the key of a value. Keys compare as values do (Compare), or the other way round with desc.
// The keys of values that are Equal but of different kinds differ behind AppendOrder's part.
func AppendKey(dst []byte, v Value, desc bool) []byte {
	from := len(dst)
	dst = appendOrder(dst, v)
	dst = appendNotes(dst, v)
	if desc {
		invert(dst[from:])
	}
	return dst
}

// AppendOrder appends the part of a value's key that decides the order. Values that are Equal, and only those, have the
// same one, and none is the beginning of another. It is the whole identity of a record's key, and what an index
// with several columns has of each before the notes of all.
func AppendOrder(dst []byte, v Value, desc bool) []byte {
	if !desc {
		return appendOrder(dst, v)
	}
	from := len(dst)
	dst = appendOrder(dst, v)
	invert(dst[from:])
	return dst
}

// AppendNotes appends the part of a value's key that follows its order: what DecodeOrder does not give back.
func AppendNotes(dst []byte, v Value) []byte { return appendNotes(dst, v) }

func invert(b []byte) {
	for i := range b {
		b[i] = ^b[i]
	}
}

func appendOrder(dst []byte, v Value) []byte {
	switch v.kind {
	case KindNone:
		return append(dst, keyNone)
	case KindBool:
		return append(dst, keyFalse+byte(v.bits))
	case KindInt, KindWide, KindFloat, KindDecimal:
		return appendNumber(dst, v)
	case KindString:
		return appendKeyText(append(dst, keyString), v.AsString())
	case KindBytes:
		return appendKeyText(append(dst, keyBytes), v.AsString())
	case KindTime:
		return appendSigned(append(dst, keyTime), v.bits)
	case KindDuration:
		return appendSigned(append(dst, keyDuration), v.bits)
	case KindUUID:
		return append(append(dst, keyUUID), (*[16]byte)(v.ref)[:]...)
	case KindRecord:
		return appendOrder(appendKeyText(append(dst, keyRecord), v.RecordTable()), v.RecordKey())
	case KindList, KindTuple, KindSet:
		dst = append(dst, keySequence)
		for _, e := range v.AsList() {
			dst = appendOrder(dst, e)
		}
		return append(dst, keyEnd)
	case KindObject:
		dst = append(dst, keyObject)
		for _, m := range sortedMembers(v.AsObject()) {
			dst = appendOrder(appendKeyText(append(dst, keyString), m.Name), m.Value)
		}
		return append(dst, keyEnd)
	}
	return appendRareOrder(dst, v)
}

func appendRareOrder(dst []byte, v Value) []byte {
	switch v.kind {
	case KindRange:
		r := v.AsRange()
		dst = appendOrder(append(dst, keyRange), r.Lo)
		if r.Hi.IsNone() {
			dst = append(dst, keyInfinite)
		} else {
			dst = appendOrder(dst, r.Hi)
		}
		if r.Inclusive {
			return append(dst, 1)
		}
		return append(dst, 0)
	case KindRegex:
		r := v.AsRegex()
		return appendKeyText(appendKeyText(append(dst, keyRegex), r.Source), r.Flags)
	}
	return dst
}

func appendSigned(dst []byte, bits uint64) []byte {
	return binary.BigEndian.AppendUint64(dst, bits^1<<63)
}

func appendKeyText(dst []byte, s string) []byte {
	dst = slices.Grow(dst, len(s)+2)
	for {
		i := strings.IndexByte(s, 0)
		if i < 0 {
			return append(append(dst, s...), 0, keyTerminator)
		}
		dst = append(append(dst, s[:i]...), 0, keyEscaped)
		s = s[i+1:]
	}
}

// ---- numbers

func appendNumber(dst []byte, v Value) []byte {
	switch v.kind {
	case KindInt:
		return appendInt(dst, int64(v.bits))
	case KindWide:
		return appendWide(dst, v.AsWide())
	case KindFloat:
		f := v.AsFloat()
		if f == 0 {
			return append(dst, keyZero)
		}
		return appendMagnitude(dst, f < 0, math.Abs(f), nil)
	}
	d := v.AsDecimal()
	if d.IsZero() {
		return append(dst, keyZero)
	}
	abs := new(apd.Decimal).Abs(d)
	f, exact := floatOfDecimal(abs)
	if exact {
		return appendMagnitude(dst, d.Negative, f, nil)
	}
	if math.IsInf(f, 0) {
		f = math.MaxFloat64
	} else if exactDecimalOfFloat(f).Cmp(abs) > 0 {
		f = math.Float64frombits(math.Float64bits(f) - 1)
	}
	return appendMagnitude(dst, d.Negative, f, abs)
}

func appendInt(dst []byte, i int64) []byte {
	if i == 0 {
		return append(dst, keyZero)
	}
	abs := uint64(i)
	if i < 0 {
		abs = -abs
	}
	return appendWord(dst, i < 0, abs)
}

// appendWord writes an integer whose magnitude is 64 bits that are not zero.
func appendWord(dst []byte, negative bool, abs uint64) []byte {
	if bits.Len64(abs)-bits.TrailingZeros64(abs) <= 53 {
		return appendMagnitude(dst, negative, float64(abs), nil)
	}
	// The float is the number without its lowest bits.
	low := bits.Len64(abs) - 53
	return appendMagnitude(dst, negative, float64(abs>>low<<low), Wide{Lo: abs}.decimal())
}

func appendWide(dst []byte, w Wide) []byte {
	switch {
	case w.isZero():
		return append(dst, keyZero)
	case w.Hi == 0:
		return appendWord(dst, w.Negative, w.Lo)
	}
	d := Wide{Hi: w.Hi, Lo: w.Lo}.decimal()
	low := Wide{Hi: w.Hi, Lo: w.Lo}.shr(uint(w.bitLen() - 53))
	f := math.Ldexp(float64(low.Lo), w.bitLen()-53)
	if exactDecimalOfFloat(f).Cmp(d) == 0 {
		d = nil
	}
	return appendMagnitude(dst, w.Negative, f, d)
}

// appendMagnitude writes a number whose magnitude is f, or exact, of which f is the float below.
func appendMagnitude(dst []byte, negative bool, f float64, exact *apd.Decimal) []byte {
	if negative {
		dst = append(dst, keyNegative)
	} else {
		dst = append(dst, keyPositive)
	}
	from := len(dst)
	b := math.Float64bits(f) << 1
	if exact == nil {
		for b<<7 != 0 {
			dst = append(dst, byte(b>>57<<1)|1)
			b <<= 7
		}
		dst = append(dst, byte(b>>57<<1))
	} else {
		for range 9 {
			dst = append(dst, byte(b>>57<<1)|1)
			b <<= 7
		}
		dst = appendDigits(dst, exact)
	}
	if negative {
		invert(dst[from:])
	}
	return dst
}

// appendDigits writes a positive decimal as 0.d1d2d3… × 10^place.
func appendDigits(dst []byte, d *apd.Decimal) []byte {
	var room [48]byte
	digits := d.Coeff.Append(room[:0], 10)
	place := int64(len(digits)) + int64(d.Exponent)
	for digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(place)^1<<31)
	for i := 0; i < len(digits); i += 2 {
		pair := (digits[i] - '0') * 10
		if i+1 < len(digits) {
			pair += digits[i+1] - '0'
		}
		dst = append(dst, pair+1)
	}
	return append(dst, keyEnd)
}

// ---- notes

func appendNotes(dst []byte, v Value) []byte {
	switch v.kind {
	case KindInt:
		return append(dst, notesPlain)
	case KindWide, KindFloat, KindDecimal, KindList, KindTuple, KindSet, KindObject, KindRecord, KindRange:
	default:
		return dst // there is no number in it
	}
	from := len(dst)
	dst, plain := appendNote(append(dst, notesSome), v)
	switch {
	case len(dst) == from+1:
		return dst[:from]
	case plain:
		dst[from] = notesPlain
		return dst[:from+1]
	}
	return dst
}

// appendNote writes the notes of v and what is in it, and reports whether they are plain.
func appendNote(dst []byte, v Value) (_ []byte, plain bool) {
	plain = true
	each := func(x Value) {
		var p bool
		dst, p = appendNote(dst, x)
		plain = plain && p
	}
	switch v.kind {
	case KindInt:
		dst = append(dst, notePlain)
	case KindWide:
		if _, ok := v.AsWide().Int(); ok {
			return append(dst, noteWide), false
		}
		dst = append(dst, notePlain)
	case KindFloat:
		if _, ok := wideOfFloat(v.AsFloat()); ok {
			return append(dst, noteFloat), false
		}
		dst = append(dst, notePlain)
	case KindDecimal:
		return appendDecimalNote(dst, v.AsDecimal())
	case KindList, KindTuple, KindSet:
		note := byte(notePlain)
		switch v.kind {
		case KindTuple:
			note = noteTuple
		case KindSet:
			note = noteSet
		}
		dst, plain = append(dst, note), note == notePlain
		for _, e := range v.AsList() {
			each(e)
		}
	case KindObject:
		for _, m := range sortedMembers(v.AsObject()) {
			each(m.Value)
		}
	case KindRecord:
		each(v.RecordKey())
	case KindRange:
		each(v.AsRange().Lo)
		each(v.AsRange().Hi)
	}
	return dst, plain
}

func appendDecimalNote(dst []byte, d *apd.Decimal) (_ []byte, plain bool) {
	reduced, zeroes := new(apd.Decimal).Reduce(d)
	if d.IsZero() {
		zeroes = int(max(0, -d.Exponent))
	}
	if zeroes == 0 && canonicalNumber(reduced).kind == KindDecimal {
		return append(dst, notePlain), true
	}
	return append(dst, noteDecimal, byte(min(zeroes, 255))), false
}

// canonicalNumber returns the value that an order alone stands for: an int where the value is one, else a wide, else a
// float, else a decimal that does not end in zeroes. It takes d over.
func canonicalNumber(d *apd.Decimal) Value {
	if w, ok := wideOfDecimal(d); ok {
		return Narrowed(WideOf(w))
	}
	if f, exact := floatOfDecimal(d); exact {
		return Float(f)
	}
	d.Reduce(d)
	return Decimal(d)
}
