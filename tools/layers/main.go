// Command layers checks that imports point the way docs/architecture.md says and that the world – clock, randomness,
// files, network – comes in from outside. `make lint` runs it.
package main

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func main() {
	root := flag.String("root", ".", "the module's root")
	flag.Parse()
	files, err := readTree(*root)
	if err != nil {
		fmt.Fprintln(os.Stderr, "layers:", err)
		os.Exit(1)
	}
	faults := check(files)
	for _, f := range faults {
		fmt.Println(f)
	}
	if len(faults) > 0 {
		fmt.Printf("layers: %d faults; the rules are in tools/layers/rules.go, the reasons in docs/architecture.md\n", len(faults))
		os.Exit(1)
	}
	fmt.Printf("layers: %d files keep to their rooms\n", len(files))
}

// file is one Go file of the module.
type file struct {
	dir   string // below the module's root, with slashes; "." for the root package
	name  string
	test  bool
	set   *token.FileSet
	tree  *ast.File
	uses  []string // what it imports
	lines []int    // where
}

func readTree(root string) ([]file, error) {
	var files []file
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			return enter(root, rel)
		}
		if !strings.HasSuffix(rel, ".go") {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := parse(rel, text)
		if err != nil {
			return err
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

// enter decides whether the walk goes into a directory: not into hidden ones, test data, what npm brought, or other modules.
func enter(root, dir string) error {
	base := path.Base(dir)
	if dir == "." {
		return nil
	}
	if strings.HasPrefix(base, ".") || base == "testdata" || base == "node_modules" {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(root, dir, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func parse(rel string, text []byte) (file, error) {
	f := file{dir: path.Dir(rel), name: rel, test: strings.HasSuffix(rel, "_test.go"), set: token.NewFileSet()}
	tree, err := parser.ParseFile(f.set, rel, text, parser.SkipObjectResolution)
	if err != nil {
		return f, err
	}
	f.tree = tree
	for _, im := range tree.Imports {
		p, err := strconv.Unquote(im.Path.Value)
		if err != nil {
			return f, err
		}
		f.uses = append(f.uses, p)
		f.lines = append(f.lines, f.set.Position(im.Pos()).Line)
	}
	return f, nil
}

// check returns every fault, one line each.
func check(files []file) []string {
	var faults []string
	for _, f := range files {
		for i, use := range f.uses {
			if why := refuse(f, use); why != "" {
				faults = append(faults, fmt.Sprintf("%s:%d: %s", f.name, f.lines[i], why))
			}
		}
		faults = append(faults, worldFaults(f)...)
	}
	slices.Sort(faults)
	return faults
}

// refuse says why f may not import use, or "".
func refuse(f file, use string) string {
	if own, ok := strings.CutPrefix(use, module); ok {
		own = strings.TrimPrefix(own, "/")
		if own == "" {
			own = "."
		}
		return refuseOwn(f, own)
	}
	for _, x := range externals {
		if within(use, x.module) && !within(f.dir, x.rooms...) && !f.test {
			return fmt.Sprintf("%s is not for %s: %s", use, roomName(f.dir), x.why)
		}
	}
	return ""
}

func refuseOwn(f file, own string) string {
	if within(own, "cmd", "tools", "bench") && !within(own, "bench/peer") && top(own) != top(f.dir) {
		return fmt.Sprintf("%s imports the program %s", roomName(f.dir), own)
	}
	// Tests may look across rooms.
	if f.test || f.dir == own {
		return ""
	}
	r := roomOf(f.dir)
	if r == nil {
		return fmt.Sprintf("folder %s belongs to no room of tools/layers/rules.go", f.dir)
	}
	if !within(own, r.uses...) {
		return fmt.Sprintf("%s may not import %s; it may import %s", roomName(f.dir), roomName(own), list(r.uses))
	}
	return ""
}

// worldFaults finds uses of the world where it must come in from outside.
func worldFaults(f file) []string {
	if f.test || within(f.dir, worldly...) || slices.Contains(worldFiles, f.name) {
		return nil
	}
	var faults []string
	timeName := ""
	for i, use := range f.uses {
		if slices.Contains(worldPackages, use) {
			faults = append(faults, fmt.Sprintf("%s:%d: %s is the world; it comes in through a constructor", f.name, f.lines[i], use))
		}
		if use == "time" {
			timeName = "time"
			if n := f.tree.Imports[i].Name; n != nil {
				timeName = n.Name
			}
		}
	}
	if timeName == "" {
		return faults
	}
	ast.Inspect(f.tree, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == timeName && slices.Contains(worldTime, sel.Sel.Name) {
			faults = append(faults, fmt.Sprintf("%s:%d: time.%s is the world; a clock comes in through a constructor",
				f.name, f.set.Position(sel.Pos()).Line, sel.Sel.Name))
		}
		return true
	})
	return faults
}

// within reports whether p is one of dirs or lies below one; "." holds the root package alone.
func within(p string, dirs ...string) bool {
	return slices.ContainsFunc(dirs, func(d string) bool {
		return p == d || d != "." && strings.HasPrefix(p, d+"/")
	})
}

// roomOf returns the most exact room that dir belongs to.
func roomOf(dir string) *room {
	var best *room
	for i, r := range rooms {
		if within(dir, r.dir) && (best == nil || len(r.dir) > len(best.dir)) {
			best = &rooms[i]
		}
	}
	return best
}

// top is the first folder of a path.
func top(p string) string {
	first, _, _ := strings.Cut(p, "/")
	return first
}

func roomName(dir string) string {
	if dir == "." {
		return "the root package"
	}
	return dir
}

func list(dirs []string) string {
	if len(dirs) == 0 {
		return "no other room"
	}
	names := make([]string, len(dirs))
	for i, d := range dirs {
		names[i] = roomName(d)
	}
	return strings.Join(names, ", ")
}
