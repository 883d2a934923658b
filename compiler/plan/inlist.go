package plan

import (
	"slices"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// inMatch is how an index answers `path IN list`: with equalities on the fields before path it has a range for each item.
type inMatch struct {
	index *schema.Index
	equal []*sema.Binary // on the fields before, as conditions
	list  *sema.Binary
}

// bestIn finds the index that has the most equalities before an IN.
func (p *planner) bestIn(pl *Pipeline, scan *Scan, conds []*Filter) (best *inMatch) {
	for _, ix := range scan.Rel.Desc.Indexes {
		if refusedIndex(pl.Query, ix) != "" {
			continue
		}
		m := matchIn(pl, scan.Rel, ix, conds)
		if m != nil && (best == nil || len(m.equal) > len(best.equal)) {
			best = m
		}
	}
	return best
}

func matchIn(pl *Pipeline, r *sema.Relation, ix *schema.Index, conds []*Filter) *inMatch {
	m := &inMatch{index: ix}
	for _, path := range ix.Fields {
		f, value := equality(pl, r, path, conds)
		if f == nil {
			m.list = listOn(r, path, conds)
			break
		}
		if !plain(value) {
			return nil
		}
		m.equal = append(m.equal, f.Cond.(*sema.Binary))
	}
	if m.list == nil {
		return nil
	}
	return m
}

// listOn finds `path IN list` among the conditions.
func listOn(r *sema.Relation, path []string, conds []*Filter) *sema.Binary {
	for _, f := range conds {
		b, ok := f.Cond.(*sema.Binary)
		if !ok || b.Op != opcodes.In || !isPath(b.Left, r, path) {
			continue
		}
		if t := b.Right.At().Type; t.Kind == ops.KindList && !t.Optional && plain(b.Right) {
			return b
		}
	}
	return nil
}

// hasIn reports whether a condition is `path IN …`.
func hasIn(r *sema.Relation, path []string, conds []*Filter) bool {
	return slices.ContainsFunc(conds, func(f *Filter) bool {
		b, ok := f.Cond.(*sema.Binary)
		return ok && b.Op == opcodes.In && isPath(b.Left, r, path)
	})
}

// hasInQuery reports whether a condition is `path IN (SELECT …)`.
func hasInQuery(r *sema.Relation, path []string, conds []*Filter) bool {
	return slices.ContainsFunc(conds, func(f *Filter) bool {
		s, ok := f.Cond.(*sema.Subquery)
		return ok && s.Use == sema.UseIn && isPath(s.X, r, path)
	})
}

// plain reports whether e is the same for every row and holds no query.
func plain(e sema.Expr) bool {
	if !fixed(e) {
		return false
	}
	query := false
	sema.Walk(e, func(x sema.Expr) bool {
		_, is := x.(*sema.Subquery)
		query = query || is
		return !query
	})
	return !query
}

// useIn reads the records by the ids that the index has for the items of the list: in key order, and each once. The conditions
// stay, as they do behind any lookup by ids that are not known beforehand.
func (p *planner) useIn(pl *Pipeline, scan *Scan, m *inMatch) {
	p.made -= 2
	ids := sema.IDsIn(scan.Rel, m.list.Right, m.list.Span, p.made+1, pl.Query, func(record *sema.Relation, item sema.Expr) sema.Expr {
		all := compare(opcodes.Eq, ofRecord(m.list.Left, scan.Rel, record), item)
		for _, e := range m.equal {
			all = compare(opcodes.And, ofRecord(e, scan.Rel, record), all)
		}
		return all
	})
	pl.Steps[0] = &Keys{Access: scan.Access, List: ids}
}

// ofRecord is e with the columns of one relation in the place of those of another.
func ofRecord(e sema.Expr, from, to *sema.Relation) sema.Expr {
	return sema.Rewrite(e, func(x sema.Expr) sema.Expr {
		if c, ok := x.(*sema.Column); ok && c.Rel == from {
			moved := *c
			moved.Rel = to
			return &moved
		}
		return x
	})
}
