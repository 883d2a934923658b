package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/vanguard"
	"google.golang.org/grpc/credentials"

	"github.com/zerodb/zerodb/gen/protocol"
)

// One port serves both: a connection that speaks HTTP/2 is gRPC's, one that speaks HTTP/1.1 is that of browsers, curl and the
// like. With TLS the client says beforehand which it speaks: those that could do with HTTP/1.1 get it.

// web answers HTTP/1.1.
type web struct {
	server *http.Server
	conns  *funnel // HTTP/1.1
	calls  *funnel // HTTP/2
}

func newWeb(s *Server) (*web, error) {
	service := vanguard.NewService(protocol.ZeroDB_ServiceDesc.ServiceName, s.grpc,
		vanguard.WithTargetProtocols(vanguard.ProtocolGRPC), vanguard.WithTargetCodecs(vanguard.CodecProto),
		vanguard.WithMaxMessageBufferBytes(uint32(s.options.Limits.Message)))
	transcoder, err := vanguard.NewTranscoder([]*vanguard.Service{service},
		vanguard.WithCodec(func(vanguard.TypeResolver) vanguard.Codec { return jsonCodec{} }))
	if err != nil {
		return nil, err
	}
	handler, err := s.guardWeb(transcoder)
	if err != nil {
		return nil, err
	}
	return &web{conns: newFunnel(), calls: newFunnel(), server: &http.Server{Handler: handler, ReadHeaderTimeout: handshakeTime,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(s.options.Logger.Handler(), slog.LevelDebug)}}, nil
}

// guardWeb keeps the pages of strangers out, and lets curl be brief.
func (s *Server) guardWeb(next http.Handler) (http.Handler, error) {
	cross := http.NewCrossOriginProtection()
	for _, o := range s.options.Origins {
		if err := cross.AddTrustedOrigin(o); err != nil {
			return nil, err
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if origin != "" && slices.Contains(s.options.Origins, origin) {
			allowOrigin(w.Header(), origin)
			if r.Method == http.MethodOptions {
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		if err := cross.Check(r); err != nil {
			http.Error(w, "permission_denied: "+err.Error(), http.StatusForbidden)
			return
		}
		if s.options.TLS == nil && !s.knownHost(r.Host) {
			http.Error(w, "permission_denied: this server does not go by the name "+r.Host, http.StatusForbidden)
			return
		}
		if t := r.Header.Get("Content-Type"); r.Method == http.MethodPost && (t == "" || t == "application/x-www-form-urlencoded") {
			r.Header.Set("Content-Type", "application/json") // what curl -d says of itself
		}
		switch r.Header.Get("Content-Type") {
		case "application/json", "application/proto": // of Connect, which may leave out to say so
			r.Header.Set("Connect-Protocol-Version", "1")
		}
		next.ServeHTTP(w, r)
	}), nil
}

// allowOrigin lets a page of a trusted site ask.
func allowOrigin(h http.Header, origin string) {
	h.Set("Access-Control-Allow-Origin", origin)
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers",
		"Authorization, Content-Type, Connect-Protocol-Version, Connect-Timeout-Ms, Grpc-Timeout, X-Grpc-Web, X-User-Agent")
	h.Set("Access-Control-Expose-Headers", "Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin")
	h.Set("Access-Control-Max-Age", "7200")
}

// knownHost reports whether a name is one of the server's: localhost, an address, or one that was given.
func (s *Server) knownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" || slices.Contains(s.options.Hosts, host) {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

func (w *web) shutdown(ctx context.Context) {
	_ = w.server.Shutdown(ctx)
}

func (w *web) close() { _ = w.server.Close() }

// Serve answers connections of a listener until the server is shut down, and closes it.
func (s *Server) Serve(l net.Listener) error {
	s.web.calls.addr, s.web.conns.addr = l.Addr(), l.Addr()
	ended := make(chan struct{}, 2)
	go func() { _ = s.grpc.Serve(s.web.calls); ended <- struct{}{} }()
	go func() { _ = s.web.server.Serve(s.web.conns); ended <- struct{}{} }()
	stop := context.AfterFunc(s.transactions.draining, func() { _ = l.Close() })
	defer stop()
	err := s.accept(l)
	if s.transactions.draining.Err() != nil {
		err = nil
	} else {
		_ = s.web.calls.Close()
		_ = s.web.conns.Close()
	}
	<-ended
	<-ended
	_ = l.Close()
	return err
}

// handshakeTime is how long a client may take to say what it speaks.
const handshakeTime = 10 * time.Second

// accept deals connections out until there are no more. A client that says nothing holds back nobody.
func (s *Server) accept(l net.Listener) error {
	var open atomic.Int64
	var work sync.WaitGroup
	defer work.Wait()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		if open.Add(1) > int64(s.options.Limits.Connections) {
			open.Add(-1)
			_ = c.Close()
			s.options.Logger.Warn("a connection too many was closed", "limit", s.options.Limits.Connections)
			continue
		}
		counted := &countedConn{Conn: c, end: func() { open.Add(-1) }}
		work.Add(1)
		go func() {
			defer work.Done()
			s.deal(counted)
		}()
	}
}

