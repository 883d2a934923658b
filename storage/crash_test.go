package storage

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// workload writes to a store: transaction i of a writer creates record (writer, i) with an index entry and an edge to the one
// before, and deletes what is ten back. acked is told of each that was acknowledged.
type workload struct {
	writers, txns int
	mu            sync.Mutex
	acked         []int // by writer, how many
}

func (w *workload) prepare(s *Store) error {
	t, err := s.Begin(ctx, TxnOptions{Namespace: "main", Database: "main", Write: true})
	if err != nil {
		return err
	}
	defer t.Cancel()
	if _, err := t.EnsureTable(ctx, "e", true); err != nil {
		return err
	}
	err = t.Apply(ctx, &schema.Change{Kind: schema.DefineTable, Name: "p", Table: &schema.Table{
		Indexes: []*schema.Index{{Name: "n", Table: "p", Fields: [][]string{{"n"}}}, {Name: "u", Table: "p", Fields: [][]string{{"u"}}, Unique: true}}}})
	if err == nil {
		_, err = t.Commit(ctx)
	}
	return err
}

func (w *workload) key(writer, i int) ops.Value { return ops.Int(int64(writer*1_000_000 + i)) }

func (w *workload) write(s *Store, writer, i int) error {
	for {
		err := w.try(s, writer, i)
		if err == nil || ops.CodeOf(err) != ops.CodeConflict {
			return err
		}
	}
}

func (w *workload) try(s *Store, writer, i int) error {
	t, err := s.Begin(ctx, TxnOptions{Namespace: "main", Database: "main", Write: true})
	if err != nil {
		return err
	}
	defer t.Cancel()
	p, e := t.Catalog().Table("p"), t.Catalog().Table("e")
	if p == nil || e == nil {
		return errors.New("tables are gone")
	}
	obj := object("n", i%7, "u", fmt.Sprint(writer, "-", i), fmt.Sprint("field", i%50), strings.Repeat("x", 500))
	if _, _, err := t.Create(ctx, p, w.key(writer, i), obj, false); err != nil {
		return err
	}
	if i > 0 {
		in, out := ops.Record("p", w.key(writer, i)), ops.Record("p", w.key(writer, i-1))
		if _, _, err := t.Create(ctx, e, w.key(writer, i), object("in", in, "out", out), false); err != nil {
			return err
		}
	}
	if i >= 10 {
		if _, err := t.Delete(ctx, p, w.key(writer, i-10)); err != nil {
			return err
		}
	}
	_, err = t.Commit(ctx)
	return err
}

// run writes until all is written or something fails.
func (w *workload) run(s *Store) error {
	w.acked = make([]int, w.writers)
	var wg sync.WaitGroup
	errs := make([]error, w.writers)
	for writer := range w.writers {
		wg.Go(func() {
			for i := range w.txns {
				if errs[writer] = w.write(s, writer, i); errs[writer] != nil {
					return
				}
				w.mu.Lock()
				w.acked[writer] = i + 1
				w.mu.Unlock()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (w *workload) snapshot() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]int(nil), w.acked...)
}

// verify opens what is left and checks that it is sound, has every acknowledged transaction, and no half one.
func (w *workload) verify(fs vfs.FS, acked []int) error {
	o := testOptions(fs)
	s, err := Open(o)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer s.Close()
	var problems []string
	if err := s.Check(ctx, func(p Problem) { problems = append(problems, p.String()) }); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if len(problems) > 0 {
		return fmt.Errorf("check: %d problems, %s", len(problems), problems[0])
	}
	t, err := s.Begin(ctx, TxnOptions{Namespace: "main", Database: "main"})
	if err != nil {
		return err
	}
	defer t.Cancel()
	for writer, n := range acked {
		if err := w.verifyWriter(t, writer, n); err != nil {
			return err
		}
	}
	return w.try(s, 99, 0)
}

// verifyWriter checks that the records of a writer are those that its first so many transactions leave, and that these are not
// fewer than were acknowledged. They may be more: it went on writing.
func (w *workload) verifyWriter(t *Txn, writer, acked int) error {
	r := vm.Range{Lo: w.key(writer, 0), LoBound: vm.Inclusive, Hi: w.key(writer+1, 0), HiBound: vm.Exclusive}
	c, err := t.Scan(ctx, t.Catalog().Table("p"), r, []vm.Column{colID})
	if err != nil {
		return err
	}
	defer c.Close()
	var b vm.Batch
	if err := c.Next(ctx, &b); err != nil {
		return err
	}
	next := 0
	if b.N > 0 {
		next = int(b.Cols[0].At(b.N-1).RecordKey().AsInt()) - writer*1_000_000 + 1
	}
	if next < acked {
		return fmt.Errorf("writer %d has %d transactions; %d were acknowledged", writer, next, acked)
	}
	if b.N != min(next, 10) {
		return fmt.Errorf("writer %d has %d records after %d transactions", writer, b.N, next)
	}
	return nil
}

// crashFS takes a copy of what a crash would leave at every sync.
type crashFS struct {
	mem    *vfs.MemFS
	load   *workload
	every  int64
	syncs  atomic.Int64
	mu     sync.Mutex
	copies []crashCopy
}

type crashCopy struct {
	fs    *vfs.MemFS
	acked []int
	at    string
}

func (c *crashFS) MaybeError(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo, errorfs.OpRename, errorfs.OpCreate, errorfs.OpRemove:
	default:
		return nil
	}
	n := c.syncs.Add(1)
	if n%c.every != 0 {
		return nil
	}
	acked := c.load.snapshot()
	cfg := vfs.CrashCloneCfg{}
	if n%2 == 0 {
		cfg = vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(uint64(n), 1))}
	}
	fs := c.mem.CrashClone(cfg)
	c.mu.Lock()
	c.copies = append(c.copies, crashCopy{fs, acked, fmt.Sprintf("operation %d, kind %d on %s", n, op.Kind, op.Path)})
	c.mu.Unlock()
	return nil
}

