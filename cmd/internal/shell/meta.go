package shell

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/cmd/internal/dump"
	"github.com/zerodb/zerodb/cmd/internal/format"
	"github.com/zerodb/zerodb/ops/schema"
)

// command is a command of the shell itself.
type command struct {
	names []string
	args  string
	help  string
	run   func(*Shell, context.Context, string)
}

// commands is the table of them; \q is in Loop's hands.
var commands = []command{
	{[]string{`\d`}, "[TABLE]", "tables and edges, or one with its fields and indexes", (*Shell).describe},
	{[]string{`\u`}, "[NAMESPACE/]DATABASE", "work in another database, made on first use", (*Shell).use},
	{[]string{`\f`}, "[FORMAT]", "how rows are printed: table, json, ndjson, csv", (*Shell).setFormat},
	{[]string{`\t`}, "", "show times, or not", (*Shell).toggleTiming},
	{[]string{`\p`}, "", "page what is larger than the terminal, or not", (*Shell).togglePaging},
	{[]string{`\i`}, "FILE", "run a file", (*Shell).include},
	{[]string{`\s`}, "", "figures: cache of statements, sessions", (*Shell).stats},
	{[]string{`\?`, `\h`}, "", "this help", nil},
	{[]string{`\q`}, "", "leave", nil},
}

// meta runs a command of the shell and reports whether it ends the shell.
func (sh *Shell) meta(ctx context.Context, text string) (quit bool) {
	name, arg, _ := strings.Cut(text, " ")
	arg = strings.TrimSpace(arg)
	if name == `\q` {
		return true
	}
	if name == `\?` || name == `\h` {
		sh.help()
		return false
	}
	for _, c := range commands {
		if slices.Contains(c.names, name) {
			c.run(sh, ctx, arg)
			return false
		}
	}
	fmt.Fprintf(sh.world.Err, "there is no command %s; \\? lists them\n", name)
	return false
}

func (sh *Shell) help() {
	for _, c := range commands {
		fmt.Fprintf(sh.world.Out, "  %-26s %s\n", strings.Join(c.names, ", ")+" "+c.args, c.help)
	}
	fmt.Fprint(sh.world.Out, `
A statement ends at the end of its line, unless it plainly goes on: in brackets, after an operator or comma, before FROM, WHERE …
Tab completes keywords, tables and fields. EXPLAIN before a statement shows its plan.
`)
}

// describe lists the tables, or shows one.
func (sh *Shell) describe(_ context.Context, arg string) {
	c, err := sh.session.Catalog()
	if err != nil {
		fmt.Fprintln(sh.world.Err, err)
		return
	}
	if arg == "" {
		sh.list(c)
		return
	}
	t := c.Table(strings.Trim(arg, "`;"))
	if t == nil {
		fmt.Fprintf(sh.world.Err, "there is no table %s; \\d lists them\n", arg)
		return
	}
	fmt.Fprintln(sh.world.Out, dump.Definition(t))
	for _, ix := range t.Indexes {
		state := ""
		if !ix.Ready {
			state = "   -- being built"
		}
		fmt.Fprintln(sh.world.Out, dump.IndexDefinition(t, ix)+state)
	}
}

func (sh *Shell) list(c schema.Catalog) {
	if len(c.Tables()) == 0 {
		fmt.Fprintln(sh.world.Out, "no tables yet")
		return
	}
	w := table.NewWriter()
	style := table.StyleRounded
	style.Format.Header = text.FormatDefault
	w.SetStyle(style)
	w.AppendHeader(table.Row{"table", "kind", "fields", "indexes", "about rows"})
	for _, t := range c.Tables() {
		kind := "records"
		if t.Edge {
			kind = "edges"
			if t.From != "" {
				kind = "edges " + t.From + " → " + t.To
			}
		}
		rows := ""
		if n := c.Rows(t.Name); n >= 0 {
			rows = fmt.Sprint(n)
		}
		w.AppendRow(table.Row{t.Name, kind, len(t.Fields), len(t.Indexes), rows})
	}
	fmt.Fprintln(sh.world.Out, w.Render())
}

func (sh *Shell) use(ctx context.Context, arg string) {
	namespace, database, found := strings.Cut(strings.Trim(arg, ";"), "/")
	if !found {
		namespace, database = "", namespace
	}
	if err := sh.session.Use(ctx, namespace, database); err != nil {
		fmt.Fprintln(sh.world.Err, err)
		return
	}
	fmt.Fprintln(sh.world.Out, sh.place())
}

func (sh *Shell) setFormat(_ context.Context, arg string) {
	if arg != "" && !slices.Contains(format.Names, arg) {
		fmt.Fprintf(sh.world.Err, "%q is no format: %s\n", arg, strings.Join(format.Names, ", "))
		return
	}
	if arg != "" {
		sh.format = arg
	}
	fmt.Fprintf(sh.world.Out, "format is %s\n", sh.format)
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func (sh *Shell) toggleTiming(context.Context, string) {
	sh.timing = !sh.timing
	fmt.Fprintf(sh.world.Out, "timing is %s\n", onOff(sh.timing))
}

func (sh *Shell) togglePaging(context.Context, string) {
	sh.paging = !sh.paging && sh.world.Page != nil
	fmt.Fprintf(sh.world.Out, "paging is %s\n", onOff(sh.paging))
}

func (sh *Shell) include(ctx context.Context, arg string) {
	if arg == "" {
		fmt.Fprintln(sh.world.Err, `\i needs a file`)
		return
	}
	content, err := sh.world.ReadFile(arg)
	if err != nil {
		fmt.Fprintln(sh.world.Err, cli.Message(err))
		return
	}
	sh.run(ctx, string(content))
}

func (sh *Shell) stats(ctx context.Context, _ string) {
	var c zerodb.CacheStats
	sessions := 0
	switch db := sh.db.(type) {
	case *zerodb.DB:
		s := db.Stats()
		c, sessions = s.Statements, s.Sessions
	case *client.DB:
		m, err := db.Info(ctx, nil)
		if err != nil {
			fmt.Fprintln(sh.world.Err, err)
			return
		}
		s := m.GetStats()
		fmt.Fprintf(sh.world.Out, "statements: %d cached in %d bytes, %d hits, %d compiled\nsessions: %d, connections: %d, transactions: %d\nstatements: %d run now, %d ran, %d were refused\n",
			s.Cached, s.CachedBytes, s.Hits, s.Compiles, s.Sessions, s.Connections, s.Transactions, s.Running, s.Executed, s.Overloaded)
		return
	}
	fmt.Fprintf(sh.world.Out, "statements: %d cached in %d of %d bytes, %d hits, %d misses, %d compiled, %d dropped\nsessions: %d\n",
		c.Entries, c.Bytes, c.Limit, c.Hits, c.Misses, c.Compiles, c.Evicted, sessions)
}
