package zerodb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/ops"
)

// TestRandomBlocks runs random programs of variables, blocks and loops, compiled and by a small evaluator that walks their tree: both
// must give the same rows, or fail with the same code.
func TestRandomBlocks(t *testing.T) {
	_, s := memory(t)
	rapid.Check(t, func(t *rapid.T) {
		g := &programs{t: t, scopes: [][]string{nil}}
		text := g.program()
		want := walk(t, text)
		got := compiledResult(s, text)
		if got != want {
			t.Fatalf("%s\ncompiled: %s\nwalked:   %s", text, got, want)
		}
	})
}

func compiledResult(s *zerodb.Session, text string) string {
	var out []string
	for rows, err := range s.Script(ctx, text) {
		if err != nil {
			return strings.Join(append(out, string(ops.CodeOf(err))), " ")
		}
		for row, err := range rows.All() {
			if err != nil {
				break
			}
			out = append(out, ops.Format(row.Value()))
		}
	}
	return strings.Join(out, " ")
}

// programs makes random programs. Every loop ends: WHILE counts a variable of its own down.
type programs struct {
	t      *rapid.T
	scopes [][]string // the variables that can be seen
	fixed  map[string]bool
	loops  int
	names  int
	depth  int
}

func (g *programs) pick(n int) int { return rapid.IntRange(0, n-1).Draw(g.t, "pick") }

func (g *programs) program() string {
	var b strings.Builder
	g.fixed = map[string]bool{}
	for range 1 + g.pick(3) {
		b.WriteString(g.let() + "\n")
	}
	for range 1 + g.pick(4) {
		b.WriteString(g.statement() + "\n")
	}
	b.WriteString("RETURN [" + strings.Join(g.variables(false), ", ") + "]\n")
	return b.String()
}

func (g *programs) variables(settable bool) (all []string) {
	for _, s := range g.scopes {
		for _, v := range s {
			if !settable || !g.fixed[v] {
				all = append(all, v)
			}
		}
	}
	return all
}

func (g *programs) let() string {
	g.names++
	v := fmt.Sprintf("$v%d", g.names)
	if len(g.scopes) > 1 && g.pick(4) == 0 { // shadow one from further out
		if outer := g.scopes[g.pick(len(g.scopes)-1)]; len(outer) > 0 {
			if o := outer[g.pick(len(outer))]; !g.inInnermost(o) && !g.fixed[o] {
				v = o
			}
		}
	}
	x := g.expr(3)
	g.scopes[len(g.scopes)-1] = append(g.scopes[len(g.scopes)-1], v)
	return "LET " + v + " = " + x
}

func (g *programs) inInnermost(v string) bool {
	for _, x := range g.scopes[len(g.scopes)-1] {
		if x == v {
			return true
		}
	}
	return false
}

func (g *programs) set() string {
	vs := g.variables(true)
	if len(vs) == 0 {
		return g.let()
	}
	op := []string{"=", "+=", "-=", "*=", "/=", "%="}[g.pick(6)]
	return "SET " + vs[g.pick(len(vs))] + " " + op + " " + g.expr(2)
}

func (g *programs) block(vars ...string) string {
	g.scopes = append(g.scopes, vars, nil)
	g.depth++
	var all []string
	for range 1 + g.pick(3) {
		all = append(all, g.statement())
	}
	g.depth--
	g.scopes = g.scopes[:len(g.scopes)-2]
	return strings.Join(all, "; ")
}

func (g *programs) statement() string {
	n := 9
	if g.depth > 3 {
		n = 3
	}
	switch g.pick(n) {
	case 0:
		if len(g.scopes) > 1 {
			return g.let()
		}
		return g.set()
	case 1, 2:
		return g.set()
	case 3:
		return "IF " + g.condition() + " THEN " + g.block() + " END"
	case 4:
		return "IF " + g.condition() + " THEN " + g.block() + " ELSE IF " + g.condition() + " THEN " + g.block() + " ELSE ; " + g.block() + " END"
	case 5:
		return g.forLoop()
	case 6:
		return g.whileLoop()
	case 7:
		if g.loops > 0 {
			return []string{"BREAK", "CONTINUE"}[g.pick(2)]
		}
		return "RETURN " + g.expr(2)
	}
	return g.set()
}

