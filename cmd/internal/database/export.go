package database

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/cmd/internal/dump"
)

func (a *app) exportCommand() *cobra.Command {
	var out, form string
	c := &cobra.Command{
		Use:   "export --dir D [-o FILE]",
		Short: "Write a whole database out, as a ZeroQL script or as NDJSON",
		Long: `Write a database out: definitions, indexes, every record and edge with its id, in one snapshot. The import of an
export makes an identical database.`,
		Example: `  zerodb export --dir D -o backup.zql
  zerodb export --dir D --as ndjson | zstd > backup.ndjson.zst`,
		Args: cli.Args(cobra.NoArgs),
	}
	a.bind(c)
	c.Flags().StringVarP(&out, "output", "o", "-", "the `file` to write; - is standard output")
	c.Flags().StringVar(&form, "as", "", "zql or ndjson; otherwise the name of the file tells, and zql is the default")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx := orBackground(c.Context())
		if form == "" {
			form = "zql"
			if strings.HasSuffix(out, ".ndjson") || strings.HasSuffix(out, ".jsonl") {
				form = "ndjson"
			}
		}
		if form != "zql" && form != "ndjson" {
			return cli.Usagef("--as %s: zql or ndjson", form)
		}
		a.readOnly = true
		return a.with(ctx, zerodb.SessionOptions{}, func(_ zerodb.Database, s zerodb.Conn) error {
			if out == "-" {
				_, err := dump.Export(ctx, s, form, a.world.Out)
				return err
			}
			return a.toFile(out, func(w io.Writer) error {
				n, err := dump.Export(ctx, s, form, w)
				if err == nil {
					fmt.Fprintf(a.world.Out, "%d records exported to %s\n", n, out)
				}
				return err
			})
		})
	}
	return c
}

// toFile writes a file that is there whole, and on disk, or not at all.
func (a *app) toFile(name string, write func(io.Writer) error) error {
	part := name + ".part"
	f, err := a.world.FS.Create(part, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = a.world.FS.Rename(part, name)
	}
	if err != nil {
		return errors.Join(err, a.world.FS.Remove(part))
	}
	return nil
}

func (a *app) checkCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "check --dir D",
		Short:   "Walk everything that is stored and report what does not fit together",
		Long:    "Walk records, indexes, edges and definitions and report what does not fit together. The exit status is 1 if anything does not.",
		Example: `  zerodb check --dir D`,
		Args:    cli.Args(cobra.NoArgs),
	}
	a.bindPlace(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx := orBackground(c.Context())
		a.readOnly = true
		return a.with(ctx, zerodb.SessionOptions{}, func(db zerodb.Database, _ zerodb.Conn) error {
			problems := 0
			err := db.Check(ctx, func(p zerodb.Problem) {
				problems++
				fmt.Fprintln(a.world.Out, p)
			})
			if err != nil {
				return err
			}
			if problems > 0 {
				return fmt.Errorf("%d problems", problems)
			}
			fmt.Fprintln(a.world.Out, "ok")
			return nil
		})
	}
	return c
}
