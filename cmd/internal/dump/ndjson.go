package dump

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// jsonWriter writes a line for each definition and each record:
//
//	{"zerodb_export":1,"namespace":"main","database":"main"}
//	{"define":"DEFINE TABLE person"}
//	{"table":"person","key":1,"record":{"name":"alice","born":{"$zql":"t\"1990-01-01T00:00:00Z\""}}}
//
// Values that JSON has no kind for are written as ZeroQL literals in {"$zql": …}; so is an object that has a member of
// that name.
type jsonWriter struct {
	out *bufio.Writer
	buf []byte
}

const literalMember = "$zql"

func (w *jsonWriter) begin(c zerodb.Catalog) error {
	w.buf = append(w.buf[:0], jsonMagic...)
	w.buf = appendMember(w.buf, "namespace", c.Namespace())
	w.buf = appendMember(w.buf, "database", c.Database())
	return w.line()
}

func appendMember(dst []byte, name, value string) []byte {
	dst = append(dst, `,"`+name+`":`...)
	return appendText(dst, value)
}

func (w *jsonWriter) line() error {
	w.buf = append(w.buf, "}\n"...)
	_, err := w.out.Write(w.buf)
	return err
}

func (w *jsonWriter) statement(text string) error {
	w.buf = appendText(append(w.buf[:0], `{"define":`...), text)
	return w.line()
}

func (w *jsonWriter) define(t *schema.Table) error { return w.statement(Definition(t)) }

func (w *jsonWriter) record(t *schema.Table, p *zerodb.Pair) error {
	w.buf = appendText(append(w.buf[:0], `{"table":`...), t.Name)
	w.buf = appendJSON(append(w.buf, `,"key":`...), p.Key)
	w.buf = append(w.buf, `,"record":`...)
	members := p.Record.AsObject()
	if len(members) > 0 && members[0].Name == "id" {
		members = members[1:]
	}
	w.buf = appendJSON(w.buf, ops.Object(members))
	return w.line()
}

func (w *jsonWriter) end(*schema.Table) error { return nil }

func (w *jsonWriter) index(t *schema.Table, ix *schema.Index) error {
	return w.statement(IndexDefinition(t, ix))
}

func (w *jsonWriter) flush() error { return w.out.Flush() }

// appendJSON writes a value so that decodeJSON gives the same one.
func appendJSON(dst []byte, v zerodb.Value) []byte {
	switch v.Kind() {
	case ops.KindNone:
		return append(dst, "null"...)
	case ops.KindBool:
		return strconv.AppendBool(dst, v.AsBool())
	case ops.KindInt:
		return strconv.AppendInt(dst, v.AsInt(), 10)
	case ops.KindFloat:
		return appendFloat(dst, v.AsFloat())
	case ops.KindString:
		return appendText(dst, v.AsString())
	case ops.KindList:
		dst = append(dst, '[')
		for i, e := range v.AsList() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, e)
		}
		return append(dst, ']')
	case ops.KindObject:
		if _, ok := v.Member(literalMember); !ok {
			return appendObject(dst, v.AsObject())
		}
	}
	dst = append(dst, `{"`+literalMember+`":`...)
	dst = appendText(dst, string(ops.AppendZQL(nil, v)))
	return append(dst, '}')
}

func appendObject(dst []byte, ms []zerodb.Member) []byte {
	dst = append(dst, '{')
	for i, m := range ms {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, m.Name), ':')
		dst = appendJSON(dst, m.Value)
	}
	return append(dst, '}')
}

// appendFloat always shows that the number is a float.
func appendFloat(dst []byte, f float64) []byte {
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', -1, 64)
	if !bytes.ContainsAny(dst[start:], ".e") {
		dst = append(dst, ".0"...)
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string cannot fail
	return append(dst, bytes.TrimRight(b.Bytes(), "\n")...)
}

// decodeJSON reads a value back.
func decodeJSON(dec *json.Decoder) (zerodb.Value, error) {
	t, err := dec.Token()
	if err != nil {
		return zerodb.None, err
	}
	switch t := t.(type) {
	case nil:
		return zerodb.None, nil
	case bool:
		return zerodb.Bool(t), nil
	case string:
		return zerodb.String(t), nil
	case json.Number:
		return decodeNumber(string(t))
	case json.Delim:
		if t == '[' {
			return decodeList(dec)
		}
	}
	return decodeObject(dec)
}

func decodeNumber(text string) (zerodb.Value, error) {
	if strings.ContainsAny(text, ".eE") {
		f, err := strconv.ParseFloat(text, 64)
		return zerodb.Float(f), err
	}
	i, err := strconv.ParseInt(text, 10, 64)
	return zerodb.Int(i), err
}

func decodeList(dec *json.Decoder) (zerodb.Value, error) {
	var vs []zerodb.Value
	for dec.More() {
		v, err := decodeJSON(dec)
		if err != nil {
			return zerodb.None, err
		}
		vs = append(vs, v)
	}
	_, err := dec.Token()
	return zerodb.List(vs...), err
}

func decodeObject(dec *json.Decoder) (zerodb.Value, error) {
	var ms []zerodb.Member
	for dec.More() {
		n, err := dec.Token()
		if err != nil {
			return zerodb.None, err
		}
		v, err := decodeJSON(dec)
		if err != nil {
			return zerodb.None, err
		}
		ms = append(ms, zerodb.Member{Name: n.(string), Value: v})
	}
	if _, err := dec.Token(); err != nil {
		return zerodb.None, err
	}
	if len(ms) == 1 && ms[0].Name == literalMember && ms[0].Value.Kind() == ops.KindString {
		return zerodb.ParseValue(ms[0].Value.AsString())
	}
	return zerodb.Object(ms...), nil
}
