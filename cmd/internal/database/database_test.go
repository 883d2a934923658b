package database_test

import (
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/zerodb/zerodb/cmd/internal/clitest"
	"github.com/zerodb/zerodb/cmd/internal/compile"
	"github.com/zerodb/zerodb/cmd/internal/database"
)

var programs = map[string]clitest.Program{"zerodb": database.New, "zqc": compile.New}

// TestCommands runs command lines and holds them to what they print.
func TestCommands(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) { clitest.Test(t, path, programs) })
}
