package astgen

import "github.com/zerodb/zerodb/compiler/ast"

// on draws ON clauses, each kind once.
func (g *generator) on() (ons []ast.On) {
	for _, kind := range []ast.DefKind{ast.DefNone, ast.DefTable, ast.DefDatabase, ast.DefNamespace} {
		if g.int(0, 7) == 0 {
			ons = append(ons, ast.On{Kind: kind, Name: g.name()})
		}
	}
	return ons
}

func (g *generator) defName(kind ast.DefKind) ast.Path {
	switch kind {
	case ast.DefLimit:
		return nil
	case ast.DefParam:
		return ast.Path{g.variable()}
	case ast.DefFunction, ast.DefProgram:
		return g.path()
	}
	return ast.Path{g.name()}
}

func (g *generator) schema() ast.SchemaMode {
	return one(g, ast.SchemaUnsaid, ast.Schemafull, ast.Schemaless)
}

func (g *generator) define() ast.Statement {
	kind := ast.DefKind(g.int(int(ast.DefNamespace), int(ast.DefProgram)))
	d := &ast.Define{Kind: kind, Name: g.defName(kind), IfNotExists: g.rarely(), On: g.on()}
	switch kind {
	case ast.DefNamespace:
		d.On = nil
		d.Consistency, d.Replicas = one(g, "", "strong", "eventual"), maybe(g, g.expr)
		d.PartitionBy, d.Geo = one(g, "", "database", "table", "record"), g.bool()
		d.Programs = one(g, "", "any", "signed", "registered")
	case ast.DefDatabase:
		d.Strict = g.bool()
	case ast.DefTable:
		d.Schema, d.Fields, d.View = g.schema(), some(g, g.fieldDef), maybe(g, g.view)
	case ast.DefEdge:
		d.Schema, d.Fields = g.schema(), some(g, g.fieldDef)
		if g.bool() {
			d.From, d.To = g.namePtr(), g.namePtr()
		}
	case ast.DefType:
		d.Fields = some(g, g.fieldDef)
	case ast.DefEnum:
		d.Variants = some(g, g.name)
	case ast.DefIndex:
		d.IndexFields, d.Unique, d.With = some(g, g.fieldName), g.bool(), maybe(g, g.expr)
	default:
		g.defineMore(d)
	}
	return d
}

func (g *generator) defineMore(d *ast.Define) {
	switch d.Kind {
	case ast.DefParam:
		d.Type, d.Value = maybe(g, g.typ), maybe(g, g.expr)
	case ast.DefFunction:
		d.Type, d.Body = maybe(g, g.typ), maybe(g, g.block)
		d.Params = some(g, func() ast.Param {
			return ast.Param{Name: g.variable(), Type: maybe(g, g.typ), Default: maybe(g, g.expr)}
		})
	case ast.DefModule:
		if g.bool() {
			d.Language, d.Raw = &ast.Name{Text: "javascript"}, one(g, "export function f() {\n  return \"END\"\n}", "const x = 1")
			return
		}
		d.Body = maybe(g, g.block)
	case ast.DefUser:
		d.Password, d.Roles = maybe(g, g.expr), some(g, g.name)
	case ast.DefRole:
		d.Grants = some(g, g.grant)
	case ast.DefKey:
		d.Public = maybe(g, g.expr)
	case ast.DefLimit:
		d.Settings = many(g, 1, 2, func() ast.Setting { return ast.Setting{Name: g.name(), Value: g.operand()} })
	case ast.DefProgram:
		d.As = maybe(g, g.expr)
	}
}

func (g *generator) view() ast.Expr { return pick(g, g.selectQuery, g.setOp) }

func (g *generator) fieldDef() ast.FieldDef {
	return ast.FieldDef{Name: g.fieldName(), Type: maybe(g, g.typ), Value: maybe(g, g.expr), Asserts: some(g, g.expr), ReadOnly: g.bool(), Unique: g.bool()}
}

func (g *generator) grant() ast.Grant {
	return ast.Grant{Rights: many(g, 1, 2, g.right), On: many(g, 1, 2, func() ast.GrantItem {
		item := ast.GrantItem{Kind: one(g, ast.DefNamespace, ast.DefDatabase, ast.DefTable), Name: g.name(), Where: maybe(g, g.exprOrWild)}
		if item.Kind == ast.DefTable {
			item.Fields = some(g, g.fieldName)
		}
		return item
	})}
}

func (g *generator) right() ast.Name {
	return ast.Name{Text: one(g, "select", "create", "define", "a", "on", "end")}
}

// redefine draws what changes, removes or shows definitions.
func (g *generator) redefine() ast.Statement {
	kind := ast.DefKind(g.int(int(ast.DefNamespace), int(ast.DefProgram)))
	switch g.int(0, 3) {
	case 0:
		return &ast.Remove{Kind: kind, Name: g.defName(kind), IfExists: g.bool(), On: g.on()}
	case 1:
		return &ast.Describe{Kind: kind, Name: g.defName(kind), IfExists: g.bool(), On: g.on()}
	case 2:
		return &ast.AlterUser{Name: g.name(), IfExists: g.bool(), Password: maybe(g, g.expr), Roles: some(g, g.name), On: g.on()}
	}
	return &ast.Redefine{Kind: one(g, ast.DefTable, ast.DefEdge, ast.DefType), Name: g.name(), IfExists: g.bool(), As: maybe(g, g.namePtr),
		On: g.on(), Schema: g.schema(), Fields: some(g, func() ast.FieldDef {
			f := g.fieldDef()
			if f.As = maybe(g, g.namePtr); f.As == nil {
				f.Drop = g.bool()
			}
			return f
		})}
}
