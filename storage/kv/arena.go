package kv

const (
	arenaFirst = 1 << 10
	arenaMost  = 1 << 20
	arenaKeep  = 256 << 10 // the largest chunk that is kept from one use to the next
)

// arena hands out byte slices that live as long as it does.
type arena struct {
	free []byte
	size int
	keep []byte // a chunk for after a reset
}

// reset takes everything back. What was handed out must not be used any more.
func (a *arena) reset() { *a = arena{free: a.keep, size: len(a.keep), keep: a.keep} }

// alloc returns n bytes of undefined content.
func (a *arena) alloc(n int) []byte {
	if n > len(a.free) {
		a.size = min(max(a.size*2, arenaFirst), arenaMost)
		a.free = make([]byte, max(a.size, n))
		if len(a.free) > len(a.keep) && len(a.free) <= arenaKeep {
			a.keep = a.free
		}
	}
	b := a.free[:n:n]
	a.free = a.free[n:]
	return b
}

// clone copies b into the arena.
func (a *arena) clone(b []byte) []byte {
	c := a.alloc(len(b))
	copy(c, b)
	return c
}
