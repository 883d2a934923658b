package database

import (
	"math"
	"runtime/debug"
	"testing"

	"github.com/zerodb/zerodb"
)

// TestMemoryIsLimitedByTheOptions: what the options let a process hold is its limit; one that was set before stays.
func TestMemoryIsLimitedByTheOptions(t *testing.T) {
	before := debug.SetMemoryLimit(math.MaxInt64)
	defer debug.SetMemoryLimit(before)
	small := &zerodb.Options{CacheBytes: 8 << 20, StatementBytes: 4 << 20, QueryMemory: 16 << 20}
	limitMemory(small, 0)
	if got, want := debug.SetMemoryLimit(-1), int64(8+4+16+128+64)<<20; got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
	limitMemory(nil, 1<<30)
	if got := debug.SetMemoryLimit(-1); got != small.Footprint(0) {
		t.Errorf("%d bytes: the limit before is gone", got)
	}
	if got, want := (*zerodb.Options)(nil).Footprint(1<<30), int64(64+16+1024+128+64)<<20; got != want {
		t.Errorf("%d bytes by default, want %d", got, want)
	}
}
