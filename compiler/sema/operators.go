package sema

import (
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// operator is how the machine does an operator of the language: an instruction, its operands perhaps swapped, its result
// perhaps negated.
type operator struct {
	sign         string
	op           uint16
	swap, negate bool
}

var operators = map[ast.BinaryOp]operator{
	ast.Or:           {sign: "OR", op: opcodes.Or},
	ast.Coalesce:     {sign: "?:", op: opcodes.Coalesce},
	ast.And:          {sign: "AND", op: opcodes.And},
	ast.Eq:           {sign: "==", op: opcodes.Eq},
	ast.Ne:           {sign: "!=", op: opcodes.Ne},
	ast.Lt:           {sign: "<", op: opcodes.Lt},
	ast.Le:           {sign: "<=", op: opcodes.Le},
	ast.Gt:           {sign: ">", op: opcodes.Gt},
	ast.Ge:           {sign: ">=", op: opcodes.Ge},
	ast.In:           {sign: "IN", op: opcodes.In},
	ast.NotIn:        {sign: "NOT IN", op: opcodes.In, negate: true},
	ast.Contains:     {sign: "CONTAINS", op: opcodes.In, swap: true},
	ast.NotContains:  {sign: "NOT CONTAINS", op: opcodes.In, swap: true, negate: true},
	ast.ContainsAll:  {sign: "CONTAINS ALL", op: opcodes.ContainsAll},
	ast.ContainsAny:  {sign: "CONTAINS ANY", op: opcodes.ContainsAny},
	ast.ContainsNone: {sign: "CONTAINS NONE", op: opcodes.ContainsAny, negate: true},
	ast.Match:        {sign: "~", op: opcodes.Match},
	ast.NotMatch:     {sign: "!~", op: opcodes.Match, negate: true},
	ast.Similar:      {sign: "<>", op: opcodes.Distance},
	ast.BitOr:        {sign: "|", op: opcodes.BitOr},
	ast.BitXor:       {sign: "^", op: opcodes.BitXor},
	ast.BitAnd:       {sign: "&", op: opcodes.BitAnd},
	ast.Shl:          {sign: "<<", op: opcodes.Shl},
	ast.Shr:          {sign: ">>", op: opcodes.Shr},
	ast.Add:          {sign: "+", op: opcodes.Add},
	ast.Sub:          {sign: "-", op: opcodes.Sub},
	ast.Mul:          {sign: "*", op: opcodes.Mul},
	ast.Div:          {sign: "/", op: opcodes.Div},
	ast.Mod:          {sign: "%", op: opcodes.Mod},
	ast.Pow:          {sign: "**", op: opcodes.Pow},
}

func (c *checker) unary(e *ast.Unary) Expr {
	switch e.Op {
	case ast.Not:
		x := c.condition(e.X)
		return &Unary{Info: Info{e.Span, resultType(opcodes.Not, x.At().Type, ops.Type{})}, Op: opcodes.Not, X: x}
	case ast.BitNot:
		return c.makeUnary(opcodes.BitNot, "~", c.expr(e.X), e.Span)
	case ast.Neg:
		return c.makeUnary(opcodes.Neg, "-", c.expr(e.X), e.Span)
	}
	// +x is x, but of a number alone.
	x := c.expr(e.X)
	c.accepts(opcodes.Neg, "+", x, nil, e.Span)
	return x
}

func (c *checker) makeUnary(op uint16, sign string, x Expr, at ops.Span) Expr {
	c.accepts(op, sign, x, nil, at)
	return &Unary{Info: Info{at, resultType(op, x.At().Type, ops.Type{})}, Op: op, X: x}
}

func (c *checker) binary(e *ast.Binary) Expr {
	o := operators[e.Op]
	if e.Op == ast.In || e.Op == ast.NotIn {
		if x := c.inQuery(e, o); x != nil {
			return x
		}
	}
	operand := c.expr
	if e.Op == ast.And || e.Op == ast.Or {
		operand = c.condition
	}
	left, right := operand(e.Left), operand(e.Right)
	if o.swap {
		left, right = right, left
	}
	return c.makeBinary(o, left, right, e.Span, e.OpSpan)
}

func (c *checker) makeBinary(o operator, left, right Expr, at, sign ops.Span) Expr {
	if o.op != opcodes.And && o.op != opcodes.Or { // conditions were looked at
		c.accepts(o.op, o.sign, left, right, sign)
	}
	c.doubt(o, left, right, sign)
	x := Expr(&Binary{Info: Info{at, resultType(o.op, left.At().Type, right.At().Type)}, Op: o.op, Left: left, Right: right})
	if o.negate {
		x = c.makeUnary(opcodes.Not, "NOT", x, at)
	}
	return x
}

// doubt warns of comparisons that always give the same: of kinds that are never equal, in whatever order, or with none.
func (c *checker) doubt(o operator, left, right Expr, at ops.Span) {
	switch o.op {
	case opcodes.Eq, opcodes.Ne, opcodes.Lt, opcodes.Le, opcodes.Gt, opcodes.Ge:
	default:
		return
	}
	a, b := left.At().Type, right.At().Type
	always := "none"
	switch o.op {
	case opcodes.Eq:
		always = "false"
	case opcodes.Ne:
		always = "true"
	}
	equality := always != "none"
	switch {
	case a.Kind == ops.KindAny || b.Kind == ops.KindAny:
	case !equality && (a.Kind == ops.KindNone || b.Kind == ops.KindNone):
		c.warn(ops.Errorf(ops.CodeNeverTrue, "%s with none is always none", o.sign).WithHint("IS none, IS NOT none"), at)
	case a.Kind == ops.KindNone || b.Kind == ops.KindNone || a.Optional && b.Optional && equality:
	case a.Kind == b.Kind || a.Kind.IsNumber() && b.Kind.IsNumber() || isSequence(a.Kind) && isSequence(b.Kind):
	default:
		to := a.Kind
		if _, ok := left.(*Const); ok { // the constant is the likelier slip
			to = b.Kind
		}
		c.warn(ops.Errorf(ops.CodeNeverTrue, "%s of %s and %s is always %s", o.sign, aKind(a.Kind), aKind(b.Kind), always).
			WithHint("nothing converts by itself: type::%s(…)", to), at)
	}
}

func isSequence(k ops.Kind) bool { return k == ops.KindList || k == ops.KindTuple || k == ops.KindSet }

// inQuery resolves `x IN (SELECT …)`. The rows of a query of one column count as that column's values.
func (c *checker) inQuery(e *ast.Binary, o operator) Expr {
	switch e.Right.(type) {
	case *ast.Select, *ast.SetOp:
	default:
		return nil
	}
	x := c.expr(e.Left)
	sub := c.subquery(e.Right, UseIn)
	s, ok := sub.(*Subquery)
	if !ok {
		return sub
	}
	s.X, s.Info = x, Info{e.Span, ops.TypeOf(ops.KindBool)}
	if o.negate {
		return c.makeUnary(opcodes.Not, "NOT", s, e.Span)
	}
	return s
}

// pairError says that an operator does not take two kinds together, and what would mend the likeliest slips.
func pairError(op uint16, sign string, a, b ops.Kind) *ops.Error {
	if op == opcodes.Index {
		err := ops.Errorf(ops.CodeType, "%s cannot be indexed by %s", aKind(a), aKind(b))
		switch {
		case a == ops.KindObject:
			return err.WithHint("a member is named: x.name, or x[\"name\"]")
		case a == ops.KindList, a == ops.KindTuple, a == ops.KindString:
			return err.WithHint("an index is an int, x[0], or a range, x[0..2]")
		}
		return err.WithHint("what has an index is a list, a tuple, a string or an object")
	}
	err := ops.Errorf(ops.CodeType, "%s does not take %s and %s", sign, aKind(a), aKind(b))
	switch {
	case op == opcodes.In:
		return err.WithHint("members are looked for in a list, a range in brackets, a string or an object")
	case op == opcodes.Add && (a == ops.KindString || b == ops.KindString):
		return err.WithHint("nothing becomes a string by itself: type::string(x)")
	case a == ops.KindString && b.IsNumber() || b == ops.KindString && a.IsNumber():
		return err.WithHint("nothing becomes a number by itself: type::int(x), type::float(x)")
	}
	return err
}

// accepts reports operands of a kind that is known and that the operator does not take.
func (c *checker) accepts(op uint16, sign string, x, y Expr, at ops.Span) {
	row := &ops.Table[op]
	for i, e := range []Expr{x, y} {
		if e == nil || row.Accepts[i] == 0 {
			continue
		}
		k := e.At().Type.Kind
		if k == ops.KindAny || k == ops.KindNone || row.Accepts[i].Has(k) {
			continue
		}
		if y == nil {
			c.failf(ops.CodeType, at, "%s does not take %s", sign, aKind(k))
		} else {
			c.fail(pairError(op, sign, x.At().Type.Kind, y.At().Type.Kind), at)
		}
		return
	}
	if y != nil && ops.Table[op].Type == ops.ResultAdd {
		c.addable(op, sign, x.At().Type.Kind, y.At().Type.Kind, at)
	}
}

// addable: + and - join only what is alike, or move a time by a duration.
func (c *checker) addable(op uint16, sign string, a, b ops.Kind, at ops.Span) {
	loose := func(k ops.Kind) bool { return k == ops.KindAny || k == ops.KindNone }
	moves := func(a, b ops.Kind) bool { return a == ops.KindTime && b == ops.KindDuration }
	switch {
	case loose(a) || loose(b) || a == b || a.IsNumber() && b.IsNumber():
	case isSequence(a) && (isSequence(b) || op == opcodes.Sub):
	case moves(a, b) || op == opcodes.Add && moves(b, a):
	default:
		c.fail(pairError(op, sign, a, b), at)
	}
}
