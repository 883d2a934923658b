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
