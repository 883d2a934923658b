package sema

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// query resolves a SELECT in a scope of its own.
func (c *checker) query(s *ast.Select) *Query {
	q := &Query{Span: s.Span, NoIndex: s.NoIndex && s.Indexes == nil}
	c.push(q)
	defer c.pop()
	before := len(c.errs)
	c.sources(q, s.From)
	if len(c.scope.rels) == 0 && len(c.errs) > before {
		return q // what the other clauses name cannot be known
	}
	c.where(q, s.Where)
	c.hints(q, s)
	c.scope.grouping = true
	for _, g := range s.GroupBy {
		q.Group = append(q.Group, c.groupKey(s, g))
	}
	c.scope.grouping = false
	c.items(q, s)
	c.group(q)
	c.having(q, s.Having)
	c.omit(q, s.Omit)
	q.Distinct = s.Distinct
	c.paging(q, s, &s.Page)
	return q
}

// paging resolves what orders and cuts the result.
func (c *checker) paging(q *Query, node ast.Expr, p *ast.Page) {
	c.pages(q, node, p)
	c.order(q, p.OrderBy)
	q.Start, q.Limit = c.count(p.Start, "START"), c.count(p.Limit, "LIMIT")
	c.reachable(q)
	q.Version = c.version(p.Version)
}

// version resolves VERSION: one time for the whole query.
func (c *checker) version(e ast.Expr) Expr {
	if e == nil {
		return nil
	}
	x := c.expr(e)
	if k := x.At().Type.Kind; k != ops.KindTime && k != ops.KindAny {
		return c.fail(ops.Errorf(ops.CodeType, "VERSION takes a time, not %s", aKind(k)).WithHint("t\"2026-11-24T10:00:00Z\", or time::now() - 1h"), e.Pos())
	}
	own := false
	Columns(x, func(col *Column) { own = own || c.scope.query.Owns(col.Rel) })
	if own {
		return c.failf(ops.CodeType, e.Pos(), "VERSION is one time for the whole query; it cannot read rows")
	}
	return x
}

// groupKey resolves a key of GROUP BY. The alias of an output column comes before a field of the same name, as in ORDER BY;
// a column that folds rows cannot be a key, so that its name is the field's.
func (c *checker) groupKey(s *ast.Select, g ast.Expr) Expr {
	if name, ok := g.(*ast.Ident); ok {
		for _, i := range s.Items {
			if i.As == nil || i.As.Text != name.Name {
				continue
			}
			errs := len(c.errs)
			if x := c.expr(i.X); len(c.errs) == errs && !HasAggregate(x) {
				return x
			}
			c.errs = c.errs[:errs] // items reports it
		}
	}
	return c.expr(g)
}

func (c *checker) where(q *Query, e ast.Expr) {
	if e == nil {
		return
	}
	if _, all := e.(*ast.Wild); all {
		return
	}
	x := c.condition(e)
	if HasAggregate(x) {
		c.failf(ops.CodeType, e.Pos(), "WHERE looks at rows before they are grouped; it cannot hold FOLD")
	}
	q.And(x)
}

// And adds a condition.
func (q *Query) And(x Expr) {
	if q.Where == nil {
		q.Where = x
		return
	}
	q.Where = &Binary{Info: Info{q.Where.At().Span.Cover(x.At().Span), ops.TypeOf(ops.KindBool)}, Op: opcodes.And, Left: q.Where, Right: x}
}

// hints resolves the names of WITH INDICES and WITH NO INDEX against the tables of the query.
func (c *checker) hints(q *Query, s *ast.Select) {
	for _, name := range s.Indexes {
		var names []string
		defined := false
		for _, r := range c.scope.rels {
			if r.Desc == nil {
				continue
			}
			defined = true
			for _, ix := range r.Desc.Indexes {
				names = append(names, ix.Name)
			}
		}
		if (defined || c.catalog != nil) && !slices.Contains(names, name.Text) {
			c.fail(closest(ops.Errorf(ops.CodeUnknownIndex, "there is no index %s", name.Text), name.Text, names), name.Span)
		}
		if s.NoIndex {
			q.Refused = append(q.Refused, name.Text)
		} else {
			q.Indexes = append(q.Indexes, name.Text)
		}
	}
}

