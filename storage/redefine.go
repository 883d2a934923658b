package storage

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
)

// REDEFINE TABLE goes on while the table is in use.
//
// A first transaction announces it: the descriptor says what is pending. From its commit on every writer, which depends on the
// descriptor, makes sure that what it writes fits the new shape too, and keeps the indexes that will be. Then short transactions walk
// over the table, convert each record for a try, and fill those indexes. If a record cannot be converted all of this is
// taken back, and nothing has happened. Else one transaction puts the new descriptor in place of the old: older records are read
// through it from then on (reshape.go), and a job writes them anew, in short transactions, until none is left. The job needs no
// memory of how far it came: what it has written is newer than the redefinition, so after a crash it starts at the front.

// worstRecords is how many records are named that cannot be converted.
const worstRecords = 10

// redefining is a redefinition on its way from announcement to effect.
type redefining struct {
	store  *Store
	place  place
	change *schema.Change
	id     uint32   // of the table
	ids    []uint32 // of all tables whose records change: that one, and those that have links to it where its name changes
	busy   uint32   // a table whose records are still being rewritten
	job    *job
	bad    []string // records that cannot be converted, with the reason
}

// redefineTable notes a redefinition, which happens when the transaction has committed.
func (t *Txn) redefineTable(cat *catalog, c *schema.Change) error {
	if c.Redefinition == nil {
		return ops.Errorf(ops.CodeInternal, "a redefinition of %s that says nothing", c.Name)
	}
	if cat.byName[c.Name] == nil && c.IfExists {
		return nil
	}
	if to := c.Redefinition.To; to != "" {
		if err := checkName("table", to); err != nil {
			return err
		}
	}
	if _, _, err := schema.Redefine(cat, c.Name, c.Redefinition); err != nil {
		return err
	}
	if t.kv.Written() > 0 {
		return ops.Errorf(ops.CodeTransaction, "REDEFINE TABLE %s takes several transactions, and cannot be part of one that has written", c.Name).
			WithHint("run it outside BEGIN … COMMIT")
	}
	t.redefines = append(t.redefines, redefining{store: t.store, place: cat.place, change: c})
	return nil
}

// unfinished reports whether records of a table may be older than a redefinition of it.
func unfinished(desc *schema.Table) bool {
	return slices.ContainsFunc(desc.Shapes, func(s schema.Shape) bool { return !s.Done })
}

// run carries a redefinition out, one at a time. When it returns it is in force; the records may be rewritten later.
func (r *redefining) run(ctx context.Context) error {
	s := r.store
	ref, err := s.catalogRef(r.place)
	if err != nil {
		return wrap(err)
	}
	tab := ref.Load().byName[r.change.Name]
	if tab == nil {
		return r.gone()
	}
	r.id, r.job = tab.id, s.begin("redefine", "checking", r.place, tab, "")
	if err = s.claim(ctx, 0); err == nil {
		for err = errAgain; errors.Is(err, errAgain); {
			err = r.attempt(ctx)
		}
		if err == nil {
			r.rewrite(ctx)
		}
		s.release(0)
	}
	if err != nil {
		s.end(r.job, err)
	}
	return wrap(err)
}

// errAgain says that what a redefinition rests on has changed, and nothing was done.
var errAgain = errors.New("to be tried again")

// attempt announces the redefinition, checks the records and puts it into force, or leaves nothing behind.
func (r *redefining) attempt(ctx context.Context) error {
	r.bad, r.busy = nil, 0
	checks, err := r.announce(ctx)
	if r.busy != 0 {
		if err = r.store.claim(ctx, r.busy); err == nil {
			r.store.release(r.busy)
			err = errAgain
		}
		return err
	}
	r.job.done.Store(0)
	for _, id := range r.ids {
		if err == nil && checks {
			err = r.check(ctx, id)
		}
	}
	if err == nil && len(r.bad) > 0 {
		err = r.refused()
	}
	if err == nil {
		err = r.turn(ctx)
	}
	if err == nil {
		return nil
	}
	// Also when the context has ended: what the caller is told is that nothing has changed.
	for _, id := range r.ids {
		if e := r.store.dropPending(context.WithoutCancel(ctx), r.place, id); e != nil {
			return e
		}
	}
	return err
}

