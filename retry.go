package zerodb

import (
	"context"
	"errors"
	"time"

	"github.com/zerodb/zerodb/ops"
)

const (
	firstPause = 200 * time.Microsecond
	maxPause   = 50 * time.Millisecond
)

// again decides whether a single statement that failed is run once more, and waits before it where that is wise.
func (s *Session) again(ctx context.Context, err error, try int) bool {
	var e *ops.Error
	if !errors.As(err, &e) || e.Code != ops.CodeConflict || try >= s.db.options.Retries || ctx.Err() != nil {
		return false
	}
	if try > 0 || e.Conflict != nil && !e.Conflict.RetryNow {
		pause := s.pause(try)
		s.mu.Unlock()
		s.db.options.Sleep(pause)
		s.mu.Lock()
	}
	return ctx.Err() == nil && !s.closed
}

// pause is Pause with the chance of the database.
func (s *Session) pause(try int) time.Duration {
	var b [1]byte
	if _, err := s.db.options.Random.Read(b[:]); err != nil {
		b[0] = 255
	}
	return Pause(try, b[0])
}
