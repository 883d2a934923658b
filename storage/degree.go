package storage

import (
	"bytes"
	"context"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
	"github.com/zerodb/zerodb/vm"
)

// Degrees implements vm.Txn.
func (t *Txn) Degrees(ctx context.Context, desc *schema.Table, dir vm.Direction) (vm.Cursor, error) {
	if err := t.alive(ctx); err != nil {
		return nil, err
	}
	tab, err := t.table(desc)
	if err != nil {
		return nil, err
	}
	if !tab.desc.Edge || dir == vm.Both {
		return nil, ops.Errorf(ops.CodeType, "%s has no edges in one direction", desc.Name)
	}
	p := tab.out
	if dir == vm.In {
		p = tab.in
	}
	c := &degreeCursor{txn: t, tab: tab, prefix: p[:], names: names{tab.desc, t.dict(tab.tableState)}}
	end := keys.AppendEnd(nil, c.prefix)
	if t.kv.Writable() {
		t.kv.ReadSpan(c.prefix, end)
	}
	if c.it, err = t.kv.NewIter(c.prefix, end, t.kv.Mark()); err != nil {
		return nil, wrap(err)
	}
	return c, nil
}

// degreeCursor counts the edges of every vertex of an edge table, in one walk over its adjacency.
type degreeCursor struct {
	txn    *Txn
	tab    *table
	it     *kv.Iter
	prefix []byte // of the adjacency
	names  names
	near   []byte // what the keys of the vertex at hand begin with
	begun  bool
	inside bool // whether the iterator is at an edge
	count  int64
	bytes  int64
	team   *degreeTeam // nil where the cursor reads alone
}

// Next implements vm.Cursor.
func (c *degreeCursor) Next(ctx context.Context, b *vm.Batch) error {
	if err := c.txn.alive(ctx); err != nil {
		return err
	}
	b.N, b.Parent = 0, nil
	vertices, counts := &b.Cols[0], &b.Cols[1]
	vertices.Reset(ops.KindNone, 0)
	counts.Reset(ops.KindInt, 0)
	if !c.begun {
		c.begun = true
		if err := c.startTeam(); err != nil {
			return err
		}
		c.inside = c.team == nil && c.it.First()
	}
	if c.team != nil {
		err := c.team.give(ctx, c, vertices, counts)
		b.N = vertices.N
		return err
	}
	for c.inside && vertices.N < ops.BatchSize {
		var v ops.Value
		var err error
		if v, c.near, err = c.names.near(c.it.Key(), c.near); err != nil {
			return err
		}
		n := c.edges()
		c.count += n
		vertices.Append(v)
		counts.Append(ops.Int(n))
	}
	b.N = vertices.N
	return wrap(c.it.Error())
}

// edges counts those of the vertex at hand, and moves behind them.
func (c *degreeCursor) edges() (n int64) {
	if plain := c.it.Plain(); plain != nil { // nearly always: Pebble's own iterator, without a call in between
		for key := plain.Key(); bytes.HasPrefix(key, c.near); key = plain.Key() {
			c.bytes += int64(len(key))
			n++
			if c.inside = plain.Next(); !c.inside {
				break
			}
		}
		return n
	}
	for c.inside && bytes.HasPrefix(c.it.Key(), c.near) {
		c.bytes += int64(len(c.it.Key()))
		n++
		c.inside = c.it.Next()
	}
	return n
}

// names are those of vertices' tables, by their numbers in the keys of an adjacency.
type names struct {
	edges *schema.Table
	dict  *record.Dict
}

// near decodes the near vertex of an edge, and returns what the keys of all its edges begin with, in the memory of room.
func (n names) near(key, room []byte) (v ops.Value, prefix []byte, err error) {
	at := keys.PrefixLen + 2
	if len(key) < at {
		return ops.None, room, errAdjacency
	}
	name := n.edges.ShownEnd(n.dict.Name(uint16(key[at-2])<<8 | uint16(key[at-1])))
	id, rest, err := decodeKey(key[at:])
	if name == nil || err != nil {
		return ops.None, room, errAdjacency
	}
	prefix = append(room[:0], key[:len(key)-len(rest)]...)
	if id.Kind() == ops.KindInt {
		return ops.RecordInt(name, id.AsInt()), prefix, nil
	}
	return ops.Record(*name, id), prefix, nil
}

// Late implements vm.Cursor.
func (c *degreeCursor) Late(context.Context, *vm.Batch, int, ops.Selection) error { return nil }

// Examined implements vm.Cursor.
func (c *degreeCursor) Examined() (rows, bytes int64) { return c.count, c.bytes }

// Close implements vm.Cursor.
func (c *degreeCursor) Close() error {
	if c.it == nil {
		return nil
	}
	c.stopTeam()
	err := c.it.Close()
	c.it = nil
	return wrap(err)
}
