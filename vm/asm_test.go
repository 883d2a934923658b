package vm

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// assemble reads what Disassemble writes, without definitions of fields and without plans. What may be left out in hand-written
// programs: the numbers of pool entries and instructions, fingerprints, columns of builders, the manifest (it is computed).
func assemble(text string) (p *Program, err error) {
	a := assembler{p: new(Program), opcodes: map[string]uint16{}}
	for i, row := range ops.Table {
		a.opcodes[row.Name] = uint16(i)
	}
	defer func() {
		if e, ok := recover().(asmError); ok {
			p, err = nil, fmt.Errorf("%s: %s", a.line, string(e))
		}
	}()
	for _, line := range strings.Split(text, "\n") {
		if i := commentAt(line); i >= 0 {
			line = line[:i]
		}
		if a.line = line; strings.TrimSpace(line) != "" && !strings.HasPrefix(strings.TrimSpace(line), "| ") {
			a.statement(strings.TrimSpace(line), strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t"))
		}
	}
	if !a.manifest {
		a.p.Manifest = ComputeManifest(a.p)
	}
	return a.p, nil
}

type asmError string

type assembler struct {
	p        *Program
	f        *Fragment
	opcodes  map[string]uint16
	line     string
	manifest bool
}

func fail(format string, args ...any) { panic(asmError(fmt.Sprintf(format, args...))) }

// commentAt finds a ; outside of strings.
func commentAt(line string) int {
	in := byte(0)
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case in != 0:
			if c == '\\' {
				i++
			} else if c == in {
				in = 0
			}
		case c == '"' || c == '`':
			in = c
		case c == ';':
			return i
		}
	}
	return -1
}

// statement reads one line.
func (a *assembler) statement(line string, inner bool) {
	s := &scanner{text: line}
	word := s.peekWord()
	if inner && a.f != nil && word != "reads" && word != "writes" && word != "calls" && word != "needs" {
		a.inner(s)
		return
	}
	s.word()
	p := a.p
	switch word {
	case "zqb":
		s.rest()
	case "param":
		s.index("p")
		x := Param{Name: s.dollar()}
		t := s.rest()
		t, x.Optional = strings.CutSuffix(t, " optional")
		x.Type = typeOf(t)
		p.Params = append(p.Params, x)
	case "var":
		s.index("v")
		p.Vars = append(p.Vars, s.dollar())
	case "const":
		s.index("k")
		p.Consts = append(p.Consts, s.value())
	case "shape":
		s.index("s")
		p.Shapes = append(p.Shapes, s.shape())
	case "path":
		s.index("h")
		p.Paths = append(p.Paths, s.path())
	case "type":
		s.index("y")
		p.Types = append(p.Types, typeOf(s.rest()))
	case "func":
		s.index("f")
		p.Funcs = append(p.Funcs, s.function())
	case "table":
		s.index("t")
		t := TableRef{Name: s.name()}
		if h := s.rest(); h != "" {
			if _, err := hex.Decode(t.Print[:], []byte(h)); err != nil {
				fail("%v", err)
			}
		}
		p.Tables = append(p.Tables, t)
	case "object":
		s.index("o")
		p.Objects = append(p.Objects, s.object())
	case "access":
		s.index("a")
		p.Accesses = append(p.Accesses, s.access())
	case "builder":
		s.index("b")
		p.Builders = append(p.Builders, s.builder())
	case "def":
		s.index("d")
		p.Defs = append(p.Defs, s.change())
	case "fragment":
		a.fragment(s)
	case "statement":
		a.f = nil
		p.Statements = append(p.Statements, s.stmt())
	case "manifest":
		a.f, a.manifest = nil, true
		s.expect("cost")
		p.Manifest.Cost = CostClass(choice(costNames[:], s.word()))
		p.Manifest.Defines = s.accept("defines")
	case "reads":
		p.Manifest.Reads = append(p.Manifest.Reads, s.fields())
	case "writes":
		p.Manifest.Writes = append(p.Manifest.Writes, s.fields())
	case "calls":
		p.Manifest.Functions = strings.Split(s.rest(), ", ")
	case "needs":
		p.Manifest.Capabilities = strings.Split(s.rest(), ", ")
	default:
		fail("what is %s?", word)
	}
	if s.skip(); s.text != "" {
		fail("left over: %s", s.text)
	}
}

