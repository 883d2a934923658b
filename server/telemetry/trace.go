package telemetry

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/server"
	"github.com/zerodb/zerodb/vm"
)

// Incoming takes the trace that a caller is in out of the headers of its call (W3C Trace Context); it is server.Options.Incoming.
func Incoming(ctx context.Context, header func(name string) string) context.Context {
	return propagation.TraceContext{}.Extract(ctx, carrier(header))
}

// carrier is headers as the propagation reads them.
type carrier func(string) string

// Get returns a header.
func (c carrier) Get(name string) string { return c(name) }

// Set does nothing: headers that came in are not written.
func (carrier) Set(string, string) {}

// Keys lists none: nobody asks.
func (carrier) Keys() []string { return nil }

// beginSpan begins the span of a statement. One that is recorded is profiled, for the spans of its fragments.
func (t *Telemetry) beginSpan(ctx context.Context, e *zerodb.Execution) context.Context {
	ctx, span := t.tracer.Start(ctx, "zerodb "+e.Statement.Kind, trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(e.Began))
	if span.IsRecording() {
		e.Profiled = true
		span.SetAttributes(attribute.String("db.system.name", "zerodb"), attribute.String("db.namespace", e.Namespace+"/"+e.Database),
			attribute.String("db.operation.name", e.Statement.Kind), attribute.String("zerodb.program", server.HashOf(e.Program.Source)),
			attribute.Int("zerodb.statement", e.Statement.Index))
	}
	return ctx
}

// endSpan ends the span, with a span for each fragment that ran. A fragment's span is as long as it ran altogether, with what it made
// others do, and begins with the statement: fragments run in turns, many times.
func (t *Telemetry) endSpan(ctx context.Context, e *zerodb.Execution, code string) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		span.End()
		return
	}
	span.SetAttributes(attribute.Int64("db.response.returned_rows", e.Rows), attribute.Int64("zerodb.rows", e.Work.Rows), attribute.Int64("zerodb.seeks", e.Work.Seeks),
		attribute.Int64("zerodb.bytes", e.Work.Bytes), attribute.Int64("zerodb.written", e.Work.Wrote), attribute.Int64("zerodb.spilled", e.Work.Spilled))
	if e.Err != nil {
		span.SetAttributes(attribute.String("error.type", code))
		span.SetStatus(codes.Error, code)
	}
	if e.Profile != nil {
		for i := range e.Program.Fragments {
			if counters := e.Profile.Counters(i); counters != nil {
				t.fragment(ctx, e, i, counters)
			}
		}
	}
	span.End(trace.WithTimestamp(e.Began.Add(e.Took)))
}

func (t *Telemetry) fragment(ctx context.Context, e *zerodb.Execution, i int, counters []vm.Counter) {
	var took time.Duration
	var runs, bytes int64
	for _, c := range counters {
		took += c.Time
		runs += c.Runs
		bytes += c.Bytes
	}
	_, span := t.tracer.Start(ctx, fmt.Sprintf("fragment %d", i), trace.WithTimestamp(e.Began),
		trace.WithAttributes(attribute.Int64("zerodb.instructions", runs), attribute.Int64("zerodb.bytes", bytes)))
	span.End(trace.WithTimestamp(e.Began.Add(took)))
}
