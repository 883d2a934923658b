package vm

import (
	"fmt"
	"strings"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// What REDEFINE TABLE asks of a program: its form in a file and in a listing, and the values that records get which have none.

func appendRedefinition(dst []byte, r *schema.Redefinition) []byte {
	dst = append(appendText(dst, r.To), byte(r.Mode))
	dst = appendAll(dst, r.Fields, func(dst []byte, f *schema.FieldChange) []byte {
		dst = appendText(append(appendFlags(dst, f.Drop, f.Unique), byte(f.Said)), f.As)
		return appendAll(appendField(dst, &f.Field), f.Members, appendField)
	})
	return appendAll(dst, r.Requires, appendRef)
}

func (d *decoder) redefinition() *schema.Redefinition {
	r := &schema.Redefinition{To: d.text(), Mode: schema.Mode(d.choice(schema.NumModes, "a mode"))}
	r.Fields = readAll(d, 14, func(d *decoder) schema.FieldChange {
		f := d.flags(2)
		c := schema.FieldChange{Drop: f[0], Unique: f[1], Said: schema.Said(d.choice(int(schema.AllSaid)+1, "a set of clauses")), As: d.text()}
		c.Field, c.Members = d.field(), readAll(d, 10, (*decoder).field)
		return c
	})
	r.Requires = readAll(d, 4, (*decoder).ref)
	return r
}

// checkRedefinition makes sure that paths have steps and that members lie below their field.
func checkRedefinition(i int, r *schema.Redefinition) error {
	if r == nil {
		return nil
	}
	for j := range r.Fields {
		f := &r.Fields[j]
		if len(f.Path) == 0 {
			return poolError("definition", i, "has a field without a name")
		}
		for k := range f.Members {
			if len(f.Members[k].Path) <= len(f.Path) {
				return poolError("definition", i, "has a member that is not below its field")
			}
		}
	}
	return nil
}

func redefinitionText(r *schema.Redefinition) string {
	var b strings.Builder
	if r.To != "" {
		b.WriteString(" to " + quoted(r.To))
	}
	b.WriteString([]string{"", " schemafull", " schemaless"}[r.Mode] + " (")
	for i := range r.Fields {
		f := &r.Fields[i]
		if i > 0 {
			b.WriteString(", ")
		}
		switch {
		case f.Drop:
			b.WriteString(pathText(f.Path) + " as none")
			continue
		case f.As != "":
			b.WriteString("as " + quoted(f.As) + " ")
		}
		if f.Unique {
			b.WriteString("unique ")
		}
		fmt.Fprintf(&b, "said %d ", f.Said)
		writeField(&b, &f.Field)
		for j := range f.Members {
			b.WriteString(" with ")
			writeField(&b, &f.Members[j])
		}
	}
	b.WriteByte(')')
	return b.String()
}

// defaults links the expressions of VALUE clauses that a redefinition runs.
func (l *Linked) defaults(def uint16, c schema.Catalog, o LinkOptions) error {
	d := &l.Program.Defs[def]
	if d.Kind != schema.RedefineTable || d.Redefinition == nil {
		return nil
	}
	fills := make([]*Linked, len(d.Redefinition.Fields))
	for i := range d.Redefinition.Fields {
		f := &d.Redefinition.Fields[i]
		if f.Said&schema.SaidDefault == 0 || f.Default == "" {
			continue
		}
		var err error
		if fills[i], err = compileGuard(&schema.Table{Name: d.Name}, strings.Join(f.Path, "."), f.Default, c, o.CompileGuard, "this"); err != nil {
			return err
		}
	}
	if l.fills == nil {
		l.fills = map[uint16][]*Linked{}
	}
	l.fills[def] = fills
	return nil
}

// filled returns a change in which the values of VALUE clauses are computed, once for all records that lack one.
func (r *Rows) filled(c *schema.Change, fills []*Linked) (*schema.Change, error) {
	if fills == nil {
		return c, nil
	}
	d, n := *c.Redefinition, *c
	d.Fields = append([]schema.FieldChange(nil), d.Fields...)
	for i, l := range fills {
		if l == nil {
			continue
		}
		f := &d.Fields[i]
		v, err := evaluate(r, l, ops.Object(nil))
		if err != nil {
			return nil, inField(err, "the default of %s.%s", c.Name, strings.Join(f.Path, "."))
		}
		if !v.IsNone() {
			f.Fill = ops.AppendKey(nil, v, false)
		}
	}
	n.Redefinition = &d
	return &n, nil
}
