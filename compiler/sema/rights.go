package sema

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// Users and roles. They belong to the node: the catalog at hand does not know which there are, so names are checked where a
// definition is applied.

// checkUser checks DEFINE USER.
func (c *checker) checkUser(d *ast.Define) []schema.Ref {
	return c.roles(d.Roles)
}

func (c *checker) roles(names []ast.Name) (refs []schema.Ref) {
	for i, r := range names {
		refs = append(refs, schema.RefTo(schema.ObjectRole, r.Text))
		if slices.ContainsFunc(names[:i], func(o ast.Name) bool { return o.Text == r.Text }) {
			c.failf(ops.CodeAlreadyExists, r.Span, "role %s is there twice", r.Text)
		}
	}
	return refs
}

// password resolves the password of a user: a text, which is then a secret of the source, or a parameter. nil where there is none.
func (c *checker) password(e ast.Expr) Expr {
	switch p := e.(type) {
	case nil:
		return nil
	case *ast.Literal:
		if p.Value.Kind() == ops.KindString {
			c.program.Secrets = append(c.program.Secrets, p.Span)
			return c.expr(p)
		}
	case *ast.Variable:
		if !c.let[p.Name] && !c.session[p.Name] {
			if x, ok := c.expr(p).(*Param); ok {
				return x
			}
		}
	}
	c.fail(ops.Errorf(ops.CodeType, "a password is a text or a parameter").WithHint("PASSWORD \"…\", or PASSWORD $password with the parameter given beside the text"), e.Pos())
	return nil
}

// alterUser is ALTER USER: what it does not name stays.
func (c *checker) alterUser(a *ast.AlterUser) {
	if a.Password == nil && a.Roles == nil {
		c.fail(ops.Errorf(ops.CodeSyntax, "ALTER USER changes the password or the roles").WithHint("ALTER USER %s PASSWORD \"…\" or ROLES a, b", a.Name.Text), a.Span)
		return
	}
	roles := c.roles(a.Roles)
	text := ""
	if a.Roles != nil {
		text = ast.Print(&ast.Define{Kind: ast.DefUser, Name: ast.Path{a.Name}, Roles: a.Roles})
	}
	s := schema.Change{Kind: schema.AlterObject, Name: a.Name.Text, IfExists: a.IfExists, Object: schema.NewObject(schema.ObjectUser, a.Name.Text, text, roles)}
	c.changeWith(s, c.password(a.Password), a.Span)
}

// checkRole checks DEFINE ROLE.
func (c *checker) checkRole(d *ast.Define) []schema.Ref {
	if name := d.Name[0]; name.Text == schema.OwnerRole {
		c.failf(ops.CodeAlreadyExists, name.Span, "the role %s is there without being defined: it may do everything", name.Text)
	}
	if len(d.Grants) == 0 {
		c.fail(ops.Errorf(ops.CodeSyntax, "a role grants something").WithHint("DEFINE ROLE %s GRANT select ON TABLE t", pathText(d.Name)), d.Span)
	}
	for i := range d.Grants {
		c.grant(&d.Grants[i])
	}
	return nil
}

func (c *checker) grant(g *ast.Grant) {
	defines := false
	for _, r := range g.Rights {
		right, ok := vm.RightOf(strings.ToLower(r.Text))
		if !ok {
			var names []string
			for r := range vm.NumRights {
				names = append(names, vm.Right(r).String())
			}
			e := closest(ops.Errorf(ops.CodeUnknownName, "there is no right %s", r.Text), strings.ToLower(r.Text), names)
			if e.Hint == "" {
				e = e.WithHint("rights are %s", strings.Join(names, ", "))
			}
			c.fail(e, r.Span)
		}
		defines = defines || right == vm.RightDefine
	}
	for i := range g.On {
		item := &g.On[i]
		if defines && (item.Where != nil || item.Fields != nil) {
			c.fail(ops.Errorf(ops.CodeSyntax, "the right to define is of the whole, it has neither FIELDS nor WHERE").WithHint("grant it apart"), item.Span)
		}
		for _, f := range item.Fields {
			for _, step := range f.Steps {
				if step.Wild || step.Element {
					c.failf(ops.CodeUnsupported, f.Span, "the fields of a grant are named by their path alone: a grant of a list is of its elements")
				}
			}
		}
		if _, all := item.Where.(*ast.Wild); item.Where != nil && !all {
			bound := []vm.Param{{Name: "this", Type: ops.Any, Optional: true}, {Name: "auth", Type: ops.Any, Optional: true}}
			if at, found := queryIn(item.Where); found {
				c.fail(ops.Errorf(ops.CodeUnsupported, "the condition of a grant is of one record and what it links to, it has no queries").
					WithHint("keep what it asks for in a field of the record"), at)
				continue
			}
			c.stored(item.Where, (*checker).expr, nil, bound...)
		}
	}
}

// queryIn finds a query or a pattern in an expression.
func queryIn(e ast.Expr) (at ops.Span, found bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.Select, *ast.SetOp, *ast.Pattern, *ast.Create, *ast.Update, *ast.Delete, *ast.Relate:
			if !found {
				at, found = n.Pos(), true
			}
		}
		return !found
	})
	return at, found
}
