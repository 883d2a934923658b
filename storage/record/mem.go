package record

import "github.com/zerodb/zerodb/ops"

// Mem gives out the space that the values of one batch need, and takes all of it back at once with Reset. A nil Mem
// allocates each piece, for values that live on.
type Mem struct {
	bytes   slab[byte]
	values  slab[ops.Value]
	members slab[ops.Member]
	records slab[ops.RecordID]
	room    func(n int) []byte
}

// slab hands out pieces of chunks and uses the chunks again after a reset.
type slab[T any] struct {
	chunks [][]T
	cur    int // chunk in use
	used   int // of it
}

func (s *slab[T]) take(n, first int) []T {
	for s.cur < len(s.chunks) {
		if c := s.chunks[s.cur]; s.used+n <= len(c) {
			p := c[s.used : s.used+n : s.used+n]
			s.used += n
			return p
		}
		s.cur, s.used = s.cur+1, 0
	}
	size := first << min(len(s.chunks), 8)
	s.chunks = append(s.chunks, make([]T, max(size, n)))
	s.cur, s.used = len(s.chunks)-1, n
	return s.chunks[s.cur][:n:n]
}

// out is how much has been given out.
func (s *slab[T]) out() int {
	n := s.used
	for _, c := range s.chunks[:s.cur] {
		n += len(c)
	}
	return n
}

func (s *slab[T]) held() (n int) {
	for _, c := range s.chunks {
		n += len(c)
	}
	return n
}

func (s *slab[T]) reset() { s.cur, s.used = 0, 0 }

// Reset takes everything back.
func (m *Mem) Reset() {
	m.bytes.reset()
	m.values.reset()
	m.members.reset()
	m.records.reset()
}

// Clone copies bytes.
func (m *Mem) Clone(b []byte) []byte {
	if m == nil {
		return append([]byte(nil), b...)
	}
	c := m.bytes.take(len(b), 16<<10)
	copy(c, b)
	return c
}

// Join copies two pieces of bytes one behind the other.
func (m *Mem) Join(a, b []byte) []byte {
	n := len(a) + len(b)
	if m == nil {
		return append(append(make([]byte, 0, n), a...), b...)
	}
	c := m.bytes.take(n, 16<<10)
	copy(c[copy(c, a):], b)
	return c
}

// Values returns n values to be filled in.
func (m *Mem) Values(n int) []ops.Value {
	if m == nil {
		return make([]ops.Value, n)
	}
	return m.values.take(n, 512)
}

// Members returns n members to be filled in.
func (m *Mem) Members(n int) []ops.Member {
	if m == nil {
		return make([]ops.Member, n)
	}
	return m.members.take(n, 512)
}

// RecordID returns a record id to be filled in.
func (m *Mem) RecordID() *ops.RecordID {
	if m == nil {
		return new(ops.RecordID)
	}
	return &m.records.take(1, 128)[0]
}

// Room returns a function that gives out bytes to be filled in.
func (m *Mem) Room() func(n int) []byte {
	if m == nil {
		return nil
	}
	if m.room == nil {
		m.room = func(n int) []byte { return m.bytes.take(n, 16<<10) }
	}
	return m.room
}

// Held returns about how many bytes the chunks take, given out or not.
func (m *Mem) Held() int {
	return m.bytes.held() + 24*m.values.held() + 40*m.members.held() + 48*m.records.held()
}

// Size returns about how many bytes have been given out since the last reset.
func (m *Mem) Size() int {
	return m.bytes.out() + 24*m.values.out() + 40*m.members.out() + 48*m.records.out()
}
