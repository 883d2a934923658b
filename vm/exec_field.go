package vm

import (
	"slices"

	"github.com/zerodb/zerodb/ops"
)

// fieldWalk goes along a path for many values at a time, step by step, so that the links met at a step are
// fetched together.
type fieldWalk struct {
	values  []ops.Value
	pending []*ops.Value // hold ids whose records' fields are wanted
	ids     ops.Vector
	got     ops.Vector
	dst     [1]*ops.Vector
	object  bool // the first step is from objects alone, see manifestOf.follow
}

// doField follows a path from objects, links and lists of them.
func doField(fr *frame, in *Instr) signal {
	w, path := &fr.field, fr.run.linked.steps[in.C]
	w.object = fr.frag.Registers[in.B].Kind == ops.KindObject
	w.values = w.values[:0]
	if !fr.isVector(in.A) {
		w.values = append(w.values, fr.scalars[in.B])
		if err := w.follow(fr.run, path); err != nil {
			return fr.fail(err)
		}
		fr.scalars[in.A] = w.values[0]
		return goOn
	}
	cs, src := fr.batchOf(in.A), fr.vectors[in.B]
	for j := range cs.selected() {
		w.values = append(w.values, src.At(cs.row(j)))
	}
	if err := w.follow(fr.run, path); err != nil {
		return fr.fail(err)
	}
	dst := fr.target(in.A)
	dst.Reset(ops.KindNone, cs.n)
	for j, v := range w.values {
		dst.SetAt(cs.row(j), v)
	}
	fr.settle(in.A, dst)
	return goOn
}

// row is the row of the batch that is selected as number j.
func (cs *cursorState) row(j int) int {
	if cs.sel != nil {
		return int(cs.sel[j])
	}
	return j
}

// follow replaces each value by what is at the path in it. steps has a column for each step of the path.
func (w *fieldWalk) follow(r *Rows, steps []Column) error {
	for i := range steps {
		w.pending = w.pending[:0]
		for j := range w.values {
			w.take(&w.values[j], &steps[i])
		}
		w.object = false
		if err := w.fetch(r, steps[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// take replaces a value by its member; a link is left for fetch, except for its id, which is itself. The step of an empty
// path is the whole record.
func (w *fieldWalk) take(v *ops.Value, step *Column) {
	whole := step.Kind == ColumnRecord
	switch v.Kind() {
	case ops.KindObject:
		if !whole {
			*v, _ = v.Member(step.Path[0])
		}
	case ops.KindRecord:
		if w.object {
			*v = ops.None
			return
		}
		if whole || step.Path[0] != "id" {
			w.pending = append(w.pending, v)
		}
	case ops.KindList, ops.KindTuple, ops.KindSet:
		elements := slices.Clone(v.AsList())
		for i := range elements {
			w.take(&elements[i], step)
		}
		*v = ops.List(elements)
	default:
		*v = ops.None
	}
}

// fetch replaces the pending ids by a field of their records.
func (w *fieldWalk) fetch(r *Rows, field []Column) error {
	w.dst[0] = &w.got
	for pending := w.pending; len(pending) > 0; {
		n := min(len(pending), ops.BatchSize)
		w.ids.Reset(ops.KindRecord, n)
		for i, p := range pending[:n] {
			w.ids.Vals[i] = *p
		}
		if err := r.txn.Fetch(r.ctx, &w.ids, nil, field, w.dst[:]); err != nil {
			return err
		}
		r.work.Seeks += int64(n)
		for i, p := range pending[:n] {
			*p = w.got.At(i)
		}
		pending = pending[n:]
	}
	return nil
}

// doFetch reads columns of the records that links name into registers.
func doFetch(fr *frame, in *Instr) signal {
	a, cs := fr.access(in.B), fr.batchOf(in.C)
	ids := fr.vectors[in.C]
	fr.columns = fr.columns[:0]
	for i := range a.Columns {
		r := in.A + uint16(i)
		dst := fr.memory(r)
		if dst == ids {
			fr.spare.CopyFrom(ids, nil)
			ids = &fr.spare
		}
		fr.vectors[r] = dst
		fr.columns = append(fr.columns, dst)
	}
	if err := fr.run.txn.Fetch(fr.run.ctx, ids, cs.sel, a.Columns, fr.columns); err != nil {
		return fr.fail(err)
	}
	fr.run.work.Seeks += int64(cs.selected())
	return goOn
}

// stepsOf makes a column of each step of a path.
func stepsOf(p Path) []Column {
	if len(p) == 0 {
		return []Column{{Kind: ColumnRecord}}
	}
	steps := make([]Column, len(p))
	for i := range p {
		steps[i] = Column{Kind: ColumnField, Path: p[i : i+1]}
	}
	return steps
}
