package server_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server"
	"github.com/zerodb/zerodb/server/servertest"
)

// serves fails where the server does not answer a decent client.
func serves(t *testing.T, s *servertest.Server) {
	t.Helper()
	db, err := connectAs(s, "")
	must(t, err)
	defer func() { must(t, db.Close()) }()
	c, err := db.Conn(ctx, nil)
	must(t, err)
	rows, err := c.Execute(ctx, "RETURN 1")
	must(t, err)
	must(t, rows.Close())
}

// TestMalformed sends what is no protocol: the connection is ended, others notice nothing.
func TestMalformed(t *testing.T) {
	s := servertest.StartTCP(t, memory(t), nil)
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	settings := "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	for name, bytes := range map[string]string{
		"nothing":                       "",
		"a letter":                      "P",
		"noise":                         strings.Repeat("\x00\xff\x17", 1000),
		"TLS to a plain port":           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"half a preface":                preface[:10],
		"a preface and noise":           preface + strings.Repeat("\xff", 4096),
		"a frame of 16 MiB":             preface + settings + "\xff\xff\xff\x00\x00\x00\x00\x00\x01",
		"data of no stream":             preface + settings + "\x00\x00\x05\x00\x01\x00\x00\x00\x07hello",
		"headers that are none":         preface + settings + "\x00\x00\x04\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff",
		"a continuation of nothing":     preface + settings + "\x00\x00\x01\x09\x04\x00\x00\x00\x01\x82",
		"a settings frame of odd bytes": preface + "\x00\x00\x05\x04\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04",
		"HTTP/1.1 without an end":       "POST /zerodb.v1.ZeroDB/Query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
		"HTTP/1.1 that is not":          "GET\r\n\r\n",
		"a header without an end":       "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 1<<17),
	} {
		c, err := s.Dial(ctx, "")
		must(t, err)
		_, _ = c.Write([]byte(bytes)) // it may be closed in the middle
		if x, ok := c.(*net.TCPConn); ok {
			_ = x.CloseWrite()
		}
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the connection stays open", name)
		}
		_ = c.Close()
		serves(t, s)
	}
}

// TestSilentClients open connections and say nothing, or begin and stop: they are closed when their time is over, and hold back nobody.
func TestSilentClients(t *testing.T) {
	var mu sync.Mutex
	var late []func()
	s := servertest.StartTCP(t, memory(t), &server.Options{AfterFunc: func(d time.Duration, f func()) func() bool {
		mu.Lock()
		defer mu.Unlock()
		late = append(late, f)
		return func() bool { return true }
	}})
	var conns []net.Conn
	for i := range 40 {
		c, err := s.Dial(ctx, "")
		must(t, err)
		_, err = c.Write([]byte("PRI")[:i%4])
		must(t, err)
		conns = append(conns, c)
	}
	serves(t, s)
	for {
		mu.Lock()
		waiting := len(late)
		mu.Unlock()
		if waiting >= len(conns) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	mu.Lock()
	for _, f := range late {
		f() // their time is over
	}
	mu.Unlock()
	for _, c := range conns {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("the connection stays open")
		}
		must(t, c.Close())
	}
	serves(t, s)
}

// TestManyPrepares fills the cache of programs many times over: it stays as large as it may be, and what was forgotten is asked for again.
func TestManyPrepares(t *testing.T) {
	const limit = 64 << 10
	s := servertest.Start(t, memory(t), &server.Options{Limits: server.Limits{ProgramBytes: limit}})
	rpc, _ := stub(t, s)
	var first []byte
	for i := range 2000 {
		m, err := rpc.Prepare(ctx, &protocol.PrepareRequest{Program: &protocol.Program{Text: fmt.Sprintf("RETURN %d", i)}})
		must(t, err)
		if first == nil {
			first = m.Hash
		}
	}
	_, err := rpc.Query(ctx, &protocol.QueryRequest{Hash: first})
	if status.Code(err) != codes.NotFound && !strings.Contains(fmt.Sprint(err), "no program") {
		t.Errorf("a program that must have been forgotten: %v", err)
	}
	serves(t, s)
}

// TestHugeMessages are refused, and the connection goes on.
func TestHugeMessages(t *testing.T) {
	s := servertest.Start(t, memory(t), &server.Options{Limits: server.Limits{Message: 64 << 10}})
	rpc, _ := stub(t, s)
	_, err := rpc.Prepare(ctx, &protocol.PrepareRequest{Program: &protocol.Program{Text: strings.Repeat("a", 1<<20)}})
	if status.Code(err) != codes.ResourceExhausted {
		t.Error(err)
	}
	_, err = rpc.Prepare(ctx, &protocol.PrepareRequest{Program: &protocol.Program{Text: "RETURN 1"}})
	must(t, err)
}

// TestTruncatedStreams break off sessions in the middle of transactions and imports: nothing half is left.
func TestTruncatedStreams(t *testing.T) {
	db := memory(t)
	s := servertest.Start(t, db, nil)
	for range 20 {
		c, err := connectAs(s, "")
		must(t, err)
		conn, err := c.Conn(ctx, nil)
		must(t, err)
		must(t, conn.Begin(ctx, nil))
		must(t, conn.Put(ctx, "half", zerodb.Int(1), zerodb.String("v")))
		must(t, c.Close()) // without a word
	}
	session, err := db.Session(ctx, nil)
	must(t, err)
	defer func() { _ = session.Close() }()
	if _, found, err := session.Get(ctx, "half", zerodb.Int(1)); err != nil && ops.CodeOf(err) != ops.CodeUnknownTable || found {
		t.Errorf("%v %v", found, err)
	}
	serves(t, s)
}
