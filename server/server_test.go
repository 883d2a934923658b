package server_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server"
	"github.com/zerodb/zerodb/server/servertest"
	"github.com/zerodb/zerodb/server/wire"
)

var ctx = context.Background()

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stub makes a bare client of a server under test.
func stub(t testing.TB, s *servertest.Server) (protocol.ZeroDBClient, *grpc.ClientConn) {
	t.Helper()
	cc, err := grpc.NewClient("passthrough:///bufconn", grpc.WithContextDialer(s.Dial), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	t.Cleanup(func() { _ = cc.Close() })
	return protocol.NewZeroDBClient(cc), cc
}

// fill makes a table of so many records.
func fill(t testing.TB, db *zerodb.DB, n int) {
	t.Helper()
	s, err := db.Session(ctx, nil)
	must(t, err)
	defer func() { _ = s.Close() }()
	for at := 0; at < n; at += 1000 {
		var ws []zerodb.Write
		for i := at; i < min(at+1000, n); i++ {
			ws = append(ws, zerodb.Write{Kind: zerodb.WriteInsert, Table: "item", Key: zerodb.Int(int64(i)), Value: zerodb.Object(
				zerodb.Member{Name: "n", Value: zerodb.Int(int64(i))}, zerodb.Member{Name: "f", Value: zerodb.Float(float64(i) / 2)},
				zerodb.Member{Name: "s", Value: zerodb.String(fmt.Sprintf("word %d", i%10))})})
		}
		_, err := s.Batch(ctx, ws, zerodb.RefusalUndoes)
		must(t, err)
	}
}

// codeOf is the code of ours in what a bare call returned.
func codeOf(err error) zerodb.Code { return ops.CodeOf(wire.FromStatus(err, "")) }

func TestByHashNeitherParsesNorCompiles(t *testing.T) {
	db := memory(t)
	fill(t, db, 10)
	c := servertest.Start(t, db, nil).Connect(t)
	conn, err := c.Conn(ctx, nil)
	must(t, err)
	st, err := conn.Prepare(ctx, "SELECT n, s FROM item WHERE id = $id")
	must(t, err)
	id := func(i int) zerodb.Arg { return zerodb.Named("id", zerodb.Record("item", zerodb.Int(int64(i)))) }
	_, found, err := st.QueryRow(ctx, id(1))
	must(t, err)
	if !found {
		t.Fatal("item:1 is not there")
	}
	before := db.Stats().Statements
	for i := range 10 {
		row, found, err := st.QueryRow(ctx, id(i))
		must(t, err)
		if !found || row.Get("n").AsInt() != int64(i) {
			t.Fatalf("item:%d is %s", i, row.AppendJSON(nil))
		}
		rows, err := st.Execute(ctx, id(i))
		must(t, err)
		if n := count(t, rows); n != 1 {
			t.Fatalf("%d rows", n)
		}
	}
	if after := db.Stats().Statements; after.Compiles != before.Compiles || after.Misses != before.Misses || after.Hits != before.Hits {
		t.Errorf("before %+v, after %+v: executing by hash looked texts up", before, after)
	}
}

func count(t testing.TB, rows *zerodb.Rows) (n int) {
	t.Helper()
	for _, err := range rows.All() {
		must(t, err)
		n++
	}
	return n
}

func TestUnknownProgramIsPreparedAgain(t *testing.T) {
	db := memory(t)
	s := servertest.Start(t, db, &server.Options{Limits: server.Limits{ProgramBytes: 1}}) // it remembers the last one alone
	conn, err := s.Connect(t).Conn(ctx, nil)
	must(t, err)
	a, err := conn.Prepare(ctx, "RETURN 1")
	must(t, err)
	b, err := conn.Prepare(ctx, "RETURN 2")
	must(t, err)
	for range 3 {
		for i, st := range []*zerodb.Stmt{a, b} {
			row, _, err := st.QueryRow(ctx)
			must(t, err)
			if row.Value().AsInt() != int64(i+1) {
				t.Fatalf("statement %d gives %s", i, row.AppendJSON(nil))
			}
		}
	}
	rpc, _ := stub(t, s)
	if _, err := rpc.Query(ctx, &protocol.QueryRequest{Hash: make([]byte, 32)}); codeOf(err) != ops.CodeUnknownProgram {
		t.Error(err)
	}
}

func TestRequestsOfHostileClients(t *testing.T) {
	db := memory(t)
	fill(t, db, 1)
	s := servertest.Start(t, db, &server.Options{Limits: server.Limits{Message: 64 << 10}})
	rpc, _ := stub(t, s)
	badValue := []byte{200, 1, 2}
	for _, x := range []struct {
		name string
		call func() error
		code zerodb.Code
	}{
		{"a short hash", func() error { _, err := rpc.Query(ctx, &protocol.QueryRequest{Hash: []byte{1}}); return err }, ops.CodeBadRequest},
		{"damaged parameters", func() error {
			_, err := rpc.Query(ctx, &protocol.QueryRequest{Text: "RETURN $a", Params: badValue})
			return err
		}, ops.CodeBadRequest},
		{"parameters that are no object", func() error {
			_, err := rpc.Query(ctx, &protocol.QueryRequest{Text: "RETURN $a", Params: wire.Bytes(zerodb.Int(1))})
			return err
		}, ops.CodeBadRequest},
		{"a program that is none", func() error {
			_, err := rpc.Prepare(ctx, &protocol.PrepareRequest{Program: &protocol.Program{Zqb: []byte("ZQB?")}})
			return err
		}, ops.CodeBadProgram},
		{"nothing to prepare", func() error { _, err := rpc.Prepare(ctx, &protocol.PrepareRequest{}); return err }, ops.CodeBadRequest},
		{"a forged token", func() error {
			_, err := rpc.Commit(ctx, &protocol.CommitRequest{Transaction: []byte("0123456789abcdef")})
			return err
		}, ops.CodeTransaction},
		{"a forged token in a scope", func() error {
			_, err := rpc.Get(ctx, &protocol.GetRequest{Scope: &protocol.Scope{Transaction: []byte("x")}, Table: "item", Key: wire.Bytes(zerodb.Int(0))})
			return err
		}, ops.CodeTransaction},
		{"a write of no kind", func() error {
			_, err := rpc.Batch(ctx, &protocol.BatchRequest{Writes: []*protocol.Write{{Kind: 99, Table: "item"}}})
			return err
		}, ops.CodeBadRequest},
		{"a write of no table", func() error { _, err := rpc.Put(ctx, &protocol.PutRequest{}); return err }, ops.CodeBadRequest},
		{"a damaged key", func() error { _, err := rpc.Put(ctx, &protocol.PutRequest{Table: "t", Key: badValue}); return err }, ops.CodeBadRequest},
		{"a message that is too large", func() error {
			_, err := rpc.Query(ctx, &protocol.QueryRequest{Text: string(make([]byte, 128<<10))})
			return err
		}, ops.CodeTooLarge},
		{"a transaction left open", func() error {
			_, err := rpc.Query(ctx, &protocol.QueryRequest{Text: "BEGIN; CREATE item:9"})
			return err
		},
			ops.CodeTransaction},
	} {
		if err := x.call(); codeOf(err) != x.code {
			t.Errorf("%s: %v, want %s", x.name, err, x.code)
		}
	}
	if _, err := rpc.Get(ctx, &protocol.GetRequest{Table: "item", Key: wire.Bytes(zerodb.Int(9))}); err != nil {
		t.Error(err)
	}
}

func TestSessionRefusals(t *testing.T) {
	s := servertest.Start(t, memory(t), &server.Options{Limits: server.Limits{Sessions: 1}})
	rpc, _ := stub(t, s)
	stream, err := rpc.Session(ctx)
	must(t, err)
	must(t, stream.Send(&protocol.SessionRequest{Requests: []*protocol.Request{
		{Id: 1, Session: 7, Body: &protocol.Request_Begin{Begin: &protocol.BeginRequest{}}},
		{Id: 2, Session: 1, Body: &protocol.Request_Open{Open: &protocol.OpenSession{}}},
		{Id: 3, Session: 2, Body: &protocol.Request_Open{Open: &protocol.OpenSession{}}},
		{Id: 4, Session: 1, Body: &protocol.Request_Open{Open: &protocol.OpenSession{}}},
		{Id: 5},
		{Id: 6, Body: &protocol.Request_Commit{Commit: &protocol.CommitRequest{}}},
		{Id: 7, Body: &protocol.Request_Stop{Stop: &protocol.Stop{Id: 99}}},
		{Id: 8, Body: &protocol.Request_Grant{Grant: &protocol.Grant{Id: 99, Batches: 1 << 31}}},
	}}))
	want := map[uint64]zerodb.Code{1: ops.CodeBadRequest, 2: "", 3: ops.CodeOverloaded, 4: ops.CodeBadRequest, 5: ops.CodeBadRequest, 6: ops.CodeBadRequest}
	for len(want) > 0 {
		m, err := stream.Recv()
		must(t, err)
		for _, r := range m.Responses {
			code := zerodb.Code("")
			if f := r.GetFailure(); f != nil {
				code = zerodb.Code(f.Faults[0].Code)
			}
			if w, ok := want[r.Id]; !ok || w != code {
				t.Errorf("request %d: %q, want %q", r.Id, code, w)
			}
			delete(want, r.Id)
		}
	}
	must(t, stream.CloseSend())
	for err == nil {
		_, err = stream.Recv()
	}
}

func TestTransactionsByToken(t *testing.T) {
	db := memory(t)
	s := servertest.Start(t, db, nil)
	rpc, _ := stub(t, s)
	tx, err := rpc.Begin(ctx, &protocol.BeginRequest{})
	must(t, err)
	in := &protocol.Scope{Transaction: tx.Transaction}
	_, err = rpc.Query(ctx, &protocol.QueryRequest{Text: "CREATE item:1 SET n = 1", Scope: in})
	must(t, err)
	outside, err := rpc.Get(ctx, &protocol.GetRequest{Table: "item", Key: wire.Bytes(zerodb.Int(1))})
	must(t, err)
	inside, err := rpc.Get(ctx, &protocol.GetRequest{Table: "item", Key: wire.Bytes(zerodb.Int(1)), Scope: in})
	must(t, err)
	if outside.Found || !inside.Found {
		t.Errorf("outside %v, inside %v", outside.Found, inside.Found)
	}
	_, err = rpc.Commit(ctx, &protocol.CommitRequest{Transaction: tx.Transaction})
	must(t, err)
	if _, err = rpc.Commit(ctx, &protocol.CommitRequest{Transaction: tx.Transaction}); codeOf(err) != ops.CodeTransaction {
		t.Errorf("a second commit: %v", err)
	}
	_, err = rpc.Cancel(ctx, &protocol.CancelRequest{Transaction: tx.Transaction})
	must(t, err)
}

// TestVanishedClients leave nothing open: neither those that hold tokens, nor those with sessions.
func TestVanishedClients(t *testing.T) {
	db := memory(t)
	s := servertest.Start(t, db, nil)
	rpc, cc := stub(t, s)
	_, err := rpc.Begin(ctx, &protocol.BeginRequest{})
	must(t, err)
	c := s.Connect(t)
	conn, err := c.Conn(ctx, nil)
	must(t, err)
	must(t, conn.Begin(ctx, nil))
	must(t, conn.Put(ctx, "item", zerodb.Int(1), zerodb.Int(1)))
	if st := s.Stats(); st.Transactions != 1 || st.Sessions < 2 {
		t.Fatalf("%+v", st)
	}
	must(t, cc.Close())
	must(t, c.Close())
	until(t, func() bool {
		st := s.Stats()
		return st.Transactions == 0 && st.Connections == 0 && db.Stats().Sessions <= 1
	})
	// What the transaction had read and written binds nobody.
	other, err := s.Connect(t).Conn(ctx, nil)
	must(t, err)
	_, found, err := other.Get(ctx, "item", zerodb.Int(1))
	must(t, err)
	if found {
		t.Error("a write that was never committed is there")
	}
}

// until waits until something is so; the test's own time is the only limit.
func until(t testing.TB, so func() bool) {
	t.Helper()
	for !so() {
		time.Sleep(time.Millisecond)
	}
}

func TestLeaseEnds(t *testing.T) {
	var mu sync.Mutex
	var fire []func()
	s := servertest.Start(t, memory(t), &server.Options{AfterFunc: func(d time.Duration, f func()) func() bool {
		if d != 2*time.Second {
			return time.AfterFunc(d, f).Stop
		}
		mu.Lock()
		defer mu.Unlock()
		fire = append(fire, f)
		return func() bool { return true }
	}})
	rpc, _ := stub(t, s)
	tx, err := rpc.Begin(ctx, &protocol.BeginRequest{LeaseMs: 2000})
	must(t, err)
	mu.Lock()
	f := fire[0]
	mu.Unlock()
	f()
	if _, err = rpc.Commit(ctx, &protocol.CommitRequest{Transaction: tx.Transaction}); codeOf(err) != ops.CodeTransaction {
		t.Errorf("after the lease: %v", err)
	}
}

// TestSlowReader leaves rows unread, and everybody else, on the same stream too, is served.
func TestSlowReader(t *testing.T) {
	db := memory(t)
	fill(t, db, 30000)
	s := servertest.Start(t, db, &server.Options{Limits: server.Limits{Statements: 2, StreamBytes: 64 << 10, PageBytes: 4 << 10}})
	c := s.Connect(t)
	var slow []*zerodb.Rows
	for range 4 {
		conn, err := c.Conn(ctx, nil)
		must(t, err)
		rows, err := conn.Execute(ctx, "SELECT * FROM item")
		must(t, err)
		if !rows.Next() {
			t.Fatal(rows.Err())
		}
		slow = append(slow, rows)
	}
	rpc, _ := stub(t, s)
	stalled, err := rpc.Execute(ctx, &protocol.ExecuteRequest{Program: &protocol.Program{Text: "SELECT * FROM item"}})
	must(t, err)
	_, err = stalled.Recv()
	must(t, err)
	for i := range 20 {
		conn, err := c.Conn(ctx, nil)
		must(t, err)
		rows, err := conn.Execute(ctx, "SELECT VALUE FOLD count() FROM item WHERE n < $n", zerodb.Named("n", i))
		must(t, err)
		if n := count(t, rows); n != 1 {
			t.Fatal(n)
		}
		must(t, conn.Close())
	}
	for _, rows := range slow { // and who reads on gets everything
		n := 1
		for rows.Next() {
			n++
		}
		must(t, rows.Err())
		if n != 30000 {
			t.Errorf("%d rows of 30000", n)
		}
	}
}

func TestOverloaded(t *testing.T) {
	db := memory(t)
	fill(t, db, 2000)
	s := servertest.Start(t, db, &server.Options{Limits: server.Limits{Statements: 1, Queue: 1, QueueTime: time.Millisecond}})
	rpc, _ := stub(t, s)
	long, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		_, err := rpc.Query(long, &protocol.QueryRequest{Text: "SELECT FOLD count() FROM item AS a, item AS b, item AS c WHERE a.n + b.n == c.n + 1"})
		done <- err
	}()
	until(t, func() bool { return s.Stats().Running == 1 })
	_, err := rpc.Query(ctx, &protocol.QueryRequest{Text: "RETURN 1"})
	var e *zerodb.Error
	if !errors.As(wire.FromStatus(err, ""), &e) || e.Code != ops.CodeOverloaded || e.RetryAfter <= 0 {
		t.Errorf("%v", err)
	}
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("status %v", status.Code(err))
	}
	cancel()
	<-done
	until(t, func() bool { return s.Stats().Running == 0 })
	_, err = rpc.Query(ctx, &protocol.QueryRequest{Text: "RETURN 1"})
	must(t, err)
}

