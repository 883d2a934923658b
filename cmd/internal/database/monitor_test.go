package database_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/cmd/internal/cli"
)

// get asks a page.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp.StatusCode, string(body)
}

func TestMonitor(t *testing.T) {
	s := serve(t, vfs.NewMem(), "--metrics-listen", "127.0.0.1:0", "--slow", "1ns", "--log-format", "json")
	db, err := client.Connect(ctx, s.addr)
	must(t, err)
	defer db.Close()
	script(t, db, `CREATE a:1 SET n = 1`)
	script(t, db, `SELECT n, rand::int(0, 1000000000) AS r FROM a`)
	page := s.said.after("zerodb: metrics on ")
	if status, body := get(t, page); status != 200 || !strings.Contains(body, `zerodb_statements_total{code="ok",kind="write"} 1`) || !strings.Contains(body, "zerodb_connections 2") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := get(t, strings.TrimSuffix(page, "metrics")+"debug/pprof/"); status != 404 {
		t.Errorf("profiles are served unasked: %d", status)
	}
	_, token, _ := strings.Cut(s.said.after(`"kind":"query"`), `"replay":"`)
	token, _, _ = strings.Cut(token, `"`)
	script(t, db, `UPDATE a SET n = 2`)
	status, first := s.run("replay", "--connect", s.addr, token)
	if status != cli.OK || !strings.Contains(first, `[{"n":1,"r":`) || !strings.Contains(first, "SELECT n, rand") {
		t.Errorf("%d %s", status, first)
	}
	if status, second := s.run("replay", "--connect", s.addr, token); status != cli.OK || second != first {
		t.Errorf("%d %s", status, second)
	}
	if status, out := s.run("replay", "--connect", s.addr, "x"); status != cli.Failed || !strings.Contains(out, "no replay token") {
		t.Errorf("%d %s", status, out)
	}
}

func TestProfilesAndTraces(t *testing.T) {
	var sent atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/traces" {
			sent.Add(r.ContentLength)
		}
	}))
	defer collector.Close()
	t.Run("served", func(t *testing.T) {
		fs := vfs.NewMem()
		write(t, fs, "conf", []byte("pprof = true\ntrace_ratio = 1.0\nmetrics_listen = \"127.0.0.1:0\"\n"))
		s := serve(t, fs, "--config", "conf", "--traces", collector.URL+"/v1/traces")
		db, err := client.Connect(ctx, s.addr)
		must(t, err)
		script(t, db, `CREATE a:1 SET n = 1`)
		must(t, db.Close())
		page := strings.TrimSuffix(s.said.after("zerodb: metrics on "), "metrics")
		if status, body := get(t, page+"debug/pprof/"); status != 200 || !strings.Contains(body, "goroutine") {
			t.Errorf("%d %s", status, body)
		}
	})
	if sent.Load() == 0 { // the server has sent what it had when it was stopped
		t.Error("no trace came")
	}
}

func TestMonitorRefuses(t *testing.T) {
	s := serve(t, vfs.NewMem())
	for _, args := range [][]string{
		{"--metrics-listen", ":9000"}, {"--metrics-listen", ":9000", "--insecure", "--pprof"}, {"--metrics-listen", "x"}, {"--pprof"}, {"--log-format", "xml"},
		{"--slow", "-1s"}, {"--traces", ":"},
	} {
		if status, out := s.run(append([]string{"serve", "--dir", "other"}, args...)...); status != cli.Usage {
			t.Errorf("%v: %d %s", args, status, out)
		}
	}
}
