package zerodb

import (
	"context"
	"iter"
	"slices"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage"
	"github.com/zerodb/zerodb/vm"
)

// The methods here use records as a key-value store, beside the language. They are the same records:
// Put(ctx, "kv", String("foo"), …) writes what `kv:foo` reads. In an open transaction they are part of it.

var (
	wholeRecord = []vm.Column{{Kind: vm.ColumnRecord}}
	idAndRecord = []vm.Column{{Kind: vm.ColumnID}, {Kind: vm.ColumnRecord}}
	valueColumn = []vm.Column{{Kind: vm.ColumnField, Path: vm.Path{"value"}}}
)

// Get reads the record of a key as an object, its id first; found is false where there is none.
func (s *Session) Get(ctx context.Context, table string, key Value) (record Value, found bool, err error) {
	return s.get(ctx, table, key, wholeRecord)
}

// GetField reads one field of the record of a key and does not decode the others; a missing field is none.
// GetField(ctx, "kv", String("foo"), "value") is what the value of a plain key-value pair is kept in.
func (s *Session) GetField(ctx context.Context, table string, key Value, path ...string) (v Value, found bool, err error) {
	if len(path) == 1 && path[0] == "value" {
		return s.get(ctx, table, key, valueColumn)
	}
	return s.get(ctx, table, key, []vm.Column{{Kind: vm.ColumnField, Path: path}})
}

func (s *Session) get(ctx context.Context, table string, key Value, cols []vm.Column) (v Value, found bool, err error) {
	if err := s.enter(); err != nil {
		return None, false, err
	}
	defer s.exit()
	tx := s.tx
	if tx == nil {
		if tx, err = s.begin(ctx, false); err != nil {
			return None, false, err
		}
		defer tx.Cancel()
	}
	return s.getIn(ctx, tx, table, key, cols)
}

func (s *Session) getIn(ctx context.Context, tx *storage.Txn, table string, key Value, cols []vm.Column) (v Value, found bool, err error) {
	if err := s.allow(tx.Catalog(), table, false); err != nil {
		return None, false, err
	}
	t := tx.Catalog().Table(table)
	through, err := s.through(tx, table, vm.RightSelect)
	if t == nil || err != nil {
		return None, false, err
	}
	f := frames.Get().(*frame)
	defer frames.Put(f)
	f.batch = append(f.batch[:0], None)
	if found, err = through.Get(ctx, t, key, cols, f.batch); err != nil || !found {
		return None, false, err
	}
	f.clone.measure(f.batch[0])
	f.clone.room()
	return f.clone.copy(f.batch[0]), true, nil
}

// Put writes the record of a key, over the one that is there. An object is the record, its id, if it has one, left aside;
// any other value becomes the record { value: v }. The table's types, defaults and rules hold, as for UPSERT … CONTENT.
func (s *Session) Put(ctx context.Context, table string, key, v Value) error {
	_, err := s.writeOne(ctx, Write{Kind: WritePut, Table: table, Key: key, Value: v})
	return err
}

// Insert writes a new record and returns its id; a None key is generated. A record that exists is an error that names it.
func (s *Session) Insert(ctx context.Context, table string, key, v Value) (id Value, err error) {
	r, err := s.writeOne(ctx, Write{Kind: WriteInsert, Table: table, Key: key, Value: v})
	return r.ID, err
}

// Relate writes a new edge between two records and returns its id; a None key is generated. The edge table comes into being
// with its first edge.
func (s *Session) Relate(ctx context.Context, edge string, key, from, to, v Value) (id Value, err error) {
	r, err := s.writeOne(ctx, Write{Kind: WriteRelate, Table: edge, Key: key, From: from, To: to, Value: v})
	return r.ID, err
}

// Restore writes a record exactly as it is, an edge with its in and out: without defaults, types and rules, which it has
// passed when it was first written. It is for reading exports back. Indexes are kept, and unique ones hold.
func (s *Session) Restore(ctx context.Context, table string, key, record Value) error {
	_, err := s.writeOne(ctx, Write{Kind: WriteRestore, Table: table, Key: key, Value: record})
	return err
}

// Delete removes the record of a key, with the edges of a vertex, and reports whether it was there.
func (s *Session) Delete(ctx context.Context, table string, key Value) (found bool, err error) {
	r, err := s.writeOne(ctx, Write{Kind: WriteDelete, Table: table, Key: key})
	return r.Found, err
}

// guarded reports whether what is written to a table is checked and completed by more than the store.
func guarded(t *schema.Table) bool { return len(t.Fields) > 0 || t.Schemafull }

func quoted(name string) string { return ast.Print(&ast.Ident{Name: name}) }

// recordOf makes the record that a value is kept as.
func recordOf(v Value) Value {
	if v.Kind() != ops.KindObject {
		return ops.Object([]Member{{Name: "value", Value: v}})
	}
	for i, m := range v.AsObject() {
		if m.Name == "id" {
			return ops.Object(slices.Concat(v.AsObject()[:i], v.AsObject()[i+1:]))
		}
	}
	return v
}

