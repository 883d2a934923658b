package client_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/server/servertest"
	"github.com/zerodb/zerodb/server/wire"
)

// The benchmarks measure each figure beside its reference over the same loopback: compare them within one run.

// echo answers calls with nothing and streams with what it got: what grpc-go costs without a database.
type echo struct {
	protocol.UnimplementedZeroDBServer
}

func (echo) Query(context.Context, *protocol.QueryRequest) (*protocol.QueryResponse, error) {
	return &protocol.QueryResponse{}, nil
}

func (echo) Session(s grpc.BidiStreamingServer[protocol.SessionRequest, protocol.SessionResponse]) error {
	for {
		m, err := s.Recv()
		if err != nil {
			return nil
		}
		for _, r := range m.Requests {
			if err := s.Send(&protocol.SessionResponse{Responses: []*protocol.Response{{Id: r.Id, Last: true}}}); err != nil {
				return err
			}
		}
	}
}

func echoServer(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	s := grpc.NewServer()
	protocol.RegisterZeroDBServer(s, echo{})
	go func() { _ = s.Serve(l) }()
	b.Cleanup(s.Stop)
	return l.Addr().String()
}

func rpcTo(b *testing.B, addr string, dial func(context.Context, string) (net.Conn, error)) protocol.ZeroDBClient {
	opts := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	if dial != nil {
		opts = append(opts, grpc.WithContextDialer(dial))
	}
	cc, err := grpc.NewClient("passthrough:///"+addr, opts...)
	must(b, err)
	b.Cleanup(func() { _ = cc.Close() })
	return protocol.NewZeroDBClient(cc)
}

func benchServer(b *testing.B, records int) *servertest.Server {
	db := memory(b)
	s, err := db.Session(ctx, nil)
	must(b, err)
	defer s.Close()
	for at := 0; at < records; at += 1000 {
		ws := make([]zerodb.Write, 0, 1000)
		for i := at; i < at+1000; i++ {
			ws = append(ws, zerodb.Write{Kind: zerodb.WriteInsert, Table: "person", Key: zerodb.Int(int64(i)), Value: zerodb.Object(
				zerodb.Member{Name: "name", Value: zerodb.String(fmt.Sprint("name ", i))}, zerodb.Member{Name: "age", Value: zerodb.Int(int64(i % 90))},
				zerodb.Member{Name: "score", Value: zerodb.Float(float64(i) / 3)})})
		}
		_, err := s.Batch(ctx, ws, zerodb.RefusalUndoes)
		must(b, err)
	}
	return servertest.StartTCP(b, db, nil)
}

const point = "SELECT name, age, score FROM person WHERE id = $id"

func BenchmarkUnary(b *testing.B) {
	b.Run("empty", func(b *testing.B) {
		rpc := rpcTo(b, echoServer(b), nil)
		for b.Loop() {
			_, err := rpc.Query(ctx, &protocol.QueryRequest{})
			must(b, err)
		}
	})
	b.Run("point", func(b *testing.B) {
		s := benchServer(b, 10000)
		rpc := rpcTo(b, "x", s.Dial)
		p, err := rpc.Prepare(ctx, &protocol.PrepareRequest{Program: &protocol.Program{Text: point}})
		must(b, err)
		i := 0
		for b.Loop() {
			i = (i + 7919) % 10000
			params := wire.Object([]zerodb.Member{{Name: "id", Value: zerodb.Record("person", zerodb.Int(int64(i)))}})
			m, err := rpc.Query(ctx, &protocol.QueryRequest{Hash: p.Hash, Params: params})
			must(b, err)
			if m.Results[0].Batch.Rows != 1 {
				b.Fatal("no row")
			}
		}
	})
}

const clients, inFlight = 16, 16

// spread runs f in 16 clients with 16 goroutines each until n are done.
func spread(b *testing.B, f func(client, worker, i int)) {
	var wg sync.WaitGroup
	per := b.N/(clients*inFlight) + 1
	b.ResetTimer()
	for c := range clients {
		for w := range inFlight {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for i := range per {
					f(c, w, i)
				}
			}()
		}
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(per*clients*inFlight)/b.Elapsed().Seconds(), "ops/s")
}

func BenchmarkSession16x16(b *testing.B) {
	b.Run("echo", func(b *testing.B) {
		addr := echoServer(b)
		type caller struct {
			mu     sync.Mutex
			stream protocol.ZeroDB_SessionClient
			ready  [inFlight]chan struct{}
		}
		var callers [clients]*caller
		for c := range callers {
			x := &caller{}
			for w := range x.ready {
				x.ready[w] = make(chan struct{}, 1)
			}
			stream, err := rpcTo(b, addr, nil).Session(ctx)
			must(b, err)
			x.stream = stream
			go func() {
				for {
					m, err := stream.Recv()
					if err != nil {
						return
					}
					for _, r := range m.Responses {
						x.ready[r.Id] <- struct{}{}
					}
				}
			}()
			callers[c] = x
		}
		payload := make([]byte, 60)
		spread(b, func(c, w, _ int) {
			x := callers[c]
			x.mu.Lock()
			err := x.stream.Send(&protocol.SessionRequest{Requests: []*protocol.Request{{Id: uint64(w),
				Body: &protocol.Request_Get{Get: &protocol.GetRequest{Key: payload}}}}})
			x.mu.Unlock()
			if err == nil {
				<-x.ready[w]
			}
		})
	})
	b.Run("point", func(b *testing.B) {
		s := benchServer(b, 10000)
		var stmts [clients][inFlight]*zerodb.Stmt
		for c := range stmts {
			db := s.Connect(b, client.WithConnections(1))
			for w := range stmts[c] {
				st, err := conn(b, db).Prepare(ctx, point)
				must(b, err)
				stmts[c][w] = st
			}
		}
		spread(b, func(c, w, i int) {
			_, found, err := stmts[c][w].QueryRow(ctx, zerodb.Named("id", zerodb.Record("person", zerodb.Int(int64((i*7919+w*131+c*17)%10000)))))
			if err != nil || !found {
				b.Error(found, err)
			}
		})
	})
}

func BenchmarkStream(b *testing.B) {
	const records = 200000
	s := benchServer(b, records)
	c := conn(b, s.Connect(b))
	n := 0
	for b.Loop() {
		rows, err := c.Execute(ctx, "SELECT name, age, score FROM person")
		must(b, err)
		n = 0
		for row, err := range rows.All() {
			must(b, err)
			n += row.Len() / 3
		}
	}
	if n != records {
		b.Fatalf("%d rows", n)
	}
	b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkIdle reports what an idle connection with a stream and a session takes, of the server and the client together.
func BenchmarkIdle(b *testing.B) {
	s := benchServer(b, 1000)
	const connections = 500
	used := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc + m.StackInuse)
	}
	for b.Loop() {
		before := used()
		dbs := make([]*client.DB, connections)
		for i := range dbs {
			dbs[i] = s.Connect(b, client.WithConnections(1))
			run(b, conn(b, dbs[i]), "RETURN 1")
		}
		time.Sleep(100 * time.Millisecond)
		b.ReportMetric(float64(used()-before)/connections, "B/connection")
		for _, db := range dbs {
			must(b, db.Close())
		}
	}
}
