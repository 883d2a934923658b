package plan

import (
	"slices"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

type (
	// Join is where two pipelines meet; it is the first step of a pipeline. The rows of Right are kept in memory by the keys, those
	// of Left stream past them. Without keys each row of Left meets every row of Right.
	Join struct {
		Left, Right *Pipeline
		// Outer keeps the rows of Left that meet none: LEFT JOIN.
		Outer bool
		// LeftKeys and RightKeys are equal in a pair, each computed on its own side.
		LeftKeys, RightKeys []sema.Expr
		// On are the conditions of a LEFT JOIN that are tested for each pair.
		On []sema.Expr
		// Merge is set where both sides come in the order of the keys, and none is kept.
		Merge bool
		// Sides says why the sides are as they are; the estimates are of their rows.
		Sides               string
		leftRows, rightRows float64
	}
	// Apply runs a pipeline for each row, whose columns it may read: a source that depends on those to its left. Outer keeps the
	// rows for which it gives nothing.
	Apply struct {
		Right *Pipeline
		Rels  []*sema.Relation // that it adds
		Outer bool
	}
	// ScanAll is every record of every table.
	ScanAll struct{ Access }
)

func (s *ScanAll) exprs() []sema.Expr                { return nil }
func (s *ScanAll) rewrite(func(sema.Expr) sema.Expr) {}
func (j *Join) exprs() []sema.Expr                   { return j.On }
func (j *Join) rewrite(f func(sema.Expr) sema.Expr)  { rewriteAll(j.On, f) }
func (s *Apply) rewrite(func(sema.Expr) sema.Expr)   {}

// exprs are the columns of the rows at hand that the pipeline reads.
func (s *Apply) exprs() (es []sema.Expr) {
	s.Right.outside(func(c *sema.Column) {
		if s.Right.Query.Owns(c.Rel) || s.Right.of[c.Rel] {
			es = append(es, c)
		}
	})
	return es
}

// outside calls f for every column that the pipeline reads and that is none of its own.
func (pl *Pipeline) outside(f func(*sema.Column)) {
	look := func(c *sema.Column) {
		if !pl.Owns(c.Rel) {
			f(c)
		}
	}
	pl.eachExpr(0, func(e sema.Expr) { sema.Columns(e, look) })
	for _, s := range pl.Steps {
		for _, side := range sidesOf(s) {
			side.outside(look)
		}
	}
}

// sidesOf are the pipelines that a step has its rows of.
func sidesOf(s Step) []*Pipeline {
	switch s := s.(type) {
	case *Join:
		return []*Pipeline{s.Left, s.Right}
	case *Apply:
		return []*Pipeline{s.Right}
	case *Rows:
		return []*Pipeline{s.Sub}
	}
	return nil
}

// Owns reports whether a relation's rows come out of the pipeline: those of its query do, but for those that an Apply gives it.
func (pl *Pipeline) Owns(r *sema.Relation) bool {
	return (pl.Query == nil || pl.Query.Owns(r)) && !pl.of[r]
}

// relations are those whose rows come out of the steps.
func (pl *Pipeline) relations() (rs []*sema.Relation) {
	for _, s := range pl.Steps {
		rs = append(rs, relationsOf(s)...)
	}
	return rs
}

func relationsOf(s Step) []*sema.Relation {
	if a := accessOf(s); a != nil {
		return []*sema.Relation{a.Rel}
	}
	switch s := s.(type) {
	case *Items:
		return []*sema.Relation{s.Rel}
	case *Rows:
		return []*sema.Relation{s.Rel}
	case *Expand:
		return []*sema.Relation{s.Edge, s.Vertex}
	case *PathCounts:
		return []*sema.Relation{s.N}
	case *Set:
		return []*sema.Relation{s.Rel}
	case *Branch:
		return []*sema.Relation{s.Source.Edge, s.Source.Vertex, s.Source.Between, s.Source.Which}
	case *Apply:
		return s.Rels
	case *Join:
		return append(s.Left.relations(), s.Right.relations()...)
	}
	return nil
}

// reads reports whether an expression reads a column of one of the relations.
func reads(e sema.Expr, rs []*sema.Relation) (found bool) {
	sema.Columns(e, func(c *sema.Column) { found = found || slices.Contains(rs, c.Rel) })
	return found
}

// ---- sources

// addSource adds a source to those before it: one that reads their rows is run for each of them, any other is joined.
func (p *planner) addSource(pl *Pipeline, s sema.Source) {
	if len(pl.Steps) == 0 {
		p.source(pl, s)
		return
	}
	needs := needsOf(s, pl.relations())
	if left, ok := s.(*sema.LeftSource); ok {
		p.leftJoin(pl, left, len(needs) > 0)
		return
	}
	if len(needs) == 0 {
		right := p.side(pl)
		p.source(right, s)
		pl.Steps = []Step{&Join{Left: p.leftSide(pl), Right: right}}
		return
	}
	// What reads only the right side of the last join belongs to it.
	if j, ok := pl.Steps[len(pl.Steps)-1].(*Join); ok && !j.Outer && !reads(columnsAs(needs), j.Left.relations()) {
		p.addSource(j.Right, s)
		return
	}
	switch s := s.(type) {
	case *sema.ItemSource, *sema.HopSource, *sema.BranchSource:
		p.source(pl, s)
	case *sema.KeySource:
		pl.Steps = append(pl.Steps, &Items{Rel: s.Rel, X: s.Key, IDs: true})
		if s.Rel.Table != "" {
			pl.Steps = append(pl.Steps, &Filter{sema.LinkInto(sema.IDOf(s.Rel, s.Span), []string{s.Rel.Table})})
		}
		pl.Steps = append(pl.Steps, &Fetch{Access: Access{Rel: s.Rel}, ID: sema.IDOf(s.Rel, s.Span), Exists: true})
	default:
		p.apply(pl, []sema.Source{s}, nil, false)
	}
}

// columnsAs makes a list of columns one expression.
func columnsAs(cs []*sema.Column) sema.Expr {
	l := &sema.Sequence{}
	for _, c := range cs {
		l.Items = append(l.Items, c)
	}
	return l
}

// needsOf are the columns of other relations that a source reads.
func needsOf(s sema.Source, rels []*sema.Relation) (cs []*sema.Column) {
	note := func(c *sema.Column) {
		if slices.Contains(rels, c.Rel) {
			cs = append(cs, c)
		}
	}
	if left, ok := s.(*sema.LeftSource); ok { // its condition is another thing
		for _, of := range left.From {
			cs = append(cs, needsOf(of, rels)...)
		}
		return cs
	}
	for _, e := range sema.SourceExprs(s) {
		sema.Columns(e, note)
	}
	sema.OuterOf(s, note)
	return cs
}

// side begins a pipeline of the same query.
func (p *planner) side(pl *Pipeline) *Pipeline {
	return &Pipeline{Query: pl.Query, KeyOrder: pl.KeyOrder, of: pl.of}
}

// leftSide makes a side of the steps so far.
func (p *planner) leftSide(pl *Pipeline) *Pipeline {
	left := p.side(pl)
	left.Steps = pl.Steps
	return left
}

func (p *planner) leftJoin(pl *Pipeline, s *sema.LeftSource, depends bool) {
	if depends {
		p.apply(pl, s.From, s.On, true)
		return
	}
	right := p.side(pl)
	for _, of := range s.From {
		p.addSource(right, of)
	}
	j := &Join{Left: p.leftSide(pl), Right: right, Outer: true}
	if s.On != nil {
		j.On = sema.Conjuncts(s.On, opcodes.And)
	}
	pl.Steps = []Step{j}
}

// apply adds sources that read the rows before them.
func (p *planner) apply(pl *Pipeline, from []sema.Source, on sema.Expr, outer bool) {
	right := p.side(pl)
	right.KeyOrder = false
	right.of = map[*sema.Relation]bool{}
	for r := range pl.of {
		right.of[r] = true
	}
	for _, r := range pl.relations() {
		right.of[r] = true
	}
	for _, s := range from {
		p.addSource(right, s)
	}
	p.fetches(right, pl.Query)
	if on != nil {
		right.Steps = append(right.Steps, &Filter{on})
	}
	pl.Steps = append(pl.Steps, &Apply{Right: right, Rels: right.relations(), Outer: outer})
}

// ---- rules

// pushIntoJoin moves conditions to the side of a join that they are about, and makes keys of equalities between the two sides. Of
// the conditions of a LEFT JOIN those on the right side alone move there.
//
// It must not move a condition that can fail: it would be asked for rows that meet no other. Nor does a condition of WHERE on the
// right side of a LEFT JOIN move below it, where it would turn rows that fail it into rows of none: `LEFT JOIN … WHERE b.x == none`
// keeps the rows without b.
func pushIntoJoin(_ *planner, pl *Pipeline) bool {
	j, ok := pl.Steps[0].(*Join)
	if !ok {
		return false
	}
	left, right := j.Left.relations(), j.Right.relations()
	changed := false
	for i := 1; i < len(pl.Steps); {
		f, ok := pl.Steps[i].(*Filter)
		if !ok {
			break
		}
		if !j.take(f.Cond, left, right, false) {
			i++
			continue
		}
		pl.Steps = slices.Delete(pl.Steps, i, i+1)
		changed = true
	}
	j.On = slices.DeleteFunc(j.On, func(e sema.Expr) bool {
		took := j.take(e, left, right, true)
		changed = changed || took
		return took
	})
	return changed
}

// take finds a place in the join for a condition: of WHERE, or of ON.
func (j *Join) take(cond sema.Expr, left, right []*sema.Relation, on bool) bool {
	if !infallible(cond) {
		return false
	}
	ofLeft, ofRight := reads(cond, left), reads(cond, right)
	switch {
	case ofLeft && !ofRight && !on:
		j.Left.Steps = append(j.Left.Steps, &Filter{cond})
		return true
	case ofRight && !ofLeft && (on || !j.Outer):
		j.Right.Steps = append(j.Right.Steps, &Filter{cond})
		return true
	case ofLeft && ofRight && (on || !j.Outer):
		return j.key(cond, left, right)
	}
	return false
}

// key makes a pair of keys of an equality.
func (j *Join) key(cond sema.Expr, left, right []*sema.Relation) bool {
	b, ok := cond.(*sema.Binary)
	if !ok || b.Op != opcodes.Eq {
		return false
	}
	for _, pair := range [][2]sema.Expr{{b.Left, b.Right}, {b.Right, b.Left}} {
		if !reads(pair[0], right) && !reads(pair[1], left) {
			j.LeftKeys, j.RightKeys = append(j.LeftKeys, pair[0]), append(j.RightKeys, pair[1])
			return true
		}
	}
	return false
}

// joinSides plans the sides of joins and the pipelines that run for each row: what they must hand on is known now.
//
// It is no choice, and cannot be left out.
func joinSides(p *planner, pl *Pipeline) {
	for i, s := range pl.Steps {
		switch s := s.(type) {
		case *Join:
			// A column that a key is goes through as the key's neighbour; what is read of both is handed on once by each side.
			s.Left.Items = atLeastOneItem(append(itemsOf(s.LeftKeys), p.handed(pl, i, s.On, s.Left.relations())...))
			s.Right.Items = atLeastOneItem(append(itemsOf(s.RightKeys), p.handed(pl, i, s.On, s.Right.relations())...))
			p.finish(s.Left)
			p.finish(s.Right)
			s.leftRows, s.rightRows = p.rows(s.Left), p.rows(s.Right)
		case *Apply:
			if s.Right.Items == nil {
				s.Right.Items = atLeastOneItem(p.handed(pl, i, nil, s.Rels))
			}
			p.finish(s.Right)
		}
	}
}

// atLeastOneItem: a row has a column, else there would be nothing to write where rows are put aside.
func atLeastOneItem(items []sema.Item) []sema.Item {
	if len(items) == 0 {
		items = append(items, sema.Item{Name: "row", X: constant(ops.Bool(true))})
	}
	return items
}

func itemsOf(es []sema.Expr) (items []sema.Item) {
	for _, e := range es {
		items = append(items, sema.Item{Name: "key", X: e})
	}
	return items
}

// handed are the columns of relations that are read behind step i and by the conditions of a join there. Of a row that is read as
// a whole the fields are taken out of it.
func (p *planner) handed(pl *Pipeline, i int, on []sema.Expr, rels []*sema.Relation) (items []sema.Item) {
	var cols []*sema.Column
	note := func(c *sema.Column) {
		if slices.Contains(rels, c.Rel) && !slices.ContainsFunc(cols, func(d *sema.Column) bool { return sema.Same(c, d) }) {
			cols = append(cols, c)
		}
	}
	for _, e := range on {
		sema.Columns(e, note)
	}
	pl.Later(i, note)
	for _, c := range cols {
		whole := slices.ContainsFunc(cols, func(d *sema.Column) bool { return d.Rel == c.Rel && len(d.Path) == 0 })
		if whole && len(c.Path) > 0 && !isID(c) {
			continue
		}
		items = append(items, sema.Item{Name: nameOfColumn(c), X: c})
	}
	return items
}

func nameOfColumn(c *sema.Column) string {
	if len(c.Path) == 0 {
		return c.Rel.Name
	}
	return c.Path[len(c.Path)-1]
}

// Keys is how many of the items of a join's sides are its keys.
func (j *Join) Keys() int { return len(j.LeftKeys) }

// Mode is what the machine is told of a join.
func (j *Join) Mode() vm.JoinMode {
	switch {
	case !j.Outer:
		return vm.JoinInner
	case len(j.On) > 0:
		return vm.JoinChecked
	}
	return vm.JoinLeft
}

// ---- EXPLAIN

func (j *Join) describe(d *describer) {
	kind, kept := "hash join", "kept"
	switch {
	case j.Merge:
		kind, kept = "merge join", "in step"
	case len(j.LeftKeys) == 0:
		kind = "nested loop"
	}
	if j.Outer {
		kind = "left " + kind
	}
	var on []string
	for i := range j.LeftKeys {
		on = append(on, d.text(j.LeftKeys[i])+" = "+d.text(j.RightKeys[i]))
	}
	for _, e := range j.On {
		on = append(on, d.text(e))
	}
	d.line("%s%s", kind, joined(" on ", on))
	depth := d.depth
	d.line("%s%s%s", kept, about(j.rightRows), j.Sides)
	d.steps(j.Right)
	d.depth = depth
	d.line("streamed%s", about(j.leftRows))
	d.steps(j.Left)
}

func (s *Apply) describe(d *describer) {
	d.line("for each row%s", map[bool]string{true: ", kept without one"}[s.Outer])
	depth := d.depth
	d.steps(s.Right)
	d.depth = depth
}

func (s *ScanAll) describe(d *describer) { d.line("scan every table%s", d.columns(s.Columns)) }

func joined(prefix string, parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	text := prefix + parts[0]
	for _, p := range parts[1:] {
		text += " and " + p
	}
	return text
}
