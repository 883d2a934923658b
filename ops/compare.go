package ops

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// family groups the kinds that compare by value with one another; families are ordered as zeroql.md section 2 says.
type family uint8

const (
	familyNone family = iota
	familyBool
	familyNumber
	familyString
	familyBytes
	familyTime
	familyDuration
	familyUUID
	familyRecord
	familySequence
	familyObject
	familyRange
	familyRegex
)

var families = [NumKinds]family{KindNone: familyNone, KindBool: familyBool, KindInt: familyNumber, KindWide: familyNumber, KindFloat: familyNumber,
	KindDecimal: familyNumber, KindString: familyString, KindBytes: familyBytes, KindTime: familyTime,
	KindDuration: familyDuration, KindUUID: familyUUID, KindRecord: familyRecord, KindList: familySequence,
	KindTuple: familySequence, KindSet: familySequence, KindObject: familyObject, KindRange: familyRange,
	KindRegex: familyRegex, KindAny: familyNone}

// SameFamily reports whether values of the two kinds compare by value; values of other pairs are never equal.
func SameFamily(a, b Kind) bool { return families[a] == families[b] }

// Compare is the total order of all values: across kinds as zeroql.md section 2 says, numbers by exact value, sequences
// element by element, objects by their members in the order of names. Members that are none count as absent.
func Compare(a, b Value) int {
	if a.kind == KindInt && b.kind == KindInt {
		return cmp.Compare(int64(a.bits), int64(b.bits))
	}
	fa, fb := families[a.kind], families[b.kind]
	if fa != fb {
		return cmp.Compare(fa, fb)
	}
	switch fa {
	case familyBool:
		return cmp.Compare(a.bits, b.bits)
	case familyNumber:
		return compareNumbers(a, b)
	case familyString:
		return strings.Compare(a.AsString(), b.AsString())
	case familyBytes:
		return bytes.Compare(a.AsBytes(), b.AsBytes())
	case familyTime, familyDuration:
		return cmp.Compare(int64(a.bits), int64(b.bits))
	case familyUUID:
		return bytes.Compare((*[16]byte)(a.ref)[:], (*[16]byte)(b.ref)[:])
	case familyRecord:
		return compareRecords(a, b)
	case familySequence:
		return slices.CompareFunc(a.AsList(), b.AsList(), Compare)
	case familyObject:
		return compareObjects(a.AsObject(), b.AsObject())
	case familyRange:
		return compareRanges(a.AsRange(), b.AsRange())
	case familyRegex:
		x, y := a.AsRegex(), b.AsRegex()
		return cmp.Or(strings.Compare(x.Source, y.Source), strings.Compare(x.Flags, y.Flags))
	}
	return 0
}

func compareRecords(a, b Value) int {
	if c := strings.Compare(a.RecordTable(), b.RecordTable()); c != 0 {
		return c
	}
	return Compare(a.RecordKey(), b.RecordKey())
}

func compareRanges(a, b *RangeValue) int {
	if c := Compare(a.Lo, b.Lo); c != 0 {
		return c
	}
	// An open end is the highest.
	switch {
	case a.Hi.IsNone() && b.Hi.IsNone():
	case a.Hi.IsNone():
		return 1
	case b.Hi.IsNone():
		return -1
	default:
		if c := Compare(a.Hi, b.Hi); c != 0 {
			return c
		}
	}
	switch {
	case a.Inclusive == b.Inclusive:
		return 0
	case b.Inclusive:
		return -1
	}
	return 1
}

func compareObjects(a, b []Member) int {
	return slices.CompareFunc(sortedMembers(a), sortedMembers(b), func(x, y Member) int {
		if c := strings.Compare(x.Name, y.Name); c != 0 {
			return c
		}
		return Compare(x.Value, y.Value)
	})
}

// sortedMembers returns the members that are not none by name. It copies only where it must.
func sortedMembers(ms []Member) []Member {
	good := true
	for i := range ms {
		if ms[i].Value.IsNone() || i > 0 && ms[i-1].Name >= ms[i].Name {
			good = false
			break
		}
	}
	if good {
		return ms
	}
	out := make([]Member, 0, len(ms))
	for _, m := range ms {
		if !m.Value.IsNone() {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(x, y Member) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// Equal reports whether a and b are the same value, as `==` means it: none equals none, 2 equals 2.0, lists equal tuples
// of the same elements, objects are equal whatever the order of their members.
func Equal(a, b Value) bool {
	if a.kind == b.kind {
		switch a.kind {
		case KindNone:
			return true
		case KindBool, KindInt, KindTime, KindDuration:
			return a.bits == b.bits
		case KindString:
			return a.AsString() == b.AsString()
		case KindFloat:
			return a.AsFloat() == b.AsFloat()
		}
	}
	fa := families[a.kind]
	if fa != families[b.kind] {
		return false
	}
	switch fa {
	case familySequence:
		return slices.EqualFunc(a.AsList(), b.AsList(), Equal)
	case familyObject:
		return equalObjects(a.AsObject(), b.AsObject())
	}
	return Compare(a, b) == 0
}

func equalObjects(a, b []Member) bool {
	if len(a) == len(b) { // most often the members stand in the same order
		same := true
		for i := range a {
			if a[i].Name != b[i].Name {
				same = false
				break
			}
			if !Equal(a[i].Value, b[i].Value) {
				return false
			}
		}
		if same {
			return true
		}
	}
	return compareObjects(a, b) == 0
}

// CompareOrdered compares as `<` does: ok is false, which the language shows as none, where either is none, where the kinds
// are of different families, and for objects, ranges and regular expressions. Sequences compare element by
// element, and are unordered where the first elements that differ are.
func CompareOrdered(a, b Value) (c int, ok bool) {
	fa := families[a.kind]
	if fa != families[b.kind] {
		return 0, false
	}
	switch fa {
	case familyNone, familyObject, familyRange, familyRegex:
		return 0, false
	case familySequence:
		return compareOrderedLists(a.AsList(), b.AsList())
	}
	return Compare(a, b), true
}

func compareOrderedLists(a, b []Value) (int, bool) {
	for i := range min(len(a), len(b)) {
		if !Equal(a[i], b[i]) {
			return CompareOrdered(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b)), true
}
