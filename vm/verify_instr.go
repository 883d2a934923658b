package vm

import (
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// instruction checks an instruction by itself: operands in range, classes of registers, pool entries that fit.
func (v *verifier) instruction() error {
	for i, class := range v.row.Operands {
		if err := v.inRange(i, class); err != nil {
			return err
		}
	}
	if err := v.fitting(); err != nil {
		return err
	}
	v.reads, v.writes = v.p.registersOf(v.f, v.in, v.reads[:0], v.writes[:0])
	if v.weight += len(v.reads) + len(v.writes); v.weight > maxWeight {
		return v.wrong("the program is too complex: its instructions refer to more than %d registers and names", maxWeight)
	}
	for _, rs := range [2][]uint16{v.reads, v.writes} {
		for _, r := range rs {
			if int(r) >= len(v.f.Registers) {
				return v.wrong("it takes registers up to %d, there are %d", r, len(v.f.Registers))
			}
		}
	}
	if err := v.kinds(); err != nil {
		return err
	}
	return v.classes()
}

// limits are how many there are of what operand classes point into.
func (v *verifier) limit(class ops.Operand) (n int, what string) {
	p, f := v.p, v.f
	switch class {
	case ops.NoOperand:
		return 1, "slot"
	case ops.ConstRef:
		return len(p.Consts), "constant"
	case ops.ParamRef:
		return len(p.Params), "parameter"
	case ops.VarRef:
		return len(p.Vars), "variable"
	case ops.ShapeRef:
		return len(p.Shapes), "shape"
	case ops.PathRef:
		return len(p.Paths), "path"
	case ops.TypeRef:
		return len(p.Types), "type"
	case ops.FuncRef:
		return len(p.Funcs), "function"
	case ops.AccessRef:
		return len(p.Accesses), "access"
	case ops.BuilderRef:
		return len(p.Builders), "builder"
	case ops.CursorRef:
		return len(f.Cursors), "cursor"
	case ops.FragmentRef:
		return len(p.Fragments), "fragment"
	case ops.DefRef:
		return len(p.Defs), "definition"
	case ops.Label:
		return len(f.Code), "instruction"
	case ops.Count, ops.Mode:
		return 1 << 16, "number"
	case ops.SrcBase, ops.SrcScalarBase, ops.DstBase:
		return len(f.Registers) + 1, "register" // how many follow is checked by itself, none may
	}
	return len(f.Registers), "register"
}

func (v *verifier) inRange(i int, class ops.Operand) error {
	x := v.operand(i)
	n, what := v.limit(class)
	if int(x) < n {
		return nil
	}
	if class == ops.NoOperand {
		return v.wrong("operand %s is %d, it is not used and must be 0", slotNames[i], x)
	}
	return v.wrong("operand %s is %s %d, there are %d", slotNames[i], what, x, n)
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
		return v.below("C", int(in.C), len(v.f.Cursors)+1, "batch")
	case opcodes.Describe:
		return v.describes(&p.Defs[in.B])
	case opcodes.Define:
		return v.defines(&p.Defs[in.A])
	}
	if err := v.accessFits(); err != nil {
		return err
	}
	return v.builderFits()
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
	case schema.DefineIndex, schema.RemoveIndex:
		if c.Index == nil {
			return v.wrong("operand A is definition %d, which does not say which index", v.in.A)
		}
	case schema.DefineObject, schema.RemoveObject:
		if c.Object == nil {
			return v.wrong("operand A is definition %d, which does not say of what kind", v.in.A)
		}
	}
	return nil
}

// accessKinds are the kinds of access that operators take.
var accessKinds = map[uint16][]AccessKind{
	opcodes.Get: {AccessTable, AccessRecord}, opcodes.OpenKeys: {AccessTable, AccessRecord}, opcodes.Fetch: {AccessRecord},
	opcodes.OpenTable: {AccessTable}, opcodes.OpenRange: {AccessRange}, opcodes.OpenIndex: {AccessIndex}, opcodes.OpenEdges: {AccessEdges},
	opcodes.Create: {AccessTable}, opcodes.Update: {AccessTable}, opcodes.Relate: {AccessTable}, opcodes.Delete: {AccessTable, AccessRecord},
}

func (v *verifier) accessFits() error {
	if v.row.Operands[1] != ops.AccessRef {
		return nil
	}
	a := &v.p.Accesses[v.in.B]
	for _, k := range accessKinds[v.in.Op] {
		if a.Kind == k {
			return nil
		}
	}
	return v.wrong("operand B is access %d, of kind %s, which it does not take", v.in.B, a.Kind)
}

// builderKinds are the kinds of builder that operators take.
var builderKinds = map[uint16][]BuilderKind{
	opcodes.New: {BuildSort, BuildGroup, BuildSet, BuildLimit}, opcodes.Put: {BuildSort, BuildGroup, BuildSet}, opcodes.Has: {BuildSet},
	opcodes.Distinct: {BuildSet}, opcodes.Limit: {BuildLimit}, opcodes.LimitDone: {BuildLimit}, opcodes.Topk: {BuildSort},
	opcodes.OpenBuilt: {BuildSort, BuildGroup},
}

