package zbench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// workload is something to drive a database with.
type workload interface {
	load(ctx context.Context, seed uint64) error
	// worker makes the client of one goroutine.
	worker(ctx context.Context, r *rand.Rand) (worker, error)
}

// worker does one operation after another; each says what it was.
type worker interface {
	do(ctx context.Context) (operation string, err error)
	close() error
}

// driveOptions say how a workload is driven.
type driveOptions struct {
	clients  int
	duration time.Duration
	// rate is how many operations begin each second, of all clients together; 0 lets each client begin the next when the last is over.
	rate float64
	seed uint64
}

// driven is what came of it.
type driven struct {
	Operations []operation `json:"operations"`
	Count      int64       `json:"count"`
	PerSecond  float64     `json:"per_second"`
	Conflicts  int64       `json:"conflicts"`
	Overloaded int64       `json:"overloaded"`
	Took       int64       `json:"took_ns"`
}

// operation is the latencies of one kind of operation.
type operation struct {
	Name string `json:"name"`
	Summary
	Bars []Bar `json:"distribution"`
}

// driver is a goroutine with what it has measured.
type driver struct {
	worker                worker
	by                    map[string]*latencies
	conflicts, overloaded int64
	err                   error
}

// drive runs the workload. done, if it is not nil, is kept at the number of operations so far.
//
// Without a rate the loop is closed: an operation that is slow delays the next, so that a stall is seen by as many operations as there are
// clients and not by all that would have come meanwhile. With a rate a latency counts from the moment at which the operation was to begin:
// what waits behind a stall is counted (coordinated omission).
func (a *app) drive(ctx context.Context, w workload, o driveOptions, done *atomic.Int64) (*driven, error) {
	clients := make([]*driver, o.clients)
	for i := range clients {
		worker, err := w.worker(ctx, rand.New(rand.NewPCG(o.seed, uint64(i)+1)))
		if err != nil {
			return nil, err
		}
		clients[i] = &driver{worker: worker, by: map[string]*latencies{}}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := a.world.Clock()
	var all sync.WaitGroup
	for i, c := range clients {
		all.Go(func() {
			if c.err = a.loop(ctx, c, o, began, i, done); c.err != nil {
				cancel()
			}
		})
	}
	all.Wait()
	took := a.since(began)
	var errs []error
	for _, c := range clients {
		if !errors.Is(c.err, context.Canceled) {
			errs = append(errs, c.err)
		}
		errs = append(errs, c.worker.close())
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return gather(clients, took), nil
}

// loop is what one client does until the time is over.
func (a *app) loop(ctx context.Context, c *driver, o driveOptions, began time.Time, number int, done *atomic.Int64) error {
	step := time.Duration(0)
	if o.rate > 0 {
		step = time.Duration(float64(time.Second) * float64(o.clients) / o.rate)
	}
	due := began.Add(step * time.Duration(number) / time.Duration(max(o.clients, 1)))
	for {
		start := a.world.Clock()
		if start.Sub(began) >= o.duration {
			return nil
		}
		if step > 0 {
			if wait := due.Sub(start); wait > 0 {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(wait):
				}
			}
			start, due = due, due.Add(step)
		}
		name, err := c.worker.do(ctx)
		took := a.since(start)
		switch {
		case err == nil:
		case errors.Is(err, &zerodb.Error{Code: ops.CodeConflict}):
			c.conflicts++
		case errors.Is(err, &zerodb.Error{Code: ops.CodeOverloaded}):
			c.overloaded++
		default:
			return fmt.Errorf("%s: %w", name, err)
		}
		l := c.by[name]
		if l == nil {
			l = newLatencies()
			c.by[name] = l
		}
		l.add(took)
		if done != nil {
			done.Add(1)
		}
	}
}

func gather(clients []*driver, took time.Duration) *driven {
	d := &driven{Took: int64(took)}
	merged := map[string]*latencies{}
	var names []string
	for _, c := range clients {
		d.Conflicts += c.conflicts
		d.Overloaded += c.overloaded
		for name, l := range c.by {
			if merged[name] == nil {
				merged[name] = newLatencies()
				names = append(names, name)
			}
			merged[name].merge(l)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		s := merged[name].summary()
		d.Operations = append(d.Operations, operation{name, s, merged[name].bars(histogramBars)})
		d.Count += s.Count
	}
	if took > 0 {
		d.PerSecond = float64(d.Count) / took.Seconds()
	}
	return d
}