// ---- the select list

func (c *checker) items(q *Query, s *ast.Select) {
	if s.Value {
		x := c.expr(s.Items[0].X)
		q.Form, q.Items = vm.RowValue, []Item{{columnName(c, s.Items[0]), x}}
		return
	}
	var stars int
	for _, i := range s.Items {
		if r, ok := c.star(i); ok {
			stars++
			c.starItems(q, r, i.X.Pos())
			continue
		}
		q.Items = append(q.Items, Item{c.freshName(q, columnName(c, i)), c.expr(i.X)})
	}
	if stars > 0 {
		c.merge(q, s.Span)
	}
}

// star reports whether an item is `*` (r is nil) or `alias.*`.
func (c *checker) star(i ast.SelectItem) (r *Relation, ok bool) {
	switch x := i.X.(type) {
	case *ast.Wild:
		return nil, true
	case *ast.AllFields:
		if id, isName := x.X.(*ast.Ident); isName && i.As == nil {
			r = c.alias(id.Name)
		}
	}
	return r, r != nil
}

// starItems adds what `*` stands for: the columns of a subquery, the row of another source, each source as a column
// where there are several.
func (c *checker) starItems(q *Query, r *Relation, at ops.Span) {
	if r == nil {
		r = c.scope.main
	}
	switch {
	case r == nil && len(c.scope.rels) == 0:
		c.failf(ops.CodeSyntax, at, "* needs a FROM that says of what")
	case r == nil:
		for _, r := range c.scope.sources {
			q.Items = append(q.Items, Item{c.freshName(q, c.sourceName(r)), asValue(r, at)})
		}
	case r.Kind == RelRows && r.Query.Form == vm.RowColumns:
		for _, i := range r.Query.Items {
			q.Items = append(q.Items, Item{c.freshName(q, i.Name), &Column{leaf{Info{at, i.X.At().Type}}, r, []string{i.Name}}})
		}
	case r.Kind == RelValues:
		q.Items = append(q.Items, Item{"*", c.element(r, at)})
	default:
		q.Items = append(q.Items, Item{"*", wholeOf(r, at)})
	}
}

// sourceName names a source in `*` of several: by its alias or table, else as it is written.
func (c *checker) sourceName(r *Relation) string {
	if r.Name != "" {
		return r.Name
	}
	return c.text(r.Span)
}

// element is what `*` is of a list's element: a link is followed, anything else stands for itself.
func (c *checker) element(r *Relation, at ops.Span) Expr {
	x := wholeOf(r, at)
	if k := x.Type.Kind; k != ops.KindAny && k != ops.KindRecord {
		return x
	}
	record := &Field{Info: Info{at, ops.Type{Kind: ops.KindObject, Optional: true}}, X: x}
	if x.Type.Kind == ops.KindRecord {
		return record
	}
	def, signature, err := ops.Resolve("type::is_record", []ops.Type{x.Type})
	if err != nil {
		return x
	}
	is := &Call{Info: Info{at, ops.TypeOf(ops.KindBool)}, Func: Function{def, signature}, Args: []Expr{x}}
	return &If{Info: Info{at, ops.Any}, Cond: is, Then: record, Else: x}
}

// merge gives a query with `*` its form: rows of objects, the other items being members that are added, or bare values
// where the source is of bare values.
func (c *checker) merge(q *Query, at ops.Span) {
	first := slices.IndexFunc(q.Items, func(i Item) bool { return i.Name == "*" })
	if first < 0 {
		return // `*` stood for columns
	}
	q.Form = vm.RowObject
	if len(q.Items) == 1 {
		if q.Items[0].X.At().Type.Kind != ops.KindObject {
			q.Form = vm.RowValue
		}
		return
	}
	q.Items = []Item{{"*", mergeItems(q.Items, at)}}
}

