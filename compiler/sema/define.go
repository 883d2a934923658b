package sema

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

var defNames = map[ast.DefKind]string{
	ast.DefType: "TYPE", ast.DefEnum: "ENUM", ast.DefParam: "PARAM", ast.DefFunction: "FUNCTION", ast.DefModule: "MODULE",
	ast.DefUser: "USER", ast.DefRole: "ROLE", ast.DefKey: "KEY", ast.DefLimit: "LIMIT", ast.DefProgram: "PROGRAM",
}

// change adds a definition statement and applies it to the script's own catalog, so that later statements see it.
func (c *checker) change(s schema.Change, at ops.Span) { c.changeWith(s, nil, at) }

// changeWith is change with the password of a user.
func (c *checker) changeWith(s schema.Change, password Expr, at ops.Span) {
	kind := vm.StatementDefine
	if s.Kind == schema.UseDatabase {
		kind = vm.StatementUse
	}
	c.add(Statement{Kind: kind, Span: at, Silent: true, Body: &Define{s, password}})
	if c.catalog == nil {
		c.catalog = schema.NewMemory("", "")
	}
	next, err := c.catalog.Apply(s)
	if err != nil {
		c.fail(asError(err), at)
		return
	}
	c.catalog = next
}

// location reads the ON clauses: which namespace, database or table a definition is of. `ON name` alone says the likeliest.
func (c *checker) location(on []ast.On, bare ast.DefKind) (namespace, database string, table *ast.Name) {
	for _, o := range on {
		kind := o.Kind
		if kind == ast.DefNone {
			kind = bare
		}
		switch kind {
		case ast.DefNamespace:
			namespace = o.Name.Text
		case ast.DefDatabase:
			database = o.Name.Text
		case ast.DefTable:
			name := o.Name
			table = &name
		}
	}
	return namespace, database, table
}

func (c *checker) define(d *ast.Define) {
	s := schema.Change{IfExists: d.IfNotExists}
	if len(d.Name) > 0 {
		s.Name = pathText(d.Name)
	}
	switch d.Kind {
	case ast.DefNamespace:
		c.defineNamespace(d, s)
	case ast.DefDatabase:
		s.Kind, s.Strict = schema.DefineDatabase, d.Strict
		s.Namespace, _, _ = c.location(d.On, ast.DefNamespace)
		c.change(s, d.Span)
	case ast.DefTable, ast.DefEdge:
		c.defineTable(d, s)
	case ast.DefIndex:
		c.defineIndex(d, s)
	default:
		c.defineObject(d, s)
	}
}

// objectCheck says how a definition that is kept as its text is checked: the check reports its errors and returns what the
// definition names.
func (c *checker) objectCheck(kind ast.DefKind) (of schema.ObjectKind, check func(*ast.Define) []schema.Ref) {
	switch kind {
	case ast.DefType:
		return schema.ObjectType, c.checkType
	case ast.DefEnum:
		return schema.ObjectEnum, c.checkEnum
	case ast.DefFunction:
		return schema.ObjectFunction, c.checkFunction
	case ast.DefModule:
		return schema.ObjectModule, c.checkModule
	case ast.DefParam:
		return schema.ObjectParam, c.checkParam
	case ast.DefUser:
		return schema.ObjectUser, c.checkUser
	case ast.DefRole:
		return schema.ObjectRole, c.checkRole
	}
	return 0, nil
}

// defineObject keeps a definition as its text, once it has been checked.
func (c *checker) defineObject(d *ast.Define, s schema.Change) {
	kind, check := c.objectCheck(d.Kind)
	if check == nil {
		c.unsupported(d.Span, "DEFINE "+defNames[d.Kind])
		return
	}
	s.Kind = schema.DefineObject
	s.Namespace, s.Database, _ = c.location(d.On, ast.DefDatabase)
	before := len(c.errs)
	requires := check(d)
	if len(c.errs) > before {
		return
	}
	plain := *d
	plain.IfNotExists, plain.On, plain.Password = false, nil, nil
	s.Object = schema.NewObject(kind, s.Name, ast.Print(&plain), requires)
	c.changeWith(s, c.password(d.Password), d.Span)
}

