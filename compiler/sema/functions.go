package sema

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// function is a function that somebody has defined.
type function struct {
	name   string
	module string         // "" outside of modules
	object *schema.Object // that defines it; nil while it is being defined
	def    *ast.Define
	src    string
	params []*Variable
	// defaults are by parameter; nil where it must be given.
	defaults []Expr
	// routine is the body; its block is filled in after the calls in it have been resolved. inline is the body as an expression
	// of the parameters, where it is one, and pure.
	routine  *Routine
	inline   Expr
	resolved bool
	needs    []*schema.Object
	tables   []schema.Ref
}

// functions are the functions that a script has met, by name.
type functions struct {
	byName map[string]*function
	// calls in queries are looked at when all bodies are known: they must not write.
	calls []queryCall
}

type queryCall struct {
	run *Run
	at  ops.Span
}

// lookup finds a function by its name: one of the module at hand, of the database, or of a module.
func (c *checker) lookup(name string) *function {
	if c.module != "" && !strings.Contains(name, "::") {
		if f := c.fns.byName[c.module+"::"+name]; f != nil {
			return f
		}
	}
	if f := c.fns.byName[name]; f != nil && (f.object == nil || c.object(f.object.Kind, f.object.Name) == f.object) {
		return f
	}
	module, short, inModule := strings.Cut(name, "::")
	if !inModule {
		if o := c.object(schema.ObjectFunction, name); o != nil {
			return c.load(o)[name]
		}
		return nil
	}
	if o := c.object(schema.ObjectModule, module); o != nil {
		return c.load(o)[module+"::"+short]
	}
	return nil
}

// load reads the functions that an object defines.
func (c *checker) load(o *schema.Object) map[string]*function {
	r := c.read(o)
	if r == nil {
		return nil
	}
	if o.Kind == schema.ObjectFunction {
		c.declare(o, r.def, o.Text, "")
	} else {
		for _, s := range r.def.Body {
			if d, ok := s.(*ast.Define); ok && d.Kind == ast.DefFunction {
				c.declare(o, d, o.Text, o.Name)
			}
		}
	}
	return c.fns.byName
}

// declare makes a function known by its parameters and result.
func (c *checker) declare(o *schema.Object, d *ast.Define, src, module string) *function {
	f := &function{name: pathText(d.Name), module: module, object: o, def: d, src: src}
	if module != "" {
		f.name = module + "::" + f.name
	}
	in := c.bodyChecker(f)
	r := &Routine{Name: f.name, Text: src, Block: &Block{}, Result: ops.Any}
	if d.Type != nil {
		r.Result = in.typ(d.Type)
	}
	for i := range d.Params {
		p := &d.Params[i]
		v := &Variable{Name: p.Name.Text, Type: ops.Any}
		if p.Type != nil {
			v.Type, v.Declared = in.typ(p.Type), true
		}
		if slices.ContainsFunc(f.params, func(o *Variable) bool { return o.Name == v.Name }) {
			in.failf(ops.CodeAlreadyExists, p.Name.Span, "parameter $%s is there twice", v.Name)
		}
		f.params = append(f.params, v)
		f.defaults = append(f.defaults, in.defaultOf(f, p, v))
	}
	r.Params, f.routine = f.params, r
	c.fns.byName[f.name] = f
	c.collect(f, in)
	return f
}

// functionNames lists the functions that the database defines.
func (c *checker) functionNames() (names []string) {
	objects := c.opt.Objects
	if c.catalog != nil {
		objects = c.catalog
	}
	if objects == nil {
		return nil
	}
	for _, o := range objects.Objects() {
		switch o.Kind {
		case schema.ObjectFunction:
			names = append(names, o.Name)
		case schema.ObjectModule:
			if r := c.read(o); r != nil {
				for _, s := range r.def.Body {
					if d, ok := s.(*ast.Define); ok {
						names = append(names, o.Name+"::"+pathText(d.Name))
					}
				}
			}
		}
	}
	return names
}

// bodyChecker resolves what stands in a function's text.
func (c *checker) bodyChecker(f *function) *checker {
	in := newChecker(f.src, Options{Objects: c.opt.Objects, Parse: c.opt.Parse})
	in.catalog, in.fns, in.module, in.inFunction, in.readings = c.catalog, c.fns, f.module, true, c.readings
	return in
}

