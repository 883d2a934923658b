package vm

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// opShape is what passes over code want to know of an opcode at once. All of it follows from the opcode's row.
type opShape struct {
	classes [3]ops.Operand
	// The slots of registers read, then of those written, where each operand is one register.
	registers     [3]uint8
	reads, writes uint8
	// The slots of the one operand of these classes, -1 without.
	label, cursor, builder int8

	ends   bool // nothing behind it runs
	moves  bool // it is of FormMove
	opens  bool // it opens a cursor
	based  bool // it names the first of several registers
	choosy bool // its sources are not of every kind

	accesses, builders uint32 // the kinds of access and of builder that it takes, a bit each
}

var opShapes = makeShapes()

func makeShapes() []opShape {
	shapes := make([]opShape, len(ops.Table))
	for op := range ops.Table {
		row, s := &ops.Table[op], &shapes[op]
		*s = opShape{classes: row.Operands, label: -1, cursor: -1, builder: -1, ends: row.Ends, moves: row.Form == ops.FormMove,
			opens: opens(uint16(op)), choosy: row.Accepts != [2]ops.Kinds{}}
		for i, class := range row.Operands {
			switch class {
			case ops.Label:
				s.label = onlySlot(row, s.label, i)
			case ops.CursorRef:
				if joins(uint16(op)) && i == 2 {
					continue // the left side, see flow.takes
				}
				s.cursor = onlySlot(row, s.cursor, i)
			case ops.BuilderRef:
				s.builder = onlySlot(row, s.builder, i)
			case ops.DstBase, ops.SrcBase, ops.SrcScalarBase:
				s.based = true
			}
		}
		s.slots(row)
		for _, k := range accessKinds[uint16(op)] {
			s.accesses |= 1 << k
		}
		for _, k := range builderKinds[uint16(op)] {
			s.builders |= 1 << k
		}
	}
	return shapes
}

// joins reports whether an opcode takes cursors over.
func joins(op uint16) bool { return op == opcodes.OpenJoin || op == opcodes.OpenMerge }

func opens(op uint16) bool {
	return ops.Table[op].Form == ops.FormCursor && strings.HasPrefix(ops.Table[op].Name, "open.")
}

// slots finds the slots of registers.
func (s *opShape) slots(row *ops.Row) {
	at := func(n *uint8, classes ...ops.Operand) {
		for i, class := range row.Operands {
			if slices.Contains(classes, class) {
				s.registers[s.reads+s.writes] = uint8(i)
				*n++
			}
		}
	}
	at(&s.reads, ops.Src, ops.SrcScalar, ops.SrcVector)
	at(&s.writes, ops.Dst, ops.DstScalar)
}

// onlySlot refuses rows of the table that the verifier is not made for.
func onlySlot(row *ops.Row, before int8, i int) int8 {
	if before >= 0 {
		panic("vm: " + row.Name + " has two operands of one class, the verifier looks at one")
	}
	return int8(i)
}

// operand returns what is in a slot.
func (in *Instr) operand(slot int) uint16 {
	switch slot {
	case 0:
		return in.A
	case 1:
		return in.B
	}
	return in.C
}
