package database_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/ops"
)

// loadItems is how many records the busy clients read and write.
const loadItems = 10_000

// mostMemory is what the server may take under load: its cache and memtables, 64 statements of the load's size, and its connections.
const mostMemory = 1 << 30

// load is a mixed load on a server.
type load struct {
	t       *testing.T
	p       *process
	begun   time.Time
	until   time.Duration
	done    atomic.Int64
	refused [2]atomic.Int64 // conflicts, and what was overloaded
	mu      sync.Mutex
	latency map[string]*hdrhistogram.Histogram
}

// TestLoad keeps many connections open while some of them are busy with all that a server does. Nothing fails but with overloaded
// and conflict, the server's memory stays bounded, and the percentiles are told. `make load` has 1,000 connections, 64 of them busy
// for a minute.
func TestLoad(t *testing.T) {
	connections := fromEnvironment(t, "ZERODB_LOAD_CONNECTIONS", 100)
	busy := fromEnvironment(t, "ZERODB_LOAD_BUSY", 8)
	seconds := fromEnvironment(t, "ZERODB_LOAD_SECONDS", 1)
	l := &load{t: t, p: startServer(t, t.TempDir()), until: time.Duration(seconds) * time.Second, latency: map[string]*hdrhistogram.Histogram{}}
	prepareForLoad(t, l.p.connect(t))
	clients := make([]*client.DB, connections)
	for i := range clients {
		clients[i] = l.p.connect(t, client.WithConnections(1))
	}
	idle := l.memory()
	l.begun = time.Now()
	var work sync.WaitGroup
	for i := range busy {
		work.Go(func() { l.client(clients[i], rand.New(rand.NewPCG(1, uint64(i)))) })
	}
	work.Wait()
	for _, c := range clients[busy:] { // those that waited are as good as ever
		if _, err := c.Info(ctx, nil); err != nil {
			t.Error(err)
		}
	}
	must(t, clients[0].Check(ctx, func(problem zerodb.Problem) { t.Error(problem) }))
	peak := l.memory()
	if peak > mostMemory {
		t.Errorf("the server took %d MiB", peak>>20)
	}
	for _, c := range clients {
		must(t, c.Close())
	}
	l.p.stop(t)
	t.Logf("%d connections, %d busy for %s: %d requests, %.0f/s; %d conflicts, %d overloaded; %d MiB with idle connections, %d MiB at most\n%s", connections, busy, l.until,
		l.done.Load(), float64(l.done.Load())/time.Since(l.begun).Seconds(), l.refused[0].Load(), l.refused[1].Load(), idle>>20, peak>>20, l.table())
}

func prepareForLoad(t *testing.T, db zerodb.Database) {
	t.Helper()
	script(t, db, `DEFINE TABLE item FIELDS n TYPE int, word TYPE string, part TYPE int; DEFINE INDEX of_part ON TABLE item FIELDS part`)
	c, err := db.Conn(ctx, nil)
	must(t, err)
	for at := 0; at < loadItems; at += 1000 {
		ws := make([]zerodb.Write, 1000)
		for i := range ws {
			n := int64(at + i)
			ws[i] = zerodb.Write{Kind: zerodb.WriteInsert, Table: "item", Key: zerodb.Int(n), Value: zerodb.Object(zerodb.Member{Name: "n", Value: zerodb.Int(n)},
				zerodb.Member{Name: "word", Value: zerodb.String(fmt.Sprint("word ", n%100))}, zerodb.Member{Name: "part", Value: zerodb.Int(n % 50)})}
		}
		_, err := c.Batch(ctx, ws, zerodb.RefusalUndoes)
		must(t, err)
	}
	must(t, c.Close())
}

// memory is the most that the server has taken so far.
func (l *load) memory() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", l.p.cmd.Process.Pid))
	if err != nil {
		l.t.Logf("the memory of the server is not known: %v", err)
		return 0
	}
	var kib int64
	for line := range strings.Lines(string(status)) {
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			break
		}
	}
	return kib << 10
}

