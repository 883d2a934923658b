package zerodb

import (
	"context"
	"iter"
	"reflect"
	"slices"
	"time"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage"
	"github.com/zerodb/zerodb/vm"
)

// Rows are the rows of one statement, as a stream. Rows that are given out stay valid; Rows themselves are used by one
// goroutine. Read them to the end or close them: until then they hold a snapshot of the database.
type Rows struct {
	statement Statement
	shape     *vm.Shape
	ctx       context.Context
	session   *Session
	offset    int // of the program's source in the text, for errors

	source rowSource    // what is still to be read; nil when all is in batch
	tx     *storage.Txn // that source reads in
	own    bool         // tx is the rows' own
	sets   bool         // the statement sets variables

	batch   []Value // the rows of the current batch, one after another
	next    int     // index in batch of the next row
	row     Row
	clone   cloner
	err     error
	plain   string      // a result that is a text
	profile *vm.Profile // of EXPLAIN ANALYZE
	work    Work        // of a source that is closed
	page    string      // the token of a result that has come to its end
	usage   *usage      // of the program, which counts
	// observed is the execution that an observer is still to be told of; nil: nobody wants to know.
	observed *Execution
	room     [4]Value // for the parameters of a prepared query
}

// rowSource gives rows by the batch.
type rowSource interface {
	// fill sets the rows' batch to copies of the next rows; false at the end.
	fill(ctx context.Context, r *Rows) (bool, error)
	// show lets b see the next rows where they are; false at the end.
	show(ctx context.Context, r *Rows, b *Batch) (bool, error)
	Close() error
}

// machineSource gives what a program emits.
type machineSource struct{ *vm.Rows }

func (m machineSource) fill(ctx context.Context, r *Rows) (bool, error) {
	b, err := m.Next(ctx)
	if err != nil || b == nil {
		return false, err
	}
	r.shape = b.Shape
	r.batch = copyRows(&r.clone, b.N, len(b.Shape.Names), b.Value)
	return true, nil
}

func (m machineSource) show(ctx context.Context, r *Rows, b *Batch) (bool, error) {
	out, err := m.Next(ctx)
	if err != nil || out == nil {
		return false, err
	}
	b.Shape, b.N, b.out = out.Shape, out.N, out
	return true, nil
}

// Statement says which statement of a text rows are of.
type Statement struct {
	// Index counts statements from 0.
	Index int
	// Text is the statement as written, Offset where in the text it begins.
	Text   string
	Offset int
	// Kind is "query", "write", "define", "use", "begin", "commit" or "cancel".
	Kind string
	// Silent statements have no rows to show.
	Silent bool
}

// Statement returns which statement the rows are of.
func (r *Rows) Statement() Statement { return r.statement }

// Silent reports whether the statement has no rows to show, as LET and definitions have not.
func (r *Rows) Silent() bool { return r.statement.Silent }

// Yields reports whether the statement yields rows at all; a write with RETURN NONE does not.
func (r *Rows) Yields() bool { return r.shape != nil }

// Profile returns what EXPLAIN ANALYZE counted, instruction by instruction; nil for every other statement.
func (r *Rows) Profile() *vm.Profile { return r.profile }

// Plain returns the text that the whole result is, for EXPLAIN.
func (r *Rows) Plain() (string, bool) { return r.plain, r.plain != "" }

// Columns returns the names of the columns. Where rows are objects that may each have other members (SELECT * from a
// table without a schema), it is empty: ask each row.
func (r *Rows) Columns() []string {
	if r.shape == nil || r.shape.Form != vm.RowColumns {
		return nil
	}
	return r.shape.Names
}

// Next goes to the next row and reports whether there is one. At the end, and after an error, it closes the rows.
func (r *Rows) Next() bool {
	if r.shape == nil || r.err != nil {
		return false
	}
	for r.next >= len(r.batch) {
		if !r.fetch() {
			return false
		}
	}
	width := len(r.shape.Names)
	r.row = Row{shape: r.shape}
	if r.shape.Form == vm.RowColumns {
		r.row.cells = r.batch[r.next : r.next+width : r.next+width]
	} else {
		r.row.one = r.batch[r.next]
	}
	r.next += width
	return true
}

// fetch copies the next batch out of the machine's memory.
func (r *Rows) fetch() bool {
	r.lock()
	defer r.unlock()
	if r.source == nil {
		return false
	}
	r.pull()
	return r.source != nil
}

// lock and unlock keep the session from others while its rows work; rows from elsewhere have none.
func (r *Rows) lock() {
	if r.session != nil {
		r.session.mu.Lock()
	}
}

func (r *Rows) unlock() {
	if r.session != nil {
		r.session.mu.Unlock()
	}
}

