package zerodb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/zerodb/zerodb/ops"
)

// CodeOf returns the code of an error of zerodb, or "internal" for another error.
func CodeOf(err error) Code { return ops.CodeOf(err) }

// Errors are all the errors that a text was refused for: nothing of it has run.
type Errors []*Error

func (e Errors) Error() string {
	var b strings.Builder
	for i, x := range e {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(x.Error())
	}
	return b.String()
}

// Unwrap gives errors.Is and errors.As each of them.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, x := range e {
		all[i] = x
	}
	return all
}

// compileError makes an error of what the compiler found.
func compileError(errs []*ops.Error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return Errors(errs)
}

// ScriptError says which statement of a text with several failed, and what took effect.
type ScriptError struct {
	Statement Statement // the one that failed
	Took      int       // how many statements before it took effect
	Undone    int       // how many before it were undone with the transaction that the text had begun
	Pending   int       // how many before it stand in the session's open transaction
	Err       error     // an *Error, or Errors where the statement did not compile
}

func (e *ScriptError) Error() string {
	s := fmt.Sprintf("statement %d: %v", e.Statement.Index+1, e.Err)
	var parts []string
	part := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	part(e.Took, "before it took effect")
	part(e.Undone, "undone")
	part(e.Pending, "in the open transaction")
	if len(parts) == 0 {
		return s + "; nothing took effect"
	}
	return s + "; statements: " + strings.Join(parts, ", ")
}

func (e *ScriptError) Unwrap() error { return e.Err }

// shifted moves an error's place from a part of a text to the whole.
func shifted(err error, by int) error {
	if by == 0 || err == nil {
		return err
	}
	var all Errors
	var one *ops.Error
	switch {
	case errors.As(err, &all):
		moved := make(Errors, len(all))
		for i, e := range all {
			moved[i] = shiftedOne(e, by)
		}
		return moved
	case errors.As(err, &one):
		return shiftedOne(one, by)
	}
	return err
}

func shiftedOne(e *ops.Error, by int) *ops.Error {
	if e.Span.IsZero() {
		return e
	}
	c := *e
	c.Span.Start += by
	c.Span.End += by
	return &c
}

// contextError turns the context's error into one with a code.
func contextError(err error) *ops.Error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &ops.Error{Code: ops.CodeDeadline, Message: "the deadline passed", Err: err}
	}
	return &ops.Error{Code: ops.CodeCancelled, Message: "the context was cancelled", Err: err}
}

var (
	errClosed   = ops.Errorf(ops.CodeClosed, "the database is closed")
	errEnded    = ops.Errorf(ops.CodeClosed, "the session is closed")
	errRowsOver = ops.Errorf(ops.CodeClosed, "the transaction that the rows were read in is over")
	errNested   = ops.Errorf(ops.CodeTransaction, "BEGIN inside a transaction").WithHint("COMMIT or CANCEL the open one first")
	errNoBegin  = ops.Errorf(ops.CodeTransaction, "there is no open transaction").WithHint("BEGIN one first")
)
