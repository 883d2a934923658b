package storage

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
)

// A transaction that writes depends on the definitions that it uses, as on records: on the descriptors of its tables, on the absence
// of those that are not there, on the objects that its programs name, and on which edge tables there are where it deletes a
// vertex. So what others define meanwhile is a conflict where it matters, and only there; and no write is committed that
// does not keep to every definition committed before it.
//
// The definitions that a transaction works with are those that were the newest when it began; its snapshot may be taken later. So
// when it first uses one it also makes sure that this is the newest still: what changes afterwards is found
// by validation.

// other is what a transaction knows of another database than its own.
type other struct {
	base, cat *catalog // when it was first looked at, and now
	ref       *atomic.Pointer[catalog]
}

// origin returns what a catalog came from: the one that was the newest then, and where the newest is.
func (t *Txn) origin(p place) (base *catalog, ref *atomic.Pointer[catalog]) {
	if p == t.place {
		return t.base, t.ref
	}
	o := t.others[p]
	return o.base, o.ref
}

// use makes the transaction depend on a table of its database.
func (t *Txn) use(tab *table) error {
	if !t.kv.Writable() {
		return nil
	}
	for _, u := range t.used {
		if u == tab.tableState {
			return t.stale
		}
	}
	t.used = append(t.used, tab.tableState)
	t.kv.ReadKey(tab.key)
	if newest := t.ref.Load(); newest != t.base && newest.Table(tab.desc.Name) != t.base.Table(tab.desc.Name) {
		t.outdated("table " + tab.desc.Name)
	}
	return t.stale
}

// useTable makes the transaction depend on a table of a database, or on its absence.
func (t *Txn) useTable(cat *catalog, name string) error {
	if !t.kv.Writable() {
		return nil
	}
	if cat.id == 0 {
		return t.useNoDatabase(cat)
	}
	t.kv.ReadKey(tableKey(cat.id, name))
	base, ref := t.origin(cat.place)
	if newest := ref.Load(); newest != base && newest.Table(name) != base.Table(name) {
		t.outdated("table " + name)
	}
	return t.stale
}

// useNoDatabase makes the transaction depend on the absence of a database.
func (t *Txn) useNoDatabase(cat *catalog) error {
	t.kv.ReadKey(systemKey(objNamespaces, []byte(cat.namespace)))
	if cat.namespaceID != 0 {
		t.kv.ReadKey(databaseKey(cat.namespaceID, cat.database))
	}
	base, ref := t.origin(cat.place)
	if newest := ref.Load(); newest != base && newest.id != base.id {
		t.outdated("database " + cat.database)
	}
	return t.stale
}

// useObject makes the transaction depend on an object, or on its absence.
func (t *Txn) useObject(cat *catalog, kind schema.ObjectKind, name string) error {
	if !t.kv.Writable() {
		return nil
	}
	if cat.id == 0 {
		return t.useNoDatabase(cat)
	}
	t.kv.ReadKey(objectKey(cat.id, kind, name))
	base, ref := t.origin(cat.place)
	if newest := ref.Load(); newest != base && newest.Object(kind, name) != base.Object(kind, name) {
		t.outdated(kind.String() + " " + name)
	}
	return t.stale
}

// useAll makes the transaction depend on all that a database defines.
func (t *Txn) useAll(cat *catalog) error {
	t.kv.ReadKey(databaseKey(cat.namespaceID, cat.database))
	for _, object := range []uint32{objTables, objObjects} {
		prefix := systemKey(object, u32(cat.id))
		t.kv.ReadSpan(prefix, keys.AppendEnd(nil, prefix))
	}
	if base, ref := t.origin(cat.place); ref.Load() != base {
		t.outdated("database " + cat.database)
	}
	return t.stale
}

// useEdges makes the transaction depend on which edge tables there are, and on each of them.
func (t *Txn) useEdges() error {
	if !t.kv.Writable() || t.cat.id == 0 || t.usesEdges {
		return t.stale
	}
	t.usesEdges = true
	t.kv.ReadKey(edgesKey(t.cat.id))
	isRecords := func(d *schema.Table) bool { return !d.Edge }
	if newest := t.ref.Load(); newest != t.base && !slices.Equal(slices.DeleteFunc(slices.Clone(newest.descs), isRecords), slices.DeleteFunc(slices.Clone(t.base.descs), isRecords)) {
		t.outdated("the set of edge tables")
	}
	for _, d := range t.cat.descs {
		if d.Edge {
			if err := t.use(t.cat.tables[d.ID]); err != nil {
				return err
			}
		}
	}
	return t.stale
}

// outdated notes that the transaction works with a definition that is not the newest any more, so that it cannot commit.
func (t *Txn) outdated(what string) {
	if t.stale != nil {
		return
	}
	t.store.stats.conflicts.Add(1)
	t.stale = &ops.Error{Code: ops.CodeConflict, Message: what + " was changed by another transaction",
		Conflict: &ops.ConflictInfo{Key: what, Other: uint64(t.store.db.Now()), RetryNow: true}, Hint: "run the transaction again"}
}

