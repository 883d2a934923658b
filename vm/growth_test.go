package vm_test

import (
	"testing"

	"github.com/zerodb/zerodb/ops"
)

// Loops that make a value grow with each round end with an error, long before memory or time do.
func TestGrowingValuesEnd(t *testing.T) {
	for name, c := range map[string]struct {
		program string
		code    ops.Code
	}{
		"text":        {"const k0 \"xxxxxxxx\"\nfragment F0\n register r0 any\n const r0, k0\n add r0, r0, r0\n jump @1\nstatement 0 query F0", ops.CodeMemoryBudget},
		"list":        {"const k0 [1, 2]\nfragment F0\n register r0 any\n const r0, k0\n add r0, r0, r0\n jump @1\nstatement 0 query F0", ops.CodeMemoryBudget},
		"list in two": {"const k0 [1, 2]\nfragment F0\n register r0 any\n register r1 any\n const r0, k0\n move r1, r0\n list r0, r0, 2\n jump @1\nstatement 0 query F0", ops.CodeTooLarge},
		"list in one": {"const k0 [1, 2]\nfragment F0\n register r0 any\n const r0, k0\n list r0, r0, 1\n jump @1\nstatement 0 query F0", ops.CodeTooLarge},
		"texts of a batch": {"shape s0 value x any\nconst k0 [\"aaaa\", \"bbbb\", \"cccc\"]\nfragment F0\n cursor c0\n register r0 any\n register r1 any of c0\n register r2 any\n" +
			" const r0, k0\n open.items c0, r0\n next c0, @6\n column r1, c0, 0\n add r1, r1, r1\n jump @4\n end\nstatement 0 query F0", ops.CodeMemoryBudget},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := query(t, fuzzStore(), c.program, 1<<20)
			if ops.CodeOf(err) != c.code {
				t.Fatalf("%v, want %s", err, c.code)
			}
		})
	}
}
