package sema

import (
	"maps"
	"slices"
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

// virtualTables are those there are somewhere – some are a server's – with the fields of their rows, where those are the same for
// whoever makes the rows.
var virtualTables = map[string][]string{
	"sys::tables":     {"name", "kind", "schemafull", "fields", "indexes", "rows", "statistics", "definition"},
	"sys::indexes":    {"name", "table", "fields", "unique", "ready"},
	"sys::statements": {"text", "runs", "rows", "time", "bytes", "reads", "writes", "functions", "cost"},
	"sys::errors":     {"code", "count", "last", "message"},
	"sys::users":      {"name", "definition", "namespace", "database"},
	"sys::roles":      {"name", "definition", "namespace", "database"},
	"sys::jobs":       {"kind", "table", "of", "state", "done", "total", "started", "ended", "error"},
	"sys::sessions":   nil, "sys::ring": nil,
}

// VirtualFields are the fields of a virtual table's rows; nil where they are not known.
func VirtualFields(table string) []string { return virtualTables[table] }

// virtualField is a field of a virtual table's row.
func (c *checker) virtualField(r *Relation, name string, at ops.Span) Expr {
	if fields := virtualTables[r.Virtual]; fields != nil && !slices.Contains(fields, name) {
		err := closest(ops.Errorf(ops.CodeUnknownField, "%s has no field %s", r.Virtual, name), name, fields)
		if err.Hint == "" {
			err = err.WithHint("its fields are %s", strings.Join(fields, ", "))
		}
		return c.fail(err, at)
	}
	return &Field{Info: Info{at, ops.Any}, X: wholeOf(r, at), Path: []string{name}}
}

// virtualSource is a table sys::…, which is read as a list of objects.
func (c *checker) virtualSource(q *Query, e *ast.PathExpr, as *ast.Name) {
	steps := make([]string, len(e.Path))
	for i, s := range e.Path {
		steps[i] = s.Text
	}
	name := strings.Join(steps, "::")
	if _, known := virtualTables[name]; !known {
		names := slices.Sorted(maps.Keys(virtualTables))
		c.fail(closest(ops.Errorf(ops.CodeUnknownTable, "there is no virtual table %s", name), name, names), e.Span)
		return
	}
	row := ops.TypeOf(ops.KindObject)
	r := c.relation(&Relation{Name: steps[len(steps)-1], Kind: RelValues, Type: row, Virtual: name}, as, e.Span)
	list := &Virtual{leaf{Info{e.Span, ops.Type{Kind: ops.KindList, Elem: &row}}}, name}
	q.From = append(q.From, &ItemSource{Rel: r, X: list, Span: e.Span})
}
