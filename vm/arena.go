package vm

import (
	"strings"
	"unsafe"

	"github.com/zerodb/zerodb/ops"
)

// arena copies values out of memory that a cursor or the store reuses, into chunks: no allocation a value.
type arena struct {
	text    []byte
	vals    []ops.Value
	members []ops.Member
	ids     []ops.RecordID
	names   map[string]string
	size    int64 // bytes of all chunks
	chunk   int
	table   *string // the name met last
}

const (
	valueSize  = int64(unsafe.Sizeof(ops.Value{}))
	memberSize = int64(unsafe.Sizeof(ops.Member{}))
	idSize     = int64(unsafe.Sizeof(ops.RecordID{}))
	// Chunks grow from the first to the second of these sizes, in bytes of text and in elements.
	firstChunk, lastChunk = 1 << 10, 1 << 16
)

// reset forgets everything. The last text chunk is kept for the next use only where nobody can hold its values.
func (a *arena) reset() { *a = arena{} }

func (a *arena) nextChunk(n int) int {
	a.chunk = min(max(2*a.chunk, firstChunk), lastChunk)
	return max(a.chunk, n)
}

// bytes copies b.
func (a *arena) bytes(b []byte) []byte {
	if len(b) > cap(a.text)-len(a.text) {
		n := a.nextChunk(len(b))
		a.text = make([]byte, 0, n)
		a.size += int64(n)
	}
	at := len(a.text)
	a.text = append(a.text, b...)
	return a.text[at:len(a.text):len(a.text)]
}

func (a *arena) string(s string) string {
	if s == "" {
		return ""
	}
	b := a.bytes(unsafe.Slice(unsafe.StringData(s), len(s)))
	return unsafe.String(&b[0], len(b))
}

// name copies a name that is met often, once.
func (a *arena) name(s string) string {
	if n, ok := a.names[s]; ok {
		return n
	}
	if a.names == nil {
		a.names = map[string]string{}
	}
	n := strings.Clone(s)
	a.names[n] = n
	a.size += int64(2*len(n)) + 64
	return n
}

func room[T any](a *arena, slab *[]T, n int, size int64) []T {
	if n > len(*slab) {
		m := a.nextChunk(n*int(size)) / int(size)
		m = max(m, n)
		*slab = make([]T, m)
		a.size += int64(m) * size
	}
	part := (*slab)[:n:n]
	*slab = (*slab)[n:]
	return part
}

// copy returns a copy of v that lives as long as the arena.
func (a *arena) copy(v ops.Value) ops.Value {
	switch v.Kind() {
	case ops.KindNone, ops.KindBool, ops.KindInt, ops.KindWide, ops.KindFloat, ops.KindTime, ops.KindDuration:
		return v
	case ops.KindString:
		return ops.String(a.string(v.AsString()))
	case ops.KindBytes:
		return ops.Bytes(a.bytes(v.AsBytes()))
	case ops.KindUUID:
		return ops.UUID(v.AsUUID())
	case ops.KindRecord:
		return a.record(v)
	case ops.KindList:
		return ops.List(a.list(v))
	case ops.KindTuple:
		return ops.Tuple(a.list(v))
	case ops.KindSet:
		return ops.SetOfSorted(a.list(v))
	case ops.KindObject:
		old := v.AsObject()
		ms := room(a, &a.members, len(old), memberSize)
		for i, m := range old {
			ms[i] = ops.Member{Name: a.name(m.Name), Value: a.copy(m.Value)}
		}
		return ops.Object(ms)
	case ops.KindRange:
		r := v.AsRange()
		return ops.Range(&ops.RangeValue{Lo: a.copy(r.Lo), Hi: a.copy(r.Hi), Inclusive: r.Inclusive})
	}
	return v // decimals and regular expressions are never made in reused memory
}

func (a *arena) record(v ops.Value) ops.Value {
	table := v.RecordTable()
	if a.table == nil || *a.table != table {
		n := a.name(table)
		a.table = &n
	}
	key := v.RecordKey()
	if key.Kind() == ops.KindInt {
		return ops.RecordInt(a.table, key.AsInt())
	}
	id := &room(a, &a.ids, 1, idSize)[0]
	id.Table, id.Key = *a.table, a.copy(key)
	return ops.RecordOf(id)
}

func (a *arena) list(v ops.Value) []ops.Value {
	old := v.AsList()
	vs := room(a, &a.vals, len(old), valueSize)
	for i, e := range old {
		vs[i] = a.copy(e)
	}
	return vs
}

// cloneValue copies one value to memory of its own.
func cloneValue(v ops.Value) ops.Value {
	switch v.Kind() {
	case ops.KindNone, ops.KindBool, ops.KindInt, ops.KindWide, ops.KindFloat, ops.KindTime, ops.KindDuration, ops.KindDecimal, ops.KindRegex:
		return v
	case ops.KindString:
		return ops.String(strings.Clone(v.AsString()))
	case ops.KindBytes:
		return ops.Bytes(append([]byte(nil), v.AsBytes()...))
	case ops.KindUUID:
		return ops.UUID(v.AsUUID())
	case ops.KindRecord:
		return ops.Record(strings.Clone(v.RecordTable()), cloneValue(v.RecordKey()))
	case ops.KindList:
		return ops.List(cloneList(v))
	case ops.KindTuple:
		return ops.Tuple(cloneList(v))
	case ops.KindSet:
		return ops.SetOfSorted(cloneList(v))
	case ops.KindObject:
		ms := make([]ops.Member, len(v.AsObject()))
		for i, m := range v.AsObject() {
			ms[i] = ops.Member{Name: strings.Clone(m.Name), Value: cloneValue(m.Value)}
		}
		return ops.Object(ms)
	case ops.KindRange:
		r := v.AsRange()
		return ops.Range(&ops.RangeValue{Lo: cloneValue(r.Lo), Hi: cloneValue(r.Hi), Inclusive: r.Inclusive})
	}
	return v
}

func cloneList(v ops.Value) []ops.Value {
	vs := make([]ops.Value, len(v.AsList()))
	for i, e := range v.AsList() {
		vs[i] = cloneValue(e)
	}
	return vs
}

// sizeOf is how many bytes a value points to, about.
func sizeOf(v ops.Value) (n int64) {
	switch v.Kind() {
	case ops.KindString:
		return int64(len(v.AsString()))
	case ops.KindBytes:
		return int64(len(v.AsBytes()))
	case ops.KindDecimal, ops.KindUUID:
		return 32
	case ops.KindRecord:
		return idSize + sizeOf(v.RecordKey())
	case ops.KindList, ops.KindTuple, ops.KindSet:
		for _, e := range v.AsList() {
			n += valueSize + sizeOf(e)
		}
	case ops.KindObject:
		for _, m := range v.AsObject() {
			n += memberSize + sizeOf(m.Value)
		}
	case ops.KindRange:
		return 64
	}
	return n
}
