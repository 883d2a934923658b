package storage

import (
	"runtime"
	"sort"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// cpu returns the CPU time of the calling thread: on a machine that others use too, the only clock worth reading.
func cpu() time.Duration {
	var ts syscall.Timespec
	const threadCPU = 3
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, threadCPU, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano())
}

// ratios runs a and others by turns and reports the median CPU time of each, and its ratio to a's.
func ratios(b *testing.B, per int, names []string, fs ...func(round int)) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const rounds = 31
	times := make([][]time.Duration, len(fs))
	for r := range rounds {
		for i, f := range fs {
			start := cpu()
			f(r)
			times[i] = append(times[i], cpu()-start)
		}
	}
	first := 0.0
	for i, ts := range times {
		sort.Slice(ts, func(x, y int) bool { return ts[x] < ts[y] })
		ns := float64(ts[rounds/2]) / float64(per)
		if i == 0 {
			first = ns
		}
		b.ReportMetric(ns, names[i]+"-ns")
		b.ReportMetric(ns/first, names[i]+"-ratio")
	}
}

var inserted int

func BenchmarkRatios(b *testing.B) {
	s := openTest(b, benchOptions(b, true))
	defer s.Close()
	loadPersons(b, s)
	update(b, s, func(txn *Txn) {
		desc := ensure(b, txn, "kv", false)
		for i := range benchRows {
			if _, _, err := txn.Create(ctx, desc, ops.Int(int64(i)), object("value", ops.Bytes(make([]byte, 140))), false); err != nil {
				b.Fatal(err)
			}
		}
	})
	db := rawPebble(b)
	loadRaw(b, db, s)
	s.pebble.Flush()
	s.pebble.Compact(ctx, []byte{0}, []byte{0xff, 0xff, 0xff}, false)
	db.Compact(ctx, []byte{0}, []byte{0xff, 0xff, 0xff}, false)
	m, _ := s.Map("main", "main", "kv")
	b.Run("get", func(b *testing.B) {
		const n = 2000
		var buf []byte
		dst := make([]ops.Value, 1)
		key := func(r, i int) int { return (r*n + i) * 7919 % benchRows }
		ratios(b, n, []string{"raw", "map", "txn", "begin"}, func(r int) {
			for i := range n {
				v, c, err := db.Get(rawKey(key(r, i)))
				if err != nil {
					b.Fatal(err)
				}
				buf = append(buf[:0], v...)
				c.Close()
			}
		}, func(r int) {
			for i := range n {
				buf, _, _ = m.Get(ctx, ops.Int(int64(key(r, i))), buf[:0])
			}
		}, func(r int) {
			for i := range n {
				txn := begin(b, s, false)
				ok, err := txn.Get(ctx, txn.Catalog().Table("person"), ops.Int(int64(key(r, i))), wholeRecord, dst)
				if !ok || err != nil {
					b.Fatal(ok, err)
				}
				txn.Cancel()
				txn.Release()
			}
		}, func(r int) {
			for range n {
				txn := begin(b, s, false)
				txn.Cancel()
				txn.Release()
			}
		})
	})
	b.Run("insert", func(b *testing.B) {
		const n = 500
		obj := person(7)
		inserted += 1_000_000
		ratios(b, n, []string{"raw", "txn", "map"}, func(r int) {
			for i := range n {
				db.Set(rawKey(inserted+r*n+i), make([]byte, 150), pebble.NoSync)
			}
		}, func(r int) {
			for i := range n {
				txn := begin(b, s, true)
				if _, _, err := txn.Create(ctx, txn.Catalog().Table("person"), ops.Int(int64(inserted+r*n+i)), obj, false); err != nil {
					b.Fatal(err)
				}
				commit(b, txn)
				txn.Release()
			}
		}, func(r int) {
			for i := range n {
				if err := m.Put(ctx, ops.Int(int64(inserted+r*n+i)), make([]byte, 150)); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("scan", func(b *testing.B) {
		scan := func(cols ...vm.Column) func(int) {
			var batch vm.Batch
			return func(int) {
				txn := begin(b, s, false)
				cur, err := txn.Scan(ctx, txn.Catalog().Table("person"), vm.Range{}, cols)
				if err != nil {
					b.Fatal(err)
				}
				for n := -1; n != 0; n = batch.N {
					if err := cur.Next(ctx, &batch); err != nil {
						b.Fatal(err)
					}
				}
				cur.Close()
				txn.Cancel()
				txn.Release()
			}
		}
		ratios(b, benchRows, []string{"raw", "none", "age", "city+score", "id", "record"}, func(int) {
			it, _ := db.NewIter(nil)
			n := 0
			for ok := it.First(); ok; ok = it.Next() {
				n += len(it.Value())
			}
			it.Close()
		}, scan(), scan(field("age")), scan(field("city"), field("score")), scan(colID), scan(colRecord))
	})
}

func BenchmarkScanAge(b *testing.B) {
	s := openTest(b, benchOptions(b, true))
	defer s.Close()
	loadPersons(b, s)
	s.pebble.Compact(ctx, []byte{0}, []byte{0xff, 0xff, 0xff}, false)
	var batch vm.Batch
	for b.Loop() {
		txn := begin(b, s, false)
		cur, _ := txn.Scan(ctx, txn.Catalog().Table("person"), vm.Range{}, []vm.Column{field("age")})
		for n := -1; n != 0; n = batch.N {
			if err := cur.Next(ctx, &batch); err != nil {
				b.Fatal(err)
			}
		}
		cur.Close()
		txn.Cancel()
		txn.Release()
	}
}
