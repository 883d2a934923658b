package compile

import (
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// costNames are the cost classes as --max-cost and DEFINE LIMIT name them, cheapest first.
var costNames = [...]string{vm.CostConstant: "constant", vm.CostLimit: "limit", vm.CostIndexRange: "index-range",
	vm.CostFullScan: "full-scan", vm.CostUnbounded: "unbounded"}

// statementCost is the cost class of one statement: that of a program which has its fragments alone.
func statementCost(p *vm.Program, statement int) vm.CostClass {
	alone := *p
	alone.Fragments = nil
	seen := make([]bool, len(p.Fragments))
	todo := []int{p.Statements[statement].Fragment}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if n < 0 || seen[n] {
			continue
		}
		seen[n] = true
		alone.Fragments = append(alone.Fragments, p.Fragments[n])
		for _, in := range p.Fragments[n].Code {
			for slot, class := range ops.Table[in.Op].Operands {
				if class == ops.FragmentRef {
					todo = append(todo, int([3]uint16{in.A, in.B, in.C}[slot]))
				}
			}
		}
	}
	return vm.ComputeManifest(&alone).Cost
}
