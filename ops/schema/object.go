package schema

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/zerodb/zerodb/ops"
)

// ObjectKind is the kind of a definition that is kept as its text.
type ObjectKind uint8

const (
	ObjectType ObjectKind = iota
	ObjectEnum
	ObjectParam
	ObjectFunction
	ObjectModule
	ObjectView
	ObjectUser // of the node, as roles are: every namespace sees the same ones
	ObjectRole

	NumObjectKinds = int(ObjectRole) + 1
)

var objectKinds = [NumObjectKinds]string{
	ObjectType: "type", ObjectEnum: "enum", ObjectParam: "parameter", ObjectFunction: "function", ObjectModule: "module", ObjectView: "view",
	ObjectUser: "user", ObjectRole: "role",
}

// String returns the kind's name in a sentence.
func (k ObjectKind) String() string {
	if int(k) < NumObjectKinds {
		return objectKinds[k]
	}
	return "definition"
}

// OfNode reports whether definitions of the kind belong to the node and to none of its databases.
func (k ObjectKind) OfNode() bool { return k == ObjectUser || k == ObjectRole }

// OwnerRole is the role that is there without being defined: it may do everything.
const OwnerRole = "owner"

// Object is a definition whose meaning is its text: the compiler reads it again where a program uses it. Only what other
// definitions and stores must know of it without a compiler stands beside the text.
type Object struct {
	Kind ObjectKind
	Name string
	// Text is the canonical statement that defines it, without IF NOT EXISTS and ON.
	Text string
	// Requires are what it names, each once, in order; none of them can be removed while it is there, but for the roles of a user.
	Requires []Ref `json:",omitempty"`
	// Secret is what the text leaves out, and nothing shows: the hash of a user's password.
	Secret string `json:",omitempty"`
	// Namespace and Database are where the databases and tables are that a role names.
	Namespace string `json:",omitempty"`
	Database  string `json:",omitempty"`
	// Fingerprint identifies the kind, the name and the text.
	Fingerprint [16]byte `json:"-"`
}

// NewObject makes an object with its fingerprint; requires may be in any order and hold a thing twice.
func NewObject(kind ObjectKind, name, text string, requires []Ref) *Object {
	o := &Object{Kind: kind, Name: name, Text: text, Requires: Refs(requires)}
	p := printer{sha256.New()}
	p.text("object/1", o.Name, o.Text)
	p.number(int(o.Kind))
	copy(o.Fingerprint[:], p.h.Sum(nil))
	return o
}

// RefKind says what a Ref names.
type RefKind uint8

const (
	RefTable RefKind = iota
	RefField         // Name is the table, Part the path with dots
	RefIndex         // Name is the table, Part the index
	RefObject
)

// Ref names a definition that another needs.
type Ref struct {
	Kind   RefKind
	Object ObjectKind `json:",omitempty"` // RefObject: its kind
	Name   string
	Part   string `json:",omitempty"`
}

// RefTo names an object.
func RefTo(kind ObjectKind, name string) Ref { return Ref{Kind: RefObject, Object: kind, Name: name} }

// String names the thing as a sentence does: `index age of table person`.
func (r Ref) String() string {
	switch r.Kind {
	case RefField:
		return "field " + r.Part + " of table " + r.Name
	case RefIndex:
		return "index " + r.Part + " of table " + r.Name
	case RefObject:
		return r.Object.String() + " " + r.Name
	}
	return "table " + r.Name
}

// Refs returns refs in order, each once.
func Refs(refs []Ref) []Ref {
	refs = slices.Clone(refs)
	slices.SortFunc(refs, func(a, b Ref) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Part, b.Part))
	})
	return slices.Compact(refs)
}

// within reports whether r goes where gone does: a table takes its fields and indexes with it.
func (r Ref) within(gone Ref) bool {
	return r == gone || gone.Kind == RefTable && (r.Kind == RefField || r.Kind == RefIndex) && r.Name == gone.Name
}

// Objects is a database's objects by kind and name. It never changes; With and Without make others.
type Objects []*Object

func (os Objects) find(kind ObjectKind, name string) (int, bool) {
	return slices.BinarySearchFunc(os, name, func(o *Object, name string) int {
		return cmp.Or(cmp.Compare(o.Kind, kind), cmp.Compare(o.Name, name))
	})
}

// Find returns an object, or nil.
func (os Objects) Find(kind ObjectKind, name string) *Object {
	if i, ok := os.find(kind, name); ok {
		return os[i]
	}
	return nil
}

// With returns the objects and o, in place of one of its kind and name.
func (os Objects) With(o *Object) Objects {
	i, found := os.find(o.Kind, o.Name)
	os = slices.Clone(os)
	if found {
		os[i] = o
		return os
	}
	return slices.Insert(os, i, o)
}

// Without returns the objects but one.
func (os Objects) Without(kind ObjectKind, name string) Objects {
	i, found := os.find(kind, name)
	if !found {
		return os
	}
	return slices.Delete(slices.Clone(os), i, i+1)
}

// CheckDefine says whether an object may be added to a catalog: its name is free, and what it needs is there.
// It reports false without an error where the object exists and may.
func CheckDefine(c Catalog, o *Object, ifNotExists bool) (bool, error) {
	if c.Object(o.Kind, o.Name) != nil {
		if ifNotExists {
			return false, nil
		}
		return false, ops.Errorf(ops.CodeAlreadyExists, "%s %s exists", o.Kind, o.Name)
	}
	if o.Kind == ObjectView && c.Table(o.Name) != nil {
		return false, ops.Errorf(ops.CodeAlreadyExists, "%s is a table, and a view needs a name of its own", o.Name)
	}
	for _, r := range o.Requires {
		if r.Kind == RefObject && !r.Object.OfNode() && r != RefTo(o.Kind, o.Name) && c.Object(r.Object, r.Name) == nil {
			return false, ops.Errorf(ops.CodeNotFound, "%s %s needs %s, which is not defined", o.Kind, o.Name, r)
		}
	}
	return true, nil
}

// CheckTableName says whether a table may have a name that no table has: views share their names.
func CheckTableName(c Catalog, name string) error {
	if c.Object(ObjectView, name) != nil {
		return ops.Errorf(ops.CodeAlreadyExists, "%s is a view, and a table needs a name of its own", name)
	}
	return nil
}

// Dependents names the definitions that need what r names, tables first, each in the words of a sentence.
func Dependents(c Catalog, r Ref) (names []string) {
	needs := func(refs []Ref) bool { return slices.ContainsFunc(refs, func(x Ref) bool { return x.within(r) }) }
	for _, t := range c.Tables() {
		if needs(t.Requires) && !(Ref{Kind: RefTable, Name: t.Name}).within(r) {
			names = append(names, "table "+t.Name)
		}
	}
	for _, o := range c.Objects() {
		if needs(o.Requires) && RefTo(o.Kind, o.Name) != r {
			names = append(names, o.Kind.String()+" "+o.Name)
		}
	}
	return names
}

// CheckRemove refuses to remove what other definitions need.
func CheckRemove(c Catalog, r Ref) error {
	names := Dependents(c, r)
	if len(names) == 0 {
		return nil
	}
	const most = 5
	more := ""
	if n := len(names) - most; n > 0 {
		names, more = names[:most], " and others"
	}
	return ops.Errorf(ops.CodeInUse, "%s is needed by %s%s", r, strings.Join(names, ", "), more).WithHint("remove %s first", names[0])
}
