package schema

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/ops"
)

// Apply makes of a record, without its id, that was written before a redefinition what it is afterwards.
func (s *Shape) Apply(record ops.Value) (ops.Value, error) { return s.apply(record, false) }

// Loosely is Apply for records that nobody has checked, older versions: what cannot be converted is none.
func (s *Shape) Loosely(record ops.Value) ops.Value {
	record, _ = s.apply(record, true)
	return record
}

func (s *Shape) apply(record ops.Value, loosely bool) (ops.Value, error) {
	if len(s.Links) == 2 {
		record = Relinked(record, s.Links[0], s.Links[1])
	}
	if len(s.Moves) == 0 || record.Kind() != ops.KindObject {
		return record, nil
	}
	taken := make([]ops.Value, len(s.Moves))
	for i := range s.Moves {
		record, taken[i] = take(record, s.Moves[i].From)
	}
	for i := range s.Moves {
		m := &s.Moves[i]
		if len(m.To) == 0 {
			continue
		}
		v, err := m.value(taken[i], holds(record, m.To))
		if err == nil && !v.IsNone() {
			record, err = place(record, m.To, v)
		}
		if err != nil && !loosely {
			return record, err
		}
	}
	return record, nil
}

// value is what a field's value becomes. parent tells whether the object that the field is a member of is there.
func (m *Move) value(v ops.Value, parent bool) (ops.Value, error) {
	if v.IsNone() && m.Fill != nil && parent {
		fill, rest, err := ops.DecodeKey(m.Fill)
		if err != nil || len(rest) > 0 {
			return ops.None, ops.Errorf(ops.CodeCorrupt, "the default of field %s is damaged", strings.Join(m.To, "."))
		}
		v = fill
	}
	if m.Type == nil {
		return v, nil
	}
	if v.IsNone() {
		if parent && !m.Type.Optional && m.Type.Kind != ops.KindAny {
			return v, ops.Errorf(ops.CodeType, "%s has no value, and the type %s needs one", strings.Join(m.From, "."), m.Type)
		}
		return v, nil
	}
	out, err := ops.Cast(v, *m.Type)
	if err != nil {
		return v, ops.Errorf(ops.CodeOf(err), "%s: %s", strings.Join(m.From, "."), ops.MessageOf(err))
	}
	return out, nil
}

// holds reports whether the object that a path ends in is there.
func holds(record ops.Value, path []string) bool {
	for _, step := range path[:len(path)-1] {
		if record.Kind() != ops.KindObject {
			return false
		}
		record, _ = record.Member(step)
	}
	return record.Kind() == ops.KindObject
}

// take takes the value at a path out of a record.
func take(record ops.Value, path []string) (rest, taken ops.Value) {
	if record.Kind() != ops.KindObject || len(path) == 0 {
		return record, ops.None
	}
	ms := record.AsObject()
	i := slices.IndexFunc(ms, func(m ops.Member) bool { return m.Name == path[0] })
	if i < 0 {
		return record, ops.None
	}
	if len(path) == 1 {
		return ops.Object(slices.Delete(slices.Clone(ms), i, i+1)), ms[i].Value
	}
	inner, taken := take(ms[i].Value, path[1:])
	if taken.IsNone() {
		return record, taken
	}
	ms = slices.Clone(ms)
	ms[i].Value = inner
	return ops.Object(ms), taken
}

// place puts a value at a path that has none.
func place(record ops.Value, path []string, v ops.Value) (ops.Value, error) {
	ms := slices.Clone(record.AsObject())
	i := slices.IndexFunc(ms, func(m ops.Member) bool { return m.Name == path[0] })
	switch {
	case len(path) == 1 && i >= 0 && !ms[i].Value.IsNone():
		return record, ops.Errorf(ops.CodeAlreadyExists, "there is a value under %s already", path[0])
	case len(path) == 1 && i >= 0:
		ms[i].Value = v
	case len(path) == 1:
		ms = append(ms, ops.Member{Name: path[0], Value: v})
	case i >= 0 && ms[i].Value.Kind() == ops.KindObject:
		inner, err := place(ms[i].Value, path[1:], v)
		if err != nil {
			return record, err
		}
		ms[i].Value = inner
	}
	return ops.Object(ms), nil
}

// Undeclared returns a field of a record that a schemafull table does not have, or "".
func (t *Table) Undeclared(record ops.Value) string {
	if !t.Schemafull {
		return ""
	}
	return t.undeclared(record, nil)
}

func (t *Table) undeclared(object ops.Value, at []string) string {
	for _, m := range object.AsObject() {
		path := append(at[:len(at):len(at)], m.Name)
		fixed := len(path) == 1 && (m.Name == "id" || t.Edge && (m.Name == "in" || m.Name == "out"))
		if m.Value.IsNone() || fixed {
			continue
		}
		exact, inner := false, false
		for i := range t.Fields {
			if p := t.Fields[i].Path; lies(p, path) && !slices.Contains(p, "*") {
				exact, inner = exact || len(p) == len(path), inner || len(p) > len(path)
			}
		}
		switch {
		case !exact && !inner:
			return strings.Join(path, ".")
		case inner && m.Value.Kind() == ops.KindObject:
			if name := t.undeclared(m.Value, path); name != "" {
				return name
			}
		}
	}
	return ""
}

// Relinked returns a value in which links to one table are links to another. What a key is made of stays, since keys are not changed.
func Relinked(v ops.Value, from, to string) ops.Value {
	switch v.Kind() {
	case ops.KindRecord:
		if v.RecordTable() == from {
			return ops.Record(to, v.RecordKey())
		}
	case ops.KindList:
		return ops.List(relinkedAll(v.AsList(), from, to))
	case ops.KindTuple:
		return ops.Tuple(relinkedAll(v.AsList(), from, to))
	case ops.KindSet:
		return ops.NewSet(relinkedAll(v.AsList(), from, to))
	case ops.KindObject:
		ms := slices.Clone(v.AsObject())
		for i := range ms {
			ms[i].Value = Relinked(ms[i].Value, from, to)
		}
		return ops.Object(ms)
	case ops.KindRange:
		r := *v.AsRange()
		r.Lo, r.Hi = Relinked(r.Lo, from, to), Relinked(r.Hi, from, to)
		return ops.Range(&r)
	}
	return v
}

func relinkedAll(vs []ops.Value, from, to string) []ops.Value {
	out := make([]ops.Value, len(vs))
	for i := range vs {
		out[i] = Relinked(vs[i], from, to)
	}
	return out
}
