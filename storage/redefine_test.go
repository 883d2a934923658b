package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// change is a FieldChange in short.
func change(path string, as string, typ ops.Type) schema.FieldChange {
	c := schema.FieldChange{As: as, Field: schema.Field{Path: strings.Split(path, "."), Type: typ}}
	if typ.Kind != ops.KindNone {
		c.Said = schema.SaidType
	}
	return c
}

func drop(path string) schema.FieldChange {
	return schema.FieldChange{Drop: true, Field: schema.Field{Path: []string{path}}}
}

func redefine(ctx context.Context, s *Store, table string, fields ...schema.FieldChange) error {
	t, err := s.Begin(ctx, TxnOptions{Namespace: "main", Database: "main", Write: true})
	if err != nil {
		return err
	}
	err = t.Apply(ctx, &schema.Change{Kind: schema.RedefineTable, Name: table, Redefinition: &schema.Redefinition{Fields: fields}})
	if err != nil {
		t.Cancel()
		return err
	}
	_, err = t.Commit(ctx)
	return err
}

var (
	intType    = ops.TypeOf(ops.KindInt)
	stringType = ops.TypeOf(ops.KindString)
	noType     = ops.Type{}
)

// settle waits until no job is left.
func settle(t testing.TB, s *Store) {
	t.Helper()
	for {
		running := false
		for _, j := range s.Jobs() {
			if j.State == "failed" {
				t.Fatal(j.Error)
			}
			running = running || j.Ended.IsZero()
		}
		if !running {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// freshShapes fails where a record is older than the last redefinition of its table.
func freshShapes(t testing.TB, s *Store) {
	t.Helper()
	read(t, s, func(txn *Txn) {
		for _, tab := range txn.cat.tables {
			if unfinished(tab.desc) {
				t.Errorf("table %s is not finished", tab.desc.Name)
			}
			err := txn.walkRecords(ctx, tab, nil, func(w walked) (bool, error) {
				if tab.older(w.at) && !bytes.Equal(w.stored, w.value) {
					t.Errorf("%s was not rewritten", show(w.key))
				}
				return true, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestRedefineLargeTable(t *testing.T) {
	s := memStore(t)
	const n = 6000
	update(t, s, func(txn *Txn) {
		for i := range n {
			create(t, txn, "p", ops.Int(int64(i)), "age", fmt.Sprint(i%100), "name", fmt.Sprint("n", i), "extra", i)
		}
	})
	for name, f := range map[string]string{"by_age": "age", "by_name": "name"} {
		if err := defineIndex(t, s, "p", name, f == "name", []string{f}); err != nil {
			t.Fatal(err)
		}
	}
	if err := redefine(ctx, s, "p", change("age", "years", intType), change("name", "called", noType), drop("extra")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // while the job runs, and afterwards
		read(t, s, func(txn *Txn) {
			desc := txn.Catalog().Table("p")
			c, err := txn.Scan(ctx, desc, vm.Range{}, []vm.Column{field("years"), field("called"), field("extra"), colRecord})
			rows := drain(t, c, err, 4)
			if len(rows) != n {
				t.Fatal(len(rows))
			}
			for i, r := range rows {
				if r[0].Kind() != ops.KindInt || r[0].AsInt() != int64(i%100) || r[1].AsString() != fmt.Sprint("n", i) || !r[2].IsNone() || len(r[3].AsObject()) != 3 {
					t.Fatal(i, show(ops.List(r)))
				}
			}
			rows = scanIndex(t, txn, "p", "by_age", []ops.Value{ops.Int(7)}, vm.Range{}, false, colID, field("years"), field("called"))
			if len(rows) != n/100 || rows[1][0].RecordKey().AsInt() != 107 || rows[1][2].AsString() != "n107" {
				t.Fatal(len(rows))
			}
			rows = scanIndex(t, txn, "p", "by_name", []ops.Value{ops.String("n77")}, vm.Range{}, true, colID, field("called"))
			if len(rows) != 1 || rows[0][0].RecordKey().AsInt() != 77 {
				t.Fatal(rows)
			}
		})
		settle(t, s)
	}
	freshShapes(t, s)
	sound(t, s)
	stats, _ := s.Catalog("main", "main")
	if f := stats.Stats("p").Field([]string{"years"}); f == nil || f.Distinct != 100 {
		t.Error(f)
	}
	if f := stats.Stats("p").Field([]string{"age"}); f != nil {
		t.Error("there are statistics of a field that is gone")
	}
}

func TestRedefineIsReadAsOfThen(t *testing.T) {
	o := testOptions(vfs.NewMem())
	clock := newTestClock()
	o.Clock = func() time.Time { return clock.now }
	s := openTest(t, o)
	defer s.Close()
	update(t, s, func(txn *Txn) {
		create(t, txn, "p", ops.Int(1), "a", "5", "b", 1)
		create(t, txn, "p", ops.Int(2), "a", "five", "b", 2)
	})
	if err := defineIndex(t, s, "p", "by_a", false, []string{"a"}); err != nil {
		t.Fatal(err)
	}
	clock.now = clock.now.Add(time.Second)
	then := clock.now
	clock.now = clock.now.Add(time.Second)
	update(t, s, func(txn *Txn) {
		if _, err := txn.Delete(ctx, txn.Catalog().Table("p"), ops.Int(2)); err != nil {
			t.Fatal(err)
		}
	})
	if err := redefine(ctx, s, "p", change("a", "", intType), change("b", "c", noType)); err != nil {
		t.Fatal(err)
	}
	read(t, s, func(txn *Txn) {
		at, err := txn.At(ctx, then)
		if err != nil {
			t.Fatal(err)
		}
		c, err := at.Scan(ctx, txn.Catalog().Table("p"), vm.Range{}, []vm.Column{colRecord})
		rows := drain(t, c, err, 1)
		// What cannot be converted is none.
		if got := show(rows[0][0]) + show(rows[1][0]); len(rows) != 2 || got != `{ id: p:1, a: 5, c: 1 }{ id: p:2, c: 2 }` {
			t.Fatal(got)
		}
		desc := txn.Catalog().Table("p")
		c, err = at.ScanIndex(ctx, desc, desc.Index("by_a"), []ops.Value{ops.Int(5)}, vm.Range{}, false, []vm.Column{colID, field("c")})
		if rows := drain(t, c, err, 2); len(rows) != 1 || rows[0][1].AsInt() != 1 {
			t.Fatal(rows)
		}
		var dst [1]ops.Value
		if ok, err := at.Get(ctx, desc, ops.Int(2), []vm.Column{field("c")}, dst[:]); !ok || err != nil || dst[0].AsInt() != 2 {
			t.Fatal(ok, err, dst)
		}
	})
	sound(t, s)
}

func TestRedefineNamesTheFirstTen(t *testing.T) {
	s := memStore(t)
	update(t, s, func(txn *Txn) {
		for i := range 3000 {
			v := any("x")
			if i < 1000 || i%2 == 0 {
				v = i
			}
			create(t, txn, "p", ops.Int(int64(i)), "a", v)
		}
	})
	before, _ := s.Catalog("main", "main")
	err := redefine(ctx, s, "p", change("a", "", intType), schema.FieldChange{Unique: true, Field: schema.Field{Path: []string{"b"}}})
	if ops.CodeOf(err) != ops.CodeCast || !strings.Contains(err.Error(), "the first ten are p:1001: a: string \"x\"") || !strings.Contains(err.Error(), "p:1019: ") || strings.Contains(err.Error(), "p:1021") {
		t.Fatal(err)
	}
	after, _ := s.Catalog("main", "main")
	if after.Table("p").Pending != nil || after.Table("p").Fingerprint != before.Table("p").Fingerprint {
		t.Fatal("something is left of it")
	}
	sound(t, s)
}

func TestRedefineIsCancelled(t *testing.T) {
	s := memStore(t)
	fill(t, s, 5000)
	short, cancel := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- redefine(short, s, "p", change("age", "", stringType)) }()
	for len(s.Jobs()) == 0 {
		time.Sleep(time.Microsecond)
	}
	cancel()
	if err := <-done; err != nil && ops.CodeOf(err) != ops.CodeCancelled {
		t.Fatal(err)
	}
	cat, _ := s.Catalog("main", "main")
	if cat.Table("p").Pending != nil {
		t.Fatal("it is pending still")
	}
	sound(t, s)
	settle(t, s)
}

// TestRedefineStopsAndGoesOn closes the store while records are rewritten, again and again, until all are.
func TestRedefineStopsAndGoesOn(t *testing.T) {
	mem := vfs.NewMem()
	s := openTest(t, testOptions(mem))
	fill(t, s, 10000)
	if err := redefine(ctx, s, "p", change("age", "years", stringType)); err != nil {
		t.Fatal(err)
	}
	stopped := 0
	for try := 1; ; try++ {
		time.Sleep(time.Duration(try) * time.Millisecond)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if jobs := s.Jobs(); jobs[len(jobs)-1].State == "stopped" {
			stopped++
		}
		s = openTest(t, testOptions(mem))
		if cat, err := s.Catalog("main", "main"); err != nil {
			t.Fatal(err)
		} else if !unfinished(cat.Table("p")) {
			break
		}
	}
	t.Logf("it was stopped %d times", stopped)
	freshShapes(t, s)
	sound(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func tableID(t testing.TB, s *Store, name string) uint32 {
	cat, err := s.Catalog("main", "main")
	if err != nil {
		t.Fatal(err)
	}
	return cat.Table(name).ID
}

// TestRedefineWithWriters redefines a table to and fro while it is written and read; every record is what its last writer made of
// it, in the shape of now.
func TestRedefineWithWriters(t *testing.T) {
	s := memStore(t)
	const keys, writers = 600, 3
	update(t, s, func(txn *Txn) {
		for i := range keys {
			create(t, txn, "p", ops.Int(int64(i)), "a", 0, "b", fmt.Sprint(i))
		}
	})
	if err := defineIndex(t, s, "p", "by_a", false, []string{"a"}); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	last := make([]int64, keys) // what each record holds; each writer has keys of its own
	for w := range writers {
		wg.Go(func() {
			for i := 1; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				key := int64(i*7919%(keys/writers)*writers + w)
				err := writeShaped(s, key, int64(i))
				switch {
				case err == nil:
					last[key] = int64(i)
				case ops.CodeOf(err) != ops.CodeConflict:
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			read(t, s, func(txn *Txn) {
				desc := txn.Catalog().Table("p")
				name, kind := shapeNow(desc)
				c, err := txn.Scan(ctx, desc, vm.Range{}, []vm.Column{field(name), colRecord})
				for _, r := range drain(t, c, err, 2) {
					if r[0].Kind() != kind || len(r[1].AsObject()) != 3 {
						t.Errorf("%s is to be %s: %s", name, kind, show(r[1]))
						return
					}
				}
			})
		}
	})
	for range 2 {
		must(t, redefine(ctx, s, "p", change("a", "n", stringType)))
		must(t, redefine(ctx, s, "p", change("n", "a", intType)))
	}
	must(t, redefine(ctx, s, "p", change("a", "n", stringType)))
	close(stop)
	wg.Wait()
	settle(t, s)
	freshShapes(t, s)
	sound(t, s)
	read(t, s, func(txn *Txn) {
		for key, want := range last {
			var dst [2]ops.Value
			ok, err := txn.Get(ctx, txn.Catalog().Table("p"), ops.Int(int64(key)), []vm.Column{field("n"), field("b")}, dst[:])
			if !ok || err != nil || dst[0].AsString() != fmt.Sprint(want) || dst[1].AsString() != fmt.Sprint(key) {
				t.Fatal(key, want, ok, err, show(dst[0]), show(dst[1]))
			}
		}
	})
}

// shapeNow is the name and the kind of the counter in TestRedefineWithWriters.
func shapeNow(desc *schema.Table) (string, ops.Kind) {
	if len(desc.Fields) == 1 && desc.Fields[0].Path[0] == "n" {
		return "n", ops.KindString
	}
	return "a", ops.KindInt
}

func writeShaped(s *Store, key, n int64) error {
	t, err := s.Begin(ctx, TxnOptions{Namespace: "main", Database: "main", Write: true})
	if err != nil {
		return err
	}
	defer t.Cancel()
	desc := t.Catalog().Table("p")
	name, kind := shapeNow(desc)
	v := ops.Int(n)
	if kind == ops.KindString {
		v = ops.String(fmt.Sprint(n))
	}
	if n%5 == 0 {
		if _, err := t.Delete(ctx, desc, ops.Int(key)); err != nil {
			return err
		}
	}
	if err := t.Replace(ctx, desc, ops.Int(key), object(name, v, "b", fmt.Sprint(key)), true); err != nil {
		return err
	}
	_, err = t.Commit(ctx)
	return err
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRedefineModel redefines a table of random records again and again, with writes in between, beside plain objects.
func TestRedefineModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := Open(testOptions(vfs.NewMem()))
		if err != nil {
			t.Fatal(err)
		}
		m := &shapeModel{store: s, rows: map[int64]map[string]ops.Value{}}
		defer func() { _ = m.store.Close() }()
		m.write(t, rapid.IntRange(1, 300).Draw(t, "records"))
		t.Repeat(map[string]func(*rapid.T){
			"write":    func(t *rapid.T) { m.write(t, rapid.IntRange(1, 20).Draw(t, "records")) },
			"redefine": m.redefine,
			"reopen":   m.reopen,
			"":         m.compare,
		})
	})
}

// shapeModel is what the records should be.
type shapeModel struct {
	store *Store
	rows  map[int64]map[string]ops.Value
}

var modelNames = []string{"a", "b", "c"}

func (m *shapeModel) write(t *rapid.T, n int) {
	txn, err := m.store.Begin(ctx, TxnOptions{Namespace: "main", Database: "main", Write: true})
	if err != nil {
		t.Fatal(err)
	}
	desc, err := txn.EnsureTable(ctx, "p", false)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.rows) == 0 {
		for _, name := range modelNames {
			err = errors.Join(err, txn.Apply(ctx, &schema.Change{Kind: schema.DefineIndex, Name: "by_" + name, Index: &schema.Index{Table: "p", Fields: [][]string{{name}}}}))
		}
		if err != nil {
			t.Fatal(err)
		}
		desc = txn.Catalog().Table("p")
	}
	for range n {
		key := rapid.Int64Range(0, 400).Draw(t, "key")
		row := map[string]ops.Value{}
		var ms []ops.Member
		for _, name := range modelNames {
			typ := intType
			if i := fieldIndex(desc, name); i >= 0 {
				typ = desc.Fields[i].Type
			} else if rapid.Bool().Draw(t, "without") {
				continue
			}
			v := ops.Int(rapid.Int64Range(-5, 5).Draw(t, "value"))
			if typ.Kind == ops.KindString {
				v = ops.String(fmt.Sprint(v.AsInt()))
			}
			row[name] = v
			ms = append(ms, ops.Member{Name: name, Value: v})
		}
		if err := txn.Replace(ctx, desc, ops.Int(key), ops.Object(ms), true); err != nil {
			t.Fatal(err)
		}
		m.rows[key] = row
	}
	if _, err := txn.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

func fieldIndex(desc *schema.Table, name string) int {
	for i := range desc.Fields {
		if desc.Fields[i].Path[0] == name {
			return i
		}
	}
	return -1
}

// redefine gives the fields one another's names, and some of them other types, or what they lack.
func (m *shapeModel) redefine(t *rapid.T) {
	names := rapid.Permutation(modelNames).Draw(t, "names")
	var fields []schema.FieldChange
	next := map[int64]map[string]ops.Value{}
	for key := range m.rows {
		next[key] = map[string]ops.Value{}
	}
	fails := false
	for i, from := range modelNames {
		typ := rapid.SampledFrom([]ops.Type{noType, intType, stringType}).Draw(t, "type")
		c := change(from, names[i], typ)
		if c.As == from {
			c.As = ""
		}
		if typ.Kind != ops.KindNone && rapid.Bool().Draw(t, "fill") {
			c.Said |= schema.SaidDefault
			c.Default, c.Fill = "0", ops.AppendKey(nil, ops.Int(0), false)
		}
		fields = append(fields, c)
		for key, row := range m.rows {
			v := row[from]
			if v.IsNone() && c.Fill != nil {
				v = ops.Int(0)
			}
			if typ.Kind != ops.KindNone {
				if v.IsNone() {
					fails = true
					continue
				}
				v, _ = ops.Cast(v, typ)
			}
			if !v.IsNone() {
				next[key][names[i]] = v
			}
		}
	}
	err := redefine(ctx, m.store, "p", fields...)
	if fails != (err != nil) || err != nil && ops.CodeOf(err) != ops.CodeCast {
		t.Fatal(fails, err)
	}
	if err == nil {
		m.rows = next
	}
}

func (m *shapeModel) reopen(t *rapid.T) {
	fs := m.store.opts.FS
	if err := m.store.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(testOptions(fs))
	if err != nil {
		t.Fatal(err)
	}
	m.store = s
}

func (m *shapeModel) compare(t *rapid.T) {
	txn, err := m.store.Begin(ctx, TxnOptions{Namespace: "main", Database: "main"})
	if err != nil {
		t.Fatal(err)
	}
	defer txn.Cancel()
	desc := txn.Catalog().Table("p")
	cols := []vm.Column{field("a"), field("b"), field("c")}
	for key, row := range m.rows {
		var dst [3]ops.Value
		ok, err := txn.Get(ctx, desc, ops.Int(key), cols, dst[:])
		if !ok || err != nil {
			t.Fatal(key, ok, err)
		}
		for i, name := range modelNames {
			if want := row[name]; dst[i].Kind() != want.Kind() || !ops.Equal(dst[i], want) {
				t.Fatalf("p:%d has %s = %s, not %s", key, name, show(dst[i]), show(want))
			}
		}
	}
	if err := m.store.Check(ctx, func(p Problem) { t.Error(p) }); err != nil {
		t.Fatal(err)
	}
}

// TestRedefineCrashes crashes a redefinition at every sync; what is left is the old table or the new one, whole, and goes on.
func TestRedefineCrashes(t *testing.T) {
	mem := vfs.NewCrashableMem()
	c := &crashFS{mem: mem, load: &workload{}, every: 1}
	o := testOptions(errorfs.Wrap(mem, c))
	s := openTest(t, o)
	const n = 1500
	update(t, s, func(txn *Txn) {
		for i := range n {
			create(t, txn, "p", ops.Int(int64(i)), "a", fmt.Sprint(i), "b", i)
		}
	})
	must(t, defineIndex(t, s, "p", "by_a", true, []string{"a"}))
	from := len(c.copies)
	must(t, redefine(ctx, s, "p", change("a", "n", intType), drop("b")))
	settle(t, s)
	must(t, s.Close())
	was, is := 0, 0
	for _, copied := range c.copies[from:] {
		r, err := Open(testOptions(copied.fs))
		if err != nil {
			t.Fatal(copied.at, err)
		}
		settle(t, r)
		freshShapes(t, r)
		sound(t, r)
		read(t, r, func(txn *Txn) {
			desc := txn.Catalog().Table("p")
			name, kind := "a", ops.KindString
			if len(desc.Fields) == 1 {
				name, kind = "n", ops.KindInt
				is++
			} else {
				was++
			}
			cur, err := txn.Scan(ctx, desc, vm.Range{}, []vm.Column{field(name), colRecord})
			rows := drain(t, cur, err, 2)
			if len(rows) != n {
				t.Fatal(copied.at, len(rows))
			}
			for i, r := range rows {
				if r[0].Kind() != kind || show(r[0]) != fmt.Sprint(i) && show(r[0]) != fmt.Sprintf("%q", fmt.Sprint(i)) {
					t.Fatal(copied.at, i, show(r[1]))
				}
			}
			if rows := scanIndex(t, txn, "p", "by_a", nil, vm.Range{}, false, field(name)); len(rows) != n {
				t.Fatal(copied.at, len(rows))
			}
		})
		must(t, r.Close())
	}
	if was == 0 || is < 2 {
		t.Errorf("%d crashes before it, %d after", was, is)
	}
	t.Logf("%d crashes before it was in force, %d after", was, is)
}

func TestJobsAreShownWhileTheyRun(t *testing.T) {
	s := memStore(t)
	fill(t, s, 1)
	cat, _ := s.Catalog("main", "main")
	n := s.begin("redefine", "checking", place{"main", "main"}, s.tables[tableID(t, s, "p")], "")
	n.done.Add(3)
	jobs := cat.(schema.Working).Jobs("p")
	if len(jobs) != 1 || jobs[0].State != "checking" || jobs[0].Done != 3 || jobs[0].Total != 3 {
		t.Fatal(jobs)
	}
	s.end(n, errors.New("no"))
	if jobs := cat.(schema.Working).Jobs("p"); len(jobs) != 0 {
		t.Fatal(jobs)
	}
	for range 2 * keptJobs {
		s.end(s.begin("index", "building", place{"main", "main"}, s.tables[tableID(t, s, "p")], "i"), nil)
	}
	if jobs := s.Jobs(); len(jobs) != keptJobs || jobs[0].Of != "i" {
		t.Fatal(len(jobs), jobs[0])
	}
}

// TestRedefineMeetsOtherDefinitions defines and removes while a redefinition is under way.
func TestRedefineMeetsOtherDefinitions(t *testing.T) {
	s := memStore(t)
	fill(t, s, 500)
	announce := func() *redefining {
		t.Helper()
		r := &redefining{store: s, place: place{"main", "main"}, id: tableID(t, s, "p"), change: &schema.Change{Kind: schema.RedefineTable, Name: "p",
			Redefinition: &schema.Redefinition{Fields: []schema.FieldChange{change("name", "called", noType), change("age", "", stringType)}}}}
		r.job = s.begin("redefine", "checking", r.place, s.tables[r.id], "")
		if _, err := r.announce(ctx); err != nil {
			t.Fatal(err)
		}
		return r
	}
	must(t, defineIndex(t, s, "p", "by_age", false, []string{"age"}))
	r := announce()
	if err := defineIndex(t, s, "p", "by_name", false, []string{"name"}); ops.CodeOf(err) != ops.CodeInUse {
		t.Error(err)
	}
	// What is written must fit both.
	txn := begin(t, s, true)
	_, _, err := txn.Create(ctx, txn.Catalog().Table("p"), ops.Int(1000), object("age", 1, "called", "x", "name", "y"), false)
	if ops.CodeOf(err) != ops.CodeAlreadyExists || !strings.Contains(err.Error(), "is being redefined") {
		t.Error(err)
	}
	txn.Cancel()
	update(t, s, func(txn *Txn) { create(t, txn, "p", ops.Int(1000), "age", 77_000) })
	sound(t, s)
	// A view that names the field comes to be before it is in force.
	view := schema.NewObject(schema.ObjectView, "v", "DEFINE TABLE v AS SELECT name FROM p", []schema.Ref{{Kind: schema.RefTable, Name: "p"}})
	update(t, s, func(txn *Txn) {
		must(t, txn.Apply(ctx, &schema.Change{Kind: schema.DefineObject, Name: "v", Object: view}))
	})
	must(t, r.check(ctx, r.id))
	if err := r.turn(ctx); ops.CodeOf(err) != ops.CodeInUse {
		t.Error(err)
	}
	must(t, s.dropPending(ctx, r.place, r.id))
	s.end(r.job, nil)
	sound(t, s)
	update(t, s, func(txn *Txn) {
		must(t, txn.Apply(ctx, &schema.Change{Kind: schema.RemoveObject, Name: "v", Object: view}))
	})
	// The table goes.
	r = announce()
	must(t, r.check(ctx, r.id))
	update(t, s, func(txn *Txn) { must(t, txn.Apply(ctx, &schema.Change{Kind: schema.RemoveTable, Name: "p"})) })
	if err := r.turn(ctx); !errors.Is(err, errAgain) {
		t.Error(err)
	}
	if _, err := r.announce(ctx); ops.CodeOf(err) != ops.CodeUnknownTable {
		t.Error(err)
	}
	s.end(r.job, nil)
	sound(t, s)
}

// TestRedefineUniqueTwins deletes the twin of a record while a unique index is being filled: the entry is the other's.
func TestRedefineUniqueTwins(t *testing.T) {
	s := memStore(t)
	update(t, s, func(txn *Txn) {
		create(t, txn, "p", ops.Int(1), "a", "1")
		create(t, txn, "p", ops.Int(2), "a", "01")
		create(t, txn, "p", ops.Int(3), "a", "001")
	})
	must(t, defineIndex(t, s, "p", "u", true, []string{"a"}))
	r := &redefining{store: s, place: place{"main", "main"}, id: tableID(t, s, "p"), change: &schema.Change{Kind: schema.RedefineTable, Name: "p",
		Redefinition: &schema.Redefinition{Fields: []schema.FieldChange{change("a", "", intType)}}}}
	r.job = s.begin("redefine", "checking", r.place, s.tables[r.id], "")
	_, err := r.announce(ctx)
	must(t, err)
	txn, tab, err := r.open(ctx, r.id)
	must(t, err)
	_, next, err := txn.tryRecords(ctx, tab, nil, 1, r)
	must(t, err)
	commit(t, txn)
	update(t, s, func(txn *Txn) {
		desc := txn.Catalog().Table("p")
		if _, err := txn.Delete(ctx, desc, ops.Int(2)); err != nil {
			t.Fatal(err)
		}
		must(t, txn.Replace(ctx, desc, ops.Int(3), object("a", "3"), false))
	})
	txn, tab, err = r.open(ctx, r.id)
	must(t, err)
	_, _, err = txn.tryRecords(ctx, tab, next, 10, r)
	must(t, err)
	commit(t, txn)
	must(t, r.turn(ctx))
	s.end(r.job, nil)
	sound(t, s)
}
