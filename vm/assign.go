package vm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// Steps of the path of an assignment, see assign.at in ops.Table.
const (
	StepEach  = "[*]" // every element or member
	StepIndex = "[]"  // an index given beside the path
	stepName  = "."   // begins a name
)

// StepName is the step of a name.
func StepName(name string) string { return stepName + name }

// assignOperators are the operators of assignments by their signs; = is none of the machine's.
var assignOperators = map[string]uint16{"=": 0, "+=": opcodes.AddTo, "-=": opcodes.TakeFrom, "*=": opcodes.Mul, "/=": opcodes.Div, "%=": opcodes.Mod}

// maxSteps bounds the path of an assignment, which is walked down recursively.
const maxSteps = 256

// faultOf says what is wrong with the path of an assignment; "" for nothing.
func faultOf(p Path) string {
	if len(p) == 0 || len(p) > maxSteps {
		return fmt.Sprintf("has %d entries; an operator and at most %d steps are wanted", len(p), maxSteps-1)
	}
	if _, ok := assignOperators[p[0]]; !ok {
		return fmt.Sprintf("begins with %q, which is no operator of an assignment", p[0])
	}
	for _, s := range p[1:] {
		if s != StepEach && s != StepIndex && !strings.HasPrefix(s, stepName) {
			return fmt.Sprintf("has %q, which is no step of an assignment", s)
		}
	}
	return ""
}

// indexesOf is how many indexes the path of an assignment takes.
func indexesOf(p Path) (n int) {
	for _, s := range p {
		if s == StepIndex {
			n++
		}
	}
	return n
}

func sourcesOfAssignment(p *Program, in *Instr, dst []uint16) []uint16 {
	return run(dst, in.B, 2+indexesOf(p.Paths[in.C]))
}

func evalAssign(fr *frame, in *Instr, args []ops.Value) (ops.Value, error) {
	return assignPath(args[0], fr.run.linked.Program.Paths[in.C], args[1])
}

func evalAssignAt(fr *frame, in *Instr, args []ops.Value) (ops.Value, error) {
	path := fr.run.linked.Program.Paths[in.C]
	a := assignment{steps: path[1:], indexes: args[2:], value: args[1]}
	a.op, a.change = assignOperators[path[0]], path[0] != "="
	return a.in(args[0], 0, 0)
}

// assignPath returns object o with the value at a path of names replaced; none removes it.
func assignPath(o ops.Value, path Path, v ops.Value) (ops.Value, error) {
	a := assignment{steps: path, names: true, value: v}
	return a.in(o, 0, 0)
}

// assignment is one value on its way to its place.
type assignment struct {
	steps   []string
	names   bool        // the steps are bare names
	indexes []ops.Value // of the steps [], in order
	value   ops.Value
	op      uint16 // combines the value with what is there, where change is set
	change  bool
}

// in returns v with the assignment made below it: steps from number step on, indexes from number index on.
func (a *assignment) in(v ops.Value, step, index int) (ops.Value, error) {
	if step == len(a.steps) {
		if !a.change {
			return a.value, nil
		}
		return ops.Eval2(a.op, v, a.value)
	}
	switch s := a.steps[step]; {
	case a.names:
		return a.inMember(v, s, step, index)
	case s == StepEach:
		return a.inEach(v, step, index)
	case s == StepIndex:
		return a.inElement(v, step, index)
	default:
		return a.inMember(v, s[len(stepName):], step, index)
	}
}

// inMember goes on in a member of an object, which comes into being where it is missing, or of each of a list's elements.
func (a *assignment) inMember(v ops.Value, name string, step, index int) (ops.Value, error) {
	var old []ops.Member
	switch v.Kind() {
	case ops.KindNone:
	case ops.KindObject:
		old = v.AsObject()
	case ops.KindList, ops.KindTuple, ops.KindSet:
		return eachOf(v, func(e ops.Value) (ops.Value, error) { return a.in(e, step, index) })
	case ops.KindRecord:
		return v, ops.Errorf(ops.CodeType, "%s cannot be set through the link %s", a.text(step), ops.Format(v)).
			WithHint("UPDATE %s SET %s …", ops.Format(v), a.text(step))
	default:
		return v, ops.Errorf(ops.CodeType, "%s cannot be set in %s %s: it is no object", a.text(step), article(v.Kind()), ops.Format(v))
	}
	at := slices.IndexFunc(old, func(m ops.Member) bool { return m.Name == name })
	inner := ops.None
	if at >= 0 {
		inner = old[at].Value
	}
	next, err := a.in(inner, step+1, index)
	if err != nil {
		return v, err
	}
	if at < 0 && next.IsNone() {
		return v, nil
	}
	return setMember(old, at, name, next), nil
}

