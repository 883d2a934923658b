package ops

import (
	"strings"
	"unsafe"
)

// valueSize is the size of a Value itself.
const valueSize = int64(unsafe.Sizeof(Value{}))

// arena holds the strings that a state keeps, many to an allocation.
type arena struct {
	free []byte
	size int64
}

const (
	arenaFirst = 512
	arenaMost  = 64 << 10
)

func (a *arena) copy(b []byte) []byte {
	if len(b) > cap(a.free)-len(a.free) {
		room := max(len(b), min(arenaMost, max(arenaFirst, int(a.size))))
		a.free = make([]byte, 0, room)
		a.size += int64(room)
	}
	start := len(a.free)
	a.free = append(a.free, b...)
	return a.free[start:len(a.free):len(a.free)]
}

func (a *arena) string(s string) string {
	if s == "" {
		return ""
	}
	b := a.copy(unsafe.Slice(unsafe.StringData(s), len(s)))
	return unsafe.String(&b[0], len(b))
}

// keep returns a copy of v that shares no memory with it but what never changes (decimals, regular expressions).
func (a *arena) keep(v Value) Value {
	switch v.kind {
	case KindString:
		return String(a.string(v.AsString()))
	case KindBytes:
		return Bytes(a.copy(v.AsBytes()))
	case KindUUID, KindRecord, KindList, KindTuple, KindSet, KindObject, KindRange:
		a.size += outsideSize(v)
		return copyOf(v)
	}
	return v
}

// copyOf returns a deep copy of v, each part in an allocation of its own, so that what is dropped can be collected.
func copyOf(v Value) Value {
	switch v.kind {
	case KindString:
		return String(strings.Clone(v.AsString()))
	case KindBytes:
		return Bytes(append([]byte(nil), v.AsBytes()...))
	case KindUUID:
		return UUID(v.AsUUID())
	case KindRecord:
		if v.sub == subInline {
			table := strings.Clone(v.RecordTable())
			return RecordInt(&table, v.RecordKey().AsInt())
		}
		return Record(strings.Clone(v.RecordTable()), copyOf(v.RecordKey()))
	case KindList, KindTuple, KindSet:
		from := v.AsList()
		to := make([]Value, len(from))
		for i := range from {
			to[i] = copyOf(from[i])
		}
		return sequence(v.kind, to)
	case KindObject:
		from := v.AsObject()
		to := make([]Member, len(from))
		for i, m := range from {
			to[i] = Member{strings.Clone(m.Name), copyOf(m.Value)}
		}
		return Object(to)
	case KindRange:
		r := *v.AsRange()
		r.Lo, r.Hi = copyOf(r.Lo), copyOf(r.Hi)
		return Range(&r)
	}
	return v
}

// outsideSize is how many bytes v holds beside its own 24, about.
func outsideSize(v Value) int64 {
	switch v.kind {
	case KindString, KindBytes:
		return int64(v.bits)
	case KindDecimal:
		return int64(v.AsDecimal().Size())
	case KindUUID, KindWide:
		return 16
	case KindRecord:
		if v.sub == subInline {
			return 16 + int64(len(v.RecordTable()))
		}
		return 16 + valueSize + int64(len(v.RecordTable())) + outsideSize(v.RecordKey())
	case KindList, KindTuple, KindSet:
		size := int64(v.bits) * valueSize
		for _, e := range v.AsList() {
			size += outsideSize(e)
		}
		return size
	case KindObject:
		size := int64(v.bits) * (valueSize + 16)
		for _, m := range v.AsObject() {
			size += int64(len(m.Name)) + outsideSize(m.Value)
		}
		return size
	case KindRange:
		r := v.AsRange()
		return 2*valueSize + 8 + outsideSize(r.Lo) + outsideSize(r.Hi)
	case KindRegex:
		return 256
	}
	return 0
}

// chains holds a sequence for each group, all of them in one slab: no allocation for each element or group.
type chains[T any] struct {
	links []chainLink[T]
	ends  []chainEnds
}

type chainLink[T any] struct {
	v    T
	next int32 // index + 1 of the next of the group; 0 at the end
}

type chainEnds struct{ first, last, n int32 }

func (c *chains[T]) grow(groups int) { c.ends = grown(c.ends, groups) }

func (c *chains[T]) add(g int, v T) {
	c.links = append(c.links, chainLink[T]{v: v})
	at := int32(len(c.links))
	e := &c.ends[g]
	if e.n == 0 {
		e.first = at
	} else {
		c.links[e.last-1].next = at
	}
	e.last = at
	e.n++
}

// each calls do with the elements of group g in order.
func (c *chains[T]) each(g int, do func(v T)) {
	for at := c.ends[g].first; at != 0; at = c.links[at-1].next {
		do(c.links[at-1].v)
	}
}

func (c *chains[T]) len(g int) int { return int(c.ends[g].n) }

// slice appends the elements of group g to dst.
func (c *chains[T]) slice(dst []T, g int) []T {
	c.each(g, func(v T) { dst = append(dst, v) })
	return dst
}

func (c *chains[T]) bytes() int64 {
	return int64(cap(c.links))*int64(unsafe.Sizeof(chainLink[T]{})) + int64(cap(c.ends))*12
}
