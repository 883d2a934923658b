package parse

import "github.com/antlr4-go/antlr/v4"

// lineEnd decides whether a line end ends the statement. It does not
//
//   - inside brackets, in an empty statement,
//   - where the line before it wants more: an operand after an operator, a name after FROM,
//   - where the line behind it can only go on: it begins with WHERE, with `->`, with `+ 1`.
//
// A RETURN that begins a line is a statement of its own all the same.
func (f *filter) lineEnd(t token) {
	switch {
	case bracketSet.has(f.top().kind), f.last() == tSep:
	case f.startsReturn(f.at + 1):
		if f.want != wantStatement {
			f.separate(t)
		}
	case f.wantsMore(), f.continues(f.at + 1):
	default:
		f.separate(t)
	}
}

// startsReturn reports whether the line at raw[i] begins with a RETURN that is no name.
func (f *filter) startsReturn(i int) bool {
	if f.raw[i].kind != tReturn {
		return false
	}
	switch f.peek(i, 1) {
	case tDot, tSafeDot, tColon, tColon2, tComma, tEq, tEqEq:
		return false
	}
	return true
}

// wantsMore reports whether the statement cannot end with the token emitted last.
func (f *filter) wantsMore() bool {
	switch last := f.last(); {
	case last == tReturn:
		return f.returnClause
	case last == tBegin || last == tCommit || last == tCancel:
		return false
	case f.want == wantStatement:
		switch last {
		case tThen, tDo, tElse, tWithBody, tExplain, tExplainAnalyze:
			return true
		}
		return false
	}
	return f.want == wantOperand || f.want == wantWord
}

// continues reports whether the line at raw[i] can only go on with the statement before it.
func (f *filter) continues(i int) bool {
	t, next := f.raw[i], f.peek(i, 1)
	switch {
	case t.kind == antlr.TokenEOF, lineLeads.has(t.kind):
		return true
	case t.kind == tPlus || t.kind == tMinus || t.kind == tTilde: // `+ 1` goes on, `-1` does not
		return f.setOff(i)
	case t.kind == tStar:
		return operandStarts.has(next) || isKeyword(next)
	case f.def == tLimit && next == tEq && isWord(t.kind): // DEFINE LIMIT … memory = …
		return true
	}
	return isKeyword(t.kind) && f.wordContinues(t.kind, i)
}

// setOff reports whether a space stands behind raw[i].
func (f *filter) setOff(i int) bool {
	return i+1 < len(f.raw) && f.raw[i+1].start > f.raw[i].end
}

func (f *filter) wordContinues(word int32, i int) bool {
	next := f.peek(i, 1)
	switch word {
	case tEnd, tThen, tDo, tElse:
		return next != tColon && next != tDot && !isArrow(next)
	case tNot:
		return next == tIn || next == tContains || next == tMatch
	case tIf: // IF [NOT] EXISTS, but not before a subquery: then it is a condition
		return next == tExists && f.peek(i, 2) != tLParen ||
			next == tNot && f.peek(i, 2) == tExists && f.peek(i, 3) != tLParen
	case tLeft:
		return next == tJoin
	case tSet:
		return next != tVar
	}
	switch {
	case !is(word, continuesLine):
		return false
	case is(word, inDefinition) && f.def == 0 && word != tFields && word != tVariants:
		return false
	case is(word, isComplete):
		return true
	}
	switch next { // `order`, `order:1`, `order.x`: a table of that name
	case antlr.TokenEOF, tSemi, tColon, tColon2, tDot, tSafeDot:
		return false
	}
	return !ambiguousLeads.has(word) || f.clauseFollows(word, i)
}

// clauseFollows tells `ORDER age` from `order -> has -> item` and `version = 3`.
func (f *filter) clauseFollows(word int32, i int) bool {
	switch next := f.peek(i, 1); next {
	case tNL:
		if setOperators.has(word) {
			return true
		}
		second := f.peek(i, 2)
		return !f.raw[i+1].blank &&
			(second == tBy || second == tAt || second == tTo || operandStarts.has(second) && second != tSelect)
	case tMinus, tPlus, tStar, tTilde, tBang:
		return !f.setOff(i + 1)
	default:
		return operandStarts.has(next) || isKeyword(next) && (!is(next, isInfix) || next == tIn)
	}
}
