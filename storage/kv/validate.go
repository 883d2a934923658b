package kv

import (
	"iter"
	"time"

	"github.com/zerodb/zerodb/storage/keys"
)

// Time is a hybrid-logical commit time: milliseconds since the Unix epoch in the upper 48 bits, a counter below.
// Times of one store rise strictly.
type Time uint64

const logicalBits = 16

// epochBits is how many bits of a time are below its epoch: about a minute.
const epochBits = logicalBits + 16

// TimeAt returns the last commit time in the millisecond of a moment.
func TimeAt(t time.Time) Time {
	ms := t.UnixMilli()
	if ms < 0 {
		return 0
	}
	return Time(min(uint64(ms), 1<<(64-logicalBits)-1))<<logicalBits | (1<<logicalBits - 1)
}

// Moment returns when it was, to the millisecond.
func (t Time) Moment() time.Time { return time.UnixMilli(int64(t >> logicalBits)).UTC() }

// Epoch returns the epoch that a time falls in.
func (t Time) Epoch() uint32 { return uint32(t >> epochBits) }

// Span is a range of keys of one object: from Lo up to but without Hi.
type Span struct{ Lo, Hi []byte }

// suffixes returns the span's bounds within its object; a nil hi is the object's end.
func (s Span) suffixes() (p keys.Prefix, lo, hi []byte) {
	p = keys.Prefix(s.Lo[:keys.PrefixLen])
	if len(s.Hi) >= keys.PrefixLen && keys.Prefix(s.Hi[:keys.PrefixLen]) == p {
		hi = s.Hi[keys.PrefixLen:]
	}
	return p, s.Lo[keys.PrefixLen:], hi
}

// ReadSet is what a transaction has read: keys, whether they were there or not, and ranges.
type ReadSet struct {
	Keys  [][]byte
	Spans []Span
}

// Committed is what Validate may know of the transactions that have committed.
type Committed interface {
	// Floor is the time at and before which writes may have been forgotten.
	Floor() Time
	// Written returns the time of the last write of key that is known.
	Written(key []byte) (Time, bool)
	// WrittenIn returns a key in the span that was written after since.
	WrittenIn(s Span, since Time) (key []byte, at Time, ok bool)
}

// Verdict is what Validate finds.
type Verdict struct {
	Conflict bool
	// Key was written at time Other by another transaction; nil where too much was forgotten to tell.
	Key   []byte
	Other Time
}

// Validate decides whether a transaction that read at snapshot, and what it read and writes, may commit after all of c:
// it may if nothing that it read or overwrites has been written since. It is a pure function of its
// arguments, so that every replica that applies the same log reaches the same verdict.
func Validate(c Committed, snapshot Time, reads *ReadSet, writes iter.Seq[[]byte]) Verdict {
	if floor := c.Floor(); snapshot < floor {
		return Verdict{Conflict: true, Other: floor}
	}
	for _, k := range reads.Keys {
		if at, ok := c.Written(k); ok && at > snapshot {
			return Verdict{Conflict: true, Key: k, Other: at}
		}
	}
	for _, s := range reads.Spans {
		if k, at, ok := c.WrittenIn(s, snapshot); ok {
			return Verdict{Conflict: true, Key: k, Other: at}
		}
	}
	for k := range writes {
		if at, ok := c.Written(k); ok && at > snapshot {
			return Verdict{Conflict: true, Key: k, Other: at}
		}
	}
	return Verdict{}
}
