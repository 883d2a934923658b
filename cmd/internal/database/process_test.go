package database_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
)

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fromEnvironment is a number that a make target sets.
func fromEnvironment(t testing.TB, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	must(t, err)
	return n
}

// process is a server in a process of its own.
type process struct {
	addr  string
	cmd   *exec.Cmd
	ended chan error
	lines *lines
}

// lines keeps what a process says.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.WriteString(line + "\n")
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// startServer starts `zerodb serve` and waits until it listens. It is killed when the test ends.
func startServer(t testing.TB, dir string, flags ...string) *process {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	p := &process{ended: make(chan error, 1), lines: &lines{}}
	p.cmd = exec.Command(self, append([]string{"serve", "--dir", dir, "--listen", "127.0.0.1:0"}, flags...)...)
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	errs, err := p.cmd.StderrPipe()
	must(t, err)
	must(t, p.cmd.Start())
	t.Cleanup(p.kill)
	listening := make(chan string, 1)
	go func() {
		in := bufio.NewScanner(errs)
		for in.Scan() {
			p.lines.add(in.Text())
			if _, addr, found := strings.Cut(in.Text(), "zerodb: serving "+dir+" on "); found {
				listening <- addr
			}
		}
		p.ended <- p.cmd.Wait()
		close(p.ended)
	}()
	select {
	case p.addr = <-listening:
	case err := <-p.ended:
		t.Fatalf("the server ended: %v\n%s", err, p.lines)
	}
	return p
}

// kill ends the process as kill -9 does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	for range p.ended {
	}
}

// stop ends the process as a user does, and fails where it does not end well.
func (p *process) stop(t testing.TB) {
	t.Helper()
	must(t, p.cmd.Process.Signal(syscall.SIGTERM))
	if err := <-p.ended; err != nil {
		t.Errorf("the server ended with %v\n%s", err, p.lines)
	}
}

// connect makes a client, closed when the test ends.
func (p *process) connect(t testing.TB, opts ...client.Option) *client.DB {
	t.Helper()
	patient, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	db, err := client.Connect(patient, p.addr, opts...)
	if err != nil {
		t.Fatalf("%v\n%s", err, p.lines)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// script runs a text in a session of its own.
func script(t testing.TB, db zerodb.Database, text string, args ...zerodb.Arg) {
	t.Helper()
	c, err := db.Conn(ctx, nil)
	must(t, err)
	defer func() { _ = c.Close() }()
	rows, err := c.Execute(ctx, text, args...)
	must(t, err)
	must(t, rows.Close())
}

// each runs a query and calls use with its rows.
func each(t testing.TB, db zerodb.Database, text string, use func(zerodb.Row)) {
	t.Helper()
	c, err := db.Conn(ctx, nil)
	must(t, err)
	defer func() { _ = c.Close() }()
	rows, err := c.Execute(ctx, text)
	must(t, err)
	for row, err := range rows.All() {
		must(t, err)
		use(row)
	}
}
