package plan

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// useOrder drops a sort whose order the source gives already: ORDER BY id of a table or key range, ORDER BY the fields of
// the index in use, or of one that is taken for its order because LIMIT wants few rows.
//
// It must not fire over a step that does not keep the order (hops come in the order of their edges, not of their starts), for
// keys of mixed direction, or – taking an index for its order alone – without LIMIT or behind a condition: reading a whole
// table through an index costs a seek for each record, sorting it does not.
func useOrder(_ *planner, pl *Pipeline) bool {
	at := slices.IndexFunc(pl.Steps, func(s Step) bool { _, ok := s.(*Sort); return ok })
	if at < 0 {
		return false
	}
	sort := pl.Steps[at].(*Sort)
	if len(sort.Keys) == 0 || !keepsOrder(pl.Steps[1:at]) || !oneDirection(sort.Keys) {
		return false
	}
	desc := sort.Keys[0].Desc
	few := at+1 < len(pl.Steps) && isBounded(pl.Steps[at+1]) && len(conditions(pl)) == 0
	if !takeOrder(pl, sort.Keys, desc, few) {
		return false
	}
	pl.Steps = slices.Delete(pl.Steps, at, at+1)
	return true
}

func keepsOrder(steps []Step) bool {
	for _, s := range steps {
		switch s.(type) {
		case *Filter, *Fetch, *Distinct, *Behind:
		default:
			return false
		}
	}
	return true
}

func oneDirection(keys []sema.Order) bool {
	return !slices.ContainsFunc(keys, func(k sema.Order) bool { return k.Desc != keys[0].Desc })
}

func isBounded(s Step) bool {
	l, ok := s.(*Limit)
	return ok && l.Count != nil
}

// takeOrder makes the source give rows in the order of the keys, if it can.
func takeOrder(pl *Pipeline, keys []sema.Order, desc, few bool) bool {
	switch s := pl.Steps[0].(type) {
	case *Scan:
		if len(keys) == 1 && isIDOf(keys[0].X, s.Rel) {
			s.Reverse = desc
			return true
		}
		return few && takeIndexForOrder(pl, s, keys, desc)
	case *KeyRange:
		if len(keys) == 1 && isIDOf(keys[0].X, s.Rel) {
			s.Reverse = desc
			return true
		}
	case *Keys:
		return !desc && !s.InOrder && len(keys) == 1 && isIDOf(keys[0].X, s.Rel)
	case *IndexScan:
		if ordersBy(s.Index, len(s.Equal), s.Rel, keys) {
			s.Reverse = desc
			return true
		}
	}
	return false
}

// ordersBy reports whether rows of an index with its first equal fields fixed come in the order of the keys; behind the last
// field they come in the order of their ids.
func ordersBy(ix *schema.Index, equal int, r *sema.Relation, keys []sema.Order) bool {
	fields := ix.Fields[equal:]
	for i, k := range keys {
		if i == len(fields) {
			return i == len(keys)-1 && isIDOf(k.X, r)
		}
		if !isPath(k.X, r, fields[i]) {
			return false
		}
	}
	return true
}

func takeIndexForOrder(pl *Pipeline, scan *Scan, keys []sema.Order, desc bool) bool {
	if scan.Rel.Desc == nil {
		return false
	}
	for _, ix := range scan.Rel.Desc.Indexes {
		if refusedIndex(pl.Query, ix) != "" || !ordersBy(ix, 0, scan.Rel, keys) {
			continue
		}
		s := &IndexScan{Access: scan.Access, Index: ix}
		s.Reverse = desc
		pl.Steps[0] = s
		pl.Notes = slices.DeleteFunc(pl.Notes, func(n string) bool { return strings.HasPrefix(n, ix.Name+": ") })
		return true
	}
	return false
}

// topK tells a sort how many rows are wanted in the end, so that it keeps no more of them.
//
// It must not fire across a step that drops or adds rows between sort and limit. `START AT n` counts into what is wanted: the
// limit itself stays behind the sort to leave those rows out.
func topK(_ *planner, pl *Pipeline) bool {
	for i, s := range pl.Steps[:len(pl.Steps)-1] {
		sort, ok := s.(*Sort)
		if !ok || len(sort.Keys) == 0 {
			continue
		}
		limit, ok := pl.Steps[i+1].(*Limit)
		if !ok || limit.Count == nil {
			continue
		}
		sort.Limit = limit.Count
		if limit.Start == nil {
			pl.Steps = slices.Delete(pl.Steps, i+1, i+2)
			return true
		}
		sum := &sema.Binary{Info: sema.Info{Span: limit.Count.At().Span, Type: ops.TypeOf(ops.KindInt)}, Op: opcodes.Add, Left: limit.Start, Right: limit.Count}
		sort.Limit = sum
		if v, ok := fold(sum); ok {
			sort.Limit = constant(v)
		}
		return true
	}
	return false
}

// lateFetch moves the reading of linked records – the vertices at the far ends of a pattern – behind the steps that do not look
// at them: filters, DISTINCT, LIMIT, and a sort that lets only so many rows through.
//
// It must not fire where the step in between reads a field of those records, nor over a sort without a limit, which would
// lose the sorted order of the seeks and save nothing.
func lateFetch(_ *planner, pl *Pipeline) bool {
	changed := false
	for i := len(pl.Steps) - 2; i > 0; i-- {
		fetch, ok := pl.Steps[i].(*Fetch)
		if !ok || fetch.Exists {
			continue
		}
		to := i
		for j := i + 1; j < len(pl.Steps) && passes(fetch, pl.Steps[j]); j++ {
			if narrows(pl.Steps[j]) {
				to = j
			}
		}
		if to > i {
			copy(pl.Steps[i:to], pl.Steps[i+1:to+1])
			pl.Steps[to] = fetch
			changed = true
		}
	}
	return changed
}

// passes reports whether a fetch may as well stand behind a step.
func passes(f *Fetch, s Step) bool {
	switch s := s.(type) {
	case *Filter, *Distinct, *Limit, *Expand, *Items, *Branch, *Fetch, *Lookup:
	case *Sort:
		if s.Limit == nil {
			return false
		}
	default:
		return false
	}
	for _, e := range s.exprs() {
		reads := false
		sema.Columns(e, func(c *sema.Column) { reads = reads || f.gives(c) })
		if reads {
			return false
		}
	}
	return true
}

// narrows reports whether fewer rows may come out of a step than go in.
func narrows(s Step) bool {
	switch s := s.(type) {
	case *Filter, *Distinct, *Limit, *Behind:
		return true
	case *Fetch:
		return s.Exists
	case *Sort:
		return s.Limit != nil
	}
	return false
}

// semiJoin looks x of `x IN (SELECT …)` up in a set that is built once, instead of searching a list for every row.
//
// It must not fire where the subquery uses the row it is asked for (`x IN (SELECT VALUE y FROM t WHERE z = $parent.w)`): there is a
// set for each row then, and building it is dearer than searching it.
func semiJoin(_ *planner, pl *Pipeline) bool {
	changed := false
	pl.eachExpr(0, func(e sema.Expr) {
		sema.Walk(e, func(x sema.Expr) bool {
			if s, ok := x.(*sema.Subquery); ok && s.Use == sema.UseIn && s.Write == nil && !s.Hashed && !correlated(s.Query) {
				s.Hashed = true
				changed = true
			}
			return true
		})
	})
	return changed
}

func correlated(q *sema.Query) (outer bool) {
	q.Outer(func(*sema.Column) { outer = true })
	return outer
}
