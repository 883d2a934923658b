package sema

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// EdgeRead is what a function that reads edges reads: all of it is named in the call, so that it is known before it runs.
type EdgeRead struct {
	Table     string // "" for every edge table
	Desc      *schema.Table
	Weight    []string // the field that is the weight of an edge; nil without
	Direction vm.Direction
	Span      ops.Span
}

// readingCall resolves a call of a function that reads edges. Its parameters edge, weight and direction are constants: a name, or
// a text.
func (c *checker) readingCall(e *ast.Call, def *ops.Func) Expr {
	s := &def.Signatures[0]
	given, ok := c.placed(e, def)
	if !ok {
		return constant(ops.None, e.Span)
	}
	if c.guard {
		return c.failf(ops.CodeUnsupported, e.Span, "%s reads edges, which a definition cannot", def.Name)
	}
	call := &Call{Info: Info{Span: e.Span}, Func: Function{def, s}, Reads: &EdgeRead{Span: e.Span}}
	types := make([]ops.Type, len(given))
	for i, x := range given {
		var arg Expr
		switch name := s.Names[i]; {
		case x == nil:
			arg = constant(ops.None, e.Span)
		case name == "edge":
			arg = c.edgeArgument(call.Reads, x)
		case name == "weight":
			arg = c.weightArgument(call.Reads, x)
		case name == "direction":
			arg = c.directionArgument(call.Reads, x)
		default:
			arg = c.expr(x)
		}
		call.Args, types[i] = append(call.Args, arg), arg.At().Type
	}
	if _, _, err := ops.Resolve(def.Name, types); err != nil {
		return c.badCall(e, def.Name, err)
	}
	call.Type = s.ResultOf(types)
	return call
}

// placed puts the arguments of a call into the places of its parameters; what is left out in between is nil.
func (c *checker) placed(e *ast.Call, def *ops.Func) ([]ast.Expr, bool) {
	names := def.Signatures[0].Names
	fewest, _ := def.Signatures[0].Arity()
	given := make([]ast.Expr, len(names))
	last := 0
	for i, a := range e.Args {
		at := i
		if a.Name != nil {
			at = slices.Index(names, a.Name.Text)
		}
		if a.Distinct || a.Where != nil || at < 0 || at >= len(names) || given[at] != nil {
			c.failf(ops.CodeArgument, a.Span, "%s does not take this; it is %s", def.Name, def.Usage())
			return nil, false
		}
		given[at] = a.X
		last = max(last, at+1)
	}
	for _, x := range given[:fewest] {
		if x == nil {
			c.failf(ops.CodeArgument, e.Span, "%s lacks an argument; it is %s", def.Name, def.Usage())
			return nil, false
		}
	}
	return given[:last], true
}

// nameIn is the name or constant text that an argument is.
func (c *checker) nameIn(x ast.Expr) (string, bool) {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name, true
	case *ast.Wild:
		return "*", true
	case *ast.Field:
		if base, ok := c.nameIn(x.X); ok {
			return base + "." + x.Name.Text, true
		}
	case *ast.Literal:
		if x.Value.Kind() == ops.KindString {
			return x.Value.AsString(), true
		}
	}
	return "", false
}

func (c *checker) edgeArgument(r *EdgeRead, x ast.Expr) Expr {
	name, ok := c.nameIn(x)
	if !ok {
		return c.fail(ops.Errorf(ops.CodeArgument, "the edge table of a graph function is named, not computed").
			WithHint("write its name, or * for every edge table"), x.Pos())
	}
	if name != "*" {
		r.Table, r.Desc = name, c.table(name, x.Pos())
		if r.Desc != nil && !r.Desc.Edge {
			return c.failf(ops.CodeType, x.Pos(), "%s is a table of records, not of edges", name)
		}
	}
	return constant(ops.String(name), x.Pos())
}

func (c *checker) weightArgument(r *EdgeRead, x ast.Expr) Expr {
	if k, ok := x.(*ast.Literal); ok && k.Value.IsNone() {
		return constant(ops.None, x.Pos())
	}
	name, ok := c.nameIn(x)
	if !ok || name == "*" {
		return c.failf(ops.CodeArgument, x.Pos(), "the weight of a graph function is the name of a field of its edges")
	}
	r.Weight = strings.Split(name, ".")
	c.fieldType(r.Desc, r.Weight[0], x.Pos())
	return constant(ops.String(name), x.Pos())
}

func (c *checker) directionArgument(r *EdgeRead, x ast.Expr) Expr {
	directions := map[string]vm.Direction{"out": vm.Out, "in": vm.In, "both": vm.Both}
	name, ok := c.nameIn(x)
	if d, known := directions[name]; ok && known {
		r.Direction = d
		return constant(ops.String(name), x.Pos())
	}
	return c.fail(ops.Errorf(ops.CodeArgument, "%s is no direction", c.text(x.Pos())).WithHint(`"out", "in" or "both"`), x.Pos())
}
