package sqldriver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/ops"
)

func init() { sql.Register("zerodb", Driver{}) }

// Driver is the driver that is registered as "zerodb".
type Driver struct{}

var _ driver.DriverContext = Driver{}

// OpenConnector reads a data source name, see ParseDSN.
func (Driver) OpenConnector(name string) (driver.Connector, error) {
	d, err := ParseDSN(name)
	if err != nil {
		return nil, err
	}
	return &Connector{options: d.session(), own: true, open: d.open}, nil
}

// Open makes one connection. database/sql uses OpenConnector instead.
func (d Driver) Open(name string) (driver.Conn, error) {
	c, err := d.OpenConnector(name)
	if err != nil {
		return nil, err
	}
	conn, err := c.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	conn.(*Conn).end = c.(*Connector).Close
	return conn, nil
}

// open opens what a data source name names.
func (d *DSN) open(ctx context.Context) (zerodb.Database, error) {
	switch {
	case d.Addr != "":
		return client.Connect(ctx, d.Addr, d.client()...)
	case d.Memory:
		return zerodb.OpenMemory(nil)
	}
	return zerodb.Open(d.Dir, &zerodb.Options{ReadOnly: d.ReadOnly, Relaxed: d.Relaxed})
}

// Open makes a sql.DB of a database that is open, whose connections begin as o says; nil: in main of main. Closing the sql.DB does
// not close the database.
func Open(db zerodb.Database, o *zerodb.SessionOptions) *sql.DB {
	return sql.OpenDB(&Connector{options: o, db: db})
}

// Connector makes connections to one database, which it opens with the first of them.
type Connector struct {
	options *zerodb.SessionOptions
	own     bool // the database is closed with the connector
	open    func(context.Context) (zerodb.Database, error)

	mu     sync.Mutex
	db     zerodb.Database
	closed bool
}

var _ driver.Connector = (*Connector)(nil)

// Driver returns the driver.
func (c *Connector) Driver() driver.Driver { return Driver{} }

// Connect makes a connection: a session of the database.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	db, err := c.database(ctx)
	if err != nil {
		return nil, err
	}
	s, err := db.Conn(ctx, c.options)
	if err != nil {
		return nil, err
	}
	return &Conn{session: s, namespace: s.Namespace(), database: s.Database()}, nil
}

func (c *Connector) database(ctx context.Context) (zerodb.Database, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ops.Errorf(ops.CodeClosed, "the database is closed")
	}
	if c.db == nil {
		db, err := c.open(ctx)
		if err != nil {
			return nil, err
		}
		c.db = db
	}
	return c.db, nil
}

// Close closes the database that the connector has opened.
func (c *Connector) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	db := c.db
	c.db = nil
	if db == nil || !c.own {
		return nil
	}
	return db.Close()
}
