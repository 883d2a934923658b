package storage

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
)

// Apply implements vm.Txn.
func (t *Txn) Apply(ctx context.Context, c *schema.Change) error {
	if c.Kind == schema.UseDatabase {
		return nil
	}
	if err := t.writable(ctx); err != nil {
		return err
	}
	return wrap(t.apply(ctx, c))
}

func (t *Txn) apply(ctx context.Context, c *schema.Change) error {
	at := place{cmp.Or(c.Namespace, t.place.namespace), cmp.Or(c.Database, t.place.database)}
	switch c.Kind {
	case schema.DefineNamespace:
		return t.defineNamespace(c)
	case schema.RemoveNamespace:
		return t.removeNamespace(c)
	case schema.DefineDatabase:
		return t.defineDatabase(at.namespace, c)
	case schema.RemoveDatabase:
		return t.removeDatabase(place{at.namespace, c.Name}, c.IfExists)
	}
	if c.Object != nil && c.Object.Kind.OfNode() {
		return t.applyToNode(c, at)
	}
	cat, err := t.catalogOf(at)
	if err != nil {
		return err
	}
	switch c.Kind {
	case schema.DefineTable:
		return t.defineTable(cat, c)
	case schema.RemoveTable:
		return t.removeTable(ctx, cat, c)
	case schema.RedefineTable:
		return t.redefineTable(cat, c)
	case schema.DefineIndex:
		return t.defineIndex(ctx, cat, c)
	case schema.RemoveIndex:
		return t.removeIndex(cat, c)
	case schema.AnalyzeTable:
		return t.analyze(ctx, cat, c.Name)
	case schema.DefineObject:
		return t.defineObject(cat, c)
	case schema.RemoveObject:
		return t.removeObject(cat, c)
	}
	return ops.Errorf(ops.CodeInternal, "schema change of kind %d", c.Kind)
}

func checkName(what, name string) error {
	if name == "" || len(name) > 512 || strings.ContainsRune(name, 0) {
		return ops.Errorf(ops.CodeArgument, "%q cannot be the name of a %s", name, what)
	}
	return nil
}

// catalogOf returns a database's catalog as the transaction sees it.
func (t *Txn) catalogOf(p place) (*catalog, error) {
	if p == t.place {
		return t.cat, nil
	}
	if o, known := t.others[p]; known {
		return o.cat, nil
	}
	ref, err := t.store.catalogRef(p)
	if err != nil {
		return nil, err
	}
	c := ref.Load()
	if c.id == 0 {
		return nil, ops.Errorf(ops.CodeNotFound, "there is no database %s in namespace %s", p.database, p.namespace)
	}
	t.setOther(p, other{base: c, cat: c, ref: ref})
	return c, nil
}

// setOther notes the catalog of another database. Savepoints hold the map as it was.
func (t *Txn) setOther(p place, o other) {
	others := maps.Clone(t.others)
	if others == nil {
		others = map[place]other{}
	}
	others[p] = o
	t.others = others
}

// setCatalog makes c what the transaction sees of its database.
func (t *Txn) setCatalog(c *catalog) error {
	c.version, c.jobs = t.store.versions.Add(1), &t.store.jobs
	t.defined = true
	t.lastTable = nil
	if c.place == t.place {
		t.cat = c
		return nil
	}
	o, known := t.others[c.place]
	if !known {
		var err error
		if o.ref, err = t.store.catalogRef(c.place); err != nil {
			return err
		}
		o.base = o.ref.Load()
	}
	o.cat = c
	t.setOther(c.place, o)
	return nil
}

func (t *Txn) defineNamespace(c *schema.Change) error {
	if err := checkName("namespace", c.Name); err != nil {
		return err
	}
	key := systemKey(objNamespaces, []byte(c.Name))
	if _, _, ok, err := t.kv.Get(key); ok || err != nil {
		if err == nil && !c.IfExists {
			err = ops.Errorf(ops.CodeAlreadyExists, "namespace %s exists", c.Name)
		}
		return err
	}
	id, err := t.store.takeIDs(1)
	if err != nil {
		return err
	}
	if c.Name == t.place.namespace {
		cat := *t.cat
		cat.namespaceID = id
		t.cat = &cat
	}
	return putJSON(t.kv, key, namespaceDesc{ID: id, Consistency: c.Consistency, Replicas: c.Replicas, PartitionBy: c.PartitionBy})
}

