package zerodb_test

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/zerodb/zerodb"
)

// TestFiveMillionRows groups, sorts and makes distinct five million rows under a budget of 64 MiB, and with plenty of memory: the
// answers are the same, and the memory that the process holds grows by no more than the budget and 64 MiB. It takes a minute; make proof
// runs it. The ratio of the times is shown, the goal is 3.
func TestFiveMillionRows(t *testing.T) {
	if os.Getenv("ZERODB_PROOF") == "" {
		t.Skip("make proof runs it")
	}
	const rows, budget = 5_000_000, 64 << 20
	for _, text := range []string{
		"SELECT k, count() AS n, sum(x) AS s FROM (SELECT x * 7919 %% 4_000_037 AS k, x FROM 0..%d AS x) GROUP BY k",
		"SELECT k, x FROM (SELECT x * 7919 %% 4_000_037 AS k, x FROM 0..%d AS x) ORDER BY k, x",
		"SELECT DISTINCT k FROM (SELECT x * 7919 %% 4_000_037 AS k FROM 0..%d AS x)",
	} {
		text = fmt.Sprintf(text, rows)
		t.Log(text)
		var took [2]time.Duration
		var sums [2]int64
		for i, memory := range []int64{budget, 4 << 30} {
			db, err := zerodb.Open(t.TempDir(), &zerodb.Options{NoWarmUp: true, QueryMemory: memory})
			must(t, err)
			debug.FreeOSMemory()
			base, peak, n := resident(), int64(0), 0
			if memory == budget { // as GOMEMLIMIT does: what the collector may let grow is no memory that the statement needs
				debug.SetMemoryLimit(base + budget + 64<<20)
			}
			start := time.Now()
			result, err := session(t, db).Execute(ctx, text)
			must(t, err)
			for row, err := range result.All() {
				must(t, err)
				if n++; n == 1 || n%100_000 == 0 {
					peak = max(peak, resident()-base)
				}
				for c := range row.Len() {
					sums[i] += row.At(c).AsInt() % 1013 * int64(c+1)
				}
			}
			took[i] = time.Since(start)
			t.Logf("%d MiB: %d rows in %v, %d MiB held, %d MiB spilled", memory>>20, n, took[i], peak>>20, result.Work().Spilled>>20)
			if memory == budget && (peak > budget+64<<20 || result.Work().Spilled == 0) {
				t.Errorf("%d MiB held, %d MiB spilled", peak>>20, result.Work().Spilled>>20)
			}
			must(t, db.Close())
			debug.SetMemoryLimit(math.MaxInt64)
		}
		t.Logf("ratio %.2f", float64(took[0])/float64(took[1]))
		if sums[0] != sums[1] {
			t.Errorf("the answers differ: %d and %d", sums[0], sums[1])
		}
	}
}

// resident is about how much memory the process holds of the machine's.
func resident() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}
