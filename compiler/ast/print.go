package ast

import "strings"

// Print writes a node as ZeroQL, on one line but for a script's statements and a module's body in another language. The
// text parses to the same tree, spans aside, with no brackets that the tree does not need. It is for messages, plans and
// tests; package format is what lays out a text that people keep.
func Print(n Node) string {
	var p printer
	p.node(n)
	return p.b.String()
}

// printer writes nodes.
type printer struct {
	b strings.Builder
	// quoting is set where every keyword that is a name takes backticks: in definitions, and with opening.
	quoting bool
	// opening is set behind words that would be names themselves before another name.
	opening bool
}

func (p *printer) word(s string) { p.b.WriteString(s) }

func (p *printer) node(n Node) {
	switch n := n.(type) {
	case *Script:
		p.statements(n.Statements, ";\n")
	case Statement:
		p.statement(n)
	case Expr:
		p.rows(n)
	case *Type:
		p.typ(n)
	case EdgeExpr:
		p.edge(n, edgeOr)
	case FieldName:
		p.fieldName(n)
	case Name:
		p.name(n.Text)
	}
}

// ---- names

// name writes a name where an operand may stand.
func (p *printer) name(s string) {
	quoted, keyword := keywords[strings.ToLower(s)]
	p.nameOr(s, keyword && (quoted || p.quoting))
}

// plainName writes a name where nothing but a name can stand: behind a dot, a path's colons, AS, or a record's colon.
func (p *printer) plainName(s string) { p.nameOr(s, false) }

func (p *printer) nameOr(s string, quoted bool) {
	if quoted || !isIdentifier(s) {
		p.word("`" + s + "`")
		return
	}
	p.word(s)
}

func (p *printer) names(list []Name) {
	for i, n := range list {
		p.comma(i)
		p.name(n.Text)
	}
}

func (p *printer) comma(i int) {
	if i > 0 {
		p.word(", ")
	}
}

func (p *printer) path(path Path) {
	if len(path) == 1 {
		p.name(path[0].Text)
		return
	}
	for i, n := range path {
		if i > 0 {
			p.word("::")
			p.plainName(n.Text)
		} else {
			p.leading(n.Text)
		}
	}
}

// leading writes a name before a colon, which makes a name of any word but does not keep the word before from being one.
func (p *printer) leading(s string) { p.nameOr(s, p.opening && IsKeyword(s) || isReserved(s)) }

func (p *printer) as(n *Name) {
	if n != nil {
		p.word(" AS ")
		p.nameOr(n.Text, p.quoting && strings.EqualFold(n.Text, "select")) // AS SELECT is a view's
	}
}

func (p *printer) fieldName(f FieldName) {
	for i, s := range f.Steps {
		switch {
		case s.Element:
			p.word("[*]")
		case s.Wild:
			p.word(".*")
		case i > 0:
			p.word(".")
			p.plainName(s.Name.Text)
		default:
			p.name(s.Name.Text)
		}
	}
}

func (p *printer) fieldNames(fs []FieldName) {
	for i, f := range fs {
		p.comma(i)
		p.fieldName(f)
	}
}

// ---- statements

func (p *printer) statements(list []Statement, separator string) {
	for i, s := range list {
		if i > 0 {
			p.word(separator)
		}
		p.statement(s)
	}
}

// block writes statements with a space before and behind.
func (p *printer) block(list []Statement) {
	p.word(" ")
	p.statements(list, "; ")
	if len(list) > 0 {
		p.word(" ")
	}
}

