package storage

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

func applyTo(t *testing.T, s *Store, cs ...schema.Change) error {
	t.Helper()
	txn := begin(t, s, true)
	defer txn.Cancel()
	for _, c := range cs {
		if err := txn.Apply(ctx, &c); err != nil {
			return err
		}
	}
	_, err := txn.Commit(ctx)
	return err
}

func defineObject(o *schema.Object) schema.Change {
	return schema.Change{Kind: schema.DefineObject, Name: o.Name, Object: o}
}

func TestObjectsAreStored(t *testing.T) {
	o := testOptions(vfs.NewMem())
	s := openTest(t, o)
	f := schema.NewObject(schema.ObjectFunction, "f", "DEFINE FUNCTION f() DO RETURN 1 END", nil)
	v := schema.NewObject(schema.ObjectView, "v", "DEFINE TABLE v AS SELECT f() FROM t",
		[]schema.Ref{schema.RefTo(schema.ObjectFunction, "f"), {Kind: schema.RefTable, Name: "t"}})
	table := schema.Change{Kind: schema.DefineTable, Name: "t", Table: &schema.Table{}}
	if err := applyTo(t, s, table, defineObject(f), defineObject(v)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = openTest(t, o)
	defer s.Close()
	txn := begin(t, s, false)
	cat := txn.Catalog()
	got := cat.Object(schema.ObjectView, "v")
	if got == nil || got.Fingerprint != v.Fingerprint || len(got.Requires) != 2 || len(cat.Objects()) != 2 {
		t.Fatalf("after opening again: %+v of %d", got, len(cat.Objects()))
	}
	txn.Cancel()

	removeF := schema.Change{Kind: schema.RemoveObject, Name: "f", Object: &schema.Object{Kind: schema.ObjectFunction}}
	removeV := schema.Change{Kind: schema.RemoveObject, Name: "v", Object: &schema.Object{Kind: schema.ObjectView}}
	for _, c := range []struct {
		change schema.Change
		code   ops.Code
	}{
		{removeF, ops.CodeInUse},
		{schema.Change{Kind: schema.RemoveTable, Name: "t"}, ops.CodeInUse},
		{defineObject(f), ops.CodeAlreadyExists},
		{schema.Change{Kind: schema.DefineTable, Name: "v", Table: &schema.Table{}}, ops.CodeAlreadyExists},
	} {
		if err := applyTo(t, s, c.change); err == nil || ops.CodeOf(err) != c.code {
			t.Errorf("%v, want %s", err, c.code)
		}
	}
	if err := applyTo(t, s, removeV, removeF, schema.Change{Kind: schema.RemoveTable, Name: "t"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(ctx, func(p Problem) { t.Error(p) }); err != nil {
		t.Fatal(err)
	}
}

// A database that is removed takes its definitions with it: one of the same name starts empty.
func TestObjectsGoWithTheirDatabase(t *testing.T) {
	s := memStore(t)
	f := schema.NewObject(schema.ObjectFunction, "f", "DEFINE FUNCTION f() DO RETURN 1 END", nil)
	if err := applyTo(t, s, defineObject(f)); err != nil {
		t.Fatal(err)
	}
	remove := schema.Change{Kind: schema.RemoveDatabase, Name: "main"}
	if err := applyTo(t, s, remove, schema.Change{Kind: schema.DefineDatabase, Name: "main"}); err != nil {
		t.Fatal(err)
	}
	txn := begin(t, s, false)
	defer txn.Cancel()
	if n := len(txn.Catalog().Objects()); n != 0 {
		t.Fatalf("%d definitions are left", n)
	}
}
