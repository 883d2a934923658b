package zerodb_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

func TestStmt(t *testing.T) {
	_, s := memory(t)
	run(t, s, `CREATE person:1 SET name = "Alice"; CREATE person:2 SET name = "Bob"`)
	st, err := s.Prepare(ctx, `SELECT name FROM person:$id`)
	must(t, err)
	ps := st.Params()
	if len(ps) != 1 || ps[0].Name != "id" {
		t.Errorf("parameters are %+v", ps)
	}
	for id, name := range map[int]string{1: "Alice", 2: "Bob"} {
		row, found, err := st.QueryRow(ctx, zerodb.Named("id", id))
		must(t, err)
		if !found {
			t.Fatalf("%d is not found", id)
		}
		want(t, row.Get("name").AsString(), name)
	}
	_, found, err := st.QueryRow(ctx, zerodb.Named("id", 3))
	if err != nil || found {
		t.Errorf("3 is found: %t, %v", found, err)
	}
	_, _, err = st.QueryRow(ctx)
	fails(t, err, ops.CodeParameter)
	_, err = s.Prepare(ctx, `RETURN 1 +`)
	fails(t, err, ops.CodeSyntax)
}

// TestStmtFollowsDefinitions goes on using a statement while definitions and the database change.
func TestStmtFollowsDefinitions(t *testing.T) {
	_, s := memory(t)
	st, err := s.Prepare(ctx, `SELECT VALUE n FROM t WHERE n > 0`)
	must(t, err)
	all := func(w string) {
		t.Helper()
		rows, err := st.Execute(ctx)
		must(t, err)
		want(t, jsonOf(t, rows), w)
	}
	all("")
	run(t, s, `CREATE t:1 SET n = 1`)
	all("1")
	run(t, s, `DEFINE INDEX i ON TABLE t FIELDS n; CREATE t:2 SET n = 2`)
	all("1 2")
	must(t, s.Use(ctx, "", "other"))
	all("")
	must(t, s.Use(ctx, "", "main"))
	all("1 2")
	must(t, s.Begin(ctx, nil))
	run(t, s, `REMOVE INDEX i ON TABLE t; CREATE t:3 SET n = 3`)
	all("1 2 3")
	must(t, s.Cancel())
	all("1 2")
}

func TestProgramsFromOutside(t *testing.T) {
	_, s := memory(t)
	run(t, s, `CREATE person:1 SET name = "Alice"`)
	st, err := s.Prepare(ctx, `SELECT VALUE name FROM person:$id; RETURN 2`)
	must(t, err)
	zqb, err := st.Program()
	must(t, err)
	rows, err := s.ExecuteProgram(ctx, zqb, zerodb.Named("id", 1))
	must(t, err)
	want(t, jsonOf(t, rows), "2")
	got := ""
	for rows, err := range s.ScriptProgram(ctx, zqb, zerodb.Named("id", 1)) {
		must(t, err)
		got += jsonOf(t, rows) + ";"
	}
	want(t, got, `"Alice";2;`)
	for i := range zqb {
		damaged := append([]byte(nil), zqb...)
		damaged[i] ^= 0x10
		if _, err := s.ExecuteProgram(ctx, damaged, zerodb.Named("id", 1)); err == nil {
			t.Errorf("byte %d flipped, and it runs", i)
		}
	}
	_, err = s.ExecuteProgram(ctx, nil)
	fails(t, err, ops.CodeBadProgram)
}

func TestExplain(t *testing.T) {
	_, s := memory(t)
	run(t, s, `CREATE t:1 SET n = 1; CREATE t:2 SET n = 2`)
	rows, err := s.Execute(ctx, `EXPLAIN ANALYZE SELECT * FROM t WHERE n > 1`)
	must(t, err)
	text, ok := rows.Plain()
	if !ok || text == "" {
		t.Errorf("no plan: %q", text)
	}
	if !rows.Next() || rows.Row().At(0).AsString() != text || rows.Next() {
		t.Error("the plan is the one row")
	}
}