func (t *Txn) defineDatabase(namespace string, c *schema.Change) error {
	if err := checkName("database", c.Name); err != nil {
		return err
	}
	var ns namespaceDesc
	ok, err := getJSON(t.kv, systemKey(objNamespaces, []byte(namespace)), &ns)
	if err != nil {
		return err
	}
	if !ok {
		if namespace != t.place.namespace {
			return ops.Errorf(ops.CodeNotFound, "there is no namespace %s", namespace)
		}
		if err := t.defineNamespace(&schema.Change{Name: namespace}); err != nil {
			return err
		}
		if _, err := getJSON(t.kv, systemKey(objNamespaces, []byte(namespace)), &ns); err != nil {
			return err
		}
	}
	p := place{namespace, c.Name}
	key := databaseKey(ns.ID, c.Name)
	if _, _, ok, err := t.kv.Get(key); ok || err != nil {
		if err == nil && !c.IfExists {
			err = ops.Errorf(ops.CodeAlreadyExists, "database %s exists in namespace %s", c.Name, namespace)
		}
		return err
	}
	id, err := t.store.takeIDs(1)
	if err != nil {
		return err
	}
	cat := emptyCatalog(p)
	cat.namespaceID, cat.id, cat.strict = ns.ID, id, c.Strict
	if err := putJSON(t.kv, key, databaseDesc{ID: id, Strict: c.Strict}); err != nil {
		return err
	}
	return t.setCatalog(cat)
}

// need brings the session's database into being.
func (t *Txn) need(cat *catalog) (*catalog, error) {
	if cat.id != 0 {
		t.kv.ReadKey(databaseKey(cat.namespaceID, cat.database))
		return cat, nil
	}
	if err := t.defineDatabase(cat.place.namespace, &schema.Change{Name: cat.place.database}); err != nil {
		return nil, err
	}
	return t.catalogOf(cat.place)
}

func (t *Txn) removeNamespace(c *schema.Change) error {
	key := systemKey(objNamespaces, []byte(c.Name))
	var ns namespaceDesc
	ok, err := getJSON(t.kv, key, &ns)
	if err != nil {
		return err
	}
	if !ok {
		if c.IfExists {
			return nil
		}
		return ops.Errorf(ops.CodeNotFound, "there is no namespace %s", c.Name)
	}
	var names []string
	prefix := systemKey(objDatabases, u32(ns.ID))
	err = scanPrefix(t.kv, prefix, func(k, _ []byte) error {
		names = append(names, string(k[len(prefix):]))
		return nil
	})
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := t.removeDatabase(place{c.Name, n}, false); err != nil {
			return err
		}
	}
	t.kv.Delete(key, kv.Unknown)
	return nil
}

func (t *Txn) removeDatabase(p place, ifExists bool) error {
	cat, err := t.catalogOf(p)
	if ops.CodeOf(err) == ops.CodeNotFound && err != nil || err == nil && cat.id == 0 {
		if ifExists {
			return nil
		}
		return ops.Errorf(ops.CodeNotFound, "there is no database %s in namespace %s", p.database, p.namespace)
	}
	if err != nil {
		return err
	}
	if err := t.useAll(cat); err != nil {
		return err
	}
	// Writers in it depend on the tables that they use, and those that make one on the database.
	for _, tab := range cat.tables {
		if err := t.dropTable(cat, tab); err != nil {
			return err
		}
	}
	for _, o := range cat.objects {
		t.kv.Delete(objectKey(cat.id, o.Kind, o.Name), kv.Unknown)
	}
	t.kv.Delete(databaseKey(cat.namespaceID, p.database), kv.Unknown)
	t.kv.Delete(edgesKey(cat.id), kv.Unknown)
	return t.setCatalog(emptyCatalog(p))
}

