package zbench

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/server"
)

// testWorld is a world of memory whose clock goes on by a hundred microseconds each time it is asked.
func testWorld() (*cli.World, *bytes.Buffer, *bytes.Buffer) {
	var out, errs bytes.Buffer
	var ticks atomic.Int64
	start := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	return &cli.World{In: strings.NewReader(""), Out: &out, Err: &errs, FS: vfs.NewMem(), Random: rand.NewChaCha8([32]byte{1}),
		Clock: func() time.Time { return start.Add(time.Duration(ticks.Add(1)) * 100 * time.Microsecond) }}, &out, &errs
}

// filled makes a database of 500 people in the world, and a file with a query.
func filled(t *testing.T, w *cli.World, query string) {
	t.Helper()
	db, err := zerodb.Open("db", &zerodb.Options{FS: w.FS, Clock: w.Clock, Random: w.Random})
	if err != nil {
		t.Fatal(err)
	}
	s, err := db.Session(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		if err := s.Put(t.Context(), "person", zerodb.Int(int64(i)), zerodb.Object(member("age", zerodb.Int(int64(i%100))))); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteFile("q.zql", []byte(query)); err != nil {
		t.Fatal(err)
	}
}

func TestPlan(t *testing.T) {
	w, out, errs := testWorld()
	filled(t, w, "SELECT id FROM person WHERE age = $a\n")
	status := cli.Run(w, New(w), []string{"plan", "--dir", "db", "q.zql", "--param", "a=7", "--without", "push-filters", "--with-index", "person:age",
		"--duration", "2ms", "--cold", "2", "--json", "--html", "r.html"})
	if status != cli.OK {
		t.Fatal(status, errs.String())
	}
	var r planReport
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err, out.String())
	}
	if len(r.Candidates) != 3 || r.Candidates[0].Versus != nil || r.Candidates[2].Versus == nil {
		t.Fatalf("%+v", r.Candidates)
	}
	for i, want := range []struct {
		examined int64
		cost     string
	}{{500, "full-scan"}, {500, "full-scan"}, {5, "index-range"}} {
		c := r.Candidates[i]
		if c.Rows != 5 || c.Examined != want.examined || c.Cost != want.cost || c.Warm.Count < leastRuns || c.Cold.Count != 2 {
			t.Errorf("%s: %d rows, %d examined, cost %s, %d warm and %d cold runs", c.Name, c.Rows, c.Examined, c.Cost, c.Warm.Count, c.Cold.Count)
		}
		if len(c.Statements) != 1 || !strings.Contains(c.Statements[0].Plan, "person") {
			t.Fatalf("%s: %+v", c.Name, c.Statements)
		}
		rows := int64(0)
		for _, in := range c.Statements[0].Instructions {
			if strings.Contains(in.Text, "emit") {
				rows += in.Rows
			}
		}
		if rows != 5 {
			t.Errorf("%s: the instructions emit %d rows", c.Name, rows)
		}
	}
	page, err := w.ReadFile("r.html")
	if err != nil || !bytes.Contains(page, []byte("with index person:age")) || bytes.Contains(page, []byte("<script")) || bytes.Contains(page, []byte("http")) {
		t.Errorf("the page is not whole, or needs something else: %v", err)
	}
	files, err := w.FS.List("")
	if err != nil || len(files) != 3 {
		t.Errorf("left behind: %v %v", files, err)
	}
}

