package schema

import (
	"testing"

	"github.com/zerodb/zerodb/ops"
)

func TestBelow(t *testing.T) {
	f := FieldStats{Bounds: []ops.Value{ops.Int(0), ops.Int(10), ops.Int(20), ops.Int(100)}}
	for _, c := range []struct {
		v    ops.Value
		want float64
	}{{ops.Int(-1), 0}, {ops.Int(0), 0}, {ops.Int(5), 1.0 / 6}, {ops.Int(20), 2.0 / 3}, {ops.Int(60), 5.0 / 6}, {ops.Int(101), 1}, {ops.String("x"), 1}} {
		if got := f.Below(c.v); got < c.want-1e-9 || got > c.want+1e-9 {
			t.Errorf("below %s: %v, want %v", ops.Format(c.v), got, c.want)
		}
	}
	if got := (&FieldStats{}).Below(ops.Int(1)); got != 0.5 {
		t.Errorf("nothing is known, and yet %v", got)
	}
}

func TestMemoryKeepsStats(t *testing.T) {
	s := &Stats{Rows: 7, Fields: []FieldStats{{Path: []string{"a"}}, {Path: []string{"a", "b"}, Distinct: 3}}}
	m := NewMemory("n", "d").WithStats("t", s)
	other := MemoryOf(onlyCatalog{m})
	if other.Rows("t") != -1 || other.Stats("t") != s {
		t.Fatal("the estimates of the catalog that it was made of are gone")
	}
	if f := s.Field([]string{"a", "b"}); f == nil || f.Distinct != 3 || s.Field([]string{"b"}) != nil {
		t.Fatal("fields are not found by path")
	}
	if (*Stats)(nil).Field([]string{"a"}) != nil {
		t.Fatal("no statistics have a field")
	}
}

// onlyCatalog hides that a catalog is one in memory.
type onlyCatalog struct{ Catalog }
