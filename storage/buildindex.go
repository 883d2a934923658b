package storage

import (
	"context"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

type build struct {
	place place
	table uint32
	index uint32
}

func (t *Txn) defineIndex(ctx context.Context, cat *catalog, c *schema.Change) error {
	return ops.Errorf(ops.CodeUnsupported, "index")
}

func (s *Store) buildIndex(ctx context.Context, b build) error { return nil }
