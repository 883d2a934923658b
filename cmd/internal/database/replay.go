package database

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/cmd/internal/cli"
)

func (a *app) replayCommand() *cobra.Command {
	var form string
	c := &cobra.Command{
		Use:   "replay --dir D TOKEN",
		Short: "Run a statement of the log of slow statements again, as it was",
		Long: `Run a statement of the log of slow statements again: the same program with the same parameters, in the same snapshot, at the same
time and with the same chance. It gives the same rows as long as the snapshot is kept and the tables are defined as they were. Its text goes to
standard error.`,
		Example: `  zerodb replay --connect localhost:7654 18a3c5e0f2b4d6e8a1b2c3d4`,
		Args:    cli.Args(cobra.ExactArgs(1)),
	}
	a.bindPlace(c)
	c.Flags().StringVar(&form, "format", "", "how to print rows: table, json, ndjson or csv")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		ctx := orBackground(c.Context())
		p, err := a.printer(form)
		if err != nil {
			return err
		}
		a.readOnly = true
		db, err := a.open(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		rows, err := replay(ctx, db, args[0])
		if err != nil {
			return err
		}
		fmt.Fprintln(a.world.Err, rows.Statement().Text)
		_, err = p.Print(rows)
		return err
	}
	return c
}

func replay(ctx context.Context, db zerodb.Database, token string) (*zerodb.Rows, error) {
	switch db := db.(type) {
	case *client.DB:
		return db.Replay(ctx, token)
	case *zerodb.DB:
		s, err := db.Session(ctx, nil)
		if err != nil {
			return nil, err
		}
		return s.Replay(ctx, token)
	}
	return nil, cli.Usagef("replay is for --dir and --connect")
}
