// Package kv is the versioned key-value layer under records, index entries, adjacency and catalog: get, scan, put and
// delete at a hybrid-logical time, in serialisable optimistic transactions over Pebble.
//
// The newest version of a key is in place, under the key, its commit time in an 8-byte header. When it is overwritten or
// deleted it is copied to the history, ordered by the epoch in which it ended. So reads of the present never meet
// an older version, a deletion leaves nothing behind but Pebble's own tombstone, and an epoch that no
// snapshot needs goes by one range deletion.
package kv

import (
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/storage/keys"
)

// HeaderLen is the length of the commit time in front of every value.
const HeaderLen = 8

// DB is a versioned key-value store.
type DB struct {
	p    *pebble.DB
	opts Options

	// commitMu makes validation, the choice of the commit time and the hand-over to Pebble one step, so that
	// times, Pebble's sequence numbers and the log have one order.
	commitMu sync.Mutex
	window   *window
	ceiling  Time          // no time above it has been given out; guarded by commitMu
	dropped  atomic.Uint32 // history epochs below it are gone
	looked   atomic.Uint32 // and those below it were looked at

	last    atomic.Uint64 // the newest commit time that is visible
	seq     atomic.Uint64 // rises before and after each commit becomes visible
	writers atomic.Int64  // read-write transactions that are running
	files   atomic.Uint64 // how often Pebble has replaced files
	fault   atomic.Pointer[error]

	viewMu  sync.Mutex
	idle    []*view // all of one time, except for a moment
	closing bool
	// dropping are the goroutines that close views.
	dropping sync.WaitGroup
	pins     map[Time]int // times that AsOf transactions read at
}

// Options are what a DB needs of the world.
type Options struct {
	// Clock gives the physical part of commit times.
	Clock func() time.Time
	// Relaxed commits without waiting for the log to be synced.
	Relaxed bool
	// ReadOnly refuses read-write transactions.
	ReadOnly bool
	// Retention is how long older versions are kept at least.
	Retention time.Duration
}

// ErrClosed says that the DB has been closed.
var ErrClosed = errors.New("kv: closed")

// ErrReadOnly says that the DB takes no writes; an error that wraps it says why.
var ErrReadOnly = errors.New("kv: read-only")

// ceilingStep is how far ahead of the clock commit times are reserved, so that a store that is
// reopened under a clock that was set back never gives out a time twice.
const ceilingStep = Time(10_000) << logicalBits

var metaHorizon = append(prefixBytes(keys.Meta, 1), "horizon"...)

var metaCeiling = append(prefixBytes(keys.Meta, 1), "ceiling"...)

func prefixBytes(partition uint16, object uint32) []byte {
	p := keys.Make(partition, object)
	return p[:]
}

// New makes a DB over an open Pebble store, which it does not own.
func New(p *pebble.DB, o Options) (*DB, error) {
	db := &DB{p: p, opts: o, window: newWindow(), pins: map[Time]int{}}
	raw, closer, err := p.Get(metaCeiling)
	switch {
	case errors.Is(err, pebble.ErrNotFound):
	case err != nil:
		return nil, err
	default:
		if len(raw) == 8 {
			db.ceiling = Time(binary.BigEndian.Uint64(raw))
		}
		if err := closer.Close(); err != nil {
			return nil, err
		}
	}
	if err := db.loadHorizon(); err != nil {
		return nil, err
	}
	start := max(db.ceiling, 1)
	db.last.Store(uint64(start))
	db.window.floor = 0
	return db, nil
}

// Now returns the newest commit time that is visible.
func (db *DB) Now() Time { return Time(db.last.Load()) }

// Fault returns what made the DB read-only, or nil.
func (db *DB) Fault() error {
	if e := db.fault.Load(); e != nil {
		return *e
	}
	return nil
}

// Fail makes the DB read-only because of err. The first cause is kept.
func (db *DB) Fail(err error) { db.fault.CompareAndSwap(nil, &err) }

// Close releases what the DB holds of Pebble. Transactions must have ended.
func (db *DB) Close() error {
	db.dropIdle(true)
	db.dropping.Wait()
	if db.opts.ReadOnly || db.Fault() != nil {
		return nil
	}
	db.commitMu.Lock()
	defer db.commitMu.Unlock()
	if last := Time(db.last.Load()); last < db.ceiling {
		// The next opening need not start ahead of the clock.
		return db.p.Set(metaCeiling, binary.BigEndian.AppendUint64(nil, uint64(last)), pebble.NoSync)
	}
	return nil
}

// next chooses a commit time; the caller holds commitMu.
func (db *DB) next() Time {
	return max(Time(db.last.Load())+1, Time(db.opts.Clock().UnixMilli())<<logicalBits)
}

// Get reads the newest version of a key outside of any transaction; use gets its value, without the header.
func (db *DB) Get(key []byte, use func(value []byte, at Time) error) (bool, error) {
	v, err := db.openView()
	if err != nil {
		return false, err
	}
	raw, ok, err := v.get(key)
	if ok {
		if len(raw) < HeaderLen {
			err = ErrHeader
		} else {
			err = use(raw[HeaderLen:], TimeOf(raw))
		}
	}
	if e := db.closeView(v); err == nil {
		err = e
	}
	return ok && err == nil, err
}

// ErrHeader says that a value is too short to hold its commit time.
var ErrHeader = errors.New("kv: value without commit time")

// Exclusive runs f while no transaction commits.
func (db *DB) Exclusive(f func() error) error {
	db.commitMu.Lock()
	defer db.commitMu.Unlock()
	return f()
}
