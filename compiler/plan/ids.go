package plan

import (
	"slices"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// matchIDs makes a lookup by key of `id = x`, `id == x`, `id IS x` and `id IN [x, y]`, and a key range of `id >= x` and its
// like, where these stand right behind a scan.
//
// It must not take x at its word where x is not known to be an id of this very table: with $x = 5, `id = $x` is true for no
// record, while the key 5 may well exist. There the condition stays behind the lookup. Nor does it fire where x
// depends on the row (`id = friend`), or for a comparison with an id of another table, which orders by table first.
func matchIDs(_ *planner, pl *Pipeline) bool {
	scan, ok := pl.Steps[0].(*Scan)
	if !ok {
		return false
	}
	for i := 1; i < len(pl.Steps); i++ {
		f, ok := pl.Steps[i].(*Filter)
		if !ok {
			break
		}
		if list, exact, ok := idList(pl, scan, f.Cond); ok {
			pl.Steps[0] = &Keys{Access: scan.Access, List: list}
			if exact {
				pl.Steps = slices.Delete(pl.Steps, i, i+1)
			}
			return true
		}
	}
	return idRange(pl, scan)
}

// idList returns the list of ids that a condition allows, and whether the condition says no more than that.
func idList(pl *Pipeline, scan *Scan, cond sema.Expr) (list sema.Expr, exact, ok bool) {
	b, isBinary := cond.(*sema.Binary)
	if !isBinary {
		return nil, false, false
	}
	switch b.Op {
	case opcodes.Eq:
		for _, pair := range [][2]sema.Expr{{b.Left, b.Right}, {b.Right, b.Left}} {
			if isIDOf(pair[0], scan.Rel) && fixedIn(pl, pair[1]) {
				return listOf(pair[1]), isRecordOf(pair[1], scan.Rel.Table), true
			}
		}
	case opcodes.In:
		if isIDOf(b.Left, scan.Rel) && fixed(b.Right) && b.Right.At().Type.Kind == ops.KindList {
			return b.Right, allRecordsOf(b.Right, scan.Rel.Table), true
		}
	}
	return nil, false, false
}

func isIDOf(e sema.Expr, r *sema.Relation) bool {
	c, ok := e.(*sema.Column)
	return ok && c.Rel == r && isID(c)
}

// fixed reports whether e is the same for every row.
func fixed(e sema.Expr) bool { return sema.IsScalar(e) }

func isRecordOf(e sema.Expr, table string) bool {
	switch e := e.(type) {
	case *sema.Const:
		return e.Value.Kind() == ops.KindRecord && e.Value.RecordTable() == table
	case *sema.Record:
		return e.Table == table
	}
	return false
}

func allRecordsOf(list sema.Expr, table string) bool {
	switch l := list.(type) {
	case *sema.Const:
		return !slices.ContainsFunc(l.Value.AsList(), func(v ops.Value) bool {
			return v.Kind() != ops.KindRecord || v.RecordTable() != table
		})
	case *sema.Sequence:
		return !slices.ContainsFunc(l.Items, func(x sema.Expr) bool { return !isRecordOf(x, table) })
	}
	return false
}

// idRange gathers the bounds that conditions on id give.
func idRange(pl *Pipeline, scan *Scan) bool {
	r := &KeyRange{Access: scan.Access}
	for i := 1; i < len(pl.Steps); {
		f, ok := pl.Steps[i].(*Filter)
		if !ok {
			break
		}
		if !idBound(&r.Bounds, scan, f.Cond) {
			i++
			continue
		}
		pl.Steps = slices.Delete(pl.Steps, i, i+1)
	}
	if r.Lo == nil && r.Hi == nil {
		return false
	}
	pl.Steps[0] = r
	return true
}

func idBound(b *Bounds, scan *Scan, cond sema.Expr) bool {
	c, ok := cond.(*sema.Binary)
	if !ok || !isIDOf(c.Left, scan.Rel) || !isRecordOf(c.Right, scan.Rel.Table) || !fixed(c.Right) {
		return false
	}
	return b.narrow(c.Op, keyOf(c.Right))
}

// narrow sets the end that a comparison gives, if it is still open.
func (b *Bounds) narrow(op uint16, x sema.Expr) bool {
	switch {
	case op == opcodes.Gt && b.Lo == nil:
		b.Lo, b.LoExclusive = x, true
	case op == opcodes.Ge && b.Lo == nil:
		b.Lo = x
	case op == opcodes.Lt && b.Hi == nil:
		b.Hi = x
	case op == opcodes.Le && b.Hi == nil:
		b.Hi, b.HiInclusive = x, true
	default:
		return false
	}
	return true
}

func keyOf(e sema.Expr) sema.Expr {
	if r, ok := e.(*sema.Record); ok {
		return r.Key
	}
	return constant(e.(*sema.Const).Value.RecordKey())
}

// pointGet reads a single record as scalars: no cursor, no batch, no allocation but the result.
//
// It must not fire where a later step needs batches – DISTINCT, a hop of a pattern, a fetch –, nor where the list is not known
// to have one id. LIMIT goes, unless it could let nothing through: `LIMIT 0` and `LIMIT $n` stay.
func pointGet(_ *planner, pl *Pipeline) bool {
	if get, ok := upsertGet(pl); ok {
		pl.Steps = append([]Step{get}, pl.Steps[2:]...)
		return true
	}
	keys, ok := pl.Steps[0].(*Keys)
	if !ok || keys.Rel.Table == "" {
		return false
	}
	key, ok := single(keys.List)
	if !ok {
		return false
	}
	var rest []Step
	for _, s := range pl.Steps[1:] {
		switch s := s.(type) {
		case *Distinct, *Behind, *Expand, *Branch, *Fetch, *Apply, *Lookup:
			return false
		case *Limit:
			if s.Start != nil || !atLeastOne(s.Count) {
				return false
			}
			continue
		case *Sort: // of one row
			if !atLeastOne(s.Limit) {
				return false
			}
			continue
		}
		rest = append(rest, s)
	}
	if slices.ContainsFunc(rest, func(s Step) bool { _, ok := s.(*Items); return ok }) {
		return false
	}
	pl.Steps = append([]Step{&Get{Access: keys.Access, Key: key}}, rest...)
	return true
}

// upsertGet recognises UPSERT of one record, whose row is there even if the record is not.
func upsertGet(pl *Pipeline) (*Get, bool) {
	if pl.Write == nil || len(pl.Steps) < 2 {
		return nil, false
	}
	items, ok := pl.Steps[0].(*Items)
	if !ok || !items.IDs || !isRecordOf(items.X, items.Rel.Table) {
		return nil, false
	}
	fetch, ok := pl.Steps[1].(*Fetch)
	if !ok || fetch.Rel != items.Rel {
		return nil, false
	}
	return &Get{Access: fetch.Access, Key: items.X, Optional: true}, true
}

func single(list sema.Expr) (sema.Expr, bool) {
	switch l := list.(type) {
	case *sema.Sequence:
		if len(l.Items) == 1 {
			return l.Items[0], true
		}
	case *sema.Const:
		if vs := l.Value.AsList(); len(vs) == 1 {
			c := &sema.Const{Value: vs[0]}
			c.Info = sema.Info{Span: l.Span, Type: ops.TypeOf(vs[0].Kind())}
			return c, true
		}
	}
	return nil, false
}

func atLeastOne(e sema.Expr) bool {
	c, ok := e.(*sema.Const)
	return e == nil || ok && c.Value.Kind() == ops.KindInt && c.Value.AsInt() >= 1
}
