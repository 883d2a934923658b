package sema

import (
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// TablesOf is the table of which a table is a record, where it is a vertex: `RELATE car ->> is_a ->> thing` makes an edge from
// the record of table car to that of table thing.
const TablesOf = schema.TableVertices

// TableVertex is a table as a vertex.
func TableVertex(name string, at ops.Span) Expr {
	c := constant(ops.Record(TablesOf, ops.String(name)), at)
	c.Type.Name = TablesOf
	return c
}

// startTable begins a pattern over tables: at one, at those in a list, at what a variable holds, or at any.
func (c *checker) startTable(q *Query, e ast.Expr, as *ast.Name) Expr {
	at := e.Pos()
	r := &Relation{Kind: RelRecords, Table: TablesOf}
	switch x := e.(type) {
	case *ast.Ident:
		if known := c.alias(x.Name); known != nil && known.IsRecord() && known.Alias && as == nil {
			return c.startVertex(q, e, nil)
		}
		c.table(x.Name, at)
		r.Name = x.Name
		return c.startAt(q, TableVertex(x.Name, at), r, as, at)
	case *ast.List:
		return c.startAt(q, c.tableList(x), r, as, at)
	case *ast.Aliased:
		if as == nil {
			as = x.As
		}
		start := c.startTable(q, x.X, as)
		c.partCondition(q, x.Where)
		return start
	case *ast.Variable:
		return c.startAt(q, c.expr(x), r, as, at)
	}
	c.failf(ops.CodeSyntax, at, "%s is no table; ->> relates tables", c.text(at))
	return nil
}

// tableList is a list of tables as vertices.
func (c *checker) tableList(e *ast.List) Expr {
	list := &Sequence{Info: Info{e.Span, ops.TypeOf(ops.KindList)}}
	for _, item := range e.Items {
		if id, ok := item.(*ast.Ident); ok {
			c.table(id.Name, id.Span)
			list.Items = append(list.Items, TableVertex(id.Name, id.Span))
			continue
		}
		c.failf(ops.CodeSyntax, item.Pos(), "->> relates tables, and this is the name of none")
	}
	return list
}
