package server_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server"
	"github.com/zerodb/zerodb/server/servertest"
)

// guarded is a server that asks for users.
func guarded(t *testing.T, scripts ...string) (*servertest.Server, *server.Users, *zerodb.Session) {
	t.Helper()
	db := memory(t)
	owner, err := db.Session(ctx, nil)
	must(t, err)
	t.Cleanup(func() { _ = owner.Close() })
	for _, text := range scripts {
		_, err := owner.Execute(ctx, text)
		must(t, err)
	}
	o := &server.Options{}
	users, err := server.NewUsers(db, o)
	must(t, err)
	o.Authenticator = users
	return servertest.Start(t, db, o), users, owner
}

func login(s *servertest.Server, user, password string) (*client.DB, error) {
	return client.Connect(ctx, "bufconn", client.WithDialer(s.Dial), client.WithPassword(user, password))
}

const someUsers = `DEFINE ROLE mine GRANT select, create ON TABLE note WHERE owner == $auth.user; DEFINE USER ada PASSWORD "first" ROLES mine;
	DEFINE USER root PASSWORD "root's" ROLES owner; DEFINE USER nopass ROLES owner;
	CREATE note:1 SET owner = "ada"; CREATE note:2 SET owner = "bob"`

func TestUsers(t *testing.T) {
	s, users, owner := guarded(t, someUsers)
	for name, c := range map[string][2]string{"a wrong password": {"ada", "second"}, "an unknown user": {"eve", "first"}, "a user without password": {"nopass", ""},
		"another's password": {"ada", "root's"}, "a long password": {"ada", strings.Repeat("x", 5000)}} {
		if _, err := login(s, c[0], c[1]); ops.CodeOf(err) != ops.CodeUnauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := connectAs(s, ""); ops.CodeOf(err) != ops.CodeUnauthenticated {
		t.Errorf("nobody: %v", err)
	}
	if _, err := connectAs(s, "forged"); ops.CodeOf(err) != ops.CodeUnauthenticated {
		t.Errorf("a forged token: %v", err)
	}
	before := users.Hashes.Load()
	ada, err := login(s, "ada", "first")
	must(t, err)
	defer ada.Close()
	conn, err := ada.Conn(ctx, nil)
	must(t, err)
	seen := func(text string) (int, error) {
		rows, err := conn.Execute(ctx, text)
		if err != nil {
			return 0, err
		}
		return count(t, rows), nil
	}
	for range 5 {
		if n, err := seen(`SELECT * FROM note`); n != 1 || err != nil {
			t.Errorf("ada sees %d: %v", n, err)
		}
		if _, err := ada.Info(ctx, nil); err != nil {
			t.Error(err)
		}
	}
	if n := users.Hashes.Load() - before; n != 1 {
		t.Errorf("%d hashes for many calls", n)
	}
	if _, err := seen(`DEFINE USER eve ROLES owner`); ops.CodeOf(err) != ops.CodePermission {
		t.Errorf("ada defines a user: %v", err)
	}
	if err := ada.Check(ctx, func(zerodb.Problem) {}); ops.CodeOf(err) != ops.CodePermission {
		t.Errorf("ada checks: %v", err)
	}
	root, err := login(s, "root", "root's")
	must(t, err)
	defer root.Close()
	must(t, root.Check(ctx, func(zerodb.Problem) {}))

	// What is taken away is gone at once, for what is open as well.
	_, err = owner.Execute(ctx, `ALTER USER ada PASSWORD "second"`)
	must(t, err)
	if _, err := login(s, "ada", "first"); ops.CodeOf(err) != ops.CodeUnauthenticated {
		t.Errorf("the old password: %v", err)
	}
	_, err = owner.Execute(ctx, `REMOVE USER ada`)
	must(t, err)
	if _, err := seen(`SELECT * FROM note`); ops.CodeOf(err) != ops.CodePermission {
		t.Errorf("a user that is gone: %v", err)
	}
}

func TestUsersOverHTTP(t *testing.T) {
	s, _, _ := guarded(t, someUsers)
	c := browser(t, s)
	const body = `{"text":"SELECT VALUE id FROM note"}`
	if status, text := post(t, c, "Query", body, "Content-Type", "application/json"); status != 401 {
		t.Errorf("%d %s", status, text)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("ada:first"))
	if status, text := post(t, c, "Query", body, "Content-Type", "application/json", "Authorization", basic); status != 200 || !strings.Contains(text, `["note:1"]`) {
		t.Errorf("%d %s", status, text)
	}
	status, text := post(t, c, "Query", `{"text":"SELECT * FROM other"}`, "Content-Type", "application/json", "Authorization", basic)
	if status != 403 || !strings.Contains(text, "permission_denied") {
		t.Errorf("%d %s", status, text)
	}
}

// TestNoUsers is that a database without users asks nobody.
func TestNoUsers(t *testing.T) {
	s, _, owner := guarded(t)
	db, err := connectAs(s, "")
	must(t, err)
	conn, err := db.Conn(ctx, nil)
	must(t, err)
	_, err = conn.Execute(ctx, `DEFINE USER root PASSWORD "r" ROLES owner`)
	must(t, err)
	must(t, db.Close())
	if _, err := connectAs(s, ""); ops.CodeOf(err) != ops.CodeUnauthenticated {
		t.Errorf("%v", err)
	}
	_, err = owner.Execute(ctx, `REMOVE USER root`)
	must(t, err)
}

func TestCertificatesAreUsers(t *testing.T) {
	_, users, _ := guarded(t, someUsers)
	for name, want := range map[string]zerodb.Code{"ada": "", "eve": ops.CodeUnauthenticated} {
		state := &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{Subject: pkix.Name{CommonName: name}}}}}
		id, err := users.Authenticate(ctx, server.Credentials{TLS: state})
		if want == "" && (err != nil || id.Rights == nil || id.Rights.User != name) || want != "" && ops.CodeOf(err) != want {
			t.Errorf("%s: %v %v", name, id, err)
		}
	}
	// One that was not verified says nothing.
	state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Subject: pkix.Name{CommonName: "ada"}}}}
	if _, err := users.Authenticate(ctx, server.Credentials{TLS: state}); ops.CodeOf(err) != ops.CodeUnauthenticated {
		t.Error(err)
	}
}
