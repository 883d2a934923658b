package diag_test

import (
	"strings"
	"testing"

	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/ops"
)

func span(start, end int) ops.Span { return ops.Span{Start: start, End: end} }

func TestWrite(t *testing.T) {
	long := strings.Repeat("x", 200) + " oops " + strings.Repeat("y", 200)
	for _, c := range []struct {
		name, text, want string
		err              ops.Error
	}{
		{"span and hint", "SELECT *\nFORM person", "f.zql:2:1: error[syntax]: no\n    FORM person\n    ^~~~\nhint: FROM\n",
			ops.Error{Code: ops.CodeSyntax, Message: "no", Span: span(9, 13), Hint: "FROM"}},
		{"end of text", "a +", "f.zql:1:4: error[syntax]: no\n    a +\n       ^\n",
			ops.Error{Code: ops.CodeSyntax, Message: "no", Span: span(3, 3)}},
		{"empty text", "", "f.zql:1:1: error[syntax]: no\n    \n    ^\n", ops.Error{Code: ops.CodeSyntax, Message: "no"}},
		{"no place", "a", "f.zql: error[io]: disk\n", ops.Error{Code: ops.CodeIO, Message: "disk"}},
		{"tabs keep the caret in place", "\ta\tb", "f.zql:1:4: error[syntax]: no\n    \ta\tb\n    \t \t^\n",
			ops.Error{Code: ops.CodeSyntax, Message: "no", Span: span(3, 4)}},
		{"wide characters", "名前 + b", "f.zql:1:6: error[syntax]: no\n    名前 + b\n           ^\n",
			ops.Error{Code: ops.CodeSyntax, Message: "no", Span: span(9, 10)}},
		{"a span over lines is marked in its first", "(a\nb)\r\n", "f.zql:1:1: error[syntax]: no\n    (a\n    ^~\n",
			ops.Error{Code: ops.CodeSyntax, Message: "no", Span: span(0, 5)}},
		{"a long line is cut", long, "f.zql:1:202: error[syntax]: no\n    …" + strings.Repeat("x", 59) + " oops " + strings.Repeat("y", 75) + "…\n" +
			"    " + strings.Repeat(" ", 61) + "^~~~\n",
			ops.Error{Code: ops.CodeSyntax, Message: "no", Span: span(201, 205)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			if err := diag.NewSource("f.zql", c.text).Write(&b, []*ops.Error{&c.err}); err != nil {
				t.Fatal(err)
			}
			if b.String() != c.want {
				t.Errorf("got\n%swant\n%s", b.String(), c.want)
			}
		})
	}
}

func TestWriteJSON(t *testing.T) {
	var b strings.Builder
	s := diag.NewSource("f.zql", "a\n  <b>")
	err := s.WriteJSON(&b, []*ops.Error{{Code: ops.CodeSyntax, Message: "<b>?", Span: span(4, 7), Hint: "h"}, {Code: ops.CodeIO, Message: "disk"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"file":"f.zql","severity":"error","code":"syntax","message":"<b>?","hint":"h","line":2,"column":3,"start":4,"end":7}
{"file":"f.zql","severity":"error","code":"io","message":"disk","start":0,"end":0}
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestPosition(t *testing.T) {
	s := diag.NewSource("", "ab\né c\n")
	for offset, want := range map[int][2]int{-1: {1, 1}, 0: {1, 1}, 2: {1, 3}, 3: {2, 1}, 5: {2, 2}, 8: {3, 1}, 99: {3, 1}} {
		if line, column := s.Position(offset); line != want[0] || column != want[1] {
			t.Errorf("offset %d is at %d:%d, want %v", offset, line, column, want)
		}
	}
}

func TestClosest(t *testing.T) {
	words := []string{"FROM", "WHERE", "TABLE", "GROUP", "DESCRIBE", "string::starts_with"}
	for word, want := range map[string]string{
		"FORM": "FROM", "form": "FROM", "frm": "FROM", "WEHRE": "WHERE", "TABEL": "TABLE", "TABLES": "TABLE", "DESCRBIE": "DESCRIBE",
		"string::startswith": "string::starts_with", "xyz": "", "f": "", "": "", "grape": "",
		strings.Repeat("FROM", 100): "",
	} {
		if got := diag.Closest(word, words); got != want {
			t.Errorf("Closest(%q) = %q, want %q", word, got, want)
		}
	}
}
