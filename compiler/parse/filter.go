package parse

import (
	"slices"

	"github.com/antlr4-go/antlr/v4"

	"github.com/zerodb/zerodb/ops"
)

// maxNesting is how deep brackets and blocks may nest.
const maxNesting = 200

// filter stands between lexer and parser. In one pass over the tokens it decides what a grammar with one token of
// look-ahead cannot:
//
//   - which line ends are the end of a statement (lines.go),
//   - which keywords are names (names.go),
//   - which signs and words have another meaning here: the colon of a record id, `*` the wildcard, IS NOT (signs.go).
//
// It never looks further than four tokens ahead, and back only at what it keeps in the fields below, so its time is
// linear in the text.
type filter struct {
	raw []token // the lexer's tokens
	at  int     // the one under decision
	out []token

	open   []frame // the brackets and blocks around, the text itself first
	blocks int     // how many of them are blocks
	want   want
	// def is, in a definition, the kind that is defined, or tDefine before that is known; 0 elsewhere.
	def int32
	// clause is the keyword emitted last in this statement.
	clause int32
	// returnClause: the RETURN just emitted is a clause, not a statement.
	returnClause bool
	// keyDone: the token just emitted ends the key of a record id.
	keyDone bool

	// looked counts decisions and look-aheads: the filter's share of the work on a text.
	looked int
	err    *ops.Error
}

// want is what the grammar takes next.
type want uint8

const (
	wantStatement want = iota
	wantOperand
	wantOperator // or a clause, or the end
	wantWord     // a keyword that belongs to the one before
)

// frame is an open bracket or block.
type frame struct {
	kind int32 // tLParen, tLBrack, tLBrace, tDo for every block; 0 for the text itself
	at   int32 // where it was opened, in out
	def  int32 // what filter.def comes back to
	call bool  // the bracket of a call
	key  bool  // the key of a record id
}

// place is a token under decision with its neighbours.
type place struct {
	token
	prev    token // emitted before it
	next    token // the next but line ends
	nextAt  int   // its index
	newline bool  // a line end lies between
}

// run returns the parser's tokens; they stay valid until the next run.
func (f *filter) run(raw []token) []token {
	f.raw, f.at, f.out = raw, 0, slices.Grow(f.out[:0], len(raw)+1)
	f.open, f.blocks = append(f.open[:0], frame{}), 0
	f.startStatement()
	f.returnClause, f.keyDone, f.err = false, false, nil
	for f.err == nil && raw[f.at].kind != antlr.TokenEOF {
		f.step(raw[f.at])
		f.at++
	}
	f.emit(raw[len(raw)-1])
	return f.out
}

func (f *filter) step(t token) {
	f.looked++
	switch t.kind {
	case tNL:
		f.lineEnd(t)
	case tSemi:
		f.closeBrackets()
		f.separate(t)
	default:
		p := f.place(t)
		if isKeyword(t.kind) && f.isName(&p) {
			p.kind = tIdent
		}
		if f.split(&p) {
			return
		}
		f.resolve(&p)
		p.infix = f.want == wantOperator
		f.nest(&p)
		f.emit(p.token)
		f.want = f.wantsAfter(&p)
	}
}

func (f *filter) place(t token) place {
	p := place{token: t, nextAt: f.at + 1}
	if f.raw[p.nextAt].kind == tNL {
		p.nextAt, p.newline = p.nextAt+1, true
	}
	p.next = f.raw[p.nextAt]
	if n := len(f.out); n > 0 {
		p.prev = f.out[n-1]
	}
	return p
}

// peek returns the kind of the k-th token behind the i-th, line ends counted.
func (f *filter) peek(i, k int) int32 {
	f.looked++
	return f.raw[min(i+k, len(f.raw)-1)].kind
}

// after returns the next token but line ends behind the i-th.
func (f *filter) after(i int) (token, int) {
	f.looked++
	i = min(i+1, len(f.raw)-1)
	if f.raw[i].kind == tNL {
		i++
	}
	return f.raw[i], i
}

func (f *filter) emit(t token) {
	t.index = int32(len(f.out))
	f.out = append(f.out, t)
}

func (f *filter) last() int32 {
	if n := len(f.out); n > 0 {
		return f.out[n-1].kind
	}
	return tSep
}

// separate ends the statement.
func (f *filter) separate(t token) {
	if f.last() != tSep {
		t.kind, t.top = tSep, f.blocks == 0
		f.emit(t)
	}
	f.startStatement()
}

func (f *filter) startStatement() { f.want, f.def, f.clause = wantStatement, 0, 0 }

