package sema

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// scope is what the names in one query may mean.
type scope struct {
	outer *scope
	query *Query
	write bool        // of a writing statement
	rels  []*Relation // in the order of the sources
	// sources has a relation for each source: its own or, of a pattern, the vertex at the end.
	sources []*Relation
	// main is the relation whose fields need no qualifier: the only source, or the end of a pattern; nil where
	// there are several.
	main *Relation
	// outputs are the columns of the result, where a clause may name them.
	outputs []Item
	// end is the vertex that the last pattern ends with, and ended how many sources there were then; aside counts the
	// brackets of patterns within patterns.
	end          *Relation
	ended, aside int
	// views are names that stand for something that no relation is; stand are aliases that stand for another relation
	// than elsewhere, while a condition is resolved.
	views map[string]Expr
	stand map[string]*Relation
	// grouping is set while the keys of GROUP BY are resolved, and keys are the subqueries in them; see shared.
	grouping bool
	keys     map[keyText]*Subquery
}

// keyText is how a subquery is written, and what for.
type keyText struct {
	use  SubqueryUse
	text string
}

func (c *checker) push(q *Query) *scope {
	c.queries++
	q.number = c.queries
	c.scope = &scope{outer: c.scope, query: q}
	return c.scope
}

func (c *checker) pop() { c.scope = c.scope.outer }

// relation adds a relation to the scope. A second one of a name that nobody wrote gets a number behind it.
func (c *checker) relation(r *Relation, as *ast.Name, at ops.Span) *Relation {
	s := c.scope
	r.query, r.Span = s.query.number, at
	if as != nil {
		r.Name, r.Alias = as.Text, true
		if s.find(r.Name) != nil {
			c.failf(ops.CodeAlreadyExists, as.Span, "the alias %s stands for another part of this query", as.Text)
		}
	}
	r.Name = distinctName(r.Name, func(name string) bool { return s.find(name) != nil })
	s.rels = append(s.rels, r)
	return r
}

func (s *scope) find(name string) *Relation {
	for _, r := range s.rels {
		if r.Name == name && name != "" {
			return r
		}
	}
	return nil
}

// alias returns the relation that name stands for: any of the innermost query, of outer ones only those named with AS,
// for a schemaless table may have a field of any name.
func (c *checker) alias(name string) *Relation {
	for s := c.scope; s != nil; s = s.outer {
		if r := s.stand[name]; r != nil {
			return r
		}
		if r := s.find(name); r != nil && (r.Alias || s == c.scope) {
			return r
		}
	}
	return nil
}

// view is what a name stands for that is no relation's.
func (c *checker) view(name string) Expr {
	for s := c.scope; s != nil; s = s.outer {
		if x := s.views[name]; x != nil {
			return x
		}
	}
	return nil
}

// ident resolves a bare name: an output column where the clause may name one, an alias, a field.
func (c *checker) ident(e *ast.Ident) Expr {
	s := c.scope
	if s != nil {
		for _, o := range s.outputs {
			if o.Name == e.Name {
				return o.X
			}
		}
	}
	if r := c.alias(e.Name); r != nil {
		return rowOf(r, e.Span)
	}
	if x := c.view(e.Name); x != nil {
		return x
	}
	if i, ok := c.params["this"]; c.guard && s == nil && ok {
		return &Field{Info: Info{e.Span, ops.Any}, X: &Param{leaf{Info{e.Span, c.program.Params[i].Type}}, i}, Path: []string{e.Name}}
	}
	if s == nil || len(s.rels) == 0 {
		return c.noSuchName(e)
	}
	if s.main == nil {
		return c.unqualified(e)
	}
	if e.Name == "path" && !s.main.defines("path") {
		if x := pathObject(s.query, e.Span); x != nil {
			return x
		}
	}
	return c.member(s.main, e.Name, e.Span)
}

