// Package shell is the interactive shell of zerodb: it reads statements line by line and prints what they yield.
package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/cmd/internal/format"
	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/ops"
)

// Options say how a shell begins.
type Options struct {
	Format string
	Args   []zerodb.Arg // for every statement
}

// Reader gives the lines that a person types; an input may span several. io.EOF ends the shell, ErrInterrupt drops the
// input.
type Reader interface {
	Read(prompt string) (string, error)
}

// ErrInterrupt is returned by a Reader for Ctrl-C.
var ErrInterrupt = errors.New("interrupted")

// Shell is a running shell.
type Shell struct {
	world   *cli.World
	db      zerodb.Database
	session zerodb.Conn
	args    []zerodb.Arg
	format  string
	timing  bool
	paging  bool
}

// Run is a shell at a terminal.
func Run(ctx context.Context, w *cli.World, db zerodb.Database, s zerodb.Conn, o Options) error {
	sh := New(w, db, s, o)
	fmt.Fprintf(w.Out, "zerodb: %s. \\? for help, \\q to leave.\n", sh.place())
	return sh.Loop(ctx, newTerminal(sh))
}

// New makes a shell that has not begun.
func New(w *cli.World, db zerodb.Database, s zerodb.Conn, o Options) *Shell {
	return &Shell{world: w, db: db, session: s, args: o.Args, format: o.Format, timing: true, paging: w.Page != nil}
}

func (sh *Shell) place() string {
	return "namespace " + sh.session.Namespace() + ", database " + sh.session.Database()
}

// prompt names the database; an open transaction is marked.
func (sh *Shell) prompt() string {
	if sh.session.InTransaction() {
		return sh.session.Database() + "*> "
	}
	return sh.session.Database() + "> "
}

// Loop reads and runs until the end of the input.
func (sh *Shell) Loop(ctx context.Context, r Reader) error {
	for {
		text, err := r.Read(sh.prompt())
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, ErrInterrupt):
			continue
		case err != nil:
			return err
		}
		text = strings.TrimSpace(text)
		switch {
		case text == "":
		case strings.HasPrefix(text, `\`):
			if sh.meta(ctx, text) {
				return nil
			}
		case text == "exit" || text == "quit":
			return nil
		default:
			sh.run(ctx, text)
		}
	}
}

// run runs a text and prints its results, with the time that each took.
func (sh *Shell) run(ctx context.Context, text string) {
	start := sh.world.Clock()
	for rows, err := range sh.session.Script(ctx, text, sh.known(text)...) {
		if err != nil {
			sh.show(text, err)
			return
		}
		if err := sh.print(rows, start); err != nil {
			sh.show(text, err)
			return
		}
		start = sh.world.Clock()
	}
}

// known leaves out the parameters that a text does not use: those given at the start are for every statement.
func (sh *Shell) known(text string) []zerodb.Arg {
	var args []zerodb.Arg
	for _, a := range sh.args {
		if uses(text, a.Name()) {
			args = append(args, a)
		}
	}
	return args
}

// uses reports whether $name stands in a text.
func uses(text, name string) bool {
	for {
		_, behind, found := strings.Cut(text, "$"+name)
		if !found {
			return false
		}
		if next, _ := utf8.DecodeRuneInString(behind); behind == "" || !isWordRune(next) {
			return true
		}
		text = behind
	}
}

// print prints the rows of a statement, through the pager where they are larger than the terminal.
func (sh *Shell) print(rows *zerodb.Rows, start time.Time) error {
	out := &pagedOutput{sh: sh}
	p, err := format.New(sh.format, out)
	if err != nil {
		return err
	}
	_, err = p.Print(rows)
	err = errors.Join(err, out.close())
	if err != nil {
		return err
	}
	if rows.Silent() && sh.format == "table" {
		fmt.Fprint(sh.world.Out, "ok\n")
	}
	if sh.timing {
		fmt.Fprintf(sh.world.Out, "%s\n", elapsed(sh.world.Clock().Sub(start)))
	}
	return nil
}

// elapsed is a time with three digits.
func elapsed(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.3g µs", float64(d)/float64(time.Microsecond))
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}

// show prints an error against the text.
func (sh *Shell) show(text string, err error) {
	errs := cli.Errs(err)
	if errs == nil {
		fmt.Fprintln(sh.world.Err, err)
		return
	}
	_ = diag.NewSource("input", text).Write(sh.world.Err, errs) // where the terminal is gone nobody would read more
}

// complete reports whether what has been typed is a whole input: a command of the shell, or ZeroQL that does not want to go on.
// An empty last line, too, ends it, so that nobody is caught.
func complete(text string) bool {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || strings.HasPrefix(trimmed, `\`) || strings.HasSuffix(text, "\n") {
		return true
	}
	_, errs := parse.Parse(text)
	for _, e := range errs {
		if e.Code == ops.CodeSyntax && e.Span.Start >= len(strings.TrimRight(text, " \t\r\n")) {
			return false
		}
	}
	return true
}

// pagedOutput holds back what fits the terminal and pages what does not.
type pagedOutput struct {
	sh     *Shell
	text   strings.Builder
	direct bool
}

// maxPaged is where a result is too long to page: it then goes straight out.
const maxPaged = 8 << 20

func (o *pagedOutput) Write(p []byte) (int, error) {
	if !o.sh.paging || o.direct {
		return o.sh.world.Out.Write(p)
	}
	o.text.Write(p)
	if o.text.Len() > maxPaged {
		o.direct = true
		_, err := io.WriteString(o.sh.world.Out, o.text.String())
		o.text.Reset()
		return len(p), err
	}
	return len(p), nil
}

func (o *pagedOutput) close() error {
	text := o.text.String()
	if text == "" {
		return nil
	}
	if o.sh.fits(text) {
		_, err := io.WriteString(o.sh.world.Out, text)
		return err
	}
	return o.sh.world.Page(text)
}

// fits reports whether a text fits the terminal, by lines and by width.
func (sh *Shell) fits(text string) bool {
	if sh.world.Size == nil {
		return true
	}
	width, height := sh.world.Size()
	if width <= 0 || height <= 0 {
		return true
	}
	n := 0
	for line := range strings.Lines(text) {
		if n++; n > height-2 || displayWidth(strings.TrimRight(line, "\n")) > width {
			return false
		}
	}
	return true
}
