package storage

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/record"
	"github.com/zerodb/zerodb/storage/sketch"
)

// statistics is what is known of the records of a table beside their number. Counts of values take what a transaction writes at
// once, whether or not it commits: they are estimates, and what a transaction that failed adds to them is little.
// The sample holds committed records only.
type statistics struct {
	seen  atomic.Pointer[sketch.Table]
	saved atomic.Int64 // seen's Changes as they are on disk

	mu       sync.Mutex // for what follows
	analyzed *analysis
	made     *schema.Stats // of what was seen when there were madeAt changes
	madeAt   int64
	madeRows int64
}

// analysis is what ANALYZE found. It describes the table until a good part of that has changed.
type analysis struct {
	stats   *schema.Stats
	changes int64            // seen's Changes then
	counts  map[string]int64 // by field, what seen estimated then
}

const (
	// sampledText is how many bytes of a text a sampled record keeps, sampledField how many a field may have at all, and
	// sampledFields how many fields.
	sampledText   = 64
	sampledField  = 512
	sampledFields = 64
)

// sampled is a change of a table's sample that a transaction makes when it commits: a record, or nil for one that goes.
type sampled struct {
	state *tableState
	key   uint64
	row   []byte
}

// watch notes a record that is written; its key is in t.key, its bytes in t.value.
func (t *Txn) watch(tab *table) {
	seen := tab.stats.seen.Load()
	seen.Changes.Add(1)
	key := sampleKey(t.key)
	if seen.Sample.Takes(key) {
		t.sample(tab.tableState, seen.Sample, sampled{tab.tableState, key, sampleRow(t.value)})
	}
	countFields(seen, t.value)
}

// unwatch notes a record that is deleted; its key is in t.key.
func (t *Txn) unwatch(tab *table) {
	seen := tab.stats.seen.Load()
	seen.Changes.Add(1)
	if key := sampleKey(t.key); seen.Sample.Takes(key) {
		t.sampleLog = append(t.sampleLog, sampled{tab.tableState, key, nil})
	}
}

// sample logs a record. One of many records in a transaction makes the sample sparser early, so that the log stays short.
func (t *Txn) sample(s *tableState, in *sketch.Sample, e sampled) {
	if s != t.sampling.state {
		t.sampling.state, t.sampling.n = s, 0
	}
	if t.sampling.n++; t.sampling.n > sketch.SampleRows {
		t.sampling.n = 0
		in.Halve()
	}
	t.sampleLog = append(t.sampleLog, e)
}

// sampleKey is the hash by which a record is chosen. The table's prefix is left out: it differs from store to store.
func sampleKey(key []byte) uint64 { return xxhash.Sum64(key[keys.PrefixLen:]) }

// countFields counts the values of a record's fields.
func countFields(seen *sketch.Table, value []byte) {
	v, err := record.Parse(value)
	if err != nil {
		return
	}
	for i := range v.Len() {
		raw, err := v.Field(i)
		if err != nil {
			return
		}
		if !record.Scalar(raw) {
			continue
		}
		if d := seen.Field(v.ID(i)); d != nil {
			d.Add(xxhash.Sum64(raw))
		}
	}
}

// sampleRow makes the form in which a record is sampled: of each field its number (2), length (2) and value; 0 bytes
// stand for a value that is too long.
func sampleRow(value []byte) []byte {
	v, err := record.Parse(value)
	if err != nil {
		return []byte{}
	}
	row := make([]byte, 0, min(len(value)+4*v.Len(), sampledFields*(sampledText+8)))
	for i := range min(v.Len(), sampledFields) {
		raw, err := v.Field(i)
		if err != nil {
			break
		}
		if text, ok := record.Text(raw); ok && len(text) > sampledText {
			raw = raw[:len(raw)-len(text)+sampledText]
		}
		if len(raw) > sampledField {
			raw = nil
		}
		row = binary.LittleEndian.AppendUint16(row, v.ID(i))
		row = binary.LittleEndian.AppendUint16(row, uint16(len(raw)))
		row = append(row, raw...)
	}
	return row
}

// eachSampled calls f for the fields of a sampled record.
func eachSampled(row []byte, f func(number uint16, raw []byte)) {
	for len(row) >= 4 {
		number, n := binary.LittleEndian.Uint16(row), int(binary.LittleEndian.Uint16(row[2:]))
		if row = row[4:]; n > len(row) {
			return
		}
		f(number, row[:n])
		row = row[n:]
	}
}

// publishSamples takes over what a transaction that commits has sampled.
func (t *Txn) publishSamples() {
	for _, e := range t.sampleLog {
		s := e.state.stats.seen.Load().Sample
		if e.row == nil {
			s.Delete(e.key)
		} else {
			s.Put(e.key, e.row)
		}
	}
}

// statsSlack is how many changes make it worth while to write statistics to disk, which is otherwise done when the store is
// closed: this many at least, and half of the records.
const statsSlack = 16 << 10

// worthSaving reports whether a table's statistics have changed much since they were written.
func (s *tableState) worthSaving() bool {
	changes := s.stats.seen.Load().Changes.Load() - s.stats.saved.Load()
	return changes >= statsSlack && changes >= s.rows.Load()/2
}

// txnSampling tells how many records of a table were sampled by a transaction.
type txnSampling struct {
	state *tableState
	n     int
}
