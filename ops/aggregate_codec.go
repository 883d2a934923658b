package ops

import (
	"encoding/binary"
	"math"
	"regexp"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// The states of aggregates are written to spill files with this encoding of values: a byte for the kind, then what the
// value is made of. It keeps everything (the kind of a number, the order of members), which the order-preserving key
// encoding does not.

// maxStateDepth bounds how deep a decoded value nests.
const maxStateDepth = 256

func appendExact(dst []byte, v Value) []byte {
	dst = append(dst, byte(v.kind))
	switch v.kind {
	case KindBool:
		return append(dst, byte(v.bits))
	case KindInt, KindTime, KindDuration:
		return binary.AppendVarint(dst, v.AsInt())
	case KindWide:
		w := v.AsWide()
		dst = append(dst, v.sub)
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, w.Hi), w.Lo)
	case KindFloat:
		return binary.LittleEndian.AppendUint64(dst, v.bits)
	case KindDecimal:
		return appendCounted(dst, v.AsDecimal().Text('E'))
	case KindString, KindBytes:
		return appendCounted(dst, v.AsString())
	case KindUUID:
		u := v.AsUUID()
		return append(dst, u[:]...)
	case KindRecord:
		return appendExact(appendCounted(dst, v.RecordTable()), v.RecordKey())
	case KindList, KindTuple, KindSet:
		dst = binary.AppendUvarint(dst, v.bits)
		for _, e := range v.AsList() {
			dst = appendExact(dst, e)
		}
	case KindObject:
		dst = binary.AppendUvarint(dst, v.bits)
		for _, m := range v.AsObject() {
			dst = appendExact(appendCounted(dst, m.Name), m.Value)
		}
	case KindRange:
		r := v.AsRange()
		return appendExact(appendExact(append(dst, byte(Bool(r.Inclusive).bits)), r.Lo), r.Hi)
	case KindRegex:
		r := v.AsRegex()
		return appendCounted(appendCounted(appendCounted(dst, r.Source), r.Flags), r.Compiled.String())
	}
	return dst
}

func appendCounted(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// exactReader takes values off src. After a fault bad is set, and everything it gives is zero.
type exactReader struct {
	src   []byte
	bad   bool
	depth int
}

func (r *exactReader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.src)) {
		r.bad, r.src = true, nil
		return nil
	}
	b := r.src[:n]
	r.src = r.src[n:]
	return b
}

func (r *exactReader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *exactReader) uvarint() uint64 {
	u, n := binary.Uvarint(r.src)
	if n <= 0 {
		r.bad, r.src = true, nil
		return 0
	}
	r.src = r.src[n:]
	return u
}

// count reads a number of things that take at least one byte each, so that it bounds what is allocated for them.
func (r *exactReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.src)) {
		r.bad, r.src = true, nil
		return 0
	}
	return int(n)
}

func (r *exactReader) varint() int64 {
	i, n := binary.Varint(r.src)
	if n <= 0 {
		r.bad, r.src = true, nil
		return 0
	}
	r.src = r.src[n:]
	return i
}

func (r *exactReader) word() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *exactReader) text() string { return string(r.take(r.uvarint())) }

func (r *exactReader) fail() Value {
	r.bad, r.src = true, nil
	return None
}

func (r *exactReader) float() float64 {
	f := floatFrom(r.word())
	if math.IsNaN(f) || math.IsInf(f, 0) {
		r.fail()
		return 0
	}
	return f
}

func (r *exactReader) value() Value {
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > maxStateDepth {
		return r.fail()
	}
	switch k := Kind(r.byte()); k {
	case KindNone:
		return None
	case KindBool:
		return Bool(r.byte() != 0)
	case KindInt:
		return Int(r.varint())
	case KindTime:
		return Time(r.varint())
	case KindDuration:
		return Duration(time.Duration(r.varint()))
	case KindWide:
		w := Wide{Negative: r.byte() == subNegative, Hi: r.word(), Lo: r.word()}
		if w != w.normal() || !w.inRange() {
			return r.fail()
		}
		return WideOf(w)
	case KindFloat:
		return Float(r.float())
	case KindDecimal:
		return r.decimal()
	case KindString:
		return String(r.text())
	case KindBytes:
		return Bytes([]byte(r.text()))
	case KindUUID:
		if b := r.take(16); b != nil {
			return UUID([16]byte(b))
		}
		return None
	default:
		return r.composite(k)
	}
}

func (r *exactReader) decimal() Value {
	text := r.text()
	d, _, err := apd.NewFromString(text)
	if err != nil || d.Form != apd.Finite {
		return r.fail()
	}
	return Decimal(d)
}

func (r *exactReader) composite(k Kind) Value {
	switch k {
	case KindRecord:
		table := r.text()
		return Record(table, r.value())
	case KindList, KindTuple, KindSet:
		return r.sequence(k)
	case KindObject:
		return r.object()
	case KindRange:
		inclusive := r.byte() != 0
		lo := r.value()
		return Range(&RangeValue{Lo: lo, Hi: r.value(), Inclusive: inclusive})
	case KindRegex:
		source, flags := r.text(), r.text()
		compiled, err := regexp.Compile(r.text())
		if err != nil || r.bad {
			return r.fail()
		}
		return RegexOf(&Regex{Source: source, Flags: flags, Compiled: compiled})
	}
	return r.fail()
}

func (r *exactReader) sequence(k Kind) Value {
	n := r.count()
	vs := make([]Value, 0, min(n, 64)) // a lie about n costs little
	for range n {
		v := r.value()
		if r.bad || k == KindSet && len(vs) > 0 && Compare(vs[len(vs)-1], v) >= 0 {
			return r.fail()
		}
		vs = append(vs, v)
	}
	return sequence(k, vs)
}

func (r *exactReader) object() Value {
	n := r.count()
	ms := make([]Member, 0, min(n, 64))
	for range n {
		name := r.text()
		ms = append(ms, Member{name, r.value()})
		if r.bad {
			return None
		}
	}
	return Object(ms)
}

// done reports whether everything was read and nothing was wrong.
func (r *exactReader) done() bool { return !r.bad && len(r.src) == 0 }
