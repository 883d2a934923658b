package parse_test

import (
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/ops"
)

// TestAccepted runs the texts of testdata/accepted: each shows what its tree prints as, which has to parse to the same
// tree again. `go test ./compiler/parse -rewrite` writes the files anew.
func TestAccepted(t *testing.T) {
	datadriven.Walk(t, "testdata/accepted", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			script, errs := parse.Parse(d.Input)
			if len(errs) > 0 {
				return rendered(d.Input, script, errs)
			}
			printed := ast.Print(script)
			again, errs := parse.Parse(printed)
			if len(errs) > 0 {
				d.Fatalf(t, "the printed text is refused: %s\n%s", printed, errs[0])
			}
			if !ast.Equal(script, again) {
				d.Fatalf(t, "the printed text is another tree:\n%s\n%s", printed, ast.Print(again))
			}
			return printed + "\n"
		})
	})
}

// TestRejected runs the texts of testdata/rejected: each shows its errors as a user sees them.
func TestRejected(t *testing.T) {
	datadriven.Walk(t, "testdata/rejected", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			script, errs := parse.Parse(d.Input)
			return rendered(d.Input, script, errs)
		})
	})
}

func rendered(src string, script *ast.Script, errs []*ops.Error) string {
	if len(errs) == 0 {
		return "accepted: " + ast.Print(script) + "\n"
	}
	var b strings.Builder
	if err := diag.NewSource("", src).Write(&b, errs); err != nil {
		return err.Error()
	}
	return strings.ReplaceAll("\n"+b.String(), "\n:", "\n")[1:]
}