func TestMemoryIsShared(t *testing.T) {
	db := memory(t)
	fill(t, db, 20000)
	s := servertest.Start(t, db, &server.Options{Limits: server.Limits{NamespaceMemory: 256 << 10}})
	rpc, _ := stub(t, s)
	_, err := rpc.Query(ctx, &protocol.QueryRequest{Text: "SELECT VALUE FOLD count() FROM item WHERE n IN (SELECT VALUE n FROM item)"})
	if err != nil && codeOf(err) != ops.CodeMemoryBudget {
		t.Errorf("%v", err)
	}
	_, err = rpc.Query(ctx, &protocol.QueryRequest{Text: "RETURN array::len((SELECT VALUE s FROM item))"})
	if codeOf(err) != ops.CodeMemoryBudget {
		t.Errorf("%v", err)
	}
	_, err = rpc.Query(ctx, &protocol.QueryRequest{Text: "RETURN 1"})
	must(t, err)
}

func TestDrain(t *testing.T) {
	db := memory(t)
	s := servertest.Start(t, db, nil)
	c := s.Connect(t)
	conn, err := c.Conn(ctx, nil)
	must(t, err)
	must(t, conn.Begin(ctx, nil))
	must(t, conn.Put(ctx, "item", zerodb.Int(1), zerodb.Int(1)))
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(ctx) }()
	other, err := c.Conn(ctx, nil)
	must(t, err)
	until(t, func() bool {
		_, err := other.Execute(ctx, "RETURN 1")
		return err != nil
	})
	if _, err = other.Execute(ctx, "RETURN 1"); ops.CodeOf(err) != ops.CodeOverloaded && ops.CodeOf(err) != ops.CodeUnavailable {
		t.Errorf("while it is being stopped: %v", err)
	}
	must(t, conn.Put(ctx, "item", zerodb.Int(2), zerodb.Int(2))) // what is open comes to its end
	must(t, conn.Commit(ctx))
	must(t, <-stopped)
	sess, err := db.Session(ctx, nil)
	must(t, err)
	defer func() { _ = sess.Close() }()
	_, found, err := sess.Get(ctx, "item", zerodb.Int(2))
	must(t, err)
	if !found {
		t.Error("the transaction that was open when the server was stopped is lost")
	}
	if n := db.Stats().Sessions; n != 1 {
		t.Errorf("%d sessions are left", n)
	}
}

