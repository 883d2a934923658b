package zerodb

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/storage"
	"github.com/zerodb/zerodb/vm"
	"github.com/zerodb/zerodb/vm/rights"
)

// Identity is for whom a session works. What it may do are the rights of its roles, as they are defined at the time of each
// statement.
type Identity struct {
	// User is its name. The roles of a user that is defined under it are the session's.
	User string
	// Roles are more of them, where something else than the database says who has which.
	Roles []string
	// Claims is an object whose members the conditions of grants read as members of $auth, beside user and roles; None: none.
	Claims Value
}

// holder is a session's identity and what it may do, as far as that was asked for.
type holder struct {
	Identity
	node  Catalog // that roles are of
	roles []string
	owner bool
	auth  Value

	base Catalog // that set is of
	set  *rights.Set
}

// rightsCache keeps sets of rights, which sessions with the same roles share.
type rightsCache struct {
	mu   sync.Mutex
	node Catalog
	sets map[rightsKey]*rights.Set
}

type rightsKey struct {
	roles string
	base  Catalog
}

// maxSets is how many sets are kept: one for each combination of roles, and version of a database, that is in use.
const maxSets = 256

// rights returns what the session may do in a version of its database; nil: everything.
func (s *Session) rights(cat Catalog) (*rights.Set, error) {
	h := s.holder
	if h == nil {
		return nil, nil
	}
	node, err := s.db.store.Node()
	if err != nil {
		return nil, err
	}
	if node != h.node {
		h.look(node)
	}
	if h.owner || h.base == cat {
		return h.set, nil
	}
	if h.set, err = s.db.setOf(h, cat, s.dirty(cat)); err != nil {
		return nil, err
	}
	h.base = cat
	return h.set, nil
}

// look finds out about the roles.
func (h *holder) look(node Catalog) {
	h.node, h.base, h.set = node, nil, nil
	h.roles = slices.Clone(h.Roles)
	if u := node.Object(schema.ObjectUser, h.User); u != nil {
		h.roles = append(h.roles, rolesOf(u)...)
	}
	slices.Sort(h.roles)
	h.roles = slices.Compact(h.roles)
	h.owner = slices.Contains(h.roles, schema.OwnerRole)
	auth := map[string]Value{}
	if h.Claims.Kind() == ops.KindObject {
		for _, m := range h.Claims.AsObject() {
			auth[m.Name] = m.Value
		}
	}
	auth["user"], auth["roles"] = ops.String(h.User), textsOf(h.roles)
	var ms []ops.Member
	for _, name := range slices.Sorted(maps.Keys(auth)) {
		ms = append(ms, ops.Member{Name: name, Value: auth[name]})
	}
	h.auth = ops.Object(ms)
}

// rolesOf names the roles of a user.
func rolesOf(u *schema.Object) (names []string) {
	for _, r := range u.Requires {
		names = append(names, r.Name)
	}
	return names
}

// setOf makes a set of rights, or finds it. One of definitions that are not committed is kept by nobody.
func (db *DB) setOf(h *holder, cat Catalog, private bool) (*rights.Set, error) {
	key := rightsKey{strings.Join(h.roles, "\x00"), cat}
	c := &db.rights
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.node != h.node || len(c.sets) >= maxSets {
		c.node, c.sets = h.node, map[rightsKey]*rights.Set{}
	}
	if set := c.sets[key]; set != nil {
		return set, nil
	}
	var grants []rights.Grant
	for _, name := range h.roles {
		o := h.node.Object(schema.ObjectRole, name)
		if o == nil {
			continue // a role that is not there grants nothing
		}
		more, err := grantsOf(o)
		if err != nil {
			return nil, err
		}
		grants = append(grants, more...)
	}
	set, err := rights.NewSet(grants, cat, compiler.Expr)
	if err == nil && !private {
		c.sets[key] = set
	}
	return set, err
}

