// Package telemetry makes metrics, traces and the log of slow statements of what a database's observer hears and a server counts.
package telemetry

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel/trace"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server"
)

// Options say what is made of it. The zero value makes metrics alone.
type Options struct {
	// Slow is how long a statement takes that is logged; zero: none is.
	Slow time.Duration
	// Logger gets the lines; nil discards them.
	Logger *slog.Logger
	// Tracer makes the spans; nil: there are none.
	Tracer trace.TracerProvider
}

// Telemetry is an observer of statements. It is given to zerodb.Options first, and Watch tells it of database and server when they
// are there.
type Telemetry struct {
	options  Options
	tracer   trace.Tracer
	registry *prometheus.Registry
	watched  atomic.Pointer[watched]

	statements *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
	rows       *prometheus.CounterVec
	work       *prometheus.CounterVec
}

type watched struct {
	db     *zerodb.DB
	server *server.Server
}

var _ zerodb.Observer = (*Telemetry)(nil)

// buckets are the bounds of the histogram of times in seconds, from 50 µs to a minute and a half.
var buckets = prometheus.ExponentialBuckets(50e-6, 2, 21)

// New makes a telemetry.
func New(o Options) *Telemetry {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	t := &Telemetry{options: o, registry: prometheus.NewRegistry(),
		statements: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "zerodb_statements_total",
			Help: "Statements that have ended, by what they do and the code of their error, ok without one."}, []string{"kind", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "zerodb_statement_seconds",
			Help: "Time that the database took for a statement, without what its client took to read the rows.", Buckets: buckets}, []string{"kind"}),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "zerodb_statement_rows_total", Help: "Rows that statements have yielded."}, []string{"kind"}),
		work: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "zerodb_statement_work_total",
			Help: "What statements have done to the store: records and entries read, records read by key, bytes read, records written, bytes spilled."}, []string{"what"}),
	}
	if o.Tracer != nil {
		t.tracer = o.Tracer.Tracer("github.com/zerodb/zerodb")
	}
	t.registry.MustRegister(t.statements, t.seconds, t.rows, t.work, &figures{t}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return t
}

// Watch says whose figures the metrics tell. The server may be nil.
func (t *Telemetry) Watch(db *zerodb.DB, s *server.Server) { t.watched.Store(&watched{db, s}) }

// Gatherer gives the metrics.
func (t *Telemetry) Gatherer() prometheus.Gatherer { return t.registry }

// Begin implements zerodb.Observer.
func (t *Telemetry) Begin(ctx context.Context, e *zerodb.Execution) context.Context {
	if t.tracer != nil {
		return t.beginSpan(ctx, e)
	}
	return ctx
}

// End implements zerodb.Observer.
func (t *Telemetry) End(ctx context.Context, e *zerodb.Execution) {
	code := "ok"
	if e.Err != nil {
		code = string(ops.CodeOf(e.Err))
	}
	kind := e.Statement.Kind
	t.statements.WithLabelValues(kind, code).Inc()
	t.rows.WithLabelValues(kind).Add(float64(e.Rows))
	for _, w := range [...]struct {
		what string
		n    int64
	}{{"rows", e.Work.Rows}, {"seeks", e.Work.Seeks}, {"bytes", e.Work.Bytes}, {"written", e.Work.Wrote}, {"spilled", e.Work.Spilled}} {
		if w.n > 0 {
			t.work.WithLabelValues(w.what).Add(float64(w.n))
		}
	}
	seconds := t.seconds.WithLabelValues(kind)
	if span := trace.SpanContextFromContext(ctx); span.IsSampled() {
		seconds.(prometheus.ExemplarObserver).ObserveWithExemplar(e.Took.Seconds(), prometheus.Labels{"trace_id": span.TraceID().String()})
	} else {
		seconds.Observe(e.Took.Seconds())
	}
	if t.options.Slow > 0 && e.Took >= t.options.Slow {
		t.logSlow(ctx, e, code)
	}
	if t.tracer != nil {
		t.endSpan(ctx, e, code)
	}
}

// logSlow writes a line about a statement. Its text and parameters stay out of the log: the hash names the program, and the token
// what was asked.
func (t *Telemetry) logSlow(ctx context.Context, e *zerodb.Execution, code string) {
	token, err := e.Keep()
	if err != nil {
		t.options.Logger.Error("a slow statement could not be kept", "error", err)
	}
	attrs := []slog.Attr{slog.Duration("took", e.Took), slog.String("kind", e.Statement.Kind), slog.String("code", code),
		slog.String("namespace", e.Namespace), slog.String("database", e.Database), slog.String("program", server.HashOf(e.Program.Source)),
		slog.Int("statement", e.Statement.Index), slog.Int64("rows", e.Rows), slog.Int64("read", e.Work.Rows), slog.Int64("seeks", e.Work.Seeks),
		slog.Int64("bytes", e.Work.Bytes), slog.Int64("written", e.Work.Wrote), slog.Int64("spilled", e.Work.Spilled)}
	if token != "" {
		attrs = append(attrs, slog.String("replay", token))
	}
	if reads := tables(e); reads != "" {
		attrs = append(attrs, slog.String("tables", reads))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		attrs = append(attrs, slog.String("trace", span.TraceID().String()))
	}
	t.options.Logger.LogAttrs(ctx, slog.LevelWarn, "slow statement", attrs...)
}

// tables are the names of the tables that a program touches.
func tables(e *zerodb.Execution) string {
	var names []string
	for _, fields := range [][]string{touched(e.Program.Manifest.Reads), touched(e.Program.Manifest.Writes)} {
		names = append(names, fields...)
	}
	return strings.Join(names, " ")
}
