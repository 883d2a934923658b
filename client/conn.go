package client

import (
	"context"
	"iter"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/wire"
	"github.com/zerodb/zerodb/vm"
)

// Conn is a session in the server: it works in one database and has at most one open transaction. It is used by one goroutine
// at a time. Where the connection breaks, an open transaction and kept variables are lost, and the next call says so once; after that,
// and without them at once, the session goes on in a new connection.
type Conn struct {
	db                  *DB
	link                *link
	namespace, database string
	keep                bool
	memory              int64

	number uint64 // in the stream gen; 0: not opened
	gen    uint64
	inTx   bool
	kept   bool // there may be variables
	closed bool
}

var _ zerodb.Conn = (*Conn)(nil)

// open makes sure that the stream knows the session. The link's lock is held.
func (c *Conn) open(gen uint64) error {
	if c.closed {
		return errEnded
	}
	if c.gen == gen {
		return nil
	}
	lost := c.gen != 0 && (c.inTx || c.kept)
	c.gen, c.inTx, c.kept = 0, false, false
	if lost {
		return ops.Errorf(ops.CodeUnavailable, "the connection broke, and the session's transaction and variables with it").
			WithHint("begin the transaction again")
	}
	l := c.link
	l.session++
	l.id++
	c.number, c.gen = l.session, gen
	// The answer is of no interest: where the session cannot be opened, what comes next in it fails.
	l.queue = append(l.queue, &protocol.Request{Id: l.id, Session: c.number, Body: &protocol.Request_Open{Open: &protocol.OpenSession{
		Scope: &protocol.Scope{Namespace: c.namespace, Database: c.database}, KeepVariables: c.keep, Memory: uint64(c.memory)}}})
	return nil
}

// ask sends a request and waits for its only answer.
func (c *Conn) ask(ctx context.Context, m *protocol.Request, text string) (*protocol.Response, error) {
	call, err := c.link.start(ctx, c, m, text)
	if err != nil {
		return nil, err
	}
	r, err := call.next(ctx)
	if err != nil {
		c.link.leave(call)
		return nil, err
	}
	c.update(r.State)
	call.free()
	return r, failure(r, text)
}

// failure is the error that an answer is.
func failure(r *protocol.Response, text string) error {
	if f := r.GetFailure(); f != nil {
		return wire.ErrorOf(f, text)
	}
	return nil
}

// update takes what the server says of the session.
func (c *Conn) update(s *protocol.State) {
	if s != nil {
		c.namespace, c.database, c.inTx = s.Namespace, s.Database, s.InTransaction
	}
}

// execution makes the request of an execution.
func (c *Conn) execution(p *protocol.Program, args []zerodb.Arg) (*protocol.ExecuteRequest, error) {
	named, rest, err := zerodb.Expand(args)
	if err != nil {
		return nil, err
	}
	c.kept = c.kept || c.keep
	return &protocol.ExecuteRequest{Program: p, Params: wire.Object(named), Extra: wire.Object(rest), Window: uint32(c.db.options.window)}, nil
}

// Execute runs a text, see zerodb.Session.Execute.
func (c *Conn) Execute(ctx context.Context, text string, args ...zerodb.Arg) (*zerodb.Rows, error) {
	if err := checkText(text); err != nil {
		return nil, err
	}
	return c.last(ctx, &protocol.Program{Text: text}, text, args)
}

// ExecuteProgram runs a compiled program, see zerodb.Session.ExecuteProgram.
func (c *Conn) ExecuteProgram(ctx context.Context, zqb []byte, args ...zerodb.Arg) (*zerodb.Rows, error) {
	return c.last(ctx, &protocol.Program{Zqb: zqb}, sourceOf(zqb), args)
}

func (c *Conn) last(ctx context.Context, p *protocol.Program, text string, args []zerodb.Arg) (*zerodb.Rows, error) {
	m, err := c.execution(p, args)
	if err != nil {
		return nil, err
	}
	m.Last = true
	return c.rows(ctx, m, text, nil)
}

