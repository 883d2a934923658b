package kv

import (
	"bytes"
	"iter"
	"slices"

	"github.com/zerodb/zerodb/storage/keys"
)

// Old says what a writer knows of the version that its write replaces in the snapshot, which the history needs.
type Old struct {
	state oldState
	raw   []byte // with its header; copied by the write
}

type oldState uint8

const (
	oldUnknown oldState = iota
	oldAbsent
	oldKnown
)

var (
	// Unknown makes the commit look for an older version.
	Unknown = Old{}
	// Absent promises that the snapshot has no version of the key.
	Absent = Old{state: oldAbsent}
)

// write is one put or delete of a transaction. Writes of one key are chained from the newest to the oldest.
type write struct {
	key     []byte
	value   []byte
	old     []byte // of the oldest of a chain: the version in the snapshot, with its header
	prev    int32  // the write of the same key before this one, or -1
	state   oldState
	deleted bool
}

// buffer holds what a transaction has written, in order of time (for savepoints) and, for each object, of key.
type buffer struct {
	writes  []write
	objects map[keys.Prefix]*ordered[int32]
	drops   []Span
	arena   arena
	last    keys.Prefix // the object written last, and its list
	list    *ordered[int32]
	lists   []*ordered[int32] // what sorted returned
	spare   []*ordered[int32] // empty lists
	bytes   int
}

// keepWrites is how long a list of writes is kept from one transaction to the next, keepLists how many lists of objects.
const (
	keepWrites = 4096
	keepLists  = 8
)

// reset empties the buffer for another transaction.
func (b *buffer) reset() {
	clear(b.writes)
	spare := b.spare
	for _, o := range b.objects {
		if len(spare) < keepLists {
			o.empty()
			spare = append(spare, o)
		}
	}
	clear(b.objects)
	clear(b.lists)
	writes := b.writes[:0]
	if cap(writes) > keepWrites {
		writes = nil
	}
	a := b.arena
	a.reset()
	*b = buffer{writes: writes, objects: b.objects, arena: a, lists: b.lists[:0], spare: spare}
}

// of returns the writes of an object; nil where there are none.
func (b *buffer) of(p keys.Prefix) *ordered[int32] {
	if len(b.writes) == 0 {
		return nil
	}
	if b.list != nil && b.last == p {
		return b.list
	}
	return b.objects[p]
}

// get returns the newest write of a key.
func (b *buffer) get(key []byte) *write {
	o := b.of(keys.Prefix(key[:keys.PrefixLen]))
	if o == nil {
		return nil
	}
	if i, ok := o.get(key[keys.PrefixLen:]); ok {
		return &b.writes[i]
	}
	return nil
}

// put adds a write; key and value are copied.
func (b *buffer) put(key, value []byte, deleted bool, old Old) {
	p := keys.Prefix(key[:keys.PrefixLen])
	o := b.of(p)
	if o == nil {
		if b.objects == nil {
			b.objects = map[keys.Prefix]*ordered[int32]{}
		}
		if o = b.objects[p]; o == nil {
			o = b.newList()
			b.objects[p] = o
		}
	}
	b.last, b.list = p, o
	w := write{prev: -1, state: old.state, deleted: deleted}
	at, found := o.seek(key[keys.PrefixLen:])
	if found {
		_, w.prev = o.at(at)
		w.key = b.writes[w.prev].key
	} else {
		w.key = b.arena.clone(key)
		if old.state == oldKnown {
			w.old = b.arena.clone(old.raw)
		}
	}
	if !deleted {
		w.value = b.arena.clone(value)
	}
	b.bytes += len(key) + len(value)
	o.set(at, found, w.key[keys.PrefixLen:], int32(len(b.writes)))
	b.writes = append(b.writes, w)
}

func (b *buffer) newList() *ordered[int32] {
	if n := len(b.spare); n > 0 {
		o := b.spare[n-1]
		b.spare = b.spare[:n-1]
		return o
	}
	return &ordered[int32]{}
}

// oldest returns the first write of w's key.
func (b *buffer) oldest(w *write) *write {
	for w.prev >= 0 {
		w = &b.writes[w.prev]
	}
	return w
}

// visible returns the newest write of a chain among the first limit writes.
func (b *buffer) visible(i, limit int32) *write {
	for i >= limit {
		if i = b.writes[i].prev; i < 0 {
			return nil
		}
	}
	return &b.writes[i]
}

// mark is a place to roll back to.
type mark struct{ writes, drops int }

func (b *buffer) mark() mark { return mark{len(b.writes), len(b.drops)} }

// rollback undoes every write behind m.
func (b *buffer) rollback(m mark) {
	for len(b.writes) > m.writes {
		i := len(b.writes) - 1
		w := &b.writes[i]
		o := b.objects[keys.Prefix(w.key[:keys.PrefixLen])]
		at, _ := o.seek(w.key[keys.PrefixLen:])
		if w.prev >= 0 {
			o.chunks[at.chunk].vals[at.i] = w.prev
		} else {
			o.remove(at)
		}
		b.writes = b.writes[:i]
	}
	b.drops = b.drops[:m.drops]
}

// keys yields every key that is written.
func (b *buffer) keys() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, o := range b.objects {
			for _, c := range o.chunks {
				for _, v := range c.vals[:c.n] {
					if !yield(b.writes[v].key) {
						return
					}
				}
			}
		}
	}
}

// sorted returns the lists of the objects in the order of their prefixes.
func (b *buffer) sorted() []*ordered[int32] {
	if len(b.objects) == 1 && b.list != nil {
		b.lists = append(b.lists[:0], b.list)
		return b.lists
	}
	prefixes := make([]keys.Prefix, 0, len(b.objects))
	for p := range b.objects {
		prefixes = append(prefixes, p)
	}
	slices.SortFunc(prefixes, func(x, y keys.Prefix) int { return bytes.Compare(x[:], y[:]) })
	b.lists = b.lists[:0]
	for _, p := range prefixes {
		b.lists = append(b.lists, b.objects[p])
	}
	return b.lists
}
