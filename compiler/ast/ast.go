// Package ast is the tree of a ZeroQL text. Its names are the language's names; it knows nothing of
// the parser that made it. Every node carries the span of the text it came from. Trees are never
// changed once built: a pass that changes something builds new nodes.
package ast

import "github.com/zerodb/zerodb/ops"

// Node is any part of a tree.
type Node interface{ Pos() ops.Span }

// At is the span of a node; every node embeds it.
type At struct{ Span ops.Span }

// Pos returns the node's span.
func (a At) Pos() ops.Span { return a.Span }

// Script is a whole text.
type Script struct {
	At
	Source     string
	Statements []Statement
}

// Statement is one statement. Queries and bare expressions are statements too (ExprStatement).
type Statement interface {
	Node
	statement()
}

// Expr is anything that has a value, queries and patterns included.
type Expr interface {
	Node
	expr()
}

// Name is an identifier as written, without backticks.
type Name struct {
	At
	Text string
}

// Path is a name with a path: `module::function`.
type Path []Name

// ---- statements of programs

type (
	// ExprStatement is a query, a pattern, a source or any expression standing alone.
	ExprStatement struct {
		At
		X Expr
	}
	// Let is `LET $x [TYPE t] = e`.
	Let struct {
		At
		Name  Name // without $
		Type  *Type
		Value Expr
	}
	// Set is `SET $x.path op= e`.
	Set struct {
		At
		Target *FieldPath // Base is the variable
		Op     AssignOp
		Value  Expr
	}
	// For is `FOR $x IN e DO … END`.
	For struct {
		At
		Var  Name
		In   Expr
		Body []Statement
	}
	// While is `WHILE e DO … END`.
	While struct {
		At
		Cond Expr
		Body []Statement
	}
	// Break is `BREAK`.
	Break struct{ At }
	// Continue is `CONTINUE`.
	Continue struct{ At }
	// Return is `RETURN [e] [AS name]`.
	Return struct {
		At
		Value Expr // nil: none
		As    *Name
	}
	// Transaction is BEGIN, COMMIT or CANCEL.
	Transaction struct {
		At
		Kind TransactionKind
	}
	// Explain is `EXPLAIN [ANALYZE] statement`.
	Explain struct {
		At
		Analyze   bool
		Statement Statement
	}
	// LiveSelect is `LIVE SELECT … [SINCE e]`.
	LiveSelect struct {
		At
		Query Expr
		Since Expr
	}
	// Kill is `KILL e`.
	Kill struct {
		At
		ID Expr
	}
	// Analyze is `ANALYZE TABLE t [ON DATABASE d]`.
	Analyze struct {
		At
		Table Name
		On    *Name
	}
	// Use is `USE NS n DB d`; either may be nil.
	Use struct {
		At
		Namespace, Database *Name
	}
	// Info is `INFO [FOR kind name]`; Kind is DefNone for the plain form.
	Info struct {
		At
		Kind DefKind
		Name *Name
	}
)

// TransactionKind tells the three transaction statements apart.
type TransactionKind uint8

const (
	Begin TransactionKind = iota
	Commit
	Cancel
)

// ---- definitions

// DefKind is what a definition defines.
type DefKind uint8

const (
	DefNone DefKind = iota
	DefNamespace
	DefDatabase
	DefTable
	DefEdge
	DefType
	DefEnum
	DefParam
	DefIndex
	DefFunction
	DefModule
	DefUser
	DefRole
	DefKey
	DefLimit
	DefProgram
)

// Define is `DEFINE kind …`. Fields that a kind has no clause for are zero.
type Define struct {
	At
	Kind        DefKind
	Name        Path // one part but for functions and programs; empty for LIMIT
	IfNotExists bool
	On          []On

	// namespaces
	Consistency string // "", "strong", "eventual"
	Replicas    Expr
	PartitionBy string // "", "database", "table", "record"
	Geo         bool
	Programs    string // "", "any", "signed", "registered"
	// databases
	Strict bool
	// tables, edges, types
	Schema SchemaMode
	Fields []FieldDef // nil: no FIELDS clause
	From   *Name      // edges
	To     *Name
	View   Expr // tables: AS SELECT …
	// enums
	Variants []Name
	// params
	Type  *Type // params and functions
	Value Expr
	// indexes
	IndexFields []FieldName
	Unique      bool
	With        Expr // index::kind(…)
	// functions and modules
	Params   []Param
	Body     []Statement
	Language *Name
	Raw      string // a module's body in another language
	// users, roles, keys, limits, programs
	Password Expr
	Roles    []Name
	Grants   []Grant
	Public   Expr
	Settings []Setting
	As       Expr
}

