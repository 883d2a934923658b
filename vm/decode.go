package vm

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// Decode reads a .zqb file. It checks the container: whatever the bytes are, the answer is a program that Encode writes as
// the same bytes, or an error. What the program does is for Verify.
func Decode(b []byte) (*Program, error) {
	sections, err := container(b)
	if err != nil {
		return nil, err
	}
	p := new(Program)
	values := maxValues
	for section := 1; section <= numSections; section++ {
		d := decoder{src: sections[section], strict: true, allowance: &values}
		d.section(p, section)
		if d.err == nil && len(d.src) > 0 {
			d.fail("%d bytes are left over", len(d.src))
		}
		if d.err != nil {
			return nil, ops.Errorf(ops.CodeBadProgram, "section %d of the program: %s", section, d.err.(*ops.Error).Message)
		}
	}
	// What is read in more than one way is not trusted to have been read in the right one.
	again, err := Encode(p)
	if err != nil || !bytes.Equal(again, b) {
		return nil, ops.Errorf(ops.CodeBadProgram, "the program is not written in the canonical way")
	}
	return p, nil
}

// container checks everything around the sections.
func container(b []byte) (sections [numSections + 1][]byte, err error) {
	bad := func(format string, args ...any) ([numSections + 1][]byte, error) {
		return sections, ops.Errorf(ops.CodeBadProgram, format, args...)
	}
	switch {
	case len(b) < headerSize || string(b[:len(magic)]) != magic:
		return bad("this is no compiled program: it does not start as a .zqb file does")
	case len(b) > MaxProgram:
		return bad("the program is larger than %d MiB", MaxProgram>>20)
	}
	le := binary.LittleEndian
	if v := le.Uint16(b[8:]); v != FormatVersion {
		return sections, ops.Errorf(ops.CodeVersion, "the program has format version %d, this is version %d", v, FormatVersion)
	}
	if le.Uint16(b[10:]) != 0 || le.Uint32(b[12:]) != numSections || len(b) < headerSize+numSections*entrySize {
		return bad("the header of the program is malformed")
	}
	if sum := sha256.Sum256(b[headerSize:]); !bytes.Equal(sum[:], b[16:headerSize]) {
		return bad("the checksum is wrong: the program is damaged")
	}
	at := uint64(headerSize + numSections*entrySize)
	for i := 1; i <= numSections; i++ {
		entry := b[headerSize+(i-1)*entrySize:]
		kind, offset, size := le.Uint32(entry), uint64(le.Uint32(entry[4:])), uint64(le.Uint32(entry[8:]))
		if kind != uint32(i) || offset != at || at+size > uint64(len(b)) {
			return bad("entry %d of the section table is malformed", i)
		}
		sections[i] = b[at : at+size : at+size]
		at += size
	}
	if at != uint64(len(b)) {
		return bad("there is something behind the last section")
	}
	return sections, nil
}

func (d *decoder) section(p *Program, section int) {
	switch section {
	case sectionSource:
		p.Source = string(d.take(len(d.src)))
	case sectionParams:
		p.Params = readAll(d, 6, (*decoder).param)
	case sectionVars:
		p.Vars = d.texts()
	case sectionConsts:
		p.Consts = readAll(d, 1, func(d *decoder) ops.Value { return d.value(0) })
	case sectionShapes:
		p.Shapes = readAll(d, 2, (*decoder).shape)
	case sectionPaths:
		p.Paths = readAll(d, 1, func(d *decoder) Path { return d.texts() })
	case sectionTypes:
		p.Types = readAll(d, 5, func(d *decoder) ops.Type { return d.typ(0) })
	case sectionFuncs:
		p.Funcs = readAll(d, 11, (*decoder).function)
	case sectionTables:
		p.Tables = readAll(d, 17, (*decoder).table)
	case sectionObjects:
		p.Objects = readAll(d, 18, (*decoder).objectRef)
	case sectionAccesses:
		p.Accesses = readAll(d, 9, (*decoder).access)
	case sectionBuilders:
		p.Builders = readAll(d, 7, (*decoder).builder)
	case sectionDefs:
		p.Defs = readAll(d, 8, (*decoder).change)
	case sectionFragments:
		p.Fragments = readAll(d, 6, (*decoder).fragment)
		if len(p.Fragments) > MaxFragments {
			d.fail("%d fragments, at most %d are possible", len(p.Fragments), MaxFragments)
		}
	case sectionStatements:
		p.Statements = readAll(d, 7, (*decoder).statement)
	default:
		d.manifest(&p.Manifest)
	}
}

