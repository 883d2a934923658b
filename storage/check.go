package storage

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage/keys"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/storage/record"
)

// Problem is something that Check has found.
type Problem struct {
	Namespace, Database string // "" for the store itself
	Table               string // "" where it is known of no table
	Key                 string // a record as ZeroQL writes it, or bytes in hexadecimal
	Reason              string
}

func (p Problem) String() string {
	s := p.Key + ": " + p.Reason
	if p.Table != "" {
		s = p.Table + ": " + s
	}
	if p.Namespace != "" {
		s = p.Namespace + "/" + p.Database + ": " + s
	}
	return s
}

// Check walks over everything that a store holds, in one snapshot: definitions, names, records, index entries, adjacency and
// history, each against the others, and reports what does not fit. The error says that it could not go on.
func (s *Store) Check(ctx context.Context, report func(Problem)) error {
	if s.closed.Load() {
		return closedError()
	}
	t, err := s.db.Begin(false)
	if err != nil {
		return wrap(err)
	}
	defer t.Cancel()
	c := &checker{ctx: ctx, store: s, kv: t, report: report, owners: map[keys.Prefix]bool{}, ids: map[uint32]string{}}
	return wrap(c.run())
}

type checker struct {
	ctx    context.Context
	store  *Store
	kv     *kv.Txn
	report func(Problem)
	owners map[keys.Prefix]bool // objects that belong to something
	ids    map[uint32]string
	place  place
	txn    *Txn // in the database that is being checked
	tab    *table
}

func (c *checker) problem(key, format string, args ...any) {
	p := Problem{Namespace: c.place.namespace, Database: c.place.database, Key: key, Reason: fmt.Sprintf(format, args...)}
	if c.tab != nil {
		p.Table = c.tab.desc.Name
	}
	c.report(p)
}

func (c *checker) run() error {
	places, err := c.databases()
	if err != nil {
		return err
	}
	for _, p := range places {
		c.place = p
		if err := c.database(p); err != nil {
			return err
		}
	}
	c.place, c.tab = place{}, nil
	if err := c.orphans(); err != nil {
		return err
	}
	return c.history()
}

// databases lists every database, and claims the ids of all.
func (c *checker) databases() (places []place, err error) {
	damaged := func(key []byte) { c.problem(hex.EncodeToString(key), "a definition is damaged") }
	namespaces, err := listNamespaces(c.kv, damaged)
	for _, ns := range namespaces {
		c.claim(ns.id, "namespace "+ns.name)
		dbs, err := listDatabases(c.kv, ns, damaged)
		if err != nil {
			return nil, err
		}
		for _, db := range dbs {
			c.claim(db.id, "database "+db.name)
			places = append(places, place{ns.name, db.name})
		}
	}
	return places, err
}

// claim notes that an id belongs to something, and reports one that belongs to two.
func (c *checker) claim(id uint32, what string) {
	if other, taken := c.ids[id]; taken {
		c.problem(what, "has the id of %s", other)
	}
	c.ids[id] = what
}

func (c *checker) database(p place) error {
	cat, err := readCatalog(c.kv, p)
	if err != nil {
		c.problem("catalog", "%v", err)
		return nil
	}
	c.txn = &Txn{txnState: txnState{store: c.store, kv: c.kv, cat: cat, place: p}}
	for _, desc := range cat.descs {
		tab := cat.tables[desc.ID]
		c.tab = tab
		if err := c.table(tab); err != nil {
			return err
		}
	}
	c.tab = nil
	return nil
}

func (c *checker) table(tab *table) error {
	c.claim(tab.id, "table "+tab.desc.Name)
	c.owners[tab.records] = true
	if tab.desc.Edge {
		c.claim(tab.id+1, "adjacency of "+tab.desc.Name)
		c.claim(tab.id+2, "adjacency of "+tab.desc.Name)
		c.owners[tab.out], c.owners[tab.in] = true, true
	}
	if err := c.names(tab); err != nil {
		return err
	}
	records, err := c.records(tab)
	if err != nil {
		return err
	}
	for _, ix := range tab.desc.Indexes {
		c.claim(ix.ID, "index "+ix.Name)
		c.owners[tab.index(ix.ID)] = true
		if err := c.index(tab, ix, records); err != nil {
			return err
		}
	}
	if p := tab.desc.Pending; p != nil {
		for _, ix := range p.Table.Indexes {
			if !ix.Ready {
				c.claim(ix.ID, "index "+ix.Name+", which is being filled")
				c.owners[tab.index(ix.ID)] = true
			}
		}
	}
	if !tab.desc.Edge {
		return nil
	}
	for _, p := range []keys.Prefix{tab.out, tab.in} {
		if err := c.adjacency(tab, p, p == tab.in); err != nil {
			return err
		}
	}
	return nil
}

