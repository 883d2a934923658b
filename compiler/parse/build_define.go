package parse

import (
	"strconv"
	"strings"

	"github.com/antlr4-go/antlr/v4"

	"github.com/zerodb/zerodb/compiler/ast"
	z "github.com/zerodb/zerodb/gen/zeroql"
	"github.com/zerodb/zerodb/ops"
)

var defKinds = map[int32]ast.DefKind{
	tNamespace: ast.DefNamespace, tDatabase: ast.DefDatabase, tTable: ast.DefTable, tEdge: ast.DefEdge, tType: ast.DefType,
	tEnum: ast.DefEnum, tParam: ast.DefParam, tIndex: ast.DefIndex, tFunction: ast.DefFunction, tModule: ast.DefModule,
	tUser: ast.DefUser, tRole: ast.DefRole, tKey: ast.DefKey, tLimit: ast.DefLimit, tProgram: ast.DefProgram,
}

func (b *builder) define(c *z.DefineStmtContext) ast.Statement {
	definition := c.GetChild(1)
	d := &ast.Define{At: at(c), Kind: defKinds[kindOf(definition.GetChild(0))]}
	for _, child := range definition.GetChildren()[1:] {
		switch x := child.(type) {
		case *z.NameContext:
			d.Name = ast.Path{b.name(x)}
		case *z.ParamNameContext:
			d.Name = ast.Path{b.paramName(x)}
		case *z.PathContext:
			d.Name = b.path(x)
		case *z.ParamContext:
			d.Params = append(d.Params, b.param(x))
		case antlr.ParserRuleContext:
			b.defineClause(d, x)
		case antlr.TerminalNode:
			if kindOf(x) == tIfNotExists {
				d.IfNotExists = true
			}
		}
	}
	return d
}

// defineClause takes one clause of a definition of any kind: the grammar has seen to it that the kind has it.
func (b *builder) defineClause(d *ast.Define, c antlr.ParserRuleContext) {
	switch first := c.GetChild(0).(type) {
	case *z.OnClauseContext:
		d.On = b.addOn(d.On, first)
	case *z.FieldsClauseContext:
		b.once(d.Fields != nil, c)
		d.Fields = b.fieldDefs(first)
	case *z.SettingContext:
		for _, child := range c.GetChildren() {
			if s, ok := child.(*z.SettingContext); ok {
				d.Settings = append(d.Settings, ast.Setting{At: at(s), Name: b.name(s.Name()), Value: b.e(s.E().(*z.EContext))})
			}
		}
	case antlr.TerminalNode:
		b.defineWord(d, c, kindOf(first))
	}
}

// defineWord takes a clause that begins with a keyword.
func (b *builder) defineWord(d *ast.Define, c antlr.ParserRuleContext, word int32) {
	children := c.GetChildren()
	switch word {
	case tIfNotExists:
		b.once(d.IfNotExists, c)
		d.IfNotExists = true
	case tConsistency:
		b.once(d.Consistency != "", c)
		d.Consistency = lowerText(children[1])
	case tReplicas:
		b.once(d.Replicas != nil, c)
		d.Replicas = b.expr(children[1])
	case tPartition:
		b.once(d.PartitionBy != "", c)
		d.PartitionBy = partitions[kindOf(children[len(children)-1])]
	case tPrograms:
		b.once(d.Programs != "", c)
		d.Programs = lowerText(children[1])
	case tGeo:
		b.once(d.Geo, c)
		d.Geo = true
	case tStrict:
		b.once(d.Strict, c)
		d.Strict = true
	case tSchemafull, tSchemaless:
		b.schema(&d.Schema, c, word)
	case tUnique:
		b.once(d.Unique, c)
		d.Unique = true
	default:
		b.defineParts(d, c, word)
	}
}

var partitions = map[int32]string{tDatabase: "database", tTable: "table", tRecord: "record"}

func lowerText(t antlr.Tree) string { return strings.ToLower(firstToken(t).text()) }

