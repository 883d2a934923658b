package astgen

import (
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
)

func (g *generator) query() ast.Expr {
	return pick(g, g.selectQuery, g.selectQuery, g.setOp, g.create, g.update, g.delete, g.relate)
}

// rows draws what may stand where a query needs no brackets.
func (g *generator) rows() ast.Expr {
	if g.bool() && !g.tired() {
		return g.query()
	}
	return g.expr()
}

func (g *generator) selectItem() ast.SelectItem {
	if g.rarely() {
		return ast.SelectItem{X: &ast.Wild{}}
	}
	return ast.SelectItem{X: g.expr(), As: maybe(g, g.namePtr)}
}

func (g *generator) selectQuery() ast.Expr {
	s := &ast.Select{Distinct: g.rarely(), Value: g.rarely()}
	if s.Value {
		s.Items = []ast.SelectItem{{X: g.expr(), As: maybe(g, g.namePtr)}}
	} else {
		s.Items = many(g, 1, 3, g.selectItem)
	}
	s.Omit = some(g, g.fieldName)
	if g.bool() {
		s.From = many(g, 1, 2, g.source)
	}
	s.Where = maybe(g, g.exprOrWild)
	if s.NoIndex = g.rarely(); !s.NoIndex {
		s.Indexes = some(g, g.name)
	}
	s.GroupBy, s.Having, s.Page = some(g, g.expr), maybe(g, g.expr), g.page()
	return s
}

func (g *generator) page() (p ast.Page) {
	if g.rarely() {
		p = ast.Page{
			OrderBy: some(g, func() ast.OrderItem { return ast.OrderItem{X: g.expr(), Desc: g.bool()} }),
			Start:   maybe(g, g.expr), Limit: maybe(g, g.expr), After: maybe(g, g.expr), Version: maybe(g, g.expr),
		}
	}
	return p
}

func (g *generator) source() ast.Source {
	s := ast.Source{X: g.exprOrWild(), As: maybe(g, g.namePtr)}
	s.Joins = some(g, func() ast.Join {
		return ast.Join{Left: g.bool(), X: g.exprOrWild(), As: maybe(g, g.namePtr), On: g.expr()}
	})
	return s
}

func (g *generator) setOp() ast.Expr {
	operand := func() ast.Expr {
		if g.tired() {
			return g.leaf()
		}
		return pick(g, g.selectQuery, g.selectQuery, g.setOp, g.expr)
	}
	return &ast.SetOp{Kind: one(g, ast.Union, ast.Intersect, ast.Except), All: g.bool(), Left: operand(), Right: operand(), Page: g.page()}
}

func (g *generator) create() ast.Expr {
	return &ast.Create{Target: g.expr(), Data: maybe(g, g.data), IfNotExists: g.rarely(), Return: maybe(g, g.returning)}
}

func (g *generator) update() ast.Expr {
	return &ast.Update{Upsert: g.bool(), Target: g.expr(), Data: g.data(), Where: maybe(g, g.exprOrWild), Return: maybe(g, g.returning)}
}

func (g *generator) delete() ast.Expr {
	return &ast.Delete{Target: g.expr(), Where: maybe(g, g.exprOrWild), Return: maybe(g, g.returning)}
}

func (g *generator) relate() ast.Expr {
	return &ast.Relate{Pattern: g.expr(), Data: maybe(g, g.data), Where: maybe(g, g.exprOrWild), IfNotExists: g.rarely(), Return: maybe(g, g.returning)}
}

func (g *generator) data() *ast.Data {
	switch g.int(0, 3) {
	case 0:
		return &ast.Data{Content: g.expr()}
	case 1:
		return &ast.Data{Object: g.object()}
	case 2:
		d := &ast.Data{Columns: many(g, 1, 2, g.fieldName)}
		d.Rows = many(g, 1, 2, func() []ast.Expr { return many(g, len(d.Columns), len(d.Columns), g.expr) })
		return d
	}
	return &ast.Data{Set: many(g, 1, 2, func() ast.Assignment {
		return ast.Assignment{Target: g.target(g.name(), true), Op: g.assignOp(), Value: g.expr()}
	})}
}

