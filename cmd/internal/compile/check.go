package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

func isDefine(in vm.Instr) bool { return in.Op == opcodes.Define || in.Op == opcodes.DefineSecret }

func (a *app) checkCommand() *cobra.Command {
	var maxCost string
	c := &cobra.Command{
		Use:   "check FILE…",
		Short: "Report every mistake in texts, and queries that would cost too much",
		Long: `Report every mistake in texts. With --max-cost also each statement that is dearer than allowed: constant (a known
number of keys), limit, index-range, full-scan, unbounded.`,
		Example: "  zqc check --schema s.zql --max-cost=index-range queries/*.zql",
		Args:    cli.Args(cobra.MinimumNArgs(1)),
	}
	a.bindSchema(c)
	c.Flags().StringVar(&maxCost, "max-cost", "", "the dearest cost `class` allowed: "+strings.Join(costNames[:], ", "))
	c.RunE = func(_ *cobra.Command, files []string) error {
		most := slices.Index(costNames[:], maxCost)
		if maxCost != "" && most < 0 {
			return cli.Usagef("--max-cost %s: one of %s", maxCost, strings.Join(costNames[:], ", "))
		}
		cat, err := a.catalog()
		if err != nil {
			return err
		}
		return a.each(files, func(name, text string) {
			p := a.program(name, text, cat)
			if p == nil || most < 0 {
				return
			}
			a.show(name, text, tooDear(p, text, cat, vm.CostClass(most)))
		})
	}
	return c
}

// tooDear returns an error for each statement whose cost is over the limit.
func tooDear(p *vm.Program, text string, cat schema.Catalog, most vm.CostClass) []*ops.Error {
	if p.Manifest.Cost <= most {
		return nil
	}
	var errs []*ops.Error
	for i := range p.Statements {
		if cost := statementCost(p, i); cost > most {
			e := ops.Errorf(ops.CodeCostExceeded, "the statement's cost is %s, allowed is %s", costNames[cost], costNames[most])
			errs = append(errs, e.At(p.Statements[i].Span).WithHint("zqc explain says why; an index or a LIMIT may help"))
		}
	}
	return errs
}

func (a *app) explainCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "explain FILE…",
		Short: "Show the plan of each statement, and why an index is not used",
		Long: `Show for each statement its plan – with the reason for each index that is not used – and the bytecode. EXPLAIN
ANALYZE in a database adds rows, time and bytes.`,
		Example: "  zqc explain q.zql --schema s.zql",
		Args:    cli.Args(cobra.MinimumNArgs(1)),
	}
	a.bindSchema(c)
	c.Flags().StringSliceVar(&a.off, "off", nil, "rewrite `rules` to leave out, by name")
	c.RunE = func(_ *cobra.Command, files []string) error {
		cat, err := a.catalog()
		if err != nil {
			return err
		}
		return a.each(files, func(name, text string) {
			errs := a.explain(text, cat, len(files) > 1, name)
			a.show(name, text, errs)
		})
	}
	return c
}

// explain prints plan and code, statement by statement.
func (a *app) explain(text string, cat schema.Catalog, titled bool, name string) []*ops.Error {
	result, errs := compiler.Compile(text, compiler.Options{Catalog: cat, Off: a.off})
	if len(errs) > 0 {
		return errs
	}
	a.print(name, text, result.Warnings, true)
	plans, errs := plansOf(text, compiler.Options{Catalog: cat, Off: a.off})
	if len(errs) > 0 {
		return errs
	}
	p := result.Program
	if titled {
		fmt.Fprintf(a.world.Out, "== %s\n", cli.SourceName(name))
	}
	for i := range p.Statements {
		st := &p.Statements[i]
		fmt.Fprintf(a.world.Out, "-- %s\n", oneLine(text[st.Span.Start:st.Span.End]))
		if plans[i] == "" { // LET and definitions have no plan
			plans[i] = "cost: " + costNames[statementCost(p, i)]
		}
		fmt.Fprintf(a.world.Out, "%s\n\n", strings.TrimRight(plans[i], "\n"))
	}
	vm.Disassemble(a.world.Out, p)
	return nil
}

// plansOf compiles a text as if EXPLAIN stood before each of its queries and writes, and returns the plans.
func plansOf(text string, o compiler.Options) ([]string, []*ops.Error) {
	script, errs := parse.Parse(text)
	if len(errs) > 0 {
		return nil, errs
	}
	result, errs := compiler.CompileScript(compiler.Explained(script, false), o)
	if len(errs) > 0 {
		return nil, errs
	}
	plans := make([]string, len(result.Program.Statements))
	for i := range plans {
		plans[i] = result.Program.Statements[i].Plan
	}
	return plans, nil
}

// oneLine is a text with its spaces and line ends made single spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
