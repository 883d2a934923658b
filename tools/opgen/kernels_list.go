package main

import (
	. "github.com/dave/jennifer/jen"
)

// This file is the list of loops: what each operator does with each pair of kinds that deserves one.

// expr makes a step that cannot fail.
func expr(code Code) func(g *Group) {
	return func(g *Group) { g.Id("r").Op(":=").Add(code) }
}

// op writes `p sign q`.
func op(sign string) Code { return Id("p").Op(sign).Id("q") }

func fail(g *Group) { g.Id("failed").Op("=").True() }

// checked makes a step of one of ops' checked operations on ints.
func checked(function string) func(g *Group) {
	return func(g *Group) {
		g.List(Id("r"), Id("ok")).Op(":=").Qual(opsPath, function).Call(Id("p"), Id("q"))
		g.If(Op("!").Id("ok")).BlockFunc(fail)
	}
}

// sumInts and differenceInts are written out, for they are what queries do most.
func sumInts(g *Group) {
	g.Id("r").Op(":=").Id("p").Op("+").Id("q")
	g.If(Parens(Id("r").Op("^").Id("p")).Op("&").Parens(Id("r").Op("^").Id("q")).Op("<").Lit(0)).BlockFunc(fail)
}

func differenceInts(g *Group) {
	g.Id("r").Op(":=").Id("p").Op("-").Id("q")
	g.If(Parens(Id("p").Op("^").Id("q")).Op("&").Parens(Id("p").Op("^").Id("r")).Op("<").Lit(0)).BlockFunc(fail)
}

// ratioInts divides, or takes the remainder. The machine's own division traps on 0, and overflows on -1.
func ratioInts(sign string) func(g *Group) {
	return func(g *Group) {
		g.Var().Id("r").Int64()
		g.Switch(Id("q")).BlockFunc(func(g *Group) {
			g.Case(Lit(0)).BlockFunc(fail)
			g.Case(Lit(-1)).BlockFunc(func(g *Group) {
				if sign == "%" {
					g.Comment("the remainder is 0")
					return
				}
				g.Id("r").Op("=").Op("-").Id("p")
				g.If(Id("r").Op("==").Id("p").Op("&&").Id("p").Op("!=").Lit(0)).BlockFunc(fail)
			})
			g.Default().Block(Id("r").Op("=").Id("p").Op(sign).Id("q"))
		})
	}
}

// float converts an operand of a lane to float64.
func float(l *lane, name string) *Statement {
	if l == laneInt {
		return Float64().Parens(Id(name))
	}
	return Id(name)
}

// finiteFloats makes a step that fails where the result is not finite: then subtracting it from itself is not zero.
func finiteFloats(a, b *lane, sign string) func(g *Group) {
	return func(g *Group) {
		if sign == "/" || sign == "%" {
			g.If(Id("q").Op("==").Lit(0)).BlockFunc(fail)
		}
		if sign == "%" {
			g.Id("r").Op(":=").Qual("math", "Mod").Call(float(a, "p"), float(b, "q"))
		} else {
			g.Id("r").Op(":=").Add(float(a, "p")).Op(sign).Add(float(b, "q"))
		}
		g.If(Id("r").Op("-").Id("r").Op("!=").Lit(0)).BlockFunc(fail)
	}
}

// floatLoops are the loops of an arithmetic operator where an operand is a float.
func floatLoops(sign string) []binaryLoop {
	var ls []binaryLoop
	for _, pair := range [][2]*lane{{laneFloat, laneFloat}, {laneInt, laneFloat}, {laneFloat, laneInt}} {
		a, b := pair[0], pair[1]
		ls = append(ls, binaryLoop{a, b, laneFloat, finiteFloats(a, b, sign), []use{{a.name, b.name, "KindFloat"}}, true})
	}
	return ls
}

func intLoop(step func(g *Group), uses ...use) binaryLoop {
	return binaryLoop{laneInt, laneInt, laneInt, step, append([]use{{"Int", "Int", "KindInt"}}, uses...), true}
}