// names reads the dictionary and checks that its numbers have no gap.
func (c *checker) names(tab *table) error {
	var names []string
	seen := map[string]bool{}
	prefix := systemKey(objNames, u32(tab.id))
	err := scanPrefix(c.kv, prefix, func(k, v []byte) error {
		if len(k) != len(prefix)+2 || int(binary.BigEndian.Uint16(k[len(prefix):])) != len(names) {
			c.problem(hex.EncodeToString(k), "the dictionary has a gap before name %q", v)
		}
		if seen[string(v)] {
			c.problem(hex.EncodeToString(k), "the dictionary has the name %q twice", v)
		}
		seen[string(v)] = true
		names = append(names, string(v))
		return nil
	})
	tab.dict.Store(record.NewDict(names))
	return err
}

// walk calls use for each key that starts with prefix.
func (c *checker) walk(prefix []byte, use func(key, value []byte) error) error {
	return c.walkTimes(prefix, func(k, v []byte, _ kv.Time) error { return use(k, v) })
}

func (c *checker) walkTimes(prefix []byte, use func(key, value []byte, at kv.Time) error) error {
	n := 0
	return scanTimes(c.kv, prefix, func(k, v []byte, at kv.Time) error {
		if n++; n%1024 == 0 {
			if err := c.ctx.Err(); err != nil {
				return err
			}
		}
		return use(k, v, at)
	})
}

// records checks every record: that it can be read, and that its index entries and adjacency are there.
func (c *checker) records(tab *table) (n int64, err error) {
	d := tab.dict.Load()
	err = c.walkTimes(tab.records[:], func(k, value []byte, at kv.Time) error {
		n++
		key, rest, err := decodeKey(k[keys.PrefixLen:])
		if err != nil || len(rest) > 0 {
			c.problem(hex.EncodeToString(k), "the key of a record is damaged")
			return nil
		}
		name := show(recordID(tab, key))
		if !bytes.Equal(recordKey(nil, tab.records, key), k) {
			c.problem(name, "its key is not written as it should be")
		}
		if _, err := record.Object(value, recordID(tab, key), d, nil); err != nil {
			c.problem(name, "the record is damaged: %v", err)
			return nil
		}
		if value, err = c.txn.reshape(tab, value, at); err != nil {
			c.problem(name, "the record cannot be read as the table was redefined: %v", err)
			return nil
		}
		for _, ix := range tab.desc.Indexes {
			if err := c.hasEntry(tab, ix, key, name, value); err != nil {
				return err
			}
		}
		if tab.desc.Edge {
			return c.hasAdjacency(tab, key, name, value)
		}
		return nil
	})
	return n, err
}

func (c *checker) hasEntry(tab *table, ix *schema.Index, key ops.Value, name string, value []byte) error {
	if !ix.Ready {
		return nil
	}
	c.txn.indexKeys = c.txn.indexKeys[:0]
	e, err := c.txn.oldEntry(tab, ix, key, value)
	if err != nil {
		c.problem(name, "index %s cannot hold it: %v", ix.Name, err)
		return nil
	}
	have, _, ok, err := c.kv.Get(e.key)
	switch {
	case err != nil:
		return err
	case !ok:
		c.problem(name, "index %s has no entry for it", ix.Name)
	case !bytes.Equal(have, e.value):
		c.problem(name, "its entry in index %s is of another record or of other kinds", ix.Name)
	}
	return nil
}

func (c *checker) hasAdjacency(tab *table, key ops.Value, name string, value []byte) error {
	e, err := c.txn.storedEnds(tab, key, value)
	if err != nil {
		c.problem(name, "the edge has no ends")
		return nil
	}
	out, in := c.txn.adjacency(tab, key, e)
	for _, k := range [][]byte{out, in} {
		if _, _, ok, err := c.kv.Get(k); err != nil {
			return err
		} else if !ok {
			c.problem(name, "the edge is missing from the adjacency of its ends")
		}
	}
	return nil
}

