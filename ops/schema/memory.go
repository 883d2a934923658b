package schema

import (
	"cmp"
	"maps"
	"slices"

	"github.com/zerodb/zerodb/ops"
)

// Memory is a catalog in memory, for zqc's schema files, for the definitions that a script has made so far, and for
// tests. Like every Catalog it never changes: Apply returns another one.
type Memory struct {
	namespace, database string
	strict              bool
	version             uint64
	tables              []*Table // by name, ascending
	objects             Objects
	rows                map[string]int64
	stats               map[string]*Stats
	from                Catalog // that MemoryOf was given: it is asked for statistics when they are wanted
}

// NewMemory returns the empty catalog of a database.
func NewMemory(namespace, database string) *Memory {
	return &Memory{namespace: namespace, database: database}
}

// MemoryOf returns a catalog that says what c says; changes to it leave c alone.
func MemoryOf(c Catalog) *Memory {
	if m, ok := c.(*Memory); ok {
		return m
	}
	m := &Memory{namespace: c.Namespace(), database: c.Database(), strict: c.Strict(), version: c.Version(),
		tables: c.Tables(), objects: c.Objects(), rows: map[string]int64{}, from: c}
	for _, t := range m.tables {
		m.rows[t.Name] = c.Rows(t.Name)
	}
	return m
}

// Namespace returns the namespace's name.
func (m *Memory) Namespace() string { return m.namespace }

// Database returns the database's name.
func (m *Memory) Database() string { return m.database }

// Strict reports whether writing to an undefined table is an error.
func (m *Memory) Strict() bool { return m.strict }

// Version is the number of changes that made the catalog.
func (m *Memory) Version() uint64 { return m.version }

// Tables returns all tables by name. The caller does not change the slice.
func (m *Memory) Tables() []*Table { return m.tables }

// Table returns a table, or nil.
func (m *Memory) Table(name string) *Table {
	if i, ok := m.find(name); ok {
		return m.tables[i]
	}
	return nil
}

// Object returns a definition that is kept as its text, or nil.
func (m *Memory) Object(kind ObjectKind, name string) *Object { return m.objects.Find(kind, name) }

// Objects returns all of them. The caller does not change the slice.
func (m *Memory) Objects() Objects { return m.objects }

// Rows returns what WithRows said, else -1.
func (m *Memory) Rows(table string) int64 {
	if n, ok := m.rows[table]; ok {
		return n
	}
	return -1
}

// WithRows returns the catalog with an estimate of a table's records.
func (m *Memory) WithRows(table string, n int64) *Memory {
	c := *m
	c.rows = map[string]int64{table: n}
	for name, rows := range m.rows {
		if name != table {
			c.rows[name] = rows
		}
	}
	return &c
}

// Stats returns what WithStats said, else what the catalog knows that m was made of.
func (m *Memory) Stats(table string) *Stats {
	if s := m.stats[table]; s != nil || m.from == nil {
		return s
	}
	return m.from.Stats(table)
}

// WithStats returns the catalog with estimates of what is in a table, the number of its records among them.
func (m *Memory) WithStats(table string, s *Stats) *Memory {
	c := m.WithRows(table, s.Rows)
	c.stats = map[string]*Stats{}
	maps.Copy(c.stats, m.stats)
	c.stats[table] = s
	return c
}

func (m *Memory) find(name string) (int, bool) {
	return slices.BinarySearchFunc(m.tables, name, func(t *Table, name string) int { return cmp.Compare(t.Name, name) })
}

// Apply returns the catalog after a change. A change of another database changes nothing here, as do changes of
// namespaces and of what belongs to the node; USE only renames, because what the other database holds is not known.
func (m *Memory) Apply(c Change) (*Memory, error) {
	n := *m
	n.version++
	if err := n.apply(c); err != nil {
		return nil, err
	}
	return &n, nil
}

func (m *Memory) apply(c Change) error {
	switch c.Kind {
	case UseDatabase:
		m.namespace = cmp.Or(c.Namespace, m.namespace)
		m.database = cmp.Or(c.Database, m.database)
		return nil
	case DefineDatabase:
		if c.Name == m.database && m.holds(c.Namespace, "") {
			m.strict = c.Strict
		}
		return nil
	case DefineNamespace, RemoveNamespace, RemoveDatabase:
		return nil
	}
	if c.Object != nil && c.Object.Kind.OfNode() {
		return nil
	}
	if !m.holds(c.Namespace, c.Database) {
		return nil
	}
	switch c.Kind {
	case DefineTable:
		return m.defineTable(c)
	case RemoveTable:
		return m.removeTable(c)
	case RedefineTable:
		return m.redefineTable(c)
	case DefineIndex:
		return m.defineIndex(c)
	case RemoveIndex:
		return m.removeIndex(c)
	case DefineObject:
		return m.defineObject(c)
	case RemoveObject:
		return m.removeObject(c)
	case AnalyzeTable:
		if m.Table(c.Name) == nil {
			return ops.Errorf(ops.CodeUnknownTable, "there is no table %s", c.Name)
		}
		return nil
	}
	return ops.Errorf(ops.CodeInternal, "schema change of kind %d", c.Kind)
}

