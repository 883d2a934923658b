package ops

import (
	"encoding/base64"
	"unicode/utf8"
)

// AppendJSON appends a value as JSON. None is null; a float keeps a point or an exponent, so that it reads back as one;
// record ids, decimals, times, durations, uuids, ranges and regular expressions are strings as ZeroQL writes them between
// its quotes, bytes are base64; sets and tuples are arrays; members keep their order.
func AppendJSON(dst []byte, v Value) []byte {
	switch v.kind {
	case KindNone:
		return append(dst, "null"...)
	case KindBool, KindInt, KindWide, KindFloat:
		return appendPlain(dst, v)
	case KindString:
		return appendJSONString(dst, v.AsString())
	case KindBytes:
		return append(base64.StdEncoding.AppendEncode(append(dst, '"'), v.AsBytes()), '"')
	case KindList, KindTuple, KindSet:
		dst = append(dst, '[')
		for i, e := range v.AsList() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendJSON(dst, e)
		}
		return append(dst, ']')
	case KindObject:
		dst = append(dst, '{')
		for i, m := range v.AsObject() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendJSONString(dst, m.Name), ':')
			dst = AppendJSON(dst, m.Value)
		}
		return append(dst, '}')
	case KindDecimal, KindTime, KindDuration, KindUUID:
		return append(AppendFormat(append(dst, '"'), v), '"')
	}
	var room [64]byte
	text := AppendFormat(room[:0], v)
	return appendJSONString(dst, string(text))
}

// appendJSONString quotes a string. Bytes that are not UTF-8, which no string should have, become the replacement
// character.
func appendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), `\ufffd`...)
				from = i + 1
			}
			i += n
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}
