package storage

import (
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
	"github.com/zerodb/zerodb/storage/sketch"
)

// metaStats is an object of the meta partition: table id (4) → statistics.
const metaStats = 3

func statsKey(id uint32) []byte {
	p := keys.Make(keys.Meta, metaStats)
	return append(p[:], u32(id)...)
}

// Stats implements schema.Catalog.
func (c *catalog) Stats(name string) *schema.Stats {
	t := c.byName[name]
	if t == nil {
		return nil
	}
	return t.statistics()
}

// staleShare is the share of a table that may have changed since ANALYZE before what it found gives way to the sample, and the
// share that may have changed before the sample is looked at again.
const (
	staleAnalysis = 0.2
	staleSample   = 0.1
)

// statistics returns what is known of a table's records. What was worked out before is good while little has changed.
func (s *tableState) statistics() *schema.Stats {
	st := &s.stats
	seen := st.seen.Load()
	rows, changes := max(s.rows.Load(), 0), seen.Changes.Load()
	st.mu.Lock()
	defer st.mu.Unlock()
	if a := st.analyzed; a != nil && fresh(changes-a.changes, a.stats.Rows, staleAnalysis) {
		return withRows(a.stats, rows)
	}
	if st.made == nil || !fresh(changes-st.madeAt, st.madeRows, staleSample) {
		st.made, st.madeAt, st.madeRows = s.estimate(seen, rows, st.analyzed), changes, rows
	}
	return withRows(st.made, rows)
}

func fresh(changes, rows int64, share float64) bool { return float64(changes) <= share*float64(rows) }

func withRows(s *schema.Stats, rows int64) *schema.Stats {
	if s.Rows == rows {
		return s
	}
	c := *s
	c.Rows = rows
	return &c
}

// gathered is the values of one field in the sampled records.
type gathered struct {
	path    []string
	number  int // of a field of the record itself, or -1
	present int64
	values  []ops.Value
	hashes  map[uint64]int
}

// gatherer collects the fields of records.
type gatherer struct {
	dict   *record.Dict
	fields map[string]*gathered
}

// maxDepth is how many steps a path has of which there are statistics.
const maxDepth = 3

func (g *gatherer) field(path []string, number int) *gathered {
	key := strings.Join(path, "\x00")
	f := g.fields[key]
	if f == nil {
		f = &gathered{path: slices.Clone(path), number: number, hashes: map[uint64]int{}}
		g.fields[key] = f
	}
	return f
}

// add takes a value, and those in it.
func (g *gatherer) add(path []string, number int, v ops.Value) {
	f := g.field(path, number)
	f.present++
	switch {
	case v.Kind() == ops.KindObject:
		if len(path) < maxDepth {
			for _, m := range v.AsObject() {
				if !m.Value.IsNone() {
					g.add(append(path[:len(path):len(path)], m.Name), -1, m.Value)
				}
			}
		}
	case v.Kind() < ops.KindList:
		f.values = append(f.values, v)
	}
	f.hashes[ops.Hash(v)]++
}

// row takes a sampled record.
func (g *gatherer) row(row []byte) {
	eachSampled(row, func(number uint16, raw []byte) {
		name := g.dict.Name(number)
		if name == nil {
			return
		}
		if len(raw) == 0 {
			g.field([]string{*name}, int(number)).present++
			return
		}
		if v, err := record.Decode(raw, g.dict, nil); err == nil {
			g.add([]string{*name}, int(number), v)
		}
	})
}

// estimate works statistics out of what was seen.
func (s *tableState) estimate(seen *sketch.Table, rows int64, a *analysis) *schema.Stats {
	sample := seen.Sample.Rows()
	g := gatherer{dict: s.dict.Load(), fields: map[string]*gathered{}}
	for _, row := range sample {
		g.row(row)
	}
	stats := &schema.Stats{Rows: rows}
	for _, f := range g.fields {
		fs := schema.FieldStats{Path: f.path, None: 1 - float64(f.present)/float64(len(sample)), Bounds: boundsOf(f.values)}
		there := int64(math.Round(float64(rows) * (1 - fs.None)))
		fs.Distinct = int64(len(f.hashes))
		if !seen.Sample.Whole() {
			fs.Distinct = max(fs.Distinct, min(f.distinct(seen, there, a), there))
		}
		stats.Fields = append(stats.Fields, fs)
	}
	slices.SortFunc(stats.Fields, func(a, b schema.FieldStats) int { return slices.Compare(a.Path, b.Path) })
	return stats
}