// schema takes SCHEMAFULL or SCHEMALESS; the two exclude one another.
func (b *builder) schema(mode *ast.SchemaMode, c antlr.ParserRuleContext, word int32) {
	said := ast.Schemafull
	if word == tSchemaless {
		said = ast.Schemaless
	}
	b.once(*mode == said, c)
	if *mode != ast.SchemaUnsaid && *mode != said {
		b.fail(ops.CodeSyntax, spanOf(c), "", "SCHEMAFULL and SCHEMALESS exclude one another")
	}
	*mode = said
}

// defineParts takes a clause of names, expressions or statements.
func (b *builder) defineParts(d *ast.Define, c antlr.ParserRuleContext, word int32) {
	children := c.GetChildren()
	switch word {
	case tFrom: // FROM a TO b
		b.once(d.From != nil, c)
		d.From, d.To = b.nameRef(children[1]), b.nameRef(children[3])
	case tVariants:
		b.once(d.Variants != nil, c)
		d.Variants = b.names(children)
	case tRoles:
		b.once(d.Roles != nil, c)
		d.Roles = b.names(children)
	case tFields:
		b.once(d.IndexFields != nil, c)
		d.IndexFields = b.fieldNames(children)
	case tType:
		b.once(d.Type != nil, c)
		d.Type = b.typ(children[1].(*z.TypeContext))
	case tLanguage:
		b.once(d.Language != nil, c)
		d.Language = b.nameRef(children[1])
	case tGrant:
		d.Grants = append(d.Grants, b.grant(c))
	case tAs:
		b.defineAs(d, c)
	case tDo, tWithBody:
		b.defineBody(d, c, children[1])
	default:
		b.defineExpr(d, c, word, children[1])
	}
}

func (b *builder) defineAs(d *ast.Define, c antlr.ParserRuleContext) {
	b.once(d.View != nil || d.As != nil, c)
	body, ok := c.GetChild(1).(*z.ViewBodyContext)
	if !ok {
		d.As = b.expr(c.GetChild(1))
		return
	}
	if s, ok := body.GetChild(0).(*z.SelectStmtContext); ok {
		d.View = b.selectStmt(s)
		return
	}
	d.View = b.setOps(b.paren(body.GetChild(0).(*z.ParenContext)), body.GetChildren()[1:])
	switch d.View.(type) {
	case *ast.Select, *ast.SetOp:
	default:
		b.fail(ops.CodeSyntax, d.View.Pos(), "", "a view is AS SELECT …")
	}
}

func (b *builder) defineBody(d *ast.Define, c antlr.ParserRuleContext, body antlr.Tree) {
	b.once(d.Body != nil || d.Raw != "", c)
	if t := tokenOf(body); t != nil {
		d.Raw = strings.TrimRight(t.text(), " \t\r\n")
		return
	}
	d.Body = b.block(body.(*z.BlockContext))
}

// defineExpr takes a clause of a keyword and an expression.
func (b *builder) defineExpr(d *ast.Define, c antlr.ParserRuleContext, word int32, x antlr.Tree) {
	into := &d.Value
	switch word {
	case tWith:
		into = &d.With
	case tPassword:
		into = &d.Password
	case tPublic:
		into = &d.Public
	}
	b.once(*into != nil, c)
	*into = b.expr(x)
}

// on takes `ON [kind] name`.
func (b *builder) on(c *z.OnClauseContext) ast.On {
	return ast.On{At: at(c), Kind: defKinds[kindOf(c.GetChild(1))], Name: b.name(c.Name())}
}

// addOn adds an ON, of which each kind may stand once.
func (b *builder) addOn(ons []ast.On, c *z.OnClauseContext) []ast.On {
	on := b.on(c)
	for _, o := range ons {
		b.once(o.Kind == on.Kind, c)
	}
	return append(ons, on)
}

func (b *builder) param(c *z.ParamContext) ast.Param {
	p := ast.Param{At: at(c), Name: b.paramName(c.ParamName())}
	if t := c.Type_(); t != nil {
		p.Type = b.typ(t.(*z.TypeContext))
	}
	if e := c.Expr(); e != nil {
		p.Default = b.expr(e)
	}
	return p
}

// ---- fields

func (b *builder) fieldDefs(c *z.FieldsClauseContext) []ast.FieldDef {
	defs := make([]ast.FieldDef, 0, c.GetChildCount()/2)
	for _, child := range c.GetChildren() {
		if f, ok := child.(*z.FieldDefContext); ok {
			defs = append(defs, b.fieldDef(f))
		}
	}
	return defs
}

