package vm

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/zerodb/zerodb/ops"
)

// sorter sorts rows by their first columns; rows that compare equal keep the order in which they came. One that is
// limited to few rows keeps no more than those, in a heap. When memory grows tight the rows at hand are sorted and
// written to a spool as a run; the runs are merged when they are read.
type sorter struct {
	decl  *linkedBuilder
	round uint64
	width int
	keys  int
	most  int64 // -1: all

	chunks [][]ops.Value // rows, chunkRows in each
	seqs   []int64       // by row, when it came; only for heaps, which put rows into the places of others
	count  int           // rows in memory
	came   int64
	arena  arena
	clean  int64 // size of the arena when it last held nothing that was thrown away
	held   int64

	heap    []int32 // rows, the last in order on top; nil where the sort is not limited to few
	heaping bool
	entries []sortEntry

	spool *spool
	runs  []spoolRun
	merge merger

	at   int   // the entry that is read next
	left int64 // how many rows may still be read; -1: all
}

// sortEntry is a row with a number that sorts as its first key does, as far as a number can tell.
type sortEntry struct {
	prefix uint64
	row    int32
}

const (
	chunkRows = 1024
	maxHeap   = 16 << 10 // a larger limit sorts everything
	maxRuns   = 64       // so many are merged into one
)

func (s *sorter) empty(r *Rows, decl *linkedBuilder) {
	s.release(r)
	s.decl, s.width, s.keys = decl, decl.Columns, len(decl.Desc)
	s.round++
	s.most, s.came = -1, 0
	r.sorting = append(r.sorting, s)
}

