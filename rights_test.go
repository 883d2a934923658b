package zerodb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// The matrix of rights: every role runs every statement over a whole database, and the owner runs it over one from which everything
// was taken away that the role must not see. What they get must be the same, and nothing that is hidden may appear anywhere.

// What is hidden has one of these in its name or its value: the rows that some roles do not see, the fields, the table. The ids of hidden
// rows have none: a link that is seen names its record.
const (
	markRow   = "zzrow"
	markField = "zzfield"
	markTable = "zztable"
)

const rightsSchema = `
DEFINE TABLE person SCHEMALESS FIELDS name TYPE string, age TYPE int?, secret TYPE string?, email TYPE string? UNIQUE, owner TYPE string?;
DEFINE INDEX by_age ON TABLE person FIELDS age;
DEFINE INDEX by_secret ON TABLE person FIELDS secret, age;
DEFINE TABLE city;
DEFINE TABLE zztable FIELDS name TYPE string;
DEFINE EDGE likes FROM person TO person;
DEFINE EDGE lives;
DEFINE EDGE zztables FROM person TO zztable;
DEFINE TABLE adults AS SELECT id, name, age FROM person WHERE age >= 18;
DEFINE TABLE zztableview AS SELECT name FROM zztable;
DEFINE FUNCTION names($least TYPE int) DO RETURN (SELECT VALUE name FROM person WHERE age >= $least ORDER BY name) END;
DEFINE TYPE spot FIELDS x TYPE int;
DEFINE TABLE farview AS SELECT name FROM zztableview;
DEFINE FUNCTION far() DO RETURN (SELECT * FROM farview) END;
CREATE person:ada SET name = "Ada", age = 40, owner = "bob", email = "ada@x", secret = "zzfield ada", city = city:oyo, deep = { seen: 1, zzfield: 2, list: [{ a: 1, b: "zzfield" }] };
CREATE person:bea SET name = "Bea", age = 17, owner = "bob", email = "bea@x", secret = "zzfield bea", boss = person:ada, friends = [person:ada, person:h1];
CREATE person:cyd SET name = "Cyd", age = 25, owner = "bob", email = "cyd@x", secret = "zzfield cyd", boss = person:h1, city = city:lagos;
CREATE person:h1 SET name = "zzrow one", age = 33, owner = "eve", email = "zzrow1@x", secret = "zzrow a", boss = person:ada, city = city:oyo;
CREATE person:h2 SET name = "zzrow two", age = 50, owner = "eve", email = "zzrow2@x", secret = "zzrow b";
CREATE city:oyo SET name = "Oyo", mayor = person:h1;
CREATE city:lagos SET name = "Lagos", mayor = person:ada;
CREATE zztable:1 SET name = "zztable record";
RELATE person:ada -> likes:1 -> person:bea SET w = 1;
RELATE person:bea -> likes:2 -> person:cyd SET w = 2;
RELATE person:cyd -> likes:3 -> person:ada SET w = 3;
RELATE person:ada -> likes:4 -> person:h1 SET w = 4;
RELATE person:h1 -> likes:5 -> person:cyd SET w = 5;
RELATE person:h1 -> likes:6 -> person:h2 SET w = 6;
RELATE person:ada -> lives:1 -> city:oyo;
RELATE person:h1 -> lives:2 -> city:oyo;
RELATE person:cyd -> lives:3 -> city:lagos;
RELATE person:ada -> zztables:1 -> zztable:1;
`

// shadowRole is a role, and the script that takes away what it hides.
type shadowRole struct {
	name, define string
	takeAway     string
	hidden       []string // tables on which it has nothing
	never        []string // marks that no answer may hold
	writes       bool
}

const (
	hideRows   = `DELETE person WHERE owner != "bob";`
	hideFields = `UPDATE person SET secret = none, email = none, boss = none, friends = none, city = none, deep = none;`
	dropTable  = `REMOVE FUNCTION far; REMOVE TABLE farview; REMOVE TABLE zztableview; REMOVE TABLE zztables; REMOVE TABLE zztable;`
	othersRead = `GRANT select ON TABLE city, TABLE likes, TABLE lives`
)

