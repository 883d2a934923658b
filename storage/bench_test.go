package storage

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

const benchRows = 100_000

func benchOptions(b *testing.B, relaxed bool) Options {
	return Options{FS: vfs.Default, Dir: b.TempDir(), Clock: time.Now, Random: rand.New(rand.NewSource(1)), Relaxed: relaxed}
}

// rawPebble is Pebble with the options that a store gives it.
func rawPebble(b *testing.B) *pebble.DB {
	o := &pebble.Options{FormatMajorVersion: pebble.FormatNewest, MemTableSize: 32 << 20, MemTableStopWritesThreshold: 4,
		CacheSize: 128<<20 + 4*32<<20, Logger: pebbleLogger{}}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	db, err := pebble.Open(b.TempDir(), o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return db
}

var cities = []string{"Lagos", "Oyo", "Abuja", "Kano", "Jos", "Ibadan", "Benin", "Enugu"}

func person(i int) ops.Value {
	return object("age", i*7919%90, "city", cities[i%8], "name", fmt.Sprint("person number ", i), "score", float64(i%1000)/8,
		"email", fmt.Sprintf("p%d@example.org", i), "bio", "a few words about somebody to fill the record up")
}

func loadPersons(b testing.TB, s *Store) {
	txn := begin(b, s, true)
	desc := ensure(b, txn, "person", false)
	for i := range benchRows {
		if _, _, err := txn.Create(ctx, desc, ops.Int(int64(i)), person(i), false); err != nil {
			b.Fatal(err)
		}
	}
	commit(b, txn)
	if err := s.pebble.Flush(); err != nil {
		b.Fatal(err)
	}
}

func rawKey(i int) []byte { return binary.BigEndian.AppendUint64([]byte("person"), uint64(i)) }

func loadRaw(b *testing.B, db *pebble.DB) {
	batch := db.NewBatch()
	for i := range benchRows {
		batch.Set(rawKey(i), make([]byte, 150), nil)
	}
	batch.Commit(pebble.NoSync)
	db.Flush()
}

func BenchmarkGet(b *testing.B) {
	b.Run("raw", func(b *testing.B) {
		db := rawPebble(b)
		loadRaw(b, db)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			_, c, err := db.Get(rawKey(i * 7919 % benchRows))
			if err != nil {
				b.Fatal(err)
			}
			c.Close()
		}
	})
	s := openTest(b, benchOptions(b, true))
	defer s.Close()
	loadPersons(b, s)
	m, _ := s.Map("main", "main", "kv")
	update(b, s, func(txn *Txn) {
		desc := ensure(b, txn, "kv", false)
		for i := range benchRows {
			if _, _, err := txn.Create(ctx, desc, ops.Int(int64(i)), object("value", ops.Bytes(make([]byte, 140))), false); err != nil {
				b.Fatal(err)
			}
		}
	})
	s.pebble.Flush()
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for i := 0; b.Loop(); i++ {
			var ok bool
			var err error
			if buf, ok, err = m.Get(ctx, ops.Int(int64(i*7919%benchRows)), buf[:0]); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("txn", func(b *testing.B) {
		b.ReportAllocs()
		dst := make([]ops.Value, 1)
		for i := 0; b.Loop(); i++ {
			txn := begin(b, s, false)
			ok, err := txn.Get(ctx, txn.Catalog().Table("person"), ops.Int(int64(i*7919%benchRows)), wholeRecord, dst)
			if !ok || err != nil {
				b.Fatal(ok, err)
			}
			txn.Cancel()
			txn.Release()
		}
	})
}

func BenchmarkScan(b *testing.B) {
	s := openTest(b, benchOptions(b, true))
	defer s.Close()
	loadPersons(b, s)
	b.Run("raw", func(b *testing.B) {
		db := rawPebble(b)
		loadRaw(b, db)
		for b.Loop() {
			it, _ := db.NewIter(nil)
			n := 0
			for ok := it.First(); ok; ok = it.Next() {
				n += len(it.Value())
			}
			it.Close()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchRows), "ns/row")
	})
	for _, c := range []struct {
		name string
		cols []vm.Column
	}{{"none", nil}, {"age", []vm.Column{field("age")}}, {"city+score", []vm.Column{field("city"), field("score")}}, {"id", []vm.Column{colID}},
		{"age+late", []vm.Column{field("age"), {Kind: vm.ColumnRecord, Late: true}}}, {"record", []vm.Column{colRecord}}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				txn := begin(b, s, false)
				cur, err := txn.Scan(ctx, txn.Catalog().Table("person"), vm.Range{}, c.cols)
				if err != nil {
					b.Fatal(err)
				}
				var batch vm.Batch
				for {
					if err := cur.Next(ctx, &batch); err != nil {
						b.Fatal(err)
					}
					if batch.N == 0 {
						break
					}
				}
				cur.Close()
				txn.Cancel()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchRows), "ns/row")
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	objs := make([]ops.Value, benchRows)
	for i := range objs {
		objs[i] = person(i)
	}
	for _, size := range []int{1000, benchRows} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := openTest(b, benchOptions(b, true))
			defer s.Close()
			n := 0
			for b.Loop() {
				for from := 0; from < benchRows; from += size {
					update(b, s, func(txn *Txn) {
						desc := ensure(b, txn, "person", false)
						for i := range size {
							if _, _, err := txn.Create(ctx, desc, ops.Int(int64(n+i)), objs[from+i], false); err != nil {
								b.Fatal(err)
							}
						}
					})
					n += size
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func BenchmarkDurable16(b *testing.B) {
	parallel := func(b *testing.B, f func(i int) error) {
		var next atomic.Int64
		var wg sync.WaitGroup
		n := int64(b.N)
		b.ResetTimer()
		for range 16 {
			wg.Go(func() {
				for i := next.Add(1); i <= n; i = next.Add(1) {
					if err := f(int(i)); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "writes/s")
	}
	b.Run("raw", func(b *testing.B) {
		db := rawPebble(b)
		parallel(b, func(i int) error { return db.Set(rawKey(i), make([]byte, 150), pebble.Sync) })
	})
	b.Run("txn", func(b *testing.B) {
		s := openTest(b, benchOptions(b, false))
		defer s.Close()
		update(b, s, func(txn *Txn) { create(b, txn, "person", ops.Int(-1), person(0).AsObject()[0].Name, 1) })
		update(b, s, func(txn *Txn) {
			txn.Create(ctx, ensure(b, txn, "person", false), ops.Int(-2), person(0), false)
		})
		parallel(b, func(i int) error {
			txn, err := s.Begin(ctx, TxnOptions{Namespace: "main", Database: "main", Write: true})
			if err != nil {
				return err
			}
			if _, _, err := txn.Create(ctx, txn.Catalog().Table("person"), ops.Int(int64(i)), person(i), false); err != nil {
				return err
			}
			_, err = txn.Commit(ctx)
			return err
		})
	})
}