// compared makes the loops of a comparison: a sign, which numbers of different kinds take with their exact order.
func compared(sign string) []binaryLoop {
	order := func(call Code) func(g *Group) { return expr(Add(call).Op(sign).Lit(0)) }
	ls := []binaryLoop{
		{laneInt, laneInt, laneBool, expr(op(sign)), []use{{"Int", "Int", "KindBool"}, {"Time", "Time", "KindBool"}, {"Duration", "Duration", "KindBool"}}, true},
		{laneFloat, laneFloat, laneBool, expr(op(sign)), []use{{"Float", "Float", "KindBool"}}, true},
		{laneString, laneString, laneBool, expr(op(sign)), []use{{"String", "String", "KindBool"}}, true},
		{laneInt, laneFloat, laneBool, order(Qual(opsPath, "CompareIntFloat").Call(Id("p"), Id("q"))), []use{{"Int", "Float", "KindBool"}}, true},
		{laneFloat, laneInt, laneBool, order(Op("-").Qual(opsPath, "CompareIntFloat").Call(Id("q"), Id("p"))), []use{{"Float", "Int", "KindBool"}}, true},
	}
	if sign == "==" || sign == "!=" {
		ls = append(ls, binaryLoop{laneBool, laneBool, laneBool, expr(op(sign)), []use{{"Bool", "Bool", "KindBool"}}, true})
	}
	return ls
}

func shiftRight(g *Group) {
	g.If(Uint64().Parens(Id("q")).Op(">").Lit(63)).BlockFunc(fail)
	g.Id("r").Op(":=").Id("p").Op(">>").Parens(Uint64().Parens(Id("q")).Op("&").Lit(63))
}

var unaryKernels = []unaryKernel{
	{op: "neg", loops: []unaryLoop{
		{laneInt, laneInt, func(g *Group) {
			g.Id("r").Op(":=").Op("-").Id("p")
			g.If(Id("r").Op("==").Id("p").Op("&&").Id("p").Op("!=").Lit(0)).BlockFunc(fail)
		}, []use{{"Int", "", "KindInt"}, {"Duration", "", "KindDuration"}}, true},
		{laneFloat, laneFloat, expr(Op("-").Id("p")), []use{{"Float", "", "KindFloat"}}, true},
	}},
	{op: "not", loops: []unaryLoop{{laneBool, laneBool, expr(Op("!").Id("p")), []use{{"Bool", "", "KindBool"}}, true}}},
	{op: "bit.not", loops: []unaryLoop{{laneInt, laneInt, expr(Op("^").Id("p")), []use{{"Int", "", "KindInt"}}, true}}},
	{op: "is.none", whole: "IsNone"},
}

var binaryKernels = []binaryKernel{
	{op: "add", whole: "Concat", loops: append([]binaryLoop{intLoop(sumInts, use{"Time", "Duration", "KindTime"}, use{"Duration", "Time", "KindTime"},
		use{"Duration", "Duration", "KindDuration"})}, floatLoops("+")...)},
	{op: "sub", loops: append([]binaryLoop{intLoop(differenceInts, use{"Time", "Time", "KindDuration"}, use{"Time", "Duration", "KindTime"},
		use{"Duration", "Duration", "KindDuration"})}, floatLoops("-")...)},
	{op: "mul", loops: append([]binaryLoop{intLoop(checked("MulInts"), use{"Duration", "Int", "KindDuration"}, use{"Int", "Duration", "KindDuration"})}, floatLoops("*")...)},
	{op: "div", loops: append([]binaryLoop{intLoop(ratioInts("/"), use{"Duration", "Int", "KindDuration"})}, floatLoops("/")...)},
	{op: "mod", loops: append([]binaryLoop{intLoop(ratioInts("%"), use{"Duration", "Duration", "KindDuration"})}, floatLoops("%")...)},
	{op: "pow"},
	{op: "eq", loops: compared("==")},
	{op: "ne", loops: compared("!=")},
	{op: "lt", loops: compared("<")},
	{op: "le", loops: compared("<=")},
	{op: "gt", loops: compared(">")},
	{op: "ge", loops: compared(">=")},
	{op: "and", whole: "And"},
	{op: "or", whole: "Or"},
	{op: "coalesce", whole: "Coalesce"},
	{op: "in", whole: "In"},
	{op: "contains.all"},
	{op: "contains.any"},
	{op: "match"},
	{op: "distance", whole: "Distance"},
	{op: "bit.or", loops: []binaryLoop{intLoop(expr(op("|")))}},
	{op: "bit.xor", loops: []binaryLoop{intLoop(expr(op("^")))}},
	{op: "bit.and", loops: []binaryLoop{intLoop(expr(op("&")))}},
	{op: "shl", loops: []binaryLoop{intLoop(checked("ShiftLeft"))}},
	{op: "shr", loops: []binaryLoop{intLoop(shiftRight)}},
	{op: "index"},
	{op: "add.to"},
	{op: "take.from"},
}