func (v *verifier) builderFits() error {
	for i, class := range v.row.Operands {
		if class != ops.BuilderRef {
			continue
		}
		x := v.operand(i)
		b := &v.p.Builders[x]
		fits := false
		for _, k := range builderKinds[v.in.Op] {
			fits = fits || k == b.Kind
		}
		switch {
		case !fits:
			return v.wrong("operand %s is builder %d, a %s, which it does not take", slotNames[i], x, b.Kind)
		case v.in.Op == opcodes.Has && b.Columns != 1:
			return v.wrong("operand B is builder %d, a set of %d columns; one is wanted", x, b.Columns)
		case v.in.Op == opcodes.Topk && (!b.Limited || len(b.Desc) == 0):
			return v.wrong("operand B is builder %d; a limited sort with a key is wanted", x)
		}
		if owner := v.owner[x]; owner != 0 && owner != v.n+1 {
			return v.wrong("operand %s is builder %d, which fragment %d uses", slotNames[i], x, owner-1)
		}
		v.owner[x] = v.n + 1
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
	case opcodes.OpenFragment:
		if int(in.B) < len(v.p.Fragments) {
			if s := v.p.Fragments[in.B].Shape; s >= 0 && s < len(v.p.Shapes) {
				return len(v.p.Shapes[s].Names)
			}
		}
		return 0
	case opcodes.OpenBuilt:
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

// kinds checks the declared kinds of sources, where they are known.
func (v *verifier) kinds() error {
	source := 0
	for i, class := range v.row.Operands {
		if class != ops.Src && class != ops.SrcScalar && class != ops.SrcVector {
			continue
		}
		r := v.operand(i)
		k := v.f.Registers[r].Kind
		if source < 2 && k != ops.KindAny && k != ops.KindNone && v.row.Accepts[source] != 0 && !v.row.Accepts[source].Has(k) {
			return v.wrong("operand %s is register %d, a %s, which it does not take", slotNames[i], r, k)
		}
		source++
	}
	return nil
}

// registersOf lists the registers that an instruction reads and writes, from its operands and the pools.
func (p *Program) registersOf(f *Fragment, in *Instr, reads, writes []uint16) (r, w []uint16) {
	row := &ops.Table[in.Op]
	for i, class := range row.Operands {
		x := [3]uint16{in.A, in.B, in.C}[i]
		switch class {
		case ops.Src, ops.SrcScalar, ops.SrcVector:
			reads = append(reads, x)
		case ops.Dst, ops.DstScalar:
			writes = append(writes, x)
		case ops.SrcBase, ops.SrcScalarBase:
			reads = p.based(in, x, reads)
		case ops.DstBase:
			n := 2
			switch in.Op {
			case opcodes.Fetch:
				n = len(p.Accesses[in.B].Columns)
			case opcodes.Get:
				n = 1 + len(p.Accesses[in.B].Columns)
			case opcodes.Delete:
				n = 1
			}
			writes = p.run(writes, x, n)
		}
	}
	return reads, writes
}

// run appends n registers from first on, as far as there can be registers.
func (p *Program) run(dst []uint16, first uint16, n int) []uint16 {
	return run(dst, first, min(n, MaxInstructions+1-int(first)))
}

// based appends the registers that stand from base on.
func (p *Program) based(in *Instr, base uint16, reads []uint16) []uint16 {
	switch in.Op {
	case opcodes.Select, opcodes.Range, opcodes.Assign, opcodes.Create:
		return p.run(reads, base, 2)
	case opcodes.AssignIndex, opcodes.Update:
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
	case opcodes.Rows, opcodes.Exists, opcodes.OpenFragment:
		return p.run(reads, base, len(p.Fragments[in.B].Inputs))
	case opcodes.Distinct:
		return p.run(reads, base, p.Builders[in.B].Columns)
	case opcodes.OpenRange, opcodes.OpenIndex:
		a := &p.Accesses[in.B]
		reads = p.run(reads, base, a.Equal)
		if a.Lo != Unbounded {
			reads = p.run(reads, base+uint16(a.Equal), 1)
		}
		if a.Hi != Unbounded {
			reads = p.run(reads, base+uint16(a.Equal)+1, 1)
		}
		return reads
	case opcodes.New:
		switch b := &p.Builders[in.A]; {
		case b.Kind == BuildLimit:
			return p.run(reads, base, 2)
		case b.Limited:
			return p.run(reads, base, 1)
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
		return v.all(v.reads, int(v.in.C)-1, false)
	case opcodes.Distinct:
		return v.all(v.reads, int(v.in.A), false)
	case opcodes.Filter, opcodes.SelPush, opcodes.Topk:
		return v.all(v.reads, int(v.in.A), true)
	case opcodes.OpenEdges, opcodes.OpenItems:
		return v.opensChild()
	case opcodes.Fetch:
		return v.fetches()
	case opcodes.Get, opcodes.Describe, opcodes.EmitRow, opcodes.New, opcodes.VarSet, opcodes.JumpIf, opcodes.Fail:
		return v.scalars()
	}
	if opensCursor(v.in.Op) {
		if v.f.Cursors[v.in.A].Parent != 0 {
			return v.wrong("operand A is cursor %d, which is a child of cursor %d; it opens cursors without a parent", v.in.A, v.f.Cursors[v.in.A].Parent-1)
		}
		return v.scalars()
	}
	if v.row.Form == ops.FormMove && v.in.Op != opcodes.Move {
		return v.scalars()
	}
	return v.unified()
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

func (v *verifier) fetches() error {
	d := v.f.Registers[v.in.C]
	if !d.Vector {
		return v.wrong("register %d is a scalar; a vector is wanted", v.in.C)
	}
	return v.all(v.writes, int(d.Batch), true)
}
