package zerodb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
)

// TestGraphFunctionsAgainstModel compares the functions of module graph with what a naive search finds in small random graphs.
func TestGraphFunctionsAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
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
		check := func(question, want string) {
			t.Helper()
			got, err := answers(s, "RETURN "+question)
			if err != nil || !slices.Equal(got, []string{want}) {
				t.Fatalf("%s\ngot  %q, %v\nwant %q\n%s", question, got, err, want, g.script)
			}
		}
		last := len(g.names) - 1
		from, to := rapid.IntRange(0, last).Draw(t, "from"), rapid.IntRange(0, last).Draw(t, "to")
		direction := rapid.SampledFrom([]string{"out", "in", "both"}).Draw(t, "direction")
		arrow := map[string]string{"out": "->", "in": "<-", "both": "<->"}[direction]
		ends := fmt.Sprintf("(%s, %s, likes", g.names[from], g.names[to])
		for weight, of := range map[string]func(edge) int{"": func(edge) int { return 1 }, ", weight = w": func(e edge) int { return e.weight }} {
			best, paths := g.shortest(from, to, arrow, of)
			rest := weight + `, direction = "` + direction + `")`
			check("array::len(graph::all_shortest_paths"+ends+rest+")", fmt.Sprint(len(paths)))
			switch {
			case len(paths) == 0:
				check("graph::shortest_path"+ends+rest, "none")
			case weight == "":
				check("graph::shortest_path"+ends+rest+".length", fmt.Sprint(best))
			default:
				check("graph::shortest_path"+ends+rest+".weight", fmt.Sprint(best))
			}
		}
		likes := edges{kind: "range", parts: []edges{{kind: "table"}}, lo: 1, hi: -1}
		var reached []string
		for _, w := range likes.walks(g, from, arrow) {
			reached = append(reached, g.names[w.end(from)])
		}
		slices.Sort(reached)
		check(fmt.Sprintf("array::sort(graph::reachable(%s, likes, direction = %q))", g.names[from], direction), "["+strings.Join(reached, ", ")+"]")
		check(fmt.Sprintf("graph::degree(%s, likes, %q)", g.names[from], direction), fmt.Sprint(len(likes.parts[0].walks(g, from, arrow))))
	})
}

// shortest lists the simple paths of the least weight, by trying all.
func (g *multigraph) shortest(from, to int, arrow string, of func(edge) int) (best int, paths []trail) {
	best = -1
	var walk func(w trail, seen []int, sum int)
	walk = func(w trail, seen []int, sum int) {
		at := w.end(from)
		if at == to {
			if best < 0 || sum < best {
				best, paths = sum, nil
			}
			if sum == best {
				paths = append(paths, w)
			}
			return
		}
		over := edges{kind: "table"}
		for _, x := range over.walks(g, at, arrow) {
			if v := x.end(at); !slices.Contains(seen, v) {
				walk(w.then(x), append(slices.Clone(seen), v), sum+of(g.edges[x.edges[0]]))
			}
		}
	}
	walk(trail{}, []int{from}, 0)
	return best, paths
}

// A walk that finds more and more ends by the memory of its statement, and the database lives on.
func TestWalksKeepToTheirMemory(t *testing.T) {
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true, QueryMemory: 1 << 20})
	must(t, err)
	defer db.Close()
	s := session(t, db)
	_, err = s.Execute(ctx, "RELATE v:1 -> e:1 -> v:2; RELATE v:1 -> e:2 -> v:2; RELATE v:2 -> e:3 -> v:1; RELATE v:2 -> e:4 -> v:1")
	must(t, err)
	for _, hostile := range []string{
		"SELECT FOLD count() AS n FROM v:1 -> e[0..1000000] -> *",
		"SELECT VALUE path FROM v:1 -> (e OR SELF)[3..1000000] -> *",
		"RETURN graph::reachable(v:1, e) == [] OR EXISTS (v:1 -> e[1000000] -> *)",
	} {
		_, err := answers(s, hostile)
		if err == nil || !strings.Contains(err.Error(), "memory") {
			t.Errorf("%s: %v", hostile, err)
		}
	}
	got, err := answers(s, "SELECT FOLD count() AS n FROM v:1 -> e[..] -> *")
	if err != nil || !slices.Equal(got, []string{"2"}) {
		t.Errorf("afterwards: %v, %v", got, err)
	}
}
