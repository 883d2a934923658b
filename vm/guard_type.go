package vm

import (
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// The clauses of defined types: a field of such a type brings the type's members with it as fields of their own, whose Base
// says where the value of the type is.

// eachElement is the step of a path that stands for every element of a list or map.
const eachElement = "*"

// isNew reports whether what the field is a member of – the record, or the value of a type – is written for the first time.
func (f *guardField) isNew(object, before ops.Value) bool {
	if f.Base == 0 {
		return before.IsNone()
	}
	at := f.Path[:f.Base]
	return memberAt(object, at).Kind() == ops.KindObject && memberAt(before, at).Kind() != ops.KindObject
}

// stays reports whether a READONLY field must be what it was.
func (f *guardField) stays(object, before ops.Value) bool {
	return !f.isNew(object, before) && (f.Base == 0 || memberAt(object, f.Path[:f.Base]).Kind() == ops.KindObject)
}

// this is what $this is in the field's clauses.
func (f *guardField) this(object, record ops.Value) ops.Value {
	if f.Base == 0 {
		return record
	}
	return memberAt(object, f.Path[:f.Base])
}

// fitEach is fit for the members of a type's values in lists and maps. They have no identity: each is new every time.
func (f *guardField) fitEach(r *Rows, t *schema.Table, _, object, _ ops.Value) (ops.Value, error) {
	member := f.Path[f.Base:]
	return mapAt(object, f.Path[:f.Base], func(o ops.Value) (ops.Value, error) {
		if o.Kind() != ops.KindObject {
			return o, nil
		}
		v := memberAt(o, member)
		given := v
		var err error
		if v.IsNone() && f.fallback != nil {
			if v, err = evaluate(r, f.fallback, o); err != nil {
				return o, inField(err, "the default of %s.%s", t.Name, f.path)
			}
		}
		switch {
		case !v.IsNone():
			if v, err = ops.Check(v, f.Type); err != nil {
				return o, inField(err, "field %s.%s", t.Name, f.path)
			}
		case !f.Type.Optional && f.Type.Kind != ops.KindAny && hasParent(o, member):
			return o, ops.Errorf(ops.CodeType, "field %s.%s must have a value of type %s", t.Name, f.path, f.Type.String())
		}
		if given.IsNone() && v.IsNone() || same(given, v) {
			return o, nil
		}
		return assignPath(o, member, v)
	})
}

func (f *guardField) assertEach(r *Rows, t *schema.Table, object ops.Value) error {
	_, err := mapAt(object, f.Path[:f.Base], func(o ops.Value) (ops.Value, error) {
		if v := memberAt(o, f.Path[f.Base:]); !v.IsNone() {
			return o, f.assert(r, t, v, o)
		}
		return o, nil
	})
	return err
}

// mapAt replaces the values at a path, whose steps may be eachElement. What is not there is left alone.
func mapAt(v ops.Value, path Path, change func(ops.Value) (ops.Value, error)) (ops.Value, error) {
	if len(path) == 0 {
		return change(v)
	}
	each := path[0] == eachElement
	switch k := v.Kind(); {
	case k == ops.KindObject:
		return mapMembers(v, path, each, change)
	case each && (k == ops.KindList || k == ops.KindTuple || k == ops.KindSet):
		return eachOf(v, func(e ops.Value) (ops.Value, error) { return mapAt(e, path[1:], change) })
	}
	return v, nil
}

func mapMembers(v ops.Value, path Path, each bool, change func(ops.Value) (ops.Value, error)) (ops.Value, error) {
	ms := make([]ops.Member, len(v.AsObject()))
	for i, m := range v.AsObject() {
		ms[i] = m
		if !each && m.Name != path[0] || m.Value.IsNone() {
			continue
		}
		var err error
		if ms[i].Value, err = mapAt(m.Value, path[1:], change); err != nil {
			return v, err
		}
	}
	return ops.Object(ms), nil
}
