// Package record is the format that records are stored in.
//
// An object is
//
//	flags (1) · count (1 or 2) · field ids (count × 1 or 2, ascending) · ends (count × 1, 2 or 4) · payload
//
// where ends are where each field's value ends in the payload. All numbers are little-endian. A value is a
// tag and its bytes; the offset table, or a length in front of it in a list, says how long it is. A nested
// object has the same form behind its tag. So one field, or one path, is found by a search in a few bytes and decoded
// without looking at the rest, and records of one make have their fields at the same places.
//
// Field names, and the tables that links point to, are numbers of the table's dictionary.
package record

import (
	"encoding/binary"
	"errors"

	"github.com/zerodb/zerodb/ops"
)

// Tags of values. They are stored: never renumber them.
const (
	tagNone     = 0
	tagFalse    = 1
	tagTrue     = 2
	tagInt      = 3 // 1, 2, 4 or 8 bytes, sign-extended
	tagFloat    = 4 // 8 bytes
	tagDecimal  = 5 // form and sign, exponent (zig-zag varint), coefficient (big-endian)
	tagString   = 6
	tagBytes    = 7
	tagTime     = 8  // 8 bytes
	tagDuration = 9  // as tagInt
	tagUUID     = 10 // 16 bytes
	tagRecord   = 11 // table's number (varint), key (a value)
	tagList     = 12 // count (varint), then length (varint) and value of each
	tagTuple    = 13
	tagSet      = 14
	tagFloats   = 15 // a list of floats only: 8 bytes each
	tagObject   = 16
	tagRange    = 17 // inclusive (1), length (varint) and value of lo, value of hi
	tagRegex    = 18 // length (varint) of the flags, flags, source
	tagWide     = 19 // magnitude, without the zeroes above it (little-endian)
	tagNegative = 20 // a negative wide: the same
	tagFloats32 = 21 // a list of floats only that lose nothing in 32 bits: 4 bytes each
)

const (
	flagWideCount = 1 << 0 // count takes 2 bytes
	flagWideIDs   = 1 << 1 // ids take 2 bytes
	flagEnds2     = 1 << 2 // ends take 2 bytes
	flagEnds4     = 1 << 3 // ends take 4 bytes
	flagKnown     = flagWideCount | flagWideIDs | flagEnds2 | flagEnds4
)

// MaxDepth is how deep values nest.
const MaxDepth = 200

// errCorrupt is the cause of every failure to decode; callers say which record it was.
var errCorrupt = errors.New("malformed record")

// Corrupt reports whether err came from bytes that are no record.
func Corrupt(err error) bool { return errors.Is(err, errCorrupt) }

// View is an object's bytes taken apart.
type View struct {
	ids, ends, payload []byte
	n                  int
	wideIDs            bool
	endShift           uint8 // log2 of the width of an end
}

// Parse takes an object's bytes apart. It checks what the accessors rely on.
func Parse(b []byte) (v View, err error) {
	if len(b) < 2 || b[0]&^flagKnown != 0 {
		return v, errCorrupt
	}
	flags, pos := b[0], 2
	v.n = int(b[1])
	if flags != 0 {
		if flags&flagWideCount != 0 {
			if len(b) < 3 {
				return v, errCorrupt
			}
			v.n |= int(b[2]) << 8
			pos = 3
		}
		v.wideIDs = flags&flagWideIDs != 0
		if flags&flagEnds2 != 0 {
			v.endShift = 1
		} else if flags&flagEnds4 != 0 {
			v.endShift = 2
		}
	}
	idLen := v.n
	if v.wideIDs {
		idLen *= 2
	}
	endLen := v.n << v.endShift
	if len(b)-pos < idLen+endLen {
		return v, errCorrupt
	}
	v.ids = b[pos : pos+idLen]
	v.ends = b[pos+idLen : pos+idLen+endLen]
	v.payload = b[pos+idLen+endLen:]
	return v, nil
}

// Len returns how many fields the object has.
func (v *View) Len() int { return v.n }

// ID returns the number of the i-th field's name.
func (v *View) ID(i int) uint16 {
	if v.wideIDs {
		return binary.LittleEndian.Uint16(v.ids[2*i:])
	}
	return uint16(v.ids[i])
}

