package vm

import (
	"github.com/zerodb/zerodb/ops"
)

// linkedBuilder is a builder's declaration with its aggregates found.
type linkedBuilder struct {
	*Builder
	aggregates []*ops.Aggregate
	filters    []int  // by aggregate: the column that filters its rows, -1 without
	skip       []bool // by column: not looked at
	grows      bool   // groups take more memory with their rows
}

// growing are the aggregates that keep what they are given.
var growing = map[string]bool{"collect": true, "distinct": true, "group": true, "median": true, "percentile": true}

func linkBuilder(b *Builder) *linkedBuilder {
	l := &linkedBuilder{Builder: b, skip: make([]bool, b.Columns)}
	filter := b.Keys + len(b.Aggregates)
	for i, a := range b.Aggregates {
		l.aggregates = append(l.aggregates, ops.LookupAggregate(a.Func))
		l.skip[b.Keys+i] = a.Star
		l.grows = l.grows || a.Distinct || growing[a.Func]
		if a.Filtered {
			l.filters = append(l.filters, filter)
			filter++
		} else {
			l.filters = append(l.filters, -1)
		}
	}
	return l
}

// grouping is hash aggregation. When memory grows tight it stops taking new groups: rows of groups that it does not
// have go to a spool, in partitions by hash, and are grouped one partition after the other when the groups in memory
// have been read.
type grouping struct {
	decl   *linkedBuilder
	round  uint64
	table  rowTable
	states []ops.GroupState
	// distinct has, for aggregates over distinct values, the pairs of group and value met; ranks what did not fit of those that look
	// for a number by its rank.
	distinct []rowSet
	ranks    []ranking
	held     int64

	frozen bool
	aside  overflow // rows of groups that a frozen grouping does not have

	params []ops.Value // of the aggregates, one after another

	at      int // the group that is read next
	pairs   [2]*ops.Vector
	numbers ops.Vector
	rows    []int32
	others  []int32
	fresh   []int32
	cols    []ops.Vector
	shown   []*ops.Vector
}

// empty begins a grouping; params are what its aggregates take beside the rows.
func (g *grouping) empty(r *Rows, decl *linkedBuilder, params []ops.Value) error {
	g.release(r)
	g.decl = decl
	g.round++
	g.params = append(g.params[:0], params...)
	return g.restart(r)
}

// restart begins a new table.
func (g *grouping) restart(r *Rows) error {
	g.table.empty(g.decl.Keys)
	g.states = g.states[:0]
	params := g.params
	for i, a := range g.decl.aggregates {
		n := g.decl.Aggregates[i].Params
		if n == 0 {
			g.states = append(g.states, a.New())
			continue
		}
		s, err := a.NewWith(params[:n])
		if err != nil {
			return err
		}
		g.states, params = append(g.states, s), params[n:]
	}
	for len(g.distinct) < len(g.states) {
		g.distinct = append(g.distinct, rowSet{})
	}
	for i := range g.distinct {
		if i < len(g.states) && g.decl.Aggregates[i].Distinct {
			g.distinct[i].empty(r, pairDecl)
		}
	}
	for len(g.ranks) < len(g.states) {
		g.ranks = append(g.ranks, ranking{})
	}
	for i := range g.ranks {
		g.ranks[i].release(r)
	}
	for _, s := range g.states {
		if s, ok := s.(ops.KeyedState); ok {
			s.SetKey(r.o.HashKey)
		}
	}
	g.frozen, g.at = false, 0
	if g.rows == nil { // a selection of no rows must not be nil, which is all rows
		g.rows, g.others = make([]int32, 0, ops.BatchSize), make([]int32, 0, ops.BatchSize)
	}
	if g.decl.Keys == 0 {
		for _, s := range g.states {
			s.Grow(1)
		}
	}
	g.charge(r)
	return nil
}

func (g *grouping) release(r *Rows) {
	r.o.Memory.take(-g.held)
	g.held = 0
	g.states = nil
	if cap(g.table.hashes) > keptRows {
		g.table = rowTable{}
	}
	g.forget(r)
	g.aside.release()
}

// forget gives back what is kept beside the states.
func (g *grouping) forget(r *Rows) {
	for i := range g.distinct {
		g.distinct[i].release(r)
	}
	for i := range g.ranks {
		g.ranks[i].release(r)
	}
	g.distinct, g.ranks = nil, nil
}

// charge brings the budget up to what the grouping holds; its sets and rankings charge for themselves.
func (g *grouping) charge(r *Rows) {
	size := g.table.size()
	for _, s := range g.states {
		size += s.Size()
	}
	r.o.Memory.take(size - g.held)
	g.held = size
}

func (g *grouping) put(r *Rows, cols []*ops.Vector, sel ops.Selection, n int) error {
	var groups []int32
	if g.decl.Keys > 0 {
		var err error
		if groups, sel, err = g.number(r, cols, sel, n); err != nil {
			return err
		}
		for _, s := range g.states {
			s.Grow(g.table.count())
		}
	}
	for i, s := range g.states {
		arg, rows, err := g.argument(r, i, groups, cols, sel, n)
		if err != nil {
			return err
		}
		if err := s.Add(groups, arg, rows, n); err != nil {
			return err
		}
	}
	g.charge(r)
	if r.o.Spill != nil && r.o.Memory.tight() {
		if err := r.relieve(); err != nil {
			return err
		}
	}
	if r.o.Spill != nil && r.o.Memory.half() {
		if err := g.drain(r); err != nil {
			return err
		}
	}
	if !g.frozen && g.decl.Keys > 0 && r.o.Spill != nil {
		g.frozen = r.o.Memory.tight() || g.decl.grows && r.o.Memory.half()
	}
	return r.o.Memory.over("a grouping")
}

