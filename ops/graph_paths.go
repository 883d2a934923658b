package ops

import (
	"container/heap"
	"slices"
)

// shortestPaths lists the shortest paths from a[0] to a[1], with all every one, else one.
func shortestPaths(r EdgeReader, a []Value, all bool) (Value, error) {
	s := &pathSearch{vertexIndex: vertexIndex{r: r}, all: all}
	var err error
	if s.from, _, err = s.number(a[0]); err != nil {
		return None, err
	}
	if s.to, _, err = s.number(a[1]); err != nil {
		return None, err
	}
	if len(a) > 3 && !a[3].IsNone() {
		return s.weighted()
	}
	return s.unweighted()
}

func firstPath(paths Value, err error) (Value, error) {
	if err != nil || len(paths.AsList()) == 0 {
		return None, err
	}
	return paths.AsList()[0], nil
}

// pathSearch looks for the shortest paths between two vertices.
type pathSearch struct {
	vertexIndex
	from, to int
	all      bool
	found    []Value
	total    Value // of the weights
}

// arrival is how a vertex was reached: from which one, over which edge.
type arrival struct {
	from int
	edge Value
}

// halfSearch is a search in breadth from one end: all vertices up to a depth, with the arrivals at each.
type halfSearch struct {
	depth    int
	at       []int32 // by vertex: its depth + 1, 0 where it was not reached
	arrivals [][]arrival
	frontier []int
	back     bool
}

func (h *halfSearch) size(n int) {
	for len(h.at) < n {
		h.at, h.arrivals = append(h.at, 0), append(h.arrivals, nil)
	}
}

// unweighted searches in breadth from both ends, always from the one where there is less to do, until they meet.
func (s *pathSearch) unweighted() (Value, error) {
	if s.from == s.to {
		return List([]Value{s.path([]int{s.from}, nil)}), nil
	}
	there, back := &halfSearch{}, &halfSearch{back: true}
	for h, start := range map[*halfSearch]int{there: s.from, back: s.to} {
		h.size(len(s.ids))
		h.at[start], h.frontier = 1, []int{start}
	}
	for len(there.frontier) > 0 && len(back.frontier) > 0 {
		h, other := there, back
		if len(back.frontier) < len(there.frontier) {
			h, other = back, there
		}
		meets, err := s.step(h, other)
		if err != nil {
			return None, err
		}
		if len(meets) > 0 {
			err := s.join(there, back, meets)
			return List(s.found), err
		}
	}
	return List(nil), nil
}

// step goes one edge further and returns the vertices that the other search has reached as well.
func (s *pathSearch) step(h, other *halfSearch) (meets []int, err error) {
	h.depth++
	var next []int
	frontier := h.frontier
	err = s.r.Edges(pick(s.ids, frontier), h.back, func(i int, far, edge, _ Value) error {
		n, _, err := s.number(far)
		if err != nil {
			return err
		}
		h.size(len(s.ids))
		switch {
		case h.at[n] == 0:
			h.at[n] = int32(h.depth) + 1
			next = append(next, n)
			if n < len(other.at) && other.at[n] > 0 {
				meets = append(meets, n)
			}
		case !s.all || int(h.at[n]) != h.depth+1:
			return nil
		}
		h.arrivals[n] = append(h.arrivals[n], arrival{frontier[i], keptID(edge)})
		return s.r.Hold(64)
	})
	h.frontier = next
	other.size(len(s.ids))
	return meets, err
}

// join puts the two halves of the paths together at the vertices where the searches met.
func (s *pathSearch) join(there, back *halfSearch, meets []int) error {
	slices.SortFunc(meets, func(a, b int) int { return Compare(s.ids[a], s.ids[b]) })
	for _, m := range meets {
		err := s.trace(there.arrivals, m, s.from, func(vertices []int, edges []Value) error {
			slices.Reverse(vertices)
			slices.Reverse(edges)
			return s.trace(back.arrivals, m, s.to, func(rest []int, more []Value) error {
				return s.keep(s.path(slices.Concat(vertices, rest[1:]), slices.Concat(edges, more)))
			})
		})
		if err != nil || !s.all && len(s.found) > 0 {
			return err
		}
	}
	return nil
}

// trace calls f for the ways back from a vertex to where its search began, in the order of their edges; without all for one.
func (s *pathSearch) trace(arrivals [][]arrival, at, start int, f func(vertices []int, edges []Value) error) error {
	if s.all {
		return s.traceAll(arrivals, start, []int{at}, nil, f)
	}
	vertices, edges := []int{at}, []Value{}
	for at != start {
		a := arrivals[at][0]
		at = a.from
		vertices, edges = append(vertices, at), append(edges, a.edge)
	}
	return f(vertices, edges)
}

// maxTraced bounds the vertices of a path, which is walked recursively.
const maxTraced = 1 << 20

func (s *pathSearch) traceAll(arrivals [][]arrival, start int, vertices []int, edges []Value, f func([]int, []Value) error) error {
	at := vertices[len(vertices)-1]
	if at == start {
		return f(slices.Clone(vertices), slices.Clone(edges))
	}
	if len(vertices) > maxTraced {
		return faultOf(CodeTooLarge, -1, "a path has more than %d vertices", maxTraced)
	}
	as := arrivals[at]
	slices.SortFunc(as, func(a, b arrival) int { return Compare(a.edge, b.edge) })
	for _, a := range as {
		if !s.total.IsNone() && slices.Contains(vertices, a.from) { // edges of weight 0 can lead in a circle
			continue
		}
		if err := s.traceAll(arrivals, start, append(vertices, a.from), append(edges, a.edge), f); err != nil {
			return err
		}
	}
	return nil
}

func (s *pathSearch) keep(path Value) error {
	s.found = append(s.found, path)
	length, _ := path.Member("length")
	return s.r.Hold(256 + 48*length.AsInt())
}

