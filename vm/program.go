// Package vm executes programs: register bytecode over batches. It holds the program format and its codec,
// the verifier, the linker, the disassembler and the machine. It knows neither Pebble nor the network:
// what it needs of a store it declares in store.go.
package vm

import (
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// FormatVersion is the version of the .zqb format that this package writes and reads.
const FormatVersion = 1

// Program is a compiled text. It is immutable and symbolic: it names tables, fields, indexes and functions together
// with the fingerprint of what it assumed about them, and is linked to a catalog before it runs.
type Program struct {
	Source     string // the text, for error messages and profiles; may be empty
	Params     []Param
	Vars       []string // variables that live from statement to statement, by slot
	Consts     []ops.Value
	Shapes     []Shape
	Paths      []Path
	Types      []ops.Type
	Funcs      []FuncRef
	Tables     []TableRef
	Objects    []ObjectRef
	Accesses   []Access
	Builders   []Builder
	Defs       []schema.Change
	Fragments  []Fragment
	Statements []Statement
	Manifest   Manifest
}

// Param is a parameter of the program.
type Param struct {
	Name     string
	Type     ops.Type
	Optional bool // may be left out, and is none then
}

// Shape names the columns of rows that are emitted or of objects that are built.
type Shape struct {
	Form  RowForm
	Names []string
	Types []ops.Type // of the columns, for readers; as many as Names
}

// RowForm is how a reader sees the rows of a shape.
type RowForm uint8

const (
	RowColumns RowForm = iota // a row has the named columns
	RowObject                 // one column whose objects are the rows: SELECT *
	RowValue                  // one column of bare values: SELECT VALUE, RETURN, lists
)

// Path is a field path: names only, `address.city`. The empty path is the whole record as an object.
// The first step may be the record's "id" (of any table), and "in" or "out" of an edge table.
type Path []string

// FuncRef names a function, how many arguments it gets, and the signature that was assumed.
type FuncRef struct {
	Name  string
	Args  int
	Print [8]byte // fingerprint of the signature chosen
	Reads int     // of a function that reads edges: its access, plus one; 0 for any other
}

// TableRef names a table of the session's database and what was assumed about it.
type TableRef struct {
	Name string
	// Print is the table's fingerprint; zero for a table that was not defined when the program was compiled
	// (schemaless, created on first write).
	Print [16]byte
}

// ObjectRef names a definition that the program was compiled with: a function whose body it holds, a view it reads through.
type ObjectRef struct {
	Kind  schema.ObjectKind
	Name  string
	Print [16]byte // its fingerprint
}

// AccessKind says how an access reaches records.
type AccessKind uint8

const (
	AccessTable  AccessKind = iota // get, open.table, open.keys and the writes
	AccessRange                    // open.range
	AccessIndex                    // open.index
	AccessEdges                    // open.edges
	AccessRecord                   // fetch, and get or open.keys of ids of any table: Table is unused
)

// Direction is the way an edge is followed.
type Direction uint8

const (
	Out Direction = iota
	In
	Both
)

// Access is one way of reaching records, with the columns wanted of them.
type Access struct {
	Kind    AccessKind
	Table   int // index in Tables; -1 for AccessRecord, for open.edges over every edge table and open.table over every table
	Index   string
	Columns []Column
	// Reverse scans from the high end down.
	Reverse bool
	// Lo and Hi say what the bounds of a range are; Equal is how many leading fields of an index are given
	// by equality before them.
	Lo, Hi Bound
	Equal  int
	// After is of how many values a position is that the scan may begin behind; 0 without. See open.range and open.index.
	After int
	// IndexOnly promises that every column is held by the index entry.
	IndexOnly bool
	Direction Direction
	// InOrder keeps the order and repetitions of open.keys' list.
	InOrder bool
	// IfNotExists and Upsert qualify create and update.
	IfNotExists bool
	Upsert      bool
}

// Bound is what one end of a range is.
type Bound uint8

const (
	Unbounded Bound = iota
	Inclusive
	Exclusive
)

// Column is one column of an access.
type Column struct {
	Kind ColumnKind
	Path Path // ColumnField
	// Late columns are decoded by `column` for the rows still selected, others by `next`.
	Late bool
}

// ColumnKind says where a column's value comes from.
type ColumnKind uint8

const (
	ColumnID     ColumnKind = iota // the record id
	ColumnRecord                   // the whole record as an object, id first
	ColumnField                    // the value at Path
	ColumnVertex                   // open.edges: the vertex at the far end
	ColumnEdge                     // open.edges: the id of the edge
)

// BuilderKind says what a builder is.
type BuilderKind uint8

const (
	BuildSort BuilderKind = iota
	BuildGroup
	BuildSet
	BuildLimit
	BuildJoin
	BuildQueue
	BuildTally
)

// Builder is something that rows are put into.
type Builder struct {
	Kind BuilderKind
	// Columns is how many registers a put takes. A sort's first len(Desc) columns are its keys, all columns come out
	// of it; a grouping's first Keys columns are its keys, then one column for each aggregate's argument;
	// a queue has its columns, a tally its key and a weight; a set tells rows apart by its first Keys columns, or with 0 by all.
	Columns int
	Desc    []bool // BuildSort: whether each key descends
	Limited bool   // BuildSort: `new` gives the most rows wanted; BuildLimit always
	// Keys and Aggregates are for BuildGroup; the rows that come out have the keys, then the aggregates.
	// With no keys there is exactly one row. A join's first Keys columns are what its rows are found by; with no
	// keys every row is found. A queue takes one row of each combination of parent row and its first Keys columns; with no
	// keys it takes all.
	Keys       int
	Aggregates []Aggregate
	Join       JoinMode // BuildJoin
	// Parent is, for BuildQueue, the cursor of whose rows its rows are.
	Parent uint16
}

// JoinMode says which rows of its left side a join keeps.
type JoinMode uint8

const (
	JoinInner JoinMode = iota // those that have a row on the right
	JoinLeft                  // all of them
	// JoinChecked keeps all of them too, but whether a pair is one is checked by the code, see paired: behind the pairs of a
	// row comes one without a right side.
	JoinChecked
)

// Aggregate is one FOLD. Its argument is the column at its place behind the keys; rows where the filter column, if it
// has one (placed behind all arguments, in order), is not true are left out.
type Aggregate struct {
	Func     string // count, sum, avg, min, max, first, last, collect, …
	Star     bool   // count(): counts rows, the argument column is not looked at
	Distinct bool
	Filtered bool
	// Params is how many values that are the same for all rows `new` gives to it, as percentile has one.
	Params int
}

// params is how many values `new` takes for the aggregates.
func (b *Builder) params() (n int) {
	for _, a := range b.Aggregates {
		n += a.Params
	}
	return n
}

// Fragment is a piece of code that runs by itself: it has inputs and emits rows of one shape. A reader pulls its rows;
// between pulls it stands still at an emit.
type Fragment struct {
	Inputs    []ops.Type // scalars
	Shape     int        // of what it emits; -1 if it emits nothing
	Registers []Register
	Cursors   []CursorDecl
	Code      []Instr
	Spans     []ops.Span // of each instruction, in the source; same length as Code
	Places    []Place    // of the fields that writes give values to, by instruction
	// Function is the name of the function that the fragment is of, and Text its definition, in which the spans and places of
	// such a fragment lie; both are "" for the code of the source itself.
	Function, Text string
}

// Place is where in the source an instruction that writes gets the value of a field.
type Place struct {
	PC   int
	Path Path
	Span ops.Span
}

// Register declares a register: a scalar or a vector of a batch, and the kind its values have.
type Register struct {
	Vector bool
	Batch  uint16 // the cursor whose batch it is of
	Kind   ops.Kind
}

// CursorDecl declares a cursor and, where its rows are children of another's, the parent cursor + 1.
type CursorDecl struct {
	Parent uint16
	// Outer gives a parent row that has no children a row of none; for open.apply.
	Outer bool
}

// Instr is one instruction: an opcode and three operand slots whose classes its row in ops.Table names.
type Instr struct {
	Op      uint16
	A, B, C uint16
}

// StatementKind is what a statement is to the session that runs it.
type StatementKind uint8

const (
	StatementQuery  StatementKind = iota // reads
	StatementWrite                       // changes records
	StatementDefine                      // changes definitions
	StatementUse                         // changes the session's namespace or database
	StatementBegin
	StatementCommit
	StatementCancel
)

// Statement is one statement of the program's text.
type Statement struct {
	Kind     StatementKind
	Fragment int // -1 for Begin, Commit and Cancel
	Span     ops.Span
	// Silent statements (LET, definitions) have no result to show.
	Silent bool
	// Explain is 0, 1 for EXPLAIN (the fragment emits the plan), 2 for EXPLAIN ANALYZE (it is run with a
	// profile, which is shown instead of its rows together with Plan).
	Explain uint8
	Plan    string // the plan as text, for EXPLAIN and profiles
	// Needs are the entries of Objects that the statement was compiled with.
	Needs []uint16
}

// CostClass bounds the work of a program, cheapest first.
type CostClass uint8

const (
	CostConstant   CostClass = iota // a number of keys that is known
	CostLimit                       // bounded by a LIMIT
	CostIndexRange                  // a range of an index or of keys
	CostFullScan                    // every record of a table
	CostUnbounded                   // expansion without a bound
)

// Manifest says what a program touches. The verifier recomputes it from the code and refuses one that differs.
type Manifest struct {
	Reads, Writes []TableFields // by table name, ascending
	Functions     []string      // ascending
	Capabilities  []string      // of the functions: "clock", "random", "reads"; ascending
	Defines       bool
	Cost          CostClass
}

// TableFields are the fields of a table that a program reads or writes; ["*"] is the whole record.
type TableFields struct {
	Table  string
	Fields []string // first steps of paths, ascending
}
