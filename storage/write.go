package storage

import (
	"context"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
)

// MaxKey is the most bytes an encoded key of a record, or the fields of an index entry, may take.
const MaxKey = 32 << 10

// checkKey refuses what cannot be the key of a record.
func checkKey(table string, key ops.Value) error {
	switch key.Kind() {
	case ops.KindInt, ops.KindWide, ops.KindUUID:
		return nil
	case ops.KindString:
		if key.AsString() != "" {
			return nil
		}
		return ops.Errorf(ops.CodeType, "the key of a record of %s is empty", table)
	case ops.KindList, ops.KindTuple:
		if len(key.AsList()) == 0 {
			return ops.Errorf(ops.CodeType, "the key of a record of %s is an empty list", table)
		}
		for _, v := range key.AsList() {
			switch v.Kind() {
			case ops.KindNone, ops.KindObject, ops.KindRange, ops.KindRegex, ops.KindList, ops.KindTuple, ops.KindSet:
				return ops.Errorf(ops.CodeType, "the key of a record of %s has an element of kind %s", table, v.Kind())
			}
		}
		return nil
	}
	return ops.Errorf(ops.CodeType, "a record of %s cannot have a key of kind %s", table, key.Kind()).
		WithHint("keys are integers, strings, uuids, or lists of scalars")
}

// Create implements vm.Txn.
func (t *Txn) Create(ctx context.Context, desc *schema.Table, key, obj ops.Value, ifNotExists bool) (ops.Value, bool, error) {
	tab, err := t.writeTable(ctx, desc)
	if err != nil {
		return ops.None, false, err
	}
	if key.IsNone() {
		if key, err = t.store.ids.next(); err != nil {
			return ops.None, false, err
		}
	}
	if err := checkKey(tab.desc.Name, key); err != nil {
		return ops.None, false, err
	}
	id := recordID(tab, key)
	t.key = recordKey(t.key[:0], tab.records, key)
	exists, err := t.kv.Holds(t.key)
	if err != nil {
		return ops.None, false, wrap(err)
	}
	if exists {
		if ifNotExists {
			return id, false, nil
		}
		return ops.None, false, ops.Errorf(ops.CodeAlreadyExists, "record %s exists", show(id)).WithHint("use UPSERT, UPDATE or IF NOT EXISTS")
	}
	return id, true, t.insert(tab, key, obj)
}

func recordID(tab *table, key ops.Value) ops.Value {
	if key.Kind() == ops.KindInt {
		return ops.RecordInt(tab.name, key.AsInt())
	}
	return ops.Record(*tab.name, key)
}

func (t *Txn) writeTable(ctx context.Context, desc *schema.Table) (*table, error) {
	if err := t.writable(ctx); err != nil {
		return nil, err
	}
	return t.table(desc)
}

// insert writes a record that does not exist; its key is in t.key.
func (t *Txn) insert(tab *table, key, obj ops.Value) error {
	if len(t.key) > MaxKey {
		return ops.Errorf(ops.CodeTooLarge, "a key of %d bytes; the most is %d", len(t.key), MaxKey)
	}
	if err := t.encode(tab, obj); err != nil {
		return wrap(err)
	}
	if tab.desc.Edge {
		e, err := t.edgeEnds(tab, obj)
		if err != nil {
			return err
		}
		if err := t.linkEdge(tab, key, e); err != nil {
			return err
		}
	}
	t.kv.Put(t.key, t.value, kv.Absent)
	t.countRow(tab.tableState, 1)
	t.watch(tab)
	if tab.desc.Pending != nil {
		if err := t.alsoPending(tab, key, nil, obj); err != nil {
			return err
		}
	}
	if len(tab.desc.Indexes) == 0 {
		return nil
	}
	return wrap(t.indexInsert(tab, key, obj))
}

// encode puts the record of obj into t.value.
func (t *Txn) encode(tab *table, obj ops.Value) (err error) {
	if obj.Kind() != ops.KindObject {
		return ops.Errorf(ops.CodeType, "a record of %s must be an object, not %s", tab.desc.Name, obj.Kind())
	}
	t.interner.begin(tab.tableState, t.dict(tab.tableState))
	t.value, err = t.enc.Record(t.value[:0], obj.AsObject())
	return err
}

// Replace implements vm.Txn.
func (t *Txn) Replace(ctx context.Context, desc *schema.Table, key, obj ops.Value, upsert bool) error {
	tab, err := t.writeTable(ctx, desc)
	if err != nil {
		return err
	}
	if err := checkKey(tab.desc.Name, key); err != nil {
		return err
	}
	t.key = recordKey(t.key[:0], tab.records, key)
	old, raw, exists, err := t.kv.Get(t.key)
	if err != nil {
		return wrap(err)
	}
	if !exists {
		if !upsert {
			return ops.Errorf(ops.CodeNotFound, "record %s does not exist", show(ops.Record(tab.desc.Name, key)))
		}
		return t.insert(tab, key, obj)
	}
	before := kv.Replacing(t.keep(old, raw))
	if old, err = t.oldRecord(tab, old, raw); err != nil {
		return err
	}
	if tab.desc.Edge {
		if obj, err = t.sameEnds(tab, key, old, obj); err != nil {
			return err
		}
	}
	if err := t.encode(tab, obj); err != nil {
		return wrap(err)
	}
	t.kv.Put(t.key, t.value, before)
	t.watch(tab)
	if tab.desc.Pending != nil {
		if err := t.alsoPending(tab, key, old, obj); err != nil {
			return err
		}
	}
	if len(tab.desc.Indexes) == 0 {
		return nil
	}
	return wrap(t.indexReplace(tab, key, old, obj))
}

