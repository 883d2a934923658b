package codegen

import (
	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// inside writes the steps of a pipeline that begins at the rows at hand.
func (g *gen) inside(pl *plan.Pipeline, consume func()) {
	outer := g.pipeline
	g.pipeline = pl
	g.produce(len(pl.Steps)-1, func() {
		g.pipeline = outer
		consume()
		g.pipeline = pl
	})
	g.pipeline = outer
}

// queue adds a queue of rows of the batch at hand, and empties it.
func (g *gen) queue(columns, keys int) uint16 {
	q := g.builder(vm.Builder{Kind: vm.BuildQueue, Columns: columns, Keys: keys, Parent: uint16(g.frame.cursor)})
	g.emit(opcodes.New, q, 0, 0)
	return q
}

// put puts the rows at hand into a builder.
func (g *gen) put(b uint16, columns []sema.Expr) {
	g.emit(opcodes.Put, b, g.exprs(columns), uint16(g.frame.cursor+1))
}

// queued reads a queue of rows of the batch at hand.
func (g *gen) queued(q uint16, columns []column, consume func()) {
	c := g.cursor(uint16(g.frame.cursor + 1))
	g.emit(opcodes.OpenQueue, uint16(c), q, 0)
	g.loop(c, columns, consume)
}

// branch puts what each way leads to into a queue and goes on with the rows of that.
func (g *gen) branch(i int, s *plan.Branch, consume func()) {
	g.preload(i - 1)
	keys := 0
	if s.Distinct {
		keys = 2
	}
	at := s.Source.Span
	var q uint16
	g.at(at, func() { q = g.queue(len(s.Outs), keys) })
	for _, w := range s.Ways {
		g.skipped(func() {
			g.inside(w, func() { g.at(at, func() { g.put(q, itemsOf(w)) }) })
		})
	}
	if s.Optional {
		g.at(at, func() { g.unmatched(q, len(s.Outs)) })
	}
	columns := make([]column, len(s.Outs))
	for o, out := range s.Outs {
		columns[o] = column{out, o}
	}
	g.at(at, func() { g.queued(q, columns, consume) })
}

func itemsOf(pl *plan.Pipeline) []sema.Expr {
	es := make([]sema.Expr, len(pl.Items))
	for i, item := range pl.Items {
		es[i] = item.X
	}
	return es
}

// unmatched puts a row of none into a queue for each row at hand that it has no row of.
func (g *gen) unmatched(q uint16, columns int) {
	c := uint16(g.frame.cursor)
	r := g.declare(none, vm.Register{Vector: true, Batch: c, Kind: ops.KindBool})
	g.emit(opcodes.Unmatched, r, q, 0)
	base := g.newRegs(columns)
	for i := range columns {
		g.exprTo(&sema.Const{}, int(base)+i)
	}
	g.emit(opcodes.SelPush, c, r, 0)
	g.emit(opcodes.Put, q, base, c+1)
	g.emit(opcodes.SelPop, c, 0, 0)
}

// walk puts the vertices that it starts from into a queue, and what each of them leads to into the same, until there is nothing
// new; those that enough steps led to are handed on.
func (g *gen) walk(i int, s *plan.Walk, consume func()) {
	g.preload(i - 1)
	w := s.Source
	at, level := sema.IDOf(w.At, w.Span), sema.WholeOf(w.Level, w.Span)
	edges, between := sema.WholeOf(w.Edges, w.Span), sema.WholeOf(w.Between, w.Span)
	first := []sema.Expr{w.From, intConst(0)}
	columns := []column{{at, 0}, {level, 1}}
	if s.Trail {
		first = append(first, emptyList(), emptyList())
		columns = append(columns, column{edges, 2}, column{between, 3})
	}
	keys := 0
	if s.Open() {
		keys = 2
	}
	g.at(w.Span, func() {
		q := g.queue(len(columns), keys)
		g.put(q, first)
		g.queued(q, columns, func() {
			g.stepOn(q, s)
			g.filter(&sema.Binary{Info: boolInfo(w.Span), Op: opcodes.Ge, Left: level, Right: w.Min})
			consume()
		})
	})
}

// stepOn goes one step further from the vertices at hand.
func (g *gen) stepOn(q uint16, s *plan.Walk) {
	w, c := s.Source, uint16(g.frame.cursor)
	done := g.label()
	if !s.Open() {
		more := g.fill(g.expr(&sema.Binary{Info: boolInfo(w.Span), Op: opcodes.Lt, Left: sema.WholeOf(w.Level, w.Span), Right: w.Max}))
		g.emit(opcodes.SelPush, c, more, 0)
		g.emit(opcodes.JumpEmpty, c, uint16(done), 0)
	}
	g.skipped(func() {
		g.inside(s.Step, func() {
			items := itemsOf(s.Step)
			next := []sema.Expr{items[0], s.Level()}
			if s.Trail {
				next = append(next, behind(sema.WholeOf(w.Edges, w.Span), items[1]), behind(sema.WholeOf(w.Between, w.Span), items[2]))
			}
			g.put(q, next)
		})
	})
	g.bind(done)
	if !s.Open() {
		g.emit(opcodes.SelPop, c, 0, 0)
	}
}

func boolInfo(at ops.Span) sema.Info { return sema.Info{Span: at, Type: ops.TypeOf(ops.KindBool)} }

func intConst(n int64) sema.Expr {
	c := &sema.Const{Value: ops.Int(n)}
	c.Type = ops.TypeOf(ops.KindInt)
	return c
}

func emptyList() sema.Expr {
	return &sema.Sequence{Info: sema.Info{Type: ops.TypeOf(ops.KindList)}}
}

// behind is list b behind list a.
func behind(a, b sema.Expr) sema.Expr {
	return &sema.Binary{Info: sema.Info{Span: b.At().Span, Type: ops.TypeOf(ops.KindList)}, Op: opcodes.Add, Left: a, Right: b}
}
