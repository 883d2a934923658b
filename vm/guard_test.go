package vm_test

import (
	"context"
	"strings"
	"testing"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
	"github.com/zerodb/zerodb/vm/memstore"
)

// rules compiles the few expressions that the tests' tables have, as the compiler would.
func rules(_ schema.Catalog, src string, params ...string) (*vm.Program, []*ops.Error) {
	code := map[string]string{
		"18":           "const k0 18\n%s  const r2, k0\n  emit.row s0, r2\n  end\n",
		"$value > 0":   "const k0 0\n%s  param r0, p0\n  const r1, k0\n  gt r2, r0, r1\n  emit.row s0, r2\n  end\n",
		"$this.a < 9":  "const k0 9\npath h0 age\n%s  param r0, p1\n  field r0, r0, h0\n  const r1, k0\n  lt r2, r0, r1\n  emit.row s0, r2\n  end\n",
		"1 / 0":        "const k0 1\nconst k1 0\n%s  const r0, k0\n  const r1, k1\n  div r2, r0, r1\n  emit.row s0, r2\n  end\n",
		"no such rule": "",
	}[src]
	if code == "" {
		return nil, []*ops.Error{ops.Errorf(ops.CodeSyntax, "no such rule")}
	}
	var head strings.Builder
	for i, p := range params {
		head.WriteString("param p" + string(rune('0'+i)) + " $" + p + " any\n")
	}
	head.WriteString("shape s0 value value any\n")
	p, err := vm.Assemble(head.String() + strings.Replace(code, "%s", "fragment F0 emits s0\n  register r0 any\n  register r1 any\n  register r2 any\n", 1) + "statement 0 query F0\n")
	if err != nil {
		return nil, []*ops.Error{ops.Errorf(ops.CodeInternal, "%v", err)}
	}
	return p, nil
}

func field(path string, t string, more ...func(*schema.Field)) schema.Field {
	typ, err := ops.ParseType(t)
	if err != nil {
		panic(err)
	}
	f := schema.Field{Path: strings.Split(path, "."), Type: typ}
	for _, m := range more {
		m(&f)
	}
	return f
}

func asserts(src string) func(*schema.Field) {
	return func(f *schema.Field) { f.Asserts = append(f.Asserts, src) }
}
func fallback(src string) func(*schema.Field) { return func(f *schema.Field) { f.Default = src } }
func readOnly(f *schema.Field)                { f.ReadOnly = true }

