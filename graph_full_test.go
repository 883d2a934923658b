package zerodb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
)

// TestWholePatternsAgainstModel runs patterns of the whole grammar – ranges, optional parts, AND, OR and NOT of edges, SELF, edges both
// ways, patterns in brackets, lists, bound aliases – over small random graphs and compares them with what a naive walk finds.
func TestWholePatternsAgainstModel(t *testing.T) {
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		s, err := db.Session(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		g := anyMultigraph(t)
		if _, err := s.Execute(ctx, g.script); err != nil {
			t.Fatalf("%v\n%s", err, g.script)
		}
		for range 8 {
			p := anyPath(t, g, 3)
			text, want := p.ask(t, g)
			got, err := answers(s, text)
			if err != nil {
				t.Fatalf("%s\n%v\n%s", text, err, g.script)
			}
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("%s\ngot  %q\nwant %q\n%s", text, got, want, g.script)
			}
		}
	})
}

func answers(s *zerodb.Session, text string) (got []string, err error) {
	rows, err := s.Execute(ctx, text)
	if err != nil {
		return nil, err
	}
	for row, err := range rows.All() {
		if err != nil {
			return nil, err
		}
		var cells []string
		for _, v := range row.Columns() {
			cells = append(cells, zql(v))
		}
		got = append(got, strings.Join(cells, " "))
	}
	slices.Sort(got)
	return got, nil
}

// multigraph is a graph: vertices of the tables v and t, edges of likes and knows.
type multigraph struct {
	names   []string // of the vertices
	weights []int
	edges   []edge
	script  string
}

func anyMultigraph(t *rapid.T) *multigraph {
	g := &multigraph{}
	var b strings.Builder
	b.WriteString("DEFINE TABLE v; DEFINE TABLE t; DEFINE EDGE likes; DEFINE EDGE knows\n")
	for i := range rapid.IntRange(1, 5).Draw(t, "vertices") {
		g.names = append(g.names, fmt.Sprint(rapid.SampledFrom([]string{"v:", "v:", "t:"}).Draw(t, "table"), i))
		g.weights = append(g.weights, rapid.IntRange(0, 3).Draw(t, "weight"))
		fmt.Fprintf(&b, "CREATE %s SET w = %d\n", g.names[i], g.weights[i])
	}
	last := len(g.names) - 1
	for i := range rapid.IntRange(0, 8).Draw(t, "edges") {
		e := edge{rapid.IntRange(0, last).Draw(t, "from"), rapid.IntRange(0, last).Draw(t, "to"), rapid.IntRange(0, 3).Draw(t, "weight"),
			rapid.IntRange(0, 1).Draw(t, "label")}
		g.edges = append(g.edges, e)
		fmt.Fprintf(&b, "RELATE %s -> %s:%d -> %s SET w = %d\n", g.names[e.from], labels[e.label], i, g.names[e.to], e.weight)
	}
	g.script = b.String()
	return g
}

func (g *multigraph) edgeName(i int) string { return fmt.Sprint(labels[g.edges[i].label], ":", i) }

// trail is a walk: the edges, and the vertices behind the first.
type trail struct{ edges, vertices []int }

func (w trail) end(from int) int {
	if n := len(w.vertices); n > 0 {
		return w.vertices[n-1]
	}
	return from
}

func (w trail) then(x trail) trail {
	return trail{slices.Concat(w.edges, x.edges), slices.Concat(w.vertices, x.vertices)}
}

// edges is the middle of a hop.
type edges struct {
	kind   string // table, any, self, or, and, not, range
	label  int
	where  weights
	parts  []edges
	lo, hi int // of a range, in steps; hi < 0: open
}

var opposite = map[string]string{"->": "<-", "<-": "->", "<->": "<->"}

func anyEdges(t *rapid.T, depth int) edges {
	kinds := []string{"table", "table", "table", "any"}
	if depth > 0 {
		kinds = append(kinds, "or", "self", "and", "not", "range", "range")
	}
	e := edges{kind: rapid.SampledFrom(kinds).Draw(t, "kind"), label: rapid.IntRange(0, 1).Draw(t, "label"), where: anyWeights(t)}
	switch e.kind {
	case "or":
		e.parts = []edges{anyEdges(t, depth-1), anyEdges(t, depth-1)}
		if e.open() { // which of several shortest walks is found is not said
			e = e.parts[0]
		}
	case "self":
		e = edges{kind: "or", parts: []edges{anyEdges(t, depth-1), {kind: "self"}}}
	case "and":
		e.parts = []edges{anyEdges(t, depth-1), anyEdges(t, depth-1)}
	case "not":
		e.parts = []edges{anyEdges(t, depth-1)}
	case "range":
		e.parts = []edges{anyEdges(t, depth-1)}
		e.lo = rapid.IntRange(1, 3).Draw(t, "lo")
		e.hi = rapid.IntRange(-2, 3).Draw(t, "hi")
	}
	return e
}

