package ops_test

import (
	"testing"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/optest"
)

func TestReferenceMeetsTheTable(t *testing.T) {
	tested := make(map[uint16]bool)
	for _, c := range optest.Cases() {
		tested[c.Op] = true
		if err := c.Check(ops.Eval(c.Op, c.A, c.B)); err != nil {
			t.Error(err)
		}
	}
	for i, r := range ops.Table {
		if (r.Form == ops.FormUnary || r.Form == ops.FormBinary) && !tested[uint16(i)] {
			t.Errorf("operators.txt has no case of %s", r.Name)
		}
	}
}

func TestOperatorErrorsShowTheOperands(t *testing.T) {
	for _, c := range []struct{ op, a, b, want string }{
		{"add", "9223372036854775807", "1", "overflow: int 9223372036854775807 + int 1 leaves the range of int"},
		{"div", "7", "0", "division_by_zero: int 7 / int 0 divides by zero"},
		{"add", `"a"`, "1", `type_mismatch: + does not take string "a" and int 1`},
		{"neg", `"a"`, "none", `type_mismatch: - does not take string "a"`},
		{"mul", "1e200", "1e200", "not_finite: float 1e+200 * float 1e+200 is not finite"},
		{"shl", "1", "99", "overflow: int 1 << int 99 shifts by what is not 0 to 63"},
	} {
		op, _ := ops.Opcode(c.op)
		_, err := ops.Eval(op, optest.Parse(c.a), optest.Parse(c.b))
		if err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
