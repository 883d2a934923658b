package ops

import (
	"fmt"
	"strings"
)

// Types that stand for several in a signature. They are written like a type's name and are kept as an any of
// that Name.
const (
	numberVar = "number" // int, wide, float or decimal; as a result, the widest of the number arguments
	anyVar    = "T"      // any type; as a result, what the arguments have in its place
)

// parseSignature reads a signature as the rows write it: `list: [T], places?: int, others...: any -> [T]`. A name
// followed by ? may be left out, by ... may be repeated. A type followed by ? takes none as a value, as any and T do.
// It panics on what it cannot read: the rows are part of the program.
func parseSignature(text string) Signature {
	params, result, ok := strings.Cut(text, "->")
	if !ok {
		panic("ops: signature without result: " + text)
	}
	s := Signature{result: strings.TrimSpace(result)}
	s.Result = withoutVars(signatureType(s.result))
	for p := range strings.SplitSeq(params, ",") {
		if p = strings.TrimSpace(p); p != "" {
			s.addParam(p)
		}
	}
	s.text = "(" + strings.TrimSpace(params) + ") -> " + s.result
	return s
}

func (s *Signature) addParam(text string) {
	name, typ, ok := strings.Cut(text, ":")
	if !ok || s.Variadic {
		panic("ops: bad parameter " + text)
	}
	if n, cut := strings.CutSuffix(name, "..."); cut {
		name, s.Variadic = n, true
	}
	if n, cut := strings.CutSuffix(name, "?"); cut {
		name = n
		s.Optional++
	} else if s.Optional > 0 {
		panic("ops: a needed parameter behind one that may be left out: " + text)
	}
	s.Names = append(s.Names, name)
	p := signatureType(strings.TrimSpace(typ))
	s.Params = append(s.Params, p)
	s.accepts = append(s.accepts, acceptedKinds(p))
}

func signatureType(text string) Type {
	if t, ok := strings.CutSuffix(text, "?"); ok {
		typ := signatureType(t)
		typ.Optional = true
		return typ
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		elem := signatureType(strings.TrimSuffix(inner, "]"))
		return Type{Kind: KindList, Elem: &elem}
	}
	switch text {
	case numberVar:
		return Type{Kind: KindAny, Name: numberVar}
	case anyVar:
		return Type{Kind: KindAny, Name: anyVar, Optional: true}
	case "any":
		return Any
	case "list":
		return Type{Kind: KindList}
	}
	if text == KindRange.String() {
		return Type{Kind: KindRange}
	}
	if t, ok := TypeNamed(text); ok {
		return t
	}
	panic("ops: unknown type in a signature: " + text)
}

// withoutVars makes of a type with variables one that says what is known without them.
func withoutVars(t Type) Type {
	if t.Kind == KindAny {
		return Any
	}
	if t.Elem != nil {
		elem := withoutVars(*t.Elem)
		if elem.Kind == KindAny {
			t.Elem = nil
		} else {
			t.Elem = &elem
		}
	}
	return t
}

// ResultOf returns the type of the result for arguments of these types, which fit the signature.
func (s *Signature) ResultOf(args []Type) Type {
	if !strings.Contains(s.result, numberVar) && !strings.Contains(s.result, anyVar) {
		return s.withNone(s.Result, args)
	}
	var bound binding
	for i, a := range args {
		if i < len(s.Params) || s.Variadic {
			bound.bind(s.Param(i), a)
		}
	}
	result := withoutVars(bound.apply(signatureType(s.result)))
	result.Optional = result.Optional || strings.HasSuffix(s.result, "?")
	return s.withNone(result, args)
}

// withNone makes the result optional where an argument that may be none would make it none.
func (s *Signature) withNone(result Type, args []Type) Type {
	for i, a := range args {
		if (a.Optional || a.Kind == KindNone || a.Kind == KindAny) && !s.Param(i).Optional {
			result.Optional = true
		}
	}
	return result
}

// binding is what a signature's type variable stands for in one call.
type binding struct {
	typ   Type
	known bool
}

func (b *binding) bind(param, arg Type) {
	switch {
	case param.Kind == KindAny && param.Name != "":
		b.add(arg)
	case param.Elem != nil && arg.Elem != nil:
		b.bind(*param.Elem, *arg.Elem)
	case param.Elem != nil && len(arg.Elems) > 0:
		for _, e := range arg.Elems {
			b.bind(*param.Elem, e)
		}
	case param.Elem != nil:
		b.bind(*param.Elem, Any)
	}
}

func (b *binding) add(t Type) {
	optional := b.typ.Optional || t.Optional
	switch {
	case !b.known:
		b.typ, b.known = t, true
	case t.Kind.IsNumber() && b.typ.Kind.IsNumber():
		b.typ = Type{Kind: max(t.Kind, b.typ.Kind)}
	case t.Kind != b.typ.Kind:
		b.typ = Any
	case !sameShape(t, b.typ):
		b.typ = Type{Kind: t.Kind}
	}
	b.typ.Optional = optional
	if b.typ.Kind.IsNumber() {
		b.typ.Width = WidthDefault
	}
}

// sameShape reports whether two types of one kind say the same about what is inside; in doubt it says no.
func sameShape(a, b Type) bool {
	switch {
	case a.Kind == KindRecord:
		return a.Name == b.Name
	case a.Elem != nil && b.Elem != nil:
		return a.Elem.Kind == b.Elem.Kind && sameShape(*a.Elem, *b.Elem)
	}
	return a.Elem == nil && b.Elem == nil && a.Elems == nil && b.Elems == nil && a.Fields == nil && b.Fields == nil
}

func (b *binding) apply(t Type) Type {
	if t.Kind == KindAny && t.Name != "" {
		if !b.known {
			return Any
		}
		return b.typ
	}
	if t.Elem != nil {
		elem := b.apply(*t.Elem)
		t.Elem = &elem
	}
	return t
}

// generalOf makes the signature that holds whichever of several is meant in the end.
func generalOf(ss []Signature) Signature {
	g := ss[0]
	if len(ss) == 1 {
		return g
	}
	fewest, most := g.Arity()
	for i := range ss[1:] {
		s := &ss[i+1]
		few, many := s.Arity()
		fewest = min(fewest, few)
		if most >= 0 {
			most = max(most, many)
		}
		if many < 0 {
			most = -1
		}
		if s.Result.Kind != g.Result.Kind {
			g.Result = Any
		} else if !sameShape(s.Result, g.Result) {
			g.Result = Type{Kind: s.Result.Kind, Optional: s.Result.Optional || g.Result.Optional}
		}
	}
	g.Variadic = most < 0
	n := max(most, fewest, 1)
	g.Params, g.Names = make([]Type, n), make([]string, n)
	for i := range g.Params {
		g.Params[i], g.Names[i] = Any, fmt.Sprintf("a%d", i+1)
	}
	g.Optional = n - fewest
	g.result = g.Result.Kind.String()
	g.text = fmt.Sprintf("(%d to %d of any) -> %s", fewest, most, g.result)
	return g
}
