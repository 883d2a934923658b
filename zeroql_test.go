package zerodb_test

import (
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/servertest"
)

// TestZeroQL runs the files of testdata/zeroql, one for each section of the language's reference, over a whole database in
// memory. Their commands are
//
//	fresh   start an empty database and run the text in it; the output is empty, or what went wrong
//	eval    the value of each line, an expression, as ZeroQL writes it
//	run     the rows of each statement as JSON lines, with "--" between statements
//	plan    the plan of each statement
//	clock   moves the clock on, by a duration
//
// `run` takes the argument as=name for a session of that name, and begins with lines `param name = literal` for parameters. An error
// is shown as it is to people; behind it nothing of the text runs.
func TestZeroQL(t *testing.T) {
	datadriven.Walk(t, "testdata/zeroql", runGolden)
}

// TestZeroQLOverServer runs the same files through a server and its client: whatever a statement yields, plans and errors among it,
// is the same there.
func TestZeroQLOverServer(t *testing.T) {
	for _, dir := range []string{"testdata/zeroql", "testdata/diagnostics"} {
		datadriven.Walk(t, dir, func(t *testing.T, path string) { runGoldenIn(t, path, overServer) })
	}
}

// overServer is a database as a client of a server has it.
func overServer(t *testing.T, db *zerodb.DB) zerodb.Database {
	return served{servertest.Start(t, db, nil).Connect(t), db}
}

// served is a client's database that closes what is served as well.
type served struct {
	zerodb.Database
	db *zerodb.DB
}

func (s served) Close() error { return errors.Join(s.Database.Close(), s.db.Close()) }

// TestDiagnostics runs the files of testdata/diagnostics: wrong programs, and all that is said to each.
func TestDiagnostics(t *testing.T) {
	datadriven.Walk(t, "testdata/diagnostics", runGolden)
}

func runGolden(t *testing.T, path string) {
	runGoldenIn(t, path, func(_ *testing.T, db *zerodb.DB) zerodb.Database { return db })
}

func runGoldenIn(t *testing.T, path string, in func(*testing.T, *zerodb.DB) zerodb.Database) {
	g := &golden{in: in}
	g.fresh(t)
	datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "fresh":
			g.fresh(t)
			return g.quiet(d.Input)
		case "eval":
			return g.eval(t, d.Input)
		case "plan":
			return g.plan(t, d.Input)
		case "clock":
			by, err := time.ParseDuration(d.Input)
			must(t, err)
			g.now.Add(int64(by))
			return ""
		case "run":
			return g.run(t, d)
		case "sentence":
			return g.sentence(t, d)
		}
		t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
		return ""
	})
	must(t, g.db.Close())
}

// golden is a database with the sessions of a file.
type golden struct {
	in       func(*testing.T, *zerodb.DB) zerodb.Database
	db       zerodb.Database
	now      atomic.Int64 // of the database's clock; a server asks for it from other goroutines
	sessions map[string]zerodb.Conn
}

// fresh opens a database in which time stands still, at a known moment until it is moved, and chance is always the same.
func (g *golden) fresh(t *testing.T) {
	if g.db != nil {
		must(t, g.db.Close())
	}
	g.now.Store(time.Date(2026, 11, 24, 12, 30, 0, 0, time.UTC).UnixNano())
	db, err := zerodb.OpenMemory(&zerodb.Options{
		NoWarmUp: true,
		Clock:    func() time.Time { return time.Unix(0, g.now.Load()).UTC() },
		Sleep:    func(time.Duration) {},
		Random:   &sequence{},
		// Loops that never end are among the mistakes.
		StatementSteps: 1_000_000,
	})
	must(t, err)
	g.db, g.sessions = g.in(t, db), map[string]zerodb.Conn{}
}

// sequence is a source of chance that counts.
type sequence struct{ n byte }

func (s *sequence) Read(p []byte) (int, error) {
	for i := range p {
		s.n++
		p[i] = s.n
	}
	return len(p), nil
}

