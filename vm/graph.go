package vm

import (
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// edgeReader is what a function that reads edges is given in one call: the edges of its access.
type edgeReader struct {
	fr     *frame
	access *linkedAccess
	vector ops.Vector
	batch  Batch
	held   int64
}

// callReading calls a function that reads edges.
func (fr *frame) callReading(f *ops.Func, access int, args []ops.Value) (ops.Value, error) {
	r := &edgeReader{fr: fr, access: &fr.run.linked.accesses[access]}
	env := *fr.run.o.Env
	env.Edges = r
	v, err := f.Eval(&env, args)
	fr.run.o.Memory.take(-r.held)
	return v, err
}

// HashKey implements ops.EdgeReader.
func (r *edgeReader) HashKey() uint64 { return r.fr.run.o.HashKey }

// Hold implements ops.EdgeReader. It is also a place where the run can be stopped.
func (r *edgeReader) Hold(bytes int64) error {
	if err := r.fr.run.ctx.Err(); err != nil {
		return contextError(err)
	}
	r.fr.run.o.Memory.take(bytes)
	r.held += bytes
	return r.fr.run.o.Memory.over("a walk over the graph")
}

// Edges implements ops.EdgeReader.
func (r *edgeReader) Edges(vertices []ops.Value, back bool, f func(i int, far, edge, weight ops.Value) error) error {
	a := r.access
	if a.table == nil && a.Table >= 0 {
		return nil
	}
	direction := a.Direction
	if back && direction != Both {
		direction = In - direction
	}
	for first := 0; first < len(vertices); first += ops.BatchSize {
		part := vertices[first:min(first+ops.BatchSize, len(vertices))]
		r.vector.Reset(ops.KindNone, len(part))
		for i, v := range part {
			r.vector.SetAt(i, v)
		}
		c, err := r.fr.run.txn.Expand(r.fr.run.ctx, a.table, direction, &r.vector, nil, a.Columns)
		if err != nil {
			return err
		}
		err = r.read(c, len(a.Columns), func(row int) error {
			weight := ops.None
			if len(a.Columns) > 2 {
				weight = r.batch.Cols[2].At(row)
			}
			return f(first+int(r.batch.Parent[row]), r.batch.Cols[0].At(row), r.batch.Cols[1].At(row), weight)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// All implements ops.EdgeReader.
func (r *edgeReader) All(f func(from, to ops.Value) error) error {
	a := r.access
	tables := []*schema.Table{a.table}
	if a.Table < 0 {
		tables = r.fr.run.txn.Catalog().Tables()
	}
	for _, t := range tables {
		if t == nil || !t.Edge {
			continue
		}
		c, err := r.fr.run.txn.Scan(r.fr.run.ctx, t, Range{}, endColumns)
		if err != nil {
			return err
		}
		err = r.read(c, len(endColumns), func(row int) error { return f(r.batch.Cols[0].At(row), r.batch.Cols[1].At(row)) })
		if err != nil {
			return err
		}
	}
	return nil
}

var endColumns = []Column{{Kind: ColumnField, Path: Path{"in"}}, {Kind: ColumnField, Path: Path{"out"}}}

// read calls f for every row of a cursor and closes it.
func (r *edgeReader) read(c Cursor, width int, f func(row int) error) (err error) {
	run := r.fr.run
	defer func() {
		rows, bytes := c.Examined()
		run.work.Rows += rows
		run.work.Bytes += bytes
		if e := c.Close(); err == nil {
			err = e
		}
	}()
	for len(r.batch.Cols) < width {
		r.batch.Cols = append(r.batch.Cols, ops.Vector{})
	}
	for {
		if err := run.step(); err != nil {
			return err
		}
		r.batch.Want = 0
		if err := c.Next(run.ctx, &r.batch); err != nil || r.batch.N == 0 {
			return err
		}
		for row := range r.batch.N {
			if err := f(row); err != nil {
				return err
			}
		}
	}
}
