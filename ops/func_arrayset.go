package ops

import (
	"math"
	"slices"
)

// seenValues is a set of values that have been met.
type seenValues struct{ byHash map[uint64][]Value }

func newSeen(vs []Value) *seenValues {
	s := &seenValues{make(map[uint64][]Value, len(vs))}
	for _, v := range vs {
		s.add(v)
	}
	return s
}

func (s *seenValues) has(v Value) bool {
	return slices.ContainsFunc(s.byHash[Hash(v)], func(o Value) bool { return Equal(o, v) })
}

// add reports whether v is new.
func (s *seenValues) add(v Value) bool {
	if s.has(v) {
		return false
	}
	h := Hash(v)
	s.byHash[h] = append(s.byHash[h], v)
	return true
}

func arraySets() []Func {
	// keep makes a function of two lists as sets: the distinct elements of the first that are, or are not, in the second.
	keep := func(name, doc, example, result string, in bool) Func {
		return array(name, "a: [T], b: [T] -> [T]", doc, example, result, func(vs, a []Value) (Value, error) {
			other, done := newSeen(a[1].AsList()), newSeen(nil)
			var out []Value
			for _, v := range vs {
				if other.has(v) == in && done.add(v) {
					out = append(out, v)
				}
			}
			return List(out), nil
		})
	}
	return []Func{
		array("distinct", "list: [T] -> [T]", "The distinct elements, in the order of their first places.", "array::distinct([1, 2, 1, 2.0])", "[1, 2]",
			func(vs, _ []Value) (Value, error) { return List(distinctValues(vs)), nil }),
		array("group", "list: list -> list", "The list flattened by one level, each element once.", "array::group([1, [2, 1], [3]])", "[1, 2, 3]",
			func(vs, _ []Value) (Value, error) { return folded(&setState{name: "group", flatten: true}, vs) }),
		array("union", "a: [T], b: [T] -> [T]", "The distinct elements of both lists.", "array::union([1, 2], [2, 3])", "[1, 2, 3]",
			func(vs, a []Value) (Value, error) {
				both, err := joinLists(vs, a[1].AsList())
				if err != nil {
					return None, err
				}
				return List(distinctValues(both.AsList())), nil
			}),
		keep("intersect", "The distinct elements that are in both lists.", "array::intersect([1, 2, 2], [2, 3])", "[2]", true),
		keep("complement", "The distinct elements of the first list that are not in the second.", "array::complement([1, 2, 3], [2])", "[1, 3]", false),
		array("difference", "a: [T], b: [T] -> [T]", "The distinct elements that are in one of the lists only.", "array::difference([1, 2], [2, 3])", "[1, 3]",
			func(vs, a []Value) (Value, error) {
				left, right := newSeen(vs), newSeen(a[1].AsList())
				both, err := joinLists(vs, a[1].AsList())
				if err != nil {
					return None, err
				}
				return List(slices.DeleteFunc(distinctValues(both.AsList()), func(v Value) bool { return left.has(v) && right.has(v) })), nil
			}),
		array("combine", "a: list, b: list -> [list]", "Every pair of an element of the first and one of the second list.",
			"array::combine([1, 2], [3, 4])", "[[1, 3], [1, 4], [2, 3], [2, 4]]", func(vs, a []Value) (Value, error) {
				with := a[1].AsList()
				if len(vs) > 0 && len(with) > maxElements/len(vs)/4 {
					return None, tooLarge(1, maxElements/4, "pairs")
				}
				out := make([]Value, 0, len(vs)*len(with))
				for _, x := range vs {
					for _, y := range with {
						out = append(out, List([]Value{x, y}))
					}
				}
				return List(out), nil
			}),
	}
}

// distinctValues returns the distinct values in the order of their first places, in memory of its own.
func distinctValues(vs []Value) []Value {
	seen := newSeen(nil)
	out := make([]Value, 0, len(vs))
	for _, v := range vs {
		if seen.add(v) {
			out = append(out, v)
		}
	}
	return out
}

