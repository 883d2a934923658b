package sqldriver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"
	"go.uber.org/goleak"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client/sqldriver"
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

func wantCode(t testing.TB, err error, code zerodb.Code) {
	t.Helper()
	if err == nil || ops.CodeOf(err) != code {
		t.Errorf("%v, want %s", err, code)
	}
}

func equal(t testing.TB, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}

// each runs a test with every kind of data source.
func each(t *testing.T, test func(*testing.T, *sql.DB)) {
	open := func(t *testing.T, dsn string) *sql.DB {
		db, err := sql.Open("zerodb", dsn)
		must(t, err)
		t.Cleanup(func() { must(t, db.Close()) })
		return db
	}
	t.Run("memory", func(t *testing.T) { test(t, open(t, "memory:")) })
	t.Run("directory", func(t *testing.T) { test(t, open(t, t.TempDir())) })
	t.Run("server", func(t *testing.T) {
		served, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true})
		must(t, err)
		t.Cleanup(func() { _ = served.Close() })
		test(t, open(t, "zerodb://"+servertest.StartTCP(t, served, nil).Addr+"/shop/stock?connections=1"))
	})
}

func exec(t testing.TB, db interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, text string, args ...any) int64 {
	t.Helper()
	r, err := db.ExecContext(ctx, text, args...)
	must(t, err)
	n, err := r.RowsAffected()
	must(t, err)
	return n
}

func TestStatements(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		must(t, db.Ping())
		equal(t, exec(t, db, `CREATE person:ada SET age = 41; CREATE person:bob SET age = 30`), int64(2))
		equal(t, exec(t, db, `UPDATE person SET age += $by RETURN NONE`, sql.Named("by", 1)), int64(2))
		equal(t, exec(t, db, `UPDATE person SET age += $by WHERE age > $least`, 1, 40), int64(1))
		equal(t, exec(t, db, `SELECT age FROM person`), int64(0))

		var ages []int
		rows, err := db.Query(`SELECT VALUE age FROM person WHERE age > $least AND age < $most`, 0, 100)
		must(t, err)
		for rows.Next() {
			var age int
			must(t, rows.Scan(&age))
			ages = append(ages, age)
		}
		must(t, rows.Err())
		equal(t, ages, []int{43, 31})

		var id string
		var age int64
		must(t, db.QueryRow(`SELECT id, age FROM person WHERE age = $age`, sql.Named("age", 43)).Scan(&id, &age))
		equal(t, id, "person:ada")
		if err := db.QueryRow(`SELECT id FROM person WHERE age = 1`).Scan(&id); !errors.Is(err, sql.ErrNoRows) {
			t.Error(err)
		}
		r, err := db.Exec(`CREATE person:carol`)
		must(t, err)
		if _, err := r.LastInsertId(); err == nil {
			t.Error("there is an id of the last record")
		}
	})
}

func TestErrors(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		_, err := db.Exec(`SELEC 1`)
		wantCode(t, err, ops.CodeSyntax)
		_, err = db.Query(`RETURN $a`)
		wantCode(t, err, ops.CodeParameter)
		_, err = db.Query(`RETURN $a`, 1, 2)
		wantCode(t, err, ops.CodeParameter)
		_, err = db.Query(`RETURN $a`, sql.Named("b", 2))
		wantCode(t, err, ops.CodeParameter)
		_, err = db.Query(`RETURN $a + $b`, sql.Named("b", 2), 1)
		wantCode(t, err, ops.CodeParameter)
		_, err = db.Query(`RETURN $a + $b`, 1, sql.Named("b", 2))
		wantCode(t, err, ops.CodeParameter)
		_, err = db.Query(`RETURN $a`, make(chan int))
		wantCode(t, err, ops.CodeType)
		var out int
		_, err = db.Query(`RETURN $a`, sql.Out{Dest: &out})
		wantCode(t, err, ops.CodeUnsupported)
		_, err = db.Prepare(`SELECT a FROM`)
		wantCode(t, err, ops.CodeSyntax)
		_, err = db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelLinearizable})
		wantCode(t, err, ops.CodeUnsupported)
		exec(t, db, `CREATE p:1; CREATE p:2`)
		_, err = db.Exec(`CREATE p:3; CREATE p:1; CREATE p:4`)
		var script *zerodb.ScriptError
		if wantCode(t, err, ops.CodeAlreadyExists); !errors.As(err, &script) || script.Took != 1 {
			t.Error(err)
		}
	})
}

