package zbench

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/bench/peer"
	"github.com/zerodb/zerodb/cmd/internal/cli"
)

// runOptions are the flags of run.
type runOptions struct {
	driveOptions
	workload string
	records  int
	dir      string
	target   string
	connect  string
	csv      bool
}

func (a *app) runCommand() *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run",
		Short: "Drive a database with a workload",
		Long: `Load records and drive the database with a workload for a while. Workloads: ` + workloadList() + `

Without --rate the loop is closed: a client begins its next operation when the last is over, so what would have come while the
database stalled is not in the latencies. With --rate operations begin at their times, and a latency counts from there.`,
		Example: `  zbench run --workload ycsb-a --clients 8 --duration 10s
  zbench run --workload graph --records 50000 --rate 2000 --html graph.html`,
		Args: cli.Args(cobra.NoArgs),
	}
	f := c.Flags()
	f.StringVar(&o.workload, "workload", "ycsb-a", "what to do")
	f.StringVar(&o.dir, "dir", "", "`directory` for the database, which must be empty; a temporary one without it")
	f.StringVar(&o.target, "target", "embedded", "embedded, or grpc: behind a server in this process, over a socket")
	f.StringVar(&o.connect, "connect", "", "`host:port` of a server to drive instead; what is there stays, so it should be empty")
	f.IntVar(&o.records, "records", 10_000, "how many records are loaded")
	bindDrive(c, &o.driveOptions)
	a.bindOutput(c)
	f.BoolVar(&o.csv, "csv", false, "print the report as CSV")
	c.RunE = func(cmd *cobra.Command, _ []string) error { return a.run(contextOf(cmd), o) }
	return c
}

func contextOf(cmd *cobra.Command) context.Context {
	if ctx := cmd.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}

func bindDrive(c *cobra.Command, o *driveOptions) {
	f := c.Flags()
	f.IntVar(&o.clients, "clients", 4, "how many clients at once")
	f.DurationVar(&o.duration, "duration", 5*time.Second, "how long")
	f.Float64Var(&o.rate, "rate", 0, "operations to begin each second; 0 for as many as go")
	f.Uint64Var(&o.seed, "seed", 1, "of everything that is drawn by chance")
}

func (o *driveOptions) check() error {
	switch {
	case o.clients < 1 || o.clients > 10_000:
		return cli.Usagef("--clients %d: 1 to 10000", o.clients)
	case o.duration <= 0:
		return cli.Usagef("--duration %s: more than nothing", o.duration)
	case o.rate < 0:
		return cli.Usagef("--rate %g is negative", o.rate)
	}
	return nil
}

// workloadList names every workload with what it does.
func workloadList() string {
	var all []string
	for _, m := range ycsbMixes {
		all = append(all, m.name+" ("+m.about+")")
	}
	for _, m := range statementMixes {
		all = append(all, m.name+" ("+m.about+")")
	}
	return strings.Join(append(all, "mixed (relational, document and graph in turn)"), ", ")
}

// workloadOf makes a workload for a database.
func workloadOf(name string, db zerodb.Database, settings string, records int) (workload, error) {
	if i := slices.IndexFunc(ycsbMixes, func(m ycsbMix) bool { return m.name == name }); i >= 0 {
		return newYCSB(ycsbMixes[i], peer.Zerodb(db, settings), records), nil
	}
	if i := slices.IndexFunc(statementMixes, func(m statementMix) bool { return m.name == name }); i >= 0 {
		return &statements{statementMixes[i], db, records}, nil
	}
	if name == "mixed" {
		return newMixed(db, records), nil
	}
	return nil, cli.Usagef("--workload %s: one of %s", name, workloadList())
}

// runReport is what run has found.
type runReport struct {
	Workload string        `json:"workload"`
	Records  int           `json:"records"`
	Clients  int           `json:"clients"`
	Rate     float64       `json:"rate,omitempty"`
	Loop     string        `json:"loop"`
	Settings string        `json:"settings"`
	Loaded   time.Duration `json:"load_ns"`
	Made     time.Time     `json:"made"`
	*driven
}

