package record

import (
	"encoding/binary"
	"math"

	"github.com/cockroachdb/apd/v3"

	"github.com/zerodb/zerodb/ops"
)

// MaxSize is the most bytes a record may take.
const MaxSize = 64 << 20

// Encoder turns values into records. It keeps scratch space and serves one goroutine.
type Encoder struct {
	Names Names
	order []field
	depth int
}

type field struct {
	id     uint16
	member int32
	end    int32
}

// Record appends the record of an object's members. Members that are none are left out, as is "id", which is the key.
func (e *Encoder) Record(dst []byte, members []ops.Member) ([]byte, error) {
	e.depth = 0
	e.order = e.order[:0]
	start := len(dst)
	dst, err := e.object(dst, members, true)
	if err == nil && len(dst)-start > MaxSize {
		err = ops.Errorf(ops.CodeTooLarge, "a record of %d bytes; the most is %d", len(dst)-start, MaxSize)
	}
	return dst, err
}

func (e *Encoder) object(dst []byte, members []ops.Member, top bool) ([]byte, error) {
	base := len(e.order)
	defer func() { e.order = e.order[:base] }()
	for i := range members {
		m := &members[i]
		if top && (m.Value.IsNone() || m.Name == "id") {
			continue
		}
		id, ok, err := e.Names.Intern(m.Name)
		if err != nil {
			return dst, err
		}
		if !ok {
			return dst, ops.Errorf(ops.CodeTooLarge, "the table has %d different field names already; %q would be one more", MaxNames, m.Name).
				WithHint("keep names that are data in a list of pairs")
		}
		e.order = append(e.order, field{id: id, member: int32(i)})
		for j := len(e.order) - 1; j > base && e.order[j-1].id > e.order[j].id; j-- {
			e.order[j-1], e.order[j] = e.order[j], e.order[j-1]
		}
	}
	n := len(e.order) - base
	if n > math.MaxUint16 {
		return dst, ops.Errorf(ops.CodeTooLarge, "an object of %d members", n)
	}
	flags := byte(0)
	if n > math.MaxUint8 {
		flags |= flagWideCount
	}
	if n > 0 && e.order[len(e.order)-1].id > math.MaxUint8 {
		flags |= flagWideIDs
	}
	head := len(dst)
	dst = append(dst, flags, byte(n))
	if flags&flagWideCount != 0 {
		dst = append(dst, byte(n>>8))
	}
	for _, f := range e.order[base:] {
		dst = append(dst, byte(f.id))
		if flags&flagWideIDs != 0 {
			dst = append(dst, byte(f.id>>8))
		}
	}
	ends := len(dst)
	dst = append(dst, make([]byte, n)...)
	payload := len(dst)
	for i := range n {
		var err error
		if dst, err = e.Value(dst, members[e.order[base+i].member].Value); err != nil {
			return dst, err
		}
		e.order[base+i].end = int32(len(dst) - payload)
	}
	return e.putEnds(dst, e.order[base:], head, ends), nil
}

// putEnds fills in the table of ends, which was reserved at one byte each, and widens it where the payload is long.
func (e *Encoder) putEnds(dst []byte, fs []field, head, ends int) []byte {
	n := len(fs)
	payload := ends + n
	width := 1
	switch size := len(dst) - payload; {
	case size > math.MaxUint16:
		width = 4
		dst[head] |= flagEnds4
	case size > math.MaxUint8:
		width = 2
		dst[head] |= flagEnds2
	}
	if width > 1 {
		size := len(dst) - payload
		dst = append(dst, make([]byte, n*(width-1))...)
		copy(dst[ends+n*width:], dst[payload:payload+size])
	}
	for i, f := range fs {
		switch width {
		case 1:
			dst[ends+i] = byte(f.end)
		case 2:
			binary.LittleEndian.PutUint16(dst[ends+2*i:], uint16(f.end))
		default:
			binary.LittleEndian.PutUint32(dst[ends+4*i:], uint32(f.end))
		}
	}
	return dst
}

// Value appends a value, tag first.
func (e *Encoder) Value(dst []byte, v ops.Value) ([]byte, error) {
	switch v.Kind() {
	case ops.KindNone:
		return append(dst, tagNone), nil
	case ops.KindBool:
		if v.AsBool() {
			return append(dst, tagTrue), nil
		}
		return append(dst, tagFalse), nil
	case ops.KindInt:
		return appendInt(append(dst, tagInt), v.AsInt()), nil
	case ops.KindWide:
		return appendWide(dst, v.AsWide()), nil
	case ops.KindFloat:
		return binary.LittleEndian.AppendUint64(append(dst, tagFloat), math.Float64bits(v.AsFloat())), nil
	case ops.KindDecimal:
		return appendDecimal(append(dst, tagDecimal), v.AsDecimal()), nil
	case ops.KindString:
		return append(append(dst, tagString), v.AsString()...), nil
	case ops.KindBytes:
		return append(append(dst, tagBytes), v.AsBytes()...), nil
	case ops.KindTime:
		return binary.LittleEndian.AppendUint64(append(dst, tagTime), uint64(v.AsInt())), nil
	case ops.KindDuration:
		return appendInt(append(dst, tagDuration), v.AsInt()), nil
	case ops.KindUUID:
		u := v.AsUUID()
		return append(append(dst, tagUUID), u[:]...), nil
	}
	return e.compound(dst, v)
}

