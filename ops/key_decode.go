package ops

import (
	"bytes"
	"encoding/binary"
	"math"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/cockroachdb/apd/v3"
)

var errBadKey = Errorf(CodeCorrupt, "a key is malformed")

// DecodeKey reads a value back from the front of its key, ascending or descending, and returns what follows it. It takes
// anything for src: what AppendKey does not write is an error. The value shares nothing with src.
func DecodeKey(src []byte) (v Value, rest []byte, err error) {
	d := keyReader{src: src}
	if v, err = d.value(); err != nil {
		return None, nil, err
	}
	if v, err = d.notes(v); err != nil {
		return None, nil, err
	}
	return v, d.src, nil
}

// DecodeOrder reads what AppendOrder wrote. Numbers come back as ints where their value is one, else as wides, as floats,
// or as decimals, and sequences as lists. Texts are put into memory from mem, if it is given.
func DecodeOrder(src []byte, mem func(n int) []byte) (v Value, rest []byte, err error) {
	if i, rest, ok := decodePositive(src); ok {
		return Int(i), rest, nil
	}
	d := keyReader{src: src, mem: mem}
	if v, err = d.value(); err != nil {
		return None, nil, err
	}
	return v, d.src, nil
}

// decodePositive is the fast way for the commonest keys: ascending, of a positive int that is exactly a float.
func decodePositive(src []byte) (i int64, rest []byte, ok bool) {
	if len(src) < 2 || src[0] != keyPositive {
		return 0, nil, false
	}
	var bits uint64
	shift := 56
	for n, b := range src[1:] {
		bits |= uint64(b>>1) << shift
		if b&1 == 0 {
			f := math.Float64frombits(bits)
			i, ok = wholeFloat(f)
			return i, src[n+2:], ok && b != 0
		}
		if shift -= 7; shift < 0 {
			break
		}
	}
	return 0, nil, false
}

// DecodeNotes applies what AppendNotes wrote to what DecodeOrder gave.
func DecodeNotes(v Value, src []byte) (_ Value, rest []byte, err error) {
	d := keyReader{src: src}
	if v, err = d.notes(v); err != nil {
		return None, nil, err
	}
	return v, d.src, nil
}

// keyReader reads a key from the front of src. mask is 0xff in a descending one.
type keyReader struct {
	src   []byte
	mask  byte
	depth int
	mem   func(n int) []byte
}

// value reads an order from its first byte, which shows whether it is descending.
func (d *keyReader) value() (Value, error) {
	if len(d.src) == 0 {
		return None, errBadKey
	}
	if d.src[0] >= 0x80 {
		d.mask = 0xff
	}
	return d.order()
}

func (d *keyReader) byte() (byte, error) {
	if len(d.src) == 0 {
		return 0, errBadKey
	}
	b := d.src[0] ^ d.mask
	d.src = d.src[1:]
	return b, nil
}

func (d *keyReader) order() (Value, error) {
	tag, err := d.byte()
	if err != nil {
		return None, err
	}
	switch tag {
	case keyNone:
		return None, nil
	case keyFalse:
		return Bool(false), nil
	case keyTrue:
		return Bool(true), nil
	case keyNegative, keyZero, keyPositive:
		return d.number(tag)
	case keyString:
		s, err := d.string()
		return String(s), err
	case keyBytes:
		b, err := d.text()
		return Bytes(b), err
	case keyTime, keyDuration:
		n, err := d.uint64()
		if tag == keyTime {
			return Time(int64(n ^ 1<<63)), err
		}
		return Duration(time.Duration(n ^ 1<<63)), err
	case keyUUID:
		return d.uuid()
	}
	if d.depth++; d.depth > MaxDepth {
		return None, Errorf(CodeTooDeep, "a key nests deeper than %d", MaxDepth)
	}
	v, err := d.nested(tag)
	d.depth--
	return v, err
}

func (d *keyReader) nested(tag byte) (Value, error) {
	switch tag {
	case keyRecord:
		table, err := d.string()
		if err != nil {
			return None, err
		}
		key, err := d.order()
		return Record(table, key), err
	case keySequence:
		return d.sequence()
	case keyObject:
		return d.object()
	case keyRange:
		return d.rangeValue()
	case keyRegex:
		source, err := d.string()
		if err != nil {
			return None, err
		}
		flags, err := d.string()
		if err != nil {
			return None, err
		}
		return NewRegex(source, flags)
	}
	return None, errBadKey
}

// more reports whether another element stands before the end, which it skips.
func (d *keyReader) more() (bool, error) {
	switch {
	case len(d.src) == 0:
		return false, errBadKey
	case d.src[0]^d.mask == keyEnd:
		d.src = d.src[1:]
		return false, nil
	}
	return true, nil
}

