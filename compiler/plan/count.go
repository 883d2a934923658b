package plan

import (
	"slices"

	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// PathCounts counts the paths of a chain of hops from every record of a table without walking them: through a vertex lead as many
// paths as edges lead to it times paths lead on from it. Its rows each have a number N of paths, of which all of them together are
// wanted; those that start at vertices without a record are taken off again.
type PathCounts struct {
	Start *Scan
	Hops  []*Expand
	N     *sema.Relation
}

func (s *PathCounts) exprs() []sema.Expr                { return nil }
func (s *PathCounts) rewrite(func(sema.Expr) sema.Expr) {}
func (s *PathCounts) describe(d *describer) {
	d.line("count the paths from %s over %d hops", s.Start.Rel.Table, len(s.Hops))
	for _, h := range slices.Backward(s.Hops) {
		h.describe(d)
		d.depth--
	}
}

// multiplyCounts counts paths without walking them: `SELECT FOLD count() FROM person -> likes -> person -> likes -> person` reads the edges
// twice, however many paths there are.
//
// It must not fire where more of a path is asked for than that it is there – a condition, a key of GROUP BY, an alias used
// twice, another FOLD –, nor for a single hop, or where the pattern starts at some records: reading all edges would be dearer.
func multiplyCounts(_ *planner, pl *Pipeline) bool {
	scan, ok := pl.Steps[0].(*Scan)
	if !ok || pl.Query == nil || len(pl.of) > 0 {
		return false
	}
	hops := countedHops(scan, pl.Steps[1:])
	if len(hops) < 2 || len(pl.Steps) < len(hops)+2 {
		return false
	}
	at := len(hops) + 1
	group, ok := pl.Steps[at].(*Group)
	if !ok || len(group.Keys) > 0 || slices.ContainsFunc(group.Aggregates, func(a *sema.Aggregate) bool { return !countsRows(a) }) {
		return false
	}
	n := sema.Beside(pl.Query, ops.TypeOf(ops.KindInt))
	sum := &sema.Aggregate{Info: sema.Info{Span: pl.Query.Span, Type: ops.Type{Kind: ops.KindInt, Optional: true}}, Name: "sum", Arg: sema.WholeOf(n, pl.Query.Span)}
	for i := at + 1; i < len(pl.Steps); i++ {
		pl.Steps[i].rewrite(func(e sema.Expr) sema.Expr { return countAsSum(e, sum) })
	}
	for i := range pl.Items {
		pl.Items[i].X = countAsSum(pl.Items[i].X, sum)
	}
	pl.Steps = slices.Concat([]Step{&PathCounts{Start: scan, Hops: hops, N: n}, &Group{Aggregates: []*sema.Aggregate{sum}}}, pl.Steps[at+1:])
	return true
}

// countedHops are the hops behind a scan of which nothing is asked but that they are there.
func countedHops(scan *Scan, steps []Step) (hops []*Expand) {
	at := scan.Rel
	for _, s := range steps {
		e, ok := s.(*Expand)
		if !ok || e.Table == "" || e.Direction == vm.Both || !isIDOf(e.From, at) {
			break
		}
		hops, at = append(hops, e), e.Vertex
	}
	return hops
}

func countsRows(a *sema.Aggregate) bool {
	return a.Name == "count" && a.Arg == nil && a.Where == nil && !a.Distinct
}

// countAsSum puts the sum of the numbers of paths, 0 without any, for count().
func countAsSum(e sema.Expr, sum *sema.Aggregate) sema.Expr {
	return sema.Rewrite(e, func(x sema.Expr) sema.Expr {
		a, ok := x.(*sema.Aggregate)
		if !ok || a == sum || !countsRows(a) {
			return x
		}
		return &sema.Binary{Info: a.Info, Op: opcodes.Coalesce, Left: sum, Right: constant(ops.Int(0))}
	})
}
