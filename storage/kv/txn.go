package kv

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/storage/keys"
)

// Txn is a transaction at one snapshot. It is used by one goroutine at a time.
//
// A reader pins its snapshot when it begins. A writer does so when it first needs to: until then it reads the newest state, and
// makes sure that what it has read is all of one. So a transaction that reads one key and writes it pays for no iterator.
type Txn struct {
	txnState
	// Memory that the next transaction finds again; only those that write fill it.
	reads   ReadSet
	readMem arena
	buf     buffer
	pending pending
	inserts inserts
}

// txnState is what begins anew with each transaction.
type txnState struct {
	db       *DB
	view     *view // nil while the snapshot is not pinned
	seq      uint64
	direct   bool      // whether anything was read before the snapshot was pinned
	held     io.Closer // of the last value read so
	snapshot Time
	asOf     bool
	write    bool
	done     bool
	// OnConflict, if it is set, makes the error of a conflict.
	OnConflict interface{ Conflict(v Verdict) error }
}

// ConflictError says that a transaction may not commit.
type ConflictError struct{ Verdict }

func (t *Txn) conflict(v Verdict) error {
	if t.OnConflict != nil {
		return t.OnConflict.Conflict(v)
	}
	return &ConflictError{v}
}

func (e *ConflictError) Error() string {
	if e.Key == nil {
		return "kv: transaction is too old to be validated"
	}
	return fmt.Sprintf("kv: %x was written at %d", e.Key, e.Other)
}

// Begin starts a transaction on the newest state.
func (db *DB) Begin(write bool) (*Txn, error) {
	t := &Txn{}
	return t, db.BeginIn(t, write)
}

// BeginIn is Begin in the memory of a transaction that was never used or has been Reset.
func (db *DB) BeginIn(t *Txn, write bool) error {
	t.db, t.write = db, write
	if write {
		if db.opts.ReadOnly {
			return ErrReadOnly
		}
		if err := db.Fault(); err != nil {
			return fmt.Errorf("%w: %w", ErrReadOnly, err)
		}
		// Before the snapshot is taken: see the end of commit.
		db.writers.Add(1)
	}
	t.seq = db.seq.Load()
	t.snapshot = Time(db.last.Load())
	if write {
		return nil
	}
	v, err := db.openView()
	t.view = v
	return err
}

// pin pins the snapshot, before something is read through an iterator. What was read before must be of the same
// state: where others have committed since, it is validated, and the snapshot moves up to the present.
func (t *Txn) pin() error {
	if t.view != nil {
		return nil
	}
	if !t.direct && len(t.reads.Keys) == 0 && len(t.reads.Spans) == 0 {
		t.snapshot = Time(t.db.last.Load())
		v, err := t.db.openView()
		t.view = v
		return err
	}
	t.settle()
	t.db.commitMu.Lock()
	defer t.db.commitMu.Unlock()
	if Time(t.db.last.Load()) != t.snapshot {
		if v := Validate(t.db.window, t.snapshot, &t.reads, t.buf.keys()); v.Conflict {
			return t.conflict(v)
		}
	}
	v, err := t.db.openView()
	if err != nil {
		return err
	}
	t.view, t.snapshot = v, v.at
	return nil
}

// raw reads a key in the snapshot. What it returns is valid until the next read.
func (t *Txn) raw(key []byte) ([]byte, bool, error) {
	if t.view == nil && t.direct && t.moved() {
		if err := t.pin(); err != nil {
			return nil, false, err
		}
	}
	if t.view != nil {
		return t.view.get(key)
	}
	if err := t.letGo(); err != nil {
		return nil, false, err
	}
	first := !t.direct
	v, closer, err := t.db.p.Get(key)
	t.direct = true
	switch {
	case err == pebble.ErrNotFound:
		v = nil
	case err != nil:
		return nil, false, err
	default:
		t.held = closer
	}
	if !first && t.moved() {
		// Others have committed since: it may be of a later state than what was read before.
		if err := t.pin(); err != nil {
			return nil, false, err
		}
		return t.view.get(key)
	}
	return v, closer != nil, nil
}

