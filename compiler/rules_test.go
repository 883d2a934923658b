package compiler_test

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/compiler"
)

// TestRulesKeepMeaning: whatever rules are switched off, singly or all together, and however large batches are, a query gives the
// same rows.
func TestRulesKeepMeaning(t *testing.T) {
	var all []string
	for _, r := range compiler.Rules() {
		all = append(all, r[0])
	}
	rapid.Check(t, func(t *rapid.T) {
		db := randomDatabase(t)
		db.large = rapid.Bool().Draw(t, "large")
		query := randomQuery(t)
		want := answer(db, query, nil)
		if strings.Contains(want, "error") {
			t.Fatalf("%s\n%s", query, want)
		}
		for _, db.batch = range []int{1, 3} {
			if got := answer(db, query, nil); got != want {
				t.Fatalf("%s\nwith batches of %d:\n%s\nwith large ones:\n%s", query, db.batch, got, want)
			}
		}
		db.batch = 0
		for _, off := range append(each(all), all) {
			if got := answer(db, query, off); got != want {
				t.Fatalf("%s\nwithout %v:\n%s\nwith all rules:\n%s\n%s", query, off, got, want,
					plans(query, compiler.Options{Catalog: db.catalog()}))
			}
		}
	})
}

func each(names []string) (sets [][]string) {
	for _, n := range names {
		sets = append(sets, []string{n})
	}
	return sets
}

// answer runs a query; rows without an ORDER BY are compared as a bag.
func answer(db *database, query string, off []string) string {
	out := db.run(query, compiler.Options{Off: off}, nil, false)
	if strings.Contains(query, "ORDER BY") {
		return out
	}
	lines := strings.Split(out, "\n")
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func randomDatabase(t *rapid.T) *database {
	db, script := newDatabase(), randomScript(t)
	if out := db.run(script, compiler.Options{}, nil, false); strings.Contains(out, "error") {
		t.Fatalf("%s\n%s", script, out)
	}
	return db
}

func randomScript(t *rapid.T) string {
	var script strings.Builder
	script.WriteString("DEFINE TABLE person\nDEFINE EDGE knows\nDEFINE EDGE likes FROM person TO person\n")
	script.WriteString("DEFINE INDEX by_a ON TABLE person FIELDS a\nDEFINE INDEX by_bc ON TABLE person FIELDS b, c\nDEFINE INDEX by_friend ON TABLE person FIELDS friend\n")
	n := rapid.IntRange(0, 12).Draw(t, "persons")
	for i := range n {
		fmt.Fprintf(&script, "CREATE person:%d SET a = %s, b = %s, c = %s, friend = person:%d, o = { k: %s }\n", i, value(t), value(t), value(t),
			rapid.IntRange(0, n+1).Draw(t, "friend"), value(t))
	}
	for i := range rapid.IntRange(0, 2*n).Draw(t, "edges") {
		fmt.Fprintf(&script, "RELATE person:%d -> %s:%d -> person:%d SET w = %s\n", rapid.IntRange(0, n).Draw(t, "from"),
			rapid.SampledFrom([]string{"knows", "likes"}).Draw(t, "edge"), i, rapid.IntRange(0, n).Draw(t, "to"), value(t))
	}
	return script.String()
}

func value(t *rapid.T) string {
	return rapid.SampledFrom([]string{"none", "1", "2", "3", `"x"`, `"y"`, "true"}).Draw(t, "value")
}

func randomQuery(t *rapid.T) string {
	switch rapid.IntRange(0, 15).Draw(t, "shape") {
	case 9, 10:
		return randomJoin(t)
	case 11, 12, 13:
		return randomCorrelated(t)
	case 0:
		return "SELECT id, a, b, o.k AS k, friend.a AS fa FROM person" + where(t, "", 3) + page(t, []string{"a", "b", "c"}, "id")
	case 14:
		hops := ""
		for range rapid.IntRange(1, 3).Draw(t, "hops") {
			hops += rapid.SampledFrom([]string{" -> likes -> person", " <- likes <- person", " -> knows -> *", " -> knows -> person", " <-> likes <-> person"}).Draw(t, "hop")
		}
		return "SELECT FOLD count() AS n, FOLD count() + 1 AS m FROM person" + hops
	case 15:
		edges := rapid.SampledFrom([]string{"likes <-", "likes AND knows ->", "likes AND NOT knows ->", "NOT likes ->", "likes OR knows ->", "likes? ->", "(likes OR SELF)[0..2] ->",
			"knows[..] ->", "(knows WHERE w == 1) <-"}).Draw(t, "edges")
		return "SELECT p.id AS x, q.id AS y FROM (person AS p) -> " + edges + " (person AS q)" + where(t, "q.", 1) + page(t, nil, "x", "y")
	case 1:
		return "SELECT a, FOLD count() AS n, FOLD count(DISTINCT b) AS d FROM person" + where(t, "", 2) + " GROUP BY a" + page(t, []string{"n"}, "a")
	case 6:
		return "SELECT p.id AS x, p.a AS a, q.id AS y, e.id AS e FROM (person AS p) -> (knows AS e) -> (person AS q) -> likes -> person:3" +
			where(t, rapid.SampledFrom([]string{"p.", "q."}).Draw(t, "of"), 2) + page(t, []string{"x"}, "e")
	case 2:
		edge := rapid.SampledFrom([]string{"knows", "likes"}).Draw(t, "edge")
		return "SELECT p.id AS x, q.id AS y, q.a AS qa, e.w AS w, e.id AS e FROM (person AS p) -> (" + edge + " AS e) -> (person AS q)" +
			where(t, rapid.SampledFrom([]string{"p.", "q."}).Draw(t, "of"), 3) + page(t, []string{"p.a", "q.b", "x", "y"}, "e")
	case 3:
		return "SELECT * FROM (SELECT id AS i, a, b, c FROM person" + where(t, "", 1) + page(t, []string{"a"}, "id") + ")" +
			whereOf(t, []string{"a", "b", "c"}, 2) + page(t, []string{"b"}, "i")
	case 7: // in key order
		return "SELECT id FROM (SELECT * FROM person" + where(t, "", 2) + ")" + where(t, "", 2) +
			fmt.Sprintf(" LIMIT %d", rapid.IntRange(0, 4).Draw(t, "limit"))
	case 8:
		return "SELECT id, (SELECT VALUE id FROM person AS q WHERE q." + rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "field") +
			rapid.SampledFrom([]string{" = ", " > ", " <= "}).Draw(t, "op") + rapid.SampledFrom(fieldsOf("$parent.")).Draw(t, "with") +
			" AND " + condition(t, fieldsOf("q."), 1) + " LIMIT 3) AS r FROM person" + where(t, "", 1) + page(t, nil, "id")
	case 4:
		return "SELECT id FROM person WHERE a IN (SELECT VALUE b FROM person" + where(t, "", 1) + ") AND " + condition(t, fieldsOf(""), 2) + page(t, []string{"c"}, "id")
	}
	return "SELECT DISTINCT a, b FROM person" + where(t, "", 2) + page(t, nil, "a", "b")
}