func (a *app) run(ctx context.Context, o runOptions) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	if o.records < 2 {
		return cli.Usagef("--records %d: at least 2", o.records)
	}
	db, settings, done, err := a.target(ctx, &o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	w, err := workloadOf(o.workload, db, settings, o.records)
	if err != nil {
		return err
	}
	began := a.world.Clock()
	if err := w.load(ctx, o.seed); err != nil {
		return err
	}
	r := &runReport{Workload: o.workload, Records: o.records, Clients: o.clients, Rate: o.rate, Loop: loopOf(o.rate), Settings: settings,
		Loaded: a.since(began), Made: began.UTC()}
	if r.driven, err = a.watched(ctx, o.workload, w, o.driveOptions); err != nil {
		return err
	}
	if o.csv {
		return r.csv(a)
	}
	return a.give(r, func() { a.printRun(r) }, r.page)
}

func loopOf(rate float64) string {
	if rate > 0 {
		return "open: latencies count from the time at which an operation was due"
	}
	return "closed: what would have come during a stall is not in the latencies"
}

// scratch is a directory to work in: the one that was asked for, or one that is removed afterwards.
func (a *app) scratch(dir string) (name string, remove func() error, err error) {
	if dir != "" {
		return dir, func() error { return nil }, a.world.FS.MkdirAll(dir, 0o755)
	}
	dir = a.world.FS.PathJoin(a.world.TempDir, fmt.Sprintf("zbench-%d", a.world.Clock().UnixNano()))
	return dir, func() error { return a.world.FS.RemoveAll(dir) }, a.world.FS.MkdirAll(dir, 0o755)
}

// watched drives a workload and, for a person who looks on, shows how far it is.
func (a *app) watched(ctx context.Context, name string, w workload, o driveOptions) (*driven, error) {
	if !a.world.OutTerminal {
		return a.drive(ctx, w, o, nil)
	}
	var done atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for last := int64(0); ; {
			select {
			case <-stop:
				fmt.Fprint(a.world.Err, "\r\x1b[K")
				return
			case <-tick.C:
				n := done.Load()
				fmt.Fprintf(a.world.Err, "\r\x1b[K%s: %d operations, %d/s", name, n, n-last)
				last = n
			}
		}
	}()
	d, err := a.drive(ctx, w, o, &done)
	close(stop)
	<-stopped
	return d, err
}

func (a *app) printRun(r *runReport) {
	a.printf("%s: %d records loaded in %s, %d clients, %s\n", r.Workload, r.Records, r.Loaded.Round(time.Millisecond), r.Clients, r.Settings)
	a.printf("loop %s\n\n", r.Loop)
	a.printf("%-12s %10s %10s %10s %10s %10s %10s\n", "operation", "count", "mean", "p50", "p90", "p99", "max")
	for _, op := range r.Operations {
		a.printf("%-12s %10d %10s %10s %10s %10s %10s\n", op.Name, op.Count, show(op.Mean), show(op.P50), show(op.P90), show(op.P99), show(op.Max))
	}
	a.printf("\n%d operations in %s, %.0f/s", r.Count, time.Duration(r.Took).Round(time.Millisecond), r.PerSecond)
	if r.Conflicts+r.Overloaded > 0 {
		a.printf("; %d conflicts, %d overloaded", r.Conflicts, r.Overloaded)
	}
	a.printf("\n")
}

// csv prints a line for each operation.
func (r *runReport) csv(a *app) error {
	out := csv.NewWriter(a.world.Out)
	if err := out.Write([]string{"workload", "operation", "count", "mean_ns", "p50_ns", "p90_ns", "p99_ns", "max_ns"}); err != nil {
		return err
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	for _, op := range r.Operations {
		err := out.Write([]string{r.Workload, op.Name, number(op.Count), number(op.Mean), number(op.P50), number(op.P90), number(op.P99), number(op.Max)})
		if err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

//go:embed run.html
var runPage string

var runTemplate = template.Must(template.New("run").Funcs(template.FuncMap{"show": show, "height": barHeights}).Parse(runPage + stylePage))

func (r *runReport) page() ([]byte, error) {
	var out bytes.Buffer
	err := runTemplate.Execute(&out, r)
	return out.Bytes(), err
}
