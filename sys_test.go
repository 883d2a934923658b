package zerodb_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/compiler/sema"
)

// TestVirtualTablesHaveTheirFields compares the rows of the virtual tables with what the compiler says is in them.
func TestVirtualTablesHaveTheirFields(t *testing.T) {
	_, s := memory(t)
	run(t, s, "DEFINE TABLE p FIELDS n TYPE int UNIQUE; CREATE p:1 SET n = 1; DEFINE TABLE v AS SELECT n FROM p; DEFINE ROLE r GRANT select ON TABLE p; DEFINE USER u PASSWORD \"secret of u\" ROLES r; ANALYZE TABLE p")
	if _, err := s.Execute(ctx, "CREATE p:1"); err == nil {
		t.Fatal("no error for sys::errors to show")
	}
	for _, table := range []string{"sys::tables", "sys::indexes", "sys::statements", "sys::errors", "sys::users", "sys::roles"} {
		known, seen := sema.VirtualFields(table), map[string]bool{}
		rows, err := s.Execute(ctx, "SELECT * FROM "+table)
		must(t, err)
		for row, err := range rows.All() {
			must(t, err)
			for _, m := range row.Value().AsObject() {
				seen[m.Name] = true
				if !slices.Contains(known, m.Name) {
					t.Errorf("%s has the field %s, which the compiler does not know", table, m.Name)
				}
			}
		}
		if len(seen) == 0 {
			t.Errorf("%s is empty", table)
		}
	}
}

// TestStatementsCountTheirTime runs statements in every way under a clock that goes on by a millisecond whenever it is asked.
func TestStatementsCountTheirTime(t *testing.T) {
	var now atomic.Int64
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true, Clock: func() time.Time { return time.Unix(0, now.Add(int64(time.Millisecond))) }})
	must(t, err)
	defer func() { must(t, db.Close()) }()
	s := session(t, db)
	run(t, s, "CREATE p:1 SET n = 1")
	run(t, s, "SELECT * FROM p")
	st, err := s.Prepare(ctx, "SELECT n FROM p:1")
	must(t, err)
	for range 96 { // behind the first few one of 16 is measured
		if _, found, err := st.QueryRow(ctx); err != nil || !found {
			t.Fatal(found, err)
		}
	}
	for text, runs := range map[string]string{"CREATE p:1 SET n = 1": "1", "SELECT * FROM p": "1", "SELECT n FROM p:1": "96"} {
		got := run(t, s, "SELECT runs, time >= runs * 1ms AS timed FROM sys::statements WHERE text = $t", zerodb.Named("t", text))
		if want := `{"runs":` + runs + `,"timed":true}`; got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
