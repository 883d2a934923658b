package sema

import (
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// write resolves a writing statement. Its rows come from a query of sources and condition alone, in whose scope the
// values written are.
func (c *checker) write(e ast.Expr) Body {
	w := &Write{Span: e.Pos(), From: &Query{Span: e.Pos()}}
	c.push(w.From).write = true
	defer c.pop()
	switch e := e.(type) {
	case *ast.Create:
		w.Kind, w.IfNotExists = WriteCreate, e.IfNotExists
		c.create(w, e)
		c.returning(w, e.Return, ast.ReturnAfter)
	case *ast.Update:
		w.Kind = WriteUpdate
		if e.Upsert {
			w.Kind = WriteUpsert
		}
		c.update(w, e)
		c.returning(w, e.Return, ast.ReturnAfter)
	case *ast.Delete:
		w.Kind = WriteDelete
		c.delete(w, e)
		c.returning(w, e.Return, ast.ReturnNone)
	case *ast.Relate:
		w.Kind, w.IfNotExists = WriteRelate, e.IfNotExists
		c.relate(w, e)
		c.returning(w, e.Return, ast.ReturnAfter)
	}
	return w
}

// into says which table is written.
func (c *checker) into(w *Write, table string, at ops.Span) {
	w.Table, w.Desc = table, c.tableToWrite(table, at)
	w.Edge = w.Desc != nil && w.Desc.Edge
}

// ---- CREATE

func (c *checker) create(w *Write, e *ast.Create) {
	switch t := e.Target.(type) {
	case *ast.Ident:
		c.into(w, t.Name, t.Span)
	case *ast.RecordExpr:
		c.into(w, t.Table.Text, t.Table.Span)
		if _, generated := t.Key.(*ast.Wild); !generated {
			w.Key = c.expr(t)
		}
	default:
		c.unsupported(e.Target.Pos(), "CREATE of what is not written as table or table:key")
		return
	}
	if w.Edge {
		c.fail(ops.Errorf(ops.CodeType, "%s is an edge table", w.Table).WithHint("RELATE a -> %s -> b makes edges", w.Table), e.Target.Pos())
	}
	c.content(w, e.Data)
}

// content resolves what CREATE, UPSERT of a table and RELATE store: w.New, and w.Key where the data name it.
func (c *checker) content(w *Write, d *ast.Data) {
	switch {
	case d == nil:
		w.New = &Object{Info: Info{w.Span, ops.TypeOf(ops.KindObject)}}
	case d.Set != nil:
		w.New = c.assignments(w, d, &Object{Info: Info{d.Span, ops.TypeOf(ops.KindObject)}})
	case d.Object != nil:
		c.contentValue(w, c.expr(d.Object))
	case d.Columns != nil:
		c.contentRows(w, c.valueRows(d), d.Span)
	default:
		c.contentValue(w, c.expr(d.Content))
	}
}

// contentValue stores an object, or each element of what may be a list.
func (c *checker) contentValue(w *Write, x Expr) {
	if o, ok := x.(*Object); ok {
		c.contentObject(w, o)
		return
	}
	if k := x.At().Type.Kind; k != ops.KindList && k != ops.KindAny && k != ops.KindObject && k != ops.KindNone {
		c.failf(ops.CodeType, x.At().Span, "CONTENT takes an object or a list of them, not %s", aKind(k))
	}
	c.contentRows(w, x, x.At().Span)
}

// contentObject stores an object whose members are known; `id` among them is the key.
func (c *checker) contentObject(w *Write, o *Object) {
	rest := &Object{Info: o.Info}
	for i, name := range o.Names {
		if name == "id" {
			c.keyFrom(w, o.Values[i])
			continue
		}
		c.checkWritten(w, []string{name}, o.Values[i], o.Values[i].At().Span)
		rest.Names, rest.Values = append(rest.Names, name), append(rest.Values, o.Values[i])
	}
	w.New = rest
}

func (c *checker) keyFrom(w *Write, x Expr) {
	if w.Key != nil && !Same(w.Key, x) {
		c.failf(ops.CodeReadOnly, x.At().Span, "the statement names the record's key twice")
		return
	}
	w.Key = c.recordOf(w.Table, x, x.At().Span)
}

// contentRows stores each element of a list: an id in it is the key.
func (c *checker) contentRows(w *Write, x Expr, at ops.Span) {
	if w.Key != nil {
		c.contentOne(w, x)
		return
	}
	r := c.relation(&Relation{Kind: RelValues, Type: ops.Any}, nil, at)
	w.From.From = append(w.From.From, c.rowsOf(x, r, at))
	row := wholeOf(r, at)
	w.Key = &Field{Info: Info{at, ops.Any}, X: row, Path: []string{"id"}}
	w.New = &Omit{Info: Info{at, ops.TypeOf(ops.KindObject)}, X: row, Paths: []string{"id"}}
}

// rowsOf makes a source of x: a subquery's rows stream, anything else is a value.
func (c *checker) rowsOf(x Expr, r *Relation, at ops.Span) Source {
	if s, ok := x.(*Subquery); ok && s.Use == UseList {
		if s.Query.Form == vm.RowColumns {
			s.Query.Items = []Item{{"*", mergeItems(s.Query.Items, at)}}
			s.Query.Form = vm.RowObject
		}
		r.Kind, r.Query = RelRows, s.Query
		return &QuerySource{Rel: r, Query: s.Query, Span: at}
	}
	return &ItemSource{Rel: r, X: x, Span: at}
}

// contentOne stores a value, which must turn out to be an object, under a key that the statement names.
func (c *checker) contentOne(w *Write, x Expr) {
	w.New = &Omit{Info: Info{x.At().Span, ops.TypeOf(ops.KindObject)}, X: x, Paths: []string{"id"}}
}

// valueRows makes the list of objects that SET (a, b) VALUES (…), (…) stands for.
func (c *checker) valueRows(d *ast.Data) Expr {
	list := &Sequence{Info: Info{d.Span, ops.TypeOf(ops.KindList)}}
	for _, row := range d.Rows {
		o := Expr(&Object{Info: Info{d.Span, ops.TypeOf(ops.KindObject)}})
		for i, value := range row {
			if i >= len(d.Columns) {
				break
			}
			o = c.assign(o, c.steps(d.Columns[i]), c.expr(value))
		}
		list.Items = append(list.Items, o)
	}
	return list
}

// ---- SET

// assignments resolves SET: every value is computed from the record as it was, then all are assigned.
func (c *checker) assignments(w *Write, d *ast.Data, base Expr) Expr {
	out := base
	for i := range d.Set {
		a := &d.Set[i]
		name := a.Target.Base.Text
		for _, before := range d.Set[:i] {
			if len(a.Target.Steps) == 0 && len(before.Target.Steps) == 0 && before.Target.Base.Text == name {
				c.failf(ops.CodeSyntax, a.Target.Span, "%s is set twice", name)
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
		if a.Op != ast.AssignSet {
			value = c.compute(w, a, value)
		}
		out = c.assignPath(w, out, a, value)
	}
	return out
}

func (c *checker) assignID(w *Write, value Expr, a *ast.Assignment) {
	if w.Kind == WriteUpdate || w.Kind == WriteUpsert && w.Old != nil {
		c.failf(ops.CodeReadOnly, a.Target.Span, "id is the record's key and cannot be changed")
		return
	}
	c.keyFrom(w, value)
}

var assignOperators = map[ast.AssignOp]operator{
	ast.AssignAdd: {sign: "+=", op: opcodes.Add}, ast.AssignSub: {sign: "-=", op: opcodes.Sub},
	ast.AssignMul: {sign: "*=", op: opcodes.Mul}, ast.AssignDiv: {sign: "/=", op: opcodes.Div}, ast.AssignMod: {sign: "%=", op: opcodes.Mod},
}

// compute is the value of `target op= value`. A target that is not there counts as the value's neutral start: `n += 1`
// on a new record makes n 1.
func (c *checker) compute(w *Write, a *ast.Assignment, value Expr) Expr {
	o := assignOperators[a.Op]
	old := c.targetValue(w, &a.Target)
	if a.Op == ast.AssignAdd {
		sum := c.makeBinary(o, old, value, a.Span, a.Span)
		missing := &Unary{Info: Info{a.Span, ops.TypeOf(ops.KindBool)}, Op: opcodes.IsNone, X: old}
		return &If{Info: Info{a.Span, ops.Any}, Cond: missing, Then: value, Else: sum}
	}
	return c.makeBinary(o, old, value, a.Span, a.Span)
}

// targetValue reads the target of an assignment from the record as it was.
func (c *checker) targetValue(w *Write, p *ast.FieldPath) Expr {
	if c.scope.main == nil {
		return constant(ops.None, p.Span)
	}
	x := c.member(c.scope.main, p.Base.Text, p.Base.Span)
	for _, s := range p.Steps {
		x = c.targetStep(x, &s)
	}
	return x
}

func (c *checker) targetStep(x Expr, s *ast.PathStep) Expr {
	switch {
	case s.Name != nil:
		return c.step(x, *s.Name, s.Span)
	case s.All:
		return c.unsupported(s.Span, "an assignment to every element")
	}
	return &Binary{Info: Info{s.Span, ops.Any}, Op: opcodes.Index, Left: x, Right: c.expr(s.Index)}
}

// assignPath makes the object in which the target has the value.
func (c *checker) assignPath(w *Write, x Expr, a *ast.Assignment, value Expr) Expr {
	path := []string{a.Target.Base.Text}
	for i, s := range a.Target.Steps {
		if s.Name == nil {
			below := &Field{Info: Info{a.Span, ops.Any}, X: x, Path: path}
			return c.assign(x, path, c.assignInside(below, a.Target.Steps[i:], value))
		}
		path = append(path, s.Name.Text)
	}
	c.checkWritten(w, path, value, a.Target.Base.Span)
	return c.assign(x, path, value)
}

// assignInside is x with the value at some steps, the first of which is an index.
func (c *checker) assignInside(x Expr, steps []ast.PathStep, value Expr) Expr {
	at := steps[0].Span
	if steps[0].All {
		return c.unsupported(at, "an assignment to every element")
	}
	index := c.expr(steps[0].Index)
	rest := steps[1:]
	element := Expr(&Binary{Info: Info{at, ops.Any}, Op: opcodes.Index, Left: x, Right: index})
	var path []string
	for len(rest) > 0 && rest[0].Name != nil {
		path, rest = append(path, rest[0].Name.Text), rest[1:]
	}
	if len(rest) > 0 {
		below := element
		if path != nil {
			below = &Field{Info: Info{at, ops.Any}, X: element, Path: path}
		}
		value = c.assignInside(below, rest, value)
	}
	if path != nil {
		value = c.assign(element, path, value)
	}
	return &AssignIndex{Info: Info{at, ops.Any}, X: x, Index: index, Value: value}
}

// assign is object x with a value at path. An object that is written out simply gets a member.
func (c *checker) assign(x Expr, path []string, value Expr) Expr {
	if o, ok := x.(*Object); ok && len(path) == 1 {
		fresh := true
		for _, name := range o.Names {
			fresh = fresh && name != path[0]
		}
		if fresh {
			n := *o
			n.Names, n.Values = append(append([]string{}, o.Names...), path[0]), append(append([]Expr{}, o.Values...), value)
			return &n
		}
	}
	return &Assign{Info: Info{value.At().Span, ops.TypeOf(ops.KindObject)}, X: x, Value: value, Path: path}
}

// checkWritten reports what the table would refuse in any case: an unknown field, which stands at name, or a value of a wrong kind.
func (c *checker) checkWritten(w *Write, path []string, value Expr, name ops.Span) {
	if w.Desc == nil || path[0] == "id" {
		return
	}
	at := value.At().Span
	if _, ok := c.fieldType(w.Desc, path[0], name); !ok {
		return
	}
	t, ok := declared(w.Desc, path)
	if !ok {
		return
	}
	k := value.At().Type.Kind
	fits := k == ops.KindAny || t.Kind == ops.KindAny || k == t.Kind || k == ops.KindNone ||
		k.IsNumber() && t.Kind.IsNumber() || t.Kind == ops.KindSet && k == ops.KindList || t.Kind == ops.KindTuple && k == ops.KindList
	if !fits {
		c.failf(ops.CodeType, at, "field %s of %s takes %s, not %s", path[len(path)-1], w.Table, aKind(t.Kind), aKind(k))
	}
}
