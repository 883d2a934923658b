package sema

import (
	"strings"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// A view is a query with a name. Where a statement reads it, its text is put behind that of the statement and resolved there, as a
// subquery: what follows sees no difference, and moves conditions into it. Places behind the statement's own text are given
// back as the place where the view is named.

// viewText is a text that was put behind that of the script.
type viewText struct {
	start int
	at    ops.Span // where it is named
}

// maxViews bounds how deep views may stand on views.
const maxViews = 32

// Origin returns the place in the script that a place stands for: that of the name, for one in the text of a view.
func (p *Program) Origin(at ops.Span) ops.Span {
	for i := len(p.views) - 1; i >= 0; i-- {
		if at.Start >= p.views[i].start {
			return p.Origin(p.views[i].at)
		}
	}
	return at
}

// viewNamed returns the view of that name, or nil.
func (c *checker) viewNamed(name string) *schema.Object {
	if c.catalog == nil || c.catalog.Object(schema.ObjectView, name) == nil {
		return nil
	}
	return c.object(schema.ObjectView, name)
}

// viewSource adds the rows of a view.
func (c *checker) viewSource(q *Query, o *schema.Object, as *ast.Name, at ops.Span) {
	sub := c.expand(o, at)
	if sub == nil {
		return
	}
	r := c.relation(&Relation{Name: o.Name, View: o.Name, Kind: RelRows, Query: sub}, as, at)
	q.From = append(q.From, &QuerySource{Rel: r, Query: sub, Span: at})
}

// expand resolves a view's query. It sees nothing of what is around the name.
func (c *checker) expand(o *schema.Object, at ops.Span) *Query {
	if c.views == maxViews {
		c.failf(ops.CodeTooComplex, at, "views stand on views more than %d deep", maxViews)
		return nil
	}
	d := c.readHere(o, at)
	if d == nil {
		c.damaged(o, at)
		return nil
	}
	outer, before := c.scope, len(c.errs)
	c.scope = nil
	c.views++
	sub := c.rowsQuery(d.View)
	c.views--
	c.scope = outer
	if len(sub.Items) == 0 && len(c.errs) > before {
		return nil
	}
	return sub
}

// readHere puts a view's text behind the script's and parses it there.
func (c *checker) readHere(o *schema.Object, at ops.Span) *ast.Define {
	if c.opt.Parse == nil {
		return nil
	}
	start := len(c.src) + 1
	script, errs := c.opt.Parse(strings.Repeat(" ", start) + o.Text)
	if len(errs) > 0 || len(script.Statements) != 1 {
		return nil
	}
	d, ok := script.Statements[0].(*ast.Define)
	if !ok || d.View == nil {
		return nil
	}
	c.src += "\n" + o.Text
	c.program.views = append(c.program.views, viewText{start, at})
	return d
}

// notView refuses what a view cannot be: something with records of its own.
func (c *checker) notView(name string, at ops.Span, what string) bool {
	o := c.viewNamed(name)
	if o == nil {
		return false
	}
	err := ops.Errorf(ops.CodeType, "%s is a view: %s", name, what)
	var tables []string
	for _, r := range o.Requires {
		if r.Kind == schema.RefTable {
			tables = append(tables, r.Name)
		}
	}
	if len(tables) > 0 {
		err = err.WithHint("it reads %s", strings.Join(tables, ", "))
	}
	c.fail(err, at)
	return true
}

// defineView checks DEFINE TABLE v AS SELECT … and keeps it as its text.
func (c *checker) defineView(d *ast.Define, s schema.Change) {
	if len(d.Fields) > 0 || d.Schema != ast.SchemaUnsaid {
		c.fail(ops.Errorf(ops.CodeSyntax, "a view has the columns of its query, and no FIELDS of its own").WithHint("name them with AS in the query"), d.Span)
		return
	}
	if c.catalog != nil && c.catalog.Table(s.Name) != nil && !s.IfExists {
		c.failf(ops.CodeAlreadyExists, d.Name[0].Span, "table %s exists", s.Name)
		return
	}
	since, errs, params, vars := len(c.needs), len(c.errs), len(c.program.Params), len(c.program.Vars)
	c.reads = map[string]bool{}
	c.rowsQuery(d.View)
	reads := c.reads
	c.reads = nil
	switch {
	case len(c.errs) > errs:
		return
	case len(c.program.Params) > params || len(c.program.Vars) > vars:
		c.fail(ops.Errorf(ops.CodeParameter, "a view has no parameters or variables").WithHint("put the condition where the view is read"), d.View.Pos())
		return
	case reads[s.Name]:
		c.failf(ops.CodeType, d.View.Pos(), "view %s cannot read itself", s.Name)
		return
	}
	requires := c.required(since)
	for name := range reads {
		if c.catalog == nil || c.catalog.Table(name) != nil {
			requires = append(requires, schema.Ref{Kind: schema.RefTable, Name: name})
		}
	}
	plain := *d
	plain.IfNotExists, plain.On = false, nil
	s.Kind = schema.DefineObject
	s.Namespace, s.Database, _ = c.location(d.On, ast.DefDatabase)
	s.Object = schema.NewObject(schema.ObjectView, s.Name, ast.Print(&plain), requires)
	c.change(s, d.Span)
}

// asView makes a change that names a table one of the view of that name, if there is one.
func (c *checker) asView(s *schema.Change) {
	if (s.Kind == schema.DefineTable || s.Kind == schema.RemoveTable) && s.Namespace == "" && s.Database == "" && c.viewNamed(s.Name) != nil {
		s.Kind = map[schema.ChangeKind]schema.ChangeKind{schema.DefineTable: schema.DefineObject, schema.RemoveTable: schema.RemoveObject}[s.Kind]
		s.Object = &schema.Object{Kind: schema.ObjectView, Name: s.Name}
	}
}
