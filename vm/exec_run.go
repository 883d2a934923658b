package vm

import (
	"github.com/zerodb/zerodb/ops"
)

// MaxCalls is how deep run instructions may be inside one another: the depth of recursion.
const MaxCalls = 1000

// doRun runs a fragment for its first row, for a row of scalars or for each selected row of a batch.
func doRun(fr *frame, in *Instr) signal {
	f := &fr.run.linked.fragments[in.B]
	c := &fr.calls[fr.frag.callSlot[fr.pc-1]]
	if c.frame == nil {
		if err := c.enter(fr.run, f); err != nil {
			return fr.fail(err)
		}
	}
	if !fr.isVector(in.A) {
		v, err := c.first(fr, f, in.C, 0)
		if err == nil {
			err = fr.made(in.A, v)
		}
		if err != nil {
			return fr.fail(err)
		}
		fr.scalars[in.A] = v
		return goOn
	}
	cs, dst := fr.batchOf(in.A), fr.target(in.A)
	dst.Reset(ops.KindNone, cs.n)
	var size int64
	for j := range cs.selected() {
		row := cs.row(j)
		v, err := c.first(fr, f, in.C, row)
		if err == nil {
			err = bounded(v)
		}
		if err != nil {
			return fr.fail(err)
		}
		size += shallow(v)
		dst.SetAt(row, v)
	}
	if err := fr.hold(in.A, size); err != nil {
		return fr.fail(err)
	}
	fr.settle(in.A, dst)
	return goOn
}

// enter takes a frame for the fragment. Frames of a deep recursion are many, so they count.
func (c *call) enter(r *Rows, f *linkedFragment) error {
	c.frame = f.frame(r)
	c.room = int64(len(f.Registers))*registerSize + int64(len(f.Cursors))*cursorSize
	r.o.Memory.take(c.room)
	return r.o.Memory.over("a call of a function")
}

// What a register and a cursor of a frame take, about.
const (
	registerSize = 40
	cursorSize   = 1024
)

// first runs the fragment with the inputs of one row up to its first row.
func (c *call) first(fr *frame, f *linkedFragment, inputs uint16, row int) (ops.Value, error) {
	r, child := fr.run, c.frame
	if r.depth >= MaxCalls {
		return ops.None, ops.Errorf(ops.CodeRecursion, "functions call one another deeper than %d", MaxCalls).
			WithHint("does the recursion end? A loop has no such limit")
	}
	if err := r.turn(); err != nil {
		return ops.None, err
	}
	for i := range f.Inputs {
		child.inputs[i] = fr.at(inputs+uint16(i), row)
	}
	if err := child.rewind(); err != nil {
		return ops.None, err
	}
	r.depth++
	out, err := child.resume()
	r.depth--
	if err != nil || out == nil {
		return ops.None, err
	}
	v := out.first()
	return v, child.closeCursors()
}

// first is the first row as one value. Scalars live on; what stands in batches is copied.
func (b *OutBatch) first() ops.Value {
	if len(b.columns) == 0 && b.Shape.Form != RowColumns {
		return b.row[0]
	}
	v, _ := b.kept(0)
	return v
}

// doEach takes the next row of a cursor as a scalar.
func doEach(fr *frame, in *Instr) signal {
	cs := &fr.cursors[in.A]
	for cs.at >= cs.selected() {
		if err := fr.run.step(); err != nil {
			return fr.fail(err)
		}
		cs.sel, cs.depth, cs.n, cs.at = nil, 0, 0, 0
		if err := cs.advance(fr); err != nil {
			return fr.fail(err)
		}
		if cs.n > 0 {
			continue
		}
		if err := cs.close(fr); err != nil {
			return fr.fail(err)
		}
		fr.scalars[in.B] = ops.None
		fr.pc = int(in.C)
		return goOn
	}
	v := cs.one(fr.run.linked.Program, cs.row(cs.at))
	cs.at++
	if err := fr.made(in.B, v); err != nil {
		return fr.fail(err)
	}
	fr.scalars[in.B] = v
	return goOn
}

// one is a row of the batch as a value that outlives it. The items of a scalar do so by themselves.
func (cs *cursorState) one(p *Program, row int) ops.Value {
	if cs.child == nil {
		return cs.cols[0].At(row)
	}
	shape := &p.Shapes[cs.child.frag.Shape]
	if shape.Form != RowColumns {
		return cloneValue(cs.cols[0].At(row))
	}
	ms := make([]ops.Member, 0, len(shape.Names))
	for i, name := range shape.Names {
		if v := cs.cols[i].At(row); !v.IsNone() {
			ms = append(ms, ops.Member{Name: name, Value: cloneValue(v)})
		}
	}
	return ops.Object(ms)
}