// write runs CREATE (before is "") or UPDATE of t:1 and returns the record as stored.
func write(t *testing.T, table *schema.Table, before, object string) (string, error) {
	t.Helper()
	table.Name = "t"
	c, err := schema.NewMemory("main", "main").Apply(schema.Change{Kind: schema.DefineTable, Name: "t", Table: table})
	if err != nil {
		t.Fatal(err)
	}
	store := memstore.New(c)
	program := "const k0 1\nconst k1 " + object + "\nshape s0 columns id any, record any\ntable t0 t\naccess a0 table t0 []\nfragment F0 emits s0\n register r0 any\n register r1 any\n register r2 any\n register r3 any\n register r4 any\n" +
		" const r0, k0\n const r1, k1\n create r2, a0, r0\n emit.row s0, r2\n end\nstatement 0 write F0\n"
	if before != "" {
		program = "const k0 1\nconst k1 " + before + "\nconst k2 " + object + "\nshape s0 columns id any, record any\ntable t0 t\naccess a0 table t0 [] upsert\nfragment F0 emits s0\n register r0 any\n register r1 any\n register r2 any\n register r3 any\n register r4 any\n" +
			" const r0, k0\n const r1, k1\n const r2, k2\n update r3, a0, r0\n emit.row s0, r3\n end\nstatement 0 write F0\n"
	}
	p, err := vm.Assemble(program)
	if err != nil {
		t.Fatal(err)
	}
	p.Tables[0].Print = c.Table("t").Fingerprint
	if err := vm.Verify(p); err != nil {
		t.Fatal(err)
	}
	l, err := vm.Link(p, 0, c, vm.LinkOptions{CompileGuard: rules})
	if err != nil {
		return "", err
	}
	rows, err := vm.Run(context.Background(), l, store, vm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out, err := rows.Next(context.Background())
	if err != nil {
		return "", err
	}
	return ops.Format(out.Value(0, 1)), nil
}

func TestGuards(t *testing.T) {
	person := func() *schema.Table {
		return &schema.Table{Schemafull: true, Fields: []schema.Field{
			field("name", "string", readOnly), field("age", "int", fallback("18"), asserts("$value > 0")),
			field("email", "string?"), field("score", "float?", asserts("$this.a < 9")),
			field("address", "object?"), field("address.city", "string?"), field("small", "u8?")}}
	}
	for _, c := range []struct {
		name, before, object, want string
	}{
		{"default", "", `{ name: "al" }`, `{ id: t:1, name: "al", age: 18 }`},
		{"default is not for updates", `{ name: "al", age: 3 }`, `{ name: "al" }`, "type_mismatch: field t.age must have a value of type int"},
		{"an int fits a float", "", `{ name: "al", age: 3, score: 2 }`, `{ id: t:1, name: "al", age: 3, score: 2.0 }`},
		{"no value", "", `{ age: 3 }`, "type_mismatch: field t.name must have a value of type string"},
		{"wrong kind", "", `{ name: 5 }`, "type_mismatch: field t.name: "},
		{"too large", "", `{ name: "al", small: 300 }`, "number_out_of_range: field t.small: "},
		{"unknown", "", `{ name: "al", nmae: "bo" }`, "unknown_field: table t is schemafull and has no field nmae (its fields are name, age, email, score, address, address.city, small)"},
		{"unknown inside", "", `{ name: "al", address: { town: "x" } }`, "unknown_field: table t is schemafull and has no field address.town"},
		{"known inside", "", `{ name: "al", address: { city: "x" } }`, `{ id: t:1, name: "al", address: { city: "x" }, age: 18 }`},
		{"assert", "", `{ name: "al", age: -1 }`, "assert_failed: field t.age: -1 breaks the rule `$value > 0`"},
		{"assert of the record", "", `{ name: "al", age: 10, score: 1.5 }`, "assert_failed: field t.score: 1.5 breaks the rule `$this.a < 9`"},
		{"an absent field skips its asserts", "", `{ name: "al", age: 10 }`, `{ id: t:1, name: "al", age: 10 }`},
		{"read-only, unchanged", `{ name: "al", age: 3 }`, `{ name: "al", age: 4 }`, `{ id: t:1, name: "al", age: 4 }`},
		{"read-only, changed", `{ name: "al", age: 3 }`, `{ name: "bo", age: 3 }`, "read_only_field: field t.name is READONLY"},
		{"read-only, gone", `{ name: "al", age: 3 }`, `{ age: 3 }`, "type_mismatch: field t.name must have a value of type string"},
		{"upsert of a new one", `none`, `{ name: "al" }`, `{ id: t:1, name: "al", age: 18 }`},
		{"no object", "", `5`, "type_mismatch: a record is an object, not an int 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := write(t, person(), c.before, c.object)
			if err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, c.want) {
				t.Fatalf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestGuardsThatFail(t *testing.T) {
	table := &schema.Table{Fields: []schema.Field{field("a", "int", asserts("1 / 0"))}}
	if _, err := write(t, table, "", `{ a: 1, free: true }`); ops.CodeOf(err) != ops.CodeDivisionByZero || !strings.Contains(err.Error(), "the rule `1 / 0` of t.a") {
		t.Errorf("%v", err)
	}
	table = &schema.Table{Fields: []schema.Field{field("a", "int", asserts("no such rule"))}}
	if _, err := write(t, table, "", `{ a: 1 }`); ops.CodeOf(err) != ops.CodeSyntax {
		t.Errorf("%v", err)
	}
	// SCHEMALESS with FIELDS types the named ones and lets others through.
	table = &schema.Table{Fields: []schema.Field{field("a", "int")}}
	if got, err := write(t, table, "", `{ a: 1, free: true }`); got != "{ id: t:1, a: 1, free: true }" {
		t.Errorf("%s %v", got, err)
	}
}

func TestLinkRefusesWhatHasChanged(t *testing.T) {
	const program = "shape s0 value x any\ntable t0 t %s\naccess a0 table t0 [.x]\nfragment F0 emits s0\n cursor c0\n register r0 any of c0\n open.table c0, a0\n next c0, @5\n column r0, c0, 0\n emit s0, r0, c0\n jump @1\n end\nstatement 0 query F0\n"
	with := func(table *schema.Table) *schema.Memory {
		c, err := schema.NewMemory("main", "main").Apply(schema.Change{Kind: schema.DefineTable, Name: "t", Table: table})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, c := range []struct {
		name, print string
		catalog     *schema.Memory
		want        ops.Code
	}{
		{"not defined then nor now", "", schema.NewMemory("main", "main"), ""},
		{"schemaless now", "", with(&schema.Table{}), ""},
		{"fields now", "", with(&schema.Table{Fields: []schema.Field{field("x", "int")}}), ops.CodeRecompile},
		{"another one", strings.Repeat("11", 16), with(&schema.Table{}), ops.CodeRecompile},
		{"gone", strings.Repeat("11", 16), schema.NewMemory("main", "main"), ops.CodeRecompile},
	} {
		p, err := vm.Assemble(strings.Replace(program, "%s", c.print, 1))
		if err != nil {
			t.Fatal(err)
		}
		_, err = vm.Link(p, 0, c.catalog, vm.LinkOptions{})
		if err == nil && c.want != "" || err != nil && ops.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
