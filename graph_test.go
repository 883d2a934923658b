package zerodb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
)

// TestPatternsAgainstModel runs generated patterns over small random graphs, with parallel edges and loops, and compares the paths
// with those that a naive walk finds.
func TestPatternsAgainstModel(t *testing.T) {
	db, _ := memory(t)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		s, err := db.Session(ctx, &zerodb.SessionOptions{Database: fmt.Sprint("g", n)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		g := anyGraph(t)
		if _, err := s.Execute(ctx, g.script); err != nil {
			t.Fatalf("%v\n%s", err, g.script)
		}
		for range 6 {
			p := anyPattern(t, g)
			text, wanted := p.question(rapid.IntRange(0, 3).Draw(t, "form"), g.paths(p))
			rows, err := s.Execute(ctx, text)
			if err != nil {
				t.Fatalf("%s\n%v\n%s", text, err, g.script)
			}
			var got []string
			for row, err := range rows.All() {
				if err != nil {
					t.Fatalf("%s\n%v\n%s", text, err, g.script)
				}
				var cells []string
				for _, v := range row.Columns() {
					cells = append(cells, zql(v))
				}
				got = append(got, strings.Join(cells, " "))
			}
			slices.Sort(got)
			slices.Sort(wanted)
			if !slices.Equal(got, wanted) {
				t.Fatalf("%s\ngot  %q\nwant %q\n%s", text, got, wanted, g.script)
			}
		}
	})
}

// graph is the model: vertices with a weight, edges with one.
type graph struct {
	vertices []int // their weights
	edges    []edge
	script   string
}

type edge struct{ from, to, weight, label int }

var labels = []string{"likes", "knows"}

// anyGraph draws a graph and the script that makes it. Some vertices and edges are made and deleted again.
func anyGraph(t *rapid.T) *graph {
	g := &graph{}
	var b strings.Builder
	b.WriteString("DEFINE TABLE v; DEFINE EDGE likes; DEFINE EDGE knows\n")
	if rapid.Bool().Draw(t, "index") {
		b.WriteString("DEFINE INDEX w ON TABLE v FIELDS w\n")
	}
	for i := range rapid.IntRange(1, 6).Draw(t, "vertices") {
		w := rapid.IntRange(0, 3).Draw(t, "weight")
		g.vertices = append(g.vertices, w)
		fmt.Fprintf(&b, "CREATE v:%d SET w = %d\n", i, w)
	}
	b.WriteString("CREATE v:99 SET w = 1\n")
	last := len(g.vertices) - 1
	for i := range rapid.IntRange(0, 14).Draw(t, "edges") {
		e := edge{rapid.IntRange(0, last).Draw(t, "from"), rapid.IntRange(0, last).Draw(t, "to"), rapid.IntRange(0, 3).Draw(t, "weight"),
			rapid.IntRange(0, 1).Draw(t, "label")}
		id, from, to := fmt.Sprint(labels[e.label], ":", i), fmt.Sprint("v:", e.from), fmt.Sprint("v:", e.to)
		fate := rapid.IntRange(0, 7).Draw(t, "fate")
		if fate == 0 { // goes with its vertex
			to = "v:99"
		}
		fmt.Fprintf(&b, "RELATE %s -> %s -> %s SET w = %d\n", from, id, to, e.weight)
		switch fate {
		case 0:
		case 1:
			fmt.Fprintf(&b, "DELETE %s\n", id)
		default:
			g.edges = append(g.edges, e)
		}
	}
	b.WriteString("DELETE v:99\n")
	g.script = b.String()
	return g
}

// pattern is a chain of hops.
type pattern struct {
	start int // a vertex, or -1 for all
	hops  []hop
	first weights // what the start must be
}

type hop struct {
	arrow        string
	label        int
	edge, vertex weights
	same         int // the part whose vertex this must be, or -1
}

// weights are the weights that a condition lets through.
type weights struct {
	op    string // "" for all
	bound int
}

func (w weights) text(alias string) string {
	if w.op == "" {
		return ""
	}
	return fmt.Sprintf(" WHERE %s.w %s %d", alias, w.op, w.bound)
}

func (w weights) ok(x int) bool {
	switch w.op {
	case ">":
		return x > w.bound
	case "<":
		return x < w.bound
	case "==":
		return x == w.bound
	}
	return true
}

