package schema

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zerodb/zerodb/ops"
)

// Redefinition is what REDEFINE TABLE says: the table's new name, and what becomes of its fields.
type Redefinition struct {
	To     string // the new name; "" keeps it
	Mode   Mode
	Fields []FieldChange
	// Requires are the objects that the new types, defaults and rules name.
	Requires []Ref
}

// Mode says whether a table shall hold fields that it does not declare.
type Mode uint8

const (
	ModeKept Mode = iota
	ModeSchemafull
	ModeSchemaless

	NumModes = int(ModeSchemaless) + 1
)

// Said has the clauses that a FieldChange gives; of the others a declared field keeps its own.
type Said uint8

const (
	SaidType Said = 1 << iota
	SaidDefault
	SaidAsserts
	SaidReadOnly

	AllSaid = SaidType | SaidDefault | SaidAsserts | SaidReadOnly
)

// FieldChange is what REDEFINE TABLE says of a field, which is new where the table has none of that path.
type FieldChange struct {
	As   string // the new last step of the path; "" keeps it
	Drop bool
	Said Said
	// Field holds the clauses that are given, under the path that the field has had.
	Field
	Members []Field // what a defined type brings with it, under the same path
	Unique  bool    // it gets a unique index
	// Fill is the value of Default, an encoded key, once it was computed for the records that are there. It is no part of a program.
	Fill []byte
}

// to returns the path that the field has afterwards.
func (f *FieldChange) to() []string {
	if f.As == "" {
		return f.Path
	}
	return append(slices.Clone(f.Path[:len(f.Path)-1]), f.As)
}

// Move is what happens to one field of the records that are there.
type Move struct {
	From []string
	To   []string  `json:",omitempty"` // empty: it is dropped
	Type *ops.Type `json:",omitempty"` // what it is converted to; nil leaves it as it is
	// Default is the ZeroQL source of what records without a value get, Fill the value once that was computed: an encoded key.
	Default string `json:",omitempty"`
	Fill    []byte `json:",omitempty"`
}

// Shape is what a redefinition makes of records that were written before it.
type Shape struct {
	// Before is the commit time at which it came into force: older records are read through it. 0 stands for the time of the
	// descriptor that says so.
	Before uint64 `json:",omitempty"`
	Moves  []Move `json:",omitempty"`
	// Links is a table's former name and its present one, where links to it are what changed.
	Links []string `json:",omitempty"`
	// Done says that no record older than Before is the newest of its key any more.
	Done bool `json:",omitempty"`
}

// Pending is a redefinition that is being checked: what is written meanwhile must fit it too.
type Pending struct {
	Shape
	// Table is what the table will be. Its indexes that are not ready are filled meanwhile, with what the records will be.
	Table *Table
}

// Redefine returns what a redefinition makes of a table of a catalog, and what it does to the records that are there.
func Redefine(c Catalog, name string, r *Redefinition) (*Table, []Move, error) {
	t := c.Table(name)
	if t == nil {
		return nil, nil, ops.Errorf(ops.CodeUnknownTable, "there is no table %s", name)
	}
	if err := checkRedefine(c, t, r); err != nil {
		return nil, nil, err
	}
	n := *t
	n.Schemafull = r.Mode == ModeSchemafull || r.Mode == ModeKept && t.Schemafull
	n.Fields = redefinedFields(t.Fields, r.Fields)
	for i := range n.Fields {
		if slices.ContainsFunc(n.Fields[:i], func(f Field) bool { return slices.Equal(f.Path, n.Fields[i].Path) }) {
			return nil, nil, ops.Errorf(ops.CodeAlreadyExists, "table %s would have the field %s twice", name, strings.Join(n.Fields[i].Path, "."))
		}
	}
	n.Requires = stillRequired(&n, append(slices.Clone(t.Requires), r.Requires...))
	if r.To != "" {
		n.Name = r.To
	}
	var err error
	if n.Indexes, err = redefinedIndexes(t, n.Name, r.Fields); err != nil {
		return nil, nil, err
	}
	moves := movesOf(t, r.Fields)
	if n.Name != name {
		n = *Renamed(&n, name, n.Name)
	}
	n.Fingerprint = FingerprintOf(&n)
	return &n, moves, nil
}

