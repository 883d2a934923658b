package ops

import (
	"slices"
	"strconv"
	"strings"
)

var widthNames = [...]string{WidthI8: "i8", WidthI16: "i16", WidthI32: "i32", WidthI64: "i64", WidthI128: "i128",
	WidthU8: "u8", WidthU16: "u16", WidthU32: "u32", WidthU64: "u64", WidthU128: "u128", WidthF32: "f32", WidthF64: "f64"}

// String returns the type as ZeroQL writes it: `int`, `[string 3]`, `map[any]`, `person?`. A type and what ParseType makes
// of its text are Equal, but for the members of an object shape, which a text shows and does not define.
func (t Type) String() string {
	s := t.plain()
	if t.Optional && t.Kind != KindAny && t.Kind != KindNone {
		s += "?"
	}
	return s
}

func (t Type) plain() string {
	switch t.Kind {
	case KindInt, KindWide, KindFloat:
		if t.Width != WidthDefault && int(t.Width) < len(widthNames) {
			return widthNames[t.Width]
		}
	case KindList:
		switch {
		case t.Elem == nil && t.Len == 0:
			return "[any]"
		case t.Len > 0:
			return "[" + t.elem() + " " + strconv.Itoa(t.Len) + "]"
		}
		return "[" + t.elem() + "]"
	case KindSet:
		if t.Elem != nil {
			return "set[" + t.elem() + "]"
		}
	case KindTuple:
		if t.Elems != nil {
			return t.tuple()
		}
	case KindRecord, KindString:
		if t.Name != "" {
			return quotedName(t.Name)
		}
	case KindObject:
		return t.object()
	}
	return t.Kind.String()
}

func (t Type) elem() string {
	if t.Elem == nil {
		return "any"
	}
	return t.Elem.String()
}

