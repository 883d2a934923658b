package wire

import (
	"encoding/binary"
	"math"
	"time"
	"unsafe"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// maxRows is the most rows that a batch may have, whatever its message says.
const maxRows = 1 << 20

// DecodeBatch reads the rows of a batch of so many columns, one row after another. They live in the message.
func DecodeBatch(m *protocol.Batch, width int) ([]zerodb.Value, error) {
	if m.GetRows() > maxRows || width < 1 {
		return nil, badf("a batch has %d rows of %d columns, at most %d rows are possible", m.GetRows(), width, maxRows)
	}
	n := int(m.GetRows())
	if len(m.Columns) == 0 {
		return decodeTagged(m.Tagged, n*width)
	}
	if len(m.Columns) != width {
		return nil, badf("a batch has %d columns, its shape has %d", len(m.Columns), width)
	}
	for i, c := range m.Columns {
		if c == nil {
			return nil, badf("column %d of a batch is missing", i)
		}
		if err := checkColumn(c, n); err != nil {
			return nil, err
		}
	}
	cells := make([]zerodb.Value, n*width)
	for i, c := range m.Columns {
		if err := decodeColumn(cells, c, i, width, n); err != nil {
			return nil, err
		}
	}
	return cells, nil
}

// decodeTagged reads so many values, and nothing but them.
func decodeTagged(src []byte, n int) ([]zerodb.Value, error) {
	if n > len(src) {
		return nil, badf("a batch of %d values has %d bytes", n, len(src))
	}
	vs := make([]zerodb.Value, n)
	var err error
	for i := range vs {
		if vs[i], src, err = vm.DecodeValue(src); err != nil {
			return nil, badf("a value of a batch is damaged: %s", message(err))
		}
	}
	if len(src) > 0 {
		return nil, badf("%d bytes follow the values of a batch", len(src))
	}
	return vs, nil
}

// checkColumn checks that a column has what its rows need.
func checkColumn(c *protocol.Column, n int) error {
	need := func(what string, have, want int) error {
		if have != want {
			return badf("a column of %d rows has %d bytes of %s, it needs %d", n, have, what, want)
		}
		return nil
	}
	if len(c.Valid) > 0 {
		if err := need("validity", len(c.Valid), (n+7)/8); err != nil {
			return err
		}
	}
	switch c.Kind {
	case protocol.Kind_KIND_UNSPECIFIED, protocol.Kind_KIND_ANY:
		return nil
	case protocol.Kind_KIND_BOOL:
		return need("bits", len(c.Fixed), (n+7)/8)
	case protocol.Kind_KIND_INT, protocol.Kind_KIND_FLOAT, protocol.Kind_KIND_TIME, protocol.Kind_KIND_DURATION:
		return need("values", len(c.Fixed), 8*n)
	case protocol.Kind_KIND_STRING:
		return checkStrings(c, n)
	}
	return badf("a column is of the unknown kind %d", c.Kind)
}

func checkStrings(c *protocol.Column, n int) error {
	total := 0
	for _, l := range c.Lengths {
		if total += int(l); total > len(c.Text) {
			break
		}
	}
	if total != len(c.Text) {
		return badf("the lengths of a column's strings do not add up to its %d bytes", len(c.Text))
	}
	if len(c.Codes) == 0 {
		if len(c.Lengths) != n {
			return badf("a column of %d rows has %d strings", n, len(c.Lengths))
		}
		return nil
	}
	if len(c.Codes) != 2*n {
		return badf("a column of %d rows has %d bytes of codes", n, len(c.Codes))
	}
	for row := range n {
		if code := binary.LittleEndian.Uint16(c.Codes[2*row:]); int(code) >= len(c.Lengths) {
			return badf("a column names string %d of a dictionary of %d", code, len(c.Lengths))
		}
	}
	return nil
}

// decodeColumn fills the cells of column i. The column has been checked.
func decodeColumn(cells []zerodb.Value, c *protocol.Column, i, width, n int) error {
	switch c.Kind {
	case protocol.Kind_KIND_BOOL:
		for row := range n {
			cells[row*width+i] = ops.Bool(bit(c.Fixed, row))
		}
	case protocol.Kind_KIND_INT:
		for row := range n {
			cells[row*width+i] = ops.Int(fixed(c, row))
		}
	case protocol.Kind_KIND_TIME:
		for row := range n {
			cells[row*width+i] = ops.Time(fixed(c, row))
		}
	case protocol.Kind_KIND_DURATION:
		for row := range n {
			cells[row*width+i] = ops.Duration(time.Duration(fixed(c, row)))
		}
	case protocol.Kind_KIND_FLOAT:
		for row := range n {
			f := math.Float64frombits(uint64(fixed(c, row)))
			if math.IsNaN(f) || math.IsInf(f, 0) {
				return badf("a float of a batch is not finite")
			}
			cells[row*width+i] = ops.Float(f)
		}
	case protocol.Kind_KIND_STRING:
		decodeStrings(cells, c, i, width, n)
	case protocol.Kind_KIND_ANY:
		return decodeAny(cells, c, i, width, n)
	}
	if len(c.Valid) > 0 {
		for row := range n {
			if !bit(c.Valid, row) {
				cells[row*width+i] = ops.None
			}
		}
	}
	return nil
}

func fixed(c *protocol.Column, row int) int64 {
	return int64(binary.LittleEndian.Uint64(c.Fixed[8*row:]))
}

func decodeStrings(cells []zerodb.Value, c *protocol.Column, i, width, n int) {
	text := unsafe.String(unsafe.SliceData(c.Text), len(c.Text))
	if len(c.Codes) == 0 {
		for row, l := range c.Lengths {
			cells[row*width+i] = ops.String(text[:l])
			text = text[l:]
		}
		return
	}
	words := make([]zerodb.Value, len(c.Lengths))
	for w, l := range c.Lengths {
		words[w] = ops.String(text[:l])
		text = text[l:]
	}
	for row := range n {
		cells[row*width+i] = words[binary.LittleEndian.Uint16(c.Codes[2*row:])]
	}
}

func decodeAny(cells []zerodb.Value, c *protocol.Column, i, width, n int) error {
	if c.Constant {
		vs, err := decodeTagged(c.Tagged, 1)
		if err != nil {
			return err
		}
		for row := range n {
			cells[row*width+i] = vs[0]
		}
		return nil
	}
	src := c.Tagged
	for row := range n {
		v, rest, err := vm.DecodeValue(src)
		if err != nil {
			return badf("a value of a batch is damaged: %s", message(err))
		}
		cells[row*width+i], src = v, rest
	}
	if len(src) > 0 {
		return badf("%d bytes follow the values of a column", len(src))
	}
	return nil
}
