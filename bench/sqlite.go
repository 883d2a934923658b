package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver
)

// sqlitePeer is SQLite as Go programs have it without cgo: a log written ahead, a cache that holds everything, one
// connection, statements prepared once.
type sqlitePeer struct {
	dir    string
	data   *data
	db     *sql.DB
	conn   *sql.Conn
	fresh  *sql.DB // of the bulk import
	synced *sql.DB // of the durable insert
	round  int
	next   int64
	graph  bool
}

func openSQLite(dir string, d *data) (peer, error) {
	p := &sqlitePeer{dir: below(dir, "sqlite"), data: d}
	if err := os.Mkdir(p.dir, 0o755); err != nil {
		return nil, err
	}
	db, err := p.open("people.db", "NORMAL")
	if err != nil {
		return nil, err
	}
	p.db = db
	if err := loadPeople(db, d.people); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	p.conn, err = db.Conn(context.Background())
	return p, err
}

const personTable = `CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, city TEXT, score REAL, email TEXT, vip INTEGER, about TEXT)`

const insertPerson = `INSERT INTO person VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

func (p *sqlitePeer) open(file, synchronous string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(p.dir, file)+
		"?_pragma=journal_mode(WAL)&_pragma=synchronous("+synchronous+")&_pragma=cache_size(-65536)&_pragma=temp_store(MEMORY)&_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(personTable); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func loadPeople(db *sql.DB, people []person) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	insert, err := tx.Prepare(insertPerson)
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	for _, r := range people {
		if _, err := insert.Exec(r.id, r.name, r.age, r.city, r.score, r.email, r.vip, r.about); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

func (p *sqlitePeer) name() string { return sqliteName }

func (p *sqlitePeer) prepare(name string) (*job, error) {
	switch name {
	case "get":
		return p.query(`SELECT name, age, city, score, email, vip, about FROM person WHERE id = ?`, p.get)
	case "count":
		return p.query(`SELECT count(*) FROM person WHERE age > 40`, p.count)
	case "sum":
		return p.query(`SELECT city, sum(score) FROM person GROUP BY city`, p.sum)
	case "top":
		return p.query(`SELECT id, name, score FROM person ORDER BY score DESC LIMIT 10`, p.top)
	case "join":
		return p.join()
	case "correlated":
		return p.correlated()
	case "import":
		return &job{before: p.renew, run: p.load}, nil
	case "durable":
		return p.durable()
	case "indexed":
		if _, err := p.conn.ExecContext(context.Background(), `CREATE INDEX IF NOT EXISTS person_age ON person (age)`); err != nil {
			return nil, err
		}
		return p.query(`SELECT id, name, age, city, score, email, vip, about FROM person WHERE age = ?`, p.byAge)
	case "hops2":
		return p.hops(`SELECT DISTINCT b.dst FROM knows a JOIN knows b ON b.src = a.dst WHERE a.src = ?`)
	case "hops2if":
		return p.hops(graphSQL[name])
	case "mutual", "paths2":
		return p.counted(graphSQL[name])
	case "hops3":
		return p.hops(`SELECT DISTINCT c.dst FROM knows a JOIN knows b ON b.src = a.dst JOIN knows c ON c.src = b.dst WHERE a.src = ?`)
	}
	return nil, nil
}

// query makes the job of a statement that is prepared once.
func (p *sqlitePeer) query(text string, one func(*sql.Stmt, int) (uint64, error)) (*job, error) {
	stmt, err := p.conn.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, err
	}
	return &job{run: func(n int) (uint64, error) {
		var check uint64
		for i := range n {
			c, err := one(stmt, i)
			if err != nil {
				return 0, err
			}
			check += c
		}
		return check, nil
	}}, nil
}

func (p *sqlitePeer) get(stmt *sql.Stmt, i int) (uint64, error) {
	var r person
	err := stmt.QueryRow(p.data.key(i)).Scan(&r.name, &r.age, &r.city, &r.score, &r.email, &r.vip, &r.about)
	return checkPerson(r), err
}

func (p *sqlitePeer) count(stmt *sql.Stmt, _ int) (uint64, error) {
	var n uint64
	err := stmt.QueryRow().Scan(&n)
	return n, err
}

// each calls row for every row of the answer.
func each(stmt *sql.Stmt, row func(*sql.Rows) error, args ...any) error {
	rows, err := stmt.Query(args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := row(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

func (p *sqlitePeer) sum(stmt *sql.Stmt, _ int) (check uint64, err error) {
	err = each(stmt, func(rows *sql.Rows) error {
		var city string
		var sum float64
		err := rows.Scan(&city, &sum)
		check += uint64(sum * 4)
		return err
	})
	return check, err
}

func (p *sqlitePeer) top(stmt *sql.Stmt, _ int) (check uint64, err error) {
	err = each(stmt, func(rows *sql.Rows) error {
		var r person
		err := rows.Scan(&r.id, &r.name, &r.score)
		check += uint64(r.id)
		return err
	})
	return check, err
}

func (p *sqlitePeer) byAge(stmt *sql.Stmt, i int) (check uint64, err error) {
	err = each(stmt, func(rows *sql.Rows) error {
		var r person
		err := rows.Scan(&r.id, &r.name, &r.age, &r.city, &r.score, &r.email, &r.vip, &r.about)
		check += uint64(r.id) + checkPerson(r)
		return err
	}, i%100)
	return check, err
}

// checkPerson sums up a record that was read.
func checkPerson(r person) uint64 {
	return uint64(r.age) + uint64(r.score*4) + uint64(len(r.name)+len(r.city)+len(r.email)+len(r.about))
}

// hops makes the job of a statement over the graph, which it loads the first time.
func (p *sqlitePeer) hops(text string) (*job, error) {
	if !p.graph {
		if err := p.loadGraph(); err != nil {
			return nil, err
		}
		p.graph = true
	}
	return p.query(text, func(stmt *sql.Stmt, i int) (check uint64, err error) {
		err = each(stmt, func(rows *sql.Rows) error {
			var end uint64
			err := rows.Scan(&end)
			check += end + 1
			return err
		}, p.data.start(i))
		return check, err
	})
}

func (p *sqlitePeer) loadGraph() error {
	ctx := context.Background()
	tx, err := p.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`CREATE TABLE knows (src INTEGER, dst INTEGER, w INTEGER, PRIMARY KEY (src, dst)) WITHOUT ROWID`); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	insert, err := tx.Prepare(`INSERT INTO knows VALUES (?, ?, ?)`)
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	for from, ends := range p.data.out {
		for _, to := range ends {
			if _, err := insert.Exec(from, to, weightOf(int64(from), to)); err != nil {
				return errors.Join(err, tx.Rollback())
			}
		}
	}
	if err := p.nodesSQL(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// renew opens an empty database for the next bulk import.
func (p *sqlitePeer) renew() error {
	if p.fresh != nil {
		if err := p.fresh.Close(); err != nil {
			return err
		}
	}
	p.round++
	db, err := p.open(fmt.Sprintf("import-%d.db", p.round), "OFF")
	p.fresh = db
	return err
}

func (p *sqlitePeer) load(n int) (uint64, error) {
	return 0, loadPeople(p.fresh, p.data.people[:min(n, len(p.data.people))])
}

// durable inserts new records, each a synced transaction. SQLite has one writer at a time: the goroutines take turns.
func (p *sqlitePeer) durable() (*job, error) {
	db, err := p.open("durable.db", "FULL")
	if err != nil {
		return nil, err
	}
	p.synced = db
	insert, err := db.Prepare(insertPerson)
	if err != nil {
		return nil, err
	}
	return &job{run: func(n int) (uint64, error) {
		first := p.next
		p.next += int64(n)
		return 0, concurrently(n, func(_, i int) error {
			r := p.data.people[i%len(p.data.people)]
			_, err := insert.Exec(first+int64(i), r.name, r.age, r.city, r.score, r.email, r.vip, r.about)
			return err
		})
	}}, nil
}

func (p *sqlitePeer) close() error {
	err := p.conn.Close()
	for _, db := range []*sql.DB{p.db, p.fresh, p.synced} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	return err
}
