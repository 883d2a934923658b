package compiler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/diag"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
	"github.com/zerodb/zerodb/vm/memstore"
)

// TestGolden runs the files in testdata/golden. Their commands are
//
//	data      start an empty database and run the text in it
//	run       run the text; the output is a line for each row, or `error: …`
//	errors    what the compiler says to the text
//	plan      the plan of the text
//	bytecode  its program
//
// with the arguments off=rule (planning rules that do not fire), large (every table is thought to have 100,000 records), work (what the statement looked at), place (where in the text
// an error is) and param=(name, literal, …).
func TestGolden(t *testing.T) {
	datadriven.Walk(t, "testdata/golden", func(t *testing.T, path string) {
		db := newDatabase()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return golden(t, &db, d)
		})
	})
}

func golden(t *testing.T, db **database, d *datadriven.TestData) string {
	(*db).large = d.HasArg("large")
	opt := compiler.Options{Catalog: (*db).catalog(), Off: values(d, "off")}
	switch d.Cmd {
	case "data":
		*db = newDatabase()
		opt.Catalog = (*db).store.Catalog()
		if out := (*db).run(d.Input, opt, nil, false); strings.Contains(out, "error") {
			return out
		}
		return ""
	case "run":
		(*db).place = d.HasArg("place")
		return (*db).run(d.Input, opt, values(d, "param"), d.HasArg("work"))
	case "errors":
		return complaints(d.Input, opt)
	case "plan":
		return plans(d.Input, opt)
	case "bytecode":
		r, errs := compiler.Compile(d.Input, opt)
		if errs != nil {
			return complaints(d.Input, opt)
		}
		var out bytes.Buffer
		vm.Disassemble(&out, r.Program)
		return out.String()
	}
	t.Fatalf("unknown command %s", d.Cmd)
	return ""
}

func values(d *datadriven.TestData, key string) []string {
	for _, a := range d.CmdArgs {
		if a.Key == key {
			return a.Vals
		}
	}
	return nil
}

func complaints(src string, opt compiler.Options) string {
	r, errs := compiler.Compile(src, opt)
	if r != nil {
		errs = r.Warnings
	}
	if len(errs) == 0 {
		return "no errors"
	}
	var out bytes.Buffer
	if err := diag.NewSource("test", src).Write(&out, errs); err != nil {
		return err.Error()
	}
	return out.String()
}

func plans(src string, opt compiler.Options) string {
	script, errs := parse.Parse(src)
	if errs != nil {
		return complaints(src, opt)
	}
	for i, s := range script.Statements {
		script.Statements[i] = &ast.Explain{At: ast.At{Span: s.Pos()}, Statement: s}
	}
	r, errs := compiler.CompileScript(script, opt)
	if errs != nil {
		return complaints(src, opt)
	}
	var out strings.Builder
	for _, s := range r.Program.Statements {
		out.WriteString(s.Plan + "\n")
	}
	return out.String()
}

// database is a store in memory with the variables of a session.
type database struct {
	store *memstore.Store
	vars  map[string]ops.Value
	batch int  // the most rows of a batch
	large bool // every table is thought to have 100,000 records
	src   string
	place bool
}

func newDatabase() *database {
	return &database{store: memstore.New(schema.NewMemory("main", "main")), vars: map[string]ops.Value{}}
}

// catalog is the store's catalog, with the numbers of records that tables are thought to have.
func (db *database) catalog() schema.Catalog {
	cat := db.store.Catalog()
	if m, ok := cat.(*schema.Memory); ok && db.large {
		for _, t := range m.Tables() {
			m = m.WithRows(t.Name, 100_000)
		}
		return m
	}
	return cat
}

// failed writes an error of a run.
func (db *database) failed(out *strings.Builder, err error) {
	var e *ops.Error
	if db.place && errors.As(err, &e) {
		_ = diag.NewSource("test", db.src).Write(out, []*ops.Error{e})
		return
	}
	fmt.Fprintf(out, "error: %v\n", err)
}

// run compiles and runs the statements of a text, each against the catalog that those before it left.
func (db *database) run(src string, opt compiler.Options, params []string, work bool) string {
	script, errs := parse.Parse(src)
	if len(errs) > 0 {
		return complaints(src, opt)
	}
	db.src = src
	var out strings.Builder
	for _, s := range script.Statements {
		opt.Catalog = db.catalog()
		opt.Vars = db.names()
		one := &ast.Script{At: script.At, Source: src, Statements: []ast.Statement{s}}
		r, errs := compiler.CompileScript(one, opt)
		if len(errs) > 0 {
			fmt.Fprintf(&out, "error: %v\n", errs[0])
			continue
		}
		db.runProgram(&out, r.Program, params, work)
	}
	return out.String()
}

func (db *database) names() (names []string) {
	for name := range db.vars {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (db *database) runProgram(out *strings.Builder, p *vm.Program, params []string, work bool) {
	if err := vm.Verify(p); err != nil {
		fmt.Fprintf(out, "error: the verifier refuses the program: %v\n", err)
		return
	}
	linked, err := vm.Link(p, 0, db.store.Catalog(), vm.LinkOptions{CompileGuard: compiler.Expr})
	if err != nil {
		fmt.Fprintf(out, "error: link: %v\n", err)
		return
	}
	o := vm.Options{Params: arguments(p, params), Vars: make([]ops.Value, len(p.Vars)), Env: &ops.Env{Now: func() time.Time { return time.Unix(1_700_000_000, 0) }}, Batch: db.batch}
	for i, name := range p.Vars {
		o.Vars[i] = db.vars[name]
	}
	ctx := context.Background()
	rows, err := vm.Run(ctx, linked, db.store, o)
	if err != nil {
		db.failed(out, err)
		return
	}
	defer rows.Close()
	for {
		b, err := rows.Next(ctx)
		if err != nil {
			db.failed(out, err)
			return
		}
		if b == nil {
			break
		}
		for i := range b.N {
			fmt.Fprintln(out, showRow(b, i))
		}
	}
	for i, name := range p.Vars {
		db.vars[name] = o.Vars[i]
	}
	if work {
		w := rows.Work()
		fmt.Fprintf(out, "rows %d, seeks %d\n", w.Rows, w.Seeks)
	}
}

func showRow(b *vm.OutBatch, row int) string {
	if b.Shape.Form != vm.RowColumns {
		return ops.Format(b.Value(row, 0))
	}
	var cells []string
	for i, name := range b.Shape.Names {
		cells = append(cells, name+": "+ops.Format(b.Value(row, i)))
	}
	return strings.Join(cells, ", ")
}

// arguments reads pairs of name and literal.
func arguments(p *vm.Program, pairs []string) []ops.Value {
	out := make([]ops.Value, len(p.Params))
	for i := 0; i+1 < len(pairs); i += 2 {
		e, err := parse.Literal(pairs[i+1])
		for j := range p.Params {
			if p.Params[j].Name != pairs[i] || err != nil {
				continue
			}
			if l, ok := e.(*ast.Literal); ok {
				out[j] = l.Value
			}
			if r, ok := e.(*ast.RecordExpr); ok {
				out[j] = ops.Record(r.Table.Text, r.Key.(*ast.Literal).Value)
			}
		}
	}
	return out
}
