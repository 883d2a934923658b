package lint

import (
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
)

// binding is a variable in its scope.
type binding struct {
	at   ops.Span
	what string // "variable $x", "parameter $a of f"
	read bool
}

// scopes goes over the blocks of a text with the variables that each has.
type scopes struct {
	*linter
	stack []map[string]*binding
}

// variables finds variables that are never read, and those that hide another of an outer block.
func (l *linter) variables(script *ast.Script) {
	s := &scopes{linter: l}
	s.block(nil, func() { s.statements(script.Statements) })
}

// block runs f in a scope of its own, in which first is declared.
func (s *scopes) block(first func(), f func()) {
	s.stack = append(s.stack, map[string]*binding{})
	if first != nil {
		first()
	}
	f()
	last := len(s.stack) - 1
	for _, b := range s.stack[last] {
		if !b.read {
			s.report(ops.Errorf(ops.CodeUnusedVariable, "%s is never read", b.what).WithHint("leave it out"), b.at)
		}
	}
	s.stack = s.stack[:last]
}

func (s *scopes) declare(name ast.Name, what string) {
	for _, outer := range s.stack[:len(s.stack)-1] {
		if outer[name.Text] != nil {
			s.report(ops.Errorf(ops.CodeShadowedName, "$%s hides a variable of that name of an outer block", name.Text).
				WithHint("choose another name, or change the outer one with SET"), name.Span)
		}
	}
	s.stack[len(s.stack)-1][name.Text] = &binding{at: name.Span, what: what}
}

// read notes that the innermost variable of a name is read; a name without one is a parameter of the text.
func (s *scopes) read(name string) {
	for i := len(s.stack) - 1; i >= 0; i-- {
		if b := s.stack[i][name]; b != nil {
			b.read = true
			return
		}
	}
}

func (s *scopes) statements(all []ast.Statement) {
	for _, st := range all {
		s.node(st)
	}
}

func (s *scopes) node(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Variable:
			s.read(n.Name)
		case *ast.Let:
			s.node(n.Value)
			s.declare(n.Name, "variable $"+n.Name.Text)
			return false
		case *ast.For:
			s.node(n.In)
			s.block(func() { s.declare(n.Var, "variable $"+n.Var.Text) }, func() { s.statements(n.Body) })
			return false
		case *ast.While:
			s.node(n.Cond)
			s.block(nil, func() { s.statements(n.Body) })
			return false
		case *ast.If:
			s.branches(n)
			return false
		case *ast.Define:
			return s.function(n)
		}
		return true
	})
}

func (s *scopes) branches(n *ast.If) {
	for i := range n.Arms {
		s.node(n.Arms[i].Cond)
		s.block(nil, func() { s.statements(n.Arms[i].Then) })
	}
	s.block(nil, func() { s.statements(n.Else) })
}

// function goes over a definition with a body, which sees none of the variables around it. It reports whether the definition is still
// to be gone over.
func (s *scopes) function(d *ast.Define) bool {
	if d.Kind != ast.DefFunction {
		return true
	}
	inner := &scopes{linter: s.linter}
	inner.block(func() {
		for _, p := range d.Params {
			inner.declare(p.Name, "parameter $"+p.Name.Text)
		}
	}, func() { inner.statements(d.Body) })
	return false
}

// aliases finds aliases of a subquery that hide one of a query around it.
func (l *linter) aliases(n ast.Node) { l.aliasesIn(n, map[string]bool{}) }

func (l *linter) aliasesIn(n ast.Node, outer map[string]bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		q, ok := n.(*ast.Select)
		if !ok {
			return true
		}
		own := map[string]bool{}
		for name := range outer {
			own[name] = true
		}
		for i := range q.From {
			for _, name := range aliasesOf(&q.From[i]) {
				if outer[name.Text] {
					l.report(ops.Errorf(ops.CodeShadowedName, "the alias %s hides one of the query around it", name.Text).
						WithHint("choose another name"), name.Span)
				}
				own[name.Text] = true
			}
		}
		l.inside(q, own)
		return false
	})
}

// inside goes over the parts of a query.
func (l *linter) inside(q *ast.Select, names map[string]bool) {
	ast.Inspect(q, func(n ast.Node) bool {
		if n == ast.Node(q) {
			return true
		}
		if inner, ok := n.(*ast.Select); ok {
			l.aliasesIn(inner, names)
			return false
		}
		return true
	})
}

// aliasesOf lists the names that a source gives with AS, those of its subqueries left out.
func aliasesOf(s *ast.Source) (names []ast.Name) {
	ast.Inspect(s, func(n ast.Node) bool {
		var as *ast.Name
		switch n := n.(type) {
		case *ast.Select:
			return false
		case *ast.Source:
			as = n.As
		case ast.Join:
			as = n.As
		case *ast.Aliased:
			as = n.As
		}
		if as != nil {
			names = append(names, *as)
		}
		return true
	})
	return names
}
