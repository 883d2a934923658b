package shell

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
	"github.com/reeflective/readline"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
)

func displayWidth(s string) int { return runewidth.StringWidth(s) }

// terminal reads from a person with history, multi-line editing and completion.
type terminal struct {
	rl     *readline.Shell
	prompt string
}

func newTerminal(sh *Shell) *terminal {
	t := &terminal{rl: readline.NewShell()}
	t.rl.Prompt.Primary(func() string { return t.prompt })
	t.rl.Prompt.Secondary(func() string { return strings.Repeat(" ", max(0, len(t.prompt)-5)) + "...> " })
	t.rl.AcceptMultiline = func(line []rune) bool { return complete(string(line)) }
	t.rl.Completer = func(line []rune, cursor int) readline.Completions { return completions(sh, line, cursor) }
	if sh.world.Home != "" {
		t.rl.History.AddFromFile("zerodb", sh.world.FS.PathJoin(sh.world.Home, ".zerodb_history"))
	}
	return t
}

func (t *terminal) Read(prompt string) (string, error) {
	t.prompt = prompt
	line, err := t.rl.Readline()
	if errors.Is(err, readline.ErrInterrupt) {
		return "", ErrInterrupt
	}
	return line, err
}

func completions(sh *Shell, line []rune, cursor int) readline.Completions {
	words := Complete(sh, string(line[:min(cursor, len(line))]))
	var pairs []string
	for _, w := range words {
		pairs = append(pairs, w.Text, w.What)
	}
	return readline.CompleteValuesDescribed(pairs...)
}

// Candidate is a word that may stand at the cursor, and what it is.
type Candidate struct{ Text, What string }

// Complete returns what may stand where a text ends: commands of the shell, keywords, tables, fields, functions and
// parameters that begin with the word begun.
func Complete(sh *Shell, text string) []Candidate {
	start := strings.LastIndexFunc(text, func(r rune) bool { return !isWordRune(r) && r != ':' && r != '\\' && r != '?' }) + 1
	prefix := text[start:]
	var out []Candidate
	add := func(word, what string) {
		if len(word) > len(prefix) && strings.EqualFold(word[:len(prefix)], prefix) && !slices.ContainsFunc(out, func(c Candidate) bool { return c.Text == word }) {
			out = append(out, Candidate{word, what})
		}
	}
	if strings.HasPrefix(prefix, `\`) {
		for _, c := range commands {
			add(c.names[0], c.help)
		}
		return out
	}
	if sh != nil {
		if c, err := sh.session.Catalog(); err == nil {
			for _, t := range c.Tables() {
				kind := "table"
				if t.Edge {
					kind = "edge"
				}
				add(ast.Print(&ast.Ident{Name: t.Name}), kind)
				for i := range t.Fields {
					add(t.Fields[i].Path[0], "field of "+t.Name)
				}
			}
		}
	}
	for i := range ops.Funcs {
		add(ops.Funcs[i].Name+"(", "function")
	}
	lower := prefix != "" && strings.IndexFunc(prefix, unicode.IsUpper) < 0
	for _, w := range keywords {
		if lower {
			w = strings.ToLower(w)
		}
		add(w, "keyword")
	}
	return out
}

func isWordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// keywords are the words worth completing, in the order in which statements use them.
var keywords = strings.Fields(`SELECT FROM WHERE GROUP BY ORDER LIMIT START AT AS VALUE FOLD DISTINCT OMIT WITH INDEX HAVING CREATE UPDATE UPSERT
DELETE RELATE SET CONTENT VALUES RETURN NONE BEFORE AFTER LET IF THEN ELSE END FOR IN DO WHILE BREAK CONTINUE BEGIN
COMMIT CANCEL TRANSACTION DEFINE REMOVE DESCRIBE REDEFINE NAMESPACE DATABASE TABLE EDGE FIELDS TYPE ASSERT READONLY
UNIQUE SCHEMAFULL SCHEMALESS STRICT EXISTS NOT AND OR CONTAINS MATCH IS ON TO USE NS DB INFO EXPLAIN ANALYZE ASC DESC
JOIN LEFT UNION ALL INTERSECT EXCEPT VERSION true false none`)