// pull brings the next batch; at the end and after an error the rows are ended.
func (r *Rows) pull() {
	r.next = 0
	ok, err := r.counted(nil)
	if err != nil || !ok {
		r.noteEnd(err)
		r.end(shifted(err, r.offset))
	}
}

// noteEnd keeps what the source says at its end.
func (r *Rows) noteEnd(err error) {
	if s, ok := r.source.(interface{ Page() string }); ok && err == nil {
		r.page = s.Page()
	}
}

// Page returns the token with which AFTER continues the result: the same statement with `AFTER $page` gives the rows behind the last
// one. It is there when the rows have been read to their end, and is "" where nothing can follow: the statement is
// no SELECT with LIMIT, or there were fewer rows than LIMIT allows.
//
// A token says which values of ORDER BY, and which id, the last row has; who has it can read those. It is bound to the
// statement, whose LIMIT, START and parameters may differ, and to the definitions of its tables. It needs no secrecy and is not
// signed: a forged one can only begin elsewhere in what the statement gives anyway.
func (r *Rows) Page() string { return r.page }

// counted brings the next batch by fill or, into shown, by show, and counts what it took for the program's figures; rows from
// elsewhere have none.
func (r *Rows) counted(shown *Batch) (ok bool, err error) {
	var began time.Time
	if r.usage != nil {
		began = r.session.db.options.Clock()
	}
	n := 0
	if shown != nil {
		ok, err = r.source.show(r.ctx, r, shown)
		n = shown.N
	} else if ok, err = r.source.fill(r.ctx, r); ok {
		n = len(r.batch) / max(len(r.shape.Names), 1)
	}
	if r.usage != nil {
		took := r.session.db.options.Clock().Sub(began)
		r.usage.nanos.Add(int64(took))
		r.usage.rows.Add(int64(n))
		if r.observed != nil {
			r.observed.Took += took
			r.observed.Rows += int64(n)
		}
	}
	return ok, err
}

// drain reads all that is left into memory, as far as the statement's budget goes.
func (r *Rows) drain() error {
	all := r.batch[r.next:]
	for r.source != nil {
		r.batch = nil
		r.pull()
		if r.source == nil {
			break
		}
		all = append(all, r.batch...)
		if held := r.clone.bytes + int64(len(all)*valueBytes); held > r.session.memory {
			r.end(ops.Errorf(ops.CodeMemoryBudget, "the rows of the statement need more than the memory budget of %d bytes", r.session.memory).
				WithHint("read them one statement at a time with Script, add LIMIT, or RETURN NONE"))
		}
	}
	r.batch, r.next = all, 0
	return r.err
}

// end lets go of the machine and of the rows' own transaction. The session's mutex is held.
func (r *Rows) end(err error) {
	if r.source == nil {
		return
	}
	r.work = workOf(r.source)
	closing := r.source.Close()
	r.source = nil
	if r.own {
		r.tx.Cancel()
	}
	r.tx = nil
	if s := r.session; s != nil {
		if i := slices.Index(s.open, r); i >= 0 {
			s.open = slices.Delete(s.open, i, i+1)
		}
	}
	if r.err == nil {
		r.err = err
	}
	if r.err == nil {
		r.err = closing
	}
	if r.observed != nil && r.statement.Kind == kindNames[vm.StatementQuery] {
		e := r.observed
		r.observed = nil
		e.end(r, r.err)
	}
}

// begun is called when a statement has begun to give its rows, or has failed; what writes is over then.
func (r *Rows) begun(began time.Time, kind vm.StatementKind, err error) {
	e := r.observed
	if e == nil { // its rows have come to their end
		return
	}
	e.Took = r.session.db.options.Clock().Sub(began)
	if err == nil && kind == vm.StatementQuery && r.source != nil {
		return
	}
	if r.observed = nil; kind != vm.StatementQuery { // of the last try
		e.Rows = 0
		if r.shape != nil && len(r.shape.Names) > 0 {
			e.Rows = int64(len(r.batch) / len(r.shape.Names))
		}
	}
	e.end(r, err)
}

// copyRows copies a batch's rows, row by row, in memory of their own.
func copyRows(c *cloner, n, width int, value func(row, col int) Value) []Value {
	out := make([]Value, 0, n*width)
	for row := range n {
		for col := range width {
			v := value(row, col)
			c.measure(v)
			out = append(out, v)
		}
	}
	c.room()
	for i, v := range out {
		out[i] = c.copy(v)
	}
	return out
}

// Row returns the row that Next went to.
func (r *Rows) Row() Row { return r.row }

// Err returns the error that ended the rows, if one did.
func (r *Rows) Err() error { return r.err }

// Close ends the rows early; it may be called any number of times.
func (r *Rows) Close() error {
	r.lock()
	defer r.unlock()
	if r.source == nil {
		r.batch, r.next = nil, 0
		return nil
	}
	before := r.err
	r.end(nil)
	r.batch, r.next = nil, 0
	if before == nil {
		return r.err
	}
	return nil
}

