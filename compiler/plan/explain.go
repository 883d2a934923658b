package plan

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// Text shows the plan for EXPLAIN: the last step first, what feeds it below it, and the notes. src is the program's text,
// from which expressions are shown.
func (p *Plan) Text(src string) string {
	d := &describer{src: src, plan: p}
	if r, ok := p.Body.(*sema.Routine); ok {
		d.line("run statements")
		d.block(r.Block)
	}
	if p.Root != nil {
		d.pipeline(p.Root)
	}
	return strings.TrimSuffix(d.out.String(), "\n")
}

type describer struct {
	src   string
	plan  *Plan
	out   strings.Builder
	depth int
}

// line writes one step; what comes next is its input and stands deeper.
func (d *describer) line(format string, args ...any) {
	fmt.Fprintf(&d.out, "%s%s\n", strings.Repeat("  ", d.depth), fmt.Sprintf(format, args...))
	d.depth++
}

func (d *describer) pipeline(pl *Pipeline) {
	depth := d.depth
	d.top(pl)
	d.steps(pl)
	d.depth = depth
	d.queries(pl)
	if len(pl.fired) > 0 {
		d.line("rules: %s", strings.Join(pl.fired, ", "))
		d.depth--
	}
}

// steps shows the steps of a pipeline, the last one first, and why indexes were not used.
func (d *describer) steps(pl *Pipeline) {
	for i := len(pl.Steps) - 1; i >= 0; i-- {
		pl.Steps[i].describe(d)
	}
	for _, n := range pl.Notes {
		d.line("index not used: %s", n)
		d.depth--
	}
}

var writeNames = map[sema.WriteKind]string{sema.WriteCreate: "create", sema.WriteUpdate: "update", sema.WriteUpsert: "upsert",
	sema.WriteDelete: "delete", sema.WriteRelate: "relate"}

func (d *describer) top(pl *Pipeline) {
	if pl.Query != nil && pl.Query.Version != nil {
		d.line("as of %s", d.text(pl.Query.Version))
	}
	if w := pl.Write; w != nil {
		d.line("%s %s", writeNames[w.Kind], cmp.Or(w.Table, "records of any table"))
		return
	}
	names := make([]string, len(pl.Items))
	for i, item := range pl.Items {
		names[i] = item.Name
	}
	d.line("emit %s", strings.Join(names, ", "))
}

// queries shows the subqueries of a pipeline's expressions below it.
func (d *describer) queries(pl *Pipeline) {
	for _, s := range pl.Steps {
		switch s := s.(type) {
		case *Join:
			d.queries(s.Left)
			d.queries(s.Right)
		case *Apply:
			d.queries(s.Right)
		}
	}
	pl.eachExpr(0, func(e sema.Expr) {
		sema.Walk(e, func(x sema.Expr) bool {
			s, ok := x.(*sema.Subquery)
			if !ok {
				return true
			}
			if s.Write != nil {
				d.below(s)
				return true
			}
			use := map[sema.SubqueryUse]string{sema.UseList: "list", sema.UseExists: "exists", sema.UseIn: "in"}[s.Use]
			if s.Hashed {
				use = "semi-join, set"
			}
			if correlated(s.Query) {
				use += ", for each row"
			}
			depth := d.depth
			d.line("subquery (%s)", use)
			d.pipeline(d.plan.Subqueries[s.Query])
			d.depth = depth
			return true
		})
	})
}

// block shows the queries and writes in the statements of a block, in the order of the text.
func (d *describer) block(b *sema.Block) {
	b.Walk(func(x sema.Expr) bool {
		if s, ok := x.(*sema.Subquery); ok {
			d.below(s)
		}
		return true
	})
}

// below shows the pipeline of a subquery as it is.
func (d *describer) below(s *sema.Subquery) {
	depth := d.depth
	d.pipeline(d.plan.Subqueries[s.Query])
	d.depth = depth
}

// text shows an expression as it was written, or as its value.
func (d *describer) text(e sema.Expr) string {
	switch e := e.(type) {
	case *sema.Const:
		return ops.Format(e.Value)
	case *sema.Paired:
		return "pair " + d.text(e.From) + ", " + d.text(e.To) + " is there"
	case *sema.Unary:
		if pair, ok := e.X.(*sema.Paired); ok && e.Op == opcodes.Not {
			return "no " + d.text(pair)
		}
	case *sema.Column:
		name := e.Rel.Name
		if name == "" {
			name = "…"
		}
		if len(e.Path) == 0 {
			return name
		}
		return name + "." + strings.Join(e.Path, ".")
	}
	if b, ok := e.(*sema.Binary); ok && b.Op == opcodes.Eq && b.Span == b.Right.At().Span { // see hopConditions
		return d.text(b.Left) + " = " + d.text(b.Right)
	}
	if tables := linkTables(e); tables != nil {
		return "vertex in " + strings.Join(tables, ", ")
	}
	s := e.At().Span
	if s.Start >= 0 && s.End <= len(d.src) && s.Start < s.End {
		return strings.Join(strings.Fields(d.src[s.Start:s.End]), " ")
	}
	return "(computed)"
}

