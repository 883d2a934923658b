package ops

import (
	"encoding/binary"
	"unsafe"
)

func listAggregates() []Aggregate {
	listOf := func(t Type) Type {
		if t.Kind == KindAny || t.Kind == KindNone {
			return TypeOf(KindList)
		}
		t.Optional = false
		return Type{Kind: KindList, Elem: &t}
	}
	return []Aggregate{
		{Name: "collect", Arg: true, Result: listOf, New: func() GroupState { return &collectState{} },
			Doc: "All values as a list, in the order of the rows."},
		{Name: "distinct", Arg: true, Result: listOf, New: func() GroupState { return &setState{name: "distinct"} },
			Doc: "The distinct values as a list, in the order they were first met."},
		{Name: "group", Arg: true, New: func() GroupState { return &setState{name: "group", flatten: true} },
			Result: func(t Type) Type {
				if t.Kind == KindList && t.Elem != nil {
					return listOf(*t.Elem)
				}
				return TypeOf(KindList)
			},
			Doc: "The distinct values as a list; where a value is a list, its elements are taken in its place."},
	}
}

// collectState keeps every value.
type collectState struct {
	rowLister
	arena  arena
	values chains[Value]
}

func (s *collectState) Grow(groups int) { s.values.grow(groups) }

func (s *collectState) Add(groups []int32, v *Vector, sel Selection, n int) error {
	rows, of := s.list(groups, v, sel, n)
	for _, i := range rows {
		if x := v.At(int(i)); x.kind != KindNone {
			s.values.add(int(of[i]), s.arena.keep(x))
		}
	}
	return nil
}

func (s *collectState) Merge(from GroupState, mapping []int32) error {
	o := from.(*collectState)
	for g := range o.values.ends {
		to := mapped(mapping, g)
		o.values.each(g, func(v Value) { s.values.add(to, s.arena.keep(v)) })
	}
	return nil
}

func (s *collectState) Result(g int) (Value, error) {
	return List(s.values.slice(make([]Value, 0, s.values.len(g)), g)), nil
}

func (s *collectState) Size() int64 { return s.values.bytes() + s.arena.size }

func (s *collectState) Encode(dst []byte, g int) []byte {
	dst = binary.AppendUvarint(dst, uint64(s.values.len(g)))
	s.values.each(g, func(v Value) { dst = appendExact(dst, v) })
	return dst
}

func (s *collectState) Decode(g int, src []byte) error {
	r := exactReader{src: src}
	for range r.count() {
		v := r.value()
		if r.bad {
			break
		}
		s.values.add(g, v)
		s.arena.size += outsideSize(v)
	}
	if !r.done() {
		return corruptState("collect")
	}
	return nil
}

// valueSet is a set of values for each group, in the order they came: one hash table for all groups.
type valueSet struct {
	key     uint64 // of the hashes
	arena   arena
	table   []int32 // entry + 1; 0 where free; its length is a power of two
	entries []setEntry
	ends    []chainEnds
}

type setEntry struct {
	v    Value
	hash uint64
	next int32
	g    int32
}

func (s *valueSet) grow(groups int) { s.ends = grown(s.ends, groups) }

// add adds v to the set of group g, unless it is there. A copy is kept.
func (s *valueSet) add(g int32, v Value) bool {
	if 4*(len(s.entries)+1) > 3*len(s.table) {
		s.rehash()
	}
	hash := mix(HashKeyed(v, s.key), uint64(g))
	mask := uint64(len(s.table) - 1)
	at := hash & mask
	for s.table[at] != 0 {
		e := &s.entries[s.table[at]-1]
		if e.hash == hash && e.g == g && sameValue(e.v, v) {
			return false
		}
		at = (at + 1) & mask
	}
	s.entries = append(s.entries, setEntry{v: s.arena.keep(v), hash: hash, g: g})
	n := int32(len(s.entries))
	s.table[at] = n
	e := &s.ends[g]
	if e.n == 0 {
		e.first = n
	} else {
		s.entries[e.last-1].next = n
	}
	e.last = n
	e.n++
	return true
}

// sameValue is Equal with the common cases first.
func sameValue(a, b Value) bool {
	if a.kind == b.kind {
		switch a.kind {
		case KindInt:
			return a.bits == b.bits
		case KindString:
			return a.AsString() == b.AsString()
		}
	}
	return Equal(a, b)
}

func (s *valueSet) rehash() {
	s.table = make([]int32, max(64, 2*len(s.table)))
	mask := uint64(len(s.table) - 1)
	for i := range s.entries {
		at := s.entries[i].hash & mask
		for s.table[at] != 0 {
			at = (at + 1) & mask
		}
		s.table[at] = int32(i + 1)
	}
}

func (s *valueSet) each(g int, do func(v Value)) {
	for at := s.ends[g].first; at != 0; at = s.entries[at-1].next {
		do(s.entries[at-1].v)
	}
}

func (s *valueSet) bytes() int64 {
	return int64(cap(s.table))*4 + int64(cap(s.entries))*int64(unsafe.Sizeof(setEntry{})) +
		int64(cap(s.ends))*12 + s.arena.size
}

