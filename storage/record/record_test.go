package record

import (
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
)

// names is a dictionary that grows.
type names struct{ d *Dict }

func (n *names) Intern(name string) (uint16, bool, error) {
	if id, ok := n.d.ID(name); ok {
		return id, true, nil
	}
	return n.d.Add(name), true, nil
}

var genScalar = rapid.Custom(func(t *rapid.T) ops.Value {
	switch rapid.IntRange(0, 11).Draw(t, "kind") {
	case 11:
		w := ops.Wide{Hi: rapid.Uint64().Draw(t, "hi"), Lo: rapid.Uint64().Draw(t, "lo")}
		if rapid.Bool().Draw(t, "short") {
			w.Hi = 0
		}
		w.Negative = w.Hi < 1<<63 && w.Hi|w.Lo != 0 && rapid.Bool().Draw(t, "negative")
		return ops.WideOf(w)
	case 0:
		return ops.None
	case 1:
		return ops.Bool(rapid.Bool().Draw(t, "bool"))
	case 2:
		return ops.Float(rapid.Float64Range(-1e300, 1e300).Draw(t, "float"))
	case 3:
		return ops.String(rapid.String().Draw(t, "string"))
	case 4:
		return ops.Bytes(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
	case 5:
		return ops.Time(rapid.Int64().Draw(t, "time"))
	case 6:
		return ops.Duration(time.Duration(rapid.Int64().Draw(t, "duration")))
	case 7:
		return ops.UUID([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid")))
	case 8:
		return ops.Decimal(apd.New(rapid.Int64().Draw(t, "coefficient"), int32(rapid.IntRange(-50, 50).Draw(t, "exponent"))))
	case 9:
		return ops.Record(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "table"), ops.Int(rapid.Int64().Draw(t, "key")))
	}
	return ops.Int(rapid.Int64().Draw(t, "int"))
})

func genValue(depth int) *rapid.Generator[ops.Value] {
	if depth == 0 {
		return genScalar
	}
	return rapid.Custom(func(t *rapid.T) ops.Value {
		switch rapid.IntRange(0, 9).Draw(t, "form") {
		case 9:
			vector := make([]ops.Value, rapid.IntRange(1, 5).Draw(t, "dimensions"))
			for i := range vector {
				vector[i] = ops.Float(float64(rapid.Float32Range(-100, 100).Draw(t, "element")))
			}
			return ops.List(vector)
		case 0:
			return ops.List(rapid.SliceOfN(genValue(depth-1), 0, 4).Draw(t, "list"))
		case 1:
			return ops.Tuple(rapid.SliceOfN(genValue(depth-1), 0, 4).Draw(t, "tuple"))
		case 2:
			return ops.Object(genMembers(depth).Draw(t, "object"))
		case 3:
			return ops.Range(&ops.RangeValue{Lo: genScalar.Draw(t, "lo"), Hi: genScalar.Draw(t, "hi"), Inclusive: rapid.Bool().Draw(t, "inclusive")})
		case 4:
			return ops.List([]ops.Value{ops.Float(1), ops.Float(-2.5)})
		}
		return genScalar.Draw(t, "scalar")
	})
}

func genMembers(depth int) *rapid.Generator[[]ops.Member] {
	return rapid.Custom(func(t *rapid.T) []ops.Member {
		var ms []ops.Member
		for _, n := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "long name", "é", ""}), 0, 6, rapid.ID[string]).Draw(t, "names") {
			ms = append(ms, ops.Member{Name: n, Value: genValue(depth-1).Draw(t, n)})
		}
		return ms
	})
}

func encode(t testing.TB, n *names, ms []ops.Member) []byte {
	t.Helper()
	e := Encoder{Names: n}
	b, err := e.Record(nil, ms)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := &names{NewDict(nil)}
		for i := range rapid.SampledFrom([]int{0, 300}).Draw(rt, "names before") {
			n.d.Add(string(rune(0x4e00 + i)))
		}
		ms := genMembers(4).Draw(rt, "record")
		b := encode(t, n, ms)
		for _, mem := range []*Mem{nil, {}} {
			got, err := Object(b, ops.None, n.d, mem)
			if err != nil {
				rt.Fatal(err)
			}
			for _, m := range ms {
				v, _ := got.Member(m.Name)
				if !same(v, m.Value) {
					rt.Fatalf("%s: %v, not %v", m.Name, ops.Format(v), ops.Format(m.Value))
				}
			}
		}
		column(rt, n, b, ms)
	})
}

