// Package servertest runs a server and clients of it in one process, for tests and benchmarks.
package servertest

import (
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc/test/bufconn"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/server"
)

// Server is a server under test.
type Server struct {
	*server.Server
	// Addr is where it listens.
	Addr   string
	dial   func(context.Context) (net.Conn, error)
	served chan error
}

// Start serves a database in memory, with no network, until the test ends.
func Start(t testing.TB, db *zerodb.DB, o *server.Options) *Server {
	t.Helper()
	l := bufconn.Listen(256 << 10)
	return start(t, db, o, l, l.DialContext)
}

// StartTCP serves a database on a port of this machine until the test ends.
func StartTCP(t testing.TB, db *zerodb.DB, o *server.Options) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var d net.Dialer
	return start(t, db, o, l, func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "tcp", l.Addr().String()) })
}

func start(t testing.TB, db *zerodb.DB, o *server.Options, l net.Listener, dial func(context.Context) (net.Conn, error)) *Server {
	t.Helper()
	s, err := server.New(db, o)
	if err != nil {
		t.Fatal(err)
	}
	x := &Server{Server: s, Addr: l.Addr().String(), dial: dial, served: make(chan error, 1)}
	served := x.served
	go func() { served <- s.Serve(l) }()
	t.Cleanup(x.Stop)
	return x
}

// Stop stops the server.
func (s *Server) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.Shutdown(ctx)
	if s.served != nil {
		<-s.served //nolint:errcheck // what ended it is of no interest here
		s.served = nil
	}
}

// Dial makes a connection to the server.
func (s *Server) Dial(ctx context.Context, _ string) (net.Conn, error) { return s.dial(ctx) }

// Connect makes a client of the server, closed when the test ends.
func (s *Server) Connect(t testing.TB, opts ...client.Option) *client.DB {
	t.Helper()
	db, err := client.Connect(context.Background(), "passthrough", append([]client.Option{client.WithDialer(s.Dial)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
