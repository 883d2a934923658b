package plan

import (
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// foldConstants computes what depends on nothing.
//
// It must not fire where computing fails: `SELECT 1/0 FROM t` is no error while t is empty, so the expression stays and
// fails at run time, in the rows that are selected and no others. Nor for functions that look at the world: time::now()
// is asked when the statement runs, not when it is compiled.
func foldConstants(_ *planner, pl *Pipeline) bool {
	changed := false
	pl.rewrite(func(e sema.Expr) sema.Expr {
		f := folded(e)
		changed = changed || f != e
		return f
	})
	return changed
}

// folded is e with what is constant in it computed.
func folded(e sema.Expr) sema.Expr {
	return sema.Rewrite(e, func(x sema.Expr) sema.Expr {
		v, ok := fold(x)
		if !ok {
			return x
		}
		c := &sema.Const{Value: v}
		c.Info = sema.Info{Span: x.At().Span, Type: ops.TypeOf(v.Kind())}
		return c
	})
}

// fold computes an expression whose operands are constants.
func fold(e sema.Expr) (ops.Value, bool) {
	parts := sema.Parts(e)
	if _, leaf := e.(*sema.Const); leaf {
		return ops.None, false
	}
	if x, ok := e.(*sema.If); ok {
		return foldIf(x)
	}
	vs := make([]ops.Value, len(parts))
	for i, p := range parts {
		c, ok := p.(*sema.Const)
		if !ok {
			return ops.None, false
		}
		vs[i] = c.Value
	}
	v, err, ok := evaluate(e, vs)
	return v, ok && err == nil
}

// foldIf chooses the arm where the condition is known and the arm is a constant.
func foldIf(e *sema.If) (ops.Value, bool) {
	cond, ok := e.Cond.(*sema.Const)
	if !ok || cond.Value.Kind() != ops.KindBool {
		return ops.None, false
	}
	arm := e.Else
	if cond.Value.IsTrue() {
		arm = e.Then
	}
	c, ok := arm.(*sema.Const)
	if !ok {
		return ops.None, false
	}
	return c.Value, true
}

func evaluate(e sema.Expr, vs []ops.Value) (v ops.Value, err error, ok bool) {
	switch e := e.(type) {
	case *sema.Unary:
		v, err = ops.Eval(e.Op, vs[0], ops.None)
	case *sema.Binary:
		v, err = ops.Eval(e.Op, vs[0], vs[1])
	case *sema.Call:
		if e.Func.Capability() != "" {
			return v, nil, false
		}
		v, err = e.Func.Def.Eval(&ops.Env{}, vs)
	case *sema.Sequence:
		v = ops.List(vs)
		if e.Tuple {
			v = ops.Tuple(vs)
		}
	case *sema.Object:
		v = ops.Object(members(e.Names, vs))
	case *sema.Range:
		v = ops.Range(&ops.RangeValue{Lo: vs[0], Hi: vs[1], Inclusive: e.Inclusive})
	case *sema.Record:
		switch vs[0].Kind() {
		case ops.KindInt, ops.KindWide, ops.KindString, ops.KindUUID:
			return ops.Record(e.Table, vs[0]), nil, true
		}
		return v, nil, false
	default:
		return v, nil, false
	}
	return v, err, true
}

func members(names []string, vs []ops.Value) (ms []ops.Member) {
	for i, v := range vs {
		if !v.IsNone() {
			ms = append(ms, ops.Member{Name: names[i], Value: v})
		}
	}
	return ms
}

// infallible reports whether e gives a value in every row, whatever the row holds: it may then be evaluated for rows that
// would not have been asked.
func infallible(e sema.Expr) bool {
	switch e := e.(type) {
	case *sema.Const, *sema.Param, *sema.Var, *sema.Column, *sema.Local:
		return true
	case *sema.InTable:
		return infallible(e.X)
	case *sema.Once:
		return infallible(e.X)
	case *sema.Field:
		k := e.X.At().Type.Kind
		return (k == ops.KindRecord || k == ops.KindObject || k == ops.KindList) && infallible(e.X)
	case *sema.Unary:
		return (e.Op == opcodes.IsNone || e.Op == opcodes.Not && isBool(e.X)) && infallible(e.X)
	case *sema.Binary:
		return infallibleBinary(e)
	case *sema.Sequence:
		for _, x := range e.Items {
			if !infallible(x) {
				return false
			}
		}
		return true
	}
	return false
}

func infallibleBinary(e *sema.Binary) bool {
	switch e.Op {
	case opcodes.And, opcodes.Or:
		if !isBool(e.Left) || !isBool(e.Right) {
			return false
		}
	case opcodes.In:
		switch e.Right.At().Type.Kind {
		case ops.KindList, ops.KindTuple, ops.KindSet:
		default:
			return false
		}
	case opcodes.Eq, opcodes.Ne, opcodes.Lt, opcodes.Le, opcodes.Gt, opcodes.Ge, opcodes.Coalesce:
	default:
		return false
	}
	return infallible(e.Left) && infallible(e.Right)
}

func isBool(e sema.Expr) bool { return e.At().Type.Kind == ops.KindBool }

// Infallible is infallible, for the code generator, which guards the others.
func Infallible(e sema.Expr) bool { return infallible(e) }
