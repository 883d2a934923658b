// Package storage is the transactional store under zerodb: records, secondary indexes, edges and the catalog, over the versioned
// key-value layer in kv, which is over Pebble. It implements what vm declares in store.go.
package storage

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/kv"
)

// Options say where a store is and what it is given of the world. FS, Dir, Clock and Random are required.
type Options struct {
	FS     vfs.FS // vfs.Default, or vfs.NewMem() for a store in memory
	Dir    string
	Clock  func() time.Time
	Random io.Reader
	// Relaxed acknowledges writes before they are synced.
	Relaxed bool
	// ReadOnly opens a store that exists and takes no writes.
	ReadOnly bool
	// Logger gets what Pebble has to say; nil drops it.
	Logger Logger
	// CacheBytes is the size of the block cache; 0 is 128 MiB.
	CacheBytes int64
	// MemTableBytes is the size of a memtable; 0 is 32 MiB.
	MemTableBytes uint64
	// ScanWorkers is how many goroutines may read for scans at a time, beside those that ask; with less than two each scan
	// reads alone.
	ScanWorkers int
	// Retention is how long older versions are kept at least, for At; 0 is ten minutes.
	Retention time.Duration
}

// Logger is where diagnostics go.
type Logger interface {
	Infof(format string, args ...any)
	Errorf(format string, args ...any)
}

// Store is an open store. It is safe for use by many goroutines.
type Store struct {
	opts   Options
	ident  identity
	pebble *pebble.DB
	cache  *pebble.Cache
	db     *kv.DB
	events atomic.Pointer[kv.DB] // db, for Pebble's events, which may come before it is there
	early  atomic.Pointer[error] // what failed before
	open   atomic.Int64          // transactions that are running
	// scanners is how many workers read for scans.
	scanners atomic.Int64
	ids      *idSource
	backing  sync.Mutex // held by the backup that is under way
	closed   atomic.Bool

	idMu           sync.Mutex
	idNext, idLast uint32 // object ids that are reserved; guarded by idMu

	versions atomic.Uint64 // of catalogs that were made since opening; each has another
	// defining rises before definitions become visible in the store, and again when they are published: while it is odd, a
	// transaction that begins could see the one without the other.
	defining atomic.Uint64

	catMu    sync.RWMutex
	catalogs map[place]*atomic.Pointer[catalog]
	tables   map[uint32]*table // every table seen since opening, by ID; guarded by catMu

	stats counters
	jobs  jobs
}

// place names a database.
type place struct{ namespace, database string }

// Open opens the store in a directory, or makes one where the directory is empty or missing.
func Open(o Options) (*Store, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	ident, err := identify(&o)
	if err != nil {
		return nil, err
	}
	s := &Store{opts: o, ident: ident, catalogs: map[place]*atomic.Pointer[catalog]{}, tables: map[uint32]*table{},
		ids: newIDSource(o.Clock, o.Random)}
	s.jobs.init()
	// Pebble takes memtables out of the cache's size.
	s.cache = pebble.NewCache(o.CacheBytes + memTables*int64(o.MemTableBytes))
	if err := s.openPebble(); err != nil {
		s.cache.Unref()
		return nil, err
	}
	if !o.ReadOnly {
		if err := s.dropUnfinished(context.Background()); err != nil {
			_ = s.Close()
			return nil, err
		}
		if err := s.resume(); err != nil {
			_ = s.Close()
			return nil, err
		}
	}
	return s, nil
}

// memTables is how many memtables there may be before writers wait for a flush.
const memTables = 4

const memTableBytes = 32 << 20

// MostMemTables is how many bytes the memtables of a store take at most.
const MostMemTables = memTables * memTableBytes

// A block is what is read and cached as one. Of the default of 4 KiB a scan spends a fifth of its time on going from block to block;
// a point read from disk fetches little more in 16. An index block is large enough that a table mostly has one, so
// that a seek looks into one index and not two.
const (
	blockBytes      = 16 << 10
	indexBlockBytes = 256 << 10
)

// compactAt makes what a flush has written be merged into the level below at once: a seek looks into each generation of files
// that is not, which costs a graph's expansion more than the merging costs its writers. Pebble counts a generation twice.
const compactAt = 2

func (o *Options) complete() error {
	if o.FS == nil || o.Dir == "" || o.Clock == nil || o.Random == nil {
		return ops.Errorf(ops.CodeInternal, "storage.Open needs FS, Dir, Clock and Random")
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 128 << 20
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = memTableBytes
	}
	if o.Retention == 0 {
		o.Retention = 10 * time.Minute
	}
	return nil
}

