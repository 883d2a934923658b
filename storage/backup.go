package storage

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
)

// A backup is the files of the store as they were at one commit. Tables of Pebble's never change once they are written, so that a
// backup after another copies only those that are new.

// BackupStart describes a backup.
type BackupStart struct {
	// Database is the identity of the store.
	Database string
	// Time is that of the last commit in the backup. As of the times from Since to Until it can be restored: Until is the last millisecond
	// that was over when it was made.
	Time, Since, Until uint64
	// Format is the version of what the files hold.
	Format int
}

// Moment is the latest time that the backup can be restored as of.
func (b *BackupStart) Moment() time.Time { return kv.Time(b.Until).Moment() }

// Covers reports whether the backup can be restored as of a time.
func (b *BackupStart) Covers(at time.Time) bool {
	then := uint64(kv.TimeAt(at))
	return b.Since <= then && then <= b.Until
}

// BackupFile is a file of a backup.
type BackupFile struct {
	Name string
	Size int64
}

// Fixed reports whether a file of the name never changes.
func (f BackupFile) Fixed() bool {
	return strings.HasSuffix(f.Name, ".sst") || strings.HasSuffix(f.Name, ".blob")
}

// BackupSink takes a backup.
type BackupSink interface {
	// Have says which database the sink has files of, and which that never change.
	Have() (database string, files []BackupFile)
	Start(b BackupStart) error
	// Kept is a file that the sink has.
	Kept(f BackupFile) error
	File(f BackupFile, content io.Reader) error
}

const backupDir = "backup"

// Backup gives a sink the store as it is at one moment, while it is used.
func (s *Store) Backup(ctx context.Context, to BackupSink) (err error) {
	if !s.backing.TryLock() {
		return ops.Errorf(ops.CodeInUse, "a backup is under way").WithHint("wait for its end")
	}
	defer s.backing.Unlock()
	fs, dir := s.opts.FS, s.opts.FS.PathJoin(s.opts.Dir, backupDir)
	if err := fs.RemoveAll(dir); err != nil { // of a backup that a crash has ended
		return wrap(err)
	}
	defer func() { err = errors.Join(err, wrap(fs.RemoveAll(dir))) }()
	start, err := s.checkpoint(dir)
	if err != nil {
		return wrap(err)
	}
	return s.send(ctx, dir, start, to)
}

// checkpoint makes links to the files as they are at one commit. Nobody commits meanwhile; what takes time is the copy of the log, which
// is as long as what has not been flushed.
func (s *Store) checkpoint(dir string) (start BackupStart, err error) {
	defer recoverClosed(&err)
	if err := s.pebble.Flush(); err != nil { // so that little has to be copied while nobody commits
		return start, err
	}
	since := kv.Time(0)
	err = s.db.Exclusive(func() (err error) {
		start = BackupStart{Database: s.ident.id, Time: uint64(s.db.Now()), Until: uint64(kv.TimeAt(s.opts.Clock().Add(-time.Millisecond))), Format: FormatVersion}
		if since, err = s.db.Since(); err != nil {
			return err
		}
		return s.pebble.Checkpoint(dir, pebble.WithFlushedWAL())
	})
	start.Since = uint64(since)
	return start, err
}

func (s *Store) send(ctx context.Context, dir string, start BackupStart, to BackupSink) error {
	fs := s.opts.FS
	names, err := fs.List(dir)
	if err != nil {
		return wrap(err)
	}
	slices.Sort(names)
	have := map[BackupFile]bool{}
	if database, files := to.Have(); database == start.Database {
		for _, f := range files {
			have[f] = f.Fixed()
		}
	}
	if err := to.Start(start); err != nil {
		return err
	}
	if err := to.File(BackupFile{identityFile, int64(len(s.ident.text()))}, strings.NewReader(s.ident.text())); err != nil {
		return err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return wrap(err)
		}
		path := fs.PathJoin(dir, name)
		info, err := fs.Stat(path)
		if err != nil {
			return wrap(err)
		}
		f := BackupFile{name, info.Size()}
		if have[f] {
			err = to.Kept(f)
		} else {
			err = s.sendFile(path, f, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) sendFile(path string, f BackupFile, to BackupSink) error {
	in, err := s.opts.FS.Open(path)
	if err != nil {
		return wrap(err)
	}
	return errors.Join(to.File(f, in), wrap(in.Close()))
}

// Restored makes a store of the files of a backup: it becomes another than the one that they are of, so that later backups of
// the two are not mixed up, and with at the state of that time.
func Restored(o Options, at time.Time) (err error) {
	if err := o.complete(); err != nil {
		return err
	}
	if _, err := readIdentity(&o); err != nil {
		return err
	}
	var id [16]byte
	if _, err := io.ReadFull(o.Random, id[:]); err != nil {
		return wrap(err)
	}
	if err := writeFile(o.FS, o.Dir, identityFile, identity{FormatVersion, hex.EncodeToString(id[:])}.text()); err != nil {
		return wrap(err)
	}
	if at.IsZero() {
		return nil
	}
	s, err := Open(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.db.Rewind(kv.TimeAt(at)); err != nil {
		return wrap(err)
	}
	return wrap(s.forgetEstimates())
}

// forgetEstimates removes what is known of tables' sizes and values: it is of a later time.
func (s *Store) forgetEstimates() error {
	b := s.pebble.NewBatch()
	for _, object := range []uint32{metaRows, metaStats} {
		p := keys.Make(keys.Meta, object)
		if err := b.DeleteRange(p[:], keys.AppendEnd(nil, p[:]), nil); err != nil {
			return err
		}
	}
	return s.pebble.Apply(b, pebble.Sync)
}
