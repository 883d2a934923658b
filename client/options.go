package client

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// Option says how Connect connects.
type Option func(*options)

type options struct {
	tls         *tls.Config
	credentials credentials.PerRPCCredentials
	connections int
	window      int
	retries     int
	local       bool // the server is on this machine: nobody listens in between
	dial        func(context.Context, string) (net.Conn, error)
	sleep       func(time.Duration)
	clock       func() time.Time
	random      io.Reader
}

// The defaults of options.
const (
	defaultConnections = 2
	defaultWindow      = 16
	defaultRetries     = 16
)

// withDefaults applies options. This is where the package looks at the machine's own chance and network.
func withDefaults(addr string, os []Option) options {
	o := options{local: isLocal(addr), connections: defaultConnections, window: defaultWindow, retries: defaultRetries, sleep: time.Sleep, clock: time.Now, random: rand.Reader}
	for _, f := range os {
		f(&o)
	}
	return o
}

// WithTLS encrypts the connections. Without it they are plain.
func WithTLS(c *tls.Config) Option { return func(o *options) { o.tls = c } }

// WithToken shows a token to the server.
func WithToken(token string) Option {
	return func(o *options) { o.credentials = header{"Bearer " + token, o} }
}

// WithPassword shows a user's name and password to the server.
func WithPassword(user, password string) Option {
	return func(o *options) {
		o.credentials = header{"Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)), o}
	}
}

// WithConnections sets how many connections are kept; sessions are dealt out to them in turn. The default is 2.
func WithConnections(n int) Option { return func(o *options) { o.connections = max(n, 1) } }

// WithWindow sets how many batches of rows the server may send before they are read; the default is 16.
func WithWindow(batches int) Option {
	return func(o *options) { o.window = min(max(batches, 1), 1024) }
}

// WithRetries sets how often InTx runs a transaction again that lost a conflict; the default is 16.
func WithRetries(n int) Option { return func(o *options) { o.retries = n } }

// WithDialer makes the connections; the address is what Connect was given.
func WithDialer(dial func(ctx context.Context, addr string) (net.Conn, error)) Option {
	return func(o *options) { o.dial = dial }
}

// WithWorld replaces the machine's clock, sleep and chance, for tests.
func WithWorld(clock func() time.Time, sleep func(time.Duration), random io.Reader) Option {
	return func(o *options) { o.clock, o.sleep, o.random = clock, sleep, random }
}

// header is the authorization header of every call.
type header struct {
	value string
	o     *options
}

// GetRequestMetadata returns it.
func (h header) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": h.value}, nil
}

// RequireTransportSecurity keeps secrets off plain connections, but for those within this machine and of the program's own making.
func (h header) RequireTransportSecurity() bool { return h.o.dial == nil && !h.o.local }

// isLocal reports whether an address is of this machine.
func isLocal(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// dialOptions are the options as grpc takes them.
func (o *options) dialOptions() []grpc.DialOption {
	transport := insecure.NewCredentials()
	if o.tls != nil {
		transport = credentials.NewTLS(o.tls)
	}
	ds := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(1<<30), grpc.MaxCallSendMsgSize(1<<30)),
		grpc.WithInitialWindowSize(4 << 20),
		grpc.WithInitialConnWindowSize(8 << 20),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 20 * time.Second}),
	}
	if o.credentials != nil {
		ds = append(ds, grpc.WithPerRPCCredentials(o.credentials))
	}
	if o.dial != nil {
		ds = append(ds, grpc.WithContextDialer(o.dial))
	}
	return ds
}