// index checks that every entry has its record.
func (c *checker) index(tab *table, ix *schema.Index, records int64) error {
	p := tab.index(ix.ID)
	var n int64
	err := c.walk(p[:], func(k, value []byte) error {
		n++
		key, ok := entryRecord(ix, k[keys.PrefixLen:], value)
		if !ok {
			c.problem(hex.EncodeToString(k), "an entry of index %s is damaged", ix.Name)
			return nil
		}
		rec, raw, found, err := c.kv.Get(recordKey(nil, tab.records, key))
		if err == nil && found {
			rec, err = c.txn.reshape(tab, rec, timeOf(raw))
		}
		if err != nil {
			return err
		}
		name := show(recordID(tab, key))
		if !found {
			c.problem(name, "index %s has an entry for it, but there is no such record", ix.Name)
			return nil
		}
		c.txn.indexKeys = c.txn.indexKeys[:0]
		if e, err := c.txn.oldEntry(tab, ix, key, rec); err == nil && !bytes.Equal(e.key, k) {
			c.problem(name, "index %s has an entry with values that the record does not have", ix.Name)
		}
		return nil
	})
	if err == nil && ix.Ready && n != records {
		c.problem(ix.Name, "the index has %d entries for %d records", n, records)
	}
	return err
}

// entryRecord returns the record key of an index entry.
func entryRecord(ix *schema.Index, k, value []byte) (ops.Value, bool) {
	var err error
	for range ix.Fields {
		if _, k, err = decodeKey(k); err != nil {
			return ops.None, false
		}
	}
	if len(k) == 0 {
		k = value
	}
	key, _, err := decodeKey(k)
	return key, err == nil
}

// adjacency checks that every adjacency key has its edge.
func (c *checker) adjacency(tab *table, p keys.Prefix, in bool) error {
	d := tab.dict.Load()
	return c.walk(p[:], func(k, _ []byte) error {
		a, err := splitAdjacency(k)
		near, far := tab.desc.ShownEnd(d.Name(a.nearTable)), tab.desc.ShownEnd(d.Name(a.farTable))
		if err != nil || near == nil || far == nil {
			c.problem(hex.EncodeToString(k), "an adjacency key is damaged")
			return nil
		}
		name := show(recordID(tab, a.edge))
		value, raw, ok, err := c.kv.Get(recordKey(nil, tab.records, a.edge))
		if err == nil && ok {
			value, err = c.txn.reshape(tab, value, timeOf(raw))
		}
		if err != nil {
			return err
		}
		if !ok {
			c.problem(name, "the adjacency names this edge, but there is no such record")
			return nil
		}
		e, err := c.txn.storedEnds(tab, a.edge, value)
		if err != nil {
			return nil // reported with the record
		}
		from, to := e.in, e.out
		if in {
			from, to = to, from
		}
		if !ops.Equal(from, ops.Record(*near, a.near)) || !ops.Equal(to, ops.Record(*far, a.far)) {
			c.problem(name, "the adjacency has other ends than the edge")
		}
		return nil
	})
}

// orphans looks for data that belongs to nothing.
func (c *checker) orphans() error {
	lo, hi := keys.Make(1, 0), keys.Make(keys.History, 0)
	it, err := c.store.pebble.NewIter(nil)
	if err != nil {
		return err
	}
	for ok := it.SeekGE(lo[:]); ok && bytes.Compare(it.Key(), hi[:]) < 0; {
		p, whole := keys.PrefixOf(it.Key())
		if !whole {
			c.problem(hex.EncodeToString(it.Key()), "a key is too short")
			ok = it.Next()
			continue
		}
		if !c.owners[p] && c.still(p) {
			c.problem(hex.EncodeToString(p[:]), "data of object %d belongs to no table or index", p.Object())
		}
		ok = it.SeekGE(keys.AppendEnd(nil, p[:]))
	}
	err = it.Error()
	if e := it.Close(); err == nil {
		err = e
	}
	return err
}

// still reports whether an object was there in the snapshot: others may have come since.
func (c *checker) still(p keys.Prefix) bool {
	it, err := c.kv.NewIter(p[:], keys.AppendEnd(nil, p[:]), c.kv.Mark())
	if err != nil {
		return true
	}
	ok := it.First()
	return it.Close() != nil || ok
}

// history checks that older versions can be read.
func (c *checker) history() error {
	it, err := c.store.pebble.NewIter(nil)
	if err != nil {
		return err
	}
	hi := keys.Make(keys.Meta, 0)
	for ok := it.SeekGE(keys.HistoryEpoch(0)); ok && bytes.Compare(it.Key(), hi[:]) < 0; ok = it.Next() {
		epoch, _, end, valid := keys.SplitHistory(it.Key())
		v, err := it.ValueAndErr()
		if err != nil {
			c.problem(hex.EncodeToString(it.Key()), "an older version cannot be read: %v", err)
		}
		if !valid || kv.Time(end).Epoch() != epoch || len(v) < kv.HeaderLen || kv.TimeOf(v) >= kv.Time(end) {
			c.problem(hex.EncodeToString(it.Key()), "an older version is damaged")
		}
	}
	err = it.Error()
	if e := it.Close(); err == nil {
		err = e
	}
	return err
}
