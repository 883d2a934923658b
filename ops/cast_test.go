package ops

import (
	"testing"
	"time"
)

func TestCheckAndCast(t *testing.T) {
	str, list := String, func(vs ...Value) Value { return List(vs) }
	for _, c := range []struct {
		v    Value
		typ  string
		cast bool
		want string // a literal, or an error's code
	}{
		{Int(255), "u8", false, "255"}, {Int(256), "u8", false, "number_out_of_range"}, {Int(-1), "u64", false, "number_out_of_range"},
		{Int(-129), "i8", false, "number_out_of_range"}, {Float(3), "int", false, "3"}, {Float(3.5), "int", false, "type_mismatch"}, {Float(3.9), "int", true, "3"},
		{Float(-3.9), "int", true, "-3"}, {Float(1e19), "int", true, "number_out_of_range"}, {Int(3), "float", false, "3.0"}, {Float(0.1), "f32", false, "0.10000000149011612"},
		{Float(1e300), "f32", false, "number_out_of_range"}, {Int(3), "decimal", false, `d"3"`}, {Float(0.1), "decimal", true, `d"0.1"`}, {Float(0.1), "decimal", false, "type_mismatch"},
		{None, "int", false, "type_mismatch"}, {None, "int?", false, "none"}, {None, "int", true, "none"}, {str("x"), "int", false, "type_mismatch"},
		{str(" 12 "), "int", true, "12"}, {str("1e2"), "int", true, "100"}, {str("12x"), "int", true, "cast_failed"}, {str("1e400"), "float", true, "number_out_of_range"},
		{str("1.5"), "float", true, "1.5"}, {str("TRUE"), "bool", true, "true"}, {Int(0), "bool", true, "false"}, {str("2h"), "duration", true, "2h"},
		{str("2026-11-23"), "time", true, `t"2026-11-23T00:00:00Z"`}, {Int(60), "time", true, `t"1970-01-01T00:01:00Z"`}, {str("550e8400-e29b-41d4-a716-446655440000"), "uuid", true, `u"550e8400-e29b-41d4-a716-446655440000"`},
		{Duration(time.Second), "string", true, `"1s"`}, {Int(1), "string", false, "type_mismatch"}, {Int(1), "string", true, `"1"`},
		{list(Int(1), Int(2)), "[int 2]", false, "[1, 2]"}, {list(Int(1)), "[int 2]", false, "type_mismatch"}, {list(Int(1), str("2")), "[int]", true, "[1, 2]"},
		{list(Int(1), Int(1)), "set[int]", false, "type_mismatch"}, {list(Int(2), Int(1), Float(1)), "set[int]", true, "[1, 2]"}, {Int(1), "[int]", true, "cast_failed"},
		{Range(&RangeValue{Int(1), Int(3), true}), "[int]", true, "[1, 2, 3]"}, {Range(&RangeValue{Int(1), None, true}), "[int]", true, "cast_failed"}, {Range(&RangeValue{Int(1), Int(1 << 40), true}), "[int]", true, "too_large"},
		{Tuple([]Value{Int(1), str("a")}), "(int, string)", false, `(1, "a")`}, {list(Int(1), str("a")), "(int, string)", false, "type_mismatch"}, {list(Int(1), str("a")), "(int, string)", true, `(1, "a")`},
		{Object([]Member{{"a", Int(1)}}), "map[float]", false, "{ a: 1.0 }"}, {Object([]Member{{"a", str("x")}}), "map[float]", false, "type_mismatch"},
		{Record("person", Int(1)), "person", false, "person:1"}, {Record("city", Int(1)), "person", false, "type_mismatch"}, {Record("city", Int(1)), "record", false, "city:1"},
		{str("person:1"), "person", true, "person:1"}, {str("person:x-y"), "record", true, `person:"x-y"`}, {str("person"), "record", true, "cast_failed"},
	} {
		typ, err := ParseType(c.typ)
		if err != nil {
			t.Fatal(err)
		}
		fit := Check
		if c.cast {
			fit = Cast
		}
		v, err := fit(c.v, typ)
		got := string(AppendZQL(nil, v))
		if err != nil {
			got = string(CodeOf(err))
		}
		if got != c.want {
			t.Errorf("%s to %s (cast %v): %s, want %s (%v)", brief(c.v), typ, c.cast, got, c.want, err)
		}
	}
}

func TestParsedRecordsAreThoseWritten(t *testing.T) {
	for _, key := range []Value{Int(1), Int(-5), String("alice"), String("1"), String("a b"), String("a\x00\"é"), String(""), UUID([16]byte{7}), String("true"), List([]Value{Int(1), String("x")})} {
		id := Record("person", key)
		if key.Kind() == KindString && key.AsString() == "" {
			continue
		}
		got, err := ParseRecord(Format(id))
		if err != nil || !identical(got, id) {
			t.Errorf("%s came back as %s, %v", Format(id), Format(got), err)
		}
	}
}