// Script runs a text statement by statement, see zerodb.Session.Script.
func (c *Conn) Script(ctx context.Context, text string, args ...zerodb.Arg) iter.Seq2[*zerodb.Rows, error] {
	if err := checkText(text); err != nil {
		return failing(err)
	}
	return c.script(ctx, &protocol.Program{Text: text}, text, args)
}

// ScriptProgram runs a compiled program, see zerodb.Session.ScriptProgram.
func (c *Conn) ScriptProgram(ctx context.Context, zqb []byte, args ...zerodb.Arg) iter.Seq2[*zerodb.Rows, error] {
	return c.script(ctx, &protocol.Program{Zqb: zqb}, sourceOf(zqb), args)
}

func failing(err error) iter.Seq2[*zerodb.Rows, error] {
	return func(yield func(*zerodb.Rows, error) bool) { yield(nil, err) }
}

// checkText refuses a text that cannot travel.
func checkText(text string) error {
	if !validText(text) {
		return ops.Errorf(ops.CodeSyntax, "the text is not UTF-8")
	}
	return nil
}

// sourceOf is the text that a program was compiled from; "" where the bytes are no program.
func sourceOf(zqb []byte) string {
	p, err := vm.Decode(zqb)
	if err != nil {
		return ""
	}
	return p.Source
}

// Begin begins a transaction, see zerodb.Session.Begin.
func (c *Conn) Begin(ctx context.Context, o *zerodb.TxOptions) error {
	_, err := c.ask(ctx, &protocol.Request{Body: &protocol.Request_Begin{Begin: &protocol.BeginRequest{ReadOnly: o != nil && o.ReadOnly}}}, "")
	return err
}

// Commit makes the transaction durable, see zerodb.Session.Commit.
func (c *Conn) Commit(ctx context.Context) error {
	_, err := c.ask(ctx, &protocol.Request{Body: &protocol.Request_Commit{Commit: &protocol.CommitRequest{}}}, "")
	return err
}

// patience is how long calls without a context wait for the server.
const patience = 10 * time.Second

// Cancel undoes the transaction, see zerodb.Session.Cancel. Where the connection is broken it is undone already.
func (c *Conn) Cancel() error {
	if c.closed {
		return errEnded
	}
	if !c.inTx {
		return nil
	}
	l := c.link
	l.mu.Lock()
	gone := l.stream == nil || l.gen != c.gen
	l.mu.Unlock()
	if gone {
		c.inTx = false
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := c.ask(ctx, &protocol.Request{Body: &protocol.Request_Cancel{Cancel: &protocol.CancelRequest{}}}, "")
	if ops.CodeOf(err) == ops.CodeUnavailable {
		c.inTx = false
		return nil
	}
	return err
}

// InTransaction reports whether the session has an open transaction.
func (c *Conn) InTransaction() bool { return c.inTx }

// Use goes to another database, see zerodb.Session.Use.
func (c *Conn) Use(ctx context.Context, namespace, database string) error {
	_, err := c.ask(ctx, &protocol.Request{Body: &protocol.Request_Use{Use: &protocol.UseRequest{Namespace: namespace, Database: database}}}, "")
	return err
}

// Namespace returns the name of the session's namespace.
func (c *Conn) Namespace() string { return c.namespace }

// Database returns the name of the session's database.
func (c *Conn) Database() string { return c.database }

// Catalog returns what the session's database defines now.
func (c *Conn) Catalog() (zerodb.Catalog, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := c.ask(ctx, &protocol.Request{Body: &protocol.Request_Info{Info: &protocol.InfoRequest{}}}, "")
	if err != nil {
		return nil, err
	}
	return wire.Catalog(r.GetInfo())
}

// Close ends the session; its transaction is cancelled.
func (c *Conn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	l := c.link
	l.mu.Lock()
	if l.stream == nil || c.gen != l.gen {
		l.mu.Unlock()
		return nil
	}
	l.id++
	l.push(&protocol.Request{Id: l.id, Session: c.number, Body: &protocol.Request_Close{Close: &protocol.CloseSession{}}})
	return nil
}