// mergeItems makes one object of rows (named *) and columns, later ones winning.
func mergeItems(items []Item, at ops.Span) Expr {
	var whole Expr
	add := func(x Expr) {
		if whole == nil {
			whole = x
			return
		}
		whole = &Binary{Info: Info{at, ops.TypeOf(ops.KindObject)}, Op: opcodes.Add, Left: whole, Right: x}
	}
	for len(items) > 0 {
		if items[0].Name == "*" {
			add(items[0].X)
			items = items[1:]
			continue
		}
		o := &Object{Info: Info{at, ops.TypeOf(ops.KindObject)}}
		for len(items) > 0 && items[0].Name != "*" {
			o.Names, o.Values = append(o.Names, items[0].Name), append(o.Values, items[0].X)
			items = items[1:]
		}
		add(o)
	}
	return whole
}

// omit leaves columns, or paths inside them, out.
func (c *checker) omit(q *Query, names []ast.FieldName) {
	var paths []string
	for _, n := range names {
		steps := omitted(n)
		c.checkOmitted(q, steps, n.Span)
		paths = append(paths, strings.Join(steps, "."))
	}
	if len(paths) == 0 {
		return
	}
	if q.Form != vm.RowColumns {
		q.Items[0].X = &Omit{Info: Info{q.Items[0].X.At().Span, q.Items[0].X.At().Type}, X: q.Items[0].X, Paths: paths}
		return
	}
	var kept []Item
	for _, i := range q.Items {
		if slices.Contains(paths, i.Name) {
			continue
		}
		var inside []string
		for _, p := range paths {
			if rest, ok := strings.CutPrefix(p, i.Name+"."); ok {
				inside = append(inside, rest)
			}
		}
		if inside != nil {
			i.X = &Omit{Info: *i.X.At(), X: i.X, Paths: inside}
		}
		kept = append(kept, i)
	}
	q.Items = kept
}

// omitted are the steps to a field that is left out; * is every element or member.
func omitted(n ast.FieldName) (steps []string) {
	for _, s := range n.Steps {
		if s.Wild || s.Element {
			steps = append(steps, "*")
		} else {
			steps = append(steps, s.Name.Text)
		}
	}
	return steps
}

// checkOmitted reports a name that no row of the query can have.
func (c *checker) checkOmitted(q *Query, steps []string, at ops.Span) {
	var names []string
	known := true
	if q.Form == vm.RowColumns {
		for _, i := range q.Items {
			names = append(names, i.Name)
		}
	} else {
		names, known = membersKnown(q.Items[0].X)
	}
	if !known || len(steps) == 0 || slices.Contains(names, steps[0]) {
		return
	}
	err := closest(ops.Errorf(ops.CodeUnknownField, "there is no field %s to leave out", steps[0]), steps[0], names)
	if err.Hint == "" && len(names) > 0 && len(names) <= maxNames {
		err = err.WithHint("the rows have %s", strings.Join(names, ", "))
	}
	c.fail(err, at)
}

// membersKnown lists the members that the objects of an expression may have, where that is known.
func membersKnown(x Expr) (names []string, known bool) {
	switch x := x.(type) {
	case *Object:
		return x.Names, true
	case *Binary:
		if x.Op != opcodes.Add {
			return nil, false
		}
		left, ok := membersKnown(x.Left)
		right, also := membersKnown(x.Right)
		return slices.Concat(left, right), ok && also
	case *If:
		left, ok := membersKnown(x.Then)
		right, also := membersKnown(x.Else)
		return slices.Concat(left, right), ok && (also || isNone(x.Else))
	case *Column:
		d := x.Rel.Desc
		if len(x.Path) > 0 || !x.Rel.IsRecord() || d == nil || !d.Schemafull {
			return nil, false
		}
		names = []string{"id"}
		if d.Edge {
			names = append(names, "in", "out")
		}
		for i := range d.Fields {
			if !slices.Contains(names, d.Fields[i].Path[0]) {
				names = append(names, d.Fields[i].Path[0])
			}
		}
		return names, true
	}
	return nil, false
}

func (c *checker) steps(n ast.FieldName) (steps []string) {
	for _, s := range n.Steps {
		if s.Wild || s.Element {
			c.unsupported(n.Span, "a field name with *")
			continue
		}
		steps = append(steps, s.Name.Text)
	}
	return steps
}

