package storage

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage/kv"
)

// openPebble opens Pebble. Where Pebble would end the process it panics with kv.Panic, which is turned into an error here.
func (s *Store) openPebble() (err error) {
	defer recoverFatal(&err)
	s.pebble, err = pebble.Open(s.opts.Dir, s.pebbleOptions())
	switch {
	case err == nil:
		return nil
	case isLocked(err):
		return &ops.Error{Code: ops.CodeLocked, Message: fmt.Sprintf("%s is open in another process", s.opts.Dir), Err: err,
			Hint: "stop that process, or use another directory"}
	}
	return wrap(err)
}

func (s *Store) closePebble() (err error) {
	defer recoverFatal(&err)
	return s.pebble.Close()
}

func recoverFatal(err *error) {
	switch r := recover().(type) {
	case nil:
	case kv.Panic:
		*err = wrap(r.Err)
	case error:
		if !errors.Is(r, pebble.ErrClosed) {
			panic(r)
		}
		*err = wrap(r)
	default:
		panic(r)
	}
}

// backgroundError hears of failed flushes and compactions. Pebble tries them again by itself, but a full disk would
// stall every writer once the memtables are full: better to say so at once.
func (s *Store) backgroundError(err error) {
	if s.opts.Logger != nil {
		s.opts.Logger.Errorf("background: %v", err)
	}
	if db := s.events.Load(); db != nil && (errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EIO) || errors.Is(err, syscall.EROFS)) {
		db.Fail(err)
	}
}

func (s *Store) filesChanged() {
	if db := s.events.Load(); db != nil {
		db.FilesChanged()
	}
}

// pebbleLogger passes Pebble's words on, and panics where Pebble gives up.
type pebbleLogger struct{ to Logger }

func (l pebbleLogger) Infof(format string, args ...any) {
	if l.to != nil {
		l.to.Infof(format, args...)
	}
}

func (l pebbleLogger) Errorf(format string, args ...any) {
	if l.to != nil {
		l.to.Errorf(format, args...)
	}
}

// Fatalf must not return.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	l.Errorf(format, args...)
	panic(kv.Panic{Err: fatalError(format, args)})
}

// fatalError keeps the error among the arguments in the chain.
func fatalError(format string, args []any) error {
	for _, a := range args {
		if err, ok := a.(error); ok {
			return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
		}
	}
	return fmt.Errorf(format, args...)
}
