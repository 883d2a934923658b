package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

func (a *app) disasmCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "disasm FILE.zqb…",
		Short:   "Show programs as the machine sees them",
		Long:    "Show programs as the machine sees them: manifest, parameters, constants and every instruction with its place in the text.",
		Example: "  zqc disasm q.zqb",
		Args:    cli.Args(cobra.MinimumNArgs(1)),
	}
	c.RunE = func(_ *cobra.Command, files []string) error {
		for i, name := range files {
			p := a.load(name)
			if p == nil {
				continue
			}
			if len(files) > 1 {
				if i > 0 {
					fmt.Fprintln(a.world.Out)
				}
				fmt.Fprintf(a.world.Out, "== %s\n", cli.SourceName(name))
			}
			vm.Disassemble(a.world.Out, p)
		}
		return a.result()
	}
	return c
}

func (a *app) diffCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "diff OLD.zqb NEW.zqb",
		Short: "Show what changed between two programs, or which programs a schema invalidates",
		Long: `Show what changed between two programs: parameters, tables and fields read and written, functions, cost, and the
instructions. The exit status is 0 if nothing did, else 1.

With --schema, show which programs do not fit a schema any more, and which fields they use that it does not have. A schema
may end in what is planned, REDEFINE TABLE among it. The exit status is 0 if all programs fit, else 1.`,
		Example: "  zqc diff old.zqb new.zqb\n  zqc diff --schema next.zql *.zqb",
		Args:    cli.Args(cobra.MinimumNArgs(1)),
	}
	a.bindSchema(c)
	c.RunE = func(_ *cobra.Command, files []string) error {
		if a.schema != "" {
			return a.invalidated(files)
		}
		if len(files) != 2 {
			return cli.Usagef("diff takes two programs, or --schema and any number of them")
		}
		before, after := a.load(files[0]), a.load(files[1])
		if before == nil || after == nil {
			return a.result()
		}
		same := true
		for _, part := range []struct {
			title    string
			old, new []string
		}{{"meaning", meaning(before), meaning(after)}, {"code", listing(before), listing(after)}} {
			if slices.Equal(part.old, part.new) {
				continue
			}
			same = false
			fmt.Fprintf(a.world.Out, "%s:\n", part.title)
			for _, line := range difference(part.old, part.new) {
				fmt.Fprintln(a.world.Out, line)
			}
		}
		if same {
			fmt.Fprintln(a.world.Out, "no difference")
			return nil
		}
		return cli.ErrShown
	}
	return c
}

// invalidated says which programs do not fit the schema, and what they use that it does not have.
func (a *app) invalidated(files []string) error {
	cat, err := a.catalog()
	if err != nil {
		return err
	}
	all := true
	for _, name := range files {
		p := a.load(name)
		if p == nil {
			continue
		}
		err := fits(p, cat)
		if err == nil {
			fmt.Fprintf(a.world.Out, "%s: fits\n", cli.SourceName(name))
			continue
		}
		all = false
		fmt.Fprintf(a.world.Out, "%s: %s\n", cli.SourceName(name), ops.MessageOf(err))
		for _, line := range append(missing("reads", p.Manifest.Reads, cat), missing("writes", p.Manifest.Writes, cat)...) {
			fmt.Fprintf(a.world.Out, "  %s\n", line)
		}
	}
	if err := a.result(); err != nil || all {
		return err
	}
	return cli.ErrShown
}

// missing lists what a program uses of tables and is not declared.
func missing(verb string, used []vm.TableFields, cat schema.Catalog) (lines []string) {
	for _, u := range used {
		t := cat.Table(u.Table)
		switch {
		case u.Table == "*", t == nil && cat.Object(schema.ObjectView, u.Table) != nil:
			continue
		case t == nil:
			lines = append(lines, fmt.Sprintf("%s %s, which is not there", verb, u.Table))
			continue
		case !t.Schemafull:
			continue
		}
		for _, f := range u.Fields {
			fixed := f == "*" || f == "id" || t.Edge && (f == "in" || f == "out")
			if !fixed && !slices.ContainsFunc(t.Fields, func(d schema.Field) bool { return related(strings.Join(d.Path, "."), f) }) {
				lines = append(lines, fmt.Sprintf("%s %s.%s, which is not there", verb, u.Table, f))
			}
		}
	}
	return lines
}