// collect takes over what a body has looked up. A fault in one that is stored is a fault of the call.
func (c *checker) collect(f *function, in *checker) {
	f.needs, f.tables = append(f.needs, in.needs...), append(f.tables, in.tables...)
	if len(in.errs) == 0 {
		return
	}
	if f.object == nil {
		c.errs = append(c.errs, in.errs...)
		return
	}
	e := Sorted(in.errs)[0]
	bad := ops.Errorf(e.Code, "function %s cannot be used: %s", f.name, e.Message)
	bad.Hint = e.Hint
	c.fail(bad, c.callSpan)
}

func (c *checker) defaultOf(f *function, p *ast.Param, v *Variable) Expr {
	if p.Default == nil {
		if n := len(f.defaults); n > 0 && f.defaults[n-1] != nil {
			c.failf(ops.CodeSyntax, p.Span, "$%s stands behind a parameter that may be left out, and must be given", v.Name)
		}
		return nil
	}
	x := c.expr(p.Default)
	k, ok := x.(*Const)
	if !ok {
		return c.failf(ops.CodeSyntax, p.Default.Pos(), "what a parameter is when it is left out is a constant")
	}
	if _, err := ops.Check(k.Value, v.Type); err != nil {
		return c.failf(ops.CodeType, p.Default.Pos(), "$%s is declared otherwise: %s", v.Name, asError(err).Message)
	}
	return x
}

// resolve resolves the body, once. Calls of itself in it find the routine.
func (c *checker) resolveBody(f *function) {
	if f.resolved {
		return
	}
	f.resolved = true
	in := c.bodyChecker(f)
	r := in.enter(ops.Span{})
	r.Routine = f.routine
	in.block = &blockScope{routine: r, vars: slices.Clone(f.params)}
	body := in.inner(f.def.Body, nil)
	f.routine.Block.Steps = body.Steps
	if f.routine.Result.Kind != ops.KindAny && !f.routine.Result.Optional && goesOn(body) {
		in.fail(ops.Errorf(ops.CodeType, "function %s can come to its end without RETURN", f.name).
			WithHint("end it with RETURN, or make the result optional: TYPE %s?", f.routine.Result.String()), f.def.Span)
	}
	f.inline = expressionOf(body.Steps)
	for _, s := range in.program.Warnings {
		if f.object == nil {
			c.program.Warnings = append(c.program.Warnings, s)
		}
	}
	c.collect(f, in)
}

// goesOn reports whether the end of a block may be reached.
func goesOn(b *Block) bool {
	if b == nil {
		return true
	}
	for _, s := range b.Steps {
		switch s := s.(type) {
		case *Give, *Leave:
			return false
		case *Branch:
			if !goesOn(s.Then) && s.Else != nil && !goesOn(s.Else) {
				return false
			}
		}
	}
	return true
}

// ---- calls

// definedFunction resolves a call of a function that somebody has defined.
func (c *checker) definedFunction(e *ast.Call, name string) (Expr, bool) {
	f := c.lookup(name)
	if f == nil {
		return nil, false
	}
	outer := c.callSpan
	if outer.IsZero() {
		c.callSpan = e.Span
	}
	defer func() { c.callSpan = outer }()
	args, ok := c.givenArguments(f, e)
	c.resolveBody(f)
	c.needs, c.tables = append(c.needs, f.needs...), append(c.tables, f.tables...)
	if !ok {
		return constant(ops.None, e.Span), true
	}
	if x := inlined(f, args, e.Span); x != nil {
		return x, true
	}
	if c.guard {
		return c.failf(ops.CodeUnsupported, e.Span, "an expression of the schema cannot call %s, which is more than an expression", name), true
	}
	c.need()
	run := &Run{Info{e.Span, f.routine.Result}, f.routine, args}
	if c.scope != nil && !c.scope.once() {
		c.fns.calls = append(c.fns.calls, queryCall{run, e.Span})
	}
	return run, true
}

// givenArguments resolves the arguments of a call into the order of the parameters.
func (c *checker) givenArguments(f *function, e *ast.Call) ([]Expr, bool) {
	args := make([]Expr, len(f.params))
	good := true
	fail := func(at ops.Span, format string, a ...any) {
		c.fail(ops.Errorf(ops.CodeArgument, format, a...).WithHint("it is %s", f.usage()), at)
		good = false
	}
	next := 0
	for _, a := range e.Args {
		if a.Distinct || a.Where != nil {
			c.failf(ops.CodeSyntax, a.Span, "DISTINCT and WHERE belong into a FOLD, %s is a function", f.name)
		}
		i := next
		if a.Name != nil {
			i = slices.IndexFunc(f.params, func(v *Variable) bool { return v.Name == a.Name.Text })
		} else {
			next++
		}
		switch {
		case i < 0:
			fail(a.Name.Span, "%s has no parameter $%s", f.name, a.Name.Text)
		case i >= len(args):
			fail(e.Span, "%s takes %s, this call has %d", f.name, count(len(f.params), "argument"), len(e.Args))
			return nil, false
		case args[i] != nil:
			fail(a.Span, "%s is given $%s twice", f.name, f.params[i].Name)
		default:
			args[i] = c.argument(f, i, c.expr(a.X))
		}
	}
	for i, x := range args {
		if x != nil {
			continue
		}
		if f.defaults[i] == nil {
			if good {
				fail(e.Span, "%s is not given $%s", f.name, f.params[i].Name)
			}
			continue
		}
		args[i] = constant(f.defaults[i].(*Const).Value, e.Span)
	}
	return args, good
}