func (g *programs) forLoop() string {
	g.names++
	v := fmt.Sprintf("$v%d", g.names)
	over := []string{"[" + g.expr(1) + ", " + g.expr(1) + "]", fmt.Sprintf("%d..%d", g.pick(3), g.pick(6)), "none", g.expr(1)}[g.pick(4)]
	g.loops++
	g.fixed[v] = true
	text := "FOR " + v + " IN " + over + " DO " + g.block(v) + " END"
	g.loops--
	return text
}

// whileLoop counts in a block of its own, and before anything can go to the next round.
func (g *programs) whileLoop() string {
	g.names++
	v := fmt.Sprintf("$c%d", g.names)
	g.loops++
	text := fmt.Sprintf("IF true THEN LET %s = %d; WHILE %s > 0 AND %s DO SET %s -= 1; %s END END", v, 1+g.pick(5), v, g.condition(), v, g.block())
	g.loops--
	return text
}

func (g *programs) condition() string {
	switch g.pick(5) {
	case 0:
		return "true"
	case 1:
		return g.expr(1) + " == " + g.expr(1)
	case 2:
		return "NOT " + g.expr(1) + " < " + g.expr(1)
	case 3:
		return g.expr(1) + " < " + g.expr(1) + " OR " + g.expr(1) + " > 2"
	}
	return g.expr(1) + " < " + g.expr(1)
}

func (g *programs) expr(depth int) string {
	vs := g.variables(false)
	if depth == 0 || g.pick(3) == 0 {
		if len(vs) > 0 && g.pick(3) > 0 {
			return vs[g.pick(len(vs))]
		}
		return []string{"0", "1", "2", "7", "-3", "5", "4", "10", "3", "none", "1.5", "9223372036854775807"}[g.pick(12)]
	}
	switch g.pick(6) {
	case 0:
		return "(" + g.expr(depth-1) + " * " + g.expr(depth-1) + ")"
	case 1:
		return "(" + g.expr(depth-1) + " - " + g.expr(depth-1) + ")"
	case 2:
		return "(IF " + g.condition() + " THEN " + g.expr(depth-1) + " ELSE " + g.expr(depth-1) + " END)"
	case 3:
		return g.blockValue(depth)
	}
	return "(" + g.expr(depth-1) + " + " + g.expr(depth-1) + ")"
}

// blockValue is a block in the middle of an expression, which may set what the expression has read already.
func (g *programs) blockValue(depth int) string {
	if g.depth > 3 {
		return "1"
	}
	loops := g.loops
	g.loops = 0 // no BREAK out of an expression
	g.depth += 2
	defer func() { g.loops, g.depth = loops, g.depth-2 }()
	cond := g.condition()
	g.scopes = append(g.scopes, nil)
	defer func() { g.scopes = g.scopes[:len(g.scopes)-1] }()
	first := g.let()
	if len(g.variables(true)) > 0 {
		first += "; " + g.set()
	}
	return "(IF " + cond + " THEN " + first + "; " + g.expr(depth-1) + " END)"
}

// ---- the evaluator

// walker runs statements by walking their tree.
type walker struct {
	vars  []map[string]ops.Value // by block
	out   []string
	steps int
}

// tooLong ends programs that would take too long to walk.
const tooLong = 20_000

type outcome uint8

const (
	onward outcome = iota
	broke
	continued
	returned
)

var errTooLong = errors.New("too long")

