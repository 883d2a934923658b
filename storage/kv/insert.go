package kv

import (
	"bytes"

	"github.com/zerodb/zerodb/storage/keys"
)

// risingRun is how many inserts with rising keys make it likely that more follow.
const risingRun = 4

// inserts is what a transaction knows that helps it to insert many keys.
type inserts struct {
	last   []byte // the key asked for last
	owed   bool   // it was not there, and it is not noted yet that the transaction depends on that
	rising int    // how many keys of one object were asked for in rising order
	// The snapshot has no key in [lo, hi); hi is empty where that is not known of any.
	lo, hi []byte
}

// Holds reports whether a key is there, and records that the transaction depends on it. It is Get for inserts: where keys
// rise, as those of an import do, one seek finds that all up to the next existing key are free.
//
// Mostly the key is written next, and a write is validated as a read is: the dependency is noted only where it is not.
func (t *Txn) Holds(key []byte) (bool, error) {
	t.settle()
	if len(t.buf.writes) > 0 {
		if w := t.buf.get(key); w != nil {
			return !w.deleted, nil
		}
	}
	ins := &t.inserts
	if bytes.Compare(key, ins.lo) >= 0 && bytes.Compare(key, ins.hi) < 0 {
		ins.last, ins.owed = append(ins.last[:0], key...), true
		return false, nil
	}
	ins.follow(key)
	if ins.rising < risingRun || t.asOf {
		_, _, ok, err := t.Base(key)
		return ok, err
	}
	found, err := t.findGap(key)
	if err == nil && found {
		t.ReadKey(key)
	}
	ins.owed = err == nil && !found
	return found, err
}

// settle notes the dependency that Holds has left open.
func (t *Txn) settle() {
	if t.inserts.owed {
		t.inserts.owed = false
		t.ReadKey(t.inserts.last)
	}
}

// follow counts keys that rise.
func (ins *inserts) follow(key []byte) {
	if len(ins.last) >= keys.PrefixLen && bytes.Equal(ins.last[:keys.PrefixLen], key[:keys.PrefixLen]) && bytes.Compare(ins.last, key) < 0 {
		ins.rising++
	} else {
		ins.rising = 0
	}
	ins.last = append(ins.last[:0], key...)
}

// findGap looks for the first key at or behind key in its object, and reports whether it is key.
func (t *Txn) findGap(key []byte) (bool, error) {
	ins := &t.inserts
	ins.hi = ins.hi[:0]
	if err := t.pin(); err != nil {
		return false, err
	}
	end := keys.AppendEnd(nil, key[:keys.PrefixLen])
	it, err := t.view.iter(key, end)
	if err != nil {
		return false, err
	}
	defer t.view.release(it)
	ins.lo = append(ins.lo[:0], key...)
	if it.First() {
		ins.hi = append(ins.hi, it.Key()...)
		return bytes.Equal(it.Key(), key), nil
	}
	if err := it.Error(); err != nil {
		return false, err
	}
	ins.hi = append(ins.hi, end...)
	return false, nil
}
