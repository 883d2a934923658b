package zerodb

import (
	"math"

	"github.com/cockroachdb/apd/v3"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// ParseValue reads a value back from its ZeroQL literal: `42`, `"text"`, `t"2026-11-23"`, `[1, 2]`,
// `{ a: none }`, `person:alice`. A text that is no constant is a syntax error.
func ParseValue(text string) (Value, error) {
	x, errs := parse.Expr(text)
	if len(errs) > 0 {
		return ops.None, errs[0]
	}
	return constant(x)
}

// constant evaluates a tree that is made of literals, signs before them, lists, tuples, objects, ranges and record ids.
func constant(x ast.Expr) (Value, error) {
	switch x := x.(type) {
	case *ast.Literal:
		return x.Value, nil
	case *ast.Unary:
		v, err := constant(x.X)
		if err != nil {
			return ops.None, err
		}
		return negated(x, v)
	case *ast.List:
		vs, err := constants(x.Items)
		return ops.List(vs), err
	case *ast.Tuple:
		vs, err := constants(x.Items)
		return ops.Tuple(vs), err
	case *ast.Object:
		ms := make([]Member, len(x.Members))
		for i, m := range x.Members {
			v, err := constant(m.Value)
			if err != nil {
				return ops.None, err
			}
			ms[i] = Member{Name: m.Name.Text, Value: v}
		}
		return ops.Object(ms), nil
	case *ast.RecordExpr:
		key, err := constant(x.Key)
		if err != nil {
			return ops.None, err
		}
		return ops.Record(x.Table.Text, key), nil
	case *ast.Range:
		lo, err := constantOrNone(x.Lo)
		if err != nil {
			return ops.None, err
		}
		hi, err := constantOrNone(x.Hi)
		if err != nil {
			return ops.None, err
		}
		return ops.Range(&Range{Lo: lo, Hi: hi, Inclusive: x.Inclusive}), nil
	}
	return ops.None, &ops.Error{Code: ops.CodeSyntax, Message: "expected a constant", Span: x.Pos()}
}

func constants(xs []ast.Expr) ([]Value, error) {
	vs := make([]Value, len(xs))
	for i, x := range xs {
		v, err := constant(x)
		if err != nil {
			return nil, err
		}
		vs[i] = v
	}
	return vs, nil
}

func constantOrNone(x ast.Expr) (Value, error) {
	if x == nil {
		return ops.None, nil
	}
	return constant(x)
}

// negated applies a sign. The parser gives -9223372036854775808 as one literal or as the negation of one that is
// out of range by one; both end here as a number in range.
func negated(x *ast.Unary, v Value) (Value, error) {
	switch {
	case x.Op == ast.Plus && v.Kind().IsNumber():
		return v, nil
	case x.Op != ast.Neg:
	case v.Kind() == ops.KindInt && v.AsInt() != math.MinInt64:
		return ops.Int(-v.AsInt()), nil
	case v.Kind() == ops.KindWide:
		if n, err := ops.Eval1(opcodes.Neg, v); err == nil {
			return ops.Narrowed(n), nil
		}
	case v.Kind() == ops.KindFloat:
		return ops.Float(-v.AsFloat()), nil
	case v.Kind() == ops.KindDuration && v.AsInt() != math.MinInt64:
		return ops.Duration(-v.AsDuration()), nil
	case v.Kind() == ops.KindDecimal:
		return ops.Decimal(new(apd.Decimal).Neg(v.AsDecimal())), nil
	}
	return ops.None, &ops.Error{Code: ops.CodeType, Message: "a " + v.Kind().String() + " takes no sign", Span: x.Pos()}
}
