package zerodb

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/vm"
)

// Observer hears of every statement: for metrics, traces and logs. It is called by the goroutines that run statements.
type Observer interface {
	// Begin is called before a statement runs, which then has the context that it returns.
	Begin(ctx context.Context, e *Execution) context.Context
	// End is called when it has come to its end, also where it failed or its rows were closed early. The execution is the observer's.
	End(ctx context.Context, e *Execution)
}

// Execution is one run of a statement, as an Observer hears of it.
type Execution struct {
	Statement           Statement
	Program             *vm.Program // that the statement is of
	Namespace, Database string
	// Secret statements hold a password: their text is not to be shown.
	Secret bool
	Began  time.Time

	// Profiled is set by Begin where what each instruction does is to be counted, which costs two looks at the clock for each.
	Profiled bool

	// The rest is known at the end. Took is the time that the database took, without what its user took to read the rows.
	Took    time.Duration
	Rows    int64
	Work    Work
	Profile *vm.Profile
	Err     error

	db           *DB
	ctx          context.Context
	index        int // of the statement in the program
	params, vars []Value
	at           kv.Time // the snapshot of a query; 0 where it cannot be read again
	seed         [32]byte
}

// observe makes the execution of a statement that an observer hears of, and tells it.
func (s *Session) observe(rows *Rows, c *compiled, statement int, params, vars []Value) *Execution {
	e := &Execution{Statement: rows.statement, Program: c.program, Namespace: s.namespace, Database: s.database, Secret: c.secret, Began: s.db.options.Clock(),
		db: s.db, index: statement, params: slices.Clone(params), vars: slices.Clone(vars)}
	e.ctx = s.db.options.Observer.Begin(rows.ctx, e)
	rows.ctx = e.ctx
	return e
}

// end tells the observer.
func (e *Execution) end(rows *Rows, err error) {
	e.Err, e.Work = err, rows.work
	e.db.options.Observer.End(e.ctx, e)
}

// equip gives a run what is to be known of it afterwards.
func (e *Execution) equip(o *vm.Options, linked *vm.Linked) {
	if e.Profiled && o.Profile == nil {
		o.Profile = vm.NewProfile(linked)
	}
	e.Profile = o.Profile
	caps := e.Program.Manifest.Capabilities
	if e.at == 0 || len(caps) == 0 {
		return
	}
	if slices.Contains(caps, ops.CapabilityRandom) {
		if _, err := io.ReadFull(e.db.options.Random, e.seed[:]); err != nil {
			e.at = 0
			return
		}
	}
	e.world(o)
}

// world is time and chance as the execution sees them: it can be run again with the same.
func (e *Execution) world(o *vm.Options) {
	o.Clock = e.db.options.Clock
	o.Env = &ops.Env{Now: func() time.Time { return e.Began }, Random: chanceOf(e.seed)}
}

// repeatable reports whether a statement gives the same again in the same snapshot: it only reads, and not what changes by itself.
func (e *Execution) repeatable() bool {
	if e.Secret || e.Program.Statements[e.index].Kind != vm.StatementQuery || e.Program.Statements[e.index].Explain != 0 {
		return false
	}
	for _, t := range e.Program.Manifest.Reads {
		if strings.HasPrefix(t.Table, "sys::") {
			return false
		}
	}
	return true
}

// beginQuery begins the transaction of a query outside of BEGIN. Where somebody observes, its snapshot is one that can be read again.
func (s *Session) beginQuery(ctx context.Context, e *Execution) (*storage.Txn, error) {
	if e == nil || !e.repeatable() {
		return s.begin(ctx, false)
	}
	tx, err := s.db.store.Begin(ctx, storage.TxnOptions{Namespace: s.namespace, Database: s.database, Exact: true})
	if err == nil {
		e.at = tx.Snapshot()
	}
	return tx, err
}
