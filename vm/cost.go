package vm

import (
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// costOf bounds the work of a fragment, apart from fragments that it runs, which count by themselves.
func costOf(p *Program, f *Fragment) CostClass {
	cost, asked := CostConstant, 0
	for pc := range f.Code {
		in := &f.Code[pc]
		switch in.Op {
		case opcodes.OpenTable, opcodes.OpenRange, opcodes.OpenIndex:
			c := scanCost(&p.Accesses[in.B], in.Op)
			if asked++; c > CostLimit && asked <= maxNesting && limited(f, in.A) {
				c = CostLimit
			}
			cost = max(cost, c)
		case opcodes.OpenEdges, opcodes.OpenLookup:
			cost = max(cost, CostIndexRange)
		case opcodes.OpenDegrees:
			cost = max(cost, CostFullScan)
		case opcodes.Call:
			if r := &p.Funcs[in.B]; r.Reads > 0 {
				cost = max(cost, readingCost(r.Name))
			}
		case opcodes.OpenQueue:
			if refilled(f, pc) {
				return CostUnbounded
			}
		}
	}
	if endless(f) {
		return CostUnbounded
	}
	return cost
}

// scanCost is what a scan costs if it is read to its end.
func scanCost(a *Access, op uint16) CostClass {
	if op == opcodes.OpenTable || a.Equal == 0 && a.Lo == Unbounded && a.Hi == Unbounded {
		return CostFullScan
	}
	return CostIndexRange
}

// readingCost is what a function that reads edges costs.
func readingCost(name string) CostClass {
	switch f := ops.LookupFunc(name); {
	case f != nil && f.Cost == ops.CostKeys:
		return CostIndexRange
	case f != nil && f.Cost == ops.CostScan:
		return CostFullScan
	}
	return CostUnbounded
}

// refilled reports whether rows are put into a queue behind the instruction that opens it: it may be read for as long as there are
// new ones.
func refilled(f *Fragment, open int) bool {
	for pc := open + 1; pc < len(f.Code); pc++ {
		if in := &f.Code[pc]; in.Op == opcodes.Put && in.A == f.Code[open].B {
			return true
		}
	}
	return false
}

// limited reports whether a LIMIT ends the reading of a cursor: nothing narrows its batches but the limit, and every way
// round its loop asks whether the limit is used up.
func limited(f *Fragment, cursor uint16) bool {
	limit := -1
	for pc := range f.Code {
		in := &f.Code[pc]
		switch in.Op {
		case opcodes.Filter, opcodes.Distinct, opcodes.Topk, opcodes.Paired:
			if in.A == cursor {
				return false
			}
		case opcodes.Limit:
			if in.A == cursor {
				if limit >= 0 {
					return false
				}
				limit = int(in.B)
			}
		}
	}
	if limit < 0 {
		return false
	}
	for pc := range f.Code {
		if f.Code[pc].Op == opcodes.Next && f.Code[pc].A == cursor && loopsWithout(f, pc, uint16(limit)) {
			return false
		}
	}
	return true
}

// loopsWithout reports whether there is a way from behind an instruction back to it that does not pass the question whether a
// limit is used up.
func loopsWithout(f *Fragment, start int, limit uint16) bool {
	seen := make([]bool, len(f.Code))
	todo := []int{start + 1}
	for len(todo) > 0 {
		pc := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if pc == start {
			return true
		}
		if pc >= len(f.Code) || seen[pc] {
			continue
		}
		seen[pc] = true
		in := &f.Code[pc]
		if in.Op == opcodes.LimitDone && in.A == limit {
			continue
		}
		next, jump := successors(in, pc)
		if next >= 0 {
			todo = append(todo, next)
		}
		if jump >= 0 {
			todo = append(todo, jump)
		}
	}
	return false
}

// successors are where an instruction can go: the next one and a jump, -1 where there is none.
func successors(in *Instr, pc int) (next, jump int) {
	s := &opShapes[in.Op]
	next, jump = pc+1, -1
	if s.label >= 0 {
		jump = int(in.operand(int(s.label)))
	}
	if s.ends {
		next = -1
	}
	return next, jump
}

// endless reports whether there is a loop that no cursor bounds. A cursor bounds a loop that steps it and does not open it;
// when such a step is taken away as a way round, what is left of the loop is looked at again.
func endless(f *Fragment) bool {
	if plainLoops(f) {
		return false
	}
	cut := make([]bool, len(f.Code)) // steps of cursors whose way on is taken away
	for range maxNesting {
		loops := strongComponents(f, cut)
		if len(loops) == 0 {
			return false
		}
		for _, loop := range loops {
			opened := map[uint16]bool{}
			for _, pc := range loop {
				if opensCursor(f.Code[pc].Op) {
					opened[f.Code[pc].A] = true
				}
			}
			bounded := false
			for _, pc := range loop {
				if in := &f.Code[pc]; stepsCursor(in.Op) && !opened[in.A] && !cut[pc] {
					cut[pc], bounded = true, true
				}
			}
			if !bounded {
				return true
			}
		}
	}
	return true // nested too deep to tell
}

// plainLoops reports whether every jump backwards goes to the step of a cursor that was opened further up, as the compiler
// writes loops. The first instruction of a loop is where a jump backwards goes, so its cursor is not opened within the loop.
func plainLoops(f *Fragment) bool {
	opened := make([]int, len(f.Cursors)) // where, plus one; 0 for those that no instruction further up opens
	for pc := range f.Code {
		in := &f.Code[pc]
		if opensCursor(in.Op) {
			opened[in.A] = pc + 1
			continue
		}
		_, to := successors(in, pc)
		if to < 0 || to > pc {
			continue
		}
		if to >= len(f.Code) || !stepsCursor(f.Code[to].Op) {
			return false
		}
		if at := opened[f.Code[to].A]; at == 0 || at > to {
			return false
		}
	}
	return true
}

// strongComponents returns the loops of a fragment: the largest sets of instructions that can all reach one another, of
// more than one instruction or with a jump to itself. It is Tarjan's algorithm without recursion.
func strongComponents(f *Fragment, cut []bool) (loops [][]int) {
	n := len(f.Code)
	index, low := make([]int, n), make([]int, n) // index 0: not met
	onStack := make([]bool, n)
	var stack []int
	type visit struct{ pc, edge int }
	var work []visit
	edges := func(pc int) [2]int {
		next, jump := successors(&f.Code[pc], pc)
		if cut[pc] || next >= n {
			next = -1
		}
		return [2]int{next, jump}
	}
	count := 0
	for root := range n {
		if index[root] != 0 {
			continue
		}
		work = append(work, visit{root, 0})
		for len(work) > 0 {
			v := &work[len(work)-1]
			if v.edge == 0 {
				count++
				index[v.pc], low[v.pc] = count, count
				stack, onStack[v.pc] = append(stack, v.pc), true
			}
			if v.edge < 2 {
				to := edges(v.pc)[v.edge]
				v.edge++
				switch {
				case to < 0 || to >= n:
				case index[to] == 0:
					work = append(work, visit{to, 0})
				case onStack[to]:
					low[v.pc] = min(low[v.pc], index[to])
				}
				continue
			}
			pc := v.pc
			work = work[:len(work)-1]
			if len(work) > 0 {
				up := work[len(work)-1].pc
				low[up] = min(low[up], low[pc])
			}
			if low[pc] != index[pc] {
				continue
			}
			at := len(stack) - 1
			for stack[at] != pc {
				at--
			}
			component := append([]int(nil), stack[at:]...)
			stack = stack[:at]
			for _, x := range component {
				onStack[x] = false
			}
			if e := edges(pc); len(component) > 1 || e[0] == pc || e[1] == pc {
				loops = append(loops, component)
			}
		}
	}
	return loops
}
