package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/servertest"
)

var ctx = context.Background()

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func memory(t testing.TB) *zerodb.DB {
	t.Helper()
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true})
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// both runs a test with the embedded database and with the client of a server: an application sees no difference.
func both(t *testing.T, test func(*testing.T, zerodb.Database)) {
	t.Run("embedded", func(t *testing.T) { test(t, memory(t)) })
	t.Run("client", func(t *testing.T) { test(t, servertest.Start(t, memory(t), nil).Connect(t)) })
}

func conn(t testing.TB, db zerodb.Database) zerodb.Conn {
	t.Helper()
	c, err := db.Conn(ctx, nil)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// run executes a text and returns the rows of its last statement as JSON.
func run(t testing.TB, c zerodb.Conn, text string, args ...zerodb.Arg) string {
	t.Helper()
	rows, err := c.Execute(ctx, text, args...)
	must(t, err)
	var all []string
	for row, err := range rows.All() {
		must(t, err)
		all = append(all, string(row.AppendJSON(nil)))
	}
	return strings.Join(all, " ")
}

func want(t testing.TB, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func wantCode(t testing.TB, err error, code zerodb.Code) {
	t.Helper()
	if err == nil || ops.CodeOf(err) != code {
		t.Errorf("%v, want %s", err, code)
	}
}

func TestStatements(t *testing.T) {
	both(t, func(t *testing.T, db zerodb.Database) {
		c := conn(t, db)
		want(t, run(t, c, `CREATE person:alice SET age = 40; CREATE person:bob SET age = 30`), `{"id":"person:bob","age":30}`)
		want(t, run(t, c, `SELECT VALUE age FROM person WHERE age > $least`, zerodb.Named("least", 35)), `40`)
		want(t, run(t, c, `SELECT VALUE age FROM person WHERE age > $least`, zerodb.Params(map[string]any{"least": 1, "other": 2})), `40 30`)
		want(t, run(t, c, ``), ``)
		_, err := c.Execute(ctx, `RETURN $a`)
		wantCode(t, err, ops.CodeParameter)
		_, err = c.Execute(ctx, `RETURN 1`, zerodb.Named("a", 1))
		wantCode(t, err, ops.CodeParameter)
		_, err = c.Execute(ctx, "CREATE person:carol; CREATE person:bob; CREATE person:dave")
		var script *zerodb.ScriptError
		if !errors.As(err, &script) || script.Took != 1 || script.Statement.Index != 1 || script.Statement.Text != "CREATE person:bob" {
			t.Errorf("%v", err)
		}
		wantCode(t, err, ops.CodeAlreadyExists)
		_, err = c.Execute(ctx, "SELEC 1;\nFROM x")
		var many zerodb.Errors
		if !errors.As(err, &many) || len(many) != 2 || many[1].Span.Start < 9 {
			t.Errorf("%v", err)
		}
	})
}

func TestScripts(t *testing.T) {
	both(t, func(t *testing.T, db zerodb.Database) {
		c := conn(t, db)
		var seen []string
		for rows, err := range c.Script(ctx, `CREATE t:1 SET n = 1; LET $x = 2; CREATE t:2 SET n = $x; SELECT VALUE n FROM t; EXPLAIN SELECT n FROM t`) {
			must(t, err)
			seen = append(seen, rows.Statement().Kind)
			if rows.Statement().Index == 2 { // another statement in the middle, while rows wait
				want(t, run(t, c, `SELECT VALUE n FROM t`), `1 2`)
			}
			if plain, ok := rows.Plain(); ok && !strings.Contains(plain, "t") {
				t.Error(plain)
			}
		}
		want(t, fmt.Sprint(seen), `[write query write query query]`)
		for range c.Script(ctx, `BEGIN; CREATE t:3; CREATE t:4; COMMIT`) {
			break // what comes behind is not done, and what was begun is open
		}
		if !c.InTransaction() {
			t.Error("the transaction that the text has begun is not open")
		}
		must(t, c.Cancel())
		want(t, run(t, c, `SELECT VALUE FOLD count() FROM t`), `2`)
	})
}

func TestManyRows(t *testing.T) {
	both(t, func(t *testing.T, db zerodb.Database) {
		c := conn(t, db)
		var ws []zerodb.Write
		for i := range 5000 {
			v := []zerodb.Member{{Name: "i", Value: zerodb.Int(int64(i))}, {Name: "f", Value: zerodb.Float(float64(i) / 4)},
				{Name: "b", Value: zerodb.Bool(i%3 == 0)}, {Name: "word", Value: zerodb.String(fmt.Sprint("w", i%7))},
				{Name: "text", Value: zerodb.String(fmt.Sprint("text ", i))}}
			if i%5 == 0 {
				v = v[:1] // the other columns are none
			}
			ws = append(ws, zerodb.Write{Kind: zerodb.WriteInsert, Table: "t", Key: zerodb.Int(int64(i)), Value: zerodb.Object(v...)})
		}
		done, err := c.Batch(ctx, ws, zerodb.RefusalUndoes)
		must(t, err)
		if len(done) != 5000 || done[7].ID.RecordKey().AsInt() != 7 {
			t.Fatalf("%d %v", len(done), done[7])
		}
		rows, err := c.Execute(ctx, `SELECT id, i, f, b, word, text, [i, word] AS list FROM t WHERE i % 2 == 0`)
		must(t, err)
		i := 0
		for row, err := range rows.All() {
			must(t, err)
			expect := fmt.Sprintf(`{"id":"t:%d","i":%d,"f":%s,"b":%v,"word":"w%d","text":"text %d","list":[%d,"w%d"]}`, i, i,
				ops.AppendJSON(nil, zerodb.Float(float64(i)/4)), i%3 == 0, i%7, i, i, i%7)
			if i%5 == 0 {
				expect = fmt.Sprintf(`{"id":"t:%d","i":%d,"f":null,"b":null,"word":null,"text":null,"list":[%d,null]}`, i, i, i)
			}
			if got := string(row.AppendJSON(nil)); got != expect {
				t.Fatalf("got  %s\nwant %s", got, expect)
			}
			i += 2
		}
		if i != 5000 {
			t.Errorf("%d rows", i/2)
		}
		n := 0
		for p, err := range c.Scan(ctx, "t", zerodb.KeyRange{From: zerodb.Int(10), To: zerodb.Int(4010), Reverse: true}) {
			must(t, err)
			if p.Key.AsInt() != int64(4009-n) {
				t.Fatal(p.Key.AsInt())
			}
			if n++; n == 3000 {
				break
			}
		}
		for range c.Scan(ctx, "nothing", zerodb.KeyRange{}) {
			t.Error("a table that is not there has a record")
		}
		rows, err = c.Execute(ctx, `SELECT * FROM t`)
		must(t, err)
		if !rows.Next() {
			t.Fatal(rows.Err())
		}
		must(t, rows.Close()) // in the middle
		want(t, run(t, c, `RETURN 1`), `1`)
		if w := rows.Work(); w.Rows < 0 {
			t.Error(w)
		}
	})
}

func TestKinds(t *testing.T) {
	both(t, func(t *testing.T, db zerodb.Database) {
		c := conn(t, db)
		text := `[none, true, -9223372036854775807, 1.5, d"1.50", "text", b"\x00\xff", t"2026-11-24T10:00:00.000000001Z", 2h30m, u"018f6b6e-1c5e-7c3a-9a63-2f7a1f0f9c11", person:1, person:"a b", //^a.*//i, 1..5, (1, "a"), {a: {b: 1, c: []}}]`
		direct := run(t, c, "RETURN "+text)
		st, err := c.Prepare(ctx, "RETURN $v")
		must(t, err)
		v, err := zerodb.ParseValue(text)
		must(t, err)
		row, found, err := st.QueryRow(ctx, zerodb.Named("v", v))
		must(t, err)
		if !found {
			t.Fatal("no row")
		}
		want(t, string(row.AppendJSON(nil)), direct)
		if ops.Compare(row.Value(), v) != 0 {
			t.Errorf("%s came back as %s", ops.Format(v), ops.Format(row.Value()))
		}
	})
}

func TestPrepared(t *testing.T) {
	both(t, func(t *testing.T, db zerodb.Database) {
		c := conn(t, db)
		run(t, c, `CREATE person SET (id, name, age) VALUES (1, "Ada", 41), (2, "Ben", 30)`)
		st, err := c.Prepare(ctx, `SELECT name, age FROM person WHERE id = $id AND age > $least`)
		must(t, err)
		if ps := st.Params(); len(ps) != 2 || ps[0].Name != "id" && ps[1].Name != "id" {
			t.Errorf("%v", ps)
		}
		var p struct {
			Name string
			Age  int
		}
		args := []zerodb.Arg{zerodb.Named("id", zerodb.Record("person", zerodb.Int(1))), zerodb.Named("least", 18)}
		row, found, err := st.QueryRow(ctx, args...)
		must(t, err)
		must(t, row.Scan(&p))
		if !found || p.Name != "Ada" || p.Age != 41 {
			t.Errorf("%v %+v", found, p)
		}
		// The shape of what it yields changes with the definitions, and nobody is shown the old one.
		all, err := c.Prepare(ctx, `SELECT * FROM thing`)
		must(t, err)
		rows, err := all.Execute(ctx)
		must(t, err)
		must(t, rows.Close())
		run(t, c, `DEFINE TABLE thing FIELDS a TYPE int, b TYPE int?`)
		run(t, c, `CREATE thing:1 SET a = 5`)
		rows, err = all.Execute(ctx)
		must(t, err)
		for row, err := range rows.All() {
			must(t, err)
			want(t, string(row.AppendJSON(nil)), `{"id":"thing:1","a":5}`)
		}
		_, err = c.Prepare(ctx, `SELECT name FROM`)
		wantCode(t, err, ops.CodeSyntax)
	})
}

func TestTransactions(t *testing.T) {
	both(t, func(t *testing.T, db zerodb.Database) {
		a, b := conn(t, db), conn(t, db)
		must(t, a.Put(ctx, "n", zerodb.Int(1), zerodb.Int(1)))
		must(t, a.Begin(ctx, nil))
		must(t, b.Begin(ctx, nil))
		for _, c := range []zerodb.Conn{a, b} {
			_, _, err := c.Get(ctx, "n", zerodb.Int(1))
			must(t, err)
			must(t, c.Put(ctx, "n", zerodb.Int(1), zerodb.Int(2)))
		}
		must(t, a.Commit(ctx))
		err := b.Commit(ctx)
		wantCode(t, err, ops.CodeConflict)
		var e *zerodb.Error
		if !errors.As(err, &e) || e.Conflict == nil || e.Conflict.Key != "n:1" {
			t.Errorf("%+v", e)
		}
		if a.InTransaction() || b.InTransaction() {
			t.Error("a transaction that is over is open")
		}
		wantCode(t, a.Commit(ctx), ops.CodeTransaction)
		must(t, a.Cancel())
		must(t, a.Begin(ctx, &zerodb.TxOptions{ReadOnly: true}))
		wantCode(t, a.Put(ctx, "n", zerodb.Int(1), zerodb.Int(2)), ops.CodeReadOnlyTransaction)
		wantCode(t, a.Use(ctx, "", "other"), ops.CodeTransaction)
		must(t, a.Cancel())
		must(t, a.Use(ctx, "", "other"))
		want(t, a.Database(), "other")
		_, found, err := a.Get(ctx, "n", zerodb.Int(1))
		must(t, err)
		if found {
			t.Error("another database has the record")
		}
		must(t, a.Close())
		_, err = a.Execute(ctx, "RETURN 1")
		wantCode(t, err, ops.CodeClosed)
	})
}

func TestInTx(t *testing.T) {
	both(t, func(t *testing.T, db zerodb.Database) {
		must(t, conn(t, db).Put(ctx, "counter", zerodb.String("a"), zerodb.Int(0)))
		var wg sync.WaitGroup
		for range 8 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for range 10 {
					err := db.InTx(ctx, nil, func(c zerodb.Conn) error {
						v, _, err := c.GetField(ctx, "counter", zerodb.String("a"), "value")
						if err != nil {
							return err
						}
						return c.Put(ctx, "counter", zerodb.String("a"), zerodb.Int(v.AsInt()+1))
					})
					if err != nil && ops.CodeOf(err) != ops.CodeConflict {
						t.Error(err)
					}
					if err != nil { // lost too often: once more from the beginning
						_ = db.InTx(ctx, nil, func(zerodb.Conn) error { return nil })
					}
				}
			}()
		}
		wg.Wait()
		mine := errors.New("mine")
		err := db.InTx(ctx, nil, func(c zerodb.Conn) error {
			must(t, c.Put(ctx, "counter", zerodb.String("b"), zerodb.Int(1)))
			return mine
		})
		if !errors.Is(err, mine) {
			t.Error(err)
		}
		if _, found, _ := conn(t, db).Get(ctx, "counter", zerodb.String("b")); found {
			t.Error("a transaction whose function failed took effect")
		}
	})
}

