package compile

import (
	"go/token"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/cmd/internal/gengo"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

func (a *app) genCommand() *cobra.Command {
	gen := cli.Group(&cobra.Command{
		Use:     "gen",
		Short:   "Write code that runs queries",
		Example: "  zqc gen go --schema s.zql --out ./queries queries/*.zql",
	})
	gen.AddCommand(a.genGoCommand())
	return gen
}

func (a *app) genGoCommand() *cobra.Command {
	var out, pkg string
	c := &cobra.Command{
		Use:   "go FILE…",
		Short: "Write a Go package with a typed function for each query",
		Long: `Write a Go package with a function for each text: the file's name is the function's, its parameters are a struct, its rows are
another. The compiled programs lie beside as .zqb files, which the package embeds and whose hashes it pins. The functions
work on a database in this process and on one behind a server alike; no database is needed to write them.

A text with several statements gives the rows of the last one that has any.`,
		Example: "  zqc gen go --schema s.zql --out ./queries queries/*.zql",
		Args:    cli.Args(cobra.MinimumNArgs(1)),
	}
	a.bindSchema(c)
	c.Flags().StringVar(&out, "out", "", "the `directory` of the package (required)")
	c.Flags().StringVar(&pkg, "package", "", "the package's `name`; without it that of the directory")
	c.RunE = func(_ *cobra.Command, files []string) error {
		if out == "" {
			return cli.Usagef("--out is missing: the directory of the package")
		}
		if pkg == "" {
			pkg = strings.ToLower(path.Base(path.Clean(out)))
		}
		if !token.IsIdentifier(pkg) {
			return cli.Usagef("--package %s cannot be the name of a Go package", pkg)
		}
		cat, err := a.catalog()
		if err != nil {
			return err
		}
		return a.genGo(files, cat, out, pkg)
	}
	return c
}

func (a *app) genGo(files []string, cat schema.Catalog, out, pkg string) error {
	var queries []*gengo.Query
	seen := map[string]string{}
	err := a.each(files, func(name, text string) {
		p := a.program(name, text, cat)
		if p == nil {
			return
		}
		q, err := gengo.NewQuery(name, p)
		if err == nil && seen[q.Name] != "" {
			err = ops.Errorf(ops.CodeAlreadyExists, "%s and %s would both be the function %s", seen[q.Name], name, q.Name)
		}
		if err != nil {
			a.show(name, text, cli.Errs(err))
			return
		}
		seen[q.Name] = name
		queries = append(queries, q)
	})
	if err != nil {
		return err
	}
	if err := a.world.FS.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, q := range queries {
		if err := a.world.WriteFile(path.Join(out, q.File), q.Bytes); err != nil {
			return err
		}
	}
	source, err := gengo.Source(pkg, queries)
	if err != nil {
		return err
	}
	return a.world.WriteFile(path.Join(out, "queries.go"), source)
}
