// Package database holds the commands of zerodb: sql, exec, import, export and check.
package database

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
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
}

// New makes the command tree of zerodb.
func New(w *cli.World) *cobra.Command {
	a := &app{world: w}
	root := cli.Group(&cobra.Command{
		Use:   "zerodb",
		Short: "A database for records, documents, graphs and key-value pairs, in one file tree",
		Example: `  zerodb sql --dir D -c 'CREATE person:alice SET age = 40'
  zerodb import --dir D --table airport airports.csv`,
	})
	root.AddCommand(a.sqlCommand(), a.execCommand(), a.importCommand(), a.exportCommand(), a.checkCommand())
	return root
}

// bind adds the flags that say which database a command works on.
func (a *app) bind(c *cobra.Command) *cobra.Command {
	f := c.Flags()
	f.StringVar(&a.dir, "dir", "", "directory of the database (required)")
	f.StringVar(&a.namespace, "ns", zerodb.DefaultNamespace, "namespace, made on first use")
	f.StringVar(&a.database, "db", zerodb.DefaultDatabase, "database, made on first use")
	return c
}

// with opens the database for the time of f.
func (a *app) with(ctx context.Context, o zerodb.SessionOptions, f func(*zerodb.DB, *zerodb.Session) error) (err error) {
	if a.dir == "" {
		return cli.Usagef("--dir is missing: the directory of the database")
	}
	if ctx == nil {
		ctx = context.Background()
	}
	db, err := zerodb.Open(a.dir, &zerodb.Options{FS: a.world.FS, Clock: a.world.Clock, Random: a.world.Random,
		Relaxed: a.relaxed, ReadOnly: a.readOnly})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	o.Namespace, o.Database = a.namespace, a.database
	s, err := db.Session(ctx, &o)
	if err != nil {
		return err
	}
	return f(db, s)
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
