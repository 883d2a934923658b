package sketch

import (
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// SampleRows is how many rows a sample has at most.
const SampleRows = 1024

// Sample holds a fair share of a table's rows: those whose key's hash lies below a limit, which is halved when there are too
// many. So whether a row is in it does not depend on when it came, and updates and deletions find it. It is safe for use by many goroutines.
type Sample struct {
	limit atomic.Uint64 // inclusive
	mu    sync.Mutex
	rows  map[uint64][]byte // by hash of the key
}

// NewSample returns an empty sample that takes every row.
func NewSample() *Sample {
	s := &Sample{rows: map[uint64][]byte{}}
	s.limit.Store(math.MaxUint64)
	return s
}

// Takes reports whether a row belongs into the sample, by the hash of its key.
func (s *Sample) Takes(key uint64) bool { return key <= s.limit.Load() }

// Whole reports whether every row belongs into the sample.
func (s *Sample) Whole() bool { return s.limit.Load() == math.MaxUint64 }

// Put adds a row or replaces it. The sample keeps row.
func (s *Sample) Put(key uint64, row []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.Takes(key) {
		return
	}
	s.rows[key] = row
	for len(s.rows) > SampleRows {
		s.halve()
	}
}

// Delete removes a row.
func (s *Sample) Delete(key uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rows, key)
}

// Halve makes room before it is needed: a transaction that is about to add many rows need not hold them all.
func (s *Sample) Halve() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.halve()
}

func (s *Sample) halve() {
	limit := s.limit.Load() / 2
	s.limit.Store(limit)
	for key := range s.rows {
		if key > limit {
			delete(s.rows, key)
		}
	}
}

// Rows returns the rows, by the hashes of their keys. They must not be changed.
func (s *Sample) Rows() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := make([][]byte, 0, len(s.rows))
	for _, key := range slices.Sorted(maps.Keys(s.rows)) {
		rows = append(rows, s.rows[key])
	}
	return rows
}
