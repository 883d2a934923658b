package parse

import (
	"github.com/antlr4-go/antlr/v4"

	"github.com/zerodb/zerodb/compiler/ast"
	z "github.com/zerodb/zerodb/gen/zeroql"
	"github.com/zerodb/zerodb/ops"
)

var arrowKinds = map[int32]ast.Arrow{
	tArrowOut: ast.ArrowOut, tArrowIn: ast.ArrowIn, tArrowBoth: ast.ArrowBoth, tArrowOut2: ast.ArrowOut2, tArrowIn2: ast.ArrowIn2,
}

// hop extends the pattern at hand, or begins one at the expression at hand.
func (s *chain) hop(c *z.EContext, hop *z.HopContext) {
	if s.pattern == nil {
		s.pattern = &ast.Pattern{Start: s.x}
		s.x, s.level = s.pattern, 0
	}
	s.pattern.Hops = append(s.pattern.Hops, s.builder.hop(hop))
	s.pattern.At = at(c)
}

func (b *builder) hop(c *z.HopContext) ast.Hop {
	children := c.GetChildren()
	return ast.Hop{
		At:     at(c),
		Left:   arrowKinds[firstToken(children[0]).kind],
		Edges:  b.edges(children[1].(*z.EdgesContext)),
		Right:  arrowKinds[firstToken(children[2]).kind],
		Vertex: b.vertex(children[3].(*z.VertexContext)),
	}
}

func (b *builder) edges(c *z.EdgesContext) ast.EdgeExpr {
	return b.edgeChain(c, true, func(t antlr.Tree) ast.EdgeExpr {
		return b.edgeChain(t.(*z.EdgeAndContext), false, func(t antlr.Tree) ast.EdgeExpr {
			return b.edgeTerm(t.(*z.EdgeTermContext))
		})
	})
}

// edgeChain takes operands with one operator between them, from left to right.
func (b *builder) edgeChain(c antlr.ParserRuleContext, or bool, operand func(antlr.Tree) ast.EdgeExpr) ast.EdgeExpr {
	children := c.GetChildren()
	x := operand(children[0])
	defer b.leave(len(children))
	if !b.enter(len(children), c) {
		return x
	}
	for i := 2; i < len(children); i += 2 {
		right := operand(children[i])
		x = &ast.EdgeBool{At: atBoth(x, right), Or: or, Left: x, Right: right}
	}
	return x
}

func (b *builder) edgeTerm(c *z.EdgeTermContext) ast.EdgeExpr {
	children := c.GetChildren()
	switch kindOf(children[0]) {
	case tNot, tBang:
		return &ast.EdgeNot{At: at(c), X: b.edgeTerm(children[1].(*z.EdgeTermContext))}
	case tLParen:
		return b.edgeGroup(c)
	}
	hops, optional := b.edgeTail(c)
	x := ast.Expr(&ast.Wild{At: atToken(firstToken(c))})
	if name, ok := children[0].(*z.NameContext); ok {
		x = b.vertexNamed(name, children[1:])
	}
	return &ast.EdgeTable{At: at(c), X: x, Hops: hops, Optional: optional}
}

// edgeGroup takes edges in brackets. Brackets that only group are the tree's shape and leave no node.
func (b *builder) edgeGroup(c *z.EdgeTermContext) ast.EdgeExpr {
	inner := b.edges(c.Edges().(*z.EdgesContext))
	g := &ast.EdgeGroup{At: at(c), X: inner}
	g.Hops, g.Optional = b.edgeTail(c)
	g.As, g.Where = b.aliasWhere(c.GetChildren())
	if g.As == nil && g.Where == nil && g.Hops == nil && !g.Optional {
		return inner
	}
	return g
}

func (b *builder) edgeTail(c *z.EdgeTermContext) (hops ast.Expr, optional bool) {
	if h := c.Hops(); h != nil {
		hops = b.expr(h.GetChild(1))
	}
	return hops, c.QUESTION() != nil
}

func (b *builder) vertex(c *z.VertexContext) ast.Expr {
	switch x := c.GetChild(0).(type) {
	case *z.NameContext:
		return b.vertexNamed(x, c.GetChildren()[1:])
	case *z.ListContext:
		return b.list(x)
	case *z.ParenContext:
		return b.paren(x)
	}
	t := firstToken(c)
	if t.kind == tVar {
		return &ast.Variable{At: atToken(t), Name: t.text()[1:]}
	}
	return &ast.Wild{At: atToken(t)}
}

// vertexNamed takes a name that may have a record key behind it.
func (b *builder) vertexNamed(name *z.NameContext, rest []antlr.Tree) ast.Expr {
	if len(rest) > 0 {
		if key, ok := rest[0].(*z.RecordKeyContext); ok {
			return b.record(b.name(name), key)
		}
	}
	n := b.name(name)
	return &ast.Ident{At: n.At, Name: n.Text}
}

// ---- record ids

// record takes `table:key`, `table:a..b`.
func (b *builder) record(table ast.Name, c *z.RecordKeyContext) ast.Expr {
	children := c.GetChildren()[1:]
	where := ast.At{Span: ops.Span{Start: table.Span.Start, End: spanOf(c).End}}
	if len(children) == 1 {
		if key, ok := children[0].(*z.KeyContext); ok {
			return &ast.RecordExpr{At: where, Table: table, Key: b.key(key)}
		}
	}
	r := &ast.RecordRange{At: where, Table: table}
	into := &r.Lo
	for _, child := range children {
		if key, ok := child.(*z.KeyContext); ok {
			*into = b.rangeEnd(key)
			continue
		}
		r.Inclusive = kindOf(child) == tRecRangeEq
		into = &r.Hi
	}
	return r
}

func (b *builder) rangeEnd(c *z.KeyContext) ast.Expr {
	x := b.key(c)
	if _, ok := x.(*ast.Wild); ok {
		b.fail(ops.CodeSyntax, x.Pos(), "leave the end open: `person:a..`", "a key range cannot end in *")
	}
	return x
}

// key takes the key of a record. Words and strings are the same key, so a word is a string here, and so is whatever
// begins with a digit and is no integer.
func (b *builder) key(c *z.KeyContext) ast.Expr {
	switch x := c.GetChild(0).(type) {
	case *z.NameContext:
		n := b.name(x)
		return &ast.Literal{At: n.At, Value: ops.String(n.Text)}
	case *z.ListContext:
		return b.list(x)
	case *z.ParenContext:
		return b.paren(x)
	}
	t := firstToken(c)
	switch t.kind {
	case tVar:
		return &ast.Variable{At: atToken(t), Name: t.text()[1:]}
	case tStar, tWild:
		return &ast.Wild{At: atToken(t)}
	case tMinus:
		return b.negative(c, c.GetStop().(*token))
	case tInt, tString, tUUID, tUUIDText:
		return b.literal(t)
	}
	return &ast.Literal{At: atToken(t), Value: ops.String(t.text())}
}
