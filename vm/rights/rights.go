// Package rights decides what a session's roles allow, and makes the view of a database that is left: a catalog without what they do not
// grant, and transactions that show neither the rows nor the fields which they hide. A program runs against that view as it would
// against a database in which the hidden rows, fields and tables were never there; so nothing in a program, and no way through it, has to be trusted.
package rights

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// Grant is one right that a role gives.
type Grant struct {
	Right vm.Right
	// Namespace, Database and Table say on what; "" means everything below the one before.
	Namespace, Database, Table string
	Fields                     []vm.Path // nil: all
	Where                      string    // "": every record; else an expression over $this, the record, and $auth
}

// holds reports whether the grant is of a table of a database; of the whole database for the table "".
func (g *Grant) holds(c schema.Catalog, table string) bool {
	return g.Namespace == c.Namespace() && (g.Database == "" || g.Database == c.Database()) && (g.Table == "" || g.Table == table)
}

// Set is what some roles grant together in one version of a database. It is immutable to its users, who share it.
type Set struct {
	// ID tells sets apart: what was compiled for one is for no other.
	ID      uint64
	base    schema.Catalog
	grants  []Grant // those that can matter in the namespace
	compile vm.Compile
	view    *catalog
	all     bool // everything in the database can be read

	mu     sync.Mutex
	tables map[string]*table
}

var ids atomic.Uint64

// NewSet makes the set of grants in a database. An error means that a condition no longer compiles.
func NewSet(grants []Grant, c schema.Catalog, compile vm.Compile) (*Set, error) {
	s := &Set{ID: ids.Add(1), base: c, compile: compile, tables: map[string]*table{}}
	for _, g := range grants {
		if g.Namespace == c.Namespace() {
			s.grants = append(s.grants, g)
		}
	}
	s.all = slices.ContainsFunc(s.grants, func(g Grant) bool {
		return g.Right == vm.RightSelect && g.Table == "" && g.holds(c, "") && g.Fields == nil && g.Where == ""
	})
	var err error
	s.view, err = s.narrow(c)
	return s, err
}

// Catalog is what is left of the database's.
func (s *Set) Catalog() schema.Catalog { return s.view }

// may reports whether a right is granted on a table at all; on the database itself for the table "".
func (s *Set) may(r vm.Right, table string) bool {
	return slices.ContainsFunc(s.grants, func(g Grant) bool { return g.Right == r && g.holds(s.base, table) })
}

// denied is the answer to a missing right. It says nothing of whether the thing is there.
func denied(r vm.Right, kind, name string) error {
	what := kind
	if name != "" {
		what += " " + name
	}
	return ops.Errorf(ops.CodePermission, "no role of the session grants %s on %s", r, what).WithHint("ask for a role that grants it")
}

// Owners is the answer where only the role owner would do.
func Owners(what string) error {
	return ops.Errorf(ops.CodePermission, "%s needs the role %s", what, schema.OwnerRole)
}

// Table decides whether a table may be used as a right allows, and whether that is all of it.
func (s *Set) Table(name string, r vm.Right) (whole bool, err error) {
	if !s.may(r, name) {
		return false, denied(r, "table", name)
	}
	t, err := s.table(name)
	return err == nil && t.rules[r].whole && t.readable(), err
}

// Program decides whether a program may run. It reports true where it may run without the view, as it touches nothing of which a part is hidden.
func (s *Set) Program(p *vm.Program) (direct bool, err error) {
	direct = true
	for _, u := range vm.Uses(p) {
		whole, err := s.use(u)
		if err != nil {
			return false, err
		}
		direct = direct && whole
	}
	for i := range p.Fragments {
		for _, in := range p.Fragments[i].Code {
			switch in.Op {
			case opcodes.Define, opcodes.DefineSecret:
				if err := s.define(&p.Defs[in.A]); err != nil {
					return false, err
				}
			case opcodes.Describe:
				direct = false
				if o := p.Defs[in.B].Object; o != nil && o.Kind.OfNode() {
					return false, Owners("DESCRIBE " + strings.ToUpper(o.Kind.String()))
				}
			}
		}
	}
	return direct, nil
}

func (s *Set) use(u vm.Use) (whole bool, err error) {
	switch {
	case u.Table == "*":
		return s.all && u.Right == vm.RightSelect, nil
	case u.Table == "sys::tables" || u.Table == "sys::indexes":
		return false, nil
	case strings.HasPrefix(u.Table, "sys::"):
		return false, Owners("reading " + u.Table)
	}
	return s.Table(u.Table, u.Right)
}

// define decides about a change of definitions.
func (s *Set) define(c *schema.Change) error {
	if c.Object != nil && c.Object.Kind.OfNode() {
		return Owners("defining a " + c.Object.Kind.String())
	}
	at := place{namespace: s.base.Namespace(), database: s.base.Database()}
	if c.Namespace != "" {
		at.namespace = c.Namespace
	}
	if c.Database != "" {
		at.database = c.Database
	}
	switch c.Kind {
	case schema.UseDatabase:
		return nil
	case schema.DefineNamespace, schema.RemoveNamespace:
		return s.defines(place{namespace: c.Name}, "namespace", c.Name)
	case schema.DefineDatabase, schema.RemoveDatabase:
		at.database = c.Name
		return s.defines(at, "database", c.Name)
	case schema.DefineIndex, schema.RemoveIndex:
		at.table = c.Index.Table
		return s.defines(at, "table", at.table)
	case schema.DefineObject, schema.RemoveObject:
		return s.defines(at, "database", at.database)
	}
	at.table = c.Name
	if c.Redefinition != nil && c.Redefinition.To != "" {
		to := at
		if to.table = c.Redefinition.To; s.defines(to, "", "") != nil {
			return denied(vm.RightDefine, "table", to.table)
		}
	}
	return s.defines(at, "table", at.table)
}

// place is what a definition is of.
type place struct{ namespace, database, table string }

func (s *Set) defines(at place, kind, name string) error {
	for i := range s.grants {
		g := &s.grants[i]
		if g.Right == vm.RightDefine && g.Namespace == at.namespace && (g.Database == "" || g.Database == at.database) && (g.Table == "" || g.Table == at.table) {
			return nil
		}
	}
	return denied(vm.RightDefine, kind, name)
}