func TestKeyValue(t *testing.T) {
	both(t, func(t *testing.T, db zerodb.Database) {
		c := conn(t, db)
		id, err := c.Insert(ctx, "person", zerodb.None, zerodb.Object(zerodb.Member{Name: "name", Value: zerodb.String("Ada")}))
		must(t, err)
		rec, found, err := c.Get(ctx, "person", id.RecordKey())
		must(t, err)
		if name, _ := rec.Member("name"); !found || name.AsString() != "Ada" {
			t.Errorf("%s", ops.Format(rec))
		}
		_, err = c.Insert(ctx, "person", id.RecordKey(), zerodb.Int(1))
		wantCode(t, err, ops.CodeAlreadyExists)
		edge, err := c.Relate(ctx, "knows", zerodb.None, id, id, zerodb.Object())
		must(t, err)
		if edge.RecordTable() != "knows" {
			t.Error(ops.Format(edge))
		}
		found, err = c.Delete(ctx, "person", id.RecordKey())
		must(t, err)
		again, err := c.Delete(ctx, "person", id.RecordKey())
		must(t, err)
		if !found || again {
			t.Error(found, again)
		}
		ws := []zerodb.Write{{Kind: zerodb.WriteInsert, Table: "b", Key: zerodb.Int(1)}, {Kind: zerodb.WriteInsert, Table: "b", Key: zerodb.Int(1)},
			{Kind: zerodb.WriteInsert, Table: "b", Key: zerodb.Int(2)}}
		_, err = c.Batch(ctx, ws, zerodb.RefusalUndoes)
		wantCode(t, err, ops.CodeAlreadyExists)
		done, err := c.Batch(ctx, ws, zerodb.RefusalStops)
		must(t, err)
		if len(done) != 2 || done[0].Err != nil || ops.CodeOf(done[1].Err) != ops.CodeAlreadyExists {
			t.Errorf("%v", done)
		}
		done, err = c.Batch(ctx, ws, zerodb.RefusalSkips)
		must(t, err)
		if len(done) != 3 || done[0].Err == nil || done[1].Err == nil || done[2].Err != nil {
			t.Errorf("%v", done)
		}
	})
}