var shadowRoles = []shadowRole{
	{name: "whole", define: `DEFINE ROLE whole GRANT select, create, update, delete, relate, define ON NAMESPACE main`, writes: true},
	{name: "reader", define: `DEFINE ROLE reader GRANT select ON DATABASE main`},
	{name: "rows", define: `DEFINE ROLE rows GRANT select ON TABLE person WHERE owner == $auth.user ` + othersRead,
		takeAway: hideRows + dropTable, hidden: []string{"zztable", "zztables"}, never: []string{markRow, markTable}},
	{name: "fields", define: `DEFINE ROLE fields GRANT select ON TABLE person FIELDS name, age, owner ` + othersRead,
		takeAway: hideFields + dropTable, hidden: []string{"zztable", "zztables"}, never: []string{markField, markTable}},
	{name: "both", define: `DEFINE ROLE both GRANT select ON TABLE person FIELDS name, age, boss, deep.seen, deep.list.a WHERE $this.owner == "bob" ` + othersRead,
		takeAway: hideRows + `UPDATE person SET secret = none, email = none, friends = none, city = none, owner = none;
			UPDATE person WHERE deep != none SET deep = { seen: 1, list: [{ a: 1 }] };` + dropTable, hidden: []string{"zztable", "zztables"}, never: []string{markRow, markField, markTable}},
	{name: "two", define: `DEFINE ROLE two GRANT select ON TABLE person FIELDS name, owner, city WHERE owner == "bob" GRANT select ON TABLE person FIELDS age WHERE age >= 18 AND owner == "bob" ` + othersRead,
		takeAway: hideRows + `UPDATE person SET secret = none, email = none, friends = none, boss = none, deep = none;
			UPDATE person WHERE age < 18 SET age = none;` + dropTable, hidden: []string{"zztable", "zztables"}, never: []string{markRow, markField, markTable}},
	{name: "edges", define: `DEFINE ROLE edges GRANT select ON TABLE person, TABLE city, TABLE lives GRANT select ON TABLE likes WHERE w < 3`,
		takeAway: `DELETE likes WHERE w >= 3;` + dropTable, hidden: []string{"zztable", "zztables"}, never: []string{markTable}},
	{name: "linked", define: `DEFINE ROLE linked GRANT select ON TABLE person WHERE boss.name == "Ada" ` + othersRead,
		takeAway: `DELETE person WHERE NOT (boss.name == "Ada");` + dropTable, hidden: []string{"zztable", "zztables"}, never: []string{markTable}},
	{name: "writer", define: `DEFINE ROLE writer GRANT select, create, update, delete ON TABLE person WHERE owner == "bob" GRANT select, relate, delete ON TABLE likes, TABLE lives, TABLE city GRANT create, update ON TABLE city`,
		takeAway: hideRows + dropTable, hidden: []string{"zztable", "zztables"}, never: []string{markRow, markTable}, writes: true},
	{name: "some", define: `DEFINE ROLE some GRANT select, update ON TABLE person FIELDS name, age, owner, deep.seen GRANT create, delete ON TABLE person GRANT select, relate, delete ON TABLE likes, TABLE lives, TABLE city GRANT create, update ON TABLE city`,
		takeAway: `UPDATE person SET secret = none, email = none, boss = none, friends = none, city = none;
			UPDATE person WHERE deep != none SET deep = { seen: 1 };` + dropTable, hidden: []string{"zztable", "zztables"}, never: []string{markField, markTable}, writes: true},
	{name: "nobody", define: `DEFINE ROLE nobody GRANT create ON TABLE elsewhere`, takeAway: dropTable + `REMOVE TABLE adults; REMOVE FUNCTION names; REMOVE TABLE likes; REMOVE TABLE lives; REMOVE TABLE person; REMOVE TABLE city`,
		hidden: []string{"zztable", "zztables", "person", "city", "likes", "lives", "adults"}, never: []string{markRow, markField, markTable}},
}