func (d *keyReader) sequence() (Value, error) {
	var vs []Value
	for {
		more, err := d.more()
		if err != nil || !more {
			return List(vs), err
		}
		v, err := d.order()
		if err != nil {
			return None, err
		}
		vs = append(vs, v)
	}
}

func (d *keyReader) object() (Value, error) {
	var ms []Member
	for {
		more, err := d.more()
		if err != nil || !more {
			return Object(ms), err
		}
		if tag, err := d.byte(); err != nil || tag != keyString {
			return None, errBadKey
		}
		name, err := d.string()
		if err != nil {
			return None, err
		}
		v, err := d.order()
		if err != nil {
			return None, err
		}
		if v.IsNone() || len(ms) > 0 && ms[len(ms)-1].Name >= name {
			return None, errBadKey
		}
		ms = append(ms, Member{name, v})
	}
}

func (d *keyReader) rangeValue() (Value, error) {
	r := new(RangeValue)
	var err error
	if r.Lo, err = d.order(); err != nil {
		return None, err
	}
	if len(d.src) > 0 && d.src[0]^d.mask == keyInfinite {
		d.src = d.src[1:]
	} else if r.Hi, err = d.order(); err != nil {
		return None, err
	} else if r.Hi.IsNone() {
		return None, errBadKey
	}
	b, err := d.byte()
	if err != nil || b > 1 {
		return None, errBadKey
	}
	r.Inclusive = b == 1
	return Range(r), nil
}

func (d *keyReader) uint64() (uint64, error) {
	if len(d.src) < 8 {
		return 0, errBadKey
	}
	n := binary.BigEndian.Uint64(d.src)
	d.src = d.src[8:]
	if d.mask != 0 {
		n = ^n
	}
	return n, nil
}

func (d *keyReader) uuid() (Value, error) {
	if len(d.src) < 16 {
		return None, errBadKey
	}
	u := [16]byte(d.src)
	d.src = d.src[16:]
	for i := range u {
		u[i] ^= d.mask
	}
	return UUID(u), nil
}

// string reads a text that must be UTF-8.
func (d *keyReader) string() (string, error) {
	b, err := d.text()
	if err != nil || !utf8.Valid(b) {
		return "", errBadKey
	}
	return unsafe.String(unsafe.SliceData(b), len(b)), nil
}

// text reads an escaped text into memory of its own.
func (d *keyReader) text() ([]byte, error) {
	length, end := 0, 0
	for {
		i := bytes.IndexByte(d.src[end:], d.mask)
		if i < 0 || end+i+1 >= len(d.src) {
			return nil, errBadKey
		}
		length += i
		end += i + 2
		if b := d.src[end-1] ^ d.mask; b == keyTerminator {
			break
		} else if b != keyEscaped {
			return nil, errBadKey
		}
		length++
	}
	out := d.room(length)[:0]
	for s := d.src[:end-2]; ; {
		i := bytes.IndexByte(s, d.mask)
		if i < 0 {
			out = append(out, s...)
			break
		}
		out = append(out, s[:i+1]...)
		s = s[i+2:]
	}
	d.src = d.src[end:]
	if d.mask != 0 {
		invert(out)
	}
	return out, nil
}

func (d *keyReader) room(n int) []byte {
	if d.mem != nil {
		return d.mem(n)
	}
	return make([]byte, n)
}

// ---- numbers

func (d *keyReader) number(tag byte) (Value, error) {
	if tag == keyZero {
		return Int(0), nil
	}
	start, mask := d.src, d.mask
	if tag == keyNegative {
		d.mask = ^d.mask
	}
	f, digits, err := d.magnitude()
	if err != nil {
		return None, err
	}
	if digits {
		return d.digits(tag, start, mask)
	}
	d.mask = mask
	if tag == keyNegative {
		f = -f
	}
	if i, ok := wholeFloat(f); ok {
		return Int(i), nil
	}
	if w, ok := wideOfFloat(f); ok {
		return WideOf(w), nil
	}
	return Float(f), nil
}

// magnitude reads the float, and reports whether digits follow it.
func (d *keyReader) magnitude() (f float64, digits bool, err error) {
	var bits uint64
	for n := range 9 {
		b, err := d.byte()
		if err != nil {
			return 0, false, err
		}
		bits |= uint64(b>>1) << (56 - 7*n)
		if b&1 == 0 {
			f = math.Float64frombits(bits)
			if b == 0 || f-f != 0 { // it could have ended before, or is not finite
				return 0, false, errBadKey
			}
			return f, false, nil
		}
	}
	return 0, true, nil
}

