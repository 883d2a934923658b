package ops

// Kind is what a value is at run time. Integer widths are a matter of declared types (see Type):
// at run time there is one integer kind, and a field of type u8 is an Int that was range-checked
// when it was written. What a signed integer of 64 bits cannot hold is of the kind wide: every value of a field of type
// u64, u128 or i128, however small it is, so that arithmetic with it has that room.
//
// The order of the constants is the total order across kinds (zeroql.md section 2), except that
// Int, Wide, Float and Decimal compare as one family by exact value, and List, Tuple and Set as another.
type Kind uint8

const (
	KindNone Kind = iota
	KindBool
	KindInt      // int64
	KindWide     // from -2^127 to 2^128-1: what fields of u64, u128 and i128 hold, and literals beyond int
	KindFloat    // float64, always finite
	KindDecimal  // arbitrary precision, apd
	KindString   // UTF-8
	KindBytes    //
	KindTime     // nanoseconds since the Unix epoch, UTC
	KindDuration // nanoseconds
	KindUUID
	KindRecord // table and key
	KindList
	KindTuple
	KindSet // sorted, distinct
	KindObject
	KindRange
	KindRegex
	// KindAny is no value's kind. A vector of it holds tagged values; a register or type of it is
	// of unknown kind.
	KindAny
	NumKinds = int(KindAny) + 1
)

var kindNames = [NumKinds]string{"none", "bool", "int", "wide", "float", "decimal", "string", "bytes", "time",
	"duration", "uuid", "record", "list", "tuple", "set", "object", "range", "regex", "any"}

func (k Kind) String() string {
	if int(k) < NumKinds {
		return kindNames[k]
	}
	return "invalid"
}

// IsNumber reports whether values of the kind compare with one another by exact value.
func (k Kind) IsNumber() bool { return k >= KindInt && k <= KindDecimal }

// Kinds is a set of kinds, as operator rows use it.
type Kinds uint32

// KindsOf makes a set.
func KindsOf(ks ...Kind) (s Kinds) {
	for _, k := range ks {
		s |= 1 << k
	}
	return s
}

// Has reports whether k is in the set.
func (s Kinds) Has(k Kind) bool { return s&(1<<k) != 0 }
