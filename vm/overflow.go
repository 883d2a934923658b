package vm

import "github.com/zerodb/zerodb/ops"

// overflow keeps rows that have no room in memory, in partitions by the hash of their keys, and gives the partitions back one
// after the other. Rows of one hash are in one partition, so that each can be worked off by itself: grouped, made distinct, or –
// with a build side and a probe side – joined. Working one off may overflow again: its rows are divided by further
// bits of the hash, and those partitions come before the others.
//
// A user keeps a table in memory until the budget is tight, then adds what is not in the table. When its input is at an end:
//
//	for o.next() {
//		for n, err := o.read(r, overflowBuild, cols); n > 0; … { … }  // may add again
//	}
type overflow struct {
	level  int // how often the rows at hand have been divided
	spool  *spool
	parts  []partition // of the rows at hand; nil while none was added
	queue  []partition // still to be worked off
	now    partition   // at hand, by next
	reader [overflowSides]runReader
}

// The sides of an overflow. Who has but one uses the first.
const (
	overflowBuild = iota
	overflowProbe
	overflowSides
)

// partition is rows that were put aside.
type partition struct {
	runs  [overflowSides]spoolRun
	level int
}

const (
	partitions    = 8
	partitionBits = 3
	maxLevel      = 16
)

// add puts row i of some columns aside. what names the user, for the error of rows that cannot be divided any further.
func (o *overflow) add(r *Rows, what string, side int, hash uint64, cols []*ops.Vector, i int) error {
	if o.parts == nil {
		if err := o.divide(r, what); err != nil {
			return err
		}
	}
	return o.parts[o.of(hash)].runs[side].add(o.spool, cols, i)
}

// of is the partition that rows of a hash go to. The lowest bits are left to hash tables.
func (o *overflow) of(hash uint64) int {
	return int(hash >> (64 - partitionBits*(o.level+1)) & (partitions - 1))
}

func (o *overflow) divide(r *Rows, what string) (err error) {
	if o.level >= maxLevel {
		return ops.Errorf(ops.CodeMemoryBudget, "%s does not fit the query's memory budget however often it is divided", what)
	}
	if o.spool == nil {
		if o.spool, err = newSpool(r); err != nil {
			return err
		}
	}
	o.parts = make([]partition, partitions)
	for i := range o.parts {
		o.parts[i].level = o.level + 1
	}
	return nil
}

// used reports whether rows were put aside that next has not lined up yet.
func (o *overflow) used() bool { return o.parts != nil }

// next goes to the next partition, the newest first, so that there are never many. It returns false when all are worked off.
func (o *overflow) next() (bool, error) {
	for i := range o.parts {
		for side := range o.parts[i].runs {
			run := &o.parts[i].runs[side]
			if err := run.flush(o.spool); err != nil {
				return false, err
			}
			run.buf = nil
		}
	}
	o.queue, o.parts = append(o.parts, o.queue...), nil
	for len(o.queue) > 0 {
		o.now, o.queue = o.queue[0], o.queue[1:]
		if o.now.empty() {
			continue
		}
		o.level = o.now.level
		for side := range o.reader {
			o.rewind(side)
		}
		return true, nil
	}
	return false, nil
}

func (p *partition) empty() bool {
	for side := range p.runs {
		if len(p.runs[side].blocks) > 0 {
			return false
		}
	}
	return true
}

// rewind begins to read a side of the partition at hand again.
func (o *overflow) rewind(side int) { o.reader[side].start(o.spool, &o.now.runs[side]) }

// read reads the next rows of the partition at hand, in the order in which they were added; 0 at the end.
func (o *overflow) read(r *Rows, side int, cols []ops.Vector) (int, error) {
	if err := r.step(); err != nil {
		return 0, err
	}
	return o.reader[side].batch(cols)
}

// release removes the file and forgets everything.
func (o *overflow) release() {
	o.spool.close()
	*o = overflow{}
}
