package ops

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxText is the longest string or byte string that an operator makes.
const MaxText = 64 << 20

// join is + on what is no number and no time.
func join(a, b Value) (Value, error) {
	switch {
	case a.kind == KindString && b.kind == KindString:
		if len(a.AsString())+len(b.AsString()) > MaxText {
			return None, Errorf(CodeTooLarge, "a string of more than %d MiB", MaxText>>20)
		}
		return String(a.AsString() + b.AsString()), nil
	case a.kind == KindBytes && b.kind == KindBytes:
		if len(a.AsBytes())+len(b.AsBytes()) > MaxText {
			return None, Errorf(CodeTooLarge, "a byte string of more than %d MiB", MaxText>>20)
		}
		return Bytes(slices.Concat(a.AsBytes(), b.AsBytes())), nil
	case a.kind == KindSet && b.kind == KindSet:
		return NewSet(slices.Concat(a.AsList(), b.AsList())), nil
	case sequenceKind(a.kind) && sequenceKind(b.kind):
		vs := slices.Concat(a.AsList(), b.AsList())
		if a.kind == KindTuple && b.kind == KindTuple {
			return Tuple(vs), nil
		}
		return List(vs), nil
	case a.kind == KindObject && b.kind == KindObject:
		return merge(a.AsObject(), b.AsObject()), nil
	}
	return None, errPair
}

// merge puts the members of b over those of a.
func merge(a, b []Member) Value {
	ms := slices.Clone(a)
	at := make(map[string]int, len(a))
	for i, m := range a {
		at[m.Name] = i
	}
	for _, m := range b {
		if i, ok := at[m.Name]; ok {
			ms[i].Value = m.Value
		} else {
			ms = append(ms, m)
		}
	}
	return Object(slices.DeleteFunc(ms, func(m Member) bool { return m.Value.IsNone() }))
}

// ---- what += and -= do

// addTo is +=. What is not there yet begins with the value.
func addTo(a, b Value) (Value, error) {
	switch {
	case a.IsNone():
		return b, nil
	case (a.kind == KindList || a.kind == KindSet) && !sequenceKind(b.kind):
		if b.IsNone() {
			return a, nil
		}
		b = like(a, []Value{b})
	case a.kind == KindSet:
		b = NewSet(b.AsList())
	case b.IsNone() && a.kind == KindObject:
		return a, nil
	case b.IsNone():
		return None, nil
	}
	if !addable.Has(b.kind) {
		return None, errPair
	}
	return add(a, b)
}

// takeFrom is -=.
func takeFrom(a, b Value) (Value, error) {
	switch {
	case a.kind == KindObject:
		return withoutMembers(a, b)
	case (a.kind == KindList || a.kind == KindSet) && !sequenceKind(b.kind):
		if b.IsNone() {
			return a, nil
		}
		b = List([]Value{b})
	case a.IsNone() || b.IsNone():
		return None, nil
	}
	return subtract(a, b)
}

// withoutMembers takes members out of an object: the one that b names, or those that it lists.
func withoutMembers(a, b Value) (Value, error) {
	var names []Value
	switch {
	case b.IsNone():
		return a, nil
	case b.kind == KindString:
		names = []Value{b}
	case sequenceKind(b.kind):
		names = b.AsList()
	default:
		return None, errPair
	}
	gone := make(map[string]bool, len(names))
	for _, n := range names {
		if n.kind != KindString {
			return None, errPair
		}
		gone[n.AsString()] = true
	}
	var ms []Member
	for _, m := range a.AsObject() {
		if !gone[m.Name] {
			ms = append(ms, m)
		}
	}
	return Object(ms), nil
}

// ---- sets of values, by their hashes

// valueIndex finds equal values.
type valueIndex map[uint64][]Value

func indexValues(vs []Value) valueIndex {
	x := make(valueIndex, len(vs))
	for _, v := range vs {
		x.add(v)
	}
	return x
}

func (x valueIndex) has(v Value) bool {
	return slices.ContainsFunc(x[Hash(v)], func(other Value) bool { return Equal(v, other) })
}

// add reports whether v is new.
func (x valueIndex) add(v Value) bool {
	if x.has(v) {
		return false
	}
	h := Hash(v)
	x[h] = append(x[h], v)
	return true
}

// like makes a sequence of the kind of v.
func like(v Value, vs []Value) Value { return sequence(v.kind, vs) }

