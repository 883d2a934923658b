package zerodb

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/zerodb/zerodb/storage"
	"github.com/zerodb/zerodb/vm"
)

// Stmt is a text that has been compiled, to be run many times. It belongs to its session. When definitions change it is
// compiled again by itself.
type Stmt struct {
	session *Session
	text    string
	c       *compiled
	// Where c was compiled: another database has other definitions.
	namespace, database string
	simple              bool     // one query without variables, fit for QueryRow's short way
	fixed               bool     // c comes from outside, and is not compiled again
	remote              Prepared // what the statement is where the database is elsewhere; nil here
}

// Param is a parameter of a statement.
type Param struct {
	Name string
	// Type is what ZeroQL calls the type: int, string?, any.
	Type string
	// Optional parameters may be left out, and are none then.
	Optional bool
}

// Prepare compiles a text. It must not change definitions on the way: such texts are for Execute.
func (s *Session) Prepare(ctx context.Context, text string) (*Stmt, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.exit()
	st := &Stmt{session: s, text: text}
	if err := st.recompile(ctx); err != nil {
		return nil, err
	}
	return st, nil
}

// PrepareProgram takes a compiled program, the content of a .zqb file, to be run many times. The bytes are not trusted, see
// ExecuteProgram.
func (s *Session) PrepareProgram(ctx context.Context, zqb []byte) (*Stmt, error) {
	c, err := s.program(ctx, zqb)
	if err != nil {
		return nil, err
	}
	st := &Stmt{session: s, text: c.program.Source, fixed: true}
	st.take(c)
	return st, nil
}

// Text returns the text.
func (st *Stmt) Text() string {
	if st.remote != nil {
		return st.remote.Text()
	}
	return st.text
}

// Params returns the parameters in the order in which the text first names them.
func (st *Stmt) Params() []Param {
	if st.remote != nil {
		return st.remote.Params()
	}
	ps := make([]Param, len(st.c.program.Params))
	for i, p := range st.c.program.Params {
		ps[i] = Param{Name: p.Name, Type: p.Type.String(), Optional: p.Optional}
	}
	if len(ps) > 1 { // the compiler numbers them as it meets them, WHERE before SET
		at := make(map[string]int, len(ps))
		for i := range ps {
			at[ps[i].Name] = firstUse(st.text, ps[i].Name).Start
		}
		slices.SortStableFunc(ps, func(a, b Param) int { return cmp.Compare(at[a.Name], at[b.Name]) })
	}
	return ps
}

// Program returns the compiled program as the bytes of a .zqb file.
func (st *Stmt) Program() ([]byte, error) {
	if st.remote != nil {
		return st.remote.Program()
	}
	return vm.Encode(st.c.program)
}

// Describe says what the statement yields and touches.
func (st *Stmt) Describe() Description {
	if st.remote != nil {
		return st.remote.Describe()
	}
	p := st.c.program
	d := Description{Manifest: p.Manifest, Statements: len(p.Statements), Query: st.simple}
	for i := len(p.Statements) - 1; i >= 0 && d.Shape == nil; i-- {
		if at := &p.Statements[i]; at.Fragment >= 0 && !at.Silent && p.Fragments[at.Fragment].Shape >= 0 {
			d.Shape = &p.Shapes[p.Fragments[at.Fragment].Shape]
		}
	}
	return d
}

// Description says what a statement yields and touches.
type Description struct {
	Shape      *vm.Shape // of the last statement that has rows; nil where none has
	Manifest   vm.Manifest
	Statements int
	Query      bool // it is one query
}

func (st *Stmt) recompile(ctx context.Context) error {
	s := st.session
	var names []string
	if s.keep {
		names = s.variables.names()
	}
	c, err := s.compile(ctx, st.text, names)
	if err != nil {
		return err
	}
	st.take(c)
	return nil
}

// take makes c what the statement runs.
func (st *Stmt) take(c *compiled) {
	st.c, st.namespace, st.database = c, st.session.namespace, st.session.database
	p := c.program
	st.simple = len(p.Statements) == 1 && len(p.Vars) == 0 && p.Statements[0].Kind == vm.StatementQuery && p.Statements[0].Explain == 0 && !p.Statements[0].Silent
}

// fresh makes sure that the program fits the definitions as they are.
func (st *Stmt) fresh(ctx context.Context, cat Catalog) error {
	if st.fixed {
		return nil
	}
	if st.c.version == cat.Version() && st.namespace == st.session.namespace && st.database == st.session.database {
		if _, set, err := st.session.seen(cat); err != nil || set == st.c.set {
			return err
		}
	}
	return st.recompile(ctx)
}

// Execute runs the statement, see Session.Execute.
func (st *Stmt) Execute(ctx context.Context, args ...Arg) (*Rows, error) {
	if st.remote != nil {
		return st.remote.Execute(ctx, slices.Clone(args)...)
	}
	if st.simple {
		return st.stream(ctx, args)
	}
	r, err := st.runner(ctx, slices.Clone(args)) // so that args need not outlive the short way
	if err != nil {
		return nil, err
	}
	return st.session.last(ctx, r)
}

// stream is Execute for a single query.
func (st *Stmt) stream(ctx context.Context, args []Arg) (*Rows, error) {
	s := st.session
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.exit()
	cat, err := s.catalog()
	if err == nil {
		err = st.fresh(ctx, cat)
	}
	if err != nil {
		return nil, err
	}
	p := st.c.program // of the same kind: that is a matter of the text
	rows := &Rows{session: s, ctx: ctx}
	params := rows.room[:0]
	if len(p.Params) > len(rows.room) {
		params = make([]Value, 0, len(p.Params))
	}
	params = params[:len(p.Params)]
	if err := bind(params, p, args); err != nil {
		return nil, err
	}
	rows.statement = statementOf(p, &p.Statements[0], 0, 0)
	if err := s.runStatement(ctx, rows, st.c, 0, params, nil); err != nil {
		return nil, err
	}
	return rows, nil
}

