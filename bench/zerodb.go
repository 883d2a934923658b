package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// zerodbPeer is zerodb as a Go program has it: one database, statements prepared once.
type zerodbPeer struct {
	dir     string
	data    *data
	db      *zerodb.DB
	session *zerodb.Session
	graph   bool
	posts   bool

	fresh        *zerodb.DB // of the bulk import
	freshSession *zerodb.Session
	round        int
	next         int64 // keys of the durable insert
}

var ctx = context.Background()

// batchRows is how many records of an import make a transaction, as in raw Pebble's batches.
const batchRows = 1000

func openZerodb(dir string, d *data) (peer, error) {
	p := &zerodbPeer{dir: below(dir, "zerodb"), data: d}
	db, s, err := p.open(p.dir, false)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(importPeople(s, "person", d.people), importKeys(s, d.people), db.Close()); err != nil {
		return nil, err
	}
	if d.stored.people, d.stored.values, err = readStored(p.dir, len(d.people)); err != nil {
		return nil, err
	}
	// Opened anew, so that reads are from tables and not from the memory of the import.
	p.db, p.session, err = p.open(p.dir, false)
	return p, err
}

func (p *zerodbPeer) open(dir string, relaxed bool) (*zerodb.DB, *zerodb.Session, error) {
	db, err := zerodb.Open(dir, &zerodb.Options{Relaxed: relaxed, CacheBytes: cacheBytes})
	if err != nil {
		return nil, nil, err
	}
	s, err := db.Session(ctx, nil)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, s, nil
}

// object makes a person's record.
func object(r *person) zerodb.Value {
	return zerodb.Object(
		zerodb.Member{Name: "name", Value: zerodb.String(r.name)},
		zerodb.Member{Name: "age", Value: zerodb.Int(r.age)},
		zerodb.Member{Name: "city", Value: zerodb.String(r.city)},
		zerodb.Member{Name: "score", Value: zerodb.Float(r.score)},
		zerodb.Member{Name: "email", Value: zerodb.String(r.email)},
		zerodb.Member{Name: "vip", Value: zerodb.Bool(r.vip)},
		zerodb.Member{Name: "about", Value: zerodb.String(r.about)},
	)
}

// batches runs write for 0 to n-1, batchRows of them in a transaction.
func batches(s *zerodb.Session, n int, write func(i int) error) error {
	for at := 0; at < n; at += batchRows {
		if err := s.Begin(ctx, nil); err != nil {
			return err
		}
		for i := at; i < min(at+batchRows, n); i++ {
			if err := write(i); err != nil {
				return errors.Join(err, s.Cancel())
			}
		}
		if err := s.Commit(ctx); err != nil {
			return err
		}
	}
	return nil
}

func importPeople(s *zerodb.Session, table string, people []person) error {
	return batches(s, len(people), func(i int) error {
		_, err := s.Insert(ctx, table, zerodb.Int(people[i].id), object(&people[i]))
		return err
	})
}

// importKeys fills the key-value store with values of 130 bytes.
func importKeys(s *zerodb.Session, people []person) error {
	kv := s.KV("kv")
	return batches(s, len(people), func(i int) error {
		return kv.Put(ctx, zerodb.Int(people[i].id), fmt.Appendf(nil, "%-130s", people[i].email))
	})
}

func (p *zerodbPeer) name() string { return zerodbName }

