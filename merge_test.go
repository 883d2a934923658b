package zerodb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zerodb/zerodb"
)

// TestMergeJoinReadsBothSidesInStep: a join of a table with the index of the links to it keeps neither, and gives what a hash join gives.
func TestMergeJoinReadsBothSidesInStep(t *testing.T) {
	db, err := zerodb.OpenMemory(&zerodb.Options{QueryMemory: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := db.Session(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	const n = 7000
	ask := func(text string) []string {
		t.Helper()
		rows, err := s.Execute(t.Context(), text)
		if err != nil {
			t.Fatal(text, err)
		}
		var lines []string
		for row, err := range rows.All() {
			if err != nil {
				t.Fatal(text, err)
			}
			lines = append(lines, string(row.AppendJSON(nil)))
		}
		slices.Sort(lines)
		return lines
	}
	ask("DEFINE TABLE person; DEFINE TABLE post; DEFINE INDEX by_author ON TABLE post FIELDS author, day")
	if err := s.Begin(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	insert := func(table string, i int, name string, v zerodb.Value) {
		t.Helper()
		o := zerodb.Object(zerodb.Member{Name: name, Value: v}, zerodb.Member{Name: "day", Value: zerodb.Int(int64(i % 50))})
		if _, err := s.Insert(t.Context(), table, zerodb.Int(int64(i)), o); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		insert("person", i, "name", zerodb.String(fmt.Sprint("name ", i)))
		insert("post", i, "author", zerodb.Record("person", zerodb.Int(int64(i*i%(n+n/5)))))
	}
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, join := range []string{"post AS o JOIN person AS p ON o.author = p.id", "post AS o LEFT JOIN person AS p ON p.id = o.author",
		"person AS p LEFT JOIN post AS o ON p.id = o.author AND o.day > p.day"} {
		query := "SELECT p.name AS name, o.day AS day FROM " + join
		if plan := strings.Join(ask("EXPLAIN "+query), "\n"); !strings.Contains(plan, "merge join") {
			t.Fatal(plan)
		}
		merged, hashed := ask(query), ask(query+" WITH NO INDEX")
		if len(merged) < n/2 || !slices.Equal(merged, hashed) {
			t.Fatalf("%s: %d rows, a hash join has %d", query, len(merged), len(hashed))
		}
	}
}
