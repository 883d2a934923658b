package kv

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/storage/keys"
)

// Hooks let a caller publish, in the order of commits, what it keeps in memory of the state.
type Hooks interface {
	// Before runs when the transaction is sure to commit and its writes are not visible yet.
	Before(at Time)
	// After runs when they are visible and before any transaction starts that is sure to see them.
	After(at Time)
	// Extra adds unversioned keys to the batch.
	Extra(b *pebble.Batch) error
}

// Commit ends the transaction and makes its writes visible and, unless the store is relaxed, durable. Where a
// *ConflictError comes back nothing was written. Any other error leaves open whether the writes survive.
func (t *Txn) Commit(h Hooks) (at Time, err error) {
	if t.done {
		return 0, ErrClosed
	}
	defer func() {
		if e := t.end(); err == nil && e != nil {
			err = e
		}
	}()
	if len(t.buf.writes) == 0 && len(t.buf.drops) == 0 {
		return t.snapshot, nil
	}
	t.settle()
	p := &t.pending
	p.batch = t.db.p.NewBatchWithSize(t.buf.bytes + 32*len(t.buf.writes) + 64)
	if err := p.build(t); err != nil {
		return 0, errors.Join(err, p.batch.Close())
	}
	if h != nil {
		if err := h.Extra(p.batch); err != nil {
			return 0, errors.Join(err, p.batch.Close())
		}
	}
	at, err = t.db.commit(t, p, h)
	if err == nil && !t.db.opts.Relaxed {
		err = t.db.guard("sync of the log", p.batch.SyncWait)
	}
	if err == nil {
		// A batch that failed may still be in Pebble's hands and is left to the collector.
		err = p.batch.Close()
	}
	t.db.dropIdle(false)
	if err == nil && t.db.horizon(at) > t.db.looked.Load() {
		err = t.db.collect(at)
	}
	return at, err
}

// pending is a batch whose commit times are still to be filled in.
type pending struct {
	batch *pebble.Batch
	times []int // offsets in the batch of 8-byte times
	epoch []int // offsets of 4-byte epochs
}

// reset empties p for another transaction.
func (p *pending) reset() {
	times, epoch := p.times[:0], p.epoch[:0]
	if cap(times)+cap(epoch) > keepWrites {
		times, epoch = nil, nil
	}
	*p = pending{times: times, epoch: epoch}
}

// commit is the critical section: validate, choose the time, hand over to Pebble. Waiting for the disk is left
// to the caller, outside, so that many share one sync.
func (db *DB) commit(t *Txn, p *pending, h Hooks) (Time, error) {
	db.commitMu.Lock()
	defer db.commitMu.Unlock()
	// A commit that failed may be in the log all the same, so none may follow that was not validated against it.
	if err := db.Fault(); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	if Time(db.last.Load()) != t.snapshot {
		if v := Validate(db.window, t.snapshot, &t.reads, t.buf.keys()); v.Conflict {
			return 0, t.conflict(v)
		}
	}
	at := db.next()
	if at > db.ceiling {
		db.ceiling = at + ceilingStep
		if err := p.batch.Set(metaCeiling, binary.BigEndian.AppendUint64(nil, uint64(db.ceiling)), nil); err != nil {
			return 0, err
		}
	}
	p.stamp(at)
	if len(t.buf.drops) > 0 {
		if err := p.batch.Set(metaDropped, binary.BigEndian.AppendUint64(nil, uint64(at)), nil); err != nil {
			return 0, err
		}
	}
	if h != nil {
		h.Before(at)
	}
	db.seq.Add(1)
	defer db.seq.Add(1)
	if err := db.guard("commit", func() error { return db.apply(p.batch) }); err != nil {
		return 0, err
	}
	if h != nil {
		h.After(at)
	}
	db.last.Store(uint64(at))
	// A transaction counts itself as a writer before it reads last: either it is counted here, or its snapshot
	// has this commit.
	if db.writers.Load() > 1 {
		db.window.add(&t.buf, at)
	} else {
		db.window.forget(at)
	}
	return at, nil
}

func (db *DB) apply(b *pebble.Batch) error {
	if db.opts.Relaxed {
		return db.p.Apply(b, pebble.NoSync)
	}
	return db.p.ApplyNoSyncWait(b, pebble.Sync)
}

// guard runs a call into Pebble that cannot be undone. If it fails the store takes no more writes: what is in memory
// and what is on disk may differ. Pebble reports some failures only to its logger, which calls Fail.
func (db *DB) guard(what string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if e, ok := r.(error); !ok || !errors.Is(e, pebble.ErrClosed) {
				panic(r)
			}
			err = ErrClosed
		}
	}()
	if err = f(); err == nil {
		err = db.Fault()
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", what, err)
		db.Fail(err)
	}
	return err
}

// build fills the batch with everything but the times.
func (p *pending) build(t *Txn) error {
	for _, o := range t.buf.sorted() {
		for _, c := range o.chunks {
			for _, v := range c.vals[:c.n] {
				if err := p.add(t, &t.buf.writes[v]); err != nil {
					return err
				}
			}
		}
	}
	for _, s := range t.buf.drops {
		if err := p.batch.DeleteRange(s.Lo, s.Hi, nil); err != nil {
			return err
		}
	}
	return nil
}

// add adds what the newest write of a key does.
func (p *pending) add(t *Txn, w *write) error {
	oldest := t.buf.oldest(w)
	old, err := t.oldVersion(oldest)
	if err != nil {
		return err
	}
	if old != nil {
		p.history(oldest.key, old)
	}
	switch {
	case !w.deleted:
		p.set(w.key, w.value)
	case old != nil:
		return p.batch.Delete(w.key, nil)
	}
	return nil
}

// oldVersion returns the version with its header that the snapshot has of a key, or nil.
func (t *Txn) oldVersion(oldest *write) ([]byte, error) {
	switch oldest.state {
	case oldAbsent:
		return nil, nil
	case oldKnown:
		return oldest.old, nil
	}
	raw, ok, err := t.raw(oldest.key)
	if !ok {
		return nil, err
	}
	if len(raw) < HeaderLen {
		return nil, ErrHeader
	}
	return raw, nil
}

func (p *pending) set(key, value []byte) {
	op := p.batch.SetDeferred(len(key), HeaderLen+len(value))
	copy(op.Key, key)
	copy(op.Value[HeaderLen:], value)
	p.times = append(p.times, p.batch.Len()-len(op.Value))
	_ = op.Finish() // fails for indexed batches only
}

func (p *pending) history(key, old []byte) {
	op := p.batch.SetDeferred(len(key)+keys.HistoryOverhead, len(old))
	keys.PutHistory(op.Key, key, 0, 0)
	copy(op.Value, old)
	var n [binary.MaxVarintLen64]byte
	end := p.batch.Len() - len(old) - binary.PutUvarint(n[:], uint64(len(old)))
	p.times = append(p.times, end-8)
	p.epoch = append(p.epoch, end-len(op.Key)+2)
	_ = op.Finish()
}

// stamp writes the commit time wherever it belongs.
func (p *pending) stamp(at Time) {
	repr := p.batch.Repr()
	for _, off := range p.times {
		binary.BigEndian.PutUint64(repr[off:], uint64(at))
	}
	for _, off := range p.epoch {
		binary.BigEndian.PutUint32(repr[off:], at.Epoch())
	}
}