// distinct estimates how many values a field has in the so many records where it is there.
func (f *gathered) distinct(seen *sketch.Table, there int64, a *analysis) int64 {
	once, n := 0.0, float64(f.present)
	for _, times := range f.hashes {
		if times == 1 {
			once++
		}
	}
	if once == 0 {
		return int64(len(f.hashes)) // what was ever there may be more
	}
	if f.number >= 0 && len(f.values) > 0 {
		if d := seen.Known(uint16(f.number)); d != nil {
			n := d.Count()
			if before := a.count(f.path); before > 0 {
				// Of what there is now, as much as the exact count was of the estimate then.
				return int64(float64(n) * float64(a.stats.Field(f.path).Distinct) / float64(before))
			}
			return n
		}
	}
	// Values that the sample has once are typical of those that it has not: Haas and Stokes' Duj1.
	return int64(n * float64(len(f.hashes)) / (n - once + once*n/math.Max(float64(there), n)))
}

func (a *analysis) count(path []string) int64 {
	if a == nil || a.stats.Field(path) == nil {
		return 0
	}
	return a.counts[strings.Join(path, "\x00")]
}

// boundsOf cuts values into parts of equally many. The values are sorted and kept; what is returned owns its memory.
func boundsOf(values []ops.Value) []ops.Value {
	slices.SortStableFunc(values, ops.Compare) // that equal ones of different kinds have one order
	if len(values) == 0 {
		return nil
	}
	parts := min(schema.MaxBounds, len(values)) - 1
	var out []ops.Value
	for i := range parts + 1 {
		at := 0
		if parts > 0 {
			at = i * (len(values) - 1) / parts
		}
		out = append(out, values[at])
	}
	return out
}

// ---- ANALYZE

// maxExact is how many different values of a field ANALYZE counts one by one; above it estimates.
const maxExact = 64 << 10

// analyzing is a table that is being analyzed: all of it is seen anew.
type analyzing struct {
	state *tableState
	seen  *sketch.Table
	rows  int64 // found
	off   int64 // what the estimate of rows was off by
	stats *schema.Stats
}

// exact is what ANALYZE finds of one field of the records.
type exact struct {
	present  int64
	hashes   map[uint64]struct{} // nil where there are too many
	min, max ops.Value
}

// analyze reads a whole table. Nothing depends on what it finds, so the reads are not recorded.
func (t *Txn) analyze(ctx context.Context, cat *catalog, name string) error {
	tab := cat.byName[name]
	if tab == nil {
		return ops.Errorf(ops.CodeUnknownTable, "there is no table %s", name)
	}
	a := analyzing{state: tab.tableState, seen: sketch.NewTable()}
	before := tab.rows.Load()
	for _, e := range t.rowLog {
		if e.state == tab.tableState {
			before += e.n
		}
	}
	fields := map[uint16]*exact{}
	err := t.eachStored(ctx, tab, func(key, value []byte) error {
		a.rows++
		countFields(a.seen, value)
		a.seen.Sample.Put(sampleKey(key), sampleRow(value))
		return addExact(fields, value, t.dict(tab.tableState))
	})
	if err != nil {
		return err
	}
	a.off = a.rows - before
	a.stats = tab.estimate(a.seen, a.rows, nil)
	d := t.dict(tab.tableState)
	for number, e := range fields {
		if f := a.stats.Field([]string{*d.Name(number)}); f != nil {
			e.apply(f, a.rows)
		}
	}
	t.analyses = append(t.analyses, a)
	return nil
}

