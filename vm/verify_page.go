package vm

import (
	"github.com/zerodb/zerodb/gen/opcodes"
)

// pages checks the constants of paging.
func (v *verifier) pages() error {
	if v.in.Op == opcodes.Behind {
		if _, _, ok := directions(v.p.Consts[v.in.C]); !ok {
			return v.wrong("operand C is constant %d, which does not say how a position is compared", v.in.C)
		}
		return nil
	}
	slot := 1
	if v.in.Op == opcodes.Page {
		slot = 2
	}
	if _, ok := pageFormatOf(v.p.Consts[v.operand(slot)]); !ok {
		return v.wrong("operand %s is constant %d, which does not say how a statement pages", slotNames[slot], v.operand(slot))
	}
	return nil
}

// comparesScalars checks that a position, and whether it is given, are the same for all rows.
func (v *verifier) comparesScalars() error {
	keys := (len(v.reads) - 1) / 2
	if err := v.all(v.reads[:1], -1, true); err != nil {
		return err
	}
	if err := v.all(v.reads[1+keys:], -1, true); err != nil {
		return err
	}
	return v.unified()
}

// notesRows checks that what a page ends with is of the batch, and its limit is not.
func (v *verifier) notesRows() error {
	if err := v.all(v.reads[:1], -1, true); err != nil {
		return err
	}
	return v.all(v.reads[1:], int(v.in.B), false)
}
