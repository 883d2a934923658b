package kv

import (
	"bytes"

	"github.com/zerodb/zerodb/storage/keys"
)

// windowKeys bounds how many recently written keys a generation of the window holds.
const windowKeys = 64 << 10

// window remembers which keys recent transactions wrote and when. It holds two generations; when the younger is
// full, the older is forgotten and the floor rises to what it held. It is guarded by the commit lock.
type window struct {
	floor Time
	gens  [2]generation // younger first
	limit int
}

type generation struct {
	objects map[keys.Prefix]*writtenObject
	keys    int
	max     Time
	arena   arena
}

// writtenObject has the keys written, or only the time where a transaction wrote too many to list.
type writtenObject struct {
	ordered[uint64]
	all Time
}

func newWindow() *window { return &window{limit: windowKeys} }

// Floor implements Committed.
func (w *window) Floor() Time { return w.floor }

// Written implements Committed.
func (w *window) Written(key []byte) (Time, bool) {
	p := keys.Prefix(key[:keys.PrefixLen])
	var last Time
	for i := range w.gens {
		o := w.gens[i].objects[p]
		if o == nil {
			continue
		}
		last = max(last, o.all)
		if v, ok := o.get(key[keys.PrefixLen:]); ok {
			last = max(last, Time(v))
		}
	}
	return last, last > 0
}

// WrittenIn implements Committed.
func (w *window) WrittenIn(s Span, since Time) ([]byte, Time, bool) {
	p, lo, hi := s.suffixes()
	for i := range w.gens {
		o := w.gens[i].objects[p]
		if o == nil {
			continue
		}
		if o.all > since {
			return s.Lo, o.all, true
		}
		if k, at, ok := o.writtenIn(lo, hi, since); ok {
			return append(p[:len(p):len(p)], k...), at, true
		}
	}
	return nil, 0, false
}

func (o *writtenObject) writtenIn(lo, hi []byte, since Time) ([]byte, Time, bool) {
	p, _ := o.seek(lo)
	for ; p.chunk < len(o.chunks); p = (pos{p.chunk + 1, 0}) {
		c := o.chunks[p.chunk]
		if hi != nil && p.i < c.n && bytes.Compare(c.keys[p.i], hi) >= 0 {
			return nil, 0, false
		}
		if Time(c.max) <= since {
			continue
		}
		for i := p.i; i < c.n; i++ {
			if hi != nil && bytes.Compare(c.keys[i], hi) >= 0 {
				return nil, 0, false
			}
			if Time(c.vals[i]) > since {
				return c.keys[i], Time(c.vals[i]), true
			}
		}
	}
	return nil, 0, false
}

// add remembers that the keys of a buffer were written at time at.
func (w *window) add(b *buffer, at Time) {
	if w.gens[0].keys > 0 && w.gens[0].keys+len(b.writes) > w.limit {
		w.floor = max(w.floor, w.gens[1].max)
		w.gens[1], w.gens[0] = w.gens[0], generation{}
	}
	g := &w.gens[0]
	if g.objects == nil {
		g.objects = map[keys.Prefix]*writtenObject{}
	}
	g.max = at
	for p, list := range b.objects {
		o := g.objects[p]
		if o == nil {
			o = &writtenObject{}
			g.objects[p] = o
		}
		if list.len > w.limit/4 {
			o.all = at
			continue
		}
		g.keys += list.len
		for _, c := range list.chunks {
			for _, k := range c.keys[:c.n] {
				q, found := o.seek(k)
				if !found {
					k = g.arena.clone(k)
				}
				o.set(q, found, k, uint64(at))
			}
		}
	}
	for _, s := range b.drops {
		p := keys.Prefix(s.Lo[:keys.PrefixLen])
		if g.objects[p] == nil {
			g.objects[p] = &writtenObject{}
		}
		g.objects[p].all = at
	}
}

// forget drops everything: no transaction is running that started before at.
func (w *window) forget(at Time) {
	if w.gens[0].keys+w.gens[1].keys > 0 || w.gens[0].objects != nil {
		w.gens = [2]generation{}
	}
	w.floor = at
}