// readAll reads a pool: a count, and so many entries of at least so many bytes.
func readAll[T any](d *decoder, least int, one func(*decoder) T) []T {
	n := d.count(least)
	if n > MaxInstructions {
		d.fail("a pool has %d entries, at most %d are possible", n, MaxInstructions)
		return nil
	}
	if n == 0 {
		return nil
	}
	all := make([]T, 0, min(n, 256))
	for range n {
		if d.err != nil {
			return nil
		}
		all = append(all, one(d))
	}
	return all
}

func (d *decoder) texts() []string { return readAll(d, 1, (*decoder).text) }

// flags reads a byte of n yes-or-nos.
func (d *decoder) flags(n int) (f [8]bool) {
	b := d.byte()
	if b>>n != 0 {
		d.fail("unknown flags %#x", b)
	}
	for i := range n {
		f[i] = b>>i&1 != 0
	}
	return f
}

// choice reads an enumeration of n values.
func (d *decoder) choice(n int, what string) byte {
	b := d.byte()
	if int(b) >= n {
		d.fail("%s is %d, at most %d is possible", what, b, n-1)
		return 0
	}
	return b
}

func (d *decoder) place(what string) int {
	i := d.int()
	if i < -1 || i > MaxInstructions {
		d.fail("%s is %d", what, i)
		return -1
	}
	return int(i)
}

func (d *decoder) param() Param {
	return Param{Name: d.text(), Type: d.typ(0), Optional: d.bool()}
}

func (d *decoder) shape() Shape {
	s := Shape{Form: RowForm(d.choice(len(formNames), "a row form"))}
	n := d.count(6)
	for range n {
		if d.err != nil {
			break
		}
		s.Names = append(s.Names, d.text())
		s.Types = append(s.Types, d.typ(0))
	}
	return s
}

func (d *decoder) typ(depth int) ops.Type {
	if depth > maxNesting {
		d.fail("a type nests deeper than %d", maxNesting)
		return ops.Type{}
	}
	t := ops.Type{Kind: ops.Kind(d.choice(ops.NumKinds, "a kind")), Width: ops.Width(d.choice(int(ops.WidthF64)+1, "a width"))}
	f := d.flags(5)
	t.Optional, t.Len, t.Name = f[0], d.small(1<<30, "a length"), d.text()
	if f[1] {
		e := d.typ(depth + 1)
		t.Elem = &e
	}
	if f[2] {
		t.Elems = append([]ops.Type{}, readAll(d, 5, func(d *decoder) ops.Type { return d.typ(depth + 1) })...)
	}
	if f[3] {
		t.Fields = append([]ops.FieldType{}, readAll(d, 6, func(d *decoder) ops.FieldType {
			return ops.FieldType{Name: d.text(), Type: d.typ(depth + 1)}
		})...)
	}
	if f[4] {
		if t.Variants = append([]string{}, d.texts()...); t.Kind != ops.KindString {
			d.fail("a type that is no string has variants")
		}
	}
	return t
}

func (d *decoder) function() FuncRef {
	f := FuncRef{Name: d.text(), Args: d.small(MaxInstructions, "a number of arguments")}
	copy(f.Print[:], d.take(len(f.Print)))
	f.Reads = d.small(MaxInstructions, "an access")
	return f
}

