package storage

import (
	"slices"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
)

// Records that were written before their table was redefined are read through the redefinition: whatever gives out the bytes of a
// record calls reshape first. The time at which a record was committed says which redefinitions it has not seen. A job
// writes such records anew (see redefine.go), so that only older versions are left that need it.

// reshapes reports whether records of a table may need reshape as the transaction reads them.
func (t *Txn) reshapes(tab *table) bool {
	for i := range tab.desc.Shapes {
		if !tab.desc.Shapes[i].Done || t.kv.AsOf() {
			return true
		}
	}
	return false
}

// before is the commit time that records must have for a redefinition to be in them already.
func (tab *table) before(s *schema.Shape) kv.Time {
	if s.Before == 0 {
		return tab.since
	}
	return kv.Time(s.Before)
}

// older reports whether a record of that commit time is older than a redefinition of its table. 0 is the time of what a transaction
// has written itself.
func (tab *table) older(at kv.Time) bool {
	n := len(tab.desc.Shapes)
	return n > 0 && at != 0 && at < tab.before(&tab.desc.Shapes[n-1])
}

// reshape returns the bytes of a record as its table's present definition has them.
func (t *Txn) reshape(tab *table, value []byte, at kv.Time) ([]byte, error) {
	if !tab.older(at) {
		return value, nil
	}
	d := t.dict(tab.tableState)
	obj, err := tab.present(value, at, d, t.kv.AsOf())
	if err != nil {
		return nil, err
	}
	enc := record.Encoder{Names: knownNames{d}}
	out, err := enc.Record(nil, obj.AsObject())
	if err != nil && t.kv.AsOf() {
		// An older version may become a value that no record has had since, with names that the dictionary does not have.
		out, err = enc.Record(nil, encodable(&enc, obj.AsObject()))
	}
	return out, err
}

// recordAt returns the record that an iterator is at.
func (t *Txn) recordAt(tab *table, it *kv.Iter) ([]byte, error) {
	value, err := it.Value()
	if err != nil || len(tab.desc.Shapes) == 0 {
		return value, err
	}
	at, err := it.Time()
	if err != nil {
		return nil, err
	}
	return t.reshape(tab, value, at)
}

// present returns the record of an older one's bytes as an object without its id. It shares the memory of value.
func (tab *table) present(value []byte, at kv.Time, d *record.Dict, loosely bool) (ops.Value, error) {
	obj, err := record.Object(value, ops.None, d, nil)
	if err != nil {
		return obj, err
	}
	for i := range tab.desc.Shapes {
		s := &tab.desc.Shapes[i]
		switch {
		case at == 0 || at >= tab.before(s):
		case loosely:
			obj = s.Loosely(obj)
		default:
			if obj, err = s.Apply(obj); err != nil {
				return obj, err
			}
		}
	}
	return obj, nil
}

// encodable returns the members that have only names which are known.
func encodable(enc *record.Encoder, ms []ops.Member) []ops.Member {
	return slices.DeleteFunc(slices.Clone(ms), func(m ops.Member) bool {
		_, err := enc.Record(nil, []ops.Member{m})
		return err != nil
	})
}

// knownNames are the names of a dictionary, which does not grow.
type knownNames struct{ dict *record.Dict }

// Intern implements record.Names.
func (n knownNames) Intern(name string) (uint16, bool, error) {
	id, ok := n.dict.ID(name)
	return id, ok, nil
}

// timeOf is the commit time of what Get gives; 0 for what the transaction has written itself.
func timeOf(raw []byte) kv.Time {
	if raw == nil {
		return 0
	}
	return kv.TimeOf(raw)
}

// stamp gives the redefinitions of a descriptor that is about to be replaced by another the time at which they came into force.
func stamp(desc *schema.Table, since kv.Time) {
	if i := slices.IndexFunc(desc.Shapes, func(s schema.Shape) bool { return s.Before == 0 }); i >= 0 && since != 0 {
		desc.Shapes = slices.Clone(desc.Shapes)
		for ; i < len(desc.Shapes); i++ {
			if desc.Shapes[i].Before == 0 {
				desc.Shapes[i].Before = uint64(since)
			}
		}
	}
}
