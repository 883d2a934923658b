package vm

import (
	"maps"
	"slices"

	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// ComputeManifest says what a program touches, from its code. The operands must be in range.
func ComputeManifest(p *Program) Manifest {
	m := manifestOf{p: p, reads: map[string]fieldSet{}, writes: map[string]fieldSet{}, functions: map[string]bool{}, capabilities: map[string]bool{}}
	for i := range p.Fragments {
		m.fragment(&p.Fragments[i])
	}
	return Manifest{Reads: sortedFields(m.reads), Writes: sortedFields(m.writes), Functions: sortedNames(m.functions),
		Capabilities: sortedNames(m.capabilities), Defines: m.defines, Cost: m.cost}
}

type fieldSet map[string]bool

type manifestOf struct {
	p                       *Program
	reads, writes           map[string]fieldSet
	functions, capabilities map[string]bool
	defines                 bool
	cost                    CostClass
}

func sortedNames(s map[string]bool) []string {
	if len(s) == 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(s))
}

func sortedFields(tables map[string]fieldSet) []TableFields {
	var all []TableFields
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		fields := sortedNames(tables[name])
		if tables[name]["*"] {
			fields = []string{"*"}
		}
		all = append(all, TableFields{Table: name, Fields: fields})
	}
	return all
}

func note(tables map[string]fieldSet, table string, fields ...string) {
	if tables[table] == nil {
		tables[table] = fieldSet{}
	}
	for _, f := range fields {
		tables[table][f] = true
	}
}

func (m *manifestOf) fragment(f *Fragment) {
	for i := range f.Code {
		in := &f.Code[i]
		switch in.Op {
		case opcodes.Get, opcodes.Fetch, opcodes.OpenTable, opcodes.OpenRange, opcodes.OpenIndex, opcodes.OpenKeys, opcodes.OpenEdges:
			m.read(&m.p.Accesses[in.B])
		case opcodes.Field:
			m.follow(f, in)
		case opcodes.Create, opcodes.Update, opcodes.Delete, opcodes.Relate:
			note(m.writes, m.table(&m.p.Accesses[in.B]), "*")
		case opcodes.Call:
			m.call(m.p.Funcs[in.B].Name)
		case opcodes.Define:
			m.defines = true
		}
	}
	m.cost = max(m.cost, costOf(m.p, f))
}

func (m *manifestOf) table(a *Access) string {
	if a.Table < 0 {
		return "*"
	}
	return m.p.Tables[a.Table].Name
}

func (m *manifestOf) read(a *Access) {
	name := m.table(a)
	note(m.reads, name)
	for i := range a.Columns {
		switch c := &a.Columns[i]; {
		case c.Kind == ColumnID, c.Kind == ColumnEdge:
			note(m.reads, name, "id")
		case c.Kind == ColumnVertex:
			note(m.reads, name, "in", "out")
		case c.Kind == ColumnRecord, len(c.Path) == 0:
			note(m.reads, name, "*")
		default:
			note(m.reads, name, c.Path[0])
		}
	}
}

// follow notes what a path may read of records that links name. Of which tables they are is not known before the program
// runs; an object has its members at hand.
func (m *manifestOf) follow(f *Fragment, in *Instr) {
	if f.Registers[in.B].Kind == ops.KindObject {
		return
	}
	path := m.p.Paths[in.C]
	if len(path) == 0 {
		note(m.reads, "*", "*")
		return
	}
	note(m.reads, "*", path...)
}

func (m *manifestOf) call(name string) {
	m.functions[name] = true
	if f := ops.LookupFunc(name); f != nil && f.Capability != "" {
		m.capabilities[f.Capability] = true
	}
}