// moved reports whether others may have committed since the transaction began, or were at it then.
func (t *Txn) moved() bool { return t.seq&1 != 0 || t.db.seq.Load() != t.seq }

// letGo releases the memory of the last value that was read directly.
func (t *Txn) letGo() error {
	if t.held == nil {
		return nil
	}
	err := t.held.Close()
	t.held = nil
	return err
}

// Reset makes the memory of a transaction that has ended ready for another one.
func (t *Txn) Reset() {
	if t.write {
		t.resetMemory()
	}
	t.txnState = txnState{}
}

func (t *Txn) resetMemory() {
	clear(t.reads.Keys)
	clear(t.reads.Spans)
	keys, spans := t.reads.Keys[:0], t.reads.Spans[:0]
	if cap(keys) > keepWrites {
		keys = nil
	}
	t.reads = ReadSet{keys, spans}
	t.readMem.reset()
	t.buf.reset()
	t.pending.reset()
	t.inserts = inserts{last: t.inserts.last[:0], lo: t.inserts.lo[:0], hi: t.inserts.hi[:0]}
}

// BeginAt starts, in the memory of t as BeginIn does, a read-only transaction on the state at a time that lies behind.
func (db *DB) BeginAt(t *Txn, at Time) error {
	if err := db.BeginIn(t, false); err != nil {
		return err
	}
	if at < t.snapshot {
		// The view is open: what is dropped from now on it still has.
		if at.Epoch() < db.dropped.Load() {
			err := &GoneError{db.Horizon()}
			t.Cancel()
			return err
		}
		t.snapshot, t.asOf = at, true
		db.viewMu.Lock()
		db.pins[at]++
		db.viewMu.Unlock()
	}
	return nil
}

// Snapshot returns the time that the transaction reads at. A later write may be visible if it became
// so while the transaction began; its commit then conflicts where it read that.
func (t *Txn) Snapshot() Time { return t.snapshot }

// Exact reports, just after a transaction that reads has begun, that its snapshot is the state of its time and no later one.
func (t *Txn) Exact() bool { return !t.moved() }

// AsOf reports whether the transaction reads a state that lies behind.
func (t *Txn) AsOf() bool { return t.asOf }

// Writable reports whether the transaction may write.
func (t *Txn) Writable() bool { return t.write }

// Touched reports whether anything has been written to the object.
func (t *Txn) Touched(p keys.Prefix) bool { return t.buf.of(p) != nil }

// Written returns how many writes the transaction holds.
func (t *Txn) Written() int { return len(t.buf.writes) + len(t.buf.drops) }

// Get reads a key. The value is valid until the next Get. raw is the value with its header where it comes from the
// snapshot, for Replacing; nil where the transaction wrote it itself.
func (t *Txn) Get(key []byte) (value []byte, raw []byte, ok bool, err error) {
	if len(t.buf.writes) > 0 {
		if w := t.buf.get(key); w != nil {
			return w.value, nil, !w.deleted, nil
		}
	}
	return t.Base(key)
}

// GetBefore reads a key as it was when mark was taken.
func (t *Txn) GetBefore(key []byte, m Mark) (value []byte, ok bool, err error) {
	if o := t.buf.of(keys.Prefix(key[:keys.PrefixLen])); o != nil {
		if i, found := o.get(key[keys.PrefixLen:]); found {
			if w := t.buf.visible(i, int32(m.writes)); w != nil {
				return w.value, !w.deleted, nil
			}
		}
	}
	value, _, ok, err = t.Base(key)
	return value, ok, err
}