func (t Type) tuple() string {
	parts := make([]string, len(t.Elems))
	for i, e := range t.Elems {
		parts[i] = e.String()
	}
	if len(parts) == 1 {
		return "(" + parts[0] + ",)"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func (t Type) object() string {
	switch {
	case t.Name != "":
		return quotedName(t.Name)
	case t.Elem != nil:
		return "map[" + t.elem() + "]"
	case t.Fields != nil:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			parts[i] = f.Name + ": " + f.Type.String()
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	return "object"
}

func quotedName(s string) string {
	if isPlainName(s) {
		return s
	}
	return "`" + s + "`"
}

// Equal reports whether two types are the same. The default widths and the widths they stand for are.
func (t Type) Equal(u Type) bool {
	if t.Kind != u.Kind || normalWidth(t) != normalWidth(u) || t.Optional != u.Optional || t.Len != u.Len || t.Name != u.Name ||
		!slices.Equal(t.Variants, u.Variants) {
		return false
	}
	a, b := t.listElem(), u.listElem()
	if (a == nil) != (b == nil) || a != nil && !a.Equal(*b) {
		return false
	}
	return (t.Elems == nil) == (u.Elems == nil) && slices.EqualFunc(t.Elems, u.Elems, Type.Equal) &&
		(t.Fields == nil) == (u.Fields == nil) && slices.EqualFunc(t.Fields, u.Fields, func(a, b FieldType) bool {
		return a.Name == b.Name && a.Type.Equal(b.Type)
	})
}

// listElem is Elem, or nil for a list whose elements may be anything.
func (t Type) listElem() *Type {
	if t.Kind == KindList && t.Elem != nil && t.Elem.Kind == KindAny {
		return nil
	}
	return t.Elem
}

func normalWidth(t Type) Width {
	switch t.Width {
	case WidthI64, WidthF64:
		return WidthDefault
	}
	return t.Width
}

// TypeNamed returns the type that a name stands for by itself: `int`, `u8`, `object`, `any`. Names that are none are
// links to tables, which the caller knows.
func TypeNamed(name string) (Type, bool) {
	switch name {
	case "any":
		return Any, true
	case "none", "range":
		return Type{}, false
	}
	for k, n := range kindNames {
		if n == name {
			return Type{Kind: Kind(k)}, true
		}
	}
	for w, n := range widthNames {
		if n == name && n != "" {
			return Type{Kind: kindOfWidth(Width(w)), Width: Width(w)}, true
		}
	}
	return Type{}, false
}

// kindOfWidth is the kind of the numbers of a width.
func kindOfWidth(w Width) Kind {
	switch w {
	case WidthU64, WidthU128, WidthI128:
		return KindWide
	case WidthF32, WidthF64:
		return KindFloat
	}
	return KindInt
}

// ParseType reads a type as ZeroQL writes it. A name that is no type is a link to the table of that name.
func ParseType(text string) (Type, error) {
	p := typeParser{rest: text}
	t, ok := p.typ()
	if !ok || strings.TrimSpace(p.rest) != "" {
		return Type{}, Errorf(CodeSyntax, "%s is no type", brief(String(text)))
	}
	return t, nil
}

type typeParser struct {
	rest  string
	depth int
}

// take skips space and then s, if it is next.
func (p *typeParser) take(s string) bool {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	after, ok := strings.CutPrefix(p.rest, s)
	if ok {
		p.rest = after
	}
	return ok
}

func (p *typeParser) typ() (t Type, ok bool) {
	if p.depth++; p.depth > MaxDepth {
		return t, false
	}
	switch {
	case p.take("["):
		t, ok = p.list()
	case p.take("("):
		t, ok = p.tuple()
	default:
		t, ok = p.named()
	}
	p.depth--
	for ok && p.take("?") {
		t.Optional = true
	}
	return t, ok
}

func (p *typeParser) list() (Type, bool) {
	elem, ok := p.typ()
	if !ok {
		return Type{}, false
	}
	t := Type{Kind: KindList, Elem: &elem}
	if elem.Kind == KindAny {
		t.Elem = nil
	}
	p.take("")
	if n := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789")); n > 0 {
		var err error
		if t.Len, err = strconv.Atoi(p.rest[:n]); err != nil || t.Len == 0 {
			return Type{}, false
		}
		p.rest = p.rest[n:]
	}
	return t, p.take("]")
}

func (p *typeParser) tuple() (Type, bool) {
	t := Type{Kind: KindTuple, Elems: []Type{}}
	for !p.take(")") {
		e, ok := p.typ()
		if !ok {
			return t, false
		}
		t.Elems = append(t.Elems, e)
		if !p.take(",") {
			return t, p.take(")")
		}
	}
	return t, true
}

func (p *typeParser) named() (Type, bool) {
	name, quoted, ok := p.name()
	if !ok {
		return Type{}, false
	}
	lower := strings.ToLower(name)
	if quoted {
		return Type{Kind: KindRecord, Name: name}, true
	}
	if p.take("[") {
		return p.generic(lower)
	}
	if t, ok := TypeNamed(lower); ok {
		return t, true
	}
	return Type{Kind: KindRecord, Name: name}, true
}

func (p *typeParser) name() (name string, quoted, ok bool) {
	if p.take("`") {
		name, p.rest, ok = strings.Cut(p.rest, "`")
		return name, true, ok && name != ""
	}
	end := strings.IndexAny(p.rest, " \t\r\n[](),?`")
	if end < 0 {
		end = len(p.rest)
	}
	name, p.rest = p.rest[:end], p.rest[end:]
	return name, false, isPlainName(name) || reserved[name]
}

func (p *typeParser) generic(name string) (Type, bool) {
	elem, ok := p.typ()
	if !ok || !p.take("]") {
		return Type{}, false
	}
	switch name {
	case "set":
		return Type{Kind: KindSet, Elem: &elem}, true
	case "map":
		return Type{Kind: KindObject, Elem: &elem}, true
	case "option":
		elem.Optional = true
		return elem, true
	}
	return Type{}, false
}
