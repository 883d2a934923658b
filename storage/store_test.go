package storage

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

func TestRecordsRoundTrip(t *testing.T) {
	fs := vfs.NewMem()
	s := openTest(t, testOptions(fs))
	update(t, s, func(txn *Txn) {
		create(t, txn, "person", ops.String("alice"), "age", 40, "city", "Lagos", "score", 1.5, "friend", ops.RecordInt(ref("person"), 1))
		create(t, txn, "person", ops.Int(1), "age", "old", "address", object("city", "Oyo", "zip", 12))
		create(t, txn, "person", ops.Int(-7), "tags", ops.List([]ops.Value{ops.Int(1), ops.String("x")}))
	})
	check := func() {
		t.Helper()
		read(t, s, func(txn *Txn) {
			desc := txn.Catalog().Table("person")
			dst := make([]ops.Value, 2)
			ok, err := txn.Get(ctx, desc, ops.String("alice"), []vm.Column{field("age"), colRecord}, dst)
			if err != nil || !ok || dst[0].AsInt() != 40 {
				t.Fatal(ok, err, dst)
			}
			want := object("id", ops.Record("person", ops.String("alice")), "age", 40, "city", "Lagos", "score", 1.5, "friend", ops.RecordInt(ref("person"), 1))
			if !ops.Equal(dst[1], want) || dst[1].AsObject()[0].Name != "id" {
				t.Fatalf("%v", dst[1].AsObject())
			}
			c, err := txn.Scan(ctx, desc, vm.Range{}, []vm.Column{colID, field("age"), field("address", "zip"), field("nothing")})
			rows := drain(t, c, err, 4)
			if len(rows) != 3 || rows[0][0].RecordKey().AsInt() != -7 || rows[1][1].AsString() != "old" || rows[1][2].AsInt() != 12 || rows[2][1].AsInt() != 40 {
				t.Fatal(rows)
			}
			if !rows[0][1].IsNone() || !rows[2][3].IsNone() {
				t.Fatal(rows)
			}
			c, err = txn.Scan(ctx, desc, vm.Range{Lo: ops.Int(1), LoBound: vm.Inclusive, Reverse: true}, []vm.Column{colID})
			if rows := drain(t, c, err, 1); len(rows) != 2 || rows[1][0].RecordKey().AsInt() != 1 {
				t.Fatal(rows)
			}
			if n := txn.Catalog().Rows("person"); n != 3 {
				t.Fatal(n)
			}
		})
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, testOptions(fs))
	check()
	update(t, s, func(txn *Txn) {
		desc := txn.Catalog().Table("person")
		if err := txn.Replace(ctx, desc, ops.Int(1), object("age", 3), false); err != nil {
			t.Fatal(err)
		}
		if ok, err := txn.Delete(ctx, desc, ops.String("alice")); !ok || err != nil {
			t.Fatal(ok, err)
		}
		c, err := txn.Scan(ctx, desc, vm.Range{}, []vm.Column{field("age")})
		if rows := drain(t, c, err, 1); len(rows) != 2 || rows[1][0].AsInt() != 3 {
			t.Fatal(rows)
		}
		if _, _, err := txn.Create(ctx, desc, ops.Int(1), object(), false); ops.CodeOf(err) != ops.CodeAlreadyExists {
			t.Fatal(err)
		}
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func ref(s string) *string { return &s }

func TestEdges(t *testing.T) {
	s := memStore(t)
	a, b, c := ops.Record("person", ops.String("a")), ops.Record("person", ops.String("b")), ops.RecordInt(ref("thing"), 3)
	update(t, s, func(txn *Txn) {
		create(t, txn, "person", ops.String("a"))
		relate(t, txn, "likes", ops.Int(1), a, b, "since", 2020)
		relate(t, txn, "likes", ops.Int(2), a, c)
		relate(t, txn, "likes", ops.Int(3), b, a)
		relate(t, txn, "likes", ops.Int(4), a, a)
		relate(t, txn, "owns", ops.None, a, c)
	})
	expand := func(txn *Txn, table string, dir vm.Direction, cols ...vm.Column) [][]ops.Value {
		var v ops.Vector
		for _, id := range []ops.Value{b, ops.None, a} {
			v.Append(id)
		}
		cur, err := txn.Expand(ctx, txn.Catalog().Table(table), dir, &v, nil, cols)
		return drain(t, cur, err, len(cols))
	}
	read(t, s, func(txn *Txn) {
		if rows := expand(txn, "likes", vm.Out, colVertex, field("since"), field("in")); len(rows) != 4 || rows[1][1].AsInt() != 2020 || !ops.Equal(rows[0][2], a) {
			t.Fatal(rows)
		}
		if rows := expand(txn, "likes", vm.Both, colVertex, colID); len(rows) != 6 {
			t.Fatal(rows)
		}
		if rows := expand(txn, "", vm.Out, colVertex); len(rows) != 5 {
			t.Fatal(rows)
		}
	})
	update(t, s, func(txn *Txn) {
		if ok, err := txn.Delete(ctx, txn.Catalog().Table("person"), ops.String("a")); !ok || err != nil {
			t.Fatal(ok, err)
		}
	})
	read(t, s, func(txn *Txn) {
		if rows := expand(txn, "", vm.Both, colVertex); len(rows) != 0 {
			t.Fatal(rows)
		}
		cur, err := txn.Scan(ctx, txn.Catalog().Table("likes"), vm.Range{}, nil)
		if rows := drain(t, cur, err, 0); len(rows) != 0 {
			t.Fatal(rows)
		}
	})
}

func TestSavepoints(t *testing.T) {
	s := memStore(t)
	update(t, s, func(txn *Txn) {
		create(t, txn, "t", ops.Int(1), "a", 1)
		sp := txn.Savepoint()
		create(t, txn, "t", ops.Int(2), "b", 1)
		create(t, txn, "u", ops.Int(2), "c", 1)
		if err := txn.Replace(ctx, txn.Catalog().Table("t"), ops.Int(1), object("a", 2), false); err != nil {
			t.Fatal(err)
		}
		txn.RollbackTo(sp)
		create(t, txn, "t", ops.Int(3), "d", 5)
	})
	read(t, s, func(txn *Txn) {
		if txn.Catalog().Table("u") != nil {
			t.Fatal("table u")
		}
		c, err := txn.Scan(ctx, txn.Catalog().Table("t"), vm.Range{}, []vm.Column{field("a"), field("b"), field("d")})
		rows := drain(t, c, err, 3)
		if len(rows) != 2 || rows[0][0].AsInt() != 1 || rows[1][2].AsInt() != 5 || !rows[1][1].IsNone() {
			t.Fatal(rows)
		}
	})
}

func TestConflict(t *testing.T) {
	s := memStore(t)
	update(t, s, func(txn *Txn) { create(t, txn, "t", ops.Int(1), "a", 1) })
	a, b := begin(t, s, true), begin(t, s, true)
	desc := a.Catalog().Table("t")
	for _, txn := range []*Txn{a, b} {
		if err := txn.Replace(ctx, desc, ops.Int(1), object("a", 2), false); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, a)
	_, err := b.Commit(ctx)
	if ops.CodeOf(err) != ops.CodeConflict {
		t.Fatal(err)
	}
	if c := err.(*ops.Error).Conflict; c == nil || c.Key != "t:1" {
		t.Fatal(err)
	}
	_ = schema.DefineTable
}

// Names that were rolled back leave their numbers to others.
func TestNamesAfterRollback(t *testing.T) {
	s := memStore(t)
	update(t, s, func(txn *Txn) {
		create(t, txn, "p", i64(1), "a", i64(1))
		sp := txn.Savepoint()
		create(t, txn, "p", i64(2), "a", i64(1), "wrong", i64(2))
		create(t, txn, "p", i64(3), "a", i64(1), "wrong", i64(2))
		txn.RollbackTo(sp)
		create(t, txn, "p", i64(2), "a", i64(1), "right", i64(2))
		create(t, txn, "p", i64(3), "a", i64(1), "wrong", i64(3))
	})
	read(t, s, func(txn *Txn) {
		c, err := txn.Scan(ctx, txn.Catalog().Table("p"), vm.Range{}, []vm.Column{field("right"), field("wrong")})
		got := ""
		for _, row := range drain(t, c, err, 2) {
			got += ops.Format(row[0]) + " " + ops.Format(row[1]) + ", "
		}
		if got != "none none, 2 none, none 3, " {
			t.Error(got)
		}
	})
}
