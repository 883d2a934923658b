package ops

import (
	"slices"
)

// Functions over lists also take sets and tuples. Indexes start at 0 and count from the end where they are negative.

func arrayFuncs() []Func {
	return slices.Concat(arrayElements(), arrayEdits(), arrayCuts(), arraySets(), arrayTests(), arrayMaking())
}

// array makes a function over the elements of its first argument.
func array(name, signature, doc, example, result string, f func(vs []Value, a []Value) (Value, error)) Func {
	return fn("array::"+name, []string{signature}, doc, example, result,
		func(_ *Env, a []Value) (Value, error) { return f(a[0].AsList(), a) })
}

func arrayElements() []Func {
	end := func(name, doc, example, result string, last bool) Func {
		return array(name, "list: [T] -> T?", doc, example, result, func(vs, _ []Value) (Value, error) {
			switch {
			case len(vs) == 0:
				return None, nil
			case last:
				return vs[len(vs)-1], nil
			}
			return vs[0], nil
		})
	}
	best := func(name, doc, example, result string, how picking) Func {
		return array(name, "list: [T] -> T?", doc, example, result,
			func(vs, _ []Value) (Value, error) { return folded(&pickState{how: how}, vs) })
	}
	return []Func{
		array("len", "list: list -> int", "The number of elements.", "array::len([1, none, 3])", "3",
			func(vs, _ []Value) (Value, error) { return Int(int64(len(vs))), nil }),
		array("is_empty", "list: list -> bool", "Whether there is no element.", "array::is_empty([])", "true",
			func(vs, _ []Value) (Value, error) { return Bool(len(vs) == 0), nil }),
		array("at", "list: [T], index: int -> T?", "The element at an index; none if there is none.", "array::at([1, 2, 3], -1)", "3",
			func(vs, a []Value) (Value, error) {
				if at, ok := indexIn(a[1].AsInt(), len(vs)); ok {
					return vs[at], nil
				}
				return None, nil
			}),
		end("first", "The first element; none of an empty list.", "array::first([1, 2, 3])", "1", false),
		end("last", "The last element; none of an empty list.", "array::last([1, 2, 3])", "3", true),
		best("min", "The least element in the order of all values.", `array::min(["b", "a"])`, `"a"`, pickMin),
		best("max", "The greatest element in the order of all values.", `array::max([1, "a"])`, `"a"`, pickMax),
		array("find_index", "list: [T], value: T -> int?", "The index of the first element that equals a value; none if none does.",
			`array::find_index(["a", "b"], "b")`, "1", arrayFind),
		array("index_of", "list: [T], value: T -> int?", "The index of the first element that equals a value; none if none does.",
			`array::index_of([1, 2], 3)`, "none", arrayFind),
		array("count", "list: [T], value: T -> int", "How many elements equal a value.", "array::count([1, 2, 1], 1)", "2",
			func(vs, a []Value) (Value, error) {
				n := int64(0)
				for _, v := range vs {
					if Equal(v, a[1]) {
						n++
					}
				}
				return Int(n), nil
			}),
		array("join", "list: list, by: string -> string", "The elements as one text with a separator between.", `array::join([1, "b"], "-")`, `"1-b"`,
			func(vs, a []Value) (Value, error) { return joined(vs, a[1].AsString()) }),
	}
}

func arrayFind(vs, a []Value) (Value, error) {
	at := slices.IndexFunc(vs, func(v Value) bool { return Equal(v, a[1]) })
	if at < 0 {
		return None, nil
	}
	return Int(int64(at)), nil
}

// joinLists makes one list of several, in memory of its own.
func joinLists(parts ...[]Value) (Value, error) {
	n := 0
	for _, p := range parts {
		if n += len(p); n > maxElements {
			return None, tooLarge(0, maxElements, "elements")
		}
	}
	out := make([]Value, 0, n)
	for _, p := range parts {
		out = append(out, p...)
	}
	return List(out), nil
}

