package main

import (
	"database/sql"
	"encoding/binary"
	"errors"

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

// adjacency makes the job of walking over as many keys, as long as those of an edge in zerodb's store, as there are edges.
func (p *pebblePeer) adjacency() (*job, error) {
	var pairs []pair
	for from, ends := range p.data.out {
		for _, to := range ends {
			key := append([]byte("a"), make([]byte, 36)...)
			binary.BigEndian.PutUint64(key[9:], uint64(from))
			binary.BigEndian.PutUint64(key[20:], uint64(to))
			binary.BigEndian.PutUint64(key[29:], uint64(len(pairs)))
			pairs = append(pairs, pair{key, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}})
		}
	}
	if err := errors.Join(load(p.db, pairs), p.db.Flush(), p.db.Compact(ctx, []byte("a"), []byte("b"), false)); err != nil {
		return nil, err
	}
	return &job{run: func(n int) (uint64, error) {
		for range n {
			it, err := p.db.NewIter(&pebble.IterOptions{LowerBound: []byte("a"), UpperBound: []byte("b")})
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
			if rows != len(pairs) {
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
