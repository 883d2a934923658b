package zerodb

import (
	"context"
	"io"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/storage"
)

type (
	// BackupStart describes a backup: of which database it is, of when, and how far back it can be restored.
	BackupStart = storage.BackupStart
	// BackupFile is a file of a backup.
	BackupFile = storage.BackupFile
	// BackupSink takes a backup.
	BackupSink = storage.BackupSink
)

// Backup gives a sink the database as it is at one moment, while it is used. Files that never change, and that the sink has, are not
// sent again.
func (db *DB) Backup(ctx context.Context, to BackupSink) error { return db.store.Backup(ctx, to) }

// Restored makes a database of the files of a backup, which have been put into a directory; with a time that is not zero, as it was
// then. Where it fails the directory is of no use.
func Restored(fs vfs.FS, dir string, clock func() time.Time, random io.Reader, at time.Time) error {
	return storage.Restored(storage.Options{FS: fs, Dir: dir, Clock: clock, Random: random, Retention: defaultRetention}, at)
}
