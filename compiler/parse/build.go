package parse

import (
	"fmt"
	"slices"

	"github.com/antlr4-go/antlr/v4"

	"github.com/zerodb/zerodb/compiler/ast"
	z "github.com/zerodb/zerodb/gen/zeroql"
	"github.com/zerodb/zerodb/ops"
)

// maxDepth is how deep a tree may be. A chain of operators is as deep as it is long, so this is what lets every pass
// over a tree recurse without a thought.
const maxDepth = 10_000

// builder makes the tree of a statement out of ANTLR's, by a walk that switches on the type of each child. What the
// grammar lets through on purpose it refuses: comparisons in a chain, clauses said twice, malformed literals.
//
// After an error it goes on with some node in place, to find the other errors of the statement; the tree is then thrown
// away.
type builder struct {
	errs  []*ops.Error
	depth int
}

// sorted returns the errors in the order of the text.
func (b *builder) sorted() []*ops.Error {
	slices.SortStableFunc(b.errs, func(x, y *ops.Error) int { return x.Span.Start - y.Span.Start })
	return b.errs
}

func (b *builder) fail(code ops.Code, at ops.Span, hint, format string, args ...any) {
	if len(b.errs) < maxErrors {
		b.errs = append(b.errs, &ops.Error{Code: code, Message: fmt.Sprintf(format, args...), Span: at, Hint: hint})
	}
}

// once refuses a clause that was said before.
func (b *builder) once(said bool, clause antlr.Tree) {
	if said {
		t := firstToken(clause)
		b.fail(ops.CodeSyntax, t.span(), "", "%s is said twice", quote(t.text()))
	}
}

// enter goes n levels down the tree and reports whether that is not too deep; leave comes back.
func (b *builder) enter(n int, at antlr.ParserRuleContext) bool {
	b.depth += n
	if b.depth <= maxDepth {
		return true
	}
	if len(b.errs) == 0 || b.errs[len(b.errs)-1].Code != ops.CodeTooComplex {
		b.fail(ops.CodeTooComplex, spanOf(at), "split it with LET, or use a list and IN",
			"a chain of more than %d operators", maxDepth)
	}
	return false
}

func (b *builder) leave(n int) { b.depth -= n }

// ---- ANTLR's tree

// tokenOf returns the token of a leaf, nil for a rule.
func tokenOf(t antlr.Tree) *token {
	if leaf, ok := t.(antlr.TerminalNode); ok {
		return leaf.GetSymbol().(*token)
	}
	return nil
}

// kindOf returns the kind of a leaf's token, 0 for a rule.
func kindOf(t antlr.Tree) int32 {
	if tok := tokenOf(t); tok != nil {
		return tok.kind
	}
	return 0
}

// firstToken returns the token that a leaf or rule begins with.
func firstToken(t antlr.Tree) *token {
	if rule, ok := t.(antlr.ParserRuleContext); ok {
		return rule.GetStart().(*token)
	}
	return tokenOf(t)
}

// spanOf returns the place of a rule.
func spanOf(c antlr.ParserRuleContext) ops.Span {
	start := int(c.GetStart().(*token).start)
	if stop, ok := c.GetStop().(*token); ok && stop != nil {
		return ops.Span{Start: start, End: max(start, int(stop.end))}
	}
	return ops.Span{Start: start, End: start}
}

func at(c antlr.ParserRuleContext) ast.At { return ast.At{Span: spanOf(c)} }

func atToken(t *token) ast.At { return ast.At{Span: t.span()} }

func atBoth(first, last ast.Node) ast.At { return ast.At{Span: first.Pos().Cover(last.Pos())} }

// ---- names

func (b *builder) name(c antlr.Tree) ast.Name {
	return nameOf(firstToken(c))
}

func nameOf(t *token) ast.Name {
	text := t.text()
	if t.kind == tQuoted {
		text = text[1 : len(text)-1]
	}
	return ast.Name{At: atToken(t), Text: text}
}

func (b *builder) nameRef(c antlr.Tree) *ast.Name {
	n := b.name(c)
	return &n
}

func varName(t *token) ast.Name { return ast.Name{At: atToken(t), Text: t.text()[1:]} }

// names returns the names among some children.
func (b *builder) names(children []antlr.Tree) (names []ast.Name) {
	for _, c := range children {
		if n, ok := c.(*z.NameContext); ok {
			names = append(names, b.name(n))
		}
	}
	return names
}

func (b *builder) path(c *z.PathContext) ast.Path { return b.names(c.GetChildren()) }

// paramName takes a name with or without its `$`.
func (b *builder) paramName(c antlr.Tree) ast.Name {
	if t := firstToken(c); t.kind == tVar {
		return varName(t)
	}
	return b.name(c)
}

// ---- statements

func (b *builder) block(c *z.BlockContext) []ast.Statement {
	stmts := make([]ast.Statement, 0, c.GetChildCount()/2+1)
	for _, child := range c.GetChildren() {
		if s, ok := child.(*z.StatementContext); ok {
			stmts = append(stmts, b.statement(s))
		}
	}
	return stmts
}

func (b *builder) statement(c *z.StatementContext) ast.Statement {
	switch s := c.GetChild(0).(type) {
	case *z.QueryContext:
		return expression(b.query(s))
	case *z.RowsStmtContext:
		return expression(b.rows(s))
	case *z.LetStmtContext:
		return b.let(s)
	case *z.SetStmtContext:
		return b.set(s)
	case *z.ForStmtContext:
		return b.forLoop(s)
	case *z.WhileStmtContext:
		return &ast.While{At: at(s), Cond: b.expr(s.Expr()), Body: b.block(s.Block().(*z.BlockContext))}
	case *z.JumpStmtContext:
		if kindOf(s.GetChild(0)) == tBreak {
			return &ast.Break{At: at(s)}
		}
		return &ast.Continue{At: at(s)}
	case *z.ReturnStmtContext:
		return b.returnStmt(s)
	case *z.TransactionStmtContext:
		return &ast.Transaction{At: at(s), Kind: transactionKinds[kindOf(s.GetChild(0))]}
	}
	return b.rareStatement(c)
}

