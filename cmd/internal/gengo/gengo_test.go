package gengo_test

import (
	"regexp"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/zerodb/zerodb/cmd/internal/gengo"
	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/ops/schema"
)

// Programs change with the compiler, and their hashes with them.
var hash = regexp.MustCompile(`"[0-9a-f]{64}"`)

// TestSource holds the package made of a schema and one query, `go name=…`, to what it was.
func TestSource(t *testing.T) {
	var cat schema.Catalog
	datadriven.RunTest(t, "testdata/source", func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "schema":
			c, errs := compiler.SchemaFromScript(d.Input)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			cat = c
		case "go":
			var name string
			d.ScanArgs(t, "name", &name)
			r, errs := compiler.Compile(d.Input, compiler.Options{Catalog: cat})
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			q, err := gengo.NewQuery(name, r.Program)
			if err != nil {
				return err.Error() + "\n"
			}
			source, err := gengo.Source("queries", []*gengo.Query{q})
			if err != nil {
				t.Fatal(err)
			}
			return hash.ReplaceAllString(string(source), `"…"`)
		}
		return ""
	})
}
