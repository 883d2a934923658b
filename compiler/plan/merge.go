package plan

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// mergeJoin reads both sides of a join in step where each comes in the order of the keys: by the ids of its records, or by an index that
// holds all that is read of them. Nothing is kept then but the rows of the keys at hand.
//
// It must not fire where a hash join is cheaper: for a small side, whose hash table stays in the processor's caches, and mostly where both
// sides would be read by an index, an entry of which costs several records of a scan. Nor may it take another order for the left side
// where LIMIT without ORDER BY takes its first rows.
func mergeJoin(p *planner, pl *Pipeline) bool {
	j, ok := pl.Steps[0].(*Join)
	if !ok || len(j.LeftKeys) == 0 || min(j.leftRows, j.rightRows) < mergedRows {
		return false
	}
	for _, l := range ordersOf(j.Left, j.LeftKeys) {
		for _, r := range ordersOf(j.Right, j.RightKeys) {
			if l.index != nil && pl.KeyOrder || !slices.Equal(l.keys, r.keys) || p.mergeCost(j, &l, &r) >= hashCost(j) {
				continue
			}
			l.take(j.Left)
			r.take(j.Right)
			j.permute(l.keys)
			j.Merge = true
			return true
		}
	}
	return false
}

// What joins cost, in records of a scan, as measured for 1,000 to 400,000 rows.
const (
	mergedRows      = 5000 // each side has at least so many where a merge is thought of
	costOfEntry     = 4    // of reading an index's entry in place of a record
	costOfStep      = 0.5  // of comparing a row in a merge
	costOfHashing   = 1    // of a row that is put into a hash table or looked up in it
	cachedRows      = 20_000
	costOfMiss      = 2 // likewise, where the table has more rows than that
	costOfRecordKey = 4 // likewise, of a key that is a record's id
	unspilledRows   = 2_000_000
	costOfSpilling  = 10 // of a row where the table hardly fits in memory
)

// mergeCost is what a merge of two sides costs.
func (p *planner) mergeCost(j *Join, l, r *sideOrder) float64 {
	cost := (j.leftRows + j.rightRows) * costOfStep
	for _, side := range []struct {
		pl *Pipeline
		of *sideOrder
	}{{j.Left, l}, {j.Right, r}} {
		read := p.rowsUpTo(side.pl, 1)
		if side.of.index != nil {
			read *= costOfEntry
		}
		cost += read
	}
	return cost
}

// hashCost is what a hash join of the sides costs beside reading them, with the reading of each as a scan.
func hashCost(j *Join) float64 {
	each := float64(costOfHashing)
	if j.rightRows > cachedRows {
		each += costOfMiss
	}
	if j.rightRows > unspilledRows {
		each += costOfSpilling
	}
	for i := range j.LeftKeys {
		if isRecordKey(j.LeftKeys[i]) || isRecordKey(j.RightKeys[i]) {
			each += costOfRecordKey
		}
	}
	return (j.leftRows + j.rightRows) * (each + 1)
}

func isRecordKey(e sema.Expr) bool {
	c, ok := e.(*sema.Column)
	return ok && (isID(c) && c.Rel.IsRecord() || c.Type.Kind == ops.KindRecord)
}

// sideOrder is an order in which a side of a join can come: its keys by their numbers.
type sideOrder struct {
	keys  []int
	index *schema.Index // that gives it; nil: the side comes so by itself
}

// ordersOf are the orders of all keys in which a planned side comes, or can come at no cost.
func ordersOf(pl *Pipeline, keys []sema.Expr) (orders []sideOrder) {
	if !keepsOrder(pl.Steps[1:]) {
		return nil
	}
	add := func(r *sema.Relation, fields [][]string, ix *schema.Index) {
		if order := orderOfKeys(r, fields, keys); order != nil {
			orders = append(orders, sideOrder{order, ix})
		}
	}
	switch s := pl.Steps[0].(type) {
	case *Scan:
		if !s.Reverse {
			add(s.Rel, nil, nil)
		}
		if s.Rel.Desc == nil || s.Reverse || pl.Query == nil {
			return orders
		}
		for _, ix := range s.Rel.Desc.Indexes {
			if refusedIndex(pl.Query, ix) == "" && holds(ix, s.Columns) {
				add(s.Rel, ix.Fields, ix)
			}
		}
	case *KeyRange:
		if !s.Reverse {
			add(s.Rel, nil, nil)
		}
	case *Keys:
		if !s.InOrder && s.Rel.Table != "" {
			add(s.Rel, nil, nil)
		}
	case *IndexScan:
		if !s.Reverse {
			add(s.Rel, s.Index.Fields[len(s.Equal):], nil)
		}
	}
	return orders
}

// orderOfKeys lists the keys in the order of some fields, behind which comes the id; nil where these are not all.
func orderOfKeys(r *sema.Relation, fields [][]string, keys []sema.Expr) (order []int) {
	for i := 0; i <= len(fields) && len(order) < len(keys); i++ {
		k := slices.IndexFunc(keys, func(e sema.Expr) bool {
			return i < len(fields) && isPath(e, r, fields[i]) || i == len(fields) && isIDOf(e, r)
		})
		if k < 0 {
			return nil
		}
		order = append(order, k)
	}
	if len(order) < len(keys) {
		return nil
	}
	return order
}

// take makes a side come in the order.
func (o *sideOrder) take(pl *Pipeline) {
	if o.index == nil {
		return
	}
	scan := pl.Steps[0].(*Scan)
	pl.Steps[0] = &IndexScan{Access: scan.Access, Index: o.index, Only: true}
	pl.Notes = slices.DeleteFunc(pl.Notes, func(n string) bool { return strings.HasPrefix(n, o.index.Name+": ") })
}

// permute brings the keys of a join, which its sides' items begin with, into an order.
func (j *Join) permute(order []int) {
	left, right := slices.Clone(j.LeftKeys), slices.Clone(j.RightKeys)
	for to, from := range order {
		j.LeftKeys[to], j.RightKeys[to] = left[from], right[from]
		j.Left.Items[to].X, j.Right.Items[to].X = left[from], right[from]
	}
}
