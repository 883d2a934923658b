package zerodb_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zerodb/zerodb"
)

// batch is how many rows a cursor reads at once: no statement that has a limit reads fewer.
const batch = 1024

// counted has 5,000 records of item, whose field n is their key and whose tag is one of a hundred, and a graph in which every
// vertex has ten edges.
func counted(t *testing.T) *zerodb.Session {
	_, s := memory(t)
	run(t, s, `DEFINE TABLE item; DEFINE TABLE tag; DEFINE TABLE v; DEFINE EDGE e
		DEFINE INDEX by_tag ON TABLE item FIELDS tag, n; DEFINE INDEX by_code ON TABLE item FIELDS code UNIQUE`)
	must(t, s.Begin(ctx, nil))
	for i := range int64(5000) {
		_, err := s.Insert(ctx, "item", zerodb.Int(i), zerodb.Object(
			zerodb.Member{Name: "n", Value: zerodb.Int(i)},
			zerodb.Member{Name: "tag", Value: zerodb.Int(i % 100)},
			zerodb.Member{Name: "score", Value: zerodb.Int(i * 7919 % 5000)},
			zerodb.Member{Name: "code", Value: zerodb.String(fmt.Sprint("c", i))},
			zerodb.Member{Name: "owner", Value: zerodb.Record("tag", zerodb.Int(i%7))}))
		must(t, err)
	}
	for i := range int64(7) {
		must(t, s.Put(ctx, "tag", zerodb.Int(i), zerodb.Object(zerodb.Member{Name: "name", Value: zerodb.String(fmt.Sprint("t", i))})))
	}
	for i := range int64(100) {
		must(t, s.Put(ctx, "v", zerodb.Int(i), zerodb.Object(zerodb.Member{Name: "w", Value: zerodb.Int(i)})))
	}
	for i := range int64(1000) {
		_, err := s.Relate(ctx, "e", zerodb.Int(i), zerodb.Record("v", zerodb.Int(i%100)), zerodb.Record("v", zerodb.Int(i*13%100)), zerodb.Object())
		must(t, err)
	}
	must(t, s.Commit(ctx))
	return s
}

// TestWork holds what statements look at against what they may look at, through the whole system. A bound of -1 is for what
// another case is about.
func TestWork(t *testing.T) {
	s := counted(t)
	for _, c := range []struct {
		text        string
		yields      int
		rows, seeks int64 // at most
	}{
		{`item:17`, 1, 0, 1},
		{`SELECT n FROM item WHERE id = item:17`, 1, 0, 1},
		{`SELECT n FROM item WHERE item:17 == id`, 1, 0, 1},
		{`SELECT n FROM item WHERE id IS item:17`, 1, 0, 1},
		{`item:99999`, 0, 0, 1},
		{`SELECT n FROM item WHERE id IN [item:1, item:2, item:3, item:99999]`, 3, 0, 4},
		{`SELECT n FROM item:10..20`, 10, 10, 0},
		{`SELECT n FROM item WHERE id >= item:10 AND id < item:20`, 10, 10, 0},
		{`SELECT n FROM item WHERE score >= 0`, 5000, 5000, 0},

		{`SELECT n FROM item WHERE tag = 5`, 50, 50, 50},
		{`SELECT n, tag FROM item WHERE tag = 5`, 50, 50, 0}, // all is in the index
		{`SELECT n FROM item WHERE tag = 5 AND n > 4000`, 10, 10, 10},
		{`SELECT n FROM item WHERE tag >= 98`, 100, 100, 100},
		{`SELECT score FROM item WHERE code = "c42"`, 1, 1, 1},
		{`SELECT n FROM item WHERE tag = 5 WITH NO INDEX`, 50, 5000, 0},
		{`SELECT VALUE FOLD count() FROM item WHERE tag = 5`, 1, 50, 0},
		{`SELECT n FROM item WHERE tag = 1000`, 0, 0, 0},

		{`SELECT n FROM item LIMIT 3`, 3, batch, 0},
		{`SELECT n FROM item WHERE score >= 0 LIMIT 3`, 3, batch, 0},
		{`SELECT n FROM item ORDER BY id LIMIT 3`, 3, batch, 0},
		{`SELECT n FROM item START 10 LIMIT 3`, 3, batch, 0},
		{`SELECT n, tag FROM item WHERE tag >= 0 ORDER BY tag LIMIT 3`, 3, batch, 0},
		{`SELECT n FROM item:0..2000 LIMIT 3`, 3, batch, 0},
		// Links are followed for the rows that are left, each vertex or record once.
		{`SELECT owner.name FROM item WHERE tag = 5 LIMIT 2`, 2, 50, -1},
		{`SELECT n, owner.name AS o FROM item ORDER BY score LIMIT 4`, 4, 5000, 4},

		// Every vertex has ten edges out.
		{`SELECT VALUE FOLD count() FROM v:1 -> e -> v`, 1, 10, 0},
		{`SELECT VALUE FOLD count() FROM v:1 -> e -> v -> e -> v`, 1, 110, 0},
		{`SELECT VALUE FOLD count() FROM v:1 -> e -> v -> e -> v -> e -> v`, 1, 1110, 0},
		{`SELECT VALUE FOLD count() FROM v:1 <- e <- v`, 1, 10, 0},
		{`UPDATE item:5 SET x = 1 RETURN NONE`, 0, 0, 1},
		{`UPDATE item WHERE tag = 5 SET x = 1 RETURN NONE`, 0, 50, -1},
		{`DELETE item WHERE code = "c77"`, 0, 1, -1},
	} {
		rows, err := s.Execute(ctx, c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		n := 0
		for _, err := range rows.All() {
			must(t, err)
			n++
		}
		w := rows.Work()
		if n != c.yields || w.Rows > c.rows && c.rows >= 0 || w.Seeks > c.seeks && c.seeks >= 0 {
			t.Errorf("%s: %d rows from %+v; wanted %d from at most %d rows and %d seeks", c.text, n, w, c.yields, c.rows, c.seeks)
		}
	}
}

// TestTopK keeps no more than the rows that are asked for: the rest would not fit the statement's memory.
func TestTopK(t *testing.T) {
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true, QueryMemory: 256 << 10})
	must(t, err)
	defer db.Close()
	s := session(t, db)
	must(t, s.Begin(ctx, nil))
	pad := zerodb.String(strings.Repeat("x", 200))
	for i := range int64(5000) {
		must(t, s.Put(ctx, "item", zerodb.Int(i), zerodb.Object(zerodb.Member{Name: "score", Value: zerodb.Int(i * 7919 % 5000)}, zerodb.Member{Name: "pad", Value: pad})))
	}
	must(t, s.Commit(ctx))
	rows, err := s.Execute(ctx, `SELECT score, pad FROM item ORDER BY score DESC LIMIT 3`)
	must(t, err)
	got := ""
	for row, err := range rows.All() {
		must(t, err)
		got += zql(row.Get("score")) + " "
	}
	want(t, got, "4999 4998 4997 ")
	if w := rows.Work(); w.Rows != 5000 || w.Seeks != 0 {
		t.Errorf("%+v for one pass over 5000 rows", w)
	}
}
