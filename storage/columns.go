package storage

import (
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage/record"
	"github.com/zerodb/zerodb/vm"
)

// source says where the value of a column comes from.
type source uint8

const (
	fromField  source = iota // a path in the record
	fromID                   // the record's id
	fromRecord               // all of the record
	fromNone                 // always none: a name that no record has
	fromVertex               // the far end of an edge, from its adjacency key
	fromIn                   // the ends of an edge, from its adjacency key
	fromOut
)

// column is a column of an access, resolved against one table's dictionary.
type column struct {
	from source
	path []uint16 // numbers of the path's names
	hint [2]int   // where the first steps were found last
	late bool
}

// needsValue reports whether the column is read from the record's value.
func (c *column) needsValue() bool { return c.from == fromField || c.from == fromRecord }

// layout is the columns of an access over the records of one table.
type layout struct {
	tab  *table
	dict *record.Dict
	cols []column
	// values and lateValues tell whether any early or late column is read from the record's value.
	values, lateValues bool
}

// resolve prepares columns for a table. The dictionary must have been read after the snapshot was taken.
func (t *Txn) resolve(tab *table, cols []vm.Column) *layout {
	l := &layout{tab: tab, dict: t.dict(tab.tableState), cols: make([]column, len(cols))}
	for i := range cols {
		c := &l.cols[i]
		c.late = cols[i].Late
		l.source(c, &cols[i])
		if c.needsValue() {
			if c.late {
				l.lateValues = true
			} else {
				l.values = true
			}
		}
	}
	return l
}

func (l *layout) source(c *column, want *vm.Column) {
	switch want.Kind {
	case vm.ColumnID, vm.ColumnEdge:
		c.from = fromID
		return
	case vm.ColumnVertex:
		c.from = fromVertex
		return
	case vm.ColumnRecord:
		c.from = fromRecord
		return
	}
	if len(want.Path) == 0 {
		c.from = fromRecord
		return
	}
	if want.Path[0] == "id" {
		c.from = fromNone
		if len(want.Path) == 1 {
			c.from = fromID
		}
		return
	}
	for _, name := range want.Path {
		id, ok := l.dict.ID(name)
		if !ok {
			c.from = fromNone
			return
		}
		c.path = append(c.path, id)
	}
}

// find returns the stored value of a column in a record, or nil where it has none.
func (c *column) find(value []byte) ([]byte, error) {
	v, err := record.Parse(value)
	if err != nil {
		return nil, err
	}
	return c.findIn(&v)
}

func (c *column) findIn(v *record.View) ([]byte, error) {
	at := v.Find(c.path[0], c.hint[0])
	if at < 0 {
		return nil, nil
	}
	c.hint[0] = at
	raw, err := v.Field(at)
	if err != nil || len(c.path) == 1 {
		return raw, err
	}
	for i, id := range c.path[1:] {
		if raw = record.Nested(raw); raw == nil {
			return nil, nil
		}
		n, err := record.Parse(raw)
		if err != nil {
			return nil, err
		}
		hint := 0
		if i == 0 {
			hint = c.hint[1]
		}
		if at = n.Find(id, hint); at < 0 {
			return nil, nil
		}
		if i == 0 {
			c.hint[1] = at
		}
		if raw, err = n.Field(at); err != nil {
			return nil, err
		}
	}
	return raw, nil
}

// value decodes a column of one record. What it returns shares the memory of key and value.
func (l *layout) value(c *column, key ops.Value, value []byte, mem *record.Mem) (ops.Value, error) {
	switch c.from {
	case fromID:
		return l.id(key, mem), nil
	case fromRecord:
		return record.Object(value, l.id(key, mem), l.dict, mem)
	case fromField:
		raw, err := c.find(value)
		if raw == nil || err != nil {
			return ops.None, err
		}
		return record.Decode(raw, l.dict, mem)
	}
	return ops.None, nil
}

func (l *layout) id(key ops.Value, mem *record.Mem) ops.Value {
	if key.Kind() == ops.KindInt {
		return ops.RecordInt(l.tab.name, key.AsInt())
	}
	r := mem.RecordID()
	r.Table, r.Key = *l.tab.name, key
	return ops.RecordOf(r)
}

// appendTo appends a column of one record to a vector. key is the encoded record key; strings are copied into mem.
func (l *layout) appendTo(out *record.Column, c *column, key, value []byte, mem *record.Mem) error {
	switch c.from {
	case fromField:
		raw, err := c.find(value)
		if err != nil {
			return err
		}
		if raw == nil {
			out.None()
			return nil
		}
		return out.Raw(raw, l.dict, mem)
	case fromNone:
		out.None()
		return nil
	}
	return l.appendWhole(out, c, key, value, mem)
}

func (l *layout) appendWhole(out *record.Column, c *column, key, value []byte, mem *record.Mem) error {
	k, err := decodeKeyIn(key, mem)
	if err != nil {
		return err
	}
	if c.from == fromRecord {
		value = mem.Clone(value)
	}
	v, err := l.value(c, k, value, mem)
	if err != nil {
		return err
	}
	out.Value(v)
	return nil
}
