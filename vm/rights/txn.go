package rights

import (
	"context"
	"slices"
	"time"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// Txn is a transaction that shows what a set grants. It implements vm.Narrow.
type Txn struct {
	inner vm.Txn // no part of the type: a method that is new in vm.Txn has to be written here before anything compiles
	set   *Set
	auth  ops.Value // what $auth is in conditions
	env   *ops.Env
	// given is what the statement at hand gives for a record, and what was there, before the table's rules have completed it.
	given, old ops.Value
	params     [2]ops.Value
}

var _ vm.Narrow = (*Txn)(nil)

// Over makes the view of a transaction. Conditions see auth, and run with env.
func (s *Set) Over(t vm.Txn, auth ops.Value, env *ops.Env) *Txn {
	return &Txn{inner: t, set: s, auth: auth, env: env}
}

// real is the whole descriptor of a table.
func (t *Txn) real(desc *schema.Table) *schema.Table {
	if whole := t.inner.Catalog().Table(desc.Name); whole != nil {
		return whole
	}
	return desc
}

// mask says which grants of a rule hold for a record.
func (t *Txn) mask(ctx context.Context, r *rule, record ops.Value) (mask uint64, err error) {
	for i := range r.grants {
		g := &r.grants[i]
		ok := g.where == nil
		if !ok {
			if ok, err = t.holds(ctx, g, record); err != nil {
				return 0, err
			}
		}
		if ok {
			mask |= 1 << i
		}
	}
	return mask, nil
}

// holds evaluates a condition for a record. It reads what the record links to without being narrowed itself: it is the role's.
func (t *Txn) holds(ctx context.Context, g *granted, record ops.Value) (bool, error) {
	t.params = [2]ops.Value{record, t.auth}
	rows, err := vm.Run(ctx, g.where, t.inner, vm.Options{Params: t.params[:], Env: t.env})
	if err != nil {
		return false, err
	}
	b, err := rows.Next(ctx)
	ok := err == nil && b != nil && b.Value(0, 0).IsTrue()
	if e := rows.Close(); err == nil {
		err = e
	}
	if err != nil && ops.CodeOf(err) != ops.CodeCancelled && ops.CodeOf(err) != ops.CodeDeadline {
		// Its words could tell what is in the record.
		err = ops.Errorf(ops.CodePermission, "the condition of a grant cannot be evaluated (%s)", ops.CodeOf(err))
	}
	return ok, err
}

// visible says which grants let a record be read; 0: it is hidden.
func (t *Txn) visible(ctx context.Context, tab *table, record ops.Value) (uint64, error) {
	mask, err := t.mask(ctx, &tab.rules[vm.RightSelect], record)
	if mask == 0 || err != nil || !tab.ends {
		return mask, err
	}
	for _, name := range [2]string{"in", "out"} {
		end, _ := record.Member(name)
		if seen, err := t.reachable(ctx, end); !seen || err != nil {
			return 0, err
		}
	}
	return mask, nil
}

// reachable reports whether an end of an edge is a record that is not hidden. One that does not exist is not.
func (t *Txn) reachable(ctx context.Context, id ops.Value) (bool, error) {
	if id.Kind() != ops.KindRecord {
		return true, nil
	}
	tab, err := t.set.table(id.RecordTable())
	if err != nil || tab.rules[vm.RightSelect].rows && !tab.ends {
		return true, err
	}
	if len(tab.rules[vm.RightSelect].grants) == 0 {
		return false, nil
	}
	record, found, err := t.record(ctx, id.RecordTable(), id.RecordKey())
	if err != nil || !found {
		return true, err
	}
	mask, err := t.visible(ctx, tab, record)
	return mask != 0, err
}

var wholeRecord = []vm.Column{{Kind: vm.ColumnRecord}}

// record reads a record as it is.
func (t *Txn) record(ctx context.Context, table string, key ops.Value) (v ops.Value, found bool, err error) {
	desc := t.inner.Catalog().Table(table)
	if desc == nil {
		return ops.None, false, nil
	}
	var dst [1]ops.Value
	found, err = t.inner.Get(ctx, desc, key, wholeRecord, dst[:])
	return dst[0], found, err
}

// show is what a column shows of a row, of whose record the fields of a shape are shown.
func show(v ops.Value, c *vm.Column, s *shape, edge bool) ops.Value {
	switch c.Kind {
	case vm.ColumnRecord:
		return s.record(v, edge)
	case vm.ColumnField:
		return s.field(v, c.Path, edge)
	}
	return v
}

// Get implements vm.Txn.
func (t *Txn) Get(ctx context.Context, desc *schema.Table, key ops.Value, cols []vm.Column, dst []ops.Value) (bool, error) {
	tab, err := t.set.table(desc.Name)
	if err != nil {
		return false, err
	}
	if tab.readable() {
		return t.inner.Get(ctx, t.real(desc), key, cols, dst)
	}
	row := make([]ops.Value, len(cols)+1)
	found, err := t.inner.Get(ctx, t.real(desc), key, slices.Concat(cols, wholeRecord), row)
	if err != nil || !found {
		return false, err
	}
	mask, err := t.visible(ctx, tab, row[len(cols)])
	if err != nil || mask == 0 {
		return false, err
	}
	s := tab.rules[vm.RightSelect].fieldsOf(mask)
	for i := range cols {
		dst[i] = show(row[i], &cols[i], s, tab.edge)
	}
	return true, nil
}

// Scan implements vm.Txn.
func (t *Txn) Scan(ctx context.Context, desc *schema.Table, r vm.Range, cols []vm.Column) (vm.Cursor, error) {
	return t.open(desc, cols, func(desc *schema.Table, cols []vm.Column, _ bool) (vm.Cursor, error) {
		return t.inner.Scan(ctx, desc, r, cols)
	})
}

// ScanIndex implements vm.Txn.
func (t *Txn) ScanIndex(ctx context.Context, desc *schema.Table, ix *schema.Index, equal []ops.Value, r vm.Range, indexOnly bool, cols []vm.Column) (vm.Cursor, error) {
	return t.open(desc, cols, func(desc *schema.Table, cols []vm.Column, narrowed bool) (vm.Cursor, error) {
		return t.inner.ScanIndex(ctx, desc, ix, equal, r, indexOnly && !narrowed, cols)
	})
}

// Lookup implements vm.Txn.
func (t *Txn) Lookup(ctx context.Context, desc *schema.Table, ix *schema.Index, l vm.Lookup, indexOnly bool, cols []vm.Column) (vm.Cursor, error) {
	tab, err := t.set.table(desc.Name)
	if err != nil {
		return nil, err
	}
	if tab.readable() {
		return t.inner.Lookup(ctx, t.real(desc), ix, l, indexOnly, cols)
	}
	every := l
	every.Outer = false
	inner, err := t.inner.Lookup(ctx, t.real(desc), ix, every, false, withRecord(cols))
	if err != nil {
		return nil, err
	}
	l.Sel = slices.Clone(l.Sel)
	return &lookup{cursor: cursor{txn: t, inner: inner, cols: cols}, asked: l, answered: make([]bool, l.N)}, nil
}

// open opens a cursor over a table, narrowed where a part of it is hidden.
func (t *Txn) open(desc *schema.Table, cols []vm.Column, open func(*schema.Table, []vm.Column, bool) (vm.Cursor, error)) (vm.Cursor, error) {
	tab, err := t.set.table(desc.Name)
	if err != nil {
		return nil, err
	}
	if tab.readable() {
		return open(t.real(desc), cols, false)
	}
	inner, err := open(t.real(desc), withRecord(cols), true)
	if err != nil {
		return nil, err
	}
	return &cursor{txn: t, inner: inner, cols: cols}, nil
}

// withRecord is columns, none of them late, and the whole record.
func withRecord(cols []vm.Column) []vm.Column {
	all := slices.Concat(cols, wholeRecord)
	for i := range all {
		all[i].Late = false
	}
	return all
}

// Expand implements vm.Txn.
func (t *Txn) Expand(ctx context.Context, desc *schema.Table, dir vm.Direction, vertices *ops.Vector, sel ops.Selection, cols []vm.Column) (vm.Cursor, error) {
	if desc != nil {
		return t.open(desc, cols, func(desc *schema.Table, cols []vm.Column, _ bool) (vm.Cursor, error) {
			return t.inner.Expand(ctx, desc, dir, vertices, sel, cols)
		})
	}
	inner, err := t.inner.Expand(ctx, nil, dir, vertices, sel, withRecord(cols))
	if err != nil {
		return nil, err
	}
	return &cursor{txn: t, inner: inner, cols: cols}, nil
}

// Degrees implements vm.Txn: where edges are hidden they are read and counted.
func (t *Txn) Degrees(ctx context.Context, desc *schema.Table, dir vm.Direction) (vm.Cursor, error) {
	tab, err := t.set.table(desc.Name)
	if err != nil {
		return nil, err
	}
	inner, err := t.inner.Degrees(ctx, t.real(desc), dir)
	if err != nil || tab.readable() {
		return inner, err
	}
	return &degrees{cursor: cursor{txn: t, inner: inner}, table: desc, direction: dir}, nil
}

// Fetch implements vm.Txn.
func (t *Txn) Fetch(ctx context.Context, ids *ops.Vector, sel ops.Selection, cols []vm.Column, dst []*ops.Vector) error {
	if !t.narrows(ids, sel) {
		return t.inner.Fetch(ctx, ids, sel, cols, dst)
	}
	var records ops.Vector
	if err := t.inner.Fetch(ctx, ids, sel, withRecord(cols), append(slices.Clone(dst), &records)); err != nil {
		return err
	}
	each := func(row int) error {
		record := records.At(row)
		if record.IsNone() {
			return nil
		}
		tab, s, err := t.shown(ctx, record)
		if err != nil {
			return err
		}
		for i, v := range dst {
			if s == nil {
				v.SetNone(row)
			} else if !s.whole {
				v.SetAt(row, show(v.At(row), &cols[i], s, tab.edge))
			}
		}
		return nil
	}
	if sel == nil {
		for row := range ids.N {
			if err := each(row); err != nil {
				return err
			}
		}
	}
	for _, row := range sel {
		if err := each(int(row)); err != nil {
			return err
		}
	}
	return nil
}

// narrows reports whether any of the records that are named is of a table of which a part is hidden.
func (t *Txn) narrows(ids *ops.Vector, sel ops.Selection) bool {
	last := ""
	hides := func(row int) bool {
		id := ids.At(row)
		if id.Kind() != ops.KindRecord || id.RecordTable() == last {
			return false
		}
		last = id.RecordTable()
		tab, err := t.set.table(last)
		return err != nil || !tab.readable()
	}
	if sel != nil {
		return slices.ContainsFunc(sel, func(row int32) bool { return hides(int(row)) })
	}
	for row := range ids.N {
		if hides(row) {
			return true
		}
	}
	return false
}

// shown is what is shown of a record, by its id; nil: nothing.
func (t *Txn) shown(ctx context.Context, record ops.Value) (*table, *shape, error) {
	id, _ := record.Member("id")
	tab, err := t.set.table(id.RecordTable())
	if err != nil {
		return nil, nil, err
	}
	mask, err := t.visible(ctx, tab, record)
	if err != nil || mask == 0 {
		return tab, nil, err
	}
	return tab, tab.rules[vm.RightSelect].fieldsOf(mask), nil
}

// Table implements vm.Txn.
func (t *Txn) Table(name string) *schema.Table {
	if tab, err := t.set.table(name); err != nil || !tab.known {
		return nil
	}
	return t.inner.Table(name)
}

// Tables implements vm.Txn: those of which anything can be read.
func (t *Txn) Tables() []*schema.Table {
	return slices.DeleteFunc(slices.Clone(t.inner.Tables()), func(d *schema.Table) bool { return !t.set.may(vm.RightSelect, d.Name) })
}

// Object implements vm.Txn.
func (t *Txn) Object(kind schema.ObjectKind, name string) *schema.Object {
	t.inner.Object(kind, name)
	return t.Catalog().Object(kind, name)
}

// Catalog implements vm.Txn.
func (t *Txn) Catalog() schema.Catalog {
	c := t.inner.Catalog()
	if c == t.set.base {
		return described{t.set.view}
	}
	n, err := t.set.narrow(c)
	if err != nil {
		n = &catalog{Catalog: schema.NewMemory(c.Namespace(), c.Database()), set: t.set}
	}
	return described{n}
}

// At implements vm.Txn. The rights are those of now.
func (t *Txn) At(ctx context.Context, at time.Time) (vm.Txn, error) {
	then, err := t.inner.At(ctx, at)
	if err != nil {
		return nil, err
	}
	return t.set.Over(then, t.auth, t.env), nil
}

// Apply implements vm.Txn. Whether the session may was decided when the statement was linked.
func (t *Txn) Apply(ctx context.Context, c *schema.Change) error { return t.inner.Apply(ctx, c) }
