package plan

import (
	"fmt"
	"slices"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// decorrelate answers a subquery that asks for `inner = outer` of each row from one run of it over all rows: EXISTS and IN become
// a look-up in the set of the inner values, folds and lists a LEFT JOIN with the rows grouped by them. What count() is of a group
// that is not there, 0, is put in behind the join.
//
// It must not fire where the subquery depends on the row by more than equalities, nor for LIMIT, DISTINCT, HAVING or ORDER BY inside,
// which are of each row's own rows; nor where the outer rows are the first few of a LIMIT in key order. Nor, by the
// estimates, where few outer rows each find theirs by an index. What is left is run once for each distinct set of values that it
// reads of the rows.
func decorrelate(p *planner, pl *Pipeline) bool {
	if pl.Query == nil || len(pl.Steps) == 0 || isOneRow(pl.Steps[0]) {
		return false
	}
	d := &decorrelator{p: p, pl: pl, made: map[*sema.Query]sema.Expr{}, keys: map[*sema.Query]*sema.Query{}}
	d.sets()
	if !pl.KeyOrder {
		d.joins()
	}
	return d.changed
}

func isOneRow(s Step) bool {
	switch s := s.(type) {
	case *One, *Get:
		return true
	case *Keys:
		_, ok := single(s.List)
		return ok
	}
	return false
}

type decorrelator struct {
	p       *planner
	pl      *Pipeline
	made    map[*sema.Query]sema.Expr   // what stands for a subquery, by its query
	keys    map[*sema.Query]*sema.Query // what fills the set for a subquery, likewise
	changed bool
}

// link is how the rows of a subquery hang on those of the query around it.
type link struct {
	inner, outer []sema.Expr // equal
	rest         sema.Expr   // the other conditions; nil without
}

// correlates reports whether an expression reads the rows of the pipeline.
func (d *decorrelator) correlates(e sema.Expr) (found bool) {
	sema.Columns(e, func(c *sema.Column) { found = found || d.pl.Owns(c.Rel) })
	return found
}

// linkOf takes the WHERE of a subquery apart. It fails where the subquery depends on the outer rows in another way.
func (d *decorrelator) linkOf(q *sema.Query) (*link, bool) {
	if q.Where == nil || q.Start != nil || q.Limit != nil || q.Having != nil || q.Distinct {
		return nil, false
	}
	l := &link{}
	for _, cond := range sema.Conjuncts(q.Where, opcodes.And) {
		if !d.correlates(cond) {
			l.add(cond)
			continue
		}
		b, ok := cond.(*sema.Binary)
		if !ok || b.Op != opcodes.Eq || !infallible(cond) || !d.pair(q, l, b.Left, b.Right) && !d.pair(q, l, b.Right, b.Left) {
			return nil, false
		}
	}
	where := q.Where
	q.Where = l.rest
	other := false
	q.Outer(func(c *sema.Column) { other = other || d.pl.Owns(c.Rel) })
	q.Where = where
	return l, len(l.inner) > 0 && !other
}

func (l *link) add(cond sema.Expr) {
	if l.rest == nil {
		l.rest = cond
		return
	}
	l.rest = &sema.Binary{Info: sema.Info{Span: l.rest.At().Span.Cover(cond.At().Span), Type: ops.TypeOf(ops.KindBool)}, Op: opcodes.And, Left: l.rest, Right: cond}
}

// pair adds an equality between an expression of the subquery and one of what is outside of it.
func (d *decorrelator) pair(q *sema.Query, l *link, inner, outer sema.Expr) bool {
	own := false
	sema.Columns(outer, func(c *sema.Column) { own = own || q.Owns(c.Rel) })
	if own || d.correlates(inner) {
		return false
	}
	l.inner, l.outer = append(l.inner, inner), append(l.outer, outer)
	return true
}

// ---- sets

// sets makes look-ups in sets of EXISTS and IN.
func (d *decorrelator) sets() {
	d.pl.rewrite(func(e sema.Expr) sema.Expr {
		return sema.Rewrite(e, func(x sema.Expr) sema.Expr {
			s, ok := x.(*sema.Subquery)
			if !ok || s.Use == sema.UseList || s.Hashed || s.Query.Grouped {
				return x
			}
			l, ok := d.linkOf(s.Query)
			if !ok || s.Use == sema.UseIn && !infallible(s.Query.Items[0].X) || d.p.rowByRow(d.pl, s.Query, l) {
				return x
			}
			d.changed = true
			return d.set(s, l)
		})
	})
}

// set is the subquery as a look-up. One that stands in several places stays one.
func (d *decorrelator) set(s *sema.Subquery, l *link) sema.Expr {
	inner, outer := l.inner, l.outer
	if s.Use == sema.UseIn {
		inner, outer = append([]sema.Expr{s.Query.Items[0].X}, inner...), append([]sema.Expr{s.X}, outer...)
	}
	in := *s
	in.Query = d.keys[s.Query]
	if in.Query == nil {
		q := *s.Query
		q.Where, q.Order, q.Form = l.rest, nil, vm.RowValue
		q.Items = []sema.Item{{Name: "key", X: together(inner)}}
		in.Query = &q
		d.keys[s.Query] = &q
	}
	in.Use, in.X, in.Hashed = sema.UseIn, together(outer), true
	in.Type = ops.TypeOf(ops.KindBool)
	return &in
}

// together makes a tuple of several expressions.
func together(es []sema.Expr) sema.Expr {
	if len(es) == 1 {
		return es[0]
	}
	return &sema.Sequence{Info: sema.Info{Span: es[0].At().Span, Type: ops.TypeOf(ops.KindTuple)}, Tuple: true, Items: es}
}

// ---- joins

// joins makes joins of subqueries whose rows are a value.
func (d *decorrelator) joins() {
	at := d.place()
	if at < 0 {
		return
	}
	var joins []*Join
	d.pl.rewrite(func(e sema.Expr) sema.Expr {
		return simplified(e, func(x sema.Expr) sema.Expr {
			s, ok := x.(*sema.Subquery)
			if !ok || s.Use != sema.UseList {
				return x
			}
			if made := d.made[s.Query]; made != nil {
				return made
			}
			if !d.joinable(s) {
				return x
			}
			j, value := d.join(s)
			joins = append(joins, j)
			d.made[s.Query] = value
			return value
		})
	})
	for _, j := range joins {
		j.Left = d.p.side(d.pl)
		j.Left.Steps = d.pl.Steps[:at:at]
		d.pl.Steps = append([]Step{j}, d.pl.Steps[at:]...)
		at = 1
		d.changed = true
	}
}

// place is where the joins go: before the first step that reads such a subquery, and before what depends on the order of the
// rows; -1 where there is none, or only behind a grouping, whose rows are others.
func (d *decorrelator) place() int {
	uses := func(es []sema.Expr) (found bool) {
		for _, e := range es {
			sema.Walk(e, func(x sema.Expr) bool {
				if s, ok := x.(*sema.Subquery); ok && s.Use == sema.UseList && d.joinable(s) {
					found = true
				}
				return !found
			})
		}
		return found
	}
	for i, s := range d.pl.Steps {
		if uses(s.exprs()) {
			return max(i, 1)
		}
		switch s := s.(type) {
		case *Group:
			return -1
		case *Sort, *Distinct, *Limit:
			if !uses(d.pl.Outputs()) {
				continue
			}
			if sort, ok := s.(*Sort); ok && sort.Limit != nil {
				return -1
			}
			return i
		}
	}
	if uses(d.pl.Outputs()) {
		return len(d.pl.Steps)
	}
	return -1
}

// joinable reports whether a subquery can become a join: it folds all its rows, or gives them as objects in any order.
func (d *decorrelator) joinable(s *sema.Subquery) bool {
	q := s.Query
	if len(q.Group) > 0 || !q.Grouped && (len(q.Order) > 0 || len(q.Items) == 0 || !neverNone(q)) {
		return false
	}
	l, ok := d.linkOf(q)
	return ok && !d.p.rowByRow(d.pl, q, l)
}

// neverNone reports whether a query's rows are values that a list of them keeps.
func neverNone(q *sema.Query) bool {
	if q.Form == vm.RowColumns {
		return true
	}
	t := q.Items[0].X.At().Type
	return !t.Optional && (t.Kind == ops.KindRecord || t.Kind == ops.KindObject)
}

// join makes the LEFT JOIN with a subquery's groups, and what its value is behind the join.
func (d *decorrelator) join(s *sema.Subquery) (*Join, sema.Expr) {
	l, _ := d.linkOf(s.Query)
	q := *s.Query
	q.Where, q.Order, q.Form, q.Grouped, q.Items = l.rest, nil, vm.RowColumns, true, nil
	for i, k := range l.inner {
		q.Group = append(q.Group, k)
		q.Items = append(q.Items, sema.Item{Name: fmt.Sprint("key", i), X: k})
	}
	r := sema.RowsOf(d.pl.Query, &q, s.Span)
	value := d.folded(s.Query, &q, r)
	j := &Join{Right: d.p.side(d.pl), Outer: true, LeftKeys: l.outer, Sides: ": the rows of a subquery, grouped by what they are asked for"}
	j.Right.KeyOrder = false
	j.Right.Steps = []Step{&Rows{Rel: r, Sub: d.p.query(&q, false)}}
	for i, k := range l.inner {
		j.RightKeys = append(j.RightKeys, sema.ColumnOf(r, fmt.Sprint("key", i), k.At().Type))
	}
	return j, value
}

// folded adds the folds of a subquery to the grouped one and makes its value of them: the list of one row of folds, or of
// all the rows.
func (d *decorrelator) folded(of, grouped *sema.Query, r *sema.Relation) sema.Expr {
	list := sema.Info{Span: of.Span, Type: ops.TypeOf(ops.KindList)}
	if !of.Grouped {
		all := &sema.Aggregate{Info: list, Name: "collect", Arg: rowObject(of)}
		return orEmpty(add(grouped, r, all), ops.List(nil))
	}
	items := make([]sema.Item, len(of.Items))
	for i, item := range of.Items {
		items[i] = sema.Item{Name: item.Name, X: sema.Rewrite(item.X, func(x sema.Expr) sema.Expr {
			a, ok := x.(*sema.Aggregate)
			if !ok {
				return x
			}
			return orEmpty(add(grouped, r, a), ofNothing(a))
		})}
	}
	row := items[0].X
	if of.Form == vm.RowColumns {
		row = objectOf(items, of.Span)
	}
	return &sema.Sequence{Info: list, Items: []sema.Expr{row}}
}

// rowObject is what a row of a query is as a value.
func rowObject(q *sema.Query) sema.Expr {
	if q.Form == vm.RowColumns {
		return objectOf(q.Items, q.Span)
	}
	return q.Items[0].X
}

func objectOf(items []sema.Item, at ops.Span) sema.Expr {
	o := &sema.Object{Info: sema.Info{Span: at, Type: ops.TypeOf(ops.KindObject)}}
	for _, i := range items {
		o.Names, o.Values = append(o.Names, i.Name), append(o.Values, i.X)
	}
	return o
}

// add makes a fold a column of the grouped query, once.
func add(grouped *sema.Query, r *sema.Relation, a *sema.Aggregate) sema.Expr {
	for _, i := range grouped.Items {
		if sema.Same(i.X, a) {
			return maybeNone(r, i.Name, a)
		}
	}
	name := fmt.Sprint("fold", len(grouped.Items))
	grouped.Items = append(grouped.Items, sema.Item{Name: name, X: a})
	return maybeNone(r, name, a)
}

// maybeNone is the column of a fold where its group may not be there.
func maybeNone(r *sema.Relation, name string, a *sema.Aggregate) sema.Expr {
	t := a.Type
	if t.Kind != ops.KindAny {
		t.Optional = true
	}
	c := sema.ColumnOf(r, name, t)
	c.Span = a.Span
	return c
}

// ofNothing is what a fold is of no rows.
func ofNothing(a *sema.Aggregate) ops.Value {
	switch a.Name {
	case "count", "approx_distinct":
		return ops.Int(0)
	case "collect", "group":
		return ops.List(nil)
	}
	return ops.None
}

func orEmpty(x sema.Expr, v ops.Value) sema.Expr {
	if v.IsNone() {
		return x
	}
	t := ops.TypeOf(v.Kind())
	return &sema.Binary{Info: sema.Info{Span: x.At().Span, Type: t}, Op: opcodes.Coalesce, Left: x, Right: constant(v)}
}

// simplified is Rewrite that also takes apart what the rewriting has put together: `[x][0]`, and a member of an object.
func simplified(e sema.Expr, f func(sema.Expr) sema.Expr) sema.Expr {
	return sema.Rewrite(e, func(x sema.Expr) sema.Expr {
		switch x := x.(type) {
		case *sema.Binary:
			list, isList := x.Left.(*sema.Sequence)
			at, isConst := x.Right.(*sema.Const)
			if x.Op == opcodes.Index && isList && isConst && !list.Tuple && len(list.Items) == 1 && at.Value.Kind() == ops.KindInt {
				if i := at.Value.AsInt(); i == 0 || i == -1 {
					return list.Items[0]
				}
			}
		case *sema.Field:
			o, isObject := x.X.(*sema.Object)
			if !isObject || len(x.Path) == 0 || slices.ContainsFunc(o.Values, func(v sema.Expr) bool { return !infallible(v) }) {
				break
			}
			i := slices.Index(o.Names, x.Path[0])
			switch {
			case i >= 0 && len(x.Path) == 1:
				return o.Values[i]
			case i < 0:
				return constant(ops.None)
			}
		}
		return f(x)
	})
}