func arrayEdits() []Func {
	push := func(vs, a []Value) (Value, error) { return joinLists(vs, a[1:2]) }
	return []Func{
		array("push", "list: [T], value: T -> [T]", "The list with a value behind.", "array::push([1, 2], 3)", "[1, 2, 3]", push),
		array("append", "list: [T], value: T -> [T]", "The list with a value behind: another name for push.", "array::append([1], none)", "[1, none]", push),
		array("prepend", "list: [T], value: T -> [T]", "The list with a value before.", "array::prepend([1, 2], 0)", "[0, 1, 2]",
			func(vs, a []Value) (Value, error) { return joinLists(a[1:2], vs) }),
		array("pop", "list: [T] -> T?", "The last element: another name for last.", "array::pop([1, 2])", "2",
			func(vs, _ []Value) (Value, error) {
				if len(vs) == 0 {
					return None, nil
				}
				return vs[len(vs)-1], nil
			}),
		array("add", "list: [T], value: T -> [T]", "The list with a value behind, unless it is in it; of a list, each of its elements.",
			"array::add([1, 2], [2, 3])", "[1, 2, 3]", func(vs, a []Value) (Value, error) {
				more := a[1:2]
				if sequenceKind(a[1].kind) {
					more = a[1].AsList()
				}
				seen := newSeen(vs)
				out := slices.Clone(vs)
				for _, v := range more {
					if seen.add(v) {
						out = append(out, v)
					}
				}
				return listOf(out)
			}),
		array("insert", "list: [T], value: T, index: int -> [T]", "The list with a value put in before an index.",
			"array::insert([1, 3], 2, 1)", "[1, 2, 3]", func(vs, a []Value) (Value, error) {
				at := position(a[2].AsInt(), len(vs))
				return joinLists(vs[:at], a[1:2], vs[at:])
			}),
		array("remove", "list: [T], index: int -> [T]", "The list without the element at an index.", "array::remove([1, 2, 3], 1)", "[1, 3]",
			func(vs, a []Value) (Value, error) {
				at, ok := indexIn(a[1].AsInt(), len(vs))
				if !ok {
					return List(vs), nil
				}
				return joinLists(vs[:at], vs[at+1:])
			}),
		array("swap", "list: [T], i: int, j: int -> [T]", "The list with two elements changing places.", "array::swap([1, 2, 3], 0, -1)", "[3, 2, 1]",
			func(vs, a []Value) (Value, error) {
				out := slices.Clone(vs)
				i, ok := indexIn(a[1].AsInt(), len(vs))
				if !ok {
					return None, fault(1, "is no index of the list")
				}
				j, ok := indexIn(a[2].AsInt(), len(vs))
				if !ok {
					return None, fault(2, "is no index of the list")
				}
				out[i], out[j] = out[j], out[i]
				return List(out), nil
			}),
		array("fill", "list: [T], value: T, from?: int, to?: int -> [T]", "The list with the elements from one index to before another, or all, replaced by a value.",
			"array::fill([1, 2, 3, 4], 0, 1, 3)", "[1, 0, 0, 4]", func(vs, a []Value) (Value, error) {
				out := slices.Clone(vs)
				from, to := position(intOr(a, 2, 0), len(vs)), position(intOr(a, 3, int64(len(vs))), len(vs))
				for i := from; i < to; i++ {
					out[i] = a[1]
				}
				return List(out), nil
			}),
		array("compact", "list: [T] -> [T]", "The list without its none elements.", "array::compact([1, none, 2])", "[1, 2]",
			func(vs, _ []Value) (Value, error) { return List(withoutNone(vs)), nil }),
		array("reverse", "list: [T] -> [T]", "The elements from the last to the first.", "array::reverse([1, 2, 3])", "[3, 2, 1]",
			func(vs, _ []Value) (Value, error) {
				out := slices.Clone(vs)
				slices.Reverse(out)
				return List(out), nil
			}),
		fn("array::sort", []string{"list: [T], order?: string -> [T]", "list: [T], ascending: bool -> [T]"},
			`The elements in the order of all values; descending with "desc" or false.`, `array::sort([3, 1, 2], "desc")`, "[3, 2, 1]", arraySort),
		fn("array::sort::asc", []string{"list: [T] -> [T]"}, "The elements in the order of all values.", "array::sort::asc([3, 1, 2])", "[1, 2, 3]", arraySort),
		fn("array::sort::desc", []string{"list: [T] -> [T]"}, "The elements in the order of all values, the greatest first.",
			"array::sort::desc([3, 1, 2])", "[3, 2, 1]", func(env *Env, a []Value) (Value, error) {
				return arraySort(env, []Value{a[0], Bool(false)})
			}),
		needs(CapabilityRandom, fn("array::shuffle", []string{"list: [T] -> [T]"}, "The elements in a random order.",
			"array::len(array::shuffle([1, 2, 3]))", "3", arrayShuffle)),
		array("concat", "lists...: list -> list", "The elements of several lists as one.", "array::concat([1], [2, 3])", "[1, 2, 3]",
			func(_, a []Value) (Value, error) {
				parts := make([][]Value, len(a))
				for i := range a {
					parts[i] = a[i].AsList()
				}
				return joinLists(parts...)
			}),
		array("flatten", "list: list -> list", "The list with each element that is a list replaced by its elements, one level deep.",
			"array::flatten([1, [2, [3]]])", "[1, 2, [3]]", func(vs, _ []Value) (Value, error) {
				var out []Value
				for _, v := range vs {
					if sequenceKind(v.kind) {
						out = append(out, v.AsList()...)
					} else {
						out = append(out, v)
					}
					if len(out) > maxElements {
						break
					}
				}
				return listOf(out)
			}),
	}
}