var _ io.Reader = (*sequence)(nil)

func (g *golden) session(t *testing.T, name string) zerodb.Conn {
	if g.sessions[name] == nil {
		c, err := g.db.Conn(ctx, nil)
		must(t, err)
		g.sessions[name] = c
	}
	return g.sessions[name]
}

func (g *golden) quiet(text string) string {
	s, err := g.db.Conn(ctx, nil)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = s.Close() }()
	for _, err := range s.Script(ctx, text) {
		if err != nil {
			return complaint(text, err)
		}
	}
	return ""
}

// eval gives a line for each line: the value, or the error with what it points at.
func (g *golden) eval(t *testing.T, input string) string {
	var out strings.Builder
	for line := range strings.Lines(input) {
		text := "RETURN " + strings.TrimRight(line, "\n")
		rows, err := g.session(t, "").Execute(ctx, text)
		var values []string
		if err == nil {
			for row, rowErr := range rows.All() {
				if rowErr != nil {
					err = rowErr
					break
				}
				values = append(values, string(ops.AppendZQL(nil, row.Value())))
			}
		}
		if err != nil {
			out.WriteString(inLine(text, err) + "\n")
			continue
		}
		out.WriteString(strings.Join(values, " | ") + "\n")
	}
	return out.String()
}

// inLine shows an error in one line, with the text that it points at in brackets.
func inLine(text string, err error) string {
	var all []string
	for _, e := range errorsOf(err) {
		s := "error[" + string(e.Code) + "]: " + e.Message
		if !e.Span.IsZero() && e.Span.End <= len(text) {
			s += " [" + text[e.Span.Start:e.Span.End] + "]"
		}
		if e.Hint != "" {
			s += " hint: " + e.Hint
		}
		all = append(all, s)
	}
	return strings.Join(all, " & ")
}

func (g *golden) run(t *testing.T, d *datadriven.TestData) string {
	name := ""
	d.MaybeScanArgs(t, "as", &name)
	text, args := parameters(t, d.Input)
	var out strings.Builder
	first := true
	for rows, err := range g.session(t, name).Script(ctx, text, args...) {
		if err != nil {
			out.WriteString(complaint(text, err))
			break
		}
		if rows.Silent() {
			continue
		}
		if !first {
			out.WriteString("--\n")
		}
		first = false
		for row, err := range rows.All() {
			if err != nil {
				break // the script ends with it
			}
			out.Write(row.AppendJSON(nil))
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// parameters takes the lines `param name = literal` from the beginning of a text.
func parameters(t *testing.T, text string) (string, []zerodb.Arg) {
	var args []zerodb.Arg
	for strings.HasPrefix(text, "param ") {
		line, rest, _ := strings.Cut(text, "\n")
		name, literal, _ := strings.Cut(strings.TrimPrefix(line, "param "), " = ")
		v, err := zerodb.ParseValue(literal)
		must(t, err)
		args = append(args, zerodb.Named(name, v))
		text = rest
	}
	return text, args
}

// plan explains the statements and leaves out the bytecode.
func (g *golden) plan(t *testing.T, text string) string {
	var out strings.Builder
	for rows, err := range g.session(t, "").Script(ctx, text) {
		if err != nil {
			return complaint(text, err)
		}
		for row := range rows.All() {
			out.WriteString(row.Get("plan").AsString() + "\n")
		}
	}
	return out.String()
}

// complaint shows an error as the commands show it, and what took effect before it.
func complaint(text string, err error) string {
	var out strings.Builder
	if werr := diag.NewSource("script", text).Write(&out, errorsOf(err)); werr != nil {
		return werr.Error()
	}
	return out.String()
}

// errorsOf lists the errors in an error.
func errorsOf(err error) []*ops.Error {
	var many zerodb.Errors
	if errors.As(err, &many) {
		return many
	}
	var one *ops.Error
	if errors.As(err, &one) {
		return []*ops.Error{one}
	}
	return []*ops.Error{{Code: "not an error of zerodb", Message: err.Error()}}
}
