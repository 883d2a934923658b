package plan

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// Lookup adds to each row the records that an index has for some values of the row: for all rows of a batch in one sorted pass. With
// Outer the rows stay that have none.
type Lookup struct {
	Access
	Index       *schema.Index
	Equal       []sema.Expr // the leading fields of the index
	Only, Outer bool
}

func (s *Lookup) exprs() []sema.Expr                  { return s.Equal }
func (s *Lookup) rewrite(f func(sema.Expr) sema.Expr) { rewriteAll(s.Equal, f) }

func (s *Lookup) describe(d *describer) {
	var parts []string
	for i, e := range s.Equal {
		parts = append(parts, strings.Join(s.Index.Fields[i], ".")+" = "+d.text(e))
	}
	kind := "look up"
	if s.Only {
		kind = "look up, index only,"
	}
	d.line("%s %s.%s (%s)%s%s", kind, s.Rel.Table, s.Index.Name, strings.Join(parts, ", "), map[bool]string{true: ", kept without one"}[s.Outer], d.columns(s.Columns))
}

// foundBy estimates how many records a look-up finds for one row.
func (p *planner) foundBy(s *Lookup) float64 {
	return p.tableRows(s.Rel) * p.indexShare(s.Rel, s.Index, s.Equal, &Bounds{})
}

// lookupJoin reads of the right side only the records that the rows of the left side name: by their ids, in sorted batches, or by an
// index.
//
// It must not fire where reading the whole right side once is cheaper: a seek costs as much as reading several records
// in a row. Nor where the right side is more than a table and conditions on it. For LEFT JOIN by id there must be no
// further condition, which would not tell a record that is not there from one that fails it.
func lookupJoin(p *planner, pl *Pipeline) bool {
	j, ok := pl.Steps[0].(*Join)
	if !ok || len(j.LeftKeys) == 0 {
		return false
	}
	ways := []*Join{j}
	if !j.Outer && !pl.KeyOrder { // either side may be looked up
		ways = append(ways, &Join{Left: j.Right, Right: j.Left, LeftKeys: j.RightKeys, RightKeys: j.LeftKeys})
	}
	for _, j := range ways {
		if p.lookup(pl, j) {
			p.again(pl)
			return true
		}
	}
	return false
}

// lookup replaces a join if that is cheaper than to read its whole right side.
func (p *planner) lookup(pl *Pipeline, j *Join) bool {
	scan, ok := j.Right.Steps[0].(*Scan)
	if !ok || len(conditions(j.Right)) != len(j.Right.Steps)-1 {
		return false
	}
	left, whole := p.rows(j.Left), p.tableRows(scan.Rel)
	for i, k := range j.RightKeys {
		if isIDOf(k, scan.Rel) && left*costOfSeek < whole+left && (!j.Outer || len(j.RightKeys) == 1 && len(j.Right.Steps) == 1 && len(j.On) == 0) {
			j.byID(pl, scan, i)
			return true
		}
	}
	if l := p.byBatch(pl, j, scan); l != nil && left*costOfSeek*(1+p.foundBy(l.step)) < whole+left*costOfJoinedRow {
		j.byLookup(pl, l)
		return true
	}
	if each := p.lookupCost(pl.Query, scan.Rel, j.RightKeys); left*each < whole+left*costOfJoinedRow {
		j.byIndex(p, pl, scan)
		return true
	}
	return false
}

// again applies the rules for joins to the join that has come to the beginning of a pipeline in the place of another.
func (p *planner) again(pl *Pipeline) {
	for i := range p.rules {
		switch r := &p.rules[i]; r.name {
		case "order-joins", "push-into-join", "lookup-join":
			if !p.off[r.name] {
				r.apply(p, pl)
			}
		}
	}
}