// rightsReads are statements by the path that they take to the data.
var rightsReads = []string{
	`SELECT * FROM person`,
	`SELECT id, name FROM person ORDER BY name DESC`,
	`SELECT * FROM person ORDER BY id DESC LIMIT 2`,
	`SELECT VALUE secret FROM person`,
	`SELECT id FROM person WHERE secret == "zzfield ada"`,
	`SELECT id FROM person WHERE secret >= "a" ORDER BY secret, age`,
	`SELECT id FROM person WITH INDICES by_age WHERE age > 18`,
	`SELECT id, age FROM person WHERE age > 18`,
	`SELECT VALUE age FROM person WHERE age >= 0 ORDER BY age DESC LIMIT 3`,
	`SELECT * FROM person WHERE email == "zzrow1@x"`,
	`SELECT VALUE id FROM person WHERE email == "ada@x"`,
	`person:ada`, `person:h1`, `person:a..=z`, `[person:h1, person:ada]`,
	`SELECT * FROM person:h1, person:bea`,
	`SELECT name FROM [person:h1, person:ada, person:nobody]`,
	`SELECT * FROM person:b..z`,
	`RETURN [person:h1.name, person:ada.name, person:ada.secret, person:ada.id]`,
	`RETURN person:ada.deep`, `RETURN person:ada.deep.zzfield`, `RETURN person:ada.deep.list[0].b`, `SELECT VALUE deep.list FROM person:ada`,
	`SELECT boss.name, boss.secret, city.name FROM person`,
	`SELECT city.mayor.name FROM person`,
	`SELECT VALUE friends.name FROM person`,
	`SELECT mayor.name FROM city`, `SELECT mayor.*, name FROM city`,
	`SELECT * FROM city WHERE mayor.age > 30`,
	`SELECT FOLD count() AS n FROM person`,
	`SELECT FOLD count(), FOLD max(age), FOLD min(secret), FOLD sum(age) FROM person`,
	`SELECT owner, FOLD count() FROM person GROUP BY owner`,
	`SELECT FOLD count(secret) AS n FROM person`,
	`SELECT FOLD collect(name) FROM person`,
	`SELECT DISTINCT owner FROM person`,
	`SELECT FOLD count() FROM likes`, `SELECT * FROM likes`, `SELECT id, in, out FROM likes WHERE w > 1`, `likes:4`, `RETURN likes:5.w`, `RETURN likes:1.out.name`,
	`SELECT VALUE in.name FROM likes`,
	`SELECT * FROM person:ada -> likes -> person`,
	`SELECT p.id FROM person -> likes -> (person AS p)`,
	`SELECT VALUE p FROM person:ada -> likes -> (person AS p)`,
	`person:ada -> likes -> person`, `person:h1 -> likes -> person`, `person:cyd <- likes <- person`, `person:ada <-> likes <-> person`,
	`RETURN person:ada -> likes -> person`, `RETURN IF person:h1 -> likes -> person THEN 1 ELSE 2 END`,
	`SELECT id FROM person WHERE -> likes -> (person AS q WHERE q.age > 30)`,
	`SELECT path FROM person:ada -> likes[0..3] -> person`,
	`SELECT VALUE id FROM person:ada -> likes[..] -> person`,
	`SELECT id FROM person:ada -> (likes[..] OR SELF) -> person`,
	`SELECT p.id, c.name FROM (person AS p) -> lives -> (city AS c)`,
	`SELECT c.id FROM (person AS p) -> lives -> (city AS c) <- lives <- (person AS q)`,
	`SELECT p.id, c.id FROM (person AS p) -> lives? -> (city AS c)`,
	`SELECT FOLD count() FROM person -> likes -> person -> likes -> person`,
	`SELECT FOLD count() AS n FROM * -> likes -> *`,
	`SELECT out, FOLD count() FROM likes GROUP BY out`,
	`SELECT a.id FROM person AS a, person AS b WHERE a.boss == b.id`,
	`SELECT a.id, b.name FROM person AS a LEFT JOIN person AS b ON a.boss == b.id`,
	`SELECT a.id, b.id FROM person AS a JOIN person AS b ON a.age == b.age`,
	`SELECT id, (SELECT VALUE name FROM person WHERE boss == $parent.id) AS under FROM person`,
	`SELECT id FROM person WHERE id IN (SELECT VALUE in FROM likes)`,
	`SELECT id FROM person WHERE EXISTS (SELECT * FROM likes WHERE out == $parent.id)`,
	`SELECT VALUE id FROM person UNION SELECT VALUE id FROM city`,
	`SELECT VALUE id FROM person EXCEPT SELECT VALUE out FROM likes`,
	`SELECT * FROM adults`, `SELECT FOLD count() FROM adults`, `SELECT name FROM adults WHERE age > 30`,
	`RETURN names(18)`,
	`SELECT VALUE id FROM *`, `SELECT FOLD count() FROM *`,
	`RETURN graph::degree(person:ada, "likes")`, `RETURN graph::degree(person:cyd, "likes")`,
	`RETURN graph::shortest_path(person:ada, person:cyd, "likes")`, `RETURN graph::reachable(person:ada, "likes")`,
	`RETURN graph::neighbors(person:h1, "likes")`,
	`RETURN graph::pagerank("likes")`, `RETURN graph::components("likes")`,
	`LET $p = (SELECT * FROM person); RETURN array::len($p)`,
	`FOR $p IN (SELECT * FROM person) DO LET $q = $p.name END; RETURN 1`,
	`SELECT * FROM person VERSION time::now()`,
	`SELECT * FROM zztable`, `zztable:1`, `SELECT * FROM person -> zztables -> zztable`, `SELECT * FROM zztableview`, `RETURN zztable:1.name`,
	`RETURN person:ada -> zztables -> zztable`, `SELECT VALUE id FROM person:ada -> * -> *`,
	`SELECT name, kind FROM sys::tables`, `SELECT table, name FROM sys::indexes WHERE table != "person"`,
	`DESCRIBE TABLE city`, `DESCRIBE TABLE likes`,
	`SELECT * FROM persom`, `SELECT nam FROM zztabl`,
}