func (p *printer) statement(s Statement) {
	if p.quoting { // a function's body within its definition
		p.quoting = false
		defer func() { p.quoting = true }()
	}
	switch s := s.(type) {
	case *ExprStatement:
		p.rows(s.X)
	case *Let:
		p.word("LET $" + s.Name.Text)
		p.typed(s.Type)
		p.word(" = ")
		p.rows(s.Value)
	case *Set:
		p.word("SET $")
		p.word(s.Target.Base.Text)
		p.steps(s.Target.Steps)
		p.word(assignOps[s.Op])
		p.rows(s.Value)
	case *For:
		p.word("FOR $" + s.Var.Text + " IN ")
		p.rows(s.In)
		p.word(" DO")
		p.block(s.Body)
		p.word("END")
	case *While:
		p.opened("WHILE ", s.Cond)
		p.word(" DO")
		p.block(s.Body)
		p.word("END")
	case *Break:
		p.word("BREAK")
	case *Continue:
		p.word("CONTINUE")
	case *Return:
		p.word("RETURN")
		switch {
		case s.As != nil: // behind a bare query AS would be its last source's
			p.word(" ")
			p.expr(s.Value)
		case s.Value != nil:
			p.word(" ")
			p.rows(s.Value)
		}
		p.as(s.As)
	case *Transaction:
		p.word([]string{Begin: "BEGIN", Commit: "COMMIT", Cancel: "CANCEL"}[s.Kind])
	default:
		p.rareStatement(s)
	}
}

func (p *printer) rareStatement(s Statement) {
	switch s := s.(type) {
	case *Explain:
		p.word("EXPLAIN ")
		if s.Analyze {
			p.word("ANALYZE ")
		}
		p.explained(s.Statement)
	case *LiveSelect:
		p.word("LIVE ")
		p.rows(s.Query)
		p.clause(" SINCE ", s.Since)
	case *Kill:
		p.word("KILL ")
		p.expr(s.ID)
	case *Analyze:
		p.word("ANALYZE TABLE ")
		p.quoting = true
		p.name(s.Table.Text)
		p.named(" ON DATABASE ", s.On)
		p.quoting = false
	case *Use:
		p.word("USE")
		p.quoting = true
		p.named(" NAMESPACE ", s.Namespace)
		p.named(" DATABASE ", s.Database)
		p.quoting = false
	case *Info:
		p.word("INFO")
		if s.Kind != DefNone {
			p.word(" FOR " + defKinds[s.Kind])
			p.quoting = true
			p.named(" ", s.Name)
			p.quoting = false
		}
	default:
		p.quoting = true
		p.defining(s)
		p.quoting = false
	}
}

// explained writes a statement behind EXPLAIN, which before most signs is a name.
func (p *printer) explained(s Statement) {
	var statement printer
	statement.statement(s)
	text := statement.b.String()
	sign := strings.Contains(signs, text[:1]) && text != "*"
	if sign || len(text) > 5 && strings.EqualFold(text[:6], "table:") { // ANALYZE TABLE is a statement
		text = "(" + text + ")"
	}
	p.word(text)
}

// named writes a word and a name, or nothing.
func (p *printer) named(word string, n *Name) {
	if n != nil {
		p.word(word)
		p.name(n.Text)
	}
}

// clause writes a word and an expression, or nothing.
func (p *printer) clause(word string, x Expr) {
	if x != nil {
		p.word(word)
		p.expr(x)
	}
}

func (p *printer) typed(t *Type) {
	if t != nil {
		p.word(" TYPE ")
		p.typ(t)
	}
}

func (p *printer) typ(t *Type) {
	switch t.Kind {
	case TypeList:
		p.word("[")
		p.types(t.Args)
		if t.Len >= 0 {
			p.word(" ")
			p.integer(t.Len)
		}
		p.word("]")
	case TypeTuple:
		p.word("(")
		p.types(t.Args)
		p.word(")")
	default:
		p.path(t.Name)
		if len(t.Args) > 0 {
			p.word("[")
			p.types(t.Args)
			p.word("]")
		}
	}
	if t.Optional {
		p.word("?")
	}
}

func (p *printer) types(ts []*Type) {
	for i, t := range ts {
		p.comma(i)
		p.typ(t)
	}
}

// ---- queries