func anyWeights(t *rapid.T) weights {
	return weights{rapid.SampledFrom([]string{"", "", ">", "<", "=="}).Draw(t, "op"), rapid.IntRange(0, 3).Draw(t, "bound")}
}

func anyPattern(t *rapid.T, g *graph) *pattern {
	p := &pattern{start: rapid.IntRange(-1, len(g.vertices)-1).Draw(t, "start")}
	if p.start < 0 {
		p.first = anyWeights(t)
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "hops") {
		h := hop{arrow: rapid.SampledFrom([]string{"->", "<-", "<->"}).Draw(t, "arrow"), label: rapid.IntRange(0, 1).Draw(t, "label"),
			edge: anyWeights(t), vertex: anyWeights(t), same: -1}
		if i > 0 && rapid.IntRange(0, 4).Draw(t, "same") == 0 {
			h.same = rapid.IntRange(1, i).Draw(t, "part")
			if first := p.hops[h.same-1].same; first >= 0 { // the part that has the alias
				h.same = first
			}
			h.vertex = weights{}
		}
		p.hops = append(p.hops, h)
	}
	return p
}

// text prints the pattern; vertices are p0, p1, …, edges e1, e2, ….
func (p *pattern) text() string {
	var b strings.Builder
	if p.start < 0 {
		fmt.Fprintf(&b, "(v AS p0%s)", p.first.text("p0"))
	} else {
		fmt.Fprintf(&b, "v:%d", p.start)
	}
	for i, h := range p.hops {
		e := fmt.Sprint("e", i+1)
		fmt.Fprintf(&b, " %s (%s AS %s%s) %s ", h.arrow, labels[h.label], e, h.edge.text(e), h.arrow)
		v := fmt.Sprint("p", i+1)
		if h.same >= 0 {
			fmt.Fprintf(&b, "p%d", h.same)
		} else {
			fmt.Fprintf(&b, "(v AS %s%s)", v, h.vertex.text(v))
		}
	}
	return b.String()
}

// paths walks the graph: each path is the vertices it meets.
func (g *graph) paths(p *pattern) [][]int {
	var found [][]int
	var walk func(path []int)
	walk = func(path []int) {
		n := len(path) - 1
		if n == len(p.hops) {
			found = append(found, slices.Clone(path))
			return
		}
		h := p.hops[n]
		for _, e := range g.edges {
			if e.label != h.label || !h.edge.ok(e.weight) {
				continue
			}
			step := func(from, to int) {
				if from == path[n] && h.vertex.ok(g.vertices[to]) && (h.same < 0 || path[h.same] == to) {
					walk(append(path[:n+1:n+1], to))
				}
			}
			if h.arrow != "<-" {
				step(e.from, e.to)
			}
			if h.arrow == "<-" || h.arrow == "<->" && e.from != e.to {
				step(e.to, e.from)
			}
		}
	}
	for i, w := range g.vertices {
		if (p.start < 0 || p.start == i) && p.first.ok(w) {
			walk([]int{i})
		}
	}
	return found
}

// question makes a query over the pattern and the answer that the paths give.
func (p *pattern) question(form int, paths [][]int) (text string, wanted []string) {
	end := len(p.hops)
	if h := p.hops[end-1]; h.same >= 0 {
		end = h.same
	}
	vertex := func(path []int, part int) string { return fmt.Sprint("v:", path[part]) }
	switch form {
	case 0:
		for _, path := range paths {
			wanted = append(wanted, vertex(path, end))
		}
		return fmt.Sprintf("SELECT p%d.id AS id FROM %s", end, p.text()), wanted
	case 1:
		for _, path := range paths {
			wanted = append(wanted, vertex(path, end))
		}
		slices.Sort(wanted)
		return fmt.Sprintf("SELECT DISTINCT p%d.id AS id FROM %s", end, p.text()), slices.Compact(wanted)
	case 2:
		return "SELECT FOLD count() AS n FROM " + p.text(), []string{fmt.Sprint(len(paths))}
	}
	counts := map[string]int{}
	for _, path := range paths {
		counts[vertex(path, 1)]++
	}
	for v, n := range counts {
		wanted = append(wanted, fmt.Sprint(v, " ", n))
	}
	return "SELECT p1.id AS id, FOLD count() AS n FROM " + p.text() + " GROUP BY p1.id", wanted
}
