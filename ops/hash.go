package ops

import (
	"encoding/binary"
	"math"
	"math/bits"
	"unsafe"

	"github.com/cockroachdb/apd/v3"
)

// Hash gives values that are Equal the same number, also numbers of different kinds and objects whose members stand
// in different orders. It is the same on every machine and in every run, so who chooses the values can choose ones that meet; HashKeyed is
// for tables of values that others choose.
func Hash(v Value) uint64 { return HashKeyed(v, 0) }

// HashKeyed is Hash with a key: who does not know it cannot tell which values have the same number. Key 0 is Hash.
func HashKeyed(v Value, key uint64) uint64 {
	switch v.kind {
	case KindNone:
		return HashNone
	case KindInt:
		return hashInt(int64(v.bits), key)
	case KindString:
		return hashText(v.AsString(), key)
	case KindFloat:
		return hashFloat(v.AsFloat(), key)
	case KindBool:
		return mix(v.bits, hashBool)
	case KindWide:
		return hashWide(v.AsWide(), key)
	case KindDecimal:
		return hashDecimal(v.AsDecimal(), key)
	case KindBytes:
		return mix(hashText(unsafe.String(unsafe.SliceData(v.AsBytes()), len(v.AsBytes())), key), hashBytes)
	case KindTime:
		return mix(v.bits^key, hashTime)
	case KindDuration:
		return mix(v.bits^key, hashDuration)
	case KindUUID:
		u := (*[2]uint64)(unsafe.Pointer((*[16]byte)(v.ref)))
		return mix(mix(u[0]^key, hashUUID), u[1])
	}
	return hashComposite(v, key)
}

func hashComposite(v Value, key uint64) uint64 {
	switch v.kind {
	case KindRecord:
		return mix(HashKeyed(v.RecordKey(), key), hashText(v.RecordTable(), key))
	case KindList, KindTuple, KindSet:
		h := uint64(hashList)
		for _, e := range v.AsList() {
			h = mix(h, HashKeyed(e, key))
		}
		return h
	case KindObject:
		var sum uint64 // of members, whatever their order
		for _, m := range v.AsObject() {
			if !m.Value.IsNone() {
				sum += mix(hashText(m.Name, key), HashKeyed(m.Value, key))
			}
		}
		return mix(sum, hashObject)
	case KindRange:
		r := v.AsRange()
		h := mix(mix(HashKeyed(r.Lo, key), hashRange), HashKeyed(r.Hi, key))
		if r.Inclusive {
			h++
		}
		return h
	case KindRegex:
		r := v.AsRegex()
		return mix(hashText(r.Source, key), hashText(r.Flags, key))
	}
	return 0
}

// Seeds keep kinds apart: odd constants without a pattern.
const (
	HashNone     = 0x9ae16a3b2f90404f // the hash of none
	hashNumber   = 0xc949c7defeca9617
	hashBool     = 0xb492b66fbe98f273
	hashBytes    = 0xa0761d6478bd642f
	hashTime     = 0xe7037ed1a0b428db
	hashDuration = 0x8ebc6af09c88c6e3
	hashUUID     = 0x589965cc75374cc3
	hashList     = 0x1d8e4e27c47d124f
	hashObject   = 0xeb44accab455d165
	hashRange    = 0x9fb21c651e98df25
	hashFraction = 0xd6e8feb86659fd93
)

// mix folds two words into one as wyhash does.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x2d358dccaa6c78a5, b^0x8bb84b93962eacc9)
	return hi ^ lo
}

func hashInt(i int64, key uint64) uint64 { return mix(uint64(i)^key, hashNumber) }

func hashFloat(f float64, key uint64) uint64 {
	if i, ok := wholeFloat(f); ok {
		return hashInt(i, key)
	}
	return hashFraction64(f, key)
}

// hashFraction64 is the hash of a float that is no int.
func hashFraction64(f float64, key uint64) uint64 {
	if w, ok := wideOfFloat(f); ok {
		return hashWide(w, key)
	}
	return mix(math.Float64bits(f)^key, hashFraction)
}

func hashWide(w Wide, key uint64) uint64 {
	if i, ok := w.Int(); ok {
		return hashInt(i, key)
	}
	h := mix(mix(w.Lo^key, hashNumber), w.Hi)
	if w.Negative {
		h = ^h
	}
	return h
}

// hashText hashes a text or bytes: in words of eight, two at a time, each pair multiplied with what came before mixed in; the last pair
// are the last sixteen bytes, whether or not the one before had some of them.
func hashText(s string, key uint64) uint64 {
	n := len(s)
	h := key ^ uint64(n)*0x9e3779b97f4a7c15
	b := unsafe.Slice(unsafe.StringData(s), n)
	var lo, hi uint64
	switch {
	case n > 16:
		for ; len(b) > 16; b = b[16:] {
			h = mix(binary.LittleEndian.Uint64(b)^h, binary.LittleEndian.Uint64(b[8:])^key)
		}
		b = unsafe.Slice(unsafe.StringData(s), n)[n-16:]
		lo, hi = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	case n >= 8:
		lo, hi = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:])
	case n >= 4:
		lo, hi = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[n-4:]))
	case n > 0:
		lo = uint64(b[0]) | uint64(b[n/2])<<8 | uint64(b[n-1])<<16
	}
	return mix(lo^h, hi^key)
}

func hashDecimal(d *apd.Decimal, key uint64) uint64 {
	if w, ok := wideOfDecimal(d); ok {
		return hashWide(w, key)
	}
	if f, exact := floatOfDecimal(d); exact {
		return hashFloat(f, key)
	}
	r, _ := new(apd.Decimal).Reduce(d)
	digits := r.Coeff.Bytes()
	h := mix(hashText(unsafe.String(unsafe.SliceData(digits), len(digits)), key), uint64(r.Exponent))
	if r.Negative {
		h = ^h
	}
	return h
}

// Hash writes the hashes of the selected rows (of all rows if sel is nil) to dst.
func (v *Vector) Hash(dst []uint64, sel Selection, key uint64) {
	if sel != nil {
		for _, i := range sel {
			dst[i] = v.hashAt(int(i), key)
		}
		return
	}
	dst = dst[:v.N]
	if v.Valid == nil {
		switch v.Kind {
		case KindInt:
			for i, x := range v.Ints[:len(dst)] {
				dst[i] = hashInt(x, key)
			}
			return
		case KindString:
			for i, x := range v.Strs[:len(dst)] {
				dst[i] = hashText(x, key)
			}
			return
		}
	}
	for i := range dst {
		dst[i] = v.hashAt(i, key)
	}
}

// HashMore mixes the hashes of the selected rows with what dst holds: hashing one column and then more hashes the tuple of them.
func (v *Vector) HashMore(dst []uint64, sel Selection, key uint64) {
	if sel != nil {
		for _, i := range sel {
			dst[i] = mix(dst[i], v.hashAt(int(i), key))
		}
		return
	}
	for i := range dst[:v.N] {
		dst[i] = mix(dst[i], v.hashAt(i, key))
	}
}

func (v *Vector) hashAt(i int, key uint64) uint64 {
	switch {
	case v.IsNone(i):
		return HashNone
	case v.Kind == KindInt:
		return hashInt(v.Ints[i], key)
	case v.Kind == KindString:
		return hashText(v.Strs[i], key)
	}
	return HashKeyed(v.At(i), key)
}
