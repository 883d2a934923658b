package ast

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/zerodb/zerodb/ops"
)

// literalLevel: a number with a sign is a prefix and its operand.
func literalLevel(v ops.Value) level {
	switch v.Kind() {
	case ops.KindInt:
		if v.AsInt() < 0 {
			return levelUnary
		}
	case ops.KindWide:
		if v.AsWide().Negative {
			return levelUnary
		}
	case ops.KindFloat:
		if math.Signbit(v.AsFloat()) {
			return levelUnary
		}
	case ops.KindDuration:
		if v.AsDuration() < 0 {
			return levelUnary
		}
	case ops.KindRange:
		return levelOpenRange
	}
	return levelPrimary
}

func (p *printer) integer(i int64) { p.word(strconv.FormatInt(i, 10)) }

// value writes a constant as a literal.
func (p *printer) value(v ops.Value) {
	switch v.Kind() {
	case ops.KindNone:
		p.word("none")
	case ops.KindBool:
		p.word(strconv.FormatBool(v.AsBool()))
	case ops.KindInt:
		p.integer(v.AsInt())
	case ops.KindWide:
		p.word(v.AsWide().String())
	case ops.KindFloat:
		p.float(v.AsFloat())
	case ops.KindDecimal:
		p.word(`d"` + v.AsDecimal().String() + `"`)
	case ops.KindString:
		p.quoted(v.AsString())
	case ops.KindBytes:
		p.bytes(v.AsBytes())
	case ops.KindTime:
		p.word(`t"` + v.AsTime().Format(time.RFC3339Nano) + `"`)
	case ops.KindDuration:
		p.duration(v.AsDuration())
	case ops.KindUUID:
		p.uuid(v.AsUUID())
	case ops.KindRegex:
		p.regex(v.AsRegex())
	default:
		p.composite(v)
	}
}

// composite writes a constant made of constants, as a pass that folds them makes.
func (p *printer) composite(v ops.Value) {
	switch v.Kind() {
	case ops.KindList, ops.KindSet:
		p.word("[")
		p.values(v.AsList())
		p.word("]")
	case ops.KindTuple:
		p.word("(")
		p.values(v.AsList())
		if len(v.AsList()) == 1 {
			p.word(",")
		}
		p.word(")")
	case ops.KindObject:
		p.word("{ ")
		for i, m := range v.AsObject() {
			p.comma(i)
			p.memberName(m.Name)
			p.word(": ")
			p.value(m.Value)
		}
		p.word(" }")
	case ops.KindRecord:
		p.plainName(v.RecordTable())
		p.word(":")
		if key := v.RecordKey(); !p.keyValue(key) {
			p.value(key)
		}
	case ops.KindRange:
		p.rangeValue(v.AsRange())
	}
}

func (p *printer) values(vs []ops.Value) {
	for i, v := range vs {
		p.comma(i)
		p.value(v)
	}
}

func (p *printer) rangeValue(r *ops.RangeValue) {
	if !r.Lo.IsNone() {
		p.value(r.Lo)
	}
	p.word(" ..")
	if r.Inclusive {
		p.word("=")
	}
	p.word(" ")
	if !r.Hi.IsNone() {
		p.value(r.Hi)
	}
}

func (p *printer) float(f float64) {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	p.word(s)
}

// durationUnits are written from the largest to the smallest.
var durationUnits = []struct {
	name string
	size time.Duration
}{
	{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second},
	{"ms", time.Millisecond}, {"us", time.Microsecond}, {"ns", time.Nanosecond},
}

func (p *printer) duration(d time.Duration) {
	if d == 0 {
		p.word("0s")
		return
	}
	if d < 0 {
		p.word("-")
	}
	for _, u := range durationUnits {
		if n := d / u.size; n != 0 {
			p.word(strings.TrimPrefix(strconv.FormatInt(int64(n), 10), "-") + u.name)
			d %= u.size
		}
	}
}

func (p *printer) uuid(u [16]byte) {
	h := hex.EncodeToString(u[:])
	p.word(`u"` + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:] + `"`)
}

// escapes are those of one letter.
var escapes = map[rune]string{'\n': `\n`, '\r': `\r`, '\t': `\t`, '\\': `\\`, '"': `\"`}

func (p *printer) quoted(s string) {
	p.word(`"`)
	for _, r := range s {
		switch e, ok := escapes[r]; {
		case ok:
			p.word(e)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&p.b, `\x%02x`, r)
		default:
			p.b.WriteRune(r)
		}
	}
	p.word(`"`)
}

func (p *printer) bytes(bs []byte) {
	p.word(`b"`)
	for _, c := range bs {
		switch e, ok := escapes[rune(c)]; {
		case ok:
			p.word(e)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&p.b, `\x%02x`, c)
		default:
			p.b.WriteByte(c)
		}
	}
	p.word(`"`)
}

// regex writes an expression; its slashes are escaped, for two of them would end it.
func (p *printer) regex(r *ops.Regex) {
	p.word("//")
	for i := 0; i < len(r.Source); i++ {
		switch c := r.Source[i]; {
		case c == '\\' && i+1 < len(r.Source):
			p.word(r.Source[i : i+2])
			i++
		case c == '/':
			p.word(`\/`)
		default:
			p.b.WriteByte(c)
		}
	}
	p.word("//" + r.Flags)
}

// keyValue writes the key of a record, or reports that it needs brackets. Words and strings are the same key: a string is
// written as a word where it is one.
func (p *printer) keyValue(v ops.Value) bool {
	switch v.Kind() {
	case ops.KindString:
		if s := v.AsString(); isIdentifier(s) || isDigitWord(s) {
			p.word(s)
		} else {
			p.quoted(s)
		}
	case ops.KindInt, ops.KindWide, ops.KindUUID:
		p.value(v)
	default:
		return false
	}
	return true
}

// isDigitWord reports whether a key begins with a digit and is no integer: `01J9ZK`.
func isDigitWord(s string) bool {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return false
	}
	return isIdentifier("_"+s) && strings.Trim(s, "0123456789_") != ""
}