// halved is a type that says itself what it is in a database.
type halved int

func (h halved) Value() (driver.Value, error) { return int64(h) / 2, nil }

func (h *halved) Scan(from any) error {
	n, ok := from.(int64)
	if !ok {
		return fmt.Errorf("%T", from)
	}
	*h = halved(2 * n)
	return nil
}

func TestValues(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		when := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
		price, _, _ := apd.NewFromString("12.50")
		huge := new(big.Int).Lsh(big.NewInt(1), 100)
		text := "x"
		var nothing *halved
		for _, c := range []struct{ given, want any }{
			{nil, nil}, {true, true}, {7, int64(7)}, {uint8(7), int64(7)}, {1.5, 1.5}, {"é", "é"}, {[]byte{0, 1}, []byte{0, 1}},
			{when, when}, {time.Minute, int64(time.Minute)}, {price, "12.50"}, {uint64(1 << 63), uint64(1 << 63)}, {huge, huge.String()},
			{[16]byte{1, 2}, "01020000-0000-0000-0000-000000000000"}, {zerodb.Record("p", zerodb.Int(1)), "p:1"},
			{[]int{1, 2}, []byte(`[1,2]`)}, {map[string]any{"a": 1}, []byte(`{"a":1}`)}, {halved(8), int64(4)}, {nothing, nil},
			{sql.NullString{}, nil}, {sql.NullString{String: "s", Valid: true}, "s"}, {&text, "x"}, {sql.Null[int64]{V: 3, Valid: true}, int64(3)},
		} {
			var got any
			must(t, db.QueryRow(`RETURN $v`, c.given).Scan(&got))
			equal(t, got, c.want)
		}
		exec(t, db, `DEFINE TABLE t FIELDS n TYPE int?, s TYPE string?, b TYPE bool?, f TYPE float?, at TYPE time?, d TYPE duration?, tags TYPE [string]`)
		exec(t, db, `CREATE t:1 SET tags = []; CREATE t:2 SET n = $n, s = $s, b = true, f = 0.5, at = $at, d = $d, tags = ['a', 'b']`,
			sql.Named("n", 4), sql.Named("s", "text"), sql.Named("at", when), sql.Named("d", time.Second))
		rows, err := db.Query(`SELECT n, s, b, f, at, d, tags FROM t ORDER BY id`)
		must(t, err)
		defer rows.Close()
		for i := range 2 {
			var n sql.NullInt64
			var s sql.NullString
			var b sql.NullBool
			var f sql.NullFloat64
			var at sql.NullTime
			var d sql.Null[time.Duration]
			var tags json.RawMessage
			if !rows.Next() {
				t.Fatal(rows.Err())
			}
			must(t, rows.Scan(&n, &s, &b, &f, &at, &d, &tags))
			there := i == 1
			equal(t, []bool{n.Valid, s.Valid, b.Valid, f.Valid, at.Valid, d.Valid}, []bool{there, there, there, there, there, there})
			if there {
				equal(t, []any{n.Int64, s.String, b.Bool, f.Float64, at.Time, d.V, string(tags)}, []any{int64(4), "text", true, 0.5, when, time.Second, `["a","b"]`})
			}
		}
		var twice halved
		must(t, db.QueryRow(`RETURN 5`).Scan(&twice))
		equal(t, twice, halved(10))
		var n sql.NullInt64
		if err := db.QueryRow(`RETURN 'five'`).Scan(&n); err == nil {
			t.Error("a text was scanned into an int")
		}
	})
}