// noSuchName: outside a query a bare name means nothing. The likeliest slip is a forgotten sign or quote.
func (c *checker) noSuchName(e *ast.Ident) Expr {
	err := ops.Errorf(ops.CodeUnknownName, "there is nothing here that %s could name", e.Name)
	if c.hasVar(e.Name) {
		return c.fail(err.WithHint("did you mean $%s?", e.Name), e.Span)
	}
	return c.fail(err.WithHint("a text takes quotes: %q; a variable a sign: $%s", e.Name, e.Name), e.Span)
}

// unqualified finds the one of several sources that has a field: the only one that declares it, or the only one that may.
func (c *checker) unqualified(e *ast.Ident) Expr {
	var names []string
	var declare, may []*Relation
	for _, r := range c.scope.rels {
		if r.defines(e.Name) {
			declare = append(declare, r)
		}
		if r.mayHave(e.Name) {
			may = append(may, r)
			names = append(names, r.Name+"."+e.Name)
		}
	}
	switch {
	case len(declare) == 1:
		return c.member(declare[0], e.Name, e.Span)
	case len(may) == 1 && may[0].Name != "":
		return c.member(may[0], e.Name, e.Span)
	case len(may) == 0:
		return c.fail(closest(ops.Errorf(ops.CodeUnknownField, "none of the sources has a field %s", e.Name), e.Name, c.fieldNames()), e.Span)
	}
	return c.fail(ops.Errorf(ops.CodeUnknownName, "%s could be a field of more than one source", e.Name).
		WithHint("write %s", joinOr(names)), e.Span)
}

// fieldNames are the fields that the sources in scope declare.
func (c *checker) fieldNames() (names []string) {
	for _, r := range c.scope.rels {
		switch {
		case r.Kind == RelRows:
			for _, i := range r.Query.Items {
				names = append(names, i.Name)
			}
		case r.Desc != nil:
			for _, f := range r.Desc.Fields {
				names = append(names, f.Path[0])
			}
		}
	}
	return names
}

// mayHave reports whether the rows of a relation may have a field.
func (r *Relation) mayHave(name string) bool {
	switch {
	case r.Kind == RelRows && r.Query.Form == vm.RowColumns, r.Desc != nil && r.Desc.Schemafull:
		return r.defines(name) || r.IsRecord() && (name == "id" || r.Desc.Edge && (name == "in" || name == "out"))
	case r.Kind == RelValues:
		return r.Name != ""
	}
	return true
}

// rowOf is what a relation's name means by itself: the id of a record, which links to the rest; the value or row otherwise.
func rowOf(r *Relation, at ops.Span) Expr {
	if r.IsRecord() {
		return idOf(r, at)
	}
	return asValue(r, at)
}

// asValue is a relation's row as one value. A row of columns is an object, and one that a LEFT JOIN did not find is none.
func asValue(r *Relation, at ops.Span) Expr {
	if r.Kind != RelRows || r.Query.Form != vm.RowColumns {
		return wholeOf(r, at)
	}
	o := &Object{Info: Info{at, ops.TypeOf(ops.KindObject)}}
	var missing Expr
	for _, i := range r.Query.Items {
		x := &Column{leaf{Info{at, r.maybe(i.X.At().Type)}}, r, []string{i.Name}}
		o.Names, o.Values = append(o.Names, i.Name), append(o.Values, x)
		is := Expr(&Unary{Info: Info{at, ops.TypeOf(ops.KindBool)}, Op: opcodes.IsNone, X: x})
		if missing != nil {
			is = &Binary{Info: Info{at, ops.TypeOf(ops.KindBool)}, Op: opcodes.And, Left: missing, Right: is}
		}
		missing = is
	}
	if !r.Optional || missing == nil {
		return o
	}
	return &If{Info: Info{at, r.maybe(o.Type)}, Cond: missing, Then: constant(ops.None, at), Else: o}
}

// maybe is a type of a value of the relation's rows, which may be missing.
func (r *Relation) maybe(t ops.Type) ops.Type {
	if r.Optional && t.Kind != ops.KindAny {
		t.Optional = true
	}
	return t
}

