package parse

// split takes the signs that become something else than one token of the same length, and reports whether p was one.
func (f *filter) split(p *place) bool {
	switch p.kind {
	case tRange, tRangeEq:
		return f.recordRange(p)
	case tArrowIn, tArrowIn2:
		return f.lessMinus(p)
	}
	return false
}

// recordRange: in `person:a..b`, `person:..b` and `person:a..` the range touches a record key. An end belongs to it only
// where it touches too: `person:5.. LIMIT 10` is open.
func (f *filter) recordRange(p *place) bool {
	if !(f.keyDone || p.prev.kind == tRecColon) || !p.prev.touches(&p.token) {
		return false
	}
	next := p.next.kind
	open := !p.touches(&p.next) ||
		!(operandStarts.has(next) || isKeyword(next) || next == tDigitWord || next == tMinus)
	switch {
	case p.kind == tRangeEq:
		p.kind = tRecRangeEq
	case open:
		p.kind = tRecOpen
	default:
		p.kind = tRecRange
	}
	f.emit(p.token)
	f.keyDone, f.want = false, wantOperand
	if open {
		f.want = wantOperator
	}
	return true
}

// lessMinus: `a<-1` compares with -1, and `a<<-1` shifts by it; an arrow cannot touch a number.
func (f *filter) lessMinus(p *place) bool {
	if !p.touches(&p.next) || !numberSet.has(p.next.kind) {
		return false
	}
	sign, minus := p.token, p.token
	sign.kind = tLt
	if p.kind == tArrowIn2 {
		sign.kind = tShl
	}
	sign.end--
	minus.kind, minus.start = tMinus, minus.end-1
	sign.infix = f.want == wantOperator
	f.emit(sign)
	f.emit(minus)
	f.keyDone, f.want = false, wantOperand
	return true
}

// resolve gives signs and words with two meanings the one they have here, and makes one token of words that belong
// together.
func (f *filter) resolve(p *place) {
	switch p.kind {
	case tIdent, tQuoted:
		f.argumentName(p)
	case tInt:
		f.floatWithoutFraction(p)
	case tStar:
		if f.want != wantOperator && !isArrow(p.next.kind) {
			p.kind = tWild
		}
	case tColon:
		f.recordColon(p)
	case tIs:
		f.fuse(p, isWords)
	case tNot:
		if f.want == wantOperator {
			f.fuse(p, notWords)
		}
	case tContains:
		f.containsAll(p)
	case tElse:
		second := f.peek(p.nextAt, 1)
		if !p.newline && second != tColon && second != tColon2 { // ELSE, line end, IF nests an IF with an END of its own
			f.fuse(p, elseWords)
		}
	case tExplain:
		second := f.peek(p.nextAt, 1) // EXPLAIN ANALYZE TABLE t explains; `EXPLAIN analyze.x` is about a name
		if second != tTable && (!endsName(second) || isKeyword(second) && !is(second, isInfix)) {
			f.fuse(p, explainWords)
		}
	case tIf:
		if f.want == wantOperator || f.def != 0 && kindsSet.has(p.prev.kind) {
			f.ifExists(p)
		}
	case tWith:
		if f.def == tModule {
			p.kind = tWithBody
		}
	}
}

// fused maps the second of two words to the kind of both.
type fused map[int32]int32

var (
	isWords       = fused{tNot: tIsNot}
	notWords      = fused{tIn: tNotIn, tContains: tNotContains, tMatch: tNotMatch}
	containsWords = fused{tAll: tContainsAll, tAny: tContainsAny, tNone: tContainsNone}
	elseWords     = fused{tIf: tElseIf}
	ifWords       = fused{tExists: tIfExists}
	explainWords  = fused{tAnalyze: tExplainAnalyze}
)

// fuse takes the next word into p where the two are one token.
func (f *filter) fuse(p *place, by fused) {
	if kind, ok := by[p.next.kind]; ok {
		p.kind, p.end = kind, p.next.end
		f.at = p.nextAt
	}
}

// argumentName: a bare name before `=`, first in an argument of a call, names the argument.
func (f *filter) argumentName(p *place) {
	if p.next.kind == tEq && f.top().call && (p.prev.kind == tLParen || p.prev.kind == tComma) {
		p.kind = tArgName
	}
}

// floatWithoutFraction: `2.` is a float; `2.x`, `2..3` and a record key are not.
func (f *filter) floatWithoutFraction(p *place) {
	if p.next.kind != tDot || !p.touches(&p.next) {
		return
	}
	before := p.prev.kind
	if n := len(f.out); before == tMinus && n > 1 {
		before = f.out[n-2].kind
	}
	switch before {
	case tRecColon, tRecRange, tRecRangeEq:
		return
	}
	if behind := f.raw[p.nextAt+1]; p.next.touches(&behind) && isWord(behind.kind) {
		return
	}
	p.kind, p.end = tFloat, p.next.end
	f.at = p.nextAt
}

// recordColon: the colon of a record id touches the name before it and the key behind it; that of an object's member
// stands behind the first word of the member.
func (f *filter) recordColon(p *place) {
	n := len(f.out)
	member := f.top().kind == tLBrace && n > 1 && (f.out[n-2].kind == tLBrace || f.out[n-2].kind == tComma)
	if !member && (p.prev.kind == tIdent || p.prev.kind == tQuoted) && p.prev.touches(&p.token) && p.touches(&p.next) {
		p.kind = tRecColon
	}
}

// containsAll: CONTAINS ALL, ANY or NONE is an operator where an operand follows: `a CONTAINS none` is not.
func (f *filter) containsAll(p *place) {
	operand, _ := f.after(p.nextAt)
	follows := operandStarts.has(operand.kind) || isArrow(operand.kind) ||
		isKeyword(operand.kind) && !is(operand.kind, isInfix|continuesLine) && operand.kind != tReturn
	if follows && !p.next.touches(&operand) {
		f.fuse(p, containsWords)
	}
}

func (f *filter) ifExists(p *place) {
	if p.next.kind != tNot {
		f.fuse(p, ifWords)
		return
	}
	if exists, i := f.after(p.nextAt); exists.kind == tExists {
		p.kind, p.end = tIfNotExists, exists.end
		f.at = i
	}
}
