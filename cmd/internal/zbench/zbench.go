// Package zbench holds the commands of zbench: plan measures queries and what else could be done for them, run drives a database with a
// workload, compare does so with other databases beside it.
package zbench

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/cli"
)

// app is the command tree with what its commands share.
type app struct {
	world     *cli.World
	namespace string
	database  string
	json      bool
	html      string
}

// New makes the command tree of zbench.
func New(w *cli.World) *cobra.Command {
	a := &app{world: w}
	root := cli.Group(&cobra.Command{
		Use:   "zbench",
		Short: "Measure queries, workloads and other databases beside zerodb",
		Example: `  zbench plan --dir D q.zql --param age=40 --without pick-index --html report.html
  zbench run --workload ycsb-a --clients 8 --duration 10s`,
	})
	root.AddCommand(a.planCommand(), a.runCommand(), a.compareCommand())
	return root
}

// bindOutput adds the flags that say how a report is given.
func (a *app) bindOutput(c *cobra.Command) {
	c.Flags().BoolVar(&a.json, "json", false, "print the report as JSON")
	c.Flags().StringVar(&a.html, "html", "", "write the report as one page to a `file`")
}

func (a *app) bindDatabase(c *cobra.Command) {
	c.Flags().StringVar(&a.namespace, "ns", zerodb.DefaultNamespace, "namespace")
	c.Flags().StringVar(&a.database, "db", zerodb.DefaultDatabase, "database")
}

// give prints a report as asked: text writes it for people, page as HTML.
func (a *app) give(report any, text func(), page func() ([]byte, error)) error {
	if a.html != "" {
		content, err := page()
		if err != nil {
			return err
		}
		if err := a.world.WriteFile(a.html, content); err != nil {
			return err
		}
	}
	if !a.json {
		text()
		return nil
	}
	out := json.NewEncoder(a.world.Out)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(report)
}

// since is how long ago a time is by the world's clock.
func (a *app) since(t time.Time) time.Duration { return a.world.Clock().Sub(t) }

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.world.Out, format, args...) }

// open opens a database for measuring.
func (a *app) open(dir string, readOnly bool) (*zerodb.DB, error) {
	return zerodb.Open(dir, &zerodb.Options{FS: a.world.FS, Clock: a.world.Clock, Random: a.world.Random, ReadOnly: readOnly})
}
