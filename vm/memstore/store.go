// Package memstore is a store in memory that does what a vm.Txn promises and nothing else: sorted maps, no concurrency, no
// history. Tests of the machine and of the compiler run programs over it; it is also the plainest statement of what
// a store is expected to answer.
package memstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// Store is a database of one transaction: what is written is there at once. It implements vm.Txn.
type Store struct {
	catalog *schema.Memory
	tables  map[string]*table
	serial  int

	// Gets, Seeks and Rows count the work done: records read by key, keys sought by Fetch and Expand, rows given by scans.
	Gets, Seeks, Rows int64
}

var _ vm.Txn = (*Store)(nil)

// table holds records by key, ascending.
type table struct{ rows []row }

type row struct {
	key    ops.Value
	object ops.Value // without id
}

// New returns an empty store with a catalog.
func New(c schema.Catalog) *Store {
	return &Store{catalog: schema.MemoryOf(c), tables: map[string]*table{}}
}

func (t *table) find(key ops.Value) (int, bool) {
	return slices.BinarySearchFunc(t.rows, key, func(r row, key ops.Value) int { return ops.Compare(r.key, key) })
}

// of returns the records of a table; a nil descriptor, as of a table that is not defined, has none.
func (s *Store) of(t *schema.Table) *table {
	if t == nil {
		return &table{}
	}
	return s.named(t.Name)
}

func (s *Store) named(name string) *table {
	if s.tables[name] == nil {
		s.tables[name] = &table{}
	}
	return s.tables[name]
}

// record finds the record that an id names.
func (s *Store) record(id ops.Value) (row, bool) {
	if id.Kind() != ops.KindRecord {
		return row{}, false
	}
	t := s.tables[id.RecordTable()]
	if t == nil {
		return row{}, false
	}
	if i, ok := t.find(id.RecordKey()); ok {
		return t.rows[i], true
	}
	return row{}, false
}

// withID returns the record as readers see it: its id first.
func withID(id, object ops.Value) ops.Value {
	ms := append([]ops.Member{{Name: "id", Value: id}}, object.AsObject()...)
	return ops.Object(ms)
}

func column(id ops.Value, r row, c vm.Column) ops.Value {
	switch c.Kind {
	case vm.ColumnID, vm.ColumnEdge:
		return id
	case vm.ColumnRecord:
		return withID(id, r.object)
	}
	if len(c.Path) == 0 {
		return withID(id, r.object)
	}
	if c.Path[0] == "id" {
		if len(c.Path) > 1 {
			return ops.None
		}
		return id
	}
	v := r.object
	for _, step := range c.Path {
		if v.Kind() != ops.KindObject {
			return ops.None
		}
		v, _ = v.Member(step)
	}
	return v
}

// Get implements vm.Txn.
func (s *Store) Get(_ context.Context, t *schema.Table, key ops.Value, cols []vm.Column, dst []ops.Value) (bool, error) {
	s.Gets++
	m := s.of(t)
	i, ok := m.find(key)
	if !ok {
		clear(dst[:len(cols)])
		return false, nil
	}
	id := ops.Record(t.Name, key)
	for c := range cols {
		dst[c] = column(id, m.rows[i], cols[c])
	}
	return true, nil
}

// Fetch implements vm.Txn.
func (s *Store) Fetch(_ context.Context, ids *ops.Vector, sel ops.Selection, cols []vm.Column, dst []*ops.Vector) error {
	seen := map[string]bool{}
	for _, d := range dst {
		d.Reset(ops.KindNone, ids.N)
	}
	for i := range rowsOf(sel, ids.N) {
		id := ids.At(i)
		r, ok := s.record(id)
		if !ok {
			continue
		}
		if k := fmt.Sprint(id.RecordTable(), ":", id.RecordKey()); !seen[k] {
			seen[k] = true
			s.Seeks++
		}
		for c := range cols {
			dst[c].SetAt(i, column(id, r, cols[c]))
		}
	}
	return nil
}

func rowsOf(sel ops.Selection, n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		if sel == nil {
			for i := range n {
				if !yield(i) {
					return
				}
			}
			return
		}
		for _, i := range sel {
			if !yield(int(i)) {
				return
			}
		}
	}
}

// Create implements vm.Txn.
func (s *Store) Create(_ context.Context, t *schema.Table, key ops.Value, obj ops.Value, ifNotExists bool) (ops.Value, bool, error) {
	if key.IsNone() {
		s.serial++
		key = ops.String(fmt.Sprintf("%026d", s.serial))
	}
	id := ops.Record(t.Name, key)
	m := s.of(t)
	i, exists := m.find(key)
	if exists {
		if ifNotExists {
			return id, false, nil
		}
		return ops.None, false, ops.Errorf(ops.CodeAlreadyExists, "record %s exists", name(id))
	}
	if err := s.unique(t, key, obj); err != nil {
		return ops.None, false, err
	}
	m.rows = slices.Insert(m.rows, i, row{key, obj})
	return id, true, nil
}

func name(id ops.Value) string {
	key := id.RecordKey()
	if key.Kind() == ops.KindString {
		return id.RecordTable() + ":" + key.AsString()
	}
	return fmt.Sprintf("%s:%d", id.RecordTable(), key.AsInt())
}

