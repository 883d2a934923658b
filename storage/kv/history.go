package kv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/storage/keys"
)

// older finds the version of a key, with its header, that the history has for the transaction's time.
func (t *Txn) older(key []byte) ([]byte, bool, error) {
	it, err := t.view.iter(keys.HistoryEpoch(t.snapshot.Epoch()), keys.HistoryEpoch(1<<32-1))
	if err != nil {
		return nil, false, err
	}
	defer t.view.release(it)
	// In each epoch from the snapshot's on: the first version of the key that ended after the snapshot. The first found
	// is the one that was newest then, if it had begun by then.
	seek := make([]byte, len(key)+keys.HistoryOverhead)
	for ok := it.First(); ok; {
		epoch, _, _, valid := keys.SplitHistory(it.Key())
		if !valid {
			return nil, false, ErrHeader
		}
		keys.PutHistory(seek, key, epoch, uint64(t.snapshot)+1)
		if ok = it.SeekGE(seek); !ok {
			break
		}
		e, k, _, valid := keys.SplitHistory(it.Key())
		if valid && e == epoch && bytes.Equal(k, key) {
			raw, err := it.ValueAndErr()
			if err != nil || len(raw) < HeaderLen || Time(binary.BigEndian.Uint64(raw)) > t.snapshot {
				return nil, false, err
			}
			return bytes.Clone(raw), true, nil
		}
		ok = it.SeekGE(keys.HistoryEpoch(epoch + 1))
	}
	return nil, false, it.Error()
}

// overlay collects what the history has for the transaction's time in a range, as a buffer over the newest state: a
// version with its header, or a deletion for a key that had none then.
func (t *Txn) overlay(lo, hi []byte) (*buffer, error) {
	b := &buffer{}
	it, err := t.view.iter(keys.HistoryEpoch(t.snapshot.Epoch()), keys.HistoryEpoch(1<<32-1))
	if err != nil {
		return nil, err
	}
	defer t.view.release(it)
	for ok := it.First(); ok; {
		epoch, key, end, valid := keys.SplitHistory(it.Key())
		if !valid {
			return nil, ErrHeader
		}
		if bytes.Compare(key, lo) < 0 {
			ok = it.SeekGE(append(keys.HistoryEpoch(epoch), lo...))
			if ok {
				if e, k, _, v := keys.SplitHistory(it.Key()); v && e == epoch && bytes.Compare(k, lo) < 0 {
					ok = it.Next() // lo itself sorts behind a longer history key of a smaller one
				}
			}
			continue
		}
		if bytes.Compare(key, hi) >= 0 {
			ok = it.SeekGE(keys.HistoryEpoch(epoch + 1))
			continue
		}
		if Time(end) > t.snapshot && b.get(key) == nil {
			raw, err := it.ValueAndErr()
			if err != nil {
				return nil, err
			}
			if len(raw) < HeaderLen {
				return nil, ErrHeader
			}
			b.put(key, raw, TimeOf(raw) > t.snapshot, Absent)
		}
		ok = it.Next()
	}
	return b, it.Error()
}

// horizon returns the first epoch that is kept at a time, for the sake of the retention alone.
func (db *DB) horizon(at Time) uint32 {
	return (at - min(at, Time(db.opts.Retention.Milliseconds())<<logicalBits)).Epoch()
}

// collect drops the epochs of the history that end before the retention and before every pinned snapshot.
func (db *DB) collect(at Time) error {
	epoch := db.horizon(at)
	db.viewMu.Lock()
	for t := range db.pins {
		epoch = min(epoch, t.Epoch())
	}
	db.viewMu.Unlock()
	from := db.looked.Load()
	if epoch <= from || !db.looked.CompareAndSwap(from, epoch) {
		return nil
	}
	// Most of the time there is nothing to drop, and then nothing is lost either.
	it, err := db.p.NewIter(&pebble.IterOptions{LowerBound: keys.HistoryEpoch(0), UpperBound: keys.HistoryEpoch(epoch)})
	if err != nil {
		return err
	}
	any := it.First()
	if err := it.Close(); err != nil || !any {
		return err
	}
	for {
		old := db.dropped.Load()
		if old >= epoch || db.dropped.CompareAndSwap(old, epoch) {
			break
		}
	}
	return db.guard("dropping of history", func() error {
		b := db.p.NewBatch()
		defer func() { _ = b.Close() }()
		if err := b.DeleteRange(keys.HistoryEpoch(0), keys.HistoryEpoch(epoch), nil); err != nil {
			return err
		}
		if err := b.Set(metaHorizon, binary.BigEndian.AppendUint32(nil, epoch), nil); err != nil {
			return err
		}
		return b.Commit(pebble.NoSync)
	})
}

// loadHorizon reads which epochs were dropped before the store was opened.
func (db *DB) loadHorizon() error {
	raw, closer, err := db.p.Get(metaHorizon)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(raw) == 4 {
		db.dropped.Store(binary.BigEndian.Uint32(raw))
	}
	return closer.Close()
}

// GoneError says that the state of a time cannot be read any more.
type GoneError struct{ Since Time }

func (e *GoneError) Error() string {
	return fmt.Sprintf("kv: versions are kept since %d", e.Since)
}

// Horizon returns the earliest time that BeginAt can serve.
func (db *DB) Horizon() Time { return Time(db.dropped.Load()) << epochBits }
