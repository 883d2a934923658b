package zerodb

import (
	"context"
	"slices"
	"sync"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage"
	"github.com/zerodb/zerodb/vm"
)

// The namespace and database of sessions that name none.
const (
	DefaultNamespace = "main"
	DefaultDatabase  = "main"
)

// SessionOptions say what a session begins with. Nil means the defaults.
type SessionOptions struct {
	// Namespace and Database come into being on first use; "" means main.
	Namespace, Database string
	// KeepVariables lets the variables of LET live as long as the session, as a shell wants it. Without it they live
	// as long as the text that made them.
	KeepVariables bool
	// Memory is the budget of a statement of this session, where it is less than Options.QueryMemory; zero: as that says.
	Memory int64
	// Pool is memory that the session's statements draw on together with others; nil: their own budgets alone count.
	Pool *MemoryPool
	// Guard decides what the session may do, beside Identity; nil allows everything.
	Guard Guard
	// Identity is for whom the session works, whose roles say what it may do; nil: for the owner, who may do everything.
	Identity *Identity
}

// MemoryPool is memory that the statements of several sessions share.
type MemoryPool = vm.Pool

// NewMemoryPool makes a pool of so many bytes, itself drawing on outer, which may be nil; the name is for messages.
func NewMemoryPool(name string, bytes int64, outer *MemoryPool) *MemoryPool {
	return vm.NewPool(name, bytes, outer)
}

// Guard decides what a session may do. It is asked when a statement is linked to be run, and when a table is used as a key-value
// store, so it keeps its answers by program and version of the catalog. An error is why not.
type Guard interface {
	Statement(p *vm.Program, statement int, c Catalog) error
	Table(c Catalog, table string, write bool) error
}

// Session runs statements in one database of one namespace, and has at most one open transaction. It is used by one
// goroutine at a time; make as many as there are goroutines, they cost next to nothing.
type Session struct {
	db *DB
	// mu is held while the session works, so that closing the database waits for it. It is not held while rows
	// wait for their reader, nor across a sleep.
	mu                  sync.Mutex
	closed              bool
	namespace, database string
	keep                bool
	memory              int64
	pool                *MemoryPool
	guard               Guard
	holder              *holder // nil: the owner
	variables           variables
	tx                  *storage.Txn // the transaction of BEGIN
	txVersion           uint64       // the catalog's version when it began
	txReadOnly          bool
	open                []*Rows // that have not come to their end
}

// Session makes a session.
func (db *DB) Session(_ context.Context, o *SessionOptions) (*Session, error) {
	s := &Session{db: db, namespace: DefaultNamespace, database: DefaultDatabase, memory: db.options.QueryMemory}
	if o != nil {
		s.keep, s.pool, s.guard = o.KeepVariables, o.Pool, o.Guard
		if o.Identity != nil {
			s.holder = &holder{Identity: *o.Identity}
		}
		if o.Memory > 0 {
			s.memory = min(s.memory, o.Memory)
		}
		if o.Namespace != "" {
			s.namespace = o.Namespace
		}
		if o.Database != "" {
			s.database = o.Database
		}
	}
	db.mu.Lock()
	closed := db.closed
	if !closed {
		db.live[s] = struct{}{}
	}
	db.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	return s, nil
}

// SetMemory changes the budget of the session's next statements, as SessionOptions.Memory does.
func (s *Session) SetMemory(bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.memory = s.db.options.QueryMemory; bytes > 0 {
		s.memory = min(s.memory, bytes)
	}
}

// budget makes the budget of a statement.
func (s *Session) budget(b *vm.Budget) *vm.Budget {
	b.Reset(s.memory)
	if s.pool != nil {
		b.Draw(s.pool)
	}
	return b
}

// link returns a statement linked to a catalog, if the session may run it.
func (s *Session) link(c *compiled, statement int, cat Catalog) (*linkedAt, error) {
	if s.guard != nil {
		if err := s.guard.Statement(c.program, statement, cat); err != nil {
			return nil, err
		}
	}
	set, err := s.rights(cat)
	if err != nil {
		return nil, err
	}
	return s.db.link(c, statement, cat, set, s.dirty(cat))
}

// allow asks whether the session may use a table as a key-value store.
func (s *Session) allow(c Catalog, table string, write bool) error {
	if s.guard == nil {
		return nil
	}
	return s.guard.Table(c, table, write)
}

// enter begins a piece of work; exit ends it.
func (s *Session) enter() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errEnded
	}
	return nil
}

func (s *Session) exit() { s.mu.Unlock() }

// Close ends the session; its open transaction is cancelled, and rows that are still open are over.
func (s *Session) Close() error {
	s.db.mu.Lock()
	delete(s.db.live, s)
	s.db.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.cancel()
	for len(s.open) > 0 {
		s.open[len(s.open)-1].end(errEnded)
	}
	return nil
}

