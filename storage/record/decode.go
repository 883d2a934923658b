package record

import (
	"encoding/binary"
	"math"
	"regexp"
	"time"
	"unsafe"

	"github.com/cockroachdb/apd/v3"

	"github.com/zerodb/zerodb/ops"
)

// text returns a string that shares b's memory.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Decode decodes a value, tag first. Strings and bytes in it share b's memory, which must not change while
// the value is in use. mem gives the space for lists and objects; nil allocates it.
func Decode(b []byte, d *Dict, mem *Mem) (ops.Value, error) { return decode(b, d, mem, 0) }

func decode(b []byte, d *Dict, mem *Mem, depth int) (ops.Value, error) {
	if len(b) == 0 || depth > MaxDepth {
		return ops.None, errCorrupt
	}
	p := b[1:]
	switch b[0] {
	case tagNone:
		return ops.None, exact(p, 0)
	case tagFalse:
		return ops.Bool(false), exact(p, 0)
	case tagTrue:
		return ops.Bool(true), exact(p, 0)
	case tagInt:
		i, ok := getInt(p)
		if !ok {
			return ops.None, errCorrupt
		}
		return ops.Int(i), nil
	case tagFloat:
		if len(p) != 8 {
			return ops.None, errCorrupt
		}
		return getFloat(p)
	case tagString:
		return ops.String(text(p)), nil
	case tagBytes:
		return ops.Bytes(p), nil
	case tagTime:
		if len(p) != 8 {
			return ops.None, errCorrupt
		}
		return ops.Time(int64(binary.LittleEndian.Uint64(p))), nil
	case tagDuration:
		i, ok := getInt(p)
		if !ok {
			return ops.None, errCorrupt
		}
		return ops.Duration(time.Duration(i)), nil
	case tagUUID:
		if len(p) != 16 {
			return ops.None, errCorrupt
		}
		return ops.UUID([16]byte(p)), nil
	}
	return decodeCompound(b[0], p, d, mem, depth+1)
}

func exact(p []byte, n int) error {
	if len(p) != n {
		return errCorrupt
	}
	return nil
}

func getInt(p []byte) (int64, bool) {
	switch len(p) {
	case 1:
		return int64(int8(p[0])), true
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(p))), true
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(p))), true
	case 8:
		return int64(binary.LittleEndian.Uint64(p)), true
	}
	return 0, false
}

func getFloat(p []byte) (ops.Value, error) {
	f := math.Float64frombits(binary.LittleEndian.Uint64(p))
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return ops.None, errCorrupt
	}
	return ops.Float(f), nil
}

func decodeCompound(tag byte, p []byte, d *Dict, mem *Mem, depth int) (ops.Value, error) {
	switch tag {
	case tagDecimal:
		return decodeDecimal(p)
	case tagRecord:
		return decodeRecord(p, d, mem, depth)
	case tagList, tagTuple, tagSet:
		vs, err := decodeList(p, d, mem, depth)
		if err != nil {
			return ops.None, err
		}
		switch tag {
		case tagTuple:
			return ops.Tuple(vs), nil
		case tagSet:
			return ops.SetOfSorted(vs), nil
		}
		return ops.List(vs), nil
	case tagWide, tagNegative:
		return decodeWide(p, tag == tagNegative)
	case tagFloats32:
		return decodeFloats32(p, mem)
	case tagFloats:
		if len(p)%8 != 0 {
			return ops.None, errCorrupt
		}
		vs := mem.Values(len(p) / 8)
		for i := range vs {
			f, err := getFloat(p[8*i:])
			if err != nil {
				return ops.None, err
			}
			vs[i] = f
		}
		return ops.List(vs), nil
	case tagObject:
		ms, err := members(p, d, mem, depth, 0)
		if err != nil {
			return ops.None, err
		}
		return ops.Object(ms), nil
	case tagRange:
		return decodeRange(p, d, mem, depth)
	case tagRegex:
		return decodeRegex(p)
	}
	return ops.None, errCorrupt
}

func decodeFloats32(p []byte, mem *Mem) (ops.Value, error) {
	if len(p)%4 != 0 {
		return ops.None, errCorrupt
	}
	vs := mem.Values(len(p) / 4)
	for i := range vs {
		f := math.Float32frombits(binary.LittleEndian.Uint32(p[4*i:]))
		if f-f != 0 {
			return ops.None, errCorrupt
		}
		vs[i] = ops.Float(float64(f))
	}
	return ops.List(vs), nil
}

func decodeWide(p []byte, negative bool) (ops.Value, error) {
	if len(p) > 16 || len(p) > 0 && p[len(p)-1] == 0 || negative && len(p) == 0 {
		return ops.None, errCorrupt
	}
	var room [16]byte
	copy(room[:], p)
	w := ops.Wide{Negative: negative, Lo: binary.LittleEndian.Uint64(room[:]), Hi: binary.LittleEndian.Uint64(room[8:])}
	if !w.Valid() {
		return ops.None, errCorrupt
	}
	return ops.WideOf(w), nil
}