// announce makes the redefinition known. It reports whether records must be looked at.
func (r *redefining) announce(ctx context.Context) (checks bool, err error) {
	err = r.store.again(ctx, r.place, func(t *Txn) error {
		r.ids, checks = nil, false
		tab := t.cat.tables[r.id]
		if tab == nil || tab.desc.Name != r.change.Name {
			return r.gone()
		}
		target, moves, err := schema.Redefine(t.cat, r.change.Name, r.change.Redefinition)
		if err != nil {
			return err
		}
		if err := t.useAll(t.cat); err != nil {
			return err
		}
		from, to := tab.desc.Name, target.Name
		for _, x := range append([]*table{tab}, t.linking(tab, to)...) {
			if err := r.free(x); err != nil {
				return err
			}
			p := &schema.Pending{Table: target, Shape: schema.Shape{Moves: moves}}
			if x.id != tab.id {
				p.Table, p.Moves = x.desc, nil
			}
			if _, links := t.dict(x.tableState).ID(from); links && from != to {
				p.Links = []string{from, to}
				p.Table = schema.Relink(p.Table, from, to, from+"\x00"+strconv.Itoa(int(tab.id)))
			}
			looks, err := t.pend(x, p)
			if err != nil {
				return err
			}
			r.ids, checks = append(r.ids, x.id), checks || looks
		}
		return nil
	})
	return checks, err
}

// linking lists the tables whose records may have links to a table that gets another name: their dictionaries have its name.
func (t *Txn) linking(tab *table, to string) (all []*table) {
	if tab.desc.Name == to {
		return nil
	}
	for _, d := range t.cat.descs {
		x := t.cat.tables[d.ID]
		if _, links := t.dict(x.tableState).ID(tab.desc.Name); links && x.id != tab.id {
			all = append(all, x)
		}
	}
	return all
}

// free makes sure that the records of a table have the shape that it has now.
func (r *redefining) free(tab *table) error {
	if err := notPending(tab); err != nil {
		return err
	}
	if i := slices.IndexFunc(tab.desc.Indexes, func(ix *schema.Index) bool { return !ix.Ready }); i >= 0 {
		return ops.Errorf(ops.CodeInUse, "index %s of table %s is being built", tab.desc.Indexes[i].Name, tab.desc.Name).WithHint("wait for it, see sys::jobs")
	}
	if !unfinished(tab.desc) {
		return nil
	}
	j := &r.store.jobs
	j.mu.Lock()
	running := j.claims[tab.id] != nil
	j.mu.Unlock()
	if running {
		r.busy = tab.id
	}
	return ops.Errorf(ops.CodeInUse, "the records of table %s have not all been rewritten since it was redefined the last time", tab.desc.Name).
		WithHint("sys::jobs says why; opening the database anew goes on with it")
}

func (r *redefining) gone() error {
	return ops.Errorf(ops.CodeUnknownTable, "table %s was removed before it could be redefined", r.change.Name)
}

func tooManyNames(tab *table) error {
	return ops.Errorf(ops.CodeTooLarge, "table %s has %d different names already", tab.desc.Name, record.MaxNames)
}

// pend writes the descriptor with what is pending. It reports whether records must be looked at.
func (t *Txn) pend(tab *table, p *schema.Pending) (checks bool, err error) {
	target := *p.Table
	target.Shapes, target.Pending = nil, nil
	target.Indexes = slices.Clone(target.Indexes)
	for i, ix := range target.Indexes {
		ids := target.Name != tab.desc.Name && slices.ContainsFunc(ix.Fields, func(path []string) bool { return path[0] == "id" })
		if ix.ID != 0 && !schema.Touches(p.Moves, ix.Fields...) && !ids && (p.Links == nil || !target.MayLink(ix.Fields...)) {
			continue
		}
		n := *ix
		if n.ID, err = t.store.takeIDs(1); err != nil {
			return false, err
		}
		n.Ready = false
		target.Indexes[i] = &n
		checks = true
	}
	if err := t.internPending(tab, p); err != nil {
		return false, err
	}
	desc := *tab.desc
	stamp(&desc, tab.since)
	desc.Pending = &schema.Pending{Shape: p.Shape, Table: &target}
	checks = checks || len(p.Moves) > 0 || p.Links != nil || target.Schemafull && !tab.desc.Schemafull
	return checks, t.putTable(t.cat.with(&desc, tab.tableState), &desc)
}

