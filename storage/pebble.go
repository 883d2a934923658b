package storage

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage/kv"
)

// openPebble opens Pebble and the key-value layer over it.
func (s *Store) openPebble() (err error) {
	defer recoverClosed(&err)
	s.pebble, err = pebble.Open(s.opts.Dir, s.pebbleOptions())
	switch {
	case err == nil:
	case isLocked(err):
		return &ops.Error{Code: ops.CodeLocked, Message: fmt.Sprintf("%s is open already", s.opts.Dir), Err: err,
			Hint: "stop the process that has it, or use another directory"}
	default:
		return wrap(err)
	}
	s.db, err = kv.New(s.pebble, kv.Options{Clock: s.opts.Clock, Relaxed: s.opts.Relaxed, ReadOnly: s.opts.ReadOnly, Retention: s.opts.Retention})
	if err != nil {
		_ = s.pebble.Close() // what failed before says more
		return wrap(err)
	}
	s.events.Store(s.db)
	if e := s.early.Load(); e != nil {
		_ = s.pebble.Close()
		return wrap(*e)
	}
	return nil
}

func (s *Store) closePebble() (err error) {
	defer recoverClosed(&err)
	return s.pebble.Close()
}

// recoverClosed turns Pebble's panic about a store that is closed into an error.
func recoverClosed(err *error) {
	switch r := recover().(type) {
	case nil:
	case error:
		if !errors.Is(r, pebble.ErrClosed) {
			panic(r)
		}
		*err = wrap(r)
	default:
		panic(r)
	}
}

// guardedFS keeps Pebble from panicking where the sync of a directory fails, which can happen in its own goroutines. The
// store is told instead, and acknowledges nothing from then on.
type guardedFS struct {
	vfs.FS
	fail func(error)
}

// OpenDir implements vfs.FS.
func (f guardedFS) OpenDir(name string) (vfs.File, error) {
	d, err := f.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return guardedDir{d, f.fail}, nil
}

// Unwrap implements vfs.FS.
func (f guardedFS) Unwrap() vfs.FS { return f.FS }

type guardedDir struct {
	vfs.File
	fail func(error)
}

// Sync implements vfs.File.
func (d guardedDir) Sync() error {
	if err := d.File.Sync(); err != nil {
		d.fail(fmt.Errorf("sync of a directory: %w", err))
	}
	return nil
}

// backgroundError hears of failed flushes and compactions. Pebble tries them again by itself, but a full disk would
// stall every writer once the memtables are full: better to say so at once.
func (s *Store) backgroundError(err error) {
	if s.opts.Logger != nil {
		s.opts.Logger.Errorf("background: %v", err)
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EIO) || errors.Is(err, syscall.EROFS) {
		s.fail(err)
	}
}

// fail makes the store read-only.
func (s *Store) fail(err error) {
	if db := s.events.Load(); db != nil {
		db.Fail(err)
	} else {
		s.early.CompareAndSwap(nil, &err)
	}
}

func (s *Store) filesChanged() {
	if db := s.events.Load(); db != nil {
		db.FilesChanged()
	}
}

// pebbleLogger passes Pebble's words on.
type pebbleLogger struct {
	to   Logger
	fail func(error)
}

// Infof implements pebble.Logger.
func (l pebbleLogger) Infof(format string, args ...any) {
	if l.to != nil {
		l.to.Infof(format, args...)
	}
}

// Errorf implements pebble.Logger.
func (l pebbleLogger) Errorf(format string, args ...any) {
	if l.to != nil {
		l.to.Errorf(format, args...)
	}
}

// Fatalf implements pebble.Logger. Pebble would end the process here: it cannot go on writing. Reading can go on, so the
// store becomes read-only. Every such call in Pebble is followed by the return of an error, or is about an invariant.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	l.Errorf(format, args...)
	if l.fail != nil {
		l.fail(fatalError(format, args))
	}
}

// fatalError keeps the error among the arguments in the chain.
func fatalError(format string, args []any) error {
	msg := fmt.Sprintf(format, args...)
	for _, a := range args {
		if err, ok := a.(error); ok {
			return fmt.Errorf("%s: %w", msg, err)
		}
	}
	return errors.New(msg)
}
