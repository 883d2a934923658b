// Package sema gives a tree its meaning: names become columns of relations, parameters and functions, every expression
// gets a type, and what cannot be is reported – all of it, not only the first fault. What comes out is a
// tree of its own, smaller than the language: a pattern in an expression is a subquery, `person:1..9` a source,
// `!=` and `IS NOT` one operator of the machine.
package sema

import (
	"slices"

	"github.com/zerodb/zerodb/ops"
)

// Expr is a resolved expression. Expressions are never changed; with makes another.
type Expr interface {
	// At is where the expression came from and what is known of its values.
	At() *Info
	// parts are the operands, in the order in which they are evaluated.
	parts() []Expr
	// with returns the expression with other operands, as many as parts has.
	with(parts []Expr) Expr
	// sameHead reports whether other is the same but for its operands.
	sameHead(other Expr) bool
}

// Info is what every expression carries.
type Info struct {
	Span ops.Span
	Type ops.Type
}

// At returns the info itself, so that embedding it is enough.
func (i *Info) At() *Info { return i }

// leaf is embedded by expressions without operands.
type leaf struct{ Info }

func (*leaf) parts() []Expr { return nil }

type (
	// Const is a constant.
	Const struct {
		leaf
		Value ops.Value
	}
	// Param is a parameter of the program, by place.
	Param struct {
		leaf
		Index int
	}
	// Var is a variable that lives from statement to statement, by slot.
	Var struct {
		leaf
		Slot int
	}
	// Column is a value of a relation's row: the one at Path, or without a path the row itself.
	Column struct {
		leaf
		Rel  *Relation
		Path []string
	}
	// Unary is an operator of the machine with one operand.
	Unary struct {
		Info
		Op uint16
		X  Expr
	}
	// Binary is an operator of the machine with two operands; AND, OR and ?: evaluate the right one only where
	// the left one does not decide.
	Binary struct {
		Info
		Op          uint16
		Left, Right Expr
	}
	// If is IF … THEN … ELSE … END; a missing ELSE is the constant none.
	If struct {
		Info
		Cond, Then, Else Expr
	}
	// Call is a call of a function.
	Call struct {
		Info
		Func Function
		Args []Expr
		// Reads is what a function that reads edges reads; nil for the others.
		Reads *EdgeRead
	}
	// Aggregate is a FOLD over the rows of a group. Arg is nil for count(), Where nil without a condition; Params are the same
	// for all rows.
	Aggregate struct {
		Info
		Name     string
		Distinct bool
		Arg      Expr
		Where    Expr
		Params   []Expr
	}
	// Sequence makes a list or, with Tuple, a tuple.
	Sequence struct {
		Info
		Tuple bool
		Items []Expr
	}
	// Object makes an object; members that are none are left out.
	Object struct {
		Info
		Names  []string
		Values []Expr
	}
	// Range makes a range; an open end is the constant none.
	Range struct {
		Info
		Lo, Hi    Expr
		Inclusive bool
	}
	// Record makes a record id of a table.
	Record struct {
		Info
		Table string
		Key   Expr
	}
	// Field is what stands at a path below X: of an object, of the record that a link names, of every element of a list.
	// The empty path is the whole record or object.
	Field struct {
		Info
		X    Expr
		Path []string
	}
	// InTable is X where it is a link into the table, else none.
	InTable struct {
		Info
		X     Expr
		Table string
	}
	// Elements is the list of the elements of X or of its members' values.
	Elements struct {
		Info
		X Expr
	}
	// Assign is object X with the value at Path replaced.
	Assign struct {
		Info
		X, Value Expr
		Path     []string
	}
	// AssignAt is X with a value assigned at a path as assign.at has it; Indexes are those in the path, in order.
	AssignAt struct {
		Info
		X, Value Expr
		Indexes  []Expr
		Path     []string
	}
	// Omit is object X without some paths, each written with dots.
	Omit struct {
		Info
		X     Expr
		Paths []string
	}
	// Cast is X converted to a type, or with Check refused if it does not fit.
	Cast struct {
		Info
		X     Expr
		To    ops.Type
		Check bool
	}
	// Paired is whether the vertices From and To are a pair that was found beforehand.
	Paired struct {
		Info
		Pair     *Pair
		From, To Expr
	}
	// Subquery is a query used as a value.
	Subquery struct {
		Info
		Query *Query
		Use   SubqueryUse
		// X is what is looked up, for UseIn; else nil.
		X Expr
		// Write is set where the rows are those that a writing statement returns; Query is then its rows to write.
		Write *Write
		// Pair says, of a subquery that asks whether edges lead from one vertex to another, how all such vertices are found.
		Pair *Pair
		// Hashed is set by the planner where the rows become a set that X is looked up in.
		Hashed bool
	}
)

