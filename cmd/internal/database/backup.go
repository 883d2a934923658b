package database

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/backup"
	"github.com/zerodb/zerodb/cmd/internal/cli"
)

// moments is how the commands show and read times.
const moments = "2006-01-02T15:04:05.000Z07:00"

func (a *app) backupCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "backup --dir D DIR",
		Short: "Add a backup to a directory of backups, of a database that may be in use",
		Long: `Add a backup to a directory of backups. It is the whole database as it is at one moment; what earlier backups in the directory
have copied is not copied again. Every file has its SHA-256, which restore checks.`,
		Example: `  zerodb backup --connect localhost:7654 /mnt/backups/people`,
		Args:    cli.Args(cobra.ExactArgs(1)),
	}
	a.bindPlace(c)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		ctx := orBackground(c.Context())
		db, err := a.open(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		from, ok := db.(interface {
			Backup(context.Context, zerodb.BackupSink) error
		})
		if !ok {
			return cli.Usagef("backup is for --dir and --connect")
		}
		to, err := backup.Open(a.world.FS, args[0])
		if err != nil {
			return err
		}
		w, err := to.Writer()
		if err != nil {
			return err
		}
		if err := from.Backup(ctx, w); err != nil {
			return err
		}
		m, err := w.Finish()
		if err != nil {
			return err
		}
		fmt.Fprintf(a.world.Out, "backup of %s: %d files, %d bytes copied\n", m.Moment.Format(moments), len(m.Files), w.Copied)
		return nil
	}
	return c
}

func (a *app) restoreCommand() *cobra.Command {
	var dir, at string
	c := &cobra.Command{
		Use:   "restore DIR --dir D [--at TIME]",
		Short: "Make a database of a backup, as it was when that was made or at an earlier time",
		Long: `Make a database of the newest backup in a directory of backups. With --at it is as it was at that time, to the millisecond: a
backup reaches as far back as older versions were kept, and not behind the removal of a table or an index.`,
		Example: `  zerodb restore /mnt/backups/people --dir people2
  zerodb restore /mnt/backups/people --dir people2 --at 2026-11-24T10:30:00Z`,
		Args: cli.Args(cobra.ExactArgs(1)),
	}
	c.Flags().StringVar(&dir, "dir", "", "directory of the new database")
	c.Flags().StringVar(&at, "at", "", "the `time` to go back to, as in 2026-11-24T10:30:00Z")
	c.RunE = func(_ *cobra.Command, args []string) error {
		if dir == "" {
			return cli.Usagef("--dir is missing: the directory of the new database")
		}
		var then time.Time
		if at != "" {
			var err error
			if then, err = time.Parse(time.RFC3339Nano, at); err != nil {
				return cli.Usagef("--at %s: a time like 2026-11-24T10:30:00Z is wanted", at)
			}
		}
		from, err := backup.Open(a.world.FS, args[0])
		if err != nil {
			return err
		}
		m, err := from.Choose(then)
		if err != nil {
			return err
		}
		if err := from.Restore(m, dir, then, a.world.Clock, a.world.Random); err != nil {
			return err
		}
		if then.IsZero() {
			then = m.Moment
		}
		fmt.Fprintf(a.world.Out, "%s is what the backup of %s says of %s\n", dir, m.Moment.Format(moments), then.UTC().Format(moments))
		return nil
	}
	return c
}
