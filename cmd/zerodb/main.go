// Command zerodb runs ZeroQL in a database, and imports, exports and checks databases.
package main

import (
	"os"

	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/cmd/internal/database"
)

func main() {
	w := cli.Machine()
	os.Exit(cli.Run(w, database.New(w), os.Args[1:]))
}
