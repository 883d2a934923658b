package sema

import (
	"strings"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// Program is a resolved script.
type Program struct {
	Statements []Statement
	Params     []vm.Param
	Vars       []string
	Warnings   []*ops.Error
	Source     string // the script's text and behind it those of the views that it reads
	views      []viewText
	Secrets    []ops.Span // passwords in the text
}

// Redacted is a text of the program with its secrets left out; every place in it stays where it was.
func (p *Program) Redacted(src string) string {
	for _, s := range p.Secrets {
		if s.End <= len(src) && s.End-s.Start >= 2 {
			src = src[:s.Start] + `"` + strings.Repeat("*", s.End-s.Start-2) + `"` + src[s.End:]
		}
	}
	return src
}

// Statement is one statement: a Body, or for transactions a kind alone.
type Statement struct {
	Kind    vm.StatementKind
	Span    ops.Span
	Silent  bool
	Explain uint8
	Body    Body
	// Needs are the definitions that the statement was compiled with.
	Needs []*schema.Object
}

// Body is what a statement does: *Query, *Write, *Values, *Let, *Define or *Describe.
type Body interface{ body() }

type (
	// Values yields one row with one value, or with a Name one column: RETURN e AS name, or an expression standing alone.
	Values struct {
		X    Expr
		Name string
	}
	// Let sets a variable.
	Let struct {
		Slot  int
		Value Expr
	}
	// Define applies a schema change.
	Define struct {
		Change schema.Change
		// Password is that of a user, a constant or a parameter; nil without.
		Password Expr
	}
	// Describe shows a definition.
	Describe struct{ Of schema.Change }
)

func (*Query) body()    {}
func (*Write) body()    {}
func (*Values) body()   {}
func (*Let) body()      {}
func (*Define) body()   {}
func (*Describe) body() {}

// Query is a SELECT, or what is written as one: a bare source, a pattern in an expression.
type Query struct {
	Span     ops.Span
	From     []Source // left to right; a later one may use the rows of those before it; empty: one row
	Where    Expr     // nil: every row
	Grouped  bool     // Group is the keys, none for one group of all rows
	Group    []Expr
	Having   Expr // of a grouped query; nil: every group
	Items    []Item
	Form     vm.RowForm
	Distinct bool
	Order    []Order
	Start    Expr  // nil: 0
	Limit    Expr  // nil: all
	Version  Expr  // the time whose records are read, by the queries in it too; nil: those of now
	Page     *Page // where the result can be continued; nil: nowhere
	NoIndex  bool
	Indexes  []string // WITH INDICES
	Refused  []string // WITH NO INDEX, by name
	// number tells the relations of this query from those of the queries around it.
	number int
}

// Beside makes a relation of values of the query that no source is of.
func Beside(q *Query, t ops.Type) *Relation {
	return &Relation{Kind: RelValues, Type: t, Span: q.Span, query: q.number}
}

// Item is one column of the result.
type Item struct {
	Name string
	X    Expr
}

// Order is one sort key.
type Order struct {
	X    Expr
	Desc bool
}

// Owns reports whether r is one of the query's own relations.
func (q *Query) Owns(r *Relation) bool { return r.query == q.number }

// Outer calls f for every column of outer queries that the query reads, at any depth below it.
func (q *Query) Outer(f func(*Column)) {
	q.Exprs(func(e Expr) {
		Columns(e, func(c *Column) {
			if !q.Owns(c.Rel) {
				f(c)
			}
		})
	})
	for _, s := range q.From {
		OuterOf(s, func(c *Column) {
			if !q.Owns(c.Rel) {
				f(c)
			}
		})
	}
}

// OuterOf calls f for every column that subqueries among a source's sources read of what is outside of them.
func OuterOf(s Source, f func(*Column)) {
	switch s := s.(type) {
	case *QuerySource:
		s.Query.Outer(f)
	case *SetSource:
		for _, q := range s.Parts {
			q.Outer(f)
		}
	case *LeftSource:
		for _, of := range s.From {
			OuterOf(of, f)
		}
	}
}

// Exprs calls f for every expression of the query itself.
func (q *Query) Exprs(f func(Expr)) {
	for _, s := range q.From {
		for _, e := range s.exprs() {
			f(e)
		}
	}
	for _, e := range present(q.Where, q.Having, q.Start, q.Limit, q.Version) {
		f(e)
	}
	if q.Page != nil && q.Page.After != nil {
		f(q.Page.After)
	}
	for _, e := range q.Group {
		f(e)
	}
	for _, i := range q.Items {
		f(i.X)
	}
	for _, o := range q.Order {
		f(o.X)
	}
}

// Relation is something with rows that columns are of.
type Relation struct {
	Name  string // alias, or the table's name; "" for one that cannot be named
	Alias bool   // Name was written with AS
	Kind  RelationKind
	// Table is the table of records and edges, "" for any table; Desc is its descriptor where it is defined.
	Table string
	Desc  *schema.Table
	// Type is the type of the row as a whole, where it is no record.
	Type ops.Type
	// Optional says that there are rows without one of this relation: it is on the right of a LEFT JOIN, or of an optional hop.
	Optional bool
	// Span is where the source is written that the relation is of.
	Span ops.Span
	// View is the name of the view that the rows are of.
	View string
	// Virtual is the name of the virtual table that the rows are of.
	Virtual string
	// Query is what a RelRows has the rows of.
	Query *Query
	query int // number of the query that owns the relation
}

// RelationKind says what the rows of a relation are.
type RelationKind uint8

const (
	RelRecords RelationKind = iota // records of a table: fields by name, the row is an object
	RelEdges                       // edges of an edge table
	RelValues                      // values: the elements of a list
	RelRows                        // rows of a subquery
	RelStored                      // a record as a write has read or stored it
)

// IsRecord reports whether the relation's rows have an id.
func (r *Relation) IsRecord() bool {
	return r.Kind == RelRecords || r.Kind == RelEdges || r.Kind == RelStored
}

// Source is one source of a query: a table, records, a key range, values, a subquery, or a hop from a source before it.
type Source interface {
	rels() []*Relation
	exprs() []Expr
}

type (
	// TableSource is every record of a table.
	TableSource struct {
		Rel  *Relation
		Span ops.Span
	}
	// KeySource is the records with one id or, with List, the ids in a list, in its order.
	KeySource struct {
		Rel  *Relation
		Key  Expr
		List bool
		Span ops.Span
	}
	// RangeSource is the records of a table with keys from Lo to Hi; an open end is nil.
	RangeSource struct {
		Rel       *Relation
		Lo, Hi    Expr
		Inclusive bool
		Span      ops.Span
	}
	// ItemSource is the elements of X, which may use the rows of sources before it.
	ItemSource struct {
		Rel  *Relation
		X    Expr
		Span ops.Span
	}
	// QuerySource is the rows of a subquery.
	QuerySource struct {
		Rel   *Relation
		Query *Query
		Span  ops.Span
	}
	// LeftSource is the right side of a LEFT JOIN: for each row so far the rows of From for which On is true, or one of none
	// where there are no such rows.
	LeftSource struct {
		From []Source
		On   Expr
		Span ops.Span
	}
	// AllSource is every record of every table.
	AllSource struct {
		Rel  *Relation
		Span ops.Span
	}
	// HopSource is one hop of a pattern: for each row so far the edges of vertex From, and the vertices at their far ends.
	HopSource struct {
		From         Expr
		Edge, Vertex *Relation
		Direction    vm.Direction
		EdgeTable    string // "" for every edge table
		// Bound is what the vertex must equal, where the pattern names one that is known; nil otherwise.
		Bound Expr
		// Tables are the tables the vertex may be of; nil for any.
		Tables []string
		// EdgeKey is the edge's id where the pattern names one; nil otherwise.
		EdgeKey Expr
		// Where are the conditions written inside the pattern.
		Where []Expr
		Span  ops.Span
		aside bool // not on the way from the pattern's start to its end, but in brackets
	}
)

func (s *TableSource) rels() []*Relation { return []*Relation{s.Rel} }

func (s *KeySource) rels() []*Relation { return []*Relation{s.Rel} }

func (s *RangeSource) rels() []*Relation { return []*Relation{s.Rel} }

func (s *ItemSource) rels() []*Relation { return []*Relation{s.Rel} }

func (s *QuerySource) rels() []*Relation { return []*Relation{s.Rel} }

func (s *HopSource) rels() []*Relation { return []*Relation{s.Edge, s.Vertex} }

func (s *AllSource) rels() []*Relation { return []*Relation{s.Rel} }

func (s *LeftSource) rels() (rs []*Relation) {
	for _, of := range s.From {
		rs = append(rs, of.rels()...)
	}
	return rs
}

// Relations are what a source adds to the rows.
func Relations(s Source) []*Relation { return s.rels() }

// SourceExprs are the expressions of a source, but for those of its subqueries.
func SourceExprs(s Source) []Expr { return s.exprs() }

func (s *AllSource) exprs() []Expr   { return nil }
func (s *TableSource) exprs() []Expr { return nil }
func (s *LeftSource) exprs() (es []Expr) {
	for _, of := range s.From {
		es = append(es, of.exprs()...)
	}
	return append(es, present(s.On)...)
}
func (s *KeySource) exprs() []Expr   { return []Expr{s.Key} }
func (s *RangeSource) exprs() []Expr { return present(s.Lo, s.Hi) }
func (s *ItemSource) exprs() []Expr  { return []Expr{s.X} }
func (s *QuerySource) exprs() []Expr { return nil }
func (s *HopSource) exprs() []Expr {
	return append(present(s.From, s.Bound, s.EdgeKey), s.Where...)
}

// WriteKind is what a Write does.
type WriteKind uint8

const (
	WriteCreate WriteKind = iota
	WriteUpdate
	WriteUpsert
	WriteDelete
	WriteRelate
)

// Write is CREATE, UPDATE, UPSERT, DELETE or RELATE. Its rows are those of From (one row without sources); for each of
// them a record is written, in the order of the rows, and what Items say is returned.
type Write struct {
	Kind  WriteKind
	Span  ops.Span
	Table string
	Desc  *schema.Table // nil: not defined yet
	Edge  bool
	// From yields the rows: sources and condition only.
	From *Query
	// Key is the id or key written (nil: generated), Old the record as it was (update and delete), New the object to
	// store; In and Out are the ends of an edge that RELATE makes. Old is nil for CREATE and RELATE.
	Key, Old, New, In, Out Expr
	IfNotExists            bool
	// Places are where the text gives values to fields.
	Places []Place
	// After is the record as stored, that Items may read.
	After *Relation
	Items []Item // nil: nothing is returned
	Form  vm.RowForm
}

// IDsIn makes the query for the ids of the records of r that, for some item of a list, meet the condition that where makes for
// such a record and the item. The list must not read rows. at is where that is written, number that of the query around it, and below those in use;
// like is a query that says which indexes may be used.
func IDsIn(r *Relation, list Expr, at ops.Span, number int, like *Query, where func(record *Relation, item Expr) Expr) *Subquery {
	item := &Relation{Name: "item", Kind: RelValues, Type: ops.Any, Span: list.At().Span, query: number}
	ids := &Relation{Kind: RelValues, Type: ops.TypeOf(ops.KindRecord), Span: at, query: number}
	record := *r
	record.query = number - 1
	inner := &Query{Span: at, From: []Source{&TableSource{Rel: &record, Span: at}}, Form: vm.RowValue, Indexes: like.Indexes, Refused: like.Refused, number: number - 1}
	inner.Where = where(&record, wholeOf(item, item.Span))
	inner.Items = []Item{{"id", idOf(&record, at)}}
	found := &Subquery{Info: Info{at, ops.TypeOf(ops.KindList)}, Query: inner}
	outer := &Query{Span: at, From: []Source{&ItemSource{Rel: item, X: list, Span: item.Span}, &ItemSource{Rel: ids, X: found, Span: at}}, Form: vm.RowValue, number: number}
	outer.Items = []Item{{"id", wholeOf(ids, at)}}
	return &Subquery{Info: Info{at, ops.TypeOf(ops.KindList)}, Query: outer}
}
