package storage

import (
	"bytes"
	"context"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
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
	c := &degreeCursor{txn: t, tab: tab, prefix: p[:]}
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
	near   []byte // what the keys of the vertex at hand begin with
	begun  bool
	inside bool // whether the iterator is at an edge
	count  int64
	bytes  int64
}

// Next implements vm.Cursor.
func (c *degreeCursor) Next(ctx context.Context, b *vm.Batch) error {
	if err := c.txn.alive(ctx); err != nil {
		return err
	}
	b.N, b.Parent = 0, nil
	if !c.begun {
		c.begun, c.inside = true, c.it.First()
	}
	vertices, counts := &b.Cols[0], &b.Cols[1]
	vertices.Reset(ops.KindNone, 0)
	counts.Reset(ops.KindInt, 0)
	for c.inside && vertices.N < ops.BatchSize {
		v, err := c.vertex()
		if err != nil {
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

// vertex decodes the near vertex of the edge that the iterator is at.
func (c *degreeCursor) vertex() (ops.Value, error) {
	key := c.it.Key()
	at := keys.PrefixLen + 2
	if len(key) < at {
		return ops.None, errAdjacency
	}
	name := c.tab.desc.ShownEnd(c.txn.dict(c.tab.tableState).Name(uint16(key[at-2])<<8 | uint16(key[at-1])))
	id, rest, err := decodeKey(key[at:])
	if name == nil || err != nil {
		return ops.None, errAdjacency
	}
	c.near = append(c.near[:0], key[:len(key)-len(rest)]...)
	if id.Kind() == ops.KindInt {
		return ops.RecordInt(name, id.AsInt()), nil
	}
	return ops.Record(*name, id), nil
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
	err := c.it.Close()
	c.it = nil
	return wrap(err)
}
