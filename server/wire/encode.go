package wire

import (
	"encoding/binary"
	"math"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// fewRows is below how many rows a batch travels row by row: columns of their own would cost more than they hold.
const fewRows = 16

// EncodeBatch makes the message of a batch. It copies what it takes.
func EncodeBatch(b *zerodb.Batch) *protocol.Batch {
	m := &protocol.Batch{Rows: uint32(b.N)}
	width := b.Width()
	if b.N < fewRows {
		m.Tagged = make([]byte, 0, 16*b.N*width)
		for row := range b.N {
			for col := range width {
				m.Tagged = vm.AppendValue(m.Tagged, b.Value(row, col))
			}
		}
		return m
	}
	columns := make([]protocol.Column, width)
	m.Columns = make([]*protocol.Column, width)
	for col := range width {
		c := &columns[col]
		m.Columns[col] = c
		v, sel, constant := b.Column(col)
		switch {
		case constant:
			c.Kind, c.Constant = protocol.Kind_KIND_ANY, true
			c.Tagged = vm.AppendValue(nil, b.Value(0, col))
		case v != nil:
			encodeVector(c, v, sel, b.N)
		default:
			c.Kind = protocol.Kind_KIND_ANY
			for row := range b.N {
				c.Tagged = vm.AppendValue(c.Tagged, b.Value(row, col))
			}
		}
	}
	return m
}

// EncodeRows makes the message of a batch row by row, whatever its size. A record that leads it and has the key skip is left out.
func EncodeRows(b *zerodb.Batch, skip zerodb.Value) *protocol.Batch {
	m := &protocol.Batch{}
	for row := range b.N {
		if row == 0 && !skip.IsNone() && b.Value(0, 0).Kind() == ops.KindRecord && ops.Compare(b.Value(0, 0).RecordKey(), skip) == 0 {
			continue
		}
		for col := range b.Width() {
			m.Tagged = vm.AppendValue(m.Tagged, b.Value(row, col))
		}
		m.Rows++
	}
	return m
}

// Size is about how many bytes a batch takes.
func Size(b *protocol.Batch) int {
	if b == nil {
		return 0
	}
	n := len(b.Tagged)
	for _, c := range b.Columns {
		n += len(c.Fixed) + len(c.Text) + 2*len(c.Lengths) + len(c.Codes) + len(c.Tagged)
	}
	return n
}

func encodeVector(c *protocol.Column, v *ops.Vector, sel ops.Selection, n int) {
	if v.Kind != ops.KindNone && v.Valid != nil {
		c.Valid = gatherBits(n, sel, v.Valid.Get)
	}
	switch v.Kind {
	case ops.KindNone:
	case ops.KindBool:
		c.Kind = protocol.Kind_KIND_BOOL
		c.Fixed = gatherBits(n, sel, func(i int) bool { return v.Bools[i] && !v.IsNone(i) })
	case ops.KindInt:
		c.Kind = protocol.Kind_KIND_INT
		c.Fixed = fixedInts(v.Ints, c.Valid, sel, n)
	case ops.KindTime:
		c.Kind = protocol.Kind_KIND_TIME
		c.Fixed = fixedInts(v.Ints, c.Valid, sel, n)
	case ops.KindDuration:
		c.Kind = protocol.Kind_KIND_DURATION
		c.Fixed = fixedInts(v.Ints, c.Valid, sel, n)
	case ops.KindFloat:
		c.Kind = protocol.Kind_KIND_FLOAT
		c.Fixed = fixedFloats(v.Floats, c.Valid, sel, n)
	case ops.KindString:
		c.Kind = protocol.Kind_KIND_STRING
		encodeStrings(c, v, sel, n)
	default:
		c.Kind, c.Valid = protocol.Kind_KIND_ANY, nil
		for row := range n {
			c.Tagged = vm.AppendValue(c.Tagged, v.At(at(sel, row)))
		}
	}
}

// at is where a row of a batch is in its vectors.
func at(sel ops.Selection, row int) int {
	if sel == nil {
		return row
	}
	return int(sel[row])
}

func gatherBits(n int, sel ops.Selection, get func(int) bool) []byte {
	out := make([]byte, (n+7)/8)
	for row := range n {
		if get(at(sel, row)) {
			out[row>>3] |= 1 << (row & 7)
		}
	}
	return out
}

func bit(bits []byte, row int) bool { return bits[row>>3]&(1<<(row&7)) != 0 }

// fixedInts packs ints; what stands in rows that are none is not told.
func fixedInts(ints []int64, valid []byte, sel ops.Selection, n int) []byte {
	out := make([]byte, 8*n)
	switch {
	case valid != nil:
		for row := range n {
			if bit(valid, row) {
				binary.LittleEndian.PutUint64(out[8*row:], uint64(ints[at(sel, row)]))
			}
		}
	case sel == nil:
		for row, x := range ints[:n] {
			binary.LittleEndian.PutUint64(out[8*row:], uint64(x))
		}
	default:
		for row, i := range sel[:n] {
			binary.LittleEndian.PutUint64(out[8*row:], uint64(ints[i]))
		}
	}
	return out
}

func fixedFloats(floats []float64, valid []byte, sel ops.Selection, n int) []byte {
	out := make([]byte, 8*n)
	for row := range n {
		if valid == nil || bit(valid, row) {
			binary.LittleEndian.PutUint64(out[8*row:], math.Float64bits(floats[at(sel, row)]))
		}
	}
	return out
}

const (
	// A dictionary is tried where the first rows repeat themselves, and kept up to so many strings.
	probeRows     = 64
	probeDistinct = 24
)

func encodeStrings(c *protocol.Column, v *ops.Vector, sel ops.Selection, n int) {
	if repeats(v, c.Valid, sel, n) && encodeDictionary(c, v, sel, n) {
		return
	}
	total := 0
	c.Lengths = make([]uint32, n)
	for row := range n {
		if c.Valid == nil || bit(c.Valid, row) {
			total += len(v.Strs[at(sel, row)])
		}
	}
	c.Text = make([]byte, 0, total)
	for row := range n {
		if c.Valid == nil || bit(c.Valid, row) {
			s := v.Strs[at(sel, row)]
			c.Text = append(c.Text, s...)
			c.Lengths[row] = uint32(len(s))
		}
	}
}

// repeats reports whether few strings stand in the first rows.
func repeats(v *ops.Vector, valid []byte, sel ops.Selection, n int) bool {
	if n < probeRows {
		return false
	}
	var seen [probeDistinct]string
	distinct := 0
rows:
	for row := range probeRows {
		if valid != nil && !bit(valid, row) {
			continue
		}
		s := v.Strs[at(sel, row)]
		for i := range distinct {
			if seen[i] == s {
				continue rows
			}
		}
		if distinct == probeDistinct {
			return false
		}
		seen[distinct] = s
		distinct++
	}
	return true
}

// encodeDictionary gives up where the strings turn out to be many.
func encodeDictionary(c *protocol.Column, v *ops.Vector, sel ops.Selection, n int) bool {
	numbers := make(map[string]uint16, 2*probeDistinct)
	codes := make([]byte, 2*n)
	var text []byte
	var lengths []uint32
	for row := range n {
		if c.Valid != nil && !bit(c.Valid, row) {
			continue
		}
		s := v.Strs[at(sel, row)]
		code, ok := numbers[s]
		if !ok {
			if len(lengths) >= n/4 {
				return false
			}
			code = uint16(len(lengths))
			text = append(text, s...)
			lengths = append(lengths, uint32(len(s)))
			numbers[s] = code
		}
		binary.LittleEndian.PutUint16(codes[2*row:], code)
	}
	if len(lengths) == 0 { // every row is none, and a dictionary has an entry
		lengths = append(lengths, 0)
	}
	c.Text, c.Lengths, c.Codes = text, lengths, codes
	return true
}
