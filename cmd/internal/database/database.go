// Package database holds the commands of zerodb: sql, exec, import, export, check and serve.
package database

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/ops"
)

// app is the command tree with what its commands share.
type app struct {
	world               *cli.World
	dir                 string
	namespace, database string
	relaxed, readOnly   bool
	pages               bool // print page tokens

	connect, ca  string // a server instead of a directory
	tls          bool
	user         string // who asks a server, and what proves it
	passwordFile string
	token        string
}

// New makes the command tree of zerodb.
func New(w *cli.World) *cobra.Command {
	a := &app{world: w}
	root := cli.Group(&cobra.Command{
		Use:   "zerodb",
		Short: "A database for records, documents, graphs and key-value pairs, in one file tree",
		Example: `  zerodb sql --dir D -c 'CREATE person:alice SET age = 40'
  zerodb import --dir D --table airport airports.csv
  zerodb serve --dir D &
  zerodb sql --connect localhost:7654 -c 'person:alice'`,
	})
	root.AddCommand(a.sqlCommand(), a.execCommand(), a.importCommand(), a.exportCommand(), a.checkCommand(), a.serveCommand(),
		a.adminCommand(), a.replayCommand(),
		a.backupCommand(), a.restoreCommand())
	return root
}

// bind adds the flags that say which database a command works on.
func (a *app) bind(c *cobra.Command) *cobra.Command {
	f := c.Flags()
	a.bindPlace(c)
	f.StringVar(&a.namespace, "ns", zerodb.DefaultNamespace, "namespace, made on first use")
	f.StringVar(&a.database, "db", zerodb.DefaultDatabase, "database, made on first use")
	return c
}

// bindPlace adds the flags that say where the database is.
func (a *app) bindPlace(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&a.dir, "dir", "", "directory of the database")
	f.StringVar(&a.connect, "connect", "", "`host:port` of a server, instead of --dir")
	f.BoolVar(&a.tls, "tls", false, "with --connect: encrypt, and trust the certificates that the machine trusts")
	f.StringVar(&a.ca, "ca", "", "with --connect: encrypt, and trust the certificates signed by those in this `file`")
	f.StringVar(&a.user, "user", "", "with --connect: the user's name")
	f.StringVar(&a.passwordFile, "password-file", "", "with --connect: `file` whose first line is the user's password")
	f.StringVar(&a.token, "token", "", "with --connect: a token that says who asks, in place of a user")
}

// with opens the database for the time of f.
func (a *app) with(ctx context.Context, o zerodb.SessionOptions, f func(zerodb.Database, zerodb.Conn) error) (err error) {
	ctx = orBackground(ctx)
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	o.Namespace, o.Database = a.namespace, a.database
	s, err := db.Conn(ctx, &o)
	if err != nil {
		return err
	}
	return f(db, s)
}

// open opens the directory, or connects to the server.
func (a *app) open(ctx context.Context) (zerodb.Database, error) {
	switch {
	case a.dir == "" && a.connect == "":
		return nil, cli.Usagef("--dir is missing: the directory of the database (or --connect: the address of a server)")
	case a.dir != "" && a.connect != "":
		return nil, cli.Usagef("--dir and --connect cannot be given together")
	case a.connect == "" && (a.tls || a.ca != ""):
		return nil, cli.Usagef("--tls and --ca are for --connect")
	case a.connect == "" && (a.user != "" || a.passwordFile != "" || a.token != ""):
		return nil, cli.Usagef("--user, --password-file and --token are for --connect: a directory is its owner's")
	case a.connect == "":
		return a.openDir()
	case a.relaxed:
		return nil, cli.Usagef("--relaxed is for --dir: how writes are acknowledged is the server's to say")
	}
	var opts []client.Option
	if a.world.Dial != nil {
		opts = append(opts, client.WithDialer(a.world.Dial))
	}
	if a.tls || a.ca != "" {
		c, err := a.trust()
		if err != nil {
			return nil, err
		}
		opts = append(opts, client.WithTLS(c))
	}
	proof, err := a.proof()
	if err != nil {
		return nil, err
	}
	opts = append(opts, append(proof, client.WithConnections(1))...)
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	db, err := client.Connect(ctx, a.connect, opts...)
	if err != nil {
		return nil, err
	}
	return db, nil
}

// proof is what says to a server who asks.
func (a *app) proof() ([]client.Option, error) {
	switch {
	case a.token != "" && a.user != "":
		return nil, cli.Usagef("--token and --user cannot be given together")
	case a.token != "":
		return []client.Option{client.WithToken(a.token)}, nil
	case (a.user == "") != (a.passwordFile == ""):
		return nil, cli.Usagef("--user and --password-file are given together or not at all")
	case a.user == "":
		return nil, nil
	}
	content, err := a.world.ReadFile(a.passwordFile)
	if err != nil {
		return nil, err
	}
	password, _, _ := strings.Cut(string(content), "\n")
	return []client.Option{client.WithPassword(a.user, strings.TrimSuffix(password, "\r"))}, nil
}

// connectTime is how long a server may take to answer at first.
const connectTime = 15 * time.Second

func (a *app) openDir() (*zerodb.DB, error) {
	o := &zerodb.Options{FS: a.world.FS, Clock: a.world.Clock, Random: a.world.Random, Relaxed: a.relaxed, ReadOnly: a.readOnly}
	limitMemory(o, 0)
	return zerodb.Open(a.dir, o)
}

// trust is what certificates of servers are held against.
func (a *app) trust() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.ca == "" {
		return c, nil
	}
	pool, err := certificates(a.world, a.ca)
	c.RootCAs = pool
	return c, err
}

// show prints the errors of a text against it, and returns what the command then fails with.
func (a *app) show(name, text string, err error) error {
	if err == nil {
		return nil
	}
	errs := cli.Errs(err)
	if errs == nil || cli.IsUsage(err) {
		return err
	}
	src := diag.NewSource(name, text)
	var script *zerodb.ScriptError
	if errors.As(err, &script) {
		errs = placed(errs, script.Statement)
	}
	if werr := src.Write(a.world.Err, errs); werr != nil {
		return werr
	}
	if script != nil {
		fmt.Fprintln(a.world.Err, outcome(script))
	}
	return cli.ErrShown
}

// placed gives errors without a place that of their statement.
func placed(errs []*ops.Error, st zerodb.Statement) []*ops.Error {
	at := ops.Span{Start: st.Offset, End: st.Offset + len(st.Text)}
	out := make([]*ops.Error, len(errs))
	for i, e := range errs {
		out[i] = e.At(at)
	}
	return out
}

// outcome says what became of the statements before the one that failed.
func outcome(e *zerodb.ScriptError) string {
	s := fmt.Sprintf("statement %d failed", e.Statement.Index+1)
	if e.Took > 0 {
		s += fmt.Sprintf("; %s before it took effect", statements(e.Took))
	}
	if e.Undone > 0 {
		s += fmt.Sprintf("; %s undone with the transaction", statements(e.Undone))
	}
	if e.Took+e.Undone+e.Pending == 0 {
		s += "; nothing took effect"
	}
	return s
}

func statements(n int) string {
	if n == 1 {
		return "1 statement"
	}
	return fmt.Sprintf("%d statements", n)
}
