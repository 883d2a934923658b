package vm

import (
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// doSubquery runs a fragment for a row of scalars, or for each selected row of a batch.
func doSubquery(fr *frame, in *Instr) signal {
	l := fr.run.linked
	f := &l.fragments[in.B]
	c := &fr.calls[fr.frag.callSlot[fr.pc-1]]
	if c.frame == nil {
		c.frame = f.frame(fr.run)
	}
	fr.run.o.Memory.take(-c.held)
	c.held = 0
	exists := in.Op == opcodes.Exists
	if !fr.isVector(in.A) {
		v, err := c.once(fr, f, in.C, 0, exists)
		if err != nil {
			return fr.fail(err)
		}
		fr.scalars[in.A] = v
		return goOn
	}
	cs, dst := fr.batchOf(in.A), fr.target(in.A)
	dst.Reset(ops.KindNone, cs.n)
	known := c.recall(fr, f, in.C, cs)
	for j := range cs.selected() {
		row := cs.row(j)
		v, ok := ops.None, false
		if known {
			v, ok = c.memo.find(row)
		}
		if !ok {
			var err error
			before := c.held
			if v, err = c.once(fr, f, in.C, row, exists); err != nil {
				return fr.fail(err)
			}
			if known {
				c.held = c.memo.keep(fr.run, row, v, c.held, before)
			}
		}
		dst.SetAt(row, v)
	}
	fr.settle(in.A, dst)
	return goOn
}

// recall makes ready to find what the fragment gave for the same inputs before: of rows of this batch or, in a statement that
// changes nothing, of earlier ones. It reports whether that is possible.
func (c *call) recall(fr *frame, f *linkedFragment, first uint16, cs *cursorState) bool {
	n := len(f.Inputs)
	if !f.repeatable || n == 0 {
		return false
	}
	m := &c.memo
	if fr.run.linked.changes || m.width != n {
		m.empty(fr.run, n)
	}
	m.cols = append(m.cols[:0], fr.columnsFrom(first, n, cs.n, nil)...)
	m.table.hash(fr.run, m.cols, cs.sel, cs.n)
	m.table.reserve(cs.selected())
	return true
}

// memo keeps what a fragment gave for its inputs, up to a bound: it is emptied when it grows over it.
type memo struct {
	width  int
	table  rowTable
	values []ops.Value
	size   int64 // of the values
	held   int64
	cols   []*ops.Vector
}

const maxMemo = 4 << 20

func (m *memo) empty(r *Rows, width int) {
	m.width = width
	m.table.empty(width)
	clear(m.values)
	m.values, m.size = m.values[:0], 0
	r.o.Memory.take(-m.held)
	m.held = 0
}

// find returns what is known for a row of the batch.
func (m *memo) find(row int) (ops.Value, bool) {
	if !m.exact(row) {
		return ops.None, false
	}
	g, _ := m.table.probe(m.cols, row)
	if g < 0 {
		return ops.None, false
	}
	return m.values[g], true
}

// exact reports whether inputs that are equal to a row's are the same: 2 and 2.0 are equal, and a fragment may tell them apart.
func (m *memo) exact(row int) bool {
	for _, c := range m.cols {
		v := c.At(row)
		if v.Kind() == ops.KindRecord {
			v = v.RecordKey()
		}
		switch v.Kind() {
		case ops.KindNone, ops.KindBool, ops.KindInt, ops.KindString, ops.KindTime, ops.KindDuration, ops.KindUUID:
		default:
			return false
		}
	}
	return true
}

// keep takes the value of a row over, whose memory the call had charged; it returns what the call is left with.
func (m *memo) keep(r *Rows, row int, v ops.Value, held, before int64) int64 {
	if !m.exact(row) {
		return held
	}
	if m.size+m.table.size() > maxMemo || r.o.Memory.tight() {
		m.empty(r, m.width)
		m.table.reserve(len(m.table.h))
	}
	_, slot := m.table.probe(m.cols, row)
	m.table.add(m.cols, row, slot)
	m.values = append(m.values, v)
	m.size += held - before
	all := m.size + m.table.size() + int64(cap(m.values))*valueSize
	r.o.Memory.take(all - m.held - (held - before))
	m.held = all
	return before
}

// once runs the fragment with the inputs of one row.
func (c *call) once(fr *frame, f *linkedFragment, first uint16, row int, exists bool) (ops.Value, error) {
	child := c.frame
	for i := range f.Inputs {
		child.inputs[i] = fr.at(first+uint16(i), row)
	}
	if err := child.rewind(); err != nil {
		return ops.None, err
	}
	var list []ops.Value
	for {
		out, err := child.resume()
		if err != nil {
			return ops.None, err
		}
		if exists {
			return ops.Bool(out != nil), child.rewind()
		}
		if out == nil {
			return ops.List(list), nil
		}
		for i := range out.N {
			v, size := out.kept(i)
			list = append(list, v)
			c.held += size
			fr.run.o.Memory.take(size)
		}
		if err := fr.run.o.Memory.over("the list of a subquery's rows"); err != nil {
			return ops.None, err
		}
	}
}

// kept returns a row as one value in memory of its own, and its size.
func (b *OutBatch) kept(row int) (ops.Value, int64) {
	if b.Shape.Form != RowColumns {
		v := cloneValue(b.Value(row, 0))
		return v, sizeOf(v) + valueSize
	}
	ms := make([]ops.Member, 0, len(b.Shape.Names))
	size := valueSize
	for i, name := range b.Shape.Names {
		if v := b.Value(row, i); !v.IsNone() {
			v = cloneValue(v)
			size += memberSize + sizeOf(v)
			ms = append(ms, ops.Member{Name: name, Value: v})
		}
	}
	return ops.Object(ms), size
}
