package storage

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
	"github.com/zerodb/zerodb/storage/sketch"
)

// Objects of the system partition.
const (
	objNamespaces = 1 // name → namespaceDesc
	objDatabases  = 2 // namespace id (4) · name → databaseDesc
	objTables     = 3 // database id (4) · name → tableDesc
	objNames      = 4 // table id (4) · number (2) → name: the dictionaries
	objCounter    = 5 // → the next object id that no opening of the store has reserved
	objEdges      = 6 // database id (4) → nothing; written whenever its edge tables are others
	objObjects    = 7 // database id (4) · kind (1) · name → schema.Object

	nodeID      = 1  // in place of a database's: the objects of the node
	firstObject = 64 // the first id of a namespace, database, table or index

	metaRows = 2 // object of the meta partition: table id (4) → estimated rows (8)
)

func systemKey(object uint32, parts ...[]byte) []byte {
	p := keys.Make(keys.System, object)
	k := p[:]
	for _, part := range parts {
		k = append(k, part...)
	}
	return k
}

func u32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

func databaseKey(namespace uint32, name string) []byte {
	return systemKey(objDatabases, u32(namespace), []byte(name))
}

func tableKey(database uint32, name string) []byte {
	return systemKey(objTables, u32(database), []byte(name))
}

func edgesKey(database uint32) []byte { return systemKey(objEdges, u32(database)) }

func objectKey(database uint32, kind schema.ObjectKind, name string) []byte {
	return systemKey(objObjects, u32(database), []byte{byte(kind)}, []byte(name))
}

func nameKey(table uint32, number uint16) []byte {
	return binary.BigEndian.AppendUint16(systemKey(objNames, u32(table)), number)
}

func rowsKey(id uint32) []byte {
	p := keys.Make(keys.Meta, metaRows)
	return append(p[:], u32(id)...)
}

type namespaceDesc struct {
	ID          uint32
	Consistency string `json:",omitempty"`
	Replicas    int    `json:",omitempty"`
	PartitionBy string `json:",omitempty"`
}

type databaseDesc struct {
	ID     uint32
	Strict bool `json:",omitempty"`
}

// catalog is what a database defines at one version, and where its data is. It is a snapshot and implements
// schema.Catalog. One with id 0 is of a database that does not exist yet.
type catalog struct {
	place
	namespaceID uint32
	id          uint32
	strict      bool
	version     uint64
	descs       []*schema.Table // by name, ascending
	objects     schema.Objects
	tables      map[uint32]*table
	byName      map[string]*table
	jobs        *jobs
}

// table is a table in one version of the catalog.
type table struct {
	*tableState
	desc *schema.Table
	key  []byte // of the descriptor
	// since is the time of the commit that made the descriptor what it is.
	since kv.Time
	// was is the state that it had under its former name, until it is published under the new one.
	was *tableState
}

// tableState is what all versions of a table share. An edge table owns three ids: its records have its own, the
// adjacency of its sources the next, of its targets the one behind.
type tableState struct {
	id      uint32
	name    *string // of an address that lives on, for record ids
	part    uint16
	records keys.Prefix
	out, in keys.Prefix
	dict    atomic.Pointer[record.Dict]
	layouts atomic.Pointer[[]*layout] // of the columns that were asked for lately
	rows    atomic.Int64
	saved   atomic.Int64 // rows as they are on disk
	stats   statistics
}

func newTableState(part uint16, id uint32, name string) *tableState {
	s := &tableState{id: id, name: &name, part: part, records: keys.Make(part, id), out: keys.Make(part, id+1), in: keys.Make(part, id+2)}
	s.dict.Store(record.NewDict(nil))
	s.stats.seen.Store(sketch.NewTable())
	return s
}

func (t *table) index(id uint32) keys.Prefix { return keys.Make(t.part, id) }

// Namespace implements schema.Catalog.
func (c *catalog) Namespace() string { return c.place.namespace }

// Database implements schema.Catalog.
func (c *catalog) Database() string { return c.place.database }

// Strict implements schema.Catalog.
func (c *catalog) Strict() bool { return c.strict }

// Version implements schema.Catalog.
func (c *catalog) Version() uint64 { return c.version }

