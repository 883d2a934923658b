package dump_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/dump"
	"github.com/zerodb/zerodb/ops"
)

var ctx = context.Background()

type fataler interface {
	Fatal(...any)
	Fatalf(string, ...any)
	Helper()
}

func open(t fataler) (*zerodb.DB, *zerodb.Session) {
	t.Helper()
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true})
	if err != nil {
		t.Fatal(err)
	}
	s, err := db.Session(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	return db, s
}

func must(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRoundTrip fills a database with generated definitions, records and edges, exports it in both forms, reads each back, and
// holds the copies to be identical: same definitions, same records, same answers of the indexes, nothing out of place.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db, s := open(t)
		defer db.Close()
		fill(t, s)
		original := picture(t, s)
		for _, form := range []string{"zql", "ndjson"} {
			var out bytes.Buffer
			_, err := dump.Export(ctx, s, form, &out)
			must(t, err)
			text := out.String()
			copied, c := open(t)
			if _, err := dump.Restore(ctx, c, "export", &out, nil); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if got := picture(t, c); got != original {
				t.Errorf("%s: the copy is\n%s\nthe original\n%s\nthe export\n%s", form, got, original, text)
			}
			must(t, copied.Check(ctx, func(p zerodb.Problem) { t.Errorf("%s: %v", form, p) }))
			must(t, copied.Close())
		}
	})
}

// fill makes a generated database.
func fill(t *rapid.T, s *zerodb.Session) {
	run := func(text string, args ...zerodb.Arg) {
		if _, err := s.Execute(ctx, text, args...); err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
	}
	tables := []string{"plain", "select", "Größe", "a b"}
	name := func(table string) string { return "`" + table + "`" }
	if rapid.Bool().Draw(t, "typed") {
		run("DEFINE TABLE typed SCHEMALESS FIELDS n TYPE int? VALUE 7 ASSERT $value > -10, `in.ner` TYPE object?, tags TYPE [string]?, frozen TYPE string? READONLY")
		if rapid.Bool().Draw(t, "unique") {
			run("DEFINE INDEX one ON TABLE typed FIELDS key UNIQUE; DEFINE INDEX `two words` ON TABLE typed FIELDS n, key")
		}
		for i := range rapid.IntRange(0, 4).Draw(t, "typed records") {
			run("CREATE typed:$i SET key = $i, n = $n", zerodb.Named("i", i), zerodb.Named("n", rapid.IntRange(-9, 9).Draw(t, "n")))
			if rapid.Bool().Draw(t, "lost") {
				run("UPDATE typed:$i SET n = none", zerodb.Named("i", i))
			}
		}
	}
	if rapid.Bool().Draw(t, "empty table") {
		run("DEFINE TABLE empty SCHEMAFULL FIELDS a TYPE int, b TYPE (int, [string 2])?, c TYPE set[int]?, d TYPE plain?")
	}
	var ids []zerodb.Value
	for range rapid.IntRange(0, 6).Draw(t, "records") {
		table := rapid.SampledFrom(tables).Draw(t, "table")
		key := anyKey().Draw(t, "key")
		must(t, s.Put(ctx, table, key, anyObject(2).Draw(t, "record")))
		ids = append(ids, zerodb.Record(table, key))
	}
	if len(ids) == 0 {
		return
	}
	if rapid.Bool().Draw(t, "index") {
		run("DEFINE INDEX by_b ON TABLE " + name(ids[0].RecordTable()) + " FIELDS b, `select`")
	}
	end := rapid.SampledFrom(ids)
	if rapid.Bool().Draw(t, "edge fields") {
		run("DEFINE EDGE rated FIELDS stars TYPE int VALUE 3")
		run("RELATE $a -> rated -> $b", zerodb.Named("a", end.Draw(t, "from")), zerodb.Named("b", end.Draw(t, "to")))
	}
	for range rapid.IntRange(0, 4).Draw(t, "edges") {
		key := zerodb.None
		if rapid.Bool().Draw(t, "keyed") {
			key = anyKey().Draw(t, "edge key")
		}
		_, err := s.Relate(ctx, "likes", key, end.Draw(t, "from"), end.Draw(t, "to"), anyObject(1).Draw(t, "edge"))
		if err != nil && zerodb.CodeOf(err) != ops.CodeAlreadyExists {
			t.Fatal(err)
		}
	}
}