// All returns the rows as a sequence and closes them behind it. An error ends it, as its last pair.
//
//	for row, err := range rows.All() { … }
func (r *Rows) All() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		defer func() { _ = r.Close() }()
		for r.Next() {
			if !yield(r.row, nil) {
				return
			}
		}
		if r.err != nil {
			yield(Row{}, r.err)
		}
	}
}

// Scan stores the current row in what dst points to: a struct, whose fields get the columns (or members) of their
// names; a map; or, for bare values, any variable. With several destinations each gets the column at its place.
//
// A field's name is its tag `zerodb:"name"`, or the Go name in snake case (CreatedAt is created_at); `zerodb:"-"` leaves
// it out, and `zerodb:"name,omitempty"` leaves a zero field out of objects that FromGo makes. Embedded structs' fields are the
// outer one's. Fields whose name the row lacks become zero.
func (r *Rows) Scan(dst ...any) error { return r.row.Scan(dst...) }

// ScanAll reads rows to their end into a slice.
func ScanAll[T any](r *Rows) ([]T, error) {
	var all []T
	for row, err := range r.All() {
		if err != nil {
			return all, err
		}
		var t T
		if err := row.Scan(&t); err != nil {
			return all, err
		}
		all = append(all, t)
	}
	return all, nil
}

// Row is one row. It stays valid.
type Row struct {
	shape *vm.Shape
	cells []Value // RowColumns
	one   Value   // the other forms
}

// Len returns how many columns the row has; for an object, how many members.
func (r Row) Len() int {
	switch {
	case r.shape == nil:
		return 0
	case r.shape.Form == vm.RowColumns:
		return len(r.cells)
	case r.isObject():
		return len(r.one.AsObject())
	}
	return 1
}

func (r Row) isObject() bool { return r.shape.Form == vm.RowObject && r.one.Kind() == ops.KindObject }

// At returns the value of column i.
func (r Row) At(i int) Value {
	switch {
	case r.shape.Form == vm.RowColumns:
		return r.cells[i]
	case r.isObject():
		return r.one.AsObject()[i].Value
	}
	return r.one
}

// Get returns the value of a column or member by name, or none.
func (r Row) Get(name string) Value {
	for n, v := range r.Columns() {
		if n == name {
			return v
		}
	}
	return ops.None
}

// Columns yields names and values in their order. A bare value has the name "value".
func (r Row) Columns() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		switch {
		case r.shape == nil:
		case r.shape.Form == vm.RowColumns:
			for i, v := range r.cells {
				if !yield(r.shape.Names[i], v) {
					return
				}
			}
		case r.isObject():
			for _, m := range r.one.AsObject() {
				if !yield(m.Name, m.Value) {
					return
				}
			}
		default:
			yield("value", r.one)
		}
	}
}

// Value returns the row as one value: the bare value, or an object of the columns.
func (r Row) Value() Value {
	if r.shape == nil || r.shape.Form != vm.RowColumns {
		return r.one
	}
	ms := make([]Member, len(r.cells))
	for i, v := range r.cells {
		ms[i] = Member{Name: r.shape.Names[i], Value: v}
	}
	return ops.Object(ms)
}

// AppendJSON appends the row as JSON: a bare value as it is, columns as an object in which none is null.
func (r Row) AppendJSON(dst []byte) []byte {
	if r.shape == nil || r.shape.Form != vm.RowColumns {
		return ops.AppendJSON(dst, r.one)
	}
	dst = append(dst, '{')
	for i, v := range r.cells {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(ops.AppendJSON(dst, ops.String(r.shape.Names[i])), ':')
		dst = ops.AppendJSON(dst, v)
	}
	return append(dst, '}')
}

// Scan stores the row in Go variables, see Rows.Scan.
func (r Row) Scan(dst ...any) error {
	if r.shape == nil {
		return ops.Errorf(ops.CodeClosed, "there is no row: Scan follows a Next that was true")
	}
	if len(dst) == 1 && (r.shape.Form != vm.RowColumns || len(r.cells) != 1 || wantsObject(dst[0])) {
		return Assign(dst[0], r.Value())
	}
	if len(dst) != r.Len() {
		return ops.Errorf(ops.CodeArgument, "the row has %d columns, Scan got %d destinations", r.Len(), len(dst))
	}
	for i, d := range dst {
		if err := Assign(d, r.At(i)); err != nil {
			return err
		}
	}
	return nil
}

// wantsObject reports whether a single destination is for a row of columns as a whole.
func wantsObject(dst any) bool {
	t := reflect.TypeOf(dst)
	if t == nil || t.Kind() != reflect.Pointer {
		return false
	}
	switch t = t.Elem(); t {
	case timeType, recordType, rangeType, regexType, decimalType, valueType:
		return false
	}
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Map
}
