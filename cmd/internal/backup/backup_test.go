package backup_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/backup"
	"github.com/zerodb/zerodb/ops"
)

var ctx = context.Background()

type tb interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}

func must(t tb, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a machine with a database on it, and what it should hold at each time.
type world struct {
	t      tb
	fs     vfs.FS
	now    time.Time
	random *rand.ChaCha8
	db     *zerodb.DB
	s      *zerodb.Session
	model  map[string]string // record → its JSON
	was    []state
}

type state struct {
	at    time.Time
	model map[string]string
}

func newWorld(t tb) *world {
	w := &world{t: t, fs: vfs.NewMem(), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), random: rand.NewChaCha8([32]byte{3}), model: map[string]string{}}
	w.open("db")
	return w
}

func (w *world) clock() time.Time { return w.now }

func (w *world) open(dir string) {
	db, err := zerodb.Open(dir, &zerodb.Options{FS: w.fs, Clock: w.clock, Random: w.random, NoWarmUp: true, Retention: time.Hour})
	must(w.t, err)
	w.db = db
	w.s, err = db.Session(ctx, nil)
	must(w.t, err)
}

func (w *world) run(text string, args ...zerodb.Arg) {
	w.t.Helper()
	rows, err := w.s.Execute(ctx, text, args...)
	must(w.t, err)
	must(w.t, rows.Close())
}

// tick lets time go on, and remembers what was there before.
func (w *world) tick(d time.Duration) {
	w.was = append(w.was, state{w.now, maps.Clone(w.model)})
	w.now = w.now.Add(d)
}

func (w *world) backup() *backup.Writer {
	w.t.Helper()
	to, err := backup.Open(w.fs, "backups")
	must(w.t, err)
	into, err := to.Writer()
	must(w.t, err)
	must(w.t, w.db.Backup(ctx, into))
	_, err = into.Finish()
	must(w.t, err)
	return into
}

// contents are the records of a database.
func contents(t tb, db *zerodb.DB) map[string]string {
	t.Helper()
	must(t, db.Check(ctx, func(p zerodb.Problem) { t.Errorf("%s", p) }))
	s, err := db.Session(ctx, nil)
	must(t, err)
	defer func() { _ = s.Close() }()
	all := map[string]string{}
	c, err := s.Catalog()
	must(t, err)
	for _, table := range c.Tables() {
		rows, err := s.Execute(ctx, "SELECT * FROM "+table.Name)
		must(t, err)
		for row, err := range rows.All() {
			must(t, err)
			all[ops.Format(row.Get("id"))] = string(row.AppendJSON(nil))
		}
	}
	return all
}

// restore restores as of a time and returns the records.
func (w *world) restore(at time.Time) (map[string]string, error) {
	w.t.Helper()
	from, err := backup.Open(w.fs, "backups")
	must(w.t, err)
	m, err := from.Choose(at)
	if err != nil {
		return nil, err
	}
	must(w.t, w.fs.RemoveAll("restored"))
	if err := from.Restore(m, "restored", at, w.clock, w.random); err != nil {
		return nil, err
	}
	db, err := zerodb.Open("restored", &zerodb.Options{FS: w.fs, Clock: w.clock, Random: w.random, NoWarmUp: true})
	must(w.t, err)
	defer func() { must(w.t, db.Close()) }()
	return contents(w.t, db), nil
}

func (w *world) same(at time.Time, got, want map[string]string) {
	w.t.Helper()
	if !maps.Equal(got, want) {
		w.t.Errorf("as of %s\ngot  %v\nwant %v", at, got, want)
	}
}

// TestRestoreEqualsTheModel writes at random, makes backups at random moments, and restores them as they were and as of random times:
// what comes back is what was there.
func TestRestoreEqualsTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		defer func() { must(t, w.db.Close()) }()
		w.run(`DEFINE TABLE t FIELDS n TYPE int; DEFINE INDEX by_n ON TABLE t FIELDS n`)
		w.tick(time.Second)
		first := len(w.was)
		var backed []state
		record := func(key, n int) (string, string) {
			return fmt.Sprintf("t:%d", key), fmt.Sprintf(`{"id":"t:%d","n":%d}`, key, n)
		}
		for range rapid.IntRange(5, 25).Draw(t, "steps") {
			key, n := rapid.IntRange(0, 12).Draw(t, "key"), rapid.IntRange(0, 5).Draw(t, "n")
			id, text := record(key, n)
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0, 1, 2, 3:
				w.run(fmt.Sprintf(`UPSERT %s SET n = %d`, id, n))
				w.model[id] = text
			case 4, 5:
				w.run(`DELETE ` + id)
				delete(w.model, id)
			case 6: // several at once
				w.run(fmt.Sprintf(`BEGIN; UPSERT t:100 SET n = %d; UPSERT t:101 SET n = %d; COMMIT`, n, n))
				w.model["t:100"], w.model["t:101"] = fmt.Sprintf(`{"id":"t:100","n":%d}`, n), fmt.Sprintf(`{"id":"t:101","n":%d}`, n)
			case 7:
				table := fmt.Sprint("free", n)
				must(t, w.s.Put(ctx, table, zerodb.Int(1), zerodb.Object(zerodb.Member{Name: "a", Value: zerodb.Int(int64(key))})))
				w.model[table+":1"] = fmt.Sprintf(`{"id":"%s:1","a":%d}`, table, key)
			case 8:
				w.backup()
				backed = append(backed, state{w.now, maps.Clone(w.model)})
			case 9:
				must(t, w.db.Close())
				w.open("db")
			}
			w.tick(time.Duration(rapid.IntRange(1, 5000).Draw(t, "ms")) * time.Millisecond)
		}
		w.backup()
		newest, err := w.restore(time.Time{})
		must(t, err)
		w.same(w.now, newest, w.model)
		for range 2 {
			then := w.was[rapid.IntRange(first, len(w.was)-1).Draw(t, "then")]
			got, err := w.restore(then.at)
			must(t, err)
			w.same(then.at, got, then.model)
		}
		if len(backed) > 0 {
			got, err := w.restore(backed[0].at)
			must(t, err)
			w.same(backed[0].at, got, backed[0].model)
		}
	})
}

