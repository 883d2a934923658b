package main

import (
	"testing"

	"github.com/zerodb/zerodb/gen/kernels"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

func benchVectors(n int) (ints, others, floats, strs, mixed, dst *ops.Vector) {
	ints, others, floats, strs, mixed, dst = new(ops.Vector), new(ops.Vector), new(ops.Vector), new(ops.Vector), new(ops.Vector), new(ops.Vector)
	for i := range n {
		ints.Append(ops.Int(int64(i * 7 % 100)))
		others.Append(ops.Int(int64(i * 3 % 50)))
		floats.Append(ops.Float(float64(i) / 3))
		strs.Append(ops.String([]string{"Lagos", "Oyo", "Zürich"}[i%3]))
		if i%2 == 0 {
			mixed.Append(ops.Int(int64(i)))
		} else {
			mixed.Append(ops.Float(float64(i) / 2))
		}
	}
	return ints, others, floats, strs, mixed, dst
}

func scalar(v ops.Value) *ops.Vector {
	x := new(ops.Vector)
	x.Append(v)
	return x
}

// Kernels per row: `go test -bench . ./tools/opgen`, divided by 1,024.
func BenchmarkKernels(b *testing.B) {
	const n = ops.BatchSize
	ints, others, floats, strs, mixed, dst := benchVectors(n)
	half := make(ops.Selection, 0, n)
	holes := new(ops.Vector)
	holes.CopyFrom(ints, nil)
	for i := 0; i < n; i += 2 {
		half = append(half, int32(i))
		holes.SetNone(i)
	}
	list := ops.List([]ops.Value{ops.String("Oyo"), ops.String("Ibadan"), ops.String("Kano")})
	for _, c := range []struct {
		name   string
		op     uint16
		a, b   *ops.Vector
		bConst bool
		sel    ops.Selection
	}{
		{"add/int,int", opcodes.Add, ints, others, false, nil},
		{"add/int,int/half", opcodes.Add, ints, others, false, half},
		{"add/int,int/holes", opcodes.Add, holes, others, false, nil},
		{"gt/int,scalar", opcodes.Gt, ints, scalar(ops.Int(40)), true, nil},
		{"gt/int,float scalar", opcodes.Gt, ints, scalar(ops.Float(40.5)), true, nil},
		{"mul/float,float", opcodes.Mul, floats, floats, false, nil},
		{"mul/int,int", opcodes.Mul, ints, others, false, nil},
		{"div/int,scalar", opcodes.Div, ints, scalar(ops.Int(7)), true, nil},
		{"eq/string,scalar", opcodes.Eq, strs, scalar(ops.String("Lagos")), true, nil},
		{"add/string,string", opcodes.Add, strs, strs, false, nil},
		{"in/string,list", opcodes.In, strs, scalar(list), true, nil},
		{"gt/mixed,scalar", opcodes.Gt, mixed, scalar(ops.Int(40)), true, nil},
		{"add/mixed,int", opcodes.Add, mixed, ints, false, nil},
		{"coalesce/holes,scalar", opcodes.Coalesce, holes, scalar(ops.Int(0)), true, nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := kernels.Binary(c.op, dst, c.a, c.b, false, c.bConst, c.sel, n); err != nil {
					b.Fatal(err)
				}
			}
			rows := n
			if c.sel != nil {
				rows = len(c.sel)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
		})
	}
	b.Run("scalar add", func(b *testing.B) {
		v := ops.Int(0)
		for b.Loop() {
			v, _ = kernels.Scalar2(opcodes.Add, v, ops.Int(1))
		}
	})
}
