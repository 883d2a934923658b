package peer

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime/debug"

	bolt "go.etcd.io/bbolt"
)

// boltPeer is bbolt: a B+tree of bytes with one writer. Records are JSON.
type boltPeer struct{ db *bolt.DB }

var boltBucket = []byte("usertable")

func openBolt(_ context.Context, dir string) (Peer, string, error) {
	db, err := bolt.Open(filepath.Join(dir, "bolt.db"), 0o600, nil)
	if err != nil {
		return nil, "", err
	}
	err = db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucketIfNotExists(boltBucket); return err })
	return &boltPeer{db}, "", err
}

func (p *boltPeer) Name() string    { return "bbolt" }
func (p *boltPeer) Version() string { return moduleVersion("go.etcd.io/bbolt") }
func (p *boltPeer) Settings() string {
	return "embedded, every write synced; concurrent writers share a transaction (Batch)"
}
func (p *boltPeer) Close() error { return p.db.Close() }

// moduleVersion is the version of a module that this program was built with.
func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, d := range info.Deps {
		if d.Path == path {
			return d.Version
		}
	}
	return "unknown"
}

func boltKey(key int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(key)) }

func (p *boltPeer) Load(_ context.Context, n int, record func(i int) Record) error {
	for i := 0; i < n; i += loadBatch {
		err := p.db.Update(func(tx *bolt.Tx) error {
			for j := i; j < min(i+loadBatch, n); j++ {
				if err := boltPut(tx, j, record(j)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func boltPut(tx *bolt.Tx, key int, r Record) error {
	value, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return tx.Bucket(boltBucket).Put(boltKey(key), value)
}

func boltGet(tx *bolt.Tx, key int) (r Record, err error) {
	value := tx.Bucket(boltBucket).Get(boltKey(key))
	if value == nil {
		return nil, fmt.Errorf("record %d is not there", key)
	}
	return r, json.Unmarshal(value, &r)
}

// Client returns the peer itself: bbolt's transactions belong to no connection.
func (p *boltPeer) Client(context.Context) (Client, error) { return boltClient{p.db}, nil }

type boltClient struct{ db *bolt.DB }

func (c boltClient) Close() error { return nil }

func (c boltClient) Read(_ context.Context, key int) error {
	return c.db.View(func(tx *bolt.Tx) error { _, err := boltGet(tx, key); return err })
}

func (c boltClient) Update(_ context.Context, key, field int, value string) error {
	return c.db.Batch(func(tx *bolt.Tx) error {
		r, err := boltGet(tx, key)
		if err != nil {
			return err
		}
		r[field] = value
		return boltPut(tx, key, r)
	})
}

func (c boltClient) Insert(_ context.Context, key int, r Record) error {
	return c.db.Batch(func(tx *bolt.Tx) error { return boltPut(tx, key, r) })
}

func (c boltClient) Scan(_ context.Context, key, n int) (got int, err error) {
	err = c.db.View(func(tx *bolt.Tx) error {
		cursor := tx.Bucket(boltBucket).Cursor()
		for k, v := cursor.Seek(boltKey(key)); k != nil && got < n; k, v = cursor.Next() {
			var r Record
			if err := json.Unmarshal(v, &r); err != nil {
				return err
			}
			got++
		}
		return nil
	})
	return got, err
}
