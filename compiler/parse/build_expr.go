package parse

import (
	"fmt"
	"math"

	"github.com/antlr4-go/antlr/v4"

	"github.com/zerodb/zerodb/compiler/ast"
	z "github.com/zerodb/zerodb/gen/zeroql"
	"github.com/zerodb/zerodb/ops"
)

// expr takes an `expr` of the grammar: an expression or a range of two.
func (b *builder) expr(t antlr.Tree) ast.Expr {
	c := t.(*z.ExprContext)
	children := c.GetChildren()
	if len(children) == 1 {
		if x, ok := children[0].(*z.EContext); ok {
			return b.e(x)
		}
	}
	r := &ast.Range{At: at(c)}
	into := &r.Lo
	for _, child := range children {
		if x, ok := child.(*z.EContext); ok {
			*into = b.e(x)
			continue
		}
		r.Inclusive = kindOf(child) == tRangeEq
		into = &r.Hi
	}
	return r
}

// exprs returns the expressions among some children.
func (b *builder) exprs(children []antlr.Tree) []ast.Expr {
	xs := make([]ast.Expr, 0, len(children)/2+1)
	for _, c := range children {
		if x, ok := c.(*z.ExprContext); ok {
			xs = append(xs, b.expr(x))
		}
	}
	return xs
}

func (b *builder) exprOrWild(t antlr.Tree) ast.Expr {
	if tok := tokenOf(t); tok != nil {
		return &ast.Wild{At: atToken(tok)}
	}
	return b.expr(t)
}

// e takes an expression of the grammar's left-recursive rule. Its tree leans to the left, as deep as the chain of
// operators is long; the spine is walked in a loop and only what hangs on it by recursion.
func (b *builder) e(c *z.EContext) ast.Expr {
	spine := make([]*z.EContext, 0, 8)
	for {
		left, ok := c.GetChild(0).(*z.EContext)
		if !ok {
			break
		}
		spine = append(spine, c)
		c = left
	}
	defer b.leave(len(spine) + 1)
	if !b.enter(len(spine)+1, c) {
		return &ast.Wild{At: at(c)}
	}
	s := chain{builder: b}
	s.begin(c)
	for i := len(spine) - 1; i >= 0; i-- {
		s.extend(spine[i])
	}
	return s.x
}

// chain grows an expression along the spine of operators, calls, members and hops.
type chain struct {
	*builder
	x ast.Expr
	// pattern is x while hops extend it: `a -> b -> c -> d` is one pattern of two hops. A pattern in brackets is none of these.
	pattern *ast.Pattern
	// level is that of the comparison that made x; 0 for anything else.
	level comparison
}

// begin takes the innermost expression: a primary or one with a prefix.
func (s *chain) begin(c *z.EContext) {
	if p, ok := c.GetChild(0).(*z.PrimaryContext); ok {
		s.x, s.pattern = s.primary(p)
		return
	}
	s.x = s.prefix(c)
}

func (s *chain) extend(c *z.EContext) {
	children := c.GetChildren()
	if hop, ok := children[1].(*z.HopContext); ok {
		s.hop(c, hop)
		return
	}
	s.pattern = nil
	level := comparison(0)
	switch t := tokenOf(children[1]); t.kind {
	case tLParen:
		s.x = s.call(c, s.x, children[2])
	case tLBrack:
		s.x = s.index(c, s.x, children[2])
	case tDot, tSafeDot:
		s.x = s.member(c, s.x, t.kind, children[2])
	default:
		level = s.binary(c, t, children[2].(*z.EContext))
	}
	s.level = level
}

// ---- operators

// comparison is the level of an operator that does not chain: `a < b < c` is refused.
type comparison uint8

const (
	equality comparison = iota + 1
	relation
)

type binaryOp struct {
	op    ast.BinaryOp
	level comparison
}

