package client

import (
	"context"
	"errors"
	"io"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/wire"
	"github.com/zerodb/zerodb/vm"
)

// operations returns a stub for what those who run the server ask.
func (db *DB) operations() protocol.OperateClient { return protocol.NewOperateClient(db.link().cc) }

// Reload lets the server read its certificates anew.
func (db *DB) Reload(ctx context.Context) error {
	_, err := db.operations().Reload(ctx, &protocol.ReloadRequest{})
	return wire.FromStatus(err, "")
}

// Replay runs a statement again that the server has kept under a token, see zerodb.Session.Replay.
func (db *DB) Replay(ctx context.Context, token string) (*zerodb.Rows, error) {
	life, cancel := context.WithCancel(ctx)
	stream, err := db.operations().Replay(life, &protocol.ReplayRequest{Token: token})
	if err == nil {
		r := &replayed{stream: stream, cancel: cancel}
		var m *protocol.ReplayResponse
		if m, err = stream.Recv(); err == nil {
			return r.begin(ctx, m)
		}
	}
	cancel()
	return nil, wire.FromStatus(err, "")
}

// replayed is the rows of a replay as they come.
type replayed struct {
	stream protocol.Operate_ReplayClient
	cancel context.CancelFunc
	shape  *vm.Shape
	batch  *protocol.Batch // of the part that came first
	work   zerodb.Work
}

func (r *replayed) begin(ctx context.Context, m *protocol.ReplayResponse) (*zerodb.Rows, error) {
	p := m.GetPart()
	if p.GetShape() != nil {
		var err error
		if r.shape, err = wire.Shape(p.Shape); err != nil {
			return nil, errors.Join(err, r.Close())
		}
	}
	r.batch, r.work = p.GetBatch(), wire.Work(p.GetWork())
	st := zerodb.Statement{Text: m.GetText(), Kind: "query"}
	return zerodb.NewRows(ctx, st, r.shape, p.GetPlain(), r), nil
}

// Next returns the rows of the next batch.
func (r *replayed) Next(context.Context) ([]zerodb.Value, error) {
	for {
		if b := r.batch; b != nil && b.Rows > 0 {
			r.batch = nil
			if r.shape == nil {
				return nil, ops.Errorf(ops.CodeInternal, "the server sent rows of no shape")
			}
			return wire.DecodeBatch(b, len(r.shape.Names))
		}
		m, err := r.stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, wire.FromStatus(err, "")
		}
		if r.batch = m.GetPart().GetBatch(); m.GetPart().GetEnd() {
			r.work = wire.Work(m.GetPart().GetWork())
		}
	}
}

// Work returns what the statement has done, when it is over.
func (r *replayed) Work() zerodb.Work { return r.work }

// Close ends the statement.
func (r *replayed) Close() error {
	r.cancel()
	return nil
}
