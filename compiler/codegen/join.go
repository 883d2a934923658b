package codegen

import (
	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// join keeps the rows of the right side and reads those of the left side with them. Each side is a fragment of its own, whose rows
// begin with the keys.
func (g *gen) join(s *plan.Join, consume func()) {
	keys := s.Keys()
	b := g.builder(vm.Builder{Kind: vm.BuildJoin, Keys: keys, Columns: len(s.Right.Items), Join: s.Mode()})
	outer := g.frame
	g.frame = &frame{cursor: scalars}
	g.emit(opcodes.New, b, 0, 0)
	left := g.openSides(s, b)
	g.frame = outer
	c := g.cursor(0)
	op := opcodes.OpenJoin
	if s.Merge {
		op = opcodes.OpenMerge
	}
	g.emit(op, uint16(c), b, uint16(left))
	handed := append(s.Left.Items[keys:len(s.Left.Items):len(s.Left.Items)], s.Right.Items[keys:]...)
	g.loop(c, handedColumns(handed), func() {
		if s.Mode() == vm.JoinChecked {
			g.pairs(s.On, c, len(handed))
		}
		consume()
	})
}

// openSides opens a cursor over the left side. The right one is kept, or for a merge join the next cursor.
func (g *gen) openSides(s *plan.Join, b uint16) int {
	if !s.Merge {
		g.keep(b, g.openFragment(g.fragmentOf(s.Right)), len(s.Right.Items))
		return g.openFragment(g.fragmentOf(s.Left))
	}
	left, right := g.fragmentOf(s.Left), g.fragmentOf(s.Right)
	c := g.openFragment(left)
	if d := g.openFragment(right); d != c+1 {
		panic(fault("the sides of a merge join are cursors %d and %d", c, d))
	}
	return c
}

// lookUp reads the records that an index has for the rows at hand.
func (g *gen) lookUp(i int, s *plan.Lookup, consume func()) {
	g.preload(i)
	base := g.exprs(s.Equal)
	a := vm.Access{Kind: vm.AccessIndex, Index: s.Index.Name, Equal: len(s.Equal), IndexOnly: s.Only}
	c := g.cursor(uint16(g.frame.cursor) + 1)
	g.cursors[c].Outer = s.Outer
	g.open(s.Rel, opcodes.OpenLookup, c, g.accessTo(a, &s.Access), base)
	g.loop(c, columnsOf(s.Columns), consume)
}

// handedColumns are the columns that a side hands on; a constant only stands where it has none.
func handedColumns(items []sema.Item) (columns []column) {
	for i, item := range items {
		if _, isConst := item.X.(*sema.Const); !isConst {
			columns = append(columns, column{item.X, i})
		}
	}
	return columns
}

// keep puts the rows of a fragment into a builder.
func (g *gen) keep(b uint16, c, width int) {
	g.loop(c, nil, func() {
		base := g.newRegs(width)
		for i := range width {
			r := g.declare(int(base)+i, vm.Register{Vector: true, Batch: uint16(c), Kind: ops.KindAny})
			g.emit(opcodes.Column, r, uint16(c), uint16(i))
		}
		g.emit(opcodes.Put, b, base, uint16(c)+1)
	})
}

// pairs tests the conditions of a LEFT JOIN for the rows that are pairs; column says which are.
func (g *gen) pairs(on []sema.Expr, c, column int) {
	cond := on[0]
	for _, e := range on[1:] {
		cond = &sema.Binary{Info: sema.Info{Span: cond.At().Span.Cover(e.At().Span), Type: ops.TypeOf(ops.KindBool)}, Op: opcodes.And, Left: cond, Right: e}
	}
	pair := g.declare(none, vm.Register{Vector: true, Batch: uint16(c), Kind: ops.KindBool})
	g.emit(opcodes.Column, pair, uint16(c), uint16(column))
	var r uint16
	g.selected(pair, ifTrue, func() { r = g.fill(g.expr(cond)) })
	g.at(cond.At().Span, func() { g.emit(opcodes.Paired, uint16(c), r, 0) })
	g.unlessEmpty()
}

// apply runs a pipeline for each row at hand.
func (g *gen) apply(i int, s *plan.Apply, consume func()) {
	g.preload(i)
	sub := g.fragmentOf(s.Right)
	base := uint16(0)
	if len(sub.inputs) > 0 {
		base = g.exprs(sub.inputs)
	}
	parent := uint16(0)
	if g.frame.cursor != scalars {
		parent = uint16(g.frame.cursor) + 1
	}
	c := g.cursor(parent)
	g.cursors[c].Outer = s.Outer
	g.emit(opcodes.OpenApply, uint16(c), uint16(sub.fragment), base)
	g.loop(c, handedColumns(s.Right.Items), consume)
}