var binaryOps = map[int32]binaryOp{
	tOr: {op: ast.Or}, tOrOr: {op: ast.Or}, tElvis: {op: ast.Coalesce}, tAnd: {op: ast.And}, tAndAnd: {op: ast.And},
	tEq: {ast.Eq, equality}, tEqEq: {ast.Eq, equality}, tIs: {ast.Eq, equality}, tNeq: {ast.Ne, equality}, tIsNot: {ast.Ne, equality},
	tLt: {ast.Lt, relation}, tLe: {ast.Le, relation}, tGt: {ast.Gt, relation}, tGe: {ast.Ge, relation},
	tIn: {ast.In, relation}, tNotIn: {ast.NotIn, relation},
	tContains: {ast.Contains, relation}, tHas: {ast.Contains, relation},
	tNotContains: {ast.NotContains, relation}, tHasNot: {ast.NotContains, relation},
	tContainsAll: {ast.ContainsAll, relation}, tHasAll: {ast.ContainsAll, relation},
	tContainsAny: {ast.ContainsAny, relation}, tHasAny: {ast.ContainsAny, relation},
	tContainsNone: {ast.ContainsNone, relation}, tHasNone: {ast.ContainsNone, relation},
	tTilde: {op: ast.Match}, tMatch: {op: ast.Match}, tNotTilde: {op: ast.NotMatch}, tNotMatch: {op: ast.NotMatch}, tSimilar: {op: ast.Similar},
	tPipe: {op: ast.BitOr}, tCaret: {op: ast.BitXor}, tAmp: {op: ast.BitAnd}, tShl: {op: ast.Shl}, tShr: {op: ast.Shr},
	tPlus: {op: ast.Add}, tMinus: {op: ast.Sub}, tStar: {op: ast.Mul}, tTimes: {op: ast.Mul}, tDiv: {op: ast.Div}, tMod: {op: ast.Mod},
	tPow: {op: ast.Pow},
}

func (s *chain) binary(c *z.EContext, sign *token, right *z.EContext) comparison {
	op := binaryOps[sign.kind]
	if op.level != 0 && op.level == s.level {
		s.fail(ops.CodeSyntax, sign.span(), "write `a < b AND b < c`, or set brackets", "comparisons do not chain")
	}
	s.x = &ast.Binary{At: at(c), Op: op.op, OpSpan: sign.span(), Left: s.x, Right: s.e(right)}
	return op.level
}

var unaryOps = map[int32]ast.UnaryOp{tMinus: ast.Neg, tPlus: ast.Plus, tNot: ast.Not, tBang: ast.Not, tTilde: ast.BitNot}

func (b *builder) prefix(c *z.EContext) ast.Expr {
	op := unaryOps[kindOf(c.GetChild(0))]
	operand := c.GetChild(1).(*z.EContext)
	if op == ast.Neg {
		if number := numberOf(operand); number != nil {
			return b.negative(c, number)
		}
		if isLeastDuration(operand) {
			return &ast.Literal{At: at(c), Value: ops.Duration(math.MinInt64)}
		}
	}
	return &ast.Unary{At: at(c), Op: op, X: b.e(operand)}
}

// numberOf returns the literal that an expression consists of, if it is a number without a sign.
func numberOf(c *z.EContext) *token {
	if c.GetStart() != c.GetStop() {
		return nil
	}
	switch t := c.GetStart().(*token); t.kind {
	case tInt, tFloat, tExpInt, tHex, tBin, tOct:
		return t
	}
	return nil
}

// isLeastDuration reports whether an expression is the literal of a duration that is in range only with a minus sign.
func isLeastDuration(c *z.EContext) bool {
	t := c.GetStart().(*token)
	if c.GetStart() != c.GetStop() || t.kind != tDuration {
		return false
	}
	d, err := ops.ParseDuration("-" + t.text())
	return err == nil && d == math.MinInt64
}

// ---- postfixes

func (b *builder) call(c *z.EContext, f ast.Expr, args antlr.Tree) ast.Expr {
	call := &ast.Call{At: at(c)}
	switch f := f.(type) {
	case *ast.Ident:
		call.Func = ast.Path{{At: f.At, Text: f.Name}}
	case *ast.PathExpr:
		call.Func = f.Path
	default:
		call.On = f
	}
	call.Args = b.args(args)
	return call
}

// args takes the arguments of a call; t is the closing bracket where there are none.
func (b *builder) args(t antlr.Tree) (args []ast.Arg) {
	c, ok := t.(*z.ArgsContext)
	if !ok {
		return nil
	}
	for _, child := range c.GetChildren() {
		if a, ok := child.(*z.ArgContext); ok {
			args = append(args, b.arg(a))
		}
	}
	return args
}

