package vm

import (
	"encoding/binary"
	"math"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/cockroachdb/apd/v3"

	"github.com/zerodb/zerodb/ops"
)

// The encoding of values in .zqb files and in spools; docs/bytecode.md specifies it. There is one encoding of a value:
// varints are minimal, so that what was decoded encodes to the same bytes.

// maxNesting bounds how deep values, types and the like nest.
const maxNesting = 64

func appendInt(dst []byte, i int64) []byte { return binary.AppendVarint(dst, i) }

func appendText(dst []byte, s string) []byte {
	return append(appendUint(dst, uint64(len(s))), s...)
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func appendValue(dst []byte, v ops.Value) []byte {
	k := v.Kind()
	dst = append(dst, byte(k))
	switch k {
	case ops.KindBool:
		return appendBool(dst, v.AsBool())
	case ops.KindInt, ops.KindTime, ops.KindDuration:
		return appendInt(dst, v.AsInt())
	case ops.KindWide:
		w := v.AsWide()
		return appendUint(appendUint(appendBool(dst, w.Negative), w.Hi), w.Lo)
	case ops.KindFloat:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.AsFloat()))
	case ops.KindDecimal:
		d := v.AsDecimal()
		dst = appendInt(appendBool(dst, d.Negative), int64(d.Exponent))
		return appendText(dst, string(d.Coeff.Bytes()))
	case ops.KindString:
		return appendText(dst, v.AsString())
	case ops.KindBytes:
		return append(appendUint(dst, uint64(len(v.AsBytes()))), v.AsBytes()...)
	case ops.KindUUID:
		u := v.AsUUID()
		return append(dst, u[:]...)
	case ops.KindRecord:
		return appendValue(appendText(dst, v.RecordTable()), v.RecordKey())
	case ops.KindList, ops.KindTuple, ops.KindSet:
		dst = appendUint(dst, uint64(len(v.AsList())))
		for _, e := range v.AsList() {
			dst = appendValue(dst, e)
		}
	case ops.KindObject:
		dst = appendUint(dst, uint64(len(v.AsObject())))
		for _, m := range v.AsObject() {
			dst = appendValue(appendText(dst, m.Name), m.Value)
		}
	case ops.KindRange:
		r := v.AsRange()
		return appendBool(appendValue(appendValue(dst, r.Lo), r.Hi), r.Inclusive)
	case ops.KindRegex:
		r := v.AsRegex()
		return appendText(appendText(dst, r.Source), r.Flags)
	}
	return dst
}

// decoder reads what the append functions write. The first fault is kept in err; what is read afterwards is zero. A
// count is believed only as far as there are bytes for so many things.
type decoder struct {
	src       []byte
	err       error
	strict    bool // texts are checked for UTF-8
	allowance *int // how many values may still be read; nil: any number
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = ops.Errorf(ops.CodeBadProgram, format, args...)
	}
	d.src = nil
}

func (d *decoder) byte() byte {
	if len(d.src) == 0 {
		d.fail("the end comes too early")
		return 0
	}
	b := d.src[0]
	d.src = d.src[1:]
	return b
}

func (d *decoder) take(n int) []byte {
	if n > len(d.src) {
		d.fail("the end comes too early")
		return nil
	}
	b := d.src[:n:n]
	d.src = d.src[n:]
	return b
}

func (d *decoder) uint() uint64 {
	n, used := binary.Uvarint(d.src)
	if used <= 0 || used > 1 && d.src[used-1] == 0 {
		d.fail("a number is malformed")
		return 0
	}
	d.src = d.src[used:]
	return n
}

func (d *decoder) int() int64 {
	u := d.uint()
	i := int64(u >> 1)
	if u&1 != 0 {
		i = ^i
	}
	return i
}

// small reads a number up to most.
func (d *decoder) small(most int, what string) int {
	n := d.uint()
	if n > uint64(most) {
		d.fail("%s is %d, at most %d is possible", what, n, most)
		return 0
	}
	return int(n)
}

// count reads how many things follow, each of at least so many bytes.
func (d *decoder) count(least int) int {
	n := d.uint()
	if n > uint64(len(d.src)/least) {
		d.fail("%d things are announced, and the end comes too early", n)
		return 0
	}
	return int(n)
}

func (d *decoder) bool() bool {
	b := d.byte()
	if b > 1 {
		d.fail("a yes or no is %d", b)
	}
	return b == 1
}

// text reads a string, in the memory of src.
func (d *decoder) text() string {
	b := d.take(d.count(1))
	if len(b) == 0 {
		return ""
	}
	s := unsafe.String(&b[0], len(b))
	if d.strict && !utf8.ValidString(s) {
		d.fail("a text is not UTF-8")
		return ""
	}
	return s
}

