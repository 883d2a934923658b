package zbench

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/vm"
)

// planOptions are the flags of plan.
type planOptions struct {
	dir       string
	connect   string
	params    []string
	versus    []string
	without   []string
	withIndex []string
	duration  time.Duration
	cold      int
}

func (a *app) planCommand() *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use:   "plan FILE",
		Short: "Measure a query, each instruction of it, and alternatives to it",
		Long: `Measure the statements of a text or of a compiled program against a database: warm, in rounds that take turns with the
alternatives, and cold, with the database just opened (the system's own file cache stays warm). Each run reads every row.
A text that writes runs in a transaction that is cancelled.

Alternatives are other files (--vs), the same text compiled without some rewrite rules (--without), and the same text
with an index that is not there (--with-index, made in a copy of the database). A ratio is of the medians of the runs; p is
by the test of Mann and Whitney.`,
		Example: `  zbench plan --dir D q.zql --param age=40
  zbench plan --dir D q.zql --vs old.zqb --without pick-index --with-index person:city,age --html report.html`,
		Args: cli.Args(cobra.ExactArgs(1)),
	}
	f := c.Flags()
	f.StringVar(&o.dir, "dir", "", "directory of the database")
	f.StringVar(&o.connect, "connect", "", "`host:port` of a server, instead of --dir: what is measured holds the way to it and back")
	a.bindDatabase(c)
	cli.BindParams(c, &o.params)
	f.StringArrayVar(&o.versus, "vs", nil, "another `file`, a text or a program, to measure beside; may be repeated")
	f.StringArrayVar(&o.without, "without", nil, "the text compiled without these `rules`, by name with commas between; may be repeated")
	f.StringArrayVar(&o.withIndex, "with-index", nil, "the text with an index on `TABLE:field,…`; may be repeated")
	f.DurationVar(&o.duration, "duration", 2*time.Second, "how long each is measured warm")
	f.IntVar(&o.cold, "cold", 5, "how many runs are measured cold; 0 for none")
	a.bindOutput(c)
	c.RunE = func(cmd *cobra.Command, files []string) error {
		switch {
		case o.dir == "" && o.connect == "":
			return cli.Usagef("--dir is missing: the directory of the database (or --connect: the address of a server)")
		case o.dir != "" && o.connect != "":
			return cli.Usagef("--dir and --connect cannot be given together")
		case o.connect != "" && len(o.withIndex) > 0:
			return cli.Usagef("--with-index needs --dir: the index is made in a copy of the database")
		case o.connect != "":
			o.cold = 0 // nobody opens a server's database anew
		}
		ctx := cmd.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		return a.plan(ctx, files[0], o)
	}
	return c
}

// candidate is one way of getting the rows.
type candidate struct {
	name  string
	file  string
	off   []string // rules left out
	index string   // TABLE:field,…
	dir   string
	addr  string // of a server, instead of dir

	zqb      []byte
	analyzed []byte // the same under EXPLAIN ANALYZE
	program  *vm.Program

	db   zerodb.Database
	conn zerodb.Conn
	stmt *zerodb.Stmt
	warm []time.Duration
	cold []time.Duration
	once run // of the last warm run
}

func (a *app) plan(ctx context.Context, file string, o planOptions) (err error) {
	args, err := cli.ParseParams(o.params)
	if err != nil {
		return err
	}
	all := []*candidate{{name: path.Base(file), file: file, dir: o.dir, addr: o.connect}}
	for _, other := range o.versus {
		all = append(all, &candidate{name: path.Base(other), file: other, dir: o.dir, addr: o.connect})
	}
	for _, rules := range o.without {
		all = append(all, &candidate{name: "without " + rules, file: file, off: strings.Split(rules, ","), dir: o.dir, addr: o.connect})
	}
	for i, index := range o.withIndex {
		copied := path.Join(a.world.TempDir, fmt.Sprintf("zbench-%d-%d", a.world.Clock().UnixNano(), i))
		all = append(all, &candidate{name: "with index " + index, file: file, index: index, dir: copied})
	}
	defer func() {
		for _, c := range all {
			err = errors.Join(err, a.discard(c, o.dir))
		}
	}()
	for _, c := range all {
		if err := a.ready(ctx, c, o.dir); err != nil {
			return err
		}
	}
	for _, c := range all {
		if err := a.runCold(ctx, c, args, o.cold); err != nil {
			return err
		}
	}
	if err := a.runWarm(ctx, all, args, o.duration); err != nil {
		return err
	}
	report, err := a.reportOf(ctx, all, args, file, o.params)
	if err != nil {
		return err
	}
	return a.give(report, func() { a.printPlan(report) }, report.page)
}

