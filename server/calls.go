package server

import (
	"cmp"
	"context"

	"google.golang.org/grpc"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/wire"
)

// with runs f in the seat that a scope asks for, when it is its turn.
func (s *Server) with(ctx context.Context, scope *protocol.Scope, f func(*seat) error) error {
	id := identityOf(ctx)
	if token := scope.GetTransaction(); len(token) > 0 {
		at, done, err := s.transactions.take(ctx, token, id)
		if err != nil {
			return err
		}
		defer done()
		if err := s.admission.enter(ctx); err != nil {
			return err
		}
		defer s.admission.leave()
		return f(at)
	}
	if err := s.admission.enter(ctx); err != nil {
		return err
	}
	defer s.admission.leave()
	at, err := s.seats.take(ctx, placeOf(scope, id), id)
	if err != nil {
		return err
	}
	defer s.seats.give(at)
	if err := f(at); err != nil {
		return err
	}
	if at.session.InTransaction() {
		return ops.Errorf(ops.CodeTransaction, "the text leaves its transaction open, and is not of a session: it has been cancelled").
			WithHint("COMMIT it in the text, or take a token with Begin")
	}
	return nil
}

// Query runs a text or a prepared program and answers in one message.
func (s *Server) Query(ctx context.Context, req *protocol.QueryRequest) (*protocol.QueryResponse, error) {
	ctx, cancel := s.bounded(ctx, req.GetLimits().GetTimeoutMs())
	defer cancel()
	resp := &protocol.QueryResponse{}
	bytes := 0
	collect := func(p *protocol.Part) error {
		if bytes += wire.Size(p.GetBatch()); bytes > s.options.Limits.QueryBytes {
			return ops.Errorf(ops.CodeTooLarge, "the rows take more than the %d bytes of an answer in one message", s.options.Limits.QueryBytes).
				WithHint("use Execute, which streams, or add LIMIT")
		}
		resp.Results = append(resp.Results, p)
		return nil
	}
	program := &protocol.Program{Text: req.GetText(), Hash: req.GetHash()}
	err := s.with(ctx, req.GetScope(), func(at *seat) error {
		e := execution{server: s, seat: at, send: collect, rowwise: true, req: &protocol.ExecuteRequest{Program: program, Params: req.GetParams(), Limits: req.GetLimits()}}
		return e.run(ctx)
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// Prepare compiles a program and makes it known by its hash.
func (s *Server) Prepare(ctx context.Context, req *protocol.PrepareRequest) (resp *protocol.PrepareResponse, err error) {
	err = s.with(ctx, req.GetScope(), func(at *seat) error {
		resp, err = s.prepareIn(ctx, at, req)
		return err
	})
	return resp, err
}

func (s *Server) prepareIn(ctx context.Context, at *seat, req *protocol.PrepareRequest) (*protocol.PrepareResponse, error) {
	p, st, err := prepare(ctx, at.session, req.GetProgram())
	if err != nil {
		return nil, err
	}
	s.programs.add(p)
	at.keep(p, st)
	return wire.Prepared(p.hash[:], st), nil
}

// Execute runs a program and streams what it yields. Its turn is given away while the client is slow.
func (s *Server) Execute(req *protocol.ExecuteRequest, out grpc.ServerStreamingServer[protocol.ExecuteResponse]) error {
	ctx, cancel := s.bounded(out.Context(), req.GetLimits().GetTimeoutMs())
	defer cancel()
	send := func(p *protocol.Part) error {
		return s.admission.pause(func() error { return sent(ctx, out.Send(&protocol.ExecuteResponse{Part: p})) })
	}
	return s.with(ctx, req.GetScope(), func(at *seat) error {
		e := execution{server: s, seat: at, send: send, req: req, shapes: req.GetKnownShape() == 0}
		return e.run(ctx)
	})
}

// sent gives the error of a stream whose client is gone a code.
func sent(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cerr := ctx.Err(); cerr != nil {
		return contextError(cerr)
	}
	return contextError(context.Canceled)
}

// Explain returns the plan of a text.
func (s *Server) Explain(ctx context.Context, req *protocol.ExplainRequest) (*protocol.ExplainResponse, error) {
	resp := &protocol.ExplainResponse{}
	err := s.with(ctx, req.GetScope(), func(at *seat) error {
		for rows, err := range at.session.Script(ctx, "EXPLAIN "+req.GetText()) {
			if err != nil {
				return err
			}
			if plain, ok := rows.Plain(); ok {
				resp.Plan += plain
				continue
			}
			return ops.Errorf(ops.CodeUnsupported, "Explain takes one statement")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// Get reads a record.
func (s *Server) Get(ctx context.Context, req *protocol.GetRequest) (resp *protocol.GetResponse, err error) {
	err = s.with(ctx, req.GetScope(), func(at *seat) error {
		resp, err = get(ctx, at.session, req)
		return err
	})
	return resp, err
}

func get(ctx context.Context, c *zerodb.Session, req *protocol.GetRequest) (*protocol.GetResponse, error) {
	key, err := keyOf(req.GetTable(), req.GetKey())
	if err != nil {
		return nil, err
	}
	var v zerodb.Value
	var found bool
	if len(req.GetField()) > 0 {
		v, found, err = c.GetField(ctx, req.Table, key, req.Field...)
	} else {
		v, found, err = c.Get(ctx, req.Table, key)
	}
	if err != nil {
		return nil, err
	}
	return &protocol.GetResponse{Found: found, Value: wire.Bytes(v)}, nil
}

func keyOf(table string, b []byte) (zerodb.Value, error) {
	if table == "" {
		return zerodb.None, ops.Errorf(ops.CodeBadRequest, "the table has no name")
	}
	key, err := wire.Value(b, "key")
	if err == nil && key.IsNone() {
		err = ops.Errorf(ops.CodeBadRequest, "there is no key")
	}
	return key, err
}

// Put writes a record.
func (s *Server) Put(ctx context.Context, req *protocol.PutRequest) (*protocol.PutResponse, error) {
	w := &protocol.Write{Table: req.GetTable(), Key: req.GetKey(), Value: req.GetValue()}
	_, err := s.Batch(ctx, &protocol.BatchRequest{Scope: req.GetScope(), Writes: []*protocol.Write{w}})
	if err != nil {
		return nil, err
	}
	return &protocol.PutResponse{}, nil
}

// Delete removes a record.
func (s *Server) Delete(ctx context.Context, req *protocol.DeleteRequest) (*protocol.DeleteResponse, error) {
	w := &protocol.Write{Kind: protocol.WriteKind_WRITE_KIND_DELETE, Table: req.GetTable(), Key: req.GetKey()}
	resp, err := s.Batch(ctx, &protocol.BatchRequest{Scope: req.GetScope(), Writes: []*protocol.Write{w}})
	if err != nil {
		return nil, err
	}
	return &protocol.DeleteResponse{Found: resp.Written[0].Found}, nil
}

// Batch carries out writes.
func (s *Server) Batch(ctx context.Context, req *protocol.BatchRequest) (resp *protocol.BatchResponse, err error) {
	err = s.with(ctx, req.GetScope(), func(at *seat) error {
		resp, err = batch(ctx, at.session, req)
		return err
	})
	return resp, err
}

func batch(ctx context.Context, c *zerodb.Session, req *protocol.BatchRequest) (*protocol.BatchResponse, error) {
	writes, err := wire.Writes(req.GetWrites())
	if err != nil {
		return nil, err
	}
	for i, w := range writes {
		if w.Key.IsNone() && w.Kind != zerodb.WriteInsert && w.Kind != zerodb.WriteRelate {
			return nil, ops.Errorf(ops.CodeBadRequest, "write %d has no key", i)
		}
	}
	done, err := c.Batch(ctx, writes, zerodb.OnRefusal(max(req.GetOnRefusal(), 0)))
	if err != nil {
		return nil, err
	}
	return &protocol.BatchResponse{Written: wire.WrittenOf(done)}, nil
}

// Scan reads a range of records.
func (s *Server) Scan(req *protocol.ScanRequest, out grpc.ServerStreamingServer[protocol.ScanResponse]) error {
	ctx := out.Context()
	return s.with(ctx, req.GetScope(), func(at *seat) error {
		rows, err := scan(ctx, at.session, req)
		if err != nil {
			return err
		}
		e := scanning(s, at, req.GetMaxRows(), func(p *protocol.Part) error {
			if p.Batch == nil {
				return nil
			}
			return s.admission.pause(func() error { return sent(ctx, out.Send(&protocol.ScanResponse{Batch: p.Batch})) })
		})
		return e.emit(rows)
	})
}

func scan(ctx context.Context, c *zerodb.Session, req *protocol.ScanRequest) (*zerodb.Rows, error) {
	if req.GetTable() == "" {
		return nil, ops.Errorf(ops.CodeBadRequest, "the table has no name")
	}
	from, err := wire.Value(req.GetFrom(), "from")
	if err != nil {
		return nil, err
	}
	to, err := wire.Value(req.GetTo(), "to")
	if err != nil {
		return nil, err
	}
	return c.ScanRows(ctx, req.Table, zerodb.KeyRange{From: from, To: to, Inclusive: req.GetInclusive(), Reverse: req.GetReverse()})
}

// scanning sends rows of a scan.
func scanning(s *Server, at *seat, most uint64, send sink) *execution {
	return &execution{server: s, seat: at, send: send, req: &protocol.ExecuteRequest{MaxRows: most}}
}

// Info describes the server and a database.
func (s *Server) Info(ctx context.Context, req *protocol.InfoRequest) (resp *protocol.InfoResponse, err error) {
	err = s.with(ctx, req.GetScope(), func(at *seat) error {
		resp, err = s.info(at)
		return err
	})
	return resp, err
}

func (s *Server) info(at *seat) (*protocol.InfoResponse, error) {
	c, err := at.session.Catalog()
	if err != nil {
		return nil, err
	}
	m := wire.InfoOf(c)
	m.Version, m.Stats = s.options.Version, s.Stats()
	return m, nil
}

// Check reports what does not fit together in what is stored.
func (s *Server) Check(_ *protocol.CheckRequest, out grpc.ServerStreamingServer[protocol.CheckResponse]) error {
	ctx, cancel := context.WithCancel(out.Context())
	defer cancel()
	if owner, err := s.owns(identityOf(ctx)); err != nil || !owner {
		return cmp.Or(err, error(ops.Errorf(ops.CodePermission, "Check needs the role owner")))
	}
	if err := s.admission.enter(ctx); err != nil {
		return err
	}
	defer s.admission.leave()
	var failed error
	err := s.db.Check(ctx, func(p zerodb.Problem) {
		if failed == nil {
			if failed = out.Send(&protocol.CheckResponse{Problem: p.String()}); failed != nil {
				cancel()
			}
		}
	})
	if failed != nil {
		return sent(ctx, failed)
	}
	return err
}