// top is the innermost bracket or block.
func (f *filter) top() *frame { return &f.open[len(f.open)-1] }

// closeBrackets closes what a statement has left open at its `;`: no bracket goes on behind one.
func (f *filter) closeBrackets() {
	for bracketSet.has(f.top().kind) {
		f.open = f.open[:len(f.open)-1]
	}
}

// nest opens and closes brackets and blocks.
func (f *filter) nest(p *place) {
	f.keyDone = false
	switch p.kind {
	case tLParen, tLBrack, tLBrace:
		def := f.def
		f.push(p, p.kind)
		f.top().call = p.kind == tLParen && f.want == wantOperator
		f.top().key = p.prev.kind == tRecColon
		if p.kind != tLParen { // a query may stand in round brackets only
			f.def = def
		}
	case tRParen, tRBrack, tRBrace:
		if len(f.open) > 1 {
			f.keyDone = f.pop().key
		}
	case tThen, tDo, tWithBody:
		f.push(p, tDo)
	case tElse:
		if f.top().kind != tDo {
			f.push(p, tDo)
		}
		f.def = 0
	case tElseIf, tEnd:
		if f.top().kind == tDo {
			f.pop()
		}
	default:
		n := len(f.out)
		f.keyDone = p.prev.kind == tRecColon || p.prev.kind == tMinus && n > 1 && f.out[n-2].kind == tRecColon
	}
}

func (f *filter) push(p *place, kind int32) {
	f.open = append(f.open, frame{kind: kind, at: int32(len(f.out)), def: f.def})
	f.def = 0
	if kind == tDo {
		f.blocks++
	}
	if len(f.open) > maxNesting+1 {
		f.err = tooDeep(p.span())
	}
}

func (f *filter) pop() frame {
	top := *f.top()
	f.open = f.open[:len(f.open)-1]
	f.def = top.def
	if top.kind == tDo {
		f.blocks--
	}
	return top
}

func tooDeep(at ops.Span) *ops.Error {
	return &ops.Error{Code: ops.CodeTooDeep, Message: "brackets, blocks or operators nest deeper than 200", Span: at, Hint: "split the expression with LET"}
}

// wantsAfter says what the grammar takes behind the token just emitted.
func (f *filter) wantsAfter(p *place) want {
	switch {
	case p.kind == tStar && f.want == wantOperator: // times
		return wantOperand
	case p.kind == tStar, operandEnds.has(p.kind):
		return wantOperator
	case p.kind == tIfNotExists || p.kind == tIfExists:
		if f.def != 0 && kindsSet.has(p.prev.kind) && p.prev.kind != tLimit { // the name of what is defined
			return wantOperand
		}
		return wantOperator
	case p.kind == tWithBody || p.kind == tExplainAnalyze:
		return wantStatement
	case isKeyword(p.kind):
		w := f.wantsAfterWord(p)
		f.clause = p.kind
		return w
	}
	return wantOperand
}

func (f *filter) wantsAfterWord(p *place) want {
	f.noteWord(p)
	c := classes[p.kind]
	switch {
	case p.kind == tInfo:
		return wantOperator
	case p.kind == tFor && p.prev.kind == tInfo:
		return wantWord
	case (p.kind == tNamespace || p.kind == tDatabase) && p.prev.kind == tFor && (!isWord(p.next.kind) || p.newline):
		return wantOperator // INFO FOR NAMESPACE without a name
	case c&takesStatement != 0:
		return wantStatement
	case p.prev.kind == tPartition && p.kind != tBy, p.prev.kind == tPrograms:
		return wantOperator
	case p.prev.kind == tBy && f.def != 0, f.clause == tNo:
		return wantOperator
	case c&takesWord != 0 && f.wordFollows(p):
		return wantWord
	case c&isComplete != 0:
		return wantOperator
	}
	return wantOperand
}

// noteWord keeps what later decisions need to know of a keyword.
func (f *filter) noteWord(p *place) {
	switch p.kind {
	case tDefine, tRedefine, tRemove, tDescribe, tUse, tAlter, tAnalyze:
		f.def = tDefine
	case tSelect:
		f.def = 0
	case tReturn:
		f.returnClause = f.want != wantStatement
	default:
		if f.def == tDefine && kindsSet.has(p.kind) {
			f.def = p.kind
		}
	}
}

// wordFollows: START, LIMIT, WITH, ORDER and GROUP may be followed by their second word or by an operand at once.
func (f *filter) wordFollows(p *place) bool {
	switch p.kind {
	case tOrder, tGroup:
		return p.next.kind == tBy
	case tStart, tLimit, tWith:
		return isKeyword(p.next.kind)
	}
	return true
}
