package ops

import (
	"slices"
)

// CapabilityReads is that of functions that read edges of the database. A call names the edge table, the weight and the direction
// as constants, so that a program's manifest can say what it reads.
const CapabilityReads = "reads"

// EdgeReader is what such a function is given: the edges of the table that the call names, in its direction.
type EdgeReader interface {
	// Edges calls f for every edge of the vertices: i is the place of the vertex, far the one at the other end. With back the edges
	// are followed the other way. The values are valid until f returns.
	Edges(vertices []Value, back bool, f func(i int, far, edge, weight Value) error) error
	// All calls f for every edge, from its source to its target.
	All(f func(from, to Value) error) error
	// HashKey is the key of hashes of vertices, see HashKeyed.
	HashKey() uint64
	// Hold charges so many more bytes to the memory of the statement.
	Hold(bytes int64) error
}

func graphFuncs() []Func {
	reads := func(name, signature, doc, example, result string, eval func(r EdgeReader, a []Value) (Value, error)) Func {
		return needs(CapabilityReads, fn("graph::"+name, []string{signature}, doc, example, result, func(env *Env, a []Value) (Value, error) {
			if env == nil || env.Edges == nil {
				return None, faultOf(CodeUnsupported, -1, "reads edges, and there is no database here")
			}
			return eval(env.Edges, a)
		}))
	}
	kept := func(cost Cost, f Func) Func { f.Cost = cost; return f }
	return []Func{
		kept(CostExpand, reads("shortest_path", "from: record, to: record, edge: string, weight?: string?, direction?: string? -> object?",
			"A shortest path as { vertices, edges, length }, none where there is none: of the fewest edges, or with weight, a field of the edges, of the least sum, which it also has as weight.",
			"graph::shortest_path(city:oyo, city:lagos, road)", `{ vertices: [city:oyo, city:ibadan, city:lagos], edges: [road:1, road:2], length: 2 }`,
			func(r EdgeReader, a []Value) (Value, error) { return firstPath(shortestPaths(r, a, false)) })),
		kept(CostExpand, reads("all_shortest_paths", "from: record, to: record, edge: string, weight?: string?, direction?: string? -> [object]",
			"Every shortest path, as of graph::shortest_path; parallel edges make different paths.",
			"array::len(graph::all_shortest_paths(city:oyo, city:lagos, road))", "2",
			func(r EdgeReader, a []Value) (Value, error) { return shortestPaths(r, a, true) })),
		kept(CostExpand, reads("reachable", "from: record, edge: string, depth?: int?, direction?: string? -> [record]",
			"The vertices that can be reached over one edge or more, with depth over so many at most, each once: the nearest first. The start is among them only where a cycle leads back.",
			"graph::reachable(city:oyo, road)", "[city:ibadan, city:lagos]", reachable)),
		kept(CostKeys, reads("degree", "vertex: record, edge: string, direction?: string? -> int",
			"How many edges a vertex has.", `graph::degree(city:oyo, road)`, "2", degree)),
		kept(CostScan, reads("components", "edge: string -> list",
			"The parts that hang together, whatever the direction of the edges, as lists of vertices: the largest first.",
			"graph::components(road)", "[[city:ibadan, city:lagos, city:oyo], [city:jos, city:kano]]", components)),
		kept(CostScan, reads("pagerank", "edge: string, damping?: float?, iterations?: int? -> [object]",
			"The PageRank of every vertex with an edge, as { vertex, rank }, the highest first; the ranks add up to 1. Damping is 0.85, iterations at most 20.",
			"array::len(graph::pagerank(road))", "5", pageRank)),
	}
}

// vertexIndex numbers vertices in the order in which they are met.
type vertexIndex struct {
	r      EdgeReader
	ids    []Value
	hashes []uint64
	slots  []int32 // number + 1; 0 is free
}

// vertexBytes is what a numbered vertex holds, about, with the numbers that algorithms keep of it.
const vertexBytes = 96

// number returns the number of a vertex, giving it one where it is new. The vertex may be in memory that is reused.
func (x *vertexIndex) number(v Value) (n int, fresh bool, err error) {
	if 2*(len(x.ids)+1) > len(x.slots) {
		x.grow()
	}
	h := HashKeyed(v, x.r.HashKey())
	mask := uint64(len(x.slots) - 1)
	i := h & mask
	for ; x.slots[i] != 0; i = (i + 1) & mask {
		if g := int(x.slots[i]) - 1; x.hashes[g] == h && Equal(x.ids[g], v) {
			return g, false, nil
		}
	}
	if len(x.ids)%256 == 0 {
		if err := x.r.Hold(256 * vertexBytes); err != nil {
			return 0, false, err
		}
	}
	n = len(x.ids)
	x.ids, x.hashes = append(x.ids, keptID(v)), append(x.hashes, h)
	x.slots[i] = int32(n) + 1
	return n, true, nil
}

func (x *vertexIndex) grow() {
	x.slots = make([]int32, max(64, 2*len(x.slots)))
	mask := uint64(len(x.slots) - 1)
	for g, h := range x.hashes {
		i := h & mask
		for x.slots[i] != 0 {
			i = (i + 1) & mask
		}
		x.slots[i] = int32(g) + 1
	}
}

// keptID is a record id in memory of its own.
func keptID(v Value) Value {
	if v.kind != KindRecord {
		return v
	}
	return Record(cloned(v.RecordTable()), keptKey(v.RecordKey()))
}

func keptKey(k Value) Value {
	switch k.kind {
	case KindString:
		return String(cloned(k.AsString()))
	case KindUUID:
		return UUID(k.AsUUID())
	case KindList, KindTuple:
		vs := make([]Value, len(k.AsList()))
		for i, e := range k.AsList() {
			vs[i] = keptKey(e)
		}
		if k.kind == KindTuple {
			return Tuple(vs)
		}
		return List(vs)
	}
	return k
}

func cloned(s string) string { return string([]byte(s)) }

func pick(ids []Value, numbers []int) []Value {
	vs := make([]Value, len(numbers))
	for i, n := range numbers {
		vs[i] = ids[n]
	}
	return vs
}

func reachable(r EdgeReader, a []Value) (Value, error) {
	most := int64(-1)
	if len(a) > 2 && !a[2].IsNone() {
		if most = a[2].AsInt(); most < 0 {
			return None, fault(2, "is no number of edges")
		}
	}
	x := &vertexIndex{r: r}
	start, _, err := x.number(a[0])
	if err != nil {
		return None, err
	}
	frontier, found, back := []int{start}, []Value{}, false
	for depth := int64(0); len(frontier) > 0 && depth != most; depth++ {
		var next []int
		err := r.Edges(pick(x.ids, frontier), false, func(_ int, far, _, _ Value) error {
			n, fresh, err := x.number(far)
			switch {
			case err != nil:
				return err
			case fresh:
				next = append(next, n)
			case n == start && !back:
				back = true
				next = append(next, n)
			}
			return nil
		})
		if err != nil {
			return None, err
		}
		level := pick(x.ids, next)
		slices.SortFunc(level, Compare)
		found = append(found, level...)
		frontier = next
	}
	return List(found), nil
}

func degree(r EdgeReader, a []Value) (Value, error) {
	n := int64(0)
	err := r.Edges(a[:1], false, func(int, Value, Value, Value) error { n++; return nil })
	return Int(n), err
}
