package ast

import (
	"strings"

	"github.com/zerodb/zerodb/ops"
)

// level is how tight an expression binds: brackets go around one that is looser than its place wants.
type level int

const (
	levelOpenRange level = iota // `a..`: takes the next word for its end, so it stands in brackets
	levelRange                  // also IF, which reads badly within operators
	levelOr                     // OR ?:
	levelAnd                    // AND
	levelNot                    // NOT
	levelEquality               // == !=, not in a chain
	levelRelation               // < IN CONTAINS …, not in a chain
	levelMatch                  // ~ !~ <>
	levelBitOr                  // |
	levelBitXor                 // ^
	levelBitAnd                 // &
	levelShift                  // << >>
	levelAdd                    // + -
	levelMul                    // * / %
	levelUnary                  // - + ~
	levelPow                    // **, from right to left
	levelPostfix                // members, calls, hops
	levelPrimary
)

// binary says how an operator is written and how tight it binds.
type binary struct {
	text  string
	level level
}

var binaries = [...]binary{
	Or: {" OR ", levelOr}, Coalesce: {" ?: ", levelOr}, And: {" AND ", levelAnd},
	Eq: {" == ", levelEquality}, Ne: {" != ", levelEquality},
	Lt: {" < ", levelRelation}, Le: {" <= ", levelRelation}, Gt: {" > ", levelRelation}, Ge: {" >= ", levelRelation},
	In: {" IN ", levelRelation}, NotIn: {" NOT IN ", levelRelation},
	Contains: {" CONTAINS ", levelRelation}, NotContains: {" NOT CONTAINS ", levelRelation},
	ContainsAll: {" CONTAINS ALL ", levelRelation}, ContainsAny: {" CONTAINS ANY ", levelRelation}, ContainsNone: {" CONTAINS NONE ", levelRelation},
	Match: {" ~ ", levelMatch}, NotMatch: {" !~ ", levelMatch}, Similar: {" <> ", levelMatch},
	BitOr: {" | ", levelBitOr}, BitXor: {" ^ ", levelBitXor}, BitAnd: {" & ", levelBitAnd},
	Shl: {" << ", levelShift}, Shr: {" >> ", levelShift}, Add: {" + ", levelAdd}, Sub: {" - ", levelAdd},
	Mul: {" * ", levelMul}, Div: {" / ", levelMul}, Mod: {" % ", levelMul}, Pow: {" ** ", levelPow},
}

// levelOf returns how tight an expression binds as it is written.
func levelOf(x Expr) level {
	switch x := x.(type) {
	case *Range:
		if x.Hi == nil {
			return levelOpenRange
		}
		return levelRange
	case *If:
		return levelRange
	case *Binary:
		return binaries[x.Op].level
	case *Unary:
		if x.Op == Not {
			return levelNot
		}
		return levelUnary
	case *Literal:
		return literalLevel(x.Value)
	case *Field, *AllFields, *Index, *AllElements, *Pattern:
		return levelPostfix
	case *Call:
		return levelPostfix
	}
	return levelPrimary
}

// expr writes an expression where the grammar has `expr`: a query in brackets.
func (p *printer) expr(x Expr) { p.operand(x, levelRange) }

// inBrackets writes an expression that a bracket or comma ends.
func (p *printer) inBrackets(x Expr) { p.operand(x, levelOpenRange) }

// operand writes an expression in a place for what binds at least as tight as least.
func (p *printer) operand(x Expr, least level) {
	switch {
	case isQuery(x), levelOf(x) < least:
		p.word("(")
		if isQuery(x) {
			p.rows(x)
		} else {
			p.write(x)
		}
		p.word(")")
	default:
		p.write(x)
	}
}

func isQuery(x Expr) bool {
	switch x.(type) {
	case *Select, *SetOp, *Create, *Update, *Delete, *Relate:
		return true
	}
	return false
}

