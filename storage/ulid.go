package storage

import (
	"io"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/zerodb/zerodb/ops"
)

// idSource makes record ids: ULIDs that rise with time, also within a millisecond.
type idSource struct {
	mu      sync.Mutex
	clock   func() time.Time
	entropy *ulid.MonotonicEntropy
	last    uint64
}

func newIDSource(clock func() time.Time, random io.Reader) *idSource {
	return &idSource{clock: clock, entropy: ulid.Monotonic(random, 0)}
}

func (s *idSource) next() (ops.Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A clock that is set back does not make ids fall.
	s.last = max(s.last, ulid.Timestamp(s.clock()))
	id, err := ulid.New(s.last, s.entropy)
	if err != nil {
		// The counter of this millisecond is used up, or randomness failed: the next millisecond starts afresh.
		s.last++
		if id, err = ulid.New(s.last, s.entropy); err != nil {
			return ops.None, wrap(err)
		}
	}
	return ops.String(id.String()), nil
}
