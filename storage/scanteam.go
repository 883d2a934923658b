package storage

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// scanTeam reads a scan on with several goroutines, once it has read so many rows that it is unlikely to end early and has
// many more before it. The rest of the range is cut into pieces; each worker takes the next piece and fills batches from it,
// and the cursor gives the batches out in the order of the keys, so that nobody can tell the difference. A worker reads
// ahead by a few batches. What the cursor has not given out does not count as examined.
type scanTeam struct {
	store   *Store
	split   *splitter
	lo, hi  []byte // the range
	its     []*pebble.Iterator
	batches []*scanBatch  // of all workers
	end     chan struct{} // closed when the workers are to stop
	wake    chan struct{} // something has changed for the cursor
	work    sync.WaitGroup
	apart   atomic.Bool // see rows.apart

	mu     sync.Mutex
	next   int            // the piece that is taken next
	at     int            // the piece that is given out
	pieces map[int]*piece // from at to next
}

// piece is a part of a scan, which one worker reads.
type piece struct {
	ready []*scanBatch
	done  bool // no more will be ready
	err   error
}

// scanBatch is a batch that a worker fills, with what its late columns are decoded from.
type scanBatch struct {
	rows  rows
	batch vm.Batch
	bytes int64
	first []byte          // the key of the first row
	home  chan *scanBatch // where its worker finds it
}

const (
	teamAfter   = 4096     // so many rows are read alone
	teamRows    = 16 << 10 // so many must be left
	teamRetries = 16       // batches from one try to the next
	pieceRows   = 4096
	readAhead   = 12 // batches of a worker
	wakeAt      = 4  // so many are worth waking the cursor for
)

// scanBatches has batches of teams that ended, for the memory of their columns.
var scanBatches = sync.Pool{New: func() any { return new(scanBatch) }}

// takeWorkers takes up to n of the store's workers.
func (s *Store) takeWorkers(n int) int {
	for {
		busy := s.scanners.Load()
		n = min(n, s.opts.ScanWorkers-int(busy))
		if n <= 0 || s.scanners.CompareAndSwap(busy, busy+int64(n)) {
			return max(n, 0)
		}
	}
}

func (s *Store) giveWorkers(n int) { s.scanners.Add(-int64(n)) }

// startsTeam reports whether it is time to try for a team. A transaction that writes reads alone, since it records what it has
// read.
func (c *scanCursor) startsTeam(b *vm.Batch) bool {
	if c.team != nil || !c.ok || c.reverse || c.count < teamAfter || b.Room() < ops.BatchSize || c.txn.store.opts.ScanWorkers < 2 {
		return false
	}
	if c.retry > 0 {
		c.retry--
		return false
	}
	c.retry = teamRetries
	return !c.txn.kv.Writable() && c.it.Plain() != nil && c.table.rows.Load()-c.count >= teamRows
}

// startTeam makes a team, unless other scans have the workers.
func (c *scanCursor) startTeam() (err error) {
	s := c.txn.store
	n := s.takeWorkers(s.opts.ScanWorkers)
	if n < 2 {
		s.giveWorkers(n)
		return nil
	}
	t := &scanTeam{store: s, lo: bytes.Clone(c.it.Key()), hi: c.hi, pieces: map[int]*piece{}, end: make(chan struct{}), wake: make(chan struct{}, 1)}
	for len(t.its) < n && err == nil {
		var it *pebble.Iterator
		if it, err = c.it.Lend(); err == nil {
			t.its = append(t.its, it)
		}
	}
	if err == nil {
		it := t.its[0]
		it.SetBounds(t.lo, t.hi)
		if it.Last() {
			t.split = newSplitter(it, t.lo, bytes.Clone(it.Key()), int((c.table.rows.Load()-c.count)/pieceRows)+1)
		}
		err = it.Error()
	}
	c.team = t
	if err != nil || t.split == nil {
		s.giveWorkers(n - len(t.its))
		c.stopTeam()
		return wrap(err)
	}
	for _, it := range t.its {
		home := make(chan *scanBatch, readAhead)
		for range readAhead {
			b := scanBatches.Get().(*scanBatch)
			b.home = home
			b.rows.init(c.rows.layout)
			t.batches = append(t.batches, b)
			home <- b
		}
		t.work.Go(func() {
			for t.piece(it, home) {
			}
		})
	}
	return nil
}

// take gives a worker the next piece, nil at the end.
func (t *scanTeam) take() (int, *piece) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.next
	if n == t.split.pieces {
		return 0, nil
	}
	p := &piece{}
	t.next++
	t.pieces[n] = p
	return n, p
}

