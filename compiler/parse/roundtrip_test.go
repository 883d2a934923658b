package parse_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/ast/astgen"
	"github.com/zerodb/zerodb/compiler/parse"
)

// TestPrintRoundTrip: every tree prints to a text that parses to that tree.
func TestPrintRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := astgen.Script().Draw(t, "script")
		printed := ast.Print(script)
		again, errs := parse.Parse(printed)
		if len(errs) > 0 {
			t.Fatalf("refused: %v\n%s", errs[0], printed)
		}
		if !ast.Equal(script, again) {
			t.Fatalf("another tree:\n%s\n%s", printed, ast.Print(again))
		}
	})
}

// TestExprRoundTrip does the same for single expressions, as definitions store them.
func TestExprRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := astgen.Expr().Draw(t, "expr")
		printed := ast.Print(&ast.List{Items: []ast.Expr{x}})
		again, errs := parse.Expr(printed)
		if len(errs) > 0 {
			t.Fatalf("refused: %v\n%s", errs[0], printed)
		}
		if !ast.Equal(&ast.List{Items: []ast.Expr{x}}, again) {
			t.Fatalf("another tree:\n%s\n%s", printed, ast.Print(again))
		}
	})
}
