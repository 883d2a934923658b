package storage

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// jobs are the long pieces of work that a store does beside its transactions: building an index, checking and rewriting the
// records of a table that is redefined. Some of them go on in goroutines of their own, which end with the store.
type jobs struct {
	ctx    context.Context // of those in goroutines
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	list    []*job                   // the oldest first
	claims  map[uint32]chan struct{} // by table; closed when the table is free again
	stopped bool
}

// job is one of them.
type job struct {
	schema.Job
	done atomic.Int64
}

// keptJobs is how many jobs that have ended are remembered.
const keptJobs = 64

func (j *jobs) init() {
	j.ctx, j.cancel = context.WithCancel(context.Background())
	j.claims = map[uint32]chan struct{}{}
}

// begin notes a job.
func (s *Store) begin(kind, state string, p place, tab *table, of string) *job {
	n := &job{Job: schema.Job{Kind: kind, State: state, Namespace: p.namespace, Database: p.database, Table: tab.desc.Name, Of: of,
		Total: max(tab.rows.Load(), 0), Started: s.opts.Clock()}}
	j := &s.jobs
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list = append(j.list, n)
	if over := len(j.list) - keptJobs; over > 0 {
		j.list = slices.DeleteFunc(j.list, func(o *job) bool {
			over--
			return over >= 0 && !o.Ended.IsZero()
		})
	}
	return n
}

// end notes that a job has ended, or with an error that it could not go on.
func (s *Store) end(n *job, err error) {
	err = wrap(err)
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	n.Ended, n.State = s.opts.Clock(), "done"
	if err != nil {
		n.State, n.Error = "failed", ops.MessageOf(err)
		if code := ops.CodeOf(err); code == ops.CodeCancelled || code == ops.CodeClosed {
			n.State = "stopped"
		}
	}
}

// enter notes what a job does now, from its beginning, and what the table is called.
func (s *Store) enter(n *job, state, table string) {
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	n.State, n.Table = state, table
	n.done.Store(0)
}

// Jobs lists the jobs that are running and those that have ended lately, the oldest first.
func (s *Store) Jobs() []schema.Job { return s.jobs.all(func(*schema.Job) bool { return true }) }

func (j *jobs) all(want func(*schema.Job) bool) (out []schema.Job) {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, n := range j.list {
		if want(&n.Job) {
			c := n.Job
			c.Done = n.done.Load()
			c.Total = max(c.Total, c.Done)
			out = append(out, c)
		}
	}
	return out
}

// Jobs implements schema.Working.
func (c *catalog) Jobs(table string) []schema.Job {
	return c.jobs.all(func(n *schema.Job) bool {
		return n.Ended.IsZero() && n.Namespace == c.place.namespace && n.Database == c.place.database && (table == "" || n.Table == table)
	})
}

// claim waits until nobody else has claimed a table, or with id 0 the right to redefine any, and claims it.
func (s *Store) claim(ctx context.Context, table uint32) error {
	j := &s.jobs
	for {
		j.mu.Lock()
		other := j.claims[table]
		if other == nil {
			j.claims[table] = make(chan struct{})
		}
		j.mu.Unlock()
		if other == nil {
			return nil
		}
		select {
		case <-other:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// release gives back what was claimed.
func (s *Store) release(table uint32) {
	j := &s.jobs
	j.mu.Lock()
	defer j.mu.Unlock()
	close(j.claims[table])
	delete(j.claims, table)
}

// background goes on with a job, for which a table was claimed, in a goroutine that ends with the store.
func (s *Store) background(table uint32, n *job, f func(ctx context.Context) error) {
	j := &s.jobs
	j.mu.Lock()
	stopped := j.stopped
	if !stopped {
		j.wg.Add(1)
	}
	ctx := j.ctx
	j.mu.Unlock()
	if stopped {
		s.release(table)
		s.end(n, closedError())
		return
	}
	go func() {
		defer j.wg.Done()
		err := f(ctx)
		s.release(table)
		s.end(n, err)
	}()
}

// stop ends the jobs in goroutines and waits for them.
func (j *jobs) stop() {
	j.mu.Lock()
	j.stopped = true
	j.mu.Unlock()
	j.cancel()
	j.wg.Wait()
}

// resume takes up again what stop has ended.
func (s *Store) resume() error {
	j := &s.jobs
	j.mu.Lock()
	if j.stopped {
		j.stopped = false
		j.ctx, j.cancel = context.WithCancel(context.Background())
	}
	j.mu.Unlock()
	return s.eachTable(func(p place, tab *table) error {
		if !unfinished(tab.desc) {
			return nil
		}
		n := s.begin("redefine", "rewriting", p, tab, "")
		if err := s.claim(j.ctx, tab.id); err != nil {
			s.end(n, err)
			return err
		}
		s.background(tab.id, n, func(ctx context.Context) error { return s.rewriteAll(ctx, p, tab.id, n) })
		return nil
	})
}

// eachTable calls f for every table of the store.
func (s *Store) eachTable(f func(p place, tab *table) error) error {
	all, err := s.Databases(context.Background())
	if err != nil {
		return err
	}
	for ns, dbs := range all {
		for _, db := range dbs {
			ref, err := s.catalogRef(place{ns, db})
			if err != nil {
				return err
			}
			for _, tab := range ref.Load().tables {
				if err := f(place{ns, db}, tab); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

var _ schema.Working = (*catalog)(nil)
