package sketch

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// MaxFields is how many fields of a table have a count of their values.
const MaxFields = 64

// Table is what is known of a table's records. Fields are numbers.
type Table struct {
	Sample *Sample
	// Changes is how many records were written or deleted.
	Changes atomic.Int64

	fields atomic.Pointer[[]*Distinct] // by number; nil for those not seen
	mu     sync.Mutex                  // held to add a field
	count  atomic.Int32
}

// NewTable returns what is known of an empty table.
func NewTable() *Table { return &Table{Sample: NewSample()} }

// Field returns the count of a field's values. It is nil where there are too many fields.
func (t *Table) Field(number uint16) *Distinct {
	if fs := t.fields.Load(); fs != nil && int(number) < len(*fs) {
		if d := (*fs)[number]; d != nil {
			return d
		}
	}
	return t.grow(number)
}

// Known is Field for readers: it is nil also where the field was never seen.
func (t *Table) Known(number uint16) *Distinct {
	if fs := t.fields.Load(); fs != nil && int(number) < len(*fs) {
		return (*fs)[number]
	}
	return nil
}

func (t *Table) grow(number uint16) *Distinct {
	if number >= maxNumber || t.count.Load() == MaxFields {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var fs []*Distinct
	if old := t.fields.Load(); old != nil {
		fs = *old
	}
	if int(number) < len(fs) && fs[number] != nil {
		return fs[number]
	}
	if t.count.Load() == MaxFields {
		return nil
	}
	t.count.Add(1)
	fs = append(slices.Clone(fs), make([]*Distinct, max(0, int(number)+1-len(fs)))...)
	fs[number] = &Distinct{}
	t.fields.Store(&fs)
	return fs[number]
}

// maxNumber bounds the numbers of fields that are counted: numbers are given out in the order of use, and also to other names.
const maxNumber = 512

// The stored form of a Table, all numbers little-endian or base-128:
//
//	version (1) · changes · limit (8) · rows: count, then key (8), length and bytes of each · fields: count, then number and form
//	of each, form 0 and all cells, or 1, how many are not empty, and of each its place (2) and value

const stored = 1

const (
	allCells = iota
	someCells
)

// Append appends the stored form.
func (t *Table) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, stored), uint64(t.Changes.Load()))
	s := t.Sample
	s.mu.Lock()
	dst = binary.LittleEndian.AppendUint64(dst, s.limit.Load())
	dst = binary.AppendUvarint(dst, uint64(len(s.rows)))
	for _, key := range slices.Sorted(maps.Keys(s.rows)) {
		dst = binary.LittleEndian.AppendUint64(dst, key)
		dst = append(binary.AppendUvarint(dst, uint64(len(s.rows[key]))), s.rows[key]...)
	}
	s.mu.Unlock()
	var fs []*Distinct
	if known := t.fields.Load(); known != nil {
		fs = *known
	}
	n := 0
	for _, d := range fs {
		if d != nil {
			n++
		}
	}
	dst = binary.AppendUvarint(dst, uint64(n))
	for i, d := range fs {
		if d != nil {
			dst = appendCells(binary.AppendUvarint(dst, uint64(i)), d.bytes())
		}
	}
	return dst
}

func appendCells(dst, cells []byte) []byte {
	n := 0
	for _, c := range cells {
		if c != 0 {
			n++
		}
	}
	if 3*n > len(cells) {
		return append(append(dst, allCells), cells...)
	}
	dst = binary.AppendUvarint(append(dst, someCells), uint64(n))
	for i, c := range cells {
		if c != 0 {
			dst = append(binary.LittleEndian.AppendUint16(dst, uint16(i)), c)
		}
	}
	return dst
}

var errStored = errors.New("sketch: malformed statistics")

// Read takes the stored form of a table, and returns what follows it.
func Read(b []byte) (*Table, []byte, error) {
	r := reader{b: b}
	if r.take(1)[0] != stored {
		return nil, nil, errStored
	}
	t := NewTable()
	t.Changes.Store(int64(r.number()))
	t.Sample.limit.Store(binary.LittleEndian.Uint64(r.take(8)))
	for n := r.count(SampleRows); n > 0 && !r.failed; n-- {
		key := binary.LittleEndian.Uint64(r.take(8))
		t.Sample.rows[key] = slices.Clone(r.take(r.count(len(r.b))))
	}
	for n := r.count(MaxFields); n > 0 && !r.failed; n-- {
		number := r.count(maxNumber - 1)
		cells := r.cells()
		if d := t.Field(uint16(number)); d != nil && !r.failed {
			d.set(cells)
		}
	}
	if r.failed {
		return nil, nil, errStored
	}
	return t, r.b, nil
}

// reader takes bytes from the front; once there are too few it gives zeros.
type reader struct {
	b      []byte
	failed bool
}

var zeros [distinctCells]byte

func (r *reader) take(n int) []byte {
	if r.failed || n > len(r.b) {
		r.failed = true
		return zeros[:min(n, len(zeros))]
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if r.failed || size <= 0 {
		r.failed = true
		return 0
	}
	r.b = r.b[size:]
	return n
}

// count is a number that may be at most most.
func (r *reader) count(most int) int {
	n := r.number()
	if n > uint64(most) {
		r.failed = true
		return 0
	}
	return int(n)
}

func (r *reader) cells() []byte {
	switch r.take(1)[0] {
	case allCells:
		return r.take(distinctCells)
	case someCells:
		cells := make([]byte, distinctCells)
		for n := r.count(distinctCells); n > 0 && !r.failed; n-- {
			e := r.take(3)
			i := binary.LittleEndian.Uint16(e)
			if int(i) >= len(cells) {
				r.failed = true
				break
			}
			cells[i] = e[2]
		}
		return cells
	}
	r.failed = true
	return zeros[:]
}
