// Package format lays out ZeroQL as zqc fmt writes it: one way, whatever way it came.
//
// A statement stands on one line where it fits; else each clause begins a line, and brackets and lists that still do not
// fit are broken at their commas. Keywords are in capitals; names and literals stay as they were written, and so do
// comments, and one empty line where there were some. Formatting twice changes nothing, and a text means after it what it
// meant before: the trees are compared.
package format

import (
	"fmt"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/ops"
)

// width is how long a line may be before it is broken.
const width = 100

// Source returns a text laid out, or its syntax errors.
func Source(src string) (string, []*ops.Error) {
	want, errs := parse.Parse(src)
	if len(errs) > 0 {
		return "", errs
	}
	tokens, errs := parse.Tokens(src)
	if len(errs) > 0 {
		return "", errs
	}
	file := newReader(src, tokens).file()
	// What ends a line may depend on what begins the next; where leaving out the semicolons would change the meaning,
	// they stay.
	for _, semicolons := range []bool{false, true} {
		l := layout{semicolons: semicolons}
		l.file(file)
		if out := l.out.String(); sameMeaning(want, out) {
			return out, nil
		}
	}
	return "", []*ops.Error{{Code: ops.CodeInternal, Message: "the formatter would change what the text means", Span: want.Span,
		Hint: fmt.Sprintf("please report it with the text, of %d bytes", len(src))}}
}

func sameMeaning(want *ast.Script, out string) bool {
	got, errs := parse.Parse(out)
	return len(errs) == 0 && ast.Equal(want, got)
}