func (c *checker) defineNamespace(d *ast.Define, s schema.Change) {
	s.Kind, s.Consistency, s.PartitionBy = schema.DefineNamespace, d.Consistency, d.PartitionBy
	if d.Geo {
		c.unsupported(d.Span, "GEO")
	}
	if d.Programs != "" {
		c.unsupported(d.Span, "PROGRAMS")
	}
	if d.Replicas != nil {
		x, ok := c.expr(d.Replicas).(*Const)
		if !ok || x.Value.Kind() != ops.KindInt || x.Value.AsInt() < 1 || x.Value.AsInt() > 255 {
			c.failf(ops.CodeNumberOutOfRange, d.Replicas.Pos(), "REPLICAS takes a number from 1 to 255")
			return
		}
		s.Replicas = int(x.Value.AsInt())
	}
	c.change(s, d.Span)
}

func (c *checker) defineTable(d *ast.Define, s schema.Change) {
	if d.View != nil {
		c.defineView(d, s)
		return
	}
	s.Kind = schema.DefineTable
	s.Namespace, s.Database, _ = c.location(d.On, ast.DefDatabase)
	t := &schema.Table{Name: s.Name, Edge: d.Kind == ast.DefEdge}
	t.Schemafull = d.Schema == ast.Schemafull || d.Schema == ast.SchemaUnsaid && d.Fields != nil
	if d.From != nil {
		t.From = d.From.Text
	}
	if d.To != nil {
		t.To = d.To.Text
	}
	since := len(c.needs)
	for i := range d.Fields {
		c.defineField(t, &d.Fields[i])
	}
	t.Requires = schema.Refs(c.required(since))
	s.Table = t
	c.change(s, d.Span)
}

func (c *checker) defineField(t *schema.Table, f *ast.FieldDef) {
	field := c.fieldOf(f, true)
	if len(field.Path) == 0 {
		return
	}
	if name := field.Path[0]; name == "id" || t.Edge && (name == "in" || name == "out") {
		c.failf(ops.CodeAlreadyExists, f.Name.Span, "%s is there without being defined", name)
		return
	}
	if slices.ContainsFunc(t.Fields, func(o schema.Field) bool { return slices.Equal(o.Path, field.Path) }) {
		c.failf(ops.CodeAlreadyExists, f.Name.Span, "field %s is defined twice", strings.Join(field.Path, "."))
		return
	}
	t.Fields = append(append(t.Fields, field), c.membersOf(field)...)
	if f.Unique {
		name := strings.Join(field.Path, "_") + "_unique"
		t.Indexes = append(t.Indexes, &schema.Index{Name: name, Table: t.Name, Fields: [][]string{field.Path}, Unique: true})
	}
}

// stored is the source of an expression that the schema keeps, after it has been checked with what is bound there: $this, the
// record, and for a rule $value, the field's value.
func (c *checker) stored(e ast.Expr, resolve func(*checker, ast.Expr) Expr, look func(Expr), bound ...vm.Param) string {
	guard := newChecker(c.src, Options{Bound: bound, Objects: c.opt.Objects, Parse: c.opt.Parse})
	guard.catalog, guard.guard = c.catalog, true
	x := resolve(guard, e)
	c.errs, c.needs = append(c.errs, guard.errs...), append(c.needs, guard.needs...)
	if look != nil && len(guard.errs) == 0 {
		look(x)
	}
	return c.text(e.Pos())
}

func (c *checker) defineIndex(d *ast.Define, s schema.Change) {
	s.Kind = schema.DefineIndex
	var table *ast.Name
	s.Namespace, s.Database, table = c.location(d.On, ast.DefTable)
	if table == nil {
		c.fail(ops.Errorf(ops.CodeSyntax, "an index needs a table").WithHint("DEFINE INDEX %s ON TABLE t FIELDS …", s.Name), d.Span)
		return
	}
	if d.With != nil && !c.isOrdered(d.With) {
		c.unsupported(d.With.Pos(), "an index with "+c.text(d.With.Pos()))
	}
	ix := &schema.Index{Name: s.Name, Table: table.Text, Unique: d.Unique}
	for _, f := range d.IndexFields {
		ix.Fields = append(ix.Fields, c.steps(f))
	}
	if len(ix.Fields) == 0 {
		c.fail(ops.Errorf(ops.CodeSyntax, "an index needs FIELDS").WithHint("DEFINE INDEX %s ON TABLE %s FIELDS name", s.Name, table.Text), d.Span)
		return
	}
	t := c.indexed(table)
	for i, f := range ix.Fields {
		if t != nil && len(f) > 0 {
			c.fieldType(t, f[0], d.IndexFields[i].Span)
		}
	}
	s.Index = ix
	if t != nil || c.catalog == nil {
		c.change(s, d.Span)
	}
}

