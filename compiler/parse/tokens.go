package parse

import (
	"slices"
	"strings"

	"github.com/antlr4-go/antlr/v4"

	"github.com/zerodb/zerodb/ops"
)

// Token is a word, sign or comment of a text, as the formatter sees it.
type Token struct {
	// Text is the token as it was written; keywords are in capitals, words that are one operator with one space between.
	Text string
	Role Role
	Span ops.Span
	// Infix is set behind a complete operand: for operators, and for the brackets of calls and indexes.
	Infix bool
}

// Role is what a token is for.
type Role uint8

const (
	RoleWord      Role = iota // a keyword
	RoleClause                // a keyword that may begin a line within its statement
	RoleOperand               // a name, a variable, a literal, `*`
	RoleOperator              // a sign set off by spaces where it is infix
	RoleMember                // `.`, `::` and what else holds together what it stands between
	RoleFree                  // a range or an arrow: it may be set off or not
	RoleOpenRange             // the range of a record id without an end
	RoleColon                 // of an object's member
	RoleOptional              // `?` behind a type or an edge
	RoleComma
	RoleOpen
	RoleClose
	RoleBlockOpen // THEN, DO, ELSE, the WITH of a module: statements follow
	RoleBlockEnd  // END, ELSE IF
	RoleScript    // a module's body in another language
	RoleSeparator // what ends a statement
	RoleComment
)

// Tokens returns the tokens of a text that parses, comments included, in order. ELSE both ends a block and opens one; its
// role is RoleBlockOpen.
func Tokens(src string) ([]Token, []*ops.Error) {
	p := newParser()
	p.lexer.keepComments = true
	if _, errs := p.script(src); len(errs) > 0 {
		return nil, errs
	}
	all := slices.Concat(p.filter.out, p.lexer.comments)
	slices.SortStableFunc(all, func(a, b token) int { return int(a.start) - int(b.start) })
	tokens := make([]Token, 0, len(all))
	for i := range all {
		t := &all[i]
		if t.kind == antlr.TokenEOF {
			continue
		}
		tokens = append(tokens, Token{Text: canonical(t), Role: roleOf(t), Span: t.span(), Infix: t.infix})
	}
	return tokens, nil
}

// canonical returns the text of a token with its letters as they should be.
func canonical(t *token) string {
	switch {
	case t.kind == tComment:
		return strings.TrimRight(t.text(), " \t")
	case t.kind == tTrue, t.kind == tFalse, t.kind == tNone:
		return t.text()
	case isKeyword(t.kind), t.kind == tWithBody:
		return strings.ToUpper(t.text())
	case t.kind >= tIsNot && t.kind <= tExplainAnalyze:
		return spelling(t.kind)
	}
	return t.text()
}

var (
	clauseWords = setOf([]int32{tFrom, tWhere, tGroup, tHaving, tOrder, tStart, tLimit, tAfter, tVersion, tSince, tOmit, tJoin, tLeft,
		tUnion, tIntersect, tExcept, tSet, tValues, tContent, tFields, tVariants, tGrant, tWith})
	memberSigns = setOf([]int32{tDot, tSafeDot, tColon2, tRecColon, tRecRange, tRecRangeEq})
	operators   = setOf(binarySigns, assigns, []int32{tPlus, tMinus, tTilde, tBang})
	roles       = map[int32]Role{
		tSep: RoleSeparator, tComment: RoleComment, tComma: RoleComma, tColon: RoleColon, tQuestion: RoleOptional, tRaw: RoleScript,
		tRecOpen: RoleOpenRange, tRange: RoleFree, tRangeEq: RoleFree, tLParen: RoleOpen, tLBrack: RoleOpen, tLBrace: RoleOpen,
		tRParen: RoleClose, tRBrack: RoleClose, tRBrace: RoleClose, tThen: RoleBlockOpen, tDo: RoleBlockOpen, tElse: RoleBlockOpen,
		tWithBody: RoleBlockOpen, tEnd: RoleBlockEnd, tElseIf: RoleBlockEnd, tTrue: RoleOperand, tFalse: RoleOperand, tNone: RoleOperand,
	}
)

func roleOf(t *token) Role {
	if r, ok := roles[t.kind]; ok {
		return r
	}
	switch {
	case isArrow(t.kind):
		return RoleFree
	case memberSigns.has(t.kind):
		return RoleMember
	case operators.has(t.kind), t.kind == tStar && t.infix:
		return RoleOperator
	case clauseWords.has(t.kind) && t.infix:
		return RoleClause
	case isKeyword(t.kind), t.kind < tArgName:
		return RoleWord
	}
	return RoleOperand
}