// client asks for this and that until the time is over.
func (l *load) client(db *client.DB, random *rand.Rand) {
	c, err := db.Conn(ctx, nil)
	if err != nil {
		l.t.Error(err)
		return
	}
	read, err := c.Prepare(ctx, `SELECT n, word FROM item:$id`)
	if err != nil {
		l.t.Error(err)
		return
	}
	read1 := func() error {
		_, found, err := read.QueryRow(ctx, zerodb.Named("id", random.IntN(loadItems)))
		if err == nil && !found {
			return fmt.Errorf("a record is missing")
		}
		return err
	}
	run := func(text string, args ...zerodb.Arg) error {
		rows, err := c.Execute(ctx, text, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
		}
		return rows.Err()
	}
	kinds := []struct {
		name   string
		weight int
		do     func() error
	}{
		{"read by key", 50, read1},
		{"get", 10, func() error { _, _, err := c.Get(ctx, "item", zerodb.Int(int64(random.IntN(loadItems)))); return err }},
		{"durable write", 20, func() error {
			return c.Put(ctx, "kv", zerodb.Int(int64(random.IntN(loadItems))), zerodb.String("value"))
		}},
		{"transaction on few records", 5, func() error { return l.transaction(c, random) }},
		{"read by index", 9, func() error {
			return run(`SELECT n, word FROM item WHERE part = $part LIMIT 20`, zerodb.Named("part", random.IntN(50)))
		}},
		{"new text", 3, func() error {
			return run(fmt.Sprintf(`SELECT n + %d AS m FROM item:%d`, random.IntN(1000), random.IntN(loadItems)))
		}},
		{"scan and group", 1, func() error { return run(`SELECT part, FOLD count() AS c, FOLD sum(n) AS s FROM item GROUP BY part`) }},
		{"stream of a table", 1, func() error { return run(`SELECT id, n, word FROM item`) }},
		{"session of its own", 1, func() error {
			other, err := db.Conn(ctx, nil)
			if err != nil {
				return err
			}
			defer func() { _ = other.Close() }()
			_, _, err = other.Get(ctx, "item", zerodb.Int(1))
			return err
		}},
	}
	for time.Since(l.begun) < l.until {
		at, pick := 0, random.IntN(100)
		for pick >= kinds[at].weight {
			pick -= kinds[at].weight
			at++
		}
		l.count(kinds[at].name, kinds[at].do)
	}
	if err := c.Close(); err != nil {
		l.t.Error(err)
	}
}

// transaction reads and writes two of few records, so that some lose a conflict.
func (l *load) transaction(c zerodb.Conn, random *rand.Rand) error {
	if err := c.Begin(ctx, nil); err != nil {
		return err
	}
	for range 2 {
		key := zerodb.Int(int64(random.IntN(100)))
		v, _, err := c.Get(ctx, "hot", key)
		if err == nil {
			n, _ := v.Member("n")
			next := int64(1)
			if n.Kind() == ops.KindInt {
				next += n.AsInt()
			}
			err = c.Put(ctx, "hot", key, zerodb.Object(zerodb.Member{Name: "n", Value: zerodb.Int(next)}))
		}
		if err != nil {
			_ = c.Cancel()
			return err
		}
	}
	return c.Commit(ctx)
}

// count does something and notes how long it took and how it ended.
func (l *load) count(kind string, do func() error) {
	began := time.Now()
	err := do()
	took := time.Since(began)
	l.done.Add(1)
	switch {
	case err == nil:
	case ops.CodeOf(err) == ops.CodeConflict:
		l.refused[0].Add(1)
	case ops.CodeOf(err) == ops.CodeOverloaded:
		l.refused[1].Add(1)
	default:
		l.t.Errorf("%s: %v", kind, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.latency[kind]
	if h == nil {
		h = hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
		l.latency[kind] = h
	}
	_ = h.RecordValue(min(took.Microseconds(), int64(time.Minute/time.Microsecond)))
}

// table shows the percentiles.
func (l *load) table() string {
	var b strings.Builder
	for kind, h := range l.latency {
		fmt.Fprintf(&b, "%-28s %8d  p50 %8s  p99 %8s  p99.9 %8s\n", kind, h.TotalCount(), micros(h, 50), micros(h, 99), micros(h, 99.9))
	}
	return b.String()
}

func micros(h *hdrhistogram.Histogram, percent float64) time.Duration {
	return (time.Duration(h.ValueAtPercentile(percent)) * time.Microsecond).Round(10 * time.Microsecond)
}
