package kv

import "bytes"

// chunkSize is how many keys a chunk holds; small enough that an insertion in its middle moves little.
const chunkSize = 128

// ordered is a map from keys to values in key order: a list of sorted chunks. Keys that arrive in ascending order, as
// in a bulk load, are appended without a search. max is the greatest value ever put into a chunk,
// so that a search for greater values skips it.
type ordered[V ~int32 | ~uint64] struct {
	chunks  []*chunk[V]
	len     int
	version int         // changes whenever a position may have moved
	spare   []*chunk[V] // empty chunks
}

// keepChunks is how many chunks an emptied map keeps.
const keepChunks = keepWrites / chunkSize

// empty takes everything out. What the chunks need of memory is kept for what comes.
func (o *ordered[V]) empty() {
	for _, c := range o.chunks {
		if len(o.spare) == keepChunks {
			break
		}
		clear(c.keys)
		c.n, c.max = 0, 0
		o.spare = append(o.spare, c)
	}
	clear(o.chunks)
	*o = ordered[V]{chunks: o.chunks[:0], spare: o.spare}
}

// fresh returns an empty chunk with room for a number of keys at least.
func (o *ordered[V]) fresh(room int) *chunk[V] {
	c := new(chunk[V])
	if n := len(o.spare); n > 0 {
		c = o.spare[n-1]
		o.spare[n-1] = nil
		o.spare = o.spare[:n-1]
	}
	if len(c.keys) < room {
		c.keys, c.vals = make([][]byte, room), make([]V, room)
	}
	return c
}

// chunk holds n keys in slices that grow up to chunkSize, since most transactions write few keys.
type chunk[V ~int32 | ~uint64] struct {
	n    int
	max  V
	keys [][]byte
	vals []V
}

// room makes the slices long enough for one more.
func (c *chunk[V]) room() {
	if c.n == len(c.keys) {
		size := min(max(2*c.n, 4), chunkSize)
		c.keys = append(make([][]byte, 0, size), c.keys...)[:size]
		c.vals = append(make([]V, 0, size), c.vals...)[:size]
	}
}

// pos is a place in an ordered map.
type pos struct{ chunk, i int }

// seek returns the place of the first key at or behind key.
func (o *ordered[V]) seek(key []byte) (p pos, found bool) {
	lo, hi := 0, len(o.chunks)
	// The first chunk whose last key is not before key.
	if hi > 0 {
		if c := o.chunks[hi-1]; c.n == 0 || bytes.Compare(c.keys[c.n-1], key) < 0 {
			return pos{hi - 1, c.n}, false
		}
	}
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if c := o.chunks[m]; bytes.Compare(c.keys[c.n-1], key) < 0 {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo == len(o.chunks) {
		return pos{lo, 0}, false
	}
	c := o.chunks[lo]
	a, b := 0, c.n
	for a < b {
		m := int(uint(a+b) >> 1)
		if bytes.Compare(c.keys[m], key) < 0 {
			a = m + 1
		} else {
			b = m
		}
	}
	return pos{lo, a}, a < c.n && bytes.Equal(c.keys[a], key)
}

// get returns the value of a key.
func (o *ordered[V]) get(key []byte) (v V, ok bool) {
	p, found := o.seek(key)
	if !found {
		return v, false
	}
	return o.chunks[p.chunk].vals[p.i], true
}

// set puts a value at a place that seek has returned, found or not.
func (o *ordered[V]) set(p pos, found bool, key []byte, v V) {
	if found {
		c := o.chunks[p.chunk]
		c.vals[p.i] = v
		c.max = max(c.max, v)
		return
	}
	o.version++
	o.len++
	if len(o.chunks) == 0 {
		o.chunks = append(o.chunks, o.fresh(0))
	}
	c := o.chunks[p.chunk]
	if c.n == chunkSize {
		c, p = o.split(p)
	}
	c.room()
	copy(c.keys[p.i+1:c.n+1], c.keys[p.i:c.n])
	copy(c.vals[p.i+1:c.n+1], c.vals[p.i:c.n])
	c.keys[p.i], c.vals[p.i] = key, v
	c.max = max(c.max, v)
	c.n++
}

// split makes room at p in a full chunk: behind the last key by a new chunk, elsewhere by halving.
func (o *ordered[V]) split(p pos) (*chunk[V], pos) {
	c := o.chunks[p.chunk]
	next := o.fresh(chunkSize)
	keep := chunkSize / 2
	if p.i == chunkSize && p.chunk == len(o.chunks)-1 {
		keep = chunkSize
	}
	next.n = copy(next.keys, c.keys[keep:])
	copy(next.vals, c.vals[keep:])
	next.max = c.max
	clear(c.keys[keep:])
	c.n = keep
	o.chunks = append(o.chunks, nil)
	copy(o.chunks[p.chunk+2:], o.chunks[p.chunk+1:])
	o.chunks[p.chunk+1] = next
	if p.i >= keep && (p.i > keep || keep == chunkSize) {
		return next, pos{p.chunk + 1, p.i - keep}
	}
	return c, p
}

// remove takes the key at p out.
func (o *ordered[V]) remove(p pos) {
	o.version++
	o.len--
	c := o.chunks[p.chunk]
	copy(c.keys[p.i:], c.keys[p.i+1:c.n])
	copy(c.vals[p.i:], c.vals[p.i+1:c.n])
	c.n--
	c.keys[c.n] = nil
	if c.n == 0 {
		o.chunks = append(o.chunks[:p.chunk], o.chunks[p.chunk+1:]...)
	}
}

// settle moves a place that is behind the last key of its chunk to the first of the next; ok is false at the end.
func (o *ordered[V]) settle(p pos) (pos, bool) {
	if p.chunk < len(o.chunks) && p.i >= o.chunks[p.chunk].n {
		p = pos{p.chunk + 1, 0}
	}
	return p, p.chunk < len(o.chunks)
}

// before returns the place in front of p; ok is false where there is none.
func (o *ordered[V]) before(p pos) (pos, bool) {
	if p.i > 0 {
		return pos{p.chunk, p.i - 1}, true
	}
	if p.chunk == 0 {
		return p, false
	}
	return pos{p.chunk - 1, o.chunks[p.chunk-1].n - 1}, true
}

// at returns the key and value at a place.
func (o *ordered[V]) at(p pos) ([]byte, V) {
	c := o.chunks[p.chunk]
	return c.keys[p.i], c.vals[p.i]
}
