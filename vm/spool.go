package vm

import (
	"encoding/binary"

	"github.com/zerodb/zerodb/ops"
)

// spool is a temporary file in which several runs of rows grow side by side, in blocks.
type spool struct {
	file SpillFile
	end  int64
	run  *Rows
}

// spoolRun is rows in the order in which they were added.
type spoolRun struct {
	blocks []block
	buf    []byte // what is not in a block yet
	size   int    // from how many bytes on a block is written; 0: blockSize
}

type block struct {
	at   int64
	size int
}

const blockSize = 16 << 10

func newSpool(r *Rows) (*spool, error) {
	f, err := r.o.Spill.Create()
	if err != nil {
		return nil, &ops.Error{Code: ops.CodeIO, Message: "no temporary file: " + err.Error(), Err: err}
	}
	return &spool{file: f, run: r}, nil
}

// close removes the file. What it answers is of no interest to anybody.
func (s *spool) close() {
	if s != nil {
		_ = s.file.Close()
	}
}

// add appends row i of some columns. Columns that are nil are none.
func (w *spoolRun) add(s *spool, cols []*ops.Vector, i int) error {
	for _, c := range cols {
		v := ops.None
		if c != nil {
			v = c.At(i)
		}
		w.buf = appendValue(w.buf, v)
	}
	return w.full(s)
}

// addValues appends a row.
func (w *spoolRun) addValues(s *spool, row []ops.Value) error {
	for _, v := range row {
		w.buf = appendValue(w.buf, v)
	}
	return w.full(s)
}

func (w *spoolRun) full(s *spool) error {
	if len(w.buf) < blockSize && (w.size == 0 || len(w.buf) < w.size) {
		return nil
	}
	return w.flush(s)
}

// flush writes what is left in memory.
func (w *spoolRun) flush(s *spool) error {
	if len(w.buf) == 0 {
		return nil
	}
	if _, err := s.file.Write(w.buf); err != nil {
		return &ops.Error{Code: ops.CodeIO, Message: "a temporary file could not be written: " + err.Error(), Err: err}
	}
	w.blocks = append(w.blocks, block{s.end, len(w.buf)})
	s.end += int64(len(w.buf))
	s.run.work.Spilled += int64(len(w.buf))
	w.buf = w.buf[:0]
	return nil
}

// runReader reads a run block by block. Values point into the block they were read from, which is not used again.
type runReader struct {
	spool  *spool
	blocks []block
	rest   []byte
}

func (r *runReader) start(s *spool, w *spoolRun) {
	r.spool, r.blocks, r.rest = s, w.blocks, nil
}

// more makes sure that there is a row to read, if there is one.
func (r *runReader) more() (bool, error) {
	if len(r.rest) > 0 {
		return true, nil
	}
	if len(r.blocks) == 0 {
		return false, nil
	}
	b := r.blocks[0]
	r.blocks = r.blocks[1:]
	r.rest = make([]byte, b.size)
	if _, err := r.spool.file.ReadAt(r.rest, b.at); err != nil {
		return false, &ops.Error{Code: ops.CodeIO, Message: "a temporary file could not be read: " + err.Error(), Err: err}
	}
	return true, nil
}

// row reads a row.
func (r *runReader) row(dst []ops.Value) (bool, error) {
	ok, err := r.more()
	if !ok {
		return false, err
	}
	d := decoder{src: r.rest}
	for i := range dst {
		dst[i] = d.value(0)
	}
	if d.err != nil {
		return false, ops.Errorf(ops.CodeCorrupt, "a temporary file is damaged: %v", d.err)
	}
	r.rest = d.src
	return true, nil
}

// batch reads rows into columns.
func (r *runReader) batch(cols []ops.Vector) (int, error) {
	for c := range cols {
		cols[c].Reset(ops.KindNone, 0)
	}
	n := 0
	for ; n < ops.BatchSize; n++ {
		ok, err := r.more()
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		d := decoder{src: r.rest}
		for c := range cols {
			cols[c].Append(d.value(0))
		}
		if d.err != nil {
			return 0, ops.Errorf(ops.CodeCorrupt, "a temporary file is damaged: %v", d.err)
		}
		r.rest = d.src
	}
	return n, nil
}

func appendUint(dst []byte, n uint64) []byte { return binary.AppendUvarint(dst, n) }
