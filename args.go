package zerodb

import (
	"errors"
	"reflect"

	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// Arg gives values to parameters of a statement. Make one with Named (a value for one parameter) or Params (a map or
// struct with a value for each of its names). Where two give the same name, the later one stands.
type Arg struct {
	name  string
	value Value
	any   any // converted when it is bound; nil where value is set
}

// Named gives parameter $name the value v, which may be a Value or what FromGo takes.
func Named[T any](name string, v T) Arg {
	if value, ok := scalarFromGo(v); ok {
		return Arg{name: name, value: value}
	}
	return Arg{name: name, any: v}
}

// Name returns the name of the parameter; "" for what Params makes.
func (a Arg) Name() string { return a.name }

// Params gives values to the parameters named by the keys of a map or the fields of a struct (by their tags, see
// Rows.Scan). Names that are no parameter of the statement are left out: one struct can serve many statements.
func Params(mapOrStruct any) Arg { return Arg{any: mapOrStruct} }

// bind makes the values of a program's parameters, in dst. Missing ones, unknown ones and values that do not
// fit the parameter's type are errors that name it and point at its first use.
func bind(dst []Value, p *vm.Program, args []Arg) error {
	params := p.Params
	clear(dst)
	var given uint64 // a bit for each of the first 64 parameters; further ones are searched for again
	for i := range args {
		a := &args[i]
		if a.name == "" {
			if err := bindAll(dst, params, &given, a.any); err != nil {
				return err
			}
			continue
		}
		slot := paramSlot(params, a.name)
		if slot < 0 {
			return unknownParameter(params, a.name)
		}
		v := a.value
		if a.any != nil {
			var err error
			if v, err = FromGo(a.any); err != nil {
				return parameterError(a.name, err)
			}
		}
		dst[slot] = v
		given |= bit(slot)
	}
	for i := range params {
		param := &params[i]
		if i < 64 && given&bit(i) == 0 && !param.Optional || i >= 64 && dst[i].IsNone() && !param.Optional {
			return ops.Errorf(ops.CodeParameter, "parameter $%s (%s) has no value", param.Name, param.Type).
				WithHint("give it one: zerodb.Named(%q, …), or --param %s=…", param.Name, param.Name).At(firstUse(p.Source, param.Name))
		}
		if param.Type.Kind == ops.KindAny || dst[i].Kind() == param.Type.Kind && plainType(&param.Type) {
			continue
		}
		v, err := ops.Check(dst[i], param.Type)
		if err != nil {
			return parameterError(param.Name, err).At(firstUse(p.Source, param.Name))
		}
		dst[i] = v
	}
	return nil
}

// plainType reports whether being of the type's kind is all that the type asks.
func plainType(t *ops.Type) bool {
	return t.Width == ops.WidthDefault && t.Elem == nil && t.Len == 0 && t.Elems == nil && t.Name == "" && t.Fields == nil
}

func bit(i int) uint64 {
	if i >= 64 {
		return 0
	}
	return 1 << i
}

func paramSlot(params []vm.Param, name string) int {
	for i := range params {
		if params[i].Name == name {
			return i
		}
	}
	return -1
}

// bindAll takes the values of those parameters that a map or a struct has.
func bindAll(dst []Value, params []vm.Param, given *uint64, from any) error {
	if m, ok := from.(map[string]Value); ok {
		for i := range params {
			if v, ok := m[params[i].Name]; ok {
				dst[i] = v
				*given |= bit(i)
			}
		}
		return nil
	}
	rv := reflect.ValueOf(from)
	for rv.IsValid() && rv.Kind() == reflect.Pointer && !rv.IsNil() {
		rv = rv.Elem()
	}
	find, err := memberFinder(rv)
	if err != nil {
		return err
	}
	for i := range params {
		fv, ok := find(params[i].Name)
		if !ok {
			continue
		}
		v, err := fromReflect(fv, nil, 0)
		if err != nil {
			return parameterError(params[i].Name, err)
		}
		dst[i] = v
		*given |= bit(i)
	}
	return nil
}

// memberFinder looks names up in a map or a struct.
func memberFinder(rv reflect.Value) (func(string) (reflect.Value, bool), error) {
	switch {
	case rv.IsValid() && rv.Kind() == reflect.Map && rv.Type().Key().Kind() == reflect.String:
		return func(name string) (reflect.Value, bool) {
			v := rv.MapIndex(reflect.ValueOf(name).Convert(rv.Type().Key()))
			return v, v.IsValid()
		}, nil
	case rv.IsValid() && rv.Kind() == reflect.Struct:
		p := structPlan(rv.Type())
		return func(name string) (reflect.Value, bool) {
			i, ok := p.byName[name]
			if !ok {
				return reflect.Value{}, false
			}
			return fieldByIndex(rv, p.fields[i].index)
		}, nil
	}
	return nil, ops.Errorf(ops.CodeParameter, "Params wants a map with string keys or a struct, got %T", goValue(rv))
}

func goValue(rv reflect.Value) any {
	if !rv.IsValid() {
		return nil
	}
	return rv.Interface()
}

func unknownParameter(params []vm.Param, name string) error {
	e := ops.Errorf(ops.CodeParameter, "the statement has no parameter $%s", name)
	if len(params) == 0 {
		return e.WithHint("it takes none")
	}
	hint := "it takes"
	for i := range params {
		if i > 0 {
			hint += ","
		}
		hint += " $" + params[i].Name
	}
	return e.WithHint("%s", hint)
}

func parameterError(name string, err error) *Error {
	return &ops.Error{Code: ops.CodeParameter, Message: "parameter $" + name + ": " + messageOf(err), Err: err}
}

// messageOf is an error's message without its code.
func messageOf(err error) string {
	var e *ops.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// firstUse finds where a text first names a parameter. Where a block has a variable of that name, made by LET or FOR, the parameter is
// named behind it: a block sees its own.
func firstUse(text, name string) (at ops.Span) {
	tokens, _ := parse.Tokens(text)
	hidden := false
	for i, t := range tokens {
		switch {
		case t.Text != "$"+name:
		case i > 0 && (tokens[i-1].Text == "LET" || tokens[i-1].Text == "FOR"):
			hidden = true
		case at.IsZero() || hidden:
			at = t.Span
		}
	}
	return at
}

// Expand evaluates arguments for sending them elsewhere: named are those of Named, rest those of Params, of which names that are
// no parameter are left out. Where two gave the same name only the later one is there.
func Expand(args []Arg) (named, rest []Member, err error) {
	set := func(name string, v Value, strict bool) {
		named, rest = without(named, name), without(rest, name)
		if strict {
			named = append(named, Member{Name: name, Value: v})
		} else {
			rest = append(rest, Member{Name: name, Value: v})
		}
	}
	for i := range args {
		a := &args[i]
		v := a.value
		if a.any != nil || a.name == "" {
			if v, err = FromGo(a.any); err != nil {
				return nil, nil, parameterError(a.name, err)
			}
		}
		if a.name != "" {
			set(a.name, v, true)
			continue
		}
		if v.Kind() != ops.KindObject {
			return nil, nil, ops.Errorf(ops.CodeParameter, "Params wants a map with string keys or a struct, got %T", a.any)
		}
		for _, m := range v.AsObject() {
			set(m.Name, m.Value, false)
		}
	}
	return named, rest, nil
}

func without(ms []Member, name string) []Member {
	for i := range ms {
		if ms[i].Name == name {
			return append(ms[:i], ms[i+1:]...)
		}
	}
	return ms
}
