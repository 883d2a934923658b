package vm_test

import (
	"encoding/binary"
	"testing"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// TestHostileKeysMeetNowhere: texts that were chosen to have one hash have it under the key that they were chosen for alone, so a
// statement over them takes as many looks as one over others.
func TestHostileKeysMeetNowhere(t *testing.T) {
	const n = 20_000
	var texts []ops.Value
	sixteen := uint64(16)
	factor := 0x2d358dccaa6c78a5 ^ sixteen*0x9e3779b97f4a7c15
	for i := range n {
		b := make([]byte, 16)
		binary.LittleEndian.PutUint64(b, factor) // makes one factor of the unkeyed hash zero
		binary.LittleEndian.PutUint64(b[8:], uint64(i)+1)
		texts = append(texts, ops.String(string(b)))
	}
	met := func(key uint64) int {
		hashes := map[uint64]bool{}
		for _, v := range texts {
			hashes[ops.HashKeyed(v, key)] = true
		}
		return n - len(hashes)
	}
	if met(0) != n-1 {
		t.Fatalf("without a key %d of %d texts meet; they were chosen so that all do", met(0), n)
	}
	if met(7) > 0 {
		t.Fatalf("with a key %d of %d texts meet", met(7), n)
	}
	store := twoTables(t, texts, texts)
	rows, _, err := queryIn(t, store, joinProgram("inner", 1), vm.Options{Memory: vm.NewBudget(0), HashKey: 7})
	if err != nil || len(rows) != n {
		t.Fatal(len(rows), err)
	}
}
