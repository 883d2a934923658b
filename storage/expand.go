package storage

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/vm"
)

// vertex is a start of an expansion.
type vertex struct {
	row int32
	id  ops.Value
	key []byte // encoded
}

// Expand implements vm.Txn.
func (t *Txn) Expand(ctx context.Context, desc *schema.Table, dir vm.Direction, vertices *ops.Vector, sel ops.Selection, cols []vm.Column) (vm.Cursor, error) {
	if err := t.alive(ctx); err != nil {
		return nil, err
	}
	c := expandPool.Get().(*expandCursor)
	c.txn, c.mark, c.dir, c.want = t, t.kv.Mark(), dir, cols
	c.fetch.txn, c.fetch.mark = t, c.mark
	if desc != nil {
		tab, err := t.table(desc)
		if err != nil {
			return nil, err
		}
		if !tab.desc.Edge {
			return nil, ops.Errorf(ops.CodeType, "%s is no edge table", desc.Name)
		}
		c.tables = append(c.tables, tab)
	} else {
		if err := t.useEdges(); err != nil {
			return nil, err
		}
		for _, d := range t.cat.descs {
			if d.Edge {
				c.tables = append(c.tables, t.cat.tables[d.ID])
			}
		}
	}
	c.collect(vertices, sel)
	return c, nil
}

// expandPool has cursors that were closed: a pattern opens one for each batch and hop.
var expandPool = sync.Pool{New: func() any { return new(expandCursor) }}

// expandCursor reads the edges of a set of vertices: for each edge table and direction, the vertices in sorted order.
type expandCursor struct {
	txn      *Txn
	mark     kv.Mark
	dir      vm.Direction
	want     []vm.Column
	tables   []*table
	vertices []vertex

	it      *kv.Iter
	table   int  // place in tables
	in      bool // which direction is being read
	started bool
	vertex  int  // place in vertices
	inside  bool // whether the iterator is at an edge of that vertex, or behind its last
	placed  bool // whether the iterator was placed at prefix, and moved forward only since
	live    bool // whether it is at a key
	prefix  []byte
	before  []byte // the prefix before
	end     []byte // of the adjacency that it is over
	encoded []byte // the vertices' keys

	rows   rows
	fetch  fetcher
	parent []int32
	adj    []adjacency
	vals   [][]byte
	count  int64
	bytes  int64
}

// adjacency is a row: what follows the near vertex in the key, and how it was found.
type adjacency struct {
	rest   []byte // far vertex · edge key
	vertex int32  // place in vertices
	in     bool
	edge   int // where the edge key starts in rest; 0 until it is known
}

// collect sorts the selected vertices.
func (c *expandCursor) collect(v *ops.Vector, sel ops.Selection) {
	eachRow(v.N, sel, func(row int32) {
		id := valueAt(v, int(row))
		if id.Kind() != ops.KindRecord {
			return
		}
		from := len(c.encoded)
		c.encoded = appendKey(c.encoded, id.RecordKey())
		c.vertices = append(c.vertices, vertex{row, id, c.encoded[from:len(c.encoded):len(c.encoded)]})
	})
	order := func(a, b vertex) int {
		return cmp.Or(cmp.Compare(a.id.RecordTable(), b.id.RecordTable()), bytes.Compare(a.key, b.key))
	}
	if !slices.IsSortedFunc(c.vertices, order) {
		slices.SortFunc(c.vertices, order)
	}
}

// Next implements vm.Cursor.
func (c *expandCursor) Next(ctx context.Context, b *vm.Batch) error {
	if err := c.txn.alive(ctx); err != nil {
		return err
	}
	for {
		ok, err := c.open()
		if err != nil {
			return err
		}
		if !ok {
			b.N = 0
			return nil
		}
		c.rows.start(b)
		c.parent, c.adj, c.vals = c.parent[:0], c.adj[:0], c.vals[:0]
		if err := c.fill(); err != nil {
			return err
		}
		if len(c.adj) > 0 {
			return c.finish(b)
		}
	}
}