// digits reads the decimal digits behind a magnitude. The whole number, which began at start, must be as it is written.
func (d *keyReader) digits(tag byte, start []byte, mask byte) (Value, error) {
	if len(d.src) < 4 {
		return None, errBadKey
	}
	place := int64(int32(binary.BigEndian.Uint32(d.src) ^ 1<<31))
	if d.mask != 0 {
		place = int64(int32(^binary.BigEndian.Uint32(d.src) ^ 1<<31))
	}
	d.src = d.src[4:]
	var room [48]byte
	text := room[:0]
	for {
		b, err := d.byte()
		if err != nil || b > 100 {
			return None, errBadKey
		}
		if b == keyEnd {
			break
		}
		text = append(text, '0'+(b-1)/10, '0'+(b-1)%10)
	}
	d.mask = mask
	exp := place - int64(len(text))
	if len(text) == 0 || max(place, -place) > 2*apd.MaxExponent {
		return None, errBadKey
	}
	n := new(apd.Decimal)
	n.Coeff.SetString(string(text), 10)
	n.Exponent = int32(exp)
	n.Negative = tag == keyNegative
	if n.Coeff.Sign() == 0 {
		return None, errBadKey
	}
	v := canonicalNumber(n)
	again := appendNumber(nil, v)[1:]
	if mask != 0 {
		invert(again)
	}
	if !bytes.Equal(again, start[:len(start)-len(d.src)]) {
		return None, errBadKey
	}
	return v, nil
}

// ---- notes

func (d *keyReader) notes(v Value) (Value, error) {
	if !hasNotes(v) {
		return v, nil
	}
	b, err := d.byte()
	switch {
	case err != nil:
		return None, err
	case b == notesPlain:
		return v, nil
	case b != notesSome:
		return None, errBadKey
	}
	plain := true
	v, err = d.note(v, &plain)
	if plain && err == nil {
		err = errBadKey // one byte would have said so
	}
	return v, err
}

// hasNotes reports whether there is a number or sequence in v.
func hasNotes(v Value) bool {
	switch v.kind {
	case KindInt, KindWide, KindFloat, KindDecimal, KindList, KindTuple, KindSet:
		return true
	case KindObject:
		for _, m := range v.AsObject() {
			if hasNotes(m.Value) {
				return true
			}
		}
	case KindRecord:
		return hasNotes(v.RecordKey())
	case KindRange:
		return hasNotes(v.AsRange().Lo) || hasNotes(v.AsRange().Hi)
	}
	return false
}

// note gives a value that has just been read the kinds that the notes say.
func (d *keyReader) note(v Value, plain *bool) (Value, error) {
	switch v.kind {
	case KindInt, KindWide, KindFloat, KindDecimal:
		return d.noteNumber(v, plain)
	case KindList:
		return d.noteSequence(v, plain)
	case KindObject:
		ms := v.AsObject()
		for i := range ms {
			x, err := d.note(ms[i].Value, plain)
			if err != nil {
				return None, err
			}
			ms[i].Value = x
		}
	case KindRecord:
		key, err := d.note(v.RecordKey(), plain)
		return Record(v.RecordTable(), key), err
	case KindRange:
		r := *v.AsRange()
		var err error
		if r.Lo, err = d.note(r.Lo, plain); err != nil {
			return None, err
		}
		r.Hi, err = d.note(r.Hi, plain)
		return Range(&r), err
	}
	return v, nil
}

func (d *keyReader) noteSequence(v Value, plain *bool) (Value, error) {
	b, err := d.byte()
	if err != nil {
		return None, err
	}
	vs := v.AsList()
	for i := range vs {
		if vs[i], err = d.note(vs[i], plain); err != nil {
			return None, err
		}
	}
	if b != notePlain {
		*plain = false
	}
	switch b {
	case notePlain:
		return v, nil
	case noteTuple:
		return Tuple(vs), nil
	case noteSet:
		for i := 1; i < len(vs); i++ {
			if Compare(vs[i-1], vs[i]) >= 0 {
				return None, errBadKey
			}
		}
		return SetOfSorted(vs), nil
	}
	return None, errBadKey
}

func (d *keyReader) noteNumber(v Value, plain *bool) (Value, error) {
	b, err := d.byte()
	if err != nil {
		return None, err
	}
	if b != notePlain {
		*plain = false
	}
	switch {
	case b == notePlain:
		return v, nil
	case b == noteFloat && isInteger(v.kind):
		if f := Float(v.AsWide().float()); compareNumbers(f, v) == 0 {
			return f, nil
		}
	case b == noteWide && v.kind == KindInt:
		return WideOf(wideOfInt(v.AsInt())), nil
	case b == noteDecimal:
		zeroes, err := d.byte()
		if err != nil {
			return None, err
		}
		n, _ := new(apd.Decimal).Reduce(exactDecimal(v))
		if zeroes == 0 && v.kind == KindDecimal {
			return None, errBadKey
		}
		for range zeroes {
			n.Coeff.Mul(&n.Coeff, apd.NewBigInt(10))
			n.Exponent--
		}
		return Decimal(n), nil
	}
	return None, errBadKey
}
