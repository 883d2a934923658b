package main

import (
	"fmt"
	"iter"
	"math/rand/v2"
)

// person is a record: about 130 bytes as any of the databases stores it.
type person struct {
	id    int64
	name  string
	age   int64 // 0..99, so that one age is a hundredth of the records
	city  string
	score float64 // distinct, and a multiple of 1/4: sums are exact in any order
	email string
	vip   bool
	about string
}

// data is what every database is given.
type data struct {
	people []person
	// out[v] are the ends of vertex v's edges, distinct.
	vertices int
	out      [][]int64
	// order is a permutation of the people's ids: the keys of point reads, uniform.
	order []int64
	// stored is what zerodb's store holds: raw Pebble gets the same bytes.
	stored struct{ people, values []pair }
	// The same of the graph: of each edge its record and its two entries of adjacency, in the order in which they were written.
	storedEdges packed
	// The first key of the entries under the starts of edges, and the key behind the last.
	adjacency struct{ lo, hi []byte }
}

// packed is a list of pairs in one piece, so that the collector has nothing to look at.
type packed struct {
	bytes []byte
	ends  []uint32 // of each key and of each value
}

func (p *packed) add(x pair) {
	for _, b := range [][]byte{x.key, x.value} {
		p.bytes = append(p.bytes, b...)
		p.ends = append(p.ends, uint32(len(p.bytes)))
	}
}

// all yields the pairs in lists of up to n.
func (p *packed) all(n int) iter.Seq[[]pair] {
	return func(yield func([]pair) bool) {
		var some []pair
		at := uint32(0)
		for i := 0; i < len(p.ends); i += 2 {
			k, v := p.ends[i], p.ends[i+1]
			some = append(some, pair{p.bytes[at:k], p.bytes[k:v]})
			at = v
			if len(some) == n || i+2 == len(p.ends) {
				if !yield(some) {
					return
				}
				some = some[:0]
			}
		}
	}
}

const cities = 50

// town is where people live: their city, and the region it is in.
type town struct{ name, region string }

// towns are the cities that people live in, in eight regions.
func (d *data) towns() (ts []town) {
	for _, place := range places {
		for i := range cities / len(places) {
			ts = append(ts, town{fmt.Sprintf("%s %d", place, i), fmt.Sprintf("region %d", len(ts)%8)})
		}
	}
	return ts
}

// author is the person who wrote post i, of as many posts as there are people: some wrote several, some none.
func (d *data) author(i int) int64 { return d.order[i*i%len(d.order)] }

func makeData(people, vertices, edges int) *data {
	rnd := rand.New(rand.NewPCG(20261124, 1))
	d := &data{vertices: vertices, people: make([]person, people), order: make([]int64, people)}
	scores := rnd.Perm(people)
	for i := range d.people {
		name := fmt.Sprintf("%s %s", given[rnd.IntN(len(given))], family[rnd.IntN(len(family))])
		d.people[i] = person{
			id:    int64(i + 1),
			name:  name,
			age:   rnd.Int64N(100),
			city:  fmt.Sprintf("%s %d", places[rnd.IntN(len(places))], rnd.IntN(cities/len(places))),
			score: float64(scores[i]) / 4,
			email: fmt.Sprintf("%s.%06d@example.org", given[rnd.IntN(len(given))], i),
			vip:   rnd.IntN(10) == 0,
			about: fmt.Sprintf("member since %d, orders %d", 1990+rnd.IntN(35), rnd.IntN(1000)),
		}
	}
	for i, at := range rnd.Perm(people) {
		d.order[i] = int64(at + 1)
	}
	d.out = makeGraph(rnd, vertices, edges)
	return d
}

// makeGraph gives each of edges edges a random start and end; no edge twice.
func makeGraph(rnd *rand.Rand, vertices, edges int) [][]int64 {
	out := make([][]int64, vertices)
	seen := make(map[[2]int64]bool, edges)
	for len(seen) < edges {
		e := [2]int64{rnd.Int64N(int64(vertices)), rnd.Int64N(int64(vertices))}
		if seen[e] {
			continue
		}
		seen[e] = true
		out[e[0]] = append(out[e[0]], e[1])
	}
	return out
}

// edge is an edge of the graph.
type edge struct{ from, to int64 }

// edges are those of the graph, in the order in which they are written.
func (d *data) edges() (es []edge) {
	for from, ends := range d.out {
		for _, to := range ends {
			es = append(es, edge{int64(from), to})
		}
	}
	return es
}

// key is the id that operation i of a run reads.
func (d *data) key(i int) int64 { return d.order[i%len(d.order)] }

// start is the vertex that operation i of a run starts from.
func (d *data) start(i int) int64 { return d.order[i%len(d.order)] % int64(d.vertices) }

var (
	given  = []string{"Ada", "Bola", "Chen", "Dana", "Emeka", "Farah", "Goran", "Hana", "Ines", "Jonas", "Kemi", "Liam", "Mina", "Noor", "Olu", "Priya"}
	family = []string{"Abiola", "Bianchi", "Castro", "Dubois", "Eze", "Fischer", "Garcia", "Haddad", "Ivanov", "Jensen", "Kim", "Lopez"}
	places = []string{"Lagos", "Oyo", "Ibadan", "Kano", "Abuja"}
)
