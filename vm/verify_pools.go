package vm

import (
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// pools checks the entries of the pools by themselves.
func (v *verifier) pools() error {
	p := v.p
	if err := checkSizes(p); err != nil {
		return ops.Errorf(ops.CodeBadProgram, "%s", err.(*ops.Error).Message)
	}
	v.owners = sized(v.owners, len(p.Builders))
	for i, x := range p.Params {
		for j := range i {
			if p.Params[j].Name == x.Name {
				return poolError("parameter", i, "has the name $%s, as parameter %d has", x.Name, j)
			}
		}
		if i > 1024 {
			return poolError("parameter", i, "is one too many")
		}
	}
	for i := range p.Shapes {
		if err := checkShape(i, &p.Shapes[i]); err != nil {
			return err
		}
	}
	for i, t := range p.Tables {
		if t.Name == "" {
			return poolError("table", i, "has no name")
		}
	}
	for i, o := range p.Objects {
		if o.Name == "" {
			return poolError("object", i, "has no name")
		}
	}
	for i := range p.Funcs {
		if err := v.checkFunc(i, &p.Funcs[i]); err != nil {
			return err
		}
	}
	for i := range p.Accesses {
		if err := v.checkAccess(i, &p.Accesses[i]); err != nil {
			return err
		}
	}
	for i := range p.Builders {
		if err := checkBuilder(i, &p.Builders[i]); err != nil {
			return err
		}
	}
	for i := range p.Defs {
		if err := checkChange(i, &p.Defs[i]); err != nil {
			return err
		}
	}
	return nil
}

func poolError(what string, i int, format string, args ...any) error {
	e := ops.Errorf(ops.CodeBadProgram, format, args...)
	e.Message = ops.Errorf("", "%s %d %s", what, i, e.Message).Message
	return e
}

func checkShape(i int, s *Shape) error {
	switch {
	case int(s.Form) >= len(formNames):
		return poolError("shape", i, "has form %d", s.Form)
	case len(s.Names) != len(s.Types):
		return poolError("shape", i, "has %d names and %d types", len(s.Names), len(s.Types))
	case s.Form != RowColumns && len(s.Names) != 1:
		return poolError("shape", i, "has %d columns, rows of that form have one", len(s.Names))
	}
	return nil
}

func (v *verifier) checkFunc(i int, r *FuncRef) error {
	f := ops.LookupFunc(r.Name)
	if f == nil {
		return poolError("function", i, "is %s, which this version does not have", r.Name)
	}
	s := f.SignatureOf(r.Print)
	if s == nil {
		return poolError("function", i, "is %s with a signature that this version does not have", r.Name)
	}
	if fewest, most := s.Arity(); r.Args < fewest || most >= 0 && r.Args > most {
		return poolError("function", i, "is %s of %d arguments, which it does not take", r.Name, r.Args)
	}
	return v.checkReads(i, r, f)
}

// checkReads: a function that reads edges says which, and no other one does.
func (v *verifier) checkReads(i int, r *FuncRef, f *ops.Func) error {
	if f.Capability != ops.CapabilityReads {
		if r.Reads != 0 {
			return poolError("function", i, "is %s, which reads no edges, and names an access", r.Name)
		}
		return nil
	}
	if r.Reads < 1 || r.Reads > len(v.p.Accesses) {
		return poolError("function", i, "is %s, which reads edges, and names no access", r.Name)
	}
	a := &v.p.Accesses[r.Reads-1]
	if n := len(a.Columns); a.Kind != AccessEdges || n < 2 || n > 3 || a.Columns[0].Kind != ColumnVertex || a.Columns[1].Kind != ColumnEdge ||
		n == 3 && (a.Columns[2].Kind != ColumnField || a.Columns[2].Late) {
		return poolError("function", i, "is %s, which wants an access of edges with vertex, edge and perhaps a weight", r.Name)
	}
	return nil
}

func (v *verifier) checkAccess(i int, a *Access) error {
	bad := func(format string, args ...any) error { return poolError("access", i, format, args...) }
	anyTable := a.Kind == AccessRecord || a.Kind == AccessEdges || a.Kind == AccessTable // which operators take it, see accessFits
	switch {
	case int(a.Kind) >= len(accessNames):
		return bad("has kind %d", a.Kind)
	case a.Table >= len(v.p.Tables) || a.Table < -1 || a.Table == -1 && !anyTable:
		return bad("is of table %d, there are %d", a.Table, len(v.p.Tables))
	case a.Kind == AccessTable && a.Table == -1 && (a.Reverse || a.InOrder || a.IfNotExists || a.Upsert):
		return bad("is of every table, and more than a scan")
	case a.Kind == AccessRecord && a.Table != -1:
		return bad("is of records of any table, and names one")
	case (a.Index != "") != (a.Kind == AccessIndex):
		return bad("names an index where it must not, or none where it must")
	case a.Kind != AccessIndex && (a.Equal != 0 || a.IndexOnly):
		return bad("is not of an index, and says how to use it")
	case a.After < 0 || a.After > 0 && a.Kind != AccessIndex && a.Kind != AccessRange || a.After > 1 && a.Kind == AccessRange || a.After > maxIndexFields+1:
		return bad("begins behind %d values", a.After)
	case a.Equal < 0 || a.Equal > maxIndexFields:
		return bad("bounds %d fields", a.Equal)
	case a.Kind != AccessIndex && a.Kind != AccessRange && (a.Lo != Unbounded || a.Hi != Unbounded):
		return bad("has bounds, and is of no range")
	case a.Lo > Exclusive || a.Hi > Exclusive:
		return bad("has an unknown bound")
	case a.Direction > Both || a.Kind != AccessEdges && a.Direction != Out:
		return bad("has direction %d", a.Direction)
	case a.Kind != AccessTable && (a.IfNotExists || a.Upsert):
		return bad("is for writing, and is not of a table's records")
	case a.InOrder && a.Kind != AccessTable && a.Kind != AccessRecord:
		return bad("keeps the order of a list, and has none")
	}
	for j := range a.Columns {
		c := &a.Columns[j]
		switch {
		case int(c.Kind) >= len(columnNames):
			return bad("has column %d of kind %d", j, c.Kind)
		case (c.Kind == ColumnVertex || c.Kind == ColumnEdge) && a.Kind != AccessEdges:
			return bad("has column %d of an edge's, and is not of edges", j)
		case c.Kind != ColumnField && len(c.Path) > 0:
			return bad("has column %d with a path that is not used", j)
		}
	}
	return nil
}

func checkBuilder(i int, b *Builder) error {
	bad := func(format string, args ...any) error { return poolError("builder", i, format, args...) }
	filters := 0
	for _, a := range b.Aggregates {
		f := ops.LookupAggregate(a.Func)
		switch {
		case f == nil || f.New == nil:
			return bad("has the aggregate %s, which this version does not have", a.Func)
		case a.Star && f.Arg:
			return bad("has the aggregate %s without an argument", a.Func)
		case a.Params != len(f.Params):
			return bad("gives the aggregate %s %d values, it takes %d", a.Func, a.Params, len(f.Params))
		}
		if a.Filtered {
			filters++
		}
	}
	group, join, queue := b.Kind == BuildGroup, b.Kind == BuildJoin, b.Kind == BuildQueue
	switch {
	case int(b.Kind) >= len(builderNames):
		return bad("has kind %d", b.Kind)
	case b.Columns < 0 || b.Columns > MaxInstructions:
		return bad("has %d columns", b.Columns)
	case !group && (b.Keys != 0 && !join && !queue && b.Kind != BuildSet || b.Aggregates != nil):
		return bad("is no grouping, and has keys or aggregates")
	case (join || queue || b.Kind == BuildSet) && (b.Keys < 0 || b.Keys > b.Columns):
		return bad("has %d keys in %d columns", b.Keys, b.Columns)
	case b.Parent != 0 && !queue:
		return bad("is of rows of cursor %d, and is no queue", b.Parent)
	case int(b.Join) >= len(joinNames) || !join && b.Join != JoinInner:
		return bad("has join mode %d", b.Join)
	case group && (b.Keys < 0 || b.Keys+len(b.Aggregates)+filters != b.Columns):
		return bad("has %d columns for %d keys, %d aggregates and %d filters", b.Columns, b.Keys, len(b.Aggregates), filters)
	case b.Kind != BuildSort && b.Desc != nil, len(b.Desc) > b.Columns:
		return bad("has %d keys in %d columns", len(b.Desc), b.Columns)
	case b.Kind == BuildTally && b.Columns != 2:
		return bad("is a tally of %d columns; a key and a weight are wanted", b.Columns)
	case b.Kind == BuildSet && b.Columns == 0:
		return bad("is a set of nothing")
	case b.Limited && b.Kind != BuildSort && b.Kind != BuildLimit, !b.Limited && b.Kind == BuildLimit, b.Kind == BuildLimit && b.Columns != 0:
		return bad("has a limit where it must not, or none where it must")
	}
	return nil
}

// checkChange makes sure of what those who apply a change rely on; whether it makes sense they check themselves.
func checkChange(i int, c *schema.Change) error {
	switch {
	case int(c.Kind) >= len(changeNames):
		return poolError("definition", i, "has kind %d", c.Kind)
	case c.Kind == schema.DefineTable && c.Table != nil && c.Table.Name != c.Name:
		return poolError("definition", i, "is of table %s and describes %s", c.Name, c.Table.Name)
	}
	if c.Table != nil {
		for j := range c.Table.Fields {
			if len(c.Table.Fields[j].Path) == 0 {
				return poolError("definition", i, "has a field without a name")
			}
		}
	}
	return checkRedefinition(i, c.Redefinition)
}

func isUse(p *Program, def uint16) bool { return p.Defs[def].Kind == schema.UseDatabase }
