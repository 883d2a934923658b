package server

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/zerodb/zerodb/ops"
)

// TokenOptions say which JSON Web Tokens a server takes.
type TokenOptions struct {
	// Keys is a JSON Web Key Set with the keys that sign them: RSA, EC (P-256, P-384, P-521), OKP (Ed25519) and oct.
	Keys []byte
	// Issuer and Audience, where they are not "", are what the claims iss and aud must be.
	Issuer, Audience string
	// Roles is the claim that lists roles; "" means that tokens bring none, and a token's roles are those of the user that is defined
	// under its subject.
	Roles string
	// Clock is the time that tokens end by; nil: the machine's.
	Clock func() time.Time
}

// Tokens checks tokens. A token has a subject, which is the user's name, and a time at which it ends; its claims are members of $auth.
type Tokens struct {
	options TokenOptions
	keys    []webKey
	parser  *jwt.Parser

	mu    sync.Mutex
	known map[[32]byte]knownToken
}

// webKey is a key that verifies tokens.
type webKey struct {
	id, algorithm string // "": any
	key           any    // []byte, *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

// knownToken is a token that was checked.
type knownToken struct {
	id    Identity
	until time.Time
}

// algorithms are the ways of signing that are taken. That of no signature is none of them.
var algorithms = []string{"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// NewTokens reads the keys.
func NewTokens(o TokenOptions) (*Tokens, error) {
	if o.Clock == nil {
		o.Clock = (*Options)(nil).withDefaults().Clock
	}
	t := &Tokens{options: o, known: map[[32]byte]knownToken{}}
	var err error
	if t.keys, err = webKeys(o.Keys); err != nil {
		return nil, err
	}
	checks := []jwt.ParserOption{jwt.WithValidMethods(algorithms), jwt.WithExpirationRequired(), jwt.WithTimeFunc(o.Clock), jwt.WithIssuedAt()}
	if o.Issuer != "" {
		checks = append(checks, jwt.WithIssuer(o.Issuer))
	}
	if o.Audience != "" {
		checks = append(checks, jwt.WithAudience(o.Audience))
	}
	t.parser = jwt.NewParser(checks...)
	return t, nil
}

// identify says whose a token is.
func (t *Tokens) identify(token string) (Identity, error) {
	sum, now := sha256.Sum256([]byte(token)), t.options.Clock()
	t.mu.Lock()
	k, ok := t.known[sum]
	t.mu.Unlock()
	if ok && now.Before(k.until) {
		return k.id, nil
	}
	claims := jwt.MapClaims{}
	if _, err := t.parser.ParseWithClaims(token, claims, t.keyOf); err != nil {
		return Identity{}, refusedToken(err)
	}
	ends, err := claims.GetExpirationTime()
	if err != nil || ends == nil {
		return Identity{}, errToken
	}
	id, err := t.identityOf(token, claims)
	if err != nil {
		return Identity{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.known) >= maxKnown {
		clear(t.known)
	}
	t.known[sum] = knownToken{id, ends.Time}
	return id, nil
}

var errToken = ops.Errorf(ops.CodeUnauthenticated, "the token is not valid here")

// refusedToken says what is wrong with a token, as far as its bearer may know.
func refusedToken(err error) error {
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return ops.Errorf(ops.CodeUnauthenticated, "the token has expired").WithHint("get another one from who issues them")
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return ops.Errorf(ops.CodeUnauthenticated, "the token is not valid yet")
	}
	return errToken
}

// identityOf reads the claims of a token that was checked.
func (t *Tokens) identityOf(token string, claims jwt.MapClaims) (Identity, error) {
	user, err := claims.GetSubject()
	if err != nil || user == "" {
		return Identity{}, ops.Errorf(ops.CodeUnauthenticated, "the token names no user: it has no claim sub")
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		return Identity{}, errToken
	}
	all, err := ops.ParseJSON(raw) // integers stay what they are
	if err != nil {
		return Identity{}, errToken
	}
	id := identityFor(user)
	id.Rights.Claims = all
	if t.options.Roles == "" {
		return id, nil
	}
	switch roles := claims[t.options.Roles].(type) {
	case string:
		id.Rights.Roles = strings.Fields(roles)
	case []any:
		for _, r := range roles {
			if name, ok := r.(string); ok {
				id.Rights.Roles = append(id.Rights.Roles, name)
			}
		}
	}
	return id, nil
}

// keyOf gives the keys that may have signed a token: of the kind of its algorithm, and of the name that it gives.
func (t *Tokens) keyOf(token *jwt.Token) (any, error) {
	name, _ := token.Header["kid"].(string)
	var set jwt.VerificationKeySet
	for _, k := range t.keys {
		if (k.algorithm == "" || k.algorithm == token.Method.Alg()) && (name == "" || k.id == "" || k.id == name) && k.fits(token.Method) {
			set.Keys = append(set.Keys, k.key)
		}
	}
	if len(set.Keys) == 0 {
		return nil, errToken
	}
	return set, nil
}

// fits reports whether a key is of the kind that a way of signing takes: a public key is never the secret of another way.
func (k *webKey) fits(m jwt.SigningMethod) bool {
	switch m := m.(type) {
	case *jwt.SigningMethodHMAC:
		_, ok := k.key.([]byte)
		return ok
	case *jwt.SigningMethodRSA, *jwt.SigningMethodRSAPSS:
		_, ok := k.key.(*rsa.PublicKey)
		return ok
	case *jwt.SigningMethodECDSA:
		key, ok := k.key.(*ecdsa.PublicKey)
		return ok && key.Curve.Params().BitSize == m.CurveBits
	case *jwt.SigningMethodEd25519:
		_, ok := k.key.(ed25519.PublicKey)
		return ok
	}
	return false
}

// webKeys reads a JSON Web Key Set.
func webKeys(content []byte) (all []webKey, err error) {
	var set struct {
		Keys []struct{ Kty, Use, Kid, Alg, Crv, N, E, X, Y, K string }
	}
	if err := json.Unmarshal(content, &set); err != nil {
		return nil, ops.Errorf(ops.CodeUsage, "the keys of tokens are no JSON Web Key Set: %v", err)
	}
	for i, k := range set.Keys {
		if k.Use != "" && k.Use != "sig" {
			continue
		}
		w := webKey{id: k.Kid, algorithm: k.Alg}
		switch k.Kty {
		case "oct":
			w.key = octKey(k.K)
		case "RSA":
			w.key = rsaKey(k.N, k.E)
		case "EC":
			w.key = ecKey(k.Crv, k.X, k.Y)
		case "OKP":
			w.key = okpKey(k.Crv, k.X)
		}
		if w.key == nil {
			return nil, ops.Errorf(ops.CodeUsage, "key %d of the key set, %q, is of kind %q, and no key for signatures that this server knows, or too weak", i, k.Kid, k.Kty)
		}
		if w.algorithm != "" && !slices.Contains(algorithms, w.algorithm) {
			return nil, ops.Errorf(ops.CodeUsage, "key %d of the key set, %q, is for %s, which this server does not take", i, k.Kid, w.algorithm)
		}
		all = append(all, w)
	}
	if len(all) == 0 {
		return nil, ops.Errorf(ops.CodeUsage, "the key set holds no key for signatures")
	}
	return all, nil
}

func unbase64(s string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
	if err != nil {
		return nil
	}
	return b
}

const (
	leastSecret = 32   // bytes of a shared secret
	leastRSA    = 2048 // bits
	mostRSA     = 16384
)

func octKey(k string) any {
	if b := unbase64(k); len(b) >= leastSecret {
		return b
	}
	return nil
}

func rsaKey(n, e string) any {
	modulus, exponent := new(big.Int).SetBytes(unbase64(n)), new(big.Int).SetBytes(unbase64(e))
	if modulus.BitLen() < leastRSA || modulus.BitLen() > mostRSA || !exponent.IsInt64() || exponent.Int64() < 3 || exponent.Int64() > 1<<31-1 {
		return nil
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}
}

func ecKey(curve, x, y string) any {
	c, ok := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[curve]
	if !ok {
		return nil
	}
	size := (c.Params().BitSize + 7) / 8
	bx, by := unbase64(x), unbase64(y)
	if len(bx) != size || len(by) != size {
		return nil
	}
	key, err := ecdsa.ParseUncompressedPublicKey(c, slices.Concat([]byte{4}, bx, by)) // a point of the curve, or an error
	if err != nil {
		return nil
	}
	return key
}

func okpKey(curve, x string) any {
	if b := unbase64(x); curve == "Ed25519" && len(b) == ed25519.PublicKeySize {
		return ed25519.PublicKey(b)
	}
	return nil
}