func TestVariables(t *testing.T) {
	both(t, func(t *testing.T, db zerodb.Database) {
		c, err := db.Conn(ctx, &zerodb.SessionOptions{KeepVariables: true, Database: "d"})
		must(t, err)
		defer c.Close()
		run(t, c, `LET $n = 20`)
		want(t, run(t, c, `RETURN $n + 1`), `21`)
		want(t, c.Database(), "d")
	})
}

func TestCatalog(t *testing.T) {
	both(t, func(t *testing.T, db zerodb.Database) {
		c := conn(t, db)
		run(t, c, `DEFINE TABLE person FIELDS name TYPE string, age TYPE int? ASSERT $value > 0; DEFINE INDEX by_age ON TABLE person FIELDS age; DEFINE EDGE knows FROM person TO person`)
		cat, err := c.Catalog()
		must(t, err)
		p := cat.Table("person")
		if p == nil || len(p.Fields) != 2 || p.Fields[1].Type.String() != "int?" || len(p.Indexes) != 1 || !p.Indexes[0].Ready || len(cat.Tables()) != 2 {
			t.Errorf("%+v", p)
		}
	})
}

func TestCancelledContext(t *testing.T) {
	both(t, func(t *testing.T, db zerodb.Database) {
		c := conn(t, db)
		var ws []zerodb.Write
		for i := range 2000 {
			ws = append(ws, zerodb.Write{Kind: zerodb.WriteInsert, Table: "t", Key: zerodb.Int(int64(i)), Value: zerodb.Int(int64(i))})
		}
		_, err := c.Batch(ctx, ws, zerodb.RefusalUndoes)
		must(t, err)
		short, cancel := context.WithCancel(ctx)
		go cancel()
		rows, err := c.Execute(short, `SELECT FOLD count() FROM t AS a, t AS b, t AS c WHERE a.value + b.value == c.value + 1`)
		if err == nil {
			rows.Next()
			err = rows.Err()
		}
		wantCode(t, err, ops.CodeCancelled)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v is no context.Canceled", err)
		}
		want(t, run(t, c, `RETURN 1`), `1`)
	})
}