// rows writes an expression where a query may stand without brackets.
func (p *printer) rows(x Expr) {
	switch x := x.(type) {
	case *Select:
		p.selectQuery(x)
	case *SetOp:
		p.setOp(x)
	case *Create, *Update, *Delete, *Relate:
		p.writing(x)
	default:
		p.expr(x)
	}
}

func (p *printer) writing(x Expr) {
	switch x := x.(type) {
	case *Create:
		p.opened("CREATE ", x.Target)
		p.data(x.Data)
		p.ifNotExists(x.IfNotExists)
		p.returning(x.Return)
	case *Update:
		word := "UPDATE "
		if x.Upsert {
			word = "UPSERT "
		}
		p.opened(word, x.Target)
		p.data(x.Data)
		p.clause(" WHERE ", x.Where)
		p.returning(x.Return)
	case *Delete:
		p.opened("DELETE ", x.Target)
		p.clause(" WHERE ", x.Where)
		p.returning(x.Return)
	case *Relate:
		p.opened("RELATE ", x.Pattern)
		p.data(x.Data)
		p.clause(" WHERE ", x.Where)
		p.ifNotExists(x.IfNotExists)
		p.returning(x.Return)
	}
}

func (p *printer) ifNotExists(said bool) {
	if said {
		p.word(" IF NOT EXISTS")
	}
}

var assignOps = []string{AssignSet: " = ", AssignAdd: " += ", AssignSub: " -= ", AssignMul: " *= ", AssignDiv: " /= ", AssignMod: " %= "}

func (p *printer) data(d *Data) {
	switch {
	case d == nil:
	case d.Content != nil:
		p.clause(" CONTENT ", d.Content)
	case d.Object != nil:
		p.clause(" SET ", d.Object)
	case d.Columns != nil:
		p.word(" SET (")
		p.fieldNames(d.Columns)
		p.word(") VALUES ")
		for i, row := range d.Rows {
			p.comma(i)
			p.word("(")
			p.list(row)
			p.word(")")
		}
	default:
		p.word(" SET ")
		for i, a := range d.Set {
			p.comma(i)
			p.name(a.Target.Base.Text)
			p.steps(a.Target.Steps)
			p.word(assignOps[a.Op])
			p.expr(a.Value)
		}
	}
}

func (p *printer) steps(steps []PathStep) {
	for _, s := range steps {
		switch {
		case s.Name != nil:
			p.word(".")
			p.plainName(s.Name.Text)
		case s.All:
			p.word("[*]")
		default:
			p.word("[")
			p.inBrackets(s.Index)
			p.word("]")
		}
	}
}

func (p *printer) returning(r *Returning) {
	if r == nil {
		return
	}
	p.word(" RETURN ")
	switch r.Kind {
	case ReturnNone:
		p.word("NONE")
	case ReturnBefore:
		p.word("BEFORE")
	case ReturnAfter:
		p.word("AFTER")
	default:
		if len(r.Items) == 1 && r.Items[0].As == nil && p.returnsField(r.Items[0].X) {
			return
		}
		p.items(r.Items)
	}
}

// returnsField writes what alone would be taken for RETURN NONE, BEFORE or AFTER.
func (p *printer) returnsField(x Expr) bool {
	switch x := x.(type) {
	case *Literal:
		if x.Value.IsNone() {
			p.word("(none)")
			return true
		}
	case *Ident:
		if strings.EqualFold(x.Name, "before") || strings.EqualFold(x.Name, "after") {
			p.nameOr(x.Name, true)
			return true
		}
	}
	return false
}

func (p *printer) items(items []SelectItem) {
	for i, item := range items {
		p.comma(i)
		p.expr(item.X)
		p.as(item.As)
	}
}

// firstItem writes the item behind SELECT, DISTINCT or VALUE, each of which is a name before some signs.
func (p *printer) firstItem(s *Select) {
	item := printer{quoting: true}
	item.expr(s.Items[0].X)
	text := item.b.String()
	sign := text[0] == '+' || text[0] == '.'
	if s.Distinct || s.Value {
		sign = strings.Contains(signs, text[:1])
	}
	if sign && text != "*" {
		text = "(" + text + ")"
	}
	p.word(text)
	p.as(s.Items[0].As)
}

