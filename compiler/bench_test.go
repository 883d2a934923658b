package compiler_test

import (
	"strings"
	"testing"

	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/ops/schema"
)

const tenLines = `SELECT p.name, q.name AS friend, l.since,
       IF p.age > 30 THEN "senior" ELSE "junior" END AS class,
       string::upper(p.city) AS city
FROM (person AS p) -> (likes AS l WHERE since > 2020) -> (person AS q)
WHERE p.age > 20 AND q.age < 60
  AND p.city IN ["Lagos", "Oyo", "Ibadan"]
  AND q.score * 2 > p.score + 1
ORDER BY l.since DESC, friend
START 10
LIMIT 20`

func benchmark(b *testing.B, src string) {
	b.ReportAllocs()
	b.SetBytes(int64(len(src)))
	catalog := schema.NewMemory("main", "main")
	for b.Loop() {
		if _, errs := compiler.Compile(src, compiler.Options{Catalog: catalog}); errs != nil {
			b.Fatal(errs[0])
		}
	}
}

func BenchmarkPointSelect(b *testing.B) { benchmark(b, "SELECT name, age FROM person:$id") }

func BenchmarkTenLines(b *testing.B) { benchmark(b, tenLines) }

func BenchmarkScript(b *testing.B) {
	benchmark(b, strings.Repeat("CREATE person:alice SET name = \"Alice\", age = 40, tags = [\"a\", \"b\"]\n", 2000))
}