// TestIncremental copies what is new, and nothing that is there.
func TestIncremental(t *testing.T) {
	w := newWorld(t)
	w.run(`FOR $i IN 0..20000 DO CREATE t:[$i] SET text = rand::string(100) END`)
	whole := w.backup().Copied
	w.tick(time.Second)
	w.run(`CREATE t:one SET n = 1`)
	if again := w.backup().Copied; again > whole/4 {
		t.Errorf("the first backup copied %d bytes, the second %d", whole, again)
	}
	w.tick(time.Second)
	got, err := w.restore(time.Time{})
	must(t, err)
	if len(got) != 20001 {
		t.Errorf("%d records", len(got))
	}
	must(t, w.db.Close())
	// What was restored is another database: nothing of it is taken for what the first one has.
	must(t, w.fs.Rename("restored", "second"))
	w.open("second")
	w.now = w.now.Add(time.Hour)
	w.run(`DELETE t`)
	w.backup()
	if got, err = w.restore(time.Time{}); err != nil || len(got) != 0 {
		t.Errorf("%d records, %v", len(got), err)
	}
	must(t, w.db.Close())
}

// TestUnderWriters makes backups while several write in transactions: each has all of a transaction or nothing.
func TestUnderWriters(t *testing.T) {
	w := newWorld(t)
	w.run(`CREATE a:1 SET n = 0; CREATE b:1 SET n = 0`)
	stop := make(chan struct{})
	var work sync.WaitGroup
	for range 3 {
		work.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				err := w.db.InTx(ctx, nil, func(c zerodb.Conn) error {
					_, err := c.Execute(ctx, `UPDATE a:1 SET n += 1; UPDATE b:1 SET n += 1`)
					return err
				})
				if err != nil && ops.CodeOf(err) != ops.CodeConflict {
					t.Error(err)
				}
			}
		})
	}
	for range 5 {
		w.backup()
		got, err := w.restore(time.Time{})
		must(t, err)
		if a, b := strings.TrimPrefix(got["a:1"], `{"id":"a:1"`), strings.TrimPrefix(got["b:1"], `{"id":"b:1"`); a != b {
			t.Errorf("%s %s", a, b)
		}
	}
	close(stop)
	work.Wait()
	must(t, w.db.Close())
}

func TestRefused(t *testing.T) {
	w := newWorld(t)
	defer func() { must(t, w.db.Close()) }()
	wantCode := func(err error, code zerodb.Code) {
		t.Helper()
		if ops.CodeOf(err) != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
	_, err := w.restore(time.Time{})
	wantCode(err, ops.CodeNotFound)
	w.run(`CREATE a:1 SET n = 1`)
	w.tick(time.Second)
	before := w.now
	w.tick(time.Second)
	w.run(`REMOVE TABLE a`)
	w.tick(time.Second)
	w.backup()
	_, err = w.restore(w.now.Add(time.Hour))
	wantCode(err, ops.CodeNotFound)
	_, err = w.restore(before) // what the removed table held is gone
	wantCode(err, ops.CodeNotKept)
	w.run(`CREATE b:1`)
	after := w.now
	w.tick(time.Second)
	w.run(`CREATE b:2`)
	w.backup()
	got, err := w.restore(after)
	must(t, err)
	if len(got) != 1 {
		t.Errorf("%v", got)
	}
	// A damaged file, and a damaged manifest.
	from, err := backup.Open(w.fs, "backups")
	must(t, err)
	m, err := from.Choose(time.Time{})
	must(t, err)
	wantCode(from.Restore(m, "db", time.Time{}, w.clock, w.random), ops.CodeAlreadyExists)
	for _, f := range m.Files {
		if f.Size > 100 {
			flip(t, w.fs, "backups/files/"+f.Sum)
			break
		}
	}
	_, err = w.restore(time.Time{})
	wantCode(err, ops.CodeCorrupt)
	if _, err := w.fs.Stat("restored.part"); err == nil {
		t.Error("half a database is left")
	}
	names, err := w.fs.List("backups")
	must(t, err)
	for _, n := range names {
		if strings.HasSuffix(n, ".json") {
			flip(t, w.fs, "backups/"+n)
		}
	}
	_, err = backup.Open(w.fs, "backups")
	wantCode(err, ops.CodeCorrupt)
}

func flip(t *testing.T, fs vfs.FS, name string) {
	t.Helper()
	f, err := fs.Open(name)
	must(t, err)
	b, err := io.ReadAll(f)
	must(t, err)
	must(t, f.Close())
	b[len(b)/2] ^= 1
	f, err = fs.Create(name, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write(b)
	must(t, err)
	must(t, f.Close())
}
