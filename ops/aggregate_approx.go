package ops

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

func approxAggregates() []Aggregate {
	return []Aggregate{{Name: "approx_distinct", Arg: true,
		Result: func(Type) Type { return TypeOf(KindInt) },
		New:    func() GroupState { return &approxState{} },
		Doc:    "About how many distinct values there are: exact to a hundred, then within some 2 %, in 4 KiB a group."}}
}

const (
	sketchBits  = 12
	sketchSlots = 1 << sketchBits
	sketchExact = 100 // so many distinct hashes are counted one by one
)

// approxState is a HyperLogLog a group.
type approxState struct {
	rowLister
	sketches []sketch
	size     int64
}

// sketch holds the hashes it has met, sorted, until there are more than sketchExact; then the longest run of zeroes of
// the hashes that fall into each slot.
type sketch struct {
	hashes []uint64
	slots  []uint8
}

func (k *sketch) add(hash uint64) {
	if k.slots != nil {
		k.addToSlots(hash)
		return
	}
	at, found := slices.BinarySearch(k.hashes, hash)
	if found {
		return
	}
	if len(k.hashes) < sketchExact {
		k.hashes = slices.Insert(k.hashes, at, hash)
		return
	}
	k.useSlots()
	k.addToSlots(hash)
}

func (k *sketch) useSlots() {
	k.slots = make([]uint8, sketchSlots)
	for _, h := range k.hashes {
		k.addToSlots(h)
	}
	k.hashes = nil
}

func (k *sketch) addToSlots(hash uint64) {
	slot := hash >> (64 - sketchBits)
	run := uint8(bits.LeadingZeros64(hash<<sketchBits|1<<(sketchBits-1))) + 1
	k.slots[slot] = max(k.slots[slot], run)
}

func (k *sketch) merge(o *sketch) {
	if o.slots == nil {
		for _, h := range o.hashes {
			k.add(h)
		}
		return
	}
	if k.slots == nil {
		k.useSlots()
	}
	for i, run := range o.slots {
		k.slots[i] = max(k.slots[i], run)
	}
}

func (k *sketch) estimate() int64 {
	if k.slots == nil {
		return int64(len(k.hashes))
	}
	const m = float64(sketchSlots)
	sum, empty := 0.0, 0
	for _, run := range k.slots {
		sum += math.Ldexp(1, -int(run))
		if run == 0 {
			empty++
		}
	}
	e := 0.7213 / (1 + 1.079/m) * m * m / sum
	if e <= 2.5*m && empty > 0 { // few values: how many slots are empty tells more
		e = m * math.Log(m/float64(empty))
	}
	return int64(math.Round(e))
}

func (k *sketch) bytes() int64 { return int64(cap(k.hashes))*8 + int64(cap(k.slots)) }

func (s *approxState) Grow(groups int) { s.sketches = grown(s.sketches, groups) }

func (s *approxState) Add(groups []int32, v *Vector, sel Selection, n int) error {
	rows, of := s.list(groups, v, sel, n)
	for _, i := range rows {
		if x := v.At(int(i)); x.kind != KindNone {
			k := &s.sketches[of[i]]
			before := k.bytes()
			k.add(mix(Hash(x), HashNone))
			s.size += k.bytes() - before
		}
	}
	return nil
}

func (s *approxState) Merge(from GroupState, mapping []int32) error {
	o := from.(*approxState)
	for g := range o.sketches {
		k := &s.sketches[mapped(mapping, g)]
		before := k.bytes()
		k.merge(&o.sketches[g])
		s.size += k.bytes() - before
	}
	return nil
}

func (s *approxState) Result(g int) (Value, error) { return Int(s.sketches[g].estimate()), nil }
func (s *approxState) Size() int64                 { return int64(cap(s.sketches))*48 + s.size }

func (s *approxState) Encode(dst []byte, g int) []byte {
	k := &s.sketches[g]
	if k.slots != nil {
		return append(append(dst, 1), k.slots...)
	}
	dst = append(dst, 0)
	for _, h := range k.hashes {
		dst = binary.LittleEndian.AppendUint64(dst, h)
	}
	return dst
}

func (s *approxState) Decode(g int, src []byte) error {
	bad := corruptState("approx_distinct")
	if len(src) == 0 || src[0] > 1 {
		return bad
	}
	k := &s.sketches[g]
	body := src[1:]
	if src[0] == 1 {
		if len(body) != sketchSlots || slices.Max(body) > 64-sketchBits+1 {
			return bad
		}
		k.slots = slices.Clone(body)
		s.size += k.bytes()
		return nil
	}
	if len(body) > 8*sketchExact || len(body)%8 != 0 {
		return bad
	}
	r := exactReader{src: body}
	for len(r.src) > 0 {
		k.add(r.word())
	}
	s.size += k.bytes()
	return nil
}
