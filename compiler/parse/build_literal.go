package parse

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/antlr4-go/antlr/v4"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
)

// literal decodes a constant. One that is malformed is reported and is none in the tree.
func (b *builder) literal(t *token) ast.Expr {
	return &ast.Literal{At: atToken(t), Value: b.value(t)}
}

func (b *builder) value(t *token) ops.Value {
	switch t.kind {
	case tInt, tHex, tBin, tOct:
		return b.integer(t, "")
	case tFloat, tExpInt:
		return b.float(t, "")
	case tString:
		return ops.String(b.unescape(t))
	case tBytes:
		return ops.Bytes([]byte(b.unescape(t)))
	case tDuration:
		return b.duration(t)
	case tTime:
		return b.time(t)
	case tDecimal:
		return b.decimal(t)
	case tUUID:
		return b.uuid(t, t.text())
	case tUUIDText:
		return b.uuid(t, quotedText(t))
	case tRegex:
		return b.regex(t)
	case tTrue:
		return ops.Bool(true)
	case tFalse:
		return ops.Bool(false)
	}
	return ops.None
}

// quotedText returns what stands between the quotes of t"…", d"…", u"….
func quotedText(t *token) string {
	s := t.text()
	return s[2 : len(s)-1]
}

func (b *builder) malformed(t *token, form string) ops.Value {
	b.fail(ops.CodeBadLiteral, t.span(), "", "%s", form)
	return ops.None
}

// ---- numbers

// negative takes a number behind a minus sign: so the smallest int can be written.
func (b *builder) negative(c antlr.ParserRuleContext, number *token) ast.Expr {
	x := &ast.Literal{At: at(c)}
	if number.kind == tFloat || number.kind == tExpInt {
		x.Value = b.float(number, "-")
	} else {
		x.Value = b.integer(number, "-")
	}
	return x
}

var bases = map[int32]int{tHex: 16, tBin: 2, tOct: 8}

func (b *builder) integer(t *token, sign string) ops.Value {
	digits, base := strings.ReplaceAll(t.text(), "_", ""), 10
	if other, ok := bases[t.kind]; ok {
		digits, base = digits[len("0x"):], other
	}
	if digits == "" {
		return b.malformed(t, "a number needs a digit")
	}
	n, ok := ops.ParseInteger(sign+digits, base)
	if !ok {
		b.fail(ops.CodeNumberOutOfRange, t.span(), `write it as a decimal: d"…"`, "%s%s does not fit an integer of 128 bits", sign, shorten(t.text()))
	}
	return n
}

func (b *builder) float(t *token, sign string) ops.Value {
	f, err := strconv.ParseFloat(sign+strings.ReplaceAll(t.text(), "_", ""), 64)
	if err != nil || math.IsInf(f, 0) {
		b.fail(ops.CodeNumberOutOfRange, t.span(), `write it as a decimal: d"…"`, "%s%s does not fit a float of 64 bits", sign, shorten(t.text()))
		return ops.None
	}
	return ops.Float(f)
}

func (b *builder) decimal(t *token) ops.Value {
	d, err := ops.ParseDecimal(quotedText(t))
	switch {
	case err == nil:
		return ops.Decimal(d)
	case ops.CodeOf(err) == ops.CodeNumberOutOfRange:
		return b.outOfRange(t, "the exponent of the decimal is out of range")
	}
	return b.malformed(t, `a decimal is written d"1.50"`)
}

func (b *builder) outOfRange(t *token, message string) ops.Value {
	b.fail(ops.CodeNumberOutOfRange, t.span(), "", "%s", message)
	return ops.None
}

// ---- time

// duration reads `2h30m`. The lexer has made sure that each part is digits and a unit.
func (b *builder) duration(t *token) ops.Value {
	d, err := ops.ParseDuration(t.text())
	if err != nil {
		return b.outOfRange(t, "a duration is at most 292 years")
	}
	return ops.Duration(d)
}

func (b *builder) time(t *token) ops.Value {
	ns, err := ops.ParseTime(quotedText(t))
	switch {
	case err == nil:
		return ops.Time(ns)
	case ops.CodeOf(err) == ops.CodeNumberOutOfRange:
		return b.outOfRange(t, "a time lies between the years 1677 and 2262")
	}
	return b.malformed(t, `a time is written t"2026-11-23T10:00:00Z" or t"2026-11-23"`)
}

func (b *builder) uuid(t *token, s string) ops.Value {
	u, err := ops.ParseUUID(s)
	if err != nil {
		return b.malformed(t, `a uuid is written u"550e8400-e29b-41d4-a716-446655440000"`)
	}
	return ops.UUID(u)
}

