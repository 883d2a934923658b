package server

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"

	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
)

// operate answers those who run the server.
type operate struct {
	protocol.UnimplementedOperateServer
	server *Server
}

// isOperation reports whether a method is one of them.
func isOperation(method string) bool {
	return strings.HasPrefix(method, "/"+protocol.Operate_ServiceDesc.ServiceName+"/")
}

// mayOperate says who may: Options.Operator decides. Without it owners may, and callers from this machine as long as nobody has to say
// who he is: where there are users, coming from here is no right.
func (s *Server) mayOperate(ctx context.Context) error {
	if s.options.Operator != nil {
		return s.options.Operator(identityOf(ctx))
	}
	id := identityOf(ctx)
	if id.Rights != nil {
		if owner, err := s.owns(id); err != nil || owner {
			return err
		}
	} else if p, ok := peer.FromContext(ctx); ok && id.User == "" && isLocal(p.Addr) {
		return nil
	}
	return ops.Errorf(ops.CodePermission, "only those who run the server may ask for this").WithHint("ask on the machine that it runs on")
}

// Reload reads certificates anew.
func (o operate) Reload(context.Context, *protocol.ReloadRequest) (*protocol.ReloadResponse, error) {
	reload := o.server.options.Reload
	if reload == nil {
		return nil, ops.Errorf(ops.CodeNotFound, "the server has no certificate that could be read anew").WithHint("start it with --cert and --key")
	}
	if err := reload(); err != nil {
		return nil, ops.Errorf(ops.CodeIO, "the certificate stays as it was: %v", err)
	}
	return &protocol.ReloadResponse{}, nil
}

// Replay runs a statement again that was kept.
func (o operate) Replay(req *protocol.ReplayRequest, out grpc.ServerStreamingServer[protocol.ReplayResponse]) error {
	s, ctx := o.server, out.Context()
	return s.with(ctx, nil, func(at *seat) error {
		rows, err := at.session.Replay(ctx, req.GetToken())
		if err != nil {
			return err
		}
		text := rows.Statement().Text
		e := &execution{server: s, seat: at, req: &protocol.ExecuteRequest{}, send: func(p *protocol.Part) error {
			m := &protocol.ReplayResponse{Part: p, Text: text}
			text = ""
			return s.admission.pause(func() error { return sent(ctx, out.Send(m)) })
		}}
		return e.emit(rows)
	})
}