var transactionKinds = map[int32]ast.TransactionKind{tBegin: ast.Begin, tCommit: ast.Commit, tCancel: ast.Cancel}

func (b *builder) rareStatement(c *z.StatementContext) ast.Statement {
	switch s := c.GetChild(0).(type) {
	case *z.DefineStmtContext:
		return b.define(s)
	case *z.RedefineStmtContext:
		return b.redefine(s)
	case *z.RemoveStmtContext:
		return b.remove(s)
	case *z.AlterStmtContext:
		return b.alter(s)
	case *z.UseStmtContext:
		return b.use(s)
	case *z.InfoStmtContext:
		return b.info(s)
	case *z.ExplainStmtContext:
		return &ast.Explain{At: at(s), Analyze: kindOf(s.GetChild(0)) == tExplainAnalyze, Statement: b.statement(s.Statement().(*z.StatementContext))}
	case *z.LiveStmtContext:
		live := &ast.LiveSelect{At: at(s), Query: b.selectStmt(s.SelectStmt().(*z.SelectStmtContext))}
		if s.Expr() != nil {
			live.Since = b.expr(s.Expr())
		}
		return live
	case *z.KillStmtContext:
		return &ast.Kill{At: at(s), ID: b.expr(s.Expr())}
	case *z.AnalyzeStmtContext:
		return b.analyze(s)
	}
	panic(fmt.Sprintf("parse: a statement of %T", c.GetChild(0)))
}

func expression(x ast.Expr) ast.Statement {
	return &ast.ExprStatement{At: ast.At{Span: x.Pos()}, X: x}
}

// rows takes a query without brackets, an expression, or set operations on them: `rows` and `rowsStmt` of the grammar.
func (b *builder) rows(c antlr.ParserRuleContext) ast.Expr {
	switch first := c.GetChild(0).(type) {
	case *z.QueryContext:
		return b.query(first)
	case *z.ExprContext:
		return b.setOps(b.expr(first), c.GetChildren()[1:])
	default:
		return &ast.Wild{At: at(c)}
	}
}

func (b *builder) let(c *z.LetStmtContext) ast.Statement {
	let := &ast.Let{At: at(c), Name: varName(tokenOf(c.VAR())), Value: b.rows(c.Rows())}
	if c.Type_() != nil {
		let.Type = b.typ(c.Type_().(*z.TypeContext))
	}
	return let
}

func (b *builder) set(c *z.SetStmtContext) ast.Statement {
	children := c.GetChildren()
	op := len(children) - 2
	target := &ast.FieldPath{Base: varName(tokenOf(children[1])), Steps: b.pathSteps(children[2:op])}
	target.Span = ops.Span{Start: target.Base.Span.Start, End: endOf(children[op-1])}
	return &ast.Set{At: at(c), Target: target, Op: assignOp(children[op]), Value: b.rows(c.Rows())}
}

func (b *builder) forLoop(c *z.ForStmtContext) ast.Statement {
	return &ast.For{At: at(c), Var: varName(tokenOf(c.VAR())), In: b.rows(c.Rows()), Body: b.block(c.Block().(*z.BlockContext))}
}

func (b *builder) returnStmt(c *z.ReturnStmtContext) ast.Statement {
	r := &ast.Return{At: at(c)}
	children := c.GetChildren()[1:]
	if len(children) == 0 {
		return r
	}
	if q, ok := children[0].(*z.QueryContext); ok {
		r.Value = b.query(q)
		return r
	}
	r.Value = b.expr(children[0])
	if len(children) > 1 && kindOf(children[1]) == tAs {
		r.As = b.nameRef(children[2])
		return r
	}
	r.Value = b.setOps(r.Value, children[1:])
	return r
}

func (b *builder) use(c *z.UseStmtContext) ast.Statement {
	use := &ast.Use{At: at(c)}
	for _, child := range c.GetChildren()[1:] {
		target := child.(*z.UseTargetContext)
		into := &use.Database
		if kindOf(target.GetChild(0)) == tNamespace {
			into = &use.Namespace
		}
		b.once(*into != nil, target)
		*into = b.nameRef(target.GetChild(1))
	}
	return use
}

func (b *builder) info(c *z.InfoStmtContext) ast.Statement {
	info := &ast.Info{At: at(c)}
	children := c.GetChildren()
	if len(children) > 2 { // INFO FOR kind [name]
		info.Kind = defKinds[kindOf(children[2])]
	}
	if len(children) > 3 {
		info.Name = b.nameRef(children[3])
	}
	return info
}

func (b *builder) analyze(c *z.AnalyzeStmtContext) ast.Statement {
	a := &ast.Analyze{At: at(c), Table: b.name(c.Name())}
	if on := c.OnClause(); on != nil {
		o := b.on(on.(*z.OnClauseContext))
		if o.Kind != ast.DefNone && o.Kind != ast.DefDatabase {
			b.fail(ops.CodeSyntax, o.Span, "", "ANALYZE TABLE … ON names a database")
		}
		a.On = &o.Name
	}
	return a
}

// endOf returns the offset behind a leaf or rule.
func endOf(t antlr.Tree) int {
	if rule, ok := t.(antlr.ParserRuleContext); ok {
		return spanOf(rule).End
	}
	return int(tokenOf(t).end)
}