// indexed looks up the table of an index, which must be defined.
func (c *checker) indexed(name *ast.Name) *schema.Table {
	if c.catalog == nil {
		return nil
	}
	t := c.catalog.Table(name.Text)
	if t == nil && c.fromWrites[name.Text] {
		// A write of this script makes it; so that later statements can use the index, it is defined here.
		c.catalog, _ = c.catalog.Apply(schema.Change{Kind: schema.DefineTable, Name: name.Text, Table: &schema.Table{}})
		return c.catalog.Table(name.Text)
	}
	if t == nil {
		var names []string
		for _, t := range c.catalog.Tables() {
			names = append(names, t.Name)
		}
		e := closest(ops.Errorf(ops.CodeUnknownTable, "there is no table %s", name.Text), name.Text, names)
		if e.Hint == "" {
			e = e.WithHint("DEFINE TABLE %s first", name.Text)
		}
		c.fail(e, name.Span)
	}
	return t
}

// isOrdered reports whether an index's WITH asks for what the one kind there is does: index::btree(), and index::hash(), which
// finds equal values; an ordered index does so too.
func (c *checker) isOrdered(e ast.Expr) bool {
	call, ok := e.(*ast.Call)
	return ok && len(call.Func) == 2 && call.Func[0].Text == "index" && (call.Func[1].Text == "btree" || call.Func[1].Text == "hash") && len(call.Args) == 0
}

// ---- REMOVE, DESCRIBE, INFO, USE

// subjects are the definitions that can be removed and described, with the changes that name them.
type subject struct{ define, remove schema.ChangeKind }

var subjects = map[ast.DefKind]subject{
	ast.DefNamespace: {schema.DefineNamespace, schema.RemoveNamespace},
	ast.DefDatabase:  {schema.DefineDatabase, schema.RemoveDatabase},
	ast.DefTable:     {schema.DefineTable, schema.RemoveTable},
	ast.DefEdge:      {schema.DefineTable, schema.RemoveTable},
	ast.DefIndex:     {schema.DefineIndex, schema.RemoveIndex},
}

func (c *checker) subjectOf(kind ast.DefKind) (subject, bool) {
	if _, check := c.objectCheck(kind); check != nil {
		return subject{schema.DefineObject, schema.RemoveObject}, true
	}
	s, ok := subjects[kind]
	return s, ok
}

// subject fills in which definition a statement is of.
func (c *checker) subject(s *schema.Change, kind ast.DefKind, name ast.Path, on []ast.On, at ops.Span) bool {
	if len(name) > 0 {
		s.Name = pathText(name)
	}
	if of, check := c.objectCheck(kind); check != nil {
		s.Namespace, s.Database, _ = c.location(on, ast.DefDatabase)
		s.Object = &schema.Object{Kind: of, Name: s.Name}
		return true
	}
	switch kind {
	case ast.DefDatabase:
		s.Namespace, _, _ = c.location(on, ast.DefNamespace)
	case ast.DefTable, ast.DefEdge:
		s.Namespace, s.Database, _ = c.location(on, ast.DefDatabase)
	case ast.DefIndex:
		return c.onTable(s, on, at)
	}
	return true
}

func (c *checker) remove(r *ast.Remove) {
	kinds, ok := c.subjectOf(r.Kind)
	if !ok {
		c.unsupported(r.Span, "REMOVE "+defNames[r.Kind])
		return
	}
	s := schema.Change{Kind: kinds.remove, IfExists: r.IfExists}
	if !c.subject(&s, r.Kind, r.Name, r.On, r.Span) {
		return
	}
	c.asView(&s)
	if c.missing(&s, r.Name) {
		return
	}
	if s.Kind == schema.RemoveTable {
		delete(c.fromWrites, s.Name)
	}
	c.change(s, r.Span)
}

