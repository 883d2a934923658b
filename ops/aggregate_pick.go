package ops

func pickAggregates() []Aggregate {
	pick := func(how picking) func() GroupState {
		return func() GroupState { return &pickState{how: how} }
	}
	return []Aggregate{
		{Name: "min", Arg: true, Result: optional, New: pick(pickMin),
			Doc: "The least value in the order of all values."},
		{Name: "max", Arg: true, Result: optional, New: pick(pickMax),
			Doc: "The greatest value in the order of all values."},
		{Name: "first", Arg: true, Result: optional, New: pick(pickFirst),
			Doc: "The first value in the order of the rows."},
		{Name: "last", Arg: true, Result: optional, New: pick(pickLast),
			Doc: "The last value in the order of the rows."},
	}
}

type picking uint8

const (
	pickMin picking = iota
	pickMax
	pickFirst
	pickLast
)

var pickNames = [...]string{"min", "max", "first", "last"}

// pickState keeps one of the values of each group.
type pickState struct {
	rowLister
	how   picking
	best  []Value // none where nothing was met
	fresh []bool  // best points into the batch that is being added
	kept  int64   // bytes that best holds outside
}

func (s *pickState) Grow(groups int) {
	s.best = grown(s.best, groups)
	s.fresh = grown(s.fresh, groups)
}

func (s *pickState) Add(groups []int32, v *Vector, sel Selection, n int) error {
	rows, of := s.list(groups, v, sel, n)
	switch {
	case len(rows) == 0:
		return nil
	case s.how == pickFirst:
		s.addFirst(rows, of, v)
	case s.how == pickLast:
		s.addLast(rows, of, v)
	default:
		switch v.Kind {
		case KindInt, KindTime, KindDuration:
			s.addInts(rows, of, v)
			return nil
		case KindFloat:
			s.addFloats(rows, of, v)
			return nil
		case KindString:
			s.addStrings(rows, of, v)
		default:
			for _, i := range rows {
				s.offer(of[i], v.At(int(i)))
			}
		}
	}
	s.keepFresh(rows, of)
	return nil
}

func (s *pickState) addFirst(rows Selection, of []int32, v *Vector) {
	for _, i := range rows {
		if b := &s.best[of[i]]; b.kind == KindNone {
			*b = v.At(int(i))
			s.fresh[of[i]] = true
		}
	}
}

func (s *pickState) addLast(rows Selection, of []int32, v *Vector) {
	for _, i := range rows {
		if x := v.At(int(i)); x.kind != KindNone {
			s.replace(of[i], x)
		}
	}
}

func (s *pickState) addInts(rows Selection, of []int32, v *Vector) {
	least, kind, xs := s.how == pickMin, v.Kind, v.Ints
	for _, i := range rows {
		x, b := xs[i], &s.best[of[i]]
		if b.kind != kind {
			s.offer(of[i], Value{kind: kind, bits: uint64(x)})
		} else if y := int64(b.bits); x != y && (x < y) == least {
			b.bits = uint64(x)
		}
	}
}

func (s *pickState) addFloats(rows Selection, of []int32, v *Vector) {
	least, xs := s.how == pickMin, v.Floats
	for _, i := range rows {
		x, b := xs[i], &s.best[of[i]]
		if b.kind != KindFloat {
			s.offer(of[i], Float(x))
		} else if y := b.AsFloat(); x != y && (x < y) == least {
			b.bits = floatBits(x)
		}
	}
}

func (s *pickState) addStrings(rows Selection, of []int32, v *Vector) {
	least := s.how == pickMin
	for _, i := range rows {
		x, b := v.Strs[i], &s.best[of[i]]
		if b.kind != KindString {
			s.offer(of[i], String(x))
		} else if y := b.AsString(); x != y && (x < y) == least {
			s.replace(of[i], String(x))
		}
	}
}

// offer takes x where it is better than what group g has.
func (s *pickState) offer(g int32, x Value) {
	if x.kind == KindNone {
		return
	}
	b := s.best[g]
	if b.kind == KindNone {
		s.replace(g, x)
		return
	}
	if c := Compare(x, b); c != 0 && (c < 0) == (s.how == pickMin) {
		s.replace(g, x)
	}
}

func (s *pickState) replace(g int32, x Value) {
	if !s.fresh[g] {
		s.kept -= outsideSize(s.best[g])
	}
	s.best[g], s.fresh[g] = x, true
}

// keepFresh copies what best has of the batch: once a batch for each group, however often it was replaced.
func (s *pickState) keepFresh(rows Selection, of []int32) {
	for _, i := range rows {
		if g := of[i]; s.fresh[g] {
			s.best[g], s.fresh[g] = copyOf(s.best[g]), false
			s.kept += outsideSize(s.best[g])
		}
	}
}

func (s *pickState) Merge(from GroupState, mapping []int32) error {
	for g, x := range from.(*pickState).best {
		to := int32(mapped(mapping, g))
		switch {
		case x.kind == KindNone || s.how == pickFirst && s.best[to].kind != KindNone:
			continue
		case s.how == pickFirst || s.how == pickLast:
			s.replace(to, x)
		default:
			s.offer(to, x)
		}
		if s.fresh[to] { // x is kept by from already, and is never changed
			s.fresh[to] = false
			s.kept += outsideSize(x)
		}
	}
	return nil
}

func (s *pickState) Result(g int) (Value, error) { return s.best[g], nil }

func (s *pickState) Size() int64 { return int64(cap(s.best))*(valueSize+1) + s.kept }

func (s *pickState) Encode(dst []byte, g int) []byte { return appendExact(dst, s.best[g]) }

func (s *pickState) Decode(g int, src []byte) error {
	r := exactReader{src: src}
	v := r.value()
	if !r.done() {
		return corruptState(pickNames[s.how])
	}
	s.best[g] = v
	s.kept += outsideSize(v)
	return nil
}