// SchemaMode is which of SCHEMAFULL and SCHEMALESS a definition says.
type SchemaMode uint8

const (
	SchemaUnsaid SchemaMode = iota
	Schemafull
	Schemaless
)

// On is `ON [NAMESPACE | DATABASE | TABLE] name`; Kind is DefNone where none was written.
type On struct {
	At
	Kind DefKind
	Name Name
}

// FieldDef is a field in a FIELDS clause.
type FieldDef struct {
	At
	Name     FieldName
	Type     *Type
	Value    Expr // default
	Asserts  []Expr
	ReadOnly bool
	Unique   bool
	As       *Name // REDEFINE: the new name
	Drop     bool  // REDEFINE: `AS none`
}

// FieldName is a dotted name: `address.city`, `tags[*]`, `meta.*`. A Wild step has no Name.
type FieldName struct {
	At
	Steps []FieldStep
}

// FieldStep is one step of a FieldName.
type FieldStep struct {
	Name    Name
	Wild    bool // `.*`
	Element bool // `[*]`
}

// Param is a parameter of a function.
type Param struct {
	At
	Name    Name
	Type    *Type
	Default Expr
}

// Grant is one `GRANT right, … ON item, …`.
type Grant struct {
	At
	Rights []Name
	On     []GrantItem
}

// GrantItem is one target of a grant.
type GrantItem struct {
	At
	Kind   DefKind
	Name   Name
	Fields []FieldName
	Where  Expr
}

// Setting is `name = e` in DEFINE LIMIT.
type Setting struct {
	At
	Name  Name
	Value Expr
}

// Redefine is `REDEFINE TABLE t [AS new] FIELDS …`.
type Redefine struct {
	At
	Kind     DefKind
	Name     Name
	IfExists bool
	As       *Name
	On       []On
	Schema   SchemaMode
	Fields   []FieldDef
}

// Remove is `REMOVE kind name [IF EXISTS]`.
type Remove struct {
	At
	Kind     DefKind
	Name     Path
	IfExists bool
	On       []On
}

// Describe is `DESCRIBE kind name [IF EXISTS]`.
type Describe struct {
	At
	Kind     DefKind
	Name     Path
	IfExists bool
	On       []On
}

// AlterUser is `ALTER USER u …`.
type AlterUser struct {
	At
	Name     Name
	IfExists bool
	Password Expr
	Roles    []Name
	On       []On
}

// ---- types

// Type is a written type.
type Type struct {
	At
	Kind TypeKind
	// Name is the path of a TypeName: `int`, `person`, `set`, `option`.
	Name Path
	// Args are the type arguments of a TypeName, the element of a TypeList, the parts of a TypeTuple.
	Args     []*Type
	Len      int64 // TypeList: the exact length, -1 where none is written
	Optional bool  // `T?`
}

// TypeKind is the form of a written type.
type TypeKind uint8

const (
	TypeName TypeKind = iota
	TypeList
	TypeTuple
)

// ---- records

type (
	// Create is CREATE.
	Create struct {
		At
		Target      Expr
		Data        *Data
		IfNotExists bool
		Return      *Returning
	}
	// Update is UPDATE or UPSERT.
	Update struct {
		At
		Upsert bool
		Target Expr
		Data   *Data
		Where  Expr // nil: no WHERE; *Wild: WHERE *
		Return *Returning
	}
	// Delete is DELETE.
	Delete struct {
		At
		Target Expr
		Where  Expr
		Return *Returning
	}
	// Relate is RELATE over a pattern of one hop.
	Relate struct {
		At
		Pattern     Expr
		Data        *Data
		Where       Expr
		IfNotExists bool
		Return      *Returning
	}
)

// Data is what a writing statement writes: exactly one of its parts is set.
type Data struct {
	At
	Set     []Assignment // SET a = e, …
	Object  Expr         // SET { … }
	Columns []FieldName  // SET (a, b) VALUES …
	Rows    [][]Expr
	Content Expr // CONTENT e
}

