package main

import (
	"database/sql"

	"github.com/zerodb/zerodb"
)

// ---- zerodb

func (p *zerodbPeer) joinJob() (*job, error) {
	towns := p.data.towns()
	err := batches(p.session, len(towns), func(i int) error {
		_, err := p.session.Insert(ctx, "town", zerodb.Int(int64(i+1)), zerodb.Object(
			zerodb.Member{Name: "name", Value: zerodb.String(towns[i].name)}, zerodb.Member{Name: "region", Value: zerodb.String(towns[i].region)}))
		return err
	})
	if err != nil {
		return nil, err
	}
	return p.query(`SELECT t.region, FOLD count() AS n, FOLD sum(p.score) AS sum FROM person AS p JOIN town AS t ON p.city = t.name GROUP BY t.region`,
		nil, func(check *uint64, row zerodb.Row) {
			*check += uint64(row.At(1).AsInt()) + uint64(row.At(2).AsFloat()*4)
		})
}

// correlatedJob makes the job of a statement that counts the posts of each person.
func (p *zerodbPeer) correlatedJob(text string) (*job, error) {
	if !p.posts {
		p.posts = true
		err := batches(p.session, len(p.data.order), func(i int) error {
			author := zerodb.Record("person", zerodb.Int(p.data.author(i)))
			_, err := p.session.Insert(ctx, "post", zerodb.Int(int64(i+1)), zerodb.Object(zerodb.Member{Name: "author", Value: author}))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return p.query(text, nil, func(check *uint64, row zerodb.Row) {
		*check += uint64(row.At(0).RecordKey().AsInt()) * uint64(row.At(1).AsInt()+1)
	})
}

// joinedText asks for the same as the correlated count in the words of a join.
const joinedText = `SELECT p.id, FOLD count(o.id) AS posts FROM person AS p LEFT JOIN post AS o ON o.author = p.id GROUP BY p.id`

// ---- SQLite

func (p *sqlitePeer) join() (*job, error) {
	if err := p.fill(`CREATE TABLE town (id INTEGER PRIMARY KEY, name TEXT UNIQUE, region TEXT)`, `INSERT INTO town (name, region) VALUES (?, ?)`,
		len(p.data.towns()), func(i int) []any { t := p.data.towns()[i]; return []any{t.name, t.region} }); err != nil {
		return nil, err
	}
	return p.query(`SELECT t.region, count(*), sum(p.score) FROM person p JOIN town t ON p.city = t.name GROUP BY t.region`,
		func(stmt *sql.Stmt, _ int) (check uint64, err error) {
			err = each(stmt, func(rows *sql.Rows) error {
				var region string
				var n uint64
				var sum float64
				err := rows.Scan(&region, &n, &sum)
				check += n + uint64(sum*4)
				return err
			})
			return check, err
		})
}

func (p *sqlitePeer) correlated() (*job, error) {
	if err := p.fill(`CREATE TABLE post (id INTEGER PRIMARY KEY, author INTEGER)`, `INSERT INTO post (author) VALUES (?)`,
		len(p.data.order), func(i int) []any { return []any{p.data.author(i)} }); err != nil {
		return nil, err
	}
	if _, err := p.conn.ExecContext(ctx, `CREATE INDEX post_author ON post (author)`); err != nil {
		return nil, err
	}
	return p.query(`SELECT id, (SELECT count(*) FROM post WHERE author = person.id) FROM person`,
		func(stmt *sql.Stmt, _ int) (check uint64, err error) {
			err = each(stmt, func(rows *sql.Rows) error {
				var id, n uint64
				err := rows.Scan(&id, &n)
				check += id * (n + 1)
				return err
			})
			return check, err
		})
}

// fill makes a table of n rows.
func (p *sqlitePeer) fill(table, insert string, n int, row func(i int) []any) error {
	tx, err := p.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing behind the commit
	if _, err := tx.Exec(table); err != nil {
		return err
	}
	stmt, err := tx.Prepare(insert)
	if err != nil {
		return err
	}
	for i := range n {
		if _, err := stmt.Exec(row(i)...); err != nil {
			return err
		}
	}
	return tx.Commit()
}
