package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// pair is a key and a value as raw Pebble keeps them.
type pair struct{ key, value []byte }

// pebblePeer is Pebble without anything on top: the floor under zerodb. It keeps the same bytes that zerodb keeps for
// the same people, under keys of the same length.
type pebblePeer struct {
	dir   string
	data  *data
	pairs []pair // of the people, by id
	db    *pebble.DB
	fresh *pebble.DB // of the bulk import
	round int
	next  atomic.Uint64 // keys of the durable insert
}

func openPebble(dir string, d *data) (peer, error) {
	p := &pebblePeer{dir: below(dir, "pebble"), data: d, pairs: pairsOf(d)}
	db, err := pebble.Open(p.dir, pebbleOptions())
	if err != nil {
		return nil, err
	}
	p.db = db
	if err := load(db, p.pairs); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	// As zerodb is opened anew after its import, so that both read from tables and not from the log's memory.
	if err := db.Close(); err != nil {
		return nil, err
	}
	p.db, err = pebble.Open(p.dir, pebbleOptions())
	return p, err
}

// pebbleOptions are those that matter to what is measured, set as zerodb sets them: the newest format version and a
// cache that holds everything.
func pebbleOptions() *pebble.Options {
	return &pebble.Options{FormatMajorVersion: pebble.FormatNewest, CacheSize: 64 << 20, Logger: quiet{}}
}

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("pebble: "+format, args...))
}

// pairsOf encodes the people much as zerodb does: a header with a time, an offset for each field, the fields.
func pairsOf(d *data) []pair {
	pairs := make([]pair, len(d.people))
	for i, p := range d.people {
		pairs[i] = pair{pebbleKey(uint64(p.id)), encode(p)}
	}
	return pairs
}

// pebbleKey is a key with a prefix of the length that zerodb's have.
func pebbleKey(id uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{1, 0, 7, 0, 0, 0, 2, 4}, id)
}

func encode(p person) []byte {
	b := binary.BigEndian.AppendUint64(nil, 1<<40) // commit time
	b = append(b, 7)
	at := len(b)
	b = append(b, make([]byte, 7*3)...)
	for i, f := range []string{p.name, p.city, p.email, p.about} {
		binary.LittleEndian.PutUint16(b[at+3*i:], uint16(len(b)))
		b = append(b, f...)
	}
	b = binary.AppendVarint(b, p.age)
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(p.score))
	if p.vip {
		return append(b, 1)
	}
	return append(b, 0)
}

// load writes pairs in batches, unsynced.
func load(db *pebble.DB, pairs []pair) error {
	const size = 1000
	for len(pairs) > 0 {
		n := min(size, len(pairs))
		b := db.NewBatch()
		for _, p := range pairs[:n] {
			if err := b.Set(p.key, p.value, nil); err != nil {
				return err
			}
		}
		if err := b.Commit(pebble.NoSync); err != nil {
			return err
		}
		pairs = pairs[n:]
	}
	return nil
}

func (p *pebblePeer) name() string { return pebbleName }

func (p *pebblePeer) prepare(name string) (*job, error) {
	switch name {
	case "get", "kv":
		return &job{run: p.get}, nil
	case "count", "sum", "top":
		return &job{run: p.scan}, nil
	case "import":
		return &job{before: p.renew, run: p.load}, nil
	case "durable":
		return &job{run: p.durable}, nil
	}
	return nil, nil
}

// get reads records by key.
func (p *pebblePeer) get(n int) (uint64, error) {
	bytes := 0
	for i := range n {
		v, closer, err := p.db.Get(p.pairs[p.data.key(i)-1].key)
		if err != nil {
			return 0, err
		}
		bytes += len(v)
		if err := closer.Close(); err != nil {
			return 0, err
		}
	}
	if bytes == 0 {
		return 0, errors.New("no bytes")
	}
	return 0, nil
}

// scan walks over all records and touches each value: the bare scan.
func (p *pebblePeer) scan(n int) (uint64, error) {
	for range n {
		it, err := p.db.NewIter(nil)
		if err != nil {
			return 0, err
		}
		rows, sum := 0, byte(0)
		for ok := it.First(); ok; ok = it.Next() {
			v := it.Value()
			sum += v[len(v)-1]
			rows++
		}
		if err := it.Close(); err != nil {
			return 0, err
		}
		if rows < len(p.pairs) {
			return 0, fmt.Errorf("%d rows (%d)", rows, sum)
		}
	}
	return 0, nil
}

// renew opens an empty store for the next bulk import.
func (p *pebblePeer) renew() error {
	if p.fresh != nil {
		if err := p.fresh.Close(); err != nil {
			return err
		}
	}
	p.round++
	db, err := pebble.Open(fmt.Sprintf("%s-import-%d", p.dir, p.round), pebbleOptions())
	p.fresh = db
	return err
}

func (p *pebblePeer) load(n int) (uint64, error) {
	return 0, load(p.fresh, p.pairs[:min(n, len(p.pairs))])
}

// durable inserts new records from many writers, each synced.
func (p *pebblePeer) durable(n int) (uint64, error) {
	return 0, concurrently(n, func(_, _ int) error {
		id := p.next.Add(1)
		return p.db.Set(pebbleKey(1<<32+id), p.pairs[id%uint64(len(p.pairs))].value, pebble.Sync)
	})
}

// writers is how many goroutines a durable insert has.
const writers = 16

// concurrently shares n calls among the writers.
func concurrently(n int, f func(writer, i int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, writers)
	for w := range writers {
		wg.Go(func() {
			for i := w; i < n && errs[w] == nil; i += writers {
				errs[w] = f(w, i)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (p *pebblePeer) close() error {
	if p.fresh != nil {
		return errors.Join(p.fresh.Close(), p.db.Close())
	}
	return p.db.Close()
}
