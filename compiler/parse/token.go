package parse

import (
	"github.com/antlr4-go/antlr/v4"

	"github.com/zerodb/zerodb/ops"
)

// token is a token of the lexer or the filter. All tokens of a text lie in one slice; the parser gets pointers into it.
type token struct {
	src        *text
	kind       int32
	start, end int32 // byte offsets, end excluded
	index      int32 // in the filter's output
	// blank marks a line end that is followed by empty lines: they are one token.
	blank bool
	// top marks a separator that stands in no block.
	top bool
	// infix marks what stands behind a complete operand: an operator, the bracket of a call or an index.
	infix bool
}

func (t *token) span() ops.Span { return ops.Span{Start: int(t.start), End: int(t.end)} }

func (t *token) text() string { return t.src.s[t.start:t.end] }

// touches reports whether nothing lies between t and the token behind it.
func (t *token) touches(next *token) bool { return t.end == next.start }

// GetText returns the text of the token; ANTLR prints it.
func (t *token) GetText() string {
	if t.kind == antlr.TokenEOF {
		return "<EOF>"
	}
	return t.text()
}

// The rest of antlr.Token.

func (t *token) GetSource() *antlr.TokenSourceCharStreamPair { return nil }
func (t *token) GetTokenType() int                           { return int(t.kind) }
func (t *token) GetChannel() int                             { return antlr.TokenDefaultChannel }
func (t *token) GetStart() int                               { return int(t.start) }
func (t *token) GetStop() int                                { return int(t.end) - 1 }
func (t *token) GetLine() int                                { return 0 } // lines are counted from offsets, when an error is shown
func (t *token) GetColumn() int                              { return int(t.start) }
func (t *token) SetText(string)                              {}
func (t *token) GetTokenIndex() int                          { return int(t.index) }
func (t *token) SetTokenIndex(i int)                         { t.index = int32(i) }
func (t *token) GetTokenSource() antlr.TokenSource           { return nil }
func (t *token) GetInputStream() antlr.CharStream            { return t.src }
func (t *token) String() string                              { return t.GetText() }

// tokenStream shows the parser a run of tokens, that of one statement: all[first:last+1], whose last is an EOF.
type tokenStream struct {
	all   []token
	next  int
	first int
	last  int
	// read counts the tokens looked at: the parser's look-ahead, its share of the work on a text.
	read int
}

// LA returns the kind of the k-th token ahead.
func (s *tokenStream) LA(k int) int {
	if k == 1 {
		s.read++
		return int(s.all[s.next].kind)
	}
	if t := s.LT(k); t != nil {
		return t.GetTokenType()
	}
	return antlr.TokenInvalidType
}

// LT returns the k-th token ahead, or behind where k is negative.
func (s *tokenStream) LT(k int) antlr.Token {
	s.read++
	i := s.next + k - 1
	if k < 0 {
		i = s.next + k
	}
	if i < 0 {
		return nil
	}
	return &s.all[min(i, s.last)]
}

// Consume steps over a token; the EOF stays.
func (s *tokenStream) Consume() { s.next = min(s.next+1, s.last) }

// The rest of antlr.TokenStream.

func (s *tokenStream) Mark() int                         { return 0 }
func (s *tokenStream) Release(int)                       {}
func (s *tokenStream) Index() int                        { return s.next }
func (s *tokenStream) Seek(i int)                        { s.next = min(i, s.last) }
func (s *tokenStream) Size() int                         { return s.last + 1 }
func (s *tokenStream) GetSourceName() string             { return "zeroql" }
func (s *tokenStream) Reset()                            {}
func (s *tokenStream) Get(i int) antlr.Token             { return &s.all[i] }
func (s *tokenStream) GetTokenSource() antlr.TokenSource { return nil }
func (s *tokenStream) SetTokenSource(antlr.TokenSource)  {}

// GetAllText returns the text of the statement.
func (s *tokenStream) GetAllText() string {
	return s.GetTextFromInterval(antlr.Interval{Start: 0, Stop: s.last})
}

// GetTextFromInterval returns the text between two tokens, both included.
func (s *tokenStream) GetTextFromInterval(i antlr.Interval) string {
	if i.Start < 0 || i.Stop < i.Start {
		return ""
	}
	from, to := &s.all[i.Start], &s.all[min(i.Stop, s.last)]
	return from.src.s[from.start:max(from.start, to.end)]
}

// GetTextFromRuleContext returns the text of a rule.
func (s *tokenStream) GetTextFromRuleContext(r antlr.RuleContext) string {
	return s.GetTextFromInterval(r.GetSourceInterval())
}

// GetTextFromTokens returns the text between two tokens, both included.
func (s *tokenStream) GetTextFromTokens(from, to antlr.Token) string {
	return s.GetTextFromInterval(antlr.Interval{Start: from.GetTokenIndex(), Stop: to.GetTokenIndex()})
}
