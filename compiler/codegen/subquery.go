package codegen

import (
	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// fragmentOf compiles a subquery's pipeline, once.
func (g *gen) fragmentOf(pl *plan.Pipeline) *compiled {
	if c := g.subs[pl]; c != nil {
		return c
	}
	sub := g.gen(g.plan, pl)
	sub.routine = g.routine
	c := &compiled{}
	if pl.Write != nil {
		c.fragment = sub.write(pl)
	} else {
		c.fragment = sub.query(pl)
	}
	c.inputs = sub.inputs
	g.subs[pl] = c
	return c
}

// subquery computes what a query is worth as a value: once where it does not look at the rows around it, else for each.
func (g *gen) subquery(e *sema.Subquery, dst int) uint16 {
	sub := g.fragmentOf(g.plan.Subqueries[e.Query])
	if e.Hashed {
		return g.semiJoin(e, sub, dst)
	}
	op, kind := opcodes.Rows, ops.KindList
	if e.Use == sema.UseExists {
		op, kind = opcodes.Exists, ops.KindBool
	}
	r := g.callFragment(e, op, kind, sub, dst)
	if e.Use != sema.UseIn {
		return r
	}
	x := g.expr(e.X)
	d := g.result(none, ops.KindBool, x, r)
	g.emit(opcodes.In, d, x, r)
	return d
}

// callFragment calls a fragment for a value; in the prologue where all it needs is there.
func (g *gen) callFragment(e *sema.Subquery, op uint16, kind ops.Kind, sub *compiled, dst int) uint16 {
	emit := func() uint16 {
		base := uint16(0)
		if len(sub.inputs) > 0 {
			base = g.exprs(sub.inputs)
		}
		d := g.result(dst, kind, sources(base, len(sub.inputs))...)
		g.emit(op, d, uint16(sub.fragment), base)
		return d
	}
	if g.block != nil || e.Write != nil {
		return emit()
	}
	for _, x := range sub.inputs {
		if c, ok := x.(*sema.Column); ok && g.owns(c.Rel) {
			return emit()
		}
	}
	dst = none
	var r uint16
	g.once(func() { r = emit() })
	if e.Use != sema.UseIn {
		g.ready = append(g.ready, have{e, r})
	}
	return r
}

// semiJoin fills a set from the subquery, once, and looks the value up in it.
func (g *gen) semiJoin(e *sema.Subquery, sub *compiled, dst int) uint16 {
	set := g.builder(vm.Builder{Kind: vm.BuildSet, Columns: 1})
	g.once(func() {
		g.emit(opcodes.New, set, 0, 0)
		c := g.openFragment(sub)
		g.loop(c, nil, func() {
			r := g.declare(none, vm.Register{Vector: true, Batch: uint16(c), Kind: ops.KindAny})
			g.emit(opcodes.Column, r, uint16(c), 0)
			g.emit(opcodes.Put, set, r, uint16(c)+1)
		})
	})
	x := g.expr(e.X)
	d := g.result(dst, ops.KindBool, x)
	g.emit(opcodes.Has, d, set, x)
	return d
}

// openFragment opens a cursor over a fragment's rows.
func (g *gen) openFragment(sub *compiled) int {
	base := uint16(0)
	if len(sub.inputs) > 0 {
		base = g.exprs(sub.inputs)
	}
	c := g.cursor(0)
	g.emit(opcodes.OpenFragment, uint16(c), uint16(sub.fragment), base)
	return c
}