// ---- grouping, order, limits

// group decides whether the query is grouped, and holds it to what a grouped query may read.
func (c *checker) group(q *Query) {
	q.Grouped = len(q.Group) > 0
	for _, i := range q.Items {
		q.Grouped = q.Grouped || HasAggregate(i.X)
	}
	for _, g := range q.Group {
		if HasAggregate(g) {
			c.failf(ops.CodeType, g.At().Span, "a group's key cannot hold FOLD")
		}
	}
	c.foldDistinct(q)
	if q.Grouped {
		for _, i := range q.Items {
			c.mustDerive(i.X, q.Group, "is neither a key of GROUP BY nor inside a FOLD", "write FOLD first(…) for the value of one row of the group")
		}
	}
}

// foldDistinct makes of a column FOLD distinct(e) what it means: e becomes a key, so that there is a row for each of its
// values, and its absence is skipped. Other folds are of the rows that have the value. Inside an expression it stays a fold,
// whose result is a list.
func (c *checker) foldDistinct(q *Query) {
	for i := range q.Items {
		a, ok := q.Items[i].X.(*Aggregate)
		if !ok || a.Name != "distinct" || a.Arg == nil {
			continue
		}
		q.Items[i].X = a.Arg
		if !slices.ContainsFunc(q.Group, func(k Expr) bool { return Same(k, a.Arg) }) {
			q.Group = append(q.Group, a.Arg)
		}
		q.And(c.makeUnary(opcodes.Not, "NOT", c.makeUnary(opcodes.IsNone, "IS NONE", a.Arg, a.Span), a.Span))
		if a.Where != nil {
			q.And(a.Where)
		}
	}
}

// having resolves the condition on groups. Output columns come before fields of the same name.
func (c *checker) having(q *Query, e ast.Expr) {
	if e == nil {
		return
	}
	if q.Form != vm.RowObject {
		c.scope.outputs = q.Items
	}
	x := c.condition(e)
	c.scope.outputs = nil
	if !q.Grouped && !HasAggregate(x) {
		c.fail(ops.Errorf(ops.CodeType, "HAVING chooses among groups; this query has neither GROUP BY nor FOLD").WithHint("WHERE chooses among rows"), e.Pos())
		return
	}
	if !q.Grouped {
		q.Grouped = true
		for _, i := range q.Items {
			c.mustDerive(i.X, q.Group, "is neither a key of GROUP BY nor inside a FOLD", "write FOLD first(…) for the value of one row of the group")
		}
	}
	c.mustDerive(x, q.Group, "is neither a key of GROUP BY nor inside a FOLD", "test a key or a FOLD, or put the condition into WHERE")
	q.Having = x
}

// mustDerive reports columns in e that cannot be had from the given expressions and aggregates.
func (c *checker) mustDerive(e Expr, from []Expr, why, hint string) {
	refuse := func(x *Column) {
		if c.scope.query.Owns(x.Rel) && !coveredBy(from, x) {
			c.fail(ops.Errorf(ops.CodeType, "%s %s", c.text(x.Span), why).WithHint("%s", hint), x.Span)
		}
	}
	Walk(e, func(x Expr) bool {
		if coveredBy(from, x) {
			return false
		}
		switch x := x.(type) {
		case *Aggregate:
			return false
		case *Column:
			refuse(x)
		case *Subquery:
			x.Query.Outer(refuse)
		}
		return true
	})
}

func coveredBy(from []Expr, x Expr) bool {
	return slices.ContainsFunc(from, func(f Expr) bool { return covers(f, x) })
}

// covers reports whether x can be had from the value f: it is f, or a field of the row that f is.
func covers(f, x Expr) bool {
	if Same(f, x) {
		return true
	}
	row, ok := f.(*Column)
	col, isColumn := x.(*Column)
	return ok && isColumn && row.Rel == col.Rel && len(row.Path) == 0
}

