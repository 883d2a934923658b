package plan

import (
	"fmt"
	"slices"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
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

// about shows an estimate.
func about(n float64) string { return fmt.Sprintf(", about %.0f rows", n) }