func idOf(r *Relation, at ops.Span) *Column {
	t := ops.Type{Kind: ops.KindRecord, Name: r.Table, Optional: r.Kind == RelStored || r.Optional}
	return &Column{leaf{Info{at, t}}, r, []string{"id"}}
}

// wholeOf is a relation's row as one value.
func wholeOf(r *Relation, at ops.Span) *Column {
	t := r.Type
	switch {
	case r.IsRecord():
		t = ops.Type{Kind: ops.KindObject, Optional: r.Optional || r.Kind == RelStored}
	case r.Kind == RelRows && r.Query.Form == vm.RowValue:
		t = r.Query.Items[0].X.At().Type
	case r.Kind == RelRows:
		t = ops.TypeOf(ops.KindObject)
	}
	return &Column{leaf{Info{at, r.maybe(t)}}, r, nil}
}

// member is a field of a relation's rows.
func (c *checker) member(r *Relation, name string, at ops.Span) Expr {
	switch r.Kind {
	case RelValues:
		return c.virtualField(r, name, at)
	case RelRows:
		return c.outputOf(r, name, at)
	}
	if name == "id" {
		return idOf(r, at)
	}
	t, ok := c.fieldType(r.Desc, name, at)
	if !ok {
		return constant(ops.None, at)
	}
	return &Column{leaf{Info{at, r.maybe(t)}}, r, []string{name}}
}

// outputOf is a column of a subquery.
func (c *checker) outputOf(r *Relation, name string, at ops.Span) Expr {
	if r.Query.Form != vm.RowColumns {
		return &Field{Info: Info{at, ops.Any}, X: wholeOf(r, at), Path: []string{name}}
	}
	var names []string
	for _, i := range r.Query.Items {
		if i.Name == name {
			return &Column{leaf{Info{at, r.maybe(i.X.At().Type)}}, r, []string{name}}
		}
		names = append(names, i.Name)
	}
	of := "the subquery"
	if r.View != "" {
		of = "view " + r.View
	} else if len(r.Query.From) == 1 {
		if s, ok := r.Query.From[0].(*SetSource); ok {
			of = "the result of the " + strings.ToUpper(s.Kind.String())
		}
	}
	err := closest(ops.Errorf(ops.CodeUnknownField, "%s has no column %s", of, name), name, names)
	if err.Hint == "" && len(names) <= maxNames {
		err = err.WithHint("its columns are %s", strings.Join(names, ", "))
	}
	return c.fail(err, at)
}

// maxNames is how many names a hint lists.
const maxNames = 12

// defines reports whether the relation is known to have a field.
func (r *Relation) defines(name string) bool {
	switch {
	case r.Kind == RelRows:
		return slices.ContainsFunc(r.Query.Items, func(i Item) bool { return i.Name == name })
	case r.Desc == nil:
		return false
	}
	return slices.ContainsFunc(r.Desc.Fields, func(f schema.Field) bool { return f.Path[0] == name })
}

// fieldType is the type of a table's field. An unknown field of a schemafull table is an error.
func (c *checker) fieldType(t *schema.Table, name string, at ops.Span) (ops.Type, bool) {
	if t == nil {
		return ops.Any, true
	}
	if name == "id" {
		return ops.Type{Kind: ops.KindRecord, Name: t.Name}, true
	}
	if t.Edge && (name == "in" || name == "out") {
		return ops.Type{Kind: ops.KindRecord, Name: map[string]string{"in": t.From, "out": t.To}[name]}, true
	}
	if known, ok := declared(t, []string{name}); ok {
		return known, true
	}
	if !t.Schemafull {
		return ops.Any, true
	}
	names := []string{"id"}
	for _, f := range t.Fields {
		names = append(names, f.Path[0])
	}
	c.fail(closest(ops.Errorf(ops.CodeUnknownField, "table %s has no field %s", t.Name, name), name, names), at)
	return ops.Any, false
}

// declared is the type a table declares for a path; a path that others lie below is an object.
func declared(t *schema.Table, path []string) (ops.Type, bool) {
	below := false
	for i := range t.Fields {
		f := &t.Fields[i]
		if slices.Equal(f.Path, path) {
			return f.Type, true
		}
		below = below || len(f.Path) > len(path) && slices.Equal(f.Path[:len(path)], path)
	}
	return ops.Type{Kind: ops.KindObject, Optional: true}, below
}

