package plan

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// Page is how the result of a statement can be continued: by the values that order its rows.
type Page struct {
	Keys []sema.Order
	// Whole says that the keys tell every two rows apart. Else rows of one position are counted, and skipped when the result is
	// continued.
	Whole bool
	Print []byte
	After sema.Expr // nil without
	Limit sema.Expr // nil: no page ends
}

// Behind keeps the rows behind the position that AFTER gives, if it gives one.
type Behind struct {
	Keys      []sema.Order
	Inclusive bool // rows at the position too
}

func (s *Behind) exprs() []sema.Expr {
	var es []sema.Expr
	for _, k := range s.Keys {
		es = append(es, k.X)
	}
	return es
}

func (s *Behind) rewrite(f func(sema.Expr) sema.Expr) {
	for i := range s.Keys {
		s.Keys[i].X = f(s.Keys[i].X)
	}
}

func (s *Behind) describe(d *describer) {
	var keys []string
	for _, k := range s.Keys {
		keys = append(keys, d.text(k.X))
	}
	d.line("behind the page by (%s)", strings.Join(keys, ", "))
}

// page finds out how the result of a query can be continued. Rows that no key of ORDER BY tells apart are ordered further: groups
// by their keys, distinct rows by their columns, records by their ids, in the direction of the last key. Where that is not
// possible – elements of lists, rows of subqueries – rows of one position are counted. LIMIT without ORDER BY is in the order of ids, where
// there is one table, or of the groups' keys; other rows come in the order of their sources, and are counted.
func (p *planner) page(pl *Pipeline, q *sema.Query) *Page {
	if q.Page == nil || len(q.From) == 0 || q.Page.After == nil && isPoint(q) {
		return nil
	}
	page := &Page{Keys: slices.Clone(q.Order), Print: q.Page.Print, After: q.Page.After, Limit: q.Limit}
	desc := len(q.Order) > 0 && q.Order[len(q.Order)-1].Desc
	add := func(x sema.Expr) {
		if !slices.ContainsFunc(page.Keys, func(k sema.Order) bool { return sema.Same(k.X, x) }) {
			page.Keys = append(page.Keys, sema.Order{X: x, Desc: desc})
		}
	}
	switch {
	case q.Grouped:
		page.Whole = true
		for _, k := range q.Group {
			add(k)
		}
	case len(q.Order) == 0 && !inKeyOrder(q):
	case q.Distinct:
		page.Whole = true
		for _, i := range q.Items {
			add(i.X)
		}
	default:
		rels, whole := recordsOf(q)
		page.Whole = whole
		for _, f := range fieldsBehind(q) {
			add(&sema.Column{Rel: rels[0], Path: f})
		}
		for _, r := range rels {
			add(sema.IDOf(r, q.Span))
		}
	}
	return page
}

// fieldsBehind are the fields of an index that stand behind those of ORDER BY: rows that come in its order are ordered by them too.
// It is taken only where the choice follows from the statement and the definitions, which a token is bound to.
func fieldsBehind(q *sema.Query) [][]string {
	if len(q.From) != 1 || len(q.Order) == 0 || !oneDirection(q.Order) {
		return nil
	}
	t, ok := q.From[0].(*sema.TableSource)
	if !ok || t.Rel.Desc == nil {
		return nil
	}
	for _, ix := range t.Rel.Desc.Indexes {
		equal := fixedFields(q, t.Rel, ix)
		if refusedIndex(q, ix) == "" && ordersBy(ix, equal, t.Rel, q.Order) {
			return ix.Fields[min(equal+len(q.Order), len(ix.Fields)):]
		}
	}
	return nil
}

// fixedFields counts the leading fields of an index that the condition fixes to one value each.
func fixedFields(q *sema.Query, r *sema.Relation, ix *schema.Index) (n int) {
	if q.Where == nil {
		return 0
	}
	conds := sema.Conjuncts(q.Where, opcodes.And)
	for _, f := range ix.Fields {
		fixes := func(e sema.Expr) bool {
			b, ok := e.(*sema.Binary)
			return ok && b.Op == opcodes.Eq && (isPath(b.Left, r, f) && sema.IsScalar(b.Right) || isPath(b.Right, r, f) && sema.IsScalar(b.Left))
		}
		if !slices.ContainsFunc(conds, fixes) {
			break
		}
		n++
	}
	return n
}

