package vm

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// ComputeManifest says what a program touches, from its code. The operands must be in range.
func ComputeManifest(p *Program) Manifest { return manifest(p, callsOf(p)) }

func manifest(p *Program, calls callGraph) Manifest {
	m := manifestOf{p: p}
	for i := range p.Fragments {
		m.fragment(&p.Fragments[i])
	}
	if calls.recursive() {
		m.cost = CostUnbounded
	}
	return Manifest{Reads: m.reads.sorted(), Writes: m.writes.sorted(), Functions: sortedNames(m.functions),
		Capabilities: sortedNames(m.capabilities), Defines: m.defines, Cost: m.cost}
}

// touched has the fields of tables that are touched, each table's without most repetitions.
type touched struct {
	tables []TableFields
	number []int32 // by table of the program, with -1 for every table in front: its place in tables plus one
}

type manifestOf struct {
	p                       *Program
	reads, writes           touched
	functions, capabilities []string
	defines                 bool
	cost                    CostClass
}

func sortedNames(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// sorted orders what was noted.
func (t *touched) sorted() []TableFields {
	slices.SortFunc(t.tables, func(a, b TableFields) int { return strings.Compare(a.Table, b.Table) })
	var out []TableFields
	for _, f := range t.tables {
		if n := len(out); n > 0 && out[n-1].Table == f.Table { // the program has the table twice
			out[n-1].Fields = append(out[n-1].Fields, f.Fields...)
			continue
		}
		out = append(out, f)
	}
	for i := range out {
		f := &out[i]
		slices.Sort(f.Fields)
		f.Fields = slices.Compact(f.Fields)
		if slices.Contains(f.Fields, "*") {
			f.Fields = everyField
		}
	}
	return out
}

var everyField = []string{"*"}

// fewFields is how many fields of a table are looked through for one that comes again.
const fewFields = 32

// note adds a table by its number, -1 for every table, and fields of it.
func (m *manifestOf) note(t *touched, table int, fields ...string) {
	if t.number == nil {
		t.number = make([]int32, len(m.p.Tables)+1)
	}
	at := &t.number[table+1]
	if *at == 0 {
		name := "*"
		if table >= 0 {
			name = m.p.Tables[table].Name
		}
		t.tables = append(t.tables, TableFields{Table: name})
		*at = int32(len(t.tables))
	}
	f := &t.tables[*at-1]
	for _, name := range fields {
		if len(f.Fields) > fewFields || !slices.Contains(f.Fields, name) {
			f.Fields = append(f.Fields, name)
		}
	}
}

func (m *manifestOf) fragment(f *Fragment) {
	for i := range f.Code {
		in := &f.Code[i]
		switch in.Op {
		case opcodes.Get, opcodes.Fetch, opcodes.OpenTable, opcodes.OpenRange, opcodes.OpenIndex, opcodes.OpenLookup, opcodes.OpenKeys, opcodes.OpenEdges, opcodes.OpenDegrees:
			m.read(&m.p.Accesses[in.B])
		case opcodes.Field:
			m.follow(f, in)
		case opcodes.Create, opcodes.Update, opcodes.Delete, opcodes.Relate:
			m.note(&m.writes, m.p.Accesses[in.B].Table, "*")
		case opcodes.Call:
			m.call(&m.p.Funcs[in.B])
		case opcodes.Virtual:
			m.virtual(m.p.Consts[in.B])
		case opcodes.Define, opcodes.DefineSecret:
			m.defines = true
		}
	}
	m.cost = max(m.cost, costOf(m.p, f))
}

// virtual notes a virtual table, which is none of the program's.
func (m *manifestOf) virtual(name ops.Value) {
	if name.Kind() == ops.KindString && !slices.ContainsFunc(m.reads.tables, func(t TableFields) bool { return t.Table == name.AsString() }) {
		m.reads.tables = append(m.reads.tables, TableFields{Table: name.AsString(), Fields: slices.Clone(everyField)})
	}
}

func (m *manifestOf) read(a *Access) {
	m.note(&m.reads, a.Table)
	for i := range a.Columns {
		switch c := &a.Columns[i]; {
		case c.Kind == ColumnID, c.Kind == ColumnEdge:
			m.note(&m.reads, a.Table, "id")
		case c.Kind == ColumnVertex:
			m.note(&m.reads, a.Table, "in", "out")
		case c.Kind == ColumnRecord, len(c.Path) == 0:
			m.note(&m.reads, a.Table, "*")
		default:
			m.note(&m.reads, a.Table, c.Path[0])
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
		m.note(&m.reads, -1, path[1:]...)
	case len(path) == 0:
		m.note(&m.reads, -1, "*")
	default:
		m.note(&m.reads, -1, path...)
	}
}

func (m *manifestOf) call(r *FuncRef) {
	m.functions = append(m.functions, r.Name)
	if r.Reads > 0 {
		m.read(&m.p.Accesses[r.Reads-1])
	}
	if f := ops.LookupFunc(r.Name); f != nil && f.Capability != "" {
		m.capabilities = append(m.capabilities, f.Capability)
	}
}
