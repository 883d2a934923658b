package optest

import (
	_ "embed" // the table
	"fmt"
	"strings"

	"github.com/zerodb/zerodb/ops"
)

//go:embed operators.txt
var operators string

// Case is one line of operators.txt: an operator, its operands, and what comes of them.
type Case struct {
	Line int
	Op   uint16
	A, B ops.Value
	// Want is the result, or Code the code of the error.
	Want ops.Value
	Code ops.Code
}

// Cases reads the table of operator cases.
func Cases() (cs []Case) {
	for i, line := range strings.Split(operators, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cs = append(cs, parseCase(i+1, line))
	}
	return cs
}

// parseCase reads `op a | b → result`.
func parseCase(n int, line string) Case {
	left, want, ok := strings.Cut(line, " → ")
	name, operands, _ := strings.Cut(left, " ")
	op, known := ops.Opcode(name)
	if !ok || !known {
		panic(fmt.Sprintf("optest: operators.txt:%d: %s", n, line))
	}
	c := Case{Line: n, Op: op}
	a, b, binary := strings.Cut(operands, " | ")
	c.A = Parse(a)
	if binary {
		c.B = Parse(b)
	}
	if code, failed := strings.CutPrefix(want, "!"); failed {
		c.Code = ops.Code(code)
	} else {
		c.Want = Parse(want)
	}
	return c
}

// Check compares what came of a case with what should have.
func (c *Case) Check(got ops.Value, err error) error {
	switch {
	case err != nil && ops.CodeOf(err) == c.Code:
		return nil
	case err != nil:
		return fmt.Errorf("operators.txt:%d: %w", c.Line, err)
	case c.Code != "":
		return fmt.Errorf("operators.txt:%d: %s, want the error %s", c.Line, ops.AppendZQL(nil, got), c.Code)
	case !Same(got, c.Want):
		return fmt.Errorf("operators.txt:%d: %s %s, want %s %s", c.Line, got.Kind(), ops.AppendZQL(nil, got), c.Want.Kind(), ops.AppendZQL(nil, c.Want))
	}
	return nil
}

// Same reports whether two values are equal and of one kind, all the way down.
func Same(a, b ops.Value) bool {
	if a.Kind() != b.Kind() || !ops.Equal(a, b) {
		return false
	}
	switch a.Kind() {
	case ops.KindList, ops.KindTuple, ops.KindSet:
		for i := range a.AsList() {
			if !Same(a.AsList()[i], b.AsList()[i]) {
				return false
			}
		}
	case ops.KindObject:
		for _, m := range a.AsObject() {
			if other, _ := b.Member(m.Name); !Same(m.Value, other) {
				return false
			}
		}
	}
	return true
}
