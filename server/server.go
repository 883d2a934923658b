package server

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/stats"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/server/wire"
)

// Server answers for a database. It does not close the database.
type Server struct {
	protocol.UnimplementedZeroDBServer

	db           *zerodb.DB
	options      Options
	admission    *admission
	programs     *programs
	seats        *seats
	transactions *transactions
	imports      *imports
	grpc         *grpc.Server
	health       *health.Server
	web          *web

	connections atomic.Int64
	stop        context.CancelFunc // ends what still runs
	running     context.Context
}

// New makes a server for a database. Options that are nil are all defaults.
func New(db *zerodb.DB, o *Options) (*Server, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &Server{db: db, options: o.withDefaults()}
	l := &s.options.Limits
	s.admission, s.programs, s.seats = newAdmission(l), newPrograms(l.ProgramBytes), newSeats(db, &s.options)
	s.transactions, s.imports = newTransactions(&s.options, s.seats), newImports()
	s.running, s.stop = context.WithCancel(context.Background())
	s.grpc = grpc.NewServer(
		grpc.Creds(handshaken{insecure.NewCredentials()}),
		grpc.MaxRecvMsgSize(l.Message),
		grpc.MaxSendMsgSize(1<<30),
		grpc.MaxConcurrentStreams(uint32(l.Streams)),
		// Idle connections keep small buffers; those that write share theirs.
		grpc.ReadBufferSize(8<<10),
		grpc.WriteBufferSize(32<<10),
		grpc.InitialWindowSize(1<<20),
		grpc.InitialConnWindowSize(4<<20),
		grpc.ConnectionTimeout(10*time.Second),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		grpc.StatsHandler(connections{s}),
		grpc.UnaryInterceptor(s.unary),
		grpc.StreamInterceptor(s.stream),
	)
	protocol.RegisterZeroDBServer(s.grpc, s)
	protocol.RegisterOperateServer(s.grpc, operate{server: s})
	s.health = health.NewServer()
	healthpb.RegisterHealthServer(s.grpc, s.health)
	s.health.SetServingStatus(protocol.ZeroDB_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	reflection.Register(s.grpc)
	var err error
	s.web, err = newWeb(s)
	return s, err
}

// unary identifies the caller of a call, and gives errors their details.
func (s *Server) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	ctx, err := s.identify(ctx)
	if err == nil && isOperation(info.FullMethod) {
		err = s.mayOperate(ctx)
	}
	if err != nil {
		return nil, wire.Status(err)
	}
	ctx, done := s.until(s.incoming(ctx))
	defer done()
	resp, err := handle(ctx, req)
	return resp, wire.Status(err)
}

// stream does so for a stream.
func (s *Server) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if !isOurs(info.FullMethod) && !isOperation(info.FullMethod) {
		return handle(srv, ss) // reflection and health
	}
	ctx, err := s.identify(ss.Context())
	if err == nil && isOperation(info.FullMethod) {
		err = s.mayOperate(ctx)
	}
	if err != nil {
		return wire.Status(err)
	}
	ctx, done := s.until(s.incoming(ctx))
	defer done()
	return wire.Status(handle(srv, &identified{ss, ctx}))
}

// incoming gives the context of a call what its headers say.
func (s *Server) incoming(ctx context.Context) context.Context {
	if s.options.Incoming == nil {
		return ctx
	}
	md, _ := metadata.FromIncomingContext(ctx)
	return s.options.Incoming(ctx, func(name string) string {
		if all := md.Get(name); len(all) > 0 {
			return all[0]
		}
		return ""
	})
}

func isOurs(method string) bool {
	prefix := "/" + protocol.ZeroDB_ServiceDesc.ServiceName + "/"
	return len(method) > len(prefix) && method[:len(prefix)] == prefix
}

// until ends a context when the server is stopped as well.
func (s *Server) until(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.running, cancel)
	return ctx, func() { stop(); cancel() }
}

// identified is a stream with the context of who asks.
type identified struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *identified) Context() context.Context { return s.ctx }

// Shutdown stops the server: no new connections and calls, those under way may end until the context does; then they are
// cancelled. Open transactions are cancelled, and everything the server had of the database is given back.
func (s *Server) Shutdown(ctx context.Context) error {
	s.health.Shutdown()
	s.transactions.drain()
	graceful := make(chan struct{})
	go func() {
		defer close(graceful)
		s.web.shutdown(ctx)
		s.grpc.GracefulStop()
	}()
	var err error
	select {
	case <-graceful:
	case <-ctx.Done():
		err = contextError(ctx.Err())
		s.stop()
		s.grpc.Stop()
		s.web.close()
		<-graceful
	}
	s.stop()
	s.transactions.close()
	s.seats.close()
	return err
}

// connections counts connections and gives each a place for what ends with it.
type connections struct{ s *Server }

type connectionKey struct{}

// connection is what ends with a connection.
type connection struct {
	mu     sync.Mutex
	ended  bool
	tokens map[string]struct{} // of transactions that it has begun
}

// TagConn gives a connection its place.
func (c connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return context.WithValue(ctx, connectionKey{}, &connection{tokens: map[string]struct{}{}})
}

// HandleConn counts, and ends what a client has left behind.
func (c connections) HandleConn(ctx context.Context, st stats.ConnStats) {
	switch st.(type) {
	case *stats.ConnBegin:
		c.s.connections.Add(1)
	case *stats.ConnEnd:
		c.s.connections.Add(-1)
		if conn, ok := ctx.Value(connectionKey{}).(*connection); ok {
			conn.mu.Lock()
			conn.ended = true
			tokens := conn.tokens
			conn.tokens = nil
			conn.mu.Unlock()
			for t := range tokens {
				c.s.transactions.cancel(t)
			}
		}
	}
}

// TagRPC and HandleRPC do nothing: calls are not counted here.
func (connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC does nothing.
func (connections) HandleRPC(context.Context, stats.RPCStats) {}

// Stats are the server's figures.
func (s *Server) Stats() *protocol.ServerStats {
	c := s.db.Stats().Statements
	return &protocol.ServerStats{Compiles: uint64(c.Compiles), Hits: uint64(c.Hits), Cached: uint64(c.Entries), CachedBytes: uint64(c.Bytes),
		Connections: uint64(max(s.connections.Load(), 0)), Sessions: uint64(s.seats.open.Load()), Transactions: uint64(s.transactions.count()),
		Running: uint64(len(s.admission.slots)), Executed: uint64(s.admission.executed.Load()), Overloaded: uint64(s.admission.refused.Load())}
}
