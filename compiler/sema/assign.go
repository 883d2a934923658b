package sema

import (
	"slices"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// Place is where the text gives a value to a field of a record that is written, for errors that are found when it is.
type Place struct {
	Path []string // of names; what lies below an index belongs to its list
	Span ops.Span
}

func (w *Write) place(path []string, at ops.Span) { w.Places = append(w.Places, Place{path, at}) }

// assignments resolves SET: every value is computed from the record as it was, then all are assigned.
func (c *checker) assignments(w *Write, d *ast.Data, base Expr) Expr {
	out := base
	for i := range d.Set {
		a := &d.Set[i]
		name := a.Target.Base.Text
		for j := range d.Set[:i] {
			if collide(a, &d.Set[j]) {
				c.failf(ops.CodeSyntax, a.Target.Span, "%s is set twice", c.text(a.Target.Span))
				break
			}
		}
		value := c.expr(a.Value)
		if name == "id" && len(a.Target.Steps) == 0 {
			c.assignID(w, value, a)
			continue
		}
		if w.Edge && w.Kind != WriteCreate && (name == "in" || name == "out") {
			c.failf(ops.CodeReadOnly, a.Target.Span, "%s is an end of the edge and cannot be changed", name)
			continue
		}
		out = c.assignTo(w, out, a, value)
	}
	return out
}

// collide reports whether two assignments of one SET are to the same field, or one of them changes what the other one assigns as
// well, which would then not be of the record as it was.
func collide(a, b *ast.Assignment) bool {
	x, y := a.Target.Steps, b.Target.Steps
	if a.Target.Base.Text != b.Target.Base.Text {
		return false
	}
	if len(x) == 0 && len(y) == 0 {
		return true
	}
	for i := range min(len(x), len(y)) {
		if apart(&x[i], &y[i]) {
			return false
		}
	}
	return a.Op != ast.AssignSet || b.Op != ast.AssignSet
}

// apart reports whether two steps from one place lead to two for certain: different names, or different numbers from the same end.
func apart(x, y *ast.PathStep) bool {
	if x.Name != nil && y.Name != nil {
		return x.Name.Text != y.Name.Text
	}
	a, isA := x.Index.(*ast.Literal)
	b, isB := y.Index.(*ast.Literal)
	return isA && isB && a.Value.Kind() == b.Value.Kind() && !ops.Equal(a.Value, b.Value)
}

func (c *checker) assignID(w *Write, value Expr, a *ast.Assignment) {
	if w.Kind == WriteUpdate || w.Kind == WriteUpsert && w.Old != nil {
		c.failf(ops.CodeReadOnly, a.Target.Span, "id is the record's key and cannot be changed")
		return
	}
	c.keyFrom(w, value)
}

// assignTo makes the object in which the target has the value.
func (c *checker) assignTo(w *Write, x Expr, a *ast.Assignment, value Expr) Expr {
	steps := a.Target.Steps
	names := 0
	path := []string{a.Target.Base.Text}
	for names < len(steps) && steps[names].Name != nil {
		path = append(path, steps[names].Name.Text)
		names++
	}
	w.place(path, a.Span)
	known, ok := c.targetType(w, &a.Target, path, steps[names:])
	op := a.Op
	if op != ast.AssignSet && (len(steps) == 0 || ok && names == len(steps)) { // its place is an object's member for certain
		value, op = c.combined(op, c.startOf(known, c.targetValue(&a.Target)), value, a.Span), ast.AssignSet
	}
	if ok && op == ast.AssignSet {
		c.checkValue(w, path[len(path)-1], known, value)
	}
	first := &ast.PathStep{At: ast.At{Span: a.Target.Base.Span}, Name: &a.Target.Base}
	return c.assignSteps(x, append([]ast.PathStep{*first}, steps...), op, value, a.Target.Span)
}

// targetType is the type that the table declares for what is assigned to, where it says one, and reports what can be no target:
// an unknown field, an element of what has none.
func (c *checker) targetType(w *Write, p *ast.FieldPath, path []string, inner []ast.PathStep) (ops.Type, bool) {
	if w.Desc == nil || path[0] == "id" {
		return ops.Any, false
	}
	if _, ok := c.fieldType(w.Desc, path[0], p.Base.Span); !ok {
		return ops.Any, false
	}
	t, ok := declared(w.Desc, path)
	for i := 0; ok && i < len(inner); i++ {
		s := &inner[i]
		if s.Name != nil {
			return ops.Any, false
		}
		switch t.Kind {
		case ops.KindList, ops.KindTuple, ops.KindObject, ops.KindAny:
		case ops.KindSet:
			if !s.All {
				c.fail(ops.Errorf(ops.CodeType, "%s is a set, whose elements have no places", path[len(path)-1]).
					WithHint("-= takes elements out and += puts them in"), s.Span)
			}
		default:
			c.failf(ops.CodeType, s.Span, "%s is %s, which has no elements to set", path[len(path)-1], aKind(t.Kind))
		}
		if t.Elem == nil {
			return ops.Any, false
		}
		t = *t.Elem
	}
	return t, ok
}

// startOf lets a list or set that is declared and not there yet begin empty, so that += makes a list of an element.
func (c *checker) startOf(t ops.Type, old Expr) Expr {
	at := old.At().Span
	var empty ops.Value
	switch t.Kind {
	case ops.KindList:
		empty = ops.List(nil)
	case ops.KindSet:
		empty = ops.NewSet(nil)
	default:
		return old
	}
	return &Binary{Info: Info{at, ops.TypeOf(t.Kind)}, Op: opcodes.Coalesce, Left: old, Right: constant(empty, at)}
}

// targetValue reads the target of an assignment, a path of names, from the record as it was.
func (c *checker) targetValue(p *ast.FieldPath) Expr {
	if c.scope.main == nil {
		return constant(ops.None, p.Span)
	}
	x := c.member(c.scope.main, p.Base.Text, p.Base.Span)
	for _, s := range p.Steps {
		x = c.step(x, *s.Name, s.Span)
	}
	return x
}

var assignOperators = map[ast.AssignOp]operator{
	ast.AssignAdd: {sign: "+=", op: opcodes.Add}, ast.AssignSub: {sign: "-=", op: opcodes.Sub},
	ast.AssignMul: {sign: "*=", op: opcodes.Mul}, ast.AssignDiv: {sign: "/=", op: opcodes.Div}, ast.AssignMod: {sign: "%=", op: opcodes.Mod},
}

// combined is old op value. What is not there yet begins with the value: `n += 1` on a new record makes n 1. Between kinds that
// hold no elements += is +, with its loops; else the machine looks at what it has.
func (c *checker) combined(op ast.AssignOp, old, value Expr, at ops.Span) Expr {
	o := assignOperators[op]
	if op != ast.AssignAdd && op != ast.AssignSub {
		return c.makeBinary(o, old, value, at, at)
	}
	a, b := old.At().Type, value.At().Type
	switch {
	case isSequence(a.Kind) && a.Kind != ops.KindTuple || a.Kind == ops.KindObject || a.Kind == ops.KindAny || a.Kind == ops.KindNone || b.Kind == ops.KindAny:
	case op == ast.AssignSub:
		return c.makeBinary(o, old, value, at, at)
	default:
		sum := c.makeBinary(o, old, value, at, at)
		missing := &Unary{Info: Info{at, ops.TypeOf(ops.KindBool)}, Op: opcodes.IsNone, X: old}
		return &If{Info: Info{at, ops.Any}, Cond: missing, Then: value, Else: sum}
	}
	o.op = opcodes.AddTo
	if op == ast.AssignSub {
		o.op = opcodes.TakeFrom
	}
	c.accepts(o.op, o.sign, old, value, at)
	t := ops.Any
	if isSequence(a.Kind) {
		t = ops.TypeOf(a.Kind)
	}
	return &Binary{Info: Info{at, t}, Op: o.op, Left: old, Right: value}
}

// newValue is what SET makes of a variable's value: the value itself, or with a path the old one with a part replaced.
func (c *checker) newValue(s *ast.Set, old Expr) Expr {
	value := c.expr(s.Value)
	switch {
	case len(s.Target.Steps) > 0:
		return c.assignSteps(old, s.Target.Steps, s.Op, value, s.Target.Span)
	case s.Op != ast.AssignSet:
		return c.combined(s.Op, old, value, s.Span)
	}
	return value
}

// assignSteps is x with a value assigned at some steps below it.
func (c *checker) assignSteps(x Expr, steps []ast.PathStep, op ast.AssignOp, value Expr, at ops.Span) Expr {
	sign := "="
	if op != ast.AssignSet {
		sign = assignOperators[op].sign
	}
	a := &AssignAt{Info: Info{at, ops.Any}, X: x, Value: value, Path: []string{sign}}
	var names []string
	for i := range steps {
		switch s := &steps[i]; {
		case s.Name != nil:
			names = append(names, s.Name.Text)
			a.Path = append(a.Path, vm.StepName(s.Name.Text))
		case s.All:
			a.Path = append(a.Path, vm.StepEach)
		default:
			a.Path, a.Indexes = append(a.Path, vm.StepIndex), append(a.Indexes, c.expr(s.Index))
		}
	}
	if len(names) == len(steps) && op == ast.AssignSet && (x.At().Type.Kind == ops.KindObject || isNone(x)) {
		return c.assign(x, names, value, at)
	}
	return a
}

func isNone(x Expr) bool {
	k, ok := x.(*Const)
	return ok && k.Value.IsNone()
}

// assign is object x with a value at path. An object that is written out simply gets a member.
func (c *checker) assign(x Expr, path []string, value Expr, at ops.Span) Expr {
	if o, ok := x.(*Object); ok && len(path) == 1 && !slices.Contains(o.Names, path[0]) {
		n := *o
		n.Names, n.Values = append(append([]string{}, o.Names...), path[0]), append(append([]Expr{}, o.Values...), value)
		return &n
	}
	return &Assign{Info: Info{at, ops.TypeOf(ops.KindObject)}, X: x, Value: value, Path: path}
}

// checkWritten reports what the table would refuse in any case: an unknown field, which stands at name, or a value of a wrong kind.
func (c *checker) checkWritten(w *Write, path []string, value Expr, name ops.Span) {
	w.place(path, name)
	if w.Desc == nil || path[0] == "id" {
		return
	}
	if _, ok := c.fieldType(w.Desc, path[0], name); !ok {
		return
	}
	if t, ok := declared(w.Desc, path); ok {
		c.checkValue(w, path[len(path)-1], t, value)
	}
}

// checkValue reports a value of a kind that a field of a type cannot hold.
func (c *checker) checkValue(w *Write, field string, t ops.Type, value Expr) {
	k := value.At().Type.Kind
	fits := k == ops.KindAny || t.Kind == ops.KindAny || k == t.Kind || k == ops.KindNone ||
		k.IsNumber() && t.Kind.IsNumber() || t.Kind == ops.KindSet && k == ops.KindList || t.Kind == ops.KindTuple && k == ops.KindList
	if !fits {
		c.failf(ops.CodeType, value.At().Span, "field %s of %s takes %s, not %s", field, w.Table, aKind(t.Kind), aKind(k))
	}
}