// grantsOf reads what a role grants out of its definition.
func grantsOf(role *schema.Object) (all []rights.Grant, err error) {
	script, errs := parse.Parse(role.Text)
	if len(errs) > 0 || len(script.Statements) != 1 {
		return nil, ops.Errorf(ops.CodeCorrupt, "the definition of role %s cannot be read", role.Name)
	}
	d, ok := script.Statements[0].(*ast.Define)
	if !ok {
		return nil, ops.Errorf(ops.CodeCorrupt, "the definition of role %s is none of a role", role.Name)
	}
	for i := range d.Grants {
		for j := range d.Grants[i].On {
			item := grantOn(role, &d.Grants[i].On[j], role.Text)
			for _, name := range d.Grants[i].Rights {
				right, ok := vm.RightOf(strings.ToLower(name.Text))
				if !ok {
					return nil, ops.Errorf(ops.CodeCorrupt, "role %s grants %s, which is no right of this version", role.Name, name.Text)
				}
				item.Right = right
				all = append(all, item)
			}
		}
	}
	return all, nil
}

// grantOn is a grant of what an item names, without the right.
func grantOn(role *schema.Object, item *ast.GrantItem, text string) rights.Grant {
	g := rights.Grant{Namespace: role.Namespace, Database: role.Database}
	switch item.Kind {
	case ast.DefNamespace:
		g.Namespace, g.Database = item.Name.Text, ""
	case ast.DefDatabase:
		g.Database = item.Name.Text
	default:
		g.Table = item.Name.Text
	}
	for _, f := range item.Fields {
		var path vm.Path
		for _, step := range f.Steps {
			path = append(path, step.Name.Text)
		}
		g.Fields = append(g.Fields, path)
	}
	if _, all := item.Where.(*ast.Wild); item.Where != nil && !all {
		at := item.Where.Pos()
		g.Where = text[at.Start:at.End]
	}
	return g
}

// through is the transaction through which the session uses a table by key, if it has the rights that it takes: tx itself where nothing of
// the table is hidden from it.
func (s *Session) through(tx *storage.Txn, table string, needs ...vm.Right) (vm.Txn, error) {
	set, err := s.rights(tx.Catalog())
	if err != nil || set == nil {
		return tx, err
	}
	direct := true
	for _, r := range needs {
		whole, err := set.Table(table, r)
		if err != nil {
			return nil, err
		}
		direct = direct && whole
	}
	if direct {
		return tx, nil
	}
	return set.Over(tx, s.holder.auth, s.db.env), nil
}

// seen is a catalog as the session sees it; set is 0 where that is all of it.
func (s *Session) seen(cat Catalog) (view Catalog, set uint64, err error) {
	r, err := s.rights(cat)
	if err != nil || r == nil {
		return cat, 0, err
	}
	return r.Catalog(), r.ID, nil
}

// shade takes out of a conflict what another transaction has written, for a session that may not know.
func (s *Session) shade(err error) error {
	if s.holder == nil || s.holder.owner || err == nil || ops.CodeOf(err) != ops.CodeConflict {
		return err
	}
	e := ops.Errorf(ops.CodeConflict, "another transaction has changed what this one has read").WithHint("run the transaction again")
	e.Conflict = &ops.ConflictInfo{RetryNow: true}
	return e
}

// IsOwner reports whether an identity has the role owner; nil is the owner.
func (db *DB) IsOwner(id *Identity) (bool, error) {
	if id == nil {
		return true, nil
	}
	node, err := db.store.Node()
	if err != nil {
		return false, err
	}
	h := holder{Identity: *id}
	h.look(node)
	return h.owner, nil
}

// HasUsers reports whether any user is defined.
func (db *DB) HasUsers() (bool, error) {
	node, err := db.store.Node()
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(node.Objects(), func(o *schema.Object) bool { return o.Kind == schema.ObjectUser }), nil
}

// PasswordHash returns what is kept of a user's password, for ops.IsPassword; "" where there is none.
func (db *DB) PasswordHash(user string) (hash string, defined bool, err error) {
	node, err := db.store.Node()
	if err != nil {
		return "", false, err
	}
	u := node.Object(schema.ObjectUser, user)
	if u == nil {
		return "", false, nil
	}
	return u.Secret, true, nil
}