// missing reports that a definition to be removed or shown is not there, with the one of nearly that name.
func (c *checker) missing(s *schema.Change, written ast.Path) bool {
	if c.catalog == nil || s.IfExists || s.Namespace != "" || s.Database != "" || len(written) == 0 {
		return false
	}
	kind, names, there := c.namesLike(s)
	if there || kind == "" {
		return false
	}
	slices.Sort(names)
	at := written[0].Span.Cover(written[len(written)-1].Span)
	code := ops.CodeNotFound
	if s.Index != nil {
		code, kind = ops.CodeUnknownIndex, "index of "+s.Index.Table+" called"
	}
	c.fail(closest(ops.Errorf(code, "there is no %s %s", kind, s.Name), s.Name, names), at)
	return true
}

// namesLike are the definitions of the kind that a change is of, and whether its own is among them; kind is "" where nothing is known.
func (c *checker) namesLike(s *schema.Change) (kind string, names []string, there bool) {
	switch s.Kind {
	case schema.DefineTable, schema.RemoveTable:
		for _, t := range c.catalog.Tables() {
			names = append(names, t.Name)
		}
		for _, o := range c.catalog.Objects() {
			if o.Kind == schema.ObjectView {
				names = append(names, o.Name)
			}
		}
		return "table", names, c.fromWrites[s.Name] || slices.Contains(names, s.Name)
	case schema.DefineIndex, schema.RemoveIndex:
		t := c.catalog.Table(s.Index.Table)
		if t == nil {
			return "", nil, false
		}
		for _, ix := range t.Indexes {
			names = append(names, ix.Name)
		}
		return "index", names, slices.Contains(names, s.Name)
	case schema.DefineObject, schema.RemoveObject:
		if s.Object.Kind.OfNode() { // those of other databases are there too
			return "", nil, false
		}
		for _, o := range c.catalog.Objects() {
			if o.Kind == s.Object.Kind {
				names = append(names, o.Name)
			}
		}
		return s.Object.Kind.String(), names, c.catalog.Object(s.Object.Kind, s.Name) != nil
	}
	return "", nil, false
}

// onTable fills in which index a change is of.
func (c *checker) onTable(s *schema.Change, on []ast.On, at ops.Span) bool {
	var table *ast.Name
	s.Namespace, s.Database, table = c.location(on, ast.DefTable)
	if table == nil {
		c.fail(ops.Errorf(ops.CodeSyntax, "an index is of a table").WithHint("say ON TABLE t"), at)
		return false
	}
	s.Index = &schema.Index{Name: s.Name, Table: table.Text}
	return true
}

func (c *checker) describe(d *ast.Describe) {
	kinds, ok := c.subjectOf(d.Kind)
	if !ok {
		c.unsupported(d.Span, "DESCRIBE "+defNames[d.Kind])
		return
	}
	s := schema.Change{Kind: kinds.define, IfExists: d.IfExists}
	if c.subject(&s, d.Kind, d.Name, d.On, d.Span) {
		c.asView(&s)
		if !c.missing(&s, d.Name) {
			c.add(Statement{Kind: vm.StatementQuery, Span: d.Span, Body: &Describe{s}})
		}
	}
}

// info is DESCRIBE of where one is: the session's database, with its tables.
func (c *checker) info(i *ast.Info) {
	s := schema.Change{Kind: schema.DefineDatabase}
	switch i.Kind {
	case ast.DefNamespace:
		s.Kind = schema.DefineNamespace
	case ast.DefTable:
		s.Kind = schema.DefineTable
	}
	if i.Name != nil {
		s.Name = i.Name.Text
	}
	c.asView(&s)
	c.add(Statement{Kind: vm.StatementQuery, Span: i.Span, Body: &Describe{s}})
}

func (c *checker) use(u *ast.Use) {
	s := schema.Change{Kind: schema.UseDatabase}
	if u.Namespace != nil {
		s.Namespace = u.Namespace.Text
	}
	if u.Database != nil {
		s.Database = u.Database.Text
	}
	c.change(s, u.Span)
}