// open makes sure that there is an iterator over adjacency that has not been read to its end.
func (c *expandCursor) open() (bool, error) {
	for c.it == nil {
		switch {
		case !c.started:
			c.started, c.in = true, c.dir == vm.In
		case c.dir == vm.Both && !c.in:
			c.in = true
		default:
			c.table++
			c.in = c.dir == vm.In
		}
		if c.table >= len(c.tables) || len(c.vertices) == 0 {
			c.table = len(c.tables)
			return false, nil
		}
		tab := c.tables[c.table]
		p := tab.out
		if c.in {
			p = tab.in
		}
		c.prefix = append(c.prefix[:0], p[:]...)
		c.end = keys.AppendEnd(c.end[:0], c.prefix)
		it, err := c.txn.kv.NewIter(c.prefix, c.end, c.mark)
		if err != nil {
			return false, wrap(err)
		}
		c.it, c.vertex, c.inside, c.placed = it, -1, false, false
		if c.rows.layout == nil || c.rows.tab != tab.tableState {
			c.rows.init(c.resolve(tab))
		}
	}
	return true, nil
}

// resolve prepares the columns for an edge table: the ends come from the adjacency keys.
func (c *expandCursor) resolve(tab *table) *layout {
	l := c.txn.resolve(tab, c.want)
	l.values, l.lateValues = false, false
	for i := range l.cols {
		if p := c.want[i].Path; c.want[i].Kind == vm.ColumnField && len(p) == 1 {
			switch p[0] {
			case "in":
				l.cols[i].from = fromIn
			case "out":
				l.cols[i].from = fromOut
			}
		}
		if l.cols[i].needsValue() {
			l.values = l.values || !l.cols[i].late
			l.lateValues = l.lateValues || l.cols[i].late
		}
	}
	return l
}

// fill collects a batch of edges from the iterator; it closes it at its end.
func (c *expandCursor) fill() error {
	for len(c.adj) < ops.BatchSize {
		if !c.inside && !c.nextVertex() {
			err := c.it.Close()
			c.it = nil
			return wrap(err)
		}
		key := c.it.Key()
		rest := key[len(c.prefix):]
		if !c.loop(rest) {
			c.adj = append(c.adj, adjacency{rest: c.rows.mem.Clone(rest), vertex: int32(c.vertex), in: c.in})
			c.parent = append(c.parent, c.vertices[c.vertex].row)
		}
		c.count++
		c.bytes += int64(len(key))
		c.live = c.it.Next()
		c.inside = c.live && bytes.HasPrefix(c.it.Key(), c.prefix)
	}
	return nil
}

// loop reports whether an edge found backwards joins the vertex to itself, when it has been found forwards before.
func (c *expandCursor) loop(rest []byte) bool {
	return c.in && c.dir == vm.Both && bytes.HasPrefix(rest, c.prefix[keys.PrefixLen:])
}

// nextVertex moves to the next vertex that has an edge.
func (c *expandCursor) nextVertex() bool {
	for c.vertex++; c.vertex < len(c.vertices); c.vertex++ {
		v := &c.vertices[c.vertex]
		number, ok := c.txn.vertexTable(c.tables[c.table], v.id.RecordTable())
		if !ok {
			continue
		}
		p := c.rows.tab.out
		if c.in {
			p = c.rows.tab.in
		}
		c.prefix, c.before = append(append(c.before[:0], p[:]...), byte(number>>8), byte(number)), c.prefix
		c.prefix = append(c.prefix, v.key...)
		if c.txn.kv.Writable() {
			c.txn.kv.ReadSpan(c.prefix, keys.AppendEnd(nil, c.prefix))
		}
		if c.place() && bytes.HasPrefix(c.it.Key(), c.prefix) {
			c.inside = true
			return true
		}
	}
	return false
}

// place places the iterator at the first key at or behind the prefix. Where vertices lie close together it is there already: behind
// the edges of the one before, whose prefix is never the beginning of this one.
func (c *expandCursor) place() bool {
	if c.placed && bytes.Compare(c.before, c.prefix) < 0 && (!c.live || bytes.Compare(c.it.Key(), c.prefix) >= 0) {
		return c.live
	}
	c.placed, c.live = true, c.it.SeekGE(c.prefix)
	return c.live
}

