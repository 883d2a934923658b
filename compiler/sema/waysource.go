package sema

import (
	"github.com/zerodb/zerodb/ops"
)

type (
	// BranchSource is a hop that takes more than the edges of one table: each row so far goes on by every way that there is.
	BranchSource struct {
		From Expr
		Ways []Way
		// Edge is the edge that led on, or with Lists the list of edges; Vertex is where they lead, Between the list of the
		// vertices on the way, Vertex being the last of them. Which is the number of the way.
		Edge, Vertex, Between, Which *Relation
		Lists                        bool
		// Distinct says that different ways may go over the same edges, which count once.
		Distinct bool
		// Optional keeps a row that no way leads on from, with none.
		Optional bool
		// Where are conditions on the vertex, of a hop that is not optional; those of an optional one are in its ways.
		Where []Expr
		Span  ops.Span
		aside bool
	}
	// Way is one way from a vertex to others: sources one behind the other, none for staying there.
	Way struct {
		Sources []Source
		Where   []Expr
		// Edge is the edge, or in a hop with Lists the list of the edges; likewise Between of the vertices.
		Edge, Vertex, Between Expr
	}
	// WalkSource is a way of several steps. From every vertex At that it comes to, From first, it goes on by Step.
	WalkSource struct {
		From Expr
		// At is the vertex reached, Level the number of steps to it (with Max nil at most Min), Edges and Between how.
		At, Level, Edges, Between *Relation
		Step                      Way
		// Min and Max are the fewest and most steps; without Max it goes on until there is nothing new, and gives each vertex
		// once, with the fewest steps that Min allows.
		Min, Max Expr
		Span     ops.Span
	}
)

// Pair is a pair of vertices of which is asked whether edges lead from the one to the other; Ways are those from From to all
// vertices that they lead to.
type Pair struct {
	From, To Expr
	Ways     []Way
}

func (s *BranchSource) rels() []*Relation {
	return []*Relation{s.Between, s.Which, s.Edge, s.Vertex}
}

func (s *BranchSource) exprs() []Expr {
	es := []Expr{s.From}
	for i := range s.Ways {
		es = append(es, s.Ways[i].exprs()...)
	}
	return append(es, s.Where...)
}

func (w *Way) exprs() (es []Expr) {
	for _, s := range w.Sources {
		es = append(es, s.exprs()...)
	}
	return append(append(es, w.Where...), w.Edge, w.Vertex, w.Between)
}

func (s *WalkSource) rels() []*Relation { return []*Relation{s.Level, s.Edges, s.Between, s.At} }

func (s *WalkSource) exprs() []Expr {
	return append(append([]Expr{s.From}, s.Step.exprs()...), present(s.Min, s.Max)...)
}
