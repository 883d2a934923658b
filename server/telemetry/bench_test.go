package telemetry_test

import (
	"testing"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/server/telemetry"
)

// BenchmarkStatement is what it costs to observe a read by key.
func BenchmarkStatement(b *testing.B) {
	for name, o := range map[string]*zerodb.Options{
		"unobserved": {NoWarmUp: true},
		"observed":   {NoWarmUp: true, Observer: telemetry.New(telemetry.Options{Slow: time.Minute})},
	} {
		b.Run(name, func(b *testing.B) {
			db, err := zerodb.OpenMemory(o)
			must(b, err)
			defer func() { must(b, db.Close()) }()
			s, err := db.Session(ctx, nil)
			must(b, err)
			must(b, s.Put(ctx, "a", zerodb.Int(1), zerodb.Int(7)))
			st, err := s.Prepare(ctx, `SELECT value FROM a:$id`)
			must(b, err)
			b.ReportAllocs()
			for b.Loop() {
				rows, err := st.Execute(ctx, zerodb.Named("id", 1))
				must(b, err)
				for rows.Next() {
				}
			}
		})
	}
}