// A program that writes leaves nothing behind.
func TestPlanOfAWrite(t *testing.T) {
	w, out, errs := testWorld()
	filled(t, w, "UPDATE person:1 SET age += 1\n")
	if status := cli.Run(w, New(w), []string{"plan", "--dir", "db", "q.zql", "--duration", "1ms", "--cold", "0"}); status != cli.OK {
		t.Fatal(status, errs.String())
	}
	if !strings.Contains(out.String(), "update") {
		t.Error(out.String())
	}
	db, err := zerodb.Open("db", &zerodb.Options{FS: w.FS, Clock: w.Clock, Random: w.Random, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := db.Session(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if v, _, err := s.GetField(t.Context(), "person", zerodb.Int(1), "age"); err != nil || v.AsInt() != 1 {
		t.Errorf("age is %v, %v", v, err)
	}
}

func TestWrongUse(t *testing.T) {
	for _, c := range []struct{ line, say string }{
		{"plan q.zql", "--dir is missing"},
		{"plan q.zql --connect h:1 --with-index t:f", "--with-index needs --dir"},
		{"run --target moon", "embedded or grpc"},
		{"plan --dir db q.zql --without nothing", "there is no such rule"},
		{"plan --dir db q.zql --with-index person", "is not TABLE:field"},
		{"plan --dir db nofile.zql", "nofile.zql"},
		{"plan --dir db d.zql", "neither"},
		{"run --workload none", "one of"},
		{"run --clients 0", "--clients 0"},
		{"run --records 1", "--records 1"},
		{"compare --peers oracle", "no such peer"},
		{"compare --workloads graph", "ycsb-a to ycsb-f"},
	} {
		w, _, errs := testWorld()
		filled(t, w, "SELECT id FROM person WHERE age = 7\n")
		if err := w.WriteFile("d.zql", []byte("DEFINE TABLE t")); err != nil {
			t.Fatal(err)
		}
		if status := cli.Run(w, New(w), strings.Fields(c.line)); status == cli.OK || !strings.Contains(errs.String(), c.say) {
			t.Errorf("%s: status %d, %s", c.line, status, errs.String())
		}
	}
}

// TestRun drives an embedded database with every workload.
func TestRun(t *testing.T) {
	names := []string{"mixed"}
	for _, m := range ycsbMixes {
		names = append(names, m.name)
	}
	for _, m := range statementMixes {
		names = append(names, m.name)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			w, out, errs := testWorld()
			args := []string{"run", "--workload", name, "--records", "60", "--clients", "3", "--duration", "20ms", "--json"}
			if status := cli.Run(w, New(w), args); status != cli.OK {
				t.Fatal(status, errs.String())
			}
			var r driven
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.Count == 0 || len(r.Operations) == 0 || r.Conflicts > r.Count {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestServer drives a server over a socket, and measures a query behind it.
func TestServer(t *testing.T) {
	w, out, errs := testWorld()
	w.Listen = func(addr string) (net.Listener, error) { return net.Listen("tcp", addr) }
	if status := cli.Run(w, New(w), []string{"run", "--target", "grpc", "--workload", "relational", "--records", "50", "--duration", "20ms", "--json"}); status != cli.OK {
		t.Fatal(status, errs.String())
	}
	var r driven
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || r.Count == 0 {
		t.Fatal(err, out.String())
	}

	filled(t, w, "SELECT id FROM person WHERE age = 7\n")
	db, err := zerodb.Open("db", &zerodb.Options{FS: w.FS, Clock: w.Clock, Random: w.Random})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(db, &server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	out.Reset()
	if status := cli.Run(w, New(w), []string{"plan", "--connect", l.Addr().String(), "q.zql", "--duration", "2ms"}); status != cli.OK {
		t.Error(status, errs.String())
	}
	if !strings.Contains(out.String(), "5 rows") || !strings.Contains(out.String(), "scan person") {
		t.Error(out.String())
	}
	if err := errors.Join(s.Shutdown(t.Context()), <-served, db.Close()); err != nil {
		t.Error(err)
	}
}

// Shares are percents: together every draw is some operation.
func TestShares(t *testing.T) {
	for _, m := range ycsbMixes {
		if sum := m.read + m.update + m.insert + m.scan + m.modify; sum != 100 {
			t.Errorf("%s: %d", m.name, sum)
		}
	}
	for _, m := range statementMixes {
		sum := 0
		for _, s := range m.statements {
			sum += s.share
		}
		if sum != 100 {
			t.Errorf("%s: %d", m.name, sum)
		}
	}
}

// The most popular item of 1000 comes with the share 1/zeta, as the distribution has it, and the draws are in range.
func TestZipfian(t *testing.T) {
	const n, draws = 1000, 200_000
	z := newZipfian(n)
	r := rand.New(rand.NewPCG(1, 2))
	counts := make([]int, n)
	for range draws {
		counts[z.draw(r)]++
	}
	for i, want := range []float64{1 / z.zeta, 1 / z.zeta / 1.986} { // 2^0.99
		if got := float64(counts[i]) / draws; got < want*0.95 || got > want*1.05 {
			t.Errorf("item %d: share %.4f, want %.4f", i, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 5000).Draw(t, "n")
		z := newZipfian(n)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for range 50 {
			if i := z.draw(r); i < 0 || i >= n {
				t.Fatalf("%d of %d", i, n)
			}
			if i := scrambled(z.draw(r), n); i < 0 || i >= n {
				t.Fatalf("scrambled %d of %d", i, n)
			}
		}
	})
}

// Bars hold every value once, and side by side.
func TestBars(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLatencies()
		values := rapid.SliceOfN(rapid.Int64Range(1, int64(time.Minute)), 1, 200).Draw(t, "values")
		for _, v := range values {
			l.add(time.Duration(v))
		}
		total := int64(0)
		bars := l.bars(8)
		for i, b := range bars {
			total += b.Count
			if i > 0 && bars[i-1].To != b.From {
				t.Fatalf("a gap between %d and %d", bars[i-1].To, b.From)
			}
		}
		if total != int64(len(values)) {
			t.Fatalf("%d of %d values are in bars", total, len(values))
		}
	})
}

func TestCompare(t *testing.T) {
	slow, fast := make([]time.Duration, 40), make([]time.Duration, 40)
	for i := range slow {
		slow[i], fast[i] = time.Duration(200+i), time.Duration(100+i)
	}
	if c := compare(slow, fast); c.Ratio < 1.5 || !c.significant() {
		t.Errorf("%+v", c)
	}
	if c := compare(fast, fast); c.Ratio != 1 || c.significant() {
		t.Errorf("%+v", c)
	}
}
