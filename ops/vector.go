package ops

// BatchSize is the most rows a batch holds (measured best between 64 and 4,096).
const BatchSize = 1024

// Vector is one column of a batch. All rows are of one kind and live in the slice of that kind, or
// rows differ and live tagged in Vals (Kind == KindAny). Rows that are none have their bit in Valid
// cleared; Valid == nil means that no row is none.
//
// Kind == KindNone means that every row is none, and no slice is used.
type Vector struct {
	Kind   Kind
	N      int
	Bools  []bool    // KindBool
	Ints   []int64   // KindInt, KindTime, KindDuration
	Floats []float64 // KindFloat
	Strs   []string  // KindString
	Vals   []Value   // every other kind, and KindAny
	Valid  Bitmap

	spare Bitmap // the bitmap that Valid is made of when it is needed, kept so that batches allocate nothing
}

// Bitmap holds a bit a row.
type Bitmap []uint64

// Get returns row i's bit.
func (b Bitmap) Get(i int) bool { return b[i>>6]&(1<<(uint(i)&63)) != 0 }

// Set sets row i's bit.
func (b Bitmap) Set(i int) { b[i>>6] |= 1 << (uint(i) & 63) }

// Clear clears row i's bit.
func (b Bitmap) Clear(i int) { b[i>>6] &^= 1 << (uint(i) & 63) }

// Selection lists the rows of a batch that are still wanted, ascending; nil means all of them.
type Selection []int32
