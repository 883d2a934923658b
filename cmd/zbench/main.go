// Command zbench measures queries, workloads and other databases beside zerodb.
package main

import (
	"os"

	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/cmd/internal/zbench"
)

func main() {
	w := cli.Machine()
	os.Exit(cli.Run(w, zbench.New(w), os.Args[1:]))
}
