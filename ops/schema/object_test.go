package schema

import (
	"slices"
	"testing"

	"github.com/zerodb/zerodb/ops"
)

func define(o *Object) Change { return Change{Kind: DefineObject, Name: o.Name, Object: o} }

func remove(kind ObjectKind, name string) Change {
	return Change{Kind: RemoveObject, Name: name, Object: &Object{Kind: kind}}
}

func area() *Object {
	return NewObject(ObjectFunction, "area", "DEFINE FUNCTION area() DO RETURN 1 END", nil)
}

// view needs a table, twice over, one of its fields, and a function.
func view() *Object {
	return NewObject(ObjectView, "adults", "DEFINE TABLE adults AS SELECT area() FROM person WHERE age > 17",
		[]Ref{RefTo(ObjectFunction, "area"), {Kind: RefField, Name: "person", Part: "age"}, {Kind: RefTable, Name: "person"}, {Kind: RefTable, Name: "person"}})
}

func TestObjects(t *testing.T) {
	m := apply(t, NewMemory("main", "main"), Change{Kind: DefineTable, Name: "person", Table: person()}, define(area()), define(view()))
	if o := m.Object(ObjectView, "adults"); o == nil || o.Fingerprint != view().Fingerprint || len(o.Requires) != 3 {
		t.Fatalf("the view: %+v", o)
	}
	if m.Object(ObjectFunction, "adults") != nil {
		t.Fatal("a kind has names of its own")
	}
	for _, c := range []struct {
		change Change
		code   ops.Code
		say    string
	}{
		{define(area()), ops.CodeAlreadyExists, "function area exists"},
		{remove(ObjectFunction, "area"), ops.CodeInUse, "function area is needed by view adults"},
		{Change{Kind: RemoveTable, Name: "person"}, ops.CodeInUse, "table person is needed by view adults"},
		{remove(ObjectEnum, "colour"), ops.CodeNotFound, "there is no enum colour"},
		{Change{Kind: DefineTable, Name: "adults", Table: person()}, ops.CodeAlreadyExists, "adults is a view, and a table needs a name of its own"},
		{define(NewObject(ObjectView, "person", "", nil)), ops.CodeAlreadyExists, "person is a table, and a view needs a name of its own"},
		{define(NewObject(ObjectView, "v", "", []Ref{RefTo(ObjectEnum, "colour")})), ops.CodeNotFound, "view v needs enum colour, which is not defined"},
	} {
		_, err := m.Apply(c.change)
		if e, ok := err.(*ops.Error); !ok || e.Code != c.code || e.Message != c.say {
			t.Errorf("%v, want %s: %s", err, c.code, c.say)
		}
	}
	empty := apply(t, m, remove(ObjectView, "adults"), remove(ObjectFunction, "area"), Change{Kind: RemoveTable, Name: "person"})
	if len(empty.Objects()) != 0 || len(m.Objects()) != 2 {
		t.Fatal("a change reached an older catalog, or did nothing")
	}
}

// A definition that names itself, as a recursive function does, can be made and removed.
func TestObjectThatNamesItself(t *testing.T) {
	f := NewObject(ObjectFunction, "f", "DEFINE FUNCTION f() DO RETURN f() END", []Ref{RefTo(ObjectFunction, "f")})
	if m := apply(t, NewMemory("main", "main"), define(f), remove(ObjectFunction, "f")); len(m.Objects()) != 0 {
		t.Fatal("it is still there")
	}
}

func TestDependentsOfATableAreThoseOfItsParts(t *testing.T) {
	indexed := Change{Kind: DefineIndex, Name: "by_age", Index: &Index{Table: "person", Fields: [][]string{{"age"}}}}
	hint := NewObject(ObjectView, "hinted", "", []Ref{{Kind: RefIndex, Name: "person", Part: "by_age"}})
	typed := &Table{Requires: []Ref{RefTo(ObjectEnum, "colour")}}
	m := apply(t, NewMemory("main", "main"), Change{Kind: DefineTable, Name: "person", Table: person()}, indexed, define(hint),
		define(NewObject(ObjectEnum, "colour", "DEFINE ENUM colour VARIANTS red", nil)), Change{Kind: DefineTable, Name: "car", Table: typed})
	for _, c := range []struct {
		ref  Ref
		want []string
	}{
		{Ref{Kind: RefIndex, Name: "person", Part: "by_age"}, []string{"view hinted"}},
		{Ref{Kind: RefTable, Name: "person"}, []string{"view hinted"}},
		{Ref{Kind: RefField, Name: "person", Part: "age"}, nil},
		{RefTo(ObjectEnum, "colour"), []string{"table car"}},
	} {
		if got := Dependents(m, c.ref); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.ref, got, c.want)
		}
	}
	if _, err := m.Apply(Change{Kind: RemoveIndex, Name: "by_age", Index: &Index{Table: "person"}}); ops.CodeOf(err) != ops.CodeInUse {
		t.Errorf("removing the index: %v", err)
	}
}
