package client

import (
	"context"
	"errors"
	"iter"
	"unicode/utf8"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/wire"
	"github.com/zerodb/zerodb/vm"
)

func validText(s string) bool { return utf8.ValidString(s) }

// source is the rows of a statement as they come.
type source struct {
	conn  *Conn
	call  *call // nil: its last answer has come
	shape *vm.Shape
	batch *protocol.Batch // of the part that came with the shape
	ended bool            // the statement's last part has come
	step  bool            // the call goes on behind the statement
	taken bool            // a batch has been taken whose credit is to be given back
	work  zerodb.Work
	page  string
}

// rows sends an execution and returns its rows; known is the shape that the request says it knows.
func (c *Conn) rows(ctx context.Context, m *protocol.ExecuteRequest, text string, known *vm.Shape) (*zerodb.Rows, error) {
	call, err := c.link.start(ctx, c, &protocol.Request{Body: &protocol.Request_Execute{Execute: m}}, text)
	if err != nil {
		return nil, err
	}
	s := &source{conn: c, call: call}
	p, err := s.part(ctx)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return zerodb.NewRows(ctx, zerodb.Statement{}, nil, "", nil), nil
	}
	rows, err := s.begin(ctx, p, text, known)
	if err != nil {
		return nil, err
	}
	if s.ended {
		if _, err := s.part(ctx); err != nil { // what the session is at behind it
			return nil, err
		}
	}
	return rows, nil
}

