package ast

import "strings"

var defKinds = []string{
	DefNamespace: "NAMESPACE", DefDatabase: "DATABASE", DefTable: "TABLE", DefEdge: "EDGE", DefType: "TYPE", DefEnum: "ENUM",
	DefParam: "PARAM", DefIndex: "INDEX", DefFunction: "FUNCTION", DefModule: "MODULE", DefUser: "USER", DefRole: "ROLE",
	DefKey: "KEY", DefLimit: "LIMIT", DefProgram: "PROGRAM",
}

// String returns the kind as it is written, in capitals; nothing for DefNone.
func (k DefKind) String() string {
	if int(k) < len(defKinds) {
		return defKinds[k]
	}
	return ""
}

// defining writes a statement about definitions.
func (p *printer) defining(s Statement) {
	switch s := s.(type) {
	case *Define:
		p.define(s)
	case *Redefine:
		p.redefine(s)
	case *Remove:
		p.remove("REMOVE ", *s)
	case *Describe:
		p.remove("DESCRIBE ", Remove(*s))
	case *AlterUser:
		p.word("ALTER USER ")
		p.flag(s.IfExists, "IF EXISTS ")
		p.name(s.Name.Text)
		p.clause(" PASSWORD ", s.Password)
		p.namesClause(" ROLES ", s.Roles)
		p.on(s.On)
	}
}

func (p *printer) flag(said bool, word string) {
	if said {
		p.word(word)
	}
}

func (p *printer) namesClause(word string, names []Name) {
	if names != nil {
		p.word(word)
		p.names(names)
	}
}

// wordClause writes a clause whose words are kept in small letters.
func (p *printer) wordClause(word, value string) {
	if value != "" {
		p.word(word + strings.ToUpper(value))
	}
}

func (p *printer) on(ons []On) {
	for _, o := range ons {
		p.word(" ON ")
		if o.Kind != DefNone {
			p.word(defKinds[o.Kind] + " ")
		}
		p.name(o.Name.Text)
	}
}

// defName writes the name of a definition: a parameter's with its `$`.
func (p *printer) defName(kind DefKind, name Path) {
	if kind == DefParam {
		p.word("$" + name[0].Text)
		return
	}
	p.path(name)
}

func (p *printer) define(d *Define) {
	p.word("DEFINE " + defKinds[d.Kind])
	if d.Kind != DefLimit {
		p.flag(d.IfNotExists, " IF NOT EXISTS")
		p.word(" ")
		p.defName(d.Kind, d.Name)
	}
	if d.Kind == DefFunction {
		p.params(d.Params)
	}
	p.on(d.On)
	switch d.Kind {
	case DefNamespace, DefDatabase:
		p.defineSpace(d)
	case DefTable, DefEdge, DefType, DefEnum:
		p.defineTable(d)
	case DefIndex:
		p.defineIndex(d)
	case DefFunction, DefModule, DefParam:
		p.defineCode(d)
	default:
		p.defineAccess(d)
	}
}

func (p *printer) defineSpace(d *Define) {
	p.wordClause(" CONSISTENCY ", d.Consistency)
	p.clause(" REPLICAS ", d.Replicas)
	p.wordClause(" PARTITION BY ", d.PartitionBy)
	p.flag(d.Geo, " GEO")
	p.wordClause(" PROGRAMS ", d.Programs)
	p.flag(d.Strict, " STRICT")
}

func (p *printer) schema(mode SchemaMode) {
	p.word([]string{SchemaUnsaid: "", Schemafull: " SCHEMAFULL", Schemaless: " SCHEMALESS"}[mode])
}

func (p *printer) defineTable(d *Define) {
	p.schema(d.Schema)
	p.named(" FROM ", d.From)
	p.named(" TO ", d.To)
	p.namesClause(" VARIANTS ", d.Variants)
	p.fields(d.Fields)
	if d.View != nil {
		p.word(" AS ")
		if beginsWithSelect(d.View) {
			p.rows(d.View)
		} else {
			p.bracketed(d.View)
		}
	}
}