func TestColumnTypes(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		exec(t, db, `DEFINE TABLE t FIELDS n TYPE int, s TYPE string?, tags TYPE [string]`)
		exec(t, db, `CREATE t:1 SET n = 1, tags = []`)
		describe := func(text string) (all []string) {
			rows, err := db.Query(text)
			must(t, err)
			defer rows.Close()
			types, err := rows.ColumnTypes()
			must(t, err)
			for _, c := range types {
				nullable, known := c.Nullable()
				all = append(all, fmt.Sprintf("%s %s %v %v %v", c.Name(), c.DatabaseTypeName(), c.ScanType(), nullable, known))
			}
			return all
		}
		equal(t, describe(`SELECT id, n, s, tags, time::now() AS at FROM t`), []string{"id t string false true", "n int int64 false true", "s string sql.NullString true true",
			"tags [string] []uint8 false true", "at time time.Time false true"})
		equal(t, describe(`CREATE free:1 SET a = 1`), []string{"value object []uint8 true true"})
		equal(t, describe(`DELETE free RETURN NONE`), []string(nil))
	})
}

func TestPrepared(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		put, err := db.Prepare(`UPSERT kv:[$k] SET v = $v RETURN NONE`)
		must(t, err)
		defer put.Close()
		get, err := db.Prepare(`SELECT VALUE v FROM kv:[$k]`)
		must(t, err)
		defer get.Close()
		for i := range 20 {
			_, err := put.Exec(sql.Named("v", i), sql.Named("k", i%5))
			must(t, err)
		}
		for i := range 5 {
			var v int
			must(t, get.QueryRow(i).Scan(&v))
			equal(t, v, 15+i)
		}
		if _, err := get.Query(); err == nil {
			t.Error("a parameter without a value")
		}
		exec(t, db, `DEFINE INDEX by_v ON TABLE kv FIELDS v`) // what is prepared is compiled again
		var v int
		must(t, get.QueryRow(sql.Named("k", 4)).Scan(&v))
		equal(t, v, 19)
	})
}

func TestTransactions(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		balance := func() (n int) {
			must(t, db.QueryRow(`SELECT VALUE n FROM account:1`).Scan(&n))
			return n
		}
		exec(t, db, `CREATE account:1 SET n = 10`)
		tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
		must(t, err)
		exec(t, tx, `UPDATE account:1 SET n = 11`)
		rows, err := tx.Query(`SELECT VALUE n FROM account`) // rows that wait while the transaction goes on
		must(t, err)
		exec(t, tx, `UPDATE account:1 SET n = 12`)
		var n int
		if !rows.Next() {
			t.Fatal(rows.Err())
		}
		must(t, rows.Scan(&n))
		equal(t, n, 11)
		must(t, rows.Close())
		equal(t, balance(), 10)
		must(t, tx.Rollback())
		equal(t, balance(), 10)

		tx, err = db.Begin()
		must(t, err)
		exec(t, tx, `UPDATE account:1 SET n += 1`)
		must(t, tx.Commit())
		equal(t, balance(), 11)

		tx, err = db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		must(t, err)
		_, err = tx.Exec(`DELETE account:1`)
		wantCode(t, err, ops.CodeReadOnlyTransaction)
		must(t, tx.Rollback())

		// Two that read and write the same lose one of them.
		a, err := db.Begin()
		must(t, err)
		b, err := db.Begin()
		must(t, err)
		exec(t, a, `UPDATE account:1 SET n += 1`)
		exec(t, b, `UPDATE account:1 SET n += 1`)
		must(t, a.Commit())
		wantCode(t, b.Commit(), ops.CodeConflict)
		equal(t, balance(), 12)

		// A context that ends takes the transaction with it.
		short, cancel := context.WithCancel(ctx)
		tx, err = db.BeginTx(short, nil)
		must(t, err)
		exec(t, tx, `UPDATE account:1 SET n = 99`)
		cancel()
		if err := tx.Commit(); !errors.Is(err, context.Canceled) && !errors.Is(err, sql.ErrTxDone) {
			t.Error(err)
		}
		equal(t, balance(), 12)
	})
}

