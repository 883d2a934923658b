package server_test

import (
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/server/servertest"
	"github.com/zerodb/zerodb/vm"
)

type programType = *vm.Program

func connectAs(s *servertest.Server, token string) (*client.DB, error) {
	opts := []client.Option{client.WithDialer(s.Dial)}
	if token != "" {
		opts = append(opts, client.WithToken(token))
	}
	return client.Connect(ctx, "bufconn", opts...)
}
