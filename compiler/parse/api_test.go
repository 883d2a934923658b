package parse_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/ops"
)

func TestExpr(t *testing.T) {
	x, errs := parse.Expr("$value > 0 AND $this.b != none")
	if len(errs) > 0 || ast.Print(x) != "$value > 0 AND $this.b != none" {
		t.Errorf("got %v, %v", x, errs)
	}
	for _, src := range []string{"", "1 2", "LET $x = 1", "1; 2", `"\q"`, "(SELECT", "SELECT 1"} {
		if x, errs := parse.Expr(src); len(errs) == 0 || x != nil {
			t.Errorf("%q is taken for an expression: %v", src, x)
		}
	}
}

func TestLiteral(t *testing.T) {
	for _, src := range []string{"1", "-1.5", `"a"`, "none", "[1, (2, true), { a: person:alice }]", "person:[1, 2]", "1..5", `t"2026-11-23T00:00:00Z"`, "()"} {
		if x, err := parse.Literal(src); err != nil || ast.Print(x) != src {
			t.Errorf("%s: got %v, %v", src, x, err)
		}
	}
	for _, src := range []string{"a", "1 + 1", "[$x]", "f()", "person:$id", "{ a: b }", "-(1)", ""} {
		if x, err := parse.Literal(src); err == nil {
			t.Errorf("%s is taken for a constant: %s", src, ast.Print(x))
		}
	}
}

// TestLimits: what is too much is refused by name.
func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name, src string
		code      ops.Code
	}{
		{"text", strings.Repeat(" ", 64<<20+1), ops.CodeTooLarge},
		{"token", `RETURN "` + strings.Repeat("a", 16<<20) + `"`, ops.CodeTooLarge},
		{"brackets", "RETURN " + strings.Repeat("(", 201) + "1" + strings.Repeat(")", 201), ops.CodeTooDeep},
		{"many brackets", strings.Repeat("(", 400_000), ops.CodeTooDeep},
		{"prefixes", "RETURN " + strings.Repeat("NOT ", 100_000) + "a", ops.CodeTooDeep},
		{"powers", "RETURN 2" + strings.Repeat(" ** 2", 100_000), ops.CodeTooDeep},
		{"operators", "RETURN a" + strings.Repeat(" + a", 20_000), ops.CodeTooComplex},
		{"members", "RETURN a" + strings.Repeat(".a", 20_000), ops.CodeTooComplex},
		{"unions", "SELECT 1" + strings.Repeat(" UNION SELECT 1", 20_000), ops.CodeTooComplex},
		{"edges", "a -> b" + strings.Repeat(" OR b", 20_000) + " -> c", ops.CodeTooComplex},
		{"tokens", "RETURN [" + strings.Repeat("1,", 300_000) + "]", ops.CodeTooComplex},
		{"not UTF-8", "RETURN \"a\xff\"", ops.CodeSyntax},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, errs := parse.Parse(c.src)
			if len(errs) != 1 || errs[0].Code != c.code {
				t.Errorf("got %v, want one error %s", errs, c.code)
			}
		})
	}
	for name, src := range map[string]string{
		"brackets":  "RETURN " + strings.Repeat("(", 195) + "1" + strings.Repeat(")", 195),
		"operators": "RETURN a" + strings.Repeat(" + a", 9_900),
		"hops":      "RETURN a" + strings.Repeat(" -> b -> c", 9_000),
		"items":     "RETURN [1" + strings.Repeat(", 1", 100_000) + "]",
	} {
		if _, errs := parse.Parse(src); len(errs) > 0 {
			t.Errorf("%s: %v", name, errs[0])
		}
	}
}

// TestSpans: each node points at its text.
func TestSpans(t *testing.T) {
	src := "LET $x = 1;\n  SELECT a.b + f(1), 2 FROM person:alice -> likes -> (post AS p) WHERE NOT c"
	script, errs := parse.Parse(src)
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	text := func(n ast.Node) string { return src[n.Pos().Start:n.Pos().End] }
	query := script.Statements[1].(*ast.ExprStatement).X.(*ast.Select)
	sum := query.Items[0].X.(*ast.Binary)
	pattern := query.From[0].X.(*ast.Pattern)
	for _, c := range []struct {
		node ast.Node
		want string
	}{
		{script, src},
		{script.Statements[0], "LET $x = 1"},
		{query, "SELECT a.b + f(1), 2 FROM person:alice -> likes -> (post AS p) WHERE NOT c"},
		{sum, "a.b + f(1)"}, {sum.Left, "a.b"}, {sum.Right, "f(1)"},
		{ast.Literal{At: ast.At{Span: sum.OpSpan}}, "+"},
		{pattern, "person:alice -> likes -> (post AS p)"}, {pattern.Start, "person:alice"},
		{pattern.Hops[0], "-> likes -> (post AS p)"}, {pattern.Hops[0].Vertex, "post AS p"},
		{query.Where, "NOT c"},
	} {
		if got := text(c.node); got != c.want {
			t.Errorf("%T points at %q, want %q", c.node, got, c.want)
		}
	}
}

// TestConcurrent parses from many goroutines at once, beginning cold.
func TestConcurrent(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			parse.Warm()
			for range 20 {
				if _, errs := parse.Parse("SELECT * FROM person WHERE"); len(errs) != 1 {
					t.Errorf("got %v", errs)
				}
			}
		})
	}
	wg.Wait()
}

func TestErrorsAreErrors(t *testing.T) {
	_, err := parse.Literal("RETURN")
	if !errors.Is(err, &ops.Error{Code: ops.CodeSyntax}) {
		t.Errorf("got %v", err)
	}
}
