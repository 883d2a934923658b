package vm

import (
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// instruction checks an instruction by itself: operands in range, classes of registers, pool entries that fit.
func (v *verifier) instruction() error {
	in, s := v.in, v.shape
	if int(in.A) >= v.limits[s.classes[0]] || int(in.B) >= v.limits[s.classes[1]] || int(in.C) >= v.limits[s.classes[2]] {
		return v.outOfRange()
	}
	if err := v.fitting(); err != nil {
		return err
	}
	v.registers()
	if v.weight += len(v.reads) + len(v.writes); v.weight > maxWeight {
		return v.wrong("the program is too complex: its instructions refer to more than %d registers and names", maxWeight)
	}
	if s.based {
		for _, rs := range [2][]uint16{v.reads, v.writes} {
			for _, r := range rs {
				if int(r) >= len(v.f.Registers) {
					return v.wrong("it takes registers up to %d, there are %d", r, len(v.f.Registers))
				}
			}
		}
	}
	if s.choosy {
		if err := v.kinds(); err != nil {
			return err
		}
	}
	return v.classes()
}

// registers finds the registers that the instruction at hand reads and writes, and keeps them for the flow.
func (v *verifier) registers() {
	s, in, from := v.shape, v.in, len(v.used)
	mid := from
	if s.based {
		v.used = v.p.registersRead(in, v.used)
		mid = len(v.used)
		v.used = v.p.registersWritten(in, v.used)
	} else {
		x := [4]uint16{in.A, in.B, in.C}
		v.used = append(v.used, x[s.registers[0]&3], x[s.registers[1]&3], x[s.registers[2]&3])[:from+int(s.reads+s.writes)]
		mid += int(s.reads)
	}
	v.uses = append(v.uses, usedBy{uint32(from), uint32(mid), uint32(len(v.used))})
	v.reads, v.writes = v.used[from:mid:mid], v.used[mid:]
}

// again goes to an instruction whose registers were found before.
func (v *verifier) again(pc int) {
	v.at(pc)
	u := v.uses[pc]
	v.reads, v.writes = v.used[u.from:u.mid:u.mid], v.used[u.mid:u.end:u.end]
}

// counts sets how many there are of what operand classes point into, in the fragment at hand.
func (v *verifier) counts() {
	p, f := v.p, v.f
	v.limits = [...]int{
		ops.NoOperand: 1,
		ops.Dst:       len(f.Registers), ops.Src: len(f.Registers), ops.SrcScalar: len(f.Registers),
		ops.SrcVector: len(f.Registers), ops.DstScalar: len(f.Registers),
		// How many follow is checked by itself, none may.
		ops.DstBase: len(f.Registers) + 1, ops.SrcBase: len(f.Registers) + 1, ops.SrcScalarBase: len(f.Registers) + 1,
		ops.ConstRef: len(p.Consts), ops.ParamRef: len(p.Params), ops.VarRef: len(p.Vars), ops.ShapeRef: len(p.Shapes),
		ops.PathRef: len(p.Paths), ops.TypeRef: len(p.Types), ops.FuncRef: len(p.Funcs), ops.AccessRef: len(p.Accesses),
		ops.BuilderRef: len(p.Builders), ops.CursorRef: len(f.Cursors), ops.FragmentRef: len(p.Fragments), ops.DefRef: len(p.Defs),
		ops.Label: len(f.Code), ops.Count: 1 << 16, ops.Mode: 1 << 16,
	}
}

// classNames says what the operands of a class are.
var classNames = [ops.NumOperands]string{
	ops.NoOperand: "slot", ops.Dst: "register", ops.Src: "register", ops.SrcScalar: "register", ops.SrcVector: "register",
	ops.DstScalar: "register", ops.DstBase: "register", ops.SrcBase: "register", ops.SrcScalarBase: "register",
	ops.ConstRef: "constant", ops.ParamRef: "parameter", ops.VarRef: "variable", ops.ShapeRef: "shape", ops.PathRef: "path",
	ops.TypeRef: "type", ops.FuncRef: "function", ops.AccessRef: "access", ops.BuilderRef: "builder", ops.CursorRef: "cursor",
	ops.FragmentRef: "fragment", ops.DefRef: "definition", ops.Label: "instruction", ops.Count: "number", ops.Mode: "number",
}

// outOfRange names the first operand that points to nothing.
func (v *verifier) outOfRange() error {
	for i, class := range v.shape.classes {
		x, n := v.operand(i), v.limits[class]
		switch {
		case int(x) < n:
		case class == ops.NoOperand:
			return v.wrong("operand %s is %d, it is not used and must be 0", slotNames[i], x)
		default:
			return v.wrong("operand %s is %s %d, there are %d", slotNames[i], classNames[class], x, n)
		}
	}
	return nil
}

// fitting checks what single operators ask of their operands.
func (v *verifier) fitting() error {
	p, in := v.p, v.in
	switch in.Op {
	case opcodes.Input:
		return v.below("B", int(in.B), len(v.f.Inputs), "input")
	case opcodes.InTable, opcodes.Record:
		if k := p.Consts[in.C].Kind(); k != ops.KindString {
			return v.wrong("operand C is constant %d, a %s; a string is wanted", in.C, k)
		}
	case opcodes.Virtual:
		if k := p.Consts[in.B].Kind(); k != ops.KindString {
			return v.wrong("operand B is constant %d, a %s; a string is wanted", in.B, k)
		}
	case opcodes.Fail:
		return v.failing(p.Consts[in.A])
	case opcodes.Range:
		return v.below("C", int(in.C), 2, "mode")
	case opcodes.JumpIf:
		return v.below("B", int(in.B), int(numModes), "mode")
	case opcodes.SelPush:
		return v.below("C", int(in.C), int(numModes), "mode")
	case opcodes.Object:
		return v.members(&p.Shapes[in.C])
	case opcodes.Emit, opcodes.EmitRow:
		if int(in.A) != v.f.Shape {
			return v.wrong("operand A is shape %d, the fragment emits shape %d", in.A, v.f.Shape)
		}
	case opcodes.Column:
		return v.below("C", int(in.C), v.width(in.B), "column")
	case opcodes.Put:
		if err := v.below("C", int(in.C), len(v.f.Cursors)+1, "batch"); err != nil {
			return err
		}
	case opcodes.OpenJoin, opcodes.OpenMerge:
		if err := v.joins(); err != nil {
			return err
		}
	case opcodes.Paired:
		return v.matches()
	case opcodes.Each:
		return v.eachOf(in.A)
	case opcodes.After, opcodes.Behind, opcodes.Page:
		return v.pages()
	case opcodes.AssignAt:
		if fault := faultOf(p.Paths[in.C]); fault != "" {
			return v.wrong("operand C is path %d: it %s", in.C, fault)
		}
	case opcodes.Describe:
		return v.describes(&p.Defs[in.B])
	case opcodes.Define:
		return v.defines(&p.Defs[in.A])
	case opcodes.DefineSecret:
		if p.Defs[in.A].Object == nil {
			return v.wrong("operand A is definition %d, which is of no object", in.A)
		}
		return v.defines(&p.Defs[in.A])
	}
	if v.shape.classes[1] == ops.AccessRef {
		if err := v.accessFits(); err != nil {
			return err
		}
	}
	if v.shape.builder >= 0 {
		return v.builderFits()
	}
	return nil
}

func (v *verifier) below(slot string, x, n int, what string) error {
	if x >= n {
		return v.wrong("operand %s is %s %d, there are %d", slot, what, x, n)
	}
	return nil
}

func (v *verifier) failing(c ops.Value) error {
	if c.Kind() == ops.KindObject {
		code, _ := c.Member("code")
		message, _ := c.Member("message")
		if code.Kind() == ops.KindString && message.Kind() == ops.KindString {
			return nil
		}
	}
	return v.wrong("operand A is constant %d; an object with the strings code and message is wanted", v.in.A)
}

func (v *verifier) members(s *Shape) error {
	if v.weight += len(s.Names); v.weight > maxWeight {
		return v.wrong("the program is too complex: its instructions refer to more than %d registers and names", maxWeight)
	}
	if name, twice := repeated(s.Names); twice {
		return v.wrong("operand C is shape %d, which has the name %s twice", v.in.C, name)
	}
	return nil
}

// repeated returns a name that is there twice.
func repeated(names []string) (string, bool) {
	if len(names) <= 8 {
		for i, n := range names {
			for _, m := range names[:i] {
				if n == m {
					return n, true
				}
			}
		}
		return "", false
	}
	seen := make(map[string]bool, len(names))
	for _, n := range names {
		if seen[n] {
			return n, true
		}
		seen[n] = true
	}
	return "", false
}

func (v *verifier) describes(c *schema.Change) error {
	if c.Kind == schema.DefineIndex && c.Index == nil {
		return v.wrong("operand B is definition %d, which does not say which index", v.in.B)
	}
	if c.Kind == schema.DefineObject && c.Object == nil {
		return v.wrong("operand B is definition %d, which does not say of what kind", v.in.B)
	}
	return nil
}

func (v *verifier) defines(c *schema.Change) error {
	switch c.Kind {
	case schema.DefineTable:
		if c.Table == nil {
			return v.wrong("operand A is definition %d, which does not say what the table is", v.in.A)
		}
	case schema.RedefineTable:
		if c.Redefinition == nil {
			return v.wrong("operand A is definition %d, which does not say what changes", v.in.A)
		}
	case schema.DefineIndex, schema.RemoveIndex:
		if c.Index == nil {
			return v.wrong("operand A is definition %d, which does not say which index", v.in.A)
		}
	case schema.DefineObject, schema.RemoveObject, schema.AlterObject:
		if c.Object == nil {
			return v.wrong("operand A is definition %d, which does not say of what kind", v.in.A)
		}
	}
	return nil
}

// accessKinds are the kinds of access that operators take.
var accessKinds = map[uint16][]AccessKind{
	opcodes.Get: {AccessTable, AccessRecord}, opcodes.OpenKeys: {AccessTable, AccessRecord}, opcodes.Fetch: {AccessRecord},
	opcodes.OpenTable: {AccessTable}, opcodes.OpenRange: {AccessRange}, opcodes.OpenIndex: {AccessIndex}, opcodes.OpenLookup: {AccessIndex}, opcodes.OpenEdges: {AccessEdges},
	opcodes.OpenDegrees: {AccessEdges},
	opcodes.Create:      {AccessTable}, opcodes.Update: {AccessTable, AccessRecord}, opcodes.Relate: {AccessTable}, opcodes.Delete: {AccessTable, AccessRecord},
}

func (v *verifier) accessFits() error {
	a := &v.p.Accesses[v.in.B]
	if a.Kind == AccessTable && a.Table < 0 && v.in.Op != opcodes.OpenTable {
		return v.wrong("operand B is access %d, of every table, which only a scan takes", v.in.B)
	}
	if v.in.Op == opcodes.OpenDegrees && (a.Table < 0 || a.Direction == Both) {
		return v.wrong("operand B is access %d; one table's edges in one direction are wanted", v.in.B)
	}
	if v.in.Op == opcodes.OpenLookup && a.Kind == AccessIndex && (a.Equal == 0 || a.Lo != Unbounded || a.Hi != Unbounded || a.After > 0 || a.Reverse) {
		return v.wrong("operand B is access %d; one of an index by equal values alone is wanted", v.in.B)
	}
	if v.shape.accesses>>a.Kind&1 != 0 {
		return nil
	}
	return v.wrong("operand B is access %d, of kind %s, which it does not take", v.in.B, a.Kind)
}

// builderKinds are the kinds of builder that operators take.
var builderKinds = map[uint16][]BuilderKind{
	opcodes.New: {BuildSort, BuildGroup, BuildSet, BuildLimit, BuildJoin, BuildQueue, BuildTally},
	opcodes.Put: {BuildSort, BuildGroup, BuildSet, BuildJoin, BuildQueue, BuildTally}, opcodes.Weigh: {BuildTally},
	opcodes.Has: {BuildSet}, opcodes.Distinct: {BuildSet}, opcodes.Limit: {BuildLimit}, opcodes.LimitDone: {BuildLimit}, opcodes.Topk: {BuildSort},
	opcodes.OpenBuilt: {BuildSort, BuildGroup, BuildSet}, opcodes.OpenJoin: {BuildJoin}, opcodes.OpenMerge: {BuildJoin}, opcodes.OpenQueue: {BuildQueue}, opcodes.Unmatched: {BuildQueue},
}

func (v *verifier) builderFits() error {
	i := int(v.shape.builder)
	x := v.operand(i)
	b := &v.p.Builders[x]
	switch {
	case v.shape.builders>>b.Kind&1 == 0:
		return v.wrong("operand %s is builder %d, a %s, which it does not take", slotNames[i], x, b.Kind)
	case v.in.Op == opcodes.Has && b.Keys != 0:
		return v.wrong("operand B is builder %d, a set that tells its rows apart by %d of %d columns; all are wanted", x, b.Keys, b.Columns)
	case b.Kind == BuildQueue && int(b.Parent) >= len(v.f.Cursors):
		return v.wrong("operand %s is builder %d, of rows of cursor %d; there are %d", slotNames[i], x, b.Parent, len(v.f.Cursors))
	case v.in.Op == opcodes.Topk && (!b.Limited || len(b.Desc) == 0):
		return v.wrong("operand B is builder %d; a limited sort with a key is wanted", x)
	}
	switch o := &v.owners[x]; o.fragment {
	case v.n + 1:
	case 0:
		*o = owner{fragment: v.n + 1, slot: v.state.slots}
		if b.Kind == BuildQueue {
			v.state.queues = append(v.state.queues, queueSlot{v.state.slots, int(b.Parent)})
		}
		v.state.slots++
	default:
		return v.wrong("operand %s is builder %d, which fragment %d uses", slotNames[i], x, o.fragment-1)
	}
	if b.Kind == BuildSet {
		return v.setUse(i, x)
	}
	return nil
}

// What a set is used for: making rows distinct, or looking values up. One cannot do both: the rows that a full set of distinct rows
// has put aside are in no table.
const (
	setDistinct uint8 = 1 + iota
	setLookup
)

func (v *verifier) setUse(slot int, x uint16) error {
	use := setLookup
	switch v.in.Op {
	case opcodes.New:
		return nil
	case opcodes.Distinct, opcodes.OpenBuilt:
		use = setDistinct
	}
	if o := &v.owners[x]; o.use == 0 || o.use == use {
		o.use = use
		return nil
	}
	return v.wrong("operand %s is builder %d, a set that distinct fills in one place and that is looked up in another", slotNames[slot], x)
}

// eachOf checks that a cursor's rows can be taken one by one.
func (v *verifier) eachOf(cursor uint16) error {
	at := v.opens[cursor]
	if at < 0 {
		return nil // which the flow finds
	}
	if op := v.f.Code[at].Op; op != opcodes.OpenItems && op != opcodes.OpenFragment || v.f.Cursors[cursor].Parent != 0 {
		return v.wrong("operand A is cursor %d, opened by %s; one over a scalar's items or a fragment is wanted", cursor, ops.Table[op].Name)
	}
	return nil
}

// width is how many columns the batches of a cursor have; -1 where nothing opens it, which the flow finds.
func (v *verifier) width(cursor uint16) int {
	at := v.opens[cursor]
	if at < 0 {
		return MaxInstructions
	}
	in := &v.f.Code[at]
	switch in.Op {
	case opcodes.OpenItems:
		return 1
	case opcodes.OpenFragment, opcodes.OpenApply:
		return max(0, v.emits(in.B))
	case opcodes.OpenJoin, opcodes.OpenMerge:
		return v.joinWidth(in)
	case opcodes.OpenDegrees:
		return 2
	case opcodes.OpenBuilt, opcodes.OpenQueue:
		if int(in.B) >= len(v.p.Builders) {
			return 0
		}
		b := &v.p.Builders[in.B]
		if b.Kind == BuildGroup {
			return b.Keys + len(b.Aggregates)
		}
		return b.Columns
	}
	if int(in.B) >= len(v.p.Accesses) {
		return 0
	}
	return len(v.p.Accesses[in.B].Columns)
}

// emits is how many columns the rows of a fragment have; -1 where it emits none.
func (v *verifier) emits(fragment uint16) int {
	if int(fragment) < len(v.p.Fragments) {
		if s := v.p.Fragments[fragment].Shape; s >= 0 && s < len(v.p.Shapes) {
			return len(v.p.Shapes[s].Names)
		}
	}
	return -1
}

// joinWidth is how many columns the batches of a join have.
func (v *verifier) joinWidth(in *Instr) int {
	if int(in.B) >= len(v.p.Builders) || int(in.C) >= len(v.opens) || v.opens[in.C] < 0 {
		return 0
	}
	b, left := &v.p.Builders[in.B], &v.f.Code[v.opens[in.C]]
	n := b.Columns - 2*b.Keys + max(0, v.emits(left.B))
	if b.Join == JoinChecked {
		n++
	}
	return max(0, n)
}

// joins checks what a join takes its left rows of, and a merge join those of the right side as well.
func (v *verifier) joins() error {
	in, b := v.in, &v.p.Builders[v.in.B]
	n, err := v.side(int(in.C))
	if err != nil {
		return err
	}
	if n < b.Keys {
		return v.wrong("operand C is cursor %d of %d columns; the join has %d keys", in.C, n, b.Keys)
	}
	if in.Op == opcodes.OpenJoin {
		return nil
	}
	right := int(in.C) + 1
	if n, err = v.side(right); err != nil {
		return err
	}
	if n != b.Columns || b.Keys == 0 {
		return v.wrong("cursor %d behind operand C has %d columns; the join has %d, and %d keys", right, n, b.Columns, b.Keys)
	}
	return nil
}

// side is how many columns a side of a join has, which must be a cursor over a fragment, and not the join's own.
func (v *verifier) side(cursor int) (int, error) {
	if cursor >= len(v.opens) {
		return 0, v.wrong("operand C is cursor %d, and a right side behind it is wanted; there are %d", cursor-1, len(v.opens))
	}
	at := v.opens[cursor]
	if at < 0 || v.f.Code[at].Op != opcodes.OpenFragment || int(v.in.A) == cursor {
		return 0, v.wrong("operand C is cursor %d; one that open.fragment opens is wanted", cursor)
	}
	return v.emits(v.f.Code[at].B), nil
}

// matches checks that a batch is one of a checked join.
func (v *verifier) matches() error {
	at := v.opens[v.in.A]
	if at < 0 || !joins(v.f.Code[at].Op) || int(v.f.Code[at].B) >= len(v.p.Builders) || v.p.Builders[v.f.Code[at].B].Join != JoinChecked {
		return v.wrong("operand A is cursor %d; one of a checked join is wanted", v.in.A)
	}
	return nil
}

// kinds checks the declared kinds of sources, where they are known.
func (v *verifier) kinds() error {
	source, row := 0, &ops.Table[v.in.Op]
	for i, class := range row.Operands {
		if class != ops.Src && class != ops.SrcScalar && class != ops.SrcVector {
			continue
		}
		r := v.operand(i)
		k := v.f.Registers[r].Kind
		if source < 2 && k != ops.KindAny && k != ops.KindNone && row.Accepts[source] != 0 && !row.Accepts[source].Has(k) {
			return v.wrong("operand %s is register %d, a %s, which it does not take", slotNames[i], r, k)
		}
		source++
	}
	return nil
}

// registersRead appends the registers that an instruction reads, from its operands and the pools.
func (p *Program) registersRead(in *Instr, reads []uint16) []uint16 {
	for i, class := range opShapes[in.Op].classes {
		switch class {
		case ops.Src, ops.SrcScalar, ops.SrcVector:
			reads = append(reads, in.operand(i))
		case ops.SrcBase, ops.SrcScalarBase:
			reads = p.based(in, in.operand(i), reads)
		}
	}
	return reads
}

// registersWritten appends the registers that an instruction writes.
func (p *Program) registersWritten(in *Instr, writes []uint16) []uint16 {
	for i, class := range opShapes[in.Op].classes {
		switch class {
		case ops.Dst, ops.DstScalar:
			writes = append(writes, in.operand(i))
		case ops.DstBase:
			n := 2
			switch in.Op {
			case opcodes.Fetch:
				n = len(p.Accesses[in.B].Columns)
			case opcodes.Get:
				n = 1 + len(p.Accesses[in.B].Columns)
			case opcodes.Delete:
				n = 1
			case opcodes.After:
				f, _ := pageFormatOf(p.Consts[in.B])
				n = 2 + f.keys
			}
			writes = p.run(writes, in.operand(i), n)
		}
	}
	return writes
}

// run appends n registers from first on, as far as there can be registers.
func (p *Program) run(dst []uint16, first uint16, n int) []uint16 {
	return run(dst, first, min(n, MaxInstructions+1-int(first)))
}

// based appends the registers that stand from base on.
func (p *Program) based(in *Instr, base uint16, reads []uint16) []uint16 {
	switch in.Op {
	case opcodes.Behind:
		keys, _, _ := directions(p.Consts[in.C])
		return p.run(reads, base, 1+2*len(keys))
	case opcodes.Page:
		f, _ := pageFormatOf(p.Consts[in.C])
		return p.run(reads, base, 1+f.keys)
	case opcodes.Select, opcodes.Range, opcodes.Assign, opcodes.Create:
		return p.run(reads, base, 2)
	case opcodes.AssignAt:
		return p.run(reads, base, 2+indexesOf(p.Paths[in.C]))
	case opcodes.Update:
		return p.run(reads, base, 3)
	case opcodes.Relate:
		return p.run(reads, base, 4)
	case opcodes.Delete:
		return p.run(reads, base, 1)
	case opcodes.List, opcodes.Tuple:
		return p.run(reads, base, int(in.C))
	case opcodes.Call:
		return p.run(reads, base, p.Funcs[in.B].Args)
	case opcodes.Object:
		return p.run(reads, base, len(p.Shapes[in.C].Names))
	case opcodes.Rows, opcodes.Exists, opcodes.Run, opcodes.OpenFragment, opcodes.OpenApply:
		return p.run(reads, base, len(p.Fragments[in.B].Inputs))
	case opcodes.Distinct, opcodes.Has:
		return p.run(reads, base, p.Builders[in.B].Columns)
	case opcodes.OpenLookup:
		return p.run(reads, base, p.Accesses[in.B].Equal)
	case opcodes.OpenRange, opcodes.OpenIndex:
		a := &p.Accesses[in.B]
		reads = p.run(reads, base, a.Equal)
		if a.Lo != Unbounded {
			reads = p.run(reads, base+uint16(a.Equal), 1)
		}
		if a.Hi != Unbounded {
			reads = p.run(reads, base+uint16(a.Equal)+1, 1)
		}
		if a.After > 0 {
			reads = p.run(reads, base+uint16(a.Equal)+2, 1+a.After)
		}
		return reads
	case opcodes.New:
		switch b := &p.Builders[in.A]; {
		case b.Kind == BuildLimit:
			return p.run(reads, base, 2)
		case b.Limited:
			return p.run(reads, base, 1)
		case b.Kind == BuildGroup:
			return p.run(reads, base, b.params())
		}
		return reads
	case opcodes.Put:
		b := &p.Builders[in.A]
		for i := range b.Columns {
			if a := i - b.Keys; b.Kind != BuildGroup || a < 0 || a >= len(b.Aggregates) || !b.Aggregates[a].Star {
				reads = p.run(reads, base+uint16(i), 1)
			}
		}
		return reads
	case opcodes.Emit, opcodes.EmitRow:
		return p.run(reads, base, len(p.Shapes[in.A].Names))
	}
	return reads
}

// classes checks which registers are scalars and which vectors, and of which batch.
func (v *verifier) classes() error {
	switch v.in.Op {
	case opcodes.Column:
		return v.all(v.writes, int(v.in.B), true)
	case opcodes.Gather:
		return v.gathers()
	case opcodes.Fill:
		if err := v.all(v.reads, -1, true); err != nil {
			return err
		}
		return v.all(v.writes, int(v.in.C), true)
	case opcodes.Emit:
		return v.all(v.reads, int(v.in.C), false)
	case opcodes.Put:
		return v.puts()
	case opcodes.Unmatched:
		return v.all(v.writes, int(v.p.Builders[v.in.B].Parent), true)
	case opcodes.OpenQueue:
		if parent := int(v.p.Builders[v.in.B].Parent); int(v.f.Cursors[v.in.A].Parent)-1 != parent {
			return v.wrong("operand A is cursor %d, which is no child of cursor %d, of whose rows queue %d's are", v.in.A, parent, v.in.B)
		}
		return nil
	case opcodes.Distinct:
		return v.all(v.reads, int(v.in.A), false)
	case opcodes.Filter, opcodes.SelPush, opcodes.Topk, opcodes.Paired:
		return v.all(v.reads, int(v.in.A), true)
	case opcodes.Behind:
		return v.comparesScalars()
	case opcodes.Page:
		return v.notesRows()
	case opcodes.OpenEdges, opcodes.OpenItems:
		return v.opensChild()
	case opcodes.OpenApply:
		return v.applies()
	case opcodes.OpenLookup:
		return v.looksUp()
	case opcodes.Fetch:
		return v.fetches()
	case opcodes.Get, opcodes.Describe, opcodes.Virtual, opcodes.AsOf, opcodes.EmitRow, opcodes.New, opcodes.VarSet, opcodes.JumpIf, opcodes.Fail:
		return v.scalars()
	}
	if opensCursor(v.in.Op) {
		if v.f.Cursors[v.in.A].Parent != 0 {
			return v.wrong("operand A is cursor %d, which is a child of cursor %d; it opens cursors without a parent", v.in.A, v.f.Cursors[v.in.A].Parent-1)
		}
		return v.scalars()
	}
	if v.shape.moves && v.in.Op != opcodes.Move {
		return v.scalars()
	}
	return v.unified()
}

// puts checks the columns of a put, and that rows put into a queue are of rows of its parent.
func (v *verifier) puts() error {
	if b := &v.p.Builders[v.in.A]; b.Kind == BuildQueue {
		c := int(v.in.C) - 1
		for c >= 0 && c != int(b.Parent) {
			c = int(v.f.Cursors[c].Parent) - 1
		}
		if c < 0 {
			return v.wrong("operand C is batch %d, which is neither that of cursor %d nor of a descendant of it", int(v.in.C)-1, b.Parent)
		}
	}
	return v.all(v.reads, int(v.in.C)-1, false)
}

func (v *verifier) scalars() error {
	if err := v.all(v.reads, -1, true); err != nil {
		return err
	}
	return v.all(v.writes, -1, true)
}

// all checks that registers are vectors of a batch, or scalars for batch -1; unless they must, they may be scalars too.
func (v *verifier) all(regs []uint16, batch int, must bool) error {
	for _, r := range regs {
		d := v.f.Registers[r]
		switch {
		case batch < 0 && d.Vector:
			return v.wrong("register %d is a vector of batch %d; a scalar is wanted", r, d.Batch)
		case batch >= 0 && !d.Vector && must:
			return v.wrong("register %d is a scalar; a vector of batch %d is wanted", r, batch)
		case batch >= 0 && d.Vector && int(d.Batch) != batch:
			return v.wrong("register %d is a vector of batch %d; batch %d is wanted", r, d.Batch, batch)
		}
	}
	return nil
}

// unified checks that all vectors are of one batch, and that the results are vectors of it if any source is one.
func (v *verifier) unified() error {
	batch := -1
	for _, r := range v.reads {
		d := v.f.Registers[r]
		if !d.Vector {
			continue
		}
		if batch >= 0 && int(d.Batch) != batch {
			return v.wrong("register %d is a vector of batch %d, another source is of batch %d", r, d.Batch, batch)
		}
		batch = int(d.Batch)
	}
	return v.all(v.writes, batch, true)
}

func (v *verifier) gathers() error {
	parent := int(v.f.Cursors[v.in.C].Parent) - 1
	if parent < 0 {
		return v.wrong("operand C is cursor %d, which has no parent", v.in.C)
	}
	if err := v.all(v.reads, parent, true); err != nil {
		return err
	}
	return v.all(v.writes, int(v.in.C), true)
}

func (v *verifier) opensChild() error {
	source := v.operand(1)
	if v.in.Op == opcodes.OpenEdges {
		source = v.in.C
	}
	d, parent := v.f.Registers[source], int(v.f.Cursors[v.in.A].Parent)-1
	switch {
	case v.in.Op == opcodes.OpenEdges && !d.Vector:
		return v.wrong("register %d is a scalar; a vector is wanted", source)
	case d.Vector && parent != int(d.Batch):
		return v.wrong("operand A is cursor %d, which is no child of cursor %d, whose batch register %d is of", v.in.A, d.Batch, source)
	case !d.Vector && parent >= 0:
		return v.wrong("operand A is cursor %d, a child of cursor %d; register %d is a scalar", v.in.A, parent, source)
	}
	return nil
}

// applies checks that a fragment is run for the rows of the cursor's parent, or with scalars alone for a cursor without one.
func (v *verifier) applies() error {
	if v.emits(v.in.B) < 0 {
		return v.wrong("operand B is fragment %d, which emits nothing", v.in.B)
	}
	return v.all(v.reads, int(v.f.Cursors[v.in.A].Parent)-1, false)
}

// looksUp checks that values are looked up for the rows of the cursor's parent.
func (v *verifier) looksUp() error {
	parent := int(v.f.Cursors[v.in.A].Parent) - 1
	if parent < 0 {
		return v.wrong("operand A is cursor %d, which has no parent; values are looked up for rows of one", v.in.A)
	}
	return v.all(v.reads, parent, false)
}

func (v *verifier) fetches() error {
	d := v.f.Registers[v.in.C]
	if !d.Vector {
		return v.wrong("register %d is a scalar; a vector is wanted", v.in.C)
	}
	return v.all(v.writes, int(d.Batch), true)
}
