package database

import (
	"math"
	"runtime/debug"

	"github.com/zerodb/zerodb"
)

// limitMemory tells the collector how much the process may hold, while the statements of a database hold so many bytes. Without
// that the heap grows to twice what is live before it is collected: a statement that keeps to a budget of 64 MiB was seen to take 166 of the
// machine, of which 78 were live. A limit that GOMEMLIMIT sets stays.
func limitMemory(o *zerodb.Options, statements int64) {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(o.Footprint(statements))
	}
}
