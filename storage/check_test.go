package storage

import (
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage/keys"
)

func TestCheckFindsWhatIsBroken(t *testing.T) {
	header := make([]byte, 8)
	header[7] = 1
	for _, c := range []struct {
		name string
		harm func(t *testing.T, db *pebble.DB, p, e *table)
		want string
	}{
		{"record gone", func(t *testing.T, db *pebble.DB, p, e *table) {
			db.Delete(recordKey(nil, p.records, ops.Int(3)), pebble.NoSync)
		}, "p:3: index age has an entry for it, but there is no such record"},
		{"record damaged", func(t *testing.T, db *pebble.DB, p, e *table) {
			db.Set(recordKey(nil, p.records, ops.Int(3)), append(header, 0, 9, 1), pebble.NoSync)
		}, "p:3: the record is damaged"},
		{"entry gone", func(t *testing.T, db *pebble.DB, p, e *table) {
			ix := p.index(p.desc.Indexes[0].ID)
			db.Delete(appendKey(appendKey(ix[:], ops.Int(3)), ops.Int(3)), pebble.NoSync)
		}, "p:3: index age has no entry for it"},
		{"adjacency gone", func(t *testing.T, db *pebble.DB, p, e *table) {
			db.DeleteRange(e.out[:], keys.AppendEnd(nil, e.out[:]), pebble.NoSync)
		}, "e:1: the edge is missing from the adjacency"},
		{"edge gone", func(t *testing.T, db *pebble.DB, p, e *table) {
			db.Delete(recordKey(nil, e.records, ops.Int(1)), pebble.NoSync)
		}, "e:1: the adjacency names this edge"},
		{"names gone", func(t *testing.T, db *pebble.DB, p, e *table) {
			db.Delete(nameKey(p.id, 0), pebble.NoSync)
		}, "the dictionary has a gap"},
		{"foreign data", func(t *testing.T, db *pebble.DB, p, e *table) {
			stray := keys.Make(7, 4711)
			db.Set(append(stray[:], 1), header, pebble.NoSync)
		}, "data of object 4711 belongs to no table or index"},
		{"history", func(t *testing.T, db *pebble.DB, p, e *table) {
			db.Set(append(keys.HistoryEpoch(3), 1), header, pebble.NoSync)
		}, "an older version is damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := memStore(t)
			fill(t, s, 10)
			if err := defineIndex(t, s, "p", "age", false, []string{"age"}); err != nil {
				t.Fatal(err)
			}
			update(t, s, func(txn *Txn) {
				relate(t, txn, "e", ops.Int(1), ops.Record("p", ops.Int(1)), ops.Record("p", ops.Int(2)))
			})
			sound(t, s)
			cat := s.catalogs[place{"main", "main"}].Load()
			c.harm(t, s.pebble, cat.byName["p"], cat.byName["e"])
			s.db.FilesChanged()
			var all []string
			if err := s.Check(ctx, func(p Problem) { all = append(all, p.String()) }); err != nil {
				t.Fatal(err)
			}
			if found := strings.Join(all, "\n"); !strings.Contains(found, c.want) {
				t.Fatalf("found\n%s\nwant %s", found, c.want)
			}
		})
	}
}

func TestDamagedRecordIsAnError(t *testing.T) {
	s := memStore(t)
	fill(t, s, 3)
	cat := s.catalogs[place{"main", "main"}].Load()
	s.pebble.Set(recordKey(nil, cat.byName["p"].records, ops.Int(1)), []byte{0, 0, 0, 0, 0, 0, 0, 1, 0xff}, pebble.NoSync)
	s.db.FilesChanged()
	read(t, s, func(txn *Txn) {
		dst := make([]ops.Value, 1)
		_, err := txn.Get(ctx, txn.Catalog().Table("p"), ops.Int(1), wholeRecord, dst)
		if ops.CodeOf(err) != ops.CodeCorrupt || !strings.Contains(err.Error(), "p:1") {
			t.Fatal(err)
		}
	})
}
