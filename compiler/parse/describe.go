package parse

import (
	"slices"
	"strings"

	"github.com/antlr4-go/antlr/v4"

	z "github.com/zerodb/zerodb/gen/zeroql"
	"github.com/zerodb/zerodb/ops"
)

// describe puts into words what the parser met and what it could have taken.
func describe(p antlr.Parser, found *token) *ops.Error {
	stream := p.GetTokenStream().(*tokenStream)
	expected := map[int32]bool{}
	if p.GetCurrentToken() == antlr.Token(found) { // else they are those of where a longer look-ahead began
		expected = kindsIn(p.GetExpectedTokens())
	}
	message := "unexpected " + show(found)
	if words := inWords(expected); len(words) > 0 {
		message = "expected " + oneOf(words) + ", found " + show(found)
	}
	s := scene{tokens: stream.all[stream.first : stream.last+1], at: int(found.index) - stream.first, expected: expected}
	place, hint := s.place(), s.hint()
	if first := &s.tokens[0]; hint != "" && hint == s.misspeltStatement() {
		message, place = "expected a statement, found "+show(first), first.span()
	}
	return &ops.Error{Code: ops.CodeSyntax, Message: message, Span: place, Hint: hint}
}

func kindsIn(set *antlr.IntervalSet) map[int32]bool {
	m := make(map[int32]bool)
	for _, interval := range set.GetIntervals() {
		for kind := interval.Start; kind < interval.Stop; kind++ {
			m[int32(kind)] = true
		}
	}
	return m
}

// show returns a token as a message names it.
func show(t *token) string {
	switch text := t.text(); {
	case int(t.start) == len(t.src.s):
		return "the end of the text"
	case text[0] == '\n' || text[0] == '\r':
		return "the end of the line"
	default:
		return quote(text)
	}
}

func quote(s string) string { return "`" + shorten(s) + "`" }

// shorten cuts a text that is quoted in a message.
func shorten(s string) string {
	const most = 40
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// oneOf joins words: "a, b or c".
func oneOf(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// phrases name sets of kinds that the parser expects together. A phrase is used where all of its signs are expected, and
// speaks for all it covers. The order is that of the messages.
var phrases = []struct {
	words         string
	signs, covers []int32
}{
	{"a statement", []int32{tDefine, tLet, tInt}, slices.Concat(statementWords(), exprStarts, queryWords, []int32{tWild})},
	{"a query", []int32{tSelect, tCreate}, queryWords},
	{"an expression", []int32{tInt, tVar, tLParen, tNot}, exprStarts},
	{"an operator", []int32{tPow, tPlus}, slices.Concat(exprOperators, members, setWords)},
	{"a kind of definition (TABLE, INDEX …)", []int32{tTable, tIndex, tEnum}, kinds},
	{"an arrow", arrows, arrows},
	{"a record key", []int32{tDigitWord}, slices.Concat(exprStarts, names, []int32{tDigitWord, tMinus, tVar, tStar, tWild})},
	{"AND, OR", []int32{tAnd, tAndAnd, tPipe}, []int32{tAnd, tAndAnd, tAmp, tOr, tOrOr, tPipe}},
	{"an assignment", []int32{tAddAssign}, slices.Concat(assigns, []int32{tEq, tEqEq, tIs})},
	{"a name", names, names},
	{"a $variable", []int32{tVar}, []int32{tVar}},
	{"`*`", []int32{tWild}, []int32{tWild, tStar}},
	{"an integer", []int32{tInt}, []int32{tInt}},
	{"a string", []int32{tString}, []int32{tString}},
}

var (
	setWords   = []int32{tUnion, tIntersect, tExcept}
	queryWords = []int32{tSelect, tCreate, tUpdate, tUpsert, tDelete, tRelate}
	exprStarts = slices.Concat(literals, names, brackets, arrows, []int32{tVar, tTrue, tFalse, tNone, tNot, tBang, tIf, tFold, tExists, tRange, tRangeEq,
		tStar, tPlus, tMinus, tTilde})
	exprOperators = slices.Concat(binarySigns, []int32{tStar, tPlus, tMinus, tTilde, tMatch, tNotMatch, tIn, tNotIn, tIs, tIsNot, tAnd, tOr,
		tContains, tNotContains, tContainsAll, tContainsAny, tContainsNone, tRange, tRangeEq})
	members = slices.Concat(arrows, []int32{tDot, tSafeDot, tLBrack, tLParen, tColon2, tRecColon})
)

func statementWords() (words []int32) {
	for kind := int32(tSelect); isKeyword(kind); kind++ {
		if is(kind, opensStatement) || kind == tExplainAnalyze {
			words = append(words, kind)
		}
	}
	return append(words, tExplainAnalyze)
}

// unsaid are never named: the filter makes them out of what a writer would not take for an alternative.
var unsaid = []int32{tArgName, tRecRange, tRecRangeEq, tRecOpen, tRaw, tColon2, tRecColon}

// inWords folds a set of kinds into a few words.
func inWords(expected map[int32]bool) (words []string) {
	left := make(map[int32]bool, len(expected))
	for kind := range expected {
		left[kind] = true
	}
	drop := func(kinds []int32) {
		for _, k := range kinds {
			delete(left, k)
		}
	}
	end, separator := left[antlr.TokenEOF], left[tSep]
	drop([]int32{tSep, antlr.TokenEOF})
	drop(unsaid)
	for _, p := range phrases {
		if hasAll(left, p.signs) {
			words = append(words, p.words)
			drop(p.covers)
		}
	}
	words = append(words, namesOf(left)...)
	switch {
	case end:
		words = append(words, "the end of the statement")
	case separator && len(words) == 0:
		words = append(words, "`;`")
	}
	return words
}

func hasAll(set map[int32]bool, kinds []int32) bool {
	for _, k := range kinds {
		if !set[k] {
			return false
		}
	}
	return true
}

// maxNamed is how many keywords a message names; more are "a clause".
const maxNamed = 5

func namesOf(set map[int32]bool) (words []string) {
	var keywords, signs []string
	for _, kind := range sortedKinds(set) {
		if isKeyword(kind) || kind < tSelect {
			keywords = append(keywords, spelling(kind))
		} else {
			signs = append(signs, "`"+spelling(kind)+"`")
		}
	}
	if len(keywords) > maxNamed {
		keywords = []string{"a clause"}
	}
	return append(signs, keywords...)
}

func sortedKinds(set map[int32]bool) (kinds []int32) {
	for k := range set {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds
}

// spelling returns a keyword or sign as it is written.
func spelling(kind int32) string {
	static := &z.ZeroQLParserParserStaticData
	if int(kind) < len(static.LiteralNames) && static.LiteralNames[kind] != "" {
		return strings.Trim(static.LiteralNames[kind], "'")
	}
	name := strings.TrimSuffix(strings.TrimPrefix(static.SymbolicNames[kind], "K_"), "_BODY") // K_PARAM, WITH_BODY
	return strings.ReplaceAll(name, "_", " ")
}
