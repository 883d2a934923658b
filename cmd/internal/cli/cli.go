// Package cli holds what zqc and zerodb share: the world they run in, exit statuses, and how errors are shown.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/ops"
)

// World is all that a command may use of the machine; a main gives the real one, a test another.
type World struct {
	In       io.Reader
	Out, Err io.Writer
	FS       vfs.FS
	Clock    func() time.Time
	Random   io.Reader
	// InTerminal and OutTerminal report whether a person sits at the end.
	InTerminal, OutTerminal bool
	// Size is the terminal's width and height.
	Size func() (width, height int)
	// Page shows a long text; nil prints it.
	Page func(text string) error
	// Home is where a shell keeps its history; "" keeps none.
	Home string
	// Dial and Listen make the connections of clients and servers; nil: the machine's.
	Dial   func(ctx context.Context, addr string) (net.Conn, error)
	Listen func(addr string) (net.Listener, error)
	// Stop ends when a server is to stop; Reload has an entry each time it is to read its certificates anew.
	Stop   func(context.Context) (context.Context, context.CancelFunc)
	Reload func() (reload <-chan os.Signal, stop func())
	// TempDir is where standard input is kept when it must be read twice.
	TempDir string
}

// Exit statuses.
const (
	OK     = 0
	Failed = 1 // a statement or a check failed
	Usage  = 2 // the command line is wrong
)

// Run executes a command tree with arguments and returns the exit status. Errors are printed here and nowhere else.
func Run(w *World, root *cobra.Command, args []string) int {
	root.SetArgs(args)
	root.SetIn(w.In)
	root.SetOut(w.Out)
	root.SetErr(w.Err)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	err := root.Execute()
	if err == nil {
		return OK
	}
	if !errors.Is(err, ErrShown) {
		fmt.Fprintf(w.Err, "%s: %s\n", root.Name(), Message(err))
	}
	if IsUsage(err) {
		fmt.Fprintf(w.Err, "Run '%s --help' for usage.\n", root.Name())
		return Usage
	}
	return Failed
}

// ErrShown is returned by commands that have shown their errors already.
var ErrShown = errors.New("the errors have been shown")

type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(err error) error { return usageError{err} }

// Usagef makes an error that is about the command line.
func Usagef(format string, args ...any) error { return usage(fmt.Errorf(format, args...)) }

// IsUsage reports whether an error is about the command line.
func IsUsage(err error) bool {
	var u usageError
	return errors.As(err, &u) || ops.CodeOf(err) == ops.CodeUsage
}

// Args makes cobra's check of positional arguments an error about the command line.
func Args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usage(err)
		}
		return nil
	}
}

// Group makes a command that only has subcommands: without one, or with an unknown one, it is used wrongly.
func Group(c *cobra.Command) *cobra.Command {
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		names := []string{}
		for _, sub := range c.Commands() {
			names = append(names, sub.Name())
		}
		if near := diag.Closest(args[0], names); near != "" {
			return Usagef("unknown command %q, did you mean %s?", args[0], near)
		}
		return Usagef("unknown command %q", args[0])
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		_ = c.Help()
		return Usagef("a command is missing")
	}
	return c
}

// Message is an error as one line for people.
func Message(err error) string {
	var e *zerodb.Error
	if !errors.As(err, &e) || e.Code != ops.CodeUsage {
		return err.Error()
	}
	if e.Hint != "" {
		return e.Message + " (" + e.Hint + ")"
	}
	return e.Message
}

// Errs are the errors with places that an error holds; nil where it has none.
func Errs(err error) []*ops.Error {
	var many zerodb.Errors
	if errors.As(err, &many) {
		return many
	}
	var one *zerodb.Error
	if errors.As(err, &one) {
		return []*ops.Error{one}
	}
	return nil
}

// ReadFile reads a file of the world, or standard input where the name is "-".
func (w *World) ReadFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(w.In)
	}
	f, err := w.FS.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// WriteFile writes a file of the world, or standard output where the name is "-". The file is there whole or not at all.
func (w *World) WriteFile(name string, content []byte) error {
	if name == "-" {
		_, err := w.Out.Write(content)
		return err
	}
	part := name + ".part"
	f, err := w.FS.Create(part, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = w.FS.Rename(part, name)
	}
	if err != nil {
		return errors.Join(err, w.FS.Remove(part))
	}
	return nil
}

// SourceName is what messages call a file.
func SourceName(name string) string {
	if name == "-" {
		return "<stdin>"
	}
	return name
}
