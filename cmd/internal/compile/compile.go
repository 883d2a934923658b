// Package compile holds the commands of zqc: check, lint, compile, fmt, ast, disasm, verify, explain, diff and gen.
package compile

import (
	"fmt"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// app is the command tree with what its commands share.
type app struct {
	world       *cli.World
	schema      string // file of --schema
	diagnostics string // text or json
	off         []string
	failed      bool
}

// New makes the command tree of zqc.
func New(w *cli.World) *cobra.Command {
	a := &app{world: w}
	root := cli.Group(&cobra.Command{
		Use:   "zqc",
		Short: "Check, compile and take apart ZeroQL, without a database",
		Long: `Check, compile and take apart ZeroQL, without a database.

Commands take several files; - is standard input. The exit status is 0 if all is well, 1 if a check failed, 2 for wrong usage.`,
		Example: `  zqc compile q.zql --schema s.zql -o q.zqb
  zqc check --max-cost=index-range queries/*.zql`,
	})
	root.PersistentFlags().StringVar(&a.diagnostics, "diagnostics", "text", "how errors are shown: text, or json with one object a line")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if a.diagnostics != "text" && a.diagnostics != "json" {
			return cli.Usagef("--diagnostics %s: text or json", a.diagnostics)
		}
		return nil
	}
	root.AddCommand(a.checkCommand(), a.compileCommand(), a.fmtCommand(), a.astCommand(), a.disasmCommand(), a.verifyCommand(),
		a.explainCommand(), a.diffCommand(), a.lintCommand(), a.genCommand())
	return root
}

// bindSchema adds --schema.
func (a *app) bindSchema(c *cobra.Command) {
	c.Flags().StringVar(&a.schema, "schema", "", "`file` of definitions to compile against; without it every table is undefined and so without a schema")
}

// catalog reads the schema.
func (a *app) catalog() (schema.Catalog, error) {
	if a.schema == "" {
		return schema.NewMemory(zerodb.DefaultNamespace, zerodb.DefaultDatabase), nil
	}
	text, err := a.world.ReadFile(a.schema)
	if err != nil {
		return nil, err
	}
	c, errs := compiler.SchemaFromScript(string(text))
	if len(errs) > 0 {
		a.show(a.schema, string(text), errs)
		return nil, cli.ErrShown
	}
	return c, nil
}

// show prints errors against their text and remembers that there were some.
func (a *app) show(file, text string, errs []*ops.Error) {
	if len(errs) == 0 {
		return
	}
	a.failed = true
	a.print(file, text, errs, false)
}

// print shows errors or warnings.
func (a *app) print(file, text string, errs []*ops.Error, warnings bool) {
	src := diag.NewSource(cli.SourceName(file), text)
	src.Warnings = warnings
	write := src.Write
	if a.diagnostics == "json" {
		write = src.WriteJSON
	}
	if err := write(a.world.Err, errs); err != nil {
		fmt.Fprintln(a.world.Err, err)
	}
}

// fail shows an error that is about a file as a whole.
func (a *app) fail(file string, err error) {
	errs := cli.Errs(err)
	if errs == nil {
		errs = []*ops.Error{{Code: ops.CodeIO, Message: err.Error(), Err: err}}
	}
	a.show(file, " ", errs) // a text, for there is none that an error could point into
}

// result is what a command over several files ends with.
func (a *app) result() error {
	if a.failed {
		return cli.ErrShown
	}
	return nil
}

// each runs f for every file, and goes on behind one that fails.
func (a *app) each(files []string, f func(name, text string)) error {
	for _, name := range files {
		text, err := a.world.ReadFile(name)
		if err != nil {
			a.fail(name, err)
			continue
		}
		f(name, string(text))
	}
	return a.result()
}

// program compiles a text; nil after errors, which have been shown.
func (a *app) program(name, text string, c schema.Catalog) *vm.Program {
	result, errs := compiler.Compile(text, compiler.Options{Catalog: c, Off: a.off})
	if errs == nil && result.Secret {
		errs = []*ops.Error{ops.Errorf(ops.CodeUsage, "a program would hold the password that stands in the text").WithHint("give it as a parameter: PASSWORD $password")}
	}
	a.show(name, text, errs)
	if len(errs) > 0 {
		return nil
	}
	a.print(name, text, result.Warnings, true)
	return result.Program
}

