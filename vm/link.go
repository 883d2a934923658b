package vm

import (
	"sync"

	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// Linked is one statement of a program with its names resolved in one version of a catalog. It is immutable and shared by
// goroutines; runs take their frames from its pools.
type Linked struct {
	Program   *Program
	Statement int

	root      int  // its fragment; -1 where it has none
	changes   bool // it writes, or sets variables
	record    bool // see GivesRecord
	fragments []linkedFragment
	accesses  []linkedAccess
	funcs     []*ops.Func
	texts     []string   // string constants, by constant
	steps     [][]Column // of paths, by path
	// fills are, by definition, the expressions that give records of a redefined table what they lack; by field.
	fills map[uint16][]*Linked
	// compile makes the guards of tables that are known only when the statement runs.
	compile Compile
}

// linkedFragment is a fragment with what a frame of it needs to know.
type linkedFragment struct {
	*Fragment
	number   int
	builders []*linkedBuilder
	slots    []uint16 // by builder of the program: which of builders
	callSlot []uint16 // by instruction: which of a frame's calls
	calls    int
	sets     bool // it has var.set
	// repeatable fragments give the same for the same inputs, see call.recall.
	repeatable bool
	limits     []int     // by cursor: the slot of the limit that takes its rows as they come, -1 without
	handlers   []handler // by instruction
	pool       sync.Pool
}

// linkedAccess is an access with its table. A table that does not exist is nil: reading it gives no rows, writing makes it.
type linkedAccess struct {
	*Access
	name  string
	table *schema.Table
	index *schema.Index
	guard *Guard
	keyed []Column // the columns and the id, for open.keys
}

// LinkOptions is what linking needs beside the catalog.
type LinkOptions struct {
	// CompileGuard compiles the rules of tables that the statement writes; see Compile.
	CompileGuard Compile
	// Rules is where the rules of tables are read, and what they are compiled with; nil: the catalog. It differs where the catalog shows
	// only a part of what there is.
	Rules schema.Catalog
}

// Shape returns the shape of the statement's rows; nil where it has none.
func (l *Linked) Shape() *Shape {
	if l.root < 0 || l.fragments[l.root].Shape < 0 {
		return nil
	}
	return &l.Program.Shapes[l.fragments[l.root].Shape]
}

// SetsVariables reports whether the statement sets variables of the program.
func (l *Linked) SetsVariables() bool {
	return l.root >= 0 && l.fragments[l.root].sets
}

// Link resolves a statement's names. It fails with recompile where what the program assumed of a table, an index or a
// function is no longer so. The catalog may be nil for expressions that read no tables.
func Link(p *Program, statement int, c schema.Catalog, o LinkOptions) (*Linked, error) {
	l := &Linked{Program: p, Statement: statement, root: p.Statements[statement].Fragment, compile: o.CompileGuard,
		fragments: make([]linkedFragment, len(p.Fragments)), accesses: make([]linkedAccess, len(p.Accesses)),
		funcs: make([]*ops.Func, len(p.Funcs)), texts: make([]string, len(p.Consts)), steps: make([][]Column, len(p.Paths))}
	for i, c := range p.Consts {
		if c.Kind() == ops.KindString {
			l.texts[i] = c.AsString()
		}
	}
	for i, path := range p.Paths {
		l.steps[i] = stepsOf(path)
	}
	if l.root < 0 {
		return l, nil
	}
	if err := l.objects(p.Statements[statement].Needs, c); err != nil {
		return nil, err
	}
	if err := l.fragment(l.root, c, o); err != nil {
		return nil, err
	}
	l.record = l.fragments[l.root].givesRecord(l)
	return l, nil
}

// GivesRecord reports whether all that the statement gives is one record as a get has read it. Then its memory is that of what the
// transaction gave.
func (l *Linked) GivesRecord() bool { return l.record }

// givesRecord finds that out: the fragment looks a key up, reads one whole record and emits it.
func (f *linkedFragment) givesRecord(l *Linked) bool {
	read := -1 // the register that the record comes to
	for pc := range f.Code {
		switch in := &f.Code[pc]; in.Op {
		case opcodes.Const, opcodes.Param, opcodes.Record, opcodes.JumpIf, opcodes.End:
		case opcodes.Get:
			columns := l.accesses[in.B].Columns
			if read >= 0 || len(columns) != 1 || columns[0].Kind != ColumnRecord {
				return false
			}
			read = int(in.A) + 1
		case opcodes.EmitRow:
			if int(in.B) != read || l.Program.Shapes[in.A].Form == RowColumns {
				return false
			}
		default:
			return false
		}
	}
	return read >= 0
}

// fragment links a fragment and those that it runs.
func (l *Linked) fragment(number int, c schema.Catalog, o LinkOptions) error {
	f := &l.fragments[number]
	if f.Fragment != nil {
		return nil
	}
	f.Fragment, f.number = &l.Program.Fragments[number], number
	f.slots = make([]uint16, len(l.Program.Builders))
	f.callSlot = make([]uint16, len(f.Code))
	for pc := range f.Code {
		if err := l.instruction(f, pc, c, o); err != nil {
			return f.failed(pc, err)
		}
	}
	f.repeatable = l.isRepeatable(f)
	f.findLimits()
	f.findHandlers()
	return nil
}

// isRepeatable reports whether a fragment always gives the same for the same inputs as long as nothing is written. It notes what
// writes, or sets a variable.
func (l *Linked) isRepeatable(f *linkedFragment) bool {
	yes := true
	for pc := range f.Code {
		in := &f.Code[pc]
		row := &ops.Table[in.Op]
		if row.Form == ops.FormWrite || row.Form == ops.FormDefine || in.Op == opcodes.VarSet {
			l.changes, yes = true, false
		}
		for i, class := range row.Operands {
			switch x := in.operand(i); class {
			case ops.FuncRef:
				yes = yes && l.funcs[x].Capability == ""
			case ops.FragmentRef:
				yes = yes && l.fragments[x].repeatable
			}
		}
	}
	return yes
}

// findLimits finds the cursors of which a limit takes the rows as they come, so that no more of them need be read.
func (f *linkedFragment) findLimits() {
	f.limits = make([]int, len(f.Cursors))
	for c := range f.limits {
		f.limits[c] = -1
	}
	for i := range f.Code {
		switch in := &f.Code[i]; in.Op {
		case opcodes.Limit:
			if f.limits[in.A] == -1 {
				f.limits[in.A] = int(f.slots[in.B])
			} else {
				f.limits[in.A] = -2
			}
		case opcodes.Filter, opcodes.Distinct, opcodes.Topk, opcodes.Paired:
			f.limits[in.A] = -2
		}
	}
}

func (l *Linked) instruction(f *linkedFragment, pc int, c schema.Catalog, o LinkOptions) error {
	in := &f.Code[pc]
	row := &ops.Table[in.Op]
	for i, class := range row.Operands {
		operand := [3]uint16{in.A, in.B, in.C}[i]
		var err error
		switch class {
		case ops.AccessRef:
			err = l.access(int(operand), c)
		case ops.FuncRef:
			err = l.function(int(operand), c)
		case ops.FragmentRef:
			err = l.fragment(int(operand), c, o)
		case ops.BuilderRef:
			f.useBuilder(l.Program, operand)
		}
		if err != nil {
			return err
		}
	}
	switch in.Op {
	case opcodes.Define:
		return l.defaults(in.A, c, o)
	case opcodes.VarSet:
		f.sets = true
	case opcodes.Rows, opcodes.Exists, opcodes.Run:
		f.callSlot[pc] = uint16(f.calls)
		f.calls++
	case opcodes.Create, opcodes.Update, opcodes.Relate:
		return l.guard(&l.accesses[in.B], c, o)
	}
	return nil
}

// useBuilder gives a builder a place in the fragment's frames.
func (f *linkedFragment) useBuilder(p *Program, b uint16) {
	decl := &p.Builders[b]
	if s := int(f.slots[b]); s < len(f.builders) && f.builders[s].Builder == decl {
		return
	}
	f.slots[b] = uint16(len(f.builders))
	f.builders = append(f.builders, linkBuilder(decl))
}

func (l *Linked) function(i int, c schema.Catalog) error {
	ref := &l.Program.Funcs[i]
	f := ops.LookupFunc(ref.Name)
	if f == nil {
		return ops.Errorf(ops.CodeRecompile, "there is no function %s in this version", ref.Name)
	}
	if f.SignatureOf(ref.Print) == nil {
		return ops.Errorf(ops.CodeRecompile, "function %s has changed since the program was compiled; it is %s", ref.Name, f.Usage())
	}
	l.funcs[i] = f
	if ref.Reads > 0 {
		return l.access(ref.Reads-1, c)
	}
	return nil
}

// objects compares the definitions that the statement was compiled with. Others of the program may come to be only when
// its earlier statements have run.
func (l *Linked) objects(needs []uint16, c schema.Catalog) error {
	for _, i := range needs {
		ref := &l.Program.Objects[i]
		var o *schema.Object
		if c != nil {
			o = c.Object(ref.Kind, ref.Name)
		}
		if o == nil || o.Fingerprint != ref.Print {
			return recompile("%s %s has changed since the program was compiled", ref.Kind, ref.Name)
		}
	}
	return nil
}

func (l *Linked) access(i int, c schema.Catalog) error {
	a := &l.accesses[i]
	if a.Access != nil {
		return nil
	}
	decl := &l.Program.Accesses[i]
	if decl.Table >= 0 {
		ref := &l.Program.Tables[decl.Table]
		a.name = ref.Name
		if c != nil {
			a.table = c.Table(ref.Name)
		}
		if err := fits(ref, a.table); err != nil {
			return err
		}
	}
	if decl.Kind == AccessIndex && a.table != nil {
		a.index = a.table.Index(decl.Index)
		switch {
		case a.index == nil:
			return ops.Errorf(ops.CodeRecompile, "table %s has no index %s any more", a.name, decl.Index)
		case !a.index.Ready:
			return ops.Errorf(ops.CodeRecompile, "index %s of table %s is being built", decl.Index, a.name)
		case decl.Equal > len(a.index.Fields) || decl.Equal == len(a.index.Fields) && (decl.Lo != Unbounded || decl.Hi != Unbounded):
			return ops.Errorf(ops.CodeBadProgram, "index %s of table %s has %d fields, the program bounds more", decl.Index, a.name, len(a.index.Fields))
		}
	}
	a.keyed = append(append([]Column(nil), decl.Columns...), Column{Kind: ColumnID})
	a.Access = decl
	return nil
}

// fits compares a table with what the program assumed of it.
func fits(ref *TableRef, t *schema.Table) error {
	var none [16]byte
	switch {
	case ref.Print == none && (t == nil || !t.Schemafull && len(t.Fields) == 0):
		return nil
	case ref.Print == none:
		return recompile("table %s was not defined when the program was compiled, and has fields now", ref.Name)
	case t == nil:
		return recompile("there is no table %s any more", ref.Name)
	case t.Fingerprint != ref.Print:
		return recompile("table %s has changed since the program was compiled", ref.Name)
	}
	return nil
}

func recompile(format string, args ...any) error {
	return ops.Errorf(ops.CodeRecompile, format, args...).WithHint("compile it again against the current schema")
}

func (l *Linked) guard(a *linkedAccess, c schema.Catalog, o LinkOptions) (err error) {
	if a.guard != nil {
		return nil
	}
	if a.table == nil { // it is not defined, or known only when the statement runs: see target
		a.guard = emptyGuard
		return nil
	}
	t := a.table
	if o.Rules != nil {
		if c = o.Rules; c.Table(a.name) != nil {
			t = c.Table(a.name)
		}
	}
	a.guard, err = NewGuard(t, c, o.CompileGuard)
	return err
}
