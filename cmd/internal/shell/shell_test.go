package shell

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/compiler/ast"
)

// typed is a person who types inputs, one a line; \n in a line is a line end within an input.
type typed struct {
	lines []string
	out   *bytes.Buffer
}

func (t *typed) Read(prompt string) (string, error) {
	if len(t.lines) == 0 {
		return "", io.EOF
	}
	line := strings.ReplaceAll(t.lines[0], `⏎`, "\n")
	t.lines = t.lines[1:]
	t.out.WriteString(prompt + line + "\n")
	if line == "^C" {
		return "", ErrInterrupt
	}
	return line, nil
}

type fixture struct {
	shell *Shell
	db    *zerodb.DB
	out   *bytes.Buffer
	world *cli.World
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	var out bytes.Buffer
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	w := &cli.World{Out: &out, Err: &out, FS: vfs.NewMem(), Random: rand.NewChaCha8([32]byte{1}),
		Clock: func() time.Time { now = now.Add(time.Millisecond); return now },
		Size:  func() (int, int) { return 60, 24 },
		Page:  func(text string) error { out.WriteString("<paged>\n" + text + "</paged>\n"); return nil }}
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true, Random: w.Random})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := db.Session(context.Background(), &zerodb.SessionOptions{KeepVariables: true})
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{New(w, db, s, Options{Format: "table", Args: []zerodb.Arg{zerodb.Named("given", 7)}}), db, &out, w}
}

// TestSession types whole sessions: `type` gives the inputs, `complete` a text whose completions are listed, `ends` texts of
// which it is said whether they are whole inputs.
func TestSession(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		f := newFixture(t)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			f.out.Reset()
			switch d.Cmd {
			case "file":
				var name string
				d.ScanArgs(t, "name", &name)
				file, err := f.world.FS.Create(name, vfs.WriteCategoryUnspecified)
				if err != nil {
					t.Fatal(err)
				}
				defer file.Close()
				if _, err := file.Write([]byte(d.Input)); err != nil {
					t.Fatal(err)
				}
			case "type":
				if err := f.shell.Loop(context.Background(), &typed{strings.Split(d.Input, "\n"), f.out}); err != nil {
					t.Fatal(err)
				}
			case "complete":
				var words []string
				for _, c := range Complete(f.shell, strings.TrimSuffix(d.Input, "|")) {
					words = append(words, c.Text+"  "+c.What)
				}
				return strings.Join(words[:min(len(words), 12)], "\n") + "\n"
			case "ends":
				for line := range strings.Lines(d.Input) {
					line = strings.TrimSuffix(line, "\n")
					if complete(strings.ReplaceAll(line, `⏎`, "\n")) {
						f.out.WriteString("whole: " + line + "\n")
					} else {
						f.out.WriteString("goes on: " + line + "\n")
					}
				}
			default:
				t.Fatalf("%s: no such command: %s", d.Pos, d.Cmd)
			}
			return f.out.String()
		})
	})
}

// TestKeywords holds the words that are completed to be words of the language, each once.
func TestKeywords(t *testing.T) {
	sorted := slices.Clone(keywords)
	slices.Sort(sorted)
	if len(slices.Compact(sorted)) != len(keywords) {
		t.Error("a keyword is listed twice")
	}
	for _, w := range keywords {
		if !ast.IsKeyword(w) && w != "BEFORE" { // a keyword behind RETURN alone
			t.Errorf("%s is no word of the language", w)
		}
	}
}
