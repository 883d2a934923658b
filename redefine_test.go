package zerodb_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// TestRedefineInABubble redefines a table of many records, closes the database while its job runs, crashes it, and finds everything
// afterwards; no goroutine is left, and nothing waits for a real clock.
func TestRedefineInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewCrashableMem()
		options := func(fs vfs.FS) *zerodb.Options {
			return &zerodb.Options{FS: fs, Random: rand.NewChaCha8([32]byte{7})}
		}
		const n = 5000
		db, err := zerodb.Open("db", options(disk))
		must(t, err)
		s := session(t, db)
		run(t, s, `DEFINE TABLE person FIELDS name TYPE string, age TYPE string; DEFINE INDEX by_age ON TABLE person FIELDS age`)
		run(t, s, fmt.Sprintf(`FOR $i IN 0..%d DO CREATE person SET id = $i, name = "n" + type::string($i), age = type::string($i %% 50) RETURN NONE END`, n))
		run(t, s, `REDEFINE TABLE person AS human FIELDS age TYPE int, name AS called`)
		check := func(db *zerodb.DB) {
			t.Helper()
			s := session(t, db)
			want(t, run(t, s, `SELECT VALUE FOLD count() FROM human WHERE age == 7`), fmt.Sprint(n/50))
			want(t, run(t, s, `SELECT VALUE FOLD sum(age) FROM human`), fmt.Sprint(n/50*49*50/2))
			want(t, run(t, s, `SELECT VALUE called FROM human:4711`), `"n4711"`)
			must(t, db.Check(context.Background(), func(p zerodb.Problem) { t.Error(p) }))
		}
		check(db)
		after := disk.CrashClone(vfs.CrashCloneCfg{})
		must(t, db.Close()) // the job ends with it

		for _, fs := range []vfs.FS{disk, after} {
			db, err = zerodb.Open("db", options(fs))
			must(t, err)
			check(db)
			for strings.Contains(run(t, session(t, db), `INFO FOR TABLE human`), "rewriting") {
				time.Sleep(time.Millisecond)
			}
			want(t, run(t, session(t, db), `SELECT VALUE state FROM sys::jobs WHERE state != "done"`), "")
			check(db)
			must(t, db.Close())
		}
	})
}

// TestRedefineRecompiles runs what was compiled before a redefinition: texts are compiled again, programs refused.
func TestRedefineRecompiles(t *testing.T) {
	db, err := zerodb.OpenMemory(nil)
	must(t, err)
	defer db.Close()
	s := session(t, db)
	run(t, s, `DEFINE TABLE p FIELDS a TYPE string; CREATE p:1 SET a = "5"`)
	prepared, err := s.Prepare(t.Context(), `SELECT * FROM p`)
	must(t, err)
	run(t, s, `REDEFINE TABLE p FIELDS a AS b TYPE int`)
	rows, err := prepared.Execute(t.Context())
	must(t, err)
	if !rows.Next() || ops.Format(rows.Row().Value()) != "{ id: p:1, b: 5 }" {
		t.Error(rows.Row(), rows.Err())
	}
	must(t, rows.Close())
	before, err := s.Prepare(t.Context(), `SELECT VALUE b FROM p`)
	must(t, err)
	run(t, s, `REDEFINE TABLE p FIELDS b AS c`)
	if _, err := before.Execute(t.Context()); ops.CodeOf(err) != ops.CodeUnknownField {
		t.Error(err)
	}
}

// TestRedefineKeyValues reads a table as a key-value store through a redefinition.
func TestRedefineKeyValues(t *testing.T) {
	db, err := zerodb.OpenMemory(nil)
	must(t, err)
	defer db.Close()
	s := session(t, db)
	run(t, s, `FOR $i IN 0..300 DO CREATE kv SET id = $i, text = "v" + type::string($i) RETURN NONE END`)
	run(t, s, `REDEFINE TABLE kv FIELDS text AS value`)
	kv := s.KV("kv")
	for i := range 300 {
		v, found, err := kv.Get(t.Context(), ops.Int(int64(i)), nil)
		if err != nil || !found || string(v) != fmt.Sprint("v", i) {
			t.Fatal(i, string(v), found, err)
		}
	}
}

// TestRedefineAsProgram compiles definitions and runs the file; bytes of it that were changed are refused or run, and never panic.
func TestRedefineAsProgram(t *testing.T) {
	db, err := zerodb.OpenMemory(nil)
	must(t, err)
	defer db.Close()
	s := session(t, db)
	run(t, s, `DEFINE TYPE place FIELDS city TYPE string; DEFINE TABLE p FIELDS a TYPE string, b TYPE string?; CREATE p:1 SET a = "5"`)
	cat, err := s.Catalog()
	must(t, err)
	text := `REDEFINE TABLE p AS q SCHEMALESS FIELDS a AS n TYPE int ASSERT $value > 0, b AS none, at TYPE place? READONLY, c TYPE int UNIQUE VALUE 7`
	result, errs := compiler.Compile(text, compiler.Options{Catalog: cat})
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	file, err := vm.Encode(result.Program)
	must(t, err)
	back, err := vm.Decode(file)
	must(t, err)
	again, err := vm.Encode(back)
	must(t, err)
	if string(again) != string(file) {
		t.Error("it is not what was encoded")
	}
	for i := range file {
		for _, bit := range []byte{1, 0x80} {
			changed := append([]byte(nil), file...)
			changed[i] ^= bit
			other, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true})
			must(t, err)
			o := session(t, other)
			run(t, o, `DEFINE TABLE p FIELDS a TYPE string, b TYPE string?`)
			if _, err := o.ExecuteProgram(t.Context(), changed); err != nil && ops.CodeOf(err) == ops.CodeInternal {
				t.Errorf("byte %d: %v", i, err)
			}
			must(t, other.Close())
		}
	}
	_, err = s.ExecuteProgram(t.Context(), file)
	must(t, err)
	want(t, run(t, s, `SELECT * FROM q`), `{"id":"q:1","c":7,"n":5}`)
	if _, err := s.ExecuteProgram(t.Context(), file); ops.CodeOf(err) != ops.CodeUnknownTable {
		t.Error(err)
	}
}
