package lint_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/compiler/lint"
	"github.com/zerodb/zerodb/ops"
)

// TestFindings holds texts to what lint says of them. `schema` sets the definitions, `seen table=t` the fields that records of t have had.
func TestFindings(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var opt lint.Options
		seen := map[string][]string{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "schema":
				c, errs := compiler.SchemaFromScript(d.Input)
				if len(errs) > 0 {
					t.Fatal(errs)
				}
				opt.Catalog = c
			case "seen":
				var table string
				d.ScanArgs(t, "table", &table)
				seen[table] = strings.Fields(d.Input)
				opt.Seen = func(table string) ([]string, bool) { names, ok := seen[table]; return names, ok }
			case "lint":
				findings, errs := lint.Check(d.Input, opt)
				var out strings.Builder
				show(t, &out, d.Input, errs, false)
				show(t, &out, d.Input, findings, true)
				return out.String()
			}
			return ""
		})
	})
}

func show(t *testing.T, out *strings.Builder, src string, errs []*ops.Error, warnings bool) {
	s := diag.NewSource("q", src)
	s.Warnings = warnings
	if err := s.Write(out, errs); err != nil {
		t.Fatal(err)
	}
}

// Every code of a finding has a case in testdata: ops.Codes marks them with "Lint:".
func TestEveryCodeIsFound(t *testing.T) {
	var found []ops.Code
	catalog, errs := compiler.SchemaFromScript("DEFINE TABLE item\nDEFINE TABLE typed FIELDS n TYPE int")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	opt := lint.Options{Catalog: catalog, Seen: func(string) ([]string, bool) { return []string{"price"}, true }}
	findings, errs := lint.Check(`
LET $unused = 1
SELECT VALUE (SELECT VALUE i.price FROM item AS i LIMIT 1) FROM item AS i LIMIT 1
SELECT * FROM typed WHERE n = "1"
SELECT * FROM item WHERE prise > 1 LIMIT 1
DELETE item
`, opt)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, f := range findings {
		found = append(found, f.Code)
	}
	for _, c := range ops.Codes {
		if strings.HasPrefix(c.Cause, "Lint:") && !slices.Contains(found, c.Code) {
			t.Errorf("nothing gave %s; found %v", c.Code, found)
		}
	}
}