// load reads a program from a .zqb file; nil after errors, which have been shown. It is checked as far as a file can be.
func (a *app) load(name string) *vm.Program {
	content, err := a.world.ReadFile(name)
	if err != nil {
		a.fail(name, err)
		return nil
	}
	p, err := vm.Decode(content)
	if err != nil {
		a.fail(name, err)
		return nil
	}
	return p
}

func (a *app) compileCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:     "compile FILE…",
		Short:   "Compile texts to .zqb programs",
		Long:    "Compile texts to programs. The same text, schema and options give the same bytes on every machine.",
		Example: "  zqc compile q.zql --schema s.zql -o q.zqb",
		Args:    cli.Args(cobra.MinimumNArgs(1)),
	}
	a.bindSchema(c)
	c.Flags().StringVarP(&out, "output", "o", "", "the `file` to write, or - ; without it q.zql becomes q.zqb")
	c.Flags().StringSliceVar(&a.off, "off", nil, "rewrite `rules` to leave out, by name; zqc explain shows them")
	c.RunE = func(_ *cobra.Command, files []string) error {
		if out != "" && len(files) > 1 {
			return cli.Usagef("-o names one file, %d texts are given", len(files))
		}
		cat, err := a.catalog()
		if err != nil {
			return err
		}
		return a.each(files, func(name, text string) {
			p := a.program(name, text, cat)
			if p == nil {
				return
			}
			encoded, err := vm.Encode(p)
			if err == nil {
				err = a.world.WriteFile(outputName(name, out), encoded)
			}
			if err != nil {
				a.fail(name, err)
			}
		})
	}
	return c
}

// outputName is where the program of a text goes.
func outputName(name, out string) string {
	switch {
	case out != "":
		return out
	case name == "-":
		return "-"
	}
	return strings.TrimSuffix(name, path.Ext(name)) + ".zqb"
}

func (a *app) verifyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "verify FILE.zqb…",
		Short:   "Check that programs are whole and safe, and fit a schema",
		Long:    "Check that programs are whole and safe; with --schema also that they were compiled against definitions as it has them.",
		Example: "  zqc verify q.zqb --schema s.zql",
		Args:    cli.Args(cobra.MinimumNArgs(1)),
	}
	a.bindSchema(c)
	c.RunE = func(_ *cobra.Command, files []string) error {
		cat, err := a.catalog()
		if err != nil {
			return err
		}
		for _, name := range files {
			p := a.load(name)
			if p == nil {
				continue
			}
			if err := vm.Verify(p); err != nil {
				a.fail(name, err)
				continue
			}
			if a.schema != "" {
				if err := fits(p, cat); err != nil {
					a.fail(name, err)
					continue
				}
			}
			fmt.Fprintf(a.world.Out, "%s: ok, %s\n", cli.SourceName(name), summary(p))
		}
		return a.result()
	}
	return c
}

// fits links every statement of a program to a catalog, applying the program's own definitions on the way.
func fits(p *vm.Program, cat schema.Catalog) error {
	now := schema.MemoryOf(cat)
	for i := range p.Statements {
		st := &p.Statements[i]
		if st.Fragment < 0 {
			continue
		}
		if _, err := vm.Link(p, i, now, vm.LinkOptions{CompileGuard: compiler.Expr}); err != nil {
			return err
		}
		if st.Kind != vm.StatementDefine {
			continue
		}
		for _, in := range p.Fragments[st.Fragment].Code {
			if !isDefine(in) {
				continue
			}
			next, err := now.Apply(p.Defs[in.A])
			if err != nil {
				return err
			}
			now = next
		}
	}
	return nil
}

// summary says in a line what a program is.
func summary(p *vm.Program) string {
	n := 0
	for i := range p.Fragments {
		n += len(p.Fragments[i].Code)
	}
	return fmt.Sprintf("%s, %s, cost %s", plural(len(p.Statements), "statement"), plural(n, "instruction"), costNames[p.Manifest.Cost])
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