// finish decodes the columns of a batch.
func (c *expandCursor) finish(b *vm.Batch) error {
	b.N, b.Parent = len(c.adj), c.parent
	if c.rows.values {
		if err := c.read(nil); err != nil {
			return err
		}
	}
	for i := range c.rows.cols {
		if !c.rows.cols[i].late {
			if err := c.column(b, i, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// edgeKey returns the encoded key of a row's edge.
func (a *adjacency) edgeKey() ([]byte, error) {
	if a.edge == 0 {
		if len(a.rest) < 2 {
			return nil, errAdjacency
		}
		_, rest, err := decodeKey(a.rest[2:])
		if err != nil {
			return nil, errAdjacency
		}
		a.edge = len(a.rest) - len(rest)
	}
	return a.rest[a.edge:], nil
}

// read reads the edge records of the selected rows that have not been read.
func (c *expandCursor) read(sel ops.Selection) (err error) {
	for len(c.vals) < len(c.adj) {
		c.vals = append(c.vals, nil)
	}
	f, p := &c.fetch, c.rows.tab.records
	f.want = f.want[:0]
	eachRow(len(c.adj), sel, func(row int32) {
		if c.vals[row] != nil || err != nil {
			return
		}
		var edge []byte
		if edge, err = c.adj[row].edgeKey(); err == nil {
			f.want = append(f.want, wanted{c.rows.mem.Join(p[:], edge), row})
		}
	})
	if err != nil {
		return err
	}
	missing := len(f.want)
	err = f.read(func(row int32, value []byte) error {
		c.vals[row] = c.rows.mem.Clone(value)
		missing--
		return nil
	})
	if err == nil && missing > 0 {
		err = ops.Errorf(ops.CodeCorrupt, "adjacency of %s has entries without an edge", *c.rows.tab.name).WithHint("run zerodb check")
	}
	return err
}

// column fills in one column.
func (c *expandCursor) column(b *vm.Batch, i int, sel ops.Selection) error {
	col, out := &c.rows.cols[i], &c.rows.out[i]
	out.Start(&b.Cols[i])
	at := 0
	for row := range b.N {
		if sel != nil {
			if at >= len(sel) || int(sel[at]) != row {
				out.None()
				continue
			}
			at++
		}
		a := &c.adj[row]
		switch {
		case col.from == fromVertex, col.from == fromIn && a.in, col.from == fromOut && !a.in:
			v, err := c.far(a)
			if err != nil {
				return err
			}
			out.Value(v)
		case col.from == fromIn, col.from == fromOut:
			out.Value(c.vertices[a.vertex].id)
		case col.from == fromNone:
			out.None()
		default:
			edge, err := a.edgeKey()
			if err != nil {
				return err
			}
			var value []byte
			if row < len(c.vals) {
				value = c.vals[row]
			}
			if err := c.rows.appendTo(out, col, &c.rows.hints[i], edge, value, c.rows.mem); err != nil {
				return c.rows.damaged(edge, err)
			}
		}
	}
	return nil
}

// far decodes the far vertex of a row.
func (c *expandCursor) far(a *adjacency) (ops.Value, error) {
	if len(a.rest) < 2 {
		return ops.None, errAdjacency
	}
	name := c.tables[c.table].desc.ShownEnd(c.rows.dict.Name(uint16(a.rest[0])<<8 | uint16(a.rest[1])))
	if name == nil {
		return ops.None, errAdjacency
	}
	key, rest, err := decodeKey(a.rest[2:])
	if err != nil {
		return ops.None, errAdjacency
	}
	a.edge = len(a.rest) - len(rest)
	if key.Kind() == ops.KindInt {
		return ops.RecordInt(name, key.AsInt()), nil
	}
	r := c.rows.mem.RecordID()
	r.Table, r.Key = *name, key
	return ops.RecordOf(r), nil
}

// Late implements vm.Cursor.
func (c *expandCursor) Late(_ context.Context, b *vm.Batch, i int, sel ops.Selection) error {
	if c.rows.cols[i].needsValue() {
		if err := c.read(sel); err != nil {
			return err
		}
	}
	return c.column(b, i, sel)
}

// Examined implements vm.Cursor.
func (c *expandCursor) Examined() (rows, bytes int64) {
	return c.count + c.fetch.seeks, c.bytes + c.fetch.bytes
}

// Close implements vm.Cursor.
func (c *expandCursor) Close() error {
	if c.txn == nil {
		return nil
	}
	var err error
	if c.it != nil {
		err = c.it.Close()
	}
	if e := c.fetch.close(); err == nil {
		err = e
	}
	c.recycle()
	return wrap(err)
}

// recycle gives the cursor to the pool with its memory, but with nothing of what it read.
func (c *expandCursor) recycle() {
	c.rows.release()
	clear(c.vertices)
	clear(c.tables)
	clear(c.adj)
	clear(c.vals)
	clear(c.fetch.want)
	*c = expandCursor{tables: c.tables[:0], vertices: c.vertices[:0], prefix: c.prefix[:0], before: c.before[:0], end: c.end[:0], encoded: c.encoded[:0],
		parent: c.parent[:0], adj: c.adj[:0], vals: c.vals[:0], fetch: fetcher{want: c.fetch.want[:0]}}
	expandPool.Put(c)
}