func (p *printer) write(x Expr) {
	switch x := x.(type) {
	case *Literal:
		p.value(x.Value)
	case *Ident:
		p.name(x.Name)
	case *PathExpr:
		p.path(x.Path)
	case *Variable:
		p.word("$" + x.Name)
	case *Wild:
		p.word("*")
	case *List:
		p.word("[")
		p.list(x.Items)
		p.word("]")
	case *Tuple:
		p.tuple(x.Items)
	case *Object:
		p.object(x)
	case *Range:
		p.rangeOf(x)
	case *Unary:
		p.unary(x)
	case *Binary:
		p.binary(x)
	case *Field, *AllFields, *Index, *AllElements:
		p.member(x)
	case *Call:
		p.call(x)
	default:
		p.writeRare(x)
	}
}

func (p *printer) writeRare(x Expr) {
	switch x := x.(type) {
	case *RecordExpr:
		p.leading(x.Table.Text)
		p.word(":")
		p.key(x.Key)
	case *RecordRange:
		p.recordRange(x)
	case *If:
		p.ifExpr(x)
	case *Exists:
		p.word("EXISTS ")
		p.bracketed(x.X)
	case *Aliased:
		p.word("(")
		p.aliased(x)
		p.word(")")
	case *Group:
		p.tuple(x.Items)
	case *Pattern:
		p.pattern(x)
	}
}

// list writes expressions with commas between them, in brackets.
func (p *printer) list(xs []Expr) {
	for i, x := range xs {
		p.comma(i)
		p.inBrackets(x)
	}
}

func (p *printer) tuple(items []Expr) {
	p.word("(")
	for i, x := range items {
		p.comma(i)
		if a, ok := x.(*Aliased); ok {
			p.aliased(a)
			continue
		}
		p.inBrackets(x)
	}
	if len(items) == 1 {
		p.word(",")
	}
	p.word(")")
}

func (p *printer) aliased(a *Aliased) {
	p.expr(a.X)
	p.as(a.As)
	p.clause(" WHERE ", a.Where)
}

// bracketed writes an expression in one pair of round brackets.
func (p *printer) bracketed(x Expr) {
	switch x.(type) {
	case *Tuple, *Group, *Aliased:
		p.write(x)
		return
	}
	p.word("(")
	if isQuery(x) {
		p.rows(x)
	} else {
		p.inBrackets(x)
	}
	p.word(")")
}

func (p *printer) object(o *Object) {
	if len(o.Members) == 0 {
		p.word("{}")
		return
	}
	p.word("{ ")
	for i, m := range o.Members {
		p.comma(i)
		p.memberName(m.Name.Text)
		p.word(": ")
		p.inBrackets(m.Value)
	}
	p.word(" }")
}

func (p *printer) memberName(s string) {
	if isIdentifier(s) {
		p.word(s)
		return
	}
	p.quoted(s)
}

// rangeOf sets the sign off by spaces but between short ends: `person:a..b` would be a range of keys.
func (p *printer) rangeOf(r *Range) {
	sign := ".."
	if r.Inclusive {
		sign = "..="
	}
	if r.Lo != nil {
		p.operand(r.Lo, levelOr)
		if !isShort(r.Lo) || !isShort(r.Hi) {
			p.word(" ")
		}
	}
	p.word(sign)
	if r.Hi != nil {
		if !isShort(r.Lo) || !isShort(r.Hi) {
			p.word(" ")
		}
		p.operand(r.Hi, levelOr)
	}
}

func isShort(x Expr) bool {
	switch x.(type) {
	case nil, *Literal, *Variable, *Ident:
		return true
	}
	return false
}

func (p *printer) unary(u *Unary) {
	switch u.Op {
	case Not:
		p.word("NOT ")
		p.operand(u.X, levelNot)
	case Neg:
		p.negated(u.X)
	case Plus:
		p.word("+")
		p.operand(u.X, levelUnary)
	case BitNot:
		p.word("~")
		p.operand(u.X, levelUnary)
	}
}

// negated writes a minus and its operand: `--` would be a comment, and a minus before a number is the number's own.
func (p *printer) negated(x Expr) {
	operand := printer{quoting: p.quoting, opening: p.opening}
	if literal, ok := x.(*Literal); ok && literalLevel(literal.Value) == levelPrimary && isPlainNumber(literal.Value.Kind()) {
		operand.bracketed(x)
	} else {
		operand.operand(x, levelUnary)
	}
	text := operand.b.String()
	p.word("-")
	if text[0] == '-' {
		p.word(" ")
	}
	p.word(text)
}

