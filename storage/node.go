package storage

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// The users and roles of the node. They are objects of a catalog of their own, which is there from the beginning and has no tables; a
// transaction reads and changes it like that of another database.

// applyToNode changes a definition of the node; at is where the tables are that a role names.
func (t *Txn) applyToNode(c *schema.Change, at place) error {
	node, err := t.catalogOf(nodePlace)
	if err != nil {
		return err
	}
	switch c.Kind {
	case schema.DefineObject:
		if c.Object.Kind == schema.ObjectRole {
			if c.Name == schema.OwnerRole {
				return ops.Errorf(ops.CodeAlreadyExists, "the role %s is there without being defined", c.Name)
			}
			o := *c.Object
			o.Namespace, o.Database = at.namespace, at.database
			n := *c
			n.Object, c = &o, &n
		}
		if err := t.knownRoles(node, c.Object); err != nil {
			return err
		}
		return t.defineObject(node, c)
	case schema.AlterObject:
		return t.alterObject(node, c)
	case schema.RemoveObject:
		return t.removeObject(node, c)
	}
	return ops.Errorf(ops.CodeInternal, "schema change of kind %d of a %s", c.Kind, c.Object.Kind)
}

// alterObject gives an object another text or another secret.
func (t *Txn) alterObject(node *catalog, c *schema.Change) error {
	kind := c.Object.Kind
	old := node.Object(kind, c.Name)
	if err := t.useObject(node, kind, c.Name); err != nil {
		return err
	}
	if old == nil {
		if c.IfExists {
			return nil
		}
		return ops.Errorf(ops.CodeNotFound, "there is no %s %s", kind, c.Name)
	}
	text, roles := old.Text, old.Requires
	if c.Object.Text != "" {
		text, roles = c.Object.Text, c.Object.Requires
	}
	o := schema.NewObject(kind, c.Name, text, roles)
	o.Secret, o.Namespace, o.Database = old.Secret, old.Namespace, old.Database
	if c.Object.Secret != "" {
		o.Secret = c.Object.Secret
	}
	if err := t.knownRoles(node, o); err != nil {
		return err
	}
	if err := putJSON(t.kv, objectKey(node.id, kind, c.Name), o); err != nil {
		return err
	}
	n := *node
	n.objects = node.objects.With(o)
	return t.setCatalog(&n)
}

// knownRoles refuses a user with a role that is not defined. A role may be removed later all the same: it grants nothing then.
func (t *Txn) knownRoles(node *catalog, o *schema.Object) error {
	if o.Kind != schema.ObjectUser {
		return nil
	}
	for _, ref := range o.Requires {
		r := ref.Name
		if r == schema.OwnerRole || node.Object(schema.ObjectRole, r) != nil {
			continue
		}
		names := []string{schema.OwnerRole}
		for _, o := range node.objects {
			if o.Kind == schema.ObjectRole {
				names = append(names, o.Name)
			}
		}
		slices.Sort(names)
		return ops.Errorf(ops.CodeNotFound, "there is no role %s", r).WithHint("roles are %s", strings.Join(names, ", "))
	}
	return nil
}
