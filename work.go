package zerodb

import "github.com/zerodb/zerodb/vm"

// Work is what a statement has looked at to make its rows. It says whether an index, a key or a limit served it, which no clock
// does reliably.
type Work = vm.Work

// Work returns what the statement has done so far; when the rows are at their end or closed, all that it did.
func (r *Rows) Work() Work {
	r.lock()
	defer r.unlock()
	if r.source == nil {
		return r.work
	}
	return workOf(r.source)
}

// workOf returns the work of a source; that of Scan is not counted.
func workOf(s rowSource) Work {
	switch s := s.(type) {
	case machineSource:
		return s.Work()
	case remoteSource:
		return s.Work()
	}
	return Work{}
}