// checkRedefine refuses what makes no sense and what other definitions stand on.
func checkRedefine(c Catalog, t *Table, r *Redefinition) error {
	for i := range r.Fields {
		f := &r.Fields[i]
		path := strings.Join(f.Path, ".")
		fixed := f.Path[0] == "id" || t.Edge && (f.Path[0] == "in" || f.Path[0] == "out")
		switch {
		case fixed || f.As == "id" && len(f.Path) == 1:
			return ops.Errorf(ops.CodeReadOnly, "%s of table %s cannot be redefined", path, t.Name)
		case t.Edge && len(f.Path) == 1 && (f.As == "in" || f.As == "out"):
			return ops.Errorf(ops.CodeAlreadyExists, "%s of table %s cannot become %s, which an edge has already", path, t.Name, f.As)
		case slices.Contains(f.Path, "*"):
			return ops.Errorf(ops.CodeArgument, "the elements of %s cannot be redefined by themselves", path).WithHint("redefine the field that they are in")
		case slices.ContainsFunc(r.Fields[:i], func(o FieldChange) bool { return lies(f.Path, o.Path) || lies(o.Path, f.Path) }):
			return ops.Errorf(ops.CodeAlreadyExists, "field %s is redefined twice", path)
		case t.Schemafull && (f.Drop || f.As != "") && !t.has(f.Path):
			return ops.Errorf(ops.CodeUnknownField, "table %s has no field %s", t.Name, path)
		}
		if f.Drop || f.As != "" && f.As != f.Path[len(f.Path)-1] {
			if err := fieldInUse(c, t, r, f); err != nil {
				return err
			}
		}
	}
	if r.To == "" || r.To == t.Name {
		return nil
	}
	if c.Table(r.To) != nil {
		return ops.Errorf(ops.CodeAlreadyExists, "table %s exists", r.To)
	}
	if err := CheckTableName(c, r.To); err != nil {
		return err
	}
	return tableInUse(c, t)
}

// lies reports whether a path is another one or lies below it.
func lies(path, outer []string) bool {
	return len(path) >= len(outer) && slices.Equal(path[:len(outer)], outer)
}

// has reports whether a table declares a field of that path, or one below it.
func (t *Table) has(path []string) bool {
	return slices.ContainsFunc(t.Fields, func(f Field) bool { return lies(f.Path, path) })
}

// fieldInUse refuses to take a name from a field that another definition names.
func fieldInUse(c Catalog, t *Table, r *Redefinition, f *FieldChange) error {
	name := f.Path[len(f.Path)-1]
	what := "field " + strings.Join(f.Path, ".") + " of table " + t.Name
	for _, o := range standingOn(c, t.Name) {
		if hasWord(o.Text, name) {
			return ops.Errorf(ops.CodeInUse, "%s is named by %s %s", what, o.Kind, o.Name).WithHint("remove %s %s first, and define it anew afterwards", o.Kind, o.Name)
		}
	}
	for i := range t.Fields {
		o := &t.Fields[i]
		if lies(o.Path, f.Path) && f.Drop {
			continue
		}
		sources := append([]string{o.Default}, o.Asserts...)
		for j := range r.Fields {
			if n := &r.Fields[j]; slices.Equal(n.Path, o.Path) && n.Said&(SaidDefault|SaidAsserts) == SaidDefault|SaidAsserts {
				sources = nil
			}
		}
		for _, src := range sources {
			if hasWord(src, name) {
				return ops.Errorf(ops.CodeInUse, "%s is named by `%s` of field %s", what, src, strings.Join(o.Path, ".")).
					WithHint("give VALUE and ASSERT of %s anew in the same statement", strings.Join(o.Path, "."))
			}
		}
	}
	return nil
}

// tableInUse refuses to rename a table that other definitions name in their texts. Types and the ends of edges are renamed with it.
func tableInUse(c Catalog, t *Table) error {
	inUse := func(by, hint string) error {
		return ops.Errorf(ops.CodeInUse, "table %s is named by %s", t.Name, by).WithHint("%s, and define it anew afterwards", hint)
	}
	for _, o := range c.Objects() {
		if slices.Contains(o.Requires, Ref{Kind: RefTable, Name: t.Name}) || hasWord(o.Text, t.Name) {
			return inUse(o.Kind.String()+" "+o.Name, "remove "+o.Kind.String()+" "+o.Name+" first")
		}
	}
	for _, other := range c.Tables() {
		for i := range other.Fields {
			f := &other.Fields[i]
			for _, src := range append([]string{f.Default}, f.Asserts...) {
				if hasWord(src, t.Name) {
					field := other.Name + "." + strings.Join(f.Path, ".")
					return inUse("`"+src+"` of field "+field, "REDEFINE "+field+" without it first")
				}
			}
		}
	}
	return nil
}

