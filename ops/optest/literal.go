// Package optest helps tests of operators: it reads values from test files, draws values and vectors at random, and keeps
// the table of operator cases that the reference evaluator and the kernels are held to alike.
package optest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/zerodb/zerodb/ops"
)

// Parse reads a value as AppendZQL writes it; `set[1, 2]` is a set, `w5` a wide. It panics on what it cannot read: test
// files are part of the program.
func Parse(text string) ops.Value {
	p := parser{text}
	v := p.value()
	if p.space(); p.rest != "" {
		panic(fmt.Sprintf("optest: %q is left over of %q", p.rest, text))
	}
	return v
}

type parser struct{ rest string }

func (p *parser) space() { p.rest = strings.TrimLeft(p.rest, " ") }

func (p *parser) take(s string) bool {
	p.space()
	after, ok := strings.CutPrefix(p.rest, s)
	if ok {
		p.rest = after
	}
	return ok
}

// value reads a value that may be a range.
func (p *parser) value() ops.Value {
	var lo ops.Value
	if p.space(); !strings.HasPrefix(p.rest, "..") {
		lo = p.single()
	}
	if !p.take("..") {
		return lo
	}
	r := &ops.RangeValue{Lo: lo, Inclusive: p.take("=")}
	if p.space(); p.rest != "" && !strings.ContainsRune(",])}", rune(p.rest[0])) {
		r.Hi = p.single()
	}
	return ops.Range(r)
}

func (p *parser) single() ops.Value {
	switch {
	case p.take("set["):
		return ops.NewSet(p.values("]"))
	case p.take("["):
		return ops.List(p.values("]"))
	case p.take("("):
		return ops.Tuple(p.values(")"))
	case p.take("{"):
		return p.object()
	case p.take("//"):
		source, after, _ := strings.Cut(p.rest, "//")
		n := len(after) - len(strings.TrimLeft(after, "gimsux"))
		p.rest = after[n:]
		return must(ops.NewRegex(source, after[:n]))
	case p.take(`d"`):
		d, err := ops.ParseDecimal(p.quoted())
		return must(ops.Decimal(d), err)
	case p.take(`t"`):
		ns, err := ops.ParseTime(p.quoted())
		return must(ops.Time(ns), err)
	case p.take(`u"`):
		u, err := ops.ParseUUID(p.quoted())
		return must(ops.UUID(u), err)
	case p.take(`b"`):
		return ops.Bytes([]byte(p.unquote()))
	case p.take(`"`):
		return ops.String(p.unquote())
	}
	return p.word()
}

func must(v ops.Value, err error) ops.Value {
	if err != nil {
		panic(err)
	}
	return v
}

func (p *parser) quoted() string {
	s, after, ok := strings.Cut(p.rest, `"`)
	if !ok {
		panic("optest: an open quote in " + p.rest)
	}
	p.rest = after
	return s
}

func (p *parser) unquote() string {
	s, err := strconv.QuotedPrefix(`"` + p.rest)
	if err != nil {
		panic("optest: a bad string " + p.rest)
	}
	p.rest = p.rest[len(s)-1:]
	s, _ = strconv.Unquote(s)
	return s
}

func (p *parser) values(end string) (vs []ops.Value) {
	for !p.take(end) {
		vs = append(vs, p.value())
		p.take(",")
	}
	return vs
}

func (p *parser) object() ops.Value {
	var ms []ops.Member
	for !p.take("}") {
		p.space()
		name, after, ok := strings.Cut(p.rest, ":")
		if !ok {
			panic("optest: a member without a value in " + p.rest)
		}
		p.rest = after
		ms = append(ms, ops.Member{Name: strings.Trim(name, `" `), Value: p.value()})
		p.take(",")
	}
	return ops.Object(ms)
}

// word reads what is written without brackets or quotes.
func (p *parser) word() ops.Value {
	p.space()
	end := strings.IndexAny(p.rest, " ,])}")
	if end < 0 {
		end = len(p.rest)
	}
	if dots := strings.Index(p.rest[:end], ".."); dots >= 0 {
		end = dots
	}
	w := p.rest[:end]
	p.rest = p.rest[end:]
	switch w {
	case "none":
		return ops.None
	case "true", "false":
		return ops.Bool(w == "true")
	}
	if i, ok := ops.ParseInteger(w, 10); ok {
		return i
	}
	if digits, ok := strings.CutPrefix(w, "w"); ok {
		if i, ok := ops.ParseInteger(digits, 10); ok {
			return ops.WideOf(i.AsWide())
		}
	}
	if f, err := strconv.ParseFloat(w, 64); err == nil {
		return ops.Float(f)
	}
	if d, err := ops.ParseDuration(w); err == nil {
		return ops.Duration(d)
	}
	return must(ops.ParseRecord(w))
}
