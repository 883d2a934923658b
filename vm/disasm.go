package vm

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// Disassemble writes a program as text: its pools, each under the name that instructions use for its entries, its
// fragments with what each instruction refers to and the source it was made of, its statements and its manifest. The
// text of a program never differs from one run or machine to another.
func Disassemble(w io.Writer, p *Program) {
	p = withoutSecrets(p)
	d := disassembler{w, newNamer(p)}
	fmt.Fprintf(w, "zqb %d\n", FormatVersion)
	d.pools(p)
	for i := range p.Fragments {
		d.fragment(p, i)
	}
	for i := range p.Statements {
		d.statement(i, &p.Statements[i])
	}
	d.manifest(&p.Manifest)
}

type disassembler struct {
	io.Writer
	names *namer
}

func (d *disassembler) line(name, format string, args ...any) {
	fmt.Fprintf(d, "%s %s\n", name, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

func (d *disassembler) pools(p *Program) {
	for i, x := range p.Params {
		optional := ""
		if x.Optional {
			optional = " optional"
		}
		d.line("param", "p%d $%s %s%s", i, x.Name, x.Type.String(), optional)
	}
	for i, x := range p.Vars {
		d.line("var", "v%d $%s", i, x)
	}
	for i, x := range p.Consts {
		d.line("const", "k%d %s", i, literal(x))
	}
	for i := range p.Shapes {
		d.line("shape", "s%d %s", i, shapeText(&p.Shapes[i]))
	}
	for i, x := range p.Paths {
		d.line("path", "h%d %s", i, pathText(x))
	}
	for i, x := range p.Types {
		d.line("type", "y%d %s", i, x.String())
	}
	for i, x := range p.Funcs {
		reads := ""
		if x.Reads > 0 {
			reads = fmt.Sprintf(" a%d", x.Reads-1)
		}
		d.line("func", "f%d %s/%d %x%s", i, x.Name, x.Args, x.Print, reads)
	}
	for i, x := range p.Tables {
		d.line("table", "t%d %s %x", i, quoted(x.Name), x.Print)
	}
	for i, x := range p.Objects {
		d.line("object", "o%d %s %s %x", i, x.Kind, quoted(x.Name), x.Print)
	}
	for i := range p.Accesses {
		d.line("access", "a%d %s", i, d.names.access(i))
	}
	for i := range p.Builders {
		d.line("builder", "b%d %s", i, builderText(&p.Builders[i]))
	}
	for i := range p.Defs {
		d.line("def", "d%d %s", i, changeText(&p.Defs[i]))
	}
}

func (d *disassembler) fragment(p *Program, n int) {
	f := &p.Fragments[n]
	head := fmt.Sprintf("F%d", n)
	for _, t := range f.Inputs {
		head += " in " + t.String()
	}
	if f.Shape >= 0 {
		head += fmt.Sprintf(" emits s%d", f.Shape)
	}
	fmt.Fprintf(d, "\nfragment %s\n", head)
	for i, c := range f.Cursors {
		fmt.Fprintf(d, "  cursor c%d", i)
		if c.Parent > 0 {
			fmt.Fprintf(d, " of c%d", c.Parent-1)
		}
		if c.Outer {
			fmt.Fprint(d, " outer")
		}
		fmt.Fprintln(d)
	}
	for i, r := range f.Registers {
		if r.Vector {
			fmt.Fprintf(d, "  register r%d %s of c%d\n", i, r.Kind, r.Batch)
		} else {
			fmt.Fprintf(d, "  register r%d %s\n", i, r.Kind)
		}
	}
	var last ops.Span
	for pc := range f.Code {
		note := ""
		if s := f.Spans[pc]; s != last {
			note, last = sourceAt(p.textOf(f), s), s
		}
		fmt.Fprintln(d, d.names.line(f, pc, note))
	}
}

func (d *disassembler) statement(i int, s *Statement) {
	var b strings.Builder
	fmt.Fprintf(&b, "\nstatement %d %s", i, statementNames[s.Kind])
	if s.Fragment >= 0 {
		fmt.Fprintf(&b, " F%d", s.Fragment)
	}
	if s.Silent {
		b.WriteString(" silent")
	}
	b.WriteString([]string{"", " explain", " analyze"}[min(s.Explain, 2)])
	for j, n := range s.Needs {
		fmt.Fprintf(&b, "%so%d", []string{" needs ", ", "}[min(j, 1)], n)
	}
	if src := sourceAt(d.names.p.Source, s.Span); src != "" {
		b.WriteString(" ; " + src)
	}
	fmt.Fprintln(d, b.String())
	for _, line := range strings.Split(strings.TrimRight(s.Plan, "\n"), "\n") {
		if line != "" {
			fmt.Fprintln(d, "  | "+line)
		}
	}
}

func (d *disassembler) manifest(m *Manifest) {
	fmt.Fprintf(d, "\nmanifest cost %s", m.Cost)
	if m.Defines {
		fmt.Fprint(d, " defines")
	}
	fmt.Fprintln(d)
	for _, t := range m.Reads {
		fmt.Fprintf(d, "  reads %s(%s)\n", quoted(t.Table), strings.Join(t.Fields, ", "))
	}
	for _, t := range m.Writes {
		fmt.Fprintf(d, "  writes %s(%s)\n", quoted(t.Table), strings.Join(t.Fields, ", "))
	}
	if len(m.Functions) > 0 {
		fmt.Fprintf(d, "  calls %s\n", strings.Join(m.Functions, ", "))
	}
	if len(m.Capabilities) > 0 {
		fmt.Fprintf(d, "  needs %s\n", strings.Join(m.Capabilities, ", "))
	}
}

var statementNames = [...]string{StatementQuery: "query", StatementWrite: "write", StatementDefine: "define", StatementUse: "use",
	StatementBegin: "begin", StatementCommit: "commit", StatementCancel: "cancel"}

func (k StatementKind) String() string { return nameOf(statementNames[:], int(k)) }

var costNames = [...]string{CostConstant: "constant", CostLimit: "limit", CostIndexRange: "index-range", CostFullScan: "full-scan",
	CostUnbounded: "unbounded"}

func (c CostClass) String() string { return nameOf(costNames[:], int(c)) }

var accessNames = [...]string{AccessTable: "table", AccessRange: "range", AccessIndex: "index", AccessEdges: "edges", AccessRecord: "record"}

func (k AccessKind) String() string { return nameOf(accessNames[:], int(k)) }

var builderNames = [...]string{BuildSort: "sort", BuildGroup: "group", BuildSet: "set", BuildLimit: "limit", BuildJoin: "join", BuildQueue: "queue", BuildTally: "tally"}

var joinNames = [...]string{JoinInner: "inner", JoinLeft: "left", JoinChecked: "checked"}

func (k BuilderKind) String() string { return nameOf(builderNames[:], int(k)) }

var formNames = [...]string{RowColumns: "columns", RowObject: "object", RowValue: "value"}

func (f RowForm) String() string { return nameOf(formNames[:], int(f)) }

var (
	columnNames    = [...]string{ColumnID: "id", ColumnRecord: "*", ColumnField: "", ColumnVertex: "->", ColumnEdge: "edge"}
	directionNames = [...]string{Out: "out", In: "in", Both: "both"}
	changeNames    = [...]string{schema.DefineNamespace: "define namespace", schema.DefineDatabase: "define database", schema.DefineTable: "define table",
		schema.DefineIndex: "define index", schema.RemoveNamespace: "remove namespace", schema.RemoveDatabase: "remove database",
		schema.RemoveTable: "remove table", schema.RemoveIndex: "remove index", schema.DefineObject: "define object", schema.RemoveObject: "remove object",
		schema.AnalyzeTable: "analyze table", schema.UseDatabase: "use", schema.AlterObject: "alter object", schema.RedefineTable: "redefine table"}
)

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%d?", i)
}

// literal shows a value on one line.
func literal(v ops.Value) string { return string(ops.AppendZQL(nil, v)) }

// quoted puts a name in backticks where it could be mistaken for something else.
func quoted(name string) string {
	plain := name != ""
	for i, c := range name {
		plain = plain && (c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9')
	}
	if plain || name == "*" {
		return name
	}
	return "`" + strings.ReplaceAll(name, "`", "\\`") + "`"
}

func pathText(p Path) string {
	if len(p) == 0 {
		return "*"
	}
	steps := make([]string, len(p))
	for i, s := range p {
		steps[i] = quoted(s)
	}
	return strings.Join(steps, ".")
}

func shapeText(s *Shape) string {
	var b strings.Builder
	b.WriteString(s.Form.String())
	for i, n := range s.Names {
		sep := ","
		if i == 0 {
			sep = ""
		}
		fmt.Fprintf(&b, "%s %s %s", sep, quoted(n), s.Types[i].String())
	}
	return b.String()
}

func boundText(open string, b Bound) string {
	switch b {
	case Inclusive:
		return " " + open + "="
	case Exclusive:
		return " " + open
	}
	return ""
}

func columnText(c *Column) string {
	text := nameOf(columnNames[:], int(c.Kind))
	if c.Kind == ColumnField {
		text = "." + pathText(c.Path)
	}
	if c.Late {
		text += " late"
	}
	return text
}

func builderText(b *Builder) string {
	text := fmt.Sprintf("%s %d", b.Kind, b.Columns)
	if b.Kind == BuildGroup || b.Kind == BuildJoin || b.Kind == BuildQueue {
		text += fmt.Sprintf(" keys %d", b.Keys)
	}
	if b.Kind == BuildQueue {
		text += fmt.Sprintf(" of c%d", b.Parent)
	}
	if b.Kind == BuildJoin {
		text += " " + nameOf(joinNames[:], int(b.Join))
	}
	for _, d := range b.Desc {
		if d {
			text += " desc"
		} else {
			text += " asc"
		}
	}
	if b.Limited {
		text += " limited"
	}
	for _, a := range b.Aggregates {
		text += " " + quoted(a.Func)
		for _, m := range []struct {
			on   bool
			mark string
		}{{a.Star, "(*)"}, {a.Distinct, "/distinct"}, {a.Filtered, "/where"}} {
			if m.on {
				text += m.mark
			}
		}
		if a.Params > 0 {
			text += fmt.Sprintf("/params=%d", a.Params)
		}
	}
	return text
}

func changeText(c *schema.Change) string {
	var b strings.Builder
	b.WriteString(nameOf(changeNames[:], int(c.Kind)))
	if c.Object != nil {
		b.WriteString(" " + c.Object.Kind.String())
	}
	if c.IfExists {
		b.WriteString(" if-exists")
	}
	for _, m := range []struct{ mark, text string }{{" ", c.Name}, {" ns ", c.Namespace}, {" db ", c.Database}} {
		if m.text != "" {
			b.WriteString(m.mark + quoted(m.text))
		}
	}
	if c.Strict {
		b.WriteString(" strict")
	}
	if c.Consistency != "" || c.Replicas != 0 || c.PartitionBy != "" {
		fmt.Fprintf(&b, " consistency %q replicas %d by %q", c.Consistency, c.Replicas, c.PartitionBy)
	}
	if c.Table != nil {
		b.WriteString(" " + tableText(c.Table))
	}
	if c.Index != nil {
		b.WriteString(" on " + indexText(c.Index))
	}
	if c.Object != nil {
		b.WriteString(objectText(c.Object))
	}
	if c.Redefinition != nil {
		b.WriteString(redefinitionText(c.Redefinition))
	}
	return b.String()
}

func objectText(o *schema.Object) string {
	var b strings.Builder
	if o.Text != "" {
		fmt.Fprintf(&b, " %q", o.Text)
	}
	for i, r := range o.Requires {
		b.WriteString([]string{" needs ", ", "}[min(i, 1)] + r.String())
	}
	return b.String()
}

func tableText(t *schema.Table) string {
	var b strings.Builder
	for _, m := range []struct {
		on   bool
		mark string
	}{{t.Edge, "edge "}, {t.From != "", "from " + quoted(t.From) + " "}, {t.To != "", "to " + quoted(t.To) + " "}, {t.Schemafull, "schemafull "}} {
		if m.on {
			b.WriteString(m.mark)
		}
	}
	b.WriteByte('(')
	for i, f := range t.Fields {
		if i > 0 {
			b.WriteString(", ")
		}
		writeField(&b, &f)
	}
	b.WriteByte(')')
	for _, ix := range t.Indexes {
		b.WriteString(" index " + quoted(ix.Name) + " " + indexText(ix))
	}
	return b.String()
}

func writeField(b *strings.Builder, f *schema.Field) {
	fmt.Fprintf(b, "%s %s", pathText(f.Path), f.Type.String())
	if f.Default != "" {
		fmt.Fprintf(b, " value %q", f.Default)
	}
	for _, a := range f.Asserts {
		fmt.Fprintf(b, " assert %q", a)
	}
	if f.Base > 0 {
		fmt.Fprintf(b, " base %d", f.Base)
	}
	if f.ReadOnly {
		b.WriteString(" readonly")
	}
}

func indexText(ix *schema.Index) string {
	paths := make([]string, len(ix.Fields))
	for i, f := range ix.Fields {
		paths[i] = pathText(f)
	}
	text := quoted(ix.Table) + "(" + strings.Join(paths, ", ") + ")"
	if ix.Unique {
		text += " unique"
	}
	return text
}

// withoutSecrets is a program in which constants that are passwords are stars.
func withoutSecrets(p *Program) *Program {
	out := p
	for i := range p.Fragments {
		code := p.Fragments[i].Code
		for _, in := range code {
			if in.Op != opcodes.DefineSecret {
				continue
			}
			for _, from := range code {
				if from.Op == opcodes.Const && from.A == in.B && int(from.B) < len(p.Consts) {
					if out == p {
						c := *p
						c.Consts = slices.Clone(p.Consts)
						out = &c
					}
					out.Consts[from.B] = ops.String("******")
				}
			}
		}
	}
	return out
}
