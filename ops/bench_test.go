package ops_test

import (
	"testing"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/optest"
)

const benchJSON = `{"id":"person:1","name":"Adaeze Okafor","age":42,"score":91.25,"tags":["a","b","c"],"address":{"city":"Lagos","zip":"100001"},"vip":true}`

func BenchmarkParseJSON(b *testing.B) {
	b.SetBytes(int64(len(benchJSON)))
	b.ReportAllocs()
	src := []byte(benchJSON)
	for b.Loop() {
		if _, err := ops.ParseJSON(src); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	v, err := ops.ParseJSON([]byte(benchJSON))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		buf = ops.AppendJSON(buf[:0], v)
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkOne(b *testing.B) {
	key := ops.AppendOrder(nil, ops.Int(123456), false)
	text := ops.AppendOrder(nil, ops.String("01KB5ZTE9HZ0Q8J6JYHT3QN4QX"), false)
	var buf []byte
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"compare ints", func() { ops.Compare(ops.Int(1), ops.Int(2)) }},
		{"compare int with float", func() { ops.Compare(ops.Int(1), ops.Float(2)) }},
		{"compare strings", func() { ops.Compare(ops.String("Lagos"), ops.String("Lagon")) }},
		{"hash int", func() { ops.Hash(ops.Int(7)) }},
		{"hash string", func() { ops.Hash(ops.String("Lagos")) }},
		{"order of int", func() { buf = ops.AppendOrder(buf[:0], ops.Int(123456), false) }},
		{"order of string", func() { buf = ops.AppendOrder(buf[:0], ops.String("01KB5ZTE9HZ0Q8J6JYHT3QN4QX"), false) }},
		{"decode int", func() { _, _, _ = ops.DecodeOrder(key, nil) }},
		{"decode string", func() { _, _, _ = ops.DecodeOrder(text, nil) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.run()
			}
		})
	}
}

func BenchmarkVectorHash(b *testing.B) {
	v, dst := new(ops.Vector), make([]uint64, ops.BatchSize)
	for i := range ops.BatchSize {
		v.Append(optest.Parse([]string{`"Lagos"`, `"Oyo"`, `"Zürich"`}[i%3]))
	}
	for b.Loop() {
		v.Hash(dst, nil, 7)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/ops.BatchSize, "ns/row")
}
