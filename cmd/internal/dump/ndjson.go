package dump

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strconv"

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
// Values that JSON has no kind for are written as ZeroQL literals in {"$zql": …}; so is an object that JSON would not bring
// back as it is.
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

func (w *jsonWriter) define(text string) error {
	w.buf = appendText(append(w.buf[:0], `{"define":`...), text)
	return w.line()
}

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
	return w.define(IndexDefinition(t, ix))
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
	case ops.KindWide:
		return v.AsWide().AppendDecimal(dst)
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
		if plainObject(v.AsObject()) {
			return appendObject(dst, v.AsObject())
		}
	}
	dst = append(dst, `{"`+literalMember+`":`...)
	dst = appendText(dst, string(ops.AppendZQL(nil, v)))
	return append(dst, '}')
}

// plainObject reports whether an object comes back from JSON as it is: not with a member of the tag's name, and not with
// one that is none, which JSON's readers leave out.
func plainObject(ms []zerodb.Member) bool {
	for _, m := range ms {
		if m.Name == literalMember || m.Value.IsNone() {
			return false
		}
	}
	return true
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

// untag turns the tagged literals in a value that was read from JSON into what they stand for.
func untag(v zerodb.Value) (zerodb.Value, error) {
	switch v.Kind() {
	case ops.KindList:
		for i, e := range v.AsList() {
			u, err := untag(e)
			if err != nil {
				return zerodb.None, err
			}
			v.AsList()[i] = u // nobody else has the list yet
		}
	case ops.KindObject:
		ms := v.AsObject()
		if len(ms) == 1 && ms[0].Name == literalMember && ms[0].Value.Kind() == ops.KindString {
			return zerodb.ParseValue(ms[0].Value.AsString())
		}
		for i, m := range ms {
			u, err := untag(m.Value)
			if err != nil {
				return zerodb.None, err
			}
			ms[i].Value = u
		}
	}
	return v, nil
}
