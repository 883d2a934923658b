package parse

import (
	"strings"

	"github.com/antlr4-go/antlr/v4"

	"github.com/zerodb/zerodb/compiler/ast"
	z "github.com/zerodb/zerodb/gen/zeroql"
	"github.com/zerodb/zerodb/ops"
)

func (b *builder) query(c *z.QueryContext) ast.Expr {
	switch q := c.GetChild(0).(type) {
	case *z.SelectStmtContext:
		return b.selectStmt(q)
	case *z.CreateStmtContext:
		x := &ast.Create{At: at(q)}
		b.write(q, writing{target: &x.Target, data: &x.Data, ifNotExists: &x.IfNotExists, returning: &x.Return})
		return x
	case *z.UpdateStmtContext:
		x := &ast.Update{At: at(q), Upsert: kindOf(q.GetChild(0)) == tUpsert}
		b.write(q, writing{target: &x.Target, data: &x.Data, where: &x.Where, returning: &x.Return})
		return x
	case *z.DeleteStmtContext:
		x := &ast.Delete{At: at(q)}
		b.write(q, writing{target: &x.Target, where: &x.Where, returning: &x.Return})
		return x
	default:
		x := &ast.Relate{At: at(q.(antlr.ParserRuleContext))}
		b.write(q.(antlr.ParserRuleContext), writing{target: &x.Pattern, data: &x.Data, where: &x.Where, ifNotExists: &x.IfNotExists, returning: &x.Return})
		return x
	}
}

// writing points at the parts of a statement that writes; those that the statement does not have are nil.
type writing struct {
	target, where *ast.Expr
	data          **ast.Data
	ifNotExists   *bool
	returning     **ast.Returning
}

func (b *builder) write(c antlr.ParserRuleContext, w writing) {
	for _, child := range c.GetChildren()[1:] {
		switch x := child.(type) {
		case *z.ExprContext:
			*w.target = b.expr(x)
		case *z.SetClauseContext:
			b.onlyData(w, x)
			*w.data = b.setClause(x)
		case *z.ContentClauseContext:
			b.onlyData(w, x)
			*w.data = &ast.Data{At: at(x), Content: b.expr(x.Expr())}
		case *z.WhereClauseContext:
			b.once(*w.where != nil, x)
			*w.where = b.condition(x.Condition().(*z.ConditionContext))
		case *z.ReturnClauseContext:
			b.once(*w.returning != nil, x)
			*w.returning = b.returning(x)
		case antlr.TerminalNode:
			b.once(*w.ifNotExists, x)
			*w.ifNotExists = true
		}
	}
}

// onlyData: SET and CONTENT exclude one another, and each stands once.
func (b *builder) onlyData(w writing, c antlr.ParserRuleContext) {
	data := *w.data
	if data == nil {
		return
	}
	word := firstToken(c)
	if (data.Content != nil) == (word.kind == tContent) {
		b.once(true, c)
		return
	}
	b.fail(ops.CodeSyntax, word.span(), "", "SET and CONTENT exclude one another")
}

func (b *builder) condition(c *z.ConditionContext) ast.Expr {
	if x, ok := c.GetChild(0).(*z.ExprContext); ok {
		return b.expr(x)
	}
	return &ast.Wild{At: at(c)}
}

func (b *builder) setClause(c *z.SetClauseContext) *ast.Data {
	data := &ast.Data{At: at(c)}
	for _, child := range c.GetChildren() {
		switch x := child.(type) {
		case *z.AssignmentContext:
			data.Set = append(data.Set, b.assignment(x))
		case *z.ObjectContext:
			data.Object = b.object(x)
		case *z.FieldNameContext:
			data.Columns = append(data.Columns, b.fieldName(x))
		case *z.TupleRowContext:
			row := b.exprs(x.GetChildren())
			if len(row) != len(data.Columns) {
				b.fail(ops.CodeSyntax, spanOf(x), "", "%d values for %d fields", len(row), len(data.Columns))
			}
			data.Rows = append(data.Rows, row)
		}
	}
	return data
}

func (b *builder) assignment(c *z.AssignmentContext) ast.Assignment {
	target := c.Target().(*z.TargetContext)
	children := target.GetChildren()
	return ast.Assignment{
		At:     at(c),
		Target: ast.FieldPath{At: at(target), Base: b.name(children[0]), Steps: b.pathSteps(children[1:])},
		Op:     assignOp(c.AssignOp()),
		Value:  b.expr(c.Expr()),
	}
}

// pathSteps takes the children behind the base of a target: `.name`, `[e]`, `[*]`.
func (b *builder) pathSteps(children []antlr.Tree) (steps []ast.PathStep) {
	for i := 0; i < len(children); {
		if kindOf(children[i]) == tDot {
			name := b.nameRef(children[i+1])
			steps = append(steps, ast.PathStep{At: name.At, Name: name})
			i += 2
			continue
		}
		step := ast.PathStep{At: ast.At{Span: ops.Span{Start: int(tokenOf(children[i]).start), End: int(tokenOf(children[i+2]).end)}}}
		if x, ok := children[i+1].(*z.ExprContext); ok {
			step.Index = b.expr(x)
		} else {
			step.All = true
		}
		steps = append(steps, step)
		i += 3
	}
	return steps
}