func (a *assembler) fragment(s *scanner) {
	s.index("F")
	a.p.Fragments = append(a.p.Fragments, Fragment{Shape: -1})
	a.f = &a.p.Fragments[len(a.p.Fragments)-1]
	for s.skip(); s.text != ""; s.skip() {
		switch s.word() {
		case "in":
			a.f.Inputs = append(a.f.Inputs, typeOf(s.word()))
		case "emits":
			a.f.Shape = s.index("s")
		}
	}
}

func (a *assembler) inner(s *scanner) {
	f := a.f
	switch s.peekWord() {
	case "cursor":
		s.word()
		s.index("c")
		c := CursorDecl{}
		if s.accept("of") {
			c.Parent = uint16(s.index("c") + 1)
		}
		c.Outer = s.accept("outer")
		f.Cursors = append(f.Cursors, c)
		return
	case "register":
		s.word()
		s.index("r")
		r := Register{Kind: kindNamed(s.word())}
		if s.accept("of") {
			r.Vector, r.Batch = true, uint16(s.index("c"))
		}
		f.Registers = append(f.Registers, r)
		return
	}
	if w := s.peekWord(); w != "" && w[0] >= '0' && w[0] <= '9' {
		s.word()
	}
	name := s.word()
	op, ok := a.opcodes[name]
	if !ok {
		fail("what is %s?", name)
	}
	in := Instr{Op: op}
	slots := [3]*uint16{&in.A, &in.B, &in.C}
	first := true
	for i, class := range ops.Table[op].Operands {
		if class == ops.NoOperand {
			continue
		}
		if !first {
			s.expect(",")
		}
		first = false
		*slots[i] = uint16(s.index(prefixes[class]))
	}
	f.Code = append(f.Code, in)
	f.Spans = append(f.Spans, ops.Span{})
}

func kindNamed(name string) ops.Kind {
	for k := range ops.NumKinds {
		if ops.Kind(k).String() == name {
			return ops.Kind(k)
		}
	}
	fail("there is no kind %s", name)
	return 0
}

func choice(names []string, word string) int {
	for i, n := range names {
		if n == word {
			return i
		}
	}
	fail("%q is none of %q", word, names)
	return 0
}

func typeOf(text string) ops.Type {
	t, err := ops.ParseType(strings.TrimSpace(text))
	if err != nil {
		fail("%v", err)
	}
	return t
}

// scanner reads the parts of a line.
type scanner struct{ text string }

func (s *scanner) skip() { s.text = strings.TrimLeft(s.text, " \t") }

func (s *scanner) rest() string {
	t := strings.TrimSpace(s.text)
	s.text = ""
	return t
}

func (s *scanner) peekWord() string {
	s.skip()
	n := strings.IndexAny(s.text, " \t,")
	if n < 0 {
		n = len(s.text)
	}
	return s.text[:n]
}

func (s *scanner) word() string {
	w := s.peekWord()
	s.text = s.text[len(w):]
	return w
}

func (s *scanner) accept(w string) bool {
	s.skip()
	if rest, ok := strings.CutPrefix(s.text, w); ok {
		s.text = rest
		return true
	}
	return false
}

func (s *scanner) expect(w string) {
	if !s.accept(w) {
		fail("%q is wanted before %q", w, s.text)
	}
}

// index reads a number with the letter of its class.
func (s *scanner) index(prefix string) int {
	s.expect(prefix)
	n := 0
	for n < len(s.text) && s.text[n] >= '0' && s.text[n] <= '9' {
		n++
	}
	i, err := strconv.Atoi(s.text[:n])
	if err != nil {
		fail("a number is wanted before %q", s.text)
	}
	s.text = s.text[n:]
	return i
}

func (s *scanner) number() int { return s.index("") }

func (s *scanner) dollar() string {
	s.expect("$")
	return s.word()
}

func (s *scanner) name() string {
	s.skip()
	if strings.HasPrefix(s.text, "`") {
		end := strings.Index(s.text[1:], "`") + 1
		n := s.text[1:end]
		s.text = s.text[end+1:]
		return n
	}
	n := 0
	for n < len(s.text) && !strings.ContainsRune(" ,.()[]:/", rune(s.text[n])) {
		n++
	}
	w := s.text[:n]
	s.text = s.text[n:]
	return w
}

func (s *scanner) path() Path {
	if s.accept("*") {
		return nil
	}
	p := Path{s.name()}
	for strings.HasPrefix(s.text, ".") {
		s.text = s.text[1:]
		p = append(p, s.name())
	}
	return p
}