// open reports whether there is a range without an end among the edges.
func (e *edges) open() bool {
	return e.kind == "range" && e.hi < 0 || slices.ContainsFunc(e.parts, func(p edges) bool { return p.open() })
}

func (e *edges) text() string {
	switch e.kind {
	case "table", "any":
		name := "*"
		if e.kind == "table" {
			name = labels[e.label]
		}
		if e.where.op == "" {
			return name
		}
		return fmt.Sprintf("(%s WHERE w %s %d)", name, e.where.op, e.where.bound)
	case "self":
		return "SELF"
	case "not":
		return "NOT " + e.parts[0].text()
	case "range":
		return "(" + e.parts[0].text() + ")" + e.hops()
	}
	return "(" + e.parts[0].text() + " " + strings.ToUpper(e.kind) + " " + e.parts[1].text() + ")"
}

func (e *edges) hops() string {
	switch {
	case e.hi < 0 && e.lo == 1:
		return "[..]"
	case e.hi < 0:
		return fmt.Sprintf("[%d..]", e.lo-1)
	case e.hi == e.lo:
		return fmt.Sprintf("[%d]", e.lo-1)
	case e.hi == 0:
		return fmt.Sprintf("[%d..0]", e.lo-1)
	case e.hi%2 == 0:
		return fmt.Sprintf("[%d..%d]", e.lo-1, e.hi)
	}
	return fmt.Sprintf("[%d..=%d]", e.lo-1, e.hi-1)
}

// walks are the ways from a vertex over the edges.
func (e *edges) walks(g *multigraph, from int, arrow string) (found []trail) {
	switch e.kind {
	case "table", "any":
		for i, x := range g.edges {
			if e.kind == "table" && x.label != e.label || !e.where.ok(x.weight) {
				continue
			}
			if arrow != "<-" && x.from == from {
				found = append(found, trail{[]int{i}, []int{x.to}})
			}
			if x.to == from && (arrow == "<-" || arrow == "<->" && x.from != x.to) {
				found = append(found, trail{[]int{i}, []int{x.from}})
			}
		}
	case "self":
		found = []trail{{}}
	case "or":
		for _, w := range slices.Concat(e.parts[0].walks(g, from, arrow), e.parts[1].walks(g, from, arrow)) {
			same := func(x trail) bool { return slices.Equal(x.edges, w.edges) && x.end(from) == w.end(from) }
			if !slices.ContainsFunc(found, same) {
				found = append(found, w)
			}
		}
	case "and", "not":
		found = e.both(g, from, arrow)
	case "range":
		found = e.ranged(g, from, arrow)
	}
	return found
}

// both is a AND b, and NOT a: over the edges of the first part that is no NOT, where there are edges of the others too.
func (e *edges) both(g *multigraph, from int, arrow string) (found []trail) {
	parts := e.parts
	if e.kind == "not" {
		parts = []edges{*e}
	}
	main := slices.IndexFunc(parts, func(p edges) bool { return p.kind != "not" })
	over := edges{kind: "any"}
	if main >= 0 {
		over = parts[main]
	}
	for _, w := range over.walks(g, from, arrow) {
		ok := true
		for i, p := range parts {
			not := p.kind == "not"
			if i == main {
				continue
			}
			if not {
				p = p.parts[0]
			}
			there := slices.ContainsFunc(p.walks(g, from, arrow), func(x trail) bool { return x.end(from) == w.end(from) })
			ok = ok && there != not
		}
		if ok {
			found = append(found, w)
		}
	}
	return found
}

// ranged takes so many steps; without an end each vertex once.
func (e *edges) ranged(g *multigraph, from int, arrow string) (found []trail) {
	level := []trail{{}}
	seen := map[int]bool{}
	for n := 1; len(level) > 0 && (e.hi < 0 || n <= e.hi); n++ {
		var next []trail
		here := map[int]bool{}
		for _, w := range level {
			for _, x := range e.parts[0].walks(g, w.end(from), arrow) {
				y := w.then(x)
				if e.hi < 0 {
					end := y.end(from)
					if here[end] || seen[end] {
						continue
					}
					here[end] = true
				}
				next = append(next, y)
			}
		}
		if n >= e.lo {
			found = append(found, next...)
			for end := range here {
				seen[end] = true
			}
		}
		level = next
	}
	return found
}

