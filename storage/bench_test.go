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
)

const benchRows = 100_000

func benchOptions(b *testing.B, relaxed bool) Options {
	return Options{FS: vfs.Default, Dir: b.TempDir(), Clock: time.Now, Random: rand.New(rand.NewSource(1)), Relaxed: relaxed}
}

// rawPebble is Pebble with the options that a store gives it.
func rawPebble(b *testing.B) *pebble.DB {
	o := &pebble.Options{FormatMajorVersion: pebble.FormatNewest, MemTableSize: 32 << 20, MemTableStopWritesThreshold: 4,
		CacheSize: 128<<20 + 4*32<<20, L0CompactionThreshold: compactAt, Logger: pebbleLogger{}}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].BlockSize, o.Levels[i].IndexBlockSize = blockBytes, indexBlockBytes
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

// loadRaw loads the records of a store's persons, the same bytes.
func loadRaw(b *testing.B, db *pebble.DB, s *Store) {
	batch := db.NewBatch()
	p := s.catalogs[place{"main", "main"}].Load().byName["person"]
	for i := range benchRows {
		v, c, err := s.pebble.Get(recordKey(nil, p.records, ops.Int(int64(i))))
		if err != nil {
			b.Fatal(err)
		}
		batch.Set(rawKey(i), v, nil)
		c.Close()
	}
	batch.Commit(pebble.NoSync)
	db.Flush()
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