func (s *scanner) shape() Shape {
	x := Shape{Form: RowForm(choice(formNames[:], s.word()))}
	for s.skip(); s.text != ""; s.skip() {
		s.accept(",")
		x.Names = append(x.Names, s.name())
		n := strings.Index(s.text, ",")
		if n < 0 {
			n = len(s.text)
		}
		x.Types = append(x.Types, typeOf(s.text[:n]))
		s.text = s.text[n:]
	}
	return x
}

func (s *scanner) function() FuncRef {
	f := FuncRef{}
	f.Name, s.text, _ = strings.Cut(strings.TrimSpace(s.text), "/")
	f.Args = s.number()
	h := strings.TrimSpace(s.rest())
	if before, access, ok := strings.Cut(h, "a"); ok && (before == "" || strings.HasSuffix(before, " ")) {
		h = strings.TrimSpace(before)
		f.Reads = 1 + (&scanner{text: "a" + access}).index("a")
	}
	if h != "" {
		if _, err := hex.Decode(f.Print[:], []byte(h)); err != nil {
			fail("%v", err)
		}
		return f
	}
	args := make([]ops.Type, f.Args)
	for i := range args {
		args[i] = ops.Any
	}
	_, sig, err := ops.Resolve(f.Name, args)
	if err != nil {
		fail("%v", err)
	}
	f.Print = sig.Fingerprint(f.Name)
	return f
}

func (s *scanner) access() Access {
	a := Access{Kind: AccessKind(choice(accessNames[:], s.word())), Table: -1}
	if s.accept("t") {
		a.Table = s.number()
	}
	if s.accept("by ") {
		a.Index = s.name()
		if s.accept("equal") {
			a.Equal = s.number()
		}
	}
	if s.accept("after") {
		a.After = s.number()
	}
	s.expect("[")
	for !s.accept("]") {
		c := Column{}
		switch {
		case s.accept("*"):
			c.Kind = ColumnRecord
		case s.accept("->"):
			c.Kind = ColumnVertex
		case s.accept("."):
			c.Kind, c.Path = ColumnField, s.path()
		default:
			c.Kind = ColumnKind(choice(columnNames[:], s.name()))
		}
		c.Late = s.accept("late")
		a.Columns = append(a.Columns, c)
		s.accept(",")
	}
	for s.skip(); s.text != ""; s.skip() {
		switch s.word() {
		case ">=":
			a.Lo = Inclusive
		case ">":
			a.Lo = Exclusive
		case "<=":
			a.Hi = Inclusive
		case "<":
			a.Hi = Exclusive
		case "reverse":
			a.Reverse = true
		case "index-only":
			a.IndexOnly = true
		case "in-order":
			a.InOrder = true
		case "if-not-exists":
			a.IfNotExists = true
		case "upsert":
			a.Upsert = true
		case "in":
			a.Direction = In
		case "both":
			a.Direction = Both
		}
	}
	return a
}

func (s *scanner) builder() Builder {
	b := Builder{Kind: BuilderKind(choice(builderNames[:], s.word())), Columns: s.number()}
	if s.accept("keys") {
		b.Keys = s.number()
	}
	if s.accept("of") {
		b.Parent = uint16(s.index("c"))
	}
	for s.skip(); s.text != ""; s.skip() {
		switch w := s.word(); {
		case w == "asc" || w == "desc":
			b.Desc = append(b.Desc, w == "desc")
		case w == "limited":
			b.Limited = true
		case b.Kind == BuildJoin:
			b.Join = JoinMode(choice(joinNames[:], w))
		default:
			a := Aggregate{}
			if f, n, ok := strings.Cut(w, "/params="); ok {
				w, a.Params = f, int(n[0]-'0')
			}
			w, a.Filtered = strings.CutSuffix(w, "/where")
			w, a.Distinct = strings.CutSuffix(w, "/distinct")
			a.Func, a.Star = strings.CutSuffix(w, "(*)")
			b.Aggregates = append(b.Aggregates, a)
		}
	}
	return b
}

