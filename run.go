package zerodb

import (
	"context"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage"
	"github.com/zerodb/zerodb/vm"
	"github.com/zerodb/zerodb/vm/rights"
)

const opDefine = opcodes.Define

// compile returns the program of a text, from the cache where it is there.
func (s *Session) compile(ctx context.Context, text string, variables []string) (*compiled, error) {
	cat, err := s.catalog()
	if err != nil {
		return nil, err
	}
	return s.compileFor(ctx, text, cat, variables)
}

// dirty reports whether a catalog holds what the open transaction has changed: its version is nobody else's.
func (s *Session) dirty(cat Catalog) bool { return s.tx != nil && cat.Version() != s.txVersion }

func (s *Session) compileFor(ctx context.Context, text string, cat Catalog, variables []string) (*compiled, error) {
	cat, set, err := s.seen(cat)
	if err != nil {
		return nil, err
	}
	compileIt := func() (*compiled, []*ops.Error) {
		c, errs := s.db.compile(text, cat, variables)
		if c != nil {
			c.set = set
		}
		return c, errs
	}
	if s.dirty(cat) {
		c, errs := compileIt()
		if len(errs) > 0 {
			return nil, compileError(errs)
		}
		return c, nil
	}
	key := cacheKey{text: text, namespace: s.namespace, database: s.database, version: cat.Version(), set: set, variables: strings.Join(variables, " ")}
	c, errs := s.db.statements.get(ctx, key, compileIt)
	if len(errs) > 0 {
		return nil, compileError(errs)
	}
	return c, nil
}

// compile compiles a text. A fault of the compiler's is an error, not the end of the process.
func (db *DB) compile(text string, cat Catalog, variables []string) (c *compiled, errs []*ops.Error) {
	defer func() {
		if fault := recover(); fault != nil {
			shown := text
			if strings.Contains(strings.ToLower(text), "password") {
				shown = "a text with a password"
			}
			db.options.Logger.Error("the compiler panicked", "fault", fault, "text", shown, "stack", string(debug.Stack()))
			c, errs = nil, []*ops.Error{ops.Errorf(ops.CodeInternal, "the compiler failed: %v", fault)}
		}
	}()
	result, errs := compiler.Compile(text, compiler.Options{Catalog: cat, Vars: variables})
	if len(errs) > 0 {
		return nil, errs
	}
	c = newCompiled(result.Program, cat.Version(), programBytes(result.Program))
	c.secret = result.Secret
	return c, nil
}

// link returns a statement linked to a catalog.
func (db *DB) link(c *compiled, statement int, cat Catalog, set *rights.Set, private bool) (*linkedAt, error) {
	o := vm.LinkOptions{CompileGuard: compiler.Expr}
	if set != nil { // a view is of one set alone: what was linked to it was allowed
		o.Rules, cat = cat, set.Catalog()
	}
	if at := c.linked[statement].Load(); at != nil && at.catalog == cat && !private {
		return at, nil
	}
	at := &linkedAt{catalog: cat, narrow: set}
	if set != nil {
		direct, err := set.Program(c.program)
		if err != nil {
			return nil, err
		}
		if direct {
			at.narrow = nil
		}
	}
	var err error
	if at.linked, err = vm.Link(c.program, statement, cat, o); err != nil {
		return nil, err
	}
	if !private {
		c.linked[statement].Store(at)
	}
	return at, nil
}

// over is the transaction that a linked statement of the session runs in.
func (s *Session) over(at *linkedAt, tx *storage.Txn) vm.Txn {
	if at.narrow == nil {
		return tx
	}
	return at.narrow.Over(tx, s.holder.auth, s.db.env)
}