// deal finds out what a connection speaks and gives it to who answers that.
func (s *Server) deal(c net.Conn) {
	late := s.options.AfterFunc(handshakeTime, func() { _ = c.Close() })
	stopped := context.AfterFunc(s.running, func() { _ = c.Close() })
	spoken, isCall, err := s.greet(c)
	late()
	stopped()
	if err != nil {
		_ = c.Close()
		return
	}
	to := s.web.conns
	if isCall {
		to = s.web.calls
	}
	if !to.put(spoken) {
		_ = c.Close()
	}
}

// preface is how HTTP/2 begins; no method of HTTP/1.1 does.
const preface = "PRI "

func (s *Server) greet(c net.Conn) (spoken net.Conn, isCall bool, err error) {
	if s.options.TLS != nil {
		t := tls.Server(c, s.tlsConfig())
		if err := t.HandshakeContext(s.running); err != nil {
			return nil, false, err
		}
		return t, t.ConnectionState().NegotiatedProtocol == "h2", nil
	}
	head := make([]byte, len(preface))
	if _, err := io.ReadFull(c, head); err != nil {
		return nil, false, err
	}
	return &headedConn{Conn: c, head: head}, bytes.Equal(head, []byte(preface)), nil
}

// tlsConfig is the user's, with HTTP/1.1 for those who speak it and HTTP/2 for those who do not.
func (s *Server) tlsConfig() *tls.Config {
	c := s.options.TLS.Clone()
	given := c.GetConfigForClient
	c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		chosen := s.options.TLS.Clone()
		if given != nil {
			other, err := given(hello)
			if err != nil {
				return nil, err
			}
			if other != nil {
				chosen = other.Clone()
			}
		}
		chosen.GetConfigForClient = nil
		chosen.NextProtos = []string{"h2"}
		if len(hello.SupportedProtos) == 0 || slices.Contains(hello.SupportedProtos, "http/1.1") {
			chosen.NextProtos = []string{"http/1.1"}
		}
		return chosen, nil
	}
	return c
}

// isLocal reports whether an address is of this machine.
func isLocal(addr net.Addr) bool {
	switch a := addr.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}

// countedConn counts its end.
type countedConn struct {
	net.Conn
	once sync.Once
	end  func()
}

// Close closes the connection.
func (c *countedConn) Close() error {
	c.once.Do(c.end)
	return c.Conn.Close()
}

// headedConn gives what has been read of a connection once more.
type headedConn struct {
	net.Conn
	head []byte
}

// Read reads.
func (c *headedConn) Read(p []byte) (int, error) {
	if len(c.head) > 0 {
		n := copy(p, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// funnel is a listener for connections that others have accepted.
type funnel struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newFunnel() *funnel { return &funnel{conns: make(chan net.Conn), done: make(chan struct{})} }

func (f *funnel) put(c net.Conn) bool {
	select {
	case f.conns <- c:
		return true
	case <-f.done:
		return false
	}
}

var errFunnel = errors.New("the server is stopped")

// Accept returns the next connection.
func (f *funnel) Accept() (net.Conn, error) {
	select {
	case c := <-f.conns:
		return c, nil
	case <-f.done:
		return nil, errFunnel
	}
}

// Close ends the funnel.
func (f *funnel) Close() error {
	f.once.Do(func() { close(f.done) })
	return nil
}

// Addr is the address of the listener behind it.
func (f *funnel) Addr() net.Addr { return f.addr }

// handshaken are transport credentials for connections whose handshake is over.
type handshaken struct {
	credentials.TransportCredentials
}

// ServerHandshake tells what the handshake has found out.
func (handshaken) ServerHandshake(c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if t, ok := c.(*tls.Conn); ok {
		return c, credentials.TLSInfo{State: t.ConnectionState(),
			CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity}}, nil
	}
	return c, nil, nil
}

// Clone returns the same.
func (h handshaken) Clone() credentials.TransportCredentials { return h }
