package plan

import (
	"slices"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
)

// Pairs finds, for the vertices of a batch of rows, all that the ways lead to, and keeps the pairs for Paired conditions.
type Pairs struct {
	Pair *sema.Pair
	Ways []*Pipeline // their one item is the vertex that they lead to
}

func (s *Pairs) exprs() (es []sema.Expr) {
	for _, w := range s.Ways {
		es = append(es, w.all()...)
	}
	return append(es, s.Pair.From)
}

func (s *Pairs) rewrite(f func(sema.Expr) sema.Expr) {
	for _, w := range s.Ways {
		w.rewrite(f)
	}
}

func (s *Pairs) describe(d *describer) {
	d.line("pairs from %s", d.text(s.Pair.From))
	for _, w := range s.Ways {
		d.way(w)
	}
}

// relateInBulk answers `-> likes <-` and the AND and NOT of edges for a batch of vertices at once: the edges that must be there as
// well are read in one sorted pass, and each vertex that the hop leads to is looked up among them.
//
// It must not fire for a range of hops: the vertices that it leads to may be many more than those that are asked for. Nor for a
// condition between other vertices than those of its hop.
func relateInBulk(p *planner, pl *Pipeline) bool {
	changed := false
	for i := 0; i < len(pl.Steps); i++ {
		for _, in := range inner(pl.Steps[i]) {
			changed = relateInBulk(p, in) || changed
		}
		e, ok := pl.Steps[i].(*Expand)
		if !ok {
			continue
		}
		for j := i + 1; j < len(pl.Steps); j++ {
			f, ok := pl.Steps[j].(*Filter)
			if !ok {
				break
			}
			pair, cond := pairedCondition(f.Cond, e)
			if pair == nil {
				continue
			}
			pl.Steps[j] = &Filter{cond}
			pl.Steps = slices.Insert(pl.Steps, i, Step(p.pairs(pl, pair)))
			i, changed = i+1, true
		}
	}
	return changed
}

func (p *planner) pairs(pl *Pipeline, pair *sema.Pair) *Pairs {
	s := &Pairs{Pair: pair}
	for i := range pair.Ways {
		w := p.way(pl, &pair.Ways[i])
		w.Items = []sema.Item{{Name: "vertex", X: pair.Ways[i].Vertex}}
		relateInBulk(p, w)
		s.Ways = append(s.Ways, w)
	}
	return s
}

// pairedCondition takes a condition that asks for edges between the vertices of a hop, or for there being none, and makes it one on
// pairs that are known.
func pairedCondition(cond sema.Expr, e *Expand) (*sema.Pair, sema.Expr) {
	if not, ok := cond.(*sema.Unary); ok && not.Op == opcodes.Not {
		pair, inner := pairedCondition(not.X, e)
		if pair == nil {
			return nil, nil
		}
		c := *not
		c.X = inner
		return pair, &c
	}
	s, ok := cond.(*sema.Subquery)
	if !ok || s.Pair == nil || !sema.Same(s.Pair.From, e.From) || !isIDOf(s.Pair.To, e.Vertex) {
		return nil, nil
	}
	return s.Pair, &sema.Paired{Info: s.Info, Pair: s.Pair, From: s.Pair.From, To: s.Pair.To}
}
