package ops

import (
	"cmp"
	"math"
	"slices"
)

// components joins the ends of every edge: each part of the graph is a tree that leads to one of its vertices.
func components(r EdgeReader, _ []Value) (Value, error) {
	x := &vertexIndex{r: r}
	var up []int
	root := func(n int) int {
		for up[n] != n {
			up[n] = up[up[n]]
			n = up[n]
		}
		return n
	}
	err := r.All(func(from, to Value) error {
		a, _, err := x.number(from)
		if err != nil {
			return err
		}
		b, _, err := x.number(to)
		if err != nil {
			return err
		}
		for n := len(up); n < len(x.ids); n++ {
			up = append(up, n)
		}
		if a, b = root(a), root(b); a != b {
			up[max(a, b)] = min(a, b)
		}
		return nil
	})
	if err != nil {
		return None, err
	}
	parts := map[int][]Value{}
	for n, id := range x.ids {
		parts[root(n)] = append(parts[root(n)], id)
	}
	lists := make([]Value, 0, len(parts))
	for _, ids := range parts {
		slices.SortFunc(ids, Compare)
		lists = append(lists, List(ids))
	}
	slices.SortFunc(lists, func(a, b Value) int {
		return cmp.Or(cmp.Compare(len(b.AsList()), len(a.AsList())), Compare(a, b))
	})
	return List(lists), nil
}

const (
	defaultDamping    = 0.85
	defaultIterations = 20
	// enough is the change of all ranks together below which iterating ends.
	enough = 1e-12
)

func pageRank(r EdgeReader, a []Value) (Value, error) {
	damping, iterations := defaultDamping, int64(defaultIterations)
	if len(a) > 1 && !a[1].IsNone() {
		damping = asFloat64(a[1])
		if damping < 0 || damping >= 1 {
			return None, fault(1, "is not from 0 to below 1")
		}
	}
	if len(a) > 2 && !a[2].IsNone() {
		if iterations = a[2].AsInt(); iterations < 1 {
			return None, fault(2, "is no number of iterations")
		}
	}
	x := &vertexIndex{r: r}
	var edges [][2]int32
	err := r.All(func(from, to Value) error {
		u, _, err := x.number(from)
		if err != nil {
			return err
		}
		v, _, err := x.number(to)
		if err != nil {
			return err
		}
		edges = append(edges, [2]int32{int32(u), int32(v)})
		return r.Hold(8)
	})
	if err != nil {
		return None, err
	}
	ranks, err := iterateRanks(r, edges, len(x.ids), damping, iterations)
	if err != nil {
		return None, err
	}
	order := make([]int, len(ranks))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(ranks[j], ranks[i]), Compare(x.ids[i], x.ids[j]))
	})
	out := make([]Value, len(order))
	for i, n := range order {
		out[i] = Object([]Member{{"vertex", x.ids[n]}, {"rank", Float(ranks[n])}})
	}
	return List(out), nil
}

// iterateRanks lets every vertex hand its rank on over its edges again and again; one without edges out hands it to all.
func iterateRanks(r EdgeReader, edges [][2]int32, n int, damping float64, iterations int64) ([]float64, error) {
	out := make([]float64, n)
	for _, e := range edges {
		out[e[0]]++
	}
	ranks, next := make([]float64, n), make([]float64, n)
	for i := range ranks {
		ranks[i] = 1 / float64(n)
	}
	for range iterations {
		if err := r.Hold(0); err != nil { // a place where the statement can be stopped
			return nil, err
		}
		idle := 0.0
		for i, rank := range ranks {
			if out[i] == 0 {
				idle += rank
			}
		}
		base := (1 - damping + damping*idle) / float64(n)
		for i := range next {
			next[i] = base
		}
		for _, e := range edges {
			next[e[1]] += damping * ranks[e[0]] / out[e[0]]
		}
		change := 0.0
		for i := range next {
			change += math.Abs(next[i] - ranks[i])
		}
		ranks, next = next, ranks
		if change < enough {
			break
		}
	}
	return ranks, nil
}
