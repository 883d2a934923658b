package zerodb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zerodb/zerodb"
)

// TestLittleMemoryGivesTheSameRows runs queries that must hold many rows with hardly any memory and with plenty of it. Rows come
// in the same order, but for those of a grouping without ORDER BY, whose order nobody promised.
func TestLittleMemoryGivesTheSameRows(t *testing.T) {
	queries := []struct {
		text      string
		unordered bool
	}{
		{"SELECT DISTINCT s FROM r", false},
		{"SELECT DISTINCT k, n FROM r", false},
		{"SELECT DISTINCT s FROM r START 5_000 LIMIT 3_000", false},
		{"SELECT DISTINCT s FROM r ORDER BY s DESC LIMIT 50", false},
		{"SELECT VALUE n FROM r WHERE s IN (SELECT VALUE s FROM r WHERE k > 20)", false},
		{"SELECT VALUE n FROM r WHERE s NOT IN (SELECT VALUE t FROM r)", false},
		{"SELECT s FROM r UNION SELECT t FROM r", false},
		{"SELECT s, k FROM r INTERSECT SELECT t, k FROM r", false},
		{"SELECT s FROM r EXCEPT SELECT t FROM r WHERE k < 30", false},
		{"SELECT s FROM r UNION ALL SELECT t FROM r ORDER BY s DESC LIMIT 30_000", false},
		{"SELECT s, count() AS c, max(n) AS m FROM r GROUP BY s", true},
		{"SELECT s, t, count(k) AS c, percentile(n, 50) AS p FROM r GROUP BY s, t HAVING c >= 1 ORDER BY s, t", false},
		{"SELECT count(DISTINCT s) AS c, count(DISTINCT n) AS d, sum(DISTINCT n) AS x FROM r", false},
		{"SELECT k % 3 AS g, count(DISTINCT t) AS c, count(DISTINCT n WHERE k > 9) AS d, count() AS n FROM r GROUP BY g ORDER BY g", false},
		{"SELECT median(n) AS m, percentile(n, 33) AS p, percentile(k, 100) AS q, median(none) AS x FROM r", false},
		{"SELECT k % 3 AS g, median(n) AS m, percentile(DISTINCT n, 90) AS p, sum(n) AS s FROM r GROUP BY g ORDER BY g", false},
		{"SELECT k, count(DISTINCT s) AS c, median(n) AS m FROM r GROUP BY k ORDER BY k", false},
		{"SELECT s, count(DISTINCT t) AS c, median(n) AS m FROM r GROUP BY s ORDER BY s", false},
		{"SELECT array::len(collect(DISTINCT n WHERE k < 4)) AS c, collect(DISTINCT n WHERE k < 4)[2] AS x, count(DISTINCT s) AS n FROM r", false},
		{"SELECT count() AS rows, sum(c) AS s FROM (SELECT s, count() AS c FROM r GROUP BY s)", false},
	}
	var made strings.Builder
	made.WriteString("DEFINE TABLE r FIELDS n TYPE int, k TYPE int, s TYPE string, t TYPE string?\n")
	x := uint64(7)
	for i := range 12_000 {
		if i%200 == 0 {
			made.WriteString("CREATE r CONTENT [")
		}
		x = x*6364136223846793005 + 1442695040888963407
		fmt.Fprintf(&made, `{ id: %d, n: %d, k: %d, s: "text number %d", t: "text number %d" }`, i, i, x>>58, x>>33%7000, x>>13%9000)
		made.WriteString(map[bool]string{false: ", ", true: "] RETURN NONE\n"}[i%200 == 199])
	}
	answers := make([][]string, len(queries))
	for _, memory := range []int64{256 << 20, 384 << 10} {
		db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true, QueryMemory: memory})
		must(t, err)
		if _, err := session(t, db).Execute(ctx, made.String()); err != nil {
			t.Fatal(err)
		}
		s := session(t, db)
		for i, q := range queries {
			rows, err := s.Execute(ctx, q.text)
			must(t, err)
			var got []string
			for row, err := range rows.All() {
				if err != nil {
					t.Fatalf("%d bytes: %s: %v", memory, q.text, err)
				}
				got = append(got, string(row.AppendJSON(nil)))
			}
			if q.unordered {
				slices.Sort(got)
			}
			if answers[i] == nil {
				if answers[i] = got; len(got) == 0 {
					t.Errorf("%s gives no rows", q.text)
				}
				continue
			}
			if !slices.Equal(got, answers[i]) {
				t.Errorf("%d bytes: %s: %d rows, want %d", memory, q.text, len(got), len(answers[i]))
			}
			if rows.Work().Spilled == 0 && i != 3 { // that one holds fifty rows
				t.Errorf("%d bytes: %s did not spill", memory, q.text)
			}
		}
		must(t, db.Close())
	}
}