// fieldDef takes a field of DEFINE or REDEFINE; only the latter has AS.
func (b *builder) fieldDef(c antlr.ParserRuleContext) ast.FieldDef {
	f := ast.FieldDef{At: at(c)}
	for _, child := range c.GetChildren() {
		switch x := child.(type) {
		case *z.FieldNameContext:
			f.Name = b.fieldName(x)
		case *z.FieldClauseContext:
			b.fieldClause(&f, x)
		case *z.NameContext:
			b.once(f.As != nil || f.Drop, x)
			// AS none takes the field away; a name of these letters stands in backticks.
			if t := firstToken(x); t.kind != tQuoted && strings.EqualFold(t.text(), "none") {
				f.Drop = true
			} else {
				f.As = b.nameRef(x)
			}
		}
	}
	return f
}

func (b *builder) fieldClause(f *ast.FieldDef, c *z.FieldClauseContext) {
	switch kindOf(c.GetChild(0)) {
	case tType:
		b.once(f.Type != nil, c)
		f.Type = b.typ(c.GetChild(1).(*z.TypeContext))
	case tValue:
		b.once(f.Value != nil, c)
		f.Value = b.expr(c.GetChild(1))
	case tAssert:
		f.Asserts = append(f.Asserts, b.expr(c.GetChild(1)))
	case tReadonly:
		b.once(f.ReadOnly, c)
		f.ReadOnly = true
	case tUnique:
		b.once(f.Unique, c)
		f.Unique = true
	}
}

func (b *builder) fieldNames(children []antlr.Tree) (fields []ast.FieldName) {
	for _, c := range children {
		if f, ok := c.(*z.FieldNameContext); ok {
			fields = append(fields, b.fieldName(f))
		}
	}
	return fields
}

// fieldName takes `address.city`, `tags[*]`, `meta.*`.
func (b *builder) fieldName(c *z.FieldNameContext) ast.FieldName {
	f := ast.FieldName{At: at(c)}
	children := c.GetChildren()
	for i, child := range children {
		switch x := child.(type) {
		case *z.NameContext:
			f.Steps = append(f.Steps, ast.FieldStep{Name: b.name(x)})
		case antlr.TerminalNode:
			if kindOf(x) == tWild {
				element := kindOf(children[i-1]) == tLBrack
				f.Steps = append(f.Steps, ast.FieldStep{Wild: !element, Element: element})
			}
		}
	}
	return f
}

// ---- roles

func (b *builder) grant(c antlr.ParserRuleContext) ast.Grant {
	g := ast.Grant{At: at(c)}
	for _, child := range c.GetChildren() {
		switch x := child.(type) {
		case *z.NameContext:
			g.Rights = append(g.Rights, b.name(x))
		case *z.GrantItemContext:
			b.grantItem(&g, x)
		}
	}
	return g
}

// grantItem adds an item; one that is a bare field goes on with the FIELDS of the item before it.
func (b *builder) grantItem(g *ast.Grant, c *z.GrantItemContext) {
	item := ast.GrantItem{At: at(c), Kind: defKinds[kindOf(c.GetChild(0))]}
	for _, child := range c.GetChildren() {
		switch x := child.(type) {
		case *z.NameContext:
			item.Name = b.name(x)
		case *z.FieldNameContext:
			item.Fields = append(item.Fields, b.fieldName(x))
		case *z.ConditionContext:
			item.Where = b.condition(x)
		}
	}
	if item.Kind != ast.DefNone {
		g.On = append(g.On, item)
		return
	}
	if len(g.On) == 0 || g.On[len(g.On)-1].Fields == nil || g.On[len(g.On)-1].Where != nil {
		b.fail(ops.CodeSyntax, item.Span, "", "expected NAMESPACE, DATABASE or TABLE before a name")
		return
	}
	last := &g.On[len(g.On)-1]
	last.Fields = append(last.Fields, item.Fields...)
	last.Where = item.Where
	last.Span = last.Span.Cover(item.Span)
}

// ---- what changes definitions

