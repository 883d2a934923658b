package zerodb_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
)

// pagesOf reads all pages of a statement with `LIMIT $n AFTER $page`, a line for each row, and the pages' ends as "--".
func pagesOf(t testing.TB, s *zerodb.Session, text string, n int) (all []string, work []zerodb.Work) {
	t.Helper()
	page := zerodb.None
	for i := 0; ; i++ {
		rows, err := s.Execute(ctx, text, zerodb.Named("n", zerodb.Int(int64(n))), zerodb.Named("page", page))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got := 0
		for row, err := range rows.All() {
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			all = append(all, string(row.AppendJSON(nil)))
			got++
		}
		work = append(work, rows.Work())
		if rows.Page() == "" {
			if got > n {
				t.Fatalf("%s: %d rows on a page of %d", text, got, n)
			}
			return all, work
		}
		if got != n || i > 10_000 {
			t.Fatalf("%s: page %d has %d rows of %d, and can be continued", text, i, got, n)
		}
		page = zerodb.String(rows.Page())
	}
}

// TestPagesAreTheResult: whatever orders the rows, the pages put together are the result without LIMIT, and with an index in the
// wanted order no page reads what came before it.
func TestPagesAreTheResult(t *testing.T) {
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true})
	must(t, err)
	s := session(t, db)
	_, err = s.Execute(ctx, `DEFINE TABLE t
DEFINE INDEX by_a ON TABLE t FIELDS a
DEFINE INDEX by_cd ON TABLE t FIELDS c, d
DEFINE INDEX by_u ON TABLE t FIELDS u UNIQUE
DEFINE EDGE likes FROM t TO t`)
	must(t, err)
	for i := range 60 {
		text := fmt.Sprintf("CREATE t:%d SET a = %s, b = %d, c = %d, d = %s, u = %s RETURN NONE", i,
			[]string{"1", "2", "none", "2.5", `"x"`, "2"}[i%6], i%4, i%3, []string{"1", "none", "7"}[i/3%3], []string{fmt.Sprint(i), "none"}[i%7/6])
		_, err := s.Execute(ctx, text)
		must(t, err)
	}
	_, err = s.Execute(ctx, "RELATE [t:1, t:2, t:3] -> likes -> [t:4, t:5, t:5]")
	must(t, err)
	for _, q := range []struct {
		text   string
		narrow bool // reads no more rows than it gives
	}{
		{"SELECT * FROM t", true}, {"SELECT id, a FROM t ORDER BY a", true}, {"SELECT id, a FROM t ORDER BY a DESC", true},
		{"SELECT id FROM t ORDER BY id DESC", true}, {"SELECT id FROM t:7..=50", true}, {"SELECT id FROM t:7..=50 ORDER BY id DESC", true},
		{"SELECT id, c, d FROM t ORDER BY c, d", true}, {"SELECT id, c, d FROM t ORDER BY c DESC, d DESC", true}, {"SELECT id, u FROM t ORDER BY u", true},
		{"SELECT id, u FROM t ORDER BY u DESC", true}, {"SELECT id, d FROM t WHERE c == 1 ORDER BY d", true}, {"SELECT id, d FROM t WHERE c == 1 ORDER BY d DESC", true},
		{"SELECT id FROM t WHERE a == 2", true}, {"SELECT VALUE a FROM t ORDER BY a", true},
		{"SELECT id, b FROM t ORDER BY b DESC, a", false}, {"SELECT id, c FROM t ORDER BY c", true}, {"SELECT id FROM t WHERE b > 1 ORDER BY a", false},
		{"SELECT b, count() AS n FROM t GROUP BY b ORDER BY n, b", false}, {"SELECT a, count() AS n FROM t GROUP BY a ORDER BY n DESC", false},
		{"SELECT DISTINCT b, c FROM t ORDER BY c DESC", false}, {"SELECT DISTINCT b FROM t", false}, {"SELECT VALUE x FROM [5, 3, 3, 1, 3] AS x ORDER BY x", false},
		{"SELECT VALUE x FROM [5, 3, 3, 1, 3] AS x", false}, {"SELECT a FROM t UNION ALL SELECT b FROM t ORDER BY a DESC", false}, {"SELECT a FROM t UNION SELECT b FROM t", false},
		{"SELECT p.id AS p, q.id AS q FROM (t AS p) -> likes -> (t AS q) ORDER BY q.b", false}, {"SELECT p.id AS p, q.id AS q FROM (t AS p) -> likes -> (t AS q)", false},
		{"SELECT x.n FROM (SELECT b AS n FROM t WHERE c == 2) AS x ORDER BY x.n DESC", false},
	} {
		want, _ := pagesOf(t, s, q.text+" LIMIT $n AFTER $page", 1000)
		for n := 1; n < 9; n += 3 {
			got, work := pagesOf(t, s, q.text+" LIMIT $n AFTER $page", n)
			if !slices.Equal(got, want) {
				t.Errorf("%s, %d a page:\n%v\nwant\n%v", q.text, n, got, want)
			}
			for i, w := range work {
				if q.narrow && w.Rows > int64(n)+1 {
					t.Errorf("%s: page %d of %d rows read %d", q.text, i, n, w.Rows)
				}
			}
		}
	}
	must(t, db.Close())
}