func (p *printer) selectQuery(s *Select) {
	p.word("SELECT ")
	if s.Distinct {
		p.word("DISTINCT ")
	}
	if s.Value {
		p.word("VALUE ")
	}
	p.firstItem(s)
	if len(s.Items) > 1 {
		p.word(", ")
		p.items(s.Items[1:])
	}
	if s.Omit != nil {
		p.word(" OMIT ")
		p.fieldNames(s.Omit)
	}
	p.from(s.From)
	p.clause(" WHERE ", s.Where)
	if s.NoIndex {
		p.word(" WITH NO INDEX")
		if s.Indexes != nil {
			p.word(" ")
			p.names(s.Indexes)
		}
	} else if s.Indexes != nil {
		p.word(" WITH INDICES ")
		p.names(s.Indexes)
	}
	for i, x := range s.GroupBy {
		p.listClause(" GROUP BY ", i)
		p.expr(x)
	}
	p.clause(" HAVING ", s.Having)
	p.page(s.Page)
}

// listClause writes the word of a clause before its first item, commas before the others.
func (p *printer) listClause(word string, i int) {
	if i == 0 {
		p.word(word)
	} else {
		p.word(", ")
	}
}

// opened writes a word that is a name before most signs and names, and an expression.
func (p *printer) opened(word string, x Expr) {
	p.word(word)
	if _, wild := x.(*Wild); wild {
		p.word("*")
		return
	}
	p.signed(x, levelRange)
}

func (p *printer) from(sources []Source) {
	for i, s := range sources {
		p.listClause(" FROM ", i)
		p.expr(s.X)
		p.as(s.As)
		for _, j := range s.Joins {
			if j.Left {
				p.word(" LEFT")
			}
			p.word(" JOIN ")
			p.expr(j.X)
			p.as(j.As)
			p.clause(" ON ", j.On)
		}
	}
}

func (p *printer) page(page Page) {
	for i, o := range page.OrderBy {
		p.listClause(" ORDER BY ", i)
		p.expr(o.X)
		if o.Desc {
			p.word(" DESC")
		}
	}
	p.clause(" START AT ", page.Start)
	p.clause(" LIMIT ", page.Limit)
	p.clause(" AFTER ", page.After)
	p.clause(" VERSION ", page.Version)
}

func (g Page) isZero() bool {
	return g.OrderBy == nil && g.Start == nil && g.Limit == nil && g.After == nil && g.Version == nil
}

var setOps = []string{Union: " UNION ", Intersect: " INTERSECT ", Except: " EXCEPT "}

// setOp writes a chain from left to right; INTERSECT binds tighter than the others.
func (p *printer) setOp(s *SetOp) {
	// The chain leans to the left: it is walked down in a loop.
	var chain []*SetOp
	left := Expr(s)
	for {
		op, ok := left.(*SetOp)
		if !ok || len(chain) > 0 && !(op.isZero() && (op.Kind == Intersect || chain[len(chain)-1].Kind != Intersect)) {
			break
		}
		chain = append(chain, op)
		left = op.Left
	}
	p.setOperand(left, false)
	for i := len(chain) - 1; i >= 0; i-- {
		op := chain[i]
		p.word(setOps[op.Kind])
		if op.All {
			p.word("ALL ")
		}
		p.setOperand(op.Right, op.Kind != Intersect)
	}
	p.page(s.Page)
}

// setOperand writes an operand; tighter says that an INTERSECT needs no brackets.
func (p *printer) setOperand(x Expr, tighter bool) {
	switch q := x.(type) {
	case *Select:
		if q.isZero() {
			p.selectQuery(q)
			return
		}
	case *SetOp:
		if tighter && q.Kind == Intersect && q.isZero() {
			p.setOp(q)
			return
		}
	}
	p.expr(x)
}
