// Command opgen writes what follows from the tables of package ops: the operators (ops.Table), the functions and the
// error codes. Run it by `make generate`.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	root := flag.String("root", ".", "the module's root; output goes to gen/ and docs/ below it")
	flag.Parse()
	for _, o := range outputs() {
		if err := write(filepath.Join(*root, o.path), o.make); err != nil {
			fmt.Fprintln(os.Stderr, "opgen:", err)
			os.Exit(1)
		}
	}
}

// output is a file that is generated.
type output struct {
	path string
	make func() ([]byte, error)
}

func outputs() []output {
	outs := []output{
		{"gen/opcodes/opcodes.go", opcodesFile},
		{"docs/opcodes.md", opcodesPage},
		{"docs/errors.md", errorsPage},
	}
	outs = append(outs, kernelOutputs()...)
	return append(outs, functionOutputs()...)
}

func write(path string, make func() ([]byte, error)) error {
	b, err := make()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

// goName turns a mnemonic into an exported Go name: `bit.and` is BitAnd.
func goName(mnemonic string) string {
	var b strings.Builder
	for _, w := range strings.Split(mnemonic, ".") {
		b.WriteString(strings.ToUpper(w[:1]) + w[1:])
	}
	return b.String()
}