// Table implements schema.Catalog.
func (c *catalog) Table(name string) *schema.Table {
	if t := c.byName[name]; t != nil {
		return t.desc
	}
	return nil
}

// Tables implements schema.Catalog.
func (c *catalog) Tables() []*schema.Table { return c.descs }

// Object implements schema.Catalog.
func (c *catalog) Object(kind schema.ObjectKind, name string) *schema.Object {
	return c.objects.Find(kind, name)
}

// Objects implements schema.Catalog.
func (c *catalog) Objects() schema.Objects { return c.objects }

// Rows implements schema.Catalog.
func (c *catalog) Rows(name string) int64 {
	if t := c.byName[name]; t != nil {
		return max(t.rows.Load(), 0)
	}
	return -1
}

// FieldNames lists the names that records of a table have had, at any depth; false for a table that is not there.
func (c *catalog) FieldNames(table string) ([]string, bool) {
	t := c.byName[table]
	if t == nil {
		return nil, false
	}
	d := t.dict.Load()
	names := make([]string, d.Len())
	for i := range names {
		names[i] = *d.Name(uint16(i))
	}
	return names, true
}

// with returns a catalog in which desc stands for its name; state is what it shares with its other versions.
func (c *catalog) with(desc *schema.Table, state *tableState) *catalog {
	n := *c
	t := &table{tableState: state, desc: desc, key: tableKey(c.id, desc.Name)}
	n.tables, n.byName = maps.Clone(c.tables), maps.Clone(c.byName)
	n.tables[desc.ID], n.byName[desc.Name] = t, t
	i, found := slices.BinarySearchFunc(c.descs, desc.Name, func(t *schema.Table, name string) int { return cmp.Compare(t.Name, name) })
	n.descs = slices.Clone(c.descs)
	if found {
		n.descs[i] = desc
	} else {
		n.descs = slices.Insert(n.descs, i, desc)
	}
	return &n
}

// renamed returns a catalog in which desc, which has another name, stands for a table. It has a state of its own, since records read
// by those who know the former name have ids of that name.
func (c *catalog) renamed(t *table, desc *schema.Table) *catalog {
	state := newTableState(t.part, t.id, desc.Name)
	state.follow(t.tableState)
	n := c.without(t).with(desc, state)
	n.byName[desc.Name].was = t.tableState
	return n
}

// follow makes a state what another one is.
func (s *tableState) follow(was *tableState) {
	s.dict.Store(was.dict.Load())
	s.rows.Store(was.rows.Load())
	s.saved.Store(was.saved.Load())
	s.stats.seen.Store(was.stats.seen.Load())
	s.stats.saved.Store(was.stats.saved.Load())
}

// without returns a catalog without a table.
func (c *catalog) without(t *table) *catalog {
	n := *c
	n.tables, n.byName = maps.Clone(c.tables), maps.Clone(c.byName)
	delete(n.tables, t.id)
	delete(n.byName, t.desc.Name)
	n.descs = slices.DeleteFunc(slices.Clone(c.descs), func(d *schema.Table) bool { return d.ID == t.id })
	return &n
}

func emptyCatalog(p place) *catalog {
	return &catalog{place: p, tables: map[uint32]*table{}, byName: map[string]*table{}, descs: []*schema.Table{}}
}

// nodePlace is where users and roles are defined: no database has these names.
var nodePlace = place{}

// Node returns what is defined of the node itself: users and roles.
func (s *Store) Node() (schema.Catalog, error) {
	return s.Catalog(nodePlace.namespace, nodePlace.database)
}

// catalogRef returns where the newest catalog of a database is; it is loaded when it is first asked for.
func (s *Store) catalogRef(p place) (*atomic.Pointer[catalog], error) {
	s.catMu.RLock()
	ref := s.catalogs[p]
	s.catMu.RUnlock()
	if ref != nil {
		return ref, nil
	}
	// No commit may come between reading the definitions and publishing them.
	err := s.db.Exclusive(func() error {
		s.catMu.Lock()
		defer s.catMu.Unlock()
		if ref = s.catalogs[p]; ref != nil {
			return nil
		}
		cat, err := s.loadCatalog(p)
		if err != nil {
			return err
		}
		ref = &atomic.Pointer[catalog]{}
		ref.Store(cat)
		s.catalogs[p] = ref
		return nil
	})
	return ref, err
}

