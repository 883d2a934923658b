package kv

import (
	"bytes"
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/storage/keys"
)

// Iter walks the keys of one object in one direction: the snapshot's, merged with what the transaction itself had
// written when the iterator was made. Later writes do not change what it sees. A forward iterator is placed by
// First or SeekGE and moved by Next; a reverse one by Last or SeekLT and Prev.
type Iter struct {
	base *pebble.Iterator
	view *view

	own    *ordered[int32] // nil where the snapshot is all there is
	buf    *buffer
	limit  int32
	prefix keys.Prefix
	lo, hi []byte // within the object; nil hi is its end
	at     pos
	ver    int
	ownKey []byte // the next of own, within the object; nil at the end
	ownW   *write

	baseOK  bool
	useOwn  bool
	useBoth bool
	until   Time // versions after it are passed over; 0 for none
	err     error
}

// NewIter makes an iterator over [lo, hi), keys of one object, that sees the transaction's writes up to m.
// The reads are not recorded: see ReadSpan.
func (t *Txn) NewIter(lo, hi []byte, m Mark) (*Iter, error) {
	if err := t.pin(); err != nil {
		return nil, err
	}
	base, err := t.view.iter(lo, hi)
	if err != nil {
		return nil, err
	}
	it := &Iter{base: base, view: t.view}
	it.prefix, it.lo, it.hi = Span{lo, hi}.suffixes()
	if t.asOf {
		it.until = t.snapshot
		if it.buf, err = t.overlay(lo, hi); err != nil {
			t.view.release(base)
			return nil, err
		}
		it.limit = int32(len(it.buf.writes))
		it.own = it.buf.of(it.prefix)
		return it, nil
	}
	if m.writes > 0 {
		if own := t.buf.of(it.prefix); own != nil && own.len > 0 {
			it.own, it.buf, it.limit = own, &t.buf, int32(m.writes)
		}
	}
	return it, nil
}

// NewListIter makes an iterator over what f puts, keys of one object in [lo, hi) in any order, instead of what is stored.
func (t *Txn) NewListIter(lo, hi []byte, f func(put func(key, value []byte)) error) (*Iter, error) {
	if err := t.pin(); err != nil {
		return nil, err
	}
	b := &buffer{}
	if err := f(func(key, value []byte) { b.put(key, value, false, Absent) }); err != nil {
		return nil, err
	}
	base, err := t.view.iter(lo, lo)
	if err != nil {
		return nil, err
	}
	it := &Iter{base: base, view: t.view, buf: b, limit: int32(len(b.writes))}
	it.prefix, it.lo, it.hi = Span{lo, hi}.suffixes()
	it.own = b.of(it.prefix)
	return it, nil
}

// SetBounds moves the iterator to another range of the same object. It must be placed afterwards.
func (it *Iter) SetBounds(lo, hi []byte) {
	it.base.SetBounds(lo, hi)
	it.prefix, it.lo, it.hi = Span{lo, hi}.suffixes()
}

// Close gives the iterator back.
func (it *Iter) Close() error {
	if it.base == nil {
		return nil
	}
	err := it.Error()
	it.view.release(it.base)
	it.base = nil
	return err
}

// Error returns what stopped the iterator, or nil.
func (it *Iter) Error() error {
	if it.err != nil {
		return it.err
	}
	return it.base.Error()
}

// First places the iterator at the first key.
func (it *Iter) First() bool {
	it.baseOK = it.base.First()
	if it.plain() {
		return it.baseOK
	}
	it.ownSeek(it.lo)
	return it.merge()
}

// SeekGE places the iterator at the first key at or behind key.
func (it *Iter) SeekGE(key []byte) bool {
	it.baseOK = it.base.SeekGE(key)
	if it.plain() {
		return it.baseOK
	}
	it.ownSeek(max2(key[keys.PrefixLen:], it.lo))
	return it.merge()
}

// Next moves the iterator to the next key.
func (it *Iter) Next() bool {
	if it.plain() {
		it.baseOK = it.base.Next()
		return it.baseOK
	}
	if !it.useOwn || it.useBoth {
		it.baseOK = it.base.Next()
	}
	if it.useOwn {
		it.ownNext()
	}
	return it.merge()
}

// Last places a reverse iterator at the last key.
func (it *Iter) Last() bool {
	it.baseOK = it.base.Last()
	if it.plain() {
		return it.baseOK
	}
	it.ownSeekLT(it.hi)
	return it.mergeReverse()
}

// SeekLT places a reverse iterator at the last key before key.
func (it *Iter) SeekLT(key []byte) bool {
	it.baseOK = it.base.SeekLT(key)
	if it.plain() {
		return it.baseOK
	}
	suffix := key[keys.PrefixLen:]
	if it.hi != nil && bytes.Compare(suffix, it.hi) > 0 {
		suffix = it.hi
	}
	it.ownSeekLT(suffix)
	return it.mergeReverse()
}

// Prev moves a reverse iterator to the key before.
func (it *Iter) Prev() bool {
	if it.plain() {
		it.baseOK = it.base.Prev()
		return it.baseOK
	}
	if !it.useOwn || it.useBoth {
		it.baseOK = it.base.Prev()
	}
	if it.useOwn {
		it.ownPrev()
	}
	return it.mergeReverse()
}

func (it *Iter) plain() bool { return it.own == nil && it.until == 0 }

// Plain returns Pebble's own iterator where it shows all that this one would, or nil. Moving it is moving this one.
func (it *Iter) Plain() *pebble.Iterator {
	if it.plain() {
		return it.base
	}
	return nil
}

