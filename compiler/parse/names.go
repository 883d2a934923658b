package parse

import "github.com/antlr4-go/antlr/v4"

// isName decides whether a keyword is a name here. After a complete operand every keyword is itself. Where an operand is
// wanted every keyword is a name but the reserved ones (true, false, none, not, then, do, else, end) and a word that
// opens an operand and has one behind it. Where a statement may start, what follows decides. In a definition, after an
// arrow and after a dot only a name can stand, so there even `select` is one.
func (f *filter) isName(p *place) bool {
	if f.besideName(p) {
		return true
	}
	switch p.kind {
	case tThen, tDo, tElse, tEnd:
		return false
	}
	switch f.want {
	case wantStatement:
		return f.namesStatement(p)
	case wantWord:
		return f.namesAfterWord(p)
	case wantOperand:
		return f.namesOperand(p)
	}
	return false
}

// besideName: the sign before or behind the word leaves no choice.
func (f *filter) besideName(p *place) bool {
	switch p.prev.kind {
	case tDot, tSafeDot, tColon2, tRecColon:
		return true
	case tRecRange, tRecRangeEq:
		if p.prev.touches(&p.token) {
			return true
		}
	case tAs:
		view := p.kind == tSelect && f.def == tTable
		if !view && f.def != tProgram { // DEFINE PROGRAM p AS e
			return true
		}
	}
	return p.next.kind == tColon || p.next.kind == tColon2
}

// namesAfterWord: is it a name behind a word that may take a second one: START AT, LIMIT TO, GROUP BY?
func (f *filter) namesAfterWord(p *place) bool {
	if is(p.kind, opensOperand) {
		return false
	}
	switch f.clause {
	case tStart:
		return p.kind != tAt
	case tLimit:
		return p.kind != tTo && p.kind != tOn && !(f.def != 0 && is(p.kind, isComplete))
	case tGroup, tOrder:
		return p.kind != tBy
	}
	return false
}

// namesStatement: is it a name where a statement may start?
func (f *filter) namesStatement(p *place) bool {
	switch {
	case !is(p.kind, opensStatement|opensOperand):
		return true
	case is(p.kind, opensStatement) && !opens(p.kind, p.next.kind):
		return true
	case p.kind == tDistinct:
		return true
	case p.kind == tReturn && returnFollowers.has(p.next.kind), p.kind == tReturn && p.next.kind == antlr.TokenEOF:
		return false
	case p.kind == tExists:
		return p.next.kind != tLParen
	case is(p.kind, isLiteral|isComplete) || p.kind == tNot || is(p.kind, opensStatement) && p.newline:
		return false
	case isKeyword(p.next.kind) && p.kind != tFold:
		return false
	}
	return endsName(p.next.kind) && !(p.kind == tSelect && isArrow(p.next.kind))
}

// opens reports whether a word that begins statements begins one before a token of kind next.
func opens(word, next int32) bool {
	if next == tElse || next == tEnd {
		return is(word, isComplete) || word == tReturn
	}
	switch word {
	case tKill:
		return next == tVar || next == tString || next == tUUID || next == tUUIDText || next == tInt
	case tLive:
		return next == tSelect
	case tAnalyze:
		return next == tTable
	case tAlter:
		return next == tUser
	case tSet, tLet:
		return next == tVar || !endsName(next) && next != tNL
	case tInfo, tBegin, tCommit, tCancel, tBreak, tContinue:
		switch next {
		case tDot, tSafeDot, tColon, tEq, tEqEq, tLBrack, tLParen:
			return false
		}
		return !isArrow(next)
	}
	return true
}

// namesOperand: is it a name where an operand is wanted?
func (f *filter) namesOperand(p *place) bool {
	switch p.kind {
	case tValue, tDistinct:
		if f.opensSelect(p) {
			return !f.modifiesSelect(p)
		}
		return p.kind == tValue || !f.distinctArgument(p)
	case tTrue, tFalse, tNone, tNot:
		return false
	case tExists:
		return p.next.kind != tLParen
	case tAll:
		return !setOperators.has(p.prev.kind)
	}
	switch {
	case f.def != 0 && f.wordInDefinition(p):
		return false
	case f.def != 0 && f.clause == tGrant:
		return true
	case !is(p.kind, opensOperand):
		return true
	case isArrow(p.prev.kind), f.def != 0 && f.onlyName(p.prev.kind):
		return true
	}
	return f.prefixNames(p)
}