// path is a pattern.
type path struct {
	starts []int // -1: every vertex of v
	first  weights
	hops   []jump
}

type jump struct {
	left, right string
	over        edges
	optional    bool
	tables      []string // of the vertex; nil: any
	ids         []int    // the vertices it may be; nil: any
	where       weights
	same        int // the part whose vertex it is, or -1
	aside       *path
}

func anyPath(t *rapid.T, g *multigraph, most int) *path {
	last := len(g.names) - 1
	p := &path{starts: []int{rapid.IntRange(-1, last).Draw(t, "start")}}
	if p.starts[0] >= 0 && rapid.IntRange(0, 3).Draw(t, "list") == 0 {
		p.starts = append(p.starts, rapid.IntRange(0, last).Draw(t, "start"))
	}
	p.first = anyWeights(t)
	for i := range rapid.IntRange(1, most).Draw(t, "hops") {
		arrow := rapid.SampledFrom([]string{"->", "<-", "<->"}).Draw(t, "arrow")
		j := jump{left: arrow, right: arrow, over: anyEdges(t, 2), where: anyWeights(t), same: -1, optional: rapid.IntRange(0, 4).Draw(t, "optional") == 0}
		if arrow != "<->" && rapid.IntRange(0, 4).Draw(t, "mutual") == 0 {
			j.right = opposite[arrow]
		}
		switch rapid.IntRange(0, 7).Draw(t, "vertex") {
		case 0:
			j.tables = []string{"v", "t"}
		case 1, 2:
			j.tables = []string{rapid.SampledFrom([]string{"v", "t"}).Draw(t, "table")}
		case 3:
			j.ids = []int{rapid.IntRange(0, last).Draw(t, "id")}
		case 4:
			j.ids = []int{rapid.IntRange(0, last).Draw(t, "id"), rapid.IntRange(0, last).Draw(t, "id")}
		case 5:
			j.same = rapid.IntRange(0, i).Draw(t, "part")
			if j.same > 0 && p.hops[j.same-1].same >= 0 {
				j.same = -1
			}
			j.where = weights{}
		}
		if most > 1 && rapid.IntRange(0, 5).Draw(t, "aside") == 0 && j.same < 0 {
			j.aside = anyPath(t, g, 1)
			j.aside.hops[0].same, j.aside.hops[0].aside = -1, nil
		}
		p.hops = append(p.hops, j)
	}
	return p
}

func (p *path) text(g *multigraph, prefix string) string {
	start := "v"
	switch {
	case len(p.starts) == 2:
		start = "[" + g.names[p.starts[0]] + ", " + g.names[p.starts[1]] + "]"
	case p.starts[0] >= 0:
		start = g.names[p.starts[0]]
	}
	alias := prefix + "0"
	return fmt.Sprintf("(%s AS %s%s)", start, alias, p.first.text(alias)) + p.rest(g, prefix)
}

func (p *path) rest(g *multigraph, prefix string) string {
	var b strings.Builder
	for i := range p.hops {
		j := &p.hops[i]
		over := j.over.text()
		if j.optional {
			over = "(" + over + ")?"
		}
		alias := fmt.Sprint(prefix, i+1)
		vertex := fmt.Sprintf("(%s AS %s%s)", j.vertex(g), alias, j.where.text(alias))
		if j.same >= 0 {
			vertex = fmt.Sprint(prefix, j.same)
		}
		if j.aside != nil {
			vertex = "(" + vertex + j.aside.rest(g, alias+"a") + ")"
		}
		fmt.Fprintf(&b, " %s %s %s %s", j.left, over, j.right, vertex)
	}
	return b.String()
}

func (j *jump) vertex(g *multigraph) string {
	switch {
	case len(j.ids) == 1:
		return g.names[j.ids[0]]
	case len(j.ids) == 2:
		return "[" + g.names[j.ids[0]] + ", " + g.names[j.ids[1]] + "]"
	case len(j.tables) == 1:
		return j.tables[0]
	case len(j.tables) == 2:
		return "[v, t]"
	}
	return "*"
}

func (j *jump) takes(g *multigraph, v int, parts []int) bool {
	table, _, _ := strings.Cut(g.names[v], ":")
	return (j.tables == nil || slices.Contains(j.tables, table)) && (j.ids == nil || slices.Contains(j.ids, v)) && j.where.ok(g.weights[v]) &&
		(j.same < 0 || parts[j.same] == v)
}

// row is one path found: the vertex of each part (-1: none) and the way from the first to the last.
type row struct {
	parts []int
	way   trail
}

