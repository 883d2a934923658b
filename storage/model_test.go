package storage

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// The model: what a database holds, in plain maps. Every operation runs against a store and against the model and
// gives a text; the texts must be the same.

type modelRow struct{ key, a, u ops.Value }

type modelEdge struct{ key, in, out ops.Value }

type model struct {
	rows  map[string]modelRow
	edges map[string]modelEdge
	saved []*model // savepoints
}

func newModel() *model { return &model{rows: map[string]modelRow{}, edges: map[string]modelEdge{}} }

func (m *model) clone() *model {
	return &model{rows: maps.Clone(m.rows), edges: maps.Clone(m.edges)}
}

func (m *model) sorted() []modelRow {
	rs := slices.Collect(maps.Values(m.rows))
	slices.SortFunc(rs, func(x, y modelRow) int { return ops.Compare(x.key, y.key) })
	return rs
}

func (o operation) String() string { return o.name }

// operation is one thing to do. on runs it in a transaction, in runs it on a model.
type operation struct {
	name string
	on   func(t *Txn) string
	in   func(m *model) string
}

func (r modelRow) String() string { return "a=" + ops.Format(r.a) + " u=" + ops.Format(r.u) }

func (r modelRow) object() ops.Value { return object("a", r.a, "u", r.u) }

func person1(key ops.Value) ops.Value { return ops.Record("p", key) }

// code is the result of an operation that failed.
func code(err error) string { return string(ops.CodeOf(err)) }

// atomically undoes what a failed write has done, as the machine does for a statement.
func atomically(t *Txn, f func() (string, error)) string {
	sp := t.Savepoint()
	s, err := f()
	if err != nil {
		t.RollbackTo(sp)
		return code(err)
	}
	return s
}

func (m *model) uniqueTaken(r modelRow) bool {
	for k, o := range m.rows {
		if k != ops.Format(r.key) && !r.u.IsNone() && ops.Equal(o.u, r.u) {
			return true
		}
	}
	return false
}

func opCreate(r modelRow, ifNotExists bool) operation {
	return operation{
		name: fmt.Sprintf("create %s %v", ops.Format(r.key), r),
		on: func(t *Txn) string {
			return atomically(t, func() (string, error) {
				_, created, err := t.Create(ctx, t.cat.Table("p"), r.key, r.object(), ifNotExists)
				return fmt.Sprint(created), err
			})
		},
		in: func(m *model) string {
			if _, ok := m.rows[ops.Format(r.key)]; ok {
				if ifNotExists {
					return "false"
				}
				return string(ops.CodeAlreadyExists)
			}
			if m.uniqueTaken(r) {
				return string(ops.CodeUnique)
			}
			m.rows[ops.Format(r.key)] = r
			return "true"
		},
	}
}

func opReplace(r modelRow, upsert bool) operation {
	return operation{
		name: fmt.Sprintf("replace %s %v", ops.Format(r.key), r),
		on: func(t *Txn) string {
			return atomically(t, func() (string, error) {
				return "ok", t.Replace(ctx, t.cat.Table("p"), r.key, r.object(), upsert)
			})
		},
		in: func(m *model) string {
			if _, ok := m.rows[ops.Format(r.key)]; !ok && !upsert {
				return string(ops.CodeNotFound)
			}
			if m.uniqueTaken(r) {
				return string(ops.CodeUnique)
			}
			m.rows[ops.Format(r.key)] = r
			return "ok"
		},
	}
}

func opDelete(key ops.Value) operation {
	return operation{
		name: "delete " + ops.Format(key),
		on: func(t *Txn) string {
			ok, err := t.Delete(ctx, t.cat.Table("p"), key)
			if err != nil {
				return code(err)
			}
			return fmt.Sprint(ok)
		},
		in: func(m *model) string {
			_, ok := m.rows[ops.Format(key)]
			if ok {
				delete(m.rows, ops.Format(key))
				maps.DeleteFunc(m.edges, func(_ string, e modelEdge) bool { return ops.Equal(e.in, key) || ops.Equal(e.out, key) })
			}
			return fmt.Sprint(ok)
		},
	}
}