// loadCatalog reads a database's definitions. The caller holds catMu.
func (s *Store) loadCatalog(p place) (*catalog, error) {
	t, err := s.db.Begin(false)
	if err != nil {
		return nil, err
	}
	defer t.Cancel()
	cat, err := readCatalog(t, p)
	if err != nil {
		return nil, err
	}
	cat.version, cat.jobs = s.versions.Add(1), &s.jobs
	for id, tab := range cat.tables {
		if known := s.tables[id]; known != nil && known.desc.Name == tab.desc.Name {
			tab.tableState = known.tableState
			continue
		}
		if err := s.loadState(t, tab); err != nil {
			return nil, err
		}
		s.tables[id] = tab
	}
	return cat, nil
}

// readCatalog reads a database's definitions as a transaction sees them; its tables have fresh states.
func readCatalog(t *kv.Txn, p place) (*catalog, error) {
	cat := emptyCatalog(p)
	if p == nodePlace {
		var err error
		cat.id = nodeID
		cat.objects, err = readObjects(t, nodeID)
		return cat, err
	}
	var ns namespaceDesc
	if ok, err := getJSON(t, systemKey(objNamespaces, []byte(p.namespace)), &ns); !ok {
		return cat, err
	}
	cat.namespaceID = ns.ID
	var db databaseDesc
	if ok, err := getJSON(t, systemKey(objDatabases, u32(ns.ID), []byte(p.database)), &db); !ok {
		return cat, err
	}
	cat.id, cat.strict = db.ID, db.Strict
	part := keys.PartitionOf(p.namespace, p.database)
	err := scanTimes(t, systemKey(objTables, u32(db.ID)), func(_, value []byte, since kv.Time) error {
		desc := &schema.Table{}
		if err := unmarshal(value, desc); err != nil {
			return errCatalog
		}
		desc.Fingerprint = schema.FingerprintOf(desc)
		tab := &table{tableState: newTableState(part, desc.ID, desc.Name), desc: desc, key: tableKey(db.ID, desc.Name), since: since}
		cat.descs = append(cat.descs, desc)
		cat.tables[desc.ID], cat.byName[desc.Name] = tab, tab
		return nil
	})
	if err == nil {
		cat.objects, err = readObjects(t, db.ID)
	}
	return cat, err
}

// readObjects reads the definitions that are kept as their text. Their keys have the order of schema.Objects.
func readObjects(t *kv.Txn, database uint32) (all schema.Objects, err error) {
	err = scanPrefix(t, systemKey(objObjects, u32(database)), func(key, value []byte) error {
		o := &schema.Object{}
		if unmarshal(value, o) != nil || !bytes.Equal(key, objectKey(database, o.Kind, o.Name)) {
			return errCatalog
		}
		n := schema.NewObject(o.Kind, o.Name, o.Text, o.Requires)
		n.Secret, n.Namespace, n.Database = o.Secret, o.Namespace, o.Database
		all = append(all, n)
		return nil
	})
	return all, err
}

var errCatalog = ops.Errorf(ops.CodeCorrupt, "a definition in the catalog is damaged").WithHint("run zerodb check")

// loadState reads a table's dictionary and the estimate of its rows.
func (s *Store) loadState(t *kv.Txn, tab *table) error {
	var names []string
	err := scanPrefix(t, systemKey(objNames, u32(tab.id)), func(_, value []byte) error {
		names = append(names, string(value))
		return nil
	})
	if err != nil {
		return err
	}
	tab.dict.Store(record.NewDict(names))
	if err := s.loadStats(tab.tableState); err != nil {
		return err
	}
	raw, closer, err := s.pebble.Get(rowsKey(tab.id))
	if err == pebble.ErrNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if len(raw) == 8 {
		tab.rows.Store(int64(binary.BigEndian.Uint64(raw)))
		tab.saved.Store(tab.rows.Load())
	}
	return closer.Close()
}

// saveRows writes the estimates of rows that have changed since they were written.
func (s *Store) saveRows() error {
	if s.opts.ReadOnly || s.db.Fault() != nil {
		return nil
	}
	b := s.pebble.NewBatch()
	s.catMu.RLock()
	err := s.addRows(b, 1)
	s.catMu.RUnlock()
	if err == nil && !b.Empty() {
		err = b.Commit(pebble.NoSync)
	}
	if e := b.Close(); err == nil {
		err = e
	}
	return err
}

