package ast_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/ast/astgen"
	"github.com/zerodb/zerodb/ops"
)

func TestJSON(t *testing.T) {
	at := ast.At{Span: ops.Span{Start: 7, End: 12}}
	x := &ast.Binary{At: at, Op: ast.Add, Left: &ast.Ident{Name: "a<b"}, Right: &ast.Literal{Value: ops.Int(1)}}
	got, err := ast.JSON(&ast.Script{Statements: []ast.Statement{&ast.ExprStatement{X: x}}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "node": "Script",
  "span": [0, 0],
  "statements": [
    {
      "node": "ExprStatement",
      "span": [0, 0],
      "x": {
        "node": "Binary",
        "span": [7, 12],
        "op": "+",
        "left": {
          "node": "Ident",
          "span": [0, 0],
          "name": "a<b"
        },
        "right": {
          "node": "Literal",
          "span": [0, 0],
          "value": {
            "kind": "int",
            "text": "1"
          }
        }
      }
    }
  ]
}`
	if compact(string(got)) != compact(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func compact(s string) string { return strings.Join(strings.Fields(s), "") }

// TestJSONIsJSON: every tree makes valid JSON.
func TestJSONIsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, err := ast.JSON(astgen.Script().Draw(t, "script"))
		if err != nil || !json.Valid(b) {
			t.Fatalf("%v\n%s", err, b)
		}
	})
}
