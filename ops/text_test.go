package ops

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestJSONForms(t *testing.T) {
	id := Record("person", String("alice"))
	when, _ := ParseTime("2026-11-23T10:00:00.5Z")
	for _, c := range []struct {
		v    Value
		want string
	}{
		{None, `null`}, {Bool(true), `true`}, {Int(math.MaxInt64), `9223372036854775807`}, {Float(2), `2.0`}, {Float(0.1), `0.1`},
		{Float(1e100), `1e+100`}, {Float(1e20), `100000000000000000000.0`}, {Decimal(mustDecimal("1.50")), `"1.50"`}, {String("a\"\n\x01é"), `"a\"\n\u0001é"`},
		{Bytes([]byte{0, 255}), `"AP8="`}, {Time(when), `"2026-11-23T10:00:00.5Z"`}, {Duration(150 * time.Minute), `"2h30m"`},
		{UUID([16]byte{0x55}), `"55000000-0000-0000-0000-000000000000"`}, {id, `"person:alice"`},
		{Record("person", String("a b")), `"person:\"a b\""`}, {Record("person", Int(1)), `"person:1"`}, {Record("person", String("1")), `"person:\"1\""`},
		{Record("t", String("01KB5ZTE9HZ0Q8J6JYHT3QN4QX")), `"t:01KB5ZTE9HZ0Q8J6JYHT3QN4QX"`},
		{List([]Value{Int(1), List(nil), None}), `[1,[],null]`}, {Tuple([]Value{id}), `["person:alice"]`},
		{Object([]Member{{"b", Int(1)}, {"a", Object(nil)}}), `{"b":1,"a":{}}`}, {Range(&RangeValue{Int(1), Int(3), true}), `"1 ..= 3"`},
	} {
		got := string(AppendJSON(nil, c.v))
		if got != c.want {
			t.Errorf("%v: %s, want %s", c.v.Kind(), got, c.want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%s is not JSON", got)
		}
	}
}

func TestZQLForms(t *testing.T) {
	for _, c := range []struct {
		v          Value
		zql, plain string
	}{
		{String("a\"b\x00"), `"a\"b\u0000"`, "a\"b\x00"}, {Bytes([]byte("a\x00\xff")), `b"a\x00\xff"`, "YQD/"},
		{Time(0), `t"1970-01-01T00:00:00Z"`, "1970-01-01T00:00:00Z"}, {Decimal(mustDecimal("1.5")), `d"1.5"`, "1.5"},
		{Tuple([]Value{Int(1)}), "(1,)", "(1,)"}, {List([]Value{String("a"), Float(1)}), `["a", 1.0]`, `["a", 1.0]`},
		{Object([]Member{{"name", String("x")}, {"a b", None}, {"none", Int(1)}}), `{ name: "x", "a b": none, "none": 1 }`, `{ name: "x", "a b": none, "none": 1 }`},
		{Range(&RangeValue{None, Int(3), false}), ".. 3", ".. 3"}, {Record("my table", String("true")), "`my table`:\"true\"", "`my table`:\"true\""},
		{Duration(-time.Hour - 5), "-1h5ns", "-1h5ns"},
	} {
		if got := string(AppendZQL(nil, c.v)); got != c.zql {
			t.Errorf("%s, want %s", got, c.zql)
		}
		if got := Format(c.v); got != c.plain {
			t.Errorf("%s, want %s", got, c.plain)
		}
	}
}

// drawJSON draws what JSON can say: the values that come back from it as they were.
func drawJSON(t *rapid.T, depth int) Value {
	kinds := []Kind{KindNone, KindBool, KindInt, KindFloat, KindString}
	if depth > 0 {
		kinds = append(kinds, KindList, KindObject)
	}
	switch k := rapid.SampledFrom(kinds).Draw(t, "kind"); k {
	case KindList:
		return List(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Value { return drawJSON(t, depth-1) }), 0, 5).Draw(t, "list"))
	case KindObject:
		names := rapid.SliceOfNDistinct(rapid.String(), 0, 20, rapid.ID).Draw(t, "names")
		ms := make([]Member, 0, len(names))
		for _, n := range names {
			if v := drawJSON(t, depth-1); !v.IsNone() {
				ms = append(ms, Member{n, v})
			}
		}
		return Object(ms)
	default:
		return drawKind(t, k, 0)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawJSON(t, 3)
		text := AppendJSON(nil, v)
		if !json.Valid(text) {
			t.Fatalf("not JSON: %s", text)
		}
		got, err := ParseJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		if !identical(got, v) || string(AppendJSON(nil, got)) != string(text) {
			t.Fatalf("%s came back as %s", text, AppendJSON(nil, got))
		}
	})
}