// column checks that every field is found by itself and that a vector takes it.
func column(t *rapid.T, n *names, b []byte, ms []ops.Member) {
	v, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	var c Column
	var vec ops.Vector
	var mem Mem
	c.Start(&vec)
	for _, m := range ms {
		id, ok := n.d.ID(m.Name)
		at := -1
		if ok {
			at = v.Find(id, 3)
		}
		if at < 0 {
			c.None()
			continue
		}
		raw, err := v.Field(at)
		if err == nil {
			err = c.Raw(raw, n.d, &mem)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, m := range ms {
		if got := vec.At(i); !same(got, m.Value) {
			t.Fatalf("column %d: %v, not %v", i, ops.Format(got), ops.Format(m.Value))
		}
	}
}

// same is equality of kinds too.
func same(a, b ops.Value) bool { return a.Kind() == b.Kind() && ops.Equal(a, b) }

func TestWideRecords(t *testing.T) {
	n := &names{NewDict(nil)}
	for _, count := range []int{255, 256, 1000} {
		for _, size := range []int{1, 3, 300} {
			var ms []ops.Member
			for i := range count {
				ms = append(ms, ops.Member{Name: string(rune(0x4e00 + i)), Value: ops.Bytes(make([]byte, size))})
			}
			got, err := Object(encode(t, n, ms), ops.None, n.d, nil)
			if err != nil || !ops.Equal(got, ops.Object(ms)) {
				t.Fatal(count, size, err)
			}
		}
	}
}

func TestColumnBecomesTagged(t *testing.T) {
	var c Column
	var v ops.Vector
	for range 2 {
		c.Start(&v)
		vals := []ops.Value{ops.None, ops.Int(1), ops.None, ops.String("x"), ops.Float(2), ops.Bool(true), ops.Time(3)}
		for _, x := range vals {
			c.Value(x)
		}
		for i, x := range vals {
			if !same(v.At(i), x) {
				t.Fatal(i, v.At(i))
			}
		}
		c.Start(&v)
		for i := range 70 {
			if i%3 == 0 {
				c.None()
			} else {
				c.Value(ops.Int(int64(i)))
			}
		}
		if v.Kind != ops.KindInt || v.IsNone(1) || !v.IsNone(66) || v.At(68).AsInt() != 68 {
			t.Fatal(v.Kind)
		}
	}
}

// FuzzDecode reads anything as a record: an error or a value, never a panic, and never more memory than the bytes warrant.
func FuzzDecode(f *testing.F) {
	n := &names{NewDict([]string{"a", "b", "c"})}
	e := Encoder{Names: n}
	for _, v := range []ops.Value{ops.Int(5), ops.String("x"), ops.List([]ops.Value{ops.Float(1)}), ops.Record("a", ops.String("k")),
		ops.Decimal(apd.New(15, -1)), ops.Range(&ops.RangeValue{Lo: ops.Int(1)}), ops.Object([]ops.Member{{Name: "b", Value: ops.Tuple([]ops.Value{ops.None})}})} {
		b, err := e.Record(nil, []ops.Member{{Name: "a", Value: v}, {Name: "c", Value: ops.Bool(true)}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Object(b, ops.None, n.d, nil)
		if err != nil {
			if !Corrupt(err) {
				t.Fatal(err)
			}
		} else if _, err := e.Record(nil, v.AsObject()); err != nil {
			t.Fatal("what was read cannot be written:", err)
		}
		p, err := Parse(b)
		if err != nil {
			return
		}
		var mem Mem
		var c Column
		var vec ops.Vector
		c.Start(&vec)
		for i := range min(p.Len(), 100) {
			p.Find(p.ID(i), i)
			if raw, err := p.Field(i); err == nil {
				_ = c.Raw(raw, n.d, &mem)
			}
		}
	})
}