// TestPagesUnderChange deletes, adds and changes records between pages: each page is what lies behind the row that the page before
// it ended with, as the table is then.
func TestPagesUnderChange(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true})
		must(outer, err)
		defer func() { must(outer, db.Close()) }()
		s := session(outer, db)
		run := func(format string, args ...any) {
			_, err := s.Execute(ctx, fmt.Sprintf(format, args...))
			must(outer, err)
		}
		run("DEFINE TABLE t")
		if rapid.Bool().Draw(t, "indexed") {
			run("DEFINE INDEX i ON TABLE t FIELDS a")
		}
		desc := rapid.Bool().Draw(t, "desc")
		values := map[int]string{}
		set := func() {
			id, v := rapid.IntRange(0, 30).Draw(t, "id"), rapid.SampledFrom([]string{"none", "1", "2", "3.5"}).Draw(t, "a")
			run("UPSERT t:%d SET a = %s RETURN NONE", id, v)
			values[id] = v
		}
		for range rapid.IntRange(0, 25).Draw(t, "rows") {
			set()
		}
		// A row by its rank: its value, then its id.
		rank := map[string]int{"none": 0, "1": 1, "2": 2, "3.5": 3}
		less := func(a, b [2]int) int {
			c := cmp.Or(a[0]-b[0], a[1]-b[1])
			if desc {
				return -c
			}
			return c
		}
		n := rapid.IntRange(1, 6).Draw(t, "n")
		text := "SELECT VALUE record::key(id) FROM t ORDER BY a" + map[bool]string{true: " DESC"}[desc] + " LIMIT $n AFTER $page"
		page := zerodb.None
		var end *[2]int
		for {
			var rows [][2]int
			for id, v := range values {
				if r := [2]int{rank[v], id}; end == nil || less(r, *end) > 0 {
					rows = append(rows, r)
				}
			}
			slices.SortFunc(rows, less)
			rows = rows[:min(n, len(rows))]
			var want []string
			for _, r := range rows {
				want = append(want, fmt.Sprint(r[1]))
			}
			result, err := s.Execute(ctx, text, zerodb.Named("n", zerodb.Int(int64(n))), zerodb.Named("page", page))
			must(outer, err)
			var got []string
			for row, err := range result.All() {
				must(outer, err)
				got = append(got, string(row.AppendJSON(nil)))
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%v behind %v, want %v", got, end, want)
			}
			if (result.Page() == "") != (len(rows) < n) {
				t.Fatalf("%d rows of %d and the token %q", len(rows), n, result.Page())
			}
			if result.Page() == "" {
				return
			}
			page, end = zerodb.String(result.Page()), &rows[len(rows)-1]
			for range rapid.IntRange(0, 3).Draw(t, "changes") {
				if rapid.Bool().Draw(t, "delete") {
					id := rapid.IntRange(0, 30).Draw(t, "deleted")
					run("DELETE t:%d", id)
					delete(values, id)
				} else if len(values) < 40 {
					set()
				}
			}
			if rapid.IntRange(0, 30).Draw(t, "stop") == 0 {
				return
			}
		}
	})
}

