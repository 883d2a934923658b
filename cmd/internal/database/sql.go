package database

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/cmd/internal/format"
	"github.com/zerodb/zerodb/cmd/internal/shell"
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

func (a *app) sqlCommand() *cobra.Command {
	var text, form string
	var params []string
	c := &cobra.Command{
		Use:   "sql --dir D [-c TEXT | FILE | -]",
		Short: "Run ZeroQL: a text, a file, standard input, or line by line in a shell",
		Long: `Run ZeroQL: a text (-c), a file, standard input (-), or line by line in a shell.

With --format json exactly one line is printed for each statement: the JSON array of its rows.
The default is a table on a terminal and json elsewhere.`,
		Example: `  zerodb sql --dir D -c 'SELECT name FROM airport WHERE state = $s LIMIT 3' --param s=AK
  zerodb sql --dir D -c 'SELECT name FROM airport LIMIT 3 AFTER $page' --param page=TOKEN --page
  zerodb sql --dir D schema.zql
  zerodb sql --dir D`,
		Args: cli.Args(cobra.MaximumNArgs(1)),
	}
	a.bind(c)
	cli.BindParams(c, &params)
	c.Flags().StringVarP(&text, "command", "c", "", "the `text` to run")
	c.Flags().StringVar(&form, "format", "", "how to print rows: table, json, ndjson or csv")
	c.Flags().BoolVar(&a.pages, "page", false, "print the token that continues a result that LIMIT has cut, to standard error")
	c.Flags().BoolVar(&a.relaxed, "relaxed", false, "acknowledge writes before they are on disk")
	c.RunE = func(c *cobra.Command, files []string) error {
		args, err := cli.ParseParams(params)
		if err != nil {
			return err
		}
		given := c.Flags().Changed("command")
		switch {
		case given && len(files) > 0:
			return cli.Usagef("-c and a file cannot be given together")
		case given:
			return a.script(c.Context(), "<command>", text, form, args)
		case len(files) == 0 && a.world.InTerminal:
			return a.shell(c.Context(), form, args)
		case len(files) == 0:
			files = []string{"-"}
		}
		content, err := a.world.ReadFile(files[0])
		if err != nil {
			return err
		}
		return a.script(c.Context(), cli.SourceName(files[0]), string(content), form, args)
	}
	return c
}

// printer makes the printer of a --format, or of the default.
func (a *app) printer(form string) (format.Printer, error) {
	if form == "" {
		form = "json"
		if a.world.OutTerminal {
			form = "table"
		}
	}
	return format.New(form, a.world.Out)
}

// script runs a text and prints what its statements yield.
func (a *app) script(ctx context.Context, name, text, form string, args []zerodb.Arg) error {
	p, err := a.printer(form)
	if err != nil {
		return err
	}
	return a.with(ctx, zerodb.SessionOptions{}, func(_ zerodb.Database, s zerodb.Conn) error {
		err := a.print(p, s.Script(orBackground(ctx), text, args...))
		if err == nil && s.InTransaction() {
			err = leftOpen(text)
		}
		return a.show(name, text, err)
	})
}

// leftOpen is the error of a text that ends inside a transaction: nobody can commit it any more.
func leftOpen(text string) error {
	err := ops.Errorf(ops.CodeTransaction, "the text ends inside this transaction; all that was done in it is undone").
		WithHint("COMMIT keeps it, CANCEL undoes it on purpose")
	if script, errs := parse.Parse(text); len(errs) == 0 {
		for _, s := range slices.Backward(script.Statements) {
			if t, ok := s.(*ast.Transaction); ok && t.Kind == ast.Begin {
				return err.At(t.Span)
			}
		}
	}
	return err
}

func orBackground(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// print prints the rows of one statement after another, and with --page the token of each that can be continued.
func (a *app) print(p format.Printer, results iter.Seq2[*zerodb.Rows, error]) error {
	for rows, err := range results {
		if err != nil {
			return err
		}
		if _, err := p.Print(rows); err != nil && rows.Err() == nil {
			return err
		}
		if a.pages && rows.Page() != "" {
			if _, err := fmt.Fprintf(a.world.Err, "page: %s\n", rows.Page()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *app) shell(ctx context.Context, form string, args []zerodb.Arg) error {
	if form == "" {
		form = "table"
	}
	ctx = orBackground(ctx)
	return a.with(ctx, zerodb.SessionOptions{KeepVariables: true}, func(db zerodb.Database, s zerodb.Conn) error {
		return shell.Run(ctx, a.world, db, s, shell.Options{Format: form, Args: args})
	})
}

// sourceOf is the text that a program was compiled from; errors point into it. A file that is no program has none.
func sourceOf(zqb []byte) string {
	p, err := vm.Decode(zqb)
	if err != nil || p.Source == "" {
		return " "
	}
	return p.Source
}

func (a *app) execCommand() *cobra.Command {
	var form string
	var params []string
	c := &cobra.Command{
		Use:     "exec --dir D FILE.zqb",
		Short:   "Run a compiled program",
		Long:    "Run a program that zqc has compiled. It is verified first: a damaged or unsafe file is refused.",
		Example: `  zerodb exec --dir D queries/nearest.zqb --param lat=61.2 --param lon=-149.9`,
		Args:    cli.Args(cobra.ExactArgs(1)),
	}
	a.bind(c)
	cli.BindParams(c, &params)
	c.Flags().StringVar(&form, "format", "", "how to print rows: table, json, ndjson or csv")
	c.RunE = func(c *cobra.Command, files []string) error {
		args, err := cli.ParseParams(params)
		if err != nil {
			return err
		}
		zqb, err := a.world.ReadFile(files[0])
		if err != nil {
			return err
		}
		p, err := a.printer(form)
		if err != nil {
			return err
		}
		ctx := orBackground(c.Context())
		return a.with(ctx, zerodb.SessionOptions{}, func(_ zerodb.Database, s zerodb.Conn) error {
			return a.show(files[0], sourceOf(zqb), a.print(p, s.ScriptProgram(ctx, zqb, args...)))
		})
	}
	return c
}
