package vm

import (
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// callGraph is which fragments run which. The calls of run may go in circles, which end at MaxCalls; all others may not.
type callGraph struct {
	all, plain [][]int // by fragment: its callees; plain is without run
}

func callsOf(p *Program) callGraph {
	g := callGraph{make([][]int, len(p.Fragments)), make([][]int, len(p.Fragments))}
	for i := range p.Fragments {
		for pc := range p.Fragments[i].Code {
			switch in := &p.Fragments[i].Code[pc]; in.Op {
			case opcodes.Rows, opcodes.Exists, opcodes.OpenFragment, opcodes.OpenApply:
				g.plain[i] = append(g.plain[i], int(in.B))
				g.all[i] = append(g.all[i], int(in.B))
			case opcodes.Run:
				g.all[i] = append(g.all[i], int(in.B))
			}
		}
	}
	return g
}

// bounded checks that fragments run one another without a circle and not too deep, run aside.
func (g callGraph) bounded() error {
	depth := make([]int, len(g.plain))
	deepest := 0
	listed := inOrder(g.plain, func(caller, callee int) {
		depth[callee] = max(depth[callee], depth[caller]+1)
		deepest = max(deepest, depth[callee])
	})
	switch {
	case deepest > maxNesting:
		return ops.Errorf(ops.CodeBadProgram, "fragments run one another deeper than %d", maxNesting)
	case listed != len(g.plain):
		return ops.Errorf(ops.CodeBadProgram, "fragments run one another in a circle")
	}
	return nil
}

// recursive reports whether fragments run one another in a circle.
func (g callGraph) recursive() bool { return inOrder(g.all, func(int, int) {}) != len(g.all) }

// inOrder goes from callers to callees, to each when all its callers have been met, and returns how many it reaches so: all,
// unless there is a circle.
func inOrder(calls [][]int, meet func(caller, callee int)) int {
	callers := make([]int, len(calls)) // of each, how many have not been met
	for _, cs := range calls {
		for _, c := range cs {
			callers[c]++
		}
	}
	var order []int
	for i := range calls {
		if callers[i] == 0 {
			order = append(order, i)
		}
	}
	for at := 0; at < len(order); at++ {
		for _, c := range calls[order[at]] {
			meet(order[at], c)
			if callers[c]--; callers[c] == 0 {
				order = append(order, c)
			}
		}
	}
	return len(order)
}

// spread adds to what each fragment does what its callees do.
func (g callGraph) spread(does []effects) {
	callers := make([][]int, len(g.all))
	for i, cs := range g.all {
		for _, c := range cs {
			callers[c] = append(callers[c], i)
		}
	}
	for _, field := range []func(*effects) *bool{
		func(e *effects) *bool { return &e.writes },
		func(e *effects) *bool { return &e.defines },
		func(e *effects) *bool { return &e.uses },
	} {
		marks := make([]bool, len(does))
		for i := range does {
			marks[i] = *field(&does[i])
		}
		spread(callers, marks)
		for i := range does {
			*field(&does[i]) = marks[i]
		}
	}
}

// reach marks what the marked fragments run.
func (g callGraph) reach(used []bool) { spread(g.all, used) }

// spread marks what edges lead to from what is marked.
func spread(edges [][]int, marks []bool) {
	var work []int
	for i, m := range marks {
		if m {
			work = append(work, i)
		}
	}
	for len(work) > 0 {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		for _, to := range edges[i] {
			if !marks[to] {
				marks[to] = true
				work = append(work, to)
			}
		}
	}
}