// order resolves ORDER BY. Output columns come before fields of the same name.
func (c *checker) order(q *Query, order []ast.OrderItem) {
	if q.Form == vm.RowColumns || q.Form == vm.RowValue {
		c.scope.outputs = q.Items
	}
	for _, o := range order {
		x := c.expr(o.X)
		q.Order = append(q.Order, Order{x, o.Desc})
	}
	c.scope.outputs = nil
	for _, o := range q.Order {
		q.Grouped = q.Grouped || HasAggregate(o.X)
		if q.Grouped {
			c.mustDerive(o.X, q.Group, "is neither a key of GROUP BY nor inside a FOLD", "order by a key or a FOLD")
		}
	}
}

// reachable: what comes after DISTINCT sees only the columns that were made distinct.
func (c *checker) reachable(q *Query) {
	if !q.Distinct {
		return
	}
	var items []Expr
	for _, i := range q.Items {
		items = append(items, i.X)
	}
	for _, o := range q.Order {
		if !q.Grouped {
			c.mustDerive(o.X, items, "is not among the columns that SELECT DISTINCT keeps", "order by one of the columns")
		}
	}
}

// count resolves START or LIMIT: a number that is the same for the whole query.
func (c *checker) count(e ast.Expr, clause string) Expr {
	if e == nil {
		return nil
	}
	x := c.expr(e)
	if k := x.At().Type.Kind; !integer(k) && k != ops.KindAny {
		return c.failf(ops.CodeType, e.Pos(), "%s takes an int, not %s", clause, aKind(k))
	}
	if k, ok := x.(*Const); ok && ops.Compare(k.Value, ops.Int(0)) < 0 {
		return c.failf(ops.CodeNumberOutOfRange, e.Pos(), "%s cannot be negative", clause)
	}
	own := false
	Columns(x, func(col *Column) { own = own || c.scope.query.Owns(col.Rel) })
	if own {
		return c.failf(ops.CodeType, e.Pos(), "%s is one number for the whole query; it cannot read rows", clause)
	}
	return x
}

// ---- subqueries

func (c *checker) subquery(e ast.Expr, use SubqueryUse) Expr {
	return c.shared(e.Pos(), use, func() Expr { return c.selected(e, use) })
}

// shared makes a subquery that is written like one in a key of GROUP BY the same as that, so that the key is recognised in
// the columns of the result.
func (c *checker) shared(at ops.Span, use SubqueryUse, resolve func() Expr) Expr {
	if c.scope == nil {
		return resolve()
	}
	key := keyText{use, c.text(at)}
	if known := c.scope.keys[key]; known != nil {
		again := *known
		again.Span = at
		return &again
	}
	scope, errs := c.scope, len(c.errs)
	x := resolve()
	if s, ok := x.(*Subquery); ok && scope.grouping && len(c.errs) == errs {
		if scope.keys == nil {
			scope.keys = map[keyText]*Subquery{}
		}
		first := *s
		scope.keys[key] = &first
	}
	return x
}

func (c *checker) selected(s ast.Expr, use SubqueryUse) Expr {
	q := c.rowsQuery(s)
	if len(q.Items) == 0 {
		return constant(ops.None, s.Pos()) // an error was reported
	}
	t := ops.TypeOf(ops.KindList)
	switch use {
	case UseExists:
		t = ops.TypeOf(ops.KindBool)
		if !q.Grouped && !q.Distinct { // what the rows hold does not matter
			q.Items, q.Form, q.Order = []Item{{"exists", constant(ops.Bool(true), s.Pos())}}, vm.RowValue, nil
		}
	case UseIn:
		if q.Form == vm.RowColumns && len(q.Items) == 1 {
			q.Form = vm.RowValue
		}
		if q.Form != vm.RowValue {
			return c.fail(ops.Errorf(ops.CodeType, "IN takes a query of one column").WithHint("write SELECT VALUE …"), s.Pos())
		}
	}
	return &Subquery{Info: Info{s.Pos(), t}, Query: q, Use: use}
}

func (c *checker) exists(e *ast.Exists) Expr {
	switch x := e.X.(type) {
	case *ast.Pattern:
		return c.patternValue(x, UseExists)
	case *ast.Select, *ast.SetOp:
		return c.subquery(x, UseExists)
	}
	return c.failf(ops.CodeSyntax, e.X.Pos(), "EXISTS takes a query or a pattern in brackets")
}