func assignOp(c antlr.Tree) ast.AssignOp {
	switch firstToken(c).kind {
	case tAddAssign:
		return ast.AssignAdd
	case tSubAssign:
		return ast.AssignSub
	case tMulAssign:
		return ast.AssignMul
	case tDivAssign:
		return ast.AssignDiv
	case tModAssign:
		return ast.AssignMod
	}
	return ast.AssignSet
}

func (b *builder) returning(c *z.ReturnClauseContext) *ast.Returning {
	r := &ast.Returning{At: at(c)}
	var ok bool
	if r.Kind, ok = returnKind(c); ok {
		return r
	}
	r.Kind, r.Items = ast.ReturnExprs, b.selectItems(c.GetChildren())
	return r
}

// returnKind tells NONE, BEFORE and AFTER, alone, from expressions. In backticks they are fields.
func returnKind(c *z.ReturnClauseContext) (ast.ReturnKind, bool) {
	word := c.GetStop().(*token)
	if c.GetChildCount() != 2 || c.GetChild(1).(antlr.ParserRuleContext).GetStart() != antlr.Token(word) {
		return 0, false
	}
	switch {
	case word.kind == tNone:
		return ast.ReturnNone, true
	case word.kind == tIdent && strings.EqualFold(word.text(), "before"):
		return ast.ReturnBefore, true
	case word.kind == tIdent && strings.EqualFold(word.text(), "after"):
		return ast.ReturnAfter, true
	}
	return 0, false
}

// ---- SELECT

func (b *builder) selectStmt(c *z.SelectStmtContext) ast.Expr {
	children := c.GetChildren()
	s := b.selectCore(children[0].(*z.SelectCoreContext))
	if len(children) == 1 {
		return s
	}
	return b.setChain(operand{x: s, bare: true}, children[1:])
}

func (b *builder) selectCore(c *z.SelectCoreContext) *ast.Select {
	s := &ast.Select{At: at(c)}
	for _, child := range c.GetChildren()[1:] {
		switch x := child.(type) {
		case *z.SelectItemContext:
			s.Items = append(s.Items, b.selectItem(x))
		case *z.AliasedContext: // VALUE e
			s.Value = true
			s.Items = append(s.Items, b.aliased(x))
		case *z.OmitClauseContext:
			s.Omit = b.fieldNames(x.GetChildren())
		case *z.FromClauseContext:
			for _, source := range x.GetChildren() {
				if y, ok := source.(*z.SourceContext); ok {
					s.From = append(s.From, b.source(y))
				}
			}
		case *z.SelectClauseContext:
			b.selectClause(s, x)
		case antlr.TerminalNode:
			s.Distinct = s.Distinct || kindOf(x) == tDistinct
		}
	}
	return s
}

func (b *builder) selectItems(children []antlr.Tree) (items []ast.SelectItem) {
	for _, c := range children {
		if item, ok := c.(*z.SelectItemContext); ok {
			items = append(items, b.selectItem(item))
		}
	}
	return items
}

func (b *builder) selectItem(c *z.SelectItemContext) ast.SelectItem {
	if x, ok := c.GetChild(0).(*z.AliasedContext); ok {
		return b.aliased(x)
	}
	return ast.SelectItem{At: at(c), X: &ast.Wild{At: at(c)}}
}

func (b *builder) aliased(c *z.AliasedContext) ast.SelectItem {
	item := ast.SelectItem{At: at(c), X: b.expr(c.GetChild(0))}
	if c.GetChildCount() > 1 {
		item.As = b.nameRef(c.GetChild(2))
	}
	return item
}

func (b *builder) source(c *z.SourceContext) ast.Source {
	s := ast.Source{At: at(c)}
	for _, child := range c.GetChildren() {
		switch x := child.(type) {
		case *z.SourceItemContext:
			s.X, s.As = b.sourceItem(x)
		case *z.JoinContext:
			j := ast.Join{At: at(x), Left: kindOf(x.GetChild(0)) == tLeft, On: b.expr(x.Expr())}
			j.X, j.As = b.sourceItem(x.SourceItem().(*z.SourceItemContext))
			s.Joins = append(s.Joins, j)
		}
	}
	return s
}

func (b *builder) sourceItem(c *z.SourceItemContext) (x ast.Expr, as *ast.Name) {
	if c.GetChildCount() > 1 {
		as = b.nameRef(c.GetChild(2))
	}
	return b.exprOrWild(c.GetChild(0)), as
}

