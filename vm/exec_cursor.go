package vm

import (
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// cursorState is a cursor of a frame and the batch of the same number.
type cursorState struct {
	source Cursor // nil where the cursor is closed or over a fragment
	child  *frame // open.fragment
	access *linkedAccess

	batch Batch
	cols  []*ops.Vector // of the batch, by column
	n     int           // rows of the batch
	at    int           // each: the next of the selected rows
	depth int           // how many sel.push are open
	sel   ops.Selection // nil: all n rows

	rows    []int32  // memory for sel
	stack   []pushed // of sel.push
	decoded []bool   // late columns that were decoded for every row that can still be selected
	held    []ops.Vector
	limit   *limiter // that takes the cursor's rows as they come; nil without
	want    int      // rows of the next batch: few at first, for readers that stop early
	seen    Work     // what of source has been added to the run's work

	items itemCursor
	keys  keyCursor
	built builtCursor
	join  joinCursor
	apply applyCursor
	queue queueCursor
}

type pushed struct {
	rows  []int32
	outer ops.Selection
}

// open makes source the cursor's, with width columns.
func (cs *cursorState) open(source Cursor, access *linkedAccess, width int) {
	cs.source, cs.access = source, access
	cs.n, cs.at, cs.sel, cs.depth, cs.seen = 0, 0, nil, 0, Work{}
	cs.want = firstBatch
	for len(cs.batch.Cols) < width {
		cs.batch.Cols = append(cs.batch.Cols, ops.Vector{})
	}
	cs.cols = cs.cols[:0]
	for i := range width {
		cs.cols = append(cs.cols, &cs.batch.Cols[i])
	}
	cs.decoded = append(cs.decoded[:0], make([]bool, width)...)
}

// firstBatch is how many rows are read first; each batch after it is twice as large.
const firstBatch = 64

// close closes what the cursor is over; closing a closed one does nothing.
func (cs *cursorState) close(fr *frame) (err error) {
	if cs.source != nil {
		cs.count(fr.run)
		err = cs.source.Close()
		cs.source = nil
	}
	if cs.child != nil {
		err = cs.child.release()
		cs.child = nil
	}
	cs.n, cs.sel, cs.depth, cs.access = 0, nil, 0, nil
	return err
}

// count adds what the source has examined since the last time to the run's work.
func (cs *cursorState) count(r *Rows) {
	rows, bytes := cs.source.Examined()
	r.work.Rows += rows - cs.seen.Rows
	r.work.Bytes += bytes - cs.seen.Bytes
	cs.seen.Rows, cs.seen.Bytes = rows, bytes
}

// present is the access's table as it is now: one that was not there when the statement was linked may have come into being by
// a write of the statement itself. The transaction depends on its absence else.
func (a *linkedAccess) present(r *Rows) *schema.Table {
	if a.table == nil && a.name != "" {
		return r.txn.Table(a.name)
	}
	return a.table
}

func (fr *frame) access(i uint16) *linkedAccess { return &fr.run.linked.accesses[i] }

// openStore opens a cursor that the store gave.
func (fr *frame) openStore(in *Instr, a *linkedAccess, c Cursor, err error) signal {
	if err != nil {
		return fr.fail(err)
	}
	cs := &fr.cursors[in.A]
	cs.open(c, a, len(a.Columns))
	return goOn
}

// openNothing opens a cursor over a table that does not exist, on which the transaction depends.
func (fr *frame) openNothing(in *Instr, a *linkedAccess) signal {
	fr.run.txn.Table(a.name)
	return fr.openStore(in, a, emptyCursor{}, nil)
}

func doOpenTable(fr *frame, in *Instr) signal {
	a := fr.access(in.B)
	if a.Table < 0 {
		return fr.openStore(in, a, &everyCursor{run: fr.run, access: a, tables: fr.run.txn.Tables()}, nil)
	}
	t := a.present(fr.run)
	if t == nil {
		return fr.openStore(in, a, emptyCursor{}, nil)
	}
	c, err := fr.run.txn.Scan(fr.run.ctx, t, Range{Reverse: a.Reverse}, a.Columns)
	return fr.openStore(in, a, c, err)
}

func (fr *frame) bounds(a *linkedAccess, lo uint16) Range {
	r := Range{LoBound: a.Lo, HiBound: a.Hi, Reverse: a.Reverse}
	if at := int(lo) + 2; a.After > 0 && fr.scalars[at].IsTrue() {
		r.After = fr.scalars[at+1 : at+1+a.After]
	}
	if a.Lo != Unbounded {
		r.Lo = fr.scalars[lo]
	}
	if a.Hi != Unbounded {
		r.Hi = fr.scalars[lo+1]
	}
	return r
}

// doOpenRange takes keys or ids of the table as bounds.
func doOpenRange(fr *frame, in *Instr) signal {
	a := fr.access(in.B)
	r := fr.bounds(a, in.C)
	var err error
	if a.Lo != Unbounded {
		r.Lo, err = a.boundKey(r.Lo)
	}
	if a.Hi != Unbounded && err == nil {
		r.Hi, err = a.boundKey(r.Hi)
	}
	if r.After != nil && err == nil {
		r.After, err = a.position(r.After)
	}
	if err != nil {
		return fr.fail(err)
	}
	t := a.present(fr.run)
	if t == nil {
		return fr.openStore(in, a, emptyCursor{}, nil)
	}
	c, err := fr.run.txn.Scan(fr.run.ctx, t, r, a.Columns)
	return fr.openStore(in, a, c, err)
}

// position makes a key of the id at the end of a position.
func (a *linkedAccess) position(at []ops.Value) ([]ops.Value, error) {
	id := at[len(at)-1]
	if id.Kind() != ops.KindRecord || id.RecordTable() != a.name {
		return nil, badPage("the page token does not end at a record of %s", a.name)
	}
	return append(append([]ops.Value{}, at[:len(at)-1]...), id.RecordKey()), nil
}

// boundKey makes a key of a bound.
func (a *linkedAccess) boundKey(v ops.Value) (ops.Value, error) {
	if v.Kind() != ops.KindRecord {
		return v, nil
	}
	if v.RecordTable() != a.name {
		return v, ops.Errorf(ops.CodeType, "the bound %s is not a key of table %s", ops.Format(v), a.name)
	}
	return v.RecordKey(), nil
}

func doOpenIndex(fr *frame, in *Instr) signal {
	a := fr.access(in.B)
	equal := fr.scalars[in.C : int(in.C)+a.Equal]
	r := fr.bounds(a, in.C+uint16(a.Equal))
	if a.table == nil {
		return fr.openNothing(in, a)
	}
	if r.After != nil {
		var err error
		if r.After, err = a.position(r.After); err != nil {
			return fr.fail(err)
		}
	}
	c, err := fr.run.txn.ScanIndex(fr.run.ctx, a.table, a.index, equal, r, a.IndexOnly, a.Columns)
	return fr.openStore(in, a, c, err)
}

func doOpenLookup(fr *frame, in *Instr) signal {
	a := fr.access(in.B)
	decl := &fr.frag.Cursors[in.A]
	parent := &fr.cursors[decl.Parent-1]
	if a.table == nil {
		if decl.Outer {
			return fr.fail(recompile("there is no table %s any more", a.name))
		}
		return fr.openNothing(in, a)
	}
	l := Lookup{Values: fr.columnsFrom(in.C, a.Equal, parent.n, nil), Sel: parent.sel, N: parent.n, Outer: decl.Outer}
	c, err := fr.run.txn.Lookup(fr.run.ctx, a.table, a.index, l, a.IndexOnly, a.Columns)
	return fr.openStore(in, a, c, err)
}

func doOpenKeys(fr *frame, in *Instr) signal {
	a, cs := fr.access(in.B), &fr.cursors[in.A]
	if err := cs.keys.start(fr.run, a, fr.scalars[in.C]); err != nil {
		return fr.fail(err)
	}
	cs.open(&cs.keys, a, len(a.Columns))
	return goOn
}

func doOpenEdges(fr *frame, in *Instr) signal {
	a := fr.access(in.B)
	t := a.present(fr.run)
	if t == nil && a.Table >= 0 {
		return fr.openStore(in, a, emptyCursor{}, nil)
	}
	parent := fr.batchOf(in.C)
	c, err := fr.run.txn.Expand(fr.run.ctx, t, a.Direction, fr.vectors[in.C], parent.sel, a.Columns)
	return fr.openStore(in, a, c, err)
}

func doOpenItems(fr *frame, in *Instr) signal {
	cs := &fr.cursors[in.A]
	if fr.isVector(in.B) {
		cs.items.startVector(fr.vectors[in.B], fr.batchOf(in.B).sel)
	} else {
		cs.items.startScalar(fr.scalars[in.B])
	}
	cs.open(&cs.items, nil, 1)
	return goOn
}

func doOpenFragment(fr *frame, in *Instr) signal {
	cs := &fr.cursors[in.A]
	f := &fr.run.linked.fragments[in.B]
	child := f.frame(fr.run)
	copy(child.inputs, fr.scalars[in.C:int(in.C)+len(f.Inputs)])
	cs.open(nil, nil, 0)
	cs.child = child
	return goOn
}

func doOpenBuilt(fr *frame, in *Instr) signal {
	cs, b := &fr.cursors[in.A], fr.builder(in.B)
	if err := b.finish(fr.run); err != nil {
		return fr.fail(err)
	}
	cs.built.start(fr.run, b)
	cs.open(&cs.built, nil, b.width())
	return goOn
}

func doNext(fr *frame, in *Instr) signal {
	if err := fr.run.step(); err != nil {
		return fr.fail(err)
	}
	cs := &fr.cursors[in.A]
	cs.sel, cs.depth, cs.n = nil, 0, 0
	if err := cs.advance(fr); err != nil {
		return fr.fail(err)
	}
	if cs.n > 0 {
		return goOn
	}
	if err := cs.close(fr); err != nil {
		return fr.fail(err)
	}
	fr.pc = int(in.B)
	return goOn
}

// advance brings the next batch; n stays 0 at the end.
func (cs *cursorState) advance(fr *frame) error {
	if cs.child != nil {
		return cs.pull()
	}
	clear(cs.decoded)
	most := ops.BatchSize
	if b := fr.run.o.Batch; b > 0 {
		most = min(b, most)
	}
	cs.batch.Want = min(cs.want, most)
	if l := cs.limit; l != nil && l.count >= 0 {
		cs.batch.Want = int(min(int64(cs.batch.Want), max(1, l.start+l.count)))
	}
	cs.want = min(2*cs.want, most)
	if err := cs.source.Next(fr.run.ctx, &cs.batch); err != nil {
		return err
	}
	cs.count(fr.run)
	cs.n = cs.batch.N
	if cs.n > 0 && cs.source == &cs.keys {
		cs.keep(cs.keys.exists.Valid)
	}
	return nil
}

// keep selects the rows whose bit is set; without a bitmap they all are.
func (cs *cursorState) keep(valid ops.Bitmap) {
	if valid == nil {
		return
	}
	rows, k := cs.room(), 0
	for i := range rows {
		rows[k] = int32(i)
		if valid.Get(i) {
			k++
		}
	}
	cs.choose(rows, k)
}

// pull takes the next rows of a fragment as the batch, in the fragment's own memory.
func (cs *cursorState) pull() error {
	out, err := cs.child.resume()
	if err != nil || out == nil {
		return err
	}
	width := len(out.Shape.Names)
	cs.n, cs.sel = out.N, nil
	cs.cols = cs.cols[:0]
	for len(cs.held) < width {
		cs.held = append(cs.held, ops.Vector{})
	}
	if len(out.columns) > 0 && out.sel != nil {
		for _, c := range out.columns {
			if c != nil {
				cs.n = c.N
			}
		}
		if cs.n > out.N {
			cs.sel = out.sel
		}
	}
	for i := range width {
		if len(out.columns) > 0 && out.columns[i] != nil {
			cs.cols = append(cs.cols, out.columns[i])
			continue
		}
		cs.held[i].Fill(out.row[i], cs.n)
		cs.cols = append(cs.cols, &cs.held[i])
	}
	return nil
}

func doColumn(fr *frame, in *Instr) signal {
	cs := &fr.cursors[in.B]
	i := int(in.C)
	v := cs.cols[i]
	if cs.access != nil && cs.access.Columns[i].Late && cs.source != &cs.keys {
		if !cs.decoded[i] {
			if err := cs.source.Late(fr.run.ctx, &cs.batch, i, cs.sel); err != nil {
				return fr.fail(err)
			}
			cs.decoded[i] = cs.depth == 0
		}
	}
	if cs.depth == 0 {
		fr.vectors[in.A] = v
		return goOn
	}
	dst := fr.memory(in.A)
	dst.CopyFrom(v, cs.sel)
	fr.vectors[in.A] = dst
	return goOn
}

func doGather(fr *frame, in *Instr) signal {
	cs, dst := &fr.cursors[in.C], fr.target(in.A)
	dst.Gather(fr.vectors[in.B], cs.batch.Parent)
	if cs.depth > 0 {
		dst.Mask(cs.sel)
	}
	fr.settle(in.A, dst)
	return goOn
}

func doClose(fr *frame, in *Instr) signal {
	if err := fr.cursors[in.A].close(fr); err != nil {
		return fr.fail(err)
	}
	return goOn
}

func doFill(fr *frame, in *Instr) signal {
	cs, dst := &fr.cursors[in.C], fr.memory(in.A)
	dst.Fill(fr.scalars[in.B], cs.n)
	if cs.depth > 0 {
		dst.Mask(cs.sel)
	}
	fr.vectors[in.A] = dst
	return goOn
}

// doGet reads one record into scalars.
func doGet(fr *frame, in *Instr) signal {
	a := fr.access(in.B)
	dst := fr.scalars[int(in.A)+1 : int(in.A)+1+len(a.Columns)]
	t, key := a.locate(fr.run, fr.scalars[in.C])
	if t == nil {
		clear(dst)
		fr.scalars[in.A] = ops.Bool(false)
		return goOn
	}
	fr.run.work.Seeks++
	found, err := fr.run.txn.Get(fr.run.ctx, t, key, a.Columns, dst)
	if err != nil {
		return fr.fail(err)
	}
	if !found {
		clear(dst)
	}
	fr.scalars[in.A] = ops.Bool(found)
	return goOn
}
