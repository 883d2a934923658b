package ops

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"
)

func spreadAggregates() []Aggregate {
	float := func(Type) Type { return Type{Kind: KindFloat, Optional: true} }
	at := func(name string, percent float64) GroupState { return &rankState{name: name, percent: percent} }
	return []Aggregate{
		{Name: "variance", Arg: true, Takes: numbers, Result: float, New: func() GroupState { return &spreadState{} },
			Doc: "The sample variance of numbers, as a float; 0 for a single one."},
		{Name: "stddev", Arg: true, Takes: numbers, Result: float, New: func() GroupState { return &spreadState{root: true} },
			Doc: "The sample standard deviation of numbers, as a float; 0 for a single one."},
		{Name: "median", Arg: true, Takes: numbers, Result: float, New: func() GroupState { return at("median", 50) },
			Doc: "The middle one of numbers, as a float; of an even number the mean of the two in the middle."},
		{Name: "percentile", Arg: true, Takes: numbers, Result: float, Params: []Type{TypeOf(KindFloat)},
			Doc: "The number below which so many percent (0 to 100) of the numbers lie, between two of them in proportion.",
			New: func() GroupState { return at("percentile", 50) },
			NewWith: func(params []Value) (GroupState, error) {
				if len(params) == 1 {
					if p, ok := asFloat(params[0]); ok && p >= 0 && p <= 100 {
						return at("percentile", p), nil
					}
				}
				return nil, Errorf(CodeArgument, "percentile takes a percentage from 0 to 100 behind the value")
			}},
	}
}

// asFloat returns a number as the nearest float.
func asFloat(v Value) (float64, bool) {
	switch v.kind {
	case KindInt:
		return float64(v.AsInt()), true
	case KindWide:
		return v.AsWide().float(), true
	case KindFloat:
		return v.AsFloat(), true
	case KindDecimal:
		f, _ := floatOfDecimal(v.AsDecimal())
		return f, !math.IsInf(f, 0)
	}
	return 0, false
}

// eachFloat calls do with the numbers of a vector as floats.
func eachFloat(name string, rows Selection, of []int32, v *Vector, do func(g int32, x float64)) error {
	switch v.Kind {
	case KindInt:
		for _, i := range rows {
			do(of[i], float64(v.Ints[i]))
		}
		return nil
	case KindFloat:
		for _, i := range rows {
			do(of[i], v.Floats[i])
		}
		return nil
	}
	for _, i := range rows {
		v := v.At(int(i))
		if v.kind == KindNone {
			continue
		}
		x, ok := asFloat(v)
		switch {
		case ok:
			do(of[i], x)
		case v.kind == KindDecimal:
			return Errorf(CodeNotFinite, "%s: a decimal does not fit float", name)
		default:
			return Errorf(CodeType, "%s takes numbers, not %s", name, v.kind)
		}
	}
	return nil
}

// spreadState keeps mean and sum of squared distances from it, by Welford's method, which does not lose digits.
type spreadState struct {
	rowLister
	root bool
	accs []spreadAcc
}

type spreadAcc struct {
	n        int64
	mean, m2 float64
}

func (s *spreadState) name() string {
	if s.root {
		return "stddev"
	}
	return "variance"
}

func (s *spreadState) Grow(groups int) { s.accs = grown(s.accs, groups) }

func (s *spreadState) Add(groups []int32, v *Vector, sel Selection, n int) error {
	rows, of := s.list(groups, v, sel, n)
	return eachFloat(s.name(), rows, of, v, func(g int32, x float64) {
		a := &s.accs[g]
		a.n++
		d := x - a.mean
		a.mean += d / float64(a.n)
		a.m2 += d * (x - a.mean)
	})
}

func (s *spreadState) Merge(from GroupState, mapping []int32) error {
	for g, b := range from.(*spreadState).accs {
		a := &s.accs[mapped(mapping, g)]
		if b.n == 0 {
			continue
		}
		n := a.n + b.n
		d := b.mean - a.mean
		a.m2 += b.m2 + d*d*(float64(a.n)*float64(b.n)/float64(n))
		a.mean += d * (float64(b.n) / float64(n))
		a.n = n
	}
	return nil
}

func (s *spreadState) Result(g int) (Value, error) {
	a := &s.accs[g]
	if a.n == 0 {
		return None, nil
	}
	v := a.m2 / float64(max(a.n-1, 1))
	if s.root {
		v = math.Sqrt(v)
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return None, Errorf(CodeNotFinite, "%s: the numbers lie too far apart", s.name())
	}
	return Float(v), nil
}

