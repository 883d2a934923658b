package compiler_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/ast/astgen"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// TestCorpus compiles every text that the parser's tests hold, good and bad: the answer is a program that the verifier
// accepts, or errors that are the text's own, never the compiler's.
func TestCorpus(t *testing.T) {
	count := 0
	for text := range corpus(t) {
		for _, c := range []schema.Catalog{nil, schema.NewMemory("main", "main")} {
			count++
			r, errs := compiler.Compile(text, compiler.Options{Catalog: c})
			for _, e := range errs {
				if e.Code == ops.CodeInternal || e.Message == "" {
					t.Errorf("%q: %v", text, e)
				}
			}
			if r == nil {
				continue
			}
			if err := vm.Verify(r.Program); err != nil {
				t.Errorf("%q: the verifier refuses the program: %v", text, err)
			}
			again, _ := compiler.Compile(text, compiler.Options{Catalog: c})
			if a, b := encoded(t, r.Program), encoded(t, again.Program); !bytes.Equal(a, b) {
				t.Errorf("%q: compiled twice, it gives different bytes", text)
			}
		}
	}
	if count < 1000 {
		t.Fatalf("only %d texts found", count)
	}
}

func encoded(t *testing.T, p *vm.Program) []byte {
	b, err := vm.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// corpus yields the lines of the parser's test files, each a statement more or less.
func corpus(t *testing.T) func(func(string) bool) {
	return func(yield func(string) bool) {
		err := filepath.WalkDir(filepath.Join("parse", "testdata"), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for line := range strings.Lines(string(text)) {
				if !yield(strings.TrimSpace(line)) {
					return filepath.SkipAll
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestRandomPrograms compiles random trees over the whole language: an error is one of the text, a program verifies.
func TestRandomPrograms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := ast.Print(astgen.Script().Draw(t, "script"))
		script, errs := parse.Parse(src)
		if len(errs) > 0 {
			t.Skip("refused by the parser")
		}
		for _, s := range script.Statements {
			one := &ast.Script{At: script.At, Source: src, Statements: []ast.Statement{s}}
			r, errs := compiler.CompileScript(one, compiler.Options{Catalog: schema.NewMemory("main", "main")})
			for _, e := range errs {
				if e.Code == ops.CodeInternal || e.Message == "" {
					t.Fatalf("%s\n%v", src, e)
				}
			}
			if r == nil {
				continue
			}
			if err := vm.Verify(r.Program); err != nil {
				t.Fatalf("%s\nthe verifier refuses the program: %v", src, err)
			}
		}
	})
}