// eachStored calls f for every record of a table as the transaction sees it.
func (t *Txn) eachStored(ctx context.Context, tab *table, f func(key, value []byte) error) error {
	p := tab.records
	it, err := t.kv.NewIter(p[:], keys.AppendEnd(nil, p[:]), t.kv.Mark())
	if err != nil {
		return err
	}
	n, old := 0, t.reshapes(tab)
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		if n++; n%1024 == 0 {
			if err = ctx.Err(); err != nil {
				break
			}
		}
		var value []byte
		if value, err = it.Value(); err == nil && old {
			var at kv.Time
			if at, err = it.Time(); err == nil {
				value, err = t.reshape(tab, value, at)
			}
		}
		if err == nil {
			err = f(it.Key(), value)
		}
	}
	if e := it.Close(); err == nil {
		err = e
	}
	return err
}

// addExact takes the fields of a record. value is valid during the call.
func addExact(fields map[uint16]*exact, value []byte, d *record.Dict) error {
	v, err := record.Parse(value)
	if err != nil {
		return err
	}
	for i := range v.Len() {
		raw, err := v.Field(i)
		if err != nil {
			return err
		}
		e := fields[v.ID(i)]
		if e == nil {
			if d.Name(v.ID(i)) == nil {
				continue
			}
			e = &exact{hashes: map[uint64]struct{}{}}
			fields[v.ID(i)] = e
		}
		if err := e.add(raw, d); err != nil {
			return err
		}
	}
	return nil
}

func (e *exact) add(raw []byte, d *record.Dict) error {
	e.present++
	if e.hashes != nil {
		if e.hashes[xxhash.Sum64(raw)] = struct{}{}; len(e.hashes) > maxExact {
			e.hashes = nil
		}
	}
	if !record.Scalar(raw) {
		return nil
	}
	v, err := record.Decode(raw, d, nil)
	if err != nil {
		return err
	}
	if text, ok := record.Text(raw); ok && len(text) > sampledText {
		return nil // the sample has its beginning, which will do
	}
	if e.min.IsNone() || ops.Compare(v, e.min) < 0 {
		e.min = kept(v)
	}
	if e.max.IsNone() || ops.Compare(v, e.max) > 0 {
		e.max = kept(v)
	}
	return nil
}

// kept copies a scalar out of memory that will change.
func kept(v ops.Value) ops.Value {
	c, rest, err := ops.DecodeKey(ops.AppendKey(nil, v, false))
	if err != nil || len(rest) > 0 {
		return ops.None
	}
	return c
}

// apply puts exact figures in place of estimates.
func (e *exact) apply(f *schema.FieldStats, rows int64) {
	f.None = 1 - float64(e.present)/float64(rows)
	if e.hashes != nil {
		f.Distinct = int64(len(e.hashes))
	}
	f.Distinct = min(f.Distinct, e.present)
	if n := len(f.Bounds); n > 0 && !e.min.IsNone() {
		f.Bounds = slices.Clone(f.Bounds)
		if ops.Compare(e.min, f.Bounds[0]) < 0 {
			f.Bounds[0] = e.min
		}
		if ops.Compare(e.max, f.Bounds[n-1]) > 0 {
			f.Bounds[n-1] = e.max
		}
	}
}

// install makes what ANALYZE found the table's statistics, and writes it down.
func (s *Store) install(a *analyzing) error {
	st := &a.state.stats
	st.mu.Lock()
	st.seen.Store(a.seen)
	st.made = nil
	st.analyzed = &analysis{stats: a.stats, changes: a.seen.Changes.Load(), counts: map[string]int64{}}
	d := a.state.dict.Load()
	for i := range a.stats.Fields {
		f := &a.stats.Fields[i]
		if id, ok := d.ID(f.Path[0]); ok && len(f.Path) == 1 {
			if seen := a.seen.Known(id); seen != nil {
				st.analyzed.counts[strings.Join(f.Path, "\x00")] = seen.Count()
			}
		}
	}
	st.mu.Unlock()
	a.state.rows.Add(a.off)
	b := s.pebble.NewBatch()
	err := a.state.saveStats(b)
	if err == nil {
		err = b.Commit(pebble.NoSync)
	}
	if e := b.Close(); err == nil {
		err = e
	}
	return err
}