func (p *path) rows(g *multigraph) (found []row) {
	var starts []int
	for i := range g.names {
		if p.starts[0] < 0 && strings.HasPrefix(g.names[i], "v:") {
			starts = append(starts, i)
		}
	}
	if p.starts[0] >= 0 {
		starts = p.starts
	}
	for _, v := range starts {
		if p.first.ok(g.weights[v]) {
			found = append(found, p.from(g, v)...)
		}
	}
	return found
}

func (p *path) from(g *multigraph, start int) []row {
	found := []row{{parts: []int{start}}}
	for i := range p.hops {
		j := &p.hops[i]
		var next []row
		for _, r := range found {
			next = append(next, j.on(g, r)...)
		}
		found = next
	}
	return found
}

func (j *jump) on(g *multigraph, r row) (next []row) {
	from := r.parts[len(r.parts)-1]
	if from >= 0 {
		for _, w := range j.over.walks(g, from, j.left) {
			v := w.end(from)
			back := func(x trail) bool { return x.end(from) == v }
			if !j.takes(g, v, r.parts) || j.right != j.left && !slices.ContainsFunc(j.over.walks(g, from, j.right), back) {
				continue
			}
			next = append(next, row{append(slices.Clone(r.parts), v), r.way.then(w)})
		}
	}
	if len(next) == 0 && j.optional {
		next = []row{{append(slices.Clone(r.parts), -1), r.way}}
	}
	if j.aside == nil {
		return next
	}
	var all []row
	for _, x := range next {
		if v := x.parts[len(x.parts)-1]; v >= 0 {
			all = append(all, slices.Repeat([]row{x}, len(j.aside.from(g, v)))...)
		} else if j.aside.hops[0].optional {
			all = append(all, x)
		}
	}
	return all
}

func (p *path) open() bool {
	return slices.ContainsFunc(p.hops, func(j jump) bool { return j.over.open() })
}

// ask makes a query over the pattern and its answer.
func (p *path) ask(t *rapid.T, g *multigraph) (text string, want []string) {
	name := func(v int) string {
		if v < 0 {
			return "none"
		}
		return g.names[v]
	}
	end := len(p.hops)
	rows := p.rows(g)
	switch rapid.IntRange(0, 4).Draw(t, "form") {
	case 0:
		return "SELECT FOLD count() AS n FROM " + p.text(g, "p"), []string{fmt.Sprint(len(rows))}
	case 1:
		if p.open() {
			break
		}
		for _, r := range rows {
			vertices, edges := []string{name(r.parts[0])}, []string{}
			for _, v := range r.way.vertices {
				vertices = append(vertices, name(v))
			}
			for _, e := range r.way.edges {
				edges = append(edges, g.edgeName(e))
			}
			want = append(want, fmt.Sprintf("{ vertices: [%s], edges: [%s], length: %d }", strings.Join(vertices, ", "), strings.Join(edges, ", "), len(edges)))
		}
		return "SELECT VALUE path FROM " + p.text(g, "p"), want
	case 2: // existence
		if p.starts[0] >= 0 {
			break
		}
		seen := map[int]bool{}
		for _, r := range rows {
			if !seen[r.parts[0]] {
				want = append(want, name(r.parts[0]))
			}
			seen[r.parts[0]] = true
		}
		where := ""
		if p.first.op != "" {
			where = strings.TrimPrefix(p.first.text("p0"), " WHERE ") + " AND "
		}
		return "SELECT VALUE p0.id FROM v AS p0 WHERE " + where + "EXISTS (p0" + p.rest(g, "p") + ")", want
	case 3: // the list of the ends
		if p.starts[0] >= 0 {
			break
		}
		lists := map[int][]string{}
		for _, r := range rows {
			lists[r.parts[0]] = append(lists[r.parts[0]], name(r.parts[end]))
		}
		for v, n := range g.names {
			if strings.HasPrefix(n, "v:") && p.first.ok(g.weights[v]) {
				slices.Sort(lists[v])
				want = append(want, n+" ["+strings.Join(lists[v], ", ")+"]")
			}
		}
		return "SELECT p0.id AS id, array::sort((p0" + p.rest(g, "p") + ")) AS ends FROM v AS p0" + p.first.text("p0"), want
	}
	for _, r := range rows {
		var cells []string
		for i, v := range r.parts {
			if i == 0 || p.hops[i-1].same < 0 {
				cells = append(cells, name(v))
			}
		}
		want = append(want, strings.Join(cells, " "))
	}
	var columns []string
	for i := range len(p.hops) + 1 {
		if i == 0 || p.hops[i-1].same < 0 {
			columns = append(columns, fmt.Sprintf("p%d.id AS c%d", i, i))
		}
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + p.text(g, "p"), want
}