// Script runs the statements one by one, see Session.Script.
func (st *Stmt) Script(ctx context.Context, args ...Arg) iter.Seq2[*Rows, error] {
	if st.remote != nil {
		return st.remote.Script(ctx, args...)
	}
	r, err := st.runner(ctx, args)
	if err != nil {
		return func(yield func(*Rows, error) bool) { yield(nil, err) }
	}
	return st.session.each(ctx, r)
}

func (st *Stmt) runner(ctx context.Context, args []Arg) (*runner, error) {
	s := st.session
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.exit()
	cat, err := s.catalog()
	if err != nil {
		return nil, err
	}
	if err := st.fresh(ctx, cat); err != nil {
		return nil, err
	}
	r := &runner{session: s, text: st.text, args: args, program: st.c}
	if s.keep {
		r.kept = s.variables
	}
	return r, r.begin(nil)
}

// frame is what QueryRow needs for a moment.
type frame struct {
	params []Value
	batch  []Value
	clone  cloner
	budget *vm.Budget
}

var frames = sync.Pool{New: func() any { return new(frame) }}

// QueryRow runs a statement for its first row; found is false where there is none. It is the fast way to read one record:
// the row it returns is about all that it allocates.
func (st *Stmt) QueryRow(ctx context.Context, args ...Arg) (row Row, found bool, err error) {
	if st.remote != nil {
		return st.remote.QueryRow(ctx, slices.Clone(args)...)
	}
	if !st.simple || st.session.db.options.Observer != nil {
		return st.firstRow(ctx, slices.Clone(args)) // so that args need not outlive the short way
	}
	s := st.session
	if err := s.enter(); err != nil {
		return Row{}, false, err
	}
	defer s.exit()
	tx := s.tx
	if tx == nil {
		if tx, err = s.begin(ctx, false); err != nil {
			return Row{}, false, err
		}
		defer release(tx)
	}
	cat := tx.Catalog()
	if err := st.fresh(ctx, cat); err != nil {
		return Row{}, false, err
	}
	at, err := s.link(st.c, 0, cat)
	if err != nil {
		return Row{}, false, err
	}
	f := frames.Get().(*frame)
	defer frames.Put(f)
	params := st.c.program.Params
	if cap(f.params) < len(params) {
		f.params = make([]Value, len(params))
	}
	f.params = f.params[:len(params)]
	if err := bind(f.params, st.c.program, args); err != nil {
		return Row{}, false, err
	}
	weight := sampled(st.c.usage.runs.Add(1))
	var began time.Time
	if weight > 0 {
		began = s.db.options.Clock()
	}
	row, found, err = s.firstOf(ctx, at.linked, s.over(at, tx), f)
	if weight > 0 {
		st.c.usage.nanos.Add(weight * int64(s.db.options.Clock().Sub(began)))
	}
	if found {
		st.c.usage.rows.Add(1)
	}
	return row, found, err
}

// sampled says how often the time of a short read counts: asking the clock costs a part of what it would measure, so behind the
// first few one of 16 is measured, for all of them.
func sampled(run int64) int64 {
	switch {
	case run <= 16:
		return 1
	case run%16 == 0:
		return 16
	}
	return 0
}

// release ends a transaction that only read. Nothing that it gave out may be in use.
func release(tx *storage.Txn) {
	tx.Cancel()
	tx.Release()
}

// firstOf runs a linked query for its first row.
func (s *Session) firstOf(ctx context.Context, linked *vm.Linked, tx vm.Txn, f *frame) (row Row, found bool, err error) {
	if f.budget == nil {
		f.budget = new(vm.Budget)
	}
	o := s.limits(s.budget(f.budget))
	o.Params = f.params
	rows, err := vm.Run(ctx, linked, tx, o)
	if err != nil {
		return Row{}, false, err
	}
	whole, direct := tx.(*storage.Txn)
	kept := direct && whole != s.tx && linked.GivesRecord()
	if kept {
		whole.KeepGets()
	}
	b, err := rows.Next(ctx)
	if err == nil && b != nil && b.N > 0 {
		if found = true; kept {
			row = Row{shape: b.Shape, one: b.Value(0, 0)}
		} else {
			row = f.take(b)
		}
	}
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	return row, found, err
}

// take copies the first row of a batch.
func (f *frame) take(b *vm.OutBatch) Row {
	row := Row{shape: b.Shape}
	width := len(b.Shape.Names)
	f.batch = f.batch[:0]
	for col := range width {
		v := b.Value(0, col)
		f.clone.measure(v)
		f.batch = append(f.batch, v)
	}
	f.clone.room()
	if b.Shape.Form != vm.RowColumns {
		row.one = f.clone.copy(f.batch[0])
		return row
	}
	row.cells = make([]Value, width)
	for i, v := range f.batch {
		row.cells[i] = f.clone.copy(v)
	}
	return row
}

// firstRow is QueryRow for every other statement.
func (st *Stmt) firstRow(ctx context.Context, args []Arg) (Row, bool, error) {
	rows, err := st.Execute(ctx, args...)
	if err != nil {
		return Row{}, false, err
	}
	found := rows.Next()
	row := rows.Row()
	if err := rows.Err(); err != nil {
		return Row{}, false, err
	}
	return row, found, rows.Close()
}
