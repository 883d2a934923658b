package schema

import (
	"testing"

	"github.com/zerodb/zerodb/ops"
)

func person() *Table {
	return &Table{Fields: []Field{{Path: []string{"age"}, Type: ops.TypeOf(ops.KindInt)}}}
}

func apply(t *testing.T, m *Memory, cs ...Change) *Memory {
	t.Helper()
	for _, c := range cs {
		n, err := m.Apply(c)
		if err != nil {
			t.Fatal(err)
		}
		m = n
	}
	return m
}

func TestApplyLeavesTheOldCatalogAlone(t *testing.T) {
	empty := NewMemory("main", "main")
	one := apply(t, empty, Change{Kind: DefineTable, Name: "person", Table: person()})
	indexed := apply(t, one, Change{Kind: DefineIndex, Name: "by_age", Index: &Index{Table: "person", Fields: [][]string{{"age"}}}})
	gone := apply(t, indexed, Change{Kind: RemoveTable, Name: "person"})
	if empty.Table("person") != nil || gone.Table("person") != nil || len(one.Table("person").Indexes) != 0 {
		t.Fatal("a change reached an older catalog")
	}
	if ix := indexed.Table("person").Index("by_age"); ix == nil || !ix.Ready {
		t.Fatalf("index: %+v", ix)
	}
	if one.Table("person").Fingerprint == indexed.Table("person").Fingerprint {
		t.Fatal("an index must change the fingerprint")
	}
}

func TestApplyRefuses(t *testing.T) {
	m := apply(t, NewMemory("main", "main"), Change{Kind: DefineTable, Name: "person", Table: person()})
	for _, c := range []struct {
		change Change
		code   ops.Code
	}{
		{Change{Kind: DefineTable, Name: "person", Table: person()}, ops.CodeAlreadyExists},
		{Change{Kind: RemoveTable, Name: "dog"}, ops.CodeNotFound},
		{Change{Kind: DefineIndex, Name: "i", Index: &Index{Table: "dog"}}, ops.CodeUnknownTable},
		{Change{Kind: RemoveIndex, Name: "i", Index: &Index{Table: "person"}}, ops.CodeUnknownIndex},
	} {
		if _, err := m.Apply(c.change); ops.CodeOf(err) != c.code {
			t.Errorf("%+v: %v, want %s", c.change, err, c.code)
		}
		c.change.IfExists = true
		if _, err := m.Apply(c.change); err != nil && c.code != ops.CodeUnknownTable {
			t.Errorf("IF [NOT] EXISTS: %v", err)
		}
	}
}

func TestFingerprintIgnoresIDsAndStates(t *testing.T) {
	a := &Table{Name: "t", Indexes: []*Index{{Name: "i", Table: "t", Fields: [][]string{{"a", "b"}}}}}
	b := &Table{ID: 7, Name: "t", Indexes: []*Index{{ID: 9, Name: "i", Table: "t", Fields: [][]string{{"a", "b"}}, Ready: true}}}
	if FingerprintOf(a) != FingerprintOf(b) {
		t.Fatal("IDs or states count")
	}
	b.Indexes[0].Fields = [][]string{{"a"}, {"b"}}
	if FingerprintOf(a) == FingerprintOf(b) {
		t.Fatal("index on a.b and index on a, b have one fingerprint")
	}
}