// Table implements vm.Txn.
func (t *Txn) Table(name string) *schema.Table {
	tab := t.cat.byName[name]
	if tab == nil {
		if t.kv.Writable() && !slices.Contains(t.absent, name) {
			t.absent = append(t.absent, name)
			_ = t.useTable(t.cat, name) // a conflict is met by the commit
		}
		return nil
	}
	_ = t.use(tab)
	return tab.desc
}

// Object implements vm.Txn.
func (t *Txn) Object(kind schema.ObjectKind, name string) *schema.Object {
	cat := t.cat
	if kind.OfNode() {
		node, err := t.catalogOf(nodePlace)
		if err != nil {
			return nil
		}
		cat = node
	}
	_ = t.useObject(cat, kind, name)
	return cat.Object(kind, name)
}

// ---- publishing

// publishAll makes the catalogs that a transaction has changed the newest ones; it has committed at a time.
func (t *Txn) publishAll(at kv.Time) {
	t.store.publish(t.base, t.cat, at)
	for _, o := range t.others {
		t.store.publish(o.base, o.cat, at)
	}
}

// publish makes a catalog the newest of its database. What others have published since it was base stays.
func (s *Store) publish(base, c *catalog, at kv.Time) {
	if c == base {
		return
	}
	s.catMu.Lock()
	defer s.catMu.Unlock()
	ref := s.catalogs[c.place]
	newest := ref.Load()
	for _, d := range c.descs {
		if newest.Table(d.Name) != d && base.Table(d.Name) != d {
			t := c.byName[d.Name]
			if t.since = at; t.was != nil {
				// Others may have written to it since the transaction made its state.
				t.follow(t.was)
				t.was = nil
			}
		}
	}
	if newest != base {
		c = newest.merged(base, c)
		c.version = s.versions.Add(1)
	}
	ref.Store(c)
	for id, t := range c.tables {
		s.tables[id] = t
	}
}

// merged returns c with what makes mine differ from base. That what c and mine have changed is not the same was validated.
func (c *catalog) merged(base, mine *catalog) *catalog {
	n := *c
	if mine.id != base.id {
		n.namespaceID, n.id, n.strict = mine.namespaceID, mine.id, mine.strict
	}
	n.byName, n.objects = maps.Clone(c.byName), c.objects
	for name, t := range mine.byName {
		if base.Table(name) != t.desc {
			n.byName[name] = t
		}
	}
	for name := range base.byName {
		if mine.byName[name] == nil {
			delete(n.byName, name)
		}
	}
	n.tables, n.descs = make(map[uint32]*table, len(n.byName)), make([]*schema.Table, 0, len(n.byName))
	for _, t := range n.byName {
		n.tables[t.id] = t
		n.descs = append(n.descs, t.desc)
	}
	slices.SortFunc(n.descs, func(a, b *schema.Table) int { return cmp.Compare(a.Name, b.Name) })
	for _, o := range mine.objects {
		if base.Object(o.Kind, o.Name) != o {
			n.objects = n.objects.With(o)
		}
	}
	for _, o := range base.objects {
		if mine.Object(o.Kind, o.Name) == nil {
			n.objects = n.objects.Without(o.Kind, o.Name)
		}
	}
	return &n
}

// ---- object ids

// idStep is how many object ids are reserved at a time.
const idStep = 256

// takeIDs gives out n object ids in a row. They are reserved in the store many at a time, so that transactions which define
// something do not meet over them; what is not used is lost when the store is closed.
func (s *Store) takeIDs(n uint32) (uint32, error) {
	s.idMu.Lock()
	defer s.idMu.Unlock()
	if s.idLast-s.idNext < n {
		if err := s.reserveIDs(n + idStep); err != nil {
			return 0, err
		}
	}
	id := s.idNext
	s.idNext += n
	return id, nil
}

// reserveIDs moves the counter on disk. Nobody else writes it.
func (s *Store) reserveIDs(n uint32) error {
	t, err := s.db.Begin(true)
	if err != nil {
		return err
	}
	defer t.Cancel()
	key := systemKey(objCounter)
	raw, _, ok, err := t.Get(key)
	if err != nil {
		return err
	}
	first := uint32(firstObject)
	if ok {
		if len(raw) != 4 {
			return errCatalog
		}
		first = binary.BigEndian.Uint32(raw)
	}
	if first+n < first {
		return ops.Errorf(ops.CodeTooLarge, "the store has no more object ids")
	}
	t.Put(key, u32(first+n), kv.Unknown)
	if _, err := t.Commit(nil); err != nil {
		return err
	}
	if s.idLast != first { // the first time since opening
		s.idNext = first
	}
	s.idLast = first + n
	return nil
}
