package sema

import (
	"slices"

	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

type (
	// Once is X, which stands in several places and is computed in one.
	Once struct {
		Info
		X Expr
	}
	// After is X, computed after First, which X may not come to need: an argument is computed also where the body does not look at it.
	After struct {
		Info
		First []Expr
		X     Expr
	}
)

func (e *Once) parts() []Expr        { return []Expr{e.X} }
func (e *Once) with(p []Expr) Expr   { c := *e; c.X = p[0]; return &c }
func (e *Once) sameHead(o Expr) bool { _, ok := o.(*Once); return ok }
func (e *After) parts() []Expr       { return append(slices.Clone(e.First), e.X) }
func (e *After) with(p []Expr) Expr {
	c := *e
	c.First, c.X = p[:len(p)-1], p[len(p)-1]
	return &c
}
func (e *After) sameHead(o Expr) bool { _, ok := o.(*After); return ok }

// maxInlined is how many parts the body of a function may have to be written into its callers.
const maxInlined = 64

// expressionOf makes an expression of statements that LET, choose with IF and RETURN, and are pure; nil of others.
func expressionOf(steps []BlockStep) Expr {
	parts := maxInlined
	x := giveOf(steps, &parts)
	if x == nil || !pure(x) {
		return nil
	}
	return x
}

func giveOf(steps []BlockStep, parts *int) Expr {
	if len(steps) == 0 {
		return nil
	}
	switch s := steps[0].(type) {
	case *Give:
		return counted(s.X, parts)
	case *Store:
		rest := giveOf(steps[1:], parts)
		if s.Var == nil || rest == nil || counted(s.X, parts) == nil {
			return nil
		}
		return substitute(rest, []*Variable{s.Var}, []Expr{s.X}, rest.At().Span)
	case *Branch:
		then := giveOf(s.Then.Steps, parts)
		other := steps[1:]
		if s.Else != nil {
			if other = s.Else.Steps; len(steps) > 1 {
				return nil
			}
		}
		otherwise := giveOf(other, parts)
		if then == nil || otherwise == nil || counted(s.Cond, parts) == nil {
			return nil
		}
		return &If{Info: Info{then.At().Span, union(then.At().Type, otherwise.At().Type)}, Cond: s.Cond, Then: then, Else: otherwise}
	}
	return nil
}

// counted is e if it has no more parts than are left.
func counted(e Expr, parts *int) Expr {
	Walk(e, func(Expr) bool { *parts--; return *parts > 0 })
	if *parts <= 0 {
		return nil
	}
	return e
}

// pure reports whether an expression gives the same for the same variables, and reads no records.
func pure(e Expr) bool {
	yes := true
	Walk(e, func(x Expr) bool {
		switch x := x.(type) {
		case *Const, *Local, *Unary, *Binary, *If, *Sequence, *Object, *Range, *Record, *Elements, *Assign, *AssignAt, *Omit, *Cast, *Field, *Once, *After:
		case *Call:
			yes = yes && x.Func.Capability() == ""
		default:
			yes = false
		}
		return yes
	})
	return yes
}

// inlined is the body of a function for arguments, or nil where it is not to be written into its callers.
func inlined(f *function, args []Expr, at ops.Span) Expr {
	if f.inline == nil {
		return nil
	}
	for i, x := range args { // what would be computed anew each time must not be written twice
		if !isLeaf(x) && !repeatable(x) && uses(f.inline, f.params[i]) != 1 {
			return nil
		}
	}
	return substitute(placed(f.inline, at), f.params, args, at)
}

// repeatable reports whether an expression gives the same when it is computed twice.
func repeatable(e Expr) bool {
	yes := true
	Walk(e, func(x Expr) bool {
		switch x := x.(type) {
		case *Call:
			yes = yes && x.Func.Capability() == ""
		case *Do, *Run:
			yes = false
		case *Subquery:
			yes = yes && x.Write == nil
		}
		return yes
	})
	return yes
}

func isLeaf(e Expr) bool {
	switch e.(type) {
	case *Const, *Param, *Var, *Local, *Column, *Once:
		return true
	}
	return false
}

func uses(e Expr, v *Variable) (n int) {
	Walk(e, func(x Expr) bool {
		if l, ok := x.(*Local); ok && l.Var == v {
			n++
		}
		return true
	})
	return n
}

// substitute puts values for variables. A value that is no leaf is computed once, and also where e does not come to need it.
func substitute(e Expr, vars []*Variable, values []Expr, at ops.Span) Expr {
	put := make([]Expr, len(vars))
	for i, x := range values {
		if put[i] = x; !isLeaf(x) && uses(e, vars[i]) != 1 {
			put[i] = &Once{Info{x.At().Span, x.At().Type}, x}
		}
	}
	out := Rewrite(e, func(x Expr) Expr {
		if l, ok := x.(*Local); ok {
			if i := slices.Index(vars, l.Var); i >= 0 {
				return put[i]
			}
		}
		return x
	})
	var first []Expr
	for i, x := range put {
		if _, once := x.(*Once); (once || !isLeaf(values[i])) && !surely(out, x) {
			if !once { // named again by what is computed first
				o := &Once{Info{x.At().Span, x.At().Type}, x}
				out = Rewrite(out, func(y Expr) Expr {
					if y == x {
						return o
					}
					return y
				})
				x = o
			}
			first = append(first, x)
		}
	}
	if first == nil {
		return out
	}
	return &After{Info{at, out.At().Type}, first, out}
}

// surely reports whether computing e always computes x.
func surely(e, x Expr) bool {
	if e == x {
		return true
	}
	switch e := e.(type) {
	case *If:
		return surely(e.Cond, x) || surely(e.Then, x) && surely(e.Else, x)
	case *Binary:
		if e.Op == opcodes.And || e.Op == opcodes.Or || e.Op == opcodes.Coalesce {
			return surely(e.Left, x)
		}
	}
	return slices.ContainsFunc(e.parts(), func(p Expr) bool { return surely(p, x) })
}

// placed is a copy of a pure expression in which every part stands at a place of another text.
func placed(e Expr, at ops.Span) Expr {
	old := e.parts()
	parts := make([]Expr, len(old))
	for i, p := range old {
		parts[i] = placed(p, at)
	}
	c := clone(e, parts)
	c.At().Span = at
	return c
}

// clone copies the head of an expression of those that pure lets through.
func clone(e Expr, parts []Expr) Expr {
	switch e := e.(type) {
	case *Const:
		c := *e
		return &c
	case *Local:
		c := *e
		return &c
	}
	return e.with(parts)
}
