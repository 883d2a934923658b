package vm

import (
	"github.com/zerodb/zerodb/ops"
)

// rowSet is the builder for DISTINCT and for sets that values are looked up in, as IN (SELECT …) has.
//
// One that `distinct` fills hands the rows that are new on at once. When memory grows tight it takes no more: rows that it does
// not have are put aside with their numbers, and open.built gives those of them that are distinct, in the order in which
// they came. One that `put` fills becomes a setFile.
type rowSet struct {
	table rowTable
	round uint64
	width int // columns of a row
	keys  int // so many of which tell rows apart
	held  int64

	frozen  bool
	came    int64    // rows so far, which number them
	aside   overflow // rows of a frozen set, with their numbers
	late    *sorter  // the distinct ones of those, by number
	numbers ops.Vector
	shown   []*ops.Vector
	cols    []ops.Vector

	file *setFile // nil until put has more than fits
}

func (s *rowSet) empty(r *Rows, decl *linkedBuilder) {
	s.release(r)
	s.round++
	s.width, s.keys = decl.Columns, decl.Keys
	if s.keys == 0 {
		s.keys = s.width
	}
	s.table.empty(s.keys)
	s.charge(r)
}

func (s *rowSet) release(r *Rows) {
	s.table.empty(0)
	if cap(s.table.hashes) > keptRows {
		s.table = rowTable{}
	}
	r.o.Memory.take(-s.held)
	s.held, s.came, s.frozen = 0, 0, false
	s.aside.release()
	if s.late != nil {
		s.late.release(r)
		s.late = nil
	}
	if s.file != nil {
		s.file.release(r)
		s.file = nil
	}
}

// charge brings the budget up to what the set holds.
func (s *rowSet) charge(r *Rows) {
	size := s.table.size()
	r.o.Memory.take(size - s.held)
	s.held = size
}

const setName = "a set of distinct rows"

// fresh adds the selected rows and writes those that are new to rows, which may be the memory of sel. What a frozen set does
// not have is put aside and counts as not new for now.
func (s *rowSet) fresh(r *Rows, cols []*ops.Vector, sel ops.Selection, n int, rows []int32) (int, error) {
	keys := cols[:s.keys]
	s.table.hash(r, keys, sel, n)
	if s.frozen {
		s.number(n)
		return 0, s.putAside(r, cols, &s.numbers, sel, n)
	}
	s.came += int64(n)
	k := s.add(keys, sel, n, rows)
	s.charge(r)
	if r.o.Spill != nil && r.o.Memory.tight() {
		if err := r.relieve(); err != nil {
			return 0, err
		}
	}
	s.frozen = r.o.Spill != nil && r.o.Memory.tight()
	return k, r.o.Memory.over(setName)
}

// add adds the selected rows of a hashed batch and lists those that are new, where rows is not nil.
func (s *rowSet) add(keys []*ops.Vector, sel ops.Selection, n int, rows []int32) (k int) {
	t := &s.table
	count := n
	if sel != nil {
		count = len(sel)
	}
	t.reserve(count)
	for j := range count {
		i := j
		if sel != nil {
			i = int(sel[j])
		}
		g, slot := t.probe(keys, i)
		if g >= 0 {
			continue
		}
		t.add(keys, i, slot)
		if rows != nil {
			rows[k] = int32(i)
		}
		k++
	}
	return k
}

// number gives the rows of a batch their numbers.
func (s *rowSet) number(n int) {
	s.numbers.Reset(ops.KindInt, n)
	for i := range n {
		s.numbers.Ints[i] = s.came + int64(i)
	}
	s.came += int64(n)
}

// putAside spools the selected rows that the table does not have, each behind its number.
func (s *rowSet) putAside(r *Rows, cols []*ops.Vector, numbers *ops.Vector, sel ops.Selection, n int) error {
	at := s.table.find(cols[:s.keys], sel, n)
	s.shown = append(append(s.shown[:0], numbers), cols...)
	for i := range selectedRows(sel, n) {
		if at[i] >= 0 {
			continue
		}
		if err := s.aside.add(r, setName, overflowBuild, s.table.h[i], s.shown, i); err != nil {
			return err
		}
	}
	return nil
}

// finish makes the rows that were put aside distinct.
func (s *rowSet) finish(r *Rows) error {
	if !s.aside.used() {
		return nil
	}
	s.late = &sorter{}
	s.late.empty(r, &linkedBuilder{Builder: &Builder{Kind: BuildSort, Columns: s.width + 1, Desc: []bool{false}}})
	for len(s.cols) < s.width+1 {
		s.cols = append(s.cols, ops.Vector{})
	}
	for {
		more, err := s.aside.next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if err := s.partition(r); err != nil {
			return err
		}
	}
	s.table = rowTable{}
	s.charge(r)
	return s.late.finish(r)
}

// partition goes through one partition of what was put aside.
func (s *rowSet) partition(r *Rows) error {
	s.frozen, s.table = false, rowTable{}
	s.table.empty(s.keys)
	s.charge(r)
	var rows [ops.BatchSize]int32
	all := s.cols[:s.width+1]
	shown := make([]*ops.Vector, s.width+1)
	for i := range all {
		shown[i] = &all[i]
	}
	for {
		n, err := s.aside.read(r, overflowBuild, all)
		if err != nil || n == 0 {
			return err
		}
		keys := shown[1 : 1+s.keys]
		s.table.hash(r, keys, nil, n)
		if s.frozen {
			if err := s.putAside(r, shown[1:], shown[0], nil, n); err != nil {
				return err
			}
			continue
		}
		k := s.add(keys, nil, n, rows[:])
		s.charge(r)
		if k > 0 {
			if err := s.late.put(r, shown, rows[:k], n); err != nil {
				return err
			}
		}
		if r.o.Memory.half() && s.late.count > 0 {
			if err := s.late.spill(r); err != nil { // what waits for its turn is not what memory is for
				return err
			}
		}
		s.frozen = r.o.Memory.half()
	}
}

// next gives the rows that were put aside.
func (s *rowSet) next(out *Batch) error {
	for c := range s.width {
		out.Cols[c].Reset(ops.KindNone, 0)
	}
	for s.late != nil && out.N < out.Room() {
		row, err := s.late.nextRow()
		if err != nil || row == nil {
			return err
		}
		for c, v := range row[1:] {
			out.Cols[c].Append(v)
		}
		out.N++
	}
	return nil
}

// put adds the selected rows to a set that values are looked up in.
func (s *rowSet) put(r *Rows, cols []*ops.Vector, sel ops.Selection, n int) error {
	s.table.hash(r, cols, sel, n)
	s.add(cols, sel, n, nil)
	s.charge(r)
	if r.o.Spill != nil && r.o.Memory.tight() {
		if s.file == nil {
			s.file = newSetFile(r, s.width)
		}
		if err := s.file.take(r, &s.table); err != nil {
			return err
		}
		s.table = rowTable{}
		s.table.empty(s.width)
		s.charge(r)
	}
	return r.o.Memory.over("a set")
}

// find gives the selected rows' numbers in the set, -1 where they are not in it; what is in the file alone has number 0.
func (s *rowSet) find(r *Rows, cols []*ops.Vector, sel ops.Selection, n int) ([]int32, error) {
	s.table.hash(r, cols, sel, n)
	at := s.table.find(cols, sel, n)
	if s.file == nil {
		return at, nil
	}
	return at, s.file.find(r, cols, s.table.h, at, sel, n)
}
