package sema

import (
	"github.com/zerodb/zerodb/ops"
)

// Variable is a variable of a block, or a parameter of a function.
type Variable struct {
	Name string
	Type ops.Type // as it was declared, else any
	// Declared is set where SET must keep to the type.
	Declared bool
	// Fixed variables, those of FOR, cannot be set.
	Fixed bool
}

// at is the variable's value.
func (v *Variable) at(s ops.Span) *Local { return &Local{leaf{Info{s, v.Type}}, v} }

type (
	// Local is the value of a variable of a block.
	Local struct {
		leaf
		Var *Variable
	}
	// Do runs a block for the value that it puts into Result.
	Do struct {
		leaf
		Block  *Block
		Result *Variable
	}
	// Run runs a routine with arguments, for what it returns.
	Run struct {
		Info
		Routine *Routine
		Args    []Expr
	}
)

func (e *Local) with([]Expr) Expr { return e }
func (e *Do) with([]Expr) Expr    { return e }
func (e *Run) parts() []Expr      { return e.Args }
func (e *Run) with(p []Expr) Expr { c := *e; c.Args = p; return &c }

func (e *Local) sameHead(o Expr) bool { l, ok := o.(*Local); return ok && l.Var == e.Var }

// What a block or a routine does it may do differently the next time.
func (e *Do) sameHead(Expr) bool  { return false }
func (e *Run) sameHead(Expr) bool { return false }

// Routine is statements that run as one: a statement of control flow, or the body of a function. It yields at most one row.
type Routine struct {
	Name   string // of a function; "" for a statement
	Text   string // of the function's definition, in which its places lie
	Span   ops.Span
	Params []*Variable
	Block  *Block
	// Assigned are the slots of the program's variables that it sets.
	Assigned []int
	// Returns says that some way through it gives a row; Column is the name of its value where it has one.
	Returns bool
	Column  string
	Result  ops.Type
}

func (*Routine) body() {}

// Block is statements that run one after another.
type Block struct{ Steps []BlockStep }

// BlockStep is one statement of a block.
type BlockStep interface{ blockStep() }

type (
	// Eval computes an expression for what it does.
	Eval struct{ X Expr }
	// Store gives a variable a value: one of the block, or without one of the program by its slot.
	Store struct {
		Var  *Variable
		Slot int
		X    Expr
	}
	// Branch runs one of two blocks; Else may be nil.
	Branch struct {
		Cond       Expr
		Then, Else *Block
	}
	// Loop runs a block for each element of a value, or each row of a query.
	Loop struct {
		Var  *Variable
		In   Expr
		Body *Block
		Span ops.Span
	}
	// While runs a block as long as a condition is true.
	While struct {
		Cond Expr
		Body *Block
		Span ops.Span
	}
	// Leave goes behind the innermost loop, or with Again to its next round.
	Leave struct {
		Again bool
		Span  ops.Span
	}
	// Give ends the routine with a value.
	Give struct {
		X    Expr
		Span ops.Span
	}
)

func (*Eval) blockStep()   {}
func (*Store) blockStep()  {}
func (*Branch) blockStep() {}
func (*Loop) blockStep()   {}
func (*While) blockStep()  {}
func (*Leave) blockStep()  {}
func (*Give) blockStep()   {}

// Rewrite replaces every expression of the block, in the order of the text, and of those inside it.
func (b *Block) Rewrite(f func(Expr) Expr) {
	if b == nil {
		return
	}
	for _, s := range b.Steps {
		switch s := s.(type) {
		case *Eval:
			s.X = f(s.X)
		case *Store:
			s.X = f(s.X)
		case *Branch:
			s.Cond = f(s.Cond)
			s.Then.Rewrite(f)
			s.Else.Rewrite(f)
		case *Loop:
			s.In = f(s.In)
			s.Body.Rewrite(f)
		case *While:
			s.Cond = f(s.Cond)
			s.Body.Rewrite(f)
		case *Give:
			s.X = f(s.X)
		}
	}
}

// Walk calls f for every expression of the block and of those inside it, as Walk does.
func (b *Block) Walk(f func(Expr) bool) {
	b.Rewrite(func(e Expr) Expr {
		Walk(e, func(x Expr) bool {
			if !f(x) {
				return false
			}
			if d, ok := x.(*Do); ok {
				d.Block.Walk(f)
			}
			return true
		})
		return e
	})
}

// Writes reports whether running the block may write records; the bodies of the functions that it calls are looked into.
func (b *Block) Writes() bool { return b.writes(map[*Routine]bool{}) }

func (b *Block) writes(seen map[*Routine]bool) (writes bool) {
	b.Walk(func(x Expr) bool {
		writes = writes || exprWrites(x, seen)
		return !writes
	})
	return writes
}

// exprWrites reports whether the head of an expression writes.
func exprWrites(x Expr, seen map[*Routine]bool) bool {
	switch x := x.(type) {
	case *Subquery:
		return x.Write != nil
	case *Run:
		if seen[x.Routine] {
			return false
		}
		seen[x.Routine] = true
		return x.Routine.Block.writes(seen)
	}
	return false
}
