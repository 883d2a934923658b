package storage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

func rename(ctx context.Context, s *Store, from, to string) error {
	t, err := s.Begin(ctx, TxnOptions{Namespace: "main", Database: "main", Write: true})
	if err != nil {
		return err
	}
	err = t.Apply(ctx, &schema.Change{Kind: schema.RedefineTable, Name: from, Redefinition: &schema.Redefinition{To: to}})
	if err != nil {
		t.Cancel()
		return err
	}
	_, err = t.Commit(ctx)
	return err
}

// society fills a store with people, pets that have an owner, and edges between both.
func society(t testing.TB, s *Store, n int) {
	update(t, s, func(txn *Txn) {
		for i := range n {
			person := create(t, txn, "person", ops.Int(int64(i)), "n", i)
			create(t, txn, "pet", ops.Int(int64(i)), "owner", person, "tags", ops.List([]ops.Value{person}))
			relate(t, txn, "owns", ops.Int(int64(i)), person, ops.Record("pet", ops.Int(int64(i))))
		}
	})
	must(t, defineIndex(t, s, "pet", "by_owner", true, []string{"owner"}))
}

// checkSociety makes sure that everything about the first n people is there under a name.
func checkSociety(t testing.TB, txn *Txn, name string, n int) {
	t.Helper()
	cat := txn.Catalog()
	for i := range n {
		person, pet := ops.Record(name, ops.Int(int64(i))), ops.Record("pet", ops.Int(int64(i)))
		var dst [2]ops.Value
		ok, err := txn.Get(ctx, cat.Table("pet"), pet.RecordKey(), []vm.Column{field("owner"), field("tags")}, dst[:])
		if !ok || err != nil || !ops.Equal(dst[0], person) || !ops.Equal(dst[1].AsList()[0], person) {
			t.Fatal(i, ok, err, show(dst[0]), show(dst[1]))
		}
		if i%10 != 0 {
			continue
		}
		if rows := scanIndex(t, txn, "pet", "by_owner", []ops.Value{person}, vm.Range{}, true, colID, field("owner")); len(rows) != 1 || !ops.Equal(rows[0][0], pet) || !ops.Equal(rows[0][1], person) {
			t.Fatal(i, rows)
		}
		for dir, ends := range map[vm.Direction][2]ops.Value{vm.Out: {person, pet}, vm.In: {pet, person}} {
			v := &ops.Vector{}
			v.Reset(ops.KindAny, 0)
			v.Append(ends[0])
			c, err := txn.Expand(ctx, cat.Table("owns"), dir, v, nil, []vm.Column{colVertex, field("in"), field("out")})
			if rows := drain(t, c, err, 3); len(rows) != 1 || !ops.Equal(rows[0][0], ends[1]) || !ops.Equal(rows[0][1], person) || !ops.Equal(rows[0][2], pet) {
				t.Fatal(i, dir, rows)
			}
		}
	}
	c, err := txn.Scan(ctx, cat.Table(name), vm.Range{}, []vm.Column{colID})
	if rows := drain(t, c, err, 1); len(rows) < n || rows[0][0].RecordTable() != name {
		t.Fatal(len(rows))
	}
}

func TestRenameWithWritersAndReaders(t *testing.T) {
	s := memStore(t)
	const n = 800
	society(t, s, n)
	before := begin(t, s, false)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	next := n // the first person that is not there
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			err := join(s, next)
			switch {
			case err == nil:
				next++
			case ops.CodeOf(err) != ops.CodeConflict:
				t.Error(err)
				return
			}
		}
	})
	names := []string{"person", "human", "people", "person"}
	for i := 1; i < len(names); i++ {
		must(t, rename(ctx, s, names[i-1], names[i]))
		read(t, s, func(txn *Txn) { checkSociety(t, txn, names[i], n) })
	}
	must(t, rename(ctx, s, "person", "human"))
	close(stop)
	wg.Wait()
	checkSociety(t, before, "person", n) // it sees what was when it began
	before.Cancel()
	settle(t, s)
	freshShapes(t, s)
	sound(t, s)
	read(t, s, func(txn *Txn) { checkSociety(t, txn, "human", next) })
	t.Logf("%d people came meanwhile", next-n)
	// The former name is another table's.
	update(t, s, func(txn *Txn) {
		person := create(t, txn, "person", ops.Int(1), "n", 1)
		relate(t, txn, "owns", ops.Int(1_000_000), person, ops.Record("pet", ops.Int(1)))
		relate(t, txn, "owns", ops.Int(1_000_001), person, ops.Record("human", ops.Int(1)))
	})
	sound(t, s)
	update(t, s, func(txn *Txn) {
		if _, err := txn.Delete(ctx, txn.Catalog().Table("human"), ops.Int(1)); err != nil {
			t.Fatal(err)
		}
	})
	read(t, s, func(txn *Txn) {
		var dst [1]ops.Value
		for key, want := range map[int64]bool{1: false, 2: true, 1_000_000: true, 1_000_001: false} {
			if ok, err := txn.Get(ctx, txn.Catalog().Table("owns"), ops.Int(key), []vm.Column{colID}, dst[:]); ok != want || err != nil {
				t.Error(key, ok, err)
			}
		}
	})
	sound(t, s)
}