func walk(t *rapid.T, text string) string {
	script, errs := parse.Parse(text)
	if len(errs) > 0 {
		t.Fatalf("%s: %v", text, errs)
	}
	w := &walker{vars: []map[string]ops.Value{{}}}
	for _, s := range script.Statements {
		before := map[string]ops.Value{}
		for k, v := range w.vars[0] {
			before[k] = v
		}
		if _, err := w.statement(s); err != nil {
			if err == errTooLong {
				t.Skip("it takes too long")
			}
			w.vars[0] = before
			w.out = append(w.out, string(ops.CodeOf(err)))
			break
		}
	}
	return strings.Join(w.out, " ")
}

func (w *walker) block(ss []ast.Statement, v string, x ops.Value) (outcome, ops.Value, error) {
	depth := len(w.vars)
	defer func() { w.vars = w.vars[:depth] }()
	w.vars = append(w.vars, map[string]ops.Value{}, map[string]ops.Value{})
	if v != "" {
		w.vars[depth][v] = x
	}
	last := ops.None
	for _, s := range ss {
		if e, ok := s.(*ast.ExprStatement); ok {
			v, j, err := w.value(e.X)
			if err != nil || j != onward {
				return j, v, err
			}
			last = v
			continue
		}
		last = ops.None
		if j, err := w.statement(s); err != nil || j != onward {
			return j, last, err
		}
	}
	return onward, last, nil
}

func (w *walker) statement(s ast.Statement) (outcome, error) {
	switch s := s.(type) {
	case *ast.Let:
		v, err := w.expr(s.Value)
		w.vars[len(w.vars)-1][s.Name.Text] = v
		return onward, err
	case *ast.Set:
		if w.steps++; w.steps > tooLong {
			return onward, errTooLong
		}
		return onward, w.set(s)
	case *ast.Break:
		return broke, nil
	case *ast.Continue:
		return continued, nil
	case *ast.Return:
		v, err := w.expr(s.Value)
		if err == nil {
			w.out = append(w.out, ops.Format(v))
		}
		return returned, err
	case *ast.ExprStatement: // IF, of which none has a value
		_, j, err := w.value(s.X)
		return j, err
	case *ast.While:
		for {
			c, err := w.expr(s.Cond)
			if err != nil || !c.IsTrue() {
				return onward, err
			}
			j, _, err := w.block(s.Body, "", ops.None)
			if err != nil || j == returned {
				return j, err
			}
			if j == broke {
				return onward, nil
			}
		}
	case *ast.For:
		return w.each(s)
	}
	return onward, fmt.Errorf("no way to run %T", s)
}

func (w *walker) each(s *ast.For) (outcome, error) {
	in, err := w.expr(s.In)
	if err != nil {
		return onward, err
	}
	var items []ops.Value
	switch in.Kind() {
	case ops.KindNone:
	case ops.KindList:
		items = in.AsList()
	case ops.KindRange:
		for i := in.AsRange().Lo.AsInt(); i < in.AsRange().Hi.AsInt(); i++ {
			items = append(items, ops.Int(i))
		}
	default:
		items = []ops.Value{in}
	}
	for _, x := range items {
		j, _, err := w.block(s.Body, s.Var.Text, x)
		if err != nil || j == returned {
			return j, err
		}
		if j == broke {
			break
		}
	}
	return onward, nil
}

// set reads the old value first: SET $x += e is SET $x = $x + e, but begins with e where $x is none.
func (w *walker) set(s *ast.Set) error {
	at := len(w.vars) - 1
	for at > 0 && !has(w.vars[at], s.Target.Base.Text) {
		at--
	}
	old, scope := w.vars[at][s.Target.Base.Text], w.vars[at]
	v, err := w.expr(s.Value)
	if err == nil && s.Op != ast.AssignSet {
		op := map[ast.AssignOp]string{ast.AssignAdd: "add.to", ast.AssignSub: "take.from", ast.AssignMul: "mul", ast.AssignDiv: "div", ast.AssignMod: "mod"}[s.Op]
		v, err = evalOp(op, old, v)
	}
	scope[s.Target.Base.Text] = v
	return err
}