// holds reports whether a change of that namespace and database ("" for the session's) is one of this catalog.
func (m *Memory) holds(namespace, database string) bool {
	return (namespace == "" || namespace == m.namespace) && (database == "" || database == m.database)
}

func (m *Memory) defineTable(c Change) error {
	i, exists := m.find(c.Name)
	if exists {
		if c.IfExists {
			return nil
		}
		return ops.Errorf(ops.CodeAlreadyExists, "table %s exists", c.Name)
	}
	if err := CheckTableName(m, c.Name); err != nil {
		return err
	}
	t := *c.Table
	t.Name = c.Name
	t.Indexes = make([]*Index, len(c.Table.Indexes))
	for j, ix := range c.Table.Indexes {
		t.Indexes[j] = ready(ix, t.Name)
	}
	t.Fingerprint = FingerprintOf(&t)
	m.tables = slices.Insert(slices.Clone(m.tables), i, &t)
	return nil
}

func (m *Memory) removeTable(c Change) error {
	i, exists := m.find(c.Name)
	if !exists {
		if c.IfExists {
			return nil
		}
		return ops.Errorf(ops.CodeNotFound, "there is no table %s", c.Name)
	}
	if err := CheckRemove(m, Ref{Kind: RefTable, Name: c.Name}); err != nil {
		return err
	}
	m.tables = slices.Delete(slices.Clone(m.tables), i, i+1)
	return nil
}

func (m *Memory) redefineTable(c Change) error {
	i, exists := m.find(c.Name)
	if !exists && c.IfExists {
		return nil
	}
	t, _, err := Redefine(m, c.Name, c.Redefinition)
	if err != nil {
		return err
	}
	for j, ix := range t.Indexes {
		t.Indexes[j] = ready(ix, t.Name)
	}
	tables := slices.Delete(slices.Clone(m.tables), i, i+1)
	if t.Name != c.Name {
		for j := range tables {
			tables[j] = Renamed(tables[j], c.Name, t.Name)
		}
	}
	m.tables = tables
	i, _ = m.find(t.Name)
	m.tables = slices.Insert(tables, i, t)
	return nil
}

func (m *Memory) defineIndex(c Change) error {
	i, exists := m.find(c.Index.Table)
	if !exists {
		return ops.Errorf(ops.CodeUnknownTable, "there is no table %s", c.Index.Table)
	}
	if m.tables[i].Index(c.Name) != nil {
		if c.IfExists {
			return nil
		}
		return ops.Errorf(ops.CodeAlreadyExists, "index %s of table %s exists", c.Name, c.Index.Table)
	}
	ix := *c.Index
	ix.Name = c.Name
	m.replace(i, append(slices.Clone(m.tables[i].Indexes), ready(&ix, ix.Table)))
	return nil
}

func (m *Memory) removeIndex(c Change) error {
	i, exists := m.find(c.Index.Table)
	if exists {
		old := m.tables[i].Indexes
		at := slices.IndexFunc(old, func(ix *Index) bool { return ix.Name == c.Name })
		if at >= 0 {
			if err := CheckRemove(m, Ref{Kind: RefIndex, Name: c.Index.Table, Part: c.Name}); err != nil {
				return err
			}
			m.replace(i, slices.Delete(slices.Clone(old), at, at+1))
			return nil
		}
	}
	if c.IfExists {
		return nil
	}
	return ops.Errorf(ops.CodeUnknownIndex, "table %s has no index %s", c.Index.Table, c.Name)
}

func (m *Memory) defineObject(c Change) error {
	o := NewObject(c.Object.Kind, c.Name, c.Object.Text, c.Object.Requires)
	fresh, err := CheckDefine(m, o, c.IfExists)
	if fresh {
		m.objects = m.objects.With(o)
	}
	return err
}

func (m *Memory) removeObject(c Change) error {
	if m.Object(c.Object.Kind, c.Name) == nil {
		if c.IfExists {
			return nil
		}
		return ops.Errorf(ops.CodeNotFound, "there is no %s %s", c.Object.Kind, c.Name)
	}
	if err := CheckRemove(m, RefTo(c.Object.Kind, c.Name)); err != nil {
		return err
	}
	m.objects = m.objects.Without(c.Object.Kind, c.Name)
	return nil
}

// replace gives table i other indexes.
func (m *Memory) replace(i int, indexes []*Index) {
	t := *m.tables[i]
	t.Indexes = indexes
	t.Fingerprint = FingerprintOf(&t)
	m.tables = slices.Clone(m.tables)
	m.tables[i] = &t
}

// ready returns a copy of an index as a table in memory has it: there are no records to build it from.
func ready(ix *Index, table string) *Index {
	c := *ix
	c.Table, c.Ready = table, true
	return &c
}

// Index returns the table's index of that name, or nil.
func (t *Table) Index(name string) *Index {
	for _, ix := range t.Indexes {
		if ix.Name == name {
			return ix
		}
	}
	return nil
}
