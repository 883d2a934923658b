package server

import (
	"context"
	"crypto/subtle"
	"io"
	"sync"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
)

// transactions are those that are named by tokens.
type transactions struct {
	seats  *seats
	limit  int
	lease  time.Duration
	after  func(time.Duration, func()) func() bool
	random io.Reader

	// draining ends when no new transactions and requests of streams are wanted.
	draining context.Context
	drain    context.CancelFunc

	mu     sync.Mutex
	open   map[string]*transaction
	closed bool
}

// transaction is one of them. Its turn is a channel with one entry: requests that carry the token take it one after another.
type transaction struct {
	seat  *seat
	user  string
	lease time.Duration
	turn  chan struct{}
	users int         // requests that have or want the turn
	stop  func() bool // the end of the lease

	conn *connection // where it was begun; nil: nowhere in particular
}

func newTransactions(o *Options, ss *seats) *transactions {
	t := &transactions{seats: ss, limit: o.Limits.Transactions, lease: o.Limits.Lease, after: o.AfterFunc, random: o.Random, open: map[string]*transaction{}}
	t.draining, t.drain = context.WithCancel(context.Background())
	return t
}

func (ts *transactions) count() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return len(ts.open)
}

const tokenBytes = 16

var errNoToken = ops.Errorf(ops.CodeTransaction, "there is no such transaction: it is over, or its lease has passed").WithHint("begin it again")

// begin begins a transaction and returns its token.
func (ts *transactions) begin(ctx context.Context, at place, id Identity, req *protocol.BeginRequest) (*protocol.BeginResponse, error) {
	if ts.draining.Err() != nil {
		return nil, overloaded("the server is being stopped")
	}
	lease := ts.lease
	if d := time.Duration(req.GetLeaseMs()) * time.Millisecond; d > 0 {
		lease = min(lease, d)
	}
	var token [tokenBytes]byte
	if _, err := io.ReadFull(ts.random, token[:]); err != nil {
		return nil, err
	}
	s, err := ts.seats.make(ctx, at, id, zerodb.SessionOptions{})
	if err != nil {
		return nil, err
	}
	if err := s.session.Begin(ctx, &zerodb.TxOptions{ReadOnly: req.GetReadOnly()}); err != nil {
		ts.seats.drop(s)
		return nil, err
	}
	t := &transaction{seat: s, user: id.User, lease: lease, turn: make(chan struct{}, 1)}
	if err := ts.add(ctx, string(token[:]), t); err != nil {
		ts.seats.drop(s)
		return nil, err
	}
	return &protocol.BeginResponse{Transaction: token[:], LeaseMs: uint32(lease.Milliseconds())}, nil
}

// add makes a transaction known by its token, for its lease and as long as its connection is there.
func (ts *transactions) add(ctx context.Context, token string, t *transaction) error {
	if c, ok := ctx.Value(connectionKey{}).(*connection); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.ended {
			return ops.Errorf(ops.CodeCancelled, "the connection is gone")
		}
		c.tokens[token] = struct{}{}
		t.conn = c
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.closed || len(ts.open) >= ts.limit {
		if t.conn != nil {
			delete(t.conn.tokens, token)
		}
		return overloaded("%d transactions are open", ts.limit)
	}
	ts.open[token] = t
	t.stop = ts.after(t.lease, func() { ts.cancel(token) })
	return nil
}

// take gives the seat of a transaction; done gives it back.
func (ts *transactions) take(ctx context.Context, token []byte, id Identity) (s *seat, done func(), err error) {
	ts.mu.Lock()
	t := ts.open[string(token)]
	if t == nil || subtle.ConstantTimeCompare([]byte(t.user), []byte(id.User)) == 0 {
		ts.mu.Unlock()
		return nil, nil, errNoToken
	}
	t.stop()
	t.users++
	ts.mu.Unlock()
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		ts.renew(string(token), t)
		return nil, nil, contextError(ctx.Err())
	}
	return t.seat, func() {
		<-t.turn
		ts.renew(string(token), t)
	}, nil
}

// renew begins the lease of a transaction again behind its last request.
func (ts *transactions) renew(token string, t *transaction) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t.users--; t.users == 0 && ts.open[token] == t {
		t.stop = ts.after(t.lease, func() { ts.cancel(token) })
	}
}

// remove makes a token void.
func (ts *transactions) remove(token string) *transaction {
	ts.mu.Lock()
	t := ts.open[token]
	if t != nil {
		delete(ts.open, token)
		t.stop()
	}
	ts.mu.Unlock()
	if t != nil && t.conn != nil {
		t.conn.mu.Lock()
		delete(t.conn.tokens, token)
		t.conn.mu.Unlock()
	}
	return t
}

// commit makes a transaction durable.
func (ts *transactions) commit(ctx context.Context, token []byte, id Identity) error {
	s, done, err := ts.take(ctx, token, id)
	if err != nil {
		return err
	}
	defer done()
	if ts.remove(string(token)) == nil {
		return errNoToken
	}
	defer ts.seats.drop(s)
	return s.session.Commit(ctx)
}

// cancel undoes a transaction, if it is there; a request that it runs meets the end of its session.
func (ts *transactions) cancel(token string) {
	if t := ts.remove(token); t != nil {
		ts.seats.drop(t.seat)
	}
}

// cancelFor is cancel for a caller.
func (ts *transactions) cancelFor(token []byte, id Identity) {
	ts.mu.Lock()
	t := ts.open[string(token)]
	ts.mu.Unlock()
	if t != nil && t.user == id.User {
		ts.cancel(string(token))
	}
}

// close cancels what is open.
func (ts *transactions) close() {
	ts.mu.Lock()
	ts.closed = true
	var tokens []string
	for token := range ts.open {
		tokens = append(tokens, token)
	}
	ts.mu.Unlock()
	for _, token := range tokens {
		ts.cancel(token)
	}
}

// Begin begins a transaction.
func (s *Server) Begin(ctx context.Context, req *protocol.BeginRequest) (*protocol.BeginResponse, error) {
	id := identityOf(ctx)
	return s.transactions.begin(ctx, placeOf(req.GetScope(), id), id, req)
}

// Commit commits it.
func (s *Server) Commit(ctx context.Context, req *protocol.CommitRequest) (*protocol.CommitResponse, error) {
	if err := s.admission.enter(ctx); err != nil {
		return nil, err
	}
	defer s.admission.leave()
	return &protocol.CommitResponse{}, s.transactions.commit(ctx, req.GetTransaction(), identityOf(ctx))
}

// Cancel undoes it.
func (s *Server) Cancel(ctx context.Context, req *protocol.CancelRequest) (*protocol.CancelResponse, error) {
	s.transactions.cancelFor(req.GetTransaction(), identityOf(ctx))
	return &protocol.CancelResponse{}, nil
}
