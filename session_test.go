package zerodb_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// run executes a text and returns the rows of its last statement as JSON, separated by spaces.
func run(t testing.TB, s *zerodb.Session, text string, args ...zerodb.Arg) string {
	t.Helper()
	rows, err := s.Execute(ctx, text, args...)
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return jsonOf(t, rows)
}

func jsonOf(t testing.TB, rows *zerodb.Rows) string {
	t.Helper()
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

func TestExecute(t *testing.T) {
	_, s := memory(t)
	want(t, run(t, s, `CREATE person:alice SET age = 40; CREATE person:bob SET age = 30`), `{"id":"person:bob","age":30}`)
	want(t, run(t, s, `SELECT id, age FROM person WHERE age > $least`, zerodb.Named("least", 35)), `{"id":"person:alice","age":40}`)
	want(t, run(t, s, `SELECT VALUE age FROM person ORDER BY age`), `30 40`)
	want(t, run(t, s, `RETURN [1, 2]`), `[1,2]`)
	want(t, run(t, s, `person:bob`), `{"id":"person:bob","age":30}`)
	want(t, run(t, s, `SELECT VALUE FOLD count() FROM nothing`), `0`)
	want(t, run(t, s, ``), ``)
}

func TestVariablesPassDefinitions(t *testing.T) {
	_, s := memory(t)
	want(t, run(t, s, `LET $n = 2
DEFINE TABLE t FIELDS a TYPE int
CREATE t:1 SET a = $n + 1
LET $m = $n * 10
SELECT VALUE a + $m FROM t`), `23`)
}

func TestParameters(t *testing.T) {
	_, s := memory(t)
	type filter struct {
		Min int
		Max *int
	}
	high := 9
	want(t, run(t, s, `RETURN [$min, $max]`, zerodb.Params(filter{1, &high})), `[1,9]`)
	want(t, run(t, s, `RETURN [$min, $max]`, zerodb.Params(map[string]any{"min": "a", "max": []int{1}, "other": 1})), `["a",[1]]`)
	want(t, run(t, s, `RETURN $a + $b`, zerodb.Params(map[string]any{"a": 1, "b": 2}), zerodb.Named("b", 3)), `4`)
	want(t, run(t, s, `RETURN $at`, zerodb.Named("at", time.Unix(0, 0))), `"1970-01-01T00:00:00Z"`)
	_, err := s.Execute(ctx, `RETURN $a`)
	fails(t, err, ops.CodeParameter)
	_, err = s.Execute(ctx, `RETURN $a`, zerodb.Named("b", 1))
	fails(t, err, ops.CodeParameter)
	if err == nil || !strings.Contains(err.Error(), "it takes $a") {
		t.Errorf("%v does not say what is taken", err)
	}
	_, err = s.Execute(ctx, `RETURN $a`, zerodb.Named("a", func() {}))
	fails(t, err, ops.CodeParameter)
}

func TestParametersOfSegments(t *testing.T) {
	_, s := memory(t)
	want(t, run(t, s, `DEFINE TABLE a; RETURN $x; DEFINE TABLE b; RETURN [$x, $y]`, zerodb.Named("x", 1), zerodb.Named("y", 2)), `[1,2]`)
	_, err := s.Execute(ctx, `DEFINE TABLE c; RETURN $xy`, zerodb.Named("xy", 1), zerodb.Named("x", 1))
	fails(t, err, ops.CodeParameter)
	if c, err := s.Catalog(); err != nil || c.Table("c") != nil {
		t.Errorf("a part of it ran, %v", err)
	}
}

// TestBufferedRowsAreBounded keeps the rows of a statement in the middle of a text within the budget.
func TestBufferedRowsAreBounded(t *testing.T) {
	db, err := zerodb.OpenMemory(&zerodb.Options{QueryMemory: 256 << 10, NoWarmUp: true})
	must(t, err)
	defer func() { must(t, db.Close()) }()
	s := session(t, db)
	must(t, s.Begin(ctx, nil))
	for i := range 5000 {
		must(t, s.Put(ctx, "t", zerodb.Int(int64(i)), zerodb.String(strings.Repeat("x", 100))))
	}
	must(t, s.Commit(ctx))
	_, err = s.Execute(ctx, `SELECT * FROM t; RETURN 1`)
	fails(t, err, ops.CodeMemoryBudget)
	n := 0
	for rows, err := range s.Script(ctx, `SELECT * FROM t; RETURN 1`) {
		must(t, err)
		for range rows.All() {
			n++
		}
	}
	if n != 5001 {
		t.Errorf("%d rows", n)
	}
}

// TestProgramInTwoDatabases runs one program in databases whose catalogs have equal version numbers.
func TestProgramInTwoDatabases(t *testing.T) {
	_, s := memory(t)
	st, err := s.Prepare(ctx, `SELECT VALUE n FROM t`)
	must(t, err)
	zqb, err := st.Program()
	must(t, err)
	for i, name := range []string{"one", "two"} {
		must(t, s.Use(ctx, "", name))
		must(t, s.Put(ctx, "t", zerodb.Int(1), zerodb.Object(zerodb.Member{Name: "n", Value: zerodb.Int(int64(i))})))
	}
	for i, name := range []string{"one", "two", "one"} {
		must(t, s.Use(ctx, "", name))
		rows, err := s.ExecuteProgram(ctx, zqb)
		must(t, err)
		want(t, jsonOf(t, rows), []string{"0", "1", "0"}[i])
	}
}

func TestScan(t *testing.T) {
	_, s := memory(t)
	run(t, s, `CREATE person:1 SET name = "Alice", born = t"1990-01-02", tags = ["x"], home = { city: "Lagos" }`)
	type home struct{ City string }
	type row struct {
		ID   zerodb.RecordID
		Name string
		Born time.Time
		Tags []string
		Home *home
		Gone *string
	}
	rows, err := s.Execute(ctx, `SELECT * FROM person`)
	must(t, err)
	all, err := zerodb.ScanAll[row](rows)
	must(t, err)
	if len(all) != 1 || all[0].Name != "Alice" || all[0].Home.City != "Lagos" || all[0].Born.Year() != 1990 || all[0].Gone != nil ||
		all[0].ID.Table != "person" || all[0].ID.Key.AsInt() != 1 {
		t.Errorf("scanned %+v", all)
	}
	rows, err = s.Execute(ctx, `SELECT name, home.city AS city FROM person`)
	must(t, err)
	var name, city string
	if !rows.Next() {
		t.Fatal("no row")
	}
	must(t, rows.Scan(&name, &city))
	want(t, name+" "+city, "Alice Lagos")
	fails(t, rows.Scan(&name, &city, &name), ops.CodeArgument)
	must(t, rows.Close())
}

// TestScriptErrors holds errors of texts to say which statement failed and what became of the others.
func TestScriptErrors(t *testing.T) {
	for _, c := range []struct {
		text, says      string
		statement       int
		took, undone    int
		left            string
		inTransaction   bool
		withTransaction bool
	}{
		{text: "CREATE t:1; CREATE t:2; CREATE t:1; CREATE t:3", statement: 2, took: 2, left: "1 2 ",
			says: "statement 3: already_exists: "},
		{text: "CREATE t:1; BEGIN; CREATE t:2; CREATE t:1; COMMIT", statement: 3, took: 1, undone: 2, left: "1 "},
		{text: "BEGIN; CREATE t:1; COMMIT; CREATE t:1", statement: 3, took: 3, left: "1 "},
		{text: "CREATE t:1; CREATE t:1", withTransaction: true, statement: 1, left: "1 ", inTransaction: true},
		{text: "CREATE t:1; DEFINE TABLE x; CREATE x:1; CREATE t:1", statement: 3, took: 3, left: "1 "},
		{text: "CREATE t:1; DEFINE TABLE x; SELECT nosuch::f() FROM x", statement: 2, took: 2, left: "1 "},
	} {
		_, s := memory(t)
		if c.withTransaction {
			must(t, s.Begin(ctx, nil))
		}
		_, err := s.Execute(ctx, c.text)
		var e *zerodb.ScriptError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v is no ScriptError", c.text, err)
			continue
		}
		if e.Statement.Index != c.statement || e.Took != c.took || e.Undone != c.undone || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v: statement %d, took %d, undone %d", c.text, err, e.Statement.Index, e.Took, e.Undone)
		}
		if s.InTransaction() != c.inTransaction {
			t.Errorf("%s: in a transaction: %t", c.text, s.InTransaction())
		}
		if got := keysOf(t, s, "t", zerodb.KeyRange{}); got != c.left {
			t.Errorf("%s: left %s, want %s", c.text, got, c.left)
		}
	}
}

