package codegen

import (
	"math"
	"slices"

	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// Explained is what EXPLAIN shows of a statement.
type Explained struct{ Plan, Bytecode string }

// Generate writes a program. plans are those of the program's statements; explain gives what EXPLAIN shows of a statement.
func Generate(src string, p *sema.Program, plans []*plan.Plan, explain func(i int) Explained) (out *vm.Program, err *ops.Error) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(faultError)
			if !ok {
				panic(r)
			}
			out, err = nil, ops.Errorf(ops.CodeInternal, "compiler: %s", f.text)
		}
	}()
	m := newModule(src, p)
	for i := range p.Statements {
		m.statement(&p.Statements[i], plans[i], func() Explained { return explain(i) })
	}
	if e := m.checkSize(); e != nil {
		return nil, e
	}
	m.out.Manifest = vm.ComputeManifest(&m.out)
	return &m.out, nil
}

// checkSize: operands are 16 bits wide.
func (m *module) checkSize() *ops.Error {
	most := max(len(m.out.Consts), len(m.out.Shapes), len(m.out.Paths), len(m.out.Accesses), len(m.out.Builders), len(m.out.Defs), len(m.out.Fragments))
	for i := range m.out.Fragments {
		most = max(most, len(m.out.Fragments[i].Registers), len(m.out.Fragments[i].Code))
	}
	if most > math.MaxUint16 {
		return ops.Errorf(ops.CodeTooComplex, "the program needs %d entries of one kind, %d is the most", most, math.MaxUint16)
	}
	return nil
}

func (m *module) statement(s *sema.Statement, p *plan.Plan, explain func() Explained) {
	st := vm.Statement{Kind: s.Kind, Span: s.Span, Silent: s.Silent, Explain: s.Explain, Fragment: none}
	switch {
	case s.Explain == 1:
		x := explain()
		st.Plan = x.Plan
		st.Kind = vm.StatementQuery
		st.Fragment = m.explained(x, s.Span)
	case s.Body != nil:
		if s.Explain == 2 {
			st.Plan = explain().Plan
		}
		st.Fragment = m.fragment(s, p)
	}
	for _, o := range s.Needs {
		if i := m.object(o); !slices.Contains(st.Needs, i) {
			st.Needs = append(st.Needs, i)
		}
	}
	slices.Sort(st.Needs)
	m.out.Statements = append(m.out.Statements, st)
}

func (m *module) fragment(s *sema.Statement, p *plan.Plan) int {
	g := m.gen(p, p.Root)
	g.span = s.Span
	switch b := s.Body.(type) {
	case *sema.Routine:
		return m.add(g.statements(b))
	case *sema.Query, *sema.Values:
		return g.query(p.Root)
	case *sema.Write:
		return g.write(p.Root)
	case *sema.Let:
		g.rows(func() { g.emit(opcodes.VarSet, uint16(b.Slot), g.expr(p.Root.Items[0].X), 0) })
		return g.finish(none)
	case *sema.Define:
		if b.Password != nil {
			g.emit(opcodes.DefineSecret, g.def(b.Change), g.expr(b.Password), 0)
		} else {
			g.emit(opcodes.Define, g.def(b.Change), 0, 0)
		}
		return g.finish(none)
	case *sema.Describe:
		r := g.declare(none, vm.Register{Kind: ops.KindObject})
		g.emit(opcodes.Describe, r, g.def(b.Of), 0)
		end := g.label()
		if b.Of.IfExists {
			g.emit(opcodes.JumpIf, r, ifNone, uint16(end))
		}
		shape := g.shape(vm.Shape{Form: vm.RowObject, Names: []string{"*"}, Types: []ops.Type{ops.TypeOf(ops.KindObject)}})
		g.emit(opcodes.EmitRow, shape, r, 0)
		g.bind(end)
		return g.finish(int(shape))
	}
	panic(fault("no code for statement %T", s.Body))
}

// explained is a fragment that yields one row: the plan and the bytecode.
func (m *module) explained(x Explained, at ops.Span) int {
	g := m.gen(nil, nil)
	g.span = at
	base := g.newRegs(2)
	for i, text := range []string{x.Plan, x.Bytecode} {
		r := g.declare(int(base)+i, vm.Register{Kind: ops.KindString})
		g.emit(opcodes.Const, r, g.constant(ops.String(text)), 0)
	}
	text := ops.TypeOf(ops.KindString)
	shape := g.shape(vm.Shape{Form: vm.RowColumns, Names: []string{"plan", "bytecode"}, Types: []ops.Type{text, text}})
	g.emit(opcodes.EmitRow, shape, base, 0)
	return g.finish(int(shape))
}