// join adds a person, with a pet, under the name that the table of people has now.
func join(s *Store, i int) error {
	t, err := s.Begin(ctx, TxnOptions{Namespace: "main", Database: "main", Write: true})
	if err != nil {
		return err
	}
	defer t.Cancel()
	cat := t.Catalog()
	var people *schema.Table
	for _, name := range []string{"person", "human", "people"} {
		if d := cat.Table(name); d != nil {
			people = d
		}
	}
	key := ops.Int(int64(i))
	person, _, err := t.Create(ctx, people, key, object("n", i), false)
	if err == nil {
		_, _, err = t.Create(ctx, cat.Table("pet"), key, object("owner", person, "tags", ops.List([]ops.Value{person})), false)
	}
	if err == nil {
		_, _, err = t.Create(ctx, cat.Table("owns"), key, object("in", person, "out", ops.Record("pet", key)), false)
	}
	if err == nil {
		_, err = t.Commit(ctx)
	}
	return err
}

func TestRenameCrashes(t *testing.T) {
	mem := vfs.NewCrashableMem()
	c := &crashFS{mem: mem, load: &workload{}, every: 1}
	s := openTest(t, testOptions(errorfs.Wrap(mem, c)))
	const n = 400
	society(t, s, n)
	from := len(c.copies)
	must(t, rename(ctx, s, "person", "human"))
	settle(t, s)
	must(t, s.Close())
	seen := map[string]int{}
	for _, copied := range c.copies[from:] {
		r := openTest(t, testOptions(copied.fs))
		settle(t, r)
		freshShapes(t, r)
		sound(t, r)
		read(t, r, func(txn *Txn) {
			name := "person"
			if txn.Catalog().Table(name) == nil {
				name = "human"
			}
			seen[name]++
			checkSociety(t, txn, name, n)
		})
		must(t, r.Close())
	}
	if seen["person"] == 0 || seen["human"] < 2 {
		t.Error(seen)
	}
	t.Log(fmt.Sprint(seen))
}

func TestRenameToANameThatEdgesHave(t *testing.T) {
	s := memStore(t)
	society(t, s, 10)
	update(t, s, func(txn *Txn) {
		relate(t, txn, "owns", ops.Int(99), ops.Record("ghost", ops.Int(1)), ops.Record("pet", ops.Int(1)))
	})
	if err := rename(ctx, s, "person", "ghost"); ops.CodeOf(err) != ops.CodeInUse {
		t.Fatal(err)
	}
	read(t, s, func(txn *Txn) { checkSociety(t, txn, "person", 10) })
	for _, d := range mustCatalog(t, s).Tables() {
		if d.Pending != nil || len(d.Ends) > 0 {
			t.Error(d.Name)
		}
	}
	sound(t, s)
}

func mustCatalog(t testing.TB, s *Store) schema.Catalog {
	c, err := s.Catalog("main", "main")
	must(t, err)
	return c
}

// TestRenameBesideAWriter lets a writer commit, with a field that is new, between the making of the renamed table and its commit.
func TestRenameBesideAWriter(t *testing.T) {
	s := memStore(t)
	society(t, s, 5)
	r := &redefining{store: s, place: place{"main", "main"}, id: tableID(t, s, "person"), change: &schema.Change{Kind: schema.RedefineTable, Name: "person",
		Redefinition: &schema.Redefinition{To: "human"}}}
	r.job = s.begin("redefine", "checking", r.place, s.tables[r.id], "")
	_, err := r.announce(ctx)
	must(t, err)
	for _, id := range r.ids {
		must(t, r.check(ctx, id))
	}
	turning := begin(t, s, true)
	must(t, turning.useAll(turning.cat))
	must(t, r.turnName(turning, "human"))
	for _, id := range r.ids {
		must(t, turning.turn(turning.cat.tables[id]))
	}
	update(t, s, func(txn *Txn) { create(t, txn, "person", ops.Int(5), "nickname", "x") })
	commit(t, turning)
	s.end(r.job, nil)
	read(t, s, func(txn *Txn) {
		var dst [1]ops.Value
		ok, err := txn.Get(ctx, txn.Catalog().Table("human"), ops.Int(5), []vm.Column{field("nickname")}, dst[:])
		if !ok || err != nil || dst[0].Kind() != ops.KindString || dst[0].AsString() != "x" {
			t.Error(ok, err, show(dst[0]))
		}
	})
	if n := mustCatalog(t, s).Rows("human"); n != 6 {
		t.Error(n)
	}
	sound(t, s)
}

// TestRenameMeetsANewLink lets another table get its first link to one that is being renamed.
func TestRenameMeetsANewLink(t *testing.T) {
	s := memStore(t)
	society(t, s, 5)
	r := &redefining{store: s, place: place{"main", "main"}, id: tableID(t, s, "person"), change: &schema.Change{Kind: schema.RedefineTable, Name: "person",
		Redefinition: &schema.Redefinition{To: "human"}}}
	r.job = s.begin("redefine", "checking", r.place, s.tables[r.id], "")
	update(t, s, func(txn *Txn) { create(t, txn, "late", ops.Int(1), "n", 1) })
	_, err := r.announce(ctx)
	must(t, err)
	update(t, s, func(txn *Txn) { create(t, txn, "late", ops.Int(2), "who", ops.Record("person", ops.Int(3))) })
	for _, id := range r.ids {
		must(t, r.check(ctx, id))
	}
	if err := r.turn(ctx); !errors.Is(err, errAgain) {
		t.Fatal(err)
	}
	for _, id := range r.ids {
		must(t, s.dropPending(ctx, r.place, id))
	}
	s.end(r.job, nil)
	must(t, rename(ctx, s, "person", "human"))
	read(t, s, func(txn *Txn) {
		var dst [1]ops.Value
		ok, err := txn.Get(ctx, txn.Catalog().Table("late"), ops.Int(2), []vm.Column{field("who")}, dst[:])
		if !ok || err != nil || !ops.Equal(dst[0], ops.Record("human", ops.Int(3))) {
			t.Error(ok, err, show(dst[0]))
		}
	})
	sound(t, s)
}
