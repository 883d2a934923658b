package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/server"
	"github.com/zerodb/zerodb/server/servertest"
	"github.com/zerodb/zerodb/server/telemetry"
)

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start makes a database and a server that are observed.
func start(t *testing.T, o telemetry.Options) (*telemetry.Telemetry, *servertest.Server) {
	t.Helper()
	x := telemetry.New(o)
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true, Observer: x})
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	s := servertest.Start(t, db, &server.Options{Incoming: telemetry.Incoming})
	x.Watch(db, s.Server)
	return x, s
}

func run(t *testing.T, c zerodb.Conn, text string, args ...zerodb.Arg) string {
	t.Helper()
	rows, err := c.Execute(ctx, text, args...)
	must(t, err)
	var b strings.Builder
	for row, err := range rows.All() {
		must(t, err)
		b.Write(row.AppendJSON(nil))
	}
	return b.String()
}

// value is a metric's, of the labels given.
func value(t *testing.T, x *telemetry.Telemetry, name string, labels ...string) float64 {
	t.Helper()
	all, err := x.Gatherer().Gather()
	must(t, err)
	for _, family := range all {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			if has(m, labels) {
				switch {
				case m.Counter != nil:
					return m.Counter.GetValue()
				case m.Gauge != nil:
					return m.Gauge.GetValue()
				case m.Histogram != nil:
					return float64(m.Histogram.GetSampleCount())
				}
			}
		}
	}
	return -1
}

func has(m *dto.Metric, labels []string) bool {
	for i := 0; i < len(labels); i += 2 {
		found := false
		for _, l := range m.GetLabel() {
			found = found || l.GetName() == labels[i] && l.GetValue() == labels[i+1]
		}
		if !found {
			return false
		}
	}
	return true
}

func TestMetrics(t *testing.T) {
	x, s := start(t, telemetry.Options{})
	c, err := s.Connect(t).Conn(ctx, nil)
	must(t, err)
	run(t, c, `CREATE a:1 SET n = 1; CREATE a:2 SET n = 2`)
	run(t, c, `SELECT n FROM a`)
	if _, err := c.Execute(ctx, `CREATE a:1`); err == nil {
		t.Fatal("a record was made twice")
	}
	for _, w := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"zerodb_statements_total", []string{"kind", "write", "code", "ok"}, 2},
		{"zerodb_statements_total", []string{"kind", "write", "code", "already_exists"}, 1},
		{"zerodb_statements_total", []string{"kind", "query", "code", "ok"}, 1},
		{"zerodb_statement_seconds", []string{"kind", "write"}, 3},
		{"zerodb_statement_rows_total", []string{"kind", "query"}, 2},
		{"zerodb_statement_work_total", []string{"what", "written"}, 2},
		{"zerodb_commits_total", nil, 2},
		{"zerodb_connections", nil, 2},
		{"zerodb_overloaded_total", nil, 0},
	} {
		if got := value(t, x, w.name, w.labels...); got != w.want {
			t.Errorf("%s %v is %v, want %v", w.name, w.labels, got, w.want)
		}
	}
	for _, name := range []string{"zerodb_disk_bytes", "zerodb_admitted_total", "zerodb_compiles_total", "go_goroutines"} {
		if value(t, x, name) <= 0 {
			t.Errorf("%s is %v", name, value(t, x, name))
		}
	}
	if problems, err := testutil.GatherAndLint(x.Gatherer()); err != nil || len(problems) > 0 {
		t.Error(err, problems)
	}
}

