package vm

import (
	"context"
	"time"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// Txn is the machine's view of a store: one transaction, at one snapshot, that sees its own writes. storage implements
// it over local partitions. A Txn is used by one goroutine at a time.
//
// Tables and indexes are given as descriptors that the linker has resolved in the same catalog version.
// Errors are *ops.Error values.
type Txn interface {
	// Get reads one record by key (not a record id) into dst, one value a column, and reports whether it exists. The
	// values live on: no later call reuses their memory.
	Get(ctx context.Context, t *schema.Table, key ops.Value, cols []Column, dst []ops.Value) (bool, error)

	// Scan reads the records of a table whose keys lie in r, in key order. It, and every other cursor, sees the state
	// as it was when the cursor was opened, not what the transaction writes afterwards.
	Scan(ctx context.Context, t *schema.Table, r Range, cols []Column) (Cursor, error)

	// ScanIndex reads the records that an index has in r, in index order. equal are the leading field values.
	ScanIndex(ctx context.Context, t *schema.Table, ix *schema.Index, equal []ops.Value, r Range, indexOnly bool, cols []Column) (Cursor, error)

	// Lookup reads, for each selected row, the records that an index has for the row's values, which are the leading fields of the
	// index: in one pass, by sorted values. The batches' Parent maps each record to its row. With Outer a row without a
	// record has one of none.
	Lookup(ctx context.Context, t *schema.Table, ix *schema.Index, l Lookup, indexOnly bool, cols []Column) (Cursor, error)

	// Fetch reads, for each selected row of ids, the record it names (of any table of the database) into the same
	// row of dst, one vector a column; rows whose id is none, is no record id or names no record become none.
	// Seeks are sorted and each distinct id is read once. dst vectors are ids.N long. As with Get, the values live on.
	Fetch(ctx context.Context, ids *ops.Vector, sel ops.Selection, cols []Column, dst []*ops.Vector) error

	// Expand reads the edges of the selected vertices, in sorted batches; t == nil means every edge table.
	// The batches' Parent maps each edge to its vertex's row.
	Expand(ctx context.Context, t *schema.Table, dir Direction, vertices *ops.Vector, sel ops.Selection, cols []Column) (Cursor, error)

	// Degrees gives every vertex that has edges of table t in a direction, not Both, and how many: two columns.
	Degrees(ctx context.Context, t *schema.Table, dir Direction) (Cursor, error)

	// Create writes a new record; a none key is generated. It returns the id, and whether it was created: a record that
	// exists is an error (already_exists), or false with ifNotExists. obj has no id; edges have in and out.
	Create(ctx context.Context, t *schema.Table, key ops.Value, obj ops.Value, ifNotExists bool) (ops.Value, bool, error)

	// Replace overwrites a record, creating it if upsert is set. Unique violations are errors.
	Replace(ctx context.Context, t *schema.Table, key ops.Value, obj ops.Value, upsert bool) error

	// Delete removes a record with its index entries and, for a vertex, its edges.
	Delete(ctx context.Context, t *schema.Table, key ops.Value) (bool, error)

	// EnsureTable returns the table of that name, defining a schemaless one (or a schemaless edge table) on first write.
	EnsureTable(ctx context.Context, name string, edge bool) (*schema.Table, error)

	// Table and Object are those of Catalog, with the effect that the transaction depends on the definition or its
	// absence: if another changes it first, the commit is a conflict. Methods that are given a table depend on it by themselves.
	Table(name string) *schema.Table
	Object(kind schema.ObjectKind, name string) *schema.Object

	// Tables returns all tables by name; the transaction depends on there being no other.
	Tables() []*schema.Table

	// At returns a transaction that reads the records as they were at a time, through the definitions of now. It can
	// only read, and lives as long as the transaction that gave it. A time from which not all is kept is an error.
	At(ctx context.Context, at time.Time) (Txn, error)

	// Catalog returns the catalog that the transaction sees.
	Catalog() schema.Catalog

	// Apply changes the catalog within the transaction.
	Apply(ctx context.Context, c *schema.Change) error
}

// Narrow is a transaction that shows a part of what there is. Who writes through it is asked and told about the rest.
type Narrow interface {
	Txn
	// Given takes what a statement gives for a record, before the rules of its table are applied, with the record as it was read, and
	// returns both with what is hidden. update is set where the record may be there already.
	Given(ctx context.Context, t *schema.Table, key, object, before ops.Value, update bool) (ops.Value, ops.Value, error)
	// Shown returns what may be shown of a record that was written.
	Shown(ctx context.Context, t *schema.Table, record ops.Value) (ops.Value, error)
	// Refused returns an error of the table's rules as it may be shown.
	Refused(t *schema.Table, err error) error
}

// Range bounds a scan by key or by the index field behind the equal ones.
type Range struct {
	Lo, Hi  ops.Value
	LoBound Bound
	HiBound Bound
	Reverse bool
	// After is a position that the scan begins behind, in its direction; nil without one. It is the key of a record, or of an
	// index the values of its fields behind the equal ones and then the key of a record.
	After []ops.Value
}

// Lookup is what an index is asked for: a value a row in each of some vectors of N rows.
type Lookup struct {
	Values []*ops.Vector
	Sel    ops.Selection
	N      int
	Outer  bool
}

// Cursor produces batches.
type Cursor interface {
	// Next fills b with the next rows, at most b.Room; b.N == 0 means the end. What an earlier call filled
	// in is overwritten. Early columns are in b.Cols, late ones are decoded by Late until the next call.
	Next(ctx context.Context, b *Batch) error
	// Late decodes late column i for the selected rows into b.Cols[i]; rows not selected become none.
	Late(ctx context.Context, b *Batch, i int, sel ops.Selection) error
	// Examined is how many records or entries the cursor has looked at so far, and how many bytes.
	Examined() (rows, bytes int64)
	Close() error
}

// Batch is what a cursor fills. The machine owns and reuses it.
type Batch struct {
	N int
	// Want is the most rows that are wanted of the next call; 0 is ops.BatchSize. Room says so.
	Want int
	Cols []ops.Vector // one a column of the access
	// Parent maps rows to rows of the parent batch, for cursors that have one; nil otherwise.
	Parent []int32
}

// Room is how many rows a cursor may fill in.
func (b *Batch) Room() int {
	if b.Want > 0 {
		return b.Want
	}
	return ops.BatchSize
}