// relieve makes sorts that are being filled write what they hold, where it is much: others need the memory now.
func (r *Rows) relieve() error {
	for _, s := range r.sorting {
		if s.held > r.o.Memory.limit/8 && s.count > 0 && !s.heaping {
			if err := s.spill(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// filled takes the sort off the list of those that can be relieved.
func (s *sorter) filled(r *Rows) {
	if i := slices.Index(r.sorting, s); i >= 0 {
		r.sorting = slices.Delete(r.sorting, i, i+1)
	}
}

func (s *sorter) release(r *Rows) {
	s.filled(r)
	r.o.Memory.take(-s.held)
	s.held = 0
	s.forget()
	s.spool.close()
	s.spool, s.runs = nil, nil
	s.merge = merger{}
	s.heaping, s.at, s.left = false, 0, -1
}

// forget drops the rows in memory. A small first chunk stays for the next use.
func (s *sorter) forget() {
	if len(s.chunks) > 0 {
		clear(s.chunks[0])
		s.chunks = s.chunks[:1]
		s.chunks[0] = s.chunks[0][:0]
	}
	s.count, s.seqs, s.heap = 0, s.seqs[:0], s.heap[:0]
	s.entries = s.entries[:0]
	s.arena.reset()
	s.clean = 0
}

// limit says how many rows will be wanted.
func (s *sorter) limit(most int64) {
	s.most = most
	s.heaping = most >= 0 && most <= maxHeap
}

func (s *sorter) row(i int32) []ops.Value {
	at := int(i) % chunkRows * s.width
	return s.chunks[i/chunkRows][at : at+s.width : at+s.width]
}

// place makes room for a row and returns its number.
func (s *sorter) place() int32 {
	i := s.count
	s.count++
	c := i / chunkRows
	if c == len(s.chunks) {
		s.chunks = append(s.chunks, nil)
	}
	if need := (i%chunkRows + 1) * s.width; len(s.chunks[c]) < need {
		s.chunks[c] = slices.Grow(s.chunks[c], need-len(s.chunks[c]))[:need]
	}
	return int32(i)
}

func (s *sorter) put(r *Rows, cols []*ops.Vector, sel ops.Selection, n int) error {
	if s.heaping {
		return s.putHeap(r, cols, sel, n)
	}
	for i := range selectedRows(sel, n) {
		s.store(s.place(), cols, i)
	}
	s.charge(r)
	if r.o.Spill != nil && (s.count >= chunkRows && r.o.Memory.tight() || r.o.Memory.spent()) {
		return s.spill(r) // with few rows only where others hold nearly everything
	}
	return r.o.Memory.over("a sort")
}

func (s *sorter) store(at int32, cols []*ops.Vector, i int) {
	row := s.row(at)
	for c, col := range cols {
		row[c] = s.arena.copy(col.At(i))
	}
}

func (s *sorter) charge(r *Rows) {
	size := s.arena.size + int64(len(s.chunks))*chunkRows*int64(s.width)*valueSize + int64(cap(s.entries))*16
	if s.count < chunkRows {
		size = s.arena.size + int64(s.count*s.width)*valueSize
	}
	r.o.Memory.take(size - s.held)
	s.held = size
}

// compare orders two rows of keys.
func (s *sorter) compare(a, b []ops.Value) int {
	for k := range s.keys {
		if c := ops.Compare(a[k], b[k]); c != 0 {
			if s.decl.Desc[k] {
				return -c
			}
			return c
		}
	}
	return 0
}

// ---- heap of the first rows

func (s *sorter) putHeap(r *Rows, cols []*ops.Vector, sel ops.Selection, n int) error {
	for i := range selectedRows(sel, n) {
		s.came++
		if int64(s.count) < s.most {
			at := s.place()
			s.store(at, cols, i)
			s.seqs = append(s.seqs, s.came)
			s.heap = append(s.heap, at)
			s.up(len(s.heap) - 1)
			continue
		}
		if s.most == 0 || !s.before(cols, i, s.row(s.heap[0])) {
			continue
		}
		at := s.heap[0]
		s.store(at, cols, i)
		s.seqs[at] = s.came
		s.down(0)
	}
	if s.arena.size > 2*s.clean+lastChunk {
		s.compact()
	}
	s.charge(r)
	if r.o.Spill != nil && r.o.Memory.tight() {
		s.heaping, s.heap = false, s.heap[:0]
		return s.spill(r)
	}
	return r.o.Memory.over("a sort")
}

// before reports whether row i of a batch comes before a row that came earlier.
func (s *sorter) before(cols []*ops.Vector, i int, row []ops.Value) bool {
	for k := range s.keys {
		if c := ops.Compare(cols[k].At(i), row[k]); c != 0 {
			return c < 0 != s.decl.Desc[k]
		}
	}
	return false
}

// after reports whether row a of the heap comes behind row b.
func (s *sorter) after(a, b int32) bool {
	c := s.compare(s.row(a), s.row(b))
	return c > 0 || c == 0 && s.seqs[a] > s.seqs[b]
}

func (s *sorter) up(i int) {
	for i > 0 {
		p := (i - 1) / 2
		if !s.after(s.heap[i], s.heap[p]) {
			return
		}
		s.heap[i], s.heap[p] = s.heap[p], s.heap[i]
		i = p
	}
}

func (s *sorter) down(i int) {
	for {
		c := 2*i + 1
		if c >= len(s.heap) {
			return
		}
		if c+1 < len(s.heap) && s.after(s.heap[c+1], s.heap[c]) {
			c++
		}
		if !s.after(s.heap[c], s.heap[i]) {
			return
		}
		s.heap[i], s.heap[c] = s.heap[c], s.heap[i]
		i = c
	}
}

// compact copies the rows of the heap to a new arena, without what was thrown out of the heap.
func (s *sorter) compact() {
	s.arena = arena{}
	for i := range s.count {
		row := s.row(int32(i))
		for c := range row {
			row[c] = s.arena.copy(row[c])
		}
	}
	s.clean = s.arena.size
}

// candidates writes the selected rows whose first key could still enter the heap to rows, which may be the memory of sel.
func (s *sorter) candidates(v *ops.Vector, sel ops.Selection, n int, rows []int32) int {
	if !s.heaping || int64(s.count) < s.most || s.most == 0 {
		k := 0
		for i := range selectedRows(sel, n) {
			rows[k] = int32(i)
			k++
		}
		return k
	}
	worst := s.row(s.heap[0])[0]
	desc, single := s.decl.Desc[0], s.keys == 1
	switch {
	case v.Valid != nil:
	case v.Kind == ops.KindInt && worst.Kind() == ops.KindInt:
		return candidatesOf(v.Ints, worst.AsInt(), desc, single, sel, n, rows)
	case v.Kind == ops.KindFloat && worst.Kind() == ops.KindFloat:
		return candidatesOf(v.Floats, worst.AsFloat(), desc, single, sel, n, rows)
	}
	k := 0
	for i := range selectedRows(sel, n) {
		c := ops.Compare(v.At(i), worst)
		if desc {
			c = -c
		}
		if c < 0 || c == 0 && !single {
			rows[k] = int32(i)
			k++
		}
	}
	return k
}

// candidatesOf is candidates over a typed column. Rows equal to the worst came later than it: they can only enter
// where there are more keys.
func candidatesOf[T int64 | float64](xs []T, worst T, desc, single bool, sel ops.Selection, n int, rows []int32) int {
	k := 0
	if sel == nil {
		for i, x := range xs[:n] {
			rows[k] = int32(i)
			if desc && x > worst || !desc && x < worst || x == worst && !single {
				k++
			}
		}
		return k
	}
	for _, i := range sel {
		x := xs[i]
		rows[k] = i
		if desc && x > worst || !desc && x < worst || x == worst && !single {
			k++
		}
	}
	return k
}

// ---- sorting and runs

// prefixOf returns a number that orders values of one family as Compare does, where exact says that equal numbers mean
// equal values.
func prefixOf(v ops.Value) (prefix uint64) {
	switch v.Kind() {
	case ops.KindInt, ops.KindTime, ops.KindDuration:
		return uint64(v.AsInt()) ^ 1<<63
	case ops.KindFloat:
		b := math.Float64bits(v.AsFloat() + 0) // -0 is 0
		if b>>63 != 0 {
			return ^b
		}
		return b | 1<<63
	case ops.KindString:
		var b [8]byte
		copy(b[:], v.AsString())
		return binary.BigEndian.Uint64(b[:])
	}
	return 0
}

// order sorts the rows in memory into entries.
func (s *sorter) order() {
	s.entries = slices.Grow(s.entries[:0], s.count)
	uniform := s.keys > 0 && s.count > 0
	for i := range s.count {
		if !uniform {
			break
		}
		uniform = s.row(int32(i))[0].Kind() == s.row(0)[0].Kind()
	}
	for i := range s.count {
		e := sortEntry{row: int32(i)}
		if uniform {
			e.prefix = prefixOf(s.row(int32(i))[0])
			if s.decl.Desc[0] {
				e.prefix = ^e.prefix
			}
		}
		s.entries = append(s.entries, e)
	}
	// A number sorts as itself: where it is the only key, equal prefixes are equal rows.
	told := uniform && s.keys == 1 && (s.row(0)[0].Kind() == ops.KindInt || s.row(0)[0].Kind() == ops.KindFloat)
	slices.SortFunc(s.entries, func(a, b sortEntry) int {
		if a.prefix != b.prefix {
			if a.prefix < b.prefix {
				return -1
			}
			return 1
		}
		if told && len(s.seqs) == 0 {
			return int(a.row - b.row)
		}
		if c := s.compare(s.row(a.row), s.row(b.row)); c != 0 {
			return c
		}
		if len(s.seqs) > 0 {
			return cmp.Compare(s.seqs[a.row], s.seqs[b.row])
		}
		return cmp.Compare(a.row, b.row)
	})
}

// spill writes the rows in memory as a run.
func (s *sorter) spill(r *Rows) (err error) {
	if s.spool == nil {
		if s.spool, err = newSpool(r); err != nil {
			return err
		}
	}
	s.order()
	var run spoolRun
	for i, e := range s.entries {
		if s.most >= 0 && int64(i) == s.most {
			break
		}
		if err := run.addValues(s.spool, s.row(e.row)); err != nil {
			return err
		}
	}
	if err := run.flush(s.spool); err != nil {
		return err
	}
	run.buf = nil
	s.runs = append(s.runs, run)
	s.forget()
	s.charge(r)
	if len(s.runs) == maxRuns {
		return s.mergeRuns(r)
	}
	return nil
}

// mergeRuns makes one run of all.
func (s *sorter) mergeRuns(r *Rows) error {
	next, err := newSpool(r)
	if err != nil {
		return err
	}
	var run spoolRun
	if err := s.merge.start(s, s.runs); err != nil {
		return err
	}
	for n := int64(0); s.most < 0 || n < s.most; n++ {
		if n%chunkRows == 0 {
			if err := r.step(); err != nil {
				return err
			}
		}
		row, err := s.merge.next(s)
		if err != nil {
			return err
		}
		if row == nil {
			break
		}
		if err := run.addValues(next, row); err != nil {
			return err
		}
	}
	if err := run.flush(next); err != nil {
		return err
	}
	run.buf = nil
	s.spool.close()
	s.spool, s.runs = next, append(s.runs[:0], run)
	return nil
}

// finish sorts, or prepares the merge of the runs.
func (s *sorter) finish(r *Rows) error {
	s.filled(r)
	s.at, s.left = 0, s.most
	if s.runs == nil {
		s.order()
		s.charge(r)
		return nil
	}
	if s.count > 0 {
		if err := s.spill(r); err != nil {
			return err
		}
	}
	return s.merge.start(s, s.runs)
}

// next gives sorted rows.
func (s *sorter) next(r *Rows, out *Batch) error {
	for c := range s.width {
		out.Cols[c].Reset(ops.KindNone, 0)
	}
	for out.N < out.Room() && s.left != 0 {
		row, err := s.nextRow()
		if err != nil {
			return err
		}
		if row == nil {
			return nil
		}
		for c, v := range row {
			out.Cols[c].Append(v)
		}
		out.N++
		if s.left > 0 {
			s.left--
		}
	}
	return nil
}

func (s *sorter) nextRow() ([]ops.Value, error) {
	if s.runs != nil {
		return s.merge.next(s)
	}
	if s.at == len(s.entries) {
		return nil, nil
	}
	row := s.row(s.entries[s.at].row)
	s.at++
	return row, nil
}

// merger merges runs: a heap of readers by their next rows, runs made earlier first among equals.
type merger struct {
	heads []head
	order []int // heap of indices in heads
	last  int   // the head that next gave a row of, to be advanced; -1 at first
}

type head struct {
	reader runReader
	row    []ops.Value
	spare  []ops.Value
}

func (m *merger) start(s *sorter, runs []spoolRun) error {
	*m = merger{heads: make([]head, len(runs)), last: -1}
	for i := range runs {
		h := &m.heads[i]
		h.reader.start(s.spool, &runs[i])
		h.row, h.spare = make([]ops.Value, s.width), make([]ops.Value, s.width)
		ok, err := h.reader.row(h.row)
		if err != nil {
			return err
		}
		if ok {
			m.order = append(m.order, i)
		}
	}
	for i := len(m.order)/2 - 1; i >= 0; i-- {
		m.down(s, i)
	}
	return nil
}

func (m *merger) less(s *sorter, a, b int) bool {
	if c := s.compare(m.heads[a].row, m.heads[b].row); c != 0 {
		return c < 0
	}
	return a < b
}

func (m *merger) down(s *sorter, i int) {
	for {
		c := 2*i + 1
		if c >= len(m.order) {
			return
		}
		if c+1 < len(m.order) && m.less(s, m.order[c+1], m.order[c]) {
			c++
		}
		if !m.less(s, m.order[c], m.order[i]) {
			return
		}
		m.order[i], m.order[c] = m.order[c], m.order[i]
		i = c
	}
}

// next returns the next row, valid until the next call; nil at the end.
func (m *merger) next(s *sorter) ([]ops.Value, error) {
	if m.last >= 0 {
		h := &m.heads[m.last]
		h.row, h.spare = h.spare, h.row
		ok, err := h.reader.row(h.row)
		if err != nil {
			return nil, err
		}
		if !ok {
			m.order[0] = m.order[len(m.order)-1]
			m.order = m.order[:len(m.order)-1]
		}
		m.down(s, 0)
		m.last = -1
	}
	if len(m.order) == 0 {
		return nil, nil
	}
	m.last = m.order[0]
	return m.heads[m.last].row, nil
}