func (g *generator) assignOp() ast.AssignOp {
	return ast.AssignOp(g.int(int(ast.AssignSet), int(ast.AssignMod)))
}

// target draws what is assigned to; only fields of records have `[*]`.
func (g *generator) target(base ast.Name, all bool) ast.FieldPath {
	return ast.FieldPath{Base: base, Steps: some(g, func() ast.PathStep {
		switch {
		case g.bool():
			return ast.PathStep{Name: g.namePtr()}
		case all && g.bool():
			return ast.PathStep{All: true}
		}
		return ast.PathStep{Index: g.expr()}
	})}
}

func (g *generator) returning() *ast.Returning {
	kind := one(g, ast.ReturnNone, ast.ReturnBefore, ast.ReturnAfter, ast.ReturnExprs)
	r := &ast.Returning{Kind: kind}
	if kind == ast.ReturnExprs {
		r.Items = many(g, 1, 2, g.selectItem)
	}
	return r
}

// ---- statements

// block draws statements; there is always a list, if an empty one.
func (g *generator) block() []ast.Statement { return many(g, 0, 2, g.statement) }

func (g *generator) statement() ast.Statement {
	if g.tired() {
		return &ast.ExprStatement{X: g.leaf()}
	}
	return pick(g, g.exprStatement, g.exprStatement, g.let, g.set, g.loop, g.jump, g.returnStmt, g.explain, g.administer, g.define, g.redefine)
}

func (g *generator) exprStatement() ast.Statement {
	if g.rarely() {
		return &ast.ExprStatement{X: &ast.Wild{}}
	}
	return &ast.ExprStatement{X: g.rows()}
}

func (g *generator) let() ast.Statement {
	return &ast.Let{Name: g.variable(), Type: maybe(g, g.typ), Value: g.rows()}
}

func (g *generator) set() ast.Statement {
	target := g.target(g.variable(), false)
	return &ast.Set{Target: &target, Op: g.assignOp(), Value: g.rows()}
}

func (g *generator) loop() ast.Statement {
	if g.bool() {
		return &ast.While{Cond: g.expr(), Body: g.block()}
	}
	return &ast.For{Var: g.variable(), In: g.rows(), Body: g.block()}
}

func (g *generator) jump() ast.Statement {
	return one[ast.Statement](g, &ast.Break{}, &ast.Continue{},
		&ast.Transaction{Kind: ast.Begin}, &ast.Transaction{Kind: ast.Commit}, &ast.Transaction{Kind: ast.Cancel})
}

func (g *generator) returnStmt() ast.Statement {
	r := &ast.Return{Value: maybe(g, g.rows)}
	if r.Value != nil {
		r.As = maybe(g, g.namePtr)
	}
	return r
}

func (g *generator) explain() ast.Statement {
	return &ast.Explain{Analyze: g.bool(), Statement: g.statement()}
}

func (g *generator) administer() ast.Statement {
	switch g.int(0, 4) {
	case 0:
		return &ast.LiveSelect{Query: g.selectQuery(), Since: maybe(g, g.expr)}
	case 1:
		return &ast.Kill{ID: one[ast.Expr](g, &ast.Variable{Name: "id"}, &ast.Literal{Value: ops.String("x")})}
	case 2:
		return &ast.Analyze{Table: g.name(), On: maybe(g, g.namePtr)}
	case 3:
		use := &ast.Use{Namespace: maybe(g, g.namePtr), Database: maybe(g, g.namePtr)}
		if use.Namespace == nil && use.Database == nil {
			use.Database = g.namePtr()
		}
		return use
	}
	info := &ast.Info{Kind: one(g, ast.DefNone, ast.DefNamespace, ast.DefDatabase, ast.DefTable)}
	if info.Kind == ast.DefTable || info.Kind != ast.DefNone && g.bool() {
		info.Name = g.namePtr()
	}
	return info
}
