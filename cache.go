package zerodb

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
	"github.com/zerodb/zerodb/vm/rights"
)

// cacheKey is all that a compiled text depends on.
type cacheKey struct {
	text                string
	namespace, database string
	version             uint64 // of the catalog
	set                 uint64 // of rights; 0: the owner's
	variables           string // names of the session's variables, which are no parameters
}

// compiled is a program that is ready to run, shared by every session. Its statements are linked when they first run.
type compiled struct {
	program *vm.Program
	version uint64 // of the catalog it was compiled against; 0 for programs from outside
	set     uint64 // of the rights that the catalog was seen by
	linked  []atomic.Pointer[linkedAt]
	bytes   int64
	usage   usage
	secret  bool // it holds a password, and is not kept
}

// linkedAt is a statement linked to a catalog. Versions of different databases may have the same number, and programs from
// outside run in any database: so it is the catalog itself that counts.
type linkedAt struct {
	catalog Catalog
	linked  *vm.Linked
	narrow  *rights.Set // that the statement has to run through; nil: it runs as it is
}

func newCompiled(p *vm.Program, version uint64, bytes int64) *compiled {
	return &compiled{program: p, version: version, linked: make([]atomic.Pointer[linkedAt], len(p.Statements)), bytes: bytes}
}

// CacheStats are the figures of the cache of compiled statements.
type CacheStats struct {
	Hits, Misses int64 // look-ups that found, and that did not find, what they wanted
	Compiles     int64 // compilations; fewer than misses where several sessions waited for one
	Evicted      int64
	Entries      int64
	Bytes, Limit int64
}

// statementCache holds compiled texts, the ones used last, up to a number of bytes. Sessions that want the same text
// at the same time wait for one compilation.
type statementCache struct {
	limit int64

	mu      sync.Mutex
	entries map[cacheKey]*cacheEntry
	// The entries in a ring by last use; ring.next is the newest.
	ring  cacheEntry
	stats CacheStats
}

type cacheEntry struct {
	key        cacheKey
	prev, next *cacheEntry
	done       chan struct{} // closed when compiled or errs is set
	compiled   *compiled
	errs       []*ops.Error
	bytes      int64
}

func newStatementCache(limit int64) *statementCache {
	c := &statementCache{limit: limit, entries: map[cacheKey]*cacheEntry{}}
	c.ring.prev, c.ring.next = &c.ring, &c.ring
	return c
}

// get returns what key stands for, compiling it if nobody has. Errors are not kept.
func (c *statementCache) get(ctx context.Context, key cacheKey, compile func() (*compiled, []*ops.Error)) (*compiled, []*ops.Error) {
	c.mu.Lock()
	e, found := c.entries[key]
	if found {
		c.stats.Hits++
		e.unlink()
		e.linkBehind(&c.ring)
		c.mu.Unlock()
		return e.wait(ctx)
	}
	c.stats.Misses++
	c.stats.Compiles++
	e = &cacheEntry{key: key, done: make(chan struct{})}
	c.entries[key] = e
	e.linkBehind(&c.ring)
	c.mu.Unlock()

	e.compiled, e.errs = compile()
	close(e.done)
	c.settle(e)
	return e.compiled, e.errs
}

// settle accounts for a new entry and makes room.
func (c *statementCache) settle(e *cacheEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[e.key] != e {
		return // the cache has been emptied meanwhile
	}
	if e.compiled == nil || e.compiled.secret {
		c.remove(e)
		return
	}
	e.bytes = e.compiled.bytes
	c.stats.Bytes += e.bytes
	for at := c.ring.prev; c.stats.Bytes > c.limit && at != &c.ring; {
		older := at.prev
		if at.bytes > 0 { // entries that are being compiled have no size yet, and stay
			c.remove(at)
			c.stats.Evicted++
		}
		at = older
	}
}

func (c *statementCache) remove(e *cacheEntry) {
	e.unlink()
	delete(c.entries, e.key)
	c.stats.Bytes -= e.bytes
}

func (c *statementCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
	c.ring.prev, c.ring.next = &c.ring, &c.ring
	c.stats.Bytes = 0
}

func (c *statementCache) snapshot() CacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Entries, s.Limit = int64(len(c.entries)), c.limit
	return s
}

func (e *cacheEntry) wait(ctx context.Context) (*compiled, []*ops.Error) {
	select {
	case <-e.done:
	default:
		select {
		case <-e.done:
		case <-ctx.Done():
			return nil, []*ops.Error{contextError(ctx.Err())}
		}
	}
	return e.compiled, e.errs
}

func (e *cacheEntry) unlink() {
	e.prev.next, e.next.prev = e.next, e.prev
}

func (e *cacheEntry) linkBehind(at *cacheEntry) {
	e.prev, e.next = at, at.next
	at.next.prev = e
	at.next = e
}

// programBytes estimates what a program holds: exact figures would cost more than they are worth.
func programBytes(p *vm.Program) int64 {
	const (
		fixed       = 2048
		instruction = 8 + 16 + 32 // with its span, and what the linker makes of it
		entry       = 96
	)
	n := int64(fixed + 2*len(p.Source) + entry*(len(p.Consts)+len(p.Shapes)+len(p.Paths)+len(p.Types)+len(p.Tables)+len(p.Accesses)+
		len(p.Builders)+len(p.Defs)+len(p.Statements)))
	for i := range p.Fragments {
		f := &p.Fragments[i]
		n += int64(instruction*len(f.Code) + 32*len(f.Registers))
	}
	return n
}
