package ops

import (
	"cmp"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// rational is a number's exact value, by another road than the code's.
func rational(v Value) *big.Rat {
	switch v.Kind() {
	case KindInt:
		return new(big.Rat).SetInt64(v.AsInt())
	case KindFloat:
		return new(big.Rat).SetFloat64(v.AsFloat())
	}
	r, ok := new(big.Rat).SetString(v.AsDecimal().Text('f'))
	if !ok {
		panic(v.AsDecimal().String())
	}
	return r
}

func drawNumber(t *rapid.T) Value {
	return drawKind(t, rapid.SampledFrom([]Kind{KindInt, KindFloat, KindDecimal}).Draw(t, "kind"), 0)
}

func TestNumbersCompareByExactValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawNumber(t), drawNumber(t)
		if got, want := Compare(a, b), rational(a).Cmp(rational(b)); got != want {
			t.Fatalf("Compare(%v, %v) = %d, want %d", rational(a), rational(b), got, want)
		}
	})
}

func TestCompareIsATotalOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawValue(t, 2), drawValue(t, 2), drawValue(t, 2)
		if Compare(a, a) != 0 {
			t.Fatal("a value is not equal to itself")
		}
		if Compare(a, b) != -Compare(b, a) {
			t.Fatal("not antisymmetric")
		}
		if Compare(a, b) <= 0 && Compare(b, c) <= 0 && Compare(a, c) > 0 {
			t.Fatal("not transitive")
		}
		if families[a.kind] != families[b.kind] && Compare(a, b) != cmp.Compare(families[a.kind], families[b.kind]) {
			t.Fatal("kinds are not in their order")
		}
		if Equal(a, b) != (Compare(a, b) == 0) {
			t.Fatalf("Equal = %v, Compare = %d", Equal(a, b), Compare(a, b))
		}
		if n, ok := CompareOrdered(a, b); ok && n != Compare(a, b) {
			t.Fatalf("CompareOrdered = %d, Compare = %d", n, Compare(a, b))
		}
	})
}

func TestCompareOrdered(t *testing.T) {
	obj := Object([]Member{{"a", Int(1)}})
	for _, c := range []struct {
		a, b Value
		c    int
		ok   bool
	}{
		{Int(1), Float(1.5), -1, true},
		{None, Int(1), 0, false},
		{None, None, 0, false},
		{Int(1), String("1"), 0, false},
		{obj, obj, 0, false},
		{Bool(false), Bool(true), -1, true},
		{List([]Value{Int(1), Int(2)}), List([]Value{Int(1)}), 1, true},
		{List([]Value{Int(1), Int(2)}), Tuple([]Value{Float(1), String("x")}), 0, false},
		{List([]Value{Int(1), Int(2)}), List([]Value{Int(2), String("x")}), -1, true},
		{List([]Value{None}), List([]Value{None}), 0, true},
	} {
		if n, ok := CompareOrdered(c.a, c.b); n != c.c || ok != c.ok {
			t.Errorf("CompareOrdered(%v, %v) = %d, %v", c.a.Kind(), c.b.Kind(), n, ok)
		}
	}
}

func TestEqualValuesHashEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawValue(t, 2), drawValue(t, 2)
		if rapid.Bool().Draw(t, "numbers") {
			a, b = drawNumber(t), drawNumber(t)
		}
		if Equal(a, b) && Hash(a) != Hash(b) {
			t.Fatalf("equal values hash apart: %v, %v", a.Kind(), b.Kind())
		}
	})
	two := []Value{Int(2), Float(2), Decimal(mustDecimal("2")), Decimal(mustDecimal("2.00"))}
	for _, v := range two {
		if Hash(v) != Hash(Int(2)) {
			t.Errorf("a %v of 2 hashes apart", v.Kind())
		}
	}
	a := Object([]Member{{"a", Int(1)}, {"b", None}, {"c", Int(2)}})
	b := Object([]Member{{"c", Float(2)}, {"a", Int(1)}})
	if !Equal(a, b) || Hash(a) != Hash(b) {
		t.Error("objects of the same members differ")
	}
}
