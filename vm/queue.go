package vm

import (
	"context"

	"github.com/zerodb/zerodb/ops"
)

// queue is the builder for what one row leads to by several ways, or step after step. Each of its rows is of a row of the
// builder's parent batch, its origin. They come out in the order in which they were put in, and may be put in while others are
// being read: a loop that puts what it finds into the queue that it reads ends when there is nothing new.
type queue struct {
	width, keys int
	parent      uint16
	blocks      []*queueBlock // from head on: to be read; the last one is being filled
	head        int
	free        []*queueBlock
	reading     *queueBlock // the block that the cursor gave last
	seen        rowTable    // with keys: the origins and keys of all rows since the queue was emptied
	met         ops.Bitmap  // origins of which there was a row
	origins     []int32     // of the rows that are being put in
	origin      ops.Vector  // likewise, as a column of seen
	columns     []*ops.Vector
	size        int64 // of the blocks
	held        int64 // charged to the budget
	round       uint64
}

// queueBlock is a batch of rows with memory of its own.
type queueBlock struct {
	n       int
	origins []int32
	cols    []ops.Vector
	mem     arena
	counted int64 // bytes that are in the queue's size
}

func (q *queue) empty(r *Rows, decl *linkedBuilder) {
	q.width, q.keys, q.parent = decl.Columns, decl.Keys, decl.Parent
	q.round++
	q.forget()
	q.seen.empty(1 + q.keys)
	clear(q.met)
	q.charge(r)
}

// forget drops the rows.
func (q *queue) forget() {
	for _, b := range q.blocks[q.head:] {
		q.recycle(b)
	}
	clear(q.blocks)
	q.blocks, q.head = q.blocks[:0], 0
	if q.reading != nil {
		q.recycle(q.reading)
		q.reading = nil
	}
}

// maxFreeBlocks is how many blocks are kept for the next rows.
const maxFreeBlocks = 4

func (q *queue) recycle(b *queueBlock) {
	q.size -= b.counted
	if len(q.free) >= maxFreeBlocks {
		return
	}
	b.n, b.origins, b.counted = 0, b.origins[:0], 0
	b.mem.reset()
	for i := range b.cols {
		b.cols[i].Clear()
		b.cols[i].Reset(ops.KindNone, 0)
	}
	q.free = append(q.free, b)
}

func (q *queue) release(r *Rows) {
	q.forget()
	q.seen.empty(0)
	if cap(q.seen.hashes) > ops.BatchSize {
		q.seen = rowTable{}
	}
	r.o.Memory.take(-q.held)
	q.held = 0
}

// charge brings the budget up to what the queue holds.
func (q *queue) charge(r *Rows) {
	size := q.size
	if q.keys > 0 {
		size += q.seen.size()
	}
	r.o.Memory.take(size - q.held)
	q.held = size
}

// count brings the size up to what the blocks from place first on hold.
func (q *queue) count(first int) {
	for _, b := range q.blocks[first:] {
		size := b.mem.size + int64(b.n)*(4+int64(len(b.cols))*valueSize)
		q.size += size - b.counted
		b.counted = size
	}
}

// last is the block that is being filled, with room for a row.
func (q *queue) last() *queueBlock {
	if n := len(q.blocks); n > q.head && q.blocks[n-1].n < ops.BatchSize {
		return q.blocks[n-1]
	}
	var b *queueBlock
	if n := len(q.free); n > 0 {
		b, q.free = q.free[n-1], q.free[:n-1]
	} else {
		b = new(queueBlock)
	}
	for len(b.cols) < q.width {
		b.cols = append(b.cols, ops.Vector{})
	}
	b.cols = b.cols[:q.width]
	q.blocks = append(q.blocks, b)
	return b
}

// put adds the selected rows of a batch of n, whose origins are in q.origins.
func (q *queue) put(r *Rows, cols []*ops.Vector, sel ops.Selection, n, parents int) error {
	for len(q.met) < (parents+63)/64 {
		q.met = append(q.met, 0)
	}
	count := n
	if sel != nil {
		count = len(sel)
	}
	if q.keys > 0 {
		q.hash(r, cols, sel, n, count)
	}
	first := max(q.head, len(q.blocks)-1)
	for j := range count {
		i := j
		if sel != nil {
			i = int(sel[j])
		}
		if q.keys > 0 {
			g, slot := q.seen.probe(q.columns, i)
			if g >= 0 {
				continue
			}
			q.seen.add(q.columns, i, slot)
		}
		q.met.Set(int(q.origins[i]))
		if q.width > 0 {
			q.add(cols, i)
		}
	}
	q.count(first)
	q.charge(r)
	return r.o.Memory.over("what the rows of a pattern lead to")
}

