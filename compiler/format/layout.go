package format

import (
	"strings"
	"unicode/utf8"

	"github.com/zerodb/zerodb/compiler/parse"
)

// layout writes what a reader has read.
type layout struct {
	out strings.Builder
	// semicolons ends every statement with one.
	semicolons bool
	// column is how many characters the line at hand has, fresh whether they are its indentation alone.
	column int
	fresh  bool
}

const indentWidth = 2

func (l *layout) word(s string) {
	l.out.WriteString(s)
	l.fresh = false
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		l.column = utf8.RuneCountInString(s[i+1:])
		return
	}
	l.column += utf8.RuneCountInString(s)
}

// line begins a line.
func (l *layout) line(indent int) {
	l.out.WriteByte('\n')
	l.column = 0
	l.word(strings.Repeat(" ", indent))
	l.fresh = true
}

func (l *layout) file(b *block) {
	l.statements(b, 0, true)
	if l.out.Len() > 0 {
		l.out.WriteByte('\n')
	}
}

// statements writes a block, each statement on a line of its own; first says that the first line has begun.
func (l *layout) statements(b *block, indent int, first bool) {
	begin := func(blank bool) {
		if blank && !first {
			l.out.WriteByte('\n')
		}
		if !first {
			l.line(indent)
		}
		first = false
	}
	for i, s := range b.statements {
		blank := s.blank
		for j, c := range s.lead {
			begin(i+j > 0 && c.blank)
			l.word(c.text)
			blank = blank && j < len(s.lead)
		}
		begin(blank && i+len(s.lead) > 0)
		l.statement(s, indent)
		if l.semicolons {
			l.word(";")
		}
		l.trail(s)
	}
	for _, c := range b.tail {
		begin(c.blank)
		l.word(c.text)
	}
}

func (l *layout) trail(s *statement) {
	if s.trail != "" {
		l.word(" " + s.trail)
	}
}

// statement writes a statement or an item: on the line at hand where it fits, else over several.
func (l *layout) statement(s *statement, indent int) {
	if flat, ok := s.flat(); ok && l.column+utf8.RuneCountInString(flat) <= width {
		l.word(flat)
		return
	}
	l.broken(s, indent)
}

// broken begins a line at each clause. A clause too long for a line goes on behind its commas.
func (l *layout) broken(s *statement, indent int) {
	base := indent
	for from := 0; from < len(s.parts); {
		to := from + 1
		for to < len(s.parts) && !beginsLine(s.parts, to) {
			to++
		}
		if from > 0 {
			base = indent + indentWidth
			l.line(base)
		}
		l.clause(s, from, to, base, indent+2*indentWidth)
		from = to
	}
}

// beginsLine reports whether a clause may begin at the i-th part. Before a sign its word, first on a line, would be a
// name: `order -> has -> item`.
func beginsLine(parts []part, i int) bool {
	if parts[i].Role != parse.RoleClause || i+1 == len(parts) {
		return false
	}
	switch next := parts[i+1]; next.Role {
	case parse.RoleWord, parse.RoleOperand:
		return next.Text != "*" // `JOIN * …` could be a product
	case parse.RoleOpen:
		return !next.Infix
	}
	return false
}

// clause writes the parts of a clause whose line is indented by base; the lines behind its commas are indented by deep.
func (l *layout) clause(s *statement, from, to, base, deep int) {
	clause := &statement{parts: s.parts[from:to]}
	flat, ok := clause.flat()
	wrap := !ok || l.column+utf8.RuneCountInString(flat) > width
	for i := from; i < to; i++ {
		switch {
		case i == from:
		case wrap && s.parts[i-1].Role == parse.RoleComma:
			base = deep
			l.line(base)
		case !l.fresh && spaceBetween(s.parts, i):
			l.word(" ")
		}
		l.part(s.parts[i], base)
	}
}

func (l *layout) part(p part, indent int) {
	switch {
	case p.Role == parse.RoleScript:
		l.script(p.Text, indent)
	case p.group != nil:
		l.group(p, indent)
	case p.block != nil:
		l.block(p, indent)
	default:
		l.word(p.Text)
	}
}

// block writes a block with each statement on a line.
func (l *layout) block(p part, indent int) {
	l.word(p.Text)
	switch {
	case isScript(p.block):
		l.statements(p.block, indent, true)
	case len(p.block.statements)+len(p.block.tail) > 0:
		l.line(indent + indentWidth)
		l.statements(p.block, indent+indentWidth, true)
		l.line(indent)
	}
}

