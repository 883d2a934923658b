package storage

import (
	"slices"

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
	late bool
}

// hint is where the first steps of a column's path were found in the record before.
type hint [2]int

// needsValue reports whether the column is read from the record's value.
func (c *column) needsValue() bool { return c.from == fromField || c.from == fromRecord }

// layout is the columns of an access over the records of one table.
type layout struct {
	tab  *tableState
	dict *record.Dict
	want []vm.Column // what it was made from
	cols []column
	// values and lateValues tell whether any early or late column is read from the record's value.
	values, lateValues bool
}

// keepLayouts is how many layouts are kept for a table.
const keepLayouts = 8

// layoutOf returns a layout that is kept for the table, or resolves the columns and keeps it. Programs ask for the same columns
// again and again.
func (t *Txn) layoutOf(tab *table, cols []vm.Column) *layout {
	d := t.dict(tab.tableState)
	kept := tab.layouts.Load()
	if kept != nil {
		for _, l := range *kept {
			if l.dict == d && slices.EqualFunc(l.want, cols, sameColumn) {
				return l
			}
		}
	}
	l := t.resolve(tab, cols)
	if t.names[tab.tableState] != nil {
		return l // it is for this transaction alone
	}
	next := []*layout{l}
	if kept != nil {
		next = append(next, (*kept)[:min(len(*kept), keepLayouts-1)]...)
	}
	tab.layouts.Store(&next)
	return l
}

func sameColumn(a, b vm.Column) bool {
	return a.Kind == b.Kind && a.Late == b.Late && slices.Equal(a.Path, b.Path)
}

// resolve prepares columns for a table. The dictionary must have been read after the snapshot was taken.
func (t *Txn) resolve(tab *table, cols []vm.Column) *layout {
	l := &layout{tab: tab.tableState, dict: t.dict(tab.tableState), want: copyColumns(cols), cols: make([]column, len(cols))}
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

func copyColumns(cols []vm.Column) []vm.Column {
	cols = slices.Clone(cols)
	for i := range cols {
		cols[i].Path = slices.Clone(cols[i].Path)
	}
	return cols
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
func (c *column) find(v *record.View, h *hint) ([]byte, error) {
	at := v.Find(c.path[0], h[0])
	if at < 0 {
		return nil, nil
	}
	h[0] = at
	raw, err := v.Field(at)
	if err != nil || len(c.path) == 1 {
		return raw, err
	}
	return c.deeper(raw, h)
}

// deeper follows a path from its second step on.
func (c *column) deeper(raw []byte, h *hint) ([]byte, error) {
	for i, id := range c.path[1:] {
		if raw = record.Nested(raw); raw == nil {
			return nil, nil
		}
		n, err := record.Parse(raw)
		if err != nil {
			return nil, err
		}
		guess := 0
		if i == 0 {
			guess = h[1]
		}
		at := n.Find(id, guess)
		if at < 0 {
			return nil, nil
		}
		if i == 0 {
			h[1] = at
		}
		if raw, err = n.Field(at); err != nil {
			return nil, err
		}
	}
	return raw, nil
}

// get decodes a column of one record, What it returns lives in mem. v is value taken apart, for fields.
func (l *layout) get(c *column, key ops.Value, value []byte, v *record.View, mem *record.Mem) (ops.Value, error) {
	switch c.from {
	case fromID:
		return l.id(key, mem), nil
	case fromRecord:
		return record.Object(mem.Clone(value), l.id(key, mem), l.dict, mem)
	case fromField:
		var h hint
		raw, err := c.find(v, &h)
		if raw == nil || err != nil {
			return ops.None, err
		}
		if record.HasMemory(raw) {
			raw = mem.Clone(raw)
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

// appendTo appends a column of one record to a vector. key is the encoded record key; what the vector keeps is in mem.
func (l *layout) appendTo(out *record.Column, c *column, h *hint, key, value []byte, mem *record.Mem) error {
	if c.from != fromField {
		return l.appendWhole(out, c, key, value, mem)
	}
	v, err := record.Parse(value)
	if err != nil {
		return err
	}
	raw, err := c.find(&v, h)
	if err != nil {
		return err
	}
	if raw == nil {
		out.None()
		return nil
	}
	return out.Raw(raw, l.dict, mem)
}

func (l *layout) appendWhole(out *record.Column, c *column, key, value []byte, mem *record.Mem) error {
	if c.from == fromNone {
		out.None()
		return nil
	}
	k, err := decodeKeyIn(key, mem)
	if err != nil {
		return err
	}
	v, err := l.get(c, k, value, nil, mem)
	if err != nil {
		return err
	}
	out.Value(v)
	return nil
}
