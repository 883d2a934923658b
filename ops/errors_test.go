package ops_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/zerodb/zerodb/ops"
)

// TestEveryCodeIsDocumented compares the constants of errors.go with the table that docs/errors.md is made from.
func TestEveryCodeIsDocumented(t *testing.T) {
	documented := make(map[string]bool)
	for _, c := range ops.Codes {
		if documented[string(c.Code)] {
			t.Errorf("%s stands twice in Codes", c.Code)
		}
		documented[string(c.Code)] = true
		if c.Cause == "" || c.Mend == "" {
			t.Errorf("%s lacks a cause or a mend", c.Code)
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil || len(spec.Values) != 1 {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != "Code" {
			return true
		}
		found++
		code := spec.Values[0].(*ast.BasicLit).Value
		if !documented[code[1:len(code)-1]] {
			t.Errorf("%s is not in Codes", code)
		}
		return true
	})
	if found < len(ops.Codes) {
		t.Errorf("found %d constants, Codes has %d", found, len(ops.Codes))
	}
}
