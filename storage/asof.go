package storage

import (
	"bytes"
	"context"
	"time"

	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/vm"
)

// What a transaction reads as of a time it reads through the definitions of now: tables that were removed since are gone, those
// renamed have the new name, fields that were redefined have the new shape.

// At implements vm.Txn. Times have the precision of commits, a millisecond: all of it is seen.
func (t *Txn) At(ctx context.Context, at time.Time) (vm.Txn, error) {
	if err := t.alive(ctx); err != nil {
		return nil, err
	}
	then := kv.TimeAt(at)
	// Now, and whatever is to come, is what the transaction sees anyway.
	if then >= t.kv.Snapshot() {
		return t, nil
	}
	for _, v := range t.views {
		if v.kv.Snapshot() == then {
			return v, nil
		}
	}
	v := &Txn{txnState: txnState{store: t.store, place: t.place, base: t.cat, cat: t.cat, ref: t.ref}}
	v.kv = &v.room
	if err := t.store.db.BeginAt(v.kv, then); err != nil {
		return nil, wrap(err)
	}
	t.views = append(t.views, v)
	return v, nil
}

// Tables implements vm.Txn.
func (t *Txn) Tables() []*schema.Table {
	if t.kv.Writable() && t.cat.id != 0 {
		_ = t.useAll(t.cat) // a conflict is met by the commit
	}
	return t.cat.descs
}

// closeViews ends the transactions that At gave.
func (t *Txn) closeViews() {
	for _, v := range t.views {
		v.done = true
		v.kv.Cancel()
	}
	t.views = nil
}

// entriesThen makes an iterator over the entries that an index would have had at the transaction's time, out of the records of then:
// the index, or the table's shape, is younger.
func (t *Txn) entriesThen(ctx context.Context, tab *table, ix *schema.Index, lo, hi []byte) (*kv.Iter, error) {
	return t.kv.NewListIter(lo, hi, func(put func(key, value []byte)) error {
		return t.eachStored(ctx, tab, func(recordKey, value []byte) error {
			key, err := keyOf(tab, recordKey)
			if err != nil {
				return err
			}
			t.indexKeys = t.indexKeys[:0]
			e, err := t.oldEntry(tab, ix, key, value)
			if err == nil && bytes.Compare(e.key, lo) >= 0 && (len(hi) == 0 || bytes.Compare(e.key, hi) < 0) {
				put(e.key, e.value)
			}
			return err
		})
	})
}
