package examples

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/vm"
)

// TestQueriesCompile compiles every query of the demo against its schema: twice to the same bytes, which decode and verify.
func TestQueriesCompile(t *testing.T) {
	schema, err := os.ReadFile("schema.zql")
	if err != nil {
		t.Fatal(err)
	}
	catalog, errs := compiler.SchemaFromScript(string(schema))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	files, err := filepath.Glob("queries/*.zql")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range append(files, "setup.zql") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var first []byte
		for range 2 {
			result, errs := compiler.Compile(string(text), compiler.Options{Catalog: catalog})
			if len(errs) > 0 {
				t.Errorf("%s: %v", file, errs)
				break
			}
			for _, w := range result.Warnings {
				t.Errorf("%s: warning: %v", file, w)
			}
			b, err := vm.Encode(result.Program)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if first != nil && !bytes.Equal(b, first) {
				t.Errorf("%s: compiled twice, two results", file)
			}
			first = b
			p, err := vm.Decode(b)
			if err == nil {
				err = vm.Verify(p)
			}
			if err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}