func TestHealth(t *testing.T) {
	s := servertest.Start(t, memory(t), nil)
	_, cc := stub(t, s)
	h, err := healthpb.NewHealthClient(cc).Check(ctx, &healthpb.HealthCheckRequest{Service: protocol.ZeroDB_ServiceDesc.ServiceName})
	must(t, err)
	if h.Status != healthpb.HealthCheckResponse_SERVING {
		t.Error(h.Status)
	}
}

type users map[string]server.Identity

func (u users) Authenticate(_ context.Context, c server.Credentials) (server.Identity, error) {
	if id, ok := u[c.Authorization]; ok {
		return id, nil
	}
	return server.Identity{}, ops.Errorf(ops.CodeUnauthenticated, "nobody has this token")
}

// readers may read and nothing else.
type readers struct{}

func (readers) Statement(p programType, _ int, _ zerodb.Catalog) error {
	if len(p.Manifest.Writes) > 0 || p.Manifest.Defines {
		return ops.Errorf(ops.CodePermission, "the user may only read")
	}
	return nil
}

func (readers) Table(_ zerodb.Catalog, table string, write bool) error {
	if write {
		return ops.Errorf(ops.CodePermission, "the user may not write %s", table)
	}
	return nil
}

func TestGuard(t *testing.T) {
	db := memory(t)
	fill(t, db, 3)
	s := servertest.Start(t, db, &server.Options{
		Authenticator: users{"Bearer r": {User: "reader"}, "Bearer w": {User: "writer"}},
		Guard: func(id server.Identity) zerodb.Guard {
			if id.User == "writer" {
				return nil
			}
			return readers{}
		}})
	if _, err := connectAs(s, ""); ops.CodeOf(err) != ops.CodeUnauthenticated {
		t.Errorf("without a token: %v", err)
	}
	for _, token := range []string{"r", "w"} {
		want := map[string]zerodb.Code{"r": ops.CodePermission}[token]
		c, err := connectAs(s, token)
		must(t, err)
		conn, err := c.Conn(ctx, nil)
		must(t, err)
		rows, err := conn.Execute(ctx, "SELECT n FROM item")
		must(t, err)
		if n := count(t, rows); n != 3 {
			t.Error(n)
		}
		for name, f := range map[string]func() error{
			"execute": func() error { _, err := conn.Execute(ctx, "UPSERT item:2 SET n = 2"); return err },
			"put":     func() error { return conn.Put(ctx, "item", zerodb.Int(2), zerodb.Int(1)) },
			"script": func() error {
				for _, err := range conn.Script(ctx, "DELETE item:2") {
					if err != nil {
						return err
					}
				}
				return nil
			},
			"define": func() error { _, err := conn.Execute(ctx, "DEFINE TABLE IF NOT EXISTS other"); return err },
		} {
			err := f()
			if got := ops.CodeOf(err); err != nil && got != want || err == nil && want != "" {
				t.Errorf("%s as %s: %v, want %q", name, token, err, want)
			}
		}
		must(t, c.Close())
	}
}

