package zerodb_test

import (
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/vm"
)

// TestSentences runs the files of testdata/sentences, one for each sentence of the language's reference: the file's name is its section, its
// number and its first words. Beside the commands of TestZeroQL they have
//
//	sentence  run, and behind "== bytecode" the program that the text becomes
func TestSentences(t *testing.T) {
	datadriven.Walk(t, "testdata/sentences", runGolden)
}

// sentence runs a text and shows what it was compiled to, where it compiles.
func (g *golden) sentence(t *testing.T, d *datadriven.TestData) string {
	cat, err := g.session(t, "").Catalog()
	must(t, err)
	compiled, errs := compiler.Compile(d.Input, compiler.Options{Catalog: cat})
	out := g.run(t, d)
	if len(errs) > 0 {
		return out
	}
	var code strings.Builder
	vm.Disassemble(&code, compiled.Program)
	return out + "== bytecode\n" + withoutBlankLines(code.String())
}

// withoutBlankLines keeps a golden file readable by its tool, to which an empty line is an end.
func withoutBlankLines(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			out.WriteString(line)
		}
	}
	return out.String()
}
