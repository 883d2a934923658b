package ops

import "slices"

// Aggregate is one function over the rows of a group.
type Aggregate struct {
	Name string
	// Doc is a sentence for people.
	Doc string
	// Arg means that it needs an argument; count alone does not.
	Arg bool
	// Takes are the kinds of values that it takes; none: every kind.
	Takes Kinds
	// Params are the types of constant arguments behind the first, as percentile has one.
	Params []Type
	// Result is the type of the result for an argument of a type. Of no values it is none, except for count,
	// approx_distinct and the ones that give lists.
	Result func(arg Type) Type
	// New makes the state of a grouping that has no groups yet.
	New func() GroupState
	// NewWith is New for an aggregate that has Params; nil for the others.
	NewWith func(params []Value) (GroupState, error)
}

// GroupState is the running state of one aggregate for all groups of a grouping. There is one call a batch, none a row.
// Rows that are none are skipped by every aggregate. A state copies what it keeps of a vector. It is not safe for
// concurrent use.
type GroupState interface {
	// Grow makes the state hold at least so many groups; new ones are empty.
	Grow(groups int)
	// Add takes in the selected rows of v, which has n rows: row i belongs to group groups[i], or with nil groups to
	// group 0. The groups are there already. v is nil for count without an argument. After an error the state is of no
	// more use.
	Add(groups []int32, v *Vector, sel Selection, n int) error
	// Merge takes in another state of the same aggregate, whose rows come behind this one's: its group g goes to
	// mapping[g], which is there already; with nil mapping to g.
	Merge(from GroupState, mapping []int32) error
	// Result returns group g's value, which shares no memory with vectors that were added.
	Result(g int) (Value, error)
	// Size is how many bytes the state holds, about.
	Size() int64
	// Encode appends the state of group g, for Decode.
	Encode(dst []byte, g int) []byte
	// Decode sets group g, which is there and empty, to what Encode wrote. Any src is safe: what is not a state is a
	// corrupt error.
	Decode(g int, src []byte) error
}

// KeyedState is a state that hashes values. Its key is set before anything is added.
type KeyedState interface {
	GroupState
	// SetKey sets the key of the hashes, see HashKeyed.
	SetKey(key uint64)
}

// Aggregates is every aggregate, ascending by name.
var Aggregates = sortedAggregates(numberAggregates(), pickAggregates(), listAggregates(), spreadAggregates(), approxAggregates())

var aggregateByName = indexAggregates(Aggregates)

func sortedAggregates(parts ...[]Aggregate) []Aggregate {
	as := slices.Concat(parts...)
	slices.SortFunc(as, func(a, b Aggregate) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return as
}

func indexAggregates(as []Aggregate) map[string]*Aggregate {
	m := make(map[string]*Aggregate, len(as))
	for i := range as {
		m[as[i].Name] = &as[i]
	}
	return m
}

// LookupAggregate finds an aggregate by name; nil if there is none.
func LookupAggregate(name string) *Aggregate { return aggregateByName[name] }

// AggregateNames lists the names of all aggregates, ascending.
func AggregateNames() []string {
	names := make([]string, len(Aggregates))
	for i := range Aggregates {
		names[i] = Aggregates[i].Name
	}
	return names
}

// Constant tables that let every loop run over a list of rows and a list of their groups.
var (
	everyRow  = countUp(BatchSize)
	groupZero = make([]int32, BatchSize)
)

func countUp(n int) Selection {
	s := make(Selection, n)
	for i := range s {
		s[i] = int32(i)
	}
	return s
}

// rowLister turns what Add is given into lists without gaps. It holds the memory for them.
type rowLister struct{ rows []int32 }

// list returns the selected rows of v that are not none (by its bitmap), and the groups by row.
func (l *rowLister) list(groups []int32, v *Vector, sel Selection, n int) (rows Selection, of []int32) {
	rows = sel
	if rows == nil {
		rows = everyRow
		if n > len(rows) {
			rows = countUp(n)
		}
		rows = rows[:n]
	}
	if groups == nil {
		groups = groupZero
		if n > len(groups) {
			groups = make([]int32, n)
		}
	}
	switch {
	case v == nil || v.Kind != KindNone && v.Valid == nil:
		return rows, groups
	case v.Kind == KindNone:
		return nil, groups
	}
	l.rows = l.rows[:0]
	for _, i := range rows {
		if v.Valid.Get(int(i)) {
			l.rows = append(l.rows, i)
		}
	}
	return l.rows, groups
}

// mapped returns where group g of a merged state goes.
func mapped(mapping []int32, g int) int {
	if mapping == nil {
		return g
	}
	return int(mapping[g])
}

// grown makes s n long; the new elements are zero.
func grown[T any](s []T, n int) []T {
	if n <= len(s) {
		return s
	}
	return append(s, make([]T, n-len(s))...)
}

func optional(t Type) Type {
	t.Optional = true
	return t
}

func corruptState(aggregate string) error {
	return Errorf(CodeCorrupt, "the stored state of %s is not one", aggregate)
}