func (d *decoder) table() TableRef {
	t := TableRef{Name: d.text()}
	copy(t.Print[:], d.take(len(t.Print)))
	return t
}

func (d *decoder) access() Access {
	a := Access{Kind: AccessKind(d.choice(len(accessNames), "an access")), Table: d.place("a table"), Index: d.text()}
	a.Columns = readAll(d, 3, func(d *decoder) Column {
		return Column{Kind: ColumnKind(d.choice(len(columnNames), "a column")), Late: d.bool(), Path: d.texts()}
	})
	a.Lo, a.Hi = Bound(d.choice(int(Exclusive)+1, "a bound")), Bound(d.choice(int(Exclusive)+1, "a bound"))
	a.Equal = d.small(maxIndexFields, "a number of fields")
	a.After = d.small(maxIndexFields+1, "a number of values")
	a.Direction = Direction(d.choice(len(directionNames), "a direction"))
	f := d.flags(5)
	a.Reverse, a.IndexOnly, a.InOrder, a.IfNotExists, a.Upsert = f[0], f[1], f[2], f[3], f[4]
	return a
}

// maxIndexFields bounds the fields of an index.
const (
	maxIndexFields = 64
	maxFoldParams  = 8
)

func (d *decoder) builder() Builder {
	b := Builder{Kind: BuilderKind(d.choice(len(builderNames), "a builder")), Columns: d.small(MaxInstructions, "a number of columns")}
	b.Desc = readAll(d, 1, (*decoder).bool)
	b.Limited, b.Keys = d.bool(), d.small(MaxInstructions, "a number of keys")
	b.Join = JoinMode(d.choice(len(joinNames), "a join"))
	b.Aggregates = readAll(d, 2, func(d *decoder) Aggregate {
		a := Aggregate{Func: d.text()}
		f := d.flags(3)
		a.Star, a.Distinct, a.Filtered = f[0], f[1], f[2]
		a.Params = d.small(maxFoldParams, "a number of values for an aggregate")
		return a
	})
	b.Parent = uint16(d.small(MaxInstructions, "a cursor"))
	return b
}

func (d *decoder) objectKind() schema.ObjectKind {
	return schema.ObjectKind(d.choice(schema.NumObjectKinds, "a kind of definition"))
}

func (d *decoder) objectRef() ObjectRef {
	o := ObjectRef{Kind: d.objectKind(), Name: d.text()}
	copy(o.Print[:], d.take(len(o.Print)))
	return o
}

func (d *decoder) ref() schema.Ref {
	return schema.Ref{Kind: schema.RefKind(d.choice(int(schema.RefObject)+1, "a reference")), Object: d.objectKind(), Name: d.text(), Part: d.text()}
}

func (d *decoder) definition(name string) *schema.Object {
	kind, text := d.objectKind(), d.text()
	return schema.NewObject(kind, name, text, readAll(d, 4, (*decoder).ref))
}

func (d *decoder) change() schema.Change {
	c := schema.Change{Kind: schema.ChangeKind(d.choice(len(changeNames), "a change"))}
	f := d.flags(6)
	c.IfExists, c.Strict = f[0], f[1]
	for _, s := range []*string{&c.Namespace, &c.Database, &c.Name, &c.Consistency, &c.PartitionBy} {
		*s = d.text()
	}
	c.Replicas = d.small(1<<16, "a number of replicas")
	if f[2] {
		c.Table = d.descriptor()
	}
	if f[3] {
		c.Index = d.index()
	}
	if f[4] {
		c.Object = d.definition(c.Name)
	}
	if f[5] {
		c.Redefinition = d.redefinition()
	}
	return c
}

func (d *decoder) descriptor() *schema.Table {
	f := d.flags(2)
	t := &schema.Table{Edge: f[0], Schemafull: f[1], Name: d.text(), From: d.text(), To: d.text()}
	t.Fields = readAll(d, 10, (*decoder).field)
	t.Indexes = readAll(d, 4, (*decoder).index)
	t.Requires = readAll(d, 4, (*decoder).ref)
	return t
}

