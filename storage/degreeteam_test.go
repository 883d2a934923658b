package storage

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// degreeStore has edges from few vertices that have very many, from many that have some, and from vertices of two tables.
func degreeStore(t testing.TB) (*Store, *schema.Table) {
	o := testOptions(vfs.NewMem())
	o.ScanWorkers = 3
	s := openTest(t, o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var edges *schema.Table
	for at := 0; at < 3*degreeEdges; {
		update(t, s, func(txn *Txn) {
			edges = ensure(t, txn, "knows", true)
			for range 4096 {
				from := ops.Record("node", i64(at%500*at%20_011))
				switch {
				case at%3 == 0: // many pieces of one vertex
					from = ops.Record("hub", ops.String("the one"))
				case at%3 == 1:
					from = ops.Record("hub", ops.String(fmt.Sprint("hub ", at%4001)))
				}
				to := ops.Record("node", i64(at%77))
				if _, _, err := txn.Create(ctx, edges, i64(at), object("in", from, "out", to), false); err != nil {
					t.Fatal(err)
				}
				at++
			}
		})
	}
	return s, edges
}

// degreesOf reads a cursor over degrees to its end.
func degreesOf(t testing.TB, c vm.Cursor, err error) (rows []string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	b := vm.Batch{Cols: make([]ops.Vector, 2)}
	for {
		if err := c.Next(ctx, &b); err != nil {
			t.Fatal(err)
		}
		if b.N == 0 {
			break
		}
		for row := range b.N {
			rows = append(rows, ops.Format(b.Cols[0].At(row))+" "+ops.Format(b.Cols[1].At(row)))
		}
	}
	if n, bytes := c.Examined(); n != 3*degreeEdges || bytes == 0 {
		t.Errorf("%d edges examined, there are %d", n, 3*degreeEdges)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// What several goroutines count is what one counts, in the same order.
func TestDegreeTeamCountsAsOne(t *testing.T) {
	noLeaks(t)
	s, edges := degreeStore(t)
	for _, dir := range []vm.Direction{vm.Out, vm.In} {
		s.opts.ScanWorkers = 1
		txn := begin(t, s, false)
		c, err := txn.Degrees(ctx, edges, dir)
		alone := degreesOf(t, c, err)
		s.opts.ScanWorkers = 3
		c, err = txn.Degrees(ctx, edges, dir)
		if err == nil {
			b := vm.Batch{Cols: make([]ops.Vector, 2)}
			if err := c.Next(ctx, &b); err != nil || c.(*degreeCursor).team == nil {
				t.Fatalf("no team has started: %v", err)
			}
			if err := c.Close(); err != nil { // before its end
				t.Fatal(err)
			}
			c, err = txn.Degrees(ctx, edges, dir)
		}
		if team := degreesOf(t, c, err); !slices.Equal(alone, team) {
			t.Errorf("one counts %d vertices, several %d, or they differ", len(alone), len(team))
		}
		txn.Cancel()
	}
	if n := s.scanners.Load(); n != 0 {
		t.Errorf("%d workers were not given back", n)
	}
}

// A reader that is told to stop does not wait for its workers' pieces.
func TestDegreeTeamStops(t *testing.T) {
	noLeaks(t)
	s, edges := degreeStore(t)
	txn := begin(t, s, false)
	defer txn.Cancel()
	until, cancel := context.WithCancel(ctx)
	c, err := txn.Degrees(until, edges, vm.Out)
	if err != nil {
		t.Fatal(err)
	}
	b := vm.Batch{Cols: make([]ops.Vector, 2)}
	if err := c.Next(until, &b); err != nil {
		t.Fatal(err)
	}
	cancel()
	for err == nil && b.N > 0 {
		err = c.Next(until, &b)
	}
	if err == nil {
		t.Error("it was read to its end")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
