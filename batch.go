package zerodb

import (
	"context"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// Batch is some rows of a result where the machine has made them: by column, in memory that is used again. It is for
// those who pass results on; Rows.Next gives rows to keep.
type Batch struct {
	Shape *vm.Shape
	N     int // how many rows

	out     *vm.OutBatch
	vectors []ops.Vector // of a scan
	cells   []Value      // row by row, where the rows were kept
}

// Width returns how many columns there are.
func (b *Batch) Width() int { return len(b.Shape.Names) }

// Column returns a column's rows as a vector, of which those that the selection lists are the batch's (nil: all). Without a
// vector the column is to be asked row by row with Value, unless constant says that its rows are all like the first.
func (b *Batch) Column(col int) (v *ops.Vector, sel ops.Selection, constant bool) {
	switch {
	case b.vectors != nil:
		return &b.vectors[col], nil, false
	case b.out != nil:
		v, _ := b.out.Column(col)
		return v, b.out.Selection(), v == nil
	}
	return nil, nil, false
}

// Value returns the value of a column of a row.
func (b *Batch) Value(row, col int) Value {
	switch {
	case b.vectors != nil:
		return b.vectors[col].At(row)
	case b.out != nil:
		return b.out.Value(row, col)
	}
	return b.cells[row*len(b.Shape.Names)+col]
}

// Batch calls use with the next rows and reports whether there were any; at the end the rows are closed. The batch and its
// values are valid during the call, which must not call the session. An error of use ends the rows.
func (r *Rows) Batch(use func(*Batch) error) (bool, error) {
	r.lock()
	defer r.unlock()
	if r.shape == nil || r.err != nil {
		return false, r.err
	}
	var b Batch
	if r.next < len(r.batch) {
		width := len(r.shape.Names)
		rows := min((len(r.batch)-r.next)/width, ops.BatchSize)
		b = Batch{Shape: r.shape, N: rows, cells: r.batch[r.next : r.next+rows*width]}
		r.next += rows * width
	} else if r.source == nil {
		return false, nil
	} else if more, err := r.counted(&b); err != nil || !more {
		r.noteEnd(err)
		r.end(shifted(err, r.offset))
		return false, r.err
	}
	if err := use(&b); err != nil {
		r.end(err)
		return false, err
	}
	return true, nil
}

// Shape returns what the rows look like; nil where the statement has none.
func (r *Rows) Shape() *vm.Shape { return r.shape }

// RowSource gives rows that come from elsewhere, as those of a server.
type RowSource interface {
	// Next returns the next rows one after another, as many values each as the shape has columns, to be kept by the
	// caller; none at the end.
	Next(ctx context.Context) ([]Value, error)
	Close() error
	Work() Work
}

// NewRows makes the rows of a statement that runs elsewhere.
func NewRows(ctx context.Context, st Statement, shape *vm.Shape, plain string, source RowSource) *Rows {
	r := &Rows{ctx: ctx, statement: st, shape: shape, plain: plain}
	if source != nil {
		r.source = remoteSource{source}
	}
	return r
}

// NewRow makes a row of a shape.
func NewRow(shape *vm.Shape, cells []Value) Row {
	if shape.Form == vm.RowColumns {
		return Row{shape: shape, cells: cells}
	}
	return Row{shape: shape, one: cells[0]}
}

type remoteSource struct{ RowSource }

// Page is the token of a source that has one.
func (s remoteSource) Page() string {
	if p, ok := s.RowSource.(interface{ Page() string }); ok {
		return p.Page()
	}
	return ""
}

func (s remoteSource) fill(ctx context.Context, r *Rows) (bool, error) {
	cells, err := s.Next(ctx)
	r.batch = cells
	return len(cells) > 0, err
}

func (s remoteSource) show(ctx context.Context, r *Rows, b *Batch) (bool, error) {
	cells, err := s.Next(ctx)
	if err != nil || len(cells) == 0 {
		return false, err
	}
	*b = Batch{Shape: r.shape, N: len(cells) / len(r.shape.Names), cells: cells}
	return true, nil
}
