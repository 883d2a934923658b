package ops

import (
	"slices"
	"strings"
)

// wholeTakes is what the casts to integers take.
const wholeTakes = "a number in range, whose fraction is dropped, or a text that writes one"

func typeFuncs() []Func {
	var fs []Func
	for _, c := range []struct{ name, takes, result, example, gives, bad string }{
		{"bool", "a bool, or the texts true and false", "bool", `"true"`, "true", `"maybe"`},
		{"int", "a number, whose fraction is dropped, or a text that writes an int", "int", `"12"`, "12", `"1x"`},
		{"u8", wholeTakes, "u8", `"255"`, "255", "256"}, {"u16", wholeTakes, "u16", "1.9", "1", "-1"}, {"u32", wholeTakes, "u32", "7", "7", "-1"},
		{"u64", wholeTakes, "u64", `"18446744073709551615"`, "18446744073709551615", "-1"},
		{"u128", wholeTakes, "u128", `"6"`, "6", "-1"},
		{"i8", wholeTakes, "i8", "-128", "-128", "128"}, {"i16", wholeTakes, "i16", "true", "1", "32768"}, {"i32", wholeTakes, "i32", "7", "7", "1e10"},
		{"i64", wholeTakes, "i64", "7", "7", "1e19"},
		{"i128", wholeTakes, "i128", "2", "2", "1e40"},
		{"f32", "a number or a text that writes one, and gives the nearest float of 32 bits", "f32", "0.1", "0.10000000149011612", `"x"`},
		{"float", "a number or a text that writes one", "float", `"1.5"`, "1.5", `"x"`},
		{"decimal", "a number or a text that writes one", "decimal", `"1.50"`, `d"1.50"`, `"x"`},
		{"string", "any value, as it is printed", "string", "12", `"12"`, ""},
		{"bytes", "a string, as UTF-8", "bytes", `"ab"`, `b"ab"`, "1"},
		{"time", "a text of RFC 3339", "time", `"2026-11-24"`, `t"2026-11-24"`, `"yesterday"`},
		{"duration", "a text that writes a duration", "duration", `"1h30m"`, "1h30m", `"soon"`},
		{"uuid", "a text that writes a uuid, or 16 bytes", "uuid", `"018a6680-bef9-701b-9025-e1754f296a0f"`,
			`u"018a6680-bef9-701b-9025-e1754f296a0f"`, `"x"`},
		{"list", "a set, a tuple or a range of ints", "list", "1..4", "[1, 2, 3]", "1"},
		{"set", "a list: its distinct values", "set", "[2, 1, 2]", "type::set([1, 2])", "1"},
		{"object", "an object, or a text of JSON that is one", "object", `{ a: 1 }`, "{ a: 1 }", "1"},
	} {
		kind := signatureType(c.result)
		cast := func(_ *Env, a []Value) (Value, error) { return Cast(a[0], kind) }
		fs = append(fs, fn("type::"+c.name, []string{"value: any -> " + c.result}, "The value as "+c.result+". It takes "+c.takes+".",
			"type::"+c.name+"("+c.example+")", c.gives, cast))
		if c.bad == "" {
			continue
		}
		fs = append(fs, fn("type::try_"+c.name, []string{"value: any -> " + c.result + "?"}, "As type::"+c.name+", but none where the value cannot be converted.",
			"type::try_"+c.name+"("+c.bad+")", "none", func(env *Env, a []Value) (Value, error) {
				v, err := cast(env, a)
				if err != nil {
					return None, nil //nolint:nilerr // that is what try means
				}
				return v, nil
			}))
	}
	for _, alias := range [][2]string{{"datetime", "time"}, {"array", "list"}} {
		i := slices.IndexFunc(fs, func(f Func) bool { return f.Name == "type::"+alias[1] })
		f := fn("type::"+alias[0], []string{fs[i].Signatures[0].inner()}, "SurrealQL's name for type::"+alias[1]+".",
			strings.Replace(fs[i].Example, alias[1], alias[0], 1), fs[i].Result, fs[i].Eval)
		fs = append(fs, f)
	}
	return slices.Concat(fs, typeTests(), typeMaking())
}

// inner is the signature as parseSignature reads it.
func (s *Signature) inner() string {
	params, result, _ := strings.Cut(s.text[1:], ") -> ")
	return params + " -> " + result
}

func typeTests() []Func {
	test := func(name, what, example string, ok func(v Value) bool) Func {
		return fn("type::is_"+name, []string{"value: any -> bool"}, "Whether the value is "+what+".", "type::is_"+name+"("+example+")", "true",
			func(_ *Env, a []Value) (Value, error) { return Bool(ok(a[0])), nil })
	}
	kind := func(k Kind, what, example string) Func {
		return test(k.String(), what, example, func(v Value) bool { return v.kind == k })
	}
	return []Func{
		kind(KindNone, "none", "none"),
		kind(KindBool, "a bool", "true"),
		test("int", "an integer", "1", func(v Value) bool { return isInteger(v.kind) }),
		kind(KindFloat, "a float", "1.5"),
		kind(KindDecimal, "a decimal", `d"1.5"`),
		test("number", "an int, float or decimal", "1", func(v Value) bool { return v.kind.IsNumber() }),
		kind(KindString, "a string", `"a"`),
		kind(KindBytes, "a byte string", `b"a"`),
		kind(KindTime, "a time", `t"2026-11-24"`),
		kind(KindDuration, "a duration", "1h"),
		kind(KindUUID, "a uuid", `u"018a6680-bef9-701b-9025-e1754f296a0f"`),
		fn("type::is_record", []string{"value: any, table?: string -> bool"}, "Whether the value is a record id, of a table where one is given.",
			`type::is_record(person:alice, "person")`, "true", func(_ *Env, a []Value) (Value, error) {
				return Bool(a[0].kind == KindRecord && (len(a) == 1 || a[0].RecordTable() == a[1].AsString())), nil
			}),
		kind(KindList, "a list", "[1]"),
		kind(KindTuple, "a tuple", "(1, 2)"),
		kind(KindSet, "a set", "type::set([1])"),
		kind(KindObject, "an object", "{ a: 1 }"),
		kind(KindRange, "a range", "0..3"),
		kind(KindRegex, "a regular expression", "//a//"),
	}
}