// keep copies the old version of a record, which the next read would overwrite. It returns the copy with its header, or nil
// for one that the transaction wrote itself, which stays where it is.
func (t *Txn) keep(_, raw []byte) []byte {
	if raw == nil {
		return nil
	}
	t.old = append(t.old[:0], raw...)
	return t.old
}

// oldRecord is the record that is replaced, as its table is now; keep has taken it.
func (t *Txn) oldRecord(tab *table, old, raw []byte) ([]byte, error) {
	if raw == nil {
		return old, nil
	}
	old = t.old[kv.HeaderLen:]
	if len(tab.desc.Shapes) == 0 {
		return old, nil
	}
	old, err := t.reshape(tab, old, kv.TimeOf(t.old))
	return old, wrap(err)
}

// Delete implements vm.Txn.
func (t *Txn) Delete(ctx context.Context, desc *schema.Table, key ops.Value) (bool, error) {
	tab, err := t.writeTable(ctx, desc)
	if err != nil {
		return false, err
	}
	if checkKey(tab.desc.Name, key) != nil {
		return false, nil
	}
	t.key = recordKey(t.key[:0], tab.records, key)
	return t.remove(ctx, tab, key)
}

// remove deletes the record whose key is in t.key.
func (t *Txn) remove(ctx context.Context, tab *table, key ops.Value) (bool, error) {
	old, raw, exists, err := t.kv.Get(t.key)
	if err != nil || !exists {
		return false, wrap(err)
	}
	before := kv.Replacing(t.keep(old, raw))
	if old, err = t.oldRecord(tab, old, raw); err != nil {
		return false, err
	}
	if tab.desc.Edge {
		e, err := t.storedEnds(tab, key, old)
		if err != nil {
			return false, err
		}
		t.unlinkEdge(tab, key, e)
	}
	if len(tab.desc.Indexes) > 0 {
		if err := t.indexDelete(tab, key, old); err != nil {
			return false, wrap(err)
		}
	}
	if tab.desc.Pending != nil {
		if err := t.alsoPending(tab, key, old, ops.None); err != nil {
			return false, err
		}
	}
	t.kv.Delete(t.key, before)
	t.countRow(tab.tableState, -1)
	t.unwatch(tab)
	return true, t.removeEdgesAt(ctx, recordID(tab, key))
}

// pathValue returns the value at a path of a record being written.
func pathValue(tab *table, key, obj ops.Value, path []string) ops.Value {
	if path[0] == "id" {
		if len(path) > 1 {
			return ops.None
		}
		return recordID(tab, key)
	}
	for _, step := range path {
		if obj.Kind() != ops.KindObject {
			return ops.None
		}
		v, ok := obj.Member(step)
		if !ok {
			return ops.None
		}
		obj = v
	}
	return obj
}

// storedValue returns the value at a path of a stored record. It shares the memory of value.
func storedValue(tab *table, d *record.Dict, key ops.Value, value []byte, path []string) (ops.Value, error) {
	if path[0] == "id" {
		return pathValue(tab, key, ops.None, path), nil
	}
	raw, err := rawPath(d, value, path)
	if raw == nil || err != nil {
		return ops.None, err
	}
	return record.Decode(raw, d, nil)
}

// rawPath returns the stored value at a path, or nil.
func rawPath(d *record.Dict, value []byte, path []string) ([]byte, error) {
	for i, step := range path {
		id, ok := d.ID(step)
		if !ok {
			return nil, nil
		}
		v, err := record.Parse(value)
		if err != nil {
			return nil, err
		}
		at := v.Find(id, 0)
		if at < 0 {
			return nil, nil
		}
		if value, err = v.Field(at); err != nil {
			return nil, err
		}
		if i < len(path)-1 {
			if value = record.Nested(value); value == nil {
				return nil, nil
			}
		}
	}
	return value, nil
}

// keyOf decodes the record key in a key of the table's records.
func keyOf(tab *table, key []byte) (ops.Value, error) {
	v, rest, err := decodeKey(key[keys.PrefixLen:])
	if err != nil || len(rest) > 0 {
		return ops.None, &ops.Error{Code: ops.CodeCorrupt, Message: "a key of table " + tab.desc.Name + " is damaged", Err: err, Hint: "run zerodb check"}
	}
	return v, nil
}
