package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/vm"
)

// figures tell what database and server count themselves.
type figures struct{ t *Telemetry }

// figure is a metric of theirs.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*reading) float64
}

// reading is what they say at one moment.
type reading struct {
	server *protocol.ServerStats
	db     zerodb.Stats
}

func gauge(name, help string, of func(*reading) float64) figure {
	return figure{prometheus.NewDesc("zerodb_"+name, help, nil, nil), prometheus.GaugeValue, of}
}

func counter(name, help string, of func(*reading) float64) figure {
	return figure{prometheus.NewDesc("zerodb_"+name+"_total", help, nil, nil), prometheus.CounterValue, of}
}

// all are the figures: what is of the server comes first.
var all = []figure{
	gauge("connections", "Connections that are open.", func(r *reading) float64 { return float64(r.server.GetConnections()) }),
	gauge("sessions", "Sessions that are open, those that wait for requests among them.", func(r *reading) float64 { return float64(r.server.GetSessions()) }),
	gauge("transactions", "Transactions by token that are open.", func(r *reading) float64 { return float64(r.server.GetTransactions()) }),
	gauge("running", "Statements and calls that run.", func(r *reading) float64 { return float64(r.server.GetRunning()) }),
	counter("admitted", "Statements and calls that were let in.", func(r *reading) float64 { return float64(r.server.GetExecuted()) }),
	counter("overloaded", "Statements and calls that were refused for want of room.", func(r *reading) float64 { return float64(r.server.GetOverloaded()) }),

	counter("compiles", "Texts that were compiled.", func(r *reading) float64 { return float64(r.db.Statements.Compiles) }),
	counter("statement_cache_hits", "Look-ups of compiled texts that found one.", func(r *reading) float64 { return float64(r.db.Statements.Hits) }),
	counter("statement_cache_misses", "Look-ups of compiled texts that found none.", func(r *reading) float64 { return float64(r.db.Statements.Misses) }),
	gauge("statement_cache_bytes", "Memory of compiled texts.", func(r *reading) float64 { return float64(r.db.Statements.Bytes) }),
	counter("commits", "Transactions that have written and committed.", func(r *reading) float64 { return float64(r.db.Store.Commits) }),
	counter("conflicts", "Transactions that lost a conflict.", func(r *reading) float64 { return float64(r.db.Store.Conflicts) }),
	gauge("disk_bytes", "Space that the database takes on disk.", func(r *reading) float64 { return float64(r.db.Store.DiskBytes) }),
	gauge("log_bytes", "Size of the write-ahead log.", func(r *reading) float64 { return float64(r.db.Store.LogBytes) }),
	gauge("memtable_bytes", "Memory of what has not been flushed.", func(r *reading) float64 { return float64(r.db.Store.MemTableBytes) }),
	gauge("read_amplification", "Levels that a read may look into.", func(r *reading) float64 { return float64(r.db.Store.ReadAmplification) }),
	counter("flushes", "Memtables that were written to disk.", func(r *reading) float64 { return float64(r.db.Store.Flushes) }),
	counter("compactions", "Compactions that have ended.", func(r *reading) float64 { return float64(r.db.Store.Compactions) }),
	gauge("compaction_debt_bytes", "Bytes that are still to be compacted.", func(r *reading) float64 { return float64(r.db.Store.CompactionDebt) }),
	counter("block_cache_hits", "Blocks that were in memory.", func(r *reading) float64 { return float64(r.db.Store.CacheHits) }),
	counter("block_cache_misses", "Blocks that were read from disk.", func(r *reading) float64 { return float64(r.db.Store.CacheMisses) }),
}

// serverFigures is how many of all are the server's.
const serverFigures = 6

// Describe implements prometheus.Collector.
func (f *figures) Describe(to chan<- *prometheus.Desc) {
	for i := range all {
		to <- all[i].desc
	}
}

// Collect implements prometheus.Collector.
func (f *figures) Collect(to chan<- prometheus.Metric) {
	w := f.t.watched.Load()
	if w == nil {
		return
	}
	r := &reading{db: w.db.Stats()}
	from := serverFigures
	if w.server != nil {
		r.server, from = w.server.Stats(), 0
	}
	for i := range all[from:] {
		x := &all[from+i]
		to <- prometheus.MustNewConstMetric(x.desc, x.kind, x.of(r))
	}
}

// touched are the names of tables.
func touched(all []vm.TableFields) []string {
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Table
	}
	return names
}