func arraySort(_ *Env, a []Value) (Value, error) {
	descending := false
	if len(a) > 1 {
		switch {
		case a[1].kind == KindBool:
			descending = !a[1].AsBool()
		case a[1].AsString() == "desc":
			descending = true
		case a[1].AsString() != "asc":
			return None, fault(1, `must be "asc" or "desc"`)
		}
	}
	vs := slices.Clone(a[0].AsList())
	slices.SortStableFunc(vs, func(x, y Value) int {
		if descending {
			x, y = y, x
		}
		return Compare(x, y)
	})
	return List(vs), nil
}

func arrayShuffle(env *Env, a []Value) (Value, error) {
	vs := slices.Clone(a[0].AsList())
	for i := len(vs) - 1; i > 0; i-- {
		j, err := env.below(uint64(i + 1))
		if err != nil {
			return None, err
		}
		vs[i], vs[j] = vs[j], vs[i]
	}
	return List(vs), nil
}

func arrayCuts() []Func {
	return []Func{
		array("slice", "list: [T], from: int, count?: int -> [T]", "The elements from an index on, so many or all; a negative count leaves that many off the end.",
			"array::slice([1, 2, 3, 4], 1, 2)", "[2, 3]", func(vs, a []Value) (Value, error) {
				from, to := position(a[1].AsInt(), len(vs)), len(vs)
				if len(a) > 2 {
					if count := a[2].AsInt(); count < 0 {
						to = position(count, len(vs))
					} else {
						to = from + int(min(count, int64(len(vs)-from)))
					}
				}
				return List(vs[from:max(from, to)]), nil
			}),
		array("take", "list: [T], count: int -> [T]", "The first elements, so many.", "array::take([1, 2, 3], 2)", "[1, 2]",
			func(vs, a []Value) (Value, error) {
				return List(vs[:max(0, min(a[1].AsInt(), int64(len(vs))))]), nil
			}),
		array("skip", "list: [T], count: int -> [T]", "The elements behind the first, so many.", "array::skip([1, 2, 3], 2)", "[3]",
			func(vs, a []Value) (Value, error) {
				return List(vs[max(0, min(a[1].AsInt(), int64(len(vs)))):]), nil
			}),
		array("clump", "list: [T], size: int -> [[T]]", "The list cut into lists of a size; the last may be shorter.", "array::clump([1, 2, 3], 2)", "[[1, 2], [3]]",
			func(vs, a []Value) (Value, error) {
				if a[1].AsInt() < 1 {
					return None, fault(1, "must be positive")
				}
				size := int(min(a[1].AsInt(), maxElements))
				var out []Value
				for part := range slices.Chunk(vs, size) {
					out = append(out, List(part))
				}
				return List(out), nil
			}),
		array("windows", "list: [T], size: int -> [[T]]", "Each run of so many neighbours.", "array::windows([1, 2, 3], 2)", "[[1, 2], [2, 3]]",
			func(vs, a []Value) (Value, error) {
				if a[1].AsInt() < 1 {
					return None, fault(1, "must be positive")
				}
				size := int(min(a[1].AsInt(), int64(len(vs)+1)))
				var out []Value
				for i := 0; i+size <= len(vs); i++ {
					out = append(out, List(vs[i:i+size]))
				}
				return List(out), nil
			}),
		array("transpose", "list: [list] -> [list]", "Rows as columns; where a row is shorter its place is left out.",
			"array::transpose([[1, 2], [3, 4]])", "[[1, 3], [2, 4]]", arrayTranspose),
		array("zip", "a: list, b: list -> [list]", "Pairs of the elements of two lists, as many as the shorter has.", `array::zip([1, 2], ["a", "b"])`, `[[1, "a"], [2, "b"]]`,
			func(vs, a []Value) (Value, error) {
				with := a[1].AsList()
				out := make([]Value, min(len(vs), len(with)))
				for i := range out {
					out[i] = List([]Value{vs[i], with[i]})
				}
				return List(out), nil
			}),
	}
}

func arrayTranspose(vs, _ []Value) (Value, error) {
	columns := 0
	for _, row := range vs {
		if !sequenceKind(row.kind) {
			return None, fault(0, "has %s where a list is wanted", shown(row))
		}
		columns = max(columns, len(row.AsList()))
	}
	out := make([]Value, columns)
	for i := range out {
		var column []Value
		for _, row := range vs {
			if i < len(row.AsList()) {
				column = append(column, row.AsList()[i])
			}
		}
		out[i] = List(column)
	}
	return List(out), nil
}
