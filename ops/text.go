package ops

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// AppendZQL appends a value as the ZeroQL literal that reads back as it. A set, which has no literal, is written as
// the list that it equals.
func AppendZQL(dst []byte, v Value) []byte { return appendZQL(dst, v, false) }

// AppendExact appends a value as the ZeroQL expression that makes the very value again: AppendZQL, but for sets, which it writes as
// what makes one of a list.
func AppendExact(dst []byte, v Value) []byte { return appendZQL(dst, v, true) }

func appendZQL(dst []byte, v Value, exact bool) []byte {
	switch v.kind {
	case KindDecimal:
		return append(v.AsDecimal().Append(append(dst, `d"`...), 'G'), '"')
	case KindString:
		return appendQuoted(dst, v.AsString())
	case KindBytes:
		return appendQuotedBytes(append(dst, 'b'), v.AsBytes())
	case KindTime:
		return append(appendTime(append(dst, `t"`...), v), '"')
	case KindUUID:
		return append(appendUUID(append(dst, `u"`...), v.AsUUID()), '"')
	case KindList, KindSet:
		open, end := "[", "]"
		if exact && v.kind == KindSet {
			open, end = "type::set([", "])"
		}
		return append(appendElements(append(dst, open...), v.AsList(), exact), end...)
	case KindTuple:
		dst = appendElements(append(dst, '('), v.AsList(), exact)
		if len(v.AsList()) == 1 {
			dst = append(dst, ',')
		}
		return append(dst, ')')
	case KindObject:
		return appendObject(dst, v.AsObject(), exact)
	case KindRange:
		return appendRange(dst, v.AsRange())
	case KindRegex:
		return appendRegex(dst, v.AsRegex())
	}
	return appendPlain(dst, v)
}

// appendPlain appends a value of a kind whose literal and whose text for people are the same.
func appendPlain(dst []byte, v Value) []byte {
	switch v.kind {
	case KindNone:
		return append(dst, "none"...)
	case KindBool:
		return strconv.AppendBool(dst, v.AsBool())
	case KindInt:
		return strconv.AppendInt(dst, v.AsInt(), 10)
	case KindWide:
		return v.AsWide().AppendDecimal(dst)
	case KindFloat:
		return appendFloat(dst, v.AsFloat())
	case KindDuration:
		return AppendDuration(dst, v.AsDuration())
	case KindRecord:
		return appendRecord(dst, v)
	}
	return dst
}

// Format shows a value to people and to programs that want text: a string as it is, decimals, times and uuids without
// quotes, bytes in base64, everything else as AppendZQL writes it.
func Format(v Value) string {
	if v.kind == KindString {
		return v.AsString()
	}
	return string(AppendFormat(nil, v))
}

// AppendFormat appends what Format returns.
func AppendFormat(dst []byte, v Value) []byte {
	switch v.kind {
	case KindString:
		return append(dst, v.AsString()...)
	case KindBytes:
		return base64.StdEncoding.AppendEncode(dst, v.AsBytes())
	case KindDecimal:
		return v.AsDecimal().Append(dst, 'G')
	case KindTime:
		return appendTime(dst, v)
	case KindUUID:
		return appendUUID(dst, v.AsUUID())
	}
	return AppendZQL(dst, v)
}

// brief shows a value in an error message: its literal, cut where it is long.
func brief(v Value) string {
	const most = 60
	s := string(AppendZQL(nil, v))
	if len(s) <= most {
		return s
	}
	cut := most - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// described is a value with its kind, for error messages: `int 3`, `none`.
func described(v Value) string {
	if v.kind == KindNone {
		return "none"
	}
	return kindName(v.kind) + " " + brief(v)
}

// kindName is what people call a kind: a wide is an int that takes more room.
func kindName(k Kind) string {
	if k == KindWide {
		k = KindInt
	}
	return k.String()
}

func appendFloat(dst []byte, f float64) []byte {
	form := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		form = 'e'
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, f, form, -1, 64)
	for _, c := range dst[from:] {
		if c == '.' || c == 'e' {
			return dst
		}
	}
	return append(dst, ".0"...) // a float reads back as one
}

func appendTime(dst []byte, v Value) []byte {
	return v.AsTime().AppendFormat(dst, time.RFC3339Nano)
}

