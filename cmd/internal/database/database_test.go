package database_test

import (
	"os"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/cmd/internal/clitest"
	"github.com/zerodb/zerodb/cmd/internal/compile"
	"github.com/zerodb/zerodb/cmd/internal/database"
)

var programs = map[string]clitest.Program{"zerodb": database.New, "zqc": compile.New}

// asProgram is set in processes of this binary that are zerodb itself, for tests that need one to kill.
const asProgram = "ZERODB_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		w := cli.Machine()
		os.Exit(cli.Run(w, database.New(w), os.Args[1:]))
	}
	os.Exit(m.Run())
}

// TestCommands runs command lines and holds them to what they print.
func TestCommands(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) { clitest.Test(t, path, programs) })
}
