package parse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/antlr4-go/antlr/v4"

	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/ops"
)

// scene is the statement in which an error was found.
type scene struct {
	tokens   []token // those of the statement, with its end
	at       int     // the one found
	expected map[int32]bool
}

// hints are tried in this order: the surest first.
var hints = []func(*scene) string{
	(*scene).habit,
	(*scene).comma,
	(*scene).misspeltStatement,
	(*scene).takenForName,
	(*scene).misspelt,
	(*scene).missing,
	(*scene).variable,
	(*scene).recordID,
	(*scene).sign,
	(*scene).reserved,
	(*scene).unclosed,
	(*scene).lineAbove,
	(*scene).subquery,
}

func (s *scene) hint() string {
	for _, h := range hints {
		if hint := h(s); hint != "" {
			return hint
		}
	}
	return ""
}

func (s *scene) found() *token { return &s.tokens[s.at] }

// place returns what an error points at. What is missing at the end is missing behind the last token, not behind the line
// ends and comments after it.
func (s *scene) place() ops.Span {
	if s.found().kind == antlr.TokenEOF && s.at > 0 {
		end := int(s.tokens[s.at-1].end)
		return ops.Span{Start: end, End: end}
	}
	return s.found().span()
}

// word returns the i-th token in capitals if it is a word.
func (s *scene) word(i int) string {
	if i < 0 || i >= len(s.tokens) || !isWord(s.tokens[i].kind) {
		return ""
	}
	return strings.ToUpper(s.tokens[i].text())
}

// habits are ways of other languages, by the word found or before it. A word that may be a name is a habit only there,
// where the grammar has refused it.
var habits = map[string]string{
	"LIKE":     "a pattern is matched with `name ~ //^A.*//`, a part with string::contains",
	"BETWEEN":  "a range is tested with `age IN (18..=65)`",
	"CASE":     "a choice is IF … THEN … ELSE IF … ELSE … END",
	"WHEN":     "a choice is IF … THEN … ELSE IF … ELSE … END",
	"ELIF":     "write ELSE IF",
	"ELSEIF":   "write ELSE IF",
	"OFFSET":   "write START AT n",
	"INNER":    "joins are JOIN … ON and LEFT JOIN … ON",
	"OUTER":    "joins are JOIN … ON and LEFT JOIN … ON",
	"RIGHT":    "joins are JOIN … ON and LEFT JOIN … ON",
	"FULL":     "joins are JOIN … ON and LEFT JOIN … ON",
	"CROSS":    "sources with commas between them are a cross join: FROM a, b",
	"USING":    "a join takes ON a.x == b.x",
	"MINUS":    "write EXCEPT",
	"REPEAT":   "loops are FOR $x IN … DO … END and WHILE … DO … END",
	"FETCH":    "links are followed by themselves: owner.name",
	"OVERRIDE": "write UPSERT",
}

// openings are ways of other languages to begin a statement, by its first words.
var openings = []struct{ first, second, hint string }{
	{"INSERT", "", "write CREATE person SET name = \"…\", or CREATE person SET (name, age) VALUES (…)"},
	{"DELETE", "FROM", "DELETE takes no FROM: DELETE person WHERE …"},
	{"UPDATE", "ONLY", "a single record is named by its id: UPDATE person:alice"},
	{"CREATE", "TABLE", "a table is defined: DEFINE TABLE person"},
	{"CREATE", "INDEX", "an index is defined: DEFINE INDEX i ON TABLE person FIELDS name"},
	{"CREATE", "UNIQUE", "an index is defined: DEFINE INDEX i ON TABLE person FIELDS name UNIQUE"},
	{"CREATE", "DATABASE", "a database is defined: DEFINE DATABASE app"},
	{"CREATE", "FUNCTION", "a function is defined: DEFINE FUNCTION f($a TYPE int) DO … END"},
	{"CREATE", "VIEW", "a view is defined: DEFINE TABLE v AS SELECT …"},
	{"CREATE", "USER", "a user is defined: DEFINE USER u PASSWORD \"…\""},
	{"DROP", "", "write REMOVE"},
	{"ALTER", "TABLE", "write REDEFINE TABLE"},
	{"SHOW", "", "write INFO, or DESCRIBE TABLE person"},
	{"USE", "", "write USE NAMESPACE n DATABASE d, or one of them"},
	{"TRUNCATE", "", "write DELETE person"},
	{"REPLACE", "", "write UPSERT"},
	{"MERGE", "", "write UPSERT"},
	{"VAR", "", "write LET $x = …"},
	{"CONST", "", "write LET $x = …"},
	{"SELECT", "TOP", "write LIMIT 10 at the end"},
	{"SELECT", "FROM", "SELECT wants fields, or * for all"},
	{"ROLLBACK", "", "write CANCEL"},
	{"START", "TRANSACTION", "write BEGIN"},
	{"MATCH", "", "a pattern is a source: SELECT … FROM person -> likes -> person"},
	{"THROW", "", "a program ends with RETURN; a rule is an ASSERT of its field"},
}