// hash makes the rows ready to be looked up among those seen.
func (q *queue) hash(r *Rows, cols []*ops.Vector, sel ops.Selection, n, count int) {
	q.origin.Reset(ops.KindInt, n)
	for i := range n {
		q.origin.Ints[i] = int64(q.origins[i])
	}
	q.columns = append(append(q.columns[:0], &q.origin), cols[:q.keys]...)
	q.seen.hash(r, q.columns, sel, n)
	q.seen.reserve(count)
}

func (q *queue) add(cols []*ops.Vector, i int) {
	b := q.last()
	for c := range b.cols {
		b.cols[c].Append(b.mem.copy(cols[c].At(i)))
	}
	b.origins = append(b.origins, q.origins[i])
	b.n++
}

// queueCursor reads a queue.
type queueCursor struct {
	emptyCursor
	run   *Rows
	queue *queue
	round uint64 // of the queue when the cursor was opened: a queue that is emptied ends its cursors
}

// Next implements Cursor. A block of rows is handed on as it is: its columns change places with those of the batch.
func (c *queueCursor) Next(_ context.Context, out *Batch) error {
	q := c.queue
	out.N, out.Parent = 0, nil
	if q.round != c.round {
		return nil
	}
	if q.reading != nil {
		for i := range q.reading.cols {
			q.reading.cols[i], out.Cols[i] = out.Cols[i], q.reading.cols[i]
		}
		q.recycle(q.reading)
		q.reading = nil
	}
	b := q.next()
	q.charge(c.run)
	if b == nil {
		return nil
	}
	q.reading = b
	for i := range b.cols {
		b.cols[i], out.Cols[i] = out.Cols[i], b.cols[i]
	}
	out.N, out.Parent = b.n, b.origins
	return nil
}

// next takes the first block out of the queue; nil where there is none.
func (q *queue) next() *queueBlock {
	if q.head == len(q.blocks) {
		q.blocks, q.head = q.blocks[:0], 0
		return nil
	}
	b := q.blocks[q.head]
	q.blocks[q.head] = nil
	q.head++
	if q.head > 64 && 2*q.head > len(q.blocks) {
		q.blocks = append(q.blocks[:0], q.blocks[q.head:]...)
		q.head = 0
	}
	return b
}

// doOpenQueue opens a cursor over a queue, which may be filled while it is read.
func doOpenQueue(fr *frame, in *Instr) signal {
	cs, b := &fr.cursors[in.A], fr.builder(in.B)
	cs.queue = queueCursor{run: fr.run, queue: &b.queue, round: b.queue.round}
	cs.open(&cs.queue, nil, b.decl.Columns)
	return goOn
}

// originsOf finds, for each selected row of a cursor's batch, the row of the batch of cursor parent that it is of.
func (fr *frame) originsOf(dst []int32, cursor, parent int) []int32 {
	cs := &fr.cursors[cursor]
	if cap(dst) < cs.n {
		dst = make([]int32, max(cs.n, ops.BatchSize))
	}
	dst = dst[:cs.n]
	for i := range dst {
		dst[i] = int32(i)
	}
	for cursor != parent {
		rows := fr.cursors[cursor].batch.Parent
		for i, row := range dst {
			dst[i] = rows[row]
		}
		cursor = int(fr.frag.Cursors[cursor].Parent) - 1
	}
	return dst
}

// putQueue adds rows to a queue.
func (fr *frame) putQueue(b *builder, in *Instr) error {
	cs, parent := &fr.cursors[in.C-1], int(b.decl.Parent)
	if cs.selected() == 0 {
		return nil
	}
	q := &b.queue
	q.origins = fr.originsOf(q.origins, int(in.C)-1, parent)
	return q.put(fr.run, fr.columnsFrom(in.B, b.decl.Columns, cs.n, nil), cs.sel, cs.n, fr.cursors[parent].n)
}

// doUnmatched says which rows of a batch a queue has no row of.
func doUnmatched(fr *frame, in *Instr) signal {
	q, cs, dst := &fr.builder(in.B).queue, fr.batchOf(in.A), fr.target(in.A)
	dst.Reset(ops.KindBool, cs.n)
	for i := range dst.Bools {
		dst.Bools[i] = i>>6 >= len(q.met) || !q.met.Get(i)
	}
	if cs.depth > 0 {
		dst.Mask(cs.sel)
	}
	fr.settle(in.A, dst)
	return goOn
}