// TestConcurrent has many goroutines ask over the same connections.
func TestConcurrent(t *testing.T) {
	both(t, func(t *testing.T, db zerodb.Database) {
		setup := conn(t, db)
		run(t, setup, `CREATE t SET (id, n) VALUES (0, 0), (1, 1), (2, 2), (3, 3)`)
		var wg sync.WaitGroup
		for g := range 16 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				c, err := db.Conn(ctx, nil)
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				st, err := c.Prepare(ctx, `SELECT VALUE n FROM t WHERE id = $id`)
				if err != nil {
					t.Error(err)
					return
				}
				for i := range 100 {
					n := int64((g + i) % 4)
					row, found, err := st.QueryRow(ctx, zerodb.Named("id", zerodb.Record("t", zerodb.Int(n))))
					if err != nil || !found || row.Value().AsInt() != n {
						t.Errorf("%d: %v %v", n, row.Value(), err)
						return
					}
				}
			}()
		}
		wg.Wait()
	})
}

func TestServerGoesAndComes(t *testing.T) {
	db := memory(t)
	s := servertest.Start(t, db, nil)
	var mu sync.Mutex
	current := s
	c, err := client.Connect(ctx, "passthrough", client.WithConnections(1), client.WithDialer(func(ctx context.Context, a string) (connType, error) {
		mu.Lock()
		defer mu.Unlock()
		return current.Dial(ctx, a)
	}))
	must(t, err)
	defer c.Close()
	plain, inTx := conn(t, c), conn(t, c)
	st, err := plain.Prepare(ctx, `RETURN 1`)
	must(t, err)
	must(t, inTx.Begin(ctx, nil))
	s.Stop()
	mu.Lock()
	current = servertest.Start(t, db, nil)
	mu.Unlock()
	// A session without a transaction goes on; the statement is prepared again.
	for {
		row, _, err := st.QueryRow(ctx)
		if err == nil {
			want(t, string(row.AppendJSON(nil)), `1`)
			break
		}
		wantCode(t, err, ops.CodeUnavailable)
	}
	// One with a transaction says once that it is lost.
	if _, err := inTx.Execute(ctx, `RETURN 1`); err == nil {
		t.Error("a transaction outlived its connection")
	}
	want(t, run(t, inTx, `RETURN 2`), `2`)
}