func (s *valueSet) encode(dst []byte, g int) []byte {
	dst = binary.AppendUvarint(dst, uint64(s.ends[g].n))
	s.each(g, func(v Value) { dst = appendExact(dst, v) })
	return dst
}

// setState is the aggregates that keep each value once.
type setState struct {
	rowLister
	name    string
	flatten bool
	set     valueSet
}

// SetKey implements KeyedState.
func (s *setState) SetKey(key uint64) { s.set.key = key }

func (s *setState) Grow(groups int) { s.set.grow(groups) }

func (s *setState) Add(groups []int32, v *Vector, sel Selection, n int) error {
	rows, of := s.list(groups, v, sel, n)
	for _, i := range rows {
		s.addValue(of[i], v, int(i))
	}
	return nil
}

func (s *setState) addValue(g int32, v *Vector, i int) {
	switch x := v.At(i); x.kind {
	case KindNone:
	case KindList, KindTuple, KindSet:
		if !s.flatten {
			s.set.add(g, x)
			return
		}
		for _, e := range x.AsList() {
			if e.kind != KindNone {
				s.set.add(g, e)
			}
		}
	default:
		s.set.add(g, x)
	}
}

func (s *setState) Merge(from GroupState, mapping []int32) error {
	o := from.(*setState)
	for g := range o.set.ends {
		to := int32(mapped(mapping, g))
		o.set.each(g, func(v Value) { s.set.add(to, v) })
	}
	return nil
}

func (s *setState) Result(g int) (Value, error) {
	vs := make([]Value, 0, s.set.ends[g].n)
	s.set.each(g, func(v Value) { vs = append(vs, v) })
	return List(vs), nil
}

func (s *setState) Size() int64                     { return s.set.bytes() }
func (s *setState) Encode(dst []byte, g int) []byte { return s.set.encode(dst, g) }

func (s *setState) Decode(g int, src []byte) error {
	r := exactReader{src: src}
	for range r.count() {
		v := r.value()
		if r.bad {
			break
		}
		s.set.add(int32(g), v)
	}
	if !r.done() {
		return corruptState(s.name)
	}
	return nil
}

// NewDistinct makes the state of f(DISTINCT e): each value of a group reaches f once.
func (a *Aggregate) NewDistinct() GroupState {
	return &onceState{name: a.Name, inner: a.New()}
}

// onceState hands on the values that its group has not met. What it has met is all there is to write and merge: the
// inner state follows from it.
type onceState struct {
	rowLister
	name   string
	inner  GroupState
	set    valueSet
	rows   []int32
	groups []int32
	batch  Vector
}

// SetKey implements KeyedState.
func (s *onceState) SetKey(key uint64) { s.set.key = key }

func (s *onceState) Grow(groups int) {
	s.set.grow(groups)
	s.inner.Grow(groups)
}

func (s *onceState) Add(groups []int32, v *Vector, sel Selection, n int) error {
	rows, of := s.list(groups, v, sel, n)
	s.rows = s.rows[:0]
	for _, i := range rows {
		if x := v.At(int(i)); x.kind != KindNone && s.set.add(of[i], x) {
			s.rows = append(s.rows, i)
		}
	}
	if len(s.rows) == 0 {
		return nil
	}
	return s.inner.Add(groups, v, s.rows, n)
}

func (s *onceState) Merge(from GroupState, mapping []int32) error {
	o := from.(*onceState)
	for g := range o.set.ends {
		to := mapped(mapping, g)
		var err error
		o.set.each(g, func(v Value) {
			if err == nil {
				err = s.addOne(int32(to), v)
			}
		})
		if err != nil {
			return err
		}
	}
	return s.flush()
}

// addOne adds a value to a batch that flush hands on.
func (s *onceState) addOne(g int32, v Value) error {
	if !s.set.add(g, v) {
		return nil
	}
	s.batch.Append(v)
	s.groups = append(s.groups, g)
	if len(s.groups) == BatchSize {
		return s.flush()
	}
	return nil
}

func (s *onceState) flush() error {
	if len(s.groups) == 0 {
		return nil
	}
	err := s.inner.Add(s.groups, &s.batch, nil, len(s.groups))
	s.batch.Reset(KindNone, 0)
	s.groups = s.groups[:0]
	return err
}

func (s *onceState) Result(g int) (Value, error)     { return s.inner.Result(g) }
func (s *onceState) Size() int64                     { return s.set.bytes() + s.inner.Size() }
func (s *onceState) Encode(dst []byte, g int) []byte { return s.set.encode(dst, g) }

func (s *onceState) Decode(g int, src []byte) error {
	r := exactReader{src: src}
	for range r.count() {
		v := r.value()
		if r.bad {
			break
		}
		if err := s.addOne(int32(g), v); err != nil {
			return err
		}
	}
	if err := s.flush(); err != nil {
		return err
	}
	if !r.done() {
		return corruptState(s.name)
	}
	return nil
}
