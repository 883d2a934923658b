// Package astgen draws random trees for property tests: whatever the parser can make, it can draw.
package astgen

import (
	"math"
	"regexp"
	"time"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
)

// Script draws a program of a few statements.
func Script() *rapid.Generator[*ast.Script] {
	return rapid.Custom(func(t *rapid.T) *ast.Script {
		g := &generator{t: t, fuel: 60}
		return &ast.Script{Statements: many(g, 1, 4, g.statement)}
	})
}

// Expr draws an expression.
func Expr() *rapid.Generator[ast.Expr] {
	return rapid.Custom(func(t *rapid.T) ast.Expr {
		g := &generator{t: t, fuel: 40}
		return g.expr()
	})
}

// generator draws nodes until its fuel is used up; then it draws leaves only, so that every tree ends.
type generator struct {
	t    *rapid.T
	fuel int
}

func (g *generator) int(least, most int) int {
	return rapid.IntRange(least, most).Draw(g.t, "n")
}

func (g *generator) bool() bool { return rapid.Bool().Draw(g.t, "b") }

// rarely is true one time in four.
func (g *generator) rarely() bool { return g.int(0, 3) == 3 }

// tired uses fuel and reports whether it is used up.
func (g *generator) tired() bool {
	g.fuel--
	return g.fuel < 0
}

func one[T any](g *generator, from ...T) T { return rapid.SampledFrom(from).Draw(g.t, "one") }

// pick draws which of some functions to draw with.
func pick[T any](g *generator, from ...func() T) T { return from[g.int(0, len(from)-1)]() }

func many[T any](g *generator, least, most int, draw func() T) []T {
	list := make([]T, 0, most)
	for range g.int(least, most) {
		list = append(list, draw())
	}
	return list
}

// maybe draws or does not.
func maybe[T any](g *generator, draw func() T) (x T) {
	if g.rarely() {
		return draw()
	}
	return x
}

// some is maybe for lists: what is not there is nil.
func some[T any](g *generator, draw func() T) []T {
	if g.rarely() {
		return many(g, 1, 3, draw)
	}
	return nil
}

// ---- names

var words = []string{"a", "b", "name", "x1", "_y", "größe", "value", "distinct", "select", "from", "order", "end", "not", "true", "in", "before",
	"table", "if", "set", "return", "all", "to", "record", "x y", "1st", "explain", "begin", "exists", "fold", "live", "µ", "count", "self"}

func (g *generator) word() string { return one(g, words...) }

func (g *generator) name() ast.Name { return ast.Name{Text: g.word()} }

func (g *generator) namePtr() *ast.Name {
	n := g.name()
	return &n
}

// variable draws a name that may stand behind `$`.
func (g *generator) variable() ast.Name {
	return ast.Name{Text: one(g, "a", "x", "value", "end", "_y", "größe", "select")}
}

func (g *generator) path() ast.Path { return many(g, 1, 2, g.name) }

func (g *generator) fieldName() ast.FieldName {
	f := ast.FieldName{Steps: []ast.FieldStep{{Name: g.name()}}}
	for range g.int(0, 2) {
		f.Steps = append(f.Steps, one(g, ast.FieldStep{Name: g.name()}, ast.FieldStep{Wild: true}, ast.FieldStep{Element: true}))
	}
	return f
}

func (g *generator) typ() *ast.Type {
	t := &ast.Type{Len: -1, Optional: g.rarely()}
	switch kind := g.int(0, 5); {
	case kind < 4 || g.tired():
		t.Name = g.path()
		if !g.tired() {
			t.Args = some(g, g.typ)
		}
	case kind == 4:
		t.Kind, t.Args = ast.TypeList, []*ast.Type{g.typ()}
		t.Len = one[int64](g, -1, 0, 10)
	default:
		t.Kind, t.Args = ast.TypeTuple, many(g, 1, 3, g.typ)
	}
	return t
}

// ---- constants

func (g *generator) literal() *ast.Literal { return &ast.Literal{Value: g.value()} }