// rightsLeaks are statements whose answers differ for other reasons than what is hidden: only that must not be in them.
var rightsLeaks = []string{
	`EXPLAIN SELECT * FROM person WHERE secret == "x"`, `EXPLAIN SELECT * FROM zztable`, `EXPLAIN SELECT * FROM farview`, `EXPLAIN RETURN far()`, `SELECT * FROM farview`, `RETURN far()`, `DESCRIBE FUNCTION IF EXISTS far`, `EXPLAIN ANALYZE SELECT * FROM person`,
	`EXPLAIN ANALYZE SELECT FOLD count() FROM person -> likes -> person`, `INFO`, `DESCRIBE TABLE person`, `DESCRIBE FUNCTION names`, `DESCRIBE TABLE IF EXISTS zztableview`,
	`DESCRIBE TABLE zztable`, `DESCRIBE TABLE IF EXISTS zztable`,
	`SELECT * FROM sys::tables`, `SELECT * FROM sys::indexes`, `SELECT * FROM sys::statements`, `SELECT * FROM sys::errors`, `SELECT * FROM sys::users`,
	`CREATE person SET name = "x", owner = "bob", email = "zzr" + "ow1@x"`, `CREATE person:x SET name = 1`, `UPDATE person:ada SET secrets = 1`,
	`UPDATE person:ada SET age = "x"`, `DELETE person WHERE secret == "x"`, `SELECT nmae FROM person`, `SELECT * FROM zztable_`,
}

// rightsWrites are writes; what they change of what can be seen must be the same.
var rightsWrites = []string{
	`UPDATE person SET age = 60`, `UPDATE person:ada SET age += 1, deep.seen = 9`, `UPDATE person:h1 SET age = 1`, `UPDATE person:cyd CONTENT { name: "A", owner: "bob" }`,
	`UPDATE person WHERE age > 30 SET name = "old" RETURN BEFORE`, `UPDATE person:cyd SET note = "n" RETURN name, note`,
	`DELETE person:h1`, `DELETE person:bea`, `DELETE person WHERE age > 20 RETURN BEFORE`, `DELETE person`, `DELETE likes WHERE w > 0`, `DELETE person:ada -> likes -> *`,
	`CREATE person:new SET name = "New", owner = "bob"`, `CREATE person:ada SET name = "again", owner = "bob"`, `UPSERT person:new SET name = "Up", owner = "bob"`,
	`UPSERT person:bea SET name = "Up"`, `CREATE person:ada SET name = "x", owner = "bob" IF NOT EXISTS`,
	`RELATE person:ada -> likes:new -> person:cyd SET w = 9`, `RELATE person:ada -> lives:new -> city:lagos RETURN NONE`, `UPDATE city SET n = 1`,
	`FOR $p IN (SELECT * FROM person) DO UPDATE $p.id SET seen = true END`, `CREATE city:new CONTENT { name: "N" }`,
}

func rightsDatabase(t *testing.T, scripts ...string) *zerodb.DB {
	t.Helper()
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true})
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	s := sessionFor(t, db, nil)
	for _, text := range scripts {
		if _, err := s.Execute(t.Context(), text); err != nil {
			t.Fatalf("%v\nin %s", err, text)
		}
	}
	return db
}