// TestCacheIsShared lets many sessions want one text at once: it is compiled once.
func TestCacheIsShared(t *testing.T) {
	db, s := memory(t)
	run(t, s, `CREATE t:1 SET n = 1`)
	before := db.Stats().Statements
	var all sync.WaitGroup
	for range 16 {
		s := session(t, db)
		all.Go(func() {
			for range 10 {
				rows, err := s.Execute(ctx, `SELECT VALUE n FROM t`)
				if err != nil {
					t.Error(err)
					return
				}
				for range rows.All() {
				}
			}
		})
	}
	all.Wait()
	after := db.Stats().Statements
	if n := after.Compiles - before.Compiles; n != 1 {
		t.Errorf("compiled %d times", n)
	}
	if n := after.Hits - before.Hits; n != 159 {
		t.Errorf("%d hits of 160", n)
	}
}

func TestCacheIsBounded(t *testing.T) {
	db, err := zerodb.OpenMemory(&zerodb.Options{StatementBytes: 64 << 10, NoWarmUp: true})
	must(t, err)
	defer func() { must(t, db.Close()) }()
	s := session(t, db)
	for i := range 200 {
		run(t, s, fmt.Sprintf(`RETURN %d`, i))
		if c := db.Stats().Statements; c.Bytes > c.Limit {
			t.Fatalf("%d bytes, the limit is %d", c.Bytes, c.Limit)
		}
	}
	c := db.Stats().Statements
	if c.Evicted == 0 || c.Entries == 0 || c.Compiles != 200 {
		t.Errorf("figures are %+v", c)
	}
	run(t, s, `RETURN 199`)
	if again := db.Stats().Statements; again.Compiles != 200 {
		t.Error("the text used last is gone")
	}
}

// TestConflictsAreRetried lets many sessions change one record: no conflict comes out, no change is lost.
func TestConflictsAreRetried(t *testing.T) {
	db, s := memory(t)
	run(t, s, `CREATE n:1 SET v = 0`)
	var all sync.WaitGroup
	const sessions, times = 8, 25
	for range sessions {
		s := session(t, db)
		all.Go(func() {
			for range times {
				if _, err := s.Execute(ctx, `UPDATE n:1 SET v += 1`); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	want(t, run(t, s, `SELECT VALUE v FROM n`), fmt.Sprint(sessions*times))
}

// raceDetector is set where the tests run under it, see race_test.go.
var raceDetector bool

// TestPointReadAllocations holds the short way of a prepared read to its budget.
func TestPointReadAllocations(t *testing.T) {
	_, s := memory(t)
	run(t, s, `CREATE person:1 SET name = "Alice", age = 40, city = "Lagos", score = 1.5`)
	st, err := s.Prepare(ctx, `person:$id`)
	must(t, err)
	read := func() {
		row, found, err := st.QueryRow(ctx, zerodb.Named("id", 1))
		if err != nil || !found || row.Len() != 5 {
			t.Fatalf("found %t, %v", found, err)
		}
	}
	read()
	if n := testing.AllocsPerRun(1000, read); n > 3 && !raceDetector {
		t.Errorf("%.1f allocations, at most 3 are allowed", n)
	}
}

// TestRowsLiveOn keeps the rows of point reads, inside and outside of a transaction, while much else is read and written.
func TestRowsLiveOn(t *testing.T) {
	_, s := memory(t)
	run(t, s, `FOR $i IN 1..51 DO CREATE person:$i SET name = type::string($i), tags = ["a", type::string($i)], at = { city: type::string($i) } END`)
	for _, text := range []string{`person:$id`, `SELECT VALUE at.city FROM person:$id`} {
		st, err := s.Prepare(ctx, text)
		must(t, err)
		for _, inside := range []bool{false, true} {
			if inside {
				must(t, s.Begin(ctx, nil))
			}
			var rows []zerodb.Row
			var before []string
			for i := range 50 {
				row, found, err := st.QueryRow(ctx, zerodb.Named("id", i+1))
				if err != nil || !found {
					t.Fatalf("found %t, %v", found, err)
				}
				rows = append(rows, row)
				before = append(before, string(row.AppendJSON(nil)))
			}
			run(t, s, `UPDATE person SET name = "other", tags = [], at.city = "nowhere"`)
			run(t, s, `SELECT * FROM person ORDER BY name`)
			if inside {
				must(t, s.Cancel())
			} else {
				run(t, s, `UPDATE person SET name = "number", tags = ["a"], at.city = "city"`)
			}
			for i, row := range rows {
				if now := string(row.AppendJSON(nil)); now != before[i] {
					t.Fatalf("%s: the row was %s, and is %s", text, before[i], now)
				}
			}
		}
	}
}