func (g *generator) value() ops.Value {
	return one(g,
		ops.None, ops.Bool(true), ops.Bool(false),
		ops.Int(0), ops.Int(7), ops.Int(-3), ops.Int(math.MaxInt64), ops.Int(math.MinInt64),
		ops.Float(1.5), ops.Float(-0.25), ops.Float(2), ops.Float(1e300), ops.Float(math.Copysign(0, -1)), ops.Float(5e-324),
		ops.String(""), ops.String("a b"), ops.String("\"\\\n\t\x00é∋"), ops.String("a"), ops.String("01J9ZK"),
		ops.Bytes([]byte("\x00a\"\\\xff\n")), ops.Bytes([]byte{}),
		ops.Time(0), ops.Time(1_732_000_000_123_456_789), ops.Time(-1),
		ops.Duration(0), ops.Duration(90*time.Minute+time.Nanosecond), ops.Duration(math.MaxInt64),
		ops.Decimal(apd.New(-150, -2)), ops.Decimal(apd.New(1, 30)), ops.Decimal(apd.New(0, -3)),
		ops.UUID([16]byte{0x55, 0x0e, 15: 0xff}),
		regex("^[a-z]+$", "gi"), regex(`a/b//c\\`, ""), regex("", "x"),
	)
}

func regex(source, flags string) ops.Value {
	return ops.RegexOf(&ops.Regex{Source: source, Flags: flags, Compiled: regexp.MustCompile(source)})
}

// ---- expressions

func (g *generator) leaf() ast.Expr {
	return pick(g,
		func() ast.Expr { return g.literal() },
		func() ast.Expr { return &ast.Ident{Name: g.word()} },
		func() ast.Expr { return &ast.Ident{Name: "a"} },
		func() ast.Expr { return &ast.Variable{Name: g.variable().Text} },
		func() ast.Expr { return &ast.PathExpr{Path: ast.Path{g.name(), g.name()}} },
		g.record,
	)
}

func (g *generator) expr() ast.Expr {
	if g.tired() {
		return g.leaf()
	}
	return pick(g, g.leaf, g.binary, g.binary, g.unary, g.member, g.call, g.collection, g.rangeOf, g.pattern, g.query, g.ifExpr, g.exists)
}

// operand draws an expression as the grammar's `e` is, without a range at its top.
func (g *generator) operand() ast.Expr {
	if g.tired() {
		return g.leaf()
	}
	return pick(g, g.leaf, g.binary, g.unary, g.member, g.call, g.collection)
}

func (g *generator) exprOrWild() ast.Expr {
	if g.rarely() {
		return &ast.Wild{}
	}
	return g.expr()
}

func (g *generator) binary() ast.Expr {
	return &ast.Binary{Op: ast.BinaryOp(g.int(int(ast.Or), int(ast.Pow))), Left: g.expr(), Right: g.expr()}
}

func (g *generator) unary() ast.Expr {
	return &ast.Unary{Op: one(g, ast.Neg, ast.Plus, ast.Not, ast.BitNot), X: g.expr()}
}

func (g *generator) member() ast.Expr {
	x := g.expr()
	switch g.int(0, 3) {
	case 0:
		return &ast.AllFields{X: x}
	case 1:
		return &ast.Index{X: x, Index: g.expr()}
	case 2:
		return &ast.AllElements{X: x}
	}
	return &ast.Field{X: x, Name: g.name(), Safe: g.bool()}
}

func (g *generator) call() ast.Expr {
	c := &ast.Call{Args: many(g, 0, 3, g.arg)}
	if len(c.Args) == 0 {
		c.Args = nil
	}
	for i := range c.Args { // DISTINCT is the first argument's
		c.Args[i].Distinct = c.Args[i].Distinct && i == 0
	}
	if c.Fold = g.rarely(); !c.Fold && g.rarely() {
		c.On = &ast.Field{X: g.expr(), Name: g.name()}
		return c
	}
	c.Func = g.path()
	return c
}

func (g *generator) arg() ast.Arg {
	switch g.int(0, 3) {
	case 0:
		return ast.Arg{Name: g.namePtr(), X: g.expr()}
	case 1:
		return ast.Arg{X: &ast.Wild{}, Where: maybe(g, g.expr)}
	}
	return ast.Arg{Distinct: g.rarely(), X: g.expr(), Where: maybe(g, g.expr)}
}

func (g *generator) collection() ast.Expr {
	switch g.int(0, 3) {
	case 0:
		return g.list()
	case 1:
		return g.object()
	case 2:
		return &ast.Group{Items: append(many(g, 0, 2, g.expr), g.aliased())}
	}
	return &ast.Tuple{Items: many(g, 0, 3, g.exprOrWild)}
}

