package ops

import (
	"slices"
)

func objectFuncs() []Func {
	object := func(name, signature, doc, example, result string, f func(ms []Member, a []Value) (Value, error)) Func {
		return fn("object::"+name, []string{signature}, doc, example, result,
			func(_ *Env, a []Value) (Value, error) { return f(a[0].AsObject(), a) })
	}
	return []Func{
		object("len", "o: object -> int", "The number of members.", "object::len({ a: 1, b: 2 })", "2",
			func(ms []Member, _ []Value) (Value, error) { return Int(int64(len(ms))), nil }),
		object("is_empty", "o: object -> bool", "Whether there is no member.", "object::is_empty({})", "true",
			func(ms []Member, _ []Value) (Value, error) { return Bool(len(ms) == 0), nil }),
		object("keys", "o: object -> [string]", "The names of the members.", "object::keys({ a: 1, b: 2 })", `["a", "b"]`,
			func(ms []Member, _ []Value) (Value, error) {
				out := make([]Value, len(ms))
				for i, m := range ms {
					out[i] = String(m.Name)
				}
				return List(out), nil
			}),
		object("values", "o: object -> list", "The values of the members.", "object::values({ a: 1, b: 2 })", "[1, 2]",
			func(ms []Member, _ []Value) (Value, error) {
				out := make([]Value, len(ms))
				for i, m := range ms {
					out[i] = m.Value
				}
				return List(out), nil
			}),
		object("entries", "o: object -> [list]", "The members as lists of name and value.", "object::entries({ a: 1, b: 2 })", `[["a", 1], ["b", 2]]`,
			func(ms []Member, _ []Value) (Value, error) {
				out := make([]Value, len(ms))
				for i, m := range ms {
					out[i] = List([]Value{String(m.Name), m.Value})
				}
				return List(out), nil
			}),
		fn("object::from_entries", []string{"entries: [list] -> object"}, "An object of lists of name and value; of one name the last holds.",
			`object::from_entries([["a", 1], ["b", 2]])`, "{ a: 1, b: 2 }", objectFromEntries),
		object("get", "o: object, name: string -> any", "The value of a member; none if there is none of the name.", `object::get({ a: 1 }, "a")`, "1",
			func(_ []Member, a []Value) (Value, error) {
				v, _ := a[0].Member(a[1].AsString())
				return v, nil
			}),
		object("has", "o: object, name: string -> bool", "Whether there is a member of a name.", `object::has({ a: 1 }, "b")`, "false",
			func(_ []Member, a []Value) (Value, error) {
				_, ok := a[0].Member(a[1].AsString())
				return Bool(ok), nil
			}),
		object("set", "o: object, name: string, value: any -> object", "The object with a member of a name set to a value.",
			`object::set({ a: 1 }, "b", 2)`, "{ a: 1, b: 2 }", func(ms []Member, a []Value) (Value, error) {
				return merged(ms, []Member{{a[1].AsString(), a[2]}}), nil
			}),
		fn("object::remove", []string{"o: object, name: string -> object", "o: object, names: [string] -> object"},
			"The object without a member, or several.", `object::remove({ a: 1, b: 2 }, "a")`, "{ b: 2 }",
			func(_ *Env, a []Value) (Value, error) { return kept(a, false) }),
		fn("object::pick", []string{"o: object, names: [string] -> object"}, "The object with only the members named.",
			`object::pick({ a: 1, b: 2 }, ["b", "c"])`, "{ b: 2 }", func(_ *Env, a []Value) (Value, error) { return kept(a, true) }),
		object("extend", "o: object, with: object -> object", "The members of both objects; of one name those of the second hold.",
			"object::extend({ a: 1, b: 1 }, { b: 2, c: 3 })", "{ a: 1, b: 2, c: 3 }", func(ms []Member, a []Value) (Value, error) {
				return merged(ms, a[1].AsObject()), nil
			}),
	}
}

// merged puts members into an object, in the place of those of their names or behind.
func merged(ms, with []Member) Value {
	out := slices.Clone(ms)
	at := make(map[string]int, len(ms)+len(with))
	for i, m := range ms {
		at[m.Name] = i
	}
	for _, m := range with {
		if i, ok := at[m.Name]; ok {
			out[i].Value = m.Value
			continue
		}
		at[m.Name] = len(out)
		out = append(out, m)
	}
	return Object(out)
}

func objectFromEntries(_ *Env, a []Value) (Value, error) {
	entries := make([]Member, 0, len(a[0].AsList()))
	for _, e := range a[0].AsList() {
		if !sequenceKind(e.kind) || len(e.AsList()) != 2 || e.AsList()[0].kind != KindString {
			return None, fault(0, "has %s where a list of name and value is wanted", shown(e))
		}
		entries = append(entries, Member{e.AsList()[0].AsString(), e.AsList()[1]})
	}
	return merged(nil, entries), nil
}

// kept is object argument 0 with, or without, the members that argument 1 names.
func kept(a []Value, named bool) (Value, error) {
	names := a[1:2]
	if sequenceKind(a[1].kind) {
		names = a[1].AsList()
	}
	wanted := make(map[string]bool, len(names))
	for _, n := range names {
		if n.kind != KindString {
			return None, fault(1, "has %s where a name is wanted", shown(n))
		}
		wanted[n.AsString()] = true
	}
	var out []Member
	for _, m := range a[0].AsObject() {
		if wanted[m.Name] == named {
			out = append(out, m)
		}
	}
	return Object(out), nil
}