func (p *zerodbPeer) prepare(name string) (*job, error) {
	switch name {
	case "get":
		return p.getJob()
	case "kv":
		return p.kvJob(), nil
	case "count":
		return p.query(`SELECT VALUE FOLD count() FROM person WHERE age > 40`, nil, func(check *uint64, row zerodb.Row) {
			*check += uint64(row.At(0).AsInt())
		})
	case "sum":
		return p.query(`SELECT city, FOLD sum(score) AS sum FROM person GROUP BY city`, nil, func(check *uint64, row zerodb.Row) {
			*check += uint64(row.At(1).AsFloat() * 4)
		})
	case "top":
		return p.query(`SELECT id, name, score FROM person ORDER BY score DESC LIMIT 10`, nil, func(check *uint64, row zerodb.Row) {
			*check += uint64(row.At(0).RecordKey().AsInt())
		})
	case "join":
		return p.joinJob()
	case "correlated":
		return p.correlatedJob(`SELECT id, (SELECT VALUE FOLD count() FROM post WHERE author = $parent.id)[0] AS posts FROM person`)
	case "import":
		return &job{before: p.renew, run: p.load}, nil
	case "durable":
		return &job{run: p.durable}, nil
	case "indexed":
		if _, err := p.session.Execute(ctx, `DEFINE INDEX IF NOT EXISTS by_age ON TABLE person FIELDS age`); err != nil {
			return nil, err
		}
		return p.query(`SELECT id, name, age, city, score, email, vip, about FROM person WHERE age = $a`,
			func(i int) zerodb.Arg { return zerodb.Named("a", int64(i%100)) },
			func(check *uint64, row zerodb.Row) {
				*check += uint64(row.At(0).RecordKey().AsInt()) + checkRow(row, 1)
			})
	case "hops2":
		return p.hops(`SELECT DISTINCT VALUE b.id FROM node:$s -> knows -> node -> knows -> (node AS b)`)
	case "hops2if":
		return p.hops(graphQueries[name])
	case "mutual", "paths2":
		if err := p.needGraph(); err != nil {
			return nil, err
		}
		return p.query(graphQueries[name], nil, func(check *uint64, row zerodb.Row) { *check += uint64(row.At(0).AsInt()) })
	case "hops3":
		return p.hops(`SELECT DISTINCT VALUE c.id FROM node:$s -> knows -> node -> knows -> node -> knows -> (node AS c)`)
	case "while":
		return p.whileJob()
	case "call":
		return p.callJob(`SELECT VALUE tripled(age, score) FROM person`)
	case "compile":
		return p.compileJob()
	case "parse":
		return parseJob(), nil
	case "verify":
		return p.verifyJob()
	}
	return nil, nil
}

// checkRow sums up a person's columns, in the order of the record, from column at on, as checkPerson does.
func checkRow(row zerodb.Row, at int) uint64 {
	text := func(i int) int { return len(row.At(at + i).AsString()) }
	return uint64(row.At(at+1).AsInt()) + uint64(row.At(at+3).AsFloat()*4) + uint64(text(0)+text(2)+text(4)+text(6))
}

// query makes the job of a statement that is prepared once: each row is added to the check.
func (p *zerodbPeer) query(text string, arg func(i int) zerodb.Arg, add func(check *uint64, row zerodb.Row)) (*job, error) {
	stmt, err := p.session.Prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	var args []zerodb.Arg
	if arg != nil {
		args = make([]zerodb.Arg, 1)
	}
	return repeated(func(i int) (check uint64, err error) {
		if arg != nil {
			args[0] = arg(i)
		}
		rows, err := stmt.Execute(ctx, args...)
		if err != nil {
			return 0, err
		}
		for rows.Next() {
			add(&check, rows.Row())
		}
		return check, rows.Err()
	}), nil
}

// repeated makes the job that does one again and again.
func repeated(one func(i int) (check uint64, err error)) *job {
	return &job{
		run: func(n int) (check uint64, err error) {
			for i := range n {
				c, err := one(i)
				if err != nil {
					return 0, err
				}
				check += c
			}
			return check, nil
		},
		allocations: func() (float64, error) {
			var failed error
			i := 0
			n := testing.AllocsPerRun(1000, func() {
				if _, err := one(i); err != nil {
					failed = err
				}
				i++
			})
			return n, failed
		},
	}
}

// getJob reads whole records by id.
func (p *zerodbPeer) getJob() (*job, error) {
	stmt, err := p.session.Prepare(ctx, `SELECT * FROM person:$id`)
	if err != nil {
		return nil, err
	}
	args := make([]zerodb.Arg, 1)
	return repeated(func(i int) (uint64, error) {
		args[0] = zerodb.Named("id", p.data.key(i))
		row, found, err := stmt.QueryRow(ctx, args...)
		if err != nil || !found {
			return 0, errors.Join(err, fmt.Errorf("person %d: found %t", p.data.key(i), found))
		}
		return checkRow(row, 1), nil
	}), nil
}