func sessionFor(t *testing.T, db *zerodb.DB, id *zerodb.Identity) *zerodb.Session {
	t.Helper()
	s, err := db.Session(t.Context(), &zerodb.SessionOptions{Identity: id})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// answer runs a text and shows its rows, or its error.
func answer(ctx context.Context, s *zerodb.Session, text string) (string, error) {
	rows, err := s.Execute(ctx, text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for rows.Next() {
		fmt.Fprintln(&b, ops.Format(rows.Row().Value()))
	}
	return b.String(), rows.Err()
}

func TestRightsMatrix(t *testing.T) {
	for _, role := range shadowRoles {
		t.Run(role.name, func(t *testing.T) {
			whole := rightsDatabase(t, rightsSchema, role.define)
			part := rightsDatabase(t, rightsSchema, role.takeAway)
			mine, shadow := sessionFor(t, whole, &zerodb.Identity{User: "bob", Roles: []string{role.name}}), sessionFor(t, part, nil)
			for _, text := range rightsReads {
				got, err := answer(t.Context(), mine, text)
				want, wantErr := answer(t.Context(), shadow, text)
				role.compare(t, text, got, want, err, wantErr)
				role.keeps(t, text, got, err)
			}
			for _, text := range rightsLeaks {
				got, err := answer(t.Context(), mine, text)
				role.keeps(t, text, got, err)
			}
		})
	}
}

// compare makes sure that an answer is the one of the database without what is hidden, or a refusal that names a table on which the role
// has nothing.
func (r *shadowRole) compare(t *testing.T, text, got, want string, err, wantErr error) {
	t.Helper()
	if !strings.Contains(text, "ORDER BY") && !strings.Contains(text, "LIMIT") { // an index that is not to be used gives another order
		got, want = sortedLines(got), sortedLines(want)
	}
	switch {
	case ops.CodeOf(err) == ops.CodePermission && err != nil:
		names := func(table string) bool { return strings.Contains(err.Error(), "table "+table) }
		if !slices.ContainsFunc(r.hidden, names) && !slices.ContainsFunc(nowhere, names) {
			t.Errorf("%s\nis refused: %v", text, err)
		}
	case ops.CodeOf(err) == ops.CodeUnknownIndex && err != nil && strings.Contains(text, "WITH INDICES"):
	case (err == nil) != (wantErr == nil) || err != nil && ops.CodeOf(err) != ops.CodeOf(wantErr):
		t.Errorf("%s\ngives %v, and should give %v", text, err, wantErr)
	case got != want:
		t.Errorf("%s\ngives\n%sand should give\n%s", text, got, want)
	}
}

// nowhere are tables that the statements name and no database has.
var nowhere = []string{"persom", "zztabl", "zztable_"}

func sortedLines(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// keeps makes sure that nothing hidden is in an answer, but for what the text itself names.
func (r *shadowRole) keeps(t *testing.T, text, got string, err error) {
	t.Helper()
	said := got
	var e *ops.Error
	if errors.As(err, &e) {
		said = e.Message + e.Hint
	}
	for _, mark := range r.never {
		if i := strings.Index(said, mark); i >= 0 && !strings.Contains(text, mark) {
			t.Errorf("%s\ntells of what is hidden: …%s…", text, said[max(0, i-60):min(len(said), i+60)])
		}
	}
}

// TestRightsOfWrites runs every write as every role: what the role sees afterwards must be what the owner of the database without the
// hidden things sees, and what is hidden must be as it was.
func TestRightsOfWrites(t *testing.T) {
	for _, role := range shadowRoles {
		t.Run(role.name, func(t *testing.T) {
			if !role.writes {
				db := rightsDatabase(t, rightsSchema, role.define)
				owner, mine := sessionFor(t, db, nil), sessionFor(t, db, &zerodb.Identity{User: "bob", Roles: []string{role.name}})
				before := tablesOf(t, owner)
				for _, text := range rightsWrites {
					if _, err := answer(t.Context(), mine, text); ops.CodeOf(err) != ops.CodePermission || err == nil {
						t.Errorf("%s\ngives %v", text, err)
					}
				}
				if after := tablesOf(t, owner); after != before {
					t.Errorf("it was\n%s\nand is\n%s", before, after)
				}
				return
			}
			for _, text := range rightsWrites {
				role.writeOne(t, text)
			}
		})
	}
}

func (r *shadowRole) writeOne(t *testing.T, text string) {
	t.Helper()
	whole := rightsDatabase(t, rightsSchema, r.define)
	owner, mine := sessionFor(t, whole, nil), sessionFor(t, whole, &zerodb.Identity{User: "bob", Roles: []string{r.name}})
	shadow := sessionFor(t, rightsDatabase(t, rightsSchema, r.takeAway), nil)
	before := r.unseen(t, owner)
	got, err := answer(t.Context(), mine, text)
	r.keeps(t, text, got, err)
	refused := err != nil && ops.CodeOf(err) == ops.CodePermission
	if may := r.may(text); refused == may {
		t.Errorf("%s\ngives %v", text, err)
	}
	if after := r.unseen(t, owner); r.name != "whole" && after != before && !(r.name == "some" && strings.Contains(text, "DELETE person")) {
		t.Errorf("%s\nchanges what is hidden from\n%sto\n%s", text, before, after)
	}
	if refused {
		return
	}
	want, wantErr := answer(t.Context(), shadow, text)
	r.compare(t, text, got, want, err, wantErr)
	if got, want := tablesOf(t, mine), tablesOf(t, shadow); got != want {
		t.Errorf("after %s\nthe tables are\n%s\nand should be\n%s", text, got, want)
	}
}

// tablesOf shows the records of the tables that are written.
func tablesOf(t *testing.T, s *zerodb.Session) string {
	t.Helper()
	var all strings.Builder
	for _, table := range []string{"person", "likes", "lives", "city"} {
		rows, err := answer(t.Context(), s, "SELECT * FROM "+table)
		must(t, err)
		all.WriteString(rows)
	}
	return all.String()
}

// unseen shows what a role that writes does not see.
func (r *shadowRole) unseen(t *testing.T, s *zerodb.Session) string {
	t.Helper()
	query := `SELECT * FROM person WHERE owner == "eve"`
	if r.name == "some" {
		query = `SELECT secret, email, boss, friends, city, deep.zzfield FROM [person:h1, person:h2, person:ada]`
	}
	rows, err := answer(t.Context(), s, query)
	must(t, err)
	tables, err := answer(t.Context(), s, `SELECT * FROM zztable`)
	must(t, err)
	return rows + tables
}

// may reports whether a role that writes may carry out a write, where it may not write everything that it sees.
func (r *shadowRole) may(text string) bool {
	return r.name != "some" || !strings.Contains(text, "note") && !strings.Contains(text, "seen = true")
}

// TestHiddenFieldsStay is that an update of a record keeps the fields that its writer does not see.
func TestHiddenFieldsStay(t *testing.T) {
	db := rightsDatabase(t, rightsSchema, `DEFINE ROLE r GRANT select, update ON TABLE person FIELDS name, age, deep.seen, deep.list.a`)
	owner, mine := sessionFor(t, db, nil), sessionFor(t, db, &zerodb.Identity{Roles: []string{"r"}})
	const all = `SELECT secret, email, city, deep.zzfield, owner FROM person:ada`
	before, err := answer(t.Context(), owner, all)
	must(t, err)
	for _, c := range []struct{ text, refused string }{
		{text: `UPDATE person:ada SET age = 41, deep.seen = 5`},
		{text: `UPDATE person:ada CONTENT { name: "Ada" }`},
		{text: `UPDATE person SET age = 1`},
		{`UPDATE person:ada SET secret = "mine"`, "secret"},
		{`UPDATE person:ada SET deep = { seen: 1, zzfield: 3 }`, "deep.zzfield"},
		{`UPDATE person:ada SET deep.list = [{ a: 2 }]`, "deep.list"},
		{`UPDATE person:ada CONTENT { name: "Ada", email: "x" }`, "email"},
	} {
		_, err := answer(t.Context(), mine, c.text)
		if c.refused == "" && err != nil || c.refused != "" && (ops.CodeOf(err) != ops.CodePermission || !strings.Contains(err.Error(), "field "+c.refused+" ")) {
			t.Errorf("%s: %v", c.text, err)
		}
		after, err := answer(t.Context(), owner, all)
		must(t, err)
		if after != before {
			t.Errorf("%s\nmakes of %s%s", c.text, before, after)
		}
	}
}
