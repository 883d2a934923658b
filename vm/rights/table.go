package rights

import (
	"math/bits"
	"slices"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// table is what a set grants on one table.
type table struct {
	name  string
	edge  bool
	rules [vm.NumRights]rule
	known bool // any right is granted: the table may be known to be there
	// ends says that a vertex of the edge table may be hidden, and the edge with it.
	ends bool
}

// rule is what is granted of one right.
type rule struct {
	whole  bool // everything
	rows   bool // every row, if not every field
	grants []granted
}

// granted is one grant of a rule.
type granted struct {
	fields *shape
	where  *vm.Linked // nil: always
	text   string
}

// maxGrants is how many grants of one right on one table there may be: which of them hold for a row is kept in a word.
const maxGrants = 64

// readable reports whether the table may be read as it is.
func (t *table) readable() bool { return t.rules[vm.RightSelect].whole && !t.ends }

// table returns what is granted on a table, which need not exist.
func (s *Set) table(name string) (*table, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tables[name]; t != nil {
		return t, nil
	}
	t := &table{name: name}
	for i := range s.grants {
		g := &s.grants[i]
		if !g.holds(s.base, name) {
			continue
		}
		t.known = true
		r := &t.rules[g.Right]
		n := granted{fields: shapeOf(g.Fields), text: g.Where}
		if g.Where != "" {
			var err error
			if n.where, err = s.condition(name, g.Where); err != nil {
				return nil, err
			}
		} else {
			r.rows = true
			r.whole = r.whole || n.fields.whole
		}
		if len(r.grants) == maxGrants {
			return nil, ops.Errorf(ops.CodeTooComplex, "more than %d grants of %s on table %s", maxGrants, g.Right, name)
		}
		r.grants = append(r.grants, n)
	}
	if desc := s.base.Table(name); desc != nil && desc.Edge {
		t.edge, t.ends = true, s.hidesEnds(desc)
	}
	s.tables[name] = t
	return t, nil
}

// hidesEnds reports whether any record that an edge of a table can begin or end at may be hidden.
func (s *Set) hidesEnds(e *schema.Table) bool {
	for _, end := range []string{e.From, e.To} {
		if !slices.ContainsFunc(s.grants, func(g Grant) bool {
			return g.Right == vm.RightSelect && g.Where == "" && (g.Table == "" || end != "" && g.Table == end) && g.holds(s.base, end)
		}) {
			return true
		}
	}
	return false
}

// condition compiles the condition of a grant.
func (s *Set) condition(table, src string) (*vm.Linked, error) {
	p, errs := s.compile(s.base, src, "this", "auth")
	if len(errs) > 0 {
		return nil, ops.Errorf(ops.CodePermission, "the condition `%s` of a grant on table %s does not compile any more: %s", src, table, errs[0].Message)
	}
	return vm.Link(p, 0, s.base, vm.LinkOptions{})
}

// fieldsOf is what the grants of a mask show together.
func (r *rule) fieldsOf(mask uint64) *shape {
	if bits.OnesCount64(mask) == 1 {
		return r.grants[bits.TrailingZeros64(mask)].fields
	}
	all := &shape{}
	for m := mask; m != 0; m &= m - 1 {
		all = all.with(r.grants[bits.TrailingZeros64(m)].fields)
	}
	return all
}

// shape is a set of fields by their paths.
type shape struct {
	whole   bool
	members map[string]*shape
}

var wholeShape = &shape{whole: true}

// shapeOf is the shape of paths; nil is everything.
func shapeOf(paths []vm.Path) *shape {
	if paths == nil {
		return wholeShape
	}
	s := &shape{}
	for _, p := range paths {
		at := &shape{whole: true}
		for i := len(p) - 1; i >= 0; i-- {
			at = &shape{members: map[string]*shape{p[i]: at}}
		}
		s = s.with(at)
	}
	return s
}

// with is the union of two shapes.
func (s *shape) with(o *shape) *shape {
	if s.whole || o.whole {
		return wholeShape
	}
	n := &shape{members: make(map[string]*shape, len(s.members)+len(o.members))}
	for name, m := range s.members {
		n.members[name] = m
	}
	for name, m := range o.members {
		if old := n.members[name]; old != nil {
			m = old.with(m)
		}
		n.members[name] = m
	}
	return n
}

// at is what the shape has of a field; nil where it has nothing of it.
func (s *shape) at(path []string) *shape {
	for _, step := range path {
		if s == nil || s.whole {
			return s
		}
		s = s.members[step]
	}
	return s
}

// fixed reports whether a field is there without being granted: the id, and the ends of an edge.
func fixed(name string, edge bool) bool {
	return name == "id" || edge && (name == "in" || name == "out")
}

// record is what the shape shows of a record.
func (s *shape) record(v ops.Value, edge bool) ops.Value {
	if s.whole || v.Kind() != ops.KindObject {
		return v
	}
	var ms []ops.Member
	for _, m := range v.AsObject() {
		if fixed(m.Name, edge) {
			ms = append(ms, m)
		} else if c := s.members[m.Name]; c != nil {
			if x := c.value(m.Value); !x.IsNone() {
				ms = append(ms, ops.Member{Name: m.Name, Value: x})
			}
		}
	}
	return ops.Object(ms)
}

// value is what the shape shows of a value: of a list, of its elements.
func (s *shape) value(v ops.Value) ops.Value {
	if s.whole {
		return v
	}
	switch v.Kind() {
	case ops.KindObject:
		var ms []ops.Member
		for _, m := range v.AsObject() {
			if c := s.members[m.Name]; c != nil {
				ms = append(ms, ops.Member{Name: m.Name, Value: c.value(m.Value)})
			}
		}
		return ops.Object(ms)
	case ops.KindList, ops.KindTuple, ops.KindSet:
		list := make([]ops.Value, 0, len(v.AsList()))
		for _, e := range v.AsList() {
			list = append(list, s.value(e))
		}
		return ops.List(list)
	}
	return ops.None
}

// field is what the shape shows of the field at a path.
func (s *shape) field(v ops.Value, path vm.Path, edge bool) ops.Value {
	if len(path) > 0 && fixed(path[0], edge) {
		return v
	}
	c := s.at(path)
	if c == nil {
		return ops.None
	}
	return c.value(v)
}
