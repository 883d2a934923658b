package lint

import (
	"slices"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// scans finds queries that return every record of a table: a scan of the whole table whose rows no LIMIT, no grouping and no
// EXISTS bounds. What is bounded is seen in the program, so an index that the planner found counts.
func (l *linter) scans(p *vm.Program) {
	seen := map[int]bool{}
	for i := range p.Statements {
		if s := &p.Statements[i]; s.Fragment >= 0 && s.Kind == vm.StatementQuery {
			l.scansIn(p, s.Fragment, false, seen)
		}
	}
}

func (l *linter) scansIn(p *vm.Program, number int, bounded bool, seen map[int]bool) {
	if seen[number] {
		return
	}
	seen[number] = true
	f := &p.Fragments[number]
	bounded = bounded || bounds(p, f)
	for i := range f.Code {
		switch in := &f.Code[i]; in.Op {
		case opcodes.OpenTable:
			if !bounded {
				table := p.Tables[p.Accesses[in.B].Table].Name
				l.report(ops.Errorf(ops.CodeFullScan, "this reads every record of %s and returns all that it finds", table).
					WithHint("add a LIMIT, or a condition on the id or an indexed field"), f.Spans[i])
			}
		default:
			for slot, class := range ops.Table[in.Op].Operands {
				if class == ops.FragmentRef { // EXISTS stops at the first row
					l.scansIn(p, int([3]uint16{in.A, in.B, in.C}[slot]), bounded || in.Op == opcodes.Exists, seen)
				}
			}
		}
	}
}

// bounds reports whether a fragment holds its rows within bounds.
func bounds(p *vm.Program, f *vm.Fragment) bool {
	return slices.ContainsFunc(f.Code, func(in vm.Instr) bool {
		if in.Op != opcodes.New {
			return false
		}
		b := &p.Builders[in.A]
		return b.Limited || b.Kind == vm.BuildGroup
	})
}

// unseenFields finds fields of schemaless tables that no record has had.
func (l *linter) unseenFields(script *ast.Script, p *vm.Program, opt Options) {
	if opt.Seen == nil || opt.Catalog == nil {
		return
	}
	told := map[[2]string]bool{}
	for i := range p.Accesses {
		a := &p.Accesses[i]
		if a.Table < 0 {
			continue
		}
		table := p.Tables[a.Table].Name
		t := opt.Catalog.Table(table)
		names, known := opt.Seen(table)
		if t == nil || t.Schemafull || !known {
			continue
		}
		for _, c := range a.Columns {
			if c.Kind != vm.ColumnField || told[[2]string{table, c.Path[0]}] || isSeen(t, c.Path[0], names) {
				continue
			}
			told[[2]string{table, c.Path[0]}] = true
			l.unseenField(script, table, c.Path[0], names)
		}
	}
}

func isSeen(t *schema.Table, field string, names []string) bool {
	return field == "id" || t.Edge && (field == "in" || field == "out") || slices.Contains(names, field)
}

func (l *linter) unseenField(script *ast.Script, table, field string, names []string) {
	at, ok := written(script, field)
	if !ok {
		return
	}
	e := ops.Errorf(ops.CodeUnseenField, "no record of %s has had a field %s", table, field)
	if near := diag.Closest(field, names); near != "" {
		e = e.WithHint("did you mean %s?", near)
	}
	l.report(e, at)
}

// written finds where a field's name is written first.
func written(script *ast.Script, field string) (at ops.Span, ok bool) {
	ast.Inspect(script, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if !ok && n.Name == field {
				at, ok = n.Span, true
			}
		case *ast.Field:
			ast.Inspect(n.X, func(m ast.Node) bool { // x.y: x stands first
				if id, is := m.(*ast.Ident); is && !ok && id.Name == field {
					at, ok = id.Span, true
				}
				return true
			})
			if !ok && n.Name.Text == field {
				at, ok = n.Name.Span, true
			}
		}
		return !ok
	})
	return at, ok
}
