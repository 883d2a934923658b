package ops_test

import (
	"testing"

	"github.com/zerodb/zerodb/ops"
)

// grid is a square of vertices.
type grid struct {
	side  int64
	calls int
}

func (*grid) HashKey() uint64                          { return 1 }
func (*grid) Hold(int64) error                         { return nil }
func (*grid) All(func(from, to ops.Value) error) error { return nil }

// Edges leads from x, y to the right and down; the edge down weighs twice as much.
func (g *grid) Edges(vertices []ops.Value, _ bool, f func(i int, far, edge, weight ops.Value) error) error {
	g.calls++
	for i, v := range vertices {
		n := v.RecordKey().AsInt()
		for k, far := range []int64{n + 1, n + g.side} {
			if far >= g.side*g.side || k == 0 && far%g.side == 0 {
				continue
			}
			if err := f(i, ops.Record("v", ops.Int(far)), ops.Record("e", ops.Int(2*n+int64(k))), ops.Int(int64(k)+1)); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestWeightedPathsReadInBatches: the edges of thousands of vertices are read in some tens of reads, and the path is the lightest.
func TestWeightedPathsReadInBatches(t *testing.T) {
	g := &grid{side: 60}
	f := ops.LookupFunc("graph::shortest_path")
	args := []ops.Value{ops.Record("v", ops.Int(0)), ops.Record("v", ops.Int(g.side*g.side-1)), ops.String("e"), ops.String("w")}
	path, err := f.Eval(&ops.Env{Edges: g}, args)
	noError(t, err)
	weight, _ := path.Member("weight")
	equal(t, 3*(g.side-1), weight.AsInt())
	if vertices := int(g.side * g.side); g.calls > vertices/20 {
		t.Errorf("%d reads for %d vertices", g.calls, vertices)
	}
}
