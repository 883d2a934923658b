// Package codegen writes programs for plans. A pipeline becomes the loops of one fragment: each step is asked to produce its
// rows, and to run the code of what consumes them once a batch. Everything a program holds in pools is put there in the order
// of first use, so the same plan gives the same bytes.
package codegen

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/zerodb/zerodb/compiler/plan"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// module is a program under construction.
type module struct {
	out vm.Program
	// places finds what is in a pool already, by pool and content.
	places map[string]int
	subs   map[*plan.Pipeline]*compiled
}

// compiled is a pipeline that has become a fragment, and the columns of outer rows that are its inputs.
type compiled struct {
	fragment int
	inputs   []*sema.Column
}

func newModule(src string, p *sema.Program) *module {
	return &module{out: vm.Program{Source: src, Params: p.Params, Vars: p.Vars}, places: map[string]int{}, subs: map[*plan.Pipeline]*compiled{}}
}

// place returns where in a pool of n entries the entry with a content is, and whether it must be added there.
func (m *module) place(pool, content string, n int) (int, bool) {
	key := pool + content
	if i, ok := m.places[key]; ok {
		return i, false
	}
	m.places[key] = n
	return n, true
}

func (m *module) constant(v ops.Value) uint16 {
	i, fresh := m.place("c", constantKey(v), len(m.out.Consts))
	if fresh {
		m.out.Consts = append(m.out.Consts, v)
	}
	return uint16(i)
}

// constantKey tells constants apart: equal numbers of different kinds are different constants.
func constantKey(v ops.Value) string {
	if v.Kind() == ops.KindString {
		return "s" + v.AsString()
	}
	return strconv.Itoa(int(v.Kind())) + " " + ops.Format(v)
}

func (m *module) shape(s vm.Shape) uint16 {
	i, fresh := m.place("s", fmt.Sprint(s.Form, len(s.Names), typeKeys(s.Types))+strings.Join(s.Names, "\x00"), len(m.out.Shapes))
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

func typeKeys(ts []ops.Type) string {
	var b strings.Builder
	for _, t := range ts {
		b.WriteString(typeKey(t))
		b.WriteByte(';')
	}
	return b.String()
}

func typeKey(t ops.Type) string {
	key := fmt.Sprint(t.Kind, t.Width, t.Optional, t.Len, t.Name)
	if t.Elem != nil {
		key += "[" + typeKey(*t.Elem) + "]"
	}
	if t.Elems != nil {
		key += "(" + typeKeys(t.Elems) + ")"
	}
	for _, f := range t.Fields {
		key += "," + f.Name + ":" + typeKey(f.Type)
	}
	return key
}

func (m *module) path(p []string) uint16 {
	i, fresh := m.place("p", strings.Join(p, "\x00")+fmt.Sprint(len(p)), len(m.out.Paths))
	if fresh {
		m.out.Paths = append(m.out.Paths, vm.Path(p))
	}
	return uint16(i)
}

func (m *module) typ(t ops.Type) uint16 {
	i, fresh := m.place("y", typeKey(t), len(m.out.Types))
	if fresh {
		m.out.Types = append(m.out.Types, t)
	}
	return uint16(i)
}

func (m *module) function(f sema.Function, args int) uint16 {
	ref := vm.FuncRef{Name: f.Def.Name, Args: args, Print: f.Signature.Fingerprint(f.Def.Name)}
	i, fresh := m.place("f", fmt.Sprint(ref), len(m.out.Funcs))
	if fresh {
		m.out.Funcs = append(m.out.Funcs, ref)
	}
	return uint16(i)
}

func (m *module) table(name string, desc *schema.Table) int {
	ref := vm.TableRef{Name: name}
	if desc != nil {
		ref.Print = desc.Fingerprint
	}
	i, fresh := m.place("t", fmt.Sprint(ref), len(m.out.Tables))
	if fresh {
		m.out.Tables = append(m.out.Tables, ref)
	}
	return i
}

func (m *module) access(a vm.Access) uint16 {
	i, fresh := m.place("a", fmt.Sprint(a), len(m.out.Accesses))
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