func count(n int, what string) string {
	switch n {
	case 0:
		return "no " + what + "s"
	case 1:
		return "one " + what
	}
	return ops.Format(ops.Int(int64(n))) + " " + what + "s"
}

// usage is how the function is called.
func (f *function) usage() string {
	var b strings.Builder
	b.WriteString(f.name + "(")
	for i, p := range f.params {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + p.Name)
		if p.Declared {
			b.WriteString(" " + p.Type.String())
		}
		if f.defaults[i] != nil {
			b.WriteString(" = " + ops.Format(f.defaults[i].(*Const).Value))
		}
	}
	return b.String() + ")"
}

// argument is a value that fits a parameter: what cannot is an error now, what may not is looked at when the program runs.
func (c *checker) argument(f *function, i int, x Expr) Expr {
	want, have := f.params[i].Type, x.At().Type
	if k, ok := x.(*Const); ok {
		if _, err := ops.Check(k.Value, want); err != nil {
			c.fail(ops.Errorf(ops.CodeArgument, "$%s of %s: %s", f.params[i].Name, f.name, asError(err).Message).WithHint("it is %s", f.usage()), x.At().Span)
		}
		return x
	}
	if want.Kind == ops.KindAny || sure(have, want) {
		return x
	}
	if never(have, want) {
		c.fail(ops.Errorf(ops.CodeArgument, "$%s of %s is %s, not %s", f.params[i].Name, f.name, aKind(want.Kind), aKind(have.Kind)).WithHint("it is %s", f.usage()), x.At().Span)
		return x
	}
	return c.kept(&f.params[i].Type, x)
}

// sure reports whether every value of a type fits another without being looked at.
func sure(have, want ops.Type) bool {
	return have.Kind == want.Kind && have.Width == want.Width && have.Name == want.Name && (want.Optional || !have.Optional) &&
		want.Elem == nil && want.Elems == nil && want.Fields == nil && want.Len == 0 && want.Variants == nil
}

// never reports whether no value of a type but none fits another.
func never(have, want ops.Type) bool {
	if have.Kind == ops.KindAny || have.Kind == ops.KindNone || have.Optional || have.Kind == want.Kind {
		return false
	}
	return !(have.Kind.IsNumber() && want.Kind.IsNumber()) && !(have.Kind == ops.KindList && (want.Kind == ops.KindSet || want.Kind == ops.KindTuple))
}

// writesInQueries reports the calls in queries of functions that write.
func (c *checker) writesInQueries() {
	for _, q := range c.fns.calls {
		if q.run.Routine.Block.Writes() {
			c.fail(ops.Errorf(ops.CodeSyntax, "%s writes records; a query cannot call it for each row", q.run.Routine.Name).
				WithHint("FOR $row IN (SELECT …) DO … END calls it for each row"), q.at)
		}
	}
}

// ---- definitions

func pathText(p ast.Path) string {
	parts := make([]string, len(p))
	for i, n := range p {
		parts[i] = n.Text
	}
	return strings.Join(parts, "::")
}

// checkFunction checks DEFINE FUNCTION.
func (c *checker) checkFunction(d *ast.Define) []schema.Ref {
	if len(d.Name) != 1 {
		c.fail(ops.Errorf(ops.CodeSyntax, "the functions of a module are defined in it").WithHint("DEFINE MODULE %s WITH DEFINE FUNCTION … END", d.Name[0].Text), d.Span)
		return nil
	}
	name := d.Name[0]
	if ops.LookupFunc(name.Text) != nil || slices.Contains(ops.AggregateNames(), name.Text) {
		c.failf(ops.CodeAlreadyExists, name.Span, "%s is a function of the language", name.Text)
		return nil
	}
	delete(c.fns.byName, name.Text)
	return c.checkBodies([]*function{c.declare(nil, d, c.src, "")})
}

