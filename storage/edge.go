package storage

import (
	"cmp"
	"context"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
)

// Adjacency: for every edge two keys,
//
//	out prefix · source · target · edge key → nothing
//	in prefix  · target · source · edge key → nothing
//
// where a vertex is the number (2 bytes) of its table's name in the edge table's dictionary, and its key. An edge is
// found from either end, with the other end and its own key, without reading its record; the far
// ends of one vertex are sorted, which makes reading them a forward walk.

// ends are the vertices of an edge.
type ends struct{ in, out ops.Value }

// edgeEnds takes the ends from the object of an edge that is created and checks them.
func (t *Txn) edgeEnds(tab *table, obj ops.Value) (e ends, err error) {
	for _, side := range []struct {
		name, table string
		to          *ops.Value
	}{{"in", tab.desc.From, &e.in}, {"out", tab.desc.To, &e.out}} {
		v, _ := obj.Member(side.name)
		if v.Kind() != ops.KindRecord {
			return e, ops.Errorf(ops.CodeType, "edge %s needs a record as %s, not %s", tab.desc.Name, side.name, v.Kind()).
				WithHint("RELATE a:1 -> %s -> b:2", tab.desc.Name)
		}
		if side.table != "" && v.RecordTable() != side.table {
			return e, ops.Errorf(ops.CodeType, "%s of edge %s must be a record of %s, not %s", side.name, tab.desc.Name, side.table, show(v))
		}
		if err := checkKey(v.RecordTable(), v.RecordKey()); err != nil {
			return e, err
		}
		*side.to = v
	}
	return e, nil
}

// storedEnds reads the ends from the record of an edge.
func (t *Txn) storedEnds(tab *table, key ops.Value, value []byte) (e ends, err error) {
	d := t.dict(tab.tableState)
	if e.in, err = storedValue(tab, d, key, value, inPath); err == nil {
		e.out, err = storedValue(tab, d, key, value, outPath)
	}
	if err != nil || e.in.Kind() != ops.KindRecord || e.out.Kind() != ops.KindRecord {
		return e, &ops.Error{Code: ops.CodeCorrupt, Message: "edge " + show(recordID(tab, key)) + " has no ends", Err: err, Hint: "run zerodb check"}
	}
	return e, nil
}

var inPath, outPath = []string{"in"}, []string{"out"}

// sameEnds refuses a change of an edge's ends and puts them in where obj leaves them out.
func (t *Txn) sameEnds(tab *table, key ops.Value, old []byte, obj ops.Value) (ops.Value, error) {
	e, err := t.storedEnds(tab, key, old)
	if err != nil || obj.Kind() != ops.KindObject {
		return obj, err
	}
	for _, side := range []struct {
		name string
		have ops.Value
	}{{"in", e.in}, {"out", e.out}} {
		v, ok := obj.Member(side.name)
		switch {
		case !ok || v.IsNone():
			obj = ops.Object(append([]ops.Member{{Name: side.name, Value: side.have}}, without(obj.AsObject(), side.name)...))
		case !ops.Equal(v, side.have):
			return obj, ops.Errorf(ops.CodeReadOnly, "%s of edge %s cannot be changed", side.name, show(recordID(tab, key))).
				WithHint("delete the edge and RELATE anew")
		}
	}
	return obj, nil
}

func without(ms []ops.Member, name string) []ops.Member {
	out := make([]ops.Member, 0, len(ms))
	for _, m := range ms {
		if m.Name != name {
			out = append(out, m)
		}
	}
	return out
}

// appendVertex appends a vertex whose table's name has number.
func appendVertex(dst []byte, number uint16, key ops.Value) []byte {
	return appendKey(append(dst, byte(number>>8), byte(number)), key)
}

// vertexTable returns the number of a vertex table's name in an edge table's dictionary. Without one no edge has an end
// there; that is something read, which another transaction's first such edge changes.
func (t *Txn) vertexTable(tab *table, name string) (uint16, bool) {
	d := t.dict(tab.tableState)
	number, ok := d.ID(tab.desc.StoredEnd(name))
	if !ok && t.kv.Writable() {
		t.kv.ReadSpan(nameKey(tab.id, uint16(d.Len())), keys.AppendEnd(nil, systemKey(objNames, u32(tab.id))))
	}
	return number, ok
}

// adjacency builds both keys of an edge whose record has been encoded, so that the names are known.
func (t *Txn) adjacency(tab *table, key ops.Value, e ends) (out, in []byte) {
	d := t.dict(tab.tableState)
	from, _ := d.ID(tab.desc.StoredEnd(e.in.RecordTable()))
	to, _ := d.ID(tab.desc.StoredEnd(e.out.RecordTable()))
	b := append(t.indexKeys[:0], tab.out[:]...)
	b = appendVertex(b, from, e.in.RecordKey())
	b = appendVertex(b, to, e.out.RecordKey())
	b = appendKey(b, key)
	n := len(b)
	b = append(b, tab.in[:]...)
	b = appendVertex(b, to, e.out.RecordKey())
	b = appendVertex(b, from, e.in.RecordKey())
	b = appendKey(b, key)
	t.indexKeys = b
	return b[:n], b[n:]
}

