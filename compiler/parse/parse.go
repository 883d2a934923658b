// Package parse turns ZeroQL text into its tree.
//
//	text ─► lexer (generated automaton) ─► filter (line ends, names, fused words) ─► parser (generated) ─► builder ─► ast
//
// The parser works statement by statement: the filter has marked the separators that stand in no block, so that each
// statement is parsed, built and forgotten alone. A fault in one hides none in another, and the parser's own tree, a
// hundred times the size of the text, is never whole in memory.
//
// Whatever text comes in, the answer is a tree or errors in time linear in its length.
package parse

import (
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/antlr4-go/antlr/v4"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/parse/guard"
	z "github.com/zerodb/zerodb/gen/zeroql"
	"github.com/zerodb/zerodb/ops"
)

const (
	// maxText is the longest text.
	maxText = 64 << 20
	// maxTokens is the most tokens of one statement: ANTLR's tree takes about half a kilobyte for each.
	maxTokens = 500_000
	// maxRules is how deep the grammar's rules may nest. A bracket takes five, a block seven, a prefix operator one.
	maxRules = 10 * maxNesting
	// maxErrors ends the search for further errors.
	maxErrors = 200
)

// Parse returns the tree of a text and every syntax error in it in the order of the text. With errors the tree holds the
// statements that have none, so that more can be said about them.
func Parse(src string) (*ast.Script, []*ops.Error) {
	p := parsers.Get().(*parser)
	defer p.release()
	return p.script(src)
}

// Expr returns the tree of a text that is a single expression, as a stored ASSERT or default is.
func Expr(src string) (ast.Expr, []*ops.Error) {
	p := parsers.Get().(*parser)
	defer p.release()
	return p.expression(src)
}

// Literal returns the tree of a text that is a constant: a literal, or a list, tuple, object, range or record id of
// constants. It is how a value is read back from its printed form.
func Literal(src string) (ast.Expr, error) {
	x, errs := Expr(src)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	if at := firstInconstant(x); at != nil {
		return nil, &ops.Error{Code: ops.CodeSyntax, Message: "expected a constant", Span: at.Pos()}
	}
	return x, nil
}

// Warm parses a small text of every common form, so that the first real query does not pay for ANTLR's tables: some
// milliseconds. It may run in the background; parsing meanwhile is safe.
func Warm() {
	if _, errs := Parse(warmText); len(errs) > 0 {
		panic(fmt.Sprintf("parse: the warm-up text is refused: %v", errs[0]))
	}
}

// parsers are warm: a parser's slices and ANTLR's objects are reused.
var parsers = sync.Pool{New: func() any { return newParser() }}

// maxKept is how many tokens a parser may hold on to between texts.
const maxKept = 1 << 16

type parser struct {
	lexer     *lexer
	filter    filter
	generated *z.ZeroQLParser
	stream    tokenStream
	strict    *failFast
	wordy     *reporter
	src       text
	errs      []*ops.Error
	work      Work
}

// Work counts what was done for a text; tests hold it to be linear in the text's length.
type Work struct {
	Characters int // looked at by the lexer
	Tokens     int // made by the lexer
	Decisions  int // of the filter, with its look-aheads
	LookAheads int // of the parser
	Rules      int // entered by the parser
}

// Total is the sum.
func (w Work) Total() int {
	return w.Characters + w.Tokens + w.Decisions + w.LookAheads + w.Rules
}

func newParser() *parser {
	p := &parser{lexer: newLexer()}
	p.stream.all = []token{{kind: antlr.TokenEOF}}
	p.generated = z.NewZeroQLParser(&p.stream)
	p.generated.RemoveErrorListeners()
	p.generated.Max = maxRules
	p.strict = &failFast{antlr.NewDefaultErrorStrategy()}
	p.wordy = &reporter{DefaultErrorStrategy: antlr.NewDefaultErrorStrategy()}
	return p
}

// release gives the parser back to the pool, unless the text was so large that it had better be forgotten.
func (p *parser) release() {
	if cap(p.filter.out) > maxKept || cap(p.lexer.tokens) > maxKept {
		return
	}
	p.src, p.errs = text{}, nil
	parsers.Put(p)
}

// tokens runs lexer and filter. It returns nil after an error that leaves nothing to parse.
func (p *parser) tokens(src string) []token {
	p.errs, p.work = nil, Work{}
	if err := checkText(src); err != nil {
		p.errs = []*ops.Error{err}
		return nil
	}
	p.src = text{s: src}
	raw := p.lexer.run(&p.src)
	p.work.Characters, p.work.Tokens = p.src.read, len(raw)
	if p.lexer.err != nil {
		p.errs = []*ops.Error{p.lexer.err}
		return nil
	}
	p.filter.looked = 0
	all := p.filter.run(raw)
	p.work.Decisions = p.filter.looked
	if p.filter.err != nil {
		p.errs = []*ops.Error{p.filter.err}
		return nil
	}
	return all
}

func checkText(src string) *ops.Error {
	if len(src) > maxText {
		return &ops.Error{Code: ops.CodeTooLarge, Message: "the text is longer than 64 MiB", Hint: "split it, or import data instead of writing it as text"}
	}
	if utf8.ValidString(src) {
		return nil
	}
	for i, r := range src {
		if _, n := utf8.DecodeRuneInString(src[i:]); r == utf8.RuneError && n == 1 {
			return &ops.Error{Code: ops.CodeSyntax, Message: "the text is not UTF-8 here", Span: ops.Span{Start: i, End: i + 1},
				Hint: `write bytes as b"\xff"`}
		}
	}
	return nil
}