// standingOn returns the objects that need a table or name it, and those that need these.
func standingOn(c Catalog, table string) (all []*Object) {
	refs := []Ref{{Kind: RefTable, Name: table}}
	for more := true; more; {
		more = false
		for _, o := range c.Objects() {
			needs := func(x Ref) bool { return slices.ContainsFunc(refs, x.within) }
			if !slices.Contains(all, o) && (slices.ContainsFunc(o.Requires, needs) || hasWord(o.Text, table)) {
				all, refs, more = append(all, o), append(refs, RefTo(o.Kind, o.Name)), true
			}
		}
	}
	return all
}

// hasWord reports whether a text has a name as a word of its own.
func hasWord(text, name string) bool {
	part := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 || name == "" {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(name):])
		if (i == 0 || !part(before)) && (i+len(name) == len(text) || !part(after)) {
			return true
		}
		from = i + 1
	}
}

// redefinedFields returns the declared fields afterwards, in their order, with new ones at the end.
func redefinedFields(old []Field, changes []FieldChange) (fields []Field) {
	found := make([]bool, len(changes))
	for _, f := range old {
		i := slices.IndexFunc(changes, func(c FieldChange) bool { return lies(f.Path, c.Path) })
		if i < 0 {
			fields = append(fields, f)
			continue
		}
		c := &changes[i]
		switch exact := len(f.Path) == len(c.Path); {
		case c.Drop, !exact && c.Said&SaidType != 0 && f.Base > 0:
		case exact:
			found[i] = true
			fields = append(append(fields, c.over(f)), c.members()...)
		default:
			f.Path = slices.Concat(c.to(), f.Path[len(c.Path):])
			fields = append(fields, f)
		}
	}
	for i := range changes {
		c := &changes[i]
		if !found[i] && !c.Drop && c.Said != 0 {
			fields = append(append(fields, c.over(Field{Type: ops.Any})), c.members()...)
		}
	}
	return fields
}

// over returns a field with the clauses that are given in place of its own.
func (f *FieldChange) over(old Field) Field {
	n := old
	n.Path = f.to()
	if f.Said&SaidType != 0 {
		n.Type = f.Type
	}
	if f.Said&SaidDefault != 0 {
		n.Default = f.Default
	}
	if f.Said&SaidAsserts != 0 {
		n.Asserts = f.Asserts
	}
	if f.Said&SaidReadOnly != 0 {
		n.ReadOnly = true
	}
	return n
}

func (f *FieldChange) members() (fields []Field) {
	for _, m := range f.Members {
		m.Path = slices.Concat(f.to(), m.Path[len(f.Path):])
		fields = append(fields, m)
	}
	return fields
}

// redefinedIndexes returns the indexes afterwards, under the ids that they have; new ones have none.
func redefinedIndexes(t *Table, name string, changes []FieldChange) (indexes []*Index, err error) {
	for _, ix := range t.Indexes {
		n := *ix
		n.Table, n.Fields = name, slices.Clone(ix.Fields)
		for i, path := range ix.Fields {
			for j := range changes {
				switch f := &changes[j]; {
				case !lies(path, f.Path):
				case f.Drop:
					return nil, ops.Errorf(ops.CodeInUse, "field %s of table %s is in index %s", strings.Join(f.Path, "."), t.Name, ix.Name).
						WithHint("remove index %s first", ix.Name)
				default:
					n.Fields[i] = slices.Concat(f.to(), path[len(f.Path):])
				}
			}
		}
		indexes = append(indexes, &n)
	}
	for i := range changes {
		f := &changes[i]
		if !f.Unique || f.Drop {
			continue
		}
		ix := &Index{Name: strings.Join(f.to(), "_") + "_unique", Table: name, Fields: [][]string{f.to()}, Unique: true}
		if slices.ContainsFunc(indexes, func(o *Index) bool { return o.Name == ix.Name }) {
			return nil, ops.Errorf(ops.CodeAlreadyExists, "index %s of table %s exists", ix.Name, t.Name)
		}
		indexes = append(indexes, ix)
	}
	return indexes, nil
}

