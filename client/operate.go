package client

import (
	"context"

	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/server/wire"
)

// operations returns a stub for what those who run the server ask.
func (db *DB) operations() protocol.OperateClient { return protocol.NewOperateClient(db.link().cc) }

// Reload lets the server read its certificates anew.
func (db *DB) Reload(ctx context.Context) error {
	_, err := db.operations().Reload(ctx, &protocol.ReloadRequest{})
	return wire.FromStatus(err, "")
}
