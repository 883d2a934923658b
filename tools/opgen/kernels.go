package main

import (
	"bytes"
	"strings"

	. "github.com/dave/jennifer/jen"

	"github.com/zerodb/zerodb/ops"
)

const (
	opsPath    = "github.com/zerodb/zerodb/ops"
	kernelPath = "github.com/zerodb/zerodb/ops/kernel"
)

// lane is a kind of column that loops are made for: how it is held, and how a value holds it.
type lane struct {
	name   string // in the names of loops
	slice  string // field of ops.Vector
	typ    string // of its elements
	access string // ops.Value's accessor
	make   string // ops' constructor
	kind   string // ops.Kind
}

var (
	laneBool   = &lane{"Bool", "Bools", "bool", "AsBool", "Bool", "KindBool"}
	laneInt    = &lane{"Int", "Ints", "int64", "AsInt", "Int", "KindInt"}
	laneFloat  = &lane{"Float", "Floats", "float64", "AsFloat", "Float", "KindFloat"}
	laneString = &lane{"String", "Strs", "string", "AsString", "String", "KindString"}
)

// use gives a loop to a pair of kinds; the loop for ints also does times and durations, which are held as ints.
type use struct{ a, b, result string }

// binaryLoop is a loop of a binary operator: over lanes a and b, into lane out. step writes what happens in a row,
// with the operands in p and q: it leaves the result in r, and sets failed where there is none.
type binaryLoop struct {
	a, b, out *lane
	step      func(g *Group)
	uses      []use
	// scalar is whether the loop's step also is the fast way for single values.
	scalar bool
}

// binaryKernel is the loops of an operator.
type binaryKernel struct {
	op    string
	loops []binaryLoop
	whole string // function of package kernel that goes before the loops
}

// unaryLoop is the same for unary operators; the operand is in p.
type unaryLoop struct {
	a, out *lane
	step   func(g *Group)
	uses   []use // b is unused
	scalar bool
}

type unaryKernel struct {
	op    string
	loops []unaryLoop
	whole string
}

func rowOf(mnemonic string) *ops.Row {
	op, ok := ops.Opcode(mnemonic)
	if !ok {
		panic("opgen: no operator " + mnemonic)
	}
	return &ops.Table[op]
}

// kernelFile writes the loops of one operator.
func kernelFile(body func(f *File)) func() ([]byte, error) {
	return func() ([]byte, error) {
		f := NewFile("kernels")
		f.HeaderComment(generated)
		f.ImportName(opsPath, "ops")
		f.ImportName(kernelPath, "kernel")
		body(f)
		var b bytes.Buffer
		err := f.Render(&b)
		return b.Bytes(), err
	}
}

// kernelOutputs lists the files of gen/kernels.
func kernelOutputs() []output {
	outs := []output{{"gen/kernels/kernels.go", kernelTables}}
	for _, k := range unaryKernels { // also those without a loop have their way for single values
		outs = append(outs, output{"gen/kernels/" + fileName(k.op), kernelFile(func(f *File) { unaryFile(f, k) })})
	}
	for _, k := range binaryKernels {
		if len(k.loops) > 0 {
			outs = append(outs, output{"gen/kernels/" + fileName(k.op), kernelFile(func(f *File) { binaryFile(f, k) })})
		}
	}
	return outs
}

func fileName(mnemonic string) string {
	return strings.ReplaceAll(mnemonic, ".", "_") + ".go"
}

// ---- loops

var (
	selection = Qual(opsPath, "Selection")
	vectors   = func(names ...Code) *Statement { return List(names...).Op("*").Qual(opsPath, "Vector") }
)

func binaryFile(f *File, k binaryKernel) {
	for _, l := range k.loops {
		name := lowerName(k.op) + l.a.name + l.b.name
		f.Commentf("%s is %s: %s", name, k.op, rowOf(k.op).Effect)
		f.Func().Id(name).Params(
			vectors(Id("dst"), Id("a"), Id("b")), Id("f").Qual(kernelPath, "Form"), Id("k").Qual(opsPath, "Kind"), Id("sel").Add(selection), Id("n").Int(),
		).Params(Id("failed").Bool()).BlockFunc(func(g *Group) {
			g.Id("dst").Dot("Reset").Call(Id("k"), Id("n"))
			g.Id("out").Op(":=").Id("dst").Dot(l.out.slice).Index(Op(":").Id("n"))
			g.Switch(Id("f")).BlockFunc(func(g *Group) {
				g.Case(Qual(kernelPath, "VV")).BlockFunc(func(g *Group) {
					g.List(Id("x"), Id("y")).Op(":=").List(Id("a").Dot(l.a.slice).Index(Op(":").Len(Id("out"))), Id("b").Dot(l.b.slice).Index(Op(":").Len(Id("out"))))
					loops(g, l.step, Id("p").Op(":=").Id("x").Index(Id("i")), Id("q").Op(":=").Id("y").Index(Id("i")))
				})
				g.Case(Qual(kernelPath, "VS")).BlockFunc(func(g *Group) {
					g.List(Id("x"), Id("q")).Op(":=").List(Id("a").Dot(l.a.slice).Index(Op(":").Len(Id("out"))), Id("b").Dot(l.b.slice).Index(Lit(0)))
					loops(g, l.step, Id("p").Op(":=").Id("x").Index(Id("i")))
				})
				g.Case(Qual(kernelPath, "SV")).BlockFunc(func(g *Group) {
					g.List(Id("p"), Id("y")).Op(":=").List(Id("a").Dot(l.a.slice).Index(Lit(0)), Id("b").Dot(l.b.slice).Index(Op(":").Len(Id("out"))))
					loops(g, l.step, Id("q").Op(":=").Id("y").Index(Id("i")))
				})
			})
			g.Return(Id("failed"))
		})
	}
	scalarBinary(f, k)
}

