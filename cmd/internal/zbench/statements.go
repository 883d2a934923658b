package zbench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/zerodb/zerodb"
)

// statementMix is a workload of ZeroQL statements.
type statementMix struct {
	name, about string
	setup       []string // definitions
	// fill stores record i of n.
	fill       func(ctx context.Context, c zerodb.Conn, i, n int, r *rand.Rand) error
	statements []weighted
}

// weighted is a statement with its share of the operations in percent.
type weighted struct {
	name, text string
	share      int
	args       func(n int, r *rand.Rand) []zerodb.Arg
}

var towns = []string{"Lagos", "Oyo", "Ibadan", "Kano", "Abuja", "Accra", "Lome", "Dakar"}

func anyKey(n int, r *rand.Rand) []zerodb.Arg { return []zerodb.Arg{zerodb.Named("key", r.IntN(n))} }

func anyAge(_ int, r *rand.Rand) []zerodb.Arg { return []zerodb.Arg{zerodb.Named("age", r.IntN(100))} }

func noArgs(int, *rand.Rand) []zerodb.Arg { return nil }

func anyVector(_ int, r *rand.Rand) []zerodb.Arg {
	return []zerodb.Arg{zerodb.Named("near", zerodb.List(vectorOf(r)...))}
}

// dimensions is how long the vectors are.
const dimensions = 64

func vectorOf(r *rand.Rand) []zerodb.Value {
	v := make([]zerodb.Value, dimensions)
	for i := range v {
		v[i] = zerodb.Float(r.NormFloat64())
	}
	return v
}

func member(name string, v zerodb.Value) zerodb.Member { return zerodb.Member{Name: name, Value: v} }

func fillPerson(ctx context.Context, c zerodb.Conn, i, _ int, r *rand.Rand) error {
	return c.Put(ctx, "person", zerodb.Int(int64(i)), zerodb.Object(
		member("name", zerodb.String(fmt.Sprintf("name %d", i))), member("age", zerodb.Int(r.Int64N(100))),
		member("city", zerodb.String(towns[r.IntN(len(towns))])), member("score", zerodb.Float(r.Float64()*1000))))
}

var statementMixes = []statementMix{
	{
		name: "relational", about: "point reads, an index, groups, the first ten, updates",
		setup: []string{"DEFINE TABLE person SCHEMAFULL FIELDS name TYPE string, age TYPE int, city TYPE string, score TYPE float",
			"DEFINE INDEX by_age ON TABLE person FIELDS age"},
		fill: fillPerson,
		statements: []weighted{
			{"point", "SELECT * FROM person:$key", 60, anyKey},
			{"index", "SELECT name, city FROM person WHERE age == $age LIMIT 50", 20, anyAge},
			{"group", "SELECT city, FOLD count() AS n, FOLD avg(score) AS mean FROM person GROUP BY city", 1, noArgs},
			{"top", "SELECT name, score FROM person ORDER BY score DESC LIMIT 10", 1, noArgs},
			{"update", "UPDATE person:$key SET age = (age + 1) % 100 RETURN NONE", 18, anyKey},
		},
	},
	{
		name: "document", about: "documents with missing and nested fields",
		fill: func(ctx context.Context, c zerodb.Conn, i, _ int, r *rand.Rand) error {
			ms := []zerodb.Member{member("title", zerodb.String(fmt.Sprintf("title %d", i))),
				member("info", zerodb.Object(member("year", zerodb.Int(1950+r.Int64N(76))), member("tags", zerodb.List(zerodb.String(towns[r.IntN(8)]), zerodb.String(towns[r.IntN(8)])))))}
			if r.IntN(3) == 0 {
				ms = append(ms, member("rating", zerodb.Float(r.Float64()*10)))
			}
			return c.Put(ctx, "movie", zerodb.Int(int64(i)), zerodb.Object(ms...))
		},
		statements: []weighted{
			{"document", "SELECT * FROM movie:$key", 55, anyKey},
			{"path", "SELECT info.year, info.tags[0] AS tag FROM movie:$key", 30, anyKey},
			{"missing", "SELECT FOLD count() AS n, FOLD avg(rating) AS mean FROM movie WHERE rating IS NOT none", 1, noArgs},
			{"patch", "UPDATE movie:$key SET info.year += 1, rating = 5.5 RETURN NONE", 14, anyKey},
		},
	},
	{
		name: "graph", about: "hops over ten edges a vertex",
		setup: []string{"DEFINE TABLE node", "DEFINE EDGE link FROM node TO node"},
		fill: func(ctx context.Context, c zerodb.Conn, i, n int, r *rand.Rand) error {
			if err := c.Put(ctx, "node", zerodb.Int(int64(i)), zerodb.Object(member("n", zerodb.Int(int64(i))))); err != nil {
				return err
			}
			for range 10 {
				to := zerodb.Record("node", zerodb.Int(r.Int64N(int64(n))))
				if _, err := c.Relate(ctx, "link", zerodb.None, zerodb.Record("node", zerodb.Int(int64(i))), to, zerodb.Object(member("w", zerodb.Int(r.Int64N(100))))); err != nil {
					return err
				}
			}
			return nil
		},
		statements: []weighted{
			{"neighbours", "SELECT VALUE id FROM node:$key -> link -> node", 50, anyKey},
			{"two hops", "SELECT DISTINCT VALUE id FROM node:$key -> link -> node -> link -> node", 30, anyKey},
			{"condition", "SELECT VALUE id FROM node:$key -> (link AS l WHERE l.w > 50) -> node", 15, anyKey},
			{"relate", "RELATE node:$key -> link -> node:1 SET w = 1 RETURN NONE", 5, anyKey},
		},
	},
	{
		name: "vector", about: "the ten nearest of vectors with 64 dimensions, exact",
		fill: func(ctx context.Context, c zerodb.Conn, i, _ int, r *rand.Rand) error {
			return c.Put(ctx, "item", zerodb.Int(int64(i)), zerodb.Object(member("v", zerodb.List(vectorOf(r)...))))
		},
		statements: []weighted{{"nearest", "SELECT VALUE id FROM item ORDER BY v <> $near LIMIT 10", 100, anyVector}},
	},
}

