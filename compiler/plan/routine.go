package plan

import (
	"github.com/zerodb/zerodb/compiler/sema"
)

// routine plans what the statements of a routine compute.
func (p *planner) routine(r *sema.Routine) {
	p.opt.Routines[r] = p.plan
	p.block(r.Block)
}

// called plans a routine that an expression runs, unless that has been done.
func (p *planner) called(r *sema.Routine) {
	if p.opt.Routines[r] == nil {
		q := &planner{plan: newPlan(r, p.opt), rules: p.rules, off: p.off, opt: p.opt}
		q.routine(r)
	}
}

// block plans the expressions of a block. They are computed in the order of the text and may be computed more than once, so of the rules
// only those for the queries in them fire, and constants are folded.
func (p *planner) block(b *sema.Block) {
	fold := !p.off["fold-constants"]
	b.Rewrite(func(e sema.Expr) sema.Expr {
		if fold {
			e = folded(e)
		}
		p.subqueries(e)
		sema.Walk(e, func(x sema.Expr) bool {
			if d, ok := x.(*sema.Do); ok {
				p.block(d.Block)
			}
			return true
		})
		return e
	})
	p.loops(b)
}

// loops holds the rows of a FOR back until all are there if its block writes: it could meet its own changes.
func (p *planner) loops(b *sema.Block) {
	if b == nil {
		return
	}
	for _, s := range b.Steps {
		switch s := s.(type) {
		case *sema.Branch:
			p.loops(s.Then)
			p.loops(s.Else)
		case *sema.While:
			p.loops(s.Body)
		case *sema.Loop:
			p.loops(s.Body)
			q, ok := s.In.(*sema.Subquery)
			if !ok || q.Write != nil || !s.Body.Writes() {
				continue
			}
			if pl := p.plan.Subqueries[q.Query]; meetsWrites(pl) && !holdsBack(pl) {
				pl.Steps = append(pl.Steps, &Sort{})
			}
		}
	}
}

// meetsWrites reports whether more than one row of a planned pipeline comes out of the store.
func meetsWrites(pl *Pipeline) bool {
	for _, s := range pl.Steps {
		switch s.(type) {
		case *Scan, *Keys, *KeyRange, *IndexScan, *Rows, *Expand, *Fetch:
			return true
		}
	}
	return false
}

// holdsBack reports whether the last step of a pipeline waits for all rows.
func holdsBack(pl *Pipeline) bool {
	switch pl.Steps[len(pl.Steps)-1].(type) {
	case *Sort, *Group:
		return true
	}
	return false
}