func withID(key, object Value) Value {
	if key.IsNone() {
		return object
	}
	return ops.Object(append([]Member{{Name: "id", Value: key}}, object.AsObject()...))
}

// withEnds puts the ends of an edge before its own fields, whatever ends those may name.
func withEnds(from, to, object Value) Value {
	ms := make([]Member, 2, 2+len(object.AsObject()))
	ms[0], ms[1] = Member{Name: "in", Value: from}, Member{Name: "out", Value: to}
	for _, m := range object.AsObject() {
		if m.Name != "in" && m.Name != "out" {
			ms = append(ms, m)
		}
	}
	return ops.Object(ms)
}

// runGuarded writes through a statement, so that the table's types, defaults and rules hold, and returns the record's id.
func (s *Session) runGuarded(ctx context.Context, tx *storage.Txn, text string, args ...Arg) (id Value, err error) {
	cat := tx.Catalog()
	c, err := s.compileFor(ctx, text, cat, nil)
	if err != nil {
		return None, err
	}
	at, err := s.link(c, 0, cat)
	if err != nil {
		return None, err
	}
	params := make([]Value, len(c.program.Params))
	if err := bind(params, c.program, args); err != nil {
		return None, err
	}
	f := frames.Get().(*frame)
	defer frames.Put(f)
	f.params = append(f.params[:0], params...)
	row, _, err := s.firstOf(ctx, at.linked, s.over(at, tx), f)
	if err != nil {
		return None, err
	}
	return row.Get("id"), nil
}

// Pair is a key with its record.
type Pair struct {
	Key    Value
	Record Value // an object, its id first
}

// KeyRange bounds a scan. A None end is open; To is left out unless Inclusive is set.
type KeyRange struct {
	From, To  Value
	Inclusive bool
	Reverse   bool
}

// Scan reads the records of a table whose keys lie in a range, in the order of the keys, at one snapshot.
func (s *Session) Scan(ctx context.Context, table string, keys KeyRange) iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		if err := s.scan(ctx, table, keys, yield); err != nil {
			yield(Pair{}, err)
		}
	}
}

func (s *Session) scan(ctx context.Context, table string, keys KeyRange, yield func(Pair, error) bool) error {
	rows, err := s.ScanRows(ctx, table, keys)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		p := Pair{Key: rows.row.cells[0].RecordKey(), Record: rows.row.cells[1]}
		if !yield(p, nil) {
			return nil
		}
	}
	return rows.Err()
}

var pairShape = &vm.Shape{Form: vm.RowColumns, Names: []string{"id", "record"}, Types: []ops.Type{ops.TypeOf(ops.KindRecord), ops.TypeOf(ops.KindObject)}}

// ScanRows is Scan with the records as rows of id and record. A table that is not there has none.
func (s *Session) ScanRows(ctx context.Context, table string, keys KeyRange) (*Rows, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.exit()
	rows := &Rows{session: s, ctx: ctx, shape: pairShape, tx: s.tx}
	if rows.tx == nil {
		tx, err := s.begin(ctx, false)
		if err != nil {
			return nil, err
		}
		rows.tx, rows.own = tx, true
	}
	cursor, err := s.openCursor(ctx, rows.tx, table, keys)
	if err != nil || cursor == nil {
		if rows.own {
			rows.tx.Cancel()
		}
		rows.tx = nil
		return rows, err
	}
	rows.source = &scanSource{cursor: cursor, batch: vm.Batch{Cols: make([]ops.Vector, len(idAndRecord))}}
	s.open = append(s.open, rows)
	return rows, nil
}

func (s *Session) openCursor(ctx context.Context, tx *storage.Txn, table string, keys KeyRange) (vm.Cursor, error) {
	if err := s.allow(tx.Catalog(), table, false); err != nil {
		return nil, err
	}
	t := tx.Catalog().Table(table)
	through, err := s.through(tx, table, vm.RightSelect)
	if t == nil || err != nil {
		return nil, err
	}
	return through.Scan(ctx, t, keys.bounds(), idAndRecord)
}

// scanSource gives the batches of a store's cursor.
type scanSource struct {
	cursor vm.Cursor
	batch  vm.Batch
}

func (c *scanSource) fill(ctx context.Context, r *Rows) (bool, error) {
	if err := c.cursor.Next(ctx, &c.batch); err != nil || c.batch.N == 0 {
		return false, err
	}
	cols := c.batch.Cols
	r.batch = copyRows(&r.clone, c.batch.N, len(cols), func(row, col int) Value { return cols[col].At(row) })
	return true, nil
}

func (c *scanSource) show(ctx context.Context, r *Rows, b *Batch) (bool, error) {
	if err := c.cursor.Next(ctx, &c.batch); err != nil || c.batch.N == 0 {
		return false, err
	}
	b.Shape, b.N, b.vectors = pairShape, c.batch.N, c.batch.Cols
	return true, nil
}

func (c *scanSource) Close() error { return c.cursor.Close() }
