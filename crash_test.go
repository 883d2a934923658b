package zerodb_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/zerodb/zerodb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestOneBubble opens, loads, queries, crashes and reopens a database inside one bubble of false time, on a disk that forgets
// what was not synced: nothing in it waits for a real clock, and everything acknowledged is there afterwards.
func TestOneBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewCrashableMem()
		options := func(fs vfs.FS) *zerodb.Options {
			return &zerodb.Options{FS: fs, Random: rand.NewChaCha8([32]byte{7})}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()

		db, err := zerodb.Open("db", options(disk))
		must(t, err)
		s := session(t, db)
		run(t, s, `DEFINE TABLE person FIELDS name TYPE string, age TYPE int; DEFINE INDEX by_age ON TABLE person FIELDS age`)
		insert, err := s.Prepare(ctx, `CREATE person SET name = $name, age = $age RETURN NONE`)
		must(t, err)
		for i := range 200 {
			_, err := insert.Execute(ctx, zerodb.Named("name", fmt.Sprint("n", i)), zerodb.Named("age", i%50))
			must(t, err)
		}
		run(t, s, `BEGIN; CREATE person:1 SET name = "x", age = 99; CREATE person:2 SET name = "y", age = 99; COMMIT`)
		must(t, s.Begin(ctx, nil))
		run(t, s, `CREATE person:3 SET name = "never", age = 99`)
		want(t, run(t, s, `SELECT VALUE FOLD count() FROM person WHERE age = 99`), "3")
		time.Sleep(time.Minute) // background work runs

		after := disk.CrashClone(vfs.CrashCloneCfg{})
		must(t, db.Close())

		db, err = zerodb.Open("db", options(after))
		must(t, err)
		s = session(t, db)
		want(t, run(t, s, `SELECT VALUE FOLD count() FROM person`), "202")
		want(t, run(t, s, `SELECT VALUE name FROM person WHERE age = 99 ORDER BY name`), `"x" "y"`)
		must(t, db.Check(ctx, func(p zerodb.Problem) { t.Error(p) }))
		must(t, db.Close())
	})
}