// isScript reports whether a block is the body of a module in another language, which stays as it is.
func isScript(b *block) bool {
	return len(b.statements) == 1 && len(b.statements[0].parts) == 1 && b.statements[0].parts[0].Role == parse.RoleScript
}

func (l *layout) script(text string, indent int) {
	l.word("\n" + strings.TrimRight(text, " \t\r\n"))
	l.line(indent)
}

// group writes brackets: flat where they fit, else each item on a line.
func (l *layout) group(p part, indent int) {
	if flat, ok := p.flat(); ok && l.column+utf8.RuneCountInString(flat) <= width {
		l.word(flat)
		return
	}
	l.word(p.Text)
	inner := indent + indentWidth
	for i, item := range p.group.items {
		for _, c := range item.lead {
			l.line(inner)
			l.word(c.text)
		}
		l.line(inner)
		l.statement(item, inner)
		if i < len(p.group.items)-1 || p.group.trailing {
			l.word(",")
		}
		l.trail(item)
	}
	for _, c := range p.group.tail {
		l.line(inner)
		l.word(c.text)
	}
	l.line(indent)
	l.word(p.group.close.Text)
}

// ---- on one line

// maxFlat is more bytes than a line can have: what is longer need not be written to its end to know that it does not fit.
const maxFlat = utf8.UTFMax * width

// flat returns a statement on one line, or false where it cannot be: it is too long, has comments inside, or blocks of
// several statements. Its own comments are not part of it.
func (s *statement) flat() (string, bool) {
	var b strings.Builder
	ok := s.writeFlat(&b)
	return b.String(), ok
}

func (s *statement) writeFlat(b *strings.Builder) bool {
	for i, p := range s.parts {
		if i > 0 && spaceBetween(s.parts, i) {
			b.WriteByte(' ')
		}
		if !p.writeFlat(b) {
			return false
		}
	}
	return true
}

func (p part) flat() (string, bool) {
	var b strings.Builder
	ok := p.writeFlat(&b)
	return b.String(), ok
}

func (p part) writeFlat(b *strings.Builder) bool {
	if p.Role == parse.RoleScript || b.Len() > maxFlat {
		return false
	}
	b.WriteString(p.Text)
	switch {
	case p.group != nil:
		return p.group.writeFlat(b, p.Text == "{")
	case p.block != nil:
		return p.block.writeFlat(b, p.Text)
	}
	return true
}

// writeFlat writes what follows the opening bracket; braces are padded.
func (g *group) writeFlat(b *strings.Builder, brace bool) bool {
	pad := ""
	if brace && len(g.items) > 0 {
		pad = " "
	}
	b.WriteString(pad)
	for i, item := range g.items {
		if i > 0 {
			b.WriteString(", ")
		}
		if len(item.lead) > 0 || item.trail != "" || !item.writeFlat(b) {
			return false
		}
	}
	if g.trailing {
		b.WriteByte(',')
	}
	b.WriteString(pad + g.close.Text)
	return len(g.tail) == 0
}

// writeFlat writes what follows the word that opens the block.
func (b *block) writeFlat(out *strings.Builder, opening string) bool {
	if len(b.statements) == 0 {
		return len(b.tail) == 0
	}
	s := b.statements[0]
	if len(b.statements) > 1 || len(b.tail) > 0 || len(s.lead) > 0 || s.trail != "" {
		return false
	}
	if opening == "ELSE" && s.parts[0].Text == "IF" { // on one line the two would be an arm of the same IF
		return false
	}
	out.WriteByte(' ')
	return s.writeFlat(out)
}

// spaceBetween reports whether a space stands before the i-th part.
func spaceBetween(parts []part, i int) bool {
	before, p := parts[i-1], parts[i]
	last := before.Role
	if before.group != nil {
		last = parse.RoleClose
	}
	switch p.Role {
	case parse.RoleComma, parse.RoleColon, parse.RoleOptional, parse.RoleMember, parse.RoleOpenRange:
		return false
	case parse.RoleFree:
		return p.space || p.Infix && i+1 < len(parts) && parts[i+1].space
	case parse.RoleOpen:
		if p.Infix {
			return last == parse.RoleOpenRange // `person:5..[1]` would be a range to a list
		}
	}
	switch {
	case last == parse.RoleMember:
		return false
	case last == parse.RoleFree:
		return p.space || before.Infix && before.space
	case last == parse.RoleOperator && !before.Infix && !isAssignment(before.Text): // a prefix; `--` would be a comment
		return p.Role == parse.RoleOperator && !p.Infix || p.Role == parse.RoleFree
	}
	return true
}

func isAssignment(sign string) bool { return strings.HasSuffix(sign, "=") }
