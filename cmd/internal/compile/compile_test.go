package compile_test

import (
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/zerodb/zerodb/cmd/internal/clitest"
	"github.com/zerodb/zerodb/cmd/internal/compile"
)

// TestCommands runs command lines and holds them to what they print.
func TestCommands(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		clitest.Test(t, path, map[string]clitest.Program{"zqc": compile.New})
	})
}