func TestSlowStatements(t *testing.T) {
	var log bytes.Buffer
	_, s := start(t, telemetry.Options{Slow: time.Nanosecond, Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	db := s.Connect(t)
	c, err := db.Conn(ctx, nil)
	must(t, err)
	run(t, c, `CREATE a:1 SET n = 1, word = "hush"`)
	const text = `SELECT n, rand::int(0, 1000000) AS r, $secret AS s FROM a`
	run(t, c, text, zerodb.Named("secret", "hush"))
	run(t, c, `UPDATE a:1 SET n = 2`)
	var line struct {
		Msg, Kind, Code, Program, Replay, Tables string
		Took, Rows, Read                         int64
	}
	for _, l := range strings.Split(log.String(), "\n") {
		if strings.Contains(l, `"query"`) {
			must(t, json.Unmarshal([]byte(l), &line))
		}
	}
	if line.Msg != "slow statement" || line.Code != "ok" || line.Rows != 1 || line.Program != server.HashOf(text) || line.Replay == "" || line.Tables != "a" || line.Took <= 0 {
		t.Errorf("%+v in\n%s", line, &log)
	}
	if strings.Contains(log.String(), "hush") {
		t.Error("the log says what a statement was given:\n", log.String())
	}
	// The server takes this test's connections for those of others.
	if _, err := db.Replay(ctx, line.Replay); err == nil {
		t.Error("somebody from elsewhere may replay")
	}
	if lines := strings.Count(log.String(), "\n"); lines != 3 {
		t.Errorf("%d lines", lines)
	}
}

// TestReplayThroughServer runs a kept statement again through the server of a database on this machine.
func TestReplayThroughServer(t *testing.T) {
	var log bytes.Buffer
	x := telemetry.New(telemetry.Options{Slow: time.Nanosecond, Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	held, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true, Observer: x})
	must(t, err)
	defer func() { must(t, held.Close()) }()
	s := servertest.StartTCP(t, held, nil)
	defer s.Stop()
	db := s.Connect(t)
	c, err := db.Conn(ctx, nil)
	must(t, err)
	run(t, c, `FOR $i IN 0..3000 DO CREATE a:[$i] SET n = $i END`)
	was := run(t, c, `SELECT id, n, rand::int(0, 1000000) AS r, time::now() AS at FROM a WHERE n > $least`, zerodb.Named("least", 10))
	run(t, c, `DELETE a WHERE n % 2 == 0; UPDATE a SET n = 0`)
	var line struct{ Replay string }
	for _, l := range strings.Split(log.String(), "\n") {
		if strings.Contains(l, `"query"`) && strings.Contains(l, "replay") {
			must(t, json.Unmarshal([]byte(l), &line))
			break
		}
	}
	for range 2 {
		rows, err := db.Replay(ctx, line.Replay)
		must(t, err)
		var b strings.Builder
		for row, err := range rows.All() {
			must(t, err)
			b.Write(row.AppendJSON(nil))
		}
		if b.String() != was || !strings.HasPrefix(rows.Statement().Text, "SELECT id, n, rand") || rows.Work().Rows == 0 {
			t.Errorf("%d bytes then, %d bytes now; %q", len(was), b.Len(), rows.Statement().Text)
		}
	}
	if _, err := db.Replay(ctx, "nothing"); err == nil {
		t.Error("nothing was replayed")
	}
}

func TestTraces(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(spans))
	x, s := start(t, telemetry.Options{Tracer: provider})
	c, err := s.Connect(t).Conn(ctx, nil)
	must(t, err)
	run(t, c, `CREATE a:1 SET n = 1`)
	run(t, c, `SELECT n, (SELECT VALUE FOLD count() FROM a AS b WHERE b.n >= a.n) AS c FROM a`)
	if _, err := c.Execute(ctx, `CREATE a:1`); err == nil {
		t.Fatal("a record was made twice")
	}
	var names []string
	roots := map[string]string{}
	for _, span := range spans.Ended() {
		names = append(names, span.Name())
		if !span.Parent().IsValid() {
			roots[span.SpanContext().SpanID().String()] = span.Name()
		}
		if span.EndTime().Before(span.StartTime()) {
			t.Errorf("%s ends before it begins", span.Name())
		}
	}
	for _, span := range spans.Ended() {
		if strings.HasPrefix(span.Name(), "fragment") && roots[span.Parent().SpanID().String()] == "" {
			t.Errorf("%s is of no statement", span.Name())
		}
	}
	all := strings.Join(names, ", ")
	if len(roots) != 3 || strings.Count(all, "zerodb write") != 2 || strings.Count(all, "zerodb query") != 1 || !strings.Contains(all, "fragment 1") {
		t.Error(all)
	}
	last := spans.Ended()[len(spans.Ended())-1]
	if last.Status().Description != "already_exists" {
		t.Errorf("%v", last.Status())
	}
	if value(t, x, "zerodb_statement_seconds", "kind", "query") != 1 {
		t.Error("a traced statement was not counted")
	}
	// The trace that a caller is in goes on.
	from := telemetry.Incoming(ctx, func(name string) string {
		if name == "traceparent" {
			return "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
		}
		return ""
	})
	_, span := provider.Tracer("test").Start(from, "inner")
	if got := span.SpanContext().TraceID().String(); got != "0af7651916cd43dd8448eb211c80319c" {
		t.Error(got)
	}
	span.End()
}

// TestDashboard holds docs/grafana.json against the metrics that there are.
func TestDashboard(t *testing.T) {
	x, s := start(t, telemetry.Options{})
	c, err := s.Connect(t).Conn(ctx, nil)
	must(t, err)
	run(t, c, `CREATE a:1; SELECT * FROM a`)
	content, err := os.ReadFile("../../docs/grafana.json")
	must(t, err)
	var board struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	must(t, json.Unmarshal(content, &board))
	all, err := x.Gatherer().Gather()
	must(t, err)
	known, shown := map[string]bool{}, map[string]bool{}
	for _, family := range all {
		known[family.GetName()] = true
	}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			for _, name := range regexp.MustCompile(`(zerodb|go|process)_[a-z_]+`).FindAllString(target.Expr, -1) {
				name = strings.TrimSuffix(name, "_bucket")
				shown[name] = true
				if !known[name] {
					t.Errorf("the dashboard shows %s, which there is not", name)
				}
			}
		}
	}
	for name := range known {
		if strings.HasPrefix(name, "zerodb_") && !shown[name] && name != "zerodb_admitted_total" {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
}
