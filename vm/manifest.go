package vm

import (
	"cmp"
	"slices"
	"strings"

	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// ComputeManifest says what a program touches, from its code. The operands must be in range.
func ComputeManifest(p *Program) Manifest {
	m := manifestOf{p: p}
	for i := range p.Fragments {
		m.fragment(&p.Fragments[i])
	}
	return Manifest{Reads: tableFields(m.reads), Writes: tableFields(m.writes), Functions: sortedNames(m.functions),
		Capabilities: sortedNames(m.capabilities), Defines: m.defines, Cost: m.cost}
}

// touched is a field of a table; "" is none in particular.
type touched struct{ table, field string }

type manifestOf struct {
	p                       *Program
	reads, writes           []touched
	functions, capabilities []string
	defines                 bool
	cost                    CostClass
}

func sortedNames(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

func tableFields(all []touched) (tables []TableFields) {
	slices.SortFunc(all, func(a, b touched) int {
		return cmp.Or(strings.Compare(a.table, b.table), strings.Compare(a.field, b.field))
	})
	for _, x := range slices.Compact(all) {
		if n := len(tables); n == 0 || tables[n-1].Table != x.table {
			tables = append(tables, TableFields{Table: x.table})
		}
		t := &tables[len(tables)-1]
		switch {
		case x.field == "" || slices.Equal(t.Fields, everyField):
		case x.field == "*":
			t.Fields = everyField
		default:
			t.Fields = append(t.Fields, x.field)
		}
	}
	return tables
}

var everyField = []string{"*"}

func note(tables *[]touched, table string, fields ...string) {
	*tables = append(*tables, touched{table: table})
	for _, f := range fields {
		*tables = append(*tables, touched{table, f})
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
			note(&m.writes, m.table(&m.p.Accesses[in.B]), "*")
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
	note(&m.reads, name)
	for i := range a.Columns {
		switch c := &a.Columns[i]; {
		case c.Kind == ColumnID, c.Kind == ColumnEdge:
			note(&m.reads, name, "id")
		case c.Kind == ColumnVertex:
			note(&m.reads, name, "in", "out")
		case c.Kind == ColumnRecord, len(c.Path) == 0:
			note(&m.reads, name, "*")
		default:
			note(&m.reads, name, c.Path[0])
		}
	}
}

// follow notes what a path may read of records that links name. Of which tables they are is not known before the program
// runs. A register that is declared an object is no link to the machine: its members are at hand, but they may be links.
func (m *manifestOf) follow(f *Fragment, in *Instr) {
	path := m.p.Paths[in.C]
	object := f.Registers[in.B].Kind == ops.KindObject
	switch {
	case object && len(path) <= 1:
	case object:
		note(&m.reads, "*", path[1:]...)
	case len(path) == 0:
		note(&m.reads, "*", "*")
	default:
		note(&m.reads, "*", path...)
	}
}

func (m *manifestOf) call(name string) {
	m.functions = append(m.functions, name)
	if f := ops.LookupFunc(name); f != nil && f.Capability != "" {
		m.capabilities = append(m.capabilities, f.Capability)
	}
}