// piece reads the next piece; false means that there is no more to do.
func (t *scanTeam) piece(it *pebble.Iterator, home chan *scanBatch) bool {
	n, p := t.take()
	if p == nil {
		return false
	}
	lo, hi := t.lo, t.hi
	if n > 0 {
		lo = t.split.start(n)
	}
	if n+1 < t.split.pieces {
		hi = t.split.start(n + 1)
	}
	ok := false
	var err error
	if bytes.Compare(lo, hi) < 0 {
		it.SetBounds(lo, hi)
		ok, err = it.First(), it.Error()
	}
	for ok {
		b := t.room(home)
		if b == nil {
			return false
		}
		if ok, err = t.fill(b, it); err == nil {
			t.put(p, b, !ok, nil)
		}
	}
	if err != nil || !p.done {
		t.put(p, nil, true, wrap(err))
	}
	return err == nil
}

// room waits for an empty batch; nil means that the team is to end.
func (t *scanTeam) room(home chan *scanBatch) *scanBatch {
	select {
	case <-t.end:
		return nil
	case b := <-home:
		return b
	default:
		t.tell() // what is ready may be what the cursor waits for
	}
	select {
	case <-t.end:
		return nil
	case b := <-home:
		return b
	}
}

// tell wakes the cursor.
func (t *scanTeam) tell() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// fill fills a batch from an iterator that is at a record, and reports whether it is at another.
func (t *scanTeam) fill(b *scanBatch, it *pebble.Iterator) (ok bool, err error) {
	b.first = append(b.first[:0], it.Key()...)
	b.rows.apart = t.apart.Load()
	b.rows.start(&b.batch)
	ok, b.bytes, err = b.rows.take(&b.batch, it, ops.BatchSize)
	return ok && err == nil, err
}

// put adds to a piece, and tells the cursor where that is worth it.
func (t *scanTeam) put(p *piece, b *scanBatch, done bool, err error) {
	t.mu.Lock()
	if b != nil {
		p.ready = append(p.ready, b)
	}
	p.done, p.err = done, err
	ready := len(p.ready)
	t.mu.Unlock()
	if done || ready >= wakeAt {
		t.tell()
	}
}

// pop returns the next batch, nil where there is none yet or at the end.
func (t *scanTeam) pop() (b *scanBatch, end bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.at < t.split.pieces {
		p := t.pieces[t.at]
		switch {
		case p == nil:
			return nil, false, nil
		case len(p.ready) > 0:
			b = p.ready[0]
			p.ready = p.ready[1:]
			return b, false, nil
		case !p.done || p.err != nil:
			return nil, false, p.err
		}
		delete(t.pieces, t.at)
		t.at++
	}
	return nil, true, nil
}

// await waits for the next batch; nil is the end.
func (t *scanTeam) await(ctx context.Context) (*scanBatch, error) {
	for {
		b, end, err := t.pop()
		if b != nil || end || err != nil {
			return b, err
		}
		select {
		case <-t.wake:
		case <-ctx.Done():
			return nil, wrap(ctx.Err())
		}
	}
}

// fromTeam makes the team's next batch the machine's. It is not done where less is wanted than a batch holds: the cursor goes on
// alone from there.
func (c *scanCursor) fromTeam(ctx context.Context, b *vm.Batch) (done bool, err error) {
	c.returnLent()
	c.team.apart.Store(c.apart)
	next, err := c.team.await(ctx)
	if err != nil {
		return true, err
	}
	if next == nil {
		c.ok = false
		b.N, b.Parent = 0, nil
		c.stopTeam()
		return true, nil
	}
	if b.Room() < next.batch.N {
		c.ok = c.it.SeekGE(next.first)
		c.stopTeam()
		return false, nil
	}
	for len(b.Cols) < len(next.rows.cols) {
		b.Cols = append(b.Cols, ops.Vector{})
	}
	c.lent, c.lentTo = next, b
	c.swapLent()
	b.N, b.Parent = next.batch.N, nil
	c.bytes += next.bytes
	c.given(b)
	return true, nil
}

// swapLent shows the columns of the batch that is lent in the machine's batch, or takes them back.
func (c *scanCursor) swapLent() {
	for i := range c.lent.rows.cols {
		c.lent.batch.Cols[i], c.lentTo.Cols[i] = c.lentTo.Cols[i], c.lent.batch.Cols[i]
	}
}

// returnLent gives the batch that is lent back to its worker.
func (c *scanCursor) returnLent() {
	if c.lent == nil {
		return
	}
	c.swapLent()
	c.lent.home <- c.lent
	c.lent, c.lentTo = nil, nil
}

// stopTeam ends the team, where there is one, when its workers have ended.
func (c *scanCursor) stopTeam() {
	t := c.team
	if t == nil {
		return
	}
	c.returnLent()
	c.team = nil
	close(t.end)
	if t.split != nil {
		t.mu.Lock()
		t.next = t.split.pieces // nothing is left to take
		t.mu.Unlock()
	}
	t.work.Wait()
	for _, b := range t.batches {
		b.rows.release()
		b.rows.layout, b.home = nil, nil
		scanBatches.Put(b)
	}
	for _, it := range t.its {
		c.it.TakeBack(it)
	}
	t.store.giveWorkers(len(t.its))
}
