package vm

import (
	"context"
	"errors"
	"io"
	"math"
	"sync"
	"time"

	"github.com/zerodb/zerodb/ops"
)

// Options is what a run is given beside its program and its transaction.
type Options struct {
	Params []ops.Value // by the program's Params, none where left out; of their types
	Vars   []ops.Value // by the program's Vars; var.set writes here
	Env    *ops.Env    // clock and randomness for functions; nil where the program has no such capability
	Memory *Budget     // nil: no limit
	Spill  Spill       // where sorts and groupings over the budget go; nil: they fail
	// Steps bounds batches, jumps backwards and calls, so that every program ends; zero: no bound.
	Steps int64
	// Deadline is when the run ends with an error, by the clock of Env; zero: the context's deadline alone holds.
	Deadline time.Time
	// Clock is the time that Deadline and Profile go by; nil: that of Env.
	Clock   func() time.Time
	Virtual Virtual  // the tables sys::… ; nil: there are none
	Profile *Profile // counts what each instruction does; nil: nobody wants to know
	// HashKey is mixed into the hashes of tables of rows, so that nobody who chooses values can choose ones that meet.
	HashKey uint64
	// Batch is the most rows of a batch, up to ops.BatchSize; zero: so many. Tests make it small.
	Batch int
}

// now is the time that deadlines and profiles go by; zero where there is no clock.
func (o *Options) now() time.Time {
	switch {
	case o.Clock != nil:
		return o.Clock()
	case o.Env != nil && o.Env.Now != nil:
		return o.Env.Now()
	}
	return time.Time{}
}

// Spill makes temporary files.
type Spill interface {
	// Create makes an empty file that nobody else sees.
	Create() (SpillFile, error)
}

// SpillFile is a temporary file. It is written first and read afterwards.
type SpillFile interface {
	io.Writer
	io.ReaderAt
	// Close closes the file and removes it.
	Close() error
}

// Work counts what a run has done to the store. It is always counted.
type Work struct {
	Rows  int64 // records and index entries that cursors looked at
	Seeks int64 // records read by key: get, open.keys and the rows of fetch and field
	Bytes int64 // bytes that cursors read, as far as the store says
	Wrote int64 // records written
	// Spilled counts bytes written to temporary files.
	Spilled int64
}

// OutBatch is one or more rows of a result. It and its values are valid until the next call of Next or Close.
type OutBatch struct {
	Shape *Shape
	N     int

	row     []ops.Value   // one row of scalars, or
	columns []*ops.Vector // vectors, nil where row has a scalar, and
	sel     ops.Selection // which of their rows
}

// Value returns the value of a column of a row.
func (b *OutBatch) Value(row, col int) ops.Value {
	if len(b.columns) == 0 || b.columns[col] == nil {
		return b.row[col]
	}
	if b.sel != nil {
		row = int(b.sel[row])
	}
	return b.columns[col].At(row)
}

// Column returns the rows of a column as a vector, of which those that Selection lists are the batch's; or, where it returns
// nil, the one value that all rows have.
func (b *OutBatch) Column(col int) (*ops.Vector, ops.Value) {
	if len(b.columns) == 0 || b.columns[col] == nil {
		return nil, b.row[col]
	}
	return b.columns[col], ops.None
}

// Selection lists the rows of the columns' vectors that are the batch's; nil: they all are.
func (b *OutBatch) Selection() ops.Selection { return b.sel }

// Rows is a run: its rows are made as they are asked for. It is used by one goroutine at a time, and not after Close.
type Rows struct {
	linked  *Linked
	txn     Txn
	o       Options
	ctx     context.Context
	root    *frame
	steps   int64
	budget  int64     // of steps
	depth   int       // of run instructions at work
	sorting []*sorter // that are being filled, see relieve
	page    paging
	targets map[string]*linkedAccess // of updates of records of any table, by table
	work    Work
	err     error
	ended   bool
	noEnv   ops.Env
	free    Budget // used where no budget is given
}

