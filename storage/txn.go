package storage

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
	"github.com/zerodb/zerodb/vm"
)

// Txn is a transaction in one database. It implements vm.Txn and is used by one goroutine at a time.
type Txn struct {
	txnState
	room kv.Txn // what kv points to

	// Memory that the next transaction finds again.
	enc       record.Encoder
	mem       *record.Mem   // what Get gives; nil to allocate it
	used      []*tableState // the tables that it depends on
	rowLog    []rowEntry    // records won and lost, in order, for rollback
	sampleLog []sampled     // what to sample when the transaction commits
	key       []byte        // scratch
	value     []byte
	old       []byte
	indexKeys []byte
}

// txnState is what begins anew with each transaction.
type txnState struct {
	store *Store
	kv    *kv.Txn
	place place
	base  *catalog                 // the definitions when it began
	ref   *atomic.Pointer[catalog] // the newest ones
	cat   *catalog                 // base, with what it has changed
	// others are the catalogs of other databases that the transaction has looked at.
	others    map[place]other
	absent    []string // the tables that it depends on not being there
	usesEdges bool
	views     []*Txn // what At has given
	stale     error  // the conflict that was found over a definition
	defined   bool   // whether it changed any catalog
	done      bool
	keepsGets bool // see KeepGets

	names     map[*tableState]*grown
	nameLog   []nameEntry // names in the order they came, for rollback
	rowSealed int         // entries of rowLog before it belong to a savepoint
	sampling  txnSampling
	analyses  []analyzing  // tables that ANALYZE has read
	builds    []build      // indexes to be filled when the transaction has committed
	redefines []redefining // and tables to be redefined
	lastTable *table
	interner  interner
}

// txnPool has the memory of transactions that were released.
var txnPool sync.Pool

// keepScratch is how much scratch space is kept with a released transaction.
const keepScratch = 64 << 10

// Release gives back the memory of a transaction that has ended, for another to use. It need not be called. Afterwards the
// transaction must not be touched in any way, nor any value that its Get gave.
func (t *Txn) Release() {
	if !t.done || t.kv != &t.room {
		return
	}
	t.room.Reset()
	t.txnState = txnState{}
	if t.mem == nil {
		t.mem = &record.Mem{}
	}
	t.mem.Reset()
	t.used, t.rowLog, t.sampleLog = emptied(t.used), emptied(t.rowLog), emptied(t.sampleLog)
	t.key, t.value, t.old, t.indexKeys = t.key[:0], t.value[:0], t.old[:0], t.indexKeys[:0]
	if cap(t.key)+cap(t.value)+cap(t.old)+cap(t.indexKeys) > keepScratch {
		t.key, t.value, t.old, t.indexKeys = nil, nil, nil, nil
	}
	txnPool.Put(t)
}

// ReleaseKeeping is Release, but the values that Get gave live on.
func (t *Txn) ReleaseKeeping() {
	t.mem = nil
	t.Release()
}

// KeepGets makes what Get gives live on by itself: for a transaction that reads one record, whose caller need not copy it then.
func (t *Txn) KeepGets() { t.keepsGets = true }

// keepLog is how long the logs of a released transaction may be that are kept.
const keepLog = 4096

// emptied empties a list for the next transaction.
func emptied[T any](list []T) []T {
	if cap(list) > keepLog {
		return nil
	}
	list = list[:cap(list)]
	if len(list) > 0 {
		clear(list)
	}
	return list[:0]
}

var _ vm.Txn = (*Txn)(nil)

// grown is a dictionary with the names that the transaction has added.
type grown struct {
	dict *record.Dict
	base int // how many names there were
}

type nameEntry struct{ state *tableState }

// interner gives out the names of one table's dictionary; the encoder uses it.
type interner struct {
	txn   *Txn
	state *tableState
	dict  *record.Dict
	// The names of the record before, in order, with the dictionary that they are of: mostly this one has the same.
	before []knownName
	of     *record.Dict
	at     int
}

// knownName is a name in the memory of a dictionary, and its number.
type knownName struct {
	name string
	id   uint16
}

// mostKnown bounds how many names are compared in order.
const mostKnown = 32

// begin prepares for the names of a record of a table.
func (n *interner) begin(s *tableState, d *record.Dict) {
	n.state, n.dict, n.at = s, d, 0
	if n.of != d {
		n.of, n.before = d, n.before[:0]
	}
}

// Intern implements record.Names.
func (n *interner) Intern(name string) (uint16, bool, error) {
	at := n.at
	n.at++
	if at < len(n.before) && n.before[at].name == name {
		return n.before[at].id, true, nil
	}
	if id, ok := n.dict.ID(name); ok {
		if known := n.dict.Name(id); n.of == n.dict && at < mostKnown && known != nil {
			n.before = append(n.before[:min(at, len(n.before))], knownName{*known, id})
		}
		return id, true, nil
	}
	id, ok := n.txn.addName(n.state, name)
	n.dict = n.txn.dict(n.state)
	return id, ok, nil
}