func has(m map[string]ops.Value, name string) bool {
	_, ok := m[name]
	return ok
}

// value is expr for what may be an IF whose blocks outcome.
func (w *walker) value(e ast.Expr) (ops.Value, outcome, error) {
	x, ok := e.(*ast.If)
	if !ok {
		v, err := w.expr(e)
		return v, onward, err
	}
	for _, arm := range x.Arms {
		c, err := w.expr(arm.Cond)
		if err != nil {
			return c, onward, err
		}
		if c.IsTrue() {
			j, v, err := w.block(arm.Then, "", ops.None)
			return v, j, err
		}
	}
	j, v, err := w.block(x.Else, "", ops.None)
	return v, j, err
}

func evalOp(name string, a, b ops.Value) (ops.Value, error) {
	for op := range ops.Table {
		if ops.Table[op].Name == name {
			return ops.Eval(uint16(op), a, b)
		}
	}
	panic(name)
}

func (w *walker) expr(e ast.Expr) (ops.Value, error) {
	switch e := e.(type) {
	case *ast.Literal:
		return e.Value, nil
	case *ast.Variable:
		for i := len(w.vars) - 1; i >= 0; i-- {
			if v, ok := w.vars[i][e.Name]; ok {
				return v, nil
			}
		}
		return ops.None, errors.New("no such variable")
	case *ast.If:
		v, _, err := w.value(e)
		return v, err
	case *ast.List:
		var vs []ops.Value
		for _, x := range e.Items {
			v, err := w.expr(x)
			if err != nil {
				return v, err
			}
			vs = append(vs, v)
		}
		return ops.List(vs), nil
	case *ast.Range:
		lo, _ := w.expr(e.Lo)
		hi, err := w.expr(e.Hi)
		return ops.Range(&ops.RangeValue{Lo: lo, Hi: hi}), err
	case *ast.Unary:
		v, err := w.expr(e.X)
		if err != nil {
			return v, err
		}
		return evalOp(map[ast.UnaryOp]string{ast.Neg: "neg", ast.Not: "not"}[e.Op], v, ops.None)
	case *ast.Binary:
		return w.binary(e)
	}
	return ops.None, fmt.Errorf("no way to evaluate %T", e)
}

func (w *walker) binary(e *ast.Binary) (ops.Value, error) {
	a, err := w.expr(e.Left)
	if err != nil {
		return a, err
	}
	switch {
	case e.Op == ast.And && a.Kind() == ops.KindBool && !a.AsBool(), e.Op == ast.Or && a.IsTrue():
		return a, nil
	}
	b, err := w.expr(e.Right)
	if err != nil {
		return b, err
	}
	return evalOp(map[ast.BinaryOp]string{ast.Add: "add", ast.Sub: "sub", ast.Mul: "mul", ast.Lt: "lt", ast.Gt: "gt", ast.Eq: "eq", ast.And: "and", ast.Or: "or"}[e.Op], a, b)
}

// TestEndlessLoops: what does not end by itself is ended, with an error that says which bound it was.
func TestEndlessLoops(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true, StatementSteps: 10_000, StatementTime: time.Second,
		Clock: func() time.Time { now = now.Add(time.Millisecond); return now }})
	must(t, err)
	defer func() { must(t, db.Close()) }()
	s := session(t, db)
	for _, c := range []struct {
		text string
		code ops.Code
	}{
		{"WHILE true DO LET $x = 1 END", ops.CodeSteps},
		{"FOR $x IN 0..100_000 DO LET $y = $x END", ops.CodeSteps},
		{"WHILE true DO LET $x = (SELECT VALUE count() FROM [1])[0] END", ops.CodeDeadline},
		{"LET $i = 0; WHILE $i < 9_000 DO SET $i += 1 END", ""},
	} {
		if _, err := s.Execute(ctx, c.text); c.code == "" && err != nil || c.code != "" && ops.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", c.text, err, c.code)
		}
	}
}
