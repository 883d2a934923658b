package sema

import (
	"strings"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
)

// Virtual is the list of the rows of a virtual table.
type Virtual struct {
	leaf
	Name string
}

func (e *Virtual) with([]Expr) Expr { return e }

func (e *Virtual) sameHead(o Expr) bool { v, ok := o.(*Virtual); return ok && v.Name == e.Name }

// virtualTables are those there are somewhere: some are a server's.
var virtualTables = []string{"sys::tables", "sys::indexes", "sys::statements", "sys::sessions", "sys::jobs", "sys::errors", "sys::ring",
	"sys::users", "sys::roles"}

// virtualSource is a table sys::…, which is read as a list of objects.
func (c *checker) virtualSource(q *Query, e *ast.PathExpr, as *ast.Name) {
	steps := make([]string, len(e.Path))
	for i, s := range e.Path {
		steps[i] = s.Text
	}
	name := strings.Join(steps, "::")
	known := false
	for _, t := range virtualTables {
		known = known || t == name
	}
	if !known {
		c.fail(closest(ops.Errorf(ops.CodeUnknownTable, "there is no virtual table %s", name), name, virtualTables), e.Span)
		return
	}
	row := ops.TypeOf(ops.KindObject)
	r := c.relation(&Relation{Name: steps[len(steps)-1], Kind: RelValues, Type: row}, as, e.Span)
	list := &Virtual{leaf{Info{e.Span, ops.Type{Kind: ops.KindList, Elem: &row}}}, name}
	q.From = append(q.From, &ItemSource{Rel: r, X: list, Span: e.Span})
}
