package ops

import (
	"math"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// ParseJSON reads one JSON value, with nothing but space around it. Null is none, and a member that is null is left out;
// a number with a point or an exponent is a float, another an int or wide; of members with one name the last counts.
// The value's strings share one copy of src.
func ParseJSON(src []byte) (Value, error) {
	v, rest, err := ParseJSONPrefix(string(src))
	if err != nil {
		return None, err
	}
	if rest != "" {
		at := len(src) - len(rest)
		return None, jsonError(at, "something follows the value")
	}
	return v, nil
}

// ParseJSONPrefix reads the first JSON value of a text and returns what follows it and the space behind it; the value's
// strings are parts of the text. Texts of several values are read by calling it again and again.
func ParseJSONPrefix(text string) (v Value, rest string, err error) {
	p := jsonParsers.Get().(*jsonParser)
	defer p.free()
	p.text = text
	p.space()
	if v, err = p.value(); err != nil {
		return None, "", err
	}
	p.space()
	return v, text[p.at:], nil
}

var jsonParsers = sync.Pool{New: func() any { return new(jsonParser) }}

// free gives the parser back with its stacks, which are empty of references, unless they have grown beyond all bounds.
func (p *jsonParser) free() {
	const most = 1 << 12
	if cap(p.values) > most || cap(p.members) > most {
		return
	}
	clear(p.values) // what was read before an error
	clear(p.members)
	*p = jsonParser{values: p.values[:0], members: p.members[:0]}
	jsonParsers.Put(p)
}

// jsonParser reads text from at on. Elements and members wait on stacks until their list or object is closed, so that each
// is allocated once, in its size.
type jsonParser struct {
	text    string
	at      int
	depth   int
	values  []Value
	members []Member
}

func jsonError(at int, format string, args ...any) *Error {
	e := Errorf(CodeBadLiteral, "JSON: "+format, args...)
	e.Message += " at byte " + strconv.Itoa(at)
	e.Span = Span{at, at + 1}
	return e
}

func (p *jsonParser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// peek returns the next byte behind space, or 0 at the end.
func (p *jsonParser) peek() byte {
	p.space()
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *jsonParser) value() (Value, error) {
	switch c := p.peek(); {
	case c == '"':
		s, err := p.string()
		return String(s), err
	case c == '{' || c == '[':
		if p.depth++; p.depth > MaxDepth {
			return None, Errorf(CodeTooDeep, "JSON nests deeper than %d at byte %d", MaxDepth, p.at)
		}
		p.at++
		v, err := p.bracketed(c)
		p.depth--
		return v, err
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	}
	switch rest := p.text[p.at:]; {
	case strings.HasPrefix(rest, "null"):
		p.at += len("null")
		return None, nil
	case strings.HasPrefix(rest, "true"):
		p.at += len("true")
		return Bool(true), nil
	case strings.HasPrefix(rest, "false"):
		p.at += len("false")
		return Bool(false), nil
	}
	if p.at == len(p.text) {
		return None, jsonError(p.at, "the text ends where a value is wanted")
	}
	return None, jsonError(p.at, "no value begins")
}

func (p *jsonParser) bracketed(opening byte) (Value, error) {
	if opening == '{' {
		return p.object()
	}
	return p.list()
}

// next reads a comma, or the closing bracket, which ends the list or object.
func (p *jsonParser) next(closing byte) (more bool, err error) {
	switch c := p.peek(); c {
	case ',':
		p.at++
		return true, nil
	case closing:
		p.at++
		return false, nil
	}
	return false, jsonError(p.at, "a comma or %q is wanted", closing)
}

func (p *jsonParser) list() (Value, error) {
	if p.peek() == ']' {
		p.at++
		return List(nil), nil
	}
	from := len(p.values)
	for {
		v, err := p.value()
		if err != nil {
			return None, err
		}
		p.values = append(p.values, v)
		more, err := p.next(']')
		if err != nil {
			return None, err
		}
		if !more {
			break
		}
	}
	vs := append([]Value(nil), p.values[from:]...)
	clear(p.values[from:])
	p.values = p.values[:from]
	return List(vs), nil
}

func (p *jsonParser) object() (Value, error) {
	if p.peek() == '}' {
		p.at++
		return Object(nil), nil
	}
	from := len(p.members)
	for {
		m, err := p.member()
		if err != nil {
			return None, err
		}
		p.members = append(p.members, m)
		more, err := p.next('}')
		if err != nil {
			return None, err
		}
		if !more {
			break
		}
	}
	ms := append([]Member(nil), distinctMembers(p.members[from:])...)
	clear(p.members[from:])
	p.members = p.members[:from]
	return Object(ms), nil
}

func (p *jsonParser) member() (m Member, err error) {
	if p.peek() != '"' {
		return m, jsonError(p.at, "a member's name in quotes is wanted")
	}
	if m.Name, err = p.string(); err != nil {
		return m, err
	}
	if p.peek() != ':' {
		return m, jsonError(p.at, "a colon is wanted")
	}
	p.at++
	m.Value, err = p.value()
	return m, err
}

// distinctMembers drops the earlier of members with one name, and then those that are none. It works in place.
func distinctMembers(ms []Member) []Member {
	const few = 16
	if len(ms) <= few {
		for i := len(ms) - 1; i > 0; i-- {
			for j := range ms[:i] {
				if ms[j].Name == ms[i].Name {
					ms[j].Value = None
				}
			}
		}
	} else {
		last := make(map[string]int, len(ms))
		for i, m := range ms {
			if j, ok := last[m.Name]; ok {
				ms[j].Value = None
			}
			last[m.Name] = i
		}
	}
	n := 0
	for _, m := range ms {
		if !m.Value.IsNone() {
			ms[n] = m
			n++
		}
	}
	return ms[:n]
}

// number reads a number of JSON's grammar.
func (p *jsonParser) number() (Value, error) {
	from := p.at
	if p.text[p.at] == '-' {
		p.at++
	}
	whole := p.digits()
	if whole == 0 || whole > 1 && p.text[p.at-whole] == '0' {
		return None, jsonError(from, "a number is malformed")
	}
	isFloat := false
	if p.at < len(p.text) && p.text[p.at] == '.' {
		isFloat = true
		p.at++
		if p.digits() == 0 {
			return None, jsonError(from, "a number is malformed")
		}
	}
	if p.at < len(p.text) && p.text[p.at]|0x20 == 'e' {
		isFloat = true
		p.at++
		if p.at < len(p.text) && (p.text[p.at] == '+' || p.text[p.at] == '-') {
			p.at++
		}
		if p.digits() == 0 {
			return None, jsonError(from, "a number is malformed")
		}
	}
	return jsonNumber(p.text[from:p.at], from, isFloat)
}

func jsonNumber(text string, at int, isFloat bool) (Value, error) {
	if isFloat {
		f, err := strconv.ParseFloat(text, 64)
		if err == nil && !math.IsInf(f, 0) {
			return Float(f), nil
		}
	} else if i, ok := ParseInteger(text, 10); ok {
		return i, nil
	}
	e := jsonError(at, "the number %s is out of range", brief(String(text)))
	e.Code = CodeNumberOutOfRange
	return None, e
}

func (p *jsonParser) digits() (n int) {
	for p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
		p.at++
		n++
	}
	return n
}

// string reads a string from its quote on. One without escapes is a part of the text.
func (p *jsonParser) string() (string, error) {
	p.at++
	from := p.at
	for i := from; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '"':
			p.at = i + 1
			return validUTF8(p.text[from:i]), nil
		case c == '\\':
			return p.escaped(from, i)
		case c < ' ':
			return "", jsonError(i, "a control character stands in a string")
		}
	}
	return "", jsonError(from-1, "a string is not closed")
}