func (g *generator) list() ast.Expr { return &ast.List{Items: many(g, 0, 3, g.expr)} }

func (g *generator) object() ast.Expr {
	o := &ast.Object{}
	seen := map[string]bool{}
	for range g.int(0, 3) {
		if n := g.name(); !seen[n.Text] {
			seen[n.Text] = true
			o.Members = append(o.Members, ast.ObjectMember{Name: n, Value: g.expr()})
		}
	}
	return o
}

func (g *generator) aliased() ast.Expr {
	a := &ast.Aliased{X: g.exprOrWild(), As: g.namePtr(), Where: maybe(g, g.expr)}
	if a.Where != nil && g.bool() {
		a.As = nil
	}
	return a
}

func (g *generator) rangeOf() ast.Expr {
	return &ast.Range{Lo: maybe(g, g.operand), Hi: maybe(g, g.operand), Inclusive: g.bool()}
}

func (g *generator) exists() ast.Expr { return &ast.Exists{X: g.expr()} }

func (g *generator) ifExpr() ast.Expr {
	x := &ast.If{Arms: many(g, 1, 2, func() ast.IfArm { return ast.IfArm{Cond: g.expr(), Then: g.block()} })}
	if g.bool() {
		x.Else = g.block()
	}
	return x
}

// ---- records and patterns

func (g *generator) record() ast.Expr {
	if g.rarely() {
		r := &ast.RecordRange{Table: g.name(), Lo: maybe(g, g.key), Hi: maybe(g, g.key)}
		r.Inclusive = r.Hi != nil && g.bool()
		return r
	}
	if g.rarely() {
		return &ast.RecordExpr{Table: g.name(), Key: &ast.Wild{}}
	}
	return &ast.RecordExpr{Table: g.name(), Key: g.key()}
}

func (g *generator) key() ast.Expr {
	if g.tired() || g.bool() {
		return &ast.Literal{Value: g.value()}
	}
	return pick(g,
		func() ast.Expr { return &ast.Variable{Name: g.variable().Text} },
		g.list,
		func() ast.Expr { return &ast.Tuple{Items: many(g, 0, 2, g.expr)} },
	)
}

func (g *generator) pattern() ast.Expr {
	p := &ast.Pattern{Start: maybe(g, g.expr), Hops: many(g, 1, 2, g.hop)}
	if g.rarely() {
		p.Start = &ast.Wild{}
	}
	return p
}

func (g *generator) arrow() ast.Arrow { return ast.Arrow(g.int(int(ast.ArrowOut), int(ast.ArrowIn2))) }

func (g *generator) hop() ast.Hop {
	return ast.Hop{Left: g.arrow(), Right: g.arrow(), Edges: g.edge(), Vertex: g.vertex()}
}

func (g *generator) vertex() ast.Expr {
	if g.tired() {
		return &ast.Ident{Name: g.word()}
	}
	return pick(g,
		func() ast.Expr { return &ast.Ident{Name: g.word()} },
		func() ast.Expr { return &ast.Wild{} },
		g.record, g.list, g.aliased, g.expr)
}

func (g *generator) edge() ast.EdgeExpr {
	if g.tired() {
		return g.edgeTable()
	}
	return pick(g, g.edgeTable, g.edgeTable, g.edgeGroup,
		func() ast.EdgeExpr { return &ast.EdgeNot{X: g.edge()} },
		func() ast.EdgeExpr { return &ast.EdgeBool{Or: g.bool(), Left: g.edge(), Right: g.edge()} })
}

func (g *generator) edgeTable() ast.EdgeExpr {
	x := pick(g,
		func() ast.Expr { return &ast.Ident{Name: g.word()} },
		func() ast.Expr { return &ast.Wild{} },
		g.record)
	return &ast.EdgeTable{X: x, Hops: maybe(g, g.expr), Optional: g.rarely()}
}

// edgeGroup has one thing at least that brackets alone would not have.
func (g *generator) edgeGroup() ast.EdgeExpr {
	return &ast.EdgeGroup{X: g.edge(), As: g.namePtr(), Where: maybe(g, g.expr), Hops: maybe(g, g.expr), Optional: g.rarely()}
}
