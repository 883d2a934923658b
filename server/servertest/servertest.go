// Package servertest runs a server and clients of it in one process, for tests and benchmarks: nothing goes over a network.
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
	listener *bufconn.Listener
	served   chan error
}

// Start serves a database until the test ends.
func Start(t testing.TB, db *zerodb.DB, o *server.Options) *Server {
	t.Helper()
	s, err := server.New(db, o)
	if err != nil {
		t.Fatal(err)
	}
	x := &Server{Server: s, listener: bufconn.Listen(256 << 10), served: make(chan error, 1)}
	go func() { x.served <- s.Serve(x.listener) }()
	t.Cleanup(x.Stop)
	return x
}

// Stop stops the server.
func (s *Server) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.Shutdown(ctx)
	if s.served != nil {
		<-s.served
		s.served = nil
	}
}

// Dial makes a connection to the server.
func (s *Server) Dial(ctx context.Context, _ string) (net.Conn, error) {
	return s.listener.DialContext(ctx)
}

// Connect makes a client of the server, closed when the test ends.
func (s *Server) Connect(t testing.TB, opts ...client.Option) *client.DB {
	t.Helper()
	db, err := client.Connect(context.Background(), "bufconn", append([]client.Option{client.WithDialer(s.Dial)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