func (s *pathSearch) path(vertices []int, edges []Value) Value {
	ms := []Member{{"vertices", List(pick(s.ids, vertices))}, {"edges", List(edges)}, {"length", Int(int64(len(edges)))}}
	if !s.total.IsNone() {
		ms = append(ms, Member{"weight", s.total})
	}
	return Object(ms)
}

// ---- weights

// weighted is Dijkstra's algorithm: the nearest vertex that is open is final, and its edges may bring others nearer. Where all paths
// are wanted it goes on at the end's own distance, from where edges of weight 0 may lead to the end too.
func (s *pathSearch) weighted() (Value, error) {
	d := &reaches{s: s, ahead: 1}
	d.set(s.from, Int(0))
	for d.Len() > 0 {
		next := heap.Pop(d).(reach)
		if !s.total.IsNone() && Compare(next.sum, s.total) > 0 {
			break
		}
		if d.final[next.vertex] {
			continue
		}
		d.final[next.vertex] = true
		if next.vertex == s.to {
			s.total = next.sum
			if !s.all {
				break
			}
			continue
		}
		if err := d.relax(next); err != nil {
			return None, err
		}
	}
	if s.total.IsNone() {
		return List(nil), nil
	}
	err := s.trace(d.arrivals, s.to, s.from, func(vertices []int, edges []Value) error {
		slices.Reverse(vertices)
		slices.Reverse(edges)
		return s.keep(s.path(vertices, edges))
	})
	return List(s.found), err
}

// reach is a vertex and how far it is.
type reach struct {
	vertex int
	sum    Value
}

// reaches are the vertices met so far, by how far they are.
type reaches struct {
	s        *pathSearch
	queue    []reach
	best     []Value // by vertex; none where it was not met
	final    []bool
	arrivals [][]arrival

	read  []bool // whether its edges were read
	edges [][]outgoing
	ahead int // how many vertices are read next
	batch []int
}

func (d *reaches) Len() int           { return len(d.queue) }
func (d *reaches) Less(i, j int) bool { return Compare(d.queue[i].sum, d.queue[j].sum) < 0 }
func (d *reaches) Swap(i, j int)      { d.queue[i], d.queue[j] = d.queue[j], d.queue[i] }
func (d *reaches) Push(x any)         { d.queue = append(d.queue, x.(reach)) }
func (d *reaches) Pop() any {
	last := d.queue[len(d.queue)-1]
	d.queue = d.queue[:len(d.queue)-1]
	return last
}

// size makes room for all vertices.
func (d *reaches) size() {
	for len(d.best) < len(d.s.ids) {
		d.best, d.final, d.arrivals = append(d.best, None), append(d.final, false), append(d.arrivals, nil)
		d.read, d.edges = append(d.read, false), append(d.edges, nil)
	}
}

func (d *reaches) set(vertex int, sum Value) {
	d.size()
	d.best[vertex] = sum
	heap.Push(d, reach{vertex, sum})
}

// outgoing is an edge of a vertex that was read before its turn.
type outgoing struct {
	far          int
	edge, weight Value
}

// relax sees whether the edges of a vertex bring others nearer.
func (d *reaches) relax(from reach) error {
	if !d.read[from.vertex] {
		if err := d.readAhead(from.vertex); err != nil {
			return err
		}
	}
	edges := d.edges[from.vertex]
	d.edges[from.vertex] = nil
	for _, e := range edges {
		if err := checkWeight(e.edge, e.weight); err != nil {
			return err
		}
		sum, err := add(from.sum, e.weight)
		if err != nil {
			return err
		}
		order := -1
		if !d.best[e.far].IsNone() {
			order = Compare(sum, d.best[e.far])
		}
		switch {
		case order < 0:
			d.set(e.far, sum)
			d.arrivals[e.far] = append(d.arrivals[e.far][:0], arrival{from.vertex, e.edge})
		case order == 0 && d.s.all && e.far != d.s.from:
			d.arrivals[e.far] = append(d.arrivals[e.far], arrival{from.vertex, e.edge})
		default:
			continue
		}
		if err := d.s.r.Hold(96); err != nil {
			return err
		}
	}
	return nil
}

// mostAhead bounds how many vertices are read at once.
const mostAhead = 256

// readAhead reads the edges of a vertex, and with them those of vertices that are likely to have their turn next: of each read twice as
// many as before, so that a near target costs few edges for nothing, and a far one few reads.
func (d *reaches) readAhead(vertex int) error {
	batch := append(d.batch[:0], vertex)
	for i := 0; i < len(d.queue) && len(batch) < d.ahead; i++ {
		if v := d.queue[i].vertex; !d.final[v] && !d.read[v] && !slices.Contains(batch, v) {
			batch = append(batch, v)
		}
	}
	d.batch, d.ahead = batch, min(2*d.ahead, mostAhead)
	err := d.s.r.Edges(pick(d.s.ids, batch), false, func(i int, far, edge, weight Value) error {
		n, _, err := d.s.number(far)
		if err != nil {
			return err
		}
		d.size()
		d.edges[batch[i]] = append(d.edges[batch[i]], outgoing{n, keptID(edge), copyOf(weight)})
		return d.s.r.Hold(96)
	})
	for _, v := range batch {
		d.read[v] = true
	}
	return err
}

func checkWeight(edge, weight Value) error {
	switch {
	case !weight.kind.IsNumber():
		return faultOf(CodeType, -1, "the weight of edge %s is %s, not a number", Format(edge), Format(weight))
	case Compare(weight, Int(0)) < 0:
		return faultOf(CodeArgument, -1, "the weight of edge %s is %s; weights cannot be negative", Format(edge), Format(weight))
	}
	return nil
}
