package compiler_test

import (
	"testing"

	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// FuzzCompile: whatever the text, the answer is a program that the verifier accepts, or errors of the text.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		tenLines,
		"SELECT city, FOLD sum(score) / FOLD count() AS mean FROM person WHERE age > $a GROUP BY city ORDER BY mean LIMIT 3",
		"SELECT name FROM person WHERE a IN (SELECT b FROM t WHERE c = $parent.d) AND -> likes -> person:a OR 1 / x > 2",
		"UPDATE person SET a.b[0].c += 1, d = IF e THEN 1 / 0 ELSE none END WHERE f ?: true RETURN BEFORE",
		"RELATE [a:1, a:2] -> e -> $x CONTENT { a: 1 }\nUPSERT p CONTENT [{ id: 1 }]\nDELETE a:1 -> e -> *",
		"DEFINE TABLE t FIELDS a TYPE [int 3], b TYPE option[string] VALUE \"x\" ASSERT $value != $this.a\nLET $x = (SELECT VALUE a FROM t)\nRETURN $x[0]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		r, errs := compiler.Compile(src, compiler.Options{Catalog: schema.NewMemory("main", "main")})
		for _, e := range errs {
			if e.Code == ops.CodeInternal {
				t.Fatalf("%q: %v", src, e)
			}
		}
		if r != nil {
			if err := vm.Verify(r.Program); err != nil {
				t.Fatalf("%q: the verifier refuses the program: %v", src, err)
			}
		}
	})
}