func (c *crashFS) String() string { return "crash" }

func TestCrashAtEverySync(t *testing.T) {
	for _, w := range []*workload{{writers: 1, txns: 120}, {writers: 4, txns: 60}} {
		t.Run(fmt.Sprint(w.writers, " writers"), func(t *testing.T) {
			c := &crashFS{mem: vfs.NewCrashableMem(), load: w, every: 1}
			o := testOptions(errorfs.Wrap(c.mem, c))
			o.MemTableBytes = 256 << 10
			s := openTest(t, o)
			if err := w.prepare(s); err != nil {
				t.Fatal(err)
			}
			if err := w.run(s); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for _, copied := range c.copies {
				if len(copied.acked) == 0 {
					continue // before the tables were there
				}
				if err := w.verify(copied.fs, copied.acked); err != nil {
					t.Errorf("crash at %s: %v", copied.at, err)
				}
			}
			t.Logf("%d crashes", len(c.copies))
		})
	}
}

// failing lets everything fail that writes, from the n-th operation on.
type failing struct {
	from  int64
	err   error
	count atomic.Int64
	once  bool
}

func (f *failing) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() == errorfs.OpIsRead || op.Kind == errorfs.OpFileClose || op.Kind == errorfs.OpLock || op.Kind == errorfs.OpRemove {
		return nil
	}
	n := f.count.Add(1)
	if n == f.from || n > f.from && !f.once {
		return f.err
	}
	return nil
}

func (f *failing) String() string { return "failing" }

func TestWritesThatFail(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EIO} {
		for _, once := range []bool{false, true} {
			t.Run(fmt.Sprint(cause, " once ", once), func(t *testing.T) {
				failed := 0
				for from := int64(1); from < 400; from += 7 {
					if testFailure(t, &failing{from: from, err: cause, once: once}) {
						failed++
					}
				}
				t.Logf("%d runs failed", failed)
			})
		}
	}
}

func testFailure(t *testing.T, f *failing) (failed bool) {
	t.Helper()
	mem := vfs.NewMem()
	w := &workload{writers: 2, txns: 40}
	o := testOptions(errorfs.Wrap(mem, f))
	o.MemTableBytes = 256 << 10
	s, err := Open(o)
	if err == nil {
		if err = w.prepare(s); err == nil {
			err = w.run(s)
			if err != nil {
				// It can still be read.
				read(t, s, func(txn *Txn) {
					c, err := txn.Scan(ctx, txn.Catalog().Table("p"), vm.Range{}, nil)
					drain(t, c, err, 0)
				})
			}
		} else {
			w.acked = nil
		}
		if e := s.Close(); err == nil {
			err = e
		}
	}
	if err != nil {
		failed = true
		switch c := ops.CodeOf(errors.Unwrap(err)); {
		case c == ops.CodeIO, c == ops.CodeReadOnlyTransaction:
		default:
			if c := ops.CodeOf(err); c != ops.CodeIO && c != ops.CodeReadOnlyTransaction {
				t.Errorf("from %d: %v", f.from, err)
			}
		}
	}
	if len(w.acked) > 0 {
		if err := w.verify(mem, w.acked); err != nil {
			t.Errorf("from %d: %v", f.from, err)
		}
	}
	return failed
}
