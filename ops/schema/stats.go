package schema

import (
	"slices"

	"github.com/zerodb/zerodb/ops"
)

// Stats are estimates of what is in a table, for choosing plans. They are no part of what a catalog's version stands for: a
// plan that was made stays, whatever becomes of them.
type Stats struct {
	Rows   int64
	Fields []FieldStats // by path, ascending; fields that no record was seen to have are left out
}

// FieldStats are estimates of the values of one field.
type FieldStats struct {
	Path []string
	// Distinct is how many different values there are, none not counted.
	Distinct int64
	// None is the share of the records that have no value there.
	None float64
	// Bounds cut the values, in the order of ops.Compare, into parts of about equally many records; the first is the
	// smallest value, the last the largest. It is empty where there are no values to be ordered.
	Bounds []ops.Value
}

// MaxBounds is how many bounds a field has at most.
const MaxBounds = 64

// Field returns the estimates of a field, or nil.
func (s *Stats) Field(path []string) *FieldStats {
	if s == nil {
		return nil
	}
	i, found := slices.BinarySearchFunc(s.Fields, path, func(f FieldStats, path []string) int { return slices.Compare(f.Path, path) })
	if !found {
		return nil
	}
	return &s.Fields[i]
}

// Below estimates the share of the field's values that come before v in the order of ops.Compare. It is 0.5 where nothing is known.
func (f *FieldStats) Below(v ops.Value) float64 {
	n := len(f.Bounds)
	if n == 0 {
		return 0.5
	}
	i, _ := slices.BinarySearchFunc(f.Bounds, v, ops.Compare)
	switch {
	case i == 0:
		return 0
	case i == n:
		return 1
	}
	return (float64(i-1) + within(f.Bounds[i-1], v, f.Bounds[i])) / float64(n-1)
}

// within is how far v is on the way from lo to hi, as far as that can be told.
func within(lo, v, hi ops.Value) float64 {
	a, okA := position(lo)
	b, okB := position(hi)
	x, okX := position(v)
	if !okA || !okB || !okX || a >= b {
		return 0.5
	}
	return min(max((x-a)/(b-a), 0), 1)
}

// position places a value on a line.
func position(v ops.Value) (float64, bool) {
	switch v.Kind() {
	case ops.KindInt, ops.KindTime, ops.KindDuration:
		return float64(v.AsInt()), true
	case ops.KindFloat:
		return v.AsFloat(), true
	}
	return 0, false
}