// number gives the selected rows their groups. A frozen grouping puts the rows of groups that it does not have aside,
// and selects the others.
func (g *grouping) number(r *Rows, cols []*ops.Vector, sel ops.Selection, n int) ([]int32, ops.Selection, error) {
	t := &g.table
	keys := cols[:g.decl.Keys]
	t.hash(r, keys, sel, n)
	count := n
	if sel != nil {
		count = len(sel)
	}
	if g.frozen {
		at := t.find(keys, sel, n)
		return g.putAside(r, cols, at, sel, n)
	}
	t.reserve(count)
	if sel == nil && len(keys) == 1 && keys[0].Kind == ops.KindString && keys[0].Valid == nil {
		t.numberTexts(keys, n)
		return t.at, nil, nil
	}
	if sel == nil {
		for i := range n {
			at, slot := t.probe(keys, i)
			if at < 0 {
				at = t.add(keys, i, slot)
			}
			t.at[i] = at
		}
		return t.at, nil, nil
	}
	for _, i := range sel {
		at, slot := t.probe(keys, int(i))
		if at < 0 {
			at = t.add(keys, int(i), slot)
		}
		t.at[i] = at
	}
	return t.at, sel, nil
}

// putAside spools the selected rows without a group, and selects those that have one.
func (g *grouping) putAside(r *Rows, cols []*ops.Vector, at []int32, sel ops.Selection, n int) ([]int32, ops.Selection, error) {
	g.rows = g.rows[:0]
	for i := range selectedRows(sel, n) {
		if at[i] >= 0 {
			g.rows = append(g.rows, int32(i))
			continue
		}
		if err := g.aside.add(r, "a grouping", overflowBuild, g.table.h[i], cols, i); err != nil {
			return nil, nil, err
		}
	}
	return at, g.rows, nil
}

// argument returns what aggregate i adds up, and which rows of it.
func (g *grouping) argument(r *Rows, i int, groups []int32, cols []*ops.Vector, sel ops.Selection, n int) (*ops.Vector, ops.Selection, error) {
	a := &g.decl.Aggregates[i]
	arg := cols[g.decl.Keys+i]
	if a.Star {
		arg = nil // rows that were put aside have a column of none there
	}
	if f := g.decl.filters[i]; f >= 0 {
		g.others = g.others[:0]
		for row := range selectedRows(sel, n) {
			v := cols[f].At(row)
			yes, ok := satisfies(v, ifTrue)
			if !ok {
				return nil, nil, notBool(v)
			}
			if yes {
				g.others = append(g.others, int32(row))
			}
		}
		sel = g.others
	}
	if !a.Distinct || a.Star {
		return arg, sel, nil
	}
	g.numbers.Reset(ops.KindInt, n)
	for row := range n {
		g.numbers.Ints[row] = 0
		if groups != nil {
			g.numbers.Ints[row] = int64(groups[row])
		}
	}
	g.pairs = [2]*ops.Vector{&g.numbers, arg}
	if cap(g.fresh) < n {
		g.fresh = make([]int32, max(n, ops.BatchSize))
	}
	if r.o.Spill != nil && r.o.Memory.half() { // the groups, and sets of other aggregates, need memory too
		g.distinct[i].frozen = true
	}
	k, err := g.distinct[i].fresh(r, g.pairs[:], sel, n, g.fresh[:n])
	return arg, g.fresh[:k], err
}

// next gives groups; when those in memory are used up it groups the next partition.
func (g *grouping) next(r *Rows, out *Batch) error {
	for g.at == g.groups() {
		if more, err := g.aside.next(); !more {
			return err
		}
		if err := g.regroup(r); err != nil {
			return err
		}
	}
	n := min(g.groups()-g.at, out.Room())
	for c := range g.decl.Keys {
		col := &out.Cols[c]
		col.Reset(ops.KindNone, n)
		for i := range n {
			col.SetAt(i, g.table.key(g.at+i, c))
		}
	}
	for a := range g.states {
		col := &out.Cols[g.decl.Keys+a]
		col.Reset(ops.KindNone, n)
		for i := range n {
			v, err := g.result(a, g.at+i)
			if err != nil {
				return err
			}
			col.SetAt(i, v)
		}
	}
	g.at += n
	out.N = n
	return nil
}

// groups is how many groups are in memory: with no keys there is one.
func (g *grouping) groups() int {
	if g.decl.Keys == 0 {
		return 1
	}
	return g.table.count()
}

// regroup groups the rows of a partition.
func (g *grouping) regroup(r *Rows) error {
	g.forget(r)
	g.table = rowTable{} // what it has room for counts as used
	if err := g.restart(r); err != nil {
		return err
	}
	for len(g.cols) < g.decl.Columns {
		g.cols = append(g.cols, ops.Vector{})
	}
	for {
		n, err := g.aside.read(r, overflowBuild, g.cols[:g.decl.Columns])
		if err != nil {
			return err
		}
		if n == 0 {
			return g.settle(r)
		}
		g.shown = g.shown[:0]
		for i := range g.decl.Columns {
			g.shown = append(g.shown, &g.cols[i])
		}
		if err := g.put(r, g.shown, nil, n); err != nil {
			return err
		}
	}
}

// selectedRows yields the selected rows of n.
func selectedRows(sel ops.Selection, n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		if sel == nil {
			for i := range n {
				if !yield(i) {
					return
				}
			}
			return
		}
		for _, i := range sel {
			if !yield(int(i)) {
				return
			}
		}
	}
}
