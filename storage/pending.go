package storage

import (
	"context"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
)

// What a table keeps for a redefinition that is pending: each record must fit it, and the indexes that will be are filled.

// tryRecords converts so many records from a key on for a try, and fills the indexes that will be. It returns how many it has looked
// at, and where to go on.
func (t *Txn) tryRecords(ctx context.Context, tab *table, from []byte, most int, r *redefining) (n int, next []byte, err error) {
	err = t.walkRecords(ctx, tab, from, func(w walked) (bool, error) {
		if n == most || len(r.bad) >= worstRecords {
			next = recordKey(nil, tab.records, w.key)
			return false, nil
		}
		n++
		reason, err := t.tryRecord(tab, w.key, w.value)
		if reason != "" {
			r.bad = append(r.bad, show(recordID(tab, w.key))+": "+reason)
		}
		return true, err
	})
	return n, next, err
}

// tryRecord converts a record for a try; the reason says why that cannot be done.
func (t *Txn) tryRecord(tab *table, key ops.Value, value []byte) (reason string, err error) {
	obj, err := record.Object(value, ops.None, t.dict(tab.tableState), nil)
	if err != nil {
		return "", corruptRecord(tab.desc.Name, key, err)
	}
	obj, err = t.toPending(tab, obj)
	if err != nil {
		return ops.MessageOf(err), nil
	}
	err = t.pendingEntries(tab, key, ops.None, obj)
	if code := ops.CodeOf(err); err != nil && (code == ops.CodeUnique || code == ops.CodeTooLarge) {
		return ops.MessageOf(err), nil
	}
	return "", err
}

// walked is a record that walkRecords is at: its key, its bytes as they are stored and as its table is now, and its commit time.
type walked struct {
	key           ops.Value
	stored, value []byte
	at            kv.Time
}

// walkRecords calls use for the records from a key on until it returns false.
func (t *Txn) walkRecords(ctx context.Context, tab *table, from []byte, use func(walked) (bool, error)) error {
	p := tab.records
	lo, hi := p[:], keys.AppendEnd(nil, p[:])
	if from != nil {
		lo = from
	}
	it, err := t.kv.NewIter(lo, hi, t.kv.Mark())
	if err != nil {
		return err
	}
	more := true
	for ok := it.First(); ok && more && err == nil; ok = it.Next() {
		if err = ctx.Err(); err != nil {
			break
		}
		var w walked
		if w.key, err = keyOf(tab, it.Key()); err == nil {
			w.stored, err = it.Value()
		}
		if err == nil {
			w.at, err = it.Time()
		}
		if err == nil {
			w.value, err = t.reshape(tab, w.stored, w.at)
		}
		if err == nil {
			more, err = use(w)
		}
	}
	if e := it.Close(); err == nil {
		err = e
	}
	return err
}

// toPending makes of a record what it will be, and makes sure that it can be stored.
func (t *Txn) toPending(tab *table, obj ops.Value) (ops.Value, error) {
	p := tab.desc.Pending
	obj, err := p.Apply(obj)
	if err != nil {
		return obj, err
	}
	if name := p.Table.Undeclared(obj); name != "" {
		return obj, ops.Errorf(ops.CodeUnknownField, "it has a field %s, which table %s does not declare", name, p.Table.Name)
	}
	t.interner.begin(tab.tableState, t.dict(tab.tableState))
	_, err = t.enc.Record(nil, obj.AsObject())
	return obj, err
}

// alsoPending keeps what is pending for a table when one of its records is written: obj is none where it is deleted, old is nil where
// there was none.
func (t *Txn) alsoPending(tab *table, key ops.Value, old []byte, obj ops.Value) error {
	before := ops.None
	if old != nil {
		was, err := record.Object(old, ops.None, t.dict(tab.tableState), nil)
		if err != nil {
			return corruptRecord(tab.desc.Name, key, err)
		}
		// What cannot be converted has no entries: the check will find it.
		if was, err = tab.desc.Pending.Apply(was); err == nil {
			before = was
		}
	}
	if !obj.IsNone() {
		var err error
		if obj, err = t.toPending(tab, obj); err != nil {
			return ops.Errorf(ops.CodeOf(err), "table %s is being redefined, and record %s would not fit what it is going to be: %s", tab.desc.Name, show(recordID(tab, key)), ops.MessageOf(err))
		}
	}
	return wrap(t.pendingEntries(tab, key, before, obj))
}

// pendingEntries keeps the indexes that a pending redefinition fills, for a record that changes as given, in the new shape.
func (t *Txn) pendingEntries(tab *table, key, before, after ops.Value) error {
	if then := tab.desc.Pending.Table; then.Name != tab.desc.Name { // ids in the entries are of the new name
		tab = &table{tableState: &tableState{id: tab.id, part: tab.part, name: &then.Name, records: tab.records}, desc: tab.desc}
	}
	for _, ix := range tab.desc.Pending.Table.Indexes {
		if ix.Ready {
			continue
		}
		entryOf := func(obj ops.Value) (entry, error) {
			_, e, err := appendEntry(nil, tab, ix, key, func(path []string) (ops.Value, error) { return pathValue(tab, key, obj, path), nil })
			return e, err
		}
		var was, is entry
		var err error
		if !before.IsNone() {
			if was, err = entryOf(before); err != nil {
				return err
			}
		}
		if !after.IsNone() {
			if is, err = entryOf(after); err != nil {
				return err
			}
		}
		if was.key != nil && string(was.key) != string(is.key) {
			if err := t.dropEntry(ix, key, was); err != nil {
				return err
			}
		}
		if is.key == nil {
			continue
		}
		// It may be there: a writer or the check has put it.
		if !is.unique {
			t.kv.Put(is.key, is.value, kv.Unknown)
		} else if err := t.putEntry(tab, ix, key, is); err != nil {
			return err
		}
	}
	return nil
}
