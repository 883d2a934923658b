package parse

import (
	"slices"

	"github.com/antlr4-go/antlr/v4"

	z "github.com/zerodb/zerodb/gen/zeroql"
	"github.com/zerodb/zerodb/ops"
)

// maxToken is the longest token: a string or the body of a module.
const maxToken = 16 << 20

// bytesPerToken is an estimate, to allocate once.
const bytesPerToken = 4

// lexer runs the generated lexer's automaton straight into a slice of tokens. The stock NextToken allocates each token,
// defers, and keeps lines that nobody asks for; this loop is twice as fast and makes the same tokens, which a test proves.
type lexer struct {
	generated *z.ZeroQLLexer
	tokens    []token
	module    moduleWatch
	err       *ops.Error
	// comments are kept where keepComments is set: the formatter wants them.
	keepComments bool
	comments     []token
}

func newLexer() *lexer { return &lexer{generated: z.NewZeroQLLexer(nil)} }

// run returns the tokens of a text, comments and spaces left out, line ends in, an EOF at the end. They stay valid until
// the next run.
func (l *lexer) run(src *text) []token {
	l.generated.SetInputStream(src)
	l.tokens, l.err = slices.Grow(l.tokens[:0], len(src.s)/bytesPerToken+1), nil
	l.module = moduleWatch{}
	for src.i < len(src.s) && l.err == nil {
		start := src.i
		switch kind := l.match(src); kind {
		case antlr.LexerSkip:
		case tComment:
			if l.keepComments {
				l.comments = append(l.comments, token{src: src, kind: kind, start: int32(start), end: int32(src.i)})
			}
		default:
			l.add(src, kind, start)
		}
	}
	end := int32(len(src.s))
	l.tokens = append(l.tokens, token{src: src, kind: antlr.TokenEOF, start: end, end: end})
	return l.tokens
}

// match steps over a token and returns its kind.
func (l *lexer) match(src *text) int32 {
	l.generated.SetType(antlr.TokenInvalidType)
	kind := l.generated.Interpreter.Match(src, antlr.LexerDefaultMode)
	if action := l.generated.GetType(); action != antlr.TokenInvalidType { // skip
		kind = action
	}
	return int32(kind)
}

func (l *lexer) add(src *text, kind int32, start int) {
	if n := len(l.tokens); kind == tNL && n > 0 && l.tokens[n-1].kind == tNL {
		l.tokens[n-1].blank = true
		return
	}
	l.tokens = append(l.tokens, token{src: src, kind: kind, start: int32(start), end: int32(src.i)})
	if src.i-start > maxToken {
		l.err = &ops.Error{Code: ops.CodeTooLarge, Message: "a token is longer than 16 MiB", Span: ops.Span{Start: start, End: src.i},
			Hint: "import data instead of writing it as text, or bind it as a parameter"}
		return
	}
	if l.module.opensBody(src, kind, start) {
		l.addRaw(src)
	}
}

// addRaw makes one token of a module's body in another language, which no ZeroQL token needs to fit.
func (l *lexer) addRaw(src *text) {
	end := l.module.bodyEnd(src.s, src.i)
	if end <= src.i {
		return
	}
	for src.i < end && isSpace(src.s[src.i]) {
		src.i++
	}
	start := src.i
	src.i = end
	src.read += end - start
	l.add(src, tRaw, start)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