// wordInDefinition: the few places in a definition where a keyword stands and an operand could.
func (f *filter) wordInDefinition(p *place) bool {
	switch p.kind {
	case tIf: // IF [NOT] EXISTS before the name
		return kindsSet.has(p.prev.kind) && (p.next.kind == tNot || p.next.kind == tExists)
	case tDatabase, tNamespace, tTable:
		if p.prev.kind == tOn || f.def == tRole && p.prev.kind == tComma {
			return isWord(p.next.kind)
		}
		return p.prev.kind == tBy && p.kind != tNamespace
	case tRecord:
		return p.prev.kind == tBy
	case tOn:
		return f.def == tLimit && p.prev.kind == tLimit
	}
	return false
}

// onlyName reports whether only a name can stand in a definition behind a token.
func (f *filter) onlyName(prev int32) bool {
	switch prev {
	case tOn, tFrom, tTo, tLanguage:
		return true
	}
	switch f.clause {
	case tFields, tVariants, tRoles:
		return true
	}
	return kindsSet.has(prev)
}

// opensSelect: does the word stand right behind SELECT, or behind SELECT DISTINCT?
func (f *filter) opensSelect(p *place) bool {
	n := len(f.out)
	return p.prev.kind == tSelect || p.kind == tValue && p.prev.kind == tDistinct && n > 1 && f.out[n-2].kind == tSelect
}

// modifiesSelect: is VALUE or DISTINCT behind SELECT the word, not a field of that name? It is, before an operand.
func (f *filter) modifiesSelect(p *place) bool {
	second := f.peek(p.nextAt, 1)
	touching := p.touches(&p.next)
	// The sign behind the word stands before its operand: VALUE -a, DISTINCT ->likes, not `value - b`.
	tight := !touching && !f.setOff(p.nextAt)
	switch next := p.next.kind; next {
	case tLParen:
		return p.kind == tValue || !touching // distinct(age) is a call
	case tLBrace, tBang:
		return true
	case tLBrack:
		return !touching
	case tMinus, tPlus, tTilde:
		return tight
	case tStar:
		return p.kind == tDistinct && !operandStarts.has(second)
	case tNot:
		return !f.notOperator(p.nextAt)
	case tFrom, tAs, tOmit:
		return second == tFrom || second == tAs || second == tDot || second == tColon || second == tColon2
	default:
		switch {
		case isArrow(next):
			return tight
		case isKeyword(next):
			return !is(next, isInfix) || second == tFrom || second == tDot || second == tColon || second == tColon2
		}
		return operandStarts.has(next) || next == tDigitWord
	}
}

// notOperator reports whether the NOT at raw[i] is that of NOT IN, NOT CONTAINS or NOT MATCH.
func (f *filter) notOperator(i int) bool {
	switch f.peek(i, 1) {
	case tIn, tContains, tMatch:
		third := f.peek(i, 2)
		return third != tColon && third != tColon2 && third != tDot
	}
	return false
}

// distinctArgument: is DISTINCT the word of an aggregate, count(DISTINCT city)?
func (f *filter) distinctArgument(p *place) bool {
	next := p.next.kind
	return p.prev.kind == tLParen && f.top().call &&
		(operandStarts.has(next) || isKeyword(next) && next != tWhere && !is(next, isInfix))
}

// prefixNames: is a word that opens an operand (FOLD, IF, SELECT, CREATE …) a name? It is where no operand follows.
func (f *filter) prefixNames(p *place) bool {
	next := p.next.kind
	if p.kind == tSelect && next == tFrom && f.clause == tSelect { // SELECT select FROM x
		switch f.peek(p.nextAt, 1) {
		case tColon, tColon2, tDot:
		default:
			return true
		}
	}
	if p.kind == tFold && next == tGroup && p.prev.kind != tFrom { // SELECT FOLD group(x) FROM t
		if bracket, _ := f.after(p.nextAt); bracket.kind == tLParen && p.next.touches(&bracket) {
			return false
		}
	}
	if isKeyword(next) && f.peek(p.nextAt, 1) == tColon2 { // IF type::is_string(x) THEN …
		return false
	}
	name := endsName(next) && !(p.kind == tSelect && isArrow(next)) ||
		p.kind != tSelect && phraseFollowers.has(next) ||
		next == tLBrack && p.touches(&p.next) ||
		next == tNot && f.notOperator(p.nextAt)
	if name && p.kind == tSelect && isKeyword(next) {
		return f.fieldsFollow(p)
	}
	return name
}

// fieldsFollow: SELECT before a keyword, where an operand is wanted: `select WHERE x` is a name, `SELECT from FROM x` not.
func (f *filter) fieldsFollow(p *place) bool {
	second, _ := f.after(p.nextAt)
	if operandStarts.has(second.kind) {
		touchingBracket := (second.kind == tLParen || second.kind == tLBrack) && p.next.touches(&second)
		return !touchingBracket
	}
	return isKeyword(second.kind) && second.kind != tFrom && !is(second.kind, isInfix)
}
