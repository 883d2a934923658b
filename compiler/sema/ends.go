package sema

import (
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// endPart is what a pattern says of the vertex that a hop leads to.
type endPart struct {
	rel     *Relation
	isTable bool // the vertex is a table, not a record
	as      *ast.Name
	at      ops.Span
	bound   Expr     // what the vertex must be; nil: not said
	tables  []string // the tables that it may be of; nil: any
	// tests are other conditions that its place in the pattern puts on the vertex.
	tests []func(*Relation) []Expr
	where ast.Expr
	// nested is a pattern in brackets that begins at the vertex.
	nested *ast.Pattern
}

// endPart resolves the vertex part of a hop, all but its condition.
func (c *checker) endPart(h *ast.Hop) *endPart {
	p := &endPart{rel: &Relation{Kind: RelRecords}, at: h.Vertex.Pos(), isTable: betweenTables(h)}
	if p.isTable {
		p.tables = []string{TablesOf}
	}
	c.vertex(p, h.Vertex)
	return p
}

func (c *checker) vertex(p *endPart, e ast.Expr) {
	switch x := e.(type) {
	case *ast.Wild:
	case *ast.Ident:
		if r := c.alias(x.Name); r != nil && r.IsRecord() && r.Alias {
			p.bound = idOf(r, p.at)
			return
		}
		if p.isTable {
			c.table(x.Name, x.Span)
			p.rel.Name, p.bound, p.tables = x.Name, TableVertex(x.Name, x.Span), nil
			return
		}
		c.vertexTable(p, x.Name)
	case *ast.RecordExpr:
		if _, all := x.Key.(*ast.Wild); all {
			c.vertexTable(p, x.Table.Text)
			return
		}
		c.vertexTable(p, x.Table.Text)
		p.bound, p.tables = c.expr(x), nil
	case *ast.RecordRange:
		c.vertexTable(p, x.Table.Text)
		p.tests = append(p.tests, func(r *Relation) []Expr { return c.inRange(r, x) })
	case *ast.Variable:
		p.bound = c.expr(x)
	case *ast.List:
		c.vertexList(p, x)
	case *ast.Pattern:
		if x.Start == nil {
			c.noStart(x.Span)
			return
		}
		c.vertex(p, x.Start)
		p.nested = x
	case *ast.Aliased:
		if p.as == nil {
			p.as = x.As
		}
		c.vertex(p, x.X)
		if x.Where != nil && p.where != nil {
			c.failf(ops.CodeSyntax, x.Where.Pos(), "this part has a condition already; join them with AND")
		}
		if x.Where != nil {
			p.where = x.Where
		}
	case *ast.Field:
		p.bound = c.expr(x)
	default:
		c.failf(ops.CodeSyntax, p.at, "%s is no vertex: a table, a record, a list of those, *, a variable or an alias is", c.text(p.at))
	}
}

func (c *checker) vertexTable(p *endPart, name string) {
	p.tables = []string{name}
	p.rel.Name, p.rel.Table, p.rel.Desc = name, name, c.table(name, p.at)
}

// vertexList is `[game, toy:ball, $x]`: a vertex of any of the tables, or one of the records.
func (c *checker) vertexList(p *endPart, e *ast.List) {
	var tables []string
	records := &Sequence{Info: Info{e.Span, ops.TypeOf(ops.KindList)}}
	for _, x := range e.Items {
		one := &endPart{rel: &Relation{}, at: x.Pos(), isTable: p.isTable}
		switch x.(type) {
		case *ast.Ident, *ast.RecordExpr, *ast.Variable:
			c.vertex(one, x)
		default:
			c.failf(ops.CodeSyntax, x.Pos(), "a list in a pattern is of tables, records and variables")
			return
		}
		if one.bound != nil {
			records.Items = append(records.Items, one.bound)
		} else {
			tables = append(tables, one.tables...)
		}
	}
	if len(records.Items) == 0 && len(tables) > 0 {
		p.tables = tables
		return
	}
	p.tables = nil
	p.tests = append(p.tests, func(r *Relation) []Expr {
		isBool := Info{e.Span, ops.TypeOf(ops.KindBool)}
		in := Expr(&Binary{Info: isBool, Op: opcodes.In, Left: idOf(r, e.Span), Right: records})
		if len(tables) > 0 {
			in = &Binary{Info: isBool, Op: opcodes.Or, Left: LinkInto(idOf(r, e.Span), tables), Right: in}
		}
		return []Expr{in}
	})
}

// LinkInto is whether x is a link into one of the tables.
func LinkInto(x Expr, tables []string) Expr {
	at := x.At().Span
	isBool := Info{Span: at, Type: ops.TypeOf(ops.KindBool)}
	var any Expr
	for _, t := range tables {
		link := &InTable{Info: Info{Span: at, Type: ops.Type{Kind: ops.KindRecord, Optional: true}}, X: x, Table: t}
		is := Expr(&Unary{Info: isBool, Op: opcodes.Not, X: &Unary{Info: isBool, Op: opcodes.IsNone, X: link}})
		if any != nil {
			is = &Binary{Info: isBool, Op: opcodes.Or, Left: any, Right: is}
		}
		any = is
	}
	return any
}

// endConditions are what a part asks of its vertex r beside which vertex or of which table it is.
func (c *checker) endConditions(p *endPart, r *Relation) (conds []Expr) {
	for _, test := range p.tests {
		conds = append(conds, test(r)...)
	}
	if p.where != nil {
		conds = append(conds, c.conditionOn(p.where, r, p.as))
	}
	return conds
}

// endTests is all that a part asks of its vertex r.
func (c *checker) endTests(p *endPart, r *Relation) (conds []Expr) {
	if p.bound != nil {
		conds = append(conds, &Binary{Info: Info{Span: p.bound.At().Span, Type: ops.TypeOf(ops.KindBool)}, Op: opcodes.Eq, Left: idOf(r, p.at), Right: p.bound})
	}
	if len(p.tables) > 0 {
		conds = append(conds, LinkInto(idOf(r, p.at), p.tables))
	}
	return append(conds, c.endConditions(p, r)...)
}

// behind goes on with what a vertex part has in brackets, and returns the vertex.
func (c *checker) behind(q *Query, p *endPart) Expr {
	vertex := idOf(p.rel, p.at)
	if p.nested != nil {
		c.scope.aside++
		c.hops(q, vertex, p.nested.Hops)
		c.scope.aside--
	}
	c.scope.end, c.scope.ended = p.rel, len(q.From)
	return vertex
}

// ---- path

// pathObject is `path` in a query over a pattern: the vertices and edges that a row has come by. Patterns in brackets are no
// part of it. It is nil where the source is no pattern.
func pathObject(q *Query, at ops.Span) Expr {
	p := pathParts{at: at, fixed: true}
	for _, s := range q.From {
		switch s := s.(type) {
		case *HopSource:
			if !s.aside {
				p.start(s.From)
				p.add(listOf(at, idOf(s.Vertex, at)), listOf(at, idOf(s.Edge, at)))
				p.length++
			}
		case *BranchSource:
			if !s.aside {
				p.start(s.From)
				p.branch(s)
			}
		}
	}
	if p.vertices == nil {
		return nil
	}
	length := Expr(constant(ops.Int(p.length), at))
	if !p.fixed {
		length = lengthOf(p.edges, at)
	}
	return &Object{Info: Info{at, ops.TypeOf(ops.KindObject)}, Names: []string{"vertices", "edges", "length"},
		Values: []Expr{p.vertices, p.edges, length}}
}

// pathParts is a path under construction.
type pathParts struct {
	at              ops.Span
	vertices, edges Expr
	fixed           bool // of length
	length          int64
}

func (p *pathParts) start(from Expr) {
	if p.vertices == nil {
		p.vertices, p.edges = listOf(p.at, from), listOf(p.at)
	}
}

func (p *pathParts) add(vertices, edges Expr) {
	p.vertices, p.edges = joined(p.vertices, vertices, p.at), joined(p.edges, edges, p.at)
}

// branch adds what a hop of several ways went over: nothing where the row stays without it.
func (p *pathParts) branch(s *BranchSource) {
	p.fixed = false
	edges, vertices := Expr(wholeOf(s.Edge, p.at)), Expr(wholeOf(s.Between, p.at))
	if !s.Lists {
		edges = listOf(p.at, idOf(s.Edge, p.at))
	}
	none := &Unary{Info: Info{p.at, ops.TypeOf(ops.KindBool)}, Op: opcodes.IsNone, X: vertices}
	unless := func(x Expr) Expr {
		return &If{Info: Info{p.at, ops.TypeOf(ops.KindList)}, Cond: none, Then: listOf(p.at), Else: x}
	}
	p.add(unless(vertices), unless(edges))
}

// joined is one list behind another.
func joined(a, b Expr, at ops.Span) Expr {
	x, ok1 := a.(*Sequence)
	y, ok2 := b.(*Sequence)
	if ok1 && ok2 {
		return listOf(at, append(append([]Expr{}, x.Items...), y.Items...)...)
	}
	return &Binary{Info: Info{at, ops.TypeOf(ops.KindList)}, Op: opcodes.Add, Left: a, Right: b}
}

// lengthOf is the number of a list's elements.
func lengthOf(list Expr, at ops.Span) Expr {
	def, signature, err := ops.Resolve("array::len", []ops.Type{ops.TypeOf(ops.KindList)})
	if err != nil {
		return constant(ops.None, at)
	}
	return &Call{Info: Info{at, ops.TypeOf(ops.KindInt)}, Func: Function{def, signature}, Args: []Expr{list}}
}
