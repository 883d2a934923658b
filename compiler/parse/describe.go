package parse

import (
	"strings"

	"github.com/antlr4-go/antlr/v4"

	"github.com/zerodb/zerodb/ops"
)

// describe puts into words what the parser met and what it could have taken.
func describe(p antlr.Parser, found *token) *ops.Error {
	return &ops.Error{Code: ops.CodeSyntax, Message: "unexpected " + show(found), Span: found.span()}
}

func show(t *token) string {
	switch {
	case int(t.start) == len(t.src.s):
		return "the end of the text"
	case t.text() == ";":
		return "`;`"
	case strings.HasPrefix(t.text(), "\n"), strings.HasPrefix(t.text(), "\r"):
		return "the end of the line"
	}
	return quote(t.text())
}

func quote(s string) string { return "`" + shorten(s) + "`" }

// shorten cuts a text that is quoted in a message.
func shorten(s string) string {
	const most = 40
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}
