package server_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server"
)

// issuer signs tokens with a key of every kind.
type issuer struct {
	keys map[string]any // by algorithm
	jwks []map[string]string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	secret := make([]byte, 32)
	_, err = rand.Read(secret)
	must(t, err)
	is := &issuer{keys: map[string]any{"RS256": rsaKey, "PS384": rsaKey, "EdDSA": private, "HS256": secret}}
	is.jwks = append(is.jwks, map[string]string{"kty": "RSA", "kid": "r", "n": b64(rsaKey.N.Bytes()), "e": b64(big.NewInt(int64(rsaKey.E)).Bytes())},
		map[string]string{"kty": "OKP", "kid": "o", "crv": "Ed25519", "x": b64(public)}, map[string]string{"kty": "oct", "kid": "s", "k": b64(secret), "alg": "HS256"})
	for name, curve := range map[string]elliptic.Curve{"256": elliptic.P256(), "384": elliptic.P384()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		must(t, err)
		raw, err := key.PublicKey.Bytes()
		must(t, err)
		half := (len(raw) - 1) / 2
		is.keys["ES"+name] = key
		is.jwks = append(is.jwks, map[string]string{"kty": "EC", "kid": "e" + name, "crv": "P-" + name, "x": b64(raw[1 : 1+half]), "y": b64(raw[1+half:])})
	}
	return is
}

func (is *issuer) set(t *testing.T) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"keys": is.jwks})
	must(t, err)
	return b
}

func (is *issuer) sign(t *testing.T, algorithm string, claims jwt.MapClaims, key any) string {
	t.Helper()
	if key == nil {
		key = is.keys[algorithm]
	}
	text, err := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), claims).SignedString(key)
	must(t, err)
	return text
}

