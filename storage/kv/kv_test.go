package kv

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/storage/keys"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type quiet struct{}

func (quiet) Infof(string, ...any)              {}
func (quiet) Errorf(string, ...any)             {}
func (quiet) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// testDB is a DB with a clock that the test moves.
type testDB struct {
	*DB
	fs  vfs.FS
	p   *pebble.DB
	now time.Time
}

func openDB(t testing.TB) *testDB {
	db := &testDB{fs: vfs.NewMem(), now: time.UnixMilli(1_000_000_000)}
	db.open(t)
	t.Cleanup(func() { db.shut(t) })
	return db
}

func (db *testDB) open(t testing.TB) {
	t.Helper()
	p, err := pebble.Open("db", &pebble.Options{FS: db.fs, FormatMajorVersion: pebble.FormatNewest, Logger: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	db.p = p
	if db.DB, err = New(p, Options{Clock: func() time.Time { return db.now }, Retention: time.Minute}); err != nil {
		t.Fatal(err)
	}
}

func (db *testDB) shut(t testing.TB) {
	t.Helper()
	if err := errors.Join(db.DB.Close(), db.p.Close()); err != nil {
		t.Fatal(err)
	}
}

func key(s string) []byte {
	p := keys.Make(1, 7)
	return append(p[:], s...)
}

func (db *testDB) begin(t testing.TB, write bool) *Txn {
	t.Helper()
	txn, err := db.Begin(write)
	if err != nil {
		t.Fatal(err)
	}
	return txn
}

// put commits writes given as key=value by turns; an empty value deletes.
func (db *testDB) put(t testing.TB, kvs ...string) Time {
	t.Helper()
	txn := db.begin(t, true)
	for i := 0; i < len(kvs); i += 2 {
		if kvs[i+1] == "" {
			txn.Delete(key(kvs[i]), Unknown)
		} else {
			txn.Put(key(kvs[i]), []byte(kvs[i+1]), Unknown)
		}
	}
	at, err := txn.Commit(nil)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func get(t testing.TB, txn *Txn, k string) string {
	t.Helper()
	v, _, ok, err := txn.Get(key(k))
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return ""
	}
	return string(v)
}

// list reads a range and records that it was read.
func list(t testing.TB, txn *Txn, lo, hi string) string {
	t.Helper()
	it, err := txn.NewIter(key(lo), key(hi), txn.Mark())
	if err != nil {
		t.Fatal(err)
	}
	if txn.Writable() {
		txn.ReadSpan(key(lo), key(hi))
	}
	var out []byte
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.Value()
		if err != nil {
			t.Fatal(err)
		}
		out = fmt.Appendf(out, "%s=%s ", it.Key()[keys.PrefixLen:], v)
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func conflicts(t testing.TB, txn *Txn) bool {
	t.Helper()
	_, err := txn.Commit(nil)
	var c *ConflictError
	if err != nil && !errors.As(err, &c) {
		t.Fatal(err)
	}
	return err != nil
}

func TestNoWriteSkew(t *testing.T) {
	db := openDB(t)
	db.put(t, "a", "on call", "b", "on call")
	one, two := db.begin(t, true), db.begin(t, true)
	for _, txn := range []*Txn{one, two} {
		if get(t, txn, "a")+get(t, txn, "b") != "on callon call" {
			t.Fatal("not read")
		}
	}
	one.Put(key("a"), []byte("off"), Unknown)
	two.Put(key("b"), []byte("off"), Unknown)
	if conflicts(t, one) || !conflicts(t, two) {
		t.Fatal("both went off call")
	}
}

func TestNoPhantom(t *testing.T) {
	db := openDB(t)
	db.put(t, "m", "1")
	one, two := db.begin(t, true), db.begin(t, true)
	list(t, one, "a", "k")
	list(t, two, "a", "k")
	one.Put(key("b"), []byte("1"), Unknown)
	two.Put(key("c"), []byte("1"), Unknown)
	if conflicts(t, one) || !conflicts(t, two) {
		t.Fatal("two saw an empty range that one had filled")
	}
	// A write beside the range is no conflict.
	three := db.begin(t, true)
	list(t, three, "a", "k")
	db.put(t, "k", "2")
	three.Put(key("x"), []byte("1"), Unknown)
	if conflicts(t, three) {
		t.Fatal("a write behind the range")
	}
}

func TestNoLostUpdate(t *testing.T) {
	db := openDB(t)
	one, two := db.begin(t, true), db.begin(t, true)
	one.Put(key("a"), []byte("1"), Unknown)
	two.Put(key("a"), []byte("2"), Unknown)
	if conflicts(t, one) || !conflicts(t, two) {
		t.Fatal("a write that read nothing was lost")
	}
}

func TestReadsBeforeThePinAreOfOneState(t *testing.T) {
	db := openDB(t)
	db.put(t, "a", "1", "b", "1")
	txn := db.begin(t, true)
	if get(t, txn, "a") != "1" {
		t.Fatal()
	}
	db.put(t, "c", "2") // has nothing to do with it: the snapshot may move on
	if list(t, txn, "a", "z") != "a=1 b=1 c=2 " {
		t.Fatal("the snapshot has not moved")
	}
	txn.Cancel()
	txn = db.begin(t, true)
	defer txn.Cancel()
	if get(t, txn, "a") != "1" {
		t.Fatal()
	}
	db.put(t, "a", "3", "b", "3")
	var c *ConflictError
	if _, _, _, err := txn.Get(key("b")); !errors.As(err, &c) || !bytes.Equal(c.Key, key("a")) {
		t.Fatal("a of one state and b of another", err)
	}
}

func TestWindowForgetsAndThenRefuses(t *testing.T) {
	db := openDB(t)
	db.window.limit = 8
	old := db.begin(t, true)
	get(t, old, "nothing")
	for i := range 40 {
		db.put(t, fmt.Sprint(i), "x")
	}
	if n := db.window.gens[0].keys + db.window.gens[1].keys; n > 16 {
		t.Fatal("the window is not bounded:", n)
	}
	old.Put(key("other"), []byte("1"), Unknown)
	_, err := old.Commit(nil)
	var c *ConflictError
	if !errors.As(err, &c) || c.Key != nil {
		t.Fatal(err)
	}
	fresh := db.begin(t, true)
	fresh.Put(key("other"), []byte("1"), Unknown)
	if conflicts(t, fresh) {
		t.Fatal("a fresh transaction")
	}
}

func TestLargeCommitIsRememberedAsAWhole(t *testing.T) {
	db := openDB(t)
	db.window.limit = 8
	one := db.begin(t, true)
	get(t, one, "z")
	var kvs []string
	for i := range 30 {
		kvs = append(kvs, fmt.Sprint(i), "x")
	}
	db.put(t, kvs...)
	one.Put(key("y"), []byte("1"), Unknown)
	if !conflicts(t, one) {
		t.Fatal("the object was written, nobody knows where")
	}
}

func TestPastStatesAreRead(t *testing.T) {
	db := openDB(t)
	type state struct {
		at   Time
		text string
	}
	var states []state
	see := func(at Time) {
		txn := db.begin(t, false)
		states = append(states, state{at, list(t, txn, "", "z")})
		txn.Cancel()
	}
	see(db.put(t, "a", "1", "b", "1"))
	see(db.put(t, "a", "2", "c", "1"))
	db.now = db.now.Add(30 * time.Second)
	see(db.put(t, "b", ""))
	see(db.put(t, "b", "3", "a", ""))
	for _, s := range states {
		txn := &Txn{}
		if err := db.BeginAt(txn, s.at); err != nil {
			t.Fatal(err)
		}
		if got := list(t, txn, "", "z"); got != s.text {
			t.Errorf("at %d: %q, not %q", s.at, got, s.text)
		}
		points := ""
		for _, k := range []string{"a", "b", "c"} {
			if v := get(t, txn, k); v != "" {
				points += k + "=" + v + " "
			}
		}
		if points != s.text {
			t.Errorf("gets at %d: %q, not %q", s.at, points, s.text)
		}
		txn.Cancel()
	}
}

func (db *testDB) versions(t testing.TB) (n int) {
	t.Helper()
	it, err := db.p.NewIter(&pebble.IterOptions{LowerBound: keys.HistoryEpoch(0), UpperBound: keys.HistoryEpoch(1<<32 - 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		n++
	}
	return n
}

func TestHistoryIsDroppedBehindTheOldestSnapshot(t *testing.T) {
	db := openDB(t)
	at := db.put(t, "a", "1")
	db.put(t, "a", "2")
	pinned := &Txn{}
	if err := db.BeginAt(pinned, at); err != nil {
		t.Fatal(err)
	}
	db.now = db.now.Add(time.Hour)
	db.put(t, "b", "1")
	if n := db.versions(t); n != 1 {
		t.Fatal("a version that a snapshot needs is gone:", n)
	}
	if v := get(t, pinned, "a"); v != "1" {
		t.Fatal(v)
	}
	pinned.Cancel()
	db.put(t, "b", "2")
	if n := db.versions(t); n != 1 {
		t.Fatal("versions kept:", n)
	}
}

func TestTimesRiseAcrossReopeningAndClocksSetBack(t *testing.T) {
	db := openDB(t)
	last := db.put(t, "a", "1")
	for range 3 {
		db.shut(t)
		db.now = db.now.Add(-time.Hour)
		db.open(t)
		if at := db.put(t, "a", "2"); at <= last {
			t.Fatal(at, last)
		} else {
			last = at
		}
	}
}

// committed is a plain list of writes, the simplest Committed.
type committed struct {
	floor  Time
	writes []struct {
		key []byte
		at  Time
	}
}

func (c *committed) Floor() Time { return c.floor }

func (c *committed) Written(k []byte) (at Time, ok bool) {
	for _, w := range c.writes {
		if bytes.Equal(w.key, k) {
			at, ok = w.at, true
		}
	}
	return at, ok
}

func (c *committed) WrittenIn(s Span, since Time) ([]byte, Time, bool) {
	for _, w := range c.writes {
		if w.at > since && bytes.Compare(w.key, s.Lo) >= 0 && bytes.Compare(w.key, s.Hi) < 0 {
			return w.key, w.at, true
		}
	}
	return nil, 0, false
}

// TestWindowAgreesWithAPlainList compares the verdicts over the window and over a list of all writes.
func TestWindowAgreesWithAPlainList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, plain := newWindow(), &committed{}
		genKey := rapid.Custom(func(t *rapid.T) []byte { return key(fmt.Sprintf("%03d", rapid.IntRange(0, 300).Draw(t, "key"))) })
		n := rapid.IntRange(0, 60).Draw(t, "commits")
		for at := Time(1); at <= Time(n); at++ {
			b := &buffer{}
			for _, k := range rapid.SliceOfN(genKey, 1, 20).Draw(t, "writes") {
				b.put(k, nil, false, Absent)
				plain.writes = append(plain.writes, struct {
					key []byte
					at  Time
				}{k, at})
			}
			w.add(b, at)
		}
		snapshot := Time(rapid.IntRange(0, n).Draw(t, "snapshot"))
		var reads ReadSet
		if rapid.Bool().Draw(t, "range") {
			ks := [][]byte{genKey.Draw(t, "lo"), genKey.Draw(t, "hi")}
			slices.SortFunc(ks, bytes.Compare)
			reads.Spans = []Span{{ks[0], ks[1]}}
		} else {
			reads.Keys = [][]byte{genKey.Draw(t, "read")}
		}
		none := func(func([]byte) bool) {}
		got, want := Validate(w, snapshot, &reads, none), Validate(plain, snapshot, &reads, none)
		if got.Conflict != want.Conflict {
			t.Fatalf("%+v, not %+v", got, want)
		}
	})
}

// TestOrderedAgreesWithAMap puts and removes keys at random.
func TestOrderedAgreesWithAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o ordered[int32]
		m := map[string]int32{}
		for i := range rapid.IntRange(0, 900).Draw(t, "steps") {
			k := fmt.Sprintf("%04d", rapid.IntRange(0, 600).Draw(t, "key"))
			if rapid.Bool().Draw(t, "ascending") {
				k = fmt.Sprintf("%04d", i)
			}
			p, found := o.seek([]byte(k))
			if _, has := m[k]; has != found {
				t.Fatal(k, found)
			}
			if found && rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
				o.remove(p)
				delete(m, k)
				continue
			}
			o.set(p, found, []byte(k), int32(i))
			m[k] = int32(i)
		}
		var got, want []string
		for p, ok := o.settle(pos{}); ok; p, ok = o.settle(pos{p.chunk, p.i + 1}) {
			k, v := o.at(p)
			got = append(got, fmt.Sprint(string(k), v))
		}
		for k, v := range m {
			want = append(want, fmt.Sprint(k, v))
		}
		slices.Sort(want)
		if !slices.Equal(got, want) || o.len != len(m) {
			t.Fatalf("%v\n%v", got, want)
		}
	})
}

// TestFlushWhileViewsAreKept flushes while a view is kept that is the last to hold what the flush replaces: it must not be closed where
// Pebble tells of the flush, with its lock held.
func TestFlushWhileViewsAreKept(t *testing.T) {
	var db *DB
	p, err := pebble.Open("db", &pebble.Options{FS: vfs.NewMem(), EventListener: &pebble.EventListener{FlushEnd: func(pebble.FlushInfo) { db.FilesChanged() }}})
	if err != nil {
		t.Fatal(err)
	}
	if db, err = New(p, Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		w, err := db.Begin(true)
		if err != nil {
			t.Fatal(err)
		}
		prefix := keys.Make(1, 1)
		w.Put(append(prefix[:], byte(i)), []byte("value"), Unknown)
		if _, err := w.Commit(nil); err != nil {
			t.Fatal(err)
		}
		r, err := db.Begin(false)
		if err != nil {
			t.Fatal(err)
		}
		r.Cancel()
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}
