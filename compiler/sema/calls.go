package sema

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
)

// Function is a function with the signature that a call chose.
type Function struct {
	Def       *ops.Func
	Signature *ops.Signature
}

func (f Function) same(g Function) bool { return f.Def == g.Def }

// Capability is what of the outer world the function looks at; "" for one that gives the same for the same arguments.
func (f Function) Capability() string { return f.Def.Capability }

func (c *checker) call(e *ast.Call) Expr {
	if e.On != nil {
		return c.methodCall(e)
	}
	parts := make([]string, len(e.Func))
	for i, n := range e.Func {
		parts[i] = n.Text
	}
	name := strings.Join(parts, "::")
	if e.Fold || len(parts) == 1 && ops.LookupAggregate(name) != nil {
		return c.aggregate(e, name)
	}
	return c.function(e, name)
}

func (c *checker) methodCall(e *ast.Call) Expr {
	return c.failf(ops.CodeUnknownName, e.On.Pos(), "%s is no function; functions are called by name, as in string::len(x)", c.text(e.On.Pos()))
}

// laterModules are the modules of functions that are not executed.
var laterModules = []string{"graph", "geo", "search", "http", "object", "rand", "crypto", "encoding", "vector"}

func (c *checker) function(e *ast.Call, name string) Expr {
	if ops.LookupFunc(name) == nil {
		if x, ok := c.definedFunction(e, name); ok {
			return x
		}
	}
	if module, _, _ := strings.Cut(name, "::"); slices.Contains(laterModules, module) && !hasModule(module) {
		return c.unsupported(e.Span, "the function "+name)
	}
	if x, ok := c.definedCall(e); ok {
		return x
	}
	if def := ops.LookupFunc(name); def != nil && def.Capability == ops.CapabilityReads {
		return c.readingCall(e, def)
	}
	args, ok := c.arguments(e, name)
	if !ok {
		return constant(ops.None, e.Span)
	}
	types := make([]ops.Type, len(args))
	for i, a := range args {
		types[i] = a.At().Type
	}
	def, signature, err := ops.Resolve(name, types)
	if err != nil {
		return c.badCall(e, name, err)
	}
	return &Call{Info: Info{e.Span, signature.ResultOf(types)}, Func: Function{def, signature}, Args: args}
}

func (c *checker) badCall(e *ast.Call, name string, err error) Expr {
	fault := asError(err)
	at := e.Span
	if fault.Code == ops.CodeUnknownName {
		at = e.Func[0].Span.Cover(e.Func[len(e.Func)-1].Span)
		fault = closest(fault, name, append(c.functionNames(), ops.FuncNames()...))
		if full := inModule(name); fault.Hint == "" && full != "" {
			fault = fault.WithHint("did you mean %s?", full)
		}
	}
	return c.fail(fault, at)
}

// hasModule reports whether there are functions of a module.
func hasModule(module string) bool {
	return slices.ContainsFunc(ops.FuncNames(), func(f string) bool { return strings.HasPrefix(f, module+"::") })
}

// inModule finds the function that is meant by its last name alone.
func inModule(name string) string {
	for _, f := range ops.FuncNames() {
		if strings.HasSuffix(f, "::"+strings.ToLower(name)) {
			return f
		}
	}
	return ""
}

// arguments resolves the arguments of a call, named ones put into their places.
func (c *checker) arguments(e *ast.Call, name string) ([]Expr, bool) {
	var args []Expr
	var named []ast.Arg
	for _, a := range e.Args {
		if a.Distinct || a.Where != nil {
			c.failf(ops.CodeSyntax, a.Span, "DISTINCT and WHERE belong into a FOLD, %s is a function", name)
		}
		if a.Name != nil {
			named = append(named, a)
			continue
		}
		args = append(args, c.expr(a.X))
	}
	def := ops.LookupFunc(name)
	if len(named) == 0 || def == nil {
		return args, true
	}
	for i := range def.Signatures {
		if all, ok := c.place(def.Signatures[i].Names, args, named); ok {
			return all, true
		}
	}
	c.failf(ops.CodeArgument, named[0].Span, "%s has no such arguments; it is %s", name, def.Usage())
	return nil, false
}

