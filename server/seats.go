package server

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/server/wire"
	"github.com/zerodb/zerodb/vm"
)

// place is where a request works, and for whom.
type place struct{ namespace, database, user string }

// seat is a session of the database with the programs that have been prepared in it. One request has it at a time.
type seat struct {
	session *zerodb.Session
	place   place
	single  bool // what it came with is in no key: nobody else may have it
	stmts   map[hash]*prepared
}

// prepared is a program that is prepared in a session.
type prepared struct {
	stmt  *zerodb.Stmt
	query bool      // it is one query
	shape *vm.Shape // the one met last
	print uint64    // its fingerprint
}

// maxPrepared is how many programs a seat keeps; preparing one again costs a look-up.
const maxPrepared = 256

// statement returns a program prepared in the seat's session.
func (s *seat) statement(ctx context.Context, p *program) (*prepared, error) {
	if at := s.stmts[p.hash]; at != nil {
		return at, nil
	}
	var st *zerodb.Stmt
	var err error
	if p.zqb != nil {
		st, err = s.session.PrepareProgram(ctx, p.zqb)
	} else {
		st, err = s.session.Prepare(ctx, p.text)
	}
	if err != nil {
		return nil, err
	}
	return s.keep(p, st), nil
}

func (s *seat) keep(p *program, st *zerodb.Stmt) *prepared {
	if s.stmts == nil || len(s.stmts) >= maxPrepared {
		s.stmts = map[hash]*prepared{}
	}
	at := &prepared{stmt: st, query: st.Describe().Query}
	s.stmts[p.hash] = at
	return at
}

// knows reports whether a fingerprint is that of a shape, so that the shape need not be sent.
func (p *prepared) knows(print uint64, shape *vm.Shape) bool {
	if p == nil || shape == nil || print == 0 {
		return false
	}
	if p.shape != shape {
		p.shape, p.print = shape, wire.Print(shape)
	}
	return p.print == print
}

// seats makes seats, and keeps those that requests without a session of their own have used.
type seats struct {
	db     *zerodb.DB
	limits *Limits
	guard  func(Identity) zerodb.Guard
	node   *zerodb.MemoryPool
	open   atomic.Int64

	mu     sync.Mutex
	idle   map[place][]*seat
	spaces map[string]*zerodb.MemoryPool
	closed bool
}

// maxIdle is how many seats of a place wait for requests.
const maxIdle = 64

func newSeats(db *zerodb.DB, o *Options) *seats {
	return &seats{db: db, limits: &o.Limits, guard: o.Guard, node: zerodb.NewMemoryPool("server", o.Limits.Memory, nil),
		idle: map[place][]*seat{}, spaces: map[string]*zerodb.MemoryPool{}}
}

// placeOf is where a request works.
func placeOf(scope *protocol.Scope, id Identity) place {
	return place{cmp.Or(scope.GetNamespace(), zerodb.DefaultNamespace), cmp.Or(scope.GetDatabase(), zerodb.DefaultDatabase), id.key()}
}

// space is the memory of a namespace.
func (ss *seats) space(name string) *zerodb.MemoryPool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	p := ss.spaces[name]
	if p == nil {
		p = zerodb.NewMemoryPool("namespace "+name, ss.limits.NamespaceMemory, ss.node)
		ss.spaces[name] = p
	}
	return p
}

// make makes a seat.
func (ss *seats) make(ctx context.Context, at place, id Identity, o zerodb.SessionOptions) (*seat, error) {
	o.Namespace, o.Database = at.namespace, at.database
	o.Pool = zerodb.NewMemoryPool("session", ss.limits.SessionMemory, ss.space(at.namespace))
	if ss.guard != nil {
		o.Guard = ss.guard(id)
	}
	o.Identity = id.Rights
	s, err := ss.db.Session(ctx, &o)
	if err != nil {
		return nil, err
	}
	ss.open.Add(1)
	return &seat{session: s, place: at, single: id.Rights != nil && !id.Rights.Claims.IsNone()}, nil
}

// drop ends a seat; its open transaction is cancelled.
func (ss *seats) drop(s *seat) {
	ss.open.Add(-1)
	_ = s.session.Close()
}

// take gives a seat for one request.
func (ss *seats) take(ctx context.Context, at place, id Identity) (*seat, error) {
	if id.Rights != nil && !id.Rights.Claims.IsNone() {
		return ss.make(ctx, at, id, zerodb.SessionOptions{})
	}
	ss.mu.Lock()
	if list := ss.idle[at]; len(list) > 0 {
		s := list[len(list)-1]
		ss.idle[at] = list[:len(list)-1]
		ss.mu.Unlock()
		return s, nil
	}
	ss.mu.Unlock()
	return ss.make(ctx, at, id, zerodb.SessionOptions{})
}

// give takes a seat back. One that has gone to another database, or left a transaction open, is no longer what it was.
func (ss *seats) give(s *seat) {
	if s.single || s.session.InTransaction() || s.session.Namespace() != s.place.namespace || s.session.Database() != s.place.database {
		ss.drop(s)
		return
	}
	s.session.SetMemory(0)
	ss.mu.Lock()
	list := ss.idle[s.place]
	keep := !ss.closed && len(list) < maxIdle
	if keep {
		ss.idle[s.place] = append(list, s)
	}
	ss.mu.Unlock()
	if !keep {
		ss.drop(s)
	}
}

// close ends the seats that wait.
func (ss *seats) close() {
	ss.mu.Lock()
	ss.closed = true
	idle := ss.idle
	ss.idle = map[place][]*seat{}
	ss.mu.Unlock()
	for _, list := range idle {
		for _, s := range list {
			ss.drop(s)
		}
	}
}