func (s *scene) habit() string {
	first, second := s.word(0), s.word(1)
	if s.tokens[0].kind == tExplain || s.tokens[0].kind == tExplainAnalyze {
		first, second = second, s.word(2)
	}
	for _, o := range openings {
		if o.first == first && (o.second == "" || o.second == second) && s.at > 0 {
			return o.hint
		}
	}
	if hint := habits[s.word(s.at)]; hint != "" {
		return hint
	}
	return habits[s.word(s.at-1)]
}

// misspelt: the word found is close to one that was expected.
func (s *scene) misspelt() string {
	if kind := s.found().kind; kind != tIdent && kind != tValue {
		return ""
	}
	var candidates []string
	for _, kind := range sortedKinds(s.expected) {
		if isKeyword(kind) {
			candidates = append(candidates, spelling(kind))
		}
	}
	closest := diag.Closest(s.found().text(), candidates)
	if strings.EqualFold(closest, s.found().text()) {
		return ""
	}
	return didYouMean(closest)
}

func didYouMean(word string) string {
	if word == "" {
		return ""
	}
	return "did you mean " + word + "?"
}

// statementOpeners are the words that statements begin with.
func statementOpeners() (words []string) {
	for kind := int32(tSelect); isKeyword(kind); kind++ {
		if is(kind, opensStatement) {
			words = append(words, spelling(kind))
		}
	}
	return words
}

// misspeltStatement: the statement begins with a word close to one that begins statements, which made it an expression.
func (s *scene) misspeltStatement() string {
	if s.at == 0 || s.tokens[0].kind != tIdent {
		return ""
	}
	words := statementOpeners()
	if s.tokens[0].start > 0 { // a clause that was to go on with the line above
		words = append([]string{"FROM"}, words...)
	}
	closest := diag.Closest(s.tokens[0].text(), words)
	if strings.EqualFold(closest, s.tokens[0].text()) { // a table of that name
		return ""
	}
	return didYouMean(closest)
}

// missing: a name stands where FROM, TYPE or SET should come before it, or a statement where THEN or DO should.
func (s *scene) missing() string {
	if is(s.found().kind, opensStatement) {
		for _, kind := range []int32{tThen, tDo} {
			if s.expected[kind] && !s.beginsLine() {
				return fmt.Sprintf("is %s missing before %s?", spelling(kind), quote(s.found().text()))
			}
		}
	}
	if s.found().kind != tIdent {
		return ""
	}
	for _, kind := range []int32{tFrom, tType, tSet} {
		if s.expected[kind] && (kind != tSet || s.at+1 < len(s.tokens) && s.tokens[s.at+1].kind == tEq) {
			return fmt.Sprintf("is %s missing before %s?", spelling(kind), quote(s.found().text()))
		}
	}
	return ""
}

// comma: a word that was to begin a clause became a name behind a comma too many.
func (s *scene) comma() string {
	if s.at < 2 || s.tokens[s.at-2].kind != tComma {
		return ""
	}
	if word := s.word(s.at - 1); is(kindOfWord(word), continuesLine) {
		return "a comma too many before " + word + "?"
	}
	return ""
}

// takenForName: the word before was to begin a clause, but stood where an operand was wanted: `UPDATE SET a = 1`.
func (s *scene) takenForName() string {
	if s.at < 2 || s.tokens[s.at-1].kind != tIdent {
		return ""
	}
	word := s.word(s.at - 1)
	if kind := kindOfWord(word); !is(kind, continuesLine) || !is(kind, takesOperand) || is(kind, isInfix) {
		return ""
	}
	return word + " stands where a name or an expression is wanted, and is taken for one"
}

// kindOfWord returns the kind of a keyword in capitals, 0 for other words.
func kindOfWord(word string) int32 {
	for kind := int32(tSelect); isKeyword(kind); kind++ {
		if spelling(kind) == word {
			return kind
		}
	}
	return 0
}

// variable: a name without its `$`.
func (s *scene) variable() string {
	f := s.found()
	if !s.expected[tVar] || len(s.expected) > 2 || f.kind != tIdent && f.kind != tQuoted {
		return ""
	}
	if s.word(0) == "SET" {
		return "a field is set by UPDATE person SET …, a variable by SET $" + f.text()
	}
	return "a variable begins with `$`: $" + f.text()
}

// recordID: `person: alice`.
func (s *scene) recordID() string {
	if s.found().kind == tColon && s.at > 0 && isWord(s.tokens[s.at-1].kind) {
		return "the key of a record touches its colon: person:alice"
	}
	return ""
}

