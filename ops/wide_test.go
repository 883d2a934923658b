package ops

import (
	"cmp"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// drawWide draws wides of every length, and those near powers of two.
func drawWide(t *rapid.T, name string) Wide {
	for {
		w := Wide{Negative: rapid.Bool().Draw(t, name+" negative"), Hi: rapid.Uint64().Draw(t, name+" hi"), Lo: rapid.Uint64().Draw(t, name+" lo")}
		length := rapid.IntRange(0, 128).Draw(t, name+" bits")
		w = Wide{Hi: w.Hi, Lo: w.Lo, Negative: w.Negative}
		if cut := uint(128 - length); cut >= 128 {
			w.Hi, w.Lo = 0, 0
		} else {
			w = Wide{Negative: w.Negative, Hi: w.Hi, Lo: w.Lo}.shr(cut)
		}
		if rapid.Bool().Draw(t, name+" edge") && length > 0 {
			w, _ = Wide{Lo: 1}.shl(uint(length - 1))
			w, _ = w.add(wideOfInt(rapid.Int64Range(-2, 2).Draw(t, name+" off")))
			w.Negative = w.Negative != rapid.Bool().Draw(t, name+" minus")
		}
		if w = w.normal(); w.inRange() {
			return w
		}
	}
}

// TestWideAgreesWithBig holds the arithmetic of wides to that of big integers.
func TestWideAgreesWithBig(t *testing.T) {
	same := func(t *rapid.T, what string, got Wide, ok bool, want *big.Int) {
		wanted, fits := WideOfBig(want)
		if ok != fits || ok && got != wanted {
			t.Fatalf("%s: %v %t, want %s", what, got, ok, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawWide(t, "a"), drawWide(t, "b")
		x, y := a.Big(), b.Big()
		sum, ok := a.add(b)
		same(t, "+", sum, ok, new(big.Int).Add(x, y))
		difference, ok := a.sub(b)
		same(t, "-", difference, ok, new(big.Int).Sub(x, y))
		product, ok := a.mul(b)
		same(t, "*", product, ok, new(big.Int).Mul(x, y))
		minus, ok := a.neg()
		same(t, "neg", minus, ok, new(big.Int).Neg(x))
		if !b.isZero() {
			quotient, rest, ok := a.divide(b)
			same(t, "/", quotient, ok, new(big.Int).Quo(x, y))
			same(t, "%", rest, true, new(big.Int).Rem(x, y))
		}
		if a.compare(b) != x.Cmp(y) {
			t.Fatalf("compare %s %s", a, b)
		}
		for name, op := range map[string]struct {
			word func(x, y uint64) uint64
			big  func(z, x, y *big.Int) *big.Int
		}{
			"&": {func(x, y uint64) uint64 { return x & y }, (*big.Int).And},
			"|": {func(x, y uint64) uint64 { return x | y }, (*big.Int).Or},
			"^": {func(x, y uint64) uint64 { return x ^ y }, (*big.Int).Xor},
		} {
			got, ok := wideBitwise(a, b, op.word)
			same(t, name, got, ok, op.big(new(big.Int), x, y))
		}
		n := rapid.UintRange(0, 127).Draw(t, "n")
		left, ok := a.shl(n)
		same(t, "<<", left, ok, new(big.Int).Lsh(x, n))
		same(t, ">>", a.shr(n), true, new(big.Int).Rsh(x, n))
		k := rapid.Uint64Range(0, 130).Draw(t, "k")
		power, ok := a.pow(k)
		same(t, "**", power, ok, new(big.Int).Exp(x, new(big.Int).SetUint64(k), nil))
	})
}

// TestWideAmongNumbers: text, float and decimal forms are exact, and every number compares, hashes and has its key as its
// value says, whatever its kind.
func TestWideAmongNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWide(t, "w")
		v, b := WideOf(w), w.Big()
		if v.AsWide() != w || w.String() != b.String() {
			t.Fatalf("%v is %s, want %s", w, v.AsWide(), b)
		}
		if read, ok := ParseInteger(w.String(), 10); !ok || Compare(read, v) != 0 {
			t.Fatalf("%s reads as %v", w, read)
		}
		if f, _ := new(big.Float).SetInt(b).Float64(); f != w.float() {
			t.Fatalf("%s as a float is %g, want %g", w, w.float(), f)
		}
		if back, ok := wideOfDecimal(w.decimal()); !ok || back != w {
			t.Fatalf("%s as a decimal is %s", w, w.decimal())
		}
		others := []Value{v, Decimal(w.decimal()), Narrowed(v)}
		f := w.float()
		if exact, ok := wideOfFloat(f); ok && exact == w {
			others = append(others, Float(f))
		} else if c := compareNumbers(v, Float(f)); c != exactDecimal(v).Cmp(exactDecimal(Float(f))) {
			t.Fatalf("%s against %g: %d", w, f, c)
		}
		for _, x := range others {
			if !Equal(v, x) || Hash(v) != Hash(x) || string(AppendOrder(nil, v, false)) != string(AppendOrder(nil, x, false)) {
				t.Fatalf("%s and %s %s differ", w, x.kind, Format(x))
			}
		}
		near := wideNeighbours(t, w)
		for _, x := range near {
			want := Compare(v, x)
			if got := cmp.Compare(string(AppendOrder(nil, v, false)), string(AppendOrder(nil, x, false))); got != want {
				t.Fatalf("keys of %s and %s %s: %d, want %d", w, x.kind, Format(x), got, want)
			}
			if exact := exactDecimal(v).Cmp(exactDecimal(x)); exact != want {
				t.Fatalf("%s and %s %s compare %d, want %d", w, x.kind, Format(x), want, exact)
			}
		}
		for _, desc := range []bool{false, true} {
			back, rest, err := DecodeKey(AppendKey(nil, v, desc))
			if err != nil || len(rest) > 0 || back.kind != KindWide || back.AsWide() != w {
				t.Fatalf("the key of %s reads as %s %s, %v", w, back.kind, Format(back), err)
			}
		}
		r := exactReader{src: appendExact(nil, v)}
		if back := r.value(); !r.done() || back.AsWide() != w {
			t.Fatalf("the state of %s reads as %s", w, Format(back))
		}
	})
}

