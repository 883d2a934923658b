package vm

import (
	"github.com/zerodb/zerodb/ops"
)

// What the aggregates of a grouping keep of its rows can be more than fits, however few groups there are. Of a set of distinct values the
// rows that it has no room for are put aside, as those of DISTINCT are, and added up when the input has ended. The
// numbers of a median or percentile are written out as runs, sorted by group and number; merged, the one that is asked for
// is at a known place among those of its group.

// pairDecl declares the sets of group and value.
var pairDecl = &linkedBuilder{Builder: &Builder{Kind: BuildSet, Columns: 2}}

// rankDecl declares the sorts of group and number.
var rankDecl = &linkedBuilder{Builder: &Builder{Kind: BuildSort, Columns: 2, Desc: []bool{false, false}}}

// ranking is the numbers of a rank aggregate that had no room.
type ranking struct {
	sort    *sorter     // runs of group and number; nil while there are none
	counts  []int64     // by group: how many numbers are in the runs
	results []ops.Value // by group, when the runs have been merged; nil before
	held    int64
}

// leastDrained is how many bytes of numbers are worth a run.
const leastDrained = 16 << 10

func (k *ranking) release(r *Rows) {
	if k.sort != nil {
		k.sort.release(r)
	}
	r.o.Memory.take(-k.held)
	*k = ranking{}
}

func (k *ranking) charge(r *Rows) {
	size := int64(cap(k.counts))*8 + int64(cap(k.results))*valueSize
	r.o.Memory.take(size - k.held)
	k.held = size
}

// drain writes the numbers of rank aggregates out where they are many.
func (g *grouping) drain(r *Rows) error {
	for i, s := range g.states {
		if s, ok := s.(ops.RankState); ok && s.Held() >= leastDrained {
			if err := g.ranks[i].take(r, s, g.groups()); err != nil {
				return err
			}
		}
	}
	g.charge(r)
	return nil
}

// take writes the numbers of a state as a run.
func (k *ranking) take(r *Rows, s ops.RankState, groups int) (err error) {
	if k.sort == nil {
		k.sort = &sorter{}
		k.sort.empty(r, rankDecl)
	}
	if k.sort.spool == nil {
		if k.sort.spool, err = newSpool(r); err != nil {
			return err
		}
	}
	for len(k.counts) < groups {
		k.counts = append(k.counts, 0)
	}
	var run spoolRun
	var numbers []float64
	var row [2]ops.Value
	for g := range groups {
		numbers = s.Take(numbers[:0], g)
		k.counts[g] += int64(len(numbers))
		row[0] = ops.Int(int64(g))
		for _, x := range numbers {
			row[1] = ops.Float(x)
			if err := run.addValues(k.sort.spool, row[:]); err != nil {
				return err
			}
		}
	}
	s.Clear()
	if err := run.flush(k.sort.spool); err != nil {
		return err
	}
	run.buf = nil
	k.charge(r)
	if k.sort.runs = append(k.sort.runs, run); len(k.sort.runs) == maxRuns {
		return k.sort.mergeRuns(r)
	}
	return nil
}

// settle adds up what was put aside of distinct values, and looks the ranks up among the numbers that were written out.
func (g *grouping) settle(r *Rows) error {
	for i := range g.distinct {
		if s := &g.distinct[i]; g.decl.Aggregates[i].Distinct && s.aside.used() {
			if err := g.addLate(r, i, s); err != nil {
				return err
			}
		}
	}
	for i := range g.ranks {
		k := &g.ranks[i]
		if k.sort == nil {
			continue
		}
		s := g.states[i].(ops.RankState)
		if err := k.take(r, s, g.groups()); err != nil {
			return err
		}
		if err := k.look(r, s); err != nil {
			return err
		}
	}
	g.charge(r)
	return r.o.Memory.over("a grouping")
}

// addLate adds the distinct values that a set had put aside, in the order in which they came.
func (g *grouping) addLate(r *Rows, i int, s *rowSet) error {
	if err := s.finish(r); err != nil {
		return err
	}
	b := Batch{Cols: make([]ops.Vector, 2)}
	groups := make([]int32, ops.BatchSize)
	for {
		if err := r.step(); err != nil {
			return err
		}
		b.N = 0
		if err := s.next(&b); err != nil {
			return err
		}
		if b.N == 0 {
			s.release(r)
			return nil
		}
		for row := range b.N {
			groups[row] = int32(b.Cols[0].At(row).AsInt())
		}
		if err := g.states[i].Add(groups[:b.N], &b.Cols[1], nil, b.N); err != nil {
			return err
		}
		g.charge(r)
		if r.o.Memory.half() {
			if err := g.drain(r); err != nil {
				return err
			}
		}
		if err := r.o.Memory.over("a grouping"); err != nil {
			return err
		}
	}
}

// look merges the runs and finds the number of each group.
func (k *ranking) look(r *Rows, s ops.RankState) error {
	k.results = make([]ops.Value, len(k.counts))
	k.charge(r)
	if err := k.sort.finish(r); err != nil {
		return err
	}
	for g, n := range k.counts {
		if n == 0 {
			continue
		}
		low, part := s.Rank(n)
		var found float64
		for at := range n {
			if at%chunkRows == 0 {
				if err := r.step(); err != nil {
					return err
				}
			}
			row, err := k.sort.nextRow()
			if err != nil {
				return err
			}
			if row == nil || row[0].AsInt() != int64(g) {
				return ops.Errorf(ops.CodeCorrupt, "a temporary file is damaged: the numbers of a group are missing")
			}
			switch x := row[1].AsFloat(); at {
			case low:
				found = x
			case low + 1:
				if part > 0 {
					found = ops.Between(found, x, part)
				}
			}
		}
		k.results[g] = ops.Float(found)
	}
	k.sort.release(r)
	return nil
}

// result is the value of aggregate a for a group.
func (g *grouping) result(a, group int) (ops.Value, error) {
	if k := &g.ranks[a]; k.results != nil {
		return k.results[group], nil
	}
	return g.states[a].Result(group)
}
