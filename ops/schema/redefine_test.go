package schema

import (
	"strings"
	"testing"

	"github.com/zerodb/zerodb/ops"
)

func link(table string) ops.Type { return ops.Type{Kind: ops.KindRecord, Name: table} }

func redefineCatalog(t *testing.T) *Memory {
	t.Helper()
	m := NewMemory("main", "main")
	for _, table := range []*Table{
		{Name: "person", Schemafull: true, Fields: []Field{{Path: []string{"name"}, Type: ops.TypeOf(ops.KindString)},
			{Path: []string{"at", "city"}, Type: ops.TypeOf(ops.KindString), Asserts: []string{"$value != $this.name"}}},
			Indexes: []*Index{{Name: "by_name", Fields: [][]string{{"name"}}}}},
		{Name: "post", Fields: []Field{{Path: []string{"by"}, Type: ops.Type{Kind: ops.KindList, Elem: ptr(link("person"))}}}},
		{Name: "likes", Edge: true, From: "person", To: "post"},
	} {
		m = applied(t, m, Change{Kind: DefineTable, Name: table.Name, Table: table})
	}
	return m
}

func ptr[T any](v T) *T { return &v }

func applied(t *testing.T, m *Memory, c Change) *Memory {
	t.Helper()
	n, err := m.Apply(c)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRedefineRenames(t *testing.T) {
	m := redefineCatalog(t)
	n := applied(t, m, Change{Kind: RedefineTable, Name: "person", Redefinition: &Redefinition{To: "human", Fields: []FieldChange{
		{As: "place", Field: Field{Path: []string{"at"}}}, {Unique: true, Said: SaidType, Field: Field{Path: []string{"age"}, Type: ops.TypeOf(ops.KindInt)}}}}})
	human := n.Table("human")
	var paths []string
	for _, f := range human.Fields {
		paths = append(paths, strings.Join(f.Path, "."))
	}
	if got := strings.Join(paths, " "); n.Table("person") != nil || got != "name place.city age" {
		t.Error(got)
	}
	if len(human.Indexes) != 2 || human.Indexes[1].Name != "age_unique" || human.Indexes[0].Table != "human" || !human.Indexes[1].Ready {
		t.Error(human.Indexes)
	}
	if got := n.Table("post").Fields[0].Type.String(); got != "[human]" || n.Table("likes").From != "human" {
		t.Error(got, n.Table("likes").From)
	}
	if m.Table("post").Fields[0].Type.String() != "[person]" || m.Table("person") == nil {
		t.Error("the catalog of before has changed")
	}
	if m.Table("post").Fingerprint == n.Table("post").Fingerprint || n.Table("post").Fingerprint != FingerprintOf(n.Table("post")) {
		t.Error("the fingerprint is that of before")
	}
}

func TestRedefineIsRefused(t *testing.T) {
	m := redefineCatalog(t)
	for want, r := range map[string]*Redefinition{
		"named by `$value != $this.name` of field at.city": {Fields: []FieldChange{{As: "called", Field: Field{Path: []string{"name"}}}}},
		"is in index by_name":                              {Fields: []FieldChange{{Drop: true, Field: Field{Path: []string{"name"}}}, {Field: Field{Path: []string{"at", "city"}}, Said: AllSaid}}},
		"has no field nope":                                {Fields: []FieldChange{{Drop: true, Field: Field{Path: []string{"nope"}}}}},
		"field at is redefined twice":                      {Fields: []FieldChange{{Drop: true, Field: Field{Path: []string{"at", "city"}}}, {Drop: true, Field: Field{Path: []string{"at"}}}}},
		"elements of list.*":                               {Fields: []FieldChange{{Drop: true, Field: Field{Path: []string{"list", "*"}}}}},
		"would have the field name twice":                  {Fields: []FieldChange{{As: "name", Said: SaidType, Field: Field{Path: []string{"at"}, Type: ops.Any}}}},
		"table post exists":                                {To: "post"},
	} {
		_, err := m.Apply(Change{Kind: RedefineTable, Name: "person", Redefinition: r})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s, got %v", want, err)
		}
	}
}

func TestShape(t *testing.T) {
	object := func(parts ...any) ops.Value {
		var ms []ops.Member
		for i := 0; i < len(parts); i += 2 {
			ms = append(ms, ops.Member{Name: parts[i].(string), Value: parts[i+1].(ops.Value)})
		}
		return ops.Object(ms)
	}
	whole := ops.TypeOf(ops.KindInt)
	swap := Shape{Moves: []Move{{From: []string{"a"}, To: []string{"b"}, Type: &whole}, {From: []string{"b"}, To: []string{"a"}}}}
	nested := Shape{Moves: []Move{{From: []string{"o", "x"}, To: []string{"o", "y"}, Fill: ops.AppendKey(nil, ops.Int(9), false)}, {From: []string{"gone"}}}}
	for i, c := range []struct {
		shape     Shape
		in        ops.Value
		out, fail string
	}{
		{swap, object("a", ops.String("1"), "b", ops.String("x")), `{ a: x, b: 1 }`, ""},
		{swap, object("b", ops.String("x")), `{ a: x }`, "a has no value"},
		{swap, object("a", ops.String("q"), "b", ops.Int(1)), `{ a: 1 }`, `a: string "q" cannot be converted to int`},
		{nested, object("o", object("x", ops.Int(1)), "gone", ops.Int(1)), `{ o: { y: 1 } }`, ""},
		{nested, object("o", object("z", ops.Int(1))), `{ o: { y: 9, z: 1 } }`, ""},
		{nested, object("o", ops.Int(1)), `{ o: 1 }`, ""},
		{nested, object("o", object("x", ops.Int(1), "y", ops.Int(2))), `{ o: { y: 2 } }`, "there is a value under y already"},
		{Shape{Links: []string{"p", "q"}}, object("l", ops.List([]ops.Value{ops.Record("p", ops.List([]ops.Value{ops.Record("p", ops.Int(1))}))})), `{ l: [q:[p:1]] }`, ""},
	} {
		out, err := c.shape.Apply(c.in)
		if (err != nil) != (c.fail != "") || err != nil && !strings.Contains(err.Error(), c.fail) {
			t.Error(i, err)
		}
		if loose := sorted(c.shape.Loosely(c.in)); loose != c.out || err == nil && sorted(out) != c.out {
			t.Error(i, loose, sorted(out))
		}
	}
}

// sorted prints an object with its members by name.
func sorted(v ops.Value) string {
	if v.Kind() != ops.KindObject {
		return ops.Format(v)
	}
	var parts []string
	for _, name := range []string{"a", "b", "l", "o", "x", "y", "z"} {
		if m, ok := v.Member(name); ok {
			parts = append(parts, name+": "+sorted(m))
		}
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

func TestHasWord(t *testing.T) {
	for text, want := range map[string]bool{"age": true, "$p.age + 1": true, "ages": false, "page": false, "x_age": false, "`age`": true, "agé age": true, "": false} {
		if hasWord(text, "age") != want {
			t.Error(text)
		}
	}
}