// isPoint reports whether a query reads one record by its id.
func isPoint(q *sema.Query) bool {
	k, ok := q.From[0].(*sema.KeySource)
	return ok && !k.List && len(q.From) == 1
}

// inKeyOrder reports whether the rows of a query without ORDER BY come in the order of their ids.
func inKeyOrder(q *sema.Query) bool {
	if len(q.From) != 1 || q.Distinct {
		return false
	}
	switch s := q.From[0].(type) {
	case *sema.TableSource, *sema.RangeSource:
		return true
	case *sema.KeySource:
		return !s.List
	}
	return false
}

// recordsOf lists the relations of a query whose ids, together, tell its rows apart; whole is false where there are none such.
func recordsOf(q *sema.Query) (rels []*sema.Relation, whole bool) {
	for _, s := range q.From {
		switch s := s.(type) {
		case *sema.TableSource:
			rels = append(rels, s.Rel)
		case *sema.RangeSource:
			rels = append(rels, s.Rel)
		case *sema.KeySource:
			if s.List {
				return nil, false
			}
			rels = append(rels, s.Rel)
		case *sema.HopSource:
			if s.Edge == nil || s.Vertex == nil {
				return nil, false
			}
			rels = append(rels, s.Edge, s.Vertex)
		default:
			return nil, false
		}
	}
	return rels, len(rels) > 0
}

// pageStart is what a limit leaves out: behind a page the rows of its position that have come, else what START says.
func pageStart(page *Page, start sema.Expr) sema.Expr {
	if start == nil {
		start = constant(ops.Int(0))
	}
	is := sema.Info{Span: start.At().Span, Type: ops.TypeOf(ops.KindInt)}
	return &sema.If{Info: is, Cond: sema.PositionOf(sema.PositionGiven), Then: sema.PositionOf(sema.PositionTies), Else: start}
}

// seekPage begins the scan behind the page that AFTER gives: nothing of the pages before is read.
//
// It must not fire where the rows are sorted or grouped, nor where the order of the source is not that of the page's keys, to the
// last: behind one row of several with the same values of an index the scan cannot begin without the id.
func seekPage(_ *planner, pl *Pipeline) bool {
	at := slices.IndexFunc(pl.Steps, func(s Step) bool { _, ok := s.(*Behind); return ok })
	if at < 1 || !keepsOrder(pl.Steps[1:at]) || slices.ContainsFunc(pl.Steps, func(s Step) bool { _, ok := s.(*Sort); return ok }) {
		return false
	}
	b := pl.Steps[at].(*Behind)
	if b.Inclusive || !oneDirection(b.Keys) {
		return false
	}
	from := []sema.Expr{sema.PositionOf(sema.PositionGiven)}
	for i := range b.Keys {
		from = append(from, sema.PositionOf(i))
	}
	byID := func(r *sema.Relation, reverse bool) bool {
		return len(b.Keys) == 1 && isIDOf(b.Keys[0].X, r) && b.Keys[0].Desc == reverse
	}
	switch s := pl.Steps[0].(type) {
	case *Scan:
		if !byID(s.Rel, s.Reverse) {
			return false
		}
		pl.Steps[0] = &KeyRange{Access: s.Access, Bounds: Bounds{Reverse: s.Reverse}, From: from}
	case *KeyRange:
		if !byID(s.Rel, s.Reverse) {
			return false
		}
		s.From = from
	case *IndexScan:
		if len(b.Keys) != len(s.Index.Fields)-len(s.Equal)+1 || !ordersBy(s.Index, len(s.Equal), s.Rel, b.Keys) || b.Keys[0].Desc != s.Reverse {
			return false
		}
		s.From = from
	default:
		return false
	}
	pl.Steps = slices.Delete(pl.Steps, at, at+1)
	return true
}