func (b *builder) arg(c *z.ArgContext) ast.Arg {
	a := ast.Arg{At: at(c)}
	for _, child := range c.GetChildren() {
		switch t := tokenOf(child); {
		case t == nil && a.X == nil:
			a.X = b.expr(child)
		case t == nil:
			a.Where = b.expr(child)
		case t.kind == tArgName:
			name := nameOf(t)
			name.Text = unquote(t)
			a.Name = &name
		case t.kind == tWild:
			a.X = &ast.Wild{At: atToken(t)}
		case t.kind == tDistinct:
			a.Distinct = true
		}
	}
	return a
}

// unquote returns the name of a token that has lost its kind: backticks tell.
func unquote(t *token) string {
	if text := t.text(); text[0] == '`' {
		return text[1 : len(text)-1]
	}
	return t.text()
}

func (b *builder) index(c *z.EContext, x ast.Expr, i antlr.Tree) ast.Expr {
	if kindOf(i) == tWild {
		return &ast.AllElements{At: at(c), X: x}
	}
	return &ast.Index{At: at(c), X: x, Index: b.expr(i)}
}

func (b *builder) member(c *z.EContext, x ast.Expr, dot int32, name antlr.Tree) ast.Expr {
	if n, ok := name.(*z.NameContext); ok {
		return &ast.Field{At: at(c), X: x, Name: b.name(n), Safe: dot == tSafeDot}
	}
	return &ast.AllFields{At: at(c), X: x}
}

// ---- primaries

// primary also returns the pattern, where it begins one that hops may extend.
func (b *builder) primary(c *z.PrimaryContext) (ast.Expr, *ast.Pattern) {
	switch first := c.GetChild(0).(type) {
	case *z.NameContext:
		return b.named(c, first), nil
	case *z.LiteralContext:
		return b.literal(tokenOf(first.GetChild(0))), nil
	case *z.ListContext:
		return b.list(first), nil
	case *z.ObjectContext:
		return b.object(first), nil
	case *z.ParenContext:
		return b.paren(first), nil
	case *z.IfExprContext:
		return b.ifExpr(first), nil
	case *z.HopContext:
		p := &ast.Pattern{At: at(c), Hops: []ast.Hop{b.hop(first)}}
		return p, p
	case antlr.TerminalNode:
		return b.worded(c, tokenOf(first))
	}
	panic(fmt.Sprintf("parse: a primary of %T", c.GetChild(0)))
}

// worded takes a primary that begins with a token: a variable, `* -> …`, FOLD, EXISTS.
func (b *builder) worded(c *z.PrimaryContext, t *token) (ast.Expr, *ast.Pattern) {
	switch t.kind {
	case tVar:
		return &ast.Variable{At: atToken(t), Name: t.text()[1:]}, nil
	case tStar:
		p := &ast.Pattern{At: at(c), Start: &ast.Wild{At: atToken(t)}, Hops: []ast.Hop{b.hop(c.GetChild(1).(*z.HopContext))}}
		return p, p
	case tFold:
		return &ast.Call{At: at(c), Fold: true, Func: b.path(c.Path().(*z.PathContext)), Args: b.args(c.GetChild(3))}, nil
	default: // EXISTS
		return &ast.Exists{At: at(c), X: b.paren(c.GetChild(1).(*z.ParenContext))}, nil
	}
}

// named takes a name alone, with a path, or with the key of a record.
func (b *builder) named(c antlr.ParserRuleContext, first *z.NameContext) ast.Expr {
	children := c.GetChildren()
	if len(children) == 1 {
		n := b.name(first)
		return &ast.Ident{At: n.At, Name: n.Text}
	}
	if key, ok := children[1].(*z.RecordKeyContext); ok {
		return b.record(b.name(first), key)
	}
	return &ast.PathExpr{At: at(c), Path: b.names(children)}
}

func (b *builder) list(c *z.ListContext) ast.Expr {
	return &ast.List{At: at(c), Items: b.exprs(c.GetChildren())}
}

func (b *builder) object(c *z.ObjectContext) ast.Expr {
	o := &ast.Object{At: at(c)}
	for _, child := range c.GetChildren() {
		if p, ok := child.(*z.PairContext); ok {
			o.Members = append(o.Members, ast.ObjectMember{At: at(p), Name: b.memberName(p), Value: b.expr(p.Expr())})
		}
	}
	b.distinctMembers(o)
	return o
}

