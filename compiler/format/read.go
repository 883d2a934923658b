package format

import (
	"strings"

	"github.com/zerodb/zerodb/compiler/parse"
)

// block is a list of statements: a file, or what stands between DO and END.
type block struct {
	statements []*statement
	tail       []comment // those behind the last statement
}

// statement is a statement with its comments. Comments within it that stand at no place of their own are moved before it.
type statement struct {
	parts []part
	lead  []comment // on lines of their own before it
	trail string    // at the end of its last line
	blank bool      // an empty line before it
}

// comment is one on a line of its own.
type comment struct {
	text  string
	blank bool // an empty line before it
}

// part is a token, a bracket with what is in it, or the opening of a block with its statements.
type part struct {
	parse.Token
	space bool // the source had a space before it

	group *group
	block *block
}

// group is what stands in a pair of brackets; its items are like statements, with commas between them.
type group struct {
	items    []*statement
	tail     []comment
	close    parse.Token
	trailing bool // a comma behind the last item
}

// reader makes the nesting of a text explicit. Brackets and blocks nest at most 200 deep: the parser has seen to it.
type reader struct {
	src    string
	tokens []parse.Token
	at     int
}

func newReader(src string, tokens []parse.Token) *reader { return &reader{src: src, tokens: tokens} }

func (r *reader) file() *block { return r.block() }

func (r *reader) peek() (parse.Token, bool) {
	if r.at < len(r.tokens) {
		return r.tokens[r.at], true
	}
	return parse.Token{}, false
}

// gap returns what stands between the token at hand and the one before it.
func (r *reader) gap() string {
	if r.at == 0 {
		return ""
	}
	from, to := r.tokens[r.at-1].Span.End, r.tokens[r.at].Span.Start
	return r.src[min(from, to):to]
}

func (r *reader) onNewLine() bool { return r.at == 0 || strings.Contains(r.sinceText(), "\n") }

// afterBlank reports whether an empty line stands before the token at hand.
func (r *reader) afterBlank() bool { return strings.Count(r.sinceText(), "\n") > 1 }

// sinceText returns the text between the token at hand and the last one that is not a line end.
func (r *reader) sinceText() string {
	i := r.at - 1
	for i >= 0 && r.tokens[i].Role == parse.RoleSeparator && r.tokens[i].Text != ";" {
		i--
	}
	if i < 0 {
		return ""
	}
	return r.src[r.tokens[i].Span.End:r.tokens[r.at].Span.Start]
}

// block reads statements up to what ends the block, which it leaves.
func (r *reader) block() *block {
	b := &block{}
	var lead []comment
	for {
		t, ok := r.peek()
		switch {
		case !ok || t.Role == parse.RoleBlockEnd || t.Role == parse.RoleClose || t.Role == parse.RoleBlockOpen && t.Text == "ELSE":
			b.tail = lead
			return b
		case t.Role == parse.RoleSeparator:
			r.at++
		case t.Role == parse.RoleComment:
			if n := len(b.statements); n > 0 && !r.onNewLine() && len(lead) == 0 && b.statements[n-1].trail == "" {
				b.statements[n-1].trail = t.Text
			} else {
				lead = append(lead, comment{t.Text, r.afterBlank()})
			}
			r.at++
		default:
			s := &statement{blank: r.afterBlank(), lead: lead}
			lead = nil
			r.parts(s, false)
			b.statements = append(b.statements, s)
		}
	}
}

// parts reads a statement, or an item of a bracket, up to what ends it, which it leaves.
func (r *reader) parts(s *statement, item bool) {
	inBlock := false // the last block is still to be closed
	for {
		t, ok := r.peek()
		if !ok || t.Role == parse.RoleClose || t.Role == parse.RoleSeparator || item && t.Role == parse.RoleComma {
			return
		}
		switch t.Role {
		case parse.RoleComment:
			if r.ends(item) {
				return
			}
			for ; t.Role == parse.RoleComment; t, _ = r.peek() {
				s.lead = append(s.lead, comment{text: t.Text})
				r.at++
			}
		case parse.RoleBlockEnd:
			if !inBlock {
				return
			}
			inBlock = false
			s.parts = append(s.parts, r.token())
		case parse.RoleBlockOpen:
			if t.Text == "ELSE" && !inBlock {
				return
			}
			p := r.token()
			p.block, inBlock = r.block(), true
			s.parts = append(s.parts, p)
		case parse.RoleOpen:
			p := r.token()
			p.group = r.group()
			s.parts = append(s.parts, p)
		default:
			s.parts = append(s.parts, r.token())
		}
	}
}

// ends reports whether nothing but comments stands between here and the end of the statement or item.
func (r *reader) ends(item bool) bool {
	for _, t := range r.tokens[r.at:] {
		switch t.Role {
		case parse.RoleComment:
			continue
		case parse.RoleSeparator, parse.RoleClose, parse.RoleBlockEnd:
			return true
		case parse.RoleComma:
			return item
		case parse.RoleBlockOpen:
			return t.Text == "ELSE"
		}
		return false
	}
	return true
}

func (r *reader) token() part {
	p := part{Token: r.tokens[r.at], space: r.gap() != ""}
	if p.Role == parse.RoleScript { // with the indentation of its first line
		gap := r.gap()
		p.Text = gap[strings.LastIndexByte(gap, '\n')+1:] + p.Text
	}
	r.at++
	return p
}

// queryWords begin queries, of which a bracket holds one.
var queryWords = map[string]bool{"SELECT": true, "CREATE": true, "UPDATE": true, "UPSERT": true, "DELETE": true, "RELATE": true}

// group reads what stands in brackets, and the closing one.
func (r *reader) group() *group {
	g := &group{}
	var lead []comment
	for {
		t, ok := r.peek()
		switch {
		case !ok:
			return g
		case t.Role == parse.RoleClose:
			g.close, g.tail = t, lead
			r.at++
			return g
		case t.Role == parse.RoleComma:
			g.trailing = true
			r.at++
		case t.Role == parse.RoleSeparator:
			r.at++
		case t.Role == parse.RoleComment:
			if n := len(g.items); n > 0 && !r.onNewLine() && len(lead) == 0 && g.items[n-1].trail == "" {
				g.items[n-1].trail = t.Text
			} else {
				lead = append(lead, comment{text: t.Text})
			}
			r.at++
		default:
			item := &statement{lead: lead}
			lead, g.trailing = nil, false
			r.parts(item, t.Role != parse.RoleWord || !queryWords[t.Text]) // the commas of a subquery are its own
			g.items = append(g.items, item)
		}
	}
}
