package plan

import (
	"math"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// What is assumed where nothing is known.
const (
	unknownRows     = 1000
	unknownItems    = 8
	unknownFanOut   = 10
	equalityShare   = 0.05
	rangeShare      = 0.3
	conditionShare  = 0.5
	costOfSeek      = 10 // of reading a record by its key in a sorted batch, in records of a scan
	costOfOpening   = 60 // of running a pipeline for one row, likewise
	costOfJoinedRow = 0.5
	smallTable      = 1000 // records; which way these are read does not matter
)

// tableRows estimates the records of a table.
func (p *planner) tableRows(r *sema.Relation) float64 {
	if p.catalog == nil || r.Table == "" {
		return unknownRows
	}
	if s := p.catalog.Stats(r.Table); s != nil {
		return max(1, float64(s.Rows))
	}
	if n := p.catalog.Rows(r.Table); n >= 0 {
		return max(1, float64(n))
	}
	return unknownRows
}

// field are the statistics of a field; nil where there are none.
func (p *planner) field(r *sema.Relation, path []string) *schema.FieldStats {
	if p.catalog == nil || r.Table == "" {
		return nil
	}
	return p.catalog.Stats(r.Table).Field(path)
}

// distinct estimates how many different values an expression has in n rows of a relation.
func (p *planner) distinct(e sema.Expr, n float64) float64 {
	c, ok := e.(*sema.Column)
	switch {
	case !ok:
	case isID(c):
		return p.tableRows(c.Rel)
	case c.Rel.IsRecord():
		if f := p.field(c.Rel, c.Path); f != nil && f.Distinct > 0 {
			return float64(f.Distinct)
		}
	}
	return max(1, n/unknownFanOut)
}

// rows estimates how many rows come out of a pipeline.
func (p *planner) rows(pl *Pipeline) float64 { return p.rowsUpTo(pl, len(pl.Steps)) }

// rowsUpTo estimates how many rows come out of the first steps of a pipeline.
func (p *planner) rowsUpTo(pl *Pipeline, end int) float64 {
	n := 1.0
	for _, s := range pl.Steps[:end] {
		n = p.rowsBehind(s, n)
	}
	return n
}

func (p *planner) rowsBehind(s Step, n float64) float64 {
	switch s := s.(type) {
	case *Scan:
		return p.tableRows(s.Rel)
	case *ScanAll:
		return 10 * unknownRows
	case *Keys:
		return listLength(s.List)
	case *KeyRange:
		return max(1, rangeShare*p.tableRows(s.Rel))
	case *IndexScan:
		return max(1, p.tableRows(s.Rel)*p.indexShare(s.Rel, s.Index, s.Equal, &s.Bounds))
	case *Rows:
		return p.rows(s.Sub)
	case *Items:
		return n * listLength(s.X)
	case *Expand:
		return n * unknownFanOut
	case *Apply:
		return n * max(1, p.rows(s.Right))
	case *Lookup:
		return n * max(1, p.foundBy(s))
	case *Join:
		return p.joinedRows(s)
	case *Filter:
		return max(1, n*p.share(s.Cond))
	case *Group:
		if len(s.Keys) == 0 {
			return 1
		}
		groups := 1.0
		for _, k := range s.Keys {
			groups *= p.distinct(k, n)
		}
		return min(groups, n)
	case *Limit:
		return limited(n, s.Count)
	case *Sort:
		return limited(n, s.Limit)
	}
	return n
}

func limited(n float64, count sema.Expr) float64 {
	if c, ok := count.(*sema.Const); ok && c.Value.Kind() == ops.KindInt {
		return min(n, float64(c.Value.AsInt()))
	}
	return n
}

func listLength(e sema.Expr) float64 {
	switch e := e.(type) {
	case *sema.Sequence:
		return float64(len(e.Items))
	case *sema.Const:
		switch e.Value.Kind() {
		case ops.KindList, ops.KindSet, ops.KindTuple:
			return float64(len(e.Value.AsList()))
		case ops.KindRange:
			if r := e.Value.AsRange(); r.Lo.Kind() == ops.KindInt && r.Hi.Kind() == ops.KindInt {
				return max(0, float64(r.Hi.AsInt())-float64(r.Lo.AsInt()))
			}
		}
	}
	return unknownItems
}

func (p *planner) joinedRows(j *Join) float64 {
	l, r := p.rows(j.Left), p.rows(j.Right)
	n := l * r
	for i := range j.LeftKeys {
		n /= max(1, p.distinct(j.LeftKeys[i], l), p.distinct(j.RightKeys[i], r))
	}
	if j.Outer {
		n = max(n, l)
	}
	return max(1, n)
}

// share estimates which part of the rows a condition is true for.
func (p *planner) share(cond sema.Expr) float64 {
	b, ok := cond.(*sema.Binary)
	if !ok {
		if u, isUnary := cond.(*sema.Unary); isUnary && u.Op == opcodes.Not {
			return 1 - p.share(u.X)
		}
		return conditionShare
	}
	switch b.Op {
	case opcodes.And:
		return p.share(b.Left) * p.share(b.Right)
	case opcodes.Or:
		l, r := p.share(b.Left), p.share(b.Right)
		return l + r - l*r
	}
	for _, pair := range []struct {
		column, value sema.Expr
		op            uint16
	}{{b.Left, b.Right, b.Op}, {b.Right, b.Left, mirror(b.Op)}} {
		if c, ok := pair.column.(*sema.Column); ok && c.Rel.IsRecord() && fixed(pair.value) {
			return p.fieldShare(c, pair.op, pair.value)
		}
	}
	switch b.Op {
	case opcodes.Eq:
		return equalityShare
	case opcodes.Lt, opcodes.Le, opcodes.Gt, opcodes.Ge:
		return rangeShare
	}
	return conditionShare
}

func mirror(op uint16) uint16 {
	if m, ok := mirrored[op]; ok {
		return m
	}
	return op
}

// fieldShare estimates which part of a table's records has a field that compares with a value.
func (p *planner) fieldShare(c *sema.Column, op uint16, value sema.Expr) float64 {
	if isID(c) && op == opcodes.Eq {
		return 1 / p.tableRows(c.Rel)
	}
	f := p.field(c.Rel, c.Path)
	there := 1.0
	if f != nil {
		there = 1 - f.None
	}
	v, known := value.(*sema.Const)
	switch op {
	case opcodes.Eq:
		if f == nil || f.Distinct == 0 {
			return equalityShare
		}
		if known && v.Value.IsNone() {
			return f.None
		}
		return there / float64(f.Distinct)
	case opcodes.In:
		return min(1, listLength(value)*p.fieldShare(c, opcodes.Eq, nil))
	case opcodes.Lt, opcodes.Le:
		if f != nil && known {
			return there * f.Below(v.Value)
		}
		return rangeShare
	case opcodes.Gt, opcodes.Ge:
		if f != nil && known {
			return there * (1 - f.Below(v.Value))
		}
		return rangeShare
	}
	return conditionShare
}

// indexShare estimates which part of a table a range of an index holds.
func (p *planner) indexShare(r *sema.Relation, ix *schema.Index, equal []sema.Expr, b *Bounds) float64 {
	share := 1.0
	for i, e := range equal {
		share *= p.fieldShare(sema.FieldColumn(r, ix.Fields[i]), opcodes.Eq, e)
	}
	if b.Lo == nil && b.Hi == nil {
		return share
	}
	c := sema.FieldColumn(r, ix.Fields[len(equal)])
	lo, hi := 1.0, 1.0
	if b.Lo != nil {
		lo = p.fieldShare(c, opcodes.Gt, b.Lo)
	}
	if b.Hi != nil {
		hi = p.fieldShare(c, opcodes.Lt, b.Hi)
	}
	if b.Lo != nil && b.Hi != nil {
		return share * max(lo+hi-1, min(lo, hi)*rangeShare*rangeShare)
	}
	return share * min(lo, hi)
}

// rowByRow reports whether a subquery is better run for each row of a pipeline than once for all: where each finds its rows by
// their id or by an index, and they are few.
func (p *planner) rowByRow(pl *Pipeline, q *sema.Query, l *link) bool {
	if len(q.From) != 1 {
		return false
	}
	s, ok := q.From[0].(*sema.TableSource)
	if !ok {
		return false
	}
	each := p.lookupCost(q, s.Rel, l.inner)
	n := p.tableRows(s.Rel)
	outer := p.rows(pl)
	return !math.IsInf(each, 1) && outer*each < n+outer*costOfJoinedRow
}

// lookupCost is what it costs to find the records of a relation for one set of values of some expressions, in records of a scan;
// infinite where neither the id nor an index finds them.
func (p *planner) lookupCost(q *sema.Query, r *sema.Relation, by []sema.Expr) float64 {
	cost := math.Inf(1)
	n := p.tableRows(r)
	for _, e := range by {
		if isIDOf(e, r) {
			return costOfOpening + costOfSeek
		}
		if r.Desc == nil {
			continue
		}
		for _, ix := range r.Desc.Indexes {
			if refusedIndex(q, ix) == "" && isPath(e, r, ix.Fields[0]) {
				found := n * p.fieldShare(sema.FieldColumn(r, ix.Fields[0]), opcodes.Eq, nil)
				cost = min(cost, costOfOpening+costOfSeek*found)
			}
		}
	}
	return cost
}