func (b *builder) redefine(c *z.RedefineStmtContext) ast.Statement {
	r := &ast.Redefine{At: at(c), Kind: defKinds[kindOf(c.GetChild(1))]}
	named := false
	for _, child := range c.GetChildren()[2:] {
		switch x := child.(type) {
		case *z.NameContext:
			if !named {
				r.Name, named = b.name(x), true
				continue
			}
			b.once(r.As != nil, x)
			r.As = b.nameRef(x)
		case *z.RedefineFieldContext:
			r.Fields = append(r.Fields, b.fieldDef(x))
		case *z.RedefineClauseContext:
			b.redefineClause(r, x)
		case antlr.TerminalNode:
			if kindOf(x) == tIfExists {
				r.IfExists = true
			}
		}
	}
	return r
}

func (b *builder) redefineClause(r *ast.Redefine, c *z.RedefineClauseContext) {
	if on, ok := c.GetChild(0).(*z.OnClauseContext); ok {
		r.On = b.addOn(r.On, on)
		return
	}
	switch word := kindOf(c.GetChild(0)); word {
	case tIfExists:
		b.once(r.IfExists, c)
		r.IfExists = true
	default:
		b.schema(&r.Schema, c, word)
	}
}

// remove takes REMOVE and DESCRIBE.
func (b *builder) remove(c *z.RemoveStmtContext) ast.Statement {
	r := ast.Remove{At: at(c)}
	target := c.RemoveTarget().(*z.RemoveTargetContext)
	r.Kind = defKinds[kindOf(target.GetChild(0))]
	for _, child := range target.GetChildren()[1:] {
		switch x := child.(type) {
		case *z.NameContext:
			r.Name = ast.Path{b.name(x)}
		case *z.ParamNameContext:
			r.Name = ast.Path{b.paramName(x)}
		case *z.PathContext:
			r.Name = b.path(x)
		default:
			r.IfExists = true
		}
	}
	for _, child := range c.GetChildren()[2:] {
		if on, ok := child.(*z.OnClauseContext); ok {
			r.On = b.addOn(r.On, on)
			continue
		}
		b.once(r.IfExists, child)
		r.IfExists = true
	}
	if kindOf(c.GetChild(0)) == tDescribe {
		d := ast.Describe(r)
		return &d
	}
	return &r
}

func (b *builder) alter(c *z.AlterStmtContext) ast.Statement {
	a := &ast.AlterUser{At: at(c), Name: b.name(c.Name()), IfExists: c.IF_EXISTS() != nil}
	for _, child := range c.AllAlterClause() {
		clause := child.(*z.AlterClauseContext)
		switch kindOf(clause.GetChild(0)) {
		case tPassword:
			b.once(a.Password != nil, clause)
			a.Password = b.expr(clause.GetChild(1))
		case tRoles:
			b.once(a.Roles != nil, clause)
			a.Roles = b.names(clause.GetChildren())
		case tIfExists:
			b.once(a.IfExists, clause)
			a.IfExists = true
		default:
			a.On = b.addOn(a.On, clause.GetChild(0).(*z.OnClauseContext))
		}
	}
	return a
}

// ---- types

func (b *builder) typ(c *z.TypeContext) *ast.Type {
	t := &ast.Type{At: at(c), Len: -1, Optional: c.GetChildCount() > 1}
	simple := c.GetChild(0).(*z.SimpleTypeContext)
	switch kindOf(simple.GetChild(0)) {
	case tLBrack:
		t.Kind = ast.TypeList
	case tLParen:
		t.Kind = ast.TypeTuple
	}
	for _, child := range simple.GetChildren() {
		switch x := child.(type) {
		case *z.PathContext:
			t.Name = b.path(x)
		case *z.TypeContext:
			t.Args = append(t.Args, b.typ(x))
		case antlr.TerminalNode:
			if tok := tokenOf(x); tok.kind == tInt {
				t.Len = b.arrayLen(tok)
			}
		}
	}
	return t
}

func (b *builder) arrayLen(t *token) int64 {
	n, err := strconv.ParseInt(strings.ReplaceAll(t.text(), "_", ""), 10, 32)
	if err != nil {
		b.fail(ops.CodeNumberOutOfRange, t.span(), "", "an array of %s elements is too long", t.text())
	}
	return n
}
