package vm

import (
	"cmp"
	"slices"

	"github.com/zerodb/zerodb/gen/opcodes"
)

// Right is what a role may grant.
type Right uint8

// The rights. Who updates or deletes also reads, and needs RightSelect for it; UPSERT needs RightCreate and RightUpdate.
const (
	RightSelect Right = iota
	RightCreate
	RightUpdate
	RightDelete
	RightRelate
	RightDefine

	NumRights = int(RightDefine) + 1
)

var rightNames = [NumRights]string{RightSelect: "select", RightCreate: "create", RightUpdate: "update", RightDelete: "delete",
	RightRelate: "relate", RightDefine: "define"}

// String returns the word of the language.
func (r Right) String() string { return nameOf(rightNames[:], int(r)) }

// RightOf is the right of a name.
func RightOf(name string) (Right, bool) {
	i := slices.Index(rightNames[:], name)
	return Right(max(i, 0)), i >= 0
}

// Use is a right that a program needs on a table; the table * is every one, or one that is known only when the program runs.
type Use struct {
	Table string
	Right Right
}

// Uses lists what a program needs rights for, from its code and its manifest, which the verifier has compared with the code. Virtual
// tables, whose names are paths, are among those that are read.
func Uses(p *Program) []Use {
	var all []Use
	for _, t := range p.Manifest.Reads {
		all = append(all, Use{t.Table, RightSelect})
	}
	for i := range p.Fragments {
		for j := range p.Fragments[i].Code {
			in := &p.Fragments[i].Code[j]
			switch in.Op {
			case opcodes.Create:
				all = append(all, p.use(in.B, RightCreate))
			case opcodes.Relate:
				all = append(all, p.use(in.B, RightRelate))
			case opcodes.Update:
				all = append(all, p.use(in.B, RightSelect), p.use(in.B, RightUpdate))
				if p.Accesses[in.B].Upsert {
					all = append(all, p.use(in.B, RightCreate))
				}
			case opcodes.Delete:
				all = append(all, p.use(in.B, RightSelect), p.use(in.B, RightDelete))
			}
		}
	}
	slices.SortFunc(all, func(a, b Use) int { return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Right, b.Right)) })
	return slices.Compact(all)
}

func (p *Program) use(access uint16, r Right) Use {
	if t := p.Accesses[access].Table; t >= 0 {
		return Use{p.Tables[t].Name, r}
	}
	return Use{"*", r}
}
