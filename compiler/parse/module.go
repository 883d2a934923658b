package parse

import "strings"

// moduleWatch follows the tokens of DEFINE MODULE m [LANGUAGE l] WITH, behind which the text may be in another language.
type moduleWatch struct {
	stage    moduleStage
	language string
	// endless is set once a body's END was looked for and not found: none can be found further on either, and looking
	// again at every WITH would take quadratic time.
	endless bool
}

type moduleStage uint8

const (
	outsideModule moduleStage = iota
	afterDefine
	inModule
	afterLanguage
)

// opensBody takes note of a token and reports whether it is the WITH of a module.
func (m *moduleWatch) opensBody(src *text, kind int32, start int) bool {
	switch {
	case kind == tDefine:
		m.stage, m.language = afterDefine, ""
	case m.stage == outsideModule:
	case m.stage == afterDefine && kind == tModule:
		m.stage = inModule
	case m.stage == afterDefine || kind == tSemi:
		m.stage = outsideModule
	case kind == tLanguage:
		m.stage = afterLanguage
	case m.stage == afterLanguage:
		m.language, m.stage = strings.ToLower(src.s[start:src.i]), inModule
	case kind == tWith:
		m.stage = outsideModule
		return true
	}
	return false
}

// scriptOpenings are how a script begins that says no LANGUAGE.
var scriptOpenings = []string{"export ", "import ", "function ", "async ", "const ", "var ", "class ", "//", "/*"}

// bodyEnd returns where the END of a body in another language stands; from is right behind WITH. It returns 0 for a body
// in ZeroQL, and where there is no END.
func (m *moduleWatch) bodyEnd(s string, from int) int {
	if m.endless || !m.isScript(s[from:]) {
		return 0
	}
	line, rest, _ := strings.Cut(s[from:], "\n")
	block := strings.TrimSpace(line) == ""
	for at := from; ; {
		if end, ok := scriptEnd(line, at == from, block); ok {
			return at + end
		}
		at += len(line) + 1
		if at >= len(s) {
			m.endless = true
			return 0
		}
		line, rest, _ = strings.Cut(rest, "\n")
	}
}

func (m *moduleWatch) isScript(body string) bool {
	switch m.language {
	case "javascript", "js", "typescript":
		return true
	case "":
		body = strings.TrimLeft(body, " \t\r\n")
		for _, opening := range scriptOpenings {
			if strings.HasPrefix(body, opening) {
				return true
			}
		}
	}
	return false
}

// scriptEnd finds the END that closes a script in one of its lines. A script that began on a line of its own (block) ends
// with END alone on a line; one that began on the line of WITH (its first) also with a line that ends in END.
func scriptEnd(line string, first, block bool) (int, bool) {
	line = strings.TrimRight(line, " \t\r;")
	at := len(line) - len("END")
	if at < 0 || !strings.EqualFold(line[at:], "END") || at > 0 && !strings.ContainsRune(" \t}", rune(line[at-1])) {
		return 0, false
	}
	alone := strings.TrimSpace(line[:at]) == ""
	return at, alone && (block || !first) || !block && line[at:] == "END"
}
