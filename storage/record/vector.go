package record

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/zerodb/zerodb/ops"
)

// Column fills a vector value by value. The vector takes the kind of the first value; it becomes one of tagged values
// when another kind comes along.
type Column struct {
	vec   *ops.Vector
	spare ops.Bitmap // the validity bitmap, kept from batch to batch
}

// Start empties v and makes it the vector that is filled.
func (c *Column) Start(v *ops.Vector) {
	if v.Valid != nil && len(v.Valid) >= ops.BatchSize/64 {
		c.spare = v.Valid
	}
	v.Kind, v.N, v.Valid = ops.KindNone, 0, nil
	v.Bools, v.Ints, v.Floats, v.Strs, v.Vals = v.Bools[:0], v.Ints[:0], v.Floats[:0], v.Strs[:0], v.Vals[:0]
	c.vec = v
}

// Raw appends a stored value, tag first. Strings are copied into mem.
func (c *Column) Raw(b []byte, d *Dict, mem *Mem) error {
	v := c.vec
	if len(b) == 0 {
		return errCorrupt
	}
	switch b[0] {
	case tagNone:
		c.None()
		return nil
	case tagInt:
		i, ok := getInt(b[1:])
		if !ok {
			return errCorrupt
		}
		if v.Kind == ops.KindInt {
			v.Ints = append(v.Ints, i)
			c.valid()
			return nil
		}
		c.Value(ops.Int(i))
		return nil
	case tagString:
		s := ""
		if len(b) > 1 {
			s = text(mem.Clone(b[1:]))
		}
		if v.Kind == ops.KindString {
			v.Strs = append(v.Strs, s)
			c.valid()
			return nil
		}
		c.Value(ops.String(s))
		return nil
	case tagFloat:
		if len(b) != 9 {
			return errCorrupt
		}
		f := math.Float64frombits(binary.LittleEndian.Uint64(b[1:]))
		if f-f != 0 { // not finite
			return errCorrupt
		}
		if v.Kind == ops.KindFloat {
			v.Floats = append(v.Floats, f)
			c.valid()
			return nil
		}
		c.Value(ops.Float(f))
		return nil
	}
	if HasMemory(b) {
		b = mem.Clone(b)
	}
	val, err := decode(b, d, mem, 0)
	if err != nil {
		return err
	}
	c.Value(val)
	return nil
}

// number appends an int or float to a vector of that kind without nones; false leaves the value to Raw.
func (c *Column) number(b []byte) bool {
	v := c.vec
	switch {
	case b[0] == tagInt && v.Kind == ops.KindInt:
		i, ok := getInt(b[1:])
		if !ok {
			return false
		}
		v.Ints = append(v.Ints, i)
	case b[0] == tagFloat && v.Kind == ops.KindFloat && len(b) == 9:
		f := math.Float64frombits(binary.LittleEndian.Uint64(b[1:]))
		if f-f != 0 { // not finite
			return false
		}
		v.Floats = append(v.Floats, f)
	default:
		return false
	}
	v.N++
	return true
}

// valid counts a row that is not none.
func (c *Column) valid() {
	if v := c.vec; v.Valid != nil {
		c.room(v.N)
		v.Valid.Set(v.N)
	}
	c.vec.N++
}

// None appends none.
func (c *Column) None() {
	v := c.vec
	if v.Kind == ops.KindNone {
		v.N++
		return
	}
	if v.Valid == nil {
		c.allValid()
	}
	c.room(v.N)
	v.Valid.Clear(v.N)
	c.zero(1)
	v.N++
}

// room makes the bitmap long enough for row n.
func (c *Column) room(n int) {
	for n>>6 >= len(c.vec.Valid) {
		c.vec.Valid = append(c.vec.Valid, 0)
		c.spare = c.vec.Valid
	}
}

// allValid gives the vector a bitmap in which all rows so far are set.
func (c *Column) allValid() {
	if need := max(ops.BatchSize, c.vec.N+1); len(c.spare)*64 < need {
		c.spare = make(ops.Bitmap, (need+63)/64)
	}
	c.vec.Valid = c.spare
	for i := range c.spare {
		c.spare[i] = ^uint64(0)
	}
}

// zero appends n rows of no meaning to the slice of the vector's kind.
func (c *Column) zero(n int) {
	v := c.vec
	for range n {
		switch v.Kind {
		case ops.KindBool:
			v.Bools = append(v.Bools, false)
		case ops.KindInt, ops.KindTime, ops.KindDuration:
			v.Ints = append(v.Ints, 0)
		case ops.KindFloat:
			v.Floats = append(v.Floats, 0)
		case ops.KindString:
			v.Strs = append(v.Strs, "")
		default:
			v.Vals = append(v.Vals, ops.None)
		}
	}
}

// Value appends a value.
func (c *Column) Value(val ops.Value) {
	v, k := c.vec, val.Kind()
	if k == ops.KindNone {
		c.None()
		return
	}
	switch v.Kind {
	case k, ops.KindAny:
	case ops.KindNone:
		v.Kind = k
		if v.N > 0 {
			c.allValid()
			clear(c.spare)
			c.zero(v.N)
		}
	default:
		c.promote()
	}
	switch v.Kind {
	case ops.KindBool:
		v.Bools = append(v.Bools, val.AsBool())
	case ops.KindInt, ops.KindTime, ops.KindDuration:
		v.Ints = append(v.Ints, val.AsInt())
	case ops.KindFloat:
		v.Floats = append(v.Floats, val.AsFloat())
	case ops.KindString:
		v.Strs = append(v.Strs, val.AsString())
	default:
		v.Vals = append(v.Vals, val)
	}
	c.valid()
}

// promote turns the vector into one of tagged values.
func (c *Column) promote() {
	v := c.vec
	switch v.Kind {
	case ops.KindBool:
		c.tag(len(v.Bools), func(i int) ops.Value { return ops.Bool(v.Bools[i]) })
	case ops.KindInt:
		c.tag(len(v.Ints), func(i int) ops.Value { return ops.Int(v.Ints[i]) })
	case ops.KindTime:
		c.tag(len(v.Ints), func(i int) ops.Value { return ops.Time(v.Ints[i]) })
	case ops.KindDuration:
		c.tag(len(v.Ints), func(i int) ops.Value { return ops.Duration(time.Duration(v.Ints[i])) })
	case ops.KindFloat:
		c.tag(len(v.Floats), func(i int) ops.Value { return ops.Float(v.Floats[i]) })
	case ops.KindString:
		c.tag(len(v.Strs), func(i int) ops.Value { return ops.String(v.Strs[i]) })
	}
	v.Kind = ops.KindAny
}

func (c *Column) tag(n int, at func(int) ops.Value) {
	v := c.vec
	v.Vals = v.Vals[:0]
	for i := range n {
		if v.Valid != nil && !v.Valid.Get(i) {
			v.Vals = append(v.Vals, ops.None)
			continue
		}
		v.Vals = append(v.Vals, at(i))
	}
}
