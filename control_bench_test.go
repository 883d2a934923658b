package zerodb_test

import (
	"testing"
)

// BenchmarkWhile is a loop of a million integer steps; ns/step is the figure.
func BenchmarkWhile(b *testing.B) {
	_, s := memory(b)
	const steps = 1_000_000
	stmt, err := s.Prepare(ctx, `LET $i = 0; LET $sum = 0; WHILE $i < 1_000_000 DO SET $i += 1 END; RETURN $i`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		rows, err := stmt.Execute(ctx)
		if err != nil {
			b.Fatal(err)
		}
		if !rows.Next() || rows.Row().Value().AsInt() != steps {
			b.Fatal("the loop has not counted to its end")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/steps, "ns/step")
}

// BenchmarkFunctionCall is a projection over 100,000 rows: an expression written out, the same as a small function, and as one
// that is too much to be written into its caller.
func BenchmarkFunctionCall(b *testing.B) {
	_, s := memory(b)
	for _, text := range []string{
		`CREATE t CONTENT (SELECT VALUE { id: x, a: x % 1000, b: x % 7 } FROM 0..100_000 AS x) RETURN NONE`,
		`DEFINE TABLE u FIELDS a TYPE int, b TYPE int`,
		`CREATE u CONTENT (SELECT VALUE { id: x, a: x % 1000, b: x % 7 } FROM 0..100_000 AS x) RETURN NONE`,
		`DEFINE FUNCTION f($a TYPE int, $b TYPE int) TYPE int DO RETURN $a * 3 + $b END`,
		`DEFINE FUNCTION g($a TYPE int, $b TYPE int) TYPE int DO LET $s = $a; SET $s *= 3; RETURN $s + $b END`,
	} {
		if _, err := s.Execute(ctx, text); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range []struct{ name, text string }{
		{"written", "SELECT VALUE FOLD sum(a * 3 + b) FROM u"},
		{"inlined", "SELECT VALUE FOLD sum(f(a, b)) FROM u"},
		{"schemaless/written", "SELECT VALUE FOLD sum(a * 3 + b) FROM t"},
		{"schemaless/inlined", "SELECT VALUE FOLD sum(f(a, b)) FROM t"},
		{"run", "SELECT VALUE FOLD sum(g(a, b)) FROM u"},
	} {
		b.Run(c.name, func(b *testing.B) {
			stmt, err := s.Prepare(ctx, c.text)
			if err != nil {
				b.Fatal(err)
			}
			for range b.N {
				if row, found, err := stmt.QueryRow(ctx); err != nil || !found || row.Value().AsInt() == 0 {
					b.Fatal(row, found, err)
				}
			}
		})
	}
}