func isPlainNumber(k ops.Kind) bool {
	return k == ops.KindInt || k == ops.KindWide || k == ops.KindFloat
}

func (p *printer) binary(b *Binary) {
	// A chain leans to the left and may be long: it is walked down in a loop.
	var chain []*Binary
	left := Expr(b)
	for least := level(0); ; {
		op, ok := left.(*Binary)
		if !ok || binaries[op.Op].level < least {
			p.operand(left, least)
			break
		}
		chain = append(chain, op)
		left, least = op.Left, leftLevel(op.Op)
	}
	for i := len(chain) - 1; i >= 0; i-- {
		op := chain[i].Op
		p.word(binaries[op].text)
		p.right(op, chain[i].Right)
	}
}

// right writes what stands on the right of an operator.
func (p *printer) right(op BinaryOp, x Expr) {
	switch op {
	case ContainsAll, ContainsAny, ContainsNone:
		p.signed(x, rightLevel(op))
		return
	case Contains:
		if l, ok := x.(*Literal); ok && l.Value.IsNone() { // CONTAINS NONE is an operator before an operand
			p.bracketed(x)
			return
		}
	}
	p.operand(x, rightLevel(op))
}

// leftLevel is what an operator wants on its left: its own level, or a tighter one where it does not chain.
func leftLevel(op BinaryOp) level {
	switch l := binaries[op].level; l {
	case levelEquality, levelRelation, levelPow:
		return l + 1
	default:
		return l
	}
}

func rightLevel(op BinaryOp) level {
	if op == Pow {
		return levelPow
	}
	return binaries[op].level + 1
}

func (p *printer) member(x Expr) {
	switch x := x.(type) {
	case *Field:
		p.owner(x.X)
		if x.Safe {
			p.word("?")
		}
		p.word(".")
		p.plainName(x.Name.Text)
	case *AllFields:
		p.owner(x.X)
		p.word(".*")
	case *Index:
		p.owner(x.X)
		p.word("[")
		p.inBrackets(x.Index)
		p.word("]")
	case *AllElements:
		p.owner(x.X)
		p.word("[*]")
	}
}

// owner writes what a member, an index or a call hangs on.
func (p *printer) owner(x Expr) {
	switch x := x.(type) {
	case *RecordRange, *Wild:
		p.bracketed(x)
		return
	case *Pattern:
		if r, ok := x.Hops[len(x.Hops)-1].Vertex.(*RecordRange); ok && r.Hi == nil {
			p.bracketed(x)
			return
		}
	case *Literal:
		if isPlainNumber(x.Value.Kind()) {
			p.bracketed(x)
			return
		}
	}
	p.operand(x, levelPostfix)
}

// foldPath writes a path behind FOLD, which before a keyword would be a name.
func (p *printer) foldPath(path Path) {
	for i, n := range path {
		if i > 0 {
			p.word("::")
		}
		p.nameOr(n.Text, i == 0 && IsKeyword(n.Text))
	}
}

func (p *printer) call(c *Call) {
	switch {
	case c.On != nil:
		p.owner(c.On)
	case c.Fold:
		p.word("FOLD ")
		p.foldPath(c.Func)
	default:
		p.path(c.Func)
	}
	p.word("(")
	for i, a := range c.Args {
		p.comma(i)
		if a.Name != nil {
			p.nameOr(a.Name.Text, IsKeyword(a.Name.Text))
			p.word(" = ")
		}
		switch {
		case a.Distinct:
			p.word("DISTINCT ")
			p.signed(a.X, levelRange)
		case a.Where != nil:
			p.expr(a.X)
		default:
			p.inBrackets(a.X)
		}
		p.clause(" WHERE ", a.Where)
	}
	p.word(")")
}