// place puts named arguments behind the others, where the names say; there may be no gap.
func (c *checker) place(names []string, args []Expr, named []ast.Arg) ([]Expr, bool) {
	all := make([]Expr, len(args)+len(named))
	copy(all, args)
	for _, a := range named {
		i := slices.Index(names, a.Name.Text)
		if i < len(args) || i >= len(all) || all[i] != nil {
			return nil, false
		}
		all[i] = c.expr(a.X)
	}
	return all, true
}

// aggregate resolves FOLD f(…), or a bare call that could mean nothing else.
func (c *checker) aggregate(e *ast.Call, name string) Expr {
	f := ops.LookupAggregate(name)
	if f == nil {
		names := ops.AggregateNames()
		err := ops.Errorf(ops.CodeUnknownName, "there is no aggregate %s", name).WithHint("the aggregates are %s", strings.Join(names, ", "))
		return c.fail(closest(err, name, names), e.Span)
	}
	if c.scope == nil {
		return c.failf(ops.CodeType, e.Span, "%s folds the rows of a query; there is none here", name)
	}
	a := &Aggregate{Info: Info{e.Span, ops.TypeOf(ops.KindInt)}, Name: name}
	if n := len(e.Args); n > 1+len(f.Params) || n < 1+len(f.Params) && (f.Arg || n > 0) {
		return c.failf(ops.CodeArgument, e.Span, "FOLD %s takes %s", name, argumentsOf(f))
	}
	if len(e.Args) > 0 {
		c.foldArgument(a, f, e.Args[0])
		c.foldParams(a, f, e.Args[1:])
	}
	arg := ops.Any
	if a.Arg != nil {
		arg = a.Arg.At().Type
		if k := arg.Kind; f.Takes != 0 && k != ops.KindAny && k != ops.KindNone && !f.Takes.Has(k) {
			c.failf(ops.CodeType, a.Arg.At().Span, "FOLD %s takes numbers%s, not %s", name, map[bool]string{true: " or durations"}[f.Takes.Has(ops.KindDuration)], aKind(k))
		}
	}
	a.Type = f.Result(arg)
	return a
}

func argumentsOf(f *ops.Aggregate) string {
	if len(f.Params) > 0 {
		return "a value and a percentage from 0 to 100"
	}
	return "one argument"
}

func (c *checker) foldArgument(a *Aggregate, f *ops.Aggregate, arg ast.Arg) {
	a.Distinct = arg.Distinct
	if _, star := arg.X.(*ast.Wild); !star && arg.X != nil {
		a.Arg = c.expr(arg.X)
	} else if f.Arg {
		c.failf(ops.CodeArgument, arg.Span, "FOLD %s takes an expression, not *", a.Name)
	} else if a.Distinct {
		c.fail(ops.Errorf(ops.CodeArgument, "FOLD %s counts rows, which are all distinct", a.Name).WithHint("say of what: %s(DISTINCT name)", a.Name), arg.Span)
	}
	if arg.Where != nil {
		a.Where = c.condition(arg.Where)
	}
	for _, x := range present(a.Arg, a.Where) {
		if HasAggregate(x) {
			c.failf(ops.CodeType, x.At().Span, "a FOLD cannot hold another FOLD")
		}
	}
}

// foldParams resolves what is the same for all rows of a fold, as the percentage of percentile.
func (c *checker) foldParams(a *Aggregate, f *ops.Aggregate, args []ast.Arg) {
	for i, arg := range args {
		if arg.Distinct {
			c.failf(ops.CodeSyntax, arg.Span, "DISTINCT stands before the first argument of a FOLD")
		}
		if arg.Where != nil { // the condition stands behind the last argument
			a.Where = c.condition(arg.Where)
			if HasAggregate(a.Where) {
				c.failf(ops.CodeType, arg.Where.Pos(), "a FOLD cannot hold another FOLD")
			}
		}
		x := c.expr(arg.X)
		k := x.At().Type.Kind
		switch {
		case !IsScalar(x):
			c.failf(ops.CodeType, arg.Span, "the percentage of %s is one number for the whole query; it cannot read rows", a.Name)
		case k != ops.KindAny && !k.IsNumber():
			c.failf(ops.CodeType, arg.Span, "%s takes a percentage from 0 to 100, not %s", a.Name, aKind(k))
		}
		if k, ok := x.(*Const); ok && f.NewWith != nil {
			if _, err := f.NewWith([]ops.Value{k.Value}); err != nil && k.Value.Kind().IsNumber() {
				c.fail(asError(err), args[i].Span)
			}
		}
		a.Params = append(a.Params, x)
	}
}
