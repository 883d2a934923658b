// Package codegen writes programs for plans. A pipeline becomes the loops of one fragment: each step is asked to produce its
// rows, and to run the code of what consumes them once a batch. Everything a program holds in pools is put there in the order
// of first use, so the same plan gives the same bytes.
package codegen

import (
	"encoding/binary"

	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// module is a program under construction.
type module struct {
	out vm.Program
	// origin is the place in the script that a place stands for.
	origin func(ops.Span) ops.Span
	// places finds what is in a pool already, by pool and content.
	places  map[string]int
	scratch key
	subs    map[*plan.Pipeline]*compiled
	// routines are the fragments of what is called, which may be under construction still.
	routines map[*sema.Routine]int
}

// compiled is a pipeline that has become a fragment, and what it takes from around it as inputs: columns of outer rows and variables.
type compiled struct {
	fragment int
	inputs   []sema.Expr
}

func newModule(src string, p *sema.Program) *module {
	return &module{origin: p.Origin, out: vm.Program{Source: p.Redacted(src), Params: p.Params, Vars: p.Vars}, places: map[string]int{}, subs: map[*plan.Pipeline]*compiled{}, routines: map[*sema.Routine]int{}}
}

// key is the content of a pool's entry as bytes, for finding it again.
type key struct {
	*module
	bytes []byte
}

func (m *module) key(pool byte) *key {
	m.scratch.module = m
	m.scratch.bytes = append(m.scratch.bytes[:0], pool)
	return &m.scratch
}

func (k *key) number(n int) *key {
	k.bytes = binary.AppendVarint(k.bytes, int64(n))
	return k
}

func (k *key) flags(bits ...bool) *key {
	for _, b := range bits {
		k.bytes = append(k.bytes, '0'+byte(boolMode(b)))
	}
	return k
}

func (k *key) text(parts ...string) *key {
	k.number(len(parts))
	for _, s := range parts {
		k.number(len(s))
		k.bytes = append(k.bytes, s...)
	}
	return k
}

func (k *key) typ(t *ops.Type) *key {
	k.number(int(t.Kind)).number(int(t.Width)).number(t.Len).text(t.Name)
	k.flags(t.Optional, t.Elem != nil, t.Elems != nil, t.Fields != nil, t.Variants != nil).text(t.Variants...)
	if t.Elem != nil {
		k.typ(t.Elem)
	}
	k.types(t.Elems)
	k.number(len(t.Fields))
	for i := range t.Fields {
		k.text(t.Fields[i].Name).typ(&t.Fields[i].Type)
	}
	return k
}

func (k *key) types(ts []ops.Type) *key {
	k.number(len(ts))
	for i := range ts {
		k.typ(&ts[i])
	}
	return k
}

// value tells constants apart: equal numbers of different kinds are different constants.
func (k *key) value(v ops.Value) *key {
	k.number(int(v.Kind()))
	switch v.Kind() {
	case ops.KindString:
		return k.text(v.AsString())
	case ops.KindInt, ops.KindTime, ops.KindDuration:
		return k.number(int(v.AsInt()))
	}
	return k.text(ops.Format(v))
}

// place returns where in a pool of n entries the key's entry is, and whether it must be added there.
func (k *key) place(n int) (int, bool) {
	if i, ok := k.places[string(k.bytes)]; ok {
		return i, false
	}
	k.places[string(k.bytes)] = n
	return n, true
}

func (m *module) constant(v ops.Value) uint16 {
	i, fresh := m.key('c').value(v).place(len(m.out.Consts))
	if fresh {
		m.out.Consts = append(m.out.Consts, v)
	}
	return uint16(i)
}

func (m *module) shape(s vm.Shape) uint16 {
	i, fresh := m.key('s').number(int(s.Form)).text(s.Names...).types(s.Types).place(len(m.out.Shapes))
	if fresh {
		m.out.Shapes = append(m.out.Shapes, s)
	}
	return uint16(i)
}

// names is a shape that only names: members of an object, paths to omit.
func (m *module) names(names []string) uint16 {
	types := make([]ops.Type, len(names))
	for i := range types {
		types[i] = ops.Any
	}
	return m.shape(vm.Shape{Form: vm.RowColumns, Names: names, Types: types})
}

func (m *module) path(p []string) uint16 {
	i, fresh := m.key('p').text(p...).place(len(m.out.Paths))
	if fresh {
		m.out.Paths = append(m.out.Paths, vm.Path(p))
	}
	return uint16(i)
}

func (m *module) typ(t ops.Type) uint16 {
	i, fresh := m.key('y').typ(&t).place(len(m.out.Types))
	if fresh {
		m.out.Types = append(m.out.Types, t)
	}
	return uint16(i)
}

func (m *module) function(f sema.Function, args int, reads *sema.EdgeRead) uint16 {
	print := f.Signature.Fingerprint(f.Def.Name)
	access := 0
	if reads != nil {
		access = int(m.edgeRead(reads)) + 1
	}
	i, fresh := m.key('f').text(f.Def.Name, string(print[:])).number(args).number(access).place(len(m.out.Funcs))
	if fresh {
		m.out.Funcs = append(m.out.Funcs, vm.FuncRef{Name: f.Def.Name, Args: args, Print: print, Reads: access})
	}
	return uint16(i)
}

// edgeRead is the access of a function that reads edges.
func (m *module) edgeRead(r *sema.EdgeRead) uint16 {
	a := vm.Access{Kind: vm.AccessEdges, Table: -1, Direction: r.Direction, Columns: []vm.Column{{Kind: vm.ColumnVertex}, {Kind: vm.ColumnEdge}}}
	if r.Table != "" {
		a.Table = m.table(r.Table, r.Desc)
	}
	if r.Weight != nil {
		a.Columns = append(a.Columns, vm.Column{Kind: vm.ColumnField, Path: r.Weight})
	}
	return m.access(a)
}

func (m *module) table(name string, desc *schema.Table) int {
	ref := vm.TableRef{Name: name}
	if desc != nil {
		ref.Print = desc.Fingerprint
	}
	i, fresh := m.key('t').text(name, string(ref.Print[:])).place(len(m.out.Tables))
	if fresh {
		m.out.Tables = append(m.out.Tables, ref)
	}
	return i
}

func (m *module) object(o *schema.Object) uint16 {
	i, fresh := m.key('o').number(int(o.Kind)).text(o.Name, string(o.Fingerprint[:])).place(len(m.out.Objects))
	if fresh {
		m.out.Objects = append(m.out.Objects, vm.ObjectRef{Kind: o.Kind, Name: o.Name, Print: o.Fingerprint})
	}
	return uint16(i)
}

func (m *module) access(a vm.Access) uint16 {
	k := m.key('a').number(int(a.Kind)).number(a.Table).text(a.Index).number(a.Equal).number(a.After).number(int(a.Lo)).number(int(a.Hi)).number(int(a.Direction))
	k.flags(a.Reverse, a.IndexOnly, a.InOrder, a.IfNotExists, a.Upsert)
	for _, c := range a.Columns {
		k.number(int(c.Kind)).flags(c.Late).text(c.Path...)
	}
	i, fresh := k.place(len(m.out.Accesses))
	if fresh {
		m.out.Accesses = append(m.out.Accesses, a)
	}
	return uint16(i)
}

// builder adds a builder; each belongs to one place in the code.
func (m *module) builder(b vm.Builder) uint16 {
	m.out.Builders = append(m.out.Builders, b)
	return uint16(len(m.out.Builders) - 1)
}

func (m *module) def(c schema.Change) uint16 {
	m.out.Defs = append(m.out.Defs, c)
	return uint16(len(m.out.Defs) - 1)
}
