package ops

import (
	"regexp"
	"time"
	"unsafe"

	"github.com/cockroachdb/apd/v3"
)

// Value is one ZeroQL value of any kind, in 24 bytes and without an allocation for the scalar
// kinds and for strings that already exist. Values are immutable: nobody writes through what an
// accessor returns. The zero Value is none.
type Value struct {
	ref  unsafe.Pointer // what bits alone cannot hold, by kind; nil for scalars
	bits uint64         // the scalar, or the length of what ref points to
	kind Kind
	sub  uint8 // records: subInline where bits is the integer key and ref the table's name; wides: subNegative
}

const subInline = 1

// Member is one member of an object.
type Member struct {
	Name  string
	Value Value
}

// RecordID names a record: its table and its key (int, string, uuid, or list/tuple of scalars).
type RecordID struct {
	Table string
	Key   Value
}

// String returns the id as ZeroQL writes it: person:alice.
func (r RecordID) String() string { return string(AppendZQL(nil, RecordOf(&r))) }

// RangeValue is lo..hi or lo..=hi; an open end is none.
type RangeValue struct {
	Lo, Hi    Value
	Inclusive bool
}

// Regex is a compiled regular expression with the source and flags it was written with.
type Regex struct {
	Source, Flags string
	Compiled      *regexp.Regexp
}

// None is the absent value.
var None = Value{}

// Bool makes a bool.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBool, bits: 1}
	}
	return Value{kind: KindBool}
}

// Int makes an int.
func Int(i int64) Value { return Value{kind: KindInt, bits: uint64(i)} }

// SetInt makes v an int in its place. Where it is one, or was a bool, no pointer is written.
func (v *Value) SetInt(i int64) { v.setScalar(KindInt, uint64(i)) }

// SetBool makes v a bool in its place.
func (v *Value) SetBool(b bool) {
	bits := uint64(0)
	if b {
		bits = 1
	}
	v.setScalar(KindBool, bits)
}

func (v *Value) setScalar(k Kind, bits uint64) {
	if v.ref != nil {
		v.ref = nil
	}
	v.bits, v.kind, v.sub = bits, k, 0
}

// Float makes a float. The caller has checked that f is finite.
func Float(f float64) Value { return Value{kind: KindFloat, bits: floatBits(f)} }

// Decimal makes a decimal; d must not change afterwards.
func Decimal(d *apd.Decimal) Value { return Value{kind: KindDecimal, ref: unsafe.Pointer(d)} }

// String makes a string.
func String(s string) Value {
	return Value{kind: KindString, bits: uint64(len(s)), ref: unsafe.Pointer(unsafe.StringData(s))}
}

// Bytes makes a byte string; b must not change afterwards.
func Bytes(b []byte) Value {
	return Value{kind: KindBytes, bits: uint64(len(b)), ref: unsafe.Pointer(unsafe.SliceData(b))}
}

// Time makes a time from nanoseconds since the Unix epoch.
func Time(ns int64) Value { return Value{kind: KindTime, bits: uint64(ns)} }

// Duration makes a duration.
func Duration(d time.Duration) Value { return Value{kind: KindDuration, bits: uint64(d)} }

// UUID makes a uuid.
func UUID(u [16]byte) Value { return Value{kind: KindUUID, ref: unsafe.Pointer(&u)} }

// Record makes a record id. Integer keys take RecordInt where the table's name has an address that lives on.
func Record(table string, key Value) Value {
	key = Narrowed(key)
	return Value{kind: KindRecord, ref: unsafe.Pointer(&RecordID{table, key})}
}

// RecordInt makes a record id with an integer key without allocating; table must not change afterwards.
func RecordInt(table *string, key int64) Value {
	return Value{kind: KindRecord, sub: subInline, bits: uint64(key), ref: unsafe.Pointer(table)}
}

// RecordOf makes a record id of one that lives on, for callers that allocate RecordIDs in slabs.
func RecordOf(id *RecordID) Value { return Value{kind: KindRecord, ref: unsafe.Pointer(id)} }

