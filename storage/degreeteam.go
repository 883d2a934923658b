package storage

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage/keys"
)

// degreeTeam counts the edges of all vertices with several goroutines. The adjacency is cut into pieces; a piece has the
// vertices whose edges begin in it, so that each is counted by one worker, and the pieces are given out in order.
type degreeTeam struct {
	store   *Store
	split   *splitter
	lo, end []byte // the adjacency
	its     []*pebble.Iterator
	names   names
	taken   atomic.Int64
	pieces  []chan degreePiece // of one each
	ahead   chan struct{}      // holds one for each piece that is taken and not given out
	stop    chan struct{}
	work    sync.WaitGroup

	at   int // the piece that is being given out
	now  degreePiece
	from int // what has been given out of it
}

// degreePiece is what a worker found.
type degreePiece struct {
	vertices []ops.Value
	counts   []int64
	bytes    int64
	err      error
}

const (
	degreeEdges = 16 << 10 // of a piece, about
	degreeAhead = 4        // pieces of a worker that were not given out
)

// startTeam makes a team where the adjacency is long, nobody else has the workers, and the transaction does not write.
func (c *degreeCursor) startTeam() error {
	s, edges := c.txn.store, c.tab.rows.Load()
	if edges < 2*degreeEdges || c.txn.kv.Writable() || c.it.Plain() == nil {
		return nil
	}
	n := s.takeWorkers(s.opts.ScanWorkers)
	if n < 2 {
		s.giveWorkers(n)
		return nil
	}
	t := &degreeTeam{store: s, lo: bytes.Clone(c.prefix), end: keys.AppendEnd(nil, c.prefix), names: c.names, stop: make(chan struct{})}
	c.team = t
	for len(t.its) < n {
		it, err := c.it.Lend()
		if err != nil {
			s.giveWorkers(n - len(t.its))
			c.stopTeam()
			return wrap(err)
		}
		it.SetBounds(t.lo, t.end)
		t.its = append(t.its, it)
	}
	if it := t.its[0]; it.First() {
		first := bytes.Clone(it.Key())
		if it.Last() && bytes.Compare(first, it.Key()) < 0 {
			t.split = newSplitter(it, first, bytes.Clone(it.Key()), int(edges/degreeEdges))
		}
	}
	if err := t.its[0].Error(); err != nil || t.split == nil {
		c.stopTeam()
		return wrap(err)
	}
	t.ahead = make(chan struct{}, n*degreeAhead)
	for range t.split.pieces {
		t.pieces = append(t.pieces, make(chan degreePiece, 1))
	}
	for _, it := range t.its {
		t.work.Go(func() { t.run(it) })
	}
	return nil
}

// run takes pieces for as long as there are some. One that is taken is always delivered, unless the team is stopped.
func (t *degreeTeam) run(it *pebble.Iterator) {
	for {
		select {
		case <-t.stop:
			return
		case t.ahead <- struct{}{}:
		}
		n := int(t.taken.Add(1)) - 1
		if n >= t.split.pieces {
			return
		}
		t.pieces[n] <- t.count(it, n)
	}
}

// count counts the edges of the vertices that begin in a piece.
func (t *degreeTeam) count(it *pebble.Iterator, n int) (p degreePiece) {
	lo, hi := t.lo, t.end
	if n > 0 {
		lo = t.split.start(n)
	}
	if n+1 < t.split.pieces {
		hi = t.split.start(n + 1)
	}
	var near []byte
	ok := it.SeekGE(lo)
	for ok {
		var v ops.Value
		if v, near, p.err = t.names.near(it.Key(), near); p.err != nil {
			return p
		}
		switch {
		case bytes.Compare(near, hi) >= 0:
			return p
		case bytes.Compare(near, lo) < 0: // it begins in a piece before
			ok = it.SeekGE(keys.AppendEnd(nil, near))
			continue
		}
		edges := int64(0)
		for ok && bytes.HasPrefix(it.Key(), near) {
			p.bytes += int64(len(it.Key()))
			edges++
			ok = it.Next()
		}
		p.vertices, p.counts = append(p.vertices, v), append(p.counts, edges)
	}
	p.err = wrap(it.Error())
	return p
}

// give adds what comes next to the columns of a batch, up to its size; they stay empty at the end.
func (t *degreeTeam) give(ctx context.Context, c *degreeCursor, vertices, counts *ops.Vector) error {
	for vertices.N < ops.BatchSize {
		if t.from == len(t.now.vertices) {
			if t.at == len(t.pieces) {
				return nil
			}
			select {
			case t.now = <-t.pieces[t.at]:
			case <-ctx.Done():
				return wrap(ctx.Err())
			}
			<-t.ahead
			t.at, t.from = t.at+1, 0
			if t.now.err != nil {
				return t.now.err
			}
			c.bytes += t.now.bytes
			continue
		}
		vertices.Append(t.now.vertices[t.from])
		counts.Append(ops.Int(t.now.counts[t.from]))
		c.count += t.now.counts[t.from]
		t.from++
	}
	return nil
}

// stopTeam ends the team, where there is one, when its workers have ended.
func (c *degreeCursor) stopTeam() {
	t := c.team
	if t == nil {
		return
	}
	c.team = nil
	close(t.stop)
	t.work.Wait()
	for _, it := range t.its {
		c.it.TakeBack(it)
	}
	t.store.giveWorkers(len(t.its))
}