func (t *Txn) defineTable(cat *catalog, c *schema.Change) error {
	if err := checkName("table", c.Name); err != nil {
		return err
	}
	cat, err := t.need(cat)
	if err != nil {
		return err
	}
	if cat.byName[c.Name] != nil {
		if c.IfExists {
			return nil
		}
		return ops.Errorf(ops.CodeAlreadyExists, "table %s exists", c.Name)
	}
	if err := t.free(cat, c); err != nil {
		return err
	}
	indexes := c.Table.Indexes
	width := uint32(1)
	if c.Table.Edge {
		width = 3
	}
	id, err := t.store.takeIDs(width + uint32(len(indexes)))
	if err != nil {
		return err
	}
	desc := *c.Table
	desc.ID, desc.Name = id, c.Name
	desc.Indexes = make([]*schema.Index, len(indexes))
	for i, ix := range indexes {
		n := *ix
		n.ID, n.Table, n.Ready = id+width+uint32(i), c.Name, true
		desc.Indexes[i] = &n
	}
	desc.Fingerprint = schema.FingerprintOf(&desc)
	if desc.Edge {
		t.kv.Put(edgesKey(cat.id), nil, kv.Unknown)
	}
	part := keys.PartitionOf(cat.place.namespace, cat.place.database)
	return t.putTable(cat.with(&desc, newTableState(part, id, c.Name)), &desc)
}

// putTable writes a table's descriptor and makes cat what the transaction sees.
func (t *Txn) putTable(cat *catalog, desc *schema.Table) error {
	if err := putJSON(t.kv, tableKey(cat.id, desc.Name), desc); err != nil {
		return err
	}
	return t.setCatalog(cat)
}

// free makes sure that a table may have its name and that what it needs is there, and stays so until the transaction commits.
func (t *Txn) free(cat *catalog, c *schema.Change) error {
	if err := schema.CheckTableName(cat, c.Name); err != nil {
		return err
	}
	if err := t.useObject(cat, schema.ObjectView, c.Name); err != nil {
		return err
	}
	if err := t.useTable(cat, c.Name); err != nil {
		return err
	}
	return t.require(cat, c.Table.Requires)
}