// List makes a list; vs must not change afterwards.
func List(vs []Value) Value { return sequence(KindList, vs) }

// Tuple makes a tuple; vs must not change afterwards.
func Tuple(vs []Value) Value { return sequence(KindTuple, vs) }

// SetOfSorted makes a set of values that are sorted by Compare and distinct.
func SetOfSorted(vs []Value) Value { return sequence(KindSet, vs) }

func sequence(k Kind, vs []Value) Value {
	return Value{kind: k, bits: uint64(len(vs)), ref: unsafe.Pointer(unsafe.SliceData(vs))}
}

// Object makes an object; names are distinct, ms must not change afterwards. Members keep their order when
// printed; comparing ignores it.
func Object(ms []Member) Value {
	return Value{kind: KindObject, bits: uint64(len(ms)), ref: unsafe.Pointer(unsafe.SliceData(ms))}
}

// Range makes a range.
func Range(r *RangeValue) Value { return Value{kind: KindRange, ref: unsafe.Pointer(r)} }

// RegexOf makes a regular expression.
func RegexOf(r *Regex) Value { return Value{kind: KindRegex, ref: unsafe.Pointer(r)} }

// Kind returns what the value is.
func (v Value) Kind() Kind { return v.kind }

// IsNone reports whether v is the absent value.
func (v Value) IsNone() bool { return v.kind == KindNone }

// The accessors below are defined for their own kind only; on another they return garbage or panic.
// Callers have looked at Kind.

// AsBool returns a bool.
func (v Value) AsBool() bool { return v.bits != 0 }

// IsTrue reports whether v is the bool true.
func (v Value) IsTrue() bool { return v.kind == KindBool && v.bits != 0 }

// AsInt returns an int, or the nanoseconds of a time or duration.
func (v Value) AsInt() int64 { return int64(v.bits) }

// AsFloat returns a float.
func (v Value) AsFloat() float64 { return floatFrom(v.bits) }

// AsDecimal returns a decimal, not to be changed.
func (v Value) AsDecimal() *apd.Decimal { return (*apd.Decimal)(v.ref) }

// AsString returns a string.
func (v Value) AsString() string { return unsafe.String((*byte)(v.ref), int(v.bits)) }

// AsBytes returns a byte string, not to be changed.
func (v Value) AsBytes() []byte { return unsafe.Slice((*byte)(v.ref), int(v.bits)) }

// AsTime returns a time in UTC.
func (v Value) AsTime() time.Time { return time.Unix(0, int64(v.bits)).UTC() }

// AsDuration returns a duration.
func (v Value) AsDuration() time.Duration { return time.Duration(v.bits) }

// AsUUID returns a uuid.
func (v Value) AsUUID() [16]byte { return *(*[16]byte)(v.ref) }

// AsList returns the elements of a list, tuple or set, not to be changed.
func (v Value) AsList() []Value { return unsafe.Slice((*Value)(v.ref), int(v.bits)) }

// AsObject returns the members of an object in their order, not to be changed.
func (v Value) AsObject() []Member { return unsafe.Slice((*Member)(v.ref), int(v.bits)) }

// AsRange returns a range.
func (v Value) AsRange() *RangeValue { return (*RangeValue)(v.ref) }

// AsRegex returns a regular expression.
func (v Value) AsRegex() *Regex { return (*Regex)(v.ref) }

// RecordTable returns the table of a record id.
func (v Value) RecordTable() string {
	if v.sub == subInline {
		return *(*string)(v.ref)
	}
	return (*RecordID)(v.ref).Table
}

// RecordKey returns the key of a record id.
func (v Value) RecordKey() Value {
	if v.sub == subInline {
		return Int(int64(v.bits))
	}
	return (*RecordID)(v.ref).Key
}

// Member returns an object's member of that name, or none. Objects are small: the search is linear.
func (v Value) Member(name string) (Value, bool) {
	for _, m := range v.AsObject() {
		if m.Name == name {
			return m.Value, true
		}
	}
	return None, false
}