func withoutElements(a, b Value) Value {
	gone := indexValues(b.AsList())
	var vs []Value
	for _, v := range a.AsList() {
		if !gone.has(v) {
			vs = append(vs, v)
		}
	}
	return like(a, vs)
}

func isInteger(k Kind) bool { return k == KindInt || k == KindWide }

// bitOr of sequences is their union: the distinct elements, in the order in which they first come.
func bitOr(a, b Value) (Value, error) {
	switch {
	case isInteger(a.kind) && isInteger(b.kind):
		return bitwise(a, b, func(x, y uint64) uint64 { return x | y })
	case isInteger(a.kind) || isInteger(b.kind):
		return None, errPair
	}
	if a.kind == KindSet {
		return NewSet(slices.Concat(a.AsList(), b.AsList())), nil
	}
	seen := make(valueIndex)
	var vs []Value
	for _, v := range slices.Concat(a.AsList(), b.AsList()) {
		if seen.add(v) {
			vs = append(vs, v)
		}
	}
	return like(a, vs), nil
}

// bitAnd of sequences is their intersection: the distinct elements of a that are in b.
func bitAnd(a, b Value) (Value, error) {
	switch {
	case isInteger(a.kind) && isInteger(b.kind):
		return bitwise(a, b, func(x, y uint64) uint64 { return x & y })
	case isInteger(a.kind) || isInteger(b.kind):
		return None, errPair
	}
	wanted, seen := indexValues(b.AsList()), make(valueIndex)
	var vs []Value
	for _, v := range a.AsList() {
		if wanted.has(v) && seen.add(v) {
			vs = append(vs, v)
		}
	}
	return like(a, vs), nil
}

// ---- in and contains

// isIn reports whether x is in c: an element of a sequence, a part of a string, a member's name of an object, between the
// ends of a range. A record, as one link where there may be a list of them, has itself in it.
func isIn(x, c Value) bool {
	switch c.kind {
	case KindList, KindTuple, KindSet:
		return slices.ContainsFunc(c.AsList(), func(e Value) bool { return Equal(e, x) })
	case KindString:
		return x.kind == KindString && strings.Contains(c.AsString(), x.AsString())
	case KindObject:
		if x.kind != KindString {
			return false
		}
		v, _ := c.Member(x.AsString())
		return !v.IsNone()
	case KindRange:
		return inRange(x, c.AsRange())
	case KindRecord:
		return Equal(x, c)
	}
	return false
}

func inRange(x Value, r *RangeValue) bool {
	if x.IsNone() {
		return false
	}
	if !r.Lo.IsNone() {
		if c, ok := CompareOrdered(r.Lo, x); !ok || c > 0 {
			return false
		}
	}
	if r.Hi.IsNone() {
		return true
	}
	c, ok := CompareOrdered(x, r.Hi)
	return ok && (c < 0 || c == 0 && r.Inclusive)
}

func containsAll(a, b Value) (Value, error) {
	if a.IsNone() || b.IsNone() {
		return Bool(false), nil
	}
	has := membership(a, b)
	for _, x := range b.AsList() {
		if !has(x) {
			return Bool(false), nil
		}
	}
	return Bool(true), nil
}

func containsAny(a, b Value) (Value, error) {
	if a.IsNone() || b.IsNone() {
		return Bool(false), nil
	}
	return Bool(slices.ContainsFunc(b.AsList(), membership(a, b))), nil
}

// membership returns what tells whether a value is in a, built once where it will be asked often.
func membership(a, b Value) func(x Value) bool {
	const few = 8
	if sequenceKind(a.kind) && len(a.AsList()) > few && len(b.AsList()) > few {
		return indexValues(a.AsList()).has
	}
	return func(x Value) bool { return isIn(x, a) }
}

// ---- match and distance

func match(a, b Value) (Value, error) {
	if b.kind == KindRegex {
		return Bool(b.AsRegex().Compiled.MatchString(a.AsString())), nil
	}
	return Bool(hasWords(a.AsString(), b.AsString())), nil
}

// hasWords reports whether every word of words is one of text, whatever the case of letters.
func hasWords(text, words string) bool {
	have := make(map[string]bool)
	for w := range strings.FieldsFuncSeq(text, notInWord) {
		have[strings.ToLower(w)] = true
	}
	for w := range strings.FieldsFuncSeq(words, notInWord) {
		if !have[strings.ToLower(w)] {
			return false
		}
	}
	return true
}

func notInWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }

