package zerodb_test

import (
	"strings"
	"testing"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// Ways to the data beside texts of statements.

const bobsRows = `DEFINE ROLE bobs GRANT select, create, update, delete ON TABLE person WHERE owner == $auth.user GRANT select ON TABLE city;
	DEFINE USER bob ROLES bobs; DEFINE USER eve ROLES bobs`

func refused(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil || ops.CodeOf(err) != ops.CodePermission {
		t.Errorf("%s: %v", what, err)
	}
}

func TestRightsByKey(t *testing.T) {
	db := rightsDatabase(t, rightsSchema, bobsRows)
	s, ctx := sessionFor(t, db, &zerodb.Identity{User: "bob"}), t.Context()
	text := func(v string) zerodb.Value { return ops.String(v) }

	if _, found, err := s.Get(ctx, "person", text("h1")); found || err != nil {
		t.Errorf("a hidden record: %v %v", found, err)
	}
	if v, found, err := s.Get(ctx, "person", text("ada")); !found || err != nil || !strings.Contains(ops.Format(v), "Ada") {
		t.Errorf("one that is seen: %v %v", found, err)
	}
	if v, found, err := s.GetField(ctx, "person", text("h1"), "secret"); found || err != nil || !v.IsNone() {
		t.Errorf("a field of a hidden record: %v %v %v", v, found, err)
	}
	_, _, err := s.Get(ctx, "zztable", ops.Int(1))
	refused(t, "Get of a table", err)
	var keys []string
	for p, err := range s.Scan(ctx, "person", zerodb.KeyRange{}) {
		must(t, err)
		keys = append(keys, p.Key.AsString())
	}
	if got := strings.Join(keys, " "); got != "ada bea cyd" {
		t.Errorf("Scan gives %s", got)
	}
	for _, err := range s.Scan(ctx, "zztable", zerodb.KeyRange{}) {
		refused(t, "Scan of a table", err)
	}
	record := func(owner string) zerodb.Value {
		return ops.Object([]zerodb.Member{{Name: "name", Value: text("N")}, {Name: "owner", Value: text(owner)}})
	}
	refused(t, "Put over a hidden record", s.Put(ctx, "person", text("h1"), record("bob")))
	refused(t, "Put of somebody else's", s.Put(ctx, "person", text("ada"), record("eve")))
	must(t, s.Put(ctx, "person", text("dan"), record("bob")))
	_, err = s.Insert(ctx, "person", text("x"), record("eve"))
	refused(t, "Insert of somebody else's", err)
	if found, err := s.Delete(ctx, "person", text("h1")); found || err != nil {
		t.Errorf("Delete of a hidden record: %v %v", found, err)
	}
	if found, err := s.Delete(ctx, "person", text("dan")); !found || err != nil {
		t.Errorf("Delete: %v %v", found, err)
	}
	refused(t, "Restore", s.Restore(ctx, "person", text("y"), record("bob")))
	_, err = s.Delete(ctx, "city", text("oyo"))
	refused(t, "Delete without the right", err)
	_, err = s.Relate(ctx, "likes", zerodb.None, ops.Record("person", text("ada")), ops.Record("person", text("bea")), ops.Object(nil))
	refused(t, "Relate without the right", err)
	done, err := s.Batch(ctx, []zerodb.Write{{Kind: zerodb.WritePut, Table: "person", Key: text("ok"), Value: record("bob")}, {Kind: zerodb.WriteDelete, Table: "zztable", Key: ops.Int(1)}}, zerodb.RefusalUndoes)
	refused(t, "Batch", err)
	if len(done) > 0 {
		t.Errorf("a batch that is refused did %v", done)
	}
	if _, found, _ := sessionFor(t, db, nil).Get(ctx, "person", text("ok")); found {
		t.Error("a batch that was refused has written")
	}
}

// TestRightsOfPrograms runs programs that were compiled by the owner, and one whose manifest lies.
func TestRightsOfPrograms(t *testing.T) {
	db := rightsDatabase(t, rightsSchema, bobsRows)
	owner, bob := sessionFor(t, db, nil), sessionFor(t, db, &zerodb.Identity{User: "bob"})
	cat, err := owner.Catalog()
	must(t, err)
	compile := func(text string) (*vm.Program, []byte) {
		r, errs := compiler.Compile(text, compiler.Options{Catalog: cat})
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		zqb, err := vm.Encode(r.Program)
		must(t, err)
		return r.Program, zqb
	}
	for _, c := range []struct {
		text string
		code ops.Code
		want string
	}{
		{text: `SELECT VALUE id FROM person`, want: "person:ada person:bea person:cyd"},
		{text: `SELECT VALUE id FROM person WHERE email == "zzrow1@x"`, want: ""},
		{text: `SELECT VALUE id FROM person WHERE age > 20 ORDER BY age`, want: "person:cyd person:ada"},
		{text: `SELECT VALUE name FROM zztable`, code: ops.CodePermission},
		{text: `SELECT VALUE zztable:1.name FROM person:ada`, want: "none"},
		{text: `SELECT VALUE id FROM *`, want: "person:ada person:bea person:cyd"},
		{text: `DELETE city:oyo`, code: ops.CodePermission},
		{text: `DEFINE USER mallory ROLES owner`, code: ops.CodePermission},
		{text: `DEFINE TABLE x`, code: ops.CodePermission},
		{text: `DEFINE NAMESPACE x`, code: ops.CodePermission},
		{text: `DESCRIBE USER bob`, code: ops.CodePermission},
		{text: `SELECT * FROM sys::statements`, code: ops.CodePermission},
	} {
		_, zqb := compile(c.text)
		for range 2 { // the second time it is linked already
			rows, err := bob.ExecuteProgram(t.Context(), zqb)
			if c.code != "" {
				if ops.CodeOf(err) != c.code {
					t.Errorf("%s: %v", c.text, err)
				}
				continue
			}
			must(t, err)
			var got []string
			for rows.Next() {
				got = append(got, ops.Format(rows.Row().Value()))
			}
			must(t, rows.Err())
			if strings.Contains(c.text, "FROM *") {
				got = got[len(got)-3:]
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("%s gives %s", c.text, text)
			}
			if _, err := owner.ExecuteProgram(t.Context(), zqb); err != nil && c.code == "" {
				t.Errorf("%s for the owner: %v", c.text, err)
			}
		}
	}
	liar, _ := compile(`SELECT VALUE name FROM zztable`)
	liar.Manifest.Reads = nil
	zqb, err := vm.Encode(liar)
	if err == nil {
		_, err = bob.ExecuteProgram(t.Context(), zqb)
	}
	if ops.CodeOf(err) != ops.CodeBadProgram {
		t.Errorf("a manifest that lies: %v", err)
	}
}

// TestRightsChange is that a prepared statement has the rights of the moment.
func TestRightsChange(t *testing.T) {
	db := rightsDatabase(t, rightsSchema, bobsRows)
	owner, bob, ctx := sessionFor(t, db, nil), sessionFor(t, db, &zerodb.Identity{User: "bob"}), t.Context()
	st, err := bob.Prepare(ctx, `SELECT FOLD count() AS n FROM person WHERE age > 0`)
	must(t, err)
	count := func() string {
		row, _, err := st.QueryRow(ctx)
		if err != nil {
			return string(ops.CodeOf(err))
		}
		return ops.Format(row.Get("n"))
	}
	for _, c := range []struct{ text, want string }{
		{`RETURN 1`, "3"},
		{`REMOVE ROLE bobs`, "permission_denied"},
		{`DEFINE ROLE bobs GRANT select ON TABLE person`, "5"},
		{`DEFINE ROLE young GRANT select ON TABLE person WHERE age < 20; ALTER USER bob ROLES young`, "1"},
		{`ALTER USER bob ROLES owner`, "5"},
		{`REMOVE USER bob`, "permission_denied"},
		{`DEFINE USER bob ROLES young`, "1"},
		{`CREATE person:kid SET name = "kid", age = 2`, "2"},
		{`DEFINE INDEX more ON TABLE person FIELDS name`, "2"},
	} {
		_, err := owner.Execute(ctx, c.text)
		must(t, err)
		if got := count(); got != c.want {
			t.Errorf("after %s: %s, want %s", c.text, got, c.want)
		}
	}
}

// TestRightsOfUsers is that one user's condition is about that user, with the same program.
func TestRightsOfUsers(t *testing.T) {
	db := rightsDatabase(t, rightsSchema, bobsRows, `DEFINE ROLE tenants GRANT select ON TABLE person WHERE owner == $auth.tenant AND "tenants" IN $auth.roles`)
	for _, c := range []struct {
		id   zerodb.Identity
		want string
	}{
		{zerodb.Identity{User: "bob"}, "3"}, {zerodb.Identity{User: "eve"}, "2"}, {zerodb.Identity{User: "zoe", Roles: []string{"bobs"}}, "0"},
		{zerodb.Identity{User: "x", Roles: []string{"tenants"}, Claims: ops.Object([]zerodb.Member{{Name: "tenant", Value: ops.String("eve")}, {Name: "user", Value: ops.String("bob")}})}, "2"},
	} {
		got, err := answer(t.Context(), sessionFor(t, db, &c.id), `SELECT VALUE FOLD count() FROM person`)
		must(t, err)
		if strings.TrimSpace(got) != c.want {
			t.Errorf("%s sees %s, want %s", c.id.User, got, c.want)
		}
	}
}

// TestRightsErrors is what unique indexes, keys and rules say of records and fields that are hidden, and pages.
func TestRightsErrors(t *testing.T) {
	db := rightsDatabase(t, rightsSchema, bobsRows, `DEFINE ROLE named GRANT select, create, update ON TABLE acct FIELDS name; DEFINE USER nan ROLES named;
		DEFINE TABLE acct FIELDS name TYPE string, zzfield TYPE int VALUE 7 ASSERT $value < 10 OR $this.name == "big"; CREATE acct:big SET name = "big", zzfield = 4711`)
	ctx := t.Context()
	bob, nan := sessionFor(t, db, &zerodb.Identity{User: "bob"}), sessionFor(t, db, &zerodb.Identity{User: "nan"})
	for _, c := range []struct {
		s       *zerodb.Session
		text    string
		code    ops.Code
		without string
	}{
		{bob, `CREATE person:z SET name = "z", owner = "bob", email = "zzrow1@x"`, ops.CodeUnique, "h1"},
		{bob, `UPDATE person:ada SET email = "zzrow1@x"`, ops.CodeUnique, "h1"},
		{bob, `UPSERT person:h1 SET name = "z", owner = "bob"`, ops.CodePermission, "eve"},
		{bob, `CREATE person:h1 SET name = "z", owner = "bob"`, ops.CodeAlreadyExists, "eve"},
		{bob, `UPDATE person:ada SET owner = "eve"`, ops.CodePermission, "eve"},
		{bob, `CREATE person:q SET name = "q", owner = "eve"`, ops.CodePermission, "eve"},
		{bob, `BEGIN; UPDATE person:ada SET age = 1; UPDATE person:ada SET owner = "eve"; COMMIT`, ops.CodePermission, ""},
		{nan, `UPDATE acct:big SET name = "small"`, ops.CodeAssert, "zzfield"},
		{nan, `UPDATE acct:big SET zzfield = 1`, ops.CodeUnknownField, "4711"},
		{nan, `CREATE acct:new SET name = "n", zzfield = 1`, ops.CodeUnknownField, ""},
		{nan, `UPDATE acct:big SET nothing = 1`, ops.CodeUnknownField, "zzfield"},
	} {
		_, err := answer(ctx, c.s, c.text)
		if err == nil || ops.CodeOf(err) != c.code || c.without != "" && strings.Contains(strings.ReplaceAll(err.Error(), "person:h1 exists", ""), c.without) && !strings.Contains(c.text, c.without) {
			t.Errorf("%s: %v", c.text, err)
		}
	}
	if got, err := answer(ctx, bob, `RETURN person:ada.age`); err != nil || got != "40\n" {
		t.Errorf("what a refused transaction wrote is there: %s %v", got, err)
	}
	got, err := answer(ctx, nan, `CREATE acct:new SET name = "n"; UPDATE acct:new SET name = "m" RETURN BEFORE; UPDATE acct:new SET name = "k"`)
	if err != nil || strings.Contains(got, "zzfield") {
		t.Errorf("%s %v", got, err)
	}
	got, err = answer(ctx, sessionFor(t, db, nil), `RETURN acct:new`)
	if err != nil || !strings.Contains(got, "acct:new") {
		t.Errorf("%s %v", got, err)
	}
	if got, err = answer(ctx, sessionFor(t, db, nil), `RETURN acct:new.zzfield`); err != nil || got != "7\n" {
		t.Errorf("the default of a hidden field: %s %v", got, err)
	}
	// A page of the owner's says where to go on, not what is there.
	const pages = `SELECT id, age FROM person ORDER BY age LIMIT 2 AFTER $page`
	rows, err := sessionFor(t, db, nil).Execute(ctx, pages, zerodb.Named("page", zerodb.None))
	must(t, err)
	for rows.Next() {
	}
	token := rows.Page()
	rows, err = bob.Execute(ctx, pages, zerodb.Named("page", token))
	must(t, err)
	var all []string
	for rows.Next() {
		all = append(all, ops.Format(rows.Row().Get("id")))
	}
	must(t, rows.Err())
	if text := strings.Join(all, " "); text != "person:ada" {
		t.Errorf("behind the owner's page are %s", text)
	}
}

// TestRightsToDefine is what the right to define allows, and what it does not.
func TestRightsToDefine(t *testing.T) {
	db := rightsDatabase(t, rightsSchema, `DEFINE ROLE tabler GRANT define ON TABLE city, TABLE mine; DEFINE ROLE baser GRANT define ON DATABASE main; DEFINE ROLE spacer GRANT define ON NAMESPACE main`)
	for _, c := range []struct {
		text  string
		roles string // that may
	}{
		{`DEFINE TABLE mine FIELDS a TYPE int; REMOVE TABLE mine`, "tabler baser spacer"},
		{`DEFINE INDEX i ON TABLE city FIELDS name; REMOVE INDEX i ON TABLE city; ANALYZE TABLE city`, "tabler baser spacer"},
		{`DEFINE TABLE mine; REDEFINE TABLE mine FIELDS a TYPE int?; REMOVE TABLE mine`, "tabler baser spacer"},
		{`DEFINE TABLE other; REMOVE TABLE other`, "baser spacer"},
		{`DEFINE FUNCTION f() DO RETURN 1 END; REMOVE FUNCTION f`, "baser spacer"},
		{`DEFINE ENUM e VARIANTS a; REMOVE ENUM e`, "baser spacer"},
		{`DEFINE DATABASE second; REMOVE DATABASE second`, "spacer"},
		{`DEFINE NAMESPACE n`, ""},
		{`DEFINE USER u ROLES owner`, ""}, {`DEFINE ROLE r GRANT select ON NAMESPACE main`, ""}, {`ALTER USER u ROLES owner`, ""}, {`REMOVE ROLE baser`, ""},
		{`SELECT * FROM person`, ""}, {`CREATE city:x`, ""},
	} {
		for _, role := range []string{"tabler", "baser", "spacer"} {
			_, err := answer(t.Context(), sessionFor(t, db, &zerodb.Identity{Roles: []string{role}}), c.text)
			if may := strings.Contains(c.roles, role); may && err != nil || !may && (err == nil || ops.CodeOf(err) != ops.CodePermission) {
				t.Errorf("%s as %s: %v", c.text, role, err)
			}
		}
	}
}

// TestRightsOfLookups is a join that asks an index for a batch of rows at once.
func TestRightsOfLookups(t *testing.T) {
	const schema = `DEFINE TABLE part FIELDS k TYPE int, owner TYPE string; DEFINE INDEX by_k ON TABLE part FIELDS k;
		FOR $i IN 0..3000 DO CREATE part:$i SET k = $i / 2, owner = IF $i % 3 == 0 THEN "bob" ELSE "eve" END END;
		FOR $i IN 0..6 DO CREATE want:$i SET k = $i * 100 END`
	whole := rightsDatabase(t, schema, `DEFINE ROLE r GRANT select ON TABLE part WHERE owner == "bob" GRANT select ON TABLE want`)
	owner, mine := sessionFor(t, rightsDatabase(t, schema, `DELETE part WHERE owner != "bob"`), nil), sessionFor(t, whole, &zerodb.Identity{Roles: []string{"r"}})
	cat, err := sessionFor(t, whole, nil).Catalog() // the statistics that speak for the index are nothing for the role
	must(t, err)
	for _, join := range []string{"JOIN", "LEFT JOIN"} {
		text := `SELECT w.id, p.id, p.owner FROM want AS w ` + join + ` part AS p ON w.k == p.k ORDER BY w.id, p.id`
		r, errs := compiler.Compile(text, compiler.Options{Catalog: cat})
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		zqb, err := vm.Encode(r.Program)
		must(t, err)
		rows, err := mine.ExecuteProgram(t.Context(), zqb)
		must(t, err)
		var got strings.Builder
		for rows.Next() {
			got.WriteString(ops.Format(rows.Row().Value()) + "\n")
		}
		must(t, rows.Err())
		want, err := answer(t.Context(), owner, text)
		must(t, err)
		if got.String() != want || want == "" {
			t.Errorf("%s gives\n%sand should give\n%s", text, got.String(), want)
		}
		var code strings.Builder
		vm.Disassemble(&code, r.Program)
		if !strings.Contains(code.String(), "open.lookup") {
			t.Errorf("%s looks nothing up", text)
		}
	}
}
