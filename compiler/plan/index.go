package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// pickIndex makes of a scan with conditions a range of the index that answers most of them: equalities on its leading fields,
// then a range of the next. What the index does not answer stays as a filter behind it. An IN on the next field, of a list, becomes
// a lookup by the ids that the index has for each item.
//
// It must not fire where the value depends on the row (`a = b`), nor take a condition of another form than field against
// value (`lower(name) = "x"`, `age + 1 > 30`): an index on age knows nothing of age + 1. A range condition stays as a filter too,
// for the range of the index holds values of every kind beyond the bound, and `age > 40` is not true of "old".
func pickIndex(p *planner, pl *Pipeline) bool {
	scan, ok := pl.Steps[0].(*Scan)
	if !ok || scan.Rel.Desc == nil {
		return false
	}
	conds := conditions(pl)
	var best *match
	var refused []string
	for _, ix := range scan.Rel.Desc.Indexes {
		m, reason := matchIndex(pl, scan, ix, conds)
		if m != nil && pl.KeyOrder && len(m.equal) == 0 {
			m, reason = nil, "LIMIT without ORDER BY takes the first rows in key order, which a scan meets first"
		}
		if m != nil {
			if reason = p.fetchesMost(pl, scan, m); reason != "" {
				m = nil
			}
		}
		if m == nil {
			refused = append(refused, ix.Name+": "+reason)
			continue
		}
		if best == nil || p.better(scan, m, best) {
			m, best = best, m
		}
		if m != nil {
			refused = append(refused, m.index.Name+": "+best.index.Name+" answers more of the conditions")
		}
	}
	if in := p.bestIn(pl, scan, conds); in != nil && (best == nil || len(in.equal) >= len(best.equal) && !best.single()) {
		pl.Notes = append(pl.Notes, slices.DeleteFunc(refused, func(n string) bool { return strings.HasPrefix(n, in.index.Name+": ") })...)
		if best != nil && best.index != in.index {
			pl.Notes = append(pl.Notes, fmt.Sprintf("%s: the items of IN are looked up in %s", best.index.Name, in.index.Name))
		}
		p.useIn(pl, scan, in)
		return true
	}
	pl.Notes = append(pl.Notes, refused...)
	if best == nil {
		return false
	}
	best.use(pl, scan)
	if pl.KeyOrder && len(best.equal) < len(best.index.Fields) {
		sortByKey(pl, scan.Rel)
	}
	return true
}

// sortByKey puts the rows of an index back into key order, before anything that depends on the order: at the end, if that is
// only the query around it.
func sortByKey(pl *Pipeline, r *sema.Relation) {
	at := slices.IndexFunc(pl.Steps, func(s Step) bool {
		switch s.(type) {
		case *Limit, *Distinct:
			return true
		}
		return false
	})
	if at < 0 {
		at = len(pl.Steps)
	}
	pl.Steps = slices.Insert(pl.Steps, at, Step(&Sort{Keys: []sema.Order{{X: sema.IDOf(r, ops.Span{})}}}))
}

// conditions are the filters right behind the source.
func conditions(pl *Pipeline) (fs []*Filter) {
	for _, s := range pl.Steps[1:] {
		f, ok := s.(*Filter)
		if !ok {
			break
		}
		fs = append(fs, f)
	}
	return fs
}

// match is how an index answers some conditions.
type match struct {
	index    *schema.Index
	equal    []sema.Expr
	bounds   Bounds
	answered []*Filter // wholly, so they need not be tested again
}

// score ranks matches: each equality is worth more than any range, a unique index that is met wholly most of all.
func (m *match) score() int {
	s := 4 * len(m.equal)
	if m.bounds.Lo != nil {
		s++
	}
	if m.bounds.Hi != nil {
		s++
	}
	if m.single() {
		s += 1000
	}
	return s
}

// single reports whether the index finds one record at most.
func (m *match) single() bool { return m.index.Unique && len(m.equal) == len(m.index.Fields) }

