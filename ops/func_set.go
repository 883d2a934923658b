package ops

import "slices"

// setFuncs are SurrealQL's functions of sets. Lists and tuples are taken too; the result is a set.
func setFuncs() []Func {
	two := func(name, doc, result string, f func(a, b Value) Value) Func {
		return fn("set::"+name, []string{"a: list, b: list -> set"}, doc, "set::"+name+"([1, 2], [2, 3])", result,
			func(_ *Env, a []Value) (Value, error) { return f(a[0], a[1]), nil })
	}
	test := func(name, doc, example, result string, f func(a, b Value) bool) Func {
		return fn("set::"+name, []string{"a: list, b: list -> bool"}, doc, "set::"+name+example, result,
			func(_ *Env, a []Value) (Value, error) { return Bool(f(a[0], a[1])), nil })
	}
	subset := func(a, b Value) bool {
		has := indexValues(b.AsList()).has
		return !slices.ContainsFunc(a.AsList(), func(v Value) bool { return !has(v) })
	}
	without := func(a, b Value) Value { return NewSet(withoutElements(a, b).AsList()) }
	union := func(a, b Value) Value { return NewSet(slices.Concat(a.AsList(), b.AsList())) }
	both := func(a, b Value) Value {
		v, _ := bitAnd(List(a.AsList()), List(b.AsList())) // of lists it always works
		return NewSet(v.AsList())
	}
	return []Func{
		fn("set::of", []string{"values...: any -> set"}, "The set of the values.", "set::of(2, 1, 2)", "type::set([1, 2])",
			func(_ *Env, a []Value) (Value, error) { return NewSet(withoutNone(a)), nil }),
		fn("set::add", []string{"set: list, value: any -> set"}, "The set with a value, or with each of a list, in it.", "set::add([1, 2], 3)", "type::set([1, 2, 3])",
			func(_ *Env, a []Value) (Value, error) {
				if sequenceKind(a[1].kind) {
					return union(a[0], a[1]), nil
				}
				return NewSet(append(slices.Clone(a[0].AsList()), a[1])), nil
			}),
		fn("set::remove", []string{"set: list, value: any -> set"}, "The set without a value, or without each of a list.", "set::remove([1, 2], 2)", "type::set([1])",
			func(_ *Env, a []Value) (Value, error) {
				if sequenceKind(a[1].kind) {
					return without(a[0], a[1]), nil
				}
				return without(a[0], List(a[1:2])), nil
			}),
		two("union", "What is in one set or the other.", "type::set([1, 2, 3])", union),
		two("intersect", "What is in both sets.", "type::set([2])", both),
		two("complement", "What is in the first set and not in the second.", "type::set([1])", without),
		two("difference", "What is in one of the sets and not in both.", "type::set([1, 3])", func(a, b Value) Value { return union(without(a, b), without(b, a)) }),
		test("is_subset", "Whether every element of the first set is in the second.", "([1], [1, 2])", "true", subset),
		test("is_superset", "Whether every element of the second set is in the first.", "([1, 2], [1])", "true", func(a, b Value) bool { return subset(b, a) }),
		test("is_disjoint", "Whether the sets have no element in common.", "([1], [2])", "true", func(a, b Value) bool { return len(both(a, b).AsList()) == 0 }),
		fn("set::contains", []string{"set: list, value: any -> bool"}, "Whether a value is in the set.", "set::contains([1, 2], 2)", "true",
			func(_ *Env, a []Value) (Value, error) { return Bool(isIn(a[1], a[0])), nil }),
		fn("set::len", []string{"set: list -> int"}, "The number of distinct elements.", "set::len([1, 2, 2])", "2",
			func(_ *Env, a []Value) (Value, error) { return Int(int64(len(NewSet(a[0].AsList()).AsList()))), nil }),
		fn("set::is_empty", []string{"set: list -> bool"}, "Whether there is nothing in the set.", "set::is_empty([])", "true",
			func(_ *Env, a []Value) (Value, error) { return Bool(len(a[0].AsList()) == 0), nil }),
	}
}
