package ops

// Type is a declared or inferred type: `int`, `[string 3]`, `person?`.
// Types are compared with Equal and are never changed once built.
type Type struct {
	// Kind is the kind of the values; KindAny for `any` and for what is not known.
	Kind Kind
	// Width narrows KindInt, KindWide and KindFloat to the declared width.
	Width Width
	// Optional allows none beside the kind.
	Optional bool
	// Elem is the element type of list, set and map (map[T] is KindObject with Elem set); nil means any.
	Elem *Type
	// Len is the exact length of an array `[T 10]`; 0 for lists of any length.
	Len int
	// Elems are the element types of a tuple; nil means any tuple.
	Elems []Type
	// Name is the table of a link, or the name of a defined type or enum; "" for any.
	Name string
	// Variants are the texts that a value of an enum can be; nil for other strings.
	Variants []string
	// Fields are the members of an object shape that is known (a table's row, a defined type); nil where unknown.
	Fields []FieldType
}

// FieldType is one member of a known object shape.
type FieldType struct {
	Name string
	Type Type
}

// Width is the declared width of a number type.
type Width uint8

const (
	WidthDefault Width = iota // i64, f64
	WidthI8
	WidthI16
	WidthI32
	WidthI64
	WidthI128
	WidthU8
	WidthU16
	WidthU32
	WidthU64
	WidthU128
	WidthF32
	WidthF64
)

// Any is the type of what is not known.
var Any = Type{Kind: KindAny, Optional: true}

// TypeOf makes a plain type of a kind.
func TypeOf(k Kind) Type { return Type{Kind: k} }