func (s *scanner) change() schema.Change {
	for k := len(changeNames) - 1; k >= 0; k-- {
		if !s.accept(changeNames[k]) {
			continue
		}
		c := schema.Change{Kind: schema.ChangeKind(k)}
		c.IfExists = s.accept("if-exists")
		kind := schema.ObjectKind(0)
		if c.Kind == schema.DefineObject || c.Kind == schema.RemoveObject {
			kind = s.objectKind()
		}
		c.IfExists = c.IfExists || s.accept("if-exists")
		if k != int(schema.UseDatabase) {
			c.Name = s.name()
		}
		if s.accept("ns ") {
			c.Namespace = s.name()
		}
		if s.accept("db ") {
			c.Database = s.name()
		}
		c.Strict = s.accept("strict")
		switch c.Kind {
		case schema.DefineTable:
			c.Table = &schema.Table{Name: c.Name, Edge: s.accept("edge")}
			c.Table.Schemafull = s.accept("schemafull")
			s.expect("()")
		case schema.DefineIndex, schema.RemoveIndex:
			s.expect("on")
			c.Index = &schema.Index{Name: c.Name, Table: s.name()}
			s.expect("(")
			for !s.accept(")") {
				c.Index.Fields = append(c.Index.Fields, s.path())
				s.accept(",")
			}
			c.Index.Unique = s.accept("unique")
		case schema.DefineObject, schema.RemoveObject:
			text := ""
			if s.skip(); s.text != "" {
				text = s.value().AsString()
			}
			c.Object = schema.NewObject(kind, c.Name, text, nil)
		}
		return c
	}
	fail("what change is %s?", s.text)
	return schema.Change{}
}

func (s *scanner) objectKind() schema.ObjectKind {
	w := s.word()
	for k := range schema.ObjectKind(schema.NumObjectKinds) {
		if k.String() == w {
			return k
		}
	}
	fail("there is no definition of a %s", w)
	return 0
}

func (s *scanner) object() ObjectRef {
	o := ObjectRef{Kind: s.objectKind(), Name: s.name()}
	if _, err := hex.Decode(o.Print[:], []byte(s.rest())); err != nil {
		fail("%v", err)
	}
	return o
}

func (s *scanner) stmt() Statement {
	s.number()
	x := Statement{Kind: StatementKind(choice(statementNames[:], s.word())), Fragment: -1}
	for s.skip(); s.text != ""; s.skip() {
		switch w := s.word(); w {
		case "silent":
			x.Silent = true
		case "explain":
			x.Explain = 1
		case "analyze":
			x.Explain = 2
		case "needs":
			for s.skip(); s.text != ""; s.skip() {
				x.Needs = append(x.Needs, uint16(s.index("o")))
				s.accept(",")
			}
		default:
			x.Fragment, _ = strconv.Atoi(w[1:])
		}
	}
	return x
}

func (s *scanner) fields() TableFields {
	t := TableFields{Table: s.name()}
	s.expect("(")
	list := strings.TrimSuffix(s.rest(), ")")
	if list != "" {
		t.Fields = strings.Split(list, ", ")
	}
	return t
}

// value reads a literal.
func (s *scanner) value() ops.Value {
	s.skip()
	if s.text == "" {
		fail("a value is wanted")
	}
	switch c := s.text[0]; {
	case c == '"':
		q, err := strconv.QuotedPrefix(s.text)
		if err != nil {
			fail("%v", err)
		}
		s.text = s.text[len(q):]
		t, _ := strconv.Unquote(q)
		return ops.String(t)
	case c == '[':
		s.text = s.text[1:]
		return ops.List(s.values("]"))
	case c == '(':
		s.text = s.text[1:]
		return ops.Tuple(s.values(")"))
	case c == '{':
		s.text = s.text[1:]
		var ms []ops.Member
		for !s.accept("}") {
			name := s.name()
			s.expect(":")
			ms = append(ms, ops.Member{Name: name, Value: s.value()})
			s.accept(",")
		}
		return ops.Object(ms)
	}
	n := strings.IndexAny(s.text, " ,])}")
	if n < 0 {
		n = len(s.text)
	}
	w := s.text[:n]
	s.text = s.text[n:]
	switch w {
	case "none":
		return ops.None
	case "true", "false":
		return ops.Bool(w == "true")
	}
	if i, err := strconv.ParseInt(w, 10, 64); err == nil {
		return ops.Int(i)
	}
	if f, err := strconv.ParseFloat(w, 64); err == nil {
		return ops.Float(f)
	}
	if table, key, ok := strings.Cut(w, ":"); ok {
		return ops.Record(table, (&scanner{strconvKey(key)}).value())
	}
	fail("what value is %s?", w)
	return ops.None
}

// strconvKey makes a literal of a record's key: a word is a string.
func strconvKey(key string) string {
	if _, err := strconv.Atoi(key); err == nil || strings.HasPrefix(key, `"`) {
		return key
	}
	return strconv.Quote(key)
}

func (s *scanner) values(end string) []ops.Value {
	var vs []ops.Value
	for !s.accept(end) {
		vs = append(vs, s.value())
		s.accept(",")
	}
	return vs
}
