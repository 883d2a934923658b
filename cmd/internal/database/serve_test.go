package database_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/cmd/internal/database"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1000), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return &authority{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// sign makes a certificate for this machine, and its key.
func (a *authority) sign(t testing.TB, serial int64) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "one"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &k.PublicKey, a.key)
	must(t, err)
	bytes, err := x509.MarshalECPrivateKey(k)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: bytes})
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// server is `zerodb serve` in this process.
type server struct {
	t      *testing.T
	world  *cli.World
	addr   string
	said   *said
	reload chan os.Signal
}

// said is what the server writes; wait waits for a line.
type said struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	s.text.Write(p)
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (s *said) wait(part string) {
	for {
		s.mu.Lock()
		found := strings.Contains(s.text.String(), part)
		s.mu.Unlock()
		if found {
			return
		}
		<-s.more
	}
}

// after is what stands behind a word, up to the end of the line.
func (s *said) after(word string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, rest, _ := strings.Cut(s.text.String(), word)
	rest, _, _ = strings.Cut(rest, "\n")
	return rest
}

func write(t testing.TB, fs vfs.FS, name string, content []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write(content)
	must(t, err)
	must(t, f.Close())
}

// serve runs `zerodb serve` until the test ends.
func serve(t *testing.T, fs vfs.FS, flags ...string) *server {
	t.Helper()
	s := &server{t: t, said: &said{more: make(chan struct{}, 1)}, reload: make(chan os.Signal, 1)}
	stop, cancel := context.WithCancel(ctx)
	s.world = &cli.World{In: strings.NewReader(""), Out: io.Discard, Err: s.said, FS: fs, Clock: time.Now, Random: rand.Reader,
		Listen: func(addr string) (net.Listener, error) { return net.Listen("tcp", addr) },
		Stop:   func(context.Context) (context.Context, context.CancelFunc) { return stop, func() {} },
		Reload: func() (<-chan os.Signal, func()) { return s.reload, func() {} },
	}
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(s.world, database.New(s.world), append([]string{"serve", "--dir", "db", "--listen", "127.0.0.1:0"}, flags...))
	}()
	listening := make(chan struct{})
	go func() { s.said.wait("zerodb: serving"); close(listening) }()
	select {
	case <-listening:
		s.addr = s.said.after("zerodb: serving db on ")
	case status := <-ended:
		t.Fatalf("exit %d: %s", status, s.said.text.String())
	}
	t.Cleanup(func() {
		cancel()
		if status := <-ended; status != cli.OK {
			t.Errorf("exit %d: %s", status, s.said.text.String())
		}
	})
	return s
}

// run runs another command line in the server's world.
func (s *server) run(args ...string) (int, string) {
	var out strings.Builder
	w := *s.world
	w.Out, w.Err = &out, &out
	return cli.Run(&w, database.New(&w), args), out.String()
}

// serial is the number of the certificate that a new connection is shown.
func (s *server) serial(c *tls.Config) (int64, error) {
	conn, err := tls.Dial("tcp", s.addr, c)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := conn.Handshake(); err != nil {
		return 0, err
	}
	if c.MaxVersion != tls.VersionTLS12 { // a client's certificate is refused behind the handshake
		_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := conn.Read(make([]byte, 1)); err != nil && !os.IsTimeout(err) {
			return 0, err
		}
	}
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

func (s *server) wantSerial(c *tls.Config, want int64) {
	s.t.Helper()
	if got, err := s.serial(c); err != nil || got != want {
		s.t.Errorf("the certificate is %d (%v), want %d", got, err, want)
	}
}

func TestTLS(t *testing.T) {
	ca, other, fs := newAuthority(t), newAuthority(t), vfs.NewMem()
	put := func(serial int64) {
		cert, key := ca.sign(t, serial)
		write(t, fs, "cert.pem", cert)
		write(t, fs, "key.pem", key)
	}
	put(1)
	write(t, fs, "ca.pem", ca.pem)
	s := serve(t, fs, "--cert", "cert.pem", "--key", "key.pem")
	trust := &tls.Config{RootCAs: ca.pool(), NextProtos: []string{"h2"}}
	s.wantSerial(trust, 1)

	old, err := client.Connect(ctx, s.addr, client.WithTLS(&tls.Config{RootCAs: ca.pool()}))
	must(t, err)
	defer old.Close()
	script(t, old, `CREATE t:1`)

	// Who trusts others, speaks plainly or an old TLS gets nowhere.
	short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	for name, opts := range map[string][]client.Option{"others": {client.WithTLS(&tls.Config{RootCAs: other.pool()})}, "plain": nil} {
		if db, err := client.Connect(short, s.addr, opts...); err == nil {
			t.Errorf("%s: connected", name)
			_ = db.Close()
		}
	}
	if _, err := s.serial(&tls.Config{RootCAs: ca.pool(), MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was spoken")
	}

	// HTTP/1.1 goes over the same port.
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.pool()}}}
	defer web.CloseIdleConnections()
	resp, err := web.Post("https://"+s.addr+"/zerodb.v1.ZeroDB/Query", "application/json", strings.NewReader(`{"text":"RETURN 1"}`))
	must(t, err)
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	must(t, resp.Body.Close())
	if !strings.Contains(string(body), `"rows":[1]`) {
		t.Error(string(body))
	}

	// A signal, and a command, bring new certificates in; one that is damaged stays out.
	put(2)
	s.reload <- syscall.SIGHUP
	s.said.wait("read anew")
	s.wantSerial(trust, 2)
	script(t, old, `CREATE t:2`) // connections that are open stay so
	write(t, fs, "cert.pem", []byte("damaged"))
	s.reload <- syscall.SIGHUP
	s.said.wait("stays as it was")
	s.wantSerial(trust, 2)
	if status, out := s.run("admin", "reload", "--connect", s.addr, "--ca", "ca.pem"); status != cli.Failed || !strings.Contains(out, "stays as it was") {
		t.Errorf("%d %s", status, out)
	}
	put(3)
	if status, out := s.run("admin", "reload", "--connect", s.addr, "--ca", "ca.pem"); status != cli.OK || !strings.Contains(out, "read anew") {
		t.Errorf("%d %s", status, out)
	}
	s.wantSerial(trust, 3)
}