// distance is the cosine distance, 1 - a·b / |a||b|, from 0 to 2. A vector of zeroes alone has no direction: it is
// at distance 1 from everything, as what stands at right angles is.
func distance(a, b Value) (Value, error) {
	x, y := a.AsList(), b.AsList()
	if len(x) != len(y) {
		return None, Errorf(CodeType, "%s does not take vectors of %d and %d numbers", signs["distance"], len(x), len(y))
	}
	var dot, xx, yy float64
	for i := range x {
		p, okP := number(x[i])
		q, okQ := number(y[i])
		if !okP || !okQ {
			return None, errPair
		}
		dot, xx, yy = dot+p*q, xx+p*p, yy+q*q
	}
	return Cosine(dot, xx, yy)
}

func number(v Value) (float64, bool) {
	switch v.kind {
	case KindInt, KindWide, KindFloat:
		return asFloat64(v), true
	case KindDecimal:
		f, _ := floatOfDecimal(v.AsDecimal())
		return f, true
	}
	return 0, false
}

// Cosine is the cosine distance of two vectors by their inner products with each other and with themselves. The root of
// their product makes the distance of equal vectors exactly 0, where it does not leave the range of floats.
func Cosine(dot, xx, yy float64) (Value, error) {
	if xx == 0 || yy == 0 {
		return Float(1), nil
	}
	lengths := math.Sqrt(xx * yy)
	if lengths == 0 || math.IsInf(lengths, 0) {
		lengths = math.Sqrt(xx) * math.Sqrt(yy)
	}
	return finite(1 - dot/lengths)
}

// ---- index

func index(a, b Value) (Value, error) {
	switch b = Narrowed(b); {
	case b.kind == KindInt:
		return element(a, b.AsInt())
	case b.kind == KindWide && a.kind == KindObject:
		return None, errPair
	case b.kind == KindWide:
		return None, nil // no list is so long
	case b.kind == KindRange:
		return slice(a, b.AsRange())
	case a.kind == KindObject:
		v, _ := a.Member(b.AsString())
		return v, nil
	}
	return None, errPair
}

// place turns an index that may count from the end into one from the front.
func place(i int64, n int) (int, bool) {
	if i < 0 {
		i += int64(n)
	}
	return int(i), 0 <= i && i < int64(n)
}

func element(a Value, i int64) (Value, error) {
	switch a.kind {
	case KindString:
		s := a.AsString()
		at, ok := place(i, utf8.RuneCountInString(s))
		if !ok {
			return None, nil
		}
		from := runeOffset(s, at)
		_, n := utf8.DecodeRuneInString(s[from:])
		return String(s[from : from+n]), nil
	case KindBytes:
		if at, ok := place(i, len(a.AsBytes())); ok {
			return Int(int64(a.AsBytes()[at])), nil
		}
		return None, nil
	case KindObject:
		return None, errPair
	}
	if at, ok := place(i, len(a.AsList())); ok {
		return a.AsList()[at], nil
	}
	return None, nil
}

// runeOffset returns where rune n of s begins; len(s) where there are fewer.
func runeOffset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

func slice(a Value, r *RangeValue) (Value, error) {
	switch a.kind {
	case KindString:
		s := a.AsString()
		from, to, err := bounds(r, utf8.RuneCountInString(s))
		if err != nil {
			return None, err
		}
		return String(s[runeOffset(s, from):runeOffset(s, to)]), nil
	case KindBytes:
		from, to, err := bounds(r, len(a.AsBytes()))
		return Bytes(a.AsBytes()[from:to]), err
	case KindObject:
		return None, errPair
	}
	from, to, err := bounds(r, len(a.AsList()))
	return like(a, a.AsList()[from:to]), err
}

// bounds cuts a range of indexes, which may count from the end, to what is there.
func bounds(r *RangeValue, n int) (from, to int, err error) {
	cut := func(v Value, open int, more int64) int {
		if v.IsNone() {
			return open
		}
		i := v.AsInt()
		if i < 0 {
			i = max(i+int64(n), -1)
		}
		if i < math.MaxInt64 {
			i += more
		}
		return int(min(max(i, 0), int64(n)))
	}
	r = &RangeValue{Narrowed(r.Lo), Narrowed(r.Hi), r.Inclusive}
	if !r.Lo.IsNone() && r.Lo.kind != KindInt || !r.Hi.IsNone() && r.Hi.kind != KindInt {
		return 0, 0, errPair
	}
	more := int64(0)
	if r.Inclusive {
		more = 1
	}
	from, to = cut(r.Lo, 0, 0), cut(r.Hi, n, more)
	return from, max(from, to), nil
}
