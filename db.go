package zerodb

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage"
)

// DB is an open database. It may be used by any number of goroutines; each takes a Session of its own.
type DB struct {
	options    Options
	store      *storage.Store
	statements *statementCache
	env        *ops.Env
	system     system
	rights     rightsCache
	spill      *spillRoom
	dir        string
	replays    sync.Mutex // held where files of replays come and go

	mu      sync.Mutex
	closed  bool
	hashKey uint64        // of the tables that statements make: of random bytes that nobody outside sees
	batch   int           // the most rows of a batch, 0 for as many as there can be; tests make it small
	warm    chan struct{} // closed when the warm-up is over
	live    map[*Session]struct{}
}

// Open opens the database in a directory and makes one where there is none. Options that are nil are all defaults.
//
// It fails with locked where another process has the directory open, with not_a_database where it holds something else, and
// with newer_version where a newer zerodb wrote it.
func Open(dir string, o *Options) (*DB, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if dir == "" {
		return nil, ops.Errorf(ops.CodeUsage, "Open needs a directory").WithHint("OpenMemory makes a database without one")
	}
	return open(dir, o.withDefaults())
}

// OpenMemory makes a database in memory, gone when it is closed. Options.FS is not used.
func OpenMemory(o *Options) (*DB, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	c := o.withDefaults()
	c.FS = vfs.NewMem()
	return open("memory", c)
}

func open(dir string, o Options) (*DB, error) {
	store, err := storage.Open(storage.Options{
		FS: o.FS, Dir: dir, Clock: o.Clock, Random: o.Random, Relaxed: o.Relaxed, ReadOnly: o.ReadOnly,
		Logger: storeLogger{o.Logger}, CacheBytes: o.CacheBytes, Retention: o.Retention, ScanWorkers: o.ScanWorkers,
	})
	if err != nil {
		return nil, err
	}
	db := &DB{hashKey: ops.HashKeyed(ops.String(store.ID()), uint64(o.Clock().UnixNano())), options: o, dir: dir, store: store, statements: newStatementCache(o.StatementBytes), live: map[*Session]struct{}{},
		warm: make(chan struct{}), spill: newSpillRoom(o.FS, dir), env: &ops.Env{Now: o.Clock, Random: o.Random}}
	db.system = system{db: db, tables: map[string]func(context.Context) ([]Value, error){}, errors: map[Code]*errorCount{}}
	if o.NoWarmUp {
		close(db.warm)
	} else {
		go func() {
			defer close(db.warm)
			parse.Warm()
		}()
	}
	return db, nil
}

// Close ends every session: it waits for the statement or batch that one is at, cancels its open transaction and closes its
// rows. Then everything is released; whatever is called afterwards fails with closed.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	sessions := make([]*Session, 0, len(db.live))
	for s := range db.live {
		sessions = append(sessions, s)
	}
	db.mu.Unlock()

	for _, s := range sessions {
		_ = s.Close()
	}
	<-db.warm
	db.statements.clear()
	return db.store.Close()
}

// Stats are the figures of a database.
type Stats struct {
	Statements CacheStats
	Store      storage.Stats
	Sessions   int
}

// Stats returns the figures as they are now.
func (db *DB) Stats() Stats {
	db.mu.Lock()
	n := len(db.live)
	db.mu.Unlock()
	return Stats{Statements: db.statements.snapshot(), Store: db.store.Stats(), Sessions: n}
}

// Problem is something that Check found.
type Problem = storage.Problem

// Check walks everything that is stored – records, indexes, edges, definitions – and reports what does not fit together. It
// reads one snapshot; the database may be used meanwhile. The error is about the walk itself.
func (db *DB) Check(ctx context.Context, report func(Problem)) error {
	return db.store.Check(ctx, report)
}

// storeLogger gives the store's lines to the user's logger.
type storeLogger struct{ to *slog.Logger }

func (l storeLogger) Infof(format string, args ...any)  { l.to.Debug(fmt.Sprintf(format, args...)) }
func (l storeLogger) Errorf(format string, args ...any) { l.to.Error(fmt.Sprintf(format, args...)) }