func TestCancelled(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		_, err := db.ExecContext(short, `LET $n = 0; WHILE true DO SET $n += 1 END`)
		if err == nil {
			t.Error("the statement came to its end")
		}
		if short.Err() == nil {
			t.Fatalf("it failed by itself: %v", err)
		}
		must(t, db.PingContext(ctx)) // the connections are as good as before
	})
}

func TestConnectionsAreReset(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		db.SetMaxOpenConns(1)
		exec(t, db, `CREATE here:1`)
		exec(t, db, `BEGIN; CREATE here:2`) // left open
		exec(t, db, `USE DB elsewhere`)
		var n int
		must(t, db.QueryRow(`SELECT VALUE FOLD count() FROM here`).Scan(&n))
		equal(t, n, 1)
		c, err := db.Conn(ctx)
		must(t, err)
		defer c.Close()
		must(t, c.Raw(func(c any) error {
			return c.(*sqldriver.Conn).Session().Put(ctx, "here", zerodb.Int(3), zerodb.String("v"))
		}))
		must(t, c.QueryRowContext(ctx, `SELECT VALUE FOLD count() FROM here`).Scan(&n))
		equal(t, n, 2)
	})
}

func TestManyAtATime(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		exec(t, db, `CREATE n:1 SET v = 0`)
		var work sync.WaitGroup
		for range 8 {
			work.Go(func() {
				for range 20 {
					if _, err := db.Exec(`UPDATE n:1 SET v += 1`); err != nil {
						t.Error(err)
					}
				}
			})
		}
		work.Wait()
		var v int
		must(t, db.QueryRow(`SELECT VALUE v FROM n:1`).Scan(&v))
		equal(t, v, 160)
	})
}

func TestDSN(t *testing.T) {
	for name, want := range map[string]sqldriver.DSN{
		"people":                    {Dir: "people"},
		"/var/lib/z?read_only=true": {Dir: "/var/lib/z", ReadOnly: true},
		"file:a/b?read_only=true&namespace=n&database=d": {Dir: "a/b", ReadOnly: true, Namespace: "n", Database: "d"},
		`C:\data`:                          {Dir: `C:\data`},
		"memory:":                          {Memory: true},
		"zerodb://localhost:7654":          {Addr: "localhost:7654"},
		"zerodbs://u:p%40@h:1/n/d?token=t": {Addr: "h:1", TLS: true, User: "u", Password: "p@", Token: "t", Namespace: "n", Database: "d"},
	} {
		got, err := sqldriver.ParseDSN(name)
		must(t, err)
		equal(t, *got, want)
	}
	for _, name := range []string{"", "file:", "memory:x", "zerodb://h", "zerodb://:7", "zerodb://u:secret@h:1/a/b/c", "zerodb://h:1?cache=1", "file:x?connections=2", "file:x?relaxed=perhaps",
		"zerodb://u:secret@h:x", "file:x?%"} {
		_, err := sqldriver.ParseDSN(name)
		wantCode(t, err, ops.CodeUsage)
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Error(err)
		}
	}
}

func TestOpened(t *testing.T) {
	db, err := zerodb.OpenMemory(nil)
	must(t, err)
	defer db.Close()
	s := sqldriver.Open(db, &zerodb.SessionOptions{Database: "other"})
	exec(t, s, `CREATE x:1`)
	must(t, s.Close())
	c, err := db.Conn(ctx, &zerodb.SessionOptions{Database: "other"}) // it is still open
	must(t, err)
	_, found, err := c.Get(ctx, "x", zerodb.Int(1))
	must(t, err)
	equal(t, found, true)
	if _, err := sql.Open("zerodb", "memory:x"); err == nil {
		t.Error("a bad name was taken")
	}
	lost, err := sql.Open("zerodb", "zerodb://127.0.0.1:1")
	must(t, err)
	defer lost.Close()
	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := lost.PingContext(short); err == nil {
		t.Error("nobody is there")
	}
}