func TestClientCertificates(t *testing.T) {
	ca, other, fs := newAuthority(t), newAuthority(t), vfs.NewMem()
	cert, key := ca.sign(t, 1)
	write(t, fs, "cert.pem", cert)
	write(t, fs, "key.pem", key)
	write(t, fs, "ca.pem", ca.pem)
	s := serve(t, fs, "--cert", "cert.pem", "--key", "key.pem", "--client-ca", "ca.pem")
	shows := func(a *authority) *tls.Config {
		pair, err := tls.X509KeyPair(a.sign(t, 7))
		must(t, err)
		return &tls.Config{RootCAs: ca.pool(), Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}}
	}
	s.wantSerial(shows(ca), 1)
	if _, err := s.serial(shows(other)); err == nil {
		t.Error("a certificate of others was taken")
	}
	if _, err := s.serial(&tls.Config{RootCAs: ca.pool(), NextProtos: []string{"h2"}}); err == nil {
		t.Error("a client without a certificate was let in")
	}
	db, err := client.Connect(ctx, s.addr, client.WithTLS(shows(ca)))
	must(t, err)
	script(t, db, `CREATE t:1`)
	must(t, db.Close())
}

func TestReloadWithoutCertificate(t *testing.T) {
	s := serve(t, vfs.NewMem())
	if status, out := s.run("admin", "reload", "--connect", s.addr); status == cli.OK || !strings.Contains(out, "no certificate") {
		t.Errorf("%d %s", status, out)
	}
	if status, _ := s.run("admin", "reload", "--dir", "elsewhere"); status != cli.Usage {
		t.Error(status)
	}
	if status, out := s.run("check", "--connect", s.addr); status != cli.OK || out != "ok\n" {
		t.Errorf("%d %s", status, out)
	}
	db, err := client.Connect(ctx, s.addr)
	must(t, err)
	script(t, db, `CREATE t:1`)
	each(t, db, `SELECT VALUE FOLD count() FROM t`, func(r zerodb.Row) {
		if r.At(0).AsInt() != 1 {
			t.Error(r.At(0))
		}
	})
	must(t, db.Close())
}

func TestUsersByCommand(t *testing.T) {
	fs := vfs.NewMem()
	ca := newAuthority(t)
	cert, key := ca.sign(t, 1)
	write(t, fs, "cert.pem", cert)
	write(t, fs, "key.pem", key)
	write(t, fs, "right", []byte("sesame\nnot of it\n"))
	write(t, fs, "wrong", []byte("open"))
	alone := &server{t: t, world: &cli.World{In: strings.NewReader(""), FS: fs, Clock: time.Now, Random: rand.Reader}}
	if status, out := alone.run("serve", "--dir", "db", "--listen", ":0", "--cert", "cert.pem", "--key", "key.pem"); status != cli.Usage || !strings.Contains(out, "DEFINE USER admin") {
		t.Errorf("without users: %d %s", status, out)
	}
	if status, out := alone.run("sql", "--dir", "db", "--param", `password="sesame"`, "-c", "DEFINE USER admin PASSWORD $password ROLES owner"); status != cli.OK {
		t.Fatalf("%d %s", status, out)
	}
	write(t, fs, "keys.json", []byte(`{"keys":[{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}`))
	write(t, fs, "none.json", []byte(`{"keys":[]}`))
	if status, out := alone.run("serve", "--dir", "db", "--jwks", "none.json"); status == cli.OK || !strings.Contains(out, "holds no key") {
		t.Errorf("without keys: %d %s", status, out)
	}
	s := serve(t, fs, "--jwks", "keys.json")
	for _, c := range []struct {
		args   []string
		status int
		part   string
	}{
		{nil, cli.Failed, "unauthenticated"},
		{[]string{"--user", "admin", "--password-file", "wrong"}, cli.Failed, "unauthenticated"},
		{[]string{"--user", "admin", "--password-file", "right"}, cli.OK, "1"},
		{[]string{"--user", "admin"}, cli.Usage, "--password-file"},
		{[]string{"--user", "admin", "--password-file", "right", "--token", "t"}, cli.Usage, "together"},
		{[]string{"--token", "t"}, cli.Failed, "unauthenticated"},
	} {
		status, out := s.run(append([]string{"sql", "--connect", s.addr, "-c", "RETURN 1"}, c.args...)...)
		if status != c.status || !strings.Contains(out, c.part) {
			t.Errorf("%v: %d %s", c.args, status, out)
		}
	}
}
