package vm_test

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
	"github.com/zerodb/zerodb/vm/memstore"
)

// TestVerify runs testdata/verify: programs, mostly wrong ones, and what the verifier says.
func TestVerify(t *testing.T) {
	datadriven.Walk(t, "testdata/verify", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			p, err := vm.Assemble(d.Input)
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			if err := vm.Verify(p); err != nil {
				return err.Error() + "\n"
			}
			return "ok\n"
		})
	})
}

// TestRun runs testdata/run: records, programs over them, and what they give.
func TestRun(t *testing.T) {
	datadriven.Walk(t, "testdata/run", func(t *testing.T, path string) {
		var h harness
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string { return h.run(t, d) })
	})
}

// harness is a store and what programs are run with.
type harness struct {
	store *memstore.Store
	spill *memorySpill
}

func (h *harness) run(t *testing.T, d *datadriven.TestData) string {
	if h.store == nil {
		h.store = memstore.New(schema.NewMemory("main", "main"))
	}
	switch d.Cmd {
	case "new":
		h.store = memstore.New(schema.NewMemory("main", "main"))
		return ""
	case "records":
		return h.records(t, d)
	case "index":
		return h.index(t, d)
	case "dump":
		return h.store.Dump(ops.Format)
	case "run":
		return h.program(t, d)
	}
	d.Fatalf(t, "what is %s?", d.Cmd)
	return ""
}

// records creates records: lines of an id and an object; edges have in and out.
func (h *harness) records(t *testing.T, d *datadriven.TestData) string {
	ctx := context.Background()
	for _, line := range strings.Split(strings.TrimSpace(d.Input), "\n") {
		p, err := vm.Assemble("const k0 [" + line + "]")
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		v := p.Consts[0].AsList()
		_, edge := v[1].Member("in")
		table, err := h.store.EnsureTable(ctx, v[0].RecordTable(), edge)
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		if _, _, err := h.store.Create(ctx, table, v[0].RecordKey(), v[1], false); err != nil {
			d.Fatalf(t, "%v", err)
		}
	}
	return ""
}

// index makes an index: `index table=person name=by_age fields=(age)`.
func (h *harness) index(t *testing.T, d *datadriven.TestData) string {
	var table, name string
	var fields []string
	d.ScanArgs(t, "table", &table)
	d.ScanArgs(t, "name", &name)
	for _, a := range d.CmdArgs {
		if a.Key == "fields" {
			fields = a.Vals
		}
	}
	ix := &schema.Index{Name: name, Table: table, Unique: d.HasArg("unique")}
	for _, f := range fields {
		ix.Fields = append(ix.Fields, strings.Split(f, "."))
	}
	if err := h.store.Apply(context.Background(), &schema.Change{Kind: schema.DefineIndex, Name: name, Index: ix}); err != nil {
		return err.Error() + "\n"
	}
	return ""
}

// program runs the first statement of a program, and shows rows and work. Arguments: steps, memory, work, profile.
func (h *harness) program(t *testing.T, d *datadriven.TestData) string {
	p, err := vm.Assemble(d.Input)
	if err != nil {
		d.Fatalf(t, "%v", err)
	}
	for i := range p.Tables {
		if table := h.store.Catalog().Table(p.Tables[i].Name); table != nil && p.Tables[i].Print == ([16]byte{}) && !d.HasArg("schemaless") {
			p.Tables[i].Print = table.Fingerprint
		}
	}
	p = roundTrip(t, p)
	if err := vm.Verify(p); err != nil {
		return err.Error() + "\n"
	}
	l, err := vm.Link(p, 0, h.store.Catalog(), vm.LinkOptions{})
	if err != nil {
		return err.Error() + "\n"
	}
	o := vm.Options{Vars: make([]ops.Value, len(p.Vars)), Env: &ops.Env{Now: stoppedClock()}}
	if d.HasArg("steps") {
		d.ScanArgs(t, "steps", &o.Steps)
	}
	if d.HasArg("memory") {
		var n int64
		d.ScanArgs(t, "memory", &n)
		o.Memory = vm.NewBudget(n)
		h.spill = &memorySpill{}
		if !d.HasArg("no-spill") {
			o.Spill = h.spill
		}
	}
	for _, a := range d.CmdArgs {
		if a.Key == "params" {
			args, err := vm.Assemble("const k0 [" + strings.Join(a.Vals, ", ") + "]")
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			o.Params = args.Consts[0].AsList()
		}
	}
	if d.HasArg("profile") {
		o.Profile = vm.NewProfile(l)
	}
	rows, err := vm.Run(context.Background(), l, h.store, o)
	if err != nil {
		return err.Error() + "\n"
	}
	var b bytes.Buffer
	for {
		out, err := rows.Next(context.Background())
		if err != nil {
			fmt.Fprintln(&b, err)
			break
		}
		if out == nil {
			break
		}
		showRows(&b, out)
	}
	w := rows.Work()
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	if d.HasArg("work") {
		fmt.Fprintf(&b, "rows %d, seeks %d, wrote %d\n", w.Rows, w.Seeks, w.Wrote)
	}
	if d.HasArg("memory") && h.spill.open != 0 {
		t.Errorf("%d temporary files are left", h.spill.open)
	}
	if o.Memory != nil && o.Memory.Used() != 0 {
		t.Errorf("%d bytes are still charged", o.Memory.Used())
	}
	if o.Profile != nil {
		o.Profile.Write(&b)
	}
	return b.String()
}

func showRows(b *bytes.Buffer, out *vm.OutBatch) {
	for r := range out.N {
		for c := range out.Shape.Names {
			if c > 0 {
				b.WriteString(" ")
			}
			b.WriteString(ops.Format(out.Value(r, c)))
		}
		b.WriteByte('\n')
	}
}

// roundTrip encodes and decodes a program, disassembles and assembles it.
func roundTrip(t *testing.T, p *vm.Program) *vm.Program {
	t.Helper()
	file, err := vm.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	q, err := vm.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(p.Fragments, q.Fragments) || !reflect.DeepEqual(p.Accesses, q.Accesses) || !reflect.DeepEqual(p.Shapes, q.Shapes) {
		t.Fatalf("decoding gives another program:\n%+v\n%+v", p, q)
	}
	var text, again bytes.Buffer
	vm.Disassemble(&text, q)
	r, err := vm.Assemble(text.String())
	if err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	vm.Disassemble(&again, r)
	if text.String() != again.String() {
		t.Fatalf("assembling gives another program:\n%s\n%s", text.String(), again.String())
	}
	return q
}

// stoppedClock is a clock for profiles that are compared.
func stoppedClock() func() time.Time {
	now := time.Unix(0, 0).UTC()
	return func() time.Time { return now }
}

// memorySpill makes temporary files in memory.
type memorySpill struct{ made, open int }

func (s *memorySpill) Create() (vm.SpillFile, error) {
	s.made++
	s.open++
	return &memoryFile{spill: s}, nil
}

type memoryFile struct {
	bytes.Buffer
	spill *memorySpill
}

func (f *memoryFile) ReadAt(p []byte, at int64) (int, error) { return copy(p, f.Bytes()[at:]), nil }

func (f *memoryFile) Close() error {
	f.spill.open--
	return nil
}
