// Package clitest runs command lines in-process, in a world of memory, for golden tests.
package clitest

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb/cmd/internal/cli"
)

// World is a world of memory: files, a clock that stands at one time, and chance from a seed.
type World struct {
	FS     vfs.FS
	random io.Reader
}

// NewWorld makes an empty world.
func NewWorld() *World {
	return &World{FS: vfs.NewMem(), random: rand.NewChaCha8([32]byte{1})}
}

// Program makes the command tree of a program.
type Program func(*cli.World) *cobra.Command

// Run runs a command line and returns what it prints, errors after "! ", and its exit status where that is not 0.
func (w *World) Run(programs map[string]Program, line, stdin string) string {
	words, err := split(line)
	if err != nil {
		return err.Error() + "\n"
	}
	program := programs[words[0]]
	if program == nil {
		return "no program " + words[0] + "\n"
	}
	var out, errs bytes.Buffer
	world := &cli.World{In: strings.NewReader(stdin), Out: &out, Err: &errs, FS: w.FS, Random: w.random, TempDir: "",
		Clock: func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }}
	status := cli.Run(world, program(world), words[1:])
	text := out.String()
	for l := range strings.Lines(errs.String()) {
		text += "! " + l
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if status != cli.OK {
		text += fmt.Sprintf("exit %d\n", status)
	}
	return text
}

// Test runs a golden file. A test is a command line (`run`, its input lines are command lines; with `stdin` the first line is
// one and the rest its standard input; head=n shows the first lines alone) or a file to be written (`file name=…`) or shown (`cat name=…`).
func Test(t *testing.T, path string, programs map[string]Program) {
	w := NewWorld()
	datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "run":
			if d.HasArg("stdin") {
				line, stdin, _ := strings.Cut(d.Input, "\n")
				return w.Run(programs, line, stdin)
			}
			var out strings.Builder
			for _, line := range strings.Split(d.Input, "\n") {
				out.WriteString(w.Run(programs, line, ""))
			}
			return head(t, d, out.String())
		case "file":
			var name string
			d.ScanArgs(t, "name", &name)
			w.Write(t, name, d.Input+"\n")
			return ""
		case "cat":
			var name string
			d.ScanArgs(t, "name", &name)
			return w.Read(t, name)
		}
		t.Fatalf("%s: no such command: %s", d.Pos, d.Cmd)
		return ""
	})
}

// head cuts an output to its first lines, where a test asks for that with head=n: what other rooms print is theirs to test.
func head(t *testing.T, d *datadriven.TestData, text string) string {
	if !d.HasArg("head") {
		return text
	}
	var n int
	d.ScanArgs(t, "head", &n)
	lines := strings.SplitAfterN(text, "\n", n+1)
	if len(lines) <= n {
		return text
	}
	return strings.Join(lines[:n], "") + "…\n"
}

// Write writes a file of the world.
func (w *World) Write(t testing.TB, name, content string) {
	t.Helper()
	f, err := w.FS.Create(name, vfs.WriteCategoryUnspecified)
	if err == nil {
		_, err = f.Write([]byte(content))
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Read reads a file of the world.
func (w *World) Read(t testing.TB, name string) string {
	t.Helper()
	f, err := w.FS.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// split cuts a command line into words; what stands between quotes is one.
func split(line string) (words []string, err error) {
	var word strings.Builder
	in, quote := false, byte(0)
	for i := range len(line) {
		c := line[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, in = c, true
		case quote == 0 && c == ' ':
			if in {
				words = append(words, word.String())
				word.Reset()
				in = false
			}
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if in {
		words = append(words, word.String())
	}
	if quote != 0 || len(words) == 0 {
		return nil, fmt.Errorf("bad command line %q", line)
	}
	return words, nil
}
