package plan

import (
	"fmt"
	"slices"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// orderJoins lets the largest of the joined sources stream, and joins the others to it from the smallest intermediate result to the
// largest, those without a condition between them last.
//
// It must not fire for LIMIT without ORDER BY, which takes the first rows in the order of the first source's keys; nor is a source
// moved over a LEFT JOIN, or over one that depends on it.
func orderJoins(p *planner, pl *Pipeline) bool {
	j, ok := pl.Steps[0].(*Join)
	if !ok || j.Outer || pl.KeyOrder {
		return false
	}
	leaves := flatten(j)
	conds := conditions(pl)
	sizes := make([]float64, len(leaves))
	for i, l := range leaves {
		sizes[i] = p.rows(l)
		for _, f := range conds {
			if own := l.relations(); reads(f.Cond, own) && !readsBeside(f.Cond, pl, own) && infallible(f.Cond) {
				sizes[i] *= p.share(f.Cond)
			}
		}
		sizes[i] = max(1, sizes[i])
	}
	order := p.greedyOrder(leaves, sizes, conds)
	if slices.IsSorted(order) {
		return false
	}
	left := leaves[order[0]]
	for k, i := range order[1:] {
		if k > 0 {
			left = p.leftSide(&Pipeline{Query: pl.Query, KeyOrder: pl.KeyOrder, of: pl.of, Steps: []Step{&Join{Left: left, Right: leaves[order[k]]}}})
		}
		if k == len(order)-2 {
			pl.Steps[0] = &Join{Left: left, Right: leaves[i]}
		}
	}
	return true
}

// flatten lists the sources of inner joins, from left to right.
func flatten(j *Join) []*Pipeline {
	if len(j.Left.Steps) == 1 {
		if inner, ok := j.Left.Steps[0].(*Join); ok && !inner.Outer {
			return append(flatten(inner), j.Right)
		}
	}
	return []*Pipeline{j.Left, j.Right}
}

// readsBeside reports whether an expression reads columns of the pipeline's that are none of some relations'.
func readsBeside(e sema.Expr, pl *Pipeline, own []*sema.Relation) (beside bool) {
	sema.Columns(e, func(c *sema.Column) { beside = beside || pl.Owns(c.Rel) && !slices.Contains(own, c.Rel) })
	return beside
}

// greedyOrder begins with the largest source and goes on with the one that leaves the fewest rows.
func (p *planner) greedyOrder(leaves []*Pipeline, sizes []float64, conds []*Filter) []int {
	first := 0
	for i := range leaves {
		if sizes[i] > sizes[first] {
			first = i
		}
	}
	order := []int{first}
	have, rows := slices.Clone(leaves[first].relations()), sizes[first]
	for len(order) < len(leaves) {
		best, least, linked := -1, 0.0, false
		for i, l := range leaves {
			if slices.Contains(order, i) {
				continue
			}
			n, isLinked := p.joinedSize(rows, sizes[i], have, l.relations(), conds)
			if best < 0 || isLinked && !linked || isLinked == linked && n < least {
				best, least, linked = i, n, isLinked
			}
		}
		order, rows = append(order, best), least
		have = append(have, leaves[best].relations()...)
	}
	return order
}

// joinedSize estimates the rows of a join by the equalities among the conditions, and says whether there are any.
func (p *planner) joinedSize(l, r float64, left, right []*sema.Relation, conds []*Filter) (n float64, linked bool) {
	n = l * r
	for _, f := range conds {
		b, ok := f.Cond.(*sema.Binary)
		if !ok || b.Op != opcodes.Eq || !infallible(b) {
			continue
		}
		for _, pair := range [][2]sema.Expr{{b.Left, b.Right}, {b.Right, b.Left}} {
			if reads(pair[0], left) && !reads(pair[0], right) && reads(pair[1], right) && !reads(pair[1], left) {
				n /= max(1, p.distinct(pair[0], l), p.distinct(pair[1], r))
				linked = true
			}
		}
	}
	return max(1, n), linked
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

// about shows an estimate.
func about(n float64) string { return fmt.Sprintf(", about %.0f rows", n) }
