package peer

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// sqlPeer is a database behind database/sql, with a column a field.
type sqlPeer struct {
	name, version, settings string
	db                      *sql.DB
	fields                  int
	placeholder             func(i int) string
	close                   func() error
}

// ycsbFields is how many fields a record has.
const ycsbFields = 10

func (p *sqlPeer) Name() string     { return p.name }
func (p *sqlPeer) Version() string  { return p.version }
func (p *sqlPeer) Settings() string { return p.settings }

func (p *sqlPeer) Close() error {
	err := p.db.Close()
	if p.close != nil {
		if e := p.close(); err == nil {
			err = e
		}
	}
	return err
}

// create makes the table anew.
func (p *sqlPeer) create(ctx context.Context, suffix string) error {
	columns := make([]string, p.fields)
	for i := range columns {
		columns[i] = fieldName(i) + " TEXT NOT NULL"
	}
	if _, err := p.db.ExecContext(ctx, "DROP TABLE IF EXISTS usertable"); err != nil {
		return err
	}
	_, err := p.db.ExecContext(ctx, "CREATE TABLE usertable (id BIGINT PRIMARY KEY, "+strings.Join(columns, ", ")+")"+suffix)
	return err
}

func (p *sqlPeer) insertText() string {
	marks := make([]string, p.fields+1)
	for i := range marks {
		marks[i] = p.placeholder(i + 1)
	}
	return "INSERT INTO usertable VALUES (" + strings.Join(marks, ", ") + ")"
}

func arguments(key int, r Record) []any {
	args := make([]any, 0, len(r)+1)
	args = append(args, key)
	for _, v := range r {
		args = append(args, v)
	}
	return args
}

func (p *sqlPeer) Load(ctx context.Context, n int, record func(i int) Record) error {
	for i := 0; i < n; i += loadBatch {
		if err := p.loadSome(ctx, i, min(i+loadBatch, n), record); err != nil {
			return err
		}
	}
	return nil
}

func (p *sqlPeer) loadSome(ctx context.Context, from, to int, record func(i int) Record) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	stmt, err := tx.PrepareContext(ctx, p.insertText())
	if err != nil {
		return err
	}
	for i := from; i < to; i++ {
		if _, err := stmt.ExecContext(ctx, arguments(i, record(i))...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// sqlClient has a connection of its own with its statements prepared on it.
type sqlClient struct {
	conn               *sql.Conn
	read, insert, scan *sql.Stmt
	update             []*sql.Stmt
	fields             int
}

func (p *sqlPeer) Client(ctx context.Context) (Client, error) {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	c := &sqlClient{conn: conn, fields: p.fields, update: make([]*sql.Stmt, p.fields)}
	prepare := func(into **sql.Stmt, text string) {
		if err == nil {
			*into, err = conn.PrepareContext(ctx, text)
		}
	}
	one, two := p.placeholder(1), p.placeholder(2)
	prepare(&c.read, "SELECT * FROM usertable WHERE id = "+one)
	prepare(&c.insert, p.insertText())
	prepare(&c.scan, "SELECT * FROM usertable WHERE id >= "+one+" ORDER BY id LIMIT "+two)
	for i := range c.update {
		prepare(&c.update[i], fmt.Sprintf("UPDATE usertable SET %s = %s WHERE id = %s", fieldName(i), one, two))
	}
	return c, err
}

func (c *sqlClient) Close() error { return c.conn.Close() }

// all reads every row, and every field of it.
func (c *sqlClient) all(rows *sql.Rows, err error) (n int, _ error) {
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	var id int64
	values := make([]string, c.fields)
	into := make([]any, c.fields+1)
	into[0] = &id
	for i := range values {
		into[i+1] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return n, err
		}
		n++
	}
	return n, rows.Err()
}

func (c *sqlClient) Read(ctx context.Context, key int) error {
	n, err := c.all(c.read.QueryContext(ctx, key))
	if err == nil && n != 1 {
		err = fmt.Errorf("record %d is not there", key)
	}
	return err
}

func (c *sqlClient) Update(ctx context.Context, key, field int, value string) error {
	_, err := c.update[field].ExecContext(ctx, value, key)
	return err
}

func (c *sqlClient) Insert(ctx context.Context, key int, r Record) error {
	_, err := c.insert.ExecContext(ctx, arguments(key, r)...)
	return err
}

func (c *sqlClient) Scan(ctx context.Context, key, n int) (int, error) {
	return c.all(c.scan.QueryContext(ctx, key, n))
}
