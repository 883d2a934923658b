package vm

import (
	"slices"

	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// The flow checks what depends on the way to an instruction. What is known at a place is a set of facts, each true on every
// way to it: a register is written (and, if it is a vector, in the present batch of its cursor), a cursor is
// open, has a batch, is closed, a builder is ready. Where ways meet, the facts of both hold. Facts only get fewer from visit to
// visit, so a fault that is found on any visit is one.
type flow struct {
	v     *verifier
	words int // of a set of facts
	// Facts by their first bit: registers, then for each cursor open, batch, closed, then builders.
	cursors, builders int
	mask              []uint64
	batches           [][]uint64 // by cursor: the registers of its batch

	numbers []int32 // by instruction that starts a block: the block's number plus one; 0 for others
	places  []place // by block; without facts until a way to it is found
	facts   []uint64
	pushes  []uint8
	work    []int
	pending []bool // by block: it is in work
	now     place
	ended   []uint64
	visits  int
	slots   int // how many builders the fragment uses
	queues  []queueSlot
}

// queueSlot is a queue's place among the builders, and the cursor of whose rows its rows are.
type queueSlot struct{ slot, parent int }

// sized returns a zeroed slice of n elements, in the memory of s if it is enough.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// place is what is known at the start of a block.
type place struct {
	facts  []uint64
	pushes []uint8 // by cursor: how many sel.push are open
}

const (
	factOpen = iota
	factBatch
	factClosed
	cursorFacts
)

// maxFacts bounds the memory of the flow in words, maxVisits how often its blocks are visited on average.
const (
	maxFacts  = 1 << 20
	maxVisits = 64
)

func (v *verifier) flow() error {
	f := &v.state
	f.visits, f.work = 0, f.work[:0]
	f.layout()
	blocks, err := f.leaders()
	if err != nil {
		return err
	}
	cursors := len(v.f.Cursors)
	if blocks*(f.words+cursors/8+1) > maxFacts || cursors*f.words > maxFacts {
		return ops.Errorf(ops.CodeBadProgram, "fragment %d is too complex: %d blocks, %d registers, %d cursors", v.n, blocks, len(v.f.Registers), cursors)
	}
	f.masks()
	// Memory for what is known at each block, at the place at hand and on a way out of a loop.
	f.places, f.pending = sized(f.places, blocks), sized(f.pending, blocks)
	f.facts, f.pushes = sized(f.facts, (blocks+2)*f.words), sized(f.pushes, (blocks+1)*cursors)
	f.now = f.place(blocks)
	f.ended = f.facts[(blocks+1)*f.words:]
	start := f.place(0)
	for c := range v.f.Cursors {
		set(start.facts, f.cursor(c, factClosed))
	}
	f.places[0] = start
	f.push(0)
	for len(f.work) > 0 {
		pc := f.work[len(f.work)-1]
		f.work = f.work[:len(f.work)-1]
		f.pending[f.numbers[pc]-1] = false
		if f.visits++; f.visits > maxVisits*blocks {
			return ops.Errorf(ops.CodeBadProgram, "fragment %d is too complex: its loops are too deep", v.n)
		}
		if err := f.block(pc); err != nil {
			return err
		}
	}
	for i := range f.places {
		if f.places[i].facts == nil {
			v.at(slices.Index(f.numbers, int32(i+1)))
			return v.wrong("no way leads to it")
		}
	}
	return nil
}

// place is the memory for what is known at block i.
func (f *flow) place(i int) place {
	cursors := len(f.v.f.Cursors)
	return place{f.facts[i*f.words : (i+1)*f.words], f.pushes[i*cursors : (i+1)*cursors]}
}

func (f *flow) layout() {
	v := f.v
	f.cursors = len(v.f.Registers)
	f.builders = f.cursors + cursorFacts*len(v.f.Cursors)
	f.words = max(1, (f.builders+f.slots+63)/64)
}

// leads notes where the instruction at hand makes blocks start: where it jumps to, and behind it if it does or ends.
func (f *flow) leads() {
	v := f.v
	if v.shape.label >= 0 {
		f.numbers[v.operand(int(v.shape.label))] = 1
	}
	if v.pc+1 < len(f.numbers) {
		f.numbers[v.pc+1] = 1
	}
}

// leaders numbers the blocks.
func (f *flow) leaders() (int, error) {
	v, last := f.v, len(f.v.f.Code)-1
	if f.slots > maxBuilders {
		return 0, ops.Errorf(ops.CodeBadProgram, "fragment %d uses %d builders, at most %d are possible", v.n, f.slots, maxBuilders)
	}
	if v.at(last); !v.shape.ends {
		return 0, v.wrong("the code ends behind it, and it goes on")
	}
	f.numbers[0] = 1
	blocks := int32(0)
	for pc, n := range f.numbers {
		blocks += n
		f.numbers[pc] = blocks * n
	}
	return int(blocks), nil
}

func (f *flow) masks() {
	words := (f.cursors + 63) / 64
	f.mask = sized(f.mask, words*len(f.v.f.Cursors))
	f.batches = f.batches[:0]
	for c := range f.v.f.Cursors {
		f.batches = append(f.batches, f.mask[c*words:(c+1)*words])
	}
	for r, d := range f.v.f.Registers {
		if d.Vector {
			set(f.batches[d.Batch], r)
		}
	}
}

func (f *flow) cursor(c, fact int) int { return f.cursors + cursorFacts*c + fact }

func set(s []uint64, bit int)      { s[bit>>6] |= 1 << (bit & 63) }
func unset(s []uint64, bit int)    { s[bit>>6] &^= 1 << (bit & 63) }
func has(s []uint64, bit int) bool { return s[bit>>6]>>(bit&63)&1 != 0 }

func (f *flow) push(pc int) {
	if p := &f.pending[f.numbers[pc]-1]; !*p {
		*p = true
		f.work = append(f.work, pc)
	}
}

// block goes through one block and hands what is known at its end to those that may follow.
func (f *flow) block(pc int) error {
	v := f.v
	start := f.places[f.numbers[pc]-1]
	copy(f.now.facts, start.facts)
	copy(f.now.pushes, start.pushes)
	for {
		v.again(pc)
		if err := f.step(); err != nil {
			return err
		}
		if label := v.shape.label; label >= 0 {
			if err := f.edge(int(v.operand(int(label))), stepsCursor(v.in.Op)); err != nil {
				return err
			}
		}
		if v.shape.ends {
			return nil
		}
		if pc++; f.numbers[pc] > 0 {
			return f.edge(pc, false)
		}
	}
}

// edge hands on what is known; ends says that it is the way that `next` or `each` takes at the end of its cursor.
func (f *flow) edge(to int, ends bool) error {
	v := f.v
	facts := f.now.facts
	if ends {
		copy(f.ended, facts)
		facts = f.ended
		f.closed(facts, int(v.in.A))
	}
	n := f.numbers[to] - 1
	there := &f.places[n]
	if there.facts == nil {
		*there = f.place(int(n))
		copy(there.facts, facts)
		copy(there.pushes, f.now.pushes)
		f.push(to)
		return nil
	}
	for c, n := range f.now.pushes {
		if there.pushes[c] != n {
			return v.wrong("it leads to instruction %d with %d sel.push of batch %d open, another way does with %d", to, n, c, there.pushes[c])
		}
	}
	changed := false
	for i, w := range facts {
		if both := there.facts[i] & w; both != there.facts[i] {
			there.facts[i], changed = both, true
		}
	}
	if changed {
		f.push(to)
	}
	return nil
}

// closed says that a cursor is closed; its batch is gone. The cursors that a join has taken over are closed with it.
func (f *flow) closed(facts []uint64, c int) {
	shut := func(c int) {
		f.lose(facts, c)
		unset(facts, f.cursor(c, factOpen))
		set(facts, f.cursor(c, factClosed))
	}
	shut(c)
	for _, side := range f.sides(c) {
		if side >= 0 {
			shut(side)
		}
	}
}

// sides are the cursors that a join's cursor takes over, which are over fragments; -1 where there is none.
func (f *flow) sides(c int) [2]int {
	if at := f.v.opens[c]; at >= 0 && joins(f.v.f.Code[at].Op) {
		return sidesOf(&f.v.f.Code[at])
	}
	return [2]int{-1, -1}
}

// sidesOf are the cursors that a join takes over.
func sidesOf(in *Instr) [2]int {
	if in.Op == opcodes.OpenMerge {
		return [2]int{int(in.C), int(in.C) + 1}
	}
	return [2]int{int(in.C), -1}
}

// takes checks open.join and open.merge: the cursors are open and were not read, and from then on nobody else's.
func (f *flow) takes() error {
	v, facts := f.v, f.now.facts
	own := int(v.in.A)
	if !has(facts, f.cursor(own, factClosed)) {
		return v.wrong("cursor %d may be open already", own)
	}
	for _, side := range sidesOf(v.in) {
		switch {
		case side < 0:
			continue
		case !has(facts, f.cursor(side, factOpen)):
			return v.wrong("cursor %d is not open on every way to it", side)
		case f.now.pushes[side] > 0:
			return v.wrong("%d sel.push of batch %d are open", f.now.pushes[side], side)
		}
		f.lose(facts, side)
		unset(facts, f.cursor(side, factOpen))
	}
	unset(facts, f.cursor(own, factClosed))
	set(facts, f.cursor(own, factOpen))
	f.lose(facts, own)
	return nil
}

// lose says that a cursor has no batch. Queues of rows of it have nothing more to give.
func (f *flow) lose(facts []uint64, c int) {
	for i, w := range f.batches[c] {
		facts[i] &^= w
	}
	unset(facts, f.cursor(c, factBatch))
	for _, q := range f.queues {
		if q.parent == c {
			unset(facts, f.builders+q.slot)
		}
	}
}

// step checks the instruction at hand and notes what is known behind it, on the way on.
func (f *flow) step() error {
	v := f.v
	for _, r := range v.reads {
		if has(f.now.facts, int(r)) {
			continue
		}
		if d := v.f.Registers[r]; d.Vector {
			return v.wrong("register %d is not written in this batch of cursor %d on every way to it", r, d.Batch)
		}
		return v.wrong("register %d is not written on every way to it", r)
	}
	if v.shape.builder >= 0 {
		if err := f.usesBuilder(); err != nil {
			return err
		}
	}
	if v.shape.cursor >= 0 || v.in.Op == opcodes.Put {
		if err := f.usesCursor(); err != nil {
			return err
		}
	}
	for _, r := range v.writes {
		if d := v.f.Registers[r]; d.Vector && !has(f.now.facts, f.cursor(int(d.Batch), factBatch)) {
			return v.wrong("register %d is a vector of batch %d, which is not there on every way to it", r, d.Batch)
		}
		set(f.now.facts, int(r))
	}
	return nil
}

func (f *flow) usesBuilder() error {
	v, i := f.v, int(f.v.shape.builder)
	b := v.operand(i)
	bit := f.builders + v.owners[b].slot
	if v.in.Op == opcodes.New {
		if q := &v.p.Builders[b]; q.Kind == BuildQueue && !has(f.now.facts, f.cursor(int(q.Parent), factBatch)) {
			return v.wrong("operand A is a queue of rows of cursor %d, which has no batch on some way to it", q.Parent)
		}
		set(f.now.facts, bit)
		return nil
	}
	if !has(f.now.facts, bit) {
		return v.wrong("operand %s is builder %d, which is not new or was read on some way to it", slotNames[i], b)
	}
	if v.in.Op == opcodes.OpenBuilt || joins(v.in.Op) {
		unset(f.now.facts, bit)
	}
	return nil
}

// usesCursor checks the typestate of a cursor: closed, opened, with a batch from the first next on.
func (f *flow) usesCursor() error {
	v, facts := f.v, f.now.facts
	c := 0
	switch {
	case v.shape.cursor >= 0:
		c = int(v.operand(int(v.shape.cursor)))
	case v.in.C == 0: // a put of one row of scalars
		return nil
	default:
		c = int(v.in.C) - 1
	}
	switch op := v.in.Op; {
	case joins(op):
		return f.takes()
	case opensCursor(op):
		if !has(facts, f.cursor(c, factClosed)) {
			return v.wrong("cursor %d may be open already", c)
		}
		unset(facts, f.cursor(c, factClosed))
		set(facts, f.cursor(c, factOpen))
		f.lose(facts, c)
		return nil
	case stepsCursor(op), op == opcodes.Close:
		return f.steps(c)
	}
	if !has(facts, f.cursor(c, factBatch)) {
		return v.wrong("cursor %d has no batch on some way to it", c)
	}
	return f.selects(c)
}

// steps checks next, each and close.
func (f *flow) steps(c int) error {
	v, facts := f.v, f.now.facts
	switch {
	case !has(facts, f.cursor(c, factOpen)):
		return v.wrong("cursor %d is not open on every way to it", c)
	case f.now.pushes[c] > 0:
		return v.wrong("%d sel.push of batch %d are open", f.now.pushes[c], c)
	}
	for child, d := range v.f.Cursors {
		if int(d.Parent) == c+1 && !has(facts, f.cursor(child, factClosed)) {
			return v.wrong("cursor %d, a child of cursor %d, may be open", child, c)
		}
	}
	if v.in.Op == opcodes.Close {
		f.closed(facts, c)
		return nil
	}
	f.lose(facts, c)
	if v.in.Op == opcodes.Next { // the rows of each are scalars
		set(facts, f.cursor(c, factBatch))
	}
	return nil
}

// selects checks that selections are pushed and popped in turn, and are left alone in between.
func (f *flow) selects(c int) error {
	v, pushes := f.v, f.now.pushes
	switch v.in.Op {
	case opcodes.SelPush:
		if pushes[c] == maxPushes {
			return v.wrong("more than %d sel.push of batch %d are open", maxPushes, c)
		}
		pushes[c]++
	case opcodes.SelPop:
		if pushes[c] == 0 {
			return v.wrong("no sel.push of batch %d is open", c)
		}
		pushes[c]--
	case opcodes.Filter, opcodes.Distinct, opcodes.Limit, opcodes.Topk, opcodes.Paired:
		if pushes[c] > 0 {
			return v.wrong("%d sel.push of batch %d are open", pushes[c], c)
		}
	}
	return nil
}
