package codegen

import (
	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// query compiles a pipeline that hands rows to a reader.
func (g *gen) query(pl *plan.Pipeline) int {
	shape := vm.Shape{Form: pl.Form}
	var items []sema.Expr
	for _, i := range pl.Items {
		shape.Names, shape.Types = append(shape.Names, i.Name), append(shape.Types, i.X.At().Type)
		items = append(items, i.X)
	}
	s := g.shape(shape)
	if pl.Query != nil {
		g.span = pl.Query.Span
		if at := pl.Query.Version; at != nil { // first of all: what is read before the rows is read of then, too
			g.once(func() { g.at(at.At().Span, func() { g.emit(opcodes.AsOf, g.expr(at), 0, 0) }) })
		}
	}
	g.rows(func() { g.hand(s, items) })
	return g.finish(int(s))
}

// hand emits the rows at hand.
func (g *gen) hand(shape uint16, items []sema.Expr) {
	g.notePage()
	base := g.exprs(items)
	if g.frame.cursor == scalars {
		g.emit(opcodes.EmitRow, shape, base, 0)
		return
	}
	g.emit(opcodes.Emit, shape, base, uint16(g.frame.cursor))
}

// rows writes the loops of the pipeline around what consumes its rows.
func (g *gen) rows(consume func()) { g.produce(len(g.pipeline.Steps)-1, consume) }

// produce writes the code of step i and those before it; consume writes what is done with each batch, or row of scalars.
func (g *gen) produce(i int, consume func()) {
	if i < 0 { // the pipeline begins at the rows at hand
		consume()
		return
	}
	switch s := g.pipeline.Steps[i].(type) {
	case *plan.One:
		g.row(&frame{cursor: scalars}, consume)
	case *plan.Get:
		g.get(s, consume)
	case *plan.Scan:
		c := g.cursor(0)
		g.open(s.Rel, opcodes.OpenTable, c, g.accessTo(vm.Access{Kind: vm.AccessTable, Reverse: s.Reverse}, &s.Access), 0)
		g.loop(c, columnsOf(s.Columns), consume)
	case *plan.Keys:
		g.keys(s, consume)
	case *plan.KeyRange:
		g.keyRange(s, consume)
	case *plan.IndexScan:
		g.indexScan(s, consume)
	case *plan.Rows:
		g.rowsOf(s, consume)
	case *plan.PathCounts:
		g.pathCounts(s, consume)
	case *plan.Join:
		g.join(s, consume)
	case *plan.ScanAll:
		c := g.cursor(0)
		g.open(s.Rel, opcodes.OpenTable, c, g.access(vm.Access{Kind: vm.AccessTable, Table: -1, Columns: plainColumns(s.Columns)}), 0)
		g.loop(c, columnsOf(s.Columns), consume)
	case *plan.Set:
		g.set(s, consume)
	default:
		g.between(i, consume)
	}
}

// between writes steps that have others before them.
func (g *gen) between(i int, consume func()) {
	switch s := g.pipeline.Steps[i].(type) {
	case *plan.Items:
		if i == 0 {
			g.items(i, s, consume)
			return
		}
		g.produce(i-1, func() { g.items(i, s, consume) })
	case *plan.Expand:
		g.produce(i-1, func() { g.expand(i, s, consume) })
	case *plan.Apply:
		g.produce(i-1, func() { g.apply(i, s, consume) })
	case *plan.Lookup:
		g.produce(i-1, func() { g.lookUp(i, s, consume) })
	case *plan.Pairs:
		g.produce(i-1, func() { g.pairSet(i, s); consume() })
	case *plan.Branch:
		g.produce(i-1, func() { g.branch(i, s, consume) })
	case *plan.Walk:
		g.produce(i-1, func() { g.walk(i, s, consume) })
	case *plan.Fetch:
		g.produce(i-1, func() { g.fetch(s); consume() })
	case *plan.Filter:
		g.produce(i-1, func() { g.filter(s.Cond); consume() })
	case *plan.Behind:
		g.produce(i-1, func() { g.behind(s); consume() })
	case *plan.Distinct:
		g.distinct(i, s, consume)
	case *plan.Limit:
		g.limit(i, s, consume)
	case *plan.Sort:
		g.sort(i, s, consume)
	case *plan.Group:
		g.group(i, s, consume)
	default:
		panic(fault("no code for step %T", s))
	}
}

// ---- loops

func (g *gen) cursor(parent uint16) int {
	g.cursors = append(g.cursors, vm.CursorDecl{Parent: parent})
	return len(g.cursors) - 1
}

// row runs code once, over scalars.
func (g *gen) row(f *frame, consume func()) {
	outer := g.frame
	f.more = g.label()
	g.frame = f
	consume()
	g.frame = outer
	g.bind(f.more)
}

// loop runs code for each batch of a cursor that was just opened. Exits asked for inside lead behind the outermost loop, where
// every cursor is closed.
func (g *gen) loop(c int, columns []column, consume func()) {
	outer := g.frame
	f := &frame{parent: outer, cursor: c, columns: columns, more: g.here()}
	end := g.label()
	g.emit(opcodes.Next, uint16(c), uint16(end), 0)
	g.frame = f
	consume()
	g.jump(f.more)
	g.frame = outer
	g.bind(end)
	g.leave(f)
}

// leave writes the ways out of the loops that f is the outermost of.
func (g *gen) leave(f *frame) {
	if len(f.exits) == 0 {
		return
	}
	after := g.label()
	g.jump(after)
	for i, x := range f.exits {
		g.bind(x.label)
		for _, c := range x.cursors {
			g.emit(opcodes.Close, uint16(c), 0, 0)
		}
		switch {
		case x.to != noLabel:
			g.jump(x.to)
		case i < len(f.exits)-1:
			g.jump(after)
		}
	}
	g.bind(after)
}

// open emits the opening of a cursor as the code of its source.
func (g *gen) open(r *sema.Relation, op uint16, c int, from, with uint16) {
	g.at(r.Span, func() { g.emit(op, uint16(c), from, with) })
}

func columnsOf(cols []plan.Column) []column {
	out := make([]column, len(cols))
	for i, c := range cols {
		out[i] = column{c.Is, i}
	}
	return out
}

// accessTo adds an access with the columns of a step.
func (g *gen) accessTo(a vm.Access, step *plan.Access) uint16 {
	a.Table = g.table(step.Rel.Table, step.Rel.Desc)
	a.Columns = plainColumns(step.Columns)
	return g.access(a)
}

func plainColumns(cols []plan.Column) []vm.Column {
	var out []vm.Column
	for _, c := range cols {
		out = append(out, c.Column)
	}
	return out
}

// ---- sources

// get reads one record into registers.
func (g *gen) get(s *plan.Get, consume func()) {
	key := g.before(s.Key)
	access := g.accessTo(vm.Access{Kind: vm.AccessTable}, &s.Access)
	exists := g.newRegs(1 + len(s.Columns))
	g.declare(int(exists), vm.Register{Kind: ops.KindBool})
	f := &frame{cursor: scalars}
	if s.Optional {
		f.keep(sema.IDOf(s.Rel, ops.Span{}), key)
	}
	for i, c := range s.Columns {
		r := g.declare(int(exists)+1+i, vm.Register{Kind: kindOf(c.Is.Type)})
		f.keep(c.Is, r)
	}
	g.at(s.Key.At().Span, func() { g.emit(opcodes.Get, exists, access, key) })
	g.row(f, func() {
		if !s.Optional {
			g.emit(opcodes.JumpIf, exists, ifNotTrue, uint16(f.more))
		}
		consume()
	})
}

func (g *gen) keys(s *plan.Keys, consume func()) {
	list := g.before(s.List)
	a := vm.Access{Kind: vm.AccessTable, InOrder: s.InOrder, Columns: plainColumns(s.Columns), Table: -1}
	if s.Rel.Table == "" {
		a.Kind = vm.AccessRecord
	} else {
		a.Table = g.table(s.Rel.Table, s.Rel.Desc)
	}
	c := g.cursor(0)
	g.open(s.Rel, opcodes.OpenKeys, c, g.access(a), list)
	g.loop(c, columnsOf(s.Columns), consume)
}

// before computes scalars that a source is opened with, outside any row.
func (g *gen) before(es ...sema.Expr) uint16 {
	outer := g.frame
	g.frame = &frame{cursor: scalars}
	base := g.exprs(es)
	g.frame = outer
	return base
}

func (g *gen) keyRange(s *plan.KeyRange, consume func()) {
	base := g.before(append([]sema.Expr{orNone(s.Lo), orNone(s.Hi)}, s.From...)...)
	a := vm.Access{Kind: vm.AccessRange, Reverse: s.Reverse, After: max(0, len(s.From)-1)}
	a.Lo, a.Hi = s.Bound()
	c := g.cursor(0)
	g.open(s.Rel, opcodes.OpenRange, c, g.accessTo(a, &s.Access), base)
	g.loop(c, columnsOf(s.Columns), consume)
}

func (g *gen) indexScan(s *plan.IndexScan, consume func()) {
	values := append(append(append([]sema.Expr{}, s.Equal...), orNone(s.Lo), orNone(s.Hi)), s.From...)
	base := g.before(values...)
	a := vm.Access{Kind: vm.AccessIndex, Index: s.Index.Name, Equal: len(s.Equal), IndexOnly: s.Only, Reverse: s.Reverse, After: max(0, len(s.From)-1)}
	a.Lo, a.Hi = s.Bound()
	c := g.cursor(0)
	g.open(s.Rel, opcodes.OpenIndex, c, g.accessTo(a, &s.Access), base)
	g.loop(c, columnsOf(s.Columns), consume)
}

func orNone(e sema.Expr) sema.Expr {
	if e == nil {
		return &sema.Const{}
	}
	return e
}

// rowsOf reads the rows of a subquery.
func (g *gen) rowsOf(s *plan.Rows, consume func()) {
	g.part(s.Sub, g.rowColumns(s.Rel, s.Sub.Form, s.Sub.Items), consume)
}

// rowColumns are the columns of a relation that has the rows of a query.
func (g *gen) rowColumns(r *sema.Relation, form vm.RowForm, items []sema.Item) (columns []column) {
	if form != vm.RowColumns {
		return []column{{sema.WholeOf(r, ops.Span{}), 0}}
	}
	for i, item := range items {
		columns = append(columns, column{sema.ColumnOf(r, item.Name, item.X.At().Type), i})
	}
	return columns
}

// part reads the rows of a query that is compiled by itself.
func (g *gen) part(pl *plan.Pipeline, columns []column, consume func()) {
	sub := g.fragmentOf(pl)
	outer := g.frame
	g.frame = &frame{cursor: scalars}
	c := g.openFragment(sub)
	g.frame = outer
	g.loop(c, columns, consume)
}

// items reads the elements of a value, for each row at hand if there is one.
func (g *gen) items(i int, s *plan.Items, consume func()) {
	if g.frame == nil {
		g.frame = &frame{cursor: scalars}
		defer func() { g.frame = nil }()
	}
	g.preload(i)
	x := g.fill(g.expr(s.X)) // inside a loop, the elements are children of its rows
	parent := uint16(0)
	if g.regs[x].Vector {
		parent = g.regs[x].Batch + 1
	}
	is := sema.WholeOf(s.Rel, ops.Span{})
	if s.IDs {
		is = sema.IDOf(s.Rel, ops.Span{})
	}
	c := g.cursor(parent)
	g.open(s.Rel, opcodes.OpenItems, c, x, 0)
	g.loop(c, []column{{is, 0}}, consume)
}

// preload reads what is needed of the batch at hand before a loop inside it begins, so that it is read once and not for
// each batch of that loop.
func (g *gen) preload(i int) {
	if g.frame.cursor == scalars {
		return
	}
	g.pipeline.Later(i, func(c *sema.Column) {
		if !g.owns(c.Rel) {
			return
		}
		if !g.provides(c) && len(c.Path) > 0 {
			c = sema.WholeOf(c.Rel, c.Span)
		}
		if g.provides(c) {
			g.expr(c)
		}
	})
}

// expand follows the edges of a vertex.
func (g *gen) expand(i int, s *plan.Expand, consume func()) {
	g.preload(i)
	from := g.fill(g.expr(s.From))
	a := vm.Access{Kind: vm.AccessEdges, Table: -1, Direction: s.Direction, Columns: plainColumns(s.Columns)}
	if s.Table != "" {
		a.Table = g.table(s.Table, s.Edge.Desc)
	}
	c := g.cursor(g.regs[from].Batch + 1)
	g.open(s.Edge, opcodes.OpenEdges, c, g.access(a), from)
	g.loop(c, columnsOf(s.Columns), consume)
}

// fetch reads columns of the records that ids of the batch name.
func (g *gen) fetch(s *plan.Fetch) {
	columns := s.Columns
	if s.Exists {
		columns = append(columns[:len(columns):len(columns)], plan.Column{Column: vm.Column{Kind: vm.ColumnID}, Is: sema.IDOf(s.Rel, ops.Span{})})
	}
	if len(columns) == 0 {
		return
	}
	id := g.fill(g.expr(s.ID))
	base := g.newRegs(len(columns))
	for i, c := range columns {
		g.declare(int(base)+i, vm.Register{Vector: true, Batch: g.regs[id].Batch, Kind: ops.KindAny})
		if !isID(c.Is) || i < len(s.Columns) && s.ReadsID() {
			g.frame.keep(c.Is, base+uint16(i))
		}
	}
	access := g.access(vm.Access{Kind: vm.AccessRecord, Table: -1, Columns: plainColumns(columns)})
	g.at(s.Rel.Span, func() { g.emit(opcodes.Fetch, base, access, id) })
	if s.Exists {
		g.onlyPresent(base + uint16(len(s.Columns)))
	}
}

func isID(c *sema.Column) bool { return len(c.Path) == 1 && c.Path[0] == "id" }

// ---- narrowing

// filter keeps the rows where a condition is true; one that is the same for all rows decides for the batch.
func (g *gen) filter(cond sema.Expr) {
	r := g.expr(cond)
	g.at(cond.At().Span, func() {
		if !g.regs[r].Vector {
			g.emit(opcodes.JumpIf, r, ifNotTrue, uint16(g.frame.more))
			return
		}
		g.emit(opcodes.Filter, g.regs[r].Batch, r, 0)
		g.unlessEmpty()
	})
}

func (g *gen) unlessEmpty() {
	g.emit(opcodes.JumpEmpty, uint16(g.frame.cursor), uint16(g.frame.more), 0)
}
