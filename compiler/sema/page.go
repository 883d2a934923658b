package sema

import (
	"crypto/sha256"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
)

// Page says that the result of a query, which is a statement by itself, can be continued by a token.
type Page struct {
	// After is the token that AFTER gives; nil without.
	After Expr
	// Print is the statement's fingerprint: its canonical text without AFTER, START and LIMIT.
	Print []byte
}

// Position is a value of the position that AFTER gives, by place; or with PositionGiven whether there is one, with PositionTies how
// many rows of its values have come.
type Position struct {
	leaf
	Index int
}

// Places of a Position that are no values.
const (
	PositionGiven = -2
	PositionTies  = -1
)

func (e *Position) with([]Expr) Expr { return e }

func (e *Position) sameHead(o Expr) bool { p, ok := o.(*Position); return ok && p.Index == e.Index }

// PositionOf makes a Position.
func PositionOf(index int) *Position {
	t := ops.Any
	switch index {
	case PositionGiven:
		t = ops.TypeOf(ops.KindBool)
	case PositionTies:
		t = ops.TypeOf(ops.KindInt)
	}
	return &Position{leaf{Info{Type: t}}, index}
}

// pages says whether and how the result of a query can be continued.
func (c *checker) pages(q *Query, node ast.Expr, p *ast.Page) {
	if node != c.top {
		if p.After != nil {
			c.fail(ops.Errorf(ops.CodeSyntax, "AFTER continues the result of a statement; this query is part of another").
				WithHint("give the statement itself AFTER, or START and LIMIT here"), p.After.Pos())
		}
		return
	}
	if p.Limit == nil && p.After == nil {
		return
	}
	q.Page = &Page{Print: pagePrint(node)}
	if p.After == nil {
		return
	}
	x := c.expr(p.After)
	if k := x.At().Type.Kind; k != ops.KindString && k != ops.KindAny && k != ops.KindNone {
		c.failf(ops.CodeType, p.After.Pos(), "AFTER takes a page token, which is a string, not %s", aKind(k))
	}
	own := false
	Columns(x, func(*Column) { own = true })
	if own {
		c.failf(ops.CodeType, p.After.Pos(), "AFTER takes one token for the whole query; it cannot read rows")
	}
	q.Page.After = x
}

// pagePrint is the fingerprint of a statement that can be continued.
func pagePrint(e ast.Expr) []byte {
	switch x := e.(type) {
	case *ast.Select:
		s := *x
		s.After, s.Start, s.Limit = nil, nil, nil
		e = &s
	case *ast.SetOp:
		s := *x
		s.After, s.Start, s.Limit = nil, nil, nil
		e = &s
	}
	sum := sha256.Sum256([]byte(ast.Print(e)))
	return sum[:16]
}
