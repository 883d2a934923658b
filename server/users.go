package server

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// Users is the Authenticator of the users that a database defines. As long as none is defined, everybody is the owner.
//
// Who asks shows a user's name and password (Basic), a token (Bearer), or a certificate that the connection has verified, whose common name is the user; the
// header goes over the certificate.
type Users struct {
	// Tokens are taken as well where they are set: a token is for who does not know the password.
	Tokens *Tokens

	db    *zerodb.DB
	clock func() time.Time
	key   [32]byte      // of what is known
	turns chan struct{} // hashing a password takes memory and time, on purpose
	// Hashes counts passwords that were hashed to be compared.
	Hashes atomic.Int64

	mu    sync.Mutex
	known map[[32]byte]known
}

// known is a password that was right.
type known struct {
	hash  string // the user's when it was
	until time.Time
}

const (
	hashesAtOnce = 2
	maxKnown     = 4096
	knownFor     = 10 * time.Minute
)

// NewUsers makes the authenticator of a database's users.
func NewUsers(db *zerodb.DB, o *Options) (*Users, error) {
	w := o.withDefaults()
	u := &Users{db: db, clock: w.Clock, turns: make(chan struct{}, hashesAtOnce), known: map[[32]byte]known{}}
	_, err := io.ReadFull(w.Random, u.key[:])
	return u, err
}

var errUnknownUser = ops.Errorf(ops.CodeUnauthenticated, "the user or the password is not known here")

// Authenticate implements Authenticator.
func (u *Users) Authenticate(ctx context.Context, c Credentials) (Identity, error) {
	there, err := u.db.HasUsers()
	if err != nil || !there && u.Tokens == nil {
		return Identity{}, err
	}
	scheme, rest, _ := strings.Cut(c.Authorization, " ")
	switch {
	case c.Authorization == "":
		if c.TLS != nil && len(c.TLS.VerifiedChains) > 0 {
			return u.byCertificate(c.TLS.VerifiedChains[0][0].Subject.CommonName)
		}
		return Identity{}, ops.Errorf(ops.CodeUnauthenticated, "the server wants to know who asks").WithHint("give a user and password, or a certificate")
	case strings.EqualFold(scheme, "Basic"):
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
		user, password, ok := strings.Cut(string(raw), ":")
		if err != nil || !ok {
			return Identity{}, ops.Errorf(ops.CodeUnauthenticated, "what stands behind Basic is no user and password")
		}
		return u.byPassword(ctx, user, password)
	case strings.EqualFold(scheme, "Bearer") && u.Tokens != nil:
		return u.Tokens.identify(strings.TrimSpace(rest))
	}
	return Identity{}, ops.Errorf(ops.CodeUnauthenticated, "the server does not take credentials of that kind").WithHint("give a user and password")
}

func identityFor(user string) Identity {
	return Identity{User: user, Rights: &zerodb.Identity{User: user}}
}

// byCertificate takes a certificate's name for a user's.
func (u *Users) byCertificate(name string) (Identity, error) {
	_, defined, err := u.db.PasswordHash(name)
	if err != nil {
		return Identity{}, err
	}
	if !defined {
		return Identity{}, ops.Errorf(ops.CodeUnauthenticated, "the name of the certificate, %q, is no user here", name)
	}
	return identityFor(name), nil
}

// nobodysHash is compared with where there is no user, so that the answer takes as long.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

// byPassword checks a password. One that was right is known for a while, so that a call costs no hash.
func (u *Users) byPassword(ctx context.Context, user, password string) (Identity, error) {
	hash, _, err := u.db.PasswordHash(user)
	if err != nil {
		return Identity{}, err
	}
	mac := hmac.New(sha256.New, u.key[:])
	mac.Write([]byte(user + "\x00" + password))
	var key [32]byte
	copy(key[:], mac.Sum(nil))
	now := u.clock()
	u.mu.Lock()
	k, ok := u.known[key]
	u.mu.Unlock()
	if ok && hash != "" && k.hash == hash && now.Before(k.until) {
		return identityFor(user), nil
	}
	select {
	case u.turns <- struct{}{}:
	case <-ctx.Done():
		return Identity{}, contextError(ctx.Err())
	}
	defer func() { <-u.turns }()
	u.Hashes.Add(1)
	compared := hash
	if hash == "" {
		compared = nobodysHash
	}
	if !ops.IsPassword(compared, password) || hash == "" {
		return Identity{}, errUnknownUser
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.known) >= maxKnown {
		clear(u.known)
	}
	u.known[key] = known{hash, now.Add(knownFor)}
	return identityFor(user), nil
}
