package codegen

import (
	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// sort puts the rows into a sort and reads them out of it: its keys, and what later steps need beside them.
func (g *gen) sort(i int, s *plan.Sort, consume func()) {
	decl := vm.Builder{Kind: vm.BuildSort, Limited: s.Limit != nil}
	var columns []sema.Expr
	for _, k := range s.Keys {
		columns, decl.Desc = append(columns, k.X), append(decl.Desc, k.Desc)
	}
	b := g.builder(decl)
	g.once(func() {
		limit := uint16(0)
		if s.Limit != nil {
			limit = g.expr(s.Limit)
		}
		g.emit(opcodes.New, b, limit, 0)
	})
	g.produce(i-1, func() {
		columns = g.carried(i, columns)
		base := g.newRegs(len(columns))
		for j, e := range columns {
			g.exprTo(e, int(base)+j)
			if j == 0 && s.Limit != nil {
				g.candidates(b, base)
			}
		}
		g.emit(opcodes.Put, b, base, uint16(g.frame.cursor+1))
	})
	g.out.Builders[b].Columns = len(columns)
	g.built(b, columns, consume)
}

// candidates drops rows whose leading key cannot be among the first, before more of them is read.
func (g *gen) candidates(b uint16, key uint16) {
	if !g.regs[key].Vector {
		return
	}
	g.emit(opcodes.Topk, g.regs[key].Batch, b, key)
	g.unlessEmpty()
}

// carried adds to the columns what later steps read and cannot compute from them.
func (g *gen) carried(i int, columns []sema.Expr) []sema.Expr {
	for _, s := range g.pipeline.Steps[i+1:] {
		for _, e := range plan.Exprs(s) {
			columns = g.leaves(e, columns)
		}
	}
	for _, e := range g.pipeline.Outputs() {
		columns = g.leaves(e, columns)
	}
	if len(columns) == 0 { // the number of rows matters still
		columns = append(columns, &sema.Const{})
	}
	return columns
}

// leaves adds the parts of e that come from the rows at hand.
func (g *gen) leaves(e sema.Expr, columns []sema.Expr) []sema.Expr {
	sema.Walk(e, func(x sema.Expr) bool {
		for _, c := range columns {
			if sema.Same(c, x) {
				return false
			}
		}
		switch y := x.(type) {
		case *sema.Const, *sema.Param, *sema.Var, *sema.Local:
			return false
		case *sema.Column:
			columns = g.leaf(y, columns)
			return false
		case *sema.Subquery:
			if _, ready := find(g.ready, x); !ready && g.provides(x) {
				columns = append(columns, x)
				return false
			}
			y.Query.Outer(func(c *sema.Column) { columns = g.leaf(c, columns) })
			return true
		}
		if g.provides(x) {
			columns = append(columns, x)
			return false
		}
		return true
	})
	return columns
}

// leaf adds a column, or the whole row where only that is there.
func (g *gen) leaf(c *sema.Column, columns []sema.Expr) []sema.Expr {
	if !g.owns(c.Rel) || c.Rel.Kind == sema.RelStored {
		return columns
	}
	if !g.provides(c) {
		whole := sema.WholeOf(c.Rel, c.Span)
		if !g.provides(whole) {
			whole = sema.IDOf(c.Rel, c.Span)
			if !g.provides(whole) {
				return columns // of a step behind this one
			}
		}
		c = whole
	}
	for _, have := range columns {
		if sema.Same(have, c) {
			return columns
		}
	}
	return append(columns, c)
}

// built reads the rows of a sort or grouping, of which the columns are known.
func (g *gen) built(b uint16, is []sema.Expr, consume func()) {
	columns := make([]column, len(is))
	for i, e := range is {
		columns[i] = column{e, i}
	}
	c := g.cursor(0)
	g.emit(opcodes.OpenBuilt, uint16(c), b, 0)
	g.loop(c, columns, consume)
}

// group puts the rows into a grouping: keys, then the arguments of the aggregates, then their conditions.
func (g *gen) group(i int, s *plan.Group, consume func()) {
	decl := vm.Builder{Kind: vm.BuildGroup, Keys: len(s.Keys)}
	var args, conds, params, results []sema.Expr
	for _, a := range s.Aggregates {
		decl.Aggregates = append(decl.Aggregates, vm.Aggregate{Func: a.Name, Star: a.Arg == nil, Distinct: a.Distinct, Filtered: a.Where != nil, Params: len(a.Params)})
		params = append(params, a.Params...)
		args = append(args, orNone(a.Arg))
		if a.Where != nil {
			conds = append(conds, a.Where)
		}
		results = append(results, a)
	}
	columns := append(append(append([]sema.Expr{}, s.Keys...), args...), conds...)
	decl.Columns = len(columns)
	b := g.builder(decl)
	g.once(func() {
		base := uint16(0)
		if len(params) > 0 {
			base = g.exprs(params)
		}
		g.emit(opcodes.New, b, base, 0)
	})
	g.produce(i-1, func() { g.emit(opcodes.Put, b, g.exprs(columns), uint16(g.frame.cursor+1)) })
	g.built(b, append(append([]sema.Expr{}, s.Keys...), results...), consume)
}

// ---- writes

// write compiles the rows that a statement works on and what it does with each.
func (g *gen) write(pl *plan.Pipeline) int {
	w := pl.Write
	shape := none
	var items []sema.Expr
	if w.Items != nil {
		s := vm.Shape{Form: w.Form}
		for _, i := range w.Items {
			s.Names, s.Types = append(s.Names, i.Name), append(s.Types, i.X.At().Type)
			items = append(items, i.X)
		}
		shape = int(g.shape(s))
	}
	g.rows(func() {
		g.change(w)
		if items != nil {
			g.hand(uint16(shape), items)
		}
	})
	return g.finish(shape)
}

var writeOps = map[sema.WriteKind]uint16{sema.WriteCreate: opcodes.Create, sema.WriteUpdate: opcodes.Update, sema.WriteUpsert: opcodes.Update,
	sema.WriteDelete: opcodes.Delete, sema.WriteRelate: opcodes.Relate}

// change emits the write of the rows at hand.
func (g *gen) change(w *sema.Write) {
	access := vm.Access{Kind: vm.AccessRecord, Table: -1, IfNotExists: w.IfNotExists, Upsert: w.Kind == sema.WriteUpsert}
	if w.Table != "" {
		access.Kind, access.Table = vm.AccessTable, g.table(w.Table, w.Desc)
	}
	a := g.access(access)
	var operands []sema.Expr
	switch w.Kind {
	case sema.WriteCreate:
		operands = []sema.Expr{orNone(w.Key), w.New}
	case sema.WriteDelete:
		operands = []sema.Expr{w.Key}
	case sema.WriteRelate:
		operands = []sema.Expr{orNone(w.Key), w.In, w.Out, w.New}
	default:
		operands = []sema.Expr{orNone(w.Key), orNone(w.Old), w.New}
	}
	base := g.exprs(operands)
	if w.Kind == sema.WriteDelete {
		base = g.fill(base)
		g.emit(opcodes.Delete, g.result(none, ops.KindBool, base), a, base)
		return
	}
	from := sources(base, len(operands))
	id := g.newRegs(2)
	g.result(int(id), ops.KindRecord, from...)
	g.result(int(id)+1, ops.KindObject, from...)
	g.emit(writeOps[w.Kind], id, a, base)
	g.notePlaces(w)
	g.frame.keep(sema.IDOf(w.After, w.Span), id)
	g.frame.keep(sema.WholeOf(w.After, w.Span), id+1)
	if w.IfNotExists {
		g.onlyCreated(id + 1)
	}
}

// notePlaces notes where the write just emitted gets its values; in the body, where writes are.
func (g *gen) notePlaces(w *sema.Write) {
	if g.dead {
		return
	}
	function := g.routine != nil && g.routine.Name != ""
	for _, p := range w.Places {
		at := p.Span
		if !function {
			at = g.origin(at)
		}
		if !function || at.End <= len(g.routine.Text) {
			g.places = append(g.places, vm.Place{PC: len(g.body.instrs) - 1, Path: p.Path, Span: at})
		}
	}
}

// onlyCreated leaves out the rows whose record existed before.
func (g *gen) onlyCreated(record uint16) {
	if !g.regs[record].Vector {
		g.emit(opcodes.JumpIf, record, ifNone, uint16(g.frame.more))
		return
	}
	g.onlyPresent(record)
}

// onlyPresent keeps the rows of a batch where a register is not none.
func (g *gen) onlyPresent(r uint16) {
	missing := g.result(none, ops.KindBool, r)
	g.emit(opcodes.IsNone, missing, r, 0)
	there := g.result(none, ops.KindBool, missing)
	g.emit(opcodes.Not, there, missing, 0)
	g.emit(opcodes.Filter, g.regs[r].Batch, there, 0)
	g.unlessEmpty()
}