// inEach goes on in every element of a list, tuple or set, or in every member of an object.
func (a *assignment) inEach(v ops.Value, step, index int) (ops.Value, error) {
	switch v.Kind() {
	case ops.KindNone:
		return v, nil
	case ops.KindList, ops.KindTuple, ops.KindSet:
		return eachOf(v, func(e ops.Value) (ops.Value, error) { return a.in(e, step+1, index) })
	case ops.KindObject:
		ms := make([]ops.Member, 0, len(v.AsObject()))
		for _, m := range v.AsObject() {
			var err error
			if m.Value, err = a.in(m.Value, step+1, index); err != nil {
				return v, err
			}
			if !m.Value.IsNone() {
				ms = append(ms, m)
			}
		}
		return ops.Object(ms), nil
	}
	return v, ops.Errorf(ops.CodeType, "%s %s has no elements to set", article(v.Kind()), ops.Format(v))
}

// inElement goes on in one element of a list or tuple, or in the member that the index names.
func (a *assignment) inElement(v ops.Value, step, index int) (ops.Value, error) {
	i := ops.Narrowed(a.indexes[index])
	if i.Kind() == ops.KindString && (v.Kind() == ops.KindObject || v.Kind() == ops.KindNone) {
		return a.inMember(v, i.AsString(), step, index+1)
	}
	switch k := v.Kind(); {
	case k == ops.KindNone:
		return v, ops.Errorf(ops.CodeType, "element %s cannot be set: there is no list", ops.Format(i)).WithHint("+= makes one: field += [value]")
	case k == ops.KindSet:
		return v, ops.Errorf(ops.CodeType, "element %s of a set cannot be set: a set has no places", ops.Format(i)).WithHint("-= takes elements out and += puts them in")
	case k != ops.KindList && k != ops.KindTuple, i.Kind() != ops.KindInt:
		return v, ops.Errorf(ops.CodeType, "element %s of %s %s cannot be set", ops.Format(i), article(k), ops.Format(v))
	}
	n, at := int64(len(v.AsList())), i.AsInt()
	if at < 0 {
		at += n
	}
	if at < 0 || at >= n {
		err := ops.Errorf(ops.CodeType, "element %d cannot be set: the %s has %d", i.AsInt(), v.Kind(), n)
		if v.Kind() == ops.KindList {
			err = err.WithHint("+= appends to a list")
		}
		return v, err
	}
	vs := slices.Clone(v.AsList())
	var err error
	if vs[at], err = a.in(vs[at], step+1, index+1); err != nil {
		return v, err
	}
	return sequenceLike(v, vs), nil
}

// eachOf replaces every element of a list, tuple or set.
func eachOf(v ops.Value, change func(ops.Value) (ops.Value, error)) (ops.Value, error) {
	vs := make([]ops.Value, len(v.AsList()))
	for i, e := range v.AsList() {
		var err error
		if vs[i], err = change(e); err != nil {
			return v, err
		}
	}
	return sequenceLike(v, vs), nil
}

// sequenceLike makes a list, tuple or set, as v is one.
func sequenceLike(v ops.Value, vs []ops.Value) ops.Value {
	switch v.Kind() {
	case ops.KindTuple:
		return ops.Tuple(vs)
	case ops.KindSet:
		return ops.NewSet(vs)
	}
	return ops.List(vs)
}

// text is the path from a step on, as it is written.
func (a *assignment) text(step int) string {
	var b strings.Builder
	for i, s := range a.steps[step:] {
		switch {
		case !a.names && s == StepIndex:
			b.WriteString("[…]")
		case !a.names && s == StepEach:
			b.WriteString(s)
		default:
			if i > 0 {
				b.WriteString(stepName)
			}
			if !a.names {
				s = s[len(stepName):]
			}
			b.WriteString(s)
		}
	}
	return b.String()
}

// setMember returns the members with one at place at (-1: behind them) set or, with none, removed.
func setMember(old []ops.Member, at int, name string, v ops.Value) ops.Value {
	switch {
	case v.IsNone() && at < 0:
		return ops.Object(old)
	case v.IsNone():
		return ops.Object(slices.Concat(old[:at], old[at+1:]))
	case at < 0:
		ms := make([]ops.Member, len(old), len(old)+1)
		copy(ms, old)
		return ops.Object(append(ms, ops.Member{Name: name, Value: v}))
	}
	ms := slices.Clone(old)
	ms[at].Value = v
	return ops.Object(ms)
}
