package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/server/telemetry"
)

// monitor is what a server tells of itself: the log, the metrics' page, traces.
type monitor struct {
	log       *slog.Logger
	telemetry *telemetry.Telemetry // nil: nobody wants to know of statements
	traces    *trace.TracerProvider
	server    *http.Server
	listener  net.Listener
	served    chan struct{}
}

// newMonitor makes what the configuration asks for.
func newMonitor(ctx context.Context, w *cli.World, c *config) (*monitor, error) {
	m := &monitor{log: slog.New(slog.NewTextHandler(w.Err, nil))}
	if c.LogFormat == "json" {
		m.log = slog.New(slog.NewJSONHandler(w.Err, nil))
	}
	o := telemetry.Options{Slow: time.Duration(c.Slow), Logger: m.log}
	if c.Traces != "" {
		exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(c.Traces))
		if err != nil {
			return nil, cli.Usagef("--traces %s: %v", c.Traces, err)
		}
		m.traces = trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithSampler(trace.ParentBased(trace.TraceIDRatioBased(c.TraceRatio))),
			trace.WithResource(resource.NewSchemaless(attribute.String("service.name", "zerodb"), attribute.String("service.version", cli.Version()))))
		o.Tracer = m.traces
	}
	if c.Slow > 0 || c.Traces != "" || c.MetricsListen != "" {
		m.telemetry = telemetry.New(o)
	}
	if c.MetricsListen == "" {
		return m, nil
	}
	l, err := w.Listen(c.MetricsListen)
	if err != nil {
		return nil, errors.Join(err, m.close())
	}
	m.listener, m.served = l, make(chan struct{})
	m.server = &http.Server{Handler: m.handler(c), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(m.log.Handler(), slog.LevelDebug)}
	fmt.Fprintf(w.Err, "zerodb: metrics on http://%s/metrics\n", l.Addr())
	go func() {
		defer close(m.served)
		_ = m.server.Serve(l) // it ends when it is closed
	}()
	return m, nil
}

// handler answers for the metrics, and with --pprof for profiles.
func (m *monitor) handler(c *config) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.telemetry.Gatherer(), promhttp.HandlerOpts{EnableOpenMetrics: true}))
	if c.Pprof {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// close ends the page, and sends the traces that wait.
func (m *monitor) close() (err error) {
	if m.server != nil {
		err = m.server.Close()
		<-m.served
	}
	if m.traces != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = errors.Join(err, m.traces.Shutdown(ctx))
	}
	return err
}

// checkMonitor refuses what would show a stranger too much.
func (c *config) checkMonitor() error {
	switch {
	case c.LogFormat != "" && c.LogFormat != "text" && c.LogFormat != "json":
		return cli.Usagef("--log-format %s: text or json", c.LogFormat)
	case c.Pprof && c.MetricsListen == "":
		return cli.Usagef("--pprof needs --metrics-listen, where the profiles are served")
	case c.Slow < 0:
		return cli.Usagef("--slow %s is negative", c.Slow)
	case c.TraceRatio < 0 || c.TraceRatio > 1:
		return cli.Usagef("trace_ratio is %v, a share between 0 and 1 is wanted", c.TraceRatio)
	}
	if u, err := url.Parse(c.Traces); c.Traces != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return cli.Usagef("--traces %s: a URL of http or https is wanted", c.Traces)
	}
	if c.MetricsListen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.MetricsListen)
	switch {
	case err != nil:
		return cli.Usagef("--metrics-listen %s: %v", c.MetricsListen, err)
	case isLoopback(host):
		return nil
	case c.Pprof:
		return cli.Usagef("--pprof shows what is in memory: --metrics-listen must be on this machine, not %s", c.MetricsListen)
	case !c.Insecure:
		return cli.Usagef("--metrics-listen %s is open to others: listen on this machine, or say --insecure", c.MetricsListen)
	}
	return nil
}