// linkTables takes the condition apart that a pattern puts on the table of a vertex; see inTables.
func linkTables(e sema.Expr) []string {
	switch e := e.(type) {
	case *sema.InTable:
		return []string{e.Table}
	case *sema.Unary:
		return linkTables(e.X)
	case *sema.Binary:
		if l, r := linkTables(e.Left), linkTables(e.Right); l != nil && r != nil && e.Op == opcodes.Or {
			return append(l, r...)
		}
	}
	return nil
}

func (d *describer) texts(es []sema.Expr) string {
	out := make([]string, len(es))
	for i, e := range es {
		out[i] = d.text(e)
	}
	return strings.Join(out, ", ")
}

// columns shows which columns an access reads; late ones have a mark.
func (d *describer) columns(cols []Column) string {
	if len(cols) == 0 {
		return ""
	}
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = "*"
		if len(c.Is.Path) > 0 {
			out[i] = strings.Join(c.Is.Path, ".")
		}
		if c.Late {
			out[i] += " late"
		}
	}
	return " [" + strings.Join(out, ", ") + "]"
}

func (s *One) describe(d *describer) { d.line("one row") }
func (s *Scan) describe(d *describer) {
	d.line("scan %s%s%s", s.Rel.Table, reversed(s.Reverse), d.columns(s.Columns))
}
func (s *Get) describe(d *describer) { d.line("get %s%s", d.text(s.Key), d.columns(s.Columns)) }
func (s *Keys) describe(d *describer) {
	d.line("get all %s%s", d.text(s.List), d.columns(s.Columns))
}
func (s *KeyRange) describe(d *describer) {
	d.line("key range %s:%s%s%s", s.Rel.Table, d.bounds(&s.Bounds), reversed(s.Reverse), d.columns(s.Columns))
}
func (s *IndexScan) describe(d *describer) {
	var parts []string
	for i, e := range s.Equal {
		parts = append(parts, strings.Join(s.Index.Fields[i], ".")+" = "+d.text(e))
	}
	if s.Lo != nil || s.Hi != nil {
		parts = append(parts, strings.Join(s.Index.Fields[len(s.Equal)], ".")+" in "+d.bounds(&s.Bounds))
	}
	kind := "index"
	if s.Only {
		kind = "index only"
	}
	d.line("%s %s.%s (%s)%s%s", kind, s.Rel.Table, s.Index.Name, strings.Join(parts, ", "), reversed(s.Reverse), d.columns(s.Columns))
}
func (s *Rows) describe(d *describer) {
	d.line("rows of")
	d.pipeline(s.Sub)
}
func (s *Set) describe(d *describer) {
	kind := s.Kind.String()
	if s.All {
		kind += " all"
	}
	d.line("%s of", kind)
	for _, p := range s.Parts {
		d.pipeline(p)
	}
}
func (s *Items) describe(d *describer) { d.line("items %s", d.text(s.X)) }
func (s *Expand) describe(d *describer) {
	table := s.Table
	if table == "" {
		table = "*"
	}
	arrows := [][2]string{{"->", "->"}, {"<-", "<-"}, {"<->", "<->"}}[s.Direction]
	d.line("expand %s %s %s %s%s", d.text(s.From), arrows[0], table, arrows[1], d.columns(s.Columns))
}
func (s *Fetch) describe(d *describer) {
	d.line("fetch %s%s%s", d.text(s.ID), map[bool]string{true: " if it exists"}[s.Exists], d.columns(s.Columns))
}
func (s *Filter) describe(d *describer) { d.line("filter %s", d.text(s.Cond)) }
func (s *Group) describe(d *describer) {
	var folds []sema.Expr
	for _, a := range s.Aggregates {
		folds = append(folds, a)
	}
	d.line("group by (%s): %s", d.texts(s.Keys), d.texts(folds))
}
func (s *Distinct) describe(d *describer) { d.line("distinct %s", d.texts(s.Of)) }
func (s *Sort) describe(d *describer) {
	if len(s.Keys) == 0 {
		d.line("hold back until all are read")
		return
	}
	var keys []string
	for _, k := range s.Keys {
		keys = append(keys, d.text(k.X)+map[bool]string{true: " desc"}[k.Desc])
	}
	if s.Limit != nil {
		d.line("top %s by %s", d.text(s.Limit), strings.Join(keys, ", "))
		return
	}
	d.line("sort by %s", strings.Join(keys, ", "))
}
func (s *Limit) describe(d *describer) {
	text := "limit"
	if s.Start != nil {
		text += " start " + d.text(s.Start)
	}
	if s.Count != nil {
		text += " count " + d.text(s.Count)
	}
	d.line("%s", text)
}

func reversed(r bool) string { return map[bool]string{true: " backwards"}[r] }

func (d *describer) bounds(b *Bounds) string {
	var lo, hi string
	if b.Lo != nil {
		lo = d.text(b.Lo)
		if b.LoExclusive {
			lo = ">" + lo
		}
	}
	if b.Hi != nil {
		hi = d.text(b.Hi)
		if b.HiInclusive {
			hi = "=" + hi
		}
	}
	return lo + ".." + hi
}
