package codegen

import (
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// scalars is the cursor of a frame whose row is scalars.
const scalars = -1

// frame is what the code at one place can see: the columns of a cursor's batch, or a row of scalars. A loop inside another
// sees the outer one's columns through its parent.
type frame struct {
	parent *frame
	cursor int
	// columns are what `column` can read, by expression.
	columns []column
	// have are expressions that are in registers, for this batch.
	have []have
	// more is where to go on when no row of the batch is left.
	more label
	// guards counts conditions under which the code at this place runs; what is computed under one is not there
	// after it.
	guards int
	// exits are labels to leave all loops by, with the cursors that are open there; on the outermost loop's frame.
	exits []exit
}

type column struct {
	is    sema.Expr
	index int
}

type have struct {
	is  sema.Expr
	reg uint16
}

type exit struct {
	label   label
	cursors []int
	to      label // where it leads in the end; noLabel: behind the loop
}

// outermost is the frame of the outermost loop around.
func (f *frame) outermost() *frame {
	for f.parent != nil && f.parent.cursor != scalars {
		f = f.parent
	}
	return f
}

// open lists the cursors of the frame and those around it, innermost first.
func (f *frame) open() (cs []int) {
	for ; f != nil; f = f.parent {
		if f.cursor != scalars {
			cs = append(cs, f.cursor)
		}
	}
	return cs
}

func (f *frame) keep(e sema.Expr, reg uint16) { f.have = append(f.have, have{e, reg}) }

// guarded runs f where its code sees fewer rows; what it leaves in registers is forgotten.
func (g *gen) guarded(f func()) {
	g.frame.guards++
	g.skipped(f)
	g.frame.guards--
}

// skipped runs f where a jump may pass over its code; what it leaves in registers is forgotten. Scalars stay scalars: where an
// operation must not fail, the jump passes over it.
func (g *gen) skipped(f func()) {
	n := len(g.frame.have)
	f()
	g.frame.have = g.frame.have[:n]
}

func find(hs []have, e sema.Expr) (uint16, bool) {
	for _, h := range hs {
		if sema.Same(h.is, e) {
			return h.reg, true
		}
	}
	return 0, false
}

// lookup finds an expression that is there already: in a register, in a column of a batch, or in one of the batches
// around. dst is where it is wanted, or none; it is used only for what is read now.
func (g *gen) lookup(e sema.Expr, dst int) (uint16, bool) {
	if r, ok := find(g.ready, e); ok {
		return r, true
	}
	return g.lookupIn(g.frame, e, dst)
}

func (g *gen) lookupIn(f *frame, e sema.Expr, dst int) (uint16, bool) {
	if f == nil {
		return 0, false
	}
	if r, ok := find(f.have, e); ok {
		return r, true
	}
	for _, c := range f.columns {
		if sema.Same(c.is, e) {
			r := g.declare(dst, vm.Register{Vector: true, Batch: uint16(f.cursor), Kind: kindOf(c.is.At().Type)})
			g.emit(opcodes.Column, r, uint16(f.cursor), uint16(c.index))
			f.keep(e, r)
			return r, true
		}
	}
	r, ok := g.lookupIn(f.parent, e, none)
	if !ok || !g.regs[r].Vector || f.cursor == scalars {
		return r, ok
	}
	d := g.declare(dst, vm.Register{Vector: true, Batch: uint16(f.cursor), Kind: g.regs[r].Kind})
	g.emit(opcodes.Gather, d, r, uint16(f.cursor))
	f.keep(e, d)
	return d, true
}

// provides reports whether lookup would find e.
func (g *gen) provides(e sema.Expr) bool {
	if _, ok := find(g.ready, e); ok {
		return true
	}
	for f := g.frame; f != nil; f = f.parent {
		if _, ok := find(f.have, e); ok {
			return true
		}
		for _, c := range f.columns {
			if sema.Same(c.is, e) {
				return true
			}
		}
	}
	return false
}

// owns reports whether a relation is of the query that this fragment runs.
func (g *gen) owns(r *sema.Relation) bool {
	if g.block != nil {
		return false
	}
	return g.pipeline == nil || g.pipeline.Owns(r)
}

// column reads a column: as it is, out of the whole row, or, being of an outer query, as an input of the fragment.
func (g *gen) column(c *sema.Column, dst int) uint16 {
	if !g.owns(c.Rel) {
		return g.input(c)
	}
	if len(c.Path) > 0 {
		whole := sema.WholeOf(c.Rel, c.Span)
		if g.provides(whole) {
			return g.below(g.expr(whole), c.Path, kindOf(c.Type), dst)
		}
	}
	// Nothing else is left for a relation with an id alone: the record behind it.
	if id := sema.IDOf(c.Rel, c.Span); g.provides(id) {
		return g.below(g.expr(id), c.Path, ops.KindAny, dst)
	}
	panic(fault("column %s of %s is not there", c.Path, c.Rel.Name))
}

// below takes what lies at a path of an object or record, step by step, so that each may be a link.
func (g *gen) below(r uint16, path []string, kind ops.Kind, dst int) uint16 {
	r = g.unsure(opcodes.Field, 0, r)
	if len(path) == 0 {
		d := g.result(dst, ops.KindObject, r)
		g.emit(opcodes.Field, d, r, g.path(nil))
		return d
	}
	for i, step := range path {
		d, k := none, ops.KindAny
		if i == len(path)-1 {
			d, k = dst, kind
		}
		next := g.result(d, k, r)
		g.emit(opcodes.Field, next, r, g.path([]string{step}))
		r = next
	}
	return r
}

// input is a value of an outer row or a variable of a block around, handed to the fragment.
func (g *gen) input(c sema.Expr) uint16 {
	var r uint16
	g.once(func() {
		r = g.declare(none, vm.Register{Kind: kindOf(c.At().Type)})
		g.emit(opcodes.Input, r, uint16(len(g.inputs)), 0)
	})
	g.inputs = append(g.inputs, c)
	g.ready = append(g.ready, have{c, r})
	return r
}

// isVector reports whether e has a value of its own for each row of the batch at hand.
func (g *gen) isVector(e sema.Expr) (vector bool) {
	if g.frame.cursor == scalars {
		return false
	}
	if r, ok := find(g.ready, e); ok {
		return g.regs[r].Vector
	}
	sema.Walk(e, func(x sema.Expr) bool {
		switch x := x.(type) {
		case *sema.Aggregate:
			vector = true
		case *sema.Column:
			vector = vector || g.owns(x.Rel)
		case *sema.Subquery:
			x.Query.Outer(func(c *sema.Column) { vector = vector || g.owns(c.Rel) })
		}
		return !vector
	})
	return vector
}
