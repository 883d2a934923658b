package vm

import (
	"errors"

	"github.com/zerodb/zerodb/ops"
)

// frame is a fragment at work: its registers, cursors and builders, and where it stands. Frames are pooled by
// fragment, so that vectors keep their memory and a point read touches none.
type frame struct {
	run  *Rows
	frag *linkedFragment
	pc   int
	err  error
	then Txn // where as.of has been executed: what it reads from

	scalars []ops.Value   // by register
	vectors []*ops.Vector // by register: where its value is, in memory of its own or in a cursor's batch
	own     []*ops.Vector // by register: memory of its own, made when it is first needed

	cursors  []cursorState
	builders []builder // by the fragment's slots
	inputs   []ops.Value
	out      OutBatch
	calls    []call // by the fragment's call slots

	spare   ops.Vector    // takes a result whose register is also a source
	lone    [2]ops.Vector // scalars shown to kernels as vectors of one row
	wide    []ops.Vector  // scalars shown to builders as columns
	args    []ops.Value   // operands of one row
	regs    []uint16
	columns []*ops.Vector
	field   fieldWalk
	profile []Counter
	holds   map[uint16]int64 // by register: bytes charged, where they are many
}

// call is what `rows`, `exists` and `run` keep from execution to execution.
type call struct {
	frame *frame
	room  int64 // bytes of the frame that were charged
	held  int64 // bytes of the lists made last
	memo  memo
}

// frame takes a frame from the fragment's pool, at its start.
func (f *linkedFragment) frame(r *Rows) *frame {
	fr, _ := f.pool.Get().(*frame)
	if fr == nil {
		n := len(f.Registers)
		fr = &frame{frag: f, scalars: make([]ops.Value, n), vectors: make([]*ops.Vector, n), own: make([]*ops.Vector, n),
			cursors: make([]cursorState, len(f.Cursors)), builders: make([]builder, len(f.builders)),
			calls: make([]call, f.calls), inputs: make([]ops.Value, len(f.Inputs))}
		for i, b := range f.builders {
			fr.builders[i].decl = b
		}
		for c, slot := range f.limits {
			if slot >= 0 {
				fr.cursors[c].limit = &fr.builders[slot].limit
			}
		}
	}
	fr.run = r
	if r.o.Profile != nil {
		fr.profile = r.o.Profile.counters(f.number, len(f.Code))
	}
	return fr
}

// rewind sets a frame that ran before to its start.
func (fr *frame) rewind() error {
	fr.pc, fr.then = 0, nil
	return fr.closeCursors()
}

// release closes everything and gives the frame back.
func (fr *frame) release() error {
	err := fr.closeCursors()
	for i := range fr.builders {
		fr.builders[i].release(fr.run)
	}
	for i := range fr.calls {
		c := &fr.calls[i]
		fr.run.o.Memory.take(-c.held - c.room)
		c.held, c.room = 0, 0
		c.memo.empty(fr.run, 0)
		c.memo.cols = c.memo.cols[:0]
		if c.frame != nil {
			if e := c.frame.release(); err == nil {
				err = e
			}
			c.frame = nil
		}
	}
	fr.letGo()
	clear(fr.scalars)
	clear(fr.inputs)
	clear(fr.args[:cap(fr.args)])
	for i, v := range fr.own {
		if v != nil {
			v.Clear()
			fr.vectors[i] = nil
		}
	}
	fr.out = OutBatch{columns: fr.out.columns[:0]}
	fr.pc, fr.err, fr.then, fr.profile, fr.run = 0, nil, nil, nil, nil
	fr.frag.pool.Put(fr)
	return err
}

func (fr *frame) closeCursors() (err error) {
	for i := range fr.cursors {
		if e := fr.cursors[i].close(fr); err == nil {
			err = e
		}
	}
	return err
}

// isVector reports whether a register is a vector.
func (fr *frame) isVector(r uint16) bool { return fr.frag.Registers[r].Vector }

// batchOf is the cursor whose batch a vector register belongs to.
func (fr *frame) batchOf(r uint16) *cursorState { return &fr.cursors[fr.frag.Registers[r].Batch] }

// memory is a vector register's own memory.
func (fr *frame) memory(r uint16) *ops.Vector {
	if fr.own[r] == nil {
		fr.own[r] = new(ops.Vector)
	}
	return fr.own[r]
}

// target returns a vector to compute register r into while its present value may still be read; settle makes it the
// register's value.
func (fr *frame) target(r uint16) *ops.Vector {
	if m := fr.memory(r); fr.vectors[r] != m {
		return m
	}
	return &fr.spare
}

func (fr *frame) settle(r uint16, v *ops.Vector) {
	m := fr.own[r]
	if v == &fr.spare {
		*m, fr.spare = fr.spare, *m
	}
	fr.vectors[r] = m
}

// at is what register r has in a row; a scalar has it in every row.
func (fr *frame) at(r uint16, row int) ops.Value {
	if fr.isVector(r) {
		return fr.vectors[r].At(row)
	}
	return fr.scalars[r]
}

// fail ends the run with an error of the instruction that is being executed.
func (fr *frame) fail(err error) signal {
	fr.err = fr.frag.failed(fr.pc-1, err)
	return failed
}

// failed places an error of an instruction. One in the body of a function is of another text than that of the statement: its
// message says where in the function it arose, and its place is the call's.
func (f *Fragment) failed(pc int, err error) error {
	at := f.placeOf(pc, err)
	if f.Function == "" {
		return asError(err, at)
	}
	e, ok := asError(err, ops.Span{}).(*ops.Error)
	if !ok || e.In != "" || notOfBody[e.Code] {
		return e
	}
	in := *e
	in.In, in.Span, in.Field = f.Function, ops.Span{}, nil
	where := "in " + f.Function
	if text := sourceAt(f.Text, at); text != "" {
		where += ", `" + text + "`"
	}
	in.Message = where + ": " + e.Message
	return &in
}

// notOfBody are the errors that are none of what a function does.
var notOfBody = map[ops.Code]bool{ops.CodeCancelled: true, ops.CodeDeadline: true, ops.CodeIO: true, ops.CodeInternal: true, ops.CodeConflict: true,
	ops.CodeMemoryBudget: true, ops.CodeSteps: true, ops.CodeRecursion: true}

// placeOf is where the text has what an error of an instruction is about: of a write, where it gives a value to the field.
func (f *Fragment) placeOf(pc int, err error) ops.Span {
	var e *ops.Error
	best, at := 0, f.Spans[pc]
	if len(f.Places) == 0 || !errors.As(err, &e) || e.Field == nil {
		return at
	}
	for i := range f.Places {
		p := &f.Places[i]
		if p.PC != pc {
			continue
		}
		n := 0
		for n < len(p.Path) && n < len(e.Field) && p.Path[n] == e.Field[n] {
			n++
		}
		if n > best && (n == len(p.Path) || n == len(e.Field)) {
			best, at = n, p.Span
		}
	}
	return at
}
