package wire

import (
	"cmp"
	"slices"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// InfoOf describes what a database defines.
func InfoOf(c zerodb.Catalog) *protocol.InfoResponse {
	m := &protocol.InfoResponse{Namespace: c.Namespace(), Database: c.Database(), Strict: c.Strict(), CatalogVersion: c.Version()}
	for _, t := range c.Tables() {
		m.Tables = append(m.Tables, tableOf(t, c.Rows(t.Name)))
	}
	for _, o := range c.Objects() {
		m.Objects = append(m.Objects, &protocol.Object{Kind: o.Kind.String(), Name: o.Name, Text: o.Text, Requires: referencesOf(o.Requires)})
	}
	return m
}

func tableOf(t *schema.Table, rows int64) *protocol.Table {
	m := &protocol.Table{Name: t.Name, Edge: t.Edge, From: t.From, To: t.To, Schemafull: t.Schemafull, Rows: rows, Requires: referencesOf(t.Requires)}
	for i := range t.Fields {
		f := &t.Fields[i]
		m.Fields = append(m.Fields, &protocol.Field{Path: f.Path, Type: f.Type.String(), Default: f.Default, Asserts: f.Asserts, ReadOnly: f.ReadOnly})
	}
	for _, ix := range t.Indexes {
		x := &protocol.Index{Name: ix.Name, Unique: ix.Unique, Ready: ix.Ready}
		for _, p := range ix.Fields {
			x.Fields = append(x.Fields, &protocol.Path{Steps: p})
		}
		m.Indexes = append(m.Indexes, x)
	}
	return m
}

var refKinds = [...]string{schema.RefTable: "table", schema.RefField: "field", schema.RefIndex: "index"}

func referencesOf(refs []schema.Ref) []*protocol.Reference {
	var ms []*protocol.Reference
	for _, r := range refs {
		m := &protocol.Reference{Name: r.Name, Part: r.Part}
		if r.Kind == schema.RefObject {
			m.Kind = r.Object.String()
		} else {
			m.Kind = refKinds[r.Kind]
		}
		ms = append(ms, m)
	}
	return ms
}

// catalog is what a server says that a database defines. What it does not tell is not known, as in an empty catalog.
type catalog struct {
	*schema.Memory
	strict  bool
	version uint64
	tables  []*schema.Table // by name
	objects schema.Objects
	rows    map[string]int64
}

func (c *catalog) Strict() bool               { return c.strict }
func (c *catalog) Version() uint64            { return c.version }
func (c *catalog) Tables() []*schema.Table    { return c.tables }
func (c *catalog) Objects() schema.Objects    { return c.objects }
func (c *catalog) Stats(string) *schema.Stats { return nil }
func (c *catalog) Table(n string) *schema.Table {
	i, ok := slices.BinarySearchFunc(c.tables, n, func(t *schema.Table, n string) int { return cmp.Compare(t.Name, n) })
	if !ok {
		return nil
	}
	return c.tables[i]
}

func (c *catalog) Object(k schema.ObjectKind, name string) *schema.Object {
	return c.objects.Find(k, name)
}

func (c *catalog) Rows(table string) int64 {
	if n, ok := c.rows[table]; ok {
		return n
	}
	return -1
}

// Catalog makes a catalog of what a server says.
func Catalog(m *protocol.InfoResponse) (zerodb.Catalog, error) {
	c := &catalog{Memory: schema.NewMemory(m.GetNamespace(), m.GetDatabase()), strict: m.GetStrict(), version: m.GetCatalogVersion(), rows: map[string]int64{}}
	for _, t := range m.GetTables() {
		x, err := table(t)
		if err != nil {
			return nil, err
		}
		c.tables = append(c.tables, x)
		c.rows[x.Name] = t.GetRows()
	}
	slices.SortFunc(c.tables, func(a, b *schema.Table) int { return cmp.Compare(a.Name, b.Name) })
	for _, o := range m.GetObjects() {
		kind, ok := objectKind(o.GetKind())
		if !ok {
			continue // of a newer server
		}
		c.objects = c.objects.With(schema.NewObject(kind, o.GetName(), o.GetText(), references(o.GetRequires())))
	}
	return c, nil
}

func table(m *protocol.Table) (*schema.Table, error) {
	t := &schema.Table{Name: m.GetName(), Edge: m.GetEdge(), From: m.GetFrom(), To: m.GetTo(), Schemafull: m.GetSchemafull(), Requires: references(m.GetRequires())}
	for _, f := range m.GetFields() {
		typ, err := ops.ParseType(f.GetType())
		if err != nil {
			return nil, badf("field %v of table %s has the unknown type %s", f.GetPath(), m.GetName(), f.GetType())
		}
		t.Fields = append(t.Fields, schema.Field{Path: f.GetPath(), Type: typ, Default: f.GetDefault(), Asserts: f.GetAsserts(), ReadOnly: f.GetReadOnly()})
	}
	for _, x := range m.GetIndexes() {
		ix := &schema.Index{Name: x.GetName(), Table: m.GetName(), Unique: x.GetUnique(), Ready: x.GetReady()}
		for _, p := range x.GetFields() {
			ix.Fields = append(ix.Fields, p.GetSteps())
		}
		t.Indexes = append(t.Indexes, ix)
	}
	t.Fingerprint = schema.FingerprintOf(t)
	return t, nil
}

func references(ms []*protocol.Reference) []schema.Ref {
	var refs []schema.Ref
	for _, m := range ms {
		r := schema.Ref{Name: m.GetName(), Part: m.GetPart()}
		if i := slices.Index(refKinds[:], m.GetKind()); i >= 0 {
			r.Kind = schema.RefKind(i)
		} else if kind, ok := objectKind(m.GetKind()); ok {
			r.Kind, r.Object = schema.RefObject, kind
		} else {
			continue
		}
		refs = append(refs, r)
	}
	return refs
}

func objectKind(name string) (schema.ObjectKind, bool) {
	for k := range schema.NumObjectKinds {
		if schema.ObjectKind(k).String() == name {
			return schema.ObjectKind(k), true
		}
	}
	return 0, false
}
