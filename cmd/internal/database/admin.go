package database

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/cmd/internal/cli"
)

func (a *app) adminCommand() *cobra.Command {
	c := cli.Group(&cobra.Command{
		Use:     "admin",
		Short:   "Ask a server what is for those who run it",
		Example: `  zerodb admin reload --connect localhost:7654`,
	})
	c.AddCommand(a.reloadCommand())
	return c
}

func (a *app) reloadCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "reload --connect HOST:PORT",
		Short:   "Let a server read its certificate anew, as SIGHUP does",
		Long:    "Let a server read its certificate anew. One that cannot be read leaves the one before in use. Connections that are open keep theirs.",
		Example: `  zerodb admin reload --connect localhost:7654 --ca ca.pem`,
		Args:    cli.Args(cobra.NoArgs),
	}
	a.bindPlace(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx := orBackground(c.Context())
		db, err := a.open(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		server, ok := db.(*client.DB)
		if !ok {
			return cli.Usagef("reload is for a server: give --connect")
		}
		if err := server.Reload(ctx); err != nil {
			return err
		}
		fmt.Fprintln(a.world.Out, "the certificate has been read anew")
		return nil
	}
	return c
}
