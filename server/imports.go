package server

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/wire"
)

// imports remember how far each import has come, so that a client whose connection broke goes on behind what is durable. They
// are forgotten when the server ends; then the client knows what was acknowledged to it.
type imports struct {
	mu     sync.Mutex
	byName map[importKey]*importState
	recent []importKey // the one used last at the end
}

type importKey struct {
	place
	name string
}

// importState is an import. One stream has it at a time.
type importState struct {
	turn   chan struct{}
	number uint64 // of the last chunk that is durable
	taken  uint64
}

// maxImports is how many imports are remembered.
const maxImports = 1024

func newImports() *imports { return &imports{byName: map[importKey]*importState{}} }

func (is *imports) find(k importKey) *importState {
	is.mu.Lock()
	defer is.mu.Unlock()
	st := is.byName[k]
	if st == nil {
		st = &importState{turn: make(chan struct{}, 1)}
		is.byName[k] = st
		if is.recent = append(is.recent, k); len(is.recent) > maxImports {
			delete(is.byName, is.recent[0])
			is.recent = is.recent[1:]
		}
	}
	return st
}

// Import writes what a stream brings. Chunks are carried out one after another: the client's sending is held back by flow
// control while one is written.
func (s *Server) Import(stream grpc.BidiStreamingServer[protocol.ImportRequest, protocol.ImportResponse]) error {
	ctx := stream.Context()
	first, err := stream.Recv()
	if err != nil {
		return ended(ctx, err)
	}
	if first.GetImport() == "" || len(first.GetScope().GetTransaction()) > 0 {
		return ops.Errorf(ops.CodeBadRequest, "an import has a name, and is of no transaction")
	}
	id := identityOf(ctx)
	at := placeOf(first.GetScope(), id)
	st := s.imports.find(importKey{at, first.Import})
	select {
	case st.turn <- struct{}{}: // a stream that broke may not have been noticed yet
		defer func() { <-st.turn }()
	case <-ctx.Done():
		return contextError(ctx.Err())
	}
	if err := stream.Send(&protocol.ImportResponse{Number: st.number, Taken: st.taken}); err != nil {
		return sent(ctx, err)
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			return ended(ctx, err)
		}
		resp, err := s.importChunk(ctx, first.GetScope(), st, m)
		if err != nil {
			return err
		}
		if err := stream.Send(resp); err != nil {
			return sent(ctx, err)
		}
	}
}

// ended is the error of a stream that has no more messages; the end is none.
func ended(ctx context.Context, err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return sent(ctx, err)
}

func (s *Server) importChunk(ctx context.Context, scope *protocol.Scope, st *importState, m *protocol.ImportRequest) (*protocol.ImportResponse, error) {
	if m.GetNumber() <= st.number { // it came before, and its acknowledgement was lost
		return &protocol.ImportResponse{Number: st.number, Taken: st.taken}, nil
	}
	if m.GetNumber() != st.number+1 {
		return nil, ops.Errorf(ops.CodeBadRequest, "chunk %d follows chunk %d", m.GetNumber(), st.number)
	}
	on := protocol.OnRefusal_ON_REFUSAL_UNSPECIFIED
	if m.GetKeepGoing() {
		on = protocol.OnRefusal_ON_REFUSAL_SKIP
	}
	done, err := s.Batch(ctx, &protocol.BatchRequest{Scope: scope, Writes: m.GetWrites(), OnRefusal: on})
	if err != nil {
		return nil, err
	}
	resp := &protocol.ImportResponse{Number: m.GetNumber()}
	taken := uint64(0)
	for i, w := range done.GetWritten() {
		if w.GetFailure() == nil {
			taken++
			continue
		}
		resp.Refused = append(resp.Refused, &protocol.Refused{Index: uint32(i), Fault: w.Failure.Faults[0]})
	}
	st.number, st.taken = m.GetNumber(), st.taken+taken
	resp.Taken = st.taken
	return resp, nil
}

// Export reads tables at one snapshot.
func (s *Server) Export(req *protocol.ExportRequest, out grpc.ServerStreamingServer[protocol.ExportResponse]) error {
	ctx := out.Context()
	id := identityOf(ctx)
	at, err := s.seats.make(ctx, placeOf(req.GetScope(), id), id, zerodb.SessionOptions{})
	if err != nil {
		return err
	}
	defer s.seats.drop(at)
	if err := s.admission.enter(ctx); err != nil {
		return err
	}
	defer s.admission.leave()
	if err := at.session.Begin(ctx, &zerodb.TxOptions{ReadOnly: true}); err != nil {
		return err
	}
	tables, err := exportTables(at.session, req)
	if err != nil {
		return err
	}
	after, err := wire.Value(req.GetAfterKey(), "after_key")
	if err != nil {
		return err
	}
	for _, t := range tables {
		keys := zerodb.KeyRange{}
		if t == req.GetAfterTable() {
			keys.From = after
		}
		if err := s.exportTable(ctx, at, t, keys, out); err != nil {
			return err
		}
	}
	return nil
}

// exportTables lists what is to be exported: records before edges, and nothing before the table where it goes on.
func exportTables(c *zerodb.Session, req *protocol.ExportRequest) ([]string, error) {
	cat, err := c.Catalog()
	if err != nil {
		return nil, err
	}
	names := req.GetTables()
	if len(names) == 0 {
		for _, edges := range []bool{false, true} {
			for _, t := range cat.Tables() {
				if t.Edge == edges {
					names = append(names, t.Name)
				}
			}
		}
	}
	for _, n := range names {
		if cat.Table(n) == nil {
			return nil, ops.Errorf(ops.CodeUnknownTable, "there is no table %s", n)
		}
	}
	if req.GetAfterTable() == "" {
		return names, nil
	}
	for i, n := range names {
		if n == req.AfterTable {
			return names[i:], nil
		}
	}
	return nil, ops.Errorf(ops.CodeUnknownTable, "the export has no table %s to go on in", req.AfterTable)
}

func (s *Server) exportTable(ctx context.Context, at *seat, table string, keys zerodb.KeyRange, out grpc.ServerStreamingServer[protocol.ExportResponse]) error {
	rows, err := at.session.ScanRows(ctx, table, keys)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	skip := keys.From
	for {
		var m *protocol.ExportResponse
		more, err := rows.Batch(func(b *zerodb.Batch) error {
			m = &protocol.ExportResponse{Table: table, Batch: wire.EncodeRows(b, skip), LastKey: wire.Bytes(b.Value(b.N-1, 0).RecordKey())}
			return nil
		})
		if err != nil || !more {
			return err
		}
		skip = zerodb.None
		if m.Batch.Rows == 0 {
			continue
		}
		if err := s.admission.pause(func() error { return sent(ctx, out.Send(m)) }); err != nil {
			return err
		}
	}
}
