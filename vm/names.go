package vm

import (
	"fmt"
	"strings"

	"github.com/zerodb/zerodb/ops"
)

// namer names what instructions refer to.
type namer struct{ p *Program }

func newNamer(p *Program) *namer { return &namer{p} }

// prefixes are the letters of operands that are places in something.
var prefixes = [...]string{ops.Dst: "r", ops.Src: "r", ops.SrcScalar: "r", ops.SrcVector: "r", ops.DstScalar: "r", ops.DstBase: "r",
	ops.SrcBase: "r", ops.SrcScalarBase: "r", ops.ConstRef: "k", ops.ParamRef: "p", ops.VarRef: "v", ops.ShapeRef: "s", ops.PathRef: "h",
	ops.TypeRef: "y", ops.FuncRef: "f", ops.AccessRef: "a", ops.BuilderRef: "b", ops.CursorRef: "c", ops.FragmentRef: "F",
	ops.DefRef: "d", ops.Label: "@", ops.Count: "", ops.Mode: ""}

// instruction shows one instruction.
func (n *namer) instruction(f *Fragment, pc int) string {
	in := &f.Code[pc]
	if int(in.Op) >= len(ops.Table) {
		return fmt.Sprintf("%4d  ?%d", pc, in.Op)
	}
	row := &ops.Table[in.Op]
	var b strings.Builder
	fmt.Fprintf(&b, "%4d  %-14s", pc, row.Name)
	for i, class := range row.Operands {
		if class == ops.NoOperand {
			continue
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s%d", prefixes[class], [3]uint16{in.A, in.B, in.C}[i])
	}
	return strings.TrimRight(b.String(), " ")
}

// line shows an instruction with what it refers to and a piece of source.
func (n *namer) line(f *Fragment, pc int, source string) string {
	text := n.instruction(f, pc)
	meaning := n.meaning(&f.Code[pc])
	if meaning == "" && source == "" {
		return text
	}
	text = fmt.Sprintf("%-40s ; %s", text, meaning)
	if source != "" {
		text = fmt.Sprintf("%-72s | %s", text, source)
	}
	return text
}

// meaning shows the pool entries that an instruction refers to, as far as they fit on a line.
func (n *namer) meaning(in *Instr) string {
	if int(in.Op) >= len(ops.Table) {
		return ""
	}
	var parts []string
	for i, class := range ops.Table[in.Op].Operands {
		if s := n.entry(class, int([3]uint16{in.A, in.B, in.C}[i])); s != "" {
			parts = append(parts, s)
		}
	}
	text := strings.Join(parts, ", ")
	if r := []rune(text); len(r) > 48 {
		text = string(r[:47]) + "…"
	}
	return text
}

func (n *namer) entry(class ops.Operand, i int) string {
	p := n.p
	switch class {
	case ops.ConstRef:
		return show(p.Consts, i, literal)
	case ops.ParamRef:
		return show(p.Params, i, func(x Param) string { return "$" + x.Name })
	case ops.VarRef:
		return show(p.Vars, i, func(x string) string { return "$" + x })
	case ops.ShapeRef:
		return show(p.Shapes, i, func(x Shape) string { return strings.Join(x.Names, ", ") })
	case ops.PathRef:
		return show(p.Paths, i, pathText)
	case ops.TypeRef:
		return show(p.Types, i, ops.Type.String)
	case ops.FuncRef:
		return show(p.Funcs, i, func(x FuncRef) string { return x.Name })
	case ops.AccessRef:
		if i < len(p.Accesses) {
			return n.accessShort(i)
		}
	case ops.BuilderRef:
		return show(p.Builders, i, func(x Builder) string { return builderText(&x) })
	}
	return ""
}

func show[T any](pool []T, i int, text func(T) string) string {
	if i >= len(pool) {
		return "?"
	}
	return text(pool[i])
}

func (n *namer) table(i int) string {
	switch {
	case i < 0:
		return "*"
	case i >= len(n.p.Tables):
		return "?"
	}
	return quoted(n.p.Tables[i].Name)
}

// accessShort is table, index and columns.
func (n *namer) accessShort(i int) string {
	a := &n.p.Accesses[i]
	text := n.table(a.Table)
	if a.Index != "" {
		text += " by " + quoted(a.Index)
	}
	return text + " " + columnsText(a.Columns)
}

func columnsText(cs []Column) string {
	parts := make([]string, len(cs))
	for i := range cs {
		parts[i] = columnText(&cs[i])
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// access is everything about an access.
func (n *namer) access(i int) string {
	a := &n.p.Accesses[i]
	text := a.Kind.String()
	if a.Table >= 0 {
		text += fmt.Sprintf(" t%d", a.Table)
	}
	if a.Index != "" {
		text += fmt.Sprintf(" by %s equal %d", quoted(a.Index), a.Equal)
	}
	text += " " + columnsText(a.Columns) + boundText(">", a.Lo) + boundText("<", a.Hi)
	for _, m := range []struct {
		on   bool
		mark string
	}{{a.Reverse, "reverse"}, {a.IndexOnly, "index-only"}, {a.Kind == AccessEdges, nameOf(directionNames[:], int(a.Direction))},
		{a.InOrder, "in-order"}, {a.IfNotExists, "if-not-exists"}, {a.Upsert, "upsert"}} {
		if m.on {
			text += " " + m.mark
		}
	}
	return text
}