// signed writes what follows a word that is a name before a sign: in brackets where it begins with one.
func (p *printer) signed(x Expr, least level) {
	operand := printer{quoting: true, opening: true}
	operand.operand(x, least)
	if text := operand.b.String(); strings.Contains(signs, text[:1]) {
		p.bracketed(x)
	} else {
		p.word(text)
	}
}

// signs are what expressions begin with that a name could stand before.
const signs = "-+~*<."

// ---- records and patterns

func (p *printer) recordRange(r *RecordRange) {
	p.leading(r.Table.Text)
	p.word(":")
	if r.Lo != nil {
		p.key(r.Lo)
	}
	p.word("..")
	if r.Inclusive {
		p.word("=")
	}
	if r.Hi != nil {
		p.key(r.Hi)
	}
}

func (p *printer) key(x Expr) {
	switch x := x.(type) {
	case *Variable, *List, *Tuple, *Wild:
		p.write(x)
	case *Literal:
		if !p.keyValue(x.Value) {
			p.bracketed(x)
		}
	default:
		p.bracketed(x)
	}
}

func (p *printer) ifExpr(x *If) {
	for i, arm := range x.Arms {
		if i > 0 {
			p.word("ELSE ")
		}
		p.opened("IF ", arm.Cond)
		p.word(" THEN")
		p.block(arm.Then)
	}
	if x.Else != nil {
		p.word("ELSE")
		if len(x.Else) > 0 && beginsWithIf(x.Else[0]) {
			p.word(";") // ELSE IF would be an arm
		}
		p.block(x.Else)
	}
	p.word("END")
}

func beginsWithIf(s Statement) bool {
	var p printer
	p.statement(s)
	text := p.b.String()
	return len(text) > 3 && text[:3] == "IF "
}

var arrows = []string{ArrowOut: "->", ArrowIn: "<-", ArrowBoth: "<->", ArrowOut2: "->>", ArrowIn2: "<<-"}

func (p *printer) pattern(x *Pattern) {
	if x.Start != nil {
		if _, nested := x.Start.(*Pattern); nested {
			p.bracketed(x.Start)
		} else {
			p.operand(x.Start, levelPostfix)
		}
		p.word(" ")
	}
	for i, h := range x.Hops {
		if i > 0 {
			p.word(" ")
		}
		p.word(arrows[h.Left] + " ")
		p.edge(h.Edges, edgeOr)
		p.word(" " + arrows[h.Right] + " ")
		p.vertex(h.Vertex)
	}
}

func (p *printer) vertex(x Expr) {
	switch x.(type) {
	case *Ident, *RecordExpr, *RecordRange, *Wild, *Variable, *List:
		p.write(x)
	default:
		p.bracketed(x)
	}
}

// edgeLevel is how tight edges bind.
type edgeLevel int

const (
	edgeOr edgeLevel = iota
	edgeAnd
	edgeTerm
)

func (p *printer) edge(e EdgeExpr, least edgeLevel) {
	switch e := e.(type) {
	case *EdgeTable:
		p.write(e.X)
		if r, ok := e.X.(*RecordRange); ok && r.Hi == nil && e.Hops != nil {
			p.word(" ") // a list would be the end of the range
		}
		p.edgeTail(e.Hops, e.Optional)
	case *EdgeGroup:
		p.word("(")
		p.edge(e.X, edgeOr)
		p.as(e.As)
		p.clause(" WHERE ", e.Where)
		p.word(")")
		p.edgeTail(e.Hops, e.Optional)
	case *EdgeNot:
		p.word("NOT ")
		p.edge(e.X, edgeTerm)
	case *EdgeBool:
		own, sign := edgeAnd, " AND "
		if e.Or {
			own, sign = edgeOr, " OR "
		}
		if own < least {
			p.word("(")
			defer p.word(")")
		}
		p.edge(e.Left, own)
		p.word(sign)
		p.edge(e.Right, own+1)
	}
}

func (p *printer) edgeTail(hops Expr, optional bool) {
	if hops != nil {
		p.word("[")
		p.inBrackets(hops)
		p.word("]")
	}
	if optional {
		p.word("?")
	}
}
