package vm

import (
	"context"
	"errors"

	"github.com/zerodb/zerodb/ops"
)

// Budget is how much memory a query may hold. What grows with the data is charged to it: builders, buffered rows, lists
// made of queries. It is used by one goroutine at a time.
type Budget struct{ limit, used, peak int64 }

// NewBudget makes a budget of so many bytes; zero or less is no limit.
func NewBudget(bytes int64) *Budget {
	b := new(Budget)
	b.Reset(bytes)
	return b
}

// Reset makes b a fresh budget.
func (b *Budget) Reset(bytes int64) { *b = Budget{limit: bytes} }

// Used returns how many bytes are held, Peak the most that were.
func (b *Budget) Used() int64 { return b.used }

// Peak returns the most bytes that were held at one time.
func (b *Budget) Peak() int64 { return b.peak }

// take charges n bytes, or gives them back if n is negative. It does not refuse: who needs more than there is
// spills or asks over.
func (b *Budget) take(n int64) {
	b.used += n
	b.peak = max(b.peak, b.used)
}

// over returns the error of a budget that is spent, or nil.
func (b *Budget) over(what string) error {
	if b.limit <= 0 || b.used <= b.limit {
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
func (b *Budget) tight() bool { return b.limit > 0 && b.used > b.limit-b.limit/4 }
