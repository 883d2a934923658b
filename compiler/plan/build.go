package plan

import (
	"slices"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// Options choose how plans are made.
type Options struct {
	// Off names rules that shall not fire.
	Off []string
	// Catalog has the statistics by which plans are chosen; nil where nothing is known.
	Catalog schema.Catalog
	// Routines are the routines of the program that have been planned: each is, once.
	Routines map[*sema.Routine]*Plan
}

// Make plans one statement.
func Make(body sema.Body, opt Options) *Plan {
	if opt.Routines == nil {
		opt.Routines = map[*sema.Routine]*Plan{}
	}
	p := &planner{plan: newPlan(body, opt), rules: rules, off: map[string]bool{}, catalog: opt.Catalog, opt: opt}
	for _, name := range opt.Off {
		p.off[name] = true
	}
	switch b := body.(type) {
	case *sema.Query:
		p.plan.Root = p.query(b, false)
	case *sema.Write:
		p.plan.Root = p.write(b)
	case *sema.Values:
		p.plan.Root = p.finish(valueRow(b))
	case *sema.Let:
		p.plan.Root = p.finish(&Pipeline{Steps: []Step{&One{}}, Items: []sema.Item{{Name: "value", X: b.Value}}, Form: vm.RowValue})
	case *sema.Routine:
		p.routine(b)
	}
	return p.plan
}

// valueRow is the pipeline of one value: bare, or as a column where it has a name.
func valueRow(v *sema.Values) *Pipeline {
	if v.Name != "" {
		return &Pipeline{Steps: []Step{&One{}}, Items: []sema.Item{{Name: v.Name, X: v.X}}, Form: vm.RowColumns}
	}
	return &Pipeline{Steps: []Step{&One{}}, Items: []sema.Item{{Name: "value", X: v.X}}, Form: vm.RowValue}
}

func newPlan(body sema.Body, opt Options) *Plan {
	return &Plan{Body: body, Subqueries: map[*sema.Query]*Pipeline{}, Routines: opt.Routines}
}

type planner struct {
	plan  *Plan
	opt   Options
	rules []rule
	off   map[string]bool
	// catalog has statistics; nil where nothing is known.
	catalog schema.Catalog
	// made counts the queries that rules made, downwards from 0: their numbers are none of the statement's own.
	made int
}

// finish applies the rules to a pipeline and plans the subqueries that are then in it.
func (p *planner) finish(pl *Pipeline) *Pipeline {
	p.fire(pl, false)
	joinSides(p, pl)
	p.fire(pl, true)
	defaultColumns(pl)
	pl.eachExpr(0, p.subqueries)
	return pl
}

// fire applies the rules that are late, or those that are not.
func (p *planner) fire(pl *Pipeline, late bool) {
	for i := range p.rules {
		if r := &p.rules[i]; r.late == late && !p.off[r.name] && r.apply(p, pl) {
			pl.fired = append(pl.fired, r.name)
		}
	}
}

func (p *planner) subqueries(e sema.Expr) {
	sema.Walk(e, func(x sema.Expr) bool {
		switch x := x.(type) {
		case *sema.Subquery:
			p.subquery(x)
		case *sema.Run:
			p.called(x.Routine)
		}
		return true
	})
}

func (p *planner) subquery(s *sema.Subquery) {
	switch {
	case p.plan.Subqueries[s.Query] != nil:
	case s.Write != nil:
		p.plan.Subqueries[s.Query] = p.write(s.Write)
	default:
		p.plan.Subqueries[s.Query] = p.query(s.Query, false)
	}
}

// query builds the pipeline that the language describes and applies the rules to it. keyOrder is that of the query around it.
func (p *planner) query(q *sema.Query, keyOrder bool) *Pipeline {
	pl := &Pipeline{Query: q, Items: q.Items, Form: q.Form}
	pl.KeyOrder = (keyOrder || q.Start != nil || q.Limit != nil) && !q.Grouped && len(q.Order) == 0
	p.sources(pl, q)
	if q.Grouped {
		pl.Steps = append(pl.Steps, groupOf(q))
		if q.Having != nil {
			pl.Steps = append(pl.Steps, &Filter{q.Having})
		}
	}
	if q.Distinct {
		d := &Distinct{}
		for _, i := range q.Items {
			d.Of = append(d.Of, i.X)
		}
		pl.Steps = append(pl.Steps, d)
	}
	order, start := q.Order, q.Start
	if pl.Page = p.page(pl, q); pl.Page != nil {
		if len(order) > 0 || q.Grouped {
			order = pl.Page.Keys
		}
		if pl.Page.After != nil {
			pl.Steps = append(pl.Steps, &Behind{Keys: slices.Clone(pl.Page.Keys), Inclusive: !pl.Page.Whole})
			start = pageStart(pl.Page, start)
		}
	}
	if len(order) > 0 {
		pl.Steps = append(pl.Steps, &Sort{Keys: append([]sema.Order{}, order...)})
	}
	if start != nil || q.Limit != nil {
		pl.Steps = append(pl.Steps, &Limit{start, q.Limit})
	}
	return p.finish(pl)
}

// sources adds the sources and the condition.
func (p *planner) sources(pl *Pipeline, q *sema.Query) {
	for _, s := range q.From {
		p.addSource(pl, s)
	}
	if len(q.From) == 0 {
		pl.Steps = append(pl.Steps, oneRow(q))
	}
	p.fetches(pl, q)
	if q.Where != nil {
		pl.Steps = append(pl.Steps, &Filter{q.Where})
	}
}

// oneRow is the source of a query without FROM: scalars, or where a step needs batches, a batch of one row.
func oneRow(q *sema.Query) Step {
	if !q.Distinct && q.Start == nil && q.Limit == nil {
		return &One{}
	}
	return &Items{Rel: &sema.Relation{Kind: sema.RelValues}, X: listOf(constant(ops.None))}
}

func (p *planner) source(pl *Pipeline, s sema.Source) {
	add := func(s Step) { pl.Steps = append(pl.Steps, s) }
	switch s := s.(type) {
	case *sema.AllSource:
		add(&ScanAll{Access{Rel: s.Rel}})
	case *sema.TableSource:
		add(&Scan{Access: Access{Rel: s.Rel}})
	case *sema.KeySource:
		list := s.Key
		if !s.List {
			list = listOf(s.Key)
		}
		add(&Keys{Access: Access{Rel: s.Rel}, List: list, InOrder: s.List})
	case *sema.RangeSource:
		add(&KeyRange{Access: Access{Rel: s.Rel}, Bounds: Bounds{Lo: s.Lo, Hi: s.Hi, HiInclusive: s.Inclusive}})
	case *sema.ItemSource:
		add(&Items{Rel: s.Rel, X: s.X, IDs: s.Rel.IsRecord()})
	case *sema.QuerySource:
		add(&Rows{Rel: s.Rel, Sub: p.query(s.Query, pl.KeyOrder)})
	case *sema.SetSource:
		set := &Set{Rel: s.Rel, Kind: s.Kind, All: s.All}
		for _, q := range s.Parts {
			set.Parts = append(set.Parts, p.query(q, pl.KeyOrder))
		}
		add(set)
	case *sema.HopSource:
		add(&Expand{From: s.From, Edge: s.Edge, Vertex: s.Vertex, Table: s.EdgeTable, Direction: s.Direction})
		for _, c := range hopConditions(s) {
			add(&Filter{c})
		}
	case *sema.BranchSource:
		p.branch(pl, s)
	case *sema.WalkSource:
		p.walk(pl, s)
	}
}

// listOf makes the list of one value.
func listOf(x sema.Expr) sema.Expr {
	return &sema.Sequence{Info: sema.Info{Span: x.At().Span, Type: ops.TypeOf(ops.KindList)}, Items: []sema.Expr{x}}
}

// hopConditions are what a hop asks of its edge and vertex.
func hopConditions(s *sema.HopSource) (cs []sema.Expr) {
	if s.EdgeKey != nil {
		cs = append(cs, compare(opcodes.Eq, sema.IDOf(s.Edge, s.Span), s.EdgeKey))
	}
	if s.Bound != nil {
		cs = append(cs, compare(opcodes.Eq, sema.IDOf(s.Vertex, s.Span), s.Bound))
	}
	if len(s.Tables) > 0 && !tableImplied(s) {
		cs = append(cs, sema.LinkInto(sema.IDOf(s.Vertex, s.Span), s.Tables))
	}
	return append(cs, s.Where...)
}

// tableImplied reports whether the edge's definition says already which table the vertex is of.
func tableImplied(s *sema.HopSource) bool {
	d := s.Edge.Desc
	if d == nil || len(s.Tables) != 1 {
		return false
	}
	ends := map[int][]string{0: {d.To}, 1: {d.From}, 2: {d.From, d.To}}[int(s.Direction)]
	for _, t := range ends {
		if t != s.Tables[0] {
			return false
		}
	}
	return true
}

func compare(op uint16, a, b sema.Expr) sema.Expr {
	return &sema.Binary{Info: sema.Info{Span: b.At().Span, Type: ops.TypeOf(ops.KindBool)}, Op: op, Left: a, Right: b}
}

// fetches puts a Fetch behind every step that gives ids of records of which more than the id is read.
func (p *planner) fetches(pl *Pipeline, q *sema.Query) {
	var steps []Step
	for _, s := range pl.Steps {
		if j, ok := s.(*Join); ok {
			p.fetches(j.Left, q)
			p.fetches(j.Right, q)
		}
		steps = append(steps, s)
		for _, r := range idsOf(s) {
			if readsFields(pl, q, r) {
				steps = append(steps, &Fetch{Access: Access{Rel: r}, ID: sema.IDOf(r, q.Span)})
			}
		}
	}
	pl.Steps = steps
}

// idsOf are the relations of whose records a step gives no more than the ids.
func idsOf(s Step) []*sema.Relation {
	switch s := s.(type) {
	case *Items:
		if s.IDs {
			return []*sema.Relation{s.Rel}
		}
	case *Expand:
		return []*sema.Relation{s.Vertex}
	case *Walk:
		return []*sema.Relation{s.Source.At}
	case *Branch:
		if s.Source.Lists {
			return []*sema.Relation{s.Source.Vertex}
		}
		return []*sema.Relation{s.Source.Edge, s.Source.Vertex}
	}
	return nil
}

// readsFields reports whether the query reads more of a relation than its id.
func readsFields(pl *Pipeline, q *sema.Query, r *sema.Relation) (more bool) {
	look := func(e sema.Expr) {
		sema.Columns(e, func(c *sema.Column) {
			more = more || c.Rel == r && !isID(c)
		})
	}
	q.Exprs(look)
	pl.eachExpr(0, look)
	return more
}

func isID(c *sema.Column) bool { return len(c.Path) == 1 && c.Path[0] == "id" }

func groupOf(q *sema.Query) *Group {
	g := &Group{Keys: append([]sema.Expr{}, q.Group...)}
	collect := func(e sema.Expr) {
		sema.Walk(e, func(x sema.Expr) bool {
			a, ok := x.(*sema.Aggregate)
			if !ok {
				return true
			}
			for _, b := range g.Aggregates {
				if sema.Same(a, b) {
					return false
				}
			}
			g.Aggregates = append(g.Aggregates, a)
			return false
		})
	}
	for _, i := range q.Items {
		collect(i.X)
	}
	collect(q.Having)
	for _, o := range q.Order {
		collect(o.X)
	}
	return g
}

// write builds the pipeline of the rows that a write works on. What changes records while it reads others could meet its own
// changes, so all rows are held back until the reading is done, unless they are known beforehand or nothing is read but one scan: a
// cursor sees the state as it was when it was opened.
func (p *planner) write(w *sema.Write) *Pipeline {
	pl := &Pipeline{Query: w.From, Write: w}
	if w.Kind == sema.WriteUpsert {
		upsertSources(w)
	}
	if key, ok := blindDelete(w); ok {
		w.Key = key
		pl.Steps = []Step{&One{}}
		return p.finish(pl)
	}
	p.sources(pl, w.From)
	if readsStore(pl) && !oneScan(pl) {
		pl.Steps = append(pl.Steps, &Sort{})
	}
	return p.finish(pl)
}

// oneScan reports whether a write reads no records but those of one scan of a table, as they come.
func oneScan(pl *Pipeline) bool {
	for i, s := range pl.Steps {
		switch s.(type) {
		case *Scan, *KeyRange:
			if i > 0 {
				return false
			}
		case *Filter:
		default:
			return false
		}
	}
	alone := true
	pl.eachExpr(0, func(e sema.Expr) { alone = alone && readsNothing(e) })
	return alone
}

// readsNothing reports whether an expression looks at its row alone: it follows no link, and runs nothing that may read.
func readsNothing(e sema.Expr) bool {
	alone := true
	sema.Walk(e, func(x sema.Expr) bool {
		switch x := x.(type) {
		case *sema.Const, *sema.Param, *sema.Var, *sema.Local, *sema.Column, *sema.Unary, *sema.Binary, *sema.If, *sema.Sequence, *sema.Object,
			*sema.Range, *sema.Record, *sema.InTable, *sema.Elements, *sema.Assign, *sema.AssignAt, *sema.Omit, *sema.Cast, *sema.Once, *sema.After:
		case *sema.Call:
			alone = alone && x.Reads == nil
		default: // a field may be behind a link
			alone = false
		}
		return alone
	})
	return alone
}

// readsStore reports whether the rows of a pipeline come out of tables, where the write could meet them again.
func readsStore(pl *Pipeline) bool {
	for _, s := range pl.Steps {
		switch s.(type) {
		case *Scan, *ScanAll, *Keys, *KeyRange, *Rows, *Set, *Expand, *Branch, *Join, *Apply:
			return true
		}
	}
	return false
}

// upsertSources makes of the records to upsert rows that are there whether or not the records are.
func upsertSources(w *sema.Write) {
	for i, s := range w.From.From {
		if k, ok := s.(*sema.KeySource); ok {
			w.From.From[i] = &sema.ItemSource{Rel: k.Rel, X: k.Key, Span: k.Span}
		}
	}
}

// blindDelete: a record that is deleted by id, without condition and without being shown, need not be read.
func blindDelete(w *sema.Write) (sema.Expr, bool) {
	if w.Kind != sema.WriteDelete || w.From.Where != nil || w.Items != nil || len(w.From.From) != 1 {
		return nil, false
	}
	k, ok := w.From.From[0].(*sema.KeySource)
	if !ok || k.List {
		return nil, false
	}
	return k.Key, true
}