func (b *builder) selectClause(s *ast.Select, c *z.SelectClauseContext) {
	children := c.GetChildren()
	switch first := children[0].(type) {
	case *z.WhereClauseContext:
		b.once(s.Where != nil, c)
		s.Where = b.condition(first.Condition().(*z.ConditionContext))
		return
	case *z.PageClauseContext:
		b.pageClause(&s.Page, first)
		return
	}
	switch kindOf(children[0]) {
	case tWith:
		b.once(s.NoIndex || s.Indexes != nil, c)
		s.Indexes = b.names(children)
		s.NoIndex = kindOf(children[1]) == tNo
	case tGroup:
		b.once(s.GroupBy != nil, c)
		s.GroupBy = b.exprs(children)
	case tHaving:
		b.once(s.Having != nil, c)
		s.Having = b.expr(children[1])
	}
}

func (b *builder) pageClause(p *ast.Page, c *z.PageClauseContext) {
	children := c.GetChildren()
	if kindOf(children[0]) == tOrder {
		b.once(p.OrderBy != nil, c)
		for _, child := range children {
			if item, ok := child.(*z.OrderItemContext); ok {
				desc := item.GetChildCount() > 1 && kindOf(item.GetChild(1)) == tDesc
				p.OrderBy = append(p.OrderBy, ast.OrderItem{At: at(item), X: b.expr(item.GetChild(0)), Desc: desc})
			}
		}
		return
	}
	into := &p.Version
	switch kindOf(children[0]) {
	case tStart:
		into = &p.Start
	case tLimit:
		into = &p.Limit
	case tAfter:
		into = &p.After
	}
	b.once(*into != nil, c)
	*into = b.expr(children[len(children)-1])
}

// ---- set operations

// operand is a query of a chain of set operations with the operator before it.
type operand struct {
	op   ast.SetOpKind
	all  bool
	x    ast.Expr
	bare bool     // a SELECT without brackets
	page ast.Page // clauses behind a bracketed operand, or of a bare SELECT
	word *token   // the operator; nil for the first
}

// setOps makes the tree of `first UNION a INTERSECT b …` where first is no bare SELECT.
func (b *builder) setOps(first ast.Expr, tails []antlr.Tree) ast.Expr {
	if len(tails) == 0 {
		return first
	}
	return b.setChain(operand{x: first}, tails)
}

// setChain: INTERSECT binds tighter, the rest goes from left to right. ORDER BY, LIMIT … at the end are of the whole; an
// inner query takes brackets to have its own.
func (b *builder) setChain(first operand, tails []antlr.Tree) ast.Expr {
	last := tails[len(tails)-1].(*z.SetTailContext)
	defer b.leave(len(tails))
	if !b.enter(len(tails), last) {
		return first.x
	}
	chain := append(make([]operand, 0, len(tails)+1), first)
	for _, t := range tails {
		chain = append(chain, b.setTail(t.(*z.SetTailContext)))
	}
	page := b.wholePage(chain)
	whole := fold(intersections(chain))
	whole.Page = page
	whole.Span.End = spanOf(last).End
	return whole
}

func (b *builder) setTail(c *z.SetTailContext) operand {
	o := operand{word: firstToken(c)}
	switch o.word.kind {
	case tIntersect:
		o.op = ast.Intersect
	case tExcept:
		o.op = ast.Except
	}
	for _, child := range c.GetChildren()[1:] {
		switch x := child.(type) {
		case *z.SelectCoreContext:
			o.x, o.bare = b.selectCore(x), true
		case *z.ExprContext:
			o.x = b.expr(x)
		case *z.PageClauseContext:
			b.pageClause(&o.page, x)
		case antlr.TerminalNode:
			o.all = true
		}
	}
	return o
}

// wholePage takes the clauses at the end off the last operand. Before the end they would be in doubt.
func (b *builder) wholePage(chain []operand) ast.Page {
	for i := range chain {
		o := &chain[i]
		if o.bare {
			s := o.x.(*ast.Select)
			o.page, s.Page = s.Page, ast.Page{}
		}
		if i < len(chain)-1 && !isZeroPage(o.page) {
			b.fail(ops.CodeSyntax, chain[i+1].word.span(), "put the query before it in brackets",
				"ORDER BY, START, LIMIT, AFTER and VERSION stand at the end of the whole")
		}
	}
	return chain[len(chain)-1].page
}

func isZeroPage(p ast.Page) bool {
	return p.OrderBy == nil && p.Start == nil && p.Limit == nil && p.After == nil && p.Version == nil
}

// intersections folds every run of INTERSECT into one operand.
func intersections(chain []operand) []operand {
	terms := chain[:1]
	for _, o := range chain[1:] {
		if o.op == ast.Intersect {
			left := &terms[len(terms)-1]
			left.x = setOp(left.x, o)
			continue
		}
		terms = append(terms, o)
	}
	return terms
}

func fold(terms []operand) *ast.SetOp {
	x := terms[0].x
	for _, o := range terms[1:] {
		x = setOp(x, o)
	}
	return x.(*ast.SetOp)
}

func setOp(left ast.Expr, o operand) *ast.SetOp {
	return &ast.SetOp{At: atBoth(left, o.x), Kind: o.op, All: o.all, Left: left, Right: o.x}
}