// SubqueryUse says what of a subquery's rows is the value.
type SubqueryUse uint8

const (
	UseList   SubqueryUse = iota // the list of the rows
	UseExists                    // whether there is a row
	UseIn                        // whether X is among the (one-column) rows
)

func (e *Const) with([]Expr) Expr  { return e }
func (e *Param) with([]Expr) Expr  { return e }
func (e *Var) with([]Expr) Expr    { return e }
func (e *Column) with([]Expr) Expr { return e }

func (e *Unary) parts() []Expr    { return []Expr{e.X} }
func (e *Binary) parts() []Expr   { return []Expr{e.Left, e.Right} }
func (e *If) parts() []Expr       { return []Expr{e.Cond, e.Then, e.Else} }
func (e *Call) parts() []Expr     { return e.Args }
func (e *Sequence) parts() []Expr { return e.Items }
func (e *Object) parts() []Expr   { return e.Values }
func (e *Range) parts() []Expr    { return []Expr{e.Lo, e.Hi} }
func (e *Record) parts() []Expr   { return []Expr{e.Key} }
func (e *Field) parts() []Expr    { return []Expr{e.X} }
func (e *InTable) parts() []Expr  { return []Expr{e.X} }
func (e *Elements) parts() []Expr { return []Expr{e.X} }
func (e *Assign) parts() []Expr   { return []Expr{e.X, e.Value} }
func (e *AssignAt) parts() []Expr { return append([]Expr{e.X, e.Value}, e.Indexes...) }
func (e *Omit) parts() []Expr     { return []Expr{e.X} }
func (e *Cast) parts() []Expr     { return []Expr{e.X} }
func (e *Paired) parts() []Expr   { return []Expr{e.From, e.To} }

// The parts of an aggregate are evaluated per row, before the group is.
func (e *Aggregate) parts() []Expr { return append(present(e.Arg, e.Where), e.Params...) }

// The parts of a subquery are only what the outer row is asked for at once; see Query.Outer for the rest.
func (e *Subquery) parts() []Expr { return present(e.X) }

func present(es ...Expr) (ps []Expr) {
	for _, e := range es {
		if e != nil {
			ps = append(ps, e)
		}
	}
	return ps
}

func (e *Unary) with(p []Expr) Expr  { c := *e; c.X = p[0]; return &c }
func (e *Binary) with(p []Expr) Expr { c := *e; c.Left, c.Right = p[0], p[1]; return &c }
func (e *If) with(p []Expr) Expr     { c := *e; c.Cond, c.Then, c.Else = p[0], p[1], p[2]; return &c }
func (e *Call) with(p []Expr) Expr   { c := *e; c.Args = p; return &c }
func (e *Sequence) with(p []Expr) Expr {
	c := *e
	c.Items = p
	return &c
}
func (e *Object) with(p []Expr) Expr   { c := *e; c.Values = p; return &c }
func (e *Range) with(p []Expr) Expr    { c := *e; c.Lo, c.Hi = p[0], p[1]; return &c }
func (e *Record) with(p []Expr) Expr   { c := *e; c.Key = p[0]; return &c }
func (e *Field) with(p []Expr) Expr    { c := *e; c.X = p[0]; return &c }
func (e *InTable) with(p []Expr) Expr  { c := *e; c.X = p[0]; return &c }
func (e *Elements) with(p []Expr) Expr { c := *e; c.X = p[0]; return &c }
func (e *Assign) with(p []Expr) Expr   { c := *e; c.X, c.Value = p[0], p[1]; return &c }
func (e *Omit) with(p []Expr) Expr     { c := *e; c.X = p[0]; return &c }
func (e *Cast) with(p []Expr) Expr     { c := *e; c.X = p[0]; return &c }
func (e *Paired) with(p []Expr) Expr   { c := *e; c.From, c.To = p[0], p[1]; return &c }
func (e *AssignAt) with(p []Expr) Expr {
	c := *e
	c.X, c.Value, c.Indexes = p[0], p[1], p[2:]
	return &c
}
func (e *Aggregate) with(p []Expr) Expr {
	c := *e
	if e.Arg != nil {
		c.Arg, p = p[0], p[1:]
	}
	if e.Where != nil {
		c.Where, p = p[0], p[1:]
	}
	c.Params = p
	return &c
}
func (e *Subquery) with(p []Expr) Expr {
	c := *e
	if e.X != nil {
		c.X = p[0]
	}
	return &c
}

