package vm

import (
	"cmp"
	"slices"

	"github.com/zerodb/zerodb/ops"
)

// setFile is a set of rows that does not fit in memory: a temporary file of rows in the order of their hashes, in small blocks,
// with the first hash of each block and a Bloom filter in memory. A row that is not there mostly costs a look at the
// filter; one that may be costs the reading of a block, and the rows of a batch are looked up in the order of their hashes.
type setFile struct {
	width int
	sort  sorter // runs of rows by hash, until the set is asked
	rows  int64
	held  int64

	spool  *spool // nil until the set is asked, and again when more rows come
	blocks []block
	first  []int64 // hash of the first row of each block
	filter []uint64

	order []int32 // rows of the batch that may be there, by hash
	buf   []byte
	at    int // the block in buf, -1 without
	row   []ops.Value
}

const (
	setBlock  = 4 << 10
	bloomBits = 10 // a row
)

func newSetFile(r *Rows, width int) *setFile {
	f := &setFile{width: width, at: -1, row: make([]ops.Value, width+1)}
	f.begin(r)
	return f
}

// begin makes the set ready for rows.
func (f *setFile) begin(r *Rows) {
	f.sort.empty(r, &linkedBuilder{Builder: &Builder{Kind: BuildSort, Columns: f.width + 1, Desc: []bool{false}}})
}

func (f *setFile) release(r *Rows) {
	f.sort.release(r)
	f.unseal(r)
}

// unseal removes the file that is asked.
func (f *setFile) unseal(r *Rows) {
	f.spool.close()
	f.spool, f.blocks, f.first, f.filter, f.buf, f.at = nil, nil, nil, nil, nil, -1
	r.o.Memory.take(-f.held)
	f.held = 0
}

// take writes the rows of a table to a run of its own.
func (f *setFile) take(r *Rows, t *rowTable) (err error) {
	f.reopen(r)
	if f.sort.spool == nil {
		if f.sort.spool, err = newSpool(r); err != nil {
			return err
		}
	}
	f.order = f.order[:0]
	for g := range t.count() {
		f.order = append(f.order, int32(g))
	}
	slices.SortFunc(f.order, func(a, b int32) int { return cmp.Compare(int64(t.hashes[a]), int64(t.hashes[b])) })
	var run spoolRun
	for _, g := range f.order {
		f.row[0] = ops.Int(int64(t.hashes[g]))
		copy(f.row[1:], t.keys[int(g)*t.width:])
		if err := run.addValues(f.sort.spool, f.row); err != nil {
			return err
		}
	}
	f.rows += int64(len(f.order))
	f.order = nil
	if err := run.flush(f.sort.spool); err != nil {
		return err
	}
	run.buf = nil
	if f.sort.runs = append(f.sort.runs, run); len(f.sort.runs) == maxRuns {
		return f.sort.mergeRuns(r)
	}
	return nil
}

// reopen makes a set that was asked ready for more rows: its file is a run like any other.
func (f *setFile) reopen(r *Rows) {
	if f.spool == nil {
		return
	}
	spool, run := f.spool, spoolRun{blocks: f.blocks}
	f.spool = nil
	f.unseal(r)
	f.begin(r)
	f.sort.spool, f.sort.runs = spool, []spoolRun{run}
}

// rowOf reads a row of a temporary file.
func (d *decoder) rowOf(row []ops.Value) error {
	for i := range row {
		row[i] = d.value(0)
	}
	if d.err != nil {
		return ops.Errorf(ops.CodeCorrupt, "a temporary file is damaged: %v", d.err)
	}
	return nil
}

// seal writes the rows in the order of their hashes.
func (f *setFile) seal(r *Rows) error {
	if err := f.sort.finish(r); err != nil {
		return err
	}
	var err error
	if f.spool, err = newSpool(r); err != nil {
		return err
	}
	f.filter = make([]uint64, max(1, f.rows*bloomBits/64))
	w := spoolRun{size: setBlock}
	for n := 0; ; n++ {
		if n%chunkRows == 0 {
			if err := r.step(); err != nil {
				return err
			}
		}
		row, err := f.sort.nextRow()
		if err != nil {
			return err
		}
		if row == nil {
			break
		}
		hash := row[0].AsInt()
		f.note(uint64(hash))
		if len(w.buf) == 0 {
			f.first = append(f.first, hash)
		}
		if err := w.addValues(f.spool, row); err != nil {
			return err
		}
	}
	if err := w.flush(f.spool); err != nil {
		return err
	}
	f.blocks = w.blocks
	f.sort.release(r)
	f.held = int64(len(f.filter))*8 + int64(cap(f.first))*8 + int64(cap(f.blocks))*16
	r.o.Memory.take(f.held)
	return r.o.Memory.over("a set")
}

// bits are the two places of a hash in the filter.
func (f *setFile) bits(hash uint64) (a, b uint64) {
	n := uint64(len(f.filter)) * 64
	return hash % n, (hash >> 17) * 0x9e3779b97f4a7c15 >> 7 % n
}

func (f *setFile) note(hash uint64) {
	a, b := f.bits(hash)
	set(f.filter, int(a))
	set(f.filter, int(b))
}

func (f *setFile) mayHave(hash uint64) bool {
	a, b := f.bits(hash)
	return has(f.filter, int(a)) && has(f.filter, int(b))
}

// find sets at to 0 for the selected rows that are in the file, and were not found before.
func (f *setFile) find(r *Rows, cols []*ops.Vector, hashes []uint64, at []int32, sel ops.Selection, n int) error {
	if f.spool == nil {
		if err := f.seal(r); err != nil {
			return err
		}
	}
	f.order = f.order[:0]
	for i := range selectedRows(sel, n) {
		if at[i] < 0 && f.mayHave(hashes[i]) {
			f.order = append(f.order, int32(i))
		}
	}
	slices.SortFunc(f.order, func(a, b int32) int { return cmp.Compare(int64(hashes[a]), int64(hashes[b])) })
	for _, i := range f.order {
		found, err := f.has(cols, int64(hashes[i]), int(i))
		if err != nil {
			return err
		}
		if found {
			at[i] = 0
		}
	}
	return nil
}

// has looks for row i of a batch.
func (f *setFile) has(cols []*ops.Vector, hash int64, i int) (bool, error) {
	b, _ := slices.BinarySearch(f.first, hash)
	for b = max(0, b-1); b < len(f.blocks) && f.first[b] <= hash; b++ { // rows of one hash may begin at the end of the block before
		if err := f.load(b); err != nil {
			return false, err
		}
		for d := (decoder{src: f.buf}); len(d.src) > 0; {
			if err := d.rowOf(f.row); err != nil {
				return false, err
			}
			h := f.row[0].AsInt()
			if h > hash {
				return false, nil
			}
			if h == hash && equalRow(cols, i, f.row[1:]) {
				return true, nil
			}
		}
	}
	return false, nil
}

func equalRow(cols []*ops.Vector, i int, row []ops.Value) bool {
	for c, v := range row {
		if !ops.Equal(cols[c].At(i), v) {
			return false
		}
	}
	return true
}

// load reads a block.
func (f *setFile) load(b int) error {
	if f.at == b && f.buf != nil {
		return nil
	}
	f.at = b
	f.buf = slices.Grow(f.buf[:0], f.blocks[b].size)[:f.blocks[b].size]
	if _, err := f.spool.file.ReadAt(f.buf, f.blocks[b].at); err != nil {
		f.at = -1
		return &ops.Error{Code: ops.CodeIO, Message: "a temporary file could not be read: " + err.Error(), Err: err}
	}
	return nil
}