// ---- on disk

// saveStats adds a table's statistics to a batch.
func (s *tableState) saveStats(b *pebble.Batch) error {
	seen := s.stats.seen.Load()
	changes := seen.Changes.Load()
	raw := seen.Append(nil)
	s.stats.mu.Lock()
	raw = appendAnalysis(raw, s.stats.analyzed)
	s.stats.mu.Unlock()
	if err := b.Set(statsKey(s.id), raw, nil); err != nil {
		return err
	}
	s.stats.saved.Store(changes)
	return nil
}

// loadStats reads a table's statistics. They are a help, not a part of the data: what cannot be read is left out.
func (s *Store) loadStats(tab *tableState) error {
	raw, closer, err := s.pebble.Get(statsKey(tab.id))
	if err == pebble.ErrNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if seen, rest, err := sketch.Read(raw); err == nil {
		tab.stats.seen.Store(seen)
		tab.stats.saved.Store(seen.Changes.Load())
		tab.stats.analyzed = readAnalysis(rest)
	}
	return closer.Close()
}

// The stored form of an analysis, empty for none: changes · rows · fields: count, and of each path (count, length and name of each step) ·
// distinct · none (8) · what was estimated · bounds: count, and length and key of each.

func appendAnalysis(dst []byte, a *analysis) []byte {
	if a == nil {
		return dst
	}
	number := func(n int64) { dst = binary.AppendUvarint(dst, uint64(max(n, 0))) }
	number(a.changes)
	number(a.stats.Rows)
	number(int64(len(a.stats.Fields)))
	for i := range a.stats.Fields {
		f := &a.stats.Fields[i]
		number(int64(len(f.Path)))
		for _, step := range f.Path {
			number(int64(len(step)))
			dst = append(dst, step...)
		}
		number(f.Distinct)
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(f.None))
		number(a.count(f.Path))
		number(int64(len(f.Bounds)))
		for _, v := range f.Bounds {
			key := ops.AppendKey(nil, v, false)
			number(int64(len(key)))
			dst = append(dst, key...)
		}
	}
	return dst
}

// readAnalysis reads the stored form; nil where there is none, or none that can be read.
func readAnalysis(b []byte) *analysis {
	if len(b) == 0 {
		return nil
	}
	bad := false
	number := func() int64 {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > math.MaxInt64 {
			bad = true
			return 0
		}
		b = b[size:]
		return int64(n)
	}
	take := func(n int64) []byte {
		if bad || n > int64(len(b)) {
			bad = true
			return nil
		}
		part := b[:n]
		b = b[n:]
		return part
	}
	a := &analysis{changes: number(), stats: &schema.Stats{Rows: number()}, counts: map[string]int64{}}
	for n := number(); n > 0 && !bad; n-- {
		f := schema.FieldStats{}
		for steps := number(); steps > 0 && !bad; steps-- {
			f.Path = append(f.Path, string(take(number())))
		}
		f.Distinct = number()
		if share := take(8); len(share) == 8 {
			f.None = math.Float64frombits(binary.LittleEndian.Uint64(share))
		}
		a.counts[strings.Join(f.Path, "\x00")] = number()
		for bounds := number(); bounds > 0 && !bad; bounds-- {
			v, rest, err := ops.DecodeKey(take(number()))
			bad = bad || err != nil || len(rest) > 0
			f.Bounds = append(f.Bounds, v)
		}
		bad = bad || len(f.Path) == 0 || f.None != f.None
		a.stats.Fields = append(a.stats.Fields, f)
	}
	byPath := func(x, y schema.FieldStats) int { return cmp.Compare(slices.Compare(x.Path, y.Path), 0) }
	if bad || len(b) > 0 || !slices.IsSortedFunc(a.stats.Fields, byPath) {
		return nil
	}
	return a
}