// table looks a table up for reading. One that is not there may yet come, so it is an error only in a strict database
// and where a table of nearly that name makes a slip likely.
func (c *checker) table(name string, at ops.Span) *schema.Table {
	if c.reads != nil && c.views == 0 {
		c.reads[name] = true
	}
	if c.catalog == nil || c.notView(name, at, "its rows have no ids, and no edges") {
		return nil
	}
	if t := c.catalog.Table(name); t != nil {
		c.tables = append(c.tables, schema.Ref{Kind: schema.RefTable, Name: name})
		return t
	}
	if c.fromWrites[name] {
		return nil
	}
	var names []string
	for _, t := range c.catalog.Tables() {
		names = append(names, t.Name)
	}
	err := closest(ops.Errorf(ops.CodeUnknownTable, "there is no table %s", name), name, names)
	switch {
	case c.catalog.Strict() || err.Hint != "" && len(name) > 3:
		c.fail(err, at)
	case len(names) > 0:
		c.warn(err, at)
	}
	return nil
}

// tableToWrite looks a table up for writing, which brings it into being unless the database is strict.
func (c *checker) tableToWrite(name string, at ops.Span) *schema.Table {
	if c.catalog == nil || c.notView(name, at, "nothing can be written to it") {
		return nil
	}
	if t := c.catalog.Table(name); t != nil || c.fromWrites[name] {
		if t != nil {
			c.tables = append(c.tables, schema.Ref{Kind: schema.RefTable, Name: name})
		}
		return t
	}
	if c.catalog.Strict() {
		return c.table(name, at)
	}
	if c.fromWrites == nil {
		c.fromWrites = map[string]bool{}
	}
	c.fromWrites[name] = true
	return nil
}

// known reports whether the catalog defines a table of that name.
func (c *checker) known(table string) bool {
	return c.catalog != nil && c.catalog.Table(table) != nil
}

// closest adds "did you mean" where a candidate is near.
func closest(e *ops.Error, word string, candidates []string) *ops.Error {
	if near := diag.Closest(word, candidates); near != "" {
		return e.WithHint("did you mean %s?", near)
	}
	return e
}

// IDOf is the id of a relation's row.
func IDOf(r *Relation, at ops.Span) *Column { return idOf(r, at) }

// WholeOf is a relation's row as one value.
func WholeOf(r *Relation, at ops.Span) *Column { return wholeOf(r, at) }

// ColumnOf is a column of a subquery's rows.
func ColumnOf(r *Relation, name string, t ops.Type) *Column {
	return &Column{leaf{Info{ops.Span{}, t}}, r, []string{name}}
}

// FieldOf is the column of a relation of records that f reads out of the whole record.
func FieldOf(r *Relation, f *Field) *Column {
	if f.Path[0] == "id" {
		return idOf(r, f.Span)
	}
	t := ops.Any
	if r.Desc != nil {
		if known, ok := declared(r.Desc, f.Path); ok {
			t = known
		}
	}
	return &Column{leaf{Info{f.Span, r.maybe(t)}}, r, f.Path}
}

// RowsOf makes the relation of the rows of a query that stands on the right of a LEFT JOIN in another.
func RowsOf(outer, rows *Query, at ops.Span) *Relation {
	return &Relation{Kind: RelRows, Query: rows, Optional: true, Span: at, query: outer.number}
}

// FieldColumn is the column of a relation of records at a path.
func FieldColumn(r *Relation, path []string) *Column {
	return &Column{leaf{Info{r.Span, ops.Any}}, r, path}
}

// RecordsBehind makes the relation of the records that a link of a query's rows names.
func RecordsBehind(q *Query, link Expr) *Relation {
	return &Relation{Kind: RelRecords, Table: link.At().Type.Name, Optional: true, Span: link.At().Span, query: q.number}
}
