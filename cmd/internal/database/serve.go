package database

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/server"
	"github.com/zerodb/zerodb/server/telemetry"
)

func (a *app) serveCommand() *cobra.Command {
	var file string
	given := defaults()
	c := &cobra.Command{
		Use:   "serve --dir D [--listen HOST:PORT] [--config FILE]",
		Short: "Answer for a database over gRPC, and over HTTP on the same port",
		Long: `Answer for a database over gRPC, Connect, gRPC-Web and JSON over HTTP, all on one port.

Without a certificate and users it listens on this machine alone, unless --insecure says that everybody may read and write.
As soon as a user is defined, who asks has to say who he is: DEFINE USER admin PASSWORD $password ROLES owner.
SIGTERM lets what is under way come to its end, for at most --drain; SIGHUP reads the certificate anew.
A file in TOML sets the same and the limits; docs/server.md lists them. A flag goes over the file.`,
		Example: `  zerodb serve --dir D
  zerodb serve --dir D --listen :7654 --cert server.pem --key server.key
  curl -d '{"text":"SELECT name FROM person LIMIT 3"}' http://localhost:7654/zerodb.v1.ZeroDB/Query`,
		Args: cli.Args(cobra.NoArgs),
	}
	f := c.Flags()
	f.StringVar(&given.Dir, "dir", given.Dir, "directory of the database")
	f.StringVar(&given.Listen, "listen", given.Listen, "where to listen, `HOST:PORT`; no host: everywhere")
	f.StringVar(&given.Cert, "cert", given.Cert, "`file` with the certificate, and those between it and its root")
	f.StringVar(&given.Key, "key", given.Key, "`file` with the certificate's key")
	f.StringVar(&given.ClientCA, "client-ca", given.ClientCA, "`file` with certificates that must have signed those of clients")
	f.StringVar(&given.Tokens.Keys, "jwks", given.Tokens.Keys, "`file` with the keys that sign tokens, a JSON Web Key Set")
	f.BoolVar(&given.Insecure, "insecure", given.Insecure, "listen elsewhere than on this machine without a certificate")
	f.BoolVar(&given.Relaxed, "relaxed", given.Relaxed, "acknowledge writes before they are on disk")
	f.DurationVar((*time.Duration)(&given.Drain), "drain", time.Duration(given.Drain), "how long what is under way may take when the server is stopped")
	f.StringVar(&given.MetricsListen, "metrics-listen", given.MetricsListen, "where to serve metrics for Prometheus, `HOST:PORT`")
	f.BoolVar(&given.Pprof, "pprof", given.Pprof, "serve profiles as well, below /debug/pprof, where the metrics are")
	f.StringVar(&given.LogFormat, "log-format", "text", "text or json")
	f.DurationVar((*time.Duration)(&given.Slow), "slow", time.Duration(given.Slow), "log statements that take so long; 0: none")
	f.StringVar(&given.Traces, "traces", given.Traces, "`URL` that OpenTelemetry traces are sent to, OTLP over HTTP")
	f.StringVar(&file, "config", "", "`file` in TOML that sets the same and the limits")
	c.RunE = func(c *cobra.Command, _ []string) error {
		conf := defaults()
		if file != "" {
			if err := readConfig(a.world, file, &conf); err != nil {
				return err
			}
		}
		over(&conf, &given, f.Changed)
		return a.serve(orBackground(c.Context()), &conf)
	}
	return c
}

// over sets what flags have said.
func over(c, given *config, changed func(string) bool) {
	for name, set := range map[string]func(){
		"dir":       func() { c.Dir = given.Dir },
		"listen":    func() { c.Listen = given.Listen },
		"cert":      func() { c.Cert = given.Cert },
		"key":       func() { c.Key = given.Key },
		"client-ca": func() { c.ClientCA = given.ClientCA },
		"jwks":      func() { c.Tokens.Keys = given.Tokens.Keys },
		"insecure":  func() { c.Insecure = given.Insecure },
		"relaxed":   func() { c.Relaxed = given.Relaxed },
		"drain":     func() { c.Drain = given.Drain },

		"metrics-listen": func() { c.MetricsListen = given.MetricsListen },
		"pprof":          func() { c.Pprof = given.Pprof },
		"log-format":     func() { c.LogFormat = given.LogFormat },
		"slow":           func() { c.Slow = given.Slow },
		"traces":         func() { c.Traces = given.Traces },
	} {
		if changed(name) {
			set()
		}
	}
}

// check refuses what is not safe.
func (c *config) check() error {
	switch {
	case c.Dir == "":
		return cli.Usagef("--dir is missing: the directory of the database")
	case (c.Cert == "") != (c.Key == ""):
		return cli.Usagef("--cert and --key are given together or not at all")
	case c.ClientCA != "" && c.Cert == "":
		return cli.Usagef("--client-ca needs --cert and --key")
	}
	if err := c.checkMonitor(); err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return cli.Usagef("--listen %s: %v", c.Listen, err)
	}
	if c.Cert == "" && !c.Insecure && !isLoopback(host) {
		return cli.Usagef("--listen %s is open to others, and nothing is encrypted: give --cert and --key, or say --insecure", c.Listen)
	}
	return nil
}