func arrayTests() []Func {
	holds := func(name, doc, example, result string, f func(other, have *seenValues, a []Value) bool) Func {
		return array(name, "list: list, values: list -> bool", doc, example, result,
			func(vs, a []Value) (Value, error) { return Bool(f(newSeen(a[1].AsList()), newSeen(vs), a)), nil })
	}
	return []Func{
		array("contains", "list: [T], value: T -> bool", "Whether an element equals a value.", "array::contains([1, 2], 2.0)", "true",
			func(vs, a []Value) (Value, error) {
				return Bool(slices.ContainsFunc(vs, func(v Value) bool { return Equal(v, a[1]) })), nil
			}),
		holds("contains_all", "Whether every one of the values is in the list.", "array::contains_all([1, 2, 3], [1, 3])", "true",
			func(_, have *seenValues, a []Value) bool {
				return !slices.ContainsFunc(a[1].AsList(), func(v Value) bool { return !have.has(v) })
			}),
		holds("contains_any", "Whether one of the values is in the list.", "array::contains_any([1, 2], [2, 3])", "true",
			func(_, have *seenValues, a []Value) bool { return slices.ContainsFunc(a[1].AsList(), have.has) }),
		holds("contains_none", "Whether none of the values is in the list.", "array::contains_none([1, 2], [3])", "true",
			func(_, have *seenValues, a []Value) bool { return !slices.ContainsFunc(a[1].AsList(), have.has) }),
		array("all", "list: list -> bool", "Whether every element is true.", "array::all([true, false])", "false",
			func(vs, _ []Value) (Value, error) {
				return Bool(!slices.ContainsFunc(vs, func(v Value) bool { return !v.IsTrue() })), nil
			}),
		array("any", "list: list -> bool", "Whether an element is true.", "array::any([true, false])", "true",
			func(vs, _ []Value) (Value, error) { return Bool(slices.ContainsFunc(vs, Value.IsTrue)), nil }),
		array("matches", "list: [T], value: T -> [bool]", "For each element, whether it equals a value.", "array::matches([1, 2], 1)", "[true, false]",
			func(vs, a []Value) (Value, error) {
				out := make([]Value, len(vs))
				for i, v := range vs {
					out[i] = Bool(Equal(v, a[1]))
				}
				return List(out), nil
			}),
		array("is_sorted", "list: list -> bool", "Whether no element is greater than the next.", "array::is_sorted([1, 2, 2])", "true",
			func(vs, _ []Value) (Value, error) { return Bool(slices.IsSortedFunc(vs, Compare)), nil }),
	}
}

func arrayMaking() []Func {
	return []Func{
		fn("array::range", []string{"from: int, to: int, step?: int -> [int]", "range: range -> [int]"},
			"The ints from one to before another, by steps of 1 or a step that may be negative; or the ints of a range.",
			"array::range(0, 10, 3)", "[0, 3, 6, 9]", arrayRange),
		fn("array::repeat", []string{"value: T, times: int -> [T]"}, "A list of one value so many times.", `array::repeat("a", 2)`, `["a", "a"]`,
			func(_ *Env, a []Value) (Value, error) {
				n := a[1].AsInt()
				if n < 0 {
					return None, fault(1, "must not be negative")
				}
				if n > maxElements {
					return None, tooLarge(1, maxElements, "elements")
				}
				return List(slices.Repeat(a[:1], int(n))), nil
			}),
	}
}

func arrayRange(_ *Env, a []Value) (Value, error) {
	var from, to int64
	if a[0].kind == KindRange {
		r := a[0].AsRange()
		lo, hi := Narrowed(r.Lo), Narrowed(r.Hi)
		if lo.kind != KindInt || hi.kind != KindInt {
			return None, fault(0, "must have ints at both ends")
		}
		from, to = lo.AsInt(), hi.AsInt()
		if r.Inclusive {
			if to == math.MaxInt64 {
				return None, tooLarge(0, maxElements, "elements")
			}
			to++
		}
	} else {
		from, to = a[0].AsInt(), a[1].AsInt()
	}
	step := intOr(a, 2, 1)
	if step == 0 {
		return None, fault(2, "must not be 0")
	}
	if step > 0 && from >= to || step < 0 && from <= to {
		return List(nil), nil
	}
	distance := uint64(to) - uint64(from)
	if step < 0 {
		distance = -distance
	}
	n := (distance-1)/size(step) + 1
	if n > maxElements {
		return None, tooLarge(-1, maxElements, "elements")
	}
	out := make([]Value, n)
	for i := range out {
		out[i] = Int(from + int64(i)*step)
	}
	return List(out), nil
}