// TestOperations asks for what is for those who run the server as different callers.
func TestOperations(t *testing.T) {
	reloaded := 0
	reload := func() error { reloaded++; return nil }
	refuse := func(id server.Identity) error {
		if id.User == "root" {
			return nil
		}
		return ops.Errorf(ops.CodePermission, "%q may not", id.User)
	}
	for _, c := range []struct {
		name  string
		o     server.Options
		tcp   bool
		token string
		want  zerodb.Code
	}{
		{"from this machine", server.Options{Reload: reload}, true, "", ""},
		{"from elsewhere", server.Options{Reload: reload}, false, "", ops.CodePermission},
		{"from this machine, where there are users", server.Options{Reload: reload, Authenticator: users{"Bearer a": {User: "alice"}}}, true, "a", ops.CodePermission},
		{"a user who may", server.Options{Reload: reload, Operator: refuse, Authenticator: users{"Bearer r": {User: "root"}}}, false, "r", ""},
		{"a user who may not", server.Options{Reload: reload, Operator: refuse, Authenticator: users{"Bearer a": {User: "alice"}}}, true, "a", ops.CodePermission},
		{"no certificate", server.Options{}, true, "", ops.CodeNotFound},
	} {
		start := servertest.Start
		if c.tcp {
			start = servertest.StartTCP
		}
		db, err := connectAs(start(t, memory(t), &c.o), c.token)
		must(t, err)
		before := reloaded
		err = db.Reload(ctx)
		if c.want == "" && (err != nil || reloaded != before+1) || c.want != "" && ops.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		must(t, db.Close())
	}
}
