package main

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// Vertices have an age and edges a weight, so that there is something to ask of a path.

func ageOf(vertex int64) int64 { return vertex * 7919 % 100 }

func weightOf(from, to int64) int64 { return (from + 3*to) % 10 }

// What is asked of the graph, beside its distinct ends. Both sides give the same rows.
var (
	graphQueries = map[string]string{
		"hops2if": `SELECT DISTINCT VALUE b.id FROM node:$s -> (knows AS k WHERE k.w > 4) -> (node AS a WHERE a.age > 30) -> (knows AS l WHERE l.w > 4) -> (node AS b WHERE b.age > 30)`,
		"mutual":  `SELECT VALUE FOLD count() FROM node -> knows <- node`,
		"paths2":  `SELECT VALUE FOLD count() FROM node -> knows -> node -> knows -> node`,
	}
	graphSQL = map[string]string{
		"hops2if": `SELECT DISTINCT l.dst FROM knows k JOIN node a ON a.id = k.dst JOIN knows l ON l.src = k.dst JOIN node b ON b.id = l.dst
			WHERE k.src = ? AND k.w > 4 AND a.age > 30 AND l.w > 4 AND b.age > 30`,
		"mutual": `SELECT count(*) FROM knows k JOIN knows l ON l.src = k.dst AND l.dst = k.src`,
		"paths2": `SELECT count(*) FROM knows k JOIN knows l ON l.src = k.dst`,
	}
)

// counted makes the job of a query over the whole graph that gives a number.
func (p *sqlitePeer) counted(text string) (*job, error) {
	if !p.graph {
		if err := p.loadGraph(); err != nil {
			return nil, err
		}
		p.graph = true
	}
	return p.query(text, p.count)
}

// readEdges reads what zerodb's closed store holds of the graph's edges.
func (d *data) readEdges(dir string, edges []edge) error {
	tables, err := readTables(dir, len(edges))
	if err != nil {
		return err
	}
	if len(tables) != 3 {
		return fmt.Errorf("the store has %d tables of %d keys, the edges and two adjacencies were expected", len(tables), len(edges))
	}
	// The adjacencies are ordered by start and end, and by end and start.
	places := func(less func(a, b edge) int) []int {
		order := make([]int, len(edges))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(i, j int) int { return less(edges[i], edges[j]) })
		at := make([]int, len(edges))
		for k, i := range order {
			at[i] = k
		}
		return at
	}
	out := places(func(a, b edge) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	in := places(func(a, b edge) int { return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.from, b.from)) })
	for i := range edges {
		for _, x := range []pair{tables[0][i], tables[1][out[i]], tables[2][in[i]]} {
			d.storedEdges.add(x)
		}
	}
	d.adjacency.lo, d.adjacency.hi = tables[1][0].key, append(tables[1][len(edges)-1].key, 0)
	return nil
}

// adjacency makes the job of walking once over what zerodb has of the edges under their starts. The store got all that zerodb
// wrote for the edges, in the same order, and was opened anew like zerodb's: what both read is as merged as it is by then.
func (p *pebblePeer) adjacency() (*job, error) {
	bounds, edges := p.data.adjacency, len(p.data.storedEdges.ends)/6
	if edges == 0 {
		return nil, nil // zerodb was left out
	}
	for some := range p.data.storedEdges.all(3 * batchRows) {
		if err := load(p.db, some); err != nil {
			return nil, err
		}
	}
	if err := p.db.Close(); err != nil {
		return nil, err
	}
	db, err := pebble.Open(p.dir, pebbleOptions())
	if err != nil {
		return nil, err
	}
	p.db = db
	return &job{run: func(n int) (uint64, error) {
		for range n {
			it, err := p.db.NewIter(&pebble.IterOptions{LowerBound: bounds.lo, UpperBound: bounds.hi})
			if err != nil {
				return 0, err
			}
			rows := 0
			for ok := it.First(); ok; ok = it.Next() {
				rows++
			}
			if err := it.Close(); err != nil {
				return 0, err
			}
			if rows != edges {
				return 0, errors.New("edges are missing")
			}
		}
		return 0, nil
	}}, nil
}

// nodesSQL makes the vertices of the graph in SQLite.
func (p *sqlitePeer) nodesSQL(tx *sql.Tx) error {
	if _, err := tx.Exec(`CREATE TABLE node (id INTEGER PRIMARY KEY, age INTEGER)`); err != nil {
		return err
	}
	insert, err := tx.Prepare(`INSERT INTO node VALUES (?, ?)`)
	if err != nil {
		return err
	}
	for v := range int64(p.data.vertices) {
		if _, err := insert.Exec(v, ageOf(v)); err != nil {
			return err
		}
	}
	return nil
}
