package zerodb

import (
	"strings"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/parse"
)

// segment is a part of a text that is compiled against one version of the catalog.
type segment struct{ start, end int }

// mayDefine reports whether a text may hold a statement that changes definitions or the database in use. It only looks
// for the words, so that the texts of every day are not parsed twice.
func mayDefine(text string) bool {
	for i := range len(text) {
		switch text[i] | 0x20 {
		case 'd', 'r', 'u', 'a': // DEFINE, REDEFINE and REMOVE, USE, ALTER
			if i > 0 && isWordByte(text[i-1]) {
				continue
			}
			for _, w := range [...]string{"define", "redefine", "remove", "use", "alter"} {
				if hasWord(text[i:], w) {
					return true
				}
			}
		}
	}
	return false
}

func hasWord(text, word string) bool {
	if len(text) <= len(word) || isWordByte(text[len(word)]) {
		return false
	}
	for i := range len(word) {
		if text[i]|0x20 != word[i] {
			return false
		}
	}
	return true
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}

// mentions reports whether $name stands anywhere in a text.
func mentions(text, name string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], "$"+name)
		if i < 0 {
			return false
		}
		at += i + 1 + len(name)
		if at == len(text) || !isWordByte(text[at]) {
			return true
		}
	}
}

// cut divides a text at its definitions: each stands alone, for it is compiled against what those before it have made;
// what stands between them stays together.
func cut(text string) ([]segment, error) {
	script, errs := parse.Parse(text)
	if len(errs) > 0 {
		return nil, compileError(errs)
	}
	var segments []segment
	alone := true // the last segment takes nothing more
	for _, st := range script.Statements {
		at := st.Pos()
		defines := definition(st)
		if defines || alone {
			segments = append(segments, segment{at.Start, at.End})
		} else {
			segments[len(segments)-1].end = at.End
		}
		alone = defines || undoes(st)
	}
	return segments, nil
}

// undoes reports whether a statement may take back definitions.
func undoes(st ast.Statement) bool {
	t, ok := st.(*ast.Transaction)
	return ok && t.Kind == ast.Cancel
}

// definition reports whether a statement changes what those behind it are compiled against.
func definition(st ast.Statement) bool {
	switch st.(type) {
	case *ast.Define, *ast.Redefine, *ast.Remove, *ast.AlterUser, *ast.Use:
		return true
	}
	return false
}
