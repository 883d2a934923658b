package server

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/zerodb/zerodb/ops"
)

// admission bounds how many statements run at the same time. Those over that wait in a queue of bounded length and time.
type admission struct {
	slots    chan struct{}
	waiting  atomic.Int64
	queue    int64
	patience time.Duration

	executed, refused atomic.Int64
}

func newAdmission(l *Limits) *admission {
	return &admission{slots: make(chan struct{}, l.Statements), queue: int64(l.Queue), patience: l.QueueTime}
}

// enter waits for a turn; leave ends it.
func (a *admission) enter(ctx context.Context) error {
	select {
	case a.slots <- struct{}{}:
		a.executed.Add(1)
		return nil
	default:
	}
	if a.waiting.Add(1) > a.queue {
		a.waiting.Add(-1)
		return a.overloaded("%d statements run and %d wait for their turn", cap(a.slots), a.queue)
	}
	defer a.waiting.Add(-1)
	patient, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	select {
	case a.slots <- struct{}{}:
		a.executed.Add(1)
		return nil
	case <-patient.Done():
		if err := ctx.Err(); err != nil {
			return contextError(err)
		}
		return a.overloaded("%d statements run, and none ended for %s", cap(a.slots), a.patience)
	}
}

func (a *admission) leave() { <-a.slots }

// pause gives the turn away while f waits for a client, and takes one again behind it.
func (a *admission) pause(f func() error) error {
	a.leave()
	err := f()
	a.slots <- struct{}{} // whoever runs ends by itself: there is always a turn to come
	return err
}

// retryAfter is what a refused caller is advised to wait.
const retryAfter = 100 * time.Millisecond

func (a *admission) overloaded(format string, args ...any) error {
	a.refused.Add(1)
	return overloaded(format, args...)
}

func overloaded(format string, args ...any) error {
	e := ops.Errorf(ops.CodeOverloaded, format, args...).WithHint("try again in %s", retryAfter)
	e.RetryAfter = retryAfter
	return e
}

// contextError is the error of a context with a code.
func contextError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &ops.Error{Code: ops.CodeDeadline, Message: "the deadline passed", Err: err}
	}
	return &ops.Error{Code: ops.CodeCancelled, Message: "the request was cancelled", Err: err}
}
