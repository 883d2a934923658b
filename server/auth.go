package server

import (
	"context"
	"crypto/tls"
	"strings"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/zerodb/zerodb"
)

// Identity is who asks.
type Identity struct {
	User  string
	Roles []string
	// Rights are for whom the sessions of the caller work; nil: for the owner, and Options.Guard alone decides what they may do.
	Rights *zerodb.Identity
}

// key tells identities apart; claims are not in it.
func (id *Identity) key() string {
	if id.Rights == nil {
		return id.User
	}
	return id.User + "\x00" + id.Rights.User + "\x00" + strings.Join(id.Rights.Roles, "\x00")
}

// owns reports whether an identity may do everything.
func (s *Server) owns(id Identity) (bool, error) {
	if id.Rights == nil {
		return true, nil
	}
	return s.db.IsOwner(id.Rights)
}

// Credentials are what a caller shows.
type Credentials struct {
	// Authorization is the header of that name: "Bearer …" or "Basic …".
	Authorization string
	// TLS has the certificates of the connection; nil without.
	TLS *tls.ConnectionState
	// Peer is the caller's address.
	Peer string
}

// Authenticator says who asks; an error refuses the call. It is asked once for each call and stream.
type Authenticator interface {
	Authenticate(ctx context.Context, c Credentials) (Identity, error)
}

type identityKey struct{}

// identify finds out who asks and puts it into the context.
func (s *Server) identify(ctx context.Context) (context.Context, error) {
	if s.options.Authenticator == nil {
		return ctx, nil
	}
	var c Credentials
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		c.Authorization = strings.Join(md.Get("authorization"), ",")
	}
	if p, ok := peer.FromContext(ctx); ok {
		if p.Addr != nil {
			c.Peer = p.Addr.String()
		}
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok {
			c.TLS = &info.State
		}
	}
	id, err := s.options.Authenticator.Authenticate(ctx, c)
	if err != nil {
		return nil, err
	}
	return context.WithValue(ctx, identityKey{}, &id), nil
}

// identityOf is who asks, as identify found out.
func identityOf(ctx context.Context) Identity {
	if id, ok := ctx.Value(identityKey{}).(*Identity); ok {
		return *id
	}
	return Identity{}
}