// matchIndex says how an index answers the conditions, or why it does not.
func matchIndex(pl *Pipeline, scan *Scan, ix *schema.Index, conds []*Filter) (*match, string) {
	if reason := refusedIndex(pl.Query, ix); reason != "" {
		return nil, reason
	}
	m := &match{index: ix}
	for _, path := range ix.Fields {
		f, value := equality(pl, scan.Rel, path, conds)
		if f == nil {
			m.rangeOn(pl, scan.Rel, path, conds)
			break
		}
		m.equal, m.answered = append(m.equal, value), append(m.answered, f)
	}
	if len(m.equal) == 0 && m.bounds.Lo == nil && m.bounds.Hi == nil {
		if hasInQuery(scan.Rel, ix.Fields[0], conds) {
			return nil, fmt.Sprintf("IN on its first field %s has a query on its right side, whose rows become a set in which each record is looked up", strings.Join(ix.Fields[0], "."))
		}
		if hasIn(scan.Rel, ix.Fields[0], conds) {
			return nil, fmt.Sprintf("IN on its first field %s is read by scan where the right side is not known to be a list", strings.Join(ix.Fields[0], "."))
		}
		return nil, fmt.Sprintf("no condition compares its first field %s with a value", strings.Join(ix.Fields[0], "."))
	}
	return m, ""
}

// better reports whether a match is to be preferred: it answers more of the conditions, or as much and, by the statistics, leaves
// fewer records.
func (p *planner) better(scan *Scan, m, than *match) bool {
	if m.single() != than.single() {
		return m.single()
	}
	if p.knows(scan.Rel, m) && p.knows(scan.Rel, than) {
		a, b := p.indexShare(scan.Rel, m.index, m.equal, &m.bounds), p.indexShare(scan.Rel, than.index, than.equal, &than.bounds)
		if a != b {
			return a < b
		}
	}
	return m.score() > than.score()
}

// knows reports whether there are statistics of the first field of a match.
func (p *planner) knows(r *sema.Relation, m *match) bool {
	f := p.field(r, m.index.Fields[0])
	return f != nil && f.Distinct > 0
}

// fetchesMost says why a match is no gain: where the range of the index holds so many records that reading them one by one costs
// more than reading all in a row. A LIMIT may need only the first few, and an index that holds every column needs no
// record.
func (p *planner) fetchesMost(pl *Pipeline, scan *Scan, m *match) string {
	if m.single() || !p.knows(scan.Rel, m) {
		return ""
	}
	share := p.indexShare(scan.Rel, m.index, m.equal, &m.bounds)
	if share*costOfSeek < 1 || p.tableRows(scan.Rel) < smallTable || pl.KeyOrder || holdsAll(pl, scan, m.index) ||
		slices.ContainsFunc(pl.Steps, func(s Step) bool { _, ok := s.(*Limit); return ok }) {
		return ""
	}
	return fmt.Sprintf("it would fetch about %.0f %% of the records one by one, which costs more than to scan them", 100*share)
}

// holdsAll reports whether an index holds every column that is read of a scan's records.
func holdsAll(pl *Pipeline, scan *Scan, ix *schema.Index) bool {
	for _, u := range usesOf(pl, 0, scan.Rel) {
		if !isID(u.col) && !slices.ContainsFunc(ix.Fields, func(f []string) bool { return slices.Equal(f, u.col.Path) }) {
			return false
		}
	}
	return true
}

func refusedIndex(q *sema.Query, ix *schema.Index) string {
	switch {
	case !ix.Ready:
		return "it is still being built"
	case q.NoIndex:
		return "WITH NO INDEX"
	case slices.Contains(q.Refused, ix.Name):
		return "WITH NO INDEX names it"
	case len(q.Indexes) > 0 && !slices.Contains(q.Indexes, ix.Name):
		return "WITH INDICES does not name it"
	}
	return ""
}

// equality finds `path = value` among the conditions.
func equality(pl *Pipeline, r *sema.Relation, path []string, conds []*Filter) (*Filter, sema.Expr) {
	for _, f := range conds {
		b, ok := f.Cond.(*sema.Binary)
		if !ok || b.Op != opcodes.Eq {
			continue
		}
		for _, pair := range [][2]sema.Expr{{b.Left, b.Right}, {b.Right, b.Left}} {
			if isPath(pair[0], r, path) && fixedIn(pl, pair[1]) {
				return f, pair[1]
			}
		}
	}
	return nil, nil
}

// fixedIn reports whether e is the same for every row of a pipeline: of the rows around it e may read what cannot fail.
func fixedIn(pl *Pipeline, e sema.Expr) bool {
	if fixed(e) {
		return true
	}
	own := false
	sema.Columns(e, func(c *sema.Column) { own = own || pl.Owns(c.Rel) })
	return !own && infallible(e)
}