func opRelate(e modelEdge) operation {
	return operation{
		name: fmt.Sprintf("relate %s: %s -> %s", ops.Format(e.key), ops.Format(e.in), ops.Format(e.out)),
		on: func(t *Txn) string {
			return atomically(t, func() (string, error) {
				_, _, err := t.Create(ctx, t.cat.Table("e"), e.key, object("in", person1(e.in), "out", person1(e.out), "w", 1), false)
				return "ok", err
			})
		},
		in: func(m *model) string {
			if _, ok := m.edges[ops.Format(e.key)]; ok {
				return string(ops.CodeAlreadyExists)
			}
			m.edges[ops.Format(e.key)] = e
			return "ok"
		},
	}
}

func opUnrelate(key ops.Value) operation {
	return operation{
		name: "delete edge " + ops.Format(key),
		on: func(t *Txn) string {
			ok, err := t.Delete(ctx, t.cat.Table("e"), key)
			if err != nil {
				return code(err)
			}
			return fmt.Sprint(ok)
		},
		in: func(m *model) string {
			_, ok := m.edges[ops.Format(key)]
			delete(m.edges, ops.Format(key))
			return fmt.Sprint(ok)
		},
	}
}

func opGet(key ops.Value) operation {
	return operation{
		name: "get " + ops.Format(key),
		on: func(t *Txn) string {
			dst := make([]ops.Value, 2)
			ok, err := t.Get(ctx, t.cat.Table("p"), key, []vm.Column{field("a"), field("u")}, dst)
			if err != nil {
				return code(err)
			}
			if !ok {
				return "false"
			}
			return modelRow{a: dst[0], u: dst[1]}.String()
		},
		in: func(m *model) string {
			if r, ok := m.rows[ops.Format(key)]; ok {
				return r.String()
			}
			return "false"
		},
	}
}

func inRange(v ops.Value, r vm.Range) bool {
	lo, hi := ops.Compare(v, r.Lo), ops.Compare(v, r.Hi)
	return (r.LoBound == vm.Unbounded || lo > 0 || lo == 0 && r.LoBound == vm.Inclusive) &&
		(r.HiBound == vm.Unbounded || hi < 0 || hi == 0 && r.HiBound == vm.Inclusive)
}

// rowsText reads a cursor with columns id, a, u to its end or limit.
func rowsText(c vm.Cursor, err error, limit int) string {
	if err != nil {
		return code(err)
	}
	defer c.Close()
	var out strings.Builder
	var b vm.Batch
	for n := 0; n < limit; {
		if err := c.Next(ctx, &b); err != nil {
			return code(err)
		}
		if b.N == 0 {
			break
		}
		if err := c.Late(ctx, &b, 2, nil); err != nil {
			return code(err)
		}
		for i := 0; i < b.N && n < limit; i++ {
			fmt.Fprintf(&out, "%s %v; ", ops.Format(b.Cols[0].At(i).RecordKey()), modelRow{a: b.Cols[1].At(i), u: b.Cols[2].At(i)})
			n++
		}
	}
	return out.String()
}

var rowColumns = []vm.Column{colID, field("a"), {Kind: vm.ColumnField, Path: vm.Path{"u"}, Late: true}}

func modelText(rs []modelRow, limit int, reverse bool) string {
	if reverse {
		slices.Reverse(rs)
	}
	var out strings.Builder
	for _, r := range rs[:min(limit, len(rs))] {
		fmt.Fprintf(&out, "%s %v; ", ops.Format(r.key), r)
	}
	return out.String()
}

func opScan(r vm.Range, limit int) operation {
	return operation{
		name: fmt.Sprintf("scan %d %s..%d %s reverse %t limit %d", r.LoBound, ops.Format(r.Lo), r.HiBound, ops.Format(r.Hi), r.Reverse, limit),
		on: func(t *Txn) string {
			c, err := t.Scan(ctx, t.cat.Table("p"), r, rowColumns)
			return rowsText(c, err, limit)
		},
		in: func(m *model) string {
			rs := slices.DeleteFunc(m.sorted(), func(x modelRow) bool { return !inRange(x.key, r) })
			return modelText(rs, limit, r.Reverse)
		},
	}
}