// statements drives a database with a mix.
type statements struct {
	mix     statementMix
	db      zerodb.Database
	records int
}

func (s *statements) load(ctx context.Context, seed uint64) error {
	c, err := s.db.Conn(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	for _, text := range s.mix.setup {
		if _, err := c.Execute(ctx, text); err != nil {
			return err
		}
	}
	const batch = 500
	r := rand.New(rand.NewPCG(seed, 0))
	for i := 0; i < s.records; i += batch {
		if err := c.Begin(ctx, nil); err != nil {
			return err
		}
		for j := i; j < min(i+batch, s.records); j++ {
			if err := s.mix.fill(ctx, c, j, s.records, r); err != nil {
				return err
			}
		}
		if err := c.Commit(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *statements) worker(ctx context.Context, r *rand.Rand) (worker, error) {
	c, err := s.db.Conn(ctx, nil)
	if err != nil {
		return nil, err
	}
	w := &statementWorker{s, c, r, nil}
	for _, st := range s.mix.statements {
		prepared, err := c.Prepare(ctx, st.text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", st.name, err)
		}
		w.prepared = append(w.prepared, prepared)
	}
	return w, nil
}

type statementWorker struct {
	*statements
	conn     zerodb.Conn
	r        *rand.Rand
	prepared []*zerodb.Stmt
}

func (w *statementWorker) close() error { return w.conn.Close() }

func (w *statementWorker) do(ctx context.Context) (string, error) {
	dice := w.r.IntN(100)
	for i, st := range w.mix.statements {
		if dice -= st.share; dice >= 0 {
			continue
		}
		rows, err := w.prepared[i].Execute(ctx, st.args(w.records, w.r)...)
		if err != nil {
			return st.name, err
		}
		for rows.Next() {
		}
		return st.name, rows.Err()
	}
	return "", fmt.Errorf("the shares of workload %s do not sum up to 100", w.mix.name)
}

// mixed gives its clients the statement workloads in turn.
type mixed struct{ parts []*statements }

// mixedOf are the workloads of mixed: those whose operations are short.
var mixedOf = []string{"relational", "document", "graph"}

func newMixed(db zerodb.Database, records int) *mixed {
	m := &mixed{}
	for _, s := range statementMixes {
		if slices.Contains(mixedOf, s.name) {
			m.parts = append(m.parts, &statements{s, db, records})
		}
	}
	return m
}

func (m *mixed) load(ctx context.Context, seed uint64) error {
	for _, p := range m.parts {
		if err := p.load(ctx, seed); err != nil {
			return err
		}
	}
	return nil
}

func (m *mixed) worker(ctx context.Context, r *rand.Rand) (worker, error) {
	w := &mixedWorker{}
	for _, p := range m.parts {
		part, err := p.worker(ctx, r)
		if err != nil {
			return nil, err
		}
		w.parts = append(w.parts, part)
	}
	return w, nil
}

type mixedWorker struct {
	parts []worker
	next  int
}

func (w *mixedWorker) do(ctx context.Context) (string, error) {
	w.next = (w.next + 1) % len(w.parts)
	return w.parts[w.next].do(ctx)
}

func (w *mixedWorker) close() error {
	var errs []error
	for _, p := range w.parts {
		errs = append(errs, p.close())
	}
	return errors.Join(errs...)
}
