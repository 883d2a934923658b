package zbench

import (
	"context"
	"math/rand/v2"
	"sync/atomic"

	"github.com/zerodb/zerodb/bench/peer"
)

// The records of YCSB: ten fields of a hundred characters.
const (
	ycsbFields     = 10
	ycsbFieldBytes = 100
	ycsbScan       = 100 // the longest scan
)

// ycsbMix is one of the core workloads of YCSB (Cooper et al., SoCC 2010): the shares of its operations in percent.
type ycsbMix struct {
	name, about                        string
	read, update, insert, scan, modify int
	latest, uniform                    bool // which records are popular: the latest; all alike; else zipfian
}

var ycsbMixes = []ycsbMix{
	{name: "ycsb-a", about: "half reads, half updates", read: 50, update: 50},
	{name: "ycsb-b", about: "95 % reads, 5 % updates", read: 95, update: 5},
	{name: "ycsb-c", about: "reads only", read: 100},
	{name: "ycsb-d", about: "95 % reads of the latest records, 5 % inserts", read: 95, insert: 5, latest: true},
	{name: "ycsb-e", about: "95 % scans of up to 100 records, 5 % inserts", scan: 95, insert: 5},
	{name: "ycsb-f", about: "half reads, half read-modify-writes", read: 50, modify: 50},
	{name: "kv", about: "90 % reads, 10 % updates, every record alike", read: 90, update: 10, uniform: true},
}

// ycsb drives a peer with a mix.
type ycsb struct {
	mix     ycsbMix
	records int
	zipf    *zipfian
	peer    peer.Peer
	// inserted counts the records, so that clients insert keys of their own.
	inserted atomic.Int64
}

func newYCSB(mix ycsbMix, p peer.Peer, records int) *ycsb {
	y := &ycsb{mix: mix, records: records, zipf: newZipfian(records), peer: p}
	y.inserted.Store(int64(records))
	return y
}

// load stores the records. The same seed gives every peer the same ones.
func (y *ycsb) load(ctx context.Context, seed uint64) error {
	return y.peer.Load(ctx, y.records, func(i int) peer.Record { return recordOf(rand.New(rand.NewPCG(seed, uint64(i)))) })
}

func recordOf(r *rand.Rand) peer.Record {
	rec := make(peer.Record, ycsbFields)
	for i := range rec {
		rec[i] = textOf(r)
	}
	return rec
}

func textOf(r *rand.Rand) string {
	b := make([]byte, ycsbFieldBytes)
	for i := range b {
		b[i] = ' ' + byte(r.IntN(95))
		if b[i] == '"' || b[i] == '\\' { // so that no encoding is longer for one database than for another
			b[i] = '_'
		}
	}
	return string(b)
}

func (y *ycsb) worker(ctx context.Context, r *rand.Rand) (worker, error) {
	c, err := y.peer.Client(ctx)
	if err != nil {
		return nil, err
	}
	return &ycsbWorker{y, c, r}, nil
}

type ycsbWorker struct {
	*ycsb
	client peer.Client
	r      *rand.Rand
}

func (w *ycsbWorker) close() error { return w.client.Close() }

// key draws a record that is there.
func (w *ycsbWorker) key() int {
	switch {
	case w.mix.uniform:
		return w.r.IntN(w.records)
	case w.mix.latest:
		// Records that other clients are just inserting may not be there yet; those loaded are.
		return w.records - 1 - w.zipf.draw(w.r)
	}
	return scrambled(w.zipf.draw(w.r), w.records)
}

func (w *ycsbWorker) do(ctx context.Context) (string, error) {
	m := &w.mix
	dice := w.r.IntN(100)
	switch {
	case dice < m.read:
		return "read", w.client.Read(ctx, w.key())
	case dice < m.read+m.update:
		return "update", w.client.Update(ctx, w.key(), w.r.IntN(ycsbFields), textOf(w.r))
	case dice < m.read+m.update+m.insert:
		return "insert", w.client.Insert(ctx, int(w.inserted.Add(1)-1), recordOf(w.r))
	case dice < m.read+m.update+m.insert+m.scan:
		_, err := w.client.Scan(ctx, w.key(), 1+w.r.IntN(ycsbScan))
		return "scan", err
	}
	key := w.key()
	if err := w.client.Read(ctx, key); err != nil {
		return "modify", err
	}
	return "modify", w.client.Update(ctx, key, w.r.IntN(ycsbFields), textOf(w.r))
}
