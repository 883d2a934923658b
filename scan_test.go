package zerodb_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/zerodb/zerodb"
)

// A scan that several goroutines read for gives what one gives, works where time and goroutines are those of a bubble, and leaves none
// behind: when it is read to its end, when its reader stops early, and when it is cancelled.
func TestLongScans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, workers := range []int{1, 4} {
			db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true, ScanWorkers: workers})
			must(t, err)
			s := session(t, db)
			for at := 0; at < 24_000; {
				must(t, s.Begin(ctx, nil))
				for range 2000 {
					must(t, s.Put(ctx, "item", zerodb.Int(int64(at)), zerodb.Object(zerodb.Member{Name: "n", Value: zerodb.Int(int64(at % 1000))},
						zerodb.Member{Name: "name", Value: zerodb.String("an item")})))
					at++
				}
				must(t, s.Commit(ctx))
			}
			for text, wanted := range map[string]string{
				`SELECT VALUE FOLD count() FROM item WHERE n < 100`:         "2400 ",
				`SELECT VALUE FOLD sum(n) FROM item`:                        "11988000 ",
				`SELECT VALUE [id, name] FROM item ORDER BY n DESC LIMIT 1`: `[item:23999, "an item"] `,
				`SELECT VALUE id FROM item WHERE n = 7 START 22 LIMIT 1`:    "item:22007 ",
				`SELECT VALUE FOLD count() FROM (SELECT id FROM item)`:      "24000 ",
			} {
				rows, err := s.Execute(ctx, text)
				must(t, err)
				got := ""
				for row, err := range rows.All() {
					must(t, err)
					got += zql(row.At(0)) + " "
				}
				want(t, got, wanted)
				if w := rows.Work(); w.Rows > 24_000 {
					t.Errorf("%s examined %d rows", text, w.Rows)
				}
			}
			stopsEarly(t, s)
			must(t, db.Close())
		}
	})
}

func stopsEarly(t *testing.T, s *zerodb.Session) {
	c, cancel := context.WithCancel(ctx)
	rows, err := s.Execute(c, `SELECT VALUE n FROM item`)
	must(t, err)
	for range 8000 {
		if !rows.Next() {
			t.Fatal(rows.Err())
		}
	}
	cancel()
	for rows.Next() {
	}
	if code := zerodb.CodeOf(rows.Err()); code != "cancelled" {
		t.Errorf("after it was cancelled: %q %v", code, rows.Err())
	}
	must(t, rows.Close())
	rows, err = s.Execute(ctx, `SELECT VALUE n FROM item`)
	must(t, err)
	for range 8000 {
		rows.Next()
	}
	must(t, rows.Close())
}
