package ops

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKeysAreInTheOrderOfValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawValue(t, 2), drawValue(t, 2)
		if rapid.Bool().Draw(t, "numbers") {
			a, b = drawNumber(t), drawNumber(t)
		}
		want := Compare(a, b)
		if got := bytes.Compare(AppendOrder(nil, a, false), AppendOrder(nil, b, false)); got != want {
			t.Fatalf("orders compare %d, values %d", got, want)
		}
		if got := bytes.Compare(AppendOrder(nil, a, true), AppendOrder(nil, b, true)); got != -want {
			t.Fatalf("descending orders compare %d, values %d", got, want)
		}
		if got := bytes.Compare(AppendKey(nil, a, false), AppendKey(nil, b, false)); want != 0 && got != want {
			t.Fatalf("keys compare %d, values %d", got, want)
		}
		if got := bytes.Compare(AppendKey(nil, a, true), AppendKey(nil, b, true)); want != 0 && got != -want {
			t.Fatalf("descending keys compare %d, values %d", got, want)
		}
	})
}

// identical reports whether two values are equal and of the same kinds all the way down.
func identical(a, b Value) bool {
	if a.Kind() != b.Kind() || !Equal(a, b) {
		return false
	}
	switch a.Kind() {
	case KindList, KindTuple, KindSet:
		for i := range a.AsList() {
			if !identical(a.AsList()[i], b.AsList()[i]) {
				return false
			}
		}
	case KindObject:
		for _, m := range a.AsObject() {
			other, _ := b.Member(m.Name)
			if !identical(m.Value, other) {
				return false
			}
		}
	case KindRange:
		return identical(a.AsRange().Lo, b.AsRange().Lo) && identical(a.AsRange().Hi, b.AsRange().Hi)
	case KindRecord:
		return identical(a.RecordKey(), b.RecordKey())
	}
	return true
}

func TestKeysDecode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, desc := drawValue(t, 3), rapid.Bool().Draw(t, "desc")
		tail := rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "tail")
		key := append(AppendKey(nil, v, desc), tail...)
		got, rest, err := DecodeKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if !identical(got, v) {
			t.Fatalf("%v came back as %v", v.Kind(), got.Kind())
		}
		if !bytes.Equal(rest, tail) {
			t.Fatalf("left over: %x, want %x", rest, tail)
		}
		got, rest, err = DecodeOrder(append(AppendOrder(nil, v, desc), tail...), nil)
		if err != nil || !Equal(got, v) || !bytes.Equal(rest, tail) {
			t.Fatalf("order: %v, %v", got.Kind(), err)
		}
		got, rest, err = DecodeNotes(got, append(AppendNotes(nil, v), tail...))
		if err != nil || !identical(got, v) || !bytes.Equal(rest, tail) {
			t.Fatalf("notes: %v, %v", got.Kind(), err)
		}
	})
}

func TestLongDecimalsDecode(t *testing.T) {
	for _, s := range []string{"1." + strings.Repeat("3", 90_000), strings.Repeat("7", 5000), "1e99999", "-1.5e-99999", "0.1" + strings.Repeat("0", 255)} {
		v := Decimal(mustDecimal(s))
		got, _, err := DecodeKey(AppendKey(nil, v, true))
		if err != nil || !identical(got, v) {
			t.Errorf("%.20s… came back as %s, %v", s, brief(got), err)
		}
	}
}

func TestSmallKeysAreShort(t *testing.T) {
	for _, c := range []struct {
		v   Value
		len int
	}{
		{Int(0), 2}, {Int(1), 4}, {Int(100), 5}, {Int(1000), 5}, {Int(100_000), 6}, {Int(1 << 40), 4}, {String("alice"), 8},
		{Float(0.5), 4}, {Float(1), 5},
	} {
		if got := len(AppendKey(nil, c.v, false)); got > c.len {
			t.Errorf("the key of %v has %d bytes, want at most %d", reflect.ValueOf(c.v.AsInt()), got, c.len)
		}
	}
}

func FuzzDecodeKey(f *testing.F) {
	for _, v := range []Value{None, Bool(true), Int(1), Int(-1 << 60), Float(0.1), Float(2), Decimal(mustDecimal("1.50")), Decimal(mustDecimal("1e400")),
		String("a\x00b"), Bytes([]byte{0, 1}), Time(1), UUID([16]byte{1}), Record("person", Int(1)), List([]Value{Int(1), Tuple([]Value{Float(1)})}),
		Object([]Member{{"a", Int(1)}}), Range(&RangeValue{Int(1), None, true}), SetOfSorted([]Value{Int(1), Int(2)})} {
		f.Add(AppendKey(nil, v, false))
		f.Add(AppendKey(nil, v, true))
	}
	f.Fuzz(func(t *testing.T, key []byte) {
		v, rest, err := DecodeKey(key)
		if err != nil {
			return
		}
		read := key[:len(key)-len(rest)]
		if again := AppendKey(nil, v, read[0] >= 0x80); !bytes.Equal(again, read) {
			t.Fatalf("%x decodes to a value whose key is %x", read, again)
		}
	})
}

func BenchmarkAppendKeyInt(b *testing.B) {
	buf := make([]byte, 0, 64)
	for i := range b.N {
		buf = AppendOrder(buf[:0], Int(int64(i)), false)
	}
}

func BenchmarkDecodeKeyInt(b *testing.B) {
	key := AppendKey(nil, Int(123456), false)
	for range b.N {
		if _, _, err := DecodeKey(key); err != nil {
			b.Fatal(err)
		}
	}
}