// dict returns the dictionary of a table as the transaction sees it.
func (t *Txn) dict(s *tableState) *record.Dict {
	if t.names != nil {
		if g := t.names[s]; g != nil {
			return g.dict
		}
	}
	return s.dict.Load()
}

// addName adds a name to a table's dictionary; ok is false where that is full.
func (t *Txn) addName(s *tableState, name string) (uint16, bool) {
	g := t.names[s]
	if g == nil {
		d := s.dict.Load()
		if id, ok := d.ID(name); ok {
			return id, true // another transaction has just added it
		}
		g = &grown{dict: d.Clone(), base: d.Len()}
		if t.names == nil {
			t.names = map[*tableState]*grown{}
		}
		t.names[s] = g
	}
	if g.dict.Len() >= record.MaxNames {
		return 0, false
	}
	id := g.dict.Add(name)
	t.nameLog = append(t.nameLog, nameEntry{s})
	// Another transaction that takes the same number has written the same key: one of the two is refused.
	t.kv.Put(nameKey(s.id, id), []byte(name), kv.Absent)
	return id, true
}

// writable refuses writes to transactions that may not.
func (t *Txn) writable(ctx context.Context) error {
	if err := t.alive(ctx); err != nil {
		return err
	}
	if !t.kv.Writable() {
		return ops.Errorf(ops.CodeReadOnlyTransaction, "the transaction is read-only")
	}
	return nil
}

func (t *Txn) alive(ctx context.Context) error {
	if t.done {
		return ops.Errorf(ops.CodeTransaction, "the transaction has ended")
	}
	if err := ctx.Err(); err != nil {
		return wrap(err)
	}
	return nil
}

// Catalog implements vm.Txn.
func (t *Txn) Catalog() schema.Catalog { return t.cat }

// Snapshot returns the commit time that the transaction reads at.
func (t *Txn) Snapshot() kv.Time { return t.kv.Snapshot() }

// table finds where a table's data is, in the catalog that the transaction sees.
func (t *Txn) table(desc *schema.Table) (*table, error) {
	if l := t.lastTable; l != nil && l.id == desc.ID {
		return l, nil
	}
	tab := t.cat.tables[desc.ID]
	if tab == nil {
		return nil, ops.Errorf(ops.CodeRecompile, "table %s was removed or defined again", desc.Name)
	}
	if err := t.use(tab); err != nil {
		return nil, err
	}
	t.lastTable = tab
	return tab, nil
}

// recordKey appends the key of a record.
func recordKey(dst []byte, p keys.Prefix, key ops.Value) []byte {
	return appendKey(append(dst, p[:]...), key)
}

// Savepoint is a place that a transaction can be rolled back to.
type Savepoint struct {
	mark      kv.Mark
	cat       *catalog
	others    map[place]other
	defined   bool
	names     int
	builds    int
	redefines int
	rows      int
	samples   int
	analyses  int
}

// Savepoint returns the present place.
func (t *Txn) Savepoint() Savepoint {
	sp := Savepoint{mark: t.kv.Mark(), cat: t.cat, others: t.others, defined: t.defined, names: len(t.nameLog), builds: len(t.builds), redefines: len(t.redefines), rows: len(t.rowLog),
		samples: len(t.sampleLog), analyses: len(t.analyses)}
	t.rowSealed = len(t.rowLog)
	return sp
}

// RollbackTo undoes everything since a savepoint. Cursors must have been closed.
func (t *Txn) RollbackTo(sp Savepoint) {
	if t.done {
		return
	}
	t.kv.RollbackTo(sp.mark)
	t.cat, t.others, t.defined, t.lastTable = sp.cat, sp.others, sp.defined, nil
	t.builds, t.redefines = t.builds[:sp.builds], t.redefines[:sp.redefines]
	t.rowLog, t.rowSealed = t.rowLog[:sp.rows], sp.rows
	t.sampleLog, t.analyses = t.sampleLog[:sp.samples], t.analyses[:sp.analyses]
	for len(t.nameLog) > sp.names {
		s := t.nameLog[len(t.nameLog)-1].state
		t.nameLog = t.nameLog[:len(t.nameLog)-1]
		if g := t.names[s]; g != nil {
			g.dict.Truncate(g.dict.Len() - 1)
			t.interner.of = nil
			if g.dict.Len() == g.base {
				delete(t.names, s)
			}
		}
	}
}

// Cancel ends the transaction without a trace.
func (t *Txn) Cancel() {
	if !t.done {
		t.end()
		t.kv.Cancel()
	}
}

// end marks the transaction as ended.
func (t *Txn) end() {
	t.done = true
	t.closeViews()
	t.store.open.Add(-1)
}

