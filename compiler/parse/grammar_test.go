package parse

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/antlr4-go/antlr/v4"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/ast/astgen"
	z "github.com/zerodb/zerodb/gen/zeroql"
)

// corpus returns the inputs of the golden files in a directory of testdata.
func corpus(tb testing.TB, dir string) (texts []string) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txt"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no corpus in %s: %v", dir, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		for _, part := range strings.Split("\n"+string(content), "\nparse\n")[1:] {
			text, _, _ := strings.Cut(part, "\n----\n")
			texts = append(texts, text)
		}
	}
	return texts
}

// conflicts counts what ANTLR reports of decisions that one token of look-ahead did not settle.
type conflicts struct {
	*antlr.DefaultErrorListener
	found []string
}

func (c *conflicts) ReportAmbiguity(p antlr.Parser, _ *antlr.DFA, from, to int, _ bool, _ *antlr.BitSet, _ *antlr.ATNConfigSet) {
	c.add("ambiguity", p, from, to)
}

func (c *conflicts) ReportAttemptingFullContext(p antlr.Parser, _ *antlr.DFA, from, to int, _ *antlr.BitSet, _ *antlr.ATNConfigSet) {
	c.add("full context", p, from, to)
}

func (c *conflicts) add(what string, p antlr.Parser, from, to int) {
	rule := p.GetRuleNames()[p.GetParserRuleContext().GetRuleIndex()]
	c.found = append(c.found, what+" in "+rule+": "+p.GetTokenStream().GetTextFromInterval(antlr.Interval{Start: from, Stop: to}))
}

// TestNoAmbiguity: over the whole accepted corpus no text has two trees, and no decision needs more context than SLL has.
// That is what makes the parser's time linear and its first pass final.
func TestNoAmbiguity(t *testing.T) {
	exact := newExactParser()
	for _, src := range corpus(t, "accepted") {
		exact.check(t, src)
	}
}

// TestNoAmbiguityInRandomPrograms looks further than the corpus does.
func TestNoAmbiguityInRandomPrograms(t *testing.T) {
	exact := newExactParser()
	rapid.Check(t, func(t *rapid.T) {
		exact.check(t, ast.Print(astgen.Script().Draw(t, "script")))
	})
}

// exactParser parses a whole text in ANTLR's exact mode and listens to what it says.
type exactParser struct {
	*parser
	conflicts *conflicts
}

func newExactParser() *exactParser {
	e := &exactParser{newParser(), &conflicts{DefaultErrorListener: antlr.NewDefaultErrorListener()}}
	e.generated.AddErrorListener(e.conflicts)
	return e
}

func (e *exactParser) check(t interface{ Errorf(string, ...any) }, src string) {
	all := e.tokens(src)
	if len(e.errs) > 0 {
		t.Errorf("%s: %v", src, e.errs[0])
		return
	}
	e.stream = tokenStream{all: all, last: len(all) - 1}
	tree := e.attempt(antlr.PredictionModeLLExactAmbigDetection, e.strict, func() antlr.ParserRuleContext { return e.generated.Script() })
	if tree == nil {
		t.Errorf("the rule `script` refuses what statement by statement is accepted: %s", src)
	}
	for _, c := range e.conflicts.found {
		t.Errorf("%s\n  in %s", c, src)
	}
	e.conflicts.found = nil
}

// TestLexerLoop: the loop over the automaton makes the tokens that the generated lexer makes by its own NextToken.
func TestLexerLoop(t *testing.T) {
	l := newLexer()
	for _, src := range slices.Concat(corpus(t, "accepted"), corpus(t, "rejected")) {
		if strings.Contains(src, "export") { // a module's script is cut out by the loop alone
			continue
		}
		var want []token
		reference := z.NewZeroQLLexer(&text{s: src})
		for {
			tok := reference.NextToken()
			kind := int32(tok.GetTokenType())
			if kind == tNL && len(want) > 0 && want[len(want)-1].kind == tNL {
				continue
			}
			if tok.GetChannel() == antlr.TokenDefaultChannel {
				want = append(want, token{kind: kind, start: int32(tok.GetStart()), end: int32(tok.GetStop()) + 1})
			}
			if kind == antlr.TokenEOF {
				break
			}
		}
		got := l.run(&text{s: src})
		same := func(a, b token) bool {
			return a.kind == b.kind && a.start == b.start && (a.end == b.end || a.kind == antlr.TokenEOF)
		}
		if !slices.EqualFunc(got, want, same) {
			t.Errorf("%q:\n got %v\nwant %v", src, got, want)
		}
	}
}

// TestKeywords: the printer and the lexer have the same words.
func TestKeywords(t *testing.T) {
	newParser() // fills the tables below
	for kind := int32(tSelect); isKeyword(kind); kind++ {
		if word := spelling(kind); !ast.IsKeyword(word) {
			t.Errorf("the printer does not know %s", word)
		}
	}
	for _, word := range []string{"NS", "DB", "MOD", "EXIST", "INDICES", "INDEXES"} {
		if raw := newLexer().run(&text{s: word}); !isKeyword(raw[0].kind) || !ast.IsKeyword(word) {
			t.Errorf("%s is no keyword to both", word)
		}
	}
	for kind := int32(tSelect); isKeyword(kind); kind++ {
		if classes[kind] == 0 {
			t.Errorf("%s has no class in wordClasses", spelling(kind))
		}
	}
}

// TestKeywordsAsNames: every keyword but the reserved ones may be a table, a field, an alias and a variable's name, in all
// positions that leave no doubt; in backticks even those may.
func TestKeywordsAsNames(t *testing.T) {
	positions := []string{
		"SELECT * FROM %", "SELECT a.% FROM x", "SELECT a AS % FROM x", "SELECT a FROM x WHERE % == 1", "SELECT a, % FROM x",
		"%:1", "RETURN a:%", "RETURN { %: 1 }", "LET $% = 1", "RETURN f(% = 1)", "CREATE x SET % = 1", "RETURN [%, %]", "RETURN (%)",
		"a -> % -> b", "DEFINE TABLE %", "DEFINE TABLE t FIELDS % TYPE int", "REMOVE TABLE % IF EXISTS", "RETURN %::f(1)", "RETURN m::%(1)",
		"SELECT a FROM x GROUP BY % ORDER BY % DESC", "UPDATE x SET a = % WHERE b",
	}
	reserved := []string{"TRUE", "FALSE", "NONE", "NOT", "THEN", "DO", "ELSE", "END"}
	newParser()
	for kind := int32(tSelect); isKeyword(kind); kind++ {
		word := spelling(kind)
		for _, position := range positions {
			names := []string{"`" + word + "`"}
			if !slices.Contains(reserved, word) {
				names = append(names, word, strings.ToLower(word))
			}
			if strings.Contains(position, "$%") {
				names = []string{word}
			}
			if word == "SELECT" && strings.Contains(position, "GROUP BY") { // right before an operand: in doubt
				names = names[:1]
			}
			for _, name := range names {
				src := strings.ReplaceAll(position, "%", name)
				if _, errs := Parse(src); len(errs) > 0 {
					t.Errorf("%s: %s", src, errs[0].Message)
				}
			}
		}
	}
}