func (s *spreadState) Size() int64 {
	return int64(cap(s.accs)) * int64(unsafe.Sizeof(spreadAcc{}))
}

func (s *spreadState) Encode(dst []byte, g int) []byte {
	a := &s.accs[g]
	for _, u := range [...]uint64{uint64(a.n), floatBits(a.mean), floatBits(a.m2)} {
		dst = binary.LittleEndian.AppendUint64(dst, u)
	}
	return dst
}

func (s *spreadState) Decode(g int, src []byte) error {
	r := exactReader{src: src}
	a := spreadAcc{n: int64(r.word()), mean: floatFrom(r.word()), m2: floatFrom(r.word())}
	if !r.done() || a.n < 0 {
		return corruptState(s.name())
	}
	s.accs[g] = a
	return nil
}

// rankState keeps all numbers, to find one by its rank.
type rankState struct {
	rowLister
	name    string
	percent float64
	numbers chains[float64]
}

func (s *rankState) Grow(groups int) { s.numbers.grow(groups) }

func (s *rankState) Add(groups []int32, v *Vector, sel Selection, n int) error {
	rows, of := s.list(groups, v, sel, n)
	return eachFloat(s.name, rows, of, v, func(g int32, x float64) { s.numbers.add(int(g), x) })
}

func (s *rankState) Merge(from GroupState, mapping []int32) error {
	o := from.(*rankState)
	for g := range o.numbers.ends {
		to := mapped(mapping, g)
		o.numbers.each(g, func(x float64) { s.numbers.add(to, x) })
	}
	return nil
}

func (s *rankState) Result(g int) (Value, error) {
	xs := s.Take(make([]float64, 0, s.numbers.len(g)), g)
	if len(xs) == 0 {
		return None, nil
	}
	return Float(rankOf(xs, s.percent)), nil
}

// RankState is a state that keeps all numbers to find one by its rank. Who has no room for them takes them out in order, and finds it
// itself.
type RankState interface {
	GroupState
	// Held is how many bytes the numbers take.
	Held() int64
	// Take appends the numbers of group g to dst, sorted.
	Take(dst []float64, g int) []float64
	// Clear forgets the numbers, but not the groups.
	Clear()
	// Rank is which of n sorted numbers is asked for: the one at low, or between it and the next one as far as part says.
	Rank(n int64) (low int64, part float64)
}

// Held implements RankState.
func (s *rankState) Held() int64 { return s.numbers.bytes() - int64(cap(s.numbers.ends))*12 }

// Take implements RankState.
func (s *rankState) Take(dst []float64, g int) []float64 {
	n := len(dst)
	dst = s.numbers.slice(dst, g)
	slices.Sort(dst[n:])
	return dst
}

// Clear implements RankState.
func (s *rankState) Clear() {
	s.numbers.links = nil
	clear(s.numbers.ends)
}

// Rank implements RankState.
func (s *rankState) Rank(n int64) (low int64, part float64) {
	return rankIn(n, s.percent)
}

func rankIn(n int64, percent float64) (low int64, part float64) {
	at := percent / 100 * float64(n-1)
	low = int64(at)
	if low >= n-1 {
		return n - 1, 0
	}
	return low, at - float64(low)
}

// rankOf finds the number at a percentage of sorted ones, between two of them in proportion.
func rankOf(sorted []float64, percent float64) float64 {
	low, part := rankIn(int64(len(sorted)), percent)
	if part == 0 {
		return sorted[low]
	}
	return Between(sorted[low], sorted[low+1], part)
}

// Between is the number between two as far as part says.
func Between(a, b, part float64) float64 {
	return a*(1-part) + b*part // cannot overflow, as the difference could
}

func (s *rankState) Size() int64 { return s.numbers.bytes() }

func (s *rankState) Encode(dst []byte, g int) []byte {
	s.numbers.each(g, func(x float64) { dst = binary.LittleEndian.AppendUint64(dst, floatBits(x)) })
	return dst
}

func (s *rankState) Decode(g int, src []byte) error {
	r := exactReader{src: src}
	for len(r.src) > 0 && !r.bad {
		if x := r.float(); !r.bad {
			s.numbers.add(g, x)
		}
	}
	if !r.done() {
		return corruptState(s.name)
	}
	return nil
}
