package zerodb

import (
	"context"
	"iter"
	"time"

	"github.com/zerodb/zerodb/ops"
)

// Database is a database that is open in this process or reached through a server: *DB and the client's DB both are one, and
// what is written for it moves from one to the other with the line that opens it.
type Database interface {
	// Conn makes a session, see DB.Session.
	Conn(ctx context.Context, o *SessionOptions) (Conn, error)
	// InTx runs f in a transaction, again from its beginning where it loses a conflict.
	InTx(ctx context.Context, o *SessionOptions, f func(Conn) error) error
	// Check reports what does not fit together in what is stored.
	Check(ctx context.Context, report func(Problem)) error
	Close() error
}

// Conn is a session of a Database; the methods are those of Session, which says what they do.
type Conn interface {
	Execute(ctx context.Context, text string, args ...Arg) (*Rows, error)
	ExecuteProgram(ctx context.Context, zqb []byte, args ...Arg) (*Rows, error)
	Script(ctx context.Context, text string, args ...Arg) iter.Seq2[*Rows, error]
	ScriptProgram(ctx context.Context, zqb []byte, args ...Arg) iter.Seq2[*Rows, error]
	Prepare(ctx context.Context, text string) (*Stmt, error)
	PrepareProgram(ctx context.Context, zqb []byte) (*Stmt, error)

	Begin(ctx context.Context, o *TxOptions) error
	Commit(ctx context.Context) error
	Cancel() error
	InTransaction() bool

	Get(ctx context.Context, table string, key Value) (record Value, found bool, err error)
	GetField(ctx context.Context, table string, key Value, path ...string) (v Value, found bool, err error)
	Put(ctx context.Context, table string, key, v Value) error
	Insert(ctx context.Context, table string, key, v Value) (id Value, err error)
	Relate(ctx context.Context, edge string, key, from, to, v Value) (id Value, err error)
	Restore(ctx context.Context, table string, key, record Value) error
	Delete(ctx context.Context, table string, key Value) (found bool, err error)
	Scan(ctx context.Context, table string, keys KeyRange) iter.Seq2[Pair, error]
	Batch(ctx context.Context, writes []Write, on OnRefusal) ([]Written, error)

	Use(ctx context.Context, namespace, database string) error
	Namespace() string
	Database() string
	Catalog() (Catalog, error)
	Close() error
}

// Prepared is what a Stmt does where the database is elsewhere.
type Prepared interface {
	Text() string
	Params() []Param
	Program() ([]byte, error)
	Describe() Description
	Execute(ctx context.Context, args ...Arg) (*Rows, error)
	Script(ctx context.Context, args ...Arg) iter.Seq2[*Rows, error]
	QueryRow(ctx context.Context, args ...Arg) (Row, bool, error)
}

// NewStmt makes a statement of a database that is elsewhere.
func NewStmt(p Prepared) *Stmt { return &Stmt{remote: p} }

var (
	_ Database = (*DB)(nil)
	_ Conn     = (*Session)(nil)
)

// Conn makes a session, as Session does.
func (db *DB) Conn(ctx context.Context, o *SessionOptions) (Conn, error) {
	s, err := db.Session(ctx, o)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// InTx runs f in a transaction of a session of its own, and commits it. Where the transaction loses a conflict it is run again
// from its beginning, as often as Options.Retries says; so f does nothing else that may not be done twice. An error of f cancels it.
func (db *DB) InTx(ctx context.Context, o *SessionOptions, f func(Conn) error) error {
	s, err := db.Session(ctx, o)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return RunTx(ctx, s, db.options.Retries, func(try int) { db.options.Sleep(s.pause(try)) }, f)
}

// RunTx is InTx in a given session: again up to retries times, with a pause before each but the first.
func RunTx(ctx context.Context, c Conn, retries int, pause func(try int), f func(Conn) error) error {
	for try := 0; ; try++ {
		err := runTxOnce(ctx, c, f)
		if err == nil || ops.CodeOf(err) != ops.CodeConflict || try >= retries || ctx.Err() != nil {
			return err
		}
		if try > 0 {
			pause(try)
		}
	}
}

func runTxOnce(ctx context.Context, c Conn, f func(Conn) error) error {
	if err := c.Begin(ctx, nil); err != nil {
		return err
	}
	defer func() { _ = c.Cancel() }()
	if err := f(c); err != nil {
		return err
	}
	return c.Commit(ctx)
}

// Pause is how long to wait before a transaction that lost a conflict is tried again: it doubles with each try, and is
// between half of that and all of it by chance, a byte at random, so that two losers do not meet again.
func Pause(try int, chance byte) time.Duration {
	full := min(firstPause<<min(try, 20), maxPause)
	return full/2 + full/2*time.Duration(chance)/255
}