// runStatement runs a query, a write or a definition; rows gets what it yields. Its errors point into the whole text.
func (s *Session) runStatement(ctx context.Context, rows *Rows, c *compiled, statement int, params, vars []Value) (err error) {
	st := &c.program.Statements[statement]
	c.usage.runs.Add(1)
	rows.usage = &c.usage
	if err := s.settleOpen(); err != nil {
		return err
	}
	if s.db.options.Observer != nil {
		rows.observed = s.observe(rows, c, statement, params, vars)
		ctx = rows.ctx
		began := s.db.options.Clock()
		defer func() { rows.begun(began, st.Kind, err) }()
	}
	run := func(tx *storage.Txn) error {
		at, err := s.link(c, statement, tx.Catalog())
		if err != nil {
			return shifted(err, rows.offset)
		}
		linked := at.linked
		o := s.limits(s.budget(new(vm.Budget)))
		o.Params, o.Vars = params, vars
		if st.Explain == 2 {
			o.Profile = vm.NewProfile(linked)
		}
		if rows.observed != nil {
			rows.observed.equip(&o, linked)
		}
		machine, err := vm.Run(ctx, linked, s.over(at, tx), o)
		if err != nil {
			return shifted(err, rows.offset)
		}
		rows.source = machineSource{machine}
		rows.shape, rows.tx, rows.sets = linked.Shape(), tx, linked.SetsVariables()
		switch st.Explain {
		case 1:
			return explain(rows)
		case 2:
			return analyze(rows, st, o.Profile)
		}
		return nil
	}
	if st.Kind == vm.StatementQuery {
		return s.query(ctx, rows, st, run)
	}
	if s.tx != nil && redefines(c.program, st) {
		return ops.Errorf(ops.CodeTransaction, "REDEFINE TABLE takes several transactions, and cannot be part of one").WithHint("run it outside BEGIN … COMMIT")
	}
	saved := slices.Clone(vars)
	return s.write(ctx, func(tx *storage.Txn) error {
		copy(vars, saved)
		rows.err, rows.batch, rows.next = nil, nil, 0
		if err := run(tx); err != nil {
			return err
		}
		return rows.drain()
	})
}

// redefines reports whether a statement is REDEFINE TABLE.
func redefines(p *vm.Program, st *vm.Statement) bool {
	return st.Kind == vm.StatementDefine && slices.ContainsFunc(p.Fragments[st.Fragment].Code, func(in vm.Instr) bool {
		return in.Op == opDefine && p.Defs[in.A].Kind == schema.RedefineTable
	})
}

// limits are the options of a run that every statement has.
func (s *Session) limits(memory *vm.Budget) vm.Options {
	o := vm.Options{Env: s.db.env, Memory: memory, Spill: s.db.spill, Virtual: &s.db.system, Steps: s.db.options.StatementSteps, HashKey: s.db.hashKey, Batch: s.db.batch}
	if t := s.db.options.StatementTime; t > 0 {
		o.Deadline = s.db.options.Clock().Add(t)
	}
	return o
}

// query runs what only reads. Its rows are a stream; statements whose effect is a variable run to their end.
func (s *Session) query(ctx context.Context, rows *Rows, st *vm.Statement, run func(*storage.Txn) error) error {
	tx := s.tx
	if tx == nil {
		var err error
		if tx, err = s.beginQuery(ctx, rows.observed); err != nil {
			return err
		}
		rows.own = true
	}
	rows.tx = tx
	if err := run(tx); err != nil {
		if rows.own && rows.tx != nil {
			tx.Cancel()
		}
		return err
	}
	if rows.source == nil { // analysed, and over
		return nil
	}
	s.open = append(s.open, rows)
	if st.Silent || rows.sets {
		return rows.drain()
	}
	return nil
}

// settleOpen reads the rows that are still open in the session's transaction into memory: the statement that comes next may
// change what they read.
func (s *Session) settleOpen() error {
	if s.tx == nil {
		return nil
	}
	for _, r := range slices.Clone(s.open) {
		if r.tx == s.tx {
			if err := r.drain(); err != nil {
				return err
			}
		}
	}
	return nil
}

// explain reads what EXPLAIN yields, a row of texts, and shows it as one text as well.
func explain(rows *Rows) error {
	if err := rows.drain(); err != nil {
		return err
	}
	var parts []string
	for _, v := range rows.batch {
		if v.Kind() == ops.KindString {
			parts = append(parts, strings.TrimRight(v.AsString(), "\n")+"\n")
		}
	}
	rows.plain = strings.Join(parts, "\n")
	return nil
}

// analyze runs a statement under EXPLAIN ANALYZE: its rows are counted and dropped, the profile is the result.
func analyze(rows *Rows, st *vm.Statement, p *vm.Profile) error {
	for rows.source != nil {
		rows.pull()
	}
	if rows.err != nil {
		return rows.err
	}
	var b strings.Builder
	b.WriteString(st.Plan)
	if st.Plan != "" && !strings.HasSuffix(st.Plan, "\n") {
		b.WriteByte('\n')
	}
	p.Write(&b)
	rows.plain, rows.profile = b.String(), p
	rows.shape = planShape
	rows.batch, rows.next = []Value{ops.String(rows.plain)}, 0
	return nil
}

var planShape = &vm.Shape{Form: vm.RowColumns, Names: []string{"plan"}, Types: []ops.Type{ops.TypeOf(ops.KindString)}}