// kvJob reads values by key, beside the language.
func (p *zerodbPeer) kvJob() *job {
	kv := p.session.KV("kv")
	var value []byte
	return repeated(func(i int) (uint64, error) {
		var found bool
		var err error
		value, found, err = kv.Get(ctx, zerodb.Int(p.data.key(i)), value[:0])
		if err != nil || !found {
			return 0, errors.Join(err, fmt.Errorf("key %d: found %t", p.data.key(i), found))
		}
		return 0, nil
	})
}

// renew opens an empty database for the next bulk import.
func (p *zerodbPeer) renew() error {
	if p.fresh != nil {
		if err := p.fresh.Close(); err != nil {
			return err
		}
	}
	p.round++
	var err error
	p.fresh, p.freshSession, err = p.open(fmt.Sprintf("%s-import-%d", p.dir, p.round), true)
	return err
}

func (p *zerodbPeer) load(n int) (uint64, error) {
	return 0, importPeople(p.freshSession, "person", p.data.people[:min(n, len(p.data.people))])
}

// durable inserts new records from many writers, each in a synced transaction of its own.
func (p *zerodbPeer) durable(n int) (uint64, error) {
	sessions := make([]*zerodb.Session, writers)
	for w := range sessions {
		s, err := p.db.Session(ctx, nil)
		if err != nil {
			return 0, err
		}
		sessions[w] = s
	}
	first := p.next
	p.next += int64(n)
	err := concurrently(n, func(w, i int) error {
		_, err := sessions[w].Insert(ctx, "inserted", zerodb.Int(first+int64(i)), object(&p.data.people[i%len(p.data.people)]))
		return err
	})
	for _, s := range sessions {
		err = errors.Join(err, s.Close())
	}
	return 0, err
}

// hops makes the job of a statement over the graph, which it loads the first time.
func (p *zerodbPeer) hops(text string) (*job, error) {
	if err := p.needGraph(); err != nil {
		return nil, err
	}
	return p.query(text,
		func(i int) zerodb.Arg { return zerodb.Named("s", p.data.start(i)) },
		func(check *uint64, row zerodb.Row) { *check += uint64(row.At(0).RecordKey().AsInt()) + 1 })
}

// needGraph loads the graph the first time.
func (p *zerodbPeer) needGraph() error {
	if p.graph {
		return nil
	}
	p.graph = true
	return p.loadGraph()
}

func (p *zerodbPeer) loadGraph() error {
	err := batches(p.session, p.data.vertices, func(i int) error {
		_, err := p.session.Insert(ctx, "node", zerodb.Int(int64(i)), zerodb.Object(zerodb.Member{Name: "age", Value: zerodb.Int(ageOf(int64(i)))}))
		return err
	})
	if err != nil {
		return err
	}
	if _, err := p.session.Execute(ctx, `DEFINE EDGE knows FROM node TO node`); err != nil {
		return err
	}
	edges := p.data.edges()
	err = batches(p.session, len(edges), func(i int) error {
		from, to := zerodb.Record("node", zerodb.Int(edges[i].from)), zerodb.Record("node", zerodb.Int(edges[i].to))
		_, err := p.session.Relate(ctx, "knows", zerodb.Int(int64(i)), from, to, zerodb.Object(zerodb.Member{Name: "w", Value: zerodb.Int(weightOf(edges[i].from, edges[i].to))}))
		return err
	})
	if err != nil {
		return err
	}
	// As behind the import of people: raw Pebble gets the same keys, and both are opened anew.
	if err := p.db.Close(); err != nil {
		return err
	}
	if err := p.data.readEdges(p.dir, edges); err != nil {
		return err
	}
	p.db, p.session, err = p.open(p.dir, false)
	return err
}

