package main

import (
	"bytes"
	"strings"

	. "github.com/dave/jennifer/jen"

	"github.com/zerodb/zerodb/ops"
)

// nones says what operators do with none that do not simply give it back.
var nones = map[string]string{"add.to": "NoneIsValue", "take.from": "NoneIsValue", "eq": "NoneIsEqual", "ne": "NoneIsUneven", "and": "NoneIsValue", "or": "NoneIsValue", "coalesce": "NoneIsValue",
	"in": "NoneIsValue", "contains.all": "NoneIsValue", "contains.any": "NoneIsValue"}

// kernelTables writes the tables by which package kernel finds loops, and the package's functions.
func kernelTables() ([]byte, error) {
	f := NewFile("kernels")
	f.HeaderComment(generated)
	f.ImportName(opsPath, "ops")
	f.ImportName(kernelPath, "kernel")
	f.PackageComment("Package kernels evaluates the expression operators, over batches and for single values.")
	opcodeConsts(f)
	entryPoints(f)
	f.Comment("unary are the unary operators by opcode, from firstUnary on.")
	f.Var().Id("unary").Op("=").Index(Op("...")).Qual(kernelPath, "UnaryOp").ValuesFunc(func(g *Group) {
		for _, k := range unaryKernels {
			g.Line().Add(unaryEntry(k))
		}
		g.Line()
	})
	f.Comment("binary are the binary operators by opcode, from firstBinary on.")
	f.Var().Id("binary").Op("=").Index(Op("...")).Qual(kernelPath, "BinaryOp").ValuesFunc(func(g *Group) {
		for _, k := range binaryKernels {
			g.Line().Add(binaryEntry(k))
		}
		g.Line()
	})
	var b bytes.Buffer
	err := f.Render(&b)
	return b.Bytes(), err
}

// opcodeConsts also makes sure that the list of loops has the operators in the table's order, each once.
func opcodeConsts(f *File) {
	var names []string
	for _, k := range unaryKernels {
		names = append(names, k.op)
	}
	for _, k := range binaryKernels {
		names = append(names, k.op)
	}
	first, _ := ops.Opcode(names[0])
	for i, name := range names {
		if code, ok := ops.Opcode(name); !ok || int(code) != int(first)+i {
			panic("opgen: the list of loops and ops.Table part ways at " + name)
		}
	}
	if next := int(first) + len(names); next < len(ops.Table) && (ops.Table[next].Form == ops.FormUnary || ops.Table[next].Form == ops.FormBinary) {
		panic("opgen: the list of loops lacks " + ops.Table[next].Name)
	}
	f.Comment("Opcodes of the operators, as in package opcodes.")
	f.Const().DefsFunc(func(g *Group) {
		for i, name := range names {
			g.Id(opName(name)).Uint16().Op("=").Lit(int(first) + i)
		}
		g.Id("firstUnary").Op("=").Id(opName(unaryKernels[0].op))
		g.Id("firstBinary").Op("=").Id(opName(binaryKernels[0].op))
	})
}

func entryPoints(f *File) {
	value, vector := Qual(opsPath, "Value"), Op("*").Qual(opsPath, "Vector")
	f.Comment("Unary evaluates a unary operator for the selected rows (all if sel is nil) of a batch of n rows; the other rows of dst are")
	f.Comment("none. It returns the first row that fails, with its error. dst may be a.")
	f.Func().Id("Unary").Params(Id("op").Uint16(), List(Id("dst"), Id("a")).Add(vector), Id("sel").Add(selection), Id("n").Int()).Params(Id("errRow").Int(), Err().Error()).Block(
		Return(Qual(kernelPath, "Unary").Call(Op("&").Id("unary").Index(Id("op").Op("-").Id("firstUnary")), Id("dst"), Id("a"), Id("sel"), Id("n"))),
	)
	f.Comment("Binary evaluates a binary operator likewise. An operand that is constant is a vector of one row. dst may be a or b.")
	f.Func().Id("Binary").Params(Id("op").Uint16(), List(Id("dst"), Id("a"), Id("b")).Add(vector), List(Id("aConst"), Id("bConst")).Bool(), Id("sel").Add(selection), Id("n").Int()).Params(Id("errRow").Int(), Err().Error()).Block(
		Return(Qual(kernelPath, "Binary").Call(Op("&").Id("binary").Index(Id("op").Op("-").Id("firstBinary")), Id("op"), Id("dst"), Id("a"), Id("b"), Id("aConst"), Id("bConst"), Id("sel"), Id("n"))),
	)
	f.Comment("Scalar1 evaluates a unary operator for one value.")
	f.Func().Id("Scalar1").Params(Id("op").Uint16(), Id("a").Add(value)).Params(value, Error()).Block(
		Return(Id("unary").Index(Id("op").Op("-").Id("firstUnary")).Dot("Scalar").Call(Id("a"))),
	)
	f.Comment("Scalar2 evaluates a binary operator for two values.")
	f.Func().Id("Scalar2").Params(Id("op").Uint16(), List(Id("a"), Id("b")).Add(value)).Params(value, Error()).Block(
		Return(Id("binary").Index(Id("op").Op("-").Id("firstBinary")).Dot("Scalar").Call(Id("a"), Id("b"))),
	)
}

