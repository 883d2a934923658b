package zbench

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"strings"
	"time"

	"github.com/zerodb/zerodb"
)

// planReport is what plan has found. Its JSON is for other programs: members are only ever added.
type planReport struct {
	Query      string            `json:"query"`
	File       string            `json:"file"`
	Params     []string          `json:"params,omitempty"`
	Made       time.Time         `json:"made"`
	Candidates []candidateReport `json:"candidates"`
}

// candidateReport is what was measured of one candidate; the first is what the others are compared with.
type candidateReport struct {
	Name       string          `json:"name"`
	Cost       string          `json:"cost"`
	Warm       Summary         `json:"warm"`
	Bars       []Bar           `json:"warm_distribution"`
	Cold       *Summary        `json:"cold,omitempty"`
	Rows       int64           `json:"rows"`
	RowsPerSec float64         `json:"rows_per_second"`
	Examined   int64           `json:"records_examined"`
	Bytes      int64           `json:"bytes_read"`
	Allocs     int64           `json:"allocations"`
	AllocBytes int64           `json:"allocated_bytes"`
	Versus     *comparison     `json:"versus_first,omitempty"`
	Statements []statementPart `json:"statements"`
}

// statementPart is the plan of a statement and what its instructions cost in one run under EXPLAIN ANALYZE.
type statementPart struct {
	Plan         string        `json:"plan,omitempty"`
	Instructions []instruction `json:"instructions"`
}

// instruction is one of a fragment. Share is its part of the statement's time, that of the fragments it runs included.
type instruction struct {
	Fragment int     `json:"fragment"`
	PC       int     `json:"pc"`
	Text     string  `json:"text"`
	Source   string  `json:"source,omitempty"`
	Runs     int64   `json:"runs"`
	Rows     int64   `json:"rows"`
	Bytes    int64   `json:"bytes"`
	Nanos    int64   `json:"ns"`
	Share    float64 `json:"share"`
}

const histogramBars = 32

func (a *app) reportOf(ctx context.Context, all []*candidate, args []zerodb.Arg, file string, params []string) (*planReport, error) {
	r := &planReport{File: file, Query: strings.TrimSpace(all[0].program.Source), Params: params, Made: a.world.Clock().UTC()}
	for i, c := range all {
		part, err := c.report(ctx, args)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			v := compare(c.warm, all[0].warm)
			part.Versus = &v
		}
		r.Candidates = append(r.Candidates, *part)
	}
	return r, nil
}

func (c *candidate) report(ctx context.Context, args []zerodb.Arg) (*candidateReport, error) {
	warm := newLatencies()
	for _, d := range c.warm {
		warm.add(d)
	}
	r := &candidateReport{Name: c.name, Cost: c.program.Manifest.Cost.String(), Warm: warm.summary(), Bars: warm.bars(histogramBars),
		Rows: c.once.rows, Examined: c.once.examined, Bytes: c.once.bytes}
	if r.Warm.P50 > 0 {
		r.RowsPerSec = float64(c.once.rows) / time.Duration(r.Warm.P50).Seconds()
	}
	if len(c.cold) > 0 {
		cold := newLatencies()
		for _, d := range c.cold {
			cold.add(d)
		}
		s := cold.summary()
		r.Cold = &s
	}
	var err error
	if r.Allocs, r.AllocBytes, err = c.allocations(ctx, args); err != nil {
		return nil, err
	}
	statements, err := c.profile(ctx, args)
	if err != nil {
		return nil, err
	}
	for _, s := range statements {
		r.Statements = append(r.Statements, partOf(s))
	}
	return r, nil
}

func partOf(s profiled) statementPart {
	p := statementPart{Plan: s.plan}
	// The time of a fragment holds that of those it runs, so the statement's is the longest.
	var total time.Duration
	sums := map[int]time.Duration{}
	for _, l := range s.lines {
		sums[l.Fragment] += l.Time
		total = max(total, sums[l.Fragment])
	}
	for _, l := range s.lines {
		i := instruction{Fragment: l.Fragment, PC: l.PC, Text: l.Text, Source: l.Source, Runs: l.Runs, Rows: l.Rows, Bytes: l.Counter.Bytes, Nanos: int64(l.Time)}
		if total > 0 {
			i.Share = min(float64(l.Time)/float64(total), 1)
		}
		p.Instructions = append(p.Instructions, i)
	}
	return p
}