// Namespace and Database say where the session works.
func (s *Session) Namespace() string { return s.namespace }

// Database returns the name of the session's database.
func (s *Session) Database() string { return s.database }

// InTransaction reports whether the session has an open transaction.
func (s *Session) InTransaction() bool { return s.tx != nil }

// Use goes to another database; "" leaves the namespace or the database as it is.
func (s *Session) Use(_ context.Context, namespace, database string) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.exit()
	return s.use(namespace, database)
}

func (s *Session) use(namespace, database string) error {
	if s.tx != nil {
		return ops.Errorf(ops.CodeTransaction, "USE inside a transaction").WithHint("COMMIT or CANCEL it first")
	}
	oldNamespace, oldDatabase := s.namespace, s.database
	if namespace != "" {
		s.namespace = namespace
	}
	if database != "" {
		s.database = database
	}
	if _, err := s.catalog(); err != nil {
		s.namespace, s.database = oldNamespace, oldDatabase
		return err
	}
	return nil
}

// Catalog returns what the session's database defines now, with what an open transaction has changed of it.
func (s *Session) Catalog() (Catalog, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.exit()
	cat, err := s.catalog()
	if err != nil {
		return nil, err
	}
	set, err := s.rights(cat)
	if err != nil || set == nil {
		return cat, err
	}
	return set.Described(), nil
}

func (s *Session) catalog() (Catalog, error) {
	if s.tx != nil {
		return s.tx.Catalog(), nil
	}
	return s.db.store.Catalog(s.namespace, s.database)
}

// TxOptions say what kind of transaction Begin begins.
type TxOptions struct {
	// ReadOnly transactions read one snapshot, and never conflict.
	ReadOnly bool
}

// Begin begins a transaction; everything the session does until Commit or Cancel is part of it. It is serialisable: as if
// no other ran at the same time. Where that cannot be kept, Commit fails with conflict, and the transaction is to be
// run again from its beginning.
func (s *Session) Begin(ctx context.Context, o *TxOptions) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.exit()
	return s.beginTx(ctx, o != nil && o.ReadOnly)
}

func (s *Session) beginTx(ctx context.Context, readOnly bool) error {
	if s.tx != nil {
		return errNested
	}
	tx, err := s.begin(ctx, !readOnly && !s.db.options.ReadOnly)
	if err != nil {
		return err
	}
	s.tx, s.txVersion, s.txReadOnly = tx, tx.Catalog().Version(), readOnly
	return nil
}

func (s *Session) begin(ctx context.Context, write bool) (*storage.Txn, error) {
	return s.db.store.Begin(ctx, storage.TxnOptions{Namespace: s.namespace, Database: s.database, Write: write})
}

// Commit makes the transaction's changes durable. After an error, too, the transaction is over.
func (s *Session) Commit(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.exit()
	return s.commit(ctx)
}

func (s *Session) commit(ctx context.Context) error {
	if s.tx == nil {
		return errNoBegin
	}
	tx := s.endTx()
	if s.txReadOnly {
		tx.Cancel()
		return nil
	}
	_, err := tx.Commit(ctx)
	if err == nil {
		tx.ReleaseKeeping()
	}
	return s.shade(err)
}

// Cancel ends the transaction and undoes what it did. Without an open transaction it does nothing, so that it can be
// deferred.
func (s *Session) Cancel() error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.exit()
	s.cancel()
	return nil
}

func (s *Session) cancel() {
	if s.tx != nil {
		s.endTx().Cancel()
	}
}

// endTx takes the transaction out of the session; rows that still read in it are over.
func (s *Session) endTx() *storage.Txn {
	tx := s.tx
	for _, r := range slices.Clone(s.open) {
		if r.tx == tx {
			r.end(errRowsOver)
		}
	}
	s.tx = nil
	return tx
}

// write runs f in the open transaction, where a failure undoes f alone, or in a transaction of its own, that is run again
// when it loses a conflict.
func (s *Session) write(ctx context.Context, f func(*storage.Txn) error) error {
	if s.tx != nil {
		if s.txReadOnly {
			return ops.Errorf(ops.CodeReadOnlyTransaction, "a write in a read-only transaction")
		}
		sp := s.tx.Savepoint()
		err := f(s.tx)
		if err != nil {
			s.tx.RollbackTo(sp)
		}
		return s.shade(err)
	}
	for try := 0; ; try++ {
		err := s.writeOnce(ctx, f)
		if err == nil || !s.again(ctx, err, try) {
			return s.shade(err)
		}
	}
}

func (s *Session) writeOnce(ctx context.Context, f func(*storage.Txn) error) error {
	tx, err := s.begin(ctx, true)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		tx.Cancel()
		return err
	}
	if _, err = tx.Commit(ctx); err == nil {
		tx.ReleaseKeeping()
	}
	return err
}