func appendUUID(dst []byte, u [16]byte) []byte {
	for i, part := range [][]byte{u[:4], u[4:6], u[6:8], u[8:10], u[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

func appendElements(dst []byte, vs []Value, exact bool) []byte {
	for i, v := range vs {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = appendZQL(dst, v, exact)
	}
	return dst
}

func appendObject(dst []byte, ms []Member, exact bool) []byte {
	if len(ms) == 0 {
		return append(dst, "{}"...)
	}
	dst = append(dst, "{ "...)
	for i, m := range ms {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if isPlainName(m.Name) {
			dst = append(dst, m.Name...)
		} else {
			dst = appendQuoted(dst, m.Name)
		}
		dst = appendZQL(append(dst, ": "...), m.Value, exact)
	}
	return append(dst, " }"...)
}

func appendRange(dst []byte, r *RangeValue) []byte {
	if !r.Lo.IsNone() {
		dst = append(AppendZQL(dst, r.Lo), ' ')
	}
	dst = append(dst, ".."...)
	if r.Inclusive {
		dst = append(dst, '=')
	}
	if !r.Hi.IsNone() {
		dst = AppendZQL(append(dst, ' '), r.Hi)
	}
	return dst
}

// appendRegex escapes slashes: two of them would end the literal.
func appendRegex(dst []byte, r *Regex) []byte {
	dst = append(dst, "//"...)
	for i := 0; i < len(r.Source); i++ {
		switch c := r.Source[i]; {
		case c == '\\' && i+1 < len(r.Source):
			dst = append(dst, r.Source[i:i+2]...)
			i++
		case c == '/':
			dst = append(dst, `\/`...)
		default:
			dst = append(dst, c)
		}
	}
	return append(append(dst, "//"...), r.Flags...)
}

// ---- names

func appendRecord(dst []byte, v Value) []byte {
	if table := v.RecordTable(); isPlainName(table) {
		dst = append(dst, table...)
	} else {
		dst = append(append(append(dst, '`'), table...), '`')
	}
	dst = append(dst, ':')
	key := v.RecordKey()
	if key.kind == KindString && isPlainKey(key.AsString()) {
		return append(dst, key.AsString()...)
	}
	return AppendZQL(dst, key)
}

// reserved are the words that stand for themselves nowhere but in backticks or quotes.
var reserved = map[string]bool{"true": true, "false": true, "none": true, "not": true, "and": true, "or": true, "then": true, "do": true,
	"else": true, "end": true}

// isPlainName reports whether a name can be written without quotes in every place.
func isPlainName(s string) bool {
	for i, r := range s {
		switch {
		case r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z':
		case '0' <= r && r <= '9' && i > 0:
		case r < utf8.RuneSelf || r == 'µ' || r == 'μ' || !unicode.IsLetter(r): // the micro sign belongs to durations
			return false
		}
	}
	return s != "" && !(len(s) <= 5 && reserved[strings.ToLower(s)])
}

// isPlainKey reports whether a string key can be written as a word: a name, or a ULID, which begins with a digit.
func isPlainKey(s string) bool {
	if isPlainName(s) {
		return true
	}
	if len(s) != 26 || s[0] < '0' || s[0] > '7' {
		return false
	}
	letter := false
	for i := range len(s) {
		switch c := s[i]; {
		case 'A' <= c && c <= 'Z':
			letter = letter || c != 'E' // digits and one E would be a float
		case c < '0' || c > '9':
			return false
		}
	}
	return letter && (s[0] != '0' || s[1] <= '9')
}

// ---- quotes

// quoteEscapes are the escapes of one letter.
var quoteEscapes = [256]byte{'\n': 'n', '\r': 'r', '\t': 't', '\\': '\\', '"': '"'}

const hexDigits = "0123456789abcdef"

func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		if c := s[i]; quoteEscapes[c] == 0 && (c < ' ' || c == 0x7f) {
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15]) // JSON has this one too
			continue
		}
		dst = appendEscaped(dst, s[i], false)
	}
	return append(dst, '"')
}

func appendQuotedBytes(dst []byte, bs []byte) []byte {
	dst = append(dst, '"')
	for _, c := range bs {
		dst = appendEscaped(dst, c, c < ' ' || c >= 0x7f)
	}
	return append(dst, '"')
}

func appendEscaped(dst []byte, c byte, inHex bool) []byte {
	switch e := quoteEscapes[c]; {
	case e != 0:
		return append(dst, '\\', e)
	case inHex:
		return append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
	}
	return append(dst, c)
}