// ---- text

// unescape decodes a string or bytes literal. In a string \xHH is a code point, in bytes a byte.
func (b *builder) unescape(t *token) string {
	body, from := t.text(), int(t.start)
	if t.kind == tBytes {
		body, from = body[1:], from+1
	}
	body, from = body[1:len(body)-1], from+1
	if strings.IndexByte(body, '\\') < 0 {
		return body
	}
	var out strings.Builder
	out.Grow(len(body))
	for i := 0; i < len(body); {
		if body[i] != '\\' {
			out.WriteByte(body[i])
			i++
			continue
		}
		n := b.escape(&out, body[i:], t.kind == tBytes, from+i)
		i += n
	}
	return out.String()
}

// simpleEscapes are those of one letter.
var simpleEscapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', '\\': '\\', '"': '"', '\'': '\''}

// escape decodes one escape and returns its length.
func (b *builder) escape(out *strings.Builder, s string, inBytes bool, at int) int {
	if c, ok := simpleEscapes[s[1]]; ok {
		out.WriteByte(c)
		return 2
	}
	digits := 0
	switch {
	case s[1] == 'x':
		digits = 2
	case s[1] == 'u' && !inBytes:
		digits = 4
	case s[1] == 'U' && !inBytes:
		digits = 8
	default:
		_, n := utf8.DecodeRuneInString(s[1:])
		b.fail(ops.CodeBadLiteral, ops.Span{Start: at, End: at + 1 + n}, escapeForms(inBytes), "%s is no escape", quote(s[:1+n]))
		return 1 + n
	}
	code, err := strconv.ParseUint(s[2:min(2+digits, len(s))], 16, 32)
	switch {
	case err != nil || len(s) < 2+digits:
		b.fail(ops.CodeBadLiteral, ops.Span{Start: at, End: at + 2}, "", "%s wants %d hexadecimal digits", quote(s[:2]), digits)
		return 2
	case inBytes:
		out.WriteByte(byte(code))
	case !utf8.ValidRune(rune(code)):
		b.fail(ops.CodeBadLiteral, ops.Span{Start: at, End: at + 2 + digits}, "", "%s is no code point", quote(s[:2+digits]))
	default:
		out.WriteRune(rune(code))
	}
	return 2 + digits
}

func escapeForms(inBytes bool) string {
	if inBytes {
		return `escapes in bytes are \n \r \t \\ \" \' \xHH`
	}
	return `escapes are \n \r \t \\ \" \' \xHH \uHHHH \UHHHHHHHH`
}

// ---- regular expressions

func (b *builder) regex(t *token) ops.Value {
	s := t.text()
	close := strings.LastIndex(s, "//")
	flags := s[close+2:]
	for i, flag := range flags {
		if !strings.ContainsRune("gimsux", flag) || strings.ContainsRune(flags[i+1:], flag) {
			at := int(t.start) + close + 2 + i
			b.fail(ops.CodeBadLiteral, ops.Span{Start: at, End: at + 1}, "", "flags of a regular expression are g, i, m, s, u and x, each once")
			return ops.None
		}
	}
	v, err := ops.NewRegex(plainSlashes(s[2:close]), flags)
	var fault *ops.Error
	if errors.As(err, &fault) {
		b.fail(fault.Code, t.span(), "", "%s", fault.Message)
	}
	return v
}

// plainSlashes takes the backslash off every slash: it was there only for the literal's end.
func plainSlashes(s string) string {
	if !strings.Contains(s, `\/`) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			if s[i+1] != '/' {
				out.WriteByte(s[i])
			}
			i++
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// firstInconstant returns a part of an expression that is no constant, or nil.
func firstInconstant(x ast.Expr) ast.Node {
	switch x := x.(type) {
	case nil, *ast.Literal:
		return nil
	case *ast.List:
		return firstInconstantOf(x.Items)
	case *ast.Tuple:
		return firstInconstantOf(x.Items)
	case *ast.Object:
		for _, m := range x.Members {
			if bad := firstInconstant(m.Value); bad != nil {
				return bad
			}
		}
		return nil
	case *ast.Range:
		return firstInconstantOf([]ast.Expr{x.Lo, x.Hi})
	case *ast.RecordExpr:
		return firstInconstant(x.Key)
	}
	return x
}

func firstInconstantOf(xs []ast.Expr) ast.Node {
	for _, x := range xs {
		if bad := firstInconstant(x); bad != nil {
			return bad
		}
	}
	return nil
}