// TestRefusedWhole lets nothing of a text run that does not parse.
func TestRefusedWhole(t *testing.T) {
	_, s := memory(t)
	_, err := s.Execute(ctx, "CREATE t:1\nSELEC x\nDEFINE TABLE x\nCREATE t:2 SET = 1")
	var all zerodb.Errors
	if !errors.As(err, &all) || len(all) < 2 {
		t.Errorf("%v is not every error of the text", err)
	}
	fails(t, err, ops.CodeSyntax)
	if got := keysOf(t, s, "t", zerodb.KeyRange{}); got != "" {
		t.Errorf("it ran: %s", got)
	}
}

func TestScriptIsLazy(t *testing.T) {
	_, s := memory(t)
	var seen []string
	for rows, err := range s.Script(ctx, `CREATE t:1; LET $x = 5; SELECT VALUE $x; CREATE t:2; CREATE t:3`) {
		must(t, err)
		st := rows.Statement()
		seen = append(seen, st.Kind+" "+st.Text+" "+jsonOf(t, rows))
		if st.Index == 3 {
			break
		}
	}
	want(t, strings.Join(seen, "\n"), `write CREATE t:1 {"id":"t:1"}
query LET $x = 5 
query SELECT VALUE $x 5
write CREATE t:2 {"id":"t:2"}`)
	want(t, keysOf(t, s, "t", zerodb.KeyRange{}), "1 2 ")
}