var mirrored = map[uint16]uint16{opcodes.Lt: opcodes.Gt, opcodes.Le: opcodes.Ge, opcodes.Gt: opcodes.Lt, opcodes.Ge: opcodes.Le}

// rangeOn gathers bounds for a field. With an upper bound alone the rows without the field, which come first, are left out.
func (m *match) rangeOn(pl *Pipeline, rel *sema.Relation, path []string, conds []*Filter) {
	for _, f := range conds {
		b, ok := f.Cond.(*sema.Binary)
		if !ok || mirrored[b.Op] == 0 && b.Op != opcodes.In {
			continue
		}
		switch {
		case b.Op == opcodes.In:
			if r, ok := rangeOf(b.Right); ok && isPath(b.Left, rel, path) {
				m.between(r)
			}
		case isPath(b.Left, rel, path) && fixedIn(pl, b.Right):
			m.bounds.narrow(b.Op, b.Right)
		case isPath(b.Right, rel, path) && fixedIn(pl, b.Left):
			m.bounds.narrow(mirrored[b.Op], b.Left)
		}
	}
	if m.bounds.Hi != nil && m.bounds.Lo == nil {
		m.bounds.Lo, m.bounds.LoExclusive = constant(ops.None), true
	}
}

// rangeOf takes the ends of a range that is the same for every row.
func rangeOf(e sema.Expr) (*sema.Range, bool) {
	switch e := e.(type) {
	case *sema.Range:
		return e, fixed(e)
	case *sema.Const:
		if e.Value.Kind() == ops.KindRange {
			r := e.Value.AsRange()
			return &sema.Range{Lo: constant(r.Lo), Hi: constant(r.Hi), Inclusive: r.Inclusive}, true
		}
	}
	return nil, false
}

// between narrows to a range whose ends are known not to be open.
func (m *match) between(r *sema.Range) {
	if isValue(r.Lo) {
		m.bounds.narrow(opcodes.Ge, r.Lo)
	}
	if isValue(r.Hi) && r.Inclusive {
		m.bounds.narrow(opcodes.Le, r.Hi)
	} else if isValue(r.Hi) {
		m.bounds.narrow(opcodes.Lt, r.Hi)
	}
}

func isValue(e sema.Expr) bool {
	c, ok := e.(*sema.Const)
	return ok && !c.Value.IsNone()
}

// isPath reports whether e is the value at a path of the relation's rows.
func isPath(e sema.Expr, r *sema.Relation, path []string) bool {
	have, ok := pathOf(e, r)
	return ok && slices.Equal(have, path)
}

func pathOf(e sema.Expr, r *sema.Relation) ([]string, bool) {
	switch e := e.(type) {
	case *sema.Column:
		return e.Path, e.Rel == r && len(e.Path) > 0
	case *sema.Field:
		above, ok := pathOf(e.X, r)
		return append(slices.Clip(above), e.Path...), ok && len(e.Path) > 0
	}
	return nil, false
}

// use puts the index scan in the place of the scan and takes out the conditions that it answers.
func (m *match) use(pl *Pipeline, scan *Scan) {
	ix := &IndexScan{Access: scan.Access, Index: m.index, Equal: m.equal, Bounds: m.bounds}
	var rest []Step
	for _, s := range pl.Steps[1:] {
		if f, ok := s.(*Filter); ok && slices.Contains(m.answered, f) {
			continue
		}
		rest = append(rest, s)
	}
	pl.Steps = append([]Step{ix}, rest...)
}

// indexOnly reads the index alone where every column wanted is one of its fields or the id.
//
// It must not fire for the whole record, nor for a path below an indexed one (`address.city` of an index on address).
func indexOnly(_ *planner, pl *Pipeline) (changed bool) {
	for _, s := range pl.Steps {
		switch s := s.(type) {
		case *IndexScan:
			s.Only = s.Only || holds(s.Index, s.Columns)
			changed = changed || s.Only
		case *Lookup:
			s.Only = s.Only || holds(s.Index, s.Columns)
			changed = changed || s.Only
		}
	}
	return changed
}

// holds reports whether an index holds some columns, which are known.
func holds(ix *schema.Index, cols []Column) bool {
	for _, c := range cols {
		if !isID(c.Is) && !slices.ContainsFunc(ix.Fields, func(f []string) bool { return slices.Equal(f, c.Is.Path) }) {
			return false
		}
	}
	return cols != nil
}
