package zbench

import (
	"context"
	"errors"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/server"
)

// connectTime is how long a server may take to answer at first, drainTime how long it may take to stop.
const (
	connectTime = 15 * time.Second
	drainTime   = 5 * time.Second
)

// target opens what is driven. done closes it and removes what was made for it.
func (a *app) target(ctx context.Context, o *runOptions) (db zerodb.Database, settings string, done func() error, err error) {
	switch {
	case o.connect != "" && o.dir != "":
		return nil, "", nil, cli.Usagef("--dir and --connect cannot be given together")
	case o.connect != "":
		remote, err := a.dial(ctx, o.connect, o.clients)
		if err != nil {
			return nil, "", nil, err
		}
		return remote, "zerodb behind the server at " + o.connect, remote.Close, nil
	case o.target != "embedded" && o.target != "grpc":
		return nil, "", nil, cli.Usagef("--target %s: embedded or grpc", o.target)
	}
	dir, remove, err := a.scratch(o.dir)
	if err != nil {
		return nil, "", nil, err
	}
	local, err := a.open(dir, false)
	if err != nil {
		return nil, "", nil, errors.Join(err, remove())
	}
	closeLocal := func() error { return errors.Join(local.Close(), remove()) }
	if o.target == "embedded" {
		return local, "zerodb embedded, every write synced", closeLocal, nil
	}
	remote, stop, err := a.serve(ctx, local, o.clients)
	if err != nil {
		return nil, "", nil, errors.Join(err, closeLocal())
	}
	return remote, "zerodb over gRPC on loopback, every write synced", func() error { return errors.Join(stop(), closeLocal()) }, nil
}

func (a *app) dial(ctx context.Context, addr string, clients int) (*client.DB, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	opts := []client.Option{client.WithConnections(min(clients, 4))}
	if a.world.Dial != nil {
		opts = append(opts, client.WithDialer(a.world.Dial))
	}
	return client.Connect(ctx, addr, opts...)
}

// serve puts a server in front of a database and connects to it.
func (a *app) serve(ctx context.Context, db *zerodb.DB, clients int) (remote zerodb.Database, done func() error, err error) {
	s, err := server.New(db, &server.Options{})
	if err != nil {
		return nil, nil, err
	}
	l, err := a.world.Listen("127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	stop := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		return errors.Join(s.Shutdown(ctx), <-served)
	}
	c, err := a.dial(ctx, l.Addr().String(), clients)
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return c, func() error { return errors.Join(c.Close(), stop()) }, nil
}