func (e *Encoder) compound(dst []byte, v ops.Value) (_ []byte, err error) {
	if e.depth++; e.depth > MaxDepth {
		return dst, ops.Errorf(ops.CodeTooDeep, "a value nests deeper than %d", MaxDepth)
	}
	defer func() { e.depth-- }()
	switch v.Kind() {
	case ops.KindRecord:
		id, ok, err := e.Names.Intern(v.RecordTable())
		if err != nil {
			return dst, err
		}
		if !ok {
			return dst, ops.Errorf(ops.CodeTooLarge, "the table has %d different names already", MaxNames)
		}
		dst = binary.AppendUvarint(append(dst, tagRecord), uint64(id))
		return e.Value(dst, v.RecordKey())
	case ops.KindList:
		if fs := v.AsList(); allFloats(fs) {
			return appendFloats(dst, fs), nil
		}
		return e.list(append(dst, tagList), v.AsList())
	case ops.KindTuple:
		return e.list(append(dst, tagTuple), v.AsList())
	case ops.KindSet:
		return e.list(append(dst, tagSet), v.AsList())
	case ops.KindObject:
		return e.object(append(dst, tagObject), v.AsObject(), false)
	case ops.KindRange:
		r := v.AsRange()
		dst = append(dst, tagRange, 0)
		if r.Inclusive {
			dst[len(dst)-1] = 1
		}
		if dst, err = e.sized(dst, r.Lo); err != nil {
			return dst, err
		}
		return e.Value(dst, r.Hi)
	case ops.KindRegex:
		r := v.AsRegex()
		dst = binary.AppendUvarint(append(dst, tagRegex), uint64(len(r.Flags)))
		return append(append(dst, r.Flags...), r.Source...), nil
	}
	return dst, errKind
}

// appendFloats writes a vector. Where every number came from 32 bits, as those of the type f32 did, it takes no more.
func appendFloats(dst []byte, fs []ops.Value) []byte {
	narrow := true
	for _, f := range fs {
		x := f.AsFloat()
		if y := float64(float32(x)); y != x || math.Signbit(x) && x == 0 {
			narrow = false
			break
		}
	}
	if narrow {
		dst = append(dst, tagFloats32)
		for _, f := range fs {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(f.AsFloat())))
		}
		return dst
	}
	dst = append(dst, tagFloats)
	for _, f := range fs {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(f.AsFloat()))
	}
	return dst
}

func appendWide(dst []byte, w ops.Wide) []byte {
	tag := byte(tagWide)
	if w.Negative {
		tag = tagNegative
	}
	dst = append(dst, tag)
	for w.Hi|w.Lo != 0 {
		dst = append(dst, byte(w.Lo))
		w.Lo, w.Hi = w.Lo>>8|w.Hi<<56, w.Hi>>8
	}
	return dst
}

func allFloats(vs []ops.Value) bool {
	for i := range vs {
		if vs[i].Kind() != ops.KindFloat {
			return false
		}
	}
	return len(vs) > 0
}

func (e *Encoder) list(dst []byte, vs []ops.Value) (_ []byte, err error) {
	dst = binary.AppendUvarint(dst, uint64(len(vs)))
	for i := range vs {
		if dst, err = e.sized(dst, vs[i]); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// sized appends a value with its length in front.
func (e *Encoder) sized(dst []byte, v ops.Value) ([]byte, error) {
	at := len(dst)
	dst = append(dst, 0)
	dst, err := e.Value(dst, v)
	if err != nil {
		return dst, err
	}
	size := len(dst) - at - 1
	if size < 0x80 {
		dst[at] = byte(size)
		return dst, nil
	}
	var n [binary.MaxVarintLen64]byte
	w := binary.PutUvarint(n[:], uint64(size))
	dst = append(dst, n[:w-1]...)
	copy(dst[at+w:], dst[at+1:at+1+size])
	copy(dst[at:], n[:w])
	return dst, nil
}

func appendInt(dst []byte, i int64) []byte {
	switch {
	case i == int64(int8(i)):
		return append(dst, byte(i))
	case i == int64(int16(i)):
		return binary.LittleEndian.AppendUint16(dst, uint16(i))
	case i == int64(int32(i)):
		return binary.LittleEndian.AppendUint32(dst, uint32(i))
	}
	return binary.LittleEndian.AppendUint64(dst, uint64(i))
}

func appendDecimal(dst []byte, d *apd.Decimal) []byte {
	form := byte(d.Form) << 1
	if d.Negative {
		form |= 1
	}
	dst = binary.AppendVarint(append(dst, form), int64(d.Exponent))
	return append(dst, d.Coeff.Bytes()...)
}
