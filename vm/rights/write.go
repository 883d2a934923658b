package rights

import (
	"context"
	"slices"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// Given implements vm.Narrow. What an update leaves out because it is hidden stays as it is.
func (t *Txn) Given(ctx context.Context, desc *schema.Table, key, object, before ops.Value, update bool) (ops.Value, ops.Value, error) {
	t.given, t.old = object, ops.None
	if !update {
		return object, before, nil
	}
	tab, err := t.set.table(desc.Name)
	if err != nil {
		return object, before, err
	}
	whole, found, err := t.record(ctx, desc.Name, key)
	if err != nil || !found {
		return object, before, err
	}
	mask, err := t.visible(ctx, tab, whole)
	if err != nil {
		return object, before, err
	}
	if mask == 0 {
		return object, before, t.refused(vm.RightUpdate, desc.Name, key)
	}
	t.old = whole
	if s := tab.rules[vm.RightSelect].fieldsOf(mask); !s.whole {
		object = s.over(whole, object, true, tab.edge)
	}
	t.given = object
	return object, whole, nil
}

// over is a record with what a statement gives for the part of it that the shape shows; the rest stays.
func (s *shape) over(old, given ops.Value, top, edge bool) ops.Value {
	if s.whole {
		return given
	}
	if !top && ops.Equal(s.value(old), given) { // what is seen of it is as it was; also lists whose elements hide something
		return old
	}
	if old.Kind() != ops.KindObject || given.Kind() != ops.KindObject {
		return given
	}
	ms := slices.Clone(given.AsObject())
	for _, m := range old.AsObject() {
		if top && fixed(m.Name, edge) {
			continue
		}
		i := slices.IndexFunc(ms, func(n ops.Member) bool { return n.Name == m.Name })
		switch c := s.members[m.Name]; {
		case i >= 0 && c != nil && !c.whole:
			ms[i].Value = c.over(m.Value, ms[i].Value, false, false)
		case i < 0 && (c == nil || !c.whole):
			if c != nil && m.Value.Kind() == ops.KindObject { // what is seen of it was taken away
				if m.Value = c.over(m.Value, ops.Object(nil), false, false); len(m.Value.AsObject()) == 0 {
					continue
				}
			}
			ms = append(ms, m)
		}
	}
	return ops.Object(ms)
}

// Shown implements vm.Narrow.
func (t *Txn) Shown(ctx context.Context, desc *schema.Table, record ops.Value) (ops.Value, error) {
	tab, err := t.set.table(desc.Name)
	if err != nil || tab.readable() || record.Kind() != ops.KindObject {
		return record, err
	}
	mask, err := t.mask(ctx, &tab.rules[vm.RightSelect], record)
	if err != nil {
		return ops.None, err
	}
	if mask == 0 {
		id, _ := record.Member("id")
		return ops.Object([]ops.Member{{Name: "id", Value: id}}), nil
	}
	return tab.rules[vm.RightSelect].fieldsOf(mask).record(record, tab.edge), nil
}

// Refused implements vm.Narrow: what a table's rule says must not tell of a field that is hidden.
func (t *Txn) Refused(desc *schema.Table, err error) error {
	tab, e := t.set.table(desc.Name)
	if e != nil || tab.readable() {
		return err
	}
	var hidden []string
	seen := tab.seen()
	for _, f := range t.real(desc).Fields {
		if seen.at(f.Path) == nil || !tab.always(f.Path) {
			hidden = append(hidden, f.Path[len(f.Path)-1])
		}
	}
	if !names(err.Error(), hidden) {
		return err
	}
	return ops.Errorf(ops.CodeOf(err), "the record breaks a rule of table %s", desc.Name)
}

func (t *Txn) refused(r vm.Right, table string, key ops.Value) error {
	return ops.Errorf(ops.CodePermission, "no role of the session grants %s on %s", r, ops.Format(ops.Record(table, key))).
		WithHint("the grants that there are on table %s have conditions or fields", table)
}

// withID is a record as a condition sees it.
func withID(id, object ops.Value) ops.Value {
	return ops.Object(append([]ops.Member{{Name: "id", Value: id}}, object.AsObject()...))
}

// allowed checks that a new state of a record is one that may be written, and that only fields are given that may be.
func (t *Txn) allowed(ctx context.Context, tab *table, r vm.Right, id, record, before, given ops.Value) error {
	rule := &tab.rules[r]
	if rule.whole {
		return nil
	}
	mask, err := t.mask(ctx, rule, withID(id, record))
	if err == nil && mask != 0 && !before.IsNone() {
		var was uint64
		was, err = t.mask(ctx, rule, before)
		mask &= was
	}
	if err != nil {
		return err
	}
	if mask == 0 {
		return t.refused(r, tab.name, id.RecordKey())
	}
	if path := rule.fieldsOf(mask).outside(before, given, true, tab.edge); path != "" {
		return ops.Errorf(ops.CodePermission, "no role of the session grants %s on field %s of %s", r, path, ops.Format(id))
	}
	return nil
}

// outside finds a field that differs and is not of the shape; "" where there is none.
func (s *shape) outside(old, given ops.Value, top, edge bool) string {
	if s.whole {
		return ""
	}
	look := func(name string, a, b ops.Value) string {
		if top && fixed(name, edge) || a.IsNone() && b.IsNone() || ops.Equal(a, b) && a.Kind() == b.Kind() {
			return ""
		}
		c := s.members[name]
		switch {
		case c == nil:
			return name
		case c.whole:
			return ""
		case (a.Kind() == ops.KindObject || a.IsNone()) && (b.Kind() == ops.KindObject || b.IsNone()):
			if in := c.outside(a, b, false, false); in != "" {
				return name + "." + in
			}
			return ""
		}
		return name
	}
	for _, m := range given.AsObject() {
		was := ops.None
		if old.Kind() == ops.KindObject {
			was, _ = old.Member(m.Name)
		}
		if path := look(m.Name, was, m.Value); path != "" {
			return path
		}
	}
	if old.Kind() != ops.KindObject {
		return ""
	}
	for _, m := range old.AsObject() {
		if _, there := given.Member(m.Name); !there {
			if path := look(m.Name, m.Value, ops.None); path != "" {
				return path
			}
		}
	}
	return ""
}

// Create implements vm.Txn.
func (t *Txn) Create(ctx context.Context, desc *schema.Table, key, object ops.Value, ifNotExists bool) (ops.Value, bool, error) {
	tab, right, err := t.writing(desc)
	if err != nil {
		return ops.None, false, err
	}
	id, made, err := t.inner.Create(ctx, t.real(desc), key, object, ifNotExists)
	if err != nil || !made {
		return id, made, t.hush(tab, err)
	}
	return id, made, t.allowed(ctx, tab, right, id, object, ops.None, t.given)
}

// writing is the right that it takes to create a record of a table.
func (t *Txn) writing(desc *schema.Table) (*table, vm.Right, error) {
	right := vm.RightCreate
	if desc.Edge {
		right = vm.RightRelate
	}
	tab, err := t.set.table(desc.Name)
	if err == nil && len(tab.rules[right].grants) == 0 {
		err = denied(right, "table", desc.Name)
	}
	return tab, right, err
}

// Replace implements vm.Txn.
func (t *Txn) Replace(ctx context.Context, desc *schema.Table, key, object ops.Value, upsert bool) error {
	tab, err := t.set.table(desc.Name)
	if err != nil {
		return err
	}
	old, right := t.old, vm.RightUpdate
	if old.IsNone() {
		if _, right, err = t.writing(desc); err != nil {
			return err
		}
	}
	if err := t.allowed(ctx, tab, right, ops.Record(desc.Name, key), object, old, t.given); err != nil {
		return err
	}
	return t.hush(tab, t.inner.Replace(ctx, t.real(desc), key, object, upsert))
}

// Delete implements vm.Txn. A record that is hidden is not there.
func (t *Txn) Delete(ctx context.Context, desc *schema.Table, key ops.Value) (bool, error) {
	tab, err := t.set.table(desc.Name)
	if err != nil {
		return false, err
	}
	if rule := &tab.rules[vm.RightDelete]; !rule.rows || !tab.readable() {
		record, found, err := t.record(ctx, desc.Name, key)
		if err != nil || !found {
			return false, err
		}
		if mask, err := t.visible(ctx, tab, record); mask == 0 || err != nil {
			return false, err
		}
		if mask, err := t.mask(ctx, rule, record); mask == 0 || err != nil {
			if err == nil {
				err = t.refused(vm.RightDelete, desc.Name, key)
			}
			return false, err
		}
	}
	return t.inner.Delete(ctx, t.real(desc), key)
}

// EnsureTable implements vm.Txn.
func (t *Txn) EnsureTable(ctx context.Context, name string, edge bool) (*schema.Table, error) {
	if _, _, err := t.writing(&schema.Table{Name: name, Edge: edge}); err != nil {
		return nil, err
	}
	return t.inner.EnsureTable(ctx, name, edge)
}

// hush keeps the message of a unique index from naming records and values that are hidden.
func (t *Txn) hush(tab *table, err error) error {
	if err == nil || tab.readable() || ops.CodeOf(err) != ops.CodeUnique {
		return err
	}
	return ops.Errorf(ops.CodeUnique, "the record would duplicate the key of a unique index of table %s", tab.name)
}