func (d *decoder) field() schema.Field {
	f := schema.Field{Path: d.texts(), Type: d.typ(0), Default: d.text(), Asserts: d.texts(), ReadOnly: d.bool()}
	f.Base = d.small(max(0, len(f.Path)-1), "the base of a field")
	return f
}

func (d *decoder) index() *schema.Index {
	ix := &schema.Index{Name: d.text(), Table: d.text()}
	ix.Fields = readAll(d, 1, (*decoder).texts)
	ix.Unique = d.bool()
	return ix
}

func (d *decoder) fragment() Fragment {
	f := Fragment{Inputs: readAll(d, 5, func(d *decoder) ops.Type { return d.typ(0) }), Shape: d.place("a shape")}
	f.Registers = readAll(d, 2, func(d *decoder) Register {
		r := Register{Kind: ops.Kind(d.choice(ops.NumKinds, "a kind"))}
		if b := d.small(MaxInstructions, "a batch"); b > 0 {
			r.Vector, r.Batch = true, uint16(b-1)
		}
		return r
	})
	f.Cursors = readAll(d, 2, func(d *decoder) CursorDecl {
		return CursorDecl{Parent: uint16(d.small(MaxInstructions, "a cursor")), Outer: d.bool()}
	})
	f.Code = readAll(d, 8, func(d *decoder) (in Instr) {
		if b := d.take(8); b != nil {
			le := binary.LittleEndian
			in = Instr{Op: le.Uint16(b), A: le.Uint16(b[2:]), B: le.Uint16(b[4:]), C: le.Uint16(b[6:])}
		}
		return in
	})
	f.Spans = make([]ops.Span, 0, len(f.Code))
	last := 0
	for range f.Code {
		if d.err != nil {
			break
		}
		s := d.span(last)
		f.Spans = append(f.Spans, s)
		last = s.Start
	}
	f.Function, f.Text = d.text(), d.text()
	f.Places = readAll(d, 4, func(d *decoder) Place {
		p := Place{PC: d.small(MaxInstructions, "an instruction"), Path: d.texts()}
		start, size := d.small(MaxProgram, "a span"), d.small(MaxProgram, "a span")
		p.Span = ops.Span{Start: start, End: start + size}
		return p
	})
	return f
}

// span reads a place in the source, relative to the one before.
func (d *decoder) span(last int) ops.Span {
	delta, size := d.int(), d.uint()
	if delta < -MaxProgram || delta > MaxProgram || size > MaxProgram || int64(last)+delta < 0 {
		d.fail("a span is outside the source")
		return ops.Span{}
	}
	start := last + int(delta)
	return ops.Span{Start: start, End: start + int(size)}
}

func (d *decoder) statement() Statement {
	s := Statement{Kind: StatementKind(d.choice(len(statementNames), "a statement")), Fragment: d.place("a fragment")}
	start, size := d.small(MaxProgram, "a span"), d.small(MaxProgram, "a span")
	s.Span = ops.Span{Start: start, End: start + size}
	s.Silent, s.Explain, s.Plan = d.bool(), d.choice(3, "explain"), d.text()
	s.Needs = readAll(d, 1, func(d *decoder) uint16 { return uint16(d.small(MaxInstructions, "an object")) })
	return s
}

func (d *decoder) manifest(m *Manifest) {
	fields := func(d *decoder) TableFields { return TableFields{Table: d.text(), Fields: d.texts()} }
	m.Reads, m.Writes = readAll(d, 2, fields), readAll(d, 2, fields)
	m.Functions, m.Capabilities = d.texts(), d.texts()
	m.Defines, m.Cost = d.bool(), CostClass(d.choice(len(costNames), "a cost class"))
}
