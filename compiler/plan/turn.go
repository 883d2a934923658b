package plan

import (
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// startAtKnownEnd follows `person -> likes -> product:apple` from product:apple backwards, instead of asking every person
// for what they like. The start is then checked to be of its table and to exist, as the scan would have seen to.
//
// It must not fire where the start is found by key or index already, nor for LIMIT without ORDER BY, which takes the first rows
// in the order of the start's keys.
func startAtKnownEnd(_ *planner, pl *Pipeline) bool {
	scan, ok := pl.Steps[0].(*Scan)
	if !ok || pl.KeyOrder {
		return false
	}
	c, ok := chainOf(pl, scan)
	if !ok {
		return false
	}
	turned := &Pipeline{Query: pl.Query, Steps: c.turned(scan)}
	for _, f := range c.filters {
		at := earliest(turned, len(turned.Steps), f.Cond)
		turned.Steps = append(turned.Steps[:at:at], append([]Step{f}, turned.Steps[at:]...)...)
	}
	pl.Steps = append(turned.Steps, pl.Steps[c.length:]...)
	return true
}

// chain is a pattern at the beginning of a pipeline: hops one behind the other, with their filters and fetches.
type chain struct {
	hops    []*Expand
	filters []*Filter
	fetches map[*sema.Relation]bool
	end     sema.Expr // what the last vertex is
	length  int       // steps
}

// chainOf takes a pattern apart whose last vertex a condition fixes.
func chainOf(pl *Pipeline, scan *Scan) (*chain, bool) {
	c := &chain{fetches: map[*sema.Relation]bool{}, length: 1}
	at := scan.Rel
	for _, s := range pl.Steps[1:] {
		switch s := s.(type) {
		case *Expand:
			if !isIDOf(s.From, at) {
				return nil, false
			}
			c.hops, at = append(c.hops, s), s.Vertex
		case *Filter:
			c.filters = append(c.filters, s)
		case *Fetch:
			c.fetches[s.Rel] = true
		default:
			return c, c.fixEnd(at)
		}
		c.length++
	}
	return c, c.fixEnd(at)
}

// fixEnd finds the condition that says which record the last vertex is, and takes it out of the filters.
func (c *chain) fixEnd(last *sema.Relation) bool {
	if len(c.hops) == 0 {
		return false
	}
	for i, f := range c.filters {
		b, ok := f.Cond.(*sema.Binary)
		if !ok || b.Op != opcodes.Eq || !isIDOf(b.Left, last) || !fixed(b.Right) || b.Right.At().Type.Kind != ops.KindRecord {
			continue
		}
		c.end = b.Right
		c.filters = append(c.filters[:i:i], c.filters[i+1:]...)
		return true
	}
	return false
}

var backwards = map[vm.Direction]vm.Direction{vm.Out: vm.In, vm.In: vm.Out, vm.Both: vm.Both}

// turned are the steps of the chain from its end to its start.
func (c *chain) turned(scan *Scan) []Step {
	last := c.hops[len(c.hops)-1].Vertex
	steps := []Step{&Items{Rel: last, X: c.end, IDs: true}}
	fetch := func(r *sema.Relation, exists bool) {
		if exists || c.fetches[r] {
			steps = append(steps, &Fetch{Access: Access{Rel: r}, ID: sema.IDOf(r, r.Span), Exists: exists})
		}
	}
	fetch(last, false)
	for i := len(c.hops) - 1; i >= 0; i-- {
		hop, to := c.hops[i], scan.Rel
		if i > 0 {
			to = c.hops[i-1].Vertex
		}
		steps = append(steps, &Expand{From: sema.IDOf(hop.Vertex, hop.Vertex.Span), Edge: hop.Edge, Vertex: to, Table: hop.Table, Direction: backwards[hop.Direction]})
		if i == 0 {
			steps = append(steps, &Filter{sema.LinkInto(sema.IDOf(to, to.Span), []string{scan.Rel.Table})})
		}
		fetch(to, i == 0)
	}
	return steps
}
