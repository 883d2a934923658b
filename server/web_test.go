package server_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/server"
	"github.com/zerodb/zerodb/server/servertest"
)

func memory(t testing.TB) *zerodb.DB {
	t.Helper()
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// browser speaks HTTP/1.1 to a server under test.
func browser(t testing.TB, s *servertest.Server) *http.Client {
	tr := &http.Transport{DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) { return s.Dial(ctx, addr) }}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func post(t testing.TB, c *http.Client, method, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, "http://localhost/zerodb.v1.ZeroDB/"+method, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if h := req.Header.Get("Host"); h != "" {
		req.Host = h
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

const form = "application/x-www-form-urlencoded"

func TestJSON(t *testing.T) {
	s := servertest.StartTCP(t, memory(t), &server.Options{Origins: []string{"https://app.example.com"}})
	c := browser(t, s)
	for _, x := range []struct {
		method, body string
		header       []string
		status       int
		want         string // is in the answer
	}{
		{"Query", `{"text":"CREATE person SET (id, name, age) VALUES (\"ada\", \"Ada\", 41), (\"ben\", \"Ben\", 9007199254740993) RETURN NONE"}`, nil, 200, `"kind":"write"`},
		{"Query", `{"text":"SELECT name, age FROM person WHERE age > $min","params":{"min":40}}`, []string{"Content-Type", form}, 200,
			`"columns":["name","age"],"rows":[{"name":"Ada","age":41},{"name":"Ben","age":9007199254740993}]`},
		{"Query", `{"text":"person:ada; RETURN [1, none]; SELECT * FROM nobody"}`, nil, 200, `"rows":[{"id":"person:ada","name":"Ada","age":41}]`},
		{"Query", `{"text":"RETURN (1"}`, nil, 400, `syntax`},
		{"Query", `{"txt":"RETURN 1"}`, nil, 400, `txt`},
		{"Query", `{"text":"RETURN $x"}`, nil, 400, `bad_parameter`},
		{"Query", `{"text":`, nil, 400, ``},
		{"Query", `[]`, nil, 400, ``},
		{"Query", `{"text":"RETURN 1","params":[1]}`, nil, 400, `object`},
		{"Put", `{"table":"kv","key":"a","value":{"value":[1,{"b":null}]}}`, nil, 200, `{}`},
		{"Get", `{"table":"kv","key":"a"}`, nil, 200, `{"found":true,"value":{"id":"kv:a","value":[1,{}]}}`},
		{"Get", `{"table":"kv","key":"b"}`, nil, 200, `{}`},
		{"Get", `{"table":"kv"}`, nil, 400, `no key`},
		{"Delete", `{"table":"kv","key":"a"}`, nil, 200, `"found":true`},
		{"Prepare", `{"program":{"text":"SELECT name FROM person WHERE id = $id"}}`, nil, 200, `"cost":"constant"`},
		{"Info", `{}`, nil, 200, `"name":"person"`},
		{"Explain", `{"text":"SELECT name FROM person"}`, nil, 200, `person`},
		{"Query", `{"text":"RETURN 1"}`, []string{"Origin", "https://evil.example.com", "Content-Type", form}, 403, `permission_denied`},
		{"Query", `{"text":"RETURN 1"}`, []string{"Sec-Fetch-Site", "cross-site"}, 403, `permission_denied`},
		{"Query", `{"text":"RETURN 1"}`, []string{"Origin", "https://app.example.com"}, 200, `[1]`},
		{"Query", `{"text":"RETURN 1"}`, []string{"Host", "rebound.example.com"}, 403, `does not go by the name`},
		{"Query", `{"text":"RETURN 1"}`, []string{"Host", "127.0.0.1:7654"}, 200, `[1]`},
		{"Nothing", `{}`, nil, 404, ``},
	} {
		header := x.header
		if len(header) == 0 || header[0] == "Sec-Fetch-Site" || header[0] == "Host" {
			header = append([]string{"Content-Type", "application/json"}, header...)
		}
		status, body := post(t, c, x.method, x.body, header...)
		if status != x.status || !strings.Contains(body, x.want) {
			t.Errorf("%s %s %v\n%d %s\nwant %d … %s …", x.method, x.body, header, status, body, x.status, x.want)
		}
	}
}

func TestGRPCWeb(t *testing.T) {
	s := servertest.StartTCP(t, memory(t), nil)
	// QueryRequest{text: "RETURN 7"} in a frame of gRPC-Web.
	message := append([]byte{0x0a, 8}, "RETURN 7"...)
	frame := append([]byte{0, 0, 0, 0, byte(len(message))}, message...)
	req, err := http.NewRequest(http.MethodPost, "http://localhost/zerodb.v1.ZeroDB/Query", bytes.NewReader(frame))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/grpc-web+proto")
	resp, err := browser(t, s).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(strings.ToLower(string(b)), "grpc-status: 0") && !strings.Contains(strings.ToLower(string(b)), "grpc-status:0") {
		t.Fatalf("%v %d %q", err, resp.StatusCode, b)
	}
}