// sign: signs that mean something else than their writer thought.
func (s *scene) sign() string {
	switch s.found().kind {
	case tDigitWord:
		return "a name cannot begin with a digit; a unit of a duration is ns, us, ms, s, m, h, d or w"
	case tRegex:
		return "`//` begins a regular expression; division is `/`, a comment begins with `--`"
	case tQuestion:
		return "a choice is IF … THEN … ELSE … END; `a ?: b` is b where a is none"
	case tRange, tRangeEq:
		return "ranges do not nest"
	case tBy:
		return "BY follows GROUP or ORDER at once: ORDER BY name"
	case tComma:
		if s.word(0) == "SELECT" && s.word(1) == "VALUE" {
			return "SELECT VALUE takes one expression; several are a list: SELECT VALUE [a, b]"
		}
	case tNot:
		if s.at > 0 && s.expected[tPow] {
			return "the operators with NOT are NOT IN, NOT CONTAINS, NOT MATCH and IS NOT"
		}
	case tJoin, tLeft:
		return "JOIN stands in FROM, behind a source"
	case tAs:
		return "AS names an item of a SELECT, a source, or a part in brackets"
	case tWild:
		return "`*` alone stands in SELECT, WHERE, FROM, `count(*)` and `a[*]`"
	}
	switch {
	case s.at > 0 && (s.tokens[s.at-1].kind == tEqEq || s.tokens[s.at-1].kind == tEq) && s.found().kind == tEq:
		return "equality is `==`"
	case s.expected[tArrowOut] && !s.expected[tPow] && !s.expected[tInt]:
		return "a pattern goes from vertex to vertex: person -> likes -> person"
	}
	return ""
}

// reserved: a word that is never a name without backticks.
func (s *scene) reserved() string {
	switch f := s.found(); f.kind {
	case tThen, tDo, tElse, tEnd, tTrue, tFalse, tNone, tNot:
		switch {
		case s.openBlock():
		case s.at == 0 || s.tokens[s.at-1].kind == tSep:
			return quote(f.text()) + " belongs to no IF, FOR, WHILE or DEFINE"
		case s.expected[tIdent], kindOfWord(s.word(s.at-1)) != 0:
			return fmt.Sprintf("`%s` is reserved; as a name it stands in backticks", strings.ToLower(f.text()))
		}
	}
	return ""
}

// openBlock reports whether a block is open where the error is.
func (s *scene) openBlock() bool {
	open := 0
	for i := range s.tokens[:s.at] {
		switch s.tokens[i].kind {
		case tIf, tFor, tWhile, tDo, tWithBody:
			open++
		case tEnd:
			open--
		}
	}
	return open > 0
}

// unclosed: the text ended, or a statement began, within a bracket or block.
func (s *scene) unclosed() string {
	var open []*token
	for i := range s.tokens[:s.at] {
		switch t := &s.tokens[i]; t.kind {
		case tLParen, tLBrack, tLBrace, tThen, tDo, tWithBody, tElse:
			if t.kind != tElse || len(open) == 0 {
				open = append(open, t)
			}
		case tRParen, tRBrack, tRBrace, tEnd, tElseIf:
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		}
	}
	if len(open) == 0 {
		return ""
	}
	last := open[len(open)-1]
	where := fmt.Sprintf("%s of line %d", quote(last.text()), lineOf(last))
	switch {
	case s.found().kind == antlr.TokenEOF && bracketSet.has(last.kind):
		return where + " is not closed"
	case s.found().kind == antlr.TokenEOF:
		return where + " has no END"
	case bracketSet.has(last.kind) && (is(s.found().kind, continuesLine) || lineOf(s.found()) > lineOf(last) && s.beginsLine()):
		return where + " may not be closed"
	}
	return ""
}

// beginsLine reports whether the error is in a line that begins as a statement does.
func (s *scene) beginsLine() bool {
	i := s.lineStart()
	return i > 0 && is(kindOfWord(s.word(i)), opensStatement)
}

// lineStart returns the first token of the line of the error.
func (s *scene) lineStart() int {
	i := s.at
	for i > 0 && !lineEndBetween(&s.tokens[i-1], &s.tokens[i]) {
		i--
	}
	return i
}

func lineEndBetween(a, b *token) bool {
	return a.end <= b.start && strings.Contains(a.src.s[a.end:b.start], "\n")
}

// lineAbove: the line begins as a statement does, but the line above made it go on.
func (s *scene) lineAbove() string {
	if !s.beginsLine() {
		return ""
	}
	above := &s.tokens[s.lineStart()-1]
	if above.kind == tSep {
		return ""
	}
	return fmt.Sprintf("line %d ends in %s, so line %d goes on with it", lineOf(above), quote(above.text()), lineOf(s.found()))
}

// subquery: a query stands in an expression without brackets.
func (s *scene) subquery() string {
	if slices.Contains(queryWords, s.found().kind) && s.expected[tLParen] {
		return "a query within an expression stands in brackets"
	}
	return ""
}

// lineOf counts lines from 1.
func lineOf(t *token) int { return strings.Count(t.src.s[:t.start], "\n") + 1 }
