package vm

import (
	"slices"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// write carries out one write for a row of operands; out has the registers that it writes, in their order.
type write func(fr *frame, a *linkedAccess, args, out []ops.Value) error

// writes runs a write for a row of scalars, or for each selected row of a batch, one after the other.
func (fr *frame) writes(in *Instr, sources, results int, w write) signal {
	a := fr.access(in.B)
	fr.args = slices.Grow(fr.args[:0], sources+results)[:sources+results]
	args, out := fr.args[:sources], fr.args[sources:]
	if !fr.isVector(in.A) {
		for i := range args {
			args[i] = fr.scalars[int(in.C)+i]
		}
		if err := w(fr, a, args, out); err != nil {
			return fr.fail(err)
		}
		copy(fr.scalars[in.A:int(in.A)+results], out)
		return goOn
	}
	cs := fr.batchOf(in.A)
	// The results are gathered in memory of their own: a result's register may be a source.
	results_ := fr.spares(results, cs.n)
	for j := range cs.selected() {
		row := cs.row(j)
		for i := range args {
			args[i] = fr.at(in.C+uint16(i), row)
		}
		if err := w(fr, a, args, out); err != nil {
			return fr.fail(err)
		}
		for i, v := range out {
			results_[i].SetAt(row, v)
		}
	}
	for i := range results {
		r := in.A + uint16(i)
		m := fr.memory(r)
		*m, fr.wide[i] = fr.wide[i], *m
		fr.vectors[r] = m
	}
	return goOn
}

// spares returns vectors of n rows of none.
func (fr *frame) spares(count, n int) []ops.Vector {
	for len(fr.wide) < count {
		fr.wide = append(fr.wide, ops.Vector{})
	}
	for i := range count {
		fr.wide[i].Reset(ops.KindNone, n)
	}
	return fr.wide[:count]
}

func doCreate(fr *frame, in *Instr) signal { return fr.writes(in, 2, 2, create) }
func doUpdate(fr *frame, in *Instr) signal { return fr.writes(in, 3, 2, update) }
func doDelete(fr *frame, in *Instr) signal { return fr.writes(in, 1, 1, remove) }
func doRelate(fr *frame, in *Instr) signal { return fr.writes(in, 4, 2, relate) }

// written is the table that a write goes to, with its guard. A table that does not exist comes into being, unless the
// database is strict.
func (a *linkedAccess) written(r *Rows, edge bool) (*schema.Table, *Guard, error) {
	if a.table != nil {
		if a.table.Edge != edge {
			return nil, nil, notThatTable(a.name, edge)
		}
		return a.table, a.guard, nil
	}
	t, err := r.txn.EnsureTable(r.ctx, a.name, edge)
	if err != nil {
		return nil, nil, err
	}
	if t.Edge != edge {
		return nil, nil, notThatTable(a.name, edge)
	}
	return t, emptyGuard, nil
}

func notThatTable(name string, edge bool) error {
	if edge {
		return ops.Errorf(ops.CodeType, "%s is a table of records, RELATE needs an edge table", name)
	}
	return ops.Errorf(ops.CodeType, "%s is an edge table, its records are made by RELATE", name)
}

// key makes a key of what a write is given: a key, an id of the table, or none.
func (a *linkedAccess) key(v ops.Value) (ops.Value, error) {
	switch {
	case v.IsNone():
		return v, nil
	case v.Kind() == ops.KindRecord:
		if v.RecordTable() != a.name {
			return v, ops.Errorf(ops.CodeType, "%s is no record of table %s", ops.Format(v), a.name)
		}
		return v.RecordKey(), nil
	case !isKey(v):
		return v, ops.Errorf(ops.CodeType, "%s %s cannot be the key of a record of %s", article(v.Kind()), ops.Format(v), a.name)
	}
	return v, nil
}

// objectOf takes the id out of the object of a write: an id in it must be that of the record, and chooses the key of a new one.
func (a *linkedAccess) objectOf(v, key ops.Value) (object, newKey ops.Value, err error) {
	switch v.Kind() {
	case ops.KindNone:
		return ops.Object(nil), key, nil
	case ops.KindObject:
	default:
		return v, key, ops.Errorf(ops.CodeType, "a record is an object, not %s %s", article(v.Kind()), ops.Format(v))
	}
	ms := v.AsObject()
	at := slices.IndexFunc(ms, func(m ops.Member) bool { return m.Name == "id" })
	if at < 0 {
		return v, key, nil
	}
	given, err := a.key(ms[at].Value)
	if err != nil {
		return v, key, err
	}
	switch {
	case key.IsNone():
		key = given
	case !given.IsNone() && !ops.Equal(given, key):
		return v, key, ops.Errorf(ops.CodeReadOnly, "the id of %s cannot be changed to %s", ops.Format(ops.Record(a.name, key)), ops.Format(ms[at].Value)).About(Path{"id"})
	}
	return ops.Object(slices.Concat(ms[:at], ms[at+1:])), key, nil
}

// stored is a record as a reader sees it.
func stored(id, object ops.Value) ops.Value {
	ms := make([]ops.Member, 0, len(object.AsObject())+1)
	ms = append(ms, ops.Member{Name: "id", Value: id})
	for _, m := range object.AsObject() {
		if !m.Value.IsNone() {
			ms = append(ms, m)
		}
	}
	return ops.Object(ms)
}

func create(fr *frame, a *linkedAccess, args, out []ops.Value) error {
	t, guard, err := a.written(fr.run, false)
	if err != nil {
		return err
	}
	key, err := a.key(args[0])
	if err != nil {
		return err
	}
	object, key, err := a.objectOf(args[1], key)
	if err != nil {
		return err
	}
	return fr.insert(a, t, guard, key, object, out)
}

// insert is the second half of create and relate.
func (fr *frame) insert(a *linkedAccess, t *schema.Table, guard *Guard, key, object ops.Value, out []ops.Value) error {
	r := fr.run
	object, err := r.guarded(t, guard, ops.Record(t.Name, key), object, ops.None, false)
	if err != nil {
		return err
	}
	id, made, err := r.txn.Create(r.ctx, t, key, object, a.IfNotExists)
	if err != nil {
		return err
	}
	out[0], out[1] = id, ops.None
	if made {
		r.work.Wrote++
		out[1], err = r.written(t, stored(id, object))
	}
	return err
}

func relate(fr *frame, a *linkedAccess, args, out []ops.Value) error {
	t, guard, err := a.written(fr.run, true)
	if err != nil {
		return err
	}
	key, err := a.key(args[0])
	if err != nil {
		return err
	}
	args[1], args[2] = recordOf(args[1]), recordOf(args[2])
	if err := endOf(t, "from", t.From, args[1]); err != nil {
		return err
	}
	if err := endOf(t, "to", t.To, args[2]); err != nil {
		return err
	}
	object, key, err := a.objectOf(args[3], key)
	if err != nil {
		return err
	}
	ms := make([]ops.Member, 0, len(object.AsObject())+2)
	ms = append(ms, ops.Member{Name: "in", Value: args[1]}, ops.Member{Name: "out", Value: args[2]})
	for _, m := range object.AsObject() {
		var end ops.Value
		switch m.Name {
		case "in":
			end = args[1]
		case "out":
			end = args[2]
		default:
			ms = append(ms, m)
			continue
		}
		if !ops.Equal(m.Value, end) {
			return ops.Errorf(ops.CodeReadOnly, "%s of an edge is where it was related, it cannot be set", m.Name).About(Path{m.Name})
		}
	}
	return fr.insert(a, t, guard, key, ops.Object(ms), out)
}

// recordOf is the id of a record that is given whole, as a query or a write returns it.
func recordOf(v ops.Value) ops.Value {
	if v.Kind() == ops.KindObject {
		if id, ok := v.Member("id"); ok && id.Kind() == ops.KindRecord {
			return id
		}
	}
	return v
}

// endOf checks one end of a new edge.
func endOf(t *schema.Table, side, table string, v ops.Value) error {
	switch {
	case v.Kind() != ops.KindRecord:
		return ops.Errorf(ops.CodeType, "an edge goes from record to record; %s %s is no record", article(v.Kind()), ops.Format(v))
	case table != "" && v.RecordTable() != table:
		return ops.Errorf(ops.CodeType, "edges of %s go %s records of %s; %s is not one", t.Name, side, table, ops.Format(v))
	}
	return nil
}

// target is access a, which is of records of any table, for the table of one of them.
func (r *Rows) target(a *linkedAccess, record ops.Value) (*linkedAccess, error) {
	if record.Kind() != ops.KindRecord {
		return nil, ops.Errorf(ops.CodeType, "%s %s is no record", article(record.Kind()), ops.Format(record))
	}
	name := record.RecordTable()
	if t := r.targets[name]; t != nil && t.Access == a.Access {
		return t, nil
	}
	t := &linkedAccess{Access: a.Access, name: name, table: r.txn.Table(name), guard: emptyGuard}
	if t.table != nil {
		var err error
		if t.guard, err = NewGuard(t.table, r.txn.Catalog(), r.linked.compile); err != nil {
			return nil, err
		}
		if r.targets == nil {
			r.targets = map[string]*linkedAccess{}
		}
		r.targets[name] = t
	}
	return t, nil
}

func update(fr *frame, a *linkedAccess, args, out []ops.Value) (err error) {
	r := fr.run
	if a.Kind == AccessRecord {
		if a, err = r.target(a, args[0]); err != nil {
			return err
		}
	}
	before := a.present(r)
	edge := before != nil && before.Edge
	t, guard, err := a.written(r, edge)
	if err != nil {
		return err
	}
	key, err := a.key(args[0])
	if err != nil {
		return err
	}
	if key.IsNone() {
		return ops.Errorf(ops.CodeType, "an update of %s needs the record's id", a.name)
	}
	object, _, err := a.objectOf(args[2], key)
	if err != nil {
		return err
	}
	if edge {
		if object, err = keepEnds(args[1], object); err != nil {
			return err
		}
	}
	id := ops.Record(t.Name, key)
	if args[0].Kind() == ops.KindRecord {
		id = args[0]
	}
	if object, err = r.guarded(t, guard, id, object, args[1], true); err != nil {
		return err
	}
	if err := r.txn.Replace(r.ctx, t, key, object, a.Upsert); err != nil {
		return err
	}
	r.work.Wrote++
	out[0] = id
	out[1], err = r.written(t, stored(id, object))
	return err
}

// guarded makes of what a statement gives the record to be stored.
func (r *Rows) guarded(t *schema.Table, guard *Guard, id, object, before ops.Value, update bool) (ops.Value, error) {
	n, narrow := r.txn.(Narrow)
	if !narrow {
		return guard.apply(r, id, object, before)
	}
	object, before, err := n.Given(r.ctx, t, id.RecordKey(), object, before, update)
	if err != nil {
		return object, err
	}
	if object, err = guard.apply(r, id, object, before); err != nil {
		err = n.Refused(t, err)
	}
	return object, err
}

// written is what may be shown of a record that was written.
func (r *Rows) written(t *schema.Table, record ops.Value) (ops.Value, error) {
	if n, narrow := r.txn.(Narrow); narrow {
		return n.Shown(r.ctx, t, record)
	}
	return record, nil
}

// keepEnds makes sure that an edge keeps its ends, also where the new object leaves them out.
func keepEnds(before, object ops.Value) (ops.Value, error) {
	if before.Kind() != ops.KindObject {
		return object, ops.Errorf(ops.CodeType, "edges are made by RELATE")
	}
	for _, name := range []string{"out", "in"} {
		old, _ := before.Member(name)
		now, there := object.Member(name)
		switch {
		case !there:
			object = ops.Object(slices.Insert(slices.Clone(object.AsObject()), 0, ops.Member{Name: name, Value: old}))
		case !ops.Equal(old, now):
			return object, ops.Errorf(ops.CodeReadOnly, "%s of an edge cannot be changed", name).
				WithHint("delete the edge and RELATE anew").About(Path{name})
		}
	}
	return object, nil
}

func remove(fr *frame, a *linkedAccess, args, out []ops.Value) error {
	r := fr.run
	t, key := a.locate(r, args[0])
	if t == nil {
		out[0] = ops.Bool(false)
		return nil
	}
	existed, err := r.txn.Delete(r.ctx, t, key)
	if err != nil {
		return err
	}
	if existed {
		r.work.Wrote++
	}
	out[0] = ops.Bool(existed)
	return nil
}

func doDefine(fr *frame, in *Instr) signal {
	r := fr.run
	c, err := r.filled(&r.linked.Program.Defs[in.A], r.linked.fills[in.A])
	if err == nil {
		err = r.txn.Apply(r.ctx, c)
	}
	if err != nil {
		return fr.fail(err)
	}
	return goOn
}

// doDefineSecret keeps a hash of a password, so that the password itself is nowhere but in the register.
func doDefineSecret(fr *frame, in *Instr) signal {
	change := fr.run.linked.Program.Defs[in.A]
	o, password := *change.Object, fr.scalars[in.B]
	if password.Kind() != ops.KindString {
		return fr.fail(ops.Errorf(ops.CodeType, "a password is a string, not %s", article(password.Kind())))
	}
	var err error
	if o.Secret, err = ops.HashPassword(fr.run.o.Env, password.AsString()); err != nil {
		return fr.fail(err)
	}
	change.Object = &o
	if err := fr.run.txn.Apply(fr.run.ctx, &change); err != nil {
		return fr.fail(err)
	}
	return goOn
}

func doDescribe(fr *frame, in *Instr) signal {
	v, err := describe(fr.run.txn, &fr.run.linked.Program.Defs[in.B])
	if err != nil {
		return fr.fail(err)
	}
	fr.scalars[in.A] = v
	return goOn
}