func (e *Const) sameHead(o Expr) bool {
	c, ok := o.(*Const)
	return ok && c.Value.Kind() == e.Value.Kind() && ops.Equal(c.Value, e.Value)
}
func (e *Param) sameHead(o Expr) bool { c, ok := o.(*Param); return ok && c.Index == e.Index }
func (e *Var) sameHead(o Expr) bool   { c, ok := o.(*Var); return ok && c.Slot == e.Slot }
func (e *Column) sameHead(o Expr) bool {
	c, ok := o.(*Column)
	return ok && c.Rel == e.Rel && slices.Equal(c.Path, e.Path)
}
func (e *Unary) sameHead(o Expr) bool  { c, ok := o.(*Unary); return ok && c.Op == e.Op }
func (e *Binary) sameHead(o Expr) bool { c, ok := o.(*Binary); return ok && c.Op == e.Op }
func (e *If) sameHead(o Expr) bool     { _, ok := o.(*If); return ok }

// A call is the same as another only where it always gives the same.
func (e *Call) sameHead(o Expr) bool {
	c, ok := o.(*Call)
	return ok && c.Func.same(e.Func) && e.Func.Capability() == ""
}
func (e *Aggregate) sameHead(o Expr) bool {
	c, ok := o.(*Aggregate)
	return ok && c.Name == e.Name && c.Distinct == e.Distinct && len(c.Params) == len(e.Params) &&
		(c.Arg == nil) == (e.Arg == nil) && (c.Where == nil) == (e.Where == nil)
}
func (e *Sequence) sameHead(o Expr) bool { c, ok := o.(*Sequence); return ok && c.Tuple == e.Tuple }
func (e *Object) sameHead(o Expr) bool {
	c, ok := o.(*Object)
	return ok && slices.Equal(c.Names, e.Names)
}
func (e *Range) sameHead(o Expr) bool  { c, ok := o.(*Range); return ok && c.Inclusive == e.Inclusive }
func (e *Record) sameHead(o Expr) bool { c, ok := o.(*Record); return ok && c.Table == e.Table }
func (e *Field) sameHead(o Expr) bool {
	c, ok := o.(*Field)
	return ok && slices.Equal(c.Path, e.Path)
}
func (e *InTable) sameHead(o Expr) bool  { c, ok := o.(*InTable); return ok && c.Table == e.Table }
func (e *Elements) sameHead(o Expr) bool { _, ok := o.(*Elements); return ok }
func (e *Assign) sameHead(o Expr) bool {
	c, ok := o.(*Assign)
	return ok && slices.Equal(c.Path, e.Path)
}
func (e *AssignAt) sameHead(o Expr) bool {
	c, ok := o.(*AssignAt)
	return ok && slices.Equal(c.Path, e.Path)
}
func (e *Omit) sameHead(o Expr) bool {
	c, ok := o.(*Omit)
	return ok && slices.Equal(c.Paths, e.Paths)
}
func (e *Paired) sameHead(o Expr) bool { c, ok := o.(*Paired); return ok && c.Pair == e.Pair }
func (e *Cast) sameHead(o Expr) bool   { c, ok := o.(*Cast); return ok && c == e }
func (e *Subquery) sameHead(o Expr) bool {
	c, ok := o.(*Subquery)
	return ok && c.Query == e.Query && c.Use == e.Use
}
