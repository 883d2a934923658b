package ops

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/apd/v3"
)

// Hash gives values that are Equal the same number, also numbers of different kinds and objects whose members stand
// in different orders. It is the same on every machine and in every run; programs that need another one mix a seed in.
func Hash(v Value) uint64 {
	switch v.kind {
	case KindNone:
		return HashNone
	case KindInt:
		return HashInt(int64(v.bits))
	case KindString:
		return HashString(v.AsString())
	case KindFloat:
		return HashFloat(v.AsFloat())
	case KindBool:
		return mix(v.bits, hashBool)
	case KindWide:
		return hashWide(v.AsWide())
	case KindDecimal:
		return hashDecimal(v.AsDecimal())
	case KindBytes:
		return mix(xxhash.Sum64(v.AsBytes()), hashBytes)
	case KindTime:
		return mix(v.bits, hashTime)
	case KindDuration:
		return mix(v.bits, hashDuration)
	case KindUUID:
		u := (*[2]uint64)(unsafe.Pointer((*[16]byte)(v.ref)))
		return mix(mix(u[0], hashUUID), u[1])
	}
	return hashComposite(v)
}

func hashComposite(v Value) uint64 {
	switch v.kind {
	case KindRecord:
		return mix(Hash(v.RecordKey()), xxhash.Sum64String(v.RecordTable()))
	case KindList, KindTuple, KindSet:
		h := uint64(hashList)
		for _, e := range v.AsList() {
			h = mix(h, Hash(e))
		}
		return h
	case KindObject:
		var sum uint64 // of members, whatever their order
		for _, m := range v.AsObject() {
			if !m.Value.IsNone() {
				sum += mix(xxhash.Sum64String(m.Name), Hash(m.Value))
			}
		}
		return mix(sum, hashObject)
	case KindRange:
		r := v.AsRange()
		h := mix(mix(Hash(r.Lo), hashRange), Hash(r.Hi))
		if r.Inclusive {
			h++
		}
		return h
	case KindRegex:
		r := v.AsRegex()
		return mix(xxhash.Sum64String(r.Source), xxhash.Sum64String(r.Flags))
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

// HashInt is Hash of an int, HashFloat of a float, HashString of a string: for loops over typed vectors.
func HashInt(i int64) uint64 { return mix(uint64(i), hashNumber) }

// HashFloat is Hash of a float.
func HashFloat(f float64) uint64 {
	if i, ok := wholeFloat(f); ok {
		return HashInt(i)
	}
	return hashFraction64(f)
}

// hashFraction64 is the hash of a float that is no int.
func hashFraction64(f float64) uint64 {
	if w, ok := wideOfFloat(f); ok {
		return hashWide(w)
	}
	return mix(math.Float64bits(f), hashFraction)
}

func hashWide(w Wide) uint64 {
	if i, ok := w.Int(); ok {
		return HashInt(i)
	}
	h := mix(mix(w.Lo, hashNumber), w.Hi)
	if w.Negative {
		h = ^h
	}
	return h
}

// HashString is Hash of a string.
func HashString(s string) uint64 { return xxhash.Sum64String(s) }

func hashDecimal(d *apd.Decimal) uint64 {
	if w, ok := wideOfDecimal(d); ok {
		return hashWide(w)
	}
	if f, exact := floatOfDecimal(d); exact {
		return HashFloat(f)
	}
	r, _ := new(apd.Decimal).Reduce(d)
	h := mix(xxhash.Sum64(r.Coeff.Bytes()), uint64(r.Exponent))
	if r.Negative {
		h = ^h
	}
	return h
}

// Hash writes the hashes of the selected rows (of all rows if sel is nil), each mixed with what dst holds for the row:
// hashing several columns one after the other hashes the tuple of them. A first column starts from zeroes.
func (v *Vector) Hash(dst []uint64, sel Selection) {
	if sel != nil {
		for _, i := range sel {
			dst[i] = mix(dst[i], v.hashAt(int(i)))
		}
		return
	}
	dst = dst[:v.N]
	if v.Valid == nil {
		switch v.Kind {
		case KindInt:
			for i, x := range v.Ints[:len(dst)] {
				dst[i] = mix(dst[i], HashInt(x))
			}
			return
		case KindString:
			for i, x := range v.Strs[:len(dst)] {
				dst[i] = mix(dst[i], HashString(x))
			}
			return
		}
	}
	for i := range dst {
		dst[i] = mix(dst[i], v.hashAt(i))
	}
}

func (v *Vector) hashAt(i int) uint64 {
	switch {
	case v.IsNone(i):
		return HashNone
	case v.Kind == KindInt:
		return HashInt(v.Ints[i])
	case v.Kind == KindString:
		return HashString(v.Strs[i])
	}
	return Hash(v.At(i))
}