// users says who asks.
func (a *app) users(db *zerodb.DB, c *config, o *server.Options) (*server.Users, error) {
	u, err := server.NewUsers(db, o)
	if err != nil || c.Tokens.Keys == "" {
		return u, err
	}
	keys, err := a.world.ReadFile(c.Tokens.Keys)
	if err != nil {
		return nil, err
	}
	u.Tokens, err = server.NewTokens(server.TokenOptions{Keys: keys, Issuer: c.Tokens.Issuer, Audience: c.Tokens.Audience, Roles: c.Tokens.Roles, Clock: a.world.Clock})
	return u, err
}

// checkUsers refuses to let everybody in from elsewhere.
func (c *config) checkUsers(db *zerodb.DB) error {
	host, _, _ := net.SplitHostPort(c.Listen) // check has looked at it
	if c.Insecure || c.Tokens.Keys != "" || isLoopback(host) {
		return nil
	}
	there, err := db.HasUsers()
	if err == nil && !there {
		err = cli.Usagef("--listen %s is open to others, and no user is defined, so that everybody would be the owner: define one, or say --insecure\n"+
			"  zerodb sql --dir %s --param 'password=…' -c 'DEFINE USER admin PASSWORD $password ROLES owner'", c.Listen, c.Dir)
	}
	return err
}

// isLoopback reports whether a host is this machine alone.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (a *app) serve(ctx context.Context, c *config) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	m, err := newMonitor(ctx, a.world, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	o := c.options()
	o.Version, o.Logger = cli.Version(), m.log
	var cert *certificate
	if c.Cert != "" {
		if cert, err = newCertificate(a.world, c); err != nil {
			return err
		}
		o.TLS, o.Reload = cert.config(), cert.read
	}
	do := c.database(a.world)
	if do.Logger = m.log; m.telemetry != nil {
		do.Observer, o.Incoming = m.telemetry, telemetry.Incoming
	}
	limitMemory(do, cmp.Or(c.Limits.Memory, server.DefaultMemory))
	db, err := zerodb.Open(c.Dir, do)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := c.checkUsers(db); err != nil {
		return err
	}
	if o.Authenticator, err = a.users(db, c, o); err != nil {
		return err
	}
	s, err := server.New(db, o)
	if err != nil {
		return err
	}
	if m.telemetry != nil {
		m.telemetry.Watch(db, s)
	}
	l, err := a.world.Listen(c.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.world.Err, "zerodb: serving %s on %s\n", c.Dir, l.Addr())
	if cert != nil {
		defer cert.watch(a.world, o.Logger)()
	}
	stop, cancel := a.world.Stop(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-stop.Done():
	}
	cancel() // a second signal ends the process
	fmt.Fprintln(a.world.Err, "zerodb: stopping")
	end, cancelEnd := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(c.Drain))
	defer cancelEnd()
	if err := s.Shutdown(end); err != nil {
		fmt.Fprintf(a.world.Err, "zerodb: what was under way after %s has been cancelled\n", c.Drain)
	}
	return <-served
}

// certificate is the server's, as the files are now.
type certificate struct {
	world     *cli.World
	cert, key string
	clients   *x509.CertPool
	now       atomic.Pointer[tls.Certificate]
}

func newCertificate(w *cli.World, c *config) (*certificate, error) {
	x := &certificate{world: w, cert: c.Cert, key: c.Key}
	if c.ClientCA != "" {
		var err error
		if x.clients, err = certificates(w, c.ClientCA); err != nil {
			return nil, err
		}
	}
	return x, x.read()
}

// read reads the files.
func (x *certificate) read() error {
	cert, err := x.world.ReadFile(x.cert)
	if err != nil {
		return err
	}
	key, err := x.world.ReadFile(x.key)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", x.cert, x.key, err)
	}
	x.now.Store(&pair)
	return nil
}

func (x *certificate) config() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return x.now.Load(), nil }}
	if x.clients != nil {
		c.ClientCAs, c.ClientAuth = x.clients, tls.RequireAndVerifyClientCert
	}
	return c
}

// watch reads the files anew when it is told to. A certificate that cannot be read leaves the one before in place.
func (x *certificate) watch(w *cli.World, log *slog.Logger) (stop func()) {
	reload, stopSignals := w.Reload()
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-reload:
			}
			if err := x.read(); err != nil {
				log.Error("the certificate stays as it was", "error", err)
				continue
			}
			log.Info("the certificate has been read anew")
		}
	}()
	return func() {
		stopSignals()
		close(done)
		<-ended
	}
}

// certificates reads a file of certificates.
func certificates(w *cli.World, name string) (*x509.CertPool, error) {
	content, err := w.ReadFile(name)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, cli.Usagef("%s holds no certificate", name)
	}
	return pool, nil
}
