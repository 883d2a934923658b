package zerodb_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// keeper is an observer that keeps everything.
type keeper struct {
	mu       sync.Mutex
	profiled bool
	all      []*zerodb.Execution
	tokens   []string
}

func (k *keeper) Begin(ctx context.Context, e *zerodb.Execution) context.Context {
	e.Profiled = k.profiled
	return context.WithValue(ctx, k, e)
}

func (k *keeper) End(ctx context.Context, e *zerodb.Execution) {
	token, err := e.Keep()
	if err != nil || ctx.Value(k) != e {
		panic(fmt.Sprint("not the execution that began: ", err))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all, k.tokens = append(k.all, e), append(k.tokens, token)
}

func (k *keeper) last() (*zerodb.Execution, string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all[len(k.all)-1], k.tokens[len(k.tokens)-1]
}

// shown is everything that rows give.
func shown(t *testing.T, rows *zerodb.Rows, err error) string {
	t.Helper()
	must(t, err)
	var b strings.Builder
	fmt.Fprintln(&b, rows.Columns())
	for row, err := range rows.All() {
		must(t, err)
		fmt.Fprintf(&b, "%s\n", row.AppendJSON(nil))
	}
	return b.String()
}

func TestReplay(t *testing.T) {
	k, fs, now := &keeper{}, vfs.NewMem(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var clock sync.Mutex
	o := &zerodb.Options{FS: fs, Observer: k, NoWarmUp: true, Retention: time.Hour, Clock: func() time.Time {
		clock.Lock()
		defer clock.Unlock()
		now = now.Add(time.Millisecond)
		return now
	}}
	db, err := zerodb.Open("db", o)
	must(t, err)
	s := session(t, db)
	ctx := t.Context()
	run(t, s, `DEFINE TABLE item FIELDS n TYPE int, word TYPE string, price TYPE decimal; DEFINE INDEX by_word ON TABLE item FIELDS word;
		FOR $i IN 0..500 DO CREATE item:[$i] SET n = $i, word = "word " + type::string($i % 7), price = type::decimal($i) / 4 END;
		CREATE free:1 SET a = [1, { b: 2 }], c = t"2020-01-01T00:00:00Z"`)
	type kept struct{ text, token, want string }
	var all []kept
	for _, q := range []string{
		`SELECT id, n, word, price FROM item WHERE n > $least ORDER BY word, n DESC LIMIT 50`,
		`SELECT word, FOLD count() AS c, FOLD sum(price) AS p FROM item WHERE n < $least GROUP BY word`,
		`SELECT * FROM free WHERE $least > 1`,
		`SELECT n, rand::int(0, 1000000) AS r, time::now() AS at, rand::uuid() AS u FROM item WHERE word = "word 3" AND n > $least`,
		`LET $x = $least + 1; SELECT VALUE n + $x FROM item WHERE n < 20`,
		`SELECT VALUE n FROM item VERSION time::now() - 1ms WHERE n > $least`,
		`RETURN [time::now(), time::now(), rand::int(0, 1000000000), $least]`,
	} {
		rows, err := s.Execute(ctx, q, zerodb.Named("least", 100))
		want := shown(t, rows, err)
		e, token := k.last()
		if token == "" || e.Rows == 0 || e.Took <= 0 || e.Err != nil {
			t.Fatalf("%s: token %q, %d rows in %s: %v", q, token, e.Rows, e.Took, e.Err)
		}
		all = append(all, kept{q, token, want})
	}
	// What cannot be repeated has no token.
	for _, q := range []string{`CREATE other:1`, `SELECT * FROM sys::tables`, `BEGIN; SELECT n FROM item; COMMIT`, `EXPLAIN SELECT n FROM item`, `DEFINE TABLE empty`} {
		rows, err := s.Execute(ctx, q)
		shown(t, rows, err)
		if _, token := k.last(); token != "" {
			t.Errorf("%s has the token %s", q, token)
		}
	}
	// Everything is another now: records are changed, removed and made, a table is new, and the database is opened anew.
	run(t, s, `UPDATE item SET n += 1000; DELETE item WHERE word = "word 2"; CREATE item:[-1] SET n = 7, word = "word 3", price = 1; DELETE free; DEFINE TABLE another FIELDS n TYPE int`)
	must(t, db.Close())
	db, err = zerodb.Open("db", o)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	s = session(t, db)
	for _, x := range all {
		for range 2 {
			rows, err := s.Replay(ctx, x.token)
			if got := shown(t, rows, err); got != x.want {
				t.Errorf("%s\ngave  %s\nthen  %s", x.text, x.want, got)
			}
		}
	}
	wantFailure := func(token string, code zerodb.Code) {
		t.Helper()
		if _, err := s.Replay(ctx, token); ops.CodeOf(err) != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
	for _, bad := range []string{"", "zz", "../../ZERODB", strings.Repeat("0", 23), strings.Repeat("g", 24)} {
		wantFailure(bad, ops.CodeArgument)
	}
	wantFailure(strings.Repeat("0", 24), ops.CodeNotFound)
	damage(t, fs, "db/replay/"+all[0].token)
	wantFailure(all[0].token, ops.CodeCorrupt)
	run(t, s, `DEFINE INDEX by_n ON TABLE item FIELDS n`)
	wantFailure(all[1].token, ops.CodeRecompile)
	run(t, s, `REMOVE INDEX by_n ON TABLE item`)
	rows, err := s.Replay(ctx, all[1].token)
	if got := shown(t, rows, err); got != all[1].want {
		t.Errorf("gave  %s\nthen  %s", all[1].want, got)
	}
	clock.Lock()
	now = now.Add(48 * time.Hour)
	clock.Unlock()
	run(t, s, `UPDATE item SET n += 1`)
	run(t, s, `UPDATE item SET n += 1`)
	wantFailure(all[1].token, ops.CodeNotKept)
}

// damage flips a bit in the middle of a file.
func damage(t *testing.T, fs vfs.FS, name string) {
	t.Helper()
	f, err := fs.Open(name)
	must(t, err)
	b, err := io.ReadAll(f)
	must(t, err)
	must(t, f.Close())
	b[len(b)/2] ^= 4
	f, err = fs.Create(name, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write(b)
	must(t, err)
	must(t, f.Close())
}

// TestReplayUnderWriters keeps queries that run while others write: each gives the same again.
func TestReplayUnderWriters(t *testing.T) {
	k := &keeper{}
	db, err := zerodb.OpenMemory(&zerodb.Options{Observer: k, NoWarmUp: true})
	must(t, err)
	defer func() { must(t, db.Close()) }()
	run(t, session(t, db), `FOR $i IN 0..50 DO CREATE n:[$i] SET v = 0 END`)
	stop := make(chan struct{})
	var work sync.WaitGroup
	for w := range 4 {
		s := session(t, db)
		work.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Execute(t.Context(), `UPDATE n:[$i] SET v += 1 RETURN NONE`, zerodb.Named("i", (i*7+w*13)%50)); err != nil && ops.CodeOf(err) != ops.CodeConflict {
					t.Error(err)
				}
			}
		})
	}
	s := session(t, db)
	want := map[string]string{}
	for range 100 {
		rows, err := s.Execute(t.Context(), `SELECT id, v FROM n`)
		text := shown(t, rows, err)
		k.mu.Lock()
		for i := len(k.all) - 1; i >= 0; i-- {
			if k.all[i].Statement.Kind == "query" {
				want[k.tokens[i]] = text
				break
			}
		}
		k.mu.Unlock()
	}
	close(stop)
	work.Wait()
	if len(want) != 100 {
		t.Fatalf("%d tokens", len(want))
	}
	for token, text := range want {
		rows, err := s.Replay(t.Context(), token)
		if got := shown(t, rows, err); got != text {
			t.Errorf("%s\ngave  %s\nthen  %s", token, text, got)
		}
	}
}

func TestObserver(t *testing.T) {
	k := &keeper{profiled: true}
	db, err := zerodb.OpenMemory(&zerodb.Options{Observer: k, NoWarmUp: true})
	must(t, err)
	defer func() { must(t, db.Close()) }()
	s := session(t, db)
	for _, c := range []struct {
		text  string
		kinds string
		rows  int64
		wrote int64
		code  zerodb.Code
	}{
		{`CREATE a:1 SET n = 1; CREATE a:2 SET n = 2`, "write write", 1, 1, ""},
		{`UPDATE a SET n += 1 RETURN NONE`, "write", 0, 2, ""},
		{`SELECT n FROM a`, "query", 2, 0, ""},
		{`CREATE a:1`, "write", 0, 0, ops.CodeAlreadyExists},
		{`SELECT 1 / (n - n) FROM a`, "query", 0, 0, ops.CodeDivisionByZero},
		{`LET $x = 1`, "query", 0, 0, ""},
	} {
		before := len(k.all)
		rows, err := s.Execute(t.Context(), c.text)
		if err == nil {
			for rows.Next() {
			}
		}
		var kinds []string
		for _, e := range k.all[before:] {
			kinds = append(kinds, e.Statement.Kind)
			if e.Profile == nil || e.Took <= 0 {
				t.Errorf("%s: took %s, profile %v", c.text, e.Took, e.Profile)
			}
		}
		e, _ := k.last()
		if got := strings.Join(kinds, " "); got != c.kinds || e.Rows != c.rows || e.Work.Wrote != c.wrote || e.Err == nil && c.code != "" || e.Err != nil && ops.CodeOf(e.Err) != c.code {
			t.Errorf("%s: %s, %d rows, %d written, %v", c.text, got, e.Rows, e.Work.Wrote, e.Err)
		}
	}
	// Rows that are closed early are over, and those of a prepared statement are heard of like others.
	st, err := s.Prepare(t.Context(), `SELECT n FROM a`)
	must(t, err)
	_, found, err := st.QueryRow(t.Context())
	must(t, err)
	if e, _ := k.last(); !found || e.Statement.Text != `SELECT n FROM a` || e.Rows < 1 {
		t.Errorf("%v %+v", found, e)
	}
}
