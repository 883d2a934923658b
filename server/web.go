package server

import (
	"context"
	"net"
)

type web struct{}

func newWeb(*Server) (*web, error)    { return &web{}, nil }
func (*web) shutdown(context.Context) {}
func (*web) close()                   {}

// Serve answers connections of a listener until the server is shut down, and closes it.
func (s *Server) Serve(l net.Listener) error { return s.grpc.Serve(l) }
