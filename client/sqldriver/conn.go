package sqldriver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"iter"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// Conn is a connection of database/sql: a session. sql.Conn.Raw gives it to who asks for it:
//
//	err := c.Raw(func(c any) error { session := c.(*sqldriver.Conn).Session(); … })
type Conn struct {
	session             zerodb.Conn
	namespace, database string // where it began
	prepared            map[string]*zerodb.Stmt
	end                 func() error // closes the database as well
}

var (
	_ driver.Conn               = (*Conn)(nil)
	_ driver.ConnPrepareContext = (*Conn)(nil)
	_ driver.ConnBeginTx        = (*Conn)(nil)
	_ driver.QueryerContext     = (*Conn)(nil)
	_ driver.ExecerContext      = (*Conn)(nil)
	_ driver.Pinger             = (*Conn)(nil)
	_ driver.SessionResetter    = (*Conn)(nil)
	_ driver.NamedValueChecker  = (*Conn)(nil)
)

// Session returns the session, which has all that database/sql has no word for. It is used as long as Raw runs.
func (c *Conn) Session() zerodb.Conn { return c.session }

// Close ends the session.
func (c *Conn) Close() error {
	err := c.session.Close()
	if c.end != nil {
		err = errors.Join(err, c.end())
	}
	return err
}

// Ping asks for something small.
func (c *Conn) Ping(ctx context.Context) error {
	rows, err := c.session.Execute(ctx, "RETURN 1")
	if err != nil {
		return err
	}
	return rows.Close()
}

// ResetSession makes the session what it was when it began: the next user of the pool gets it.
func (c *Conn) ResetSession(ctx context.Context) error {
	if err := c.session.Cancel(); err != nil {
		return driver.ErrBadConn
	}
	if c.session.Namespace() != c.namespace || c.session.Database() != c.database {
		return c.session.Use(ctx, c.namespace, c.database)
	}
	return nil
}

// maxPrepared is how many texts with arguments by position a connection remembers.
const maxPrepared = 64

// statement is a text compiled, for its parameters' names; the texts used last are remembered.
func (c *Conn) statement(ctx context.Context, text string) (*zerodb.Stmt, error) {
	if st := c.prepared[text]; st != nil {
		return st, nil
	}
	st, err := c.session.Prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	if c.prepared == nil || len(c.prepared) >= maxPrepared {
		c.prepared = map[string]*zerodb.Stmt{}
	}
	c.prepared[text] = st
	return st, nil
}

// Prepare compiles a text.
func (c *Conn) Prepare(text string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), text)
}

// PrepareContext compiles a text.
func (c *Conn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	st, err := c.session.Prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	return &stmt{st}, nil
}

// QueryContext runs a text for the rows of its last statement.
func (c *Conn) QueryContext(ctx context.Context, text string, given []driver.NamedValue) (driver.Rows, error) {
	if positional(given) {
		st, err := c.statement(ctx, text)
		if err != nil {
			return nil, err
		}
		return (&stmt{st}).QueryContext(ctx, given)
	}
	args, err := arguments(nil, given)
	if err != nil {
		return nil, err
	}
	return rowsOf(c.session.Execute(ctx, text, args...))
}

// ExecContext runs a text and counts the records that it writes.
func (c *Conn) ExecContext(ctx context.Context, text string, given []driver.NamedValue) (driver.Result, error) {
	if positional(given) {
		st, err := c.statement(ctx, text)
		if err != nil {
			return nil, err
		}
		return (&stmt{st}).ExecContext(ctx, given)
	}
	args, err := arguments(nil, given)
	if err != nil {
		return nil, err
	}
	return count(c.session.Script(ctx, text, args...))
}

// count runs statements to their end.
func count(results iter.Seq2[*zerodb.Rows, error]) (driver.Result, error) {
	var wrote int64
	for rows, err := range results {
		if err != nil {
			return nil, err
		}
		for more := true; more; {
			var err error
			if more, err = rows.Batch(func(*zerodb.Batch) error { return nil }); err != nil {
				break // it comes again, with what became of the text
			}
		}
		wrote += rows.Work().Wrote
	}
	return result(wrote), nil
}

// result is how many records were written.
type result int64

// RowsAffected returns how many records were written.
func (r result) RowsAffected() (int64, error) { return int64(r), nil }

// LastInsertId is no idea of zerodb's: ids are records, and any number may be made.
func (result) LastInsertId() (int64, error) {
	return 0, ops.Errorf(ops.CodeUnsupported, "there is no id of the last record").WithHint("CREATE … RETURN id yields it: use Query")
}

// Begin begins a transaction.
func (c *Conn) Begin() (driver.Tx, error) { return c.BeginTx(context.Background(), driver.TxOptions{}) }

// BeginTx begins a transaction. It is serialisable, which is what every weaker isolation allows.
func (c *Conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	switch level := sql.IsolationLevel(o.Isolation); level {
	case sql.LevelDefault, sql.LevelReadUncommitted, sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSnapshot, sql.LevelSerializable:
	default:
		return nil, ops.Errorf(ops.CodeUnsupported, "transactions are serialisable; the isolation %s is not offered", level)
	}
	if err := c.session.Begin(ctx, &zerodb.TxOptions{ReadOnly: o.ReadOnly}); err != nil {
		return nil, err
	}
	return tx{c.session}, nil
}

// tx is the session's transaction.
type tx struct{ session zerodb.Conn }

// Commit makes it durable.
func (t tx) Commit() error { return t.session.Commit(context.Background()) }

// Rollback undoes it.
func (t tx) Rollback() error { return t.session.Cancel() }

// stmt is a compiled text.
type stmt struct{ *zerodb.Stmt }

var (
	_ driver.StmtQueryContext = (*stmt)(nil)
	_ driver.StmtExecContext  = (*stmt)(nil)
)

// Close does nothing: a statement holds nothing.
func (s *stmt) Close() error { return nil }

// NumInput leaves the counting to the statement, which knows names and what may be left out.
func (s *stmt) NumInput() int { return -1 }

// QueryContext runs the statement for its rows.
func (s *stmt) QueryContext(ctx context.Context, given []driver.NamedValue) (driver.Rows, error) {
	args, err := arguments(s.Stmt, given)
	if err != nil {
		return nil, err
	}
	return rowsOf(s.Stmt.Execute(ctx, args...))
}

// ExecContext runs the statement and counts the records that it writes.
func (s *stmt) ExecContext(ctx context.Context, given []driver.NamedValue) (driver.Result, error) {
	args, err := arguments(s.Stmt, given)
	if err != nil {
		return nil, err
	}
	return count(s.Stmt.Script(ctx, args...))
}

// Query runs the statement for its rows.
func (s *stmt) Query(given []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), numbered(given))
}

// Exec runs the statement.
func (s *stmt) Exec(given []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), numbered(given))
}

func numbered(given []driver.Value) []driver.NamedValue {
	out := make([]driver.NamedValue, len(given))
	for i, v := range given {
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return out
}
