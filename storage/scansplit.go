package storage

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage/keys"
)

// splitter cuts a range of records into pieces that are likely to hold about as many records each. It knows the first and
// the last key: between two ints it takes the keys for evenly spread, otherwise it reads the bytes behind what both have in
// common as digits of a number, of those values that were met at each place in some keys in between.
type splitter struct {
	prefix []byte // of the keys that are made
	ints   bool
	from   int64  // the first key, where they are ints
	first  uint64 // the first key as a number
	span   uint64 // from it to the last one
	places []digit
	pieces int
}

// digit is a place of keys whose bytes lie between low and low+radix-1.
type digit struct {
	low   byte
	radix uint64
}

const (
	sampledKeys = 16
	maxDigits   = 16
	maxSpan     = 1 << 62
)

// newSplitter prepares the cutting of what lies between two keys of one table into at most pieces pieces. it is used to look
// at keys in between. lo and last are whole keys, lo before last.
func newSplitter(it *pebble.Iterator, lo, last []byte, pieces int) *splitter {
	s := &splitter{pieces: pieces, prefix: bytes.Clone(lo[:keys.PrefixLen])}
	a, restA, errA := decodeKey(lo[keys.PrefixLen:])
	b, restB, errB := decodeKey(last[keys.PrefixLen:])
	if errA == nil && errB == nil && len(restA)+len(restB) == 0 && a.Kind() == ops.KindInt && b.Kind() == ops.KindInt {
		s.ints, s.from, s.span = true, a.AsInt(), uint64(b.AsInt()-a.AsInt())
		return s
	}
	common := 0
	for common < min(len(lo), len(last)) && lo[common] == last[common] {
		common++
	}
	s.prefix = bytes.Clone(lo[:common])
	lo, last = bytes.Clone(lo[common:]), bytes.Clone(last[common:])
	s.look(it, lo, last)
	s.first = s.number(lo)
	s.span = s.number(last) - s.first
	return s
}

// look learns which bytes keys have at each place.
func (s *splitter) look(it *pebble.Iterator, lo, last []byte) {
	var low, high [maxDigits]byte
	for i := range low {
		low[i] = 0xff
	}
	meet := func(k []byte) {
		for i := range min(len(k), maxDigits) {
			low[i], high[i] = min(low[i], k[i]), max(high[i], k[i])
		}
	}
	meet(lo)
	meet(last)
	from, span := word(lo), word(last)-word(lo)
	for i := uint64(1); i < sampledKeys; i++ {
		probe := binary.BigEndian.AppendUint64(bytes.Clone(s.prefix), from+span/sampledKeys*i)
		if it.SeekGE(probe) && bytes.HasPrefix(it.Key(), s.prefix) {
			meet(it.Key()[len(s.prefix):])
		}
	}
	most := uint64(1)
	for i := range low {
		if low[i] > high[i] {
			return
		}
		d := digit{low[i], uint64(high[i]-low[i]) + 1}
		if over, product := bits.Mul64(most, d.radix); over != 0 || product > maxSpan {
			return
		}
		most *= d.radix
		s.places = append(s.places, d)
	}
}

// word is the first eight bytes of a key as a number.
func word(k []byte) uint64 {
	var b [8]byte
	copy(b[:], k)
	return binary.BigEndian.Uint64(b[:])
}

// number reads a key that look has met.
func (s *splitter) number(k []byte) (n uint64) {
	for i, d := range s.places {
		n *= d.radix
		if i < len(k) {
			n += uint64(k[i] - d.low)
		}
	}
	return n
}

// start is the key at which piece i begins, 0 < i < pieces. Keys rise with i, though not always.
func (s *splitter) start(i int) []byte {
	hi, lo := bits.Mul64(s.span, uint64(i))
	offset, _ := bits.Div64(hi, lo, uint64(s.pieces))
	if s.ints {
		return appendKey(bytes.Clone(s.prefix), ops.Int(s.from+int64(offset)))
	}
	n := s.first + offset
	k := append(bytes.Clone(s.prefix), make([]byte, len(s.places))...)
	for p := len(s.places) - 1; p >= 0; p-- {
		d := s.places[p]
		k[len(s.prefix)+p] = d.low + byte(n%d.radix)
		n /= d.radix
	}
	return k
}