func TestUse(t *testing.T) {
	_, s := memory(t)
	run(t, s, `CREATE t:1; USE NS other DB d; CREATE t:2`)
	want(t, s.Namespace()+"/"+s.Database(), "other/d")
	want(t, keysOf(t, s, "t", zerodb.KeyRange{}), "2 ")
	must(t, s.Use(ctx, "main", "main"))
	want(t, keysOf(t, s, "t", zerodb.KeyRange{}), "1 ")
	must(t, s.Begin(ctx, nil))
	fails(t, s.Use(ctx, "", "x"), ops.CodeTransaction)
}

// TestOpenRowsInTransaction goes on reading rows behind a statement that changes what they read.
func TestOpenRowsInTransaction(t *testing.T) {
	_, s := memory(t)
	run(t, s, `CREATE t:1 SET n = 1; CREATE t:2 SET n = 2`)
	must(t, s.Begin(ctx, nil))
	rows, err := s.Execute(ctx, `SELECT VALUE n FROM t`)
	must(t, err)
	run(t, s, `UPDATE t WHERE * SET n = 9`)
	want(t, jsonOf(t, rows), "1 2")
	rows, err = s.Execute(ctx, `SELECT VALUE n FROM t`)
	must(t, err)
	must(t, s.Cancel())
	if rows.Next() || zerodb.CodeOf(rows.Err()) != ops.CodeClosed {
		t.Errorf("rows of a transaction that is over: %v", rows.Err())
	}
}