func opIndex(index string, of func(modelRow) ops.Value, r vm.Range, limit int) operation {
	return operation{
		name: fmt.Sprintf("index %s %d %s..%d %s reverse %t limit %d", index, r.LoBound, ops.Format(r.Lo), r.HiBound, ops.Format(r.Hi), r.Reverse, limit),
		on: func(t *Txn) string {
			desc := t.cat.Table("p")
			c, err := t.ScanIndex(ctx, desc, desc.Index(index), nil, r, false, rowColumns)
			return rowsText(c, err, limit)
		},
		in: func(m *model) string {
			rs := slices.DeleteFunc(m.sorted(), func(x modelRow) bool { return !inRange(of(x), r) })
			slices.SortStableFunc(rs, func(x, y modelRow) int { return ops.Compare(of(x), of(y)) })
			return modelText(rs, limit, r.Reverse)
		},
	}
}

func opExpand(from []ops.Value, dir vm.Direction) operation {
	return operation{
		name: fmt.Sprintf("expand %d %s", dir, ops.Format(ops.List(from))),
		on: func(t *Txn) string {
			var v ops.Vector
			for _, k := range from {
				v.Append(person1(k))
			}
			c, err := t.Expand(ctx, t.cat.Table("e"), dir, &v, nil, []vm.Column{colVertex, colID, field("w"), field("in")})
			if err != nil {
				return code(err)
			}
			defer c.Close()
			var lines []string
			var b vm.Batch
			for {
				if err := c.Next(ctx, &b); err != nil {
					return code(err)
				}
				if b.N == 0 {
					break
				}
				for i := range b.N {
					lines = append(lines, fmt.Sprint(b.Parent[i], ops.Format(b.Cols[0].At(i).RecordKey()), ops.Format(b.Cols[1].At(i).RecordKey()),
						ops.Format(b.Cols[2].At(i)), ops.Format(b.Cols[3].At(i).RecordKey())))
				}
			}
			slices.Sort(lines)
			return strings.Join(lines, ";")
		},
		in: func(m *model) string {
			var lines []string
			for i, k := range from {
				for _, e := range m.edges {
					if dir != vm.In && ops.Equal(e.in, k) {
						lines = append(lines, fmt.Sprint(i, ops.Format(e.out), ops.Format(e.key), "1", ops.Format(e.in)))
					}
					if dir != vm.Out && ops.Equal(e.out, k) && (dir == vm.In || !ops.Equal(e.in, k)) {
						lines = append(lines, fmt.Sprint(i, ops.Format(e.in), ops.Format(e.key), "1", ops.Format(e.in)))
					}
				}
			}
			slices.Sort(lines)
			return strings.Join(lines, ";")
		},
	}
}

func opFetch(from []ops.Value) operation {
	return operation{
		name: "fetch " + ops.Format(ops.List(from)),
		on: func(t *Txn) string {
			var ids, a, u ops.Vector
			for _, k := range from {
				ids.Append(person1(k))
			}
			if err := t.Fetch(ctx, &ids, nil, []vm.Column{field("a"), field("u")}, []*ops.Vector{&a, &u}); err != nil {
				return code(err)
			}
			s := ""
			for i := range from {
				s += modelRow{a: a.At(i), u: u.At(i)}.String() + ";"
			}
			return s
		},
		in: func(m *model) string {
			s := ""
			for _, k := range from {
				s += m.rows[ops.Format(k)].String() + ";"
			}
			return s
		},
	}
}

// defineModel defines what the model has.
func defineModel(t *Txn) error {
	return cmp.Or(
		t.Apply(ctx, &schema.Change{Kind: schema.DefineTable, Name: "p", Table: &schema.Table{
			Indexes: []*schema.Index{{Name: "u", Table: "p", Fields: [][]string{{"u"}}, Unique: true}}}}),
		t.Apply(ctx, &schema.Change{Kind: schema.DefineTable, Name: "e", Table: &schema.Table{Edge: true}}),
		t.Apply(ctx, &schema.Change{Kind: schema.DefineIndex, Name: "a", Index: &schema.Index{Table: "p", Fields: [][]string{{"a"}}}}),
	)
}
