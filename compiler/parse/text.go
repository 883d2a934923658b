package parse

import (
	"unicode"
	"unicode/utf8"

	"github.com/antlr4-go/antlr/v4"
)

// text is the character stream of the generated lexer: UTF-8, indexed by byte offset, so that offsets need no translation.
//
// What the lexer sees is a seven-bit alphabet. ANTLR caches the edges of its automaton for characters up to 127 only and
// simulates the grammar anew for every other one, a hundred times slower. So ASCII is shown as it is, and any other
// character as one of the control characters below, which stand for nothing else: a control character of the source is
// shown as classOther.
type text struct {
	s string
	i int
	// read counts the characters looked at: the lexer's share of the work on a text.
	read int
}

// The classes of characters, as ZeroQLLexer.g4 names them.
const (
	classLetter = 0x01
	classDigit  = 0x02 // digits and combining marks: not first in a name
	classSpace  = 0x03
	classMicro  = 0x04
	classOther  = 0x05
)

// operatorClass are the operators that are not ASCII.
var operatorClass = map[rune]int{
	'×': 0x10, '÷': 0x11, '≤': 0x12, '≥': 0x13, '≠': 0x14,
	'∋': 0x15, '∌': 0x16, '⊇': 0x17, '⊃': 0x18, '⊅': 0x19,
}

var asciiClass = func() (class [utf8.RuneSelf]uint8) {
	for c := range class {
		class[c] = uint8(c)
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' || c == 0x7f {
			class[c] = classOther
		}
	}
	return class
}()

func classOf(r rune) int {
	if op, ok := operatorClass[r]; ok {
		return op
	}
	switch {
	case r == '\u00b5' || r == '\u03bc': // micro sign, Greek mu
		return classMicro
	case r == '\u00a0' || r == '\ufeff': // no-break space, byte order mark
		return classSpace
	case unicode.IsLetter(r):
		return classLetter
	case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Nd, r):
		return classDigit
	}
	return classOther
}

// LA shows the class of the next character. The lexer asks for no other distance than 1 and, at a line's begin, -1.
func (t *text) LA(k int) int {
	if k != 1 {
		return t.before()
	}
	t.read++
	if t.i >= len(t.s) {
		return antlr.TokenEOF
	}
	if c := t.s[t.i]; c < utf8.RuneSelf {
		return int(asciiClass[c])
	}
	r, _ := utf8.DecodeRuneInString(t.s[t.i:])
	return classOf(r)
}

func (t *text) before() int {
	if t.i == 0 {
		return antlr.TokenEOF
	}
	r, _ := utf8.DecodeLastRuneInString(t.s[:t.i])
	return int(r)
}

// Consume steps over a character.
func (t *text) Consume() {
	if t.s[t.i] < utf8.RuneSelf {
		t.i++
		return
	}
	_, n := utf8.DecodeRuneInString(t.s[t.i:])
	t.i += n
}

// The rest of antlr.CharStream. Marks are not needed: the whole text is in memory.

func (t *text) Mark() int             { return -1 }
func (t *text) Release(int)           {}
func (t *text) Index() int            { return t.i }
func (t *text) Seek(i int)            { t.i = i }
func (t *text) Size() int             { return len(t.s) }
func (t *text) GetSourceName() string { return "zeroql" }

// GetText returns the text from one offset to another, both included.
func (t *text) GetText(from, to int) string {
	to = min(to+1, len(t.s))
	if from >= to {
		return ""
	}
	return t.s[from:to]
}

// GetTextFromTokens is part of antlr.CharStream.
func (t *text) GetTextFromTokens(from, to antlr.Token) string {
	return t.GetText(from.GetStart(), to.GetStop())
}

// GetTextFromInterval is part of antlr.CharStream.
func (t *text) GetTextFromInterval(i antlr.Interval) string { return t.GetText(i.Start, i.Stop) }