// Assignment is `target op= e`.
type Assignment struct {
	At
	Target FieldPath
	Op     AssignOp
	Value  Expr
}

// FieldPath is the target of an assignment: `a.b[0].c`, or `$x.a` in SET statements.
type FieldPath struct {
	At
	Base  Name // a field, or the variable of a SET statement
	Steps []PathStep
}

// PathStep is `.name`, `[e]` or `[*]`.
type PathStep struct {
	At
	Name  *Name
	Index Expr
	All   bool
}

// AssignOp is an assignment operator.
type AssignOp uint8

const (
	AssignSet AssignOp = iota // = == IS
	AssignAdd
	AssignSub
	AssignMul
	AssignDiv
	AssignMod
)

// Returning is a RETURN clause.
type Returning struct {
	At
	Kind  ReturnKind
	Items []SelectItem // ReturnExprs
}

// ReturnKind is the form of a RETURN clause.
type ReturnKind uint8

const (
	ReturnNone ReturnKind = iota
	ReturnBefore
	ReturnAfter
	ReturnExprs
)

// ---- SELECT

type (
	// Select is one SELECT.
	Select struct {
		At
		Value    bool // SELECT VALUE e: one item
		Distinct bool
		Items    []SelectItem
		Omit     []FieldName
		From     []Source // empty: one row
		Where    Expr     // *Wild for WHERE *
		NoIndex  bool
		Indexes  []Name // WITH INDICES, or with NoIndex those that are not used; none: no index is
		GroupBy  []Expr
		Having   Expr
		Page
	}
	// SetOp is UNION, INTERSECT or EXCEPT of two queries; ORDER BY, LIMIT … at the end are the whole's.
	SetOp struct {
		At
		Kind        SetOpKind
		All         bool
		Left, Right Expr
		Page
	}
)

// Page orders and cuts a result.
type Page struct {
	OrderBy []OrderItem
	Start   Expr
	Limit   Expr
	After   Expr
	Version Expr
}

// SetOpKind tells the set operators apart.
type SetOpKind uint8

const (
	Union SetOpKind = iota
	Intersect
	Except
)

// SelectItem is one item of a select list; X is *Wild for `*`.
type SelectItem struct {
	At
	X  Expr
	As *Name
}

// OrderItem is one item of ORDER BY.
type OrderItem struct {
	At
	X    Expr
	Desc bool
}

// Source is one source of FROM with the joins that hang on it. X is *Wild for `*`.
type Source struct {
	At
	X     Expr
	As    *Name
	Joins []Join
}

// Join is `[LEFT] JOIN source ON e`.
type Join struct {
	At
	Left bool
	X    Expr
	As   *Name
	On   Expr
}

// ---- expressions

type (
	// Literal is a constant.
	Literal struct {
		At
		Value ops.Value
	}
	// Ident is a bare name: a field, an alias or a table, by context.
	Ident struct {
		At
		Name string
	}
	// PathExpr is a name with a path standing alone: `color::red`, `sys::tables`.
	PathExpr struct {
		At
		Path Path
	}
	// Variable is `$name`.
	Variable struct {
		At
		Name string
	}
	// Wild is `*` where an operand is wanted.
	Wild struct{ At }
	// RecordExpr is `table:key`.
	RecordExpr struct {
		At
		Table Name
		Key   Expr // Literal, Variable, List, Tuple, or Wild for `table:*`
	}
	// RecordRange is `table:a..b`; an open end is nil.
	RecordRange struct {
		At
		Table     Name
		Lo, Hi    Expr
		Inclusive bool
	}
	// List is `[a, b]`.
	List struct {
		At
		Items []Expr
	}
	// Tuple is `(a, b)`, `(a,)` or `()`.
	Tuple struct {
		At
		Items []Expr
	}
	// Object is `{ a: 1 }`.
	Object struct {
		At
		Members []ObjectMember
	}
	// Range is `a..b` or `a..=b`; an open end is nil.
	Range struct {
		At
		Lo, Hi    Expr
		Inclusive bool
	}
	// Unary is a prefix operator.
	Unary struct {
		At
		Op UnaryOp
		X  Expr
	}
	// Binary is an infix operator.
	Binary struct {
		At
		Op          BinaryOp
		OpSpan      ops.Span
		Left, Right Expr
	}
	// Field is `x.name` or `x?.name`.
	Field struct {
		At
		X    Expr
		Name Name
		Safe bool
	}
	// AllFields is `x.*`.
	AllFields struct {
		At
		X Expr
	}
	// Index is `x[i]`.
	Index struct {
		At
		X     Expr
		Index Expr
	}
	// AllElements is `x[*]`.
	AllElements struct {
		At
		X Expr
	}
	// Call is `f(…)`, `m::f(…)`, or with Fold set `FOLD f(…)`.
	Call struct {
		At
		Func Path
		// On is set instead of Func where what is called is not a name.
		On   Expr
		Args []Arg
		Fold bool
	}
	// If is `IF c THEN … ELSE … END`, a statement or an expression.
	If struct {
		At
		Arms []IfArm
		Else []Statement // nil where there is no ELSE
	}
	// Exists is `EXISTS (query)`.
	Exists struct {
		At
		X Expr
	}
	// Aliased is `(e AS name)` or `(e AS name WHERE c)`: a bracketed part of a pattern or source.
	Aliased struct {
		At
		X     Expr // Wild for `(* AS x)`
		As    *Name
		Where Expr
	}
	// Group is a bracketed list of patterns or names with aliases or conditions, where a plain Tuple would lose them.
	Group struct {
		At
		Items []Expr
	}
	// Pattern is a chain of hops: `person:alice -> buys -> product`.
	Pattern struct {
		At
		Start Expr // nil where the pattern begins with an arrow: it starts at the record in scope
		Hops  []Hop
	}
)