func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// escaped reads the rest of a string from its first escape on.
func (p *jsonParser) escaped(from, at int) (string, error) {
	out := append(make([]byte, 0, at-from+32), p.text[from:at]...)
	for at < len(p.text) {
		c := p.text[at]
		switch {
		case c == '"':
			p.at = at + 1
			return validUTF8(string(out)), nil
		case c < ' ':
			return "", jsonError(at, "a control character stands in a string")
		case c != '\\':
			out = append(out, c)
			at++
			continue
		}
		var err error
		if out, at, err = p.escape(out, at); err != nil {
			return "", err
		}
	}
	return "", jsonError(from-1, "a string is not closed")
}

var jsonEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape decodes the escape at a backslash.
func (p *jsonParser) escape(out []byte, at int) ([]byte, int, error) {
	if at+1 < len(p.text) {
		if c := jsonEscapes[p.text[at+1]]; c != 0 {
			return append(out, c), at + 2, nil
		}
		if r, ok := p.unit(at); ok {
			at += 6
			if utf16.IsSurrogate(r) {
				low, ok := p.unit(at)
				if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
					return utf8.AppendRune(out, pair), at + 6, nil
				}
				r = utf8.RuneError
			}
			return utf8.AppendRune(out, r), at, nil
		}
	}
	return out, at, jsonError(at, "an escape is malformed")
}

// unit reads \uHHHH.
func (p *jsonParser) unit(at int) (rune, bool) {
	if at+6 > len(p.text) || p.text[at] != '\\' || p.text[at+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(p.text[at+2:at+6], 16, 16)
	return rune(n), err == nil
}