// arrayMore are functions of lists that are read as bools, and sums over lists.
func arrayMore() []Func {
	pairwise := func(name, doc, result string, f func(a, b bool) bool) Func {
		return fn("array::boolean_"+name, []string{"a: list, b: list -> [bool]"}, doc, "array::boolean_"+name+"([true, false], [true, true])", result,
			func(_ *Env, a []Value) (Value, error) {
				x, y := a[0].AsList(), a[1].AsList()
				out := make([]Value, max(len(x), len(y)))
				at := func(vs []Value, i int) bool { return i < len(vs) && isSet(vs[i]) }
				for i := range out {
					out[i] = Bool(f(at(x, i), at(y, i)))
				}
				return List(out), nil
			})
	}
	return []Func{
		pairwise("and", "For each place whether both lists have something that counts as true there: all but none, false, 0 and what is empty does.", "[true, false]", func(a, b bool) bool { return a && b }),
		pairwise("or", "For each place whether one of the lists has something there that counts as true.", "[true, true]", func(a, b bool) bool { return a || b }),
		pairwise("xor", "For each place whether just one of the lists has something there that counts as true.", "[false, true]", func(a, b bool) bool { return a != b }),
		fn("array::boolean_not", []string{"list: list -> [bool]"}, "For each element whether it does not count as true.", "array::boolean_not([0, 1])", "[true, false]", func(_ *Env, a []Value) (Value, error) {
			out := make([]Value, len(a[0].AsList()))
			for i, v := range a[0].AsList() {
				out[i] = Bool(!isSet(v))
			}
			return List(out), nil
		}),
		fn("array::filter_index", []string{"list: list, value: any -> [int]"}, "The indexes at which a value is.", "array::filter_index([1, 2, 1], 1)", "[0, 2]", func(_ *Env, a []Value) (Value, error) {
			var out []Value
			for i, v := range a[0].AsList() {
				if Equal(v, a[1]) {
					out = append(out, Int(int64(i)))
				}
			}
			return List(out), nil
		}),
		fn("array::rotate", []string{"list: [T], steps: int -> [T]"}, "The list with so many elements taken from its beginning to its end; the other way round where negative.", "array::rotate([1, 2, 3], 1)", "[2, 3, 1]",
			func(_ *Env, a []Value) (Value, error) {
				vs := a[0].AsList()
				if len(vs) == 0 {
					return List(nil), nil
				}
				k := int((a[1].AsInt()%int64(len(vs)) + int64(len(vs))) % int64(len(vs)))
				return List(slices.Concat(vs[k:], vs[:k])), nil
			}),
		fn("array::sum", []string{numberList + " -> number"}, "The sum of the numbers: DuckDB users look for it here.", "array::sum([1, 2])", "3",
			func(_ *Env, a []Value) (Value, error) { return folded(&sumOrZero{}, a[0].AsList()) }),
		fn("array::avg", []string{numberList + " -> any"}, "The mean of the numbers.", "array::avg([1, 2])", "1.5",
			func(_ *Env, a []Value) (Value, error) { return folded(&sumState{mean: true}, a[0].AsList()) }),
		fn("array::cumulative_sum", []string{numberList + " -> [number]"}, "For each place the sum of the numbers up to there.", "array::cumulative_sum([1, 2, 3])", "[1, 3, 6]", arrayCumulative),
	}
}

// isSet reports whether a value counts as true where lists of anything are read as bools.
func isSet(v Value) bool {
	switch v.kind {
	case KindNone:
		return false
	case KindBool:
		return v.AsBool()
	case KindString, KindBytes, KindList, KindTuple, KindSet, KindObject:
		return v.bits != 0
	}
	return !v.kind.IsNumber() || Compare(v, Int(0)) != 0
}

func arrayCumulative(_ *Env, a []Value) (Value, error) {
	sum := Int(0)
	out := make([]Value, len(a[0].AsList()))
	for i, v := range a[0].AsList() {
		if v.IsNone() {
			out[i] = sum
			continue
		}
		if !v.kind.IsNumber() {
			return None, fault(0, "has %s where a number is wanted", shown(v))
		}
		var err error
		if sum, err = add(sum, v); err != nil {
			return None, overflow()
		}
		out[i] = sum
	}
	return List(out), nil
}