func TestImport(t *testing.T) {
	db := memory(t)
	c := servertest.Start(t, db, nil).Connect(t)
	var ws []zerodb.Write
	for i := range 2500 {
		ws = append(ws, zerodb.Write{Kind: zerodb.WriteInsert, Table: "t", Key: zerodb.Int(int64(i % 2400)), Value: zerodb.Int(int64(i))})
	}
	var refused []int64
	last := int64(0)
	taken, err := c.Import(ctx, slices.Values(ws), &client.ImportOptions{Name: "first", Chunk: 100, Skip: true,
		Refused: func(at int64, err error) { refused = append(refused, at); wantCode(t, err, ops.CodeAlreadyExists) }, Progress: func(n int64) { last = n }})
	must(t, err)
	if taken != 2400 || last != 2400 || len(refused) != 100 || refused[0] != 2400 {
		t.Errorf("%d taken, %d told, %d refused", taken, last, len(refused))
	}
	// The same again, as a process does that was started anew: nothing is written twice.
	taken, err = c.Import(ctx, slices.Values(ws), &client.ImportOptions{Name: "first", Chunk: 100, Skip: true})
	must(t, err)
	if taken != 2400 {
		t.Errorf("%d taken", taken)
	}
	_, err = c.Import(ctx, slices.Values(ws[:200]), &client.ImportOptions{Name: "second", Chunk: 100})
	wantCode(t, err, ops.CodeAlreadyExists)
	want(t, run(t, conn(t, c), `SELECT VALUE FOLD count() FROM t`), `2400`)
}

// TestPagesGoOn reads a result page by page, by the tokens that come with it.
func TestPagesGoOn(t *testing.T) {
	both(t, func(t *testing.T, db zerodb.Database) {
		c := conn(t, db)
		run(t, c, "CREATE p CONTENT (SELECT x AS id, x % 7 AS n FROM 0..100 AS x) RETURN NONE")
		st, err := c.Prepare(ctx, "SELECT VALUE id FROM p ORDER BY n LIMIT 30 AFTER $page")
		must(t, err)
		for _, query := range []func(page zerodb.Arg) (*zerodb.Rows, error){
			func(page zerodb.Arg) (*zerodb.Rows, error) {
				return c.Execute(ctx, "SELECT VALUE id FROM p ORDER BY n LIMIT 30 AFTER $page", page)
			},
			func(page zerodb.Arg) (*zerodb.Rows, error) { return st.Execute(ctx, page) },
		} {
			page, seen := zerodb.None, map[string]bool{}
			var sizes []int
			for {
				rows, err := query(zerodb.Named("page", page))
				must(t, err)
				n := 0
				for row, err := range rows.All() {
					must(t, err)
					seen[string(row.AppendJSON(nil))] = true
					n++
				}
				sizes = append(sizes, n)
				if rows.Page() == "" {
					break
				}
				page = zerodb.String(rows.Page())
			}
			if fmt.Sprint(sizes) != "[30 30 30 10]" || len(seen) != 100 {
				t.Errorf("pages of %v, %d rows", sizes, len(seen))
			}
		}
	})
}
