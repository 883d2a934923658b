package storage

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
)

// wrap turns an error from below into one that a user can meet.
func wrap(err error) error {
	var known *ops.Error
	var gone *kv.GoneError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled):
		return &ops.Error{Code: ops.CodeCancelled, Message: "the context was cancelled", Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &ops.Error{Code: ops.CodeDeadline, Message: "the deadline passed", Err: err}
	case errors.Is(err, kv.ErrReadOnly):
		return &ops.Error{Code: ops.CodeReadOnlyTransaction, Message: readOnlyMessage(err), Err: err,
			Hint: "free space or mend the disk, then open the database again"}
	case errors.As(err, &gone):
		return &ops.Error{Code: ops.CodeNotKept, Message: "older versions are kept since " + show(ops.Time(gone.Since.Moment().UnixNano())) + ", and the query reads an earlier time", Err: err,
			Hint: "read a later time; the option Retention says how long they are kept"}
	case errors.Is(err, kv.ErrClosed), errors.Is(err, pebble.ErrClosed):
		return &ops.Error{Code: ops.CodeClosed, Message: "the database is closed", Err: err}
	case errors.Is(err, kv.ErrHeader), record.Corrupt(err), pebble.IsCorruptionError(err), errors.Is(err, io.ErrUnexpectedEOF):
		return &ops.Error{Code: ops.CodeCorrupt, Message: err.Error(), Err: err, Hint: "run zerodb check"}
	case errors.Is(err, syscall.ENOSPC):
		return &ops.Error{Code: ops.CodeIO, Message: "the disk is full: " + err.Error(), Err: err}
	}
	return &ops.Error{Code: ops.CodeIO, Message: err.Error(), Err: err}
}

func readOnlyMessage(err error) string {
	s := strings.TrimPrefix(err.Error(), kv.ErrReadOnly.Error())
	if s = strings.TrimPrefix(s, ": "); s == "" {
		return "the database is open for reading only"
	}
	return "the database takes no more writes since a write failed: " + s
}

// corruptRecord names the record whose bytes could not be read.
func corruptRecord(table string, key ops.Value, err error) error {
	if !record.Corrupt(err) {
		return wrap(err)
	}
	return &ops.Error{Code: ops.CodeCorrupt, Message: "record " + show(ops.Record(table, key)) + " is damaged", Err: err,
		Hint: "run zerodb check"}
}

// show prints a value for a message.
func show(v ops.Value) string { return ops.Format(v) }

func closedError() error { return wrap(kv.ErrClosed) }
