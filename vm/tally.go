package vm

import (
	"github.com/zerodb/zerodb/ops"
)

// tally is the builder that adds up a weight for each of its keys: what is put in twice counts twice.
type tally struct {
	table   rowTable
	weights []int64
	held    int64
}

func (t *tally) empty(r *Rows) {
	t.table.empty(1)
	t.weights = t.weights[:0]
	t.charge(r)
}

func (t *tally) release(r *Rows) {
	t.table.empty(0)
	if cap(t.weights) > ops.BatchSize {
		*t = tally{held: t.held}
	}
	r.o.Memory.take(-t.held)
	t.held = 0
}

func (t *tally) charge(r *Rows) {
	size := t.table.size() + 8*int64(cap(t.weights))
	r.o.Memory.take(size - t.held)
	t.held = size
}

// put adds the weights in the second column to the keys in the first.
func (t *tally) put(r *Rows, cols []*ops.Vector, sel ops.Selection, n int) error {
	count := n
	if sel != nil {
		count = len(sel)
	}
	t.table.hash(r, cols[:1], sel, n)
	t.table.reserve(count)
	for j := range count {
		i := j
		if sel != nil {
			i = int(sel[j])
		}
		w := cols[1].At(i)
		if w.Kind() != ops.KindInt {
			return ops.Errorf(ops.CodeType, "a weight is an int, not %s", ops.Format(w))
		}
		g, slot := t.table.probe(cols[:1], i)
		if g < 0 {
			g = t.table.add(cols[:1], i, slot)
			t.weights = append(t.weights, 0)
		}
		sum, ok := ops.AddInts(t.weights[g], w.AsInt())
		if !ok {
			return ops.Errorf(ops.CodeOverflow, "there are more paths than an int can count")
		}
		t.weights[g] = sum
	}
	t.charge(r)
	return r.o.Memory.over("a tally of vertices")
}

// doWeigh looks keys up in a tally.
func doWeigh(fr *frame, in *Instr) signal {
	t := &fr.builder(in.B).tally
	if !fr.isVector(in.A) {
		v := &fr.lone[0]
		v.Fill(fr.scalars[in.C], 1)
		fr.columns = append(fr.columns[:0], v)
		t.table.hash(fr.run, fr.columns, nil, 1)
		fr.scalars[in.A] = ops.Int(t.weight(t.table.find(fr.columns, nil, 1)[0]))
		return goOn
	}
	cs, dst := fr.batchOf(in.A), fr.target(in.A)
	fr.columns = append(fr.columns[:0], fr.vectors[in.C])
	t.table.hash(fr.run, fr.columns, cs.sel, cs.n)
	at := t.table.find(fr.columns, cs.sel, cs.n)
	dst.Reset(ops.KindInt, cs.n)
	if cs.sel == nil {
		for i := range dst.Ints {
			dst.Ints[i] = t.weight(at[i])
		}
	} else {
		clear(dst.Ints)
		for _, i := range cs.sel {
			dst.Ints[i] = t.weight(at[i])
		}
	}
	if cs.depth > 0 {
		dst.Mask(cs.sel)
	}
	fr.settle(in.A, dst)
	return goOn
}

func (t *tally) weight(at int32) int64 {
	if at < 0 {
		return 0
	}
	return t.weights[at]
}

// doOpenDegrees opens a cursor over the vertices of an edge table.
func doOpenDegrees(fr *frame, in *Instr) signal {
	a, cs := fr.access(in.B), &fr.cursors[in.A]
	if a.table == nil {
		cs.open(emptyCursor{}, nil, 2)
		return goOn
	}
	c, err := fr.run.txn.Degrees(fr.run.ctx, a.table, a.Direction)
	if err != nil {
		return fr.fail(err)
	}
	cs.open(c, nil, 2)
	return goOn
}
