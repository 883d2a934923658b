package load

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// TestRows reads files and prints the records that their rows become. The arguments of a test are the flags of import.
func TestRows(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			o := optionsOf(t, d)
			text := strings.NewReplacer(`\r`, "\r", `\t`, "\t", `\BOM`, "\ufeff").Replace(d.Input)
			if !d.HasArg("unended") {
				text += "\n"
			}
			return recordsOf(o, text)
		})
	})
}

func optionsOf(t *testing.T, d *datadriven.TestData) *Options {
	t.Helper()
	o := &Options{File: "f." + d.Cmd, Form: Form(d.Cmd), Mapping: Mapping{Table: "t", Links: map[string]string{}, Types: map[string]string{}}}
	for _, a := range d.CmdArgs {
		var err error
		switch a.Key {
		case "id":
			o.Mapping.ID = a.Vals[0]
		case "member":
			o.Member = a.Vals[0]
		case "edge":
			o.Mapping.Edge = true
		case "from":
			o.Mapping.From, err = ParseEndpoint(a.Vals[0])
		case "to":
			o.Mapping.To, err = ParseEndpoint(a.Vals[0])
		case "link", "types":
			into := map[string]map[string]string{"link": o.Mapping.Links, "types": o.Mapping.Types}[a.Key]
			for _, v := range a.Vals {
				name, value, _ := strings.Cut(v, ":")
				into[name] = value
			}
		case "unended":
		default:
			t.Fatalf("%s: unknown argument %s", d.Pos, a.Key)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// recordsOf prints a line for each record or bad row.
func recordsOf(o *Options, text string) string {
	var out strings.Builder
	if err := o.Mapping.Validate(); err != nil {
		return err.Error() + "\n"
	}
	source, closer, err := openSource(func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }, o)
	if err != nil {
		return err.Error() + "\n"
	}
	defer closer.Close()
	for {
		row, err := source.Next()
		var r Record
		if err == nil {
			r, err = o.Mapping.Record(o.File, row)
		}
		var bad *RowError
		switch {
		case errors.Is(err, io.EOF):
			return out.String()
		case errors.As(err, &bad):
			fmt.Fprintf(&out, "bad: %v\n     raw %q\n", err, bad.Raw)
		case err != nil:
			fmt.Fprintf(&out, "end: %v\n", err)
			return out.String()
		default:
			if o.Mapping.Edge {
				fmt.Fprintf(&out, "%s -> %s ", zql(r.From), zql(r.To))
			}
			fmt.Fprintf(&out, "%s %s\n", zql(r.Key), zql(r.Object))
		}
	}
}

func zql(v zerodb.Value) string { return string(ops.AppendZQL(nil, v)) }
