package plan

import (
	"slices"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// pruneColumns lists for every access the columns that later steps read, and marks as late those that are read only where a
// filter, DISTINCT, LIMIT or top-k has left fewer rows.
//
// It must not list a field by itself where the whole record is read anyway (`SELECT *, lower(name)`): the record
// is decoded once and the field taken out of it. Nor is a column late that the first narrowing step itself reads.
func pruneColumns(p *planner, pl *Pipeline) bool {
	for i, s := range pl.Steps {
		if a := accessOf(s); a != nil {
			u := usesOf(pl, i, a.Rel)
			a.Columns = u.columns(a.Rel, lateIsPossible(s))
			if f, ok := s.(*Fetch); ok && !f.ReadsID() { // the id is what it fetches by
				a.Columns = slices.DeleteFunc(a.Columns, func(c Column) bool { return isID(c.Is) })
			}
			continue
		}
		switch s := s.(type) {
		case *Expand:
			s.Columns = expandColumns(pl, i, s)
		case *Branch:
			pruneBranch(pl, i, s)
		case *Walk:
			pruneWalk(pl, i, s)
		}
		for _, in := range inner(s) {
			pruneColumns(p, in)
		}
	}
	return true
}

// ReadsID reports whether the id of a fetched record is read like its fields: where it is fetched by another column, or it must be
// told whether there is one.
func (f *Fetch) ReadsID() bool { return f.Outer || !isIDOf(f.ID, f.Rel) }

// gives reports whether a column comes out of a fetch.
func (f *Fetch) gives(c *sema.Column) bool { return c.Rel == f.Rel && (!isID(c) || f.ReadsID()) }

// defaultColumns is what accesses read without that rule: the id and the whole record.
func defaultColumns(pl *Pipeline) {
	for _, s := range pl.Steps {
		if a := accessOf(s); a != nil && a.Columns == nil {
			a.Columns = []Column{idColumn(a.Rel), recordColumn(a.Rel)}
		}
		if e, ok := s.(*Expand); ok && e.Columns == nil {
			e.Columns = []Column{vertexColumn(e.Vertex), edgeColumn(e.Edge), recordColumn(e.Edge)}
		}
		for _, in := range inner(s) {
			defaultColumns(in)
		}
	}
}

func accessOf(s Step) *Access {
	switch s := s.(type) {
	case *Scan:
		return &s.Access
	case *ScanAll:
		return &s.Access
	case *Get:
		return &s.Access
	case *Keys:
		return &s.Access
	case *KeyRange:
		return &s.Access
	case *IndexScan:
		return &s.Access
	case *Fetch:
		return &s.Access
	case *Lookup:
		return &s.Access
	}
	return nil
}

// lateIsPossible reports whether the step is a cursor; what is read by get or fetch comes at once.
func lateIsPossible(s Step) bool {
	switch s.(type) {
	case *Get, *Fetch:
		return false
	}
	return true
}

// use is one column that is read, and whether that is before any step that narrows.
type use struct {
	col   *sema.Column
	early bool
}

type uses []use

func (u *uses) add(c *sema.Column, early bool) {
	for i := range *u {
		if sema.Same((*u)[i].col, c) {
			(*u)[i].early = (*u)[i].early || early
			return
		}
	}
	*u = append(*u, use{c, early})
}

// usesOf gathers the columns of a relation that are read behind step i.
func usesOf(pl *Pipeline, i int, rels ...*sema.Relation) uses {
	var us uses
	early := true
	note := func(e sema.Expr) {
		sema.Columns(e, func(c *sema.Column) {
			if slices.Contains(rels, c.Rel) {
				us.add(c, early)
			}
		})
	}
	for _, s := range pl.Steps[i+1:] {
		if sort, ok := s.(*Sort); ok && sort.Limit != nil {
			note(sort.Keys[0].X)
			early = false
		}
		for _, e := range s.exprs() {
			note(e)
		}
		early = early && !narrows(s)
	}
	for _, e := range pl.Outputs() {
		note(e)
	}
	return us
}

// columns makes the columns of an access. With the whole record among the uses its fields are taken out of it, but for the id
// and for what is read early.
func (u uses) columns(r *sema.Relation, late bool) []Column {
	whole := slices.ContainsFunc(u, func(x use) bool { return len(x.col.Path) == 0 })
	cols := []Column{}
	for _, x := range u {
		if whole && len(x.col.Path) > 0 && !isID(x.col) && !(x.early && u.hasLate()) {
			continue
		}
		c := columnOf(r, x.col)
		c.Late = late && !x.early && c.Kind != vm.ColumnID
		cols = append(cols, c)
	}
	return cols
}

func (u uses) hasLate() bool { return slices.ContainsFunc(u, func(x use) bool { return !x.early }) }

func columnOf(r *sema.Relation, c *sema.Column) Column {
	switch {
	case len(c.Path) == 0:
		return recordColumn(r)
	case isID(c):
		return idColumn(r)
	}
	return Column{vm.Column{Kind: vm.ColumnField, Path: c.Path}, c}
}

func idColumn(r *sema.Relation) Column {
	return Column{vm.Column{Kind: vm.ColumnID}, sema.IDOf(r, ops.Span{})}
}

func recordColumn(r *sema.Relation) Column {
	return Column{vm.Column{Kind: vm.ColumnRecord}, sema.WholeOf(r, ops.Span{})}
}

func vertexColumn(r *sema.Relation) Column {
	return Column{vm.Column{Kind: vm.ColumnVertex}, sema.IDOf(r, ops.Span{})}
}

func edgeColumn(r *sema.Relation) Column {
	return Column{vm.Column{Kind: vm.ColumnEdge}, sema.IDOf(r, ops.Span{})}
}

// expandColumns makes the columns of a hop: those of the edge, and the far vertex where anything is read of it.
func expandColumns(pl *Pipeline, i int, e *Expand) []Column {
	cols := usesOf(pl, i, e.Edge).columns(e.Edge, true)
	for j := range cols {
		if cols[j].Kind == vm.ColumnID {
			cols[j].Kind = vm.ColumnEdge
		}
	}
	if len(usesOf(pl, i, e.Vertex)) > 0 {
		cols = append(cols, vertexColumn(e.Vertex))
	}
	return cols
}
