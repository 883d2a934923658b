// Package schema holds the descriptors of what a database defines – namespaces, databases, tables, edges,
// indexes, types, functions, views – and the changes that make one catalog out of another. The store keeps them, the compiler resolves names
// against them, the machine links programs to them; the same Change applies to a stored catalog and to
// one that zqc builds from a schema file.
//
// Descriptors are immutable: a change makes new ones.
package schema

import "github.com/zerodb/zerodb/ops"

// Table describes a table of records or of edges.
type Table struct {
	ID   uint32 // unique within the store, never used again; 0 in a catalog built from a file
	Name string
	Edge bool
	// From and To name the tables an edge joins; "" allows any.
	From, To string
	// Strict fields: a record may hold no field that Fields does not name (SCHEMAFULL).
	Schemafull bool
	Fields     []Field
	Indexes    []*Index
	// Requires are the objects that field types, defaults and rules name; see Refs.
	Requires []Ref `json:",omitempty"`
	// Fingerprint identifies all of the above but Requires, IDs and index states; a program compiled against it
	// runs only where it is the same.
	Fingerprint [16]byte
	// Shapes are the redefinitions that older records are read through, in their order; Pending is one that is being checked.
	Shapes  []Shape  `json:",omitempty"`
	Pending *Pending `json:",omitempty"`
	// Ends are the tables of vertices that the adjacency of an edge table knows by other names than their own.
	Ends []End `json:",omitempty"`
}

// End is a table of vertices and the name that the keys of an adjacency have for it.
type End struct{ Table, Stored string }

// StoredEnd returns the name that the table's adjacency has for a table of vertices.
func (t *Table) StoredEnd(name string) string {
	for i := range t.Ends {
		if t.Ends[i].Table == name {
			return t.Ends[i].Stored
		}
	}
	return name
}

// ShownEnd returns the table that the table's adjacency means by a name, of which it keeps the address where it is the same.
func (t *Table) ShownEnd(stored *string) *string {
	if stored == nil {
		return nil
	}
	for i := range t.Ends {
		if t.Ends[i].Stored == *stored {
			return &t.Ends[i].Table
		}
	}
	return stored
}

// renamedEnds lets the adjacency go on with the name that it has for a table which is called otherwise now. The former name is
// free for another table, which the adjacency will know by the name fresh.
func renamedEnds(t *Table, from, to, fresh string) []End {
	ends := []End{{to, t.StoredEnd(from)}, {from, fresh}}
	for _, e := range t.Ends {
		if e.Table != from && e.Table != to {
			ends = append(ends, e)
		}
	}
	return ends
}

// Field describes a declared field.
type Field struct {
	Path     []string // `address.city` is two steps
	Type     ops.Type
	Default  string   // ZeroQL source of the VALUE clause, "" for none
	Asserts  []string // ZeroQL sources; $value and $this are bound
	ReadOnly bool
	// Base is how many steps of Path lead to the value of a defined type that the field is a member of; its clauses are those of
	// the type, and $this is that value. A step * is each element of a list or map. 0: the field is the table's own.
	Base int `json:",omitempty"`
}

// TableVertices is the table of which a table is a record where it is itself a vertex, by its name: `RELATE car ->> is_a ->> thing`.
const TableVertices = "sys::tables"

// Index describes a secondary index.
type Index struct {
	ID     uint32
	Name   string
	Table  string
	Fields [][]string // paths, in key order
	Unique bool
	// Ready is false while the index is being built: writers keep it, readers do not use it.
	Ready bool
}

// Catalog is what one database defines at one version. It is a snapshot: it never changes.
type Catalog interface {
	// Namespace and Database name what the catalog is of.
	Namespace() string
	Database() string
	// Strict reports whether writing to an undefined table is an error.
	Strict() bool
	// Version rises with every change; caches of programs are keyed by it.
	Version() uint64
	// Table returns a table, or nil.
	Table(name string) *Table
	// Tables returns all tables by name, ascending.
	Tables() []*Table
	// Object returns a definition that is kept as its text, or nil.
	Object(kind ObjectKind, name string) *Object
	// Objects returns all of them by kind and name, ascending.
	Objects() Objects
	// Rows estimates the number of records of a table; -1 where it is not known.
	Rows(table string) int64
	// Stats returns estimates of what is in a table; nil where nothing is known.
	Stats(table string) *Stats
}

// ChangeKind says what a Change does.
type ChangeKind uint8

const (
	DefineNamespace ChangeKind = iota
	DefineDatabase
	DefineTable // tables and edges
	DefineIndex
	RemoveNamespace
	RemoveDatabase
	RemoveTable
	RemoveIndex
	DefineObject
	RemoveObject
	AnalyzeTable // reads a table for its statistics; the catalog's version stays
	UseDatabase  // changes the session's namespace and database, creates nothing
	AlterObject  // gives an object of the node another text or another secret, what is empty stays
	RedefineTable
)

// Change is one definition statement, resolved. It can be encoded in a program (see vm) and is checked again
// where it is applied.
type Change struct {
	Kind ChangeKind
	// Namespace and Database say where; "" means the session's.
	Namespace, Database string
	// Name is the namespace, database, table, index or object.
	Name string
	// IfExists is IF NOT EXISTS for definitions and IF EXISTS for removals.
	IfExists bool
	// Strict is for databases; Consistency ("", "strong", "eventual"), Replicas and PartitionBy for namespaces.
	Strict      bool
	Consistency string
	Replicas    int
	PartitionBy string
	// Table is for DefineTable, without IDs and indexes other than those that UNIQUE fields make; Index for
	// DefineIndex and (Name, Table only) RemoveIndex.
	Table *Table
	Index *Index
	// Object is for DefineObject, AlterObject and (Kind, Name only) RemoveObject.
	Object *Object
	// Redefinition is for RedefineTable.
	Redefinition *Redefinition
}