// discard closes a candidate's database and removes its copy.
func (a *app) discard(c *candidate, original string) (err error) {
	if c.db != nil {
		err = c.db.Close()
		c.db = nil
	}
	if c.dir != original {
		err = errors.Join(err, a.world.FS.RemoveAll(c.dir))
	}
	return err
}

// ready compiles a candidate, in a copy of the database if it wants an index.
func (a *app) ready(ctx context.Context, c *candidate, dir string) error {
	if c.index != "" {
		if err := a.copyWithIndex(ctx, c, dir); err != nil {
			return err
		}
	}
	content, err := a.world.ReadFile(c.file)
	if err != nil {
		return err
	}
	if path.Ext(c.file) == ".zqb" {
		c.zqb = content
		if len(c.off) > 0 {
			return cli.Usagef("--without needs a text, %s is compiled already", c.file)
		}
	} else if err := a.compile(ctx, c, string(content)); err != nil {
		return err
	}
	if c.program, err = vm.Decode(c.zqb); err != nil {
		return err
	}
	for i := range c.program.Statements {
		if k := c.program.Statements[i].Kind; k != vm.StatementQuery && k != vm.StatementWrite {
			return cli.Usagef("%s: plan measures queries and writes, statement %d is neither", c.file, i+1)
		}
	}
	if c.analyzed == nil {
		c.analyzed, err = analyzed(c.program)
	}
	return err
}

// analyzed returns a program whose statements run as under EXPLAIN ANALYZE; the plans are not in a compiled program.
func analyzed(p *vm.Program) ([]byte, error) {
	out := *p
	out.Statements = slices.Clone(p.Statements)
	for i := range out.Statements {
		if s := &out.Statements[i]; !s.Silent {
			s.Explain = 2
		}
	}
	return vm.Encode(&out)
}

// compile compiles a text against the candidate's database.
func (a *app) compile(ctx context.Context, c *candidate, text string) error {
	db, err := a.openFor(ctx, c, true)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // nothing was written
	s, err := db.Conn(ctx, &zerodb.SessionOptions{Namespace: a.namespace, Database: a.database})
	if err != nil {
		return err
	}
	cat, err := s.Catalog()
	if err != nil {
		return err
	}
	for _, rule := range c.off {
		if !slices.ContainsFunc(compiler.Rules(), func(r [2]string) bool { return r[0] == rule }) {
			return cli.Usagef("--without %s: there is no such rule; zqc explain names those that fire", rule)
		}
	}
	script, errs := parse.Parse(text)
	var plain, explained *compiler.Result
	opt := compiler.Options{Catalog: cat, Off: c.off}
	if len(errs) == 0 {
		plain, errs = compiler.CompileScript(script, opt)
	}
	if len(errs) == 0 {
		explained, errs = compiler.CompileScript(compiler.Explained(script, true), opt)
	}
	if len(errs) > 0 {
		if err := diag.NewSource(c.file, text).Write(a.world.Err, errs); err != nil {
			return err
		}
		return cli.ErrShown
	}
	if c.zqb, err = vm.Encode(plain.Program); err == nil {
		c.analyzed, err = vm.Encode(explained.Program)
	}
	return err
}

// openFor opens a candidate's database, or connects to its server.
func (a *app) openFor(ctx context.Context, c *candidate, readOnly bool) (zerodb.Database, error) {
	if c.addr != "" {
		return a.dial(ctx, c.addr, 1)
	}
	return a.open(c.dir, readOnly)
}

// copyWithIndex copies the database and makes the index in the copy.
func (a *app) copyWithIndex(ctx context.Context, c *candidate, dir string) error {
	table, fields, ok := strings.Cut(c.index, ":")
	if !ok || table == "" || fields == "" {
		return cli.Usagef("--with-index %s is not TABLE:field,…", c.index)
	}
	if ok, err := vfs.Clone(a.world.FS, a.world.FS, dir, c.dir, vfs.CloneSync); err != nil {
		return err
	} else if !ok {
		return fmt.Errorf("%s is not there", dir)
	}
	db, err := a.open(c.dir, false)
	if err != nil {
		return err
	}
	s, err := db.Session(ctx, &zerodb.SessionOptions{Namespace: a.namespace, Database: a.database})
	if err == nil {
		_, err = s.Execute(ctx, fmt.Sprintf("DEFINE INDEX zbench_index ON TABLE %s FIELDS %s", table, fields))
	}
	return errors.Join(err, db.Close())
}