// beginsWithSelect reports whether a query begins with SELECT when it is written without brackets.
func beginsWithSelect(x Expr) bool {
	for {
		switch q := x.(type) {
		case *Select:
			return true
		case *SetOp:
			if s, ok := q.Left.(*Select); ok && !s.isZero() {
				return false
			}
			x = q.Left
		default:
			return false
		}
	}
}

func (p *printer) defineIndex(d *Define) {
	if d.IndexFields != nil {
		p.word(" FIELDS ")
		p.fieldNames(d.IndexFields)
	}
	p.flag(d.Unique, " UNIQUE")
	p.clause(" WITH ", d.With)
}

func (p *printer) defineCode(d *Define) {
	p.typed(d.Type)
	p.clause(" VALUE ", d.Value)
	p.named(" LANGUAGE ", d.Language)
	switch {
	case d.Raw != "":
		p.word(" WITH\n" + d.Raw + "\nEND\n") // END alone on a line
	case d.Body != nil:
		p.word(map[DefKind]string{DefFunction: " DO", DefModule: " WITH"}[d.Kind])
		p.block(d.Body)
		p.word("END")
	}
}

func (p *printer) params(params []Param) {
	p.word("(")
	for i, a := range params {
		p.comma(i)
		p.word("$" + a.Name.Text)
		p.typed(a.Type)
		p.clause(" = ", a.Default)
	}
	p.word(")")
}

func (p *printer) defineAccess(d *Define) {
	p.clause(" PASSWORD ", d.Password)
	p.namesClause(" ROLES ", d.Roles)
	for _, g := range d.Grants {
		p.grant(g)
	}
	p.clause(" PUBLIC ", d.Public)
	for i, s := range d.Settings {
		p.listClause(" ", i)
		p.name(s.Name.Text)
		p.word(" = ")
		p.operand(s.Value, levelOr)
	}
	p.clause(" AS ", d.As)
	if d.Kind == DefLimit {
		p.flag(d.IfNotExists, " IF NOT EXISTS")
	}
}

func (p *printer) grant(g Grant) {
	p.word(" GRANT ")
	for i, right := range g.Rights {
		p.comma(i)
		switch strings.ToLower(right.Text) {
		case "select", "create", "update", "upsert", "delete", "relate", "define": // the usual rights stand bare
			p.plainName(right.Text)
		default:
			p.name(right.Text)
		}
	}
	for i, item := range g.On {
		p.listClause(" ON ", i)
		p.word(defKinds[item.Kind] + " ")
		p.name(item.Name.Text)
		if item.Fields != nil {
			p.word(" FIELDS ")
			p.fieldNames(item.Fields)
		}
		p.clause(" WHERE ", item.Where)
	}
}

func (p *printer) fields(fields []FieldDef) {
	for i, f := range fields {
		p.listClause(" FIELDS ", i)
		p.fieldName(f.Name)
		p.as(f.As)
		p.flag(f.Drop, " AS none")
		p.typed(f.Type)
		p.clause(" VALUE ", f.Value)
		for _, a := range f.Asserts {
			p.clause(" ASSERT ", a)
		}
		p.flag(f.ReadOnly, " READONLY")
		p.flag(f.Unique, " UNIQUE")
	}
}

func (p *printer) redefine(r *Redefine) {
	p.word("REDEFINE " + defKinds[r.Kind] + " ")
	p.flag(r.IfExists, "IF EXISTS ")
	p.name(r.Name.Text)
	p.as(r.As)
	p.on(r.On)
	p.schema(r.Schema)
	p.fields(r.Fields)
}

func (p *printer) remove(word string, r Remove) {
	p.word(word + defKinds[r.Kind])
	if r.Kind == DefLimit {
		p.flag(r.IfExists, " IF EXISTS")
	} else {
		p.flag(r.IfExists, " IF EXISTS")
		p.word(" ")
		p.defName(r.Kind, r.Name)
	}
	p.on(r.On)
}