// ObjectMember is `name: e`.
type ObjectMember struct {
	At
	Name  Name
	Value Expr
}

// Arg is one argument of a call; X is *Wild in `count(*)`.
type Arg struct {
	At
	Name     *Name // named argument
	Distinct bool
	X        Expr
	Where    Expr
}

// IfArm is one condition with its block.
type IfArm struct {
	At
	Cond Expr
	Then []Statement
}

// UnaryOp is a prefix operator.
type UnaryOp uint8

const (
	Neg    UnaryOp = iota // -
	Plus                  // +
	Not                   // NOT and !
	BitNot                // ~
)

// BinaryOp is an infix operator.
type BinaryOp uint8

const (
	Or BinaryOp = iota
	Coalesce
	And
	Eq
	Ne
	Lt
	Le
	Gt
	Ge
	In
	NotIn
	Contains
	NotContains
	ContainsAll
	ContainsAny
	ContainsNone
	Match
	NotMatch
	Similar
	BitOr
	BitXor
	BitAnd
	Shl
	Shr
	Add
	Sub
	Mul
	Div
	Mod
	Pow
)

func (*ExprStatement) statement() {}
func (*Let) statement()           {}
func (*Set) statement()           {}
func (*For) statement()           {}
func (*While) statement()         {}
func (*Break) statement()         {}
func (*Continue) statement()      {}
func (*Return) statement()        {}
func (*Transaction) statement()   {}
func (*Explain) statement()       {}
func (*LiveSelect) statement()    {}
func (*Kill) statement()          {}
func (*Analyze) statement()       {}
func (*Use) statement()           {}
func (*Info) statement()          {}
func (*Define) statement()        {}
func (*Redefine) statement()      {}
func (*Remove) statement()        {}
func (*Describe) statement()      {}
func (*AlterUser) statement()     {}

func (*Create) expr()      {}
func (*Update) expr()      {}
func (*Delete) expr()      {}
func (*Relate) expr()      {}
func (*Select) expr()      {}
func (*SetOp) expr()       {}
func (*Literal) expr()     {}
func (*Ident) expr()       {}
func (*PathExpr) expr()    {}
func (*Variable) expr()    {}
func (*Wild) expr()        {}
func (*RecordExpr) expr()  {}
func (*RecordRange) expr() {}
func (*List) expr()        {}
func (*Tuple) expr()       {}
func (*Object) expr()      {}
func (*Range) expr()       {}
func (*Unary) expr()       {}
func (*Binary) expr()      {}
func (*Field) expr()       {}
func (*AllFields) expr()   {}
func (*Index) expr()       {}
func (*AllElements) expr() {}
func (*Call) expr()        {}
func (*If) expr()          {}
func (*Exists) expr()      {}
func (*Aliased) expr()     {}
func (*Group) expr()       {}
func (*Pattern) expr()     {}
