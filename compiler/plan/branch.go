package plan

import (
	"slices"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

type (
	// Branch adds to each row what it leads to by several ways; the rows of a batch go all of one way, then all of the next.
	// What they find is held until the batch has gone every way.
	Branch struct {
		// Ways begin at the rows at hand; their items are what they add, as many as Outs, which later steps read.
		Ways []*Pipeline
		Outs []*sema.Column
		// Distinct takes the same of a row once. Optional keeps rows that no way leads on from.
		Distinct, Optional bool
		Source             *sema.BranchSource
	}
	// Walk goes from each row's vertex to others, and from those on, step by step.
	Walk struct {
		Source *sema.WalkSource
		// Step begins at the vertices reached; its items are the next vertex and, with Trail, the edges and the vertices on the
		// way to it.
		Step *Pipeline
		// Trail keeps the lists of edges and vertices.
		Trail bool
	}
)

// Open reports whether the walk goes on until there is nothing new.
func (s *Walk) Open() bool { return s.Source.Max == nil }

func (s *Branch) exprs() (es []sema.Expr) {
	for _, w := range s.Ways {
		es = append(es, w.all()...)
	}
	return es
}

func (s *Walk) exprs() []sema.Expr {
	return append(present(s.Source.From, s.Source.Min, s.Source.Max), s.Step.all()...)
}

// all are the expressions of a pipeline's steps and items.
func (p *Pipeline) all() (es []sema.Expr) {
	p.eachExpr(0, func(e sema.Expr) { es = append(es, e) })
	return es
}

func (s *Branch) rewrite(f func(sema.Expr) sema.Expr) {
	for _, w := range s.Ways {
		w.rewrite(f)
	}
}

func (s *Walk) rewrite(f func(sema.Expr) sema.Expr) {
	w := *s.Source
	w.From, w.Min, w.Max = f(w.From), f(w.Min), maybe(w.Max, f)
	s.Source = &w
	s.Step.rewrite(f)
}

// inner are the pipelines inside a step, which begin at the rows before it.
func inner(s Step) []*Pipeline {
	switch s := s.(type) {
	case *Branch:
		return s.Ways
	case *Walk:
		return []*Pipeline{s.Step}
	case *Pairs:
		return s.Ways
	}
	return nil
}

// branch plans a hop of several ways.
func (p *planner) branch(pl *Pipeline, s *sema.BranchSource) {
	b := &Branch{Source: s, Distinct: s.Distinct, Optional: s.Optional}
	b.Outs = []*sema.Column{edgesOf(s), sema.IDOf(s.Vertex, s.Span), sema.WholeOf(s.Between, s.Span), sema.WholeOf(s.Which, s.Span)}
	for i := range s.Ways {
		w := &s.Ways[i]
		way := p.way(pl, w)
		way.Items = []sema.Item{{Name: "edge", X: w.Edge}, {Name: "vertex", X: w.Vertex}, {Name: "between", X: w.Between},
			{Name: "way", X: constant(ops.Int(int64(i)))}}
		b.Ways = append(b.Ways, way)
	}
	pl.Steps = append(pl.Steps, b)
	for _, c := range s.Where {
		pl.Steps = append(pl.Steps, &Filter{c})
	}
}

func edgesOf(s *sema.BranchSource) *sema.Column {
	if s.Lists {
		return sema.WholeOf(s.Edge, s.Span)
	}
	return sema.IDOf(s.Edge, s.Span)
}

// way plans one way: its sources, the records that its conditions read, its conditions.
func (p *planner) way(pl *Pipeline, w *sema.Way) *Pipeline {
	way := p.side(pl)
	way.KeyOrder = false
	for _, s := range w.Sources {
		p.source(way, s)
	}
	for _, c := range w.Where {
		way.Steps = append(way.Steps, &Filter{c})
	}
	p.fetches(way, pl.Query)
	return way
}

// walk plans a way of several steps.
func (p *planner) walk(pl *Pipeline, s *sema.WalkSource) {
	w := &Walk{Source: s, Step: p.way(pl, &s.Step), Trail: true}
	w.Step.Items = []sema.Item{{Name: "vertex", X: s.Step.Vertex}, {Name: "edges", X: s.Step.Edge}, {Name: "between", X: s.Step.Between}}
	pl.Steps = append(pl.Steps, w)
}

// Level is the level of what a step leads to: one more than the one before, at most Min for a walk without an end.
func (s *Walk) Level() sema.Expr {
	info := sema.Info{Span: s.Source.Span, Type: ops.TypeOf(ops.KindInt)}
	at := sema.WholeOf(s.Source.Level, s.Source.Span)
	next := sema.Expr(&sema.Binary{Info: info, Op: opcodes.Add, Left: at, Right: constant(ops.Int(1))})
	if !s.Open() {
		return next
	}
	if k, ok := s.Source.Min.(*sema.Const); ok && k.Value.Kind() == ops.KindInt && k.Value.AsInt() == 1 {
		return s.Source.Min
	}
	below := &sema.Binary{Info: sema.Info{Span: info.Span, Type: ops.TypeOf(ops.KindBool)}, Op: opcodes.Lt, Left: at, Right: s.Source.Min}
	return &sema.If{Info: info, Cond: below, Then: next, Else: s.Source.Min}
}

// pruneBranch keeps what later steps read, and what tells rows apart.
func pruneBranch(pl *Pipeline, i int, s *Branch) {
	if s.Distinct {
		return
	}
	var outs []*sema.Column
	items := make([][]sema.Item, len(s.Ways))
	for o, out := range s.Outs {
		if len(usesOf(pl, i, out.Rel)) == 0 {
			continue
		}
		outs = append(outs, out)
		for w := range s.Ways {
			items[w] = append(items[w], s.Ways[w].Items[o])
		}
	}
	if len(outs) == 0 { // how many rows there are matters still
		outs = s.Outs[1:2]
		for w := range s.Ways {
			items[w] = s.Ways[w].Items[1:2]
		}
	}
	s.Outs = outs
	for w := range s.Ways {
		s.Ways[w].Items = items[w]
	}
}

// pruneWalk leaves out how a walk has come along where that is not read.
func pruneWalk(pl *Pipeline, i int, s *Walk) {
	if len(usesOf(pl, i, s.Source.Edges, s.Source.Between)) == 0 {
		s.Trail = false
		s.Step.Items = s.Step.Items[:1]
	}
}

// reads reports whether a condition reads what a branch adds.
func (s *Branch) reads(c *sema.Column) bool {
	return c.Rel == s.Source.Edge && (s.Source.Lists || isID(c)) || c.Rel == s.Source.Vertex && isID(c) || c.Rel == s.Source.Between || c.Rel == s.Source.Which
}

func (s *Branch) describe(d *describer) {
	name := "branch"
	if s.Optional {
		name = "optional"
	}
	if s.Distinct {
		name += ", each once"
	}
	d.line("%s %s", name, d.text(s.Source.From))
	for _, w := range s.Ways {
		d.way(w)
	}
}

func (s *Walk) describe(d *describer) {
	steps := d.text(s.Source.Min) + " steps or more, each vertex once"
	if !s.Open() {
		steps = d.text(s.Source.Min) + " to " + d.text(s.Source.Max) + " steps"
	}
	d.line("walk from %s, %s", d.text(s.Source.From), steps)
	d.way(s.Step)
}

// way shows a pipeline that begins at the rows of the step that it is part of.
func (d *describer) way(pl *Pipeline) {
	depth := d.depth
	d.line("way")
	if len(pl.Steps) == 0 {
		d.line("stay")
	}
	for _, s := range slices.Backward(pl.Steps) {
		s.describe(d)
	}
	d.depth = depth
}