// TestPageTokensAreChecked: a token is of one statement and its definitions, and no other text is a token.
func TestPageTokensAreChecked(t *testing.T) {
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true})
	must(t, err)
	defer func() { must(t, db.Close()) }()
	s := session(t, db)
	_, err = s.Execute(ctx, "CREATE t SET (id, a) VALUES (1, 1), (2, 2), (3, 3) RETURN NONE")
	must(t, err)
	token := func(s *zerodb.Session, text string) string {
		rows, err := s.Execute(ctx, text)
		must(t, err)
		if rows.Page() != "" {
			t.Errorf("%s: a token before the rows are read", text)
		}
		for range rows.All() {
		}
		return rows.Page()
	}
	page := token(s, "SELECT * FROM t ORDER BY a LIMIT 2")
	after := func(s *zerodb.Session, text, page string) string {
		rows, err := s.Execute(ctx, text, zerodb.Named("page", zerodb.String(page)))
		if err != nil {
			return string(zerodb.CodeOf(err))
		}
		n := 0
		for _, err := range rows.All() {
			if err != nil {
				return string(zerodb.CodeOf(err))
			}
			n++
		}
		return fmt.Sprint(n)
	}
	expect := func(want, got string) {
		t.Helper()
		if want != got {
			t.Errorf("%s, want %s", got, want)
		}
	}
	expect("1", after(s, "SELECT * FROM t ORDER BY a LIMIT 2 AFTER $page", page))
	expect("1", after(s, "SELECT  *  FROM t ORDER BY a AFTER $page LIMIT 5", page)) // another number of rows, other spaces
	expect("1", after(s, "SELECT * FROM t ORDER BY a START 1 LIMIT 5 AFTER $page", page))
	expect("other_page", after(s, "SELECT * FROM t ORDER BY a DESC LIMIT 2 AFTER $page", page))
	expect("other_page", after(s, "SELECT * FROM t WHERE a > 0 ORDER BY a LIMIT 2 AFTER $page", page))
	expect("other_page", after(s, "SELECT a FROM t ORDER BY a LIMIT 2 AFTER $page", page))
	expect("bad_page", after(s, "SELECT * FROM t ORDER BY a LIMIT 2 AFTER $page", ""))
	expect("bad_page", after(s, "SELECT * FROM t ORDER BY a LIMIT 2 AFTER $page", "no token at all, is it?"))
	expect("bad_page", after(s, "SELECT * FROM t ORDER BY a LIMIT 2 AFTER $page", page[:len(page)-2]))
	for i := range page { // whatever letter is another
		b := []byte(page)
		if b[i] ^= 1; b[i] == '@' || b[i] == '`' || b[i] == '{' || b[i] == '[' {
			continue
		}
		if got := after(s, "SELECT * FROM t ORDER BY a LIMIT 2 AFTER $page", string(b)); got != "bad_page" {
			t.Errorf("letter %d changed: %s", i, got)
		}
	}
	other, err := db.Session(ctx, &zerodb.SessionOptions{Database: "other"})
	must(t, err)
	_, err = other.Execute(ctx, "CREATE t SET (id, a) VALUES (1, 1), (2, 2), (3, 3) RETURN NONE")
	must(t, err)
	expect("other_page", after(other, "SELECT * FROM t ORDER BY a LIMIT 2 AFTER $page", page))
	_, err = s.Execute(ctx, "DEFINE INDEX i ON TABLE t FIELDS a")
	must(t, err)
	expect("other_page", after(s, "SELECT * FROM t ORDER BY a LIMIT 2 AFTER $page", page))
	for _, text := range []string{"SELECT * FROM t ORDER BY a", "SELECT * FROM t LIMIT 9", "SELECT * FROM t:1 LIMIT 1", "SELECT * FROM t LIMIT 0", "RETURN 1"} {
		if got := token(s, text); got != "" {
			t.Errorf("%s can be continued", text)
		}
	}
}