func (t *Txn) linkEdge(tab *table, key ops.Value, e ends) error {
	if len(tab.desc.Ends) > 0 {
		if err := t.knowEnds(tab, e); err != nil {
			return err
		}
	}
	out, in := t.adjacency(tab, key, e)
	t.kv.Put(out, nil, kv.Absent)
	t.kv.Put(in, nil, kv.Absent)
	return nil
}

// knowEnds makes sure that the names which the adjacency has for an edge's ends have numbers: they need not be those in its record.
func (t *Txn) knowEnds(tab *table, e ends) error {
	t.interner.begin(tab.tableState, t.dict(tab.tableState))
	for _, v := range []ops.Value{e.in, e.out} {
		if _, ok, err := t.interner.Intern(tab.desc.StoredEnd(v.RecordTable())); err != nil || !ok {
			return cmp.Or(err, tooManyNames(tab))
		}
	}
	return nil
}

func (t *Txn) unlinkEdge(tab *table, key ops.Value, e ends) {
	out, in := t.adjacency(tab, key, e)
	t.kv.Delete(out, kv.Unknown)
	t.kv.Delete(in, kv.Unknown)
}

// removeEdgesAt deletes the edges of a vertex that was deleted.
func (t *Txn) removeEdgesAt(ctx context.Context, vertex ops.Value) error {
	if err := t.useEdges(); err != nil {
		return err
	}
	for _, desc := range t.cat.descs {
		if !desc.Edge {
			continue
		}
		tab := t.cat.tables[desc.ID]
		number, ok := t.vertexTable(tab, vertex.RecordTable())
		if !ok {
			continue
		}
		for _, prefix := range []keys.Prefix{tab.out, tab.in} {
			if err := t.removeEdgesUnder(ctx, tab, appendVertex(prefix[:], number, vertex.RecordKey())); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeEdgesOf deletes the edges of every vertex of a table that is being removed.
func (t *Txn) removeEdgesOf(ctx context.Context, cat *catalog, gone *table) error {
	for _, desc := range cat.descs {
		if !desc.Edge || desc.ID == gone.id {
			continue
		}
		tab := cat.tables[desc.ID]
		number, ok := t.vertexTable(tab, gone.desc.Name)
		if !ok {
			continue
		}
		for _, prefix := range []keys.Prefix{tab.out, tab.in} {
			if err := t.removeEdgesUnder(ctx, tab, append(prefix[:], byte(number>>8), byte(number))); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeEdgesUnder deletes the edges whose adjacency keys start with prefix.
func (t *Txn) removeEdgesUnder(ctx context.Context, tab *table, prefix []byte) error {
	var edges []ops.Value
	err := scanPrefix(t.kv, prefix, func(key, _ []byte) error {
		a, err := splitAdjacency(key)
		if err != nil {
			return err
		}
		edges = append(edges, a.edge)
		return nil
	})
	if err != nil {
		return wrap(err)
	}
	for _, key := range edges {
		t.key = recordKey(t.key[:0], tab.records, key)
		if _, err := t.remove(ctx, tab, key); err != nil {
			return err
		}
	}
	return nil
}

// adjacent is an adjacency key taken apart.
type adjacent struct {
	nearTable, farTable uint16
	near, far           ops.Value // keys of the vertices
	edge                ops.Value // key of the edge
}

var errAdjacency = ops.Errorf(ops.CodeCorrupt, "an adjacency key is damaged").WithHint("run zerodb check")

// splitAdjacency takes an adjacency key apart.
func splitAdjacency(key []byte) (a adjacent, err error) {
	b := key[keys.PrefixLen:]
	if a.nearTable, a.near, b, err = splitVertex(b); err != nil {
		return a, err
	}
	if a.farTable, a.far, b, err = splitVertex(b); err != nil {
		return a, err
	}
	if a.edge, b, err = decodeKey(b); err != nil || len(b) > 0 {
		return a, errAdjacency
	}
	return a, nil
}

func splitVertex(b []byte) (table uint16, key ops.Value, rest []byte, err error) {
	if len(b) < 2 {
		return 0, ops.None, nil, errAdjacency
	}
	key, rest, err = decodeKey(b[2:])
	if err != nil {
		err = errAdjacency
	}
	return uint16(b[0])<<8 | uint16(b[1]), key, rest, err
}