// randomJoin is a query of two or three sources.
func randomJoin(t *rapid.T) string {
	sources := []string{"person AS p"}
	conds := []string{}
	order := []string{"p.id"}
	columns := "p.id AS p"
	for i, name := range []string{"q", "r"}[:rapid.IntRange(1, 2).Draw(t, "sources")] {
		source := rapid.SampledFrom([]string{"person", "person", "person:1..5", "[person:1, person:3]", "(SELECT id, a, b, c, friend, o FROM person WHERE a != 1)",
			"(SELECT id, a, b, c, friend, o FROM person AS x WHERE x.a = p.b)"}).Draw(t, "source") + " AS " + name
		on := condition(t, fieldsOf(name+"."), 0)
		for range rapid.IntRange(0, 2).Draw(t, "equalities") {
			on += " AND " + rapid.SampledFrom(fieldsOf("p.")).Draw(t, "of left") + " = " + rapid.SampledFrom(fieldsOf(name+".")).Draw(t, "of right")
		}
		if rapid.IntRange(0, 3).Draw(t, "compared") == 0 {
			on += " AND p.a < " + name + ".a"
		}
		if rapid.Bool().Draw(t, "true") {
			on = strings.TrimPrefix(on[strings.Index(on+" AND", " AND"):], " AND ")
		}
		if on == "" {
			on = "true"
		}
		switch rapid.IntRange(0, 3).Draw(t, "join") {
		case 0:
			sources[i] += ", "
			conds = append(conds, on)
		case 1:
			sources[i] += " JOIN "
			source += " ON " + on
		default:
			sources[i] += " LEFT JOIN "
			source += " ON " + on
		}
		sources = append(sources, source)
		order, columns = append(order, name+".id"), columns+", "+name+".id AS "+name+", "+name+".a AS "+name+"a"
	}
	for range rapid.IntRange(0, 2).Draw(t, "conditions") {
		conds = append(conds, condition(t, fieldsOf(rapid.SampledFrom([]string{"p.", "q."}).Draw(t, "of")), 1))
	}
	text := "SELECT " + columns + " FROM " + strings.Join(sources, "")
	if len(conds) > 0 {
		text += " WHERE " + strings.Join(conds, " AND ")
	}
	if rapid.IntRange(0, 3).Draw(t, "grouped") == 0 {
		return strings.Replace(text, columns, "q.a AS qa, FOLD count() AS n, FOLD count(q.id) AS m, FOLD min(p.id) AS f", 1) + " GROUP BY q.a ORDER BY q.a"
	}
	return text + page(t, []string{"p.a", "q.b"}, order...)
}