// whileJob counts in a loop; an operation is a step.
func (p *zerodbPeer) whileJob() (*job, error) {
	stmt, err := p.session.Prepare(ctx, `LET $i = 0; WHILE $i < $n DO SET $i += 1 END; RETURN $i`)
	if err != nil {
		return nil, err
	}
	count := func(n int) error {
		row, found, err := stmt.QueryRow(ctx, zerodb.Named("n", int64(n)))
		if err == nil && (!found || row.Value().AsInt() != int64(n)) {
			err = fmt.Errorf("the loop of %d steps gave %s", n, row.AppendJSON(nil))
		}
		return err
	}
	return &job{
		run: func(n int) (uint64, error) { return 0, count(n) },
		// Those of a longer loop less those of a shorter one: what a statement allocates by itself is in both.
		allocations: func() (float64, error) {
			const steps = 100_000
			var failed error
			of := func(n int) float64 {
				return testing.AllocsPerRun(10, func() { failed = errors.Join(failed, count(n)) })
			}
			return max(0, of(2*steps)-of(steps)) / steps, failed
		},
	}, nil
}

// writtenText is what the function of callJob is short for.
const writtenText = `SELECT VALUE age * 3 + score FROM person`

// callJob makes the job of a projection with a call.
func (p *zerodbPeer) callJob(text string) (*job, error) {
	if _, err := p.session.Execute(ctx, `DEFINE FUNCTION IF NOT EXISTS tripled($a TYPE int, $b TYPE float) TYPE float DO RETURN $a * 3 + $b END`); err != nil {
		return nil, err
	}
	return p.query(text, nil, func(check *uint64, row zerodb.Row) { *check += uint64(row.At(0).AsFloat() * 4) })
}

// compileJob compiles a point query from its text; nothing is cached between two.
func (p *zerodbPeer) compileJob() (*job, error) {
	catalog, err := p.session.Catalog()
	if err != nil {
		return nil, err
	}
	return &job{run: func(n int) (uint64, error) {
		for range n {
			if _, errs := compiler.Compile(`SELECT name, age FROM person:$id`, compiler.Options{Catalog: catalog}); len(errs) > 0 {
				return 0, errs[0]
			}
		}
		return 0, nil
	}}, nil
}

// parseJob parses a megabyte of statements of many forms.
func parseJob() *job {
	var b strings.Builder
	for i := 0; b.Len() < 1_000_000; i++ {
		fmt.Fprintf(&b, manyForms, i, i, i, i)
	}
	text := b.String()[:1_000_000]
	text = text[:strings.LastIndexByte(text, '\n')+1]
	return &job{run: func(n int) (uint64, error) {
		for range n {
			if _, errs := parse.Parse(text); len(errs) > 0 {
				return 0, errs[0]
			}
		}
		return 0, nil
	}}
}

const manyForms = `CREATE person:%d SET name = "Ada Lopez", age = 40 + 2, address = { city: "Lagos", codes: [1, 2, 3] }
SELECT name, age, address.city AS city FROM person WHERE age > %d AND name ~ //^A// ORDER BY age DESC LIMIT 10
UPDATE person:%d SET age += 1, score = score * 1.5 RETURN NONE
SELECT city, FOLD count() AS n, FOLD avg(score) AS mean FROM person GROUP BY city
RELATE person:%d -> knows -> person:1 SET since = t"2026-11-24"
`

// verifyJob verifies a program of many statements; an operation is an instruction.
func (p *zerodbPeer) verifyJob() (*job, error) {
	text := strings.Repeat(`SELECT city, FOLD count() AS n, FOLD avg(score) AS mean FROM person WHERE age > 40 AND (vip OR score * 2 > 100) GROUP BY city ORDER BY n DESC LIMIT 10
SELECT b.id, b.name FROM person:1 -> knows -> person -> knows -> (person AS b) WHERE b.age > 30
UPDATE person WHERE age > 40 SET senior = true, score += 1 RETURN NONE
`, 20)
	result, errs := compiler.Compile(text, compiler.Options{Catalog: schema.NewMemory("main", "main")})
	if len(errs) > 0 {
		return nil, errs[0]
	}
	instructions := 0
	for _, f := range result.Program.Fragments {
		instructions += len(f.Code)
	}
	return &job{run: func(n int) (uint64, error) {
		for ; n > 0; n -= instructions {
			if err := vm.Verify(result.Program); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}}, nil
}

func (p *zerodbPeer) close() error {
	err := p.db.Close()
	if p.fresh != nil {
		err = errors.Join(err, p.fresh.Close())
	}
	return errors.Join(err, os.RemoveAll(p.dir))
}