// Replace implements vm.Txn.
func (s *Store) Replace(_ context.Context, t *schema.Table, key ops.Value, obj ops.Value, upsert bool) error {
	m := s.of(t)
	i, exists := m.find(key)
	if !exists && !upsert {
		return ops.Errorf(ops.CodeNotFound, "there is no record %s", name(ops.Record(t.Name, key)))
	}
	if err := s.unique(t, key, obj); err != nil {
		return err
	}
	if exists {
		m.rows[i].object = obj
	} else {
		m.rows = slices.Insert(m.rows, i, row{key, obj})
	}
	return nil
}

// Delete implements vm.Txn.
func (s *Store) Delete(_ context.Context, t *schema.Table, key ops.Value) (bool, error) {
	m := s.of(t)
	i, exists := m.find(key)
	if !exists {
		return false, nil
	}
	m.rows = slices.Delete(m.rows, i, i+1)
	id := ops.Record(t.Name, key)
	for _, e := range s.catalog.Tables() {
		if !e.Edge {
			continue
		}
		edges := s.of(e)
		kept := edges.rows
		edges.rows = slices.DeleteFunc(kept, func(r row) bool {
			in, _ := r.object.Member("in")
			out, _ := r.object.Member("out")
			return ops.Equal(in, id) || ops.Equal(out, id)
		})
	}
	return true, nil
}

// unique checks a record against the unique indexes; rows in which some field is none are not in an index.
func (s *Store) unique(t *schema.Table, key, obj ops.Value) error {
	for _, ix := range t.Indexes {
		if !ix.Unique {
			continue
		}
		mine, ok := indexed(ix, row{key, obj})
		if !ok {
			continue
		}
		for _, r := range s.of(t).rows {
			theirs, ok := indexed(ix, r)
			if ok && !ops.Equal(r.key, key) && slices.EqualFunc(mine, theirs, ops.Equal) {
				return ops.Errorf(ops.CodeUnique, "unique index %s: %s has the key", ix.Name, name(ops.Record(t.Name, r.key)))
			}
		}
	}
	return nil
}

func indexed(ix *schema.Index, r row) ([]ops.Value, bool) {
	vs := make([]ops.Value, len(ix.Fields))
	for i, f := range ix.Fields {
		vs[i] = column(ops.None, r, vm.Column{Kind: vm.ColumnField, Path: f})
		if vs[i].IsNone() {
			return nil, false
		}
	}
	return vs, true
}

// EnsureTable implements vm.Txn.
func (s *Store) EnsureTable(ctx context.Context, name string, edge bool) (*schema.Table, error) {
	if t := s.catalog.Table(name); t != nil {
		return t, nil
	}
	if s.catalog.Strict() {
		return nil, ops.Errorf(ops.CodeUnknownTable, "there is no table %s, and the database is strict", name)
	}
	err := s.Apply(ctx, &schema.Change{Kind: schema.DefineTable, Name: name, Table: &schema.Table{Name: name, Edge: edge}})
	return s.catalog.Table(name), err
}

// Catalog implements vm.Txn.
func (s *Store) Catalog() schema.Catalog { return s.catalog }

// Tables implements vm.Txn.
func (s *Store) Tables() []*schema.Table { return s.catalog.Tables() }

// At implements vm.Txn. There is no history.
func (s *Store) At(context.Context, time.Time) (vm.Txn, error) { return s, nil }

// Table implements vm.Txn.
func (s *Store) Table(name string) *schema.Table { return s.catalog.Table(name) }

// Object implements vm.Txn.
func (s *Store) Object(kind schema.ObjectKind, name string) *schema.Object {
	return s.catalog.Object(kind, name)
}

// Apply implements vm.Txn.
func (s *Store) Apply(_ context.Context, c *schema.Change) error {
	if c.Kind == schema.RedefineTable && s.catalog.Table(c.Name) != nil {
		if err := s.reshape(c); err != nil {
			return err
		}
	}
	next, err := s.catalog.Apply(*c)
	if err != nil {
		return err
	}
	s.catalog = next
	if c.Kind == schema.RemoveTable {
		delete(s.tables, c.Name)
	}
	return nil
}

// reshape makes of the records what a redefinition says.
func (s *Store) reshape(c *schema.Change) error {
	t, moves, err := schema.Redefine(s.catalog, c.Name, c.Redefinition)
	if err != nil {
		return err
	}
	next := map[string][]row{}
	for name, tab := range s.tables {
		shape := schema.Shape{}
		if name == c.Name {
			shape.Moves = moves
		}
		if t.Name != c.Name {
			shape.Links = []string{c.Name, t.Name}
		}
		for _, r := range tab.rows {
			if r.object, err = shape.Apply(r.object); err != nil {
				return ops.Errorf(ops.CodeCast, "table %s stays as it is: %s: %s", c.Name, ops.Format(ops.Record(name, r.key)), ops.MessageOf(err))
			}
			next[name] = append(next[name], r)
		}
	}
	for name, rows := range next {
		s.tables[name].rows = rows
	}
	if tab := s.tables[c.Name]; tab != nil && t.Name != c.Name {
		delete(s.tables, c.Name)
		s.tables[t.Name] = tab
	}
	return nil
}

// Dump shows every record, table by table, for tests: a line each, as show prints it.
func (s *Store) Dump(show func(ops.Value) string) string {
	var b strings.Builder
	for _, t := range s.catalog.Tables() {
		for _, r := range s.of(t).rows {
			fmt.Fprintln(&b, show(withID(ops.Record(t.Name, r.key), r.object)))
		}
	}
	return b.String()
}