func typeMaking() []Func {
	return []Func{
		fn("type::of", []string{"value: any -> string"}, "The name of the value's kind; integers of every width are int.", "type::of(1.5)", `"float"`,
			func(_ *Env, a []Value) (Value, error) { return String(kindName(a[0].kind)), nil }),
		fn("type::record", []string{"table: string, key: any -> record", "id: string -> record", "id: record -> record"},
			"The record id of a table and a key, or of a text that writes one.", `type::record("person", "alice")`, "person:alice", recordOf),
		fn("type::try_record", []string{"table: string, key: any -> record?", "id: any -> record?"},
			"As type::record, but none where that fails.", `type::try_record("no record")`, "none", func(env *Env, a []Value) (Value, error) {
				v, err := recordOf(env, a)
				if err != nil {
					return None, nil //nolint:nilerr // that is what try means
				}
				return v, nil
			}),
		fn("type::thing", []string{"table: string, key: any -> record"}, "SurrealQL's name for type::record of a table and a key.",
			`type::thing("person", 7)`, "person:7", recordOf),
		fn("type::number", []string{"value: any -> number"}, "A number as it is; of a text the int, else the float, that it writes.",
			`type::number("1.5")`, "1.5", typeNumber),
		fn("type::range", []string{"low: any, high: any -> range"}, "The range from one value to before another; none is an open end.",
			"type::range(1, 5)", "1..5", func(_ *Env, a []Value) (Value, error) {
				return Range(&RangeValue{Lo: a[0], Hi: a[1]}), nil
			}),
		fn("type::regex", []string{"pattern: string, flags?: string -> regex"}, "The regular expression that a text writes.",
			`string::matches("ABC", type::regex("^b", "i"))`, "false", func(_ *Env, a []Value) (Value, error) {
				v, err := NewRegex(a[0].AsString(), stringOr(a, 1, ""))
				if err != nil {
					return None, fault(0, "is no regular expression: %s", messageOf(err))
				}
				return v, nil
			}),
	}
}

func typeNumber(_ *Env, a []Value) (Value, error) {
	if a[0].kind.IsNumber() {
		return a[0], nil
	}
	if a[0].kind == KindString {
		if i, ok := ParseInteger(strings.TrimSpace(a[0].AsString()), 10); ok {
			return i, nil
		}
	}
	return Cast(a[0], TypeOf(KindFloat))
}

func recordOf(_ *Env, a []Value) (Value, error) {
	if len(a) == 1 {
		return Cast(a[0], TypeOf(KindRecord))
	}
	if a[0].AsString() == "" {
		return None, fault(0, "is no name of a table")
	}
	if !isKey(a[1]) {
		return None, fault(1, "is no key: that is an int, a string, a uuid, or a list or tuple of such and other scalars")
	}
	return Record(a[0].AsString(), a[1]), nil
}

// isKey reports whether a value may be the key of a record.
func isKey(v Value) bool {
	switch v.kind {
	case KindInt, KindWide, KindString, KindUUID:
		return true
	case KindList, KindTuple:
		vs := v.AsList()
		return len(vs) > 0 && !slices.ContainsFunc(vs, func(e Value) bool {
			return e.kind == KindNone || e.kind >= KindRecord
		})
	}
	return false
}

func recordFuncs() []Func {
	key := func(name string) Func {
		return fn("record::"+name, []string{"id: record -> any"}, "The key of a record id.", "record::"+name+"(person:alice)", `"alice"`,
			func(_ *Env, a []Value) (Value, error) { return a[0].RecordKey(), nil })
	}
	table := func(name string) Func {
		return fn("record::"+name, []string{"id: record -> string"}, "The table of a record id.", "record::"+name+"(person:alice)", `"person"`,
			func(_ *Env, a []Value) (Value, error) { return String(a[0].RecordTable()), nil })
	}
	return []Func{
		key("key"), key("id"), table("table"), table("tb"),
		fn("record::of", []string{"table: string, key: any -> record"}, "The record id of a table and a key.",
			`record::of("person", 7)`, "person:7", recordOf),
		fn("record::is_of", []string{"id: record, table: string -> bool"}, "Whether a record id is of a table.",
			`record::is_of(person:alice, "person")`, "true", func(_ *Env, a []Value) (Value, error) {
				return Bool(a[0].RecordTable() == a[1].AsString()), nil
			}),
	}
}
