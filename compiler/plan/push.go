package plan

import (
	"slices"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/vm"
)

// pushFilters splits WHERE at its ANDs and moves each part up to where its columns are there: a condition on the start
// of a pattern is tested before its edges are followed.
//
// It must not let a condition that can fail jump over a step that drops rows: in `person -> likes -> (person AS p) WHERE
// p.since != 0 AND 10 / person.since > 1` the division stays last, else it would fail in rows that the first part
// drops. And it never moves a condition over DISTINCT, LIMIT or a FOLD, which would then see other rows; in a query's own pipeline
// WHERE stands before all three.
func pushFilters(_ *planner, pl *Pipeline) bool {
	changed := false
	for i := 0; i < len(pl.Steps); i++ {
		f, ok := pl.Steps[i].(*Filter)
		if !ok {
			continue
		}
		parts := sema.Conjuncts(f.Cond, opcodes.And)
		pl.Steps = slices.Delete(pl.Steps, i, i+1)
		at := i
		for _, cond := range parts {
			to := earliest(pl, at, cond)
			changed = changed || to < at || len(parts) > 1
			pl.Steps = slices.Insert(pl.Steps, to, Step(&Filter{cond}))
			at++
		}
		i = at - 1
	}
	return changed
}

// earliest is the place, at or before i, where cond can be tested.
func earliest(pl *Pipeline, i int, cond sema.Expr) int {
	safe := infallible(cond)
	for i > 1 {
		before := pl.Steps[i-1]
		switch before.(type) {
		case *Filter:
			// Filters keep their order among themselves, unless the one behind can move on.
			if !safe || canPass(pl, i-1, cond) == i-1 {
				return i
			}
		case *Expand, *Items, *Branch, *Apply, *Lookup:
			if !safe || provides(before, cond) {
				return i
			}
		case *Fetch:
			if provides(before, cond) {
				return i
			}
		default:
			return i
		}
		i--
	}
	return i
}

// canPass looks for the place above a run of filters; it is i where there is none.
func canPass(pl *Pipeline, i int, cond sema.Expr) int {
	j := i
	for j > 1 {
		if _, ok := pl.Steps[j-1].(*Filter); !ok {
			break
		}
		j--
	}
	if j > 1 && !provides(pl.Steps[j-1], cond) {
		switch pl.Steps[j-1].(type) {
		case *Expand, *Items, *Branch, *Fetch, *Apply, *Lookup:
			return j - 1
		}
	}
	return i
}

// provides reports whether cond reads a column that the step adds.
func provides(s Step, cond sema.Expr) (reads bool) {
	sema.Columns(cond, func(c *sema.Column) {
		switch s := s.(type) {
		case *Items:
			reads = reads || c.Rel == s.Rel
		case *Branch:
			reads = reads || s.reads(c)
		case *Expand:
			reads = reads || c.Rel == s.Edge || c.Rel == s.Vertex && isID(c)
		case *Fetch:
			reads = reads || s.gives(c)
		case *Lookup:
			reads = reads || c.Rel == s.Rel
		case *Apply:
			reads = reads || slices.Contains(s.Rels, c.Rel)
		default:
			reads = true
		}
	})
	return reads
}

// pushIntoSubquery tests a condition on the rows of a subquery inside it, where an index may answer it.
//
// It must not fire where the subquery has DISTINCT, LIMIT, START or a FOLD: `SELECT * FROM (SELECT * FROM t ORDER BY n LIMIT 10)
// WHERE n > 5` asks for those of the first ten that are over 5, not for the first ten over 5. Nor for a condition
// that can fail, nor for one that a column's own computation could fail for.
func pushIntoSubquery(p *planner, pl *Pipeline) bool {
	rows, ok := pl.Steps[0].(*Rows)
	if !ok || !transparent(rows.Sub) {
		return false
	}
	var conds []sema.Expr
	for len(pl.Steps) > 1 {
		f, ok := pl.Steps[1].(*Filter)
		if !ok || !infallible(f.Cond) {
			break
		}
		inner, ok := inside(f.Cond, rows)
		if !ok {
			break
		}
		conds = append(conds, inner)
		pl.Steps = slices.Delete(pl.Steps, 1, 2)
	}
	if conds == nil {
		return false
	}
	q := *rows.Sub.Query
	for _, c := range conds {
		q.And(c)
	}
	rows.Sub = p.query(&q, pl.KeyOrder)
	return true
}

func transparent(sub *Pipeline) bool {
	q := sub.Query
	return q != nil && !q.Grouped && !q.Distinct && q.Start == nil && q.Limit == nil && q.Version == nil
}

// inside writes a condition in terms of the subquery's own columns.
func inside(cond sema.Expr, rows *Rows) (sema.Expr, bool) {
	if rows.Sub.Form != vm.RowColumns {
		return insideRow(cond, rows)
	}
	ok := true
	inner := sema.Rewrite(cond, func(e sema.Expr) sema.Expr {
		c, isColumn := e.(*sema.Column)
		_, isQuery := e.(*sema.Subquery)
		if isQuery || isColumn && c.Rel == rows.Rel && len(c.Path) == 0 {
			ok = false
		}
		if !isColumn || c.Rel != rows.Rel {
			return e
		}
		for _, i := range rows.Sub.Items {
			if len(c.Path) == 1 && i.Name == c.Path[0] && infallible(i.X) {
				return i.X
			}
		}
		ok = false
		return e
	})
	return inner, ok
}

// insideRow is inside for SELECT * and SELECT VALUE: a field of the row is a field of what the subquery selects.
func insideRow(cond sema.Expr, rows *Rows) (sema.Expr, bool) {
	row, ok := rows.Sub.Items[0].X.(*sema.Column)
	if !ok {
		return nil, false
	}
	inner := sema.Rewrite(cond, func(e sema.Expr) sema.Expr {
		switch e := e.(type) {
		case *sema.Subquery:
			ok = false
		case *sema.Column:
			if e.Rel == rows.Rel {
				return row
			}
		case *sema.Field:
			if e.X == sema.Expr(row) && len(row.Path) == 0 && row.Rel.IsRecord() && len(e.Path) == 1 {
				return sema.FieldOf(row.Rel, e)
			}
		}
		return e
	})
	return inner, ok
}
