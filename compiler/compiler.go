// Package compiler turns ZeroQL into programs. It is a pure function of the text, a snapshot of the catalog and options:
// it keeps no state, and the same input gives the same bytes everywhere.
//
// A text is parsed (parse), its names are resolved and its types checked (sema), each statement is planned (plan) and written as
// bytecode (codegen).
package compiler

import (
	"bytes"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/codegen"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// Options are what beside the text decides about a program.
type Options struct {
	// Catalog is what names are resolved against. nil: no schema is known, every table is taken for a schemaless one.
	Catalog schema.Catalog
	// Vars are the variables that earlier statements of the session have set, in the order of their slots.
	Vars []string
	// Off are the names of planning rules that shall not fire; see Rules.
	Off []string
}

// Result is a compiled text.
type Result struct {
	Program  *vm.Program
	Warnings []*ops.Error
	// Secret says that the program holds a password which stands in the text, so that neither should be kept.
	Secret bool
}

// Compile compiles a script. All errors of the text are returned; the result is nil if there is one.
func Compile(src string, opt Options) (*Result, []*ops.Error) {
	script, errs := parse.Parse(src)
	if len(errs) > 0 {
		return nil, withMeaning(script, opt, errs)
	}
	return CompileScript(script, opt)
}

// CompileScript compiles a script that has been parsed.
func CompileScript(script *ast.Script, opt Options) (*Result, []*ops.Error) {
	p, errs := sema.Check(script, sema.Options{Catalog: opt.Catalog, Vars: opt.Vars, Parse: parse.Parse})
	if len(errs) > 0 {
		return nil, errs
	}
	program, err := generate(script.Source, p, opt)
	if err != nil {
		return nil, []*ops.Error{err}
	}
	return &Result{program, p.Warnings, len(p.Secrets) > 0}, nil
}

// Explained returns a script in which EXPLAIN, or EXPLAIN ANALYZE, stands before each query and write.
func Explained(script *ast.Script, analyze bool) *ast.Script {
	out := *script
	out.Statements = make([]ast.Statement, len(script.Statements))
	for i, st := range script.Statements {
		if _, ok := st.(*ast.ExprStatement); ok {
			st = &ast.Explain{At: ast.At{Span: st.Pos()}, Analyze: analyze, Statement: st}
		}
		out.Statements[i] = st
	}
	return &out
}

// withMeaning adds to the errors of syntax those that the statements without one have.
func withMeaning(script *ast.Script, opt Options, errs []*ops.Error) []*ops.Error {
	_, more := sema.Check(script, sema.Options{Catalog: opt.Catalog, Vars: opt.Vars, Parse: parse.Parse})
	return sema.Sorted(append(errs, more...))
}

// Expr compiles a single expression, as ASSERT and VALUE clauses hold them: a program of one statement that yields its value.
// params are bound in their order; a bare name is a field of $this if that is one of them. Types, enums and the like are those of
// the catalog, which may be nil.
func Expr(c schema.Catalog, src string, params ...string) (*vm.Program, []*ops.Error) {
	e, errs := parse.Expr(src)
	if len(errs) > 0 {
		return nil, errs
	}
	opt := sema.Options{Objects: c, Parse: parse.Parse}
	for _, p := range params {
		opt.Bound = append(opt.Bound, vm.Param{Name: p, Type: ops.Any, Optional: true})
	}
	p, errs := sema.CheckExpr(src, e, opt)
	if len(errs) > 0 {
		return nil, errs
	}
	program, err := generate(src, p, Options{})
	if err != nil {
		return nil, []*ops.Error{err}
	}
	return program, nil
}

// SchemaFromScript returns the catalog that a script of definitions makes of an empty database.
func SchemaFromScript(src string) (schema.Catalog, []*ops.Error) {
	r, errs := Compile(src, Options{Catalog: schema.NewMemory("main", "main")})
	if len(errs) > 0 {
		return nil, errs
	}
	catalog := schema.NewMemory("main", "main")
	for i := range r.Program.Statements {
		s := &r.Program.Statements[i]
		if s.Kind != vm.StatementDefine && s.Kind != vm.StatementUse {
			return nil, []*ops.Error{ops.Errorf(ops.CodeUnsupported, "a schema holds definitions only").At(s.Span)}
		}
	}
	for _, d := range r.Program.Defs {
		next, err := catalog.Apply(d)
		if err != nil {
			return nil, []*ops.Error{ops.Errorf(ops.CodeOf(err), "%v", err)}
		}
		catalog = next
	}
	return catalog, nil
}

// Rules lists the planning rules with what each wins, in the order of their application.
func Rules() [][2]string { return plan.Rules() }

func generate(src string, p *sema.Program, opt Options) (*vm.Program, *ops.Error) {
	plans := make([]*plan.Plan, len(p.Statements))
	o := plan.Options{Off: opt.Off, Catalog: opt.Catalog, Routines: map[*sema.Routine]*plan.Plan{}}
	for i := range p.Statements {
		plans[i] = plan.Make(p.Statements[i].Body, o)
	}
	var failed *ops.Error
	program, err := codegen.Generate(src, p, plans, func(i int) codegen.Explained {
		x, err := explain(src, p, i, plans[i])
		if err != nil {
			failed = err
		}
		return x
	})
	if err == nil {
		err = failed
	}
	return program, err
}

// explain compiles one statement by itself, to show its code.
func explain(src string, p *sema.Program, i int, pl *plan.Plan) (codegen.Explained, *ops.Error) {
	x := codegen.Explained{Plan: pl.Text(p.Source)}
	alone := *p
	s := p.Statements[i]
	s.Explain = 0
	alone.Statements = []sema.Statement{s}
	program, err := codegen.Generate(src, &alone, []*plan.Plan{pl}, nil)
	if err != nil {
		return x, err
	}
	x.Plan += "\ncost: " + program.Manifest.Cost.String()
	var text bytes.Buffer
	vm.Disassemble(&text, program)
	x.Bytecode = text.String()
	return x, nil
}
