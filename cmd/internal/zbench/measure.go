package zbench

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/vm"
)

// run is what one run of a program has done.
type run struct {
	rows, examined, bytes int64
}

// start opens a candidate's database and prepares its program.
func (a *app) start(ctx context.Context, c *candidate) (err error) {
	if c.db, err = a.openFor(ctx, c, !c.writes()); err != nil {
		return err
	}
	if c.conn, err = c.db.Conn(ctx, &zerodb.SessionOptions{Namespace: a.namespace, Database: a.database}); err != nil {
		return err
	}
	c.stmt, err = c.conn.PrepareProgram(ctx, c.zqb)
	return err
}

func (a *app) stop(c *candidate) error {
	err := c.db.Close()
	c.db, c.conn, c.stmt = nil, nil, nil
	return err
}

// writes reports whether a run must be undone.
func (c *candidate) writes() bool { return len(c.program.Manifest.Writes) > 0 }

// execute runs the program once and reads every row.
func (c *candidate) execute(ctx context.Context, args []zerodb.Arg) (r run, err error) {
	if c.writes() {
		if err := c.conn.Begin(ctx, nil); err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, c.conn.Cancel()) }()
	}
	for rows, err := range c.stmt.Script(ctx, args...) {
		if err != nil {
			return r, err
		}
		for more := true; more; {
			more, err = rows.Batch(func(b *zerodb.Batch) error { r.rows += int64(b.N); return nil })
			if err != nil {
				return r, err
			}
		}
		w := rows.Work()
		r.examined += w.Rows
		r.bytes += w.Bytes
	}
	return r, nil
}

// runCold measures runs right after the database was opened.
func (a *app) runCold(ctx context.Context, c *candidate, args []zerodb.Arg, runs int) error {
	for range runs {
		if err := a.start(ctx, c); err != nil {
			return err
		}
		began := a.world.Clock()
		if _, err := c.execute(ctx, args); err != nil {
			return err
		}
		c.cold = append(c.cold, a.since(began))
		if err := a.stop(c); err != nil {
			return err
		}
	}
	return nil
}

// leastRuns are measured however long they take, so that a comparison has something to go by.
const leastRuns = 10

// runWarm measures all candidates in turns, so that what slows the machine for a moment slows all of them. Those in the same directory
// share one open database.
func (a *app) runWarm(ctx context.Context, all []*candidate, args []zerodb.Arg, each time.Duration) error {
	open := map[string]*candidate{}
	for _, c := range all {
		first := open[c.dir]
		if first == nil {
			if err := a.start(ctx, c); err != nil {
				return err
			}
			open[c.dir] = c
		} else if err := a.share(ctx, c, first); err != nil {
			return err
		}
		if _, err := c.execute(ctx, args); err != nil { // fills caches
			return err
		}
	}
	for spent := time.Duration(0); spent < each*time.Duration(len(all)) || len(all[0].warm) < leastRuns; {
		before := spent
		for _, c := range all {
			began := a.world.Clock()
			r, err := c.execute(ctx, args)
			if err != nil {
				return err
			}
			took := a.since(began)
			c.warm, c.once = append(c.warm, took), r
			spent += took
		}
		if spent == before && len(all[0].warm) >= leastRuns { // a clock that stands still measures nothing more
			return nil
		}
	}
	return nil
}

// share prepares a candidate in a database that another one has opened.
func (a *app) share(ctx context.Context, c, first *candidate) (err error) {
	if c.writes() && !first.writes() {
		return errors.New("a program that writes can be compared only with others that write")
	}
	c.conn, err = first.db.Conn(ctx, &zerodb.SessionOptions{Namespace: a.namespace, Database: a.database})
	if err == nil {
		c.stmt, err = c.conn.PrepareProgram(ctx, c.zqb)
	}
	return err
}

// allocations returns how many allocations, and of how many bytes, a run makes.
func (c *candidate) allocations(ctx context.Context, args []zerodb.Arg) (count, bytes int64, err error) {
	const runs = 5
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if _, err := c.execute(ctx, args); err != nil {
			return 0, 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return int64(after.Mallocs-before.Mallocs) / runs, int64(after.TotalAlloc-before.TotalAlloc) / runs, nil
}

// profiled is what EXPLAIN ANALYZE says of a statement.
type profiled struct {
	plan  string
	lines []vm.ProfileLine
}

// profile runs the program as EXPLAIN ANALYZE does.
func (c *candidate) profile(ctx context.Context, args []zerodb.Arg) (out []profiled, err error) {
	if c.writes() {
		if err := c.conn.Begin(ctx, nil); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, c.conn.Cancel()) }()
	}
	for rows, err := range c.conn.ScriptProgram(ctx, c.analyzed, args...) {
		if err != nil {
			return nil, err
		}
		text, ok := rows.Plain()
		if !ok {
			continue
		}
		p := rows.Profile()
		if p == nil { // a server sends the text alone
			out = append(out, profiled{plan: strings.TrimRight(text, "\n")})
			continue
		}
		plan, _, _ := strings.Cut(text, profileHead)
		out = append(out, profiled{strings.TrimRight(plan, "\n"), p.Lines()})
	}
	return out, nil
}

// profileHead begins the table of counters behind a plan.
const profileHead = "      runs"