// require makes the transaction depend on what a definition names.
func (t *Txn) require(cat *catalog, refs []schema.Ref) (err error) {
	for _, r := range refs {
		if r.Kind == schema.RefObject {
			err = t.useObject(cat, r.Object, r.Name)
		} else {
			err = t.useTable(cat, r.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *Txn) removeTable(ctx context.Context, cat *catalog, c *schema.Change) error {
	tab := cat.byName[c.Name]
	if tab == nil {
		if c.IfExists {
			return nil
		}
		return ops.Errorf(ops.CodeNotFound, "there is no table %s", c.Name)
	}
	if err := schema.CheckRemove(cat, schema.Ref{Kind: schema.RefTable, Name: c.Name}); err != nil {
		return err
	}
	if err := t.useAll(cat); err != nil {
		return err
	}
	if err := t.removeEdgesOf(ctx, cat, tab); err != nil {
		return err
	}
	if err := t.dropTable(cat, tab); err != nil {
		return err
	}
	return t.setCatalog(cat.without(tab))
}

// dropTable removes a table's descriptor, names, records, adjacency and indexes. Who uses the table depends on its descriptor.
func (t *Txn) dropTable(cat *catalog, tab *table) error {
	t.kv.Delete(tab.key, kv.Unknown)
	if tab.desc.Edge {
		t.kv.Put(edgesKey(cat.id), nil, kv.Unknown)
	}
	// One by one: a range that is dropped is a conflict for whoever writes anything in its object, here names of any table.
	for i := range t.dict(tab.tableState).Len() {
		t.kv.Delete(nameKey(tab.id, uint16(i)), kv.Unknown)
	}
	t.drop(tab.records[:])
	if tab.desc.Edge {
		t.drop(tab.out[:])
		t.drop(tab.in[:])
	}
	for _, ix := range tab.desc.Indexes {
		p := tab.index(ix.ID)
		t.drop(p[:])
	}
	t.dropPendingIndexes(tab)
	delete(t.names, tab.tableState)
	return nil
}

func (t *Txn) drop(prefix []byte) { t.kv.Drop(prefix, keys.AppendEnd(nil, prefix)) }

func (t *Txn) removeIndex(cat *catalog, c *schema.Change) error {
	tab := cat.byName[c.Index.Table]
	i := -1
	if tab != nil {
		i = slices.IndexFunc(tab.desc.Indexes, func(ix *schema.Index) bool { return ix.Name == c.Name })
	}
	if i < 0 {
		if c.IfExists {
			return nil
		}
		return ops.Errorf(ops.CodeUnknownIndex, "table %s has no index %s", c.Index.Table, c.Name)
	}
	if err := schema.CheckRemove(cat, schema.Ref{Kind: schema.RefIndex, Name: c.Index.Table, Part: c.Name}); err != nil {
		return err
	}
	if err := t.useAll(cat); err != nil {
		return err
	}
	if err := notPending(tab); err != nil {
		return err
	}
	p := tab.index(tab.desc.Indexes[i].ID)
	t.drop(p[:])
	return t.putIndexes(cat, tab, slices.Delete(slices.Clone(tab.desc.Indexes), i, i+1))
}

func (t *Txn) defineObject(cat *catalog, c *schema.Change) error {
	if err := checkName(c.Object.Kind.String(), c.Name); err != nil {
		return err
	}
	cat, err := t.need(cat)
	if err != nil {
		return err
	}
	o := schema.NewObject(c.Object.Kind, c.Name, c.Object.Text, c.Object.Requires)
	o.Secret, o.Namespace, o.Database = c.Object.Secret, c.Object.Namespace, c.Object.Database
	fresh, err := schema.CheckDefine(cat, o, c.IfExists)
	if err != nil || !fresh {
		return err
	}
	err = t.require(cat, append([]schema.Ref{schema.RefTo(o.Kind, o.Name)}, o.Requires...))
	if err == nil && o.Kind == schema.ObjectView {
		err = t.useTable(cat, o.Name)
	}
	if err != nil {
		return err
	}
	if err := putJSON(t.kv, objectKey(cat.id, o.Kind, o.Name), o); err != nil {
		return err
	}
	n := *cat
	n.objects = cat.objects.With(o)
	return t.setCatalog(&n)
}

func (t *Txn) removeObject(cat *catalog, c *schema.Change) error {
	kind := c.Object.Kind
	if cat.Object(kind, c.Name) == nil {
		if c.IfExists {
			return nil
		}
		return ops.Errorf(ops.CodeNotFound, "there is no %s %s", kind, c.Name)
	}
	if !kind.OfNode() { // users may name a role that is gone: it grants nothing
		if err := schema.CheckRemove(cat, schema.RefTo(kind, c.Name)); err != nil {
			return err
		}
	}
	if err := t.useAll(cat); err != nil {
		return err
	}
	t.kv.Delete(objectKey(cat.id, kind, c.Name), kv.Unknown)
	n := *cat
	n.objects = cat.objects.Without(kind, c.Name)
	return t.setCatalog(&n)
}

// EnsureTable implements vm.Txn.
func (t *Txn) EnsureTable(ctx context.Context, name string, edge bool) (*schema.Table, error) {
	if tab := t.cat.byName[name]; tab != nil {
		return tab.desc, t.use(tab)
	}
	if err := t.writable(ctx); err != nil {
		return nil, err
	}
	if t.cat.strict {
		return nil, ops.Errorf(ops.CodeUnknownTable, "there is no table %s, and the database is strict", name).
			WithHint("DEFINE TABLE %s", name)
	}
	err := t.defineTable(t.cat, &schema.Change{Kind: schema.DefineTable, Name: name, Table: &schema.Table{Edge: edge}})
	if err != nil {
		return nil, wrap(err)
	}
	return t.cat.byName[name].desc, nil
}
