package peer

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/zerodb/zerodb"
)

// zerodbPeer is zerodb, embedded or behind a server.
type zerodbPeer struct {
	db       zerodb.Database
	settings string
}

const zerodbTable = "usertable"

// Zerodb makes a peer of a database that is open.
func Zerodb(db zerodb.Database, settings string) Peer { return &zerodbPeer{db, settings} }

func openZerodb(_ context.Context, dir string) (Peer, string, error) {
	db, err := zerodb.Open(dir, nil)
	if err != nil {
		return nil, "", err
	}
	return Zerodb(db, "embedded, every write synced"), "", nil
}

func (p *zerodbPeer) Name() string { return "zerodb" }

func (p *zerodbPeer) Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

func (p *zerodbPeer) Settings() string { return p.settings }

func (p *zerodbPeer) Close() error { return p.db.Close() }

// loadBatch is how many records a transaction of a load has.
const loadBatch = 1000

func (p *zerodbPeer) Load(ctx context.Context, n int, record func(i int) Record) error {
	conn, err := p.db.Conn(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	for i := 0; i < n; i += loadBatch {
		if err := conn.Begin(ctx, nil); err != nil {
			return err
		}
		for j := i; j < min(i+loadBatch, n); j++ {
			if err := conn.Put(ctx, zerodbTable, zerodb.Int(int64(j)), fieldsOf(record(j))); err != nil {
				return err
			}
		}
		if err := conn.Commit(ctx); err != nil {
			return err
		}
	}
	return nil
}

func fieldsOf(r Record) zerodb.Value {
	members := make([]zerodb.Member, len(r))
	for i, v := range r {
		members[i] = zerodb.Member{Name: fieldName(i), Value: zerodb.String(v)}
	}
	return zerodb.Object(members...)
}

func fieldName(i int) string { return fmt.Sprintf("field%d", i) }

type zerodbClient struct {
	conn    zerodb.Conn
	read    *zerodb.Stmt
	updates []*zerodb.Stmt
	scan    *zerodb.Stmt
}

func (p *zerodbPeer) Client(ctx context.Context) (Client, error) {
	conn, err := p.db.Conn(ctx, nil)
	if err != nil {
		return nil, err
	}
	c := &zerodbClient{conn: conn}
	if c.read, err = conn.Prepare(ctx, "SELECT * FROM "+zerodbTable+":$key"); err != nil {
		return nil, err
	}
	c.scan, err = conn.Prepare(ctx, "SELECT * FROM "+zerodbTable+" WHERE id >= "+zerodbTable+":$key LIMIT $n")
	return c, err
}

func (c *zerodbClient) Read(ctx context.Context, key int) error {
	_, found, err := c.read.QueryRow(ctx, zerodb.Named("key", key))
	if err == nil && !found {
		err = fmt.Errorf("record %d is not there", key)
	}
	return err
}

func (c *zerodbClient) Update(ctx context.Context, key, field int, value string) error {
	for len(c.updates) <= field {
		s, err := c.conn.Prepare(ctx, fmt.Sprintf("UPDATE %s:$key SET %s = $value RETURN NONE", zerodbTable, fieldName(len(c.updates))))
		if err != nil {
			return err
		}
		c.updates = append(c.updates, s)
	}
	_, err := c.updates[field].Execute(ctx, zerodb.Named("key", key), zerodb.Named("value", value))
	return err
}

func (c *zerodbClient) Insert(ctx context.Context, key int, r Record) error {
	return c.conn.Put(ctx, zerodbTable, zerodb.Int(int64(key)), fieldsOf(r))
}

func (c *zerodbClient) Scan(ctx context.Context, key, n int) (got int, err error) {
	rows, err := c.scan.Execute(ctx, zerodb.Named("key", key), zerodb.Named("n", n))
	if err != nil {
		return 0, err
	}
	for rows.Next() {
		got++
	}
	return got, rows.Err()
}

func (c *zerodbClient) Close() error { return c.conn.Close() }
