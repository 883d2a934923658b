package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// pair is a key and a value as raw Pebble keeps them.
type pair struct{ key, value []byte }

// pebblePeer is Pebble without anything on top: the floor under zerodb. It holds the same keys and values that zerodb's
// store holds for the same people.
type pebblePeer struct {
	dir   string
	data  *data
	db    *pebble.DB
	fresh *pebble.DB // of the bulk import
	round int
	next  atomic.Uint64 // keys of the durable insert
}

func openPebble(dir string, d *data) (peer, error) {
	p := &pebblePeer{dir: below(dir, "pebble"), data: d}
	db, err := pebble.Open(p.dir, pebbleOptions())
	if err != nil {
		return nil, err
	}
	p.db = db
	if err := errors.Join(load(db, d.stored.people), load(db, d.stored.values)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	// As zerodb is opened anew after its import, so that both read from tables and not from the log's memory.
	if err := db.Close(); err != nil {
		return nil, err
	}
	p.db, err = pebble.Open(p.dir, pebbleOptions())
	return p, err
}

// pebbleOptions are those that matter to what is measured, set as zerodb sets them: the newest format version, filters,
// sizes of blocks and memtables, when level 0 is compacted, a cache that holds everything beside the memtables, which Pebble
// takes out of its size.
func pebbleOptions() *pebble.Options {
	o := &pebble.Options{FormatMajorVersion: pebble.FormatNewest, CacheSize: cacheBytes + 4*memTableBytes, MemTableSize: memTableBytes,
		MemTableStopWritesThreshold: 4, L0CompactionThreshold: 2, Logger: quiet{}}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].BlockSize, o.Levels[i].IndexBlockSize = 16<<10, 256<<10
	}
	return o
}

const (
	cacheBytes    = 64 << 20
	memTableBytes = 32 << 20
)

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("pebble: "+format, args...))
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
	case "get":
		return p.gets(p.data.stored.people), nil
	case "kv":
		return p.gets(p.data.stored.values), nil
	case "count", "sum", "top":
		return &job{run: p.scan}, nil
	case "import":
		return &job{before: p.renew, run: p.load}, nil
	case "paths2":
		return p.adjacency()
	case "durable":
		return &job{run: p.durable}, nil
	}
	return nil, nil
}

// gets makes the job of reading values by key; each is looked at before it is let go.
func (p *pebblePeer) gets(pairs []pair) *job {
	return &job{run: func(n int) (uint64, error) {
		sum := uint64(0)
		for i := range n {
			v, closer, err := p.db.Get(pairs[p.data.key(i)-1].key)
			if err != nil {
				return 0, err
			}
			sum += uint64(v[len(v)-1]) + 1
			if err := closer.Close(); err != nil {
				return 0, err
			}
		}
		if sum == 0 {
			return 0, errors.New("no bytes")
		}
		return 0, nil
	}}
}

// scan walks over the people's range and touches each value: the bare scan.
func (p *pebblePeer) scan(n int) (uint64, error) {
	people := p.data.stored.people
	for range n {
		it, err := p.db.NewIter(&pebble.IterOptions{LowerBound: people[0].key, UpperBound: append(people[len(people)-1].key, 0)})
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
		if rows != len(people) {
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
	return 0, load(p.fresh, p.data.stored.people[:min(n, len(p.data.stored.people))])
}

// durable inserts new records from many writers, each synced.
func (p *pebblePeer) durable(n int) (uint64, error) {
	people := p.data.stored.people
	return 0, concurrently(n, func(_, _ int) error {
		id := p.next.Add(1)
		key := binary.BigEndian.AppendUint64([]byte("inserted"), id)
		return p.db.Set(key, people[id%uint64(len(people))].value, pebble.Sync)
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

// readStored returns what zerodb's closed store holds for its first two tables of n records: keys and values as they are
// in Pebble.
func readStored(dir string, n int) (people, values []pair, err error) {
	found, err := readTables(dir, n)
	if err == nil && len(found) != 2 {
		err = fmt.Errorf("the store has %d tables of %d records, 2 were expected", len(found), n)
	}
	if err != nil {
		return nil, nil, err
	}
	return found[0], found[1], nil
}

// readTables returns those of a closed store's tables, indexes and adjacencies that have n keys. The first six bytes of a key
// name what it is of.
func readTables(dir string, n int) (found [][]pair, err error) {
	o := pebbleOptions()
	o.ReadOnly = true
	db, err := pebble.Open(dir, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	it, err := db.NewIter(nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	var table []pair
	for ok := it.First(); ; ok = it.Next() {
		if len(table) > 0 && (!ok || !bytes.HasPrefix(it.Key(), table[0].key[:6])) {
			if len(table) == n {
				found = append(found, table)
			}
			table = nil
		}
		if !ok {
			break
		}
		if len(it.Key()) > 6 {
			table = append(table, pair{bytes.Clone(it.Key()), bytes.Clone(it.Value())})
		}
	}
	return found, it.Error()
}
