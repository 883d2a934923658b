package ast

// Hop is `-> edges -> vertex`.
type Hop struct {
	At
	Left, Right Arrow
	Edges       EdgeExpr
	Vertex      Expr // Ident, RecordExpr, RecordRange, Wild, Variable, List, Tuple, Aliased, Group, Pattern
}

// Arrow is one arrow of a hop.
type Arrow uint8

const (
	ArrowOut  Arrow = iota // ->
	ArrowIn                // <-
	ArrowBoth              // <->
	ArrowOut2              // ->> (between tables)
	ArrowIn2               // <<-
)

// EdgeExpr is the middle of a hop.
type EdgeExpr interface {
	Node
	edge()
}

type (
	// EdgeTable is an edge table, an edge record, or `*` (Name empty) or SELF.
	EdgeTable struct {
		At
		X        Expr // Ident, RecordExpr, RecordRange or Wild
		Hops     Expr // `[n]`, `[a..b]`: the range or number; nil where none is written
		Optional bool // `?`
	}
	// EdgeGroup is `(edges AS alias WHERE cond)`.
	EdgeGroup struct {
		At
		X        EdgeExpr
		As       *Name
		Where    Expr
		Hops     Expr
		Optional bool
	}
	// EdgeNot is `NOT edge`.
	EdgeNot struct {
		At
		X EdgeExpr
	}
	// EdgeBool is `a AND b` or `a OR b`.
	EdgeBool struct {
		At
		Or          bool
		Left, Right EdgeExpr
	}
)

func (*EdgeTable) edge() {}
func (*EdgeGroup) edge() {}
func (*EdgeNot) edge()   {}
func (*EdgeBool) edge()  {}
