package client

import (
	"cmp"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/wire"
)

// DB is a database behind a server. It may be used by any number of goroutines; each takes a Conn of its own.
type DB struct {
	options options
	links   []*link
	next    atomic.Uint64

	mu     sync.Mutex
	closed bool
}

var _ zerodb.Database = (*DB)(nil)

// Connect connects to the server at an address, host:port. It fails where the server does not answer before the context ends.
// Connections that break later are made again by themselves.
func Connect(ctx context.Context, addr string, opts ...Option) (*DB, error) {
	db := &DB{options: withDefaults(addr, opts)}
	target := addr
	if db.options.dial != nil {
		target = "passthrough:///" + addr
	}
	for range db.options.connections {
		cc, err := grpc.NewClient(target, db.options.dialOptions()...)
		if err != nil {
			return nil, errors.Join(ops.Errorf(ops.CodeUsage, "the address %q: %v", addr, err), db.Close())
		}
		db.links = append(db.links, newLink(cc, db.options.clock))
	}
	if _, err := db.Info(ctx, nil); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// link returns the connection whose turn it is.
func (db *DB) link() *link { return db.links[db.next.Add(1)%uint64(len(db.links))] }

// rpc returns a stub for single calls.
func (db *DB) rpc() protocol.ZeroDBClient { return db.link().rpc }

// Info describes the server and a database.
func (db *DB) Info(ctx context.Context, o *zerodb.SessionOptions) (*protocol.InfoResponse, error) {
	req := &protocol.InfoRequest{}
	if o != nil {
		req.Scope = &protocol.Scope{Namespace: o.Namespace, Database: o.Database}
	}
	m, err := db.rpc().Info(ctx, req)
	return m, wire.FromStatus(err, "")
}

// Conn makes a session. It costs a message, and no round trip.
func (db *DB) Conn(_ context.Context, o *zerodb.SessionOptions) (zerodb.Conn, error) {
	return db.session(o)
}

// session is Conn with its own type.
func (db *DB) session(o *zerodb.SessionOptions) (*Conn, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return nil, errClosed
	}
	c := &Conn{db: db, link: db.link(), namespace: zerodb.DefaultNamespace, database: zerodb.DefaultDatabase}
	if o != nil {
		c.namespace, c.database = cmp.Or(o.Namespace, c.namespace), cmp.Or(o.Database, c.database)
		c.keep, c.memory = o.KeepVariables, o.Memory
	}
	return c, nil
}

// InTx runs f in a transaction, see zerodb.DB.InTx.
func (db *DB) InTx(ctx context.Context, o *zerodb.SessionOptions, f func(zerodb.Conn) error) error {
	c, err := db.session(o)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	return zerodb.RunTx(ctx, c, db.options.retries, db.pause, f)
}

func (db *DB) pause(try int) {
	b := [1]byte{255}
	_, _ = db.options.random.Read(b[:]) // without chance the pause is the longest
	db.options.sleep(zerodb.Pause(try, b[0]))
}

// Check reports what does not fit together in what the server stores.
func (db *DB) Check(ctx context.Context, report func(zerodb.Problem)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := db.rpc().Check(ctx, &protocol.CheckRequest{})
	for err == nil {
		var m *protocol.CheckResponse
		if m, err = stream.Recv(); err == nil {
			report(zerodb.Problem{Key: m.GetProblem()})
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return wire.FromStatus(err, "")
}

// Close ends the connections; sessions and rows that are still open are over.
func (db *DB) Close() error {
	db.mu.Lock()
	closed := db.closed
	db.closed = true
	db.mu.Unlock()
	if closed {
		return nil
	}
	var errs []error
	for _, l := range db.links {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}

var (
	errClosed = ops.Errorf(ops.CodeClosed, "the connection to the database is closed")
	errEnded  = ops.Errorf(ops.CodeClosed, "the session is closed")
)
