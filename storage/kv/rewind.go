package kv

import (
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/storage/keys"
)

// metaDropped keeps when data was last removed whole, without a history.
var metaDropped = append(prefixBytes(keys.Meta, 1), "dropped"...)

// Since returns the earliest time whose state is whole: nothing that it needs has been dropped since.
func (db *DB) Since() (Time, error) {
	since := db.Horizon()
	raw, closer, err := db.p.Get(metaDropped)
	if errors.Is(err, pebble.ErrNotFound) {
		return since, nil
	}
	if err != nil {
		return 0, err
	}
	if len(raw) == 8 {
		since = max(since, Time(binary.BigEndian.Uint64(raw)))
	}
	return since, closer.Close()
}

// rewindBytes is about how large the batches of Rewind are.
const rewindBytes = 4 << 20

// Rewind makes the state of a time that lies behind the newest, for good. No transaction may be running, and a crash in the middle
// leaves neither the one state nor the other: it is for copies.
func (db *DB) Rewind(at Time) error {
	since, err := db.Since()
	if err != nil {
		return err
	}
	if at < since {
		return &GoneError{since}
	}
	r := &rewinding{db: db, at: at, batch: db.p.NewBatch()}
	if err := r.newer(); err != nil {
		return err
	}
	if err := r.older(); err != nil {
		return err
	}
	return db.p.Apply(r.batch, pebble.Sync)
}

type rewinding struct {
	db    *DB
	at    Time
	batch *pebble.Batch
}

// flush writes what has come together.
func (r *rewinding) flush() error {
	if r.batch.Len() < rewindBytes {
		return nil
	}
	if err := r.db.p.Apply(r.batch, pebble.NoSync); err != nil {
		return err
	}
	err := r.batch.Close()
	r.batch = r.db.p.NewBatch()
	return err
}

// newer removes the versions that came behind the time.
func (r *rewinding) newer() error {
	return r.each(nil, keys.HistoryEpoch(0), func(key, raw []byte) error {
		if len(raw) < HeaderLen {
			return ErrHeader
		}
		if TimeOf(raw) <= r.at {
			return nil
		}
		return r.batch.Delete(key, nil)
	})
}

// older puts back those that ended behind it and had begun by then.
func (r *rewinding) older() error {
	return r.each(keys.HistoryEpoch(r.at.Epoch()), prefixBytes(keys.Meta, 0), func(key, raw []byte) error {
		_, of, end, valid := keys.SplitHistory(key)
		if !valid || len(raw) < HeaderLen {
			return ErrHeader
		}
		if Time(end) <= r.at {
			return nil
		}
		if TimeOf(raw) <= r.at {
			if err := r.batch.Set(of, raw, nil); err != nil {
				return err
			}
		}
		return r.batch.Delete(key, nil)
	})
}

// each goes through the keys of a range as they are when it begins.
func (r *rewinding) each(lo, hi []byte, use func(key, raw []byte) error) (err error) {
	it, err := r.db.p.NewIter(&pebble.IterOptions{LowerBound: lo, UpperBound: hi})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		raw, err := it.ValueAndErr()
		if err == nil {
			err = use(it.Key(), raw)
		}
		if err == nil {
			err = r.flush()
		}
		if err != nil {
			return err
		}
	}
	return it.Error()
}