// byID puts a fetch of the right side's records behind the left side's steps.
func (j *Join) byID(pl *Pipeline, scan *Scan, key int) {
	id := j.LeftKeys[key]
	if t := id.At().Type; t.Kind != ops.KindRecord || t.Name != scan.Rel.Table {
		id = &sema.InTable{Info: sema.Info{Span: id.At().Span, Type: ops.Type{Kind: ops.KindRecord, Name: scan.Rel.Table, Optional: true}}, X: id, Table: scan.Rel.Table}
	}
	steps := append(slices.Clip(j.Left.Steps), &Fetch{Access: scan.Access, ID: id, Exists: !j.Outer, Outer: j.Outer})
	if !j.Outer {
		steps = append(steps, j.Right.Steps[1:]...)
		for i := range j.LeftKeys {
			if i != key {
				steps = append(steps, &Filter{compare(opcodes.Eq, j.LeftKeys[i], j.RightKeys[i])})
			}
		}
	}
	pl.Steps = append(steps, pl.Steps[1:]...)
	pl.Notes = append(pl.Notes, j.Left.Notes...)
}

// batchLookup is how an index answers a join for a batch of rows at once.
type batchLookup struct {
	step     *Lookup
	keys     []int     // of the join, that it answers
	answered []*Filter // of the right side, likewise
}

// byBatch finds the index that has the most of its leading fields among the keys of a join, and the conditions on the right side.
func (p *planner) byBatch(pl *Pipeline, j *Join, scan *Scan) (best *batchLookup) {
	if pl.KeyOrder || scan.Rel.Desc == nil || j.Outer && (len(j.Right.Steps) > 1 || len(j.On) > 0) {
		return nil
	}
	for _, ix := range scan.Rel.Desc.Indexes {
		if refusedIndex(pl.Query, ix) != "" {
			continue
		}
		l := &batchLookup{step: &Lookup{Access: scan.Access, Index: ix, Outer: j.Outer}}
		for _, path := range ix.Fields {
			if k := slices.IndexFunc(j.RightKeys, func(e sema.Expr) bool { return isPath(e, scan.Rel, path) }); k >= 0 {
				l.step.Equal, l.keys = append(l.step.Equal, j.LeftKeys[k]), append(l.keys, k)
				continue
			}
			f, value := equality(j.Right, scan.Rel, path, conditions(j.Right))
			if f == nil {
				break
			}
			l.step.Equal, l.answered = append(l.step.Equal, value), append(l.answered, f)
		}
		if len(l.keys) == 0 || j.Outer && len(l.keys) < len(j.RightKeys) {
			continue
		}
		if best == nil || p.foundBy(l.step) < p.foundBy(best.step) {
			best = l
		}
	}
	return best
}

// byLookup puts a look-up behind the left side's steps.
func (j *Join) byLookup(pl *Pipeline, l *batchLookup) {
	steps := append(slices.Clip(j.Left.Steps), Step(l.step))
	for _, s := range j.Right.Steps[1:] {
		if f, ok := s.(*Filter); !ok || !slices.Contains(l.answered, f) {
			steps = append(steps, s)
		}
	}
	for i := range j.LeftKeys {
		if !slices.Contains(l.keys, i) {
			steps = append(steps, &Filter{compare(opcodes.Eq, j.LeftKeys[i], j.RightKeys[i])})
		}
	}
	pl.Steps = append(steps, pl.Steps[1:]...)
	pl.Notes = append(pl.Notes, j.Left.Notes...)
}

// byIndex runs the right side for each row of the left one, with what it is asked for as conditions.
func (j *Join) byIndex(p *planner, pl *Pipeline, scan *Scan) {
	right := p.side(pl)
	right.KeyOrder = false
	right.of = map[*sema.Relation]bool{}
	for r := range pl.of {
		right.of[r] = true
	}
	for _, r := range j.Left.relations() {
		right.of[r] = true
	}
	right.Steps = append(right.Steps, j.Right.Steps...)
	for i := range j.LeftKeys {
		right.Steps = append(right.Steps, &Filter{compare(opcodes.Eq, j.RightKeys[i], j.LeftKeys[i])})
	}
	for _, e := range j.On {
		right.Steps = append(right.Steps, &Filter{e})
	}
	apply := &Apply{Right: right, Rels: []*sema.Relation{scan.Rel}, Outer: j.Outer}
	pl.Steps = append(append(slices.Clip(j.Left.Steps), Step(apply)), pl.Steps[1:]...)
	pl.Notes = append(pl.Notes, j.Left.Notes...)
}