// begin makes the rows that a first part announces.
func (s *source) begin(ctx context.Context, p *protocol.Part, text string, known *vm.Shape) (*zerodb.Rows, error) {
	shape := known
	if p.Shape != nil {
		var err error
		if shape, err = wire.Shape(p.Shape); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	s.shape, s.batch, s.ended, s.work, s.page = shape, p.Batch, p.End, wire.Work(p.Work), p.Page
	return zerodb.NewRows(ctx, wire.Statement(p.Statement, text), shape, p.Plain, s), nil
}

// part waits for the next part; nil at the end of the call.
func (s *source) part(ctx context.Context) (*protocol.Part, error) {
	if s.call == nil {
		return nil, nil
	}
	r, err := s.call.next(ctx)
	if err != nil {
		s.conn.link.leave(s.call)
		s.call = nil
		return nil, err
	}
	s.conn.update(r.State)
	text := s.call.text
	if r.Last {
		s.call.free()
		s.call = nil
	}
	if err := failure(r, text); err != nil {
		return nil, err
	}
	return r.GetPart(), nil
}

// Next returns the rows of the next batch.
func (s *source) Next(ctx context.Context) ([]zerodb.Value, error) {
	for {
		s.giveBack()
		if b := s.batch; b != nil {
			s.batch = nil
			s.taken = true
			if b.Rows == 0 {
				continue
			}
			if s.shape == nil {
				return nil, ops.Errorf(ops.CodeInternal, "the server sent rows of no shape")
			}
			return wire.DecodeBatch(b, len(s.shape.Names))
		}
		if s.ended {
			return nil, nil
		}
		p, err := s.part(ctx)
		if err != nil || p == nil {
			s.ended = true
			return nil, err
		}
		s.batch = p.Batch
		if p.End {
			s.ended, s.work, s.page = true, wire.Work(p.Work), p.Page
		}
	}
}

// giveBack lets the server send a batch for the one that was taken.
func (s *source) giveBack() {
	if s.taken && s.call != nil && !s.ended {
		s.conn.link.tell(&protocol.Request{Body: &protocol.Request_Grant{Grant: &protocol.Grant{Id: s.call.id, Batches: 1}}})
	}
	s.taken = false
}

// Work returns what the statement has done, when it is over.
func (s *source) Work() zerodb.Work { return s.work }

// Page returns the token that continues the rows, when they are over.
func (s *source) Page() string { return s.page }

// Close ends the statement, unless the call goes on behind it.
func (s *source) Close() error {
	s.batch, s.shape = nil, nil
	if s.step {
		return nil
	}
	s.ended = true
	if s.call != nil {
		s.conn.link.leave(s.call)
		s.call = nil
	}
	return nil
}

// script runs a program statement by statement.
func (c *Conn) script(ctx context.Context, p *protocol.Program, text string, args []zerodb.Arg) iter.Seq2[*zerodb.Rows, error] {
	return func(yield func(*zerodb.Rows, error) bool) {
		m, err := c.execution(p, args)
		if err == nil {
			m.Step = true
			err = c.steps(ctx, m, text, yield)
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func (c *Conn) steps(ctx context.Context, m *protocol.ExecuteRequest, text string, yield func(*zerodb.Rows, error) bool) error {
	call, err := c.link.start(ctx, c, &protocol.Request{Body: &protocol.Request_Execute{Execute: m}}, text)
	if err != nil {
		return err
	}
	s := &source{conn: c, call: call}
	for {
		p, err := s.part(ctx)
		if err != nil || p == nil {
			return err
		}
		s = &source{conn: c, call: s.call, step: true}
		rows, err := s.begin(ctx, p, text, nil)
		if err != nil {
			return err
		}
		if !yield(rows, nil) {
			_ = rows.Close()
			s.abandon(ctx)
			return nil
		}
		rerr := rows.Err()
		_ = rows.Close()
		if s.call == nil { // it ended with an error
			return rerr
		}
		c.link.tell(&protocol.Request{Body: &protocol.Request_Grant{Grant: &protocol.Grant{Id: s.call.id, Next: true}}})
		for !s.ended {
			p, err := s.part(ctx)
			if err != nil || p == nil {
				return err
			}
			s.ended = p.End
		}
	}
}

// abandon ends a call in the middle of a text, and waits until it has: what it left open is then known.
func (s *source) abandon(ctx context.Context) {
	if s.call == nil {
		return
	}
	s.conn.link.tell(&protocol.Request{Body: &protocol.Request_Stop{Stop: &protocol.Stop{Id: s.call.id}}})
	for s.call != nil {
		if p, err := s.part(ctx); p == nil || err != nil {
			return
		}
	}
}

// stmt is a program that the server has prepared. Where the server has forgotten it, it is prepared again.
type stmt struct {
	conn *Conn
	text string
	zqb  []byte // instead of a text

	hash   []byte
	params []zerodb.Param
	about  zerodb.Description
	print  uint64 // of the shape
}

// Prepare compiles a text in the server, see zerodb.Session.Prepare.
func (c *Conn) Prepare(ctx context.Context, text string) (*zerodb.Stmt, error) {
	if err := checkText(text); err != nil {
		return nil, err
	}
	st := &stmt{conn: c, text: text}
	if err := st.prepare(ctx); err != nil {
		return nil, err
	}
	return zerodb.NewStmt(st), nil
}

// PrepareProgram takes a compiled program, see zerodb.Session.PrepareProgram.
func (c *Conn) PrepareProgram(ctx context.Context, zqb []byte) (*zerodb.Stmt, error) {
	st := &stmt{conn: c, text: sourceOf(zqb), zqb: zqb}
	if err := st.prepare(ctx); err != nil {
		return nil, err
	}
	return zerodb.NewStmt(st), nil
}

func (st *stmt) prepare(ctx context.Context) error {
	p := &protocol.Program{Text: st.text}
	if st.zqb != nil {
		p = &protocol.Program{Zqb: st.zqb}
	}
	r, err := st.conn.ask(ctx, &protocol.Request{Body: &protocol.Request_Prepare{Prepare: &protocol.PrepareRequest{Program: p}}}, st.text)
	if err != nil {
		return err
	}
	m := r.GetPrepared()
	if st.about, err = wire.Description(m); err != nil {
		return err
	}
	st.hash, st.print, st.params = m.GetHash(), wire.Print(st.about.Shape), nil
	for _, p := range m.GetParameters() {
		st.params = append(st.params, zerodb.Param{Name: p.GetName(), Type: p.GetType(), Optional: p.GetOptional()})
	}
	return nil
}

// Text returns the text.
func (st *stmt) Text() string { return st.text }

// Params returns the parameters.
func (st *stmt) Params() []zerodb.Param { return st.params }

// Describe says what the statement yields and touches.
func (st *stmt) Describe() zerodb.Description { return st.about }

// Program returns the compiled program, which a server keeps for itself where it compiled it.
func (st *stmt) Program() ([]byte, error) {
	if st.zqb == nil {
		return nil, ops.Errorf(ops.CodeUnsupported, "the program of a text is the server's").WithHint("zqc compile makes one")
	}
	return st.zqb, nil
}

// request makes the request of an execution by hash.
func (st *stmt) request(args []zerodb.Arg) (*protocol.ExecuteRequest, error) {
	m, err := st.conn.execution(&protocol.Program{Hash: st.hash}, args)
	if err == nil {
		m.KnownShape = st.print
	}
	return m, err
}

// again prepares the program again where the server does not have it, and reports whether it did.
func (st *stmt) again(ctx context.Context, err error) (bool, error) {
	if ops.CodeOf(err) != ops.CodeUnknownProgram {
		return false, err
	}
	if perr := st.prepare(ctx); perr != nil {
		return false, perr
	}
	return true, nil
}

// Execute runs the statement, see zerodb.Stmt.Execute.
func (st *stmt) Execute(ctx context.Context, args ...zerodb.Arg) (*zerodb.Rows, error) {
	for try := 0; ; try++ {
		m, err := st.request(args)
		if err != nil {
			return nil, err
		}
		m.Last = true
		rows, err := st.conn.rows(ctx, m, st.text, st.about.Shape)
		if err == nil || try > 0 {
			return rows, err
		}
		if again, err := st.again(ctx, err); !again {
			return nil, err
		}
	}
}

// Script runs the statements one by one, see zerodb.Stmt.Script.
func (st *stmt) Script(ctx context.Context, args ...zerodb.Arg) iter.Seq2[*zerodb.Rows, error] {
	p := &protocol.Program{Text: st.text}
	if st.zqb != nil {
		p = &protocol.Program{Zqb: st.zqb}
	}
	return st.conn.script(ctx, p, st.text, args)
}

// QueryRow runs the statement for its first row, see zerodb.Stmt.QueryRow.
func (st *stmt) QueryRow(ctx context.Context, args ...zerodb.Arg) (row zerodb.Row, found bool, err error) {
	if !st.about.Query {
		return st.firstRow(ctx, args)
	}
	for try := 0; ; try++ {
		m, err := st.request(args)
		if err != nil {
			return zerodb.Row{}, false, err
		}
		m.Last, m.MaxRows = true, 1
		row, found, err := st.first(ctx, m)
		if err == nil || try > 0 {
			return row, found, err
		}
		if again, err := st.again(ctx, err); !again {
			return zerodb.Row{}, false, err
		}
	}
}

// first sends an execution whose answer is one row at most.
func (st *stmt) first(ctx context.Context, m *protocol.ExecuteRequest) (row zerodb.Row, found bool, err error) {
	c := st.conn
	call, err := c.link.start(ctx, c, &protocol.Request{Body: &protocol.Request_Execute{Execute: m}}, st.text)
	if err != nil {
		return zerodb.Row{}, false, err
	}
	s := source{conn: c, call: call, shape: st.about.Shape}
	for s.call != nil {
		p, err := s.part(ctx)
		if err != nil {
			return zerodb.Row{}, false, err
		}
		if p.GetShape() != nil {
			if s.shape, err = wire.Shape(p.Shape); err != nil {
				return zerodb.Row{}, false, errors.Join(err, s.Close())
			}
		}
		if p.GetBatch().GetRows() == 0 || found {
			continue
		}
		if s.shape == nil {
			return zerodb.Row{}, false, errors.Join(ops.Errorf(ops.CodeInternal, "the server sent rows of no shape"), s.Close())
		}
		cells, err := wire.DecodeBatch(p.Batch, len(s.shape.Names))
		if err != nil {
			return zerodb.Row{}, false, errors.Join(err, s.Close())
		}
		row, found = zerodb.NewRow(s.shape, cells[:len(s.shape.Names)]), true
	}
	return row, found, nil
}

func (st *stmt) firstRow(ctx context.Context, args []zerodb.Arg) (zerodb.Row, bool, error) {
	rows, err := st.Execute(ctx, args...)
	if err != nil {
		return zerodb.Row{}, false, err
	}
	found := rows.Next()
	row := rows.Row()
	if err := rows.Err(); err != nil {
		return zerodb.Row{}, false, err
	}
	return row, found, rows.Close()
}