// picture is everything in a database, as a text.
func picture(t *rapid.T, s *zerodb.Session) string {
	c, err := s.Catalog()
	must(t, err)
	var b strings.Builder
	for _, table := range c.Tables() {
		fmt.Fprintf(&b, "%x %s\n", table.Fingerprint[:4], dump.Definition(table))
		for _, ix := range table.Indexes {
			fmt.Fprintf(&b, "  %s ready %t\n", dump.IndexDefinition(table, ix), ix.Ready)
		}
		for p, err := range s.Scan(ctx, table.Name, zerodb.KeyRange{}) {
			must(t, err)
			fmt.Fprintf(&b, "  %s %x\n", ops.AppendZQL(nil, p.Record.AsObject()[0].Value), ops.AppendKey(nil, p.Record, false))
		}
	}
	return b.String()
}

func anyKey() *rapid.Generator[zerodb.Value] {
	return rapid.OneOf(
		rapid.Map(rapid.Int64(), zerodb.Int),
		rapid.Map(rapid.StringMatching(`[a-zA-Z0-9 _:"'\\\x60é-]{1,8}`), zerodb.String),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) zerodb.Value { return zerodb.UUID([16]byte(b)) }),
		rapid.Map(rapid.SliceOfN(rapid.Int64Range(-9, 9), 1, 3), func(is []int64) zerodb.Value {
			vs := make([]zerodb.Value, len(is))
			for i, n := range is {
				vs[i] = zerodb.Int(n)
			}
			return zerodb.List(append(vs, zerodb.String("x"))...)
		}),
	)
}

func anyValue(depth int) *rapid.Generator[zerodb.Value] {
	kinds := []*rapid.Generator[zerodb.Value]{
		rapid.Map(rapid.Bool(), zerodb.Bool),
		rapid.Map(rapid.Int64(), zerodb.Int),
		rapid.Map(rapid.Float64Range(-1e300, 1e300), zerodb.Float),
		rapid.Map(rapid.String(), zerodb.String),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 20), zerodb.Bytes),
		rapid.Map(rapid.Int64(), ops.Time),
		rapid.Map(rapid.Int64Min(-math.MaxInt64), func(d int64) zerodb.Value { return ops.Duration(time.Duration(d)) }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) zerodb.Value { return zerodb.UUID([16]byte(b)) }),
		rapid.Map(rapid.Int64(), func(i int64) zerodb.Value { return zerodb.Decimal(apd.New(i, -2)) }),
		rapid.Map(anyKey(), func(k zerodb.Value) zerodb.Value { return zerodb.Record("some one", k) }),
	}
	if depth > 0 {
		inner := rapid.SliceOfN(rapid.Deferred(func() *rapid.Generator[zerodb.Value] { return anyValue(depth - 1) }), 0, 4)
		kinds = append(kinds, anyObject(depth-1),
			rapid.Map(inner, func(vs []zerodb.Value) zerodb.Value { return zerodb.List(vs...) }),
			rapid.Map(inner, func(vs []zerodb.Value) zerodb.Value { return zerodb.Tuple(vs...) }))
	}
	return rapid.OneOf(kinds...)
}

func anyObject(depth int) *rapid.Generator[zerodb.Value] {
	names := rapid.OneOf(rapid.StringMatching(`[a-z][a-z0-9_]{0,6}`), rapid.SampledFrom([]string{"select", "value", "$zql", "a b", "é", "end", "a.b", "b"}))
	return rapid.Custom(func(t *rapid.T) zerodb.Value {
		var ms []zerodb.Member
		for _, n := range rapid.SliceOfNDistinct(names.Filter(func(n string) bool { return n != "id" && n != "in" && n != "out" }), 0, 5, rapid.ID[string]).Draw(t, "names") {
			ms = append(ms, zerodb.Member{Name: n, Value: anyValue(depth).Draw(t, n)})
		}
		return zerodb.Object(ms...)
	})
}

// TestRestoreRefuses reads what is no export, and exports that are damaged.
func TestRestoreRefuses(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", "f is no export of zerodb"},
		{"id,name\n1,x\n", "f is no export of zerodb"},
		{"-- zerodb export 1\nDEFINE TABLE t;\nCREATE t:1;\nCREATE t:1;\n", "f:4: record t:1 exists"},
		{"-- zerodb export 1\nDEFINE TABLE t;\n\nCREATE t:1 CONTENT {;\n", "f:4: "},
		{`{"zerodb_export":1}` + "\n" + `{"define":"DEFINE TABLE t"}` + "\n" + `{"table":"t","key":1}` + "\n", "f:3: the line is neither"},
		{`{"zerodb_export":1}` + "\n" + `{"table":"t","key":1,"record":{"a":`, "f:2: the line is damaged"},
	} {
		db, s := open(t)
		_, err := dump.Restore(ctx, s, "f", strings.NewReader(c.text), nil)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q fails with %v, want … %s", c.text, err, c.says)
		}
		if s.InTransaction() {
			t.Errorf("%q leaves a transaction open", c.text)
		}
		must(t, db.Close())
	}
}
