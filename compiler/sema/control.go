package sema

import (
	"slices"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// routine is a Routine while its statements are resolved.
type routine struct {
	*Routine
	outer *routine
	// needed says that a statement must run as a routine: it holds blocks, writes or calls.
	needed bool
	// around is the scope of the query that holds the block, where there is one: what the block reads of it becomes a parameter, and
	// args are what those stand for.
	around *scope
	args   []Expr
	loops  int
	// yields is false where RETURN has nobody to return to; why says so.
	yields bool
	why    string
	named  bool // a RETURN was met
}

// blockScope is the variables of one block.
type blockScope struct {
	outer   *blockScope
	routine *routine
	vars    []*Variable
}

func (b *blockScope) find(name string) *Variable {
	for _, v := range b.vars {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// enter starts a routine; leave goes back to the one around it.
func (c *checker) enter(at ops.Span) *routine {
	c.in = &routine{Routine: &Routine{Span: at, Block: &Block{}, Result: ops.Any}, outer: c.in, yields: true}
	return c.in
}

func (c *checker) leave() { c.in = c.in.outer }

// need says that the statement at hand must run as a routine. Inside a query it need not: what is there runs by itself.
func (c *checker) need() {
	if c.in != nil && c.scope == nil {
		c.in.needed = true
	}
}

// ---- statements of a script

// asStatement makes a statement of a routine that gives x.
func (r *routine) asStatement(at ops.Span, x Expr) Statement {
	r.Block.Steps = append(r.Block.Steps, &Give{x, at})
	r.Returns = true
	return Statement{Kind: vm.StatementQuery, Span: at, Body: r.Routine}
}

// controlStatement takes IF with blocks, FOR and WHILE. It shows a row where a block has a RETURN, or IF a value.
func (c *checker) controlStatement(s ast.Statement) Statement {
	r := c.enter(s.Pos())
	defer c.leave()
	if x, ok := s.(*ast.ExprStatement); ok {
		e := x.X.(*ast.If)
		if hasValue(e) {
			return r.asStatement(s.Pos(), c.ifExpr(e))
		}
	}
	r.Block.Steps = c.blockStep(nil, s)
	return Statement{Kind: vm.StatementQuery, Span: s.Pos(), Silent: !r.Returns, Body: r.Routine}
}

// hasValue reports whether some block of an IF ends with an expression.
func hasValue(e *ast.If) bool {
	blocks := [][]ast.Statement{e.Else}
	for _, a := range e.Arms {
		blocks = append(blocks, a.Then)
	}
	return slices.ContainsFunc(blocks, func(b []ast.Statement) bool {
		if len(b) == 0 {
			return false
		}
		last, ok := b[len(b)-1].(*ast.ExprStatement)
		if !ok {
			return false
		}
		inner, isIf := last.X.(*ast.If)
		return !isIf || hasValue(inner)
	})
}

// setStatement is SET of a variable of the program.
func (c *checker) setStatement(s *ast.Set) Statement {
	name := s.Target.Base.Text
	if !c.hasVar(name) {
		c.noSuchVariable(s.Target.Base)
		return Statement{Kind: vm.StatementQuery, Span: s.Span}
	}
	old := &Var{leaf{Info{s.Target.Base.Span, ops.Any}}, c.slot(name)}
	return c.variableStatement(s.Span, name, func() Expr { return c.kept(c.types[name], c.newValue(s, old)) })
}

// variableStatement sets a variable of the program to what x resolves to.
func (c *checker) variableStatement(at ops.Span, name string, x func() Expr) Statement {
	r := c.enter(at)
	defer c.leave()
	r.yields, r.why = false, "RETURN here would leave the statement before its variable is set"
	value := x()
	slot := c.slot(name)
	st := Statement{Kind: vm.StatementQuery, Span: at, Silent: true, Body: &Let{slot, value}}
	if r.needed {
		r.assigns(slot)
		r.Block.Steps = append(r.Block.Steps, &Store{Slot: slot, X: value})
		st.Body = r.Routine
	}
	return st
}

func (r *routine) assigns(slot int) {
	if !slices.Contains(r.Assigned, slot) {
		r.Assigned = append(r.Assigned, slot)
	}
}

func (c *checker) noSuchVariable(name ast.Name) {
	err := ops.Errorf(ops.CodeUnknownName, "there is no variable $%s to set", name.Text).WithHint("LET $%s = … makes one", name.Text)
	if near := diag.Closest(name.Text, c.variableNames()); near != "" {
		err = err.WithHint("did you mean $%s?", near)
	}
	c.fail(err, name.Span)
}

// variableNames lists the variables that can be seen.
func (c *checker) variableNames() (names []string) {
	for b := c.block; b != nil; b = b.outer {
		for _, v := range b.vars {
			names = append(names, v.Name)
		}
	}
	for n := range c.let {
		names = append(names, n)
	}
	for n := range c.session {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// ---- blocks

// inner resolves statements as a block; with a result, the value of the last one is stored in it.
func (c *checker) inner(stmts []ast.Statement, result *Variable, vars ...*Variable) *Block {
	c.block = &blockScope{outer: c.block, routine: c.in, vars: vars}
	if len(vars) > 0 { // those of the loop: the block's own may shadow them
		c.block = &blockScope{outer: c.block, routine: c.in}
		defer func() { c.block = c.block.outer }()
	}
	defer func() { c.block = c.block.outer }()
	b := &Block{}
	ended := false
	for i, s := range stmts {
		if ended {
			c.warn(ops.Errorf(ops.CodeSyntax, "this is never reached"), s.Pos())
			ended = false
		}
		last := result
		if i < len(stmts)-1 {
			last = nil
		}
		b.Steps = append(b.Steps, c.blockStep(last, s)...)
		switch s.(type) {
		case *ast.Return, *ast.Break, *ast.Continue:
			ended = true
		}
	}
	return b
}

// blockStep resolves one statement of a block.
func (c *checker) blockStep(result *Variable, s ast.Statement) []BlockStep {
	switch s := s.(type) {
	case *ast.ExprStatement:
		return c.exprStep(result, s)
	case *ast.Let:
		return c.letStep(s)
	case *ast.Set:
		return c.setStep(s)
	case *ast.For:
		return c.forStep(s)
	case *ast.While:
		cond := c.condition(s.Cond)
		c.in.loops++
		body := c.inner(s.Body, nil)
		c.in.loops--
		return []BlockStep{&While{cond, body, s.Span}}
	case *ast.Break:
		return c.leaveStep(s.Span, "BREAK", false)
	case *ast.Continue:
		return c.leaveStep(s.Span, "CONTINUE", true)
	case *ast.Return:
		return c.returnStep(s)
	}
	c.fail(ops.Errorf(ops.CodeSyntax, "%s cannot stand inside a block", c.firstWord(s.Pos())).
		WithHint("a block holds LET, SET, IF, FOR, WHILE, BREAK, CONTINUE, RETURN, queries and writes"), s.Pos())
	return nil
}

// firstWord is what a statement begins with, as it is written.
func (c *checker) firstWord(at ops.Span) string {
	text := c.text(at)
	for i, r := range text {
		if r <= ' ' {
			return text[:i]
		}
	}
	return text
}

func (c *checker) leaveStep(at ops.Span, word string, again bool) []BlockStep {
	if c.in == nil || c.in.loops == 0 {
		c.fail(ops.Errorf(ops.CodeSyntax, "%s outside of a loop", word).WithHint("it belongs into FOR or WHILE"), at)
		return nil
	}
	return []BlockStep{&Leave{again, at}}
}

// exprStep takes what stands alone in a block: for its value where it is wanted, else for what it does.
func (c *checker) exprStep(result *Variable, s *ast.ExprStatement) []BlockStep {
	e, isIf := s.X.(*ast.If)
	if isIf && result == nil {
		return c.ifStep(e, nil)
	}
	x := c.rowsValue(s.X)
	if result != nil {
		return []BlockStep{&Store{Var: result, X: x}}
	}
	if q, ok := x.(*Subquery); ok && q.Write != nil && !returns(s.X) {
		q.Write.Items = nil
	}
	return []BlockStep{&Eval{x}}
}

// returns reports whether a write says itself what it returns.
func returns(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Create:
		return e.Return != nil
	case *ast.Update:
		return e.Return != nil
	case *ast.Delete:
		return e.Return != nil
	case *ast.Relate:
		return e.Return != nil
	}
	return false
}

// rowsValue resolves an expression where a bare table or key range means its records, as it does where it stands alone.
func (c *checker) rowsValue(e ast.Expr) Expr {
	at := ast.At{Span: e.Pos()}
	switch x := e.(type) {
	case *ast.Ident, *ast.RecordRange:
	case *ast.RecordExpr:
		if _, all := x.Key.(*ast.Wild); !all {
			return c.expr(e)
		}
	default:
		return c.expr(e)
	}
	return c.expr(&ast.Select{At: at, Items: []ast.SelectItem{{At: at, X: &ast.Wild{At: at}}}, From: []ast.Source{{At: at, X: e}}})
}

// ifStep makes a step of an IF, with the value of the block that runs in result.
func (c *checker) ifStep(e *ast.If, result *Variable) []BlockStep {
	var first, last *Branch
	for _, arm := range e.Arms {
		cond := c.condition(arm.Cond)
		b := &Branch{Cond: cond, Then: c.inner(arm.Then, result)}
		if last == nil {
			first = b
		} else {
			last.Else = &Block{[]BlockStep{b}}
		}
		last = b
	}
	if e.Else != nil {
		last.Else = c.inner(e.Else, result)
	}
	return []BlockStep{first}
}

func (c *checker) letStep(s *ast.Let) []BlockStep {
	name := s.Name.Text
	if c.block.find(name) != nil {
		c.fail(ops.Errorf(ops.CodeAlreadyExists, "$%s is set by a LET above, in the same block", name).WithHint("choose another name, or change it with SET"), s.Name.Span)
	}
	v := &Variable{Name: name, Type: ops.Any}
	x := c.expr(s.Value)
	if s.Type != nil {
		v.Type, v.Declared = c.typ(s.Type), true
		x = c.kept(&v.Type, x)
	}
	c.block.vars = append(c.block.vars, v) // from here on: its value may read one that it shadows
	return []BlockStep{&Store{Var: v, X: x}}
}

// kept is a value that must fit the type a variable was declared with; nil is no type.
func (c *checker) kept(t *ops.Type, x Expr) Expr {
	if t == nil || t.Kind == ops.KindAny {
		return x
	}
	return &Cast{Info: Info{x.At().Span, *t}, X: x, To: *t, Check: true}
}

func (c *checker) setStep(s *ast.Set) []BlockStep {
	name := s.Target.Base.Text
	if v, from := c.find(name); v != nil {
		if from != c.in {
			c.failf(ops.CodeSyntax, s.Target.Base.Span, "a block inside a query cannot set $%s, which belongs to the statement around it", name)
			return nil
		}
		if v.Fixed {
			c.fail(ops.Errorf(ops.CodeSyntax, "$%s goes from element to element and cannot be set", name).WithHint("LET another variable begin with it"), s.Target.Base.Span)
			return nil
		}
		x := c.newValue(s, v.at(s.Target.Base.Span))
		if v.Declared {
			x = c.kept(&v.Type, x)
		}
		return []BlockStep{&Store{Var: v, X: x}}
	}
	switch {
	case !c.seesScript() || !c.hasVar(name):
		c.noSuchVariable(s.Target.Base)
		return nil
	case c.in.around != nil:
		c.failf(ops.CodeSyntax, s.Target.Base.Span, "a block inside a query cannot set $%s, which belongs to the script around it", name)
		return nil
	}
	slot := c.slot(name)
	c.in.assigns(slot)
	x := c.kept(c.types[name], c.newValue(s, &Var{leaf{Info{s.Target.Base.Span, ops.Any}}, slot}))
	return []BlockStep{&Store{Slot: slot, X: x}}
}

// seesScript reports whether the variables of the script can be seen: not from a function.
func (c *checker) seesScript() bool {
	for r := c.in; r != nil; r = r.outer {
		if r.Name != "" {
			return false
		}
	}
	return !c.inFunction
}

func (c *checker) forStep(s *ast.For) []BlockStep {
	in := c.rowsValue(s.In)
	v := &Variable{Name: s.Var.Text, Type: elementType(in), Fixed: true}
	c.in.loops++
	body := c.inner(s.Body, nil, v)
	c.in.loops--
	return []BlockStep{&Loop{v, in, body, s.Span}}
}

// elementType is what is known of the elements of a value, or of the rows of a query.
func elementType(in Expr) ops.Type {
	t := in.At().Type
	switch x := in.(type) {
	case *Subquery:
		if x.Write != nil {
			return rowType(x.Write.Form, x.Write.Items)
		}
		return rowType(x.Query.Form, x.Query.Items)
	case *Range:
		return ops.TypeOf(ops.KindInt)
	}
	if t.Elem != nil && t.Kind != ops.KindObject {
		return *t.Elem
	}
	return ops.Any
}

func rowType(form vm.RowForm, items []Item) ops.Type {
	switch {
	case form == vm.RowColumns:
		t := ops.TypeOf(ops.KindObject)
		for _, i := range items {
			t.Fields = append(t.Fields, ops.FieldType{Name: i.Name, Type: i.X.At().Type})
		}
		return t
	case len(items) != 1:
		return ops.Any
	case form == vm.RowValue:
		return items[0].X.At().Type
	}
	t := ops.TypeOf(ops.KindObject)
	if col, ok := items[0].X.(*Column); ok && len(col.Path) == 0 && col.Rel.IsRecord() && col.Rel.Table != "" {
		t.Fields = []ops.FieldType{{Name: "id", Type: ops.Type{Kind: ops.KindRecord, Name: col.Rel.Table}}}
	}
	return t
}

func (c *checker) returnStep(s *ast.Return) []BlockStep {
	r := c.in
	if !r.yields {
		c.fail(ops.Errorf(ops.CodeSyntax, "%s", r.why).WithHint("the value of a block is that of its last expression"), s.Span)
		return nil
	}
	name := ""
	if s.As != nil {
		name = s.As.Text
	}
	switch {
	case s.As != nil && r.Name != "":
		c.failf(ops.CodeSyntax, s.As.Span, "a function returns a value, which has no name")
	case r.named && name != r.Column:
		c.fail(ops.Errorf(ops.CodeSyntax, "the RETURNs of one statement must name their column alike").WithHint("write AS behind all of them, or none"), s.Span)
	}
	r.named, r.Column, r.Returns = true, name, true
	return []BlockStep{&Give{c.returned(r, c.optional(s.Value, s.Span)), s.Span}}
}

// returned is a value that a routine returns: what cannot be of the type that a function declares is an error now.
func (c *checker) returned(r *routine, x Expr) Expr {
	want, have := r.Result, x.At().Type
	if k, ok := x.(*Const); ok {
		if _, err := ops.Check(k.Value, want); err != nil {
			return c.failf(ops.CodeType, x.At().Span, "%s returns %s: %s", r.Name, want.String(), asError(err).Message)
		}
	} else if want.Kind != ops.KindAny && never(have, want) {
		return c.failf(ops.CodeType, x.At().Span, "%s returns %s, not %s", r.Name, aKind(want.Kind), aKind(have.Kind))
	}
	return c.kept(&r.Result, x)
}

// ---- blocks as values

// blockIf resolves an IF whose blocks are more than an expression each.
func (c *checker) blockIf(e *ast.If) Expr {
	result := &Variable{Name: "", Type: ops.Any}
	if c.scope == nil || c.in != nil && c.in.around == c.scope {
		if c.in == nil {
			return c.unsupported(e.Span, "a block of statements here")
		}
		c.need()
		return &Do{leaf{Info{e.Span, ops.Any}}, &Block{c.ifStep(e, result)}, result}
	}
	r := c.enter(e.Span)
	defer c.leave()
	r.around = c.scope
	r.yields, r.why = false, "RETURN cannot leave a block inside a query"
	do := &Do{leaf{Info{e.Span, ops.Any}}, &Block{c.ifStep(e, result)}, result}
	c.selfContained(do.Block, r)
	r.Block.Steps, r.Returns = []BlockStep{&Give{do, e.Span}}, true
	return &Run{Info{e.Span, ops.Any}, r.Routine, r.args}
}

// selfContained reports queries in a block that begin at a row of the query around it, which only parameters can name.
func (c *checker) selfContained(b *Block, r *routine) {
	b.Walk(func(x Expr) bool {
		if q, ok := x.(*Subquery); ok {
			q.Query.Outer(func(col *Column) {
				if r.around.has(col.Rel) {
					c.fail(ops.Errorf(ops.CodeUnsupported, "a pattern in a block inside a query cannot begin at %s", c.text(col.Span)).
						WithHint("LET a variable have it first"), q.Span)
				}
			})
		}
		return true
	})
}

// find looks a variable of a block up, and tells the routine that it is of.
func (c *checker) find(name string) (*Variable, *routine) {
	for b := c.block; b != nil; b = b.outer {
		if v := b.find(name); v != nil {
			return v, b.routine
		}
	}
	return nil, nil
}

// local resolves the name of a variable of a block; nil where there is none.
func (c *checker) local(name string, at ops.Span) Expr {
	v, from := c.find(name)
	if v == nil {
		return nil
	}
	return c.bring(v.at(at), from, c.in)
}

// bring hands a variable of an outer routine down to one inside it.
func (c *checker) bring(x Expr, from, to *routine) Expr {
	if to == from || to == nil {
		return x
	}
	return to.parameter(c.bring(x, from, to.outer))
}

// captured hands a column of a query around the block at hand into it, as a parameter of the routine that the block is.
func (c *checker) captured(x Expr) Expr {
	if c.in == nil || c.in.around == nil {
		return x
	}
	return Rewrite(x, func(x Expr) Expr {
		if col, ok := x.(*Column); ok {
			return c.capture(col, c.in)
		}
		return x
	})
}

func (c *checker) capture(col *Column, r *routine) Expr {
	if r == nil || r.around == nil || !r.around.has(col.Rel) {
		return col
	}
	return r.parameter(c.capture(col, r.outer))
}

// has reports whether a relation is of this query or one around it.
func (s *scope) has(r *Relation) bool {
	for ; s != nil; s = s.outer {
		if slices.Contains(s.rels, r) {
			return true
		}
	}
	return false
}

// parameter is what stands inside a routine for a value from outside.
func (r *routine) parameter(x Expr) Expr {
	for i, a := range r.args {
		if Same(a, x) {
			return r.Params[i].at(x.At().Span)
		}
	}
	v := &Variable{Type: x.At().Type}
	r.args, r.Params = append(r.args, x), append(r.Params, v)
	return v.at(x.At().Span)
}

// ---- writes as values

// once reports whether an expression in this scope is computed once, and not for each row: in a write that has no sources.
func (s *scope) once() bool {
	return s.write && len(s.query.From) == 0 && (s.outer == nil || s.outer.once())
}

// writeValue resolves a writing statement as an expression: the list of what it returns.
func (c *checker) writeValue(e ast.Expr) Expr {
	if c.guard {
		return c.failf(ops.CodeSyntax, e.Pos(), "an expression of the schema cannot write")
	}
	if c.scope != nil && !c.scope.once() {
		return c.fail(ops.Errorf(ops.CodeSyntax, "a query cannot write in an expression of its own").
			WithHint("LET $x = (%s …) before it, or FOR $row IN (SELECT …) DO … END", c.firstWord(e.Pos())), e.Pos())
	}
	c.need()
	w, ok := c.write(e).(*Write)
	if !ok {
		return constant(ops.None, e.Pos())
	}
	return &Subquery{Info: Info{e.Pos(), ops.TypeOf(ops.KindList)}, Query: w.From, Write: w}
}