func (d *decoder) value(depth int) ops.Value {
	if depth > maxNesting {
		d.fail("a value nests deeper than %d", maxNesting)
		return ops.None
	}
	if d.allowance != nil {
		if *d.allowance--; *d.allowance < 0 {
			d.fail("there are more than %d values", maxValues)
			return ops.None
		}
	}
	switch k := ops.Kind(d.byte()); k {
	case ops.KindNone:
		return ops.None
	case ops.KindBool:
		return ops.Bool(d.bool())
	case ops.KindInt:
		return ops.Int(d.int())
	case ops.KindWide:
		return d.wide()
	case ops.KindTime:
		return ops.Time(d.int())
	case ops.KindDuration:
		return ops.Duration(time.Duration(d.int()))
	case ops.KindFloat:
		return d.float()
	case ops.KindDecimal:
		return d.decimal()
	case ops.KindString:
		return ops.String(d.text())
	case ops.KindBytes:
		return ops.Bytes(d.take(d.count(1)))
	case ops.KindUUID:
		if b := d.take(16); b != nil {
			return ops.UUID([16]byte(b))
		}
	case ops.KindRecord:
		return d.record(depth)
	case ops.KindList:
		return ops.List(d.values(depth))
	case ops.KindTuple:
		return ops.Tuple(d.values(depth))
	case ops.KindSet:
		return d.set(depth)
	case ops.KindObject:
		return d.object(depth)
	case ops.KindRange:
		r := &ops.RangeValue{Lo: d.value(depth + 1), Hi: d.value(depth + 1), Inclusive: d.bool()}
		return ops.Range(r)
	case ops.KindRegex:
		return d.regex()
	default:
		d.fail("a value has kind %d", k)
	}
	return ops.None
}

func (d *decoder) float() ops.Value {
	b := d.take(8)
	if b == nil {
		return ops.None
	}
	f := math.Float64frombits(binary.LittleEndian.Uint64(b))
	if math.IsNaN(f) || math.IsInf(f, 0) {
		d.fail("a float is not finite")
		return ops.None
	}
	return ops.Float(f)
}

func (d *decoder) wide() ops.Value {
	w := ops.Wide{Negative: d.bool(), Hi: d.uint(), Lo: d.uint()}
	if !w.Valid() {
		d.fail("a wide is malformed")
		return ops.None
	}
	return ops.WideOf(w)
}

func (d *decoder) decimal() ops.Value {
	x := new(apd.Decimal)
	x.Negative = d.bool()
	e := d.int()
	if e < apd.MinExponent || e > apd.MaxExponent {
		d.fail("a decimal has exponent %d", e)
		return ops.None
	}
	x.Exponent = int32(e)
	coefficient := d.take(d.count(1))
	if len(coefficient) > 4<<10 || len(coefficient) > 0 && coefficient[0] == 0 {
		d.fail("a decimal is malformed")
		return ops.None
	}
	x.Coeff.SetBytes(coefficient)
	return ops.Decimal(x)
}

func (d *decoder) record(depth int) ops.Value {
	table, key := d.text(), d.value(depth+1)
	if d.err == nil && (table == "" || !isKey(key)) {
		d.fail("a record id is malformed")
		return ops.None
	}
	return ops.Record(table, key)
}

func (d *decoder) values(depth int) []ops.Value {
	n := d.count(1)
	if n == 0 {
		return nil
	}
	// A byte in the source may ask for no more than a value here, and grows in steps.
	vs := make([]ops.Value, 0, min(n, 1024))
	for range n {
		if d.err != nil {
			return nil
		}
		vs = append(vs, d.value(depth+1))
	}
	return vs
}

func (d *decoder) set(depth int) ops.Value {
	vs := d.values(depth)
	for i := 1; i < len(vs); i++ {
		if ops.Compare(vs[i-1], vs[i]) >= 0 {
			d.fail("a set is not sorted")
			return ops.None
		}
	}
	return ops.SetOfSorted(vs)
}

func (d *decoder) object(depth int) ops.Value {
	n := d.count(2)
	ms := make([]ops.Member, 0, min(n, 1024))
	for range n {
		if d.err != nil {
			return ops.None
		}
		ms = append(ms, ops.Member{Name: d.text(), Value: d.value(depth + 1)})
	}
	if d.strict && !distinctNames(ms) {
		d.fail("an object has a member twice")
		return ops.None
	}
	return ops.Object(ms)
}

func distinctNames(ms []ops.Member) bool {
	if len(ms) <= 8 {
		for i := range ms {
			for j := range i {
				if ms[i].Name == ms[j].Name {
					return false
				}
			}
		}
		return true
	}
	seen := make(map[string]bool, len(ms))
	for _, m := range ms {
		if seen[m.Name] {
			return false
		}
		seen[m.Name] = true
	}
	return true
}

func (d *decoder) regex() ops.Value {
	source, flags := d.text(), d.text()
	if d.err != nil {
		return ops.None
	}
	v, err := ops.NewRegex(source, flags)
	if err != nil {
		d.fail("a regular expression does not compile: %v", err)
		return ops.None
	}
	return v
}