func (p *parser) script(src string) (*ast.Script, []*ops.Error) {
	all := p.tokens(src)
	s := &ast.Script{Source: src}
	s.Span.End = len(src)
	for first, i := 0, 0; i < len(all) && len(p.errs) < maxErrors; i++ {
		if kind := all[i].kind; kind == antlr.TokenEOF || kind == tSep && all[i].top {
			if i > first {
				faults := len(p.errs)
				if stmt := p.statement(all, first, i); stmt != nil && len(p.errs) == faults {
					s.Statements = append(s.Statements, stmt)
				}
			}
			first = i + 1
		}
	}
	return s, p.errs
}

// statement parses all[first:last], where all[last] is what ends it.
func (p *parser) statement(all []token, first, last int) ast.Statement {
	tree := p.tree(all, first, last, func() antlr.ParserRuleContext { return p.generated.Unit() })
	if tree == nil {
		return nil
	}
	b := builder{}
	stmt := b.statement(tree.GetChild(0).(*z.StatementContext))
	p.errs = append(p.errs, b.sorted()...)
	return stmt
}

func (p *parser) expression(src string) (ast.Expr, []*ops.Error) {
	all := p.tokens(src)
	if len(all) == 0 {
		return nil, p.errs
	}
	tree := p.tree(all, 0, len(all)-1, func() antlr.ParserRuleContext { return p.generated.LoneExpr() })
	if tree == nil {
		return nil, p.errs
	}
	b := builder{}
	x := b.expr(tree.GetChild(0).(*z.ExprContext))
	if errs := b.sorted(); len(errs) > 0 {
		return nil, errs
	}
	return x, nil
}

// tree parses all[first:last] by a rule. It returns nil after an error.
func (p *parser) tree(all []token, first, last int, rule func() antlr.ParserRuleContext) antlr.ParserRuleContext {
	if p.lexicalErrors(all[first:last]) {
		return nil
	}
	if last-first > maxTokens {
		p.errs = append(p.errs, &ops.Error{Code: ops.CodeTooComplex, Message: fmt.Sprintf("a statement of more than %d words and signs", maxTokens),
			Span: all[first].span(), Hint: "split it, or import data instead of writing it as text"})
		return nil
	}
	end := &all[last]
	ender := end.kind
	end.kind = antlr.TokenEOF
	defer func() { end.kind = ender }()

	p.stream = tokenStream{all: all, next: first, first: first, last: last}
	p.generated.Entered = 0
	defer func() {
		p.work.LookAheads += p.stream.read
		p.work.Rules += p.generated.Entered
	}()
	// The grammar has no decision that SLL takes otherwise than LL (a test proves it on the corpus), so the second pass
	// is only there to find words for the error.
	if tree := p.attempt(antlr.PredictionModeSLL, p.strict, rule); tree != nil {
		return tree
	}
	p.stream.next = first
	p.wordy.err = nil
	tree := p.attempt(antlr.PredictionModeLL, p.wordy, rule)
	if tree == nil {
		p.errs = append(p.errs, p.wordy.err)
	}
	return tree
}

// attempt runs a rule of the generated parser and returns nil if it failed.
func (p *parser) attempt(mode int, strategy antlr.ErrorStrategy, rule func() antlr.ParserRuleContext) (tree antlr.ParserRuleContext) {
	g := p.generated
	g.SetInputStream(&p.stream)
	g.SetError(nil)
	g.SetErrorHandler(strategy)
	g.Interpreter.SetPredictionMode(mode)
	g.Restart()
	defer func() {
		switch failure := recover().(type) {
		case nil:
		case failed:
			tree = nil
		case guard.TooDeep:
			p.wordy.err = tooDeep(failure.Token.(*token).span())
			tree = nil
		default:
			panic(failure)
		}
	}()
	tree = rule()
	if g.HasError() {
		return nil
	}
	return tree
}

// lexicalErrors reports the tokens that are none.
func (p *parser) lexicalErrors(tokens []token) bool {
	found := false
	for i := range tokens {
		if err := lexicalError(&tokens[i]); err != nil && len(p.errs) < maxErrors {
			p.errs = append(p.errs, err)
			found = true
		}
	}
	return found
}

// lexicalError says what is wrong with a token that is none; nil for all others.
func lexicalError(t *token) *ops.Error {
	var message, hint string
	switch t.kind {
	case tOpenString:
		message, hint = "this string is not closed on its line", `a line end within a string is written \n`
	case tOpenRegex:
		message, hint = "this regular expression is not closed", "`//` begins a regular expression; a comment begins with `--`, division is `/`"
	case tOpenQuoted:
		message = "this backtick is not closed on its line"
	case tBad:
		message = fmt.Sprintf("the character %s means nothing here", quote(t.text()))
		if t.text() == "$" {
			message = "a variable's name begins with a letter behind its `$`"
		}
	default:
		return nil
	}
	return &ops.Error{Code: ops.CodeSyntax, Message: message, Span: t.span(), Hint: hint}
}