// printPlan writes the report for people.
func (a *app) printPlan(r *planReport) {
	a.printf("%s\n", r.Query)
	for _, p := range r.Params {
		a.printf("  %s\n", p)
	}
	a.printf("\n%-32s %10s %10s %10s %10s %10s %12s %10s %10s  %s\n", "warm", "runs", "p50", "p90", "p99", "max", "rows/s", "allocs", "examined", "ratio")
	for _, c := range r.Candidates {
		ratio := ""
		if c.Versus != nil {
			ratio = c.Versus.String()
		}
		a.printf("%-32s %10d %10s %10s %10s %10s %12.0f %10d %10d  %s\n", c.Name, c.Warm.Count, show(c.Warm.P50), show(c.Warm.P90), show(c.Warm.P99),
			show(c.Warm.Max), c.RowsPerSec, c.Allocs, c.Examined, ratio)
	}
	if r.Candidates[0].Cold != nil {
		a.printf("\n%-32s %10s %10s %10s\n", "cold", "runs", "p50", "max")
		for _, c := range r.Candidates {
			a.printf("%-32s %10d %10s %10s\n", c.Name, c.Cold.Count, show(c.Cold.P50), show(c.Cold.Max))
		}
	}
	for _, c := range r.Candidates {
		a.printf("\n== %s: %d rows, %d bytes read, cost %s\n", c.Name, c.Rows, c.Bytes, c.Cost)
		for _, s := range c.Statements {
			a.printStatement(s)
		}
	}
}

func (a *app) printStatement(s statementPart) {
	if s.Plan != "" {
		a.printf("%s\n", s.Plan)
	}
	if len(s.Instructions) == 0 {
		return
	}
	a.printf("%6s %10s %10s %10s  %s\n", "time", "", "rows", "bytes", "instruction")
	for _, i := range s.Instructions {
		if i.Runs == 0 {
			continue
		}
		line := i.Text
		if i.Source != "" {
			line += "  ; " + i.Source
		}
		a.printf("%5.1f%% %10s %10d %10d  %s\n", i.Share*100, show(i.Nanos), i.Rows, i.Bytes, line)
	}
}

//go:embed style.html
var stylePage string

//go:embed plan.html
var planPage string

var planTemplate = template.Must(template.New("plan").Funcs(template.FuncMap{
	"show": show, "percent": func(f float64) float64 { return f * 100 }, "tree": treeOf, "height": barHeights,
}).Parse(planPage + stylePage))

// page is the report as one page that needs nothing else.
func (r *planReport) page() ([]byte, error) {
	var out bytes.Buffer
	err := planTemplate.Execute(&out, r)
	return out.Bytes(), err
}

// node is a line of a plan with those below it.
type node struct {
	Text  string
	Below []*node
}

// treeOf reads a plan, whose lines are indented below what they feed.
func treeOf(plan string) []*node {
	root := &node{}
	stack, indents := []*node{root}, []int{-1}
	for line := range strings.Lines(plan) {
		text := strings.TrimSpace(line)
		if text == "" {
			continue
		}
		indent := len(line) - len(strings.TrimLeft(line, " "))
		for indents[len(indents)-1] >= indent {
			stack, indents = stack[:len(stack)-1], indents[:len(indents)-1]
		}
		n := &node{Text: text}
		top := stack[len(stack)-1]
		top.Below = append(top.Below, n)
		stack, indents = append(stack, n), append(indents, indent)
	}
	return root.Below
}

// scaled is a bar with its height in percent of the highest.
type scaled struct {
	Bar
	Height float64
}

func barHeights(bars []Bar) []scaled {
	most := int64(1)
	for _, b := range bars {
		most = max(most, b.Count)
	}
	out := make([]scaled, len(bars))
	for i, b := range bars {
		out[i] = scaled{b, 100 * float64(b.Count) / float64(most)}
	}
	return out
}