func TestParseJSON(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{` {"a": 1, "b": null, "a": 2} `, `{"a":2}`}, {`"\ud83d\ude00\u00e9\/"`, `"😀é/"`}, {`"\ud83d"`, `"` + "\ufffd" + `"`},
		{`[1, 1.0, 1e2, -0]`, `[1,1.0,100.0,0]`}, {`9223372036854775807`, `9223372036854775807`}, {`[18446744073709551615]`, `[18446744073709551615]`},
	} {
		v, err := ParseJSON([]byte(c.in))
		if got := string(AppendJSON(nil, v)); err != nil || got != c.want {
			t.Errorf("%s: %s, %v", c.in, got, err)
		}
	}
	for _, c := range []struct {
		in   string
		code Code
	}{
		{``, CodeBadLiteral}, {`{`, CodeBadLiteral}, {`[1,]`, CodeBadLiteral}, {`{"a" 1}`, CodeBadLiteral}, {`01`, CodeBadLiteral}, {`1.`, CodeBadLiteral},
		{`-`, CodeBadLiteral}, {`1 2`, CodeBadLiteral}, {`"a`, CodeBadLiteral}, {`"\x"`, CodeBadLiteral}, {"\"\n\"", CodeBadLiteral}, {`nul`, CodeBadLiteral},
		{`340282366920938463463374607431768211456`, CodeNumberOutOfRange}, {`1e999`, CodeNumberOutOfRange}, {strings.Repeat("[", 300), CodeTooDeep}, {`NaN`, CodeBadLiteral},
	} {
		if _, err := ParseJSON([]byte(c.in)); err == nil || CodeOf(err) != c.code {
			t.Errorf("%q: %v", c.in, err)
		}
	}
	first, rest, err := ParseJSONPrefix("{\"a\":1}\n[2]")
	if err != nil || rest != "[2]" || string(AppendJSON(nil, first)) != `{"a":1}` {
		t.Errorf("prefix: %v, %q, %v", first.Kind(), rest, err)
	}
}

func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,"x\u0041",null,true]}`, `[]`, `"é"`, `-1e5`, `{"a":1,"a":2}`, `[[[[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		v, err := ParseJSON(src)
		if err != nil {
			if json.Valid(src) && CodeOf(err) == CodeBadLiteral {
				t.Fatalf("%q is JSON, but %v", src, err)
			}
			return
		}
		if !json.Valid(src) {
			t.Fatalf("%q is not JSON", src)
		}
		again, err := ParseJSON(AppendJSON(nil, v))
		if err != nil || !identical(again, v) {
			t.Fatalf("%q does not come back: %v", src, err)
		}
	})
}

func TestDurationLiterals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(drawInt(t))
		got, err := ParseDuration(string(AppendDuration(nil, d)))
		if err != nil || got != d {
			t.Fatalf("%v came back as %v, %v", d, got, err)
		}
	})
	for in, want := range map[string]time.Duration{"2h30m": 150 * time.Minute, "1w": 168 * time.Hour, "3µs": 3000, "5d": 120 * time.Hour} {
		if got, err := ParseDuration(in); err != nil || got != want {
			t.Errorf("%s: %v, %v", in, got, err)
		}
	}
	for in, code := range map[string]Code{"": CodeBadLiteral, "1": CodeBadLiteral, "h": CodeBadLiteral, "1x": CodeBadLiteral, "1h-": CodeBadLiteral,
		"999999w": CodeNumberOutOfRange, "99999999999999999999s": CodeNumberOutOfRange, "9223372036854775808ns": CodeNumberOutOfRange} {
		if _, err := ParseDuration(in); CodeOf(err) != code {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestTypesRoundTrip(t *testing.T) {
	for _, s := range []string{"int", "u8", "f32", "[any]", "[string]", "[string 3]", "[[int?] 2]?", "set[int]", "set", "map[any]", "(int, string)", "(int,)",
		"()", "person", "person?", "record", "object", "any", "`a b`", "tuple", "decimal?", "uuid", "regex"} {
		typ, err := ParseType(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		again, err := ParseType(typ.String())
		if err != nil || !again.Equal(typ) || typ.String() != s {
			t.Errorf("%s is written %s", s, typ)
		}
	}
	if typ, err := ParseType("option[ int ]"); err != nil || typ.String() != "int?" {
		t.Errorf("option: %v, %v", typ, err)
	}
	for _, s := range []string{"", "[", "[int", "[int 0]", "set[", "foo[int]", "(int", "int int", "1x", strings.Repeat("[", 500)} {
		if _, err := ParseType(s); err == nil {
			t.Errorf("%q is taken for a type", s)
		}
	}
}
