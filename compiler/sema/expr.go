package sema

import (
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

func constant(v ops.Value, at ops.Span) *Const {
	return &Const{leaf{Info{at, typeOfValue(v)}}, v}
}

// expr resolves an expression.
func (c *checker) expr(e ast.Expr) Expr { return c.captured(c.resolve(e)) }

func (c *checker) resolve(e ast.Expr) Expr {
	at := e.Pos()
	switch e := e.(type) {
	case *ast.Literal:
		return constant(e.Value, at)
	case *ast.Ident:
		return c.ident(e)
	case *ast.Variable:
		return c.variable(e.Name, at)
	case *ast.Unary:
		return c.unary(e)
	case *ast.Binary:
		return c.binary(e)
	case *ast.Field:
		return c.field(e)
	case *ast.Index:
		return c.index(e)
	case *ast.Call:
		return c.call(e)
	case *ast.If:
		return c.ifExpr(e)
	case *ast.RecordExpr:
		return c.record(e)
	case *ast.Select:
		return c.subquery(e, UseList)
	case *ast.Exists:
		return c.exists(e)
	case *ast.Pattern:
		return c.patternValue(e, UseList)
	case *ast.Aliased:
		return c.aliasedExpr(e)
	default:
		return c.compound(e)
	}
}

// compound resolves what is put together of parts.
func (c *checker) compound(e ast.Expr) Expr {
	at := e.Pos()
	switch e := e.(type) {
	case *ast.List:
		return &Sequence{Info: Info{at, ops.TypeOf(ops.KindList)}, Items: c.exprs(e.Items)}
	case *ast.Tuple:
		return &Sequence{Info: Info{at, ops.TypeOf(ops.KindTuple)}, Tuple: true, Items: c.exprs(e.Items)}
	case *ast.Object:
		o := &Object{Info: Info{at, ops.TypeOf(ops.KindObject)}}
		for _, m := range e.Members {
			o.Names, o.Values = append(o.Names, m.Name.Text), append(o.Values, c.expr(m.Value))
		}
		return o
	case *ast.Range:
		return c.rangeExpr(e)
	case *ast.AllFields:
		return c.allFields(e)
	case *ast.AllElements:
		x := c.expr(e.X)
		return &Elements{Info: Info{at, ops.TypeOf(ops.KindList)}, X: x}
	case *ast.RecordRange:
		return c.unsupported(at, "a key range outside FROM")
	case *ast.SetOp:
		return c.subquery(e, UseList)
	case *ast.PathExpr:
		return c.pathExpr(e)
	case *ast.Create, *ast.Update, *ast.Delete, *ast.Relate:
		return c.writeValue(e)
	case *ast.Wild:
		return c.failf(ops.CodeSyntax, at, "* stands for every field or record; it has no value by itself")
	}
	return c.unsupported(at, "this expression")
}

// rangeExpr resolves a range. It binds looser than every operator, so `age IN 1..9` is a range from a bool: what was meant
// takes brackets.
func (c *checker) rangeExpr(e *ast.Range) Expr {
	before := len(c.errs)
	lo, hi := c.optional(e.Lo, e.Span), c.optional(e.Hi, e.Span)
	if in, ok := e.Lo.(*ast.Binary); ok && (in.Op == ast.In || in.Op == ast.NotIn) {
		c.errs = c.errs[:before] // they follow from this
		lo = constant(ops.Bool(false), e.Span)
	}
	if lo.At().Type.Kind == ops.KindBool || hi.At().Type.Kind == ops.KindBool {
		return c.fail(ops.Errorf(ops.CodeType, "a range of bools; `..` binds looser than operators").WithHint("put the range in brackets: age IN (18..=65)"), e.Span)
	}
	return &Range{Info: Info{e.Span, ops.TypeOf(ops.KindRange)}, Lo: lo, Hi: hi, Inclusive: e.Inclusive}
}

func (c *checker) exprs(es []ast.Expr) []Expr {
	out := make([]Expr, len(es))
	for i, e := range es {
		out[i] = c.expr(e)
	}
	return out
}

// optional resolves e, or gives the constant none for nil.
func (c *checker) optional(e ast.Expr, at ops.Span) Expr {
	if e == nil {
		return constant(ops.None, at)
	}
	return c.expr(e)
}

// variable resolves `$name`: a variable that was set, what the outer row is, else a parameter.
func (c *checker) variable(name string, at ops.Span) Expr {
	if x := c.local(name, at); x != nil {
		return x
	}
	if c.seesScript() && c.hasVar(name) {
		return &Var{leaf{Info{at, ops.Any}}, c.slot(name)}
	}
	if name == "parent" && c.scope != nil {
		return c.parentRow(at)
	}
	_, bound := c.params[name]
	if !bound {
		if x := c.definedParam(name, at); x != nil {
			return x
		}
	}
	if c.inFunction {
		err := ops.Errorf(ops.CodeUnknownName, "there is no $%s here", name).WithHint("a function sees its parameters, its own variables and what DEFINE PARAM defines")
		return c.fail(closest(err, name, c.variableNames()), at)
	}
	if c.guard && !bound {
		return c.failf(ops.CodeUnknownName, at, "$%s is not bound here; $this is the record, and in ASSERT $value the field's value", name)
	}
	return c.param(name, at)
}

func (c *checker) param(name string, at ops.Span) Expr {
	i, ok := c.params[name]
	if !ok {
		i = len(c.program.Params)
		c.params[name] = i
		c.program.Params = append(c.program.Params, newParam(name))
	}
	return &Param{leaf{Info{at, c.program.Params[i].Type}}, i}
}

// parentRow is the outer query's row as one value; that of several sources has a member for each.
func (c *checker) parentRow(at ops.Span) Expr {
	rs := c.parent(at)
	switch len(rs) {
	case 0:
		return constant(ops.None, at)
	case 1:
		return asValue(rs[0], at)
	}
	o := &Object{Info: Info{at, ops.TypeOf(ops.KindObject)}}
	for _, r := range rs {
		o.Names, o.Values = append(o.Names, c.sourceName(r)), append(o.Values, asValue(r, at))
	}
	return o
}

// parent are the sources of the outer query.
func (c *checker) parent(at ops.Span) []*Relation {
	outer := c.scope.outer
	switch {
	case outer == nil || len(outer.sources) == 0 && outer.main == nil:
		c.fail(ops.Errorf(ops.CodeUnknownName, "there is no outer row that $parent could be").
			WithHint("$parent is for a query inside another"), at)
		return nil
	case outer.main != nil:
		return []*Relation{outer.main}
	}
	return outer.sources
}

// field resolves `x.name`.
func (c *checker) field(e *ast.Field) Expr {
	if id, ok := e.X.(*ast.Ident); ok {
		if r := c.alias(id.Name); r != nil {
			return c.member(r, e.Name.Text, e.Span)
		}
		if x := c.view(id.Name); x != nil {
			return c.step(x, e.Name, e.Span)
		}
	}
	if x := c.parentField(e); x != nil {
		return x
	}
	if x := c.restricted(e); x != nil {
		return x
	}
	return c.step(c.expr(e.X), e.Name, e.Span)
}

// parentField resolves `$parent.name`, and `$parent.source.name` where the outer query has several sources; else it is nil.
func (c *checker) parentField(e *ast.Field) Expr {
	if c.isParent(e.X) {
		rs := c.parent(e.X.Pos())
		switch len(rs) {
		case 0:
			return constant(ops.None, e.Span)
		case 1:
			return c.member(rs[0], e.Name.Text, e.Span)
		}
		if r := c.scope.outer.find(e.Name.Text); r != nil {
			return asValue(r, e.Span)
		}
		return c.fail(ops.Errorf(ops.CodeUnknownName, "the outer query has no source %s", e.Name.Text).
			WithHint("$parent has a member for each source of the outer query"), e.Name.Span)
	}
	if source, ok := e.X.(*ast.Field); ok && c.isParent(source.X) && len(c.parent(source.X.Pos())) > 1 {
		if r := c.scope.outer.find(source.Name.Text); r != nil {
			return c.member(r, e.Name.Text, e.Span)
		}
	}
	return nil
}

func (c *checker) isParent(e ast.Expr) bool {
	v, ok := e.(*ast.Variable)
	return ok && v.Name == "parent" && c.scope != nil && !c.hasVar("parent")
}

// hasVar reports whether a variable has been set, in this script or before it.
func (c *checker) hasVar(name string) bool { return c.let[name] || c.session[name] }

// restricted resolves `owner.person.name`, which follows the link only where it points into table person. Where owner may be
// an object as well, a member person of it is looked at first.
func (c *checker) restricted(e *ast.Field) Expr {
	inner, ok := e.X.(*ast.Field)
	if !ok || !c.known(inner.Name.Text) {
		return nil
	}
	if id, ok := inner.X.(*ast.Ident); ok && c.alias(id.Name) != nil {
		return nil // table.field.name: the middle is a field
	}
	x := c.expr(inner.X)
	t := x.At().Type
	if t.Kind != ops.KindRecord && t.Kind != ops.KindAny {
		return c.step(c.step(x, inner.Name, inner.Span), e.Name, e.Span)
	}
	table := inner.Name.Text
	link := &InTable{Info: Info{inner.Span, ops.Type{Kind: ops.KindRecord, Name: table, Optional: true}}, X: x, Table: table}
	followed := c.step(link, e.Name, e.Span)
	if t.Kind == ops.KindRecord {
		return followed
	}
	member := c.step(c.step(x, inner.Name, inner.Span), e.Name, e.Span)
	return &Binary{Info: Info{e.Span, ops.Any}, Op: opcodes.Coalesce, Left: member, Right: followed}
}

// step is the value at name below x. A path that is declared to lie in an object is read at once, without its object.
func (c *checker) step(x Expr, name ast.Name, at ops.Span) Expr {
	t := x.At().Type
	if col, ok := x.(*Column); ok && col.Rel.Desc != nil && len(col.Path) > 0 && t.Kind == ops.KindObject && col.Rel.Kind != RelStored {
		path := append(append([]string{}, col.Path...), name.Text)
		ft, ok := declared(col.Rel.Desc, path)
		if !ok {
			ft = ops.Any
		}
		return &Column{leaf{Info{at, ft}}, col.Rel, path}
	}
	f := &Field{Info: Info{at, ops.Any}, X: x, Path: []string{name.Text}}
	for i := range t.Fields {
		if t.Fields[i].Name == name.Text {
			f.Type = t.Fields[i].Type
		}
	}
	switch t.Kind {
	case ops.KindRecord:
		if t.Name != "" && c.catalog != nil {
			ft, _ := c.fieldType(c.catalog.Table(t.Name), name.Text, name.Span)
			ft.Optional = true
			f.Type = ft
		}
	case ops.KindAny, ops.KindNone, ops.KindObject, ops.KindList, ops.KindSet, ops.KindTuple:
	default:
		c.failf(ops.CodeType, at, "%s is %s, which has no member %s", c.text(x.At().Span), aKind(t.Kind), name.Text)
	}
	return f
}

// allFields is `x.*`: the record a link names, else the values of the members.
func (c *checker) allFields(e *ast.AllFields) Expr {
	if id, ok := e.X.(*ast.Ident); ok {
		if r := c.alias(id.Name); r != nil {
			return wholeOf(r, e.Span)
		}
	}
	x := c.expr(e.X)
	if x.At().Type.Kind == ops.KindObject {
		return &Elements{Info: Info{e.Span, ops.TypeOf(ops.KindList)}, X: x}
	}
	return &Field{Info: Info{e.Span, ops.Any}, X: x}
}

func (c *checker) index(e *ast.Index) Expr {
	x, i := c.expr(e.X), c.expr(e.Index)
	t := ops.Any
	if elem := x.At().Type.Elem; elem != nil {
		t = *elem
		t.Optional = true
	}
	c.accepts(opcodes.Index, "[ ]", x, i, e.Span)
	return &Binary{Info: Info{e.Span, t}, Op: opcodes.Index, Left: x, Right: i}
}

// record resolves `table:key`.
func (c *checker) record(e *ast.RecordExpr) Expr {
	if _, ok := e.Key.(*ast.Wild); ok {
		return c.failf(ops.CodeSyntax, e.Span, "%s is every record of %s, which is no value; select from it", c.text(e.Span), e.Table.Text)
	}
	return c.recordOf(e.Table.Text, c.expr(e.Key), e.Span)
}

func (c *checker) recordOf(table string, key Expr, at ops.Span) Expr {
	t := ops.Type{Kind: ops.KindRecord, Name: table}
	if k, ok := key.(*Const); ok && isKey(k.Value) {
		return &Const{leaf{Info{at, t}}, ops.Record(table, k.Value)}
	}
	switch k := key.At().Type.Kind; k {
	case ops.KindAny, ops.KindInt, ops.KindWide, ops.KindString, ops.KindUUID, ops.KindList, ops.KindTuple, ops.KindRecord:
	default:
		return c.failf(ops.CodeType, key.At().Span, "%s is no key of a record; an int, a string, a uuid, a list or a tuple is", aKind(k))
	}
	return &Record{Info: Info{at, t}, Table: table, Key: key}
}

func isKey(v ops.Value) bool {
	switch v.Kind() {
	case ops.KindInt, ops.KindWide, ops.KindString, ops.KindUUID:
		return true
	}
	return false
}

// ifExpr resolves IF as an expression.
func (c *checker) ifExpr(e *ast.If) Expr {
	if !oneEach(e) {
		return c.blockIf(e)
	}
	result := Expr(constant(ops.None, e.Span))
	if e.Else != nil {
		result = c.blockValue(e.Else, e.Span)
	}
	for i := len(e.Arms) - 1; i >= 0; i-- {
		arm := e.Arms[i]
		cond, then := c.condition(arm.Cond), c.blockValue(arm.Then, arm.Span)
		result = &If{Info: Info{e.Span, union(then.At().Type, result.At().Type)}, Cond: cond, Then: then, Else: result}
	}
	return result
}

func (c *checker) blockValue(block []ast.Statement, at ops.Span) Expr {
	if len(block) == 0 {
		return constant(ops.None, at)
	}
	if len(block) == 1 {
		switch s := block[0].(type) {
		case *ast.ExprStatement:
			return c.expr(s.X)
		}
	}
	panic("sema: a block of more than an expression")
}

// oneEach reports whether each block of an IF is one expression, or empty.
func oneEach(e *ast.If) bool {
	one := func(b []ast.Statement) bool {
		if len(b) != 1 {
			return len(b) == 0
		}
		_, ok := b[0].(*ast.ExprStatement)
		return ok
	}
	for _, a := range e.Arms {
		if !one(a.Then) {
			return false
		}
	}
	return one(e.Else)
}

// condition resolves an expression where a bool is wanted: a pattern there is true if it is not empty.
func (c *checker) condition(e ast.Expr) Expr {
	var x Expr
	if p, ok := e.(*ast.Pattern); ok {
		x = c.patternValue(p, UseExists)
	} else {
		x = c.expr(e)
	}
	if k := x.At().Type.Kind; k != ops.KindBool && k != ops.KindAny && k != ops.KindNone {
		c.failf(ops.CodeType, e.Pos(), "a condition is a bool, this is %s", aKind(k))
	}
	return x
}

func (c *checker) aliasedExpr(e *ast.Aliased) Expr {
	if e.As == nil && e.Where == nil {
		return c.expr(e.X)
	}
	return c.failf(ops.CodeSyntax, e.Span, "an alias or condition in brackets belongs into a pattern")
}
