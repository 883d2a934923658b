package vm

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/zerodb/zerodb/ops"
)

// Budget is how much memory a query may hold. What grows with the data is charged to it: builders, buffered rows, lists
// made of queries. It is used by one goroutine at a time.
type Budget struct {
	limit, used, peak int64
	pool              *Pool
	granted           int64 // by the pool
	short             *Pool // that had no more; nil: there was enough
}

// Pool is memory that budgets share: that of a session, a namespace, a node. Budgets draw on it in steps, so that it is
// rarely asked. It is safe for many goroutines.
type Pool struct {
	name  string
	limit int64
	used  atomic.Int64
	outer *Pool
}

// NewPool makes a pool of so many bytes, itself drawing on outer, which may be nil. The name is for messages.
func NewPool(name string, bytes int64, outer *Pool) *Pool {
	return &Pool{name: name, limit: bytes, outer: outer}
}

// Used returns how many bytes are drawn.
func (p *Pool) Used() int64 { return p.used.Load() }

// draw takes n bytes from the pool and those around it, or none.
func (p *Pool) draw(n int64) (short *Pool) {
	for at := p; at != nil; at = at.outer {
		if at.used.Add(n) > at.limit && at.limit > 0 {
			for back := p; ; back = back.outer {
				back.used.Add(-n)
				if back == at {
					return at
				}
			}
		}
	}
	return nil
}

// give brings n bytes back.
func (p *Pool) give(n int64) {
	for at := p; at != nil; at = at.outer {
		at.used.Add(-n)
	}
}

// poolStep is how much is drawn at a time at least.
const poolStep = 64 << 10

// NewBudget makes a budget of so many bytes; zero or less is no limit.
func NewBudget(bytes int64) *Budget {
	b := new(Budget)
	b.Reset(bytes)
	return b
}

// Reset makes b a fresh budget.
func (b *Budget) Reset(bytes int64) {
	if b.granted > 0 {
		b.pool.give(b.granted)
	}
	*b = Budget{limit: bytes}
}

// Draw lets a fresh budget draw on a pool as well. What it has drawn goes back when the run it is given to is closed.
func (b *Budget) Draw(p *Pool) { b.pool = p }

// settle gives back what is drawn and not used.
func (b *Budget) settle() {
	if b.granted > 0 && b.used < b.granted {
		keep := max(b.used, 0)
		b.pool.give(b.granted - keep)
		b.granted = keep
	}
}

// Used returns how many bytes are held, Peak the most that were.
func (b *Budget) Used() int64 { return b.used }

// Peak returns the most bytes that were held at one time.
func (b *Budget) Peak() int64 { return b.peak }

// take charges n bytes, or gives them back if n is negative. It does not refuse: who needs more than there is
// spills or asks over.
func (b *Budget) take(n int64) {
	b.used += n
	b.peak = max(b.peak, b.used)
	if b.pool != nil && b.used > b.granted {
		b.grow()
	}
}

func (b *Budget) grow() {
	n := (b.used - b.granted + poolStep - 1) / poolStep * poolStep
	if b.short = b.pool.draw(n); b.short == nil {
		b.granted += n
	}
}

// spent reports whether more is used than there is.
func (b *Budget) spent() bool { return b.limit > 0 && b.used > b.limit }

// half reports whether more than half is used: who works off what was put aside leaves room for others.
func (b *Budget) half() bool { return b.limit > 0 && b.used > b.limit/2 }

// over returns the error of a budget that is spent, or nil.
func (b *Budget) over(what string) error {
	if b.short != nil && b.used > b.granted {
		return ops.Errorf(ops.CodeMemoryBudget, "%s needs more memory than the %s has left", what, b.short.name).
			WithHint("try again when less is going on, add LIMIT, or select fewer columns")
	}
	if !b.spent() {
		return nil
	}
	return ops.Errorf(ops.CodeMemoryBudget, "%s needs more than the query's memory budget of %d bytes", what, b.limit).
		WithHint("raise the budget, add LIMIT, or select fewer columns")
}

// contextError makes an error of the language of a context's.
func contextError(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &ops.Error{Code: ops.CodeDeadline, Message: "the deadline passed while the statement ran", Err: err}
	case errors.Is(err, context.Canceled):
		return &ops.Error{Code: ops.CodeCancelled, Message: "the statement was cancelled", Err: err}
	}
	return err
}

// tight reports whether so much is used that what can spill should.
func (b *Budget) tight() bool {
	return b.short != nil && b.used > b.granted || b.limit > 0 && b.used > b.limit-b.limit/4
}