// distinctMembers refuses `{ a: 1, a: 2 }`.
func (b *builder) distinctMembers(o *ast.Object) {
	const few = 8 // a map costs more than it saves
	var seen map[string]bool
	if len(o.Members) > few {
		seen = make(map[string]bool, len(o.Members))
	}
	for i, m := range o.Members {
		twice := seen[m.Name.Text]
		for _, before := range o.Members[:min(i, few)] {
			twice = twice || before.Name.Text == m.Name.Text
		}
		if seen != nil {
			seen[m.Name.Text] = true
		}
		if twice {
			b.fail(ops.CodeSyntax, m.Name.Span, "", "the object has two members %s", quote(m.Name.Text))
		}
	}
}

func (b *builder) memberName(c *z.PairContext) ast.Name {
	t := firstToken(c)
	name := nameOf(t)
	if t.kind == tString {
		name.Text = b.unescape(t)
	}
	return name
}

// paren takes what stands in round brackets: a query, an expression, a tuple, or a part of a pattern with its alias or
// condition.
func (b *builder) paren(c *z.ParenContext) ast.Expr {
	children := c.GetChildren()
	inner := children[1 : len(children)-1]
	if len(inner) == 0 {
		return &ast.Tuple{At: at(c), Items: []ast.Expr{}}
	}
	if q, ok := inner[0].(*z.QueryContext); ok {
		return b.query(q)
	}
	first := b.exprOrWild(inner[0])
	tail, ok := inner[1].(*z.ItemTailContext)
	if !ok {
		return b.setOps(first, inner[1:])
	}
	first = b.itemTail(first, tail)
	if len(inner) == 2 {
		return first
	}
	return b.parenList(c, first, inner[2:])
}

// parenList takes the items behind the first comma.
func (b *builder) parenList(c *z.ParenContext, first ast.Expr, rest []antlr.Tree) ast.Expr {
	items := []ast.Expr{first}
	comma := false
	for _, child := range rest {
		if t := tokenOf(child); t != nil {
			if comma {
				b.fail(ops.CodeSyntax, t.span(), "", "expected an expression between the commas")
			}
			comma = true
			continue
		}
		comma = false
		item := child.(*z.ParenItemContext)
		items = append(items, b.itemTail(b.exprOrWild(item.GetChild(0)), item.ItemTail().(*z.ItemTailContext)))
	}
	for _, x := range items {
		if _, ok := x.(*ast.Aliased); ok {
			return &ast.Group{At: at(c), Items: items}
		}
	}
	return &ast.Tuple{At: at(c), Items: items}
}

func (b *builder) itemTail(x ast.Expr, c *z.ItemTailContext) ast.Expr {
	if c.GetChildCount() == 0 {
		return x
	}
	a := &ast.Aliased{X: x}
	a.As, a.Where = b.aliasWhere(c.GetChildren())
	a.Span = ops.Span{Start: x.Pos().Start, End: endOf(c)}
	return a
}

// aliasWhere takes `[AS name] [WHERE e]` among some children.
func (b *builder) aliasWhere(children []antlr.Tree) (as *ast.Name, where ast.Expr) {
	for _, child := range children {
		switch x := child.(type) {
		case *z.NameContext:
			as = b.nameRef(x)
		case *z.ExprContext:
			where = b.expr(x)
		}
	}
	return as, where
}

func (b *builder) ifExpr(c *z.IfExprContext) ast.Expr {
	x := &ast.If{At: at(c)}
	children := c.GetChildren()
	for i := 0; i < len(children); i++ {
		switch kindOf(children[i]) {
		case tIf, tElseIf:
			word, then := tokenOf(children[i]), children[i+3].(*z.BlockContext)
			arm := ast.IfArm{Cond: b.expr(children[i+1]), Then: b.block(then)}
			arm.Span = ops.Span{Start: int(word.start), End: max(endOf(children[i+2]), endOf(then))}
			x.Arms = append(x.Arms, arm)
		case tElse:
			x.Else = b.block(children[i+1].(*z.BlockContext))
		}
	}
	return x
}
