package compile

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/format"
	"github.com/zerodb/zerodb/compiler/parse"
)

func (a *app) fmtCommand() *cobra.Command {
	var check, write bool
	c := &cobra.Command{
		Use:     "fmt FILE…",
		Short:   "Lay texts out in the one usual way",
		Long:    "Print texts laid out in the one usual way; with -w write them back, with --check only name those that are not.",
		Example: "  zqc fmt -w queries/*.zql",
		Args:    cli.Args(cobra.MinimumNArgs(1)),
	}
	c.Flags().BoolVarP(&write, "write", "w", false, "write the files back")
	c.Flags().BoolVar(&check, "check", false, "print the names of files that are not laid out so, and fail")
	c.RunE = func(_ *cobra.Command, files []string) error {
		if check && write {
			return cli.Usagef("--check and -w cannot be given together")
		}
		return a.each(files, func(name, text string) {
			laid, errs := format.Source(text)
			a.show(name, text, errs)
			if len(errs) > 0 {
				return
			}
			var err error
			switch {
			case check:
				if laid != text {
					a.failed = true
					fmt.Fprintln(a.world.Out, cli.SourceName(name))
				}
			case write && name != "-":
				if laid != text {
					err = a.world.WriteFile(name, []byte(laid))
				}
			default:
				_, err = fmt.Fprint(a.world.Out, laid)
			}
			if err != nil {
				a.fail(name, err)
			}
		})
	}
	return c
}

func (a *app) astCommand() *cobra.Command {
	var form string
	c := &cobra.Command{
		Use:     "ast FILE…",
		Short:   "Show the tree of texts",
		Long:    "Show the tree of texts: printed as ZeroQL again, one statement a line (text), or as JSON with the span of each node.",
		Example: "  zqc ast --format json q.zql",
		Args:    cli.Args(cobra.MinimumNArgs(1)),
	}
	c.Flags().StringVar(&form, "format", "text", "text or json")
	c.RunE = func(_ *cobra.Command, files []string) error {
		if form != "text" && form != "json" {
			return cli.Usagef("--format %s: text or json", form)
		}
		return a.each(files, func(name, text string) {
			script, errs := parse.Parse(text)
			a.show(name, text, errs)
			if len(errs) > 0 {
				return
			}
			if form == "text" {
				fmt.Fprintln(a.world.Out, ast.Print(script))
				return
			}
			b, err := ast.JSON(script)
			if err != nil {
				a.fail(name, err)
				return
			}
			fmt.Fprintf(a.world.Out, "%s\n", b)
		})
	}
	return c
}
