package zerodb

import (
	"time"

	"github.com/cockroachdb/apd/v3"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// The words that embedded users share with every room of zerodb. They are aliases: a value that comes out
// of a query is the value that goes into the next one, with no conversion between.
type (
	// Value is one ZeroQL value of any kind. The zero Value is none.
	Value = ops.Value
	// Member is one member of an object.
	Member = ops.Member
	// RecordID names a record: its table and its key.
	RecordID = ops.RecordID
	// Range is lo..hi or lo..=hi.
	Range = ops.RangeValue
	// Regex is a compiled regular expression.
	Regex = ops.Regex
	// Kind is what a value is.
	Kind = ops.Kind
	// Error is every error that a user of zerodb can meet.
	Error = ops.Error
	// Code is the stable code of an error.
	Code = ops.Code
	// Catalog is what one database defines at one version.
	Catalog = schema.Catalog
)

// None is the absent value.
var None = ops.None

// Bool makes a bool.
func Bool(b bool) Value { return ops.Bool(b) }

// Int makes an int.
func Int(i int64) Value { return ops.Int(i) }

// Float makes a float; f must be finite.
func Float(f float64) Value { return ops.Float(f) }

// Decimal makes a decimal; d must not change afterwards.
func Decimal(d *apd.Decimal) Value { return ops.Decimal(d) }

// String makes a string.
func String(s string) Value { return ops.String(s) }

// Bytes makes a byte string; b must not change afterwards.
func Bytes(b []byte) Value { return ops.Bytes(b) }

// Time makes a time.
func Time(t time.Time) Value { return ops.Time(t.UnixNano()) }

// Duration makes a duration.
func Duration(d time.Duration) Value { return ops.Duration(d) }

// UUID makes a uuid.
func UUID(u [16]byte) Value { return ops.UUID(u) }

// Record makes a record id.
func Record(table string, key Value) Value { return ops.Record(table, key) }

// List makes a list; the elements must not change afterwards.
func List(vs ...Value) Value { return ops.List(vs) }

// Tuple makes a tuple; the elements must not change afterwards.
func Tuple(vs ...Value) Value { return ops.Tuple(vs) }

// Object makes an object; names must be distinct, the members must not change afterwards.
func Object(ms ...Member) Value { return ops.Object(ms) }
