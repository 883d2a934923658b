package storage

import (
	"bytes"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
)

// An entry of an index is
//
//	prefix · orders of the fields · order of the record key → notes of the fields
//	prefix · orders of the fields → order of the record key · notes of the fields
//
// the second where the index is unique and no field is none. Orders and notes are the two parts of ops' key encoding: the
// first decides what is equal, both together give back the value, for columns that are read from the entry alone.

// entry is the index entry of a record, built in the transaction's scratch space.
type entry struct {
	key, value []byte
	unique     bool // whether the record's key is in the value
}

// appendEntry builds the entry of a record in ix behind dst; get gives the values of the fields.
func appendEntry(dst []byte, tab *table, ix *schema.Index, key ops.Value, get func(path []string) (ops.Value, error)) ([]byte, entry, error) {
	p := tab.index(ix.ID)
	start := len(dst)
	dst = append(dst, p[:]...)
	var room [4]ops.Value
	vals := room[:0]
	e := entry{unique: ix.Unique}
	for _, path := range ix.Fields {
		v, err := get(path)
		if err != nil {
			return dst, e, err
		}
		if v.IsNone() {
			e.unique = false
		}
		dst = appendKey(dst, v)
		vals = append(vals, v)
	}
	if len(dst)-start > MaxKey {
		return dst, e, ops.Errorf(ops.CodeTooLarge, "the fields of index %s take %d bytes; the most is %d", ix.Name, len(dst)-start, MaxKey)
	}
	end := len(dst)
	dst = appendKey(dst, key)
	if !e.unique {
		end = len(dst)
	}
	for _, v := range vals {
		dst = ops.AppendNotes(dst, v)
	}
	e.key, e.value = dst[start:end:end], dst[end:]
	return dst, e, nil
}

func (t *Txn) newEntry(tab *table, ix *schema.Index, key, obj ops.Value) (e entry, err error) {
	t.indexKeys, e, err = appendEntry(t.indexKeys, tab, ix, key, func(path []string) (ops.Value, error) {
		return pathValue(tab, key, obj, path), nil
	})
	return e, err
}

func (t *Txn) oldEntry(tab *table, ix *schema.Index, key ops.Value, value []byte) (e entry, err error) {
	d := t.dict(tab.tableState)
	t.indexKeys, e, err = appendEntry(t.indexKeys, tab, ix, key, func(path []string) (ops.Value, error) {
		return storedValue(tab, d, key, value, path)
	})
	if record.Corrupt(err) {
		err = corruptRecord(tab.desc.Name, key, err)
	}
	return e, err
}

func (t *Txn) indexInsert(tab *table, key, obj ops.Value) error {
	for _, ix := range tab.desc.Indexes {
		t.indexKeys = t.indexKeys[:0]
		e, err := t.newEntry(tab, ix, key, obj)
		if err != nil {
			return err
		}
		if err := t.putEntry(tab, ix, key, e); err != nil {
			return err
		}
	}
	return nil
}

func (t *Txn) indexReplace(tab *table, key ops.Value, old []byte, obj ops.Value) error {
	for _, ix := range tab.desc.Indexes {
		t.indexKeys = t.indexKeys[:0]
		before, err := t.oldEntry(tab, ix, key, old)
		if err != nil {
			return err
		}
		after, err := t.newEntry(tab, ix, key, obj)
		if err != nil {
			return err
		}
		if bytes.Equal(before.key, after.key) {
			switch {
			case bytes.Equal(before.value, after.value):
			case after.unique && !ix.Ready: // it may be another record's
				if err := t.putEntry(tab, ix, key, after); err != nil {
					return err
				}
			default:
				t.kv.Put(after.key, after.value, kv.Unknown)
			}
			continue
		}
		if err := t.dropEntry(ix, key, before); err != nil {
			return err
		}
		if err := t.putEntry(tab, ix, key, after); err != nil {
			return err
		}
	}
	return nil
}

func (t *Txn) indexDelete(tab *table, key ops.Value, old []byte) error {
	for _, ix := range tab.desc.Indexes {
		t.indexKeys = t.indexKeys[:0]
		e, err := t.oldEntry(tab, ix, key, old)
		if err != nil {
			return err
		}
		if err := t.dropEntry(ix, key, e); err != nil {
			return err
		}
	}
	return nil
}

// dropEntry removes a record's entry. In a unique index that is being filled it may be of another record, with the same values.
func (t *Txn) dropEntry(ix *schema.Index, key ops.Value, e entry) error {
	if e.unique && !ix.Ready {
		holder, _, there, err := t.kv.Get(e.key)
		if err != nil || !there {
			return err
		}
		if own, _, err := decodeKey(holder); err != nil || !ops.Equal(own, key) {
			return err
		}
	}
	t.kv.Delete(e.key, kv.Unknown)
	return nil
}

// putEntry writes an entry that is new to the index, and refuses one that another record has.
func (t *Txn) putEntry(tab *table, ix *schema.Index, key ops.Value, e entry) error {
	if !e.unique {
		t.kv.Put(e.key, e.value, kv.Absent)
		return nil
	}
	holder, _, exists, err := t.kv.Get(e.key)
	if err != nil {
		return err
	}
	if exists {
		if own, rest, err := decodeKey(holder); err != nil || !ops.Equal(own, key) {
			return t.uniqueViolation(tab, ix, e.key, holder)
		} else if bytes.Equal(rest, e.value[len(e.value)-len(rest):]) {
			return nil
		}
	}
	t.kv.Put(e.key, e.value, kv.Unknown)
	return nil
}

func (t *Txn) uniqueViolation(tab *table, ix *schema.Index, entryKey, holder []byte) error {
	who := "another record"
	if v, _, err := decodeKey(holder); err == nil {
		who = "record " + show(recordID(tab, v))
	}
	what := ""
	rest := entryKey[keys.PrefixLen:]
	for i, path := range ix.Fields {
		v, r, err := decodeKey(rest)
		if err != nil {
			break
		}
		rest = r
		if i > 0 {
			what += ", "
		}
		what += joinPath(path) + " = " + show(v)
	}
	return ops.Errorf(ops.CodeUnique, "%s has %s already (unique index %s of %s)", who, what, ix.Name, tab.desc.Name).About(ix.Fields[0])
}

func joinPath(path []string) string {
	s := path[0]
	for _, p := range path[1:] {
		s += "." + p
	}
	return s
}
