package storage

import (
	"fmt"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

var (
	genKey = rapid.OneOf(
		rapid.Custom(func(t *rapid.T) ops.Value { return ops.Int(int64(rapid.IntRange(-3, 8).Draw(t, "int"))) }),
		rapid.Custom(func(t *rapid.T) ops.Value {
			return ops.String(rapid.SampledFrom([]string{"a", "b", "b\x00", "ba"}).Draw(t, "string"))
		}))
	genField = rapid.OneOf(rapid.Just(ops.None), rapid.Just(ops.Float(2)), rapid.Just(ops.String("x")),
		rapid.Custom(func(t *rapid.T) ops.Value { return ops.Int(int64(rapid.IntRange(0, 5).Draw(t, "int"))) }))
	genUnique = rapid.OneOf(rapid.Just(ops.None),
		rapid.Custom(func(t *rapid.T) ops.Value { return ops.Int(int64(rapid.IntRange(0, 20).Draw(t, "int"))) }))
	genRow = rapid.Custom(func(t *rapid.T) modelRow {
		return modelRow{genKey.Draw(t, "key"), genField.Draw(t, "a"), genUnique.Draw(t, "u")}
	})
	genEdge = rapid.Custom(func(t *rapid.T) modelEdge {
		return modelEdge{ops.Int(int64(rapid.IntRange(0, 12).Draw(t, "edge"))), genKey.Draw(t, "in"), genKey.Draw(t, "out")}
	})
	genBound = rapid.SampledFrom([]vm.Bound{vm.Unbounded, vm.Inclusive, vm.Exclusive})
	genLimit = rapid.SampledFrom([]int{1, 3, 1000})
)

func genRange(t *rapid.T, of *rapid.Generator[ops.Value]) vm.Range {
	return vm.Range{Lo: of.Draw(t, "lo"), Hi: of.Draw(t, "hi"), LoBound: genBound.Draw(t, "lo bound"), HiBound: genBound.Draw(t, "hi bound"),
		Reverse: rapid.Bool().Draw(t, "reverse")}
}

func genRead(t *rapid.T) operation {
	switch rapid.IntRange(0, 5).Draw(t, "read") {
	case 0:
		return opGet(genKey.Draw(t, "key"))
	case 1:
		return opScan(genRange(t, genKey), genLimit.Draw(t, "limit"))
	case 2:
		return opIndex("a", func(r modelRow) ops.Value { return r.a }, genRange(t, genField), genLimit.Draw(t, "limit"))
	case 3:
		return opIndex("u", func(r modelRow) ops.Value { return r.u }, genRange(t, genUnique), genLimit.Draw(t, "limit"))
	case 4:
		return opExpand(rapid.SliceOfN(genKey, 1, 4).Draw(t, "from"), rapid.SampledFrom([]vm.Direction{vm.Out, vm.In, vm.Both}).Draw(t, "dir"))
	}
	return opFetch(rapid.SliceOfN(genKey, 1, 4).Draw(t, "ids"))
}

func genWrite(t *rapid.T) operation {
	switch rapid.IntRange(0, 5).Draw(t, "write") {
	case 0, 1:
		return opCreate(genRow.Draw(t, "row"), rapid.Bool().Draw(t, "if not exists"))
	case 2:
		return opReplace(genRow.Draw(t, "row"), rapid.Bool().Draw(t, "upsert"))
	case 3:
		return opDelete(genKey.Draw(t, "key"))
	case 4:
		return opRelate(genEdge.Draw(t, "edge"))
	}
	return opUnrelate(ops.Int(int64(rapid.IntRange(0, 12).Draw(t, "edge"))))
}

// slot is a transaction that is running. A writer's operations are run on the model, in the order of commits, when it
// commits, and must give then what they gave in the transaction: this is what serialisable means. A reader's
// are run at once on the state that it began with.
type slot struct {
	txn     *Txn
	writer  bool
	state   *model   // a reader's
	states  []*model // all since it began, for a writer that writes nothing: it may have any place among them
	done    []operation
	results []string
	saved   []Savepoint
}

// machine is a store with several transactions interleaved, and the model.
type machine struct {
	fs        *vfs.MemFS
	store     *Store
	model     *model
	slots     [3]*slot
	conflicts int
	commits   int
}

func (m *machine) open(t *rapid.T) {
	s, err := Open(testOptions(m.fs))
	if err != nil {
		t.Fatal(err)
	}
	m.store = s
}

func (m *machine) begin(t *rapid.T, i int, write bool) {
	txn, err := m.store.Begin(ctx, TxnOptions{Namespace: "main", Database: "main", Write: write})
	if err != nil {
		t.Fatal(err)
	}
	m.slots[i] = &slot{txn: txn, writer: write, state: m.model.clone(), states: []*model{m.model}}
}

func (m *machine) run(t *rapid.T, s *slot, op operation) {
	got := op.on(s.txn)
	if got == string(ops.CodeConflict) {
		if !s.writer {
			t.Fatal("a reader met a conflict")
		}
		m.conflicts++
		m.slots[slices.Index(m.slots[:], s)] = nil
		s.txn.Cancel()
		return
	}
	if s.writer {
		s.done, s.results = append(s.done, op), append(s.results, got)
		return
	}
	if want := op.in(s.state); got != want {
		t.Fatalf("reader: %s\n got %s\nwant %s", op.name, got, want)
	}
}

func (s *slot) savepoint() {
	s.saved = append(s.saved, s.txn.Savepoint())
	s.done = append(s.done, operation{name: "savepoint", in: func(m *model) string {
		m.saved = append(m.saved, m.clone())
		return ""
	}})
	s.results = append(s.results, "")
}

func (s *slot) rollback() {
	n := len(s.saved) - 1
	s.txn.RollbackTo(s.saved[n])
	s.saved = s.saved[:n]
	s.done = append(s.done, operation{name: "rollback", in: func(m *model) string {
		old := m.saved[len(m.saved)-1]
		m.rows, m.edges, m.saved = old.rows, old.edges, m.saved[:len(m.saved)-1]
		return ""
	}})
	s.results = append(s.results, "")
}

func (m *machine) commit(t *rapid.T, i int) {
	s := m.slots[i]
	m.slots[i] = nil
	at, err := s.txn.Commit(ctx)
	if err != nil {
		if ops.CodeOf(err) != ops.CodeConflict {
			t.Fatal(err)
		}
		m.conflicts++
		return
	}
	m.commits++
	if at == s.txn.Snapshot() {
		for _, state := range s.states {
			if _, ok := s.replay(state.clone()); ok {
				return
			}
		}
		t.Fatalf("%v\n gave %q, which no state since the transaction began gives", s.done, s.results)
	}
	next := m.model.clone()
	if what, ok := s.replay(next); !ok {
		t.Fatal(what)
	}
	next.saved = nil
	m.model = next
	for _, o := range m.slots {
		if o != nil {
			o.states = append(o.states, next)
		}
	}
}

// replay runs what a transaction did on a model and compares the results.
func (s *slot) replay(m *model) (what string, ok bool) {
	for i, op := range s.done {
		what += fmt.Sprintf("%s => %s\n", op.name, s.results[i])
		if want := op.in(m); want != s.results[i] {
			return what + "want " + want, false
		}
	}
	return what, true
}

func (m *machine) check(t *rapid.T) {
	if err := m.store.Check(ctx, func(p Problem) { t.Errorf("check: %v", p) }); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) reopen(t *rapid.T) {
	for i, s := range m.slots {
		if s != nil {
			s.txn.Cancel()
			m.slots[i] = nil
		}
	}
	if err := m.store.Close(); err != nil {
		t.Fatal(err)
	}
	m.open(t)
}

func (m *machine) step(t *rapid.T) {
	i := rapid.IntRange(0, len(m.slots)-1).Draw(t, "transaction")
	s := m.slots[i]
	if s == nil {
		m.begin(t, i, rapid.IntRange(0, 4).Draw(t, "write") > 0)
		return
	}
	switch n := rapid.IntRange(0, 19).Draw(t, "action"); {
	case n < 7 || !s.writer && n < 14:
		m.run(t, s, genRead(t))
	case n < 14:
		m.run(t, s, genWrite(t))
	case n < 15 && s.writer:
		s.savepoint()
	case n < 16 && len(s.saved) > 0:
		s.rollback()
	case n == 17:
		s.txn.Cancel()
		m.slots[i] = nil
	case n == 18 && rapid.IntRange(0, 9).Draw(t, "reopen") == 0:
		m.reopen(t)
	case n >= 15:
		m.commit(t, i)
	}
}

// TestTransactionsAreSerialisable interleaves random transactions and compares them with a model that runs those that
// committed one after the other.
func TestTransactionsAreSerialisable(t *testing.T) {
	commits, conflicts := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{fs: vfs.NewMem(), model: newModel()}
		m.open(t)
		txn, err := m.store.Begin(ctx, TxnOptions{Namespace: "main", Database: "main", Write: true})
		if err == nil {
			err = defineModel(txn)
		}
		if err == nil {
			_, err = txn.Commit(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(20, 150).Draw(t, "steps") {
			m.step(t)
		}
		m.reopen(t)
		m.begin(t, 0, false)
		m.run(t, m.slots[0], opScan(vm.Range{}, 1000))
		m.run(t, m.slots[0], opIndex("a", func(r modelRow) ops.Value { return r.a }, vm.Range{}, 1000))
		m.slots[0].txn.Cancel()
		m.check(t)
		commits, conflicts = commits+m.commits, conflicts+m.conflicts
		if err := m.store.Close(); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%d commits, %d conflicts", commits, conflicts)
	if commits == 0 || conflicts == 0 {
		t.Fatal("the test does not test what it is for")
	}
}
