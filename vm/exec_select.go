package vm

import (
	"github.com/zerodb/zerodb/ops"
)

// selected is how many rows of the batch are selected.
func (cs *cursorState) selected() int {
	if cs.sel == nil {
		return cs.n
	}
	return len(cs.sel)
}

// room returns memory for a selection of the batch, which may be that of the present one.
func (cs *cursorState) room() []int32 {
	if cap(cs.rows) < cs.n {
		cs.rows = make([]int32, max(cs.n, ops.BatchSize))
	}
	return cs.rows[:cs.n]
}

// choose makes the first k rows of a list the selection; all rows are no selection.
func (cs *cursorState) choose(rows []int32, k int) {
	if k == cs.n {
		cs.sel = nil
		return
	}
	cs.sel = rows[:k]
}

// doFilter is the commonest instruction over many rows: a loop without a branch on the value.
func doFilter(fr *frame, in *Instr) signal {
	cs, v := &fr.cursors[in.A], fr.vectors[in.B]
	rows := cs.room()
	k := 0
	switch {
	case v.Kind == ops.KindNone:
	case v.Kind == ops.KindBool && cs.sel == nil && v.Valid == nil:
		for i, keep := range v.Bools[:cs.n] {
			rows[k] = int32(i)
			if keep {
				k++
			}
		}
	case v.Kind == ops.KindBool && cs.sel == nil:
		for i, keep := range v.Bools[:cs.n] {
			rows[k] = int32(i)
			if keep && v.Valid.Get(i) {
				k++
			}
		}
	case v.Kind == ops.KindBool:
		for _, i := range cs.sel {
			rows[k] = i
			if v.Bools[i] && (v.Valid == nil || v.Valid.Get(int(i))) {
				k++
			}
		}
	default:
		n, err := cs.narrow(v, ifTrue, rows)
		if err != nil {
			return fr.fail(err)
		}
		k = n
	}
	cs.choose(rows, k)
	return goOn
}

// narrow writes the selected rows whose value satisfies a mode to rows, which may be the memory of the selection.
func (cs *cursorState) narrow(v *ops.Vector, mode uint16, rows []int32) (int, error) {
	k := 0
	for j := range cs.selected() {
		i := j
		if cs.sel != nil {
			i = int(cs.sel[j])
		}
		x := v.At(i)
		yes, ok := satisfies(x, mode)
		if !ok {
			return 0, notBool(x)
		}
		if yes {
			rows[k] = int32(i)
			k++
		}
	}
	return k, nil
}

func doSelPush(fr *frame, in *Instr) signal {
	cs := &fr.cursors[in.A]
	if cs.depth == len(cs.stack) {
		cs.stack = append(cs.stack, pushed{})
	}
	p := &cs.stack[cs.depth]
	if cap(p.rows) < cs.n {
		p.rows = make([]int32, max(cs.n, ops.BatchSize))
	}
	rows := p.rows[:cs.n]
	k, err := cs.narrow(fr.vectors[in.B], in.C, rows)
	if err != nil {
		return fr.fail(err)
	}
	p.outer = cs.sel
	cs.depth++
	cs.choose(rows, k)
	return goOn
}

func doSelPop(fr *frame, in *Instr) signal {
	cs := &fr.cursors[in.A]
	cs.depth--
	cs.sel = cs.stack[cs.depth].outer
	return goOn
}

func doJumpEmpty(fr *frame, in *Instr) signal {
	if fr.cursors[in.A].selected() == 0 {
		return fr.jump(in.B)
	}
	return goOn
}

// doLimit keeps the rows behind start, up to count.
func doLimit(fr *frame, in *Instr) signal {
	cs, l := &fr.cursors[in.A], &fr.builder(in.B).limit
	n := int64(cs.selected())
	skip := min(l.start, n)
	keep := n - skip
	if l.count >= 0 {
		keep = min(keep, l.count)
		l.count -= keep
	}
	l.start -= skip
	if keep == n {
		return goOn
	}
	rows := cs.room()
	if cs.sel == nil {
		for i := range keep {
			rows[i] = int32(skip + i)
		}
	} else {
		copy(rows, cs.sel[skip:skip+keep])
	}
	cs.choose(rows, int(keep))
	return goOn
}

func doLimitDone(fr *frame, in *Instr) signal {
	if fr.builder(in.A).limit.count == 0 {
		return fr.jump(in.B)
	}
	return goOn
}

func doDistinct(fr *frame, in *Instr) signal {
	cs, b := &fr.cursors[in.A], fr.builder(in.B)
	cols := fr.columnsFrom(in.C, b.decl.Columns, cs.n, nil)
	rows := cs.room()
	k, err := b.set.fresh(fr.run, cols, cs.sel, cs.n, rows)
	if err != nil {
		return fr.fail(err)
	}
	cs.choose(rows, k)
	return goOn
}

func doTopk(fr *frame, in *Instr) signal {
	cs, b := &fr.cursors[in.A], fr.builder(in.B)
	rows := cs.room()
	k := b.sort.candidates(fr.vectors[in.C], cs.sel, cs.n, rows)
	cs.choose(rows, k)
	return goOn
}
