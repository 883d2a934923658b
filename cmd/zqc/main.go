// Command zqc checks, compiles and takes apart ZeroQL, without a database.
package main

import (
	"os"

	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/cmd/internal/compile"
)

func main() {
	w := cli.Machine()
	os.Exit(cli.Run(w, compile.New(w), os.Args[1:]))
}
