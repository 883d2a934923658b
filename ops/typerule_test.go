package ops_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/optest"
)

// TestTypeRulesHold compares what the operators give with what their rows promise to compiler and verifier, and checks that
// they refuse what their rows do not accept.
func TestTypeRulesHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		op := uint16(rapid.IntRange(0, len(ops.Table)-1).Draw(t, "op"))
		row := &ops.Table[op]
		if row.Form != ops.FormUnary && row.Form != ops.FormBinary {
			t.Skip("no operator")
		}
		a, b := optest.Draw(t, ops.KindAny), optest.Draw(t, ops.KindAny)
		if rapid.IntRange(0, 5).Draw(t, "none") == 0 {
			a = ops.None
		}
		v, err := ops.Eval(op, a, b)
		accepted := takes(row.Accepts[0], a) && (row.Form == ops.FormUnary || takes(row.Accepts[1], b))
		if !accepted && (err == nil || ops.CodeOf(err) != ops.CodeType) {
			t.Fatalf("%s takes %s and %s: %v", row.Name, a.Kind(), b.Kind(), err)
		}
		if err == nil && !promised(row, a.Kind(), b.Kind(), v.Kind()) {
			t.Fatalf("%s of %s and %s gives %s", row.Name, a.Kind(), b.Kind(), v.Kind())
		}
	})
}

func takes(s ops.Kinds, v ops.Value) bool { return s == 0 || v.IsNone() || s.Has(v.Kind()) }

// promised reports whether a row's type rule allows a result of kind k.
func promised(row *ops.Row, a, b, k ops.Kind) bool {
	if row.Type == ops.ResultBool {
		return k == ops.KindBool
	}
	if k == ops.KindNone { // every other result may be none, in particular where an operand is
		return true
	}
	switch row.Type {
	case ops.ResultSame:
		return k == a || k == ops.KindWide && a == ops.KindInt && b == ops.KindWide
	case ops.ResultBool3:
		return k == ops.KindBool
	case ops.ResultInt:
		if row.Form == ops.FormUnary {
			b = a
		}
		return k == max(a, b)
	case ops.ResultFloat:
		return k == ops.KindFloat
	case ops.ResultOfSources:
		return k == a || k == b
	case ops.ResultNumeric, ops.ResultAdd:
		switch {
		case a.IsNumber() && b.IsNumber():
			return k == max(a, b) || row.Name == "pow" && k == ops.KindFloat && a <= ops.KindWide && b <= ops.KindWide
		case a == b && row.Type == ops.ResultAdd && a != ops.KindTime:
			return k == a
		}
	}
	return true
}