// checkModule checks DEFINE MODULE, whose functions may call one another by their short names.
func (c *checker) checkModule(d *ast.Define) []schema.Ref {
	name := d.Name[0]
	switch {
	case d.Language != nil && !strings.EqualFold(d.Language.Text, "zeroql"):
		c.unsupported(d.Language.Span, "a module in "+d.Language.Text)
		return nil
	case hasModule(name.Text) || slices.Contains(laterModules, name.Text):
		c.failf(ops.CodeAlreadyExists, name.Span, "%s is a module of the language", name.Text)
		return nil
	}
	var fs []*function
	for _, s := range d.Body {
		f, ok := s.(*ast.Define)
		if !ok || f.Kind != ast.DefFunction || len(f.Name) != 1 {
			c.fail(ops.Errorf(ops.CodeSyntax, "a module holds DEFINE FUNCTION alone").WithHint("DEFINE MODULE %s WITH DEFINE FUNCTION f() DO RETURN 1 END END", name.Text), s.Pos())
			continue
		}
		full := name.Text + "::" + f.Name[0].Text
		if slices.ContainsFunc(fs, func(o *function) bool { return o.name == full }) {
			c.failf(ops.CodeAlreadyExists, f.Name[0].Span, "function %s is defined twice", f.Name[0].Text)
			continue
		}
		fs = append(fs, c.declare(nil, f, c.src, name.Text))
	}
	return c.checkBodies(fs)
}

// checkBodies resolves the bodies of functions that are being defined, and returns what they name. They are forgotten then: what is
// called is read out of the catalog.
func (c *checker) checkBodies(fs []*function) (refs []schema.Ref) {
	for _, f := range fs {
		c.resolveBody(f)
		for _, o := range f.needs {
			refs = append(refs, schema.RefTo(o.Kind, o.Name))
		}
		refs = append(refs, f.tables...)
	}
	c.writesInQueries()
	c.fns.calls = nil
	for _, f := range fs {
		delete(c.fns.byName, f.name)
	}
	return refs
}

// ---- parameters

// checkParam checks DEFINE PARAM: its value is an expression that reads nothing.
func (c *checker) checkParam(d *ast.Define) []schema.Ref {
	since := len(c.needs)
	if d.Value == nil {
		c.fail(ops.Errorf(ops.CodeSyntax, "a parameter needs a VALUE").WithHint("DEFINE PARAM $%s VALUE …", d.Name[0].Text), d.Span)
		return nil
	}
	c.paramValue(d)
	return c.required(since)
}

func (c *checker) paramValue(d *ast.Define) Expr {
	in := newChecker(c.src, Options{Objects: c.opt.Objects, Parse: c.opt.Parse})
	in.catalog, in.guard, in.fns = c.catalog, true, c.fns
	x := in.expr(d.Value)
	c.errs, c.needs = append(c.errs, in.errs...), append(c.needs, in.needs...)
	if len(in.errs) > 0 {
		return x
	}
	if !pure(x) {
		return c.fail(ops.Errorf(ops.CodeSyntax, "the value of a parameter is an expression that reads nothing").WithHint("a function may read: DEFINE FUNCTION %s() DO RETURN … END", d.Name[0].Text), d.Value.Pos())
	}
	if d.Type == nil {
		return x
	}
	t := c.typ(d.Type)
	if k, ok := x.(*Const); ok {
		if _, err := ops.Check(k.Value, t); err != nil {
			return c.fail(asError(err), d.Value.Pos())
		}
		return x
	}
	if never(x.At().Type, t) {
		return c.failf(ops.CodeType, d.Value.Pos(), "$%s takes %s, not %s", d.Name[0].Text, aKind(t.Kind), aKind(x.At().Type.Kind))
	}
	return c.kept(&t, x)
}

// definedParam resolves $name to the parameter that somebody has defined; nil where there is none.
func (c *checker) definedParam(name string, at ops.Span) Expr {
	o := c.object(schema.ObjectParam, name)
	if o == nil {
		return nil
	}
	r := c.read(o)
	if r == nil {
		c.damaged(o, at)
		return constant(ops.None, at)
	}
	r.fns = c.fns
	x := r.paramValue(r.def)
	c.needs = append(c.needs, r.needs...)
	if len(r.errs) > 0 {
		e := r.errs[0]
		r.errs = nil
		return c.failf(e.Code, at, "parameter $%s cannot be used: %s", name, e.Message)
	}
	return placed(x, at)
}