// movesOf says what the records that are there need.
func movesOf(t *Table, changes []FieldChange) (moves []Move) {
	for i := range changes {
		f := &changes[i]
		m := Move{From: f.Path}
		if !f.Drop {
			m.To = f.to()
			if f.Said&SaidType != 0 {
				typ := f.Type
				m.Type = &typ
			} else if at := slices.IndexFunc(t.Fields, func(o Field) bool { return slices.Equal(o.Path, f.Path) }); at >= 0 && f.Said&SaidDefault != 0 {
				m.Type = &t.Fields[at].Type
			}
			if f.Said&SaidDefault != 0 {
				m.Default, m.Fill = f.Default, f.Fill
			}
		}
		if f.Drop || m.Type != nil || m.Default != "" || !slices.Equal(m.From, m.To) {
			moves = append(moves, m)
		}
	}
	return moves
}

// Relink returns what a table is when another one, to which its records may have links, is called otherwise. fresh is a name that the
// adjacency of an edge table has for no table.
func Relink(t *Table, from, to, fresh string) *Table {
	n := *Renamed(t, from, to)
	if t.Edge {
		n.Ends = renamedEnds(t, from, to, fresh)
	}
	return &n
}

// MayLink reports whether any of the paths of a table's records may hold a link, or the record's own id.
func (t *Table) MayLink(paths ...[]string) bool {
	return slices.ContainsFunc(paths, func(p []string) bool {
		i := slices.IndexFunc(t.Fields, func(f Field) bool { return slices.Equal(f.Path, p) })
		if i < 0 {
			return true
		}
		switch t.Fields[i].Type.Kind {
		case ops.KindBool, ops.KindInt, ops.KindWide, ops.KindFloat, ops.KindDecimal, ops.KindString, ops.KindBytes, ops.KindTime, ops.KindDuration, ops.KindUUID, ops.KindRegex:
			return false
		}
		return true
	})
}

// Touches reports whether moves give any of the paths other values than a change of its name does.
func Touches(moves []Move, paths ...[]string) bool {
	return slices.ContainsFunc(moves, func(m Move) bool {
		return (m.Type != nil || m.Default != "" || m.Fill != nil) && slices.ContainsFunc(paths, func(p []string) bool { return lies(p, m.To) || lies(m.To, p) })
	})
}

// stillRequired returns those of refs that a table names.
func stillRequired(t *Table, refs []Ref) []Ref {
	return slices.DeleteFunc(Refs(refs), func(r Ref) bool {
		return !slices.ContainsFunc(t.Fields, func(f Field) bool {
			return slices.ContainsFunc(append([]string{f.Type.String(), f.Default}, f.Asserts...), func(s string) bool { return hasWord(s, r.Name) })
		})
	})
}

// Renamed returns a table in whose types and ends another table has a new name, or the table itself.
func Renamed(t *Table, from, to string) *Table {
	n := *t
	n.Fields = slices.Clone(t.Fields)
	changed := false
	for i := range n.Fields {
		n.Fields[i].Type = renamedType(n.Fields[i].Type, from, to, &changed)
	}
	for _, end := range []*string{&n.From, &n.To} {
		if *end == from {
			*end, changed = to, true
		}
	}
	if !changed {
		return t
	}
	n.Fingerprint = FingerprintOf(&n)
	return &n
}

func renamedType(t ops.Type, from, to string, changed *bool) ops.Type {
	if t.Kind == ops.KindRecord && t.Name == from {
		t.Name, *changed = to, true
	}
	if t.Elem != nil {
		e := renamedType(*t.Elem, from, to, changed)
		t.Elem = &e
	}
	t.Elems = slices.Clone(t.Elems)
	for i := range t.Elems {
		t.Elems[i] = renamedType(t.Elems[i], from, to, changed)
	}
	t.Fields = slices.Clone(t.Fields)
	for i := range t.Fields {
		t.Fields[i].Type = renamedType(t.Fields[i].Type, from, to, changed)
	}
	return t
}
