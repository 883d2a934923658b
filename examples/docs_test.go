package examples

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/compiler/parse"
)

// block is a fenced piece of ZeroQL on a page.
type block struct {
	line int    // of its first line on the page
	kind string // what the fence says: "zeroql", "zeroql unsupported"
	text string
}

var fence = regexp.MustCompile("(?ms)^```(zeroql[^\n]*)\n(.*?)^```$")

func blocksOf(t *testing.T, path string) []block {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	for _, m := range fence.FindAllSubmatchIndex(page, -1) {
		blocks = append(blocks, block{
			line: strings.Count(string(page[:m[4]]), "\n") + 1,
			kind: string(page[m[2]:m[3]]),
			text: string(page[m[4]:m[5]]),
		})
	}
	if len(blocks) == 0 {
		t.Fatalf("%s has no ZeroQL", path)
	}
	return blocks
}

// example is one statement of a block and the answer the page gives for it.
type example struct {
	line int
	text string
	want string // "" where the page shows none
}

var answer = regexp.MustCompile(`-- =>[ \t]*([^\n]*)`)

func examplesOf(t *testing.T, b block) []example {
	t.Helper()
	script, errs := parse.Parse(b.text)
	starts := []int{}
	if len(errs) == 0 {
		for _, st := range script.Statements {
			starts = append(starts, st.Pos().Start)
		}
	} else {
		// A block that shows a syntax error is cut at its lines.
		at := 0
		for line := range strings.Lines(b.text) {
			if !strings.HasPrefix(line, " ") && strings.TrimSpace(line) != "" {
				starts = append(starts, at)
			}
			at += len(line)
		}
	}
	var all []example
	for i, start := range starts {
		end := len(b.text)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		e := example{line: b.line + strings.Count(b.text[:start], "\n"), text: b.text[start:end]}
		if m := answer.FindStringSubmatch(e.text); m != nil {
			e.want = strings.TrimSpace(m[1])
		}
		all = append(all, e)
	}
	return all
}

// TestLanguagePage executes every example of docs/zeroql.md in one database and holds the answers to those shown.
func TestLanguagePage(t *testing.T) { checkPage(t, "../docs/zeroql.md") }

// TestDiffersPage does the same with what docs/differs.md says of other languages.
func TestDiffersPage(t *testing.T) { checkPage(t, "../docs/differs.md") }

func checkPage(t *testing.T, page string) {
	t.Helper()
	db, err := zerodb.OpenMemory(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := db.Session(context.Background(), &zerodb.SessionOptions{KeepVariables: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocksOf(t, page) {
		for _, e := range examplesOf(t, b) {
			got := run(s, e.text)
			want := e.want
			if b.kind == "zeroql unsupported" {
				want = "error unsupported"
			}
			switch {
			case want == "" && strings.HasPrefix(got, "error"):
				t.Errorf("%s:%d: %s%s", page, e.line, e.text, got)
			case want != "" && code(got) != want:
				t.Errorf("%s:%d: %sgives %s\nthe page says %s", page, e.line, e.text, got, want)
			}
		}
	}
}

// code cuts the message off an error.
func code(answer string) string {
	if strings.HasPrefix(answer, "error ") {
		answer, _, _ = strings.Cut(answer, ":")
	}
	return answer
}

// run executes a statement and returns its rows as a JSON array, or "error CODE: message".
func run(s *zerodb.Session, text string) string {
	rows, err := s.Execute(context.Background(), text)
	if err != nil {
		return "error " + string(zerodb.CodeOf(err)) + ": " + err.Error()
	}
	out := []byte("[")
	for row, err := range rows.All() {
		if err != nil {
			return "error " + string(zerodb.CodeOf(err)) + ": " + err.Error()
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = row.AppendJSON(out)
	}
	return string(append(out, ']'))
}
