package kv

import (
	"github.com/cockroachdb/pebble/v2"
)

// view is one pinned state of the store and the iterators over it that are not in use. A view belongs to one transaction at a
// time. One whose state is still the newest when its transaction ends is kept for the next: making an
// iterator costs more than a seek.
type view struct {
	at    Time   // the store's time when it was made
	gen   uint64 // of the store's files when it was made
	all   []*pebble.Iterator
	free  []*pebble.Iterator
	point *pebble.Iterator // for gets; made when first needed
}

// idleViews bounds how many views are kept.
const idleViews = 32

func (db *DB) openView() (*view, error) {
	now := Time(db.last.Load())
	db.viewMu.Lock()
	if n := len(db.idle); n > 0 && db.idle[n-1].at == now {
		v := db.idle[n-1]
		db.idle = db.idle[:n-1]
		db.viewMu.Unlock()
		return v, nil
	}
	db.viewMu.Unlock()
	v := &view{at: now, gen: db.files.Load()}
	it, err := db.p.NewIter(nil)
	if err != nil {
		return nil, err
	}
	v.all = append(v.all, it)
	v.free = append(v.free, it)
	return v, nil
}

// closeView takes a view back.
func (db *DB) closeView(v *view) error {
	if v.at == Time(db.last.Load()) && v.gen == db.files.Load() && len(v.free)+1 >= len(v.all) {
		db.viewMu.Lock()
		if !db.closing && len(db.idle) < idleViews && v.at == Time(db.last.Load()) {
			db.idle = append(db.idle, v)
			db.viewMu.Unlock()
			return nil
		}
		db.viewMu.Unlock()
	}
	return v.close()
}

func (v *view) close() (err error) {
	for _, it := range v.all {
		if e := it.Close(); err == nil {
			err = e
		}
	}
	*v = view{}
	return err
}

// FilesChanged lets go of memtables and files that Pebble has replaced by others: views that are kept would pin them. Pebble tells it
// with its own lock held, which the last iterator over a replaced file takes to be closed: so that is done by another goroutine.
func (db *DB) FilesChanged() {
	db.files.Add(1)
	db.viewMu.Lock()
	defer db.viewMu.Unlock()
	idle := db.idle
	if db.idle = nil; len(idle) > 0 {
		db.dropping.Go(func() { closeViews(idle) })
	}
}

// dropIdle closes the views that are kept; every commit does it, since they are out of date.
func (db *DB) dropIdle(closing bool) {
	db.viewMu.Lock()
	idle := db.idle
	db.idle = nil
	db.closing = db.closing || closing
	db.viewMu.Unlock()
	closeViews(idle)
}

func closeViews(views []*view) {
	for _, v := range views {
		_ = v.close() // its errors were reported where they arose
	}
}

// iter lends an iterator over [lo, hi).
func (v *view) iter(lo, hi []byte) (*pebble.Iterator, error) {
	if n := len(v.free); n > 0 {
		it := v.free[n-1]
		v.free = v.free[:n-1]
		it.SetBounds(lo, hi)
		return it, nil
	}
	it, err := v.all[0].Clone(pebble.CloneOptions{IterOptions: &pebble.IterOptions{LowerBound: lo, UpperBound: hi}})
	if err != nil {
		return nil, err
	}
	v.all = append(v.all, it)
	return it, nil
}

// lend lends an iterator to another goroutine. It is never the first one: others are cloned from that by the transaction's own.
func (v *view) lend() (*pebble.Iterator, error) {
	for i, it := range v.free {
		if it != v.all[0] {
			v.free = append(v.free[:i], v.free[i+1:]...)
			return it, nil
		}
	}
	it, err := v.all[0].Clone(pebble.CloneOptions{IterOptions: &pebble.IterOptions{}})
	if err != nil {
		return nil, err
	}
	v.all = append(v.all, it)
	return it, nil
}

func (v *view) release(it *pebble.Iterator) { v.free = append(v.free, it) }

// get reads the raw value of a key, valid until the view's next get.
func (v *view) get(key []byte) ([]byte, bool, error) {
	if v.point == nil {
		it, err := v.iter(nil, nil)
		if err != nil {
			return nil, false, err
		}
		v.point = it
	}
	if !v.point.SeekPrefixGE(key) {
		return nil, false, v.point.Error()
	}
	raw, err := v.point.ValueAndErr()
	return raw, err == nil, err
}