// randomCorrelated is a query with a subquery that reads its row.
func randomCorrelated(t *rapid.T) string {
	where := rapid.SampledFrom(fieldsOf("q.")).Draw(t, "inner") + rapid.SampledFrom([]string{" = ", " = ", " = ", " == ", " < "}).Draw(t, "op") + rapid.SampledFrom(fieldsOf("p.")).Draw(t, "outer")
	if rapid.Bool().Draw(t, "more") {
		where += " AND " + condition(t, fieldsOf("q."), 1)
	}
	if rapid.IntRange(0, 3).Draw(t, "twice") == 0 {
		where += " AND q.c = p.c"
	}
	sub := " FROM person AS q WHERE " + where + ")"
	switch rapid.IntRange(0, 6).Draw(t, "form") {
	case 0:
		return "SELECT id FROM person AS p WHERE EXISTS (SELECT *" + sub + page(t, []string{"p.c"}, "p.id")
	case 1:
		return "SELECT id FROM person AS p WHERE NOT EXISTS (SELECT *" + sub + " AND " + condition(t, fieldsOf("p."), 1) + page(t, nil, "p.id")
	case 2:
		return "SELECT id FROM person AS p WHERE p.a " + rapid.SampledFrom([]string{"IN", "NOT IN"}).Draw(t, "in") + " (SELECT VALUE q.b" + sub + page(t, nil, "p.id")
	case 3:
		return "SELECT p.id AS i, (SELECT FOLD count() AS n, FOLD max(q.b) AS m, FOLD count(DISTINCT q.c) AS l" + sub + " AS x FROM person AS p" + page(t, nil, "p.id")
	case 4:
		return "SELECT p.id AS i, (SELECT VALUE FOLD count()" + sub + "[0] AS x FROM person AS p WHERE (SELECT VALUE FOLD count(q.a)" + sub + "[0] > 0" + page(t, nil, "p.id")
	case 5:
		return "SELECT p.id AS i, array::sort((SELECT VALUE q.id" + sub + ") AS x, array::sort((SELECT q.id AS i, q.a AS a" + sub + ") AS y FROM person AS p" + page(t, nil, "p.id")
	}
	return "SELECT p.a AS a, FOLD count() AS n, FOLD count(* WHERE EXISTS (SELECT *" + sub + ") AS m FROM person AS p GROUP BY p.a ORDER BY p.a"
}

func fieldsOf(prefix string) []string {
	return []string{prefix + "a", prefix + "b", prefix + "c", prefix + "id", prefix + "friend.a", prefix + "o.k"}
}

func where(t *rapid.T, prefix string, depth int) string { return whereOf(t, fieldsOf(prefix), depth) }

func whereOf(t *rapid.T, fields []string, depth int) string {
	if rapid.Bool().Draw(t, "no where") {
		return ""
	}
	return " WHERE " + condition(t, fields, depth)
}

func condition(t *rapid.T, fields []string, depth int) string {
	if depth > 0 {
		switch rapid.IntRange(0, 4).Draw(t, "logic") {
		case 0, 1:
			return condition(t, fields, depth-1) + " AND " + condition(t, fields, depth-1)
		case 2:
			return "(" + condition(t, fields, depth-1) + " OR " + condition(t, fields, depth-1) + ")"
		case 3:
			return "NOT (" + condition(t, fields, depth-1) + ")"
		}
	}
	field := rapid.SampledFrom(fields).Draw(t, "field")
	if strings.HasSuffix(field, "id") {
		return field + rapid.SampledFrom([]string{" = person:3", " IN [person:1, person:5, person:2]", " >= person:2", " < person:6", " = 3", " != person:1"}).Draw(t, "id")
	}
	if rapid.IntRange(0, 4).Draw(t, "list") == 0 {
		return field + " IN [1, none, " + value(t) + "]"
	}
	return field + rapid.SampledFrom([]string{" = ", " < ", " >= ", " != ", " > "}).Draw(t, "op") + rapid.OneOf(rapid.Just("2.0"), rapid.Custom(value)).Draw(t, "with")
}

// page is ORDER BY some of the keys and then those that leave no ties, and perhaps a limit.
func page(t *rapid.T, some []string, unique ...string) string {
	if rapid.IntRange(0, 3).Draw(t, "order") == 0 {
		return ""
	}
	var order []string
	for _, k := range some {
		if rapid.Bool().Draw(t, "key") {
			order = append(order, k)
		}
	}
	order = append(order, unique...)
	for i := range order {
		order[i] += rapid.SampledFrom([]string{"", " DESC"}).Draw(t, "direction")
	}
	out := " ORDER BY " + strings.Join(order, ", ")
	if rapid.Bool().Draw(t, "start") {
		out += fmt.Sprintf(" START %d", rapid.IntRange(0, 3).Draw(t, "first"))
	}
	if rapid.Bool().Draw(t, "limited") {
		out += fmt.Sprintf(" LIMIT %d", rapid.IntRange(0, 5).Draw(t, "limit"))
	}
	return out
}

// TestEveryRuleHasItsSection: testdata/golden/rules shows for each rule a case where it fires, and one where it must not
// (prune-columns and fold-constants show both in one).
func TestEveryRuleHasItsSection(t *testing.T) {
	text, err := os.ReadFile("testdata/golden/rules")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range compiler.Rules() {
		name := r[0]
		if !strings.Contains(string(text), "\n# "+name) {
			t.Errorf("no section on %s", name)
		}
		if !strings.Contains(string(text), "# "+name+" must not") && name != "prune-columns" && name != "fold-constants" {
			t.Errorf("no case where %s must not fire", name)
		}
	}
}
