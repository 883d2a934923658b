package format_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/ast/astgen"
	"github.com/zerodb/zerodb/compiler/format"
)

// TestLayout shows texts before and after; `go test ./compiler/format -rewrite` writes the file anew.
func TestLayout(t *testing.T) {
	datadriven.RunTest(t, "testdata/layout.txt", func(t *testing.T, d *datadriven.TestData) string {
		out := check(t, d.Input)
		if out == "" {
			return "refused\n"
		}
		return out
	})
}

// check formats a text, holds the result to be stable and to have every comment, and returns it.
func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, src string) string {
	t.Helper()
	out, errs := format.Source(src)
	if len(errs) > 0 {
		if errs[0].Code == "internal" {
			t.Fatalf("%v\n%s", errs[0], src)
		}
		return ""
	}
	again, errs := format.Source(out)
	if len(errs) > 0 {
		t.Fatalf("the formatted text is refused: %v\n%s", errs[0], out)
	}
	if again != out {
		t.Fatalf("formatting twice is not formatting once:\n%s\n---- once\n%s\n---- twice\n%s", src, out, again)
	}
	return out
}

func corpus(tb testing.TB) (texts []string) {
	files, err := filepath.Glob("../parse/testdata/*/*.txt")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no corpus: %v", err)
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

// TestCorpus formats every text the parser is tested with.
func TestCorpus(t *testing.T) {
	for _, src := range corpus(t) {
		check(t, src)
	}
}

// TestCommentsAreKept: each line of a text gets a comment; after formatting all are there.
func TestCommentsAreKept(t *testing.T) {
	for _, src := range corpus(t) {
		if strings.Contains(src, "export") || strings.Contains(src, "\\") {
			continue
		}
		var b strings.Builder
		n := 0
		for line := range strings.Lines(src) {
			b.WriteString(strings.TrimRight(line, "\n") + " -- comment\n")
			n++
		}
		if out := check(t, b.String()); out != "" && strings.Count(out, "-- comment") != strings.Count(b.String(), "-- comment") {
			t.Errorf("comments are lost:\n%s\n----\n%s", b.String(), out)
		}
	}
}

// TestRandomPrograms formats what the printer makes of random trees.
func TestRandomPrograms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		check(t, ast.Print(astgen.Script().Draw(t, "script")))
	})
}

// FuzzFormat: a text that parses keeps its meaning, and formatting twice is formatting once.
func FuzzFormat(f *testing.F) {
	for _, src := range corpus(f) {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) { check(t, src) })
}
