package vm_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// flat is a store that costs next to nothing, so that benchmarks measure the machine: every scan gives the same rows of
// typed columns, every get the same record.
type flat struct {
	vm.Txn
	catalog *schema.Memory
	rows    int
	cols    map[string]ops.Vector
}

func newFlat(rows int) *flat {
	c, err := schema.NewMemory("main", "main").Apply(schema.Change{Kind: schema.DefineTable, Name: "person", Table: &schema.Table{}})
	if err != nil {
		panic(err)
	}
	f := &flat{catalog: c, rows: rows, cols: map[string]ops.Vector{}}
	ages, scores, cities := make([]int64, ops.BatchSize), make([]float64, ops.BatchSize), make([]string, ops.BatchSize)
	for i := range ages {
		ages[i], scores[i], cities[i] = int64(i*7919%80), float64(i*104729%10007)/10, fmt.Sprint("city ", i*31%50)
	}
	f.cols["age"] = ops.Vector{Kind: ops.KindInt, N: ops.BatchSize, Ints: ages}
	f.cols["score"] = ops.Vector{Kind: ops.KindFloat, N: ops.BatchSize, Floats: scores}
	f.cols["city"] = ops.Vector{Kind: ops.KindString, N: ops.BatchSize, Strs: cities}
	return f
}

func (f *flat) Catalog() schema.Catalog { return f.catalog }

func (f *flat) Get(_ context.Context, _ *schema.Table, _ ops.Value, _ []vm.Column, dst []ops.Value) (bool, error) {
	dst[0] = ops.Int(1)
	return true, nil
}

func (f *flat) Scan(_ context.Context, _ *schema.Table, _ vm.Range, cols []vm.Column) (vm.Cursor, error) {
	return &flatCursor{f: f, cols: cols, left: f.rows}, nil
}

type flatCursor struct {
	f    *flat
	cols []vm.Column
	left int
}

func (c *flatCursor) Next(_ context.Context, b *vm.Batch) error {
	b.N = min(c.left, ops.BatchSize)
	c.left -= b.N
	for i := range c.cols {
		if b.N > 0 {
			b.Cols[i] = c.f.cols[c.cols[i].Path[0]]
			b.Cols[i].N = b.N
		}
	}
	return nil
}

func (c *flatCursor) Late(context.Context, *vm.Batch, int, ops.Selection) error { return nil }
func (c *flatCursor) Examined() (rows, bytes int64)                             { return 0, 0 }
func (c *flatCursor) Close() error                                              { return nil }