func TestTokens(t *testing.T) {
	s, users, owner := guarded(t, someUsers)
	_, err := owner.Execute(ctx, `DEFINE ROLE tenant GRANT select ON TABLE note WHERE owner == $auth.tenant AND $auth.level > 9007199254740992`)
	must(t, err)
	is := newIssuer(t)
	now := time.Now()
	users.Tokens, err = server.NewTokens(server.TokenOptions{Keys: is.set(t), Issuer: "us", Audience: "db", Roles: "roles", Clock: func() time.Time { return now }})
	must(t, err)
	claims := func(over jwt.MapClaims) jwt.MapClaims {
		c := jwt.MapClaims{"sub": "zoe", "iss": "us", "aud": "db", "exp": now.Add(time.Hour).Unix(), "roles": []string{"tenant"}, "tenant": "bob", "level": int64(9007199254740993)}
		for name, v := range over {
			if c[name] = v; v == nil {
				delete(c, name)
			}
		}
		return c
	}
	sees := func(token string) (string, error) {
		db, err := connectAs(s, token)
		if err != nil {
			return "", err
		}
		defer db.Close()
		conn, err := db.Conn(ctx, nil)
		must(t, err)
		rows, err := conn.Execute(ctx, `SELECT VALUE id FROM note`)
		if err != nil {
			return "", err
		}
		var ids []string
		for row, err := range rows.All() {
			must(t, err)
			ids = append(ids, ops.Format(row.At(0)))
		}
		return strings.Join(ids, " "), nil
	}
	for algorithm := range is.keys {
		if got, err := sees(is.sign(t, algorithm, claims(nil), nil)); got != "note:2" || err != nil {
			t.Errorf("%s: %s %v", algorithm, got, err)
		}
	}
	for _, c := range []struct {
		over jwt.MapClaims
		want string
	}{
		{jwt.MapClaims{"tenant": "ada"}, "note:1"}, {jwt.MapClaims{"tenant": "nobody"}, ""}, {jwt.MapClaims{"roles": "tenant other"}, "note:2"},
		{jwt.MapClaims{"sub": "root", "roles": nil}, "note:1 note:2"}, {jwt.MapClaims{"sub": "ada", "roles": nil}, "note:1"}, {jwt.MapClaims{"user": "root", "sub": "ada", "roles": nil}, "note:1"},
	} {
		if got, err := sees(is.sign(t, "ES256", claims(c.over), nil)); got != c.want || err != nil {
			t.Errorf("%v: %q %v", c.over, got, err)
		}
	}
	if _, err := sees(is.sign(t, "ES256", claims(jwt.MapClaims{"roles": nil}), nil)); ops.CodeOf(err) != ops.CodePermission {
		t.Errorf("a user that nobody has defined, without roles: %v", err)
	}

	other := newIssuer(t)
	rsaKey := is.keys["RS256"].(*rsa.PrivateKey)
	public := x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey)
	whole := strings.Split(is.sign(t, "RS256", claims(nil), nil), ".")
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"root","iss":"us","aud":"db","exp":99999999999}`))
	for name, token := range map[string]string{
		"another's key":      other.sign(t, "RS256", claims(nil), nil),
		"another's secret":   other.sign(t, "HS256", claims(nil), nil),
		"a public key":       is.sign(t, "HS256", claims(nil), public),
		"none":               is.sign(t, "none", claims(nil), jwt.UnsafeAllowNoneSignatureType),
		"no signature":       whole[0] + "." + whole[1] + ".",
		"other claims":       whole[0] + "." + forged + "." + whole[2],
		"another algorithm":  is.sign(t, "HS384", claims(nil), is.keys["HS256"]),
		"no end":             is.sign(t, "RS256", claims(jwt.MapClaims{"exp": nil}), nil),
		"expired":            is.sign(t, "RS256", claims(jwt.MapClaims{"exp": now.Add(-time.Second).Unix()}), nil),
		"not yet":            is.sign(t, "RS256", claims(jwt.MapClaims{"nbf": now.Add(time.Minute).Unix()}), nil),
		"another issuer":     is.sign(t, "RS256", claims(jwt.MapClaims{"iss": "them"}), nil),
		"another audience":   is.sign(t, "RS256", claims(jwt.MapClaims{"aud": "else"}), nil),
		"no subject":         is.sign(t, "RS256", claims(jwt.MapClaims{"sub": nil}), nil),
		"nothing":            "..",
		"a text":             "token",
		"a very long thing":  strings.Repeat("a.", 2000),
		"another curve's id": withHeader(t, is, "ES256", claims(nil), "e384"),
	} {
		if got, err := sees(token); ops.CodeOf(err) != ops.CodeUnauthenticated {
			t.Errorf("%s: %s %v", name, got, err)
		}
	}

	// A token that was good ends by the clock.
	token := is.sign(t, "EdDSA", claims(jwt.MapClaims{"exp": now.Add(time.Minute).Unix()}), nil)
	if got, err := sees(token); got != "note:2" || err != nil {
		t.Errorf("%s %v", got, err)
	}
	now = now.Add(2 * time.Minute)
	if _, err := sees(token); ops.CodeOf(err) != ops.CodeUnauthenticated {
		t.Errorf("an expired token that was known: %v", err)
	}
}

func withHeader(t *testing.T, is *issuer, algorithm string, claims jwt.MapClaims, kid string) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), claims)
	token.Header["kid"] = kid
	text, err := token.SignedString(is.keys[algorithm])
	must(t, err)
	return text
}

func TestKeySets(t *testing.T) {
	for _, set := range []string{``, `[]`, `{"keys":[]}`, `{"keys":[{"kty":"oct","k":"c2hvcnQ"}]}`, `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`,
		`{"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}]}`, `{"keys":[{"kty":"EC","crv":"P-256","x":"` + strings.Repeat("A", 43) + `","y":"` + strings.Repeat("A", 43) + `"}]}`,
		`{"keys":[{"kty":"OKP","crv":"X25519","x":"` + strings.Repeat("A", 43) + `"}]}`, `{"keys":[{"kty":"oct","alg":"none","k":"` + strings.Repeat("A", 43) + `"}]}`,
		`{"keys":[{"kty":"oct","use":"enc","k":"` + strings.Repeat("A", 43) + `"}]}`} {
		if _, err := server.NewTokens(server.TokenOptions{Keys: []byte(set)}); ops.CodeOf(err) != ops.CodeUsage {
			t.Errorf("%s: %v", set, err)
		}
	}
}