// Base reads a key in the snapshot, beneath the transaction's own writes.
func (t *Txn) Base(key []byte) (value, raw []byte, ok bool, err error) {
	raw, ok, err = t.raw(key)
	if err != nil {
		return nil, nil, false, err
	}
	if t.write {
		t.ReadKey(key) // after the read: what others wrote before it is no conflict
	}
	if ok && len(raw) < HeaderLen {
		return nil, nil, false, ErrHeader
	}
	if t.asOf {
		if ok && Time(binary.BigEndian.Uint64(raw)) <= t.snapshot {
			return raw[HeaderLen:], raw, true, nil
		}
		if raw, ok, err = t.older(key); err != nil {
			return nil, nil, false, err
		}
	}
	if !ok {
		return nil, nil, false, nil
	}
	return raw[HeaderLen:], raw, true, nil
}

// TimeOf returns the commit time in the header of a raw value.
func TimeOf(raw []byte) Time { return Time(binary.BigEndian.Uint64(raw)) }

// ReadKey records that the transaction depends on a key.
func (t *Txn) ReadKey(key []byte) { t.reads.Keys = append(t.reads.Keys, t.readMem.clone(key)) }

// ReadSpan records that the transaction depends on a range of keys of one object.
func (t *Txn) ReadSpan(lo, hi []byte) {
	if n := len(t.reads.Spans); n > 0 && bytes.Equal(t.reads.Spans[n-1].Hi, lo) &&
		bytes.Equal(t.reads.Spans[n-1].Lo[:keys.PrefixLen], lo[:keys.PrefixLen]) {
		// The next piece of a scan. One that ends with its object also ends where the next object begins.
		t.reads.Spans[n-1].Hi = t.readMem.clone(hi)
		return
	}
	t.reads.Spans = append(t.reads.Spans, Span{t.readMem.clone(lo), t.readMem.clone(hi)})
}

// Replacing is the Old of a key whose raw value Get has returned; nil raw stands for a key that was absent or that the
// transaction had written before.
func Replacing(raw []byte) Old {
	if raw == nil {
		return Absent
	}
	return Old{state: oldKnown, raw: raw}
}

// Put writes a value, which is copied.
func (t *Txn) Put(key, value []byte, old Old) {
	if t.inserts.owed && bytes.Equal(key, t.inserts.last) {
		t.inserts.owed = false
	}
	t.buf.put(key, value, false, old)
}

// Delete removes a key.
func (t *Txn) Delete(key []byte, old Old) { t.buf.put(key, nil, true, old) }

// Drop removes a range of keys, with no history, when the transaction commits; until then it sees them still.
func (t *Txn) Drop(lo, hi []byte) {
	t.buf.drops = append(t.buf.drops, Span{bytes.Clone(lo), bytes.Clone(hi)})
}

// Mark is a savepoint.
type Mark struct{ mark }

// Writes returns how many writes lie before the mark.
func (m Mark) Writes() int { return m.writes }

// Mark returns a savepoint.
func (t *Txn) Mark() Mark { return Mark{t.buf.mark()} }

// RollbackTo undoes every write behind a savepoint. Iterators must have been closed.
// It goes on depending on what keys it found free to write them.
func (t *Txn) RollbackTo(m Mark) {
	t.settle()
	for _, w := range t.buf.writes[m.writes:] {
		if w.state == oldAbsent {
			t.reads.Keys = append(t.reads.Keys, w.key)
		}
	}
	t.buf.rollback(m.mark)
}

// Cancel ends the transaction without a trace.
func (t *Txn) Cancel() { _ = t.end() }

// end releases the snapshot.
func (t *Txn) end() error {
	if t.done {
		return nil
	}
	t.done = true
	if t.write {
		t.db.writers.Add(-1)
	}
	if t.asOf {
		t.db.viewMu.Lock()
		if t.db.pins[t.snapshot]--; t.db.pins[t.snapshot] == 0 {
			delete(t.db.pins, t.snapshot)
		}
		t.db.viewMu.Unlock()
	}
	err := t.letGo()
	if t.view != nil {
		if e := t.db.closeView(t.view); err == nil {
			err = e
		}
	}
	return err
}
