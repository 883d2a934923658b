package plan

import (
	"slices"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/ops"
)

// fetchLinks reads several fields behind one link – `SELECT boss.name, boss.age` – with one sorted batch of seeks instead of one for
// each field.
//
// It must not take a link for a record where it may be an object or a list, nor fields that are read only in some rows,
// as behind AND or in an arm of IF; nor does it look behind a grouping, whose rows hold no links of single rows.
func fetchLinks(p *planner, pl *Pipeline) bool {
	if pl.Query == nil || pl.Write != nil || isOneRow(pl.Steps[0]) ||
		slices.ContainsFunc(pl.Steps, func(s Step) bool { _, ok := s.(*Group); return ok }) {
		return false
	}
	changed := false
	for i := range pl.Items {
		f, ok := linkField(pl.Items[i].X)
		if !ok || !slices.ContainsFunc(pl.Items[i+1:], func(other sema.Item) bool {
			g, ok := linkField(other.X)
			return ok && sema.Same(f.X, g.X) && !sema.Same(f, g)
		}) {
			continue
		}
		r := sema.RecordsBehind(pl.Query, f.X)
		for k := i; k < len(pl.Items); k++ {
			if g, ok := linkField(pl.Items[k].X); ok && sema.Same(f.X, g.X) {
				c := sema.FieldColumn(r, g.Path)
				c.Info = g.Info
				pl.Items[k].X = c
			}
		}
		pl.Steps = append(pl.Steps, &Fetch{Access: Access{Rel: r}, ID: f.X})
		changed = true
	}
	return changed
}

// linkField is an expression that is a field of the record that a link of the row names.
func linkField(e sema.Expr) (*sema.Field, bool) {
	f, ok := e.(*sema.Field)
	if !ok || len(f.Path) == 0 || f.X.At().Type.Kind != ops.KindRecord || f.Path[0] == "id" {
		return nil, false
	}
	_, isColumn := f.X.(*sema.Column)
	return f, isColumn
}
