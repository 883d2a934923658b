package vm

import (
	"errors"
	"io"
	"testing"

	"github.com/zerodb/zerodb/ops"
)

// fileInMemory is a SpillFile, and the Spill that gives it.
type fileInMemory struct{ data []byte }

func (f *fileInMemory) Create() (SpillFile, error) { return f, nil }

func (f *fileInMemory) Write(p []byte) (int, error) {
	f.data = append(f.data, p...)
	return len(p), nil
}

func (f *fileInMemory) ReadAt(p []byte, at int64) (int, error) {
	if at >= int64(len(f.data)) {
		return 0, io.EOF
	}
	return copy(p, f.data[at:]), nil
}

func (f *fileInMemory) Close() error { return nil }

// TestOverflowPairsItsSides divides two sides by hash, and those of a partition once more: rows of one hash meet in one
// partition, in their order, and none is lost.
func TestOverflowPairsItsSides(t *testing.T) {
	r := &Rows{ctx: t.Context()}
	r.o.Spill = &fileInMemory{}
	var o overflow
	const n = 5000
	numbers := ops.Vector{}
	for i := range n {
		numbers.Append(ops.Int(int64(i % 700)))
	}
	add := func(side int, v *ops.Vector, i int) {
		if err := o.add(r, "a test", side, ops.Hash(v.At(i)), []*ops.Vector{v}, i); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		add(overflowBuild, &numbers, i)
		if i%2 == 0 {
			add(overflowProbe, &numbers, i)
		}
	}
	seen := [overflowSides]map[int64]int{{}, {}}
	levels := map[int]int{}
	for {
		more, err := o.next()
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
		level := o.level
		levels[level]++
		var keys [overflowSides]map[int64]bool
		for side := range overflowSides {
			keys[side] = map[int64]bool{}
			cols := make([]ops.Vector, 1)
			for {
				n, err := o.read(r, side, cols)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					break
				}
				for i := range n {
					k := cols[0].At(i).AsInt()
					keys[side][k] = true
					if level == 1 {
						add(side, &cols[0], i)
					} else {
						seen[side][k]++
					}
				}
			}
		}
		for k := range keys[overflowProbe] {
			if !keys[overflowBuild][k] {
				t.Fatalf("%d is not in the partition of its hash on both sides", k)
			}
		}
	}
	if levels[1] != partitions || levels[2] < partitions {
		t.Errorf("partitions by level: %v", levels)
	}
	for k := range int64(700) {
		want := 0
		for i := int(k); i < n; i += 700 {
			want++
		}
		probed := want * int(1-k%2) // 700 is even: a number stands in even rows alone, or in odd ones
		if seen[overflowBuild][k] != want || seen[overflowProbe][k] != probed {
			t.Fatalf("%d: %d and %d rows, want %d and %d", k, seen[overflowBuild][k], seen[overflowProbe][k], want, probed)
		}
	}
	o.level = maxLevel
	err := o.add(r, "a test", overflowBuild, 1, []*ops.Vector{&numbers}, 0)
	var e *ops.Error
	if !errors.As(err, &e) || e.Code != ops.CodeMemoryBudget {
		t.Errorf("rows that cannot be divided any further: %v", err)
	}
	o.release()
}
