package compile

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/compiler/lint"
)

func (a *app) lintCommand() *cobra.Command {
	var dir, namespace, database string
	c := &cobra.Command{
		Use:   "lint FILE…",
		Short: "Find what is right by the rules and likely a slip",
		Long: `Find what is right by the rules and likely a slip: variables that nothing reads, names that hide others, comparisons that
are never true, whole tables returned without a LIMIT or changed without WHERE *. With --dir, which no other program may have
open, also fields that no record of a schemaless table has had. The codes are explained in docs/errors.md; a comment on the
line or on the line above excuses one:

  SELECT * FROM item -- zeroql:allow full_scan`,
		Example: "  zqc lint --schema s.zql queries/*.zql\n  zqc lint --dir ./data queries/*.zql",
		Args:    cli.Args(cobra.MinimumNArgs(1)),
	}
	a.bindSchema(c)
	c.Flags().StringVar(&dir, "dir", "", "`directory` of a database to look at, in place of --schema")
	c.Flags().StringVar(&namespace, "ns", zerodb.DefaultNamespace, "with --dir: its `namespace`")
	c.Flags().StringVar(&database, "db", zerodb.DefaultDatabase, "with --dir: its `database`")
	c.MarkFlagsMutuallyExclusive("schema", "dir")
	c.RunE = func(cmd *cobra.Command, files []string) (err error) {
		cat, err := a.catalog()
		if err != nil {
			return err
		}
		opt := lint.Options{Catalog: cat}
		if dir != "" {
			if opt, err = a.live(cmd.Context(), dir, namespace, database); err != nil {
				a.fail(dir, err)
				return a.result()
			}
		}
		return a.each(files, func(name, text string) {
			findings, errs := lint.Check(text, opt)
			a.show(name, text, errs)
			if len(findings) > 0 {
				a.failed = true
				a.print(name, text, findings, true)
			}
		})
	}
	return c
}

// fieldNames is what the catalog of a live database knows beside definitions.
type fieldNames interface {
	FieldNames(table string) ([]string, bool)
}

// live reads what a database defines and which fields its records have had.
func (a *app) live(ctx context.Context, dir, namespace, database string) (opt lint.Options, err error) {
	db, err := zerodb.Open(dir, &zerodb.Options{FS: a.world.FS, Clock: a.world.Clock, Random: a.world.Random, ReadOnly: true})
	if err != nil {
		return opt, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s, err := db.Session(ctx, &zerodb.SessionOptions{Namespace: namespace, Database: database})
	if err != nil {
		return opt, err
	}
	cat, err := s.Catalog()
	if err != nil {
		return opt, err
	}
	opt.Catalog = cat
	if names, ok := cat.(fieldNames); ok {
		opt.Seen = names.FieldNames
	}
	return opt, nil
}
