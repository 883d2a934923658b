package rights

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// catalog is what a set leaves of a catalog: the tables on which something is granted, with the fields that are, and the indexes that
// tell nothing of others. Tables keep their fingerprints: what they ask of their records stays the same.
type catalog struct {
	schema.Catalog
	set     *Set
	tables  []*schema.Table
	objects schema.Objects
	texts   bool // whether the text of definitions is shown
}

// narrow makes the view of a catalog.
func (s *Set) narrow(c schema.Catalog) (*catalog, error) {
	n := &catalog{Catalog: c, set: s, texts: s.may(vm.RightDefine, "")}
	for _, desc := range c.Tables() {
		t, err := s.table(desc.Name)
		if err != nil {
			return nil, err
		}
		if t.known {
			n.tables = append(n.tables, t.narrow(desc))
		}
	}
	n.objects = s.known(c.Objects())
	return n, nil
}

// known are the definitions that name no table which cannot be read, also not through others: what they are made of would tell of it.
func (s *Set) known(all schema.Objects) schema.Objects {
	for {
		kept := slices.DeleteFunc(slices.Clone(all), func(o *schema.Object) bool {
			return slices.ContainsFunc(o.Requires, func(r schema.Ref) bool {
				if r.Kind != schema.RefObject {
					return !s.may(vm.RightSelect, r.Name)
				}
				return r != schema.RefTo(o.Kind, o.Name) && all.Find(r.Object, r.Name) == nil
			})
		})
		if len(kept) == len(all) {
			return kept
		}
		all = kept
	}
}

// Described is Catalog as it may be shown.
func (s *Set) Described() schema.Catalog { return described{s.view} }

// narrow is what of a table's definition may be known.
func (t *table) narrow(desc *schema.Table) *schema.Table {
	seen := t.seen()
	if seen.whole && t.readable() || len(t.rules[vm.RightDefine].grants) > 0 { // who defines the table knows all of its definition
		return desc
	}
	n := *desc
	n.Fields, n.Indexes, n.Shapes, n.Pending = nil, nil, nil, nil
	var hidden []string
	for i := range desc.Fields {
		if path := desc.Fields[i].Path; seen.at(path) == nil {
			hidden = append(hidden, path[len(path)-1])
		}
	}
	for i := range desc.Fields {
		f := desc.Fields[i]
		if seen.at(f.Path) == nil {
			continue
		}
		if names(f.Default, hidden) {
			f.Default = ""
		}
		f.Asserts = slices.DeleteFunc(slices.Clone(f.Asserts), func(rule string) bool { return names(rule, hidden) })
		n.Fields = append(n.Fields, f)
	}
	for _, ix := range desc.Indexes {
		if !slices.ContainsFunc(ix.Fields, func(path []string) bool { return !t.always(path) }) {
			n.Indexes = append(n.Indexes, ix)
		}
	}
	return &n
}

// names reports whether a text has one of some names in it.
func names(text string, hidden []string) bool {
	return slices.ContainsFunc(hidden, func(name string) bool { return strings.Contains(text, name) })
}

// seen has the fields that may be known: those of which something may be read or written. Who defines the table knows all.
func (t *table) seen() *shape {
	all := &shape{}
	for r := range t.rules {
		if vm.Right(r) == vm.RightDelete {
			continue
		}
		for i := range t.rules[r].grants {
			all = all.with(t.rules[r].grants[i].fields)
		}
	}
	return all
}

// always reports whether a field can be read in every row that is shown: only then an index over it tells nothing more than the rows.
func (t *table) always(path []string) bool {
	if len(path) > 0 && fixed(path[0], t.edge) {
		return true
	}
	grants := t.rules[vm.RightSelect].grants
	return len(grants) > 0 && !slices.ContainsFunc(grants, func(g granted) bool {
		s := g.fields.at(path)
		return s == nil || !s.whole
	})
}

// Table implements schema.Catalog.
func (c *catalog) Table(name string) *schema.Table {
	i, ok := slices.BinarySearchFunc(c.tables, name, func(t *schema.Table, name string) int { return strings.Compare(t.Name, name) })
	if !ok {
		return nil
	}
	return c.tables[i]
}

// Tables implements schema.Catalog.
func (c *catalog) Tables() []*schema.Table { return c.tables }

// Object implements schema.Catalog.
func (c *catalog) Object(kind schema.ObjectKind, name string) *schema.Object {
	return c.objects.Find(kind, name)
}

// Objects implements schema.Catalog.
func (c *catalog) Objects() schema.Objects { return c.objects }

// Rows implements schema.Catalog: of a table of which a part is hidden nothing is known.
func (c *catalog) Rows(name string) int64 {
	if !c.counted(name) {
		return -1
	}
	return c.Catalog.Rows(name)
}

// Stats implements schema.Catalog.
func (c *catalog) Stats(name string) *schema.Stats {
	if !c.counted(name) {
		return nil
	}
	return c.Catalog.Stats(name)
}

func (c *catalog) counted(name string) bool {
	t, err := c.set.table(name)
	return err == nil && t.readable()
}

// described is a catalog as it is described: without the texts of definitions, which name tables, for who does not define the database.
type described struct{ *catalog }

// Object implements schema.Catalog.
func (d described) Object(kind schema.ObjectKind, name string) *schema.Object {
	return d.show(d.catalog.Object(kind, name))
}

// Objects implements schema.Catalog.
func (d described) Objects() schema.Objects {
	all := make(schema.Objects, len(d.objects))
	for i, o := range d.objects {
		all[i] = d.show(o)
	}
	return all
}

func (d described) show(o *schema.Object) *schema.Object {
	if o == nil || d.texts {
		return o
	}
	return &schema.Object{Kind: o.Kind, Name: o.Name, Requires: o.Requires}
}
