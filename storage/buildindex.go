package storage

import (
	"bytes"
	"context"
	"slices"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
)

// An index on a table that has more than a few records is built while the table is in use. The transaction that defines it makes
// it known as not ready: from its commit on every writer maintains it, since writers depend on the table's
// descriptor. Then short transactions walk over the table and add what is missing; one that meets a writer is run
// again. The last one makes the index ready. If the records break a unique index it is removed and
// the definition fails.

// smallTable is how many records are indexed in the defining transaction itself.
const smallTable = 256

// buildChunk is how many records a building transaction takes at first.
const buildChunk = 1024

// build is an index that is to be filled.
type build struct {
	place place
	table uint32
	index uint32
}

func (t *Txn) defineIndex(ctx context.Context, cat *catalog, c *schema.Change) error {
	if err := checkName("index", c.Name); err != nil {
		return err
	}
	tab := cat.byName[c.Index.Table]
	if tab == nil {
		return ops.Errorf(ops.CodeUnknownTable, "there is no table %s", c.Index.Table)
	}
	if tab.desc.Index(c.Name) != nil {
		if c.IfExists {
			return nil
		}
		return ops.Errorf(ops.CodeAlreadyExists, "index %s of table %s exists", c.Name, c.Index.Table)
	}
	if len(c.Index.Fields) == 0 || slices.ContainsFunc(c.Index.Fields, func(p []string) bool { return len(p) == 0 }) {
		return ops.Errorf(ops.CodeArgument, "index %s has no fields", c.Name)
	}
	if err := notPending(tab); err != nil {
		return err
	}
	if err := t.useTable(cat, c.Index.Table); err != nil {
		return err
	}
	id, err := t.store.takeIDs(1)
	if err != nil {
		return err
	}
	ix := *c.Index
	ix.ID, ix.Name = id, c.Name
	if ix.Ready, err = t.small(tab); err != nil {
		return err
	}
	if ix.Ready {
		f := filler{txn: t, tab: tab, ix: &ix, most: smallTable + 1}
		if err := f.run(ctx, nil); err != nil {
			return err
		}
	} else {
		t.builds = append(t.builds, build{cat.place, tab.id, id})
	}
	return t.putIndexes(cat, tab, append(slices.Clone(tab.desc.Indexes), &ix))
}

// notPending refuses to change the indexes of a table that is being redefined.
func notPending(tab *table) error {
	if tab.desc.Pending == nil {
		return nil
	}
	return ops.Errorf(ops.CodeInUse, "table %s is being redefined", tab.desc.Name).WithHint("wait for it, see sys::jobs")
}

// small reports whether a table has few records. Nothing depends on it, so the read is not recorded.
func (t *Txn) small(tab *table) (bool, error) {
	p := tab.records
	it, err := t.kv.NewIter(p[:], keys.AppendEnd(nil, p[:]), t.kv.Mark())
	if err != nil {
		return false, err
	}
	n := 0
	for ok := it.First(); ok && n <= smallTable; ok = it.Next() {
		n++
	}
	return n <= smallTable, it.Close()
}

// putIndexes gives a table other indexes.
func (t *Txn) putIndexes(cat *catalog, tab *table, indexes []*schema.Index) error {
	desc := *tab.desc
	desc.Indexes = indexes
	stamp(&desc, tab.since)
	desc.Fingerprint = schema.FingerprintOf(&desc)
	return t.putTable(cat.with(&desc, tab.tableState), &desc)
}

// filler adds the entries of a table's records to an index within one transaction.
type filler struct {
	txn  *Txn
	tab  *table
	ix   *schema.Index
	most int
	next []byte // where to go on; nil at the table's end
	// count is how many records it has looked at.
	count int
}

// run fills from a record key on.
func (f *filler) run(ctx context.Context, from []byte) error {
	p := f.tab.records
	lo, hi := p[:], keys.AppendEnd(nil, p[:])
	if from != nil {
		lo = from
	}
	it, err := f.txn.kv.NewIter(lo, hi, f.txn.kv.Mark())
	if err != nil {
		return err
	}
	w := walk{txn: f.txn, it: it, lo: lo, hi: hi}
	w.begin()
	for n := 0; w.ok && n < f.most && err == nil; n++ {
		if err = ctx.Err(); err == nil {
			err = f.add(&w)
			f.count++
		}
		w.next()
	}
	f.next = nil
	if w.ok {
		f.next = bytes.Clone(it.Key())
	}
	w.record()
	if e := w.close(); err == nil {
		err = e
	}
	return err
}

// add adds the entry of the record that w is at, unless a writer has.
func (f *filler) add(w *walk) error {
	value, err := f.txn.recordAt(f.tab, w.it)
	if err != nil {
		return err
	}
	key, err := keyOf(f.tab, w.it.Key())
	if err != nil {
		return err
	}
	t := f.txn
	t.indexKeys = t.indexKeys[:0]
	e, err := t.oldEntry(f.tab, f.ix, key, value)
	if err != nil {
		return err
	}
	if e.unique {
		return t.putEntry(f.tab, f.ix, key, e)
	}
	if _, _, exists, err := t.kv.Get(e.key); exists || err != nil {
		return err
	}
	t.kv.Put(e.key, e.value, kv.Absent)
	return nil
}