func wideNeighbours(t *rapid.T, w Wide) []Value {
	other := drawWide(t, "other")
	f := w.float()
	vs := []Value{WideOf(other), Float(f), Float(math.Nextafter(f, 0)), Float(rapid.Float64Range(-1e40, 1e40).Draw(t, "float")), Int(rapid.Int64().Draw(t, "int"))}
	if next, ok := w.add(Wide{Lo: 1}); ok {
		vs = append(vs, WideOf(next))
	}
	return vs
}

func TestFitWide(t *testing.T) {
	typ := func(name string) Type {
		typ, err := ParseType(name)
		if err != nil {
			t.Fatal(err)
		}
		return typ
	}
	for _, c := range []struct{ typ, text, want string }{
		{"u64", "0", "wide 0"}, {"u64", "18446744073709551615", "wide 18446744073709551615"}, {"u64", "18446744073709551616", "number_out_of_range"},
		{"u64", "-1", "number_out_of_range"}, {"u128", "340282366920938463463374607431768211455", "wide 340282366920938463463374607431768211455"},
		{"u128", "-1", "number_out_of_range"}, {"i128", "-170141183460469231731687303715884105728", "wide -170141183460469231731687303715884105728"},
		{"i128", "170141183460469231731687303715884105728", "number_out_of_range"}, {"int", "9223372036854775808", "number_out_of_range"},
		{"u8", "18446744073709551615", "number_out_of_range"}, {"float", "18446744073709551616", "float 18446744073709552000.0"},
		{"decimal", "18446744073709551616", `decimal d"18446744073709551616"`}, {"string", "18446744073709551616", "type_mismatch"},
	} {
		in, ok := ParseInteger(c.text, 10)
		if !ok {
			t.Fatalf("%s is no integer", c.text)
		}
		v, err := Check(in, typ(c.typ))
		got := string(CodeOf(err))
		if err == nil {
			got = v.kind.String() + " " + string(AppendZQL(nil, v))
		}
		if got != c.want {
			t.Errorf("%s as %s: %s, want %s", c.text, c.typ, got, c.want)
		}
	}
}