// addRows adds to b the estimates that are off by at least least. The caller holds catMu.
func (s *Store) addRows(b *pebble.Batch, least int64) error {
	for _, t := range s.tables {
		rows := t.rows.Load()
		if diff := rows - t.saved.Load(); diff >= least || -diff >= least {
			t.saved.Store(rows)
			if err := b.Set(rowsKey(t.id), binary.BigEndian.AppendUint64(nil, uint64(rows)), nil); err != nil {
				return err
			}
		}
		if t.stats.seen.Load().Changes.Load() != t.stats.saved.Load() {
			if err := t.saveStats(b); err != nil {
				return err
			}
		}
	}
	return nil
}

func getJSON(t *kv.Txn, key []byte, into any) (bool, error) {
	raw, _, ok, err := t.Get(key)
	if !ok {
		return false, err
	}
	if err := unmarshal(raw, into); err != nil {
		return false, errCatalog
	}
	return true, nil
}

// unmarshal reads a definition. It refuses members that it does not know: they are of a newer version.
func unmarshal(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func putJSON(t *kv.Txn, key []byte, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	t.Put(key, b, kv.Unknown)
	return nil
}

// scanPrefix calls use for every key that starts with prefix, as the transaction sees it now.
func scanPrefix(t *kv.Txn, prefix []byte, use func(key, value []byte) error) error {
	return scanTimes(t, prefix, func(key, value []byte, _ kv.Time) error { return use(key, value) })
}

// scanTimes is scanPrefix with the time of each value; 0 for what the transaction has written itself.
func scanTimes(t *kv.Txn, prefix []byte, use func(key, value []byte, at kv.Time) error) error {
	end := keys.AppendEnd(nil, prefix)
	it, err := t.NewIter(prefix, end, t.Mark())
	if err != nil {
		return err
	}
	if t.Writable() {
		t.ReadSpan(prefix, end)
	}
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.Value()
		var at kv.Time
		if err == nil {
			at, err = it.Time()
		}
		if err == nil {
			err = use(it.Key(), v, at)
		}
		if err != nil {
			_ = it.Close()
			return err
		}
	}
	return it.Close()
}

// named is a namespace or database in a listing.
type named struct {
	name string
	id   uint32
}

// listNamespaces lists all namespaces. damaged is told of definitions that cannot be read.
func listNamespaces(t *kv.Txn, damaged func(key []byte)) (all []named, err error) {
	prefix := systemKey(objNamespaces)
	err = scanPrefix(t, prefix, func(k, v []byte) error {
		var ns namespaceDesc
		if unmarshal(v, &ns) != nil {
			damaged(k)
			return nil
		}
		all = append(all, named{string(k[len(prefix):]), ns.ID})
		return nil
	})
	return all, err
}

// listDatabases lists the databases of a namespace.
func listDatabases(t *kv.Txn, ns named, damaged func(key []byte)) (all []named, err error) {
	prefix := systemKey(objDatabases, u32(ns.id))
	err = scanPrefix(t, prefix, func(k, v []byte) error {
		var db databaseDesc
		if unmarshal(v, &db) != nil {
			damaged(k)
			return nil
		}
		all = append(all, named{string(k[len(prefix):]), db.ID})
		return nil
	})
	return all, err
}

// Databases lists the databases of every namespace, by name; a namespace without any is in it too.
func (s *Store) Databases(ctx context.Context) (map[string][]string, error) {
	if s.closed.Load() {
		return nil, closedError()
	}
	t, err := s.db.Begin(false)
	if err != nil {
		return nil, wrap(err)
	}
	defer t.Cancel()
	var damage error
	damaged := func([]byte) { damage = errCatalog }
	namespaces, err := listNamespaces(t, damaged)
	all := make(map[string][]string, len(namespaces))
	for _, ns := range namespaces {
		all[ns.name] = []string{}
		dbs, err := listDatabases(t, ns, damaged)
		if err != nil {
			return nil, wrap(err)
		}
		for _, db := range dbs {
			all[ns.name] = append(all[ns.name], db.name)
		}
	}
	return all, cmp.Or(wrap(err), damage)
}
