package sqldriver

import (
	"cmp"
	"crypto/tls"
	"net/url"
	"strconv"
	"strings"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/ops"
)

// DSN is a data source name, taken apart.
type DSN struct {
	// Dir is the directory of an embedded database; Memory says that it has none; Addr is host:port of a server.
	Dir    string
	Memory bool
	Addr   string
	// Namespace and Database are where connections begin; "" is main.
	Namespace, Database string
	// ReadOnly and Relaxed are those of zerodb.Options.
	ReadOnly, Relaxed bool
	// TLS encrypts, and trusts the certificates that the machine trusts.
	TLS bool
	// User and Password, or Token, are shown to the server.
	User, Password, Token string
	// Connections is how many connections to the server are kept; 0 is the client's default. Any number of those of database/sql share them.
	Connections int
}

// ParseDSN takes a data source name apart:
//
//	DIR or file:DIR      a directory; with ?read_only=true, ?relaxed=true
//	memory:              in memory
//	zerodb://HOST:PORT   a server, plain; zerodbs:// with TLS; with ?token=…, ?connections=n
//	zerodb://USER:PASSWORD@HOST:PORT/NAMESPACE/DATABASE
//
// ?namespace= and ?database= are understood by all. A name of an option that means nothing is an error.
func ParseDSN(name string) (*DSN, error) {
	d := &DSN{}
	scheme, rest, found := strings.Cut(name, ":")
	if !found {
		scheme, rest = "file", name
	}
	switch scheme {
	case "zerodb", "zerodbs":
		return d, d.parseRemote(name)
	case "memory":
		d.Memory = true
	case "file":
	default: // a path that has a colon
		rest = name
	}
	path, query, _ := strings.Cut(rest, "?")
	if d.Dir = path; d.Memory && path != "" {
		return nil, faulty("memory: takes no path, %q was given", path)
	}
	if !d.Memory && path == "" {
		return nil, faulty("the data source name %q has no directory", name)
	}
	return d, d.options(query)
}

func (d *DSN) parseRemote(name string) error {
	u, err := url.Parse(name)
	if err != nil {
		return faulty("the data source name is no URL") // the error would show the password
	}
	if u.Hostname() == "" || u.Port() == "" {
		return faulty("the data source name has no host:port: %s", u.Redacted())
	}
	d.Addr, d.TLS = u.Host, u.Scheme == "zerodbs"
	d.User = u.User.Username()
	d.Password, _ = u.User.Password()
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) > 2 {
		return faulty("behind the address stand a namespace and a database, not %q", u.Path)
	}
	d.Namespace = parts[0]
	if len(parts) == 2 {
		d.Database = parts[1]
	}
	return d.options(u.RawQuery)
}

// options reads what stands behind the question mark.
func (d *DSN) options(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return faulty("the options %q: %v", query, err)
	}
	for name, vs := range values {
		v := vs[len(vs)-1]
		var err error
		switch {
		case name == "namespace":
			d.Namespace = v
		case name == "database":
			d.Database = v
		case name == "read_only" && d.Addr == "":
			d.ReadOnly, err = strconv.ParseBool(v)
		case name == "relaxed" && d.Addr == "":
			d.Relaxed, err = strconv.ParseBool(v)
		case name == "token" && d.Addr != "":
			d.Token = v
		case name == "connections" && d.Addr != "":
			d.Connections, err = strconv.Atoi(v)
		default:
			return faulty("the data source name has an option %q that means nothing here", name)
		}
		if err != nil {
			return faulty("the option %s of the data source name: %q", name, v)
		}
	}
	return nil
}

// session is where connections begin.
func (d *DSN) session() *zerodb.SessionOptions {
	return &zerodb.SessionOptions{Namespace: cmp.Or(d.Namespace, zerodb.DefaultNamespace), Database: cmp.Or(d.Database, zerodb.DefaultDatabase)}
}

// client is how a server is connected to.
func (d *DSN) client() (opts []client.Option) {
	if d.TLS {
		opts = append(opts, client.WithTLS(&tls.Config{MinVersion: tls.VersionTLS12}))
	}
	if d.User != "" {
		opts = append(opts, client.WithPassword(d.User, d.Password))
	}
	if d.Token != "" {
		opts = append(opts, client.WithToken(d.Token))
	}
	if d.Connections > 0 {
		opts = append(opts, client.WithConnections(d.Connections))
	}
	return opts
}

func faulty(format string, args ...any) error {
	return ops.Errorf(ops.CodeUsage, format, args...).WithHint("DIR, memory: or zerodb://host:port/namespace/database")
}