func (s *Store) pebbleOptions() *pebble.Options {
	o := &pebble.Options{
		FS:                          guardedFS{s.opts.FS, s.fail},
		Cache:                       s.cache,
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                s.opts.MemTableBytes,
		MemTableStopWritesThreshold: memTables,
		L0CompactionThreshold:       compactAt,
		ReadOnly:                    s.opts.ReadOnly,
		ErrorIfNotExists:            s.opts.ReadOnly,
		Logger:                      pebbleLogger{s.opts.Logger, s.fail},
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].BlockSize, o.Levels[i].IndexBlockSize = blockBytes, indexBlockBytes
	}
	// Pebble's own scheduler has a goroutine that wakes ten times a second, and leaves it behind where opening fails. Without it
	// compactions start when a flush or another compaction ends, which is enough for a limit that never changes.
	o.Experimental.CompactionScheduler = pebble.NewConcurrencyLimitSchedulerWithNoPeriodicGrantingForTest()
	o.EventListener = &pebble.EventListener{
		BackgroundError: s.backgroundError,
		FlushEnd:        func(pebble.FlushInfo) { s.filesChanged() },
		CompactionEnd:   func(pebble.CompactionInfo) { s.filesChanged() },
	}
	return o
}

// Close ends the store. It refuses while transactions are running. Jobs are stopped, and go on when the store is opened again.
func (s *Store) Close() error {
	s.jobs.stop()
	if n := s.open.Load(); n > 0 {
		if err := s.resume(); err != nil {
			return err
		}
		return ops.Errorf(ops.CodeTransaction, "%d transactions are still running", n).WithHint("end them, and close rows, before the database")
	}
	if s.closed.Swap(true) {
		return nil
	}
	err := s.saveRows()
	if e := s.db.Close(); err == nil {
		err = e
	}
	if e := s.closePebble(); err == nil {
		err = e
	}
	s.cache.Unref()
	return wrap(err)
}

// TxnOptions say what a transaction is for.
type TxnOptions struct {
	Namespace, Database string
	// Write allows writes, and records reads so that the commit can be validated.
	Write bool
	// At reads the state at a commit time; 0 is the newest.
	At kv.Time
	// Exact makes sure that the snapshot of a transaction that only reads is that of its time, so that At gives the same again.
	Exact bool
}

// Begin starts a transaction in a database. The database need not exist: it comes into being with the first
// definition or record.
func (s *Store) Begin(ctx context.Context, o TxnOptions) (*Txn, error) {
	if s.closed.Load() {
		return nil, wrap(kv.ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return nil, wrap(err)
	}
	ref, err := s.catalogRef(place{o.Namespace, o.Database})
	if err != nil {
		return nil, wrap(err)
	}
	txn, _ := txnPool.Get().(*Txn)
	if txn == nil {
		txn = &Txn{}
	}
	if txn.cat, err = s.beginIn(&txn.room, ref, o); err != nil {
		return nil, wrap(err)
	}
	s.open.Add(1)
	txn.store, txn.kv, txn.place = s, &txn.room, place{o.Namespace, o.Database}
	txn.base, txn.ref = txn.cat, ref
	if o.Write {
		txn.interner.txn = txn
		txn.kv.OnConflict = txn
		txn.enc.Names = &txn.interner
	}
	return txn, nil
}

// beginIn starts a transaction and returns the definitions that were the newest in its snapshot.
func (s *Store) beginIn(t *kv.Txn, ref *atomic.Pointer[catalog], o TxnOptions) (cat *catalog, err error) {
	seq := s.defining.Load()
	cat, err = s.beginOnce(t, ref, o)
	if err != nil || seq&1 == 0 && s.defining.Load() == seq && (!o.Exact || t.Exact()) {
		return cat, err
	}
	// Something was defined, or committed, just then: once more, while nothing is committed.
	t.Cancel()
	t.Reset()
	err = s.db.Exclusive(func() (err error) {
		cat, err = s.beginOnce(t, ref, o)
		return err
	})
	return cat, err
}

func (s *Store) beginOnce(t *kv.Txn, ref *atomic.Pointer[catalog], o TxnOptions) (*catalog, error) {
	cat := ref.Load()
	if o.At != 0 && !o.Write {
		return cat, s.db.BeginAt(t, o.At)
	}
	return cat, s.db.BeginIn(t, o.Write)
}

// Catalog returns what a database defines now.
func (s *Store) Catalog(namespace, database string) (schema.Catalog, error) {
	ref, err := s.catalogRef(place{namespace, database})
	if err != nil {
		return nil, wrap(err)
	}
	return ref.Load(), nil
}
