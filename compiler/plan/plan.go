// Package plan decides how a resolved query runs. A query becomes a pipeline: rows flow from its first step through
// the others to the reader. It is built as the language describes it (scan, filter, group, sort, limit) and then
// changed by rules, each of which has a name, a reason, and a case where it must not fire (rules.go).
package plan

import (
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// Plan is how one statement runs.
type Plan struct {
	Body sema.Body
	// Root is the pipeline of a query or of the rows that a write works on; nil for other statements.
	Root *Pipeline
	// Subqueries are the pipelines of the queries that expressions hold.
	Subqueries map[*sema.Query]*Pipeline
	// Routines are the plans of what is called.
	Routines map[*sema.Routine]*Plan
}

// Pipeline is how the rows of a query come about.
type Pipeline struct {
	Query *sema.Query
	Steps []Step // the first is a source
	// Items are what is made of a row at the end; of a write's pipeline there are none, the write takes the rows.
	Items []sema.Item
	Form  vm.RowForm
	// Write is set where the rows are for a write.
	Write *sema.Write
	// Page is how the result can be continued; nil: it cannot.
	Page *Page
	// KeyOrder is set where the order in which the source gives its rows decides which rows are seen in the end: LIMIT without
	// ORDER BY, in this query or in the one around it, is in key order.
	KeyOrder bool
	// Notes say why indexes were not used.
	Notes []string
	// of are relations of the query whose rows come from outside: those that an Apply runs the pipeline for.
	of map[*sema.Relation]bool
	// fired are the rules that changed the pipeline, in order.
	fired []string
}

// Step is one step of a pipeline.
type Step interface {
	// exprs are the expressions that the step evaluates, in order.
	exprs() []sema.Expr
	// rewrite replaces them by f of them.
	rewrite(f func(sema.Expr) sema.Expr)
	describe(d *describer)
}

// Access is a step that reads records of a relation; Columns is filled in by prune-columns.
type Access struct {
	Rel     *sema.Relation
	Columns []Column
}

// Column is one column that an access reads, and the expression that it is the value of.
type Column struct {
	vm.Column
	Is *sema.Column
}

// ---- sources

type (
	// One is a single row without columns: a query without FROM.
	One struct{}
	// Scan is every record of a table, in key order.
	Scan struct {
		Access
		Reverse bool
	}
	// Get is one record by its id, read as scalars. With Optional the row is there even if the record is not.
	Get struct {
		Access
		Key      sema.Expr
		Optional bool
	}
	// Keys is the records with the ids in a list: in key order and each once, or with InOrder as listed.
	Keys struct {
		Access
		List    sema.Expr
		InOrder bool
	}
	// KeyRange is the records whose keys lie in a range.
	KeyRange struct {
		Access
		Bounds
		From []sema.Expr // the position that AFTER gives, behind whether it gives one; nil without
	}
	// IndexScan is the records that an index has for some leading values and a range of the next field.
	IndexScan struct {
		Access
		Bounds
		Index *schema.Index
		Equal []sema.Expr
		From  []sema.Expr // as that of KeyRange
		// Only says that the index holds every column that is wanted.
		Only bool
	}
	// Rows is the rows of a subquery.
	Rows struct {
		Rel *sema.Relation
		Sub *Pipeline
	}
	// Set is the rows of several queries, put together; Rel has their columns.
	Set struct {
		Rel   *sema.Relation
		Kind  sema.SetKind
		All   bool
		Parts []*Pipeline
	}
	// Items is the elements of a value; with IDs they are the ids of Rel's records, which need not be read.
	// It may stand behind other steps, and then adds its elements to each of their rows.
	Items struct {
		Rel *sema.Relation
		X   sema.Expr
		IDs bool
	}
)

// Bounds are the ends of a range; an open end is nil.
type Bounds struct {
	Lo, Hi                   sema.Expr
	LoExclusive, HiInclusive bool
	Reverse                  bool
}

// ---- steps between

type (
	// Expand adds to each row the edges of a vertex, and the vertices at their far ends.
	Expand struct {
		From         sema.Expr
		Edge, Vertex *sema.Relation
		Table        string // "" for every edge table
		Direction    vm.Direction
		Columns      []Column
	}
	// Fetch adds to each row the fields of a record whose id it has, in one sorted batch. With Exists, rows whose record
	// does not exist go; with Outer they stay, and the record's own id is read to tell them.
	Fetch struct {
		Access
		ID            sema.Expr
		Exists, Outer bool
	}
	// Filter keeps the rows where the condition is true.
	Filter struct{ Cond sema.Expr }
	// Group makes a row of each group.
	Group struct {
		Keys       []sema.Expr
		Aggregates []*sema.Aggregate
	}
	// Distinct keeps the first row of each combination of values.
	Distinct struct{ Of []sema.Expr }
	// Sort orders the rows; with Limit it keeps only so many. Without keys it only holds the rows back until all
	// are there.
	Sort struct {
		Keys  []sema.Order
		Limit sema.Expr
	}
	// Limit lets some rows through, after leaving some out.
	Limit struct{ Start, Count sema.Expr }
)

func (s *One) exprs() []sema.Expr      { return nil }
func (s *Scan) exprs() []sema.Expr     { return nil }
func (s *Get) exprs() []sema.Expr      { return []sema.Expr{s.Key} }
func (s *Keys) exprs() []sema.Expr     { return []sema.Expr{s.List} }
func (s *KeyRange) exprs() []sema.Expr { return append(present(s.Lo, s.Hi), s.From...) }
func (s *IndexScan) exprs() []sema.Expr {
	return append(append(append([]sema.Expr{}, s.Equal...), present(s.Lo, s.Hi)...), s.From...)
}
func (s *Rows) exprs() []sema.Expr   { return nil }
func (s *Set) exprs() []sema.Expr    { return nil }
func (s *Items) exprs() []sema.Expr  { return []sema.Expr{s.X} }
func (s *Expand) exprs() []sema.Expr { return []sema.Expr{s.From} }
func (s *Fetch) exprs() []sema.Expr  { return []sema.Expr{s.ID} }
func (s *Filter) exprs() []sema.Expr { return []sema.Expr{s.Cond} }
func (s *Group) exprs() []sema.Expr {
	es := append([]sema.Expr{}, s.Keys...)
	for _, a := range s.Aggregates {
		es = append(es, a)
	}
	return es
}
func (s *Distinct) exprs() []sema.Expr { return s.Of }
func (s *Sort) exprs() []sema.Expr {
	var es []sema.Expr
	for _, k := range s.Keys {
		es = append(es, k.X)
	}
	return append(es, present(s.Limit)...)
}
func (s *Limit) exprs() []sema.Expr { return present(s.Start, s.Count) }

func (s *One) rewrite(func(sema.Expr) sema.Expr)         {}
func (s *Scan) rewrite(func(sema.Expr) sema.Expr)        {}
func (s *Rows) rewrite(func(sema.Expr) sema.Expr)        {}
func (s *Set) rewrite(func(sema.Expr) sema.Expr)         {}
func (s *Get) rewrite(f func(sema.Expr) sema.Expr)       { s.Key = f(s.Key) }
func (s *Keys) rewrite(f func(sema.Expr) sema.Expr)      { s.List = f(s.List) }
func (s *KeyRange) rewrite(f func(sema.Expr) sema.Expr)  { s.Bounds.rewrite(f) }
func (s *IndexScan) rewrite(f func(sema.Expr) sema.Expr) { s.Bounds.rewrite(f); rewriteAll(s.Equal, f) }
func (s *Items) rewrite(f func(sema.Expr) sema.Expr)     { s.X = f(s.X) }
func (s *Expand) rewrite(f func(sema.Expr) sema.Expr)    { s.From = f(s.From) }
func (s *Fetch) rewrite(f func(sema.Expr) sema.Expr)     { s.ID = f(s.ID) }
func (s *Filter) rewrite(f func(sema.Expr) sema.Expr)    { s.Cond = f(s.Cond) }
func (s *Distinct) rewrite(f func(sema.Expr) sema.Expr)  { rewriteAll(s.Of, f) }
func (s *Limit) rewrite(f func(sema.Expr) sema.Expr) {
	s.Start, s.Count = maybe(s.Start, f), maybe(s.Count, f)
}
func (s *Group) rewrite(f func(sema.Expr) sema.Expr) {
	rewriteAll(s.Keys, f)
	for i, a := range s.Aggregates {
		if b, ok := f(a).(*sema.Aggregate); ok {
			s.Aggregates[i] = b
		}
	}
}
func (s *Sort) rewrite(f func(sema.Expr) sema.Expr) {
	for i := range s.Keys {
		s.Keys[i].X = f(s.Keys[i].X)
	}
	s.Limit = maybe(s.Limit, f)
}

func (b *Bounds) rewrite(f func(sema.Expr) sema.Expr) { b.Lo, b.Hi = maybe(b.Lo, f), maybe(b.Hi, f) }

func maybe(e sema.Expr, f func(sema.Expr) sema.Expr) sema.Expr {
	if e == nil {
		return nil
	}
	return f(e)
}

func rewriteAll(es []sema.Expr, f func(sema.Expr) sema.Expr) {
	for i := range es {
		es[i] = f(es[i])
	}
}

func present(es ...sema.Expr) (ps []sema.Expr) {
	for _, e := range es {
		if e != nil {
			ps = append(ps, e)
		}
	}
	return ps
}

// Bound says what one end of a range is, as a program writes it.
func (b *Bounds) Bound() (lo, hi vm.Bound) {
	if b.Lo != nil {
		lo = vm.Inclusive
		if b.LoExclusive {
			lo = vm.Exclusive
		}
	}
	if b.Hi != nil {
		hi = vm.Exclusive
		if b.HiInclusive {
			hi = vm.Inclusive
		}
	}
	return lo, hi
}

// eachExpr calls f for every expression of the pipeline from step i on, and of what is made of its rows.
func (p *Pipeline) eachExpr(i int, f func(sema.Expr)) {
	for _, s := range p.Steps[i:] {
		for _, e := range s.exprs() {
			f(e)
		}
	}
	for _, e := range p.Outputs() {
		f(e)
	}
	if i == 0 && p.Query != nil && p.Query.Version != nil {
		f(p.Query.Version)
	}
}

// Outputs are the expressions evaluated at the end of the pipeline.
func (p *Pipeline) Outputs() []sema.Expr {
	var es []sema.Expr
	for _, i := range p.Items {
		es = append(es, i.X)
	}
	if p.Page != nil {
		for _, k := range p.Page.Keys {
			es = append(es, k.X)
		}
		es = append(es, present(p.Page.Limit, p.Page.After)...)
	}
	if w := p.Write; w != nil {
		es = append(es, present(w.Key, w.New, w.In, w.Out)...)
		if w.Kind != sema.WriteDelete {
			es = append(es, present(w.Old)...)
		}
		for _, i := range w.Items {
			es = append(es, i.X)
		}
	}
	return es
}

// Later calls f for every column that is read behind step i.
func (p *Pipeline) Later(i int, f func(*sema.Column)) {
	p.eachExpr(i+1, func(e sema.Expr) { sema.Columns(e, f) })
}

// rewrite replaces every expression of the pipeline.
func (p *Pipeline) rewrite(f func(sema.Expr) sema.Expr) {
	for _, s := range p.Steps {
		s.rewrite(f)
	}
	for i := range p.Items {
		p.Items[i].X = f(p.Items[i].X)
	}
	if p.Page != nil {
		for i := range p.Page.Keys {
			p.Page.Keys[i].X = f(p.Page.Keys[i].X)
		}
		p.Page.Limit, p.Page.After = maybe(p.Page.Limit, f), maybe(p.Page.After, f)
	}
	if w := p.Write; w != nil {
		w.Key, w.Old, w.New = maybe(w.Key, f), maybe(w.Old, f), maybe(w.New, f)
		w.In, w.Out = maybe(w.In, f), maybe(w.Out, f)
		for i := range w.Items {
			w.Items[i].X = f(w.Items[i].X)
		}
	}
}

func constant(v ops.Value) sema.Expr {
	c := &sema.Const{Value: v}
	c.Type = ops.TypeOf(v.Kind())
	return c
}

// Exprs are the expressions that a step evaluates.
func Exprs(s Step) []sema.Expr { return s.exprs() }
