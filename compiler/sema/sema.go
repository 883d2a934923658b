package sema

import (
	"cmp"
	"errors"
	"slices"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// Options are what a script is checked against.
type Options struct {
	// Catalog is what the database defines. nil: nothing is known, every table is taken for a schemaless one.
	Catalog schema.Catalog
	// Vars are the variables that earlier statements of the session have set.
	Vars []string
	// Objects is where the definitions that are kept as text are looked up without a Catalog; it may be nil.
	Objects schema.Catalog
	// Parse reads the text of such a definition.
	Parse func(src string) (*ast.Script, []*ops.Error)
	// Bound are parameters with a type that is known, in order, for expressions stored in a schema.
	Bound []vm.Param
}

// Check resolves a script. It reports every error it finds; the program is nil if there is one.
func Check(script *ast.Script, opt Options) (*Program, []*ops.Error) {
	c := newChecker(script.Source, opt)
	for _, s := range script.Statements {
		c.statement(s)
	}
	return c.result()
}

// CheckExpr resolves a single expression, whose names are fields of the parameter $this if it is bound.
func CheckExpr(src string, e ast.Expr, opt Options) (*Program, []*ops.Error) {
	c := newChecker(src, opt)
	c.guard = true
	x := c.expr(e)
	c.add(Statement{Kind: vm.StatementQuery, Span: e.Pos(), Body: &Values{X: x}})
	return c.result()
}

// checker is the state of one Check.
type checker struct {
	src     string
	catalog *schema.Memory // with the script's own definitions so far; nil: nothing is known
	// fromWrites are the tables that writes of the script bring into being.
	fromWrites map[string]bool
	program    Program
	params     map[string]int
	vars       map[string]int // slot of every variable that the program uses
	session    map[string]bool
	let        map[string]bool
	types      map[string]*ops.Type // that LET has declared
	in         *routine             // the statement or function at hand; nil in an expression of the schema
	block      *blockScope          // the innermost block
	inFunction bool
	module     string // of the function at hand
	fns        *functions
	callSpan   ops.Span     // of the outermost call of a defined function
	tables     []schema.Ref // that were looked up
	scope      *scope       // nil outside a query
	queries    int
	top        ast.Expr // the query that the statement at hand is
	guard      bool     // checking an expression of a schema
	errs       []*ops.Error
	views      int             // how deep we are in views
	reads      map[string]bool // the tables that a view reads, while one is defined
	opt        Options
	needs      []*schema.Object // what the statement has looked up
	readings   map[[16]byte]*reading
	depth      int // of types in types
}

func newChecker(src string, opt Options) *checker {
	c := &checker{src: src, opt: opt, params: map[string]int{}, vars: map[string]int{}, session: map[string]bool{},
		fns: &functions{byName: map[string]*function{}}, readings: map[[16]byte]*reading{}}
	if opt.Catalog != nil {
		c.catalog = schema.MemoryOf(opt.Catalog)
	}
	for _, p := range opt.Bound {
		c.params[p.Name] = len(c.program.Params)
		c.program.Params = append(c.program.Params, p)
	}
	for _, name := range opt.Vars {
		c.session[name] = true
	}
	return c
}

func (c *checker) result() (*Program, []*ops.Error) {
	c.writesInQueries()
	for _, e := range append(c.errs[:len(c.errs):len(c.errs)], c.program.Warnings...) {
		e.Span = c.program.Origin(e.Span)
	}
	c.program.Source = c.src
	if len(c.errs) > 0 {
		return nil, Sorted(c.errs)
	}
	for i := range c.program.Statements {
		s := &c.program.Statements[i]
		if r, ok := s.Body.(*Routine); ok && r.Block.Writes() {
			s.Kind = vm.StatementWrite
		}
	}
	return &c.program, nil
}

// Sorted puts errors into the order of the text.
func Sorted(errs []*ops.Error) []*ops.Error {
	slices.SortStableFunc(errs, func(a, b *ops.Error) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	return errs
}

// slot returns the place of a variable, making one for a new name.
func (c *checker) slot(name string) int {
	if i, ok := c.vars[name]; ok {
		return i
	}
	c.vars[name] = len(c.program.Vars)
	c.program.Vars = append(c.program.Vars, name)
	return c.vars[name]
}

func (c *checker) add(s Statement) {
	s.Needs, c.needs = c.needs, nil
	c.program.Statements = append(c.program.Statements, s)
}

// fail reports an error and returns an expression to go on with.
func (c *checker) fail(e *ops.Error, at ops.Span) Expr {
	c.errs = append(c.errs, e.At(at))
	return constant(ops.None, at)
}

func (c *checker) failf(code ops.Code, at ops.Span, format string, args ...any) Expr {
	return c.fail(ops.Errorf(code, format, args...), at)
}

// asError returns the error for the user that err is or wraps.
func asError(err error) *ops.Error {
	var e *ops.Error
	if errors.As(err, &e) {
		return e
	}
	return ops.Errorf(ops.CodeInternal, "%v", err)
}

// unsupported reports a part of the language that this build does not execute.
func (c *checker) unsupported(at ops.Span, what string) Expr {
	return c.failf(ops.CodeUnsupported, at, "%s cannot be executed yet", what)
}

func (c *checker) warn(e *ops.Error, at ops.Span) {
	c.program.Warnings = append(c.program.Warnings, e.At(at))
}

func (c *checker) text(s ops.Span) string {
	if s.Start < 0 || s.End > len(c.src) || s.Start > s.End {
		return ""
	}
	return c.src[s.Start:s.End]
}

// ---- statements

func (c *checker) statement(s ast.Statement) {
	at := s.Pos()
	switch s := s.(type) {
	case *ast.ExprStatement:
		c.add(c.exprStatement(s))
	case *ast.Return:
		c.add(c.returnStatement(s))
	case *ast.Let:
		c.add(c.letStatement(s))
	case *ast.Set:
		c.add(c.setStatement(s))
	case *ast.For, *ast.While:
		c.add(c.controlStatement(s))
	case *ast.Break:
		c.leaveStep(at, "BREAK", false)
	case *ast.Continue:
		c.leaveStep(at, "CONTINUE", true)
	case *ast.Transaction:
		c.transaction(s)
	case *ast.Explain:
		c.explain(s)
	case *ast.Define:
		c.define(s)
	case *ast.Redefine:
		c.redefine(s)
	case *ast.Remove:
		c.remove(s)
	case *ast.Describe:
		c.describe(s)
	case *ast.Use:
		c.use(s)
	case *ast.Info:
		c.info(s)
	case *ast.AlterUser:
		c.alterUser(s)
	case *ast.Analyze:
		c.analyze(s)
	default:
		c.unsupported(at, statementName(s))
	}
}

func statementName(s ast.Statement) string {
	switch s.(type) {
	case *ast.LiveSelect:
		return "LIVE SELECT"
	case *ast.Kill:
		return "KILL"
	}
	return "this statement"
}

// exprStatement takes what stands alone: a write, a query, a bare source – which is SELECT * FROM it – or a value.
func (c *checker) exprStatement(s *ast.ExprStatement) Statement {
	st := Statement{Kind: vm.StatementQuery, Span: s.Span}
	switch x := s.X.(type) {
	case *ast.Create, *ast.Update, *ast.Delete, *ast.Relate:
		st.Kind, st.Body = vm.StatementWrite, c.write(x)
	case *ast.Select, *ast.SetOp:
		c.top = x
		st.Body = c.rowsQuery(x)
		c.top = nil
	case *ast.Ident, *ast.RecordExpr, *ast.RecordRange, *ast.Pattern, *ast.Wild:
		st.Body = c.query(&ast.Select{At: ast.At{Span: s.Span}, Items: []ast.SelectItem{{X: &ast.Wild{At: ast.At{Span: s.Span}}}},
			From: []ast.Source{{At: ast.At{Span: s.Span}, X: x}}})
	case *ast.If:
		if !oneEach(x) || !hasValue(x) {
			return c.controlStatement(s)
		}
		return c.valueStatement(s.Span, s.X, "")
	default:
		return c.valueStatement(s.Span, s.X, "")
	}
	return st
}

func (c *checker) returnStatement(s *ast.Return) Statement {
	name := ""
	if s.As != nil {
		name = s.As.Text
	}
	return c.valueStatement(s.Span, s.Value, name)
}

// valueStatement yields one value, in a column if that has a name.
func (c *checker) valueStatement(at ops.Span, e ast.Expr, name string) Statement {
	r := c.enter(at)
	defer c.leave()
	x := c.optional(e, at)
	if r.needed {
		r.Column = name
		return r.asStatement(at, x)
	}
	return Statement{Kind: vm.StatementQuery, Span: at, Body: &Values{X: x, Name: name}}
}

func (c *checker) letStatement(s *ast.Let) Statement {
	name := s.Name.Text
	if c.let[name] {
		c.fail(ops.Errorf(ops.CodeAlreadyExists, "$%s is set by a LET above", name).WithHint("choose another name, or change it with SET"), s.Name.Span)
	}
	var t *ops.Type
	if s.Type != nil {
		declared := c.typ(s.Type)
		t = &declared
	}
	st := c.variableStatement(s.Span, name, func() Expr { return c.kept(t, c.expr(s.Value)) })
	if c.let == nil {
		c.let, c.types = map[string]bool{}, map[string]*ops.Type{}
	}
	c.let[name], c.types[name] = true, t
	return st
}

func (c *checker) transaction(s *ast.Transaction) {
	kinds := map[ast.TransactionKind]vm.StatementKind{ast.Begin: vm.StatementBegin, ast.Commit: vm.StatementCommit, ast.Cancel: vm.StatementCancel}
	c.add(Statement{Kind: kinds[s.Kind], Span: s.Span, Silent: true})
}

// explain marks the statements that s makes; there is one, or none after an error.
func (c *checker) explain(s *ast.Explain) {
	first := len(c.program.Statements)
	c.statement(s.Statement)
	for i := range c.program.Statements[first:] {
		st := &c.program.Statements[first+i]
		if _, ok := st.Body.(interface{ explainable() }); !ok {
			c.failf(ops.CodeUnsupported, s.Statement.Pos(), "EXPLAIN takes a query or a write, not this statement")
			continue
		}
		st.Span, st.Silent, st.Explain = s.Span, false, 1
		if s.Analyze {
			st.Explain = 2
		}
	}
}

func (*Query) explainable()   {}
func (*Write) explainable()   {}
func (*Values) explainable()  {}
func (*Routine) explainable() {}