func unaryFile(f *File, k unaryKernel) {
	for _, l := range k.loops {
		name := lowerName(k.op) + l.a.name
		f.Commentf("%s is %s: %s", name, k.op, rowOf(k.op).Effect)
		f.Func().Id(name).Params(
			vectors(Id("dst"), Id("a")), Id("k").Qual(opsPath, "Kind"), Id("sel").Add(selection), Id("n").Int(),
		).Params(Id("failed").Bool()).BlockFunc(func(g *Group) {
			g.Id("dst").Dot("Reset").Call(Id("k"), Id("n"))
			g.Id("out").Op(":=").Id("dst").Dot(l.out.slice).Index(Op(":").Id("n"))
			g.Id("x").Op(":=").Id("a").Dot(l.a.slice).Index(Op(":").Len(Id("out")))
			loops(g, l.step, Id("p").Op(":=").Id("x").Index(Id("i")))
			g.Return(Id("failed"))
		})
	}
	scalarUnary(f, k)
}

// loops writes the loop over the selected rows and the one over all.
func loops(g *Group, step func(g *Group), loads ...Code) {
	body := func(g *Group) {
		for _, l := range loads {
			g.Add(l)
		}
		step(g)
		g.Id("out").Index(Id("i")).Op("=").Id("r")
	}
	g.If(Id("sel").Op("!=").Nil()).Block(
		For(List(Id("_"), Id("i")).Op(":=").Range().Id("sel")).BlockFunc(body),
	).Else().Block(
		For(Id("i").Op(":=").Range().Id("out")).BlockFunc(body),
	)
}

// ---- single values

// scalarBinary writes the operator for two values: the fast way for the kinds that loops know, else the reference.
func scalarBinary(f *File, k binaryKernel) {
	if !hasFastScalar(k) {
		return
	}
	name := lowerName(k.op) + "Scalar"
	f.Commentf("%s is %s of two values.", name, k.op)
	f.Func().Id(name).Params(List(Id("a"), Id("b")).Qual(opsPath, "Value")).Params(Qual(opsPath, "Value"), Error()).BlockFunc(func(g *Group) {
		g.Switch().BlockFunc(func(g *Group) {
			for _, l := range k.loops {
				if !l.scalar {
					continue
				}
				g.Case(Id("a").Dot("Kind").Call().Op("==").Qual(opsPath, l.a.kind).Op("&&").Id("b").Dot("Kind").Call().Op("==").Qual(opsPath, l.b.kind)).
					BlockFunc(func(g *Group) {
						g.Id("failed").Op(":=").False()
						g.List(Id("p"), Id("q")).Op(":=").List(Id("a").Dot(l.a.access).Call(), Id("b").Dot(l.b.access).Call())
						l.step(g)
						g.If(Op("!").Id("failed")).Block(Return(Qual(opsPath, l.out.make).Call(Id("r")), Nil()))
					})
			}
		})
		g.Return(Qual(opsPath, "Eval2").Call(Id(opName(k.op)), Id("a"), Id("b")))
	})
}

func hasFastScalar(k binaryKernel) bool {
	for _, l := range k.loops {
		if l.scalar {
			return true
		}
	}
	return false
}

func scalarUnary(f *File, k unaryKernel) {
	name := lowerName(k.op) + "Scalar"
	f.Commentf("%s is %s of a value.", name, k.op)
	f.Func().Id(name).Params(Id("a").Qual(opsPath, "Value")).Params(Qual(opsPath, "Value"), Error()).BlockFunc(func(g *Group) {
		for _, l := range k.loops {
			if !l.scalar {
				continue
			}
			g.If(Id("a").Dot("Kind").Call().Op("==").Qual(opsPath, l.a.kind)).BlockFunc(func(g *Group) {
				g.Id("failed").Op(":=").False()
				g.Id("p").Op(":=").Id("a").Dot(l.a.access).Call()
				l.step(g)
				g.If(Op("!").Id("failed")).Block(Return(Qual(opsPath, l.out.make).Call(Id("r")), Nil()))
			})
		}
		g.Return(Qual(opsPath, "Eval1").Call(Id(opName(k.op)), Id("a")))
	})
}
