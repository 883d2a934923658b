package vm

import (
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// Values that a program makes are bounded as they are made: a list of itself twice, sixty times over, takes hardly any
// memory and for ever to be walked through, and adding a text to itself doubles it.
const (
	maxNodes = 1 << 21 // of one value, counted as often as they are met
	maxDepth = 256
	// Strings and lists in a register count against the memory budget from this many bytes on.
	chargedFrom = 64 << 10
)

// bounded refuses a value that is too large to be walked through.
func bounded(v ops.Value) error {
	if !isContainer(v.Kind()) {
		return nil
	}
	nodes := maxNodes
	if !walkable(v, maxDepth, &nodes) {
		return ops.Errorf(ops.CodeTooLarge, "a value holds more than %d others, or nests deeper than %d", maxNodes, maxDepth)
	}
	return nil
}

func isContainer(k ops.Kind) bool { return k >= ops.KindList && k <= ops.KindRange }

// walkable counts what is in v.
func walkable(v ops.Value, depth int, nodes *int) bool {
	if depth == 0 {
		return false
	}
	switch v.Kind() {
	case ops.KindList, ops.KindTuple, ops.KindSet:
		vs := v.AsList()
		if *nodes -= len(vs); *nodes < 0 {
			return false
		}
		for i := range vs {
			if isContainer(vs[i].Kind()) && !walkable(vs[i], depth-1, nodes) {
				return false
			}
		}
	case ops.KindObject:
		ms := v.AsObject()
		if *nodes -= len(ms); *nodes < 0 {
			return false
		}
		for i := range ms {
			if isContainer(ms[i].Value.Kind()) && !walkable(ms[i].Value, depth-1, nodes) {
				return false
			}
		}
	case ops.KindRange:
		r := v.AsRange()
		*nodes -= 2
		return walkable(r.Lo, depth-1, nodes) && walkable(r.Hi, depth-1, nodes)
	}
	return *nodes >= 0
}

// grows reports whether an operator makes values that are larger than its operands.
func grows(op uint16) bool {
	return op == opcodes.Add || op == opcodes.AddTo || op == opcodes.BitOr
}

// charge counts what a vector's rows hold against the budget, and bounds each of them.
func (fr *frame) charge(r uint16, v *ops.Vector) error {
	var size int64
	switch v.Kind {
	case ops.KindString:
		for i, s := range v.Strs[:v.N] {
			if v.Valid == nil || v.Valid.Get(i) {
				size += int64(len(s))
			}
		}
	case ops.KindInt, ops.KindFloat, ops.KindBool, ops.KindTime, ops.KindDuration, ops.KindNone:
	default:
		for i := range v.N {
			x := v.At(i)
			if err := bounded(x); err != nil {
				return err
			}
			size += shallow(x)
		}
	}
	return fr.hold(r, size)
}

// shallow is the memory of a value itself, without that of its elements.
func shallow(v ops.Value) int64 {
	switch v.Kind() {
	case ops.KindString, ops.KindBytes:
		return sizeOf(v)
	case ops.KindList, ops.KindTuple, ops.KindSet:
		return int64(len(v.AsList())) * valueSize
	case ops.KindObject:
		return int64(len(v.AsObject())) * memberSize
	}
	return 0
}

// hold says how much a register holds now.
func (fr *frame) hold(r uint16, size int64) error {
	if size < chargedFrom && fr.holds[r] == 0 {
		return nil
	}
	if fr.holds == nil {
		fr.holds = map[uint16]int64{}
	}
	fr.run.o.Memory.take(size - fr.holds[r])
	fr.holds[r] = size
	return fr.run.o.Memory.over("the statement's values")
}

// letGo gives back what registers hold.
func (fr *frame) letGo() {
	for _, size := range fr.holds {
		fr.run.o.Memory.take(-size)
	}
	clear(fr.holds)
}