// Commit ends the transaction. When it returns without an error its writes are visible to every transaction that begins
// afterwards and, unless the store is relaxed, durable. The error conflict says that nothing was written and that
// the transaction may be run again.
func (t *Txn) Commit(ctx context.Context) (kv.Time, error) {
	if err := t.alive(ctx); err != nil {
		t.Cancel()
		return 0, err
	}
	t.end()
	if !t.kv.Writable() {
		t.kv.Cancel()
		return t.kv.Snapshot(), nil
	}
	if t.stale != nil {
		t.kv.Cancel()
		return 0, t.stale
	}
	t.sumRows()
	at, err := t.kv.Commit(hooks{t})
	if err != nil {
		return 0, wrap(err)
	}
	t.store.stats.commits.Add(1)
	for i := range t.analyses {
		if err := t.store.install(&t.analyses[i]); err != nil {
			return at, wrap(err)
		}
	}
	for _, b := range t.builds {
		if err := t.store.buildIndex(ctx, b); err != nil {
			return at, err
		}
	}
	for i := range t.redefines {
		if err := t.redefines[i].run(ctx); err != nil {
			return at, err
		}
	}
	return at, nil
}

// hooks publishes what a transaction changes of what is kept in memory.
type hooks struct{ *Txn }

// Before makes the names known before a record that uses them can be seen.
func (t hooks) Before(kv.Time) {
	if t.defined {
		t.store.defining.Add(1)
	}
	for s, g := range t.names {
		s.dict.Store(g.dict)
	}
	for _, e := range t.rowLog {
		e.state.rows.Add(e.n)
	}
	t.publishSamples()
}

// After publishes definitions.
func (t hooks) After(at kv.Time) {
	if t.defined {
		t.publishAll(at)
		t.store.defining.Add(1)
	}
}

// rowsSlack is how far the estimate of rows on disk may be off.
const rowsSlack = 4096

// Extra writes the estimates of rows that have moved far.
func (t hooks) Extra(b *pebble.Batch) error {
	for _, e := range t.rowLog {
		s, n := e.state, e.n
		if rows := s.rows.Load() + n; rows-s.saved.Load() >= rowsSlack || s.saved.Load()-rows >= rowsSlack {
			s.saved.Store(rows)
			if err := b.Set(rowsKey(s.id), be64(uint64(rows)), nil); err != nil {
				return err
			}
		}
		if s.worthSaving() {
			if err := s.saveStats(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// rowEntry is how many records a table has won, or lost where n is negative.
type rowEntry struct {
	state *tableState
	n     int64
}

// countRow adds to the last entry where that belongs to no savepoint, so that a statement leaves an entry a table, mostly.
func (t *Txn) countRow(s *tableState, n int64) {
	if last := len(t.rowLog) - 1; last >= t.rowSealed && t.rowLog[last].state == s {
		t.rowLog[last].n += n
		return
	}
	t.rowLog = append(t.rowLog, rowEntry{s, n})
}

// sumRows leaves one entry a table. There is no rolling back afterwards.
func (t *Txn) sumRows() {
	sums := t.rowLog[:0]
	for _, e := range t.rowLog {
		at := slices.IndexFunc(sums, func(sum rowEntry) bool { return sum.state == e.state })
		if at < 0 {
			sums = append(sums, e)
		} else {
			sums[at].n += e.n
		}
	}
	t.rowLog = sums
}

// Conflict turns a verdict into the error that names the record.
func (t *Txn) Conflict(v kv.Verdict) error {
	t.store.stats.conflicts.Add(1)
	info := &ops.ConflictInfo{Key: "the transaction's snapshot", Other: uint64(v.Other), RetryNow: true}
	if v.Key == nil {
		return &ops.Error{Code: ops.CodeConflict, Message: "the transaction ran so long that what others wrote meanwhile is no longer known",
			Conflict: info, Hint: "run the transaction again"}
	}
	info.Key = t.describe(v.Key)
	return &ops.Error{Code: ops.CodeConflict, Message: info.Key + " was written by another transaction", Conflict: info,
		Hint: "run the transaction again"}
}

// describe prints what a key is of.
func (t *Txn) describe(key []byte) string {
	p, ok := keys.PrefixOf(key)
	if !ok {
		return "the store"
	}
	if p.Partition() == keys.System {
		return definitionAt(p, key)
	}
	for _, tab := range t.cat.tables {
		switch {
		case p == tab.records:
			if v, rest, err := decodeKey(key[keys.PrefixLen:]); err == nil && len(rest) == 0 {
				return show(ops.Record(tab.desc.Name, v))
			}
			return tab.desc.Name
		case tab.desc.Edge && (p == tab.out || p == tab.in):
			return "an edge of " + tab.desc.Name
		}
		for _, ix := range tab.desc.Indexes {
			if p == tab.index(ix.ID) {
				return "index " + ix.Name + " of " + tab.desc.Name
			}
		}
	}
	return "a removed table"
}

// definitionAt prints what a key of the system partition is of.
func definitionAt(p keys.Prefix, key []byte) string {
	const id = 4
	rest := key[keys.PrefixLen:]
	switch object := p.Object(); {
	case object == objNamespaces:
		return "namespace " + string(rest)
	case object == objDatabases && len(rest) > id:
		return "database " + string(rest[id:])
	case object == objTables && len(rest) > id:
		return "table " + string(rest[id:])
	case object == objEdges:
		return "the set of edge tables"
	case object == objObjects && len(rest) > id+1:
		return schema.ObjectKind(rest[id]).String() + " " + string(rest[id+1:])
	case object == objNames:
		return "the names of a table's fields"
	}
	return "the catalog"
}