func benchmark(b *testing.B, rows int, program string, params ...ops.Value) {
	f := newFlat(rows)
	p, err := vm.Assemble(program)
	if err != nil {
		b.Fatal(err)
	}
	p.Tables[0].Print = f.catalog.Table("person").Fingerprint
	if err := vm.Verify(p); err != nil {
		b.Fatal(err)
	}
	l, err := vm.Link(p, 0, f.catalog, vm.LinkOptions{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	budget := vm.NewBudget(256 << 20)
	b.ReportAllocs()
	for b.Loop() {
		budget.Reset(256 << 20)
		r, err := vm.Run(ctx, l, f, vm.Options{Params: params, Memory: budget})
		if err != nil {
			b.Fatal(err)
		}
		for {
			out, err := r.Next(ctx)
			if err != nil {
				b.Fatal(err)
			}
			if out == nil {
				break
			}
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
	if rows > 0 {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
	}
}

func BenchmarkPointGet(b *testing.B) {
	benchmark(b, 0, `param p0 $id any
shape s0 object x any
table t0 person
access a0 table t0 [*]
fragment F0 emits s0
  register r0 any
  register r1 any
  register r2 any
  param r0, p0
  get r1, a0, r0
  jump.if r1, 1, @4
  emit.row s0, r2
  end
statement 0 query F0
`, ops.Int(5))
}

func BenchmarkCountWhere(b *testing.B) {
	benchmark(b, 102_400, `const k0 40
shape s0 columns n int
table t0 person
access a0 table t0 [.age]
builder b0 group 1 keys 0 count(*)
fragment F0 emits s0
  cursor c0
  cursor c1
  register r0 any of c0
  register r1 any
  register r2 bool of c0
  register r3 any of c1
  const r1, k0
  new b0, r0
  open.table c0, a0
  next c0, @9
  column r0, c0, 0
  gt r2, r0, r1
  filter c0, r2
  put b0, r0, 1
  jump @3
  open.built c1, b0
  next c1, @14
  column r3, c1, 0
  emit s0, r3, c1
  jump @10
  end
statement 0 query F0
`)
}

func BenchmarkSumByCity(b *testing.B) {
	benchmark(b, 102_400, `shape s0 columns city any, s any
table t0 person
access a0 table t0 [.city, .score]
builder b0 group 2 keys 1 sum
fragment F0 emits s0
  cursor c0
  cursor c1
  register r0 any of c0
  register r1 any of c0
  register r2 any of c1
  register r3 any of c1
  new b0, r0
  open.table c0, a0
  next c0, @7
  column r0, c0, 0
  column r1, c0, 1
  put b0, r0, 1
  jump @2
  open.built c1, b0
  next c1, @13
  column r2, c1, 0
  column r3, c1, 1
  emit s0, r2, c1
  jump @8
  end
statement 0 query F0
`)
}

func BenchmarkTopTen(b *testing.B) {
	benchmark(b, 102_400, `const k0 10
shape s0 columns score any, city any
table t0 person
access a0 table t0 [.score, .city]
builder b0 sort 2 desc limited
fragment F0 emits s0
  cursor c0
  cursor c1
  register r0 any of c0
  register r1 any of c0
  register r2 any of c1
  register r3 any of c1
  register r4 any
  const r4, k0
  new b0, r4
  open.table c0, a0
  next c0, @10
  column r0, c0, 0
  topk c0, b0, r0
  jump.empty c0, @3
  column r1, c0, 1
  put b0, r0, 1
  jump @3
  open.built c1, b0
  next c1, @16
  column r2, c1, 0
  column r3, c1, 1
  emit s0, r2, c1
  jump @11
  end
statement 0 query F0
`)
}

func BenchmarkSortAll(b *testing.B) {
	benchmark(b, 102_400, `shape s0 columns score any, city any
table t0 person
access a0 table t0 [.score, .city]
builder b0 sort 2 desc
fragment F0 emits s0
  cursor c0
  cursor c1
  register r0 any of c0
  register r1 any of c0
  register r2 any of c1
  register r3 any of c1
  new b0, r0
  open.table c0, a0
  next c0, @7
  column r0, c0, 0
  column r1, c0, 1
  put b0, r0, 1
  jump @2
  open.built c1, b0
  next c1, @13
  column r2, c1, 0
  column r3, c1, 1
  emit s0, r2, c1
  jump @8
  end
statement 0 query F0
`)
}

// BenchmarkVerify verifies a statement of 2,000 instructions, and BenchmarkVerifySmall the golden programs, of a dozen each.
func BenchmarkVerify(b *testing.B) {
	var text strings.Builder
	text.WriteString("const k0 1\nshape s0 value x any\ntable t0 person\naccess a0 table t0 [.x]\nfragment F0 emits s0\n cursor c0\n register r0 any\n")
	for i := range 400 {
		fmt.Fprintf(&text, " register r%d any of c0\n", i+1)
	}
	text.WriteString(" const r0, k0\n open.table c0, a0\n next c0, @2004\n")
	for i := range 500 {
		r := i%399 + 1
		fmt.Fprintf(&text, " column r%d, c0, 0\n add r%d, r%d, r0\n filter c0, r%d\n jump.empty c0, @2\n", r, r+1, r, r+1)
	}
	text.WriteString(" jump @2\n end\nstatement 0 query F0\n")
	p, err := vm.Assemble(strings.Replace(text.String(), "@2004", fmt.Sprint("@", 3+4*500+1), 1))
	if err != nil {
		b.Fatal(err)
	}
	verifyAll(b, []*vm.Program{p})
}

func BenchmarkVerifySmall(b *testing.B) {
	var programs []*vm.Program
	for _, file := range goldenPrograms(b) {
		p, err := vm.Decode(file)
		if err != nil {
			b.Fatal(err)
		}
		programs = append(programs, p)
	}
	verifyAll(b, programs)
}

func verifyAll(b *testing.B, programs []*vm.Program) {
	instructions := 0
	for _, p := range programs {
		for i := range p.Fragments {
			instructions += len(p.Fragments[i].Code)
		}
	}
	for b.Loop() {
		for _, p := range programs {
			if err := vm.Verify(p); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(instructions), "ns/instruction")
}
