package zerodb

import (
	"strings"
	"unsafe"

	"github.com/zerodb/zerodb/ops"
)

// cloner copies values out of memory that a cursor is about to reuse. It works in two passes, measure and
// copy, so that any number of rows costs four allocations at most: one each for values, members, record ids
// and the bytes of all strings.
type cloner struct {
	nvals, nmembers, nids int
	text                  []byte // the bytes of every string, in the order in which copy meets them

	vals    []Value
	members []Member
	ids     []RecordID
	str     string
	at      int // how much of str has been given away
	// names holds the member names met last, by position: rows of one table have the same names in the same
	// places, and so name strings are kept once per result and not once per row.
	names []string
	table *string // the table of the record id met last
	bytes int64   // how much has been allocated in all
}

const (
	valueBytes  = int(unsafe.Sizeof(Value{}))
	memberBytes = int(unsafe.Sizeof(Member{}))
	recordBytes = int(unsafe.Sizeof(RecordID{}))
)

// measure counts what v needs.
func (c *cloner) measure(v Value) {
	switch v.Kind() {
	case ops.KindString:
		c.text = append(c.text, v.AsString()...)
	case ops.KindRecord:
		if key := v.RecordKey(); key.Kind() != ops.KindInt {
			c.nids++
			c.measure(key)
		}
	case ops.KindList, ops.KindTuple, ops.KindSet:
		c.nvals += len(v.AsList())
		for _, e := range v.AsList() {
			c.measure(e)
		}
	case ops.KindObject:
		c.nmembers += len(v.AsObject())
		for _, m := range v.AsObject() {
			c.measure(m.Value)
		}
	}
}

// room allocates what was measured.
func (c *cloner) room() {
	c.bytes += int64(len(c.text) + c.nvals*valueBytes + c.nmembers*memberBytes + c.nids*recordBytes)
	c.str, c.text, c.at = string(c.text), c.text[:0], 0
	c.vals, c.nvals = slab[Value](c.nvals), 0
	c.members, c.nmembers = slab[Member](c.nmembers), 0
	c.ids, c.nids = slab[RecordID](c.nids), 0
}

func slab[T any](n int) []T {
	if n == 0 {
		return nil
	}
	return make([]T, n)
}

// take cuts n elements off the front of a slab.
func take[T any](slab *[]T, n int) []T {
	part := (*slab)[:n:n]
	*slab = (*slab)[n:]
	return part
}

// copy returns a copy of v, in the order of the measuring.
func (c *cloner) copy(v Value) Value {
	switch v.Kind() {
	case ops.KindString:
		n := len(v.AsString())
		s := c.str[c.at : c.at+n]
		c.at += n
		return ops.String(s)
	case ops.KindBytes:
		return ops.Bytes(append([]byte(nil), v.AsBytes()...))
	case ops.KindUUID:
		return ops.UUID(v.AsUUID())
	case ops.KindRecord:
		if t := v.RecordTable(); c.table == nil || *c.table != t {
			kept := strings.Clone(t)
			c.table = &kept
		}
		key := v.RecordKey()
		if key.Kind() == ops.KindInt {
			return ops.RecordInt(c.table, key.AsInt())
		}
		id := &take(&c.ids, 1)[0]
		id.Table = *c.table // before the key, in which there may be another table
		id.Key = c.copy(key)
		return ops.RecordOf(id)
	case ops.KindList:
		return ops.List(c.copyList(v))
	case ops.KindTuple:
		return ops.Tuple(c.copyList(v))
	case ops.KindSet:
		return ops.SetOfSorted(c.copyList(v))
	case ops.KindObject:
		ms := take(&c.members, len(v.AsObject()))
		for i, m := range v.AsObject() {
			ms[i] = Member{Name: c.name(i, m.Name), Value: c.copy(m.Value)}
		}
		return ops.Object(ms)
	case ops.KindRange:
		r := *v.AsRange()
		return ops.Range(&Range{Lo: cloneValue(r.Lo), Hi: cloneValue(r.Hi), Inclusive: r.Inclusive})
	}
	return v // scalars; decimals and regular expressions are never made in reused memory
}

func (c *cloner) copyList(v Value) []Value {
	vs := take(&c.vals, len(v.AsList()))
	for i, e := range v.AsList() {
		vs[i] = c.copy(e)
	}
	return vs
}

// name returns a name that lives on.
func (c *cloner) name(at int, name string) string {
	for len(c.names) <= at {
		c.names = append(c.names, "")
	}
	if c.names[at] != name {
		c.names[at] = strings.Clone(name)
	}
	return c.names[at]
}

// cloneValue copies one value.
func cloneValue(v Value) Value {
	switch v.Kind() {
	case ops.KindNone, ops.KindBool, ops.KindInt, ops.KindWide, ops.KindFloat, ops.KindTime, ops.KindDuration:
		return v
	}
	var c cloner
	c.measure(v)
	c.room()
	return c.copy(v)
}