var runs = sync.Pool{New: func() any { return new(Rows) }}

// Run starts a linked statement. Nothing is done yet: Next does it.
func Run(ctx context.Context, l *Linked, txn Txn, o Options) (*Rows, error) {
	if len(o.Params) != len(l.Program.Params) {
		return nil, ops.Errorf(ops.CodeParameter, "the program has %d parameters, %d were given", len(l.Program.Params), len(o.Params))
	}
	if len(o.Vars) != len(l.Program.Vars) {
		return nil, ops.Errorf(ops.CodeInternal, "the program has %d variables, %d were given", len(l.Program.Vars), len(o.Vars))
	}
	if err := ctx.Err(); err != nil {
		return nil, contextError(err)
	}
	for _, n := range l.Program.Statements[l.Statement].Needs {
		txn.Object(l.Program.Objects[n].Kind, l.Program.Objects[n].Name)
	}
	r := runs.Get().(*Rows)
	r.linked, r.txn, r.o, r.ctx = l, txn, o, ctx
	if r.budget = o.Steps; o.Steps <= 0 {
		r.budget = math.MaxInt64
	}
	if r.o.Memory == nil {
		r.free.Reset(0)
		r.o.Memory = &r.free
	}
	if r.o.Env == nil {
		r.o.Env = &r.noEnv
	}
	if l.root >= 0 {
		r.root = l.fragments[l.root].frame(r)
	} else {
		r.ended = true
	}
	return r, nil
}

// Next makes the next rows. It returns nil at the end; after an error there are no more.
func (r *Rows) Next(ctx context.Context) (*OutBatch, error) {
	if r.linked == nil {
		return nil, ops.Errorf(ops.CodeClosed, "the rows are closed")
	}
	if r.ended {
		return nil, r.err
	}
	r.ctx = ctx
	b, err := r.root.resume()
	if err != nil || b == nil {
		r.ended, r.err = true, err
		return nil, err
	}
	return b, nil
}

// Work returns what the run has done so far; cursors that are still open are counted up to their last batch.
func (r *Rows) Work() Work { return r.work }

// Close ends the run and gives its memory back. The Rows must not be used afterwards.
func (r *Rows) Close() error {
	if r.linked == nil {
		return nil
	}
	var err error
	if r.root != nil {
		err = r.root.release()
	}
	if r.o.Memory != nil {
		r.o.Memory.settle()
	}
	*r = Rows{}
	runs.Put(r)
	return err
}

// step is called at every batch.
func (r *Rows) step() error {
	r.steps++
	return r.check()
}

// turnsUnchecked is how many jumps backwards and calls may pass before the context and the clock are asked. Loops over batches
// ask at every batch besides; a turn of others may take as little as the question.
const turnsUnchecked = 128

// turn is called at every jump backwards and every call.
func (r *Rows) turn() error {
	r.steps++
	if r.steps%turnsUnchecked != 0 && r.steps <= r.budget {
		return nil
	}
	return r.check()
}

// check stops a run that is cancelled, too late, or out of steps.
func (r *Rows) check() error {
	if err := r.ctx.Err(); err != nil {
		return contextError(err)
	}
	if r.budget > 0 && r.steps > r.budget {
		return ops.Errorf(ops.CodeSteps, "the statement took more than %d steps", r.budget).
			WithHint("does the loop end? Options.StatementSteps is the budget of batches, turns of loops and calls")
	}
	if d := r.o.Deadline; !d.IsZero() && !r.o.now().Before(d) {
		return ops.Errorf(ops.CodeDeadline, "the statement ran longer than it may")
	}
	return nil
}

// asError makes an *ops.Error of whatever a store or a function returned, pointing at span.
func asError(err error, span ops.Span) error {
	var e *ops.Error
	if errors.As(err, &e) {
		return e.At(span)
	}
	if c := contextError(err); c != err {
		return asError(c, span)
	}
	return &ops.Error{Code: ops.CodeIO, Message: err.Error(), Span: span, Err: err}
}