func givesBool(mnemonic string) bool {
	t := rowOf(mnemonic).Type
	return t == ops.ResultBool || t == ops.ResultBool3
}

func unaryEntry(k unaryKernel) Code {
	return ValuesFunc(func(g *Group) {
		if len(k.loops) > 0 {
			g.Line().Id("Loops").Op(":").Index(Qual(kernelPath, "NumLanes")).Qual(kernelPath, "UnaryLoop").ValuesFunc(func(g *Group) {
				for _, l := range k.loops {
					for _, u := range l.uses {
						g.Line().Qual(kernelPath, "Lane"+u.a).Op(":").Add(loopEntry(lowerName(k.op)+l.a.name, u.result))
					}
				}
				g.Line()
			})
		}
		g.Line().Id("Scalar").Op(":").Id(lowerName(k.op) + "Scalar")
		if givesBool(k.op) {
			g.Line().Id("Bool").Op(":").True()
		}
		if k.whole != "" {
			g.Line().Id("Whole").Op(":").Qual(kernelPath, k.whole)
		}
		g.Line()
	})
}

func binaryEntry(k binaryKernel) Code {
	return ValuesFunc(func(g *Group) {
		if len(k.loops) > 0 {
			g.Line().Id("Loops").Op(":").Index(Qual(kernelPath, "NumLanes")).Index(Qual(kernelPath, "NumLanes")).Qual(kernelPath, "BinaryLoop").
				ValuesFunc(func(g *Group) { loopEntries(g, k) })
		}
		if hasFastScalar(k) {
			g.Line().Id("Scalar").Op(":").Id(lowerName(k.op) + "Scalar")
		} else {
			g.Line().Id("Scalar").Op(":").Func().Params(List(Id("a"), Id("b")).Qual(opsPath, "Value")).Params(Qual(opsPath, "Value"), Error()).
				Block(Return(Qual(opsPath, "Eval2").Call(Id(opName(k.op)), Id("a"), Id("b"))))
		}
		if givesBool(k.op) {
			g.Line().Id("Bool").Op(":").True()
		}
		if n := nones[k.op]; n != "" {
			g.Line().Id("Nones").Op(":").Qual(kernelPath, n)
		}
		if k.op == "lt" || k.op == "le" || k.op == "gt" || k.op == "ge" {
			g.Line().Id("Orders").Op(":").True()
		}
		if k.whole != "" {
			g.Line().Id("Whole").Op(":").Qual(kernelPath, k.whole)
		}
		g.Line()
	})
}

// loopEntries writes the loops of an operator by the first operand's lane, then the second's.
func loopEntries(g *Group, k binaryKernel) {
	for _, a := range []string{"Bool", "Int", "Float", "String", "Time", "Duration"} {
		var entries []Code
		for _, l := range k.loops {
			for _, u := range l.uses {
				if u.a == a {
					entries = append(entries, Line().Qual(kernelPath, "Lane"+u.b).Op(":").Add(loopEntry(lowerName(k.op)+l.a.name+l.b.name, u.result)))
				}
			}
		}
		if len(entries) > 0 {
			g.Line().Qual(kernelPath, "Lane"+a).Op(":").Values(append(entries, Line())...)
		}
	}
	g.Line()
}

func loopEntry(loop, kind string) Code {
	return Values(Id("Run").Op(":").Id(loop), Id("Kind").Op(":").Qual(opsPath, kind))
}

// lowerName turns a mnemonic into an unexported Go name: `bit.and` is bitAnd.
func lowerName(mnemonic string) string {
	name := goName(mnemonic)
	return strings.ToLower(name[:1]) + name[1:]
}

// opName is the constant that holds an operator's opcode.
func opName(mnemonic string) string { return "op" + goName(mnemonic) }
