package codegen

import (
	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// distinct keeps the first row of each combination of values. Rows that are new go on at once; those that a full set has put aside
// come behind all others, through the same steps once more.
func (g *gen) distinct(i int, s *plan.Distinct, consume func()) {
	columns := s.Of
	b := g.newSet(len(s.Of))
	g.produce(i-1, func() {
		columns = g.carried(i, columns)
		g.onlyNew(b, columns)
		consume()
	})
	g.closeSet(b, len(s.Of), columns, consume)
}

// newSet adds a set of rows that are told apart by their first columns.
func (g *gen) newSet(keys int) uint16 {
	b := g.builder(vm.Builder{Kind: vm.BuildSet, Columns: keys})
	g.once(func() { g.emit(opcodes.New, b, 0, 0) })
	return b
}

// onlyNew keeps the rows of a batch that are new to a set.
func (g *gen) onlyNew(b uint16, columns []sema.Expr) {
	base := g.exprs(columns)
	for j, e := range columns {
		g.frame.keep(e, base+uint16(j))
	}
	g.emit(opcodes.Distinct, uint16(g.frame.cursor), b, base)
	g.unlessEmpty()
}

// closeSet says which columns the set has, and reads the rows that it has put aside.
func (g *gen) closeSet(b uint16, keys int, columns []sema.Expr, consume func()) {
	if g.out.Builders[b].Columns = len(columns); len(columns) > keys {
		g.out.Builders[b].Keys = keys
	}
	g.built(b, columns, consume)
}

// limit lets rows through until there are enough, and then leaves the loops.
func (g *gen) limit(i int, s *plan.Limit, consume func()) {
	b := g.builder(vm.Builder{Kind: vm.BuildLimit, Limited: true})
	g.once(func() {
		start := s.Start
		if start == nil {
			start = &sema.Const{Value: ops.Int(0)}
		}
		g.emit(opcodes.New, b, g.exprs([]sema.Expr{start, orNone(s.Count)}), 0)
	})
	out := noLabel
	if g.inTurns(i) {
		out = g.label()
	}
	g.produce(i-1, func() {
		f := g.frame
		g.emit(opcodes.Limit, uint16(f.cursor), b, 0)
		more := f.more
		f.more = g.label()
		g.unlessEmpty()
		consume()
		g.bind(f.more)
		f.more = more
		done := exit{g.label(), f.open(), out}
		f.outermost().exits = append(f.outermost().exits, done)
		g.emit(opcodes.LimitDone, b, uint16(done.label), 0)
	})
	if out != noLabel {
		g.bind(out)
	}
}

// inTurns reports whether the rows of the steps before step i come out of several loops, one behind the other.
func (g *gen) inTurns(i int) bool {
	for _, s := range g.pipeline.Steps[:i] {
		switch s.(type) {
		case *plan.Distinct, *plan.Set:
			return true
		}
	}
	return false
}

// set writes a set operation: a loop for each part whose rows go on, behind the sets that the others have been put into.
func (g *gen) set(s *plan.Set, consume func()) {
	columns := g.rowColumns(s.Rel, s.Parts[0].Form, s.Parts[0].Items)
	row := make([]sema.Expr, len(columns))
	for i, c := range columns {
		row[i] = c.is
	}
	if s.Kind == sema.SetUnion && s.All {
		for _, p := range s.Parts {
			g.part(p, columns, consume)
		}
		return
	}
	sources, others := s.Parts, []uint16(nil)
	if s.Kind != sema.SetUnion {
		sources, others = s.Parts[:1], g.lookups(s, columns, row)
	}
	b := g.newSet(len(row))
	for _, p := range sources {
		g.part(p, columns, func() {
			for _, o := range others {
				g.member(o, row, s.Kind == sema.SetIntersect)
			}
			g.onlyNew(b, row)
			consume()
		})
	}
	g.closeSet(b, len(row), row, consume)
}

// lookups fills the sets that the rows of the first part are looked up in: one of each other part for INTERSECT, one of all for
// EXCEPT.
func (g *gen) lookups(s *plan.Set, columns []column, row []sema.Expr) (sets []uint16) {
	for i, p := range s.Parts[1:] {
		if i == 0 || s.Kind == sema.SetIntersect {
			sets = append(sets, g.newSet(len(row)))
		}
		g.part(p, columns, func() { g.emit(opcodes.Put, sets[len(sets)-1], g.exprs(row), uint16(g.frame.cursor+1)) })
	}
	return sets
}

// member keeps the rows of a batch that are in a set, or those that are not.
func (g *gen) member(set uint16, row []sema.Expr, is bool) {
	base := g.exprs(row)
	batch := uint16(g.frame.cursor)
	found := g.declare(none, vm.Register{Vector: true, Batch: batch, Kind: ops.KindBool})
	g.emit(opcodes.Has, found, set, base)
	if !is {
		missing := g.result(none, ops.KindBool, found)
		g.emit(opcodes.Not, missing, found, 0)
		found = missing
	}
	g.emit(opcodes.Filter, batch, found, 0)
	g.unlessEmpty()
}
