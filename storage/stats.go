package storage

import (
	"encoding/binary"
	"sync/atomic"
)

type counters struct{ commits, conflicts atomic.Int64 }

// Stats are figures of a store since it was opened.
type Stats struct {
	Commits, Conflicts int64
	DiskBytes          uint64
	CacheHits          int64
	CacheMisses        int64
	// LogBytes is the size of the write-ahead log, MemTableBytes the memory of what has not been flushed.
	LogBytes, MemTableBytes uint64
	Flushes, Compactions    int64
	// CompactionDebt is how many bytes are still to be compacted, ReadAmplification how many levels a read may look into.
	CompactionDebt    uint64
	ReadAmplification int
}

// Stats returns the store's figures.
func (s *Store) Stats() Stats {
	m := s.pebble.Metrics()
	return Stats{Commits: s.stats.commits.Load(), Conflicts: s.stats.conflicts.Load(),
		DiskBytes: m.DiskSpaceUsage(), CacheHits: m.BlockCache.Hits, CacheMisses: m.BlockCache.Misses,
		LogBytes: m.WAL.Size, MemTableBytes: m.MemTable.Size, Flushes: m.Flush.Count, Compactions: m.Compact.Count,
		CompactionDebt: m.Compact.EstimatedDebt, ReadAmplification: m.ReadAmp()}
}

// ID returns the identity that the store was given when it was made.
func (s *Store) ID() string { return s.ident.id }

func be64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