func (v *View) end(i int) int {
	switch v.endShift {
	case 0:
		return int(v.ends[i])
	case 1:
		return int(binary.LittleEndian.Uint16(v.ends[2*i:]))
	}
	return int(binary.LittleEndian.Uint32(v.ends[4*i:]))
}

// Field returns the value of the i-th field, tag first.
func (v *View) Field(i int) ([]byte, error) {
	start := 0
	if i > 0 {
		start = v.end(i - 1)
	}
	end := v.end(i)
	if start >= end || end > len(v.payload) {
		return nil, errCorrupt
	}
	return v.payload[start:end], nil
}

// Find returns the place of a field, or -1. hint is where it was in the record before.
func (v *View) Find(id uint16, hint int) int {
	if hint < v.n && v.ID(hint) == id {
		return hint
	}
	lo, hi := 0, v.n
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if v.ID(m) < id {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo < v.n && v.ID(lo) == id {
		return lo
	}
	return -1
}

// Dict numbers names. Once shared it does not change: a Clone grows. Its names have addresses that live on.
type Dict struct {
	names []string
	ids   map[string]uint16
}

// MaxNames bounds the names of one dictionary. Objects with more different names than that are stored with their names.
const MaxNames = 8192

// NewDict makes a dictionary of names in the order of their numbers.
func NewDict(names []string) *Dict {
	d := &Dict{names: names, ids: make(map[string]uint16, len(names))}
	for i, n := range names {
		d.ids[n] = uint16(i)
	}
	return d
}

// Len returns how many names there are.
func (d *Dict) Len() int { return len(d.names) }

// ID returns the number of a name.
func (d *Dict) ID(name string) (uint16, bool) {
	id, ok := d.ids[name]
	return id, ok
}

// Name returns the name of a number, or nil.
func (d *Dict) Name(id uint16) *string {
	if int(id) >= len(d.names) {
		return nil
	}
	return &d.names[id]
}

// Clone returns a dictionary that may grow by Add without changing d.
func (d *Dict) Clone() *Dict {
	n := &Dict{names: append(make([]string, 0, len(d.names)+4), d.names...), ids: make(map[string]uint16, len(d.names)+4)}
	for i, s := range n.names {
		n.ids[s] = uint16(i)
	}
	return n
}

// Add gives a new name the next number. It is for a clone that nobody else sees yet.
func (d *Dict) Add(name string) uint16 {
	id := uint16(len(d.names))
	d.names = append(d.names, name)
	d.ids[name] = id
	return id
}

// Truncate takes back the names from the n-th on, of a clone that nobody else sees yet.
func (d *Dict) Truncate(n int) {
	for _, name := range d.names[n:] {
		delete(d.ids, name)
	}
	d.names = d.names[:n:n]
}

// Names gives numbers to names, growing the dictionary where it must. ok is false where it is full.
type Names interface {
	Intern(name string) (id uint16, ok bool, err error)
}

var errKind = ops.Errorf(ops.CodeUnsupported, "a value of this kind cannot be stored")

// Nested returns the bytes of the object that a value is, or nil where it is none.
func Nested(value []byte) []byte {
	if len(value) > 0 && value[0] == tagObject {
		return value[1:]
	}
	return nil
}

// Text returns the bytes of a value that is a string or bytes.
func Text(value []byte) ([]byte, bool) {
	if len(value) > 0 && (value[0] == tagString || value[0] == tagBytes) {
		return value[1:], true
	}
	return nil, false
}

// HasMemory reports whether a decoded value shares the memory of its bytes.
func HasMemory(value []byte) bool {
	if len(value) == 0 {
		return false
	}
	switch tag := value[0]; tag {
	case tagString, tagBytes:
		return true
	case tagFloats, tagFloats32, tagWide, tagNegative:
		return false
	default:
		return tag > tagUUID
	}
}

// Scalar reports whether a value has no parts: equal ones have equal bytes, as far as they are of one kind.
func Scalar(value []byte) bool { return len(value) > 0 && value[0] <= tagRecord }