// Object decodes a whole record. It has id as its first member where id is not none.
func Object(b []byte, id ops.Value, d *Dict, mem *Mem) (ops.Value, error) {
	lead := 0
	if !id.IsNone() {
		lead = 1
	}
	ms, err := members(b, d, mem, 0, lead)
	if err != nil {
		return ops.None, err
	}
	if lead == 1 {
		ms[0] = ops.Member{Name: "id", Value: id}
	}
	return ops.Object(ms), nil
}

func members(b []byte, d *Dict, mem *Mem, depth, lead int) ([]ops.Member, error) {
	v, err := Parse(b)
	if err != nil {
		return nil, err
	}
	ms := mem.Members(lead + v.n)
	for i := range v.n {
		id := v.ID(i)
		name := d.Name(id)
		if name == nil || i > 0 && v.ID(i-1) >= id {
			return nil, errCorrupt
		}
		f, err := v.Field(i)
		if err != nil {
			return nil, err
		}
		m := &ms[lead+i]
		m.Name = *name
		if m.Value, err = decode(f, d, mem, depth); err != nil {
			return nil, err
		}
	}
	return ms, nil
}

// take splits off a value that has its length in front.
func take(p []byte) (v, rest []byte, ok bool) {
	n, w := binary.Uvarint(p)
	if w <= 0 || n > uint64(len(p)-w) {
		return nil, nil, false
	}
	return p[w : w+int(n)], p[w+int(n):], true
}

func decodeList(p []byte, d *Dict, mem *Mem, depth int) ([]ops.Value, error) {
	n, w := binary.Uvarint(p)
	// A value takes two bytes at least, so a count that is too high is refused before space is made for it.
	if w <= 0 || n > uint64(len(p)-w)/2 {
		return nil, errCorrupt
	}
	p = p[w:]
	vs := mem.Values(int(n))
	for i := range vs {
		b, rest, ok := take(p)
		if !ok {
			return nil, errCorrupt
		}
		v, err := decode(b, d, mem, depth)
		if err != nil {
			return nil, err
		}
		vs[i], p = v, rest
	}
	return vs, exact(p, 0)
}

func decodeRecord(p []byte, d *Dict, mem *Mem, depth int) (ops.Value, error) {
	id, w := binary.Uvarint(p)
	if w <= 0 || id >= uint64(d.Len()) {
		return ops.None, errCorrupt
	}
	table := d.Name(uint16(id))
	p = p[w:]
	if len(p) > 0 && p[0] == tagInt {
		if i, ok := getInt(p[1:]); ok {
			return ops.RecordInt(table, i), nil
		}
	}
	key, err := decode(p, d, mem, depth)
	if err != nil {
		return ops.None, err
	}
	r := mem.RecordID()
	r.Table, r.Key = *table, key
	return ops.RecordOf(r), nil
}

func decodeDecimal(p []byte) (ops.Value, error) {
	if len(p) < 2 || p[0]>>1 > byte(apd.NaN) {
		return ops.None, errCorrupt
	}
	exp, w := binary.Varint(p[1:])
	if w <= 0 || exp < math.MinInt32 || exp > math.MaxInt32 {
		return ops.None, errCorrupt
	}
	dec := &apd.Decimal{Form: apd.Form(p[0] >> 1), Negative: p[0]&1 != 0, Exponent: int32(exp)}
	dec.Coeff.SetBytes(p[1+w:])
	return ops.Decimal(dec), nil
}

func decodeRange(p []byte, d *Dict, mem *Mem, depth int) (ops.Value, error) {
	if len(p) < 1 || p[0] > 1 {
		return ops.None, errCorrupt
	}
	lo, hi, ok := take(p[1:])
	if !ok {
		return ops.None, errCorrupt
	}
	r := &ops.RangeValue{Inclusive: p[0] == 1}
	var err error
	if r.Lo, err = decode(lo, d, mem, depth); err != nil {
		return ops.None, err
	}
	if r.Hi, err = decode(hi, d, mem, depth); err != nil {
		return ops.None, err
	}
	return ops.Range(r), nil
}

func decodeRegex(p []byte) (ops.Value, error) {
	flags, source, ok := take(p)
	if !ok {
		return ops.None, errCorrupt
	}
	r := &ops.Regex{Source: string(source), Flags: string(flags)}
	pattern := r.Source
	inline := ""
	for _, f := range r.Flags {
		if f == 'i' || f == 'm' || f == 's' {
			inline += string(f)
		}
	}
	if inline != "" {
		pattern = "(?" + inline + ")" + pattern
	}
	c, err := regexp.Compile(pattern)
	if err != nil {
		return ops.None, errCorrupt
	}
	r.Compiled = c
	return ops.RegexOf(r), nil
}
