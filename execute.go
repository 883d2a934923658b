package zerodb

import (
	"context"
	"errors"
	"iter"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// Execute runs a text of one or more statements and returns the rows of the last one that has any; those of the
// statements before it are dropped (Script gives them all). A single query's rows are a stream; writes are durable when
// Execute returns.
//
// A text that does not parse is refused as a whole, with every error in it. Outside BEGIN each statement is a
// transaction of its own. When a statement fails those behind it do not run, the transaction that the text has begun is
// cancelled, and the error says which statement it was and what took effect.
func (s *Session) Execute(ctx context.Context, text string, args ...Arg) (*Rows, error) {
	return s.last(ctx, &runner{session: s, text: text, args: args})
}

// ExecuteProgram runs a compiled program, the content of a .zqb file, as Execute runs a text. The bytes are not trusted:
// whatever they are, the answer is rows or an error. A program compiled against definitions that have changed
// meanwhile is refused with recompile.
func (s *Session) ExecuteProgram(ctx context.Context, zqb []byte, args ...Arg) (*Rows, error) {
	r, err := s.programRunner(zqb, args)
	if err != nil {
		return nil, err
	}
	return s.last(ctx, r)
}

// Script runs a text statement by statement: each pair is the rows of one, which may be silent. The next statement runs
// when the loop goes on, and the rows before are closed then; leaving the loop leaves the rest undone. An error ends it, as its
// last pair.
func (s *Session) Script(ctx context.Context, text string, args ...Arg) iter.Seq2[*Rows, error] {
	return s.each(ctx, &runner{session: s, text: text, args: args})
}

// ScriptProgram runs a compiled program as Script runs a text.
func (s *Session) ScriptProgram(ctx context.Context, zqb []byte, args ...Arg) iter.Seq2[*Rows, error] {
	r, err := s.programRunner(zqb, args)
	if err != nil {
		return func(yield func(*Rows, error) bool) { yield(nil, err) }
	}
	return s.each(ctx, r)
}

func (s *Session) each(ctx context.Context, r *runner) iter.Seq2[*Rows, error] {
	return func(yield func(*Rows, error) bool) {
		for {
			rows, err := r.next(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			if rows == nil {
				return
			}
			if !yield(rows, nil) {
				_ = rows.Close()
				return
			}
			if err := rows.Close(); err != nil {
				yield(nil, r.failed(err))
				return
			}
			if rows.err != nil {
				yield(nil, r.failed(rows.err))
				return
			}
			r.took++
		}
	}
}

// last runs everything and returns the rows of the last statement that has any.
func (s *Session) last(ctx context.Context, r *runner) (*Rows, error) {
	var last *Rows
	for {
		rows, err := r.next(ctx)
		if err != nil {
			if last != nil {
				_ = last.Close()
			}
			return nil, err
		}
		if rows == nil {
			if last == nil {
				last = &Rows{session: s}
			}
			return last, nil
		}
		more := r.more()
		if more || rows.Silent() {
			if err := s.finish(rows); err != nil {
				return nil, r.failed(err)
			}
		}
		r.took++
		if last == nil || !rows.Silent() {
			last = rows
		}
	}
}

// finish brings a statement to its end; its rows are kept.
func (s *Session) finish(rows *Rows) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return rows.drain()
}

// runner runs the statements of one text, one after another.
type runner struct {
	session *Session
	text    string
	args    []Arg

	program  *compiled // given from outside, or that of the current segment
	segments []segment // nil until the text has been looked at
	segment  int       // index of the segment after the current one
	offset   int       // where the current segment begins in the text
	lenient  bool      // arguments may be of other segments

	statement int // index in program of the next statement
	index     int // of the next statement in the text
	params    []Value
	vars      []Value
	kept      variables // the variables of the text, between its segments

	began bool // the open transaction is this text's
	took  int  // statements that took effect
	start int  // took when the transaction began
}

// next runs one statement. It returns nil at the end.
func (r *runner) next(ctx context.Context) (*Rows, error) {
	s := r.session
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.exit()
	for r.program == nil || r.statement == len(r.program.program.Statements) {
		done, err := r.advance(ctx)
		if err != nil {
			return nil, r.fail(err)
		}
		if done {
			return nil, nil
		}
	}
	rows, err := r.run(ctx)
	if err != nil {
		return nil, r.fail(err)
	}
	r.statement++
	r.index++
	return rows, nil
}

// more reports whether there are statements behind the one that ran last.
func (r *runner) more() bool {
	return r.statement < len(r.program.program.Statements) || r.segment < len(r.segments)
}

// advance compiles the next segment of the text, and binds the arguments.
func (r *runner) advance(ctx context.Context) (done bool, err error) {
	s := r.session
	if r.program != nil {
		r.keepVariables()
		if r.segment >= len(r.segments) {
			if s.keep {
				s.variables = r.kept
			}
			return true, nil
		}
	} else if r.segments == nil {
		if s.keep {
			r.kept = s.variables
		}
		c, err := r.whole(ctx)
		if err != nil || c != nil {
			r.program = c
			return false, r.begin(err)
		}
		if len(r.segments) == 0 {
			return true, nil
		}
	}
	seg := r.segments[r.segment]
	r.segment++
	r.offset = seg.start
	r.program, err = s.compile(ctx, r.text[seg.start:seg.end], r.kept.names())
	r.statement = 0
	return false, r.begin(shifted(err, seg.start))
}

// whole compiles the text in one piece, where nothing in it changes what the rest is compiled against; else it cuts it
// into segments.
func (r *runner) whole(ctx context.Context) (*compiled, error) {
	if !mayDefine(r.text) {
		return r.session.compile(ctx, r.text, r.kept.names())
	}
	segments, err := cut(r.text)
	if err != nil {
		return nil, err
	}
	if len(segments) == 1 {
		return r.session.compile(ctx, r.text, r.kept.names())
	}
	for _, a := range r.args { // later it would be too late to refuse the text as a whole
		if a.name != "" && !mentions(r.text, a.name) {
			return nil, unknownParameter(nil, a.name)
		}
	}
	r.segments, r.lenient = segments, true
	return nil, nil
}

// begin gives a program its parameters and variables.
func (r *runner) begin(err error) error {
	if err != nil {
		return err
	}
	p := r.program.program
	r.params = make([]Value, len(p.Params))
	args := r.args
	if r.lenient {
		args = nil
		for _, a := range r.args {
			if a.name == "" || paramSlot(p.Params, a.name) >= 0 {
				args = append(args, a)
			}
		}
	}
	if err := bind(r.params, p, args); err != nil {
		return r.atUse(err)
	}
	r.vars = make([]Value, len(p.Vars))
	for i, name := range p.Vars {
		r.vars[i] = r.kept.get(name)
	}
	return nil
}

// atUse says which statement an error about a parameter is of: the one that uses it first.
func (r *runner) atUse(err error) error {
	var e *ops.Error
	if !errors.As(err, &e) || e.Span.IsZero() {
		return err
	}
	for i, st := range r.program.program.Statements {
		if st.Span.Start <= e.Span.Start && e.Span.Start < st.Span.End {
			r.index += i - r.statement
			r.statement = i
		}
	}
	return shifted(err, r.offset)
}

func (r *runner) keepVariables() {
	for i, name := range r.program.program.Vars {
		r.kept = r.kept.with(name, cloneValue(r.vars[i]))
	}
}

// run runs the next statement.
func (r *runner) run(ctx context.Context) (*Rows, error) {
	s := r.session
	st := &r.program.program.Statements[r.statement]
	rows := &Rows{session: s, ctx: ctx, offset: r.offset, statement: r.describe(st)}
	var err error
	switch st.Kind {
	case vm.StatementBegin:
		if err = s.beginTx(ctx, false); err == nil {
			r.began, r.start = true, r.took
		}
	case vm.StatementCommit:
		r.began = false
		err = s.commit(ctx)
	case vm.StatementCancel:
		if s.tx == nil {
			return nil, r.placed(errNoBegin, st)
		}
		r.began = false
		s.cancel()
	case vm.StatementUse:
		err = r.use()
	default:
		err = s.runStatement(ctx, rows, r.program, r.statement, r.params, r.vars)
	}
	if err != nil {
		return nil, r.placed(err, st)
	}
	return rows, nil
}

// placed points an error that has no place at the statement it is of.
func (r *runner) placed(err error, st *vm.Statement) error {
	var e *ops.Error
	if !errors.As(err, &e) || st.Span.IsZero() {
		return err
	}
	return e.At(ops.Span{Start: r.offset + st.Span.Start, End: r.offset + st.Span.End})
}

var kindNames = [...]string{vm.StatementQuery: "query", vm.StatementWrite: "write", vm.StatementDefine: "define", vm.StatementUse: "use",
	vm.StatementBegin: "begin", vm.StatementCommit: "commit", vm.StatementCancel: "cancel"}

func (r *runner) describe(st *vm.Statement) Statement {
	return statementOf(r.program.program, st, r.index, r.offset)
}

// statementOf describes a statement of a program whose source begins at an offset of the text.
func statementOf(p *vm.Program, st *vm.Statement, index, offset int) Statement {
	d := Statement{Index: index, Offset: offset + st.Span.Start, Kind: kindNames[st.Kind],
		Silent: st.Silent || st.Kind >= vm.StatementDefine && st.Fragment < 0}
	if st.Span.Start >= 0 && st.Span.End <= len(p.Source) && st.Span.Start < st.Span.End {
		d.Text = p.Source[st.Span.Start:st.Span.End]
	}
	return d
}

// use carries out USE.
func (r *runner) use() error {
	p := r.program.program
	f := &p.Fragments[p.Statements[r.statement].Fragment]
	for _, in := range f.Code {
		if in.Op != opDefine {
			continue
		}
		c := &p.Defs[in.A]
		if err := r.session.use(c.Namespace, c.Database); err != nil {
			return err
		}
	}
	return nil
}

// failed is fail for errors that were met while a statement's rows were read.
func (r *runner) failed(err error) error {
	s := r.session
	s.mu.Lock()
	defer s.mu.Unlock()
	r.index--
	return r.fail(err)
}

// fail ends the text: the transaction it has begun is cancelled, and where it has several statements the error says
// which one failed and what became of the others.
func (r *runner) fail(err error) error {
	s := r.session
	s.db.system.failed(err)
	undone, pending := 0, 0
	switch {
	case s.tx == nil:
	case r.began:
		undone = r.took - r.start
		s.cancel()
	default:
		pending = r.took
	}
	if r.index == 0 && !r.several() {
		return err
	}
	var already *ScriptError
	if errors.As(err, &already) {
		return err
	}
	e := &ScriptError{Err: err, Took: r.took - undone - pending, Undone: undone, Pending: pending, Statement: Statement{Index: r.index, Offset: r.offset}}
	if r.program != nil && r.statement < len(r.program.program.Statements) {
		e.Statement = r.describe(&r.program.program.Statements[r.statement])
	}
	return e
}

// several reports whether the text has more than one statement.
func (r *runner) several() bool {
	return len(r.segments) > 1 || r.program != nil && len(r.program.program.Statements) > 1
}

// programRunner takes a program from outside: decodes it and verifies it, once for the same bytes.
func (s *Session) programRunner(zqb []byte, args []Arg) (*runner, error) {
	c, err := s.program(context.Background(), zqb)
	if err != nil {
		return nil, err
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.exit()
	r := &runner{session: s, text: c.program.Source, args: args, program: c}
	return r, r.begin(nil)
}

// program decodes and verifies a program from outside, once for the same bytes.
func (s *Session) program(ctx context.Context, zqb []byte) (*compiled, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.exit()
	key := cacheKey{text: "\x00" + string(zqb)} // no ZeroQL text begins with a zero
	c, errs := s.db.statements.get(ctx, key, func() (*compiled, []*ops.Error) {
		p, err := vm.Decode(zqb)
		if err == nil {
			err = vm.Verify(p)
		}
		if err != nil {
			return nil, []*ops.Error{asError(err)}
		}
		return newCompiled(p, 0, programBytes(p)+int64(len(zqb))), nil
	})
	if len(errs) > 0 {
		return nil, compileError(errs)
	}
	return c, nil
}

// asError makes an *Error of an error that should be one.
func asError(err error) *ops.Error {
	var e *ops.Error
	if errors.As(err, &e) {
		return e
	}
	return &ops.Error{Code: ops.CodeInternal, Message: err.Error(), Err: err}
}