// related reports whether one path is the other or lies below it.
func related(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+".") || strings.HasPrefix(b, a+".")
}

// meaning is what a program does, line by line.
func meaning(p *vm.Program) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, x := range p.Params {
		optional := ""
		if x.Optional {
			optional = ", optional"
		}
		add("parameter $%s %s%s", x.Name, x.Type, optional)
	}
	for _, t := range p.Tables {
		add("table %s as %x", t.Name, t.Print[:4])
	}
	for _, t := range p.Manifest.Reads {
		add("reads %s: %s", t.Table, strings.Join(t.Fields, ", "))
	}
	for _, t := range p.Manifest.Writes {
		add("writes %s: %s", t.Table, strings.Join(t.Fields, ", "))
	}
	for _, f := range p.Manifest.Functions {
		add("calls %s", f)
	}
	for _, c := range p.Manifest.Capabilities {
		add("needs %s", c)
	}
	if p.Manifest.Defines {
		add("changes definitions")
	}
	add("cost %s", costNames[p.Manifest.Cost])
	return lines
}

// listing is the disassembly, line by line.
func listing(p *vm.Program) []string {
	var b strings.Builder
	vm.Disassemble(&b, p)
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
}

// difference returns the lines of both, those only in the old with "-", those only in the new with "+", and of those in
// both the ones next to a change.
func difference(before, after []string) []string {
	type line struct {
		sign byte
		text string
	}
	common := longestCommon(before, after)
	var all []line
	i, j := 0, 0
	for _, pair := range append(common, [2]int{len(before), len(after)}) {
		for ; i < pair[0]; i++ {
			all = append(all, line{'-', before[i]})
		}
		for ; j < pair[1]; j++ {
			all = append(all, line{'+', after[j]})
		}
		if i < len(before) && j < len(after) {
			all = append(all, line{' ', before[i]})
			i, j = i+1, j+1
		}
	}
	const around = 2
	near := func(at int) bool {
		for k := max(0, at-around); k <= min(len(all)-1, at+around); k++ {
			if all[k].sign != ' ' {
				return true
			}
		}
		return false
	}
	var out []string
	skipped := false
	for at, l := range all {
		if !near(at) {
			skipped = true
			continue
		}
		if skipped && len(out) > 0 {
			out = append(out, "  ⋮")
		}
		skipped = false
		out = append(out, string(l.sign)+" "+l.text)
	}
	return out
}

// longestCommon returns the pairs of indexes of a longest common subsequence. Common ends are cut off first; what is
// left in the middle of two versions of a program is small, and where it is not it counts as wholly changed.
func longestCommon(a, b []string) [][2]int {
	var head, tail [][2]int
	lo := 0
	for lo < len(a) && lo < len(b) && a[lo] == b[lo] {
		head = append(head, [2]int{lo, lo})
		lo++
	}
	endA, endB := len(a), len(b)
	for endA > lo && endB > lo && a[endA-1] == b[endB-1] {
		endA, endB = endA-1, endB-1
		tail = append(tail, [2]int{endA, endB})
	}
	slices.Reverse(tail)
	n, m := endA-lo, endB-lo
	const most = 4 << 20
	if n*m > most {
		return append(head, tail...)
	}
	table := make([][]int32, n+1) // lengths for the ends from i and j on
	for i := range table {
		table[i] = make([]int32, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if a[lo+i] == b[lo+j] {
				table[i][j] = table[i+1][j+1] + 1
			} else {
				table[i][j] = max(table[i+1][j], table[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case a[lo+i] == b[lo+j]:
			head = append(head, [2]int{lo + i, lo + j})
			i, j = i+1, j+1
		case table[i+1][j] >= table[i][j+1]:
			i++
		default:
			j++
		}
	}
	return append(head, tail...)
}