// internPending gives numbers to the names that records will have.
func (t *Txn) internPending(tab *table, p *schema.Pending) error {
	t.interner.begin(tab.tableState, t.dict(tab.tableState))
	names := slices.Clone(p.Links)
	for _, m := range p.Moves {
		names = append(names, m.To...)
		if m.Fill == nil {
			continue
		}
		fill, _, err := ops.DecodeKey(m.Fill)
		if err == nil {
			_, err = t.enc.Record(nil, []ops.Member{{Name: m.To[len(m.To)-1], Value: fill}})
		}
		if err != nil {
			return err
		}
	}
	for _, name := range names {
		if _, ok, err := t.interner.Intern(name); err != nil || !ok {
			return cmp.Or(err, tooManyNames(tab))
		}
	}
	return nil
}

// again runs f in a transaction until it commits.
func (s *Store) again(ctx context.Context, p place, f func(*Txn) error) error {
	for {
		t, err := s.Begin(ctx, TxnOptions{Namespace: p.namespace, Database: p.database, Write: true})
		if err != nil {
			return err
		}
		if err = f(t); err != nil {
			t.Cancel()
		} else {
			_, err = t.Commit(ctx)
		}
		if err == nil || ops.CodeOf(err) != ops.CodeConflict {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// check walks over a table: every record must fit what is pending.
func (r *redefining) check(ctx context.Context, id uint32) error {
	chunk := buildChunk
	for from, first := []byte(nil), true; first || from != nil; {
		var next []byte
		var n int
		bad := len(r.bad)
		t, tab, err := r.open(ctx, id)
		if err == nil {
			n, next, err = t.tryRecords(ctx, tab, from, chunk, r)
			if err == nil {
				_, err = t.Commit(ctx)
			} else {
				t.Cancel()
			}
		}
		switch {
		case err != nil && ops.CodeOf(err) == ops.CodeConflict:
			r.bad = r.bad[:bad]
			chunk = max(chunk/2, 1)
			continue
		case err != nil:
			return err
		case len(r.bad) >= worstRecords:
			return r.refused()
		}
		r.job.done.Add(int64(n))
		from, first = next, false
		chunk = min(chunk*2, buildChunk)
	}
	return nil
}

// open begins a transaction that works on a table.
func (r *redefining) open(ctx context.Context, id uint32) (*Txn, *table, error) {
	t, err := r.store.Begin(ctx, TxnOptions{Namespace: r.place.namespace, Database: r.place.database, Write: true})
	if err != nil {
		return nil, nil, err
	}
	tab := t.cat.tables[id]
	if tab == nil || tab.desc.Pending == nil {
		t.Cancel()
		return nil, nil, r.gone()
	}
	if err := t.use(tab); err != nil {
		t.Cancel()
		return nil, nil, err
	}
	return t, tab, nil
}

func (r *redefining) refused() error {
	which := "they are"
	if len(r.bad) == worstRecords {
		which = "the first ten are"
	}
	return ops.Errorf(ops.CodeCast, "table %s stays as it is, because it has records that cannot be converted; %s %s", r.change.Name, which, strings.Join(r.bad, "; ")).
		WithHint("change or delete these records first")
}

// turn puts the redefinition into force.
func (r *redefining) turn(ctx context.Context) error {
	return r.store.again(ctx, r.place, func(t *Txn) error {
		if err := t.useAll(t.cat); err != nil {
			return err
		}
		plain := t.cat
		for _, id := range r.ids {
			tab := t.cat.tables[id]
			if tab == nil || tab.desc.Pending == nil {
				return errAgain
			}
			now := *tab.desc
			now.Pending = nil
			plain = plain.with(&now, tab.tableState)
		}
		// Others may have defined something meanwhile that stands on what goes.
		if _, _, err := schema.Redefine(plain, r.change.Name, r.change.Redefinition); err != nil {
			return err
		}
		if to := t.cat.tables[r.id].desc.Pending.Table.Name; to != r.change.Name {
			if err := r.turnName(t, to); err != nil {
				return err
			}
		}
		for _, id := range r.ids {
			if err := t.turn(t.cat.tables[id]); err != nil {
				return err
			}
		}
		return nil
	})
}

// turnName makes sure that the table may be called otherwise, and does so where other tables declare links to it.
func (r *redefining) turnName(t *Txn, to string) error {
	from := r.change.Name
	if err := t.useTable(t.cat, to); err != nil {
		return err
	}
	for _, d := range t.cat.descs {
		tab := t.cat.tables[d.ID]
		if err := t.noRelation(tab, from); err != nil {
			return err
		}
		if !slices.Contains(r.ids, tab.id) {
			names := t.dict(tab.tableState)
			if _, links := names.ID(from); links {
				return errAgain
			}
			t.kv.ReadSpan(nameKey(tab.id, uint16(names.Len())), keys.AppendEnd(nil, systemKey(objNames, u32(tab.id))))
			if n := schema.Renamed(d, from, to); n != d {
				desc := *n
				stamp(&desc, tab.since)
				if err := t.putTable(t.cat.with(&desc, tab.tableState), &desc); err != nil {
					return err
				}
			}
			continue
		}
		if err := t.noEnds(tab, to); err != nil {
			return err
		}
	}
	return nil
}

// noEnds refuses a name to a table when there are edges that lead to records of that name.
func (t *Txn) noEnds(tab *table, name string) error {
	number, known := t.dict(tab.tableState).ID(tab.desc.StoredEnd(name))
	if !tab.desc.Edge || !known {
		return nil
	}
	for _, p := range []keys.Prefix{tab.out, tab.in} {
		err := scanPrefix(t.kv, append(p[:], byte(number>>8), byte(number)), func(key, _ []byte) error {
			return ops.Errorf(ops.CodeInUse, "there are edges of %s at records of a table %s, which is not there", tab.desc.Name, name).
				WithHint("delete these edges first, or choose another name")
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// noRelation refuses to rename a table that is a vertex itself: its name is the key of that.
func (t *Txn) noRelation(tab *table, name string) error {
	if !tab.desc.Edge {
		return nil
	}
	number, known := t.vertexTable(tab, schema.TableVertices)
	if !known {
		return nil
	}
	for _, p := range []keys.Prefix{tab.out, tab.in} {
		err := scanPrefix(t.kv, appendVertex(p[:], number, ops.String(name)), func(_, _ []byte) error {
			return ops.Errorf(ops.CodeInUse, "table %s is related to others by %s", name, tab.desc.Name).WithHint("delete what `->> %s ->>` has of it first", tab.desc.Name)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// turn puts what is pending for one table into force.
func (t *Txn) turn(tab *table) error {
	p := tab.desc.Pending
	desc := *p.Table
	desc.ID = tab.id
	desc.Indexes = make([]*schema.Index, len(p.Table.Indexes))
	for i, ix := range p.Table.Indexes {
		n := *ix
		n.Ready = true
		desc.Indexes[i] = &n
	}
	for _, ix := range tab.desc.Indexes {
		if !slices.ContainsFunc(desc.Indexes, func(n *schema.Index) bool { return n.ID == ix.ID }) {
			prefix := tab.index(ix.ID)
			t.drop(prefix[:])
		}
	}
	horizon := t.store.db.Horizon()
	desc.Shapes = slices.DeleteFunc(slices.Clone(tab.desc.Shapes), func(s schema.Shape) bool {
		return s.Done && s.Before != 0 && kv.Time(s.Before) < horizon
	})
	if len(p.Moves) > 0 || p.Links != nil {
		desc.Shapes = append(desc.Shapes, schema.Shape{Moves: p.Moves, Links: p.Links})
	}
	desc.Fingerprint = schema.FingerprintOf(&desc)
	if desc.Name == tab.desc.Name {
		return t.putTable(t.cat.with(&desc, tab.tableState), &desc)
	}
	t.kv.Delete(tab.key, kv.Unknown)
	if desc.Edge {
		t.kv.Put(edgesKey(t.cat.id), nil, kv.Unknown)
	}
	return t.putTable(t.cat.renamed(tab, &desc), &desc)
}

// dropPending takes back what was announced and is not in force.
func (s *Store) dropPending(ctx context.Context, p place, id uint32) error {
	return s.again(ctx, p, func(t *Txn) error {
		tab := t.cat.tables[id]
		if tab == nil || tab.desc.Pending == nil {
			return nil
		}
		if err := t.use(tab); err != nil {
			return err
		}
		t.dropPendingIndexes(tab)
		desc := *tab.desc
		desc.Pending = nil
		stamp(&desc, tab.since)
		return t.putTable(t.cat.with(&desc, tab.tableState), &desc)
	})
}

// dropPendingIndexes removes the entries of the indexes that would have been.
func (t *Txn) dropPendingIndexes(tab *table) {
	if tab.desc.Pending == nil {
		return
	}
	for _, ix := range tab.desc.Pending.Table.Indexes {
		if !ix.Ready {
			p := tab.index(ix.ID)
			t.drop(p[:])
		}
	}
}