// Lend returns one of Pebble's iterators over the state that it walks, for another goroutine to use and for TakeBack to
// end that. It must be Plain.
func (it *Iter) Lend() (*pebble.Iterator, error) { return it.view.lend() }

// TakeBack takes back what Lend returned.
func (it *Iter) TakeBack(lent *pebble.Iterator) { it.view.release(lent) }

// Key returns the key, valid until the iterator moves.
func (it *Iter) Key() []byte {
	if it.useOwn {
		return it.ownW.key
	}
	return it.base.Key()
}

// Value returns the value without its header, valid until the iterator moves.
func (it *Iter) Value() ([]byte, error) {
	if it.useOwn {
		if it.until > 0 { // it is a version, with its header
			return it.ownW.value[HeaderLen:], nil
		}
		return it.ownW.value, nil
	}
	raw, err := it.base.ValueAndErr()
	if err != nil {
		return nil, err
	}
	if len(raw) < HeaderLen {
		return nil, ErrHeader
	}
	return raw[HeaderLen:], nil
}

// Time returns the commit time of the value; 0 where the transaction wrote it itself.
func (it *Iter) Time() (Time, error) {
	raw, err := it.Raw()
	if raw == nil || err != nil {
		return 0, err
	}
	return TimeOf(raw), nil
}

// Raw returns the value with its header, or nil where the transaction wrote it itself.
func (it *Iter) Raw() ([]byte, error) {
	if it.useOwn {
		if it.until > 0 {
			return it.ownW.value, nil
		}
		return nil, nil
	}
	raw, err := it.base.ValueAndErr()
	if err == nil && len(raw) < HeaderLen {
		err = ErrHeader
	}
	return raw, err
}

// merge settles which of the two sides is next, going forward.
func (it *Iter) merge() bool {
	for {
		it.useOwn, it.useBoth = false, false
		if it.ownW == nil {
			if !it.baseOK || it.inTime() {
				return it.baseOK && it.err == nil
			}
			it.baseOK = it.base.Next()
			continue
		}
		c := -1
		if it.baseOK {
			c = bytes.Compare(it.ownW.key, it.base.Key())
		}
		if c > 0 {
			if it.inTime() {
				return it.err == nil
			}
			it.baseOK = it.base.Next()
			continue
		}
		it.useOwn, it.useBoth = true, c == 0
		if !it.ownW.deleted {
			return true
		}
		if it.useBoth {
			it.baseOK = it.base.Next()
		}
		it.ownNext()
	}
}

// mergeReverse is merge going backward.
func (it *Iter) mergeReverse() bool {
	for {
		it.useOwn, it.useBoth = false, false
		if it.ownW == nil {
			if !it.baseOK || it.inTime() {
				return it.baseOK && it.err == nil
			}
			it.baseOK = it.base.Prev()
			continue
		}
		c := 1
		if it.baseOK {
			c = bytes.Compare(it.ownW.key, it.base.Key())
		}
		if c < 0 {
			if it.inTime() {
				return it.err == nil
			}
			it.baseOK = it.base.Prev()
			continue
		}
		it.useOwn, it.useBoth = true, c == 0
		if !it.ownW.deleted {
			return true
		}
		if it.useBoth {
			it.baseOK = it.base.Prev()
		}
		it.ownPrev()
	}
}

// inTime reports whether the base's version had been written at the iterator's time.
func (it *Iter) inTime() bool {
	if it.until == 0 {
		return true
	}
	raw, err := it.base.ValueAndErr()
	if err == nil && len(raw) < HeaderLen {
		err = ErrHeader
	}
	if err != nil {
		it.err = err
		return true
	}
	return Time(binary.BigEndian.Uint64(raw)) <= it.until
}

// ownSeek places the own side at the first visible write at or behind key.
func (it *Iter) ownSeek(key []byte) {
	it.ownW = nil
	if it.own == nil {
		return
	}
	it.at, _ = it.own.seek(key)
	it.ver = it.own.version
	it.ownForward()
}

func (it *Iter) ownNext() {
	if it.ver != it.own.version {
		var found bool
		it.at, found = it.own.seek(it.ownKey)
		it.ver = it.own.version
		if found {
			it.at.i++
		}
	} else {
		it.at.i++
	}
	it.ownForward()
}

func (it *Iter) ownForward() {
	it.ownW = nil
	for {
		p, ok := it.own.settle(it.at)
		if !ok {
			return
		}
		it.at = p
		k, v := it.own.at(p)
		if it.hi != nil && bytes.Compare(k, it.hi) >= 0 {
			return
		}
		if w := it.buf.visible(v, it.limit); w != nil {
			it.ownKey, it.ownW = k, w
			return
		}
		it.at.i++
	}
}

// ownSeekLT places the own side at the last visible write before key; nil is the end of the object.
func (it *Iter) ownSeekLT(key []byte) {
	it.ownW = nil
	if it.own == nil {
		return
	}
	if key == nil {
		it.at = pos{len(it.own.chunks), 0}
	} else {
		it.at, _ = it.own.seek(key)
	}
	it.ver = it.own.version
	it.ownBackward()
}

func (it *Iter) ownPrev() {
	if it.ver != it.own.version {
		it.at, _ = it.own.seek(it.ownKey)
		it.ver = it.own.version
	}
	it.ownBackward()
}

func (it *Iter) ownBackward() {
	it.ownW = nil
	for {
		p, ok := it.own.before(it.at)
		if !ok {
			return
		}
		it.at = p
		k, v := it.own.at(p)
		if bytes.Compare(k, it.lo) < 0 {
			return
		}
		if w := it.buf.visible(v, it.limit); w != nil {
			it.ownKey, it.ownW = k, w
			return
		}
	}
}

func max2(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		return b
	}
	return a
}