// buildIndex fills an index that a committed transaction has defined, and makes it ready. If it cannot it removes it.
func (s *Store) buildIndex(ctx context.Context, b build) error {
	n := s.buildJob(b)
	err := s.fillIndex(ctx, b, n)
	if n != nil {
		s.end(n, err)
	}
	if err == nil {
		return nil
	}
	// Also when the context has ended: what the caller is told is that there is no index.
	if e := s.dropIndex(context.WithoutCancel(ctx), b); e != nil {
		return e
	}
	return wrap(err)
}

// buildJob notes the building of an index; nil where that is gone already.
func (s *Store) buildJob(b build) *job {
	ref, err := s.catalogRef(b.place)
	if err != nil {
		return nil
	}
	tab := ref.Load().tables[b.table]
	if tab == nil {
		return nil
	}
	i := slices.IndexFunc(tab.desc.Indexes, func(ix *schema.Index) bool { return ix.ID == b.index })
	if i < 0 {
		return nil
	}
	return s.begin("index", "building", b.place, tab, tab.desc.Indexes[i].Name)
}

func (s *Store) fillIndex(ctx context.Context, b build, n *job) error {
	chunk := buildChunk
	for from, first := []byte(nil), true; first || from != nil; {
		var next []byte
		gone, count := false, 0
		err := s.inBuild(ctx, b, func(t *Txn, tab *table, ix *schema.Index) error {
			if ix == nil {
				gone = true
				return nil
			}
			f := filler{txn: t, tab: tab, ix: ix, most: chunk}
			err := f.run(ctx, from)
			next, count = f.next, f.count
			return err
		})
		switch {
		case gone:
			return nil
		case ops.CodeOf(err) == ops.CodeConflict && err != nil:
			// A writer came in between; smaller pieces meet fewer of them.
			chunk = max(chunk/2, 1)
			continue
		case err != nil:
			return err
		}
		if n != nil {
			n.done.Add(int64(count))
		}
		from, first = next, false
		chunk = min(chunk*2, buildChunk)
	}
	return s.retry(ctx, b, func(t *Txn, tab *table, ix *schema.Index) error {
		if ix == nil {
			return nil
		}
		ready := *ix
		ready.Ready = true
		indexes := slices.Clone(tab.desc.Indexes)
		indexes[slices.Index(indexes, ix)] = &ready
		return t.putIndexes(t.cat, tab, indexes)
	})
}

func (s *Store) dropIndex(ctx context.Context, b build) error {
	return s.retry(ctx, b, func(t *Txn, tab *table, ix *schema.Index) error {
		if ix == nil {
			return nil
		}
		return t.removeIndex(t.cat, &schema.Change{Kind: schema.RemoveIndex, Name: ix.Name, Index: &schema.Index{Table: tab.desc.Name}})
	})
}

// retry runs f in a transaction until it commits.
func (s *Store) retry(ctx context.Context, b build, f func(*Txn, *table, *schema.Index) error) error {
	for {
		err := s.inBuild(ctx, b, f)
		if err == nil || ops.CodeOf(err) != ops.CodeConflict {
			return err
		}
	}
}

// inBuild runs f in a transaction. tab and ix are nil where they have been removed.
func (s *Store) inBuild(ctx context.Context, b build, f func(t *Txn, tab *table, ix *schema.Index) error) error {
	t, err := s.Begin(ctx, TxnOptions{Namespace: b.place.namespace, Database: b.place.database, Write: true})
	if err != nil {
		return err
	}
	tab := t.cat.tables[b.table]
	if tab != nil {
		if err := t.use(tab); err != nil {
			t.Cancel()
			return err
		}
	}
	var ix *schema.Index
	if tab != nil {
		if i := slices.IndexFunc(tab.desc.Indexes, func(ix *schema.Index) bool { return ix.ID == b.index }); i >= 0 {
			ix = tab.desc.Indexes[i]
		}
	}
	if err := f(t, tab, ix); err != nil {
		t.Cancel()
		return err
	}
	_, err = t.Commit(ctx)
	return err
}

// dropUnfinished removes the indexes whose building ended with the process, and redefinitions that were announced only. Nobody was
// told that they exist.
func (s *Store) dropUnfinished(ctx context.Context) error {
	all, err := s.Databases(ctx)
	if err != nil {
		return err
	}
	for ns, dbs := range all {
		for _, db := range dbs {
			cat, err := s.Catalog(ns, db)
			if err != nil {
				return err
			}
			for _, t := range cat.Tables() {
				if t.Pending != nil {
					if err := s.dropPending(ctx, place{ns, db}, t.ID); err != nil {
						return err
					}
				}
				for _, ix := range t.Indexes {
					if ix.Ready {
						continue
					}
					if err := s.dropIndex(ctx, build{place{ns, db}, t.ID, ix.ID}); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}
