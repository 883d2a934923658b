package server

import (
	"context"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/wire"
)

// sink takes the pieces of an answer. It may wait for the client; an error ends the statement.
type sink func(*protocol.Part) error

// execution is one request to run something, in a seat.
type execution struct {
	server *Server
	seat   *seat
	req    *protocol.ExecuteRequest
	send   sink
	// opened is called when a statement's rows are open: from there on other requests of the session may run. Between
	// statements it is called with next.
	opened func()
	next   func() error
	// skipped reports that the rest of the rows is not wanted.
	skipped func() bool

	rowwise bool // batches go row by row, and all of a statement into one
	shapes  bool // every part has its shape

	known *prepared
	rows  uint64 // sent so far
}

// run runs what is asked for and sends what it yields.
func (e *execution) run(ctx context.Context) error {
	args, err := wire.Args(e.req.GetParams(), e.req.GetExtra())
	if err != nil {
		return err
	}
	if m := e.req.GetLimits().GetMemory(); m > 0 {
		e.seat.session.SetMemory(int64(min(m, 1<<40)))
		defer e.seat.session.SetMemory(0)
	}
	p := e.req.GetProgram()
	s := e.seat.session
	switch {
	case len(p.GetHash()) > 0:
		known, err := e.server.programs.find(p.Hash)
		if err == nil {
			e.known, err = e.seat.statement(ctx, known)
		}
		if err != nil {
			return err
		}
		if e.req.GetLast() || e.known.query && !e.req.GetStep() {
			return e.last(e.known.stmt.Execute(ctx, args...))
		}
		return e.each(e.known.stmt.Script(ctx, args...))
	case len(p.GetZqb()) > 0:
		if e.req.GetLast() {
			return e.last(s.ExecuteProgram(ctx, p.Zqb, args...))
		}
		return e.each(s.ScriptProgram(ctx, p.Zqb, args...))
	case e.req.GetLast():
		return e.last(s.Execute(ctx, p.GetText(), args...))
	}
	return e.each(s.Script(ctx, p.GetText(), args...))
}

// last sends the rows of the last statement.
func (e *execution) last(rows *zerodb.Rows, err error) error {
	if err != nil {
		return err
	}
	return e.emit(rows)
}

// each sends the rows of every statement.
func (e *execution) each(results func(func(*zerodb.Rows, error) bool)) error {
	var failed error
	results(func(rows *zerodb.Rows, err error) bool {
		if err != nil {
			failed = err
			return false
		}
		if failed = e.emit(rows); failed != nil {
			if rows.Err() == nil {
				return false
			}
			failed = nil // it comes again, with what became of the text
			return true
		}
		if e.next != nil {
			failed = e.next()
		}
		return failed == nil
	})
	return failed
}

// emit sends the rows of a statement.
func (e *execution) emit(rows *zerodb.Rows) error {
	defer func() { _ = rows.Close() }()
	part := &protocol.Part{Statement: wire.StatementOf(rows.Statement())}
	if shape := rows.Shape(); shape == nil {
		part.Shape = &protocol.Shape{}
	} else if !e.known.knows(e.req.GetKnownShape(), shape) {
		part.Shape = wire.ShapeOf(shape)
	}
	part.Plain, _ = rows.Plain()
	if e.opened != nil {
		e.opened()
	}
	page := e.server.options.Limits.PageBytes
	if e.rowwise {
		page = e.server.options.Limits.QueryBytes
	} else if n := int(e.req.GetLimits().GetPageBytes()); n > 0 {
		page = min(page, n)
	}
	e.rows = 0
	for {
		var batch *protocol.Batch
		more, err := rows.Batch(func(b *zerodb.Batch) error {
			batch = e.encode(b)
			return nil
		})
		if err != nil {
			if part.Statement != nil || part.Batch != nil { // what came before the error
				_ = e.send(part)
			}
			return err
		}
		if !more {
			break
		}
		switch merged := merge(part.Batch, batch, page, e.rowwise); {
		case merged && e.rowwise && len(part.Batch.Tagged) > page:
			return ops.Errorf(ops.CodeTooLarge, "the rows take more than the %d bytes of an answer in one message", page).
				WithHint("use Execute, which streams, or add LIMIT")
		case !merged:
			if part.Batch != nil {
				if err := e.send(part); err != nil {
					return err
				}
				if part = (&protocol.Part{}); e.shapes {
					part.Shape = wire.ShapeOf(rows.Shape())
				}
			}
			part.Batch = batch
		}
		if m := e.req.GetMaxRows(); m > 0 && e.rows >= m || e.skipped != nil && e.skipped() {
			break
		}
	}
	if err := rows.Close(); err != nil {
		return err
	}
	part.End, part.Work, part.Page = true, wire.WorkOf(rows.Work()), rows.Page()
	return e.send(part)
}

// encode makes the message of a batch, of the rows that are wanted.
func (e *execution) encode(b *zerodb.Batch) *protocol.Batch {
	if m := e.req.GetMaxRows(); m > 0 && e.rows+uint64(b.N) > m {
		b.N = int(m - e.rows)
	}
	e.rows += uint64(b.N)
	if e.rowwise {
		return wire.EncodeRows(b, zerodb.None)
	}
	return wire.EncodeBatch(b)
}

// merge adds few rows to few rows.
func merge(into, b *protocol.Batch, page int, always bool) bool {
	if into == nil || len(into.Columns) > 0 || len(b.Columns) > 0 {
		return false
	}
	if !always && (len(into.Tagged)+len(b.Tagged) > page || into.Rows+b.Rows > ops.BatchSize) {
		return false
	}
	into.Rows += b.Rows
	into.Tagged = append(into.Tagged, b.Tagged...)
	return true
}

// bounded gives a context the time that a request may take.
func (s *Server) bounded(ctx context.Context, ms uint32) (context.Context, context.CancelFunc) {
	limit := s.options.Limits.Timeout
	if d := time.Duration(ms) * time.Millisecond; d > 0 && (limit == 0 || d < limit) {
		limit = d
	}
	if limit == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, limit)
}
